//! Where two ledgers differ: fingerprints over prefixes of chain ids, split sixteenfold, until few
//! chains are left to list. The cost follows the differences, not the number of chains: on the wire, and, since a
//! fingerprint is of those under it, in time.

use std::collections::BTreeMap;

use congvan_core::codec::encode;
use congvan_core::{Bounded, ChainId, domain};

use crate::config::LIST_AT_MOST;
use crate::message::{Compared, Listed, MAX_HEADS, Prefix, Response};
use crate::{ChainHead, Ledger};

/// What two ledgers compare of the heads under a prefix.
pub type Fingerprint = [u8; 16];

/// The greatest length of a [`Prefix`] in half-bytes.
pub const MAX_NIBBLES: u8 = 16;

impl Prefix {
    /// All chains.
    pub const ALL: Prefix = Prefix { path: [0; 8], nibbles: 0 };

    /// The longest prefix of one chain's id: in practice, that chain alone.
    pub fn only(chain: ChainId) -> Self {
        let mut path = [0; 8];
        path.copy_from_slice(&chain.as_bytes()[..8]);
        Self { path, nibbles: MAX_NIBBLES }
    }

    fn mask(&self) -> u64 {
        match self.nibbles {
            0 => 0,
            n => u64::MAX << (64 - 4 * u32::from(n.min(MAX_NIBBLES))),
        }
    }

    fn key(&self) -> u64 {
        u64::from_be_bytes(self.path)
    }

    /// Whether it is written the one way it may be: not too long, and zero behind its length.
    pub fn is_canonical(&self) -> bool {
        self.nibbles <= MAX_NIBBLES && self.key() & !self.mask() == 0
    }

    /// Whether a chain's id begins with it.
    pub fn contains(&self, chain: ChainId) -> bool {
        chain_key(chain) & self.mask() == self.key()
    }

    /// The sixteen prefixes that are one half-byte longer; none of one that has its full length.
    pub fn children(self) -> impl Iterator<Item = Prefix> {
        let count = if self.nibbles < MAX_NIBBLES { 16 } else { 0 };
        (0..count).map(move |nibble: u64| {
            let shift = 60 - 4 * u32::from(self.nibbles);
            Prefix { path: (self.key() | nibble << shift).to_be_bytes(), nibbles: self.nibbles + 1 }
        })
    }

    /// The prefix that is one half-byte shorter; `None` of [`Prefix::ALL`].
    pub fn parent(self) -> Option<Prefix> {
        let shorter = Prefix { path: self.path, nibbles: self.nibbles.checked_sub(1)? };
        Some(Prefix { path: (self.key() & shorter.mask()).to_be_bytes(), ..shorter })
    }
}

fn chain_key(chain: ChainId) -> u64 {
    u64::from_be_bytes(Prefix::only(chain).path)
}

/// All heads of a ledger at one moment, sorted by chain, with the fingerprints that were asked for.
///
/// A head that moves costs the fingerprints above it, one for each half-byte of the prefixes, and no more.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HeadsIndex {
    heads: Vec<(ChainId, ChainHead)>,
    /// Fingerprints that still hold: of every prefix that is split, and of those that it is split into.
    known: BTreeMap<Prefix, Fingerprint>,
}

impl HeadsIndex {
    /// Takes a ledger's heads.
    pub fn of(ledger: &impl Ledger) -> Self {
        Self { heads: ledger.heads(), known: BTreeMap::new() }
    }

    /// A chain's head; `None` for a chain that the roster does not know.
    pub fn get(&self, chain: ChainId) -> Option<ChainHead> {
        self.heads.binary_search_by_key(&chain, |(chain, _)| *chain).ok().map(|at| self.heads[at].1)
    }

    /// Notes a chain's new head; nothing for an unknown chain.
    pub fn set(&mut self, chain: ChainId, head: ChainHead) {
        let Ok(at) = self.heads.binary_search_by_key(&chain, |(chain, _)| *chain) else { return };
        if std::mem::replace(&mut self.heads[at].1, head) != head {
            let mut above = Some(Prefix::only(chain));
            while let Some(prefix) = above {
                self.known.remove(&prefix);
                above = prefix.parent();
            }
        }
    }

    fn under(&self, prefix: Prefix) -> &[(ChainId, ChainHead)] {
        let first = self.heads.partition_point(|(chain, _)| chain_key(*chain) < prefix.key());
        let behind = self.heads.partition_point(|(chain, _)| chain_key(*chain) <= prefix.key() | !prefix.mask());
        &self.heads[first..behind.max(first)]
    }

    /// Whether the chains under a prefix are too many to list.
    fn is_split(&self, prefix: Prefix) -> bool {
        prefix.nibbles < MAX_NIBBLES && self.under(prefix).len() > LIST_AT_MOST
    }

    /// The fingerprint of the heads under a prefix: see `docs/protocol.md`.
    pub fn fingerprint(&mut self, prefix: Prefix) -> Fingerprint {
        if let Some(known) = self.known.get(&prefix) {
            return *known;
        }
        let mut bytes = Vec::new();
        let context = if self.is_split(prefix) {
            prefix.children().for_each(|child| bytes.extend(self.fingerprint(child)));
            domain::HEADS_SPLIT
        } else {
            self.under(prefix).iter().for_each(|(chain, head)| bytes.extend(encode(&listed(*chain, *head))));
            domain::HEADS
        };
        let mut fingerprint = [0; 16];
        fingerprint.copy_from_slice(&domain::hash(context, &[&bytes])[..16]);
        // Of those deeper down, whoever asks could name any number.
        if prefix.parent().is_none_or(|parent| self.is_split(parent)) {
            self.known.insert(prefix, fingerprint);
        }
        fingerprint
    }

    /// A prefix with its fingerprint.
    pub fn compared(&mut self, prefix: Prefix) -> Compared {
        Compared { prefix, fingerprint: self.fingerprint(prefix) }
    }

    /// Answers a comparison, from nothing but this index and the question.
    pub fn answer(&mut self, asked: &[Compared]) -> Response {
        let (mut finer, mut heads, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for Compared { prefix, fingerprint } in asked {
            if self.fingerprint(*prefix) == *fingerprint {
                continue;
            }
            if !self.is_split(*prefix) {
                let under = self.under(*prefix);
                if heads.len() + under.len() > MAX_HEADS {
                    break;
                }
                heads.extend(under.iter().map(|(chain, head)| listed(*chain, *head)));
                whole.push(*prefix);
            } else if finer.len() + 16 <= MAX_HEADS {
                finer.extend(prefix.children().map(|child| self.compared(child)));
            } else {
                break;
            }
        }
        match (Bounded::new(finer), Bounded::new(heads), Bounded::new(whole)) {
            (Ok(finer), Ok(heads), Ok(listed)) => Response::Heads { finer, heads, listed },
            // The loop above keeps each within its bound.
            _ => Response::Busy,
        }
    }
}

fn listed(chain: ChainId, ChainHead { head, quarantined }: ChainHead) -> Listed {
    Listed { chain, head, quarantined }
}
