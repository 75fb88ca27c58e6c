//! The bounds of what is read and written.
//!
//! A packet comes from outside and may be hostile. Every bound is a constant here, has a test at the
//! bound and one past it, and the error that reports it says which bound was hit.

/// Bytes of one packet: 3 GiB, which holds one attachment of 2 GiB in base64 with line breaks.
///
/// A reader that has less memory lowers it: see [`Packet::parse_at_most`](crate::Packet::parse_at_most).
pub const MAX_PACKET_BYTES: u64 = 3 << 30;

/// Elements inside elements: the root is at depth 1. The format itself needs 9.
pub const MAX_DEPTH: usize = 64;

/// Elements of one packet. An update that names 2,000 addressees and 2,000 receivers has about 25,000.
pub const MAX_ELEMENTS: usize = 100_000;

/// Bytes of one element's qualified name.
pub const MAX_NAME_BYTES: usize = 256;

/// Bytes of one element's text, trimmed, when it is not an attachment's content: 64 KiB.
pub const MAX_FIELD_BYTES: usize = 64 << 10;

/// Bytes of one XML-DSig `Signature` element with all that is in it: 4 MiB.
pub const MAX_SIGNATURE_BYTES: usize = 4 << 20;

/// `To` elements of one packet: a whole province.
pub const MAX_ADDRESSEES: usize = 2_000;

/// `Attachment` elements of one packet.
pub const MAX_ATTACHMENTS: usize = 1_000;

/// Attributes of one element.
pub const MAX_ATTRIBUTES: usize = 64;

/// Elements that the format does not name, and their attributes, of one packet: five for each addressee.
pub const MAX_UNKNOWN: usize = 10_000;

/// Bytes of one attached file, taken out of its ZIP: 2 GiB.
pub const MAX_FILE_BYTES: u64 = 2 << 30;

/// How many times larger than its compressed form a zipped file may be.
pub const MAX_ZIP_RATIO: u64 = 200;

/// A zipped file of at most this size is taken out whatever its ratio: 1 MiB.
pub const ZIP_RATIO_FREE_BYTES: u64 = 1 << 20;

/// Bytes of the name that a ZIP gives to the file in it.
pub const MAX_INNER_NAME_BYTES: usize = 1_024;
