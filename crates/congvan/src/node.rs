//! The node: one ledger, one agency, its peers.

mod start;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use congvan_certificate::Anchors;
use congvan_core::{
    AgencyCode, AgencySecret, ChainId, ChainState, EntryId, NetworkId, NodeKey, SealSecret, SecretKey, Seq,
};
use congvan_net::Net;
use congvan_store::{HighWater, Ledger, Writer};
use tokio::sync::{mpsc, oneshot, watch};

pub use self::start::{Builder, StartError};

use crate::deadline::{Boards, Deadlines};
use crate::gate::{Facts, Gate};
use crate::registry::Registry;
use crate::replicate::Input;
use crate::search::Finder;
use crate::setup::Home;
use crate::view::{AgencyView, NodeView, PeerView};

/// Locks without poisoning: what these mutexes hold is whole between statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This node's agency and its secrets.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub code: AgencyCode,
    pub chain: ChainId,
    pub sign: SecretKey,
    /// Newest first.
    pub seals: Vec<SealSecret>,
}

impl Own {
    pub(crate) fn secret(&self) -> Option<AgencySecret> {
        Some(AgencySecret { sign: self.sign.clone(), seal: self.seals.first()?.clone() })
    }
}

type Ending = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(crate) struct Shared {
    pub home: Home,
    pub network: NetworkId,
    pub node: NodeKey,
    pub ledger: Ledger,
    pub net: Option<Net>,
    pub archive: bool,
    /// The authorities that the operator trusts.
    pub trust: Anchors,
    pub deadlines: Deadlines,
    pub boards: Boards,
    pub passphrase: Option<String>,
    pub own: Mutex<Own>,
    pub facts: Mutex<Facts>,
    pub gate: watch::Sender<Gate>,
    /// Counts up with every change of the ledger, for whoever waits.
    pub arrivals: watch::Sender<u64>,
    /// Held while a document with an idempotency key is sent, so that a retry finds the first.
    pub keyed: tokio::sync::Mutex<()>,
    /// Held while the catalogue is changed, so that what was judged still holds when it is written.
    pub publishing: tokio::sync::Mutex<()>,
    /// One for some documents each, held while something is reported on one: what was looked at then
    /// still is so when it is written.
    turns: [tokio::sync::Mutex<()>; TURNS],
    pub registry: Registry,
    /// What writes checkpoints and cosignatures, what follows what is due, and what erases what is past its term.
    beside: Mutex<Vec<tokio::task::JoinHandle<()>>>,
    /// Held while files are cleared.
    pub purging: tokio::sync::Mutex<()>,
    pub writer: Mutex<Option<Writer>>,
    /// The mark beside the key, until the writer takes it.
    mark: Mutex<Option<HighWater>>,
    replica: Mutex<Option<std::thread::JoinHandle<()>>>,
    /// What else ends with the node.
    endings: Mutex<Vec<Ending>>,
    /// What finds documents, if anything does.
    pub finder: Mutex<Option<Arc<dyn Finder>>>,
    pub to_replica: mpsc::Sender<Input>,
}

/// Documents on which something can be reported at once.
const TURNS: usize = 64;

impl Shared {
    /// The turn of a document.
    pub(crate) fn turn(&self, document: EntryId) -> &tokio::sync::Mutex<()> {
        &self.turns[usize::from(document.as_bytes()[0]) % TURNS]
    }

    pub(crate) fn own(&self) -> Own {
        lock(&self.own).clone()
    }

    pub(crate) fn arrived(&self) {
        self.arrivals.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Looks at the facts anew, and opens the writer where they allow it.
    pub(crate) fn judge(&self) {
        let own = self.own();
        let roster = self.ledger.roster();
        let status = self.ledger.status(own.chain);
        let gate = {
            let mut facts = lock(&self.facts);
            facts.standing = roster.agency(own.chain).map(|agency| agency.standing);
            facts.head = self.ledger.state(own.chain).head().map_or(0, |head| head.seq.get());
            facts.quarantined = status.quarantined.map(|quarantine| quarantine.from);
            facts.others = roster.agencies().any(|a| a.nodes.iter().any(|node| *node != self.node));
            facts.judge()
        };
        let gate = match gate {
            Gate::Open => self.open_writer(&own).unwrap_or(Gate::Open),
            closed => closed,
        };
        self.gate.send_if_modified(|current| {
            let changed = *current != gate;
            if changed {
                tracing::info!(gate = ?gate, "may this node write");
                *current = gate;
            }
            changed
        });
    }

    /// `Some` where writing is not possible after all.
    fn open_writer(&self, own: &Own) -> Option<Gate> {
        let mut writer = lock(&self.writer);
        if writer.is_some() {
            return None;
        }
        let Some(secret) = own.secret() else {
            return Some(Gate::Refused("the key file has no sealing key".to_owned()));
        };
        let state: ChainState = self.ledger.state(own.chain);
        let policy = self.ledger.roster().policy(own.chain).ok()?;
        if state.next_keys(&policy).is_none_or(|keys| keys.sign != secret.sign.public()) {
            return Some(Gate::Refused(
                "the key in this directory is not the one that the roster gives this agency for its next number"
                    .to_owned(),
            ));
        }
        let facts = lock(&self.facts).clone();
        if facts.offline_start && !facts.confirmed && facts.others {
            tracing::warn!(
                head = facts.head,
                "offline_start: writing without having asked any peer for our chain's end"
            );
        }
        let mark = match lock(&self.mark).take() {
            Some(mark) => mark,
            None => match HighWater::open(&self.home.high_water()) {
                Ok(mark) => mark,
                Err(error) => return Some(Gate::Refused(error.to_string())),
            },
        };
        match self.ledger.writer(own.chain, secret, mark) {
            Ok(opened) => {
                *writer = Some(opened);
                if let Err(error) = self.ledger.clear_restored() {
                    tracing::error!(%error, "the restored marker could not be cleared");
                }
                lock(&self.facts).restored = false;
                None
            }
            Err(error) => Some(Gate::Refused(error.to_string())),
        }
    }
}

/// A running node. Clones share it; it stops with [`Node::shutdown`].
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use congvan::Node;
///
/// let node = Node::builder("/var/lib/congvan")
///     .listen("/ip4/0.0.0.0/tcp/7411")
///     .bootstrap("/dns4/archive.example/tcp/7411/p2p/12D3KooWH3uVF6wv47WnArKHk5p6cvgCJEb74UTmxztmQDc298L3")
///     .start()
///     .await?;
/// for document in node.inbox(20)? {
///     println!("{} {} {}", document.from, document.code, document.subject);
/// }
/// node.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Node(pub(crate) Arc<Shared>);

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Node({})", self.0.home.dir().display())
    }
}

impl Node {
    /// How to start the node in `dir`, which [`create_agency`](crate::setup::create_agency) made.
    pub fn builder(dir: impl Into<PathBuf>) -> Builder {
        Builder::new(Home::new(dir))
    }

    /// Its directory.
    pub fn home(&self) -> &Home {
        &self.0.home
    }

    /// Its working hours and terms.
    pub fn deadlines(&self) -> &Deadlines {
        &self.0.deadlines
    }

    /// The ledger, to read.
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// This agency's code.
    pub fn code(&self) -> AgencyCode {
        self.0.own().code
    }

    /// Whether it may write.
    pub fn gate(&self) -> Gate {
        self.0.gate.borrow().clone()
    }

    /// Waits until it may write, at most `limit`. Returns the gate as it is then.
    pub async fn wait_writable(&self, limit: Duration) -> Gate {
        let mut gate = self.0.gate.subscribe();
        let waited = tokio::time::timeout(limit, gate.wait_for(|gate| !matches!(gate, Gate::Waiting(_)))).await;
        match waited {
            Ok(Ok(gate)) => gate.clone(),
            _ => self.gate(),
        }
    }

    /// The addresses that it listens on, each with `/p2p/` and its key, as bootstrap addresses.
    pub async fn listen_addresses(&self) -> Vec<String> {
        match &self.0.net {
            Some(net) => {
                let own = net.local_peer();
                let full = |address| congvan_net::with_peer(address, &own).to_string();
                net.listeners().await.into_iter().map(full).collect()
            }
            None => Vec::new(),
        }
    }

    /// Its state, for its operator.
    pub async fn view(&self) -> NodeView {
        let shared = &self.0;
        let roster = shared.ledger.roster();
        let own = shared.own();
        let sizes = shared.ledger.sizes();
        let mut quarantined = Vec::new();
        let mut unchecked = 0;
        for chain in shared.ledger.chains() {
            let status = shared.ledger.status(chain);
            if let Some(quarantine) = status.quarantined {
                let name = roster.agency(chain).map_or("roster".to_owned(), |agency| agency.code.to_string());
                quarantined.push((name, quarantine.from.get()));
            }
            unchecked += status.head.map_or(0, |head| head.seq.get()).saturating_sub(status.verified_through);
        }
        let wanted = self.ask_replica(Input::Wanted).await.unwrap_or_default();
        NodeView {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            network: shared.network.to_string(),
            network_name: roster.genesis().name.to_string(),
            agency: own.code.to_string(),
            node: shared.node.to_string(),
            listening: self.listen_addresses().await,
            writing: match self.gate() {
                Gate::Open => "open".to_owned(),
                Gate::Waiting(why) => format!("waiting: {why}"),
                Gate::Refused(why) => format!("refused: {why}"),
            },
            head: shared.ledger.status(own.chain).head.map_or(0, |head| head.seq.get()),
            agencies: roster.agencies().count(),
            disk_bytes: sizes.disk_bytes,
            quarantined,
            blobs_wanted: wanted.blobs,
            unchecked,
            behind: wanted.behind,
        }
    }

    /// Whether it still answers, with all its parts: for whoever restarts what does not. It is as slow as the node is.
    pub async fn is_alive(&self) -> bool {
        self.0.net.is_none() || self.ask_replica(Input::Wanted).await.is_some()
    }

    pub(crate) async fn ask_replica<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Input) -> Option<T> {
        self.0.net.as_ref()?;
        let (answer, answered) = oneshot::channel();
        self.0.to_replica.send(ask(answer)).await.ok()?;
        answered.await.ok()
    }

    /// How far connected peers say that they hold the chains of which this node lacks something: the agency's code
    /// and the last number.
    pub async fn announced(&self) -> BTreeMap<String, u64> {
        let wanted = self.ask_replica(Input::Wanted).await.unwrap_or_default();
        let roster = self.0.ledger.roster();
        let named = |(chain, last): (ChainId, Seq)| Some((roster.agency(chain)?.code.to_string(), last.get()));
        wanted.announced.into_iter().filter_map(named).collect()
    }

    /// Connected peers.
    pub async fn peers(&self) -> Vec<PeerView> {
        let Some(net) = &self.0.net else { return Vec::new() };
        let roster = self.0.ledger.roster();
        let view = |peer: congvan_net::PeerInfo| PeerView {
            node: peer.peer.to_string(),
            agency: roster.by_node(&peer.peer).map(|agency| agency.code.to_string()).unwrap_or_default(),
            addresses: peer.addresses.iter().map(|address| address.to_string()).collect(),
            connected_s: peer.since.elapsed().unwrap_or_default().as_secs(),
        };
        net.peers().await.into_iter().map(view).collect()
    }

    /// The directory.
    pub fn agencies(&self) -> Vec<AgencyView> {
        AgencyView::all(&self.0.ledger)
    }

    /// Counts up with every change of the ledger, for whoever follows [`Ledger::feed`].
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.arrivals.subscribe()
    }

    /// Runs `ending` when the node is shut down, which waits for it: for what holds the node and has to let
    /// go of it first.
    pub fn on_shutdown(&self, ending: impl Future<Output = ()> + Send + 'static) {
        lock(&self.0.endings).push(Box::pin(ending));
    }

    /// Stops writing, replicating and serving, and closes the ledger once the last clone is gone.
    pub async fn shutdown(&self) {
        let shared = self.0.clone();
        drop(lock(&shared.finder).take());
        let endings = std::mem::take(&mut *lock(&shared.endings));
        for ending in endings {
            ending.await;
        }
        shared.registry.stop().await;
        let beside = std::mem::take(&mut *lock(&shared.beside));
        for task in beside {
            let _ = task.await;
        }
        // The replica thread ends by itself when asked; whoever waits for it must not block the runtime.
        let _ = shared.to_replica.send(Input::Stop).await;
        let stopped = tokio::task::spawn_blocking(move || {
            if let Some(thread) = lock(&shared.replica).take() {
                let _ = thread.join();
            }
            if let Some(writer) = lock(&shared.writer).take() {
                writer.close();
            }
        });
        let _ = stopped.await;
        if let Some(net) = &self.0.net {
            net.clone().shutdown().await;
        }
        self.0.gate.send_replace(Gate::Refused("the node was shut down".to_owned()));
    }
}
