//! The example programs run as their readers would run them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

#[test]
fn send_receive_prints_what_was_sent_and_received() {
    // Cargo builds a package's examples before its tests, beside them.
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().with_file_name("examples").join("send_receive");
    assert!(program.is_file(), "{} is missing: build with --examples", program.display());
    let output = Command::new(program).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let id = |line: &str| {
        let line = said.lines().find(|l| l.starts_with(line)).unwrap_or_else(|| panic!("no {line:?} in\n{said}"));
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    assert_eq!(id("sent"), id("received"), "{said}");
    assert!(said.contains("Báo cáo công tác tháng 02"), "{said}");
}
