//! Two and three nodes in one process, over real sockets and real ledgers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::path::Path;

use common::{Network, PATIENCE, eventually};
use congvan::core::status::StatusNote;
use congvan::core::{AgencyCode, Attachment, Bounded, Digest, DocumentPayload, Envelope, StatusCode, Text, Wire};
use congvan::setup::Home;
use congvan::view::EventKind;
use congvan::{Gate, Node, Outgoing, SendError, Source, archive, audit};

fn letter(to: &AgencyCode, subject: &str, file: &[u8]) -> Outgoing {
    let attachment = Attachment {
        name: Text::new("bao-cao.pdf").unwrap(),
        media_type: Text::new("application/pdf").unwrap(),
        description: Text::default(),
        packaging: congvan::core::document::Packaging::Plain,
        len: 0,
        digest: Digest::from_bytes([0; 32]),
        blob: 0,
    };
    Outgoing {
        to: vec![to.clone()],
        envelope: Envelope {
            subject: Text::new(subject).unwrap(),
            attachments: Bounded::new(vec![attachment]).unwrap(),
            ..Envelope::default()
        },
        attachments: vec![Source::Bytes(file.to_vec())],
        skeleton: Some(vec![7; 40_000]),
        ..Outgoing::default()
    }
}

fn bytes_of(node: &Node, id: &str) -> Vec<u8> {
    node.attachment(id, 0).unwrap().collect::<Result<Vec<_>, _>>().unwrap().concat()
}

fn audit_of(node: &Node, dir: &Path) -> audit::Report {
    let path = dir.join(format!("{}.cgl", node.code()));
    archive::export(node.ledger(), true, std::fs::File::create(&path).unwrap(), &mut |_| {}).unwrap();
    audit::audit_file(&path, &congvan::certificate::Anchors::none(), &mut |_| {}).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_and_its_statuses_cross_and_the_copies_agree() {
    let network = Network::new(2);
    let a = network.start(0, &[]).await;
    let b = network.start(1, &a.listen_addresses().await).await;
    let file: Vec<u8> = (0..300_000u32).map(|n| (n * 7 % 251) as u8).collect();

    let sent = a.send(letter(&network.codes[1], "Báo cáo", &file)).await.unwrap();
    let id = sent.entry.id.to_string();
    let mut register = b.consumer("register").unwrap();
    let received = loop {
        let delivery = tokio::time::timeout(PATIENCE, register.next()).await.unwrap().unwrap();
        let event = delivery.event.clone();
        delivery.acknowledge().unwrap();
        if let EventKind::Received(document) = event.what {
            break document;
        }
    };
    assert_eq!((received.summary.subject.as_str(), &received.summary.id), ("Báo cáo", &id));
    eventually("the attachment arrives", async || b.document(&id).unwrap().summary.complete).await;
    assert_eq!(bytes_of(&b, &id), file);
    assert_eq!(b.skeleton(&id).unwrap(), vec![7; 40_000]);
    assert_eq!(bytes_of(&a, &id), file, "the sender reads what it sent");

    // That it arrived, the node says by itself.
    eventually("01 is reported", async || b.document(&id).unwrap().history.len() == 1).await;
    for code in [StatusCode::Accepted, StatusCode::Completed] {
        b.report(&id[..12], code, StatusNote { note: Text::new("đã nhận").unwrap(), ..StatusNote::default() })
            .await
            .unwrap();
    }
    eventually("the statuses come back", async || a.document(&id).unwrap().history.len() == 3).await;
    let history = a.document(&id).unwrap().history;
    assert_eq!(history.iter().map(|s| s.status.as_str()).collect::<Vec<_>>(), ["01", "03", "06"]);
    assert_eq!(history[1].note, "đã nhận");

    let (of_a, of_b) = (audit_of(&a, network.dir.path()), audit_of(&b, network.dir.path()));
    assert!(of_a.is_genuine() && of_b.is_genuine(), "{:?} {:?}", of_a.violations, of_b.violations);
    assert_eq!(of_a.digest, of_b.digest);
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_with_the_same_key_sends_once() {
    let network = Network::new(2);
    let a = network.start(0, &[]).await;
    let b = network.start(1, &a.listen_addresses().await).await;
    let keyed = || Outgoing { key: Some("k".to_owned()), ..letter(&network.codes[1], "một lần", b"x") };
    let (one, two) = tokio::join!(a.send(keyed()), a.send(keyed()));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.entry, two.entry);
    assert!(one.repeated != two.repeated);
    assert_eq!(a.outbox(10).unwrap().len(), 1);
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_catches_up_and_resumes_its_consumer() {
    let network = Network::new(2);
    let a = network.start(0, &[]).await;
    let b = network.start(1, &a.listen_addresses().await).await;
    let first = a.send(letter(&network.codes[1], "1", b"one")).await.unwrap().entry.id.to_string();
    eventually("the first arrives", async || b.document(&first).is_ok_and(|d| d.summary.complete)).await;
    b.shutdown().await;
    drop(b);
    for n in 2..5 {
        a.send(letter(&network.codes[1], &n.to_string(), b"more")).await.unwrap();
    }
    let b = network.start(1, &a.listen_addresses().await).await;
    eventually("the rest arrives", async || {
        b.inbox(10).unwrap().len() == 4 && b.inbox(10).unwrap().iter().all(|document| document.complete)
    })
    .await;
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unconfirmed_node_waits_and_an_operator_may_decide_otherwise() {
    let network = Network::new(2);
    let alone = network.start(0, &[]).await;
    assert!(matches!(alone.gate(), Gate::Waiting(_)));
    alone.shutdown().await;
    drop(alone);
    let builder = Node::builder(network.home(0)).local_only();
    let strict = builder.clone().start().await.unwrap();
    let refused = strict.send(letter(&network.codes[1], "không", b"x")).await.unwrap_err();
    assert!(matches!(refused, SendError::NotYet(ref why) if why.contains("offline_start")), "{refused}");
    strict.shutdown().await;
    drop(strict);
    let chosen = builder.offline_start(true).start().await.unwrap();
    chosen.send(letter(&network.codes[1], "có", b"x")).await.unwrap();
    chosen.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_key_signs_what_follows_and_old_documents_stay_readable() {
    let network = Network::new(2);
    let a = network.start(0, &[]).await;
    let b = network.start(1, &a.listen_addresses().await).await;
    let before = b.send(letter(&network.codes[0], "trước", b"old")).await.unwrap().entry.id.to_string();
    eventually("it arrives", async || a.document(&before).is_ok_and(|d| d.summary.complete)).await;
    let old_key = a.document(&before).unwrap();
    a.rotate_key().await.unwrap();
    let after = a.send(letter(&network.codes[1], "sau", b"new")).await.unwrap().entry.id.to_string();
    eventually("it arrives", async || b.document(&after).is_ok_and(|d| d.summary.complete)).await;
    let reply = b.send(letter(&network.codes[0], "lại", b"to the new key")).await.unwrap().entry.id.to_string();
    eventually("the reply arrives", async || a.document(&reply).is_ok_and(|d| d.summary.complete)).await;
    assert_eq!(bytes_of(&a, &reply), b"to the new key");
    assert_eq!(a.document(&before).unwrap().files, old_key.files);
    assert_eq!(bytes_of(&a, &before), b"old");
    let report = audit_of(&b, network.dir.path());
    assert!(report.is_genuine(), "{:?}", report.violations);
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addressees_that_the_roster_does_not_know_are_named() {
    let network = Network::new(2);
    let a = Node::builder(network.home(0)).local_only().offline_start(true).start().await.unwrap();
    let stranger = AgencyCode::new("000.00.99.H55").unwrap();
    let error = a.send(letter(&stranger, "?", b"x")).await.unwrap_err();
    assert!(error.to_string().contains("000.00.99.H55"), "{error}");
    assert!(a.outbox(1).unwrap().is_empty());
    a.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_keeps_attachments_whole_and_serves_them_when_the_sender_is_gone() {
    let network = Network::new(3);
    let sender = network.start(0, &[]).await;
    let at = sender.listen_addresses().await;
    let archive = network.start_with(2, &at, |builder| builder.archive(true)).await;
    let file: Vec<u8> = (0..300_000u32).map(|n| (n * 11 % 253) as u8).collect();
    let id = sender.send(letter(&network.codes[1], "lưu trữ", &file)).await.unwrap().entry.id;
    let chain = sender.ledger().entry_by_id(id).unwrap().unwrap().header().chain;
    let blobs = DocumentPayload::from_bytes(sender.ledger().entry_by_id(id).unwrap().unwrap().payload().unwrap());
    let blobs = blobs.unwrap().cover.blobs.to_vec();
    assert!(blobs.len() >= 2 && blobs.iter().any(|blob| blob.len > 300_000), "attachment and skeleton: {blobs:?}");
    // It is not the addressee, cannot read the document, and holds every blob of it.
    eventually("the archive has all", async || blobs.iter().all(|blob| archive.ledger().has_blob(blob))).await;
    sender.shutdown().await;
    drop(sender);

    let receiver = network.start(1, &archive.listen_addresses().await).await;
    let id = id.to_string();
    eventually("the archive serves it", async || receiver.document(&id).is_ok_and(|d| d.summary.complete)).await;
    assert_eq!(bytes_of(&receiver, &id), file);
    assert_eq!(receiver.ledger().status(chain).head, archive.ledger().status(chain).head);
    archive.shutdown().await;
    receiver.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_that_was_none_before_fetches_what_it_passed_over() {
    let network = Network::new(3);
    let sender = network.start(0, &[]).await;
    let at = sender.listen_addresses().await;
    let plain = network.start(2, &at).await;
    let id = sender.send(letter(&network.codes[1], "trước đó", &[5; 100_000])).await.unwrap().entry.id;
    eventually("the entry arrives", async || plain.ledger().entry_by_id(id).unwrap().is_some()).await;
    let payload = plain.ledger().entry_by_id(id).unwrap().unwrap().payload().unwrap().to_vec();
    let blobs = DocumentPayload::from_bytes(&payload).unwrap().cover.blobs.to_vec();
    plain.shutdown().await;
    drop(plain);
    let archive = network.start_with(2, &at, |builder| builder.archive(true)).await;
    eventually("the archive has all", async || blobs.iter().all(|blob| archive.ledger().has_blob(blob))).await;
    sender.shutdown().await;
    archive.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_damaged_log_lost_comes_back_from_peers() {
    let network = Network::new(2);
    let a = network.start(0, &[]).await;
    let at = a.listen_addresses().await;
    let b = network.start(1, &at).await;
    for n in 0..6 {
        a.send(letter(&network.codes[1], &n.to_string(), b"text")).await.unwrap();
    }
    let all = async |b: &Node| b.inbox(10).unwrap().iter().filter(|document| document.complete).count() == 6;
    eventually("all arrive", async || all(&b).await).await;
    b.shutdown().await;
    drop(b);

    let db = Home::new(network.home(1)).ledger().join("db");
    let logs = std::fs::read_dir(db).unwrap().map(|file| file.unwrap().path());
    let logs = logs.filter(|path| path.extension().is_some_and(|ends| ends == "log"));
    let log = logs.max_by_key(|path| std::fs::metadata(path).unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    let damaged = Node::builder(network.home(1)).local_only().start().await.unwrap();
    assert!(!all(&damaged).await, "nothing was lost");
    damaged.shutdown().await;
    drop(damaged);

    let b = network.start(1, &at).await;
    eventually("all are back", async || all(&b).await).await;
    a.shutdown().await;
    b.shutdown().await;
}
