//! X.509 certificates that vouch for agencies' keys: binding one, and showing what they are worth.

use std::fs;
use std::path::{Path, PathBuf};

use congvan::certificate::{
    Anchors, Certified, FileError, KeyCertificate, Outcome, Place, Report, Verdict, certified, fitting, judge,
    read_certificates,
};
use congvan::core::keyfile::Keys;
use congvan::core::{
    Agency, AgencyCode, Bounded, Certification, ChainId, KeyId, NetworkId, RosterAction, SecretKey, Wire,
};
use congvan::setup::{self, SetupError};
use congvan::store::Ledger;
use serde::Serialize;

use crate::agency::code;
use crate::args::{Certificate, Trust};
use crate::change::Desk;
use crate::exit::{Exit, Failure};
use crate::export::replace;
use crate::home::App;
use crate::output::{Page, short_id, time};
use crate::text::Lang;

/// `certificate …`
pub(crate) fn run(app: &App, command: Certificate) -> Result<Exit, Failure> {
    match command {
        Certificate::Challenge { output } => challenge(app, &output),
        Certificate::Request { certificate, proof, output, trust } => {
            request(app, &certificate, &proof, &output, &anchors(app, &trust)?)
        }
        Certificate::Show { agency, trust } => show(app, agency.as_deref(), &anchors(app, &trust)?),
    }
}

/// Whom the reader trusts: as given, or as the directory has it.
pub(crate) fn anchors(app: &App, trust: &Trust) -> Result<Anchors, FileError> {
    match &trust.trust {
        Some(path) => Anchors::read(path),
        None if app.home.trust().exists() => Anchors::read(&app.home.trust()),
        None => Ok(Anchors::none()),
    }
}

/// This agency, and its signing key.
struct Own {
    network: NetworkId,
    code: AgencyCode,
    chain: ChainId,
    secret: SecretKey,
}

impl Own {
    fn read(app: &App) -> Result<Self, Failure> {
        let network = setup::read_genesis(&app.home.genesis())?.network_id();
        let code = setup::read_enrolment(&app.home.enrolment())?.code;
        let path = app.home.agency_key();
        match setup::read_keys(&path, app.passphrase(&path)?.as_deref())? {
            Keys::Agency { sign, .. } => {
                Ok(Self { network, chain: ChainId::of_agency(network, &code), code, secret: sign })
            }
            _ => Err(SetupError::WrongKeys(path).into()),
        }
    }

    fn message(&self) -> Vec<u8> {
        Certification::proof_message(self.network, self.chain, self.secret.public().id())
    }
}

#[derive(Serialize)]
struct Challenge {
    agency: String,
    /// The agency's key that the certificate's is to sign for.
    key: String,
    file: PathBuf,
}

/// `certificate challenge`
fn challenge(app: &App, file: &Path) -> Result<Exit, Failure> {
    let own = Own::read(app)?;
    replace(file, &own.message())?;
    let made = Challenge { agency: own.code.to_string(), key: own.secret.public().to_string(), file: file.to_owned() };
    let lang = app.out.lang;
    app.out.result(&made, |page| {
        page.line(lang.challenge_written(file.display()));
        page.line(format!("{} {}", lang.challenge_dgst(), file.display()));
        page.line(format!("{} {}", lang.challenge_raw(), file.display()));
        page.line(lang.challenge_token());
        page.line(lang.challenge_next(&made.key));
    })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Requested {
    agency: String,
    file: PathBuf,
    key: String,
    #[serde(flatten)]
    report: Report,
}

/// `certificate request`
fn request(app: &App, chain: &Path, proof: &Path, file: &Path, anchors: &Anchors) -> Result<Exit, Failure> {
    let own = Own::read(app)?;
    let certificates = read_certificates(chain)?;
    let signature = fs::read(proof).map_err(Failure::file(proof))?;
    let len = signature.len();
    let signature = Bounded::new(signature).map_err(|_| Failure::ProofLength(proof.to_owned(), len))?;
    let certification = Certification::new(own.network, own.chain, &own.secret, certificates, signature);
    let place = Place { network: own.network, chain: own.chain };
    let report = accepted(app, judge(&certification, place, setup::now(), anchors))?;
    let action = RosterAction::Certify { chain: own.chain, certification };
    replace(file, &action.to_bytes())?;
    let made =
        Requested { agency: own.code.to_string(), file: file.to_owned(), key: own.secret.public().to_string(), report };
    app.out.result(&made, |page| {
        page.line(app.out.lang.request_written(file.display()));
        print_report(page, &made.report, app.out.lang);
    })?;
    Ok(Exit::Done)
}

/// What an agency asks the registrar to put into the roster, judged before anybody signs it.
pub(crate) fn check_request(
    desk: &Desk<'_>,
    file: &Path,
    anchors: &Anchors,
) -> Result<(AgencyCode, RosterAction), Failure> {
    let bytes = fs::read(file).map_err(Failure::file(file))?;
    let action = RosterAction::from_bytes(&bytes).map_err(|_| Failure::NotARequest(file.to_owned()))?;
    let RosterAction::Certify { chain, certification } = &action else {
        return Err(Failure::NotARequest(file.to_owned()));
    };
    let roster = desk.registrar.roster();
    let code = match roster.agency(*chain) {
        Some(agency) => agency.code.clone(),
        None => return Err(Failure::UnknownAgencies(vec![chain.to_string()])),
    };
    let place = Place { network: roster.network(), chain: *chain };
    let report = accepted(desk.app, judge(certification, place, setup::now(), anchors))?;
    let lang = desk.app.out.lang;
    for finding in report.with(Outcome::Unchecked) {
        desk.app.out.remark(format!("{}: {}", lang.h_unchecked(), lang.either(&finding.text, &finding.text_vi)));
    }
    Ok((code, action))
}

/// A certification that nothing speaks against, and in which both keys signed for each other.
fn accepted(app: &App, report: Report) -> Result<Report, Failure> {
    if report.verdict != Verdict::Refuted && report.binds() {
        return Ok(report);
    }
    let lang = app.out.lang;
    let mut against: Vec<_> = report.with(Outcome::Fails).collect();
    if against.is_empty() {
        // Without a proof that can be checked nothing is bound to anything.
        against = report.with(Outcome::Unchecked).collect();
    }
    Err(Failure::Certificate(against.into_iter().map(|f| lang.either(&f.text, &f.text_vi)).collect()))
}

#[derive(Serialize)]
struct Shown {
    certificates: Vec<OfAgency>,
}

/// One certification, judged as things are now.
#[derive(Serialize)]
struct OfAgency {
    agency: String,
    #[serde(flatten)]
    certificate: KeyCertificate,
}

/// `certificate show`
fn show(app: &App, wanted: Option<&str>, anchors: &Anchors) -> Result<Exit, Failure> {
    let ledger = app.read_only()?;
    let roster = ledger.roster();
    let agencies: Vec<&Agency> = match wanted.map(|text| code("CODE", text)).transpose()? {
        None => roster.agencies().collect(),
        Some(code) => {
            vec![roster.by_code(&code).ok_or_else(|| Failure::UnknownAgencies(vec![code.to_string()]))?]
        }
    };
    let mut certificates = Vec::new();
    for agency in &agencies {
        let place = Place { network: roster.network(), chain: agency.chain };
        for one in all(&ledger, agency)? {
            let certificate = one.judge(place, setup::now(), anchors);
            certificates.push(OfAgency { agency: agency.code.to_string(), certificate });
        }
    }
    certificates.sort_by_key(|one| (one.agency.clone(), one.certificate.roster_number));
    let shown = Shown { certificates };
    let lang = app.out.lang;
    app.out.result(&shown, |page| {
        match (shown.certificates.is_empty(), wanted) {
            (true, Some(agency)) => page.line(lang.cert_none(agency)),
            (true, None) => page.line(lang.nothing()),
            _ => {}
        }
        for (number, one) in shown.certificates.iter().enumerate() {
            if number > 0 {
                page.line("");
            }
            print_key(page, &one.agency, &one.certificate, lang);
        }
    })?;
    Ok(Exit::Done)
}

/// Every certification of an agency's keys.
fn all(ledger: &Ledger, agency: &Agency) -> Result<Vec<Certified>, Failure> {
    let mut found = Vec::new();
    for key in agency.certified_keys() {
        found.extend(certified(ledger, agency.chain, key)?);
    }
    Ok(found)
}

/// What vouches for a key at a time, by whom this reader trusts instead of whom the node does.
pub(crate) fn of_entry(
    app: &App,
    from: &str,
    key: &str,
    millis: u64,
    anchors: &Anchors,
) -> Result<Option<KeyCertificate>, Failure> {
    let ledger = app.read_only()?;
    let roster = ledger.roster();
    let Some(agency) = roster.by_code(&code("from", from)?) else { return Ok(None) };
    let Ok(key) = key.parse::<KeyId>() else { return Ok(None) };
    let (place, at) =
        (Place { network: roster.network(), chain: agency.chain }, congvan::core::Time::from_millis(millis));
    let certified = certified(&ledger, agency.chain, key)?;
    Ok(fitting(&certified, at).map(|one| one.judge(place, at, anchors)))
}

/// A certification with everything that was found of it.
pub(crate) fn print_key(page: &mut Page, agency: &str, certificate: &KeyCertificate, lang: Lang) {
    page.line(lang.cert_of_key(agency, short_id(&certificate.key), certificate.roster_number));
    print_report(page, &certificate.report, lang);
}

fn print_report(page: &mut Page, report: &Report, lang: Lang) {
    let mut fields = vec![
        (lang.h_certificate(), report.subject.clone()),
        (lang.h_issuer(), report.issuer.clone()),
        (lang.h_serial(), report.serial.clone()),
        (lang.h_valid(), lang.between(time(lang, report.valid_from), time(lang, report.valid_until))),
        (lang.h_verdict(), verdict(report.verdict, lang)),
    ];
    fields.extend(findings(report, lang));
    page.fields(&fields);
}

/// What holds, what does not, and what could not be checked: what speaks against it first.
pub(crate) fn findings(report: &Report, lang: Lang) -> Vec<(String, String)> {
    let heading = |outcome| match outcome {
        Outcome::Holds => lang.h_holds(),
        Outcome::Fails => lang.h_fails(),
        Outcome::Unchecked => lang.h_unchecked(),
    };
    let ordered = [Outcome::Fails, Outcome::Unchecked, Outcome::Holds].into_iter().flat_map(|o| report.with(o));
    ordered.map(|f| (heading(f.outcome), lang.either(&f.text, &f.text_vi))).collect()
}

pub(crate) fn verdict(verdict: Verdict, lang: Lang) -> String {
    match verdict {
        Verdict::Confirmed => lang.cert_confirmed(),
        Verdict::Refuted => lang.cert_refuted(),
        Verdict::Open => lang.cert_open(),
    }
}
