//! Enrolment by a one-time code, as registrar and technician type it: no file is carried by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use common::{H55, Net, Ran, congvan, json, run};
use congvan::core::invitation::InvitationCode;
use congvan::core::rng;
use congvan::{Gate, Node, Outgoing};
use serde_json::Value;

const NEW: &str = "000.00.09.H55";
const BOUND: Duration = Duration::from_secs(60);

/// `congvan roster serve`, running.
struct Serving {
    child: Child,
    events: Receiver<Value>,
    at: String,
}

impl Serving {
    fn start(net: &Net, more: &[&str]) -> Self {
        let mut command = congvan();
        command.args(["--json", "--dir", &net.str("registrar"), "roster", "serve"]);
        command.args(["--listen", "/ip4/127.0.0.1/tcp/0"]).args(more);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (tell, events) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = tell.send(serde_json::from_str(&line).unwrap());
            }
        });
        let mut serving = Self { child, events, at: String::new() };
        let listening = serving.event("listening");
        let address = listening["addresses"][0].as_str().unwrap().to_owned();
        serving.at = format!("127.0.0.1:{}", address.rsplit('/').next().unwrap());
        serving
    }

    /// The next event of a kind; others before it are passed over.
    #[track_caller]
    fn event(&self, kind: &str) -> Value {
        loop {
            let event = self.events.recv_timeout(BOUND).unwrap_or_else(|error| panic!("no {kind}: {error}"));
            if event["event"] == kind {
                return event;
            }
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn invite(net: &Net, agency: &str, more: &[&str]) -> String {
    let words = [&["roster", "invite", "--code", agency, "--name", "Phòng Tin học"], more].concat();
    let invited = json(&net.path("registrar"), &words).ok().json();
    invited["code"].as_str().unwrap().to_owned()
}

fn enrol(dir: &Path, at: &str, code: &str) -> Ran {
    run(dir, &["agency", "enrol", "--at", at, code])
}

fn invitations(net: &Net) -> Vec<(String, String)> {
    let listed = json(&net.path("registrar"), &["roster", "invitations"]).ok().json();
    let text = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
    listed["invitations"].as_array().unwrap().iter().map(|line| (text(line, "agency"), text(line, "state"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_all_that_is_carried_and_a_document_arrives() {
    let net = Net::new();
    let h55 = Node::builder(net.path("h55")).listen("/ip4/127.0.0.1/tcp/0").start().await.unwrap();
    h55.serve_control().await.unwrap();
    let code = invite(&net, NEW, &["--parent", H55]);
    let (desk, ran) = tokio::task::spawn_blocking({
        let (dir, node) = (net.path("new"), net.str("h55"));
        let net_ = Serving::start(&net, &["--node", &node, "--until-done"]);
        // As it was heard over the telephone.
        let heard = code.to_lowercase().replace('-', " ");
        move || {
            let ran = json(&dir, &["agency", "enrol", "--at", &net_.at, &heard]);
            (net_, ran)
        }
    })
    .await
    .unwrap();
    let enrolled = ran.ok().json();
    assert_eq!(
        (&enrolled["state"], &enrolled["code"], &enrolled["roster"]),
        (&"admitted".into(), &NEW.into(), &4.into())
    );
    let admitted = desk.event("admitted");
    assert_eq!((&admitted["key"], &admitted["number"]), (&enrolled["key"], &4.into()));
    assert_eq!(desk.event("published")["reached"], 4);
    desk.event("closed");
    let mut desk = desk;
    assert!(desk.child.wait().unwrap().success(), "--until-done ends once nobody is expected");
    assert_eq!(invitations(&net), [(NEW.to_owned(), "admitted".to_owned())]);

    // No configuration: the peers are remembered. H55 learned of the agency from its desk.
    let new = Node::builder(net.path("new")).listen("/ip4/127.0.0.1/tcp/0").start().await.unwrap();
    new.serve_control().await.unwrap();
    assert_eq!(h55.wait_writable(BOUND).await, Gate::Open);
    let to = vec![congvan::core::AgencyCode::new(NEW).unwrap()];
    let sent = h55.send(Outgoing { to, ..Outgoing::default() }).await.unwrap();
    let id = sent.entry.id.to_string();
    let dir = net.path("new");
    tokio::task::spawn_blocking(move || {
        run(&dir, &["wait", &id, "--timeout", "60"]).ok();
        run(&dir, &["doctor"]).ok();
        let listed = json(&dir, &["roster", "list"]).ok().json();
        let own = listed["agencies"].as_array().unwrap().iter().find(|agency| agency["code"] == NEW).unwrap().clone();
        assert_eq!((&own["parent"], &own["name"]), (&H55.into(), &"Phòng Tin học".into()));
    })
    .await
    .unwrap();
    new.shutdown().await;
    h55.shutdown().await;
}

#[test]
fn what_goes_wrong_is_named_and_says_what_to_do() {
    let net = Net::new();
    let code = invite(&net, NEW, &[]);
    let dir = net.path("new");
    // Nobody listens there: what is mistyped is noticed before anything is sent.
    let nowhere = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let slip = if code.starts_with('7') { "5" } else { "7" };
    enrol(&dir, &nowhere, &format!("{slip}{}", &code[1..])).fails(2).says("group 1").says("nothing was sent");
    enrol(&dir, &nowhere, &code[..30]).fails(2).says("28 letters");
    run(&dir, &["agency", "enrol", "--at", "host:port", &code]).fails(2).says("HOST:PORT");
    run(&dir, &["agency", "enrol", "--at", &nowhere, &code, "--lang", "vi"])
        .fails(3)
        .says("không tới được")
        .says("tường lửa");
    // Something else listens.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let closing = std::thread::spawn(move || drop(other.accept().unwrap()));
    enrol(&dir, &address, &code).fails(3).says("7413 by default");
    closing.join().unwrap();
    assert!(!dir.exists(), "nothing is made before the desk has proved itself");

    let desk = Serving::start(&net, &[]);
    // A code that nobody gave, but well typed.
    let stranger = InvitationCode::generate(&mut rng::from_os().unwrap()).expose().to_string();
    enrol(&dir, &desk.at, &stranger).fails(1).says("knows this code").says("roster invite");
    // The directory is another agency's.
    enrol(&net.path("h55"), &desk.at, &code).fails(1).says(H55).says(NEW);
    assert!(!dir.exists());
    // Another invitation keeps the desk open.
    invite(&net, "000.00.10.H55", &[]);
    let first = json(&dir, &["agency", "enrol", "--at", &desk.at, &code]).ok().json();
    let again = json(&dir, &["agency", "enrol", "--at", &desk.at, &code]).ok().json();
    assert_eq!(first["key"], again["key"], "repeated, it is the same enrolment");
    enrol(&net.path("second"), &desk.at, &code).fails(1).says("used already").says("tell the registrar");
    assert!(desk.event("refused")["reason"].as_str().unwrap().contains("used"));
    // The code is not kept anywhere.
    for file in std::fs::read_dir(net.path("registrar")).unwrap().map(|file| file.unwrap().path()) {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let found = [code.as_str(), &code.replace('-', "")]
            .iter()
            .any(|text| bytes.windows(text.len()).any(|w| w == text.as_bytes()));
        assert!(!found, "{}", file.display());
    }
}

#[test]
fn an_invitation_ends_by_time_or_by_the_registrars_word() {
    let net = Net::new();
    let [late, revoked] =
        ["000.00.10.H55", "000.00.11.H55"].map(|agency| invite(&net, agency, &["--valid-hours", "1"]));
    // One that stays, so that the desk is open.
    invite(&net, NEW, &[]);
    net.registrar(&["roster", "invite", "--code", NEW, "--name", "x"]).fails(1).says("--revoke");
    net.registrar(&["roster", "invite", "--code", H55, "--name", "x"]).fails(1).says("in the roster");
    net.registrar(&["roster", "invite", "--code", "a", "--name", "x", "--parent", "b"]).fails(1).says("parent");
    net.registrar(&["roster", "invite", "--code", "a", "--name", "x", "--valid-hours", "721"]).fails(2);
    run(&net.path("h55"), &["roster", "invite", "--code", "a", "--name", "x"]).fails(2).says("registrar");
    net.registrar(&["roster", "invitations", "--revoke", "000.00.11.H55"]).ok().says("taken back");
    net.registrar(&["roster", "invitations", "--revoke", "000.00.11.H55"]).fails(1).says("no open invitation");
    // An hour passes for the first.
    let path = net.path("registrar").join("invitations.json");
    let mut file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    file["invitations"][0]["expires"] = 1.into();
    std::fs::write(&path, file.to_string()).unwrap();
    let states: Vec<_> = invitations(&net).into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["expired", "revoked", "open"]);

    let desk = Serving::start(&net, &[]);
    enrol(&net.path("late"), &desk.at, &late).fails(1).says("expired").says("new code");
    enrol(&net.path("revoked"), &desk.at, &revoked).fails(1).says("took the code back");
    // The last one ends while the desk is open: the port closes.
    net.registrar(&["roster", "invitations", "--revoke", NEW]).ok();
    desk.event("closed");
    let gone = std::net::TcpStream::connect(&desk.at);
    assert!(gone.is_err(), "nobody listens while nobody is invited");
}

#[test]
fn where_a_change_needs_two_registrars_it_waits_for_the_second() {
    let net = Net::new();
    let genesis = net.str("registrar/genesis.cgv");
    let made = json(&net.path("desk-2"), &["roster", "desk", "--network", &genesis]).ok().json();
    net.registrar(&["roster", "registrars", "--threshold", "2", "--add", made["key"].as_str().unwrap()]).ok();
    net.share_roster(&["desk-2"]);
    let code = invite(&net, NEW, &[]);
    let desk = Serving::start(&net, &[]);
    let dir = net.path("new");
    let mut typed = congvan();
    typed.args(["--json", "--dir", &net.str("new"), "agency", "enrol", "--at", &desk.at]);
    let mut typed = typed.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(typed.stdin.take().unwrap(), "{code}").unwrap();
    let waiting: Ran = typed.wait_with_output().unwrap().into();
    let waiting = waiting.fails(3).json();
    assert_eq!(
        (&waiting["state"], &waiting["approved"], &waiting["needed"]),
        (&"waiting".into(), &1.into(), &2.into())
    );
    assert_eq!(desk.event("waiting")["agency"], NEW);
    enrol(&dir, &desk.at, &code).fails(3).says("1 of 2").says("repeat this command");

    let requests = json(&net.path("registrar"), &["roster", "requests"]).ok().json();
    let request = &requests["requests"][0];
    assert_eq!((&request["agency"], &request["key"]), (&NEW.into(), &waiting["key"]));
    let file = request["file"].as_str().unwrap();
    // Another change comes first: the motion is made anew for its new place.
    let close = net.str("close.cgvm");
    net.registrar(&["roster", "propose", "-o", &close, "suspend", H55, "--none"]).ok();
    run(&net.path("desk-2"), &["roster", "submit", &close]).ok();
    let exported = net.str("desk-2.cgva");
    run(&net.path("desk-2"), &["ledger", "export", "-o", &exported]).ok();
    net.registrar(&["ledger", "import", &exported]).ok();
    run(&net.path("desk-2"), &["roster", "approve", file, "--yes"]).fails(1).says("propose it again");
    net.registrar(&["roster", "requests"]).ok().says("roster approve");
    run(&net.path("desk-2"), &["roster", "approve", file, "--yes"]).ok();
    net.registrar(&["roster", "submit", file]).ok();
    let enrolled = json(&dir, &["agency", "enrol", "--at", &desk.at, &code]).ok().json();
    assert_eq!((&enrolled["state"], &enrolled["key"]), (&"admitted".into(), &waiting["key"]));
    assert_eq!(json(&net.path("registrar"), &["roster", "requests"]).ok().json()["requests"], serde_json::json!([]));
}

#[test]
fn the_registrars_other_commands_work_while_the_desk_is_open() {
    let net = Net::new();
    invite(&net, NEW, &[]);
    let _desk = Serving::start(&net, &[]);
    net.registrar(&["roster", "suspend", "000.00.02.H55"]).ok();
    net.registrar(&["roster", "list"]).ok().says("suspended");
    net.registrar(&["roster", "publish", "--node", &net.str("h55")]).fails(3).says("no node runs");
}
