//! Authorities, agencies' certificates and proofs, made when a test runs.
#![allow(dead_code)]

use std::io::Write;
use std::process::{Command, Stdio};

use congvan_certificate::{Anchors, Fact, Outcome, Place, Report, judge};
use congvan_core::{AgencyCode, Bounded, Certification, ChainId, NetworkId, SecretKey, Time};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, date_time_ymd,
};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};

/// 2026-03-02: within every certificate made here, unless a test says otherwise.
pub(crate) const NOW: Time = Time::from_millis(1_772_400_000_000);

/// A certificate and its key.
pub(crate) struct Holder {
    pub(crate) certificate: Certificate,
    pub(crate) key: KeyPair,
}

impl Holder {
    pub(crate) fn der(&self) -> Vec<u8> {
        self.certificate.der().to_vec()
    }

    /// Signs as its key does; P-256 and RSA with SHA-256. What P-384 signs, see [`openssl`].
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let (pkcs8, rng) = (self.key.serialized_der(), SystemRandom::new());
        let algorithm = self.key.algorithm();
        if algorithm == &PKCS_ED25519 {
            Ed25519KeyPair::from_pkcs8(pkcs8).unwrap().sign(message).as_ref().to_vec()
        } else if algorithm == &PKCS_RSA_SHA256 {
            let key = RsaKeyPair::from_pkcs8(pkcs8).unwrap();
            let mut signature = vec![0; key.public().modulus_len()];
            key.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature).unwrap();
            signature
        } else {
            let curve = match algorithm == &PKCS_ECDSA_P256_SHA256 {
                true => &ECDSA_P256_SHA256_ASN1_SIGNING,
                false => &ECDSA_P384_SHA384_ASN1_SIGNING,
            };
            EcdsaKeyPair::from_pkcs8(curve, pkcs8, &rng).unwrap().sign(&rng, message).unwrap().as_ref().to_vec()
        }
    }
}

pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "VN");
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    params
}

pub(crate) fn authority_params(name: &str, below: Option<u8>) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(below.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub(crate) fn agency_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    // rcgen writes a key usage only beside another extension.
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
    params
}

pub(crate) fn root(params: CertificateParams) -> Holder {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    Holder { certificate: params.self_signed(&key).unwrap(), key }
}

pub(crate) fn issue(issuer: &Holder, params: CertificateParams) -> Holder {
    issue_to(issuer, params, KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap())
}

pub(crate) fn issue_to(issuer: &Holder, params: CertificateParams, key: KeyPair) -> Holder {
    Holder { certificate: params.signed_by(&key, &issuer.certificate, &issuer.key).unwrap(), key }
}

pub(crate) fn place() -> Place {
    let network = NetworkId::from_bytes([7; 32]);
    Place { network, chain: ChainId::of_agency(network, &AgencyCode::new("000.00.00.H55").unwrap()) }
}

pub(crate) fn secret() -> SecretKey {
    SecretKey::from_seed(&[3; 32])
}

pub(crate) fn message() -> Vec<u8> {
    Certification::proof_message(place().network, place().chain, secret().public().id())
}

pub(crate) fn certify(certificates: Vec<Vec<u8>>, proof: Vec<u8>) -> Certification {
    let certificates = certificates.into_iter().map(|der| Bounded::new(der).unwrap()).collect();
    let (certificates, proof) = (Bounded::new(certificates).unwrap(), Bounded::new(proof).unwrap());
    Certification::new(place().network, place().chain, &secret(), certificates, proof)
}

/// A root, an authority below it, and an agency's certificate: what is usual.
pub(crate) struct Usual {
    pub(crate) root: Holder,
    pub(crate) sub: Holder,
    pub(crate) agency: Holder,
}

impl Usual {
    pub(crate) fn new() -> Self {
        Self::with(agency_params("UBND tỉnh Thái Nguyên"))
    }

    pub(crate) fn with(agency: CertificateParams) -> Self {
        let root = root(authority_params("Chứng thực gốc", None));
        let sub = issue(&root, authority_params("Chứng thực cấp dưới", Some(0)));
        let agency = issue(&sub, agency);
        Self { root, sub, agency }
    }

    pub(crate) fn anchors(&self) -> Anchors {
        Anchors::of_der([self.root.der()])
    }

    pub(crate) fn certification(&self) -> Certification {
        certify(vec![self.agency.der(), self.sub.der()], self.agency.sign(&message()))
    }

    pub(crate) fn judge(&self, certification: &Certification) -> Report {
        judge(certification, place(), NOW, &self.anchors())
    }
}

pub(crate) fn facts(report: &Report) -> Vec<&Fact> {
    report.findings.iter().map(|finding| &finding.fact).collect()
}

/// The facts that fail.
pub(crate) fn failures(report: &Report) -> Vec<&Fact> {
    report.with(Outcome::Fails).map(|finding| &finding.fact).collect()
}

/// The certificate with other bytes for each place where `from` stands.
pub(crate) fn patched(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = der.to_vec();
    let places: Vec<_> = (0..=out.len() - from.len()).filter(|at| &out[*at..at + from.len()] == from).collect();
    assert!(!places.is_empty());
    for at in places {
        out[at..at + to.len()].copy_from_slice(to);
    }
    out
}

/// Runs `openssl`, which makes what `ring` cannot. `None`, said aloud, where it is not installed; CI has it.
pub(crate) fn openssl(words: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new("openssl");
    let spawned = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped: openssl: {error}");
            return None;
        }
        Err(error) => panic!("openssl: {error}"),
    };
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}
