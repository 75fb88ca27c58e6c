//! The simulated network: who can reach whom, when a message arrives, and what it brings.

use std::collections::BTreeSet;
use std::sync::Arc;

use congvan_core::Wire;
use congvan_sync::{Announcement, AnnouncementId, Event};
use rand::RngExt;

use crate::check::Violation;
use crate::enemy;
use crate::node::{Role, node_key};
use crate::wire::{Asked, Gossip, Item, Place};
use crate::world::{TIMEOUT_MS, World};

/// A node's own line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// Milliseconds that a message takes, at least and at most.
    pub(crate) least_ms: u64,
    pub(crate) most_ms: u64,
    /// Of 1000 messages, those lost.
    pub(crate) loss: u32,
    pub(crate) bytes_per_ms: u64,
}

impl World<'_> {
    /// When a message arrives; `None` if it is lost.
    pub(crate) fn fate(&mut self, from: usize, to: usize, bytes: usize) -> Option<u64> {
        if self.nodes[from].role == Role::Honest {
            self.report.messages += 1;
            self.report.bytes += bytes as u64;
        }
        self.watch.sent(from, self.now);
        let line = self.line(from, to);
        let lost = self.rng.random_range(0..1000) < line.loss;
        let carried = bytes as u64 / line.bytes_per_ms.max(1);
        let at = self.now + self.rng.random_range(line.least_ms..=line.most_ms) + carried;
        (!lost && self.reachable(from, to)).then_some(at)
    }

    /// The line between two nodes: as bad as the worse of their own.
    fn line(&self, a: usize, b: usize) -> Line {
        let (a, b) = (self.lines[a], self.lines[b]);
        Line {
            least_ms: a.least_ms.max(b.least_ms),
            most_ms: a.most_ms.max(b.most_ms),
            loss: a.loss.max(b.loss),
            bytes_per_ms: a.bytes_per_ms.min(b.bytes_per_ms),
        }
    }

    /// An announcement with its number.
    pub(crate) fn numbered(&mut self, announcement: &Announcement) -> Arc<Gossip> {
        let next = self.numbers.len();
        let number = *self.numbers.entry(announcement.id()).or_insert(next);
        Arc::new(Gossip { number, bytes: announcement.to_bytes() })
    }

    /// Passes an announcement on to all peers but the one that it came from.
    pub(crate) fn spread(&mut self, place: Place, except: Option<usize>, gossip: &Arc<Gossip>) {
        let face = &mut self.nodes[place.node].faces[place.face];
        face.seen.insert(gossip.number);
        let mut gossip = gossip.clone();
        if self.nodes[place.node].role == Role::Forger
            && self.rng.random_bool(0.3)
            && let Ok(announcement) = Announcement::from_bytes(&gossip.bytes)
        {
            gossip = self.numbered(&enemy::forge_announcement(&announcement));
        }
        if self.nodes[place.node].role == Role::Replayer {
            self.remember(&gossip);
        }
        let peers: Vec<usize> = self.links[place.node].iter().copied().filter(|peer| Some(*peer) != except).collect();
        for to in peers {
            if self.face_for(place.node, to) != place.face || !self.reachable(place.node, to) {
                continue;
            }
            let copies = if self.rng.random_range(0..1000) < self.scenario.repeats { 2 } else { 1 };
            for _ in 0..copies {
                if let Some(at) = self.fate(place.node, to, gossip.bytes.len()) {
                    self.agenda.at(at, Item::Gossip { from: place.node, to, gossip: gossip.clone() });
                }
            }
        }
    }

    pub(crate) fn face_for(&self, node: usize, peer: usize) -> usize {
        if self.nodes[node].faces.len() > 1 { peer % 2 } else { 0 }
    }

    pub(crate) fn reachable(&self, a: usize, b: usize) -> bool {
        self.nodes[a].up
            && self.nodes[b].up
            && self.group[a] == self.group[b]
            && !(self.cut[a] || self.cut[b])
            && self.links[a].contains(&b)
    }

    /// Tells nodes of connections that came and went.
    pub(crate) fn relink(&mut self) -> Result<(), Violation> {
        (0..self.nodes.len()).try_for_each(|a| self.relink_to(a, |_| true))
    }

    /// The same where only connections of one node can have changed.
    pub(crate) fn relink_one(&mut self, node: usize) -> Result<(), Violation> {
        let mut ends = self.neighbours(node);
        ends.insert(node);
        ends.into_iter().try_for_each(|a| self.relink_to(a, |b| a == node || b == node))
    }

    fn neighbours(&self, node: usize) -> BTreeSet<usize> {
        let connected = self.connected.range((node, 0)..(node + 1, 0)).map(|(_, b)| *b);
        self.links[node].iter().copied().chain(connected).collect()
    }

    fn relink_to(&mut self, a: usize, concerned: impl Fn(usize) -> bool) -> Result<(), Violation> {
        for b in self.neighbours(a).into_iter().filter(|b| concerned(*b)) {
            let (is, was) = (self.reachable(a, b), self.connected.contains(&(a, b)));
            let place = Place { node: a, face: self.face_for(a, b) };
            if is && !was {
                self.connected.insert((a, b));
                self.tell(place, Event::Connected(self.nodes[b].key))?;
            } else if was && !is {
                self.connected.remove(&(a, b));
                self.tell(place, Event::Disconnected(self.nodes[b].key))?;
            }
        }
        Ok(())
    }

    pub(crate) fn request_arrives(
        &mut self,
        from: Place,
        to: usize,
        life: u32,
        id: congvan_sync::RequestId,
        bytes: &[u8],
    ) -> Result<(), Violation> {
        if !self.connected.contains(&(to, from.node)) {
            self.agenda.at(self.now + TIMEOUT_MS, Item::Failed { to: from, life, peer: to, id });
            return Ok(());
        }
        let request = congvan_sync::Request::from_bytes(bytes);
        let request = request.map_err(|e| Violation::Malformed { node: from.node, reason: e.to_string() })?;
        let reply = self.agenda.reply_to(Asked { by: from, life, id });
        let place = Place { node: to, face: self.face_for(to, from.node) };
        self.tell(place, Event::Request { peer: self.nodes[from.node].key, reply, request })
    }

    pub(crate) fn response_arrives(
        &mut self,
        from: usize,
        to: Place,
        life: u32,
        id: congvan_sync::RequestId,
        bytes: &[u8],
    ) -> Result<(), Violation> {
        if self.nodes[to.node].life != life {
            return Ok(());
        }
        let response = congvan_sync::Response::from_bytes(bytes);
        let response = response.map_err(|e| Violation::Malformed { node: from, reason: e.to_string() })?;
        self.tell(to, Event::Response { peer: self.nodes[from].key, id, response })
    }

    pub(crate) fn gossip_arrives(&mut self, from: usize, to: usize, gossip: &Arc<Gossip>) -> Result<(), Violation> {
        if !self.connected.contains(&(to, from)) {
            return Ok(());
        }
        let place = Place { node: to, face: self.face_for(to, from) };
        let face = &mut self.nodes[to].faces[place.face];
        // As gossipsub does; now and then it forgets what it has seen.
        if !face.seen.insert(gossip.number) && !self.rng.random_bool(0.05) {
            return Ok(());
        }
        let announcement = Announcement::from_bytes(&gossip.bytes);
        let announcement = announcement.map_err(|e| Violation::Malformed { node: from, reason: e.to_string() })?;
        self.announcements += 1;
        let id = AnnouncementId(self.announcements);
        self.nodes[to].faces[place.face].pending.insert(id, (from, gossip.clone()));
        self.watch.news(to, self.now, 1);
        self.tell(place, Event::Announced { peer: node_key(from), id, announcement })
    }

    pub(crate) fn partition(&mut self) -> Result<(), Violation> {
        let whole = self.scenario.day.is_none() && self.rng.random_bool(0.4);
        for node in 0..self.group.len() {
            self.group[node] = if whole { 0 } else { self.rng.random_range(0..2) };
        }
        self.relink()
    }

    /// A partition ends.
    pub(crate) fn whole(&mut self) -> Result<(), Violation> {
        self.group.fill(0);
        self.relink()
    }

    pub(crate) fn heal(&mut self) -> Result<(), Violation> {
        self.group.fill(0);
        self.cut.fill(false);
        self.healed = true;
        self.end_eclipse();
        for node in 0..self.nodes.len() {
            let off = !self.nodes[node].up && self.nodes[node].role == Role::Honest;
            if off && self.scenario.day.is_some() {
                self.switch(node, true)?;
            }
        }
        self.relink()
    }
}
