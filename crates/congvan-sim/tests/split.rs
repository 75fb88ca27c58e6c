//! What checkpoints and witnesses are for: no agency shows different histories to different people for long, nor has
//! anybody sign what is not in its chain.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use congvan_core::checkpoint::Refusal;
use congvan_sim::{FalseCheckpoint, false_checkpoints, split_view};

/// Ways there and back until both ends of the one line hold the proof: greeting, heads, and the two entries, besides one for
/// each halving of the longer history, which is how the first number that differs is found.
fn rounds(longest: u64) -> u64 {
    5 + u64::from(longest.ilog2())
}

/// Milliseconds that the news takes through the halves.
const SPREAD_MS: u64 = 1_000;

#[test]
fn a_split_view_is_proved_to_everybody_by_one_exchange_between_the_halves() {
    for (agencies, seeds) in [(5, 0..20), (6, 0..10), (9, 0..10), (16, 0..4)] {
        for seed in seeds {
            let report = split_view(agencies, seed).unwrap_or_else(|e| panic!("{agencies} agencies, seed {seed}: {e}"));
            let said = format!("{agencies} agencies, seed {seed}: {report:?}");
            assert_eq!(report.before, 0, "nobody can know before: {said}");
            assert!(report.shown.iter().all(|shown| *shown > report.forked), "{said}");
            assert_eq!(report.quarantined, vec![Some(report.forked); agencies - 1], "{said}");
            assert_eq!(report.proofs, 1, "{said}");
            assert_eq!(report.convicted_by_witnesses, agencies - 1, "{said}");
            // Besides, each asks for the other half's own chains.
            let rounds = rounds(report.shown[0].max(report.shown[1]));
            assert!(report.rounds <= rounds && report.requests <= 2 * rounds + 2 * agencies as u64, "{said}");
            assert!(report.spread_ms <= SPREAD_MS, "{said}");
        }
    }
}

#[test]
fn no_witness_signs_a_checkpoint_that_is_not_of_its_chain_and_each_says_why() {
    for seed in 0..10 {
        let (refused, good) = false_checkpoints(5, seed).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        for (kind, said) in refused {
            assert_eq!(said.len(), 4);
            for said in said {
                let fits = match kind {
                    FalseCheckpoint::ShorterTree | FalseCheckpoint::OtherTree => {
                        matches!(said, Some(Refusal::OtherHistory { said, found, .. }) if said != found)
                    }
                    FalseCheckpoint::OverItself => matches!(said, Some(Refusal::Size { size, at }) if size == at),
                    FalseCheckpoint::OthersSignature => said == Some(Refusal::Signature),
                };
                assert!(fits, "seed {seed}: {kind:?}: {said:?}");
            }
        }
        assert_eq!(good, vec![None; 4], "seed {seed}");
    }
}
