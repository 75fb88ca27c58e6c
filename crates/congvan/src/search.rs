//! Finding documents by what is written in them: what is asked, what is found, and the place where a
//! node keeps its searcher. The searcher itself is the crate `congvan-search`; a node runs without one.

use std::sync::Arc;

use congvan_core::{ChainId, Cover, EntryRef, Envelope, Kind, Time};
use congvan_store::StoreError;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::deadline::Calendar;
use crate::node::{Node, lock};
use crate::registry::code_of;
use crate::setup::Home;

/// The most documents of one answer.
pub const MAX_PAGE: usize = 100;
/// The most bytes of each text of a [`Query`].
pub const MAX_TEXT: usize = 512;

/// Which documents are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mailbox {
    /// Those addressed to this agency.
    #[default]
    Inbox,
    /// Those that it sent.
    Outbox,
    /// Both, and public documents of others where the node keeps them.
    All,
}

/// What is looked for. What is empty restricts nothing, so that an empty query is the mailbox itself.
///
/// ```
/// use congvan::search::{Mailbox, Query};
/// let query = Query { mailbox: Mailbox::All, text: "báo cáo thu".into(), ..Query::default() };
/// assert_eq!(query.limit, congvan::search::MAX_PAGE);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Where.
    pub mailbox: Mailbox,
    /// Words of subject, abstract, number and notation, or of an agency's name or code; each must occur. The
    /// last one may be a beginning. At most [`MAX_TEXT`] bytes.
    pub text: String,
    /// Words of number and notation, "123/BC-UBND"; each must occur. At most [`MAX_TEXT`] bytes.
    pub code: String,
    /// Code or name of the agency at the other end. At most [`MAX_TEXT`] bytes.
    pub agency: String,
    /// The first day, on this node's calendar.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
    /// So many of the newest are left out.
    pub offset: usize,
    /// At most so many, and never more than [`MAX_PAGE`].
    pub limit: usize,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            mailbox: Mailbox::default(),
            text: String::new(),
            code: String::new(),
            agency: String::new(),
            from: None,
            to: None,
            offset: 0,
            limit: MAX_PAGE,
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// How many there are in all.
    pub total: usize,
    /// Those asked for, newest first.
    pub hits: Vec<Hit>,
}

/// One document. What became of it is not here: [`Node::document`] says that as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// Its id, 64 hexadecimal digits.
    pub id: String,
    /// Subject.
    pub subject: String,
    /// Number and notation.
    pub code: String,
    /// The sender's code.
    pub sender: String,
    /// The sender's name in the roster.
    pub sender_name: String,
    /// How many addressees it has.
    pub recipients: usize,
    /// When, by the sender's clock: milliseconds since 1970.
    pub time: u64,
    /// Whether this agency sent it.
    pub own: bool,
}

/// How far an index is behind the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Events of the node's feed that can be found.
    pub indexed: u64,
    /// Events that there are.
    pub of: u64,
}

impl Progress {
    /// Events that cannot be found yet.
    pub fn behind(self) -> u64 {
        self.of.saturating_sub(self.indexed)
    }
}

/// A text of a query that is too long.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} has {len} bytes; at most {MAX_TEXT} are searched for: leave some words out")]
pub struct TooLong {
    /// Which part of the query.
    pub field: &'static str,
    /// Its length.
    pub len: usize,
}

impl Query {
    /// Whether its texts keep to [`MAX_TEXT`].
    ///
    /// # Errors
    /// [`TooLong`] names the first that does not.
    pub fn check(&self) -> Result<(), TooLong> {
        let texts = [("text", &self.text), ("code", &self.code), ("agency", &self.agency)];
        match texts.into_iter().find(|(_, text)| text.len() > MAX_TEXT) {
            Some((field, text)) => Err(TooLong { field, len: text.len() }),
            None => Ok(()),
        }
    }
}

/// Why nothing is found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// The node has no index.
    #[error("this node keeps no index to search: set search = true in its configuration and start it again")]
    Off,
    /// The query.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// The searcher says so.
    #[error(transparent)]
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl FindError {
    /// The same for a clerk; `None` for what is none of a clerk's business.
    pub fn vietnamese(&self) -> Option<String> {
        Some(match self {
            Self::Off => {
                "nút này không lập chỉ mục để tìm kiếm: hãy đặt search = true trong cấu hình rồi chạy lại".to_owned()
            }
            Self::TooLong(TooLong { field, len }) => {
                format!("{field} có {len} byte, chỉ tìm được tối đa {MAX_TEXT}: hãy bớt từ")
            }
            Self::Failed(_) => return None,
        })
    }
}

/// What finds documents for a node.
pub trait Finder: Send + Sync {
    /// Looks for documents; blocks.
    ///
    /// # Errors
    /// [`FindError::Failed`].
    fn find(&self, query: &Query) -> Result<Found, FindError>;

    /// How far it is behind.
    fn progress(&self) -> Progress;
}

/// A document as its reader may index it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readable {
    /// The chain of its sender.
    pub chain: ChainId,
    /// When, by its sender's clock.
    pub time: Time,
    /// What everybody sees of it.
    pub cover: Cover,
    /// What its readers read.
    pub envelope: Envelope,
}

impl Readable {
    /// Number and notation as one text: "123/BC-UBND".
    pub fn code(&self) -> String {
        code_of(&self.envelope)
    }
}

impl Node {
    /// Gives the node a searcher; the one before is dropped, and this one when the node is shut down.
    pub fn set_finder(&self, finder: Arc<dyn Finder>) {
        *lock(&self.0.finder) = Some(finder);
    }

    /// Whether, and how far, the index of documents follows the ledger; `None` without one.
    pub fn search_progress(&self) -> Option<Progress> {
        let finder = lock(&self.0.finder).clone();
        finder.map(|finder| finder.progress())
    }

    /// Looks for documents; blocks.
    ///
    /// # Errors
    /// [`FindError::Off`] for a node without a searcher.
    pub fn find(&self, query: &Query) -> Result<Found, FindError> {
        let finder = lock(&self.0.finder).clone();
        query.check()?;
        finder.ok_or(FindError::Off)?.find(query)
    }

    /// A document that came up in the feed, as this agency reads it; `None` where it stands in its chain no
    /// longer, was erased, or is sealed to others. Its signature was checked before it entered the feed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn readable(&self, document: EntryRef) -> Result<Option<Readable>, StoreError> {
        let Some(entry) = self.0.ledger.entry(document.chain, document.seq)? else { return Ok(None) };
        if entry.id() != document.id || entry.header().kind != Kind::DOCUMENT {
            return Ok(None);
        }
        let Ok(payload) = self.payload_of(&entry) else { return Ok(None) };
        let Ok(envelope) = self.open(&self.0.own(), &entry, &payload) else { return Ok(None) };
        Ok(Some(Readable { chain: document.chain, time: entry.header().time, cover: payload.cover, envelope }))
    }

    /// The working hours and the clock of this node's agency.
    pub fn calendar(&self) -> &Calendar {
        &self.0.deadlines.calendar
    }
}

impl Home {
    /// The index of documents, which can be deleted at any time: it is made again from the ledger.
    pub fn search(&self) -> std::path::PathBuf {
        self.dir().join("search")
    }
}
