//! From old formats to this one, step by step.

use congvan_core::{Erasure, Kind, UnverifiedEntry};
use rocksdb::{DB, IteratorMode, WriteBatch};

use crate::batch::Meaning;
use crate::db::synced;
use crate::layout::{self, Cf, meta};

/// One step: what it adds to a batch makes a database of `from` one of `from + 1`.
pub(crate) struct Step {
    pub(crate) from: u32,
    pub(crate) change: fn(&DB, &mut WriteBatch) -> Result<(), rocksdb::Error>,
}

/// All steps, ascending. The first format is 1; nothing is older.
pub(crate) const STEPS: &[Step] =
    &[Step { from: 1, change: catalogue }, Step { from: 2, change: checkpoints }, Step { from: 3, change: erasures }];

/// Before format 2, entries of the catalogue were stored as of an unknown kind: neither indexed nor in
/// the feed.
fn catalogue(db: &DB, batch: &mut WriteBatch) -> Result<(), rocksdb::Error> {
    let families = [Cf::Entries, Cf::Feed, Cf::Procedures].map(|cf| db.cf_handle(cf.name()));
    let [Some(entries), Some(feed), Some(procedures)] = families else { return Ok(()) };
    let last = db.iterator_cf(feed, IteratorMode::End).next().transpose()?;
    let mut next = last.and_then(|(key, _)| layout::read_number("feed", &key).ok()).map_or(1, |last| last + 1);
    for item in db.iterator_cf(entries, IteratorMode::Start) {
        let (place, bytes) = item?;
        let Ok((no, _)) = layout::read_place(&place) else { continue };
        let Some(entry) = UnverifiedEntry::parse(&bytes).ok().filter(|entry| entry.header().kind == Kind::PROCEDURE)
        else {
            continue;
        };
        if let Meaning::Procedure { code, act, .. } = Meaning::of(Kind::PROCEDURE, entry.payload()) {
            batch.put_cf(procedures, layout::procedure_key(no, &code, entry.seq().get()), layout::act_value(act));
        }
        // What came in bulk may not have been checked; a bad one will be found behind, and nobody is told of it.
        if entry.check_own_signature().is_ok() {
            batch.put_cf(feed, next.to_be_bytes(), layout::feed_value(entry.reference(), Kind::PROCEDURE));
            next += 1;
        }
    }
    Ok(())
}

/// Before format 3, checkpoints were stored as of an unknown kind. Trees are made when asked for.
fn checkpoints(db: &DB, batch: &mut WriteBatch) -> Result<(), rocksdb::Error> {
    let families = [Cf::Entries, Cf::Checkpoints].map(|cf| db.cf_handle(cf.name()));
    let [Some(entries), Some(checkpoints)] = families else { return Ok(()) };
    for item in db.iterator_cf(entries, IteratorMode::Start) {
        let (place, bytes) = item?;
        let Ok((no, seq)) = layout::read_place(&place) else { continue };
        let Ok(entry) = UnverifiedEntry::parse(&bytes) else { continue };
        let kind = entry.header().kind;
        if matches!(kind, Kind::CHECKPOINT | Kind::WITNESS) {
            let meaning = Meaning::of(kind, entry.payload());
            meaning.each_key(no, seq.get(), entry.header().time, &mut |_, key, value| {
                batch.put_cf(checkpoints, key, value)
            });
        }
    }
    Ok(())
}

/// Before format 4, nobody knew who names a blob, and erasures were stored as of an unknown kind. What they name is
/// dropped once the ledger is open.
fn erasures(db: &DB, batch: &mut WriteBatch) -> Result<(), rocksdb::Error> {
    let families = [Cf::Entries, Cf::Erasures, Cf::BlobMeta].map(|cf| db.cf_handle(cf.name()));
    let [Some(entries), Some(erasures), Some(blob_meta)] = families else { return Ok(()) };
    for item in db.iterator_cf(entries, IteratorMode::Start) {
        let (place, bytes) = item?;
        let Ok((no, seq)) = layout::read_place(&place) else { continue };
        let Ok(entry) = UnverifiedEntry::parse(&bytes) else { continue };
        let (header, payload) = (entry.header(), entry.payload());
        let meaning = Meaning::of(header.kind, payload);
        for blob in meaning.blobs() {
            batch.put_cf(blob_meta, layout::blob_named_key(*blob, layout::place(no, seq.get())), []);
        }
        let erasure = Erasure::of(header.kind, payload).filter(|_| entry.check_own_signature().is_ok());
        for point in erasure.iter().flat_map(|erasure| erasure.reached_by(header)) {
            let erased = layout::place(no, point.seq.get());
            let by = layout::place(no, seq.get());
            batch.put_cf(erasures, layout::erased_by_key(erased, by), point.id.as_bytes());
            batch.put_cf(erasures, layout::erasure_key(b'T', erased), []);
        }
    }
    Ok(())
}

/// Takes a database from format `found` to `wanted`. Each step and its new format are one atomic
/// write, so an interrupted migration goes on where it stopped.
pub(crate) fn run(db: &DB, found: u32, steps: &[Step], wanted: u32) -> Result<(), rocksdb::Error> {
    for step in steps.iter().filter(|step| (found..wanted).contains(&step.from)) {
        let mut batch = WriteBatch::default();
        (step.change)(db, &mut batch)?;
        batch.put(meta::FORMAT, (step.from + 1).to_le_bytes());
        db.write_opt(batch, &synced())?;
        tracing::info!(from = step.from, to = step.from + 1, "the ledger was migrated");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use congvan_core::blob::BlobRef;
    use congvan_core::catalogue::Title;
    use congvan_core::chain::KeyGrant;
    use congvan_core::erasure::Reason;
    use congvan_core::*;

    use super::*;

    #[test]
    fn steps_run_in_order_from_the_format_found() {
        let dir = tempfile::tempdir().unwrap();
        let mut options = rocksdb::Options::default();
        options.create_if_missing(true);
        let db = DB::open(&options, dir.path().join("db")).unwrap();
        db.put("trace", "").unwrap();
        fn add(db: &DB, batch: &mut WriteBatch, what: &str) -> Result<(), rocksdb::Error> {
            let before = String::from_utf8(db.get("trace")?.unwrap_or_default()).unwrap_or_default();
            batch.put("trace", before + what);
            Ok(())
        }
        let steps = [
            Step { from: 1, change: |db, batch| add(db, batch, "1") },
            Step { from: 2, change: |db, batch| add(db, batch, "2") },
            Step { from: 3, change: |db, batch| add(db, batch, "3") },
        ];
        run(&db, 2, &steps, 4).unwrap();
        assert_eq!(db.get("trace").unwrap().unwrap(), b"23");
        assert_eq!(db.get(meta::FORMAT).unwrap().unwrap(), 4u32.to_le_bytes());
    }

    /// The place of the one chain that is written here.
    const NO: layout::ChainNo = layout::ChainNo(3);

    /// A database with all families, and an agency that writes into it as old versions did.
    struct Old {
        db: DB,
        state: ChainState,
        network: NetworkId,
        policy: ChainPolicy,
        secret: AgencySecret,
        _dir: tempfile::TempDir,
    }

    impl Old {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let mut options = rocksdb::Options::default();
            options.create_if_missing(true);
            options.create_missing_column_families(true);
            let db = DB::open_cf(&options, dir.path().join("db"), Cf::ALL.map(Cf::name)).unwrap();
            let secret = AgencySecret::generate(&mut rng::from_seed(1));
            let network = NetworkId::from_bytes([7; 32]);
            let state = ChainState::new(ChainId::of_agency(network, &"H55".parse().unwrap()));
            let grant = KeyGrant { from: Seq::FIRST, keys: std::sync::Arc::new(secret.public()) };
            let policy = ChainPolicy { grants: vec![grant], ..ChainPolicy::default() };
            Self { db, state, network, policy, secret, _dir: dir }
        }

        fn put(&self, cf: Cf, key: &[u8], value: &[u8]) {
            self.db.put_cf(self.db.cf_handle(cf.name()).unwrap(), key, value).unwrap();
        }

        fn write(&mut self, kind: Kind, payload: Vec<u8>) -> VerifiedEntry {
            let draft = Draft { kind, time: Time::from_millis(1), payload };
            let entry = self.state.append(self.network, &self.policy, draft, &self.secret).unwrap();
            self.put(Cf::Entries, &place(&entry), entry.bytes());
            entry
        }

        fn rows(&self, cf: Cf) -> Vec<Row> {
            let stored = self.db.iterator_cf(self.db.cf_handle(cf.name()).unwrap(), IteratorMode::Start);
            stored.map(|item| item.unwrap()).collect()
        }
    }

    /// Key and value.
    type Row = (Box<[u8]>, Box<[u8]>);

    fn place(entry: &VerifiedEntry) -> [u8; 12] {
        layout::place(NO, entry.seq().get())
    }

    #[test]
    fn procedures_of_format_1_come_into_the_index_and_the_feed() {
        let mut old = Old::new();
        let procedure = Procedure::new("1.1".parse().unwrap(), Title::new("Một").unwrap());
        let payload = ProcedurePayload::new(ProcedureChange::Publish(procedure)).unwrap().to_bytes();
        let payloads = [(Kind::NOTE, vec![1]), (Kind::PROCEDURE, payload), (Kind::PROCEDURE, vec![9])];
        let written = payloads.map(|(kind, payload)| old.write(kind, payload));
        old.put(Cf::Feed, &41u64.to_be_bytes(), &layout::feed_value(written[0].reference(), Kind::NOTE));
        run(&old.db, 1, STEPS, 2).unwrap();

        let index = old.rows(Cf::Procedures);
        assert_eq!(index.len(), 1);
        let (found, code, seq) = layout::read_procedure_key(&index[0].0).unwrap();
        assert_eq!((found, code.as_str(), seq.get()), (NO, "1.1", 2));
        assert_eq!(layout::read_act(&index[0].1).unwrap(), congvan_core::catalogue::Act::Publish);
        // Also the one that nobody can read: it is flagged, and silence would hide it.
        let feed = old.rows(Cf::Feed);
        let fed: Vec<_> = feed.iter().map(|(_, value)| layout::read_feed_value(value).unwrap().0).collect();
        assert_eq!(fed, written.each_ref().map(VerifiedEntry::reference));
        assert_eq!(feed.last().unwrap().0.as_ref(), 43u64.to_be_bytes());
    }

    #[test]
    fn erasures_of_format_3_come_into_force_and_blobs_get_their_names() {
        let mut old = Old::new();
        let blob = BlobRef { id: BlobId::from_bytes([5; 32]), len: 9 };
        let cover = Cover { blobs: Bounded::new(vec![blob]).unwrap(), ..Cover::default() };
        let document = DocumentPayload::public(cover, Envelope::default(), &mut rng::from_seed(2)).unwrap();
        let named = old.write(Kind::DOCUMENT, document.to_bytes());
        let erasure = |entry: &VerifiedEntry| {
            let entries = Sorted::from_unsorted(vec![entry.point()]).unwrap();
            Erasure { entries, reason: Reason::Mistake, basis: Text::default() }.to_bytes()
        };
        let erasing = old.write(Kind::ERASE, erasure(&named));
        let forged = old.write(Kind::ERASE, erasure(&erasing));
        let mut bytes = forged.bytes().to_vec();
        bytes[congvan_core::entry::HEADER_LEN] ^= 1;
        old.put(Cf::Entries, &place(&forged), &bytes);
        run(&old.db, 3, STEPS, 4).unwrap();

        let keys = |cf: Cf| old.rows(cf).into_iter().map(|(key, _)| key.to_vec()).collect::<Vec<_>>();
        assert_eq!(keys(Cf::BlobMeta), [layout::blob_named_key(blob.id, place(&named))]);
        let due = [layout::erased_by_key(place(&named), place(&erasing)), layout::erasure_key(b'T', place(&named))];
        assert_eq!(keys(Cf::Erasures), due, "and nothing by what nobody signed");
    }
}
