//! What was erased and is still here, and what is missing though nobody erased it.

use std::path::Path;

use congvan::audit::{Former, Options, Report, ViolationKind, audit};
use congvan::core::erasure::Reason;
use congvan::core::*;

use crate::common::chain_of;
use crate::only;
use crate::planted::Planted;

fn erasure(entries: &[Point]) -> Erasure {
    let entries = Sorted::from_unsorted(entries.to_vec()).unwrap();
    Erasure { entries, reason: Reason::Mistake, basis: Text::default() }
}

impl Planted {
    /// The sender erases its entry at a place.
    fn erase(&mut self, at: usize) {
        let point = self.entries[0][at].point();
        self.write(0, Kind::ERASE, erasure(&[point]).to_bytes());
    }

    /// The entry there loses what it holds.
    fn strip(&mut self, at: usize) {
        let entry = &self.entries[0][at];
        self.entries[0][at] = UnverifiedEntry::parse(&entry.bytes()[..entry::SIGNED_LEN]).unwrap();
    }
}

fn audited(path: &Path) -> Report {
    audit(path, &Options::default(), &mut |_| {}).unwrap().into_report()
}

fn of_sender<'a>(planted: &Planted, report: &'a Report) -> &'a congvan::audit::ChainReport {
    report.chains.iter().find(|chain| chain.agency == planted.network.codes[0].as_str()).unwrap()
}

#[test]
fn what_an_agency_erased_is_named_where_it_is_still_here() {
    let mut planted = Planted::new();
    planted.erase(2);
    only(&planted.report(), ViolationKind::Kept, planted.network.codes[0].as_str(), 3);
    planted.strip(2);
    let report = planted.report();
    assert!(report.is_genuine() && report.notes.is_empty(), "{report:?}");
    assert_eq!((of_sender(&planted, &report).erased, of_sender(&planted, &report).missing), (1, 0));

    // It names a checkpoint, a number with another id, and what comes later: nothing follows.
    let mut planted = Planted::new();
    let (checkpoint, other) = (planted.entries[0][6].point(), planted.entries[0][1].point());
    let wrong = Point { seq: Seq::new(1).unwrap(), id: other.id };
    let later = Point { seq: Seq::new(9).unwrap(), id: other.id };
    planted.write(0, Kind::ERASE, erasure(&[checkpoint, wrong, later]).to_bytes());
    planted.write(0, Kind::NOTE, b"behind".to_vec());
    let report = planted.report();
    assert!(report.is_genuine() && report.notes.is_empty(), "{report:?}");
    assert_eq!(of_sender(&planted, &report).erased, 0);
}

#[test]
fn what_the_registrar_erased_is_named_where_it_is_still_here() {
    let mut planted = Planted::new();
    let (chain, point) = (chain_of(&planted.network, 0), planted.entries[0][5].point());
    planted.network.desk.change(RosterAction::Erase { chain, erasure: erasure(&[point]) }).unwrap();
    only(&planted.report(), ViolationKind::Kept, planted.network.codes[0].as_str(), 6);
    planted.strip(5);
    let report = planted.report();
    assert!(report.is_genuine() && report.notes.is_empty(), "{report:?}");
    assert_eq!(of_sender(&planted, &report).erased, 1);
}

#[test]
fn what_is_missing_though_nobody_erased_it_is_noted() {
    let mut planted = Planted::new();
    planted.strip(1);
    planted.strip(3);
    planted.erase(3);
    let report = planted.report();
    assert!(report.is_genuine(), "{report:?}");
    let notes: Vec<_> = report.notes.iter().map(|note| (note.agency.as_str(), note.number)).collect();
    assert_eq!(notes, [(planted.network.codes[0].as_str(), 2)], "{report:?}");
    assert_eq!((of_sender(&planted, &report).erased, of_sender(&planted, &report).missing), (1, 1));
}

#[test]
fn an_erasure_since_the_last_audit_reaches_what_is_not_read_again() {
    let mut planted = Planted::new();
    let auditor = SecretKey::from_seed(&[5; 32]);
    let former = Former::read(&planted.audited().sign(Time::from_millis(1), &auditor), &auditor.public()).unwrap();
    let since = Options { anchors: None, since: Some(&former) };
    planted.erase(2);
    let path = planted.file("later.cgva");
    let report = audit(&path, &since, &mut |_| {}).unwrap().into_report();
    only(&report, ViolationKind::Kept, planted.network.codes[0].as_str(), 3);
    planted.strip(2);
    for path in [planted.file("gone.cgva"), planted.directory()] {
        let report = audit(&path, &since, &mut |_| {}).unwrap().into_report();
        assert!(report.is_genuine() && report.notes.is_empty(), "{report:?}");
    }
}

/// A store's files, changed behind its back.
fn edited(home: &Path, family: &str, edit: impl FnOnce(&rocksdb::DB, &rocksdb::ColumnFamily)) {
    let path = home.join("ledger/db");
    let families = rocksdb::DB::list_cf(&rocksdb::Options::default(), &path).unwrap();
    let database = rocksdb::DB::open_cf(&rocksdb::Options::default(), &path, &families).unwrap();
    edit(&database, database.cf_handle(family).unwrap());
}

#[test]
fn a_store_that_keeps_what_was_erased_or_lies_about_it_is_found_out() {
    let agency = |planted: &Planted| planted.network.codes[0].to_string();
    let first = |database: &rocksdb::DB, cf: &rocksdb::ColumnFamily, tag: u8| {
        let mut keys = database.iterator_cf(cf, rocksdb::IteratorMode::Start).map(|row| row.unwrap().0.to_vec());
        keys.find(|key| key[0] == tag).unwrap()
    };
    let erased = || {
        let mut planted = Planted::new();
        planted.erase(2);
        let home = planted.directory();
        let report = audited(&home);
        assert!(report.is_genuine() && report.notes.is_empty(), "{report:?}");
        assert_eq!(of_sender(&planted, &report).erased, 1, "the store dropped it");
        (planted, home)
    };

    let (planted, home) = erased();
    let stored = planted.entries[0][2].clone();
    edited(&home, "entries", |database, cf| {
        let of_chain = |(_, bytes): &(Box<[u8]>, Box<[u8]>)| bytes[..] == stored.bytes()[..entry::SIGNED_LEN];
        let all = database.iterator_cf(cf, rocksdb::IteratorMode::Start).map(Result::unwrap);
        let (key, _) = all.into_iter().find(of_chain).unwrap();
        database.put_cf(cf, key, stored.bytes()).unwrap();
    });
    only(&audited(&home), ViolationKind::Kept, &agency(&planted), 3);

    // The row that says so is gone: whoever offers the payload again would be believed.
    let (planted, home) = erased();
    edited(&home, "erasures", |database, cf| {
        database.delete_cf(cf, first(database, cf, b'E')).unwrap();
    });
    let report = audited(&home);
    assert!(
        report.violations.iter().all(|found| (found.kind, found.number) == (ViolationKind::Index, 3)),
        "{report:?}"
    );
    assert!(!report.is_genuine() && report.violations[0].agency == agency(&planted));

    // A row that no erasure asks for would drop what is owed.
    let (planted, home) = erased();
    edited(&home, "erasures", |database, cf| {
        let mut key = first(database, cf, b'E');
        key[12] = 2;
        database.put_cf(cf, key, planted.entries[0][1].id().as_bytes()).unwrap();
    });
    only(&audited(&home), ViolationKind::Index, &agency(&planted), 2);

    // A payload is gone and not known to be missing, so nobody is asked for it.
    let mut planted = Planted::new();
    planted.strip(1);
    let home = planted.directory();
    assert!(audited(&home).is_genuine());
    edited(&home, "erasures", |database, cf| {
        database.delete_cf(cf, first(database, cf, b'M')).unwrap();
    });
    only(&audited(&home), ViolationKind::Index, &agency(&planted), 2);
}
