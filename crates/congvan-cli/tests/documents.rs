//! Sending, reading, reporting and exporting documents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;

use common::{H55, Net, TC, TTTT, congvan, json, run, sample};

#[test]
fn a_packet_comes_out_byte_for_byte_at_its_addressee() {
    let net = Net::new();
    let id = net.send_packet();
    net.carry("h55", "tttt");
    let inbox = json(&net.path("tttt"), &["inbox"]).ok().json();
    assert_eq!(inbox["documents"][0]["id"], *id);
    assert_eq!(inbox["documents"][0]["complete"], true);

    let packet = fs::read(sample("bao-cao.edxml")).unwrap();
    let (file, files) = (net.str("out.edxml"), net.str("files"));
    // Eight digits name it.
    let words = ["export", &id[..8], "-o", &file, "--attachments", &files];
    let exported = json(&net.path("tttt"), &words).ok().json();
    assert_eq!(exported["original"], true);
    assert_eq!(fs::read(&file).unwrap(), packet);
    assert_eq!(fs::read(net.path("files/bao-cao.pdf")).unwrap(), fs::read(sample("bao-cao.pdf")).unwrap());
    // And on standard output, for pipes.
    let piped = congvan().arg("--dir").arg(net.path("tttt")).args(["export", &id]).output().unwrap();
    assert_eq!((piped.status.code(), piped.stdout), (Some(0), packet));
    json(&net.path("tttt"), &["export", &id]).fails(2);

    let shown = json(&net.path("tttt"), &["show", &id]).ok().json();
    assert_eq!((&shown["from"], &shown["proof"]["genuine"]), (&H55.into(), &true.into()));
    net.tttt(&["wait", &id]).ok();
    // Whom it is not addressed to, it is sealed to.
    net.agency("la", "H55.11", "Lạ").ok();
    net.carry("h55", "la");
    let other = run(&net.path("la"), &["show", &id]);
    assert!(!other.said().contains("chuyển đổi số"), "{other:?}");
}

#[test]
fn a_document_written_here_becomes_a_packet() {
    let net = Net::new();
    let attachment = net.path("phụ lục.txt");
    // More than one chunk.
    fs::write(&attachment, vec![b'a'; 200_000]).unwrap();
    let words = [
        "send",
        "--offline",
        "--to",
        TTTT,
        "--subject",
        "Báo cáo",
        "--number",
        "12",
        "--notation",
        "BC-UBND",
        "--type",
        "Báo cáo",
        "--attach",
        attachment.to_str().unwrap(),
        "--attach",
        attachment.to_str().unwrap(),
    ];
    let sent = json(&net.path("h55"), &words).ok().json();
    assert_eq!((&sent["agency"], &sent["number"]), (&H55.into(), &1.into()));
    let id = sent["id"].as_str().unwrap();
    net.carry("h55", "tttt");
    let shown = json(&net.path("tttt"), &["show", id]).ok().json();
    assert_eq!((&shown["code"], &shown["subject"]), (&"12/BC-UBND".into(), &"Báo cáo".into()));
    assert_eq!(shown["files"][0]["media_type"], "text/plain");
    let (file, files) = (net.str("out.edxml"), net.str("files"));
    let exported = json(&net.path("tttt"), &["export", id, "-o", &file, "--attachments", &files]).ok().json();
    assert_eq!(exported["original"], false);
    for name in ["phụ lục.txt", "2-phụ lục.txt"] {
        assert_eq!(fs::read(net.path("files").join(name)).unwrap(), vec![b'a'; 200_000]);
    }
    // What was written is a packet that can be sent on.
    run(&net.path("tttt"), &["send", "--offline", "--to", TC, "--packet", &file]).ok();
}

#[test]
fn a_retry_with_the_same_key_sends_once() {
    let net = Net::new();
    let send = |key: &str| {
        let words = ["send", "--offline", "--to", TC, "--subject", "Một", "--key", key];
        json(&net.path("h55"), &words).ok().json()["number"].clone()
    };
    assert_eq!((send("a"), send("a"), send("b")), (1.into(), 1.into(), 2.into()));
}

#[test]
fn what_cannot_be_sent_is_refused_with_its_reason() {
    let net = Net::new();
    let packet = sample("bao-cao.edxml");
    let packet = packet.to_str().unwrap();
    // Without being asked to, nobody writes unconfirmed.
    net.h55(&["send", "--packet", packet]).fails(3).says("--offline");
    net.h55(&["send", "--offline", "--to", "H55.99", "--packet", packet]).fails(1).says("H55.99");
    net.h55(&["send", "--offline", "--to", "H 55", "--packet", packet]).fails(2).says("--to");
    net.h55(&["send", "--offline", "--packet", &net.str("none.edxml")]).fails(2).says("none.edxml");
    net.h55(&["send", "--offline", "--to", TC, "--subject", &"á".repeat(2049)]).fails(1).says("--subject").says("4096");
    net.h55(&["send", "--offline", "--to", TC, "--subject", "x", "--attach", &net.str("h55")])
        .fails(2)
        .says("not a file");
    let status = sample("trang-thai-03.edxml");
    net.h55(&["send", "--offline", "--packet", status.to_str().unwrap()]).fails(2).says("status --packet");
    fs::write(net.path("broken.edxml"), "<edXML>").unwrap();
    net.h55(&["send", "--offline", "--packet", &net.str("broken.edxml")]).fails(2).says("broken.edxml");
    assert_eq!(json(&net.path("h55"), &["outbox"]).ok().json()["documents"], serde_json::json!([]));
    // A packet whose addressee was never admitted names it.
    let text = fs::read_to_string(packet).unwrap().replace(TC, "000.00.77.H55");
    fs::write(net.path("other.edxml"), text).unwrap();
    net.h55(&["send", "--offline", "--packet", &net.str("other.edxml")]).fails(1).says("000.00.77.H55");
}

#[test]
fn statuses_reach_the_sender() {
    let net = Net::new();
    let id = net.send_packet();
    net.carry("h55", "tttt");
    let note = "Văn thư đã nhận";
    net.tttt(&["status", &id[..8], "1", "--note", note, "--offline"]).ok().says("01");
    // The packet names the document by its own id.
    let packet = sample("trang-thai-03.edxml");
    let reported = json(&net.path("tttt"), &["status", "--offline", "--packet", packet.to_str().unwrap()]).ok().json();
    assert_eq!((&reported["document"], &reported["status"]), (&id.as_str().into(), &"03".into()));
    net.tttt(&["status", &id, "07", "--offline"]).fails(2).says("07");
    net.tttt(&["status", "00000000", "06", "--offline"]).fails(3);
    net.carry("tttt", "h55");
    let shown = json(&net.path("h55"), &["show", &id]).ok().json();
    let history = shown["history"].as_array().unwrap();
    assert_eq!(history.iter().map(|status| &status["status"]).collect::<Vec<_>>(), ["01", "03"]);
    assert_eq!(history[0]["note"], note);
    net.h55(&["outbox"]).ok().says(&format!("{TTTT} 03"));

    // A second document with the same id: which one is meant, nobody can know.
    let second = net.send_packet();
    net.carry("h55", "tttt");
    net.tttt(&["status", "--offline", "--packet", packet.to_str().unwrap()]).fails(1).says(&id).says("ID");
    net.tttt(&["status", &second, "--offline", "--packet", packet.to_str().unwrap()]).ok();
    // And here none is.
    let tc = run(&net.path("tc"), &["status", "--offline", "--packet", packet.to_str().unwrap()]);
    tc.fails(1).says("12/BC-UBND");
}

#[test]
fn a_documents_life_is_shown_and_kept_to_its_rules() {
    let net = Net::new();
    let id = net.send_packet();
    net.carry("h55", "tttt");
    let status = |dir: &str, code: &str, more: &[&str]| {
        run(&net.path(dir), &[&["status", "--offline", id.as_str(), code], more].concat())
    };
    status("tttt", "03", &[]).ok();
    status("tttt", "01", &[]).fails(1).says("01 cannot follow 03").says("04");
    status("tttt", "15", &[]).fails(1).says("must name what it answers");
    status("h55", "03", &[]).fails(1).says("only an addressee");
    run(&net.path("h55"), &["--lang", "vi", "status", "--offline", &id, "03"]).fails(1).says("chỉ nơi nhận");

    // The sender recalls it by a document, and by a word to each addressee.
    let words = ["send", "--offline", "--to", TTTT, "--subject", "Thu hồi", "--recalls", &id[..8]];
    let recall = json(&net.path("h55"), &words).ok().json()["id"].as_str().unwrap().to_owned();
    status("h55", "13", &["--note", "Gửi nhầm"]).ok();
    status("h55", "13", &[]).fails(1).says("asked already");
    net.carry("h55", "tttt");
    let shown = json(&net.path("tttt"), &["show", &id]).ok().json();
    assert_eq!(
        (&shown["standing"], &shown["linked_by"][0]["document"]),
        (&"recall_asked".into(), &recall.clone().into())
    );
    status("tttt", "15", &[]).fails(1).says(&recall);
    status("tttt", "15", &["--answers", &recall[..12]]).ok();
    net.carry("tttt", "h55");
    net.h55(&["show", &id]).ok().says("recalled: some addressees agreed").says("copy withdrawn").says(&recall[..12]);
    net.h55(&["show", &recall]).ok().says("recalls").says(&id[..12]);
    // Only one's own documents can be recalled, and only those that are here.
    run(&net.path("tttt"), &["send", "--offline", "--to", H55, "--subject", "x", "--replaces", &id])
        .fails(1)
        .says("only the document's sender");
    net.h55(&["send", "--offline", "--to", TC, "--subject", "x", "--updates", "00000000"]).fails(3).says("00000000");
}

#[test]
fn a_packet_links_to_what_it_names() {
    let net = Net::new();
    let id = net.send_packet();
    let packet = |kind: &str, named: &str, file: &str| {
        let text = fs::read_to_string(sample("bao-cao.edxml")).unwrap();
        let business = format!(
            "<edXML:Bussiness><edXML:BussinessDocType>{kind}</edXML:BussinessDocType>\
             <edXML:DocumentId>{named}</edXML:DocumentId></edXML:Bussiness></edXML:TraceHeaderList>"
        );
        let changed = text.replace("</edXML:TraceHeaderList>", &business);
        assert_ne!(changed, text);
        fs::write(net.path(file), changed).unwrap();
        net.str(file)
    };
    let known = "000.00.00.H55,2026/03/02,12/BC-UBND";
    let update = packet("2", known, "update.edxml");
    let sent = json(&net.path("h55"), &["send", "--offline", "--packet", &update]).ok().json();
    let shown = json(&net.path("h55"), &["show", sent["id"].as_str().unwrap()]).ok().json();
    assert_eq!((&shown["links"][0]["relation"], &shown["links"][0]["document"]), (&"updates".into(), &id.into()));
    let unknown = packet("1", "000.00.00.H55,2026/03/02,99/BC", "recall.edxml");
    net.h55(&["send", "--offline", "--packet", &unknown]).fails(1).says("99/BC");
    net.h55(&["send", "--offline", "--packet", &unknown, "--force"]).ok();
}

#[test]
fn events_come_again_until_they_are_acknowledged() {
    let net = Net::new();
    let id = net.send_packet();
    let events = |words: &[&str]| {
        let ran = json(&net.path("h55"), &[&["events", "so"], words].concat()).ok().json();
        ran["events"].as_array().unwrap().clone()
    };
    let first = events(&[]);
    assert!(first.iter().any(|event| event["event"] == "sent" && event["id"] == *id), "{first:?}");
    assert_eq!(events(&["--ack"]), first);
    assert_eq!(events(&[]), Vec::<serde_json::Value>::new());
    net.h55(&["events", "khac"]).ok().says(&id[..12]);
    net.h55(&["events", "tên lạ"]).fails(1);
}
