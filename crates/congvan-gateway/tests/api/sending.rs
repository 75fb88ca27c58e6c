//! Documents in, documents out.

use axum::body::Bytes;
use congvan_gateway::ApiOptions;
use hyper::Method;
use serde_json::{Value, json};

use crate::client::{Client, form};
use crate::network::{H55, Pair, TTTT, until};

fn draft() -> Value {
    json!({"to": [TTTT], "subject": "Báo cáo tháng 11", "number": "12", "notation": "BC-UBND", "promulgated": "2026/11/25"})
}

/// Waits until a document is here in full.
pub(crate) async fn arrived(client: &Client, id: &str) -> Value {
    until("the document arrives", async || {
        let answer = client.get(&format!("/api/v1/documents/{id}")).await;
        (answer.status == 200).then(|| answer.json()).filter(|document| document["complete"] == true)
    })
    .await
}

fn id(sent: &Value) -> String {
    sent["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_sent_once_arrives_and_is_answered() {
    let pair = Pair::new().await;
    let [sender, receiver] = &pair.clients;
    let big = vec![b'x'; 300_000];
    let files: [(&str, &str, &[u8]); 2] = [("báo cáo.pdf", "application/pdf", b"%PDF-1.7"), ("b.bin", "", &big)];
    let answer = sender.send(Some("bao-cao-11"), &draft(), &files).await.is(201);
    let sent = answer.json();
    assert_eq!(answer.header("location"), format!("/api/v1/documents/{}", id(&sent)));
    let again = sender.send(Some("bao-cao-11"), &draft(), &files).await.is(200).json();
    assert_eq!((&again["id"], &again["repeated"]), (&sent["id"], &true.into()));
    // The same key with another document is no retry.
    let mut other = draft();
    other["subject"] = "Khác".into();
    sender.send(Some("bao-cao-11"), &other, &files).await.problem(422, "key-reused");
    sender.send(Some("bao-cao-11"), &draft(), &files[..1]).await.problem(422, "key-reused");
    // What was refused has used no key.
    sender.send(Some("k2"), &json!({"to": ["000.00.99.H55"]}), &[]).await.problem(422, "unknown-agency");
    let second = sender.send(Some("k2"), &draft(), &[]).await.is(201).json();
    assert_ne!(second["id"], sent["id"]);
    sender.send(Some(""), &draft(), &[]).await.problem(422, "invalid");
    sender.send(Some(&"k".repeat(129)), &draft(), &[]).await.problem(422, "invalid");

    let document = arrived(receiver, &id(&sent)).await;
    assert_eq!((&document["from"], &document["code"]), (&H55.into(), &"12/BC-UBND".into()));
    assert_eq!(document["proof"]["genuine"], true);
    let names: Vec<_> = document["files"].as_array().unwrap().iter().map(|file| &file["name"]).collect();
    assert_eq!(names, ["báo cáo.pdf", "b.bin"]);
    assert_eq!(receiver.get(&format!("/api/v1/documents/{}/attachments/1", id(&sent))).await.is(200).body, big);
    assert!(std::fs::read_dir(pair.nodes[0].home().spool()).unwrap().next().is_none(), "nothing stays in the spool");

    let statuses = format!("/api/v1/documents/{}/statuses", &id(&sent)[..8]);
    let status = json!({"status": "03", "note": "Đã tiếp nhận"});
    let headers = [("content-type", "application/json"), ("idempotency-key", "s1")];
    let body = Bytes::from(status.to_string());
    receiver.call(Method::POST, &statuses, &headers, body.clone()).await.is(201);
    receiver.call(Method::POST, &statuses, &headers, body).await.is(200);
    let refused = receiver.post(&statuses, &json!({"status": "03"})).await.problem(409, "life");
    assert!(
        refused["detail"].as_str().unwrap().contains("possible now") && refused["detail_vi"].is_string(),
        "{refused}"
    );
    receiver.post(&statuses, &json!({"status": "99"})).await.problem(422, "invalid");

    let reply = json!({"to": [H55], "subject": "Trả lời", "links": [{"relation": "answers", "document": id(&sent)}]});
    let reply = receiver.send(None, &reply, &[]).await.is(201).json();
    assert_eq!(arrived(sender, &id(&reply)).await["links"][0]["document"], sent["id"]);
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_refused_with_the_fields_name() {
    let pair = Pair::with(ApiOptions { max_upload: 1_000, max_packet: 2_000, ..ApiOptions::default() }).await;
    let sender = &pair.clients[0];
    for (document, kind, field) in [
        (json!({"subject": "x"}), "invalid", "to"),
        (json!({"to": ["000.00.99.H55"]}), "unknown-agency", "to"),
        (json!({"to": ["a b"]}), "invalid", "to[0]"),
        (json!({"to": [TTTT], "subject": "x".repeat(4_097)}), "invalid", "subject"),
        (json!({"to": [TTTT], "subjekt": "x"}), "invalid", "document"),
    ] {
        assert_eq!(sender.send(None, &document, &[]).await.problem(422, kind)["field"], field);
    }
    let link = json!({"to": [TTTT], "links": [{"relation": "updates", "document": "ffffffff"}]});
    sender.send(None, &link, &[]).await.problem(404, "not-found");
    let one: (&str, &str, &[u8]) = ("a.txt", "text/plain", b"x");
    sender.send(None, &draft(), &vec![one; 64]).await.is(201);
    assert_eq!(sender.send(None, &draft(), &vec![one; 65]).await.problem(422, "invalid")["field"], "attachment");
    sender.send(None, &draft(), &[("a", "", &[0; 600]), ("b", "", &[0; 400])]).await.is(201);
    sender.send(None, &draft(), &[("a", "", &[0; 600]), ("b", "", &[0; 401])]).await.problem(413, "too-large");
    sender.send(None, &draft(), &[("", "", b"x")]).await.problem(422, "invalid");
    sender.send(None, &draft(), &[(&"x".repeat(513), "", b"x")]).await.problem(422, "invalid");

    let post = async |kind: &str, body: Bytes| {
        sender.call(Method::POST, "/api/v1/documents", &[("content-type", kind)], body).await
    };
    let (kind, body) = form(&draft(), &[one]);
    post("application/json", body.clone()).await.problem(415, "media-type");
    post(&kind, body.slice(..body.len() - 20)).await.problem(400, "malformed");
    post(&kind, Bytes::from_static(b"nothing")).await.problem(400, "malformed");
    let (kind, body) = form(&Value::Null, &[]);
    let named = |from: &str, to: &str| Bytes::from(String::from_utf8(body.to_vec()).unwrap().replace(from, to));
    post(&kind, named("null", "{")).await.problem(400, "malformed");
    post(&kind, named("name=\"document\"", "name=\"dokument\"")).await.problem(422, "invalid");

    let packet = async |kind: &str, body: Vec<u8>| {
        sender.call(Method::POST, "/api/v1/packets", &[("content-type", kind)], body.into()).await
    };
    packet("application/json", b"<a/>".to_vec()).await.problem(415, "media-type");
    packet("text/xml", b"<a/>".to_vec()).await.problem(422, "invalid");
    packet("text/xml", vec![b' '; 2_000]).await.problem(422, "invalid");
    packet("text/xml", vec![b' '; 2_001]).await.problem(413, "too-large");
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_travels_byte_for_byte_and_its_status_comes_back() {
    let pair = Pair::new().await;
    let [sender, receiver] = &pair.clients;
    let sample = |name: &str| {
        let path = format!("{}/../../examples/data/{name}", env!("CARGO_MANIFEST_DIR"));
        String::from_utf8(std::fs::read(path).unwrap()).unwrap()
    };
    let packet = sample("bao-cao.edxml");
    let post = async |client: &Client, key: &str, packet: &str| {
        let headers = [("content-type", "application/xml; charset=utf-8"), ("idempotency-key", key)];
        client.call(Method::POST, "/api/v1/packets", &headers, Bytes::from(packet.to_owned())).await
    };
    // The sample also goes to an agency that this network has not.
    let packet = packet.replace("000.00.02.H55", TTTT);
    let sent = post(sender, "p1", &packet).await.is(201).json();
    assert_eq!(post(sender, "p1", &packet).await.is(200).json()["id"], sent["id"]);
    post(sender, "p1", &format!("{packet}\n")).await.problem(422, "key-reused");
    arrived(receiver, &id(&sent)).await;
    let fetched = receiver.get(&format!("/api/v1/documents/{}/packet", id(&sent))).await.is(200);
    assert_eq!((fetched.header("content-type"), fetched.body.as_ref()), ("application/xml", packet.as_bytes()));

    let status = sample("trang-thai-03.edxml");
    let reported = post(receiver, "p2", &status).await;
    if reported.status == 422 {
        panic!("{}", reported.json());
    }
    reported.is(201);
    until("the status arrives", async || {
        let document = sender.get(&format!("/api/v1/documents/{}", id(&sent))).await.is(200).json();
        document["progress"].as_array()?.iter().any(|progress| progress["status"] == "03").then_some(())
    })
    .await;
    pair.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_page_by_page_and_filtered() {
    let pair = Pair::new().await;
    let [sender, receiver] = &pair.clients;
    let mut ids = Vec::new();
    for number in 0..7 {
        let mut document = draft();
        (document["number"], document["subject"]) = (number.to_string().into(), format!("BÁO CÁO {number}").into());
        ids.push(id(&sender.send(None, &document, &[]).await.is(201).json()));
    }
    for id in &ids {
        arrived(receiver, id).await;
    }
    ids.reverse();
    for (client, folder) in [(receiver, "inbox"), (sender, "outbox")] {
        let (mut found, mut after, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = client.get(&format!("/api/v1/{folder}?limit=3{after}")).await.is(200).json();
            found.extend(page["documents"].as_array().unwrap().iter().map(id));
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!((&found, pages), (&ids, 3), "{folder}");
        let count = async |query: &str| {
            let page = client.get(&format!("/api/v1/{folder}?{query}")).await.is(200).json();
            page["documents"].as_array().unwrap().len()
        };
        assert_eq!(count("subject=b%C3%A1o%20c%C3%A1o%203").await, 1);
        assert_eq!(count("code=bc-ubnd").await, 7);
        assert_eq!(count("code=3%2FBC").await, 1);
        assert_eq!(count(&format!("agency={TTTT}")).await, 7);
        assert_eq!(count("agency=000.00.99.H55").await, 0);
        assert_eq!(count("standing=in_force&complete=true").await, 7);
        assert_eq!(count("standing=replaced").await, 0);
        let third = client.get(&format!("/api/v1/documents/{}", ids[3])).await.json()["time"].as_u64().unwrap();
        assert_eq!(count(&format!("since={third}")).await + count(&format!("until={third}")).await, 7);
    }
    // Another's outbox is no place in this one.
    receiver.get(&format!("/api/v1/outbox?after={}", ids[0])).await.problem(404, "not-found");
    pair.stop().await;
}
