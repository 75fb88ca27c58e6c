//! What is stored comes back: after a reopen, in a copy, in the feed, through every index.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use common::*;
use congvan_core::blob::{CHUNK, verify_chunk};
use congvan_core::rng::from_seed;
use congvan_core::*;
use congvan_store::*;

#[test]
fn a_reopened_ledger_has_everything() {
    let world = World::new();
    let mut home = world.ledger();
    let (ours, theirs) = (world.chain(OURS), world.chain(THEIRS));
    let writer = home.writer(ours, secret(OURS, 0), home.mark()).unwrap();
    let sent = writer.append(world.document(OURS, &[THEIRS], 10)).unwrap();
    let (answer, answered) = std::sync::mpsc::channel();
    let local = vec![LocalPut::Entry(b"key".to_vec()), LocalPut::Value(b"k".to_vec(), b"v".to_vec())];
    writer.append_then(note("local"), local, Box::new(move |done| answer.send(done).unwrap()));
    let kept = answered.recv().unwrap().unwrap();
    writer.close();
    let mut state = ChainState::new(theirs);
    let mut drafts = notes(3);
    drafts.push(world.document(THEIRS, &[OURS], 20));
    drafts.push(world.status(THEIRS, sent.reference(), OURS));
    let link = |relation| Link { relation, document: sent.reference() };
    drafts.push(world.linking(THEIRS, &[], vec![link(Relation::Answers), link(Relation::Updates)], 30));
    let received = world.write(&home, &mut state, THEIRS, drafts);
    home.ingest(theirs, received.clone()).unwrap();
    home.set_cursor("register", 3).unwrap();
    home.set_cursor("register", 2).unwrap();
    let keyed = [(b"doc 1".to_vec(), kept.reference()), (b"doc 2".to_vec(), sent.reference())];
    home.advance("index", 5, &keyed).unwrap();
    home.advance("index", 4, &[]).unwrap();

    for _ in 0..2 {
        assert_eq!(home.state(theirs), state);
        assert_eq!(contents(&home, theirs), received.iter().map(|e| e.bytes().to_vec()).collect::<Vec<_>>());
        assert_eq!(home.status(ours).head, Some(kept.point()));
        assert_eq!(home.status(ours).verified_through, 2);
        assert_eq!(home.entry_by_id(sent.id()).unwrap().unwrap().bytes(), sent.bytes());
        assert_eq!(home.get_local_entry(b"key").unwrap(), Some(kept.reference()));
        assert_eq!(home.get_local(b"k").unwrap().unwrap(), b"v");
        assert_eq!(home.get_local(b"x").unwrap(), None);
        assert_eq!(home.cursors().unwrap(), vec![("index".to_owned(), 5), ("register".to_owned(), 3)]);
        assert_eq!(home.local_entries(b"doc ").unwrap(), vec![kept.reference(), sent.reference()]);
        assert_eq!(home.local_entries(b"doc 2").unwrap(), vec![sent.reference()]);
        assert_eq!(home.local_entries(b"docs").unwrap(), vec![]);
        let to_us: Vec<_> = home.by_addressee(&code(OURS)).map(Result::unwrap).collect();
        assert_eq!(to_us, vec![received[3].reference()]);
        // The status about it and the document that links to it; that links twice, and is one entry.
        let about: Vec<_> = home.by_document(sent.id()).map(Result::unwrap).collect();
        assert_eq!(about, vec![received[4].reference(), received[5].reference()]);
        let times: Vec<_> = home.by_time(Time::from_millis(9), Time::from_millis(20)).map(Result::unwrap).collect();
        assert_eq!(times, vec![received[4].reference(), sent.reference()]);
        assert_eq!(home.ids_with_prefix(&sent.id().to_string()[..9]).unwrap(), vec![sent.id()]);
        // Two roster entries, two of ours, the document and the status to us; not their notes.
        let feed = home.feed(0, 100).unwrap();
        let expected: Vec<_> = home
            .entries(home.roster().chain(), Seq::FIRST)
            .map(|e| e.unwrap().reference())
            .chain([sent.reference(), kept.reference(), received[3].reference(), received[4].reference()])
            .collect();
        assert_eq!(feed.iter().map(|item| item.entry).collect::<Vec<_>>(), expected);
        assert_eq!(feed.iter().map(|item| item.number).collect::<Vec<_>>(), vec![1, 2, 3, 4, 5, 6]);
        assert_eq!(home.feed(4, 1).unwrap(), vec![feed[4]]);
        assert_eq!(home.feed_head(), 6);
        home.reopen();
    }
}

#[test]
fn newest_documents_come_first_and_ranges_keep_their_bounds() {
    let world = World::new();
    let home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut state = ChainState::new(theirs);
    let drafts = [30, 10, 20].map(|time| world.document(THEIRS, &[OURS], time)).to_vec();
    let entries = world.write(&home, &mut state, THEIRS, drafts);
    home.ingest(theirs, entries.clone()).unwrap();
    let order: Vec<_> = home.by_addressee(&code(OURS)).map(|r| r.unwrap().seq.get()).collect();
    assert_eq!(order, vec![1, 3, 2]);
    let len = entries[0].bytes().len();
    let count = |max_bytes, max_entries| home.range(theirs, seq(1), max_bytes, max_entries).unwrap().len();
    assert_eq!((count(1, 9), count(2 * len, 9), count(2 * len - 1, 9), count(usize::MAX, 2)), (1, 2, 1, 2));
    assert!(home.range(theirs, seq(4), 1, 1).unwrap().is_empty());
    assert!(home.entry(theirs, seq(4)).unwrap().is_none());
}

#[test]
fn all_of_64_writers_are_there_without_a_gap() {
    let world = World::new();
    let mut home = world.ledger();
    let ours = world.chain(OURS);
    let writer = home.writer(ours, secret(OURS, 0), home.mark()).unwrap();
    let acknowledged: Vec<VerifiedEntry> = std::thread::scope(|scope| {
        let append = |thread: usize| {
            let writer = writer.clone();
            move || -> Vec<_> { (0..20).map(|n| writer.append(note(format!("{thread} {n}"))).unwrap()).collect() }
        };
        let threads: Vec<_> = (0..64).map(|thread| scope.spawn(append(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    writer.close();
    home.reopen();
    let stored: Vec<_> = home.entries(ours, Seq::FIRST).map(|entry| entry.unwrap().verify().unwrap()).collect();
    assert_eq!(stored.len(), 64 * 20);
    for entry in acknowledged {
        assert_eq!(stored[entry.seq().get() as usize - 1].id(), entry.id());
    }
    assert_eq!(home.mark().number(), 64 * 20);
    assert_eq!(home.check_mark(&home.mark()), MarkVerdict::Fits);
}

#[test]
fn a_second_process_is_refused() {
    const CHILD: &str = "CONGVAN_STORE_LOCKED";
    if let Ok(dir) = std::env::var(CHILD) {
        let refused = Ledger::open(dir.as_ref(), Options::default());
        assert!(matches!(refused, Err(OpenError::Locked(_))), "{refused:?}");
        println!("refused as it must be");
        return;
    }
    let world = World::new();
    let home = world.ledger();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["a_second_process_is_refused", "--exact", "--nocapture"])
        .env(CHILD, home.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stdout).into_owned();
    assert!(child.status.success() && said.contains("refused as it must be"), "{said}");
    assert!(matches!(Ledger::open(&home.path(), Options::default()), Err(OpenError::Locked(_))));
    let reader = Ledger::open_read_only(&home.path()).unwrap();
    assert_eq!(reader.roster().head(), home.roster().head());
    assert!(matches!(reader.put_local(b"k", b"v"), Err(StoreError::ReadOnly)));
    assert!(matches!(Ledger::create(&home.path(), &world.genesis, Options::default()), Err(OpenError::Locked(_))));
}

#[test]
fn a_backup_made_while_writing_is_a_ledger_and_its_restoring_is_noticed() {
    let world = World::new();
    let home = world.ledger();
    let ours = world.chain(OURS);
    let writer = home.writer(ours, secret(OURS, 0), home.mark()).unwrap();
    let first = writer.append(note("first")).unwrap();
    let (stop, copy) = (AtomicBool::new(false), home.dir.path().join("copy"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                writer.append(note("more")).unwrap();
            }
        });
        home.backup(&copy).unwrap();
        stop.store(true, Ordering::Relaxed);
    });
    assert!(matches!(home.backup(&copy), Err(BackupError::Exists(_))));
    let backup = Ledger::open_read_only(&copy).unwrap();
    let (held, all) = (contents(&backup, ours), contents(&home, ours));
    assert_eq!(held[0], first.bytes());
    assert_eq!(held, all[..held.len()]);

    // One more entry at least stands only in the ledger that the key wrote.
    writer.append(note("after the backup")).unwrap();
    writer.close();
    let restored = home.dir.path().join("restored");
    Ledger::restore(&copy, &restored).unwrap();
    assert!(matches!(Ledger::restore(&copy, &restored), Err(BackupError::Exists(_))));
    let ledger = Ledger::open(&restored, world.options()).unwrap();
    assert!(ledger.restored() && !home.restored());
    assert_eq!(contents(&ledger, ours), held);
    let older = MarkVerdict::LedgerOlder { head: held.len() as u64, mark: home.mark().number() };
    assert_eq!(ledger.check_mark(&home.mark()), older);
    let refused = ledger.writer(ours, secret(OURS, 0), home.mark());
    assert!(matches!(refused, Err(WriterError::OlderThanKey { .. })), "{refused:?}");

    // A peer gives back what is missing, and writing goes on.
    let missing = all_after(&home, ours, held.len() as u64);
    ledger.ingest(ours, missing).unwrap();
    ledger.clear_restored().unwrap();
    drop(ledger);
    let ledger = Ledger::open(&restored, world.options()).unwrap();
    assert!(!ledger.restored());
    let writer = ledger.writer(ours, secret(OURS, 0), home.mark()).unwrap();
    assert_eq!(writer.append(note("again")).unwrap().seq().get(), home.mark().number());
}

fn all_after(ledger: &Ledger, chain: ChainId, number: u64) -> Vec<UnverifiedEntry> {
    ledger.entries(chain, seq(number + 1)).map(|entry| again(entry.unwrap().bytes())).collect()
}

#[test]
fn blobs_written_and_received_prove_their_chunks() {
    let world = World::new();
    let (one, mut other) = (world.ledger(), world.ledger());
    for len in [0, 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7] {
        let bytes = random(&mut from_seed(len as u64), len);
        let mut writer = one.blob_writer().unwrap();
        for chunk in bytes.chunks(CHUNK) {
            writer.push(chunk).unwrap();
        }
        let blob = writer.finish().unwrap();
        assert!(one.has_blob(&blob) && !other.has_blob(&blob));
        assert_eq!(other.missing_chunks(&blob, 99).len(), blob.chunks() as usize);
        assert!(other.chunk(&blob, 0).unwrap().is_none());
        for index in (0..blob.chunks()).rev() {
            let (chunk, proof) = one.chunk(&blob, index).unwrap().unwrap();
            verify_chunk(&blob, index, &chunk, &proof).unwrap();
            assert_eq!(chunk, bytes[index as usize * CHUNK..].chunks(CHUNK).next().unwrap_or_default());
            assert_eq!(other.put_chunk(&blob, index, &chunk).unwrap(), index == 0);
            assert_eq!(other.missing_chunks(&blob, 99), (0..index).collect::<Vec<_>>());
            // Received chunks outlast a restart.
            other.reopen();
            assert_eq!(other.missing_chunks(&blob, 99), (0..index).collect::<Vec<_>>());
        }
        let (chunk, proof) = other.chunk(&blob, blob.chunks() - 1).unwrap().unwrap();
        verify_chunk(&blob, blob.chunks() - 1, &chunk, &proof).unwrap();
        assert!(one.chunk(&blob, blob.chunks()).unwrap().is_none());
    }
}

#[test]
fn chunks_that_are_not_the_blobs_are_dropped_and_can_be_fetched_anew() {
    let world = World::new();
    let home = world.ledger();
    let bytes = random(&mut from_seed(4), CHUNK + 10);
    let mut writer = home.blob_writer().unwrap();
    writer.push(&bytes[..CHUNK]).unwrap();
    assert!(writer.push(&bytes).is_err(), "a chunk over the bound");
    drop(writer);
    let other = world.ledger();
    let mut writer = other.blob_writer().unwrap();
    writer.push(&bytes[..CHUNK]).unwrap();
    writer.push(&bytes[CHUNK..]).unwrap();
    let blob = writer.finish().unwrap();
    home.put_chunk(&blob, 0, &bytes[..CHUNK]).unwrap();
    let wrong = home.put_chunk(&blob, 1, &[0; 10]);
    assert!(matches!(wrong, Err(StoreError::Damaged(Corruption::Blob))), "{wrong:?}");
    assert_eq!(home.missing_chunks(&blob, 9), vec![0, 1]);
    assert!(home.put_chunk(&blob, 2, &[]).is_err());
    home.put_chunk(&blob, 0, &bytes[..CHUNK]).unwrap();
    assert!(home.put_chunk(&blob, 1, &bytes[CHUNK..]).unwrap());
}

#[test]
fn twenty_thousand_entries_take_little_more_than_their_bytes() {
    let world = World::new();
    let home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut rng = from_seed(5);
    let mut state = ChainState::new(theirs);
    let mut own_bytes = 0;
    for _ in 0..20 {
        let drafts = (0..1000).map(|_| note(random(&mut rng, 512))).collect();
        let entries = world.write(&home, &mut state, THEIRS, drafts);
        own_bytes += entries.iter().map(|entry| entry.bytes().len() as u64).sum::<u64>();
        home.ingest(theirs, entries).unwrap();
    }
    home.compact().unwrap();
    let sizes = home.sizes();
    assert_eq!(sizes.entries, 20_000 + 2);
    let ratio = sizes.disk_bytes as f64 / own_bytes as f64;
    println!("{} bytes on disk, {own_bytes} bytes of entries: {ratio:.3}", sizes.disk_bytes);
    assert!(ratio <= 1.25, "{ratio}");
    assert!(ratio > 0.8, "the files were not all counted: {ratio}");
}

fn fed(ledger: &Ledger) -> Vec<(u64, EntryId)> {
    ledger.feed(0, usize::MAX).unwrap().into_iter().map(|item| (item.number, item.entry.id)).collect()
}

/// A ledger that got three documents, two of them ours to read, under some options.
fn three_documents(world: &World, options: Options) -> (Home, Vec<EntryId>) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(&dir.path().join("ledger"), &world.genesis, options.clone()).unwrap();
    world.change(&ledger, world.admit(OURS));
    world.change(&ledger, world.admit(THEIRS));
    let drafts =
        [OURS, "H55.99", OURS].into_iter().zip(1..).map(|(to, time)| world.document(THEIRS, &[to], time)).collect();
    let entries = world.write(&ledger, &mut ChainState::new(world.chain(THEIRS)), THEIRS, drafts);
    let ids = entries.iter().map(UnverifiedEntry::id).collect();
    ledger.ingest(world.chain(THEIRS), entries).unwrap();
    (Home { dir, ledger: Some(ledger), options }, ids)
}

#[test]
fn the_feed_holds_what_came_before_the_ledger_had_an_owner() {
    let world = World::new();
    let (mut home, ids) = three_documents(&world, Options::default());
    let before = fed(&home);
    assert_eq!(before.len(), 2, "the roster alone");
    home.options = world.options();
    for _ in 0..2 {
        home.reopen();
        let numbers: Vec<_> = fed(&home)[2..].to_vec();
        assert_eq!((fed(&home)[..2].to_vec(), numbers), (before.clone(), vec![(3, ids[0]), (4, ids[2])]));
    }
    // An archive's holds every document; whoever opens it without naming an owner adds to the same feed.
    home.options.archive = true;
    home.reopen();
    assert_eq!(fed(&home)[4..], [(5, ids[1])]);
    home.options = Options::default();
    home.reopen();
    let more = world.document(THEIRS, &["H55.99"], 4);
    let entries = world.write(&home, &mut home.state(world.chain(THEIRS)), THEIRS, vec![more]);
    let last = entries[0].id();
    home.ingest(world.chain(THEIRS), entries).unwrap();
    assert_eq!(fed(&home)[5..], [(6, last)]);
    home.options = world.options();
    home.reopen();
    assert_eq!(fed(&home).len(), 6);
}

#[test]
fn another_agencys_ledger_is_refused() {
    let world = World::new();
    let (mut home, _) = three_documents(&world, world.options());
    let before = fed(&home);
    home.ledger = None;
    let mut others = Options::default();
    (others.own, others.own_code) = (Some(world.chain(THEIRS)), Some(code(THEIRS)));
    let refused = Ledger::open(&home.path(), others);
    assert!(matches!(&refused, Err(OpenError::OtherOwner { owner, .. }) if owner == OURS), "{refused:?}");
    home.reopen();
    assert_eq!(fed(&home), before);
}
