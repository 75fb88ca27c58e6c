//! The verifier in Python (`docs/verifier`), which knows the page on the format and nothing of this code, agrees with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{H55, Net, Ran, TC, TTTT, json, two_nodes_with};
use congvan::core::archive::{self, Frames};
use congvan::core::bundle;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A Python that has the verifier's packages: the one that `.ci/install-tools verifier` makes, or this machine's.
fn python() -> Option<PathBuf> {
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("verifier").join("bin/python");
    let has = |python: &PathBuf| {
        Command::new(python)
            .args(["-c", "import blake3, cryptography.hazmat.primitives.kdf.argon2"])
            .output()
            .is_ok_and(|run| run.status.success())
    };
    let found = [made, "python3".into()].into_iter().find(has);
    if found.is_none() {
        eprintln!("skipped: no Python with the packages of docs/verifier (.ci/install-tools verifier)");
    }
    found
}

fn verify(python: &Path, words: &[&str]) -> Ran {
    let program = repository().join("docs/verifier/verify.py");
    // What it compiles stays out of the repository.
    let run = Command::new(python).arg("-B").arg(program).args(words).env("PYTHONIOENCODING", "utf-8").output();
    run.unwrap().into()
}

#[test]
fn every_vector_is_judged_alike() {
    let Some(python) = python() else { return };
    let vectors = repository().join("docs/vectors");
    let said = verify(&python, &["vectors", vectors.to_str().unwrap()]).ok().out;
    let cases: usize = said.split(' ').next().unwrap().parse().unwrap();
    assert!(cases >= 395 && said.ends_with("cases, 0 of them judged otherwise\n"), "{said}");
    // And it would say so if it did not agree.
    let other = tempfile::tempdir().unwrap();
    for file in fs::read_dir(&vectors).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), other.path().join(file.file_name())).unwrap();
    }
    let path = other.path().join("invalid.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"not-rivals\"", "\"order\"", 1)).unwrap();
    verify(&python, &["vectors", other.path().to_str().unwrap()]).fails(1).says("two numbers of one chain");
}

/// Words of the registrar about everybody, new keys, documents both ways, attachments of one chunk and of several.
fn busy() -> Net {
    let net = Net::new();
    net.registrar(&["roster", "witnesses", TTTT, "--threshold", "1"]).ok();
    net.registrar(&["roster", "suspend", TC]).ok();
    net.registrar(&["roster", "reinstate", TC]).ok();
    net.registrar(&["roster", "rights", H55, "--publish", "on"]).ok();
    net.share_roster(&["h55", "tttt", "tc"]);
    net.send_packet();
    net
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_and_its_log_are_judged_alike() {
    let Some(python) = python() else { return };
    let net = busy();
    let large = net.path("large.bin");
    fs::write(&large, vec![7; 140_000]).unwrap();
    let send = ["send", "--offline", "--to", TTTT, "--subject", "Lớn", "--attach", large.to_str().unwrap()];
    net.h55(&send).ok();
    net.h55(&["agency", "rotate-key", "--offline"]).ok();
    net.h55(&["send", "--offline", "--to", TC, "--subject", "Sau khi thay khóa"]).ok();
    let nodes = two_nodes_with(&net, Duration::from_millis(50)).await;
    let log = net.str("log");
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut written = serde_json::Value::Null;
    while written["witness_keys"].as_array().is_none_or(Vec::is_empty) {
        assert!(Instant::now() < deadline, "{written}");
        let ran = json(&net.path("h55"), &["ledger", "export", "--tiles", &log]);
        written = if ran.code == 0 { ran.json() } else { written };
    }
    for node in nodes {
        node.shutdown().await;
    }
    let all = net.str("all.cgva");
    net.tttt(&["ledger", "export", "--blobs", "-o", &all]).ok();
    let audited = json(&net.path("."), &["audit", &all]).ok().json();
    let fingerprint = audited["fingerprint"].as_str().unwrap();
    let said = verify(&python, &["ledger", &all, "--network", fingerprint]).ok();
    for chain in audited["chains"].as_array().unwrap().iter().filter(|chain| chain["entries"] != 0) {
        let (agency, head) = (chain["agency"].as_str().unwrap(), chain["head_id"].as_str().unwrap());
        let line = format!("{agency}: {} entries, head {head}\n", chain["entries"]);
        assert!(said.out.contains(&line), "{line}{said:?}");
    }
    let said = said.says("GENUINE").says("witnessed: it all existed by");
    let entries = format!("GENUINE: {} entries, {} chunks", audited["entries"], audited["chunks"]);
    said.says(&entries);
    verify(&python, &["ledger", &all, "--network", &fingerprint.replacen(' ', "0 ", 1)])
        .fails(1)
        .says("another network");

    // The log, knowing the agency's key alone; and all its signatures, by the ledger.
    let key = written["key"].as_str().unwrap();
    let size = format!("{} entries, root {}", written["size"], written["root"].as_str().unwrap());
    verify(&python, &["log", &log, "--key", key]).ok().says(&size).says("GENUINE");
    let said = verify(&python, &["log", &log, "--ledger", &all]).ok();
    said.says(&format!("{H55}, congvan.v1/")).says(TTTT);
    let witness = written["witness_keys"][0].as_str().unwrap();
    verify(&python, &["log", &log, "--key", witness]).fails(1).says("the log's own signature");
    for name in ["checkpoint", "tile/0/000.p/", "tile/entries/000.p/"] {
        let name = if name.ends_with('/') { format!("{name}{}", written["size"]) } else { name.to_owned() };
        let path = net.path("log").join(&name);
        let whole = fs::read(&path).unwrap();
        let mut other = whole.clone();
        let at = other.len() / 2;
        other[at] ^= 1;
        fs::write(&path, other).unwrap();
        verify(&python, &["log", &log, "--key", key, "--witness", witness]).fails(1);
        fs::write(&path, whole).unwrap();
    }
    verify(&python, &["log", &log, "--key", key, "--witness", witness]).ok();
}

/// Numbers that look random, the same for a seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        // Xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// The frames of a file as bytes, without its end frame.
fn frames<F: Frames>(file: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = file.strip_prefix(&F::MAGIC).unwrap();
    let mut frames = Vec::new();
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let (frame, after) = after.split_at(u32::from_le_bytes(*len) as usize);
        frames.push(frame.to_vec());
        rest = after;
    }
    frames.pop();
    frames
}

/// The end frame behind these.
fn end<F: Frames>(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut checksum = F::checksum();
    frames.iter().for_each(|frame| checksum.add(frame));
    checksum.end::<F>().to_bytes()
}

fn file<F: Frames>(frames: &[Vec<u8>], end: &[u8]) -> Vec<u8> {
    let mut bytes = F::MAGIC.to_vec();
    for frame in frames.iter().map(Vec::as_slice).chain([end]) {
        bytes.extend_from_slice(&(frame.len() as u32).to_le_bytes());
        bytes.extend_from_slice(frame);
    }
    bytes
}

/// The file with something altered: a frame lost, moved, repeated, cut or lengthened, or a byte in it. Mostly whoever alters
/// a file makes its checksum anew; a disk does not.
fn altered<F: Frames>(genuine: &[Vec<u8>], run: usize, numbers: &mut Numbers) -> Vec<u8> {
    let mut altered = genuine.to_vec();
    let (one, other) = (numbers.below(altered.len()), numbers.below(altered.len()));
    match run % 10 {
        0 => drop(altered.remove(one)),
        1 => altered.swap(one, other),
        2 => altered.insert(other, altered[one].clone()),
        3 => {
            let len = altered[one].len();
            altered[one].truncate(numbers.below(len));
        }
        4 => altered[one].push(numbers.below(256) as u8),
        _ => {
            let at = numbers.below(altered[one].len());
            altered[one][at] ^= 1 + numbers.below(255) as u8;
        }
    }
    let checksum = end::<F>(if run.is_multiple_of(7) { genuine } else { &altered });
    file::<F>(&altered, &checksum)
}

/// How many files are altered: many more in the long variants of the tests.
fn runs(usual: usize) -> usize {
    if std::env::var_os("CONGVAN_LONG").is_some() { 12 * usual } else { usual }
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// What the verifier says of each file.
fn verdicts(said: &Ran) -> Vec<&str> {
    let verdicts = ["GENUINE", "NOT GENUINE", "UNREADABLE"];
    let of = |line: &str| verdicts.into_iter().find(|verdict| line.starts_with(&format!("{verdict}:")));
    said.out.lines().filter_map(of).collect()
}

#[test]
fn altered_ledgers_are_refused_by_both_or_by_none() {
    let Some(python) = python() else { return };
    let net = busy();
    net.h55(&["agency", "rotate-key", "--offline"]).ok();
    for subject in ["Một", "Hai", "Ba"] {
        net.h55(&["send", "--offline", "--public", "--to", TTTT, "--subject", subject]).ok();
    }
    net.tttt(&["send", "--offline", "--to", H55, "--subject", "Bốn"]).ok();
    net.carry("tttt", "h55");
    net.h55(&["ledger", "export", "--blobs", "-o", &net.str("all.cgva")]).ok();
    let whole = fs::read(net.path("all.cgva")).unwrap();
    let genuine = frames::<archive::Frame>(&whole);
    assert_eq!(file::<archive::Frame>(&genuine, &end::<archive::Frame>(&genuine)), whole);
    let mut numbers = Numbers(SEED);
    let mut paths = vec![net.str("all.cgva")];
    for run in 0..runs(400) {
        let path = net.str(&format!("altered-{run}.cgva"));
        fs::write(&path, altered::<archive::Frame>(&genuine, run, &mut numbers)).unwrap();
        paths.push(path);
    }
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let audited = json(&net.path("."), &[&["audit"], paths.as_slice()].concat()).json();
    let ours = audited["reports"].as_array().unwrap().iter().map(|report| match report["verdict"].as_str().unwrap() {
        "genuine" => "GENUINE",
        "violation" => "NOT GENUINE",
        _ => "UNREADABLE",
    });
    let said = verify(&python, &[&["ledger"], paths.as_slice()].concat());
    let both: Vec<(&str, &str)> = ours.zip(verdicts(&said)).collect();
    assert_eq!(both.len(), paths.len(), "{said:?}");
    let differ: Vec<_> = paths.iter().zip(&both).filter(|(_, (ours, theirs))| ours != theirs).collect();
    assert!(differ.is_empty(), "{differ:#?}");
    assert_eq!(both[0], ("GENUINE", "GENUINE"));
    // All three verdicts come up; what was altered and is genuine still is a ledger that lost its end, or a frame moved
    // that may stand elsewhere.
    for verdict in ["GENUINE", "NOT GENUINE", "UNREADABLE"] {
        assert!(both.iter().filter(|(ours, _)| *ours == verdict).count() > 4, "{verdict}: {both:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proofs_whole_and_altered_are_judged_alike() {
    let Some(python) = python() else { return };
    let net = busy();
    net.h55(&["agency", "rotate-key", "--offline"]).ok();
    let id = net.send_packet();
    let nodes = two_nodes_with(&net, Duration::from_millis(50)).await;
    let network = json(&net.path("."), &["fingerprint", &net.str("h55/genesis.cgv")]).ok().json();
    let network = network["fingerprint"].as_str().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let until = |done: &dyn Fn() -> bool| {
        while !done() {
            assert!(Instant::now() < deadline);
        }
    };
    until(&|| net.tttt(&["status", &id, "03"]).code == 0);
    let path = net.str("proof.cvproof");
    let verified = || verify(&python, &["proof", &path, "--network", network]);
    // The witness has covered the document, and its own word has come back.
    until(&|| {
        net.h55(&["prove", &id, "-o", &path, "--attachments", "--no-page"]).ok();
        let said = verified();
        said.code == 0
            && said.out.contains("witnessed: it existed by")
            && said.out.contains(&format!("  {TTTT}, number "))
    });
    let ours = json(&net.path("."), &["check", &path, "--network", network]).ok().json();
    let theirs = verified().ok().says(&format!("{H55}, number 3: document {id}"));
    assert_eq!(ours["document"]["id"], id.as_str(), "{ours}");
    assert!(!theirs.out.contains(", 0 attachments"), "{theirs:?}");
    let other = net.str("other.cvproof");
    for words in [["--sealed", "--no-page"], ["--only", TTTT]] {
        net.h55(&[&["prove", id.as_str(), "-o", &other], words.as_slice()].concat()).ok();
        verify(&python, &["proof", &other, "--network", network]).ok().says("0 attachments");
    }
    // By the sender's word alone: the other addressee has no node.
    let to = ["send", "--to", TTTT, "--to", TC, "--subject", "Giấy mời"];
    let invited = json(&net.path("h55"), &to).ok().json()["id"].as_str().unwrap().to_owned();
    net.h55(&["prove", &invited, "-o", &other, "--only", TC]).ok();
    let named = format!("sent to {TC}, one of 2 addressees");
    verify(&python, &["proof", &other, "--network", network]).ok().says(&named).says("0 entries about it");
    for node in nodes {
        node.shutdown().await;
    }
    verify(&python, &["proof", &path, "--network", &"00".repeat(32)]).fails(1).says("another network");

    for path in [&path, &other] {
        altered_proofs_are_judged_alike(&python, &net, path, network);
    }
}

fn altered_proofs_are_judged_alike(python: &Path, net: &Net, path: &str, network: &str) {
    let genuine = frames::<bundle::Frame>(&fs::read(path).unwrap());
    let mut numbers = Numbers(SEED);
    let (mut paths, mut ours) = (Vec::new(), Vec::new());
    for run in 0..runs(200) {
        let path = net.str(&format!("altered-{run}.cvproof"));
        fs::write(&path, altered::<bundle::Frame>(&genuine, run, &mut numbers)).unwrap();
        ours.push(json(&net.path("."), &["check", &path, "--network", network]).code == 0);
        paths.push(path);
    }
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let said = verify(python, &[&["proof", "--network", network], paths.as_slice()].concat());
    let theirs: Vec<bool> = verdicts(&said).into_iter().map(|verdict| verdict == "GENUINE").collect();
    assert_eq!(theirs.len(), ours.len(), "{said:?}");
    let differ: Vec<_> =
        paths.iter().zip(ours.iter().zip(&theirs)).filter(|(_, (ours, theirs))| ours != theirs).collect();
    assert!(differ.is_empty(), "{differ:#?} {said:?}");
    assert!(ours.iter().any(|holds| !holds));
}
