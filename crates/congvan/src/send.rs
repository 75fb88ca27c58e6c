//! Sending documents.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::time::Duration;

use congvan_core::blob::{BlobCipher, BlobError, BlobRef, CHUNK, SEALED_CHUNK};
use congvan_core::document::{DocumentError, Packet, Reference, Relation};
use congvan_core::limits::{MAX_ATTACHMENT, MAX_INLINE_PACKET};
use congvan_core::rng::{self, RandomError};
use congvan_core::seal::ContentKey;
use congvan_core::{
    AgencyCode, Attachment, Bounded, ChainId, Cover, Digest, DocumentPayload, Draft, EntryRef, Envelope, Kind, Link,
    SealPublic, Sorted, VerifiedEntry, Wire, domain,
};
use congvan_store::{AppendError, Done, Full, LocalPut, StoreError};
use tokio::sync::oneshot;

use crate::gate::Gate;
use crate::node::{Node, Own, lock};
use crate::read::ReadError;
use crate::replicate::Input;
use crate::report::LifeError;
use crate::setup;

/// How long writing waits for the gate to open.
const GATE_PATIENCE: Duration = Duration::from_secs(10);
/// The most bytes of an idempotency key.
pub const MAX_KEY: usize = 256;

/// An attachment's bytes, to be read once.
#[derive(Debug)]
pub enum Source {
    /// In memory.
    Bytes(Vec<u8>),
    /// A file.
    File(PathBuf),
}

impl Source {
    /// How many bytes it has now.
    pub(crate) fn len(&self) -> io::Result<u64> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
            Self::File(path) => Ok(std::fs::metadata(path)?.len()),
        }
    }

    fn open(self) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Self::Bytes(bytes) => Box::new(Cursor::new(bytes)),
            Self::File(path) => Box::new(File::open(path)?),
        })
    }
}

/// A document to send.
///
/// Of the envelope's attachments, names and types are the caller's; lengths, digests and blob
/// numbers are filled in from `attachments`, one for each, in order.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// To whom.
    pub to: Vec<AgencyCode>,
    /// Earlier documents that it answers, recalls, updates or replaces.
    pub links: Vec<Link>,
    /// The same, as a packet names them; those that are found here become links. One that it is to
    /// recall, update or replace, and that is not found, is an error, unless `force` is set.
    pub references: Vec<(Relation, Reference)>,
    /// Send it although what it is to recall, update or replace is not found here.
    pub force: bool,
    /// Everything about it.
    pub envelope: Envelope,
    /// The attachments' bytes.
    pub attachments: Vec<Source>,
    /// The packet that it came as, its attachments cut out (`congvan_edxml::Skeleton`).
    pub skeleton: Option<Vec<u8>>,
    /// A retry with the same key sends once; at most [`MAX_KEY`] bytes.
    pub key: Option<String>,
    /// Readable by everybody. Documents are private unless this is set (DESIGN §3.10).
    pub public: bool,
}

/// A durable entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Chain, number and id.
    pub entry: EntryRef,
    /// Whether an earlier call with the same key wrote it.
    pub repeated: bool,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Not now; ask again later.
    #[error("this node does not write yet: {0}")]
    NotYet(String),
    /// Not without the operator or the registrar.
    #[error("this node does not write: {0}")]
    Refused(String),
    /// Addressees that the roster does not know.
    #[error("the roster knows no agency {}", list(.0))]
    UnknownAddressees(Vec<AgencyCode>),
    /// No addressee.
    #[error("a document that is not public needs an addressee")]
    NoAddressee,
    /// An envelope that lists other attachments than are given.
    #[error("the envelope lists {listed} attachments; {given} were given")]
    Attachments {
        /// In the envelope.
        listed: usize,
        /// Given.
        given: usize,
    },
    /// An attachment over the bound.
    #[error("attachment {number} ({name}) has more than {MAX_ATTACHMENT} bytes")]
    AttachmentTooLong {
        /// Which, from 1.
        number: usize,
        /// Its name.
        name: String,
    },
    /// An attachment cannot be read.
    #[error("attachment {number} ({name}): {error}")]
    AttachmentUnreadable {
        /// Which, from 1.
        number: usize,
        /// Its name.
        name: String,
        /// What the system said.
        error: io::Error,
    },
    /// A key over the bound.
    #[error("an idempotency key has 1 to {MAX_KEY} bytes; this has {0}")]
    KeyLength(usize),
    /// A bound of the document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A bound of its lists.
    #[error(transparent)]
    Bound(#[from] congvan_core::codec::BoundError),
    /// A blob.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger did not take the entry.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The document that a status is about.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The rules of a document's life.
    #[error(transparent)]
    Life(#[from] LifeError),
    /// Keys on disk.
    #[error(transparent)]
    Setup(#[from] setup::SetupError),
    /// The node stops.
    #[error("the node is stopping")]
    Stopping,
}

/// Where the ledger keeps what was written under an idempotency key.
pub(crate) fn local_key(what: &[u8], key: Option<&str>) -> Result<Option<Vec<u8>>, SendError> {
    match key {
        Some(key) if key.is_empty() || key.len() > MAX_KEY => Err(SendError::KeyLength(key.len())),
        Some(key) => Ok(Some([what, key.as_bytes()].concat())),
        None => Ok(None),
    }
}

fn list(codes: &[AgencyCode]) -> String {
    codes.iter().map(AgencyCode::as_str).collect::<Vec<_>>().join(", ")
}

impl Node {
    pub(crate) async fn writable_own(&self) -> Result<Own, SendError> {
        match self.wait_writable(if self.0.net.is_some() { GATE_PATIENCE } else { Duration::ZERO }).await {
            Gate::Open => Ok(self.0.own()),
            Gate::Waiting(why) => Err(SendError::NotYet(why)),
            Gate::Refused(why) => Err(SendError::Refused(why)),
        }
    }

    /// Appends a draft, and returns once it is durable. Dropping the future does not undo it.
    pub(crate) async fn append(&self, draft: Draft, local: Vec<LocalPut>) -> Result<VerifiedEntry, SendError> {
        let writer = lock(&self.0.writer).clone().ok_or(SendError::Stopping)?;
        let (done, answered) = self.answer();
        if let Err(Full { draft, local, done }) = writer.try_append_then(draft, local, done) {
            // Waiting for room blocks: off the runtime.
            tokio::task::spawn_blocking(move || writer.append_then(draft, local, done))
                .await
                .map_err(|_| SendError::Stopping)?;
        }
        Ok(answered.await.map_err(|_| SendError::Stopping)??)
    }

    /// Appends drafts, in order, and returns once each is durable or failed. All are handed over before any
    /// is waited for, so that they share syncs.
    pub(crate) async fn append_all(
        &self,
        drafts: Vec<Draft>,
    ) -> Result<Vec<Result<VerifiedEntry, SendError>>, SendError> {
        let writer = lock(&self.0.writer).clone().ok_or(SendError::Stopping)?;
        let node = self.clone();
        let hand_over = move |draft| {
            let (done, answered) = node.answer();
            writer.append_then(draft, Vec::new(), done);
            answered
        };
        // Waiting for room blocks: off the runtime.
        let waiting = tokio::task::spawn_blocking(move || drafts.into_iter().map(hand_over).collect::<Vec<_>>()).await;
        let mut appended = Vec::new();
        for answered in waiting.map_err(|_| SendError::Stopping)? {
            appended.push(answered.await.map_err(|_| SendError::Stopping)?.map_err(SendError::from));
        }
        Ok(appended)
    }

    /// What the writer calls once an entry is durable or failed, and where that is then said.
    fn answer(&self) -> (Done, oneshot::Receiver<Result<VerifiedEntry, AppendError>>) {
        let (answer, answered) = oneshot::channel();
        let shared = self.0.clone();
        let done = Box::new(move |result: Result<VerifiedEntry, AppendError>| {
            if let Ok(entry) = &result {
                // Where the replica is behind, reconciliation brings what is not announced.
                let _ = shared.to_replica.try_send(Input::Appended(Box::new(entry.clone())));
                shared.arrived();
            }
            let _ = answer.send(result);
        });
        (done, answered)
    }

    pub(crate) async fn append_own(&self, draft: Draft) -> Result<VerifiedEntry, SendError> {
        self.append(draft, Vec::new()).await
    }

    /// Sends a document: returns once its entry and attachments are durable here; peers get them
    /// from then on, however long they are away.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent then. A retry with the same [`Outgoing::key`] sends once.
    pub async fn send(&self, outgoing: Outgoing) -> Result<Receipt, SendError> {
        let own = self.writable_own().await?;
        let local_key = local_key(b"sent\0", outgoing.key.as_deref())?;
        let _keyed = match &local_key {
            Some(_) => Some(self.0.keyed.lock().await),
            None => None,
        };
        if let Some(entry) = self.written_under(local_key.as_deref())? {
            return Ok(Receipt { entry, repeated: true });
        }
        let node = self.clone();
        let payload = tokio::task::spawn_blocking(move || node.prepare(&own, outgoing))
            .await
            .map_err(|_| SendError::Stopping)??;
        let draft = Draft { kind: Kind::DOCUMENT, time: setup::now(), payload: payload.to_bytes() };
        let local = local_key.into_iter().map(LocalPut::Entry).collect();
        let entry = self.append(draft, local).await?;
        Ok(Receipt { entry: entry.reference(), repeated: false })
    }

    /// Stores the attachments and makes the payload.
    fn prepare(&self, own: &Own, outgoing: Outgoing) -> Result<DocumentPayload, SendError> {
        let Outgoing { to, mut links, references, force, mut envelope, attachments, skeleton, public, .. } = outgoing;
        let addressees: Sorted<AgencyCode, { congvan_core::limits::MAX_ADDRESSEES }> = Sorted::from_unsorted(to)?;
        if addressees.is_empty() && !public {
            return Err(SendError::NoAddressee);
        }
        links.extend(self.resolve(own, &references, force)?);
        let links: Sorted<Link, { congvan_core::limits::MAX_REFERENCES }> = Sorted::from_unsorted(links)?;
        self.check_links(own, &links, &addressees)?;
        let keys = self.seal_keys(&addressees)?;
        if envelope.attachments.len() != attachments.len() {
            return Err(SendError::Attachments { listed: envelope.attachments.len(), given: attachments.len() });
        }
        let mut rng = rng::from_os()?;
        let content_key = ContentKey::generate(&mut rng);
        let cipher_key = (!public).then_some(&content_key);
        let mut blobs = Vec::new();
        let mut listed = std::mem::take(&mut envelope.attachments).into_vec();
        for (number, (attachment, source)) in (1..).zip(listed.iter_mut().zip(attachments)) {
            let blob = blobs.len() as u32;
            let name = attachment.name.to_string();
            let stored = self.store_blob(source, cipher_key, blob).map_err(|error| match error {
                BlobFailure::Read(error) => SendError::AttachmentUnreadable { number, name, error },
                BlobFailure::TooLong => SendError::AttachmentTooLong { number, name },
                BlobFailure::Store(error) => error.into(),
                BlobFailure::Blob(error) => error.into(),
            })?;
            *attachment = Attachment { len: stored.len, digest: stored.digest, blob, ..attachment.clone() };
            blobs.push(stored.blob);
        }
        envelope.attachments = Bounded::new(listed)?;
        envelope.packet = match skeleton {
            None => None,
            Some(bytes) if bytes.len() <= MAX_INLINE_PACKET => Some(Packet::Inline(Bounded::new(bytes)?)),
            Some(bytes) => {
                let blob = blobs.len() as u32;
                let stored = self.store_blob(Source::Bytes(bytes), cipher_key, blob).map_err(|error| match error {
                    BlobFailure::Store(error) => SendError::from(error),
                    BlobFailure::Blob(error) => error.into(),
                    BlobFailure::Read(_) | BlobFailure::TooLong => BlobError::TooLong.into(),
                })?;
                blobs.push(stored.blob);
                Some(Packet::Blob(blob))
            }
        };
        let cover = Cover { addressees, links, blobs: Bounded::new(blobs)? };
        if public {
            return Ok(DocumentPayload::public(cover, envelope, &mut rng)?);
        }
        let own_seal = own.seals.first().map(|seal| seal.public()).ok_or(SendError::Stopping)?;
        let network = self.0.network;
        Ok(DocumentPayload::seal(network, own.chain, cover, &keys, own_seal, envelope, &content_key, &mut rng)?)
    }

    /// The sealing key that holds now for each agency.
    pub(crate) fn seal_keys(&self, codes: &[AgencyCode]) -> Result<Vec<SealPublic>, SendError> {
        let roster = self.0.ledger.roster();
        let key = |code: &AgencyCode| {
            let agency = roster.by_code(code)?;
            let keys = self.0.ledger.state(agency.chain).next_keys(agency.policy());
            keys.map(|keys| keys.seal).or_else(|| agency.granted_keys().map(|keys| keys.seal))
        };
        let keys: Vec<_> = codes.iter().map(|code| key(code).ok_or(code)).collect();
        let unknown: Vec<_> = keys.iter().filter_map(|key| key.err().cloned()).collect();
        match unknown.is_empty() {
            true => Ok(keys.into_iter().flatten().collect()),
            false => Err(SendError::UnknownAddressees(unknown)),
        }
    }

    /// Streams an attachment into the ledger, encrypted, in constant memory.
    fn store_blob(&self, source: Source, key: Option<&ContentKey>, number: u32) -> Result<StoredBlob, BlobFailure> {
        let cipher = key.map(|key| BlobCipher::new(key, number));
        let piece = if cipher.is_some() { SEALED_CHUNK } else { CHUNK };
        let mut input = source.open().map_err(BlobFailure::Read)?;
        let mut writer = self.0.ledger.blob_writer()?;
        let mut hasher = AttachmentHasher::default();
        let mut next = read_piece(&mut input, piece)?;
        for index in 0.. {
            let current = next;
            next = if current.len() == piece { read_piece(&mut input, piece)? } else { Vec::new() };
            let last = next.is_empty();
            hasher.update(&current);
            if hasher.len > MAX_ATTACHMENT {
                return Err(BlobFailure::TooLong);
            }
            match &cipher {
                Some(cipher) => writer.push(&cipher.seal(index, last, &current)?)?,
                None => writer.push(&current)?,
            }
            if last {
                break;
            }
        }
        Ok(StoredBlob { blob: writer.finish()?, len: hasher.len, digest: hasher.finish() })
    }

    /// Stores bytes that everybody may read.
    pub(crate) fn store_plain(&self, source: Source) -> io::Result<BlobRef> {
        self.store_blob(source, None, 0).map(|stored| stored.blob).map_err(|error| match error {
            BlobFailure::Read(error) => error,
            BlobFailure::TooLong => io::Error::other(BlobError::TooLong),
            BlobFailure::Store(error) => io::Error::other(error),
            BlobFailure::Blob(error) => io::Error::other(error),
        })
    }

    /// The entry that an earlier call with the same key wrote.
    pub(crate) fn written_under(&self, local_key: Option<&[u8]>) -> Result<Option<EntryRef>, SendError> {
        Ok(local_key.map(|key| self.0.ledger.get_local_entry(key)).transpose()?.flatten())
    }

    /// The agency's chain.
    pub fn chain(&self) -> ChainId {
        self.0.own().chain
    }
}

struct StoredBlob {
    blob: BlobRef,
    len: u64,
    digest: Digest,
}

enum BlobFailure {
    Read(io::Error),
    TooLong,
    Store(StoreError),
    Blob(BlobError),
}

impl From<StoreError> for BlobFailure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<BlobError> for BlobFailure {
    fn from(error: BlobError) -> Self {
        Self::Blob(error)
    }
}

fn read_piece(input: &mut impl Read, len: usize) -> Result<Vec<u8>, BlobFailure> {
    let mut piece = Vec::with_capacity(len);
    input.take(len as u64).read_to_end(&mut piece).map_err(BlobFailure::Read)?;
    Ok(piece)
}

/// Digests an attachment as it streams by.
struct AttachmentHasher {
    hasher: blake3::Hasher,
    len: u64,
}

impl Default for AttachmentHasher {
    fn default() -> Self {
        Self { hasher: blake3::Hasher::new_derive_key(domain::ATTACHMENT), len: 0 }
    }
}

impl AttachmentHasher {
    fn update(&mut self, piece: &[u8]) {
        self.hasher.update(piece);
        self.len += piece.len() as u64;
    }

    fn finish(&self) -> Digest {
        Digest::from_bytes(*self.hasher.finalize().as_bytes())
    }
}
