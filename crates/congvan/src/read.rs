//! Reading: what this agency may see of the ledger, opened.

use congvan_core::blob::{BlobCipher, BlobRef, CHUNK, SEALED_CHUNK};
use congvan_core::document::{DocumentError, Packaging, Packet};
use congvan_core::life::{Breach, Event, Held, Life, Recipient, Says};
use congvan_core::limits::CLOCK_TOLERANCE_MS;
use congvan_core::status::StatusNote;
use congvan_core::{
    ChainError, CodecError, DocumentPayload, EntryId, EntryRef, Envelope, Kind, LinkedEntry, Relation, StatusPayload,
    Wire,
};
use congvan_store::StoreError;

use crate::certificate;
use crate::erase::ErasedView;
use crate::legal::{self, Carries};
use crate::node::{Node, Own};
use crate::registry::code_of;
use crate::setup;
use crate::view::{DocumentSummary, DocumentView, FileView, LinkView, Progress, ProofView, StatusView};

/// The fewest digits by which a document may be named.
pub const MIN_ID_DIGITS: usize = 8;

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// There is no such document here.
    #[error("there is no document {0} here; it may not have arrived yet")]
    NotFound(String),
    /// Several begin so.
    #[error("several documents begin with {0}; give more digits")]
    Ambiguous(String),
    /// No id.
    #[error("{0:?} is no document id: give at least {MIN_ID_DIGITS} hexadecimal digits")]
    NotAnId(String),
    /// No such attachment.
    #[error("the document has {have} attachments; there is no number {asked}")]
    NoAttachment {
        /// Counted from 0.
        asked: usize,
        /// How many there are.
        have: usize,
    },
    /// It did not come as a packet.
    #[error("the document did not come as a packet")]
    NoPacket,
    /// Its bytes are not all here yet.
    #[error("{missing} of {chunks} pieces of it have not arrived yet; the node fetches them from its peers")]
    Incomplete {
        /// Pieces missing, at least.
        missing: usize,
        /// Pieces in all.
        chunks: u32,
    },
    /// The stored bytes are not what was signed.
    #[error("attachment {0} is damaged: it does not fit its digest")]
    Damaged(usize),
    /// The payload was erased, on every node alike.
    #[error("the content was {0}; its place in the chain stands")]
    Erased(Box<ErasedView>),
    /// The payload is not here, though nobody is known to have erased it.
    #[error("the content is not here; the node asks its peers for it")]
    Missing,
    /// Not ours, or malformed.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Not a payload of its kind.
    #[error(transparent)]
    Malformed(#[from] CodecError),
    /// Its signature is bad.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A chunk.
    #[error(transparent)]
    Blob(#[from] congvan_core::blob::BlobError),
}

impl Node {
    /// One document as a list shows it; one that is sealed to others shows what everybody sees.
    ///
    /// # Errors
    /// [`ReadError`] says whether it is missing or ambiguous.
    pub fn listed(&self, id: &str) -> Result<DocumentSummary, ReadError> {
        let entry = self.document_entry(id)?;
        self.summary(&self.0.own(), &entry)
    }

    /// One document, by its id or at least [`MIN_ID_DIGITS`] leading digits of it.
    ///
    /// # Errors
    /// [`ReadError`] says whether it is missing, ambiguous, or not genuine.
    pub fn document(&self, id: &str) -> Result<DocumentView, ReadError> {
        let entry = self.document_entry(id)?;
        self.document_view(&entry)
    }

    /// The same, looked through for signatures that its attachments and its packet carry: for showing it to somebody.
    ///
    /// # Errors
    /// As [`Node::document`]; also where an attachment's stored bytes are damaged.
    pub fn inspect(&self, id: &str) -> Result<DocumentView, ReadError> {
        let mut document = self.document(id)?;
        let id = document.summary.id.clone();
        for (number, file) in document.files.iter_mut().enumerate() {
            if file.present && !file.zipped && file.len <= legal::MAX_SCAN {
                let mut scanner = legal::Scanner::default();
                for piece in self.attachment(&id, number)? {
                    scanner.look(&piece?);
                }
                file.carries = scanner.found();
            }
        }
        if document.has_packet {
            let mut scanner = legal::Scanner::default();
            document.packet_carries = match self.skeleton(&id) {
                Ok(skeleton) => {
                    scanner.look(&skeleton);
                    scanner.found()
                }
                Err(ReadError::Incomplete { .. }) => Carries::NotLooked,
                Err(error) => return Err(error),
            };
        }
        Ok(document)
    }

    /// A document's entry, to link to it; named as in [`Node::document`].
    ///
    /// # Errors
    /// As [`Node::document`].
    pub fn reference_of(&self, id: &str) -> Result<EntryRef, ReadError> {
        Ok(self.document_entry(id)?.reference())
    }

    /// The entry of a document.
    pub(crate) fn document_entry(&self, id: &str) -> Result<LinkedEntry, ReadError> {
        self.entry_of(id, |kind| kind == Kind::DOCUMENT)
    }

    /// The one entry with such a kind, by its id or enough leading digits of it.
    pub(crate) fn entry_of(&self, id: &str, is: impl Fn(Kind) -> bool) -> Result<LinkedEntry, ReadError> {
        let text = Self::digits(id)?;
        let ledger = &self.0.ledger;
        let entry = match text.parse::<EntryId>() {
            Ok(id) => ledger.entry_by_id(id)?,
            Err(_) => {
                let mut found = None;
                for id in ledger.ids_with_prefix(&text)? {
                    let Some(entry) = ledger.entry_by_id(id)? else { continue };
                    if is(entry.header().kind) && found.replace(entry).is_some() {
                        return Err(ReadError::Ambiguous(text));
                    }
                }
                found
            }
        };
        entry.filter(|entry| is(entry.header().kind)).ok_or(ReadError::NotFound(id.to_owned()))
    }

    /// An id, or enough leading digits of one.
    pub(crate) fn digits(id: &str) -> Result<String, ReadError> {
        match id.trim().to_lowercase() {
            text if !text.bytes().all(|b| b.is_ascii_hexdigit()) => Err(ReadError::NotAnId(id.to_owned())),
            text if text.len() < MIN_ID_DIGITS || text.len() > 64 => Err(ReadError::NotAnId(id.to_owned())),
            text => Ok(text),
        }
    }

    pub(crate) fn payload_of(&self, entry: &LinkedEntry) -> Result<DocumentPayload, ReadError> {
        Ok(DocumentPayload::from_bytes(entry.payload().ok_or_else(|| self.gone(entry))?)?)
    }

    pub(crate) fn open(
        &self,
        own: &Own,
        entry: &LinkedEntry,
        payload: &DocumentPayload,
    ) -> Result<Envelope, DocumentError> {
        let chain = entry.header().chain;
        let mut last = DocumentError::Seal(congvan_core::seal::SealError::NotForUs);
        for seal in &own.seals {
            match payload.open(self.0.network, chain, &own.code, seal) {
                Ok(envelope) => return Ok(envelope),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// What the list shows of a document; one that is sealed to others shows what everybody sees.
    pub(crate) fn summary(&self, own: &Own, entry: &LinkedEntry) -> Result<DocumentSummary, ReadError> {
        let payload = self.payload_of(entry).ok();
        let envelope = payload.as_ref().and_then(|payload| self.open(own, entry, payload).ok()).unwrap_or_default();
        // Of a document whose content was erased, nobody knows any more to whom it went.
        let life = payload.is_some().then(|| self.life_of(entry)).transpose()?;
        let erased = match payload {
            Some(_) => None,
            None => self.erased(entry)?,
        };
        Ok(DocumentSummary { erased, ..self.summarize(entry, payload.as_ref(), &envelope, life.as_ref()) })
    }

    fn summarize(
        &self,
        entry: &LinkedEntry,
        payload: Option<&DocumentPayload>,
        envelope: &Envelope,
        life: Option<&Life>,
    ) -> DocumentSummary {
        let roster = self.0.ledger.roster();
        let header = entry.header();
        let sender = roster.agency(header.chain);
        let recipients = life.map_or(&[][..], |life| &life.recipients);
        let blobs = payload.map_or(&[][..], |payload| &payload.cover.blobs);
        DocumentSummary {
            id: entry.id().to_string(),
            from: sender.map(|agency| agency.code.to_string()).unwrap_or_default(),
            from_name: sender.map(|agency| agency.name.clone()).unwrap_or_default(),
            number: entry.seq().get(),
            time: header.time.as_millis(),
            clock_off: header.time.as_millis() > setup::now().as_millis().saturating_add(CLOCK_TOLERANCE_MS),
            to: recipients.iter().map(|recipient| recipient.agency.to_string()).collect(),
            code: code_of(envelope),
            type_name: envelope.type_name.to_string(),
            promulgated: envelope.promulgated.to_string(),
            subject: envelope.subject.to_string(),
            due: envelope.due.to_string(),
            attachments: envelope.attachments.len(),
            complete: blobs.iter().all(|blob| self.0.ledger.has_blob(blob)),
            standing: life.map(|life| life.standing.name()).unwrap_or_default().to_owned(),
            standing_by: life.and_then(|life| life.standing.by()).map(|by| by.id.to_string()),
            progress: recipients.iter().map(progress).collect(),
            erased: None,
        }
    }

    /// A document with everything that this agency may know of it. Its signature is checked first.
    pub(crate) fn document_view(&self, entry: &LinkedEntry) -> Result<DocumentView, ReadError> {
        entry.check()?;
        let own = self.0.own();
        let payload = self.payload_of(entry)?;
        let envelope = self.open(&own, entry, &payload)?;
        let life = self.life_of(entry)?;
        let files = envelope.attachments.iter().map(|attachment| FileView {
            name: attachment.name.to_string(),
            media_type: attachment.media_type.to_string(),
            len: attachment.len,
            zipped: attachment.packaging == Packaging::Zip,
            digest: attachment.digest.to_string(),
            present: payload.cover.blobs.get(attachment.blob as usize).is_some_and(|blob| self.0.ledger.has_blob(blob)),
            carries: Carries::NotLooked,
        });
        let signer = [&*envelope.signer.competence, &*envelope.signer.position, &*envelope.signer.name];
        let status = self.0.ledger.status(entry.header().chain);
        Ok(DocumentView {
            files: files.collect(),
            summary: self.summarize(entry, Some(&payload), &envelope, Some(&life)),
            document_id: envelope.document_id.to_string(),
            place: envelope.place.to_string(),
            summary_text: envelope.summary.to_string(),
            signer: signer.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
            priority: envelope.priority.to_string(),
            has_packet: envelope.packet.is_some(),
            packet_carries: Carries::NotLooked,
            links: self.links_of(entry)?,
            linked_by: self.linked_by(&life),
            history: self.history(&life)?,
            proof: ProofView {
                genuine: true,
                signer: entry.signer().to_string(),
                certificate: certificate::of_key(
                    &self.0.ledger,
                    entry.header().chain,
                    entry.signer().id(),
                    entry.header().time,
                    &self.0.trust,
                )?,
                payload_digest: entry.header().payload_digest.to_string(),
                previous: entry.header().prev.to_string(),
                head: status.head.map_or(0, |head| head.seq.get()),
                quarantined: status.quarantined.map(|quarantine| quarantine.from.get()),
                cover: self.cover(entry.reference())?,
            },
        })
    }

    /// The statuses of a life, in its order, opened where this agency can.
    fn history(&self, life: &Life) -> Result<Vec<StatusView>, ReadError> {
        let mut statuses = Vec::new();
        for event in life.history.iter().filter(|event| matches!(event.fact.says, Says::Status { .. })) {
            let EntryRef { chain, seq, .. } = event.fact.entry;
            if let Some(entry) = self.0.ledger.entry(chain, seq)? {
                statuses.extend(self.view_of_status(&entry, event.breach));
            }
        }
        Ok(statuses)
    }

    /// One status, by its id, with what its author noted beside it; the note is empty where it is
    /// sealed to others.
    ///
    /// # Errors
    /// [`ReadError::NotFound`] if no status has this id, or its signature is bad.
    pub fn status(&self, id: &str) -> Result<(StatusView, StatusNote), ReadError> {
        let missing = || ReadError::NotFound(id.to_owned());
        let parsed = id.trim().parse::<EntryId>().map_err(|_| ReadError::NotAnId(id.to_owned()))?;
        let entry = self.0.ledger.entry_by_id(parsed)?.filter(|entry| entry.header().kind == Kind::STATUS);
        let entry = entry.ok_or_else(missing)?;
        entry.check()?;
        let view = self.status_view(&entry).ok_or_else(missing)?;
        let payload = StatusPayload::from_bytes(entry.payload().ok_or_else(|| self.gone(&entry))?)?;
        let note = self.note(&self.0.own(), &entry, &payload);
        Ok((view, note))
    }

    fn note(&self, own: &Own, entry: &LinkedEntry, payload: &StatusPayload) -> StatusNote {
        let chain = entry.header().chain;
        own.seals.iter().find_map(|seal| payload.open(self.0.network, chain, seal).ok()).unwrap_or_default()
    }

    /// A status, with what the table says of it; `None` for a malformed one.
    pub(crate) fn status_view(&self, entry: &LinkedEntry) -> Option<StatusView> {
        let payload = StatusPayload::from_bytes(entry.payload()?).ok()?;
        let document = self.0.ledger.entry_by_id(payload.cover.document.id).ok()?;
        let life = document.and_then(|document| self.life_of(&document).ok());
        let breach = life.and_then(|life| life.verdicts(entry.id()).find_map(|event| event.breach));
        self.view_of_status(entry, breach)
    }

    fn view_of_status(&self, entry: &LinkedEntry, breach: Option<Breach>) -> Option<StatusView> {
        let payload = StatusPayload::from_bytes(entry.payload()?).ok()?;
        let chain = entry.header().chain;
        let note = self.note(&self.0.own(), entry, &payload);
        let roster = self.0.ledger.roster();
        let (status, meaning, meaning_vi) = StatusView::meanings(payload.cover.code);
        let staff = [&*note.staff.name, &*note.staff.department];
        Some(StatusView {
            id: entry.id().to_string(),
            document: payload.cover.document.id.to_string(),
            by: roster.agency(chain)?.code.to_string(),
            number: entry.seq().get(),
            time: entry.header().time.as_millis(),
            status,
            meaning,
            meaning_vi,
            note: note.note.to_string(),
            staff: staff.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "),
            answers: payload.cover.answers.map(|answers| answers.id.to_string()),
            breach: breach.map(|breach| breach.english()),
            breach_vi: breach.map(|breach| breach.vietnamese()),
        })
    }

    /// The documents that a document concerns, each with what the table says of that.
    fn links_of(&self, entry: &LinkedEntry) -> Result<Vec<LinkView>, ReadError> {
        let mut links = Vec::new();
        for link in self.payload_of(entry)?.cover.links.iter() {
            let other = self.0.ledger.entry_by_id(link.document.id)?;
            let life = other.and_then(|other| self.life_of(&other).ok());
            let says =
                |event: &&Event| matches!(event.fact.says, Says::Link { relation, .. } if relation == link.relation);
            let breach = life.and_then(|life| life.verdicts(entry.id()).find(says).and_then(|event| event.breach));
            links.push(self.link_view(link.relation, link.document, breach));
        }
        Ok(links)
    }

    /// The documents that concern a document.
    fn linked_by(&self, life: &Life) -> Vec<LinkView> {
        let view = |event: &Event| match event.fact.says {
            Says::Link { relation, .. } => Some(self.link_view(relation, event.fact.entry, event.breach)),
            Says::Status { .. } => None,
        };
        life.history.iter().filter_map(view).collect()
    }

    fn link_view(&self, relation: Relation, other: EntryRef, breach: Option<Breach>) -> LinkView {
        let roster = self.0.ledger.roster();
        LinkView {
            relation: relation_name(relation).to_owned(),
            document: other.id.to_string(),
            agency: roster.agency(other.chain).map(|agency| agency.code.to_string()).unwrap_or_default(),
            number: other.seq.get(),
            breach: breach.map(|breach| breach.english()),
            breach_vi: breach.map(|breach| breach.vietnamese()),
        }
    }

    /// A document's envelope, as its author wrote it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn envelope(&self, id: &str) -> Result<Envelope, ReadError> {
        let entry = self.document_entry(id)?;
        entry.check()?;
        Ok(self.open(&self.0.own(), &entry, &self.payload_of(&entry)?)?)
    }

    /// An attachment's bytes, piece by piece, as they were attached.
    ///
    /// # Errors
    /// [`ReadError::Incomplete`] while pieces are missing.
    pub fn attachment(&self, id: &str, number: usize) -> Result<AttachmentReader, ReadError> {
        let entry = self.document_entry(id)?;
        entry.check()?;
        let payload = self.payload_of(&entry)?;
        let envelope = self.open(&self.0.own(), &entry, &payload)?;
        let have = envelope.attachments.len();
        let attachment = envelope.attachments.get(number).ok_or(ReadError::NoAttachment { asked: number, have })?;
        self.blob_reader(&entry, &payload, attachment.blob)
    }

    /// The skeleton of the packet that a document came as (`congvan_edxml::Skeleton`).
    ///
    /// # Errors
    /// [`ReadError::NoPacket`], or [`ReadError::Incomplete`] while pieces are missing.
    pub fn skeleton(&self, id: &str) -> Result<Vec<u8>, ReadError> {
        let entry = self.document_entry(id)?;
        entry.check()?;
        let payload = self.payload_of(&entry)?;
        let envelope = self.open(&self.0.own(), &entry, &payload)?;
        match envelope.packet {
            None => Err(ReadError::NoPacket),
            Some(Packet::Inline(bytes)) => Ok(bytes.into_vec()),
            Some(Packet::Blob(blob)) => {
                let pieces: Result<Vec<_>, _> = self.blob_reader(&entry, &payload, blob)?.collect();
                Ok(pieces?.concat())
            }
        }
    }

    /// A blob that everybody may read.
    pub(crate) fn plain_blob(&self, blob: BlobRef) -> Result<AttachmentReader, ReadError> {
        if !self.0.ledger.has_blob(&blob) {
            let missing = self.0.ledger.missing_chunks(&blob, 1024).len().max(1);
            return Err(ReadError::Incomplete { missing, chunks: blob.chunks() });
        }
        Ok(AttachmentReader { node: self.clone(), blob, cipher: None, next: 0 })
    }

    fn blob_reader(
        &self,
        entry: &LinkedEntry,
        payload: &DocumentPayload,
        number: u32,
    ) -> Result<AttachmentReader, ReadError> {
        let damaged = ReadError::Damaged(number as usize);
        let blob = *payload.cover.blobs.get(number as usize).ok_or(damaged)?;
        if !self.0.ledger.has_blob(&blob) {
            let missing = self.0.ledger.missing_chunks(&blob, 1024).len().max(1);
            return Err(ReadError::Incomplete { missing, chunks: blob.chunks() });
        }
        let own = self.0.own();
        let chain = entry.header().chain;
        let mut key = Err(congvan_core::seal::SealError::NotForUs);
        for seal in &own.seals {
            key = payload.content_key(self.0.network, chain, &own.code, seal);
            if key.is_ok() {
                break;
            }
        }
        let cipher = key.map_err(DocumentError::from)?.map(|key| BlobCipher::new(&key, number));
        Ok(AttachmentReader { node: self.clone(), blob, cipher, next: 0 })
    }
}

fn progress(recipient: &Recipient) -> Progress {
    let (held, held_by) = match recipient.held {
        Held::AsSent => ("as_sent", None),
        Held::Withdrawn(by) => ("withdrawn", Some(by)),
        Held::Updated(by) => ("updated", Some(by)),
        Held::Replaced(by) => ("replaced", Some(by)),
    };
    Progress {
        agency: recipient.agency.to_string(),
        status: recipient.handling.map(|code| code.digits().to_owned()),
        held: held.to_owned(),
        held_by: held_by.map(|by| by.id.to_string()),
        open: recipient.open.iter().map(|ask| ask.id.to_string()).collect(),
    }
}

/// A word for programs.
pub(crate) fn relation_name(relation: Relation) -> &'static str {
    match relation {
        Relation::Answers => "answers",
        Relation::Recalls => "recalls",
        Relation::Updates => "updates",
        Relation::Replaces => "replaces",
    }
}

/// Reads an attachment piece by piece, decrypting and checking each: memory does not grow with it.
#[derive(Debug)]
pub struct AttachmentReader {
    node: Node,
    blob: BlobRef,
    cipher: Option<BlobCipher>,
    next: u32,
}

impl AttachmentReader {
    /// Begins `offset` bytes further on; what lies before is not read.
    pub fn starting_at(self, offset: u64) -> impl Iterator<Item = Result<Vec<u8>, ReadError>> {
        let piece = if self.cipher.is_some() { SEALED_CHUNK } else { CHUNK } as u64;
        let mut cut = (offset % piece) as usize;
        let next = u32::try_from(offset / piece).unwrap_or(u32::MAX);
        Self { next, ..self }.map(move |bytes| {
            let mut bytes = bytes?;
            bytes.drain(..std::mem::take(&mut cut).min(bytes.len()));
            Ok(bytes)
        })
    }

    fn piece(&self, index: u32) -> Result<Vec<u8>, ReadError> {
        let incomplete = ReadError::Incomplete { missing: 1, chunks: self.blob.chunks() };
        let (bytes, proof) = self.node.0.ledger.chunk(&self.blob, index)?.ok_or(incomplete)?;
        congvan_core::blob::verify_chunk(&self.blob, index, &bytes, &proof)?;
        match &self.cipher {
            Some(cipher) => Ok(cipher.open(index, index + 1 == self.blob.chunks(), &bytes)?),
            None => Ok(bytes),
        }
    }
}

impl Iterator for AttachmentReader {
    type Item = Result<Vec<u8>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let index = self.next;
        (index < self.blob.chunks()).then(|| {
            self.next += 1;
            self.piece(index)
        })
    }
}
