//! What agencies give as their certificates.

use std::sync::OnceLock;

use congvan_certificate::{Anchors, Place, Verdict, judge, period};
use congvan_core::{Bounded, Certification, ChainId, NetworkId, SecretKey, Time};

/// A certificate: alone, as its own issuer, and as a trust anchor. Nobody proved anything, so nothing may be confirmed.
pub fn certificate(bytes: &[u8]) {
    static KEY: OnceLock<SecretKey> = OnceLock::new();
    let key = KEY.get_or_init(|| SecretKey::from_seed(&[7; 32]));
    let network = NetworkId::from_bytes([7; 32]);
    let place = Place { network, chain: ChainId::of_roster(network) };
    let Ok(one) = Bounded::new(bytes.to_vec()) else { return };
    for chain in [vec![one.clone()], vec![one.clone(), one]] {
        let Ok(chain) = Bounded::new(chain) else { return };
        let certification = Certification::new(network, place.chain, key, chain, Bounded::default());
        for anchors in [Anchors::none(), Anchors::of_der([bytes.to_vec()])] {
            let at = period(&certification).map_or(0, |period| period.from);
            let report = judge(&certification, place, Time::from_millis(at), &anchors);
            assert!(!report.binds() && report.verdict != Verdict::Confirmed, "{report:?}");
            assert!(report.findings.iter().all(|finding| !finding.text.is_empty() && !finding.text_vi.is_empty()));
        }
    }
}
