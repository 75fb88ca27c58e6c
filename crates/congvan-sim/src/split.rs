//! Two short plays about checkpoints: an agency shows one history to one half of a network and another to the other half,
//! and signs a checkpoint for each; and one signs checkpoints that are not of the chain that they stand in.

use std::collections::{BTreeMap, BTreeSet};

use congvan_core::checkpoint::Refusal;
use congvan_core::merkle::{self, TreeHash};
use congvan_core::{
    Bounded, Checkpoint, CheckpointPayload, Cosignature, Draft, EntryId, Kind, PublicKey, RosterAction, SecretKey, Seq,
    Sorted, Time, UnverifiedEntry, Wire, WitnessPayload, WitnessPolicy,
};
use congvan_sync::{Event, Ledger};
use rand::RngExt;

use crate::Scenario;
use crate::check::Violation;
use crate::node::Role;
use crate::wire::Place;
use crate::world::World;

/// Milliseconds that every message takes here, so that ways can be counted.
const LATENCY_MS: u64 = 50;
/// Enough for all who can reach each other to know the same.
const QUIET_MS: u64 = 60_000;

/// What came of a split view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SplitReport {
    /// The first number under which the halves were shown different entries.
    pub forked: u64,
    /// Up to where each half was shown a history.
    pub shown: [u64; 2],
    /// Honest nodes that had a doubt before the halves met.
    pub before: usize,
    /// Requests between the two who met until both held the proof, and ways there and back.
    pub requests: u64,
    /// Ways there and back in that time.
    pub rounds: u64,
    /// Milliseconds from then on until every honest node held it.
    pub spread_ms: u64,
    /// From which number each honest node has the chain in quarantine.
    pub quarantined: Vec<Option<u64>>,
    /// How many different proofs honest nodes hold.
    pub proofs: usize,
    /// Honest nodes that could convict the agency by what witnesses signed alone, without any entry of its chain.
    pub convicted_by_witnesses: usize,
}

/// Plays a split view: `agencies`, the last of which is the liar, and each half of the others hears one story. Then two
/// nodes, one of each half, exchange what they have, once, and part again.
///
/// # Errors
/// [`Violation`]: what does not happen at all, however long one waits.
pub fn split_view(agencies: usize, seed: u64) -> Result<SplitReport, Violation> {
    let scenario = stage(agencies, seed);
    let mut world = World::new(&scenario);
    let liar = agencies - 1;
    world.gather(liar)?;
    let common = world.rng.random_range(0..40);
    world.notes(liar, 0, common)?;
    world.settle()?;
    world.part(liar)?;
    world.fork()?;
    let forked = common + 1;
    // As many entries for each half, and so two checkpoints of one size.
    let head = |world: &World, face: usize| world.head(liar, face);
    let size = head(&world, 0).max(head(&world, 1));
    for face in 0..2 {
        let missing = size - head(&world, face);
        world.notes(liar, face, missing)?;
        let key = world.nodes[liar].keys[0].secret.sign.clone();
        let root = world.root(liar, face, size);
        world.checkpoint(liar, face, size, root, &key)?;
        let more = world.rng.random_range(0..100);
        world.notes(liar, face, more)?;
    }
    world.settle()?;
    for node in world.honest() {
        let refused = |refusal: Refusal| Violation::Unverified { node, reason: refusal.to_string() };
        world.witness(node, liar)?.map_err(refused)?;
    }
    world.settle()?;
    let shown = [head(&world, 0), head(&world, 1)];
    let before = world.honest().into_iter().filter(|node| world.knows(*node, liar)).count();
    let met = world.meet(liar)?;
    let spread_ms = world.wait(|world| world.honest().into_iter().all(|node| world.knows(node, liar)))?;
    world.settle()?;
    let honest = world.honest();
    let chain = world.nodes[liar].chain;
    let ledger = |node: &usize| &world.nodes[*node].faces[0].ledger;
    let proofs: BTreeSet<_> = honest.iter().filter_map(|node| Some(ledger(node).proof(chain)?.to_bytes())).collect();
    Ok(SplitReport {
        forked,
        shown,
        before,
        requests: met.requests,
        rounds: met.rounds,
        spread_ms,
        quarantined: honest.iter().map(|node| ledger(node).head(chain).quarantined.map(Seq::get)).collect(),
        proofs: proofs.len(),
        convicted_by_witnesses: honest.iter().filter(|node| world.convicts(**node, liar)).count(),
    })
}

/// A checkpoint that no witness may sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FalseCheckpoint {
    /// Its root is of fewer entries than it says.
    ShorterTree,
    /// Its root is of other entries.
    OtherTree,
    /// It says that it is over itself.
    OverItself,
    /// Another key signed it.
    OthersSignature,
}

impl FalseCheckpoint {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::ShorterTree, Self::OtherTree, Self::OverItself, Self::OthersSignature];
}

/// Plays one false checkpoint after the other, and a good one at the end: what each honest witness says to each, `None`
/// where it signed.
///
/// # Errors
/// [`Violation`].
#[allow(clippy::type_complexity)]
pub fn false_checkpoints(
    agencies: usize,
    seed: u64,
) -> Result<(Vec<(FalseCheckpoint, Vec<Option<Refusal>>)>, Vec<Option<Refusal>>), Violation> {
    let scenario = stage(agencies, seed);
    let mut world = World::new(&scenario);
    let liar = agencies - 1;
    world.gather(liar)?;
    let key = world.nodes[liar].keys[0].secret.sign.clone();
    let mut said = Vec::new();
    for kind in FalseCheckpoint::ALL {
        let count = world.rng.random_range(2..300);
        world.notes(liar, 0, count)?;
        let size = world.head(liar, 0);
        let root = world.root(liar, 0, size);
        match kind {
            FalseCheckpoint::ShorterTree => {
                let shorter = world.rng.random_range(0..size);
                let root = world.root(liar, 0, shorter);
                world.checkpoint(liar, 0, size, root, &key)?;
            }
            FalseCheckpoint::OtherTree => {
                let mut ids = world.ids(liar, 0, size);
                let swapped = world.rng.random_range(1..ids.len());
                ids.swap(swapped - 1, swapped);
                world.checkpoint(liar, 0, size, merkle::root_of(ids.iter().map(merkle::leaf_hash)), &key)?;
            }
            FalseCheckpoint::OverItself => world.checkpoint(liar, 0, size + 1, root, &key)?,
            FalseCheckpoint::OthersSignature => {
                let other = SecretKey::generate(&mut world.rng);
                world.checkpoint(liar, 0, size, root, &other)?;
            }
        }
        said.push((kind, world.ask_all(liar)?));
    }
    let size = world.head(liar, 0);
    let root = world.root(liar, 0, size);
    world.checkpoint(liar, 0, size, root, &key)?;
    let good = world.ask_all(liar)?;
    Ok((said, good))
}

fn stage(agencies: usize, seed: u64) -> Scenario {
    let calm = Scenario::small(agencies, seed).calm();
    Scenario { latency_ms: (LATENCY_MS, LATENCY_MS), equivocator: true, ..calm }
}

/// A meeting of two nodes.
struct Met {
    requests: u64,
    rounds: u64,
}

impl World<'_> {
    fn honest(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].role == Role::Honest).collect()
    }

    fn settle(&mut self) -> Result<(), Violation> {
        self.until(self.now + QUIET_MS)
    }

    /// Waits for a condition; how many milliseconds it took.
    fn wait(&mut self, holds: impl Fn(&Self) -> bool) -> Result<u64, Violation> {
        let start = self.now;
        while !holds(self) {
            if self.now > start + QUIET_MS {
                return Err(Violation::Unnoticed { node: self.nodes.len() - 1 });
            }
            self.until(self.now + LATENCY_MS)?;
        }
        Ok(self.now - start)
    }

    /// Everybody is admitted, and all but the liar are witnesses.
    fn gather(&mut self, liar: usize) -> Result<(), Violation> {
        for _ in 0..self.nodes.len() {
            self.admit()?;
        }
        let chains = self.nodes[..liar].iter().map(|node| node.chain).collect();
        let witnesses = Sorted::from_unsorted(chains).unwrap_or_default();
        self.roster(RosterAction::Witnesses(WitnessPolicy { witnesses, threshold: 2 }))?;
        self.relink()?;
        self.start_clocks();
        self.settle()
    }

    /// Takes down every line between the halves; the liar keeps its own, to both.
    fn part(&mut self, liar: usize) -> Result<(), Violation> {
        for (node, links) in self.links.iter_mut().enumerate().filter(|(node, _)| *node != liar) {
            links.retain(|peer| *peer == liar || peer % 2 == node % 2);
        }
        self.relink()
    }

    /// One line between the halves, until both ends have the same heads; then it is down again.
    fn meet(&mut self, liar: usize) -> Result<Met, Violation> {
        let half = |side: usize| (0..liar).filter(|node| node % 2 == side).collect::<Vec<_>>();
        let [a, b] = [half(0), half(1)].map(|half| half[self.rng.random_range(0..half.len())]);
        self.watched = BTreeSet::from([(a, b), (b, a)]);
        self.links[a].insert(b);
        self.links[b].insert(a);
        self.relink()?;
        let took = self.wait(|world| world.knows(a, liar) && world.knows(b, liar))?;
        let met = Met { requests: self.asked, rounds: took.div_ceil(2 * LATENCY_MS) };
        self.wait(|world| world.nodes[a].faces[0].ledger.heads() == world.nodes[b].faces[0].ledger.heads())?;
        self.links[a].remove(&b);
        self.links[b].remove(&a);
        self.relink()?;
        Ok(met)
    }

    /// Whether a node holds the proof that the liar said two things.
    fn knows(&self, node: usize, liar: usize) -> bool {
        self.nodes[node].faces[0].ledger.proof(self.nodes[liar].chain).is_some()
    }

    fn head(&self, node: usize, face: usize) -> u64 {
        self.nodes[node].faces[face].ledger.head(self.nodes[node].chain).head.map_or(0, |head| head.seq.get())
    }

    fn ids(&self, node: usize, face: usize, size: u64) -> Vec<EntryId> {
        let (ledger, chain) = (&self.nodes[node].faces[face].ledger, self.nodes[node].chain);
        (1..=size).filter_map(Seq::new).filter_map(|seq| ledger.id_at(chain, seq)).collect()
    }

    fn root(&self, node: usize, face: usize, size: u64) -> TreeHash {
        merkle::root_of(self.ids(node, face, size).iter().map(merkle::leaf_hash))
    }

    fn notes(&mut self, node: usize, face: usize, count: u64) -> Result<(), Violation> {
        for _ in 0..count {
            let payload = self.rng.random::<[u8; 16]>().to_vec();
            self.say(node, face, Kind::NOTE, payload)?;
        }
        Ok(())
    }

    fn say(&mut self, node: usize, face: usize, kind: Kind, payload: Vec<u8>) -> Result<(), Violation> {
        let draft = Draft { kind, time: Time::from_millis(self.now), payload };
        let written = self.append(node, face, draft)?;
        self.tell(Place { node, face }, Event::Appended(written.into_iter().collect()))
    }

    fn checkpoint(
        &mut self,
        node: usize,
        face: usize,
        size: u64,
        root: TreeHash,
        key: &SecretKey,
    ) -> Result<(), Violation> {
        let network = self.nodes[node].faces[face].ledger.roster().network();
        let checkpoint = Checkpoint { size: Seq::new(size).unwrap_or(Seq::FIRST), root };
        let payload = CheckpointPayload::sign(checkpoint, network, &self.nodes[node].code, key);
        self.say(node, face, Kind::CHECKPOINT, payload.to_bytes())
    }

    fn ask_all(&mut self, liar: usize) -> Result<Vec<Option<Refusal>>, Violation> {
        self.settle()?;
        let mut said = Vec::new();
        for node in self.honest() {
            said.push(self.witness(node, liar)?.err());
        }
        Ok(said)
    }

    /// A witness looks at the liar's last checkpoint, and signs it or says why not.
    fn witness(&mut self, node: usize, liar: usize) -> Result<Result<(), Refusal>, Violation> {
        let missing = || Violation::Unverified { node, reason: "there is no checkpoint".to_owned() };
        let (chain, code) = (self.nodes[liar].chain, self.nodes[liar].code.clone());
        let this = &self.nodes[node];
        let ledger = &this.faces[0].ledger;
        let network = ledger.roster().network();
        let entries = ledger.entries(chain);
        let last = entries.iter().rev().filter_map(|bytes| UnverifiedEntry::parse(bytes).ok());
        let last = last.into_iter().find(|entry| entry.header().kind == Kind::CHECKPOINT).ok_or_else(missing)?;
        let signed = last.payload().and_then(|bytes| CheckpointPayload::from_bytes(bytes).ok()).ok_or_else(missing)?;
        let signer = PublicKey::new(last.header().signer.as_bytes()).map_err(|_| missing())?;
        let size = signed.checkpoint.size.get();
        let ids = (1..=size).filter_map(Seq::new).map(|seq| ledger.id_at(chain, seq)).collect::<Option<Vec<_>>>();
        let found = ids.map(|ids| merkle::root_of(ids.iter().map(merkle::leaf_hash)));
        if let Err(refusal) = signed.judge(network, &code, last.seq(), &signer, found) {
            return Ok(Err(refusal));
        }
        let key = &this.keys[0].secret.sign;
        let seen = Cosignature::sign(network, &code, last.seq(), signed, self.now / 1000, key);
        let payload = WitnessPayload { seen: Bounded::new(vec![seen]).unwrap_or_default() };
        self.say(node, 0, Kind::WITNESS, payload.to_bytes())?;
        Ok(Ok(()))
    }

    /// Whether what witnesses signed convicts the liar by itself: one size, two roots, both signed by it.
    fn convicts(&self, node: usize, liar: usize) -> bool {
        let ledger = &self.nodes[node].faces[0].ledger;
        let (roster, code) = (ledger.roster(), &self.nodes[liar].code);
        let key = self.nodes[liar].keys[0].secret.sign.public();
        let mut roots: BTreeMap<Seq, BTreeSet<TreeHash>> = BTreeMap::new();
        for witness in roster.witnesses().witnesses.iter() {
            for bytes in ledger.entries(*witness) {
                let Ok(entry) = UnverifiedEntry::parse(&bytes) else { continue };
                let payload = entry.payload().filter(|_| entry.header().kind == Kind::WITNESS);
                let Some(Ok(payload)) = payload.map(WitnessPayload::from_bytes) else { continue };
                let Ok(signer) = PublicKey::new(entry.header().signer.as_bytes()) else { continue };
                for seen in payload.seen.iter().filter(|seen| seen.chain == self.nodes[liar].chain) {
                    let holds = seen.signed.verify(roster.network(), code, &key).is_ok()
                        && seen.verify(roster.network(), code, &signer).is_ok();
                    if holds {
                        roots.entry(seen.signed.checkpoint.size).or_default().insert(seen.signed.checkpoint.root);
                    }
                }
            }
        }
        roots.values().any(|roots| roots.len() > 1)
    }
}
