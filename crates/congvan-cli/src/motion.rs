//! Changes that registrars make together, each at a desk of his own: proposed, approved, submitted.

use std::fs;
use std::path::{Path, PathBuf};

use congvan::core::Wire;
use congvan::core::roster::Motion;
use congvan::registrar::Review;
use congvan::setup;
use serde::Serialize;

use crate::args::Change;
use crate::change::Desk;
use crate::describe::{Point, describe};
use crate::exit::{Exit, Failure};
use crate::export::replace;
use crate::home::App;

/// A proposal as it stands, in plain words.
#[derive(Serialize)]
struct Shown {
    file: PathBuf,
    /// The roster entry that it will be.
    number: u64,
    /// What it changes.
    change: Vec<Point>,
    /// The keys of the registrars who approved it.
    approved: Vec<String>,
    needed: u16,
    /// Whether this desk may put it into the roster.
    ready: bool,
    /// Whether this run approved it.
    signed: bool,
}

impl Shown {
    fn new(desk: &Desk<'_>, file: &Path, motion: &Motion, review: &Review, signed: bool) -> Self {
        Self {
            file: file.to_owned(),
            number: motion.proposal.seq.get(),
            change: describe(desk, &motion.proposal.action),
            approved: review.approved.iter().map(ToString::to_string).collect(),
            needed: review.needed,
            ready: review.is_ready(),
            signed,
        }
    }

    fn print(&self, app: &App, said: String) -> Result<(), Failure> {
        let lang = app.out.lang;
        app.out.result(self, |page| {
            page.line(said);
            let mut fields: Vec<_> =
                self.change.iter().map(|point| (point.name.clone(), point.value.clone())).collect();
            fields.extend(self.approved.iter().map(|key| (lang.h_approved(), key.clone())));
            page.fields(&fields);
            page.line(lang.approvals(self.approved.len(), self.needed));
        })?;
        Ok(())
    }
}

/// `roster propose`
pub(crate) fn propose(app: &App, change: Change, file: &Path) -> Result<Exit, Failure> {
    let desk = Desk::open(app)?;
    let action = desk.only_change(desk.plan(change)?)?;
    let motion = desk.registrar.propose(action)?;
    replace(file, &motion.to_bytes())?;
    let review = desk.registrar.review(&motion)?;
    let shown = Shown::new(&desk, file, &motion, &review, true);
    let lang = app.out.lang;
    shown.print(app, lang.proposed(shown.number, file.display()))?;
    app.out.remark(next(app, &shown));
    Ok(Exit::Done)
}

/// `roster approve`
pub(crate) fn approve(app: &App, file: &Path, yes: bool) -> Result<Exit, Failure> {
    let desk = Desk::open(app)?;
    let motion = read(file)?;
    let review = desk.registrar.review(&motion)?;
    let lang = app.out.lang;
    if !yes {
        let shown = Shown::new(&desk, file, &motion, &review, false);
        shown.print(app, lang.is_proposed(shown.number))?;
        app.out.remark(lang.not_signed());
        return Ok(Exit::Refused);
    }
    let motion = desk.registrar.approve(motion)?;
    replace(file, &motion.to_bytes())?;
    let review = desk.registrar.review(&motion)?;
    let shown = Shown::new(&desk, file, &motion, &review, true);
    shown.print(app, lang.approved(shown.number, file.display()))?;
    app.out.remark(next(app, &shown));
    Ok(Exit::Done)
}

fn next(app: &App, shown: &Shown) -> String {
    match shown.ready {
        true => app.out.lang.submit_next(shown.file.display()),
        false => app.out.lang.approve_next(shown.file.display()),
    }
}

#[derive(Serialize)]
struct Submitted {
    /// The roster entry.
    id: String,
    number: u64,
    change: Vec<Point>,
}

/// `roster submit`
pub(crate) fn submit(app: &App, file: &Path) -> Result<Exit, Failure> {
    let desk = Desk::open(app)?;
    let motion = read(file)?;
    // Before it is done: afterwards the roster knows no more what was there before.
    let change = describe(&desk, &motion.proposal.action);
    let entry = desk.registrar.submit(motion)?;
    let submitted = Submitted { id: entry.id().to_string(), number: entry.seq().get(), change };
    let lang = app.out.lang;
    app.out.result(&submitted, |page| {
        page.line(lang.submitted(submitted.number));
        let mut fields: Vec<_> =
            submitted.change.iter().map(|point| (point.name.clone(), point.value.clone())).collect();
        fields.push((lang.h_id(), submitted.id.clone()));
        page.fields(&fields);
    })?;
    app.out.remark(lang.roster_next());
    Ok(Exit::Done)
}

fn read(file: &Path) -> Result<Motion, Failure> {
    let bytes = fs::read(file).map_err(Failure::file(file))?;
    Motion::from_bytes(&bytes).map_err(|error| Failure::Proposal(file.to_owned(), error))
}

#[derive(Serialize)]
struct Made {
    /// The registrar's key.
    key: String,
    file: PathBuf,
}

/// `roster desk`
pub(crate) fn desk(app: &App, network: &Path, encrypt: bool) -> Result<Exit, Failure> {
    let genesis = setup::read_genesis(network)?;
    let passphrase = app.new_passphrase(encrypt)?;
    let key = setup::create_desk(app.home.dir(), &genesis, passphrase.as_deref())?;
    let made = Made { key: key.to_string(), file: app.home.registrar_key(1) };
    let lang = app.out.lang;
    app.out.result(&made, |page| {
        page.line(lang.desk_made(app.home.dir().display()));
        page.fields(&[(lang.h_key(), made.key.clone())]);
        page.line(lang.desk_next());
    })?;
    Ok(Exit::Done)
}
