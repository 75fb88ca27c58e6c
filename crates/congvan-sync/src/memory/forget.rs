//! Lawful forgetting in memory: payloads that are erased are dropped, and those that a peer withheld are filled in.

use std::collections::BTreeSet;
use std::sync::Arc;

use congvan_core::blob::BlobRef;
use congvan_core::{
    ChainError, ChainId, DocumentPayload, Erasure, Kind, LinkedEntry, RosterAction, Seq, UnverifiedEntry, Wire,
};

use super::MemoryLedger;
use super::chain::{Stored, index};

/// The blobs that an entry names.
fn blobs_of(entry: &UnverifiedEntry) -> Vec<BlobRef> {
    let payload = entry.payload().filter(|_| entry.header().kind == Kind::DOCUMENT);
    let document = payload.and_then(|payload| DocumentPayload::from_bytes(payload).ok());
    document.map_or(Vec::new(), |document| document.cover.blobs.to_vec())
}

impl MemoryLedger {
    /// The numbers of a chain's entries whose payloads are gone: erased, or never here.
    pub fn bare(&self, chain: ChainId) -> Vec<Seq> {
        let bare = |(at, stored): (usize, &Stored)| {
            let entry = UnverifiedEntry::parse(&stored.bytes).ok().filter(|entry| entry.payload().is_none());
            entry.and_then(|_| Seq::new(at as u64 + 1))
        };
        self.standing(chain).iter().enumerate().filter_map(bare).collect()
    }

    /// Drops of a chain what erasures name, and the blobs that nothing names any more.
    pub(super) fn forget(&mut self, chain: ChainId) {
        let (Some(named), Some(stored)) = (self.named.get(&chain), self.chains.get_mut(&chain).map(Arc::make_mut))
        else {
            return;
        };
        let mut blobs = BTreeSet::new();
        let mut strip = |stored: &mut Stored| {
            let entry = UnverifiedEntry::parse(&stored.bytes).ok().filter(|entry| entry.header().kind.is_erasable());
            let Some(entry) = entry else { return false };
            blobs.extend(blobs_of(&entry));
            stored.bytes = entry.signed_bytes().into();
            true
        };
        for point in named {
            let here = stored.entries.get_mut(index(point.seq)).filter(|entry| entry.id == point.id);
            if here.is_some_and(&mut strip) {
                self.missing.remove(&(chain, point.seq));
            }
            stored.aside.get_mut(point).map(&mut strip);
        }
        if blobs.is_empty() {
            return;
        }
        let all = self.chains.values().flat_map(|chain| &chain.entries);
        for stored in all {
            for blob in UnverifiedEntry::parse(&stored.bytes).iter().flat_map(blobs_of) {
                blobs.remove(&blob);
            }
        }
        self.blobs.retain(|blob, _| !blobs.contains(blob));
        self.erased_blobs.extend(blobs);
    }

    /// Gives entries that are here without their payloads what came now.
    pub(super) fn fill(&mut self, chain: ChainId, entries: &[UnverifiedEntry]) -> Result<Vec<LinkedEntry>, ChainError> {
        let mut filled = Vec::new();
        for entry in entries.iter().filter(|entry| entry.payload().is_some()) {
            let at = (chain, entry.seq());
            let stored = self.chains.get_mut(&chain).filter(|_| self.missing.contains(&at)).map(Arc::make_mut);
            let Some(stored) = stored else { continue };
            let Some(kept) = stored.entries.get_mut(index(entry.seq())).filter(|kept| kept.id == entry.id()) else {
                continue;
            };
            let linked = stored.state.stored(entry.clone())?;
            linked.check()?;
            *kept = Stored::from(&linked);
            self.missing.remove(&at);
            if let Some(erasure) = Erasure::of(entry.header().kind, entry.payload()) {
                self.named.entry(chain).or_default().extend(erasure.reached_by(entry.header()));
            }
            filled.push(linked);
        }
        if !filled.is_empty() {
            self.forget(chain);
        }
        Ok(filled)
    }

    /// Follows what an accepted change of the roster says of erasing.
    pub(super) fn follow(&mut self, action: &RosterAction) {
        if let RosterAction::Erase { chain, erasure } = action {
            self.named.entry(*chain).or_default().extend(erasure.entries.iter());
            self.forget(*chain);
        }
    }
}
