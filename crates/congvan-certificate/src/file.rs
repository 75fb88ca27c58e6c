//! Certificates in files, as authorities hand them out: PEM with one or several, or DER with one.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use congvan_core::codec::BoundError;
use congvan_core::limits::{MAX_CERTIFICATE, MAX_CERTIFICATES};
use congvan_core::{Bounded, Bytes};
use x509_parser::pem::Pem;

use crate::parse::Certificate;

/// The most bytes of a file with certificates.
pub const MAX_FILE: u64 = 1024 * 1024;

/// Why a file holds no usable certificates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is larger than [`MAX_FILE`].
    #[error("{0}: more than {MAX_FILE} bytes; a file with certificates is far smaller")]
    TooLong(PathBuf),
    /// Neither PEM nor DER.
    #[error("{path}: certificate {number} cannot be read: {reason}")]
    Malformed {
        /// Which.
        path: PathBuf,
        /// The certificate's number in the file, from 1.
        number: usize,
        /// What is wrong.
        reason: String,
    },
    /// Nothing in it.
    #[error("{0}: there is no certificate in it; PEM files and DER files (.pem, .crt, .cer, .der) are read")]
    None(PathBuf),
    /// More, or longer ones, than a roster entry carries.
    #[error("{path}: {error}")]
    Bound {
        /// Which.
        path: PathBuf,
        /// The bound.
        error: BoundError,
    },
    /// More trust anchors than anybody has.
    #[error("{0}: more than {max} trust anchors", max = crate::MAX_ANCHORS)]
    TooMany(PathBuf),
}

/// The certificates of an agency, its own first, each issued by the next, as a roster entry carries them.
///
/// # Errors
/// [`FileError`] names the file and what is wrong: with it, or with the bound of the entry.
pub fn read_certificates(path: &Path) -> Result<Bounded<Bytes<MAX_CERTIFICATE>, MAX_CERTIFICATES>, FileError> {
    let bound = |error| FileError::Bound { path: path.to_owned(), error };
    let certificates: Result<Vec<_>, _> = certificates(path)?.into_iter().map(Bounded::new).collect();
    Bounded::new(certificates.map_err(bound)?).map_err(bound)
}

/// Every certificate in a file, in DER, in the order in which they stand there; at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, FileError> {
    let io_error = |error| FileError::Io { path: path.to_owned(), error };
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes)).map_err(io_error)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(FileError::TooLong(path.to_owned()));
    }
    let malformed = |number, reason| FileError::Malformed { path: path.to_owned(), number, reason };
    let found = if bytes.windows(PEM.len()).any(|window| window == PEM) {
        let blocks: Result<Vec<Pem>, _> = Pem::iter_from_buffer(&bytes).collect();
        let blocks = blocks.map_err(|error| malformed(1, error.to_string()))?;
        blocks.into_iter().filter(|block| block.label.ends_with("CERTIFICATE")).map(|block| block.contents).collect()
    } else if bytes.first() == Some(&DER) {
        vec![bytes]
    } else {
        Vec::new()
    };
    for (number, der) in (1..).zip(&found) {
        Certificate::parse(der).map_err(|reason| malformed(number, reason))?;
    }
    match found.is_empty() {
        true => Err(FileError::None(path.to_owned())),
        false => Ok(found),
    }
}

/// How a PEM block begins.
const PEM: &[u8] = b"-----BEGIN ";
/// How DER begins: a sequence.
const DER: u8 = 0x30;
