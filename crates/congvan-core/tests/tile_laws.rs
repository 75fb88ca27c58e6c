//! Tiles: what must hold of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::convert::Infallible;

use congvan_core::merkle::{self, TreeHash};
use congvan_core::note;
use congvan_core::tile::{ResumeError, TileError, TileName, TileOf, Tiler};
use congvan_core::{AgencyCode, EntryId, NetworkId};
use proptest::prelude::*;

type Files = BTreeMap<TileName, Vec<u8>>;

fn id(n: u64) -> EntryId {
    EntryId::from_bytes([&n.to_le_bytes()[..], &[7; 24]].concat().try_into().unwrap())
}

fn put(files: &mut Files) -> impl FnMut(TileName, &[u8]) -> Result<(), Infallible> {
    |name, bytes| {
        assert_eq!(bytes.len(), name.bytes(), "{name}");
        // What was written once never changes.
        assert!(files.insert(name, bytes.to_vec()).is_none_or(|before| before == bytes), "{name}");
        Ok(())
    }
}

fn grow(tiler: &mut Tiler, to: u64, files: &mut Files) {
    for n in tiler.size()..to {
        tiler.push(&id(n), &mut put(files)).unwrap();
    }
    tiler.finish(&mut put(files)).unwrap();
}

fn log(size: u64) -> (Tiler, Files) {
    let (mut tiler, mut files) = (Tiler::default(), Files::new());
    grow(&mut tiler, size, &mut files);
    (tiler, files)
}

fn resume(files: &Files, size: u64) -> Result<Tiler, ResumeError<TileName>> {
    Tiler::resume(size, &mut |name| files.get(&name).or_else(|| files.get(&name.full())).cloned().ok_or(name))
}

/// The examples of C2SP tlog-tiles.
#[test]
fn names_and_numbers_are_those_of_the_specification() {
    let name = |of, index, width| TileName { of, index, width }.to_string();
    assert_eq!(name(TileOf::Hashes(0), 0, 256), "tile/0/000");
    assert_eq!(name(TileOf::Hashes(3), 999, 1), "tile/3/999.p/1");
    assert_eq!(name(TileOf::Hashes(1), 1_234_067, 256), "tile/1/x001/x234/067");
    assert_eq!(name(TileOf::Entries, 1_000, 255), "tile/entries/x001/000.p/255");
    let widths =
        |files: &Files, of| files.keys().filter(|name| name.of == of).map(|name| name.width).collect::<Vec<_>>();
    let (_, files) = log(70_000);
    for (level, full, partial) in [(0, 273, 112), (1, 1, 17), (2, 0, 1)] {
        assert_eq!(widths(&files, TileOf::Hashes(level)), [vec![256; full], vec![partial]].concat(), "{level}");
    }
    assert_eq!(widths(&files, TileOf::Entries), [vec![256; 273], vec![112]].concat());
    assert!(!files.keys().any(|name| name.of == TileOf::Hashes(3)));
    // A full tile has its hash above, and no empty tile beside it.
    let (_, files) = log(256);
    let names: Vec<String> = files.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
    assert_eq!(log(0), (Tiler::default(), Files::new()));
}

#[test]
fn a_log_is_taken_up_where_it_ended_and_only_from_whole_files() {
    let (grown, all) = log(1_100);
    for size in [0, 1, 255, 256, 257, 511, 512, 700, 1_024] {
        let (mut tiler, mut files) = log(size);
        assert_eq!(resume(&files, size).unwrap(), tiler);
        // Where a full tile has taken a partial one's place, too.
        let later = files.iter().map(|(name, bytes)| match all.get(&name.full()) {
            Some(full) => (name.full(), full.clone()),
            None => (*name, bytes.clone()),
        });
        assert_eq!(resume(&later.collect(), size).unwrap(), tiler);
        grow(&mut tiler, 1_100, &mut files);
        assert_eq!((&tiler, tiler.root()), (&grown, grown.root()));
        assert!(all.iter().all(|(name, bytes)| files.get(name) == Some(bytes)), "{size}");
    }
    let of = TileOf::Hashes(0);
    let partial = TileName { of, index: 4, width: 76 };
    for bytes in [partial.bytes() - 1, partial.bytes() + 1, partial.full().bytes() + 1] {
        let mut files = all.clone();
        files.insert(partial, vec![0; bytes]);
        let error = TileError::Length { found: bytes, due: partial.bytes() };
        assert_eq!(resume(&files, 1_100), Err(ResumeError::Tile { name: partial, error }));
    }
    let bundle = TileName { of: TileOf::Entries, index: 4, width: 76 };
    let mut files = all.clone();
    files.get_mut(&bundle).unwrap()[34 * 3 + 1] = 31;
    assert_eq!(resume(&files, 1_100), Err(ResumeError::Tile { name: bundle, error: TileError::NotAnId(3) }));
    files.remove(&bundle);
    assert_eq!(resume(&files, 1_100), Err(ResumeError::Read(bundle)));
    // A size that nobody reaches asks for a file that is not there.
    assert!(matches!(resume(&all, u64::MAX), Err(ResumeError::Read(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_log_has_the_root_of_its_leaves_however_it_grew(sizes in proptest::collection::btree_set(0..1_500_u64, 1..5)) {
        let (mut tiler, mut files) = (Tiler::default(), Files::new());
        for size in sizes {
            grow(&mut tiler, size, &mut files);
            prop_assert_eq!(tiler.root(), merkle::root_of((0..size).map(|n| merkle::leaf_hash(&id(n)))));
            tiler = resume(&files, size).unwrap();
        }
    }

    #[test]
    fn a_note_says_its_checkpoint_and_nothing_else_reads_as_one(
        network in any::<[u8; 32]>(), size in any::<u64>(), root in any::<[u8; 32]>(), noise in "(?s).{0,80}"
    ) {
        let name = note::name(NetworkId::from_bytes(network), &AgencyCode::new("H55").unwrap());
        let text = note::checkpoint_text(&name, size, TreeHash::from_bytes(root));
        let found = note::read_checkpoint(&text);
        prop_assert_eq!(found, Some((name.as_str(), size, TreeHash::from_bytes(root))));
        let longer = format!("{text}\n{noise}");
        prop_assert_eq!(note::read_checkpoint(&longer), found);
        for cut in [0, 1, name.len(), name.len() + 1, text.len() - 1] {
            prop_assert_eq!(note::read_checkpoint(&text[..cut]), None);
        }
        for other in [format!("\n{size}"), format!("\n0{size}\n"), format!("\n+{size}\n"), format!("\n {size}\n")] {
            let other = text.replacen(&format!("\n{size}\n"), &other, 1);
            prop_assert_eq!(note::read_checkpoint(&other), None);
        }
        // Whatever it is, it is read or not, and never a panic.
        let _ = note::read_checkpoint(&noise);
    }
}
