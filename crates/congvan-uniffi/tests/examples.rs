//! The modules are generated from the library as it was built, and the example programs run on them, as their readers
//! would run them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// Where this test was built: Cargo builds a package's library and examples before its tests, beside them.
fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().to_owned()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The generated modules.
fn bindings() -> &'static Path {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let made = tempfile::tempdir().unwrap();
        let library = built().join("libcongvan_uniffi.so");
        assert!(library.is_file(), "{} is missing: build with --lib", library.display());
        let bindgen = built().join("examples/congvan-bindgen");
        assert!(bindgen.is_file(), "{} is missing: build with --examples", bindgen.display());
        let mut command = Command::new(bindgen);
        said(command.arg(library).arg(made.path()).current_dir(env!("CARGO_MANIFEST_DIR")));
        made
    });
    made.path()
}

/// Runs it; what it printed.
#[track_caller]
fn said(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// What every example prints: one document goes there, its status comes back.
#[track_caller]
fn told_the_story(said: &str) {
    let line = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name:?} in\n{said}")).trim().to_owned()
    };
    let id = line("sent").split(' ').next().unwrap().to_owned();
    assert_eq!(id.len(), 64, "{said}");
    assert_eq!(line("received"), format!("{id} from 000.00.00.H55: Báo cáo tháng 11"));
    assert_eq!(line("retried"), format!("{id}, repeated: {}", if said.contains("True") { "True" } else { "true" }));
    assert_eq!(line("saved"), "Số liệu tháng 11");
    assert!(line("refused").contains("possible now"), "the message says what to do: {said}");
    assert_eq!(line("status"), "03 đã tiếp nhận: Đã tiếp nhận");
    assert_eq!(line("stopped"), "the node was shut down; start it again");
}

#[test]
fn the_example_in_python_sends_receives_and_reports() {
    let mut python = Command::new("python3");
    python.arg(repository().join("examples/python/send_receive.py"));
    let said = said(python.env("PYTHONPATH", bindings().join("python")).env("PYTHONUTF8", "1"));
    told_the_story(&said);
    assert!(said.contains("read      1;2;3"), "{said}");
    assert!(said.contains("answered  True"), "{said}");
}
