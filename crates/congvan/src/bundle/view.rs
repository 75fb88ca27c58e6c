//! What a bundle proves, as plain data; `words` says it in sentences.

use congvan_core::bundle::{Branch, Evidence, Proven, ProvenCover, Shown};
use congvan_core::document::{Envelope, Relation};
use congvan_core::limits::CLOCK_TOLERANCE_MS;
use congvan_core::{ChainId, Cover, EntryId, Seq};
use serde::Serialize;

use crate::registry::code_of;

/// A bundle that was checked, as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BundleView {
    /// The network's id.
    pub network: String,
    /// The network's name, by its genesis.
    pub network_name: String,
    /// The roster's last number that the bundle has: of later changes of agencies and keys it knows nothing.
    pub roster: u64,
    /// The document's entry; `None` in a file that only convicts somebody.
    pub document: Option<EntryView>,
    /// Its content, as far as it is shown.
    pub content: Option<ContentView>,
    /// The one addressee that is shown where its content and the others are not.
    pub named: Option<NamedView>,
    /// What was said about it, oldest first by the authors' clocks.
    pub said: Vec<EntryView>,
    /// What the document is worth by that, as in `congvan show`; `None` where its addressees are withheld.
    pub standing: Option<String>,
    /// Agencies that signed two different entries with one number.
    pub forks: Vec<ForkView>,
    /// What is proven.
    pub proven: Vec<Claim>,
    /// What is not.
    pub not_proven: Vec<Claim>,
}

/// An entry of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntryView {
    /// Its id.
    pub id: String,
    /// Its agency's code.
    pub agency: String,
    /// Its agency's name.
    pub agency_name: String,
    /// Its number.
    pub number: u64,
    /// When, by its author's clock: milliseconds since 1970.
    pub time: u64,
    /// The key that signed it.
    pub signer: String,
    /// Of a status: two digits.
    pub status: Option<String>,
    /// Of a letter about the document: `answers`, `recalls`, `updates` or `replaces`.
    pub relation: Option<String>,
    /// What was noted beside a status; empty where it is not shown.
    pub note: String,
    /// Why it changes nothing, in English and in Vietnamese; `None` where it holds, or nothing can be said.
    pub breach: Option<(String, String)>,
    /// The size of the checkpoint over it.
    pub covered_by: Option<u64>,
    /// The witnesses of that checkpoint and their times, in seconds since 1970.
    pub witnesses: Vec<(String, u64)>,
    /// How many witnesses the network asks for.
    pub needed: u16,
    /// Since when it existed at the latest, by as many witnesses as the network asks for: seconds since 1970.
    pub existed_by: Option<u64>,
}

/// A document's content, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContentView {
    /// Addressees' codes.
    pub to: Vec<String>,
    /// Whether what its readers read is shown; what follows is empty otherwise.
    pub opened: bool,
    /// Number and notation.
    pub code: String,
    /// Its type.
    pub type_name: String,
    /// Place of promulgation.
    pub place: String,
    /// Date of promulgation, as written.
    pub promulgated: String,
    /// Subject.
    pub subject: String,
    /// Abstract.
    pub summary: String,
    /// Who signed: competence, position and name, as written.
    pub signer: String,
    /// Its attachments.
    pub attachments: Vec<AttachmentView>,
}

/// One addressee of a document, as its sender signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedView {
    /// Its code.
    pub agency: String,
    /// How many addressees there are, with this one.
    pub of: u64,
}

/// An attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttachmentView {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub len: u64,
    /// Digest of its bytes (`docs/format.md`).
    pub digest: String,
    /// Whether its bytes are in the bundle, and are those that were signed.
    pub included: bool,
}

/// That an agency said two things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForkView {
    /// Its code.
    pub agency: String,
    /// The number used twice.
    pub number: u64,
}

/// One thing that a bundle proves, or does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "claim", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Claim {
    /// An agency signed two different entries with one number.
    SignedTwo {
        /// Its code.
        agency: String,
        /// The number.
        number: u64,
    },
    /// An agency signed checkpoints of two different histories of its chain.
    ShowedTwo {
        /// Its code.
        agency: String,
        /// How many entries the first of them is of.
        size: u64,
    },
    /// The document's entry is its agency's.
    Genuine {
        /// The agency's code.
        agency: String,
        /// Its name.
        name: String,
        /// The number.
        number: u64,
    },
    /// The content that is shown is what was signed.
    Content,
    /// Attachments' bytes in the bundle are what was signed.
    Attachments {
        /// How many.
        included: usize,
        /// Of how many.
        of: usize,
    },
    /// To whom it went.
    Addressed {
        /// Codes.
        to: Vec<String>,
    },
    /// An agency is among those to whom it went, of whom no other is shown.
    Named {
        /// Its code.
        agency: String,
        /// How many there are, with this one.
        of: u64,
    },
    /// It existed at that time at the latest, at that place in its chain, and witnesses saw the same chain as everybody.
    Witnessed {
        /// Seconds since 1970.
        by: u64,
        /// The witnesses' codes.
        witnesses: Vec<String>,
        /// How many the network asks for.
        needed: u16,
    },
    /// An agency said this about it.
    Said {
        /// The agency's code.
        agency: String,
        /// The number in its chain.
        number: u64,
        /// Two digits of a status, or the relation of a letter.
        what: String,
        /// Whether witnesses vouch for it.
        witnessed: Option<u64>,
    },
    /// Too few witnesses, or none, saw it.
    NotWitnessed {
        /// Those who did.
        witnesses: usize,
        /// How many the network asks for; 0 where it names none.
        needed: u16,
        /// Whether a checkpoint covers it at all.
        covered: bool,
    },
    /// The time that it states is only its author's word, and this far before the witnesses'.
    StatedTime {
        /// Milliseconds since 1970.
        stated: u64,
        /// By how many seconds the witnesses' time is later; `None` without witnesses.
        earlier_by: Option<u64>,
        /// Whether it even states a later time than the witnesses saw it.
        ahead: bool,
    },
    /// The content is not shown.
    ContentWithheld,
    /// The addressees are not shown.
    AddresseesWithheld,
    /// The other addressees are not shown.
    OthersWithheld {
        /// How many.
        others: u64,
    },
    /// The one addressee shown says nothing here: that it is one is its sender's word, and nobody's that it arrived.
    ReceiptNotShown {
        /// Its code.
        agency: String,
    },
    /// Bytes of attachments are not in the bundle: their digests are proven, not what they are.
    AttachmentsMissing {
        /// How many.
        missing: usize,
    },
    /// The registrar named the entry that stands at this number, and it is not shown that this is of the same history.
    BranchOpen {
        /// Whose.
        agency: String,
        /// The number.
        number: u64,
    },
    /// What was said later, and changes of agencies and keys behind this number of the roster.
    Later {
        /// The roster's number.
        roster: u64,
    },
}

impl BundleView {
    /// In words.
    pub fn of(evidence: &Evidence) -> Self {
        let mut view = Self {
            network: evidence.roster.network().to_string(),
            network_name: evidence.roster.genesis().name.to_string(),
            roster: evidence.roster.head().map_or(0, |head| head.seq.get()),
            document: evidence.document.as_ref().map(|document| entry_view(document, evidence)),
            content: content_of(evidence),
            named: evidence.named.as_ref().map(|named| NamedView { agency: named.code.to_string(), of: named.of }),
            said: evidence.said.iter().map(|said| entry_view(said, evidence)).collect(),
            standing: evidence.life.as_ref().map(|life| life.standing.name().to_owned()),
            forks: Vec::new(),
            proven: Vec::new(),
            not_proven: Vec::new(),
        };
        view.forks = evidence.forks.iter().map(|fork| fork_view(fork.chain(), fork.seq(), evidence)).collect();
        view.proven = proven(evidence, &view);
        view.not_proven = not_proven(evidence, &view);
        view
    }
}

fn fork_view(chain: ChainId, seq: Seq, evidence: &Evidence) -> ForkView {
    let agency = evidence.roster.agency(chain).map(|agency| agency.code.to_string()).unwrap_or_default();
    ForkView { agency, number: seq.get() }
}

fn entry_view(proven: &Proven, evidence: &Evidence) -> EntryView {
    let header = proven.entry.header();
    let (status, note) = match &proven.shown {
        Shown::Status { cover, note } => {
            (Some(cover.code.digits().to_owned()), note.as_ref().map(|note| note.note.to_string()))
        }
        _ => (None, None),
    };
    let about = evidence.document.as_ref().map(|document| document.entry.id());
    let relation = match &proven.shown {
        Shown::Document { cover, .. } => about
            .and_then(|about| relation_to(cover, about))
            .map(|relation| crate::read::relation_name(relation).to_owned()),
        _ => None,
    };
    let events = evidence.life.iter().flat_map(|life| life.verdicts(proven.entry.id()));
    let breach = events.filter_map(|event| event.breach).next();
    let cover = proven.cover.as_ref();
    EntryView {
        id: proven.entry.id().to_string(),
        agency: proven.agency.to_string(),
        agency_name: proven.name.clone(),
        number: proven.entry.seq().get(),
        time: header.time.as_millis(),
        signer: header.signer.to_string(),
        status,
        relation,
        note: note.unwrap_or_default(),
        breach: breach.map(|breach| (breach.english(), breach.vietnamese())),
        covered_by: cover.map(|cover| cover.checkpoint.size.get()),
        witnesses: cover.map(names).unwrap_or_default(),
        needed: evidence.roster.witnesses().threshold,
        existed_by: cover.and_then(ProvenCover::existed_by),
    }
}

fn names(cover: &ProvenCover) -> Vec<(String, u64)> {
    cover.witnesses.iter().map(|(code, seconds)| (code.to_string(), *seconds)).collect()
}

fn relation_to(cover: &Cover, document: EntryId) -> Option<Relation> {
    cover.links.iter().find(|link| link.document.id == document).map(|link| link.relation)
}

fn content_of(evidence: &Evidence) -> Option<ContentView> {
    let Shown::Document { cover, envelope } = &evidence.document.as_ref()?.shown else { return None };
    let empty = Envelope::default();
    let read = envelope.as_ref().unwrap_or(&empty);
    let signer = [&*read.signer.competence, &*read.signer.position, &*read.signer.name];
    let attachments = read.attachments.iter().enumerate().map(|(number, listed)| AttachmentView {
        name: listed.name.to_string(),
        len: listed.len,
        digest: listed.digest.to_string(),
        included: evidence.attachments.contains(&(number as u32)),
    });
    Some(ContentView {
        to: cover.addressees.iter().map(ToString::to_string).collect(),
        opened: envelope.is_some(),
        code: code_of(read),
        type_name: read.type_name.to_string(),
        place: read.place.to_string(),
        promulgated: read.promulgated.to_string(),
        subject: read.subject.to_string(),
        summary: read.summary.to_string(),
        signer: signer.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
        attachments: attachments.collect(),
    })
}

fn proven(evidence: &Evidence, view: &BundleView) -> Vec<Claim> {
    let mut claims = Vec::new();
    claims.extend(view.forks.iter().map(|fork| Claim::SignedTwo { agency: fork.agency.clone(), number: fork.number }));
    claims.extend(evidence.splits.iter().map(|split| {
        let ForkView { agency, number } = fork_view(split.chain, split.one.1.checkpoint.size, evidence);
        Claim::ShowedTwo { agency, size: number }
    }));
    let Some(document) = &view.document else { return claims };
    let (agency, name, number) = (document.agency.clone(), document.agency_name.clone(), document.number);
    claims.push(Claim::Genuine { agency, name, number });
    claims.extend(document.existed_by.map(|by| Claim::Witnessed {
        by,
        witnesses: document.witnesses.iter().map(|(code, _)| code.clone()).collect(),
        needed: document.needed,
    }));
    claims.extend(view.named.as_ref().map(|named| Claim::Named { agency: named.agency.clone(), of: named.of }));
    if let Some(content) = &view.content {
        claims.push(Claim::Addressed { to: content.to.clone() });
        if content.opened {
            claims.push(Claim::Content);
        }
        let included = content.attachments.iter().filter(|attachment| attachment.included).count();
        if included > 0 {
            claims.push(Claim::Attachments { included, of: content.attachments.len() });
        }
    }
    for (said, proven) in view.said.iter().zip(&evidence.said) {
        if said.breach.is_none() && proven.quarantined.is_none() {
            let what = said.status.clone().or_else(|| said.relation.clone()).unwrap_or_default();
            let (agency, number, witnessed) = (said.agency.clone(), said.number, said.existed_by);
            claims.push(Claim::Said { agency, number, what, witnessed });
        }
    }
    claims
}

fn not_proven(evidence: &Evidence, view: &BundleView) -> Vec<Claim> {
    let later = Claim::Later { roster: view.roster };
    let Some(document) = &view.document else { return vec![later] };
    let mut claims = Vec::new();
    if document.existed_by.is_none() {
        let (witnesses, needed) = (document.witnesses.len(), document.needed);
        claims.push(Claim::NotWitnessed { witnesses, needed, covered: document.covered_by.is_some() });
    }
    let witnesses = document.existed_by.map(|seconds| seconds.saturating_mul(1000));
    claims.push(Claim::StatedTime {
        stated: document.time,
        earlier_by: witnesses.map(|by| by.saturating_sub(document.time) / 1000),
        ahead: witnesses.is_some_and(|by| document.time > by.saturating_add(CLOCK_TOLERANCE_MS)),
    });
    match &view.content {
        None => {
            match &view.named {
                Some(named) => claims.extend(not_proven_of(named, view)),
                None => claims.push(Claim::AddresseesWithheld),
            }
            claims.push(Claim::ContentWithheld);
        }
        Some(content) if !content.opened => claims.push(Claim::ContentWithheld),
        Some(content) => {
            let missing = content.attachments.iter().filter(|attachment| !attachment.included).count();
            if missing > 0 {
                claims.push(Claim::AttachmentsMissing { missing });
            }
        }
    }
    for proven in evidence.document.iter().chain(&evidence.said) {
        if let Branch::Open(number) = proven.branch {
            claims.push(Claim::BranchOpen { agency: proven.agency.to_string(), number: number.get() });
        }
    }
    claims.push(later);
    claims
}

/// What naming one addressee leaves open.
fn not_proven_of(named: &NamedView, view: &BundleView) -> Vec<Claim> {
    let mut claims = Vec::new();
    if view.said.iter().all(|said| said.agency != named.agency) {
        claims.push(Claim::ReceiptNotShown { agency: named.agency.clone() });
    }
    if named.of > 1 {
        claims.push(Claim::OthersWithheld { others: named.of - 1 });
    }
    claims
}
