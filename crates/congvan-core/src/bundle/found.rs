//! What a bundle proves, and why another proves nothing.

use super::Split;
use crate::chain::VerifiedEntry;
use crate::checkpoint::Checkpoint;
use crate::codec::CodecError;
use crate::document::{Cover, DocumentError, Envelope};
use crate::entry::EntryError;
use crate::evidence::{self, EquivocationProof};
use crate::ids::{AgencyCode, ChainId, NetworkId, Seq};
use crate::life::Life;
use crate::merkle::ProofError;
use crate::naming::NamingError;
use crate::roster::{Roster, RosterError};
use crate::status::{StatusCover, StatusNote};

/// Why a bundle proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Frames that do not follow each other.
    #[error("the file's parts are out of order, or one is missing: {0}")]
    Order(&'static str),
    /// Of another network than asked for.
    #[error("it is of network {found}, not of {asked}")]
    OtherNetwork {
        /// Of which.
        found: NetworkId,
        /// Which was asked for.
        asked: NetworkId,
    },
    /// The genesis is none.
    #[error("its genesis: {0}")]
    Genesis(CodecError),
    /// A roster entry does not follow from the genesis and those before.
    #[error("the roster, number {seq}: {error}")]
    Roster {
        /// Which.
        seq: u64,
        /// Why.
        error: RosterError,
    },
    /// Bytes that are no entry.
    #[error("an entry in it: {0}")]
    Malformed(#[from] EntryError),
    /// A rotation does not hold.
    #[error("the change of keys at number {seq} of chain {}: {reason}", .chain.short())]
    Rotation {
        /// Whose.
        chain: ChainId,
        /// At which number.
        seq: Seq,
        /// Why.
        reason: &'static str,
    },
    /// A proof of equivocation proves nothing.
    #[error("a proof of equivocation in it: {0}")]
    Fork(evidence::ProofError),
    /// Two checkpoints that prove nothing.
    #[error("two checkpoints in it prove nothing: {0}")]
    Split(&'static str),
    /// An entry does not hold.
    #[error("number {seq} of {agency}: {fault}")]
    Entry {
        /// Whose, as the roster knows it.
        agency: String,
        /// Its number.
        seq: Seq,
        /// Why.
        fault: EntryFault,
    },
    /// An attachment is not what its sender signed.
    #[error("attachment {0} is not the one that was signed: its bytes were altered, cut short, or are out of order")]
    Attachment(u32),
    /// More than a bundle may hold.
    #[error("it has more {0} than a proof may have")]
    TooMany(&'static str),
}

/// Why an entry in a bundle does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryFault {
    /// Its chain is nobody's.
    #[error("the roster knows no agency with this chain")]
    NoAgency,
    /// It is of another network.
    #[error("it belongs to another network")]
    Network,
    /// The key that it names is not its agency's at this number.
    #[error("the key that signed it is not the agency's at this number")]
    Signer,
    /// The signature does not hold.
    #[error("its signature does not hold: it was altered or made up")]
    Signature,
    /// The registrar ended the chain before.
    #[error("the registrar lets the chain end at number {0}")]
    Limit(u64),
    /// The registrar named another entry.
    #[error("the registrar named another entry for this number, or for one that must lie in the same history")]
    Pinned,
    /// The agency said two things at or before this number, and the registrar has not decided.
    #[error(
        "its agency signed two different entries with number {0}: nothing from there on counts until the registrar decides"
    )]
    Quarantined(Seq),
    /// It is no document, or says nothing about the one that the file is about.
    #[error("it is not what the file presents it as: {0}")]
    NotAbout(&'static str),
    /// The payload is malformed.
    #[error("its content is malformed: {0}")]
    Payload(CodecError),
    /// The key of its content opens something else.
    #[error("the key in the file does not open its content: {0}")]
    ContentKey(DocumentError),
    /// It is not shown to be to the agency that is named.
    #[error("to whom it is: {0}")]
    Naming(#[from] NamingError),
    /// What covers it does not hold.
    #[error("the checkpoint over it: {0}")]
    Cover(#[from] CoverFault),
}

/// Why a cover does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoverFault {
    /// The checkpoint's own entry would lie under it.
    #[error("its own number is not behind what it covers")]
    Place,
    /// The agency's signature under the checkpoint does not hold.
    #[error("the agency's signature does not hold")]
    Signature,
    /// The entry is not under its root.
    #[error("the entry is not under its root: {0}")]
    Inclusion(#[from] ProofError),
    /// The later checkpoint does not continue it.
    #[error("the later checkpoint does not continue it: {0}")]
    Continued(ProofError),
    /// An entry that the registrar named is not under its root.
    #[error("the entry that the registrar named at number {0} is not under its root")]
    Pin(Seq),
    /// A witness' signature does not hold.
    #[error("the signature of witness {0} does not hold")]
    Witness(String),
}

/// What a bundle shows of an entry's content.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::large_enum_variant)]
pub enum Shown {
    /// Nothing but the header.
    Withheld,
    /// A document's open part, and its envelope where that is public or its key is in the bundle.
    Document {
        /// What everybody sees.
        cover: Cover,
        /// What its readers see.
        envelope: Option<Envelope>,
    },
    /// A status' open part, and its note where its key is in the bundle.
    Status {
        /// What everybody sees.
        cover: StatusCover,
        /// What its readers see.
        note: Option<StatusNote>,
    },
}

/// What ties an entry to the history that the registrar decided on, where it had to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Branch {
    /// Nothing had to be decided, or the bundle shows that the entry is of the history that stands.
    Stands,
    /// The registrar named the entry that stands at this number; the bundle does not show that this one is of the same
    /// history.
    Open(Seq),
}

/// A checkpoint that was checked, and who vouches for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProvenCover {
    /// What the agency signed.
    pub checkpoint: Checkpoint,
    /// How far the same history is shown to go on: the size of this checkpoint, or of a later one.
    pub reaches: Seq,
    /// The witnesses whom the roster names and whose signatures hold, with their times in seconds since 1970, by time.
    pub witnesses: Vec<(AgencyCode, u64)>,
    /// How many the roster asks for; 0 where it names none.
    pub needed: u16,
}

impl ProvenCover {
    /// Whether the network's policy is met.
    pub fn is_witnessed(&self) -> bool {
        self.needed > 0 && self.witnesses.len() >= usize::from(self.needed)
    }

    /// Since when, at the latest, the entry existed, by the word of as many witnesses as the policy asks for: the time
    /// of the last of them. Seconds since 1970; `None` where they are too few.
    pub fn existed_by(&self) -> Option<u64> {
        self.is_witnessed().then(|| self.witnesses[usize::from(self.needed) - 1].1)
    }
}

/// An entry whose proof holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proven {
    /// The entry: its own signature was checked, under the key that the roster and its chain give for its number.
    pub entry: VerifiedEntry,
    /// Whose.
    pub agency: AgencyCode,
    /// Its name in the roster.
    pub name: String,
    /// What is shown of it.
    pub shown: Shown,
    /// The checkpoint over it; `None` where the bundle has none.
    pub cover: Option<ProvenCover>,
    /// Whether it is of the history that stands.
    pub branch: Branch,
    /// For an entry about the document: the number from which on its chain is in quarantine, if it lies there.
    pub quarantined: Option<Seq>,
}

/// One addressee of a document whose payload is withheld, as its sender signed it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// Which.
    pub code: AgencyCode,
    /// How many addressees there are, with this one.
    pub of: u64,
}

/// What a bundle proves.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The network's directory, checked from the genesis on.
    pub roster: Roster,
    /// The document; `None` in a bundle that convicts and proves nothing else.
    pub document: Option<Proven>,
    /// One agency that it is to; `None` where nobody is named, or everybody is shown.
    pub named: Option<Named>,
    /// What was said about it, in the bundle's order.
    pub said: Vec<Proven>,
    /// What has become of the document by that; `None` where its addressees are withheld.
    pub life: Option<Life>,
    /// Agencies that said two things, with the proof.
    pub forks: Vec<EquivocationProof>,
    /// Agencies that showed two histories.
    pub splits: Vec<Split>,
    /// The attachments whose bytes are in the bundle and are those that were signed.
    pub attachments: Vec<u32>,
}
