//! Which keys signed what stands, and what vouches for them.

use std::collections::BTreeMap;

use congvan_certificate::{Anchors, Period, Place, period};
use congvan_core::{ChainId, KeyId, LinkedEntry, NetworkId, RosterAction, RosterChange, Seq};

use super::KeyReport;
use crate::certificate::Certified;

/// What an audit learns of keys on its way.
#[derive(Default)]
pub(super) struct Keys(BTreeMap<(ChainId, KeyId), Key>);

#[derive(Default)]
struct Key {
    certified: Vec<Certified>,
    /// When each was valid: read once, not for every entry.
    periods: Vec<Period>,
    entries: u64,
    outside: u64,
    first_outside: Option<Seq>,
}

impl Keys {
    /// Keeps a certification. The roster comes first, so that every one is known before what its key signed.
    pub(super) fn take(&mut self, change: &RosterChange) {
        if let RosterAction::Certify { chain, certification } = change.action() {
            let header = change.entry().header();
            let key = self.0.entry((*chain, certification.key.id())).or_default();
            key.periods.extend(period(certification));
            let certification = certification.clone();
            key.certified.push(Certified { number: header.seq, time: header.time, certification });
        }
    }

    /// Counts an entry that stands.
    pub(super) fn signed(&mut self, chain: ChainId, entry: &LinkedEntry) {
        let key = self.0.entry((chain, entry.signer().id())).or_default();
        key.entries += 1;
        if !key.certified.is_empty() && !key.periods.iter().any(|period| period.covers(entry.header().time)) {
            key.outside += 1;
            key.first_outside.get_or_insert(entry.seq());
        }
    }

    pub(super) fn report(
        self,
        network: NetworkId,
        anchors: &Anchors,
        name: impl Fn(ChainId) -> String,
    ) -> Vec<KeyReport> {
        let report = |((chain, id), key): ((ChainId, KeyId), Key)| KeyReport {
            agency: name(chain),
            key: id.to_string(),
            entries: key.entries,
            certificates: {
                let place = Place { network, chain };
                key.certified.iter().map(|one| one.judge(place, one.time, anchors)).collect()
            },
            outside: key.outside,
            first_outside: key.first_outside.map_or(0, Seq::get),
        };
        self.0.into_iter().map(report).collect()
    }
}
