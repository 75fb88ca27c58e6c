//! docs/operations.md from backup to disaster: its commands, in its order, with the real processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::machine::{self, Machine};
use common::{NodeProcess, Setting, until};

const PAGE: &str = include_str!("../../../docs/operations.md");
const OFFICE: &str = "000.00.00.H55";
const AGENCY: &str = "000.00.02.H55";
/// The number that stands on the page for the last good one.
const LAST: &str = "417";

fn block(word: &str) -> &'static str {
    machine::block(PAGE, word)
}

/// The registrar's office and an agency, each with a node that runs.
struct Network {
    machine: Machine,
    agency: Setting,
    office_node: NodeProcess,
    agency_node: Option<NodeProcess>,
}

impl Network {
    async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut office = Setting::new(&root.path().join("office"));
        let mut agency = Setting::new(&root.path().join("agency"));
        office.offline_start = true;
        let machine = Machine { config: agency.write(), root };
        machine.run(&format!(
            "congvan --dir registrar network create --name 'Thái Nguyên'
             congvan --dir office agency create --network registrar/genesis.cgv --code {OFFICE} --name 'UBND tỉnh'
             congvan --dir agency agency create --network registrar/genesis.cgv --code {AGENCY} --name 'Sở Tài chính'
             congvan --dir registrar roster admit office/enrolment.cgv
             congvan --dir registrar roster admit agency/enrolment.cgv
             congvan --dir registrar ledger export -o roster.cgva
             congvan --dir office ledger import roster.cgva
             congvan --dir agency ledger import roster.cgva
             mkdir backup"
        ));
        let office_node = office.start().await;
        agency.bootstrap = vec![office_node.address().await];
        let agency_node = Some(agency.start().await);
        let network = Self { machine, agency, office_node, agency_node };
        network.well().await;
        network
    }

    /// The node may write and has a peer.
    async fn well(&self) {
        let well = async || self.machine.shell("congvan doctor").status.success().then_some(());
        until("the agency's node is well", well).await;
    }

    /// Runs commands of the page at the agency; systemctl's are done by hand.
    async fn at_agency(&mut self, commands: &str) {
        let here = self.machine.root.path().display().to_string();
        let commands = commands.replace("/var/lib/congvan", &format!("{here}/agency"));
        let commands = commands.replace("/srv/backup", &format!("{here}/backup"));
        let mut script = String::new();
        for line in commands.lines().flat_map(|line| line.split(" && ")) {
            match line {
                "systemctl stop congvan-node" => {
                    self.machine.run(&std::mem::take(&mut script));
                    let mut node = self.agency_node.take().unwrap();
                    assert_eq!(node.signal("TERM").await.0.code(), Some(0));
                }
                "systemctl start congvan-node" => {
                    self.machine.run(&std::mem::take(&mut script));
                    self.agency_node = Some(self.agency.start().await);
                }
                line => script.push_str(&format!("{line}\n")),
            }
        }
        self.machine.run(&script);
    }

    /// Runs commands of the page at the registrar's office.
    fn at_registrar(&self, commands: &str) -> String {
        self.machine.run(&commands.replace("/var/lib/congvan", "office"))
    }

    /// Sends from the agency; the number that the document has.
    fn send(&self, subject: &str) -> u64 {
        let sent = self.machine.run(&format!("congvan --json send --to {OFFICE} --subject '{subject}'"));
        sent.split("\"number\":").nth(1).unwrap().split([',', '}']).next().unwrap().trim().parse().unwrap()
    }

    async fn reaches_the_office(&self, number: u64) {
        let reached = async || (self.office_node.head_of(AGENCY).await >= number).then_some(());
        until(&format!("number {number} reaches the office"), reached).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_restored_and_what_came_after_it_is_taken_back_from_peers() {
    let mut network = Network::new().await;
    network.send("Trước khi sao lưu");
    let today = network.machine.run("date +%F").trim().to_owned();
    network.at_agency(block("congvan backup")).await;
    let last = network.send("Sau khi sao lưu");
    network.reaches_the_office(last).await;
    let dated = |commands: &str| commands.replace("2026-11-24", &today);
    network.machine.run(&format!("congvan audit backup/{today}"));
    network.at_agency(&dated(block("congvan restore"))).await;
    network.well().await;
    assert_eq!(network.send("Sau khi phục hồi"), last + 1, "no number is used twice");
    assert!(network.machine.run("congvan outbox").contains("Sau khi sao lưu"));
    network.at_agency(block("rm -r /var/lib/congvan/search")).await;
    network.well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_in_good_order_and_after_a_theft_and_an_agency_is_suspended_and_comes_back() {
    let mut network = Network::new().await;
    network.send("Trước khi thay khóa");
    network.at_agency(block("rotate-key")).await;
    let last = network.send("Sau khi thay khóa");
    network.reaches_the_office(last).await;

    // Stolen: the registrar ends it, and gives new keys.
    let good = |commands: &str| commands.replace(LAST, &last.to_string());
    network.at_registrar(&good(block("roster revoke")));
    network.at_agency(block("agency create --network /var/lib/congvan/genesis.cgv")).await;
    network.machine.run("cp agency.new/enrolment.cgv enrolment.cgv");
    network.at_registrar(&good(block("roster rotate")));
    network.machine.run("echo '{\"users\": {}}' > agency/users.json; chmod 600 agency/users.json");
    network.at_agency(block("mv /var/lib/congvan /var/lib/congvan.lost")).await;
    network.well().await;
    assert!(network.agency.home.join("users.json").exists());
    let number = network.send("Với khóa mới");
    assert_eq!(number, last + 1);
    network.reaches_the_office(number).await;
    assert!(network.machine.run("congvan --dir office inbox").contains("Với khóa mới"));

    // Suspended, reinstated, closed; one by one, so that each is seen.
    let mut changes = block("roster suspend").lines();
    let (suspend, reinstate, close) = (changes.next().unwrap(), changes.next().unwrap(), changes.next().unwrap());
    let publish = "congvan --dir registrar roster publish --node office";
    network.at_registrar(&format!("{}\n{suspend} --last {number}\n{publish}", newest()));
    let refused = async |word: &str| {
        let says = || String::from_utf8(network.machine.shell("congvan doctor").stdout).unwrap().contains(word);
        until(&format!("the node knows that it is {word}"), async || says().then_some(())).await;
        assert!(!network.machine.shell(&format!("congvan send --to {OFFICE} --subject x")).status.success());
    };
    refused("suspended").await;
    network.at_registrar(&format!("{reinstate}\n{publish}"));
    network.well().await;
    network.reaches_the_office(network.send("Hoạt động lại")).await;
    network.at_registrar(&format!("{}\n{}\n{publish}", newest(), close.replace(LAST, &(number + 1).to_string())));
    // Nobody talks to a closed agency any more, so that it may never be told; everybody else knows.
    let known = || String::from_utf8(network.machine.shell("congvan --dir office roster list").stdout).unwrap();
    until("the office knows that it is closed", async || known().contains("closed").then_some(())).await;
}

/// The newest ledger, for the registrar's desk.
fn newest() -> String {
    block("roster revoke").lines().take(2).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn several_registrars_change_the_roster_together() {
    let root = tempfile::tempdir().unwrap();
    let agency = Setting::new(&root.path().join("agency"));
    let machine = Machine { config: agency.write(), root };
    let run = |commands: &str| machine.run(&format!("export CONGVAN_PASSPHRASE='một câu dài'\n{commands}"));
    let mut desks = block("roster desk --network").lines();
    let mut keys = Vec::new();
    run(desks.next().unwrap());
    run("cp desk-1/genesis.cgv .");
    for desk in desks.by_ref().take(2) {
        let made = run(&desk.replacen("congvan", "congvan --json", 1));
        let key = made.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64);
        keys.extend(key.map(str::to_owned).next_back());
    }
    run(&desks.next().unwrap().replace("KEY2", &keys[0]).replace("KEY3", &keys[1]));
    run(&format!(
        "congvan --dir agency agency create --network genesis.cgv --code {AGENCY} --name 'Sở Tài chính'
         congvan --dir desk-1 roster propose -o admit.cgvm admit agency/enrolment.cgv
         congvan --dir desk-1 ledger export -o roster.cgva
         for desk in desk-2 desk-3; do congvan --dir $desk ledger import roster.cgva; done
         congvan --dir desk-2 roster approve admit.cgvm --yes
         congvan --dir desk-1 roster submit admit.cgvm
         congvan --dir desk-1 ledger export -o roster.cgva
         for desk in desk-2 desk-3; do congvan --dir $desk ledger import roster.cgva; done"
    ));
    let mut steps = block("roster propose").lines();
    run(&steps.next().unwrap().replace(" --last 417", ""));
    let looked = steps.next().unwrap().split('#').next().unwrap();
    run(&format!("! {looked}"));
    steps.for_each(|step| drop(run(step)));
    assert!(run("congvan --dir desk-1 roster list").contains("closed"));
}
