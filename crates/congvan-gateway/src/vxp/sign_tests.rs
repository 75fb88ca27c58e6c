//! What a claim must hold. Apart from `sign.rs`, which the fuzz targets take alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::sign::{Claim, MAX_KEYS, MAX_SIGNED, SignError};

const CHECK: &str = "{\"XroadVnpt-systemid\":\"sys1\",\"XroadVnpt-timestamp\":\"24112026T114806+0998\",\
                     \"XroadVnpt-Content-Type\":\"application/json\"}";
const CHECK_HASH: &str = "888cf25716f0f171c24cdc210c74f308a3245614bee7486dc858202c9311e693";

/// Headers as the SDK makes them of keys and values.
fn headers(pairs: &[(String, String)], hash: &str) -> Vec<(String, String)> {
    let signed: Vec<_> = pairs
        .iter()
        .map(|(key, value)| format!("\"XroadVnpt-{key}\":{}", serde_json::to_string(value).unwrap()))
        .collect();
    let keys: Vec<_> = pairs.iter().map(|(key, _)| key.as_str()).collect();
    let sent = pairs.iter().map(|(key, value)| (format!("XroadVnpt-{key}"), value.clone()));
    let signature = [
        ("XroadVnpt-sign-header-key".to_owned(), keys.join(";")),
        ("XroadVnpt-sign-header".to_owned(), format!("{{{}}}", signed.join(","))),
        ("XroadVnpt-hash-header".to_owned(), hash.to_owned()),
    ];
    sent.chain(signature).collect()
}

fn read(headers: &[(String, String)]) -> Result<Claim, SignError> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    Claim::read(&headers)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn usual() -> Vec<(String, String)> {
    pairs(&[("systemid", "sys1"), ("timestamp", "24112026T114806+0998"), ("Content-Type", "application/json")])
}

#[test]
fn the_published_check_value_holds() {
    let headers = headers(&usual(), CHECK_HASH);
    assert!(headers.iter().any(|(_, value)| value == CHECK));
    let claim = read(&headers).unwrap();
    assert!(claim.verify(b"c2VjcmV0"));
    for wrong in ["", "c2VjcmV1", "secret", "c2VjcmV0 "] {
        assert!(!claim.verify(wrong.as_bytes()), "{wrong:?}");
    }
    assert_eq!((claim.get("systemid"), claim.get("Content-Type")), (Some("sys1"), Some("application/json")));
    assert_eq!((claim.get("docId"), claim.signature()), (None, CHECK_HASH.to_owned()));
}

#[test]
fn two_spellings_of_one_key_are_told_apart_by_their_order() {
    let mut two = usual();
    two.extend(pairs(&[("docId", "a"), ("docid", "b")]));
    let claim = read(&headers(&two, CHECK_HASH)).unwrap();
    assert_eq!((claim.get("docId"), claim.get_otherwise_spelt("docId")), (Some("a"), Some("b")));
    // As HTTP gives them: names without case, values in order.
    let mut lower: Vec<_> =
        headers(&two, CHECK_HASH).into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
    assert_eq!(read(&lower).unwrap(), claim);
    let at =
        |headers: &[(String, String)], wanted: &str| headers.iter().position(|(_, value)| value == wanted).unwrap();
    let (a, b) = (at(&lower, "a"), at(&lower, "b"));
    lower.swap(a, b);
    assert!(matches!(read(&lower), Err(SignError::Differs(_))));
}

#[test]
fn bounds_and_absences_are_named() {
    let with = |count: usize| {
        let mut pairs = usual();
        pairs.extend((pairs.len()..count).map(|number| (format!("k{number}"), "v".to_owned())));
        read(&headers(&pairs, CHECK_HASH))
    };
    assert!(with(MAX_KEYS).is_ok());
    assert!(matches!(with(MAX_KEYS + 1), Err(SignError::TooLong(_, MAX_KEYS))));
    let long = |extra: usize| {
        let mut pairs = usual();
        let bare = CHECK.len() + ",\"XroadVnpt-k\":\"\"".len();
        pairs.push(("k".to_owned(), "v".repeat(MAX_SIGNED - bare + extra)));
        read(&headers(&pairs, CHECK_HASH))
    };
    assert!(long(0).is_ok());
    assert!(matches!(long(1), Err(SignError::TooLong(_, MAX_SIGNED))));
    assert_eq!(read(&headers(&usual()[1..], CHECK_HASH)), Err(SignError::Unsigned("systemid")));
    assert_eq!(read(&headers(&usual()[..1], CHECK_HASH)), Err(SignError::Unsigned("timestamp")));
    assert!(matches!(read(&headers(&usual(), &CHECK_HASH[1..])), Err(SignError::Malformed("hash-header", _))));
    let mut twice = usual();
    twice.extend(usual());
    assert_eq!(read(&headers(&twice, CHECK_HASH)), Err(SignError::Keys));
    for missing in ["XroadVnpt-sign-header-key", "XroadVnpt-sign-header", "XroadVnpt-hash-header"] {
        let headers: Vec<_> = headers(&usual(), CHECK_HASH).into_iter().filter(|(name, _)| name != missing).collect();
        assert!(matches!(read(&headers), Err(SignError::Missing(_))), "{missing}");
    }
}

proptest! {
    /// What was sent as it was signed is read as it was signed; what was sent otherwise is not read.
    #[test]
    fn a_header_is_what_was_signed_or_nothing(
        extra in proptest::collection::btree_map("[a-z]{1,8}", "[ -~ế]{1,16}", 1..8),
        at in any::<proptest::sample::Index>(),
        other in "[a-z]{1,4}",
    ) {
        let mut all = usual();
        let extra = extra.into_iter().filter(|(key, _)| !matches!(key.as_str(), "systemid" | "timestamp"));
        all.extend(extra.map(|(key, value)| (key, value.trim().to_owned())));
        let sent = headers(&all, CHECK_HASH);
        let claim = read(&sent).unwrap();
        for (key, value) in &all {
            prop_assert_eq!(claim.get(key).unwrap_or_default(), value);
        }
        // Altered, absent, and once more.
        let at = at.index(all.len());
        let mut altered = sent.clone();
        altered[at].1.push_str(&other);
        prop_assert!(matches!(read(&altered), Err(SignError::Differs(_))));
        let mut absent = sent.clone();
        absent.remove(at);
        prop_assert!(matches!(read(&absent), Err(SignError::Differs(_))));
        let mut twice = sent.clone();
        twice.push(sent[at].clone());
        prop_assert!(matches!(read(&twice), Err(SignError::Differs(_))));
    }
}
