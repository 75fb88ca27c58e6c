//! Who is let in, to what, how often; and how everybody else hears it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use congvan::core::Time;
use congvan::setup::{self, Home};
use congvan::tokens::{Scope, Tokens};
use congvan_gateway::{ApiOptions, Exposure, Gateway, Tls, TlsError};
use hyper::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::network::{Pair, token};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_what_it_was_made_for_from_the_next_request_on() {
    let pair = Pair::new().await;
    let home = pair.home(0);
    let client = &pair.clients[0];
    let operations: Vec<_> = client.contract.operations().collect();
    for (number, (method, path, operation)) in operations.into_iter().enumerate() {
        let Some(scopes) = operation["security"][0]["bearer"].as_array() else { continue };
        let [scope] = scopes.as_slice() else { panic!("{method} {path} has one scope") };
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let path = format!("/api/v1{}", path.replace("{number}", "0").replace(['{', '}'], ""));
        let problem = |answer: crate::client::Answer, status, kind| {
            // A head has no body to say more in.
            if method == Method::HEAD { drop(answer.is(status)) } else { drop(answer.problem(status, kind)) }
        };
        let answer = client.with(None).call(method.clone(), &path, &[], Bytes::new()).await;
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        problem(answer, 401, "unauthorized");
        let others: Vec<_> = Scope::ALL.into_iter().filter(|other| other.name() != scope).collect();
        let other = client.with(Some(&token(&home, &format!("t{number}"), &others)));
        problem(other.call(method.clone(), &path, &[], Bytes::new()).await, 403, "forbidden");
    }
    client.with(Some("cgv_wrong")).get("/api/v1/inbox").await.problem(401, "unauthorized");
    for header in ["Basic YTpi", "Bearer", "cgv_x"] {
        let headers = [("authorization", header)];
        let answer = client.with(None).call(Method::GET, "/api/v1/inbox", &headers, Bytes::new()).await;
        answer.problem(401, "unauthorized");
    }

    // Made, expired and removed while the node runs.
    let (home, name) = (Home::new(home), "short".parse().unwrap());
    let mut tokens = Tokens::load(&home).unwrap();
    let soon = Time::from_millis(setup::now().as_millis() + 1_500);
    let short = tokens.add("short".parse().unwrap(), [Scope::DocumentsRead], Some(soon)).unwrap();
    tokens.save(&home).unwrap();
    let short = client.with(Some(short.expose()));
    short.get("/api/v1/inbox").await.is(200);
    crate::network::until("it expires", async || (short.get("/api/v1/inbox").await.status == 401).then_some(())).await;
    assert!(short.get("/api/v1/inbox").await.json()["detail"].as_str().unwrap().contains("expired"));
    tokens.remove(&name).unwrap();
    let lasting = tokens.add(name.clone(), [Scope::DocumentsRead], None).unwrap();
    tokens.save(&home).unwrap();
    let lasting = client.with(Some(lasting.expose()));
    lasting.get("/api/v1/inbox").await.is(200);
    tokens.remove(&name).unwrap();
    tokens.save(&home).unwrap();
    lasting.get("/api/v1/inbox").await.problem(401, "unauthorized");
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_too_often_is_told_when_to_come_again() {
    let rate = NonZeroU32::new(1).unwrap();
    let pair = Pair::with(ApiOptions { requests_per_second: rate, ..ApiOptions::default() }).await;
    let client = &pair.clients[0];
    let mut refused = None;
    for _ in 0..6 {
        let answer = client.get("/api/v1/node").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the burst ends");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    refused.problem(429, "too-many-requests");
    // Another token is not concerned; its address is, after twice as many.
    let other = client.with(Some(&token(&pair.home(0), "other", &[Scope::DirectoryRead])));
    other.get("/api/v1/node").await.is(200);
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.push(client.with(None).get("/api/v1/openapi.json").await.status);
    }
    assert!(answers.contains(&429), "{answers:?}");
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_a_problem() {
    let pair = Pair::new().await;
    let client = &pair.clients[0];
    client.get("/api/v1/nothing").await.problem(404, "not-found");
    client.get("/api/v1").await.problem(404, "not-found");
    client.delete("/api/v1/inbox").await.problem(405, "method-not-allowed");
    client.get("/api/v1/documents/ffffffff").await.problem(404, "not-found");
    assert_eq!(client.get("/api/v1/documents/xyz").await.problem(422, "invalid")["field"], "id");
    client.get("/api/v1/agencies/none").await.problem(404, "not-found");
    client.get("/api/v1/problems/none").await.problem(404, "not-found");
    client.get("/api/v1/webhooks/none").await.problem(404, "not-found");
    client.get("/api/v1/procedures/000.00.00.H55/none").await.problem(404, "not-found");
    for query in ["limit=0", "limit=501", "limit=x", "unknown=1", "since=-1", "complete=maybe", "limit=1&limit=2"] {
        client.get(&format!("/api/v1/inbox?{query}")).await.problem(422, "invalid");
    }
    client.get("/api/v1/inbox?limit=500").await.is(200);
    client.get("/api/v1/inbox?after=ffffffff").await.problem(404, "not-found");
    client.get("/api/v1/documents/ffffffff/attachments/x").await.problem(422, "invalid");
    let hooks = "/api/v1/webhooks";
    let as_json = [("content-type", "application/json")];
    client.call(Method::POST, hooks, &[], Bytes::from_static(b"{}")).await.problem(415, "media-type");
    client.call(Method::POST, hooks, &as_json, Bytes::from_static(b"{")).await.problem(400, "malformed");
    client.post(hooks, &json!({"url": "http://127.0.0.1/", "more": 1})).await.problem(422, "invalid");
    let long = |len: usize| Bytes::from(format!("{{\"url\": \"{}\"}}", "x".repeat(len - 11)));
    client.call(Method::POST, hooks, &as_json, long(256 << 10)).await.problem(422, "invalid");
    client.call(Method::POST, hooks, &as_json, long((256 << 10) + 1)).await.problem(413, "too-large");
    for url in ["http://10.0.0.1/", "ftp://127.0.0.1/", "x", "https://a:b@c/"] {
        assert_eq!(client.post(hooks, &json!({"url": url})).await.problem(422, "invalid")["field"], "url");
    }
    for (name, field) in [("webhook.x", "name"), ("a%20b", "name")] {
        let answer = client.get(&format!("/api/v1/consumers/{name}/events")).await;
        assert_eq!(answer.problem(422, "invalid")["field"], field);
    }
    client.get("/api/v1/consumers/a/events?wait=61").await.problem(422, "invalid");
    let far = json!({"event_number": 1_000_000});
    client.post("/api/v1/consumers/a/acknowledgements", &far).await.problem(422, "invalid");
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_certificate_everything_is_encrypted() {
    let pair = Pair::new().await;
    let (certificate, key) = (pair.dir.path().join("tls.pem"), pair.dir.path().join("tls.key"));
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.key_pair.serialize_pem()).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Tls::from_files(&certificate, &key), Err(TlsError::Mode { .. })));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(Tls::from_files(&certificate, &certificate), Err(TlsError::Mode { .. } | TlsError::Pem { .. })));
    assert!(matches!(Tls::from_files(&key, &key), Err(TlsError::Pem { .. })));
    assert!(matches!(Tls::from_files(&pair.dir.path().join("none"), &key), Err(TlsError::Read { .. })));

    let gateway = Gateway::bind("127.0.0.1:0".parse().unwrap(), Exposure::ThisMachine).await.unwrap();
    let gateway = gateway.api(ApiOptions::default()).tls(Tls::from_files(&certificate, &key).unwrap());
    let address = gateway.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(gateway.serve(pair.nodes[0].clone(), async { drop(stopped.await) }));

    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok\n"), "{answer}");

    // Whoever speaks plainly gets no answer.
    let mut plain = tokio::net::TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");

    drop(stop);
    tokio::time::timeout(Duration::from_secs(20), serving).await.expect("it stops").unwrap().unwrap();
    pair.stop().await;
}
