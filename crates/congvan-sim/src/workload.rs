//! What agencies and their registrar do: admit, write, attach, and, one of them, say two things.

use congvan_core::{
    Admission, Cover, DocumentPayload, Draft, Envelope, Kind, Rights, RosterAction, Text, Time, VerifiedEntry,
};
use congvan_core::{Bounded, Sorted, Wire};
use congvan_sync::{Event, Ledger};
use rand::RngExt;

use crate::check::Violation;
use crate::ledger::Planted;
use crate::node::{Face, Role};
use crate::wire::{Item, Place};
use crate::world::{World, config};

impl World<'_> {
    pub(crate) fn admit(&mut self) -> Result<(), Violation> {
        if !self.nodes[0].up {
            self.agenda.at(self.now + 1000, Item::Admit);
            return Ok(());
        }
        let Some(number) = self.to_admit.pop_front() else {
            return Ok(());
        };
        let node = &self.nodes[number];
        let network = self.nodes[0].faces[0].ledger.roster().network();
        let admission = Admission {
            code: node.code.clone(),
            name: Text::new(format!("Cơ quan {number}")).unwrap_or_default(),
            parent: None,
            keys: node.secret.public(),
            possession: node.secret.prove_possession(network, node.chain),
            nodes: Bounded::new(vec![node.key]).unwrap_or_default(),
            rights: Rights::NONE,
        };
        self.roster(RosterAction::Admit(admission))
    }

    pub(crate) fn roster(&mut self, action: RosterAction) -> Result<(), Violation> {
        let time = Time::from_millis(self.now);
        let ledger = &mut self.nodes[0].faces[0].ledger.inner;
        match ledger.append_roster(action, time, &[&self.registrar]) {
            Ok(entry) => self.tell(Place { node: 0, face: 0 }, Event::Appended(vec![entry])),
            Err(e) => Err(Violation::Unverified { node: 0, reason: e.to_string() }),
        }
    }

    pub(crate) fn resolve(&mut self) -> Result<(), Violation> {
        let Some(chain) = self.forked.map(|node| self.nodes[node].chain) else { return Ok(()) };
        let ledger = &self.nodes[0].faces[0].ledger;
        let Some(proof) = ledger.proof(chain).filter(|_| self.nodes[0].up) else { return Ok(()) };
        let stands = proof.entries()[self.rng.random_range(0..2)].point();
        self.resolved = true;
        self.roster(RosterAction::Resolve { chain, stands })
    }

    pub(crate) fn write(&mut self) -> Result<(), Violation> {
        let number = self.rng.random_range(0..self.nodes.len());
        let burst = if self.rng.random_bool(0.1) { self.rng.random_range(2..30) } else { 1 };
        let unconfirmed = self.scenario.planted == Some(Planted::WriteUnconfirmed);
        let node = &self.nodes[number];
        if !node.up || !(node.may_write() || unconfirmed || node.faces.len() > 1) {
            return Ok(());
        }
        for face in 0..self.nodes[number].faces.len() {
            let mut written = Vec::new();
            for _ in 0..burst {
                let draft = self.draft(number, face);
                written.extend(self.append(number, face, draft)?);
            }
            if !written.is_empty() {
                self.tell(Place { node: number, face }, Event::Appended(written))?;
            }
        }
        Ok(())
    }

    pub(crate) fn append(
        &mut self,
        number: usize,
        face: usize,
        draft: Draft,
    ) -> Result<Option<VerifiedEntry>, Violation> {
        let node = &mut self.nodes[number];
        if self.scenario.planted == Some(Planted::LoseTail) {
            node.backup = node.faces[face].ledger.clone();
        }
        let Ok(entry) = node.faces[face].ledger.inner.append(node.chain, draft, &node.secret) else { return Ok(None) };
        self.report.entries += 1;
        if node.role == Role::Honest {
            let seq = entry.seq().get();
            node.highest_signed = node.highest_signed.map(|highest| highest.max(seq));
            if self.acknowledged.insert((number, seq), entry.id()).is_some() {
                return Err(Violation::SignedTwice { node: number, seq });
            }
            if self.scenario.planted == Some(Planted::LoseTail) && self.report.entries.is_multiple_of(7) {
                node.faces[face].ledger = node.backup.clone();
                node.highest_signed = None;
            }
        }
        Ok(Some(entry))
    }

    pub(crate) fn draft(&mut self, number: usize, face: usize) -> Draft {
        let time = Time::from_millis(self.now);
        let size = self.rng.random_range(10..3000);
        let mut payload = vec![0; size];
        self.rng.fill(&mut payload[..]);
        if !self.rng.random_bool(0.2) {
            return Draft { kind: Kind::NOTE, time, payload };
        }
        let mut attachment = vec![0; self.rng.random_range(1..200_000)];
        self.rng.fill(&mut attachment[..]);
        let blob = self.nodes[number].faces[face].ledger.inner.put_blob(&attachment);
        // What a fork's other face tells stays with it: attachments that few have are another story.
        let blobs: Vec<_> = if self.nodes[number].role == Role::Honest { blob.into_iter().collect() } else { vec![] };
        let to = self.rng.random_range(0..self.nodes.len());
        let cover = Cover {
            addressees: Sorted::from_unsorted(vec![self.nodes[to].code.clone()]).unwrap_or_default(),
            blobs: Bounded::new(blobs).unwrap_or_default(),
            ..Cover::default()
        };
        match DocumentPayload::public(cover, Envelope::default()) {
            Ok(document) => Draft { kind: Kind::DOCUMENT, time, payload: document.to_bytes() },
            Err(e) => unreachable!("one addressee and one blob fit: {e}"),
        }
    }

    /// The equivocator tells one half of its peers one thing and the other half another.
    pub(crate) fn fork(&mut self) -> Result<(), Violation> {
        let Some(number) = self.nodes.iter().position(|node| node.role == Role::Equivocator) else { return Ok(()) };
        let chain = self.nodes[number].chain;
        let ledger = self.nodes[number].faces[0].ledger.clone();
        if ledger.roster().agency(chain).is_none() {
            self.agenda.at(self.now + 5000, Item::Fork);
            return Ok(());
        }
        // All connections are taken down and set up anew, each to its face.
        let links = std::mem::take(&mut self.links[number]);
        self.relink()?;
        self.links[number] = links;
        let config = config(&self.nodes[number]);
        self.nodes[number].faces.push(Face::new(config, ledger));
        self.forked = Some(number);
        for face in 0..2 {
            let mut written = Vec::new();
            for _ in 0..self.rng.random_range(1..8) {
                let draft = self.draft(number, face);
                written.extend(self.append(number, face, draft)?);
            }
            self.tell(Place { node: number, face }, Event::Appended(written))?;
        }
        self.relink()
    }
}
