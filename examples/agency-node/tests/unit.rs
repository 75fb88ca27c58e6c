//! The systemd unit is well-formed and sandboxed. Without systemd's tools there is nothing to ask.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::{Command, Output};

const UNIT: &str = include_str!("../congvan-node.service");

/// `systemd-analyze` with these arguments; `None` where it is not installed or too old for them.
fn analyze(arguments: &[&str]) -> Option<Output> {
    let output = Command::new("systemd-analyze").args(arguments).output().ok();
    let output = output.filter(|o| !String::from_utf8_lossy(&o.stderr).contains("unrecognized option"));
    if output.is_none() {
        println!("skipped: no systemd-analyze that knows {arguments:?}");
    }
    output
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A unit's file with its program replaced by one that every machine has: `verify` looks for it.
fn installed(text: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("congvan-node.service");
    std::fs::write(&path, text.replace("/usr/local/bin/congvan-node", "/bin/true")).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (dir, path)
}

fn complaints(text: &str) -> Option<String> {
    let (_dir, path) = installed(text);
    let output = analyze(&["verify", "--man=no", "--recursive-errors=no", &path])?;
    let said = said(&output);
    let about = said.lines().any(|line| line.contains("congvan-node"));
    Some(if about || !output.status.success() { said } else { String::new() })
}

#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let Some(said) = complaints(UNIT) else { return };
    assert_eq!(said, "");
    let broken = UNIT.replace("ProtectHome=yes", "ProtectHomes=yes");
    assert!(complaints(&broken).unwrap().contains("ProtectHomes"), "verify would not have noticed");
}

#[test]
fn the_sandbox_leaves_little_exposed() {
    // Tenths of systemd's exposure level: 100 is no sandbox at all, below 20 it says OK.
    let (_dir, path) = installed(UNIT);
    let Some(output) = analyze(&["security", "--offline=true", "--threshold=20", &path]) else { return };
    assert!(output.status.success(), "exposure is above 2.0:\n{}", said(&output));
}

#[test]
fn the_unit_and_the_sample_name_the_same_places() {
    assert!(UNIT.contains("ExecStart=/usr/local/bin/congvan-node --config /etc/congvan/node.toml\n"));
    assert!(UNIT.contains("StateDirectory=congvan\n"));
    assert!(include_str!("../node.toml").contains("\ndir = \"/var/lib/congvan\"\n"));
}
