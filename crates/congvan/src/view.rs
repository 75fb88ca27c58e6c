//! What the node shows of its ledger: plain data, for people and for JSON.

use congvan_core::{Agency, StatusCode};
use congvan_store::Ledger;
use serde::{Deserialize, Serialize};

use crate::certificate::KeyCertificate;
use crate::legal::Carries;

/// A document in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentSummary {
    /// The entry's id, 64 hexadecimal digits: the document's name in every command.
    pub id: String,
    /// The sender's code.
    pub from: String,
    /// The sender's name in the roster.
    pub from_name: String,
    /// The number in the sender's chain.
    pub number: u64,
    /// When, by the sender's clock: milliseconds since 1970.
    pub time: u64,
    /// Whether that clock is more than ten minutes ahead of ours.
    pub clock_off: bool,
    /// The addressees' codes.
    pub to: Vec<String>,
    /// Number and notation: "123/BC-UBND".
    pub code: String,
    /// Its type.
    pub type_name: String,
    /// Date of promulgation, as written.
    pub promulgated: String,
    /// Subject; empty where it is sealed to others.
    pub subject: String,
    /// Date by which an answer is due, as written.
    pub due: String,
    /// How many attachments it has.
    pub attachments: usize,
    /// Whether every attachment is here in full.
    pub complete: bool,
    /// What it is worth now: `in_force`, `recall_asked`, `recalled_by_some`, `recalled_by_all`, `updated`
    /// or `replaced`.
    pub standing: String,
    /// The id of the document that updates it or stands in its place.
    pub standing_by: Option<String>,
    /// How far each addressee is.
    pub progress: Vec<Progress>,
    /// By whose word its content was erased; `None` where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased: Option<crate::erase::ErasedView>,
}

/// How far one addressee is with a document, by what it reported and might report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The addressee's code.
    pub agency: String,
    /// Its last status of handling, `01` to `06`; `None` before the first.
    pub status: Option<String>,
    /// What it has in hand: the document `as_sent`, or, by its own agreement, `withdrawn`, `updated` or
    /// `replaced`.
    pub held: String,
    /// The id of the status or document that it agreed to.
    pub held_by: Option<String>,
    /// Ids of what was asked of it and not answered yet.
    pub open: Vec<String>,
}

/// That one document concerns another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkView {
    /// `answers`, `recalls`, `updates` or `replaces`.
    pub relation: String,
    /// The other document's id.
    pub document: String,
    /// Its sender's code; empty where the roster does not know it.
    pub agency: String,
    /// The number in its sender's chain.
    pub number: u64,
    /// Why the link changes nothing, in English; `None` where it holds.
    pub breach: Option<String>,
    /// The same in Vietnamese.
    pub breach_vi: Option<String>,
}

/// A document with everything that its reader may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentView {
    /// As in a list.
    #[serde(flatten)]
    pub summary: DocumentSummary,
    /// The author's own id.
    pub document_id: String,
    /// Place of promulgation.
    pub place: String,
    /// Abstract.
    pub summary_text: String,
    /// Who signed: position and name.
    pub signer: String,
    /// Urgency, as written.
    pub priority: String,
    /// Its attachments.
    pub files: Vec<FileView>,
    /// Whether it came as an edXML packet, which can be had back byte for byte.
    pub has_packet: bool,
    /// Whether that packet carries a signature of its own, which is kept byte for byte and not judged.
    pub packet_carries: Carries,
    /// Earlier documents that it concerns.
    pub links: Vec<LinkView>,
    /// Later documents that concern it.
    pub linked_by: Vec<LinkView>,
    /// What was reported of it, oldest first by their authors' clocks; also what changes nothing.
    pub history: Vec<StatusView>,
    /// What this node vouches for.
    pub proof: ProofView,
}

/// An attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileView {
    /// Its name.
    pub name: String,
    /// Its media type, as written.
    pub media_type: String,
    /// Its length in bytes, as it was attached.
    pub len: u64,
    /// Whether its bytes are a ZIP that holds the file.
    pub zipped: bool,
    /// Digest of its bytes.
    pub digest: String,
    /// Whether all of it is here.
    pub present: bool,
    /// Whether it carries a signature of its own, which is kept byte for byte and not judged.
    pub carries: Carries,
}

/// A status that somebody reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusView {
    /// The status entry's id.
    pub id: String,
    /// The document's id.
    pub document: String,
    /// Who reported it.
    pub by: String,
    /// The number in its chain.
    pub number: u64,
    /// When, by its author's clock: milliseconds since 1970.
    pub time: u64,
    /// Two digits.
    pub status: String,
    /// In English.
    pub meaning: String,
    /// In Vietnamese.
    pub meaning_vi: String,
    /// Description or reason; empty where it is sealed to others.
    pub note: String,
    /// Who handled it, as reported.
    pub staff: String,
    /// The id of the status or document that it answers.
    pub answers: Option<String>,
    /// Why it changes nothing, in English; `None` where it holds.
    pub breach: Option<String>,
    /// The same in Vietnamese.
    pub breach_vi: Option<String>,
}

impl StatusView {
    pub(crate) fn meanings(code: StatusCode) -> (String, String, String) {
        (code.digits().to_owned(), code.english().to_owned(), code.vietnamese().to_owned())
    }
}

/// What this node checked of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProofView {
    /// The signature was checked under the key that the roster gives for its number.
    pub genuine: bool,
    /// That key.
    pub signer: String,
    /// What a certificate of the agency's authority says of the key, at the time that the entry states; `None`
    /// where no certificate is bound to it. It decides nothing.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub certificate: Option<KeyCertificate>,
    /// Digest of the payload.
    pub payload_digest: String,
    /// The entry before it.
    pub previous: String,
    /// The last number of the chain here, which covers this one by its links.
    pub head: u64,
    /// The first number of the chain in quarantine, if any.
    pub quarantined: Option<u64>,
    /// The checkpoint that covers it, and who witnessed that; `None` until there is one.
    #[serde(default)]
    pub cover: Option<crate::witness::CoverView>,
}

/// An agency in the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgencyView {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The agency above it.
    pub parent: Option<String>,
    /// `active`, `suspended` or `closed`.
    pub standing: String,
    /// Its chain.
    pub chain: String,
    /// Its signing key now.
    pub key: String,
    /// Its nodes' network keys.
    pub nodes: Vec<String>,
    /// The last number of its chain here.
    pub head: u64,
    /// When that was written, by its agency's clock: milliseconds since 1970.
    #[serde(default)]
    pub newest: Option<u64>,
    /// How many of its entries had their own signatures checked here, from the first on.
    pub verified: u64,
    /// The first number in quarantine.
    pub quarantined: Option<u64>,
    /// What it may do besides writing documents, from its next number on: `publish`.
    pub rights: Vec<String>,
}

impl AgencyView {
    /// The directory, as a ledger has it.
    pub fn all(ledger: &Ledger) -> Vec<Self> {
        let view = |agency: &Agency| {
            let (state, status) = (ledger.state(agency.chain), ledger.status(agency.chain));
            let last = status.head.and_then(|head| ledger.entry(agency.chain, head.seq).ok().flatten());
            Self {
                code: agency.code.to_string(),
                name: agency.name.clone(),
                parent: agency.parent.as_ref().map(|code| code.to_string()),
                standing: format!("{:?}", agency.standing).to_lowercase(),
                chain: agency.chain.to_string(),
                key: state.next_keys(agency.policy()).map(|keys| keys.sign.to_string()).unwrap_or_default(),
                nodes: agency.nodes.iter().map(|node| node.to_string()).collect(),
                head: status.head.map_or(0, |head| head.seq.get()),
                newest: last.map(|entry| entry.header().time.as_millis()),
                verified: status.verified_through,
                quarantined: status.quarantined.map(|quarantine| quarantine.from.get()),
                rights: rights(agency.rights()),
            }
        };
        ledger.roster().agencies().map(view).collect()
    }
}

/// The words for rights.
pub fn rights(rights: congvan_core::Rights) -> Vec<String> {
    let publish = rights.include(congvan_core::Rights::PUBLISH);
    publish.then(|| "publish".to_owned()).into_iter().collect()
}

/// The state of the node itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NodeView {
    /// This software's version.
    pub version: String,
    /// The network's id.
    pub network: String,
    /// The network's name.
    pub network_name: String,
    /// This agency's code; empty for a ledger without an agency's key.
    pub agency: String,
    /// This node's network key.
    pub node: String,
    /// Addresses that it listens on.
    pub listening: Vec<String>,
    /// May it write, and why not.
    pub writing: String,
    /// The last number of its own chain.
    pub head: u64,
    /// Agencies in the roster.
    pub agencies: usize,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Chains in quarantine: agency code and number.
    pub quarantined: Vec<(String, u64)>,
    /// Blobs still being fetched.
    pub blobs_wanted: usize,
    /// Entries whose own signatures are still to be checked.
    pub unchecked: u64,
    /// Entries that a connected peer holds and this node lacks; of the peer that is most ahead.
    #[serde(default)]
    pub behind: u64,
}

/// A connected peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PeerView {
    /// Its network key.
    pub node: String,
    /// The agency that it belongs to; empty if the roster does not know it.
    pub agency: String,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Seconds since it connected.
    pub connected_s: u64,
}

/// An event of a durable consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventView {
    /// Its number in this node's log, to acknowledge it by.
    #[serde(rename = "event_number")]
    pub number: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: EventKind,
}

/// What an event is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A document addressed to this agency arrived.
    Received(Box<DocumentView>),
    /// This agency sent a document.
    Sent(Box<DocumentView>),
    /// Somebody reported on a document of this agency, or this agency did on another's.
    Status(Box<StatusView>),
    /// The roster changed.
    Roster {
        /// The roster's number.
        roster_number: u64,
        /// The publisher whose catalogue has to be read anew, for what counts of it may have changed.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        recounted: Option<String>,
    },
    /// The catalogue of procedures changed, or an entry tried to and is flagged.
    Catalogue(Box<crate::catalogue::CatalogueChange>),
    /// Content was erased: copies that software keeps of it are to be dropped as well.
    Erased(Box<crate::erase::ErasureView>),
    /// An entry of another kind, or one that cannot be read; passed on so that nothing is silent.
    Other {
        /// Its id.
        id: String,
        /// Why it is not shown.
        note: String,
    },
}
