//! What stands in headers and is read here: pure, and fuzzed.

/// The most characters of an idempotency key.
pub(crate) const MAX_KEY: usize = 128;

/// Which of so many bytes are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// All: no range, or one that need not be heeded (RFC 9110, 14.2), such as one of several parts.
    All,
    /// From the first to the last, both counted from 0 and included.
    Part { first: u64, last: u64 },
    /// None of them are there.
    Beyond,
}

/// What a `Range` header asks of `len` bytes.
pub(crate) fn range(header: &str, len: u64) -> Asked {
    let Some((unit, ranges)) = header.split_once('=') else { return Asked::All };
    let Some((first, last)) = ranges.trim().split_once('-') else { return Asked::All };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Asked::All;
    }
    match (first, last) {
        ("", suffix) => match number(suffix) {
            None => Asked::All,
            Some(0) => Asked::Beyond,
            Some(_) if len == 0 => Asked::Beyond,
            Some(suffix) => Asked::Part { first: len.saturating_sub(suffix), last: len - 1 },
        },
        (first, last) => {
            let Some(first) = number(first) else { return Asked::All };
            let last = match last {
                "" => Some(u64::MAX),
                last => number(last).filter(|last| *last >= first),
            };
            match last {
                None => Asked::All,
                Some(_) if first >= len => Asked::Beyond,
                Some(last) => Asked::Part { first, last: last.min(len - 1) },
            }
        }
    }
}

/// Digits alone: no sign, no blank. More than there are in any file is as good as the most.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Whether an `If-None-Match` header names the tag, which is in its quotes. A tag of ours has no comma.
pub(crate) fn names(header: &str, tag: &str) -> bool {
    let weak = |given: &str| given.strip_prefix("W/").unwrap_or(given) == tag;
    header.trim() == "*" || header.split(',').any(|given| weak(given.trim()))
}

/// An idempotency key: 1 to [`MAX_KEY`] visible ASCII characters.
pub(crate) fn idempotency_key(header: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(header).ok()?;
    let fits = (1..=MAX_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(text)
}

/// The token of an `Authorization` header.
pub(crate) fn bearer(header: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim()).filter(|token| !token.is_empty())
}

/// An event's number, as `Last-Event-ID` has it.
pub(crate) fn event_number(header: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(header).ok()?.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_what_rfc_9110_says() {
        let part = |first, last| Asked::Part { first, last };
        for (header, asked) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=0-9", part(0, 9)),
            ("bytes=3-", part(3, 9)),
            ("bytes=3-99999999999999999999", part(3, 9)),
            ("Bytes = 3-4", part(3, 4)),
            ("bytes=-4", part(6, 9)),
            ("bytes=-11", part(0, 9)),
            ("bytes=-0", Asked::Beyond),
            ("bytes=10-", Asked::Beyond),
            ("bytes=10-12", Asked::Beyond),
            ("bytes=4-3", Asked::All),
            ("bytes=0-1,3-4", Asked::All),
            ("bytes=+1-2", Asked::All),
            ("bytes=1", Asked::All),
            ("bytes=-", Asked::All),
            ("lines=1-2", Asked::All),
            ("", Asked::All),
        ] {
            assert_eq!(range(header, 10), asked, "{header}");
        }
        assert_eq!(range("bytes=0-", 0), Asked::Beyond);
        assert_eq!(range("bytes=-1", 0), Asked::Beyond);
    }

    #[test]
    fn tags_are_compared_weakly() {
        for (header, named) in
            [("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("*", true), ("\"b\"", false), ("a", false)]
        {
            assert_eq!(names(header, "\"a\""), named, "{header}");
        }
    }

    #[test]
    fn keys_tokens_and_numbers_have_their_form() {
        assert!(idempotency_key("k".repeat(MAX_KEY).as_bytes()).is_some());
        for wrong in ["", "a b", "\u{1}", "ế", &"k".repeat(MAX_KEY + 1)] {
            assert_eq!(idempotency_key(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(bearer(b"Bearer abc"), Some("abc"));
        assert_eq!(bearer(b"bearer  abc "), Some("abc"));
        for wrong in ["", "Bearer", "Bearer ", "Basic abc", "abc"] {
            assert_eq!(bearer(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(event_number(b"17"), Some(17));
        for wrong in ["", "+1", "-1", "x", "18446744073709551616"] {
            assert_eq!(event_number(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
