//! Names of things: networks, chains, entries, agencies, numbers and times.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};

use crate::codec::{Decode, Encode, refuse};
use crate::domain;
use crate::limits::MAX_CODE;

/// Text that is not a name of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Not 64 hexadecimal digits.
    #[error("{0:?} is not 64 hexadecimal digits")]
    NotHex(String),
    /// An agency code of the wrong length.
    #[error("an agency code has 1 to {MAX_CODE} characters; {0:?} has {len}", len = .0.len())]
    CodeLength(String),
    /// An agency code with a character that codes never have.
    #[error("an agency code has letters, digits, '.', '-' and '_' only; {code:?} has {found:?}")]
    CodeCharacter {
        /// The text.
        code: String,
        /// The first offending character.
        found: char,
    },
    /// `null` is what faulty software writes for "none".
    #[error("\"null\" is not an agency code")]
    CodeNull,
    /// Numbers in a chain start at 1.
    #[error("numbers in a chain are 1 and above")]
    Zero,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        pub struct $name([u8; 32]);

        impl $name {
            /// From its 32 bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Its 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The first eight hexadecimal digits: for people to tell two apart, never to identify.
            pub fn short(&self) -> String {
                hex::encode(&self.0[..4])
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.short())
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                let mut bytes = [0; 32];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| NameError::NotHex(text.to_owned()))?;
                Ok(Self(bytes))
            }
        }
    };
}
pub(crate) use id;

id! {
    /// A network: the hash of its genesis.
    NetworkId
}
id! {
    /// A chain: an agency's, or the roster. It follows from network and agency code alone, so it
    /// outlives every key.
    ChainId
}
id! {
    /// An entry: the hash of its header and signature (DESIGN §3.3).
    EntryId
}
id! {
    /// A digest of a payload or an attachment.
    Digest
}
id! {
    /// A blob: the plain BLAKE3 hash of its (encrypted) bytes, as `b3sum` prints it.
    BlobId
}

impl EntryId {
    /// The id of the entry whose header and signature, [`crate::entry::SIGNED_LEN`] bytes, these are.
    pub fn of(signed: &[u8]) -> Self {
        Self(domain::hash(domain::ENTRY_ID, &[signed]))
    }
}

impl ChainId {
    /// The chain of the agency with this code.
    pub fn of_agency(network: NetworkId, code: &AgencyCode) -> Self {
        Self(domain::hash(domain::AGENCY_CHAIN, &[network.as_bytes(), code.as_str().as_bytes()]))
    }

    /// The roster of a network.
    pub fn of_roster(network: NetworkId) -> Self {
        Self(domain::hash(domain::ROSTER_CHAIN, &[network.as_bytes()]))
    }
}

/// An agency's code (OrganId) as it appears in packets: `000.00.00.H55`, `H55.01`, `vxp.saas.03`.
///
/// 1 to [`MAX_CODE`] letters, digits, `.`, `-` and `_`. Codes are compared as written: the old and
/// the new form of one agency's code are two codes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgencyCode(String);

impl AgencyCode {
    /// Checks length and characters.
    ///
    /// # Errors
    /// [`NameError`] says which character or bound.
    pub fn new(code: impl Into<String>) -> Result<Self, NameError> {
        let code = code.into();
        if code.is_empty() || code.len() > MAX_CODE {
            return Err(NameError::CodeLength(code));
        }
        if let Some(found) = code.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))) {
            return Err(NameError::CodeCharacter { code, found });
        }
        if code == "null" {
            return Err(NameError::CodeNull);
        }
        Ok(Self(code))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for AgencyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AgencyCode {
    type Err = NameError;
    fn from_str(code: &str) -> Result<Self, NameError> {
        Self::new(code)
    }
}

impl Encode for AgencyCode {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.encode(encoder)
    }
}

impl<C> Decode<C> for AgencyCode {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::new(String::decode(decoder)?).map_err(refuse)
    }
}

/// A number in a chain: 1 to 2^64 − 1, without gaps.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(NonZeroU64);

impl Seq {
    /// The first number of every chain.
    pub const FIRST: Seq = Seq(NonZeroU64::MIN);

    /// A number; `None` for 0.
    pub const fn new(number: u64) -> Option<Self> {
        match NonZeroU64::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The number after this one; `None` at the end of the number space.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// The number before this one; `None` before the first.
    pub fn previous(self) -> Option<Self> {
        Self::new(self.get() - 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl FromStr for Seq {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        text.parse().ok().and_then(Self::new).ok_or(NameError::Zero)
    }
}

impl Encode for Seq {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.get().encode(encoder)
    }
}

impl<C> Decode<C> for Seq {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::new(u64::decode(decoder)?).ok_or_else(|| refuse(NameError::Zero))
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z by somebody's clock: data, never a criterion.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub struct Time(u64);

impl Time {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }
}

/// A place in some chain: a number and the id of the entry that stands there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub struct Point {
    /// The number.
    pub seq: Seq,
    /// The entry's id.
    pub id: EntryId,
}

/// An entry, named so that it can be found and cannot be mistaken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub struct EntryRef {
    /// Its chain.
    pub chain: ChainId,
    /// Its number.
    pub seq: Seq,
    /// Its id.
    pub id: EntryId,
}
