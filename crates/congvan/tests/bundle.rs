//! Proof bundles of real nodes: what they prove to somebody who has nothing but the network's fingerprint.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::time::Duration;

use common::{Network, eventually, witnessed};
use congvan::bundle::{BundleView, CheckError, Claim, Disclose, ProveError, attachments, check};
use congvan::core::bundle::{BundleError, Shown};
use congvan::core::{AgencyCode, Attachment, Bounded, EntryRef, Envelope, NetworkId, RosterAction, StatusCode, Text};
use congvan::send::Source;
use congvan::{Node, Outgoing};
use proptest::prelude::*;

const SECRET: &str = "Về việc bổ nhiệm cán bộ";

/// Two agencies, a witness, and a document with a reply and statuses, all of it witnessed.
struct Exchanged {
    network: Network,
    nodes: Vec<Node>,
    sent: EntryRef,
    bytes: Vec<u8>,
}

fn envelope(bytes: &[u8]) -> Envelope {
    let listed = Attachment {
        name: Text::new("quyết định.pdf").unwrap(),
        media_type: Text::new("application/pdf").unwrap(),
        description: Text::default(),
        packaging: congvan::core::document::Packaging::Plain,
        len: bytes.len() as u64,
        digest: Attachment::digest([bytes]),
        blob: 0,
    };
    Envelope {
        subject: Text::new(SECRET).unwrap(),
        attachments: Bounded::new(vec![listed]).unwrap(),
        ..Envelope::default()
    }
}

async fn exchange() -> Exchanged {
    // No agency witnesses itself: of three witnesses, two are left for each of them.
    let network = witnessed(4, 2);
    let every = Duration::from_millis(50);
    let a = network.start_with(0, &[], |builder| builder.checkpoints(every)).await;
    let mut nodes = vec![a.clone()];
    for n in [1, 2, 3] {
        nodes.push(network.start_with(n, &a.listen_addresses().await, |builder| builder.checkpoints(every)).await);
    }
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n * 31 % 251) as u8).collect();
    let to = vec![network.codes[1].clone(), network.codes[2].clone()];
    let sent = a.send(Outgoing {
        to,
        envelope: envelope(&bytes),
        attachments: vec![Source::Bytes(bytes.clone())],
        ..Outgoing::default()
    });
    let sent = sent.await.unwrap().entry;
    let id = sent.id.to_string();
    eventually("both report that it arrived", async || {
        a.life(&id).is_ok_and(|life| life.recipients.iter().all(|r| r.handling == Some(StatusCode::Arrived)))
    })
    .await;
    nodes[1].report(&id, StatusCode::Accepted, Default::default()).await.unwrap();
    eventually("everything is witnessed", async || {
        a.life(&id).is_ok_and(|life| {
            let said = life.history.iter().map(|event| event.fact.entry).chain([sent]);
            life.history.len() == 3
                && said.into_iter().all(|entry| a.cover(entry).unwrap().is_some_and(|c| c.witnessed))
        })
    })
    .await;
    Exchanged { network, nodes, sent, bytes }
}

impl Exchanged {
    fn bundle(&self, node: usize, disclose: &Disclose) -> Vec<u8> {
        let bundle = self.nodes[node].prove(&self.sent.id.to_string(), disclose).unwrap();
        bundle.write(Vec::new(), &mut |_| {}).unwrap()
    }

    fn id(&self) -> NetworkId {
        self.nodes[0].ledger().network()
    }

    async fn end(self) {
        for node in self.nodes {
            node.shutdown().await;
        }
    }
}

fn view(bytes: &[u8], network: NetworkId) -> BundleView {
    BundleView::of(&check(bytes, network, &mut |_| {}).unwrap())
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_proves_a_document_its_content_its_time_and_what_was_said_about_it() {
    let exchanged = exchange().await;
    // The sender's bundle, and a receiver's: each has all that there is.
    for node in 0..3 {
        let bytes = exchanged.bundle(node, &Disclose::Attachments);
        let evidence = check(bytes.as_slice(), exchanged.id(), &mut |_| {}).unwrap();
        let Shown::Document { envelope: Some(envelope), .. } = &evidence.document.as_ref().unwrap().shown else {
            panic!("not shown")
        };
        assert_eq!(&*envelope.subject, SECRET);
        let view = BundleView::of(&evidence);
        let document = view.document.as_ref().unwrap();
        assert_eq!(document.id, exchanged.sent.id.to_string());
        assert!(document.witnesses.len() >= 2);
        let existed = document.existed_by.unwrap();
        assert_eq!(existed, document.witnesses[1].1, "the second of two that are asked for");
        assert_eq!(view.said.len(), 3);
        assert!(view.said.iter().all(|said| said.existed_by.is_some() && said.breach.is_none()));
        assert_eq!(view.standing.as_deref(), Some("in_force"));
        let said = |claim: &&Claim| matches!(claim, Claim::Said { .. });
        assert_eq!(view.proven.iter().filter(said).count(), 3);
        assert!(view.proven.contains(&Claim::Content));
        assert!(view.proven.contains(&Claim::Attachments { included: 1, of: 1 }));
        assert!(!view.not_proven.iter().any(|claim| matches!(claim, Claim::NotWitnessed { .. })));
        let pieces: Vec<_> = attachments(bytes.as_slice()).unwrap().map(Result::unwrap).collect();
        assert!(pieces.iter().all(|(number, _)| *number == 0));
        assert!(pieces.into_iter().flat_map(|(_, piece)| piece).eq(exchanged.bytes.iter().copied()));
    }
    exchanged.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_shows_no_more_than_its_maker_chose() {
    let exchanged = exchange().await;
    let codes = &exchanged.network.codes;
    let content = exchanged.bundle(0, &Disclose::Content);
    let seen = view(&content, exchanged.id());
    assert!(seen.content.as_ref().unwrap().opened);
    assert!(seen.not_proven.contains(&Claim::AttachmentsMissing { missing: 1 }));

    let sealed = exchanged.bundle(0, &Disclose::Sealed);
    let seen = view(&sealed, exchanged.id());
    let shown = seen.content.unwrap();
    assert!(!shown.opened && shown.subject.is_empty() && shown.to.len() == 2);
    assert!(seen.not_proven.contains(&Claim::ContentWithheld));

    // To one agency: neither the content nor that the other got it too.
    let only = exchanged.bundle(0, &Disclose::Only(codes[1].clone()));
    let seen = view(&only, exchanged.id());
    assert_eq!(seen.content, None);
    assert!(seen.said.iter().all(|said| said.agency == codes[1].as_str()) && seen.said.len() == 2);
    assert!(seen.document.as_ref().unwrap().existed_by.is_some());
    let evidence = check(only.as_slice(), exchanged.id(), &mut |_| {}).unwrap();
    assert!(evidence.document.unwrap().entry.payload().is_none());
    // What the roster and witnesses' names say, every bundle says; about this document it is silent.
    let payload = exchanged.nodes[0].ledger().entry_by_id(exchanged.sent.id).unwrap().unwrap();
    let payload = payload.payload().unwrap();
    assert!(contains(&content, payload) && contains(&sealed, payload));
    assert!(!payload.chunks(64).any(|piece| piece.len() == 64 && contains(&only, piece)));
    let nobody = AgencyCode::new("000.00.77.H55").unwrap();
    let refused = exchanged.nodes[0].prove(&exchanged.sent.id.to_string(), &Disclose::Only(nobody));
    assert!(matches!(refused, Err(ProveError::NothingSaid(_))));
    exchanged.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_altered_bundle_proves_nothing_and_another_networks_neither() {
    let exchanged = exchange().await;
    let good = exchanged.bundle(1, &Disclose::Content);
    let network = exchanged.id();
    let truth = view(&good, network);
    let other = NetworkId::from_bytes([7; 32]);
    let refused = check(good.as_slice(), other, &mut |_| {});
    assert!(matches!(refused, Err(CheckError::Bundle(BundleError::OtherNetwork { .. }))));
    for len in (0..good.len()).step_by(97) {
        assert!(check(&good[..len], network, &mut |_| {}).is_err(), "cut at {len}");
    }
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(600));
    let altered = (0..good.len(), 1..=255_u8);
    runner
        .run(&altered, |(at, by)| {
            let mut bytes = good.clone();
            bytes[at] ^= by;
            prop_assert!(check(bytes.as_slice(), network, &mut |_| {}).is_err(), "byte {at}");
            // Also by somebody who mends the closing digest.
            if let Some(mended) = mend(&bytes) {
                match check(mended.as_slice(), network, &mut |_| {}) {
                    Err(_) => {}
                    // The one thing that may go without notice is something withheld.
                    Ok(evidence) => prop_assert_eq!(BundleView::of(&evidence).document, truth.document.clone()),
                }
            }
            Ok(())
        })
        .unwrap();
    exchanged.end().await;
}

/// The same frames with an end frame that fits them.
fn mend(bytes: &[u8]) -> Option<Vec<u8>> {
    use congvan::core::Wire;
    use congvan::core::archive::{Frames, file_of};
    use congvan::core::bundle::Frame;
    let mut rest = bytes.get(8..)?;
    let mut frames = Vec::new();
    loop {
        let (len, after) = rest.split_first_chunk::<4>()?;
        let (frame, after) = after.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        let frame = Frame::from_bytes(frame).ok()?;
        if frame.is_end() {
            return Some(file_of(&frames));
        }
        frames.push(frame);
        rest = after;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_holds_across_changes_of_keys_and_says_where_the_registrars_word_is_open() {
    let network = witnessed(2, 1);
    let every = Duration::from_millis(50);
    let a = network.start_with(0, &[], |builder| builder.checkpoints(every)).await;
    let b = network.start_with(1, &a.listen_addresses().await, |builder| builder.checkpoints(every)).await;
    let send = async |node: &Node, to: usize| {
        let outgoing = Outgoing { to: vec![network.codes[to].clone()], ..Outgoing::default() };
        node.send(outgoing).await.unwrap().entry
    };
    let before = send(&a, 1).await;
    a.rotate_key().await.unwrap();
    b.rotate_key().await.unwrap();
    let after = send(&a, 1).await;
    for sent in [before, after] {
        eventually("it is witnessed", async || a.cover(sent).unwrap().is_some_and(|cover| cover.witnessed)).await;
        let bytes = a.prove(&sent.id.to_string(), &Disclose::Content).unwrap().write(Vec::new(), &mut |_| {}).unwrap();
        let seen = view(&bytes, a.ledger().network());
        assert!(seen.document.as_ref().unwrap().existed_by.is_some(), "{seen:?}");
    }
    // The registrar names an entry of the chain, far behind: a later checkpoint leads there.
    let last = send(&a, 1).await;
    let (chain, point) = (a.chain(), congvan::core::Point { seq: last.seq, id: last.id });
    let rights = congvan::core::roster::Rights::PUBLISH;
    network.desk.change(RosterAction::Rights { chain, after: Some(point), rights }).unwrap();
    network.share_roster(a.ledger());
    network.share_roster(b.ledger());
    let open = |bytes: &[u8]| {
        let seen = view(bytes, a.ledger().network());
        seen.not_proven.iter().any(|claim| matches!(claim, Claim::BranchOpen { .. }))
    };
    let prove = || a.prove(&before.id.to_string(), &Disclose::Content).unwrap().write(Vec::new(), &mut |_| {}).unwrap();
    eventually("a checkpoint leads to the entry that the registrar named", async || !open(&prove())).await;
    a.shutdown().await;
    b.shutdown().await;
}
