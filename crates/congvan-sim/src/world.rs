//! The run: everything that happens, in the order of simulated time, from one seed.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use congvan_core::entry::SIGNED_LEN;
use congvan_core::{AgencyCode, AgencySecret, SecretKey, Sorted, Text};
use congvan_core::{ChainId, EntryId, Genesis, Point, Seq, Time, Wire, rng as core_rng};
use congvan_sync::{Action, Announcement, Config, Event, Instant, Ledger, MemoryLedger, Verdict};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

use crate::check::{self, Violation};
use crate::day::Post;
use crate::enemy::{self, Grudge};
use crate::ledger::{Planted, SimLedger};
use crate::network::Line;
use crate::node::{Face, Node, OwnKey, Role, node_key, node_of};
use crate::registrar::Void;
use crate::scenario::{Scenario, around};
use crate::watch::Watch;
use crate::wire::{Agenda, Asked, Item, Place};

/// Milliseconds after which a request without an answer is called failed.
pub(crate) const TIMEOUT_MS: u64 = 10_000;
/// Links of each node in a large network: as many as gossipsub's mesh has.
const LINKS: usize = 6;
/// Nodes up to which everybody is linked to everybody.
const FULL_MESH: usize = 16;

/// What a run came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// Milliseconds from the healing until all honest nodes were the same.
    pub converged_ms: u64,
    /// Entries that agencies wrote.
    pub entries: u64,
    /// Messages that honest nodes sent; what they answered enemies too.
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
    /// Bytes of all entries that agencies wrote, once each.
    pub entry_bytes: u64,
    /// Documents of a working day.
    pub documents: u64,
    /// Milliseconds from a document's acknowledgement until an addressee's node had it, of each addressee, ascending.
    pub delays_ms: Vec<u64>,
    /// The most messages that an honest node sent in a minute, and what was new to it in that minute.
    pub busiest: (u64, u64),
    /// A digest of all that happened: one seed, one digest.
    pub digest: u64,
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
    /// The first entries of its two stories.
    pub(crate) branches: Vec<EntryId>,
    pub(crate) resolved: bool,
    pub(crate) forked_roster: Option<Seq>,
    /// Who hid a bad signature, and at which number.
    pub(crate) smuggled: Option<(usize, Seq)>,
    pub(crate) healed: bool,
    pub(crate) announcements: u64,
    pub(crate) numbers: HashMap<[u8; 32], usize>,
    pub(crate) lines: Vec<Line>,
    /// Whose line is down.
    pub(crate) cut: Vec<bool>,
    pub(crate) grudge: Grudge,
    pub(crate) watch: Watch,
    pub(crate) post: Post,
    /// The last two nodes that differed.
    pub(crate) apart: Option<usize>,
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
            (scenario.replayer, Role::Replayer),
            (scenario.withholder, Role::Withholder),
            (scenario.flooder, Role::Flooder),
            (scenario.outlaw, Role::Outlaw),
        ];
        let enemies: Vec<Role> = enemies.into_iter().filter(|(is, _)| *is).map(|(_, role)| role).collect();
        let mut nodes: Vec<Node> = (0..n)
            .map(|number| {
                let role = n.checked_sub(1 + number).and_then(|at| enemies.get(at)).copied().unwrap_or(Role::Honest);
                Self::node(scenario, &mut rng, &genesis, number, role)
            })
            .collect();
        let links = Self::links(&mut rng, n);
        let watch = Watch::over(&nodes);
        let (least_ms, most_ms) = scenario.latency_ms;
        let line = Line { least_ms, most_ms, loss: scenario.loss, bytes_per_ms: u64::MAX };
        let mut lines = vec![line; n];
        let mut to_admit: VecDeque<usize> = (0..n).rev().collect();
        if let Some(day) = &scenario.day {
            crate::day::settle_in(scenario, &mut nodes, &genesis, &registrar);
            to_admit.clear();
            day.draw(&mut rng, &mut nodes, &mut lines);
        }
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
            entry_bytes: 0,
            documents: 0,
            delays_ms: Vec::new(),
            busiest: (0, 0),
            digest: scenario.seed,
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
            to_admit,
            acknowledged: BTreeMap::new(),
            voids: Vec::new(),
            erased: BTreeSet::new(),
            forked: None,
            branches: Vec::new(),
            resolved: false,
            forked_roster: None,
            smuggled: None,
            healed: false,
            announcements: 0,
            numbers: HashMap::new(),
            lines,
            cut: vec![false; n],
            grudge: Grudge::default(),
            watch,
            post: Post::of(n),
            apart: None,
            watched: BTreeSet::new(),
            asked: 0,
            report,
        }
    }

    fn node(scenario: &Scenario, rng: &mut ChaCha20Rng, genesis: &Genesis, number: usize, role: Role) -> Node {
        let code = if number < 100 { format!("000.{number:02}.00.H55") } else { format!("H55.{number}") };
        let code = match AgencyCode::new(code) {
            Ok(code) => code,
            Err(e) => unreachable!("digits and dots are a code: {e}"),
        };
        let chain = ChainId::of_agency(genesis.network_id(), &code);
        let planted = scenario.planted.filter(|planted| !planted.is_of_one() || number == 1);
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
            synced: ledger.clone(),
            clock: 0,
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
        self.begin_eclipse();
        // The enemies and half of the others are members from the start.
        for _ in 0..self.nodes.len().div_ceil(2).max(3).min(self.nodes.len()) {
            self.admit()?;
        }
        match self.scenario.day {
            Some(day) => self.write_the_day(&day),
            None => self.write_the_script(),
        }
        self.relink()?;
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
        self.report.busiest = self.watch.busiest();
        self.report.delays_ms.sort_unstable();
        self.report.words = self.nodes[0].faces[0].ledger.roster().head().map_or(0, |head| head.seq.get());
        check::at_the_end(self)
    }

    fn pass(&mut self, time: u64, item: Item) -> Result<(), Violation> {
        self.now = time;
        self.trace(&item);
        self.happen(item)?;
        self.watch.storm().map_or(Ok(()), Err)
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
        if s.outlaw {
            self.agenda.at(s.trouble_ms / 3 + around(&mut self.rng, s.trouble_ms / 6), Item::Outlaw);
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
            Item::Gossip { from, to, gossip } => self.gossip_arrives(from, to, &gossip),
            Item::Tick { node } => {
                self.agenda.at(self.now + 1000, Item::Tick { node });
                for face in 0..self.nodes[node].faces.len() {
                    self.tell(Place { node, face }, Event::Tick)?;
                }
                self.check_behind(node)?;
                self.misbehave(node);
                self.look(node);
                self.err(node);
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
                self.relink_one(node)
            }
            Item::Switch { node, on } => self.switch(node, on),
            Item::Line { node, cut } => self.cut_line(node, cut),
            Item::Keep { node } => {
                self.nodes[node].backup = self.nodes[node].faces[0].ledger.clone();
                Ok(())
            }
            Item::PutBack { node } => self.put_back(node),
            Item::Document => self.document(),
            Item::Whole => self.whole(),
            Item::Report { node, chain, seq } => self.report_arrival(node, chain, seq),
            Item::Outlaw => self.make_an_outlaw(),
        }
    }

    /// What some planted bugs do each second.
    fn err(&mut self, node: usize) {
        match self.scenario.planted {
            Some(Planted::AcknowledgeBeforeSync) => {
                self.nodes[node].synced = self.nodes[node].faces[0].ledger.clone();
            }
            Some(Planted::AnnounceForever) if node == 1 && self.nodes[node].up => {
                let ledger = &self.nodes[node].faces[0].ledger;
                let last = ledger
                    .entries(self.nodes[node].chain)
                    .pop()
                    .and_then(|bytes| Some(Announcement::Entry(bytes.get(..SIGNED_LEN)?.try_into().ok()?)));
                if let Some(last) = last {
                    let gossip = self.numbered(&last);
                    (0..100).for_each(|_| self.spread(Place { node, face: 0 }, None, &gossip));
                }
            }
            _ => {}
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
        if node != 0 || !self.healed || !(self.now / 1000).is_multiple_of(often) {
            return;
        }
        // Whoever differed last is looked at first: mostly it still does.
        let still = self.apart.is_some_and(|node| check::differs(self, 0, node));
        self.apart = self.apart.filter(|_| still);
        match self.apart.or_else(|| (1..self.nodes.len()).find(|node| check::differs(self, 0, *node))) {
            Some(node) => self.apart = Some(node),
            None if check::apart(self).is_none() => {
                self.report.converged_ms = (self.now - self.scenario.trouble_ms).max(1);
            }
            None => {}
        }
    }

    /// Mixes what happens into the run's digest.
    fn trace(&mut self, item: &Item) {
        let mut mix = |word: u64| {
            self.report.digest = (self.report.digest ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        };
        mix(self.now);
        match item {
            Item::Request { from, to, id, bytes, .. } => {
                [from.node as u64, *to as u64, id.0].into_iter().for_each(&mut mix);
                words(bytes).for_each(mix);
            }
            Item::Response { from, to, id, bytes, .. } => {
                [*from as u64, to.node as u64, id.0].into_iter().for_each(&mut mix);
                words(bytes).for_each(mix);
            }
            Item::Gossip { from, to, gossip } => {
                [*from as u64, *to as u64, gossip.number as u64].into_iter().for_each(mix);
            }
            Item::Tick { node } => mix(*node as u64),
            other => words(format!("{other:?}").as_bytes()).for_each(mix),
        }
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
                self.watch_action(place, &action)?;
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
                    Role::Withholder => enemy::keep_back(&mut self.rng, response),
                    Role::Replayer => self.grudge.replay(&mut self.rng, response),
                    _ => response,
                };
                let bytes = response.to_bytes();
                self.watch.answers(place.node, &self.nodes[by.node], &response);
                match self.fate(place.node, by.node, bytes.len()) {
                    Some(at) => self.agenda.at(at, Item::Response { from: place.node, to: by, life, id, bytes }),
                    None => {
                        let failed = Item::Failed { to: by, life, peer: place.node, id };
                        self.agenda.at(self.now + TIMEOUT_MS, failed);
                    }
                }
            }
            Action::Announce(announcement) => {
                let gossip = self.numbered(&announcement);
                self.spread(place, None, &gossip);
            }
            Action::Validated { id, verdict } => {
                let careless = self.scenario.planted == Some(Planted::ForwardAnything);
                let pending = self.nodes[place.node].faces[place.face].pending.remove(&id);
                if let Some((from, gossip)) = pending.filter(|_| verdict == Verdict::Accept || careless) {
                    self.spread(place, Some(from), &gossip);
                }
            }
            Action::Ban { peer, reason } => self.banned(place.node, node_of(&peer), reason)?,
            Action::Stored { chain } if self.scenario.day.is_some() => self.deliver(place.node, chain),
            Action::Stored { chain } => {
                let face = &mut self.nodes[place.node].faces[place.face];
                // A payload that was withheld comes later, under a number that was searched.
                let blobs = if self.scenario.erase_ms > 0 { face.missing_blobs() } else { face.new_blobs(chain) };
                return Ok((!blobs.is_empty()).then_some(Event::WantBlobs(blobs)));
            }
            Action::RosterChanged if self.scenario.day.is_none() => {
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
        self.relink_one(by)
    }
}

pub(crate) fn config(node: &Node) -> Config {
    // Nothing here changes a ledger without a word.
    let index_ms = 5 * 60 * 1000;
    Config { own: Some(node.chain), confirm_peers: node.confirm_peers, index_ms, ..Config::default() }
}

/// Bytes, eight at a time.
fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let word = |chunk: &[u8]| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(word)
    };
    bytes.chunks(8).map(word)
}
