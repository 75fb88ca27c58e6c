//! One chain in memory: what is stored of it, what stands, and what was set aside.

use std::collections::BTreeMap;
use std::sync::Arc;

use congvan_core::chain::Fault;
use congvan_core::{
    ChainError, ChainId, ChainPolicy, ChainState, Doubts, EntryId, EquivocationProof, LinkedEntry, NetworkId, Point,
    Quarantine, Seq, UnverifiedEntry,
};

use crate::{ChainHead, IngestError};

#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) id: EntryId,
    pub(super) bytes: Arc<[u8]>,
}

impl From<&LinkedEntry> for Stored {
    fn from(entry: &LinkedEntry) -> Self {
        Self { id: entry.id(), bytes: entry.shared_bytes() }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Chain {
    /// Of all that is stored, quarantined entries included.
    pub(super) state: ChainState,
    pub(super) entries: Vec<Stored>,
    /// Up to this number every entry's own signature was checked.
    pub(super) verified: u64,
    pub(super) doubts: Doubts,
    pub(super) proofs: Vec<EquivocationProof>,
    pub(super) quarantine: Option<Quarantine>,
    /// What the registrar's word forbids, for the day that another word allows it again.
    pub(super) aside: BTreeMap<Point, Stored>,
}

impl Chain {
    pub(super) fn new(chain: ChainId) -> Self {
        Self {
            state: ChainState::new(chain),
            entries: Vec::new(),
            verified: 0,
            doubts: Doubts::default(),
            proofs: Vec::new(),
            quarantine: None,
            aside: BTreeMap::new(),
        }
    }

    pub(super) fn quarantined(&self) -> Option<Seq> {
        self.quarantine.map(|quarantine| quarantine.from)
    }

    pub(super) fn standing(&self) -> &[Stored] {
        let until = self.quarantined().map_or(usize::MAX, index);
        &self.entries[..self.entries.len().min(until)]
    }

    pub(super) fn head(&self) -> ChainHead {
        let standing = self.standing();
        let seq = Seq::new(standing.len() as u64);
        let head = seq.zip(standing.last()).map(|(seq, last)| Point { seq, id: last.id });
        ChainHead { head, quarantined: self.quarantined() }
    }

    /// Whether every standing entry was checked by its own signature.
    pub(super) fn is_checked(&self) -> bool {
        self.verified >= self.standing().len() as u64
    }

    /// Whether nothing speaks against it, and nothing was set aside.
    pub(super) fn is_plain(&self) -> bool {
        self.quarantine.is_none() && self.proofs.is_empty() && self.aside.is_empty() && self.doubts == Doubts::default()
    }

    pub(super) fn judge(&mut self, policy: &ChainPolicy) {
        self.quarantine = self.doubts.quarantine(&self.state, policy);
    }

    /// Holds the chain against a policy that may be new: what it no longer lets stand is set aside,
    /// what it allows again is taken back, and a fork that it decides is one no more.
    pub(super) fn obey(&mut self, network: NetworkId, policy: &ChainPolicy) {
        let entries = &self.entries;
        if let Some(keep) = self.state.obeys(policy, |seq| entries.get(index(seq)).map(|e| e.id)) {
            let cut = self.entries.split_off(usize::try_from(keep).unwrap_or(usize::MAX));
            let numbers = (keep + 1..).filter_map(Seq::new);
            self.aside.extend(numbers.zip(cut).map(|(seq, stored)| (Point { seq, id: stored.id }, stored)));
            let head = Seq::new(keep).zip(self.entries.last()).map(|(seq, last)| Point { seq, id: last.id });
            self.state = self.state.cut_back(head);
            self.verified = self.verified.min(keep);
            self.doubts.cut_back(keep);
        }
        while let Some(back) = self.next_aside(network, policy) {
            self.aside.remove(&back.point());
            if self.verified == self.entries.len() as u64 {
                self.verified += 1;
            }
            self.entries.push(Stored::from(&back));
        }
        self.judge(policy);
    }

    /// The first entry set aside that the chain accepts next, checked whole; the chain has moved on to it.
    fn next_aside(&mut self, network: NetworkId, policy: &ChainPolicy) -> Option<LinkedEntry> {
        let due = self.state.next_seq()?;
        if self.doubts.barrier(&self.state, policy).is_some_and(|barrier| due >= barrier) {
            return None;
        }
        let waiting = self.aside.iter().filter(|(point, _)| point.seq == due);
        let mut waiting = waiting.filter_map(|(_, stored)| UnverifiedEntry::parse(&stored.bytes).ok());
        waiting.find_map(|entry| self.state.extend(network, policy, vec![entry]).ok()?.pop())
    }

    /// Checks the own signatures of standing entries that were not checked yet. The first bad one.
    pub(super) fn verify_pending(&mut self, policy: &ChainPolicy) -> Option<Seq> {
        let from = usize::try_from(self.verified).unwrap_or(usize::MAX);
        let mut bad = None;
        for stored in self.standing().get(from..).unwrap_or_default() {
            let entry = UnverifiedEntry::parse(&stored.bytes).ok()?;
            let point = entry.point();
            if self.state.stored(entry).and_then(|entry| entry.check()).is_err() {
                bad = Some(point);
                break;
            }
        }
        self.verified = bad.map_or(self.standing().len() as u64, |bad| bad.seq.get() - 1);
        self.doubts.note_bad(bad);
        self.judge(policy);
        bad.map(|bad| bad.seq)
    }
}

/// Where a number stands in a list of a chain's entries.
pub(super) fn index(seq: Seq) -> usize {
    usize::try_from(seq.get() - 1).unwrap_or(usize::MAX)
}

/// Those of `entries` that follow the stored ones, after the others were found to be the same.
pub(super) fn unknown(stored: &[Stored], entries: Vec<UnverifiedEntry>) -> Result<Vec<UnverifiedEntry>, IngestError> {
    let due = Seq::new(stored.len() as u64 + 1).unwrap_or(Seq::FIRST);
    if let Some(first) = entries.first().filter(|first| first.seq() > due) {
        return Err(IngestError::Gap { first: first.seq(), due });
    }
    let mut new = Vec::with_capacity(entries.len());
    for entry in entries {
        match stored.get(index(entry.seq())) {
            Some(known) if known.id == entry.id() => {}
            Some(known) => return Err(rival(known, &entry)),
            None => new.push(entry),
        }
    }
    Ok(new)
}

pub(super) fn rival(known: &Stored, entry: &UnverifiedEntry) -> IngestError {
    use congvan_core::evidence::ProofError;
    let fault = match UnverifiedEntry::parse(&known.bytes).map(|known| EquivocationProof::new(&known, entry)) {
        Ok(Ok(proof)) => return IngestError::Equivocation(Box::new(proof)),
        Ok(Err(ProofError::Signature(_))) => Fault::Signature,
        _ => Fault::Signer,
    };
    ChainError { seq: entry.seq(), fault }.into()
}

/// As many of the first entries as fit, but at least one if there is one.
pub(super) fn within(entries: &[Stored], max_bytes: usize) -> Vec<Arc<[u8]>> {
    let mut room = max_bytes;
    let fits = |(at, stored): &(usize, &Stored)| {
        let fits = *at == 0 || stored.bytes.len() <= room;
        room = room.saturating_sub(stored.bytes.len());
        fits
    };
    entries.iter().enumerate().take_while(fits).map(|(_, stored)| stored.bytes.clone()).collect()
}
