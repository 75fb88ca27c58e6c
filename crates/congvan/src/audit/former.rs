//! A former audit's result, signed by its auditor: where each chain ended, and what is needed to go on from there.

use std::collections::BTreeMap;

use congvan_core::chain::ChainRecord;
use congvan_core::codec::{Decode, Encode, bincode};
use congvan_core::merkle::{Frontier, TreeHash};
use congvan_core::{
    Bounded, ChainId, CodecError, Digest, KeyId, NetworkId, Point, PublicKey, SecretKey, Signature, Time, Wire, domain,
    wire,
};

/// The first bytes of a result.
const MAGIC: [u8; 8] = *b"cvaudit\x01";
/// Chains of one network at most.
const MAX_CHAINS: usize = 100_000;
/// Bytes of a result at most.
pub const MAX_RESULT: usize = 256 << 20;

/// One chain as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[bincode(crate = "bincode")]
pub(super) struct Found {
    pub(super) state: ChainRecord,
    pub(super) size: u64,
    pub(super) roots: Bounded<TreeHash, 64>,
}
wire!(Found, "audited chain", 1 << 20);

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[bincode(crate = "bincode")]
struct Head {
    network: NetworkId,
    /// When the audit was made, by the auditor's clock.
    made: Time,
    /// Violations that were found.
    violations: u64,
    /// The roster's head.
    roster: Option<Point>,
    /// Of all chains that follow, each as its length and its bytes.
    chains: Digest,
    auditor: KeyId,
}
wire!(Head, "audit result", 512);

/// A former audit's result, whose signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    head: Head,
    pub(super) chains: BTreeMap<ChainId, Found>,
}

/// Why a result is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormerError {
    /// Not a result, or damaged.
    #[error("it is no result of a Congvan audit, or it is damaged")]
    Malformed,
    /// A part of it does not decode.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// By another key than asked for.
    #[error("it is signed by {found}, not by {asked}")]
    OtherAuditor {
        /// By whom.
        found: KeyId,
        /// By whom it must be.
        asked: KeyId,
    },
    /// The signature does not hold.
    #[error("its signature does not hold: it was altered")]
    Signature,
    /// It found violations, so nothing can be built on it.
    #[error("that audit found {0} violations: audit from the beginning")]
    NotGenuine(u64),
}

impl Former {
    pub(super) fn sign(
        network: NetworkId,
        roster: Option<Point>,
        chains: BTreeMap<ChainId, Found>,
        violations: u64,
        made: Time,
        auditor: &SecretKey,
    ) -> Vec<u8> {
        let body = body(&chains);
        let digest = Digest::from_bytes(domain::hash(domain::AUDIT, &[&body]));
        let head = Head { network, made, violations, roster, chains: digest, auditor: auditor.public().id() };
        let head = head.to_bytes();
        let signature = auditor.sign(&[domain::SIGN_AUDIT, &head].concat());
        let len = (head.len() as u32).to_le_bytes();
        [&MAGIC[..], &len, &head, &signature.0, &body].concat()
    }

    /// Reads a result that this key signed.
    ///
    /// # Errors
    /// [`FormerError`].
    pub fn read(bytes: &[u8], auditor: &PublicKey) -> Result<Self, FormerError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(FormerError::Malformed)?;
        let (len, rest) = rest.split_first_chunk::<4>().ok_or(FormerError::Malformed)?;
        let (head_bytes, rest) =
            rest.split_at_checked(u32::from_le_bytes(*len) as usize).ok_or(FormerError::Malformed)?;
        let (signature, body) = rest.split_first_chunk::<64>().ok_or(FormerError::Malformed)?;
        let head = Head::from_bytes(head_bytes)?;
        let (found, asked) = (head.auditor, auditor.id());
        if found != asked {
            return Err(FormerError::OtherAuditor { found, asked });
        }
        let message = [domain::SIGN_AUDIT, head_bytes].concat();
        auditor.verify(&message, &Signature(*signature)).map_err(|_| FormerError::Signature)?;
        if domain::hash(domain::AUDIT, &[body]) != *head.chains.as_bytes() {
            return Err(FormerError::Signature);
        }
        if head.violations > 0 {
            return Err(FormerError::NotGenuine(head.violations));
        }
        let mut chains = BTreeMap::new();
        let mut body = body;
        while let Some((len, rest)) = body.split_first_chunk::<4>() {
            let (found, rest) =
                rest.split_at_checked(u32::from_le_bytes(*len) as usize).ok_or(FormerError::Malformed)?;
            let found = Found::from_bytes(found)?;
            if Frontier::from_parts(found.size, found.roots.to_vec()).is_none() || chains.len() >= MAX_CHAINS {
                return Err(FormerError::Malformed);
            }
            chains.insert(found.state.chain, found);
            body = rest;
        }
        Ok(Self { head, chains })
    }

    /// The network that was audited.
    pub fn network(&self) -> NetworkId {
        self.head.network
    }

    /// When, by the auditor's clock.
    pub fn made(&self) -> Time {
        self.head.made
    }

    /// The roster's head then.
    pub(super) fn roster(&self) -> Option<Point> {
        self.head.roster
    }
}

fn body(chains: &BTreeMap<ChainId, Found>) -> Vec<u8> {
    let mut body = Vec::new();
    for found in chains.values() {
        let bytes = found.to_bytes();
        body.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        body.extend_from_slice(&bytes);
    }
    body
}
