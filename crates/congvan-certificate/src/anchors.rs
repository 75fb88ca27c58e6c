//! The authorities that a reader trusts.

use std::fs;
use std::path::Path;

use crate::file::{self, FileError};
use crate::parse::Certificate;

/// The most trust anchors; the web's browsers get by with some hundred and fifty.
pub const MAX_ANCHORS: usize = 1_024;

/// Certificates of authorities that the reader trusts, by a decision of his own.
///
/// ```
/// use congvan_certificate::Anchors;
///
/// assert!(Anchors::none().is_empty());
/// assert!(Anchors::read("/nowhere".as_ref()).is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchors(Vec<Vec<u8>>);

impl Anchors {
    /// Nobody is trusted: whose certificate it is in the end, the report then leaves open.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads a PEM or DER file, or every such file (`.pem`, `.crt`, `.cer`, `.der`) of a directory.
    ///
    /// # Errors
    /// [`FileError`] names the file and what is wrong with it; also where there is no certificate at all.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let io_error = |error| FileError::Io { path: path.to_owned(), error };
        if !fs::metadata(path).map_err(io_error)?.is_dir() {
            return Ok(Self(file::certificates(path)?));
        }
        let mut files = Vec::new();
        for entry in fs::read_dir(path).map_err(io_error)? {
            let file = entry.map_err(io_error)?.path();
            let kind = file.extension().and_then(|kind| kind.to_str()).map(str::to_ascii_lowercase);
            if matches!(kind.as_deref(), Some("pem" | "crt" | "cer" | "der")) {
                files.push(file);
            }
        }
        files.sort();
        let mut anchors = Vec::new();
        for file in files {
            anchors.extend(file::certificates(&file)?);
            if anchors.len() > MAX_ANCHORS {
                return Err(FileError::TooMany(path.to_owned()));
            }
        }
        match anchors.is_empty() {
            true => Err(FileError::None(path.to_owned())),
            false => Ok(Self(anchors)),
        }
    }

    /// Takes certificates in DER, at most [`MAX_ANCHORS`]; what is none is left out.
    pub fn of_der(certificates: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(certificates.into_iter().filter(|der| Certificate::parse(der).is_ok()).take(MAX_ANCHORS).collect())
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The anchors, read.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = Certificate<'_>> {
        self.0.iter().filter_map(|der| Certificate::parse(der).ok())
    }
}
