//! From where on a chain is distrusted: one rule for every ledger (DESIGN §3.5, §3.9).

use crate::chain::{ChainPolicy, ChainState};
use crate::evidence::EquivocationProof;
use crate::ids::{Point, Seq};
use crate::keys::KeyId;

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

/// What speaks against a chain, in brief.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Doubts {
    /// Proofs of equivocation and who signed twice, by ascending number, one at most per number.
    proofs: Vec<(Seq, KeyId)>,
    /// The first stored entry whose own signature is bad.
    bad: Option<Point>,
}

impl Doubts {
    /// The first stored entry whose own signature is bad.
    pub fn bad(&self) -> Option<Point> {
        self.bad
    }

    /// Notes the first stored entry whose own signature is bad; `None` changes nothing.
    pub fn note_bad(&mut self, bad: Option<Point>) {
        let all = [self.bad, bad].into_iter().flatten();
        self.bad = all.min_by_key(|bad| bad.seq);
    }

    /// Notes a proof; `false` if one for its number is known.
    pub fn note_proof(&mut self, proof: &EquivocationProof) -> bool {
        match self.proofs.binary_search_by_key(&proof.seq(), |(seq, _)| *seq) {
            Ok(_) => false,
            Err(at) => {
                self.proofs.insert(at, (proof.seq(), proof.signer().id()));
                true
            }
        }
    }

    /// Forgets what speaks against entries that were cut off behind number `keep`. Proofs stay: they
    /// need no stored entry.
    pub fn cut_back(&mut self, keep: u64) {
        self.bad = self.bad.filter(|bad| bad.seq.get() <= keep);
    }

    /// The first number at which a proof forbids to go on, whether the chain has come there or not.
    pub fn barrier(&self, state: &ChainState, policy: &ChainPolicy) -> Option<Seq> {
        let stands = |(seq, signer): &&(Seq, KeyId)| {
            !policy.is_pinned(*seq) && state.key_at(policy, *seq).as_ref() == Some(signer)
        };
        self.proofs.iter().find(stands).map(|(seq, _)| *seq)
    }

    /// From where an agency's chain is distrusted under `policy`.
    pub fn quarantine(&self, state: &ChainState, policy: &ChainPolicy) -> Option<Quarantine> {
        let head = state.head().map_or(0, |head| head.seq.get());
        let forked = self.barrier(state, policy).filter(|seq| seq.get() <= head.saturating_add(1));
        let forked = forked.map(|from| Quarantine { from, reason: Reason::Equivocation });
        let bad = self.bad.filter(|bad| bad.seq.get() <= head);
        let bad = bad.map(|bad| Quarantine { from: bad.seq, reason: Reason::BadSignature });
        [forked, bad].into_iter().flatten().min_by_key(|quarantine| quarantine.from)
    }

    /// From where the roster is distrusted: nothing but the operators lifts it (DESIGN §3.9).
    pub fn of_roster(&self) -> Option<Quarantine> {
        let first = self.proofs.first();
        first.map(|(from, _)| Quarantine { from: *from, reason: Reason::Equivocation })
    }
}
