//! Checkpoints: an agency's word on what its chain holds up to a number, and witnesses' word that they saw it so.
//!
//! A checkpoint is an entry of the chain that it is about. Its witnesses are agencies that the roster names: each
//! compares the root with its own copy, or has it proven to continue the last one that it saw, and signs the same
//! text with the time. With as many as the policy asks for, a chain's author can no longer show different histories
//! to different people, nor date an entry back before a witness' time.
//!
//! Both signatures are over C2SP notes (`note`), so that transparency logs' tools verify them too.

use crate::codec::{Bounded, Decode, Encode};
use crate::entry::MAX_PAYLOAD;
use crate::ids::{AgencyCode, ChainId, NetworkId, Seq};
use crate::keys::{KeyError, KeyId, PublicKey, SecretKey, Signature};
use crate::limits::MAX_COSIGNATURES;
use crate::merkle::TreeHash;
use crate::note::{self, Note};
use crate::wire;

/// What an agency says of its chain: the number of entries, and the root over their ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
pub struct Checkpoint {
    /// The number of the last entry under the root.
    pub size: Seq,
    /// The root of [`crate::merkle`].
    pub root: TreeHash,
}

impl Checkpoint {
    /// The three lines that are signed.
    pub fn text(&self, network: NetworkId, agency: &AgencyCode) -> String {
        note::checkpoint_text(&note::name(network, agency), self.size.get(), self.root)
    }
}

/// A checkpoint that its agency signed: the payload of a [`crate::Kind::CHECKPOINT`] entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
pub struct CheckpointPayload {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// By the key that signs the entry, over [`Checkpoint::text`].
    pub signature: Signature,
}
wire!(CheckpointPayload, "checkpoint", 256);

impl CheckpointPayload {
    /// Signs a checkpoint.
    pub fn sign(checkpoint: Checkpoint, network: NetworkId, agency: &AgencyCode, key: &SecretKey) -> Self {
        Self { checkpoint, signature: key.sign(checkpoint.text(network, agency).as_bytes()) }
    }

    /// Checks the agency's signature.
    ///
    /// # Errors
    /// [`KeyError::BadSignature`].
    pub fn verify(&self, network: NetworkId, agency: &AgencyCode, key: &PublicKey) -> Result<(), KeyError> {
        key.verify(self.checkpoint.text(network, agency).as_bytes(), &self.signature)
    }

    /// Whether a witness may sign what entry `at` of its chain says: `key` signed that entry, and `found` is the root of the
    /// witness' own copy over as many entries, `None` where it has fewer.
    ///
    /// # Errors
    /// [`Refusal`]: what to tell whoever asks why there is no cosignature.
    pub fn judge(
        &self,
        network: NetworkId,
        agency: &AgencyCode,
        at: Seq,
        key: &PublicKey,
        found: Option<TreeHash>,
    ) -> Result<(), Refusal> {
        let Checkpoint { size, root: said } = self.checkpoint;
        if size >= at {
            return Err(Refusal::Size { size, at });
        }
        self.verify(network, agency, key).map_err(|_| Refusal::Signature)?;
        match found {
            None => Err(Refusal::NotHere { size }),
            Some(found) if found != said => Err(Refusal::OtherHistory { size, said, found }),
            Some(_) => Ok(()),
        }
    }

    /// The checkpoint as transparency logs publish it, for the agency's key `key`.
    pub fn note(&self, network: NetworkId, agency: &AgencyCode, key: &KeyId) -> Note {
        let name = note::name(network, agency);
        Note::new(&self.checkpoint.text(network, agency)).signed(&name, key, &self.signature)
    }
}

/// Why a witness does not sign a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It would be over itself.
    #[error("it is entry {at} and says that it is over {size}: it can be over those before it only")]
    Size {
        /// What it says.
        size: Seq,
        /// The number of its entry.
        at: Seq,
    },
    /// Another key's, or nobody's.
    #[error("its agency's signature does not hold")]
    Signature,
    /// The witness has not seen enough.
    #[error("this copy does not have all of the {size} entries that it is over")]
    NotHere {
        /// What it says.
        size: Seq,
    },
    /// Its agency shows something else than it signs.
    #[error(
        "it is of another history than its chain: it says that the root over {size} entries is {said}, and it is {found}"
    )]
    OtherHistory {
        /// What it says.
        size: Seq,
        /// The root that it says.
        said: TreeHash,
        /// The root of the entries.
        found: TreeHash,
    },
}

/// A witness' word on one checkpoint. It carries the checkpoint with its agency's signature, so that two of them with
/// one size and two roots convict the agency without anything else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
pub struct Cosignature {
    /// The chain that was looked at.
    pub chain: ChainId,
    /// The number of the checkpoint's entry in it, which says by which key it is signed.
    pub at: Seq,
    /// The checkpoint, as its agency signed it.
    pub signed: CheckpointPayload,
    /// When the witness looked, by its clock: seconds since 1970.
    pub seconds: u64,
    /// By the witness' key, over [`note::cosigned_text`].
    pub signature: Signature,
}

impl Cosignature {
    /// Signs what a witness saw of the chain of `agency`.
    pub fn sign(
        network: NetworkId,
        agency: &AgencyCode,
        at: Seq,
        signed: CheckpointPayload,
        seconds: u64,
        witness: &SecretKey,
    ) -> Self {
        let text = note::cosigned_text(seconds, &signed.checkpoint.text(network, agency));
        let chain = ChainId::of_agency(network, agency);
        Self { chain, at, signed, seconds, signature: witness.sign(text.as_bytes()) }
    }

    /// Checks the witness' signature; [`CheckpointPayload::verify`] checks the agency's.
    ///
    /// # Errors
    /// [`KeyError::BadSignature`].
    pub fn verify(&self, network: NetworkId, agency: &AgencyCode, witness: &PublicKey) -> Result<(), KeyError> {
        let text = note::cosigned_text(self.seconds, &self.signed.checkpoint.text(network, agency));
        witness.verify(text.as_bytes(), &self.signature)
    }
}

/// What a witness saw: the payload of a [`crate::Kind::WITNESS`] entry, in the witness' own chain.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct WitnessPayload {
    /// Cosignatures, of as many chains.
    pub seen: Bounded<Cosignature, MAX_COSIGNATURES>,
}
wire!(WitnessPayload, "cosignatures", MAX_PAYLOAD);
