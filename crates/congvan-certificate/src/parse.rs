//! One certificate, read from DER: what the judgement looks at, and nothing else.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::oid_registry::{
    OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_CERTIFICATE_POLICIES,
    OID_X509_EXT_CRL_DISTRIBUTION_POINTS, OID_X509_EXT_EXTENDED_KEY_USAGE, OID_X509_EXT_ISSUER_ALT_NAME,
    OID_X509_EXT_KEY_USAGE, OID_X509_EXT_SUBJECT_ALT_NAME, OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
};
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

/// A certificate whose DER is well-formed to the last byte, extensions included.
#[derive(Debug)]
pub(crate) struct Certificate<'a> {
    pub(crate) x509: X509Certificate<'a>,
    /// Whether it says that it is an authority's, and how many authorities it allows below it.
    pub(crate) authority: Option<Authority>,
    /// What its key may do; `None` where it does not say, and so may do everything.
    pub(crate) usage: Option<Usage>,
}

/// Basic constraints (RFC 5280 §4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) is_authority: bool,
    pub(crate) below: Option<u32>,
}

/// Key usage (RFC 5280 §4.2.1.3), as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) signs: bool,
    pub(crate) issues: bool,
}

impl<'a> Certificate<'a> {
    /// Reads one; the error is for a reader's eyes.
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, String> {
        let (rest, x509) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
        if !rest.is_empty() {
            return Err(format!("{} bytes follow it", rest.len()));
        }
        if x509.signature_algorithm != x509.tbs_certificate.signature || !is_canonical(der, &x509) {
            return Err("what its signature does not cover is not as it must be".to_owned());
        }
        let authority = x509.basic_constraints().map_err(|error| format!("basic constraints: {error}"))?;
        let authority =
            authority.map(|found| Authority { is_authority: found.value.ca, below: found.value.path_len_constraint });
        let usage = x509.key_usage().map_err(|error| format!("key usage: {error}"))?;
        let usage = usage.map(|found| Usage {
            signs: found.value.digital_signature() || found.value.non_repudiation(),
            issues: found.value.key_cert_sign(),
        });
        // One that cannot be read must not pass as one that is not there.
        let broken = x509.extensions().iter().find_map(|e| e.parsed_extension().error().map(|error| (&e.oid, error)));
        if let Some((oid, error)) = broken {
            return Err(format!("extension {oid}: {error}"));
        }
        Ok(Self { x509, authority, usage })
    }

    pub(crate) fn subject(&self) -> String {
        name(self.x509.subject())
    }

    pub(crate) fn issuer(&self) -> String {
        name(self.x509.issuer())
    }

    /// The serial number in hexadecimal, as authorities print it.
    pub(crate) fn serial(&self) -> String {
        self.x509.raw_serial_as_string()
    }

    /// From when until when, in milliseconds since 1970; a time before that is 0.
    pub(crate) fn period(&self) -> (u64, u64) {
        let validity = self.x509.validity();
        (millis(validity.not_before), millis(validity.not_after).saturating_add(999))
    }

    /// Whether it names itself as its issuer.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.x509.subject().as_raw() == self.x509.issuer().as_raw()
    }

    /// Whether `next` bears the name that this one gives as its issuer.
    pub(crate) fn names_as_issuer(&self, next: &Certificate<'_>) -> bool {
        self.x509.issuer().as_raw() == next.x509.subject().as_raw()
    }

    /// Critical extensions that the judgement does not look at.
    pub(crate) fn unknown_extensions(&self) -> impl Iterator<Item = String> {
        let known = [
            OID_X509_EXT_BASIC_CONSTRAINTS,
            OID_X509_EXT_KEY_USAGE,
            // What the key is for besides; document signing has no one purpose that all authorities use.
            OID_X509_EXT_EXTENDED_KEY_USAGE,
            OID_X509_EXT_SUBJECT_ALT_NAME,
            OID_X509_EXT_ISSUER_ALT_NAME,
            OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
            OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER,
            OID_X509_EXT_CRL_DISTRIBUTION_POINTS,
            // No policy is asked for, so that any will do (RFC 5280 §6.1.1).
            OID_X509_EXT_CERTIFICATE_POLICIES,
        ];
        let unknown = self.x509.extensions().iter().filter(move |e| e.critical && !known.contains(&e.oid));
        unknown.map(|extension| extension.oid.to_id_string())
    }

    /// Where it says that revocations can be looked up: lists (CRL) and services (OCSP).
    pub(crate) fn revocation_addresses(&self) -> Vec<String> {
        let mut found = Vec::new();
        for extension in self.x509.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::CRLDistributionPoints(points) => {
                    for point in points.iter() {
                        if let Some(DistributionPointName::FullName(names)) = &point.distribution_point {
                            found.extend(names.iter().filter_map(address));
                        }
                    }
                }
                ParsedExtension::AuthorityInfoAccess(access) => {
                    let services = access.iter().filter(|access| access.access_method.to_id_string() == OCSP);
                    found.extend(services.filter_map(|access| address(&access.access_location)));
                }
                _ => {}
            }
        }
        found.truncate(8);
        found
    }
}

/// Whether what the issuer's signature does not cover is in its one DER encoding: the frame, the algorithm, which must
/// stand in the signed part too, and the frame of the signature. The parser is lenient with frames, and two byte
/// strings of one certificate would have two fingerprints.
fn is_canonical(der: &[u8], x509: &X509Certificate<'_>) -> bool {
    let signed = x509.tbs_certificate.as_ref();
    let signature = [&[0][..], &x509.signature_value.data].concat();
    let tail = [header(0x03, signature.len()), signature].concat();
    let Some(algorithm) = (|| {
        let frame = header(0x30, der.len().checked_sub(header_len(der.len())?)?);
        der.strip_prefix(&frame[..])?.strip_prefix(signed)?.strip_suffix(&tail[..])
    })() else {
        return false;
    };
    signed.windows(algorithm.len().max(1)).any(|window| window == algorithm)
}

/// A tag and a length in DER.
fn header(tag: u8, len: usize) -> Vec<u8> {
    let bytes: Vec<u8> = len.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    match (len, u8::try_from(bytes.len())) {
        (0..=0x7f, _) => vec![tag, bytes.first().copied().unwrap_or(0)],
        (_, Ok(count)) => [&[tag, 0x80 | count], &bytes[..]].concat(),
        _ => vec![],
    }
}

/// How long the header is of a value that has so many bytes, its header included.
fn header_len(whole: usize) -> Option<usize> {
    (2..=10).find(|len| whole.checked_sub(*len).is_some_and(|rest| header(0x30, rest).len() == *len))
}

/// The access method of OCSP (RFC 5280 §4.2.2.1).
const OCSP: &str = "1.3.6.1.5.5.7.48.1";

fn address(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::URI(address) => Some((*address).to_owned()),
        _ => None,
    }
}

fn name(name: &X509Name<'_>) -> String {
    name.to_string()
}

fn millis(time: ASN1Time) -> u64 {
    u64::try_from(time.timestamp()).unwrap_or(0).saturating_mul(1000)
}
