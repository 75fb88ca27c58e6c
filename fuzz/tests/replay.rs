//! Replays every corpus through its target; a target without a corpus or a binary is a failure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;

fn names(directory: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let files = std::fs::read_dir(&path).unwrap_or_else(|e| panic!("{directory}: {e}"));
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn every_target_has_a_binary_and_a_corpus_and_no_corpus_is_left_over() {
    let targets: BTreeSet<_> = congvan_fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets, names("fuzz_targets"));
    assert_eq!(targets, names("corpus"));
    let manifest = include_str!("../Cargo.toml");
    for name in targets {
        assert!(manifest.contains(&format!("\nname = \"{name}\"\n")), "{name} is no binary of the manifest");
    }
}

#[test]
fn every_corpus_passes_its_target() {
    for (name, target) in congvan_fuzz::TARGETS {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut replayed = 0;
        for file in std::fs::read_dir(&directory).unwrap_or_else(|e| panic!("{name} has no corpus: {e}")) {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            if std::panic::catch_unwind(|| target(&bytes)).is_err() {
                panic!("{name} breaks on {}", path.display());
            }
            replayed += 1;
        }
        assert!(replayed > 0, "{name} has an empty corpus");
    }
}
