//! The description that the API serves, held against what it does.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Bytes;
use hyper::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::network::{H55, Pair, TTTT, until};

const BASE: &str = "/api/v1";
const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

/// The description.
#[derive(Debug, Default)]
pub(crate) struct Contract {
    paths: BTreeMap<String, Value>,
    components: Value,
}

impl Contract {
    pub(crate) fn new(description: &Value) -> Self {
        let paths = description["paths"].as_object().unwrap().clone().into_iter().collect();
        Self { paths, components: description["components"].clone() }
    }

    /// Each operation: its method, path and description.
    pub(crate) fn operations(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        let of = |(path, item): (&'_ String, &'_ Value)| {
            METHODS
                .into_iter()
                .filter(|method| item.get(method).is_some())
                .map(|method| (method, path.clone()))
                .collect::<Vec<_>>()
        };
        let all: Vec<_> = self.paths.iter().flat_map(of).collect();
        all.into_iter().map(|(method, path)| {
            let (path, item) = self.paths.get_key_value(&path).unwrap();
            (method, path.as_str(), &item[method])
        })
    }

    /// The template that a path fits; literal parts come before parameters.
    fn template(&self, path: &str) -> Option<&String> {
        let parts: Vec<_> = path.strip_prefix(BASE)?.split('?').next()?.split('/').collect();
        let fits = |template: &&String| {
            let wanted: Vec<_> = template.split('/').collect();
            wanted.len() == parts.len() && wanted.iter().zip(&parts).all(|(w, p)| w.starts_with('{') || w == p)
        };
        self.paths.keys().filter(fits).min_by_key(|template| template.matches('{').count())
    }

    /// Whether a value is what the schema says.
    #[track_caller]
    pub(crate) fn validate(&self, schema: &Value, value: &Value) {
        let mut schema = schema.clone();
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
        schema["components"] = self.components.clone();
        let validator = jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{error}"));
        let errors: Vec<_> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
    }

    /// That an answer is one that the description has; returns the operation's path, if there is one.
    #[track_caller]
    pub(crate) fn check(&self, method: &Method, path: &str, answer: &Answer) -> Option<String> {
        let template = self.template(path)?;
        let method = method.as_str().to_lowercase();
        let operation = match self.paths[template].get(&method) {
            Some(operation) => operation,
            None => {
                assert_eq!(answer.status, 405, "{method} {template} is not described");
                return None;
            }
        };
        let described = &operation["responses"][answer.status.to_string()];
        assert!(
            described.is_object(),
            "{method} {template} answers {}, which is not described: {:?}",
            answer.status,
            answer.body
        );
        let Some(content) = described["content"].as_object() else {
            assert!(answer.body.is_empty(), "{method} {template} answers {} with a body", answer.status);
            return Some(template.clone());
        };
        let given = answer.header("content-type").split(';').next().unwrap();
        let described = content.get(given).or_else(|| content.get("application/octet-stream"));
        let described = described.unwrap_or_else(|| panic!("{method} {template} answers with {given}"));
        if given.ends_with("json") && method != "head" {
            self.validate(&described["schema"], &answer.json());
        }
        Some(template.clone())
    }
}

/// What can be called, in one list: whoever changes it changes what vendors rely on.
#[rustfmt::skip]
const OPERATIONS: &[(&str, &str)] = &[
    ("get", "/agencies"),
    ("get", "/agencies/{code}"),
    ("post", "/consumers/{name}/acknowledgements"),
    ("get", "/consumers/{name}/events"),
    ("post", "/documents"),
    ("get", "/documents/{id}"),
    ("get", "/documents/{id}/attachments/{number}"),
    ("head", "/documents/{id}/attachments/{number}"),
    ("get", "/documents/{id}/packet"),
    ("post", "/documents/{id}/statuses"),
    ("get", "/events"),
    ("get", "/inbox"),
    ("get", "/node"),
    ("get", "/node/peers"),
    ("get", "/openapi.json"),
    ("get", "/outbox"),
    ("post", "/packets"),
    ("get", "/problems/{name}"),
    ("get", "/procedures"),
    ("get", "/procedures/changes"),
    ("get", "/procedures/{publisher}/{code}"),
    ("get", "/procedures/{publisher}/{code}/forms/{number}"),
    ("head", "/procedures/{publisher}/{code}/forms/{number}"),
    ("get", "/webhooks"),
    ("post", "/webhooks"),
    ("delete", "/webhooks/{id}"),
    ("get", "/webhooks/{id}"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_described_and_does_what_its_description_says() {
    let pair = Pair::witnessed().await;
    pair.publish().await;
    let [sender, receiver] = &pair.clients;
    let packet = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/bao-cao.edxml")).unwrap();

    let draft = json!({"to": [TTTT], "subject": "Báo cáo", "number": "12", "notation": "BC-UBND"});
    let sent = sender.send(Some("k1"), &draft, &[("a.txt", "text/plain", b"mot hai ba")]).await.is(201).json();
    let id = sent["id"].as_str().unwrap().to_owned();
    until("the document arrives", async || {
        let answer = receiver.get(&format!("/api/v1/documents/{id}")).await;
        (answer.status == 200 && answer.json()["complete"] == true).then_some(())
    })
    .await;
    let document = format!("/api/v1/documents/{id}");
    let status = json!({"status": "03", "note": "Đã tiếp nhận", "staff": {"name": "Văn thư"}});
    receiver.post(&format!("{document}/statuses"), &status).await.is(201);
    // Each answer on the way is held against the description: uncovered, covered, witnessed.
    let proof = until("the document is witnessed", async || {
        let proof = sender.get(&document).await.is(200).json()["proof"].take();
        (proof["cover"]["witnessed"] == true).then_some(proof)
    })
    .await;
    assert_eq!((&proof["cover"]["needed"], &proof["cover"]["witnesses"][0]["agency"]), (&json!(1), &json!(TTTT)));
    receiver.get("/api/v1/inbox?limit=1").await.is(200);
    sender.get("/api/v1/outbox").await.is(200);
    let attachment = format!("{document}/attachments/0");
    assert_eq!(receiver.get(&attachment).await.is(200).body, "mot hai ba");
    receiver.call(Method::HEAD, &attachment, &[], Bytes::new()).await.is(200);
    receiver.get(&format!("{document}/packet")).await.is(200);
    sender.call(Method::POST, "/api/v1/packets", &[("content-type", "application/xml")], packet.into()).await.is(422);
    let packet = receiver.get(&format!("{document}/packet")).await.body;
    receiver.call(Method::POST, "/api/v1/packets", &[("content-type", "application/xml")], packet).await.is(201);

    receiver.get("/api/v1/agencies?limit=1").await.is(200);
    receiver.get(&format!("/api/v1/agencies/{H55}")).await.is(200);
    assert_eq!(receiver.get("/api/v1/node").await.is(200).json()["agency"], TTTT);
    assert_eq!(receiver.get("/api/v1/node/peers").await.is(200).json()[0]["agency"], H55);

    sender.get("/api/v1/procedures").await.is(200);
    let changes = sender.get("/api/v1/procedures/changes").await.is(200).json();
    assert_eq!(changes["changes"][0]["change"], "new");
    let procedure = format!("/api/v1/procedures/{H55}/1.001%2FA");
    sender.get(&procedure).await.is(200);
    assert_eq!(sender.get(&format!("{procedure}/forms/0")).await.is(200).body, "mau don");
    sender.call(Method::HEAD, &format!("{procedure}/forms/0"), &[], Bytes::new()).await.is(200);

    let events = receiver.get("/api/v1/consumers/register/events?wait=10").await.is(200).json();
    let last = events["events"].as_array().unwrap().last().unwrap()["event_number"].clone();
    receiver.post("/api/v1/consumers/register/acknowledgements", &json!({"event_number": last})).await.is(204);
    let mut stream = crate::events::Stream::open(receiver, "/api/v1/events", &[]).await;
    let event = stream.next().await;
    receiver.contract.validate(&json!({"$ref": "#/components/schemas/EventView"}), &event.data);
    receiver.seen.lock().unwrap().insert(("GET".to_owned(), "/events".to_owned(), 200));

    let hook = json!({"url": "http://127.0.0.1:9/", "events": ["received"]});
    let hook = receiver.post("/api/v1/webhooks", &hook).await.is(201).json()["id"].as_str().unwrap().to_owned();
    receiver.get("/api/v1/webhooks").await.is(200);
    receiver.get(&format!("/api/v1/webhooks/{hook}")).await.is(200);
    receiver.delete(&format!("/api/v1/webhooks/{hook}")).await.is(204);
    receiver.get("/api/v1/problems/not-found").await.is(200);
    receiver.get("/api/v1/openapi.json").await.is(200);

    let described: Vec<_> =
        receiver.contract.operations().map(|(method, path, _)| (method.to_owned(), path.to_owned())).collect();
    let listed: BTreeSet<_> =
        OPERATIONS.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(described.into_iter().collect::<BTreeSet<_>>(), listed);
    let mut done = BTreeSet::new();
    for client in &pair.clients {
        let seen = client.seen.lock().unwrap();
        done.extend(
            seen.iter()
                .filter(|(.., status)| *status < 300)
                .map(|(method, path, _)| (method.to_lowercase(), path.clone())),
        );
    }
    assert_eq!(done, listed, "an operation was not called");

    // And nothing else is there: each other method of a path is refused.
    for path in receiver.contract.paths.keys() {
        let real = path.replace("{number}", "0").replace(['{', '}'], "");
        for method in METHODS.iter().filter(|method| !listed.contains(&((**method).to_owned(), path.clone()))) {
            // axum answers HEAD wherever it answers GET.
            if *method == "head" && listed.contains(&("get".to_owned(), path.clone())) {
                continue;
            }
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let answer = receiver.call(method.clone(), &format!("{BASE}{real}"), &[], Bytes::new()).await;
            assert_eq!(answer.status, 405, "{method} {real}");
            assert!(!answer.header("allow").is_empty());
        }
    }
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_one_that_tools_can_read() {
    let pair = Pair::new().await;
    let Client { contract, .. } = &pair.clients[0];
    let description = pair.clients[0].with(None).get("/api/v1/openapi.json").await.is(200).json();
    assert_eq!(description["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (method, path, operation) in contract.operations() {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "two operations are called {id}");
        assert!(operation["summary"].is_string(), "{method} {path}");
        for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let parameters = operation["parameters"].as_array().unwrap();
            assert!(parameters.iter().any(|p| p["name"] == name && p["in"] == "path"), "{method} {path}: {name}");
        }
        let public = ["/openapi.json", "/problems/{name}"].contains(&path);
        assert_eq!(operation.get("security").is_none(), public, "{method} {path}");
    }
    let proof = &description["components"]["schemas"]["ProofView"]["properties"]["cover"];
    assert!(proof.to_string().contains("#/components/schemas/CoverView"), "{proof}");
    // Each reference leads somewhere.
    let text = description.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(description["components"]["schemas"][reference].is_object(), "{reference}");
    }
    pair.stop().await;
}
