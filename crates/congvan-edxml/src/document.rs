//! A packet as a document of the ledger, and back.
//!
//! [`draft_of`] takes a packet apart into what a document is made of: the envelope that its readers see,
//! the attachments, and the [`Skeleton`] from which [`packet_of`] makes the packet again, byte for byte.
//! [`build_packet`] writes a packet for a document that did not come as one.
//!
//! Nothing is cut to fit: a text or list over the ledger's bounds is an error that names the element and
//! the bound. What has no place in the envelope (addresses, hops, the old signature, …) stays in the skeleton.
//! A packet that is marked as a state secret is refused: [`draft_of`] says how.

use congvan_core::codec::{Bounded, Text};
use congvan_core::document::{self as ledger, Envelope, Packaging};
use congvan_core::limits::MAX_ATTACHMENT;

use crate::attachment::Attachment;
use crate::error::{ExportError, ImportError};
use crate::field::BusinessKind;
use crate::links::PacketLink;
use crate::packet::{
    Business, Code, DocumentPacket, DocumentType, Manifest, Organization, Packet, PromulgationInfo, Replacement,
    ResponseFor, SignerInfo,
};
use crate::secret;
use crate::skeleton::Skeleton;

/// A packet, ready to be sent as a document.
///
/// ```
/// use congvan_edxml::{draft_of, packet_of};
///
/// # let packet = include_bytes!("../../../examples/data/bao-cao.edxml");
/// let draft = draft_of(packet)?;
/// assert_eq!(draft.to, ["000.00.01.H55", "000.00.02.H55"]);
/// assert_eq!(draft.envelope.type_name.as_str(), "Báo cáo");
///
/// // The receiver has the skeleton and the attachments, and so the packet.
/// assert_eq!(packet_of(&draft.skeleton, &draft.attachments)?, packet);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The sender's `OrganId` as written, if there is one.
    pub from: Option<String>,
    /// The addressees' `OrganId`s as written; those that are empty or say `null` are left out.
    pub to: Vec<String>,
    /// The documents that it refers to, with what it does to them ([`DocumentPacket::links`]).
    pub links: Vec<PacketLink>,
    /// What the document's readers see. Attachment `n` is to be blob `n`; `packet` is left to the caller,
    /// who decides where the skeleton is kept.
    pub envelope: Envelope,
    /// The attachments as they travel (the file, or a ZIP of it), in the envelope's order.
    pub attachments: Vec<Vec<u8>>,
    /// The [`Skeleton`], encoded.
    pub skeleton: Vec<u8>,
}

/// Takes a packet apart.
///
/// It holds one copy of the attachments beside the packet, whatever they are wrapped in; files in a ZIP are looked at
/// piece by piece.
///
/// # State secrets
/// must not travel this way. The format has no element for the degrees "Mật", "Tối mật" and "Tuyệt mật", so a packet
/// is refused when `DocumentType/TypeName` or `TypeDetail`, `OtherInfo/Priority` or `SphereOfPromulgation`,
/// `SteeringType`, `ApplicationType`, or any element or attribute that the format does not name (and that is not in
/// one about people, places, subject, abstract or other documents) says one of them and nothing else: in any case,
/// with or without accents and punctuation, at most after "Độ mật", "Mức độ mật", "Dấu", "Tài liệu" or "Văn bản".
/// What only speaks of secrets, as a subject may, is no mark; nor is a number, by which no two vendors mean the same.
///
/// # Errors
/// [`ImportError`] when it is no document packet, a file could not be taken out of an attachment, something
/// is over the ledger's bounds, or the packet says that it is a state secret.
pub fn draft_of(packet: &[u8]) -> Result<Draft, ImportError> {
    let parsed = Packet::parse(packet)?;
    let (skeleton, _) = match &parsed {
        Packet::Document(_) => Skeleton::split(packet, &parsed),
        Packet::Status(_) => return Err(ImportError::Status),
    };
    let Packet::Document(document) = parsed else { return Err(ImportError::Status) };
    secret::refuse(&document)?;
    let header = &document.header;
    Ok(Draft {
        from: header.from.organ_id.clone(),
        to: header.to.iter().filter_map(|to| to.organ_id.clone()).collect(),
        links: document.links(),
        envelope: envelope(&document)?,
        attachments: document.attachments.into_iter().map(Attachment::into_transport_bytes).collect(),
        skeleton: skeleton.to_bytes(),
    })
}

/// The packet that a document came as, byte for byte, given all of its attachments in order.
///
/// # Errors
/// [`ExportError`] when the skeleton is malformed, or an attachment that was cut out is absent or of
/// another length.
pub fn packet_of<B: AsRef<[u8]>>(skeleton: &[u8], attachments: &[B]) -> Result<Vec<u8>, ExportError> {
    let skeleton = Skeleton::from_bytes(skeleton)?;
    // Text that is not the usual base64 was left in the skeleton, so not every attachment is missing there.
    let cut: Vec<&[u8]> = skeleton
        .attachments()
        .map(|number| attachments.get(number).map(AsRef::as_ref).ok_or(ExportError::Absent { number: number + 1 }))
        .collect::<Result<_, _>>()?;
    Ok(skeleton.join(&cut)?)
}

/// A packet for a document that did not come as one: `from` and `to` are code and name of the agencies.
///
/// [`draft_of`] makes the same envelope of it, if no text in it has white space around it or says `null`,
/// and no reference is empty.
///
/// # Errors
/// [`ExportError`] when an attachment is not the one that the envelope lists, or the document says what a
/// packet cannot: an empty `document_id`, no addressee, a character that XML does not allow.
pub fn build_packet<B: AsRef<[u8]>>(
    envelope: &Envelope,
    from: (&str, &str),
    to: &[(String, String)],
    attachments: &[B],
) -> Result<Vec<u8>, ExportError> {
    if attachments.len() != envelope.attachments.len() {
        return Err(ExportError::Count { given: attachments.len(), wanted: envelope.attachments.len() });
    }
    let mut document = DocumentPacket {
        business: business_of(envelope),
        manifest: Manifest { version: Some("1.0".to_owned()), ..Manifest::default() },
        ..DocumentPacket::default()
    };
    let header = &mut document.header;
    header.from = organization(from.0, from.1);
    header.to = to.iter().map(|(code, name)| organization(code, name)).collect();
    header.document_id = field(&envelope.document_id);
    header.code = Code { number: field(&envelope.number), notation: field(&envelope.notation), unknown: Vec::new() };
    header.promulgation =
        PromulgationInfo { place: field(&envelope.place), date: field(&envelope.promulgated), unknown: Vec::new() };
    header.document_type =
        DocumentType { kind: field(&envelope.type_code), name: field(&envelope.type_name), ..DocumentType::default() };
    header.subject = field(&envelope.subject);
    header.content = field(&envelope.summary);
    header.signer = SignerInfo {
        competence: field(&envelope.signer.competence),
        position: field(&envelope.signer.position),
        full_name: field(&envelope.signer.name),
        unknown: Vec::new(),
    };
    header.due_date = field(&envelope.due);
    header.other.fields.priority = field(&envelope.priority);
    header.response_for = envelope.responds_to.iter().map(response_for).collect();
    for (index, (listed, bytes)) in envelope.attachments.iter().zip(attachments).enumerate() {
        attach(&mut document, index + 1, listed, bytes.as_ref())?;
    }
    Ok(document.write()?)
}

/// A text for the ledger; an absent element is an empty text.
pub(crate) fn text<const MAX: usize>(element: &'static str, found: &Option<String>) -> Result<Text<MAX>, ImportError> {
    Text::new(found.as_deref().unwrap_or_default()).map_err(|bound| ImportError::Bound { element, bound })
}

/// A text for a packet; an empty text is an absent element.
pub(crate) fn field(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

pub(crate) fn organization(code: &str, name: &str) -> Organization {
    Organization { organ_id: field(code), name: field(name), ..Organization::default() }
}

pub(crate) fn reference(found: &ResponseFor) -> Result<ledger::Reference, ImportError> {
    Ok(ledger::Reference {
        agency: text("ResponseFor/OrganId", &found.organ_id)?,
        code: text("ResponseFor/Code", &found.code)?,
        date: text("ResponseFor/PromulgationDate", &found.date)?,
        document_id: text("ResponseFor/DocumentId", &found.document_id)?,
    })
}

pub(crate) fn response_for(reference: &ledger::Reference) -> ResponseFor {
    ResponseFor {
        organ_id: field(&reference.agency),
        code: field(&reference.code),
        date: field(&reference.date),
        document_id: field(&reference.document_id),
        unknown: Vec::new(),
    }
}

fn envelope(document: &DocumentPacket) -> Result<Envelope, ImportError> {
    let header = &document.header;
    let attachments = document.attachments.iter().enumerate();
    let attachments = attachments.map(|(index, attachment)| listed(&document.manifest, index, attachment));
    Ok(Envelope {
        document_id: text("DocumentId", &header.document_id)?,
        number: text("Code/CodeNumber", &header.code.number)?,
        notation: text("Code/CodeNotation", &header.code.notation)?,
        place: text("PromulgationInfo/Place", &header.promulgation.place)?,
        promulgated: text("PromulgationInfo/PromulgationDate", &header.promulgation.date)?,
        type_code: text("DocumentType/Type", &header.document_type.kind)?,
        type_name: text("DocumentType/TypeName", &header.document_type.name)?,
        subject: text("Subject", &header.subject)?,
        summary: text("Content", &header.content)?,
        signer: ledger::Signer {
            competence: text("SignerInfo/Competence", &header.signer.competence)?,
            position: text("SignerInfo/Position", &header.signer.position)?,
            name: text("SignerInfo/FullName", &header.signer.full_name)?,
        },
        due: text("DueDate", &header.due_date)?,
        priority: text("OtherInfo/Priority", &header.other.fields.priority)?,
        business: business(document.business.as_ref())?,
        responds_to: list("ResponseFor", references(document)?)?,
        attachments: list("Attachment", attachments.collect::<Result<_, _>>()?)?,
        packet: None,
    })
}

fn list<T, const MAX: usize>(element: &'static str, found: Vec<T>) -> Result<Bounded<T, MAX>, ImportError> {
    Bounded::new(found).map_err(|bound| ImportError::Bound { element, bound })
}

fn business(found: Option<&Business>) -> Result<ledger::Business, ImportError> {
    // `Bussiness` without a type is what software writes that has nothing to say there.
    let Some(business) = found.filter(|business| business.fields.kind.is_some()) else {
        return Ok(ledger::Business::New);
    };
    match business.kind() {
        Ok(BusinessKind::New) => Ok(ledger::Business::New),
        Ok(BusinessKind::Recall) => Ok(ledger::Business::Recall),
        Ok(BusinessKind::Update) => Ok(ledger::Business::Update),
        Ok(BusinessKind::Replace) => Ok(ledger::Business::Replace),
        Err(meaning) => Err(ImportError::Meaning { element: "Bussiness/BussinessDocType", meaning }),
    }
}

/// The documents that it answers, and those that it recalls, updates or replaces: each once.
fn references(document: &DocumentPacket) -> Result<Vec<ledger::Reference>, ImportError> {
    let answered = document.header.response_for.iter().filter(|found| !found.is_empty());
    let mut references: Vec<_> = answered.map(reference).collect::<Result<_, _>>()?;
    let Some(business) = &document.business else { return Ok(references) };
    let changed = ("Bussiness/DocumentId", &business.fields.document_id);
    let replaced = business.replacements.iter().map(|found| ("ReplacementInfo/DocumentId", &found.document_id));
    for (element, found) in std::iter::once(changed).chain(replaced) {
        let document_id = text(element, found)?;
        if !document_id.is_empty() && references.iter().all(|known| known.document_id != document_id) {
            references.push(ledger::Reference { document_id, ..ledger::Reference::default() });
        }
    }
    Ok(references)
}

fn business_of(envelope: &Envelope) -> Option<Business> {
    let kind = match envelope.business {
        ledger::Business::New => return None,
        ledger::Business::Recall => BusinessKind::Recall,
        ledger::Business::Update => BusinessKind::Update,
        ledger::Business::Replace => BusinessKind::Replace,
    };
    let mut business = Business::default();
    business.fields.kind = Some(kind.code().to_owned());
    let ids = envelope.responds_to.iter().filter_map(|reference| field(&reference.document_id));
    match kind {
        BusinessKind::Replace => {
            let replacement = |id| Replacement { document_id: Some(id), ..Replacement::default() };
            business.replacements = ids.map(replacement).collect();
        }
        _ => business.fields.document_id = ids.take(1).next(),
    }
    Some(business)
}

fn listed(manifest: &Manifest, index: usize, found: &Attachment) -> Result<ledger::Attachment, ImportError> {
    let bytes = found.transport_bytes();
    let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if len > MAX_ATTACHMENT {
        let name = found.name.clone().unwrap_or_default();
        return Err(ImportError::AttachmentTooLarge { number: index + 1, name, size: len, limit: MAX_ATTACHMENT });
    }
    let packaging = match found.check()? {
        Some(_) => Packaging::Zip,
        None => Packaging::Plain,
    };
    // The type of the file, not that of the ZIP around it: only the manifest has it then.
    let reference = manifest
        .references
        .iter()
        .find(|reference| reference.content_id.is_some() && reference.content_id == found.content_id)
        .filter(|_| packaging == Packaging::Zip);
    let media_type = reference.map_or(&found.content_type, |reference| &reference.content_type);
    Ok(ledger::Attachment {
        name: text("Attachment/AttachmentName", &found.name)?,
        media_type: text("Attachment/ContentType", media_type)?,
        description: text("Attachment/Description", &found.description)?,
        packaging,
        len,
        digest: ledger::Attachment::digest([bytes]),
        // There are at most MAX_ATTACHMENTS of them; more are refused as a list.
        blob: u32::try_from(index).unwrap_or(u32::MAX),
    })
}

fn attach(
    document: &mut DocumentPacket,
    number: usize,
    listed: &ledger::Attachment,
    bytes: &[u8],
) -> Result<(), ExportError> {
    let name = || listed.name.to_string();
    if u64::try_from(bytes.len()) != Ok(listed.len) || ledger::Attachment::digest([bytes]) != listed.digest {
        return Err(ExportError::Differs { number, name: name() });
    }
    let wrapped = listed.packaging == Packaging::Zip;
    let content_type = if wrapped { "application/zip" } else { &listed.media_type };
    let mut attachment = Attachment {
        content_id: Some(format!("cid:{number}")),
        name: field(&listed.name),
        description: field(&listed.description),
        content_type: field(content_type),
        unknown: Vec::new(),
        data: bytes.to_vec(),
        encoded_at: None,
    };
    let seen = attachment.check().is_ok_and(|name_in_zip| name_in_zip.is_some());
    if seen != wrapped {
        return Err(ExportError::Packaging { number, name: name(), wrapped: seen });
    }
    document.attach(std::mem::take(&mut attachment));
    if let Some(reference) = document.manifest.references.last_mut() {
        reference.content_type = field(&listed.media_type);
    }
    Ok(())
}
