//! What the text of some fields means: dates, times, kinds, codes.
//!
//! A packet's strings are kept as they were found, because what practice declares is not always a date
//! or a code. Reading the meaning is a separate step, which may fail without failing the packet.

use std::fmt;
use std::str::FromStr;

use crate::error::FieldError;

/// A day as packets declare it, `yyyy/MM/dd`.
///
/// ```
/// use congvan_edxml::Date;
/// assert_eq!("2026/03/02".parse::<Date>()?.to_string(), "2026/03/02");
/// assert!("2014/02/30".parse::<Date>().is_err()); // declared in practice all the same
/// # Ok::<(), congvan_edxml::FieldError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day, if there is such a day in the Gregorian calendar.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        ((1..=9999).contains(&year) && (1..=days).contains(&day)).then_some(Self { year, month, day })
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub fn day(self) -> u8 {
        self.day
    }
}

impl FromStr for Date {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let parts = digits(text, [4, 2, 2], ["/", "/"]);
        let Some([year, month, day]) = parts else {
            return Err(FieldError::Date { text: excerpt(text) });
        };
        // Two digits fit a u8, so the conversions cannot fail.
        let (month, day) = (u8::try_from(month), u8::try_from(day));
        match (month, day) {
            (Ok(month), Ok(day)) => Self::new(year, month, day),
            _ => None,
        }
        .ok_or_else(|| FieldError::NoSuchDay { text: text.to_owned() })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}/{:02}/{:02}", self.year, self.month, self.day)
    }
}

/// A time as packets declare it, `yyyy/MM/dd HH:mm:ss`, of the clock and time zone of whoever wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    date: Date,
    hour: u8,
    minute: u8,
    second: u8,
}

impl Timestamp {
    /// The time, if there is such a time of day.
    #[must_use]
    pub fn new(date: Date, hour: u8, minute: u8, second: u8) -> Option<Self> {
        (hour < 24 && minute < 60 && second < 60).then_some(Self { date, hour, minute, second })
    }

    /// The day.
    #[must_use]
    pub fn date(self) -> Date {
        self.date
    }

    /// Hour, minute and second.
    #[must_use]
    pub fn time(self) -> (u8, u8, u8) {
        (self.hour, self.minute, self.second)
    }
}

impl FromStr for Timestamp {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        let wrong = || FieldError::Time { text: excerpt(text) };
        let (date, time) = text.split_once(' ').ok_or_else(wrong)?;
        let [hour, minute, second] = digits(time, [2, 2, 2], [":", ":"]).ok_or_else(wrong)?;
        let date = date.parse().map_err(|error| match error {
            FieldError::Date { .. } => wrong(),
            other => other,
        })?;
        match (u8::try_from(hour), u8::try_from(minute), u8::try_from(second)) {
            (Ok(hour), Ok(minute), Ok(second)) => Self::new(date, hour, minute, second),
            _ => None,
        }
        .ok_or_else(wrong)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:02}:{:02}:{:02}", self.date, self.hour, self.minute, self.second)
    }
}

/// What a document does to an earlier one: `BussinessDocType`, so spelt in QCVN 102:2016/BTTTT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BusinessKind {
    /// 0: a new document.
    New,
    /// 1: it recalls a document.
    Recall,
    /// 2: it updates a document, or who receives it.
    Update,
    /// 3: it replaces documents.
    Replace,
}

impl BusinessKind {
    /// The code in the packet.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::New => "0",
            Self::Recall => "1",
            Self::Update => "2",
            Self::Replace => "3",
        }
    }
}

impl FromStr for BusinessKind {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        match text {
            "0" => Ok(Self::New),
            "1" => Ok(Self::Recall),
            "2" => Ok(Self::Update),
            "3" => Ok(Self::Replace),
            _ => Err(FieldError::BusinessKind { text: excerpt(text) }),
        }
    }
}

/// What became of a document: `StatusCode` of a status packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusCode {
    /// 01: arrived; the software has it, the clerk has not looked.
    Arrived,
    /// 02: refused by the receiver, who says why.
    Refused,
    /// 03: accepted and entered in the register.
    Accepted,
    /// 04: assigned to somebody.
    Assigned,
    /// 05: in processing.
    Processing,
    /// 06: completed.
    Completed,
    /// 13: the sender asks to recall it.
    RecallAsked,
    /// 15: the receiver agrees to a recall or an update.
    RecallAgreed,
    /// 16: the receiver refuses a recall or an update.
    RecallRefused,
}

impl StatusCode {
    /// The code in the packet, two digits.
    #[must_use]
    pub fn code(self) -> &'static str {
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
}

impl FromStr for StatusCode {
    type Err = FieldError;

    fn from_str(text: &str) -> Result<Self, FieldError> {
        Ok(match text {
            "01" => Self::Arrived,
            "02" => Self::Refused,
            "03" => Self::Accepted,
            "04" => Self::Assigned,
            "05" => Self::Processing,
            "06" => Self::Completed,
            "13" => Self::RecallAsked,
            "15" => Self::RecallAgreed,
            "16" => Self::RecallRefused,
            _ => {
                return Err(FieldError::StatusCode { text: excerpt(text) });
            }
        })
    }
}

/// The three parts of a `DocumentId` such as `000.00.00.H55,2026/03/02,12/BC-UBND`.
///
/// Other software writes a UUID instead, which has no parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeclaredId<'a> {
    /// The issuing agency's `OrganId`.
    pub agency: &'a str,
    /// The day of promulgation, as declared; it need not exist.
    pub date: &'a str,
    /// Number and notation; it may hold commas.
    pub code: &'a str,
}

impl<'a> DeclaredId<'a> {
    /// Takes a `DocumentId` apart.
    ///
    /// # Errors
    /// [`FieldError::DeclaredId`] when it is not of this form.
    pub fn split(text: &'a str) -> Result<Self, FieldError> {
        let mut parts = text.splitn(3, ',').map(str::trim);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(agency), Some(date), Some(code)) if !agency.is_empty() && !date.is_empty() && !code.is_empty() => {
                Ok(Self { agency, date, code })
            }
            _ => Err(FieldError::DeclaredId { text: excerpt(text) }),
        }
    }
}

/// Three numbers of a fixed number of digits, with the given texts between them.
fn digits(text: &str, widths: [usize; 3], between: [&str; 2]) -> Option<[u16; 3]> {
    let mut rest = text;
    let mut numbers = [0; 3];
    for (index, (width, number)) in widths.into_iter().zip(&mut numbers).enumerate() {
        if let Some(separator) = index.checked_sub(1).and_then(|i| between.get(i)) {
            rest = rest.strip_prefix(separator)?;
        }
        let (head, tail) = rest.split_at_checked(width)?;
        if !head.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *number = head.parse().ok()?;
        rest = tail;
    }
    rest.is_empty().then_some(numbers)
}

/// At most 64 characters of a text, for an error message.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn dates_are_read_strictly() {
        assert_eq!("2024/02/29".parse::<Date>().unwrap(), Date::new(2024, 2, 29).unwrap());
        for none in ["2014/02/30", "1900/02/29", "2025/13/01", "2025/00/10", "0000/01/01"] {
            assert!(matches!(none.parse::<Date>(), Err(FieldError::NoSuchDay { .. })), "{none}");
        }
        for wrong in ["", "2025-01-01", "2025/1/1", "25/01/01", "2025/01/011", "２０２５/01/01", "+025/01/01"] {
            assert!(matches!(wrong.parse::<Date>(), Err(FieldError::Date { .. })), "{wrong}");
        }
    }

    #[test]
    fn times_are_read_strictly() {
        let time: Timestamp = "2018/09/28 23:59:07".parse().unwrap();
        assert_eq!(time.to_string(), "2018/09/28 23:59:07");
        assert_eq!(time.time(), (23, 59, 7));
        for wrong in ["2018/09/28", "2018/09/28 24:00:00", "2018/09/28T10:00:00", "2018/09/28 1:00:00", "x 10:00:00"] {
            assert!(matches!(wrong.parse::<Timestamp>(), Err(FieldError::Time { .. })), "{wrong}");
        }
        assert!(matches!("2014/02/30 10:00:00".parse::<Timestamp>(), Err(FieldError::NoSuchDay { .. })));
    }

    #[test]
    fn codes_go_both_ways() {
        for code in ["01", "02", "03", "04", "05", "06", "13", "15", "16"] {
            assert_eq!(code.parse::<StatusCode>().unwrap().code(), code);
        }
        assert!("14".parse::<StatusCode>().is_err());
        assert!("1".parse::<StatusCode>().is_err());
        for code in ["0", "1", "2", "3"] {
            assert_eq!(code.parse::<BusinessKind>().unwrap().code(), code);
        }
        assert!("4".parse::<BusinessKind>().is_err());
    }

    #[test]
    fn declared_ids_come_apart() {
        let id = DeclaredId::split("000.00.00.H55,2026/02/30,12/BC-UBND").unwrap();
        assert_eq!(id.agency, "000.00.00.H55");
        assert_eq!(id.code, "12/BC-UBND");
        assert!(id.date.parse::<Date>().is_err());
        assert!(DeclaredId::split("00000000-0000-4000-8000-000000000001").is_err());
        assert!(DeclaredId::split("a,,c").is_err());
    }
}
