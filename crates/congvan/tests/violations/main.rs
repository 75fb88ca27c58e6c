//! Every violation that `docs/evidence.md` lists, planted into a genuine ledger: found, named, and placed exactly.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../common/mod.rs"]
mod common;
mod kept;
mod planted;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use common::{chain_of, secret};
use congvan::audit::{Former, Options, Report, ViolationKind, audit, compare};
use congvan::bundle::{self, BundleView, Claim};
use congvan::core::archive::{Frame, file_of};
use congvan::core::blob::Outliner;
use congvan::core::evidence::RawProof;

use congvan::core::*;
use congvan::{setup, witness};
use planted::{Planted, resigned};

const DAY: u64 = 24 * 60 * 60 * 1000;

/// One violation, of this kind, here.
#[track_caller]
fn only(report: &Report, kind: ViolationKind, agency: &str, number: u64) {
    let found: Vec<_> = report.violations.iter().map(|v| (v.kind, v.agency.as_str(), v.number)).collect();
    assert_eq!(found, [(kind, agency, number)], "{:?}", report.violations);
}

#[test]
fn a_genuine_ledger_has_none_as_a_file_and_as_a_directory() {
    let planted = Planted::new();
    let report = planted.report();
    assert!(report.is_genuine() && report.notes.is_empty(), "{report:?}");
    let sender = report.chains.iter().find(|chain| chain.agency == planted.network.codes[0].as_str()).unwrap();
    assert_eq!((sender.covered, sender.witnessed), (6, 6));
    let directory = audit(&planted.directory(), &Options::default(), &mut |_| {}).unwrap().into_report();
    assert!(directory.is_genuine() && directory.notes.is_empty(), "{directory:?}");
    assert_eq!((directory.digest, directory.chains), (report.digest, report.chains));
}

#[test]
fn altered_bytes_signatures_and_links_are_named_where_they_are() {
    let code = |planted: &Planted| planted.network.codes[0].to_string();
    let edit = |n: usize, change: fn(&mut Vec<u8>)| {
        let mut planted = Planted::new();
        let frames = planted.frames();
        let place = frames.iter().position(|f| matches!(f, Frame::Entry(b) if **b == *planted.entries[0][n].bytes()));
        let place = place.unwrap();
        let mut frames = frames;
        let Frame::Entry(bytes) = &frames[place] else { panic!() };
        let mut bytes = bytes.to_vec();
        change(&mut bytes);
        frames[place] = Frame::Entry(Bounded::new(bytes).unwrap());
        let path = planted.network.dir.path().join("altered.cgva");
        fs::write(&path, file_of(&frames)).unwrap();
        planted.time = 0;
        let report = audit(&path, &Options::default(), &mut |_| {}).unwrap().into_report();
        (report, code(&planted))
    };
    let (report, agency) = edit(2, |bytes| *bytes.last_mut().unwrap() ^= 1);
    only(&report, ViolationKind::Altered, &agency, 3);
    // The signature of the last entry, which nothing links to.
    let (report, agency) = edit(6, |bytes| bytes[entry::HEADER_LEN] ^= 1);
    only(&report, ViolationKind::Signature, &agency, 7);

    let mut planted = Planted::new();
    planted.entries[0].remove(3);
    let report = planted.report();
    only(&report, ViolationKind::Link, &code(&planted), 5);
}

#[test]
fn what_a_foreign_key_or_the_roster_forbids_is_named() {
    let mut planted = Planted::new();
    let last = planted.entries[0].last().unwrap().clone();
    let thief = secret(&planted.network, 1).sign;
    let header = Header {
        seq: last.seq().next().unwrap(),
        prev: last.id(),
        signer: thief.public().id(),
        ..last.header().clone()
    };
    let forged = resigned(&header, last.payload().unwrap(), &thief);
    planted.entries[0].push(forged);
    only(&planted.report(), ViolationKind::Authority, planted.network.codes[0].as_str(), 8);

    // A registrar's entry that does what it may not: reinstating who was never suspended.
    let planted = Planted::new();
    let roster = planted.network.desk.roster();
    let chain = chain_of(&planted.network, 0);
    let payload = roster::RosterPayload { action: RosterAction::Reinstate { chain }, approvals: Sorted::default() };
    let key = match setup::read_keys(
        &setup::Home::new(planted.network.dir.path().join("registrar")).registrar_key(1),
        None,
    ) {
        Ok(keyfile::Keys::Registrar(key)) => key,
        other => panic!("{other:?}"),
    };
    let head = roster.head().unwrap();
    let payload = payload.to_bytes();
    let header = Header {
        version: entry::VERSION,
        network: roster.network(),
        chain: roster.chain(),
        seq: head.seq.next().unwrap(),
        prev: head.id,
        time: Time::from_millis(1),
        kind: Kind::ROSTER,
        signer: key.public().id(),
        payload_digest: Header::digest(&payload),
        payload_len: payload.len() as u32,
    };
    let unlawful = resigned(&header, &payload, &key);
    let mut frames = planted.frames();
    let behind = head.seq.get() as usize + 1;
    frames.insert(behind, Frame::Entry(Bounded::new(unlawful.bytes().to_vec()).unwrap()));
    let path = planted.network.dir.path().join("unlawful.cgva");
    fs::write(&path, file_of(&frames)).unwrap();
    let report = audit(&path, &Options::default(), &mut |_| {}).unwrap().into_report();
    only(&report, ViolationKind::Roster, "roster", head.seq.get() + 1);
}

#[test]
fn two_entries_with_one_number_convict_by_a_file_that_anybody_can_check() {
    let mut planted = Planted::new();
    let rival = planted.rival(0, 6, b"rival");
    let proof = EquivocationProof::new(&planted.entries[0][6], &rival).unwrap();
    planted.extra.push(Frame::Proof(RawProof::from_bytes(&proof.to_bytes()).unwrap()));
    let audited = planted.audited();
    only(audited.report(), ViolationKind::Equivocation, planted.network.codes[0].as_str(), 7);
    let convictions = audited.convictions().unwrap();
    let file = audited.write_conviction(&convictions[0], Vec::new()).unwrap();
    let evidence = bundle::check(file.as_slice(), planted.id(), &mut |_| {}).unwrap();
    let agency = planted.network.codes[0].to_string();
    assert_eq!(BundleView::of(&evidence).proven, [Claim::SignedTwo { agency, number: 7 }]);
}

#[test]
fn payloads_and_seals_without_their_form_are_named() {
    let agency = |planted: &Planted| planted.network.codes[0].to_string();
    let mut planted = Planted::new();
    planted.write(0, Kind::DOCUMENT, b"no document".to_vec());
    only(&planted.report(), ViolationKind::Form, &agency(&planted), 8);

    // Sealed for fewer than it is addressed to.
    let mut planted = Planted::new();
    let sealed = planted.document(&[1]);
    planted.entries[0].pop();
    planted.states[0] = planted.states[0].cut_back(Some(planted.entries[0].last().unwrap().point()));
    let mut payload = DocumentPayload::from_bytes(sealed.payload().unwrap()).unwrap();
    payload.cover.addressees = Sorted::from_unsorted(planted.network.codes[1..].to_vec()).unwrap();
    planted.write(0, Kind::DOCUMENT, payload.to_bytes());
    only(&planted.report(), ViolationKind::Form, &agency(&planted), 8);

    // It names another to strangers than it is addressed to.
    let mut planted = Planted::new();
    let sealed = planted.document(&[1]);
    planted.entries[0].pop();
    planted.states[0] = planted.states[0].cut_back(Some(planted.entries[0].last().unwrap().point()));
    let mut payload = DocumentPayload::from_bytes(sealed.payload().unwrap()).unwrap();
    payload.naming = payload.naming.map(|naming| Naming::new(naming.salt, &planted.network.codes[2..]));
    planted.write(0, Kind::DOCUMENT, payload.to_bytes());
    only(&planted.report(), ViolationKind::Form, &agency(&planted), 8);

    let mut planted = Planted::new();
    let document = planted.entries[0][5].clone();
    let status = planted.status(1, &document, StatusCode::Accepted);
    let n = planted.entries[1].len();
    planted.entries[1].pop();
    planted.states[1] = planted.states[1].cut_back(Some(planted.entries[1].last().unwrap().point()));
    let mut payload = StatusPayload::from_bytes(status.payload().unwrap()).unwrap();
    payload.body.body = Bounded::new(vec![0; 15]).unwrap();
    planted.write(1, Kind::STATUS, payload.to_bytes());
    only(&planted.report(), ViolationKind::Form, planted.network.codes[1].as_str(), n as u64);
}

#[test]
fn a_checkpoint_of_another_history_or_without_its_signature_is_named() {
    let agency = |planted: &Planted| planted.network.codes[0].to_string();
    let mut planted = Planted::new();
    let mut ids = planted.ids(0);
    ids[2] = EntryId::from_bytes([9; 32]);
    let wrong = planted.signed(0, &ids);
    planted.write(0, Kind::CHECKPOINT, wrong.to_bytes());
    only(&planted.report(), ViolationKind::Checkpoint, &agency(&planted), 8);

    let mut planted = Planted::new();
    let mut unsigned = planted.signed(0, &planted.ids(0));
    unsigned.signature.0[5] ^= 1;
    planted.write(0, Kind::CHECKPOINT, unsigned.to_bytes());
    only(&planted.report(), ViolationKind::Checkpoint, &agency(&planted), 8);

    let mut planted = Planted::new();
    let more = [planted.ids(0), vec![EntryId::from_bytes([1; 32])]].concat();
    let ahead = planted.signed(0, &more);
    planted.write(0, Kind::CHECKPOINT, ahead.to_bytes());
    only(&planted.report(), ViolationKind::Checkpoint, &agency(&planted), 8);
}

#[test]
fn a_false_witness_and_an_agency_with_two_histories_are_told_apart() {
    // A witness whose signature does not hold.
    let mut planted = Planted::new();
    let last = planted.entries[0].last().unwrap();
    let (at, signed) = (last.seq(), CheckpointPayload::from_bytes(last.payload().unwrap()).unwrap());
    let key = secret(&planted.network, 1).sign;
    let seen = Cosignature::sign(planted.id(), &planted.network.codes[0], at, signed, 7, &key);
    planted.witness(seen);
    only(&planted.report(), ViolationKind::Witness, planted.network.codes[2].as_str(), 2);

    // A witness of what was never signed.
    let mut planted = Planted::new();
    let mut ids = planted.ids(0);
    ids[0] = EntryId::from_bytes([9; 32]);
    let mut invented = planted.signed(0, &ids);
    invented.signature.0[0] ^= 1;
    planted.cosign_this(0, Seq::new(7).unwrap(), invented);
    only(&planted.report(), ViolationKind::Witness, planted.network.codes[2].as_str(), 2);

    // An agency that showed the witness another history than everybody else.
    let mut planted = Planted::new();
    let mut ids = planted.ids(0)[..6].to_vec();
    ids[3] = planted.rival(0, 3, b"shown to the witness").id();
    let other = planted.signed(0, &ids);
    planted.cosign_this(0, Seq::new(7).unwrap(), other);
    let audited = planted.audited();
    only(audited.report(), ViolationKind::SplitView, planted.network.codes[0].as_str(), 6);
    let convictions = audited.convictions().unwrap();
    let file = audited.write_conviction(&convictions[0], Vec::new()).unwrap();
    let evidence = bundle::check(file.as_slice(), planted.id(), &mut |_| {}).unwrap();
    let agency = planted.network.codes[0].to_string();
    assert_eq!(BundleView::of(&evidence).proven, [Claim::ShowedTwo { agency, size: 6 }]);
    let directory = audit(&planted.directory(), &Options::default(), &mut |_| {}).unwrap();
    only(directory.report(), ViolationKind::SplitView, planted.network.codes[0].as_str(), 6);
    assert_eq!(directory.convictions().unwrap().len(), 1);
}

#[test]
fn a_damaged_blob_an_edited_index_and_a_damaged_file_are_named() {
    let mut planted = Planted::new();
    let mut outliner = Outliner::default();
    outliner.push(&[7; 100]).unwrap();
    let blob = outliner.finish().blob();
    let chunk = |bytes: Vec<u8>| Frame::Chunk {
        blob,
        index: 0,
        bytes: Bounded::new(bytes).unwrap(),
        proof: Bounded::default(),
    };
    planted.extra.push(chunk(vec![7; 100]));
    assert!(planted.report().is_genuine());
    planted.extra = vec![chunk([vec![7; 99], vec![8]].concat())];
    only(&planted.report(), ViolationKind::Blob, &format!("blob {}", blob.id.short()), 0);

    let planted = Planted::new();
    let home = planted.directory();
    // Somebody edits the database: the document is gone from its addressee's list, and a status from its document's.
    for (family, expected) in [("by_addressee", (0, 6)), ("by_document", (1, 1)), ("ids", (0, 1))] {
        let path = setup::Home::new(&home).ledger().join("db");
        let families = rocksdb::DB::list_cf(&rocksdb::Options::default(), &path).unwrap();
        let database = rocksdb::DB::open_cf(&rocksdb::Options::default(), &path, &families).unwrap();
        let cf = database.cf_handle(family).unwrap();
        let rows: Vec<_> = database.iterator_cf(cf, rocksdb::IteratorMode::Start).map(Result::unwrap).collect();
        let of_sender = |value: &[u8]| u64::from_be_bytes(*value.last_chunk().unwrap()) == 1;
        let row = rows.iter().find(|(_, value)| family != "ids" || of_sender(value)).unwrap().clone();
        database.delete_cf(cf, &row.0).unwrap();
        drop(database);
        let report = audit(&home, &Options::default(), &mut |_| {}).unwrap().into_report();
        let found = &report.violations[0];
        assert_eq!((found.kind, report.violations.len()), (ViolationKind::Index, 1), "{family}: {report:?}");
        if family != "ids" {
            assert_eq!((found.agency.as_str(), found.number), (planted.network.codes[expected.0].as_str(), expected.1));
        }
        let database = rocksdb::DB::open_cf(&rocksdb::Options::default(), &path, &families).unwrap();
        database.put_cf(database.cf_handle(family).unwrap(), &row.0, &row.1).unwrap();
    }
    assert!(audit(&home, &Options::default(), &mut |_| {}).unwrap().report().is_genuine());

    let path = planted.file("damaged.cgva");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let report = audit(&path, &Options::default(), &mut |_| {}).unwrap().into_report();
    only(&report, ViolationKind::File, "file", 0);
}

#[test]
fn a_later_audit_reads_only_what_is_new_and_sees_what_was_rewritten_or_lost() {
    let mut planted = Planted::new();
    let auditor = SecretKey::from_seed(&[5; 32]);
    let first = planted.audited();
    let result = first.sign(Time::from_millis(1), &auditor);
    let former = Former::read(&result, &auditor.public()).unwrap();
    assert!(Former::read(&result, &SecretKey::from_seed(&[6; 32]).public()).is_err());
    for at in (0..result.len()).step_by(7) {
        let mut bytes = result.clone();
        bytes[at] ^= 1;
        assert!(Former::read(&bytes, &auditor.public()).is_err(), "byte {at}");
    }
    let since = Options { anchors: None, since: Some(&former) };
    let before = first.report().entries - first.report().chains[0].entries;

    let document = planted.entries[0][5].clone();
    planted.write(0, Kind::NOTE, b"new".to_vec());
    planted.status(1, &document, StatusCode::Accepted);
    planted.checkpoint(0);
    planted.cosign(0);
    for path in [planted.file("later.cgva"), planted.directory()] {
        let later = audit(&path, &since, &mut |_| {}).unwrap();
        let report = later.report();
        assert!(report.is_genuine() && report.notes.is_empty(), "{report:?}");
        assert_eq!(report.before, before);
        assert_eq!(report.entries - report.chains[0].entries, 4, "two of the sender, a status, a cosignature");
        assert_eq!(report.digest, audit(&path, &Options::default(), &mut |_| {}).unwrap().report().digest);
        // And so on from there.
        let next = later.sign(Time::from_millis(2), &auditor);
        assert!(Former::read(&next, &auditor.public()).is_ok());
    }
    // What the new entries break is found all the same, though it is about something old.
    planted.status(1, &document, StatusCode::Arrived);
    let report = audit(&planted.file("breach.cgva"), &since, &mut |_| {}).unwrap().into_report();
    assert_eq!(report.notes.len(), 1, "{report:?}");

    let mut rewritten = planted;
    let rival = rewritten.rival(0, 6, b"another");
    rewritten.entries[0][6] = rival;
    rewritten.entries[0].truncate(7);
    let report = audit(&rewritten.file("rewritten.cgva"), &since, &mut |_| {}).unwrap().into_report();
    let found = report.violations.iter().find(|v| v.agency == rewritten.network.codes[0].as_str()).unwrap();
    assert_eq!((found.kind, found.number), (ViolationKind::Rewritten, 7), "{report:?}");

    rewritten.entries[0].truncate(4);
    let report = audit(&rewritten.file("lost.cgva"), &since, &mut |_| {}).unwrap().into_report();
    let found = report.violations.iter().find(|v| v.agency == rewritten.network.codes[0].as_str()).unwrap();
    assert_eq!((found.kind, found.number), (ViolationKind::Lost, 5), "{report:?}");
}

#[test]
fn times_that_cannot_be_are_noted_and_make_nothing_less_genuine() {
    let noted = |planted: &Planted, n: usize, number: usize| {
        let report = planted.report();
        assert!(report.is_genuine(), "{report:?}");
        let found: Vec<_> = report.notes.iter().map(|note| (note.agency.as_str(), note.number)).collect();
        assert_eq!(found, [(planted.network.codes[n].as_str(), number as u64)], "{:?}", report.notes);
    };
    // A clock that went back.
    let mut planted = Planted::new();
    planted.time -= DAY;
    planted.write(0, Kind::NOTE, b"back".to_vec());
    noted(&planted, 0, 8);
    // One that is ahead of everybody's.
    let mut planted = Planted::new();
    planted.time = setup::now().as_millis() + DAY;
    planted.write(0, Kind::NOTE, b"ahead".to_vec());
    noted(&planted, 0, 8);
    // One that is ahead of a witness' who saw it.
    let mut planted = Planted::new();
    planted.time += DAY;
    planted.write(0, Kind::NOTE, b"ahead".to_vec());
    planted.checkpoint(0);
    planted.time -= DAY;
    planted.cosign(0);
    noted(&planted, 0, 8);
    // A status older than its document.
    let mut planted = Planted::new();
    planted.time += DAY;
    let document = planted.document(&[1]);
    planted.time -= DAY;
    planted.status(1, &document, StatusCode::Arrived);
    let n = planted.entries[1].len();
    noted(&planted, 1, n);
    // What the table of lives forbids.
    let mut planted = Planted::new();
    let document = planted.entries[0][5].clone();
    planted.status(2, &document, StatusCode::Arrived);
    noted(&planted, 2, 2);
}

#[test]
fn copies_are_compared_to_the_first_number_at_which_they_differ() {
    let mut planted = Planted::new();
    for n in 0..700_u32 {
        planted.write(0, Kind::NOTE, n.to_le_bytes().to_vec());
    }
    let one = planted.file("one.cgva");
    let shorter = {
        let mut frames = planted.frames();
        frames.retain(
            |frame| !matches!(frame, Frame::Entry(bytes) if UnverifiedEntry::parse(bytes).unwrap().seq().get() > 400),
        );
        let path = planted.network.dir.path().join("shorter.cgva");
        fs::write(&path, file_of(&frames)).unwrap();
        path
    };
    // Another history from number 600 on, and one from number 3 on.
    let mut others = Vec::new();
    for from in [600, 3] {
        let ids: Vec<_> = planted.entries[0].clone();
        planted.entries[0].truncate(from - 1);
        planted.states[0] = planted.states[0].cut_back(Some(planted.entries[0].last().unwrap().point()));
        for n in 0..120_u32 {
            planted.write(0, Kind::NOTE, [n.to_le_bytes(), [7; 4]].concat());
        }
        let path = planted.network.dir.path().join(format!("from-{from}.cgva"));
        // What the other chains say of this one is another matter.
        let mut frames = planted.frames();
        let chain = chain_of(&planted.network, 0);
        let roster = planted.network.desk.roster().chain();
        frames.retain(|frame| {
            !matches!(frame, Frame::Entry(bytes) if ![chain, roster].contains(&UnverifiedEntry::parse(bytes).unwrap().header().chain))
        });
        fs::write(&path, file_of(&frames)).unwrap();
        others.push((from as u64, path));
        planted.entries[0] = ids;
        planted.states[0] = ChainState::new(chain);
        let policy = planted.network.desk.roster().policy(chain).unwrap();
        let id = planted.id();
        planted.states[0].extend(id, &policy, planted.entries[0].clone()).unwrap();
    }
    let audit = |path: &PathBuf| audit(path, &Options::default(), &mut |_| {}).unwrap();
    assert_eq!(compare(&[audit(&one), audit(&shorter)]).unwrap(), []);
    for (from, other) in &others {
        let copies = [audit(&one), audit(other), audit(&shorter)];
        let found = compare(&copies).unwrap();
        assert_eq!((found[0].number, found[0].agency.as_str()), (*from, planted.network.codes[0].as_str()));
        assert!(found[0].convicts && found[0].held_by[0] == [0] || found[0].held_by[0] == [0, 2], "{found:?}");
        let file = copies[0].write_conviction(&found[0].conviction().unwrap(), Vec::new()).unwrap();
        let evidence = bundle::check(file.as_slice(), planted.id(), &mut |_| {}).unwrap();
        assert_eq!(evidence.forks[0].seq().get(), *from);
    }
}

#[test]
fn the_table_in_the_docs_has_every_kind_and_no_other() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/evidence.md")).unwrap();
    let (_, table) = page.split_once("**Violations.**").unwrap();
    let rows =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |").map(|(kind, _)| kind.to_owned()));
    let listed: BTreeSet<String> = rows.collect();
    let kinds: BTreeSet<String> = ViolationKind::ALL.iter().map(|kind| kind.name().to_owned()).collect();
    assert_eq!(listed, kinds);
    assert!(witness::EVERY.as_secs() == 60, "the page says so");
}
