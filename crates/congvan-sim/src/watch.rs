//! What is looked at while the run goes on: after each thing that happens to a node, what changed there.

use std::collections::{HashMap, HashSet};

use congvan_core::{ChainId, EntryId, Header, KeyId, UnverifiedEntry};
use congvan_sync::{Action, ChainHead, Ledger, Response};

use crate::check::Violation;
use crate::node::{Node, Role};
use crate::wire::Place;
use crate::world::World;

/// Milliseconds over which messages are counted.
const MINUTE_MS: u64 = 60_000;
/// Messages that a node may send in a minute whatever happens: comparing, asking again, being asked.
pub(crate) const CALM: u64 = 1_500;
/// Messages that each thing new to it may cost beyond that: passing it on, asking for it, serving it.
pub(crate) const EACH: u64 = 60;

/// One node's messages in this minute.
#[derive(Clone, Copy, Debug, Default)]
struct Minute {
    began: u64,
    sent: u64,
    news: u64,
}

/// What was looked at before, so that nothing is looked at twice.
#[derive(Debug)]
pub(crate) struct Watch {
    owners: HashMap<ChainId, usize>,
    honest: Vec<bool>,
    /// Entries that hold by themselves: signed by a key of their agency, and linked to one that holds.
    good: HashSet<EntryId>,
    /// Chains that were judged, by their head and by how far they were verified.
    judged: HashSet<(EntryId, u64)>,
    minutes: Vec<Minute>,
    busiest: (u64, u64),
    storm: Option<Violation>,
}

impl Watch {
    pub(crate) fn over(nodes: &[Node]) -> Self {
        Self {
            owners: nodes.iter().enumerate().map(|(number, node)| (node.chain, number)).collect(),
            honest: nodes.iter().map(|node| node.role == Role::Honest).collect(),
            good: HashSet::new(),
            judged: HashSet::new(),
            minutes: vec![Minute::default(); nodes.len()],
            busiest: (0, 0),
            storm: None,
        }
    }

    fn minute(&mut self, node: usize, now: u64) -> &mut Minute {
        let minute = &mut self.minutes[node];
        if now >= minute.began + MINUTE_MS {
            *minute = Minute { began: now - now % MINUTE_MS, ..Minute::default() };
        }
        minute
    }

    /// A node sends a message.
    pub(crate) fn sent(&mut self, node: usize, now: u64) {
        let honest = self.honest[node];
        let minute = self.minute(node, now);
        minute.sent += 1;
        let (sent, news) = (minute.sent, minute.news);
        if honest && sent > self.busiest.0 {
            self.busiest = (sent, news);
        }
        if honest && sent > CALM + EACH * news {
            self.storm.get_or_insert(Violation::Storm { node, sent, news });
        }
    }

    /// Something is new to a node.
    pub(crate) fn news(&mut self, node: usize, now: u64, count: u64) {
        self.minute(node, now).news += count;
    }

    /// What a node answers an enemy is the enemy's doing, and what it answers with chunks was asked for.
    pub(crate) fn answers(&mut self, node: usize, by: &Node, response: &Response) {
        if by.role != Role::Honest || matches!(response, Response::Chunk { .. }) {
            let minute = &mut self.minutes[node];
            minute.sent = minute.sent.saturating_sub(1);
        }
    }

    /// Whether some honest node ever held an entry.
    pub(crate) fn has_seen(&self, entry: EntryId) -> bool {
        self.good.contains(&entry)
    }

    pub(crate) fn storm(&self) -> Option<Violation> {
        self.storm.clone()
    }

    pub(crate) fn busiest(&self) -> (u64, u64) {
        self.busiest
    }
}

impl World<'_> {
    /// Looks at what an action says has changed.
    pub(crate) fn watch_action(&mut self, place: Place, action: &Action) -> Result<(), Violation> {
        if self.nodes[place.node].role != Role::Honest {
            return Ok(());
        }
        match action {
            Action::Stored { chain } => {
                self.watch.news(place.node, self.now, 1);
                self.watch_chain(place.node, *chain)
            }
            Action::BlobComplete(_) => {
                self.watch.news(place.node, self.now, 1);
                Ok(())
            }
            Action::Equivocation(proof) => self.watch_chain(place.node, proof.chain()),
            _ => Ok(()),
        }
    }

    /// A chain changed at an honest node: what stands there is genuine, within the registrar's limit, and what its agency
    /// acknowledged; and nobody honest is called a liar.
    pub(crate) fn watch_chain(&mut self, number: usize, chain: ChainId) -> Result<(), Violation> {
        let Some(owner) = self.watch.owners.get(&chain).copied() else { return Ok(()) };
        let ledger = &self.nodes[number].faces[0].ledger;
        let ChainHead { head, quarantined } = ledger.head(chain);
        if let Some(seq) = quarantined.filter(|_| self.nodes[owner].role == Role::Honest) {
            return Err(Violation::Slandered { node: owner, seq: seq.get() });
        }
        let Some(head) = head else { return Ok(()) };
        let roster = ledger.roster();
        let limit = roster.agency(chain).and_then(|agency| agency.policy().limit);
        if limit.is_some_and(|limit| head.seq.get() > limit) {
            let reason = format!("{chain:?} goes on to {:?} though the registrar ended it at {limit:?}", head.seq);
            return Err(Violation::Unverified { node: number, reason });
        }
        let verified = ledger.verified(chain).min(head.seq.get());
        if !self.watch.judged.insert((head.id, verified)) {
            return Ok(());
        }
        let voided = self.is_voided(chain);
        let bad = |reason: &str, entry: &UnverifiedEntry| Violation::Unverified {
            node: number,
            reason: format!("{reason}: number {} of {chain:?}", entry.seq()),
        };
        let mut new = Vec::new();
        // From the last one down to one that is known to hold.
        for bytes in ledger.entries(chain).iter().take(verified as usize).rev() {
            let entry = UnverifiedEntry::parse(bytes)
                .map_err(|e| Violation::Unverified { node: number, reason: e.to_string() })?;
            if self.watch.good.contains(&entry.id()) {
                break;
            }
            new.push(entry);
        }
        for entry in new.iter().rev() {
            let prev = entry.header().prev;
            let first = entry.seq().get() == 1 && prev == Header::NO_PREVIOUS;
            if !first && !self.watch.good.contains(&prev) {
                return Err(bad("it links to nothing that holds", entry));
            }
            if entry.check_own_signature().is_err() {
                return Err(bad("its signature does not hold", entry));
            }
            if !self.nodes[owner].has_key(entry.header().signer) {
                return Err(bad("its signer is no key of its agency", entry));
            }
            let acknowledged = self.acknowledged.get(&(owner, entry.seq().get()));
            if !voided && acknowledged.is_some_and(|id| *id != entry.id()) {
                return Err(Violation::Lost { of: owner, at: number, seq: entry.seq().get() });
            }
            self.watch.good.insert(entry.id());
        }
        Ok(())
    }
}

impl Node {
    fn has_key(&self, key: KeyId) -> bool {
        self.keys.iter().any(|own| own.secret.sign.public().id() == key)
    }
}
