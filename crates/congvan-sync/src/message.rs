//! What nodes say to each other. `docs/protocol.md` specifies it.

use congvan_core::blob::{BlobRef, CHUNK, MAX_PROOF};
use congvan_core::codec::{Bounded, Decode, Encode, bincode};
use congvan_core::entry::{MAX_ENTRY_BYTES, SIGNED_LEN};
use congvan_core::evidence::RawProof;
use congvan_core::{ChainId, Point, Seq, wire};

/// The most bytes of entries in one [`Response::Range`].
pub const MAX_RANGE: usize = 1024 * 1024;
/// The most entries in one [`Response::Range`].
pub const MAX_RANGE_ENTRIES: usize = 4096;
/// The most prefixes compared in one [`Request::Heads`]; each yields 16 lines of the answer at most,
/// so that all of them fit into [`MAX_HEADS`].
pub const MAX_PREFIXES: usize = 64;
/// The most heads listed in one [`Response::Heads`].
pub const MAX_HEADS: usize = 1024;

/// One entry's bytes on the wire.
pub type Bytes = Bounded<u8, MAX_ENTRY_BYTES>;

/// A range of chain ids: those that begin with the first `nibbles` half-bytes of `path`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
#[bincode(crate = "bincode")]
pub struct Prefix {
    /// The path, left-aligned, zero behind its length.
    pub path: [u8; 8],
    /// Its length in half-bytes, 0 (all chains) to 16.
    pub nibbles: u8,
}

/// A fingerprint of the heads under a prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[bincode(crate = "bincode")]
pub struct Compared {
    /// Which chains.
    pub prefix: Prefix,
    /// First 16 bytes of their fingerprint.
    pub fingerprint: [u8; 16],
}

/// One chain's head, as reconciliation lists it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
#[bincode(crate = "bincode")]
pub struct Listed {
    /// The chain.
    pub chain: ChainId,
    /// Its last standing entry.
    pub head: Option<Point>,
    /// Its first number in quarantine.
    pub quarantined: Option<Seq>,
}

/// What one node asks another.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[bincode(crate = "bincode")]
pub enum Request {
    /// Where do our heads differ? The answer is a [`Response::Heads`].
    Heads(Bounded<Compared, MAX_PREFIXES>),
    /// Entries of a chain, from a number on, at most so many bytes.
    Range {
        /// The chain.
        chain: ChainId,
        /// The first number.
        from: Seq,
        /// At most this many bytes, and [`MAX_RANGE`].
        max_bytes: u32,
    },
    /// The proof for which a chain is in quarantine.
    Proof(ChainId),
    /// One chunk of a blob.
    Chunk {
        /// The blob.
        blob: BlobRef,
        /// Which chunk.
        index: u32,
    },
}
wire!(Request, "request", 16 * 1024);

/// What the other answers.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[bincode(crate = "bincode")]
#[allow(clippy::large_enum_variant)]
pub enum Response {
    /// Of the prefixes that differ: finer fingerprints, or, where few chains are left, their heads.
    Heads {
        /// Finer fingerprints, to compare in turn.
        finer: Bounded<Compared, MAX_HEADS>,
        /// Heads of prefixes with few chains.
        heads: Bounded<Listed, MAX_HEADS>,
        /// Prefixes whose chains are listed in `heads`, whole.
        listed: Bounded<Prefix, MAX_HEADS>,
    },
    /// Consecutive entries; none if there are none.
    Range(Bounded<Bytes, MAX_RANGE_ENTRIES>),
    /// A proof, if there is one.
    Proof(Option<RawProof>),
    /// A chunk with its proof.
    Chunk {
        /// Its bytes.
        bytes: Bounded<u8, CHUNK>,
        /// Sibling hashes up to the root.
        proof: Bounded<[u8; 32], MAX_PROOF>,
    },
    /// It is not here.
    NotFound,
    /// Too many requests; ask again later.
    Busy,
}
wire!(Response, "response", MAX_RANGE + MAX_ENTRY_BYTES + 64 * 1024);

/// What nodes gossip: hints that never carry a payload (DESIGN §3.14).
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[bincode(crate = "bincode")]
#[allow(clippy::large_enum_variant)]
pub enum Announcement {
    /// A new entry's header and signature.
    Entry([u8; SIGNED_LEN]),
    /// An agency said two things.
    Proof(RawProof),
}
wire!(Announcement, "announcement", 1024);

impl Announcement {
    /// The gossip message id: one for one announcement, whoever sends it, covering all its bytes.
    pub fn id(&self) -> [u8; 32] {
        use congvan_core::Wire;
        congvan_core::domain::hash("congvan v1 announcement id", &[&self.to_bytes()])
    }
}
