//! The people who may use the web console: made, listed, changed and removed with the real binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use common::{Net, json, run};

#[test]
fn a_user_is_added_listed_given_another_password_and_removed() {
    let net = Net::new();
    let dir = net.path("h55");
    assert_eq!(json(&dir, &["user", "list"]).ok().json().as_array().unwrap().len(), 0);
    let added = json(&dir, &["user", "add", "VanThu"]).ok().json();
    assert_eq!((&added["name"], &added["role"]), (&"vanthu".into(), &"clerk".into()));
    let password = added["password"].as_str().unwrap().to_owned();
    assert_eq!(password.len(), 23, "{password}");
    run(&dir, &["user", "add", "lanhdao", "--role", "viewer"]).ok().says("viewer").says("shown once");

    let listed = json(&dir, &["user", "list"]).ok();
    assert_eq!(listed.json()[1]["name"], "vanthu");
    let text = fs::read_to_string(dir.join("users.json")).unwrap();
    for secret in [&password, "argon2id"] {
        assert!(!listed.out.contains(secret), "{listed:?}");
    }
    assert!(text.contains("$argon2id$") && !text.contains(&password));
    assert_eq!(fs::metadata(dir.join("users.json")).unwrap().permissions().mode() & 0o777, 0o600);

    run(&dir, &["user", "add", "vanthu"]).fails(1).says("user password");
    assert_ne!(json(&dir, &["user", "password", "vanthu"]).ok().json()["password"], *password);
    run(&dir, &["user", "remove", "vanthu"]).ok().says("vanthu");
    run(&dir, &["user", "remove", "vanthu"]).fails(1).says("no user vanthu").says("user list");
}

#[test]
fn what_is_wrong_is_refused_with_words() {
    let net = Net::new();
    let dir = net.path("h55");
    let file = net.str("password.txt");
    fs::write(&file, "mật khẩu rất dài\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    run(&dir, &["user", "add", "vanthu", "--password-file", &file]).fails(1).says("chmod 600");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let added = run(&dir, &["user", "add", "vanthu", "--password-file", &file]).ok();
    assert!(!added.said().contains("mật khẩu"), "{added:?}");
    fs::write(&file, "ngắn\n").unwrap();
    run(&dir, &["user", "password", "vanthu", "--password-file", &file]).fails(1).says("10").says("256");
    run(&dir, &["user", "add", "văn thư"]).fails(1).says("văn thư");
    run(&dir, &["user", "add", "x", "--role", "chief"]).fails(1).says("clerk and viewer");
    run(&net.path("registrar"), &["user", "add", "x"]).fails(2);
    run(&dir, &["--lang", "vi", "user", "remove", "x"]).fails(1).says("không có người dùng x");
}
