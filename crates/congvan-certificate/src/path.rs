//! The way from an agency's certificate to an authority that the reader trusts.

use crate::algorithm::{Signed, issued, weak_key};
use crate::anchors::Anchors;
use crate::fact::{Fact, Who};
use crate::parse::Certificate;

/// What is found of certificates that are each said to be issued by the next, the agency's own first.
pub(crate) fn facts(certificates: &[Certificate<'_>], millis: u64, anchors: &Anchors) -> Vec<Fact> {
    let mut facts = Vec::new();
    let who = |index: usize| named(index + 1, &certificates[index]);
    for (index, certificate) in certificates.iter().enumerate() {
        facts.extend(period(certificate, who(index), millis));
        facts.extend(weak_key(certificate).map(|bits| Fact::WeakKey { who: who(index), bits }));
        let unknown = certificate.unknown_extensions();
        facts.extend(unknown.map(|extension| Fact::UnknownExtension { who: who(index), extension }));
        facts.extend(match index {
            0 => vec![signs(certificate, who(0))],
            _ => issues(certificate, who(index), index - 1),
        });
        match certificates.get(index + 1) {
            Some(next) => facts.push(link(certificate, who(index), next, who(index + 1))),
            None if certificate.is_self_issued() => {
                let fact = link(certificate, who(index), certificate, who(index));
                facts.extend((!matches!(fact, Fact::Issued { .. })).then_some(fact));
            }
            None => {}
        }
    }
    facts.extend(anchor(certificates, millis, anchors));
    facts
}

fn named(number: usize, certificate: &Certificate<'_>) -> Who {
    Who { number, subject: certificate.subject() }
}

fn period(certificate: &Certificate<'_>, who: Who, millis: u64) -> Option<Fact> {
    let (from, until) = certificate.period();
    let validity = certificate.x509.validity();
    let date = |time: x509_parser::time::ASN1Time| time.to_datetime().date().to_string();
    Some(match millis {
        millis if millis < from => Fact::NotYetValid { who, from: date(validity.not_before) },
        millis if millis > until => Fact::Expired { who, until: date(validity.not_after) },
        _ => Fact::Valid { who, until: date(validity.not_after) },
    })
}

/// Whether the agency's own certificate is for signing.
fn signs(certificate: &Certificate<'_>, who: Who) -> Fact {
    match certificate.usage {
        Some(usage) if !usage.signs => Fact::MayNotSign { who },
        _ => Fact::MaySign { who },
    }
}

/// Whether one that stands above `below` other authorities may do so.
fn issues(certificate: &Certificate<'_>, who: Who, below: usize) -> Vec<Fact> {
    let says_so = certificate.authority.is_some_and(|authority| authority.is_authority);
    if !says_so || certificate.usage.is_some_and(|usage| !usage.issues) {
        return vec![Fact::MayNotIssue { who }];
    }
    match certificate.authority.and_then(|authority| authority.below) {
        Some(allowed) if usize::try_from(allowed).is_ok_and(|allowed| allowed < below) => {
            vec![Fact::PathTooLong { who, allowed }]
        }
        _ => vec![Fact::MayIssue { who }],
    }
}

/// Whether `next` issued `certificate`.
fn link(certificate: &Certificate<'_>, who: Who, next: &Certificate<'_>, by: Who) -> Fact {
    if !certificate.names_as_issuer(next) {
        return Fact::WrongOrder { who, issuer: certificate.issuer(), next: by };
    }
    match issued(certificate, next) {
        Signed::Holds => Fact::Issued { who, by },
        Signed::Fails => Fact::NotIssued { who, by },
        Signed::Weak(algorithm) => Fact::WeakAlgorithm { who, algorithm: algorithm.to_owned() },
        Signed::Unknown(algorithm) => Fact::UnknownAlgorithm { who, algorithm },
    }
}

/// Whether any of the certificates is an anchor, or was issued by one.
fn anchor(certificates: &[Certificate<'_>], millis: u64, anchors: &Anchors) -> Vec<Fact> {
    let Some(last) = certificates.last() else { return vec![] };
    if anchors.is_empty() {
        return vec![Fact::NoAnchors { issuer: last.issuer() }];
    }
    let mut hindrance = None;
    for (index, certificate) in certificates.iter().enumerate() {
        for anchor in anchors.certificates() {
            if anchor.x509.as_raw() == certificate.x509.as_raw() {
                return vec![Fact::Anchored { anchor: anchor.subject() }];
            }
            if !certificate.names_as_issuer(&anchor) {
                continue;
            }
            let (who, by) = (named(index + 1, certificate), named(0, &anchor));
            let fact = link(certificate, who, &anchor, by.clone());
            if !matches!(fact, Fact::Issued { .. }) {
                // Another anchor of the same name may have issued it: authorities renew their keys.
                hindrance = hindrance.or(Some(fact));
                continue;
            }
            let anchored = Fact::Anchored { anchor: anchor.subject() };
            // Where the agency gave the anchor itself, it was looked at already.
            if certificates.get(index + 1).is_some_and(|next| next.x509.as_raw() == anchor.x509.as_raw()) {
                return vec![anchored];
            }
            let mut facts = vec![fact];
            facts.extend(period(&anchor, by.clone(), millis));
            facts.extend(weak_key(&anchor).map(|bits| Fact::WeakKey { who: by.clone(), bits }));
            // An anchor is trusted because the reader says so, not for what it says of itself; its limits hold.
            let limits = anchor.authority.is_some().then(|| issues(&anchor, by, index));
            facts.extend(limits.into_iter().flatten().filter(|fact| !matches!(fact, Fact::MayIssue { .. })));
            facts.push(anchored);
            return facts;
        }
    }
    match hindrance {
        Some(fact @ Fact::UnknownAlgorithm { .. }) => vec![fact],
        Some(fact) => vec![fact, Fact::NotAnchored { issuer: last.issuer() }],
        None => vec![Fact::NotAnchored { issuer: last.issuer() }],
    }
}
