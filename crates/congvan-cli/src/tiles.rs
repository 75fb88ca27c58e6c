//! `ledger export --tiles`: a chain as a log that transparency logs' tools verify.

use std::path::{Path, PathBuf};

use congvan::{setup, tiles};
use serde::Serialize;

use crate::agency::code;
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::output::Unit;

#[derive(Serialize)]
struct Written {
    path: PathBuf,
    origin: String,
    size: u64,
    new: u64,
    entries: u64,
    root: String,
    key: String,
    witness_keys: Vec<String>,
}

pub(crate) fn export(app: &App, dir: &Path, agency: Option<&str>) -> Result<Exit, Failure> {
    let lang = app.out.lang;
    // Beside a node that may run: nothing is written into the ledger.
    let ledger = app.read_only()?;
    let whose = match agency {
        Some(text) => code("--agency", text)?,
        None => setup::read_enrolment(&app.home.enrolment())?.code,
    };
    let roster = ledger.roster();
    let chain = roster.by_code(&whose).ok_or_else(|| Failure::UnknownAgencies(vec![whose.to_string()]))?.chain;
    let mut meter = app.out.meter(lang.p_export(), 0, Unit::Entries);
    let log = tiles::export(&ledger, chain, dir, &mut |done, total| meter.of(done, total))?;
    drop(meter);
    let written = Written {
        path: dir.to_owned(),
        origin: log.origin,
        size: log.size,
        new: log.new,
        entries: log.standing,
        root: log.root.to_string(),
        key: log.log_key,
        witness_keys: log.witness_keys,
    };
    app.out.result(&written, |page| {
        page.line(lang.log_written(dir.display(), written.size, written.new));
        let mut fields = vec![(lang.h_log(), written.origin.clone()), (lang.h_log_key(), written.key.clone())];
        fields.extend(written.witness_keys.iter().map(|key| (lang.h_witness_key(), key.clone())));
        page.fields(&fields);
    })?;
    if written.entries > written.size {
        app.out.remark(lang.log_behind(written.entries, written.size));
    }
    app.out.remark(lang.log_next());
    Ok(Exit::Done)
}
