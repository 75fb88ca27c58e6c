//! Exported ledgers, audits of them, backups.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::time::{Duration, Instant};

use common::{H55, Net, TTTT, json, run, sample, two_nodes_with};

fn position(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|window| window == part).expect("it is in there")
}

#[test]
fn copies_of_two_nodes_are_genuine_and_equal() {
    let net = Net::new();
    net.send_packet();
    net.carry("h55", "tttt");
    net.carry("tttt", "h55");
    net.h55(&["ledger", "export", "--blobs", "-o", &net.str("a.cgva")]).ok();
    net.tttt(&["ledger", "export", "--blobs", "-o", &net.str("b.cgva")]).ok();
    let audited = json(&net.path("."), &["audit", &net.str("a.cgva"), &net.str("b.cgva"), &net.str("h55")]);
    let audited = audited.ok().json();
    assert_eq!((&audited["verdict"], &audited["equal"]), (&"genuine".into(), &true.into()));
    let reports = audited["reports"].as_array().unwrap();
    assert_eq!(reports.len(), 3);
    let h55 = reports[0]["chains"].as_array().unwrap().iter().find(|chain| chain["agency"] == H55).unwrap();
    assert_eq!(h55["entries"], 1);
    assert!(reports[0]["chunks"].as_u64().unwrap() > 0, "attachments are in it and checked");
    // It is the network that its agencies know.
    let shown = json(&net.path("."), &["fingerprint", &net.str("h55/genesis.cgv")]).ok().json();
    assert_eq!(reports[0]["fingerprint"], shown["fingerprint"]);
    assert!(!net.path("a.cgva.part").exists());
    run(&net.path("nowhere"), &["ledger", "export", "-o", &net.str("none.cgva")]).fails(2);
    assert!(!net.path("none.cgva.part").exists() && !net.path("none.cgva").exists());
}

#[test]
fn an_altered_byte_is_found_and_its_place_named() {
    let net = Net::new();
    net.h55(&["send", "--offline", "--public", "--to", common::TC, "--subject", "Công khai 0"]).ok();
    net.h55(&["send", "--offline", "--public", "--to", common::TC, "--subject", "Quyết định"]).ok();
    net.h55(&["ledger", "export", "-o", &net.str("a.cgva")]).ok();
    let mut bytes = fs::read(net.path("a.cgva")).unwrap();
    let at = position(&bytes, "Quyết định".as_bytes());
    bytes[at] ^= 1;
    fs::write(net.path("b.cgva"), &bytes).unwrap();
    let found = json(&net.path("."), &["audit", &net.str("b.cgva")]).fails(1).json();
    assert_eq!(found["verdict"], "violation");
    let violation = &found["violations"][0];
    assert_eq!((&violation["agency"], &violation["number"]), (&H55.into(), &2.into()));
    assert!(!violation["reason"].as_str().unwrap().is_empty());
    let said = run(&net.path("."), &["audit", &net.str("b.cgva")]).fails(1);
    said.says(&format!("agency {H55}, number 2: ")).says("NOT GENUINE");
    // A copy that is good beside it does not make it better.
    run(&net.path("."), &["audit", &net.str("a.cgva"), &net.str("b.cgva")]).fails(1);
    // And no node takes it.
    run(&net.path("tttt"), &["ledger", "import", &net.str("b.cgva")]).fails(1);
}

#[test]
fn what_is_no_ledger_could_not_be_read() {
    let net = Net::new();
    net.send_packet();
    net.h55(&["ledger", "export", "-o", &net.str("a.cgva")]).ok();
    let whole = fs::read(net.path("a.cgva")).unwrap();
    for cut in [0, 7, 8, whole.len() / 2, whole.len() - 1] {
        fs::write(net.path("cut.cgva"), &whole[..cut]).unwrap();
        let found = json(&net.path("."), &["audit", &net.str("cut.cgva")]).fails(2).json();
        assert_eq!(found["verdict"], "unreadable", "{cut}");
        assert!(!found["error"].as_str().unwrap().is_empty());
    }
    let pdf = sample("bao-cao.pdf");
    run(&net.path("."), &["audit", pdf.to_str().unwrap()]).fails(2).says("bao-cao.pdf");
    run(&net.path("."), &["audit", &net.str("missing")]).fails(2).says("missing");
    net.h55(&["ledger", "import", pdf.to_str().unwrap()]).fails(2).says("bao-cao.pdf");
    // What one copy hides, another may show: a violation weighs more.
    run(&net.path("."), &["audit", &net.str("a.cgva"), &net.str("cut.cgva")]).fails(2);
}

#[test]
fn another_networks_ledger_is_refused() {
    let (net, other) = (Net::new(), Net::new());
    other.h55(&["ledger", "export", "-o", &other.str("a.cgva")]).ok();
    net.h55(&["ledger", "import", &other.str("a.cgva")]).fails(1).says("network");
    net.registrar(&["ledger", "import", &other.str("a.cgva")]).fails(1).says("network");
    other.h55(&["backup", &other.str("copy")]).ok();
    fs::rename(net.path("h55/ledger"), net.path("away")).unwrap();
    net.h55(&["restore", &other.str("copy")]).fails(1).says("network");
    assert!(!net.path("h55/ledger").exists());
}

#[test]
fn an_older_copy_is_told_from_a_contradiction() {
    let net = Net::new();
    net.h55(&["ledger", "export", "-o", &net.str("old.cgva")]).ok();
    net.send_packet();
    net.h55(&["ledger", "export", "-o", &net.str("new.cgva")]).ok();
    let audit = run(&net.path("."), &["audit", &net.str("old.cgva"), &net.str("new.cgva")]).ok();
    audit.says(&format!("{H55}: 0, 1"));

    // A clone of the machine that writes for itself.
    net.h55(&["backup", &net.str("copy")]).ok();
    fs::create_dir(net.path("clone")).unwrap();
    for file in ["genesis.cgv", "agency.key", "node.key", "enrolment.cgv", "high-water"] {
        fs::copy(net.path("h55").join(file), net.path("clone").join(file)).unwrap();
    }
    let clone = net.path("clone");
    fs::create_dir(clone.join("x")).unwrap();
    run(&clone, &["ledger", "import", &net.str("new.cgva")]).fails(2);
    net.agency("spare", "H55.12", "Kho").ok();
    fs::rename(net.path("spare/ledger"), clone.join("ledger")).unwrap();
    run(&clone, &["ledger", "import", &net.str("new.cgva")]).ok();
    for (dir, subject) in [("h55", "Một"), ("clone", "Hai")] {
        run(&net.path(dir), &["send", "--offline", "--to", common::TC, "--subject", subject]).ok();
        run(&net.path(dir), &["ledger", "export", "-o", &net.str(&format!("{dir}.cgva"))]).ok();
    }
    let found = json(&net.path("."), &["audit", &net.str("h55.cgva"), &net.str("clone.cgva")]).fails(1).json();
    let contradictions = found["contradictions"].as_array().unwrap();
    assert_eq!(contradictions.len(), 1);
    assert_eq!((&contradictions[0]["agency"], &contradictions[0]["number"]), (&H55.into(), &2.into()));
    assert_eq!(contradictions[0]["held_by"], serde_json::json!([[0], [1]]));
    // One file convicts the agency, to anybody who knows the network.
    let dir = net.str("found");
    let audited = ["audit", &net.str("h55.cgva"), &net.str("clone.cgva"), "--evidence", &dir];
    run(&net.path("."), &audited).fails(1).says("signed both").says("evidence: ");
    let evidence = net.str(&format!("found/{H55}-2.cvproof"));
    let check = ["check", &evidence, "--network", &net.str("h55/genesis.cgv")];
    run(&net.path("."), &check).ok().says(&format!("{H55} signed two different entries with number 2"));
    assert!(found["reports"].as_array().unwrap().iter().all(|report| report["verdict"] == "genuine"));

    // Whoever has both has the proof, and quarantines; the registrar says which stands.
    let listed = || {
        let listed = json(&net.path("registrar"), &["roster", "list"]).ok().json();
        let agencies = listed["agencies"].as_array().unwrap();
        agencies.iter().find(|agency| agency["code"] == H55).unwrap().clone()
    };
    for dir in ["h55", "clone"] {
        net.registrar(&["ledger", "import", &net.str(&format!("{dir}.cgva"))]).ok();
    }
    assert_eq!(listed()["quarantined"], 2);
    let both = net.str("both.cgva");
    net.registrar(&["ledger", "export", "-o", &both]).ok();
    run(&net.path("."), &["audit", &both]).fails(1).says(&format!("agency {H55}, number 2: "));
    let sent = json(&net.path("h55"), &["outbox", "--limit", "1"]).ok().json();
    net.registrar(&["roster", "resolve", H55, "2", sent["documents"][0]["id"].as_str().unwrap()]).ok();
    assert_eq!((&listed()["quarantined"], &listed()["head"]), (&serde_json::Value::Null, &2.into()));
}

#[test]
fn a_later_audit_goes_on_from_a_signed_result_and_a_report_can_be_kept() {
    let net = Net::new();
    net.send_packet();
    let [key, result, page] = ["auditor.key", "first.cvaudit", "audit.html"].map(|name| net.str(name));
    net.h55(&["ledger", "export", "--blobs", "-o", &net.str("a.cgva")]).ok();
    let first = ["audit", &net.str("a.cgva"), "--key", &key, "--save", &result, "--report", &page];
    run(&net.path("."), &first).ok().says("a new auditor's key").says("GENUINE");
    let report = fs::read_to_string(&page).unwrap();
    assert!(report.contains("GENUINE") && report.contains(H55) && !report.contains("<script"));

    net.send_packet();
    net.h55(&["ledger", "export", "--blobs", "-o", &net.str("b.cgva")]).ok();
    let later = ["audit", &net.str("b.cgva"), "--key", &key, "--since", &result];
    run(&net.path("."), &later).ok().says("1 entries were audited before");
    let seen = json(&net.path("."), &later).ok().json();
    assert_eq!(seen["before"], 1);
    // A copy that has lost something since, a result that somebody changed, and another auditor's.
    let lost = ["audit", &net.str("tttt"), "--key", &key, "--since", &result];
    run(&net.path("."), &lost).fails(1).says(&format!("agency {H55}, number 1: it reached number 1"));
    let mut bytes = fs::read(&result).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(net.path("changed.cvaudit"), bytes).unwrap();
    let changed = ["audit", &net.str("b.cgva"), "--key", &key, "--since", &net.str("changed.cvaudit")];
    run(&net.path("."), &changed).fails(2).says("was altered");
    let other = ["audit", &net.str("b.cgva"), "--key", &net.str("other.key"), "--since", &result];
    run(&net.path("."), &other).fails(2).says("signed by");
    run(&net.path("."), &["audit", &net.str("b.cgva"), "--since", &result]).fails(2).says("--key");
}

#[test]
fn a_backup_is_genuine_and_restores() {
    let net = Net::new();
    let id = net.send_packet();
    let copy = net.str("copy");
    net.h55(&["backup", &copy]).ok();
    run(&net.path("."), &["audit", &copy]).ok().says("GENUINE");
    net.h55(&["backup", &copy]).fails(1);
    net.h55(&["restore", &copy]).fails(1).says("exists");
    fs::rename(net.path("h55/ledger"), net.path("away")).unwrap();
    net.h55(&["restore", &net.str("nothing")]).fails(2).says("nothing");
    net.h55(&["restore", &copy]).ok();
    let out = net.str("out.edxml");
    net.h55(&["export", &id, "-o", &out]).ok();
    assert_eq!(fs::read(out).unwrap(), fs::read(sample("bao-cao.edxml")).unwrap());
    // After a restore nobody writes before peers were asked, whatever the operator says.
    net.h55(&["send", "--offline", "--to", common::TC, "--subject", "x"]).fails(3).says("restored");
    // The registrar's ledger too.
    net.registrar(&["backup", &net.str("registry")]).ok();
    run(&net.path("."), &["audit", &net.str("registry")]).ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_becomes_a_log_to_publish_beside_the_running_node() {
    let net = Net::new();
    net.registrar(&["roster", "witnesses", TTTT, "--threshold", "1"]).ok();
    net.share_roster(&["h55", "tttt"]);
    net.send_packet();
    let log = net.str("log");
    net.h55(&["ledger", "export", "--tiles", &log]).fails(3).says("no checkpoint").says("try again");
    assert!(!net.path("log").exists());
    let nodes = two_nodes_with(&net, Duration::from_millis(50)).await;
    let mut written = serde_json::Value::Null;
    let deadline = Instant::now() + Duration::from_secs(60);
    while written["witness_keys"].as_array().is_none_or(Vec::is_empty) {
        assert!(Instant::now() < deadline, "{written}");
        let ran = json(&net.path("h55"), &["ledger", "export", "--tiles", &log]);
        written = if ran.code == 0 { ran.json() } else { written };
    }
    let origin = written["origin"].as_str().unwrap();
    assert!(origin.starts_with("congvan.v1/") && origin.ends_with(H55), "{origin}");
    assert!(written["key"].as_str().unwrap().starts_with(&format!("{origin}+")));
    let head = fs::read_to_string(net.path("log/checkpoint")).unwrap();
    let size = written["size"].as_u64().unwrap();
    assert!(head.starts_with(&format!("{origin}\n{size}\n")), "{head}");
    assert_eq!(head.lines().filter(|line| line.starts_with("— ")).count(), 2, "{head}");
    for node in nodes {
        node.shutdown().await;
    }
    // Any copy gives any agency's; the last checkpoint covers all but itself.
    let other = net.str("other");
    let ran = net.tttt(&["ledger", "export", "--tiles", &other, "--agency", H55]).ok();
    ran.says(&format!("a log of {size} entries"))
        .says("the last checkpoint is over")
        .says("needs the key from somebody");
    for name in ["checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"] {
        assert_eq!(fs::read(net.path("log").join(name)).unwrap(), fs::read(net.path("other").join(name)).unwrap());
    }
    net.tttt(&["ledger", "export", "--tiles", &log]).fails(1).says("has the log");
    net.h55(&["ledger", "export", "--tiles", &net.str("h55")]).fails(1).says("not empty");
    net.h55(&["ledger", "export", "--tiles", &log, "--agency", "H99"]).fails(1).says("H99");
    net.registrar(&["ledger", "export", "--tiles", &log]).fails(2);
    net.h55(&["ledger", "export"]).fails(2).says("--tiles");
    net.h55(&["ledger", "export", "--tiles", &log, "-o", &net.str("x")]).fails(2);
    net.h55(&["ledger", "export", "-o", &net.str("x"), "--agency", H55]).fails(2);
    assert!(!net.path("x").exists());
}
