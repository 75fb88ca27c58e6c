//! Attachments on their way in: on disk, never in memory, and hashed as they come.

use std::io::{self, Write};
use std::path::Path;

use axum::body::Bytes;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Pieces that wait for the disk.
const MAX_WAITING: usize = 4;

/// A file being written.
#[derive(Debug)]
pub(super) struct Spool {
    pieces: mpsc::Sender<Bytes>,
    writing: JoinHandle<io::Result<Spooled>>,
}

/// A file that was written. It is removed when dropped.
#[derive(Debug)]
pub(super) struct Spooled {
    pub(super) file: NamedTempFile,
    pub(super) len: u64,
    pub(super) sha256: [u8; 32],
}

impl Spool {
    pub(super) fn new(dir: &Path) -> Self {
        let (pieces, mut waiting) = mpsc::channel::<Bytes>(MAX_WAITING);
        let dir = dir.to_owned();
        let writing = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&dir)?;
            let mut file = NamedTempFile::new_in(&dir)?;
            let (mut hash, mut len) = (Sha256::new(), 0);
            while let Some(piece) = waiting.blocking_recv() {
                hash.update(&piece);
                len += piece.len() as u64;
                file.write_all(&piece)?;
            }
            Ok(Spooled { file, len, sha256: hash.finalize().into() })
        });
        Self { pieces, writing }
    }

    /// Takes a piece; waits while the disk is behind. Where the disk failed, `finish` says so.
    pub(super) async fn push(&self, piece: Bytes) {
        let _ = self.pieces.send(piece).await;
    }

    pub(super) async fn finish(self) -> io::Result<Spooled> {
        drop(self.pieces);
        self.writing.await.map_err(io::Error::other)?
    }
}
