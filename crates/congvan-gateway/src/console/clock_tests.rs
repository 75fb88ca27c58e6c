//! Real ledgers, looked at by clocks that are wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use congvan::core::keyfile::Keys;
use congvan::core::status::StatusNote;
use congvan::core::{AgencySecret, ChainId, Draft, Envelope, Kind, StatusCode, Time};
use congvan::practice::{self, Agency};
use congvan::setup::{self, Home};
use congvan::store::{HighWater, Ledger};
use congvan::{Node, Outgoing, archive};

use super::*;

const MINUTE: u64 = 60_000;

async fn network(dir: &Path) -> Vec<PathBuf> {
    let agency = |n: usize| Agency { code: format!("000.00.{n:02}.H55"), name: format!("Cơ quan {n}") };
    practice::network(dir, "Thái Nguyên", &(0..4).map(agency).collect::<Vec<_>>()).await.unwrap()
}

async fn start(home: &Path) -> Node {
    Node::builder(home).local_only().offline_start(true).start().await.unwrap()
}

fn carry(from: &Ledger, to: &Path) {
    let mut bytes = Vec::new();
    archive::export(from, false, &mut bytes, &mut |_| {}).unwrap();
    let to = Ledger::open(&Home::new(to).ledger(), Default::default()).unwrap();
    archive::import(&to, bytes.as_slice(), &mut |_| {}).unwrap();
}

/// Has the first agency send a document to the next two at a time of our choosing, as with a wrong clock. Returns its id.
async fn sent_at(homes: &[PathBuf], time: Time) -> String {
    // A node stamps its own time: the payload is one that it wrote in a copy of the directory.
    let copy = homes[0].with_extension("copy");
    assert!(std::process::Command::new("cp").arg("-r").arg(&homes[0]).arg(&copy).status().unwrap().success());
    let node = start(&copy).await;
    let to = (1..3).map(|n| format!("000.00.{n:02}.H55").parse().unwrap()).collect();
    let sent = node.send(Outgoing { to, envelope: Envelope::default(), ..Outgoing::default() }).await.unwrap();
    let payload = node.ledger().entry_by_id(sent.entry.id).unwrap().unwrap().payload().unwrap().to_vec();
    let (chain, code) = (node.chain(), node.code());
    node.shutdown().await;
    drop(node);
    let home = Home::new(&homes[0]);
    let ledger = Ledger::open(&home.ledger(), Default::default()).unwrap();
    assert_eq!(chain, ChainId::of_agency(ledger.network(), &code));
    let Keys::Agency { sign, seals } = setup::read_keys(&home.agency_key(), None).unwrap() else { panic!("no keys") };
    let secret = AgencySecret { sign, seal: seals[0].clone() };
    let writer = ledger.writer(chain, secret, HighWater::open(&home.high_water()).unwrap()).unwrap();
    let entry = writer.append(Draft { kind: Kind::DOCUMENT, time, payload }).unwrap();
    writer.close();
    entry.id().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn our_clock_is_wrong_where_several_others_agree_that_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let homes = network(dir.path()).await;
    let now = setup::now();
    let after = |minutes: u64| Time::from_millis(now.as_millis() + minutes * MINUTE);
    let before = |minutes: u64| Time::from_millis(now.as_millis() - minutes * MINUTE);
    let document = sent_at(&homes, after(30)).await;
    // A reader that wrote nothing itself: one agency in the future may be wrong by itself.
    let seen_by_reader = async |when: Time| {
        let reader = start(&homes[3]).await;
        let found = look(&reader, when);
        reader.shutdown().await;
        found
    };
    {
        let sender = Ledger::open(&Home::new(&homes[0]).ledger(), Default::default()).unwrap();
        (1..4).for_each(|n| carry(&sender, &homes[n]));
    }
    assert_eq!(seen_by_reader(before(60)).await, None);

    for n in 1..3 {
        let other = start(&homes[n]).await;
        other.report(&document, StatusCode::Accepted, StatusNote::default()).await.unwrap();
        carry(other.ledger(), &homes[0]);
        carry(other.ledger(), &homes[3]);
        other.shutdown().await;
        drop(other);
        let sender = start(&homes[0]).await;
        let found = look(&sender, after(31));
        match n {
            1 => assert_eq!(found, None, "one other's clock may be behind by itself"),
            _ => assert!(matches!(found, Some(Alarm::ClockAhead { minutes: 28..=30 })), "{found:?}"),
        }
        // By a clock that is right, our own entry is in the future.
        assert!(matches!(look(&sender, now), Some(Alarm::ClockSetBack { minutes: 29..=30 })));
        // Long after, a clock that was put right says nothing of what was.
        assert_eq!(look(&sender, after(120)), None);
        sender.shutdown().await;
    }
    assert_eq!(seen_by_reader(before(5)).await, None, "within the tolerance but for one");
    let found = seen_by_reader(before(60)).await;
    assert!(matches!(found, Some(Alarm::ClockBehind { minutes: 60..=61 })), "{found:?}");
}
