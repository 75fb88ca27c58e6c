//! Fetching what is missing: ranges of many chains at once, and the first number of a fork.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use congvan_core::chain::Fault;
use congvan_core::entry::Header;
use congvan_core::evidence::RawProof;
use congvan_core::{ChainId, EquivocationProof, Point, RosterError, Seq, UnverifiedEntry, Wire};

use crate::config::{HINT_RETRY_MS, HINT_TRIES, LOOKED_AFTER_AT_ONCE, MAX_HOLDERS, MAX_WANTS, STRIKES_FALSE_CLAIM};
use crate::message::{Bytes, Listed};
use crate::replica::{Purpose, Replica, Step};
use crate::serve::raw;
use crate::{Action, Announcement, IngestError, Instant, Ledger, Peer, Request};

/// Where a peer's branch leaves ours: above `same`, at `differs` or below.
#[derive(Clone, Copy, Debug)]
struct Search {
    peer: Peer,
    same: u64,
    differs: u64,
}

impl Search {
    fn probe(&self) -> u64 {
        self.same + (self.differs - self.same) / 2
    }

    fn is_last(&self) -> bool {
        self.differs - self.same <= 1
    }

    fn next(&self) -> Option<Seq> {
        Seq::new(if self.is_last() { self.differs } else { self.probe() })
    }
}

/// A peer that has, or may have, more of a chain than we.
#[derive(Clone, Copy, Debug)]
struct Holder {
    /// Up to which number.
    until: Seq,
    /// Gossip only: whoever forwards a hint may still be fetching it itself, so not serving it is no lie.
    hint: bool,
    /// How often it had nothing yet, and until when it is not asked again.
    tries: u32,
    not_before: Instant,
}

/// What is to be had of one chain.
#[derive(Debug, Default)]
struct Want {
    /// Who says how far it has the chain.
    holders: BTreeMap<Peer, Holder>,
    /// Who has it in quarantine from a lower number than we, and from which.
    provers: BTreeMap<Peer, Seq>,
    search: Option<Search>,
    in_flight: bool,
    /// Our head when last looked at.
    have: u64,
}

impl Want {
    fn is_idle(&self) -> bool {
        self.holders.is_empty() && self.provers.is_empty() && self.search.is_none() && !self.in_flight
    }
}

/// All that is to be had of chains.
#[derive(Debug, Default)]
pub(crate) struct Wants {
    chains: BTreeMap<ChainId, Want>,
    /// Those with nothing on its way.
    ready: BTreeSet<ChainId>,
    /// The chain looked after last, so that all get their turn.
    cursor: Option<ChainId>,
    /// The chain of which something was heard last: it need not wait for its turn.
    fresh: Option<ChainId>,
}

impl Wants {
    fn entry(&mut self, chain: ChainId) -> Option<&mut Want> {
        if !self.chains.contains_key(&chain) && self.chains.len() >= MAX_WANTS {
            return None;
        }
        let want = self.chains.entry(chain).or_default();
        if !want.in_flight {
            self.ready.insert(chain);
        }
        Some(want)
    }

    /// A peer's own word that it holds a chain up to `until`.
    fn claim(&mut self, chain: ChainId, peer: Peer, until: Seq, have: u64) {
        self.note(chain, peer, Holder { until, hint: false, tries: 0, not_before: Instant(0) }, have);
    }

    /// A peer forwarded that somebody wrote number `until`.
    pub(crate) fn hint(&mut self, chain: ChainId, peer: Peer, until: Seq, have: u64) {
        let known = self.chains.get(&chain).and_then(|want| want.holders.get(&peer));
        if known.is_none_or(|known| known.hint && known.until < until) {
            self.note(chain, peer, Holder { until, hint: true, tries: 0, not_before: Instant(0) }, have);
        }
    }

    fn note(&mut self, chain: ChainId, peer: Peer, holder: Holder, have: u64) {
        self.fresh = Some(chain);
        let Some(want) = self.entry(chain) else { return };
        want.have = have;
        if want.holders.len() < MAX_HOLDERS || want.holders.contains_key(&peer) {
            want.holders.insert(peer, holder);
        }
    }

    fn search(&mut self, chain: ChainId, peer: Peer, differs: Seq) {
        if let Some(want) = self.entry(chain)
            && want.search.is_none()
        {
            want.search = Some(Search { peer, same: 0, differs: differs.get() });
        }
    }

    /// A chain's request ended, one way or the other.
    pub(crate) fn landed(&mut self, chain: ChainId) {
        if let Some(want) = self.chains.get_mut(&chain) {
            want.in_flight = false;
            self.ready.insert(chain);
        }
    }

    pub(crate) fn drop_peer(&mut self, peer: Peer) {
        for want in self.chains.values_mut() {
            want.holders.remove(&peer);
            want.provers.remove(&peer);
            want.search = want.search.filter(|search| search.peer != peer);
        }
        self.sweep();
    }

    /// A request failed: the peer makes room for others who say they hold the chain, if they are many.
    pub(crate) fn failed(&mut self, chain: ChainId, peer: Peer) {
        if self.chains.get(&chain).is_some_and(|want| want.holders.len() >= MAX_HOLDERS) {
            self.drop_holder(chain, peer);
        }
    }

    fn drop_holder(&mut self, chain: ChainId, peer: Peer) {
        if let Some(want) = self.chains.get_mut(&chain) {
            want.holders.remove(&peer);
            want.search = want.search.filter(|search| search.peer != peer);
        }
    }

    fn sweep(&mut self) {
        self.chains.retain(|_, want| !want.is_idle());
        self.ready.retain(|chain| self.chains.contains_key(chain));
    }

    /// Whether something of a chain is still to be had.
    pub(crate) fn is_wanted(&self, chain: ChainId) -> bool {
        self.chains.contains_key(&chain)
    }

    pub(crate) fn len(&self) -> usize {
        self.chains.len()
    }

    pub(crate) fn holders_bounded(&self) -> bool {
        self.chains.values().all(|want| want.holders.len() <= MAX_HOLDERS && want.provers.len() <= MAX_HOLDERS)
    }

    /// Which chains to look after now: the roster, what was just heard of, and some of the others in their turn, so that no
    /// event costs more than its share however much is wanted.
    fn next_turns(&mut self, roster: ChainId) -> Vec<ChainId> {
        let first = [Some(roster), self.fresh.take().filter(|chain| *chain != roster)].into_iter().flatten();
        let first: Vec<_> = first.filter(|chain| self.ready.contains(chain)).collect();
        let after = self.cursor.map_or(Bound::Unbounded, Bound::Excluded);
        let until = self.cursor.map_or(Bound::Excluded(roster), Bound::Included);
        let behind = self.ready.range((after, Bound::Unbounded));
        let before = self.ready.range((Bound::Unbounded, until)).filter(|_| self.cursor.is_some());
        let turns: Vec<_> = behind.chain(before).copied().take(LOOKED_AFTER_AT_ONCE).collect();
        self.cursor = turns.last().copied().or(self.cursor);
        let others = turns.into_iter().filter(|chain| !first.contains(chain));
        first.iter().copied().chain(others).collect()
    }

    /// By how many entries we are behind each peer.
    pub(crate) fn behind(&self) -> BTreeMap<Peer, u64> {
        let mut behind = BTreeMap::<Peer, u64>::new();
        for want in self.chains.values() {
            for (peer, Holder { until, .. }) in &want.holders {
                let missing = behind.entry(*peer).or_default();
                *missing = missing.saturating_add(until.get().saturating_sub(want.have));
            }
        }
        behind
    }
}

impl Wants {
    /// The last number of each chain that some peer says it holds and we lack.
    pub(crate) fn ahead(&self) -> BTreeMap<ChainId, Seq> {
        let last = |want: &Want| want.holders.values().map(|holder| holder.until).max();
        let ahead = |(chain, want): (&ChainId, &Want)| {
            last(want).filter(|last| last.get() > want.have).map(|last| (*chain, last))
        };
        self.chains.iter().filter_map(ahead).collect()
    }
}

fn number(head: Option<Point>) -> u64 {
    head.map_or(0, |head| head.seq.get())
}

/// What came of looking after one chain.
enum Pursuit {
    Asked,
    NothingToDo,
    NobodyFree,
}

impl Replica {
    /// Draws the consequences of a peer's head.
    pub(crate) fn consider<L: Ledger>(&mut self, step: &mut Step<L>, peer: Peer, theirs: &Listed) {
        let chain = theirs.chain;
        let ours = step.ledger.head(chain);
        let lower = theirs.quarantined.filter(|q| ours.quarantined.is_none_or(|o| *q < o));
        if let Some(from) = lower
            && let Some(want) = self.wants.entry(chain)
            && want.provers.len() < MAX_HOLDERS
        {
            want.provers.insert(peer, from);
        }
        let Some(head) = theirs.head else { return };
        match ours.head {
            Some(our_head) if our_head == head => {}
            Some(our_head) if head.seq <= our_head.seq => {
                if step.ledger.id_at(chain, head.seq) != Some(head.id) {
                    self.wants.search(chain, peer, head.seq);
                }
            }
            _ => {
                // From a quarantine on nothing is taken.
                let have = number(ours.head);
                if ours.quarantined.is_none_or(|q| have + 1 < q.get()) {
                    self.wants.claim(chain, peer, head.seq, have);
                }
            }
        }
    }

    /// Sends as many requests for entries as the bounds allow, the roster's first.
    pub(crate) fn schedule<L: Ledger>(&mut self, step: &mut Step<L>) {
        let nobody_free = !self.peers.keys().any(|peer| self.has_room(*peer, step.now));
        if self.wants.ready.is_empty() || nobody_free || self.entries_in_flight() >= self.config.in_flight {
            return;
        }
        let roster = step.ledger.roster().chain();
        for chain in self.wants.next_turns(roster) {
            if self.entries_in_flight() >= self.config.in_flight
                || !self.peers.keys().any(|peer| self.has_room(*peer, step.now))
            {
                break;
            }
            match self.pursue(step, chain) {
                Pursuit::Asked => {
                    self.wants.ready.remove(&chain);
                }
                Pursuit::NothingToDo => {
                    self.wants.ready.remove(&chain);
                    self.wants.chains.remove(&chain);
                }
                Pursuit::NobodyFree => {}
            }
        }
    }

    fn pursue<L: Ledger>(&mut self, step: &mut Step<L>, chain: ChainId) -> Pursuit {
        let now = step.now;
        let Some(want) = self.wants.chains.get(&chain) else { return Pursuit::NothingToDo };
        let free = |peer: &Peer| self.has_room(*peer, now);
        let load = |peer: &Peer| self.peers.get(peer).map_or(usize::MAX, |state| state.in_flight);
        // A fork first: what it leaves standing decides what else is to be had.
        let ask = if let Some(search) = want.search.filter(|search| free(&search.peer)) {
            search.next().map(|at| {
                let request = Request::Range { chain, from: at, max_bytes: 1 };
                (search.peer, Purpose::Probe { chain, at }, request)
            })
        } else if let Some((prover, from)) = want.provers.iter().map(|(p, from)| (*p, *from)).find(|(p, _)| free(p)) {
            Some((prover, Purpose::Proof { chain, from }, Request::Proof(chain)))
        } else if let Some(holder) = {
            let due = want.holders.iter().filter(|(_, holder)| holder.not_before <= now);
            due.map(|(peer, _)| *peer).filter(free).min_by_key(load)
        } {
            let ours = step.ledger.head(chain);
            let have = number(ours.head);
            let next = ours.head.map_or(Some(Seq::FIRST), |head| head.seq.next());
            let next = next.filter(|next| ours.quarantined.is_none_or(|q| *next < q));
            let Some(want) = self.wants.chains.get_mut(&chain) else { return Pursuit::NothingToDo };
            want.have = have;
            want.holders.retain(|_, holder| holder.until.get() > have && next.is_some());
            let Some(from) = next.filter(|_| !want.holders.is_empty()) else {
                return if want.is_idle() { Pursuit::NothingToDo } else { Pursuit::NobodyFree };
            };
            let max_bytes = self.config.range_bytes;
            let ask = (holder, Purpose::Range { chain, from }, Request::Range { chain, from, max_bytes });
            // Another holder may still be ahead where this one no longer is.
            match want.holders.contains_key(&holder) {
                true => Some(ask),
                false => return self.pursue(step, chain),
            }
        } else {
            return if want.is_idle() { Pursuit::NothingToDo } else { Pursuit::NobodyFree };
        };
        let Some((peer, purpose, request)) = ask else { return Pursuit::NothingToDo };
        self.ask(step, peer, purpose, request);
        if let Some(want) = self.wants.chains.get_mut(&chain) {
            want.in_flight = true;
            if matches!(purpose, Purpose::Proof { .. }) {
                want.provers.remove(&peer);
            }
        }
        Pursuit::Asked
    }

    /// A peer does not serve what it said it holds.
    pub(crate) fn false_claim<L: Ledger>(&mut self, step: &mut Step<L>, peer: Peer, chain: ChainId) {
        let want = self.wants.chains.get_mut(&chain);
        if let Some(holder) = want.and_then(|want| want.holders.get_mut(&peer)).filter(|holder| holder.hint) {
            holder.tries += 1;
            holder.not_before = step.now.after(HINT_RETRY_MS << holder.tries.min(HINT_TRIES));
            if holder.tries >= HINT_TRIES {
                self.wants.drop_holder(chain, peer);
            }
            return;
        }
        self.wants.drop_holder(chain, peer);
        self.strike(step, peer, STRIKES_FALSE_CLAIM, "it claims entries that it does not serve");
    }

    pub(crate) fn range_heard<L: Ledger>(
        &mut self,
        step: &mut Step<L>,
        peer: Peer,
        chain: ChainId,
        from: Seq,
        entries: &[Bytes],
    ) {
        let Some(entries) = self.parse(step, peer, chain, from, entries) else { return };
        let Some(first) = entries.first() else { return self.false_claim(step, peer, chain) };
        let ours = step.ledger.head(chain);
        if ours.head.map_or(Some(Seq::FIRST), |head| head.seq.next()) == Some(from) {
            let due = ours.head.map_or(Header::NO_PREVIOUS, |head| head.id);
            match ours.head {
                _ if first.header().prev == due => {}
                None => return self.ban(step, peer, "it sent a first entry that links to another"),
                // Their entry before this one is not ours.
                Some(head) => {
                    self.wants.drop_holder(chain, peer);
                    return self.wants.search(chain, peer, head.seq);
                }
            }
        }
        self.take(step, peer, chain, entries);
    }

    /// Reads entries, which must be consecutive from the number asked for.
    pub(crate) fn parse<L: Ledger>(
        &mut self,
        step: &mut Step<L>,
        peer: Peer,
        chain: ChainId,
        from: Seq,
        entries: &[Bytes],
    ) -> Option<Vec<UnverifiedEntry>> {
        let mut parsed: Vec<UnverifiedEntry> = Vec::with_capacity(entries.len());
        for bytes in entries {
            let due = parsed.last().map_or(Some(from), |last| last.seq().next());
            match UnverifiedEntry::parse(bytes) {
                Ok(entry) if entry.header().chain == chain && Some(entry.seq()) == due => parsed.push(entry),
                Ok(_) => {
                    self.ban(step, peer, "it sent entries that were not asked for");
                    return None;
                }
                // Newer software wrote it, and the peer relays it rightly.
                Err(congvan_core::EntryError::Version(_)) if !parsed.is_empty() => break,
                Err(congvan_core::EntryError::Version(_)) => {
                    self.wants.drop_holder(chain, peer);
                    self.put_off(peer, step.now);
                    return None;
                }
                Err(_) => {
                    self.ban(step, peer, "it sent a malformed entry");
                    return None;
                }
            }
        }
        Some(parsed)
    }

    /// Gives entries to the ledger and judges the peer by what comes of it.
    fn take<L: Ledger>(&mut self, step: &mut Step<L>, peer: Peer, chain: ChainId, entries: Vec<UnverifiedEntry>) {
        let error = match step.ledger.ingest(chain, entries.clone()) {
            Ok(accepted) => return self.stored(step, chain, accepted),
            Err(error) => error,
        };
        match error {
            IngestError::Equivocation(proof) => {
                self.proven(step, *proof, true);
            }
            // Our ledger moved meanwhile, or failed: from its head on, anew.
            IngestError::Gap { .. } => {}
            IngestError::Quarantined(_) | IngestError::UnknownChain(_) => self.wants.drop_holder(chain, peer),
            IngestError::Storage(_) => self.put_off(peer, step.now),
            error if is_to_blame(&error) => self.ban(step, peer, "it sent entries that break the rules"),
            error => {
                // Its roster may be older or newer than ours, or its software newer: what comes
                // before the entry in question may still be good.
                let good = match &error {
                    IngestError::Chain(e) => entries.iter().take_while(|entry| entry.seq() < e.seq).count(),
                    _ => 0,
                };
                let before: Vec<_> = entries.into_iter().take(good).collect();
                if !before.is_empty()
                    && let Ok(accepted) = step.ledger.ingest(chain, before)
                {
                    self.stored(step, chain, accepted);
                }
                self.wants.drop_holder(chain, peer);
                self.put_off(peer, step.now);
            }
        }
    }

    fn stored<L: Ledger>(&mut self, step: &mut Step<L>, chain: ChainId, accepted: crate::Ingested) {
        let head = self.refresh(step, chain);
        if let Some(want) = self.wants.chains.get_mut(&chain) {
            want.have = number(head.head);
        }
        let Some(first) = accepted.entries.first() else {
            if !accepted.filled.is_empty() {
                step.actions.push(Action::Stored { chain });
            }
            return;
        };
        if self.own.is_foreign(chain) {
            self.contradicted(step, chain, first.seq());
        }
        step.actions.push(Action::Stored { chain });
        if accepted.roster_changed {
            self.roster_changed(step);
            // Once nobody is known to have more of the roster, its chains are compared.
            let more = |want: &Want| want.holders.values().any(|holder| holder.until.get() > number(head.head));
            if !self.wants.chains.get(&chain).is_some_and(more) {
                self.reconcile_anew(step.now);
            }
        }
    }

    pub(crate) fn probe_heard<L: Ledger>(
        &mut self,
        step: &mut Step<L>,
        peer: Peer,
        chain: ChainId,
        at: Seq,
        entries: &[Bytes],
    ) {
        let Some(entries) = self.parse(step, peer, chain, at, entries.get(..1).unwrap_or_default()) else { return };
        let Some(theirs) = entries.first() else { return self.false_claim(step, peer, chain) };
        let ours = step.ledger.id_at(chain, at);
        let Some(want) = self.wants.chains.get_mut(&chain) else { return };
        let Some(search) = want.search.as_mut().filter(|search| search.peer == peer && search.next() == Some(at))
        else {
            return;
        };
        let same = ours == Some(theirs.id());
        if ours.is_none() || search.is_last() {
            // Either we were cut back meanwhile, or this is the first number that differs.
            want.search = None;
            if ours.is_some() && !same {
                self.take(step, peer, chain, entries);
            }
        } else if same {
            search.same = at.get();
        } else {
            search.differs = at.get();
        }
    }

    pub(crate) fn proof_heard<L: Ledger>(
        &mut self,
        step: &mut Step<L>,
        peer: Peer,
        chain: ChainId,
        from: Seq,
        proof: Option<RawProof>,
    ) {
        let Some(proof) = proof else {
            // Then it is for a bad signature: the entries from that number on, up to a signed descendant,
            // are the evidence, which our own check will find as bad as theirs did.
            let ours = step.ledger.head(chain);
            if ours.head.is_none_or(|head| head.seq < from) {
                self.wants.claim(chain, peer, from, number(ours.head));
            }
            return;
        };
        match EquivocationProof::parse(&proof.to_bytes()) {
            Ok(proof) if proof.chain() == chain => {
                self.proven(step, proof, false);
            }
            _ => self.ban(step, peer, "it sent a proof that proves nothing"),
        }
    }

    /// Stores a proof and tells whoever has to know.
    pub(crate) fn proven<L: Ledger>(&mut self, step: &mut Step<L>, proof: EquivocationProof, announce: bool) -> bool {
        let chain = proof.chain();
        if !matches!(step.ledger.add_proof(&proof), Ok(true)) {
            return false;
        }
        let head = self.refresh(step, chain);
        if let Some(want) = self.wants.chains.get_mut(&chain) {
            let standing = number(head.head);
            want.search = want.search.filter(|search| search.differs <= standing);
        }
        self.contradicted(step, chain, proof.seq());
        if announce {
            step.actions.push(Action::Announce(Announcement::Proof(raw(&proof))));
        }
        step.actions.push(Action::Equivocation(proof));
        true
    }
}

/// Whether an honest peer would not have sent this, whatever its roster and its software.
fn is_to_blame(error: &IngestError) -> bool {
    match error {
        IngestError::Chain(e) => !matches!(
            e.fault,
            Fault::Signer
                | Fault::NoKey
                | Fault::Limit(_)
                | Fault::Pinned
                | Fault::UnknownControl(_)
                | Fault::NotOurKey
                | Fault::Full
        ),
        IngestError::Roster(e) => {
            !matches!(e, RosterError::Place { .. } | RosterError::Payload { .. } | RosterError::Full)
        }
        _ => false,
    }
}
