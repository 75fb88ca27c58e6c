//! Replication as a state machine: events and time in, actions out; no sockets, no clocks, no
//! threads, no randomness of its own (DESIGN §3.6).
//!
//! A driver owns one [`Replica`] and one [`Ledger`]. libp2p with RocksDB is one driver
//! (`congvan`), a deterministic simulator of many nodes is another (`congvan-sim`).

//!
//! # Example: one node catches up from another
//!
//! ```
//! use congvan_core::*;
//! use congvan_sync::{Action, Config, Event, Instant, Ledger, MemoryLedger, Replica, ReplyId};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut rng = rng::from_seed(1);
//! # let registrar = SecretKey::generate(&mut rng);
//! # let genesis = Genesis::new("Thái Nguyên", Time::from_millis(0), vec![registrar.public()], 1, [7; 16])?;
//! # let network = genesis.network_id();
//! # let keys = AgencySecret::generate(&mut rng);
//! # let code = AgencyCode::new("000.00.00.H55")?;
//! # let chain = ChainId::of_agency(network, &code);
//! # let admit = RosterAction::Admit(Admission {
//! #     code, name: Text::new("UBND tỉnh Thái Nguyên")?, parent: None,
//! #     keys: keys.public(), possession: keys.prove_possession(network, chain),
//! #     nodes: Bounded::new(vec![])?, rights: Rights::NONE,
//! # });
//! // One ledger has an agency and its first note; the other knows the genesis only.
//! let mut full = MemoryLedger::new(genesis.clone());
//! full.append_roster(admit, Time::from_millis(1), &[&registrar])?;
//! full.append(chain, Draft { kind: Kind::NOTE, time: Time::from_millis(2), payload: vec![1] }, &keys)?;
//! let mut empty = MemoryLedger::new(genesis);
//!
//! let (teacher, learner) = (NodeKey::from_bytes([1; 32]), NodeKey::from_bytes([2; 32]));
//! let mut serving = Replica::new(Config::default());
//! let mut learning = Replica::new(Config::default());
//! let now = Instant(0);
//! serving.handle(&mut full, now, Event::Connected(learner));
//! let mut actions = learning.handle(&mut empty, now, Event::Connected(teacher));
//! // The driver carries requests and answers; here it is a loop.
//! while let Some(action) = actions.pop() {
//!     let Action::Request { peer, id, request } = action else { continue };
//!     let event = Event::Request { peer: learner, reply: ReplyId(0), request };
//!     for answer in serving.handle(&mut full, now, event) {
//!         let Action::Respond { response, .. } = answer else { continue };
//!         actions.extend(learning.handle(&mut empty, now, Event::Response { peer, id, response }));
//!     }
//! }
//! assert_eq!(empty.heads(), full.heads());
//! # Ok(())
//! # }
//! ```

mod blobs;
mod conduct;
pub mod config;
mod fetch;
mod gossip;
pub mod heads;
pub mod ledger;
pub mod memory;
pub mod message;
mod own;
mod payloads;
mod reconcile;
mod replica;
mod serve;

pub use config::Config;
pub use congvan_core::ingest::Ingested;
pub use ledger::{ChainHead, IngestError, Ledger};
pub use memory::{MemoryLedger, Shared};
pub use message::{Announcement, Request, Response};
pub use replica::{PeerStatus, Replica};

use congvan_core::NodeKey;

/// A peer, by the network key that its connection proved.
pub type Peer = NodeKey;

/// Names a request between the one who asks and the driver that carries it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub u64);

/// Names a peer's request that waits for our response.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReplyId(pub u64);

/// Names an announcement whose validation the network waits for before it forwards it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AnnouncementId(pub u64);

/// Milliseconds on the driver's monotonic clock; only differences mean anything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Instant(pub u64);

impl Instant {
    /// This many milliseconds later.
    pub fn after(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds since an earlier instant; 0 if it is not earlier.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// What the driver tells the state machine.
#[derive(Clone, Debug)]
pub enum Event {
    /// A connection to an admitted peer, or to a bootstrap peer while the roster is still unknown.
    Connected(Peer),
    /// Its last connection closed.
    Disconnected(Peer),
    /// A peer asks.
    Request {
        /// Who.
        peer: Peer,
        /// For [`Action::Respond`].
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
    /// A request got no answer: time-out, disconnection, or undecodable.
    RequestFailed {
        /// Whom we asked.
        peer: Peer,
        /// The request.
        id: RequestId,
    },
    /// Gossip from a peer, not yet validated.
    Announced {
        /// From whom it came (not who wrote it).
        peer: Peer,
        /// For [`Action::Validated`].
        id: AnnouncementId,
        /// What.
        announcement: Announcement,
    },
    /// The ledger grew by its own agency's hand: these entries are new in `chain`.
    Appended(Vec<congvan_core::VerifiedEntry>),
    /// The ledger changed what stands of a chain by itself: its background check found a bad
    /// signature, or an operator imported a file.
    Changed(congvan_core::ChainId),
    /// Blobs became wanted: fetch them. At most [`config::MAX_BLOBS`] are kept in mind; whoever
    /// wants more asks again when [`Replica::blobs_wanted`] has shrunk.
    WantBlobs(Vec<congvan_core::blob::BlobRef>),
    /// Time passed; at least every second.
    Tick,
}

/// What a network makes of an announcement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Genuine and new: forward it.
    Accept,
    /// Nothing to forward, nobody to blame.
    Ignore,
    /// Whoever sent it misbehaves.
    Reject,
}

/// What the state machine wants done.
#[derive(Clone, Debug)]
pub enum Action {
    /// Ask a peer.
    Request {
        /// Whom.
        peer: Peer,
        /// Comes back in [`Event::Response`] or [`Event::RequestFailed`].
        id: RequestId,
        /// What.
        request: Request,
    },
    /// Answer a peer.
    Respond {
        /// Which request.
        reply: ReplyId,
        /// The answer.
        response: Response,
    },
    /// Gossip.
    Announce(Announcement),
    /// The verdict on an announcement.
    Validated {
        /// Which.
        id: AnnouncementId,
        /// The verdict.
        verdict: Verdict,
    },
    /// Drop a peer and refuse it for a while.
    Ban {
        /// Whom.
        peer: Peer,
        /// Why, for the log.
        reason: &'static str,
    },
    /// The roster changed: who is admitted is to be looked up anew.
    RosterChanged,
    /// Entries of this chain were stored; for whoever waits for them.
    Stored {
        /// The chain.
        chain: congvan_core::ChainId,
    },
    /// A proof that a chain's agency said two things was stored; the chain is quarantined.
    Equivocation(congvan_core::EquivocationProof),
    /// A blob is complete.
    BlobComplete(congvan_core::BlobId),
    /// A wanted blob was erased: nobody needs it any more.
    BlobErased(congvan_core::BlobId),
    /// Enough peers were asked for our own chain and nothing is missing: writing may begin
    /// (DESIGN §3.8).
    OwnChainConfirmed,
    /// Peers hold entries of our own chain that contradict ours: this node must not write.
    OwnChainContradicted {
        /// The first number that differs.
        seq: congvan_core::Seq,
    },
}
