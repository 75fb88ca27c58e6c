//! The handle on a running carrier.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::SystemTime;

use congvan_sync::{Announcement, AnnouncementId, Peer, ReplyId, Request, RequestId, Response, Verdict};
use libp2p::Multiaddr;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::NetError;

/// What to do; the state machine's actions map onto it one to one.
#[derive(Clone, Debug)]
pub enum Command {
    /// Ask a connected peer. Ends in one [`crate::NetEvent::Response`] or [`crate::NetEvent::RequestFailed`].
    Ask {
        /// Whom.
        peer: Peer,
        /// Comes back with the outcome.
        id: RequestId,
        /// What.
        request: Request,
    },
    /// Answer a peer's request; too late an answer is dropped.
    Respond {
        /// Which request.
        reply: ReplyId,
        /// The answer.
        response: Response,
    },
    /// Gossip. A hint: nobody may be there to hear it.
    Announce(Announcement),
    /// The verdict on an announcement; only [`Verdict::Accept`] forwards it.
    Validated {
        /// Which.
        id: AnnouncementId,
        /// The verdict.
        verdict: Verdict,
    },
    /// Replace the set of admitted peers; connections of others are closed. Bootstrap peers always are.
    Admit(HashSet<Peer>),
    /// Drop a peer and refuse it for [`crate::Limits::ban`].
    Ban {
        /// Whom.
        peer: Peer,
        /// Why, for the log.
        reason: &'static str,
    },
    /// Where a peer is, by what was stored or configured.
    Learn {
        /// Who.
        peer: Peer,
        /// Where.
        addresses: Vec<Multiaddr>,
    },
}

/// A connected peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerInfo {
    /// Who.
    pub peer: Peer,
    /// Where it says that it can be dialled.
    pub addresses: Vec<Multiaddr>,
    /// Connected since then.
    pub since: SystemTime,
}

/// How full the carrier's bounded parts are, and what it shed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Stats {
    /// Connected peers.
    pub connected: usize,
    /// Peers in the address book.
    pub known: usize,
    /// Our requests that have no outcome yet; at most [`crate::Limits::asks`].
    pub asks: usize,
    /// Peers' requests that wait for our response; at most [`crate::Limits::replies`].
    pub replies: usize,
    /// Announcements that wait for their verdict; at most [`crate::Limits::unvalidated`].
    pub unvalidated: usize,
    /// Events that wait for room in the channel.
    pub waiting: usize,
    /// Requests answered "busy" since the start.
    pub shed_requests: u64,
    /// Announcements dropped for want of room since the start.
    pub shed_announcements: u64,
}

/// What travels to the carrier's task.
pub(crate) enum Order {
    /// A request of ours comes with its slot among those without an outcome.
    Command(Box<Command>, Option<OwnedSemaphorePermit>),
    Listeners(oneshot::Sender<Vec<Multiaddr>>),
    Peers(oneshot::Sender<Vec<PeerInfo>>),
    Stats(oneshot::Sender<Stats>),
    Shutdown(oneshot::Sender<()>),
}

/// A handle on the carrier's task. The task ends with [`Net::shutdown`], with its last handle, or when
/// nobody receives its events any more.
///
/// The task takes commands whether or not anybody reads its events, so a thread that does both in turn
/// (it receives events and sends commands with [`Net::blocking_send`]) cannot lock itself up.
#[derive(Clone, Debug)]
pub struct Net {
    pub(crate) local: Peer,
    pub(crate) orders: mpsc::Sender<Order>,
    pub(crate) asks: Arc<Semaphore>,
}

impl Net {
    /// This node.
    pub fn local_peer(&self) -> Peer {
        self.local
    }

    /// Sends a command, waiting for room among the commands.
    ///
    /// # Errors
    /// [`NetError::TooManyAsks`], [`NetError::Closed`].
    pub async fn send(&self, command: Command) -> Result<(), NetError> {
        let order = self.order(command)?;
        self.orders.send(order).await.map_err(|_| NetError::Closed)
    }

    /// [`Net::send`] for a plain thread. Panics inside an async task.
    ///
    /// # Errors
    /// [`NetError::TooManyAsks`], [`NetError::Closed`].
    pub fn blocking_send(&self, command: Command) -> Result<(), NetError> {
        let order = self.order(command)?;
        self.orders.blocking_send(order).map_err(|_| NetError::Closed)
    }

    /// Asks a peer. At [`NetError::TooManyAsks`] no event follows: take it as failed at once.
    ///
    /// # Errors
    /// [`NetError::TooManyAsks`], [`NetError::Closed`].
    pub async fn ask(&self, peer: Peer, id: RequestId, request: Request) -> Result<(), NetError> {
        self.send(Command::Ask { peer, id, request }).await
    }

    /// Answers a peer's request.
    ///
    /// # Errors
    /// [`NetError::Closed`].
    pub async fn respond(&self, reply: ReplyId, response: Response) -> Result<(), NetError> {
        self.send(Command::Respond { reply, response }).await
    }

    /// Gossips.
    ///
    /// # Errors
    /// [`NetError::Closed`].
    pub async fn announce(&self, announcement: Announcement) -> Result<(), NetError> {
        self.send(Command::Announce(announcement)).await
    }

    /// Gives the verdict on an announcement.
    ///
    /// # Errors
    /// [`NetError::Closed`].
    pub async fn validated(&self, id: AnnouncementId, verdict: Verdict) -> Result<(), NetError> {
        self.send(Command::Validated { id, verdict }).await
    }

    /// Replaces the set of admitted peers.
    ///
    /// # Errors
    /// [`NetError::Closed`].
    pub async fn admit(&self, peers: HashSet<Peer>) -> Result<(), NetError> {
        self.send(Command::Admit(peers)).await
    }

    /// Drops a peer and refuses it for a while.
    ///
    /// # Errors
    /// [`NetError::Closed`].
    pub async fn ban(&self, peer: Peer, reason: &'static str) -> Result<(), NetError> {
        self.send(Command::Ban { peer, reason }).await
    }

    /// Tells where a peer is.
    ///
    /// # Errors
    /// [`NetError::Closed`].
    pub async fn learn(&self, peer: Peer, addresses: Vec<Multiaddr>) -> Result<(), NetError> {
        self.send(Command::Learn { peer, addresses }).await
    }

    /// The addresses on which this node listens; none once it is closed.
    pub async fn listeners(&self) -> Vec<Multiaddr> {
        self.query(Order::Listeners).await.unwrap_or_default()
    }

    /// The connected peers; none once it is closed.
    pub async fn peers(&self) -> Vec<PeerInfo> {
        self.query(Order::Peers).await.unwrap_or_default()
    }

    /// How full it is; all zero once it is closed.
    pub async fn stats(&self) -> Stats {
        self.query(Order::Stats).await.unwrap_or_default()
    }

    /// [`Net::peers`] for a plain thread. Panics inside an async task.
    pub fn blocking_peers(&self) -> Vec<PeerInfo> {
        self.blocking_query(Order::Peers).unwrap_or_default()
    }

    /// [`Net::listeners`] for a plain thread. Panics inside an async task.
    pub fn blocking_listeners(&self) -> Vec<Multiaddr> {
        self.blocking_query(Order::Listeners).unwrap_or_default()
    }

    /// Ends the task: connections close, ports are free when this returns.
    pub async fn shutdown(self) {
        // Closed already is shut down already.
        let _ = self.query(Order::Shutdown).await;
    }

    /// [`Net::shutdown`] for a plain thread. Panics inside an async task.
    pub fn blocking_shutdown(self) {
        let _ = self.blocking_query(Order::Shutdown);
    }

    /// Takes one of the slots for requests without an outcome, so that whoever asks faster than peers
    /// answer learns it at once, and nothing piles up.
    fn order(&self, command: Command) -> Result<Order, NetError> {
        let slot = match command {
            Command::Ask { .. } => Some(self.asks.clone().try_acquire_owned().map_err(|_| NetError::TooManyAsks)?),
            _ => None,
        };
        Ok(Order::Command(Box::new(command), slot))
    }

    async fn query<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(order(answer)).await.ok()?;
        answered.await.ok()
    }

    fn blocking_query<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.orders.blocking_send(order(answer)).ok()?;
        answered.blocking_recv().ok()
    }
}
