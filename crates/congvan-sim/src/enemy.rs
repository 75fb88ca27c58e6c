//! What enemies do: to messages of theirs before they leave, and of their own accord.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use congvan_core::entry::HEADER_LEN;
use congvan_core::{Bounded, EntryId, Point, RosterAction, Seq, Wire};
use congvan_sync::{Announcement, Event, Ledger, Request, RequestId, Response};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

use crate::check::Violation;
use crate::node::Role;
use crate::scenario::around;
use crate::wire::{Gossip, Item, Place};
use crate::world::World;

/// Byte of a header's time: changing it changes the entry's id and keeps its form.
const TIME_AT: usize = 1 + 32 + 32 + 8 + 32;

/// Alters a range: a signature at the end, or a header in the middle.
pub(crate) fn forge(rng: &mut ChaCha20Rng, response: Response) -> Response {
    let Response::Range(entries) = response else { return response };
    let mut entries: Vec<Vec<u8>> = entries.into_vec().into_iter().map(Bounded::into_vec).collect();
    let middle = entries.len().saturating_sub(2);
    match rng.random_range(0..3) {
        0 => {
            if let Some(last) = entries.last_mut() {
                last[HEADER_LEN + 7] ^= 1;
            }
        }
        1 => entries[middle..].iter_mut().take(1).for_each(|entry| entry[TIME_AT] ^= 1),
        _ => {}
    }
    let entries = entries.into_iter().filter_map(|bytes| Bounded::new(bytes).ok()).collect();
    Bounded::new(entries).map_or(Response::NotFound, Response::Range)
}

/// Announces what nobody signed.
pub(crate) fn forge_announcement(announcement: &Announcement) -> Announcement {
    let mut announcement = announcement.clone();
    if let Announcement::Entry(signed) = &mut announcement {
        signed[HEADER_LEN + 7] ^= 1;
    }
    announcement
}

/// Claims heads that do not exist, or forgets some that do.
pub(crate) fn lie(rng: &mut ChaCha20Rng, response: Response) -> Response {
    let Response::Heads { finer, heads, listed } = response else { return response };
    let mut heads = heads.into_vec();
    for head in &mut heads {
        match rng.random_range(0..8) {
            0 => {
                let seq = head.head.map_or(1, |head| head.seq.get()) + rng.random_range(0..5);
                let id = EntryId::from_bytes([rng.random_range(0..=255); 32]);
                head.head = Seq::new(seq).map(|seq| Point { seq, id });
            }
            1 => head.quarantined = Seq::new(rng.random_range(1..10)),
            2 => head.head = None,
            _ => {}
        }
    }
    Response::Heads { finer, heads: Bounded::new(heads).unwrap_or_default(), listed }
}

/// Serves nothing of most of what was asked for, whatever was listed.
pub(crate) fn keep_back(rng: &mut ChaCha20Rng, response: Response) -> Response {
    match response {
        Response::Range(_) if rng.random_bool(0.7) => Response::NotFound,
        Response::Proof(_) => Response::Proof(None),
        other => other,
    }
}

/// What enemies keep in mind.
#[derive(Debug, Default)]
pub(crate) struct Grudge {
    /// What the replayer heard, and says again.
    heard: VecDeque<Arc<Gossip>>,
    /// What it answered, and answers again.
    told: Option<Response>,
    /// How often the flooder asked.
    asked: u64,
    /// Whom the enemies surround, and with whom it was linked before.
    eclipsed: Option<(usize, BTreeSet<usize>)>,
    /// Who goes on writing although suspended, and what its last number should be.
    outlaw: Option<(usize, u64)>,
}

/// Announcements that the replayer keeps, and how many it says again each second.
const REMEMBERED: usize = 64;
const REPEATED: usize = 5;
/// What the flooder sends to each peer in each second of its fits; how long a fit is, and how long it is from one to the next.
const FLOOD: u64 = 300;
const FIT_S: u64 = 10;
const FITS_EACH_S: u64 = 120;
const FITS_OF_A_DAY_EACH_S: u64 = 3600;

impl Grudge {
    /// Answers now and then what was asked before.
    pub(crate) fn replay(&mut self, rng: &mut ChaCha20Rng, response: Response) -> Response {
        if rng.random_bool(0.1)
            && let Some(told) = &self.told
        {
            return told.clone();
        }
        if matches!(response, Response::Range(_) | Response::Heads { .. }) {
            self.told = Some(response.clone());
        }
        response
    }

    pub(crate) fn outlaw(&self) -> Option<(usize, u64)> {
        self.outlaw
    }
}

impl World<'_> {
    /// The replayer notes what it hears.
    pub(crate) fn remember(&mut self, gossip: &Arc<Gossip>) {
        self.grudge.heard.push_back(gossip.clone());
        if self.grudge.heard.len() > REMEMBERED {
            self.grudge.heard.pop_front();
        }
    }

    /// What enemies do each second of their own accord.
    pub(crate) fn misbehave(&mut self, node: usize) {
        if !self.nodes[node].up {
            return;
        }
        match self.nodes[node].role {
            Role::Replayer => self.say_again(node),
            Role::Flooder => {
                let each = if self.scenario.day.is_some() { FITS_OF_A_DAY_EACH_S } else { FITS_EACH_S };
                if (self.now / 1000) % each < FIT_S {
                    self.flood(node);
                }
            }
            _ => {}
        }
    }

    fn say_again(&mut self, node: usize) {
        let peers: Vec<usize> = self.links[node].iter().copied().collect();
        for _ in 0..REPEATED.min(self.grudge.heard.len()) {
            let old = self.grudge.heard[self.rng.random_range(0..self.grudge.heard.len())].clone();
            for to in peers.iter().copied() {
                if let Some(at) = self.fate(node, to, old.bytes.len()) {
                    self.agenda.at(at, Item::Gossip { from: node, to, gossip: old.clone() });
                }
            }
        }
    }

    fn flood(&mut self, node: usize) {
        let place = Place { node, face: 0 };
        let life = self.nodes[node].life;
        let request = Request::Proof(self.nodes[0].chain).to_bytes();
        for to in self.links[node].clone() {
            for _ in 0..FLOOD {
                self.grudge.asked += 1;
                let id = RequestId(u64::MAX - self.grudge.asked);
                if let Some(at) = self.fate(node, to, request.len()) {
                    self.agenda.at(at, Item::Request { from: place, to, life, id, bytes: request.clone() });
                }
            }
        }
    }

    /// Enemies surround one honest node.
    pub(crate) fn begin_eclipse(&mut self) {
        let enemies: BTreeSet<usize> = (0..self.nodes.len())
            .filter(|node| !matches!(self.nodes[*node].role, Role::Honest | Role::Equivocator))
            .collect();
        if !self.scenario.eclipse || enemies.is_empty() {
            return;
        }
        let node = self.nodes.len() / 2;
        let before = self.links[node].clone();
        self.set_links(node, &enemies);
        self.grudge.eclipsed = Some((node, before));
    }

    pub(crate) fn end_eclipse(&mut self) {
        if let Some((node, before)) = self.grudge.eclipsed.take() {
            self.set_links(node, &before);
        }
    }

    fn set_links(&mut self, node: usize, to: &BTreeSet<usize>) {
        for peer in std::mem::replace(&mut self.links[node], to.clone()) {
            self.links[peer].remove(&node);
        }
        for peer in to {
            self.links[*peer].insert(node);
        }
    }

    /// One agency is suspended, takes no notice, and goes on writing.
    pub(crate) fn make_an_outlaw(&mut self) -> Result<(), Violation> {
        let Some(number) = self.nodes.iter().position(|node| node.role == Role::Outlaw) else { return Ok(()) };
        let chain = self.nodes[number].chain;
        if self.grudge.outlaw.is_none() {
            let ledger = &self.nodes[0].faces[0].ledger;
            let known = ledger.roster().agency(chain).is_some()
                && self.nodes[number].faces[0].ledger.roster().agency(chain).is_some();
            let last = ledger.head(chain).head;
            self.agenda.at(self.now + 5000, Item::Outlaw);
            if !known || !self.nodes[0].up || self.roster(RosterAction::Suspend { chain, last })?.is_none() {
                return Ok(());
            }
            self.nodes[number].faces[0].ledger.deaf = true;
            self.grudge.outlaw = Some((number, last.map_or(0, |last| last.seq.get())));
        } else if !self.healed {
            self.agenda.at(self.now + around(&mut self.rng, self.scenario.trouble_ms / 60), Item::Outlaw);
        }
        let draft = self.draft(number, 0);
        let written = self.append(number, 0, draft)?;
        self.tell(Place { node: number, face: 0 }, Event::Appended(written.into_iter().collect()))
    }
}
