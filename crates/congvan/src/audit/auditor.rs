//! The auditor: takes entries as they come, chain by chain, and judges each.

mod conclude;

use std::collections::BTreeMap;
use std::path::Path;

use congvan_core::archive::Frame;
use congvan_core::blob::verify_chunk;
use congvan_core::catalogue::{Breach, Catalogue};
use congvan_core::chain::Fault;
use congvan_core::facts::facts_of;
use congvan_core::limits::CLOCK_TOLERANCE_MS;
use congvan_core::merkle::Frontier;
use congvan_core::roster::RosterError;
use congvan_core::{
    ChainError, ChainId, ChainState, DocumentPayload, EquivocationProof, Genesis, Header, Kind, LinkedEntry,
    ProcedurePayload, Rights, Roster, Seq, Time, TreeHash, UnverifiedEntry, Wire, entry,
};
use congvan_store::StoreError;
use rayon::prelude::*;

use super::forgotten::Forgotten;
use super::former::Former;
use super::forms::{self, Said};
use super::keys::Keys;
use super::lives::Lives;
use super::report::{Finds, Flagged, Note, ViolationKind};
use super::store::Kept;
use super::trees::Trees;
use super::{AuditError, Options};
use crate::life::document_of;
use crate::setup;

/// Entries checked together: enough to keep all cores busy, few enough to keep memory flat.
const BATCH: usize = 2048;

/// What an audit knows so far.
pub(super) struct Auditor {
    roster: Roster,
    chains: BTreeMap<ChainId, ChainState>,
    /// Chains in which a violation ends what can be judged.
    broken: BTreeMap<ChainId, Seq>,
    current: ChainId,
    /// Entries of the current chain that wait to be looked at together.
    batch: Vec<Box<[u8]>>,
    finds: Finds,
    keys: Keys,
    lives: Lives,
    trees: Trees,
    forgotten: Forgotten,
    kept: Kept,
    /// The time that the last entry of the current chain states.
    last_time: Option<Time>,
    /// The auditor's own clock.
    now: Time,
    former: Option<Former>,
    /// Chains that go on where the former audit ended.
    resumed: BTreeMap<ChainId, Seq>,
    /// How far chains that were audited before reach here.
    reached: BTreeMap<ChainId, Seq>,
    before: u64,
    entries: u64,
    signatures: u64,
    pub(super) chunks: u64,
    proofs: Vec<EquivocationProof>,
    published: BTreeMap<ChainId, Published>,
}

/// A publisher's entries of the catalogue, replayed.
#[derive(Default)]
struct Published {
    catalogue: Catalogue,
    flagged: Vec<Flagged>,
}

impl Auditor {
    pub(super) fn new(path: &Path, genesis: Genesis, options: &Options<'_>) -> Result<Self, AuditError> {
        let roster = Roster::new(genesis);
        if options.since.is_some_and(|former| former.network() != roster.network()) {
            return Err(AuditError::OtherNetwork(path.to_owned()));
        }
        Ok(Self {
            current: roster.chain(),
            roster,
            chains: BTreeMap::new(),
            broken: BTreeMap::new(),
            batch: Vec::new(),
            finds: Finds::default(),
            keys: Keys::default(),
            lives: Lives::default(),
            trees: Trees::default(),
            forgotten: Forgotten::default(),
            kept: Kept::default(),
            last_time: None,
            now: setup::now(),
            former: options.since.cloned(),
            resumed: BTreeMap::new(),
            reached: BTreeMap::new(),
            before: 0,
            entries: 0,
            signatures: 0,
            chunks: 0,
            proofs: Vec::new(),
            published: BTreeMap::new(),
        })
    }

    /// Entries that stand, of those read.
    pub(super) fn entries(&self) -> u64 {
        self.entries
    }

    /// Entries that were audited before.
    pub(super) fn before(&self) -> u64 {
        self.before
    }

    /// A standing entry of the catalogue.
    fn procedure(&mut self, entry: &LinkedEntry) {
        let (chain, seq) = (entry.header().chain, entry.seq());
        let Some(agency) = self.roster.agency(chain) else { return };
        let rights = agency.rights_at(seq);
        let published = self.published.entry(chain).or_default();
        let payload = entry.payload().and_then(|payload| ProcedurePayload::from_bytes(payload).ok());
        let (code, outcome) = match payload.map(ProcedurePayload::into_change) {
            Some(change) => (change.code().to_string(), published.catalogue.apply(seq, rights, change).map(drop)),
            None => (String::new(), Err(Breach::Unreadable)),
        };
        if let Err(breach) = outcome {
            published.flagged.push(Flagged {
                number: seq.get(),
                code,
                breach: breach.name().to_owned(),
                reason: breach.to_string(),
                reason_vi: breach.vietnamese().to_owned(),
            });
        }
    }

    pub(super) fn frame(&mut self, frame: Frame) -> Result<(), AuditError> {
        match frame {
            Frame::Genesis(_) => self.file_violation(&"a second genesis"),
            Frame::Entry(bytes) => self.entry(bytes.into_vec().into_boxed_slice())?,
            Frame::Proof(raw) => {
                self.flush()?;
                match EquivocationProof::parse(&raw.to_bytes()) {
                    Ok(proof) => self.proof(&proof)?,
                    Err(error) => self.file_violation(&error),
                }
            }
            Frame::Chunk { blob, index, bytes, proof } => {
                self.flush()?;
                self.chunks += 1;
                if let Err(error) = verify_chunk(&blob, index, &bytes, &proof) {
                    self.elsewhere(&format!("blob {}", blob.id.short()), ViolationKind::Blob, error.to_string());
                }
            }
            Frame::End { .. } => {}
        }
        Ok(())
    }

    fn name(&self, chain: ChainId) -> String {
        match self.roster.agency(chain) {
            Some(agency) => agency.code.to_string(),
            None if chain == self.roster.chain() => "roster".to_owned(),
            None => chain.to_string(),
        }
    }

    /// A violation that ends what can be judged of its chain.
    pub(super) fn violation(&mut self, chain: ChainId, seq: Seq, kind: ViolationKind, reason: String) {
        self.broken.insert(chain, seq);
        self.finding(chain, seq, kind, reason);
    }

    /// A violation that leaves the chain as it is.
    pub(super) fn finding(&mut self, chain: ChainId, seq: Seq, kind: ViolationKind, reason: String) {
        self.finds.violation(chain, seq, kind, reason);
    }

    /// A violation that has no place in a chain.
    pub(super) fn elsewhere(&mut self, place: &str, kind: ViolationKind, reason: String) {
        self.finds.elsewhere(place, kind, reason);
    }

    pub(super) fn file_violation(&mut self, reason: &dyn std::fmt::Display) {
        self.elsewhere("file", ViolationKind::File, reason.to_string());
    }

    /// The hashes that a store keeps of the next chain's tree.
    pub(super) fn expect_tree(
        &mut self,
        stored: impl Iterator<Item = Result<(u8, u64, TreeHash), StoreError>>,
    ) -> Result<(), AuditError> {
        self.kept = Kept::read(stored)?;
        Ok(())
    }

    /// That chain has been read.
    pub(super) fn end_tree(&mut self, chain: ChainId) {
        if let Some(seq) = std::mem::take(&mut self.kept).wrong().and_then(Seq::new) {
            let reason = "a stored hash of the chain's tree is not what its entries make it, from this number on";
            self.finding(chain, seq, ViolationKind::Index, reason.to_owned());
        }
    }

    /// Where a chain goes on that was audited before: the number of its last entry then. What publishers wrote is read
    /// from the beginning, for a procedure is what all its entries make it.
    pub(super) fn resumes_at(&mut self, chain: ChainId) -> Option<Seq> {
        if let Some(at) = self.resumed.get(&chain) {
            return Some(*at);
        }
        let found = self.former.as_ref()?.chains.get(&chain)?.clone();
        let head = found.state.head?;
        let publishes = |(_, rights): &(Seq, Rights)| rights.include(Rights::PUBLISH);
        if self.roster.agency(chain)?.right_spans().iter().any(publishes) || self.chains.contains_key(&chain) {
            return None;
        }
        let tree = Frontier::from_parts(found.size, found.roots.to_vec())?;
        self.chains.insert(chain, ChainState::from_record(found.state));
        self.trees.resume(chain, tree);
        self.resumed.insert(chain, head.seq);
        self.before += head.seq.get();
        Some(head.seq)
    }

    /// That a chain has an entry with this number here.
    pub(super) fn reaches(&mut self, chain: ChainId, seq: Seq) {
        let reached = self.reached.entry(chain).or_insert(seq);
        *reached = seq.max(*reached);
    }

    /// The number due next in a chain.
    fn due(&self, chain: ChainId) -> Seq {
        let head = match chain == self.roster.chain() {
            true => self.roster.head(),
            false => self.chains.get(&chain).and_then(ChainState::head),
        };
        head.and_then(|head| head.seq.next()).unwrap_or(Seq::FIRST)
    }

    /// Takes the next entry's bytes.
    pub(super) fn entry(&mut self, bytes: Box<[u8]>) -> Result<(), AuditError> {
        // Where it belongs, by its own word if that is plausible, else by its place: an entry whose chain was altered is
        // missed where it stood, and out of place here.
        let claimed = bytes.get(..entry::HEADER_LEN).and_then(|head| Header::from_bytes(head).ok());
        let chain = claimed.as_ref().map(|header| header.chain).filter(|chain| self.is_known(*chain));
        let chain = chain.unwrap_or(self.current);
        if let Some(header) = claimed.filter(|header| header.chain == chain && chain != self.roster.chain())
            && let Some(last) = self.resumes_at(chain)
            && header.seq <= last
        {
            return self.audited_before(&bytes, &header, last);
        }
        if self.current != chain || self.batch.len() >= BATCH {
            self.flush()?;
        }
        if self.current != chain {
            self.last_time = None;
            self.current = chain;
        }
        if self.broken.contains_key(&chain) {
            return Ok(());
        }
        if chain != self.roster.chain() {
            self.batch.push(bytes);
            return Ok(());
        }
        match UnverifiedEntry::parse(&bytes) {
            Ok(parsed) => self.roster_entry(parsed),
            Err(error) => self.violation(chain, self.due(chain), ViolationKind::Altered, error.to_string()),
        }
        Ok(())
    }

    /// An entry that a former audit found good: the last one must still be the same, and with it all before it. What
    /// the others said of documents counts for the lives that new entries change.
    fn audited_before(&mut self, bytes: &[u8], header: &Header, last: Seq) -> Result<(), AuditError> {
        let Some(signed) = bytes.get(..entry::SIGNED_LEN) else { return Ok(()) };
        self.reaches(header.chain, header.seq);
        let id = congvan_core::EntryId::of(signed);
        let head = self.chains.get(&header.chain).and_then(ChainState::head);
        if header.seq == last && head.is_some_and(|head| head.seq == last && head.id != id) {
            let reason = "another entry stood here when this network was audited before".to_owned();
            self.violation(header.chain, last, ViolationKind::Rewritten, reason);
            return Ok(());
        }
        let Some(agency) = self.roster.agency(header.chain) else { return Ok(()) };
        let payload = bytes.get(entry::SIGNED_LEN..).filter(|payload| payload.len() == header.payload_len as usize);
        let reference = congvan_core::EntryRef { chain: header.chain, seq: header.seq, id };
        for fact in facts_of(reference, header, payload, &agency.code, true) {
            self.lives.fact(fact)?;
        }
        let payload = payload.filter(|_| header.kind == Kind::DOCUMENT);
        if let Some(payload) = payload.and_then(|payload| DocumentPayload::from_bytes(payload).ok()) {
            let (sender, addressees) = (agency.code.clone(), payload.cover.addressees.to_vec());
            let document = congvan_core::life::Document { entry: reference, sender, addressees };
            self.lives.document(document, header.time)?;
        }
        Ok(())
    }

    fn is_known(&self, chain: ChainId) -> bool {
        chain == self.roster.chain() || self.roster.agency(chain).is_some()
    }

    fn roster_entry(&mut self, parsed: UnverifiedEntry) {
        let due = self.due(self.roster.chain());
        let known = self.former.as_ref().and_then(Former::roster);
        if known.is_some_and(|known| known.seq == parsed.seq() && known.id != parsed.id()) {
            let reason = "another entry stood here when this network was audited before".to_owned();
            return self.violation(self.roster.chain(), due, ViolationKind::Rewritten, reason);
        }
        let checked = self.roster.check(parsed).and_then(|change| self.roster.apply(&change).map(|_| change));
        match checked {
            Ok(change) => {
                self.keys.take(&change);
                self.forgotten.order(&change);
                self.entries += 1;
                self.signatures += 1;
            }
            Err(error) => {
                let kind = match error {
                    RosterError::Signature { .. } => ViolationKind::Signature,
                    RosterError::Place { .. } => ViolationKind::Link,
                    _ => ViolationKind::Roster,
                };
                self.violation(self.roster.chain(), due, kind, error.to_string());
            }
        }
    }

    /// Checks what waits: digests and forms on all cores, then links, then every signature on all cores.
    pub(super) fn flush(&mut self) -> Result<(), AuditError> {
        let batch = std::mem::take(&mut self.batch);
        let chain = self.current;
        if batch.is_empty() || self.broken.contains_key(&chain) {
            return Ok(());
        }
        let parsed: Vec<_> = batch.par_iter().with_min_len(64).map(|bytes| UnverifiedEntry::parse(bytes)).collect();
        let mut entries = Vec::with_capacity(parsed.len());
        let mut altered = None;
        for parsed in parsed {
            match parsed {
                Ok(entry) => entries.push(entry),
                Err(error) => {
                    altered = Some(error);
                    break;
                }
            }
        }
        self.judge(chain, entries)?;
        if let Some(error) = altered.filter(|_| !self.broken.contains_key(&chain)) {
            self.violation(chain, self.due(chain), ViolationKind::Altered, error.to_string());
        }
        Ok(())
    }

    fn judge(&mut self, chain: ChainId, batch: Vec<UnverifiedEntry>) -> Result<(), AuditError> {
        let policy = match self.roster.policy(chain) {
            Ok(policy) => policy,
            Err(error) => {
                self.violation(chain, Seq::FIRST, ViolationKind::Authority, error.to_string());
                return Ok(());
            }
        };
        let network = self.roster.network();
        let state = self.chains.entry(chain).or_insert_with(|| ChainState::new(chain));
        let before = state.head();
        let mut entries = batch;
        let mut first_fault: Option<ChainError> = None;
        // A faulty entry ends what stands; what is before it is judged without it. An altered
        // header shows first as a broken link behind it, then as its own bad signature.
        let linked: Vec<LinkedEntry> = loop {
            match state.extend(network, &policy, entries.clone()) {
                Ok(linked) => break linked,
                Err(error) => {
                    let good = entries.iter().position(|e| e.seq() == error.seq).unwrap_or(0);
                    entries.truncate(good);
                    first_fault = Some(error);
                }
            }
        };
        self.signatures += linked.len() as u64;
        let roster = &self.roster;
        let look = |entry: &LinkedEntry| (entry.check().err(), forms::read(roster, entry));
        let looked: Vec<_> = linked.par_iter().with_min_len(64).map(look).collect();
        let bad = looked.iter().find_map(|(bad, _)| bad.clone());
        let standing = match &bad {
            Some(error) => linked.iter().take_while(|entry| entry.seq() < error.seq).count(),
            None => linked.len(),
        };
        self.entries += standing as u64;
        for (entry, (_, said)) in linked[..standing].iter().zip(looked) {
            self.stands(entry, said)?;
        }
        if let Some(ChainError { seq, fault }) = bad.or(first_fault) {
            if standing < linked.len() {
                // What stands ends before the bad signature.
                let state = self.chains.entry(chain).or_insert_with(|| ChainState::new(chain));
                let head = linked[..standing].last().map_or(before, |entry| Some(entry.point()));
                *state = state.cut_back(head);
            }
            let kind = match fault {
                Fault::Signature => ViolationKind::Signature,
                Fault::Number(_) | Fault::Link | Fault::Network | Fault::Chain => ViolationKind::Link,
                _ => ViolationKind::Authority,
            };
            self.violation(chain, seq, kind, fault.to_string());
        }
        Ok(())
    }

    /// An entry that stands.
    fn stands(&mut self, entry: &LinkedEntry, said: Result<Said, String>) -> Result<(), AuditError> {
        let header = entry.header();
        self.keys.signed(header.chain, entry);
        let said = said.unwrap_or_else(|reason| {
            self.finds.violation(header.chain, entry.seq(), ViolationKind::Form, reason);
            Said::Other
        });
        if header.kind == Kind::PROCEDURE {
            self.procedure(entry);
        }
        self.clock(entry);
        self.forgotten.push(entry);
        let Self { trees, roster, kept, finds, .. } = self;
        trees.push(roster, entry, &said, &mut |level, index, hash| kept.compare(level, index, hash), finds)?;
        self.hear(entry, said)
    }

    /// Times that cannot be: an author's clock went back, or is ahead of the auditor's.
    fn clock(&mut self, entry: &LinkedEntry) {
        let time = entry.header().time;
        let earlier = |a: Time, b: Time| a.as_millis().saturating_add(CLOCK_TOLERANCE_MS) < b.as_millis();
        let words = match self.last_time {
            Some(before) if earlier(time, before) => Some((
                "it states an earlier time than the entry before it: the author's clock went back",
                "ghi thời điểm sớm hơn mục trước nó: đồng hồ của bên ghi bị lùi",
            )),
            _ if earlier(self.now, time) => Some((
                "it states a time that has not come yet: the author's clock is ahead",
                "ghi thời điểm chưa đến: đồng hồ của bên ghi chạy nhanh",
            )),
            _ => None,
        };
        self.last_time = Some(time);
        if let Some((reason, reason_vi)) = words {
            let (agency, number) = (self.name(entry.header().chain), entry.seq().get());
            let (reason, reason_vi) = (reason.to_owned(), reason_vi.to_owned());
            self.finds.note(Note { agency, number, document: String::new(), reason, reason_vi });
        }
    }

    /// Keeps what an entry says about documents.
    fn hear(&mut self, entry: &LinkedEntry, said: Said) -> Result<(), AuditError> {
        let Some(agency) = self.roster.agency(entry.header().chain) else { return Ok(()) };
        for fact in crate::life::facts_of(entry, &agency.code, true) {
            self.lives.fact(fact)?;
        }
        if let Said::Document(cover) = said
            && let Some(document) = document_of(&self.roster, entry, &cover)
        {
            self.lives.document(document, entry.header().time)?;
        }
        Ok(())
    }

    pub(super) fn proof(&mut self, proof: &EquivocationProof) -> Result<(), AuditError> {
        self.flush()?;
        let reason = format!(
            "signed two entries with this number, {} and {}",
            proof.entries()[0].id().short(),
            proof.entries()[1].id().short()
        );
        self.violation(proof.chain(), proof.seq(), ViolationKind::Equivocation, reason);
        self.proofs.push(proof.clone());
        Ok(())
    }
}
