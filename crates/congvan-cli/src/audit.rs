//! The auditor's command: are these ledgers genuine, and do they tell one story?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use congvan::audit::{AuditError, KeyReport, Report, audit_directory, audit_file};
use congvan::certificate::Anchors;
use serde::Serialize;

use crate::args;
use crate::certificate;
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::network::fingerprint_of;
use crate::output::{Page, Unit, short_id};
use crate::text::Lang;

/// What an audit of several copies found; of one, its [`Copy`] says it all.
#[derive(Serialize)]
struct Audit {
    verdict: Verdict,
    /// Whether all copies that could be read are equal.
    equal: bool,
    reports: Vec<Copy>,
    /// Chains of which two copies have different entries with one number.
    contradictions: Vec<Contradiction>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Genuine,
    Violation,
    Unreadable,
}

#[derive(Serialize)]
struct Copy {
    path: PathBuf,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    #[serde(flatten)]
    report: Option<Report>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Contradiction {
    agency: String,
    number: u64,
}

/// `audit`
pub(crate) fn audit(app: &App, args: &args::Audit) -> Result<Exit, Failure> {
    let anchors = certificate::anchors(app, &args.trust)?;
    let reports: Vec<Copy> = args.paths.iter().map(|path| Copy::of(path, judge(app, path, &anchors))).collect();
    let read: Vec<&Report> = reports.iter().filter_map(|copy| copy.report.as_ref()).collect();
    let contradictions = contradictions(&read);
    let has = |verdict| reports.iter().any(|copy| copy.verdict == verdict);
    let verdict = match () {
        // What was found weighs more than what could not be looked at.
        () if has(Verdict::Violation) || !contradictions.is_empty() => Verdict::Violation,
        () if has(Verdict::Unreadable) => Verdict::Unreadable,
        () => Verdict::Genuine,
    };
    let equal = read.windows(2).all(|pair| pair[0].digest == pair[1].digest);
    let found = Audit { verdict, equal, contradictions, reports };
    let lang = app.out.lang;
    match found.reports.as_slice() {
        [copy] => app.out.result(copy, |page| copy.print(page, lang))?,
        _ => app.out.result(&found, |page| found.print(page, lang))?,
    }
    Ok(match verdict {
        Verdict::Genuine => Exit::Done,
        Verdict::Violation => Exit::Refused,
        Verdict::Unreadable => Exit::Unreadable,
    })
}

fn judge(app: &App, path: &Path, anchors: &Anchors) -> Result<Report, AuditError> {
    if path.is_dir() {
        let mut meter = app.out.meter(app.out.lang.p_audit(), 0, Unit::Entries);
        audit_directory(path, anchors, &mut |progress| meter.of(progress.done, progress.total))
    } else {
        let mut meter = app.out.meter(app.out.lang.p_audit(), 0, Unit::Bytes);
        audit_file(path, anchors, &mut |progress| meter.of(progress.done, progress.total))
    }
}

impl Copy {
    fn of(path: &Path, judged: Result<Report, AuditError>) -> Self {
        let path = path.to_owned();
        match judged {
            Ok(report) => {
                let verdict = if report.is_genuine() { Verdict::Genuine } else { Verdict::Violation };
                let fingerprint = Some(fingerprint_of(&report.network));
                Self { path, verdict, fingerprint, report: Some(report), error: None }
            }
            Err(error) => {
                // The path stands beside; an error that begins with it would say it twice.
                let error = error.to_string();
                let error = error.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&error).to_owned();
                Self { path, verdict: Verdict::Unreadable, fingerprint: None, report: None, error: Some(error) }
            }
        }
    }

    fn print(&self, page: &mut Page, lang: Lang) {
        let Some(report) = &self.report else {
            return page.line(lang.audit_unreadable(self.path.display(), self.error.as_deref().unwrap_or_default()));
        };
        page.line(self.path.display());
        page.fields(&[
            (lang.h_network(), report.network_name.clone()),
            (lang.h_fingerprint(), self.fingerprint.clone().unwrap_or_default()),
            (lang.audit_digest(), report.digest.clone()),
        ]);
        let rows = report.chains.iter().map(|c| [c.agency.clone(), c.entries.to_string(), short_id(&c.head_id)]);
        page.table([lang.h_agency(), lang.h_entries(), lang.h_head_id()], rows.collect());
        for publisher in &report.catalogue {
            page.line(lang.audit_catalogue(&publisher.agency, publisher.live, publisher.retired));
            for flagged in &publisher.flagged {
                let reason = if lang == Lang::Vi { &flagged.reason_vi } else { &flagged.reason };
                page.line(lang.audit_flagged(&publisher.agency, flagged.number, &flagged.code, reason));
            }
        }
        for found in &report.violations {
            page.line(lang.audit_violation(&found.agency, found.number, &found.reason));
        }
        print_keys(page, &report.keys, lang);
        for note in &report.notes {
            let reason = match lang {
                Lang::En => &note.reason,
                Lang::Vi => &note.reason_vi,
            };
            page.line(match note.number {
                0 => lang.audit_remark(reason),
                number => lang.audit_note(&note.agency, number, short_id(&note.document), reason),
            });
        }
        page.line(match report.is_genuine() {
            true => lang.audit_genuine(report.entries, report.signatures),
            false => lang.audit_violations(report.violations.len()),
        });
    }
}

/// What vouches for the keys that signed, besides the roster.
fn print_keys(page: &mut Page, keys: &[KeyReport], lang: Lang) {
    for key in keys.iter().filter(|key| !key.certificates.is_empty()) {
        page.line("");
        page.line(lang.audit_key(&key.agency, short_id(&key.key), key.entries));
        match key.outside {
            _ if key.entries == 0 => {}
            0 => page.line(lang.audit_inside()),
            count => page.line(lang.audit_outside(count, key.first_outside)),
        }
        for certificate in &key.certificates {
            certificate::print_key(page, &key.agency, certificate, lang);
        }
    }
    let bound = keys.iter().filter(|key| !key.certificates.is_empty()).count();
    if bound > 0 {
        page.line("");
        page.line(lang.audit_unbound(keys.len() - bound));
    }
}

impl Audit {
    fn print(&self, page: &mut Page, lang: Lang) {
        for (number, copy) in self.reports.iter().enumerate() {
            if number > 0 {
                page.line("");
            }
            copy.print(page, lang);
        }
        let read: Vec<&Report> = self.reports.iter().filter_map(|copy| copy.report.as_ref()).collect();
        if read.len() < 2 {
            return;
        }
        page.line("");
        for found in &self.contradictions {
            page.line(lang.audit_contradict(&found.agency, found.number));
        }
        if self.equal {
            page.line(lang.audit_same(read.len()));
        } else if read.windows(2).any(|pair| pair[0].network != pair[1].network) {
            page.line(lang.audit_other_network());
        } else {
            for (agency, numbers) in lengths(&read).into_iter().filter(|(_, numbers)| differ(numbers)) {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                page.line(lang.audit_differ(agency, numbers.join(", ")));
            }
        }
    }
}

fn differ(numbers: &[u64]) -> bool {
    numbers.windows(2).any(|pair| pair[0] != pair[1])
}

/// How far each agency's chain reaches in each copy.
fn lengths<'a>(reports: &[&'a Report]) -> BTreeMap<&'a str, Vec<u64>> {
    let mut lengths: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (copy, report) in reports.iter().enumerate() {
        for chain in &report.chains {
            let reached = lengths.entry(&chain.agency).or_insert_with(|| vec![0; reports.len()]);
            reached[copy] = chain.entries;
        }
    }
    lengths
}

/// Chains that end with one number and different entries: each copy may be genuine by itself, yet
/// somebody said two things.
fn contradictions(reports: &[&Report]) -> Vec<Contradiction> {
    let mut heads: BTreeMap<(&str, u64), &str> = BTreeMap::new();
    let mut found = Vec::new();
    for chain in reports.iter().flat_map(|report| &report.chains).filter(|chain| chain.entries > 0) {
        let head = *heads.entry((&chain.chain, chain.entries)).or_insert(&chain.head_id);
        let contradiction = Contradiction { agency: chain.agency.clone(), number: chain.entries };
        if head != chain.head_id && !found.contains(&contradiction) {
            found.push(contradiction);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use congvan::audit::ChainReport;

    fn report(entries: u64, head_id: &str) -> Report {
        let chain = ChainReport {
            agency: "000.00.00.H55".to_owned(),
            chain: "c".to_owned(),
            entries,
            head_id: head_id.to_owned(),
        };
        Report {
            network: "n".to_owned(),
            network_name: String::new(),
            chains: vec![chain],
            violations: Vec::new(),
            notes: Vec::new(),
            entries,
            signatures: entries,
            chunks: 0,
            keys: Vec::new(),
            digest: head_id.to_owned(),
            catalogue: Vec::new(),
        }
    }

    #[test]
    fn two_entries_with_one_number_contradict_each_other() {
        let (a, b) = (report(3, "aa"), report(3, "bb"));
        let expected = Contradiction { agency: "000.00.00.H55".to_owned(), number: 3 };
        assert_eq!(contradictions(&[&a, &b, &a]), [expected]);
    }

    #[test]
    fn an_older_copy_contradicts_nothing() {
        let (a, b) = (report(3, "aa"), report(4, "bb"));
        assert_eq!(contradictions(&[&a, &b]), []);
        assert_eq!(contradictions(&[&a, &a]), []);
        assert_eq!(lengths(&[&a, &b])["000.00.00.H55"], [3, 4]);
    }
}
