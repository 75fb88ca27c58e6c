//! Help, completions, languages, and JSON of every command.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Net, TC, congvan, json, run, sample};

const COMMANDS: &[&str] = &[
    "network create",
    "agency create",
    "agency rotate-key",
    "roster admit",
    "roster suspend",
    "roster reinstate",
    "roster resolve",
    "roster close",
    "roster rotate",
    "roster revoke",
    "roster nodes",
    "roster registrars",
    "roster certify",
    "roster propose",
    "roster approve",
    "roster submit",
    "roster desk",
    "roster list",
    "certificate challenge",
    "certificate request",
    "certificate show",
    "send",
    "inbox",
    "outbox",
    "search",
    "show",
    "status",
    "export",
    "prove",
    "check",
    "wait",
    "events",
    "ledger export",
    "ledger import",
    "backup",
    "restore",
    "audit",
    "peers",
    "doctor",
    "fingerprint",
    "completions",
];

fn plain(words: &[&str]) -> common::Ran {
    congvan().args(words).output().unwrap().into()
}

#[test]
fn every_command_has_help_with_examples_in_both_languages() {
    for command in COMMANDS {
        let words: Vec<&str> = command.split(' ').collect();
        let english = plain(&[words.as_slice(), &["--help"]].concat()).ok();
        assert!(english.out.contains("Examples:"), "{command}");
        let vietnamese = plain(&[&["--lang", "vi"], words.as_slice(), &["--help"]].concat()).ok();
        assert_ne!(vietnamese.out.lines().next(), english.out.lines().next(), "{command}");
    }
}

#[test]
fn every_shell_completes_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = plain(&["completions", shell]).ok().out;
        for command in COMMANDS {
            let last = command.rsplit(' ').next().unwrap();
            assert!(script.contains(last), "{shell}: {command}");
        }
    }
}

#[test]
fn every_command_prints_one_json_document() {
    let net = Net::new();
    let id = net.send_packet();
    net.agency("moi", "H55.10", "Mới").ok();
    let (genesis, file, packet) =
        (net.str("h55/genesis.cgv"), net.str("x.cgva"), sample("trang-thai-03.edxml").display().to_string());
    let enrolment = net.str("moi/enrolment.cgv");
    let (tc, motion) = (net.str("tc/enrolment.cgv"), net.str("x.cgvm"));
    let (copy, out) = (net.str("copy"), net.str("out.edxml"));
    let runs: &[(&str, i32, &[&str])] = &[
        ("n", 0, &["network", "create", "--name", "Khác"]),
        ("a", 0, &["agency", "create", "--network", &genesis, "--code", "H55.13", "--name", "Xã"]),
        ("h55", 0, &["agency", "rotate-key", "--offline"]),
        ("registrar", 0, &["roster", "admit", &enrolment]),
        ("registrar", 0, &["roster", "suspend", "H55.10"]),
        ("registrar", 0, &["roster", "reinstate", "H55.10"]),
        ("registrar", 0, &["roster", "resolve", "H55.10", "1", &"0f".repeat(32)]),
        ("registrar", 2, &["roster", "resolve", "H55.10", "0", &"0f".repeat(32)]),
        ("registrar", 0, &["roster", "revoke", "H55.10", "--none"]),
        ("registrar", 0, &["roster", "rotate", "H55.10", "--none", "--enrolment", &enrolment]),
        ("registrar", 0, &["roster", "close", "H55.10"]),
        ("registrar", 0, &["roster", "nodes", "--enrolment", &tc]),
        ("registrar", 0, &["roster", "propose", "-o", &motion, "suspend", TC]),
        ("registrar", 1, &["roster", "approve", &motion]),
        ("registrar", 0, &["roster", "approve", &motion, "--yes"]),
        ("registrar", 0, &["roster", "submit", &motion]),
        ("registrar", 1, &["roster", "submit", &motion]),
        ("desk", 0, &["roster", "desk", "--network", &genesis]),
        ("registrar", 2, &["roster", "registrars"]),
        ("registrar", 0, &["roster", "registrars", "--threshold", "1"]),
        ("registrar", 2, &["roster", "certify", &enrolment]),
        ("registrar", 0, &["certificate", "show"]),
        ("h55", 0, &["certificate", "challenge", "-o", &motion]),
        ("h55", 2, &["certificate", "request", "--certificate", &enrolment, "--proof", &motion, "-o", &motion]),
        ("registrar", 0, &["roster", "list"]),
        ("h55", 0, &["send", "--offline", "--to", TC, "--subject", "x"]),
        ("h55", 0, &["inbox"]),
        ("h55", 0, &["outbox"]),
        ("h55", 0, &["show", &id]),
        ("h55", 0, &["export", &id, "-o", &out]),
        ("h55", 0, &["wait", &id]),
        ("h55", 0, &["events", "so"]),
        ("h55", 0, &["ledger", "export", "--blobs", "-o", &file]),
        ("tttt", 0, &["ledger", "import", &file]),
        ("tttt", 0, &["status", &id, "01", "--offline"]),
        ("tttt", 0, &["status", "--packet", &packet, "--offline"]),
        ("h55", 0, &["backup", &copy]),
        ("r", 0, &["restore", &copy]),
        ("h55", 0, &["audit", &file]),
        ("h55", 0, &["doctor"]),
        ("h55", 0, &["fingerprint", &genesis]),
        // Failures too, on the same stream.
        ("h55", 3, &["peers"]),
        ("h55", 3, &["search", "báo cáo"]),
        ("h55", 2, &["search", "--from", "hôm qua"]),
        ("h55", 3, &["show", "00000000"]),
        ("h55", 2, &["show", "xyz"]),
        ("h55", 2, &["send"]),
        ("h55", 2, &["fingerprint", "/nowhere"]),
        ("nowhere", 2, &["inbox"]),
        ("registrar", 1, &["roster", "suspend", "H55.99"]),
    ];
    for (dir, code, words) in runs {
        let ran = json(&net.path(dir), words).fails(*code);
        let document = ran.json();
        assert!(document.is_object(), "{words:?}");
        // What is only shown, not yet done, is no error.
        let shows = words.contains(&"approve") && !words.contains(&"--yes");
        assert_eq!(document.get("error").is_some(), *code != 0 && !shows, "{words:?}: {ran:?}");
        if *code != 0 && !shows {
            let word = document["code"].as_str().unwrap();
            let expected = [&["refused"][..], &["unreadable", "usage"], &["retry"]][*code as usize - 1];
            assert!(expected.contains(&word), "{words:?}: {word}");
        }
        assert_eq!(ran.err, "", "{words:?}");
    }
}

#[test]
fn the_language_is_the_environments_or_as_asked() {
    let net = Net::new();
    let run_in = |lang: &[(&str, &str)], words: &[&str]| -> common::Ran {
        congvan().envs(lang.iter().copied()).arg("--dir").arg(net.path("h55")).args(words).output().unwrap().into()
    };
    run_in(&[("LANG", "vi_VN.UTF-8")], &["inbox"]).ok().says("Không có gì.");
    run_in(&[("LANG", "C.UTF-8")], &["inbox"]).ok().says("Nothing here.");
    run_in(&[("LANG", "C.UTF-8"), ("CONGVAN_LANG", "vi")], &["inbox"]).ok().says("Không có gì.");
    run_in(&[("LANG", "vi_VN.UTF-8")], &["--lang", "en", "inbox"]).ok().says("Nothing here.");
    run_in(&[], &["--lang", "vi", "peers"]).fails(3).says("lỗi:").says("cách xử lý:");
    run_in(&[], &["--lang", "en", "peers"]).fails(3).says("error:").says("what to do:");
    let id = net.send_packet();
    run_in(&[], &["--lang", "vi", "show", &id]).ok().says("trích yếu").says("đã kiểm chữ ký");
    run_in(&[], &["--lang", "en", "show", &id]).ok().says("subject").says("signature checked");
}

#[test]
fn what_the_environment_and_the_words_say_of_the_directory() {
    let net = Net::new();
    let listed = congvan().env("CONGVAN_DIR", net.path("h55")).args(["roster", "list"]).output().unwrap();
    assert_eq!(listed.status.code(), Some(0));
    run(&net.path("h55"), &["roster", "list"]).ok().says("000.00.01.H55");
    run(&net.path("nowhere"), &["inbox"]).fails(2).says("nowhere").says("--dir");
    assert!(!net.path("nowhere").exists(), "reading makes no directory");
    plain(&["--version"]).ok();
    plain(&["nonsense"]).fails(2);
}
