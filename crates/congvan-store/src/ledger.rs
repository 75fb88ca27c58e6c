//! The ledger: what it holds in memory, how it is opened, and what it answers at once.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use congvan_core::chain::ChainRecord;
use congvan_core::{
    AgencyCode, ChainId, ChainState, EquivocationProof, Genesis, NetworkId, Roster, Seq, UnverifiedEntry, Wire,
};

use crate::batch::Owner;
use crate::blobs::Partials;
use crate::chain::{Chain, ChainStatus};
use crate::db::{Access, Database};
use crate::error::{Corruption, OpenError, StoreError};
use crate::layout::{self, Cf, ChainNo, ChainPart, HeadRecord, meta};
use crate::mark::HighWater;
use crate::tree::Tiles;

/// How a ledger is opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The chain of the agency whose ledger it is: its entries enter the feed, and its end is what a
    /// high-water mark is held against. A ledger keeps its owner: `None` opens it as whose it was before, and
    /// the first that names one completes the feed.
    pub own: Option<ChainId>,
    /// That agency's code: what is addressed to it enters the feed.
    pub own_code: Option<AgencyCode>,
    /// Every document enters the feed, so that an archive can keep its attachments.
    pub archive: bool,
    /// Memory for cached reads, in bytes.
    pub cache_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { own: None, own_code: None, archive: false, cache_bytes: 32 * 1024 * 1024 }
    }
}

/// What is known at once, without the disk.
pub(crate) struct View {
    pub(crate) roster: Arc<Roster>,
    pub(crate) chains: HashMap<ChainId, Arc<Chain>>,
    /// Chain ids by local number.
    pub(crate) numbers: Vec<ChainId>,
}

/// What only whoever writes may touch.
pub(crate) struct WriteSide {
    pub(crate) next_feed: u64,
}

pub(crate) struct Inner {
    pub(crate) db: Database,
    pub(crate) network: NetworkId,
    pub(crate) genesis: Genesis,
    pub(crate) owner: Owner,
    pub(crate) view: RwLock<View>,
    /// The whole write path: whoever holds it is the only one to change what is stored of chains.
    pub(crate) write: Mutex<WriteSide>,
    pub(crate) writers: Mutex<HashSet<ChainId>>,
    pub(crate) partials: Mutex<Partials>,
    pub(crate) tiles: Mutex<Tiles>,
    restored: AtomicBool,
}

pub(crate) fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves the memory behind a lock whole: it is replaced as one, after the disk.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    pub(crate) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    pub(crate) fn publish(&mut self, chain: Chain) {
        let id = chain.state.chain();
        if self.numbers.len() == chain.no.0 as usize {
            self.numbers.push(id);
        }
        self.chains.insert(id, Arc::new(chain));
    }
}

/// A ledger in RocksDB. Clones share it; the database closes with the last one.
///
/// Every call that returns `Ok` from a write is durable, chunks of an unfinished blob apart.
///
/// ```
/// use congvan_core::*;
/// use congvan_store::{HighWater, Ledger, Options};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # let mut rng = rng::from_seed(1);
/// # let registrar = SecretKey::generate(&mut rng);
/// # let genesis = Genesis::new("Thái Nguyên", Time::from_millis(0), vec![registrar.public()], 1, [7; 16])?;
/// # let network = genesis.network_id();
/// # let keys = AgencySecret::generate(&mut rng);
/// # let code = AgencyCode::new("000.00.00.H55")?;
/// # let chain = ChainId::of_agency(network, &code);
/// # let admit = RosterAction::Admit(Admission {
/// #     code, name: Text::new("UBND tỉnh Thái Nguyên")?, parent: None,
/// #     keys: keys.public(), possession: keys.prove_possession(network, chain),
/// #     nodes: Bounded::new(vec![])?, rights: Rights::NONE,
/// # });
/// let ledger = Ledger::create(&dir.path().join("ledger"), &genesis, Options::default())?;
///
/// // The registrar's entries come in like anybody's.
/// let change = ledger.roster().propose(admit, Time::from_millis(1), &[&registrar])?;
/// let entry = UnverifiedEntry::parse(change.entry().bytes())?;
/// ledger.ingest(ledger.roster().chain(), vec![entry])?;
///
/// // The agency writes; `append` returns once the entry is on disk.
/// let writer = ledger.writer(chain, keys, HighWater::open(&dir.path().join("high-water"))?)?;
/// let draft = Draft { kind: Kind::NOTE, time: Time::from_millis(2), payload: b"xin chao".to_vec() };
/// let written = writer.append(draft)?;
///
/// assert_eq!(ledger.status(chain).head, Some(written.point()));
/// let read = ledger.entry_by_id(written.id())?.ok_or("it was stored")?;
/// assert_eq!(read.payload(), Some(b"xin chao".as_slice()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Ledger(pub(crate) Arc<Inner>);

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ledger({})", self.0.db.dir().display())
    }
}

impl Ledger {
    /// Makes a ledger in a new directory, or one that has none, and opens it for writing.
    ///
    /// # Errors
    /// [`OpenError`] says what is in the way.
    pub fn create(dir: &Path, genesis: &Genesis, options: Options) -> Result<Self, OpenError> {
        Database::create(dir, genesis)?;
        Self::open(dir, options)
    }

    /// Opens a ledger for writing; one process at a time can.
    ///
    /// # Errors
    /// [`OpenError`]: none is there, another process writes it, newer software wrote it, or it is
    /// damaged.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let ledger = Self::load(Database::open(dir, Access::Write, options.cache_bytes)?, options)?;
        let before = ledger.0.db.owner().map_err(at(dir))?;
        if before.chain.is_some() && before.chain != ledger.0.owner.chain {
            let owner = before.code.map(|code| code.to_string()).or(before.chain.map(|chain| chain.to_string()));
            return Err(OpenError::OtherOwner { path: dir.to_owned(), owner: owner.unwrap_or_default() });
        }
        let ready = {
            let dropped = ledger.drop_named();
            dropped.and_then(|()| ledger.sweep_stages()).and_then(|()| ledger.complete_feed(&before))
        };
        ready.map_err(at(dir)).map(|()| ledger)
    }

    /// Opens a ledger for an audit: without the lock, and without writing a byte. Where its roster
    /// is damaged, it holds what comes before, and [`entries`](Self::entries) names the place.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_read_only(dir: &Path) -> Result<Self, OpenError> {
        let options = Options::default();
        Self::load(Database::open(dir, Access::Read, options.cache_bytes)?, options)
    }

    fn load(db: Database, options: Options) -> Result<Self, OpenError> {
        let dir = db.dir().to_owned();
        Self::read_all(db, options).map_err(at(&dir))
    }

    fn read_all(db: Database, options: Options) -> Result<Self, StoreError> {
        let genesis = db.genesis()?;
        let roster = Roster::new(genesis.clone());
        let (mut chains, numbers) = read_chains(&db, roster.chain())?;
        let (roster, whole) = replay(&db, roster)?;
        let lenient = db.writable().is_err();
        if let (Err(error), false) = (whole, lenient) {
            return Err(error);
        }
        for (id, chain) in &mut chains {
            let policy = roster.policy(*id).unwrap_or_default();
            chain.quarantine = chain.judge((*id != roster.chain()).then_some(&*policy));
            chain.standing = match standing(&db, chain, *id == roster.chain()) {
                // The damaged entry itself will be named by whoever reads it.
                Err(StoreError::Damaged(_) | StoreError::Corrupt { .. }) if lenient => None,
                other => other?,
            };
        }
        let next_feed = match db.scan(Cf::Feed, vec![], vec![u8::MAX; 9], true).next() {
            Some(last) => layout::read_number("feed", &last?.0)? + 1,
            None => 1,
        };
        let owner = match options.own {
            Some(chain) => Owner { chain: Some(chain), code: options.own_code, archive: options.archive },
            None => db.owner()?,
        };
        let restored = db.raw().get(meta::RESTORED).map_err(crate::error::read_error)?.is_some();
        let chains = chains.into_iter().map(|(id, chain)| (id, Arc::new(chain))).collect();
        Ok(Self(Arc::new(Inner {
            network: roster.network(),
            genesis,
            owner,
            view: RwLock::new(View { roster: Arc::new(roster), chains, numbers }),
            write: Mutex::new(WriteSide { next_feed }),
            writers: Mutex::default(),
            partials: Mutex::default(),
            tiles: Mutex::default(),
            restored: AtomicBool::new(restored),
            db,
        })))
    }

    /// The network.
    pub fn network(&self) -> NetworkId {
        self.0.network
    }

    /// Its genesis.
    pub fn genesis(&self) -> Genesis {
        self.0.genesis.clone()
    }

    /// The directory as the roster made it so far.
    pub fn roster(&self) -> Arc<Roster> {
        self.0.view().roster.clone()
    }

    /// The roster's chain and those of all agencies that it knows, ascending.
    pub fn chains(&self) -> Vec<ChainId> {
        let roster = self.roster();
        let mut chains: Vec<_> = roster.agencies().map(|agency| agency.chain).chain([roster.chain()]).collect();
        chains.sort();
        chains
    }

    /// All that is stored of a chain, in brief, quarantined entries included. The roster's has no spans.
    pub fn state(&self, chain: ChainId) -> ChainState {
        self.chain(chain).map_or_else(|| ChainState::new(chain), |chain| chain.state.clone())
    }

    /// How far a chain is stored, and how far trusted; the default for an unknown one.
    pub fn status(&self, chain: ChainId) -> ChainStatus {
        self.chain(chain).map_or_else(ChainStatus::default, |chain| chain.status())
    }

    /// The agencies' chains in quarantine, each with the first number that does not stand.
    pub fn quarantined(&self) -> Vec<(ChainId, Seq)> {
        let view = self.0.view();
        let quarantined = view.chains.values().filter_map(|chain| Some((chain.state.chain(), chain.quarantine?.from)));
        let mut quarantined: Vec<_> = quarantined.collect();
        quarantined.sort();
        quarantined
    }

    pub(crate) fn chain(&self, chain: ChainId) -> Option<Arc<Chain>> {
        self.0.view().chains.get(&chain).cloned()
    }

    /// The proof for which a chain is in quarantine.
    pub fn proof(&self, chain: ChainId) -> Option<EquivocationProof> {
        let chain = self.chain(chain)?;
        let from = chain.quarantine.filter(|q| q.reason == crate::Reason::Equivocation)?.from;
        let bytes = self.0.db.get(Cf::Evidence, layout::proof_key(chain.no, from)).ok()??;
        EquivocationProof::parse(&bytes).ok()
    }

    /// All proofs stored, those that the registrar resolved included.
    pub fn proofs(&self) -> Vec<EquivocationProof> {
        let stored = self.0.db.scan_prefix(Cf::Evidence, layout::PROOFS, false);
        stored.filter_map(|item| EquivocationProof::parse(&item.ok()?.1).ok()).collect()
    }

    /// Holds the mark beside a key against the own chain's end.
    pub fn check_mark(&self, mark: &HighWater) -> MarkVerdict {
        let head = self.0.owner.chain.and_then(|own| self.chain(own)).map_or(0, |chain| chain.head());
        match mark.number() {
            mark if mark > head => MarkVerdict::LedgerOlder { head, mark },
            _ => MarkVerdict::Fits,
        }
    }

    /// Whether this ledger came out of a backup, and peers were not asked since.
    pub fn restored(&self) -> bool {
        self.0.restored.load(Ordering::Acquire)
    }

    /// Peers were asked: what was written after the backup is here again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn clear_restored(&self) -> Result<(), StoreError> {
        let mut batch = rocksdb::WriteBatch::default();
        batch.delete(meta::RESTORED);
        self.0.db.write(batch, true)?;
        self.0.restored.store(false, Ordering::Release);
        Ok(())
    }
}

/// What a high-water mark says of a ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MarkVerdict {
    /// The ledger holds all that the key signed.
    Fits,
    /// The key signed more than the ledger holds: an older copy is in place, and must not be written.
    LedgerOlder {
        /// The last number stored.
        head: u64,
        /// The highest number signed.
        mark: u64,
    },
}

fn at(dir: &Path) -> impl FnOnce(StoreError) -> OpenError {
    let path = dir.to_owned();
    move |error| match error {
        StoreError::Damaged(error) | StoreError::Corrupt { error, .. } => OpenError::Corrupt { path, error },
        other => OpenError::Storage { path, error: other.to_string() },
    }
}

/// The last entry of a chain that stands. The roster's all do: its quarantine only stops changes.
pub(crate) fn standing(
    db: &Database,
    chain: &Chain,
    is_roster: bool,
) -> Result<Option<congvan_core::Point>, StoreError> {
    let Some(from) = chain.quarantine.map(|q| q.from.get()).filter(|from| !is_roster && *from <= chain.head()) else {
        return Ok(chain.state.head());
    };
    let Some(last) = congvan_core::Seq::new(from - 1) else { return Ok(None) };
    let id = crate::read::id_at(db, chain.state.chain(), chain.no, last)?;
    Ok(Some(congvan_core::Point { seq: last, id }))
}

fn read_chains(db: &Database, roster: ChainId) -> Result<(HashMap<ChainId, Chain>, Vec<ChainId>), StoreError> {
    let mut numbers = Vec::new();
    let mut chains = HashMap::new();
    for item in db.scan_prefix(Cf::Chains, &[], false) {
        let (key, id) = item?;
        let no = ChainNo(numbers.len() as u32);
        if *key != layout::chain_key(no, ChainPart::Id) {
            if key.len() == 5 && key[4] != ChainPart::Id as u8 {
                continue;
            }
            return Err(Corruption::Key(key.to_vec()).into());
        }
        let id = <[u8; 32]>::try_from(&*id).map_err(|_| Corruption::Value { what: "chain id", len: id.len() })?;
        let id = ChainId::from_bytes(id);
        let mut chain = Chain::new(no, id);
        let head = db.get(Cf::Chains, layout::chain_key(no, ChainPart::Head))?.ok_or(Corruption::Missing)?;
        let spans = db.get(Cf::Chains, layout::chain_key(no, ChainPart::Spans))?.ok_or(Corruption::Missing)?;
        let head = HeadRecord::from_bytes(&head).map_err(Corruption::from)?;
        let spans = ChainRecord::from_bytes(&spans).map_err(Corruption::from)?;
        chain.state = ChainState::from_record(ChainRecord { chain: id, head: head.head, ..spans });
        chain.verified = head.verified;
        chain.doubts.note_bad(head.bad);
        for item in db.scan_prefix(Cf::Evidence, &[layout::PROOFS, &no.0.to_be_bytes()].concat(), false) {
            chain.doubts.note_proof(&EquivocationProof::parse(&item?.1).map_err(Corruption::from)?);
        }
        numbers.push(id);
        chains.insert(id, chain);
    }
    if numbers.first() != Some(&roster) {
        return Err(Corruption::Missing.into());
    }
    Ok((chains, numbers))
}

/// The roster as its stored entries make it, up to the first that is damaged.
fn replay(db: &Database, mut roster: Roster) -> Result<(Roster, Result<(), StoreError>), StoreError> {
    let id = roster.chain();
    let mut due = Some(congvan_core::Seq::FIRST);
    let mut step = |roster: &mut Roster, bytes: &[u8]| -> Result<(), Corruption> {
        let change = roster.check(UnverifiedEntry::parse(bytes)?)?;
        roster.apply(&change)?;
        due = change.entry().seq().next();
        Ok(())
    };
    let mut whole = Ok(());
    for item in db.scan_prefix(Cf::Entries, &ChainNo::ROSTER.0.to_be_bytes(), false) {
        whole = item.and_then(|(_, bytes)| step(&mut roster, &bytes).map_err(StoreError::from));
        if whole.is_err() {
            break;
        }
    }
    let at = due.unwrap_or(congvan_core::Seq::FIRST);
    let stored = db.get(Cf::Chains, layout::chain_key(ChainNo::ROSTER, ChainPart::Head))?;
    let head = match stored {
        Some(bytes) => HeadRecord::from_bytes(&bytes).map_err(Corruption::from)?.head,
        None => None,
    };
    if whole.is_ok() && head != roster.head() {
        whole = Err(Corruption::Head.into());
    }
    Ok((roster, whole.map_err(|error| error.at(id, at))))
}
