//! Proof bundles: making one, and checking one without any node.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use congvan::archive::TransferError;
use congvan::bundle::{self, AttachmentView, BundleView, CheckError, Claim};
use congvan::control::Request;
use congvan::core::ids::NameError;
use congvan::core::{AgencyCode, NetworkId};
use congvan::setup;
use serde::Serialize;

use crate::args;
use crate::certify;
use crate::exit::{Exit, Failure};
use crate::export::{Part, free_name, replace};
use crate::home::App;
use crate::network::fingerprint_of;
use crate::output::{Counted, Page, Unit, time};
use crate::text::Lang;

/// What both commands print.
#[derive(Serialize)]
struct Checked {
    file: PathBuf,
    /// BLAKE3 of the file's bytes: what its printed page names it by.
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<PathBuf>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<PathBuf>,
    fingerprint: String,
    #[serde(flatten)]
    view: BundleView,
}

/// `prove`
pub(crate) async fn prove(app: &App, args: args::Prove) -> Result<Exit, Failure> {
    let Some(path) = args.output else { return prove_compactly(app, args.id.id).await };
    let only = args.only.map(AgencyCode::new).transpose().map_err(|error| Failure::Code("only", error))?;
    let link = app.session(false).await?;
    let network = link.node().await;
    let request = Request::Prove {
        id: args.id.id,
        attachments: args.attachments,
        sealed: args.sealed,
        only: only.map(|code| code.to_string()),
    };
    let written = async {
        let (part, file) = Part::create(&path)?;
        let meter = app.out.meter(app.out.lang.p_prove(), 0, Unit::Bytes);
        let mut out = Counted::new(tokio::fs::File::from_std(file), meter);
        link.0.fetch(request, &mut out).await?;
        part.finish(out.into_inner().into_std().await)
    };
    let written = written.await;
    link.close().await;
    let network: NetworkId = network?.network.parse().map_err(|error: NameError| Failure::Code("network", error))?;
    written?;
    // Whoever gets the file will check it; so does its maker, before it is handed on.
    let (view, digest) = read(app, &path, network)?;
    let page = (!args.no_page).then(|| path.with_extension("html"));
    print(app, Checked::new(path, digest, page, view))
}

/// What `prove --compact` prints.
#[derive(Serialize)]
struct Compact {
    compact: String,
}

async fn prove_compactly(app: &App, id: String) -> Result<Exit, Failure> {
    let link = app.session(false).await?;
    let bytes = link.bytes(Request::ProveCompactly { id }).await;
    link.close().await;
    let compact = String::from_utf8(bytes?).map_err(|_| Failure::Unexpected)?;
    app.out.result(&Compact { compact: compact.clone() }, |page| page.line(compact))?;
    Ok(Exit::Done)
}

/// `check`
pub(crate) fn check(app: &App, args: &args::Check) -> Result<Exit, Failure> {
    let network = network_of(&args.network)?;
    let (view, digest) = read(app, &args.file, network)?;
    let mut checked = Checked::new(args.file.clone(), digest, args.page.clone(), view);
    if let Some(dir) = &args.attachments {
        checked.attachments = save(&args.file, dir, &checked.view)?;
    }
    print(app, checked)
}

/// A network's fingerprint as people write it, or its genesis file.
fn network_of(text: &str) -> Result<NetworkId, Failure> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-' && *c != ':').collect();
    match digits.to_ascii_lowercase().parse() {
        Ok(network) => Ok(network),
        Err(_) if Path::new(text).is_file() => Ok(setup::read_genesis(Path::new(text))?.network_id()),
        Err(error) => Err(Failure::Code("network", error)),
    }
}

fn read(app: &App, path: &Path, network: NetworkId) -> Result<(BundleView, String), Failure> {
    let open = || File::open(path).map_err(Failure::file(path));
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(open()?).map_err(Failure::file(path))?;
    let mut meter = app.out.meter(app.out.lang.p_check(), 0, Unit::Entries);
    let refused = |error: CheckError| Failure::Bundle(path.to_owned(), error);
    let checked = bundle::check(BufReader::with_capacity(1 << 16, open()?), network, &mut |read| meter.at(read));
    Ok((BundleView::of(&checked.map_err(refused)?), hasher.finalize().to_string()))
}

/// Puts the attachments into a directory, each whole or not at all.
fn save(path: &Path, dir: &Path, view: &BundleView) -> Result<Vec<PathBuf>, Failure> {
    std::fs::create_dir_all(dir).map_err(Failure::file(dir))?;
    let listed = view.content.as_ref().map_or(&[][..], |content| &content.attachments);
    let mut taken = BTreeSet::new();
    let named = |(number, file): (usize, &AttachmentView)| dir.join(free_name(&file.name, number, &mut taken));
    let paths: Vec<_> = listed.iter().enumerate().map(named).collect();
    let refused = |error: TransferError| Failure::Bundle(path.to_owned(), error.into());
    let input = BufReader::new(File::open(path).map_err(Failure::file(path))?);
    let mut pieces = bundle::attachments(input).map_err(refused)?.peekable();
    let mut written = Vec::new();
    while let Some(piece) = pieces.next() {
        let (number, first) = piece.map_err(refused)?;
        // The file was checked: what it has is listed.
        let to = paths.get(number as usize).ok_or(Failure::Unexpected)?;
        let (part, mut file) = Part::create(to)?;
        file.write_all(&first).map_err(Failure::file(to))?;
        while let Some(piece) = pieces.next_if(|piece| piece.as_ref().map_or(true, |(of, _)| *of == number)) {
            file.write_all(&piece.map_err(refused)?.1).map_err(Failure::file(to))?;
        }
        part.finish(file)?;
        written.push(to.clone());
    }
    Ok(written)
}

impl Checked {
    fn new(file: PathBuf, digest: String, page: Option<PathBuf>, view: BundleView) -> Self {
        let fingerprint = fingerprint_of(&view.network);
        Self { file, digest, page, attachments: Vec::new(), fingerprint, view }
    }

    fn print(&self, page: &mut Page, lang: Lang) {
        let view = &self.view;
        let id = view.document.as_ref().map(|document| document.id.clone()).unwrap_or_default();
        page.fields(&[
            (lang.h_proof_file(), self.file.display().to_string()),
            (lang.h_network(), view.network_name.clone()),
            (lang.h_fingerprint(), self.fingerprint.clone()),
            (lang.h_id(), id),
        ]);
        if let Some(content) = view.content.as_ref().filter(|content| content.opened) {
            page.fields(&[
                (lang.h_code(), content.code.clone()),
                (lang.h_type(), content.type_name.clone()),
                (lang.h_subject(), content.subject.clone()),
            ]);
        }
        let claims = |page: &mut Page, heading: String, claims: &[Claim]| {
            page.line("");
            page.line(heading);
            for claim in claims {
                page.line(format!("  • {}", claim_in(lang, claim)));
            }
        };
        claims(page, lang.proven(), &view.proven);
        claims(page, lang.not_proven(), &view.not_proven);
        page.line("");
        for path in &self.attachments {
            page.line(lang.attachment_saved(path.display()));
        }
        if let Some(path) = &self.page {
            page.line(lang.page_written(path.display()));
        }
    }
}

/// A claim as a sentence.
pub(crate) fn claim_in(lang: Lang, claim: &Claim) -> String {
    match lang {
        Lang::En => claim.english(&|millis| time(lang, millis)),
        Lang::Vi => claim.vietnamese(&|millis| time(lang, millis)),
    }
}

fn print(app: &App, checked: Checked) -> Result<Exit, Failure> {
    if let Some(path) = &checked.page {
        let page = certify::page(&checked.view, &checked.digest, app.out.lang)?;
        replace(path, page.as_bytes())?;
    }
    app.out.result(&checked, |page| checked.print(page, app.out.lang))?;
    Ok(Exit::Done)
}
