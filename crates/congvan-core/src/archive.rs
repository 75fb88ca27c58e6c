//! An exported ledger: one file for sneakernet and for auditors.
//!
//! ```text
//! magic 8 bytes ‖ frame* — each frame: u32 length ‖ that many bytes, the encoding of a Frame
//! ```
//!
//! In order: the genesis; the roster's entries; each chain's entries, numbers ascending; proofs of
//! equivocation; blobs' chunks; and an end frame with the count and digest of all frames before it,
//! so that a file cut short is noticed.

use crate::blob::{BlobRef, CHUNK, MAX_PROOF};
use crate::codec::{Bounded, CodecError, Decode, Encode, Wire};
use crate::domain;
use crate::entry::MAX_ENTRY_BYTES;
use crate::evidence::RawProof;
use crate::genesis::Genesis;
use crate::ids::Digest;
use crate::wire;

/// The first bytes of an exported ledger.
pub const MAGIC: [u8; 8] = *b"congvan\x01";
/// The most bytes of one frame.
pub const MAX_FRAME: usize = MAX_ENTRY_BYTES + 1024;

/// One frame of an exported ledger.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[allow(clippy::large_enum_variant)]
pub enum Frame {
    /// The network's genesis: the first frame, once.
    Genesis(Genesis),
    /// An entry's bytes: roster first, then chain by chain.
    Entry(Bounded<u8, MAX_ENTRY_BYTES>),
    /// A proof of equivocation.
    Proof(RawProof),
    /// A chunk of a blob, with its proof.
    Chunk {
        /// The blob.
        blob: BlobRef,
        /// Which chunk.
        index: u32,
        /// Its bytes.
        bytes: Bounded<u8, CHUNK>,
        /// Sibling hashes up to the root.
        proof: Bounded<[u8; 32], MAX_PROOF>,
    },
    /// The last frame.
    End {
        /// Frames before this one.
        frames: u64,
        /// Their digest: see [`Checksum`].
        digest: Digest,
    },
}
wire!(Frame, "archive frame", MAX_FRAME);

/// The frames of one sort of file: an exported ledger's, or a proof bundle's.
pub trait Frames: Wire + PartialEq {
    /// The first bytes of such a file.
    const MAGIC: [u8; 8];

    /// What counts and digests the frames.
    fn checksum() -> Checksum;

    /// The last frame.
    fn end(frames: u64, digest: Digest) -> Self;

    /// Whether it is the last.
    fn is_end(&self) -> bool;

    /// The genesis that it holds, if it is that frame.
    fn genesis(&self) -> Option<&Genesis>;
}

/// Implements [`Frames`] for an enum with the variants `Genesis` and `End`: its first bytes, and its digest's context.
macro_rules! frames {
    ($frame:ty, $magic:expr, $context:expr) => {
        impl $crate::archive::Frames for $frame {
            const MAGIC: [u8; 8] = $magic;

            fn checksum() -> $crate::archive::Checksum {
                $crate::archive::Checksum::under($context)
            }

            fn end(frames: u64, digest: $crate::Digest) -> Self {
                Self::End { frames, digest }
            }

            fn is_end(&self) -> bool {
                matches!(self, Self::End { .. })
            }

            fn genesis(&self) -> Option<&$crate::Genesis> {
                match self {
                    Self::Genesis(genesis) => Some(genesis),
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use frames;

frames!(Frame, MAGIC, domain::ARCHIVE);

/// A whole file in memory: the frames behind its first bytes, and the end frame.
pub fn file_of<F: Frames>(frames: &[F]) -> Vec<u8> {
    let mut checksum = F::checksum();
    let mut file = F::MAGIC.to_vec();
    let mut put = |frame: &F, checksum: &mut Checksum| {
        let bytes = frame.to_bytes();
        checksum.add(&bytes);
        file.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        file.extend_from_slice(&bytes);
    };
    frames.iter().for_each(|frame| put(frame, &mut checksum));
    let end = checksum.end();
    put(&end, &mut checksum);
    file
}

/// Why an exported ledger cannot be read on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// Not an exported ledger.
    #[error("this is not a Congvan file of the kind that is due here")]
    NotAnArchive,
    /// A frame longer than any may be.
    #[error("a frame states {0} bytes; at most {1} are allowed")]
    FrameTooLong(u32, usize),
    /// The file ends too early.
    #[error("the file ends before its end frame: it was cut short")]
    Truncated,
    /// The end frame does not fit what was read.
    #[error("the end frame does not fit the frames before it: the file was altered")]
    Checksum,
    /// Bytes behind the end frame.
    #[error("there are bytes behind the end frame")]
    Trailing,
    /// A frame is malformed.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// Counts and digests frames, on either side of a file.
#[derive(Clone, Debug)]
pub struct Checksum {
    frames: u64,
    hasher: Box<blake3::Hasher>,
}

impl Default for Checksum {
    fn default() -> Self {
        Self::under(domain::ARCHIVE)
    }
}

impl Checksum {
    /// Under the context of one sort of file.
    pub(crate) fn under(context: &'static str) -> Self {
        Self { frames: 0, hasher: Box::new(blake3::Hasher::new_derive_key(context)) }
    }

    /// Takes a frame's bytes, its length prefix apart.
    pub fn add(&mut self, frame: &[u8]) {
        self.frames += 1;
        self.hasher.update(&(frame.len() as u32).to_le_bytes());
        self.hasher.update(frame);
    }

    /// The end frame after all frames taken.
    pub fn end<F: Frames>(&self) -> F {
        F::end(self.frames, Digest::from_bytes(*self.hasher.finalize().as_bytes()))
    }
}
