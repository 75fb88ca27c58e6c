//! Lawful forgetting: which payloads are to go, how they leave the database, and how they leave its files.
//!
//! An erasing entry is written together with what it names and a mark that this is still to be dropped; dropping is
//! the next write, and is made good at the next start should there be none. So a crash between the two forgets nothing
//! of what is to be forgotten. Clearing the files, which [`Ledger::purge`] does, takes longer, and is remembered in the
//! same way.

use std::collections::{BTreeSet, HashSet};

use congvan_core::entry::SIGNED_LEN;
use congvan_core::{ChainId, EntryRef, Erasure, LinkedEntry, Point, Seq, UnverifiedEntry};
use rocksdb::{BottommostLevelCompaction, CompactOptions, WriteBatch};

use crate::batch::{Batch, Meaning};
use crate::db::Database;
use crate::error::StoreError;
use crate::layout::{self, Cf, ChainNo};
use crate::ledger::Ledger;

/// Which part of the blob files compaction clears of what is gone, by age; RocksDB's own default is a quarter.
const BLOB_AGE_CUTOFF: &str = "blob_garbage_collection_age_cutoff";
/// Entries dropped in one write.
const DROPPED_AT_ONCE: usize = 500;

/// Which entries of a chain erasures name, of some of its numbers.
#[derive(Default)]
pub(crate) struct Named(BTreeSet<Point>);

impl Named {
    /// By all that is stored.
    pub(crate) fn stored(db: &Database, no: ChainNo, first: Seq, last: Seq) -> Result<Self, StoreError> {
        let from = layout::erasure_key(b'E', layout::place(no, first.get()));
        let to = layout::erasure_key(b'E', layout::place(no, last.get().saturating_add(1)));
        let mut named = Self::default();
        for item in db.scan(Cf::Erasures, from, to, false) {
            let (key, id) = item?;
            let ((_, seq), _) = layout::read_erased_by(&key)?;
            named.0.insert(Point { seq, id: layout::read_entry_id(&id)? });
        }
        Ok(named)
    }

    /// And by this entry, if it is an erasure.
    pub(crate) fn add(&mut self, entry: &LinkedEntry) {
        let header = entry.header();
        if let Some(erasure) = Erasure::of(header.kind, entry.payload()) {
            self.0.extend(erasure.reached_by(header));
        }
    }

    pub(crate) fn contains(&self, entry: &LinkedEntry) -> bool {
        entry.header().kind.is_erasable() && self.0.contains(&entry.point())
    }

    /// What is left of an entry; `None` where all of it may be kept.
    pub(crate) fn keep(&self, entry: &LinkedEntry) -> Option<LinkedEntry> {
        (self.contains(entry) && entry.bytes().len() > SIGNED_LEN).then(|| entry.without_payload())
    }
}

impl Batch<'_> {
    /// Notes that a checked entry erases others of a chain. `true` if it names any.
    pub(crate) fn note_erasure(
        &mut self,
        erased: ChainNo,
        points: impl Iterator<Item = Point>,
        by: (ChainNo, Seq),
    ) -> bool {
        let by = layout::place(by.0, by.1.get());
        let mut any = false;
        for point in points {
            let place = layout::place(erased, point.seq.get());
            self.put(Cf::Erasures, layout::erased_by_key(place, by), point.id.as_bytes());
            self.put(Cf::Erasures, layout::erasure_key(b'T', place), []);
            any = true;
        }
        any
    }

    /// The same of an entry of the erased chain itself; nothing for any that is no erasure.
    pub(crate) fn note_own_erasure(&mut self, no: ChainNo, entry: &LinkedEntry) -> bool {
        let header = entry.header();
        let erasure = Erasure::of(header.kind, entry.payload());
        erasure.is_some_and(|erasure| self.note_erasure(no, erasure.reached_by(header), (no, header.seq)))
    }

    /// Notes that an entry is stored without a payload that nobody erased.
    pub(crate) fn note_missing(&mut self, no: ChainNo, entry: &LinkedEntry, named: &Named) {
        if entry.payload().is_none() && !named.contains(entry) {
            self.put(Cf::Erasures, layout::erasure_key(b'M', layout::place(no, entry.seq().get())), []);
        }
    }
}

/// What one write drops.
#[derive(Default)]
struct Dropping {
    places: HashSet<[u8; 12]>,
    /// Blobs that the dropped entries named.
    blobs: BTreeSet<congvan_core::BlobId>,
}

impl Ledger {
    /// Drops all that erasures name and that is still to be dropped. Whoever calls it holds the write path.
    pub(crate) fn drop_named(&self) -> Result<(), StoreError> {
        loop {
            let due = self.0.db.scan_prefix(Cf::Erasures, b"T", false).take(DROPPED_AT_ONCE);
            let due = due.map(|item| layout::read_place(&item?.0[1..]).map_err(StoreError::from));
            let due = due.collect::<Result<Vec<_>, _>>()?;
            if due.is_empty() {
                return Ok(());
            }
            let mut batch = Batch::new(&self.0.db, 0, 1024);
            let mut dropping = Dropping::default();
            for (no, seq) in due {
                for point in Named::stored(&self.0.db, no, seq, seq)?.0 {
                    self.drop_payload(&mut batch, &mut dropping, no, point)?;
                }
                batch.delete(Cf::Erasures, layout::erasure_key(b'T', layout::place(no, seq.get())));
            }
            let (mut write, _) = batch.finish();
            // Held until it is written: no chunk comes in between.
            let _partials = self.drop_unnamed_blobs(&mut write, &dropping.blobs, &dropping.places)?;
            self.0.db.write(write, true)?;
        }
    }

    fn drop_payload(
        &self,
        batch: &mut Batch<'_>,
        dropping: &mut Dropping,
        no: ChainNo,
        point: Point,
    ) -> Result<(), StoreError> {
        let place = layout::place(no, point.seq.get());
        // Header and signature say which entry it is, whatever became of the payload.
        let erased = |bytes: &[u8]| {
            let entry = UnverifiedEntry::parse(bytes.get(..SIGNED_LEN)?).ok()?;
            (entry.point() == point && entry.header().kind.is_erasable()).then_some(entry)
        };
        if let Some(bytes) = self.0.db.get(Cf::Entries, place)?
            && let Some(entry) = erased(&bytes)
        {
            batch.delete(Cf::Erasures, layout::erasure_key(b'M', place));
            if bytes.len() > SIGNED_LEN {
                let header = entry.header();
                let meaning = Meaning::of(header.kind, bytes.get(SIGNED_LEN..));
                meaning.each_key(no, point.seq.get(), header.time, &mut |cf, key, _| batch.delete(cf, key));
                batch.put(Cf::Entries, place, entry.signed_bytes());
                batch.put(Cf::Erasures, layout::erasure_key(b'D', place), []);
                dropping.places.insert(place);
                dropping.blobs.extend(meaning.blobs());
            }
        }
        let aside = layout::orphan_key(no, point);
        if let Some(bytes) = self.0.db.get(Cf::Evidence, &aside)?.filter(|bytes| bytes.len() > SIGNED_LEN)
            && let Some(entry) = erased(&bytes)
        {
            batch.put(Cf::Evidence, aside, entry.signed_bytes());
            batch.put(Cf::Erasures, layout::erasure_key(b'D', place), []);
        }
        Ok(())
    }

    /// By which entries this one is erased: its author's, then the registrars', by number. None where it is not.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn erased_by(&self, entry: &LinkedEntry) -> Result<Vec<EntryRef>, StoreError> {
        if !entry.header().kind.is_erasable() {
            return Ok(Vec::new());
        }
        let Some(chain) = self.chain(entry.header().chain) else { return Ok(Vec::new()) };
        let prefix = layout::erasure_key(b'E', layout::place(chain.no, entry.seq().get()));
        let mut by = Vec::new();
        for item in self.0.db.scan_prefix(Cf::Erasures, &prefix, true) {
            let (key, id) = item?;
            let (_, (no, seq)) = layout::read_erased_by(&key)?;
            let erasing = self.0.view().numbers.get(no.0 as usize).copied();
            if layout::read_entry_id(&id)? == entry.id()
                && let Some(chain) = erasing
                && let Some(erasing) = self.entry(chain, seq)?
            {
                by.push(erasing.reference());
            }
        }
        // Chains have local numbers, and the roster the least: within one chain, the first word counts.
        by.sort_by_key(|by| (by.chain != entry.header().chain, by.seq));
        Ok(by)
    }

    /// The entries behind `after`, at most `limit`, that are stored without payloads that nobody is known to have erased:
    /// to be asked for again. In the order in which this ledger met the chains.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn missing_payloads(
        &self,
        after: Option<(ChainId, Seq)>,
        limit: usize,
    ) -> Result<Vec<(ChainId, Seq)>, StoreError> {
        let after =
            after.and_then(|(chain, seq)| Some(layout::place(self.chain(chain)?.no, seq.get().checked_add(1)?)));
        let from = after.map_or(b"M".to_vec(), |place| layout::erasure_key(b'M', place));
        let mut missing = Vec::new();
        for item in self.0.db.scan(Cf::Erasures, from, b"N".to_vec(), false).take(limit) {
            let (no, seq) = layout::read_place(&item?.0[1..])?;
            missing.extend(self.0.view().numbers.get(no.0 as usize).map(|chain| (*chain, seq)));
        }
        Ok(missing)
    }

    /// Whether an erasure names a number whose entry is dropped at the next start, for the last one ended too early.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn is_erasure_pending(&self, chain: ChainId, seq: Seq) -> Result<bool, StoreError> {
        let Some(chain) = self.chain(chain) else { return Ok(false) };
        Ok(self.0.db.get(Cf::Erasures, layout::erasure_key(b'T', layout::place(chain.no, seq.get())))?.is_some())
    }

    /// Whether an entry is among them.
    pub(crate) fn is_missing(&self, no: ChainNo, seq: Seq) -> Result<bool, StoreError> {
        Ok(self.0.db.get(Cf::Erasures, layout::erasure_key(b'M', layout::place(no, seq.get())))?.is_some())
    }

    /// Whether something was dropped that is not cleared from the files yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn purge_due(&self) -> Result<bool, StoreError> {
        let any = |tag: &[u8]| self.0.db.scan_prefix(Cf::Erasures, tag, false).next().transpose();
        Ok(any(b"D")?.is_some() || any(b"B")?.is_some())
    }

    /// Clears what was dropped from the database's files: writes the tables that held it anew, and where attachments
    /// were dropped, the files of all attachments. Until then their bytes are still to be found on the disk. Takes as long
    /// as that takes to copy; the ledger can be used meanwhile. Returns how many entries and attachments were cleared.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn purge(&self) -> Result<u64, StoreError> {
        let db = &self.0.db;
        let all = |tag: &[u8]| {
            let keys = db.scan_prefix(Cf::Erasures, tag, false).map(|item| Ok(item?.0));
            keys.collect::<Result<Vec<_>, StoreError>>()
        };
        let (entries, blobs) = (all(b"D")?, all(b"B")?);
        if entries.is_empty() && blobs.is_empty() {
            return Ok(0);
        }
        // The log holds what memory holds; with all of it in tables, the log is removed.
        self.flush()?;
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        let compact = |cf: Cf, from: Option<Vec<u8>>, to: Option<Vec<u8>>| {
            db.raw().compact_range_cf_opt(db.cf(cf), from, to, &options);
        };
        let mut first = None;
        for (at, key) in entries.iter().enumerate() {
            let (no, seq) = layout::read_place(&key[1..])?;
            let (begin, next) = (*first.get_or_insert(seq), entries.get(at + 1));
            let next = next.map(|next| layout::read_place(&next[1..])).transpose()?;
            // One range for each chain.
            if next.is_none_or(|(next, _)| next != no) {
                let end = layout::place(no, seq.get().saturating_add(1));
                compact(Cf::Entries, Some(layout::place(no, begin.get()).to_vec()), Some(end.to_vec()));
                first = None;
            }
        }
        for cf in [Cf::Evidence, Cf::ByAddressee, Cf::ByDocument] {
            compact(cf, None, None);
        }
        if !blobs.is_empty() {
            // A file of blobs goes once none of its blobs is in use, so those in use move to new ones.
            let cutoff = |value| {
                let set = db.raw().set_options_cf(db.cf(Cf::Blobs), &[(BLOB_AGE_CUTOFF, value)]);
                set.map_err(|error| db.fail(error.into_string()))
            };
            cutoff("1.0")?;
            compact(Cf::Blobs, None, None);
            compact(Cf::BlobMeta, None, None);
            cutoff("0.25")?;
        }
        let mut done = WriteBatch::default();
        for key in entries.iter().chain(&blobs) {
            done.delete_cf(db.cf(Cf::Erasures), key);
        }
        db.write(done, true)?;
        Ok((entries.len() + blobs.len()) as u64)
    }
}
