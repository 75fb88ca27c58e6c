//! The state machine itself: who is connected, which requests are on their way, and which part of
//! replication each event belongs to.

use std::collections::{BTreeMap, BTreeSet};

use congvan_core::blob::BlobRef;
use congvan_core::{ChainId, Seq};

use crate::blobs::Blobs;
use crate::conduct::Conducts;
use crate::config::{BACK_OFF_MAX_MS, BACK_OFF_MS, BAN_MS, Config, MAX_PEERS};
use crate::fetch::Wants;
use crate::gossip::Outbox;
use crate::heads::HeadsIndex;
use crate::own::Own;
use crate::payloads::Payloads;
use crate::reconcile::Session;
use crate::{Action, ChainHead, Event, Instant, Ledger, Peer, Request, RequestId, Response};

/// One call of [`Replica::handle`]: its ledger, its time, and what comes of it.
pub(crate) struct Step<'a, L> {
    pub(crate) ledger: &'a mut L,
    pub(crate) now: Instant,
    pub(crate) actions: Vec<Action>,
}

/// What a request was sent for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Heads,
    Range { chain: ChainId, from: congvan_core::Seq },
    Probe { chain: ChainId, at: congvan_core::Seq },
    Proof { chain: ChainId, from: congvan_core::Seq },
    Chunk { blob: BlobRef, index: u32 },
    Payload { chain: ChainId, seq: congvan_core::Seq },
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    peer: Peer,
    purpose: Purpose,
    sent: Instant,
}

#[derive(Debug)]
pub(crate) struct PeerState {
    pub(crate) since: Instant,
    /// Requests for entries and proofs.
    pub(crate) in_flight: usize,
    pub(crate) chunks_in_flight: usize,
    pub(crate) failures: u32,
    pub(crate) not_before: Instant,
    pub(crate) next_reconcile: Instant,
    pub(crate) session: Option<Session>,
    /// Whether the roster changed during the comparison under way.
    pub(crate) again: bool,
    pub(crate) heads_heard: Option<Instant>,
}

impl PeerState {
    pub(crate) fn may_be_asked(&self, now: Instant) -> bool {
        self.not_before <= now
    }

    fn back_off(&mut self, now: Instant) {
        let pause = BACK_OFF_MS.saturating_mul(1 << self.failures.min(10)).min(BACK_OFF_MAX_MS);
        self.failures = self.failures.saturating_add(1);
        self.not_before = now.after(pause);
    }
}

/// What is known of a connected peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerStatus {
    /// Who.
    pub peer: Peer,
    /// Since when.
    pub connected_since: Instant,
    /// Our requests at it.
    pub in_flight: usize,
    /// When it last told all its heads.
    pub heads_heard: Option<Instant>,
    /// Entries that it says it holds and we lack.
    pub behind_by: u64,
}

/// Replication of one ledger. See the [crate's](crate) example.
#[derive(Debug)]
pub struct Replica {
    pub(crate) config: Config,
    pub(crate) peers: BTreeMap<Peer, PeerState>,
    pub(crate) conducts: Conducts,
    pub(crate) wants: Wants,
    pub(crate) blobs: Blobs,
    pub(crate) payloads: Payloads,
    pub(crate) outbox: Outbox,
    pub(crate) own: Own,
    requests: BTreeMap<RequestId, Pending>,
    next_request: u64,
    index: Option<(Instant, HeadsIndex)>,
}

impl Replica {
    /// A replica that has heard of nobody yet.
    pub fn new(config: Config) -> Self {
        let own = Own::new(&config);
        Self {
            config,
            peers: BTreeMap::new(),
            conducts: Conducts::default(),
            wants: Wants::default(),
            blobs: Blobs::default(),
            payloads: Payloads::default(),
            outbox: Outbox::default(),
            own,
            requests: BTreeMap::new(),
            next_request: 0,
            index: None,
        }
    }

    /// Whether the own chain may be written.
    pub fn own_confirmed(&self) -> bool {
        self.own.is_confirmed()
    }

    /// The connected peers.
    pub fn peers(&self) -> Vec<PeerStatus> {
        let behind = self.wants.behind();
        let status = |(peer, state): (&Peer, &PeerState)| PeerStatus {
            peer: *peer,
            connected_since: state.since,
            in_flight: state.in_flight + state.chunks_in_flight + usize::from(state.session.is_some()),
            heads_heard: state.heads_heard,
            behind_by: behind.get(peer).copied().unwrap_or(0),
        };
        self.peers.iter().map(status).collect()
    }

    /// The chains of which some connected peer says that it holds more than we, and up to which number.
    pub fn ahead_of_us(&self) -> BTreeMap<ChainId, Seq> {
        self.wants.ahead()
    }

    /// The blobs still to be fetched.
    pub fn blobs_wanted(&self) -> Vec<BlobRef> {
        self.blobs.wanted()
    }

    /// Takes an event and says what is to be done, in this order. `now` never goes back.
    pub fn handle<L: Ledger>(&mut self, ledger: &mut L, now: Instant, event: Event) -> Vec<Action> {
        let mut step = Step { ledger, now, actions: Vec::new() };
        match event {
            Event::Connected(peer) => self.connected(&mut step, peer),
            Event::Disconnected(peer) => self.forget(peer),
            Event::Request { peer, reply, request } => self.serve(&mut step, peer, reply, request),
            Event::Response { peer, id, response } => self.answered(&mut step, peer, id, response),
            Event::RequestFailed { peer, id } => self.failed(now, peer, id),
            Event::Announced { peer, id, announcement } => self.announced(&mut step, peer, id, announcement),
            Event::Appended(entries) => self.appended(&mut step, entries),
            Event::Changed(chain) => self.changed(&mut step, chain),
            Event::WantBlobs(blobs) => self.want_blobs(&mut step, blobs),
            Event::Tick => self.expire(now),
        }
        self.settle_own(&mut step);
        self.flush_outbox(&mut step);
        self.reconcile_due(&mut step);
        self.schedule(&mut step);
        self.schedule_chunks(&mut step);
        self.ask_payloads(&mut step);
        step.actions
    }

    fn connected<L: Ledger>(&mut self, step: &mut Step<L>, peer: Peer) {
        if self.conducts.is_banned(peer, step.now) {
            step.actions.push(Action::Ban { peer, reason: "it was banned a short while ago" });
            return;
        }
        if self.peers.contains_key(&peer) || self.peers.len() >= MAX_PEERS {
            return;
        }
        let state = PeerState {
            since: step.now,
            in_flight: 0,
            chunks_in_flight: 0,
            failures: 0,
            not_before: step.now,
            next_reconcile: step.now,
            session: None,
            again: false,
            heads_heard: None,
        };
        self.peers.insert(peer, state);
    }

    /// Drops all that hangs on a peer.
    fn forget(&mut self, peer: Peer) {
        self.peers.remove(&peer);
        let gone: Vec<_> = self.requests.iter().filter(|(_, p)| p.peer == peer).map(|(id, _)| *id).collect();
        for id in gone {
            self.take_back(id);
        }
        self.wants.drop_peer(peer);
        self.blobs.drop_peer(peer);
    }

    pub(crate) fn ban<L: Ledger>(&mut self, step: &mut Step<L>, peer: Peer, reason: &'static str) {
        self.conducts.ban(&self.config, peer, step.now, step.now.after(BAN_MS));
        self.own.drop_claim(peer);
        self.forget(peer);
        step.actions.push(Action::Ban { peer, reason });
    }

    pub(crate) fn strike<L: Ledger>(&mut self, step: &mut Step<L>, peer: Peer, strikes: u32, reason: &'static str) {
        if self.conducts.strike(&self.config, peer, step.now, strikes) {
            self.ban(step, peer, reason);
        }
    }

    /// Sends a request to a connected peer.
    pub(crate) fn ask<L: Ledger>(
        &mut self,
        step: &mut Step<L>,
        peer: Peer,
        purpose: Purpose,
        request: Request,
    ) -> RequestId {
        let id = RequestId(self.next_request);
        self.next_request += 1;
        if let Some(state) = self.peers.get_mut(&peer) {
            match purpose {
                Purpose::Heads => {}
                Purpose::Chunk { .. } => state.chunks_in_flight += 1,
                _ => state.in_flight += 1,
            }
        }
        self.requests.insert(id, Pending { peer, purpose, sent: step.now });
        step.actions.push(Action::Request { peer, id, request });
        id
    }

    /// Takes a request off the books; what it was for may then be asked anew.
    fn take_back(&mut self, id: RequestId) -> Option<Pending> {
        let pending = self.requests.remove(&id)?;
        let state = self.peers.get_mut(&pending.peer);
        match pending.purpose {
            Purpose::Heads => {}
            Purpose::Chunk { blob, index } => {
                if let Some(state) = state {
                    state.chunks_in_flight = state.chunks_in_flight.saturating_sub(1);
                }
                self.blobs.landed(blob, index);
            }
            Purpose::Payload { .. } => {
                if let Some(state) = state {
                    state.in_flight = state.in_flight.saturating_sub(1);
                }
            }
            Purpose::Range { chain, .. } | Purpose::Probe { chain, .. } | Purpose::Proof { chain, .. } => {
                if let Some(state) = state {
                    state.in_flight = state.in_flight.saturating_sub(1);
                }
                self.wants.landed(chain);
            }
        }
        Some(pending)
    }

    fn failed(&mut self, now: Instant, peer: Peer, id: RequestId) {
        if self.requests.get(&id).is_none_or(|pending| pending.peer != peer) {
            return;
        }
        let Some(pending) = self.take_back(id) else { return };
        if let Some(state) = self.peers.get_mut(&peer) {
            state.back_off(now);
            if matches!(pending.purpose, Purpose::Heads) {
                // Comparing begins anew after the pause.
                state.session = None;
                state.next_reconcile = state.not_before;
            }
        }
        if let Purpose::Range { chain, .. } = pending.purpose {
            self.wants.failed(chain, peer);
        }
    }

    fn expire(&mut self, now: Instant) {
        let timeout = self.config.request_timeout_ms;
        let late = self.requests.iter().filter(|(_, p)| now.since(p.sent) >= timeout);
        let late: Vec<_> = late.map(|(id, p)| (*id, p.peer)).collect();
        for (id, peer) in late {
            self.failed(now, peer, id);
        }
    }

    fn answered<L: Ledger>(&mut self, step: &mut Step<L>, peer: Peer, id: RequestId, response: Response) {
        // An unknown id was given up before, or belongs to an earlier life.
        if self.requests.get(&id).is_none_or(|pending| pending.peer != peer) {
            return;
        }
        if response == Response::Busy {
            return self.failed(step.now, peer, id);
        }
        let Some(Pending { purpose, .. }) = self.take_back(id) else { return };
        if let Some(state) = self.peers.get_mut(&peer) {
            state.failures = 0;
        }
        match (purpose, response) {
            (Purpose::Heads, Response::Heads { finer, heads, listed }) => {
                self.heads_heard(step, peer, &finer, &heads, &listed);
            }
            (Purpose::Range { chain, from }, Response::Range(entries)) => {
                self.range_heard(step, peer, chain, from, &entries);
            }
            (Purpose::Probe { chain, at }, Response::Range(entries)) => {
                self.probe_heard(step, peer, chain, at, &entries);
            }
            (Purpose::Payload { chain, seq }, Response::Range(entries)) => {
                self.payload_heard(step, peer, (chain, seq), &entries);
            }
            (Purpose::Payload { .. }, Response::NotFound) => {}
            (Purpose::Range { chain, .. } | Purpose::Probe { chain, .. }, Response::NotFound) => {
                self.false_claim(step, peer, chain);
            }
            (Purpose::Proof { chain, from }, Response::Proof(proof)) => {
                self.proof_heard(step, peer, chain, from, proof)
            }
            (Purpose::Proof { .. }, Response::NotFound) => {}
            (Purpose::Chunk { blob, index }, Response::Chunk { bytes, proof }) => {
                self.chunk_heard(step, peer, blob, index, &bytes, &proof);
            }
            (Purpose::Chunk { blob, .. }, Response::NotFound) => self.blobs.lacks(blob, peer, step.now),
            _ => self.ban(step, peer, "it answered something that was not asked"),
        }
    }

    /// The heads, taken anew now and then: a background check may change them unannounced.
    pub(crate) fn index<L: Ledger>(&mut self, step: &Step<L>) -> &mut HeadsIndex {
        let stale = |(taken, _): &(Instant, _)| step.now.since(*taken) >= self.config.index_ms;
        if self.index.as_ref().is_some_and(stale) {
            self.index = None;
        }
        &mut self.index.get_or_insert_with(|| (step.now, HeadsIndex::of(step.ledger))).1
    }

    /// Notes that a chain's head moved.
    pub(crate) fn refresh<L: Ledger>(&mut self, step: &mut Step<L>, chain: ChainId) -> ChainHead {
        let head = step.ledger.head(chain);
        if let Some((_, index)) = &mut self.index {
            index.set(chain, head);
        }
        self.own.moved(chain, head, step.now);
        head
    }

    fn changed<L: Ledger>(&mut self, step: &mut Step<L>, chain: ChainId) {
        self.refresh(step, chain);
        if chain == step.ledger.roster().chain() {
            self.roster_changed(step);
        }
    }

    /// Notes that the roster changed: chains may be new, and others cut back.
    pub(crate) fn roster_changed<L: Ledger>(&mut self, step: &mut Step<L>) {
        self.index = None;
        step.actions.push(Action::RosterChanged);
    }

    /// Whether a peer is connected and may be asked for entries now.
    pub(crate) fn has_room(&self, peer: Peer, now: Instant) -> bool {
        let room = |state: &PeerState| state.may_be_asked(now) && state.in_flight < self.config.in_flight_per_peer;
        self.peers.get(&peer).is_some_and(room)
    }

    /// Puts a peer off for a while although it answered.
    pub(crate) fn put_off(&mut self, peer: Peer, now: Instant) {
        if let Some(state) = self.peers.get_mut(&peer) {
            state.back_off(now);
        }
    }

    /// Requests on their way, for tests of the bounds.
    pub fn in_flight(&self) -> usize {
        self.requests.len()
    }

    /// Checks every bound that this machine promises to keep, for tests and simulations.
    ///
    /// # Errors
    /// The name of the first bound that does not hold.
    pub fn check_bounds(&self) -> Result<(), &'static str> {
        use crate::config as c;
        let count = |chunk: bool| {
            let of_kind = |p: &&Pending| match p.purpose {
                Purpose::Heads => false,
                Purpose::Chunk { .. } => chunk,
                _ => !chunk,
            };
            self.requests.values().filter(of_kind).count()
        };
        let mut owners = BTreeSet::new();
        let heads = self.requests.values().filter(|p| matches!(p.purpose, Purpose::Heads));
        let mut sessions = self.peers.values().filter_map(|state| state.session.as_ref());
        let one_comparison_each = heads.into_iter().all(|p| owners.insert(p.peer));
        [
            (self.peers.len() <= MAX_PEERS, "MAX_PEERS"),
            (count(false) <= self.config.in_flight, "in_flight"),
            (count(true) <= self.config.chunks_in_flight, "chunks_in_flight"),
            (self.peers.values().all(|p| p.in_flight <= self.config.in_flight_per_peer), "in_flight_per_peer"),
            (self.peers.values().all(|p| p.chunks_in_flight <= self.config.chunks_per_peer), "chunks_per_peer"),
            (one_comparison_each, "one comparison for each peer"),
            (owners.len() <= c::MAX_COMPARISONS, "MAX_COMPARISONS"),
            (sessions.all(Session::is_bounded), "MAX_PENDING_PREFIXES"),
            (self.conducts.len() <= c::MAX_CONDUCTS, "MAX_CONDUCTS"),
            (self.wants.len() <= c::MAX_WANTS, "MAX_WANTS"),
            (self.wants.holders_bounded(), "MAX_HOLDERS"),
            (self.blobs.len() <= c::MAX_BLOBS, "MAX_BLOBS"),
            (self.outbox.len() <= c::MAX_ANNOUNCEMENTS, "MAX_ANNOUNCEMENTS"),
        ]
        .into_iter()
        .find_map(|(holds, name)| (!holds).then_some(name))
        .map_or(Ok(()), Err)
    }

    /// How many requests for entries, proofs and probes are on their way.
    pub(crate) fn entries_in_flight(&self) -> usize {
        self.peers.values().map(|p| p.in_flight).sum()
    }

    /// How many requests for chunks are on their way.
    pub(crate) fn chunks_in_flight(&self) -> usize {
        self.peers.values().map(|p| p.chunks_in_flight).sum()
    }
}
