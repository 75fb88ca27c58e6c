//! The feed: what concerns this agency, in order of arrival; and small durable local values.

use std::collections::HashSet;

use congvan_core::{ChainId, EntryId, EntryRef, Kind, Seq};
use rocksdb::WriteBatch;

use crate::batch::{Batch, Meaning, Owner};
use crate::db::Item;
use crate::error::StoreError;
use crate::layout::{self, Cf, meta};
use crate::ledger::{Ledger, guard};

/// One entry that concerns this agency: written by it, addressed to it, of the roster or of the catalogue, or an erasure, whosever it is.
/// Its own
/// signature was checked. It may have been set aside since, and may come again after that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FeedItem {
    /// Its number in the feed, from 1 on.
    pub number: u64,
    /// The entry.
    pub entry: EntryRef,
    /// What it is.
    pub kind: Kind,
}

/// A change of a local value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LocalChange {
    /// This value under this key.
    Put(Vec<u8>, Vec<u8>),
    /// No value under this key.
    Delete(Vec<u8>),
}

/// Feed items written at once when a feed is completed.
const COMPLETED_AT_ONCE: usize = 1000;

impl Ledger {
    /// Adds to the feed what concerns its owner and came in before the ledger was this owner's, or an
    /// archive; `before` is whom the feed was made for. The numbers that consumers know stay.
    pub(crate) fn complete_feed(&self, before: &Owner) -> Result<(), StoreError> {
        let owner = &self.0.owner;
        let Some(record) = owner.to_bytes().filter(|_| owner != before) else { return Ok(()) };
        let fed = self.fed_from(1).map(|item| Ok(item?.entry.id));
        let known = fed.collect::<Result<HashSet<EntryId>, StoreError>>()?;
        // Its own entries first: those of others answer them.
        let (own, others): (Vec<_>, Vec<_>) = self.chains().into_iter().partition(|chain| Some(*chain) == owner.chain);
        for chain in own.into_iter().chain(others) {
            self.complete_with(chain, &known)?;
        }
        let mut batch = WriteBatch::default();
        batch.put(meta::OWNER, record);
        self.0.db.write(batch, true)
    }

    fn complete_with(&self, chain: ChainId, known: &HashSet<EntryId>) -> Result<(), StoreError> {
        let status = self.status(chain);
        let Some(last) = status.head.map(|head| head.seq) else { return Ok(()) };
        let mut missing = Vec::new();
        for entry in self.entries(chain, Seq::FIRST) {
            let entry = match entry {
                Ok(entry) if entry.seq() <= last => entry,
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(%error, "a stored entry is damaged; what follows it does not enter the feed");
                    break;
                }
            };
            let meaning = Meaning::of(entry.header().kind, entry.payload());
            if !self.0.owner.concerns(&entry, &meaning) || known.contains(&entry.id()) {
                continue;
            }
            // What the check behind has not reached is checked here; where it is bad, that check says so.
            if entry.seq().get() > status.verified_through && entry.check().is_err() {
                break;
            }
            missing.push(entry);
        }
        for some in missing.chunks(COMPLETED_AT_ONCE) {
            let mut side = guard(&self.0.write);
            let mut batch = Batch::new(&self.0.db, side.next_feed, some.len() * 128);
            some.iter().for_each(|entry| batch.feed(entry));
            let (write, next_feed) = batch.finish();
            self.0.db.write(write, true)?;
            side.next_feed = next_feed;
        }
        Ok(())
    }

    fn fed_from(&self, number: u64) -> impl Iterator<Item = Result<FeedItem, StoreError>> + '_ {
        let stored = self.0.db.scan(Cf::Feed, number.to_be_bytes().to_vec(), vec![u8::MAX; 9], false);
        stored.map(|item| {
            let (key, value) = item?;
            let (entry, kind) = layout::read_feed_value(&value)?;
            Ok(FeedItem { number: layout::read_number("feed", &key)?, entry, kind })
        })
    }

    /// The items after number `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn feed(&self, after: u64, limit: usize) -> Result<Vec<FeedItem>, StoreError> {
        let Some(from) = after.checked_add(1) else { return Ok(vec![]) };
        self.fed_from(from).take(limit).collect()
    }

    /// The number of the last item; 0 for none.
    pub fn feed_head(&self) -> u64 {
        guard(&self.0.write).next_feed - 1
    }

    /// The last number that a consumer acknowledged; 0 for none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn cursor(&self, name: &str) -> Result<u64, StoreError> {
        match self.0.db.get(Cf::Local, layout::cursor_key(name))? {
            Some(number) => Ok(layout::read_number("cursor", &number)?),
            None => Ok(0),
        }
    }

    /// Moves a consumer's cursor forward; a lower number than it has changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_cursor(&self, name: &str, number: u64) -> Result<(), StoreError> {
        let _write = guard(&self.0.write);
        if number <= self.cursor(name)? {
            return Ok(());
        }
        self.put(layout::cursor_key(name), &number.to_be_bytes())
    }

    /// Moves a consumer's cursor forward and stores entries' references under local keys, in one atomic
    /// write: what a consumer keeps of the feed is exactly what its cursor says. Without `entries`, a
    /// lower number than it has changes nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn advance(&self, name: &str, number: u64, entries: &[(Vec<u8>, EntryRef)]) -> Result<(), StoreError> {
        let _write = guard(&self.0.write);
        let number = number.max(self.cursor(name)?);
        let mut batch = WriteBatch::default();
        for (key, entry) in entries {
            batch.put_cf(self.0.db.cf(Cf::Local), layout::local_key(key), layout::reference(*entry));
        }
        batch.put_cf(self.0.db.cf(Cf::Local), layout::cursor_key(name), number.to_be_bytes());
        self.0.db.write(batch, true)
    }

    /// The entries whose references were stored under local keys that begin with `prefix`, by key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn local_entries(&self, prefix: &[u8]) -> Result<Vec<EntryRef>, StoreError> {
        let stored = self.0.db.scan_prefix(Cf::Local, &layout::local_key(prefix), false);
        stored.map(|item| Ok(layout::read_reference(&item?.1)?)).collect()
    }

    /// All consumers and what they acknowledged, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn cursors(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let read = |item: Item| {
            let (key, value) = item?;
            Ok((String::from_utf8_lossy(&key[1..]).into_owned(), layout::read_number("cursor", &value)?))
        };
        self.0.db.scan_prefix(Cf::Local, b"c", false).map(read).collect()
    }

    /// A local value.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn get_local(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.db.get(Cf::Local, layout::local_key(key))
    }

    /// The entry that [`LocalPut::Entry`](crate::LocalPut::Entry) wrote under a key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn get_local_entry(&self, key: &[u8]) -> Result<Option<EntryRef>, StoreError> {
        let stored = self.get_local(key)?;
        Ok(stored.map(|bytes| layout::read_reference(&bytes)).transpose()?)
    }

    /// Stores a local value, durably.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_local(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.put(layout::local_key(key), value)
    }

    /// All local values whose keys begin with `prefix`, by key, ascending.
    pub fn scan_local(
        &self,
        prefix: &[u8],
    ) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + '_ + use<'_> {
        let read = |item: Item| item.map(|(key, value)| (key[1..].to_vec(), value.to_vec()));
        self.0.db.scan_prefix(Cf::Local, &layout::local_key(prefix), false).map(read)
    }

    /// Changes local values, durably: all of them or none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn change_local(&self, changes: Vec<LocalChange>) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        for change in changes {
            match change {
                LocalChange::Put(key, value) => batch.put_cf(self.0.db.cf(Cf::Local), layout::local_key(&key), value),
                LocalChange::Delete(key) => batch.delete_cf(self.0.db.cf(Cf::Local), layout::local_key(&key)),
            }
        }
        self.0.db.write(batch, true)
    }

    fn put(&self, key: Vec<u8>, value: &[u8]) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        batch.put_cf(self.0.db.cf(Cf::Local), key, value);
        self.0.db.write(batch, true)
    }
}
