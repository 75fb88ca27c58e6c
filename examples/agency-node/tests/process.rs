//! The process as its operator and systemd have it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use common::{BOUND, Setting, until};
use congvan_examples::network;

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_and_sigint_end_it_cleanly_within_five_seconds_even_with_a_monitor_connected() {
    let dir = tempfile::tempdir().unwrap();
    let [home, _] = network(dir.path()).await.unwrap();
    let setting = Setting { offline_start: true, ..Setting::new(&home) };
    for signal in ["TERM", "INT"] {
        let mut node = setting.start().await;
        let idle = std::net::TcpStream::connect(("127.0.0.1", setting.http)).unwrap();
        assert_eq!(node.get("/healthz").0, 200);
        let (status, took) = node.signal(signal).await;
        assert_eq!(status.code(), Some(0), "{}", node.log());
        assert!(took < Duration::from_secs(5), "SIG{signal} took {took:?}");
        drop(idle);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_when_it_is_ready_that_it_lives_and_when_it_stops() {
    let dir = tempfile::tempdir().unwrap();
    let [home, _] = network(dir.path()).await.unwrap();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(BOUND)).unwrap();
    let hear = || {
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).expect("a word to systemd");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let setting = Setting::new(&home);
    let mut command = setting.command();
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "300000");
    let mut node = setting.start_as(command).await;

    assert!(hear().contains("READY=1"));
    let hear_until = |wanted: &str| while !hear().contains(wanted) {};
    hear_until("WATCHDOG=1");
    hear_until("WATCHDOG=1");
    assert_eq!(node.signal("TERM").await.0.code(), Some(0));
    hear_until("STOPPING=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_json_where_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let [home, _] = network(dir.path()).await.unwrap();
    let setting = Setting::new(&home);
    let mut command = setting.command();
    command.env("CONGVAN_NODE_LOG_FORMAT", "json");
    let mut node = setting.start_as(command).await;
    node.signal("TERM").await;
    let lines: Vec<serde_json::Value> = node.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["fields"]["message"] == "the node runs"), "{}", node.log());
    assert!(lines.iter().any(|line| line["fields"]["signal"] == "SIGTERM"), "{}", node.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_and_readiness_follow_the_node() {
    let dir = tempfile::tempdir().unwrap();
    let [home_a, home_b] = network(dir.path()).await.unwrap();
    let a = Setting::new(&home_a).start().await;
    assert_eq!(a.get("/readyz").0, 503);
    let b = Setting { bootstrap: vec![a.address().await], ..Setting::new(&home_b) }.start().await;
    for node in [&a, &b] {
        until("both are ready", async || (node.get("/readyz").0 == 200).then_some(())).await;
        assert_eq!((node.figure("congvan_peers"), node.figure("congvan_may_write")), (1, 1));
    }
    let session = a.session().await.unwrap();
    let (number, _) = common::send(&session, congvan_examples::CODES[1], "một").await.unwrap();
    assert_eq!(a.figure("congvan_chain_entries"), number);
}

#[test]
fn check_says_whether_the_configuration_is_right() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("node.toml");
    let check = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_congvan-node"));
        let output = command.args(["--check", "--config"]).arg(&path).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(check(include_str!("../node.toml")), (Some(0), String::new()));
    for (text, named) in [
        ("archives = true\n", "archives"),
        ("archive = 1\n", "archive"),
        ("http = \"0.0.0.0:80\"\n", "http_allow_remote"),
        ("log_format = \"xml\"\n", "xml"),
        ("listen = \n", "line 1"),
    ] {
        let (code, said) = check(text);
        assert!(code == Some(2) && said.contains(named), "{text:?}: {code:?} {said}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_congvan-node"));
    let output = command.args(["--check", "--config"]).arg(dir.path().join("none.toml")).output().unwrap();
    assert!(output.status.code() == Some(2) && String::from_utf8_lossy(&output.stderr).contains("none.toml"));
}

#[test]
fn the_manuals_page_is_made_by_the_program_itself() {
    let dir = tempfile::tempdir().unwrap();
    let man =
        |to: &std::path::Path| Command::new(env!("CARGO_BIN_EXE_congvan-node")).arg("--man").arg(to).output().unwrap();
    assert!(man(dir.path()).status.success());
    let page = std::fs::read_to_string(dir.path().join("congvan-node.1")).unwrap();
    for words in [".TH congvan-node 1", "\\-\\-config", "\\-\\-check", "CONGVAN_NODE_HTTP", "SIGTERM", "congvan(1)"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("\\-\\-man"), "{page}");
    let failed = man(&dir.path().join("nowhere"));
    assert!(!failed.status.success() && String::from_utf8_lossy(&failed.stderr).contains("nowhere"));
}
