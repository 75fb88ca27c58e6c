//! Lists of documents, whole or page by page.

use congvan_core::{EntryId, Kind, LinkedEntry};
use serde::{Deserialize, Serialize};

use crate::node::{Node, Own};
use crate::read::ReadError;
use crate::view::DocumentSummary;

/// The most documents that are looked at for one page: where a filter leaves few, the page is short, and the next one
/// goes on behind it.
pub const MAX_LOOKED_AT: usize = 1_000;

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Folder {
    /// Documents addressed to this agency.
    Inbox,
    /// Documents that it sent.
    Outbox,
}

/// Which documents of a list. The default takes all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DocumentFilter {
    /// Sent by this agency, or addressed to it.
    pub agency: Option<String>,
    /// With this text in number and notation, whatever the case.
    pub code: Option<String>,
    /// With this text in the subject, whatever the case.
    pub subject: Option<String>,
    /// Not before this time by the sender's clock: milliseconds since 1970.
    pub since: Option<u64>,
    /// Before this time.
    pub until: Option<u64>,
    /// Worth this now, as in [`DocumentSummary::standing`].
    pub standing: Option<String>,
    /// With all attachments here, or not.
    pub complete: Option<bool>,
}

impl DocumentFilter {
    fn takes(&self, document: &DocumentSummary) -> bool {
        let has = |text: &str, part: &Option<String>| {
            part.as_ref().is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
        };
        let concerns = |agency: &String| document.from == *agency || document.to.contains(agency);
        self.agency.as_ref().is_none_or(concerns)
            && has(&document.code, &self.code)
            && has(&document.subject, &self.subject)
            && self.since.is_none_or(|since| document.time >= since)
            && self.until.is_none_or(|until| document.time < until)
            && self.standing.as_ref().is_none_or(|standing| document.standing == *standing)
            && self.complete.is_none_or(|complete| document.complete == complete)
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentPage {
    /// Newest first.
    pub documents: Vec<DocumentSummary>,
    /// What to go on behind; `None` at the end of the list. It is the id of the last document looked at.
    pub next: Option<String>,
}

impl Node {
    /// Documents addressed to this agency, newest first.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub fn inbox(&self, limit: usize) -> Result<Vec<DocumentSummary>, ReadError> {
        self.all(Folder::Inbox, limit)
    }

    /// Documents that this agency sent, newest first.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub fn outbox(&self, limit: usize) -> Result<Vec<DocumentSummary>, ReadError> {
        self.all(Folder::Outbox, limit)
    }

    fn all(&self, folder: Folder, limit: usize) -> Result<Vec<DocumentSummary>, ReadError> {
        let own = self.0.own();
        self.folder(&own, folder, None)?.take(limit).map(|entry| self.summary(&own, &entry?)).collect()
    }

    /// A page of a list: at most `limit` documents that the filter takes, behind the document `after`.
    ///
    /// ```no_run
    /// # fn example(node: congvan::Node) -> Result<(), Box<dyn std::error::Error>> {
    /// use congvan::page::{DocumentFilter, Folder};
    ///
    /// let reports = DocumentFilter { code: Some("BC-UBND".into()), ..DocumentFilter::default() };
    /// let mut after = None;
    /// loop {
    ///     let page = node.page(Folder::Inbox, &reports, after.as_deref(), 50)?;
    ///     page.documents.iter().for_each(|document| println!("{} {}", document.code, document.subject));
    ///     after = page.next;
    ///     if after.is_none() {
    ///         break;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`ReadError::NotFound`] if there is no document `after`.
    pub fn page(
        &self,
        folder: Folder,
        filter: &DocumentFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<DocumentPage, ReadError> {
        let own = self.0.own();
        let mut page = DocumentPage { documents: Vec::new(), next: None };
        let mut last: Option<EntryId> = None;
        for (looked_at, entry) in self.folder(&own, folder, after)?.enumerate() {
            if looked_at == MAX_LOOKED_AT || page.documents.len() == limit {
                page.next = last.map(|id| id.to_string());
                break;
            }
            let entry = entry?;
            last = Some(entry.id());
            page.documents.extend(Some(self.summary(&own, &entry)?).filter(|document| filter.takes(document)));
        }
        Ok(page)
    }

    /// The documents of a list behind one of them, newest first.
    fn folder(
        &self,
        own: &Own,
        folder: Folder,
        after: Option<&str>,
    ) -> Result<Box<dyn Iterator<Item = Result<LinkedEntry, ReadError>> + '_>, ReadError> {
        let ledger = &self.0.ledger;
        let after = after.map(|id| self.document_entry(id)).transpose()?;
        let entries: Box<dyn Iterator<Item = Result<Option<LinkedEntry>, ReadError>> + '_> = match folder {
            Folder::Inbox => {
                let listed: Box<dyn Iterator<Item = _>> = match after {
                    None => Box::new(ledger.by_addressee(&own.code)),
                    Some(after) => Box::new(ledger.by_addressee_after(&own.code, &after)),
                };
                Box::new(listed.map(|reference| Ok(ledger.entry_by_id(reference?.id)?)))
            }
            Folder::Outbox => {
                let chain = own.chain;
                let newest = match after {
                    None => ledger.status(chain).head.map(|head| head.seq),
                    Some(after) if after.header().chain == chain => after.seq().previous(),
                    Some(after) => return Err(ReadError::NotFound(after.id().to_string())),
                };
                let numbers = std::iter::successors(newest, |seq| seq.previous());
                Box::new(numbers.map(move |seq| Ok(ledger.entry(chain, seq)?)))
            }
        };
        let documents = entries.filter_map(Result::transpose).filter(|entry| match entry {
            Ok(entry) => entry.header().kind == Kind::DOCUMENT,
            Err(_) => true,
        });
        Ok(Box::new(documents))
    }
}
