//! The words of the control socket: one request, one reply, and a stream of bytes either way.
//!
//! ```text
//! frame = tag u8 ‖ length u32 little-endian ‖ bytes
//! J: a request or reply as JSON    B: a piece of the body    E: the body's end (length 0)
//! ```
//!
//! Each connection carries one request. It is for the operator's own commands on the same machine;
//! software embeds the crate or speaks HTTP.

use congvan_core::Relation;
use serde::{Deserialize, Serialize};

use crate::catalogue::{CatalogueChanges, CatalogueList, Filter, ProcedureDetail};
use crate::deadline::{Deadlines, Late, Lateness, Side};
use crate::search;
use crate::view::{AgencyView, DocumentSummary, DocumentView, EventView, NodeView, PeerView};

/// The most bytes of a JSON frame.
pub const MAX_JSON: usize = 16 * 1024 * 1024;
/// The most things due in one reply.
pub const MAX_DUE: usize = 10_000;
/// Those where nobody says how many.
const DUE_LISTED: usize = 500;

fn due_listed() -> usize {
    DUE_LISTED
}

/// The most bytes of a body frame.
pub const MAX_PIECE: usize = 256 * 1024;

/// What a document is to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationTo {
    /// It answers it.
    Answers,
    /// It recalls it.
    Recalls,
    /// It updates it.
    Updates,
    /// It stands in its place.
    Replaces,
}

impl From<RelationTo> for Relation {
    fn from(relation: RelationTo) -> Self {
        match relation {
            RelationTo::Answers => Self::Answers,
            RelationTo::Recalls => Self::Recalls,
            RelationTo::Updates => Self::Updates,
            RelationTo::Replaces => Self::Replaces,
        }
    }
}

impl From<Relation> for RelationTo {
    fn from(relation: Relation) -> Self {
        match relation {
            Relation::Answers => Self::Answers,
            Relation::Recalls => Self::Recalls,
            Relation::Updates => Self::Updates,
            Relation::Replaces => Self::Replaces,
        }
    }
}

/// A link to an earlier document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkTo {
    /// What the document is to it.
    pub relation: RelationTo,
    /// Its id, or at least eight leading digits of it.
    pub document: String,
}

/// An earlier document as a packet names it; what the packet does not say is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedDocument {
    /// What the document is to it.
    pub relation: RelationTo,
    /// Its author's id of it.
    pub document_id: String,
    /// Number and notation.
    pub code: String,
    /// Its date.
    pub date: String,
    /// The agency that promulgated it.
    pub agency: String,
}

/// What an operator's command asks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Request {
    /// The node's state.
    Node,
    /// Connected peers.
    Peers,
    /// The directory.
    Agencies,
    /// Documents addressed to this agency, newest first.
    Inbox {
        /// At most this many.
        limit: usize,
    },
    /// Documents that this agency sent, newest first.
    Outbox {
        /// At most this many.
        limit: usize,
    },
    /// One document.
    Show {
        /// Its id, or at least eight leading digits of it.
        id: String,
    },
    /// Sends a document; the body is the attachments' bytes one after another, then the skeleton's.
    Send {
        /// Addressees' codes.
        to: Vec<String>,
        /// `congvan_core::document::Content` in hexadecimal, attachments' blob numbers 0, 1, 2, …
        content: String,
        /// Lengths of the attachments in the body.
        attachments: Vec<u64>,
        /// Length of the packet's skeleton behind them; `None` without a packet.
        skeleton: Option<u64>,
        /// A retry with the same key sends once.
        key: Option<String>,
        /// Readable by everybody.
        public: bool,
        /// Earlier documents that it concerns.
        #[serde(default)]
        links: Vec<LinkTo>,
        /// Earlier documents as its packet names them; those found become links.
        #[serde(default)]
        references: Vec<NamedDocument>,
        /// Send it although what it is to recall, update or replace is not found.
        #[serde(default)]
        force: bool,
    },
    /// Reports what became of a document.
    Report {
        /// The document's id.
        id: String,
        /// Two digits.
        status: String,
        /// The id of what it answers, where several things are asked.
        #[serde(default)]
        answers: Option<String>,
        /// `congvan_core::status::StatusContent` in hexadecimal.
        content: String,
    },
    /// An attachment's bytes, as the reply's body.
    Attachment {
        /// The document's id.
        id: String,
        /// Which, from 0.
        number: usize,
    },
    /// The packet's skeleton, as the reply's body.
    Skeleton {
        /// The document's id.
        id: String,
    },
    /// A document's proof bundle, as the reply's body.
    Prove {
        /// The document's id.
        id: String,
        /// With the attachments' bytes.
        attachments: bool,
        /// The payloads as they were sent, not opened.
        sealed: bool,
        /// Only that it was sent, and what this agency said about it.
        only: Option<String>,
    },
    /// The compact form of a document's proof, as the reply's body.
    ProveCompactly {
        /// The document's id.
        id: String,
    },
    /// The document's envelope (`Content` bytes), as the reply's body.
    Envelope {
        /// The document's id.
        id: String,
    },
    /// Documents as a status packet names the one that it is about.
    Find {
        /// What it says; `relation` does not matter.
        named: NamedDocument,
    },
    /// Looks for documents by their words.
    Search(Box<search::Query>),
    /// What is late or due soon, the longest overdue first.
    Due {
        /// Of documents received, or of those sent.
        side: Side,
        /// Only what is so late; everything but what has time where left out.
        #[serde(default)]
        only: Option<Lateness>,
        /// At most so many, and at most [`MAX_DUE`].
        #[serde(default = "due_listed")]
        limit: usize,
        /// Working hours and terms; the node's own where left out.
        #[serde(default)]
        deadlines: Option<Box<Deadlines>>,
    },
    /// Waits until a document and all its attachments are here.
    WaitComplete {
        /// Its id.
        id: String,
        /// At most this long.
        timeout_ms: u64,
    },
    /// The next events of a durable named consumer; waits for at least one.
    Events {
        /// The consumer's name.
        consumer: String,
        /// At most this many.
        limit: usize,
        /// At most this long; then an empty list.
        timeout_ms: u64,
    },
    /// Moves a consumer's cursor: all up to this number were processed.
    Acknowledge {
        /// The consumer's name.
        consumer: String,
        /// The last event's number.
        number: u64,
    },
    /// An export of the whole ledger, as the reply's body.
    Export {
        /// With blobs.
        blobs: bool,
    },
    /// Takes in an exported ledger: the body.
    Import,
    /// A consistent copy of the ledger into a new directory on the node's machine.
    Backup {
        /// The directory, absolute.
        to: String,
    },
    /// Replaces this agency's keys by new ones: an entry signed by the old key.
    RotateKey,
    /// Procedures of the catalogue, by publisher and code.
    Catalogue {
        /// Which.
        filter: Filter,
        /// At most this many.
        limit: usize,
    },
    /// One procedure with its history.
    Procedure {
        /// Its code.
        code: String,
        /// Its publisher; needed where several published the code.
        publisher: Option<String>,
    },
    /// A form's bytes, as the reply's body.
    Form {
        /// The procedure's code.
        code: String,
        /// Its publisher.
        publisher: Option<String>,
        /// Which, from 0.
        number: usize,
    },
    /// What a publisher has live, whole, as the reply's body: for each procedure a length (`u32`
    /// little-endian) and the encoding of a `congvan_core::Procedure`.
    LiveProcedures {
        /// The publisher's code.
        publisher: String,
    },
    /// What changed in the catalogue after a cursor.
    CatalogueChanges {
        /// The cursor; 0 begins at the beginning.
        since: u64,
        /// At most this many.
        limit: usize,
    },
    /// Stores a form's bytes, the request's body, for a procedure that is written next.
    StoreForm {
        /// Their length.
        len: u64,
    },
    /// Changes this agency's part of the catalogue: all or none.
    ChangeCatalogue {
        /// `congvan_core::ProcedurePayload` in hexadecimal, in order.
        changes: Vec<String>,
    },
    /// Erases the content of entries of this agency, and clears it from the ledger's files.
    Erase {
        /// Their ids, or at least eight leading digits of each.
        ids: Vec<String>,
        /// `retention`, `order`, `personal-data`, `mistake` or `other`.
        reason: String,
        /// The law, decision or case.
        basis: String,
    },
    /// Adds a registrar's entry to the roster.
    Roster {
        /// The entry's bytes in hexadecimal.
        entry: String,
    },
}

/// What the node answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reply {
    /// To [`Request::Node`].
    Node(Box<NodeView>),
    /// To [`Request::Peers`].
    Peers {
        /// Them.
        peers: Vec<PeerView>,
    },
    /// To [`Request::Agencies`].
    Agencies {
        /// Them.
        agencies: Vec<AgencyView>,
    },
    /// To [`Request::Inbox`] and [`Request::Outbox`].
    Documents {
        /// Them.
        documents: Vec<DocumentSummary>,
    },
    /// To [`Request::Find`]: ids, oldest first.
    Found {
        /// Them.
        ids: Vec<String>,
    },
    /// To [`Request::Search`].
    Searched(search::Found),
    /// To [`Request::Due`].
    Due(Late),
    /// To [`Request::Show`] and [`Request::WaitComplete`].
    Document(Box<DocumentView>),
    /// To [`Request::Send`], [`Request::Report`], [`Request::RotateKey`] and [`Request::Roster`]: it
    /// is durable.
    Written {
        /// The entry's id.
        id: String,
        /// The agency's code; empty for the roster.
        agency: String,
        /// The number in its chain.
        number: u64,
    },
    /// To [`Request::Show`], of a document whose content was erased.
    Erased(Box<DocumentSummary>),
    /// To [`Request::Erase`]: it is durable.
    ErasureWritten {
        /// The erasing entries' numbers in this agency's chain; none where all was erased already.
        numbers: Vec<u64>,
        /// Entries and attachments that were cleared from files.
        cleared: u64,
    },
    /// To [`Request::Events`].
    Events {
        /// Them.
        events: Vec<EventView>,
    },
    /// To [`Request::Catalogue`].
    Catalogue(CatalogueList),
    /// To [`Request::Procedure`].
    Procedure(Box<ProcedureDetail>),
    /// To [`Request::CatalogueChanges`].
    CatalogueChanges(CatalogueChanges),
    /// To [`Request::StoreForm`].
    Form {
        /// The BLAKE3 hash of the form's bytes.
        blob: String,
        /// Their length.
        len: u64,
    },
    /// To [`Request::ChangeCatalogue`]: all are durable.
    CatalogueChanged {
        /// Their numbers in this agency's chain, in order.
        numbers: Vec<u64>,
    },
    /// To [`Request::Import`].
    Imported {
        /// Entries that were new.
        entries: u64,
        /// Blobs that became whole.
        blobs: u64,
    },
    /// Done; a body may follow.
    Done,
    /// It failed.
    Error {
        /// What, where, and what to do, in English.
        message: String,
        /// The same in Vietnamese, for what a clerk may do wrong.
        #[serde(default)]
        message_vi: Option<String>,
        /// Whether waiting and asking again may help.
        retry: bool,
    },
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_due_is_asked_and_answered_in_the_words_of_those_who_embed() {
        let asked: Request = serde_json::from_str(r#"{"ask": "due", "side": "received"}"#).unwrap();
        assert!(matches!(asked, Request::Due { side: Side::Received, only: None, limit: DUE_LISTED, deadlines: None }));
        let answered = serde_json::to_value(Reply::Due(Late::default())).unwrap();
        assert_eq!(answered, serde_json::json!({"reply": "due", "due": [], "more": 0, "later": 0}));
    }
}
