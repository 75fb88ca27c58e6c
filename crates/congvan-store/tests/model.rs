//! Any sequence of operations leaves what a plain model of it says, reopened or not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;

use common::*;
use congvan_core::*;
use congvan_store::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    /// Our writer appends.
    Append(u8, Option<u8>),
    /// The other agency writes so many more entries; its copy is complete.
    Write(u8),
    /// Up to so many of its entries come in, from so far before the end of ours.
    Receive {
        back: u8,
        count: u8,
    },
    Cursor(u8, u8),
    Local(u8, u8),
    /// The registrar ends the other's chain so many entries before its end.
    Suspend(u8),
    Reinstate,
    Check(u8),
    Compact,
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (any::<u8>(), proptest::option::of(0u8..4)).prop_map(|(text, key)| Op::Append(text, key)),
        3 => (1u8..6).prop_map(Op::Write),
        4 => (0u8..4, 0u8..8).prop_map(|(back, count)| Op::Receive { back, count }),
        1 => (0u8..2, any::<u8>()).prop_map(|(name, number)| Op::Cursor(name, number)),
        1 => (0u8..3, any::<u8>()).prop_map(|(key, value)| Op::Local(key, value)),
        1 => (0u8..4).prop_map(Op::Suspend),
        2 => Just(Op::Reinstate),
        1 => (0u8..9).prop_map(Op::Check),
        1 => Just(Op::Compact),
        2 => Just(Op::Reopen),
    ]
}

#[derive(Default)]
struct Model {
    ours: Vec<Vec<u8>>,
    /// All that the other agency wrote, and how much of it stands here and was ever here.
    theirs: Vec<UnverifiedEntry>,
    standing: usize,
    seen: usize,
    suspended: bool,
    cursors: BTreeMap<String, u64>,
    local: BTreeMap<Vec<u8>, Vec<u8>>,
    keys: BTreeMap<Vec<u8>, EntryRef>,
    fed: usize,
}

fn agree(model: &Model, world: &World, home: &Home) {
    let (ours, theirs) = (world.chain(OURS), world.chain(THEIRS));
    assert_eq!(contents(home, ours), model.ours);
    let standing: Vec<_> = model.theirs[..model.standing].iter().map(|e| e.bytes().to_vec()).collect();
    assert_eq!(contents(home, theirs), standing);
    assert_eq!(home.status(theirs).head, model.standing.checked_sub(1).map(|last| model.theirs[last].point()));
    assert_eq!(home.cursors().unwrap().into_iter().collect::<BTreeMap<_, _>>(), model.cursors);
    for (key, value) in &model.local {
        assert_eq!(home.get_local(key).unwrap().as_ref(), Some(value));
    }
    for (key, entry) in &model.keys {
        assert_eq!(home.get_local_entry(key).unwrap(), Some(*entry));
    }
    for (at, entry) in model.theirs.iter().enumerate() {
        assert_eq!(home.entry_by_id(entry.id()).unwrap().is_some(), at < model.standing);
    }
    assert_eq!(home.by_addressee(&code(OURS)).count(), model.standing.div_ceil(2));
    let feed = home.feed(0, usize::MAX).unwrap();
    assert_eq!(feed.len(), model.fed);
    assert!(feed.iter().zip(1..).all(|(item, number)| item.number == number));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_ledger_does_what_the_model_does(ops in prop::collection::vec(op(), 1..40)) {
        let world = World::new();
        let mut home = world.ledger();
        let (ours, theirs) = (world.chain(OURS), world.chain(THEIRS));
        let mut model = Model { fed: 2, ..Model::default() };
        let mut state = ChainState::new(theirs);
        let before = world.ledger();
        let mut writer = Some(home.writer(ours, secret(OURS, 0), home.mark()).unwrap());
        for op in ops {
            match op {
                Op::Append(text, key) => {
                    let (answer, answered) = std::sync::mpsc::channel();
                    let key = key.map(|key| vec![b'k', key]);
                    let local = key.iter().cloned().map(LocalPut::Entry).collect();
                    let done = Box::new(move |done| answer.send(done).unwrap());
                    writer.as_ref().unwrap().append_then(note(vec![text; 3]), local, done);
                    let entry = answered.recv().unwrap().unwrap();
                    model.ours.push(entry.bytes().to_vec());
                    model.keys.extend(key.map(|key| (key, entry.reference())));
                    model.fed += 1;
                }
                Op::Write(count) => {
                    for _ in 0..count {
                        // Every second entry is a document to us.
                        let draft = match model.theirs.len() % 2 {
                            0 => world.document(THEIRS, &[OURS], model.theirs.len() as u64),
                            _ => note("theirs"),
                        };
                        // By the policy before any suspension: what the agency wrote, it wrote.
                        model.theirs.extend(world.write(&before, &mut state, THEIRS, vec![draft]));
                    }
                }
                Op::Receive { back, count } => {
                    let from = model.standing.saturating_sub(back.into());
                    let to = (from + usize::from(count)).min(model.theirs.len()).max(from);
                    let done = home.ingest(theirs, model.theirs[from..to].to_vec());
                    let new = to.saturating_sub(model.standing);
                    match model.suspended && new > 0 {
                        true => prop_assert!(done.is_err()),
                        false => {
                            prop_assert_eq!(done.unwrap().entries.len(), new);
                            model.fed += (model.standing..model.standing + new).filter(|at| at % 2 == 0).count();
                            model.standing += new;
                            model.seen = model.seen.max(model.standing);
                        }
                    }
                }
                Op::Cursor(name, number) => {
                    let name = format!("c{name}");
                    home.set_cursor(&name, number.into()).unwrap();
                    if number > 0 {
                        let cursor = model.cursors.entry(name).or_default();
                        *cursor = (*cursor).max(number.into());
                    }
                }
                Op::Local(key, value) => {
                    home.put_local(&[key], &[value]).unwrap();
                    model.local.insert(vec![key], vec![value]);
                }
                Op::Suspend(back) => {
                    let keep = model.standing.saturating_sub(back.into());
                    let last = keep.checked_sub(1).map(|last| model.theirs[last].point());
                    world.change(&home, RosterAction::Suspend { chain: theirs, last });
                    model.standing = keep;
                    model.suspended = true;
                    model.fed += 1;
                }
                Op::Reinstate if model.suspended => {
                    world.change(&home, RosterAction::Reinstate { chain: theirs });
                    model.suspended = false;
                    // What was set aside is back, and comes up in the feed again.
                    model.fed += 1 + (model.standing..model.seen).filter(|at| at % 2 == 0).count();
                    model.standing = model.seen;
                }
                Op::Reinstate => {}
                Op::Check(count) => {
                    let done = home.verify_pending(count.into()).unwrap();
                    prop_assert!(done.bad.is_empty());
                    prop_assert!(home.status(theirs).verified_through <= model.standing as u64);
                }
                Op::Compact => home.compact().unwrap(),
                Op::Reopen => {
                    writer.take().unwrap().close();
                    home.reopen();
                    writer = Some(home.writer(ours, secret(OURS, 0), home.mark()).unwrap());
                }
            }
            agree(&model, &world, &home);
        }
    }
}
