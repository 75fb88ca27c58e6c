//! What becomes of a document, told by two nodes that each have it from the entries alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Network, eventually};
use congvan::certificate::Anchors;
use congvan::core::document::{Reference, Relation};
use congvan::core::keyfile::Keys;
use congvan::core::life::{Breach, Held, Life, Standing};
use congvan::core::status::StatusNote;
use congvan::core::{
    AgencyCode, AgencySecret, ChainId, Draft, EntryRef, Envelope, Kind, Link, StatusCode, StatusCover, StatusPayload,
    Text, Wire, rng,
};
use congvan::setup::{self, Home};
use congvan::store::{HighWater, Ledger};
use congvan::view::DocumentView;
use congvan::{LifeError, Node, Outgoing, SendError, archive, audit};

fn letter(to: &AgencyCode, document_id: &str) -> Outgoing {
    let (number, notation) = (Text::new(document_id).unwrap(), Text::new("CV").unwrap());
    let envelope = Envelope {
        document_id: Text::new(document_id).unwrap(),
        promulgated: Text::new("2026/03/02").unwrap(),
        subject: Text::new(document_id).unwrap(),
        number,
        notation,
        ..Envelope::default()
    };
    Outgoing { to: vec![to.clone()], envelope, ..Outgoing::default() }
}

fn linking(to: &AgencyCode, document_id: &str, relation: Relation, document: EntryRef) -> Outgoing {
    Outgoing { links: vec![Link { relation, document }], ..letter(to, document_id) }
}

async fn say(node: &Node, document: EntryRef, code: StatusCode) -> Result<EntryRef, SendError> {
    node.report(&document.id.to_string(), code, StatusNote::default()).await.map(|receipt| receipt.entry)
}

fn life(node: &Node, document: EntryRef) -> Option<Life> {
    node.life(&document.id.to_string()).ok()
}

fn shown(node: &Node, document: EntryRef) -> DocumentView {
    node.document(&document.id.to_string()).unwrap()
}

/// Both nodes tell the same life, and it has come so far.
async fn agree(a: &Node, b: &Node, document: EntryRef, so_far: impl Fn(&Life) -> bool) -> Life {
    let both = || Some((life(a, document)?, life(b, document)?)).filter(|(a, b)| a == b && so_far(a));
    eventually("both nodes tell the same life", async || both().is_some()).await;
    both().unwrap().0
}

/// Two agencies' nodes.
async fn two(network: &Network) -> (Node, Node) {
    let a = network.start(0, &[]).await;
    let b = network.start(1, &a.listen_addresses().await).await;
    (a, b)
}

/// Sends, and waits until the receiver's node has reported 01.
async fn sent(a: &Node, b: &Node, outgoing: Outgoing) -> EntryRef {
    let document = a.send(outgoing).await.unwrap().entry;
    agree(a, b, document, |life| life.recipients[0].handling == Some(StatusCode::Arrived)).await;
    document
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_reports_an_arrival_by_itself_and_once() {
    let network = Network::new(2);
    let a = network.start(0, &[]).await;
    let quiet = |builder: congvan::node::Builder| builder.report_arrival(false);
    let b = network.start_with(1, &a.listen_addresses().await, quiet).await;
    let first = a.send(letter(&network.codes[1], "1")).await.unwrap().entry;
    eventually("it arrives", async || life(&b, first).is_some()).await;
    b.shutdown().await;
    drop(b);
    // What arrived while it was told to be quiet is reported once it may; then never again.
    let b = network.start(1, &a.listen_addresses().await).await;
    let second = sent(&a, &b, letter(&network.codes[1], "2")).await;
    agree(&a, &b, first, |life| life.history.len() == 1).await;
    b.shutdown().await;
    drop(b);
    let b = network.start(1, &a.listen_addresses().await).await;
    let third = sent(&a, &b, letter(&network.codes[1], "3")).await;
    for document in [first, second, third] {
        assert_eq!(shown(&b, document).history.len(), 1);
        assert_eq!(shown(&b, document).summary.progress[0].status.as_deref(), Some("01"));
    }
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recall_is_asked_refused_asked_again_and_agreed() {
    let network = Network::new(2);
    let (a, b) = two(&network).await;
    let document = sent(&a, &b, letter(&network.codes[1], "1")).await;
    let nothing_asked = say(&b, document, StatusCode::RecallAgreed).await.unwrap_err();
    assert!(nothing_asked.to_string().contains("must name what it answers"), "{nothing_asked}");

    let note = StatusNote { note: Text::new("gửi nhầm").unwrap(), ..StatusNote::default() };
    let ask = a.report(&document.id.to_string(), StatusCode::RecallAsked, note).await.unwrap().entry;
    let asked = agree(&a, &b, document, |life| life.standing == Standing::RecallAsked).await;
    assert_eq!(asked.recipients[0].open, [ask]);
    let seen = shown(&b, document);
    assert_eq!((seen.summary.standing.as_str(), seen.history[1].note.as_str()), ("recall_asked", "gửi nhầm"));
    assert_eq!(seen.summary.progress[0].open, [ask.id.to_string()]);
    assert!(say(&a, document, StatusCode::RecallAsked).await.is_err(), "while it is open");

    let refusal = say(&b, document, StatusCode::RecallRefused).await.unwrap();
    agree(&a, &b, document, |life| life.standing == Standing::InForce).await;
    let again = say(&a, document, StatusCode::RecallAsked).await.unwrap();
    agree(&a, &b, document, |life| life.recipients[0].open == [again]).await;
    let id = document.id.to_string();
    let wrong = b.report_answer(&id, StatusCode::RecallAgreed, Some(&ask.id.to_string()), StatusNote::default()).await;
    let Err(SendError::Life(LifeError::Breach { breach, .. })) = wrong else { panic!("{wrong:?}") };
    assert_eq!(breach, Breach::AnsweredAlready(ask.id));
    say(&b, document, StatusCode::RecallAgreed).await.unwrap();
    let done = agree(&a, &b, document, |life| life.standing == Standing::RecalledByAll).await;
    assert_eq!(done.recipients[0].held, Held::Withdrawn(again));
    assert!(done.history.iter().all(|event| event.breach.is_none()));
    let history = shown(&a, document).history;
    let answers: Vec<_> = history.iter().map(|status| status.answers.clone()).collect();
    let named = |entry: EntryRef| Some(entry.id.to_string());
    assert_eq!(answers, [None, None, named(ask), named(refusal), named(again)]);
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_replacements_and_answers_are_seen_from_both_ends() {
    let network = Network::new(2);
    let (a, b) = two(&network).await;
    let to = &network.codes[1];
    let document = sent(&a, &b, letter(to, "1")).await;
    let update = sent(&a, &b, linking(to, "2", Relation::Updates, document)).await;
    let replacement = sent(&a, &b, linking(to, "3", Relation::Replaces, document)).await;
    agree(&a, &b, document, |life| life.recipients[0].open == [update, replacement]).await;
    let several = say(&b, document, StatusCode::RecallAgreed).await.unwrap_err();
    let SendError::Life(LifeError::SeveralAsked { asked, .. }) = &several else { panic!("{several}") };
    assert_eq!(*asked, [update.id, replacement.id]);
    let id = document.id.to_string();
    for (ask, held) in [(update, Held::Updated(update)), (replacement, Held::Replaced(replacement))] {
        let answers = ask.id.to_string();
        b.report_answer(&id, StatusCode::RecallAgreed, Some(&answers[..10]), StatusNote::default()).await.unwrap();
        agree(&a, &b, document, |life| life.recipients[0].held == held).await;
    }
    let reply = b.send(linking(&network.codes[0], "4", Relation::Answers, document)).await.unwrap().entry;
    let life = agree(&a, &b, document, |life| !life.answered_by.is_empty()).await;
    assert_eq!(life.answered_by, [(to.clone(), reply)]);
    assert_eq!(life.standing, Standing::ReplacedBy(replacement));
    for node in [&a, &b] {
        let view = shown(node, document);
        assert_eq!(view.summary.standing_by, Some(replacement.id.to_string()));
        let by: Vec<_> = view.linked_by.iter().map(|link| (link.relation.as_str(), link.document.clone())).collect();
        let expected = [("updates", update), ("replaces", replacement), ("answers", reply)];
        assert_eq!(by, expected.map(|(relation, entry)| (relation, entry.id.to_string())));
        assert_eq!(shown(node, reply).links[0].document, id);
    }
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_the_rules_is_not_made() {
    let network = Network::new(3);
    let (a, b) = two(&network).await;
    let document = sent(&a, &b, letter(&network.codes[1], "1")).await;
    // Of many that say the same at once, one is heard.
    let says = (0..8).map(|_| {
        let b = b.clone();
        tokio::spawn(async move { say(&b, document, StatusCode::Accepted).await })
    });
    let mut said = 0;
    for done in says.collect::<Vec<_>>() {
        said += usize::from(done.await.unwrap().is_ok());
    }
    assert_eq!(said, 1);
    say(&b, document, StatusCode::Completed).await.unwrap();
    let error = say(&b, document, StatusCode::Refused).await.unwrap_err();
    let SendError::Life(LifeError::Breach { state, breach, possible, .. }) = &error else { panic!("{error}") };
    assert_eq!((*state, possible.as_slice()), (Some(StatusCode::Completed), &[][..]));
    assert_eq!(*breach, Breach::After { state: *state, code: StatusCode::Refused });
    let error = say(&a, document, StatusCode::Accepted).await.unwrap_err();
    assert!(error.to_string().contains("only an addressee") && error.to_string().contains("13"), "{error}");

    for relation in [Relation::Recalls, Relation::Updates, Relation::Replaces] {
        let error = b.send(linking(&network.codes[0], "2", relation, document)).await.unwrap_err();
        let SendError::Life(LifeError::Link { breach, .. }) = &error else { panic!("{error}") };
        assert_eq!(*breach, Breach::ForeignLink);
        // A status is no document that could be linked to.
        let status = a.life(&document.id.to_string()).unwrap().history[0].fact.entry;
        let error = a.send(linking(&network.codes[1], "2", relation, status)).await.unwrap_err();
        assert!(matches!(error, SendError::Life(LifeError::NoTarget { .. })), "{error}");
    }
    assert_eq!(b.outbox(9).unwrap(), []);
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_peer_wrote_without_checking_is_flagged_on_every_node_and_changes_nothing() {
    let network = Network::new(2);
    let (a, b) = two(&network).await;
    let document = sent(&a, &b, letter(&network.codes[1], "1")).await;
    say(&b, document, StatusCode::Completed).await.unwrap();
    b.shutdown().await;
    drop(b);

    // Software that does not know the table writes with B's own key.
    let home = Home::new(network.home(1));
    {
        let Keys::Agency { sign, seals } = setup::read_keys(&home.agency_key(), None).unwrap() else { panic!() };
        let secret = AgencySecret { sign, seal: seals[0].clone() };
        let ledger = Ledger::open(&home.ledger(), Default::default()).unwrap();
        let chain = ChainId::of_agency(ledger.network(), &network.codes[1]);
        let writer = ledger.writer(chain, secret.clone(), HighWater::open(&home.high_water()).unwrap()).unwrap();
        for (code, answers) in
            [(StatusCode::Refused, None), (StatusCode::RecallAgreed, Some(document)), (StatusCode::RecallAsked, None)]
        {
            let cover = StatusCover { document, answers, code, to: network.codes[0].clone() };
            let (seal, mut rng) = (secret.seal.public(), rng::from_os().unwrap());
            let note = StatusNote::default();
            let status = StatusPayload::seal(ledger.network(), chain, cover, seal, seal, note, &mut rng).unwrap();
            let draft = Draft { kind: Kind::STATUS, time: setup::now(), payload: status.to_bytes() };
            writer.append(draft).unwrap();
        }
        writer.close();
    }

    let b = network.start(1, &a.listen_addresses().await).await;
    let told = agree(&a, &b, document, |life| life.history.len() == 5).await;
    let breaches: Vec<_> = told.history.iter().filter_map(|event| event.breach).collect();
    let expected = [
        Breach::After { state: Some(StatusCode::Completed), code: StatusCode::Refused },
        Breach::NotAsked(document.id),
        Breach::NotSender(StatusCode::RecallAsked),
    ];
    assert_eq!(breaches, expected);
    assert_eq!((told.standing, told.recipients[0].handling), (Standing::InForce, Some(StatusCode::Completed)));
    let (at_a, at_b) = (shown(&a, document), shown(&b, document));
    let flags = |view: &DocumentView| view.history.iter().map(|status| status.breach.clone()).collect::<Vec<_>>();
    assert_eq!(flags(&at_a), flags(&at_b));
    assert_eq!(flags(&at_a)[2].as_deref(), Some("02 cannot follow 06 (completed)"));
    assert_eq!(at_a.summary.progress, at_b.summary.progress);
    // An auditor finds the same, and the copy genuine.
    let path = network.dir.path().join("copy.cgva");
    archive::export(a.ledger(), false, std::fs::File::create(&path).unwrap(), &mut |_| {}).unwrap();
    let report = audit::audit_file(&path, &Anchors::none(), &mut |_| {}).unwrap();
    assert!(report.is_genuine(), "{:?}", report.violations);
    let noted: Vec<_> = report.notes.iter().map(|note| note.reason.clone()).collect();
    assert_eq!(noted, expected.map(|breach| breach.english()));
    let first = &report.notes[0];
    assert_eq!(
        (&first.agency, first.number, &first.document),
        (&network.codes[1].to_string(), 3, &document.id.to_string())
    );
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_found_by_what_packets_call_them() {
    let network = Network::new(2);
    let (a, b) = two(&network).await;
    let document = sent(&a, &b, letter(&network.codes[1], "H55,2026/03/02,1/CV")).await;
    for node in [&a, &b] {
        assert_eq!(node.find_by_document_id(" H55,2026/03/02,1/CV").unwrap(), [document]);
        assert_eq!(node.find_by_document_id("H55,2026/03/02,1").unwrap(), []);
    }
    let named = |id: &str, code: &str, date: &str, agency: &str| Reference {
        document_id: Text::new(id).unwrap(),
        code: Text::new(code).unwrap(),
        date: Text::new(date).unwrap(),
        agency: Text::new(agency).unwrap(),
    };
    let code = "H55,2026/03/02,1/CV/CV";
    let sender = network.codes[0].as_str();
    assert_eq!(b.find_by_reference(&named("unknown", code, "2026/03/02", sender)).unwrap(), [document]);
    for other in [named("", code, "2026/03/03", sender), named("", code, "2026/03/02", "H56"), named("", code, "", "")]
    {
        assert_eq!(b.find_by_reference(&other).unwrap(), [], "{other:?}");
    }

    // What a packet refers to becomes links; what it answers and is not here stays text.
    let refers = |relation, id: &str| Outgoing {
        references: vec![(relation, named(id, "", "", ""))],
        ..letter(&network.codes[0], "2")
    };
    let reply = b.send(refers(Relation::Answers, "H55,2026/03/02,1/CV")).await.unwrap().entry;
    b.send(refers(Relation::Answers, "elsewhere")).await.unwrap();
    agree(&a, &b, document, |life| life.answered_by == [(network.codes[1].clone(), reply)]).await;
    // Another's document is not B's to recall, though it is here.
    for id in ["H55,2026/03/02,1/CV", "elsewhere"] {
        let error = b.send(refers(Relation::Recalls, id)).await.unwrap_err();
        assert!(error.to_string().contains(id), "{error}");
    }
    let forced = Outgoing { force: true, ..refers(Relation::Recalls, "elsewhere") };
    let forced = b.send(forced).await.unwrap().entry;
    assert!(shown(&b, forced).links.is_empty());
    let recall = Outgoing { to: vec![network.codes[1].clone()], ..refers(Relation::Recalls, "H55,2026/03/02,1/CV") };
    let recall = a.send(recall).await.unwrap().entry;
    agree(&a, &b, document, |life| life.recipients[0].open == [recall]).await;
    a.shutdown().await;
    b.shutdown().await;
    drop((a, b));

    // The index is there after a restart, without a network.
    let b = Node::builder(network.home(1)).local_only().start().await.unwrap();
    assert_eq!(b.find_by_document_id("H55,2026/03/02,1/CV").unwrap(), [document]);
    b.shutdown().await;
}
