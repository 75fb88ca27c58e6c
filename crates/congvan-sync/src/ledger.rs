//! What replication needs of a ledger: the seam between the state machine and its two stores,
//! RocksDB and a simulator's memory.

use std::sync::Arc;

use congvan_core::blob::BlobRef;
use congvan_core::entry::SIGNED_LEN;
use congvan_core::ingest::Ingested;
use congvan_core::{ChainId, EntryId, EquivocationProof, Point, Roster, Seq, UnverifiedEntry};

/// How far a ledger has a chain, and from where it distrusts it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ChainHead {
    /// The last entry that stands: before the quarantine, if there is one. `None`: empty.
    pub head: Option<Point>,
    /// The first number in quarantine.
    pub quarantined: Option<Seq>,
}

/// Why entries were not stored. Nothing of them was.
pub type IngestError = congvan_core::ingest::IngestError<String>;

/// A ledger as replication sees it. Every call that returns `Ok` from a write is durable.
pub trait Ledger {
    /// The roster as it stands.
    fn roster(&self) -> Arc<Roster>;
    /// How far a chain is stored; the default for an unknown one.
    fn head(&self, chain: ChainId) -> ChainHead;
    /// All chains that the roster knows, the roster's own included, by ascending id.
    fn heads(&self) -> Vec<(ChainId, ChainHead)>;
    /// Verifies by the rules of DESIGN §3.5 and stores entries, consecutive and ascending. Those
    /// that the ledger has already are passed over. A stored entry with the same number and another
    /// id gives [`IngestError::Equivocation`] where both signatures hold under one key.
    ///
    /// # Errors
    /// [`IngestError`]; nothing is stored then.
    fn ingest(&mut self, chain: ChainId, entries: Vec<UnverifiedEntry>) -> Result<Ingested, IngestError>;
    /// The bytes of stored, standing entries from `from` on, at most `max_bytes` in all but at
    /// least one if there is one.
    fn range(&self, chain: ChainId, from: Seq, max_bytes: usize) -> Vec<Arc<[u8]>>;
    /// The same of entries in quarantine for a bad signature: the link path from the bad entry to a
    /// signed descendant is the evidence that others quarantine by (DESIGN §3.5). Nothing for a chain that
    /// is in quarantine for another reason, or not at all.
    fn evidence(&self, chain: ChainId, from: Seq, max_bytes: usize) -> Vec<Arc<[u8]>>;
    /// The id of the standing entry with this number.
    fn id_at(&self, chain: ChainId, seq: Seq) -> Option<EntryId> {
        let stored = self.range(chain, seq, 1);
        let entry = UnverifiedEntry::parse(stored.first()?.get(..SIGNED_LEN)?).ok()?;
        Some(entry.id())
    }
    /// Whether an entry's own signature holds under the key that it names. A ledger that found out before may remember.
    fn is_signed(&self, entry: &UnverifiedEntry) -> bool {
        entry.check_own_signature().is_ok()
    }
    /// Stores a proof whose signer held that number, and puts the chain in quarantine. `false` if
    /// nothing changed.
    ///
    /// # Errors
    /// [`IngestError`] if the proof concerns no chain or key of this network;
    /// [`IngestError::Gap`] if the chain does not reach up to it yet, so that its key is not known.
    fn add_proof(&mut self, proof: &EquivocationProof) -> Result<bool, IngestError>;
    /// The proof for which a chain is in quarantine.
    fn proof(&self, chain: ChainId) -> Option<EquivocationProof>;
    /// The entries behind `after` that are stored without payloads that nobody is known to have erased, in some fixed
    /// order, at most `limit`: a peer may have withheld them. [`ingest`](Self::ingest) takes them whole.
    fn missing_payloads(&self, after: Option<(ChainId, Seq)>, limit: usize) -> Vec<(ChainId, Seq)>;
    /// Whether all of a blob is here.
    fn has_blob(&self, blob: &BlobRef) -> bool;
    /// The first chunks of a blob that are missing here, at most `limit`; none of one that was erased.
    fn missing_chunks(&self, blob: &BlobRef, limit: usize) -> Vec<u32>;
    /// Stores a chunk that `congvan_core::blob::verify_chunk` passed. `true` if the blob is now whole.
    ///
    /// # Errors
    /// [`IngestError::Storage`].
    fn put_chunk(&mut self, blob: &BlobRef, index: u32, bytes: &[u8]) -> Result<bool, IngestError>;
    /// A chunk and its proof, of a blob that is whole here.
    fn chunk(&self, blob: &BlobRef, index: u32) -> Option<(Vec<u8>, Vec<[u8; 32]>)>;
}
