//! Erasing between real nodes: by the author, by the registrars, and by the terms of retention.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::path::Path;
use std::time::Duration;

use common::{Network, eventually};
use congvan::certificate::Anchors;
use congvan::core::erasure::{Class, Reason, Rule, YEAR_MS};
use congvan::core::keyfile::Keys;
use congvan::core::{
    AgencySecret, Bounded, Cover, DocumentPayload, Draft, EntryRef, Envelope, Erasure, Kind, Retention, RosterAction,
    Sorted, Text, Time, Wire, rng,
};
use congvan::erase::EraseError;
use congvan::read::ReadError;
use congvan::setup::{self, Home};
use congvan::store::HighWater;
use congvan::view::EventKind;
use congvan::{Node, Outgoing, Source, archive, audit};

/// Faster than in service: a test does not wait for minutes.
const EVERY: Duration = Duration::from_millis(100);

async fn start(network: &Network, n: usize, peers: &[String]) -> Node {
    network.start_with(n, peers, |builder| builder.checkpoints(EVERY).retention(EVERY).archive(n == 2)).await
}

/// Bytes that nothing else has, and that no compression changes.
fn marker(n: u64) -> Vec<u8> {
    use congvan::core::rng::CryptoRng;
    let mut bytes = vec![0; 48];
    fn fill(rng: &mut impl CryptoRng, bytes: &mut [u8]) {
        rng.fill_bytes(bytes);
    }
    fill(&mut rng::from_seed(9_000 + n), &mut bytes);
    bytes
}

fn is_in_a_file(dir: &Path, marker: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().any(|file| {
        let path = file.unwrap().path();
        if path.is_dir() {
            return is_in_a_file(&path, marker);
        }
        std::fs::read(&path).unwrap_or_default().windows(marker.len()).any(|window| window == marker)
    })
}

/// A public document: its bytes are in the clear wherever they are.
async fn publish(node: &Node, network: &Network, n: u64, attachment: Vec<u8>) -> EntryRef {
    let (attached, source) = attached(attachment);
    let attachments = Bounded::new(vec![attached]).unwrap();
    let envelope =
        Envelope { subject: Text::new(format!("Thông báo {n}")).unwrap(), attachments, ..Envelope::default() };
    let outgoing = Outgoing {
        to: network.codes[1..2].to_vec(),
        envelope,
        attachments: vec![source],
        skeleton: Some(marker(n)),
        public: true,
        ..Outgoing::default()
    };
    node.send(outgoing).await.unwrap().entry
}

fn attached(bytes: Vec<u8>) -> (congvan::core::Attachment, Source) {
    let attached = congvan::core::Attachment {
        name: Text::new("a.bin").unwrap(),
        media_type: Text::default(),
        description: Text::default(),
        packaging: congvan::core::document::Packaging::Plain,
        len: 0,
        digest: congvan::core::Digest::from_bytes([0; 32]),
        blob: 0,
    };
    (attached, Source::Bytes(bytes))
}

fn is_erased(node: &Node, entry: EntryRef) -> bool {
    matches!(node.document(&entry.id.to_string()), Err(ReadError::Erased(_)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_its_author_erases_is_gone_from_the_disk_of_every_node_and_every_proof_holds() {
    let network = Network::new(3);
    let a = start(&network, 0, &[]).await;
    let b = start(&network, 1, &a.listen_addresses().await).await;
    let c = start(&network, 2, &a.listen_addresses().await).await;
    let gone = publish(&a, &network, 1, [marker(2), vec![7; 100_000]].concat()).await;
    let kept = publish(&a, &network, 3, [marker(4), vec![8; 100_000]].concat()).await;
    for node in [&a, &b, &c] {
        eventually("both are here in full, and covered", async || {
            let here = |entry: EntryRef| node.document(&entry.id.to_string()).is_ok_and(|view| view.summary.complete);
            here(gone) && here(kept) && node.cover(kept).unwrap().is_some()
        })
        .await;
        node.ledger().flush().unwrap();
        for n in 1..5 {
            assert!(is_in_a_file(node.home().dir(), &marker(n)), "marker {n} is to be found before");
        }
    }
    let cover = b.cover(gone).unwrap().unwrap();

    // What others wrote, and what nobody may erase, is refused.
    let (kept_id, id) = (kept.id.to_string(), gone.id.to_string());
    let refused = b.erase(std::slice::from_ref(&id), Reason::Mistake, "").await.unwrap_err();
    assert!(matches!(refused, EraseError::NotOurs { .. }), "{refused}");
    assert!(matches!(a.erase(&[], Reason::Mistake, "").await, Err(EraseError::Nothing)));
    let no_basis = a.erase(std::slice::from_ref(&id), Reason::Order, " ").await.unwrap_err();
    assert!(matches!(no_basis, EraseError::NoBasis("order")), "{no_basis}");

    let written = a.erase(std::slice::from_ref(&id), Reason::Order, "Bản án 12/2026/HC-ST").await.unwrap();
    assert_eq!(written.len(), 1);
    assert!(a.erase(std::slice::from_ref(&id), Reason::Mistake, "").await.unwrap().is_empty(), "erased already");
    for node in [&a, &b, &c] {
        eventually("it is erased and cleared", async || is_erased(node, gone) && !node.ledger().purge_due().unwrap())
            .await;
        for n in [1, 2] {
            assert!(!is_in_a_file(node.home().dir(), &marker(n)), "marker {n}");
        }
        // A file may just be written anew under another name.
        for n in [3, 4] {
            eventually("what was kept is in a file", async || is_in_a_file(node.home().dir(), &marker(n))).await;
        }
        // Who, when and why; and what covered it covers it.
        let Err(ReadError::Erased(said)) = node.document(&id) else { panic!("it is erased") };
        assert_eq!((said.by.as_str(), said.reason.as_str()), (network.codes[0].as_str(), "order"));
        assert_eq!((said.number, said.basis.as_str()), (written[0].entry.seq.get(), "Bản án 12/2026/HC-ST"));
        assert_eq!(node.listed(&id).unwrap().erased, Some(*said));
        let still = node.cover(gone).unwrap().unwrap();
        assert_eq!((still.size, still.root), (cover.size, cover.root.clone()));
        assert!(node.document(&kept_id).is_ok());
    }
    // It is in no list of what arrived, and software that keeps copies is told.
    let inbox = b.inbox(10).unwrap();
    assert_eq!(inbox.iter().map(|document| &document.id).collect::<Vec<_>>(), [&kept_id]);
    let mut events = b.events_after(0);
    let mut told = Vec::new();
    loop {
        let page = events.next_within(64, Duration::ZERO).await.unwrap();
        if page.is_empty() {
            break;
        }
        told.extend(page.into_iter().filter_map(|event| match event.what {
            EventKind::Erased(erasure) => Some(erasure.erased),
            _ => None,
        }));
    }
    assert_eq!(told, [vec![id.clone()]]);

    // A newcomer gets the chain without it, and a copy is genuine.
    let path = network.dir.path().join("copy.cgva");
    archive::export(c.ledger(), true, std::fs::File::create(&path).unwrap(), &mut |_| {}).unwrap();
    let report = audit::audit_file(&path, &Anchors::none(), &mut |_| {}).unwrap();
    assert!(report.is_genuine(), "{report:?}");
    for node in [a, b, c] {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registrars_order_it_also_for_a_node_that_was_away() {
    let network = Network::new(3);
    let a = start(&network, 0, &[]).await;
    let b = start(&network, 1, &a.listen_addresses().await).await;
    let sent = publish(&a, &network, 1, vec![1]).await;
    eventually("it is there", async || b.document(&sent.id.to_string()).is_ok()).await;
    b.shutdown().await;
    drop(b);

    let entries = Sorted::from_unsorted(vec![sent.into()]).unwrap();
    let erasure = Erasure { entries, reason: Reason::Order, basis: Text::new("3/QĐ-UBND").unwrap() };
    let chain = a.chain();
    network.desk.change(RosterAction::Erase { chain, erasure }).unwrap();
    a.shutdown().await;
    drop(a);
    network.share_roster(&network.ledger(0));
    let a = start(&network, 0, &[]).await;
    assert!(is_erased(&a, sent));
    // One that was away and one that never had it hear of it together with the chain.
    let b = start(&network, 1, &a.listen_addresses().await).await;
    let c = start(&network, 2, &a.listen_addresses().await).await;
    for node in [&b, &c] {
        eventually("it is erased", async || is_erased(node, sent) && !node.ledger().purge_due().unwrap()).await;
        assert!(!is_in_a_file(node.home().dir(), &marker(1)));
        let Err(ReadError::Erased(said)) = node.document(&sent.id.to_string()) else { panic!("it is erased") };
        assert_eq!((said.by.as_str(), said.basis.as_str()), ("", "3/QĐ-UBND"));
    }
    for node in [a, b, c] {
        node.shutdown().await;
    }
}

/// Writes documents of an age into an agency's own ledger, while no node has it.
fn write_old(network: &Network, n: usize, years: &[u64]) -> Vec<EntryRef> {
    let ledger = network.ledger(n);
    let home = Home::new(network.home(n));
    let Keys::Agency { sign, seals } = setup::read_keys(&home.agency_key(), None).unwrap() else { panic!("keys") };
    let chain = network.desk.roster().by_code(&network.codes[n]).unwrap().chain;
    let secret = AgencySecret { sign, seal: seals[0].clone() };
    let writer = ledger.writer(chain, secret, HighWater::open(&home.high_water()).unwrap()).unwrap();
    let now = setup::now().as_millis();
    let mut written = Vec::new();
    for (n, years) in (0..).zip(years) {
        let type_name = Text::new(if n % 2 == 0 { "Báo cáo" } else { "Quyết định" }).unwrap();
        let envelope = Envelope { type_name, ..Envelope::default() };
        let payload = DocumentPayload::public(Cover::default(), envelope, &mut rng::from_seed(0)).unwrap();
        let time = Time::from_millis(now - years * YEAR_MS - 1000);
        let draft = Draft { kind: Kind::DOCUMENT, time, payload: payload.to_bytes() };
        written.push(writer.append(draft).unwrap().reference());
    }
    writer.close();
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_erases_what_is_past_its_term_and_nothing_else() {
    let network = Network::new(2);
    let written = write_old(&network, 0, &[30, 30, 12, 12, 4, 1]);
    let a = start(&network, 0, &[]).await;
    let b = start(&network, 1, &a.listen_addresses().await).await;
    let ids: Vec<_> = written.iter().map(|entry| entry.id.to_string()).collect();
    eventually("all are there", async || ids.iter().all(|id| b.document(id).is_ok())).await;
    eventually("it may write", async || a.gate() == congvan::Gate::Open).await;
    // Without terms nothing is erased, however old.
    tokio::time::sleep(3 * EVERY).await;
    assert!(written.iter().all(|entry| !is_erased(&a, *entry)));

    let report = Class::DocumentsOfType(Text::new("Báo cáo").unwrap());
    let rule = |class, keep_years, drop| Rule { class, keep_years, drop_after_years: Some(drop) };
    let rules = vec![rule(report, 2, 10), rule(Class::Documents, 5, 20)];
    network.desk.change(RosterAction::Retention(Retention { rules: Sorted::from_unsorted(rules).unwrap() })).unwrap();
    network.share_roster(a.ledger());
    for node in [&a, &b] {
        eventually("what is past its term is erased", async || {
            let erased: Vec<_> = written.iter().map(|entry| is_erased(node, *entry)).collect();
            erased == [true, true, true, false, false, false]
        })
        .await;
    }
    let head = a.ledger().status(a.chain()).head;
    tokio::time::sleep(5 * EVERY).await;
    let erasures = |node: &Node| {
        let entries = node.ledger().entries(a.chain(), congvan::core::Seq::FIRST);
        entries.filter(|entry| entry.as_ref().unwrap().header().kind == Kind::ERASE).count()
    };
    assert_eq!(erasures(&a), 1, "once is enough: {head:?}");
    // Age is no reason before the term; another reason is.
    let kept = a.erase(&ids[5..6], Reason::RetentionEnded, "").await.unwrap_err();
    assert!(matches!(kept, EraseError::Kept { .. }), "{kept}");
    a.erase(&ids[4..5], Reason::RetentionEnded, "").await.unwrap();
    a.erase(&ids[5..6], Reason::PersonalData, "").await.unwrap();
    assert!(is_erased(&a, written[4]) && is_erased(&a, written[5]));
    for node in [a, b] {
        node.shutdown().await;
    }
}
