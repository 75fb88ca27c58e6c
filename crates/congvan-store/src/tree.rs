//! Merkle trees over stored chains, kept as far as they were asked for, and who signed which checkpoint of them.
//!
//! From level 8 on, the hash of every complete subtree is stored once it was needed: 1 in 128 of the entries' number.
//! What lies below is made from the entries themselves, 256 at most, so that nothing is added to what an append
//! costs. An entry that ceases to stand takes every hash over it along in the same write.

use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::Arc;

use congvan_core::entry::SIGNED_LEN;
use congvan_core::merkle::{self, Subtrees, TreeHash};
use congvan_core::{ChainId, EntryId, Seq};
use rocksdb::WriteBatch;

use crate::chain::Chain;
use crate::db::Item;
use crate::error::{Corruption, StoreError, read_error};
use crate::layout::{self, Cf, ChainNo};
use crate::ledger::{Ledger, View, guard};

/// The lowest level that is stored: 256 entries, a tile of C2SP's logs.
const TILE_LEVEL: u8 = 8;
/// The levels that are stored.
pub(crate) const TREE_LEVELS: RangeInclusive<u8> = TILE_LEVEL..=63;

/// The tree over a chain's standing entries, as [`Ledger::tree`] found it.
///
/// ```
/// # use congvan_core::{merkle, ChainId};
/// # use congvan_store::{Ledger, StoreError};
/// fn root(ledger: &Ledger, chain: ChainId) -> Result<merkle::TreeHash, StoreError> {
///     let tree = ledger.tree(chain);
///     merkle::root(&tree, tree.size())
/// }
/// ```
pub struct Tree<'a> {
    ledger: &'a Ledger,
    chain: ChainId,
    no: ChainNo,
    size: u64,
    generation: u64,
}

/// The leaves of the tiles read last, of any chain. A proof needs two: the one with its entry, and the one at the
/// checkpoint's end, which all proofs by that checkpoint share.
#[derive(Default)]
pub(crate) struct Tiles(VecDeque<(TileName, Arc<[TreeHash]>)>);

/// Which tile, and of which generation of its chain: what ceased to stand is not found again.
type TileName = (ChainNo, u64, u64);

/// Some 8 KiB each.
const TILES_KEPT: usize = 32;

impl Tiles {
    /// A tile of at least so many leaves.
    fn get(&self, name: TileName, leaves: usize) -> Option<Arc<[TreeHash]>> {
        let found = self.0.iter().find(|(kept, tile)| *kept == name && tile.len() >= leaves);
        found.map(|(_, tile)| tile.clone())
    }

    fn put(&mut self, name: TileName, tile: Arc<[TreeHash]>) {
        self.0.retain(|(kept, _)| *kept != name);
        self.0.truncate(TILES_KEPT - 1);
        self.0.push_front((name, tile));
    }
}

impl std::fmt::Debug for Tree<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tree({}, {} entries)", self.chain.short(), self.size)
    }
}

/// Where a checkpoint of a chain is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CheckpointMark {
    /// How many entries it is over.
    pub size: Seq,
    /// The number of its entry in the chain.
    pub at: Seq,
}

/// Where a cosignature is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WitnessMark {
    /// The size of the checkpoint that it is about.
    pub size: Seq,
    /// The witness' chain.
    pub witness: ChainId,
    /// The number of its entry there.
    pub at: Seq,
}

impl Tree<'_> {
    /// How many entries the tree is over.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether the chain still stands as far as the tree goes, so that all that was read is of one history.
    pub fn stands(&self) -> bool {
        self.ledger.tree(self.chain).size >= self.size
    }

    /// The leaves of a tile, as far as the tree goes.
    fn tile(&self, index: u64) -> Result<Arc<[TreeHash]>, StoreError> {
        let name = (self.no, self.generation, index);
        let leaves = self.size.saturating_sub(index << TILE_LEVEL).min(1 << TILE_LEVEL) as usize;
        if let Some(tile) = guard(&self.ledger.0.tiles).get(name, leaves) {
            return Ok(tile);
        }
        let tile = self.read_tile(index)?;
        guard(&self.ledger.0.tiles).put(name, tile.clone());
        Ok(tile)
    }

    fn read_tile(&self, index: u64) -> Result<Arc<[TreeHash]>, StoreError> {
        let first = index << TILE_LEVEL;
        let last = self.size.min(first + (1 << TILE_LEVEL));
        // In the order in which they lie, and where they lie: a fraction of what as many lookups cost.
        let (from, to) = (layout::place(self.no, first + 1), layout::place(self.no, last + 1));
        let mut stored = self.ledger.0.db.cursor(Cf::Entries, from.to_vec(), to.to_vec());
        let numbers = (first + 1..=last).filter_map(Seq::new);
        let leaf = |seq: Seq| {
            let corrupt = |error| StoreError::Corrupt { chain: self.chain, seq, error };
            let missing = || corrupt(Corruption::Missing);
            stored.status().map_err(read_error)?;
            let (key, bytes) = stored.item().ok_or_else(missing)?;
            let signed = bytes.get(..SIGNED_LEN).filter(|_| key == layout::place(self.no, seq.get()));
            let leaf = merkle::leaf_hash(&EntryId::of(signed.ok_or_else(missing)?));
            stored.next();
            Ok(leaf)
        };
        numbers.map(leaf).collect()
    }

    fn stored(&self, level: u8, index: u64) -> Result<Option<TreeHash>, StoreError> {
        let hash = self.ledger.0.db.get(Cf::Tree, layout::tree_key(self.no, level, index))?;
        Ok(hash.and_then(|hash| hash.try_into().ok()).map(TreeHash::from_bytes))
    }

    /// Makes a hash that is not stored, and keeps it. What it is made from is read, and it is written, while the view is
    /// held: entries that cease to stand leave view and disk at once, and the hashes over them too.
    fn make(&self, level: u8, index: u64) -> Result<TreeHash, StoreError> {
        let db = &self.ledger.0.db;
        let stand =
            |view: &View| view.chains.get(&self.chain).is_some_and(|chain| stands(chain) >= (index + 1) << level);
        let keep = |hash: TreeHash| {
            let mut batch = WriteBatch::default();
            batch.put_cf(db.cf(Cf::Tree), layout::tree_key(self.no, level, index), hash.as_bytes());
            db.write(batch, false)
        };
        if level == TILE_LEVEL {
            let view = self.ledger.0.view();
            let hash = merkle::root_of(self.read_tile(index)?.iter().copied());
            if db.writable().is_ok() && stand(&view) {
                keep(hash)?;
            }
            return Ok(hash);
        }
        let children = [2 * index, 2 * index + 1];
        let [left, right] = [self.subtree(level - 1, children[0])?, self.subtree(level - 1, children[1])?];
        let hash = merkle::node_hash(left, right);
        let view = self.ledger.0.view();
        let now = [self.stored(level - 1, children[0])?, self.stored(level - 1, children[1])?];
        if db.writable().is_ok() && stand(&view) && now == [Some(left), Some(right)] {
            keep(hash)?;
        }
        Ok(hash)
    }
}

impl Subtrees for Tree<'_> {
    type Error = StoreError;

    fn subtree(&self, level: u8, index: u64) -> Result<TreeHash, StoreError> {
        if level < TILE_LEVEL {
            let tile = self.tile(index >> (TILE_LEVEL - level))?;
            let first = (index << level) as usize % (1 << TILE_LEVEL);
            return Ok(merkle::root_of(tile.iter().copied().skip(first).take(1 << level)));
        }
        if let Some(hash) = self.stored(level, index)? {
            return Ok(hash);
        }
        self.make(level, index)
    }
}

fn stands(chain: &Chain) -> u64 {
    chain.standing.map_or(0, |head| head.seq.get())
}

impl Ledger {
    /// The tree over a chain's standing entries; an empty one for an unknown chain.
    pub fn tree(&self, chain: ChainId) -> Tree<'_> {
        let known = self.chain(chain);
        let (no, size, generation) =
            known.map_or((ChainNo(u32::MAX), 0, 0), |known| (known.no, stands(&known), known.generation));
        Tree { ledger: self, chain, no, size, generation }
    }

    /// The checkpoints that stand in a chain, of at least this size, the smallest first.
    pub fn checkpoints(
        &self,
        chain: ChainId,
        from: Seq,
    ) -> impl Iterator<Item = Result<CheckpointMark, StoreError>> + '_ + use<'_> {
        let known = self.chain(chain);
        let (no, standing) = known.map_or((ChainNo(u32::MAX), 0), |known| (known.no, stands(&known)));
        let first = layout::checkpoint_key(no, from, 0);
        let found =
            self.0.db.scan(Cf::Checkpoints, first, crate::db::after_prefix(&layout::checkpoint_prefix(no)), false);
        let read = |item: Item| -> Result<CheckpointMark, StoreError> {
            let (size, at) = layout::read_checkpoint_key(&item?.0)?;
            Ok(CheckpointMark { size, at })
        };
        found.map(read).filter(move |mark| mark.as_ref().map_or(true, |mark| mark.at.get() <= standing))
    }

    /// The last checkpoint that stands in a chain.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_checkpoint(&self, chain: ChainId) -> Result<Option<CheckpointMark>, StoreError> {
        let Some(known) = self.chain(chain) else { return Ok(None) };
        for item in self.0.db.scan_prefix(Cf::Checkpoints, &layout::checkpoint_prefix(known.no), true) {
            let (size, at) = layout::read_checkpoint_key(&item?.0)?;
            if at.get() <= stands(&known) {
                return Ok(Some(CheckpointMark { size, at }));
            }
        }
        Ok(None)
    }

    /// The cosignatures of a chain's checkpoints of at least this size, the smallest size first. The index has what
    /// witnesses wrote: whether a signature holds is for the reader to check.
    pub fn cosignatures(
        &self,
        chain: ChainId,
        from: Seq,
    ) -> impl Iterator<Item = Result<WitnessMark, StoreError>> + '_ + use<'_> {
        let prefix = layout::witness_prefix(chain);
        let first = layout::witness_key(chain, from, [0; 12]);
        let found = self.0.db.scan(Cf::Checkpoints, first, crate::db::after_prefix(&prefix), false);
        found.filter_map(move |item| {
            let read = || -> Result<Option<WitnessMark>, StoreError> {
                let (key, _) = item?;
                let malformed = || crate::error::Corruption::Key(key.to_vec());
                let rest = key.get(prefix.len()..).ok_or_else(malformed)?;
                let (size, place) = rest.split_first_chunk::<8>().ok_or_else(malformed)?;
                let (no, at) = layout::read_place(place)?;
                let size = Seq::new(u64::from_be_bytes(*size)).ok_or_else(malformed)?;
                let view = self.0.view();
                let Some(witness) = view.numbers.get(no.0 as usize).copied() else { return Ok(None) };
                let standing = view.chains.get(&witness).map_or(0, |chain| stands(chain));
                Ok((at.get() <= standing).then_some(WitnessMark { size, witness, at }))
            };
            read().transpose()
        })
    }
}
