//! The one canonical encoding, and the only module that reaches bincode (DESIGN §3.1).
//!
//! bincode 2 with little-endian, fixed-width integers: an integer is its bytes; a list is a `u64`
//! count and its elements; text and byte strings are lists of bytes; an option is a byte 0 or 1 and
//! the value; an enum is a `u32` number and its fields; a struct is its fields in order.
//!
//! bincode itself accepts aliases and trailing bytes. [`Wire::from_bytes`] does not: it decodes
//! within a size limit, wants every byte consumed, and wants the value to encode to the same bytes.

use std::fmt;
use std::ops::Deref;

#[doc(hidden)]
pub use bincode;
use bincode::config::{Configuration, Fixint, LittleEndian};
use bincode::de::Decoder;
use bincode::enc::write::SizeWriter;
use bincode::enc::{Encoder, EncoderImpl};
use bincode::error::{DecodeError, EncodeError};
pub use bincode::{Decode, Encode};
use zeroize::Zeroize;

use crate::limits::MAX_DECODE;

/// Why bytes are not the encoding of a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// More bytes than the type may have.
    #[error("{what} has {len} bytes; at most {max} are allowed")]
    TooLong {
        /// The type.
        what: &'static str,
        /// The length given.
        len: usize,
        /// The bound.
        max: usize,
    },
    /// Not an encoding of the type: cut short, an unknown variant, or a field out of its bounds.
    #[error("{what} is malformed: {reason}")]
    Malformed {
        /// The type.
        what: &'static str,
        /// The decoder's words.
        reason: String,
    },
    /// Bytes are left over behind the value.
    #[error("{what} has {extra} bytes too many")]
    Trailing {
        /// The type.
        what: &'static str,
        /// How many.
        extra: usize,
    },
    /// The value has another, canonical encoding.
    #[error("{what} is not in its canonical encoding")]
    NotCanonical {
        /// The type.
        what: &'static str,
    },
}

/// A field out of its bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BoundError {
    /// Text too long.
    #[error("the text has {len} bytes; at most {max} are allowed")]
    TextTooLong {
        /// Its length.
        len: usize,
        /// The bound.
        max: usize,
    },
    /// Too many elements.
    #[error("the list has {len} elements; at most {max} are allowed")]
    ListTooLong {
        /// Its length.
        len: usize,
        /// The bound.
        max: usize,
    },
    /// Not strictly ascending.
    #[error("the list is not strictly sorted at element {at}")]
    NotSorted {
        /// The first element that is not above the one before it.
        at: usize,
    },
}

/// A type with a canonical encoding of bounded length.
pub trait Wire: Encode + Decode<()> {
    /// The type's name in errors.
    const NAME: &'static str;
    /// The most bytes that an encoding may have.
    const MAX: usize;
    /// Whether it holds secrets, so that no copy of its encoding may stay in memory.
    const SECRET: bool = false;

    /// The canonical encoding.
    fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Decodes the one canonical encoding of a value; any other byte string is an error.
    ///
    /// # Errors
    /// [`CodecError`] names the type and what is wrong.
    fn from_bytes(bytes: &[u8]) -> Result<Self, CodecError> {
        let what = Self::NAME;
        if bytes.len() > Self::MAX {
            return Err(CodecError::TooLong { what, len: bytes.len(), max: Self::MAX });
        }
        let (value, used): (Self, usize) = bincode::decode_from_slice(bytes, CONFIG.with_limit::<MAX_DECODE>())
            .map_err(|e| CodecError::Malformed { what, reason: e.to_string() })?;
        if used != bytes.len() {
            return Err(CodecError::Trailing { what, extra: bytes.len() - used });
        }
        let mut again = encode(&value);
        let canonical = again == bytes;
        if Self::SECRET {
            again.zeroize();
        }
        match canonical {
            true => Ok(value),
            false => Err(CodecError::NotCanonical { what }),
        }
    }
}

const CONFIG: Configuration<LittleEndian, Fixint> =
    bincode::config::standard().with_little_endian().with_fixed_int_encoding();

/// Encodes any encodable value; [`Wire::to_bytes`] is the usual way in.
pub fn encode<T: Encode + ?Sized>(value: &T) -> Vec<u8> {
    match bincode::encode_to_vec(value, CONFIG) {
        Ok(bytes) => bytes,
        // Our types are plain data and the sink is memory: bincode has no failing path for them.
        Err(e) => unreachable!("encoding plain data into memory failed: {e}"),
    }
}

/// How many bytes a value's encoding has.
pub(crate) fn encoded_len<T: Encode + ?Sized>(value: &T) -> usize {
    let mut encoder = EncoderImpl::new(SizeWriter::default(), CONFIG);
    match value.encode(&mut encoder) {
        Ok(()) => encoder.into_writer().bytes_written,
        // As in `encode`.
        Err(e) => unreachable!("measuring plain data failed: {e}"),
    }
}

/// Implements [`Wire`] for a type: `wire!(Type, "name", max)`.
#[macro_export]
macro_rules! wire {
    ($type:ty, $name:literal, $max:expr) => {
        impl $crate::codec::Wire for $type {
            const NAME: &'static str = $name;
            const MAX: usize = $max;
        }
    };
}

/// Text of at most `MAX` bytes of UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// Checks the bound.
    ///
    /// # Errors
    /// [`BoundError::TextTooLong`].
    pub fn new(text: impl Into<String>) -> Result<Self, BoundError> {
        let text = text.into();
        match text.len() {
            len if len > MAX => Err(BoundError::TextTooLong { len, max: MAX }),
            _ => Ok(Self(text)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MAX: usize> Encode for Text<MAX> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.encode(encoder)
    }
}

impl<C, const MAX: usize> Decode<C> for Text<MAX> {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::new(String::decode(decoder)?).map_err(refuse)
    }
}

/// A list of at most `MAX` elements, in the order given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bounded<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> Bounded<T, MAX> {
    /// Checks the bound.
    ///
    /// # Errors
    /// [`BoundError::ListTooLong`].
    pub fn new(list: Vec<T>) -> Result<Self, BoundError> {
        match list.len() {
            len if len > MAX => Err(BoundError::ListTooLong { len, max: MAX }),
            _ => Ok(Self(list)),
        }
    }

    /// The elements, owned.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, const MAX: usize> Default for Bounded<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> Deref for Bounded<T, MAX> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Encode + 'static, const MAX: usize> Encode for Bounded<T, MAX> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.encode(encoder)
    }
}

impl<C, T: Decode<C> + 'static, const MAX: usize> Decode<C> for Bounded<T, MAX> {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::new(Vec::decode(decoder)?).map_err(refuse)
    }
}

/// Bytes of at most `MAX`.
pub type Bytes<const MAX: usize> = Bounded<u8, MAX>;

/// A set of at most `MAX` elements, written in strictly ascending order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sorted<T, const MAX: usize>(Vec<T>);

impl<T: Ord, const MAX: usize> Sorted<T, MAX> {
    /// Checks bound and order.
    ///
    /// # Errors
    /// [`BoundError::ListTooLong`] or [`BoundError::NotSorted`].
    pub fn new(list: Vec<T>) -> Result<Self, BoundError> {
        if list.len() > MAX {
            return Err(BoundError::ListTooLong { len: list.len(), max: MAX });
        }
        match list.windows(2).position(|pair| pair[0] >= pair[1]) {
            Some(at) => Err(BoundError::NotSorted { at: at + 1 }),
            None => Ok(Self(list)),
        }
    }

    /// Sorts, drops duplicates, and checks the bound.
    ///
    /// # Errors
    /// [`BoundError::ListTooLong`].
    pub fn from_unsorted(mut list: Vec<T>) -> Result<Self, BoundError> {
        list.sort();
        list.dedup();
        Self::new(list)
    }
}

impl<T, const MAX: usize> Default for Sorted<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> Deref for Sorted<T, MAX> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Encode + 'static, const MAX: usize> Encode for Sorted<T, MAX> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.encode(encoder)
    }
}

impl<C, T: Decode<C> + Ord + 'static, const MAX: usize> Decode<C> for Sorted<T, MAX> {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::new(Vec::decode(decoder)?).map_err(refuse)
    }
}

/// Turns a failed check into a decoder's error.
pub(crate) fn refuse(error: impl fmt::Display) -> DecodeError {
    DecodeError::OtherString(error.to_string())
}

// bincode's derived `Decode` wants its borrowing twin of every field; ours own what they decode.
macro_rules! borrow_as_owned {
    ([$($generics:tt)*] $type:ty $(where $($bounds:tt)*)?) => {
        impl<'de, C, $($generics)*> bincode::BorrowDecode<'de, C> for $type $(where $($bounds)*)? {
            fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, DecodeError> {
                <Self as Decode<C>>::decode(decoder)
            }
        }
    };
}
borrow_as_owned!([const MAX: usize] Text<MAX>);
borrow_as_owned!([T: Decode<C> + 'static, const MAX: usize] Bounded<T, MAX>);
borrow_as_owned!([T: Decode<C> + Ord + 'static, const MAX: usize] Sorted<T, MAX>);
borrow_as_owned!([] crate::blob::BlobRef);
borrow_as_owned!([] crate::catalogue::Date);
borrow_as_owned!([] crate::catalogue::FormBlob);
borrow_as_owned!([] crate::catalogue::InForce);
borrow_as_owned!([] crate::catalogue::ProcedureCode);
borrow_as_owned!([] crate::catalogue::Title);
borrow_as_owned!([] crate::ids::AgencyCode);
borrow_as_owned!([] crate::ids::Seq);
borrow_as_owned!([] crate::keys::PublicKey);
