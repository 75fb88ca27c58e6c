//! What happened, in each of the three ways.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use congvan_gateway::ApiOptions;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

use crate::client::Client;
use crate::network::{Pair, TTTT, serve, until};
use crate::sending::arrived;

/// One server-sent event.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

/// A stream of them.
pub(crate) struct Stream {
    body: Incoming,
    text: String,
}

impl Stream {
    pub(crate) async fn open(client: &Client, path: &str, headers: &[(&str, &str)]) -> Self {
        let answer = client.open(Method::GET, path, headers, Bytes::new()).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Self { body: answer.into_body(), text: String::new() }
    }

    /// The next one; comments are passed over.
    pub(crate) async fn next(&mut self) -> Event {
        tokio::time::timeout(Duration::from_secs(60), self.read()).await.expect("an event comes").expect("it goes on")
    }

    /// `None` at the end.
    async fn read(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| {
                    block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned))
                };
                if let (Some(id), Some(kind), Some(data)) = (field("id"), field("event"), field("data")) {
                    return Some(Event { id: id.parse().unwrap(), kind, data: serde_json::from_str(&data).unwrap() });
                }
            }
            let frame = self.body.frame().await?.ok()?;
            self.text.push_str(std::str::from_utf8(&frame.into_data().ok()?).unwrap());
        }
    }
}

async fn send(client: &Client, subject: &str) -> String {
    let sent = client.send(None, &json!({"to": [TTTT], "subject": subject}), &[]).await.is(201).json();
    sent["id"].as_str().unwrap().to_owned()
}

/// Reads until there is a received document.
async fn received(stream: &mut Stream) -> Event {
    loop {
        let event = stream.next().await;
        assert_eq!((&event.data["event_number"], &event.data["event"]), (&event.id.into(), &event.kind.clone().into()));
        if event.kind == "received" {
            return event;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_behind_the_last_event_that_was_had() {
    let pair = Pair::new().await;
    let [sender, receiver] = &pair.clients;
    let first = send(sender, "Một").await;
    let mut stream = Stream::open(receiver, "/api/v1/events", &[]).await;
    let had = received(&mut stream).await;
    assert_eq!(had.data["id"], first);
    // While it is open, and while it is not.
    let second = send(sender, "Hai").await;
    assert_eq!(received(&mut stream).await.data["id"], second);
    drop(stream);
    let third = send(sender, "Ba").await;
    let last = had.id.to_string();
    for (path, headers) in
        [("/api/v1/events", &[("last-event-id", &*last)][..]), (&format!("/api/v1/events?after={last}"), &[])]
    {
        let mut stream = Stream::open(receiver, path, headers).await;
        assert_eq!(received(&mut stream).await.data["id"], second, "nothing twice");
        assert_eq!(received(&mut stream).await.data["id"], third, "nothing missing");
    }
    let wrong = receiver.call(Method::GET, "/api/v1/events", &[("last-event-id", "x")], Bytes::new()).await;
    wrong.problem(422, "invalid");
    // When the gateway stops, the stream ends.
    let mut stream = Stream::open(receiver, "/api/v1/events?after=1000000", &[]).await;
    pair.stop().await;
    assert!(tokio::time::timeout(Duration::from_secs(20), stream.read()).await.expect("it ends").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_gets_again_what_it_has_not_acknowledged() {
    let pair = Pair::new().await;
    let [sender, receiver] = &pair.clients;
    let id = send(sender, "Một").await;
    arrived(receiver, &id).await;
    // An event shows its document as it is now; what it is, its number says.
    let poll = async |query: &str| {
        let page = receiver.get(&format!("/api/v1/consumers/register/events?{query}")).await.is(200).json();
        let events = page["events"].as_array().unwrap();
        events.iter().map(|event| event["event_number"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let events = poll("").await;
    assert!(poll("").await.starts_with(&events), "they come again");
    assert_eq!(poll("limit=1").await, events[..1]);
    let last = *events.last().unwrap();
    receiver.post("/api/v1/consumers/register/acknowledgements", &json!({"event_number": last})).await.is(204);
    let (waited, _) = tokio::join!(poll("wait=30"), send(sender, "Hai"));
    assert!(waited.iter().all(|number| *number > last) && !waited.is_empty());
    assert_eq!(poll("").await.first(), waited.first());
    pair.stop().await;
}

/// A program that webhooks call; it refuses until it is told to take.
struct Receiver {
    url: String,
    taken: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    refusing: Arc<Mutex<bool>>,
}

impl Receiver {
    async fn start() -> Self {
        let (taken, refusing) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(true)));
        let (into, refuses) = (taken.clone(), refusing.clone());
        let take = move |headers: HeaderMap, body: Bytes| async move {
            if *refuses.lock().unwrap() {
                return axum::http::StatusCode::INTERNAL_SERVER_ERROR;
            }
            into.lock().unwrap().push((headers, body));
            axum::http::StatusCode::NO_CONTENT
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/congvan?a=b", listener.local_addr().unwrap());
        let routes = axum::Router::new().route("/congvan", axum::routing::post(take));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, taken, refusing }
    }

    /// Ids of the documents that were taken, each signed with the secret.
    fn documents(&self, secret: &str) -> Vec<String> {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let check = |(headers, body): &(HeaderMap, Bytes)| {
            let text = |name: &str| headers[name].to_str().unwrap();
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
            mac.update(format!("{}.{}.", text("webhook-id"), text("webhook-timestamp")).as_bytes());
            mac.update(body);
            let signature = STANDARD.decode(text("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
            mac.verify_slice(&signature).unwrap();
            assert_eq!(text("content-type"), "application/json");
            let event: Value = serde_json::from_slice(body).unwrap();
            assert_eq!(
                (&event["event"], event["event_number"].to_string()),
                (&"received".into(), text("webhook-id").to_owned())
            );
            event["id"].as_str().unwrap().to_owned()
        };
        self.taken.lock().unwrap().iter().map(check).collect()
    }
}

/// Puts another file in a private file's place, as an editor does.
fn put(file: &std::path::Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(&new, file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_tried_until_it_is_taken_also_after_a_restart() {
    let pair = Pair::new().await;
    let [sender, receiver] = &pair.clients;
    let program = Receiver::start().await;
    let before = send(sender, "Trước").await;
    arrived(receiver, &before).await;
    let hook = json!({"url": program.url, "events": ["received"]});
    let added = receiver.post("/api/v1/webhooks", &hook).await.is(201);
    let place = added.header("location").to_owned();
    let added = added.json();
    let secret = added["secret"].as_str().unwrap();
    let first = send(sender, "Một").await;
    let failing = until("it fails", async || {
        let shown = receiver.get(&place).await.is(200).json();
        shown["last_error"].is_string().then_some(shown)
    })
    .await;
    assert!(failing["last_error"].as_str().unwrap().contains("500") && failing["next_try"].is_u64(), "{failing}");
    assert!(failing["waiting"].as_u64().unwrap() > 0 && failing.get("secret").is_none(), "{failing}");
    use std::os::unix::fs::PermissionsExt;
    let file = pair.home(1).join("webhooks.json");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    // Another gateway on the same node, as after a restart, knows it, and goes on where the first was.
    *program.refusing.lock().unwrap() = false;
    until("it is taken", async || (program.documents(secret) == [first.as_str()]).then_some(())).await;
    let shown = receiver.get(&place).await.is(200).json();
    assert_eq!((&shown["delivered"], &shown["failures"], &shown["last_error"]), (&1.into(), &0.into(), &Value::Null));
    let Pair { dir, nodes, clients, mut stops } = pair;
    drop(stops.pop());
    let second = send(&clients[0], "Hai").await;
    let (again, _stop) = serve(&nodes[1], ApiOptions::default()).await;
    let again = again.with(clients[1].token.as_deref());
    until("it is taken", async || program.documents(secret).contains(&second).then_some(())).await;
    assert!(!program.documents(secret).contains(&before), "what was before is not reported");

    // What an operator writes into the file counts without a restart; what cannot be read changes nothing.
    let other = Receiver::start().await;
    *other.refusing.lock().unwrap() = false;
    let written = std::fs::read_to_string(&file).unwrap();
    put(&file, &written.replace(&program.url, &other.url));
    until("the file is heeded", async || (again.get(&place).await.json()["url"] == other.url).then_some(())).await;
    put(&file, "{ half a file");
    let third = send(&clients[0], "Ba").await;
    until("it is taken elsewhere", async || other.documents(secret).contains(&third).then_some(())).await;
    assert!(!program.documents(secret).contains(&third));
    again.delete(&place).await.problem(500, "internal");
    put(&file, &written);
    until("it is as before", async || (again.get(&place).await.json()["url"] == program.url).then_some(())).await;

    again.delete(&place).await.is(204);
    again.get(&place).await.problem(404, "not-found");
    assert!(!std::fs::read_to_string(&file).unwrap().contains("127.0.0.1"));
    for node in nodes {
        node.shutdown().await;
    }
    drop(dir);
}
