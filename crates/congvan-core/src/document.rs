//! A document's payload: what everybody sees of it, and the envelope that its readers open.

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{AllowedEnumVariants, DecodeError, EncodeError};

use crate::blob::BlobRef;
use crate::codec::{BoundError, Bounded, CodecError, Decode, Encode, Sorted, Text, Wire, encode, encoded_len, refuse};
use crate::domain;
use crate::entry::MAX_PAYLOAD;
use crate::ids::{AgencyCode, ChainId, Digest, EntryRef, NetworkId};
use crate::keys::{SealPublic, SealSecret};
use crate::limits::{
    MAX_ADDRESSEES, MAX_ATTACHMENTS, MAX_BLOBS, MAX_FIELD, MAX_INLINE_PACKET, MAX_NAME, MAX_REFERENCES, MAX_SUBJECT,
    MAX_SUMMARY,
};
use crate::naming::{self, Naming, NamingError, Roll};
use crate::rng::{self, CryptoRng};
use crate::seal::{self, ContentKey, SealError, Sealed};
use crate::wire;

/// A short field.
pub type Field = Text<MAX_FIELD>;
/// A name of a person, a file or an office.
pub type Name = Text<MAX_NAME>;

/// What a document is to the one it concerns (edXML `BussinessDocType`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub enum Business {
    /// A new document.
    #[default]
    New,
    /// Recalls one.
    Recall,
    /// Updates one.
    Update,
    /// Replaces some.
    Replace,
}

/// Who signed the document on paper or screen: no key, just what it says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct Signer {
    /// On whose behalf.
    pub competence: Field,
    /// Position.
    pub position: Field,
    /// Full name.
    pub name: Name,
}

/// Another document, as packets name it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct Reference {
    /// The agency that promulgated it, as written.
    pub agency: Field,
    /// Its code, as written.
    pub code: Field,
    /// Its date, as written.
    pub date: Field,
    /// Its `DocumentId`, as written.
    pub document_id: Field,
}

/// How an attachment's bytes stand for its file.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Packaging {
    /// They are the file.
    Plain,
    /// They are a ZIP that holds the file.
    Zip,
}

/// One attachment, as the envelope lists it.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Attachment {
    /// Its file name.
    pub name: Name,
    /// Its media type, as written; may be empty.
    pub media_type: Field,
    /// A description; may be empty.
    pub description: Text<MAX_SUBJECT>,
    /// Whether its bytes are the file or a ZIP of it.
    pub packaging: Packaging,
    /// Its length in plain bytes.
    pub len: u64,
    /// Digest of its plain bytes ([`domain::ATTACHMENT`]).
    pub digest: Digest,
    /// Which of the document's blobs holds it.
    pub blob: u32,
}

impl Attachment {
    /// The digest of an attachment's plain bytes, fed piece by piece.
    pub fn digest<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Digest {
        let mut hasher = blake3::Hasher::new_derive_key(domain::ATTACHMENT);
        for piece in pieces {
            hasher.update(piece);
        }
        Digest::from_bytes(*hasher.finalize().as_bytes())
    }
}

/// The packet that a document came as, with its attachments cut out (see `congvan-edxml`'s
/// `Skeleton`), so that it can be had back byte for byte.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Packet {
    /// Small enough to stand here.
    Inline(Bounded<u8, MAX_INLINE_PACKET>),
    /// In this one of the document's blobs.
    Blob(u32),
}

/// What the readers of a document read. Every field is as its author wrote it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct Envelope {
    /// The author's own id of the document (edXML `DocumentId`).
    pub document_id: Field,
    /// Number, as text: "7816", "74fass22".
    pub number: Field,
    /// Notation: "VPCP-TTĐT".
    pub notation: Field,
    /// Place of promulgation.
    pub place: Field,
    /// Date of promulgation, `yyyy/MM/dd` where well-formed.
    pub promulgated: Field,
    /// Number of its type.
    pub type_code: Field,
    /// Name of its type: "Báo cáo".
    pub type_name: Field,
    /// Subject.
    pub subject: Text<MAX_SUBJECT>,
    /// Abstract.
    pub summary: Text<MAX_SUMMARY>,
    /// Who signed.
    pub signer: Signer,
    /// Date by which an answer is due, `yyyy/MM/dd` where well-formed; may be empty.
    pub due: Field,
    /// Urgency, as written.
    pub priority: Field,
    /// What it is to another document.
    pub business: Business,
    /// Documents that it answers or concerns.
    pub responds_to: Bounded<Reference, MAX_REFERENCES>,
    /// Its attachments.
    pub attachments: Bounded<Attachment, MAX_ATTACHMENTS>,
    /// The packet that it came as.
    pub packet: Option<Packet>,
}

/// The private part of a document, by version.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[allow(clippy::large_enum_variant)]
pub enum Content {
    /// The first version.
    V1(Envelope),
}
wire!(Content, "document envelope", MAX_PAYLOAD);

/// A body: open to everybody, or sealed to readers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// Sealed: the usual case.
    Sealed(Sealed),
    /// Public by explicit choice.
    Public(Bounded<u8, MAX_PAYLOAD>),
}

/// What a document is to an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum Relation {
    /// It answers it: a reply to a letter, a decision on a proposal.
    Answers,
    /// It recalls it.
    Recalls,
    /// It updates it: both are to be read together.
    Updates,
    /// It stands in its place.
    Replaces,
}

/// That a document concerns an earlier one, by its entry: the id proves which came first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub struct Link {
    /// What it is to the other.
    pub relation: Relation,
    /// The other.
    pub document: EntryRef,
}

/// What stands open of a document, for relays, auditors, and whoever follows its life.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct Cover {
    /// To whom, sorted.
    pub addressees: Sorted<AgencyCode, MAX_ADDRESSEES>,
    /// Earlier documents that it concerns.
    pub links: Sorted<Link, MAX_REFERENCES>,
    /// Its attachments' bytes, and its packet's.
    pub blobs: Bounded<BlobRef, MAX_BLOBS>,
}

impl Cover {
    /// What a seal binds the body to.
    fn context(&self, network: NetworkId, chain: ChainId) -> Vec<u8> {
        [network.as_bytes().as_slice(), chain.as_bytes(), &encode(self)].concat()
    }
}

/// The payload of a [`crate::Kind::DOCUMENT`] entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DocumentPayload {
    /// What everybody sees.
    pub cover: Cover,
    /// The envelope.
    pub body: Body,
    /// What shows one addressee without the others; `None` of documents without addressees or of the first form.
    pub naming: Option<Naming>,
}
wire!(DocumentPayload, "document", MAX_PAYLOAD);

/// The number of a public body; a sealed one has 0.
const PUBLIC: u32 = 1;
/// What a body's number is greater by where the addressees are named.
const NAMED: u32 = 2;

impl Encode for DocumentPayload {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        let Self { cover, body, naming } = self;
        cover.encode(encoder)?;
        let public = if matches!(body, Body::Public(_)) { PUBLIC } else { 0 };
        (public + if naming.is_some() { NAMED } else { 0 }).encode(encoder)?;
        if let Some(naming) = naming {
            naming.salt.encode(encoder)?;
        }
        match body {
            Body::Sealed(sealed) => sealed.encode(encoder)?,
            Body::Public(content) => content.encode(encoder)?,
        }
        if let Some(naming) = naming {
            (0..self.zeros()).try_for_each(|_| 0u8.encode(encoder))?;
            domain::NAMING.encode(encoder)?;
            naming.roll.encode(encoder)?;
        }
        Ok(())
    }
}

impl<C> Decode<C> for DocumentPayload {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let cover = Cover::decode(decoder)?;
        let found = u32::decode(decoder)?;
        let salt = (found & NAMED != 0).then(|| <[u8; 32]>::decode(decoder)).transpose()?;
        let body = match found & !NAMED {
            0 => Body::Sealed(Sealed::decode(decoder)?),
            PUBLIC => Body::Public(Bounded::decode(decoder)?),
            _ => {
                let allowed = &AllowedEnumVariants::Range { min: 0, max: PUBLIC + NAMED };
                return Err(DecodeError::UnexpectedVariant { type_name: "Body", allowed, found });
            }
        };
        let mut payload = Self { cover, body, naming: None };
        match salt {
            Some(salt) => {
                for _ in 0..payload.zeros() {
                    if u8::decode(decoder)? != 0 {
                        return Err(refuse(NamingError::Padding));
                    }
                }
                if <[u8; domain::NAMING.len()]>::decode(decoder)? != *domain::NAMING {
                    return Err(refuse(NamingError::NoEnd));
                }
                payload.naming = Some(Naming { salt, roll: Roll::decode(decoder)? });
            }
            // Whoever sees no more than the end could take it for what it is not.
            None if naming::has_end(&encode(&payload)) => return Err(refuse(NamingError::Poses)),
            None => {}
        }
        Ok(payload)
    }
}

/// Why a document cannot be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// A bound.
    #[error(transparent)]
    Bound(#[from] BoundError),
    /// Addressees, metadata and seals together are too long for one entry.
    #[error(
        "addressees and metadata need {0} bytes; at most {MAX_PAYLOAD} fit in an entry: shorten the abstract or put \
         it into an attachment"
    )]
    TooLong(usize),
    /// A sealed document needs one sealing key for each addressee.
    #[error("{addressees} addressees and {keys} sealing keys were given")]
    Keys {
        /// Addressees.
        addressees: usize,
        /// Keys.
        keys: usize,
    },
    /// Sealing or opening fails.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The payload or the opened envelope is malformed.
    #[error(transparent)]
    Malformed(#[from] CodecError),
}

impl DocumentPayload {
    /// A document for its readers alone. `keys` has each addressee's sealing key, in the cover's
    /// order; `own` is the sender's, so that it can read what it sent.
    ///
    /// # Errors
    /// [`DocumentError`] names the bound or the key.
    #[allow(clippy::too_many_arguments)]
    pub fn seal(
        network: NetworkId,
        chain: ChainId,
        cover: Cover,
        keys: &[SealPublic],
        own: SealPublic,
        envelope: Envelope,
        content_key: &ContentKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, DocumentError> {
        if keys.len() != cover.addressees.len() {
            return Err(DocumentError::Keys { addressees: cover.addressees.len(), keys: keys.len() });
        }
        let context = cover.context(network, chain);
        let readers: Vec<_> = keys.iter().copied().chain([own]).collect();
        let content = Content::V1(envelope).to_bytes();
        let body = Body::Sealed(seal::seal(&readers, &context, &content, content_key, rng)?);
        Self { cover, body, naming: None }.named(rng)
    }

    /// A document that everybody may read.
    ///
    /// # Errors
    /// [`DocumentError`] names the bound.
    pub fn public(cover: Cover, envelope: Envelope, rng: &mut impl CryptoRng) -> Result<Self, DocumentError> {
        let body = Body::Public(Bounded::new(Content::V1(envelope).to_bytes())?);
        Self { cover, body, naming: None }.named(rng)
    }

    /// Names the addressees one by one, where there are some and there is room for it.
    fn named(mut self, rng: &mut impl CryptoRng) -> Result<Self, DocumentError> {
        let plain = encoded_len(&self);
        if plain > MAX_PAYLOAD {
            return Err(DocumentError::TooLong(plain));
        }
        if !self.cover.addressees.is_empty() {
            self.naming = Some(Naming::new(rng::bytes(rng), &self.cover.addressees));
            if encoded_len(&self) > MAX_PAYLOAD {
                self.naming = None;
            }
        }
        Ok(self)
    }

    /// How many zeros stand before the end of a payload that names.
    fn zeros(&self) -> usize {
        let body = match &self.body {
            Body::Sealed(sealed) => encoded_len(sealed),
            Body::Public(content) => encoded_len(content),
        };
        naming::zeros(encoded_len(&self.cover), body)
    }

    /// Whether the addressees that it names, if it does, are those on its cover.
    pub fn names_its_addressees(&self) -> bool {
        self.naming.is_none_or(|naming| naming.fits(&self.cover.addressees))
    }

    fn reader(&self, code: &AgencyCode) -> usize {
        // Whoever is no addressee can only be the sender, whose wrap is the last.
        self.cover.addressees.binary_search(code).unwrap_or(self.cover.addressees.len())
    }

    /// Whether it is addressed to `code`.
    pub fn is_to(&self, code: &AgencyCode) -> bool {
        self.cover.addressees.binary_search(code).is_ok()
    }

    /// The content key, for an addressee or the sender; `None` for a public document, whose blobs
    /// are plain.
    ///
    /// # Errors
    /// [`SealError::NotForUs`].
    pub fn content_key(
        &self,
        network: NetworkId,
        chain: ChainId,
        code: &AgencyCode,
        secret: &SealSecret,
    ) -> Result<Option<ContentKey>, SealError> {
        let Body::Sealed(sealed) = &self.body else { return Ok(None) };
        let context = self.cover.context(network, chain);
        match seal::unwrap_key(sealed, self.reader(code), &context, secret) {
            // A sender that addresses itself has two wraps.
            Err(_) if self.is_to(code) => {
                seal::unwrap_key(sealed, self.cover.addressees.len(), &context, secret).map(Some)
            }
            other => other.map(Some),
        }
    }

    /// The envelope, opened by an addressee or the sender.
    ///
    /// # Errors
    /// [`DocumentError::Seal`] if it is not ours, [`DocumentError::Malformed`] if its author wrote
    /// something else.
    pub fn open(
        &self,
        network: NetworkId,
        chain: ChainId,
        code: &AgencyCode,
        secret: &SealSecret,
    ) -> Result<Envelope, DocumentError> {
        let key = self.content_key(network, chain, code, secret)?;
        self.open_with(network, chain, key.as_ref()).unwrap_or(Err(SealError::NotForUs.into()))
    }

    /// The envelope, by its content key; a public one opens without. `None` for a sealed one without the key.
    ///
    /// # Errors
    /// [`DocumentError::Seal`] if it is another key, [`DocumentError::Malformed`] if its author wrote something else.
    pub fn open_with(
        &self,
        network: NetworkId,
        chain: ChainId,
        key: Option<&ContentKey>,
    ) -> Option<Result<Envelope, DocumentError>> {
        let read = |content: &[u8]| {
            let Content::V1(envelope) = Content::from_bytes(content)?;
            Ok(envelope)
        };
        match &self.body {
            Body::Public(content) => Some(read(content)),
            Body::Sealed(sealed) => {
                let opened = seal::open(sealed, &self.cover.context(network, chain), key?);
                Some(opened.map_err(DocumentError::from).and_then(|content| read(&content)))
            }
        }
    }
}
