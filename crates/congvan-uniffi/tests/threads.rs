//! What holds for callers of any language: threads, shutting down, and what errors say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use congvan_uniffi::{
    Attachment, CongvanError, Draft, EventKind, Link, Node, Options, PracticeAgency, Receipt, Relation,
    practice_network,
};

const CODES: [&str; 2] = ["000.00.00.H55", "000.00.01.H55"];
/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(600);

fn homes(dir: &Path) -> Vec<String> {
    let agency = |code: &str| PracticeAgency { code: code.to_owned(), name: format!("Cơ quan {code}") };
    practice_network(dir.join("network").to_str().unwrap(), "Thái Nguyên", CODES.map(agency).into()).unwrap()
}

fn options(dir: &str) -> Options {
    Options {
        dir: dir.to_owned(),
        listen: Vec::new(),
        bootstrap: Vec::new(),
        passphrase: None,
        offline_start: true,
        local_only: true,
        archive: false,
        report_arrival: true,
        trust: None,
    }
}

fn draft(subject: &str) -> Draft {
    Draft {
        to: vec![CODES[1].to_owned()],
        subject: subject.to_owned(),
        number: String::new(),
        notation: String::new(),
        document_id: String::new(),
        place: String::new(),
        promulgated: String::new(),
        type_code: String::new(),
        type_name: String::new(),
        summary: String::new(),
        signer: None,
        due: String::new(),
        priority: String::new(),
        links: Vec::new(),
        attachments: Vec::new(),
        key: None,
        public: false,
    }
}

#[test]
fn shutting_down_ends_calls_that_wait_and_frees_the_directory_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let home = &homes(dir.path())[0];
    let node = Node::start(options(home)).unwrap();
    let sent = node.send(draft("một")).unwrap();
    let consumer = node.consumer("register").unwrap();
    let first = consumer.next(LONG).unwrap().unwrap();
    assert!(matches!(&first.what, EventKind::Roster { .. }), "{first:?}");
    let all = consumer.next_events(64, LONG).unwrap();
    let last = all.last().unwrap();
    assert!(matches!(&last.what, EventKind::Sent { document } if document.summary.id == sent.id), "{all:?}");
    // Not acknowledged, so it is the first again; acknowledged, nothing is left.
    assert_eq!(consumer.next(LONG).unwrap().unwrap(), first);
    consumer.acknowledge(first.number).unwrap();
    assert_eq!(consumer.next_events(64, LONG).unwrap(), all[1..]);
    let idle = node.consumer("idle").unwrap();
    idle.acknowledge(last.number).unwrap();
    assert_eq!(idle.next(Duration::ZERO).unwrap(), None);

    let (ready, started) = mpsc::channel();
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let (idle, ready) = (idle.clone(), ready.clone());
            thread::spawn(move || {
                ready.send(()).unwrap();
                idle.next(LONG)
            })
        })
        .collect();
    for _ in &waiting {
        started.recv().unwrap();
    }
    let began = Instant::now();
    node.shutdown();
    for thread in waiting {
        assert!(matches!(thread.join().unwrap(), Err(CongvanError::Stopped(_))));
    }
    assert!(began.elapsed() < LONG / 10, "they did not wait for their time-out");
    assert!(matches!(node.inbox(1), Err(CongvanError::Stopped(_))));
    node.shutdown();

    // The references are still held; the directory is free, and the place of the consumer is kept.
    let again = Node::start(options(home)).unwrap();
    assert_eq!(again.consumer("register").unwrap().next_events(64, LONG).unwrap(), all[1..]);
    // Given up without shutting down, it is free, too.
    drop(again);
    assert_eq!(Node::start(options(home)).unwrap().outbox(9).unwrap().len(), 1);
}

#[test]
fn threads_that_retry_with_one_key_send_once() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(options(&homes(dir.path())[0])).unwrap();
    let send = |node: Arc<Node>| move || node.send(Draft { key: Some("1".to_owned()), ..draft("một") }).unwrap();
    let threads: Vec<_> = (0..8).map(|_| thread::spawn(send(node.clone()))).collect();
    let receipts: Vec<Receipt> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert!(receipts.iter().all(|receipt| receipt.id == receipts[0].id), "{receipts:?}");
    assert_eq!(receipts.iter().filter(|receipt| !receipt.repeated).count(), 1);
    assert_eq!(node.outbox(9).unwrap().len(), 1);
}

#[test]
fn errors_have_the_kind_by_which_a_program_decides_and_say_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let home = &homes(dir.path())[0];
    let node = Node::start(options(home)).unwrap();
    assert!(matches!(Node::start(options(home)), Err(CongvanError::Start(_))), "one program at a time");
    let nowhere = Node::start(options("/nonexistent")).unwrap_err();
    assert!(matches!(&nowhere, CongvanError::Start(why) if why.contains("/nonexistent/genesis.cgv")), "{nowhere}");

    let invalid = |draft: Draft, what: &str| match node.send(draft) {
        Err(CongvanError::Invalid(why)) => assert!(why.contains(what), "{why}"),
        other => panic!("{what}: {other:?}"),
    };
    invalid(Draft { to: vec!["H 55".to_owned()], ..draft("một") }, "to[0]: ");
    invalid(Draft { to: vec!["H99".to_owned()], ..draft("một") }, "the roster knows no agency H99");
    invalid(Draft { to: Vec::new(), ..draft("một") }, "needs an addressee");
    invalid(draft(&"a".repeat(1 << 20)), "subject: ");
    invalid(Draft { key: Some(String::new()), ..draft("một") }, "an idempotency key has 1 to 256 bytes");
    let attachment = Attachment { file: None, bytes: None, name: "a".to_owned(), media_type: String::new() };
    invalid(Draft { attachments: vec![attachment.clone()], ..draft("một") }, "attachments[0]: give either");
    invalid(
        Draft { attachments: vec![attachment.clone(); 65], ..draft("một") },
        "attachments: 65 were given; at most 64",
    );
    let missing = Attachment { file: Some("/nonexistent".to_owned()), ..attachment };
    let unread = node.send(Draft { attachments: vec![missing], ..draft("một") });
    assert!(matches!(unread, Err(CongvanError::File(_))), "{unread:?}");
    let link = Link { relation: Relation::Answers, document: "0123456789".to_owned() };
    let unknown = node.send(Draft { links: vec![link], ..draft("một") });
    assert!(matches!(unknown, Err(CongvanError::NotFound(_))), "{unknown:?}");
    assert!(matches!(node.document("xyz"), Err(CongvanError::Invalid(_))));
    assert!(matches!(node.consumer("a b"), Err(CongvanError::Invalid(_))));
    assert_eq!(node.outbox(9).unwrap(), [], "nothing of this was sent");

    let sent = node.send(draft("một")).unwrap();
    let refused = node.report(sent.id.clone(), "03".into(), String::new(), String::new(), String::new(), None);
    assert!(matches!(&refused, Err(CongvanError::Rule(why)) if why.contains("possible now")), "{refused:?}");
    let unknown = node.report(sent.id.clone(), "7".into(), String::new(), String::new(), String::new(), None);
    assert!(matches!(&unknown, Err(CongvanError::Invalid(why)) if why.starts_with("status: ")), "{unknown:?}");
    assert!(matches!(node.attachment(&sent.id, 0), Err(CongvanError::Invalid(_))));
    node.shutdown();

    let unasked = Node::start(Options { offline_start: false, ..options(home) }).unwrap();
    let waiting = unasked.wait_writable(Duration::ZERO).unwrap_err();
    assert!(matches!(&waiting, CongvanError::NotYet(why) if why.contains("offline_start")), "{waiting}");
}
