//! To whom a document is, provable one addressee at a time: that it was sent to one agency, to somebody who sees neither
//! what it says nor to whom else it went.
//!
//! ```text
//! cover ‖ kind of body ‖ salt 32 ‖ body ‖ zeros ‖ end 58: "congvan v1 naming" 0 ‖ u64 count ‖ root 32
//! ```
//!
//! The end names the root of a Merkle tree over the addressees, each blinded by the salt. The header's digest of the payload
//! is a BLAKE3 tree over pieces of [`PIECE`] bytes, and the zeros let the end be the last piece, alone: so the end and a few
//! hashes of what lies left of it lead to the digest that the sender signed, and nothing else of the payload is needed.
//!
//! Each of these hashes is over bytes that nobody can guess: the zeros also put the cover and the salt into the first of
//! them, and behind it come only sealed bytes, or a content that is public anyhow.

use blake3::hazmat::{
    ChainingValue, ContextKey, HasherExt, Mode, hash_derive_key_context, merge_subtrees_non_root, merge_subtrees_root,
};

use crate::codec::{Bounded, CodecError, Decode, Encode, Wire, encode};
use crate::document::DocumentPayload;
use crate::domain;
use crate::entry::{Header, MAX_PAYLOAD};
use crate::ids::{AgencyCode, Digest};
use crate::merkle::{self, MakeProofError, ProofError, TreeHash, TreeProof};

/// Bytes of the pieces of which BLAKE3 makes its tree.
pub const PIECE: usize = 1_024;
/// Bytes of the end of a payload that names.
pub const END: usize = domain::NAMING.len() + 8 + 32;
/// The most hashes that lead from the end to the digest: one for each bit of the number of pieces before it.
pub const MAX_LEFT: usize = (MAX_PAYLOAD / PIECE).ilog2() as usize + 1;

/// Why an addressee is not named, or a naming is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NamingError {
    /// The bytes between body and end.
    #[error("the bytes before the end of a document that names its addressees are not all zero")]
    Padding,
    /// The end begins otherwise.
    #[error("a document that names its addressees does not end with their root")]
    NoEnd,
    /// It names nobody, and ends as if it did.
    #[error("a document that does not name its addressees ends as if it did")]
    Poses,
    /// Made before documents named their addressees, or too long to.
    #[error("this document does not name its addressees one by one")]
    Without,
    /// The root is not that of the cover's addressees.
    #[error("the addressees that this document names are not those on its cover")]
    OtherAddressees,
    /// It is not addressed to this agency.
    #[error("it is not addressed to {0}")]
    NotTo(AgencyCode),
    /// The document is shown.
    #[error("the document is shown with its addressees, so none is named apart")]
    Shown,
    /// No payload of this length names anybody.
    #[error("a document of {0} bytes names no addressees")]
    Length(u32),
    /// The end is not what was signed.
    #[error("the end of the document is not what was signed")]
    Digest,
    /// The agency is not under the root.
    #[error("the agency is not among the addressees that were signed: {0}")]
    NotListed(#[from] ProofError),
    /// The payload does not decode.
    #[error(transparent)]
    Malformed(#[from] CodecError),
}

/// The addressees as one hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Roll {
    /// How many there are.
    pub count: u64,
    /// The root over them, in the order of their leaves' hashes, which tells nothing about who stands where.
    pub root: TreeHash,
}

impl Roll {
    /// The end of the payload.
    fn end(&self) -> Vec<u8> {
        [domain::NAMING, &encode(self)[..]].concat()
    }
}

/// What a payload holds to name its addressees one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Naming {
    /// Blinds the leaves: whoever is shown one must not find the others by trying codes.
    pub salt: [u8; 32],
    /// The addressees.
    pub roll: Roll,
}

impl Naming {
    /// Of these addressees.
    pub fn new(salt: [u8; 32], addressees: &[AgencyCode]) -> Self {
        let leaves = leaves(&salt, addressees);
        Self { salt, roll: Roll { count: leaves.len() as u64, root: merkle::root_of(leaves) } }
    }

    /// Whether it is about these addressees, and no others.
    pub fn fits(&self, addressees: &[AgencyCode]) -> bool {
        *self == Self::new(self.salt, addressees)
    }
}

/// What blinds one addressee's leaf. It is shown with that addressee and says nothing about the others.
fn blind(salt: &[u8; 32], code: &AgencyCode) -> [u8; 32] {
    domain::hash(domain::ADDRESSEE, &[salt, code.as_str().as_bytes()])
}

fn leaf(blind: &[u8; 32], code: &AgencyCode) -> TreeHash {
    merkle::leaf_of(&[blind, code.as_str().as_bytes()])
}

fn leaves(salt: &[u8; 32], addressees: &[AgencyCode]) -> Vec<TreeHash> {
    let mut leaves: Vec<_> = addressees.iter().map(|code| leaf(&blind(salt, code), code)).collect();
    leaves.sort_unstable();
    leaves
}

/// How many zeros stand before the end of a payload, whose cover and body have these lengths: the fewest with which the end
/// is a piece of its own, and cover and salt are in the first of the subtrees left of it.
pub(crate) fn zeros(cover: usize, body: usize) -> usize {
    let open = cover + 4 + 32;
    let first = open.div_ceil(PIECE).next_power_of_two();
    let before = (open + body).div_ceil(PIECE).max(first);
    before * PIECE - open - body
}

/// How many pieces stand before the end of a payload of this length; `None` where it cannot have one.
fn pieces_before(len: usize) -> Option<usize> {
    let before = len.checked_sub(END).filter(|before| before.is_multiple_of(PIECE))?;
    (before > 0 && len <= MAX_PAYLOAD).then_some(before / PIECE)
}

/// Whether somebody who sees only the end of a payload would take it for one that names.
pub(crate) fn has_end(payload: &[u8]) -> bool {
    pieces_before(payload.len()).is_some() && payload[payload.len() - END..].starts_with(domain::NAMING)
}

/// The end of a payload, and what leads from it to the digest in the header.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Tail {
    /// What the end says.
    pub roll: Roll,
    /// The hashes of the subtrees left of it, from the end up to the root.
    pub left: Bounded<ChainingValue, MAX_LEFT>,
}

fn hasher(key: &ContextKey, piece: usize) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new_from_context_key(key);
    hasher.set_input_offset((piece * PIECE) as u64);
    hasher
}

impl Tail {
    /// Of a payload that ends with this.
    fn new(payload: &[u8], roll: Roll) -> Result<Self, NamingError> {
        let pieces = pieces_before(payload.len()).ok_or(NamingError::NoEnd)?;
        let key = hash_derive_key_context(domain::PAYLOAD);
        let (mut left, mut from) = (Vec::new(), 0);
        while from < pieces {
            // A left part is the greatest power of two of pieces that leaves some for the right one; the end is right of all.
            let to = from + (1 << (pieces - from).ilog2());
            left.push(hasher(&key, from).update(&payload[from * PIECE..to * PIECE]).finalize_non_root());
            from = to;
        }
        left.reverse();
        Ok(Self { roll, left: Bounded::new(left).map_err(|_| NamingError::NoEnd)? })
    }

    /// Checks that a payload with this digest and length ends so.
    ///
    /// # Errors
    /// [`NamingError::Length`] or [`NamingError::Digest`].
    pub fn check(&self, digest: Digest, len: u32) -> Result<(), NamingError> {
        let pieces = pieces_before(len as usize).ok_or(NamingError::Length(len))?;
        let (key, left) = (hash_derive_key_context(domain::PAYLOAD), &self.left[..]);
        let Some((last, inner)) = left.split_last().filter(|_| left.len() == pieces.count_ones() as usize) else {
            return Err(NamingError::Digest);
        };
        let mode = Mode::DeriveKeyMaterial(&key);
        let end = hasher(&key, pieces).update(&self.roll.end()).finalize_non_root();
        let right = inner.iter().fold(end, |right, left| merge_subtrees_non_root(left, &right, mode));
        match merge_subtrees_root(last, &right, mode) == *digest.as_bytes() {
            true => Ok(()),
            false => Err(NamingError::Digest),
        }
    }
}

/// That a document is to one agency.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct NamedTo {
    /// Which.
    pub code: AgencyCode,
    /// What blinds its leaf.
    pub blind: [u8; 32],
    /// Its leaf's index.
    pub index: u64,
    /// From the leaf to the root.
    pub inclusion: TreeProof,
    /// The root, and what ties it to the document's header.
    pub tail: Tail,
}

impl NamedTo {
    /// Shows that the document with this payload is to `code`.
    ///
    /// # Errors
    /// [`NamingError`]: the payload does not name its addressees, or this is none.
    pub fn prove(payload: &[u8], code: &AgencyCode) -> Result<Self, NamingError> {
        let DocumentPayload { cover, naming, .. } = DocumentPayload::from_bytes(payload)?;
        let addressees = &cover.addressees;
        if addressees.binary_search(code).is_err() {
            return Err(NamingError::NotTo(code.clone()));
        }
        let Naming { salt, roll } = naming.ok_or(NamingError::Without)?;
        let leaves = leaves(&salt, addressees);
        if merkle::root_of(leaves.iter().copied()) != roll.root || leaves.len() as u64 != roll.count {
            return Err(NamingError::OtherAddressees);
        }
        let blind = blind(&salt, code);
        let own = leaf(&blind, code);
        let index = leaves.partition_point(|leaf| *leaf < own) as u64;
        let inclusion = merkle::inclusion_proof(&merkle::Hashes(&leaves), index, roll.count);
        let inclusion = inclusion.map_err(|error| match error {
            MakeProofError::Nothing(error) => NamingError::NotListed(error),
            MakeProofError::Tree(never) => match never {},
        })?;
        Ok(Self { code: code.clone(), blind, index, inclusion, tail: Tail::new(payload, roll)? })
    }

    /// Checks it against the header that the sender signed. What its sender signed, that is: whether the cover says the
    /// same, is for an audit.
    ///
    /// # Errors
    /// [`NamingError`] says what does not hold.
    pub fn check(&self, header: &Header) -> Result<(), NamingError> {
        self.tail.check(header.payload_digest, header.payload_len)?;
        let Roll { count, root } = self.tail.roll;
        let own = leaf(&self.blind, &self.code);
        Ok(merkle::check_inclusion(&self.inclusion, self.index, count, own, root)?)
    }
}
