//! The example programs in C and Java run against real nodes, on the library as it was built.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where the library is: Cargo builds a package's library before its tests, beside them.
fn built() -> PathBuf {
    let built = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let library = built.join("libcongvan_c.so");
    assert!(library.is_file(), "{} is missing: build with --lib", library.display());
    built
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Runs it; what it printed.
#[track_caller]
fn said(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// Whether the machine has this program.
fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// What both examples print.
#[track_caller]
fn told_the_story(said: &str) {
    let line = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name:?} in\n{said}")).trim().to_owned()
    };
    let id = line("sent");
    assert_eq!(id.len(), 64, "{said}");
    assert_eq!(line("retried"), format!("{id}, repeated: true"));
    assert_eq!(line("received"), format!("{id} from 000.00.00.H55: Báo cáo tháng 11"));
    assert_eq!(line("saved"), "Số liệu tháng 11");
    assert!(line("refused").contains("possible now"), "the message says what to do: {said}");
    assert_eq!(line("status"), "03 đã tiếp nhận: Đã tiếp nhận");
    assert!(line("stopped").contains("start one with congvan_start"), "{said}");
}

/// The example, compiled with every warning an error: the header is C's and C++'s.
fn compiled(dir: &Path) -> PathBuf {
    let (include, example) =
        (repository().join("crates/congvan-c/include"), repository().join("examples/c/send_receive.c"));
    let header = include.join("congvan.h");
    said(Command::new("c++").args(["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++"]).arg(header));
    let program = dir.join("send_receive");
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror", "-g", "-I"]).arg(include);
    said(cc.arg(example).arg("-L").arg(built()).args(["-lcongvan_c", "-o"]).arg(&program));
    program
}

#[test]
fn the_example_in_c_sends_receives_and_reports() {
    let dir = tempfile::tempdir().unwrap();
    let program = compiled(dir.path());
    told_the_story(&said(Command::new(program).arg(dir.path()).env("LD_LIBRARY_PATH", built())));
}

#[test]
fn every_answer_in_c_is_freed_once() {
    if !has("valgrind") {
        return eprintln!("skipped: valgrind is not on this machine");
    }
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("answers.c");
    std::fs::write(
        &source,
        r#"#include <congvan.h>
        int main(void) {
            char *error;
            for (int i = 0; i < 100; i++) {
                if (congvan_start("{\"dir\": \"/nonexistent\"}", &error) != 0) return 1;
                congvan_free(error);
                congvan_free(congvan_call(7, "{\"ask\": \"node\"}"));
            }
            return 0;
        }"#,
    )
    .unwrap();
    let program = dir.path().join("answers");
    let mut cc = Command::new("cc");
    cc.arg("-I").arg(repository().join("crates/congvan-c/include")).arg(source).arg("-L").arg(built());
    said(cc.args(["-lcongvan_c", "-o"]).arg(&program));
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--leak-check=full", "--errors-for-leak-kinds=definite", "--error-exitcode=9"]);
    said(valgrind.arg(program).env("LD_LIBRARY_PATH", built()));
}

#[test]
fn the_example_in_java_sends_receives_and_reports() {
    let jna = Path::new("/usr/share/java/jna.jar");
    if !has("javac") || !jna.is_file() {
        return eprintln!("skipped: javac or {} is not on this machine (apt-get install libjna-java)", jna.display());
    }
    let dir = tempfile::tempdir().unwrap();
    let mut java = Command::new("java");
    java.arg("-cp").arg(jna).arg(format!("-Djna.library.path={}", built().display()));
    java.args(["-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8"]);
    told_the_story(&said(java.arg(repository().join("examples/java/SendReceive.java")).arg(dir.path())));
}
