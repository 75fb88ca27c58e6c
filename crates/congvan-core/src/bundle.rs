//! Proof bundles: one file that shows what became of one document, to somebody who trusts no node.
//!
//! ```text
//! magic 8 bytes ‖ frame* — each frame: u32 length ‖ that many bytes, the encoding of a Frame
//! ```
//!
//! In order: the genesis; the roster's entries, all of them; rotations of the keys that matter, chain by chain; proofs
//! of equivocation; the document's entry, and to whom it is where that alone is shown of it; entries about it; attachments, each piece by piece; and an end frame as in
//! an exported ledger. [`Checker`] takes the frames as they come and keeps no more than it must.
//!
//! What a bundle withholds is not proven, and everything that it shows is held against what was signed. An entry may
//! stand without its payload: its header, its number and its place in the chain are proven all the same.

mod check;
mod found;
mod keys;

pub use check::Checker;
pub use found::{Branch, BundleError, CoverFault, EntryFault, Evidence, Named, Proven, ProvenCover, Shown};

use crate::archive::frames;
use crate::blob::CHUNK;
use crate::checkpoint::CheckpointPayload;
use crate::codec::{Bounded, Bytes, Decode, Encode};
use crate::domain;
use crate::entry::MAX_ENTRY_BYTES;
use crate::evidence::RawProof;
use crate::genesis::Genesis;
use crate::ids::{ChainId, Digest, Seq};
use crate::keys::Signature;
use crate::limits::MAX_WITNESSES;
use crate::merkle::{TreeHash, TreeProof};
use crate::naming::NamedTo;
use crate::wire;

/// The first bytes of a bundle.
pub const MAGIC: [u8; 8] = *b"cvproof\x01";
/// The most bytes of one frame.
pub const MAX_FRAME: usize = 1024 * 1024;
/// Entries about one document in a bundle: a status of each kind by each addressee of the greatest document, and some.
pub const MAX_SAID: usize = 20_000;
/// Places named by the registrar that one cover leads to.
pub const MAX_PINS: usize = 256;
/// Proofs of equivocation in a bundle.
pub const MAX_FORKS: usize = 64;

/// One frame of a bundle.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[allow(clippy::large_enum_variant)]
pub enum Frame {
    /// The network's genesis: the first frame, once.
    Genesis(Genesis),
    /// A roster entry's bytes, numbers ascending.
    Roster(Bytes<MAX_ENTRY_BYTES>),
    /// A rotation's bytes, in the order of its chain.
    Rotation(Bytes<MAX_ENTRY_BYTES>),
    /// A proof of equivocation of a chain that matters.
    Fork(RawProof),
    /// The document's entry first, then entries about it.
    Entry(ProvenEntry),
    /// Bytes of the attachment that the document's envelope lists at `number`, from its beginning to its end.
    Attachment {
        /// Which, from 0.
        number: u32,
        /// The next of its plain bytes.
        bytes: Bytes<CHUNK>,
    },
    /// The last frame.
    End {
        /// Frames before this one.
        frames: u64,
        /// Their digest: see [`Checksum`](crate::archive::Checksum).
        digest: Digest,
    },
    /// Two checkpoints of a chain that cannot both be of one history.
    Split(Split),
    /// Right behind a document's entry without its payload: one agency that it is to.
    Named(NamedTo),
}
wire!(Frame, "bundle frame", MAX_FRAME);

frames!(Frame, MAGIC, domain::BUNDLE);

/// Proof that an agency showed two histories: it signed `root` over as many entries as `one` is of, for `other` continues
/// it, and it signed `one`, which has another root.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Split {
    /// The chain.
    pub chain: ChainId,
    /// The number of the first checkpoint's entry, and the checkpoint.
    pub one: (Seq, CheckpointPayload),
    /// The same of the second, which is of at least as many entries.
    pub other: (Seq, CheckpointPayload),
    /// The root over as many entries as `one` is of, in the history of `other`.
    pub root: TreeHash,
    /// That `other` continues that.
    pub consistency: TreeProof,
}

/// An entry and what proves it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct ProvenEntry {
    /// Its bytes, with its payload or without.
    pub entry: Bytes<MAX_ENTRY_BYTES>,
    /// The key of its sealed content, where the bundle shows that.
    pub content_key: Option<[u8; 32]>,
    /// The checkpoint over it.
    pub cover: Option<Cover>,
}

/// What places an entry in its chain, as its agency and witnesses signed it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Cover {
    /// The number of the checkpoint's own entry, which says by which key it is signed.
    pub at: Seq,
    /// The checkpoint.
    pub signed: CheckpointPayload,
    /// From the entry to the checkpoint's root.
    pub inclusion: TreeProof,
    /// A later checkpoint that continues this one, where the registrar named entries behind it.
    pub continued: Option<Continued>,
    /// For each entry that the registrar named, by number: that it is under the last of these checkpoints. None for
    /// numbers behind that.
    pub pins: Bounded<TreeProof, MAX_PINS>,
    /// Witnesses' cosignatures of the checkpoint.
    pub witnesses: Bounded<Word, MAX_WITNESSES>,
}

/// A later checkpoint of the same history.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Continued {
    /// The number of its own entry.
    pub at: Seq,
    /// The checkpoint.
    pub signed: CheckpointPayload,
    /// From the earlier checkpoint to this one.
    pub consistency: TreeProof,
}

/// One witness' cosignature.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Word {
    /// Whose.
    pub witness: ChainId,
    /// When it looked, by its clock: seconds since 1970.
    pub seconds: u64,
    /// Over [`crate::note::cosigned_text`].
    pub signature: Signature,
}
