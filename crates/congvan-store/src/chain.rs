//! What the ledger keeps of a chain in memory, and how far it trusts it.

use congvan_core::{ChainId, ChainPolicy, ChainState, Doubts, Point, Quarantine};

use crate::layout::{ChainNo, HeadRecord};

/// How far the ledger has a chain, and how far it trusts it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ChainStatus {
    /// The last entry that stands; `None` for none.
    pub head: Option<Point>,
    /// From where it is distrusted.
    pub quarantined: Option<Quarantine>,
    /// Up to this number every entry's own signature was checked.
    pub verified_through: u64,
}

/// One chain.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) no: ChainNo,
    /// Of all that is stored, quarantined entries included.
    pub(crate) state: ChainState,
    pub(crate) verified: u64,
    pub(crate) doubts: Doubts,
    pub(crate) quarantine: Option<Quarantine>,
    /// The last entry that stands.
    pub(crate) standing: Option<Point>,
    /// Counts the changes that were not its writer's own: what was signed before one is void.
    pub(crate) epoch: u64,
    /// Counts the times that something stored ceased to stand, or stood again.
    pub(crate) generation: u64,
}

impl Chain {
    pub(crate) fn new(no: ChainNo, chain: ChainId) -> Self {
        Self {
            no,
            state: ChainState::new(chain),
            verified: 0,
            doubts: Doubts::default(),
            quarantine: None,
            standing: None,
            epoch: 0,
            generation: 0,
        }
    }

    pub(crate) fn head(&self) -> u64 {
        self.state.head().map_or(0, |head| head.seq.get())
    }

    pub(crate) fn record(&self) -> HeadRecord {
        HeadRecord { head: self.state.head(), verified: self.verified, bad: self.doubts.bad() }
    }

    pub(crate) fn status(&self) -> ChainStatus {
        let stands = self.standing.map_or(0, |head| head.seq.get());
        let verified_through = self.verified.min(stands);
        ChainStatus { head: self.standing, quarantined: self.quarantine, verified_through }
    }

    /// From where it is distrusted: the roster's own chain, or an agency's under `policy`.
    pub(crate) fn judge(&self, policy: Option<&ChainPolicy>) -> Option<Quarantine> {
        match policy {
            Some(policy) => self.doubts.quarantine(&self.state, policy),
            None => self.doubts.of_roster(),
        }
    }
}
