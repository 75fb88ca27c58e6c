//! A ledger in memory, by the same rules as the one on disk: for simulations, fuzzing and tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use congvan_core::blob::{BlobRef, CHUNK, Outline, Outliner};
use congvan_core::chain::Fault;
use congvan_core::roster::RosterError;
use congvan_core::{
    AgencySecret, ChainError, ChainId, ChainPolicy, ChainState, Draft, EntryId, EquivocationProof, Genesis,
    LinkedEntry, Point, Roster, RosterAction, SecretKey, Seq, Time, UnverifiedEntry, VerifiedEntry,
};

use crate::{Accepted, ChainHead, IngestError, Ledger};

#[derive(Clone, Debug)]
struct Stored {
    id: EntryId,
    bytes: Arc<[u8]>,
}

impl From<&LinkedEntry> for Stored {
    fn from(entry: &LinkedEntry) -> Self {
        Self { id: entry.id(), bytes: entry.shared_bytes() }
    }
}

#[derive(Clone, Debug)]
struct Chain {
    /// Of all that is stored, quarantined entries included.
    state: ChainState,
    entries: Vec<Stored>,
    proof: Option<EquivocationProof>,
}

impl Chain {
    fn new(chain: ChainId) -> Self {
        Self { state: ChainState::new(chain), entries: Vec::new(), proof: None }
    }

    fn quarantined(&self) -> Option<Seq> {
        self.proof.as_ref().map(EquivocationProof::seq)
    }

    fn standing(&self) -> &[Stored] {
        let until = self.quarantined().map_or(usize::MAX, index);
        &self.entries[..self.entries.len().min(until)]
    }

    fn head(&self) -> ChainHead {
        let standing = self.standing();
        let seq = Seq::new(standing.len() as u64);
        let head = seq.zip(standing.last()).map(|(seq, last)| Point { seq, id: last.id });
        ChainHead { head, quarantined: self.quarantined() }
    }

    /// Holds the chain against a policy that may be new: what it no longer lets stand is set aside,
    /// and a fork that it decides is one no more.
    fn obey(&mut self, policy: &ChainPolicy) {
        let entries = &self.entries;
        if let Some(keep) = self.state.obeys(policy, |seq| entries.get(index(seq)).map(|e| e.id)) {
            self.entries.truncate(usize::try_from(keep).unwrap_or(usize::MAX));
            let head = Seq::new(keep).zip(self.entries.last()).map(|(seq, last)| Point { seq, id: last.id });
            self.state = self.state.cut_back(head);
        }
        if self.proof.as_ref().is_some_and(|proof| judge(&self.state, policy, proof) != Ok(true)) {
            self.proof = None;
        }
    }
}

/// Where a number stands in a list of a chain's entries.
fn index(seq: Seq) -> usize {
    usize::try_from(seq.get() - 1).unwrap_or(usize::MAX)
}

/// Whether a proof stands: `Ok(false)` where the registrar has decided the fork.
fn judge(state: &ChainState, policy: &ChainPolicy, proof: &EquivocationProof) -> Result<bool, Verdict> {
    let seq = proof.seq();
    if policy.pins.iter().any(|pin| pin.seq == seq) {
        return Ok(false);
    }
    let due = state.next_seq();
    let keys = match due {
        Some(due) if seq > due => return Err(Verdict::Gap(due)),
        Some(due) if seq == due => state.next_keys(policy),
        _ => state.keys_at(seq).cloned().map(Arc::new),
    };
    match keys {
        Some(keys) if keys.sign == *proof.signer() => Ok(true),
        _ => Err(Verdict::OtherKey),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Gap(Seq),
    OtherKey,
}

#[derive(Clone, Debug, Default)]
struct Blob {
    chunks: BTreeMap<u32, Vec<u8>>,
    outline: Option<Outline>,
}

/// A [`Ledger`] in memory. Cloning it is a backup.
#[derive(Clone, Debug)]
pub struct MemoryLedger {
    roster: Arc<Roster>,
    roster_entries: Vec<Stored>,
    roster_proof: Option<EquivocationProof>,
    chains: BTreeMap<ChainId, Chain>,
    blobs: BTreeMap<BlobRef, Blob>,
}

impl MemoryLedger {
    /// A ledger that knows its network's genesis only.
    pub fn new(genesis: Genesis) -> Self {
        Self {
            roster: Arc::new(Roster::new(genesis)),
            roster_entries: Vec::new(),
            roster_proof: None,
            chains: BTreeMap::new(),
            blobs: BTreeMap::new(),
        }
    }

    /// Writes the own chain's next entry. Whether it may be written now is the caller's to know.
    ///
    /// # Errors
    /// [`IngestError`]: no such chain, in quarantine, or a broken rule.
    pub fn append(
        &mut self,
        chain: ChainId,
        draft: Draft,
        secret: &AgencySecret,
    ) -> Result<VerifiedEntry, IngestError> {
        let policy = self.policy(chain)?;
        let stored = self.chains.entry(chain).or_insert_with(|| Chain::new(chain));
        if let Some(q) = stored.quarantined() {
            return Err(IngestError::Quarantined(q));
        }
        let entry = stored.state.append(self.roster.network(), &policy, draft, secret)?;
        stored.entries.push(Stored::from(&entry.clone().into_linked()));
        Ok(entry)
    }

    /// Writes the roster's next entry with registrars' keys.
    ///
    /// # Errors
    /// [`RosterError`] where the change is not possible.
    pub fn append_roster(
        &mut self,
        action: RosterAction,
        time: Time,
        keys: &[&SecretKey],
    ) -> Result<VerifiedEntry, RosterError> {
        let change = self.roster.propose(action, time, keys)?;
        Arc::make_mut(&mut self.roster).apply(&change)?;
        let entry = change.entry().clone();
        self.roster_entries.push(Stored::from(&entry.clone().into_linked()));
        self.obey_all();
        Ok(entry)
    }

    /// Stores a whole blob.
    ///
    /// # Errors
    /// It is longer than a blob may be.
    pub fn put_blob(&mut self, bytes: &[u8]) -> Result<BlobRef, congvan_core::blob::BlobError> {
        let mut outliner = Outliner::default();
        let mut chunks = BTreeMap::new();
        for (index, chunk) in (0..).zip(bytes.chunks(CHUNK)) {
            outliner.push(chunk)?;
            chunks.insert(index, chunk.to_vec());
        }
        if bytes.is_empty() {
            chunks.insert(0, Vec::new());
        }
        let outline = outliner.finish();
        let blob = outline.blob();
        self.blobs.insert(blob, Blob { chunks, outline: Some(outline) });
        Ok(blob)
    }

    /// The bytes of all standing entries of a chain, in order.
    pub fn entries(&self, chain: ChainId) -> Vec<Arc<[u8]>> {
        self.standing(chain).iter().map(|stored| stored.bytes.clone()).collect()
    }

    /// Verifies everything that stands anew, from the genesis on: every link and every signature.
    ///
    /// # Errors
    /// The first entry that does not hold.
    pub fn verify_all(&self) -> Result<(), IngestError> {
        let parse = |seq: usize, stored: &Stored| {
            let at = Seq::new(seq as u64 + 1).unwrap_or(Seq::FIRST);
            UnverifiedEntry::parse(&stored.bytes).map_err(|e| ChainError { seq: at, fault: e.into() })
        };
        let mut roster = Roster::new(self.roster.genesis().clone());
        for (at, stored) in self.roster_entries.iter().enumerate() {
            let change = roster.check(parse(at, stored)?)?;
            roster.apply(&change)?;
        }
        for (chain, stored) in &self.chains {
            let policy = roster.policy(*chain).map_err(RosterError::from)?;
            let mut state = ChainState::new(*chain);
            for (at, entry) in stored.entries.iter().enumerate() {
                // One by one, so that each entry's own signature is checked.
                state.extend(roster.network(), &policy, vec![parse(at, entry)?])?;
            }
        }
        Ok(())
    }

    fn standing(&self, chain: ChainId) -> &[Stored] {
        match self.chains.get(&chain) {
            _ if chain == self.roster.chain() => &self.roster_entries,
            Some(stored) => stored.standing(),
            None => &[],
        }
    }

    fn policy(&self, chain: ChainId) -> Result<Arc<ChainPolicy>, IngestError> {
        self.roster.policy(chain).map_err(|_| IngestError::UnknownChain(chain))
    }

    fn obey_all(&mut self) {
        for (chain, stored) in &mut self.chains {
            if let Ok(policy) = self.roster.policy(*chain) {
                stored.obey(&policy);
            }
        }
    }

    fn ingest_roster(&mut self, entries: Vec<UnverifiedEntry>) -> Result<Accepted, IngestError> {
        let new = unknown(&self.roster_entries, entries)?;
        if let (Some(proof), false) = (&self.roster_proof, new.is_empty()) {
            // A forked roster takes no more changes until the operators choose.
            return Err(IngestError::Quarantined(proof.seq()));
        }
        let mut roster = (*self.roster).clone();
        let mut accepted = Accepted::default();
        for entry in new {
            let change = roster.check(entry)?;
            roster.apply(&change)?;
            accepted.entries.push(change.entry().clone().into_linked());
        }
        accepted.roster_changed = !accepted.entries.is_empty();
        self.roster = Arc::new(roster);
        self.roster_entries.extend(accepted.entries.iter().map(Stored::from));
        if accepted.roster_changed {
            self.obey_all();
        }
        Ok(accepted)
    }

    fn add_roster_proof(&mut self, proof: &EquivocationProof) -> Result<bool, IngestError> {
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

/// Those of `entries` that follow the stored ones, after the others were found to be the same.
fn unknown(stored: &[Stored], entries: Vec<UnverifiedEntry>) -> Result<Vec<UnverifiedEntry>, IngestError> {
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

fn rival(known: &Stored, entry: &UnverifiedEntry) -> IngestError {
    use congvan_core::evidence::ProofError;
    let fault = match UnverifiedEntry::parse(&known.bytes).map(|known| EquivocationProof::new(&known, entry)) {
        Ok(Ok(proof)) => return IngestError::Equivocation(Box::new(proof)),
        Ok(Err(ProofError::Signature(_))) => Fault::Signature,
        _ => Fault::Signer,
    };
    ChainError { seq: entry.seq(), fault }.into()
}

impl Ledger for MemoryLedger {
    fn roster(&self) -> Arc<Roster> {
        self.roster.clone()
    }

    fn head(&self, chain: ChainId) -> ChainHead {
        if chain == self.roster.chain() {
            let quarantined = self.roster_proof.as_ref().map(EquivocationProof::seq);
            return ChainHead { head: self.roster.head(), quarantined };
        }
        match self.chains.get(&chain) {
            Some(stored) if self.roster.agency(chain).is_some() => stored.head(),
            _ => ChainHead::default(),
        }
    }

    fn heads(&self) -> Vec<(ChainId, ChainHead)> {
        let agencies = self.roster.agencies().map(|agency| agency.chain);
        let mut heads: Vec<_> = agencies.chain([self.roster.chain()]).map(|chain| (chain, self.head(chain))).collect();
        heads.sort_by_key(|(chain, _)| *chain);
        heads
    }

    fn ingest(&mut self, chain: ChainId, mut entries: Vec<UnverifiedEntry>) -> Result<Accepted, IngestError> {
        if chain == self.roster.chain() {
            return self.ingest_roster(entries);
        }
        let policy = self.policy(chain)?;
        let stored = self.chains.entry(chain).or_insert_with(|| Chain::new(chain));
        if let (Some(q), Some(first)) = (stored.quarantined(), entries.first()) {
            if first.seq() >= q {
                return Err(IngestError::Quarantined(q));
            }
            entries.retain(|entry| entry.seq() < q);
        }
        // The registrar's word goes before a rival's.
        let pinned =
            |entry: &&UnverifiedEntry| policy.pins.iter().any(|pin| pin.seq == entry.seq() && pin.id != entry.id());
        if let Some(entry) = entries.iter().find(pinned) {
            return Err(ChainError { seq: entry.seq(), fault: Fault::Pinned }.into());
        }
        let new = unknown(&stored.entries, entries)?;
        let linked = stored.state.extend(self.roster.network(), &policy, new)?;
        stored.entries.extend(linked.iter().map(Stored::from));
        Ok(Accepted { entries: linked, roster_changed: false })
    }

    fn range(&self, chain: ChainId, from: Seq, max_bytes: usize) -> Vec<Arc<[u8]>> {
        let mut room = max_bytes;
        let from = self.standing(chain).get(index(from)..).unwrap_or_default();
        let fits = |(at, stored): &(usize, &Stored)| {
            let fits = *at == 0 || stored.bytes.len() <= room;
            room = room.saturating_sub(stored.bytes.len());
            fits
        };
        from.iter().enumerate().take_while(fits).map(|(_, stored)| stored.bytes.clone()).collect()
    }

    fn add_proof(&mut self, proof: &EquivocationProof) -> Result<bool, IngestError> {
        let (chain, seq) = (proof.chain(), proof.seq());
        if proof.network() != self.roster.network() {
            return Err(ChainError { seq, fault: Fault::Network }.into());
        }
        if chain == self.roster.chain() {
            return self.add_roster_proof(proof);
        }
        let policy = self.policy(chain)?;
        let stored = self.chains.entry(chain).or_insert_with(|| Chain::new(chain));
        match judge(&stored.state, &policy, proof) {
            Ok(false) => return Ok(false),
            Ok(true) => {}
            Err(Verdict::Gap(due)) => return Err(IngestError::Gap { first: seq, due }),
            Err(Verdict::OtherKey) => return Err(ChainError { seq, fault: Fault::Signer }.into()),
        }
        if stored.quarantined().is_some_and(|known| known <= seq) {
            return Ok(false);
        }
        stored.proof = Some(proof.clone());
        Ok(true)
    }

    fn proof(&self, chain: ChainId) -> Option<EquivocationProof> {
        if chain == self.roster.chain() {
            return self.roster_proof.clone();
        }
        self.chains.get(&chain)?.proof.clone()
    }

    fn has_blob(&self, blob: &BlobRef) -> bool {
        self.blobs.get(blob).is_some_and(|stored| stored.outline.is_some())
    }

    fn missing_chunks(&self, blob: &BlobRef, limit: usize) -> Vec<u32> {
        let stored = self.blobs.get(blob);
        let missing = |index: &u32| stored.is_none_or(|stored| !stored.chunks.contains_key(index));
        (0..blob.chunks()).filter(missing).take(limit).collect()
    }

    fn put_chunk(&mut self, blob: &BlobRef, index: u32, bytes: &[u8]) -> Result<bool, IngestError> {
        let failed = |e: congvan_core::blob::BlobError| IngestError::Storage(e.to_string());
        let stored = self.blobs.entry(*blob).or_default();
        stored.chunks.insert(index, bytes.to_vec());
        if stored.outline.is_none() && stored.chunks.len() == blob.chunks() as usize {
            let mut outliner = Outliner::default();
            for chunk in stored.chunks.values() {
                outliner.push(chunk).map_err(failed)?;
            }
            stored.outline = Some(outliner.finish());
        }
        Ok(stored.outline.is_some())
    }

    fn chunk(&self, blob: &BlobRef, index: u32) -> Option<(Vec<u8>, Vec<[u8; 32]>)> {
        let stored = self.blobs.get(blob)?;
        let proof = stored.outline.as_ref()?.proof(index)?;
        Some((stored.chunks.get(&index)?.clone(), proof))
    }
}
