//! An audit's report as a page: for files, printers and readers without a terminal.

use std::fmt::Write as _;

use congvan::audit::Contradiction;

use crate::audit::{Copy, Verdict, note_in};
use crate::certify::{STYLE, escaped};
use crate::output::{short_id, time};
use crate::text::Lang;

/// The page, complete in itself.
pub(crate) fn page(copies: &[Copy], contradictions: &[Contradiction], lang: Lang) -> String {
    let language = if lang == Lang::Vi { "vi" } else { "en" };
    let title = escaped(&lang.audit_title());
    let mut html = format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <header><h1>{title}</h1></header>\n"
    );
    for found in contradictions {
        let _ = writeln!(html, "<p><strong>{}</strong>", escaped(&lang.audit_contradict(&found.agency, found.number)));
        for (id, held) in found.ids.iter().zip(&found.held_by) {
            let paths = held.iter().filter_map(|copy| copies.get(*copy)).map(|copy| copy.path.display().to_string());
            let paths = paths.collect::<Vec<_>>().join(", ");
            let _ = writeln!(html, "<br>{}", escaped(&lang.audit_held(short_id(id), paths)));
        }
    }
    copies.iter().for_each(|copy| one(&mut html, copy, lang));
    html.push_str("</html>\n");
    html
}

fn one(html: &mut String, copy: &Copy, lang: Lang) {
    let _ = writeln!(html, "<h2>{}</h2>", escaped(&copy.path.display().to_string()));
    let Some(report) = &copy.report else {
        let error = lang.audit_unreadable(copy.path.display(), copy.error.as_deref().unwrap_or_default());
        let _ = writeln!(html, "<p>{}", escaped(&error));
        return;
    };
    let verdict = match copy.verdict {
        Verdict::Genuine => lang.audit_genuine(report.entries, report.signatures),
        _ => lang.audit_violations(report.violations.len()),
    };
    let network = format!("{} ({})", report.network_name, copy.fingerprint.as_deref().unwrap_or_default());
    let _ = writeln!(html, "<p><strong>{}</strong><p>{}", escaped(&verdict), escaped(&network));
    let _ = writeln!(html, "<p>{}: <code>{}</code>", escaped(&lang.audit_digest()), report.digest);
    html.push_str("<ul>\n");
    for found in &report.violations {
        let line = lang.audit_violation(&found.agency, found.number, &found.reason);
        let _ = writeln!(html, "<li>{} <code>{}</code>", escaped(&line), found.kind.name());
    }
    for note in &report.notes {
        let _ = writeln!(html, "<li>{}", escaped(&note_in(lang, note)));
    }
    if report.more > 0 {
        let _ = writeln!(html, "<li>{}", escaped(&lang.audit_more(report.more)));
    }
    html.push_str("</ul>\n<table>\n<tr>");
    let headings = [lang.h_agency(), lang.h_entries(), lang.h_head_id(), lang.h_covered(), lang.h_witnessed()];
    headings.iter().for_each(|heading| html.push_str(&format!("<th>{}", escaped(heading))));
    for chain in &report.chains {
        let witnessed = match chain.witnessed_at {
            Some(at) => format!("{} ({})", chain.witnessed, time(lang, at.saturating_mul(1000))),
            None => "–".to_owned(),
        };
        let cells = [&chain.agency, &chain.entries.to_string(), &chain.head_id, &chain.covered.to_string(), &witnessed];
        html.push_str("\n<tr>");
        cells.iter().for_each(|cell| html.push_str(&format!("<td>{}", escaped(cell))));
    }
    html.push_str("\n</table>\n");
}
