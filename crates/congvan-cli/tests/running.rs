//! Commands beside nodes that run: everything goes through the node's socket, nothing is asked for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use common::{H55, Net, Ran, TC, TTTT, congvan, json, run, sample, two_nodes, two_nodes_with};

/// Runs the binary without keeping the nodes, which run in this process, from their work.
async fn ask(net: &Net, dir: &str, words: &[&str]) -> Ran {
    let (dir, words) = (net.path(dir), words.iter().map(|word| word.to_string()).collect::<Vec<_>>());
    tokio::task::spawn_blocking(move || json(&dir, &words)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_document_travels_between_running_nodes() {
    let net = Net::new();
    let nodes = two_nodes(&net).await;
    let packet = sample("bao-cao.edxml").display().to_string();
    let sent = ask(&net, "h55", &["send", "--to", TTTT, "--packet", &packet]).await.ok().json();
    let id = sent["id"].as_str().unwrap();
    ask(&net, "tttt", &["wait", id, "--timeout", "60"]).await.ok();
    let out = net.str("out.edxml");
    ask(&net, "tttt", &["export", id, "-o", &out]).await.ok();
    assert_eq!(fs::read(&out).unwrap(), fs::read(&packet).unwrap());
    ask(&net, "tttt", &["status", &id[..10], "03"]).await.ok();

    let peers = ask(&net, "h55", &["peers"]).await.ok().json();
    assert_eq!(peers["peers"][0]["agency"], TTTT);
    let found = ask(&net, "h55", &["doctor"]).await.ok().json();
    assert_eq!(found["healthy"], true);
    // What never comes: the wait ends, and says that it may be tried again.
    ask(&net, "tttt", &["wait", "00000000", "--timeout", "0"]).await.fails(3);
    ask(&net, "h55", &["send", "--to", "H55.99", "--subject", "x"]).await.fails(1);
    // The ledger as a file, and its backup, while the node writes it.
    let (file, copy) = (net.str("live.cgva"), net.str("copy"));
    ask(&net, "h55", &["ledger", "export", "--blobs", "-o", &file]).await.ok();
    ask(&net, "h55", &["backup", &copy]).await.ok();
    ask(&net, "tttt", &["ledger", "import", &file]).await.ok();
    let audited = ask(&net, "h55", &["audit", &file, &copy]).await.ok().json();
    let chains = audited["reports"][0]["chains"].as_array().unwrap();
    assert_eq!(chains.iter().find(|chain| chain["agency"] == H55).unwrap()["entries"], 1);
    for node in nodes {
        node.shutdown().await;
    }
    // The socket is gone with the node; the directory is open to commands again.
    ask(&net, "h55", &["peers"]).await.fails(3);
    let listed = ask(&net, "h55", &["outbox"]).await.ok().json();
    assert_eq!(listed["documents"][0]["to"], serde_json::json!([TTTT]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_large_attachment_goes_through_the_socket() {
    let net = Net::new();
    let nodes = two_nodes(&net).await;
    let bytes: Vec<u8> = (0..20_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(net.path("lon.bin"), &bytes).unwrap();
    let file = net.str("lon.bin");
    let words = ["send", "--to", TTTT, "--to", TC, "--subject", "x", "--attach", &file];
    let sent = ask(&net, "h55", &words).await.ok().json();
    let id = sent["id"].as_str().unwrap();
    ask(&net, "tttt", &["wait", id, "--timeout", "120"]).await.ok();
    ask(&net, "tttt", &["export", id, "--attachments", &net.str("files")]).await.ok();
    assert!(fs::read(net.path("files/lon.bin")).unwrap() == bytes);
    for node in nodes {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_follower_is_told_as_things_happen_and_loses_nothing() {
    let net = Net::new();
    let nodes = two_nodes(&net).await;
    let mut command = congvan();
    command.arg("--json").arg("--dir").arg(net.path("tttt")).args(["events", "so", "--follow", "--ack"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ids = Vec::new();
    for subject in ["Một", "Hai"] {
        let words = ["send", "--to", TTTT, "--subject", subject];
        ids.push(ask(&net, "h55", &words).await.ok().json()["id"].clone());
        // Each line is a JSON document of its own.
        let read = tokio::task::spawn_blocking(move || {
            let events = lines.by_ref().map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
            let seen = events.filter(|event| event["event"] == "received").map(|event| event["id"].clone()).next();
            (seen, lines)
        });
        let (seen, rest) = read.await.unwrap();
        assert_eq!(seen.as_ref(), ids.last());
        lines = rest;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // The first was acknowledged before the second was asked for; whether the second was, is open.
    let events = ask(&net, "tttt", &["events", "so"]).await.ok().json();
    assert!(events["events"].as_array().unwrap().iter().all(|event| event["id"] != ids[0]), "{events}");
    for node in nodes {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_is_told_which_checkpoint_covers_a_document_and_who_witnessed_it() {
    let net = Net::new();
    let sent = net.send_packet();
    let show = |words: &[&str]| run(&net.path("h55"), &[words, &["show", &sent[..8]]].concat()).ok();
    show(&["--lang", "en"]).says("not yet covered by a checkpoint of its agency");
    show(&["--lang", "vi"]).says("chưa được chốt sổ");
    net.registrar(&["roster", "witnesses", "--threshold", "1", TTTT]).ok();
    net.share_roster(&["h55", "tttt"]);
    // Sooner than in service: nobody waits for a minute.
    let nodes = two_nodes_with(&net, std::time::Duration::from_millis(100)).await;
    let shown = async |lang| {
        let (dir, words) = (net.path("h55"), ["--lang", lang, "show", &sent[..8]].map(str::to_owned));
        tokio::task::spawn_blocking(move || run(&dir, &words)).await.unwrap().ok().out
    };
    let witnessed = async {
        while !shown("en").await.contains(&format!("witnessed by {TTTT} (")) {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), witnessed).await.expect("it is witnessed");
    let text = shown("en").await;
    assert!(text.contains("over every number up to 1") && text.contains("1 of 1 asked"), "{text}");
    let text = shown("vi").await;
    assert!(text.contains("chứng kiến bởi") && text.contains("1 trên 1 cơ quan cần có"), "{text}");
    for node in nodes {
        node.shutdown().await;
    }
}
