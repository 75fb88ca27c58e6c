//! Copies of a whole ledger, and its care.

use std::fs::{self, File};
use std::path::Path;

use rocksdb::checkpoint::Checkpoint;
use rocksdb::{BottommostLevelCompaction, CompactOptions, WriteBatch};

use crate::db::{DB_DIR, Database, sync_dir};
use crate::error::{BackupError, StoreError};
use crate::layout::{Cf, meta};
use crate::ledger::Ledger;

/// How much a ledger holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Sizes {
    /// Bytes of all files in its directory.
    pub disk_bytes: u64,
    /// Entries of all chains.
    pub entries: u64,
    /// Chains with at least one entry.
    pub chains: u64,
    /// Items in the feed.
    pub feed: u64,
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |error| BackupError::Io { path, error }
}

fn is_taken(dir: &Path) -> bool {
    fs::read_dir(dir).is_ok_and(|mut files| files.next().is_some())
}

impl Ledger {
    /// A consistent copy into a new directory, while the ledger is in use. On one file system it is
    /// made of links, and takes no room until the ledger moves on.
    ///
    /// # Errors
    /// [`BackupError`].
    pub fn backup(&self, to: &Path) -> Result<(), BackupError> {
        if is_taken(to) {
            return Err(BackupError::Exists(to.to_owned()));
        }
        fs::create_dir_all(to).map_err(io(to))?;
        let storage = |error: rocksdb::Error| BackupError::Storage(error.into_string());
        let checkpoint = Checkpoint::new(self.0.db.raw()).map_err(storage)?;
        checkpoint.create_checkpoint(to.join(DB_DIR)).map_err(storage)?;
        Ok(sync_dir(to)?)
    }

    /// Copies a backup to where a node will run, and marks the copy as restored: its node asks peers
    /// for its chain's end before it writes (DESIGN §3.8).
    ///
    /// # Errors
    /// [`BackupError`]; `to` then holds no ledger.
    pub fn restore(from: &Path, to: &Path) -> Result<(), BackupError> {
        let (made, wanted) = (to.join("db.new"), to.join(DB_DIR));
        if wanted.exists() {
            return Err(BackupError::Exists(to.to_owned()));
        }
        // Whether it is a ledger at all, and one that this software reads.
        drop(Ledger::open_read_only(from)?);
        if made.exists() {
            fs::remove_dir_all(&made).map_err(io(&made))?;
        }
        fs::create_dir_all(&made).map_err(io(&made))?;
        let source = from.join(DB_DIR);
        for file in fs::read_dir(&source).map_err(io(&source))? {
            let file = file.map_err(io(&source))?;
            let copy = made.join(file.file_name());
            if !file.file_type().map_err(io(&copy))?.is_file() || file.file_name() == "LOCK" {
                continue;
            }
            fs::copy(file.path(), &copy).map_err(io(&copy))?;
            File::open(&copy).and_then(|copy| copy.sync_all()).map_err(io(&copy))?;
        }
        Database::mark(&made, meta::RESTORED).map_err(|error| BackupError::Storage(error.into_string()))?;
        fs::rename(&made, &wanted).map_err(io(&wanted))?;
        Ok(sync_dir(to)?)
    }

    /// Brings the files into their smallest form.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn compact(&self) -> Result<(), StoreError> {
        self.flush()?;
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
        for cf in Cf::ALL {
            self.0.db.raw().compact_range_cf_opt(self.0.db.cf(cf), None::<&[u8]>, None::<&[u8]>, &options);
        }
        Ok(())
    }

    /// Writes all that is in memory to table files. Nothing depends on it but the time that the next
    /// start takes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn flush(&self) -> Result<(), StoreError> {
        let db = &self.0.db;
        db.writable()?;
        let all: Vec<_> = Cf::ALL.into_iter().map(|cf| db.cf(cf)).collect();
        let mut options = rocksdb::FlushOptions::default();
        options.set_wait(true);
        db.raw().flush_cfs_opt(&all, &options).map_err(|error| db.fail(error.into_string()))
    }

    /// How much it holds.
    pub fn sizes(&self) -> Sizes {
        let dir = self.0.db.dir().join(DB_DIR);
        let files = fs::read_dir(dir).into_iter().flatten().flatten();
        let disk_bytes = files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum();
        let feed = self.feed_head();
        let view = self.0.view();
        let heads = view.chains.values().map(|chain| chain.head());
        Sizes { disk_bytes, entries: heads.clone().sum(), chains: heads.filter(|head| *head > 0).count() as u64, feed }
    }
}

impl Database {
    /// Sets a marker in a database that is not in use.
    fn mark(path: &Path, key: &[u8]) -> Result<(), rocksdb::Error> {
        let db = Self::bare(path)?;
        let mut batch = WriteBatch::default();
        batch.put(key, []);
        db.write_opt(batch, &crate::db::synced())
    }
}
