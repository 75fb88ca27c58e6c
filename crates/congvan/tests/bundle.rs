//! Proof bundles of real nodes: what they prove to somebody who has nothing but the network's fingerprint.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::time::Duration;

use common::{Network, chain_of, eventually, secret, witnessed, write};
use congvan::bundle::{BundleView, CheckError, Claim, Disclose, ProveError, attachments, check};
use congvan::core::bundle::{BundleError, Shown};
use congvan::core::codec::encode;
use congvan::core::seal::ContentKey;
use congvan::core::{
    AgencyCode, Attachment, Body, Bounded, Cover, DocumentPayload, EntryRef, Envelope, Kind, NetworkId, RosterAction,
    Seq, Sorted, StatusCode, Text, Wire, rng,
};
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
    let (agency, received) = (codes[1].to_string(), |claim: &Claim| matches!(claim, Claim::ReceiptNotShown { .. }));
    assert!(seen.proven.contains(&Claim::Named { agency, of: 2 }) && !seen.not_proven.iter().any(received));
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
    assert!(matches!(refused, Err(ProveError::NotTo(_))));
    exchanged.end().await;
}

/// What a bundle says of its document, without the directory of all agencies that every bundle begins with.
fn about_the_document(bundle: &[u8]) -> Vec<u8> {
    use congvan::core::bundle::Frame;
    let (mut rest, mut about) = (&bundle[8..], Vec::new());
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let (frame, after) = after.split_at(u32::from_le_bytes(*len) as usize);
        if !matches!(Frame::from_bytes(frame).unwrap(), Frame::Genesis(_) | Frame::Roster(_)) {
            about.extend_from_slice(frame);
        }
        rest = after;
    }
    about
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_proven_to_whom_a_document_was_sent_though_nobody_there_ever_answered() {
    let network = Network::new(4);
    // No other agency has a node, now or later.
    let a = network.start_with(0, &[], |builder| builder.offline_start(true)).await;
    let codes = &network.codes;
    for public in [false, true] {
        let envelope = Envelope { subject: Text::new(SECRET).unwrap(), ..Envelope::default() };
        let sent = a.send(Outgoing { to: codes[1..].to_vec(), envelope, public, ..Outgoing::default() }).await;
        let id = sent.unwrap().entry.id.to_string();
        for (at, code) in codes.iter().enumerate().skip(1) {
            let bytes = a.prove(&id, &Disclose::Only(code.clone())).unwrap().write(Vec::new(), &mut |_| {}).unwrap();
            let seen = view(&bytes, a.ledger().network());
            assert_eq!((seen.document.unwrap().id, seen.said.len(), seen.content), (id.clone(), 0, None));
            let agency = code.to_string();
            assert!(seen.proven.contains(&Claim::Named { agency: agency.clone(), of: 3 }));
            for not in [Claim::ReceiptNotShown { agency }, Claim::OthersWithheld { others: 2 }, Claim::ContentWithheld]
            {
                assert!(seen.not_proven.contains(&not), "{not:?}");
            }
            assert!(!seen.not_proven.contains(&Claim::AddresseesWithheld));
            let about = about_the_document(&bytes);
            for (other, code) in codes.iter().enumerate() {
                assert_eq!(contains(&about, code.as_str().as_bytes()), other == at);
            }
            assert!(!contains(&bytes, SECRET.as_bytes()));
            let payload = a.ledger().entry_by_id(id.parse().unwrap()).unwrap().unwrap().payload().unwrap().to_vec();
            assert!(!payload.chunks_exact(64).any(|piece| contains(&bytes, piece)));
            altered_is_refused(&bytes, a.ledger().network(), 200);
        }
        let refused = a.prove(&id, &Disclose::Only(codes[0].clone()));
        assert!(matches!(refused, Err(ProveError::NotTo(code)) if code == codes[0]), "the sender is no addressee");
    }
    a.shutdown().await;
}

/// What agencies wrote before documents named their addressees.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_of_the_first_form_is_read_audited_and_proven_as_it_was() {
    let network = Network::new(3);
    let (id, own) = (network.desk.roster().network(), chain_of(&network, 0));
    let cover = Cover { addressees: Sorted::new(network.codes[1..].to_vec()).unwrap(), ..Cover::default() };
    let keys = [1, 2].map(|n| secret(&network, n).public().seal);
    let envelope = Envelope { subject: Text::new(SECRET).unwrap(), ..Envelope::default() };
    let mut rng = rng::from_seed(3);
    let (key, sender) = (ContentKey::generate(&mut rng), secret(&network, 0).public().seal);
    let now = DocumentPayload::seal(id, own, cover, &keys, sender, envelope, &key, &mut rng).unwrap();
    let before = DocumentPayload { naming: None, ..now };
    write(&network, &network.ledger(0), 0, Kind::DOCUMENT, before.to_bytes());
    // The very bytes that a node wrote then: cover, kind of body, body.
    let Body::Sealed(body) = &before.body else { panic!("it is sealed") };
    assert_eq!(before.to_bytes(), [encode(&before.cover), vec![0; 4], encode(body)].concat());

    let a = network.start(0, &[]).await;
    let sent = a.ledger().entry(own, Seq::FIRST).unwrap().unwrap().id().to_string();
    let only = |n: usize| a.prove(&sent, &Disclose::Only(network.codes[n].clone()));
    assert!(matches!(only(1), Err(ProveError::NothingSaid(_))));
    let b = network.start(1, &a.listen_addresses().await).await;
    eventually("the addressee has it and its report is back", async || only(1).is_ok()).await;
    assert_eq!(&*b.envelope(&sent).unwrap().subject, SECRET);
    let seen = view(&only(1).unwrap().write(Vec::new(), &mut |_| {}).unwrap(), id);
    assert_eq!((seen.named, seen.said.len()), (None, 1));
    assert!(seen.not_proven.contains(&Claim::AddresseesWithheld));
    assert!(matches!(only(2), Err(ProveError::NothingSaid(_))));
    let all = a.prove(&sent, &Disclose::Content).unwrap().write(Vec::new(), &mut |_| {}).unwrap();
    assert_eq!(view(&all, id).content.unwrap().subject, SECRET);
    let copy = network.dir.path().join("copy.cgva");
    congvan::archive::export(a.ledger(), true, std::fs::File::create(&copy).unwrap(), &mut |_| {}).unwrap();
    let report = congvan::audit::audit_file(&copy, &congvan::certificate::Anchors::none(), &mut |_| {}).unwrap();
    assert!(report.is_genuine(), "{report:?}");
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_altered_bundle_proves_nothing_and_another_networks_neither() {
    let exchanged = exchange().await;
    let good = exchanged.bundle(1, &Disclose::Content);
    let network = exchanged.id();
    let other = NetworkId::from_bytes([7; 32]);
    let refused = check(good.as_slice(), other, &mut |_| {});
    assert!(matches!(refused, Err(CheckError::Bundle(BundleError::OtherNetwork { .. }))));
    for len in (0..good.len()).step_by(97) {
        assert!(check(&good[..len], network, &mut |_| {}).is_err(), "cut at {len}");
    }
    altered_is_refused(&good, network, 600);
    exchanged.end().await;
}

fn altered_is_refused(good: &[u8], network: NetworkId, cases: u32) {
    let truth = view(good, network);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(cases));
    let altered = (0..good.len(), 1..=255_u8);
    runner
        .run(&altered, |(at, by)| {
            let mut bytes = good.to_vec();
            bytes[at] ^= by;
            prop_assert!(check(bytes.as_slice(), network, &mut |_| {}).is_err(), "byte {at}");
            // Also by somebody who mends the closing digest.
            if let Some(mended) = mend(&bytes) {
                match check(mended.as_slice(), network, &mut |_| {}) {
                    Err(_) => {}
                    // The one thing that may go without notice is something withheld.
                    Ok(evidence) => {
                        let seen = BundleView::of(&evidence);
                        prop_assert_eq!((seen.document, seen.named), (truth.document.clone(), truth.named.clone()));
                    }
                }
            }
            Ok(())
        })
        .unwrap();
}

/// The same frames with an end frame that fits them.
fn mend(bytes: &[u8]) -> Option<Vec<u8>> {
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
