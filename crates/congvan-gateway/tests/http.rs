//! The gateway as a monitor has it: bytes over a socket.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use congvan::Node;
use congvan_gateway::{Exposure, Gateway, GatewayError};
use tokio::sync::oneshot;

/// Head and body of the answer to one request.
async fn ask(address: SocketAddr, request: &'static str) -> (String, String) {
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_peers_lives_and_is_not_ready_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let [home, _] = congvan_examples::network(dir.path()).await.unwrap();
    let node = Node::builder(home).local_only().start().await.unwrap();
    let gateway = Gateway::bind("127.0.0.1:0".parse().unwrap(), Exposure::ThisMachine).await.unwrap();
    let address = gateway.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(gateway.serve(node.clone(), async { drop(stopped.await) }));

    let (head, body) = ask(address, "GET /healthz").await;
    assert!(head.starts_with("HTTP/1.1 200 ") && body == "ok\n", "{head}\n{body}");

    let (head, body) = ask(address, "GET /readyz").await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["ready"], false);
    let reasons = body["reasons"].to_string();
    assert!(reasons.contains("no peer is connected") && reasons.contains("no peer has confirmed"), "{reasons}");

    let (head, body) = ask(address, "GET /metrics").await;
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    for sample in ["congvan_may_write 0", "congvan_peers 0", "congvan_agencies 2", "congvan_chain_entries 0"] {
        assert!(body.lines().any(|line| line == sample), "no {sample:?} in\n{body}");
    }
    assert!(body.contains("agency=\"000.00.00.H55\"") && body.contains("\ncongvan_disk_bytes "), "{body}");

    assert!(ask(address, "GET /elsewhere").await.0.starts_with("HTTP/1.1 404 "));
    assert!(ask(address, "POST /healthz").await.0.starts_with("HTTP/1.1 405 "));

    drop(stop);
    tokio::time::timeout(Duration::from_secs(20), serving).await.expect("it stops").unwrap().unwrap();
    node.shutdown().await;
}

#[tokio::test]
async fn other_machines_are_let_in_only_by_an_explicit_word() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let refused = Gateway::bind(address.parse().unwrap(), Exposure::ThisMachine).await;
        assert!(matches!(refused, Err(GatewayError::NotLoopback(_))), "{address}: {refused:?}");
    }
    Gateway::bind("0.0.0.0:0".parse().unwrap(), Exposure::AnyMachine).await.unwrap();
    // An IPv4 loopback written as IPv6 is this machine too.
    let mapped = Gateway::bind("[::ffff:127.0.0.1]:0".parse().unwrap(), Exposure::ThisMachine).await;
    assert!(!matches!(mapped, Err(GatewayError::NotLoopback(_))), "{mapped:?}");
}
