//! Registrars at desks of their own: three directories, three keys, two of them for every change.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;

use common::{H55, Net, Ran, TC, congvan, json, run};
use serde_json::Value;

/// A network whose three registrars each have a directory, with a key that was made there and never left it.
struct Desks {
    net: Net,
    keys: Vec<String>,
}

const DESKS: [&str; 3] = ["registrar", "desk-2", "desk-3"];

impl Desks {
    fn new() -> Self {
        let net = Net::new();
        let genesis = net.str("registrar/genesis.cgv");
        let first = json(&net.path("."), &["fingerprint", &genesis]).ok().json()["registrars"][0].clone();
        let mut keys = vec![first.as_str().unwrap().to_owned()];
        for desk in &DESKS[1..] {
            let made = json(&net.path(desk), &["roster", "desk", "--network", &genesis]).ok().json();
            keys.push(made["key"].as_str().unwrap().to_owned());
        }
        let words = ["roster", "registrars", "--threshold", "2", "--add", &keys[1], "--add", &keys[2]];
        net.registrar(&words).ok();
        let desks = Self { net, keys };
        desks.share();
        desks
    }

    /// Carries the newest roster to every desk.
    fn share(&self) {
        self.net.share_roster(&DESKS[1..]);
    }

    fn at(&self, desk: usize, words: &[&str]) -> Ran {
        run(&self.net.path(DESKS[desk]), words)
    }

    fn json(&self, desk: usize, words: &[&str]) -> Value {
        json(&self.net.path(DESKS[desk]), words).ok().json()
    }

    fn standing(&self, desk: usize, code: &str) -> Value {
        let listed = self.json(desk, &["roster", "list"]);
        let agencies = listed["agencies"].as_array().unwrap().clone();
        agencies.into_iter().find(|agency| agency["code"] == code).unwrap()["standing"].clone()
    }
}

#[test]
fn two_of_three_desks_change_the_roster() {
    let desks = Desks::new();
    let file = desks.net.str("suspend.cgvm");
    // One alone no longer can.
    desks.at(0, &["roster", "suspend", TC]).fails(1).says("2").says("propose");
    assert_eq!(desks.standing(0, TC), "active");

    let proposed = desks.json(0, &["roster", "propose", "-o", &file, "suspend", TC, "--none"]);
    assert_eq!((&proposed["approved"][0], &proposed["ready"]), (&desks.keys[0].as_str().into(), &false.into()));
    desks.at(0, &["roster", "submit", &file]).fails(1).says("2");
    // The second desk reads what it is about before it signs.
    let before = fs::read(&file).unwrap();
    desks
        .at(1, &["roster", "approve", &file])
        .fails(1)
        .says("suspend the agency")
        .says(TC)
        .says("Sở Tài chính")
        .says("--yes");
    desks.at(1, &["--lang", "vi", "roster", "approve", &file]).fails(1).says("tạm dừng cơ quan").says(TC);
    assert_eq!(fs::read(&file).unwrap(), before, "looking signs nothing");
    let approved = desks.json(1, &["roster", "approve", &file, "--yes"]);
    assert_eq!((&approved["ready"], &approved["signed"]), (&true.into(), &true.into()));
    // Approving again adds nothing.
    let once = fs::read(&file).unwrap();
    desks.at(1, &["roster", "approve", &file, "--yes"]).ok();
    assert_eq!(fs::read(&file).unwrap(), once);

    // The first submits what the second approved.
    let submitted = desks.json(0, &["roster", "submit", &file]);
    assert_eq!((&submitted["number"], desks.standing(0, TC)), (&proposed["number"], "suspended".into()));
    desks.share();
    assert_eq!(desks.standing(2, TC), "suspended");
    // It is done once: its place is taken.
    desks.at(0, &["roster", "submit", &file]).fails(1).says("moved on").says("roster propose");

    // Any two will do, and who submits is one of them.
    let file = desks.net.str("reinstate.cgvm");
    desks.at(2, &["roster", "propose", "-o", &file, "reinstate", TC]).ok();
    desks.at(1, &["roster", "submit", &file]).ok();
    assert_eq!(desks.standing(1, TC), "active");
    // Agencies and auditors see the same.
    let ledger = desks.net.str("roster.cgva");
    desks.at(1, &["ledger", "export", "-o", &ledger]).ok();
    run(&desks.net.path("h55"), &["ledger", "import", &ledger]).ok();
    desks.at(2, &["audit", &ledger]).ok();
}

#[test]
fn a_proposal_that_the_roster_left_behind_is_refused_at_every_step() {
    let desks = Desks::new();
    let (old, new) = (desks.net.str("old.cgvm"), desks.net.str("new.cgvm"));
    desks.at(0, &["roster", "propose", "-o", &old, "suspend", TC]).ok();
    desks.at(1, &["roster", "propose", "-o", &new, "suspend", H55]).ok();
    desks.at(0, &["roster", "approve", &new, "--yes"]).ok();
    desks.at(1, &["roster", "submit", &new]).ok();
    for words in [&["roster", "approve", &old][..], &["roster", "approve", &old, "--yes"], &["roster", "submit", &old]]
    {
        desks.at(1, words).fails(1).says("moved on").says("propose it again");
    }
    // A desk whose own roster is old is told so, instead of that the proposal is.
    let next = desks.net.str("next.cgvm");
    desks.at(1, &["roster", "propose", "-o", &next, "suspend", TC]).ok();
    desks.at(2, &["roster", "approve", &next, "--yes"]).fails(1).says("import").says("ends at 4");
    desks.share_from(1);
    desks.at(2, &["roster", "approve", &next, "--yes"]).ok();
    desks.at(2, &["roster", "submit", &next]).ok();
    assert_eq!(desks.standing(2, TC), "suspended");
}

impl Desks {
    fn share_from(&self, desk: usize) {
        let file = self.net.str("from.cgva");
        self.at(desk, &["ledger", "export", "-o", &file]).ok();
        for other in (0..3).filter(|other| *other != desk) {
            self.at(other, &["ledger", "import", &file]).ok();
        }
    }
}

#[test]
fn what_is_no_approval_counts_for_nothing() {
    let desks = Desks::new();
    let file = desks.net.str("x.cgvm");
    desks.at(0, &["roster", "propose", "-o", &file, "close", TC]).ok();
    let good = fs::read(&file).unwrap();
    // A stranger's desk, with a key that nobody made a registrar's.
    let genesis = desks.net.str("registrar/genesis.cgv");
    let stranger = desks.net.path("stranger");
    run(&stranger, &["roster", "desk", "--network", &genesis]).ok();
    run(&stranger, &["ledger", "import", &desks.net.str("roster.cgva")]).ok();
    run(&stranger, &["roster", "approve", &file, "--yes"]).fails(1).says("registrars --add");
    run(&stranger, &["roster", "submit", &file]).fails(1);
    // Another change under the same approval: each byte of the file is either the change or a signature over it.
    let mut refused = 0;
    for at in (0..good.len()).step_by(5) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&file, &bad).unwrap();
        let ran = desks.at(1, &["roster", "submit", &file]);
        assert!(matches!(ran.code, 1 | 2), "byte {at}: {ran:?}");
        refused += 1;
    }
    assert!(refused > 30);
    assert_eq!(desks.standing(1, TC), "active");
    // Another network's proposal, an agency's file, nothing at all.
    let other = desks.net.path("other");
    run(&other, &["network", "create", "--name", "Khác"]).ok();
    fs::write(&file, &good).unwrap();
    run(&other, &["roster", "approve", &file, "--yes"]).fails(1).says("network");
    desks.at(1, &["roster", "approve", &desks.net.str("tc/enrolment.cgv")]).fails(2).says("no proposal");
    desks.at(1, &["roster", "submit", "/nowhere"]).fails(2).says("/nowhere");
    desks.at(1, &["roster", "approve", &file, "--yes"]).ok();
}

#[test]
fn registrars_come_and_go_by_the_rule_that_holds_before() {
    let desks = Desks::new();
    let (file, key) = (desks.net.str("x.cgvm"), desks.keys[2].clone());
    desks.at(0, &["roster", "propose", "-o", &file, "registrars", "--remove", &key]).ok();
    desks.at(1, &["roster", "approve", &file]).fails(1).says("removed").says(&key).says("2 of 2").says("2 of 3");
    desks.at(1, &["roster", "submit", &file]).ok();
    desks.share_from(1);
    let next = desks.net.str("next.cgvm");
    desks.at(2, &["roster", "propose", "-o", &next, "suspend", TC]).fails(1).says("registrars --add");
    desks.at(0, &["roster", "propose", "-o", &next, "suspend", TC]).ok();
    desks.at(2, &["roster", "approve", &next, "--yes"]).fails(1);
    // What cannot be: fewer registrars than a change needs, a stranger removed, nothing said, no key.
    let propose = |words: &[&str]| desks.at(0, &[&["roster", "propose", "-o", &next, "registrars"], words].concat());
    propose(&["--remove", &desks.keys[1]]).fails(1).says("2 of 1");
    propose(&["--remove", &key]).fails(1).says(&key);
    propose(&["--threshold", "3"]).fails(1).says("3 of 2");
    propose(&[]).fails(2);
    propose(&["--add", "xyz"]).fails(2);
    propose(&["--add", &"00".repeat(32)]).fails(1);
    // Every change can be proposed; one at a time.
    desks.net.agency("new", TC, "Sở Tài chính").ok();
    let enrolment = desks.net.str("new/enrolment.cgv");
    let rotate = ["roster", "propose", "-o", &next, "rotate", TC, "--enrolment", &enrolment];
    desks.at(0, &[&rotate[..], &["--nodes"]].concat()).fails(1).says("one change");
    desks.at(0, &rotate).ok();
    desks.at(0, &["roster", "propose", "-o", &next, "nodes", "--enrolment", &enrolment]).ok();
    desks.at(1, &["roster", "submit", &next]).ok();
}

#[test]
fn a_desk_is_made_once_and_its_key_may_be_encrypted() {
    let net = Net::new();
    let (dir, genesis) = (net.path("desk"), net.str("registrar/genesis.cgv"));
    let words = ["roster", "desk", "--network", &genesis, "--encrypt"];
    let made = congvan().env("CONGVAN_PASSPHRASE", "mật khẩu").arg("--dir").arg(&dir).args(words).output().unwrap();
    assert_eq!(made.status.code(), Some(0));
    run(&dir, &words[..4]).fails(1).says("exists");
    run(&dir, &["roster", "suspend", TC]).fails(2).says("CONGVAN_PASSPHRASE");
    run(&net.path("registrar"), &words[..4]).fails(1).says("exists");
}
