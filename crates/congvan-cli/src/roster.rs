//! The directory of agencies: the registrar's changes, and the list for everybody.

use congvan::view::AgencyView;
use serde::Serialize;

use crate::args::Roster;
use crate::change::Desk;
use crate::desk;
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::motion;
use crate::output::short_id;
use crate::text::{right_name, standing};

/// `roster …`
pub(crate) async fn run(app: &App, command: Roster) -> Result<Exit, Failure> {
    match command {
        Roster::Change(change) => {
            let desk = Desk::open(app)?;
            let planned = desk.plan(change)?;
            desk.carry_out(planned)
        }
        Roster::Propose { output, change } => motion::propose(app, change, &output),
        Roster::Approve { file, yes } => motion::approve(app, &file, yes),
        Roster::Submit { file } => motion::submit(app, &file),
        Roster::Desk { network, encrypt } => motion::desk(app, &network, encrypt),
        Roster::Invite { code, name, parent, valid_hours } => {
            desk::invite(app, &code, name, parent.as_deref(), valid_hours)
        }
        Roster::Invitations { revoke } => desk::invitations(app, revoke.as_deref()),
        Roster::Requests => desk::requests(app),
        Roster::Serve { listen, node, peer, until_done } => desk::serve(app, &listen, node, peer, until_done).await,
        Roster::Publish { node } => desk::publish(app, &node).await,
        Roster::List => list(app).await,
    }
}

#[derive(Serialize)]
struct Listed {
    agencies: Vec<AgencyView>,
}

/// `roster list`
async fn list(app: &App) -> Result<Exit, Failure> {
    let mut agencies = if app.is_registrars() {
        agencies_of(app)?
    } else {
        let link = app.session(false).await?;
        let agencies = link.agencies().await;
        link.close().await;
        agencies?
    };
    agencies.sort_by(|a, b| a.code.cmp(&b.code));
    let listed = Listed { agencies };
    let lang = app.out.lang;
    app.out.result(&listed, |page| {
        if listed.agencies.is_empty() {
            return page.line(lang.nothing());
        }
        let row = |agency: &AgencyView| {
            [
                agency.code.clone(),
                standing(lang, &agency.standing),
                agency.head.to_string(),
                short_id(&agency.key),
                agency.parent.clone().unwrap_or_default(),
                agency.rights.iter().map(|right| right_name(lang, right)).collect::<Vec<_>>().join(", "),
                agency.name.clone(),
            ]
        };
        let headings = [
            lang.h_agency(),
            lang.h_standing(),
            lang.h_head(),
            lang.h_key(),
            lang.h_parent(),
            lang.h_rights(),
            lang.h_name(),
        ];
        page.table(headings, listed.agencies.iter().map(row).collect());
        for agency in &listed.agencies {
            if let Some(number) = agency.quarantined {
                page.line(format!("{}: {}", agency.code, lang.in_quarantine(number)));
            }
        }
    })?;
    Ok(Exit::Done)
}

/// The directory as the registrar's own ledger has it; no key is needed to read it.
fn agencies_of(app: &App) -> Result<Vec<AgencyView>, Failure> {
    Ok(AgencyView::all(&app.read_only()?))
}
