//! The high-water mark: the highest number that a key signed, in a small file beside the key and
//! outside the database and its backups (DESIGN §3.8).
//!
//! The ledger's own log is the truth; the mark only tells a database that is older than its key. It
//! is written after the entry is committed, so it never exceeds what was stored, and reaches the disk
//! a moment later: a crash of the process loses nothing of it, a loss of power its last moment.
//!
//! ```text
//! two slots of 16 bytes, written in turn: number u64 little-endian ‖ its complement
//! ```

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::db::sync_dir;
use crate::error::{MarkError, OpenError};

/// An open mark. It moves up only.
#[derive(Debug)]
pub struct HighWater {
    file: Arc<File>,
    path: PathBuf,
    number: u64,
    slot: u64,
}

const SLOT: usize = 16;

fn read_slot(bytes: &[u8]) -> Option<u64> {
    let (number, complement) = bytes.split_at_checked(8)?;
    let number = u64::from_le_bytes(number.try_into().ok()?);
    let complement = u64::from_le_bytes(complement.try_into().ok()?);
    (number == !complement).then_some(number)
}

fn slot_bytes(number: u64) -> [u8; SLOT] {
    let mut bytes = [0; SLOT];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes[8..].copy_from_slice(&(!number).to_le_bytes());
    bytes
}

impl HighWater {
    /// Opens the mark in a file; makes one at 0 where there is none.
    ///
    /// # Errors
    /// [`MarkError::Damaged`] where the file is no mark: never guess then.
    pub fn open(path: &Path) -> Result<Self, MarkError> {
        let io = |error| MarkError::Io { path: path.to_owned(), error };
        let existed = path.exists();
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(io)?;
        if !existed {
            file.write_all_at(&[slot_bytes(0), slot_bytes(0)].concat(), 0).map_err(io)?;
            file.sync_all().map_err(io)?;
            let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
            sync_dir(dir).map_err(|error| match error {
                OpenError::Io { path, error } => MarkError::Io { path, error },
                _ => MarkError::Damaged(path.to_owned()),
            })?;
        }
        let damaged = || MarkError::Damaged(path.to_owned());
        if file.metadata().map_err(io)?.len() != 2 * SLOT as u64 {
            return Err(damaged());
        }
        let mut bytes = [0; 2 * SLOT];
        file.read_exact_at(&mut bytes, 0).map_err(io)?;
        let slots = [read_slot(&bytes[..SLOT]), read_slot(&bytes[SLOT..])];
        let number = slots.into_iter().flatten().max().ok_or_else(damaged)?;
        // The next write goes over the slot that matters less.
        let slot = u64::from(slots[0] == Some(number));
        Ok(Self { file: Arc::new(file), path: path.to_owned(), number, slot })
    }

    /// The highest number signed.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Moves the mark up, into the page cache: it survives the process, and a loss of power after the
    /// next sync of [`file`](Self::file).
    pub(crate) fn raise(&mut self, number: u64) -> Result<(), MarkError> {
        if number <= self.number {
            return Ok(());
        }
        let io = |error| MarkError::Io { path: self.path.clone(), error };
        self.file.write_all_at(&slot_bytes(number), self.slot * SLOT as u64).map_err(io)?;
        self.number = number;
        self.slot = 1 - self.slot;
        Ok(())
    }

    pub(crate) fn file(&self) -> Arc<File> {
        self.file.clone()
    }
}
