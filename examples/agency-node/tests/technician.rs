//! The technician's page, docs/technician.md: its commands, in its order, with the real processes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use common::machine::{self, Machine, congvan};
use common::{Setting, until};
use congvan::core::invitation::InvitationCode;

const PAGE: &str = include_str!("../../../docs/technician.md");
/// What stands on the page for what the registrar says over the telephone.
const DESK: &str = "dangky.example.vn";
const CODE: &str = "33DX-Q6EX-K1DR-G6AV-KJDX-P6RW-S1SP";
const OFFICE: &str = "000.00.00.H55";
const AGENCY: &str = "000.00.09.H55";

/// The page's commands that contain a word.
fn block(word: &str) -> &'static str {
    machine::block(PAGE, word)
}

struct Desk(Child);

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_commands_lead_to_the_first_document() {
    let root = tempfile::tempdir().unwrap();
    let mut office = Setting::new(&root.path().join("office"));
    let agency = Setting::new(&root.path().join("agency"));
    office.offline_start = true;
    let machine = Machine { config: agency.write(), root };
    // The registrar's office, which is there before the technician comes.
    machine.run(&format!(
        "congvan --dir registrar network create --name 'Thái Nguyên'
         congvan --dir office agency create --network registrar/genesis.cgv --code {OFFICE} --name 'UBND tỉnh'
         congvan --dir registrar roster admit office/enrolment.cgv
         congvan --dir registrar ledger export -o roster.cgva
         congvan --dir office ledger import roster.cgva"
    ));
    let _office = office.start().await;

    let invited = machine.run(block("roster invite"));
    let code =
        invited.split_whitespace().find(|word| word.parse::<InvitationCode>().is_ok()).expect("a code").to_owned();
    let mut serving = Command::new(congvan());
    serving.args(["--json", "--dir", "registrar", "roster", "serve", "--listen", "/ip4/127.0.0.1/tcp/0"]);
    serving.args(["--node", "office", "--until-done"]).current_dir(machine.root.path()).stdout(Stdio::piped());
    let mut desk = Desk(serving.spawn().unwrap());
    let mut lines = BufReader::new(desk.0.stdout.take().unwrap()).lines();
    let listening = lines.next().unwrap().unwrap();
    let port = listening.split("/tcp/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let told = std::thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>().join("\n"));

    let enrol = block("agency enrol");
    assert!(enrol.contains(DESK) && enrol.contains(CODE));
    machine.run(&enrol.replace(DESK, &format!("127.0.0.1:{port}")).replace(CODE, &code));
    assert!(desk.0.wait().unwrap().success());
    let told = told.join().unwrap();
    assert!(told.contains("\"admitted\"") && told.contains("\"published\""), "{told}");

    // systemctl start: the configuration names no peer.
    let _agency = agency.start().await;
    until("the node is well", async || machine.shell("congvan doctor").status.success().then_some(())).await;
    assert!(machine.run(block("congvan doctor")).contains(OFFICE), "the office's node is a peer");

    let sent = machine.run(&format!("congvan --json --dir office send --to {AGENCY} --subject 'Văn bản đầu tiên'"));
    let id = sent.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap();
    machine.run(&format!("congvan wait {id} --timeout 30"));
    assert!(machine.run(block("congvan inbox")).contains("Văn bản đầu tiên"));
    machine.run(block("congvan backup"));
}
