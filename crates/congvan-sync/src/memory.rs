//! A ledger in memory, by the same rules as the one on disk: for simulations, fuzzing and tests.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use congvan_core::blob::{BlobRef, CHUNK, Outline, Outliner};
use congvan_core::chain::Fault;
use congvan_core::roster::RosterError;
use congvan_core::{
    AgencyKeys, AgencySecret, ChainError, ChainId, ChainPolicy, ChainState, DocumentPayload, Doubts, Draft, EntryId,
    EquivocationProof, Erasure, Genesis, Kind, LinkedEntry, NetworkId, Point, Quarantine, Reason, Roster, RosterAction,
    SecretKey, Seq, Time, UnverifiedEntry, VerifiedEntry, Wire,
};

use crate::{ChainHead, IngestError, Ingested, Ledger};

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
    /// Up to this number every entry's own signature was checked.
    verified: u64,
    doubts: Doubts,
    proofs: Vec<EquivocationProof>,
    quarantine: Option<Quarantine>,
    /// What the registrar's word forbids, for the day that another word allows it again.
    aside: BTreeMap<Point, Stored>,
}

impl Chain {
    fn new(chain: ChainId) -> Self {
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

    fn quarantined(&self) -> Option<Seq> {
        self.quarantine.map(|quarantine| quarantine.from)
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

    fn judge(&mut self, policy: &ChainPolicy) {
        self.quarantine = self.doubts.quarantine(&self.state, policy);
    }

    /// Holds the chain against a policy that may be new: what it no longer lets stand is set aside,
    /// what it allows again is taken back, and a fork that it decides is one no more.
    fn obey(&mut self, network: NetworkId, policy: &ChainPolicy) {
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
    fn verify_pending(&mut self, policy: &ChainPolicy) -> Option<Seq> {
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

/// The blobs that an entry names.
fn blobs_of(entry: &UnverifiedEntry) -> Vec<BlobRef> {
    let payload = entry.payload().filter(|_| entry.header().kind == Kind::DOCUMENT);
    let document = payload.and_then(|payload| DocumentPayload::from_bytes(payload).ok());
    document.map_or(Vec::new(), |document| document.cover.blobs.to_vec())
}

/// Where a number stands in a list of a chain's entries.
fn index(seq: Seq) -> usize {
    usize::try_from(seq.get() - 1).unwrap_or(usize::MAX)
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
    /// What erasures name.
    named: BTreeMap<ChainId, BTreeSet<Point>>,
    /// Entries without their payloads that nobody is known to have erased.
    missing: BTreeSet<(ChainId, Seq)>,
    erased_blobs: BTreeSet<BlobRef>,
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
            named: BTreeMap::new(),
            missing: BTreeSet::new(),
            erased_blobs: BTreeSet::new(),
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
        if stored.verified + 1 == entry.seq().get() {
            stored.verified += 1;
        }
        if let Some(erasure) = Erasure::of(entry.header().kind, entry.payload()) {
            self.named.entry(chain).or_default().extend(erasure.reached_by(entry.header()));
            self.forget(chain);
        }
        Ok(entry)
    }

    /// The numbers of a chain's entries whose payloads are gone: erased, or never here.
    pub fn bare(&self, chain: ChainId) -> Vec<Seq> {
        let bare = |(at, stored): (usize, &Stored)| {
            let entry = UnverifiedEntry::parse(&stored.bytes).ok().filter(|entry| entry.payload().is_none());
            entry.and_then(|_| Seq::new(at as u64 + 1))
        };
        self.standing(chain).iter().enumerate().filter_map(bare).collect()
    }

    /// Drops of a chain what erasures name, and the blobs that nothing names any more.
    fn forget(&mut self, chain: ChainId) {
        let (Some(named), Some(stored)) = (self.named.get(&chain), self.chains.get_mut(&chain)) else { return };
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
    fn fill(&mut self, chain: ChainId, entries: &[UnverifiedEntry]) -> Result<Vec<LinkedEntry>, ChainError> {
        let mut filled = Vec::new();
        for entry in entries.iter().filter(|entry| entry.payload().is_some()) {
            let at = (chain, entry.seq());
            let stored = self.chains.get_mut(&chain).filter(|_| self.missing.contains(&at));
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
    fn follow(&mut self, action: &RosterAction) {
        if let RosterAction::Erase { chain, erasure } = action {
            self.named.entry(*chain).or_default().extend(erasure.entries.iter());
            self.forget(*chain);
        }
    }

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
        Arc::make_mut(&mut self.roster).apply(&change)?;
        let entry = change.entry().clone();
        self.roster_entries.push(Stored::from(&entry.clone().into_linked()));
        self.obey_all();
        self.follow(change.action());
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
        for (chain, stored) in &mut self.chains {
            let Ok(policy) = self.roster.policy(*chain) else { continue };
            bad.extend(stored.verify_pending(&policy).map(|seq| (*chain, seq)));
        }
        bad
    }

    /// Drops all entries that were set aside.
    pub fn drop_set_aside(&mut self) {
        self.chains.values_mut().for_each(|stored| stored.aside.clear());
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

    fn obey_all(&mut self) {
        for (chain, stored) in &mut self.chains {
            if let Ok(policy) = self.roster.policy(*chain) {
                stored.obey(self.roster.network(), &policy);
            }
        }
    }

    fn ingest_roster(&mut self, entries: Vec<UnverifiedEntry>) -> Result<Ingested, IngestError> {
        let mut new = unknown(&self.roster_entries, entries)?;
        if let (Some(proof), Some(first)) = (&self.roster_proof, new.first()) {
            // A forked roster takes no more changes until the operators choose; what came before stays good.
            if first.seq() >= proof.seq() {
                return Err(IngestError::Quarantined(proof.seq()));
            }
            new.retain(|entry| entry.seq() < proof.seq());
        }
        let mut roster = (*self.roster).clone();
        let mut accepted = Ingested::default();
        let mut orders = Vec::new();
        for entry in new {
            let change = roster.check(entry)?;
            roster.apply(&change)?;
            orders.push(change.action().clone());
            accepted.entries.push(change.entry().clone().into_linked());
        }
        accepted.roster_changed = !accepted.entries.is_empty();
        self.roster = Arc::new(roster);
        self.roster_entries.extend(accepted.entries.iter().map(Stored::from));
        if accepted.roster_changed {
            self.obey_all();
        }
        orders.iter().for_each(|action| self.follow(action));
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

/// As many of the first entries as fit, but at least one if there is one.
fn within(entries: &[Stored], max_bytes: usize) -> Vec<Arc<[u8]>> {
    let mut room = max_bytes;
    let fits = |(at, stored): &(usize, &Stored)| {
        let fits = *at == 0 || stored.bytes.len() <= room;
        room = room.saturating_sub(stored.bytes.len());
        fits
    };
    entries.iter().enumerate().take_while(fits).map(|(_, stored)| stored.bytes.clone()).collect()
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

    fn ingest(&mut self, chain: ChainId, mut entries: Vec<UnverifiedEntry>) -> Result<Ingested, IngestError> {
        if chain == self.roster.chain() {
            return self.ingest_roster(entries);
        }
        let policy = self.policy(chain)?;
        let stored = self.chains.entry(chain).or_insert_with(|| Chain::new(chain));
        let barrier = stored.quarantined().into_iter().chain(stored.doubts.barrier(&stored.state, &policy)).min();
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
        let stored = self.chains.entry(chain).or_insert_with(|| Chain::new(chain));
        let new = unknown(&stored.entries, entries)?;
        let linked = stored.state.extend(self.roster.network(), &policy, new)?;
        if linked.len() == 1 && stored.verified == stored.entries.len() as u64 {
            // The last of a batch was checked by its own signature, and here it is the only one.
            stored.verified += 1;
        }
        stored.entries.extend(linked.iter().map(Stored::from));
        // What is acted on is checked by its own signature first.
        let bad = linked.iter().find(|entry| entry.header().kind == Kind::ERASE && entry.check().is_err());
        stored.doubts.note_bad(bad.map(LinkedEntry::point));
        stored.judge(&policy);
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

    fn range(&self, chain: ChainId, from: Seq, max_bytes: usize) -> Vec<Arc<[u8]>> {
        within(self.standing(chain).get(index(from)..).unwrap_or_default(), max_bytes)
    }

    fn evidence(&self, chain: ChainId, from: Seq, max_bytes: usize) -> Vec<Arc<[u8]>> {
        let Some(stored) = self.chains.get(&chain) else { return vec![] };
        let bad = stored.quarantine.filter(|q| q.reason == Reason::BadSignature && q.from <= from);
        bad.map_or(vec![], |_| within(stored.entries.get(index(from)..).unwrap_or_default(), max_bytes))
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
        Ok(stored.quarantine != before)
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
