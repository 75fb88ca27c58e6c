//! By which key a chain's numbers are signed, from the roster and the chain's own rotations alone.

use std::collections::BTreeMap;

use super::BundleError;
use crate::chain::{ChainPolicy, KeyRotation};
use crate::codec::Wire;
use crate::entry::{Kind, UnverifiedEntry};
use crate::ids::{ChainId, Seq};
use crate::keys::{AgencyKeys, PublicKey};
use crate::limits::MAX_ROTATIONS;
use crate::roster::Roster;

/// Rotations that were checked: from which number on which keys hold by them.
#[derive(Default, Debug)]
pub(super) struct Rotations(BTreeMap<ChainId, Vec<(Seq, AgencyKeys)>>);

impl Rotations {
    /// Takes the next rotation of a chain; earlier ones were taken before.
    pub(super) fn take(&mut self, roster: &Roster, entry: &UnverifiedEntry) -> Result<(), BundleError> {
        let header = entry.header();
        let wrong = |reason| BundleError::Rotation { chain: header.chain, seq: header.seq, reason };
        if header.network != roster.network() || header.kind != Kind::ROTATION {
            return Err(wrong("it is no rotation of this network"));
        }
        let policy = roster.policy(header.chain).map_err(|_| wrong("the roster does not know its chain"))?;
        let before = self.0.get(&header.chain).map_or(&[][..], Vec::as_slice);
        let from = header.seq.next().ok_or_else(|| wrong("no number follows it"))?;
        if before.last().is_some_and(|(last, _)| *last >= from) || before.len() >= MAX_ROTATIONS {
            return Err(wrong("it is out of order, or one too many"));
        }
        let signer = self.key_at(&policy, header.chain, header.seq).filter(|key| key.id() == header.signer);
        let signer = signer.ok_or_else(|| wrong("its signer's key does not hold at its number"))?;
        if entry.check_own_signature().ok() != Some(signer) {
            return Err(wrong("its signature does not hold"));
        }
        let rotation = entry.payload().and_then(|payload| KeyRotation::from_bytes(payload).ok());
        let rotation = rotation.ok_or_else(|| wrong("its payload is missing or malformed"))?;
        rotation
            .keys
            .check_possession(header.network, header.chain, &rotation.possession)
            .map_err(|_| wrong("nobody showed that the new key is at hand"))?;
        self.0.entry(header.chain).or_default().push((from, rotation.keys));
        Ok(())
    }

    /// The key that signs a number: by the registrar's word or the chain's own, whichever is the later, and of two for
    /// one number the registrar's.
    pub(super) fn key_at(&self, policy: &ChainPolicy, chain: ChainId, seq: Seq) -> Option<PublicKey> {
        let grant = policy.grants.iter().rfind(|grant| grant.from <= seq).map(|grant| (grant.from, &*grant.keys));
        let own = self.0.get(&chain).into_iter().flatten().rfind(|(from, _)| *from <= seq);
        let keys = match (grant, own.map(|(from, keys)| (*from, keys))) {
            (Some((granted, _)), Some((rotated, keys))) if rotated > granted => keys,
            (Some((_, keys)), _) | (None, Some((_, keys))) => keys,
            (None, None) => return None,
        };
        Some(keys.sign.clone())
    }

    /// Every key that was ever a chain's.
    pub(super) fn keys_of(&self, policy: &ChainPolicy, chain: ChainId) -> Vec<PublicKey> {
        let granted = policy.grants.iter().map(|grant| grant.keys.sign.clone());
        granted.chain(self.0.get(&chain).into_iter().flatten().map(|(_, keys)| keys.sign.clone())).collect()
    }
}
