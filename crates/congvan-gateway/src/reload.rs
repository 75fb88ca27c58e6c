//! What stands in a file of the node's directory, read again when the file changed: what an operator changes counts
//! from the next call on, without a restart.

use std::fs::Metadata;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// What tells that a file is another; `None` where there is none.
type State = Option<(SystemTime, u64, u64)>;

/// A file's content as it was read last.
#[derive(Debug)]
pub(crate) struct Reloaded<T> {
    path: PathBuf,
    known: Mutex<Option<(State, Arc<T>)>>,
}

impl<T> Reloaded<T> {
    /// Nothing is read yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, known: Mutex::new(None) }
    }

    /// What the file says now; `load` reads it where it changed.
    pub(crate) fn get<E: From<io::Error>>(&self, load: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let state = self.state()?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((read, content)) = &*known
            && *read == state
        {
            return Ok(content.clone());
        }
        let content = Arc::new(load()?);
        *known = Some((state, content.clone()));
        Ok(content)
    }

    fn state(&self) -> io::Result<State> {
        match std::fs::metadata(&self.path) {
            Ok(found) => Ok(Some((found.modified()?, found.len(), inode(&found)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(unix)]
fn inode(found: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}
