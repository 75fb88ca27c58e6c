//! The interface's moments: local time without a zone, in several forms.
//!
//! Pure, and fuzzed like `sign.rs`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// The zone of the systems' clocks, as hours and minutes from UTC: `+07:00`, that of Vietnam, unless said
/// otherwise. Whole minutes, at most 14 hours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UtcOffset(Offset);

impl Default for UtcOffset {
    fn default() -> Self {
        Self(Offset::constant(7))
    }
}

/// Text that is no offset from UTC.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is no offset from UTC; write it as +07:00, at most 14 hours")]
pub struct NotAnOffset(String);

impl FromStr for UtcOffset {
    type Err = NotAnOffset;
    fn from_str(text: &str) -> Result<Self, NotAnOffset> {
        let parse = || {
            let sign = match text.as_bytes().first()? {
                b'+' => 1,
                b'-' => -1,
                _ => return None,
            };
            let (hours, minutes) = text.get(1..)?.split_once(':')?;
            let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
            let seconds = hours * 3600 + minutes * 60;
            (minutes < 60 && seconds <= 14 * 3600).then(|| Offset::from_seconds(sign * seconds).ok())?
        };
        parse().map(Self).ok_or_else(|| NotAnOffset(text.to_owned()))
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.0.seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
    }
}

impl UtcOffset {
    /// A request's moment, `ddMMyyyy'T'HHmmss+SSSS`, in milliseconds since 1970. The last part is the
    /// millisecond, in four digits, not a zone.
    pub(crate) fn stamp(self, text: &str) -> Option<i64> {
        let (date, rest) = text.split_once('T')?;
        let (clock, millisecond) = rest.split_once('+')?;
        if date.len() != 8 || clock.len() != 6 || !text.is_ascii() {
            return None;
        }
        let (day, month, year) = (digits(&date[..2], 2)?, digits(&date[2..4], 2)?, digits(&date[4..], 4)?);
        let (hour, minute, second) = (digits(&clock[..2], 2)?, digits(&clock[2..4], 2)?, digits(&clock[4..], 2)?);
        let millisecond = digits(millisecond, 4).filter(|millisecond| *millisecond < 1000)?;
        self.moment([year, month, day, hour, minute, second], millisecond)
    }

    /// A filter's moment: `yyyy/MM/dd`, `yyyy-MM-dd` or `dd/MM/yyyy`, alone or with `HH:mm:ss` behind a
    /// blank or `T`. Without it, the day's first moment, or its last one for `end`.
    pub(crate) fn date(self, text: &str, end: bool) -> Option<i64> {
        let text = text.trim();
        let (date, clock) = match text.split_once([' ', 'T']) {
            Some((date, clock)) => (date, Some(clock)),
            None => (text, None),
        };
        let mut parts = date.split(['/', '-']);
        let parts = [parts.next()?, parts.next()?, parts.next().filter(|_| parts.clone().next().is_none())?];
        let [year, month, day] = match parts {
            [year, month, day] if year.len() == 4 => [year, month, day],
            [day, month, year] => [year, month, day],
        };
        let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
        let [hour, minute, second] = match clock {
            Some(clock) => {
                let mut parts = clock.split(':').map(|part| digits(part, 2));
                [parts.next()??, parts.next()??, parts.next().filter(|_| parts.clone().next().is_none())??]
            }
            None if end => [23, 59, 59],
            None => [0, 0, 0],
        };
        self.moment([year, month, day, hour, minute, second], if end { 999 } else { 0 })
    }

    fn moment(self, parts: [i32; 6], millisecond: i32) -> Option<i64> {
        let [_, month, day, hour, minute, second] = parts.map(|part| i8::try_from(part).unwrap_or(-1));
        let year = i16::try_from(parts[0]).ok()?;
        let local = DateTime::new(year, month, day, hour, minute, second, millisecond * 1_000_000).ok()?;
        Some(self.0.to_timestamp(local).ok()?.as_millisecond())
    }

    /// `yyyy/MM/dd HH:mm:ss` of a moment in milliseconds since 1970; empty for one that no calendar has.
    pub(crate) fn written(self, millis: u64) -> String {
        let written = || {
            let moment = Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()?;
            let local = self.0.to_datetime(moment);
            Some(format!(
                "{:04}/{:02}/{:02} {:02}:{:02}:{:02}",
                local.year(),
                local.month(),
                local.day(),
                local.hour(),
                local.minute(),
                local.second()
            ))
        };
        written().unwrap_or_default()
    }
}

/// A number of exactly so many digits, and nothing else.
fn digits(text: &str, count: usize) -> Option<i32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_recorded_stamp_is_local_time_with_its_millisecond() {
        let vietnam = UtcOffset::default();
        assert_eq!(vietnam.stamp("24112026T114806+0998"), Some(1_795_495_686_998));
        assert_eq!("+00:00".parse::<UtcOffset>().unwrap().stamp("01011970T000000+0001"), Some(1));
        for wrong in [
            "",
            "24112026T114806",
            "24112026T114806+998",
            "24112026T114806+1000",
            "31022026T114806+0998",
            "24112026T246006+0998",
            "2411202 T114806+0998",
            "24112026T114806+0998 ",
            "ế4112026T114806+0998",
            "24112026T11480\u{661}+0998",
            "+4112026T114806+0998",
        ] {
            assert_eq!(vietnam.stamp(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dates_of_filters_are_read_in_the_forms_that_systems_write() {
        let vietnam = UtcOffset::default();
        let day = vietnam.date("2026/11/24", false).unwrap();
        assert_eq!(vietnam.written(day as u64), "2026/11/24 00:00:00");
        assert_eq!(vietnam.date("2026-11-24", false), Some(day));
        assert_eq!(vietnam.date("24/11/2026", false), Some(day));
        assert_eq!(vietnam.date("2026/11/24", true), Some(day + 86_399_999));
        assert_eq!(vietnam.date("2026-11-24T01:02:03", false), Some(day + 3_723_000));
        assert_eq!(vietnam.date("24/11/2026 01:02:03", true), Some(day + 3_723_999));
        for wrong in ["", "2026", "2026/11", "2026/11/24/1", "2026/13/24", "2026/11/24 1:2:3", "hôm nay", "1/1/1"] {
            assert_eq!(vietnam.date(wrong, false), None, "{wrong}");
        }
    }

    #[test]
    fn an_offset_is_read_as_it_is_written() {
        for text in ["+07:00", "-03:30", "+00:00", "+14:00"] {
            assert_eq!(text.parse::<UtcOffset>().unwrap().to_string(), text);
        }
        for wrong in ["", "7", "+7", "+14:01", "+07:60", "07:00", "+0700", "-15:00"] {
            assert!(wrong.parse::<UtcOffset>().is_err(), "{wrong}");
        }
    }
}
