//! A ledger in memory, by the same rules as the one on disk: for simulations, fuzzing and tests.

mod chain;
mod forget;
mod roster;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use congvan_core::blob::{BlobRef, CHUNK, Outline, Outliner};
use congvan_core::chain::Fault;
use congvan_core::roster::RosterError;
use congvan_core::{
    AgencyKeys, AgencySecret, ChainError, ChainId, ChainPolicy, ChainState, Draft, EquivocationProof, Erasure, Genesis,
    Kind, LinkedEntry, Point, Reason, Roster, Seq, UnverifiedEntry, VerifiedEntry,
};

use self::chain::{Chain, Stored, index, unknown, within};
pub use self::shared::Shared;
use crate::{ChainHead, IngestError, Ingested, Ledger};

#[derive(Clone, Debug, Default)]
struct Blob {
    chunks: BTreeMap<u32, Vec<u8>>,
    outline: Option<Outline>,
}

/// Those of `entries` that come after ours, if they lead from our head to the head of `common`.
fn follow_on<'e>(ours: &[Stored], common: &[Stored], entries: &'e [UnverifiedEntry]) -> Option<&'e [UnverifiedEntry]> {
    let same = |entry: &UnverifiedEntry| common.get(index(entry.seq())).is_some_and(|stored| stored.id == entry.id());
    let (first, last) = (entries.first()?, entries.last()?);
    let leads = index(first.seq()) <= ours.len()
        && index(last.seq()) + 1 == common.len()
        && ours.len() < common.len()
        && entries.len() == common.len() - index(first.seq())
        && ours.last().is_none_or(|head| common.get(ours.len() - 1).is_some_and(|stored| stored.id == head.id))
        && entries.iter().all(same);
    leads.then(|| &entries[ours.len() - index(first.seq())..])
}

/// A [`Ledger`] in memory. Cloning it is a backup.
#[derive(Clone, Debug)]
pub struct MemoryLedger {
    roster: Arc<Roster>,
    roster_entries: Arc<Vec<Stored>>,
    roster_proof: Option<EquivocationProof>,
    /// Shared with backups, and with other ledgers where there is something [`Shared`]; copied when they change.
    chains: BTreeMap<ChainId, Arc<Chain>>,
    /// Those with entries whose own signatures were not checked yet.
    unchecked: BTreeSet<ChainId>,
    blobs: BTreeMap<BlobRef, Blob>,
    /// What erasures name.
    named: BTreeMap<ChainId, BTreeSet<Point>>,
    /// Entries without their payloads that nobody is known to have erased.
    missing: BTreeSet<(ChainId, Seq)>,
    erased_blobs: BTreeSet<BlobRef>,
    shared: Option<Shared>,
}

impl MemoryLedger {
    /// A ledger that knows its network's genesis only.
    pub fn new(genesis: Genesis) -> Self {
        Self {
            roster: Arc::new(Roster::new(genesis)),
            roster_entries: Arc::default(),
            roster_proof: None,
            chains: BTreeMap::new(),
            unchecked: BTreeSet::new(),
            blobs: BTreeMap::new(),
            named: BTreeMap::new(),
            missing: BTreeSet::new(),
            erased_blobs: BTreeSet::new(),
            shared: None,
        }
    }

    /// Keeps in common with others what all of them verified alike: many ledgers of one process then need the memory and
    /// the time of one.
    pub fn share(&mut self, shared: &Shared) {
        self.shared = Some(shared.clone());
    }

    /// The chains that lie elsewhere in memory than another ledger's: what is true of all others is true in both.
    pub fn not_in_common(&self, other: &Self) -> BTreeSet<ChainId> {
        let apart = |(chain, stored): &(&ChainId, &Arc<Chain>)| {
            other.chains.get(chain).is_none_or(|theirs| !Arc::ptr_eq(stored, theirs))
        };
        let mut chains: BTreeSet<_> = self.chains.iter().filter(apart).map(|(chain, _)| *chain).collect();
        chains.extend(other.chains.keys().filter(|chain| !self.chains.contains_key(chain)));
        chains.extend((!Arc::ptr_eq(&self.roster_entries, &other.roster_entries)).then(|| self.roster.chain()));
        chains
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
        let network = self.roster.network();
        let stored = self.chain_mut(chain);
        if let Some(q) = stored.quarantined() {
            return Err(IngestError::Quarantined(q));
        }
        let entry = stored.state.append(network, &policy, draft, secret)?;
        stored.entries.push(Stored::from(&entry.clone().into_linked()));
        if stored.verified + 1 == entry.seq().get() {
            stored.verified += 1;
        }
        if let Some(erasure) = Erasure::of(entry.header().kind, entry.payload()) {
            self.named.entry(chain).or_default().extend(erasure.reached_by(entry.header()));
            self.forget(chain);
        }
        self.settle(chain);
        Ok(entry)
    }

    /// The keys that sign a chain's next entry; `None` where the roster gave none.
    pub fn next_keys(&self, chain: ChainId) -> Option<Arc<AgencyKeys>> {
        let policy = self.policy(chain).ok()?;
        match self.chains.get(&chain) {
            Some(stored) => stored.state.next_keys(&policy),
            None => ChainState::new(chain).next_keys(&policy),
        }
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

    /// Checks the own signatures of entries that came in bulk. Each chain that has a bad one is in
    /// quarantine from its number on.
    pub fn verify_pending(&mut self) -> Vec<(ChainId, Seq)> {
        let mut bad = Vec::new();
        for chain in std::mem::take(&mut self.unchecked) {
            let Ok(policy) = self.roster.policy(chain) else { continue };
            bad.extend(self.chain_mut(chain).verify_pending(&policy).map(|seq| (chain, seq)));
            self.settle(chain);
        }
        bad
    }

    /// Up to which number every entry of a chain was checked by its own signature.
    pub fn verified(&self, chain: ChainId) -> u64 {
        match self.chains.get(&chain) {
            _ if chain == self.roster.chain() => self.roster_entries.len() as u64,
            Some(stored) => stored.verified,
            None => 0,
        }
    }

    /// Drops all entries that were set aside.
    pub fn drop_set_aside(&mut self) {
        let with_some = self.chains.values_mut().filter(|stored| !stored.aside.is_empty());
        with_some.for_each(|stored| Arc::make_mut(stored).aside.clear());
    }

    /// Verifies everything that stands anew, from the genesis on: every link and every signature.
    ///
    /// # Errors
    /// The first entry that does not hold.
    pub fn verify_all(&self) -> Result<(), IngestError> {
        self.verify(|_| true)
    }

    /// The same of some chains; where the roster is not among them, under the roster as it is.
    ///
    /// # Errors
    /// The first entry that does not hold.
    pub fn verify(&self, among: impl Fn(ChainId) -> bool) -> Result<(), IngestError> {
        let parse = |seq: usize, stored: &Stored| {
            let at = Seq::new(seq as u64 + 1).unwrap_or(Seq::FIRST);
            UnverifiedEntry::parse(&stored.bytes).map_err(|e| ChainError { seq: at, fault: e.into() })
        };
        let mut roster = (*self.roster).clone();
        if among(roster.chain()) {
            roster = Roster::new(self.roster.genesis().clone());
            for (at, stored) in self.roster_entries.iter().enumerate() {
                let change = roster.check(parse(at, stored)?)?;
                roster.apply(&change)?;
            }
        }
        for (chain, stored) in self.chains.iter().filter(|(chain, _)| among(**chain)) {
            let policy = roster.policy(*chain).map_err(RosterError::from)?;
            let mut state = ChainState::new(*chain);
            for (at, entry) in stored.standing().iter().enumerate() {
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

    fn chain_mut(&mut self, chain: ChainId) -> &mut Chain {
        Arc::make_mut(self.chains.entry(chain).or_insert_with(|| Arc::new(Chain::new(chain))))
    }

    /// Whether nothing speaks against a chain, and nothing of it was ever erased, set aside or withheld.
    fn is_plain(&self, chain: ChainId) -> bool {
        let mut withheld = self.missing.range((chain, Seq::FIRST)..);
        self.chains.get(&chain).is_none_or(|stored| stored.is_plain())
            && !self.named.contains_key(&chain)
            && withheld.next().is_none_or(|(other, _)| *other != chain)
    }

    /// After a chain changed: notes whether its signatures are still to be checked, and keeps it in common with others.
    fn settle(&mut self, chain: ChainId) {
        let Some(stored) = self.chains.get(&chain) else { return };
        if stored.is_checked() {
            self.unchecked.remove(&chain);
        } else {
            self.unchecked.insert(chain);
        }
        if let (Some(shared), Some(head), Ok(policy)) = (&self.shared, stored.state.head(), self.roster.policy(chain))
            && stored.is_checked()
            && self.is_plain(chain)
        {
            let common = shared.keep_chain(head.id, &policy, stored);
            self.chains.insert(chain, common);
        }
    }

    /// Takes what another ledger verified whole under the same policy, if that is what these entries lead to.
    fn adopt(
        &mut self,
        chain: ChainId,
        policy: &Arc<ChainPolicy>,
        entries: &[UnverifiedEntry],
    ) -> Option<Vec<LinkedEntry>> {
        let common = self.shared.as_ref()?.chain(entries.last()?.id(), policy)?;
        let ours = self.chains.get(&chain).map_or(&[][..], |stored| &stored.entries[..]);
        let new = follow_on(ours, &common.entries, entries)?;
        if !self.is_plain(chain) || new.iter().any(|entry| entry.payload().is_none()) {
            return None;
        }
        let linked: Result<Vec<_>, _> = new.iter().map(|entry| common.state.stored(entry.clone())).collect();
        let linked = linked.ok()?;
        self.chains.insert(chain, common);
        self.unchecked.remove(&chain);
        Some(linked)
    }

    /// Verifies entries of an agency's chain and stores them.
    fn take(
        &mut self,
        chain: ChainId,
        policy: &ChainPolicy,
        mut entries: Vec<UnverifiedEntry>,
    ) -> Result<Ingested, IngestError> {
        let stored = self.chain_mut(chain);
        let barrier = stored.quarantined().into_iter().chain(stored.doubts.barrier(&stored.state, policy)).min();
        if let (Some(barrier), Some(first)) = (barrier, entries.first()) {
            if first.seq() >= barrier {
                return Err(IngestError::Quarantined(barrier));
            }
            entries.retain(|entry| entry.seq() < barrier);
        }
        // The registrar's word goes before a rival's.
        let pinned = |entry: &&UnverifiedEntry| policy.is_pinned(entry.seq()) && !policy.pins.contains(&entry.point());
        if let Some(entry) = entries.iter().find(pinned) {
            return Err(ChainError { seq: entry.seq(), fault: Fault::Pinned }.into());
        }
        let filled = self.fill(chain, &entries)?;
        let network = self.roster.network();
        let stored = self.chain_mut(chain);
        let new = unknown(&stored.entries, entries)?;
        let linked = stored.state.extend(network, policy, new)?;
        if linked.len() == 1 && stored.verified == stored.entries.len() as u64 {
            // The last of a batch was checked by its own signature, and here it is the only one.
            stored.verified += 1;
        }
        stored.entries.extend(linked.iter().map(Stored::from));
        // What is acted on is checked by its own signature first.
        let bad = linked.iter().find(|entry| entry.header().kind == Kind::ERASE && entry.check().is_err());
        stored.doubts.note_bad(bad.map(LinkedEntry::point));
        stored.judge(policy);
        let bad = stored.doubts.bad().map(|bad| bad.seq);
        for entry in linked.iter().filter(|entry| bad.is_none_or(|bad| entry.seq() < bad)) {
            if let Some(erasure) = Erasure::of(entry.header().kind, entry.payload()) {
                self.named.entry(chain).or_default().extend(erasure.reached_by(entry.header()));
            }
        }
        self.missing.extend(linked.iter().filter(|e| e.payload().is_none()).map(|e| (chain, e.seq())));
        self.forget(chain);
        let named = self.named.get(&chain);
        let kept = linked.into_iter().map(|entry| {
            let erased = entry.header().kind.is_erasable() && named.is_some_and(|all| all.contains(&entry.point()));
            if erased { entry.without_payload() } else { entry }
        });
        Ok(Ingested { entries: kept.collect(), roster_changed: false, filled })
    }
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

    fn ingest(&mut self, chain: ChainId, entries: Vec<UnverifiedEntry>) -> Result<Ingested, IngestError> {
        if chain == self.roster.chain() {
            return self.ingest_roster(entries);
        }
        let policy = self.policy(chain)?;
        if let Some(entries) = self.adopt(chain, &policy, &entries) {
            return Ok(Ingested { entries, ..Ingested::default() });
        }
        let taken = self.take(chain, &policy, entries);
        self.settle(chain);
        taken
    }

    fn range(&self, chain: ChainId, from: Seq, max_bytes: usize) -> Vec<Arc<[u8]>> {
        within(self.standing(chain).get(index(from)..).unwrap_or_default(), max_bytes)
    }

    fn evidence(&self, chain: ChainId, from: Seq, max_bytes: usize) -> Vec<Arc<[u8]>> {
        let Some(stored) = self.chains.get(&chain) else { return vec![] };
        let bad = stored.quarantine.filter(|q| q.reason == Reason::BadSignature && q.from <= from);
        bad.map_or(vec![], |_| within(stored.entries.get(index(from)..).unwrap_or_default(), max_bytes))
    }

    fn is_signed(&self, entry: &UnverifiedEntry) -> bool {
        let check = || entry.check_own_signature().is_ok();
        self.shared.as_ref().map_or_else(check, |shared| shared.is_signed(entry))
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
        let stored = self.chain_mut(chain);
        let due = stored.state.next_seq().unwrap_or(seq);
        if seq > due {
            return Err(IngestError::Gap { first: seq, due });
        }
        if stored.state.key_at(&policy, seq) != Some(proof.signer().id()) {
            return Err(ChainError { seq, fault: Fault::Signer }.into());
        }
        if !stored.doubts.note_proof(proof) {
            return Ok(false);
        }
        stored.proofs.push(proof.clone());
        let before = stored.quarantine;
        stored.judge(&policy);
        let changed = stored.quarantine != before;
        self.settle(chain);
        Ok(changed)
    }

    fn proof(&self, chain: ChainId) -> Option<EquivocationProof> {
        if chain == self.roster.chain() {
            return self.roster_proof.clone();
        }
        let stored = self.chains.get(&chain)?;
        let from = stored.quarantine.filter(|q| q.reason == Reason::Equivocation)?.from;
        stored.proofs.iter().find(|proof| proof.seq() == from).cloned()
    }

    fn missing_payloads(&self, after: Option<(ChainId, Seq)>, limit: usize) -> Vec<(ChainId, Seq)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.missing.range((from, Bound::Unbounded)).take(limit).copied().collect()
    }

    fn has_blob(&self, blob: &BlobRef) -> bool {
        self.blobs.get(blob).is_some_and(|stored| stored.outline.is_some())
    }

    fn missing_chunks(&self, blob: &BlobRef, limit: usize) -> Vec<u32> {
        if self.erased_blobs.contains(blob) {
            return Vec::new();
        }
        let stored = self.blobs.get(blob);
        let missing = |index: &u32| stored.is_none_or(|stored| !stored.chunks.contains_key(index));
        (0..blob.chunks()).filter(missing).take(limit).collect()
    }

    fn put_chunk(&mut self, blob: &BlobRef, index: u32, bytes: &[u8]) -> Result<bool, IngestError> {
        if self.erased_blobs.contains(blob) {
            return Ok(false);
        }
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
