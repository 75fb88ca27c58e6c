//! Whatever bytes an agency gives as its certificates: the judgement ends, and says nothing false.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::OnceLock;

use common::*;
use congvan_certificate::{Anchors, Fact, Verdict, judge, period};
use congvan_core::Time;
use proptest::prelude::*;

fn usual() -> &'static Usual {
    static USUAL: OnceLock<Usual> = OnceLock::new();
    USUAL.get_or_init(Usual::new)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(der in prop::collection::vec(any::<u8>(), 0..600), proof in prop::collection::vec(any::<u8>(), 0..80), at: u64) {
        let certification = certify(vec![der.clone(), der], proof);
        let report = judge(&certification, place(), Time::from_millis(at), &usual().anchors());
        prop_assert_eq!(report.verdict, Verdict::Refuted);
        let _ = period(&certification);
    }

    #[test]
    fn no_changed_byte_of_a_certificate_is_confirmed(number in 0usize..2, at: prop::sample::Index, bit in 0u8..8) {
        let usual = usual();
        let mut chain = vec![usual.agency.der(), usual.sub.der()];
        let at = at.index(chain[number].len());
        chain[number][at] ^= 1 << bit;
        let report = judge(&certify(chain, usual.agency.sign(&message())), place(), NOW, &usual.anchors());
        prop_assert_ne!(report.verdict, Verdict::Confirmed);
    }

    #[test]
    fn the_outcome_follows_from_the_time_alone(at in 1_700_000_000_000u64..1_830_000_000_000) {
        let usual = usual();
        let certification = usual.certification();
        let at = Time::from_millis(at);
        let report = judge(&certification, place(), at, &usual.anchors());
        let valid = period(&certification).unwrap().covers(at);
        prop_assert_eq!(report.verdict == Verdict::Confirmed, valid);
        // Trusting nobody confirms nothing, and refutes no more.
        let nobody = judge(&certification, place(), at, &Anchors::none());
        prop_assert_eq!(nobody.verdict, if valid { Verdict::Open } else { Verdict::Refuted });
        let anchored = |fact: &&Fact| matches!(fact, Fact::Anchored { .. });
        prop_assert!(facts(&report).iter().any(anchored) && !facts(&nobody).iter().any(anchored));
    }
}
