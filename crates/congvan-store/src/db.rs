//! RocksDB as this ledger uses it: how it is opened, read and written, and what a failure means.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use congvan_core::{ChainId, Genesis, Wire};
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode, ReadOptions,
    WriteBatch, WriteOptions,
};

use crate::batch::Owner;
use crate::chain::Chain;
use crate::error::{Corruption, OpenError, StoreError, read_error};
use crate::layout::{self, Cf, ChainNo, ChainPart, FORMAT, meta};
use crate::migrate;

/// Where RocksDB lies in a ledger's directory.
pub(crate) const DB_DIR: &str = "db";
/// The file that the one writing process holds locked.
const LOCK_FILE: &str = "writer.lock";
/// A write buffer: what is in memory before it becomes a table file.
const WRITE_BUFFER: usize = 32 * 1024 * 1024;
const SMALL_BUFFER: usize = 8 * 1024 * 1024;
/// Logs may hold this much before memory is flushed; replayed at the next start.
const MAX_WAL: u64 = 256 * 1024 * 1024;
const MAX_OPEN_FILES: i32 = 512;

/// A key and its value, or why they cannot be read.
pub(crate) type Item = Result<(Box<[u8]>, Box<[u8]>), StoreError>;

/// How a database is to be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    Write,
    Read,
}

/// An open database, and the lock on its directory if it is written.
pub(crate) struct Database {
    db: DB,
    dir: PathBuf,
    access: Access,
    /// The first failed write. What is on disk is uncertain from then on, so no more are made.
    failed: OnceLock<String>,
    _lock: Option<File>,
}

pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> OpenError {
    let path = path.to_owned();
    move |error| OpenError::Io { path, error }
}

fn open_error(dir: &Path) -> impl FnOnce(rocksdb::Error) -> OpenError {
    let path = dir.to_owned();
    move |error| match error.kind() {
        rocksdb::ErrorKind::Corruption => OpenError::Corrupt { path, error: Corruption::Storage(error.into_string()) },
        _ => OpenError::Storage { path, error: error.into_string() },
    }
}

fn options() -> rocksdb::Options {
    let mut options = rocksdb::Options::default();
    options.set_paranoid_checks(true);
    options.set_atomic_flush(true);
    // A process that was killed leaves a torn last record: replay stops there. Nothing acknowledged
    // lies behind it, because acknowledging waits for the log's sync.
    options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_max_total_wal_size(MAX_WAL);
    options.set_max_open_files(MAX_OPEN_FILES);
    options.set_keep_log_file_num(4);
    options.set_max_background_jobs(2);
    options
}

fn family(cf: Cf, cache: &Cache) -> rocksdb::Options {
    let mut options = rocksdb::Options::default();
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(cache);
    table.set_format_version(6);
    options.set_write_buffer_size(SMALL_BUFFER);
    options.set_compression_type(DBCompressionType::Lz4);
    match cf {
        Cf::Entries => {
            options.set_write_buffer_size(WRITE_BUFFER);
            table.set_block_size(16 * 1024);
        }
        // Looked up by keys that are often not there.
        Cf::Ids | Cf::BlobMeta => table.set_bloom_filter(10.0, false),
        Cf::Blobs => {
            options.set_write_buffer_size(WRITE_BUFFER);
            options.set_enable_blob_files(true);
            options.set_min_blob_size(1024);
            options.set_enable_blob_gc(true);
        }
        _ => {}
    }
    options.set_block_based_table_factory(&table);
    options
}

fn families(cache: &Cache) -> Vec<ColumnFamilyDescriptor> {
    let named = |cf: Cf| ColumnFamilyDescriptor::new(cf.name(), family(cf, cache));
    Cf::ALL.into_iter().map(named).collect()
}

/// Takes the lock of a ledger's directory.
fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(LOCK_FILE);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(OpenError::Io { path, error }),
    }
}

/// The format of the database in `dir`, before anything else of it is touched.
fn read_format(dir: &Path) -> Result<u32, OpenError> {
    let db = dir.join(DB_DIR);
    if !db.join("CURRENT").is_file() {
        return match db.is_dir() && fs::read_dir(&db).map_err(io(&db))?.next().is_some() {
            true => Err(OpenError::Corrupt {
                path: dir.to_owned(),
                error: Corruption::Storage("the file db/CURRENT is missing".to_owned()),
            }),
            false => Err(OpenError::Missing(dir.to_owned())),
        };
    }
    let db = DB::open_cf_for_read_only(&options(), &db, ["default"], false).map_err(open_error(dir))?;
    let stored = db.get(meta::FORMAT).map_err(open_error(dir))?;
    let bytes = stored.as_deref().and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    let malformed = Corruption::Value { what: "format version", len: stored.map_or(0, |bytes| bytes.len()) };
    bytes.map(u32::from_le_bytes).ok_or(OpenError::Corrupt { path: dir.to_owned(), error: malformed })
}

impl Database {
    /// Makes a new database. It appears under its name only once it is whole.
    pub(crate) fn create(dir: &Path, genesis: &Genesis) -> Result<(), OpenError> {
        fs::create_dir_all(dir).map_err(io(dir))?;
        let _lock = lock(dir)?;
        let (made, wanted) = (dir.join("db.new"), dir.join(DB_DIR));
        if wanted.exists() {
            return Err(OpenError::Exists(dir.to_owned()));
        }
        if made.exists() {
            // Left by a creation that was interrupted.
            fs::remove_dir_all(&made).map_err(io(&made))?;
        }
        let mut fresh = options();
        fresh.create_if_missing(true);
        fresh.create_missing_column_families(true);
        let db = DB::open_cf_descriptors(&fresh, &made, families(&Cache::new_lru_cache(1 << 20)))
            .map_err(open_error(dir))?;
        let mut batch = WriteBatch::default();
        batch.put(meta::FORMAT, FORMAT.to_le_bytes());
        batch.put(meta::GENESIS, genesis.to_bytes());
        let roster = Chain::new(ChainNo::ROSTER, ChainId::of_roster(genesis.network_id()));
        let parts = [
            (ChainPart::Id, roster.state.chain().as_bytes().to_vec()),
            (ChainPart::Head, roster.record().to_bytes()),
            (ChainPart::Spans, roster.state.to_record().to_bytes()),
        ];
        let missing = || OpenError::Storage { path: dir.to_owned(), error: "a column family is missing".to_owned() };
        let chains = db.cf_handle(Cf::Chains.name()).ok_or_else(missing)?;
        for (part, value) in parts {
            batch.put_cf(chains, layout::chain_key(roster.no, part), value);
        }
        db.write_opt(batch, &synced()).map_err(open_error(dir))?;
        drop(db);
        fs::rename(&made, &wanted).map_err(io(&wanted))?;
        sync_dir(dir)
    }

    pub(crate) fn open(dir: &Path, access: Access, cache_bytes: usize) -> Result<Self, OpenError> {
        let _lock = match access {
            Access::Write if dir.join(DB_DIR).is_dir() => Some(lock(dir)?),
            _ => None,
        };
        let found = read_format(dir)?;
        if found > FORMAT {
            return Err(OpenError::Format { path: dir.to_owned(), found, known: FORMAT });
        }
        if found < FORMAT && access == Access::Read {
            return Err(OpenError::OldFormat { path: dir.to_owned(), found });
        }
        let cache = Cache::new_lru_cache(cache_bytes);
        let path = dir.join(DB_DIR);
        let db = match access {
            Access::Read => DB::open_cf_descriptors_read_only(&options(), &path, families(&cache), false),
            Access::Write => {
                let mut options = options();
                options.create_missing_column_families(found < FORMAT);
                DB::open_cf_descriptors(&options, &path, families(&cache))
            }
        }
        .map_err(open_error(dir))?;
        migrate::run(&db, found, migrate::STEPS, FORMAT).map_err(open_error(dir))?;
        Ok(Self { db, dir: dir.to_owned(), access, failed: OnceLock::new(), _lock })
    }

    /// RocksDB alone, in a directory that nobody uses.
    pub(crate) fn bare(path: &Path) -> Result<DB, rocksdb::Error> {
        DB::open_cf_descriptors(&options(), path, families(&Cache::new_lru_cache(1 << 20)))
    }

    pub(crate) fn genesis(&self) -> Result<Genesis, StoreError> {
        let bytes = self.db.get(meta::GENESIS).map_err(read_error)?;
        let missing = Corruption::Value { what: "genesis", len: 0 };
        Ok(Genesis::parse(&bytes.ok_or(missing)?).map_err(Corruption::from)?)
    }

    /// Whom the feed was made for; nobody where no owner was ever named.
    pub(crate) fn owner(&self) -> Result<Owner, StoreError> {
        match self.db.get(meta::OWNER).map_err(read_error)? {
            Some(bytes) => Ok(Owner::from_bytes(&bytes)?),
            None => Ok(Owner::default()),
        }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(crate) fn raw(&self) -> &DB {
        &self.db
    }

    pub(crate) fn cf(&self, cf: Cf) -> &ColumnFamily {
        match self.db.cf_handle(cf.name()) {
            Some(handle) => handle,
            None => unreachable!("{} was opened with the database", cf.name()),
        }
    }

    /// Whether writes are possible, now.
    pub(crate) fn writable(&self) -> Result<(), StoreError> {
        match (self.access, self.failed.get()) {
            (Access::Read, _) => Err(StoreError::ReadOnly),
            (_, Some(error)) => Err(StoreError::Failed(error.clone())),
            _ => Ok(()),
        }
    }

    /// Takes no more writes.
    pub(crate) fn fail(&self, error: String) -> StoreError {
        tracing::error!(error, "the ledger takes no more writes");
        StoreError::Failed(self.failed.get_or_init(|| error).clone())
    }

    /// Writes a batch: all of it or nothing. With `sync` it is on disk when this returns.
    pub(crate) fn write(&self, batch: WriteBatch, sync: bool) -> Result<(), StoreError> {
        self.writable()?;
        let options = if sync { synced() } else { WriteOptions::default() };
        self.db.write_opt(batch, &options).map_err(|error| self.fail(error.into_string()))
    }

    pub(crate) fn get(&self, cf: Cf, key: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>, StoreError> {
        self.db.get_cf(self.cf(cf), key).map_err(read_error)
    }

    /// All keys and values from `from` up to, not with, `to`.
    pub(crate) fn scan(
        &self,
        cf: Cf,
        from: Vec<u8>,
        to: Vec<u8>,
        newest_first: bool,
    ) -> impl Iterator<Item = Item> + '_ + use<'_> {
        let options = within(from, to);
        let mode = if newest_first { rocksdb::IteratorMode::End } else { rocksdb::IteratorMode::Start };
        self.db.iterator_cf_opt(self.cf(cf), options, mode).map(|item| item.map_err(read_error))
    }

    /// The same, ascending, read in place: nothing is copied.
    pub(crate) fn cursor(&self, cf: Cf, from: Vec<u8>, to: Vec<u8>) -> rocksdb::DBRawIterator<'_> {
        let mut cursor = self.db.raw_iterator_cf_opt(self.cf(cf), within(from, to));
        cursor.seek_to_first();
        cursor
    }

    /// All keys that begin with `prefix`.
    pub(crate) fn scan_prefix(
        &self,
        cf: Cf,
        prefix: &[u8],
        newest_first: bool,
    ) -> impl Iterator<Item = Item> + '_ + use<'_> {
        self.scan(cf, prefix.to_vec(), after_prefix(prefix), newest_first)
    }
}

fn within(from: Vec<u8>, to: Vec<u8>) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_verify_checksums(true);
    options.set_iterate_lower_bound(from);
    options.set_iterate_upper_bound(to);
    options
}

/// The first key behind all that begin with `prefix`.
pub(crate) fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return end;
        }
    }
    // Nothing sorts behind all of 0xff…; no family has keys that long.
    vec![u8::MAX; 128]
}

pub(crate) fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}

/// Makes a directory's entries durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), OpenError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(io(dir))
}
