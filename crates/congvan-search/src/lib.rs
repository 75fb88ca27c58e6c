//! Full-text search over the documents that an agency may read: by subject, abstract, number and notation,
//! agency and date, with and without Vietnamese accents.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use congvan_search::{Mailbox, Query, Search};
//!
//! let node = congvan::Node::builder("/var/lib/congvan").start().await?;
//! let search = Search::open(node).await?;
//! let found = search.find(&Query { mailbox: Mailbox::Inbox, text: "bao cao thu chi".into(), ..Query::default() })?;
//! println!("{} documents", found.total);
//! for hit in found.hits {
//!     println!("{} {} {}", hit.code, hit.sender_name, hit.subject);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What is found
//!
//! Text is words; every word must occur, in any order, and nothing that somebody writes is a syntax that could
//! be wrong. A word written without accents is found with any: "cong van" finds "công văn", "duong" finds "đường".
//! A word written with accents must have just those: "công" does not find "cộng". "hòa" and "hoà" are one word. The
//! last word may go on, unless a space follows it. Results are in the mailbox's order, newest first: a clerk looks for
//! a document, not for the most similar one.
//!
//! # What is kept
//!
//! The index is a copy, in the directory `search` of the node's home, and made anew from the ledger whenever it is
//! missing, damaged, of another format, or of another ledger. It holds the words of what this agency may read in the
//! clear, which the ledger holds sealed: its directory is its owner's alone (mode 0700), and belongs on an
//! encrypted disk where the agency's key does. What was never checked or is sealed to others is not in it. What
//! ceased to stand since is left out of every answer: of chains in quarantine at once, by asking the ledger; of what the
//! registrar voided as soon as the follower has read that. A document's state is not in it either, so it cannot be stale.

mod agencies;
mod follow;
mod index;
mod query;
mod words;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use congvan::Node;
use congvan::core::{AgencyCode, Roster};
use congvan::search::{FindError, Finder};
use congvan::store::StoreError;
use tokio::sync::{mpsc, oneshot, watch};

pub use congvan::search::{Found, Hit, MAX_PAGE, MAX_TEXT, Mailbox, Progress, Query};

use crate::agencies::Agencies;
use crate::follow::{Follower, Rebuild};
use crate::index::Shelf;
use crate::query::Surroundings;

/// Why something cannot be found, or the index not be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// A text of the query is too long.
    #[error("{field} has {len} bytes; at most {MAX_TEXT} are searched for: leave some words out")]
    TooLong {
        /// Which part of the query.
        field: &'static str,
        /// Its length.
        len: usize,
    },
    /// The index' directory.
    #[error("the index in {path}: {error}; it can be deleted, and is made again")]
    Directory {
        /// Where.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The index itself.
    #[error("the index of documents: {0}; it is made anew at the next start, or at once by a rebuild")]
    Index(#[from] tantivy::TantivyError),
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node was shut down.
    #[error("the node was shut down")]
    Stopped,
}

/// A node's documents, to be found. Clones share one index.
#[derive(Clone)]
pub struct Search(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) node: Node,
    shelf: RwLock<Shelf>,
    /// The last event of the feed that can be found.
    pub(crate) found: AtomicU64,
    /// The directory as it was searched last.
    agencies: Mutex<Option<(Arc<Roster>, Arc<Agencies>)>>,
    rebuilds: mpsc::Sender<Rebuild>,
}

impl Inner {
    fn shelf(&self) -> Shelf {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn put(&self, shelf: Shelf) {
        self.found.store(shelf.committed.event, Ordering::Release);
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = shelf;
    }

    fn agencies(&self) -> (Arc<Roster>, Arc<Agencies>) {
        let roster = self.node.ledger().roster();
        let mut known = self.agencies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, agencies)) = known.as_ref().filter(|(of, _)| Arc::ptr_eq(of, &roster)) {
            return (of.clone(), agencies.clone());
        }
        let agencies = Arc::new(Agencies::new(roster.agencies().map(|agency| (agency.code.as_str(), &*agency.name))));
        *known = Some((roster.clone(), agencies.clone()));
        (roster, agencies)
    }
}

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Search({:?})", self.progress())
    }
}

impl Search {
    /// Opens the index in the node's home, begins it anew where it is missing, damaged, of another format or of
    /// another ledger, and gives it to the node ([`Node::find`]). It follows the ledger in a task of its own until the
    /// node is shut down; [`Search::progress`] says how far it is.
    ///
    /// # Errors
    /// [`SearchError`] if its directory cannot be had.
    pub async fn open(node: Node) -> Result<Self, SearchError> {
        let (dir, ledger) = (node.home().search(), node.ledger().clone());
        let shelf = tokio::task::spawn_blocking(move || Shelf::open(&dir, &ledger));
        let shelf = shelf.await.map_err(|_| SearchError::Stopped)??;
        let (rebuilds, asked) = mpsc::channel(1);
        let inner = Arc::new(Inner {
            node: node.clone(),
            found: AtomicU64::new(shelf.committed.event),
            shelf: RwLock::new(shelf.clone()),
            agencies: Mutex::new(None),
            rebuilds,
        });
        let (stop, stopped) = watch::channel(false);
        let following = tokio::spawn(Follower::new(inner.clone(), shelf).run(stopped, asked));
        node.on_shutdown(async move {
            stop.send_replace(true);
            let _ = following.await;
        });
        let search = Self(inner);
        node.set_finder(Arc::new(search.clone()));
        Ok(search)
    }

    /// Looks for documents. It blocks, for some milliseconds: from asynchronous code on a thread for that.
    ///
    /// # Errors
    /// [`SearchError::TooLong`] names the part of the query; else the index cannot be read.
    pub fn find(&self, query: &Query) -> Result<Found, SearchError> {
        let node = &self.0.node;
        let (roster, agencies) = self.0.agencies();
        let code = |chain| Some(roster.agency(chain)?.code.as_str().to_owned());
        let quarantined = node.ledger().quarantined().into_iter();
        let around = Surroundings {
            agencies: &agencies,
            quarantined: quarantined.filter_map(|(chain, from)| Some((code(chain)?, from))).collect(),
            calendar: node.calendar(),
        };
        let shelf = self.0.shelf();
        let mut found = query::find(&shelf.reader.searcher(), &shelf.fields, &around, query)?;
        for hit in &mut found.hits {
            let sender = AgencyCode::new(&*hit.sender).ok();
            let sender = sender.as_ref().and_then(|code| roster.by_code(code));
            hit.sender_name = sender.map(|agency| agency.name.clone()).unwrap_or_default();
        }
        Ok(found)
    }

    /// How far the index is behind the ledger.
    pub fn progress(&self) -> Progress {
        let indexed = self.0.found.load(Ordering::Acquire);
        Progress { indexed, of: self.0.node.ledger().feed_head().max(indexed) }
    }

    /// Makes the index anew from the ledger; returns when it is. What is not there again yet is not found
    /// meanwhile.
    ///
    /// # Errors
    /// [`SearchError`] says why it could not.
    pub async fn rebuild(&self) -> Result<(), SearchError> {
        let (answer, answered) = oneshot::channel();
        self.0.rebuilds.send(answer).await.map_err(|_| SearchError::Stopped)?;
        answered.await.map_err(|_| SearchError::Stopped)?
    }
}

impl Finder for Search {
    fn find(&self, query: &Query) -> Result<Found, FindError> {
        self.find(query).map_err(|error| FindError::Failed(Box::new(error)))
    }

    fn progress(&self) -> Progress {
        self.progress()
    }
}
