//! What was built, and what the machine has.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Where Debian's `libjna-java` has it.
pub(crate) const JNA: &str = "/usr/share/java/jna.jar";

/// Where Cargo put the libraries: it builds them before the tests, beside them.
pub(crate) fn libraries() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// Where Cargo put the example programs of all packages.
pub(crate) fn programs() -> PathBuf {
    libraries().with_file_name("examples")
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Generates the modules from the library.
pub(crate) fn generate(into: &Path) {
    let library = libraries().join("libcongvan_uniffi.so");
    assert!(library.is_file(), "{} is missing: build with --lib", library.display());
    let bindgen = programs().join("congvan-bindgen");
    assert!(bindgen.is_file(), "{} is missing: build with --examples", bindgen.display());
    said(Command::new(bindgen).arg(library).arg(into).current_dir(repository()));
}

/// Runs it; what it printed.
#[track_caller]
pub(crate) fn said(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// Whether the machine has this program.
pub(crate) fn has(program: &str) -> bool {
    Command::new(program).arg("-version").output().is_ok_and(|output| output.status.success())
}

/// Programs print Vietnamese, whatever the machine's language is.
pub(crate) fn utf8(command: &mut Command) -> &mut Command {
    command.env("PYTHONUTF8", "1").env("JAVA_TOOL_OPTIONS", "-Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8")
}
