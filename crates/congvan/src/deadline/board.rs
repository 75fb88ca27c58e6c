//! What is open, kept by when it is due, so that nobody has to read every document's life to list what is late.
//!
//! A board is made from the ledger and follows its feed. It holds for each document that somebody still has to do
//! something about when its steps are due, and of how many; what is listed is read anew from the ledger, so that a
//! board that is behind never shows what is settled.

use std::collections::hash_map::Entry;
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

use super::terms::{Dates, lateness, unreceived};
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

/// What is open of a document. A board holds one for each, so it is small.
struct Steps {
    sent: Time,
    dates: Dates,
    /// Addressees who have not settled it.
    open: u32,
    /// Those among them who have not even said whether they accept it.
    unreceived: u32,
}

impl Steps {
    /// The steps that a side asks for, each with the number of addressees who owe it.
    fn due(&self, side: Side) -> impl Iterator<Item = (Step, Option<Time>, u64)> + use<> {
        let (open, unreceived) = (self.open.into(), self.unreceived.into());
        let steps = self.dates.steps().filter(move |(step, _)| side.asks(*step));
        let counted = steps.map(move |(step, at)| (step, at, if step == Step::Receive { unreceived } else { open }));
        counted.filter(|(.., count)| *count > 0)
    }
}

/// One side's open documents, and nothing of what is settled.
type Board = BTreeMap<EntryId, Steps>;

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
        let mut asked: Vec<(Key, u64)> = Vec::new();
        for (document, steps) in kept.side(side).iter() {
            for (step, at, count) in steps.due(side) {
                match lateness(step, at, now, soon) {
                    Some(Lateness::Later) if only != Some(Lateness::Later) => late.later += count,
                    Some(found) if only.is_none_or(|only| only == found) => asked.push(((at, step, *document), count)),
                    _ => {}
                }
            }
        }
        asked.sort_unstable();
        let mut read: HashMap<EntryId, Vec<DueView>> = HashMap::new();
        let mut settled = Vec::new();
        for ((_, step, document), count) in asked {
            if late.listed.len() >= limit {
                late.more += count;
                continue;
            }
            let views = match read.entry(document) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.due_now(document, side, now)?),
            };
            if views.is_empty() {
                settled.push(document);
            }
            let mut views: Vec<_> = views.iter().filter(|view| view.step == step).cloned().collect();
            views.sort_by(|a, b| a.order().cmp(&b.order()));
            let room = limit - late.listed.len();
            late.more += views.len().saturating_sub(room) as u64;
            late.listed.extend(views.into_iter().take(room));
        }
        for document in settled {
            kept.side(side).remove(&document);
        }
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
        for (step, at, count) in kept.side(side).values().flat_map(|steps| steps.due(side)) {
            if let Some(found) = lateness(step, at, now, soon) {
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
        for board in [&mut kept.received, &mut kept.sent] {
            board.retain(|_, steps| steps.sent >= since);
        }
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
        let steps = is_ours.then(|| self.open_of(entry, side)).flatten().map(|open| Steps {
            sent: open.sent,
            dates: self.0.deadlines.dates(&open.matter()),
            open: open.recipients.len() as u32,
            unreceived: open.recipients.iter().filter(|one| unreceived(one)).count() as u32,
        });
        match steps.filter(|steps| steps.due(side).next().is_some()) {
            Some(steps) => kept.side(side).insert(entry.id(), steps),
            None => kept.side(side).remove(&entry.id()),
        };
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
