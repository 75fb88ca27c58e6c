//! What an operator or a test may tune, and the bounds that nobody may.

use congvan_core::ChainId;

use crate::message::MAX_RANGE;

/// The most peers kept in mind; connections beyond it are answered `Busy` and asked nothing.
pub const MAX_PEERS: usize = 1024;
/// The most chains with something to fetch; what is beyond waits for the next comparison of heads.
pub const MAX_WANTS: usize = 8192;
/// Of the chains with something to fetch, those looked after at each event; the others have their turn at the next ones.
pub const LOOKED_AFTER_AT_ONCE: usize = 16;
/// The most peers kept in mind as holders of one chain's missing entries.
pub const MAX_HOLDERS: usize = 8;
/// The most blobs kept in mind as wanted.
pub const MAX_BLOBS: usize = 8192;
/// The most own entries that wait for their announcement; only the last of a chain waits.
pub const MAX_ANNOUNCEMENTS: usize = 16;
/// The most prefixes that wait in one comparison of heads.
pub const MAX_PENDING_PREFIXES: usize = 16 * 1024;
/// The most requests in one comparison of heads.
pub const MAX_COMPARISON_STEPS: u32 = 4096;
/// Comparisons of heads under way at once, each with another peer.
pub const MAX_COMPARISONS: usize = 8;
/// Peers compared with in each [`Config::reconcile_ms`]: whoever has more peers comes to each less often, so that what a
/// node spends on comparing does not grow with its peers.
pub const COMPARED_EACH_INTERVAL: usize = 8;
/// The most chains under a prefix for which heads are listed instead of finer fingerprints.
pub const LIST_AT_MOST: usize = 16;
/// Peers whose conduct is remembered after they left.
pub const MAX_CONDUCTS: usize = 2048;
/// Strikes at which a peer is banned.
pub const STRIKES: u32 = 20;
/// Strikes for gossip that nobody who checks it forwards.
pub const STRIKES_BAD_GOSSIP: u32 = 5;
/// Strikes for a claim to hold what is then not served.
pub const STRIKES_FALSE_CLAIM: u32 = 1;
/// How often somebody who forwarded an announcement is asked for its entry before it is left to the
/// comparison of heads: it may still be fetching it.
pub const HINT_TRIES: u32 = 4;
/// The first pause between these tries; it doubles.
pub const HINT_RETRY_MS: u64 = 100;
/// Milliseconds in which one strike is forgiven.
pub const FORGIVE_MS: u64 = 10_000;
/// Milliseconds for which a banned peer is refused.
pub const BAN_MS: u64 = 10 * 60 * 1000;
/// The first pause after a peer failed; it doubles up to [`BACK_OFF_MAX_MS`].
pub const BACK_OFF_MS: u64 = 500;
/// The longest pause after a peer failed.
pub const BACK_OFF_MAX_MS: u64 = 30_000;
/// How long a peer that lacks a blob is not asked for it again.
pub const BLOB_RETRY_MS: u64 = 15_000;
/// How often entries without payloads that nobody erased are asked for again.
pub const PAYLOAD_RETRY_MS: u64 = 5_000;
/// The most of them asked for at once.
pub const MAX_PAYLOADS: usize = 16;
/// How long a peer's claim to hold more of our own chain holds up our writing without any progress.
pub const OWN_CLAIM_PATIENCE_MS: u64 = 120_000;

/// A replica's settings. The defaults suit a node on a poor line as well as one in a data centre.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// The chain that this node writes; `None` for one that only reads.
    pub own: Option<ChainId>,
    /// Distinct peers that must have told all their heads before
    /// [`OwnChainConfirmed`](crate::Action::OwnChainConfirmed); 0 is the operator's explicit choice to write
    /// without having asked anybody.
    pub confirm_peers: usize,
    /// Milliseconds between two comparisons of heads with one peer, while peers are at most
    /// [`COMPARED_EACH_INTERVAL`].
    pub reconcile_ms: u64,
    /// Milliseconds after which heads are read anew from the ledger, should it have changed without a word to the replica.
    pub index_ms: u64,
    /// Milliseconds after which a request is given up, should the driver not do so before.
    pub request_timeout_ms: u64,
    /// Requests for entries and proofs in flight, in all.
    pub in_flight: usize,
    /// Requests for entries and proofs in flight at one peer.
    pub in_flight_per_peer: usize,
    /// Requests for chunks in flight, in all.
    pub chunks_in_flight: usize,
    /// Requests for chunks in flight at one peer.
    pub chunks_per_peer: usize,
    /// Bytes asked for in one range, at most [`MAX_RANGE`].
    pub range_bytes: u32,
    /// A peer's requests served each second.
    pub serve_per_second: u32,
    /// A peer's requests served at once after it was quiet.
    pub serve_burst: u32,
    /// A peer's announcements validated each second.
    pub gossip_per_second: u32,
    /// A peer's announcements validated at once after it was quiet.
    pub gossip_burst: u32,
    /// Milliseconds between two announcements of one own chain.
    pub announce_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            own: None,
            confirm_peers: 1,
            reconcile_ms: 20_000,
            index_ms: 20_000,
            request_timeout_ms: 30_000,
            in_flight: 32,
            in_flight_per_peer: 8,
            chunks_in_flight: 32,
            chunks_per_peer: 8,
            range_bytes: MAX_RANGE as u32,
            serve_per_second: 200,
            serve_burst: 400,
            gossip_per_second: 200,
            gossip_burst: 1000,
            announce_ms: 100,
        }
    }
}
