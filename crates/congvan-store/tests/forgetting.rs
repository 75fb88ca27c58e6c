//! What is erased is gone from the database, from its files, and from nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;

use common::*;
use congvan_core::blob::{BlobRef, CHUNK};
use congvan_core::document::Envelope;
use congvan_core::entry::SIGNED_LEN;
use congvan_core::erasure::Reason;
use congvan_core::rng::from_seed;
use congvan_core::*;
use congvan_store::*;

/// Bytes that nothing else has, and that no compression changes.
fn marker(n: u64) -> [u8; 48] {
    random(&mut from_seed(7_000 + n), 48).try_into().unwrap()
}

/// The files under a directory that hold a marker.
fn files_with(dir: &Path, marker: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, marker));
            continue;
        }
        // A table may vanish between listing and reading.
        let bytes = std::fs::read(&path).unwrap_or_default();
        if bytes.windows(marker.len()).any(|window| window == marker) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

fn note(n: u64) -> Draft {
    Draft { kind: Kind::NOTE, time: Time::from_millis(n), payload: marker(n).to_vec() }
}

/// A public document with a marker in the clear, and these blobs.
fn document(n: u64, blobs: Vec<BlobRef>) -> Draft {
    let cover = Cover {
        addressees: Sorted::from_unsorted(vec![code(OURS), code(THEIRS)]).unwrap(),
        blobs: Bounded::new(blobs).unwrap(),
        ..Cover::default()
    };
    let packet = Some(congvan_core::document::Packet::Inline(Bounded::new(marker(n).to_vec()).unwrap()));
    let envelope = Envelope { packet, ..Envelope::default() };
    let payload = DocumentPayload::public(cover, envelope, &mut rng::from_seed(n)).unwrap().to_bytes();
    Draft { kind: Kind::DOCUMENT, time: Time::from_millis(n), payload }
}

fn erasure(points: Vec<Point>) -> Erasure {
    let entries = Sorted::from_unsorted(points).unwrap();
    Erasure { entries, reason: Reason::Order, basis: Text::new("12/2026/QĐ-TA").unwrap() }
}

fn erase(points: Vec<Point>) -> Draft {
    Draft { kind: Kind::ERASE, time: Time::from_millis(99), payload: erasure(points).to_bytes() }
}

fn put_blob(ledger: &Ledger, bytes: &[u8]) -> BlobRef {
    let mut writer = ledger.blob_writer().unwrap();
    bytes.chunks(CHUNK).for_each(|chunk| writer.push(chunk).unwrap());
    writer.finish().unwrap()
}

/// All of a chain's entries without their payloads: what erasing leaves as it is.
fn bones(ledger: &Ledger, chain: ChainId) -> Vec<Vec<u8>> {
    let entries = ledger.entries(chain, Seq::FIRST);
    entries.map(|entry| entry.unwrap().verify().unwrap().signed_bytes().to_vec()).collect()
}

fn payload(ledger: &Ledger, id: EntryId) -> Option<Vec<u8>> {
    ledger.entry_by_id(id).unwrap().unwrap().payload().map(<[u8]>::to_vec)
}

#[test]
fn what_is_erased_is_in_no_file_any_more_at_the_author_and_at_a_receiver() {
    let world = World::new();
    let (mut author, mut receiver) = (world.ledger(), world.ledger());
    let ours = world.chain(OURS);
    let mark = HighWater::open(&author.dir.path().join("mark")).unwrap();
    let writer = author.writer(ours, secret(OURS, 0), mark).unwrap();

    // A large blob, and one so small that it lies among other things.
    let mut large = random(&mut from_seed(5), CHUNK + 9_000);
    large[CHUNK + 100..CHUNK + 148].copy_from_slice(&marker(50));
    let small = [marker(51).to_vec(), vec![1; 40]].concat();
    let shared = [marker(52).to_vec(), vec![2; 3000]].concat();
    let blobs: Vec<_> = [&large, &small, &shared].map(|bytes| put_blob(&author, bytes)).to_vec();
    let drafts = [document(1, blobs.clone()), document(2, vec![blobs[2]]), note(3)];
    let written: Vec<_> = drafts.into_iter().map(|draft| writer.append(draft).unwrap()).collect();
    receiver.ingest(ours, written.iter().map(|entry| again(entry.bytes())).collect()).unwrap();
    for blob in &blobs {
        for index in 0..blob.chunks() {
            let (bytes, _) = author.chunk(blob, index).unwrap().unwrap();
            receiver.put_chunk(blob, index, &bytes).unwrap();
        }
    }
    let gone = [marker(1), marker(50), marker(51)];
    let kept = [marker(2), marker(3), marker(52)];
    for home in [&author, &receiver] {
        // Once in the log, and once in tables.
        for marker in gone.iter().chain(&kept) {
            assert_ne!(files_with(home.dir.path(), marker), Vec::<String>::new());
        }
        home.flush().unwrap();
        for marker in gone.iter().chain(&kept) {
            assert_ne!(files_with(home.dir.path(), marker), Vec::<String>::new());
        }
    }
    let root = |ledger: &Ledger| merkle::root(&ledger.tree(ours), 3).unwrap();
    let (before, root_before) = (bones(&author, ours), root(&author));

    let by = writer.append(erase(vec![written[0].point()])).unwrap();
    receiver.ingest(ours, vec![again(by.bytes())]).unwrap();
    writer.close();
    for home in [&mut author, &mut receiver] {
        // Dropping alone leaves the bytes in files.
        assert_ne!(files_with(home.dir.path(), &marker(1)), Vec::<String>::new());
        assert!(home.purge_due().unwrap());
        assert!(home.purge().unwrap() > 0);
        assert!(!home.purge_due().unwrap());
        assert_eq!(home.purge().unwrap(), 0);
        for marker in &gone {
            assert_eq!(files_with(home.dir.path(), marker), Vec::<String>::new());
        }
        for marker in &kept {
            assert_ne!(files_with(home.dir.path(), marker), Vec::<String>::new());
        }
        home.reopen();
        for marker in &gone {
            assert_eq!(files_with(home.dir.path(), marker), Vec::<String>::new());
        }
        // The chain is what it was, and so is every proof over it.
        assert_eq!(bones(home, ours)[..3], before);
        assert_eq!(root(home), root_before);
        assert_eq!(home.status(ours).head, Some(by.point()));
        let erased = home.entry_by_id(written[0].id()).unwrap().unwrap();
        assert_eq!(erased.payload(), None);
        assert_eq!(home.erased_by(&erased).unwrap(), [by.reference()]);
        assert_eq!(home.missing_payloads(None, 9).unwrap(), []);
        assert_eq!(payload(home, written[2].id()), Some(marker(3).to_vec()));
        // Nothing leads to it, and what another document names stays.
        let listed: Vec<_> = home.by_addressee(&code(THEIRS)).map(Result::unwrap).collect();
        assert_eq!(listed, [written[1].reference()]);
        assert_eq!(blobs.iter().map(|blob| home.has_blob(blob)).collect::<Vec<_>>(), [false, false, true]);
        // Nor is it asked for again, or taken.
        assert_eq!(home.missing_chunks(&blobs[1], 9), Vec::<u32>::new());
        assert!(!home.put_chunk(&blobs[1], 0, &small).unwrap());
        assert!(!home.has_blob(&blobs[1]));
        home.ingest(ours, vec![again(written[0].bytes())]).unwrap();
        assert_eq!(payload(home, written[0].id()), None);
    }
}

#[test]
fn registrars_order_it_for_any_chain_before_or_after_its_entries_come() {
    let world = World::new();
    let home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let entries = world.write(&home, &mut state, THEIRS, vec![document(1, vec![]), document(2, vec![]), note(3)]);
    home.ingest(theirs, entries[..1].to_vec()).unwrap();
    let fed = home.feed_head();
    let order = erasure(vec![entries[0].point(), entries[1].point()]);
    world.change(&home, RosterAction::Erase { chain: theirs, erasure: order });
    assert_eq!(payload(&home, entries[0].id()), None);
    let done = home.ingest(theirs, entries[1..].to_vec()).unwrap();
    assert_eq!(done.entries.iter().map(|entry| entry.payload().is_some()).collect::<Vec<_>>(), [false, true]);
    // What never was here in full is delivered to nobody.
    assert_eq!(home.feed_head(), fed + 1);
    let roster = home.roster();
    for entry in &entries[..2] {
        let erased = home.entry_by_id(entry.id()).unwrap().unwrap();
        let by = home.erased_by(&erased).unwrap();
        assert_eq!(by.iter().map(|by| by.chain).collect::<Vec<_>>(), [roster.chain()]);
    }
    home.purge().unwrap();
    for n in [1, 2] {
        assert_eq!(files_with(home.dir.path(), &marker(n)), Vec::<String>::new());
    }
}

#[test]
fn an_erasure_reaches_nothing_but_content_by_its_own_number_and_id() {
    let world = World::new();
    let mut home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let drafts = vec![note(1), Draft { kind: Kind::PROCEDURE, ..note(2) }, note(3)];
    let mut entries = world.write(&home, &mut state, THEIRS, drafts);
    let rival = Point { id: EntryId::from_bytes([5; 32]), ..entries[2].point() };
    let later = Point { seq: Seq::new(5).unwrap(), id: EntryId::from_bytes([6; 32]) };
    let names = erase(vec![entries[1].point(), rival, later]);
    entries.extend(world.write(&home, &mut state, THEIRS, vec![names, note(5)]));
    let erasing = erase(vec![entries[3].point()]);
    entries.extend(world.write(&home, &mut state, THEIRS, vec![erasing]));
    home.ingest(theirs, entries.clone()).unwrap();
    home.reopen();
    for entry in &entries {
        assert!(payload(&home, entry.id()).is_some());
        assert_eq!(home.erased_by(&home.entry_by_id(entry.id()).unwrap().unwrap()).unwrap(), []);
    }
    assert!(!home.purge_due().unwrap());
}

#[test]
fn in_one_range_with_its_erasure_an_entry_is_never_stored_whole() {
    let world = World::new();
    let home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let mut entries = world.write(&home, &mut state, THEIRS, vec![document(1, vec![]), note(2)]);
    entries.extend(world.write(&home, &mut state, THEIRS, vec![erase(vec![entries[0].point()])]));
    let fed = home.feed_head();
    home.ingest(theirs, entries.clone()).unwrap();
    assert_eq!(payload(&home, entries[0].id()), None);
    // The erasure is for everybody to follow, also outside of the ledger.
    assert_eq!(home.feed(fed, 9).unwrap().iter().map(|item| item.kind).collect::<Vec<_>>(), [Kind::ERASE]);
    assert_eq!(files_with(home.dir.path(), &marker(1)), Vec::<String>::new());
    assert_ne!(files_with(home.dir.path(), &marker(2)), Vec::<String>::new());
}

#[test]
fn a_payload_that_nobody_erased_is_missing_until_it_comes() {
    let world = World::new();
    let home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let entries = world.write(&home, &mut state, THEIRS, vec![document(1, vec![]), document(2, vec![]), note(3)]);
    let bare = |n: usize| again(&entries[n].bytes()[..SIGNED_LEN]);
    home.ingest(theirs, vec![bare(0), bare(1), entries[2].clone()]).unwrap();
    let at = |n: usize| (theirs, entries[n].seq());
    assert_eq!(home.missing_payloads(None, 9).unwrap(), [at(0), at(1)]);
    assert_eq!(home.missing_payloads(None, 1).unwrap(), [at(0)]);
    assert_eq!(home.missing_payloads(Some(at(0)), 9).unwrap(), [at(1)]);
    let fed = home.feed_head();
    // Again without it: nothing changes. With it: it is here, and delivered.
    assert!(home.ingest(theirs, vec![bare(0)]).unwrap().filled.is_empty());
    let done = home.ingest(theirs, vec![entries[0].clone()]).unwrap();
    assert_eq!((done.entries.len(), done.filled.len()), (0, 1));
    assert_eq!(home.missing_payloads(None, 9).unwrap(), [at(1)]);
    assert_eq!(home.feed_head(), fed + 1);
    assert_eq!(home.by_addressee(&code(OURS)).count(), 1);
    // The other one's erasure comes first: then nothing is missing, and nothing is taken.
    let by = world.write(&home, &mut state, THEIRS, vec![erase(vec![entries[1].point()])]);
    home.ingest(theirs, by).unwrap();
    assert_eq!(home.missing_payloads(None, 9).unwrap(), []);
    home.ingest(theirs, vec![entries[1].clone()]).unwrap();
    assert_eq!(payload(&home, entries[1].id()), None);
}

#[test]
fn an_erasure_that_came_without_its_own_payload_counts_once_that_is_here() {
    let world = World::new();
    let home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let mut entries = world.write(&home, &mut state, THEIRS, vec![note(1)]);
    entries.extend(world.write(&home, &mut state, THEIRS, vec![erase(vec![entries[0].point()])]));
    home.ingest(theirs, vec![entries[0].clone(), again(&entries[1].bytes()[..SIGNED_LEN])]).unwrap();
    assert!(payload(&home, entries[0].id()).is_some());
    assert_eq!(home.missing_payloads(None, 9).unwrap(), [(theirs, entries[1].seq())]);
    home.ingest(theirs, vec![entries[1].clone()]).unwrap();
    assert_eq!(payload(&home, entries[0].id()), None);
}

#[test]
fn a_backup_from_before_forgets_once_it_catches_up() {
    let world = World::new();
    let home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let entries = world.write(&home, &mut state, THEIRS, vec![document(1, vec![])]);
    home.ingest(theirs, entries.clone()).unwrap();
    let (backup, restored) = (home.dir.path().join("backup"), tempfile::tempdir().unwrap());
    home.backup(&backup).unwrap();
    let by = world.write(&home, &mut state, THEIRS, vec![erase(vec![entries[0].point()])]);
    home.ingest(theirs, by.clone()).unwrap();
    Ledger::restore(&backup, restored.path()).unwrap();
    let ledger = Ledger::open(restored.path(), world.options()).unwrap();
    assert!(payload(&ledger, entries[0].id()).is_some());
    ledger.ingest(theirs, by).unwrap();
    assert_eq!(payload(&ledger, entries[0].id()), None);
    ledger.purge().unwrap();
    assert_eq!(files_with(restored.path(), &marker(1)), Vec::<String>::new());
}

#[test]
fn what_a_crash_left_to_be_dropped_is_dropped_at_the_next_start() {
    let world = World::new();
    let mut home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let entries = world.write(&home, &mut state, THEIRS, vec![note(1), note(2)]);
    home.ingest(theirs, entries.clone()).unwrap();
    // As it is on disk between the two writes: chain number 2 is theirs, after the roster and ours.
    home.ledger = None;
    {
        let path = home.dir.path().join("ledger/db");
        let options = rocksdb::Options::default();
        let families = rocksdb::DB::list_cf(&options, &path).unwrap();
        let db = rocksdb::DB::open_cf(&options, &path, families).unwrap();
        let erasures = db.cf_handle("erasures").unwrap();
        let place = [2u32.to_be_bytes().as_slice(), &1u64.to_be_bytes()].concat();
        let by = [0u32.to_be_bytes().as_slice(), &2u64.to_be_bytes()].concat();
        db.put_cf(erasures, [b"E".as_slice(), &place, &by].concat(), entries[0].id().as_bytes()).unwrap();
        db.put_cf(erasures, [b"T".as_slice(), &place].concat(), []).unwrap();
    }
    home.reopen();
    assert_eq!(payload(&home, entries[0].id()), None);
    assert!(payload(&home, entries[1].id()).is_some());
    assert!(home.purge_due().unwrap());
}

#[test]
fn an_entry_set_aside_is_erased_as_well() {
    let world = World::new();
    let home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let entries = world.write(&home, &mut state, THEIRS, vec![note(1), note(2)]);
    home.ingest(theirs, entries.clone()).unwrap();
    world.change(&home, RosterAction::Suspend { chain: theirs, last: Some(entries[0].point()) });
    assert_eq!(home.set_aside(theirs).unwrap()[0].payload(), Some(&marker(2)[..]));
    let order = erasure(vec![entries[1].point()]);
    world.change(&home, RosterAction::Erase { chain: theirs, erasure: order });
    assert_eq!(home.set_aside(theirs).unwrap()[0].payload(), None);
    home.purge().unwrap();
    assert_eq!(files_with(home.dir.path(), &marker(2)), Vec::<String>::new());
    world.change(&home, RosterAction::Reinstate { chain: theirs });
    assert_eq!(home.status(theirs).head, Some(entries[1].point()));
    assert_eq!(payload(&home, entries[1].id()), None);
    assert_eq!(home.missing_payloads(None, 9).unwrap(), []);
}
