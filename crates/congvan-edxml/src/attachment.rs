//! Attachments: what travels in the packet, and the file that the receiver wants.

use std::borrow::Cow;
use std::io::{Cursor, Read as _, Write};
use std::ops::Range;

use zip::{CompressionMethod, ZipArchive};

use crate::error::AttachmentError;
use crate::field::excerpt;
use crate::limits::{MAX_FILE_BYTES, MAX_INNER_NAME_BYTES, MAX_ZIP_RATIO, ZIP_RATIO_FREE_BYTES};
use crate::unknown::Unknown;

/// `Attachment` of a packet.
///
/// Two attachments are equal when they say the same, wherever they stand in their packets.
#[derive(Debug, Clone, Default)]
pub struct Attachment {
    /// `ContentId`: "cid:…", the same as in the manifest's reference.
    pub content_id: Option<String>,
    /// `AttachmentName`: the file's name for people.
    pub name: Option<String>,
    /// `Description`.
    pub description: Option<String>,
    /// `ContentType` of what travels; `application/zip` when that is a ZIP of the file.
    pub content_type: Option<String>,
    /// What the element holds beside.
    pub unknown: Vec<Unknown>,
    /// What travels: `ContentTransferEncoded`, decoded.
    pub(crate) data: Vec<u8>,
    /// Where the encoded text stands in the packet it was read from.
    pub(crate) encoded_at: Option<Range<usize>>,
}

impl PartialEq for Attachment {
    fn eq(&self, other: &Self) -> bool {
        self.content_id == other.content_id
            && self.name == other.name
            && self.description == other.description
            && self.content_type == other.content_type
            && self.unknown == other.unknown
            && self.data == other.data
    }
}

impl Eq for Attachment {}

/// The file of an attachment, as its author saved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedFile<'a> {
    /// `AttachmentName`, or without one the name in the ZIP. It comes from outside: take care before
    /// using it as a path.
    pub name: String,
    /// The name that the ZIP gives to the file, when it came in one.
    pub name_in_zip: Option<String>,
    /// The file.
    pub bytes: Cow<'a, [u8]>,
}

impl Attachment {
    /// An attachment that carries `bytes` as they are.
    #[must_use]
    pub fn new(content_id: &str, name: &str, content_type: &str, bytes: Vec<u8>) -> Self {
        Self {
            content_id: Some(content_id.to_owned()),
            name: Some(name.to_owned()),
            description: None,
            content_type: Some(content_type.to_owned()),
            unknown: Vec::new(),
            data: bytes,
            encoded_at: None,
        }
    }

    /// What travels: `ContentTransferEncoded` decoded, which is the file or a ZIP of it.
    #[must_use]
    pub fn transport_bytes(&self) -> &[u8] {
        &self.data
    }

    /// The same without a copy, leaving the rest.
    #[must_use]
    pub fn into_transport_bytes(self) -> Vec<u8> {
        self.data
    }

    /// Where the text of `ContentTransferEncoded` stands in the packet that was read; none when the
    /// attachment was not read from a packet.
    #[must_use]
    pub fn encoded_range(&self) -> Option<Range<usize>> {
        self.encoded_at.clone()
    }

    /// The file.
    ///
    /// Practice wraps the file in a ZIP of its own. What travels is unwrapped when its content type is
    /// that of a ZIP (or says nothing), it is a ZIP that holds one entry, and the attachment is not
    /// itself named `.zip`. Everything else, such as a `.docx`, which is a ZIP too, or a ZIP of several files, is the
    /// file as it is, and not looked into. Nor is the file that was unwrapped, should it be a ZIP again.
    ///
    /// # Errors
    /// [`AttachmentError`] when a ZIP is broken, encrypted, names its file so that it could leave its
    /// folder, or lies about its size or grows past the bounds of [`limits`](crate::limits).
    pub fn file(&self) -> Result<AttachedFile<'_>, AttachmentError> {
        let as_it_is = || AttachedFile {
            name: self.name.clone().unwrap_or_default(),
            name_in_zip: None,
            bytes: Cow::Borrowed(&self.data),
        };
        let mut bytes = Vec::new();
        let Some(inner) = self.unwrap_into(&mut bytes)? else { return Ok(as_it_is()) };
        Ok(AttachedFile {
            name: self.name.clone().unwrap_or_else(|| inner.clone()),
            name_in_zip: Some(inner),
            bytes: Cow::Owned(bytes),
        })
    }

    /// The name in the ZIP that the file is wrapped in, if it is; without keeping the file, which is read through.
    ///
    /// # Errors
    /// As [`file`](Self::file), and exactly then.
    pub fn check(&self) -> Result<Option<String>, AttachmentError> {
        self.unwrap_into(&mut std::io::sink())
    }

    fn unwrap_into(&self, out: &mut dyn Write) -> Result<Option<String>, AttachmentError> {
        if !self.may_be_wrapped() {
            return Ok(None);
        }
        let name = || excerpt(self.name.as_deref().unwrap_or_default());
        match entries(&self.data) {
            Entries::One { directory } => unzip(&self.data, directory, &name, out).map(Some),
            Entries::Several => Ok(None),
            Entries::Broken(reason) => Err(AttachmentError::Zip { name: name(), reason: reason.to_owned() }),
        }
    }

    fn may_be_wrapped(&self) -> bool {
        let kind = self.content_type.as_deref().unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let zip_kind =
            ["", "application/zip", "application/x-zip", "application/x-zip-compressed", "application/octet-stream"]
                .iter()
                .any(|known| kind.eq_ignore_ascii_case(known));
        let name = self.name.as_deref().unwrap_or_default();
        let zip_name = name.get(name.len().saturating_sub(4)..).is_some_and(|end| end.eq_ignore_ascii_case(".zip"));
        zip_kind && !zip_name && self.data.starts_with(b"PK\x03\x04")
    }
}

/// What the end of a ZIP says is in it.
enum Entries {
    /// One file; where the directory begins.
    One {
        directory: usize,
    },
    Several,
    Broken(&'static str),
}

/// Looks at the end of a ZIP, before a reader is let at it that keeps every entry in memory.
///
/// Only a directory that ends where the end record begins is taken for one: readers that would search
/// further could find another one.
fn entries(data: &[u8]) -> Entries {
    const SIGNATURE: &[u8] = b"PK\x05\x06";
    const RECORD: usize = 22;
    const HEADER: usize = 46;
    let from = data.len().saturating_sub(RECORD + usize::from(u16::MAX));
    let tail = data.get(from..).unwrap_or_default();
    let Some(at) = tail.windows(4).rposition(|window| window == SIGNATURE) else {
        return Entries::Broken("it has no end record");
    };
    let record = tail.get(at..).unwrap_or_default();
    let u16_at = |offset: usize| -> Option<u16> {
        let bytes = record.get(offset..offset + 2)?;
        Some(u16::from_le_bytes(bytes.try_into().ok()?))
    };
    let u32_at = |offset: usize| -> Option<usize> {
        let bytes = record.get(offset..offset + 4)?;
        usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
    };
    let (Some(count), Some(size), Some(start), Some(comment)) = (u16_at(10), u32_at(12), u32_at(16), u16_at(20)) else {
        return Entries::Broken("its end record is cut off");
    };
    if record.len() != RECORD + usize::from(comment) {
        return Entries::Broken("there are bytes after its end");
    }
    if count != 1 {
        return Entries::Several;
    }
    if start.checked_add(size) != Some(from + at) {
        return Entries::Broken("its directory is not where its end record says");
    }
    // The directory is one header, with three texts behind it, and nothing more: readers that do not go by
    // the number of entries would see others.
    let header = data.get(start..start.saturating_add(HEADER)).unwrap_or_default();
    let texts = [28, 30, 32].map(|at| {
        let bytes = header.get(at..at + 2)?;
        Some(usize::from(u16::from_le_bytes(bytes.try_into().ok()?)))
    });
    let [Some(name), Some(extra), Some(comment)] = texts else {
        return Entries::Broken("its directory is cut off");
    };
    if size != HEADER + name + extra + comment {
        return Entries::Broken("its directory is not one entry long");
    }
    Entries::One { directory: start }
}

/// Writes the one file of a ZIP, whose directory begins at `directory`. Returns its name there.
fn unzip(
    data: &[u8],
    directory: usize,
    name: &dyn Fn() -> String,
    out: &mut dyn Write,
) -> Result<String, AttachmentError> {
    let broken = |reason: String| AttachmentError::Zip { name: name(), reason: reason.chars().take(200).collect() };
    let mut archive = ZipArchive::new(Cursor::new(data)).map_err(|error| broken(error.to_string()))?;
    if archive.len() != 1 {
        return Err(broken("it holds another number of files than it says".into()));
    }
    let entry = archive.by_index_raw(0).map_err(|error| broken(error.to_string()))?;
    if entry.encrypted() {
        return Err(AttachmentError::Encrypted { name: name() });
    }
    let inner = entry.name().map_err(|error| broken(error.to_string()))?.into_owned();
    if !is_plain_name(&inner) {
        return Err(AttachmentError::InnerName { name: name(), inner: excerpt(&inner) });
    }
    if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return Err(broken(format!("compressed by {}", entry.compression())));
    }
    let (size, compressed) = (entry.size(), entry.compressed_size());
    let (start, content) = (entry.header_start(), entry.data_start());
    drop(entry);
    // Nothing stands before the file or behind it, where other readers could find another one; at most
    // its descriptor, with or without a signature, of 32 or 64 bits.
    let end = content.and_then(|content| content.checked_add(compressed));
    let gap = end.and_then(|end| u64::try_from(directory).ok()?.checked_sub(end));
    if start != 0 || !matches!(gap, Some(0 | 12 | 16 | 20 | 24)) {
        return Err(broken("there are other bytes in it than those of its file".into()));
    }
    check_sizes(size, compressed, name)?;
    let entry = archive.by_index(0).map_err(|error| broken(error.to_string()))?;
    // The ZIP reader fails past the declared size; `take` is there should it ever not.
    let mut entry = entry.take(size.saturating_add(1));
    let found = std::io::copy(&mut entry, out).map_err(|error| broken(error.to_string()))?;
    drop(entry);
    if found != size {
        return Err(AttachmentError::SizeDiffers { name: name(), declared: size, found });
    }
    // The file stands twice in a ZIP, in its directory and at the data: other readers go by the latter.
    archive.validate_header_consistency().map_err(|error| broken(error.to_string()))?;
    Ok(inner)
}

fn check_sizes(size: u64, compressed: u64, name: &dyn Fn() -> String) -> Result<(), AttachmentError> {
    if size > MAX_FILE_BYTES {
        return Err(AttachmentError::TooLarge { name: name(), size, limit: MAX_FILE_BYTES });
    }
    if size > ZIP_RATIO_FREE_BYTES && size > compressed.saturating_mul(MAX_ZIP_RATIO) {
        return Err(AttachmentError::Ratio { name: name(), compressed, size, limit: MAX_ZIP_RATIO });
    }
    Ok(())
}

/// Whether a name is that of a file in the folder it is put into, on any system.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_INNER_NAME_BYTES
        && name != "."
        && !name.contains("..")
        && !name.contains(|c: char| matches!(c, '/' | '\\' | ':') || c.is_control())
}

#[cfg(test)]
#[path = "attachment_tests.rs"]
mod tests;
