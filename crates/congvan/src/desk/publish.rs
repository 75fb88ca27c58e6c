//! From the registrar's ledger to the network: through the running node of the same office.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use congvan_core::ChainId;
use congvan_store::{Ledger, OpenError};
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use super::News;
use crate::archive::{self, TransferError};
use crate::control::{Reply, Request, Session, SessionError};
use crate::setup::Home;

/// After a failure, and to see what the registrar's other commands changed.
const AGAIN: Duration = Duration::from_secs(5);

/// Why a node was not given the roster.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The node does not run.
    #[error("no node runs in {0}")]
    NotRunning(PathBuf),
    /// The node refuses.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The registrar's ledger cannot be written out.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The registrar's ledger.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The system.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// What a node got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Entries that were new to it.
    pub entries: u64,
    /// The last number of the roster here.
    pub reached: u64,
}

/// Gives the running node of a directory what it lacks of the registrar's ledger. From there it goes to
/// every other node.
///
/// # Errors
/// [`PublishError`].
pub async fn publish(registrar: &Home, node: &Path) -> Result<Published, PublishError> {
    let ledger = registrar.ledger();
    let (archive, reached) = tokio::task::spawn_blocking(move || -> Result<_, PublishError> {
        let ledger = Ledger::open_read_only(&ledger)?;
        let mut bytes = Vec::new();
        archive::export(&ledger, false, &mut bytes, &mut |_| {})?;
        Ok((bytes, reached(&ledger)))
    })
    .await
    .map_err(std::io::Error::other)??;
    let session = session(node).await?;
    match session.call_with(Request::Import, &mut archive.as_slice()).await? {
        Reply::Imported { entries, .. } => Ok(Published { entries, reached }),
        _ => Err(std::io::Error::other("an unexpected reply of the node").into()),
    }
}

fn reached(ledger: &Ledger) -> u64 {
    ledger.status(ChainId::of_roster(ledger.network())).head.map_or(0, |head| head.seq.get())
}

/// A session with a node that runs; its directory is not opened where none does.
async fn session(node: &Path) -> Result<Session, PublishError> {
    match tokio::net::UnixStream::connect(Home::new(node).control()).await {
        Ok(_) => Ok(Session::open(node, Default::default()).await?),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Err(error.into()),
        Err(_) => Err(PublishError::NotRunning(node.to_owned())),
    }
}

/// Keeps a node up to date while a desk serves, and knows where the node is.
pub(super) struct Publisher {
    node: Option<PathBuf>,
    peers: Vec<String>,
    /// The last number that the node has; `None` before the first time.
    reached: Option<u64>,
    next: Instant,
    failing: bool,
}

impl Publisher {
    pub(super) fn new(node: Option<PathBuf>) -> Self {
        Self { node, peers: Vec::new(), reached: None, next: Instant::now(), failing: false }
    }

    /// Something changed.
    pub(super) fn due(&mut self) {
        (self.reached, self.next) = (None, Instant::now());
    }

    /// Whether the node has all that is known to have changed.
    pub(super) fn is_done(&self) -> bool {
        self.node.is_none() || self.reached.is_some()
    }

    /// Addresses of the node, for agencies to begin with.
    pub(super) fn peers(&self) -> &[String] {
        &self.peers
    }

    /// Publishes where it is time, and tells what changed.
    pub(super) async fn turn(&mut self, registrar: &Home) -> Option<News> {
        let node = self.node.clone().filter(|_| self.next <= Instant::now())?;
        self.next = Instant::now() + AGAIN;
        match self.try_publish(registrar, &node).await {
            Ok(published) => {
                let new = published.filter(|published| published.entries > 0 || self.failing);
                self.failing = false;
                new.map(News::Published)
            }
            Err(error) => {
                let told = !std::mem::replace(&mut self.failing, true);
                told.then(|| News::Unpublished(error.to_string()))
            }
        }
    }

    async fn try_publish(&mut self, registrar: &Home, node: &Path) -> Result<Option<Published>, PublishError> {
        let session = session(node).await?;
        if let Reply::Node(view) = session.call(Request::Node).await? {
            self.peers = for_guests(&view.listening);
        }
        let path = registrar.ledger();
        let now = tokio::task::spawn_blocking(move || Ledger::open_read_only(&path).map(|ledger| reached(&ledger)));
        let now = now.await.map_err(std::io::Error::other)??;
        if self.reached == Some(now) {
            return Ok(None);
        }
        let published = publish(registrar, node).await?;
        self.reached = Some(published.reached);
        Ok(Some(published))
    }
}

/// A node's addresses as an agency can use them: first "the host where you found this desk", then those that
/// are not this machine's alone.
fn for_guests(listening: &[String]) -> Vec<String> {
    let addresses: Vec<Multiaddr> = listening.iter().filter_map(|text| text.parse().ok()).collect();
    let same_host = addresses.iter().map(|address| {
        let parts = address.iter().map(|part| match part {
            Protocol::Ip4(_) | Protocol::Ip6(_) => Protocol::Ip4(std::net::Ipv4Addr::UNSPECIFIED),
            other => other,
        });
        parts.collect::<Multiaddr>()
    });
    let elsewhere = addresses.iter().filter(|address| match address.iter().next() {
        Some(Protocol::Ip4(ip)) => !ip.is_loopback() && !ip.is_unspecified(),
        Some(Protocol::Ip6(ip)) => !ip.is_loopback() && !ip.is_unspecified() && !ip.is_unicast_link_local(),
        _ => true,
    });
    let mut peers: Vec<String> = Vec::new();
    for peer in same_host.chain(elsewhere.cloned()).map(|address| address.to_string()) {
        if !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    peers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agencies_are_told_the_port_and_the_key_and_addresses_of_use() {
        let p2p = "/p2p/12D3KooWRm8J3iL796zPFi2EtGGtUJn58AG67gcqzMFjvX9pRnRB";
        let listening = ["/ip4/127.0.0.1/tcp/7411", "/ip4/192.0.2.7/tcp/7411", "/ip6/fe80::1/tcp/7411"];
        let listening: Vec<_> = listening.iter().map(|address| format!("{address}{p2p}")).collect();
        let expected = ["/ip4/0.0.0.0/tcp/7411", "/ip4/192.0.2.7/tcp/7411"].map(|address| format!("{address}{p2p}"));
        assert_eq!(for_guests(&listening), expected);
    }
}
