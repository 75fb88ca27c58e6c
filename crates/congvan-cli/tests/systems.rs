//! The programs that may speak for an agency: made, listed, changed and removed with the real binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::{H55, Net, TTTT, json, run};

#[test]
fn a_system_is_added_listed_rotated_and_removed() {
    let net = Net::new();
    let dir = net.path("h55");
    assert_eq!(json(&dir, &["system", "list"]).ok().json().as_array().unwrap().len(), 0);
    let added = json(&dir, &["system", "add", "ioffice"]).ok().json();
    assert_eq!((&added["id"], &added["agencies"][0]), (&"ioffice".into(), &H55.into()));
    let secret = added["secret"].as_str().unwrap().to_owned();
    assert!(secret.len() >= 43, "{secret}");
    let mode = fs::metadata(dir.join("systems.json")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);

    // It is shown this once.
    let listed = json(&dir, &["system", "list"]).ok();
    assert_eq!(listed.json()[0]["id"], "ioffice");
    assert!(!listed.out.contains(&secret) && listed.json()[0].get("secret").is_none());
    run(&dir, &["system", "add", "ioffice"]).fails(1).says("rotate");
    let rotated = json(&dir, &["system", "rotate", "ioffice"]).ok().json();
    assert_ne!(rotated["secret"], *secret);
    run(&dir, &["system", "remove", "ioffice"]).ok().says("ioffice");
    run(&dir, &["system", "remove", "ioffice"]).fails(1).says("no system ioffice");
    run(&dir, &["system", "rotate", "ioffice"]).fails(1).says("system list");
    assert!(!fs::read_to_string(dir.join("systems.json")).unwrap().contains("ioffice"));
}

#[test]
fn a_secret_that_a_system_has_already_is_taken_over_and_not_shown() {
    let net = Net::new();
    let dir = net.path("h55");
    let file = net.str("secret.txt");
    fs::write(&file, "c2VjcmV0\r\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    run(&dir, &["system", "add", H55, "--secret-file", &file]).fails(1).says("chmod 600");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let words = ["system", "add", H55, "--agency", H55, "--agency", TTTT, "--secret-file", &file];
    let added = run(&dir, &words).ok();
    assert!(!added.said().contains("c2VjcmV0"), "{added:?}");
    assert!(added.err.contains(TTTT), "what a node cannot do for another agency is remarked: {added:?}");
    assert!(fs::read_to_string(dir.join("systems.json")).unwrap().contains("\"c2VjcmV0\""));
    fs::write(&file, "short\n").unwrap();
    run(&dir, &["system", "rotate", H55, "--secret-file", &file]).fails(1).says("8").says("256");
    run(&dir, &["system", "add", "no/id"]).fails(1).says("no/id");
    run(&dir, &["system", "add", "x", "--agency", "no code"]).fails(2).says("--agency");
    run(&net.path("registrar"), &["system", "add", "x"]).fails(2);
    run(&dir, &["--lang", "vi", "system", "remove", "x"]).fails(1).says("không có hệ thống x");
}
