//! One change of the roster: from what was typed to what is signed, and what to say of it.

use std::path::Path;

use congvan::core::erasure::{Class, Rule};
use congvan::core::{
    Admission, AgencyCode, ChainId, Erasure, Point, PublicKey, Retention, Rights, RosterAction, Seq, Sorted, Text,
    WitnessPolicy,
};
use congvan::read::MIN_ID_DIGITS;
use congvan::registrar::{Registrar, RegistrarError};
use congvan::setup;
use serde::Serialize;

use crate::agency::code;
use crate::args::{Change, Ending, Switch};
use crate::certificate;
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::text::Lang;

/// A change that was typed, before anybody signs it.
pub(crate) struct Planned {
    /// The command's name.
    pub(crate) name: &'static str,
    /// The agency's code; empty where it is about none.
    pub(crate) code: String,
    pub(crate) action: RosterAction,
    /// What is said once it is done.
    done: String,
    /// The last entry of the agency that stands, where the change says so.
    last: Option<Option<Point>>,
    /// The agency's signing key, where the change names it.
    key: Option<String>,
    /// What the agency's nodes are to be besides, by a change of its own.
    nodes: Option<RosterAction>,
    /// Something to mind.
    remark: Option<String>,
}

/// A change that was made.
#[derive(Serialize)]
pub(crate) struct Changed {
    action: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
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

/// The registrar at work.
pub(crate) struct Desk<'a> {
    pub(crate) app: &'a App,
    pub(crate) registrar: Registrar,
}

impl<'a> Desk<'a> {
    pub(crate) fn open(app: &'a App) -> Result<Self, Failure> {
        let passphrase = app.passphrase(&app.home.registrar_key(1))?;
        Ok(Self { app, registrar: Registrar::open(app.home.dir(), passphrase.as_deref())? })
    }

    /// Makes of what was typed what is to be signed.
    pub(crate) fn plan(&self, change: Change) -> Result<Planned, Failure> {
        let lang = self.app.out.lang;
        Ok(match change {
            Change::Admit { enrolment } => {
                let admission = read(&enrolment)?;
                // An agency cannot ask for rights: they are the registrar's to give, by `roster rights`.
                if admission.rights != Rights::NONE {
                    return Err(Failure::AsksForRights(admission.code));
                }
                let (code, key) = (admission.code.clone(), admission.keys.sign.to_string());
                let planned = Planned::new("admit", &code, RosterAction::Admit(admission), lang.admitted());
                Planned { key: Some(key), ..planned }
            }
            Change::Reinstate { code } => {
                let (code, chain) = self.agency(&code)?;
                Planned::new("reinstate", &code, RosterAction::Reinstate { chain }, lang.reinstated())
            }
            Change::Suspend(ending) => {
                let (code, chain, last) = self.ending(&ending)?;
                Planned::new("suspend", &code, RosterAction::Suspend { chain, last }, lang.suspended()).ending(last)
            }
            Change::Close(ending) => {
                let (code, chain, last) = self.ending(&ending)?;
                Planned::new("close", &code, RosterAction::Close { chain, last }, lang.closed()).ending(last)
            }
            Change::Revoke(ending) => {
                let (code, chain, last) = self.ending(&ending)?;
                let planned = Planned::new("revoke", &code, RosterAction::Revoke { chain, last }, lang.revoked());
                Planned { remark: Some(lang.revoke_next(code)), ..planned.ending(last) }
            }
            Change::Resolve { code, number, id } => {
                let (code, chain) = self.agency(&code)?;
                // The argument parser has refused 0.
                let stands = Point { seq: Seq::new(number).unwrap_or(Seq::FIRST), id };
                Planned::new("resolve", &code, RosterAction::Resolve { chain, stands }, lang.resolved())
            }
            Change::Rights { ending, publish } => {
                let (code, chain, after) = self.ending(&ending)?;
                let before = self.registrar.roster().agency(chain).map_or(Rights::NONE, |agency| agency.rights());
                let from = after.map_or(1, |after| after.seq.get() + 1);
                let (rights, done) = match publish {
                    Switch::On => (Rights(before.0 | Rights::PUBLISH.0), lang.publish_on(from)),
                    Switch::Off => (Rights(before.0 & !Rights::PUBLISH.0), lang.publish_off(from)),
                };
                Planned::new("rights", &code, RosterAction::Rights { chain, after, rights }, done)
            }
            Change::Rotate { ending, enrolment, nodes } => self.rotate(&ending, &enrolment, nodes)?,
            Change::Nodes { enrolment } => {
                let Admission { code, nodes, .. } = read(&enrolment)?;
                let (code, chain) = self.agency(&code.to_string())?;
                Planned::new("nodes", &code, RosterAction::Nodes { chain, nodes }, lang.nodes_replaced())
            }
            Change::Registrars { threshold, add, remove } => {
                let bad = |error| RegistrarError::Roster(congvan::core::roster::ActionError::Possession(error).into());
                let add: Result<Vec<_>, _> = add.iter().map(|key| PublicKey::new(key.as_bytes())).collect();
                let action = self.registrar.other_registrars(&add.map_err(bad)?, &remove, threshold)?;
                Planned::of("registrars", String::new(), action, lang.registrars_changed())
            }
            Change::Witnesses { threshold, agencies } => {
                let chains: Result<Vec<_>, _> =
                    agencies.iter().map(|code| self.agency(code).map(|(_, chain)| chain)).collect();
                let witnesses = Sorted::from_unsorted(chains?).map_err(|error| Failure::Bound("witnesses", error))?;
                let action = RosterAction::Witnesses(WitnessPolicy { witnesses, threshold });
                Planned::of("witnesses", String::new(), action, lang.witnesses_changed())
            }
            Change::Erase { code, entries, reason, basis } => {
                let (code, chain) = self.agency(&code)?;
                let points: Result<Vec<_>, _> = entries.iter().map(|entry| self.point(chain, entry)).collect();
                let entries = Sorted::from_unsorted(points?).map_err(|error| Failure::Bound("ENTRY", error))?;
                let basis = Text::new(basis.trim()).map_err(|error| Failure::Bound("--basis", error))?;
                let erasure = Erasure { entries, reason, basis };
                Planned::new("erase", &code, RosterAction::Erase { chain, erasure }, lang.erase_ordered())
            }
            Change::Retention { rules, none: _ } => {
                let rules: Result<Vec<_>, _> = rules.iter().map(|text| rule(text, lang)).collect();
                let rules = Sorted::from_unsorted(rules?).map_err(|error| Failure::Bound("RULE", error))?;
                let action = RosterAction::Retention(Retention { rules });
                Planned::of("retention", String::new(), action, lang.retention_changed())
            }
            Change::Certify { request, trust } => {
                let anchors = certificate::anchors(self.app, &trust)?;
                let (code, action) = certificate::check_request(self, &request, &anchors)?;
                Planned::new("certify", &code, action, lang.certified())
            }
        })
    }

    /// Signs it with the keys here, and says so.
    pub(crate) fn carry_out(&self, planned: Planned) -> Result<Exit, Failure> {
        let entry = self.registrar.change(planned.action)?;
        if let Some(nodes) = planned.nodes {
            self.registrar.change(nodes)?;
        }
        let changed = Changed {
            action: planned.name,
            code: planned.code,
            id: entry.id().to_string(),
            number: entry.seq().get(),
            last: planned.last.map(|last| last.map_or(0, |point| point.seq.get())),
            key: planned.key,
        };
        self.say(planned.done, &changed)?;
        if let Some(remark) = planned.remark {
            self.app.out.remark(remark);
        }
        Ok(Exit::Done)
    }

    /// The change of a proposal: one, for a proposal holds no two.
    pub(crate) fn only_change(&self, planned: Planned) -> Result<RosterAction, Failure> {
        match planned.nodes {
            None => Ok(planned.action),
            Some(_) => Err(Failure::TwoChanges),
        }
    }

    pub(crate) fn agency(&self, text: &str) -> Result<(AgencyCode, ChainId), Failure> {
        let code = code("CODE", text)?;
        match self.registrar.roster().by_code(&code) {
            Some(agency) => Ok((code, agency.chain)),
            None => Err(Failure::UnknownAgencies(vec![code.to_string()])),
        }
    }

    /// An entry of an agency, as it was typed.
    fn point(&self, chain: ChainId, text: &str) -> Result<Point, Failure> {
        let unknown = || Failure::Usage(self.app.out.lang.e_erased_entry(text));
        if let Some((number, id)) = text.split_once(':') {
            let seq = number.parse().ok().and_then(Seq::new).ok_or_else(unknown)?;
            return Ok(Point { seq, id: id.parse().map_err(|_| unknown())? });
        }
        let ledger = self.registrar.ledger();
        let mut found = None;
        for id in ledger.ids_with_prefix(&text.to_lowercase()).into_iter().flatten() {
            let entry = ledger.entry_by_id(id)?.filter(|entry| entry.header().chain == chain);
            if let Some(entry) = entry
                && found.replace(entry.point()).is_some()
            {
                return Err(unknown());
            }
        }
        found.filter(|_| text.len() >= MIN_ID_DIGITS).ok_or_else(unknown)
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

    fn rotate(&self, ending: &Ending, enrolment: &Path, nodes: bool) -> Result<Planned, Failure> {
        let lang = self.app.out.lang;
        let (code, chain, after) = self.ending(ending)?;
        let Admission { code: theirs, keys, possession, nodes: named, .. } = read(enrolment)?;
        if theirs != code {
            return Err(Failure::OtherCode(theirs, code));
        }
        let key = Some(keys.sign.to_string());
        let action = RosterAction::Rotate { chain, after, keys, possession };
        let planned = Planned { key, ..Planned::new("rotate", &code, action, lang.rotated()).ending(after) };
        let known = self.registrar.roster().agency(chain).map(|agency| agency.nodes.clone()).unwrap_or_default();
        let remark = (!nodes && *named != *known).then(|| lang.other_nodes());
        let nodes = nodes.then_some(RosterAction::Nodes { chain, nodes: named });
        Ok(Planned { nodes, remark, ..planned })
    }

    pub(crate) fn say(&self, what: String, changed: &Changed) -> Result<(), Failure> {
        let (out, lang) = (self.app.out, self.app.out.lang);
        out.result(changed, |page| {
            match changed.code.as_str() {
                "" => page.line(lang.roster_changed(what, changed.number)),
                code => page.line(lang.roster_written(what, code, changed.number)),
            }
            page.fields(&[(lang.h_id(), changed.id.clone()), (lang.h_key(), changed.key.clone().unwrap_or_default())]);
            match changed.last {
                None => {}
                Some(0) => page.line(lang.ends_none()),
                Some(last) => page.line(lang.ends_after(last)),
            }
        })?;
        out.remark(lang.roster_next());
        Ok(())
    }
}

/// A rule of retention, as it was typed.
fn rule(text: &str, lang: Lang) -> Result<Rule, Failure> {
    let unknown = || Failure::Usage(lang.e_rule(text));
    let (class, years) = text.rsplit_once('=').ok_or_else(unknown)?;
    let class = match (class, class.strip_prefix("type:")) {
        ("documents", _) => Class::Documents,
        ("statuses", _) => Class::Statuses,
        ("notes", _) => Class::Notes,
        (_, Some(name)) if !name.trim().is_empty() => {
            Class::DocumentsOfType(Text::new(name.trim()).map_err(|error| Failure::Bound("RULE", error))?)
        }
        _ => return Err(unknown()),
    };
    let number = |text: &str| text.parse::<u16>().map_err(|_| unknown());
    let (keep_years, drop_after_years) = match years.split_once(':') {
        Some((keep, drop)) => (number(keep)?, Some(number(drop)?)),
        None => (number(years)?, None),
    };
    Ok(Rule { class, keep_years, drop_after_years })
}

fn read(enrolment: &Path) -> Result<Admission, Failure> {
    Ok(setup::read_enrolment(enrolment)?)
}

impl Planned {
    fn new(name: &'static str, code: &AgencyCode, action: RosterAction, done: String) -> Self {
        Self::of(name, code.to_string(), action, done)
    }

    fn of(name: &'static str, code: String, action: RosterAction, done: String) -> Self {
        Self { name, code, action, done, last: None, key: None, nodes: None, remark: None }
    }

    fn ending(self, last: Option<Point>) -> Self {
        Self { last: Some(last), ..self }
    }
}
