//! Which of a key's certificates speaks for an entry, by the time that the entry states.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use congvan::archive;
use congvan::audit::{Report, audit_directory, audit_file};
use congvan::certificate::{self, Anchors, Verdict};
use congvan_core::{
    Admission, AgencyCode, AgencySecret, Bounded, Certification, ChainId, ChainState, Draft, Genesis, Kind, NetworkId,
    Rights, RosterAction, SecretKey, Seq, Text, Time, UnverifiedEntry, rng,
};
use congvan_store::Ledger;
use rcgen::{CertificateParams, IsCa, KeyPair, KeyUsagePurpose, date_time_ymd};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};

/// Noon of New Year's Day.
fn new_year(year: i32) -> Time {
    let seconds = date_time_ymd(year, 1, 1).unix_timestamp() + 12 * 3600;
    Time::from_millis(u64::try_from(seconds).unwrap() * 1000)
}

/// A certificate of its own authority, and its signature for an agency's key.
fn certification(network: NetworkId, chain: ChainId, keys: &AgencySecret, years: [i32; 2]) -> (Certification, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (date_time_ymd(years[0], 1, 1), date_time_ymd(years[1], 1, 1));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.serialized_der(), &random).unwrap();
    let message = Certification::proof_message(network, chain, keys.sign.public().id());
    let proof = Bounded::new(key.sign(&random, &message).unwrap().as_ref().to_vec()).unwrap();
    let certificates = Bounded::new(vec![Bounded::new(der.clone()).unwrap()]).unwrap();
    (Certification::new(network, chain, &keys.sign, certificates, proof), der)
}

#[test]
fn an_entry_is_vouched_for_by_the_certificate_of_its_time() {
    let mut random = rng::from_seed(1);
    let (registrar, keys) = (SecretKey::generate(&mut random), AgencySecret::generate(&mut random));
    let genesis = Genesis::new("Thử", new_year(2020), vec![registrar.public()], 1, [1; 16]).unwrap();
    let (network, code) = (genesis.network_id(), AgencyCode::new("000.00.00.H55").unwrap());
    let chain = ChainId::of_agency(network, &code);
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::create(&dir.path().join("ledger"), &genesis, Default::default()).unwrap();
    let act = |action, time| {
        let roster = ledger.roster();
        let change = roster.propose(action, time, &[&registrar]).unwrap();
        let entry = UnverifiedEntry::parse(change.entry().bytes()).unwrap();
        ledger.ingest(roster.chain(), vec![entry]).unwrap();
    };
    act(
        RosterAction::Admit(Admission {
            possession: keys.prove_possession(network, chain),
            keys: keys.public(),
            code: code.clone(),
            name: Text::new("UBND tỉnh").unwrap(),
            parent: None,
            nodes: Bounded::default(),
            rights: Rights::NONE,
        }),
        new_year(2020),
    );
    // A certificate, a gap of a year, and the one that follows it.
    let (old, old_der) = certification(network, chain, &keys, [2021, 2023]);
    let (new, new_der) = certification(network, chain, &keys, [2024, 2026]);
    for (certification, year) in [(old, 2022), (new, 2024)] {
        act(RosterAction::Certify { chain, certification }, new_year(year));
    }
    let mut written = ChainState::new(chain);
    let policy = ledger.roster().policy(chain).unwrap();
    let entries = [2021, 2022, 2023, 2024, 2025, 2026].map(|year| {
        let draft = Draft { kind: Kind::NOTE, time: new_year(year), payload: vec![] };
        let entry = written.append(network, &policy, draft, &keys).unwrap();
        UnverifiedEntry::parse(entry.bytes()).unwrap()
    });
    ledger.ingest(chain, entries.to_vec()).unwrap();

    let anchors = Anchors::of_der([old_der, new_der]);
    let id = keys.sign.public().id();
    let of = |year| certificate::of_key(&ledger, chain, id, new_year(year), &anchors).unwrap().unwrap();
    for (year, number, verdict) in [
        (2021, 2, Verdict::Confirmed),
        (2022, 2, Verdict::Confirmed),
        // In the gap, and after the end: the newest, which was not valid then.
        (2023, 3, Verdict::Refuted),
        (2024, 3, Verdict::Confirmed),
        (2025, 3, Verdict::Confirmed),
        (2026, 3, Verdict::Refuted),
    ] {
        let found = of(year);
        assert_eq!((found.roster_number, found.report.verdict), (number, verdict), "{year}: {found:#?}");
        assert_eq!(found.report.is_valid_then(), verdict == Verdict::Confirmed);
    }
    assert_eq!(certificate::of_key(&ledger, chain, registrar.public().id(), new_year(2022), &anchors).unwrap(), None);

    // The audit counts the same, of a file and of the directory, and is content with the ledger all the same.
    let mut file = std::fs::File::create(dir.path().join("x.cgva")).unwrap();
    archive::export(&ledger, false, &mut file, &mut |_| {}).unwrap();
    drop(ledger);
    let of_file = audit_file(&dir.path().join("x.cgva"), &anchors, &mut |_| {}).unwrap();
    let of_directory = audit_directory(dir.path(), &anchors, &mut |_| {}).unwrap();
    let check = |report: &Report| {
        assert!(report.is_genuine(), "{report:#?}");
        let [key] = &report.keys[..] else { panic!("{report:#?}") };
        assert_eq!((key.agency.as_str(), key.entries), ("000.00.00.H55", 6));
        assert_eq!((key.outside, key.first_outside), (2, Seq::new(3).unwrap().get()));
        let verdicts: Vec<_> = key.certificates.iter().map(|one| one.report.verdict).collect();
        assert_eq!(verdicts, [Verdict::Confirmed, Verdict::Confirmed]);
    };
    check(&of_file);
    check(&of_directory);
}
