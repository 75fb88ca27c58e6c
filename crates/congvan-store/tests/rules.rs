//! What stands: the roster's word, forks, bad signatures, and taking back what was set aside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use congvan_core::chain::{Fault, KeyRotation};
use congvan_core::entry::{SIGNED_LEN, VERSION};
use congvan_core::*;
use congvan_store::*;

fn head(ledger: &Ledger, chain: ChainId) -> u64 {
    ledger.status(chain).head.map_or(0, |head| head.seq.get())
}

/// A ledger with six notes of the other agency.
fn six(world: &World) -> (Home, ChainId, Vec<UnverifiedEntry>) {
    let (home, theirs) = (world.ledger(), world.chain(THEIRS));
    let entries = world.write(&home, &mut ChainState::new(theirs), THEIRS, notes(6));
    home.ingest(theirs, entries.clone()).unwrap();
    (home, theirs, entries)
}

#[test]
fn known_entries_are_passed_over_and_gaps_named() {
    let world = World::new();
    let (home, theirs, entries) = six(&world);
    assert!(home.ingest(theirs, entries[1..3].to_vec()).unwrap().entries.is_empty());
    assert!(home.ingest(theirs, vec![]).unwrap().entries.is_empty());
    let fresh = world.ledger();
    let gap = fresh.ingest(theirs, entries[2..].to_vec());
    assert!(matches!(gap, Err(IngestError::Gap { first, due }) if first == seq(3) && due == seq(1)), "{gap:?}");
    fresh.ingest(theirs, entries[..3].to_vec()).unwrap();
    assert_eq!(fresh.ingest(theirs, entries[1..].to_vec()).unwrap().entries.len(), 3);
    assert_eq!(contents(&fresh, theirs), contents(&home, theirs));
    let unknown = world.chain("H55.99");
    assert!(matches!(fresh.ingest(unknown, entries), Err(IngestError::UnknownChain(_))));
}

#[test]
fn what_breaks_a_rule_leaves_nothing_behind() {
    let world = World::new();
    let (home, theirs, entries) = six(&world);
    let fresh = world.ledger();
    let mut forged = entries.clone();
    let mut bytes = forged[5].bytes().to_vec();
    bytes[SIGNED_LEN - 1] ^= 1;
    forged[5] = again(&bytes);
    let refused = fresh.ingest(theirs, forged.clone());
    assert!(matches!(&refused, Err(IngestError::Chain(e)) if e.fault == Fault::Signature), "{refused:?}");
    assert_eq!(fresh.status(theirs), ChainStatus::default());
    assert!(contents(&fresh, theirs).is_empty());
    // A forged twin of a stored entry proves nothing against its agency.
    let refused = home.ingest(theirs, forged[5..].to_vec());
    assert!(matches!(&refused, Err(IngestError::Chain(e)) if e.fault == Fault::Signature), "{refused:?}");
    assert_eq!(home.status(theirs).quarantined, None);
}

#[test]
fn suspension_sets_aside_and_reinstatement_takes_back() {
    let world = World::new();
    let (mut home, theirs, entries) = six(&world);
    world.change(&home, RosterAction::Suspend { chain: theirs, last: Some(entries[3].point()) });
    for _ in 0..2 {
        assert_eq!(head(&home, theirs), 4);
        assert_eq!(contents(&home, theirs).len(), 4);
        assert!(home.entry_by_id(entries[5].id()).unwrap().is_none());
        assert_eq!(home.set_aside(theirs).unwrap(), entries[4..].to_vec());
        let refused = home.ingest(theirs, entries[4..].to_vec());
        assert!(matches!(&refused, Err(IngestError::Chain(e)) if e.fault == Fault::Limit(4)), "{refused:?}");
        home.reopen();
    }
    world.change(&home, RosterAction::Reinstate { chain: theirs });
    for _ in 0..2 {
        assert_eq!(contents(&home, theirs), entries.iter().map(|e| e.bytes().to_vec()).collect::<Vec<_>>());
        assert!(home.entry_by_id(entries[5].id()).unwrap().is_some());
        assert!(home.set_aside(theirs).unwrap().is_empty());
        home.reopen();
    }
}

#[test]
fn what_is_said_of_a_document_is_forgotten_and_remembered_with_its_entries() {
    let world = World::new();
    let mut home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let mut entries = world.write(&home, &mut state, THEIRS, vec![world.document(THEIRS, &[OURS], 1)]);
    let document = entries[0].reference();
    let link = Link { relation: Relation::Updates, document };
    let drafts = vec![world.linking(THEIRS, &[OURS], vec![link], 2), world.status(THEIRS, document, OURS)];
    entries.extend(world.write(&home, &mut state, THEIRS, drafts));
    home.ingest(theirs, entries.clone()).unwrap();
    let about = |home: &Home| -> Vec<_> { home.by_document(document.id).map(Result::unwrap).collect() };
    let all = vec![entries[1].reference(), entries[2].reference()];
    assert_eq!(about(&home), all);
    world.change(&home, RosterAction::Suspend { chain: theirs, last: Some(entries[0].point()) });
    assert_eq!(about(&home), []);
    home.reopen();
    assert_eq!(about(&home), []);
    world.change(&home, RosterAction::Reinstate { chain: theirs });
    assert_eq!(about(&home), all);
}

#[test]
fn new_keys_by_the_registrar_void_what_the_old_one_signed_after() {
    let world = World::new();
    let (mut home, theirs, entries) = six(&world);
    let next = secret(THEIRS, 1);
    let rotate = RosterAction::Rotate {
        chain: theirs,
        after: Some(entries[1].point()),
        keys: next.public(),
        possession: next.prove_possession(world.network, theirs),
    };
    world.change(&home, rotate);
    assert_eq!(head(&home, theirs), 2);
    assert_eq!(home.set_aside(theirs).unwrap().len(), 4);
    let mut state = home.state(theirs);
    let policy = home.roster().policy(theirs).unwrap();
    let third = state.append(world.network, &policy, note("new key"), &next).unwrap();
    home.ingest(theirs, vec![again(third.bytes())]).unwrap();
    home.reopen();
    assert_eq!(home.state(theirs), state);
    assert!(home.entry(theirs, seq(3)).unwrap().unwrap().verify().is_ok());
}

#[test]
fn a_fork_is_proved_quarantined_and_resolved() {
    let world = World::new();
    let (mut home, theirs, entries) = six(&world);
    // The rival branch leaves the chain after number 3.
    let mut state = ChainState::new(theirs);
    let mut rival = world.write(&home, &mut state, THEIRS, notes(3));
    rival.extend(world.write(&home, &mut state, THEIRS, vec![note("rival 4"), note("rival 5")]));
    let Err(IngestError::Equivocation(proof)) = home.ingest(theirs, rival.clone()) else { panic!("a fork") };
    assert_eq!(proof.seq(), seq(4));
    assert!(home.add_proof(&proof).unwrap() && !home.add_proof(&proof).unwrap());
    let forked = Some(Quarantine { from: seq(4), reason: Reason::Equivocation });
    for _ in 0..2 {
        let status = home.status(theirs);
        assert_eq!((status.head, status.quarantined), (Some(entries[2].point()), forked));
        assert_eq!(home.proof(theirs).as_ref(), Some(&*proof));
        assert_eq!(home.range(theirs, seq(1), usize::MAX, 99).unwrap().len(), 3);
        assert_eq!(contents(&home, theirs).len(), 6, "what came after stays as evidence");
        let refused = home.ingest(theirs, rival[3..].to_vec());
        assert!(matches!(refused, Err(IngestError::Quarantined(from)) if from == seq(4)), "{refused:?}");
        home.reopen();
    }
    // The registrar names the branch that this node did not have.
    world.change(&home, RosterAction::Resolve { chain: theirs, stands: rival[3].point() });
    assert_eq!((head(&home, theirs), home.status(theirs).quarantined), (3, None));
    assert_eq!(home.set_aside(theirs).unwrap(), entries[3..].to_vec());
    let refused = home.ingest(theirs, entries[3..].to_vec());
    assert!(matches!(&refused, Err(IngestError::Chain(e)) if e.fault == Fault::Pinned), "{refused:?}");
    home.ingest(theirs, rival.clone()).unwrap();
    home.reopen();
    assert_eq!(home.status(theirs).head, Some(rival[4].point()));
    assert_eq!(home.proofs(), vec![*proof], "evidence stays");
}

#[test]
fn a_proof_before_its_number_waits_and_one_for_the_next_stops_the_chain() {
    let world = World::new();
    let (home, theirs, entries) = six(&world);
    let mut other = ChainState::new(theirs);
    let mut rival = world.write(&home, &mut other, THEIRS, notes(3));
    rival.extend(world.write(&home, &mut other, THEIRS, vec![note("rival")]));
    let proof = EquivocationProof::new(&entries[3], &rival[3]).unwrap();
    let late = world.ledger();
    late.ingest(theirs, entries[..2].to_vec()).unwrap();
    assert!(matches!(late.add_proof(&proof), Err(IngestError::Gap { due, .. }) if due == seq(3)));
    late.ingest(theirs, entries[2..3].to_vec()).unwrap();
    assert!(late.add_proof(&proof).unwrap());
    assert!(matches!(late.ingest(theirs, entries[3..].to_vec()), Err(IngestError::Quarantined(_))));
    assert_eq!(late.status(theirs).head, Some(entries[2].point()));
    home.add_proof(&proof).unwrap();
    assert_eq!(home.status(theirs).head, late.status(theirs).head);
    assert_eq!(home.status(theirs).quarantined, late.status(theirs).quarantined);
}

/// Six linked entries, of which the fourth has a bad signature of its own.
fn with_a_bad_fourth(world: &World, theirs: ChainId, fourth: Draft) -> Vec<UnverifiedEntry> {
    let key = secret(THEIRS, 0).sign;
    let mut prev = Header::NO_PREVIOUS;
    let entry = |n: u64| {
        let draft = if n == 4 { fourth.clone() } else { note(format!("note {n}")) };
        let header = Header {
            version: VERSION,
            network: world.network,
            chain: theirs,
            seq: seq(n),
            prev,
            time: draft.time,
            kind: draft.kind,
            signer: key.public().id(),
            payload_digest: Header::digest(&draft.payload),
            payload_len: draft.payload.len() as u32,
        }
        .to_bytes();
        let message = [domain::SIGN_ENTRY, &header].concat();
        let mut signature = key.sign(&message).0;
        signature[0] ^= u8::from(n == 4);
        let entry = again(&[header, signature.to_vec(), draft.payload].concat());
        prev = entry.id();
        entry
    };
    (1..=6).map(entry).collect()
}

#[test]
fn the_check_behind_finds_a_bad_signature_and_quarantines_from_it() {
    let world = World::new();
    let (mut home, theirs) = (world.ledger(), world.chain(THEIRS));
    let entries = with_a_bad_fourth(&world, theirs, note("bad"));
    home.ingest(theirs, entries.clone()).unwrap();
    assert_eq!(home.status(theirs).head, Some(entries[5].point()));
    assert_eq!(home.status(theirs).verified_through, 0);
    let done = home.verify_pending(2).unwrap();
    assert_eq!((done.checked, done.remaining, done.bad.len()), (2, 4, 0));
    assert_eq!(home.status(theirs).verified_through, 2);
    let done = home.verify_pending(100).unwrap();
    assert_eq!((done.remaining, done.bad), (0, vec![(theirs, seq(4))]));
    for _ in 0..2 {
        let status = home.status(theirs);
        assert_eq!(status.quarantined, Some(Quarantine { from: seq(4), reason: Reason::BadSignature }));
        assert_eq!((status.head, status.verified_through), (Some(entries[2].point()), 3));
        assert_eq!(home.verify_pending(100).unwrap(), Verified::default());
        home.reopen();
    }
    // What others need to find the same: the bad entry and what is signed over it.
    assert!(home.range(theirs, seq(4), usize::MAX, 99).unwrap().is_empty());
    let evidence = home.evidence(theirs, seq(4), usize::MAX, 99).unwrap();
    assert_eq!(
        evidence.iter().map(|e| &**e).collect::<Vec<_>>(),
        entries[3..].iter().map(|e| e.bytes()).collect::<Vec<_>>()
    );
    assert!(home.evidence(theirs, seq(3), usize::MAX, 99).unwrap().is_empty());
}

#[test]
fn what_concerns_us_is_checked_before_it_enters_the_feed() {
    let world = World::new();
    let (home, theirs) = (world.ledger(), world.chain(THEIRS));
    let before = home.feed_head();
    let entries = with_a_bad_fourth(&world, theirs, world.document(THEIRS, &[OURS], 1));
    home.ingest(theirs, entries.clone()).unwrap();
    assert_eq!(home.feed_head(), before);
    let status = home.status(theirs);
    assert_eq!(status.quarantined, Some(Quarantine { from: seq(4), reason: Reason::BadSignature }));
    assert_eq!(status.head, Some(entries[2].point()));
}

#[test]
fn the_writer_follows_the_roster_and_its_own_rotation() {
    let world = World::new();
    let home = world.ledger();
    let ours = world.chain(OURS);
    let writer = home.writer(ours, secret(OURS, 0), home.mark()).unwrap();
    let taken = home.writer(ours, secret(OURS, 0), home.mark());
    assert!(matches!(taken, Err(WriterError::Taken(_))), "{taken:?}");
    let first = writer.append(note("one")).unwrap();
    writer.append(note("two")).unwrap();
    world.change(&home, RosterAction::Suspend { chain: ours, last: Some(first.point()) });
    let refused = writer.append(note("three"));
    assert!(matches!(&refused, Err(AppendError::Chain(e)) if e.fault == Fault::Limit(1)), "{refused:?}");
    world.change(&home, RosterAction::Reinstate { chain: ours });
    assert_eq!(writer.append(note("three")).unwrap().seq(), seq(3), "number 2 was taken back, and is not used again");

    let next = secret(OURS, 1);
    let payload = KeyRotation::to(&next, world.network, ours).to_bytes();
    writer.append(Draft { kind: Kind::ROTATION, time: Time::from_millis(1), payload }).unwrap();
    let refused = writer.append(note("old key"));
    assert!(matches!(&refused, Err(AppendError::Chain(e)) if e.fault == Fault::NotOurKey), "{refused:?}");
    let clone = writer.clone();
    writer.close();
    assert!(matches!(clone.append(note("closed")), Err(AppendError::Closed)));
    let writer = home.writer(ours, next, home.mark()).unwrap();
    assert_eq!(writer.append(note("new key")).unwrap().seq(), seq(5));
    assert_eq!(home.status(ours).verified_through, 5);
}

#[test]
fn a_quarantined_writer_stops() {
    let world = World::new();
    let home = world.ledger();
    let ours = world.chain(OURS);
    let writer = home.writer(ours, secret(OURS, 0), home.mark()).unwrap();
    let mine = writer.append(note("mine")).unwrap();
    let twin = world.write(&home, &mut ChainState::new(ours), OURS, vec![note("a clone's")]);
    home.add_proof(&EquivocationProof::new(&again(mine.bytes()), &twin[0]).unwrap()).unwrap();
    assert!(matches!(writer.append(note("more")), Err(AppendError::Quarantined(from)) if from == seq(1)));
    writer.close();
    let refused = home.writer(ours, secret(OURS, 0), home.mark());
    assert!(matches!(refused, Err(WriterError::Quarantined(_))), "{refused:?}");
}

#[test]
fn a_forked_roster_takes_no_more_changes() {
    let world = World::new();
    let home = world.ledger();
    let twin = world.ledger();
    let roster = home.roster().chain();
    world.change(&home, world.admit("H55.02"));
    world.change(&twin, world.admit("H55.03"));
    let rival: Vec<_> = contents(&twin, roster).iter().map(|bytes| again(bytes)).collect();
    let Err(IngestError::Equivocation(proof)) = home.ingest(roster, rival) else { panic!("a fork") };
    assert!(home.add_proof(&proof).unwrap());
    let change = home.roster().propose(world.admit("H55.04"), Time::from_millis(1), &[&world.registrar]).unwrap();
    let refused = home.ingest(roster, vec![again(change.entry().bytes())]);
    assert!(matches!(refused, Err(IngestError::Quarantined(from)) if from == seq(3)), "{refused:?}");
    assert_eq!(home.status(roster).head, home.roster().head());
    // Whoever hears of the fork first still takes what came before it, and no more.
    let dir = tempfile::tempdir().unwrap();
    let late = Ledger::create(&dir.path().join("ledger"), &world.genesis, world.options()).unwrap();
    assert!(late.add_proof(&proof).unwrap());
    let all: Vec<_> = contents(&home, roster).iter().map(|bytes| again(bytes)).collect();
    assert_eq!(late.ingest(roster, all).unwrap().entries.len(), 2);
    assert!(late.roster().by_code(&code(THEIRS)).is_some());
}
