//! The run: everything that happens, in the order of simulated time, from one seed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use congvan_core::{AgencyCode, AgencySecret, SecretKey, Sorted, Text};
use congvan_core::{ChainId, EntryId, Genesis, Point, Seq, Time, Wire, domain, rng as core_rng};
use congvan_sync::{Action, Announcement, AnnouncementId, Config, Event, Instant, Ledger, MemoryLedger, Verdict};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

use crate::check::{self, Violation};
use crate::enemy;
use crate::ledger::{Planted, SimLedger};
use crate::node::{Face, Node, OwnKey, Role, node_key, node_of};
use crate::registrar::Void;
use crate::scenario::{Scenario, around};
use crate::wire::{Agenda, Asked, Item, Place};

/// Milliseconds after which a request without an answer is called failed.
const TIMEOUT_MS: u64 = 10_000;
/// Links of each node in a large network.
const LINKS: usize = 8;
/// Nodes up to which everybody is linked to everybody.
const FULL_MESH: usize = 16;

/// What a run came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// Milliseconds from the healing until all honest nodes were the same.
    pub converged_ms: u64,
    /// Entries that agencies wrote.
    pub entries: u64,
    /// Messages sent.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Nodes that crashed, and that were restored from a backup.
    pub crashes: u64,
    /// Restores of an old backup.
    pub restores: u64,
    /// Changes of their keys by agencies.
    pub rotations: u64,
    /// Roster entries at the end, of the first node.
    pub words: u64,
    /// Erasures written.
    pub erasures: u64,
    /// Peers that honest nodes banned.
    pub bans: u64,
    /// A digest of all that happened: one seed, one digest.
    pub digest: [u8; 32],
}

/// A run in which something did not hold.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[error("after {at_ms} ms: {violation}\nreplay: {replay}")]
pub struct Failure {
    /// What.
    pub violation: Violation,
    /// When.
    pub at_ms: u64,
    /// The command that repeats it.
    pub replay: String,
}

pub(crate) struct World<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) now: u64,
    pub(crate) agenda: Agenda,
    pub(crate) nodes: Vec<Node>,
    pub(crate) links: Vec<BTreeSet<usize>>,
    pub(crate) group: Vec<u8>,
    pub(crate) connected: BTreeSet<(usize, usize)>,
    pub(crate) registrar: SecretKey,
    pub(crate) to_admit: VecDeque<usize>,
    pub(crate) acknowledged: BTreeMap<(usize, u64), EntryId>,
    pub(crate) voids: Vec<Void>,
    /// All that any erasure ever named.
    pub(crate) erased: BTreeSet<(ChainId, Point)>,
    pub(crate) forked: Option<usize>,
    pub(crate) resolved: bool,
    pub(crate) forked_roster: Option<Seq>,
    /// Who hid a bad signature, and at which number.
    pub(crate) smuggled: Option<(usize, Seq)>,
    pub(crate) healed: bool,
    pub(crate) announcements: u64,
    /// Between whom requests are counted, and how many there were.
    pub(crate) watched: BTreeSet<(usize, usize)>,
    pub(crate) asked: u64,
    pub(crate) report: Report,
}

/// Runs a scenario to its end.
///
/// # Errors
/// The first invariant that does not hold, and how to see it again.
pub fn run(scenario: &Scenario) -> Result<Report, Failure> {
    let mut world = World::new(scenario);
    let result = world.run();
    let failure = |violation| Failure { violation, at_ms: world.now, replay: scenario.replay() };
    result.map_err(failure).map(|()| world.report)
}

impl<'a> World<'a> {
    pub(crate) fn new(scenario: &'a Scenario) -> Self {
        let mut rng = core_rng::from_seed(scenario.seed);
        let registrar = SecretKey::generate(&mut rng);
        let name = Text::new("Mạng thử").unwrap_or_default();
        let registrars = Sorted::from_unsorted(vec![registrar.public()]).unwrap_or_default();
        let genesis = Genesis { name, created: Time::from_millis(0), registrars, threshold: 1, salt: [1; 16] };
        let n = scenario.agencies;
        let enemies = [
            (scenario.equivocator, Role::Equivocator),
            (scenario.forger, Role::Forger),
            (scenario.liar, Role::Liar),
            (scenario.smuggler, Role::Smuggler),
        ];
        let enemies: Vec<Role> = enemies.into_iter().filter(|(is, _)| *is).map(|(_, role)| role).collect();
        let nodes = (0..n)
            .map(|number| {
                let role = n.checked_sub(1 + number).and_then(|at| enemies.get(at)).copied().unwrap_or(Role::Honest);
                Self::node(scenario, &mut rng, &genesis, number, role)
            })
            .collect();
        let links = Self::links(&mut rng, n);
        let report = Report {
            converged_ms: 0,
            entries: 0,
            messages: 0,
            bytes: 0,
            crashes: 0,
            restores: 0,
            rotations: 0,
            words: 0,
            erasures: 0,
            bans: 0,
            digest: [0; 32],
        };
        Self {
            scenario,
            rng,
            now: 0,
            agenda: Agenda::default(),
            nodes,
            links,
            group: vec![0; n],
            connected: BTreeSet::new(),
            registrar,
            to_admit: (0..n).rev().collect(),
            acknowledged: BTreeMap::new(),
            voids: Vec::new(),
            erased: BTreeSet::new(),
            forked: None,
            resolved: false,
            forked_roster: None,
            smuggled: None,
            healed: false,
            announcements: 0,
            watched: BTreeSet::new(),
            asked: 0,
            report,
        }
    }

    fn node(scenario: &Scenario, rng: &mut ChaCha20Rng, genesis: &Genesis, number: usize, role: Role) -> Node {
        let code = match AgencyCode::new(format!("000.{number:02}.00.H55")) {
            Ok(code) => code,
            Err(e) => unreachable!("digits and dots are a code: {e}"),
        };
        let chain = ChainId::of_agency(genesis.network_id(), &code);
        let planted = scenario.planted.filter(|p| *p != Planted::ForgetProofs || number == 1);
        let ledger = SimLedger::new(MemoryLedger::new(genesis.clone()), planted);
        let mut node = Node {
            role,
            code,
            chain,
            keys: vec![OwnKey { secret: AgencySecret::generate(rng), mark: Some(0) }],
            key: node_key(number),
            up: true,
            life: 0,
            confirm_peers: 1,
            faces: Vec::new(),
            backup: ledger.clone(),
        };
        node.faces.push(Face::new(config(&node), ledger));
        node
    }

    fn links(rng: &mut ChaCha20Rng, n: usize) -> Vec<BTreeSet<usize>> {
        let mut links = vec![BTreeSet::new(); n];
        for a in 0..n {
            let others: Vec<usize> = match n <= FULL_MESH {
                true => (0..n).collect(),
                // A ring, so that all hang together, and shortcuts, so that it is small.
                false => (0..LINKS / 2).map(|k| if k == 0 { (a + 1) % n } else { rng.random_range(0..n) }).collect(),
            };
            for b in others.into_iter().filter(|b| *b != a) {
                links[a].insert(b);
                links[b].insert(a);
            }
        }
        links
    }

    fn run(&mut self) -> Result<(), Violation> {
        // The enemies and half of the others are members from the start.
        for _ in 0..self.nodes.len().div_ceil(2).max(3).min(self.nodes.len()) {
            self.admit()?;
        }
        self.relink()?;
        self.write_the_script();
        let end = self.scenario.trouble_ms + self.scenario.heal_ms;
        while let Some((time, item)) = self.agenda.next(u64::MAX) {
            self.pass(time, item)?;
            if time >= end {
                return check::apart(self).map_or(Ok(()), Err);
            }
            if self.healed && self.report.converged_ms > 0 {
                break;
            }
        }
        self.report.words = self.nodes[0].faces[0].ledger.roster().head().map_or(0, |head| head.seq.get());
        check::at_the_end(self)
    }

    fn pass(&mut self, time: u64, item: Item) -> Result<(), Violation> {
        self.now = time;
        self.trace(&item);
        self.happen(item)
    }

    /// Lets everything happen that is due up to a time.
    pub(crate) fn until(&mut self, end: u64) -> Result<(), Violation> {
        while let Some((time, item)) = self.agenda.next(end) {
            self.pass(time, item)?;
        }
        self.now = end;
        Ok(())
    }

    fn write_the_script(&mut self) {
        let s = self.scenario;
        self.start_clocks();
        let mut repeat = |mean: u64, item: Item, rng: &mut ChaCha20Rng| {
            let mut at = if mean == 0 { u64::MAX } else { around(rng, mean) };
            while at < s.trouble_ms {
                self.agenda.at(at, item.clone());
                at += around(rng, mean);
            }
        };
        repeat(s.write_ms, Item::Write, &mut self.rng);
        repeat(s.partition_ms, Item::Partition, &mut self.rng);
        repeat(s.crash_ms, Item::Crash, &mut self.rng);
        repeat(s.restore_ms, Item::Restore, &mut self.rng);
        repeat(s.restore_ms / 3, Item::Backup, &mut self.rng);
        repeat(s.rotate_ms, Item::Rotate, &mut self.rng);
        repeat(s.word_ms, Item::Word, &mut self.rng);
        if s.erase_ms > 0 {
            repeat(s.erase_ms, Item::Erase, &mut self.rng);
        }
        let waiting = self.to_admit.len() as u64;
        for nth in 0..waiting {
            self.agenda.at(s.trouble_ms * (nth + 1) / (waiting + 2), Item::Admit);
        }
        if s.equivocator {
            self.agenda.at(s.trouble_ms / 3 + around(&mut self.rng, s.trouble_ms / 6), Item::Fork);
            if self.rng.random_bool(0.5) {
                self.agenda.at(s.trouble_ms, Item::Resolve);
            }
        }
        if s.smuggler {
            self.agenda.at(s.trouble_ms / 4 + around(&mut self.rng, s.trouble_ms / 4), Item::Smuggle);
        }
        if s.forked_roster {
            self.agenda.at(s.trouble_ms / 2 + around(&mut self.rng, s.trouble_ms / 8), Item::ForkRoster);
        }
        self.agenda.at(s.trouble_ms, Item::Heal);
    }

    pub(crate) fn start_clocks(&mut self) {
        for node in 0..self.nodes.len() {
            let first = self.rng.random_range(0..1000);
            self.agenda.at(first, Item::Tick { node });
        }
    }

    fn happen(&mut self, item: Item) -> Result<(), Violation> {
        match item {
            Item::Request { from, to, life, id, bytes } => self.request_arrives(from, to, life, id, &bytes),
            Item::Response { from, to, life, id, bytes } => self.response_arrives(from, to, life, id, &bytes),
            Item::Failed { to, life, peer, id } if self.nodes[to.node].life == life => {
                self.tell(to, Event::RequestFailed { peer: node_key(peer), id })
            }
            Item::Failed { .. } => Ok(()),
            Item::Gossip { from, to, bytes } => self.gossip_arrives(from, to, &bytes),
            Item::Tick { node } => {
                self.agenda.at(self.now + 1000, Item::Tick { node });
                for face in 0..self.nodes[node].faces.len() {
                    self.tell(Place { node, face }, Event::Tick)?;
                }
                self.check_behind(node)?;
                self.look(node);
                Ok(())
            }
            Item::Write => self.write(),
            Item::Partition => self.partition(),
            Item::Heal => self.heal(),
            Item::Crash => self.crash(),
            Item::Restart { node } => self.restart(node),
            Item::Backup => {
                let node = self.rng.random_range(0..self.nodes.len());
                self.nodes[node].backup = self.nodes[node].faces[0].ledger.clone();
                Ok(())
            }
            Item::Restore => self.restore(),
            Item::Admit => self.admit(),
            Item::Fork => self.fork(),
            Item::Resolve => self.resolve(),
            Item::Rotate => self.rotate(),
            Item::Word => self.word(),
            Item::Erase => self.erase(),
            Item::ForkRoster => self.fork_roster(),
            Item::Smuggle => self.smuggle(),
            Item::Silence { node } => {
                self.nodes[node].up = false;
                self.relink()
            }
        }
    }

    /// Now and then an honest node checks the signatures of what came in bulk; an enemy need not.
    fn check_behind(&mut self, number: usize) -> Result<(), Violation> {
        let due = self.rng.random_bool(0.3) && self.scenario.planted != Some(Planted::CheckNothingBehind);
        let node = &mut self.nodes[number];
        if !due || !node.up || node.role != Role::Honest {
            return Ok(());
        }
        for (chain, _) in node.faces[0].ledger.inner.verify_pending() {
            self.tell(Place { node: number, face: 0 }, Event::Changed(chain))?;
        }
        Ok(())
    }

    /// Now and then, once healed: are all the same yet?
    fn look(&mut self, node: usize) {
        let often = if self.nodes.len() <= 50 { 1 } else { 10 };
        if node == 0 && self.healed && (self.now / 1000).is_multiple_of(often) && check::apart(self).is_none() {
            self.report.converged_ms = (self.now - self.scenario.trouble_ms).max(1);
        }
    }

    fn trace(&mut self, item: &Item) {
        let (what, bytes): (String, &[u8]) = match item {
            Item::Request { from, to, id, bytes, .. } => (format!("ask {from:?} {to} {id:?}"), bytes),
            Item::Response { from, to, id, bytes, .. } => (format!("tell {from} {to:?} {id:?}"), bytes),
            Item::Gossip { from, to, bytes } => (format!("gossip {from} {to}"), bytes),
            other => (format!("{other:?}"), &[]),
        };
        let parts = [&self.report.digest[..], &self.now.to_le_bytes(), what.as_bytes(), bytes];
        self.report.digest = domain::hash("congvan simulation trace", &parts);
    }

    // ---- what nodes do ----

    /// Gives an event to a replica, and does what it wants done.
    pub(crate) fn tell(&mut self, place: Place, event: Event) -> Result<(), Violation> {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            let node = &mut self.nodes[place.node];
            let Some(face) = node.faces.get_mut(place.face).filter(|_| node.up) else { return Ok(()) };
            let actions = face.replica.handle(&mut face.ledger, Instant(self.now), event);
            check::of_node(place.node, node)?;
            for action in actions {
                events.extend(self.act(place, action)?);
            }
        }
        Ok(())
    }

    fn act(&mut self, place: Place, action: Action) -> Result<Option<Event>, Violation> {
        let life = self.nodes[place.node].life;
        match action {
            Action::Request { peer, id, request } => {
                let (to, bytes) = (node_of(&peer), request.to_bytes());
                self.asked += u64::from(self.watched.contains(&(place.node, to)));
                match self.fate(place.node, to, bytes.len()) {
                    Some(at) => self.agenda.at(at, Item::Request { from: place, to, life, id, bytes }),
                    None => self.agenda.at(self.now + TIMEOUT_MS, Item::Failed { to: place, life, peer: to, id }),
                }
            }
            Action::Respond { reply, response } => {
                let Some(Asked { by, life, id }) = self.agenda.asked.remove(&reply) else { return Ok(None) };
                let response = match self.nodes[place.node].role {
                    Role::Forger => enemy::forge(&mut self.rng, response),
                    Role::Liar if self.scenario.erase_ms > 0 && self.rng.random_bool(0.5) => {
                        crate::erase::withhold(&mut self.rng, response)
                    }
                    Role::Liar => enemy::lie(&mut self.rng, response),
                    _ => response,
                };
                let bytes = response.to_bytes();
                match self.fate(place.node, by.node, bytes.len()) {
                    Some(at) => self.agenda.at(at, Item::Response { from: place.node, to: by, life, id, bytes }),
                    None => {
                        let failed = Item::Failed { to: by, life, peer: place.node, id };
                        self.agenda.at(self.now + TIMEOUT_MS, failed);
                    }
                }
            }
            Action::Announce(announcement) => self.gossip(place, None, &announcement),
            Action::Validated { id, verdict } => {
                let pending = self.nodes[place.node].faces[place.face].pending.remove(&id);
                if let (Some((from, announcement)), Verdict::Accept) = (pending, verdict) {
                    self.gossip(place, Some(from), &announcement);
                }
            }
            Action::Ban { peer, reason } => self.banned(place.node, node_of(&peer), reason)?,
            Action::Stored { chain } => {
                let blobs = self.nodes[place.node].faces[place.face].new_blobs(chain);
                return Ok((!blobs.is_empty()).then_some(Event::WantBlobs(blobs)));
            }
            Action::RosterChanged => {
                // What stood may be gone, and other entries with its numbers come.
                let face = &mut self.nodes[place.node].faces[place.face];
                face.scanned.clear();
                let blobs = face.missing_blobs();
                return Ok((!blobs.is_empty()).then_some(Event::WantBlobs(blobs)));
            }
            Action::OwnChainContradicted { seq } if self.nodes[place.node].role == Role::Honest => {
                return Err(Violation::Slandered { node: place.node, seq: seq.get() });
            }
            _ => {}
        }
        Ok(None)
    }

    fn banned(&mut self, by: usize, peer: usize, reason: &'static str) -> Result<(), Violation> {
        if self.nodes[by].role != Role::Honest {
            return Ok(());
        }
        if matches!(self.nodes[peer].role, Role::Honest | Role::Equivocator) {
            return Err(Violation::UnjustBan { by, peer, reason });
        }
        self.report.bans += 1;
        self.links[by].remove(&peer);
        self.links[peer].remove(&by);
        self.relink()
    }

    /// When a message arrives; `None` if it is lost.
    fn fate(&mut self, from: usize, to: usize, bytes: usize) -> Option<u64> {
        self.report.messages += 1;
        self.report.bytes += bytes as u64;
        let (least, most) = self.scenario.latency_ms;
        let lost = self.rng.random_range(0..1000) < self.scenario.loss;
        let at = self.now + self.rng.random_range(least..=most);
        (!lost && self.reachable(from, to)).then_some(at)
    }

    fn gossip(&mut self, place: Place, except: Option<usize>, announcement: &Announcement) {
        let face = &mut self.nodes[place.node].faces[place.face];
        face.seen.insert(announcement.id());
        let forged = enemy::forge_announcement(announcement);
        let forges = self.nodes[place.node].role == Role::Forger && self.rng.random_bool(0.3);
        let bytes = if forges { forged.to_bytes() } else { announcement.to_bytes() };
        let peers: Vec<usize> = self.links[place.node].iter().copied().filter(|peer| Some(*peer) != except).collect();
        for to in peers {
            if self.face_for(place.node, to) != place.face || !self.reachable(place.node, to) {
                continue;
            }
            let copies = if self.rng.random_range(0..1000) < self.scenario.repeats { 2 } else { 1 };
            for _ in 0..copies {
                if let Some(at) = self.fate(place.node, to, bytes.len()) {
                    self.agenda.at(at, Item::Gossip { from: place.node, to, bytes: bytes.clone() });
                }
            }
        }
    }

    // ---- what the network does ----

    fn face_for(&self, node: usize, peer: usize) -> usize {
        if self.nodes[node].faces.len() > 1 { peer % 2 } else { 0 }
    }

    pub(crate) fn reachable(&self, a: usize, b: usize) -> bool {
        self.links[a].contains(&b) && self.nodes[a].up && self.nodes[b].up && self.group[a] == self.group[b]
    }

    /// Tells nodes of connections that came and went.
    pub(crate) fn relink(&mut self) -> Result<(), Violation> {
        for a in 0..self.nodes.len() {
            let mut peers: BTreeSet<usize> = self.links[a].clone();
            peers.extend(self.connected.range((a, 0)..(a + 1, 0)).map(|(_, b)| *b));
            for b in peers {
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
        }
        Ok(())
    }

    fn request_arrives(
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

    fn response_arrives(
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

    fn gossip_arrives(&mut self, from: usize, to: usize, bytes: &[u8]) -> Result<(), Violation> {
        if !self.connected.contains(&(to, from)) {
            return Ok(());
        }
        let announcement = Announcement::from_bytes(bytes);
        let announcement = announcement.map_err(|e| Violation::Malformed { node: from, reason: e.to_string() })?;
        let place = Place { node: to, face: self.face_for(to, from) };
        self.announcements += 1;
        let id = AnnouncementId(self.announcements);
        let face = &mut self.nodes[to].faces[place.face];
        // As gossipsub does; now and then it forgets what it has seen.
        if !face.seen.insert(announcement.id()) && !self.rng.random_bool(0.05) {
            return Ok(());
        }
        face.pending.insert(id, (from, announcement.clone()));
        self.tell(place, Event::Announced { peer: node_key(from), id, announcement })
    }

    fn partition(&mut self) -> Result<(), Violation> {
        let whole = self.rng.random_bool(0.4);
        for node in 0..self.group.len() {
            self.group[node] = if whole { 0 } else { self.rng.random_range(0..2) };
        }
        self.relink()
    }

    fn heal(&mut self) -> Result<(), Violation> {
        self.group.fill(0);
        self.healed = true;
        self.relink()
    }

    fn crash(&mut self) -> Result<(), Violation> {
        let node = self.rng.random_range(0..self.nodes.len());
        if self.nodes[node].role != Role::Honest {
            return Ok(());
        }
        self.stop(node)
    }

    fn stop(&mut self, node: usize) -> Result<(), Violation> {
        if !std::mem::replace(&mut self.nodes[node].up, false) {
            return Ok(());
        }
        self.report.crashes += 1;
        let back = self.now + around(&mut self.rng, 8000);
        self.agenda.at(back.min(self.scenario.trouble_ms.max(self.now + 1)), Item::Restart { node });
        self.relink()
    }

    fn restart(&mut self, number: usize) -> Result<(), Violation> {
        let node = &mut self.nodes[number];
        node.up = true;
        node.life += 1;
        let config = config(node);
        if let Some(face) = node.faces.pop() {
            node.faces.push(Face::new(config, face.ledger));
        }
        // Whatever it wanted before, it finds out again from what it holds.
        let face = &mut node.faces[0];
        let chains: Vec<ChainId> = face.ledger.heads().into_iter().map(|(chain, _)| chain).collect();
        let blobs: Vec<_> = chains.into_iter().flat_map(|chain| face.new_blobs(chain)).collect();
        self.tell(Place { node: number, face: 0 }, Event::WantBlobs(blobs))?;
        self.relink()
    }

    /// A node's disk is replaced, and an old backup put back; one at a time, since what only two disks
    /// hold is lost with both.
    fn restore(&mut self) -> Result<(), Violation> {
        let node = self.rng.random_range(1..self.nodes.len());
        let well = |n: &Node| n.may_write() && n.faces[0].missing_blobs().is_empty();
        let all_well = self.nodes.iter().filter(|n| n.role == Role::Honest).all(well);
        if self.nodes[node].role != Role::Honest || !all_well || !self.is_replicated(node) {
            // At the next quiet moment.
            if self.now + 1000 < self.scenario.trouble_ms {
                self.agenda.at(self.now + 500, Item::Restore);
            }
            return Ok(());
        }
        self.report.restores += 1;
        self.stop(node)?;
        let enemies = self.scenario.forger || self.scenario.liar;
        let keeps_file = enemies || self.rng.random_bool(0.5);
        let peers = self.links[node].len();
        let this = &mut self.nodes[node];
        this.faces[0].ledger = this.backup.clone();
        let unconfirmed = self.scenario.planted == Some(Planted::WriteUnconfirmed);
        if !keeps_file || unconfirmed {
            // Without the file beside the key, only all the others together know.
            this.keys.iter_mut().for_each(|key| key.mark = None);
            this.confirm_peers = if unconfirmed { 0 } else { peers };
        }
        Ok(())
    }

    /// Whether an honest peer holds all that a node acknowledged: what is on one disk only is lost with it.
    fn is_replicated(&self, node: usize) -> bool {
        let chain = self.nodes[node].chain;
        let head = self.nodes[node].faces[0].ledger.head(chain);
        let holds = |peer: &usize| {
            self.nodes[*peer].role == Role::Honest && self.nodes[*peer].faces[0].ledger.head(chain) == head
        };
        self.links[node].iter().any(holds)
    }
}

pub(crate) fn config(node: &Node) -> Config {
    Config { own: Some(node.chain), confirm_peers: node.confirm_peers, ..Config::default() }
}
