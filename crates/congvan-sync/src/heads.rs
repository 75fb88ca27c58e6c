//! Where two ledgers differ: fingerprints over prefixes of chain ids, split sixteenfold, until few
//! chains are left to list. The cost follows the differences, not the number of chains.

use congvan_core::codec::encode;
use congvan_core::{Bounded, ChainId, domain};

use crate::config::LIST_AT_MOST;
use crate::message::{Compared, Listed, MAX_HEADS, Prefix, Response};
use crate::{ChainHead, Ledger};

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

/// All heads of a ledger at one moment, sorted by chain.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HeadsIndex(Vec<(ChainId, ChainHead)>);

impl HeadsIndex {
    /// Takes a ledger's heads.
    pub fn of(ledger: &impl Ledger) -> Self {
        Self(ledger.heads())
    }

    /// A chain's head; `None` for a chain that the roster does not know.
    pub fn get(&self, chain: ChainId) -> Option<ChainHead> {
        self.0.binary_search_by_key(&chain, |(chain, _)| *chain).ok().map(|at| self.0[at].1)
    }

    /// Notes a chain's new head; nothing for an unknown chain.
    pub fn set(&mut self, chain: ChainId, head: ChainHead) {
        if let Ok(at) = self.0.binary_search_by_key(&chain, |(chain, _)| *chain) {
            self.0[at].1 = head;
        }
    }

    fn under(&self, prefix: Prefix) -> &[(ChainId, ChainHead)] {
        let first = self.0.partition_point(|(chain, _)| chain_key(*chain) < prefix.key());
        let behind = self.0.partition_point(|(chain, _)| chain_key(*chain) <= prefix.key() | !prefix.mask());
        &self.0[first..behind.max(first)]
    }

    /// The fingerprint of the heads under a prefix: see `docs/protocol.md`.
    pub fn fingerprint(&self, prefix: Prefix) -> [u8; 16] {
        let mut bytes = Vec::new();
        for (chain, head) in self.under(prefix) {
            bytes.extend(encode(&listed(*chain, *head)));
        }
        let mut fingerprint = [0; 16];
        fingerprint.copy_from_slice(&domain::hash(domain::HEADS, &[&bytes])[..16]);
        fingerprint
    }

    /// A prefix with its fingerprint.
    pub fn compared(&self, prefix: Prefix) -> Compared {
        Compared { prefix, fingerprint: self.fingerprint(prefix) }
    }

    /// Answers a comparison, from nothing but this index and the question.
    pub fn answer(&self, asked: &[Compared]) -> Response {
        let (mut finer, mut heads, mut whole) = (Vec::new(), Vec::new(), Vec::new());
        for Compared { prefix, fingerprint } in asked {
            if self.fingerprint(*prefix) == *fingerprint {
                continue;
            }
            let under = self.under(*prefix);
            if under.len() <= LIST_AT_MOST || prefix.nibbles >= MAX_NIBBLES {
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
