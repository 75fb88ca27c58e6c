//! Certificates of agencies' keys, as the roster carries them, and what they are worth.
//!
//! An agency may bind its signing key to an X.509 certificate of its authority. The roster's entry holds the
//! certificates and each side's signature over the other; [`of_key`] finds the one that speaks for a time and
//! judges it. Nothing in a chain depends on the outcome.

use congvan_certificate::period;
pub use congvan_certificate::{
    Anchors, Fact, FileError, Finding, MAX_ANCHORS, Outcome, Place, Report, Verdict, Who, judge, read_certificates,
};
use congvan_core::roster::RosterPayload;
use congvan_core::{Certification, ChainId, KeyId, RosterAction, Seq, Time, Wire};
use congvan_store::{Ledger, StoreError};
use serde::{Deserialize, Serialize};

/// A certification in its roster entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certified {
    /// The roster entry's number.
    pub number: Seq,
    /// When, by the registrar's clock.
    pub time: Time,
    /// What it says.
    pub certification: Certification,
}

impl Certified {
    /// Whether its certificates were valid then.
    pub fn covers(&self, time: Time) -> bool {
        period(&self.certification).is_some_and(|period| period.covers(time))
    }

    /// Judges it as things were at a time.
    pub fn judge(&self, place: Place, at: Time, anchors: &Anchors) -> KeyCertificate {
        KeyCertificate {
            key: self.certification.key.to_string(),
            roster_number: self.number.get(),
            report: judge(&self.certification, place, at, anchors),
        }
    }
}

/// What a certificate says of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCertificate {
    /// The agency's key.
    pub key: String,
    /// The roster entry that carries certificate and proof.
    pub roster_number: u64,
    /// What was found.
    #[serde(flatten)]
    pub report: Report,
}

/// Every certification of a key, oldest first.
///
/// # Errors
/// The ledger cannot be read.
pub fn certified(ledger: &Ledger, chain: ChainId, key: KeyId) -> Result<Vec<Certified>, StoreError> {
    let roster = ledger.roster();
    let numbers = roster.agency(chain).map(|agency| agency.certified(key).to_vec()).unwrap_or_default();
    let mut found = Vec::new();
    for number in numbers {
        let Some(entry) = ledger.entry(roster.chain(), number)? else { continue };
        // What the roster took in decodes.
        let payload = entry.payload().and_then(|payload| RosterPayload::from_bytes(payload).ok());
        if let Some(RosterAction::Certify { certification, .. }) = payload.map(|payload| payload.action) {
            found.push(Certified { number, time: entry.header().time, certification });
        }
    }
    Ok(found)
}

/// Of several, the newest that was valid at a time; the newest of all where none was.
pub fn fitting(certified: &[Certified], at: Time) -> Option<&Certified> {
    certified.iter().rev().find(|one| one.covers(at)).or(certified.last())
}

/// What vouches for a key that signed at a time, judged as things were then; `None` where no certificate is bound
/// to it.
///
/// # Errors
/// The ledger cannot be read.
pub fn of_key(
    ledger: &Ledger,
    chain: ChainId,
    key: KeyId,
    at: Time,
    anchors: &Anchors,
) -> Result<Option<KeyCertificate>, StoreError> {
    let place = Place { network: ledger.network(), chain };
    Ok(fitting(&certified(ledger, chain, key)?, at).map(|one| one.judge(place, at, anchors)))
}
