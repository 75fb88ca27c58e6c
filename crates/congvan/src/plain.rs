//! Documents and statuses as plain data: what software in other languages hands over, as JSON or as
//! records of its own. Each field is read into what the ledger takes, or refused by its name.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use congvan_core::document::{Packaging, Signer};
use congvan_core::limits::{MAX_ADDRESSEES, MAX_ATTACHMENTS, MAX_REFERENCES};
use congvan_core::status::{Staff, StatusNote};
use congvan_core::{AgencyCode, Bounded, Digest, Envelope, Link, StatusCode, Text};
use serde::Deserialize;

use crate::control::LinkTo;
use crate::node::Node;
use crate::read::ReadError;
use crate::send::{Outgoing, Receipt, SendError, Source};

/// The most bytes of an attachment that are handed out at once; a larger one goes to a file.
pub const MAX_IN_MEMORY: usize = 64 * 1024 * 1024;

/// Why plain data does not go into the ledger, or out of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlainError {
    /// A field is not what it must be.
    #[error("{field}: {reason}")]
    Field {
        /// Its name.
        field: String,
        /// What it must be.
        reason: String,
    },
    /// A file cannot be written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// An attachment over [`MAX_IN_MEMORY`].
    #[error("the attachment has more than {MAX_IN_MEMORY} bytes: save it to a file")]
    TooLarge,
    /// A document that it names.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The node refuses.
    #[error(transparent)]
    Send(#[from] SendError),
}

/// A document to send; what is left out is empty.
///
/// ```
/// let document: congvan::plain::Document = serde_json::from_str(
///     r#"{"to": ["000.00.01.H55"], "subject": "Báo cáo tháng 11", "number": "12", "notation": "BC-UBND",
///         "attachments": [{"file": "/srv/bao-cao.pdf"}], "key": "bao-cao-11"}"#,
/// )?;
/// assert_eq!(document.to.len(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    /// The addressees' codes.
    pub to: Vec<String>,
    /// Subject.
    pub subject: String,
    /// Number: "12".
    pub number: String,
    /// Notation: "BC-UBND".
    pub notation: String,
    /// The author's own id of the document (edXML `DocumentId`).
    pub document_id: String,
    /// Place of promulgation.
    pub place: String,
    /// Date of promulgation, `yyyy/MM/dd`.
    pub promulgated: String,
    /// Number of its type.
    pub type_code: String,
    /// Name of its type: "Báo cáo".
    pub type_name: String,
    /// Abstract.
    pub summary: String,
    /// Who signed.
    pub signer: PlainSigner,
    /// Date by which an answer is due, `yyyy/MM/dd`.
    pub due: String,
    /// Urgency, as in edXML.
    pub priority: String,
    /// Earlier documents that it concerns.
    pub links: Vec<LinkTo>,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// A retry with the same key sends once.
    pub key: Option<String>,
    /// Readable by everybody. Documents are sealed to their addressees unless this is set.
    pub public: bool,
}

/// Who signed a document, as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlainSigner {
    /// On whose behalf.
    pub competence: String,
    /// Position.
    pub position: String,
    /// Full name.
    pub name: String,
}

/// An attachment: a file, or bytes with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attachment {
    /// The file to read; its bytes are read while the document is sent.
    pub file: Option<PathBuf>,
    /// The bytes themselves, where there is no file. Not in JSON: a large attachment is a file.
    #[serde(skip)]
    pub bytes: Option<Vec<u8>>,
    /// The name that it has for its readers; the file's own if empty.
    pub name: String,
    /// Its media type, such as `application/pdf`; may be empty.
    pub media_type: String,
}

/// What became of a document, to report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Status {
    /// The document's id, or at least eight leading digits of it.
    pub id: String,
    /// Two digits: `03` accepted; `docs/life.md` has them all.
    pub status: String,
    /// Description, or the reason of a refusal.
    pub note: String,
    /// Who handled it.
    pub staff: String,
    /// Their department.
    pub department: String,
    /// The id of what it answers, where several things are asked.
    pub answers: Option<String>,
}

impl Node {
    /// Sends a document of plain data, as [`Node::send`] does.
    ///
    /// # Errors
    /// [`PlainError`] names the field; nothing was sent then.
    pub async fn send_plain(&self, document: Document) -> Result<Receipt, PlainError> {
        let node = self.clone();
        // Links are looked up on disk.
        let outgoing = tokio::task::spawn_blocking(move || document.into_outgoing(&node)).await;
        Ok(self.send(outgoing.map_err(|_| SendError::Stopping)??).await?)
    }

    /// Reports a status of plain data, as [`Node::report_answer`] does.
    ///
    /// # Errors
    /// [`PlainError`] names the field; nothing was written then.
    pub async fn report_plain(&self, status: Status) -> Result<Receipt, PlainError> {
        let code: StatusCode = status.status.parse().map_err(|error| wrong("status", error))?;
        let staff = Staff {
            name: text("staff", status.staff)?,
            department: text("department", status.department)?,
            ..Staff::default()
        };
        let note = StatusNote { note: text("note", status.note)?, staff, ..StatusNote::default() };
        Ok(self.report_answer(&status.id, code, status.answers.as_deref(), note).await?)
    }

    /// Writes an attachment to a file, which appears once it is whole and takes the place of one that was
    /// there. Returns its length. It blocks.
    ///
    /// # Errors
    /// [`ReadError::Incomplete`] while pieces are missing; [`PlainError::File`].
    pub fn save_attachment(&self, id: &str, number: usize, path: &Path) -> Result<u64, PlainError> {
        let failed = |error| PlainError::File { path: path.to_owned(), error };
        let pieces = self.attachment(id, number)?;
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
        let mut len = 0;
        for piece in pieces {
            let piece = piece?;
            file.write_all(&piece).map_err(failed)?;
            len += piece.len() as u64;
        }
        file.persist(path).map_err(|error| failed(error.error))?;
        Ok(len)
    }

    /// An attachment's bytes, at most [`MAX_IN_MEMORY`]. It blocks.
    ///
    /// # Errors
    /// [`ReadError::Incomplete`] while pieces are missing; [`PlainError::TooLarge`].
    pub fn attachment_bytes(&self, id: &str, number: usize) -> Result<Vec<u8>, PlainError> {
        collect(self.attachment(id, number)?, MAX_IN_MEMORY)
    }
}

fn collect(pieces: impl Iterator<Item = Result<Vec<u8>, ReadError>>, max: usize) -> Result<Vec<u8>, PlainError> {
    let mut bytes = Vec::new();
    for piece in pieces {
        let piece = piece?;
        if bytes.len() + piece.len() > max {
            return Err(PlainError::TooLarge);
        }
        bytes.extend(piece);
    }
    Ok(bytes)
}

impl Document {
    /// What the node sends.
    fn into_outgoing(self, node: &Node) -> Result<Outgoing, PlainError> {
        bounded("to", self.to.len(), MAX_ADDRESSEES)?;
        bounded("links", self.links.len(), MAX_REFERENCES)?;
        bounded("attachments", self.attachments.len(), MAX_ATTACHMENTS)?;
        let mut to = Vec::with_capacity(self.to.len());
        for (index, code) in self.to.into_iter().enumerate() {
            to.push(AgencyCode::new(code).map_err(|error| wrong(format!("to[{index}]"), error))?);
        }
        let mut links = Vec::with_capacity(self.links.len());
        for LinkTo { relation, document } in self.links {
            links.push(Link { relation: relation.into(), document: node.document_entry(&document)?.reference() });
        }
        let (mut listed, mut sources) = (Vec::new(), Vec::new());
        for (blob, attachment) in (0..).zip(self.attachments) {
            let (attachment, source) = attachment.into_parts(blob)?;
            listed.push(attachment);
            sources.push(source);
        }
        let envelope = Envelope {
            document_id: text("document_id", self.document_id)?,
            number: text("number", self.number)?,
            notation: text("notation", self.notation)?,
            place: text("place", self.place)?,
            promulgated: text("promulgated", self.promulgated)?,
            type_code: text("type_code", self.type_code)?,
            type_name: text("type_name", self.type_name)?,
            subject: text("subject", self.subject)?,
            summary: text("summary", self.summary)?,
            signer: Signer {
                competence: text("signer.competence", self.signer.competence)?,
                position: text("signer.position", self.signer.position)?,
                name: text("signer.name", self.signer.name)?,
            },
            due: text("due", self.due)?,
            priority: text("priority", self.priority)?,
            attachments: Bounded::new(listed).map_err(|error| wrong("attachments", error))?,
            ..Envelope::default()
        };
        Ok(Outgoing {
            to,
            links,
            envelope,
            attachments: sources,
            key: self.key,
            public: self.public,
            ..Outgoing::default()
        })
    }
}

impl Attachment {
    fn into_parts(self, blob: u32) -> Result<(congvan_core::Attachment, Source), PlainError> {
        let field = |part: &str| format!("attachments[{blob}]{part}");
        let name = match (&self.file, self.name.is_empty()) {
            (Some(file), true) => file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            _ => self.name,
        };
        if name.is_empty() {
            return Err(wrong(field(".name"), "an attachment needs a name"));
        }
        let source = match (self.file, self.bytes) {
            (Some(file), None) => Source::File(file),
            (None, Some(bytes)) => Source::Bytes(bytes),
            _ => return Err(wrong(field(""), "give either a file or bytes")),
        };
        let attachment = congvan_core::Attachment {
            name: text(&field(".name"), name)?,
            media_type: text(&field(".media_type"), self.media_type)?,
            description: Text::default(),
            packaging: Packaging::Plain,
            // Length and digest are filled in by the node, which reads the bytes.
            len: 0,
            digest: Digest::from_bytes([0; 32]),
            blob,
        };
        Ok((attachment, source))
    }
}

fn wrong(field: impl Into<String>, reason: impl ToString) -> PlainError {
    PlainError::Field { field: field.into(), reason: reason.to_string() }
}

fn text<const MAX: usize>(field: &str, text: String) -> Result<Text<MAX>, PlainError> {
    Text::new(text).map_err(|error| wrong(field, error))
}

fn bounded(field: &str, len: usize, max: usize) -> Result<(), PlainError> {
    match len > max {
        true => Err(wrong(field, format!("{len} were given; at most {max} are allowed"))),
        false => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_list_one_past_its_bound_is_refused_by_name() {
        assert!(bounded("to", MAX_ADDRESSEES, MAX_ADDRESSEES).is_ok());
        let error = bounded("to", MAX_ADDRESSEES + 1, MAX_ADDRESSEES).unwrap_err();
        assert_eq!(error.to_string(), "to: 2001 were given; at most 2000 are allowed");
    }

    #[test]
    fn bytes_one_past_the_bound_are_not_collected() {
        let pieces = || [Ok(vec![0; 3]), Ok(vec![0; 2])].into_iter();
        assert_eq!(collect(pieces(), 5).unwrap().len(), 5);
        assert!(matches!(collect(pieces(), 4), Err(PlainError::TooLarge)));
    }

    #[test]
    fn an_attachment_is_a_file_or_named_bytes_and_never_both() {
        let of = |file: Option<&str>, bytes: Option<&[u8]>, name: &str| {
            let (file, bytes) = (file.map(PathBuf::from), bytes.map(<[u8]>::to_vec));
            Attachment { file, bytes, name: name.to_owned(), ..Attachment::default() }.into_parts(3)
        };
        assert_eq!(&*of(Some("/srv/bao-cao.pdf"), None, "").unwrap().0.name, "bao-cao.pdf");
        assert_eq!(&*of(Some("/srv/1.tmp"), None, "bao-cao.pdf").unwrap().0.name, "bao-cao.pdf");
        assert!(of(None, Some(b"x"), "a.txt").is_ok());
        for refused in [of(None, Some(b"x"), ""), of(Some("/a"), Some(b"x"), "a"), of(None, None, "a")] {
            assert!(refused.unwrap_err().to_string().starts_with("attachments[3]"));
        }
    }

    #[test]
    fn a_field_that_nobody_knows_is_refused() {
        let error = serde_json::from_str::<Document>(r#"{"too": []}"#).unwrap_err();
        assert!(error.to_string().contains("too"), "{error}");
    }
}
