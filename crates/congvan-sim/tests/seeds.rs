//! Small networks under all troubles at once: every invariant holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use congvan_sim::{Scenario, run};

fn all_hold(agencies: usize, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        if let Err(failure) = run(&Scenario::small(agencies, seed)) {
            panic!("{failure}");
        }
    }
}

#[test]
fn three_agencies_converge() {
    all_hold(3, 0..12);
}

#[test]
fn five_agencies_find_the_equivocator() {
    all_hold(5, 0..10);
}

#[test]
fn seven_agencies_stand_forger_and_liar() {
    all_hold(7, 0..8);
}

#[test]
fn eight_agencies_distrust_a_hidden_bad_signature_alike() {
    all_hold(8, 0..8);
}

#[test]
fn twelve_agencies_converge() {
    all_hold(12, 0..4);
}

/// Here gossip takes several steps, and who forwards a hint may not hold the entry yet.
#[test]
fn a_sparse_network_of_forty_converges_and_bans_nobody() {
    let scenario = Scenario::small(40, 1).calm();
    let report = run(&scenario).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(report.bans, 0);
}

#[test]
fn one_seed_gives_one_history() {
    let digest = |seed| run(&Scenario::small(6, seed)).unwrap().digest;
    assert_eq!(digest(3), digest(3));
    assert_ne!(digest(3), digest(4));
}

#[test]
fn the_troubles_do_happen() {
    let reports: Vec<_> = (0..12).map(|seed| run(&Scenario::small(3, seed)).unwrap()).collect();
    assert!(reports.iter().map(|r| r.crashes).sum::<u64>() >= 12);
    assert!(reports.iter().map(|r| r.restores).sum::<u64>() >= 6);
    // Each agency is admitted by a word of its own.
    assert!(reports.iter().map(|r| r.words - 3).sum::<u64>() >= 36);
    assert!(reports.iter().map(|r| r.rotations).sum::<u64>() >= 24);
    assert!(run(&Scenario::small(8, 1)).unwrap().bans > 0, "nobody noticed the forger");
}

/// Under all troubles: what an erasure that stands names is dropped everywhere, and nothing that nobody erased is.
#[test]
fn what_is_erased_is_dropped_everywhere_and_nothing_else() {
    let mut erasures = 0;
    for (agencies, seeds) in [(4, 0..6), (7, 0..4), (8, 0..3)] {
        for seed in seeds {
            let scenario = Scenario { erase_ms: 5_000, ..Scenario::small(agencies, seed) };
            match run(&scenario) {
                Ok(report) => erasures += report.erasures,
                Err(failure) => panic!("{agencies} agencies, seed {seed}: {failure}"),
            }
        }
    }
    assert!(erasures >= 60, "{erasures}");
}
