//! Files on their way in, whatever they come by: on disk rather than in memory, and looked at as they come. What a crash
//! leaves of them the node removes when it starts.

use std::io::{self, Write};
use std::path::Path;

use axum::body::Bytes;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Pieces that wait for the disk.
const MAX_WAITING: usize = 4;

/// What looks at the bytes while they go to disk.
pub(crate) trait Look: Default + Send + 'static {
    /// The next ones.
    fn look(&mut self, piece: &[u8]);
}

impl Look for () {
    fn look(&mut self, _: &[u8]) {}
}

impl Look for Sha256 {
    fn look(&mut self, piece: &[u8]) {
        self.update(piece);
    }
}

/// A file being written.
#[derive(Debug)]
pub(crate) struct Spool<L> {
    pieces: mpsc::Sender<Bytes>,
    writing: JoinHandle<io::Result<(NamedTempFile, L)>>,
}

/// The disk takes no more; [`Spool::finish`] says why.
#[derive(Debug)]
pub(crate) struct Failed;

impl<L: Look> Spool<L> {
    /// Begins a file in `dir`, which is made where it is not there.
    pub(crate) fn new(dir: &Path) -> Self {
        let (pieces, mut waiting) = mpsc::channel::<Bytes>(MAX_WAITING);
        let dir = dir.to_owned();
        let writing = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&dir)?;
            let mut file = NamedTempFile::new_in(&dir)?;
            let mut looking = L::default();
            while let Some(piece) = waiting.blocking_recv() {
                looking.look(&piece);
                file.write_all(&piece)?;
            }
            Ok((file, looking))
        });
        Self { pieces, writing }
    }

    /// Takes a piece; waits while the disk is behind.
    pub(crate) async fn push(&self, piece: Bytes) -> Result<(), Failed> {
        self.pieces.send(piece).await.map_err(|_| Failed)
    }

    /// The file, which is removed when dropped, and what was seen.
    pub(crate) async fn finish(self) -> io::Result<(NamedTempFile, L)> {
        drop(self.pieces);
        self.writing.await.map_err(io::Error::other)?
    }
}
