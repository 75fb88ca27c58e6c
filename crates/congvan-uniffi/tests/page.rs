//! Every command and Python program of `docs/embedding.md`, in its order, in a directory laid out like the repository
//! after `make bindings`. Building is what has brought this test about; it is not done again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use common::{JNA, generate, has, libraries, programs, repository, said, utf8};

/// The blocks of one language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    page.split(&format!("```{language}\n")).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_pages_commands_do_what_it_says() {
    let page = include_str!("../../../docs/embedding.md");
    let dir = tempfile::tempdir().unwrap();
    let release = dir.path().join("target/release");
    std::fs::create_dir_all(&release).unwrap();
    symlink(repository().join("examples"), dir.path().join("examples")).unwrap();
    symlink(programs(), release.join("examples")).unwrap();
    generate(&dir.path().join("target/bindings"));
    let c = dir.path().join("target/bindings/c");
    std::fs::create_dir(&c).unwrap();
    symlink(libraries().join("libcongvan_c.so"), c.join("libcongvan_c.so")).unwrap();
    symlink(repository().join("crates/congvan-c/include/congvan.h"), c.join("congvan.h")).unwrap();

    let mut ran = 0;
    for block in blocks(page, "sh") {
        let missing = [("kotlinc ", has("kotlinc")), ("java ", has("java") && Path::new(JNA).is_file())];
        if let Some((tool, _)) = missing.iter().find(|(tool, here)| block.contains(tool) && !here) {
            println!("skipped, without {tool}:\n{block}");
            continue;
        }
        let mut shell = Command::new("sh");
        shell.args(["-e", "-c", block]).current_dir(dir.path()).env("LANG", "C.UTF-8");
        said(utf8(&mut shell));
        ran += 1;
    }
    assert!(ran >= 3, "Rust, Python and C at least");
    for program in blocks(page, "python") {
        let mut python = Command::new("python3");
        python.args(["-c", program]).current_dir(dir.path()).env("PYTHONPATH", "target/bindings/python");
        assert_eq!(said(utf8(&mut python)), "Báo cáo tháng 11\n");
    }
}
