//! Comparing heads with a peer, from the whole down to the chains that differ.

use std::collections::BTreeSet;

use congvan_core::{Bounded, ChainId, Point};

use crate::config::{COMPARED_EACH_INTERVAL, MAX_COMPARISON_STEPS, MAX_COMPARISONS, MAX_PENDING_PREFIXES};
use crate::message::{Compared, Listed, MAX_PREFIXES, Prefix};
use crate::replica::{Purpose, Replica, Step};
use crate::{Instant, Ledger, Peer, Request};

/// One comparison under way.
#[derive(Debug)]
pub(crate) struct Session {
    /// Prefixes still to be compared.
    stack: Vec<Prefix>,
    /// Those in the request on its way.
    asked: Vec<Prefix>,
    steps: u32,
    own: OwnView,
    /// Whether the peer showed more of the roster than we have: the chains that it admits come first.
    roster_first: bool,
}

impl Session {
    /// Whether it keeps no more than it may.
    pub(crate) fn is_bounded(&self) -> bool {
        self.stack.len() <= MAX_PENDING_PREFIXES && self.asked.len() <= MAX_PREFIXES
    }
}

/// What a comparison has shown of our own chain at the peer.
#[derive(Clone, Copy, Debug)]
enum OwnView {
    /// Our roster does not know our chain: nothing can be concluded.
    Unknown,
    /// Nothing that differs.
    Same,
    /// The peer's roster does not know it.
    Absent,
    /// This.
    Listed(Option<Point>),
}

/// The offset of a peer's comparisons within the interval: spread by its key, the same every time.
fn stagger(peer: Peer, interval: u64) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&peer.as_bytes()[..8]);
    u64::from_le_bytes(word) % (interval / 4).max(1)
}

impl Replica {
    /// Begins the comparisons that are due.
    pub(crate) fn reconcile_due<L: Ledger>(&mut self, step: &mut Step<L>) {
        let now = step.now;
        let due = |state: &crate::replica::PeerState| {
            state.session.is_none() && state.next_reconcile <= now && state.may_be_asked(now)
        };
        let under_way = self.peers.values().filter(|state| state.session.is_some()).count();
        let room = MAX_COMPARISONS.saturating_sub(under_way);
        let mut due: Vec<_> = self.peers.iter().filter(|(_, state)| due(state)).collect();
        if due.len() > room {
            // Those never heard first, then those that wait longest.
            due.sort_by_key(|(_, state)| (state.heads_heard.is_some(), state.next_reconcile));
        }
        let due: Vec<Peer> = due.into_iter().take(room).map(|(peer, _)| *peer).collect();
        for peer in due {
            let roster = step.ledger.roster();
            let own = match self.own.chain() {
                Some(own) if own == roster.chain() || roster.agency(own).is_some() => OwnView::Same,
                _ => OwnView::Unknown,
            };
            let stack = vec![Prefix::ALL, Prefix::only(roster.chain())];
            let session = Session { stack, asked: Vec::new(), steps: 0, own, roster_first: false };
            self.next_step(step, peer, session);
        }
    }

    /// Asks for the next prefixes, or closes the comparison.
    fn next_step<L: Ledger>(&mut self, step: &mut Step<L>, peer: Peer, mut session: Session) {
        session.steps += 1;
        if session.stack.is_empty() || session.steps > MAX_COMPARISON_STEPS {
            return self.compared(step, peer, &session);
        }
        let first = session.stack.len().saturating_sub(MAX_PREFIXES);
        session.asked = session.stack.split_off(first);
        let index = self.index(step);
        let asked = session.asked.iter().map(|prefix| index.compared(*prefix)).collect();
        // At most MAX_PREFIXES were taken, so the list is within its bound.
        let asked = Bounded::new(asked).unwrap_or_default();
        self.ask(step, peer, Purpose::Heads, Request::Heads(asked));
        if let Some(state) = self.peers.get_mut(&peer) {
            state.session = Some(session);
        }
    }

    pub(crate) fn heads_heard<L: Ledger>(
        &mut self,
        step: &mut Step<L>,
        peer: Peer,
        finer: &[Compared],
        heads: &[Listed],
        listed: &[Prefix],
    ) {
        let Some(mut session) = self.peers.get_mut(&peer).and_then(|state| state.session.take()) else { return };
        if !fits(&session.asked, finer, heads, listed) {
            return self.ban(step, peer, "its comparison of heads does not fit the question");
        }
        let index = self.index(step);
        session.stack.extend(finer.iter().filter(|c| index.fingerprint(c.prefix) != c.fingerprint).map(|c| c.prefix));
        if session.stack.len() > MAX_PENDING_PREFIXES {
            return self.ban(step, peer, "its comparison of heads grows without end");
        }
        if let (Some(own), false) = (self.own.chain(), matches!(session.own, OwnView::Unknown)) {
            match heads.iter().find(|head| head.chain == own) {
                Some(head) => session.own = OwnView::Listed(head.head),
                None if listed.iter().any(|prefix| prefix.contains(own)) => session.own = OwnView::Absent,
                None => {}
            }
        }
        let roster = step.ledger.roster();
        let ours = step.ledger.head(roster.chain());
        // A forked roster takes no more; that keeps no document from its way.
        let grows = ours.quarantined.is_none_or(|q| ours.head.map_or(0, |head| head.seq.get()) + 1 < q.get());
        for head in heads {
            if head.chain == roster.chain() && grows && ahead(head.head, ours.head) {
                session.roster_first = true;
            }
            if head.chain == roster.chain() || roster.agency(head.chain).is_some() {
                self.consider(step, peer, head);
            }
        }
        // With more of the roster we shall know more chains: the rest would be compared twice.
        match session.roster_first {
            true => self.compared(step, peer, &session),
            false => self.next_step(step, peer, session),
        }
    }

    fn compared<L: Ledger>(&mut self, step: &mut Step<L>, peer: Peer, session: &Session) {
        // However many peers there are, a node compares with so many in each interval, each in its turn.
        let turns = self.peers.len().div_ceil(COMPARED_EACH_INTERVAL).max(1);
        let interval = self.config.reconcile_ms.saturating_mul(turns as u64);
        let complete = session.stack.is_empty() && !session.roster_first;
        if let Some(state) = self.peers.get_mut(&peer) {
            let first = state.heads_heard.is_none();
            let offset = if first && complete { stagger(peer, interval) } else { 0 };
            let pause = if std::mem::take(&mut state.again) { 0 } else { interval.saturating_sub(offset) };
            state.next_reconcile = step.now.after(pause);
            if complete {
                state.heads_heard = Some(step.now);
            }
        }
        if !complete {
            return;
        }
        match session.own {
            OwnView::Unknown | OwnView::Absent => {}
            OwnView::Same => self.own.agrees(peer),
            OwnView::Listed(head) => self.own.claimed(peer, head, step.now),
        }
    }

    /// Compares with some anew at once, as soon as the roster stands where the peers had it: with those under way, and
    /// with those whose turn is next.
    pub(crate) fn reconcile_anew(&mut self, now: Instant) {
        let mut turns: Vec<_> = self.peers.values_mut().collect();
        turns.sort_by_key(|state| (state.session.is_none(), state.next_reconcile));
        for state in turns.into_iter().take(COMPARED_EACH_INTERVAL) {
            state.next_reconcile = now;
            state.again = state.session.is_some();
        }
    }
}

fn ahead(theirs: Option<Point>, ours: Option<Point>) -> bool {
    theirs.is_some_and(|theirs| ours.is_none_or(|ours| ours.seq < theirs.seq))
}

/// Whether an answer refers to the question and to each thing once.
fn fits(asked: &[Prefix], finer: &[Compared], heads: &[Listed], listed: &[Prefix]) -> bool {
    let asked: BTreeSet<_> = asked.iter().collect();
    let mut prefixes = BTreeSet::new();
    let mut chains = BTreeSet::<ChainId>::new();
    let of_asked = |c: &Compared| c.prefix.is_canonical() && c.prefix.parent().is_some_and(|p| asked.contains(&p));
    finer.iter().all(|c| of_asked(c) && prefixes.insert(c.prefix))
        && listed.iter().all(|prefix| asked.contains(prefix) && prefixes.insert(*prefix))
        && heads.iter().all(|head| listed.iter().any(|p| p.contains(head.chain)))
        // The roster is asked for by itself too, and may be listed twice at the top.
        && heads.iter().filter(|head| !chains.insert(head.chain)).count() <= 1
}
