//! Congvan's carrier: takes the messages of [`congvan_sync`] between nodes over libp2p, and no more.
//!
//! It holds no ledger and decides nothing about entries. One task owns the swarm; it does no disk work
//! and no cryptography on ledger data, and every queue in and around it is bounded.
//!
//! - TCP, noise, yamux. A peer is its Ed25519 node key, proved in the handshake. Peers that the roster
//!   does not admit get the handshake and nothing else; bootstrap peers are always admitted.
//! - `/congvan/1/<network>/sync` carries requests and responses: a 4-byte length and the one canonical
//!   encoding. What is too long or malformed fails, and a peer that does it repeatedly is banned.
//! - One gossip topic, `congvan/1/<network>`, carries announcements; they are forwarded only after
//!   [`Net::validated`]. Gossip is a hint: nothing is retried.
//! - `/congvan/1/<network>/peers` tells admitted peers where the others are, so that nodes that know
//!   only one bootstrap peer find each other. Lost peers are dialled at once, then ever less often.
//! - Where the receiver of events falls behind, requests are answered "busy" and announcements dropped;
//!   what must not be lost waits in a bounded queue, and while that is full the network waits too.
//!
//! # Example: one node asks another
//!
//! ```
//! use congvan_core::{ChainId, NetworkId, SecretKey};
//! use congvan_net::{NetConfig, NetEvent, start};
//! use congvan_sync::{Request, RequestId, Response};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let network = NetworkId::from_bytes([1; 32]);
//! let config = |seed| NetConfig::new(SecretKey::from_seed(&[seed; 32]), network);
//!
//! let (a, mut a_events) = start(config(1).listen("/ip4/127.0.0.1/tcp/0".parse()?))?;
//! let Some(NetEvent::Listening(address)) = a_events.recv().await else { return Err("it listens".into()) };
//! let at_a = congvan_net::with_peer(address, &a.local_peer());
//! let (b, mut b_events) = start(config(2).bootstrap(at_a))?;
//! a.admit([b.local_peer()].into()).await?;
//!
//! // b asks as soon as it is connected, a answers.
//! tokio::spawn(async move {
//!     while let Some(event) = a_events.recv().await {
//!         if let NetEvent::Request { reply, .. } = event {
//!             a.respond(reply, Response::NotFound).await?;
//!         }
//!     }
//!     Ok::<_, congvan_net::NetError>(())
//! });
//! while let Some(event) = b_events.recv().await {
//!     match event {
//!         NetEvent::Connected(peer) => b.ask(peer, RequestId(1), Request::Proof(ChainId::of_roster(network))).await?,
//!         NetEvent::Response { response, .. } => {
//!             assert_eq!(response, Response::NotFound);
//!             break;
//!         }
//!         _ => {}
//!     }
//! }
//! b.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod behaviour;
mod book;
mod driver;
pub mod enrol;
mod exchange;
mod frames;
mod gate;
mod handle;
mod peer;
mod pending;
mod transport;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use congvan_core::{NetworkId, SecretKey};
use congvan_sync::{Announcement, AnnouncementId, Peer, ReplyId, Request, RequestId, Response};
pub use handle::{Command, Net, PeerInfo, Stats};
pub use libp2p::Multiaddr;
use libp2p::TransportError;
use libp2p::multiaddr::Protocol;
use tokio::sync::{Semaphore, mpsc};

/// How to start a carrier.
#[derive(Clone, Debug)]
pub struct NetConfig {
    /// The node's key; it signs no entries.
    pub node_key: SecretKey,
    /// The network; nodes of others are refused.
    pub network: NetworkId,
    /// Where to listen; port 0 takes a free one. None: this node only dials.
    pub listen: Vec<Multiaddr>,
    /// Peers to begin with; each address ends in `/p2p/<peer>`, as [`with_peer`] makes it.
    pub bootstrap: Vec<Multiaddr>,
    /// The bounds.
    pub limits: Limits,
}

impl NetConfig {
    /// Listens nowhere, knows nobody, default limits.
    pub fn new(node_key: SecretKey, network: NetworkId) -> Self {
        Self { node_key, network, listen: Vec::new(), bootstrap: Vec::new(), limits: Limits::default() }
    }

    /// Adds an address to listen on.
    pub fn listen(mut self, address: Multiaddr) -> Self {
        self.listen.push(address);
        self
    }

    /// Adds a bootstrap peer.
    pub fn bootstrap(mut self, address: Multiaddr) -> Self {
        self.bootstrap.push(address);
        self
    }
}

/// The carrier's bounds. The defaults suit a node of a province of 2,000.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Commands that wait for the task.
    pub commands: usize,
    /// Events that wait for their receiver.
    pub events: usize,
    /// Our requests without an outcome, over all peers; above what the state machine has under way with
    /// a thousand peers, so that only a fault meets it.
    pub asks: usize,
    /// Peers' requests without a response, over all peers.
    pub replies: usize,
    /// The same for one peer, so that one cannot take them all.
    pub replies_per_peer: usize,
    /// Announcements without a verdict, over all peers.
    pub unvalidated: usize,
    /// The same for one peer.
    pub unvalidated_per_peer: usize,
    /// Connections.
    pub connections: u32,
    /// While this many peers are connected, only bootstrap peers are dialled.
    pub dial_target: usize,
    /// Bytes of memory of the process beyond which no connection is made.
    pub process_memory: usize,
    /// A request without a response fails after this: long, for a range takes its time on a poor line.
    pub request_timeout: Duration,
    /// How long a ban lasts.
    pub ban: Duration,
    /// The longest wait between dials of a peer.
    pub backoff: Duration,
    /// The same for a bootstrap peer.
    pub bootstrap_backoff: Duration,
    /// How often some connected peer is asked whom it knows.
    pub exchange_interval: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            commands: 1024,
            events: 256,
            asks: 1536,
            replies: 256,
            replies_per_peer: 32,
            unvalidated: 512,
            unvalidated_per_peer: 64,
            connections: 2_048,
            dial_target: 64,
            process_memory: 2 * 1024 * 1024 * 1024,
            request_timeout: Duration::from_secs(60),
            ban: Duration::from_secs(600),
            backoff: Duration::from_secs(60),
            bootstrap_backoff: Duration::from_secs(10),
            exchange_interval: Duration::from_secs(10),
        }
    }
}

/// What the carrier tells.
#[derive(Clone, Debug)]
pub enum NetEvent {
    /// The node listens there.
    Listening(Multiaddr),
    /// A peer of this network is connected.
    Connected(Peer),
    /// Its last connection closed.
    Disconnected(Peer),
    /// A peer asks; [`Net::respond`].
    Request {
        /// Who.
        peer: Peer,
        /// For the response.
        reply: ReplyId,
        /// What.
        request: Request,
    },
    /// A peer answered.
    Response {
        /// Who.
        peer: Peer,
        /// The request that it answers.
        id: RequestId,
        /// The answer.
        response: Response,
    },
    /// A request got no answer.
    RequestFailed {
        /// Whom we asked.
        peer: Peer,
        /// The request.
        id: RequestId,
    },
    /// Gossip, not yet validated; [`Net::validated`].
    Announced {
        /// From whom it came (not who wrote it).
        peer: Peer,
        /// For the verdict.
        id: AnnouncementId,
        /// What.
        announcement: Announcement,
    },
}

/// Why the carrier did not start, or did not take a command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetError {
    /// There is no tokio runtime to run on.
    #[error("the network needs a tokio runtime: call start() from within one")]
    NoRuntime,
    /// A bootstrap address does not say whose it is.
    #[error("bootstrap address {0} does not end in /p2p/<peer> of an Ed25519 key: append it")]
    Bootstrap(Multiaddr),
    /// It cannot listen there.
    #[error("cannot listen on {address}: {}; free the address or configure another", reason(source))]
    Listen {
        /// Where.
        address: Multiaddr,
        /// Why not.
        source: TransportError<io::Error>,
    },
    /// The system's resolver cannot be set up.
    #[error("cannot read the system's DNS configuration: {0}; look at /etc/resolv.conf")]
    Dns(#[source] io::Error),
    /// A part of libp2p refused its settings: a fault of this crate.
    #[error("cannot set up the network: {0}")]
    Setup(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// So many requests have no outcome yet that another is refused.
    #[error("too many requests are under way: wait for an outcome")]
    TooManyAsks,
    /// The task ended.
    #[error("the network is shut down")]
    Closed,
}

/// An address with the name of the peer that is there, as [`NetConfig::bootstrap`] wants it.
pub fn with_peer(address: Multiaddr, peer: &Peer) -> Multiaddr {
    address.with(Protocol::P2p(peer::to_libp2p(peer)))
}

/// Takes the peer's name off the end of an address.
///
/// # Errors
/// [`NetError::Bootstrap`] if there is none, or one that is no node key.
pub fn split_peer(address: &Multiaddr) -> Result<(Peer, Multiaddr), NetError> {
    let mut rest = address.clone();
    match rest.pop() {
        Some(Protocol::P2p(id)) if !rest.is_empty() => match peer::from_libp2p(&id) {
            Some(peer) => Ok((peer, rest)),
            None => Err(NetError::Bootstrap(address.clone())),
        },
        _ => Err(NetError::Bootstrap(address.clone())),
    }
}

/// Starts the task that owns the swarm, and gives the handle on it and its events.
///
/// # Errors
/// [`NetError`]; nothing runs then.
pub fn start(config: NetConfig) -> Result<(Net, mpsc::Receiver<NetEvent>), NetError> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| NetError::NoRuntime)?;
    let local = Peer::from_bytes(*config.node_key.public().id().as_bytes());
    let bootstrap = config.bootstrap.iter().map(split_peer).collect::<Result<Vec<_>, _>>()?;
    let names = behaviour::Names::of(config.network)?;
    let limits = config.limits;

    let first: HashSet<_> = bootstrap.iter().map(|(peer, _)| *peer).collect();
    let mut swarm = behaviour::swarm(&config.node_key, local, first, &names, &limits)?;
    for address in config.listen {
        if let Err(source) =
            probe(&address).map_err(TransportError::Other).and_then(|()| swarm.listen_on(address.clone()))
        {
            return Err(NetError::Listen { address, source });
        }
    }
    let mut book = book::Book::new(local, limits.backoff, limits.bootstrap_backoff);
    for (peer, address) in bootstrap {
        book.configure(peer, address);
    }

    let (order_sender, orders) = mpsc::channel(limits.commands);
    let (event_sender, events) = mpsc::channel(limits.events);
    let asks = Arc::new(Semaphore::new(limits.asks));
    runtime.spawn(driver::Driver::new(swarm, names, book, limits, orders, event_sender).run());
    Ok((Net { local, orders: order_sender, asks }, events))
}

/// Why not; libp2p's own words leave out what the system said.
fn reason(error: &TransportError<io::Error>) -> String {
    match error {
        TransportError::Other(error) => error.to_string(),
        unsupported => unsupported.to_string(),
    }
}

/// Whether a port is free. libp2p listens with `SO_REUSEPORT`, so two nodes on one port would both
/// start and share its connections at random; this finds the other one out.
fn probe(address: &Multiaddr) -> io::Result<()> {
    let mut parts = address.iter();
    let ip = match parts.next() {
        Some(Protocol::Ip4(ip)) => ip.into(),
        Some(Protocol::Ip6(ip)) => std::net::IpAddr::from(ip),
        _ => return Ok(()),
    };
    match parts.next() {
        Some(Protocol::Tcp(port @ 1..)) => std::net::TcpListener::bind((ip, port)).map(drop),
        _ => Ok(()),
    }
}
