//! Following the node's feed into the index, in rounds: each takes in what is there and makes it durable.
//!
//! Whatever fails, the index is opened again as it was committed last, as after a crash: its cursor is in the
//! same commit, so that what came after is indexed anew and nothing is left out.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use congvan::core::roster::RosterPayload;
use congvan::core::{ChainId, EntryRef, Kind, Seq, Wire};
use congvan::store::FeedItem;
use rayon::prelude::*;
use tantivy::collector::DocSetCollector;
use tantivy::query::TermQuery;
use tantivy::schema::{IndexRecordOption, Value};
use tantivy::{IndexWriter, TantivyDocument, Term};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::index::{self, Cursor, PAGE, Shelf};
use crate::{Inner, SearchError};

/// Documents after which a commit is made though more wait: what is read again after a crash.
const COMMIT_EVERY: usize = 20_000;
/// Feed items without documents after which a commit is made, so that they are not read again at each start.
const SKIP_AT_MOST: u64 = 100_000;
/// The least time between the beginnings of two rounds: a commit takes the disk some milliseconds.
const PACE: Duration = Duration::from_millis(200);
/// When what failed is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// Somebody wants the index made anew, and to know when it is.
pub(crate) type Rebuild = oneshot::Sender<Result<(), SearchError>>;

pub(crate) struct Follower {
    inner: Arc<Inner>,
    shelf: Shelf,
    writer: Option<IndexWriter>,
    cursor: Cursor,
    /// Documents that wait for a commit.
    pending: usize,
    /// The last round failed.
    failed: bool,
    /// Documents were taken out whose words must leave the files as well.
    erased: bool,
}

impl Follower {
    pub(crate) fn new(inner: Arc<Inner>, shelf: Shelf) -> Self {
        let cursor = shelf.committed;
        Self { inner, shelf, writer: None, cursor, pending: 0, failed: false, erased: true }
    }

    /// Follows until it is told to stop.
    pub(crate) async fn run(mut self, mut stop: watch::Receiver<bool>, mut rebuilds: mpsc::Receiver<Rebuild>) {
        let mut changes = self.inner.node.changes();
        let mut asked: Option<Rebuild> = None;
        while !*stop.borrow_and_update() {
            changes.mark_unchanged();
            let (began, stopping, anew) = (Instant::now(), stop.clone(), asked.is_some());
            let round = tokio::task::spawn_blocking(move || {
                let done = self.round(anew, &stopping);
                (self, done)
            });
            // A round that panicked has taken its writer with it; there is nothing to go on with.
            let Ok((follower, done)) = round.await else { return };
            self = follower;
            let failed = done.is_err();
            if let Err(error) = &done {
                tracing::error!(%error, "the index of documents cannot be followed; it is tried again");
            }
            if let Some(asked) = asked.take() {
                let _ = asked.send(done);
            }
            tokio::select! {
                _ = stop.changed() => {}
                next = rebuilds.recv() => asked = next,
                _ = changes.changed(), if !failed => {
                    tokio::select! {
                        _ = stop.changed() => {}
                        () = tokio::time::sleep_until(began + PACE) => {}
                    }
                }
                () = tokio::time::sleep(RETRY), if failed => {}
            }
        }
    }

    fn round(&mut self, anew: bool, stop: &watch::Receiver<bool>) -> Result<(), SearchError> {
        let done = self.prepare(anew).and_then(|()| self.catch_up(stop));
        self.failed = done.is_err();
        if self.failed {
            self.writer = None;
        }
        done
    }

    /// Begins anew, or where the last round ended if that was well.
    fn prepare(&mut self, anew: bool) -> Result<(), SearchError> {
        if self.writer.is_some() && !anew {
            return Ok(());
        }
        // The lock in the directory is the old writer's until it is gone.
        self.writer = None;
        let dir = self.shelf.dir().to_owned();
        if anew {
            self.shelf = Shelf::create(&dir)?;
        } else if self.failed {
            self.shelf = Shelf::open(&dir, self.inner.node.ledger())?;
        }
        self.cursor = self.shelf.committed;
        self.pending = 0;
        self.writer = Some(self.shelf.writer()?);
        self.inner.put(self.shelf.clone());
        Ok(())
    }

    fn catch_up(&mut self, stop: &watch::Receiver<bool>) -> Result<(), SearchError> {
        let inner = self.inner.clone();
        while !*stop.borrow() {
            let page = inner.node.ledger().feed(self.cursor.event, PAGE)?;
            if page.is_empty() {
                break;
            }
            self.take(&page)?;
            if self.pending >= COMMIT_EVERY || self.cursor.event - self.shelf.committed.event >= SKIP_AT_MOST {
                self.commit()?;
            }
        }
        if self.pending > 0 {
            self.commit()?;
        }
        if self.erased {
            self.clear()?;
        }
        inner.found.store(self.cursor.event, Ordering::Release);
        Ok(())
    }

    fn take(&mut self, page: &[FeedItem]) -> Result<(), SearchError> {
        let inner = self.inner.clone();
        // Opening a seal takes longer than all the rest.
        let read = page.par_iter().map(|item| match item.kind {
            Kind::DOCUMENT => inner.node.readable(item.entry),
            _ => Ok(None),
        });
        let read: Vec<_> = read.collect::<Result<_, _>>()?;
        let (roster, own) = (inner.node.ledger().roster(), inner.node.code());
        for (item, readable) in page.iter().zip(read) {
            let EntryRef { chain, seq, id } = item.entry;
            let sender = roster.agency(chain).map(|agency| &agency.code);
            if let (Some(readable), Some(sender), Some(writer)) = (readable, sender, &self.writer) {
                let ends = (sender, &own);
                let document = index::document(&self.shelf.fields, id, seq.get(), item.number, ends, &readable);
                // What was set aside may come again.
                writer.delete_term(index::named(&self.shelf.fields, id));
                writer.add_document(document)?;
                self.pending += 1;
            }
            if item.kind == Kind::ROSTER {
                self.sweep(item.entry)?;
            }
            if matches!(item.kind, Kind::ROSTER | Kind::ERASE) {
                self.forget(item.entry)?;
            }
            self.cursor = self.cursor.past(item.number, id);
        }
        Ok(())
    }

    /// Takes out what no longer stands since an entry of the roster.
    fn sweep(&mut self, entry: EntryRef) -> Result<(), SearchError> {
        let ledger = self.inner.node.ledger();
        let action = ledger.entry(entry.chain, entry.seq)?.and_then(|entry| {
            let payload = RosterPayload::from_bytes(entry.payload()?).ok()?;
            payload.action.chain()
        });
        let Some(chain) = action else { return Ok(()) };
        let roster = ledger.roster();
        let Some(sender) = roster.agency(chain) else { return Ok(()) };
        // What waits is searched like the rest.
        self.commit()?;
        let fields = &self.shelf.fields;
        let searcher = self.shelf.reader.searcher();
        let sent = Term::from_field_text(fields.sender, sender.code.as_str());
        for address in searcher.search(&TermQuery::new(sent, IndexRecordOption::Basic), &DocSetCollector)? {
            let document: TantivyDocument = searcher.doc(address)?;
            let number = document.get_first(fields.number).and_then(|value| value.as_u64());
            let id = document.get_first(fields.id).and_then(|value| value.as_str()).unwrap_or_default();
            if !self.stands(chain, number, id)?
                && let Some(writer) = &self.writer
            {
                writer.delete_term(Term::from_field_text(fields.id, id));
                self.pending += 1;
            }
        }
        Ok(())
    }

    /// Takes out what an entry erases.
    fn forget(&mut self, entry: EntryRef) -> Result<(), SearchError> {
        for id in self.inner.node.erased_entries(entry)? {
            if let Some(writer) = &self.writer {
                writer.delete_term(index::named(&self.shelf.fields, id));
                self.pending += 1;
                self.erased = true;
            }
        }
        Ok(())
    }

    /// Writes the files anew that hold what was taken out: the index keeps it there otherwise until it merges them.
    fn clear(&mut self) -> Result<(), SearchError> {
        if let Some(writer) = &mut self.writer {
            self.erased = !self.shelf.clear(writer)?;
        }
        Ok(())
    }

    fn stands(&self, chain: ChainId, number: Option<u64>, id: &str) -> Result<bool, SearchError> {
        let Some(number) = number.and_then(Seq::new) else { return Ok(false) };
        let entry = self.inner.node.ledger().entry(chain, number)?;
        Ok(entry.is_some_and(|entry| entry.id().to_string() == id))
    }

    fn commit(&mut self) -> Result<(), SearchError> {
        if let Some(writer) = &mut self.writer {
            index::commit(writer, &self.shelf.reader, self.cursor)?;
            self.shelf.committed = self.cursor;
            self.pending = 0;
            self.inner.found.store(self.cursor.event, Ordering::Release);
        }
        Ok(())
    }
}
