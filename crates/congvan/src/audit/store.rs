//! What only a store's directory has: its indexes, its trees' hashes, and its blobs.

use congvan_core::blob::{BlobRef, verify_chunk};
use congvan_core::life::{Document, Fact};
use congvan_core::{DocumentPayload, EntryId, Kind, Time, TreeHash, Wire};
use congvan_store::{IndexFault, Ledger, StoreError};

use super::AuditError;
use super::auditor::Auditor;
use super::lives::Before;
use super::report::ViolationKind;
use crate::life::{document_of, facts_about};

/// Checks indexes and blobs, once all entries have been.
pub(super) fn check(ledger: &Ledger, auditor: &mut Auditor) -> Result<(), AuditError> {
    for IndexFault { index, chain, seq, missing } in ledger.check_indexes(&mut |_| {})? {
        let what = if missing { "lacks a row of this entry" } else { "has a row that this entry does not ask for" };
        match (chain, congvan_core::Seq::new(seq)) {
            (Some(chain), Some(seq)) => {
                auditor.finding(chain, seq, ViolationKind::Index, format!("the store's index {index} {what}"));
            }
            _ => auditor.elsewhere(index, ViolationKind::Index, "a row of the store's index leads nowhere".to_owned()),
        }
    }
    for blob in ledger.blobs() {
        let blob = blob?;
        auditor.chunks += u64::from(blob.chunks());
        if let Some(reason) = blob_fault(ledger, &blob)? {
            auditor.elsewhere(&format!("blob {}", blob.id.short()), ViolationKind::Blob, reason);
        }
    }
    Ok(())
}

fn blob_fault(ledger: &Ledger, blob: &BlobRef) -> Result<Option<String>, StoreError> {
    for index in 0..blob.chunks() {
        let fault = match ledger.chunk(blob, index) {
            Ok(Some((bytes, proof))) => verify_chunk(blob, index, &bytes, &proof).err().map(|error| error.to_string()),
            Ok(None) => Some(format!("chunk {index} is missing")),
            Err(StoreError::Corrupt { error, .. }) => Some(error.to_string()),
            Err(error) => return Err(error),
        };
        if fault.is_some() {
            return Ok(fault);
        }
    }
    Ok(None)
}

/// The hashes that a store keeps of one chain's tree, compared with those recomputed as these come.
#[derive(Default)]
pub(super) struct Kept {
    /// Level by level, each by index, as the store sorts them.
    stored: Vec<(u8, u64, TreeHash)>,
    wrong: Option<(u8, u64)>,
}

impl Kept {
    pub(super) fn read(
        stored: impl Iterator<Item = Result<(u8, u64, TreeHash), StoreError>>,
    ) -> Result<Self, StoreError> {
        Ok(Self { stored: stored.collect::<Result<_, _>>()?, wrong: None })
    }

    pub(super) fn compare(&mut self, level: u8, index: u64, hash: TreeHash) {
        if let Ok(found) = self.stored.binary_search_by_key(&(level, index), |(at, of, _)| (*at, *of))
            && self.stored[found].2 != hash
        {
            self.wrong.get_or_insert((level, index));
        }
    }

    /// The first number under the first hash that is not what the entries make it.
    pub(super) fn wrong(&self) -> Option<u64> {
        self.wrong.map(|(level, index)| (index << level) + 1)
    }
}

/// What a store knows of documents that are not read again.
pub(super) struct StoreBefore<'a>(pub(super) &'a Ledger);

impl Before for StoreBefore<'_> {
    fn document(&self, id: EntryId) -> Result<Option<(Document, Time)>, AuditError> {
        let Some(entry) = self.0.entry_by_id(id)?.filter(|entry| entry.header().kind == Kind::DOCUMENT) else {
            return Ok(None);
        };
        let payload = entry.payload().and_then(|payload| DocumentPayload::from_bytes(payload).ok());
        let document = payload.and_then(|payload| document_of(&self.0.roster(), &entry, &payload.cover));
        Ok(document.map(|document| (document, entry.header().time)))
    }

    fn facts(&self, id: EntryId) -> Result<Vec<Fact>, AuditError> {
        let facts = facts_about(self.0, id)?;
        Ok(facts.into_iter().filter(|fact| fact.about.id == id).collect())
    }
}
