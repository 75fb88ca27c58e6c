//! A change of the roster in plain words, for whoever is to approve it.

use congvan::certificate::{Anchors, Place, judge};
use congvan::core::{Admission, ChainId, Rights, RosterAction, WitnessPolicy};
use congvan::setup;
use serde::Serialize;

use crate::change::Desk;

/// One thing that the change says.
#[derive(Debug, Serialize)]
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// What a change says, beginning with what it does to whom. The roster is still as it was before.
pub(crate) fn describe(desk: &Desk<'_>, action: &RosterAction) -> Vec<Point> {
    let lang = desk.app.out.lang;
    let roster = desk.registrar.roster();
    let agency = |chain: ChainId| match roster.agency(chain) {
        Some(agency) => format!("{} ({})", agency.code, agency.name),
        None => chain.to_string(),
    };
    let last = |last: &Option<congvan::core::Point>| match last {
        Some(point) => lang.ends_after(point.seq),
        None => lang.ends_none(),
    };
    let mut points = Vec::new();
    let mut say = |name: String, value: String| points.push(Point { name, value });
    match action {
        RosterAction::Admit(Admission { code, name, parent, keys, nodes, rights, .. }) => {
            say(lang.h_change(), lang.c_admit(format!("{code} ({name})")));
            say(lang.h_parent(), parent.as_ref().map(ToString::to_string).unwrap_or_default());
            say(lang.h_key(), keys.sign.to_string());
            nodes.iter().for_each(|node| say(lang.h_node(), node.to_string()));
            say(lang.h_rights(), rights_of(desk, *rights));
        }
        RosterAction::Suspend { chain, last: end } => {
            say(lang.h_change(), lang.c_suspend(agency(*chain)));
            say(lang.h_stands(), last(end));
        }
        RosterAction::Reinstate { chain } => say(lang.h_change(), lang.c_reinstate(agency(*chain))),
        RosterAction::Close { chain, last: end } => {
            say(lang.h_change(), lang.c_close(agency(*chain)));
            say(lang.h_stands(), last(end));
        }
        RosterAction::Rotate { chain, after, keys, .. } => {
            say(lang.h_change(), lang.c_rotate(agency(*chain)));
            say(lang.h_stands(), last(after));
            say(lang.h_key(), keys.sign.to_string());
        }
        RosterAction::Revoke { chain, last: end } => {
            say(lang.h_change(), lang.c_revoke(agency(*chain)));
            say(lang.h_stands(), last(end));
        }
        RosterAction::Resolve { chain, stands } => {
            say(lang.h_change(), lang.c_resolve(agency(*chain), stands.seq));
            say(lang.h_stands(), stands.id.to_string());
        }
        RosterAction::Nodes { chain, nodes } => {
            say(lang.h_change(), lang.c_nodes(agency(*chain)));
            nodes.iter().for_each(|node| say(lang.h_node(), node.to_string()));
        }
        RosterAction::Registrars { keys, threshold } => {
            let (before, k) = roster.registrars();
            say(lang.h_change(), lang.c_registrars());
            for key in keys.iter().filter(|key| !before.contains(key)) {
                say(lang.h_added(), key.to_string());
            }
            for key in before.iter().filter(|key| !keys.contains(key)) {
                say(lang.h_removed(), key.to_string());
            }
            let (was, will) = (lang.of_them(k, before.len()), lang.of_them(threshold, keys.len()));
            say(lang.h_registrars(), lang.instead_of(will, was));
        }
        RosterAction::Witnesses(WitnessPolicy { witnesses, threshold }) => {
            say(lang.h_change(), lang.c_witnesses());
            witnesses.iter().for_each(|chain| say(lang.h_witness(), agency(*chain)));
            let before = roster.witnesses();
            let (was, will) =
                (lang.of_them(before.threshold, before.witnesses.len()), lang.of_them(threshold, witnesses.len()));
            say(lang.h_needed(), lang.instead_of(will, was));
        }
        RosterAction::Erase { chain, erasure } => {
            say(lang.h_change(), lang.c_erase(agency(*chain)));
            erasure.entries.iter().for_each(|point| say(lang.h_erases(), format!("{} {}", point.seq, point.id)));
            say(lang.h_reason(), lang.erasure_reason(erasure.reason));
            say(lang.h_basis(), erasure.basis.to_string());
        }
        RosterAction::Retention(policy) => {
            say(lang.h_change(), lang.c_retention());
            policy.rules.iter().for_each(|rule| say(lang.h_class(), lang.rule(rule)));
            if policy.rules.is_empty() {
                say(lang.h_class(), lang.nothing_dropped());
            }
        }
        RosterAction::Rights { chain, after, rights } => {
            say(lang.h_change(), lang.c_rights(agency(*chain)));
            say(lang.h_rights(), rights_of(desk, *rights));
            say(lang.h_stands(), lang.since_number(after.map_or(1, |point| point.seq.get().saturating_add(1))));
        }
        RosterAction::Certify { chain, certification } => {
            say(lang.h_change(), lang.c_certify(agency(*chain)));
            say(lang.h_key(), certification.key.to_string());
            let place = Place { network: roster.network(), chain: *chain };
            // Whom to trust is asked where the request is taken in; here is what was written.
            let report = judge(certification, place, setup::now(), &Anchors::none());
            say(lang.h_certificate(), report.subject.clone());
            say(lang.h_issuer(), report.issuer.clone());
            for finding in report.with(congvan::certificate::Outcome::Fails) {
                say(lang.h_fails(), lang.either(&finding.text, &finding.text_vi));
            }
        }
    }
    points.retain(|point| !point.value.is_empty());
    points
}

fn rights_of(desk: &Desk<'_>, rights: Rights) -> String {
    let lang = desk.app.out.lang;
    match rights {
        Rights::NONE => lang.no_rights(),
        Rights::PUBLISH => lang.may_publish(),
        Rights(bits) => format!("{bits:#b}"),
    }
}
