//! A network in a directory of its own, with real nodes over real sockets.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;
use std::time::Duration;

use congvan::core::keyfile::Keys;
use congvan::core::{AgencyCode, AgencySecret, ChainId, Draft, Kind, RosterAction, Sorted, Time, WitnessPolicy};
use congvan::node::Builder;
use congvan::registrar::Registrar;
use congvan::setup::{self, Home, create_agency, create_network};
use congvan::store::{HighWater, Ledger};
use congvan::{Node, archive};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A network on disk whose agencies all have the roster.
pub(crate) struct Network {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) codes: Vec<AgencyCode>,
    pub(crate) desk: Registrar,
}

impl Network {
    pub(crate) fn new(agencies: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let registrar = dir.path().join("registrar");
        let genesis = create_network(&registrar, "Thái Nguyên", 1, 1, None).unwrap();
        let codes: Vec<_> = (0..agencies).map(|n| AgencyCode::new(format!("000.00.{n:02}.H55")).unwrap()).collect();
        let desk = Registrar::open(&registrar, None).unwrap();
        for code in &codes {
            let home = dir.path().join(code.as_str());
            let admission = create_agency(&home, &genesis, code.clone(), code.as_str(), None, None).unwrap();
            desk.change(RosterAction::Admit(admission)).unwrap();
        }
        let network = Self { dir, codes, desk };
        for n in 0..agencies {
            network.share_roster(&network.ledger(n));
        }
        network
    }

    /// An agency's ledger, while no node has it.
    pub(crate) fn ledger(&self, n: usize) -> Ledger {
        Ledger::open(&Home::new(self.home(n)).ledger(), Default::default()).unwrap()
    }

    /// Carries the roster as it is at the registrar's desk to a ledger.
    pub(crate) fn share_roster(&self, ledger: &Ledger) {
        let mut roster = Vec::new();
        archive::export(self.desk.ledger(), false, &mut roster, &mut |_| {}).unwrap();
        archive::import(ledger, roster.as_slice(), &mut |_| {}).unwrap();
    }

    pub(crate) fn home(&self, n: usize) -> PathBuf {
        self.dir.path().join(self.codes[n].as_str())
    }

    pub(crate) async fn start(&self, n: usize, bootstrap: &[String]) -> Node {
        self.start_with(n, bootstrap, |builder| builder).await
    }

    pub(crate) async fn start_with(&self, n: usize, bootstrap: &[String], set: impl Fn(Builder) -> Builder) -> Node {
        let builder = set(Node::builder(self.home(n)).listen("/ip4/127.0.0.1/tcp/0"));
        let node = bootstrap
            .iter()
            .fold(builder, |builder, address| builder.bootstrap(address.clone()))
            .start()
            .await
            .unwrap();
        eventually("the node listens", async || !node.listen_addresses().await.is_empty()).await;
        node
    }
}

/// A network of which all agencies but the first are witnesses.
pub(crate) fn witnessed(agencies: usize, threshold: u16) -> Network {
    let network = Network::new(agencies);
    let roster = network.desk.roster();
    let chains = network.codes[1..].iter().map(|code| roster.by_code(code).unwrap().chain).collect();
    let witnesses = Sorted::from_unsorted(chains).unwrap();
    network.desk.change(RosterAction::Witnesses(WitnessPolicy { witnesses, threshold })).unwrap();
    for n in 0..agencies {
        network.share_roster(&network.ledger(n));
    }
    network
}

/// Waits for a condition, with a bound.
pub(crate) async fn eventually(what: &str, holds: impl AsyncFnMut() -> bool) {
    eventually_within(PATIENCE, what, holds).await;
}

/// The same with a bound of one's own.
pub(crate) async fn eventually_within(patience: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + patience;
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "timed out: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The keys in an agency's directory.
pub(crate) fn secret(network: &Network, n: usize) -> AgencySecret {
    match setup::read_keys(&Home::new(network.home(n)).agency_key(), None).unwrap() {
        Keys::Agency { sign, seals } => AgencySecret { sign, seal: seals[0].clone() },
        _ => panic!("no agency's keys"),
    }
}

/// Has an agency write into some ledger, past its node's rules, as hostile software does.
pub(crate) fn write(network: &Network, ledger: &Ledger, n: usize, kind: Kind, payload: Vec<u8>) {
    let mark = network.dir.path().join("mark");
    let writer = ledger.writer(chain_of(network, n), secret(network, n), HighWater::open(&mark).unwrap());
    let writer = writer.unwrap();
    writer.append(Draft { kind, time: Time::from_millis(1), payload }).unwrap();
    writer.close();
    std::fs::remove_file(mark).unwrap();
}

pub(crate) fn chain_of(network: &Network, n: usize) -> ChainId {
    network.desk.roster().by_code(&network.codes[n]).unwrap().chain
}
