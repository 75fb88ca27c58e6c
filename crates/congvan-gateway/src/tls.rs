//! TLS from the operator's certificate and key.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig, crypto};

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file has not what it should have.
    #[error("{path}: no {what} in PEM form: {source}")]
    Pem {
        /// Which.
        path: PathBuf,
        /// What should be there.
        what: &'static str,
        /// What is wrong.
        source: pem::Error,
    },
    /// Others may read the key.
    #[error("{path} has mode {mode:04o}: everybody can read the key. Run: chmod 600 {path}")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Certificate and key do not serve.
    #[error("certificate {certificate} with key {key}: {source}")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong with them.
        source: rustls::Error,
    },
}

/// A certificate and its key, ready to serve with.
#[derive(Clone)]
pub struct Tls(pub(crate) TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(…)")
    }
}

impl Tls {
    /// Reads a certificate, with those that vouch for it behind it, and its key, both in PEM form.
    ///
    /// # Errors
    /// [`TlsError`] names the file.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let certificates = read(certificate, "certificate", |bytes| {
            let all: Vec<_> = CertificateDer::pem_slice_iter(bytes).collect::<Result<_, _>>()?;
            if all.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(all) }
        })?;
        check_mode(key)?;
        let private = read(key, "private key", PrivateKeyDer::from_pem_slice)?;
        let pair = |source| TlsError::Pair { certificate: certificate.to_owned(), key: key.to_owned(), source };
        let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(pair)?
            .with_no_client_auth()
            .with_single_cert(certificates, private)
            .map_err(pair)?;
        Ok(Self(Arc::new(config).into()))
    }
}

fn read<T>(path: &Path, what: &'static str, parse: impl FnOnce(&[u8]) -> Result<T, pem::Error>) -> Result<T, TlsError> {
    let bytes = std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })?;
    parse(&bytes).map_err(|source| TlsError::Pem { path: path.to_owned(), what, source })
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), TlsError> {
    use std::os::unix::fs::PermissionsExt;
    let found = std::fs::metadata(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })?;
    match found.permissions().mode() & 0o7777 {
        mode if mode & 0o007 != 0 => Err(TlsError::Mode { path: path.to_owned(), mode }),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), TlsError> {
    Ok(())
}
