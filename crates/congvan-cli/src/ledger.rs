//! The whole ledger: as one file, as a backup, and back.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read};
use std::path::{Path, PathBuf};

use congvan::StartError;
use congvan::archive::{self, TransferError};
use congvan::control::{Reply, Request, SessionError};
use congvan::core::archive::{ArchiveError, MAGIC};
use congvan::setup;
use congvan::store::Ledger as Store;
use serde::Serialize;

use crate::args::Ledger;
use crate::exit::{Exit, Failure};
use crate::export::Part;
use crate::home::App;
use crate::output::{Counted, Unit};
use crate::tiles;

/// `ledger …`
pub(crate) async fn run(app: &App, command: Ledger) -> Result<Exit, Failure> {
    match command {
        Ledger::Export { tiles: Some(dir), agency, .. } => tiles::export(app, &dir, agency.as_deref()),
        Ledger::Export { output: Some(path), blobs, .. } => export(app, &path, blobs).await,
        // The command line asks for one of them.
        Ledger::Export { .. } => Err(Failure::Usage(app.out.lang.e_export_where())),
        Ledger::Import { file } => import(app, &file).await,
    }
}

#[derive(Serialize)]
struct Written {
    path: PathBuf,
    bytes: u64,
}

async fn export(app: &App, path: &Path, blobs: bool) -> Result<Exit, Failure> {
    let lang = app.out.lang;
    let (part, file) = Part::create(path)?;
    let meter = app.out.meter(lang.p_export(), 0, Unit::Bytes);
    let file = if app.is_running() {
        let link = app.session(false).await?;
        let mut out = Counted::new(tokio::fs::File::from_std(file), meter);
        link.0.fetch(Request::Export { blobs }, &mut out).await?;
        out.into_inner().into_std().await
    } else {
        // No secret is needed to copy what everybody may have, so none is asked for.
        let ledger = app.read_only()?;
        let mut out = Counted::new(BufWriter::new(file), meter);
        archive::export(&ledger, blobs, &mut out, &mut |_| {}).map_err(transfer(path))?;
        out.into_inner().into_inner().map_err(|error| Failure::File(path.to_owned(), error.into_error()))?
    };
    let written = Written { bytes: part.finish(file)?, path: path.to_owned() };
    app.out.result(&written, |page| page.line(lang.written_to(path.display(), written.bytes)))?;
    Ok(Exit::Done)
}

fn transfer(path: &Path) -> impl FnOnce(TransferError) -> Failure + '_ {
    |error| Failure::Transfer(path.to_owned(), error)
}

#[derive(Serialize)]
struct Imported {
    entries: u64,
    blobs: u64,
}

async fn import(app: &App, path: &Path) -> Result<Exit, Failure> {
    let lang = app.out.lang;
    let len = look_at(path)?;
    let meter = app.out.meter(lang.p_import(), len, Unit::Bytes);
    let imported = if app.is_registrars() && !app.is_running() {
        let ledger = Store::open(&app.home.ledger(), Default::default())?;
        let file = File::open(path).map_err(Failure::file(path))?;
        let input = Counted::new(BufReader::with_capacity(1 << 20, file), meter);
        let done = archive::import(&ledger, input, &mut |_| {}).map_err(transfer(path))?;
        Imported { entries: done.entries, blobs: done.blobs }
    } else {
        let link = app.session(false).await?;
        let file = tokio::fs::File::open(path).await.map_err(Failure::file(path))?;
        let reply = link.0.call_with(Request::Import, &mut Counted::new(file, meter)).await;
        link.close().await;
        match reply? {
            Reply::Imported { entries, blobs } => Imported { entries, blobs },
            _ => return Err(Failure::Unexpected),
        }
    };
    app.out.result(&imported, |page| page.line(lang.imported(imported.entries, imported.blobs)))?;
    Ok(Exit::Done)
}

/// The file's length, if it begins as an exported ledger: what is none is not sent to a node.
fn look_at(path: &Path) -> Result<u64, Failure> {
    let mut file = File::open(path).map_err(Failure::file(path))?;
    let mut begin = Vec::new();
    file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut begin).map_err(Failure::file(path))?;
    if begin != MAGIC {
        return Err(Failure::Transfer(path.to_owned(), ArchiveError::NotAnArchive.into()));
    }
    Ok(file.metadata().map_err(Failure::file(path))?.len())
}

#[derive(Serialize)]
struct Copied {
    path: PathBuf,
}

/// `backup`
pub(crate) async fn backup(app: &App, to: &Path) -> Result<Exit, Failure> {
    // The node has another working directory.
    let to = std::path::absolute(to).map_err(Failure::file(to))?;
    let meter = app.out.meter(app.out.lang.p_backup(), 0, Unit::Waiting);
    if app.is_registrars() && !app.is_running() {
        Store::open(&app.home.ledger(), Default::default())?.backup(&to)?;
    } else {
        let link = app.session(false).await?;
        let request = Request::Backup { to: to.to_string_lossy().into_owned() };
        let reply = meter.during(link.0.call(request)).await;
        link.close().await;
        reply?;
    }
    let copied = Copied { path: to };
    app.out.result(&copied, |page| page.line(app.out.lang.backed_up(copied.path.display())))?;
    app.out.remark(app.out.lang.backup_next());
    Ok(Exit::Done)
}

/// `restore`
pub(crate) async fn restore(app: &App, from: &Path) -> Result<Exit, Failure> {
    let to = app.home.ledger();
    if to.exists() {
        return Err(Failure::HasLedger(to));
    }
    std::fs::metadata(from).map_err(Failure::file(from))?;
    // Before anything is copied: it opens, and it is this network's.
    let (ledger, home) = (Store::open_read_only(from)?.network(), app.home.genesis());
    if home.exists() {
        let genesis = setup::read_genesis(&home)?.network_id();
        if ledger != genesis {
            return Err(SessionError::Start(StartError::OtherNetwork { ledger, genesis }).into());
        }
    }
    std::fs::create_dir_all(app.home.dir()).map_err(Failure::file(app.home.dir()))?;
    let (source, target) = (from.to_owned(), to.clone());
    let work = tokio::task::spawn_blocking(move || Store::restore(&source, &target));
    let meter = app.out.meter(app.out.lang.p_restore(), 0, Unit::Waiting);
    meter.during(work).await.map_err(|error| Failure::Output(error.into()))??;
    let copied = Copied { path: to };
    app.out.result(&copied, |page| page.line(app.out.lang.restored(copied.path.display())))?;
    app.out.remark(app.out.lang.restore_next());
    Ok(Exit::Done)
}
