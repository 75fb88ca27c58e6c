//! An audit's report as a page: for files, printers and readers without a terminal.

use congvan::audit::{ChainReport, Contradiction, Report};
use maud::{Markup, html};

use crate::audit::{Copy, Verdict, note_in};
use crate::output::{short_id, time};
use crate::sheet::sheet;
use crate::text::Lang;

/// The page, complete in itself.
pub(crate) fn page(copies: &[Copy], contradictions: &[Contradiction], lang: Lang) -> String {
    let held_by = |held: &[usize]| {
        let paths = held.iter().filter_map(|copy| copies.get(*copy)).map(|copy| copy.path.display().to_string());
        paths.collect::<Vec<_>>().join(", ")
    };
    let body = html! {
        @for found in contradictions {
            p {
                strong { (lang.audit_contradict(&found.agency, found.number)) }
                @for (id, held) in found.ids.iter().zip(&found.held_by) { br; (lang.audit_held(short_id(id), held_by(held))) }
            }
        }
        @for copy in copies {
            h2 { (copy.path.display()) }
            @match &copy.report {
                Some(report) => (one(copy, report, lang)),
                None => p { (lang.audit_unreadable(copy.path.display(), copy.error.as_deref().unwrap_or_default())) },
            }
        }
    };
    sheet(lang, &lang.audit_title(), "", html! {}, body)
}

fn one(copy: &Copy, report: &Report, lang: Lang) -> Markup {
    let verdict = match copy.verdict {
        Verdict::Genuine => lang.audit_genuine(report.entries, report.signatures),
        _ => lang.audit_violations(report.violations.len()),
    };
    let witnessed = |chain: &ChainReport| match chain.witnessed_at {
        Some(at) => format!("{} ({})", chain.witnessed, time(lang, at.saturating_mul(1000))),
        None => "–".to_owned(),
    };
    let (entries, covered, erased) = (lang.h_entries(), lang.h_covered(), lang.h_erased());
    let headings = [lang.h_agency(), entries, lang.h_head_id(), covered, lang.h_witnessed(), erased];
    html! {
        p { strong { (verdict) } }
        p { (report.network_name) " (" (copy.fingerprint.as_deref().unwrap_or_default()) ")" }
        p { (lang.audit_digest()) ": " code { (report.digest) } }
        ul {
            @for found in &report.violations {
                li { (lang.audit_violation(&found.agency, found.number, &found.reason)) " " code { (found.kind.name()) } }
            }
            @for note in &report.notes { li { (note_in(lang, note)) } }
            @if report.more > 0 { li { (lang.audit_more(report.more)) } }
        }
        table {
            tr { @for heading in headings { th { (heading) } } }
            @for chain in &report.chains {
                tr {
                    td { (chain.agency) }
                    td { (chain.entries) }
                    td { (chain.head_id) }
                    td { (chain.covered) }
                    td { (witnessed(chain)) }
                    td { (chain.erased) }
                }
            }
        }
    }
}
