//! Signatures: which algorithms are known, which are too weak to say anything.

use ring::signature as ring;
use x509_parser::error::X509Error;
use x509_parser::public_key::PublicKey;
use x509_parser::verify::verify_signature;

use crate::parse::Certificate;

/// The fewest bits of an RSA modulus that still say something.
pub(crate) const MIN_RSA_BITS: usize = 2048;

/// How a signature came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signed {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// Its algorithm can be forged, so that holding would mean nothing: the algorithm's name.
    Weak(&'static str),
    /// Its algorithm is not known here: the algorithm's object identifier.
    Unknown(String),
}

/// Algorithms under which somebody can make a second certificate with the same signature.
const WEAK: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.2", "RSA, MD2"),
    ("1.2.840.113549.1.1.4", "RSA, MD5"),
    ("1.2.840.113549.1.1.5", "RSA, SHA-1"),
    ("1.3.14.3.2.29", "RSA, SHA-1"),
    ("1.2.840.10040.4.3", "DSA, SHA-1"),
    ("1.2.840.10045.4.1", "ECDSA, SHA-1"),
];

/// Whether `issuer`'s key signed `certificate`.
pub(crate) fn issued(certificate: &Certificate<'_>, issuer: &Certificate<'_>) -> Signed {
    let (x509, key) = (&certificate.x509, issuer.x509.public_key());
    let algorithm = x509.signature_algorithm.algorithm.to_id_string();
    if let Some((_, name)) = WEAK.iter().find(|(oid, _)| *oid == algorithm) {
        return Signed::Weak(name);
    }
    match verify_signature(key, &x509.signature_algorithm, &x509.signature_value, x509.tbs_certificate.as_ref()) {
        Ok(()) => Signed::Holds,
        Err(X509Error::SignatureUnsupportedAlgorithm) => Signed::Unknown(algorithm),
        Err(_) => Signed::Fails,
    }
}

/// Whether `certificate`'s key signed `message`: RSA (PKCS #1 v1.5) and ECDSA (P-256, P-384; in DER) with SHA-256,
/// or Ed25519, as its key is.
pub(crate) fn proved(certificate: &Certificate<'_>, message: &[u8], signature: &[u8]) -> Signed {
    let key = certificate.x509.public_key();
    let algorithm = key.algorithm.algorithm.to_id_string();
    let verification: &dyn ring::VerificationAlgorithm = match algorithm.as_str() {
        RSA => &ring::RSA_PKCS1_2048_8192_SHA256,
        EC => match curve(certificate).as_deref() {
            Some(P256) => &ring::ECDSA_P256_SHA256_ASN1,
            Some(P384) => &ring::ECDSA_P384_SHA256_ASN1,
            curve => return Signed::Unknown(curve.unwrap_or(EC).to_owned()),
        },
        ED25519 => &ring::ED25519,
        _ => return Signed::Unknown(algorithm),
    };
    match ring::UnparsedPublicKey::new(verification, &key.subject_public_key.data).verify(message, signature) {
        Ok(()) => Signed::Holds,
        Err(_) => Signed::Fails,
    }
}

/// The bits of an RSA key that has too few.
pub(crate) fn weak_key(certificate: &Certificate<'_>) -> Option<usize> {
    match certificate.x509.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => Some(key.key_size()).filter(|bits| *bits < MIN_RSA_BITS),
        _ => None,
    }
}

const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";
const P256: &str = "1.2.840.10045.3.1.7";
const P384: &str = "1.3.132.0.34";
const ED25519: &str = "1.3.101.112";

fn curve(certificate: &Certificate<'_>) -> Option<String> {
    let parameters = certificate.x509.public_key().algorithm.parameters.as_ref()?;
    Some(parameters.as_oid().ok()?.to_id_string())
}
