//! The auditor's command: are these ledgers genuine, and do they tell one story?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use congvan::audit::{
    AuditError, Audited, ChainReport, Contradiction, Former, FormerError, KeyReport, MAX_RESULT, Note, Options, Report,
    compare,
};
use congvan::core::keyfile::Keys;
use congvan::core::{PublicKey, SecretKey, rng};
use congvan::setup::{self, SetupError};
use serde::Serialize;

use crate::args;
use crate::audit_page;
use crate::certificate;
use crate::exit::{Exit, Failure};
use crate::export::replace;
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
    /// Where copies have different entries with one number.
    contradictions: Vec<Contradiction>,
    /// Files that convict agencies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Genuine,
    Violation,
    Unreadable,
}

#[derive(Serialize)]
pub(crate) struct Copy {
    pub path: PathBuf,
    pub verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    #[serde(flatten)]
    pub report: Option<Report>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Files that convict agencies, where only one copy was audited.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<PathBuf>,
}

/// `audit`
pub(crate) fn audit(app: &App, args: &args::Audit) -> Result<Exit, Failure> {
    let anchors = certificate::anchors(app, &args.trust)?;
    let key = args.key.as_deref().map(|path| auditor_key(app, path)).transpose()?;
    let former = match (&args.since, &key) {
        (Some(path), Some(key)) => Some(read_former(path, &key.public())?),
        _ => None,
    };
    let options = Options { anchors: Some(&anchors), since: former.as_ref() };
    let judged: Vec<_> = args.paths.iter().map(|path| (path, judge(app, path, &options))).collect();
    if let (Some(path), Some(key), [(_, Ok(audited))]) = (&args.save, &key, judged.as_slice()) {
        replace(path, &audited.sign(setup::now(), key))?;
    }
    let mut reports: Vec<Copy> = judged.iter().map(|(path, judged)| Copy::of(path, judged)).collect();
    let read: Vec<Audited> = judged.into_iter().filter_map(|(_, judged)| judged.ok()).collect();
    let contradictions = if read.len() > 1 { compare(&read)? } else { Vec::new() };
    let evidence = match &args.evidence {
        Some(dir) => write_evidence(dir, &read, &contradictions)?,
        None => Vec::new(),
    };
    let has = |verdict| reports.iter().any(|copy| copy.verdict == verdict);
    let verdict = match () {
        // What was found weighs more than what could not be looked at.
        () if has(Verdict::Violation) || !contradictions.is_empty() => Verdict::Violation,
        () if has(Verdict::Unreadable) => Verdict::Unreadable,
        () => Verdict::Genuine,
    };
    let equal = read.windows(2).all(|pair| pair[0].report().digest == pair[1].report().digest);
    if let Some(path) = &args.report {
        replace(path, audit_page::page(&reports, &contradictions, app.out.lang).as_bytes())?;
    }
    let lang = app.out.lang;
    if let [copy] = reports.as_mut_slice() {
        copy.evidence = evidence;
        app.out.result(&*copy, |page| copy.print(page, lang))?;
    } else {
        let found = Audit { verdict, equal, contradictions, reports, evidence };
        app.out.result(&found, |page| found.print(page, lang))?;
    }
    Ok(match verdict {
        Verdict::Genuine => Exit::Done,
        Verdict::Violation => Exit::Refused,
        Verdict::Unreadable => Exit::Unreadable,
    })
}

/// The auditor's key; a new one where there is no such file yet.
fn auditor_key(app: &App, path: &Path) -> Result<SecretKey, Failure> {
    if !path.exists() {
        let key = SecretKey::generate(&mut rng::from_os().map_err(SetupError::from)?);
        setup::write_keys(path, &Keys::Auditor(key.clone()), app.given_passphrase()?.as_deref())?;
        app.out.remark(app.out.lang.audit_key_made(path.display(), key.public()));
        return Ok(key);
    }
    match setup::read_keys(path, app.passphrase(path)?.as_deref())? {
        Keys::Auditor(key) => Ok(key),
        _ => Err(SetupError::WrongKeys(path.to_owned()).into()),
    }
}

fn read_former(path: &Path, key: &PublicKey) -> Result<Former, Failure> {
    let len = std::fs::metadata(path).map_err(Failure::file(path))?.len();
    if len > MAX_RESULT as u64 {
        return Err(Failure::Former(path.to_owned(), FormerError::Malformed));
    }
    let bytes = std::fs::read(path).map_err(Failure::file(path))?;
    Former::read(&bytes, key).map_err(|error| Failure::Former(path.to_owned(), error))
}

/// One file for each agency that is convicted of something.
fn write_evidence(dir: &Path, read: &[Audited], contradictions: &[Contradiction]) -> Result<Vec<PathBuf>, Failure> {
    let mut convicted = Vec::new();
    for audited in read {
        convicted.extend(audited.convictions()?.into_iter().map(|conviction| (audited, conviction)));
    }
    let first = |found: &Contradiction| found.held_by[0].first().and_then(|copy| read.get(*copy));
    convicted.extend(contradictions.iter().filter_map(|found| Some((first(found)?, found.conviction()?))));
    let mut written: Vec<PathBuf> = Vec::new();
    if !convicted.is_empty() {
        std::fs::create_dir_all(dir).map_err(Failure::file(dir))?;
    }
    for (audited, conviction) in convicted {
        let path = dir.join(format!("{}-{}.cvproof", conviction.agency, conviction.number));
        if !written.contains(&path) {
            replace(&path, &audited.write_conviction(&conviction, Vec::new())?)?;
            written.push(path);
        }
    }
    Ok(written)
}

fn judge(app: &App, path: &Path, options: &Options<'_>) -> Result<Audited, AuditError> {
    let unit = if path.is_dir() { Unit::Entries } else { Unit::Bytes };
    let mut meter = app.out.meter(app.out.lang.p_audit(), 0, unit);
    congvan::audit::audit(path, options, &mut |progress| meter.of(progress.done, progress.total))
}

impl Copy {
    fn of(path: &Path, judged: &Result<Audited, AuditError>) -> Self {
        let path = path.to_owned();
        match judged {
            Ok(audited) => {
                let report = audited.report().clone();
                let verdict = if report.is_genuine() { Verdict::Genuine } else { Verdict::Violation };
                let fingerprint = Some(fingerprint_of(&report.network));
                Self { path, verdict, fingerprint, report: Some(report), error: None, evidence: Vec::new() }
            }
            Err(error) => {
                // The path stands beside; an error that begins with it would say it twice.
                let error = error.to_string();
                let error = error.strip_prefix(&format!("{}: ", path.display())).unwrap_or(&error).to_owned();
                Self {
                    path,
                    verdict: Verdict::Unreadable,
                    fingerprint: None,
                    report: None,
                    error: Some(error),
                    evidence: Vec::new(),
                }
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
        let vouched = |number: u64| if number == 0 { "–".to_owned() } else { number.to_string() };
        let row = |c: &ChainReport| {
            let [covered, witnessed, erased] = [c.covered, c.witnessed, c.erased].map(vouched);
            [c.agency.clone(), c.entries.to_string(), short_id(&c.head_id), covered, witnessed, erased]
        };
        let (entries, covered, erased) = (lang.h_entries(), lang.h_covered(), lang.h_erased());
        let headings = [lang.h_agency(), entries, lang.h_head_id(), covered, lang.h_witnessed(), erased];
        page.table(headings, report.chains.iter().map(row).collect());
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
            page.line(note_in(lang, note));
        }
        if report.more > 0 {
            page.line(lang.audit_more(report.more));
        }
        if report.before > 0 {
            page.line(lang.audit_before(report.before));
        }
        for path in &self.evidence {
            page.line(lang.audit_evidence(path.display()));
        }
        page.line(match report.is_genuine() {
            true => lang.audit_genuine(report.entries, report.signatures),
            false => lang.audit_violations(report.violations.len()),
        });
    }
}

/// A remark as a sentence.
pub(crate) fn note_in(lang: Lang, note: &Note) -> String {
    let reason = lang.either(&note.reason, &note.reason_vi);
    match note.document.as_str() {
        "" => lang.audit_chain_note(&note.agency, note.number, reason),
        document => lang.audit_note(&note.agency, note.number, short_id(document), reason),
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
        let readable: Vec<&Copy> = self.reports.iter().filter(|copy| copy.report.is_some()).collect();
        let read_paths: Vec<&PathBuf> = readable.iter().map(|copy| &copy.path).collect();
        let read: Vec<&Report> = self.reports.iter().filter_map(|copy| copy.report.as_ref()).collect();
        if read.len() < 2 {
            return;
        }
        page.line("");
        for found in &self.contradictions {
            page.line(lang.audit_contradict(&found.agency, found.number));
            let paths = |copies: &[usize]| {
                let path = |copy: &usize| read_paths.get(*copy).map(|path| path.display().to_string());
                copies.iter().filter_map(path).collect::<Vec<_>>().join(", ")
            };
            for (id, copies) in found.ids.iter().zip(&found.held_by) {
                page.line(lang.audit_held(short_id(id), paths(copies)));
            }
            page.line(if found.convicts { lang.audit_convicts(&found.agency) } else { lang.audit_tampered() });
        }
        for path in &self.evidence {
            page.line(lang.audit_evidence(path.display()));
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
            covered: 0,
            witnessed: 0,
            witnessed_at: None,
            erased: 0,
            missing: 0,
        };
        Report {
            network: "n".to_owned(),
            network_name: String::new(),
            chains: vec![chain],
            violations: Vec::new(),
            notes: Vec::new(),
            more: 0,
            before: 0,
            entries,
            signatures: entries,
            chunks: 0,
            keys: Vec::new(),
            digest: head_id.to_owned(),
            catalogue: Vec::new(),
        }
    }

    #[test]
    fn copies_of_different_lengths_are_told_apart() {
        let (a, b) = (report(3, "aa"), report(4, "bb"));
        assert_eq!(lengths(&[&a, &b])["000.00.00.H55"], [3, 4]);
    }
}
