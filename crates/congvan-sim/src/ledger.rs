//! The ledger of a simulated node: the one in memory, with room for a planted bug.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use congvan_core::blob::BlobRef;
use congvan_core::chain::Fault;
use congvan_core::{ChainError, ChainId, EntryId, EquivocationProof, Point, Roster, Seq, UnverifiedEntry};
use congvan_sync::{ChainHead, IngestError, Ingested, Ledger, MemoryLedger};

/// Bugs that the invariants must find: a check that finds none of these checks nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planted {
    /// Nodes store entries whose signature does not hold.
    SkipSignatures,
    /// Nodes store entries that do not link to those before them.
    SkipLinks,
    /// Node 1 takes no notice of proofs that somebody said two things.
    ForgetProofs,
    /// A restart loses the last acknowledged entry.
    LoseTail,
    /// Nodes write without asking their peers for their own chain.
    WriteUnconfirmed,
    /// Nodes check nothing behind of what came in bulk.
    CheckNothingBehind,
    /// Nodes keep to themselves for which signature they distrust a chain.
    KeepEvidence,
    /// Nodes drop what a suspension sets aside.
    DropSetAside,
    /// Agencies lose the new keys that they name.
    LoseNewKey,
    /// Nodes keep what is erased, and show it.
    KeepErased,
    /// What was acknowledged since the last second is gone after a crash.
    AcknowledgeBeforeSync,
    /// Nodes pass on what does not verify.
    ForwardAnything,
    /// Node 1 takes no notice of the registrar.
    IgnoreRegistrar,
    /// Node 1 serves what follows the number that was asked for.
    ServeOneLater,
    /// Node 1 says that it has fetched what it has not stored.
    PretendStored,
    /// Node 1 announces again and again.
    AnnounceForever,
}

impl Planted {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::SkipSignatures,
        Self::SkipLinks,
        Self::ForgetProofs,
        Self::LoseTail,
        Self::WriteUnconfirmed,
        Self::CheckNothingBehind,
        Self::KeepEvidence,
        Self::DropSetAside,
        Self::LoseNewKey,
        Self::KeepErased,
        Self::AcknowledgeBeforeSync,
        Self::ForwardAnything,
        Self::IgnoreRegistrar,
        Self::ServeOneLater,
        Self::PretendStored,
        Self::AnnounceForever,
    ];

    /// Whether only node 1 has the bug.
    pub(crate) fn is_of_one(self) -> bool {
        use Planted::{AnnounceForever, ForgetProofs, IgnoreRegistrar, PretendStored, ServeOneLater};
        matches!(self, ForgetProofs | IgnoreRegistrar | ServeOneLater | PretendStored | AnnounceForever)
    }
}

/// [`MemoryLedger`], with what a planted bug let in beside it.
#[derive(Clone, Debug)]
pub(crate) struct SimLedger {
    pub(crate) inner: MemoryLedger,
    pub(crate) planted: Option<Planted>,
    /// Whether it takes no notice of the registrar any more.
    pub(crate) deaf: bool,
    let_in: BTreeMap<ChainId, Vec<UnverifiedEntry>>,
    kept: BTreeMap<EntryId, Arc<[u8]>>,
}

impl SimLedger {
    pub(crate) fn new(inner: MemoryLedger, planted: Option<Planted>) -> Self {
        Self { inner, planted, deaf: false, let_in: BTreeMap::new(), kept: BTreeMap::new() }
    }

    /// All that stands of a chain, as it would be shown and served.
    pub(crate) fn entries(&self, chain: ChainId) -> Vec<Arc<[u8]>> {
        let let_in = self.let_in.get(&chain).into_iter().flatten().map(UnverifiedEntry::shared_bytes);
        let entries = self.inner.entries(chain).into_iter().chain(let_in);
        if self.kept.is_empty() {
            return entries.collect();
        }
        let kept = |bytes: &[u8]| self.kept.get(&UnverifiedEntry::parse(bytes).ok()?.id()).cloned();
        entries.map(|bytes| kept(&bytes).unwrap_or(bytes)).collect()
    }

    /// The chains that lie elsewhere in memory than another node's; all of them where a bug is planted.
    pub(crate) fn not_in_common(&self, other: &Self) -> BTreeSet<ChainId> {
        match self.planted {
            Some(_) => self.heads().into_iter().chain(other.heads()).map(|(chain, _)| chain).collect(),
            None => self.inner.not_in_common(&other.inner),
        }
    }

    /// Up to which number every entry counts as checked.
    pub(crate) fn verified(&self, chain: ChainId) -> u64 {
        if self.let_in.contains_key(&chain) { u64::MAX } else { self.inner.verified(chain) }
    }

    /// Verifies all that is stored of some chains, by a fresh ledger that is fed entry by entry.
    pub(crate) fn verify(&self, among: impl Fn(ChainId) -> bool) -> Result<(), IngestError> {
        self.inner.verify(among)?;
        if self.let_in.is_empty() {
            return Ok(());
        }
        let mut judge = self.inner.clone();
        for (chain, entries) in &self.let_in {
            for entry in entries {
                judge.ingest(*chain, vec![entry.clone()])?;
            }
        }
        Ok(())
    }

    fn lets_in(&self, error: &IngestError) -> bool {
        let IngestError::Chain(ChainError { fault, .. }) = error else { return false };
        match self.planted {
            Some(Planted::SkipSignatures) => *fault == Fault::Signature,
            Some(Planted::SkipLinks) => *fault == Fault::Link,
            _ => false,
        }
    }
}

impl Ledger for SimLedger {
    fn roster(&self) -> Arc<Roster> {
        self.inner.roster()
    }

    fn head(&self, chain: ChainId) -> ChainHead {
        let head = self.inner.head(chain);
        match self.let_in.get(&chain).and_then(|entries| entries.last()) {
            Some(last) => ChainHead { head: Some(Point { seq: last.seq(), id: last.id() }), ..head },
            None => head,
        }
    }

    fn heads(&self) -> Vec<(ChainId, ChainHead)> {
        self.inner.heads().into_iter().map(|(chain, _)| (chain, self.head(chain))).collect()
    }

    fn ingest(&mut self, chain: ChainId, entries: Vec<UnverifiedEntry>) -> Result<Ingested, IngestError> {
        let known = self.inner.roster().head().is_some_and(|head| head.seq.get() >= 8);
        if chain == self.roster().chain() && (self.deaf || (self.planted == Some(Planted::IgnoreRegistrar) && known)) {
            return Err(IngestError::Storage("it hears nothing".to_owned()));
        }
        if self.planted == Some(Planted::PretendStored) && entries.len() == 1 && entries[0].seq().get() % 5 == 3 {
            return Ok(Ingested::default());
        }
        if self.planted == Some(Planted::KeepErased) {
            let whole = entries.iter().filter(|entry| entry.payload().is_some());
            self.kept.extend(whole.map(|entry| (entry.id(), entry.shared_bytes())));
        }
        let result = self.inner.ingest(chain, entries.clone());
        if self.planted == Some(Planted::DropSetAside) {
            self.inner.drop_set_aside();
        }
        match &result {
            Err(error) if self.lets_in(error) && !self.let_in.contains_key(&chain) => {
                self.let_in.insert(chain, entries);
                Ok(Ingested::default())
            }
            _ => result,
        }
    }

    fn range(&self, chain: ChainId, from: Seq, max_bytes: usize) -> Vec<Arc<[u8]>> {
        match (self.planted, from.next()) {
            (Some(Planted::ServeOneLater), Some(later)) if from.get() % 3 == 2 => {
                self.inner.range(chain, later, max_bytes)
            }
            _ => self.inner.range(chain, from, max_bytes),
        }
    }

    fn is_signed(&self, entry: &UnverifiedEntry) -> bool {
        self.inner.is_signed(entry)
    }

    fn evidence(&self, chain: ChainId, from: Seq, max_bytes: usize) -> Vec<Arc<[u8]>> {
        match self.planted {
            Some(Planted::KeepEvidence) => vec![],
            _ => self.inner.evidence(chain, from, max_bytes),
        }
    }

    fn add_proof(&mut self, proof: &EquivocationProof) -> Result<bool, IngestError> {
        match self.planted {
            Some(Planted::ForgetProofs) => Ok(false),
            _ => self.inner.add_proof(proof),
        }
    }

    fn proof(&self, chain: ChainId) -> Option<EquivocationProof> {
        self.inner.proof(chain)
    }

    fn missing_payloads(&self, after: Option<(ChainId, Seq)>, limit: usize) -> Vec<(ChainId, Seq)> {
        self.inner.missing_payloads(after, limit)
    }

    fn has_blob(&self, blob: &BlobRef) -> bool {
        self.inner.has_blob(blob)
    }

    fn missing_chunks(&self, blob: &BlobRef, limit: usize) -> Vec<u32> {
        self.inner.missing_chunks(blob, limit)
    }

    fn put_chunk(&mut self, blob: &BlobRef, index: u32, bytes: &[u8]) -> Result<bool, IngestError> {
        self.inner.put_chunk(blob, index, bytes)
    }

    fn chunk(&self, blob: &BlobRef, index: u32) -> Option<(Vec<u8>, Vec<[u8; 32]>)> {
        self.inner.chunk(blob, index)
    }
}
