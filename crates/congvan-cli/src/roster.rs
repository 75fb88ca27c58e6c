//! The directory of agencies: the registrar's changes, and the list for everybody.

use std::path::Path;

use congvan::core::{Admission, AgencyCode, ChainId, Point, Rights, RosterAction, Seq};
use congvan::registrar::Registrar;
use congvan::setup;
use congvan::view::AgencyView;
use serde::Serialize;

use crate::agency::code;
use crate::args::{Ending, Roster, Switch};
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::output::short_id;
use crate::text::{right_name, standing};

/// A change that was made.
#[derive(Serialize)]
struct Changed {
    action: &'static str,
    code: String,
    /// The roster entry.
    id: String,
    number: u64,
    /// The last number of the agency that stands, where the change says so; 0 for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    /// The agency's signing key, where the change names it: what registrar and agency compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// `roster …`
pub(crate) async fn run(app: &App, command: Roster) -> Result<Exit, Failure> {
    if let Roster::List = command {
        return list(app).await;
    }
    let desk = Desk::open(app)?;
    let lang = app.out.lang;
    match command {
        Roster::Admit { enrolment } => {
            let admission = read(&enrolment)?;
            // An agency cannot ask for rights: they are the registrar's to give, by `roster rights`.
            if admission.rights != Rights::NONE {
                return Err(Failure::AsksForRights(admission.code));
            }
            let (code, key) = (admission.code.clone(), admission.keys.sign.to_string());
            let changed = desk.change("admit", &code, RosterAction::Admit(admission))?;
            desk.say(lang.admitted(), Changed { key: Some(key), ..changed })
        }
        Roster::Reinstate { code } => {
            let (code, chain) = desk.agency(&code)?;
            let changed = desk.change("reinstate", &code, RosterAction::Reinstate { chain })?;
            desk.say(lang.reinstated(), changed)
        }
        Roster::Suspend(ending) => {
            let (code, chain, last) = desk.ending(&ending)?;
            let changed = desk.change("suspend", &code, RosterAction::Suspend { chain, last })?;
            desk.say(lang.suspended(), changed.ending(last))
        }
        Roster::Close(ending) => {
            let (code, chain, last) = desk.ending(&ending)?;
            let changed = desk.change("close", &code, RosterAction::Close { chain, last })?;
            desk.say(lang.closed(), changed.ending(last))
        }
        Roster::Revoke(ending) => {
            let (code, chain, last) = desk.ending(&ending)?;
            let changed = desk.change("revoke", &code, RosterAction::Revoke { chain, last })?;
            desk.say(lang.revoked(), changed.ending(last))?;
            app.out.remark(lang.revoke_next(code));
            Ok(Exit::Done)
        }
        Roster::Resolve { code, number, id } => {
            let (code, chain) = desk.agency(&code)?;
            // The argument parser has refused 0.
            let seq = Seq::new(number).unwrap_or(Seq::FIRST);
            let changed = desk.change("resolve", &code, RosterAction::Resolve { chain, stands: Point { seq, id } })?;
            desk.say(lang.resolved(), changed)
        }
        Roster::Rights { ending, publish } => {
            let (code, chain, after) = desk.ending(&ending)?;
            let before = desk.registrar.roster().agency(chain).map_or(Rights::NONE, |agency| agency.rights());
            let rights = match publish {
                Switch::On => Rights(before.0 | Rights::PUBLISH.0),
                Switch::Off => Rights(before.0 & !Rights::PUBLISH.0),
            };
            let changed = desk.change("rights", &code, RosterAction::Rights { chain, after, rights })?;
            let from = after.map_or(1, |after| after.seq.get() + 1);
            let what = match publish {
                Switch::On => lang.publish_on(from),
                Switch::Off => lang.publish_off(from),
            };
            desk.say(what, Changed { last: None, ..changed })
        }
        Roster::Rotate { ending, enrolment, nodes } => desk.rotate(&ending, &enrolment, nodes),
        Roster::List => Ok(Exit::Done),
    }
}

fn read(enrolment: &Path) -> Result<Admission, Failure> {
    Ok(setup::read_enrolment(enrolment)?)
}

/// The registrar at work.
struct Desk<'a> {
    app: &'a App,
    registrar: Registrar,
}

impl<'a> Desk<'a> {
    fn open(app: &'a App) -> Result<Self, Failure> {
        let passphrase = app.passphrase(&app.home.registrar_key(1))?;
        Ok(Self { app, registrar: Registrar::open(app.home.dir(), passphrase.as_deref())? })
    }

    fn agency(&self, text: &str) -> Result<(AgencyCode, ChainId), Failure> {
        let code = code("CODE", text)?;
        match self.registrar.roster().by_code(&code) {
            Some(agency) => Ok((code, agency.chain)),
            None => Err(Failure::UnknownAgencies(vec![code.to_string()])),
        }
    }

    /// The agency, and its last entry that stands.
    fn ending(&self, ending: &Ending) -> Result<(AgencyCode, ChainId, Option<Point>), Failure> {
        let (code, chain) = self.agency(&ending.code)?;
        let last = match ending.last.and_then(Seq::new) {
            _ if ending.none => None,
            None => self.registrar.head_of(chain),
            Some(seq) => match self.registrar.ledger().entry(chain, seq)? {
                Some(entry) => Some(entry.point()),
                None => return Err(Failure::NoNumber(code, seq.get())),
            },
        };
        Ok((code, chain, last))
    }

    fn change(&self, action: &'static str, code: &AgencyCode, change: RosterAction) -> Result<Changed, Failure> {
        let entry = self.registrar.change(change)?;
        let (id, number) = (entry.id().to_string(), entry.seq().get());
        Ok(Changed { action, code: code.to_string(), id, number, last: None, key: None })
    }

    fn rotate(&self, ending: &Ending, enrolment: &Path, nodes: bool) -> Result<Exit, Failure> {
        let (code, chain, after) = self.ending(ending)?;
        let Admission { code: theirs, keys, possession, nodes: named, .. } = read(enrolment)?;
        if theirs != code {
            return Err(Failure::OtherCode(theirs, code));
        }
        let key = keys.sign.to_string();
        let changed = self.change("rotate", &code, RosterAction::Rotate { chain, after, keys, possession })?;
        let lang = self.app.out.lang;
        let known = self.registrar.roster().agency(chain).map(|agency| agency.nodes.clone()).unwrap_or_default();
        if nodes {
            self.change("nodes", &code, RosterAction::Nodes { chain, nodes: named })?;
        } else if *named != *known {
            self.app.out.remark(lang.other_nodes());
        }
        self.say(lang.rotated(), Changed { key: Some(key), ..changed.ending(after) })
    }

    fn say(&self, what: String, changed: Changed) -> Result<Exit, Failure> {
        let (out, lang) = (self.app.out, self.app.out.lang);
        out.result(&changed, |page| {
            page.line(lang.roster_written(what, &changed.code, changed.number));
            page.fields(&[(lang.h_id(), changed.id.clone()), (lang.h_key(), changed.key.clone().unwrap_or_default())]);
            match changed.last {
                None => {}
                Some(0) => page.line(lang.ends_none()),
                Some(last) => page.line(lang.ends_after(last)),
            }
        })?;
        out.remark(lang.roster_next());
        Ok(Exit::Done)
    }
}

impl Changed {
    fn ending(self, last: Option<Point>) -> Self {
        Self { last: Some(last.map_or(0, |point| point.seq.get())), ..self }
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
    let ledger = app.read_only()?;
    let view = |agency: &congvan::core::Agency| {
        let (state, status) = (ledger.state(agency.chain), ledger.status(agency.chain));
        AgencyView {
            code: agency.code.to_string(),
            name: agency.name.clone(),
            parent: agency.parent.as_ref().map(ToString::to_string),
            standing: format!("{:?}", agency.standing).to_lowercase(),
            chain: agency.chain.to_string(),
            key: state.next_keys(agency.policy()).map(|keys| keys.sign.to_string()).unwrap_or_default(),
            nodes: agency.nodes.iter().map(ToString::to_string).collect(),
            head: status.head.map_or(0, |head| head.seq.get()),
            verified: status.verified_through,
            quarantined: status.quarantined.map(|quarantine| quarantine.from.get()),
            rights: congvan::view::rights(agency.rights()),
        }
    };
    Ok(ledger.roster().agencies().map(view).collect())
}
