//! What became of a document: the payload of a status entry.

use std::fmt;
use std::str::FromStr;

use crate::codec::{Bounded, CodecError, Decode, Encode, Text, Wire, encode};
use crate::document::{DocumentError, Field, Name};
use crate::entry::MAX_PAYLOAD;
use crate::ids::{AgencyCode, ChainId, EntryRef, NetworkId};
use crate::keys::{SealPublic, SealSecret};
use crate::limits::{MAX_INLINE_PACKET, MAX_SUMMARY};
use crate::rng::CryptoRng;
use crate::seal::{self, ContentKey, SealError, Sealed};
use crate::wire;

/// The codes of status packets (QCVN 102:2016), and no others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum StatusCode {
    /// 01: the receiver's software has it.
    Arrived,
    /// 02: refused, with the reason.
    Refused,
    /// 03: accepted and registered.
    Accepted,
    /// 04: assigned.
    Assigned,
    /// 05: in processing.
    Processing,
    /// 06: completed.
    Completed,
    /// 13: the sender asks to recall it.
    RecallAsked,
    /// 15: recall or update agreed.
    RecallAgreed,
    /// 16: recall or update refused.
    RecallRefused,
}

/// Text that is no status code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a status code; they are 01, 02, 03, 04, 05, 06, 13, 15 and 16")]
pub struct NotAStatus(pub String);

impl StatusCode {
    /// All of them, ascending.
    pub const ALL: [StatusCode; 9] = [
        Self::Arrived,
        Self::Refused,
        Self::Accepted,
        Self::Assigned,
        Self::Processing,
        Self::Completed,
        Self::RecallAsked,
        Self::RecallAgreed,
        Self::RecallRefused,
    ];

    /// The two digits.
    pub fn digits(self) -> &'static str {
        match self {
            Self::Arrived => "01",
            Self::Refused => "02",
            Self::Accepted => "03",
            Self::Assigned => "04",
            Self::Processing => "05",
            Self::Completed => "06",
            Self::RecallAsked => "13",
            Self::RecallAgreed => "15",
            Self::RecallRefused => "16",
        }
    }

    /// Its meaning in English.
    pub fn english(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Refused => "refused",
            Self::Accepted => "accepted",
            Self::Assigned => "assigned",
            Self::Processing => "in processing",
            Self::Completed => "completed",
            Self::RecallAsked => "recall asked",
            Self::RecallAgreed => "recall agreed",
            Self::RecallRefused => "recall refused",
        }
    }

    /// Its meaning in Vietnamese.
    pub fn vietnamese(self) -> &'static str {
        match self {
            Self::Arrived => "đã đến",
            Self::Refused => "từ chối nhận",
            Self::Accepted => "đã tiếp nhận",
            Self::Assigned => "đã phân công",
            Self::Processing => "đang xử lý",
            Self::Completed => "hoàn thành",
            Self::RecallAsked => "yêu cầu lấy lại",
            Self::RecallAgreed => "đồng ý lấy lại",
            Self::RecallRefused => "từ chối lấy lại",
        }
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.digits())
    }
}

impl FromStr for StatusCode {
    type Err = NotAStatus;
    /// Reads `03`, and `3` as people type it.
    fn from_str(text: &str) -> Result<Self, NotAStatus> {
        let text = text.trim();
        Self::ALL
            .into_iter()
            .find(|code| code.digits().trim_start_matches('0') == text.trim_start_matches('0') && !text.is_empty())
            .ok_or_else(|| NotAStatus(text.to_owned()))
    }
}

/// Who handled it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct Staff {
    /// Department.
    pub department: Name,
    /// Name.
    pub name: Name,
    /// E-mail address.
    pub email: Field,
    /// Telephone number.
    pub mobile: Field,
}

/// The private part of a status: for the document's sender and its author.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct StatusNote {
    /// Description, or the reason of a refusal.
    pub note: Text<MAX_SUMMARY>,
    /// Who handled it.
    pub staff: Staff,
    /// When, as the receiver's software wrote it (`yyyy/MM/dd HH:mm:ss`); may be empty.
    pub at: Field,
    /// The status packet that it came as, whole.
    pub packet: Option<Bounded<u8, MAX_INLINE_PACKET>>,
}

/// The private part of a status, by version.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum StatusContent {
    /// The first version.
    V1(StatusNote),
}
wire!(StatusContent, "status note", MAX_PAYLOAD);

/// What stands open of a status.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct StatusCover {
    /// The document's entry.
    pub document: EntryRef,
    /// Of 15 and 16: what they answer, which is a status 13 or the document that recalls, updates or
    /// replaces this one. Its id proves that it came first.
    pub answers: Option<EntryRef>,
    /// What became of the document.
    pub code: StatusCode,
    /// The agency that it is said to.
    pub to: AgencyCode,
}

impl StatusCover {
    /// What a seal binds the note to.
    fn context(&self, network: NetworkId, chain: ChainId) -> Vec<u8> {
        [network.as_bytes().as_slice(), chain.as_bytes(), &encode(self)].concat()
    }
}

/// The payload of a [`crate::Kind::STATUS`] entry.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct StatusPayload {
    /// What everybody sees.
    pub cover: StatusCover,
    /// A [`StatusContent`], sealed to the agency that it is said to and the author.
    pub body: Sealed,
}
wire!(StatusPayload, "status", MAX_PAYLOAD);

impl StatusPayload {
    /// A status; `key` is the sealing key of the agency that it is said to, `own` the author's.
    ///
    /// # Errors
    /// [`DocumentError`] names the bound or the key.
    pub fn seal(
        network: NetworkId,
        chain: ChainId,
        cover: StatusCover,
        key: SealPublic,
        own: SealPublic,
        note: StatusNote,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, DocumentError> {
        let context = cover.context(network, chain);
        let content = StatusContent::V1(note).to_bytes();
        let body = seal::seal(&[key, own], &context, &content, &ContentKey::generate(rng), rng)?;
        let status = Self { cover, body };
        match status.to_bytes().len() {
            len if len > MAX_PAYLOAD => Err(DocumentError::TooLong(len)),
            _ => Ok(status),
        }
    }

    /// The note, opened by the agency that it is said to, or by its author.
    ///
    /// # Errors
    /// [`DocumentError::Seal`] if it is not ours, [`DocumentError::Malformed`] if its author wrote
    /// something else.
    pub fn open(&self, network: NetworkId, chain: ChainId, secret: &SealSecret) -> Result<StatusNote, DocumentError> {
        self.open_with(network, chain, &self.content_key(network, chain, secret)?)
    }

    /// The key of the note, for the agency that it is said to, or for its author.
    ///
    /// # Errors
    /// [`SealError::NotForUs`].
    pub fn content_key(
        &self,
        network: NetworkId,
        chain: ChainId,
        secret: &SealSecret,
    ) -> Result<ContentKey, SealError> {
        let context = self.cover.context(network, chain);
        let opened = |reader| seal::unwrap_key(&self.body, reader, &context, secret).ok();
        (0..2).find_map(opened).ok_or(SealError::NotForUs)
    }

    /// The note, by its content key.
    ///
    /// # Errors
    /// As [`StatusPayload::open`].
    pub fn open_with(&self, network: NetworkId, chain: ChainId, key: &ContentKey) -> Result<StatusNote, DocumentError> {
        let content = seal::open(&self.body, &self.cover.context(network, chain), key)?;
        let StatusContent::V1(note) = StatusContent::from_bytes(&content).map_err(|e: CodecError| e)?;
        Ok(note)
    }
}
