//! What can go wrong in a ledger, and what to do about it.

use std::path::PathBuf;

use congvan_core::blob::BlobError;
use congvan_core::evidence::ProofError;
use congvan_core::roster::RosterError;
use congvan_core::{ChainError, ChainId, CodecError, EntryError, Seq};

/// What is wrong with stored bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Corruption {
    /// A block or file fails its checksum.
    #[error("the storage below fails its checksum or lacks a file: {0}")]
    Storage(String),
    /// A key that no version of the layout has.
    #[error("the key {0:02x?} is none of this format's")]
    Key(Vec<u8>),
    /// A value of a wrong length.
    #[error("a {what} of {len} bytes is none of this format's")]
    Value {
        /// Of what.
        what: &'static str,
        /// Its length.
        len: usize,
    },
    /// A value that does not decode.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// A stored entry is no entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// A stored entry does not fit its chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A stored roster entry does not fit the roster.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// A stored proof proves nothing.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// An entry up to the head is not there.
    #[error("the entry is missing")]
    Missing,
    /// An entry under another's number or chain.
    #[error("another entry's bytes are stored in its place")]
    Misplaced,
    /// The entry at the head is not the one that the head names.
    #[error("the last entry is not the one that the ledger's head names")]
    Head,
    /// A blob whose chunks do not make it up.
    #[error("an attachment's stored chunks are not those of the attachment")]
    Blob,
}

/// Why a ledger does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No ledger is there.
    #[error("there is no ledger in {0}; create, import or restore one")]
    Missing(PathBuf),
    /// One is there already.
    #[error("there is a ledger in {0} already; choose another directory")]
    Exists(PathBuf),
    /// It is another agency's.
    #[error("the ledger in {path} is that of agency {owner}: export it from there, and import it into a new one")]
    OtherOwner {
        /// Where.
        path: PathBuf,
        /// Whose it is.
        owner: String,
    },
    /// Another process writes it.
    #[error("another process writes the ledger in {0}; stop it first, or talk to it")]
    Locked(PathBuf),
    /// Newer software wrote it.
    #[error("the ledger in {path} has format {found}; this software knows formats up to {known}: upgrade it")]
    Format {
        /// Where.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest known here.
        known: u32,
    },
    /// An old format that a read-only open cannot migrate.
    #[error("the ledger in {path} has the old format {found}; open it once for writing, so that it is migrated")]
    OldFormat {
        /// Where.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Something in it is corrupt.
    #[error("the ledger in {path} is damaged: {error}; restore a backup and let the peers supply the rest")]
    Corrupt {
        /// Where.
        path: PathBuf,
        /// What.
        error: Corruption,
    },
    /// The operating system.
    #[error("{path}: {error}")]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// RocksDB.
    #[error("the ledger in {path} does not open: {error}")]
    Storage {
        /// Where.
        path: PathBuf,
        /// What RocksDB said.
        error: String,
    },
}

/// Why a stored thing cannot be read or written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A stored entry is damaged.
    #[error("chain {chain}, number {seq}: {error}")]
    Corrupt {
        /// Its chain.
        chain: ChainId,
        /// Its number: the first that cannot be read.
        seq: Seq,
        /// What is wrong.
        error: Corruption,
    },
    /// Something else that is stored is damaged.
    #[error("the ledger is damaged: {0}")]
    Damaged(#[from] Corruption),
    /// A write failed, now or before. Whether its batch is on disk shows when the ledger is opened anew.
    #[error(
        "the disk is full or failing ({0}); the ledger takes no more writes until it is opened anew. Nothing \
         acknowledged is lost"
    )]
    Failed(String),
    /// RocksDB cannot read.
    #[error("the ledger cannot be read: {0}")]
    Read(String),
    /// Opened for reading only.
    #[error("the ledger was opened for reading only")]
    ReadOnly,
    /// Bytes that are no chunk of a blob.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

/// Why entries or a proof were not stored. Nothing of them was.
pub type IngestError = congvan_core::ingest::IngestError<StoreError>;

impl From<StoreError> for IngestError {
    fn from(error: StoreError) -> Self {
        Self::Storage(error)
    }
}

/// Why an entry was not appended.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The chain's rules or the roster forbid it.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The chain is in quarantine.
    #[error("this chain is in quarantine from number {0} on, until the registrar names the branch that stands")]
    Quarantined(Seq),
    /// The roster or the chain changed between signing and storing.
    #[error("the roster or the chain changed at that moment; nothing was written, try again")]
    Changed,
    /// The writer was closed.
    #[error("the writer was closed")]
    Closed,
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a chain cannot be written here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriterError {
    /// The key signed more than the database holds.
    #[error(
        "the key has signed up to number {mark}, the ledger ends at {head}: an older copy of the ledger is in place. \
         Writing would use numbers twice; connect to peers and let them supply what is missing"
    )]
    OlderThanKey {
        /// The last number stored.
        head: u64,
        /// The highest number signed.
        mark: u64,
    },
    /// One writer at a time.
    #[error("chain {0} has a writer already")]
    Taken(ChainId),
    /// The roster does not know it.
    #[error("the roster knows no chain {0}")]
    UnknownChain(ChainId),
    /// The chain is in quarantine.
    #[error("chain is in quarantine from number {0} on, until the registrar names the branch that stands")]
    Quarantined(Seq),
    /// The mark beside the key.
    #[error(transparent)]
    Mark(#[from] MarkError),
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No thread.
    #[error("the writer's threads do not start: {0}")]
    Thread(std::io::Error),
}

/// Why the high-water mark beside a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MarkError {
    /// The operating system.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// Not such a file.
    #[error("{0} is damaged: it tells no highest number signed. Ask peers for this chain's end before removing it")]
    Damaged(PathBuf),
}

/// Why a backup or restore failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// Something is there already.
    #[error("{0} holds a ledger already; a copy goes into a new directory")]
    Exists(PathBuf),
    /// The copy does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The operating system.
    #[error("{path}: {error}")]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What it said.
        error: std::io::Error,
    },
    /// RocksDB.
    #[error("RocksDB made no copy: {0}")]
    Storage(String),
}

/// A read that RocksDB refused: corruption or something else.
pub(crate) fn read_error(error: rocksdb::Error) -> StoreError {
    match error.kind() {
        rocksdb::ErrorKind::Corruption => Corruption::Storage(error.into_string()).into(),
        _ => StoreError::Read(error.into_string()),
    }
}

impl StoreError {
    /// The same error, at an entry.
    pub(crate) fn at(self, chain: ChainId, seq: Seq) -> Self {
        match self {
            Self::Damaged(error) => Self::Corrupt { chain, seq, error },
            other => other,
        }
    }
}
