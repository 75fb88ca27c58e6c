//! How a node starts: what it opens, checks and mends before anybody can use it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use congvan_certificate::Anchors;
use congvan_core::keyfile::Keys;
use congvan_core::{ChainId, NetworkId, NodeKey};
use congvan_net::{Multiaddr, Net, NetConfig, NetError};
use congvan_store::{HighWater, Ledger, MarkError, OpenError, Options, StoreError};
use tokio::sync::{mpsc, watch};

use super::{Node, Own, Shared, lock};
use crate::deadline::{self, Boards, Deadlines};
use crate::erase;
use crate::gate::{Facts, Gate};
use crate::registry::{self, Registry};
use crate::replicate;
use crate::setup::{self, Home, SetupError};
use crate::witness;

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A file of its directory.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The ledger.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger is another network's than the genesis file.
    #[error("the ledger is of network {ledger}, the genesis file of {genesis}")]
    OtherNetwork {
        /// The ledger's.
        ledger: NetworkId,
        /// The file's.
        genesis: NetworkId,
    },
    /// An address that is none.
    #[error("{0:?} is not an address; write for example /ip4/0.0.0.0/tcp/7411")]
    Address(String),
    /// The network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The high-water mark.
    #[error(transparent)]
    Mark(#[from] MarkError),
    /// The certificates of trusted authorities.
    #[error("trusted authorities: {0}")]
    Trust(#[from] congvan_certificate::FileError),
    /// A thread or socket could not be made.
    #[error("the node could not start a part of itself: {0}")]
    Io(#[from] std::io::Error),
}

/// How a node is to start; [`Builder::start`] starts it.
#[derive(Clone, Debug)]
pub struct Builder {
    home: Home,
    listen: Vec<String>,
    bootstrap: Vec<String>,
    offline_start: bool,
    archive: bool,
    network: bool,
    report_arrival: bool,
    deadlines: Deadlines,
    checkpoints: Duration,
    retention: Duration,
    passphrase: Option<String>,
    trust: Option<PathBuf>,
}

impl Builder {
    pub(super) fn new(home: Home) -> Self {
        Self {
            home,
            listen: Vec::new(),
            bootstrap: Vec::new(),
            offline_start: false,
            archive: false,
            network: true,
            report_arrival: true,
            deadlines: Deadlines::default(),
            checkpoints: witness::EVERY,
            retention: erase::EVERY,
            passphrase: None,
            trust: None,
        }
    }

    /// An address to listen on, such as `/ip4/0.0.0.0/tcp/7411`; may be called again.
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen.push(address.into());
        self
    }

    /// A peer to connect to at first, such as `/ip4/10.0.0.1/tcp/7411/p2p/12D3…`; may be called again.
    pub fn bootstrap(mut self, address: impl Into<String>) -> Self {
        self.bootstrap.push(address.into());
        self
    }

    /// Lets the node write before any peer has confirmed where its chain ends: the operator's
    /// explicit choice, which is logged (DESIGN §3.8).
    pub fn offline_start(mut self, yes: bool) -> Self {
        self.offline_start = yes;
        self
    }

    /// Keeps every attachment, not only those addressed to this agency.
    pub fn archive(mut self, yes: bool) -> Self {
        self.archive = yes;
        self
    }

    /// Whether the node itself reports 01, arrived, once a document that is addressed to this agency is
    /// here with all its attachments. It does unless told otherwise; without a network it never does.
    pub fn report_arrival(mut self, yes: bool) -> Self {
        self.report_arrival = yes;
        self
    }

    /// Working hours and terms, for the lists of what is due.
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// How often the node looks whether a checkpoint of its chain, or a cosignature of others', is due.
    pub fn checkpoints(mut self, every: Duration) -> Self {
        self.checkpoints = every.max(Duration::from_millis(1));
        self
    }

    /// How often the node looks whether what it wrote is past its term of retention, and whether files are to be cleared
    /// of what was erased. Where the roster has no terms, it erases nothing of itself.
    pub fn retention(mut self, every: Duration) -> Self {
        self.retention = every.max(Duration::from_millis(1));
        self
    }

    /// No network: for commands on a node's directory while no node runs.
    pub fn local_only(mut self) -> Self {
        self.network = false;
        self
    }

    /// The agency key's passphrase.
    pub fn passphrase(mut self, passphrase: Option<String>) -> Self {
        self.passphrase = passphrase;
        self
    }

    /// The certificates of the authorities that vouch for agencies' keys: a file or a directory
    /// ([`Anchors::read`]). By default `trust` in the node's directory, where it exists.
    pub fn trust(mut self, path: Option<PathBuf>) -> Self {
        self.trust = path;
        self
    }

    /// Opens ledger and keys, and connects.
    ///
    /// # Errors
    /// [`StartError`] names the file or address and what to do.
    pub async fn start(self) -> Result<Node, StartError> {
        let home = self.home;
        let genesis = setup::read_genesis(&home.genesis())?;
        let network = genesis.network_id();
        let own = read_own(&home, network, self.passphrase.as_deref())?;
        let trust = match self.trust.or_else(|| Some(home.trust()).filter(|path| path.exists())) {
            Some(path) => Anchors::read(&path)?,
            None => Anchors::none(),
        };
        let mut options = Options::default();
        (options.own, options.own_code) = (Some(own.chain), Some(own.code.clone()));
        options.archive = self.archive;
        let ledger = tokio::task::spawn_blocking({
            let path = home.ledger();
            move || Ledger::open(&path, options)
        })
        .await
        .map_err(std::io::Error::other)??;
        if ledger.network() != network {
            return Err(StartError::OtherNetwork { ledger: ledger.network(), genesis: network });
        }
        sweep(&home.spool());
        let own = finish_rotation(&home, &ledger, own, self.passphrase.as_deref())?;
        let mark = HighWater::open(&home.high_water())?;
        let node_key = match setup::read_keys(&home.node_key(), None)? {
            Keys::Node(key) => key,
            _ => return Err(SetupError::WrongKeys(home.node_key()).into()),
        };
        let node = NodeKey::from_bytes(*node_key.public().id().as_bytes());

        let (to_replica, inputs) = mpsc::channel(replicate::MAX_INPUTS);
        let (net, events) = match self.network {
            false => (None, None),
            true => {
                let (net, events) = congvan_net::start(NetConfig {
                    node_key,
                    network,
                    listen: addresses(&self.listen)?,
                    bootstrap: addresses(&[self.bootstrap, setup::read_bootstrap(&home)?].concat())?,
                    limits: Default::default(),
                })?;
                (Some(net), Some(events))
            }
        };
        if let (Some(net), false) = (&net, self.listen.is_empty()) {
            first_listener(net).await;
        }
        let facts = Facts { mark: mark.number(), restored: ledger.restored(), ..Facts::default() };
        let shared = Arc::new(Shared {
            facts: Mutex::new(Facts { offline_start: self.offline_start, ..facts }),
            gate: watch::Sender::new(Gate::Waiting("starting".to_owned())),
            arrivals: watch::Sender::new(0),
            keyed: tokio::sync::Mutex::new(()),
            publishing: tokio::sync::Mutex::new(()),
            turns: std::array::from_fn(|_| tokio::sync::Mutex::new(())),
            registry: Registry::new(&ledger)?,
            beside: Mutex::new(Vec::new()),
            purging: tokio::sync::Mutex::new(()),
            own: Mutex::new(own),
            writer: Mutex::new(None),
            replica: Mutex::new(None),
            endings: Mutex::new(Vec::new()),
            finder: Mutex::new(None),
            mark: Mutex::new(Some(mark)),
            passphrase: self.passphrase,
            archive: self.archive,
            trust,
            deadlines: self.deadlines,
            boards: Boards::default(),
            network,
            node,
            home,
            ledger,
            net,
            to_replica,
        });
        let node = Node(shared);
        node.0.judge();
        if let Some(events) = events {
            let thread = replicate::spawn(node.0.clone(), inputs, events)?;
            *lock(&node.0.replica) = Some(thread);
            registry::spawn(&node, self.report_arrival);
            let stop = || node.0.registry.stopping();
            let evidence = tokio::spawn(witness::run(node.clone(), self.checkpoints, stop()));
            let due = tokio::spawn(deadline::run(node.clone(), stop()));
            let forgetting = tokio::spawn(erase::run(node.clone(), self.retention, stop()));
            lock(&node.0.beside).extend([evidence, due, forgetting]);
        }
        Ok(node)
    }
}

/// Removes what a crash left of attachments on their way in: whoever has the ledger open is alone here.
fn sweep(spool: &Path) {
    let Ok(left) = std::fs::read_dir(spool) else { return };
    for file in left.flatten() {
        if let Err(error) = std::fs::remove_file(file.path()) {
            tracing::warn!(path = %file.path().display(), %error, "what a crash left cannot be removed");
        }
    }
}

/// Waits until the node's addresses are known, so that they can be handed to peers at once. A
/// listener that fails is reported by the network itself; this only stops waiting.
async fn first_listener(net: &Net) {
    for _ in 0..250 {
        if !net.listeners().await.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tracing::warn!("no address to listen on became known within 5 s");
}

fn addresses(texts: &[String]) -> Result<Vec<Multiaddr>, StartError> {
    texts.iter().map(|text| text.parse().map_err(|_| StartError::Address(text.clone()))).collect()
}

fn read_own(home: &Home, network: NetworkId, passphrase: Option<&str>) -> Result<Own, SetupError> {
    let code = setup::read_enrolment(&home.enrolment())?.code;
    match setup::read_keys(&home.agency_key(), passphrase)? {
        Keys::Agency { sign, seals } => Ok(Own { chain: ChainId::of_agency(network, &code), code, sign, seals }),
        _ => Err(SetupError::WrongKeys(home.agency_key())),
    }
}

/// Where a crash fell between a key rotation's entry and its key file, the staged file is the key.
fn finish_rotation(home: &Home, ledger: &Ledger, own: Own, passphrase: Option<&str>) -> Result<Own, SetupError> {
    let staged = home.next_agency_key();
    if !staged.exists() {
        return Ok(own);
    }
    let Keys::Agency { sign, seals } = setup::read_keys(&staged, passphrase)? else {
        return Err(SetupError::WrongKeys(staged));
    };
    let policy = ledger.roster().policy(own.chain).unwrap_or_default();
    let holds = ledger.state(own.chain).next_keys(&policy).is_some_and(|keys| keys.sign == sign.public());
    if !holds {
        return Ok(own);
    }
    tracing::warn!("finishing a key rotation that was interrupted");
    setup::promote(&staged, &home.agency_key())?;
    Ok(Own { sign, seals, ..own })
}
