//! The registrar: it admits agencies, says what stands of their chains, and, once, says two things.

use std::sync::Arc;

use congvan_core::{
    Admission, AgencyCode, AgencySecret, Bounded, ChainId, NetworkId, NodeKey, Point, Rights, RosterAction, SecretKey,
    Seq, Sorted, Standing, Text, Time,
};
use congvan_sync::{Event, IngestError, Ledger};
use rand::RngExt;

use crate::check::Violation;
use crate::node::{OwnKey, Role};
use crate::wire::{Item, Place};
use crate::world::World;

/// A word of the registrar by which what an agency wrote behind a number is void for good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Void {
    chain: ChainId,
    after: u64,
    /// The roster's number of the word: who knows the roster up to here writes by it.
    word: u64,
}

/// The admission of an agency.
pub(crate) fn admission(network: NetworkId, code: AgencyCode, secret: &AgencySecret, nodes: Vec<NodeKey>) -> Admission {
    let chain = ChainId::of_agency(network, &code);
    Admission {
        name: Text::new(format!("Cơ quan {code}")).unwrap_or_default(),
        code,
        parent: None,
        keys: secret.public(),
        possession: secret.prove_possession(network, chain),
        nodes: Bounded::new(nodes).unwrap_or_default(),
        rights: Rights::NONE,
    }
}

impl World<'_> {
    pub(crate) fn admit(&mut self) -> Result<(), Violation> {
        if !self.nodes[0].up {
            self.agenda.at(self.now + 1000, Item::Admit);
            return Ok(());
        }
        let Some(number) = self.to_admit.pop_front() else { return Ok(()) };
        let node = &self.nodes[number];
        let network = self.nodes[0].faces[0].ledger.roster().network();
        let action = RosterAction::Admit(admission(network, node.code.clone(), &node.keys[0].secret, vec![node.key]));
        self.roster(action).map(|_| ())
    }

    /// Writes the roster's next entry. `None` where the roster is forked, so that it takes none.
    pub(crate) fn roster(&mut self, action: RosterAction) -> Result<Option<Seq>, Violation> {
        match self.forked_roster {
            Some(_) => Ok(None),
            None => self.roster_at(0, action),
        }
    }

    fn roster_at(&mut self, node: usize, action: RosterAction) -> Result<Option<Seq>, Violation> {
        let time = Time::from_millis(self.now);
        let ledger = &mut self.nodes[node].faces[0].ledger.inner;
        match ledger.append_roster(action, time, &[&self.registrar]) {
            Ok(entry) => {
                let seq = entry.seq();
                self.tell(Place { node, face: 0 }, Event::Appended(vec![entry]))?;
                Ok(Some(seq))
            }
            Err(IngestError::Quarantined(_)) => Ok(None),
            Err(e) => Err(Violation::Unverified { node, reason: e.to_string() }),
        }
    }

    pub(crate) fn resolve(&mut self) -> Result<(), Violation> {
        let Some(chain) = self.forked.map(|node| self.nodes[node].chain) else { return Ok(()) };
        let ledger = &self.nodes[0].faces[0].ledger;
        let Some(proof) = ledger.proof(chain).filter(|_| self.nodes[0].up) else { return Ok(()) };
        let stands = proof.entries()[self.rng.random_range(0..2)].point();
        self.resolved = self.roster(RosterAction::Resolve { chain, stands })?.is_some();
        Ok(())
    }

    /// One word about an honest agency, or about the registrars themselves.
    pub(crate) fn word(&mut self) -> Result<(), Violation> {
        let number = self.rng.random_range(1..self.nodes.len());
        let kind = self.rng.random_range(0..8);
        if !self.nodes[0].up || self.nodes[number].role != Role::Honest {
            return Ok(());
        }
        if kind == 0 {
            return self.other_registrars();
        }
        let chain = self.nodes[number].chain;
        let ledger = &self.nodes[0].faces[0].ledger;
        let roster = ledger.roster();
        let Some(agency) = roster.agency(chain) else { return Ok(()) };
        // As the desk does: the last entry that it knows, or one that the operator names.
        let head = ledger.head(chain).head.map_or(0, |head| head.seq.get());
        let back = if self.rng.random_bool(0.3) { self.rng.random_range(1..4) } else { 0 };
        let last = Seq::new(head.saturating_sub(back));
        let last = last.and_then(|seq| Some(Point { seq, id: ledger.id_at(chain, seq)? }));
        let closed = roster.agencies().any(|agency| agency.standing == Standing::Closed);
        let revoked = agency.standing == Standing::Active && agency.policy().limit.is_some();
        match (agency.standing, kind) {
            (Standing::Closed, _) => Ok(()),
            (Standing::Suspended, 1..=5) => self.roster(RosterAction::Reinstate { chain }).map(|_| ()),
            (Standing::Suspended, _) => self.new_keys(number, last),
            (Standing::Active, _) if revoked => self.new_keys(number, last),
            (Standing::Active, 1..=3) => self.roster(RosterAction::Suspend { chain, last }).map(|_| ()),
            (Standing::Active, 4) if !closed => self.end(number, last, RosterAction::Close { chain, last }),
            (Standing::Active, 5..=6) => self.end(number, last, RosterAction::Revoke { chain, last }),
            (Standing::Active, _) => self.new_keys(number, last),
        }
    }

    fn new_keys(&mut self, number: usize, after: Option<Point>) -> Result<(), Violation> {
        let secret = AgencySecret::generate(&mut self.rng);
        let chain = self.nodes[number].chain;
        let network = self.nodes[0].faces[0].ledger.roster().network();
        let (keys, possession) = (secret.public(), secret.prove_possession(network, chain));
        self.nodes[number].keys.push(OwnKey { secret, mark: Some(0) });
        self.end(number, after, RosterAction::Rotate { chain, after, keys, possession })
    }

    /// A word that voids what stands behind `last`, acknowledged or not.
    fn end(&mut self, number: usize, last: Option<Point>, action: RosterAction) -> Result<(), Violation> {
        let Some(word) = self.roster(action)? else { return Ok(()) };
        let after = last.map_or(0, |last| last.seq.get());
        self.acknowledged.retain(|(node, seq), _| *node != number || *seq <= after);
        self.voids.push(Void { chain: self.nodes[number].chain, after, word: word.get() });
        Ok(())
    }

    /// Whether the registrar voided a number before the node that wrote it heard of it.
    pub(crate) fn is_void(&self, number: usize, seq: Seq) -> bool {
        let node = &self.nodes[number];
        let known = node.faces[0].ledger.roster().head().map_or(0, |head| head.seq.get());
        self.voids.iter().any(|void| void.chain == node.chain && void.after < seq.get() && known < void.word)
    }

    /// Whether the registrar ever voided something of a chain.
    pub(crate) fn is_voided(&self, chain: ChainId) -> bool {
        self.voids.iter().any(|void| void.chain == chain)
    }

    fn other_registrars(&mut self) -> Result<(), Violation> {
        let next = SecretKey::generate(&mut self.rng);
        let keys = Sorted::from_unsorted(vec![next.public()]).unwrap_or_default();
        if self.roster(RosterAction::Registrars { keys, threshold: 1 })?.is_some() {
            self.registrar = next;
        }
        Ok(())
    }

    /// Two desks with one key write the roster's next entry at the same moment.
    pub(crate) fn fork_roster(&mut self) -> Result<(), Violation> {
        let other = self.rng.random_range(1..self.nodes.len());
        let head = |node: usize| self.nodes[node].faces[0].ledger.roster().head();
        let ready = self.nodes[0].up && self.nodes[other].up && self.nodes[other].role == Role::Honest;
        if !ready || head(0) != head(other) {
            self.agenda.at(self.now + 700, Item::ForkRoster);
            return Ok(());
        }
        let mut forked = None;
        for (desk, code) in [(0, "000.98.00.H55"), (other, "000.99.00.H55")] {
            let secret = Arc::new(AgencySecret::generate(&mut self.rng));
            let Ok(code) = AgencyCode::new(code) else { continue };
            let network = self.nodes[0].faces[0].ledger.roster().network();
            let action = RosterAction::Admit(admission(network, code, &secret, vec![]));
            forked = self.roster_at(desk, action)?;
        }
        self.forked_roster = forked;
        Ok(())
    }
}
