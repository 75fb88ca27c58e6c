//! Small files of the node's directory that hold secrets or their hashes: JSON, its owner's alone (mode 0600), and
//! written whole, so that after a crash the file is the old one or the new one.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::setup;

/// The most bytes of such a file.
pub const MAX_FILE: u64 = 4 << 20;

/// Why a file cannot be read or written. No error shows what is in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateFileError {
    /// The file.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Others may read it.
    #[error("{path} has mode {mode:04o}: others may read what is secret. Run: chmod 600 {path}")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file is not what this software writes.
    #[error("{path}, line {line}: not what this software writes; restore it, or remove it and add anew what was in it")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
}

/// Reads a file; the default where there is none yet.
///
/// # Errors
/// [`PrivateFileError`] names the file and what to do.
pub fn load<T: DeserializeOwned + Default>(path: &Path) -> Result<T, PrivateFileError> {
    let failed = |error| PrivateFileError::File { path: path.to_owned(), error };
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
        found => found.map_err(failed)?,
    };
    check_mode(path, &found)?;
    if found.len() > MAX_FILE {
        return Err(PrivateFileError::Malformed { path: path.to_owned(), line: 1 });
    }
    let text = Zeroizing::new(fs::read(path).map_err(failed)?);
    serde_json::from_slice(&text)
        .map_err(|error| PrivateFileError::Malformed { path: path.to_owned(), line: error.line() })
}

/// Writes a file, durably and at once.
///
/// # Errors
/// [`PrivateFileError::File`].
pub fn save<T: Serialize>(path: &Path, value: &T) -> Result<(), PrivateFileError> {
    let write = || -> io::Result<()> {
        let text = Zeroizing::new(serde_json::to_vec_pretty(value)?);
        let dir = path.parent().unwrap_or(Path::new("."));
        // Made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(&text)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        setup::sync_parent(path)
    };
    write().map_err(|error| PrivateFileError::File { path: path.to_owned(), error })
}

#[cfg(unix)]
fn check_mode(path: &Path, found: &fs::Metadata) -> Result<(), PrivateFileError> {
    use std::os::unix::fs::PermissionsExt;
    match found.permissions().mode() & 0o7777 {
        mode if mode & 0o077 != 0 => Err(PrivateFileError::Mode { path: path.to_owned(), mode }),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> Result<(), PrivateFileError> {
    Ok(())
}
