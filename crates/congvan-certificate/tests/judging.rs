//! What is found of certifications that are right, and of each that is wrong in one way.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;
use congvan_certificate::{Anchors, Fact, Outcome, Place, Verdict, judge, period, read_certificates};
use congvan_core::{AgencyCode, ChainId, Time, Wire};
use rcgen::{
    CustomExtension, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    date_time_ymd,
};

#[test]
fn a_right_certification_is_confirmed_but_for_its_revocation() {
    let usual = Usual::new();
    let report = usual.judge(&usual.certification());
    assert_eq!(report.verdict, Verdict::Confirmed, "{report:#?}");
    assert!(report.binds() && report.is_valid_then());
    assert_eq!(report.subject, "C=VN, CN=UBND tỉnh Thái Nguyên");
    assert_eq!(report.issuer, "C=VN, CN=Chứng thực cấp dưới");
    let unchecked: Vec<_> = report.with(Outcome::Unchecked).map(|finding| &finding.fact).collect();
    assert_eq!(unchecked, [&Fact::Revocation { addresses: vec![] }]);
    // With the root in the chain, too, and with the authority below it trusted by itself.
    let whole = certify(vec![usual.agency.der(), usual.sub.der(), usual.root.der()], usual.agency.sign(&message()));
    assert_eq!(usual.judge(&whole).verdict, Verdict::Confirmed);
    let below = Anchors::of_der([usual.sub.der()]);
    assert_eq!(judge(&usual.certification(), place(), NOW, &below).verdict, Verdict::Confirmed);
}

#[test]
fn every_usual_kind_of_key_can_prove() {
    let usual = Usual::new();
    let ed25519 = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let agency = issue_to(&usual.sub, agency_params("Sở Tài chính"), ed25519);
    let certification = certify(vec![agency.der(), usual.sub.der()], agency.sign(&message()));
    assert_eq!(usual.judge(&certification).verdict, Verdict::Confirmed);

    let Some(pem) = openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], &[]) else { return };
    let rsa = KeyPair::from_pkcs8_pem_and_sign_algo(&String::from_utf8(pem).unwrap(), &PKCS_RSA_SHA256).unwrap();
    let agency = issue_to(&usual.sub, agency_params("Sở Tài chính"), rsa);
    let certification = certify(vec![agency.der(), usual.sub.der()], agency.sign(&message()));
    assert_eq!(usual.judge(&certification).verdict, Verdict::Confirmed);
    // Signed with SHA-1: whatever the signature is worth, the algorithm is worth nothing.
    let root = Usual { agency, ..Usual::new() };
    let rsa_signed = issue(&root.agency, agency_params("x"));
    let sha1 =
        patched(&rsa_signed.der(), b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05");
    let certification = certify(vec![sha1, root.agency.der()], rsa_signed.sign(&message()));
    let report = judge(&certification, place(), NOW, &Anchors::none());
    assert!(
        failures(&report)
            .iter()
            .any(|fact| matches!(fact, Fact::WeakAlgorithm { algorithm, .. } if algorithm == "RSA, SHA-1")),
        "{report:#?}"
    );

    // P-384 signs with SHA-256, as tokens do that are asked for it; ring does not sign so.
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let agency = issue_to(&usual.sub, agency_params("Sở Tài chính"), p384);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key.pem");
    std::fs::write(&file, agency.key.serialize_pem()).unwrap();
    let Some(proof) = openssl(&["dgst", "-sha256", "-sign", file.to_str().unwrap()], &message()) else { return };
    let certification = certify(vec![agency.der(), usual.sub.der()], proof);
    assert_eq!(usual.judge(&certification).verdict, Verdict::Confirmed);
}

#[test]
fn a_proof_is_for_one_key_of_one_agency_of_one_network() {
    let usual = Usual::new();
    let right = usual.certification();
    // Another key signed.
    let other = issue(&usual.sub, agency_params("Sở Y tế"));
    let forged = certify(vec![usual.agency.der(), usual.sub.der()], other.sign(&message()));
    let report = usual.judge(&forged);
    assert_eq!(failures(&report), [&Fact::NoProof]);
    assert!(!report.binds());
    // Made for another agency, or another network.
    let chain = ChainId::of_agency(place().network, &AgencyCode::new("000.00.01.H55").unwrap());
    let network = congvan_core::NetworkId::from_bytes([8; 32]);
    for elsewhere in [Place { chain, ..place() }, Place { network, ..place() }] {
        let report = judge(&right, elsewhere, NOW, &usual.anchors());
        assert_eq!(failures(&report), [&Fact::NoConsent, &Fact::NoProof]);
    }
    // A proof cut short, empty, or too long.
    for proof in [vec![], right.proof[1..].to_vec(), [&right.proof[..], &[0]].concat()] {
        let report = usual.judge(&certify(vec![usual.agency.der(), usual.sub.der()], proof));
        assert_eq!(failures(&report), [&Fact::NoProof]);
    }
}

#[test]
fn validity_is_judged_at_the_time_in_question() {
    let usual = Usual::new();
    let certification = usual.certification();
    let at = |millis| judge(&certification, place(), Time::from_millis(millis), &usual.anchors());
    let (from, until) = (1_735_689_600_000, 1_798_761_600_000);
    for (millis, valid) in [(from - 1, false), (from, true), (until, true), (until + 999, true), (until + 1000, false)]
    {
        let report = at(millis);
        assert_eq!((report.verdict == Verdict::Confirmed, report.is_valid_then()), (valid, valid), "{millis}");
        assert_eq!(period(&certification).unwrap().covers(Time::from_millis(millis)), valid);
    }
    // Three certificates, the anchor among them.
    let expired = at(until + 1000);
    let said = failures(&expired);
    assert!(
        said.len() == 3 && said.iter().all(|fact| matches!(fact, Fact::Expired { until, .. } if until == "2027-01-01"))
    );
    assert!(failures(&at(0)).iter().all(|fact| matches!(fact, Fact::NotYetValid { from, .. } if from == "2025-01-01")));

    let mut short = agency_params("Sở Tài chính");
    short.not_after = date_time_ymd(2026, 1, 1);
    let usual = Usual::with(short);
    let report = usual.judge(&usual.certification());
    let [Fact::Expired { who, until }] = failures(&report)[..] else { panic!("{report:#?}") };
    assert_eq!((who.number, until.as_str()), (1, "2026-01-01"));
}

#[test]
fn a_chain_in_another_order_is_none() {
    let usual = Usual::new();
    let swapped = certify(vec![usual.sub.der(), usual.agency.der()], usual.agency.sign(&message()));
    let report = usual.judge(&swapped);
    let said = failures(&report);
    assert!(said.iter().any(|fact| matches!(fact, Fact::WrongOrder { who, .. } if who.number == 1)), "{report:#?}");
    assert!(said.contains(&&Fact::NoProof));
    let hole = certify(vec![usual.agency.der(), usual.root.der()], usual.agency.sign(&message()));
    assert!(matches!(failures(&usual.judge(&hole))[..], [Fact::WrongOrder { .. }]));
}

#[test]
fn a_namesake_is_no_issuer() {
    let usual = Usual::new();
    let impostor = Usual::new();
    let certification = certify(vec![usual.agency.der(), impostor.sub.der()], usual.agency.sign(&message()));
    let report = usual.judge(&certification);
    assert!(
        failures(&report).iter().any(|f| matches!(f, Fact::NotIssued { who, by } if (who.number, by.number) == (1, 2)))
    );
    // Nor is an anchor of the same name; one of several with the name is.
    let report = judge(&usual.certification(), place(), NOW, &impostor.anchors());
    assert!(failures(&report).iter().any(|fact| matches!(fact, Fact::NotAnchored { .. })), "{report:#?}");
    let both = Anchors::of_der([impostor.root.der(), usual.root.der()]);
    assert_eq!(judge(&usual.certification(), place(), NOW, &both).verdict, Verdict::Confirmed);
}

#[test]
fn whom_nobody_vouches_for_is_left_open_or_refuted() {
    let usual = Usual::new();
    let report = judge(&usual.certification(), place(), NOW, &Anchors::none());
    assert_eq!(report.verdict, Verdict::Open);
    assert!(facts(&report).contains(&&Fact::NoAnchors { issuer: "C=VN, CN=Chứng thực gốc".into() }));
    // Self-signed, by an agency that is its own authority.
    let own = root(agency_params("Tự ký"));
    let certification = certify(vec![own.der()], {
        // Its key is P-384, which ring signs with SHA-384 only: no proof either.
        own.sign(&message())
    });
    let report = usual.judge(&certification);
    assert_eq!(report.verdict, Verdict::Refuted);
    assert!(failures(&report).contains(&&Fact::NotAnchored { issuer: "C=VN, CN=Tự ký".into() }));
    // Unless its reader pins it.
    let report = judge(&certification, place(), NOW, &Anchors::of_der([own.der()]));
    assert_eq!(failures(&report), [&Fact::NoProof]);
}

#[test]
fn only_an_authority_issues_and_only_as_far_as_it_may() {
    let failing = |root_params, sub_params, agency| {
        let root = root(root_params);
        let sub = issue(&root, sub_params);
        let agency = issue(&sub, agency);
        let proof = agency.sign(&message());
        let report =
            judge(&certify(vec![agency.der(), sub.der()], proof), place(), NOW, &Anchors::of_der([root.der()]));
        failures(&report).into_iter().cloned().collect::<Vec<_>>()
    };
    let (root, agency) = (|| authority_params("Gốc", None), || agency_params("Xã"));
    let below = |below| authority_params("Cấp dưới", below);
    assert_eq!(failing(root(), below(Some(0)), agency()), []);
    let mut no_authority = below(None);
    no_authority.is_ca = IsCa::ExplicitNoCa;
    assert!(matches!(&failing(root(), no_authority, agency())[..], [Fact::MayNotIssue { who }] if who.number == 2));
    let mut silent = below(None);
    silent.is_ca = IsCa::NoCa;
    assert!(matches!(failing(root(), silent, agency())[..], [Fact::MayNotIssue { .. }]));
    let mut other_usage = below(None);
    other_usage.key_usages = vec![KeyUsagePurpose::CrlSign];
    assert!(matches!(failing(root(), other_usage, agency())[..], [Fact::MayNotIssue { .. }]));
    // The anchor's own limit: no authority below it.
    let narrow = authority_params("Gốc", Some(0));
    assert!(matches!(failing(narrow, below(None), agency())[..], [Fact::PathTooLong { allowed: 0, .. }]));
    // A certificate that is for encrypting only.
    let mut encrypting = agency();
    encrypting.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    assert!(matches!(failing(root(), below(None), encrypting)[..], [Fact::MayNotSign { .. }]));
}

#[test]
fn what_is_not_understood_is_said_and_decides_nothing() {
    let mut critical = agency_params("Sở Tài chính");
    let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99_999, 1], vec![5, 0]);
    extension.set_criticality(true);
    critical.custom_extensions.push(extension);
    critical.crl_distribution_points =
        vec![rcgen::CrlDistributionPoint { uris: vec!["http://crl.example.org/sub.crl".into()] }];
    let usual = Usual::with(critical);
    let report = usual.judge(&usual.certification());
    assert_eq!(report.verdict, Verdict::Open);
    let said = facts(&report);
    assert!(
        said.iter()
            .any(|f| matches!(f, Fact::UnknownExtension { extension, .. } if extension == "1.3.6.1.4.1.99999.1"))
    );
    assert!(said.contains(&&Fact::Revocation { addresses: vec!["http://crl.example.org/sub.crl".into()] }));

    // An algorithm that does not exist, of the signature and of the key.
    let usual = Usual::new();
    let ecdsa = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    let unknown = patched(&usual.agency.der(), ecdsa, b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x09");
    let report = usual.judge(&certify(vec![unknown, usual.sub.der()], usual.agency.sign(&message())));
    assert_eq!(report.verdict, Verdict::Open, "{report:#?}");
    assert!(
        facts(&report)
            .iter()
            .any(|f| matches!(f, Fact::UnknownAlgorithm { algorithm, .. } if algorithm == "1.2.840.10045.4.3.9"))
    );
    let curve = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    let unknown = patched(&usual.agency.der(), curve, b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x09");
    let report = usual.judge(&certify(vec![unknown, usual.sub.der()], usual.agency.sign(&message())));
    assert!(facts(&report).contains(&&Fact::ProofAlgorithm { algorithm: "1.2.840.10045.3.1.9".into() }));
    assert!(!report.binds());
}

#[test]
fn a_key_that_is_too_short_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (key, out) = (dir.path().join("key.pem"), dir.path().join("cert.der"));
    let (key, out) = (key.to_str().unwrap(), out.to_str().unwrap());
    let words = [
        "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", key, "-subj", "/CN=x", "-outform", "DER", "-out",
        out,
    ];
    if openssl(&words, &[]).is_none() {
        return;
    }
    let proof = openssl(&["dgst", "-sha256", "-sign", key], &message()).unwrap();
    let der = std::fs::read(out).unwrap();
    let report = judge(&certify(vec![der], proof), place(), NOW, &Anchors::none());
    let said = failures(&report);
    assert!(said.iter().any(|fact| matches!(fact, Fact::WeakKey { bits: 1024, .. })), "{report:#?}");
    assert!(said.contains(&&Fact::NoProof));
}

#[test]
fn garbage_is_said_to_be_garbage() {
    let usual = Usual::new();
    let agency = usual.agency.der();
    let proof = || usual.agency.sign(&message());
    for garbage in
        [vec![], vec![0x30], b"-----BEGIN".to_vec(), agency[..agency.len() - 1].to_vec(), [&agency[..], &[0]].concat()]
    {
        let report = usual.judge(&certify(vec![garbage.clone()], proof()));
        assert!(matches!(failures(&report)[..], [Fact::Malformed { number: 1, .. }]), "{report:#?}");
        assert_eq!((report.verdict, report.subject.as_str()), (Verdict::Refuted, ""));
        let report = usual.judge(&certify(vec![agency.clone(), garbage], proof()));
        assert!(failures(&report).iter().any(|fact| matches!(fact, Fact::Malformed { number: 2, .. })));
        assert!(report.binds());
        assert!(period(&certify(vec![vec![1]], vec![])).is_none());
    }
}

#[test]
fn a_report_travels_as_json_with_both_languages() {
    let usual = Usual::new();
    let report = usual.judge(&usual.certification());
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["verdict"], "confirmed");
    let first = &json["findings"][0];
    assert_eq!((&first["outcome"], &first["fact"]), (&"holds".into(), &"consent".into()));
    assert_ne!(first["text"], first["text_vi"]);
    assert_eq!(serde_json::from_value::<congvan_certificate::Report>(json).unwrap(), report);
    // What fits a roster entry comes back from it.
    let bytes = usual.certification().to_bytes();
    assert_eq!(congvan_core::Certification::from_bytes(&bytes).unwrap().to_bytes(), bytes);
}

#[test]
fn anchors_and_chains_come_from_files() {
    let usual = Usual::new();
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    assert!(Anchors::read(dir.path()).is_err());
    std::fs::write(path("goc.pem"), usual.root.certificate.pem()).unwrap();
    std::fs::write(path("other.DER"), root(authority_params("Khác", None)).der()).unwrap();
    std::fs::write(path("readme.txt"), "no certificate").unwrap();
    let anchors = Anchors::read(dir.path()).unwrap();
    assert_eq!(anchors.len(), 2);
    assert_eq!(judge(&usual.certification(), place(), NOW, &anchors).verdict, Verdict::Confirmed);
    assert_eq!(Anchors::read(&path("goc.pem")).unwrap(), usual.anchors());

    let both = format!("# xã\n{}\n{}", usual.agency.certificate.pem(), usual.sub.certificate.pem());
    std::fs::write(path("chain.pem"), &both).unwrap();
    let read = read_certificates(&path("chain.pem")).unwrap();
    assert_eq!(*read, *usual.certification().certificates);

    for (name, bytes, said) in [
        ("empty.pem", vec![], "no certificate"),
        ("key.pem", usual.agency.key.serialize_pem().into_bytes(), "no certificate"),
        ("cut.pem", both.as_bytes()[..both.len() - 40].to_vec(), "certificate"),
        ("noise.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec(), "certificate 1"),
        ("seven.pem", usual.sub.certificate.pem().repeat(7).into_bytes(), "at most 6"),
        ("large.pem", vec![b'x'; 1024 * 1024 + 1], "1048576"),
    ] {
        std::fs::write(path(name), bytes).unwrap();
        let error = read_certificates(&path(name)).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains(name), "{error}");
    }
    // A broken file in a directory of anchors is no reason to trust the rest in silence.
    assert!(Anchors::read(dir.path()).is_err());
}
