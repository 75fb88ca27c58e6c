//! Proof that an agency said two things (DESIGN §3.9).

use crate::codec::{Bounded, CodecError, Decode, Encode, Wire};
use crate::entry::{EntryError, SIGNED_LEN, UnverifiedEntry};
use crate::ids::{ChainId, NetworkId, Seq};
use crate::keys::{KeyError, PublicKey};
use crate::wire;

/// Two different entries with one number in one chain, both signed by one key.
///
/// It convinces anybody who knows that the key was the agency's: it carries both headers and
/// signatures, and needs no node. Only a checked one exists as this type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EquivocationProof {
    first: UnverifiedEntry,
    second: UnverifiedEntry,
    signer: PublicKey,
}

/// An [`EquivocationProof`] as bytes: two entries without payloads, the smaller id first.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct RawProof {
    /// Header and signature of one.
    pub first: [u8; SIGNED_LEN],
    /// Header and signature of the other.
    pub second: [u8; SIGNED_LEN],
}
wire!(RawProof, "equivocation proof", 2 * SIGNED_LEN);

/// Why two entries are no proof.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// Not two entries.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// One is no entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// They are the same entry.
    #[error("the two entries are one and the same")]
    Same,
    /// They are not rivals for one place.
    #[error("the two entries differ in network, chain, number or signer: both may be right")]
    NotRivals,
    /// They are not in ascending order of ids.
    #[error("the two entries are not in order")]
    Order,
    /// A signature does not hold: somebody made the entry up.
    #[error("one of the two entries: {0}")]
    Signature(#[from] KeyError),
}

impl EquivocationProof {
    /// Checks two rivals in any order.
    ///
    /// # Errors
    /// [`ProofError`] says why they prove nothing.
    pub fn new(one: &UnverifiedEntry, other: &UnverifiedEntry) -> Result<Self, ProofError> {
        let place = |entry: &UnverifiedEntry| {
            let header = entry.header();
            (header.network, header.chain, header.seq, header.signer)
        };
        if one.id() == other.id() {
            return Err(ProofError::Same);
        }
        if place(one) != place(other) {
            return Err(ProofError::NotRivals);
        }
        let (first, second) = if one.id() < other.id() { (one, other) } else { (other, one) };
        let signer = first.check_own_signature()?;
        second.check_own_signature()?;
        // The payloads are no part of the proof.
        let first = UnverifiedEntry::parse(first.signed_bytes())?;
        let second = UnverifiedEntry::parse(second.signed_bytes())?;
        Ok(Self { first, second, signer })
    }

    /// Reads and checks a proof from exactly its bytes.
    ///
    /// # Errors
    /// [`ProofError`] says why it proves nothing.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        let raw = RawProof::from_bytes(bytes)?;
        let first = UnverifiedEntry::parse(&raw.first)?;
        let second = UnverifiedEntry::parse(&raw.second)?;
        if first.id() > second.id() {
            return Err(ProofError::Order);
        }
        Self::new(&first, &second)
    }

    /// The proof as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.first.signed_bytes(), self.second.signed_bytes()].concat()
    }

    /// The network it concerns.
    pub fn network(&self) -> NetworkId {
        self.first.header().network
    }

    /// The chain it concerns.
    pub fn chain(&self) -> ChainId {
        self.first.header().chain
    }

    /// The number that was used twice.
    pub fn seq(&self) -> Seq {
        self.first.seq()
    }

    /// The key that signed both.
    pub fn signer(&self) -> &PublicKey {
        &self.signer
    }

    /// The two entries, without payloads.
    pub fn entries(&self) -> [&UnverifiedEntry; 2] {
        [&self.first, &self.second]
    }
}

/// A list of proofs as peers send it.
pub type RawProofs = Bounded<RawProof, 64>;
