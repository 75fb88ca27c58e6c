//! The audit: every link, every signature, every key's span, the roster's rules and the blobs, from
//! the bytes alone, trusting no node.
//!
//! What an audit finds is data, not an error: [`AuditError`] means that it could not read.

mod keys;
mod report;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use congvan_core::archive::{ArchiveError, Frame};
use congvan_core::blob::verify_chunk;
use congvan_core::catalogue::{Act, Breach, Catalogue};
use congvan_core::chain::Fault;
use congvan_core::life::{Document, Fact, Life};
use congvan_core::roster::RosterError;
use congvan_core::{
    ChainError, ChainId, ChainState, DocumentPayload, EntryId, EquivocationProof, Genesis, Header, Kind, LinkedEntry,
    ProcedureCode, ProcedurePayload, Roster, Seq, UnverifiedEntry, Wire, domain, entry,
};
use congvan_store::{Ledger, OpenError, StoreError};
use rayon::prelude::*;

pub use report::{CatalogueReport, ChainReport, Flagged, KeyReport, Note, Progress, Report, Violation, ViolationKind};

use crate::archive::{FrameReader, TransferError};
use crate::audit::keys::Keys;
use crate::certificate::Anchors;
use crate::life::{document_of, facts_of};

/// Why an audit could not read what it was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file or directory.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The archive is none, or damaged beyond reading.
    #[error("{path}: {error}")]
    Archive {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: TransferError,
    },
    /// It does not begin with a genesis, so nothing in it can be judged.
    #[error("{0}: it does not begin with a genesis")]
    NoGenesis(PathBuf),
    /// The ledger does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Audits an exported ledger. Certificates of agencies' keys are judged by who `anchors` trusts.
///
/// # Errors
/// [`AuditError`] where it cannot be read.
pub fn audit_file(path: &Path, anchors: &Anchors, progress: &mut dyn FnMut(Progress)) -> Result<Report, AuditError> {
    let unreadable = |error| AuditError::File { path: path.to_owned(), error };
    let file = File::open(path).map_err(unreadable)?;
    let total = file.metadata().map_err(unreadable)?.len();
    let broken = |error| AuditError::Archive { path: path.to_owned(), error };
    let mut frames =
        FrameReader::new(Counting { inner: BufReader::with_capacity(1 << 20, file), read: 0 }).map_err(broken)?;
    let mut auditor = match frames.next_frame().map_err(broken)? {
        Some(Frame::Genesis(genesis)) => Auditor::new(genesis),
        _ => return Err(AuditError::NoGenesis(path.to_owned())),
    };
    loop {
        match frames.next_frame() {
            Ok(Some(frame)) => auditor.frame(frame),
            Ok(None) => break,
            // With every frame read, this says no more than the violations already found.
            Err(TransferError::Archive(error @ (ArchiveError::Checksum | ArchiveError::Trailing))) => {
                auditor.flush();
                auditor.file_violation(&error);
                break;
            }
            Err(error) => return Err(broken(error)),
        }
        let done = frames.get_ref().read;
        progress(Progress { entries: auditor.entries, done, total });
    }
    Ok(auditor.finish(anchors))
}

/// Audits a node's directory, its `ledger` directory, or a backup, without writing to it; `anchors` as for
/// [`audit_file`].
///
/// # Errors
/// [`AuditError`] where it cannot be read.
pub fn audit_directory(
    path: &Path,
    anchors: &Anchors,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, AuditError> {
    let inner = path.join("ledger");
    let ledger = Ledger::open_read_only(if inner.is_dir() { &inner } else { path })?;
    let mut auditor = Auditor::new(ledger.genesis());
    let roster = ledger.roster().chain();
    let chains = ledger.chains();
    let total = chains.iter().filter_map(|c| ledger.status(*c).head).map(|head| head.seq.get()).sum();
    for chain in [roster].into_iter().chain(chains.into_iter().filter(|chain| *chain != roster)) {
        let Some(head) = ledger.status(chain).head else { continue };
        let mut due = Seq::FIRST;
        for stored in ledger.entries(chain, Seq::FIRST) {
            match stored {
                Ok(stored) if stored.seq() > head.seq => break,
                Ok(stored) => {
                    due = stored.seq().next().unwrap_or(due);
                    auditor.entry(stored.bytes());
                }
                Err(StoreError::Corrupt { error, .. }) => {
                    auditor.flush();
                    auditor.violation(chain, due, ViolationKind::Altered, error.to_string());
                    break;
                }
                Err(error) => return Err(error.into()),
            }
            progress(Progress { entries: auditor.entries, done: auditor.entries, total });
        }
    }
    for proof in ledger.proofs() {
        auditor.proof(&proof);
    }
    auditor.flush();
    auditor.check_index(&ledger)?;
    Ok(auditor.finish(anchors))
}

struct Counting<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

/// Entries checked together: enough to keep all cores busy, few enough to keep memory flat.
const BATCH: usize = 2048;
/// Documents, and what is said about them, that are held to judge their lives: some 500 bytes each.
const MAX_TOLD: usize = 1_000_000;

struct Auditor {
    roster: Roster,
    chains: BTreeMap<ChainId, ChainState>,
    /// Chains in which a violation ends what can be judged.
    broken: BTreeMap<ChainId, Seq>,
    current: ChainId,
    batch: Vec<UnverifiedEntry>,
    violations: Vec<Violation>,
    keys: Keys,
    /// Documents, and what standing entries say about documents.
    documents: BTreeMap<EntryId, Document>,
    facts: Vec<Fact>,
    entries: u64,
    signatures: u64,
    chunks: u64,
    published: BTreeMap<ChainId, Published>,
}

/// A publisher's entries of the catalogue, replayed.
#[derive(Default)]
struct Published {
    catalogue: Catalogue,
    flagged: Vec<Flagged>,
    /// What the index must have.
    marks: BTreeMap<(ProcedureCode, Seq), Act>,
}

impl Auditor {
    fn new(genesis: Genesis) -> Self {
        let roster = Roster::new(genesis);
        Self {
            current: roster.chain(),
            roster,
            chains: BTreeMap::new(),
            broken: BTreeMap::new(),
            batch: Vec::new(),
            violations: Vec::new(),
            keys: Keys::default(),
            documents: BTreeMap::new(),
            facts: Vec::new(),
            entries: 0,
            signatures: 0,
            chunks: 0,
            published: BTreeMap::new(),
        }
    }

    /// A standing entry of the catalogue.
    fn procedure(&mut self, entry: &LinkedEntry) {
        let (chain, seq) = (entry.header().chain, entry.seq());
        let Some(agency) = self.roster.agency(chain) else { return };
        let rights = agency.rights_at(seq);
        let published = self.published.entry(chain).or_default();
        let payload = entry.payload().and_then(|payload| ProcedurePayload::from_bytes(payload).ok());
        let (code, outcome) = match payload.map(ProcedurePayload::into_change) {
            Some(change) => {
                let code = change.code().clone();
                published.marks.insert((code.clone(), seq), change.act());
                (code.to_string(), published.catalogue.apply(seq, rights, change).map(drop))
            }
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

    /// Holds a store's index of the catalogue against what its entries say.
    fn check_index(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        for chain in ledger.chains() {
            let due = self.published.get(&chain).map(|published| published.marks.clone()).unwrap_or_default();
            let stored: BTreeMap<_, _> = ledger
                .procedures(chain, None)
                .map(|mark| mark.map(|mark| ((mark.code, mark.seq), mark.act)))
                .collect::<Result<_, _>>()?;
            // What follows a violation was not judged, so it may be indexed and not be due.
            let judged = self.broken.get(&chain).copied();
            let counts = |key: &(ProcedureCode, Seq)| judged.is_none_or(|broken| key.1 < broken);
            let differs = due.keys().chain(stored.keys()).filter(|key| counts(key));
            let first = differs.filter(|key| due.get(*key) != stored.get(*key)).min_by_key(|key| key.1);
            if let Some((code, seq)) = first {
                let reason = format!("the store's index of the catalogue is not what the entries say of {code}");
                let (agency, number) = (self.name(chain), seq.get());
                self.violations.push(Violation { agency, number, kind: ViolationKind::Index, reason });
            }
        }
        Ok(())
    }

    fn frame(&mut self, frame: Frame) {
        match frame {
            Frame::Genesis(_) => self.file_violation(&"a second genesis"),
            Frame::Entry(bytes) => self.entry(&bytes),
            Frame::Proof(raw) => {
                self.flush();
                match EquivocationProof::parse(&raw.to_bytes()) {
                    Ok(proof) => self.proof(&proof),
                    Err(error) => self.file_violation(&error),
                }
            }
            Frame::Chunk { blob, index, bytes, proof } => {
                self.flush();
                self.chunks += 1;
                if let Err(error) = verify_chunk(&blob, index, &bytes, &proof) {
                    let (agency, reason) = (format!("blob {}", blob.id.short()), error.to_string());
                    self.violations.push(Violation { agency, number: 0, kind: ViolationKind::Blob, reason });
                }
            }
            Frame::End { .. } => {}
        }
    }

    fn name(&self, chain: ChainId) -> String {
        match self.roster.agency(chain) {
            Some(agency) => agency.code.to_string(),
            None if chain == self.roster.chain() => "roster".to_owned(),
            None => chain.to_string(),
        }
    }

    fn violation(&mut self, chain: ChainId, seq: Seq, kind: ViolationKind, reason: String) {
        self.broken.insert(chain, seq);
        self.violations.push(Violation { agency: self.name(chain), number: seq.get(), kind, reason });
    }

    fn file_violation(&mut self, reason: &dyn std::fmt::Display) {
        let (agency, reason) = ("file".to_owned(), reason.to_string());
        self.violations.push(Violation { agency, number: 0, kind: ViolationKind::File, reason });
    }

    /// The number due next in a chain, what waits in the batch included.
    fn due(&self, chain: ChainId) -> Seq {
        let head = match self.batch.last().filter(|last| last.header().chain == chain) {
            Some(last) => Some(last.seq()),
            None if chain == self.roster.chain() => self.roster.head().map(|head| head.seq),
            None => self.chains.get(&chain).and_then(|state| state.head()).map(|head| head.seq),
        };
        head.and_then(Seq::next).unwrap_or(Seq::FIRST)
    }

    fn entry(&mut self, bytes: &[u8]) {
        let parsed = match UnverifiedEntry::parse(bytes) {
            Ok(parsed) => parsed,
            Err(error) => {
                // Where it belongs, by its own word if that is plausible, else by its place.
                let claimed = bytes.get(..entry::HEADER_LEN).and_then(|head| Header::from_bytes(head).ok());
                let chain = claimed.map(|h| h.chain).filter(|c| self.is_known(*c)).unwrap_or(self.current);
                if !self.broken.contains_key(&chain) {
                    let seq = self.due(chain);
                    self.flush();
                    if !self.broken.contains_key(&chain) {
                        self.violation(chain, seq, ViolationKind::Altered, error.to_string());
                    }
                }
                return;
            }
        };
        let chain = parsed.header().chain;
        let switches = self.batch.last().is_some_and(|last| last.header().chain != chain);
        if switches || self.batch.len() >= BATCH {
            self.flush();
        }
        // An entry whose chain was altered is missed where it stood, and out of place here.
        let chain = if self.is_known(chain) { chain } else { self.current };
        self.current = chain;
        if self.broken.contains_key(&chain) {
            return;
        }
        if chain == self.roster.chain() {
            self.roster_entry(parsed);
        } else {
            self.batch.push(parsed);
        }
    }

    fn is_known(&self, chain: ChainId) -> bool {
        chain == self.roster.chain() || self.roster.agency(chain).is_some()
    }

    fn roster_entry(&mut self, parsed: UnverifiedEntry) {
        let due = self.due(self.roster.chain());
        let checked = self.roster.check(parsed).and_then(|change| self.roster.apply(&change).map(|_| change));
        match checked {
            Ok(change) => {
                self.keys.take(&change);
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

    /// Checks what waits: links first, then every signature on all cores.
    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let chain = self.current;
        if batch.is_empty() || self.broken.contains_key(&chain) {
            return;
        }
        let policy = match self.roster.policy(chain) {
            Ok(policy) => policy,
            Err(error) => {
                return self.violation(chain, Seq::FIRST, ViolationKind::Authority, error.to_string());
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
        let bad: Option<ChainError> =
            linked.par_iter().filter_map(|entry| entry.check().err()).min_by_key(|error| error.seq);
        let standing = match &bad {
            Some(error) => linked.iter().take_while(|entry| entry.seq() < error.seq).count(),
            None => linked.len(),
        };
        self.entries += standing as u64;
        for entry in &linked[..standing] {
            self.keys.signed(chain, entry);
            if entry.header().kind == Kind::PROCEDURE {
                self.procedure(entry);
            }
            self.hear(entry);
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
    }

    /// Keeps what an entry says about documents.
    fn hear(&mut self, entry: &LinkedEntry) {
        let kind = entry.header().kind;
        if !matches!(kind, Kind::DOCUMENT | Kind::STATUS) || self.told() > MAX_TOLD {
            return;
        }
        let Some(agency) = self.roster.agency(entry.header().chain) else { return };
        self.facts.extend(facts_of(entry, &agency.code, true));
        if kind == Kind::DOCUMENT
            && let Some(payload) = entry.payload().and_then(|payload| DocumentPayload::from_bytes(payload).ok())
            && let Some(document) = document_of(&self.roster, entry, &payload.cover)
        {
            self.documents.insert(entry.id(), document);
        }
    }

    fn told(&self) -> usize {
        self.facts.len() + self.documents.len()
    }

    /// What breaks the table of documents' lives.
    fn notes(&mut self) -> Vec<Note> {
        if self.told() > MAX_TOLD {
            let reason = format!("documents' lives were not judged: more than {MAX_TOLD} documents and statuses");
            let reason_vi = format!("không xét diễn biến văn bản: có hơn {MAX_TOLD} văn bản và trạng thái");
            return vec![Note { agency: String::new(), number: 0, document: String::new(), reason, reason_vi }];
        }
        let mut facts: BTreeMap<EntryId, Vec<Fact>> = BTreeMap::new();
        for mut fact in std::mem::take(&mut self.facts) {
            // A proof may have come after the entries.
            fact.stands = self.broken.get(&fact.entry.chain).is_none_or(|from| fact.entry.seq < *from);
            facts.entry(fact.about.id).or_default().push(fact);
        }
        let mut notes = Vec::new();
        for (id, facts) in facts {
            let Some(document) = self.documents.remove(&id) else { continue };
            for event in Life::of(document, facts).history {
                let Some(breach) = event.breach else { continue };
                notes.push(Note {
                    agency: event.fact.author.to_string(),
                    number: event.fact.entry.seq.get(),
                    document: id.to_string(),
                    reason: breach.english(),
                    reason_vi: breach.vietnamese(),
                });
            }
        }
        notes
    }

    fn proof(&mut self, proof: &EquivocationProof) {
        self.flush();
        let reason = format!(
            "signed two entries with this number, {} and {}",
            proof.entries()[0].id().short(),
            proof.entries()[1].id().short()
        );
        self.violation(proof.chain(), proof.seq(), ViolationKind::Equivocation, reason);
    }

    fn finish(mut self, anchors: &Anchors) -> Report {
        self.flush();
        let keys = std::mem::take(&mut self.keys).report(self.roster.network(), anchors, |chain| self.name(chain));
        let notes = self.notes();
        let roster_chain = self.roster.chain();
        let mut heads = vec![(roster_chain, self.roster.head())];
        heads.extend(
            self.roster
                .agencies()
                .map(|agency| (agency.chain, self.chains.get(&agency.chain).and_then(|state| state.head()))),
        );
        let chains = heads
            .iter()
            .map(|(chain, head)| ChainReport {
                agency: self.name(*chain),
                chain: chain.to_string(),
                entries: head.map_or(0, |head| head.seq.get()),
                head_id: head.map(|head| head.id.to_string()).unwrap_or_default(),
            })
            .collect();
        let digest = domain::hash(domain::HEADS, &[&congvan_core::codec::encode(&heads)]);
        let catalogue = self.published.iter().map(|(chain, published)| {
            let retired = published.catalogue.records().filter(|record| record.retired.is_some()).count();
            CatalogueReport {
                agency: self.name(*chain),
                live: (published.catalogue.records().count() - retired) as u64,
                retired: retired as u64,
                flagged: published.flagged.clone(),
            }
        });
        let mut catalogue: Vec<_> = catalogue.collect();
        catalogue.sort_by(|a, b| a.agency.cmp(&b.agency));
        Report {
            catalogue,
            network: self.roster.network().to_string(),
            network_name: self.roster.genesis().name.to_string(),
            chains,
            violations: self.violations,
            notes,
            entries: self.entries,
            signatures: self.signatures,
            chunks: self.chunks,
            keys,
            digest: hex::encode(digest),
        }
    }
}
