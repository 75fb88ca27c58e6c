//! What is due, overdue and never answered, by a clock that the tests set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Network, eventually};
use congvan::core::document::Relation;
use congvan::core::status::StatusNote;
use congvan::core::{AgencyCode, EntryRef, Envelope, Link, StatusCode, Text, Time};
use congvan::deadline::{Deadlines, DueView, Lateness, Side, Step};
use congvan::{Node, Outgoing};

const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;

fn letter(to: &[AgencyCode], subject: &str, due: &str) -> Outgoing {
    let text = |text: &str| Text::new(text).unwrap();
    let envelope = Envelope { subject: Text::new(subject).unwrap(), due: text(due), ..Envelope::default() };
    Outgoing { to: to.to_vec(), envelope, ..Outgoing::default() }
}

fn listed(node: &Node, side: Side, now: u64) -> Vec<DueView> {
    // Every hour of every day works, so that the day on which the test runs does not matter.
    let deadlines = r#"{"calendar": {
        "working_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "morning": "00:00-12:00", "afternoon": "12:00-23:59"
    }, "soon": "6h"}"#;
    let deadlines: Deadlines = serde_json::from_str(deadlines).unwrap();
    node.due(side, &deadlines, Time::from_millis(now)).unwrap()
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
    let a = network.start(0, &[]).await;
    let b = network.start(1, &a.listen_addresses().await).await;
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
    a.shutdown().await;
    b.shutdown().await;
}
