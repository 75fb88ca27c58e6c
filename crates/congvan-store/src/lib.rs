//! The Congvan ledger in RocksDB: chains, the roster, evidence, attachments, and what a node keeps
//! beside them, in one database.
//!
//! What it promises:
//! - An entry, its indexes and its effects are one atomic write (DESIGN §3.7).
//! - [`Writer::append`] and [`Ledger::ingest`] return once what they wrote is on disk. After a crash it
//!   is there, whole, and nothing half-written is.
//! - A write that fails makes the ledger read-only until it is opened anew: nothing is guessed about
//!   what a failing disk holds.
//! - Damage is an error that names chain and number, never a panic, and never silence.
//! - One process writes; any number read copies or backups.
//!
//! Start at [`Ledger`].

mod backup;
mod batch;
mod blobs;
mod chain;
mod db;
mod erase;
mod error;
mod feed;
mod ingest;
pub mod layout;
mod ledger;
mod mark;
mod migrate;
mod procedures;
mod read;
mod roster;
mod tree;
mod verify;
mod writer;

pub use backup::Sizes;
pub use blobs::{BlobWriter, Chunk};
pub use chain::ChainStatus;
pub use congvan_core::ingest::Ingested;
pub use congvan_core::{Quarantine, Reason};
pub use error::{AppendError, BackupError, Corruption, IngestError, MarkError, OpenError, StoreError, WriterError};
pub use feed::{FeedItem, LocalChange};
pub use ingest::Verified;
pub use layout::FORMAT;
pub use ledger::{Ledger, MarkVerdict, Options};
pub use mark::HighWater;
pub use procedures::ProcedureMark;
pub use tree::{CheckpointMark, Tree, WitnessMark};
pub use verify::IndexFault;
pub use writer::{Done, Full, LocalPut, Writer};
