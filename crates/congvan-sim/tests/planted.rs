//! Do the checks bite? Each of these bugs, planted, breaks an invariant under one of some seeds; and the list is all of
//! them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use congvan_sim::{Planted, Scenario, Violation, run};

/// A bug, how many agencies the network has that finds it, and which violations it may lead to.
type Bug = (Planted, usize, fn(&Violation) -> bool);

const BUGS: [Bug; Planted::ALL.len()] = [
    (Planted::SkipSignatures, 8, |v| matches!(v, Violation::Unverified { .. } | Violation::Apart { .. })),
    (Planted::SkipLinks, 8, |v| matches!(v, Violation::Unverified { .. } | Violation::Apart { .. })),
    (Planted::ForgetProofs, 5, |v| matches!(v, Violation::Apart { .. } | Violation::Unnoticed { .. })),
    (Planted::LoseTail, 4, |v| {
        matches!(v, Violation::SignedTwice { .. } | Violation::Slandered { .. } | Violation::Lost { .. })
    }),
    (Planted::WriteUnconfirmed, 4, |v| matches!(v, Violation::SignedTwice { .. } | Violation::Slandered { .. })),
    (Planted::CheckNothingBehind, 8, |v| matches!(v, Violation::Unverified { .. } | Violation::Smuggled { .. })),
    (Planted::KeepEvidence, 8, |v| matches!(v, Violation::Apart { .. })),
    (Planted::DropSetAside, 4, |v| {
        matches!(
            v,
            Violation::Lost { .. }
                | Violation::Silent { .. }
                | Violation::SignedTwice { .. }
                | Violation::Slandered { .. }
        )
    }),
    (Planted::LoseNewKey, 4, |v| matches!(v, Violation::Silent { .. })),
    (Planted::KeepErased, 4, |v| matches!(v, Violation::Apart { .. })),
    (Planted::AcknowledgeBeforeSync, 4, |v| {
        matches!(v, Violation::Silent { .. } | Violation::Lost { .. } | Violation::Apart { .. })
    }),
    (Planted::ForwardAnything, 8, |v| matches!(v, Violation::UnjustBan { .. })),
    (Planted::IgnoreRegistrar, 4, |v| {
        matches!(v, Violation::Apart { .. } | Violation::SignedTwice { .. } | Violation::Slandered { .. })
    }),
    (Planted::ServeOneLater, 4, |v| matches!(v, Violation::UnjustBan { by, peer: 1, .. } if *by != 1)),
    (Planted::PretendStored, 4, |v| matches!(v, Violation::Apart { .. } | Violation::Storm { node: 1, .. })),
    (Planted::AnnounceForever, 4, |v| matches!(v, Violation::Storm { node: 1, .. })),
];

fn scenario(planted: Planted, agencies: usize, seed: u64) -> Scenario {
    let erase_ms = if planted == Planted::KeepErased { 5_000 } else { 0 };
    Scenario { planted: Some(planted), erase_ms, ..Scenario::small(agencies, seed) }
}

#[test]
fn every_planted_bug_is_caught_by_what_it_breaks() {
    let mut listed: Vec<_> = BUGS.iter().map(|(planted, ..)| format!("{planted:?}")).collect();
    listed.sort();
    listed.dedup();
    assert_eq!(listed.len(), Planted::ALL.len(), "each bug once");
    for (planted, agencies, fits) in BUGS {
        let found = (0..30).find_map(|seed| run(&scenario(planted, agencies, seed)).err());
        let failure = found.unwrap_or_else(|| panic!("{planted:?} went unnoticed"));
        assert!(fits(&failure.violation), "{planted:?}: {failure}");
    }
}

#[test]
fn a_forked_roster_that_one_node_ignores_is_caught() {
    let forked =
        |seed| Scenario { forked_roster: true, planted: Some(Planted::ForgetProofs), ..Scenario::small(4, seed) };
    let failure = (0..30).find_map(|seed| run(&forked(seed)).err()).expect("it went unnoticed");
    assert!(matches!(failure.violation, Violation::ForkedRoster { node: 1, .. }), "{failure}");
}
