//! Damage is an error that names its place: never a panic, never silence.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::*;
use congvan_core::rng::from_seed;
use congvan_core::*;
use congvan_store::*;
use rocksdb::{DB, Options as RocksOptions};

/// A closed ledger with entries in table files.
fn closed(world: &World) -> (Home, ChainId) {
    let mut home = world.ledger();
    let theirs = world.chain(THEIRS);
    let mut rng = from_seed(1);
    let drafts = (0..200).map(|_| note(random(&mut rng, 400))).collect();
    let entries = world.write(&home, &mut ChainState::new(theirs), THEIRS, drafts);
    home.ingest(theirs, entries).unwrap();
    home.compact().unwrap();
    home.ledger = None;
    (home, theirs)
}

fn raw(home: &Home) -> DB {
    let path = home.path().join("db");
    let names = DB::list_cf(&RocksOptions::default(), &path).unwrap();
    DB::open_cf(&RocksOptions::default(), path, names).unwrap()
}

fn files(home: &Home, ends: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(home.path().join("db")).unwrap().map(|file| file.unwrap().path());
    all.filter(|path| path.to_string_lossy().ends_with(ends)).collect()
}

fn largest(home: &Home, ends: &str) -> PathBuf {
    files(home, ends).into_iter().max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn first_error(ledger: &Ledger, chain: ChainId) -> StoreError {
    ledger.entries(chain, Seq::FIRST).find_map(Result::err).expect("the damage was passed over")
}

#[test]
fn an_unknown_future_format_is_refused_untouched() {
    let world = World::new();
    let (home, _) = closed(&world);
    let db = raw(&home);
    db.put("format", (FORMAT + 1).to_le_bytes()).unwrap();
    drop(db);
    for refused in [Ledger::open(&home.path(), world.options()), Ledger::open_read_only(&home.path())] {
        let Err(OpenError::Format { found, known, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!((found, known), (FORMAT + 1, FORMAT));
    }
}

#[test]
fn a_flipped_byte_in_a_table_file_is_named_with_chain_and_number() {
    let world = World::new();
    let (home, theirs) = closed(&world);
    let table = largest(&home, ".sst");
    flip(&table, fs::metadata(&table).unwrap().len() as usize / 2);
    let ledger = Ledger::open_read_only(&home.path()).unwrap();
    match first_error(&ledger, theirs) {
        StoreError::Corrupt { chain, seq, error: Corruption::Storage(_) } => {
            assert_eq!(chain, theirs);
            assert!(seq.get() > 1 && seq.get() < 200, "{seq}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_entry_altered_with_good_checksums_is_named() {
    let world = World::new();
    let (home, theirs) = closed(&world);
    let db = raw(&home);
    let entries = db.cf_handle("entries").unwrap();
    // The other agency has local number 2: roster, ours, theirs.
    let key = |number: u64| [2u32.to_be_bytes().as_slice(), &number.to_be_bytes()].concat();
    let good = |number| db.get_cf(entries, key(number)).unwrap().unwrap();
    let mut altered = good(70);
    *altered.last_mut().unwrap() ^= 1;
    db.put_cf(entries, key(70), &altered).unwrap();
    db.put_cf(entries, key(80), good(81)).unwrap();
    db.delete_cf(entries, key(90)).unwrap();
    drop(db);
    let ledger = Ledger::open(&home.path(), world.options()).unwrap();
    let at = |number| ledger.entry(theirs, seq(number)).unwrap_err();
    for (number, named) in [(70, at(70)), (80, at(80)), (90, at(90)), (70, first_error(&ledger, theirs))] {
        let StoreError::Corrupt { chain, seq: place, error } = named else { panic!("{named:?}") };
        assert_eq!((chain, place), (theirs, seq(number)));
        assert!(match number {
            70 => matches!(error, Corruption::Entry(EntryError::PayloadDigest)),
            80 => error == Corruption::Misplaced,
            _ => error == Corruption::Missing,
        });
    }
    assert!(ledger.entry(theirs, seq(71)).unwrap().is_some());
    // A peer gets what is good, and the check behind does not run in circles.
    assert_eq!(ledger.range(theirs, seq(60), usize::MAX, 999).unwrap().len(), 10);
    let done = ledger.verify_pending(1000).unwrap();
    assert_eq!((done.checked, done.remaining), (69, 0));
}

#[test]
fn an_altered_roster_does_not_open_for_writing_and_an_audit_names_the_place() {
    let world = World::new();
    let (home, _) = closed(&world);
    let db = raw(&home);
    let entries = db.cf_handle("entries").unwrap();
    let key = [0u32.to_be_bytes().as_slice(), &2u64.to_be_bytes()].concat();
    let mut altered = db.get_cf(entries, &key).unwrap().unwrap();
    altered[200] ^= 1;
    db.put_cf(entries, &key, altered).unwrap();
    drop(db);
    let refused = Ledger::open(&home.path(), world.options());
    assert!(matches!(refused, Err(OpenError::Corrupt { error: Corruption::Roster(_), .. })), "{refused:?}");
    let ledger = Ledger::open_read_only(&home.path()).unwrap();
    let named = first_error(&ledger, ledger.roster().chain());
    assert!(matches!(named, StoreError::Corrupt { seq: at, .. } if at == seq(2)), "{named:?}");
}

/// What a damaged log held of others' chains is lost without an error: only the own chain has its
/// mark. It is lost whole, from one moment on, so that asking peers again brings all of it back.
#[test]
fn what_a_damaged_log_lost_of_other_chains_comes_back_by_asking_again() {
    let world = World::new();
    let theirs = world.chain(THEIRS);
    for part in 1..4 {
        let mut home = world.ledger();
        let drafts = (0..60).map(|n| world.document(THEIRS, &[OURS], n)).collect();
        let entries = world.write(&home, &mut ChainState::new(theirs), THEIRS, drafts);
        for some in entries.chunks(4) {
            home.ingest(theirs, some.to_vec()).unwrap();
        }
        let (whole, fed) = (contents(&home, theirs), home.feed(0, usize::MAX).unwrap());
        home.set_cursor("register", home.feed_head()).unwrap();
        home.ledger = None;
        let log = largest(&home, ".log");
        flip(&log, fs::metadata(&log).unwrap().len() as usize * part / 4);
        home.reopen();
        let left = home.status(theirs).head.map_or(0, |head| head.seq.get());
        assert!(left < 60 && left.is_multiple_of(4), "{left} of 60 are left");
        assert_eq!(contents(&home, theirs), whole[..left as usize]);
        assert!(home.cursor("register").unwrap() <= home.feed_head(), "no consumer is ahead of its feed");
        home.ingest(theirs, entries).unwrap();
        assert_eq!((contents(&home, theirs), home.feed(0, usize::MAX).unwrap()), (whole, fed));
    }
}

#[test]
fn missing_files_are_errors() {
    let world = World::new();
    let missing = tempfile::tempdir().unwrap();
    assert!(matches!(Ledger::open(missing.path(), world.options()), Err(OpenError::Missing(_))));
    assert!(matches!(Ledger::open_read_only(&missing.path().join("no")), Err(OpenError::Missing(_))));
    for ends in ["CURRENT", ".sst"] {
        let (home, _) = closed(&world);
        fs::remove_file(largest(&home, ends)).unwrap();
        for access in ["write", "read"] {
            let opened = match access {
                "write" => Ledger::open(&home.path(), world.options()),
                _ => Ledger::open_read_only(&home.path()),
            };
            assert!(matches!(opened, Err(OpenError::Corrupt { .. } | OpenError::Storage { .. })), "{ends}: {opened:?}");
        }
    }
    let (home, _) = closed(&world);
    fs::remove_file(files(&home, "").into_iter().find(|f| f.to_string_lossy().contains("MANIFEST")).unwrap()).unwrap();
    assert!(Ledger::open(&home.path(), world.options()).is_err());
    assert!(
        !home.path().join("db").join("000001.log").exists() || files(&home, ".sst").len() > 1,
        "nothing was made anew"
    );
}

#[test]
fn a_damaged_mark_is_never_guessed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mark");
    assert_eq!(HighWater::open(&path).unwrap().number(), 0);
    // One torn slot is made up for by the other.
    flip(&path, 3);
    assert_eq!(HighWater::open(&path).unwrap().number(), 0);
    flip(&path, 19);
    assert!(matches!(HighWater::open(&path), Err(MarkError::Damaged(_))));
    fs::write(&path, b"").unwrap();
    assert!(matches!(HighWater::open(&path), Err(MarkError::Damaged(_))));
}

#[test]
fn a_full_disk_fails_loudly_and_loses_nothing_acknowledged() {
    let world = World::new();
    let disk = tempfile::tempdir().unwrap();
    let mount = |args: &[&str]| std::process::Command::new(args[0]).args(&args[1..]).arg(disk.path()).status();
    if !mount(&["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs"]).is_ok_and(|status| status.success()) {
        println!("skipped: a small file system cannot be mounted here");
        return;
    }
    let outcome = std::panic::catch_unwind(|| fill(&world, disk.path()));
    assert!(mount(&["umount", "-l"]).unwrap().success());
    outcome.unwrap();
}

fn fill(world: &World, disk: &Path) {
    let path = disk.join("ledger");
    let ledger = Ledger::create(&path, &world.genesis, world.options()).unwrap();
    world.change(&ledger, world.admit(OURS));
    let ours = world.chain(OURS);
    let mark = || HighWater::open(&disk.join("high-water")).unwrap();
    let writer = ledger.writer(ours, secret(OURS, 0), mark()).unwrap();
    let mut acknowledged = Vec::new();
    let failed = loop {
        match writer.append(note(vec![7; 60_000])) {
            Ok(entry) => acknowledged.push(entry.id()),
            Err(error) => break error,
        }
        assert!(acknowledged.len() < 1000, "the disk is not full");
    };
    assert!(matches!(&failed, AppendError::Store(StoreError::Failed(_))), "{failed:?}");
    assert!(failed.to_string().contains("the disk is full or failing"), "{failed}");
    assert!(matches!(writer.append(note("x")), Err(AppendError::Store(StoreError::Failed(_)))));
    assert!(ledger.put_local(b"k", b"v").is_err());
    assert!(!acknowledged.is_empty());
    writer.close();
    drop(ledger);
    let audit = Ledger::open_read_only(&path).unwrap();
    let stored: Vec<_> = audit.entries(ours, Seq::FIRST).map(|entry| entry.unwrap().id()).collect();
    assert_eq!(stored[..acknowledged.len()], acknowledged);
}
