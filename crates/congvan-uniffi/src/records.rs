//! The data that goes in and out.

use congvan::control::{LinkTo, RelationTo};
use congvan::{plain, view};

/// What a document is to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Relation {
    /// It answers it.
    Answers,
    /// It recalls it.
    Recalls,
    /// It updates it.
    Updates,
    /// It stands in its place.
    Replaces,
}

/// That a document to send concerns an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Link {
    /// What it is to the other.
    pub relation: Relation,
    /// The other's id, or at least eight leading digits of it.
    pub document: String,
}

/// Who signed a document, as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Signer {
    /// On whose behalf.
    #[uniffi(default = "")]
    pub competence: String,
    /// Position.
    #[uniffi(default = "")]
    pub position: String,
    /// Full name.
    #[uniffi(default = "")]
    pub name: String,
}

/// An attachment to send: a file, or bytes with a name.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Attachment {
    /// The file to read.
    #[uniffi(default = None)]
    pub file: Option<String>,
    /// The bytes themselves, where there is no file.
    #[uniffi(default = None)]
    pub bytes: Option<Vec<u8>>,
    /// The name that it has for its readers; the file's own if empty.
    #[uniffi(default = "")]
    pub name: String,
    /// Its media type, such as `application/pdf`; may be empty.
    #[uniffi(default = "")]
    pub media_type: String,
}

/// A document to send; what is left out is empty.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Draft {
    /// The addressees' codes.
    pub to: Vec<String>,
    /// Subject.
    pub subject: String,
    /// Number: "12".
    #[uniffi(default = "")]
    pub number: String,
    /// Notation: "BC-UBND".
    #[uniffi(default = "")]
    pub notation: String,
    /// The author's own id of the document.
    #[uniffi(default = "")]
    pub document_id: String,
    /// Place of promulgation.
    #[uniffi(default = "")]
    pub place: String,
    /// Date of promulgation, `yyyy/MM/dd`.
    #[uniffi(default = "")]
    pub promulgated: String,
    /// Number of its type.
    #[uniffi(default = "")]
    pub type_code: String,
    /// Name of its type: "Báo cáo".
    #[uniffi(default = "")]
    pub type_name: String,
    /// Abstract.
    #[uniffi(default = "")]
    pub summary: String,
    /// Who signed.
    #[uniffi(default = None)]
    pub signer: Option<Signer>,
    /// Date by which an answer is due, `yyyy/MM/dd`.
    #[uniffi(default = "")]
    pub due: String,
    /// Urgency, as in edXML.
    #[uniffi(default = "")]
    pub priority: String,
    /// Earlier documents that it concerns.
    #[uniffi(default = [])]
    pub links: Vec<Link>,
    /// Its attachments.
    #[uniffi(default = [])]
    pub attachments: Vec<Attachment>,
    /// A retry with the same key sends once.
    #[uniffi(default = None)]
    pub key: Option<String>,
    /// Readable by everybody. Documents are sealed to their addressees unless this is set.
    #[uniffi(default = false)]
    pub public: bool,
}

impl From<Draft> for plain::Document {
    fn from(draft: Draft) -> Self {
        let signer = draft.signer.unwrap_or_default();
        Self {
            to: draft.to,
            subject: draft.subject,
            number: draft.number,
            notation: draft.notation,
            document_id: draft.document_id,
            place: draft.place,
            promulgated: draft.promulgated,
            type_code: draft.type_code,
            type_name: draft.type_name,
            summary: draft.summary,
            signer: plain::PlainSigner { competence: signer.competence, position: signer.position, name: signer.name },
            due: draft.due,
            priority: draft.priority,
            links: draft.links.into_iter().map(LinkTo::from).collect(),
            attachments: draft.attachments.into_iter().map(plain::Attachment::from).collect(),
            key: draft.key,
            public: draft.public,
        }
    }
}

impl From<Link> for LinkTo {
    fn from(Link { relation, document }: Link) -> Self {
        let relation = match relation {
            Relation::Answers => RelationTo::Answers,
            Relation::Recalls => RelationTo::Recalls,
            Relation::Updates => RelationTo::Updates,
            Relation::Replaces => RelationTo::Replaces,
        };
        Self { relation, document }
    }
}

impl From<Attachment> for plain::Attachment {
    fn from(Attachment { file, bytes, name, media_type }: Attachment) -> Self {
        Self { file: file.map(Into::into), bytes, name, media_type }
    }
}

/// What was written is durable.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Receipt {
    /// The entry's id: the document's name in every call.
    pub id: String,
    /// The number in this agency's chain.
    pub number: u64,
    /// Whether an earlier call with the same key wrote it.
    pub repeated: bool,
}

impl From<congvan::Receipt> for Receipt {
    fn from(receipt: congvan::Receipt) -> Self {
        Self { id: receipt.entry.id.to_string(), number: receipt.entry.seq.get(), repeated: receipt.repeated }
    }
}

/// A document in a list.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// The sender's code.
    pub sender: String,
    /// The sender's name in the roster.
    pub sender_name: String,
    /// The number in the sender's chain.
    pub number: u64,
    /// When, by the sender's clock, which proves nothing: milliseconds since 1970.
    pub time_ms: u64,
    /// The addressees' codes.
    pub to: Vec<String>,
    /// Number and notation: "12/BC-UBND".
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
    pub attachments: u32,
    /// Whether every attachment is here in full.
    pub complete: bool,
    /// What it is worth now: `in_force`, `recall_asked`, `recalled_by_some`, `recalled_by_all`, `updated` or
    /// `replaced`.
    pub standing: String,
    /// How far each addressee is.
    pub progress: Vec<Progress>,
}

impl From<view::DocumentSummary> for Summary {
    fn from(summary: view::DocumentSummary) -> Self {
        Self {
            id: summary.id,
            sender: summary.from,
            sender_name: summary.from_name,
            number: summary.number,
            time_ms: summary.time,
            to: summary.to,
            code: summary.code,
            type_name: summary.type_name,
            promulgated: summary.promulgated,
            subject: summary.subject,
            due: summary.due,
            attachments: u32::try_from(summary.attachments).unwrap_or(u32::MAX),
            complete: summary.complete,
            standing: summary.standing,
            progress: summary.progress.into_iter().map(Progress::from).collect(),
        }
    }
}

/// How far one addressee is with a document.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Progress {
    /// The addressee's code.
    pub agency: String,
    /// Its last status of handling, `01` to `06`; nothing before the first.
    pub status: Option<String>,
    /// What it has in hand: the document `as_sent`, or `withdrawn`, `updated` or `replaced`.
    pub held: String,
    /// Ids of what was asked of it and not answered yet.
    pub open: Vec<String>,
}

impl From<view::Progress> for Progress {
    fn from(view::Progress { agency, status, held, open, .. }: view::Progress) -> Self {
        Self { agency, status, held, open }
    }
}

/// A document with everything that this agency may know of it. Its signature was checked.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Document {
    /// As in a list.
    pub summary: Summary,
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
    /// Its attachments, which are asked for by their place in this list, from 0.
    pub files: Vec<FileInfo>,
    /// Earlier documents that it concerns.
    pub links: Vec<LinkInfo>,
    /// Later documents that concern it.
    pub linked_by: Vec<LinkInfo>,
    /// What was reported of it, oldest first by their authors' clocks.
    pub history: Vec<Status>,
}

impl From<view::DocumentView> for Document {
    fn from(document: view::DocumentView) -> Self {
        Self {
            summary: document.summary.into(),
            document_id: document.document_id,
            place: document.place,
            summary_text: document.summary_text,
            signer: document.signer,
            priority: document.priority,
            files: document.files.into_iter().map(FileInfo::from).collect(),
            links: document.links.into_iter().map(LinkInfo::from).collect(),
            linked_by: document.linked_by.into_iter().map(LinkInfo::from).collect(),
            history: document.history.into_iter().map(Status::from).collect(),
        }
    }
}

/// An attachment of a document.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct FileInfo {
    /// Its name, as its sender wrote it: never use it as a path unchecked.
    pub name: String,
    /// Its media type, as written.
    pub media_type: String,
    /// Its length in bytes.
    pub length: u64,
    /// Whether its bytes are a ZIP that holds the file.
    pub zipped: bool,
    /// Whether all of it is here.
    pub present: bool,
}

impl From<view::FileView> for FileInfo {
    fn from(view::FileView { name, media_type, len, zipped, present, .. }: view::FileView) -> Self {
        Self { name, media_type, length: len, zipped, present }
    }
}

/// That one document concerns another.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LinkInfo {
    /// `answers`, `recalls`, `updates` or `replaces`.
    pub relation: String,
    /// The other document's id.
    pub document: String,
    /// Its sender's code.
    pub agency: String,
    /// Why the link changes nothing; nothing where it holds.
    pub breach: Option<String>,
}

impl From<view::LinkView> for LinkInfo {
    fn from(view::LinkView { relation, document, agency, breach, .. }: view::LinkView) -> Self {
        Self { relation, document, agency, breach }
    }
}

/// A status that somebody reported.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Status {
    /// The status's own id.
    pub id: String,
    /// The document's id.
    pub document: String,
    /// Who reported it.
    pub agency: String,
    /// When, by its author's clock: milliseconds since 1970.
    pub time_ms: u64,
    /// Two digits.
    pub status: String,
    /// What they mean, in English.
    pub meaning: String,
    /// The same in Vietnamese.
    pub meaning_vi: String,
    /// Description or reason; empty where it is sealed to others.
    pub note: String,
    /// Who handled it, as reported.
    pub staff: String,
    /// Why it changes nothing; nothing where it holds.
    pub breach: Option<String>,
}

impl From<view::StatusView> for Status {
    fn from(status: view::StatusView) -> Self {
        Self {
            id: status.id,
            document: status.document,
            agency: status.by,
            time_ms: status.time,
            status: status.status,
            meaning: status.meaning,
            meaning_vi: status.meaning_vi,
            note: status.note,
            staff: status.staff,
            breach: status.breach,
        }
    }
}

/// An agency in the directory.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Agency {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The agency above it.
    pub parent: Option<String>,
    /// `active`, `suspended` or `closed`.
    pub standing: String,
    /// The last number of its chain here.
    pub head: u64,
    /// The first number in quarantine.
    pub quarantined: Option<u64>,
}

impl From<view::AgencyView> for Agency {
    fn from(view::AgencyView { code, name, parent, standing, head, quarantined, .. }: view::AgencyView) -> Self {
        Self { code, name, parent, standing, head, quarantined }
    }
}

/// The state of the node itself.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NodeState {
    /// The software's version.
    pub version: String,
    /// The network's name.
    pub network_name: String,
    /// This agency's code.
    pub agency: String,
    /// Addresses that it listens on.
    pub listening: Vec<String>,
    /// `open`, or why it may not write.
    pub writing: String,
    /// The last number of its own chain.
    pub head: u64,
    /// Agencies in the roster.
    pub agencies: u32,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Attachments still being fetched.
    pub blobs_wanted: u32,
}

impl From<view::NodeView> for NodeState {
    fn from(node: view::NodeView) -> Self {
        Self {
            version: node.version,
            network_name: node.network_name,
            agency: node.agency,
            listening: node.listening,
            writing: node.writing,
            head: node.head,
            agencies: u32::try_from(node.agencies).unwrap_or(u32::MAX),
            disk_bytes: node.disk_bytes,
            blobs_wanted: u32::try_from(node.blobs_wanted).unwrap_or(u32::MAX),
        }
    }
}
