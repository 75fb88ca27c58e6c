//! Merkle trees over a chain's entries (RFC 6962 §2.1, SHA-256): one hash for everything up to a number, and
//! short proofs that an entry is under it, or that a later tree continues an earlier one.
//!
//! The leaf at index `n` is the id of entry number `n + 1`: the id commits to header and signature, the header to
//! the payload. A tree is never held whole: [`Subtrees`] gives the hashes of complete subtrees, from wherever they
//! are kept.
//!
//! ```
//! use congvan_core::merkle::{self, Leaves};
//! use congvan_core::EntryId;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let ids: Vec<_> = (0..10).map(|n| EntryId::from_bytes([n; 32])).collect();
//! let tree = Leaves(&ids);
//! let (before, after) = (merkle::root(&tree, 6)?, merkle::root(&tree, 10)?);
//!
//! let proof = merkle::inclusion_proof(&tree, 3, 10)?;
//! merkle::check_inclusion(&proof, 3, 10, merkle::leaf_hash(&ids[3]), after)?;
//! let proof = merkle::consistency_proof(&tree, 6, 10)?;
//! merkle::check_consistency(&proof, (6, before), (10, after))?;
//! # Ok(())
//! # }
//! ```

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::codec::{Bounded, Decode, Encode};
use crate::ids::{EntryId, NameError, id};

/// Hashes in a proof at most: one for each bit of a number.
pub const MAX_PROOF: usize = 64;

id! {
    /// The SHA-256 hash of a tree, a subtree or a leaf.
    TreeHash
}

/// The hashes that lead from one place in a tree to its root.
pub type TreeProof = Bounded<TreeHash, MAX_PROOF>;

/// A proof that proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// No such leaf.
    #[error("the tree has {size} leaves; there is none with index {index}")]
    NoLeaf {
        /// Which.
        index: u64,
        /// How many there are.
        size: u64,
    },
    /// A tree does not continue a larger one.
    #[error("a tree of {after} leaves cannot continue one of {before}")]
    Shrinks {
        /// The size before.
        before: u64,
        /// The size after.
        after: u64,
    },
    /// Too few or too many hashes for these sizes.
    #[error("the proof has {0} hashes, and these sizes need another number")]
    Length(usize),
    /// It leads to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// The hash of a leaf: an entry's id behind a zero byte.
pub fn leaf_hash(entry: &EntryId) -> TreeHash {
    leaf_of(&[entry.as_bytes()])
}

/// The hash of a leaf that is these bytes, one after the other.
pub fn leaf_of(data: &[&[u8]]) -> TreeHash {
    hash(&[&[&[0][..]], data].concat())
}

/// The hash of a node: its children's behind a one.
pub fn node_hash(left: TreeHash, right: TreeHash) -> TreeHash {
    hash(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The root of the tree without leaves.
pub fn empty_root() -> TreeHash {
    hash(&[])
}

fn hash(parts: &[&[u8]]) -> TreeHash {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    TreeHash::from_bytes(hasher.finalize().into())
}

/// Where the hashes of complete subtrees come from.
pub trait Subtrees {
    /// How looking for one can fail.
    type Error;

    /// The hash over the 2^`level` leaves from index `index` · 2^`level` on.
    ///
    /// # Errors
    /// Where it cannot be had. It is asked only for what lies within the size that the caller states.
    fn subtree(&self, level: u8, index: u64) -> Result<TreeHash, Self::Error>;
}

/// A tree over ids in memory, every hash computed when it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Leaves<'a>(pub &'a [EntryId]);

impl Subtrees for Leaves<'_> {
    type Error = Infallible;

    fn subtree(&self, level: u8, index: u64) -> Result<TreeHash, Infallible> {
        let first = usize::try_from(index << level).unwrap_or(usize::MAX);
        let leaves = self.0.iter().skip(first).take(1 << level).map(leaf_hash);
        Ok(root_of(leaves))
    }
}

/// A tree over leaves' hashes in memory.
#[derive(Clone, Copy, Debug)]
pub struct Hashes<'a>(pub &'a [TreeHash]);

impl Subtrees for Hashes<'_> {
    type Error = Infallible;

    fn subtree(&self, level: u8, index: u64) -> Result<TreeHash, Infallible> {
        let first = usize::try_from(index << level).unwrap_or(usize::MAX);
        Ok(root_of(self.0.iter().skip(first).take(1 << level).copied()))
    }
}

/// A tree that grows leaf by leaf and keeps only what it needs to go on: a hash for each bit of its size.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Frontier {
    size: u64,
    /// The roots of the complete subtrees that make it up, the greatest first.
    roots: Vec<TreeHash>,
}

impl Frontier {
    /// The frontier of a tree that was kept as [`size`](Self::size) and [`roots`](Self::roots); `None` where the two do
    /// not fit.
    pub fn from_parts(size: u64, roots: Vec<TreeHash>) -> Option<Self> {
        (roots.len() == size.count_ones() as usize).then_some(Self { size, roots })
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its complete subtrees, the greatest first.
    pub fn roots(&self) -> &[TreeHash] {
        &self.roots
    }

    /// Adds a leaf; `made` is called with level, index and hash of every subtree above the leaf that this completes.
    pub fn push_with(&mut self, leaf: TreeHash, mut made: impl FnMut(u8, u64, TreeHash)) {
        let mut joined = leaf;
        let mut level = 0;
        while self.size >> level & 1 == 1 {
            let Some(left) = self.roots.pop() else { break };
            joined = node_hash(left, joined);
            level += 1;
            made(level, self.size >> level, joined);
        }
        self.roots.push(joined);
        self.size += 1;
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: TreeHash) {
        self.push_with(leaf, |_, _, _| {});
    }

    /// The root over all leaves so far.
    pub fn root(&self) -> TreeHash {
        let mut roots = self.roots.iter().rev().copied();
        let Some(last) = roots.next() else { return empty_root() };
        roots.fold(last, |right, left| node_hash(left, right))
    }
}

/// The root over leaves, in one pass.
pub fn root_of(leaves: impl IntoIterator<Item = TreeHash>) -> TreeHash {
    let mut tree = Frontier::default();
    leaves.into_iter().for_each(|leaf| tree.push(leaf));
    tree.root()
}

/// The largest power of two below `n`, which is above 1.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// The hash over the leaves from `from` up to, not with, `to`.
fn range<T: Subtrees>(tree: &T, from: u64, to: u64) -> Result<TreeHash, T::Error> {
    let n = to - from;
    if n.is_power_of_two() {
        let level = n.ilog2();
        return tree.subtree(level as u8, from >> level);
    }
    let middle = from + split(n);
    Ok(node_hash(range(tree, from, middle)?, range(tree, middle, to)?))
}

/// The root over the first `size` leaves.
///
/// # Errors
/// As [`Subtrees::subtree`].
pub fn root<T: Subtrees>(tree: &T, size: u64) -> Result<TreeHash, T::Error> {
    match size {
        0 => Ok(empty_root()),
        size => range(tree, 0, size),
    }
}

/// Why a proof cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MakeProofError<E> {
    /// There is nothing to prove.
    #[error(transparent)]
    Nothing(ProofError),
    /// The tree cannot be read.
    #[error(transparent)]
    Tree(E),
}

/// Proves that the leaf at `index` is under the root over the first `size` leaves (RFC 6962 §2.1.1).
///
/// # Errors
/// [`MakeProofError`]: no such leaf, or the tree cannot be read.
pub fn inclusion_proof<T: Subtrees>(tree: &T, index: u64, size: u64) -> Result<TreeProof, MakeProofError<T::Error>> {
    if index >= size {
        return Err(MakeProofError::Nothing(ProofError::NoLeaf { index, size }));
    }
    // From the root down; a proof goes from the leaf up.
    let (mut from, mut to) = (0, size);
    let mut beside = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        let other = if index < middle { (middle, to) } else { (from, middle) };
        beside.push(range(tree, other.0, other.1).map_err(MakeProofError::Tree)?);
        (from, to) = if index < middle { (from, middle) } else { (middle, to) };
    }
    beside.reverse();
    bounded(beside)
}

/// Proves that the tree over the first `after` leaves continues the one over the first `before` (RFC 6962 §2.1.2).
/// Nothing is needed for equal sizes, nor to continue the empty tree.
///
/// # Errors
/// [`MakeProofError`]: `after` is the smaller, or the tree cannot be read.
pub fn consistency_proof<T: Subtrees>(
    tree: &T,
    before: u64,
    after: u64,
) -> Result<TreeProof, MakeProofError<T::Error>> {
    if before > after {
        return Err(MakeProofError::Nothing(ProofError::Shrinks { before, after }));
    }
    if before == 0 || before == after {
        return Ok(TreeProof::default());
    }
    let (mut from, mut to) = (0, after);
    let mut hashes = Vec::new();
    // Down to the smallest subtree that ends with the old tree.
    while to != before {
        let middle = from + split(to - from);
        let other = if before <= middle { (middle, to) } else { (from, middle) };
        hashes.push(range(tree, other.0, other.1).map_err(MakeProofError::Tree)?);
        (from, to) = if before <= middle { (from, middle) } else { (middle, to) };
    }
    // The old root itself is known to whoever checks.
    if from > 0 {
        hashes.push(range(tree, from, to).map_err(MakeProofError::Tree)?);
    }
    hashes.reverse();
    bounded(hashes)
}

fn bounded<E>(hashes: Vec<TreeHash>) -> Result<TreeProof, MakeProofError<E>> {
    let len = hashes.len();
    TreeProof::new(hashes).map_err(|_| MakeProofError::Nothing(ProofError::Length(len)))
}

/// Checks that `leaf` is at `index` of the tree with `size` leaves and this root (RFC 9162 §2.1.3.2).
///
/// # Errors
/// [`ProofError`].
pub fn check_inclusion(
    proof: &[TreeHash],
    index: u64,
    size: u64,
    leaf: TreeHash,
    root: TreeHash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::NoLeaf { index, size });
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = leaf;
    for &beside in proof {
        if last == 0 {
            return Err(ProofError::Length(proof.len()));
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(beside, hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(hash, beside);
        }
        node >>= 1;
        last >>= 1;
    }
    match (last, hash == root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length(proof.len())),
    }
}

/// Checks that the tree `after` (size and root) continues the tree `before` (RFC 9162 §2.1.4.2).
///
/// # Errors
/// [`ProofError`].
pub fn check_consistency(
    proof: &[TreeHash],
    before: (u64, TreeHash),
    after: (u64, TreeHash),
) -> Result<(), ProofError> {
    if before.0 > after.0 {
        return Err(ProofError::Shrinks { before: before.0, after: after.0 });
    }
    let empty = |condition: bool| match (proof.is_empty(), condition) {
        (false, _) => Err(ProofError::Length(proof.len())),
        (true, false) => Err(ProofError::Root),
        (true, true) => Ok(()),
    };
    if before.0 == after.0 {
        return empty(before.1 == after.1);
    }
    if before.0 == 0 {
        return empty(before.1 == empty_root());
    }
    let mut hashes = proof.iter().copied();
    let too_short = ProofError::Length(proof.len());
    let (mut node, mut last) = (before.0 - 1, after.0 - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    // A complete old tree is a subtree of the new one: its root is the first hash.
    let first = if before.0.is_power_of_two() { before.1 } else { hashes.next().ok_or(too_short)? };
    let (mut old, mut new) = (first, first);
    for beside in hashes {
        if last == 0 {
            return Err(too_short);
        }
        if node & 1 == 1 || node == last {
            old = node_hash(beside, old);
            new = node_hash(beside, new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(new, beside);
        }
        node >>= 1;
        last >>= 1;
    }
    match (last, old == before.1 && new == after.1) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(too_short),
    }
}
