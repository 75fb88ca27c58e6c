//! The process serves the HTTP API when it is told to, encrypted where it has a certificate, and stops in time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use common::{Setting, until};
use congvan::setup::Home;
use congvan::tokens::{Scope, Tokens};

#[tokio::test(flavor = "multi_thread")]
async fn the_key_api_serves_it_and_a_stream_of_events_holds_up_no_stop() {
    let dir = tempfile::tempdir().unwrap();
    let [home, _] = congvan_examples::network(dir.path()).await.unwrap();
    let setting = Setting { offline_start: true, ..Setting::new(&home) };
    // What a crash left of an upload.
    let left = Home::new(&home).spool().join("left");
    std::fs::create_dir_all(left.parent().unwrap()).unwrap();
    std::fs::write(&left, "half of it").unwrap();

    let mut node = setting.start().await;
    assert!(!left.exists(), "the spool is swept");
    until("HTTP answers", async || TcpStream::connect(("127.0.0.1", setting.http)).ok()).await;
    assert_eq!(node.get("/api/v1/openapi.json").0, 404);
    assert!(node.signal("TERM").await.0.success());

    let mut command = setting.command();
    command.env("CONGVAN_NODE_API", "true");
    let mut node = setting.start_as(command).await;
    until("HTTP answers", async || TcpStream::connect(("127.0.0.1", setting.http)).ok()).await;
    let (status, body) = node.get("/api/v1/openapi.json");
    assert!(status == 200 && body.contains("\"/inbox\""), "{status} {body}");
    assert_eq!(node.get("/api/v1/node").0, 401);

    let home = Home::new(&home);
    let mut tokens = Tokens::load(&home).unwrap();
    let token = tokens.add("events".parse().unwrap(), [Scope::EventsRead], None).unwrap();
    tokens.save(&home).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", setting.http)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let token = token.expose();
    write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n").unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    let (status, took) = node.signal("TERM").await;
    assert!(status.success() && took < Duration::from_secs(5), "{status} after {took:?}\n{}", node.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_a_certificate_answers_nobody_who_speaks_plainly() {
    let dir = tempfile::tempdir().unwrap();
    let [home, _] = congvan_examples::network(dir.path()).await.unwrap();
    let setting = Setting { offline_start: true, ..Setting::new(&home) };
    let (certificate, key) = (dir.path().join("tls.pem"), dir.path().join("tls.key"));
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.key_pair.serialize_pem()).unwrap();
    let tls = || {
        let mut command = setting.command();
        command.env("CONGVAN_NODE_TLS_CERTIFICATE", &certificate).env("CONGVAN_NODE_TLS_KEY", &key);
        command
    };
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = tls().output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("chmod 600"), "{said}");

    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut node = setting.start_as(tls()).await;
    let mut stream = until("HTTPS listens", async || TcpStream::connect(("127.0.0.1", setting.http)).ok()).await;
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
    assert!(node.signal("TERM").await.0.success());
}
