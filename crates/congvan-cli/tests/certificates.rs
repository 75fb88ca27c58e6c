//! An agency's key bound to a certificate: the commands of `docs/certificates.md`, and each thing that can be wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{H55, Net, Ran, TC, TTTT, congvan, json, run, sample};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ED25519, date_time_ymd,
};
use serde_json::Value;

struct Holder(Certificate, KeyPair);

fn params(name: &str, years: [i32; 2]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(years[0], 1, 1);
    params.not_after = date_time_ymd(years[1], 1, 1);
    params
}

fn root(name: &str) -> Holder {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = params(name, [2000, 4000]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Holder(params.self_signed(&key).unwrap(), key)
}

fn issue(issuer: &Holder, name: &str, years: [i32; 2], key: KeyPair) -> Holder {
    let mut params = params(name, years);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    Holder(params.signed_by(&key, &issuer.0, &issuer.1).unwrap(), key)
}

fn p256() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

/// Whether the command is there, which signs as agencies do. CI has it; elsewhere the test says that it skips.
fn has_openssl() -> bool {
    match Command::new("openssl").arg("version").output() {
        Ok(_) => true,
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!("skipped: openssl: {error}");
            false
        }
        Err(error) => panic!("openssl: {error}"),
    }
}

/// A network, an authority, and H55's certificate of it, in the files that the page names.
struct Bench {
    net: Net,
    root: Holder,
    own: Holder,
}

impl Bench {
    fn new() -> Self {
        let (net, root) = (Net::new(), root("Chứng thực gốc"));
        fs::rename(net.path("h55"), net.path("agency")).unwrap();
        let own = issue(&root, "UBND tỉnh Thái Nguyên", [2025, 4000], p256());
        let bench = Self { net, root, own };
        bench.write("root.pem", bench.root.0.pem());
        bench.write("chain.pem", bench.own.0.pem());
        bench.write("certificate-key.pem", bench.own.1.serialize_pem());
        bench
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.net.path(name), bytes).unwrap();
    }

    /// Runs a line of the page in the directory where its files are.
    fn line(&self, line: &str) -> Ran {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (mut command, words) = match words.split_first() {
            Some((&"congvan", words)) => (congvan(), words),
            Some((program, words)) => (Command::new(program), words),
            None => panic!("an empty line"),
        };
        command.current_dir(self.net.path(".")).args(words).output().unwrap().into()
    }

    fn lines(&self, lines: &[&str]) {
        lines.iter().for_each(|line| drop(self.line(line).ok()));
    }

    /// Binds the certificate of `chain.pem` to the agency's key.
    fn bind(&self) {
        self.lines(&[
            "congvan --dir agency certificate challenge -o challenge.bin",
            "openssl dgst -sha256 -sign certificate-key.pem -out proof.bin challenge.bin",
            "congvan --dir agency certificate request --certificate chain.pem --proof proof.bin -o request.cgvr",
            "congvan --dir registrar roster certify request.cgvr --trust root.pem",
            "congvan --dir registrar ledger export -o roster.cgva",
            "congvan --dir agency ledger import roster.cgva",
        ]);
    }

    fn show(&self, trust: &[&str]) -> Value {
        let words = [&["certificate", "show", H55], trust].concat();
        json(&self.net.path("agency"), &words).ok().json()
    }
}

/// The facts with one outcome.
fn facts(report: &Value, outcome: &str) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let found = findings.filter(|finding| finding["outcome"] == outcome);
    found.map(|finding| finding["fact"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_page_s_commands_bind_a_certificate_and_show_it() {
    if !has_openssl() {
        return;
    }
    let bench = Bench::new();
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/certificates.md")).unwrap();
    let blocks = page.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    let lines: Vec<&str> = blocks.flat_map(str::lines).collect();
    assert!(lines.len() >= 8, "{lines:?}");
    for line in &lines {
        let ran = bench.line(line).ok();
        if line.contains("certificate show") {
            ran.says("UBND tỉnh Thái Nguyên").says("Chứng thực gốc").says("confirmed").says("revoked");
        } else if line.contains("audit") {
            ran.says("GENUINE").says("UBND tỉnh Thái Nguyên").says("confirmed");
        }
    }
    bench
        .line("congvan --lang vi --dir agency certificate show --trust root.pem")
        .ok()
        .says("được xác nhận")
        .says("thu hồi");
    // Whoever trusts nobody, or somebody else, sees that too.
    let shown = bench.show(&[]);
    let [open] = &shown["certificates"].as_array().unwrap()[..] else { panic!("{shown}") };
    assert_eq!((&open["agency"], &open["verdict"]), (&H55.into(), &"open".into()));
    assert_eq!(facts(open, "unchecked"), ["no_anchors", "revocation"]);
    bench.write("other.pem", root("Khác").0.pem());
    let other = bench.show(&["--trust", &bench.net.str("other.pem")]);
    assert_eq!(facts(&other["certificates"][0], "fails"), ["not_anchored"]);
    // The directory's own list counts where none is given.
    fs::create_dir(bench.net.path("agency/trust")).unwrap();
    bench.write("agency/trust/goc.pem", bench.root.0.pem());
    assert_eq!(bench.show(&[])["certificates"][0]["verdict"], "confirmed");
    bench.line("congvan --dir tc certificate show 000.00.02.H55").ok().says("no key is bound");
    bench.line("congvan --dir tc certificate show H55.99").fails(1).says("H55.99");
    bench.line("congvan --dir tc certificate show --trust nowhere").fails(2).says("nowhere");
}

#[test]
fn a_document_shows_what_vouches_for_the_key_that_signed_it() {
    if !has_openssl() {
        return;
    }
    let bench = Bench::new();
    let send = |subject: &str| {
        let words = ["send", "--offline", "--to", TTTT, "--subject", subject];
        json(&bench.net.path("agency"), &words).ok().json()["id"].as_str().unwrap().to_owned()
    };
    let before = send("Trước khi gắn");
    let shown = json(&bench.net.path("agency"), &["show", &before]).ok().json();
    assert_eq!(shown["proof"]["certificate"], Value::Null);
    bench.bind();
    let after = send("Sau khi gắn");
    bench.net.carry("agency", "tttt");
    let trust = bench.net.str("root.pem");
    // The key signed both: what is bound to it vouches for both, at their time.
    for id in [&before, &after] {
        let shown = json(&bench.net.path("tttt"), &["show", id, "--trust", &trust]).ok().json();
        let certificate = &shown["proof"]["certificate"];
        assert_eq!(
            (&certificate["verdict"], &certificate["subject"]),
            (&"confirmed".into(), &"CN=UBND tỉnh Thái Nguyên".into())
        );
        assert_eq!(certificate["at"], shown["time"]);
        run(&bench.net.path("tttt"), &["show", id]).ok().says("signed while it was valid").says("open").says("revoked");
    }
    // A key without a certificate, after a rotation.
    bench.line("congvan --dir agency agency rotate-key --offline").ok();
    let rotated = send("Khóa mới");
    let shown = json(&bench.net.path("agency"), &["show", &rotated, "--trust", &trust]).ok().json();
    assert_eq!((&shown["proof"]["certificate"], &shown["proof"]["genuine"]), (&Value::Null, &true.into()));

    // The audit counts by key. The certificate was valid all the time.
    let ledger = bench.net.str("all.cgva");
    run(&bench.net.path("agency"), &["ledger", "export", "-o", &ledger]).ok();
    let audited = json(&bench.net.path("."), &["audit", &ledger, "--trust", &trust]).ok().json();
    let keys = audited["keys"].as_array().unwrap();
    let [bound, unbound] = &keys.iter().filter(|key| key["agency"] == H55).collect::<Vec<_>>()[..] else {
        panic!("{keys:?}")
    };
    let (bound, unbound) =
        if bound["certificates"] == serde_json::json!([]) { (unbound, bound) } else { (bound, unbound) };
    // Two documents and the rotation, which the old key signed.
    assert_eq!((&bound["entries"], &unbound["entries"], &bound["outside"]), (&3.into(), &1.into(), &0.into()));
    assert_eq!(bound["certificates"][0]["verdict"], "confirmed");
    // Nobody's certificate makes a ledger less genuine.
    bench.write("other.pem", root("Khác").0.pem());
    let audited = run(&bench.net.path("."), &["audit", &ledger, "--trust", &bench.net.str("other.pem")]).ok();
    audited.says("GENUINE").says("not trusted here").says("1 keys are bound to no certificate");
}

#[test]
fn what_does_not_hold_is_refused_at_the_agency_and_at_the_registrar() {
    if !has_openssl() {
        return;
    }
    let bench = Bench::new();
    bench.bind();
    let good = fs::read(bench.net.path("request.cgvr")).unwrap();
    let request = "congvan --dir agency certificate request --certificate chain.pem --proof proof.bin -o x.cgvr";
    let refused = |what: &str| {
        bench.line(request).fails(1).says(what);
        assert!(!bench.net.path("x.cgvr").exists());
    };
    let proof = fs::read(bench.net.path("proof.bin")).unwrap();
    // Another key's proof, none, one that is too long.
    bench.write("other-key.pem", p256().serialize_pem());
    bench.line("openssl dgst -sha256 -sign other-key.pem -out proof.bin challenge.bin").ok();
    refused("the proof does not hold");
    bench.write("proof.bin", []);
    refused("the proof does not hold");
    bench.write("proof.bin", vec![7; 1025]);
    refused("1024");
    // Another agency's challenge.
    bench.lines(&[
        "congvan --dir tc certificate challenge -o other.bin",
        "openssl dgst -sha256 -sign certificate-key.pem -out proof.bin other.bin",
    ]);
    refused("the proof does not hold");
    bench.write("proof.bin", &proof);
    // Certificates: expired, in another order, none.
    for (chain, said) in [
        (
            issue(&bench.root, "Hết hạn", [2020, 2021], KeyPair::from_pem(&bench.own.1.serialize_pem()).unwrap())
                .0
                .pem(),
            "2021-01-01",
        ),
        (format!("{}{}", bench.root.0.pem(), bench.own.0.pem()), "comes next"),
    ] {
        bench.write("chain.pem", chain);
        refused(said);
    }
    bench.write("chain.pem", "nothing");
    bench.line(request).fails(2).says("no certificate");
    bench.write("chain.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    bench.line(request).fails(2).says("certificate 1");

    // The registrar trusts no file more than the agency did.
    let certify = "congvan --dir registrar roster certify bad.cgvr --trust root.pem";
    for at in (40..good.len()).step_by(31) {
        let mut bad = good.clone();
        bad[at] ^= 4;
        bench.write("bad.cgvr", &bad);
        let ran = bench.line(certify);
        assert!(matches!(ran.code, 1 | 2), "byte {at}: {ran:?}");
    }
    bench.write("bad.cgvr", fs::read(bench.net.path("tc/enrolment.cgv")).unwrap());
    bench.line(certify).fails(2).says("certificate request");
    bench.write("bad.cgvr", &good);
    bench.write("root.pem", root("Khác").0.pem());
    bench.line(certify).fails(1).says("not trusted here");
    let listed = json(&bench.net.path("registrar"), &["certificate", "show"]).ok().json();
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 1, "only the good one is in the roster");
    // Without trust anchors the authority is left open, aloud. A renewed binding stands beside the old one.
    bench.line("congvan --dir registrar roster certify bad.cgvr").ok().says("not checked").says("no trusted authority");
    let listed = json(&bench.net.path("registrar"), &["certificate", "show"]).ok().json();
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 2);
}

#[test]
fn an_ed25519_certificate_is_signed_with_as_the_challenge_says() {
    if !has_openssl() {
        return;
    }
    let bench = Bench::new();
    let own = issue(&bench.root, "Sở Tài chính", [2025, 4000], KeyPair::generate_for(&PKCS_ED25519).unwrap());
    bench.write("chain.pem", own.0.pem());
    let challenged = bench.line("congvan --dir tc certificate challenge -o challenge.bin").ok().out;
    let example = challenged.lines().find_map(|line| line.split_once("Ed25519:")).unwrap().1;
    // ring's form of the key, with the public half, is one that openssl does not read.
    let seed = &own.1.serialize_der()[16..48];
    let key = [&b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"[..], seed].concat();
    bench.write("key.der", key);
    bench.line("openssl pkey -inform DER -in key.der -out KEY.pem").ok();
    bench.line(example).ok();
    bench.lines(&[
        "congvan --dir tc certificate request --certificate chain.pem --proof proof.bin -o request.cgvr",
        "congvan --dir registrar roster certify request.cgvr --trust root.pem",
    ]);
    let shown = json(&bench.net.path("registrar"), &["certificate", "show", TC, "--trust", &bench.net.str("root.pem")]);
    assert_eq!(shown.ok().json()["certificates"][0]["verdict"], "confirmed");
}

#[test]
fn several_registrars_see_what_they_certify() {
    if !has_openssl() {
        return;
    }
    let bench = Bench::new();
    bench.bind();
    bench.lines(&[
        "congvan --dir desk-2 roster desk --network registrar/genesis.cgv",
        "congvan --dir registrar roster propose -o certify.cgvm certify request.cgvr --trust root.pem",
        "congvan --dir desk-2 ledger import roster.cgva",
    ]);
    bench.line("congvan --dir desk-2 roster approve certify.cgvm").fails(1).says(H55).says("CN=UBND tỉnh Thái Nguyên");
}

/// A PDF that carries a signature dictionary, as signing software appends it.
fn signed_pdf() -> Vec<u8> {
    let mut pdf = fs::read(sample("bao-cao.pdf")).unwrap();
    let at = pdf.len();
    pdf.extend_from_slice(
        b"\n9 0 obj\n<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached\n/ByteRange [",
    );
    pdf.extend_from_slice(format!("0 {at} {} 32] /Contents <", at + 512).as_bytes());
    pdf.extend_from_slice("3080".repeat(90).as_bytes());
    pdf.extend_from_slice(b"> >>\nendobj\nstartxref\n0\n%%EOF\n");
    pdf
}

/// The sample packet with an XML signature, as the hub's software puts one in.
fn signed_packet() -> Vec<u8> {
    let packet = fs::read_to_string(sample("bao-cao.edxml")).unwrap();
    let signature = "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo>\r\n\
        <CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/></SignedInfo>\
        <SignatureValue>AAAA\n</SignatureValue></Signature>";
    let place = "</edXML:edXMLHeader>";
    assert_eq!(packet.matches(place).count(), 1);
    packet.replacen(place, &format!("{signature}\n    {place}"), 1).into_bytes()
}

#[test]
fn signatures_inside_documents_arrive_byte_for_byte_between_running_nodes() {
    let net = Net::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let nodes = runtime.block_on(common::two_nodes(&net));
    let (pdf, packet) = (net.path("quyet-dinh.pdf"), net.path("ky.edxml"));
    fs::write(&pdf, signed_pdf()).unwrap();
    fs::write(&packet, signed_packet()).unwrap();
    let text = net.path("ghi-chu.txt");
    fs::write(&text, "/Sig /ByteRange").unwrap();
    let str = |path: &PathBuf| path.to_str().unwrap().to_owned();
    let sent = |words: &[&str]| json(&net.path("h55"), words).ok().json()["id"].as_str().unwrap().to_owned();
    let by_hand =
        sent(&["send", "--to", TTTT, "--subject", "Quyết định", "--attach", &str(&pdf), "--attach", &str(&text)]);
    let by_packet = sent(&["send", "--to", TTTT, "--packet", &str(&packet)]);
    for id in [&by_hand, &by_packet] {
        net.tttt(&["wait", id, "--timeout", "60"]).ok();
    }
    net.tttt(&["export", &by_hand, "--attachments", &net.str("files")]).ok();
    assert_eq!(fs::read(net.path("files/quyet-dinh.pdf")).unwrap(), signed_pdf());
    net.tttt(&["export", &by_packet, "-o", &net.str("out.edxml")]).ok();
    assert_eq!(fs::read(net.path("out.edxml")).unwrap(), signed_packet());

    let shown = json(&net.path("tttt"), &["show", &by_hand]).ok().json();
    assert_eq!(
        (&shown["files"][0]["carries"], &shown["files"][1]["carries"]),
        (&"pdf_signature".into(), &"nothing".into())
    );
    net.tttt(&["show", &by_hand]).ok().says("quyet-dinh.pdf carries a PDF signature").says("does not judge it");
    let shown = json(&net.path("tttt"), &["show", &by_packet]).ok().json();
    assert_eq!(shown["packet_carries"], "xml_signature");
    net.tttt(&["--lang", "vi", "show", &by_packet]).ok().says("chữ ký XML").says("không đánh giá");
    runtime.block_on(async {
        for node in nodes {
            node.shutdown().await;
        }
    });
    // Nor does a list claim what nobody looked for.
    let unsigned = net.send_packet();
    let shown = json(&net.path("h55"), &["show", &unsigned]).ok().json();
    assert_eq!(shown["packet_carries"], "nothing");
}
