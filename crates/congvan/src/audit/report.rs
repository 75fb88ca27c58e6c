//! What an audit says.

use congvan_core::{ChainId, Seq};
use serde::{Deserialize, Serialize};

use crate::certificate::KeyCertificate;

/// Where an audit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries checked.
    pub entries: u64,
    /// Bytes read of `total`, for a file; entries of `total`, for a directory.
    pub done: u64,
    /// 0 where it is not known.
    pub total: u64,
}

/// What a violation breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ViolationKind {
    /// An entry's bytes are not what was signed.
    Altered,
    /// A signature does not hold.
    Signature,
    /// Numbers or links do not follow.
    Link,
    /// A key signed outside its span, or against the roster.
    Authority,
    /// The roster's own rules.
    Roster,
    /// An agency signed two entries with one number.
    Equivocation,
    /// A payload, or the seal in it, has not the form of its kind.
    Form,
    /// A checkpoint is not of its chain's own history, or not signed.
    Checkpoint,
    /// A witness cosigned what its agency never signed, or not by its key.
    Witness,
    /// An agency signed a checkpoint of another history than the one here.
    SplitView,
    /// What a former audit saw is not what is here.
    Rewritten,
    /// What a former audit saw is not here any more.
    Lost,
    /// A blob's chunk does not belong to it.
    Blob,
    /// An index of the store is not what the entries say.
    Index,
    /// What was erased is still here.
    Kept,
    /// The file as a whole.
    File,
}

impl ViolationKind {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Altered,
        Self::Signature,
        Self::Link,
        Self::Authority,
        Self::Roster,
        Self::Equivocation,
        Self::Form,
        Self::Checkpoint,
        Self::Witness,
        Self::SplitView,
        Self::Rewritten,
        Self::Lost,
        Self::Blob,
        Self::Index,
        Self::Kept,
        Self::File,
    ];

    /// A word for programs, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Signature => "signature",
            Self::Link => "link",
            Self::Authority => "authority",
            Self::Roster => "roster",
            Self::Equivocation => "equivocation",
            Self::Form => "form",
            Self::Checkpoint => "checkpoint",
            Self::Witness => "witness",
            Self::SplitView => "split_view",
            Self::Rewritten => "rewritten",
            Self::Lost => "lost",
            Self::Blob => "blob",
            Self::Index => "index",
            Self::Kept => "kept",
            Self::File => "file",
        }
    }
}

/// Violations and notes listed at most; the others are counted.
pub const MAX_LISTED: usize = 10_000;

/// What is found on the way.
#[derive(Default)]
pub(super) struct Finds {
    violations: Vec<(Place, u64, ViolationKind, String)>,
    notes: Vec<Note>,
    more: u64,
}

enum Place {
    Chain(ChainId),
    Named(String),
}

impl Finds {
    pub(super) fn violation(&mut self, chain: ChainId, seq: Seq, kind: ViolationKind, reason: String) {
        self.put(Place::Chain(chain), seq.get(), kind, reason);
    }

    /// What has no number in a chain.
    pub(super) fn elsewhere(&mut self, place: &str, kind: ViolationKind, reason: String) {
        self.put(Place::Named(place.to_owned()), 0, kind, reason);
    }

    fn put(&mut self, place: Place, number: u64, kind: ViolationKind, reason: String) {
        match self.violations.len() < MAX_LISTED {
            true => self.violations.push((place, number, kind, reason)),
            false => self.more += 1,
        }
    }

    pub(super) fn note(&mut self, note: Note) {
        match self.notes.len() < MAX_LISTED {
            true => self.notes.push(note),
            false => self.more += 1,
        }
    }

    /// Violations, notes, and how many are not among them.
    pub(super) fn report(self, name: impl Fn(ChainId) -> String) -> (Vec<Violation>, Vec<Note>, u64) {
        let violation = |(place, number, kind, reason)| {
            let agency = match place {
                Place::Chain(chain) => name(chain),
                Place::Named(name) => name,
            };
            Violation { agency, number, kind, reason }
        };
        (self.violations.into_iter().map(violation).collect(), self.notes, self.more)
    }
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The agency's code, `roster`, or the chain's id where the roster does not know it.
    pub agency: String,
    /// The number in its chain; 0 for what has none.
    pub number: u64,
    /// What it breaks.
    pub kind: ViolationKind,
    /// Why, in words.
    pub reason: String,
}

/// Something that an auditor should know and that makes no copy less genuine: an entry that says of a
/// document what its author could not say then (`docs/life.md`), or a time that cannot be. It changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The agency's code; empty for what concerns the copy as a whole.
    pub agency: String,
    /// The number in its chain; 0 for what has none.
    pub number: u64,
    /// The id of the document that it is about; empty where it is about none.
    pub document: String,
    /// Why, in English.
    pub reason: String,
    /// Why, in Vietnamese.
    pub reason_vi: String,
}

/// One chain as found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainReport {
    /// The agency's code, or `roster`.
    pub agency: String,
    /// The chain.
    pub chain: String,
    /// Its entries that stand.
    pub entries: u64,
    /// The last one's id; empty for an empty chain.
    pub head_id: String,
    /// The size of its last checkpoint; 0 without one.
    #[serde(default)]
    pub covered: u64,
    /// The size of its last witnessed checkpoint; 0 without one.
    #[serde(default)]
    pub witnessed: u64,
    /// When that was witnessed: seconds since 1970.
    #[serde(default)]
    pub witnessed_at: Option<u64>,
    /// Entries whose content is gone because an erasure names them.
    #[serde(default)]
    pub erased: u64,
    /// Entries whose content is not here though nobody erased it; whoever has it may still give it.
    #[serde(default)]
    pub missing: u64,
}

/// A key, and what vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReport {
    /// The agency's code.
    pub agency: String,
    /// The key.
    pub key: String,
    /// Entries that it signed and that stand.
    pub entries: u64,
    /// Certificates that the roster binds to it, oldest first, each judged as things were when it was bound.
    pub certificates: Vec<KeyCertificate>,
    /// Of a key with certificates, the entries that state a time at which none of these was valid.
    pub outside: u64,
    /// The number of the first such entry; 0 if there is none.
    pub first_outside: u64,
}

/// What a publisher's entries make of the catalogue of procedures, recomputed from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueReport {
    /// The publisher's code.
    pub agency: String,
    /// Procedures that are live.
    pub live: u64,
    /// Procedures that are retired.
    pub retired: u64,
    /// Entries that change nothing, for they break a rule. They are evidence of what their agency
    /// did, and no violation of the ledger.
    pub flagged: Vec<Flagged>,
}

/// An entry that breaks a rule of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flagged {
    /// The number in the chain.
    pub number: u64,
    /// The procedure's code; empty where it cannot be read.
    pub code: String,
    /// A word for programs, as in [`congvan_core::catalogue::Breach::name`].
    pub breach: String,
    /// In English.
    pub reason: String,
    /// In Vietnamese.
    pub reason_vi: String,
}

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The network's id.
    pub network: String,
    /// Its name.
    pub network_name: String,
    /// Every chain, the roster first.
    pub chains: Vec<ChainReport>,
    /// Every violation, in the order found.
    pub violations: Vec<Violation>,
    /// What breaks the table of documents' lives, document by document.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// Violations and notes beyond those listed.
    #[serde(default)]
    pub more: u64,
    /// Entries that were audited before and not read again.
    #[serde(default)]
    pub before: u64,
    /// Entries that stand, of those read.
    pub entries: u64,
    /// Signatures checked.
    pub signatures: u64,
    /// Blobs' chunks checked.
    pub chunks: u64,
    /// Every key that signed something that stands, or that a certificate is bound to. What its certificates are
    /// worth decides nothing in the ledger, and is no violation.
    pub keys: Vec<KeyReport>,
    /// One digest over all heads: equal copies have equal digests.
    pub digest: String,
    /// The catalogue of procedures, publisher by publisher.
    #[serde(default)]
    pub catalogue: Vec<CatalogueReport>,
}

impl Report {
    /// Whether nothing was found.
    pub fn is_genuine(&self) -> bool {
        self.violations.is_empty()
    }
}
