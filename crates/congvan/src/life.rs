//! The life of a document, as the ledger here tells it.

use std::collections::HashMap;

use congvan_core::facts;
use congvan_core::life::{Document, Fact, Life};
use congvan_core::{AgencyCode, ChainId, Cover, EntryId, EntryRef, LinkedEntry, Roster};
use congvan_store::{ChainStatus, Ledger, StoreError};

use crate::node::Node;
use crate::read::ReadError;

/// What an entry says about documents.
pub(crate) fn facts_of(entry: &LinkedEntry, author: &AgencyCode, stands: bool) -> Vec<Fact> {
    facts::facts_of(entry.reference(), entry.header(), entry.payload(), author, stands)
}

/// The document of an entry; `None` where the roster does not know its chain.
pub(crate) fn document_of(roster: &Roster, entry: &LinkedEntry, cover: &Cover) -> Option<Document> {
    let sender = roster.agency(entry.header().chain)?.code.clone();
    Some(Document { entry: entry.reference(), sender, addressees: cover.addressees.to_vec() })
}

/// Everything that the ledger has about a document.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn facts_about(ledger: &Ledger, document: EntryId) -> Result<Vec<Fact>, StoreError> {
    let roster = ledger.roster();
    let mut known: HashMap<ChainId, Option<(AgencyCode, ChainStatus)>> = HashMap::new();
    let mut facts = Vec::new();
    for reference in ledger.by_document(document) {
        let EntryRef { chain, seq, .. } = reference?;
        let Some(entry) = ledger.entry(chain, seq)? else { continue };
        let known =
            known.entry(chain).or_insert_with(|| Some((roster.agency(chain)?.code.clone(), ledger.status(chain))));
        let Some((author, status)) = known else { continue };
        let quarantined = status.quarantined.is_some_and(|quarantine| seq >= quarantine.from);
        let stands = !quarantined && (seq.get() <= status.verified_through || entry.check().is_ok());
        facts.extend(facts_of(&entry, author, stands));
    }
    Ok(facts)
}

impl Node {
    /// What has become of a document: who may say what about it next, and what everybody said. It takes
    /// no key to know: also of documents that are sealed to others.
    ///
    /// # Errors
    /// [`ReadError`] says whether it is missing or ambiguous.
    pub fn life(&self, id: &str) -> Result<Life, ReadError> {
        let entry = self.document_entry(id)?;
        self.life_of(&entry)
    }

    pub(crate) fn life_of(&self, entry: &LinkedEntry) -> Result<Life, ReadError> {
        let payload = self.payload_of(entry)?;
        let document = document_of(&self.0.ledger.roster(), entry, &payload.cover);
        let document = document.ok_or_else(|| ReadError::NotFound(entry.id().to_string()))?;
        Ok(Life::of(document, facts_about(&self.0.ledger, entry.id())?))
    }
}
