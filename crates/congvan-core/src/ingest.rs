//! What a ledger answers to entries that come in: one vocabulary for every ledger, on disk or in memory.

use crate::chain::{ChainError, LinkedEntry};
use crate::evidence::EquivocationProof;
use crate::ids::{ChainId, Seq};
use crate::roster::RosterError;

/// What an ingest did.
#[derive(Clone, Debug, Default)]
pub struct Ingested {
    /// The entries that are new.
    pub entries: Vec<LinkedEntry>,
    /// Entries that were here without their payloads, and have them now.
    pub filled: Vec<LinkedEntry>,
    /// Whether the roster changed.
    pub roster_changed: bool,
}

/// Why entries or a proof were not stored. Nothing of them was.
///
/// `S` is how the ledger's own storage fails: the one thing in which ledgers differ.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError<S> {
    /// They break the chain's rules: blame whoever sent them.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// They break the roster's rules: blame whoever sent them.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The roster knows no such chain yet: nobody is to blame.
    #[error("the roster knows no chain {0}")]
    UnknownChain(ChainId),
    /// They are not next to what is stored: ask again from the head.
    #[error("they begin at number {first}; the ledger stands before {due}")]
    Gap {
        /// Where they begin.
        first: Seq,
        /// What is due.
        due: Seq,
    },
    /// The chain is in quarantine from a number before them.
    #[error("the chain is in quarantine from number {0} on")]
    Quarantined(Seq),
    /// A stored entry and one of these have one number, and both signatures hold under one key.
    #[error("the agency signed two entries with number {}", .0.seq())]
    Equivocation(Box<EquivocationProof>),
    /// The ledger's storage.
    #[error("the ledger failed: {0}")]
    Storage(S),
}

impl<S> IngestError<S> {
    /// The same error of a ledger whose storage fails in other words.
    pub fn map_storage<T>(self, words: impl FnOnce(S) -> T) -> IngestError<T> {
        match self {
            Self::Chain(error) => IngestError::Chain(error),
            Self::Roster(error) => IngestError::Roster(error),
            Self::UnknownChain(chain) => IngestError::UnknownChain(chain),
            Self::Gap { first, due } => IngestError::Gap { first, due },
            Self::Quarantined(seq) => IngestError::Quarantined(seq),
            Self::Equivocation(proof) => IngestError::Equivocation(proof),
            Self::Storage(error) => IngestError::Storage(words(error)),
        }
    }
}
