//! What a node is started with, and a network to try it in.

use std::path::Path;

use congvan::node::Builder;
use congvan::practice;

use crate::error::CongvanError;

/// How a node is to start; only its directory is needed.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Options {
    /// Its directory, which `congvan agency create` made.
    pub dir: String,
    /// Addresses to listen on, such as `/ip4/0.0.0.0/tcp/7411`; port 0 takes a free one.
    #[uniffi(default = [])]
    pub listen: Vec<String>,
    /// Peers to connect to at first, such as `/ip4/10.0.0.1/tcp/7411/p2p/12D3…`.
    #[uniffi(default = [])]
    pub bootstrap: Vec<String>,
    /// The agency key's passphrase.
    #[uniffi(default = None)]
    pub passphrase: Option<String>,
    /// Lets the node write before any peer has confirmed where its chain ends.
    #[uniffi(default = false)]
    pub offline_start: bool,
    /// No network: to read and write a directory while no node runs.
    #[uniffi(default = false)]
    pub local_only: bool,
    /// Keeps every attachment, not only those addressed to this agency.
    #[uniffi(default = false)]
    pub archive: bool,
    /// Whether the node itself reports 01, arrived, once a document is here with all its attachments.
    #[uniffi(default = true)]
    pub report_arrival: bool,
    /// The certificates of the authorities that vouch for agencies' keys: a file or a directory.
    #[uniffi(default = None)]
    pub trust: Option<String>,
}

impl Options {
    pub(crate) fn builder(self) -> Builder {
        let builder = congvan::Node::builder(self.dir)
            .passphrase(self.passphrase)
            .offline_start(self.offline_start)
            .archive(self.archive)
            .report_arrival(self.report_arrival)
            .trust(self.trust.map(Into::into));
        let builder = self.listen.into_iter().fold(builder, Builder::listen);
        let builder = self.bootstrap.into_iter().fold(builder, Builder::bootstrap);
        match self.local_only {
            true => builder.local_only(),
            false => builder,
        }
    }
}

/// This library's version.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// An agency of a network to practise in.
#[derive(Clone, Debug, uniffi::Record)]
pub struct PracticeAgency {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Makes a network to practise in, whose registrar has admitted these agencies, under a new directory.
/// Returns the agencies' directories, in order. Real agencies are admitted as `docs/operations.md` says.
#[uniffi::export]
pub fn practice_network(dir: &str, name: &str, agencies: Vec<PracticeAgency>) -> Result<Vec<String>, CongvanError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CongvanError::Failed(error.to_string()))?;
    let agency = |PracticeAgency { code, name }| practice::Agency { code, name };
    let agencies: Vec<_> = agencies.into_iter().map(agency).collect();
    let homes = runtime.block_on(practice::network(Path::new(dir), name, &agencies))?;
    Ok(homes.into_iter().map(|home| home.to_string_lossy().into_owned()).collect())
}
