//! The model: what a packet says, field by field.
//!
//! Texts are kept as found, without the white space around them. An element that is missing, empty or
//! holds the word `null` (as software that prints an absent value does) reads as `None`.

use crate::attachment::Attachment;
use crate::error::{FieldError, PacketError};
use crate::field::{BusinessKind, StatusCode};
use crate::signature::Signature;
use crate::unknown::Unknown;

/// Fields that are one text each: the element's name is told once, for reading and writing.
pub(crate) trait Record: Default {
    /// The field of an element, by its local name.
    fn slot(&mut self, name: &str) -> Option<&mut Option<String>>;
    /// All fields with their elements' names, in the order in which they are written.
    fn entries(&self) -> Vec<(&'static str, Option<&str>)>;
    /// What the element holds beside them.
    fn unknown(&self) -> &[Unknown];
    /// The same, to add to it.
    fn unknown_mut(&mut self) -> &mut Vec<Unknown>;
}

macro_rules! record {
    ($(#[$of_type:meta])* $name:ident { $($(#[$of_field:meta])* $field:ident: $element:literal,)* }) => {
        $(#[$of_type])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct $name {
            $($(#[$of_field])* pub $field: Option<String>,)*
            /// What the element holds beside.
            pub unknown: Vec<Unknown>,
        }

        impl $name {
            /// Whether nothing is there.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                $(self.$field.is_none() &&)* self.unknown.is_empty()
            }
        }

        impl Record for $name {
            fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
                match name {
                    $($element => Some(&mut self.$field),)*
                    _ => None,
                }
            }

            fn entries(&self) -> Vec<(&'static str, Option<&str>)> {
                vec![$(($element, self.$field.as_deref())),*]
            }

            fn unknown(&self) -> &[Unknown] {
                &self.unknown
            }

            fn unknown_mut(&mut self) -> &mut Vec<Unknown> {
                &mut self.unknown
            }
        }
    };
}

/// A packet of QCVN 102:2016/BTTTT: a document, or a status that answers one.
///
/// ```
/// use congvan_edxml::{Packet, StatusCode};
///
/// let packet = Packet::parse("<edXML><edXMLEnvelope><edXMLHeader><MessageHeader>\
///     <From><OrganId>000.00.01.H55</OrganId></From>\
///     <ResponseFor><DocumentId>000.00.00.H55,2026/03/02,12/BC-UBND</DocumentId></ResponseFor>\
///     <StatusCode>03</StatusCode>\
///     </MessageHeader></edXMLHeader></edXMLEnvelope></edXML>".as_bytes())?;
/// let Packet::Status(status) = packet else { return Err("not a status".into()) };
/// assert_eq!(status.status()?, StatusCode::Accepted);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// A document with its attachments. Boxed: it is much the larger of the two.
    Document(Box<DocumentPacket>),
    /// A status: the header has a `StatusCode`.
    Status(Box<StatusPacket>),
}

impl Packet {
    /// Reads a packet.
    ///
    /// Reading is lenient where practice is: CRLF and a byte order mark, elements in any order, any
    /// prefix (elements are known by their local names), prefixes that nothing declares, comments,
    /// empty elements, elements that the format does not name. It is strict where two readers could
    /// see two packets, or where a packet could exhaust the reader: see [`limits`](crate::limits).
    ///
    /// # Errors
    /// [`PacketError`], which says what is wrong and where.
    pub fn parse(packet: &[u8]) -> Result<Self, PacketError> {
        Self::parse_at_most(packet, crate::limits::MAX_PACKET_BYTES)
    }

    /// Reads a packet of at most so many bytes, when less than
    /// [`MAX_PACKET_BYTES`](crate::limits::MAX_PACKET_BYTES) is wanted.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_at_most(packet: &[u8], limit: u64) -> Result<Self, PacketError> {
        crate::read::packet(packet, limit.min(crate::limits::MAX_PACKET_BYTES))
    }

    /// The attachments; a status has none.
    #[must_use]
    pub fn attachments(&self) -> &[Attachment] {
        match self {
            Self::Document(document) => &document.attachments,
            Self::Status(_) => &[],
        }
    }

    /// Who sends the packet.
    #[must_use]
    pub fn from(&self) -> &Organization {
        match self {
            Self::Document(document) => &document.header.from,
            Self::Status(status) => &status.from,
        }
    }
}

/// A document: who sends what to whom, and the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentPacket {
    /// `MessageHeader`.
    pub header: MessageHeader,
    /// `TraceHeaderList/TraceHeader`: each hop adds one.
    pub trace: Vec<TraceHeader>,
    /// `TraceHeaderList/Bussiness`: what the document does to an earlier one.
    pub business: Option<Business>,
    /// `edXMLBody/edXMLManifest`.
    pub manifest: Manifest,
    /// `AttachmentEncoded/Attachment`.
    pub attachments: Vec<Attachment>,
    /// The XML-DSig `Signature` of the header. It is carried along, never trusted: over bytes that are
    /// written anew it proves nothing.
    pub signature: Option<Signature>,
    /// What stands around these beside, such as in `edXMLHeader`; what stands in one of them is kept by it.
    pub unknown: Vec<Unknown>,
}

impl DocumentPacket {
    /// Adds an attachment and the manifest's reference to it.
    pub fn attach(&mut self, attachment: Attachment) {
        self.manifest.references.push(Reference {
            content_id: attachment.content_id.clone(),
            content_type: attachment.content_type.clone(),
            description: attachment.description.clone(),
            attachment_name: attachment.name.clone(),
            unknown: Vec::new(),
        });
        self.attachments.push(attachment);
    }
}

/// A status: what became of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusPacket {
    /// `From`: who reports.
    pub from: Organization,
    /// `ResponseFor`: the document.
    pub response_for: ResponseFor,
    /// `StaffInfo`: the person at it.
    pub staff: StaffInfo,
    /// `StatusCode`: 01 to 16, see [`status`](Self::status).
    pub status_code: Option<String>,
    /// `Description`, such as the reason of a refusal.
    pub description: Option<String>,
    /// `Timestamp`, `yyyy/MM/dd HH:mm:ss`.
    pub timestamp: Option<String>,
    /// The XML-DSig `Signature` of the header: carried along, never trusted.
    pub signature: Option<Signature>,
    /// What stands around these beside, such as in `MessageHeader`.
    pub unknown: Vec<Unknown>,
}

impl StatusPacket {
    /// What the status code means.
    ///
    /// # Errors
    /// [`FieldError`] when it is absent or not one of the format.
    pub fn status(&self) -> Result<StatusCode, FieldError> {
        match &self.status_code {
            Some(code) => code.parse(),
            None => Err(FieldError::Absent { element: "StatusCode" }),
        }
    }
}

/// `MessageHeader` of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MessageHeader {
    /// `From`: the sender.
    pub from: Organization,
    /// `To`: the addressees.
    pub to: Vec<Organization>,
    /// `DocumentId`: "agency,date,code" or a UUID; see [`DeclaredId`](crate::DeclaredId).
    pub document_id: Option<String>,
    /// `Code`: number and notation.
    pub code: Code,
    /// `PromulgationInfo`: where and when it was issued.
    pub promulgation: PromulgationInfo,
    /// `DocumentType`.
    pub document_type: DocumentType,
    /// `Subject`: what it is about.
    pub subject: Option<String>,
    /// `Content`: its summary.
    pub content: Option<String>,
    /// `SignerInfo`: who signed it.
    pub signer: SignerInfo,
    /// `DueDate`, `yyyy/MM/dd`.
    pub due_date: Option<String>,
    /// `OtherInfo`: urgency and form.
    pub other: OtherInfo,
    /// `ResponseFor`: the documents it answers.
    pub response_for: Vec<ResponseFor>,
    /// `SteeringType`.
    pub steering_type: Option<String>,
    /// `ToPlaces/Place`: where copies go, in words.
    pub to_places: Vec<String>,
    /// `ResponseForTask`.
    pub response_for_task: Option<String>,
    /// `ApplicationType`.
    pub application_type: Option<String>,
    /// What the element holds beside.
    pub unknown: Vec<Unknown>,
}

record! {
    /// An agency: `From` and `To`.
    Organization {
        /// `OrganId`: its code, of the old form (`000.00.00.H55`) or the new (`H55.01`), or a system's name.
        organ_id: "OrganId",
        /// `OrganizationInCharge`: the agency above it.
        in_charge: "OrganizationInCharge",
        /// `OrganName`.
        name: "OrganName",
        /// `OrganAdd`: its address.
        address: "OrganAdd",
        /// `Email`.
        email: "Email",
        /// `Telephone`.
        telephone: "Telephone",
        /// `Fax`.
        fax: "Fax",
        /// `Website`.
        website: "Website",
    }
}

record! {
    /// `Code` of a document.
    Code {
        /// `CodeNumber`: text, not always digits.
        number: "CodeNumber",
        /// `CodeNotation`, as in `BC-UBND`.
        notation: "CodeNotation",
    }
}

record! {
    /// `PromulgationInfo`.
    PromulgationInfo {
        /// `Place`.
        place: "Place",
        /// `PromulgationDate`, `yyyy/MM/dd`; see [`Date`](crate::Date).
        date: "PromulgationDate",
    }
}

record! {
    /// `DocumentType`.
    DocumentType {
        /// `Type`.
        kind: "Type",
        /// `TypeDetail`.
        detail: "TypeDetail",
        /// `TypeName`, as in "Công văn".
        name: "TypeName",
    }
}

record! {
    /// `SignerInfo`.
    SignerInfo {
        /// `Competence`: on whose behalf.
        competence: "Competence",
        /// `Position`.
        position: "Position",
        /// `FullName`.
        full_name: "FullName",
    }
}

record! {
    /// `ResponseFor`: the document that this one answers, or whose status this is.
    ResponseFor {
        /// `OrganId` of the agency that issued it.
        organ_id: "OrganId",
        /// `Code`: number and notation in one text.
        code: "Code",
        /// `PromulgationDate`, `yyyy/MM/dd`.
        date: "PromulgationDate",
        /// `DocumentId`.
        document_id: "DocumentId",
    }
}

record! {
    /// `StaffInfo`: a person at a document.
    StaffInfo {
        /// `Department`.
        department: "Department",
        /// `Staff`: the name.
        staff: "Staff",
        /// `Email`.
        email: "Email",
        /// `Mobile`.
        mobile: "Mobile",
    }
}

record! {
    /// `TraceHeader`: one hop.
    TraceHeader {
        /// `OrganId` of who passed it on.
        organ_id: "OrganId",
        /// `Timestamp`, `yyyy/MM/dd HH:mm:ss`; see [`Timestamp`](crate::Timestamp).
        timestamp: "Timestamp",
    }
}

record! {
    /// `Receiver` of an update.
    Receiver {
        /// `OrganId`.
        organ_id: "OrganId",
        /// `ReceiverType`: whether the change adds or drops it.
        kind: "ReceiverType",
    }
}

record! {
    /// `Reference` of the manifest.
    Reference {
        /// `ContentId`: "cid:…", the same as the attachment's.
        content_id: "ContentId",
        /// `ContentType`: the file's true type, also where the attachment is a ZIP of it.
        content_type: "ContentType",
        /// `Description`.
        description: "Description",
        /// `AttachmentName`.
        attachment_name: "AttachmentName",
    }
}

/// `OtherInfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherInfo {
    /// The fields that are one text each.
    pub fields: OtherFields,
    /// `Appendixes/Appendix`.
    pub appendixes: Vec<String>,
}

record! {
    /// The simple fields of `OtherInfo`.
    OtherFields {
        /// `Priority`: urgency, 0 normal and up.
        priority: "Priority",
        /// `SphereOfPromulgation`: how far it may be passed on.
        sphere: "SphereOfPromulgation",
        /// `TyperNotation`: who typed it.
        typer: "TyperNotation",
        /// `PromulgationAmount`: copies.
        copies: "PromulgationAmount",
        /// `PageAmount`: pages.
        pages: "PageAmount",
        /// `Direction`: whether it directs the receiver.
        direction: "Direction",
    }
}

/// `Bussiness` (so spelt): what the document does to an earlier one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Business {
    /// The fields that are one text each.
    pub fields: BusinessFields,
    /// `BussinessDocumentInfo`, on an update.
    pub document: BusinessDocument,
    /// `ReplacementInfoList/ReplacementInfo`, on a replacement.
    pub replacements: Vec<Replacement>,
    /// `StaffInfo`.
    pub staff: Vec<StaffInfo>,
}

impl Business {
    /// What the document does to an earlier one.
    ///
    /// # Errors
    /// [`FieldError`] when `BussinessDocType` is absent or not one of the format.
    pub fn kind(&self) -> Result<BusinessKind, FieldError> {
        match &self.fields.kind {
            Some(kind) => kind.parse(),
            None => Err(FieldError::Absent { element: "BussinessDocType" }),
        }
    }

    /// Whether nothing is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.document.is_empty() && self.replacements.is_empty() && self.staff.is_empty()
    }
}

record! {
    /// The simple fields of `Bussiness`.
    BusinessFields {
        /// `DocumentId` of the document that is recalled or updated.
        document_id: "DocumentId",
        /// `BussinessDocType`: see [`Business::kind`].
        kind: "BussinessDocType",
        /// `BussinessDocReason`.
        reason: "BussinessDocReason",
        /// `Paper`: whether paper follows.
        paper: "Paper",
    }
}

/// `BussinessDocumentInfo`: what an update changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BusinessDocument {
    /// `DocumentInfo`: whether the document changes.
    pub document_info: Option<String>,
    /// `DocumentReceiver`: whether its receivers change.
    pub document_receiver: Option<String>,
    /// `ReceiverList/Receiver`.
    pub receivers: Vec<Receiver>,
    /// What the element holds beside.
    pub unknown: Vec<Unknown>,
}

impl BusinessDocument {
    /// Whether nothing is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.document_info.is_none()
            && self.document_receiver.is_none()
            && self.receivers.is_empty()
            && self.unknown.is_empty()
    }
}

/// `ReplacementInfo`: a document that this one replaces, and for whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replacement {
    /// `DocumentId` of the document that is replaced.
    pub document_id: Option<String>,
    /// `OrganIdList/OrganId`: who had it.
    pub organ_ids: Vec<String>,
    /// What the element holds beside.
    pub unknown: Vec<Unknown>,
}

impl Replacement {
    /// Whether nothing is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.document_id.is_none() && self.organ_ids.is_empty() && self.unknown.is_empty()
    }
}

/// `edXMLManifest`: the list of the attachments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The attribute `version`.
    pub version: Option<String>,
    /// `Reference`, one for each attachment.
    pub references: Vec<Reference>,
    /// What the element holds beside.
    pub unknown: Vec<Unknown>,
}
