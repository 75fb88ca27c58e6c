//! The registry: what a clerk's register of documents does by itself. It knows documents by the ids that
//! their authors gave them, and reports 01, arrived, once a document is here in full.
//!
//! Both follow the feed with durable cursors, and doing again what was done changes nothing: a crash
//! anywhere leads to no second 01 and no missing index. An 01 is looked for in the ledger, not remembered.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use congvan_core::document::{Reference, Relation};
use congvan_core::status::StatusNote;
use congvan_core::{DocumentPayload, EntryRef, Envelope, Kind, Link, StatusCode, Wire};
use congvan_store::{FeedItem, Ledger, StoreError};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::gate::Gate;
use crate::node::{Node, Own, Shared, lock};
use crate::read::ReadError;
use crate::report::LifeError;
use crate::search::Readable;
use crate::send::SendError;

/// The consumer under whose name the node follows its feed for the index.
const INDEX: &str = "\u{0}documents";
/// And for arrivals.
const ARRIVALS: &str = "\u{0}arrivals";
/// Feed items looked at together.
const PAGE: usize = 256;
/// Arrivals reported at the same time, so that they share the disk's syncs.
const AT_ONCE: usize = 32;
/// When what could not be reported is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// The registry's part of the node's state.
pub(crate) struct Registry {
    /// The last feed number in the index.
    indexed: Mutex<u64>,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Registry {
    pub(crate) fn new(ledger: &Ledger) -> Result<Self, StoreError> {
        let (stop, task) = (watch::Sender::new(false), Mutex::new(None));
        Ok(Self { indexed: Mutex::new(ledger.cursor(INDEX)?), stop, task })
    }

    /// Ends the task after what it is writing.
    pub(crate) async fn stop(&self) {
        self.stop.send_replace(true);
        let task = lock(&self.task).take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

/// Runs the registry beside a node that has a network.
pub(crate) fn spawn(node: &Node, report_arrival: bool) {
    let task = tokio::spawn(run(node.clone(), report_arrival));
    *lock(&node.0.registry.task) = Some(task);
}

async fn run(node: Node, report_arrival: bool) {
    let mut stop = node.0.registry.stop.subscribe();
    let (mut arrivals, mut gate) = (node.0.arrivals.subscribe(), node.0.gate.subscribe());
    let mut desk = match node.0.ledger.cursor(ARRIVALS) {
        Ok(looked) => Desk { looked, settled: looked, open: BTreeMap::new() },
        Err(error) => return tracing::error!(%error, "the registry cannot start"),
    };
    while !*stop.borrow_and_update() {
        arrivals.mark_unchanged();
        gate.mark_unchanged();
        let indexing = node.clone();
        match tokio::task::spawn_blocking(move || indexing.index()).await {
            Ok(Err(error)) => tracing::error!(%error, "documents cannot be indexed"),
            Ok(Ok(())) => {}
            Err(_) => return,
        }
        let left = match report_arrival {
            true => desk.serve(&node).await,
            false => false,
        };
        tokio::select! {
            _ = stop.changed() => {}
            _ = arrivals.changed() => {}
            _ = gate.changed() => {}
            () = tokio::time::sleep(RETRY), if left => {}
        }
    }
}

/// Documents on their way to being reported.
struct Desk {
    /// The last feed number looked at.
    looked: u64,
    /// What the durable cursor holds.
    settled: u64,
    /// Documents by feed number that are not reported yet.
    open: BTreeMap<u64, EntryRef>,
}

impl Desk {
    /// Reports what is complete. `true` where something is to be tried again.
    async fn serve(&mut self, node: &Node) -> bool {
        let (n, desk) = (node.clone(), std::mem::replace(self, Desk { looked: 0, settled: 0, open: BTreeMap::new() }));
        let ready = match tokio::task::spawn_blocking(move || desk.look(&n)).await {
            Ok((desk, ready)) => {
                *self = desk;
                ready
            }
            Err(_) => return false,
        };
        let mut left = false;
        for some in ready.chunks(AT_ONCE) {
            // While it is closed, nothing waits at it; it wakes the registry when it opens.
            if node.gate() != Gate::Open || *node.0.registry.stop.borrow() {
                break;
            }
            let mut reports = JoinSet::new();
            for (number, document) in some.iter().copied() {
                let node = node.clone();
                reports.spawn(async move { (number, arrived(&node, document).await) });
            }
            for (number, done) in reports.join_all().await {
                match done {
                    true => drop(self.open.remove(&number)),
                    false => left = true,
                }
            }
        }
        self.settle(&node.0);
        left
    }

    /// Follows the feed, and finds what is here in full.
    fn look(mut self, node: &Node) -> (Self, Vec<(u64, EntryRef)>) {
        let own = node.0.own();
        loop {
            match node.0.ledger.feed(self.looked, PAGE) {
                Ok(page) if page.is_empty() => break,
                Ok(page) => {
                    for FeedItem { number, entry, kind } in page {
                        self.looked = number;
                        if kind == Kind::DOCUMENT {
                            self.open.insert(number, entry);
                        }
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the feed cannot be followed for arrivals");
                    break;
                }
            }
        }
        let mut ready = Vec::new();
        self.open.retain(|number, document| match node.here(&own, *document) {
            Some(true) => {
                ready.push((*number, *document));
                true
            }
            Some(false) => true,
            None => false,
        });
        (self, ready)
    }

    /// Moves the cursor up to the first document that is still open.
    fn settle(&mut self, shared: &Shared) {
        let settled = self.open.keys().next().map_or(self.looked, |first| first - 1);
        if settled <= self.settled {
            return;
        }
        match shared.ledger.set_cursor(ARRIVALS, settled) {
            Ok(()) => self.settled = settled,
            Err(error) => tracing::error!(%error, "the arrivals' cursor cannot be written"),
        }
    }
}

/// Reports one arrival; `false` where it is to be tried again.
async fn arrived(node: &Node, document: EntryRef) -> bool {
    let id = document.id.to_string();
    match node.report(&id, StatusCode::Arrived, StatusNote::default()).await {
        Ok(_) => true,
        // Somebody, or this node before a crash, has said it, or more.
        Err(SendError::Life(LifeError::Breach { .. })) => true,
        Err(
            error @ (SendError::NotYet(_)
            | SendError::Refused(_)
            | SendError::Stopping
            | SendError::Append(_)
            | SendError::Store(_)
            | SendError::Read(ReadError::Store(_))),
        ) => {
            tracing::debug!(document = id, %error, "an arrival is to be reported later");
            false
        }
        Err(error) => {
            tracing::warn!(document = id, %error, "an arrival cannot be reported");
            true
        }
    }
}

impl Node {
    /// Whether a document that is addressed to this agency is here in full and stands; `None` where it
    /// is not addressed to it, or is no longer there.
    fn here(&self, own: &Own, document: EntryRef) -> Option<bool> {
        let ledger = &self.0.ledger;
        let entry = ledger.entry(document.chain, document.seq).ok()??;
        let payload = DocumentPayload::from_bytes(entry.payload()?).ok()?;
        if entry.id() != document.id || !payload.is_to(&own.code) {
            return None;
        }
        let quarantined = ledger.status(document.chain).quarantined.is_some_and(|from| document.seq >= from.from);
        Some(!quarantined && payload.cover.blobs.iter().all(|blob| ledger.has_blob(blob)))
    }

    /// The documents to which their authors gave this id (edXML `DocumentId`), oldest first: those that
    /// this agency sent or received. An author may use an id again, as when it sends a document anew.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub fn find_by_document_id(&self, document_id: &str) -> Result<Vec<EntryRef>, ReadError> {
        self.found(&id_key(document_id))
    }

    /// The documents that a packet names: by id, and where none has that id, by code, date and agency.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub fn find_by_reference(&self, named: &Reference) -> Result<Vec<EntryRef>, ReadError> {
        let by_id = match named.document_id.trim() {
            "" => Vec::new(),
            id => self.find_by_document_id(id)?,
        };
        if !by_id.is_empty() || named.code.trim().is_empty() || named.date.trim().is_empty() {
            return Ok(by_id);
        }
        let roster = self.0.ledger.roster();
        let mut found = Vec::new();
        for reference in self.found(&code_key(&named.code))? {
            let agency = roster.agency(reference.chain).map(|agency| agency.code.to_string()).unwrap_or_default();
            let Some(Readable { envelope, .. }) = self.readable(reference)? else { continue };
            let agrees = |said: &str, known: &str| said.is_empty() || said == known;
            if agrees(named.agency.trim(), &agency) && named.date.trim() == envelope.promulgated.trim() {
                found.push(reference);
            }
        }
        Ok(found)
    }

    /// Links for what a packet refers to. What it answers and is not here stays text.
    pub(crate) fn resolve(
        &self,
        own: &Own,
        references: &[(Relation, Reference)],
        force: bool,
    ) -> Result<Vec<Link>, SendError> {
        let mut links = Vec::new();
        for (relation, named) in references {
            let mut found = self.find_by_reference(named)?;
            if *relation != Relation::Answers {
                found.retain(|document| document.chain == own.chain);
            }
            if found.is_empty() && *relation != Relation::Answers && !force {
                let parts = [&*named.document_id, &*named.code, &*named.date, &*named.agency];
                let named = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
                return Err(LifeError::NoTarget { relation: *relation, named }.into());
            }
            links.extend(found.into_iter().map(|document| Link { relation: *relation, document }));
        }
        Ok(links)
    }

    /// What stands under a key of the index, oldest first.
    fn found(&self, key: &[u8]) -> Result<Vec<EntryRef>, ReadError> {
        self.index()?;
        let mut found = Vec::new();
        for reference in self.0.ledger.local_entries(key)? {
            if let Some(entry) = self.0.ledger.entry_by_id(reference.id)? {
                found.push((entry.header().time, reference));
            }
        }
        found.sort();
        Ok(found.into_iter().map(|(_, reference)| reference).collect())
    }

    /// Takes into the index what came into the feed since.
    fn index(&self) -> Result<(), StoreError> {
        let ledger = &self.0.ledger;
        let mut indexed = lock(&self.0.registry.indexed);
        loop {
            let page = ledger.feed(*indexed, PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            let mut keyed = Vec::new();
            for item in page.iter().filter(|item| item.kind == Kind::DOCUMENT) {
                // What this agency cannot read has no id that it could know.
                let Ok(Some(Readable { envelope, .. })) = self.readable(item.entry) else { continue };
                let code = code_of(&envelope);
                let id = envelope.document_id.trim();
                let keys = [(id, id_key(id)), (&code, code_key(&code))];
                let keys = keys.into_iter().filter(|(text, _)| !text.is_empty());
                keyed.extend(keys.map(|(_, key)| ([&key, item.entry.id.as_bytes().as_slice()].concat(), item.entry)));
            }
            // Statuses alone are looked at again after a start: cheaper than a write for each.
            if !keyed.is_empty() || page.len() == PAGE {
                ledger.advance(INDEX, last.number, &keyed)?;
            }
            *indexed = last.number;
        }
    }
}

/// Number and notation as one text: "123/BC-UBND".
pub(crate) fn code_of(envelope: &Envelope) -> String {
    match (envelope.number.is_empty(), envelope.notation.is_empty()) {
        (false, false) => format!("{}/{}", envelope.number, envelope.notation),
        _ => format!("{}{}", envelope.number, envelope.notation),
    }
}

/// Hashed, so that no text can be the beginning of another.
fn id_key(document_id: &str) -> Vec<u8> {
    [b"document-id\0".as_slice(), blake3::hash(document_id.trim().as_bytes()).as_bytes()].concat()
}

fn code_key(code: &str) -> Vec<u8> {
    [b"document-code\0".as_slice(), blake3::hash(code.trim().as_bytes()).as_bytes()].concat()
}
