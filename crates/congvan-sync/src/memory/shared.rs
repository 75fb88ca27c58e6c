//! What many ledgers of one process hold in common: a simulation of a province keeps each chain once, not once for each
//! of its nodes, and checks each signature once.
//!
//! Nothing is taken from it unseen. A chain verified whole, entry by entry, under one policy is the same for everybody
//! who has that head and that policy, since a head's id commits to all that lies under it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use congvan_core::{ChainPolicy, EntryId, Roster, UnverifiedEntry};

use super::chain::{Chain, Stored};

/// Chains, rosters and verdicts on signatures that ledgers share: see [`MemoryLedger::share`](super::MemoryLedger::share).
#[derive(Clone, Debug, Default)]
pub struct Shared(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    /// By head and policy. Each chain keeps its policy alive, so that no other one comes to lie at its address.
    chains: HashMap<(EntryId, usize), (Arc<ChainPolicy>, Arc<Chain>)>,
    rosters: HashMap<EntryId, SharedRoster>,
    signed: HashMap<EntryId, bool>,
    /// At how many chains those are dropped that nobody holds any more.
    sweep_at: usize,
}

/// A roster and its entries.
pub(super) type SharedRoster = (Arc<Roster>, Arc<Vec<Stored>>);

/// Below so many chains none is dropped.
const KEEP: usize = 4096;

impl Shared {
    fn with<T>(&self, job: impl FnOnce(&mut Table) -> T) -> T {
        job(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The chain with this head, verified whole under this policy.
    pub(super) fn chain(&self, head: EntryId, policy: &Arc<ChainPolicy>) -> Option<Arc<Chain>> {
        let key = (head, Arc::as_ptr(policy) as usize);
        self.with(|table| table.chains.get(&key).map(|(_, chain)| chain.clone()))
    }

    /// The one copy of a chain that was verified whole under this policy.
    pub(super) fn keep_chain(&self, head: EntryId, policy: &Arc<ChainPolicy>, chain: &Arc<Chain>) -> Arc<Chain> {
        let key = (head, Arc::as_ptr(policy) as usize);
        self.with(|table| {
            if table.chains.len() > table.sweep_at.max(KEEP) {
                table.chains.retain(|_, (_, chain)| Arc::strong_count(chain) > 1);
                table.sweep_at = 2 * table.chains.len();
            }
            table.chains.entry(key).or_insert_with(|| (policy.clone(), chain.clone())).1.clone()
        })
    }

    pub(super) fn roster(&self, head: EntryId) -> Option<SharedRoster> {
        self.with(|table| table.rosters.get(&head).cloned())
    }

    pub(super) fn keep_roster(&self, head: EntryId, roster: SharedRoster) -> SharedRoster {
        self.with(|table| table.rosters.entry(head).or_insert(roster).clone())
    }

    pub(super) fn is_signed(&self, entry: &UnverifiedEntry) -> bool {
        let check = || entry.check_own_signature().is_ok();
        self.with(|table| *table.signed.entry(entry.id()).or_insert_with(check))
    }
}
