//! Making networks and agencies, the roster, keys and their files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::{H55, Net, TC, TTTT, congvan, json, run};

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_network_is_made_and_agencies_are_admitted() {
    let net = Net::new();
    for key in ["registrar/registrar-1.key", "h55/agency.key", "h55/node.key"] {
        assert_eq!(mode(&net.path(key)), 0o600, "{key}");
    }
    let listed = json(&net.path("registrar"), &["roster", "list"]).ok().json();
    let agencies = listed["agencies"].as_array().unwrap();
    let codes: Vec<_> = agencies.iter().map(|agency| agency["code"].as_str().unwrap()).collect();
    assert_eq!(codes, [H55, TTTT, TC]);
    assert!(agencies.iter().all(|agency| agency["standing"] == "active"));
    // What the registrar wrote is what the agency reads.
    assert_eq!(json(&net.path("tc"), &["roster", "list"]).ok().json(), listed);
    net.registrar(&["roster", "admit", &net.str("tc/enrolment.cgv")]).fails(1).says(TC);
}

#[test]
fn the_fingerprint_is_the_networks_id_in_fours() {
    let net = Net::new();
    let made =
        json(&net.path("other"), &["network", "create", "--name", "Khác", "--registrars", "3", "--threshold", "2"]);
    let made = made.ok().json();
    assert_eq!(made["keys"].as_array().unwrap().len(), 3);
    let shown = json(&net.path("."), &["fingerprint", &net.str("other/genesis.cgv")]).ok().json();
    assert_eq!(shown["fingerprint"], made["fingerprint"]);
    let fingerprint = made["fingerprint"].as_str().unwrap();
    assert_eq!(fingerprint.replace(' ', ""), made["network"].as_str().unwrap());
    assert_eq!(fingerprint.split(' ').count(), 16);
    run(&net.path("bad"), &["network", "create", "--name", "x", "--registrars", "1", "--threshold", "2"]).fails(1);
    assert!(!net.path("bad/genesis.cgv").exists());
}

#[test]
fn nothing_that_exists_is_overwritten() {
    let net = Net::new();
    let before = fs::read(net.path("h55/agency.key")).unwrap();
    net.agency("h55", H55, "x").fails(1).says("exists");
    net.registrar(&["network", "create", "--name", "x"]).fails(1).says("exists");
    assert_eq!(fs::read(net.path("h55/agency.key")).unwrap(), before);
}

#[test]
fn a_key_file_that_others_may_read_is_refused() {
    let net = Net::new();
    for (dir, file, words) in [
        ("h55", "h55/agency.key", &["inbox"][..]),
        ("h55", "h55/node.key", &["inbox"][..]),
        ("registrar", "registrar/registrar-1.key", &["roster", "suspend", TC][..]),
    ] {
        let key = net.path(file);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
        run(&net.path(dir), words).fails(1).says("chmod 600").says(key.to_str().unwrap());
        run(&net.path(dir), &["doctor"]).fails(1).says("chmod 600");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    }
    net.h55(&["inbox"]).ok();
}

#[test]
fn keys_under_a_passphrase_open_with_it_alone() {
    let net = Net::new();
    let (dir, genesis) = (net.path("kin"), net.str("registrar/genesis.cgv"));
    let create = ["agency", "create", "--network", &genesis, "--code", "H55.09", "--name", "Kín", "--encrypt"];
    // There is nobody to ask.
    run(&dir, &create).fails(2).says("--passphrase-file");
    let with = |passphrase: &str, words: &[&str]| -> common::Ran {
        congvan().env("CONGVAN_PASSPHRASE", passphrase).arg("--dir").arg(&dir).args(words).output().unwrap().into()
    };
    with("mật khẩu", &create).ok();
    run(&dir, &["inbox"]).fails(2).says("agency.key").says("CONGVAN_PASSPHRASE");
    with("khác", &["inbox"]).fails(2).says("does not open");
    with("mật khẩu", &["inbox"]).ok();

    let file = net.path("passphrase");
    fs::write(&file, "mật khẩu\n").unwrap();
    let words = ["inbox", "--passphrase-file", file.to_str().unwrap()];
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    run(&dir, &words).fails(1).says("chmod 600");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    run(&dir, &words).ok();
}

#[test]
fn the_registrar_suspends_reinstates_revokes_rotates_and_closes() {
    let net = Net::new();
    let standing = |code: &str| {
        let listed = json(&net.path("registrar"), &["roster", "list"]).ok().json();
        let agencies = listed["agencies"].as_array().unwrap();
        agencies.iter().find(|agency| agency["code"] == code).unwrap()["standing"].clone()
    };
    net.registrar(&["roster", "suspend", TC]).ok();
    assert_eq!(standing(TC), "suspended");
    net.registrar(&["roster", "reinstate", TC]).ok();
    net.registrar(&["roster", "reinstate", TC]).fails(1);
    assert_eq!(standing(TC), "active");

    // A stolen key: void at once, replaced from a new directory.
    net.send_packet();
    net.carry("h55", "registrar");
    let revoked = json(&net.path("registrar"), &["roster", "revoke", H55]).ok().json();
    assert_eq!(revoked["last"], 1);
    net.registrar(&["roster", "revoke", H55, "--last", "9"]).fails(1).says("9").says(H55);
    net.agency("new", H55, "UBND tỉnh").ok();
    let enrolment = net.str("new/enrolment.cgv");
    net.registrar(&["roster", "rotate", TC, "--enrolment", &enrolment]).fails(1).says(H55);
    net.registrar(&["roster", "rotate", H55, "--enrolment", &enrolment, "--nodes"]).ok();
    net.carry("registrar", "new");
    net.carry("h55", "new");
    run(&net.path("new"), &["send", "--offline", "--to", TC, "--subject", "Khóa mới"]).ok();
    net.share_roster(&["h55"]);
    net.h55(&["send", "--offline", "--to", TC, "--subject", "Khóa cũ"]).fails(1);

    let closed = json(&net.path("registrar"), &["roster", "close", TC, "--none"]).ok().json();
    assert_eq!(closed["last"], 0);
    assert_eq!(standing(TC), "closed");
    net.registrar(&["roster", "suspend", "H55.77"]).fails(1).says("H55.77");
    net.h55(&["roster", "suspend", TC]).fails(2).says("registrar");
}

#[test]
fn an_agency_replaces_its_own_keys() {
    let net = Net::new();
    let key = || {
        let listed = json(&net.path("h55"), &["roster", "list"]).ok().json();
        listed["agencies"].as_array().unwrap().iter().find(|agency| agency["code"] == H55).unwrap()["key"].clone()
    };
    let before = key();
    net.h55(&["agency", "rotate-key", "--offline"]).ok();
    assert_ne!(key(), before);
    let id = net.send_packet();
    net.h55(&["show", &id]).ok();
    assert_eq!(mode(&net.path("h55/agency.key")), 0o600);
}

#[test]
fn the_doctor_says_what_needs_doing() {
    let net = Net::new();
    let fine = json(&net.path("h55"), &["doctor"]).ok().json();
    assert_eq!(fine["healthy"], true);
    net.registrar(&["doctor"]).ok();

    let find = |dir: &str, check: &str| {
        let found = json(&net.path(dir), &["doctor"]).fails(1).json();
        assert_eq!(found["healthy"], false);
        let checks = found["checks"].as_array().unwrap().clone();
        assert!(checks.iter().any(|point| point["check"] == check && point["state"] == "to_do"), "{checks:?}");
    };
    find("nowhere", "directory");
    net.agency("moi", "H55.10", "Mới").ok();
    find("moi", "roster");

    // A ledger older than its key.
    net.h55(&["backup", &net.str("copy")]).ok();
    net.send_packet();
    fs::rename(net.path("h55/ledger"), net.path("away")).unwrap();
    find("h55", "ledger");
    net.h55(&["restore", &net.str("copy")]).ok();
    find("h55", "mark");
    // Another agency's keys.
    fs::copy(net.path("tc/agency.key"), net.path("tttt/agency.key")).unwrap();
    find("tttt", "roster");
}
