//! The life of a document, as the ledger here tells it.

use std::collections::HashMap;

use congvan_core::document::Relation;
use congvan_core::life::{Document, Fact, Life, Says};
use congvan_core::{
    AgencyCode, ChainId, Cover, DocumentPayload, EntryId, EntryRef, Kind, LinkedEntry, Roster, StatusPayload, Wire,
};
use congvan_store::{ChainStatus, Ledger, StoreError};

use crate::node::Node;
use crate::read::ReadError;

/// What an entry says about documents: a status about one, a document about each that it links to.
/// A malformed payload says nothing.
pub(crate) fn facts_of(entry: &LinkedEntry, author: &AgencyCode, stands: bool) -> Vec<Fact> {
    let header = entry.header();
    let fact = |about: EntryRef, says: Says| Fact {
        time: header.time,
        author: author.clone(),
        entry: entry.reference(),
        about,
        stands,
        says,
    };
    let Some(payload) = entry.payload() else { return Vec::new() };
    match header.kind {
        Kind::STATUS => {
            let Ok(StatusPayload { cover, .. }) = StatusPayload::from_bytes(payload) else { return Vec::new() };
            let says = Says::Status { code: cover.code, to: cover.to, answers: cover.answers };
            vec![fact(cover.document, says)]
        }
        Kind::DOCUMENT => {
            let Ok(DocumentPayload { cover, .. }) = DocumentPayload::from_bytes(payload) else { return Vec::new() };
            let to = cover.addressees.to_vec();
            let says = |relation: Relation| Says::Link { relation, to: to.clone() };
            cover.links.iter().map(|link| fact(link.document, says(link.relation))).collect()
        }
        _ => Vec::new(),
    }
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
