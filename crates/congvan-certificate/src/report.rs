//! The judgement as a whole.

use congvan_core::{Certification, ChainId, NetworkId, Time};
use serde::{Deserialize, Serialize};

use crate::algorithm::{Signed, proved};
use crate::anchors::Anchors;
use crate::fact::{Fact, Outcome};
use crate::parse::Certificate;
use crate::path;

/// Whose certification it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The network.
    pub network: NetworkId,
    /// The agency's chain.
    pub chain: ChainId,
}

/// What the findings come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that can be checked offline was, and holds.
    Confirmed,
    /// Something does not hold.
    Refuted,
    /// Nothing fails, but something besides revocation could not be checked.
    Open,
}

/// One point, in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How it came out.
    pub outcome: Outcome,
    /// What it is.
    #[serde(flatten)]
    pub fact: Fact,
    /// In English.
    pub text: String,
    /// In Vietnamese.
    pub text_vi: String,
}

impl From<Fact> for Finding {
    fn from(fact: Fact) -> Self {
        Self { outcome: fact.outcome(), text: fact.english(), text_vi: fact.vietnamese(), fact }
    }
}

/// Everything that was found of a certification, at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What the findings come to.
    pub verdict: Verdict,
    /// Whose certificate it is; empty where it cannot be read.
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// From when on it is valid: milliseconds since 1970.
    pub valid_from: u64,
    /// Until when.
    pub valid_until: u64,
    /// The time at which it was judged.
    pub at: u64,
    /// Every point that was looked at, in the order of looking.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether both sides signed for each other: whatever becomes of the authority's part, one hand held both keys.
    pub fn binds(&self) -> bool {
        self.has(&Fact::Consent) && self.has(&Fact::Proof)
    }

    /// Whether the certificate itself was valid at the time.
    pub fn is_valid_then(&self) -> bool {
        (self.valid_from..=self.valid_until).contains(&self.at)
    }

    /// The findings with one outcome.
    pub fn with(&self, outcome: Outcome) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.outcome == outcome)
    }

    fn has(&self, fact: &Fact) -> bool {
        self.findings.iter().any(|finding| finding.fact == *fact)
    }
}

/// The time within which all certificates that can be read are valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// From when on: milliseconds since 1970.
    pub from: u64,
    /// Until when.
    pub until: u64,
}

impl Period {
    /// Whether it covers a time.
    pub fn covers(&self, time: Time) -> bool {
        (self.from..=self.until).contains(&time.as_millis())
    }
}

/// The time within which all of a certification's certificates are valid; `None` where one cannot be read.
pub fn period(certification: &Certification) -> Option<Period> {
    let mut period = Period { from: 0, until: u64::MAX };
    for der in certification.certificates.iter() {
        let (from, until) = Certificate::parse(der).ok()?.period();
        period = Period { from: period.from.max(from), until: period.until.min(until) };
    }
    Some(period)
}

/// Judges a certification, as things were at a time. See the [crate](crate).
pub fn judge(certification: &Certification, place: Place, at: Time, anchors: &Anchors) -> Report {
    let mut facts = vec![match certification.check_consent(place.network, place.chain) {
        Ok(()) => Fact::Consent,
        Err(_) => Fact::NoConsent,
    }];
    let mut certificates = Vec::new();
    for (number, der) in (1..).zip(certification.certificates.iter()) {
        match Certificate::parse(der) {
            Ok(certificate) => certificates.push(certificate),
            Err(reason) => {
                // What lies behind it cannot be linked to what lies before it.
                facts.push(Fact::Malformed { number, reason });
                break;
            }
        }
    }
    if let Some(own) = certificates.first() {
        let message = Certification::proof_message(place.network, place.chain, certification.key.id());
        facts.push(match proved(own, &message, &certification.proof) {
            Signed::Holds => Fact::Proof,
            Signed::Unknown(algorithm) => Fact::ProofAlgorithm { algorithm },
            Signed::Fails | Signed::Weak(_) => Fact::NoProof,
        });
        facts.extend(path::facts(&certificates, at.as_millis(), anchors));
        let mut addresses: Vec<_> = certificates.iter().flat_map(Certificate::revocation_addresses).collect();
        addresses.dedup();
        facts.push(Fact::Revocation { addresses });
    }
    let own = certificates.first();
    let (valid_from, valid_until) = own.map_or((0, 0), Certificate::period);
    Report {
        verdict: verdict(&facts),
        subject: own.map(Certificate::subject).unwrap_or_default(),
        issuer: own.map(Certificate::issuer).unwrap_or_default(),
        serial: own.map(Certificate::serial).unwrap_or_default(),
        valid_from,
        valid_until,
        at: at.as_millis(),
        findings: facts.into_iter().map(Finding::from).collect(),
    }
}

fn verdict(facts: &[Fact]) -> Verdict {
    let any = |outcome| facts.iter().any(|f| f.outcome() == outcome && !matches!(f, Fact::Revocation { .. }));
    match () {
        () if any(Outcome::Fails) => Verdict::Refuted,
        () if any(Outcome::Unchecked) => Verdict::Open,
        () => Verdict::Confirmed,
    }
}
