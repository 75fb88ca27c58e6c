//! The roster in memory: its entries, how it takes more of them, and how chains follow what it says.

use std::sync::Arc;

use congvan_core::chain::Fault;
use congvan_core::roster::RosterPayload;
use congvan_core::{
    ChainError, ChainId, EquivocationProof, LinkedEntry, RosterAction, SecretKey, Time, UnverifiedEntry, VerifiedEntry,
    Wire,
};

use super::chain::{Stored, index, unknown};
use super::{MemoryLedger, follow_on};
use crate::{IngestError, Ingested};

impl MemoryLedger {
    /// Writes the roster's next entry with registrars' keys.
    ///
    /// # Errors
    /// [`IngestError`]: the roster is forked, or the change is not possible.
    pub fn append_roster(
        &mut self,
        action: RosterAction,
        time: Time,
        keys: &[&SecretKey],
    ) -> Result<VerifiedEntry, IngestError> {
        if let Some(proof) = &self.roster_proof {
            return Err(IngestError::Quarantined(proof.seq()));
        }
        let change = self.roster.propose(action, time, keys)?;
        let touched = Arc::make_mut(&mut self.roster).apply(&change)?;
        let entry = change.entry().clone();
        Arc::make_mut(&mut self.roster_entries).push(Stored::from(&entry.clone().into_linked()));
        self.settle_roster(touched);
        self.follow(change.action());
        Ok(entry)
    }

    /// After the roster changed: the chains whose rules it changed obey them.
    pub(super) fn settle_roster(&mut self, touched: Vec<ChainId>) {
        for chain in touched {
            let Ok(policy) = self.roster.policy(chain) else { continue };
            if self.chains.contains_key(&chain) {
                let network = self.roster.network();
                self.chain_mut(chain).obey(network, &policy);
                self.settle(chain);
            }
        }
        if let (Some(shared), Some(head), None) = (&self.shared, self.roster.head(), &self.roster_proof) {
            let ours = (self.roster.clone(), self.roster_entries.clone());
            (self.roster, self.roster_entries) = shared.keep_roster(head.id, ours);
        }
    }

    /// The same for the roster; what the entries order is among what is returned.
    pub(super) fn adopt_roster(&mut self, entries: &[UnverifiedEntry]) -> Option<Vec<(LinkedEntry, RosterAction)>> {
        let (roster, stored) = self.shared.as_ref()?.roster(entries.last()?.id())?;
        let new = follow_on(&self.roster_entries, &stored, entries)?;
        let read = |entry: &UnverifiedEntry| {
            let payload = RosterPayload::from_bytes(entry.payload()?).ok()?;
            Some((roster.stored(entry.clone()).ok()?, payload.action))
        };
        let read: Option<Vec<_>> = new.iter().map(read).collect();
        if read.is_some() {
            (self.roster, self.roster_entries) = (roster, stored);
        }
        read
    }

    pub(super) fn ingest_roster(&mut self, entries: Vec<UnverifiedEntry>) -> Result<Ingested, IngestError> {
        if self.roster_proof.is_none()
            && let Some(adopted) = self.adopt_roster(&entries)
        {
            let (entries, actions): (Vec<_>, Vec<_>) = adopted.into_iter().unzip();
            self.settle_roster(actions.iter().filter_map(RosterAction::chain).collect());
            actions.iter().for_each(|action| self.follow(action));
            return Ok(Ingested { roster_changed: !entries.is_empty(), entries, ..Ingested::default() });
        }
        let mut new = unknown(&self.roster_entries, entries)?;
        if let (Some(proof), Some(first)) = (&self.roster_proof, new.first()) {
            // A forked roster takes no more changes until the operators choose; what came before stays good.
            if first.seq() >= proof.seq() {
                return Err(IngestError::Quarantined(proof.seq()));
            }
            new.retain(|entry| entry.seq() < proof.seq());
        }
        if new.is_empty() {
            return Ok(Ingested::default());
        }
        let mut roster = (*self.roster).clone();
        let mut accepted = Ingested { roster_changed: true, ..Ingested::default() };
        let (mut orders, mut touched) = (Vec::new(), Vec::new());
        for entry in new {
            let change = roster.check(entry)?;
            touched.extend(roster.apply(&change)?);
            orders.push(change.action().clone());
            accepted.entries.push(change.entry().clone().into_linked());
        }
        self.roster = Arc::new(roster);
        Arc::make_mut(&mut self.roster_entries).extend(accepted.entries.iter().map(Stored::from));
        self.settle_roster(touched);
        orders.iter().for_each(|action| self.follow(action));
        Ok(accepted)
    }

    pub(super) fn add_roster_proof(&mut self, proof: &EquivocationProof) -> Result<bool, IngestError> {
        let other_key = ChainError { seq: proof.seq(), fault: Fault::Signer };
        let stored = self.roster_entries.get(index(proof.seq()));
        let ours = stored.is_some_and(|stored| proof.entries().iter().any(|entry| entry.id() == stored.id));
        let registrars = self.roster.registrars().0;
        if !ours && !registrars.contains(proof.signer()) {
            return Err(other_key.into());
        }
        if self.roster_proof.as_ref().is_some_and(|known| known.seq() <= proof.seq()) {
            return Ok(false);
        }
        self.roster_proof = Some(proof.clone());
        Ok(true)
    }
}
