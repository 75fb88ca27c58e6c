//! Small networks under all troubles at once: every invariant holds; and with a bug planted, some
//! invariant does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use congvan_sim::{Planted, Scenario, Violation, run};

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

#[test]
fn kept_erased_content_is_caught() {
    let violation = caught_in(Planted::KeepErased, |seed| Scenario { erase_ms: 5_000, ..Scenario::small(4, seed) });
    assert!(matches!(violation, Violation::Apart { .. }), "{violation}");
}

/// The violation that a planted bug leads to under one of some seeds.
fn caught(agencies: usize, planted: Planted) -> Violation {
    caught_in(planted, |seed| Scenario::small(agencies, seed))
}

fn caught_in(planted: Planted, scenario: impl Fn(u64) -> Scenario) -> Violation {
    let found = (0..30).find_map(|seed| run(&Scenario { planted: Some(planted), ..scenario(seed) }).err());
    found.unwrap_or_else(|| panic!("{planted:?} went unnoticed")).violation
}

#[test]
fn skipped_signature_checks_are_caught() {
    let violation = caught(8, Planted::SkipSignatures);
    assert!(matches!(violation, Violation::Unverified { .. } | Violation::Apart { .. }), "{violation}");
}

#[test]
fn skipped_link_checks_are_caught() {
    let violation = caught(8, Planted::SkipLinks);
    assert!(matches!(violation, Violation::Unverified { .. } | Violation::Apart { .. }), "{violation}");
}

#[test]
fn forgotten_proofs_are_caught() {
    let violation = caught(5, Planted::ForgetProofs);
    assert!(matches!(violation, Violation::Apart { .. } | Violation::Unnoticed { .. }), "{violation}");
}

#[test]
fn writing_unconfirmed_after_a_restore_is_caught() {
    let violation = caught(4, Planted::WriteUnconfirmed);
    assert!(matches!(violation, Violation::SignedTwice { .. } | Violation::Slandered { .. }), "{violation}");
}

#[test]
fn a_lost_tail_is_caught() {
    let violation = caught(4, Planted::LoseTail);
    let fits =
        matches!(violation, Violation::SignedTwice { .. } | Violation::Slandered { .. } | Violation::Lost { .. });
    assert!(fits, "{violation}");
}

#[test]
fn signatures_never_checked_behind_are_caught() {
    let violation = caught(8, Planted::CheckNothingBehind);
    assert!(matches!(violation, Violation::Unverified { .. } | Violation::Smuggled { .. }), "{violation}");
}

#[test]
fn evidence_kept_from_others_is_caught() {
    let violation = caught(8, Planted::KeepEvidence);
    assert!(matches!(violation, Violation::Apart { .. }), "{violation}");
}

#[test]
fn entries_dropped_at_a_suspension_are_caught() {
    let violation = caught(4, Planted::DropSetAside);
    let fits = matches!(
        violation,
        Violation::Lost { .. } | Violation::Silent { .. } | Violation::SignedTwice { .. } | Violation::Slandered { .. }
    );
    assert!(fits, "{violation}");
}

#[test]
fn a_lost_new_key_is_caught() {
    let violation = caught(4, Planted::LoseNewKey);
    assert!(matches!(violation, Violation::Silent { .. }), "{violation}");
}

#[test]
fn a_forked_roster_that_one_node_ignores_is_caught() {
    let forked = |seed| Scenario { forked_roster: true, ..Scenario::small(4, seed) };
    let violation = caught_in(Planted::ForgetProofs, forked);
    assert!(matches!(violation, Violation::ForkedRoster { node: 1, .. }), "{violation}");
}
