//! What befalls nodes: they crash, are switched off, and are restored from old backups.

use congvan_core::ChainId;
use congvan_sync::{Event, Ledger};
use rand::RngExt;

use crate::check::Violation;
use crate::ledger::Planted;
use crate::node::{Face, Node, Role};
use crate::scenario::around;
use crate::wire::{Item, Place};
use crate::world::{World, config};

impl World<'_> {
    pub(crate) fn crash(&mut self) -> Result<(), Violation> {
        let node = self.rng.random_range(0..self.nodes.len());
        if self.nodes[node].role != Role::Honest {
            return Ok(());
        }
        self.stop(node)
    }

    pub(crate) fn stop(&mut self, node: usize) -> Result<(), Violation> {
        if !std::mem::replace(&mut self.nodes[node].up, false) {
            return Ok(());
        }
        self.report.crashes += 1;
        let pause = if self.scenario.day.is_some() { 600_000 } else { 8000 };
        let back = self.now + around(&mut self.rng, pause);
        self.agenda.at(back.min(self.scenario.trouble_ms.max(self.now + 1)), Item::Restart { node });
        if self.scenario.planted == Some(Planted::AcknowledgeBeforeSync) {
            // What was acknowledged and not yet synced is gone with the memory; the file beside the key is not.
            self.nodes[node].faces[0].ledger = self.nodes[node].synced.clone();
        }
        self.relink_one(node)
    }

    pub(crate) fn restart(&mut self, number: usize) -> Result<(), Violation> {
        let node = &mut self.nodes[number];
        if std::mem::replace(&mut node.up, true) {
            return Ok(());
        }
        node.life += 1;
        let config = config(node);
        if let Some(face) = node.faces.pop() {
            node.faces.push(Face::new(config, face.ledger));
        }
        if self.scenario.day.is_some() {
            return self.relink_one(number);
        }
        // Whatever it wanted before, it finds out again from what it holds.
        let face = &mut node.faces[0];
        let chains: Vec<ChainId> = face.ledger.heads().into_iter().map(|(chain, _)| chain).collect();
        let blobs: Vec<_> = chains.into_iter().flat_map(|chain| face.new_blobs(chain)).collect();
        self.tell(Place { node: number, face: 0 }, Event::WantBlobs(blobs))?;
        self.relink_one(number)
    }

    /// A node's disk is replaced, and an old backup put back; one at a time, since what only two disks
    /// hold is lost with both.
    pub(crate) fn restore(&mut self) -> Result<(), Violation> {
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
    pub(crate) fn is_replicated(&self, node: usize) -> bool {
        let chain = self.nodes[node].chain;
        let head = self.nodes[node].faces[0].ledger.head(chain);
        let holds = |peer: &usize| {
            self.nodes[*peer].role == Role::Honest && self.nodes[*peer].faces[0].ledger.head(chain) == head
        };
        self.links[node].iter().any(holds)
    }

    /// A node is switched off, or on again, as its agency's people come and go.
    pub(crate) fn switch(&mut self, node: usize, on: bool) -> Result<(), Violation> {
        if on {
            return self.restart(node);
        }
        self.nodes[node].up = false;
        self.relink_one(node)
    }

    /// A node's line is cut, or mended.
    pub(crate) fn cut_line(&mut self, node: usize, cut: bool) -> Result<(), Violation> {
        self.cut[node] = cut;
        self.relink_one(node)
    }

    /// A node's disk is replaced and an old backup put back, once others hold what it wrote; the file beside its key is
    /// where it was.
    pub(crate) fn put_back(&mut self, node: usize) -> Result<(), Violation> {
        if !self.nodes[node].may_write() || !self.is_replicated(node) {
            if self.now + 60_000 < self.scenario.trouble_ms {
                self.agenda.at(self.now + 60_000, Item::PutBack { node });
            }
            return Ok(());
        }
        self.report.restores += 1;
        self.stop(node)?;
        let this = &mut self.nodes[node];
        this.faces[0].ledger = this.backup.clone();
        Ok(())
    }
}
