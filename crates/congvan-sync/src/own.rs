//! A node never forks itself (DESIGN §3.8): before it writes, enough peers must have told what they
//! hold of its own chain, and all of that must have been taken back.

use std::collections::{BTreeMap, BTreeSet};

use congvan_core::{ChainId, Point, Seq};

use crate::config::{Config, MAX_PEERS, OWN_CLAIM_PATIENCE_MS};
use crate::replica::{Replica, Step};
use crate::{Action, ChainHead, Instant, Ledger, Peer};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Unconfirmed,
    Confirmed,
    Contradicted,
}

#[derive(Debug)]
pub(crate) struct Own {
    chain: Option<ChainId>,
    needed: usize,
    stage: Stage,
    /// Whether this node has written since it started.
    wrote: bool,
    /// Peers whose heads were heard and hold nothing of our chain that we lack.
    agreed: BTreeSet<Peer>,
    /// Peers that hold, or say they hold, what we lack; and since when.
    claims: BTreeMap<Peer, (Point, Instant)>,
    /// Peers whose claims came to nothing.
    distrusted: BTreeSet<Peer>,
    /// When our chain last grew.
    head: Option<Point>,
    grew: Option<Instant>,
}

impl Own {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            chain: config.own,
            needed: config.confirm_peers,
            stage: Stage::Unconfirmed,
            wrote: false,
            agreed: BTreeSet::new(),
            claims: BTreeMap::new(),
            distrusted: BTreeSet::new(),
            head: None,
            grew: None,
        }
    }

    pub(crate) fn chain(&self) -> Option<ChainId> {
        self.chain
    }

    pub(crate) fn is_confirmed(&self) -> bool {
        self.stage == Stage::Confirmed
    }

    pub(crate) fn agrees(&mut self, peer: Peer) {
        self.claims.remove(&peer);
        if self.stage == Stage::Unconfirmed && self.agreed.len() < MAX_PEERS {
            self.agreed.insert(peer);
        }
    }

    /// A peer says how far it has our chain.
    pub(crate) fn claimed(&mut self, peer: Peer, head: Option<Point>, now: Instant) {
        if self.stage != Stage::Unconfirmed || self.distrusted.contains(&peer) {
            return;
        }
        match head {
            None => self.agrees(peer),
            Some(head) if self.claims.len() < MAX_PEERS => {
                let since = self.claims.get(&peer).map_or(now, |(_, since)| *since);
                self.claims.insert(peer, (head, since));
            }
            Some(_) => {}
        }
    }

    pub(crate) fn drop_claim(&mut self, peer: Peer) {
        self.claims.remove(&peer);
        self.agreed.remove(&peer);
    }

    pub(crate) fn moved(&mut self, chain: ChainId, head: ChainHead, now: Instant) {
        if self.chain == Some(chain) && self.head != head.head {
            self.head = head.head;
            self.grew = Some(now);
        }
    }

    pub(crate) fn wrote(&mut self, chain: ChainId) {
        self.wrote |= self.chain == Some(chain);
    }

    /// Whether an entry of `chain` that came from outside means that somebody else writes with our key.
    pub(crate) fn is_foreign(&self, chain: ChainId) -> bool {
        self.chain == Some(chain) && self.stage == Stage::Confirmed && self.wrote
    }

    fn expire(&mut self, now: Instant) {
        let grew = self.grew.unwrap_or(Instant(0));
        let old = |since: Instant| now.since(since.max(grew)) >= OWN_CLAIM_PATIENCE_MS;
        let old: Vec<_> = self.claims.iter().filter(|(_, (_, since))| old(*since)).map(|(peer, _)| *peer).collect();
        for peer in old {
            self.claims.remove(&peer);
            if self.distrusted.len() < MAX_PEERS {
                self.distrusted.insert(peer);
            }
        }
    }
}

impl Replica {
    /// Somebody else signed with our key, or we did before we were restored.
    pub(crate) fn contradicted<L: Ledger>(&mut self, step: &mut Step<L>, chain: ChainId, seq: Seq) {
        if self.own.chain == Some(chain) && self.own.stage != Stage::Contradicted {
            self.own.stage = Stage::Contradicted;
            self.own.claims.clear();
            step.actions.push(Action::OwnChainContradicted { seq });
        }
    }

    /// Confirms the own chain once nothing speaks against it.
    pub(crate) fn settle_own<L: Ledger>(&mut self, step: &mut Step<L>) {
        let Some(chain) = self.own.chain else { return };
        if self.own.stage != Stage::Unconfirmed {
            return;
        }
        let (claims, agreed) = (self.own.claims.len(), self.own.agreed.len());
        if claims == 0 && agreed < self.own.needed {
            return;
        }
        let ours = step.ledger.head(chain);
        if let Some(seq) = ours.quarantined {
            return self.contradicted(step, chain, seq);
        }
        let reached = |point: &Point| ours.head.is_some_and(|head| head.seq >= point.seq);
        let mut agreeing = Vec::new();
        for (peer, (point, _)) in &self.own.claims {
            // A different id at that number is a fork, or a lie: the search for it decides.
            if reached(point) && step.ledger.id_at(chain, point.seq) == Some(point.id) {
                agreeing.push(*peer);
            }
        }
        for peer in agreeing {
            self.own.agrees(peer);
        }
        self.own.expire(step.now);
        if self.own.claims.is_empty() && self.own.agreed.len() >= self.own.needed {
            self.own.stage = Stage::Confirmed;
            self.own.agreed.clear();
            step.actions.push(Action::OwnChainConfirmed);
        }
    }
}
