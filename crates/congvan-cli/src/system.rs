//! The programs that may speak for the agency, and their secrets.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use congvan::core::AgencyCode;
use congvan::setup;
use congvan::systems::{Secret, SystemId, Systems};
use serde::Serialize;

use crate::agency::code;
use crate::args::{SecretFile, System};
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::output::time;

/// A system, as it is shown. The secret is there only when it was made now.
#[derive(Serialize)]
struct Shown {
    id: String,
    agencies: Vec<String>,
    since: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// `system …`
pub(crate) fn run(app: &App, command: System) -> Result<Exit, Failure> {
    // Only a node's directory has an enrolment; its file names the agency.
    let own = setup::read_enrolment(&app.home.enrolment())?.code;
    let mut systems = Systems::load(&app.home)?;
    let lang = app.out.lang;
    match command {
        System::Add { id, agency, secret } => {
            let id: SystemId = id.parse()?;
            let given: Vec<_> = agency.iter().map(|agency| code("--agency", agency)).collect::<Result<_, _>>()?;
            let agencies = if given.is_empty() { vec![own.clone()] } else { given };
            let others: Vec<_> = agencies.iter().filter(|agency| **agency != own).map(AgencyCode::to_string).collect();
            let given = read(&secret)?;
            let made = given.is_none();
            let secret = systems.add(id.clone(), agencies, given)?;
            systems.save(&app.home)?;
            if !others.is_empty() {
                app.out.remark(lang.system_other(others.join(", "), &own));
            }
            let shown = shown(&systems, &id, made.then_some(secret));
            app.out.result(&shown, |page| {
                page.line(lang.system_added(&id, shown.agencies.join(", ")));
                print_secret(app, page, &shown);
            })?;
        }
        System::Rotate { id, secret } => {
            let id: SystemId = id.parse()?;
            let given = read(&secret)?;
            let made = given.is_none();
            let secret = systems.rotate(&id, given)?;
            systems.save(&app.home)?;
            let shown = shown(&systems, &id, made.then_some(secret));
            app.out.result(&shown, |page| {
                page.line(lang.system_rotated(&id));
                print_secret(app, page, &shown);
            })?;
        }
        System::Remove { id } => {
            let id: SystemId = id.parse()?;
            let shown = shown(&systems, &id, None);
            systems.remove(&id)?;
            systems.save(&app.home)?;
            app.out.result(&shown, |page| page.line(lang.system_removed(&id)))?;
        }
        System::List => {
            let all: Vec<_> = systems.iter().map(|(id, _)| shown(&systems, id, None)).collect();
            app.out.result(&all, |page| {
                if all.is_empty() {
                    return page.line(lang.nothing());
                }
                let row = |shown: &Shown| [shown.id.clone(), shown.agencies.join(", "), time(lang, shown.since)];
                page.table([lang.h_system(), lang.h_agency(), lang.h_since()], all.iter().map(row).collect());
            })?;
        }
    }
    Ok(Exit::Done)
}

fn shown(systems: &Systems, id: &SystemId, secret: Option<Secret>) -> Shown {
    let system = systems.get(id.as_str());
    Shown {
        id: id.to_string(),
        agencies: system.iter().flat_map(|system| &system.agencies).map(AgencyCode::to_string).collect(),
        since: system.map_or(0, |system| system.since),
        secret: secret.map(|secret| secret.expose().to_owned()),
    }
}

fn print_secret(app: &App, page: &mut crate::output::Page, shown: &Shown) {
    let lang = app.out.lang;
    if let Some(secret) = &shown.secret {
        page.fields(&[(lang.h_system(), shown.id.clone()), (lang.h_secret(), secret.clone())]);
        page.line(lang.system_once());
    }
}

/// The secret that was given in a file.
fn read(file: &SecretFile) -> Result<Option<Secret>, Failure> {
    let line = file.secret_file.as_deref().map(first_line).transpose()?;
    Ok(line.map(|line| Secret::new(line.trim_end().to_owned())).transpose()?)
}

/// The first line of a file that nobody else may read.
pub(crate) fn first_line(path: &Path) -> Result<String, Failure> {
    let mode = std::fs::metadata(path).map_err(Failure::file(path))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Failure::SecretMode(path.to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(Failure::file(path))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
