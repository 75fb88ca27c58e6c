//! Proofs as a clerk makes them and a court checks them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;
use std::time::Duration;

use common::{H55, Net, TC, TTTT, congvan, json, run, sample};
use congvan::Node;

/// The fingerprint, as one reads it from the registrar's paper.
fn fingerprint(net: &Net) -> String {
    let genesis = net.str("registrar/genesis.cgv");
    let read = run(&net.path("registrar"), &["--json", "fingerprint", &genesis]).ok().json();
    read["fingerprint"].as_str().unwrap().to_owned()
}

/// Checked where there is no directory, no node and no network.
fn check(file: &Path, network: &str, words: &[&str]) -> common::Ran {
    let empty = tempfile::tempdir().unwrap();
    let mut command = congvan();
    command.current_dir(empty.path()).arg("check").arg(file).args(["--network", network]).args(words);
    command.output().unwrap().into()
}

#[test]
fn a_document_is_proven_by_one_file_to_somebody_with_nothing_but_the_fingerprint() {
    let net = Net::new();
    let id = net.send_packet();
    net.carry("h55", "tttt");
    run(&net.path("tttt"), &["status", &id, "03", "--offline", "--note", "Đã vào sổ"]).ok();
    net.carry("tttt", "h55");
    let network = fingerprint(&net);
    let file = net.path("bang-chung.cvproof");
    let path = file.to_str().unwrap();

    let made = net.h55(&["prove", &id[..12], "-o", path, "--attachments"]).ok();
    made.says("PROVEN").says("It is genuine: number 1 in the chain of 000.00.00.H55").says("PROVEN");
    let checked = check(&file, &network, &[]).ok();
    let checked = checked.says("UBND tỉnh Thái Nguyên").says("reported 03, accepted").says("names no witnesses");
    assert!(checked.err.is_empty(), "{checked:?}");
    check(&file, &network.replace(' ', "").to_uppercase(), &[]).ok();
    check(&file, &net.str("registrar/genesis.cgv"), &[]).ok();
    check(&file, &network, &["--lang", "vi"])
        .ok()
        .says("ĐÃ CHỨNG MINH")
        .says("Văn bản là thật: số 1")
        .says("báo 03, đã tiếp nhận");

    let seen = check(&file, &network, &["--json"]).ok().json();
    assert_eq!(seen["document"]["agency"], H55);
    assert_eq!(seen["said"][0]["note"], "Đã vào sổ");
    assert_eq!(seen["fingerprint"], network);

    // The attachments in it are the very files.
    let dir = net.path("tep");
    let saved = check(&file, &network, &["--json", "--attachments", dir.to_str().unwrap()]).ok().json();
    let out = net.path("xuat");
    run(&net.path("h55"), &["export", &id, "--attachments", out.to_str().unwrap()]).ok();
    let names = saved["attachments"].as_array().unwrap();
    assert!(!names.is_empty());
    for name in names {
        let name = Path::new(name.as_str().unwrap());
        let other = out.join(name.file_name().unwrap());
        if saved["content"]["attachments"][0]["name"] == name.file_name().unwrap().to_str().unwrap() && other.exists() {
            assert!(fs::read(name).unwrap() == fs::read(other).unwrap());
        }
    }

    // A page to print goes with it: complete in itself, and saying that it is no proof.
    let page = fs::read_to_string(file.with_extension("html")).unwrap();
    assert!(page.contains("<svg") && page.contains(&id) && page.contains("it is none") && page.contains("@page"));
    assert!(
        !page.contains("http://")
            || page.matches("http://").count() == page.matches("http://www.w3.org/2000/svg").count()
    );
    assert!(!page.contains("https://") && !page.contains("<script"));
    let digest = seen["digest"].as_str().unwrap();
    assert!(page.contains(digest) && digest == blake3_of(&file));
    let words = ["prove", &id, "-o", path, "--no-page", "--sealed"];
    fs::remove_file(file.with_extension("html")).unwrap();
    let sealed = json(&net.path("h55"), &words).ok().json();
    assert!(sealed["content"]["opened"] == false && !file.with_extension("html").exists());
}

fn blake3_of(path: &Path) -> String {
    blake3::hash(&fs::read(path).unwrap()).to_string()
}

#[test]
fn what_proves_nothing_is_refused_with_its_reason_and_its_exit_code() {
    let net = Net::new();
    let id = net.send_packet();
    let network = fingerprint(&net);
    let file = net.path("bang-chung.cvproof");
    net.h55(&["prove", &id, "-o", file.to_str().unwrap()]).ok();
    let good = fs::read(&file).unwrap();

    let other = "ab".repeat(32);
    check(&file, &other, &[]).fails(1).says("it is of network").says("by telephone");
    check(&file, "12 34", &[]).fails(2);
    let refused = check(&file, &other, &["--json"]).fails(1).json();
    assert_eq!(refused["code"], "refused");
    for (at, what) in [(good.len() / 2, 1), (good.len() - 3, 2)] {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        fs::write(&file, bytes).unwrap();
        let ran = check(&file, &network, &[]);
        assert!(ran.code == what || ran.code == 1 || ran.code == 2, "{ran:?}");
        assert!(ran.err.contains("cvproof"), "{ran:?}");
    }
    fs::write(&file, &good[..good.len() - 1]).unwrap();
    check(&file, &network, &[]).fails(2).says("cut short");
    fs::write(&file, b"%PDF-1.7").unwrap();
    check(&file, &network, &[]).fails(2);
    check(&net.path("nothing.cvproof"), &network, &[]).fails(2);

    // A document that is not here, and an agency that it is not for.
    let missing = net.path("x.cvproof");
    net.h55(&["prove", &"ab".repeat(6), "-o", missing.to_str().unwrap()]).fails(3);
    let words = ["prove", &id, "-o", missing.to_str().unwrap(), "--only", H55];
    net.h55(&words).fails(1).says("is not addressed to");
    net.h55(&[&words[..], &["--lang", "vi"]].concat()).fails(1).says("không gửi đến");
    assert!(!missing.exists() && !net.path("x.cvproof.part").exists(), "never half a file");
}

#[test]
fn that_it_was_sent_to_one_agency_is_proven_without_that_agency_the_others_or_the_content() {
    let net = Net::new();
    let subject = "Điều động cán bộ";
    let sent = json(&net.path("h55"), &["send", "--offline", "--to", TTTT, "--to", TC, "--subject", subject]).ok();
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    let (file, network) = (net.path("da-gui.cvproof"), fingerprint(&net));
    net.h55(&["prove", &id, "-o", file.to_str().unwrap(), "--only", TC]).ok();
    // Nobody but the sender ever had it.
    let said = check(&file, &network, &[]).ok();
    let said = said.says(&format!("It was sent to {TC}, one of its 2 addressees, by the sender's own signature."));
    let said = said.says(&format!("That {TC} received it")).says("one other addressee is not shown here");
    assert!(!said.out.contains(TTTT) && !said.out.contains(subject), "{said:?}");
    check(&file, &network, &["--lang", "vi"])
        .ok()
        .says(&format!("Văn bản được gửi đến {TC}, một trong 2 nơi nhận, theo chữ ký của chính nơi gửi."))
        .says("1 nơi nhận khác không được nêu")
        .says(&format!("{TC} đã nhận văn bản"));
    let seen = check(&file, &network, &["--json"]).ok().json();
    assert_eq!((&seen["named"]["agency"], &seen["named"]["of"]), (&TC.into(), &2.into()));
    let page = fs::read_to_string(file.with_extension("html")).unwrap();
    assert!(page.contains(TC) && page.contains("one of its 2 addressees") && !page.contains(TTTT));
    let bytes = fs::read(&file).unwrap();
    let contains = |what: &str| bytes.windows(what.len()).any(|window| window == what.as_bytes());
    assert!(contains(TC) && !contains(subject));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_running_nodes_a_proof_says_since_when_and_may_hide_all_else() {
    let net = Net::new();
    net.registrar(&["roster", "witnesses", TTTT, "--threshold", "1"]).ok();
    net.share_roster(&["h55", "tttt"]);
    let every = Duration::from_millis(100);
    let start = async |dir: &str, to: Vec<String>| {
        let mut node = Node::builder(net.path(dir)).listen("/ip4/127.0.0.1/tcp/0").checkpoints(every);
        for address in to {
            node = node.bootstrap(address);
        }
        let node = node.start().await.unwrap();
        node.serve_control().await.unwrap();
        node
    };
    let receiver = start("tttt", Vec::new()).await;
    let mut addresses = Vec::new();
    while addresses.is_empty() {
        addresses = receiver.listen_addresses().await;
        tokio::task::yield_now().await;
    }
    let sender = start("h55", addresses).await;
    sender.wait_writable(Duration::from_secs(60)).await;
    let packet = sample("bao-cao.edxml");
    let sent = json(&net.path("h55"), &["send", "--packet", packet.to_str().unwrap()]).ok().json();
    let id = sent["id"].as_str().unwrap().to_owned();
    let file = net.path("da-gui.cvproof");
    let network = fingerprint(&net);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        let made = net.h55(&["prove", &id, "-o", file.to_str().unwrap(), "--only", TTTT]);
        if made.code == 0 && made.out.contains("witnessed by") {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{made:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let seen = check(&file, &network, &["--json"]).ok().json();
    assert!(seen["content"].is_null() && seen["document"]["existed_by"].as_u64().is_some());
    assert_eq!(seen["said"][0]["agency"], TTTT);
    assert_eq!(seen["said"][0]["status"], "01");
    check(&file, &network, &["--lang", "vi"]).ok().says("nội dung không được nêu").says("có chậm nhất là từ");
    sender.shutdown().await;
    receiver.shutdown().await;
}

#[test]
fn the_compact_form_is_a_text_that_shows_neither_content_nor_addressees() {
    let net = Net::new();
    let id = net.send_packet();
    let text = net.h55(&["prove", &id[..12], "--compact"]).ok().out;
    let text = text.trim_end();
    assert!(text.starts_with("congvan-proof:") && text.len() < 3_000 && !text.contains(char::is_whitespace), "{text}");
    let printed = net.h55(&["--json", "prove", &id, "--compact"]).ok().json();
    assert_eq!(printed["compact"], text);
    net.h55(&["prove", &id]).fails(2);
    net.h55(&["prove", &id, "--compact", "--sealed"]).fails(2);
    net.h55(&["prove", &"ab".repeat(6), "--compact"]).fails(3);
}
