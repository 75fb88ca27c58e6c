//! Where a webhook may go.

use std::net::IpAddr;

use url::{Host, Url};

/// The most bytes of a webhook's address.
pub(super) const MAX_URL: usize = 2_048;

/// Why an address is none for a webhook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotATarget {
    /// Too long.
    #[error("the address has {0} bytes; at most {MAX_URL} are allowed")]
    TooLong(usize),
    /// No address.
    #[error("it is no address: {0}")]
    Malformed(#[from] url::ParseError),
    /// Neither of the two.
    #[error("the address begins with https://, or with http:// on this machine")]
    Scheme,
    /// It would travel as it is.
    #[error("http is for this machine alone, 127.0.0.1 or [::1]; use https, or set api_insecure_webhooks")]
    Insecure,
    /// A name and a secret in the address.
    #[error("an address with a user name is not taken: deliveries are signed")]
    Credentials,
}

/// An address that deliveries may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The name or address of the machine, as TLS knows it.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encrypted: bool,
    /// As the header `Host` has it.
    pub(super) authority: String,
    /// Path and query.
    pub(super) path: String,
}

impl Target {
    pub(super) fn parse(text: &str, insecure: bool) -> Result<Self, NotATarget> {
        if text.len() > MAX_URL {
            return Err(NotATarget::TooLong(text.len()));
        }
        let url = Url::parse(text)?;
        let encrypted = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(NotATarget::Scheme),
        };
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(NotATarget::Scheme);
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NotATarget::Credentials);
        }
        // A name may stand for any machine, also tomorrow; an address is what it is.
        let this_machine = match &host {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
            Host::Domain(_) => false,
        };
        if !encrypted && !this_machine && !insecure {
            return Err(NotATarget::Insecure);
        }
        let name = match &host {
            Host::Ipv6(address) => address.to_string(),
            host => host.to_string(),
        };
        let authority = url.port().map_or_else(|| host.to_string(), |port| format!("{host}:{port}"));
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        Ok(Self { host: name, port, encrypted, authority, path })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_target_is_encrypted_or_this_machine() {
        let target = Target::parse("https://hook.example/a?b=c", false).unwrap();
        assert_eq!((&*target.host, target.port, target.encrypted), ("hook.example", 443, true));
        assert_eq!((&*target.authority, &*target.path), ("hook.example", "/a?b=c"));
        for good in ["http://127.0.0.1:80/", "http://[::1]:8080/x", "http://[::ffff:127.0.0.1]/"] {
            assert!(Target::parse(good, false).is_ok(), "{good}");
        }
        for (wrong, error) in [
            ("http://hook.example/", NotATarget::Insecure),
            ("http://localhost/", NotATarget::Insecure),
            ("http://10.0.0.1/", NotATarget::Insecure),
            ("http://0x7f.1.evil.example/", NotATarget::Insecure),
            ("ftp://127.0.0.1/", NotATarget::Scheme),
            ("file:///etc/passwd", NotATarget::Scheme),
            ("https://a:b@hook.example/", NotATarget::Credentials),
        ] {
            assert_eq!(Target::parse(wrong, false), Err(error), "{wrong}");
        }
        assert!(Target::parse("http://hook.example/", true).is_ok());
        let long = |len: usize| format!("https://a/{}", "x".repeat(len - 10));
        assert!(Target::parse(&long(MAX_URL), false).is_ok());
        assert_eq!(Target::parse(&long(MAX_URL + 1), false), Err(NotATarget::TooLong(MAX_URL + 1)));
    }
}
