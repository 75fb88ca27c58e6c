//! Checkpoints and witnesses: what makes this chain the one that everybody saw, and since when at the latest.
//!
//! A running node writes a checkpoint of its own chain once something new stands in it, and, where the roster names its
//! agency as a witness, its cosignatures of others' checkpoints: those whose root is that of its own copy. A checkpoint
//! with as many cosignatures as the policy asks for is *witnessed*, and with it every entry up to its size.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use congvan_core::checkpoint::{Checkpoint, CheckpointPayload, Cosignature, WitnessPayload};
use congvan_core::limits::MAX_COSIGNATURES;
use congvan_core::merkle::{self, TreeHash};
use congvan_core::{Bounded, ChainId, Draft, EntryRef, Kind, LinkedEntry, PublicKey, Seq, Wire};
use congvan_store::{Ledger, StoreError, WitnessMark};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::gate::Gate;
use crate::node::{Node, Own};
use crate::setup;

/// How often a node looks whether a checkpoint or a cosignature is due, unless told otherwise.
pub const EVERY: Duration = Duration::from_secs(60);
/// Checkpoints looked at for one that is witnessed, behind the first that covers an entry.
const LOOKED_AT: usize = 64;

/// One witness' word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WitnessView {
    /// The witness' code.
    pub agency: String,
    /// When it looked, by its clock: milliseconds since 1970.
    pub time: u64,
    /// The number of its entry that says so.
    pub number: u64,
}

/// What covers an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CoverView {
    /// The checkpoint's size: it covers every number up to it.
    pub size: u64,
    /// Its root.
    pub root: String,
    /// The number of its entry in the chain.
    pub checkpoint: u64,
    /// Who cosigned it, of those whom the roster names, in the order of their times.
    pub witnesses: Vec<WitnessView>,
    /// How many the roster asks for; 0 where it names none.
    pub needed: u16,
    /// Whether they are enough.
    pub witnessed: bool,
}

/// A checkpoint that stands in its chain, whose agency's signature holds.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Its entry.
    pub entry: LinkedEntry,
    /// What it says.
    pub payload: CheckpointPayload,
}

/// A cosignature by a witness whom the roster names, which holds.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The witness' entry.
    pub entry: LinkedEntry,
    /// What it says of the chain.
    pub cosignature: Cosignature,
}

/// A checkpoint and who cosigned it.
#[derive(Clone, Debug)]
pub struct Covered {
    /// The checkpoint.
    pub signed: Signed,
    /// One cosignature of each witness, by time.
    pub seen: Vec<Seen>,
    /// Whether they are enough by the roster's policy.
    pub witnessed: bool,
}

/// The checkpoint that a mark leads to; `None` where it is none, or its signature does not hold.
///
/// # Errors
/// [`StoreError`].
pub fn checkpoint_at(ledger: &Ledger, chain: ChainId, at: Seq) -> Result<Option<Signed>, StoreError> {
    let roster = ledger.roster();
    let Some(agency) = roster.agency(chain) else { return Ok(None) };
    let Some(entry) = ledger.entry(chain, at)?.filter(|entry| entry.header().kind == Kind::CHECKPOINT) else {
        return Ok(None);
    };
    let payload = entry.payload().and_then(|payload| CheckpointPayload::from_bytes(payload).ok());
    let holds = |payload: &CheckpointPayload| {
        payload.checkpoint.size < at
            && entry.check().is_ok()
            && payload.verify(ledger.network(), &agency.code, entry.signer()).is_ok()
    };
    Ok(payload.filter(holds).map(|payload| Signed { entry, payload }))
}

/// Where the cosignatures of a chain's checkpoints of one size are.
fn cosigned_at(
    ledger: &Ledger,
    chain: ChainId,
    size: Seq,
) -> impl Iterator<Item = Result<WitnessMark, StoreError>> + '_ {
    ledger.cosignatures(chain, size).take_while(move |mark| mark.as_ref().map_or(true, |mark| mark.size == size))
}

/// The cosignatures in a witness' entry about one chain and size that hold.
fn cosignatures_at(ledger: &Ledger, chain: ChainId, mark: &WitnessMark) -> Result<Vec<Seen>, StoreError> {
    let roster = ledger.roster();
    let Some(agency) = roster.agency(chain) else { return Ok(Vec::new()) };
    let Some(entry) = ledger.entry(mark.witness, mark.at)?.filter(|entry| entry.check().is_ok()) else {
        return Ok(Vec::new());
    };
    let payload = entry.payload().and_then(|payload| WitnessPayload::from_bytes(payload).ok());
    let about = |seen: &&Cosignature| seen.chain == chain && seen.signed.checkpoint.size == mark.size;
    let holds = |seen: &&Cosignature| seen.verify(ledger.network(), &agency.code, entry.signer()).is_ok();
    let seen = payload.iter().flat_map(|payload| payload.seen.iter()).filter(about).filter(holds);
    Ok(seen.map(|seen| Seen { entry: entry.clone(), cosignature: *seen }).collect())
}

/// A checkpoint with its cosignatures.
///
/// # Errors
/// [`StoreError`].
pub fn covered(ledger: &Ledger, chain: ChainId, signed: Signed) -> Result<Covered, StoreError> {
    let roster = ledger.roster();
    let policy = roster.witnesses();
    let size = signed.payload.checkpoint.size;
    let mut by_witness: BTreeMap<ChainId, Seen> = BTreeMap::new();
    for mark in cosigned_at(ledger, chain, size) {
        let mark = mark?;
        if !policy.witnesses.contains(&mark.witness) || mark.witness == chain {
            continue;
        }
        for seen in cosignatures_at(ledger, chain, &mark)? {
            if seen.cosignature.signed == signed.payload {
                by_witness.entry(mark.witness).or_insert(seen);
            }
        }
    }
    let mut seen: Vec<_> = by_witness.into_values().collect();
    seen.sort_by_key(|seen| seen.cosignature.seconds);
    let witnessed = policy.threshold > 0 && seen.len() >= usize::from(policy.threshold);
    Ok(Covered { signed, seen, witnessed })
}

/// What covers an entry: the first witnessed checkpoint of at least its number, or else the one with the most
/// witnesses; `None` where no checkpoint covers it yet.
///
/// # Errors
/// [`StoreError`].
pub fn cover_of(ledger: &Ledger, chain: ChainId, seq: Seq) -> Result<Option<Covered>, StoreError> {
    let nobody_asked = ledger.roster().witnesses().threshold == 0;
    let mut best: Option<Covered> = None;
    for mark in ledger.checkpoints(chain, seq).take(LOOKED_AT) {
        let Some(signed) = checkpoint_at(ledger, chain, mark?.at)? else { continue };
        let found = covered(ledger, chain, signed)?;
        // Where there are no witnesses, no later checkpoint is better than the first.
        if found.witnessed || nobody_asked {
            return Ok(Some(found));
        }
        if best.as_ref().is_none_or(|best| found.seen.len() > best.seen.len()) {
            best = Some(found);
        }
    }
    Ok(best)
}

impl Covered {
    /// In words for people and machines.
    pub fn view(&self, ledger: &Ledger) -> CoverView {
        let roster = ledger.roster();
        let code = |chain: ChainId| roster.agency(chain).map(|agency| agency.code.to_string()).unwrap_or_default();
        let checkpoint = self.signed.payload.checkpoint;
        CoverView {
            size: checkpoint.size.get(),
            root: checkpoint.root.to_string(),
            checkpoint: self.signed.entry.seq().get(),
            witnesses: self
                .seen
                .iter()
                .map(|seen| WitnessView {
                    agency: code(seen.entry.header().chain),
                    time: seen.cosignature.seconds.saturating_mul(1000),
                    number: seen.entry.seq().get(),
                })
                .collect(),
            needed: roster.witnesses().threshold,
            witnessed: self.witnessed,
        }
    }
}

/// The root over the first `size` entries of a chain; `None` where it does not stand that far.
///
/// # Errors
/// [`StoreError`].
pub fn root_at(ledger: &Ledger, chain: ChainId, size: Seq) -> Result<Option<TreeHash>, StoreError> {
    let tree = ledger.tree(chain);
    if tree.size() < size.get() {
        return Ok(None);
    }
    let root = merkle::root(&tree, size.get())?;
    Ok(tree.stands().then_some(root))
}

/// Writes checkpoints and cosignatures beside a node that has a network, until it stops.
pub(crate) async fn run(node: Node, every: Duration, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut looked = Looked::new(&node.0.ledger);
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = ticks.tick() => {}
        }
        let looking = node.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let due = looking.due_evidence(&mut looked);
            if let Err(error) = looked.compare(&looking.0.ledger) {
                tracing::error!(%error, "witnesses' cosignatures cannot be read");
            }
            (due, looked)
        });
        let Ok((due, after)) = looking.await else { return };
        looked = after;
        let due = match due {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "checkpoints cannot be made");
                continue;
            }
        };
        for draft in due {
            if node.gate() != Gate::Open || *stop.borrow() {
                break;
            }
            if let Err(error) = node.append_own(draft).await {
                tracing::warn!(%error, "a checkpoint or cosignature is written later");
                break;
            }
        }
    }
}

impl Node {
    /// What covers a document or any other entry; see [`cover_of`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn cover(&self, entry: EntryRef) -> Result<Option<CoverView>, StoreError> {
        Ok(cover_of(&self.0.ledger, entry.chain, entry.seq)?.map(|covered| covered.view(&self.0.ledger)))
    }

    /// The checkpoint and the cosignatures that this agency has to write now.
    fn due_evidence(&self, looked: &mut Looked) -> Result<Vec<Draft>, StoreError> {
        let own = self.0.own();
        let mut due = Vec::new();
        due.extend(self.due_checkpoint(&own, looked)?);
        due.extend(self.due_cosignatures(&own)?);
        Ok(due)
    }

    fn due_checkpoint(&self, own: &Own, looked: &mut Looked) -> Result<Option<Draft>, StoreError> {
        let ledger = &self.0.ledger;
        let Some(head) = ledger.status(own.chain).head else { return Ok(None) };
        let covered = ledger.last_checkpoint(own.chain)?.map_or(0, |mark| mark.size.get());
        // Checkpoints and cosignatures alone ask for none: they would never end. A witness may have many of them behind
        // its last checkpoint, which are looked at once.
        let mut new = false;
        let Some(first) = Seq::new(covered.max(looked.idle).saturating_add(1)) else { return Ok(None) };
        for entry in ledger.entries(own.chain, first) {
            let entry = entry?;
            new = !matches!(entry.header().kind, Kind::CHECKPOINT | Kind::WITNESS);
            if new {
                break;
            }
            looked.idle = entry.seq().get();
        }
        let Some(root) = root_at(ledger, own.chain, head.seq)?.filter(|_| new) else { return Ok(None) };
        let checkpoint = Checkpoint { size: head.seq, root };
        let payload = CheckpointPayload::sign(checkpoint, self.0.network, &own.code, &own.sign);
        Ok(Some(Draft { kind: Kind::CHECKPOINT, time: setup::now(), payload: payload.to_bytes() }))
    }

    fn due_cosignatures(&self, own: &Own) -> Result<Vec<Draft>, StoreError> {
        let ledger = &self.0.ledger;
        let roster = ledger.roster();
        if !roster.witnesses().witnesses.contains(&own.chain) {
            return Ok(Vec::new());
        }
        let mut seen = Vec::new();
        for agency in roster.agencies().filter(|agency| agency.chain != own.chain) {
            let Some(mark) = ledger.last_checkpoint(agency.chain)? else { continue };
            let mine = |cosigned: &Result<WitnessMark, _>| cosigned.as_ref().map_or(true, |by| by.witness == own.chain);
            if cosigned_at(ledger, agency.chain, mark.size).find(mine).transpose()?.is_some() {
                continue;
            }
            let Some(signed) = checkpoint_at(ledger, agency.chain, mark.at)? else { continue };
            let (found, signer) = (root_at(ledger, agency.chain, mark.size)?, signed.entry.signer());
            if let Err(refusal) = signed.payload.judge(self.0.network, &agency.code, mark.at, signer, found) {
                tracing::error!(agency = %agency.code, number = %mark.at, %refusal, "a checkpoint is not cosigned");
                continue;
            }
            let seconds = setup::now().as_millis() / 1000;
            seen.push(Cosignature::sign(self.0.network, &agency.code, mark.at, signed.payload, seconds, &own.sign));
        }
        let batches = seen.chunks(MAX_COSIGNATURES).filter_map(|seen| Bounded::new(seen.to_vec()).ok());
        Ok(batches
            .map(|seen| WitnessPayload { seen }.to_bytes())
            .map(|payload| Draft { kind: Kind::WITNESS, time: setup::now(), payload })
            .collect())
    }
}

/// Cosignatures that wait for the entries that they are about, at most.
const MAX_WAITING: usize = 10_000;

/// What a node looked at since it started, so that it looks once. What came before, [`split_views`] finds.
struct Looked {
    /// Up to this number nothing of our own chain asks for a checkpoint, unless one covers it.
    idle: u64,
    /// The last number of each witness whose cosignatures were taken.
    witnesses: BTreeMap<ChainId, u64>,
    /// Chains and sizes that somebody cosigned and that are not compared yet.
    waiting: BTreeSet<(ChainId, Seq)>,
}

impl Looked {
    fn new(ledger: &Ledger) -> Self {
        let head = |chain| (chain, ledger.status(chain).head.map_or(0, |head| head.seq.get()));
        Self { idle: 0, witnesses: ledger.chains().into_iter().map(head).collect(), waiting: BTreeSet::new() }
    }

    /// Looks whether some witness saw another history of a chain than is here.
    fn compare(&mut self, ledger: &Ledger) -> Result<(), StoreError> {
        let roster = ledger.roster();
        for witness in roster.witnesses().witnesses.iter() {
            let last = self.witnesses.entry(*witness).or_default();
            let Some(first) = Seq::new(last.saturating_add(1)) else { continue };
            for entry in ledger.entries(*witness, first) {
                let entry = entry?;
                *last = entry.seq().get();
                let payload = entry.payload().filter(|_| entry.header().kind == Kind::WITNESS);
                let payload = payload.and_then(|payload| WitnessPayload::from_bytes(payload).ok());
                let seen = payload.iter().flat_map(|payload| payload.seen.iter());
                let room = MAX_WAITING.saturating_sub(self.waiting.len());
                self.waiting.extend(seen.map(|seen| (seen.chain, seen.signed.checkpoint.size)).take(room));
            }
        }
        let here = |chain: ChainId, size: Seq| ledger.tree(chain).size() >= size.get();
        let ready: Vec<_> = self.waiting.iter().copied().filter(|(chain, size)| here(*chain, *size)).collect();
        for (chain, size) in ready {
            self.waiting.remove(&(chain, size));
            for split in splits_at(ledger, chain, size)? {
                let agency = roster.agency(chain).map(|agency| agency.code.to_string()).unwrap_or_default();
                tracing::error!(agency, %size, witness = split.witness, "a witness saw another history of a chain");
            }
        }
        Ok(())
    }
}

/// That a witness saw another history of a chain than a copy holds, under its agency's own signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitView {
    /// The size at which the two differ at the latest.
    pub size: Seq,
    /// The witness' code.
    pub witness: String,
    /// What it saw, signed by both.
    pub seen: Cosignature,
}

/// The cosignatures of at least this size, up to where the chain stands here, whose checkpoint its agency signed and
/// whose root is not that of this copy.
///
/// # Errors
/// [`StoreError`].
pub fn split_views(ledger: &Ledger, chain: ChainId, from: Seq) -> Result<Vec<SplitView>, StoreError> {
    let mut sizes: Vec<_> =
        ledger.cosignatures(chain, from).map(|mark| mark.map(|mark| mark.size)).collect::<Result<_, _>>()?;
    sizes.dedup();
    let mut found = Vec::new();
    for size in sizes {
        found.extend(splits_at(ledger, chain, size)?);
    }
    Ok(found)
}

/// The same of one size.
fn splits_at(ledger: &Ledger, chain: ChainId, size: Seq) -> Result<Vec<SplitView>, StoreError> {
    let roster = ledger.roster();
    let (Some(agency), Some(here)) = (roster.agency(chain), root_at(ledger, chain, size)?) else {
        return Ok(Vec::new());
    };
    let (state, policy) = (ledger.state(chain), agency.policy());
    let mut found = Vec::new();
    for mark in cosigned_at(ledger, chain, size) {
        let mark = mark?;
        for seen in cosignatures_at(ledger, chain, &mark)? {
            let said = seen.cosignature;
            let key = state.key_at(policy, said.at).and_then(|key| PublicKey::new(key.as_bytes()).ok());
            let signed = key.is_some_and(|key| said.signed.verify(ledger.network(), &agency.code, &key).is_ok());
            if signed && here != said.signed.checkpoint.root {
                let witness = roster.agency(mark.witness).map(|agency| agency.code.to_string()).unwrap_or_default();
                found.push(SplitView { size, witness, seen: said });
            }
        }
    }
    Ok(found)
}
