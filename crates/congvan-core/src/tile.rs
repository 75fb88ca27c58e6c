//! A chain as a static log that strangers' tools read (C2SP tlog-tiles): its Merkle tree cut into files of 256 hashes,
//! and its leaves in files of 256 ids.
//!
//! ```
//! use congvan_core::tile::{Tiler, TileName};
//! use congvan_core::{EntryId, merkle};
//! use std::collections::BTreeMap;
//!
//! # fn main() -> Result<(), std::convert::Infallible> {
//! let ids: Vec<_> = (0..300_u32).map(|n| EntryId::from_bytes([n as u8; 32])).collect();
//! let mut files = BTreeMap::new();
//! let mut put = |name: TileName, bytes: &[u8]| {
//!     files.insert(name.to_string(), bytes.len());
//!     Ok::<(), std::convert::Infallible>(())
//! };
//! let mut tiler = Tiler::default();
//! for id in &ids {
//!     tiler.push(id, &mut put)?;
//! }
//! tiler.finish(&mut put)?;
//! assert_eq!(tiler.root(), merkle::root_of(ids.iter().map(merkle::leaf_hash)));
//! assert_eq!(files["tile/0/000"], 256 * 32);
//! assert_eq!(files["tile/0/001.p/44"], 44 * 32);
//! assert_eq!(files["tile/1/000.p/1"], 32);
//! # Ok(())
//! # }
//! ```

use std::fmt;

use crate::ids::EntryId;
use crate::merkle::{self, TreeHash};

/// Hashes in a full tile, and ids in a full bundle.
pub const TILE: usize = 256;
/// Bits of an index that count within a tile.
const BITS: u32 = 8;
/// Bytes of a hash, and of an id.
const HASH: usize = 32;
/// What precedes an id in a bundle: its length.
const LENGTH: [u8; 2] = [0, HASH as u8];

/// What a tile is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TileOf {
    /// The hashes over 256^level leaves each.
    Hashes(u8),
    /// The leaves themselves: entries' ids.
    Entries,
}

/// The name of a file in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileName {
    /// What it is of.
    pub of: TileOf,
    /// Its place among its like.
    pub index: u64,
    /// How many hashes or ids it has: 1 to [`TILE`].
    pub width: usize,
}

impl TileName {
    /// How many bytes the file has.
    pub fn bytes(&self) -> usize {
        let each = match self.of {
            TileOf::Hashes(_) => HASH,
            TileOf::Entries => LENGTH.len() + HASH,
        };
        each * self.width
    }

    /// The file that takes the place of a partial one once it is full.
    pub fn full(self) -> Self {
        Self { width: TILE, ..self }
    }
}

impl fmt::Display for TileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            TileOf::Hashes(level) => write!(f, "tile/{level}/")?,
            TileOf::Entries => f.write_str("tile/entries/")?,
        }
        // Groups of three digits; all but the last with an x.
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (left, group) in groups.into_iter().enumerate().rev() {
            match left {
                0 => write!(f, "{group:03}")?,
                _ => write!(f, "x{group:03}/")?,
            }
        }
        match self.width {
            TILE => Ok(()),
            width => write!(f, ".p/{width}"),
        }
    }
}

/// A tile that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Bytes missing or left over.
    #[error("it has {found} bytes instead of {due}")]
    Length {
        /// How many it has.
        found: usize,
        /// How many are due.
        due: usize,
    },
    /// A leaf that is no entry's id.
    #[error("leaf {0} is no id of 32 bytes")]
    NotAnId(usize),
}

/// Why a log is not taken up again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError<E> {
    /// A file does not hold what its name says.
    #[error("{name}: {error}")]
    Tile {
        /// Which.
        name: TileName,
        /// What is wrong.
        error: TileError,
    },
    /// A file cannot be read.
    #[error(transparent)]
    Read(E),
}

/// Makes tiles of a chain's ids, one after the other; holds one tile of each level at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tiler {
    size: u64,
    /// The ids of the last bundle, unless it is full.
    entries: Vec<EntryId>,
    /// The hashes of each level's last tile, unless it is full.
    levels: Vec<Vec<TreeHash>>,
}

impl Tiler {
    /// How many ids it took.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes a log up where it ended: `read` gives the files at its right edge.
    ///
    /// # Errors
    /// [`ResumeError`].
    pub fn resume<E>(size: u64, read: &mut impl FnMut(TileName) -> Result<Vec<u8>, E>) -> Result<Self, ResumeError<E>> {
        let mut tiler = Self { size, ..Self::default() };
        let mut edge = |of, hashes: u64| -> Result<Vec<u8>, ResumeError<E>> {
            let width = hashes as usize % TILE;
            let name = TileName { of, index: hashes >> BITS, width };
            let bytes = if width > 0 { read(name).map_err(ResumeError::Read)? } else { vec![] };
            // A full tile may have taken the place of the partial one.
            let full = bytes.len() == name.full().bytes();
            match bytes.get(..name.bytes()) {
                Some(edge) if full || edge.len() == bytes.len() => Ok(edge.to_vec()),
                _ => {
                    let error = TileError::Length { found: bytes.len(), due: name.bytes() };
                    Err(ResumeError::Tile { name, error })
                }
            }
        };
        for (leaf, bytes) in edge(TileOf::Entries, size)?.chunks_exact(LENGTH.len() + HASH).enumerate() {
            let id = bytes.strip_prefix(&LENGTH).and_then(|id| id.try_into().ok());
            let name = TileName { of: TileOf::Entries, index: size >> BITS, width: size as usize % TILE };
            let id = id.ok_or(ResumeError::Tile { name, error: TileError::NotAnId(leaf) })?;
            tiler.entries.push(EntryId::from_bytes(id));
        }
        for level in 0.. {
            let Some(hashes) = size.checked_shr(BITS * level).filter(|hashes| *hashes > 0) else { break };
            let bytes = edge(TileOf::Hashes(level as u8), hashes)?;
            let hashes = bytes.chunks_exact(HASH).filter_map(|hash| hash.try_into().ok()).map(TreeHash::from_bytes);
            tiler.levels.push(hashes.collect());
        }
        Ok(tiler)
    }

    /// Takes the next entry; `put` gets every tile that became full.
    ///
    /// # Errors
    /// Those of `put`.
    pub fn push<E>(
        &mut self,
        entry: &EntryId,
        put: &mut impl FnMut(TileName, &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let index = above(self.size, 0);
        self.size += 1;
        self.entries.push(*entry);
        if self.entries.len() == TILE {
            put(TileName { of: TileOf::Entries, index, width: TILE }, &bundle(&self.entries))?;
            self.entries.clear();
        }
        let mut joined = merkle::leaf_hash(entry);
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::with_capacity(TILE));
            }
            let Some(tile) = self.levels.get_mut(level) else { break };
            tile.push(joined);
            if tile.len() < TILE {
                break;
            }
            let index = above(self.size - 1, level);
            put(TileName { of: TileOf::Hashes(level as u8), index, width: TILE }, &bytes_of(tile))?;
            joined = merkle::root_of(tile.iter().copied());
            tile.clear();
        }
        Ok(())
    }

    /// Gives the tiles that are not full. The log may go on after it.
    ///
    /// # Errors
    /// Those of `put`.
    pub fn finish<E>(&self, put: &mut impl FnMut(TileName, &[u8]) -> Result<(), E>) -> Result<(), E> {
        if !self.entries.is_empty() {
            let name = TileName { of: TileOf::Entries, index: above(self.size, 0), width: self.entries.len() };
            put(name, &bundle(&self.entries))?;
        }
        for (level, tile) in self.levels.iter().enumerate().filter(|(_, tile)| !tile.is_empty()) {
            let of = TileOf::Hashes(level as u8);
            put(TileName { of, index: above(self.size, level), width: tile.len() }, &bytes_of(tile))?;
        }
        Ok(())
    }

    /// The root over all that it took.
    pub fn root(&self) -> TreeHash {
        let mut right: Option<TreeHash> = None;
        for tile in &self.levels {
            // Complete subtrees from the right, each twice or more as large as the one before.
            let mut rest = tile.as_slice();
            while !rest.is_empty() {
                let (left, last) = rest.split_at(rest.len() - (1 << rest.len().trailing_zeros()));
                let last = merkle::root_of(last.iter().copied());
                right = Some(right.map_or(last, |right| merkle::node_hash(last, right)));
                rest = left;
            }
        }
        right.unwrap_or_else(merkle::empty_root)
    }
}

/// Which tile of a level a leaf is under.
fn above(leaf: u64, level: usize) -> u64 {
    leaf.checked_shr(BITS * (level as u32 + 1)).unwrap_or(0)
}

fn bundle(ids: &[EntryId]) -> Vec<u8> {
    ids.iter().flat_map(|id| LENGTH.iter().chain(id.as_bytes())).copied().collect()
}

fn bytes_of(hashes: &[TreeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.as_bytes()).copied().collect()
}
