//! Looks for whatever needs doing, in the order in which an operator would want to hear of it.

use std::path::{Path, PathBuf};

use congvan::control::{Reply, Request};
use congvan::core::keyfile::{KeyFileError, Keys};
use congvan::core::{Admission, ChainId, Genesis, NodeKey, Standing};
use congvan::setup::{self, SetupError};
use congvan::store::{HighWater, Ledger};
use congvan::view::NodeView;
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::output::time;
use crate::text::{Lang, standing};

/// Below this much room a node is near the point where it stops.
const LOW_DISK: u64 = 2 << 30;

/// How one point stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    Note,
    ToDo,
}

#[derive(Serialize)]
struct Point {
    #[serde(skip)]
    title: String,
    check: &'static str,
    state: State,
    detail: String,
}

#[derive(Serialize)]
struct Findings {
    healthy: bool,
    checks: Vec<Point>,
}

/// `doctor`
pub(crate) async fn doctor(app: &App) -> Result<Exit, Failure> {
    let mut visit = Visit { app, lang: app.out.lang, points: Vec::new() };
    if visit.directory() {
        let genesis = visit.genesis();
        visit.keys();
        visit.disk();
        visit.clock(genesis.as_ref());
        match app.is_running() {
            true => visit.running().await?,
            false => visit.stopped(),
        }
    }
    let count = visit.points.iter().filter(|point| point.state == State::ToDo).count();
    let findings = Findings { healthy: count == 0, checks: visit.points };
    let lang = app.out.lang;
    app.out.result(&findings, |page| {
        let row = |point: &Point| {
            let state = match point.state {
                State::Ok => lang.doctor_ok(),
                State::Note => lang.doctor_note(),
                State::ToDo => lang.doctor_act(),
            };
            [state, point.title.clone(), point.detail.clone()]
        };
        page.columns(findings.checks.iter().map(row).collect());
        page.line(if count == 0 { lang.doctor_fine() } else { lang.doctor_todo(count) });
    })?;
    Ok(if count == 0 { Exit::Done } else { Exit::Refused })
}

struct Visit<'a> {
    app: &'a App,
    lang: Lang,
    points: Vec<Point>,
}

impl Visit<'_> {
    fn found(&mut self, check: &'static str, state: State, detail: String) {
        let title = match check {
            "directory" => self.lang.d_dir(),
            "genesis" => self.lang.d_genesis(),
            "keys" => self.lang.d_keys(),
            "enrolment" => self.lang.d_enrolment(),
            "disk" => self.lang.d_disk(),
            "clock" => self.lang.d_clock(),
            "ledger" => self.lang.d_ledger(),
            "mark" => self.lang.d_mark(),
            "roster" => self.lang.d_roster(),
            "node" => self.lang.d_node(),
            "peers" => self.lang.d_peers(),
            "quarantine" => self.lang.d_quarantine(),
            other => other.to_owned(),
        };
        self.points.push(Point { title, check, state, detail });
    }

    /// Whether there is anything to look at.
    fn directory(&mut self) -> bool {
        let home = &self.app.home;
        let dir = home.dir().display().to_string();
        if !home.genesis().exists() && !home.agency_key().exists() && !home.registrar_key(1).exists() {
            self.found("directory", State::ToDo, self.lang.d_not_a_home(dir));
            return false;
        }
        let whose = match setup::read_enrolment(&home.enrolment()) {
            Ok(enrolment) => self.lang.d_is_agency(enrolment.code),
            Err(_) => self.lang.d_is_registrar(),
        };
        self.found("directory", State::Ok, format!("{dir}, {whose}"));
        true
    }

    fn genesis(&mut self) -> Option<Genesis> {
        match setup::read_genesis(&self.app.home.genesis()) {
            Ok(genesis) => {
                let detail = format!("{}, {}", genesis.name, genesis.network_id().short());
                self.found("genesis", State::Ok, detail);
                Some(genesis)
            }
            Err(error) => {
                self.found("genesis", State::ToDo, error.to_string());
                None
            }
        }
    }

    /// Every key file opens, has the right mode, and is the one that it should be.
    fn keys(&mut self) {
        let home = &self.app.home;
        let registrars = (1..).map(|number| home.registrar_key(number)).take_while(|path| path.exists());
        let own = [home.agency_key(), home.node_key()];
        let files: Vec<PathBuf> = match home.agency_key().exists() || home.enrolment().exists() {
            true => own.into_iter().chain(registrars).collect(),
            false => registrars.collect(),
        };
        // Nothing is asked for: a check runs unattended.
        let passphrase = self.app.given_passphrase().unwrap_or_default();
        let mut fine = 0;
        for path in &files {
            match setup::read_keys(path, passphrase.as_deref()) {
                Ok(keys) => {
                    fine += 1;
                    self.fits(path, &keys);
                }
                Err(SetupError::KeyFile { error: KeyFileError::NeedsPassphrase, .. }) => {
                    fine += 1;
                    self.found("keys", State::Note, self.lang.d_encrypted(path.display()));
                }
                Err(error) => self.found("keys", State::ToDo, error.to_string()),
            }
        }
        if fine == files.len() {
            self.found("keys", State::Ok, self.lang.d_keys_ok(fine));
        }
    }

    /// Whether the agency's key is that of its enrolment.
    fn fits(&mut self, path: &Path, keys: &Keys) {
        let Keys::Agency { sign, .. } = keys else { return };
        if *path != self.app.home.agency_key() {
            return;
        }
        match setup::read_enrolment(&self.app.home.enrolment()) {
            Ok(Admission { keys, .. }) if keys.sign == sign.public() => {
                self.found("enrolment", State::Ok, self.lang.d_key_fits());
            }
            Ok(_) => self.found("enrolment", State::Note, self.lang.d_key_fits_not()),
            Err(error) => self.found("enrolment", State::ToDo, error.to_string()),
        }
    }

    fn disk(&mut self) {
        match fs4::available_space(self.app.home.dir()) {
            Ok(free) => {
                let gib = format!("{:.1}", free as f64 / f64::from(1 << 30));
                match free < LOW_DISK {
                    true => self.found("disk", State::ToDo, self.lang.d_disk_low(gib)),
                    false => self.found("disk", State::Ok, self.lang.d_disk_free(gib)),
                }
            }
            Err(error) => self.found("disk", State::ToDo, error.to_string()),
        }
    }

    /// Nothing decides by a clock, but what it says is shown to others.
    fn clock(&mut self, genesis: Option<&Genesis>) {
        let now = setup::now();
        match genesis.filter(|genesis| genesis.created > now) {
            Some(genesis) => {
                let made = time(self.lang, genesis.created.as_millis());
                self.found("clock", State::ToDo, self.lang.d_clock_back(made));
            }
            None => self.found("clock", State::Ok, time(self.lang, now.as_millis())),
        }
    }

    /// What the running node says of itself.
    async fn running(&mut self) -> Result<(), Failure> {
        let link = self.app.running().await?;
        let node = link.node().await?;
        let agencies = link.agencies().await?;
        let Reply::Peers { peers } = link.0.call(Request::Peers).await? else { return Err(Failure::Unexpected) };
        link.close().await;
        let state = if node.writing == "open" { State::Ok } else { State::ToDo };
        self.found("node", state, self.lang.d_running(&node.version, &node.writing));
        self.ledger(node.head, node.disk_bytes);
        let known = agencies.iter().find(|agency| agency.code == node.agency);
        match known {
            None => self.found("roster", State::ToDo, self.lang.d_roster_unknown(&node.agency)),
            Some(own) if own.standing != "active" => {
                let standing = standing(self.lang, &own.standing);
                self.found("roster", State::ToDo, self.lang.d_standing(standing));
            }
            Some(own) if !own.nodes.contains(&node.node) => {
                self.found("roster", State::ToDo, self.lang.d_roster_node());
            }
            Some(_) => self.found("roster", State::Ok, self.lang.d_roster_ok(agencies.len())),
        }
        let others = agencies.iter().flat_map(|agency| &agency.nodes).any(|other| *other != node.node);
        match peers.len() {
            0 if others => self.found("peers", State::ToDo, self.lang.d_peers_none()),
            count => self.found("peers", State::Ok, self.lang.d_peers_some(count)),
        }
        self.waiting(&node);
        Ok(())
    }

    fn waiting(&mut self, node: &NodeView) {
        for (agency, number) in &node.quarantined {
            self.found("quarantine", State::Note, self.lang.d_quarantined(agency, number));
        }
        if node.blobs_wanted > 0 || node.unchecked > 0 {
            self.found("node", State::Note, self.lang.d_fetching(node.blobs_wanted, node.unchecked));
        }
    }

    fn ledger(&mut self, head: u64, bytes: u64) {
        self.found("ledger", State::Ok, self.lang.d_ledger_ok(head, bytes >> 20));
    }

    /// What the directory says while no node runs.
    fn stopped(&mut self) {
        let home = &self.app.home;
        let enrolment = setup::read_enrolment(&home.enrolment()).ok();
        if !home.ledger().exists() {
            self.found("ledger", State::ToDo, self.lang.d_ledger_missing(home.ledger().display()));
        } else {
            match Ledger::open_read_only(&home.ledger()) {
                Ok(ledger) => self.look_into(&ledger, enrolment.as_ref()),
                Err(error) => self.found("ledger", State::ToDo, error.to_string()),
            }
        }
        if enrolment.is_some() {
            self.found("node", State::Note, self.lang.d_not_running());
        }
    }

    fn look_into(&mut self, ledger: &Ledger, enrolment: Option<&Admission>) {
        let roster = ledger.roster();
        let bytes = ledger.sizes().disk_bytes;
        let Some(enrolment) = enrolment else {
            let head = roster.head().map_or(0, |head| head.seq.get());
            self.ledger(head, bytes);
            return self.found("roster", State::Ok, self.lang.d_roster_count(roster.agencies().count()));
        };
        let chain = ChainId::of_agency(roster.network(), &enrolment.code);
        let head = ledger.state(chain).head().map_or(0, |head| head.seq.get());
        self.ledger(head, bytes);
        self.mark(head);
        let Some(own) = roster.agency(chain) else {
            return self.found("roster", State::ToDo, self.lang.d_roster_unknown(&enrolment.code));
        };
        let given = ledger.state(chain).next_keys(own.policy()).map(|keys| keys.sign.clone());
        let key = setup::read_keys(&self.app.home.agency_key(), self.app.given_passphrase().ok().flatten().as_deref());
        let node = setup::read_keys(&self.app.home.node_key(), None);
        match (own.standing, key, node) {
            (Standing::Suspended, ..) => {
                self.found("roster", State::ToDo, self.lang.d_standing(self.lang.is_suspended()));
            }
            (Standing::Closed, ..) => self.found("roster", State::ToDo, self.lang.d_standing(self.lang.is_closed())),
            (_, Ok(Keys::Agency { sign, .. }), _) if given != Some(sign.public()) => {
                self.found("roster", State::ToDo, self.lang.d_roster_key());
            }
            (_, _, Ok(Keys::Node(node))) if !own.nodes.contains(&node_key(&node)) => {
                self.found("roster", State::ToDo, self.lang.d_roster_node());
            }
            _ => self.found("roster", State::Ok, self.lang.d_roster_ok(roster.agencies().count())),
        }
        for chain in ledger.chains() {
            if let Some(quarantine) = ledger.status(chain).quarantined {
                let name = roster.agency(chain).map_or("roster".to_owned(), |agency| agency.code.to_string());
                self.found("quarantine", State::Note, self.lang.d_quarantined(name, quarantine.from));
            }
        }
    }

    /// The ledger must not be older than the key that wrote it.
    fn mark(&mut self, head: u64) {
        let path = self.app.home.high_water();
        if !path.exists() {
            return;
        }
        match HighWater::open(&path).map(|mark| mark.number()) {
            Ok(mark) if mark > head => self.found("mark", State::ToDo, self.lang.d_mark_behind(mark, head)),
            Ok(mark) => self.found("mark", State::Ok, self.lang.d_mark_ok(mark)),
            Err(error) => self.found("mark", State::ToDo, error.to_string()),
        }
    }
}

fn node_key(key: &congvan::core::SecretKey) -> NodeKey {
    NodeKey::from_bytes(*key.public().id().as_bytes())
}
