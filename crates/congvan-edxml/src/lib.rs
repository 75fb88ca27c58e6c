//! edXML packets, read and written.
//!
//! edXML is the format in which Vietnam's document-management software exchanges official documents:
//! QCVN 102:2016/BTTTT with amendment 1:2022. A packet is one XML file with a document's addressees and
//! metadata and its attachments in base64, or with a status that answers a document.
//!
//! - [`Packet::parse`] reads a packet: leniently where practice is lenient, strictly where two readers
//!   could understand two things, and within the bounds of [`limits`], for it comes from outside.
//! - [`Attachment::file`] takes the file out of an attachment, also when it travels in a ZIP.
//! - [`Skeleton`] cuts the attachments out of a packet, to be kept apart, and puts it together again,
//!   byte for byte.
//! - [`DocumentPacket::write`] and [`StatusPacket::write`] write packets.
//! - [`draft_of`] and [`packet_of`] take a packet into the ledger's model and back, byte for byte;
//!   [`build_packet`] writes one for a document that did not come as a packet. [`status_of`] and
//!   [`build_status`] do the same for statuses.
//! - [`DocumentPacket::links`] lists the documents that one answers, recalls, updates or replaces.
//!
//! ```
//! use congvan_edxml::{Attachment, DocumentPacket, Organization, Packet, Skeleton};
//!
//! let agency = |id: &str| Organization { organ_id: Some(id.into()), ..Organization::default() };
//! let mut document = DocumentPacket::default();
//! document.header.from = agency("000.00.00.H55");
//! document.header.to = vec![agency("000.00.01.H55"), agency("000.00.02.H55")];
//! document.header.document_id = Some("000.00.00.H55,2026/03/02,12/BC-UBND".into());
//! document.header.subject = Some("Báo cáo công tác tháng 02".into());
//! document.attach(Attachment::new("cid:1", "bao-cao.pdf", "application/pdf", b"%PDF-1.7".to_vec()));
//!
//! let bytes = document.write()?;
//! let packet = Packet::parse(&bytes)?;
//! assert_eq!(packet, Packet::Document(Box::new(document)));
//! assert_eq!(packet.attachments()[0].file()?.bytes.as_ref(), b"%PDF-1.7");
//!
//! let (skeleton, attachments) = Skeleton::split(&bytes, &packet);
//! assert_eq!(skeleton.join(&attachments)?, bytes);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate does no I/O and has no unsafe code.

#![forbid(unsafe_code)]

mod attachment;
mod document;
mod error;
mod field;
pub mod limits;
mod links;
mod packet;
mod read;
mod secret;
mod signature;
pub mod skeleton;
mod status;
mod transfer;
mod tree;
mod unknown;
mod write;

pub use attachment::{AttachedFile, Attachment};
pub use congvan_core::Relation;
pub use document::{Draft, build_packet, draft_of, packet_of};
pub use error::{
    AttachmentError, ExportError, FieldError, ImportError, NotBase64, PacketError, SkeletonError, WriteError,
};
pub use field::{BusinessKind, Date, DeclaredId, StatusCode, Timestamp};
pub use links::PacketLink;
pub use packet::{
    Business, BusinessDocument, BusinessFields, Code, DocumentPacket, DocumentType, Manifest, MessageHeader,
    Organization, OtherFields, OtherInfo, Packet, PromulgationInfo, Receiver, Reference, Replacement, ResponseFor,
    SignerInfo, StaffInfo, StatusPacket, TraceHeader,
};
pub use signature::Signature;
pub use skeleton::Skeleton;
pub use status::{StatusDraft, build_status, status_of};
pub use unknown::Unknown;
pub use write::NAMESPACE;
