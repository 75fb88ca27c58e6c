//! What a request says of itself in its headers, and the proof that a system's secret stands behind it.
//!
//! Pure and without I/O; depends on nothing else of this crate, so that it is fuzzed alone.

use hmac::{Hmac, KeyInit, Mac};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use sha2::Sha256;

/// What every header of the interface begins with; names of headers have no case.
const PREFIX: &str = "XroadVnpt-";
/// The most bytes of `XroadVnpt-sign-header`.
pub(crate) const MAX_SIGNED: usize = 16 << 10;
/// The most headers that one request signs.
pub(crate) const MAX_KEYS: usize = 64;

/// Why a request's headers do not stand for themselves.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum SignError {
    /// A header is missing.
    #[error("{PREFIX}{0} is missing")]
    Missing(&'static str),
    /// A header that comes once came twice.
    #[error("{PREFIX}{0} is there twice")]
    Twice(&'static str),
    /// A header is malformed.
    #[error("{PREFIX}{0} is malformed: {1}")]
    Malformed(&'static str, &'static str),
    /// A bound.
    #[error("{PREFIX}sign-header has {0}; at most {1} are allowed")]
    TooLong(&'static str, usize),
    /// The list of keys and the signed object name other headers.
    #[error("{PREFIX}sign-header-key does not list what {PREFIX}sign-header holds")]
    Keys,
    /// A signed header was sent with another value, more often, or not at all.
    #[error("{PREFIX}{0} was signed with another value than was sent")]
    Differs(String),
    /// A header that must be signed is not.
    #[error("{PREFIX}{0} is not signed")]
    Unsigned(&'static str),
}

/// The headers that take part in a request, in the order in which they were signed.
///
/// Until [`verify`](Self::verify) said yes, it is a claim and no more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Claim {
    /// Key (without the prefix) and value, as signed.
    pairs: Vec<(String, String)>,
    /// What was signed: the very bytes of `XroadVnpt-sign-header`.
    message: Vec<u8>,
    /// The proof, lower-case hexadecimal as it came.
    hash: [u8; 32],
}

impl Claim {
    /// Reads a request's headers; names in any case, values as they came. What is not signed is not kept.
    ///
    /// # Errors
    /// [`SignError`] names the header.
    pub(crate) fn read(headers: &[(&str, &[u8])]) -> Result<Self, SignError> {
        let once = |key: &'static str| {
            let mut found = values(headers, key);
            match (found.next(), found.next()) {
                (Some(value), None) => Ok(value),
                (Some(_), Some(_)) => Err(SignError::Twice(key)),
                (None, _) => Err(SignError::Missing(key)),
            }
        };
        let message = once("sign-header")?;
        let listed = once("sign-header-key")?;
        let hash = once("hash-header")?;
        if message.len() > MAX_SIGNED {
            return Err(SignError::TooLong("too many bytes", MAX_SIGNED));
        }
        let Pairs(signed) = serde_json::from_slice(message)
            .map_err(|_| SignError::Malformed("sign-header", "not one JSON object of texts"))?;
        if signed.len() > MAX_KEYS {
            return Err(SignError::TooLong("too many headers", MAX_KEYS));
        }
        let pairs: Vec<(String, String)> = signed
            .into_iter()
            .map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value)))
            .collect::<Option<_>>()
            .ok_or(SignError::Malformed("sign-header", "a name does not begin with XroadVnpt-"))?;
        if !listed.split(|byte| *byte == b';').eq(pairs.iter().map(|(key, _)| key.as_bytes())) {
            return Err(SignError::Keys);
        }
        for (number, (key, _)) in pairs.iter().enumerate() {
            if pairs.iter().take(number).any(|(earlier, _)| earlier == key) {
                return Err(SignError::Keys);
            }
        }
        // Two keys that differ in case alone are one header to HTTP: its values come in the order of the keys.
        for (key, _) in &pairs {
            let alike = pairs.iter().filter(|(other, _)| other.eq_ignore_ascii_case(key));
            if !values(headers, key).eq(alike.map(|(_, value)| value.as_bytes())) {
                return Err(SignError::Differs(key.clone()));
            }
        }
        let malformed = SignError::Malformed("hash-header", "not 64 hexadecimal digits");
        let mut claim = Self { pairs, message: message.to_vec(), hash: [0; 32] };
        hex::decode_to_slice(hash, &mut claim.hash).map_err(|_| malformed)?;
        for key in ["systemid", "timestamp"] {
            claim.get(key).ok_or(SignError::Unsigned(key))?;
        }
        Ok(claim)
    }

    /// Whether the secret made the proof: HMAC-SHA-256 of the signed bytes, compared in constant time.
    pub(crate) fn verify(&self, secret: &[u8]) -> bool {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
        mac.update(&self.message);
        mac.verify_slice(&self.hash).is_ok()
    }

    /// The value of a signed header: of the key as spelt here, or else of one that differs in case alone.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.spelt(|found| found == key).or_else(|| self.spelt(|found| found.eq_ignore_ascii_case(key)))
    }

    /// The same, but of another spelling than this one before this one.
    pub(crate) fn get_otherwise_spelt(&self, key: &str) -> Option<&str> {
        self.spelt(|found| found != key && found.eq_ignore_ascii_case(key)).or_else(|| self.get(key))
    }

    /// Empty values are as good as none.
    fn spelt(&self, fits: impl Fn(&str) -> bool) -> Option<&str> {
        self.pairs.iter().find(|(key, value)| fits(key) && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// The proof as text: the name of this very request.
    pub(crate) fn signature(&self) -> String {
        hex::encode(self.hash)
    }
}

fn values<'a>(headers: &'a [(&str, &[u8])], key: &'a str) -> impl Iterator<Item = &'a [u8]> {
    headers.iter().filter_map(move |(name, value)| {
        let (prefix, rest) = name.split_at_checked(PREFIX.len())?;
        (prefix.eq_ignore_ascii_case(PREFIX) && rest.eq_ignore_ascii_case(key)).then_some(*value)
    })
}

/// A JSON object of texts, in its order, with whatever comes twice.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Pairs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
