//! Erasing from the command line: what one wrote oneself, what the registrars order, and how long content is kept.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{H55, Net, TTTT, json, run};

#[test]
fn what_an_agency_erases_is_shown_as_erased_wherever_the_chain_comes() {
    let net = Net::new();
    let id = net.send_packet();
    net.carry("h55", "tttt");
    // Nobody can be asked here, so nothing happens without --yes; nor to others' documents, nor without a basis.
    net.h55(&["erase", &id, "--reason", "mistake", "--offline"]).fails(2).says("cannot be undone");
    net.tttt(&["erase", &id, "--reason", "mistake", "--yes", "--offline"]).fails(1).says("is not of this agency");
    net.h55(&["erase", &id, "--reason", "order", "--yes", "--offline"]).fails(1).says("needs a basis");
    net.h55(&["erase", &id, "--reason", "fun", "--yes"]).fails(2).says("personal-data");
    json(&net.path("h55"), &["show", &id]).ok().says("chuyển đổi số");

    let words = ["erase", &id[..8], "--reason", "order", "--basis", "Bản án 12/2026/HC-ST", "--yes", "--offline"];
    let erased = json(&net.path("h55"), &words).ok().json();
    assert_eq!(erased["numbers"], serde_json::json!([2]));
    assert!(erased["cleared"].as_u64().unwrap() > 0);
    let again = json(&net.path("h55"), &words).ok().json();
    assert_eq!(again["numbers"], serde_json::json!([]));

    net.carry("h55", "tttt");
    for dir in ["h55", "tttt"] {
        let shown = json(&net.path(dir), &["show", &id]).ok();
        assert!(!shown.out.contains("chuyển đổi số"), "{shown:?}");
        let erased = &shown.json()["erased"];
        assert_eq!((&erased["by"], &erased["reason"]), (&H55.into(), &"order".into()));
        assert_eq!(erased["basis"], "Bản án 12/2026/HC-ST");
        run(&net.path(dir), &["show", &id, "--lang", "vi"]).ok().says("theo lệnh của tòa án").says("12/2026/HC-ST");
        run(&net.path(dir), &["show", &id, "--lang", "en"]).ok().says("content erased on");
        run(&net.path(dir), &["export", &id, "-o", &net.str("out.edxml")]).fails(1).says("erased");
        // The ledger is as genuine as before.
        run(&net.path(dir), &["audit", &net.str(dir)]).ok();
    }
    let outbox = json(&net.path("h55"), &["outbox"]).ok().json();
    assert_eq!(outbox["documents"][0]["erased"]["reason"], "order");
    net.h55(&["outbox"]).ok().says("erased");
    assert_eq!(json(&net.path("tttt"), &["inbox"]).ok().json()["documents"], serde_json::json!([]));
    let events = json(&net.path("tttt"), &["events", "x"]).ok().json();
    let told = events["events"].as_array().unwrap().iter().find(|event| event["event"] == "erased").unwrap();
    assert_eq!((&told["of"], &told["erased"]), (&H55.into(), &serde_json::json!([id])));
    net.tttt(&["events", "x"]).ok().says("erased content of");
}

#[test]
fn registrars_order_and_set_terms() {
    let net = Net::new();
    let id = net.send_packet();
    net.carry("h55", "tttt");
    net.carry("h55", "registrar");
    let unknown = ["roster", "erase", H55, "00000000", "--basis", "x"];
    net.registrar(&unknown).fails(2).says("NUMBER:ID");
    net.registrar(&["roster", "erase", TTTT, &id, "--basis", "x"]).fails(2);
    net.registrar(&["roster", "erase", H55, &id]).fails(1).says("decision");
    let motion = net.str("erase.cgvm");
    let named = format!("1:{id}");
    net.registrar(&["roster", "propose", "-o", &motion, "erase", H55, &named, "--basis", "3/QĐ-UBND"]).ok();
    run(&net.path("registrar"), &["--lang", "vi", "roster", "approve", &motion])
        .says("xóa nội dung văn bản của")
        .says("3/QĐ-UBND")
        .says(&id);
    net.registrar(&["roster", "submit", &motion]).ok();
    net.share_roster(&["h55", "tttt"]);
    for dir in ["h55", "tttt", "registrar"] {
        run(&net.path(dir), &["audit", &net.str(dir)]).ok();
    }
    for dir in ["h55", "tttt"] {
        let erased = json(&net.path(dir), &["show", &id]).ok().json()["erased"].clone();
        assert_eq!((&erased["by"], &erased["basis"]), (&"".into(), &"3/QĐ-UBND".into()));
        run(&net.path(dir), &["show", &id, "--lang", "vi"]).says("cơ quan đăng ký");
    }

    for wrong in ["documents", "documents=x", "letters=1", "documents=1:2:3", "type:=4", "documents=70000"] {
        net.registrar(&["roster", "retention", wrong]).fails(2).says("documents=10:20");
    }
    net.registrar(&["roster", "retention"]).fails(2);
    net.registrar(&["roster", "retention", "documents=10:5"]).fails(1).says("must not drop earlier");
    let terms = net.str("terms.cgvm");
    let words = ["roster", "propose", "-o", &terms, "retention", "documents=10:20", "type:Báo cáo=5:5", "notes=1"];
    net.registrar(&words).ok();
    net.registrar(&["roster", "approve", &terms]).says("documents: 10 years, erased after 20").says("Báo cáo");
    net.registrar(&["roster", "submit", &terms]).ok();
    net.registrar(&["roster", "retention", "--none"]).ok().says("retention");
}
