//! The index of the catalogue goes with its entries: in with them, out with them, back with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use congvan_core::catalogue::{Act, Retirement, Title};
use congvan_core::*;
use congvan_store::*;

fn draft(change: ProcedureChange) -> Draft {
    let payload = ProcedurePayload::new(change).unwrap().to_bytes();
    Draft { kind: Kind::PROCEDURE, time: Time::from_millis(7), payload }
}

fn procedure(code: &str) -> Procedure {
    Procedure::new(code.parse().unwrap(), Title::new(code).unwrap())
}

fn retire(code: &str) -> Draft {
    draft(ProcedureChange::Retire(Retirement { code: code.parse().unwrap(), reason: Text::default(), from: None }))
}

fn indexed(ledger: &Ledger, chain: ChainId) -> Vec<(String, u64, Act)> {
    let marks = ledger.procedures(chain, None).map(|mark| mark.unwrap());
    marks.map(|mark| (mark.code.to_string(), mark.seq.get(), mark.act)).collect()
}

/// Codes of which one begins as another does, a note between, and one that no software reads.
fn story() -> Vec<Draft> {
    vec![
        draft(ProcedureChange::Publish(procedure("1.10"))),
        draft(ProcedureChange::Publish(procedure("1.1"))),
        note("between"),
        draft(ProcedureChange::Amend(procedure("1.1"))),
        Draft { payload: vec![9], ..draft(ProcedureChange::Publish(procedure("x"))) },
        retire("1.10"),
    ]
}

fn all() -> Vec<(String, u64, Act)> {
    [("1.1", 2, Act::Publish), ("1.1", 4, Act::Amend), ("1.10", 1, Act::Publish), ("1.10", 6, Act::Retire)]
        .map(|(code, seq, act)| (code.to_owned(), seq, act))
        .to_vec()
}

#[test]
fn what_ceases_to_stand_leaves_the_index_and_comes_back_with_its_entry() {
    let world = World::new();
    let mut home = world.ledger();
    let theirs = world.chain(THEIRS);
    let entries = world.write(&home, &mut ChainState::new(theirs), THEIRS, story());
    let keep = entries[2].point();
    home.ingest(theirs, entries).unwrap();
    assert_eq!(indexed(&home, theirs), all());
    assert_eq!(home.publishers().unwrap(), [theirs]);
    let one: Vec<_> =
        home.procedures(theirs, Some(&"1.1".parse().unwrap())).map(|mark| mark.unwrap().seq.get()).collect();
    assert_eq!(one, [2, 4]);
    // Everybody is told of the catalogue, and of what cannot be read in it.
    let fed = home.feed(0, 100).unwrap().iter().filter(|item| item.kind == Kind::PROCEDURE).count();
    assert_eq!(fed, 5);

    world.change(&home, RosterAction::Suspend { chain: theirs, last: Some(keep) });
    let kept: Vec<_> = all().into_iter().filter(|(_, seq, _)| *seq <= 3).collect();
    assert_eq!(indexed(&home, theirs), kept);
    home.reopen();
    assert_eq!(indexed(&home, theirs), kept);
    world.change(&home, RosterAction::Reinstate { chain: theirs });
    assert_eq!(indexed(&home, theirs), all());
}

#[test]
fn what_is_in_quarantine_is_not_listed() {
    let world = World::new();
    let home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let first = world.write(&home, &mut state, THEIRS, story());
    let mut forked = ChainState::new(theirs);
    let mut rival = story();
    rival[3] = note("another");
    let second = world.write(&home, &mut forked, THEIRS, rival);
    let proof = EquivocationProof::new(&first[3], &second[3]).unwrap();
    home.ingest(theirs, first.clone()).unwrap();
    home.add_proof(&proof).unwrap();
    let before: Vec<_> = all().into_iter().filter(|(_, seq, _)| *seq <= 3).collect();
    assert_eq!(indexed(&home, theirs), before);
    world.change(&home, RosterAction::Resolve { chain: theirs, stands: first[3].point() });
    assert_eq!(indexed(&home, theirs), all());
}

#[test]
fn an_own_entry_is_indexed_with_its_append() {
    let world = World::new();
    let home = world.ledger();
    let ours = world.chain(OURS);
    let writer = home.writer(ours, secret(OURS, 0), home.mark()).unwrap();
    writer.append(draft(ProcedureChange::Publish(procedure("2.1")))).unwrap();
    assert_eq!(indexed(&home, ours), [("2.1".to_owned(), 1, Act::Publish)]);
    assert_eq!(home.publishers().unwrap(), [ours]);
    writer.close();
}
