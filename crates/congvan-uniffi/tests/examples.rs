//! The modules are generated from the library as it was built, and the example programs run on them, as their readers
//! would run them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use common::{JNA, generate, has, repository, said, utf8};

/// The generated modules.
fn bindings() -> &'static Path {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let made = tempfile::tempdir().unwrap();
        generate(made.path());
        made
    });
    made.path()
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
    assert_eq!(line("retried").to_lowercase(), format!("{id}, repeated: true"));
    assert_eq!(line("saved"), "Số liệu tháng 11");
    assert!(line("refused").contains("possible now"), "the message says what to do: {said}");
    assert_eq!(line("status"), "03 đã tiếp nhận: Đã tiếp nhận");
    assert_eq!(line("stopped"), "the node was shut down; start it again");
}

#[test]
fn the_example_in_python_sends_receives_and_reports() {
    let mut python = Command::new("python3");
    python.arg(repository().join("examples/python/send_receive.py"));
    let said = said(utf8(&mut python).env("PYTHONPATH", bindings().join("python")));
    told_the_story(&said);
    assert!(said.contains("read      1;2;3"), "{said}");
    assert!(said.contains("answered  True"), "{said}");
}

#[test]
fn the_example_in_kotlin_sends_receives_and_reports() {
    let generated = bindings().join("kotlin");
    let module = std::fs::read_to_string(generated.join("congvan/congvan.kt")).unwrap();
    assert!(module.contains("class Node"), "the module is made, whether or not it can be compiled here");
    if !has("kotlinc") || !Path::new(JNA).is_file() {
        return eprintln!(
            "skipped: kotlinc (2.0 or newer) or {JNA} (apt-get install libjna-java) is not on this machine"
        );
    }
    let jar = bindings().join("example.jar");
    let mut compile = Command::new("kotlinc");
    compile.args(["-cp", JNA]).arg(&generated).arg(repository().join("examples/kotlin/SendReceive.kt"));
    said(compile.args(["-include-runtime", "-d"]).arg(&jar));
    let mut java = Command::new("java");
    java.arg("-cp").arg(format!("{}:{JNA}", jar.display()));
    java.arg(format!("-Djna.library.path={}", generated.display()));
    told_the_story(&said(utf8(&mut java).arg("SendReceiveKt")));
}
