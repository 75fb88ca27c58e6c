//! What the HTTP API reads by itself: headers, and the JSON of documents and statuses.
//!
//! The gateway stands on the database; so that fuzzing needs none, its two files that read are taken alone.

use congvan_core as core;

#[path = "../../crates/congvan-gateway/src/api/draft.rs"]
#[allow(dead_code, unreachable_pub, missing_docs)]
mod draft;
#[path = "../../crates/congvan-gateway/src/api/parse.rs"]
#[allow(dead_code, unreachable_pub, missing_docs)]
mod parse;

use draft::{DocumentDraft, StatusDraft};
use parse::Asked;

/// A header's value: as a range of so many bytes as its first eight say, as a tag, a key, a token, a number.
pub fn api_headers(bytes: &[u8]) {
    let Some((len, value)) = bytes.split_first_chunk::<8>() else { return };
    let len = u64::from_le_bytes(*len);
    if let Some(key) = parse::idempotency_key(value) {
        assert!((1..=parse::MAX_KEY).contains(&key.len()) && key.as_bytes() == value);
    }
    if let Some(token) = parse::bearer(value) {
        assert!(!token.is_empty() && token.trim() == token);
    }
    if let Some(number) = parse::event_number(value) {
        assert_eq!(parse::event_number(number.to_string().as_bytes()), Some(number));
    }
    let Ok(text) = std::str::from_utf8(value) else { return };
    if let Asked::Part { first, last } = parse::range(text, len) {
        assert!(first <= last && last < len);
        assert_eq!(parse::range(&format!("bytes={first}-{last}"), len), Asked::Part { first, last });
    }
    assert!(parse::names(&format!("{text}, \"tag\""), "\"tag\""));
}

/// A document to send, or a status to report, as JSON: what is taken fits the ledger's bounds.
pub fn api_draft(bytes: &[u8]) {
    if let Ok(draft) = serde_json::from_slice::<DocumentDraft>(bytes) {
        let again = serde_json::to_vec(&draft).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        assert_eq!(again.as_ref(), Some(&draft));
        if let Ok(parts) = draft.into_parts() {
            assert!(parts.to.len() <= core::limits::MAX_ADDRESSEES);
            assert!(parts.links.len() <= core::limits::MAX_REFERENCES);
            assert!(parts.envelope.subject.len() <= core::limits::MAX_SUBJECT);
            assert!(parts.envelope.attachments.is_empty() && parts.envelope.packet.is_none());
        }
    }
    if let Ok(draft) = serde_json::from_slice::<StatusDraft>(bytes)
        && let Ok((code, note)) = draft.into_parts()
    {
        assert_eq!(code.digits().parse(), Ok(code));
        assert!(note.note.len() <= core::limits::MAX_SUMMARY && note.packet.is_none());
    }
}
