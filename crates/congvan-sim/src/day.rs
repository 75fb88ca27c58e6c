//! A working day of a province: agencies that know each other, documents with few addressees and some with very many, nodes
//! that are switched off at night, lines that are slow, lossy or down for hours, and clocks that are wrong by days.

use std::collections::{BTreeMap, BTreeSet};

use congvan_core::{
    Bounded, ChainId, Cover, DocumentPayload, Draft, Envelope, Genesis, Kind, RosterAction, SecretKey, Seq, Sorted,
    Time, Wire, rng,
};
use congvan_sync::{Event, Ledger, MemoryLedger, Shared};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

use crate::check::Violation;
use crate::ledger::SimLedger;
use crate::network::Line;
use crate::node::{Node, Role};
use crate::registrar::admission;
use crate::scenario::{Day, Scenario};
use crate::wire::{Item, Place};
use crate::world::World;

/// The hour at which the day begins, and the hours that it has.
const BEGINS: f64 = 6.0;
const HOURS: f64 = 14.0;
/// Bytes of a status' payload.
const STATUS_BYTES: usize = 150;
/// How many of a document's addressees report its arrival: more would be more of the same.
const REPORTS: usize = 2;
/// Milliseconds after which an agency that may not write yet tries again to report.
const REPORT_AGAIN_MS: u64 = 60_000;
/// The latest epoch that a wrong clock may fall back to, in milliseconds.
const EPOCH_MS: i64 = 1_760_000_000_000;
const DAY_MS: i64 = 86_400_000;

/// What one node waits for: of which chain which numbers, and since when.
type Waiting = BTreeMap<ChainId, Vec<(Seq, u64)>>;

/// Documents that have not come to all their addressees.
#[derive(Debug)]
pub(crate) struct Post {
    /// Of each node.
    waiting: Vec<Waiting>,
    /// How many reported of each document.
    reported: BTreeMap<(ChainId, Seq), usize>,
}

impl Post {
    pub(crate) fn of(nodes: usize) -> Self {
        Self { waiting: vec![BTreeMap::new(); nodes], reported: BTreeMap::new() }
    }
}

/// All agencies are in the roster, and every node has it.
pub(crate) fn settle_in(scenario: &Scenario, nodes: &mut [Node], genesis: &Genesis, registrar: &SecretKey) {
    let mut common = MemoryLedger::new(genesis.clone());
    for node in nodes.iter() {
        let admit = admission(genesis.network_id(), node.code.clone(), &node.keys[0].secret, vec![node.key]);
        if let Err(e) = common.append_roster(RosterAction::Admit(admit), Time::from_millis(1), &[registrar]) {
            unreachable!("an agency of its own code and keys can be admitted: {e}");
        }
    }
    common.share(&Shared::default());
    for (number, node) in nodes.iter_mut().enumerate() {
        let planted = scenario.planted.filter(|planted| !planted.is_of_one() || number == 1);
        let ledger = SimLedger::new(common.clone(), planted);
        (node.backup, node.synced) = (ledger.clone(), ledger.clone());
        node.faces.iter_mut().for_each(|face| face.ledger = ledger.clone());
    }
}

impl Day {
    /// Who has which line, and which clock.
    pub(crate) fn draw(&self, rng: &mut ChaCha20Rng, nodes: &mut [Node], lines: &mut [Line]) {
        for (node, line) in nodes.iter_mut().zip(lines) {
            let drawn = rng.random_range(0..1000);
            *line = match drawn {
                _ if drawn < self.bad_lines => Line { least_ms: 200, most_ms: 1500, loss: 10, bytes_per_ms: 16 },
                _ if drawn < 2 * self.bad_lines => Line { least_ms: 40, most_ms: 400, loss: 120, bytes_per_ms: 250 },
                _ => Line { least_ms: 5, most_ms: 60, loss: u32::from(self.bad_lines > 0), bytes_per_ms: 2500 },
            };
            if rng.random_range(0..1000) < self.wrong_clocks {
                node.clock = rng.random_range(-20..=20) * DAY_MS;
            }
        }
    }
}

impl World<'_> {
    /// The moment of an hour; a shorter day has shorter hours.
    fn hour(&self, hour: f64) -> u64 {
        (self.scenario.trouble_ms as f64 * ((hour - BEGINS) / HOURS).clamp(0.0, 1.0)) as u64
    }

    fn between(&mut self, from: f64, to: f64) -> u64 {
        let (from, to) = (self.hour(from), self.hour(to));
        self.rng.random_range(from..=to.max(from))
    }

    pub(crate) fn write_the_day(&mut self, day: &Day) {
        self.start_clocks();
        let honest: Vec<usize> = (1..self.nodes.len()).filter(|node| self.nodes[*node].role == Role::Honest).collect();
        for node in honest.iter().copied() {
            if self.rng.random_range(0..1000) < day.off_at_night {
                self.nodes[node].up = false;
                let (on, off) = (self.between(7.0, 8.0), self.between(17.0, 19.0));
                self.agenda.at(on, Item::Switch { node, on: true });
                self.agenda.at(off, Item::Switch { node, on: false });
            }
        }
        for _ in 0..day.documents {
            let at = if self.rng.random_bool(0.5) { self.between(7.5, 11.5) } else { self.between(13.0, 17.5) };
            self.agenda.at(at, Item::Document);
        }
        let some = |world: &mut Self| honest[world.rng.random_range(0..honest.len())];
        for _ in 0..day.cuts {
            let (node, from) = (some(self), self.between(7.0, 16.0));
            let until = from + self.rng.random_range(self.hour(6.5)..=self.hour(10.0));
            self.agenda.at(from, Item::Line { node, cut: true });
            self.agenda.at(until.min(self.scenario.trouble_ms), Item::Line { node, cut: false });
        }
        for _ in 0..day.crashes {
            let at = self.between(7.5, 17.5);
            self.agenda.at(at, Item::Crash);
        }
        for _ in 0..day.restores {
            let (node, kept, back) = (some(self), self.between(8.0, 10.0), self.between(14.0, 16.5));
            self.agenda.at(kept, Item::Keep { node });
            self.agenda.at(back, Item::PutBack { node });
        }
        if day.parts {
            self.agenda.at(self.hour(10.0), Item::Partition);
            self.agenda.at(self.hour(12.0), Item::Whole);
        }
        let s = self.scenario;
        let enemies =
            [(s.equivocator, Item::Fork, 9.5), (s.smuggler, Item::Smuggle, 11.0), (s.outlaw, Item::Outlaw, 13.5)];
        for (_, item, hour) in enemies.into_iter().filter(|(is, ..)| *is) {
            self.agenda.at(self.hour(hour), item);
        }
        self.agenda.at(s.trouble_ms, Item::Heal);
    }

    /// What a node's clock shows.
    pub(crate) fn clock(&self, node: usize) -> Time {
        match self.scenario.day {
            None => Time::from_millis(self.now),
            Some(_) => {
                let shown = EPOCH_MS.saturating_add_unsigned(self.now).saturating_add(self.nodes[node].clock);
                Time::from_millis(shown.unsigned_abs())
            }
        }
    }

    /// Somebody sends a document: few send many, and few documents go to many.
    pub(crate) fn document(&mut self) -> Result<(), Violation> {
        let n = self.nodes.len();
        let mut drawn = (0..20).map(|_| (n as f64 * self.rng.random::<f64>().powi(2)) as usize).collect::<Vec<_>>();
        drawn.retain(|node| self.nodes[*node].may_write());
        let Some(sender) = drawn.first().copied() else { return Ok(()) };
        let many = (1.0 / self.rng.random::<f64>().max(1e-9)) as usize;
        let mut addressees = BTreeSet::new();
        if many * 2 >= n {
            addressees.extend((0..n).filter(|node| *node != sender).take(congvan_core::limits::MAX_ADDRESSEES));
        }
        while addressees.len() < many.min(n / 2) {
            let node = self.rng.random_range(0..n);
            addressees.extend((node != sender).then_some(node));
        }
        let codes = addressees.iter().map(|node| self.nodes[*node].code.clone()).collect();
        let cover = Cover {
            addressees: Sorted::from_unsorted(codes).unwrap_or_default(),
            links: Sorted::default(),
            blobs: Bounded::default(),
        };
        let Ok(document) = DocumentPayload::public(cover, Envelope::default(), &mut rng::from_seed(self.now)) else {
            return Ok(());
        };
        let draft = Draft { kind: Kind::DOCUMENT, time: self.clock(sender), payload: document.to_bytes() };
        let Some(entry) = self.append(sender, 0, draft)? else { return Ok(()) };
        self.report.documents += 1;
        let chain = self.nodes[sender].chain;
        for node in addressees {
            if self.nodes[node].role == Role::Honest && self.nodes[sender].role == Role::Honest {
                self.post.waiting[node].entry(chain).or_default().push((entry.seq(), self.now));
            }
        }
        self.tell(Place { node: sender, face: 0 }, Event::Appended(vec![entry]))
    }

    /// Notes what has come to its addressee, who reports it.
    pub(crate) fn deliver(&mut self, node: usize, chain: ChainId) {
        let Some(waiting) = self.post.waiting[node].get_mut(&chain) else { return };
        let head = self.nodes[node].faces[0].ledger.head(chain).head.map(|head| head.seq);
        let (come, rest): (Vec<_>, Vec<_>) = waiting.iter().copied().partition(|(seq, _)| Some(*seq) <= head);
        *waiting = rest;
        if waiting.is_empty() {
            self.post.waiting[node].remove(&chain);
        }
        for (seq, since) in come {
            self.report.delays_ms.push(self.now - since);
            let reported = self.post.reported.entry((chain, seq)).or_default();
            *reported += 1;
            if *reported > REPORTS {
                continue;
            }
            let at = self.now + self.rng.random_range(50..3000);
            self.agenda.at(at, Item::Report { node, chain, seq });
        }
    }

    /// An agency's node reports by itself that a document arrived.
    pub(crate) fn report_arrival(&mut self, node: usize, chain: ChainId, seq: Seq) -> Result<(), Violation> {
        if self.healed {
            return Ok(());
        }
        if !self.nodes[node].may_write() {
            self.agenda.at(self.now + REPORT_AGAIN_MS, Item::Report { node, chain, seq });
            return Ok(());
        }
        let mut payload = [chain.as_bytes().as_slice(), &seq.get().to_le_bytes()].concat();
        payload.resize(STATUS_BYTES, 1);
        let draft = Draft { kind: Kind::STATUS, time: self.clock(node), payload };
        let written = self.append(node, 0, draft)?;
        self.tell(Place { node, face: 0 }, Event::Appended(written.into_iter().collect()))
    }

    /// Documents that did not come to some addressee.
    pub(crate) fn undelivered(&self) -> Option<(usize, ChainId, Seq)> {
        let first = |(node, waiting): (usize, &Waiting)| {
            waiting.iter().find_map(|(chain, all)| Some((node, *chain, all.first()?.0)))
        };
        self.post.waiting.iter().enumerate().find_map(first)
    }
}
