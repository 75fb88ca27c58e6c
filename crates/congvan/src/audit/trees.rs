//! Every chain's Merkle tree, recomputed; checkpoints and cosignatures held against it.

use std::collections::{BTreeMap, VecDeque};

use congvan_core::checkpoint::{CheckpointPayload, Cosignature};
use congvan_core::codec::{Decode, Encode, bincode};
use congvan_core::limits::CLOCK_TOLERANCE_MS;
use congvan_core::merkle::{self, Frontier, TreeHash};
use congvan_core::{ChainId, LinkedEntry, Roster, Seq, Time, Wire, wire};

use super::AuditError;
use super::forms::Said;
use super::report::{Finds, Note, ViolationKind};
use super::spill::Spill;

/// The level whose hashes are kept, to compare copies: one for 256 entries.
const TILE_LEVEL: u8 = 8;
/// Complete tiles before the last entry whose checkpoints can be recomputed. Nodes write a checkpoint of all that
/// stands at that moment, so few entries come between.
const REACH: usize = 16;

/// A chain's tree as it grows.
#[derive(Default)]
pub(super) struct Grown {
    tree: Frontier,
    /// Hashes of 256 entries each.
    pub(super) tiles: Vec<TreeHash>,
    /// Frontiers at the last tiles' ends, and the leaves since the first of them.
    ends: VecDeque<Frontier>,
    leaves: VecDeque<TreeHash>,
    /// The latest time that any of its entries states.
    latest: Option<(Time, Seq)>,
}

impl Grown {
    fn new(tree: Frontier) -> Self {
        Self { ends: VecDeque::from([tree.clone()]), tree, ..Self::default() }
    }

    /// How many entries it is over.
    pub(super) fn size(&self) -> u64 {
        self.tree.size()
    }

    pub(super) fn frontier(&self) -> &Frontier {
        &self.tree
    }

    fn push(&mut self, entry: &LinkedEntry, made: &mut dyn FnMut(u8, u64, TreeHash)) {
        let leaf = merkle::leaf_hash(&entry.id());
        if self.ends.is_empty() {
            self.ends.push_back(self.tree.clone());
        }
        self.leaves.push_back(leaf);
        self.tree.push_with(leaf, |level, index, hash| {
            if level >= TILE_LEVEL {
                made(level, index, hash);
            }
            if level == TILE_LEVEL {
                self.tiles.push(hash);
            }
        });
        if self.tree.size().is_multiple_of(1 << TILE_LEVEL) {
            self.ends.push_back(self.tree.clone());
            if self.ends.len() > REACH {
                let first = self.ends.pop_front().map_or(0, |end| end.size());
                let next = self.ends.front().map_or(first, Frontier::size);
                self.leaves.drain(..(next - first) as usize);
            }
        }
        let time = entry.header().time;
        if self.latest.is_none_or(|(latest, _)| time > latest) {
            self.latest = Some((time, entry.seq()));
        }
    }

    /// The root over the first entries; `None` where that is too long ago.
    fn root(&self, size: u64) -> Option<TreeHash> {
        let first = self.ends.front()?.size();
        let end = self.ends.iter().rfind(|end| end.size() <= size)?;
        let mut tree = end.clone();
        let behind = self.leaves.iter().skip((end.size() - first) as usize);
        behind.take((size - end.size()) as usize).for_each(|leaf| tree.push(*leaf));
        (tree.size() == size).then(|| tree.root())
    }

    /// Lets go of what the end of its chain no longer needs.
    fn settle(&mut self) {
        self.ends.clear();
        self.leaves = VecDeque::new();
    }
}

/// What an audit remembers of a checkpoint and of those who saw it.
#[derive(Clone, Debug, Encode, Decode)]
#[bincode(crate = "bincode")]
enum Saw {
    Checkpoint { chain: ChainId, at: Seq, signed: CheckpointPayload, latest: Option<(Time, Seq)> },
    Cosigned { witness: ChainId, number: Seq, seen: Cosignature },
}
wire!(Saw, "audit record", 1024);

/// Checkpoints of one size by their chains and numbers, each with the latest time under it and where that is stated.
type Here = BTreeMap<(ChainId, Seq), (CheckpointPayload, Option<(Time, Seq)>)>;

/// How far a chain is vouched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Vouched {
    /// The size of its last checkpoint.
    pub(super) covered: u64,
    /// The size of its last witnessed one.
    pub(super) witnessed: u64,
    /// When that was: seconds since 1970.
    pub(super) seconds: u64,
}

/// A checkpoint that its agency signed and that is not of the history here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) chain: ChainId,
    pub(super) at: Seq,
    pub(super) signed: CheckpointPayload,
}

/// All chains' trees.
#[derive(Default)]
pub(super) struct Trees {
    chains: BTreeMap<ChainId, Grown>,
    current: Option<ChainId>,
    saw: Spill,
}

impl Trees {
    /// Goes on where a former audit ended.
    pub(super) fn resume(&mut self, chain: ChainId, tree: Frontier) {
        self.chains.insert(chain, Grown::new(tree));
    }

    pub(super) fn into_chains(self) -> BTreeMap<ChainId, Grown> {
        self.chains
    }

    /// Takes an entry that stands; `made` gets every stored subtree that it completes.
    pub(super) fn push(
        &mut self,
        roster: &Roster,
        entry: &LinkedEntry,
        said: &Said,
        made: &mut dyn FnMut(u8, u64, TreeHash),
        finds: &mut Finds,
    ) -> Result<(), AuditError> {
        let (chain, number) = (entry.header().chain, entry.seq());
        if self.current != Some(chain) {
            if let Some(grown) = self.current.and_then(|before| self.chains.get_mut(&before)) {
                grown.settle();
            }
            self.current = Some(chain);
        }
        let grown = self.chains.entry(chain).or_default();
        match said {
            Said::Checkpoint(signed, judged) => {
                if let Err(reason) = judged.clone().and_then(|()| root(roster, entry, signed, grown, finds)) {
                    finds.violation(chain, number, ViolationKind::Checkpoint, reason);
                }
                let saw = Saw::Checkpoint { chain, at: number, signed: *signed, latest: grown.latest };
                self.saw.put(key(chain, signed.checkpoint.size), saw.to_bytes()).map_err(AuditError::Temporary)?;
            }
            Said::Witness(seen) => {
                for (seen, judged) in seen {
                    if let Err(reason) = judged {
                        finds.violation(chain, number, ViolationKind::Witness, reason.clone());
                        continue;
                    }
                    let saw = Saw::Cosigned { witness: chain, number, seen: *seen };
                    let key = key(seen.chain, seen.signed.checkpoint.size);
                    self.saw.put(key, saw.to_bytes()).map_err(AuditError::Temporary)?;
                }
            }
            Said::Document(_) | Said::Other => {}
        }
        grown.push(entry, made);
        Ok(())
    }

    /// Holds what witnesses saw against what is here. `signed_by` tells whether a checkpoint is its agency's, by the
    /// key of its number; `reach` up to where a chain stands here.
    pub(super) fn judge(
        &mut self,
        roster: &Roster,
        signed_by: impl Fn(ChainId, Seq, &CheckpointPayload) -> bool,
        reach: impl Fn(ChainId) -> u64,
        finds: &mut Finds,
    ) -> Result<(BTreeMap<ChainId, Vouched>, Vec<Split>), AuditError> {
        let policy = roster.witnesses();
        let mut vouched: BTreeMap<ChainId, Vouched> = BTreeMap::new();
        let mut splits = Vec::new();
        let judge_one = |_, records: &[Box<[u8]>]| {
            let mut here = Here::new();
            let mut seen_by: Vec<(ChainId, Seq, Cosignature)> = Vec::new();
            for record in records {
                match Saw::from_bytes(record) {
                    Ok(Saw::Checkpoint { chain, at, signed, latest }) => {
                        here.insert((chain, at), (signed, latest));
                    }
                    Ok(Saw::Cosigned { witness, number, seen }) => seen_by.push((witness, number, seen)),
                    Err(_) => {}
                }
            }
            let mut times: BTreeMap<ChainId, BTreeMap<ChainId, u64>> = BTreeMap::new();
            for (witness, number, seen) in seen_by {
                let size = seen.signed.checkpoint.size;
                match here.get(&(seen.chain, seen.at)) {
                    Some((signed, latest)) if *signed == seen.signed => {
                        if let Some((time, at)) = latest.filter(|(time, _)| is_ahead(*time, seen.seconds)) {
                            finds.note(ahead(roster, seen.chain, at, time, seen.seconds));
                        }
                        if policy.witnesses.contains(&witness) && witness != seen.chain {
                            times.entry(seen.chain).or_default().entry(witness).or_insert(seen.seconds);
                        }
                    }
                    // A copy that ends before knows nothing of it.
                    _ if reach(seen.chain) < seen.at.get() => {}
                    _ if signed_by(seen.chain, seen.at, &seen.signed) => {
                        let by = code_of(roster, witness);
                        let reason = format!(
                            "it signed a checkpoint of another history of its {size} first entries, which {by} saw (its number {number})"
                        );
                        finds.violation(seen.chain, size, ViolationKind::SplitView, reason);
                        splits.push(Split { chain: seen.chain, at: seen.at, signed: seen.signed });
                    }
                    _ => {
                        let whose = code_of(roster, seen.chain);
                        let reason = format!("it cosigned a checkpoint that {whose} never signed");
                        finds.violation(witness, number, ViolationKind::Witness, reason);
                    }
                }
            }
            for (chain, at) in here.keys() {
                let size = here.get(&(*chain, *at)).map_or(0, |(signed, _)| signed.checkpoint.size.get());
                let vouched = vouched.entry(*chain).or_default();
                vouched.covered = vouched.covered.max(size);
                let mut times: Vec<u64> = times.get(chain).into_iter().flat_map(|by| by.values().copied()).collect();
                times.sort_unstable();
                let needed = usize::from(policy.threshold);
                if let Some(seconds) = needed.checked_sub(1).and_then(|last| times.get(last))
                    && size > vouched.witnessed
                {
                    (vouched.witnessed, vouched.seconds) = (size, *seconds);
                }
            }
        };
        std::mem::take(&mut self.saw).drain(judge_one).map_err(AuditError::Temporary)?;
        splits.dedup();
        Ok((vouched, splits))
    }
}

/// Chain and size as one key whose first byte spreads one chain's checkpoints.
fn key(chain: ChainId, size: Seq) -> [u8; 32] {
    let mut key = *chain.as_bytes();
    for (byte, by) in key.iter_mut().zip(size.get().to_le_bytes()) {
        *byte ^= by;
    }
    key
}

/// Holds a checkpoint's root against its chain's own.
fn root(
    roster: &Roster,
    entry: &LinkedEntry,
    signed: &CheckpointPayload,
    grown: &Grown,
    finds: &mut Finds,
) -> Result<(), String> {
    let size = signed.checkpoint.size;
    match grown.root(size.get()) {
        Some(root) if root == signed.checkpoint.root => Ok(()),
        Some(_) => Err(format!("its checkpoint is of another history than its own {size} first entries")),
        None => {
            finds.note(Note {
                agency: code_of(roster, entry.header().chain),
                number: entry.seq().get(),
                document: String::new(),
                reason: format!("its checkpoint is of {size} entries, too far back to be recomputed in one pass"),
                reason_vi: format!("mốc kiểm tra của {size} mục, quá xa để tính lại trong một lượt"),
            });
            Ok(())
        }
    }
}

fn code_of(roster: &Roster, chain: ChainId) -> String {
    roster.agency(chain).map(|agency| agency.code.to_string()).unwrap_or_default()
}

fn is_ahead(time: Time, seconds: u64) -> bool {
    time.as_millis() > seconds.saturating_mul(1000).saturating_add(CLOCK_TOLERANCE_MS)
}

fn ahead(roster: &Roster, chain: ChainId, number: Seq, time: Time, seconds: u64) -> Note {
    let late = time.as_millis() / 1000 - seconds;
    Note {
        agency: code_of(roster, chain),
        number: number.get(),
        document: String::new(),
        reason: format!("it states a time {late} s later than a witness saw it"),
        reason_vi: format!("ghi thời điểm muộn hơn {late} giây so với lúc bên làm chứng đã thấy nó"),
    }
}
