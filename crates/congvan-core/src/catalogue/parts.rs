//! What a procedure is made of. Every part that has a form is checked where it is made, and where it is
//! decoded.

use std::fmt;
use std::str::FromStr;

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};

use crate::blob::BlobRef;
use crate::codec::{BoundError, Bounded, Decode, Encode, Text, refuse};
use crate::document::{Field, Name};
use crate::limits::{MAX_CHANNELS, MAX_FORM, MAX_PROCEDURE_CODE, MAX_SUBJECT, MAX_URL};

/// Text that is no part of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAPart {
    /// A code of the wrong length.
    #[error("a procedure's code has 1 to {MAX_PROCEDURE_CODE} characters; this has {0}")]
    CodeLength(usize),
    /// A code with a character that codes never have.
    #[error("a procedure's code has letters without marks, digits, '.', '-', '_' and '/' only; {code:?} has {found:?}")]
    CodeCharacter {
        /// The text.
        code: String,
        /// The first offending character.
        found: char,
    },
    /// A name of nothing but spaces.
    #[error("a procedure needs a name")]
    NoName,
    /// Too long.
    #[error(transparent)]
    Bound(#[from] BoundError),
    /// No day of the calendar.
    #[error("{0:?} is not a date; write yyyy/MM/dd, such as 2026/01/31")]
    Date(String),
    /// In force until before it is in force.
    #[error("in force from {from} until {until}: the end is before the beginning")]
    InForce {
        /// The beginning.
        from: Date,
        /// The end.
        until: Date,
    },
    /// A form over its bound.
    #[error("the form has {0} bytes; at most {MAX_FORM} are allowed")]
    FormTooLong(u64),
    /// No level.
    #[error("{0:?} is not a level; they are province, district and commune (tỉnh, huyện, xã)")]
    Level(String),
    /// No kind of online service.
    #[error("{0:?} is not a kind of online service; they are none, partial and full (không, một phần, toàn trình)")]
    OnlineService(String),
}

/// A procedure's code, as the national database has it: `1.001193`, `2.000815.000.00.00.H55`, `T-TNG-12`.
///
/// 1 to [`MAX_PROCEDURE_CODE`] unmarked letters, digits, `.`, `-`, `_` and `/`; compared as written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcedureCode(String);

impl ProcedureCode {
    /// Checks length and characters.
    ///
    /// # Errors
    /// [`NotAPart`] says which character or bound.
    pub fn new(code: impl Into<String>) -> Result<Self, NotAPart> {
        let code = code.into();
        if code.is_empty() || code.len() > MAX_PROCEDURE_CODE {
            return Err(NotAPart::CodeLength(code.len()));
        }
        match code.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/'))) {
            Some(found) => Err(NotAPart::CodeCharacter { code, found }),
            None => Ok(Self(code)),
        }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProcedureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ProcedureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProcedureCode {
    type Err = NotAPart;
    fn from_str(code: &str) -> Result<Self, NotAPart> {
        Self::new(code)
    }
}

impl Encode for ProcedureCode {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.encode(encoder)
    }
}

impl<C> Decode<C> for ProcedureCode {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::new(String::decode(decoder)?).map_err(refuse)
    }
}

/// A procedure's name: text that says something.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Title(Text<MAX_SUBJECT>);

impl Title {
    /// Checks that it is there, and its bound.
    ///
    /// # Errors
    /// [`NotAPart::NoName`] or [`NotAPart::Bound`].
    pub fn new(name: impl Into<String>) -> Result<Self, NotAPart> {
        let name = Text::new(name)?;
        match name.trim().is_empty() {
            true => Err(NotAPart::NoName),
            false => Ok(Self(name)),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Encode for Title {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.encode(encoder)
    }
}

impl<C> Decode<C> for Title {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::new(String::decode(decoder)?).map_err(refuse)
    }
}

/// A day of the calendar, written `yyyy/MM/dd`, from year 1 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// A day; `None` where the calendar has none.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let fits = (1..=9999).contains(&year) && (1..=last).contains(&day);
        fits.then_some(Self { year, month, day })
    }
}

impl FromStr for Date {
    type Err = NotAPart;
    fn from_str(text: &str) -> Result<Self, NotAPart> {
        let number = |from: usize, to: usize| -> Option<u16> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let read = || {
            let slashes = text.len() == 10 && text.get(4..5)? == "/" && text.get(7..8)? == "/";
            let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
            slashes.then(|| Self::new(year, month as u8, day as u8))?
        };
        read().ok_or_else(|| NotAPart::Date(text.to_owned()))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}/{:02}/{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Encode for Date {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.to_string().encode(encoder)
    }
}

impl<C> Decode<C> for Date {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        String::decode(decoder)?.parse::<Self>().map_err(refuse)
    }
}

/// From when to when a procedure is in force, both days included, where stated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct InForce {
    from: Option<Date>,
    until: Option<Date>,
}

impl InForce {
    /// Checks that the end is not before the beginning.
    ///
    /// # Errors
    /// [`NotAPart::InForce`].
    pub fn new(from: Option<Date>, until: Option<Date>) -> Result<Self, NotAPart> {
        match (from, until) {
            (Some(from), Some(until)) if until < from => Err(NotAPart::InForce { from, until }),
            _ => Ok(Self { from, until }),
        }
    }

    /// The first day.
    pub fn from(&self) -> Option<Date> {
        self.from
    }

    /// The last day.
    pub fn until(&self) -> Option<Date> {
        self.until
    }

    /// Whether it is in force on a day.
    pub fn includes(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }
}

impl Encode for InForce {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.from.encode(encoder)?;
        self.until.encode(encoder)
    }
}

impl<C> Decode<C> for InForce {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::new(Option::decode(decoder)?, Option::decode(decoder)?).map_err(refuse)
    }
}

/// A level of government.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum Level {
    /// Cấp tỉnh.
    Province,
    /// Cấp huyện.
    District,
    /// Cấp xã.
    Commune,
}

impl Level {
    /// All of them.
    pub const ALL: [Level; 3] = [Self::Province, Self::District, Self::Commune];

    /// Its word in files and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::District => "district",
            Self::Commune => "commune",
        }
    }

    /// Its word in Vietnamese.
    pub fn vietnamese(self) -> &'static str {
        match self {
            Self::Province => "tỉnh",
            Self::District => "huyện",
            Self::Commune => "xã",
        }
    }
}

impl FromStr for Level {
    type Err = NotAPart;
    /// Reads `commune`, `xã` and `cấp xã`.
    fn from_str(text: &str) -> Result<Self, NotAPart> {
        let word = text.trim().to_lowercase();
        let word = word.strip_prefix("cấp ").unwrap_or(&word);
        let level = Self::ALL.into_iter().find(|level| [level.name(), level.vietnamese()].contains(&word));
        level.ok_or_else(|| NotAPart::Level(text.to_owned()))
    }
}

/// What a procedure costs.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Fee {
    /// So many đồng; 0: free of charge.
    Amount(u64),
    /// In words, where it depends.
    Described(Text<MAX_SUBJECT>),
}

/// One way to pay.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct PaymentChannel {
    /// What it is: "Cổng dịch vụ công quốc gia", a bank's name, "tiền mặt".
    pub kind: Field,
    /// Where it is reached; may be empty.
    pub url: Text<MAX_URL>,
    /// The account or merchant that is paid; may be empty.
    pub account: Field,
}

/// What a procedure costs, and how it is paid.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct Payment {
    /// The fee, where stated.
    pub fee: Option<Fee>,
    /// Whether it can be paid online.
    pub online: bool,
    /// How it is paid.
    pub channels: Bounded<PaymentChannel, MAX_CHANNELS>,
}

/// A form's bytes: a plain blob of at most [`MAX_FORM`] bytes. The blob's id is the plain BLAKE3 hash of
/// the form's own bytes, so a form needs no second digest, which could only contradict the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode)]
pub struct FormBlob(BlobRef);

impl FormBlob {
    /// Checks the bound.
    ///
    /// # Errors
    /// [`NotAPart::FormTooLong`].
    pub fn new(blob: BlobRef) -> Result<Self, NotAPart> {
        match blob.len {
            len if len > MAX_FORM => Err(NotAPart::FormTooLong(len)),
            _ => Ok(Self(blob)),
        }
    }

    /// The blob.
    pub fn blob(self) -> BlobRef {
        self.0
    }
}

impl<C> Decode<C> for FormBlob {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::new(BlobRef::decode(decoder)?).map_err(refuse)
    }
}

/// A form to fill in.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Form {
    /// Its file name.
    pub name: Name,
    /// Its media type; may be empty.
    pub media_type: Field,
    /// Its bytes.
    pub blob: FormBlob,
}

/// How far a procedure can be done online.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub enum OnlineService {
    /// Not at all.
    #[default]
    None,
    /// In part (một phần).
    Partial,
    /// From beginning to end (toàn trình).
    Full,
}

impl OnlineService {
    /// All of them.
    pub const ALL: [OnlineService; 3] = [Self::None, Self::Partial, Self::Full];

    /// Its word in files and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Partial => "partial",
            Self::Full => "full",
        }
    }

    /// Its word in Vietnamese.
    pub fn vietnamese(self) -> &'static str {
        match self {
            Self::None => "không",
            Self::Partial => "một phần",
            Self::Full => "toàn trình",
        }
    }
}

impl FromStr for OnlineService {
    type Err = NotAPart;
    fn from_str(text: &str) -> Result<Self, NotAPart> {
        let word = text.trim().to_lowercase();
        let found = Self::ALL.into_iter().find(|kind| [kind.name(), kind.vietnamese()].contains(&word.as_str()));
        found.ok_or_else(|| NotAPart::OnlineService(text.to_owned()))
    }
}

/// What a one-stop desk and its software need of a procedure.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct OneStop {
    /// The office that carries it out.
    pub office: Name,
    /// Where applications are handed in.
    pub place: Text<MAX_SUBJECT>,
    /// How far it can be done online.
    pub online: OnlineService,
    /// Where it is applied for online; may be empty.
    pub url: Text<MAX_URL>,
    /// Whether applications and results go by the public post.
    pub by_post: bool,
    /// The type of case that the software opens for it; may be empty.
    pub case_type: Field,
}
