//! The tree over a stored chain is the tree over its entries, whatever happened to them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use congvan_core::merkle::{self, Leaves, TreeHash, leaf_hash};
use congvan_core::*;
use congvan_store::*;

/// The root over the ids that the ledger reads back, made anew.
fn naive(ledger: &Ledger, chain: ChainId, size: usize) -> TreeHash {
    let ids: Vec<_> = ledger.entries(chain, Seq::FIRST).take(size).map(|entry| entry.unwrap().id()).collect();
    assert_eq!(ids.len(), size);
    merkle::root_of(ids.iter().map(leaf_hash))
}

fn root(ledger: &Ledger, chain: ChainId, size: u64) -> TreeHash {
    merkle::root(&ledger.tree(chain), size).unwrap()
}

#[test]
fn roots_and_proofs_are_those_of_the_entries_before_and_after_a_start() {
    let world = World::new();
    let mut home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let entries = world.write(&home, &mut state, THEIRS, notes(1_100));
    let ids: Vec<_> = entries.iter().map(UnverifiedEntry::id).collect();
    home.ingest(theirs, entries).unwrap();
    for _ in 0..2 {
        assert_eq!(home.tree(theirs).size(), 1_100);
        for size in [0, 1, 255, 256, 257, 511, 512, 1_000, 1_100] {
            assert_eq!(root(&home, theirs, size), naive(&home, theirs, size as usize), "{size}");
        }
        for (index, size) in [(0, 1_100), (255, 256), (256, 1_100), (1_099, 1_100), (700, 1_024)] {
            let proof = merkle::inclusion_proof(&home.tree(theirs), index, size).unwrap();
            assert_eq!(proof, merkle::inclusion_proof(&Leaves(&ids), index, size).unwrap());
        }
        let proof = merkle::consistency_proof(&home.tree(theirs), 300, 1_100).unwrap();
        assert_eq!(proof, merkle::consistency_proof(&Leaves(&ids), 300, 1_100).unwrap());
        home.reopen();
    }
    // An audit's copy, which nothing is written to, gives the same.
    let expected = root(&home, theirs, 1_100);
    assert_eq!(root(&Ledger::open_read_only(&home.path()).unwrap(), theirs, 1_100), expected);
}

#[test]
fn an_unknown_chain_has_the_empty_tree() {
    let world = World::new();
    let home = world.ledger();
    let tree = home.tree(ChainId::from_bytes([9; 32]));
    assert_eq!((tree.size(), merkle::root(&tree, 0).unwrap()), (0, merkle::empty_root()));
}

#[test]
fn entries_that_cease_to_stand_take_their_hashes_along() {
    let world = World::new();
    let mut home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let common = world.write(&home, &mut state, THEIRS, notes(500));
    let mut rival_state = state.clone();
    let ours = world.write(&home, &mut state, THEIRS, notes(600));
    let rival = world.write(&home, &mut rival_state, THEIRS, (0..700).map(|n| note(format!("rival {n}"))).collect());
    home.ingest(theirs, common).unwrap();
    home.ingest(theirs, ours).unwrap();
    let before = root(&home, theirs, 1_100);
    let Err(IngestError::Equivocation(proof)) = home.ingest(theirs, rival.clone()) else { panic!("a fork") };
    home.add_proof(&proof).unwrap();
    assert_eq!(home.tree(theirs).size(), 500);
    // The registrar names the other branch: the same sizes, other hashes.
    world.change(&home, RosterAction::Resolve { chain: theirs, stands: rival[0].point() });
    home.ingest(theirs, rival).unwrap();
    for _ in 0..2 {
        for size in [500, 512, 768, 1_024, 1_100, 1_200] {
            assert_eq!(root(&home, theirs, size), naive(&home, theirs, size as usize), "{size}");
        }
        assert_ne!(root(&home, theirs, 1_100), before);
        home.reopen();
    }
}

#[test]
fn checkpoints_and_cosignatures_are_found_by_chain_and_size() {
    let world = World::new();
    let home = world.ledger();
    let (theirs, ours) = (world.chain(THEIRS), world.chain(OURS));
    let key = secret(THEIRS, 0).sign;
    let signed = |size: u64| {
        let checkpoint = Checkpoint { size: seq(size), root: merkle::empty_root() };
        CheckpointPayload::sign(checkpoint, world.network, &code(THEIRS), &key)
    };
    let draft = |kind, payload| Draft { kind, time: Time::from_millis(1), payload };
    let mut state = ChainState::new(theirs);
    let mut drafts = notes(4);
    drafts.push(draft(Kind::CHECKPOINT, signed(2).to_bytes()));
    drafts.push(draft(Kind::CHECKPOINT, signed(4).to_bytes()));
    drafts.push(draft(Kind::CHECKPOINT, vec![1]));
    home.ingest(theirs, world.write(&home, &mut state, THEIRS, drafts)).unwrap();
    let seen = [2, 4].map(|size| {
        let witness = secret(OURS, 0).sign;
        Cosignature::sign(world.network, &code(THEIRS), seq(size + 3), signed(size), 7, &witness)
    });
    let payload = WitnessPayload { seen: Bounded::new(seen.to_vec()).unwrap() }.to_bytes();
    let mut own = ChainState::new(ours);
    home.ingest(ours, world.write(&home, &mut own, OURS, vec![draft(Kind::WITNESS, payload)])).unwrap();

    let marks = |from| -> Vec<_> { home.checkpoints(theirs, seq(from)).map(Result::unwrap).collect() };
    let mark = |size, at| CheckpointMark { size: seq(size), at: seq(at) };
    assert_eq!(marks(1), [mark(2, 5), mark(4, 6)]);
    assert_eq!(marks(3), [mark(4, 6)]);
    assert_eq!(home.last_checkpoint(theirs).unwrap(), Some(mark(4, 6)));
    assert_eq!(home.last_checkpoint(ours).unwrap(), None);
    let cosigned: Vec<_> = home.cosignatures(theirs, seq(3)).map(Result::unwrap).collect();
    assert_eq!(cosigned, [WitnessMark { size: seq(4), witness: ours, at: seq(1) }]);
    assert_eq!(home.cosignatures(theirs, seq(1)).count(), 2);
    assert_eq!(home.cosignatures(ours, seq(1)).count(), 0);
}
