//! One signed link of a chain, and how it is read from bytes.
//!
//! ```text
//! header 183 bytes ‖ signature 64 bytes ‖ payload 0 to MAX_PAYLOAD bytes
//! ```
//!
//! The header has a fixed width, so its encoding has no second form. What was signed is kept,
//! relayed and hashed as the very bytes received.

use std::fmt;
use std::sync::Arc;

use crate::codec::{CodecError, Decode, Encode, Wire};
use crate::domain;
use crate::ids::{ChainId, Digest, EntryId, EntryRef, NetworkId, Point, Seq, Time};
use crate::keys::{KeyId, PublicKey, SecretKey, Signature};
use crate::limits::MAX_ENTRY;
use crate::wire;

/// Bytes of a header.
pub const HEADER_LEN: usize = 183;
/// Bytes of a header and its signature: an entry without its payload.
pub const SIGNED_LEN: usize = HEADER_LEN + 64;
/// The most payload that one entry carries.
pub const MAX_PAYLOAD: usize = MAX_ENTRY - HEADER_LEN;
/// The most bytes of an entry with its signature.
pub const MAX_ENTRY_BYTES: usize = SIGNED_LEN + MAX_PAYLOAD;
/// The header version that this crate writes and reads.
pub const VERSION: u8 = 1;

/// What an entry is. Numbers below [`Kind::CONTROL`] are data: a node stores and relays them even
/// where it does not know them. Those from it on change chain rules, and an unknown one stops the
/// chain until the node is upgraded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Kind(pub u16);

impl Kind {
    /// Free bytes; for tests and applications' own notes.
    pub const NOTE: Kind = Kind(0);
    /// A [`crate::DocumentPayload`].
    pub const DOCUMENT: Kind = Kind(1);
    /// A [`crate::StatusPayload`].
    pub const STATUS: Kind = Kind(2);
    /// A [`crate::ProcedurePayload`]: a change of the catalogue of procedures.
    pub const PROCEDURE: Kind = Kind(3);
    /// A [`crate::CheckpointPayload`]: the chain's own size and Merkle root.
    pub const CHECKPOINT: Kind = Kind(4);
    /// A [`crate::WitnessPayload`]: cosignatures of other chains' checkpoints.
    pub const WITNESS: Kind = Kind(5);
    /// An [`crate::Erasure`]: entries before it lose their payloads.
    pub const ERASE: Kind = Kind(6);
    /// The first number of entries that change chain rules.
    pub const CONTROL: Kind = Kind(0x8000);
    /// A [`crate::chain::KeyRotation`]: the old key names the new one.
    pub const ROTATION: Kind = Kind(0x8001);
    /// A [`crate::roster::RosterPayload`], on the roster only.
    pub const ROSTER: Kind = Kind(0x8002);

    /// Whether entries of this kind change who may write what.
    pub fn is_control(self) -> bool {
        self >= Self::CONTROL
    }

    /// The kind's name in English, as the command line prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NOTE => "note",
            Self::DOCUMENT => "document",
            Self::STATUS => "status",
            Self::PROCEDURE => "procedure",
            Self::CHECKPOINT => "checkpoint",
            Self::WITNESS => "witness",
            Self::ERASE => "erasure",
            Self::ROTATION => "rotation",
            Self::ROSTER => "roster",
            _ => "unknown",
        }
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}

/// What an author signs: all of an entry but its payload, which it commits to by digest and length.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Header {
    /// [`VERSION`].
    pub version: u8,
    /// The network; an entry of one is invalid in another.
    pub network: NetworkId,
    /// The chain.
    pub chain: ChainId,
    /// The number in it.
    pub seq: Seq,
    /// The id of the entry before; 32 zero bytes in the first.
    pub prev: EntryId,
    /// When, by the author's clock.
    pub time: Time,
    /// What the payload is.
    pub kind: Kind,
    /// The key that signs.
    pub signer: KeyId,
    /// Digest of the payload.
    pub payload_digest: Digest,
    /// Length of the payload in bytes, at most [`MAX_PAYLOAD`].
    pub payload_len: u32,
}
wire!(Header, "entry header", HEADER_LEN);

impl Header {
    /// What `prev` holds in a chain's first entry.
    pub const NO_PREVIOUS: EntryId = EntryId::from_bytes([0; 32]);

    /// The digest of a payload.
    pub fn digest(payload: &[u8]) -> Digest {
        Digest::from_bytes(domain::hash(domain::PAYLOAD, &[payload]))
    }
}

/// Bytes that are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// Fewer bytes than a header and a signature.
    #[error("an entry has at least {SIGNED_LEN} bytes; this has {0}")]
    TooShort(usize),
    /// More bytes than an entry may have.
    #[error("an entry has at most {MAX_ENTRY_BYTES} bytes; this has {0}")]
    TooLong(usize),
    /// The header is malformed.
    #[error(transparent)]
    Header(#[from] CodecError),
    /// A version that this software does not read.
    #[error("header version {0} is not known here; newer software wrote it")]
    Version(u8),
    /// The header's length is not the payload's.
    #[error("the header states a payload of {stated} bytes; {found} are there")]
    PayloadLength {
        /// In the header.
        stated: u32,
        /// In fact.
        found: usize,
    },
    /// The payload is not the one that was signed for.
    #[error("the payload's digest is not the header's: the payload was altered")]
    PayloadDigest,
    /// A payload over the bound, offered for writing.
    #[error("the payload has {0} bytes; at most {MAX_PAYLOAD} fit in an entry: put large content into attachments")]
    PayloadTooLong(usize),
}

/// An entry as bytes and as fields. Which checks it has passed is its wrapper's type:
/// [`UnverifiedEntry`], [`crate::LinkedEntry`], [`crate::VerifiedEntry`].
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) header: Header,
    pub(crate) id: EntryId,
    pub(crate) bytes: Arc<[u8]>,
}

impl Parts {
    pub(crate) fn signature(&self) -> Signature {
        let mut signature = [0; 64];
        signature.copy_from_slice(&self.bytes[HEADER_LEN..SIGNED_LEN]);
        Signature(signature)
    }

    /// The signed message: context ‖ header.
    fn message(&self) -> [u8; domain::SIGN_ENTRY.len() + HEADER_LEN] {
        signed_message(&self.bytes[..HEADER_LEN])
    }

    pub(crate) fn check_signature(&self, key: &PublicKey) -> Result<(), crate::keys::KeyError> {
        key.verify(&self.message(), &self.signature())
    }
}

fn signed_message(header: &[u8]) -> [u8; domain::SIGN_ENTRY.len() + HEADER_LEN] {
    let mut message = [0; domain::SIGN_ENTRY.len() + HEADER_LEN];
    let (context, rest) = message.split_at_mut(domain::SIGN_ENTRY.len());
    context.copy_from_slice(domain::SIGN_ENTRY);
    rest.copy_from_slice(header);
    message
}

/// Accessors that every stage of an entry shares.
macro_rules! entry_accessors {
    ($type:ty) => {
        impl $type {
            /// The header.
            pub fn header(&self) -> &$crate::Header {
                &self.parts().header
            }
            /// The id: hash of header and signature.
            pub fn id(&self) -> $crate::EntryId {
                self.parts().id
            }
            /// The number in its chain.
            pub fn seq(&self) -> $crate::Seq {
                self.parts().header.seq
            }
            /// Number and id.
            pub fn point(&self) -> $crate::Point {
                $crate::Point { seq: self.seq(), id: self.id() }
            }
            /// Chain, number and id.
            pub fn reference(&self) -> $crate::EntryRef {
                $crate::EntryRef { chain: self.parts().header.chain, seq: self.seq(), id: self.id() }
            }
            /// The signature.
            pub fn signature(&self) -> $crate::Signature {
                self.parts().signature()
            }
            /// The entry as received: header ‖ signature ‖ payload.
            pub fn bytes(&self) -> &[u8] {
                &self.parts().bytes
            }
            /// The same bytes, shared.
            pub fn shared_bytes(&self) -> std::sync::Arc<[u8]> {
                self.parts().bytes.clone()
            }
            /// Header ‖ signature, without the payload.
            pub fn signed_bytes(&self) -> &[u8] {
                &self.parts().bytes[..$crate::entry::SIGNED_LEN]
            }
            /// The payload; `None` where it has been dropped (DESIGN §3.11).
            pub fn payload(&self) -> Option<&[u8]> {
                let payload = &self.parts().bytes[$crate::entry::SIGNED_LEN..];
                (payload.len() == self.header().payload_len as usize).then_some(payload)
            }
        }
    };
}
pub(crate) use entry_accessors;

/// A well-formed entry whose payload fits its digest; nobody has vouched for it yet.
#[derive(Clone, PartialEq, Eq)]
pub struct UnverifiedEntry(Parts);

impl UnverifiedEntry {
    fn parts(&self) -> &Parts {
        &self.0
    }

    /// Reads an entry from exactly its bytes, with its payload or without.
    ///
    /// # Errors
    /// [`EntryError`] says what does not fit.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        match bytes.len() {
            len if len < SIGNED_LEN => return Err(EntryError::TooShort(len)),
            len if len > MAX_ENTRY_BYTES => return Err(EntryError::TooLong(len)),
            _ => {}
        }
        // Another version may have other fields: its number is all that may be read of it.
        if bytes[0] != VERSION {
            return Err(EntryError::Version(bytes[0]));
        }
        let header = Header::from_bytes(&bytes[..HEADER_LEN])?;
        let payload = &bytes[SIGNED_LEN..];
        let stated = header.payload_len;
        // A header and signature alone are an entry whose payload was dropped.
        if !payload.is_empty() || stated == 0 {
            if payload.len() != stated as usize {
                return Err(EntryError::PayloadLength { stated, found: payload.len() });
            }
            if Header::digest(payload) != header.payload_digest {
                return Err(EntryError::PayloadDigest);
            }
        } else if stated as usize > MAX_PAYLOAD {
            return Err(EntryError::PayloadTooLong(stated as usize));
        }
        let id = EntryId::of(&bytes[..SIGNED_LEN]);
        Ok(Self(Parts { header, id, bytes: bytes.into() }))
    }

    /// The signature's own verdict under the key that the header names, whoever may hold it.
    ///
    /// # Errors
    /// The signer is no usable key, or the signature does not hold.
    pub fn check_own_signature(&self) -> Result<PublicKey, crate::keys::KeyError> {
        let key = PublicKey::new(self.0.header.signer.as_bytes())?;
        self.0.check_signature(&key)?;
        Ok(key)
    }

    pub(crate) fn into_parts(self) -> Parts {
        self.0
    }
}
entry_accessors!(UnverifiedEntry);

impl fmt::Debug for UnverifiedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedEntry({:?} {:?} {:?})", self.0.header.chain, self.0.header.seq, self.0.id)
    }
}

/// Signs `header`, whose payload fields are filled in here.
pub(crate) fn sign(mut header: Header, payload: &[u8], key: &SecretKey) -> Result<Parts, EntryError> {
    if payload.len() > MAX_PAYLOAD {
        return Err(EntryError::PayloadTooLong(payload.len()));
    }
    header.payload_digest = Header::digest(payload);
    header.payload_len = payload.len() as u32;
    let head = header.to_bytes();
    let signature = key.sign(&signed_message(&head));
    let mut bytes = Vec::with_capacity(SIGNED_LEN + payload.len());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(&signature.0);
    let id = EntryId::of(&bytes);
    bytes.extend_from_slice(payload);
    Ok(Parts { header, id, bytes: bytes.into() })
}

/// The place of an entry given as reference, for callers that hold only a header.
impl From<EntryRef> for Point {
    fn from(reference: EntryRef) -> Self {
        Point { seq: reference.seq, id: reference.id }
    }
}
