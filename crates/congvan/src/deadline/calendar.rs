//! Business time: which minutes count. Pure: no clock, no ledger.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use congvan_core::Time;
use jiff::civil::{Date, DateTime, Time as Clock, Weekday};
use jiff::tz::Offset;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Days that are looked through for working time: a term that reaches further has no end.
const HORIZON_DAYS: u32 = 20 * 366;
const MINUTES_PER_DAY: u32 = 24 * 60;

/// Text of the configuration that says nothing of what its key wants.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}; write for example {example:?}")]
pub struct NotCalendar {
    text: String,
    what: &'static str,
    example: &'static str,
}

macro_rules! text_type {
    ($type:ty) => {
        impl TryFrom<String> for $type {
            type Error = NotCalendar;
            fn try_from(text: String) -> Result<Self, NotCalendar> {
                text.parse()
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.to_string()
            }
        }
    };
}

/// A day of the week.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl From<Weekday> for Day {
    fn from(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}

/// Hours of a half day, `08:00-12:00`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hours {
    from: Clock,
    to: Clock,
}
text_type!(Hours);

impl FromStr for Hours {
    type Err = NotCalendar;
    fn from_str(text: &str) -> Result<Self, NotCalendar> {
        let wrong = || NotCalendar { text: text.to_owned(), what: "part of a day", example: "08:00-12:00" };
        let clock = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            Clock::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
        };
        let (from, to) = text.split_once('-').ok_or_else(wrong)?;
        let hours = clock(from).zip(clock(to)).filter(|(from, to)| from < to);
        hours.map(|(from, to)| Self { from, to }).ok_or_else(wrong)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from.hour(), from.minute(), to.hour(), to.minute())
    }
}

impl Hours {
    fn minutes(self) -> u32 {
        let of = |clock: Clock| u32::from(clock.hour().unsigned_abs()) * 60 + u32::from(clock.minute().unsigned_abs());
        of(self.to).saturating_sub(of(self.from))
    }
}

/// A date, `2026-02-17`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CalendarDate(Date);
text_type!(CalendarDate);

impl FromStr for CalendarDate {
    type Err = NotCalendar;
    fn from_str(text: &str) -> Result<Self, NotCalendar> {
        let wrong = || NotCalendar { text: text.to_owned(), what: "date", example: "2026-02-17" };
        parse_date(text).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for CalendarDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// An offset from UTC, `+07:00`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UtcOffset {
    minutes: i32,
}
text_type!(UtcOffset);

impl FromStr for UtcOffset {
    type Err = NotCalendar;
    fn from_str(text: &str) -> Result<Self, NotCalendar> {
        let wrong = || NotCalendar { text: text.to_owned(), what: "offset from UTC", example: "+07:00" };
        let (sign, rest) = match text.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => return Err(wrong()),
        };
        let (hours, minutes) = rest.split_once(':').ok_or_else(wrong)?;
        let part = |text: &str, most: i32| text.parse::<i32>().ok().filter(|n| (0..=most).contains(n));
        let (hours, minutes) = part(hours, 14).zip(part(minutes, 59)).ok_or_else(wrong)?;
        Ok(Self { minutes: sign * (hours * 60 + minutes) })
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minutes < 0 { '-' } else { '+' };
        let minutes = self.minutes.abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// A length of business time: `0.5d` of a working day, `4h` or `90m` of working time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Term {
    hundredths: u32,
    unit: char,
}
text_type!(Term);

impl Term {
    pub(super) const HALF_A_DAY: Self = Self { hundredths: 50, unit: 'd' };
    pub(super) const A_DAY: Self = Self { hundredths: 100, unit: 'd' };
    pub(super) const TEN_DAYS: Self = Self { hundredths: 1000, unit: 'd' };
}

impl FromStr for Term {
    type Err = NotCalendar;
    fn from_str(text: &str) -> Result<Self, NotCalendar> {
        let wrong = || NotCalendar { text: text.to_owned(), what: "length of working time", example: "0.5d" };
        let text = text.trim();
        let unit = text.chars().last().filter(|unit| matches!(unit, 'd' | 'h' | 'm')).ok_or_else(wrong)?;
        let number = &text[..text.len() - 1];
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || whole.len() > 5 || part.len() > 2 {
            return Err(wrong());
        }
        let (whole, hundredths): (u32, u32) =
            whole.parse().ok().zip(format!("{part:0<2}").parse().ok()).ok_or_else(wrong)?;
        Ok(Self { hundredths: whole * 100 + hundredths, unit })
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.hundredths / 100, format!("{:02}", self.hundredths % 100));
        match part.trim_end_matches('0') {
            "" => write!(f, "{whole}{}", self.unit),
            part => write!(f, "{whole}.{part}{}", self.unit),
        }
    }
}

/// Which minutes count.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Calendar {
    /// The clock that dates and hours are of.
    pub utc_offset: UtcOffset,
    /// Days on which offices work.
    pub working_days: Vec<Day>,
    /// Their hours in the morning.
    pub morning: Option<Hours>,
    /// Their hours in the afternoon.
    pub afternoon: Option<Hours>,
    /// Dates on which they do not work.
    pub holidays: BTreeSet<CalendarDate>,
    /// Dates on which they work although their day of the week says otherwise.
    pub extra_days: BTreeSet<CalendarDate>,
}

impl Default for Calendar {
    fn default() -> Self {
        let hours = |from, to| Hours { from: Clock::constant(from, 0, 0, 0), to: Clock::constant(to, 0, 0, 0) };
        Self {
            utc_offset: UtcOffset { minutes: 7 * 60 },
            working_days: vec![Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri],
            morning: Some(hours(8, 12)),
            afternoon: Some(hours(13, 17)),
            holidays: BTreeSet::new(),
            extra_days: BTreeSet::new(),
        }
    }
}

impl Calendar {
    fn works_on(&self, date: Date) -> bool {
        let usual = self.working_days.contains(&Day::from(date.weekday()));
        let date = CalendarDate(date);
        self.extra_days.contains(&date) || (usual && !self.holidays.contains(&date))
    }

    fn hours(&self) -> impl Iterator<Item = Hours> {
        let mut hours: Vec<_> = self.morning.into_iter().chain(self.afternoon).collect();
        hours.sort_by_key(|hours| hours.from);
        hours.into_iter()
    }

    /// Working days from a date on, that date included.
    fn working_from(&self, date: Date) -> impl Iterator<Item = Date> {
        let days = std::iter::successors(Some(date), |date| date.tomorrow().ok()).take(HORIZON_DAYS as usize);
        days.filter(|date| self.works_on(*date))
    }

    /// A time on this calendar's clock; `None` where no calendar reaches that far.
    fn local(&self, time: Time) -> Option<DateTime> {
        let stamp = Timestamp::from_millisecond(i64::try_from(time.as_millis()).ok()?).ok()?;
        Some(Offset::from_seconds(self.utc_offset.minutes * 60).ok()?.to_datetime(stamp))
    }

    /// When a day begins on this calendar's clock; `None` where no calendar reaches that far.
    pub fn start_of(&self, day: Date) -> Option<Time> {
        self.time(day.to_datetime(Clock::midnight()))
    }

    fn time(&self, local: DateTime) -> Option<Time> {
        let stamp = Offset::from_seconds(self.utc_offset.minutes * 60).ok()?.to_timestamp(local).ok()?;
        Some(Time::from_millis(u64::try_from(stamp.as_millisecond()).ok()?))
    }

    fn minutes(&self, term: Term) -> u32 {
        let unit = match term.unit {
            'd' => self.hours().map(Hours::minutes).sum(),
            'h' => 60,
            _ => 1,
        };
        let minutes = u64::from(term.hundredths) * u64::from(unit) / 100;
        u32::try_from(minutes).unwrap_or(HORIZON_DAYS * MINUTES_PER_DAY)
    }

    /// When so much working time has passed after `from`. `None` where it never does.
    ///
    /// ```
    /// use congvan::deadline::Calendar;
    /// use congvan::core::Time;
    ///
    /// let calendar = Calendar::default();
    /// let friday = Time::from_millis(1_772_182_800_000); // 27 February 2026, 16:00 in Hà Nội
    /// let due = calendar.after(friday, "0.5d".parse()?); // one hour on Friday, three on Monday
    /// assert_eq!(due, Some(Time::from_millis(1_772_424_000_000))); // 2 March 2026, 11:00
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn after(&self, from: Time, term: Term) -> Option<Time> {
        let from = self.local(from)?;
        let mut left = self.minutes(term);
        for date in self.working_from(from.date()) {
            for hours in self.hours() {
                let begin = date.to_datetime(hours.from).max(from);
                let end = date.to_datetime(hours.to);
                if begin >= end {
                    continue;
                }
                let there = u32::try_from(begin.duration_until(end).as_secs() / 60).unwrap_or(0);
                if there >= left {
                    return self.time(begin.checked_add(Span::new().minutes(i64::from(left))).ok()?);
                }
                left -= there;
            }
        }
        None
    }

    /// The end of business on a date, or on the next working day where it is none.
    pub fn end_of(&self, date: Date) -> Option<Time> {
        let date = self.working_from(date).next()?;
        self.time(date.to_datetime(self.hours().last()?.to))
    }
}

/// A date as software writes it: year, month and day, or day, month and year, with `/` or `-`; a time
/// behind it does not matter. `None` for what is no day of any calendar.
pub fn parse_date(text: &str) -> Option<Date> {
    let text = text.trim();
    let date = text.split([' ', 'T']).next()?;
    let mut parts = date.split(['/', '-']);
    let (one, two, three) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || ![one, two, three].into_iter().all(digits) {
        return None;
    }
    let (year, day) = match (one.len(), three.len()) {
        (4, 1 | 2) => (one, three),
        (1 | 2, 4) => (three, one),
        _ => return None,
    };
    Date::new(year.parse().ok()?, two.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn at(calendar: &Calendar, text: &str) -> Time {
        calendar.time(text.parse().unwrap()).unwrap()
    }

    fn after(calendar: &Calendar, from: &str, term: &str) -> Option<String> {
        let due = calendar.after(at(calendar, from), term.parse().unwrap())?;
        Some(calendar.local(due).unwrap().strftime("%Y-%m-%d %H:%M").to_string())
    }

    #[test]
    fn working_time_runs_over_noon_night_weekend_and_holiday() {
        let calendar = Calendar { holidays: ["2026-03-03".parse().unwrap()].into(), ..Calendar::default() };
        let cases = [
            // A Monday.
            ("2026-03-02T08:00", "0.5d", "2026-03-02 12:00"),
            ("2026-03-02T10:30", "0.5d", "2026-03-02 15:30"),
            ("2026-03-02T12:15", "30m", "2026-03-02 13:30"),
            ("2026-03-02T05:00", "1h", "2026-03-02 09:00"),
            // Over the holiday on Tuesday.
            ("2026-03-02T16:30", "1h", "2026-03-04 08:30"),
            ("2026-03-02T20:00", "1d", "2026-03-04 17:00"),
            // Over the weekend.
            ("2026-03-06T16:00", "0.25d", "2026-03-09 09:00"),
            ("2026-03-07T09:00", "2d", "2026-03-10 17:00"),
            ("2026-03-02T08:00", "0m", "2026-03-02 08:00"),
        ];
        for (from, term, expected) in cases {
            assert_eq!(after(&calendar, from, term).as_deref(), Some(expected), "{from} + {term}");
        }
        let saturday = Calendar { extra_days: ["2026-03-07".parse().unwrap()].into(), ..calendar.clone() };
        assert_eq!(after(&saturday, "2026-03-06T16:00", "0.25d").unwrap(), "2026-03-07 09:00");
        let never = Calendar { working_days: vec![], ..calendar.clone() };
        assert_eq!(after(&never, "2026-03-02T08:00", "1m"), None);
        let mornings = Calendar { afternoon: None, ..calendar };
        assert_eq!(after(&mornings, "2026-03-04T08:00", "1d").unwrap(), "2026-03-04 12:00");
    }

    #[test]
    fn a_date_ends_with_business_on_it_or_on_the_next_working_day() {
        let calendar = Calendar::default();
        let end = |date: &str| {
            let end = calendar.end_of(parse_date(date).unwrap()).unwrap();
            calendar.local(end).unwrap().strftime("%Y-%m-%d %H:%M").to_string()
        };
        assert_eq!((end("2026/03/04"), end("07/03/2026")), ("2026-03-04 17:00".into(), "2026-03-09 17:00".into()));
    }

    #[test]
    fn dates_are_read_as_software_writes_them_or_not_at_all() {
        for text in ["2026/03/04", "2026-3-4", "04/03/2026", "4-3-2026", " 2026/03/04 17:00:00", "2026-03-04T00:00"] {
            assert_eq!(parse_date(text), Some(Date::constant(2026, 3, 4)), "{text}");
        }
        let unreadable = [
            "",
            "null",
            "2015/02/30",
            "2026/13/01",
            "0/0/0",
            "03/04/26",
            "2026/03",
            "2026/03/04/05",
            "99999/1/1",
            "ngày 4",
            "-1/-1/-2026",
            "٢٠٢٦/٠٣/٠٤",
        ];
        for text in unreadable {
            assert_eq!(parse_date(text), None, "{text}");
        }
        for millis in [0, 1, u64::MAX, i64::MAX as u64] {
            let calendar = Calendar::default();
            let _ = calendar.after(Time::from_millis(millis), "99999d".parse().unwrap());
        }
    }

    #[test]
    fn what_is_configured_is_read_as_it_is_written() {
        for text in ["0.5d", "4h", "90m", "12.25d", "0m"] {
            assert_eq!(text.parse::<Term>().unwrap().to_string(), text);
        }
        for text in ["", "d", "0.5", "1w", "-1d", "0.123d", "1.d", "999999d", "½d", "1é"] {
            assert!(text.parse::<Term>().is_err(), "{text}");
        }
        for text in ["+07:00", "-03:30"] {
            assert_eq!(text.parse::<UtcOffset>().unwrap().to_string(), text);
        }
        for text in ["7", "+15:00", "+07:60", "UTC", "é7:00"] {
            assert!(text.parse::<UtcOffset>().is_err(), "{text}");
        }
        assert_eq!("7:30-11:30".parse::<Hours>().unwrap().to_string(), "07:30-11:30");
        for text in ["12:00-08:00", "08:00", "25:00-26:00", "a-b"] {
            assert!(text.parse::<Hours>().is_err(), "{text}");
        }
        let json = serde_json::to_string(&Calendar::default()).unwrap();
        assert_eq!(serde_json::from_str::<Calendar>(&json).unwrap(), Calendar::default());
        assert!(serde_json::from_str::<Calendar>(r#"{"morning":"8-12"}"#).is_err());
    }
}
