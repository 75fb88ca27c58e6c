//! An agency enrols by its registrar's one-time code.

use std::io::{self, IsTerminal, Write};

use congvan::core::invitation::InvitationCode;
use congvan::enrol::{self, Enrolled, Outcome, Step};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::network::fingerprint_of;
use crate::output::Unit;
use crate::peer_id::peer_id;

#[derive(Serialize)]
struct View {
    code: String,
    name: String,
    network: String,
    /// The agency's signing key.
    key: String,
    node: String,
    peer_id: String,
    /// `admitted`, or `waiting` for other registrars.
    state: &'static str,
    peers: Vec<String>,
    roster: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needed: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_ahead_ms: Option<i64>,
}

impl View {
    fn of(enrolled: &Enrolled) -> Self {
        let (state, peers, roster, approved, needed) = match &enrolled.outcome {
            Outcome::Admitted { peers, roster } => ("admitted", peers.clone(), *roster, None, None),
            Outcome::Waiting { approved, needed } => ("waiting", Vec::new(), 0, Some(*approved), Some(*needed)),
        };
        Self {
            code: enrolled.code.to_string(),
            name: enrolled.name.clone(),
            network: enrolled.network.to_string(),
            key: enrolled.key.clone(),
            node: enrolled.node.to_string(),
            peer_id: peer_id(&enrolled.node),
            clock_ahead_ms: enrolled.clock_ahead_ms,
            state,
            peers,
            roster,
            approved,
            needed,
        }
    }
}

/// `agency enrol`
pub(crate) async fn enrol(app: &App, at: &str, code: &str, encrypt: bool) -> Result<Exit, Failure> {
    let lang = app.out.lang;
    let address = enrol::address(at)?;
    let code = match code {
        "" => ask(app)?,
        code => code.parse::<InvitationCode>()?,
    };
    let passphrase = match app.home.agency_key().exists() {
        true => None,
        false => app.new_passphrase(encrypt)?,
    };
    let mut meter = app.out.meter(lang.step_roster(), 0, Unit::Entries);
    let told = |step: Step| match step {
        Step::Connected => app.out.remark(lang.step_connected(&address)),
        Step::Invited { code, name, network } => app.out.remark(lang.step_invited(code, name, network)),
        Step::Keys => app.out.remark(lang.step_keys()),
        Step::Roster(entries) => meter.at(entries),
        _ => {}
    };
    let enrolled = enrol::enrol(app.home.dir(), &address, &code, passphrase, told).await?;
    drop(meter);
    if let Some(ahead) = enrolled.clock_ahead_ms {
        let minutes = ahead.unsigned_abs() / 60_000;
        app.out.remark(if ahead > 0 { lang.clock_ahead(minutes) } else { lang.clock_behind(minutes) });
    }
    let view = View::of(&enrolled);
    app.out.result(&view, |page| {
        match (view.approved, view.needed) {
            (Some(approved), Some(needed)) => page.line(lang.enrol_waiting(&view.code, approved, needed)),
            _ => page.line(lang.enrolled(&view.code, &view.name)),
        }
        let roster = if view.roster > 0 { view.roster.to_string() } else { String::new() };
        page.fields(&[
            (lang.h_network(), enrolled.network_name.clone()),
            (lang.h_fingerprint(), fingerprint_of(&view.network)),
            (lang.h_key(), view.key.clone()),
            (lang.h_node(), view.peer_id.clone()),
            (lang.h_roster(), roster),
            (lang.h_peers(), view.peers.join(" ")),
        ]);
    })?;
    match &enrolled.outcome {
        Outcome::Waiting { .. } => {
            app.out.remark(lang.enrol_waiting_next());
            Ok(Exit::Later)
        }
        Outcome::Admitted { peers, .. } => {
            if peers.is_empty() {
                app.out.remark(lang.no_peers());
            }
            app.out.remark(lang.enrolled_next());
            Ok(Exit::Done)
        }
    }
}

/// The code as it is typed, or piped in.
fn ask(app: &App) -> Result<InvitationCode, Failure> {
    if io::stdin().is_terminal() {
        eprint!("{}", app.out.lang.ask_code());
        io::stderr().flush()?;
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim().parse()?)
}
