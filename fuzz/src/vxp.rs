//! The interface of the national axis' SDK: what a request says of itself, before anybody is known.
//!
//! The gateway stands on the database; so that fuzzing needs none, its two files that read are taken alone.

#[path = "../../crates/congvan-gateway/src/vxp/sign.rs"]
#[allow(dead_code, unreachable_pub, missing_docs)]
mod sign;
#[path = "../../crates/congvan-gateway/src/vxp/time.rs"]
#[allow(dead_code, unreachable_pub, missing_docs)]
mod time;

use time::UtcOffset;

/// A request's headers, one a line, name and value parted by a colon.
pub fn vxp_headers(bytes: &[u8]) {
    let headers: Vec<(&str, &[u8])> = bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((std::str::from_utf8(&line[..colon]).ok()?, line[colon + 1..].trim_ascii()))
        })
        .collect();
    let Ok(claim) = sign::Claim::read(&headers) else { return };
    assert!(claim.get("systemid").is_some() && claim.get("timestamp").is_some());
    assert!(claim.signature().len() == 64);
    // What is read was sent, under a name of that key.
    for key in ["docId", "from", "status"] {
        let sent = |value: &str| {
            let named = |name: &str| name.eq_ignore_ascii_case(&format!("XroadVnpt-{key}"));
            headers.iter().any(|(name, sent)| named(name) && *sent == value.as_bytes())
        };
        assert!(claim.get(key).is_none_or(sent) && claim.get_otherwise_spelt(key).is_none_or(sent));
    }
    assert!(!claim.verify(b"a secret that nobody has"));
}

/// A moment: a request's timestamp, a filter's date, and an offset.
pub fn vxp_moment(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let vietnam = UtcOffset::default();
    if let Some(stamp) = vietnam.stamp(text) {
        // To the second it is what was written.
        let written = vietnam.written(u64::try_from(stamp).unwrap_or(0));
        assert!(stamp < 0 || written[..4] == text[4..8] && written[17..] == text[13..15], "{text} {written}");
    }
    if let (Some(first), Some(last)) = (vietnam.date(text, false), vietnam.date(text, true)) {
        assert!(first < last && last - first < 86_400_000);
    }
    if let Ok(offset) = text.parse::<UtcOffset>() {
        assert!(offset.to_string().parse::<UtcOffset>().is_ok_and(|again| again == offset));
    }
}
