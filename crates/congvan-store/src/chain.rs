//! What the ledger keeps of a chain in memory, and how far it trusts it.

use congvan_core::{ChainId, ChainPolicy, ChainState, EquivocationProof, KeyId, Point, Seq};

use crate::layout::{ChainNo, HeadRecord};

/// Why a chain is distrusted from a number on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// Its agency signed two entries with that number.
    Equivocation,
    /// That entry's own signature is bad, though a signed descendant links to it.
    BadSignature,
}

/// A chain's quarantine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quarantine {
    /// The first number that does not stand.
    pub from: Seq,
    /// Why.
    pub reason: Reason,
}

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
    pub(crate) bad: Option<Point>,
    /// Proofs of equivocation, by ascending number, one at most per number.
    pub(crate) proofs: Vec<(Seq, KeyId)>,
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
            bad: None,
            proofs: Vec::new(),
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
        HeadRecord { head: self.state.head(), verified: self.verified, bad: self.bad }
    }

    pub(crate) fn status(&self) -> ChainStatus {
        let stands = self.standing.map_or(0, |head| head.seq.get());
        let verified_through = self.verified.min(stands);
        ChainStatus { head: self.standing, quarantined: self.quarantine, verified_through }
    }

    pub(crate) fn note_proof(&mut self, proof: &EquivocationProof) -> bool {
        match self.proofs.binary_search_by_key(&proof.seq(), |(seq, _)| *seq) {
            Ok(_) => false,
            Err(at) => {
                self.proofs.insert(at, (proof.seq(), proof.signer().id()));
                true
            }
        }
    }

    /// The first number at which a proof forbids to go on, whether the chain has come there or not.
    pub(crate) fn barrier(&self, policy: &ChainPolicy) -> Option<Seq> {
        let stands = |(seq, signer): &&(Seq, KeyId)| {
            !is_pinned(policy, *seq) && key_at(&self.state, policy, *seq).as_ref() == Some(signer)
        };
        self.proofs.iter().find(stands).map(|(seq, _)| *seq)
    }

    /// From where an agency's chain is distrusted under `policy`.
    pub(crate) fn judge(&self, policy: &ChainPolicy) -> Option<Quarantine> {
        let due = self.head().saturating_add(1);
        let forked = self.barrier(policy).filter(|seq| seq.get() <= due);
        let forked = forked.map(|from| Quarantine { from, reason: Reason::Equivocation });
        let bad = self.bad.filter(|bad| bad.seq.get() <= self.head());
        let bad = bad.map(|bad| Quarantine { from: bad.seq, reason: Reason::BadSignature });
        [forked, bad].into_iter().flatten().min_by_key(|quarantine| quarantine.from)
    }

    /// From where the roster is distrusted: nothing but the operators lifts it (DESIGN §3.9).
    pub(crate) fn judge_roster(&self) -> Option<Quarantine> {
        let first = self.proofs.first();
        first.map(|(from, _)| Quarantine { from: *from, reason: Reason::Equivocation })
    }
}

/// Whether the registrar named the entry that stands at `seq`.
pub(crate) fn is_pinned(policy: &ChainPolicy, seq: Seq) -> bool {
    policy.pins.binary_search_by_key(&seq, |pin| pin.seq).is_ok()
}

/// The key that holds at `seq` by what is known now; exact up to the number due next.
pub(crate) fn key_at(state: &ChainState, policy: &ChainPolicy, seq: Seq) -> Option<KeyId> {
    let grant = policy.grants.iter().rfind(|grant| grant.from <= seq);
    let span = state.spans().iter().rfind(|span| span.from <= seq);
    let keys = match (grant, span) {
        (Some(grant), Some(span)) if span.from > grant.from => &span.keys,
        (Some(grant), _) => &grant.keys,
        (None, Some(span)) => &span.keys,
        (None, None) => return None,
    };
    Some(keys.sign.id())
}
