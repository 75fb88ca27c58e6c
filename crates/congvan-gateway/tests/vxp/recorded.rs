//! The recorded requests, byte for byte.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use congvan::Outgoing;
use congvan::core::{AgencyCode, Envelope, Text, Time};
use congvan_gateway::VxpOptions;
use serde_json::Value;

use crate::client::{Answer, raw};
use crate::network::*;

/// A few seconds after the recording.
fn recorded_clock() -> Time {
    Time::from_millis(1_795_498_764_000 + 5_000)
}

struct Recorded {
    operation: String,
    kind: String,
    head: Vec<u8>,
    /// `None` where it is a real packet, which this repository does not hold.
    body: Option<Vec<u8>>,
}

impl Recorded {
    fn send(&self, address: std::net::SocketAddr, body: &[u8]) -> Answer {
        raw(address, &self.head, body)
    }
}

fn read(value: &Value) -> Recorded {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let path = text(&value["path"]);
    let body = value["body_base64"].as_str().map(|body| STANDARD.decode(body).unwrap());
    let mut head = format!("{} {path} HTTP/1.1\r\n", text(&value["method"]));
    let mut kind = String::new();
    for header in value["headers"].as_array().unwrap() {
        let (name, value) = (text(&header[0]), text(&header[1]));
        if name == "XroadVnpt-messagetype" {
            kind = value.clone();
        }
        // The one thing that is not as recorded: where the body is not here, none is sent.
        let value = if name == "Content-Length" && body.is_none() { "0".to_owned() } else { value };
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    Recorded { operation: path.rsplit('/').next().unwrap().to_owned(), kind, head: head.into_bytes(), body }
}

/// The names in an object, ascending: serde_json keeps another order where any crate of the build asks it to.
fn names(object: &Value) -> Vec<&String> {
    let mut names: Vec<_> = object.as_object().unwrap().keys().collect();
    names.sort();
    names
}

/// The recording beside the repository, with the packets; or the copy in it, without them.
fn recording() -> Vec<Recorded> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let beside = root.join("../../../shared/vxp/recorded.json");
    let text = match std::fs::read_to_string(&beside) {
        Ok(text) => text,
        Err(_) => {
            assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "no recording at {}", beside.display());
            println!("skipped: recorded packets, for there is no {}", beside.display());
            std::fs::read_to_string(root.join("tests/vxp/recorded.json")).unwrap()
        }
    };
    let recording: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&recording["systemid"], &recording["secret"]), (&SYSTEM.into(), &SECRET.into()));
    recording["requests"].as_array().unwrap().iter().map(read).collect()
}

#[test]
fn the_copy_in_the_repository_is_the_recording_without_the_packets() {
    let copy: Value = serde_json::from_str(include_str!("recorded.json")).unwrap();
    let copy: Vec<_> = copy["requests"].as_array().unwrap().iter().map(read).collect();
    assert_eq!(copy.len(), 16);
    for (copy, recorded) in copy.iter().zip(recording()) {
        assert_eq!(copy.body.is_none(), copy.operation == "sendEdoc");
        assert_eq!(copy.operation, recorded.operation);
        if copy.body.is_some() {
            assert_eq!((&copy.head, &copy.body), (&recorded.head, &recorded.body));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_recorded_request_is_answered_in_the_recorded_shape() {
    let network = Network::new().await;
    let node = network.node(H55, &[]).await;
    let other = network.node(VPCP, &[&node]).await;
    bind(&network.home(H55), SYSTEM, SECRET, &[H55]);
    let served = serve(&node, VxpOptions { clock: recorded_clock, ..VxpOptions::default() }).await;

    // The document that the recorded status answers.
    let envelope = Envelope {
        document_id: Text::new("000.00.00.G22,2015/09/30,7816/VPCP-TTĐT").unwrap(),
        number: Text::new("7816").unwrap(),
        notation: Text::new("VPCP-TTĐT").unwrap(),
        promulgated: Text::new("2015/09/30").unwrap(),
        ..Envelope::default()
    };
    let mut consumer = node.consumer("test").unwrap();
    let to = vec![AgencyCode::new(H55).unwrap()];
    let document = other.send(Outgoing { to, envelope, ..Outgoing::default() }).await.unwrap().entry.id.to_string();
    loop {
        let delivery = consumer.next().await.unwrap();
        let arrived = matches!(&delivery.event.what, congvan::view::EventKind::Received(d) if d.summary.id == document);
        delivery.acknowledge().unwrap();
        if arrived {
            break;
        }
    }

    let mut sent = Vec::new();
    for recorded in recording() {
        let operation = recorded.operation.as_str();
        let answer = beside(|| recorded.send(served.address, recorded.body.as_deref().unwrap_or_default()));
        match (operation, &recorded.body) {
            ("registerAgency", _) => drop(answer.ok()),
            ("getAgenciesList", _) => {
                let answer = answer.ok();
                for agency in answer["data"].as_array().unwrap() {
                    let keys = names(agency);
                    assert_eq!(keys, ["code", "id", "mail", "name", "pid"]);
                    assert!(agency.as_object().unwrap().values().all(Value::is_string));
                }
                assert_eq!(answer["data"].as_array().unwrap().len(), 5);
            }
            // The signature holds; only the file is not there.
            ("sendEdoc", None) => drop(answer.fails("204")),
            ("sendEdoc", Some(body)) => {
                let id = answer.ok()["DocId"].as_str().unwrap().to_owned();
                assert!(body.ends_with(b"\r\n"));
                sent.push((recorded.kind.clone(), id, body[..body.len() - 2].to_vec()));
            }
            ("getReceivedEdocList", _) => {
                // Own code and file's hash are left over from sendEdoc.
                let rows = answer.ok()["data"].as_array().unwrap().clone();
                assert_eq!(rows.len(), 1, "{rows:?}");
                let wanted = [
                    "created_time",
                    "docId",
                    "from",
                    "messageType",
                    "serviceType",
                    "status",
                    "status_desc",
                    "to",
                    "updated_time",
                ];
                assert_eq!(names(&rows[0]), wanted);
                assert_eq!((&rows[0]["docId"], &rows[0]["from"]), (&(*document).into(), &VPCP.into()));
            }
            ("getSentEdocList", _) => {
                let rows = answer.ok()["data"].as_array().unwrap().clone();
                let documents: Vec<_> = sent.iter().filter(|(kind, ..)| kind == "edoc").collect();
                assert_eq!(rows.len(), documents.len());
                let wanted = [
                    "fromCode",
                    "messageType",
                    "notation",
                    "receiveStatus",
                    "receiveStatusDesc",
                    "receivedTime",
                    "receiverDocId",
                    "sendStatus",
                    "sendStatusDesc",
                    "senderDocId",
                    "sentTime",
                    "serviceType",
                    "title",
                    "toCode",
                ];
                for (row, (_, id, _)) in rows.iter().zip(documents) {
                    assert_eq!(names(row), wanted);
                    assert_eq!(row["senderDocId"], **id);
                    assert!(row.as_object().unwrap().values().all(Value::is_string));
                }
            }
            // They name a document that the recording's server had.
            ("getEdoc" | "updateStatus", _) => drop(answer.fails("303")),
            ("deleteAgency", _) => drop(answer.fails("306")),
            (other, _) => panic!("{other} was recorded and is not tried"),
        }
    }
    // What was sent can be had back, byte for byte.
    for (_, id, file) in &sent {
        let answer = beside(|| {
            crate::client::Sdk::made_at(served.address, SYSTEM, SECRET, recorded_clock().as_millis() as i64).get(id)
        });
        assert_eq!(STANDARD.decode(answer.ok()["data"].as_str().unwrap()).unwrap(), *file);
    }
    node.shutdown().await;
    other.shutdown().await;
}
