//! The registrar's desk: invitations, and the agencies that enrol by them.

use std::path::{Path, PathBuf};

use congvan::desk::{Desk, DeskError, News, Serve};
use congvan::invitations::{Invitations, Invite};
use congvan::registrar::RegistrarError;
use congvan::setup;
use serde::Serialize;

use crate::agency::code;
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::output::time;
use crate::text::enrolment;

#[derive(Serialize)]
struct Invited {
    agency: String,
    name: String,
    /// The code: shown now, and nowhere else.
    code: String,
    /// Milliseconds since 1970.
    expires: u64,
}

/// `roster invite`
pub(crate) fn invite(app: &App, agency: &str, name: String, parent: Option<&str>, hours: u32) -> Result<Exit, Failure> {
    let agency = code("--code", agency)?;
    let parent = parent.map(|parent| code("--parent", parent)).transpose()?;
    if !app.home.registrar_key(1).exists() {
        return Err(RegistrarError::NoKeys(app.home.dir().to_owned()).into());
    }
    let made = Desk::invite(&app.home, Invite { agency: agency.clone(), name: name.clone(), parent, hours })?;
    let invited = Invited {
        code: made.expose().to_string(),
        expires: Invitations::load(&app.home)?.list().last().map_or(0, |last| last.expires().as_millis()),
        agency: agency.to_string(),
        name,
    };
    let lang = app.out.lang;
    app.out.result(&invited, |page| {
        page.line(lang.invited(&invited.agency, &invited.name));
        page.line(format!("  {}", invited.code));
        page.line(lang.invited_until(time(lang, invited.expires)));
    })?;
    app.out.remark(lang.invited_next());
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Listed {
    invitations: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    agency: String,
    name: String,
    parent: Option<String>,
    state: congvan::invitations::Standing,
    /// Milliseconds since 1970.
    made: u64,
    expires: u64,
}

/// `roster invitations`
pub(crate) fn invitations(app: &App, revoke: Option<&str>) -> Result<Exit, Failure> {
    let lang = app.out.lang;
    if let Some(agency) = revoke {
        let agency = code("--revoke", agency)?;
        Invitations::change(&app.home, |all| all.revoke(&agency))?;
        app.out.remark(lang.revoked_invitation(agency));
    }
    let now = setup::now();
    let all = Invitations::load(&app.home)?;
    let line = |one: &congvan::invitations::Invitation| Line {
        agency: one.agency().to_string(),
        name: one.name().to_owned(),
        parent: one.parent().map(ToString::to_string),
        state: one.standing(now),
        made: one.made().as_millis(),
        expires: one.expires().as_millis(),
    };
    let listed = Listed { invitations: all.list().map(line).collect() };
    app.out.result(&listed, |page| {
        if listed.invitations.is_empty() {
            return page.line(lang.nothing());
        }
        let row = |line: &Line| {
            let state = enrolment::standing(lang, line.state);
            [
                line.agency.clone(),
                state,
                time(lang, line.expires),
                line.parent.clone().unwrap_or_default(),
                line.name.clone(),
            ]
        };
        let headings = [lang.h_agency(), lang.h_invitation(), lang.h_valid_until(), lang.h_parent(), lang.h_name()];
        page.table(headings, listed.invitations.iter().map(row).collect());
    })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Requests {
    requests: Vec<Waiting>,
}

#[derive(Serialize)]
struct Waiting {
    agency: String,
    name: String,
    /// The agency's signing key.
    key: String,
    /// The proposal, for `roster approve`.
    file: PathBuf,
    approved: usize,
    needed: u16,
    /// Whether this desk may submit it.
    ready: bool,
}

/// `roster requests`
pub(crate) fn requests(app: &App) -> Result<Exit, Failure> {
    let passphrase = app.passphrase(&app.home.registrar_key(1))?;
    let waiting = Desk::open(app.home.dir(), passphrase.as_deref())?.requests()?;
    let line = |request: &congvan::desk::Request| Waiting {
        agency: request.invitation.agency().to_string(),
        name: request.invitation.name().to_owned(),
        key: request.key.clone(),
        file: request.file.clone(),
        approved: request.review.approved.len(),
        needed: request.review.needed,
        ready: request.review.is_ready(),
    };
    let requests = Requests { requests: waiting.iter().map(line).collect() };
    let lang = app.out.lang;
    app.out.result(&requests, |page| {
        if requests.requests.is_empty() {
            return page.line(lang.nothing());
        }
        for request in &requests.requests {
            page.fields(&[
                (lang.h_agency(), format!("{} ({})", request.agency, request.name)),
                (lang.h_asks(), request.key.clone()),
                (lang.h_approvals(), lang.approvals(request.approved, request.needed)),
                (lang.h_file(), request.file.display().to_string()),
            ]);
        }
    })?;
    if !requests.requests.is_empty() {
        app.out.remark(lang.requests_next());
    }
    Ok(Exit::Done)
}

/// One line of what happens at the desk, for programs.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    Listening { addresses: Vec<String> },
    Closed,
    Admitted { agency: String, key: String, number: u64 },
    Waiting { agency: String, file: PathBuf, approved: usize, needed: u16 },
    Collected { agency: String },
    Refused { agency: String, reason: String },
    Published { entries: u64, reached: u64 },
    Unpublished { reason: String },
    Other,
}

impl Event {
    fn of(news: News) -> Self {
        match news {
            News::Listening(addresses) => Self::Listening { addresses },
            News::Closed => Self::Closed,
            News::Admitted { agency, key, number } => Self::Admitted { agency: agency.to_string(), key, number },
            News::Waiting { agency, file, approved, needed } => {
                Self::Waiting { agency: agency.to_string(), file, approved, needed }
            }
            News::Collected(agency) => Self::Collected { agency: agency.to_string() },
            News::Refused { agency, reason } => {
                Self::Refused { agency: agency.to_string(), reason: reason.to_string() }
            }
            News::Published(published) => Self::Published { entries: published.entries, reached: published.reached },
            News::Unpublished(reason) => Self::Unpublished { reason },
            _ => Self::Other,
        }
    }
}

/// `roster serve`
pub(crate) async fn serve(
    app: &App,
    listen: &[String],
    node: Option<PathBuf>,
    peers: Vec<String>,
    until_done: bool,
) -> Result<Exit, Failure> {
    let mut addresses = Vec::new();
    for address in listen {
        addresses.push(congvan::enrol::address(address)?);
    }
    let passphrase = app.passphrase(&app.home.registrar_key(1))?;
    let desk = Desk::open(app.home.dir(), passphrase.as_deref())?;
    let (out, lang) = (app.out, app.out.lang);
    let mut broken = None;
    let tell = |news: News| {
        let line = match &news {
            News::Listening(addresses) => lang.s_listening(addresses.join(" ")),
            News::Closed => lang.s_closed(),
            News::Admitted { agency, key, number } => lang.s_admitted(agency, key, number),
            News::Waiting { agency, file, approved, needed } => {
                lang.s_waiting(agency, approved, needed, file.display())
            }
            News::Collected(agency) => lang.s_collected(agency),
            News::Refused { agency, reason } => lang.s_refused(agency, enrolment::refusal(reason, lang)),
            News::Published(published) => lang.s_published(published.reached),
            News::Unpublished(reason) => lang.s_unpublished(reason),
            _ => return,
        };
        if let Err(error) = out.result(&Event::of(news), |page| page.line(line)) {
            broken = broken.take().or(Some(error));
        }
    };
    let served = desk.serve(Serve { listen: addresses, node, peers, until_done }, tell);
    tokio::select! {
        served = served => served?,
        stopped = stop() => stopped.map_err(DeskError::Io)?,
    }
    match broken {
        Some(error) => Err(error.into()),
        None => Ok(Exit::Done),
    }
}

/// Ctrl-C, or the service manager.
async fn stop() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[derive(Serialize)]
struct PublishedView {
    /// Entries that were new to the node.
    entries: u64,
    /// The last number of the roster.
    reached: u64,
}

/// `roster publish`
pub(crate) async fn publish(app: &App, node: &Path) -> Result<Exit, Failure> {
    let published = congvan::desk::publish(&app.home, node).await?;
    let published = PublishedView { entries: published.entries, reached: published.reached };
    app.out.result(&published, |page| page.line(app.out.lang.s_published(published.reached)))?;
    Ok(Exit::Done)
}
