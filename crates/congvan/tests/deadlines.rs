//! What is due, overdue and never answered, by a clock that the tests set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Network, eventually};
use congvan::core::document::Relation;
use congvan::core::status::StatusNote;
use congvan::core::{AgencyCode, EntryRef, Envelope, Link, RosterAction, StatusCode, Text, Time};
use congvan::deadline::{Deadlines, DueView, Lateness, Side, Step};
use congvan::{Node, Outgoing};

const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;

fn letter(to: &[AgencyCode], subject: &str, due: &str) -> Outgoing {
    let text = |text: &str| Text::new(text).unwrap();
    let envelope = Envelope { subject: Text::new(subject).unwrap(), due: text(due), ..Envelope::default() };
    Outgoing { to: to.to_vec(), envelope, ..Outgoing::default() }
}

/// Every hour of every day works, so that the day on which the test runs does not matter.
fn deadlines() -> Deadlines {
    let deadlines = r#"{"calendar": {
        "working_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "morning": "00:00-12:00", "afternoon": "12:00-23:59"
    }, "soon": "6h"}"#;
    serde_json::from_str(deadlines).unwrap()
}

async fn start(network: &Network, n: usize, peers: &[String]) -> Node {
    network.start_with(n, peers, |builder| builder.deadlines(deadlines())).await
}

/// What the lives of all documents say; what the node keeps for quick answers must be that.
fn listed(node: &Node, side: Side, now: u64) -> Vec<DueView> {
    let now = Time::from_millis(now);
    let late = |lateness, limit| node.late(side, lateness, now, limit).unwrap();
    let kinds = [Lateness::Overdue, Lateness::Soon, Lateness::Unanswered, Lateness::DateUnreadable];
    loop {
        let all = node.due(side, &deadlines(), now).unwrap();
        let (kept, first, of_later) = (late(None, usize::MAX), late(None, 1), late(Some(Lateness::Later), usize::MAX));
        let by = node.late_by(&deadlines(), side, None, now, usize::MAX).unwrap();
        let only = kinds.map(|lateness| late(Some(lateness), usize::MAX).listed);
        // Others report meanwhile; only what was asked of one and the same ledger can be compared.
        if node.due(side, &deadlines(), now).unwrap() != all {
            continue;
        }
        let (later, due): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|due| due.lateness == Lateness::Later);
        assert_eq!((&kept.listed, kept.more, kept.later), (&due, 0, later.len() as u64));
        assert_eq!((of_later.listed, by), (later, kept));
        assert_eq!(first.listed, due[..due.len().min(1)]);
        assert_eq!(first.more, due.len().saturating_sub(1) as u64);
        for (lateness, only) in kinds.into_iter().zip(only) {
            let expected: Vec<_> = due.iter().filter(|due| due.lateness == lateness).cloned().collect();
            assert_eq!(only, expected);
        }
        return all;
    }
}

fn of(listed: &[DueView], document: EntryRef) -> Vec<(Step, Lateness)> {
    let id = document.id.to_string();
    listed.iter().filter(|due| due.document == id).map(|due| (due.step, due.lateness)).collect()
}

async fn say(node: &Node, document: EntryRef, code: StatusCode) {
    node.report(&document.id.to_string(), code, StatusNote::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_see_what_is_due_and_what_was_never_answered() {
    let network = Network::new(3);
    let a = start(&network, 0, &[]).await;
    let b = start(&network, 1, &a.listen_addresses().await).await;
    let to = &network.codes[1..];
    let proposal = a.send(letter(&to[..1], "kiến nghị", "")).await.unwrap().entry;
    let dated = a.send(letter(&to[..1], "có hạn", "2099/01/01")).await.unwrap().entry;
    let faulty = a.send(letter(&to[..1], "hạn sai", "2015/02/30")).await.unwrap().entry;
    let both = a.send(letter(to, "hai nơi", "")).await.unwrap().entry;
    let arrived = |document: EntryRef| b.life(&document.id.to_string()).is_ok_and(|life| !life.history.is_empty());
    eventually("all arrive", async || [proposal, dated, faulty, both].into_iter().all(arrived)).await;
    let sent = a.document(&proposal.id.to_string()).unwrap().summary.time;

    // At once: half a day is left for accepting; nothing is soon.
    let receive = |lateness| (Step::Receive, lateness);
    let now = listed(&b, Side::Received, sent);
    assert_eq!(of(&now, proposal), [receive(Lateness::Later)]);
    assert_eq!(of(&now, dated), [receive(Lateness::Later), (Step::Complete, Lateness::Later)]);
    // What nobody can read stands first, and stops nothing.
    assert_eq!(of(&now, faulty), [(Step::Complete, Lateness::DateUnreadable), receive(Lateness::Later)]);
    assert_eq!(of(&listed(&b, Side::Received, sent + 8 * HOUR), proposal), [receive(Lateness::Soon)]);
    assert_eq!(of(&listed(&b, Side::Received, sent + 13 * HOUR), proposal), [receive(Lateness::Overdue)]);

    // Long after: the sender sees what never was answered, of each addressee.
    let late = sent + 11 * DAY;
    let unanswered = (Step::Answer, Lateness::Unanswered);
    let owed = listed(&a, Side::Sent, late);
    assert_eq!(of(&owed, proposal), [receive(Lateness::Overdue), unanswered]);
    let of_both: Vec<_> = owed.iter().filter(|due| due.document == both.id.to_string()).map(|due| &due.by).collect();
    assert_eq!(of_both, [to[0].as_str(), to[1].as_str(), to[0].as_str(), to[1].as_str()]);
    assert!(of(&owed, dated).iter().all(|due| *due != unanswered), "its date is far away");
    assert!(listed(&b, Side::Sent, late).is_empty());
    assert!(listed(&b, Side::Received, late).iter().all(|due| due.step != Step::Answer));

    // Accepting, completing and answering each settle their part.
    say(&b, proposal, StatusCode::Accepted).await;
    assert_eq!(of(&listed(&b, Side::Received, late), proposal), []);
    let link = Link { relation: Relation::Answers, document: proposal };
    b.send(Outgoing { links: vec![link], ..letter(&network.codes[..1], "trả lời", "") }).await.unwrap();
    say(&b, faulty, StatusCode::Refused).await;
    say(&b, both, StatusCode::Completed).await;
    eventually("the sender learns it", async || {
        let owed = listed(&a, Side::Sent, late);
        of(&owed, proposal).is_empty() && of(&owed, faulty).is_empty() && of(&owed, both).len() == 2
    })
    .await;
    // What was sent longer ago than one looks back is not listed, whatever it is.
    assert!(listed(&a, Side::Sent, sent + 400 * DAY).is_empty());
    // A clock that was ahead by years, and is right again, loses nothing.
    assert_eq!(of(&listed(&a, Side::Sent, late), both).len(), 2);
    a.shutdown().await;
    b.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_back_or_no_longer_trusted_is_due_as_its_life_says() {
    let network = Network::new(3);
    let a = start(&network, 0, &[]).await;
    let b = start(&network, 1, &a.listen_addresses().await).await;
    let c = start(&network, 2, &a.listen_addresses().await).await;
    let to = &network.codes[1..];
    let old = a.send(letter(to, "bản cũ", "")).await.unwrap().entry;
    let arrived = |node: &Node| node.life(&old.id.to_string()).is_ok_and(|life| !life.history.is_empty());
    eventually("it arrives", async || arrived(&b) && arrived(&c)).await;
    let now = a.document(&old.id.to_string()).unwrap().summary.time + 13 * HOUR;
    assert_eq!(of(&listed(&c, Side::Received, now), old), [(Step::Receive, Lateness::Overdue)]);
    // Replaced by one that does not go to C, who is not told of it: its list says the same as its ledger.
    let link = Link { relation: Relation::Replaces, document: old };
    let new = a.send(Outgoing { links: vec![link], ..letter(&to[..1], "bản mới", "") }).await.unwrap().entry;
    eventually("C has the replacement", async || c.ledger().entry_by_id(new.id).unwrap().is_some()).await;
    assert!(node_lists(&c, now).is_empty());
    assert!(of(&listed(&b, Side::Received, now), old).is_empty());
    assert!(of(&listed(&a, Side::Sent, now), old).is_empty());
    // What B said counts no more once the registrar ends its chain before it.
    say(&b, new, StatusCode::Completed).await;
    eventually("A learns it", async || of(&listed(&a, Side::Sent, now), new).is_empty()).await;
    let chain = b.chain();
    network.desk.change(RosterAction::Suspend { chain, last: None }).unwrap();
    network.share_roster(a.ledger());
    assert_eq!(of(&listed(&a, Side::Sent, now), new), [(Step::Receive, Lateness::Overdue)]);
    for node in [a, b, c] {
        node.shutdown().await;
    }
}

/// What a list shows: what of it is settled, though the node was not told, is not shown.
fn node_lists(node: &Node, now: u64) -> Vec<DueView> {
    node.late(Side::Received, None, Time::from_millis(now), 10).unwrap().listed
}
