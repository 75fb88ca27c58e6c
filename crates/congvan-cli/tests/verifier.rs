//! The verifier in Python (`docs/verifier`), which knows the page on the format and nothing of this code, agrees with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{H55, Net, Ran, TC, TTTT, json, two_nodes_with};
use congvan::core::Wire;
use congvan::core::archive::{Checksum, Frame, MAGIC};

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

/// The frames of an archive as bytes, without its end frame.
fn frames(archive: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &archive[MAGIC.len()..];
    let mut frames = Vec::new();
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let (frame, after) = after.split_at(u32::from_le_bytes(*len) as usize);
        frames.push(frame.to_vec());
        rest = after;
    }
    frames.pop();
    frames
}

fn archive(frames: &[Vec<u8>], end: Option<&Frame>) -> Vec<u8> {
    let mut checksum = Checksum::default();
    frames.iter().for_each(|frame| checksum.add(frame));
    let end = end.cloned().unwrap_or_else(|| checksum.end()).to_bytes();
    let mut bytes = MAGIC.to_vec();
    for frame in frames.iter().chain([&end]) {
        bytes.extend_from_slice(&(frame.len() as u32).to_le_bytes());
        bytes.extend_from_slice(frame);
    }
    bytes
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
    let genuine = frames(&whole);
    let mut checksum = Checksum::default();
    genuine.iter().for_each(|frame| checksum.add(frame));
    let end = checksum.end();
    assert_eq!(archive(&genuine, None), whole);
    // Many more in the long variants of the tests.
    let (seed, runs) = (0x9e37_79b9_7f4a_7c15, if std::env::var_os("CONGVAN_LONG").is_some() { 5_000 } else { 400 });
    let mut numbers = Numbers(seed);
    let mut paths = vec![net.str("all.cgva")];
    for run in 0..runs {
        let mut altered = genuine.clone();
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
        // Mostly whoever alters a file makes its checksum anew; a disk does not.
        let path = net.str(&format!("altered-{run}.cgva"));
        fs::write(&path, archive(&altered, (run % 7 == 0).then_some(&end))).unwrap();
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
    let verdicts = ["GENUINE", "NOT GENUINE", "UNREADABLE"];
    let theirs = said
        .out
        .lines()
        .filter_map(|line| verdicts.into_iter().find(|verdict| line.starts_with(&format!("{verdict}:"))));
    let both: Vec<(&str, &str)> = ours.zip(theirs).collect();
    assert_eq!(both.len(), runs + 1, "{said:?}");
    let differ: Vec<_> = paths.iter().zip(&both).filter(|(_, (ours, theirs))| ours != theirs).collect();
    assert!(differ.is_empty(), "seed {seed:x}: {differ:#?}");
    assert_eq!(both[0], ("GENUINE", "GENUINE"));
    // All three verdicts come up; what was altered and is genuine still is a ledger that lost its end, or a frame moved
    // that may stand elsewhere.
    for verdict in verdicts {
        assert!(both.iter().filter(|(ours, _)| *ours == verdict).count() > 4, "{verdict}: {both:?}");
    }
}
