//! Writes the seed corpora from the test vectors: `cargo run --release -p congvan-fuzz --example corpus`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;

use congvan_core::archive::{Frame, MAGIC};
use congvan_core::blob::BlobRef;
use congvan_core::codec::Bounded;
use congvan_core::evidence::RawProof;
use congvan_core::roster::RosterPayload;
use congvan_core::status::StatusContent;
use congvan_core::*;
use congvan_edxml::{DocumentPacket, Organization, Packet, Skeleton};
use congvan_sync::message::{Compared, Prefix};
use congvan_sync::{Announcement, Request, Response};
use serde_json::Value;

/// Seeds by target. A set keeps them in order and apart.
type Corpus = BTreeMap<&'static str, std::collections::BTreeSet<Vec<u8>>>;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut corpus = Corpus::new();
    for file in std::fs::read_dir(root.join("../docs/vectors")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        sort(&serde_json::from_str(&text).unwrap(), &mut corpus);
    }
    made(&mut corpus);
    certificates(&mut corpus);
    for (target, seeds) in corpus {
        let directory = root.join("corpus").join(target);
        std::fs::create_dir_all(&directory).unwrap();
        // A handful for each target is a start; the fuzzer finds the rest.
        let step = if seeds.len() <= 16 { 1 } else { seeds.len().div_ceil(12) };
        for (number, seed) in seeds.into_iter().step_by(step).enumerate() {
            std::fs::write(directory.join(format!("seed-{number:02}")), seed).unwrap();
        }
    }
}

/// Gives every hexadecimal string of the vectors to the targets that can read it.
fn sort(value: &Value, corpus: &mut Corpus) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| sort(value, corpus)),
        Value::Object(map) => map.values().for_each(|value| sort(value, corpus)),
        Value::String(text) => {
            if let Ok(bytes) = hex::decode(text) {
                place(&bytes, corpus);
            }
        }
        _ => {}
    }
}

fn place(bytes: &[u8], corpus: &mut Corpus) {
    let mut put = |target, bytes: &[u8]| {
        corpus.entry(target).or_default().insert(bytes.to_vec());
    };
    if Genesis::from_bytes(bytes).is_ok() {
        put("genesis", bytes);
    }
    if let Ok(admission) = Admission::from_bytes(bytes) {
        put("admission", bytes);
        put("action", &RosterAction::Admit(admission).to_bytes());
    }
    if DocumentPayload::from_bytes(bytes).is_ok() {
        put("document", bytes);
    }
    if Content::from_bytes(bytes).is_ok() {
        put("content", bytes);
    }
    if StatusPayload::from_bytes(bytes).is_ok() {
        put("status", bytes);
    }
    if StatusContent::from_bytes(bytes).is_ok() {
        put("status_content", bytes);
    }
    if ProcedurePayload::from_bytes(bytes).is_ok() {
        put("procedure", bytes);
    }
    if CheckpointPayload::from_bytes(bytes).is_ok() || WitnessPayload::from_bytes(bytes).is_ok() {
        put("checkpoint", bytes);
    }
    if Erasure::from_bytes(bytes).is_ok() {
        put("erasure", bytes);
    }
    if let Ok(action) = RosterAction::from_bytes(bytes) {
        put("action", &action.to_bytes());
    }
    if bytes.starts_with(&MAGIC) {
        put("archive", bytes);
    }
    if bytes.starts_with(&congvan_core::bundle::MAGIC) {
        put("bundle", bytes);
    }
    if bytes.starts_with(b"cgvkey1\n") {
        put("key_file", bytes);
    }
    if let Ok(raw) = RawProof::from_bytes(bytes) {
        put("proof", bytes);
        put("response", &Response::Proof(Some(raw.clone())).to_bytes());
        put("announcement", &Announcement::Proof(raw).to_bytes());
    }
    if let Ok(entry) = UnverifiedEntry::parse(bytes) {
        put("entry", bytes);
        put("header", &entry.header().to_bytes());
        put("announcement", &Announcement::Entry(entry.signed_bytes().try_into().unwrap()).to_bytes());
        let range = Response::Range(Bounded::new(vec![Bounded::new(bytes.to_vec()).unwrap()]).unwrap());
        put("response", &range.to_bytes());
        if entry.header().kind == Kind::ROSTER
            && let Some(payload) = entry.payload()
        {
            put("roster_payload", payload);
            if let Ok(payload) = RosterPayload::from_bytes(payload) {
                put("action", &payload.action.to_bytes());
            }
        }
    }
}

/// Seeds of what no vector holds.
fn made(corpus: &mut Corpus) {
    let mut put = |target, bytes: Vec<u8>| {
        corpus.entry(target).or_default().insert(bytes);
    };
    let chain = ChainId::from_bytes([3; 32]);
    let blob = blob_of(&[5; 9]);
    let prefix = Prefix { path: [0; 8], nibbles: 0 };
    let compared = vec![Compared { prefix, fingerprint: [1; 16] }];
    put("request", Request::Heads(Bounded::new(compared.clone()).unwrap()).to_bytes());
    put("request", Request::Range { chain, from: Seq::FIRST, max_bytes: 1 << 20 }.to_bytes());
    put("request", Request::Proof(chain).to_bytes());
    put("request", Request::Chunk { blob, index: 0 }.to_bytes());
    put("response", Response::NotFound.to_bytes());
    let finer = Bounded::new(compared).unwrap();
    let listed = Bounded::new(vec![prefix]).unwrap();
    put("response", Response::Heads { finer, heads: Bounded::default(), listed }.to_bytes());
    put("blob_chunk", [blob.id.as_bytes().as_slice(), &9u64.to_le_bytes(), &[0; 5], &[5; 9]].concat());
    let frame = Frame::Chunk { blob, index: 0, bytes: Bounded::new(vec![5; 9]).unwrap(), proof: Bounded::default() };
    let frame = frame.to_bytes();
    put("archive", [&MAGIC[..], &(frame.len() as u32).to_le_bytes(), &frame].concat());
    for edit in 0..8u8 {
        // An edit's number is scaled from the first four bytes.
        let number = u32::from(edit) << 29 | 1 << 20;
        put("chain_extend", [&number.to_le_bytes()[..], &[edit + 1, 5, 2, 1, 3, 3, 7, 0, 0]].concat());
    }
    for (len, value) in [
        (10_u64, "bytes=0-4"),
        (10, "bytes=-3"),
        (10, "bytes=9-99999999999999999999"),
        (0, "bytes=0-"),
        (10, "bytes=1-2,4-5"),
        (10, "Bearer cgv_abc"),
        (10, "W/\"a\", \"b\""),
        (10, "18446744073709551615"),
        (10, "bao-cao-11"),
    ] {
        put("api_headers", [&len.to_le_bytes(), value.as_bytes()].concat());
    }
    for draft in [
        r#"{"to": ["000.00.01.H55"], "subject": "Báo cáo", "number": "12", "notation": "BC-UBND"}"#,
        r#"{"to": [], "public": true, "signer": {"name": "A"}, "links": [{"relation": "answers", "document": "3f2a91c0"}]}"#,
        r#"{"to": ["a b"], "subjekt": ""}"#,
        r#"{"status": "03", "note": "Đã tiếp nhận", "staff": {"name": "A"}, "at": "2026/11/25 08:00:00"}"#,
        r#"{"status": "15", "answers": "3f2a91c0"}"#,
        "[]",
    ] {
        put("api_draft", draft.as_bytes().to_vec());
    }
    enrolment(corpus);
    edxml(corpus);
}

/// Seeds of an enrolment: each message, and codes as people type them.
fn enrolment(corpus: &mut Corpus) {
    use congvan_core::enrol::{EnrolRequest, EnrolResponse, Offer, Refusal};
    use congvan_core::invitation::Proof;
    use congvan_core::*;
    let mut put = |target, bytes: Vec<u8>| {
        corpus.entry(target).or_default().insert(bytes);
    };
    let secret = AgencySecret { sign: SecretKey::from_seed(&[1; 32]), seal: SealSecret::from_bytes([2; 32]) };
    let registrars = vec![secret.sign.public()];
    let genesis = Genesis::new("Thái Nguyên", Time::from_millis(1), registrars, 1, [3; 16]).unwrap();
    let code = AgencyCode::new("H55.01").unwrap();
    let (network, name) = (genesis.network_id(), Text::new("Sở Tài chính").unwrap());
    let admission = Admission {
        possession: secret.prove_possession(network, ChainId::of_agency(network, &code)),
        keys: secret.public(),
        code: code.clone(),
        name: name.clone(),
        parent: None,
        nodes: Bounded::new(vec![NodeKey::from_bytes([4; 32])]).unwrap(),
        rights: Rights::NONE,
    };
    put("enrol_request", EnrolRequest::Open { nonce: [5; 32] }.to_bytes());
    put("enrol_request", EnrolRequest::Roster { from: Seq::FIRST }.to_bytes());
    let (proof, time) = (Proof([6; 32]), Time::from_millis(2));
    put("enrol_request", EnrolRequest::Admit { admission: Box::new(admission), proof }.to_bytes());
    let offer = Offer { genesis, code, name, parent: None, expires: time, time, nonce: [7; 32], proof };
    put("enrol_response", EnrolResponse::Offer(Box::new(offer)).to_bytes());
    let peers = Bounded::new(vec![Text::new("/ip4/0.0.0.0/tcp/7411").unwrap()]).unwrap();
    put("enrol_response", EnrolResponse::Admitted { peers }.to_bytes());
    put("enrol_response", EnrolResponse::Waiting { approved: 1, needed: 2 }.to_bytes());
    let entries = Bounded::new(vec![Bounded::new(vec![8; 9]).unwrap()]).unwrap();
    put("enrol_response", EnrolResponse::Roster { entries, more: true }.to_bytes());
    put("enrol_response", EnrolResponse::Refused(Refusal::Used { at: time }).to_bytes());
    for typed in ["33DX-Q6EX-K1DR-G6AV-KJDX-P6RW-S1SP", "33dx q6ex kidr g6av kjdx p6rw sisp", "33DX-Q6EX", "U"] {
        put("invitation_code", typed.as_bytes().to_vec());
    }
}

/// Seeds of packets and of what is in them: the samples, and what is special about real and hostile ones.
fn edxml(corpus: &mut Corpus) {
    let mut put = |target, bytes: Vec<u8>| {
        corpus.entry(target).or_default().insert(bytes);
    };
    let agency = |id: &str| Organization { organ_id: Some(id.into()), ..Organization::default() };
    let mut document = DocumentPacket::default();
    document.header.from = agency("000.00.00.H55");
    document.header.to = vec![agency("000.00.01.H55")];
    document.header.document_id = Some("000.00.00.H55,2026/03/02,12/BC-UBND".into());
    document.header.subject = Some("Báo cáo".into());
    document.attach(congvan_edxml::Attachment::new("cid:1", "bao-cao.pdf", "application/pdf", b"%PDF-1.7".to_vec()));
    let bytes = document.write().unwrap();
    let (skeleton, _) = Skeleton::split(&bytes, &Packet::parse(&bytes).unwrap());
    put("skeleton", skeleton.to_bytes());
    let text = String::from_utf8(bytes.clone()).unwrap();
    put("packet", bytes);
    for (from, to) in [
        ("<edXML:Subject>", "<New a='b'>x</New><!-- <edXML:To/> --><edXML:Subject>"),
        ("\n", "\r\n"),
        ("</edXML:edXMLHeader>", "<ds:Signature><a b='c'/></ds:Signature></edXML:edXMLHeader>"),
        ("JVBERi0x", "JVBE\nRi0x\n"),
        ("JVBERi0x", "JVBE&#13;\nRi0x&#13;\n"),
        ("<edXML:Subject>Báo cáo", "<edXML:ResponseFor/><edXML:Subject x:y=''>null"),
        ("<?xml", "1212<?xml"),
        ("<edXML ", "<!DOCTYPE a [<!ENTITY b \"&b;&b;\">]><edXML "),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        put("packet", changed.into_bytes());
    }
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data");
    for name in ["tra-loi", "thu-hoi", "cap-nhat", "thay-the"] {
        put("packet", std::fs::read(samples.join(format!("{name}.edxml"))).unwrap());
    }
    for code in ["01", "03", "13", "16"] {
        let status = std::fs::read(samples.join(format!("trang-thai-{code}.edxml"))).unwrap();
        put("status_packet", status[..status.len() / 2].to_vec());
        put("status_packet", status);
    }
    for text in
        ["", "QUJD", "QUJDRA==", " QUJD\r\nREVG\r\n", "QUJDR&#13;\nEVGR0&#13;\ng=", "QUI", "QUJ=", "<![CDATA[QUJD]]>"]
    {
        put("base64", text.as_bytes().to_vec());
    }
    for files in [&["a.pdf"][..], &["a.pdf", "b.pdf"], &["../a"], &[]] {
        let zip = zipped(files);
        put("attachment", zip[..zip.len() - 1].to_vec());
        put("attachment", zip);
    }
}

fn zipped(files: &[&str]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    for name in files {
        zip.start_file(*name, options).unwrap();
        std::io::Write::write_all(&mut zip, b"%PDF-1.7 noi dung, noi dung, noi dung").unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Certificates with the extensions that authorities use. The key is fixed, and so are the seeds.
fn certificates(corpus: &mut Corpus) {
    use rcgen::*;
    let pkcs8 = [&b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"[..], &[7; 32]].concat();
    let key = KeyPair::try_from(pkcs8).unwrap();
    let named = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    };
    let mut root = named("Chứng thực gốc");
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let root = root.self_signed(&key).unwrap();
    let mut own = named("Sở Tài chính");
    own.is_ca = IsCa::ExplicitNoCa;
    own.subject_alt_names = vec![SanType::Rfc822Name("vanthu@stc.example".try_into().unwrap())];
    own.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
    own.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    own.crl_distribution_points = vec![CrlDistributionPoint { uris: vec!["http://crl.example/goc.crl".into()] }];
    own.use_authority_key_identifier_extension = true;
    let mut critical = CustomExtension::from_oid_content(&[2, 5, 29, 36], vec![0x30, 0x03, 0x80, 0x01, 0x00]);
    critical.set_criticality(true);
    let mut limited = own.clone();
    limited.custom_extensions.push(critical);
    let own = own.signed_by(&key, &root, &key).unwrap();
    let limited = limited.signed_by(&key, &root, &key).unwrap();
    let seeds = [root.der().to_vec(), own.der().to_vec(), limited.der().to_vec()];
    corpus.entry("certificate").or_default().extend(seeds);
}

fn blob_of(bytes: &[u8]) -> BlobRef {
    let mut outliner = congvan_core::blob::Outliner::default();
    outliner.push(bytes).unwrap();
    outliner.finish().blob()
}
