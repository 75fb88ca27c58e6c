//! What can go wrong: one error type per operation.

mod ledger;

use thiserror::Error;

pub use ledger::{ExportError, ImportError};

/// Why bytes are no edXML packet that this crate reads.
///
/// Elements are named by their path of local names, as in `edXML/edXMLEnvelope/edXMLHeader`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PacketError {
    /// The packet is larger than the bound.
    #[error("the packet has {size} bytes, more than the bound of {limit}")]
    TooLarge {
        /// Bytes of the packet.
        size: u64,
        /// The bound: [`MAX_PACKET_BYTES`](crate::limits::MAX_PACKET_BYTES) or the caller's own.
        limit: u64,
    },
    /// There is nothing but white space.
    #[error("the packet is empty")]
    Empty,
    /// The bytes are not UTF-8.
    #[error("the packet is not UTF-8: byte {offset} is not part of a character")]
    NotUtf8 {
        /// Where, from the packet's start.
        offset: usize,
    },
    /// The XML declaration names an encoding other than UTF-8.
    #[error("the packet declares the encoding {declared:?}; only UTF-8 is read")]
    Encoding {
        /// The encoding as declared.
        declared: String,
    },
    /// Something stands before the XML declaration (or, without one, before the first element).
    #[error("{count} stray bytes before the XML declaration")]
    StrayBytes {
        /// How many bytes; a byte order mark and white space before them are not counted.
        count: usize,
    },
    /// A document type declaration, which could define entities.
    #[error("the packet has a DOCTYPE (at byte {offset}), which is refused")]
    Doctype {
        /// Where, from the packet's start.
        offset: usize,
    },
    /// The bytes are not well-formed XML.
    #[error("not well-formed XML at byte {offset}: {reason}")]
    Malformed {
        /// Where, from the packet's start.
        offset: usize,
        /// Why.
        reason: String,
    },
    /// An entity that XML does not define by itself.
    #[error("{element}: unknown entity {entity:?}")]
    UnknownEntity {
        /// The element's path.
        element: String,
        /// The entity's name, shortened when long.
        entity: String,
    },
    /// A character that XML does not allow in text.
    #[error("{element}: the character U+{code:04X} is not allowed in XML")]
    IllegalCharacter {
        /// The element's path.
        element: String,
        /// The character's code point.
        code: u32,
    },
    /// Elements are nested too deeply.
    #[error("{element}: elements are nested more than {limit} deep")]
    TooDeep {
        /// The path of the deepest element that was still allowed.
        element: String,
        /// The bound, [`MAX_DEPTH`](crate::limits::MAX_DEPTH).
        limit: usize,
    },
    /// There are too many elements.
    #[error("the packet has more than {limit} elements")]
    TooManyElements {
        /// The bound, [`MAX_ELEMENTS`](crate::limits::MAX_ELEMENTS).
        limit: usize,
    },
    /// There are too many elements of one kind.
    #[error("{element}: more than {limit} of them")]
    TooMany {
        /// The element's path; for elements that the format does not name, that of the first past the bound.
        element: String,
        /// The bound for this kind.
        limit: usize,
    },
    /// An element's name is too long.
    #[error("{parent}: a name in it has {size} bytes, more than the bound of {limit}")]
    NameTooLong {
        /// The path of the element around it.
        parent: String,
        /// Bytes of the name.
        size: usize,
        /// The bound, [`MAX_NAME_BYTES`](crate::limits::MAX_NAME_BYTES).
        limit: usize,
    },
    /// An element's text is too long.
    #[error("{element}: {size} bytes, more than the bound of {limit}")]
    FieldTooLong {
        /// The element's path.
        element: String,
        /// Bytes of the text.
        size: usize,
        /// The bound, [`MAX_FIELD_BYTES`](crate::limits::MAX_FIELD_BYTES), or for a signature
        /// [`MAX_SIGNATURE_BYTES`](crate::limits::MAX_SIGNATURE_BYTES).
        limit: usize,
    },
    /// The XML is well-formed, but its root is not `edXML`.
    #[error("the root element is {root:?}, not edXML")]
    NotEdxml {
        /// The root's local name.
        root: String,
    },
    /// An element without which there is no packet is missing.
    #[error("{element} is missing")]
    Missing {
        /// The element's path.
        element: String,
    },
    /// An element that may stand once stands twice, and the two differ: readers would disagree.
    #[error("{element} stands more than once, with different content")]
    Duplicate {
        /// The element's path.
        element: String,
    },
    /// A status packet carries attachments or references to them.
    #[error("a status packet (it has a StatusCode) carries attachments")]
    StatusWithAttachments,
    /// An attachment has no `ContentTransferEncoded`.
    #[error("attachment {number} ({name:?}) has no ContentTransferEncoded")]
    AttachmentWithoutContent {
        /// Its number in the packet, from 1.
        number: usize,
        /// Its `AttachmentName`, empty when it has none.
        name: String,
    },
    /// An attachment's content is no base64.
    #[error("attachment {number} ({name:?}) is no base64: {reason}")]
    AttachmentNotBase64 {
        /// Its number in the packet, from 1.
        number: usize,
        /// Its `AttachmentName`, empty when it has none.
        name: String,
        /// What is wrong with it.
        reason: NotBase64,
    },
}

/// What is wrong with a text that should be base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotBase64 {
    /// A character of another alphabet.
    #[error("the character {character:?} at byte {offset} of its text")]
    Character {
        /// The character.
        character: char,
        /// Where, from the text's start.
        offset: usize,
    },
    /// Padding with data after it, or too much padding.
    #[error("the padding at byte {offset} of its text does not end it")]
    Padding {
        /// Where, from the text's start.
        offset: usize,
    },
    /// The number of characters is none that base64 has.
    #[error("it has {characters} characters, which is no length of base64")]
    Length {
        /// Characters, without white space.
        characters: usize,
    },
}

/// Why the file of an attachment cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// It is declared to be a ZIP and begins like one, but cannot be read.
    #[error("attachment {name:?}: the ZIP cannot be read: {reason}")]
    Zip {
        /// The attachment's name.
        name: String,
        /// What the ZIP reader says.
        reason: String,
    },
    /// The file in the ZIP is encrypted.
    #[error("attachment {name:?}: the file in the ZIP is encrypted")]
    Encrypted {
        /// The attachment's name.
        name: String,
    },
    /// The name in the ZIP could leave the folder it is written to, or is no name.
    #[error("attachment {name:?}: the ZIP names its file {inner:?}, which is refused")]
    InnerName {
        /// The attachment's name.
        name: String,
        /// The name in the ZIP, shortened when long.
        inner: String,
    },
    /// The file is larger than the bound.
    #[error("attachment {name:?}: the file has {size} bytes, more than the bound of {limit}")]
    TooLarge {
        /// The attachment's name.
        name: String,
        /// Bytes, as the ZIP declares them.
        size: u64,
        /// The bound, [`MAX_FILE_BYTES`](crate::limits::MAX_FILE_BYTES).
        limit: u64,
    },
    /// The file grows more than a real one would.
    #[error("attachment {name:?}: {compressed} bytes in the ZIP grow to {size}, more than {limit} times")]
    Ratio {
        /// The attachment's name.
        name: String,
        /// Bytes of the compressed form.
        compressed: u64,
        /// Bytes, as the ZIP declares them.
        size: u64,
        /// The bound, [`MAX_ZIP_RATIO`](crate::limits::MAX_ZIP_RATIO).
        limit: u64,
    },
    /// The ZIP declares more bytes than the file has. (Where it declares fewer, reading stops there with
    /// [`Zip`](Self::Zip).)
    #[error("attachment {name:?}: the ZIP declares {declared} bytes, the file has {found}")]
    SizeDiffers {
        /// The attachment's name.
        name: String,
        /// Bytes, as the ZIP declares them.
        declared: u64,
        /// Bytes found.
        found: u64,
    },
}

/// Why a packet cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A field without which nobody could route or answer the packet is absent.
    #[error("{element} is missing")]
    Missing {
        /// The element's path.
        element: &'static str,
    },
    /// A text holds a character that XML cannot carry.
    #[error("{element}: the character U+{code:04X} is not allowed in XML")]
    IllegalCharacter {
        /// The element's name.
        element: &'static str,
        /// The character's code point.
        code: u32,
    },
    /// A text is longer than a reader accepts.
    #[error("{element}: {size} bytes, more than the bound of {limit}")]
    FieldTooLong {
        /// The element's name.
        element: &'static str,
        /// Bytes of the text.
        size: usize,
        /// The bound, [`MAX_FIELD_BYTES`](crate::limits::MAX_FIELD_BYTES).
        limit: usize,
    },
    /// There are more elements of one kind than a reader accepts.
    #[error("{element}: {count} of them, more than the bound of {limit}")]
    TooMany {
        /// The element's name.
        element: &'static str,
        /// How many there are.
        count: usize,
        /// The bound for this kind.
        limit: usize,
    },
    /// There are more elements than a reader accepts.
    #[error("the packet would have more than {limit} elements")]
    TooManyElements {
        /// The bound, [`MAX_ELEMENTS`](crate::limits::MAX_ELEMENTS).
        limit: usize,
    },
    /// The packet would be larger than a reader accepts.
    #[error("the packet would have more than the bound of {limit} bytes")]
    TooLarge {
        /// The bound, [`MAX_PACKET_BYTES`](crate::limits::MAX_PACKET_BYTES).
        limit: u64,
    },
}

/// Why bytes are no skeleton, or why a packet cannot be joined from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SkeletonError {
    /// The bytes do not begin as a skeleton of this version does.
    #[error("not a skeleton of a packet, or of another version")]
    Magic,
    /// The bytes end too early.
    #[error("the skeleton ends within its {field}")]
    Short {
        /// The field that is incomplete.
        field: &'static str,
    },
    /// There are bytes after the end.
    #[error("{count} bytes after the skeleton's end")]
    Trailing {
        /// How many.
        count: usize,
    },
    /// A value that a skeleton never has.
    #[error("gap {gap} of the skeleton: its {field} is out of range")]
    Field {
        /// The gap's number, from 0.
        gap: usize,
        /// The field.
        field: &'static str,
    },
    /// There are more gaps than a packet has attachments.
    #[error("the skeleton has {count} gaps, more than the bound of {limit}")]
    TooManyGaps {
        /// How many.
        count: usize,
        /// The bound, [`MAX_ATTACHMENTS`](crate::limits::MAX_ATTACHMENTS).
        limit: usize,
    },
    /// The packet would be larger than the bound.
    #[error("the joined packet would have more than the bound of {limit} bytes")]
    TooLarge {
        /// The bound, [`MAX_PACKET_BYTES`](crate::limits::MAX_PACKET_BYTES).
        limit: u64,
    },
    /// Not as many attachments as gaps.
    #[error("{given} attachments for a skeleton with {wanted} gaps")]
    Count {
        /// Attachments given.
        given: usize,
        /// Gaps in the skeleton.
        wanted: usize,
    },
    /// An attachment has another length than the one that was cut out.
    #[error("gap {gap} of the skeleton: {given} bytes for an attachment of {wanted}")]
    Length {
        /// The gap's number, from 0.
        gap: usize,
        /// Bytes given.
        given: u64,
        /// Bytes cut out.
        wanted: u64,
    },
}

/// Why the text of a field does not mean what it should.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FieldError {
    /// No date of the form `yyyy/MM/dd`.
    #[error("{text:?} is no date (yyyy/MM/dd)")]
    Date {
        /// The text, shortened when long.
        text: String,
    },
    /// A date in the right form that no calendar has, such as 30 February.
    #[error("{text:?} is a day that does not exist")]
    NoSuchDay {
        /// The text.
        text: String,
    },
    /// No time of the form `yyyy/MM/dd HH:mm:ss`.
    #[error("{text:?} is no time (yyyy/MM/dd HH:mm:ss)")]
    Time {
        /// The text, shortened when long.
        text: String,
    },
    /// No `BussinessDocType` of the format.
    #[error("{text:?} is no BussinessDocType (0 to 3)")]
    BusinessKind {
        /// The text, shortened when long.
        text: String,
    },
    /// No status code of the format.
    #[error("{text:?} is no status code")]
    StatusCode {
        /// The text, shortened when long.
        text: String,
    },
    /// No `DocumentId` of the form "agency,date,code".
    #[error("{text:?} is no DocumentId of the form agency,date,code")]
    DeclaredId {
        /// The text, shortened when long.
        text: String,
    },
    /// The field is absent.
    #[error("{element} is absent")]
    Absent {
        /// The element's name.
        element: &'static str,
    },
}
