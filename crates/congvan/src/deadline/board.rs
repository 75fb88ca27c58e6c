//! What is open, kept by when it is due, so that nobody has to read every document's life to list what is late.
//!
//! A board is made from the ledger and follows its feed. It holds for each document that somebody still has to do
//! something about when its steps are due, and of how many; what is listed is read anew from the ledger, so that a
//! board that is behind never shows what is settled.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use congvan_core::roster::RosterPayload;
use congvan_core::{
    ChainId, DocumentPayload, EntryId, Erasure, Kind, LinkedEntry, RosterAction, Seq, StatusPayload, Time, Wire,
};
use congvan_store::FeedItem;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::terms::{lateness, unreceived};
use super::{DAY_MS, Deadlines, DueView, Lateness, Side, Step};
use crate::node::{Node, lock};
use crate::read::ReadError;
use crate::setup;

/// Feed items looked at together.
const PAGE: usize = 1024;
/// How often a running node takes in what came.
const FOLLOWED_EVERY: Duration = Duration::from_secs(10);

/// A part of what is due.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Late {
    /// The longest overdue first.
    #[serde(rename = "due")]
    pub listed: Vec<DueView>,
    /// So many more are as late.
    pub more: u64,
    /// So many have time.
    pub later: u64,
}

/// When a step of a document is due; a date that cannot be read comes first.
type Key = (Option<Time>, Step, EntryId);

/// An open document: when it was sent, and its steps.
struct Steps {
    sent: Time,
    due: Vec<(Option<Time>, Step)>,
}

/// One side's open documents, and nothing of what is settled.
#[derive(Default)]
struct Board {
    /// Of how many addressees each step is due.
    due: BTreeMap<Key, u64>,
    of: HashMap<EntryId, Steps>,
    /// The documents by when they were sent.
    sent: BTreeSet<(Time, EntryId)>,
}

impl Board {
    fn forget(&mut self, document: EntryId) {
        let Some(Steps { sent, due }) = self.of.remove(&document) else { return };
        self.sent.remove(&(sent, document));
        for (at, step) in due {
            self.due.remove(&(at, step, document));
        }
    }

    /// What is open of a document now; nothing, where no step is.
    fn put(&mut self, document: EntryId, sent: Time, steps: Vec<(Step, Option<Time>, u64)>) {
        self.forget(document);
        if steps.is_empty() {
            return;
        }
        let due = steps.iter().map(|(step, at, _)| (*at, *step)).collect();
        self.of.insert(document, Steps { sent, due });
        self.due.extend(steps.into_iter().map(|(step, at, count)| ((at, step, document), count)));
        self.sent.insert((sent, document));
    }

    /// Drops what was sent so long ago that nobody looks at it.
    fn cut(&mut self, since: Time) {
        while let Some((_, document)) = self.sent.first().copied().filter(|(sent, _)| *sent < since) {
            self.forget(document);
        }
    }
}

/// What a board rests on besides the feed: where it changes, the board is made anew.
type Trust = Vec<(ChainId, Seq)>;

#[derive(Default)]
struct Kept {
    received: Board,
    sent: Board,
    /// The last feed number in it.
    followed: u64,
    trust: Trust,
    /// What was sent before is not in it; `None` before it is made.
    since: Option<Time>,
}

impl Kept {
    fn side(&mut self, side: Side) -> &mut Board {
        match side {
            Side::Received => &mut self.received,
            Side::Sent => &mut self.sent,
        }
    }
}

/// Both sides' boards of a node.
#[derive(Default)]
pub(crate) struct Boards(Mutex<Kept>);

/// Keeps the boards beside a node that has a network, so that whoever asks does not wait while they are made.
pub(crate) async fn run(node: Node, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(FOLLOWED_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = ticks.tick() => {}
        }
        let node = node.clone();
        let followed = tokio::task::spawn_blocking(move || node.follow(&mut lock(&node.0.boards.0), setup::now()));
        if let Ok(Err(error)) = followed.await {
            tracing::error!(%error, "what is due cannot be followed");
        }
    }
}

impl Node {
    /// What is due at a time by the node's own deadlines, the longest overdue first, at most `limit`; of a lateness
    /// given, or of all but [`Lateness::Later`]. It takes as long as its answer is, however many documents there are;
    /// the first time after a start it reads them all.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub fn late(&self, side: Side, only: Option<Lateness>, now: Time, limit: usize) -> Result<Late, ReadError> {
        let mut kept = lock(&self.0.boards.0);
        self.follow(&mut kept, now)?;
        let (soon, mut late) = (self.0.deadlines.soon_after(now), Late::default());
        let mut read: HashMap<EntryId, Vec<DueView>> = HashMap::new();
        let mut settled = Vec::new();
        for ((at, step, document), count) in &kept.side(side).due {
            let Some(found) = lateness(*step, *at, now, soon).filter(|_| side.asks(*step)) else { continue };
            if found == Lateness::Later && only != Some(Lateness::Later) {
                late.later += count;
                continue;
            }
            if only.is_some_and(|only| only != found) {
                continue;
            }
            if late.listed.len() >= limit {
                late.more += count;
                continue;
            }
            if !read.contains_key(document) {
                let views = self.due_now(*document, side, now)?;
                if views.is_empty() {
                    settled.push(*document);
                }
                read.insert(*document, views);
            }
            let mut views: Vec<_> =
                read.get(document).into_iter().flatten().filter(|view| view.step == *step).cloned().collect();
            views.sort_by(|a, b| a.order().cmp(&b.order()));
            let room = limit - late.listed.len();
            late.more += views.len().saturating_sub(room) as u64;
            late.listed.extend(views.into_iter().take(room));
        }
        settled.into_iter().for_each(|document| kept.side(side).forget(document));
        Ok(late)
    }

    /// The same by other deadlines than the node's own: it reads every document that they look back upon.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub fn late_by(
        &self,
        deadlines: &Deadlines,
        side: Side,
        only: Option<Lateness>,
        now: Time,
        limit: usize,
    ) -> Result<Late, ReadError> {
        let mut late = Late::default();
        for due in self.due(side, deadlines, now)? {
            match due.lateness {
                Lateness::Later if only != Some(Lateness::Later) => late.later += 1,
                found if only.is_some_and(|only| only != found) => {}
                _ if late.listed.len() >= limit => late.more += 1,
                _ => late.listed.push(due),
            }
        }
        Ok(late)
    }

    /// How much is due at a time, by how late it is.
    pub(crate) fn count_due(&self, side: Side, now: Time) -> Result<BTreeMap<Lateness, u64>, ReadError> {
        let mut kept = lock(&self.0.boards.0);
        self.follow(&mut kept, now)?;
        let (soon, mut counts) = (self.0.deadlines.soon_after(now), BTreeMap::new());
        for ((at, step, _), count) in &kept.side(side).due {
            if let Some(found) = lateness(*step, *at, now, soon).filter(|_| side.asks(*step)) {
                *counts.entry(found).or_default() += count;
            }
        }
        Ok(counts)
    }

    /// What is due of one document, read from the ledger.
    fn due_now(&self, document: EntryId, side: Side, now: Time) -> Result<Vec<DueView>, ReadError> {
        let mut due = Vec::new();
        if let Some(entry) = self.0.ledger.entry_by_id(document)? {
            self.due_of(&entry, side, &self.0.deadlines, now, &mut due);
        }
        Ok(due)
    }

    /// Takes in what came since, or everything where that is not enough.
    fn follow(&self, kept: &mut Kept, now: Time) -> Result<(), ReadError> {
        let ledger = &self.0.ledger;
        let since = self.0.deadlines.since(now);
        let trust = ledger.quarantined();
        let mut touched = BTreeSet::new();
        // Where this machine's clock was set back, what was dropped counts again.
        let set_back = |from: Time| since.as_millis().saturating_add(DAY_MS) < from.as_millis();
        let mut anew = kept.since.is_none_or(set_back) || kept.trust != trust;
        let mut followed = kept.followed;
        while !anew {
            let page = ledger.feed(followed, PAGE)?;
            let Some(last) = page.last() else { break };
            followed = last.number;
            for item in &page {
                anew |= self.touch(item, &mut touched)?;
            }
        }
        if anew {
            *kept = self.all_open(since)?;
            kept.trust = trust;
            return Ok(());
        }
        for document in touched {
            if let Some(entry) = ledger.entry_by_id(document)? {
                self.put_open(kept, &entry, Side::Received);
                self.put_open(kept, &entry, Side::Sent);
            }
        }
        (kept.followed, kept.since) = (followed, Some(since));
        kept.received.cut(since);
        kept.sent.cut(since);
        Ok(())
    }

    /// The documents that a feed item says something of; `true` where it may change what others say.
    fn touch(&self, item: &FeedItem, touched: &mut BTreeSet<EntryId>) -> Result<bool, ReadError> {
        let Some(entry) = self.0.ledger.entry_by_id(item.entry.id)? else { return Ok(false) };
        let Some(payload) = entry.payload() else { return Ok(false) };
        match item.kind {
            Kind::DOCUMENT => {
                touched.insert(item.entry.id);
                let links = DocumentPayload::from_bytes(payload).map(|payload| payload.cover.links.to_vec());
                touched.extend(links.unwrap_or_default().into_iter().map(|link| link.document.id));
            }
            Kind::STATUS => touched.extend(StatusPayload::from_bytes(payload).map(|said| said.cover.document.id)),
            // What was good may be so no more, or again; of what is erased nobody owes anything.
            Kind::ROSTER => match RosterPayload::from_bytes(payload).map(|payload| payload.action) {
                Ok(RosterAction::Erase { erasure, .. }) => touched.extend(erased(&erasure)),
                Ok(action) => return Ok(sets_aside(&action)),
                Err(_) => {}
            },
            Kind::ERASE => touched.extend(Erasure::from_bytes(payload).iter().flat_map(erased)),
            _ => {}
        }
        Ok(false)
    }

    /// Everything that is open.
    fn all_open(&self, since: Time) -> Result<Kept, ReadError> {
        // First, so that what comes meanwhile is looked at again.
        let mut kept = Kept { followed: self.0.ledger.feed_head(), since: Some(since), ..Kept::default() };
        let stopping = self.0.registry.stopping();
        for side in [Side::Received, Side::Sent] {
            self.each_since(side, since, |entry| {
                self.put_open(&mut kept, entry, side);
                !*stopping.borrow()
            })?;
        }
        Ok(kept)
    }

    /// Notes what is open of a document on a side, if it is this agency's there.
    fn put_open(&self, kept: &mut Kept, entry: &LinkedEntry, side: Side) {
        let own = self.0.own();
        let is_ours = match side {
            Side::Sent => entry.header().chain == own.chain,
            Side::Received => self.payload_of(entry).is_ok_and(|payload| payload.is_to(&own.code)),
        };
        if entry.header().kind != Kind::DOCUMENT {
            return;
        }
        let mut steps = Vec::new();
        if let Some(open) = is_ours.then(|| self.open_of(entry, side)).flatten() {
            for (step, at) in self.0.deadlines.dates(&open.matter()).steps().filter(|(step, _)| side.asks(*step)) {
                let concerned = open.recipients.iter().filter(|one| step != Step::Receive || unreceived(one));
                steps.push((step, at, concerned.count() as u64));
            }
        }
        steps.retain(|(.., count)| *count > 0);
        kept.side(side).put(entry.id(), entry.header().time, steps);
    }
}

/// Whether a change of the roster may change what earlier entries are worth.
fn sets_aside(action: &RosterAction) -> bool {
    match action {
        RosterAction::Suspend { .. }
        | RosterAction::Reinstate { .. }
        | RosterAction::Close { .. }
        | RosterAction::Rotate { .. }
        | RosterAction::Revoke { .. }
        | RosterAction::Resolve { .. } => true,
        RosterAction::Admit(_)
        | RosterAction::Nodes { .. }
        | RosterAction::Registrars { .. }
        | RosterAction::Rights { .. }
        | RosterAction::Certify { .. }
        | RosterAction::Witnesses(_)
        | RosterAction::Erase { .. }
        | RosterAction::Retention(_) => false,
    }
}

/// The entries that an erasure names.
fn erased(erasure: &Erasure) -> impl Iterator<Item = EntryId> + use<'_> {
    erasure.entries.iter().map(|point| point.id)
}
