//! Times, dates and sizes as people in Viet Nam read them.

use congvan::deadline::parse_date;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use super::text::Lang;

/// Viet Nam's time, which has no summer time.
const HANOI: Offset = Offset::constant(7);

/// `24/11/2026 09:30`
pub(crate) fn moment(millis: u64) -> String {
    local(millis).map_or_else(|| "–".to_owned(), |local| local.strftime("%d/%m/%Y %H:%M").to_string())
}

/// `24/11/2026`
pub(crate) fn day(millis: u64) -> String {
    local(millis).map_or_else(|| "–".to_owned(), |local| local.strftime("%d/%m/%Y").to_string())
}

/// The day of a time.
pub(crate) fn date(millis: u64) -> Option<Date> {
    local(millis).map(|local| local.date())
}

/// For programs that read the page.
pub(crate) fn machine(millis: u64) -> String {
    local(millis).map_or_else(String::new, |local| local.strftime("%Y-%m-%dT%H:%M:%S+07:00").to_string())
}

fn local(millis: u64) -> Option<jiff::civil::DateTime> {
    Some(HANOI.to_datetime(Timestamp::from_millisecond(i64::try_from(millis).ok()?).ok()?))
}

/// A date as software writes it, as people read it; what is none stays as it was written.
pub(crate) fn written(text: &str) -> String {
    parse_date(text).map_or_else(|| text.to_owned(), |date| date.strftime("%d/%m/%Y").to_string())
}

/// A date that somebody typed.
pub(crate) fn typed(text: &str) -> Option<Date> {
    parse_date(text)
}

/// A date as documents hold it: `2026/11/24`.
pub(crate) fn stored(date: Date) -> String {
    date.strftime("%Y/%m/%d").to_string()
}

impl Lang {
    /// `1.204` in Vietnamese, `1,204` in English.
    pub(crate) fn number(self, number: u64) -> String {
        let digits = number.to_string();
        let mut grouped = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push_str(self.pick(".", ","));
            }
            grouped.push(digit);
        }
        grouped
    }

    /// `2,5 MB` in Vietnamese, `2.5 MB` in English.
    pub(crate) fn size(self, bytes: u64) -> String {
        let (unit, name) = match bytes {
            0..1_000 => return format!("{bytes} B"),
            1_000..1_000_000 => (1_000, "KB"),
            1_000_000..1_000_000_000 => (1_000_000, "MB"),
            _ => (1_000_000_000, "GB"),
        };
        let tenths = bytes.saturating_mul(10) / unit;
        match (tenths / 10, tenths % 10) {
            (whole, tenth) if whole < 100 && tenth > 0 => format!("{whole}{}{tenth} {name}", self.pick(",", ".")),
            (whole, _) => format!("{whole} {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_viet_nam() {
        assert_eq!(moment(1_772_182_800_000), "27/02/2026 16:00");
        assert_eq!(day(1_772_211_600_000), "28/02/2026", "midnight");
        assert_eq!(machine(1_772_182_800_000), "2026-02-27T16:00:00+07:00");
        assert_eq!(moment(u64::MAX), "–");
    }

    #[test]
    fn dates_are_read_and_written_with_the_day_first() {
        assert_eq!(written("2026/03/04"), "04/03/2026");
        assert_eq!(written("sớm"), "sớm");
        assert_eq!(typed("4/3/2026").map(stored).as_deref(), Some("2026/03/04"));
        assert_eq!(typed("31/02/2026"), None);
    }

    #[test]
    fn sizes_and_numbers_are_short() {
        for (bytes, text) in
            [(0, "0 B"), (999, "999 B"), (2_500, "2,5 KB"), (3_000_000, "3 MB"), (640_900_000, "640 MB")]
        {
            assert_eq!(Lang::Vi.size(bytes), text);
        }
        assert_eq!(Lang::En.size(2_500), "2.5 KB");
        for (count, text) in [(0, "0"), (999, "999"), (1_204, "1.204"), (1_234_567, "1.234.567")] {
            assert_eq!(Lang::Vi.number(count), text);
        }
        assert_eq!(Lang::En.number(1_204), "1,204");
    }
}
