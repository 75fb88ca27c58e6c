//! Two nodes, two gateways, two SDKs: what is sent at one is received at the other.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use congvan::core::status::StatusNote;
use congvan::core::{AgencyCode, Attachment, Bounded, Digest, Envelope, StatusCode, Text, document::Packaging};
use congvan::{Outgoing, Source};
use congvan_gateway::VxpOptions;
use serde_json::Value;

use crate::client::Sdk;
use crate::network::*;

/// The row of a packet, once the list has it.
fn wait_for(sdk: &mut Sdk, operation: &str, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let rows = sdk.list(operation, kind);
        if let Some(row) = rows.iter().find(|row| fits(row)) {
            return row.clone();
        }
        assert!(Instant::now() < end, "not within a minute; {operation} has {rows:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn packet(answer: &crate::client::Answer) -> Vec<u8> {
    STANDARD.decode(answer.ok()["data"].as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sdk_sends_at_one_node_the_sdk_at_the_other_receives() {
    let network = Network::new().await;
    let a = network.node(H55, &[]).await;
    let b = network.node(TTTT, &[&a]).await;
    bind(&network.home(H55), SYSTEM, SECRET, &[H55]);
    bind(&network.home(TTTT), "ioffice", "another-secret", &[TTTT]);
    let (at_a, at_b) = (serve(&a, VxpOptions::default()).await, serve(&b, VxpOptions::default()).await);
    let new_a = || Sdk::new(at_a.address, SYSTEM, SECRET);
    let new_b = || Sdk::new(at_b.address, "ioffice", "another-secret");
    let (report, accepted) = (sample("bao-cao.edxml"), sample("trang-thai-03.edxml"));

    beside(|| {
        let (mut a, mut b) = (new_a(), new_b());
        // Register, and see who else is there.
        let registration = format!(r#"{{"id":"1","pid":"0","code":"{H55}","name":"UBND Thai Nguyen","mail":"x@y"}}"#);
        a.call("registerAgency", &[], registration.as_bytes()).ok();
        let agencies = a.call("getAgenciesList", &[], b"").ok();
        let tttt = agencies["data"].as_array().unwrap().iter().find(|agency| agency["code"] == TTTT).unwrap().clone();
        assert_eq!(tttt["pid"], H55);
        assert_eq!(tttt["name"], format!("Cơ quan {TTTT}"));
        assert!(tttt["id"].is_string() && tttt["mail"].is_string());
        let units = b.call("getSynchronizeUnit", &[], b"").ok();
        let unit = units["data"].as_array().unwrap().iter().find(|unit| unit["code"] == TTTT).unwrap().clone();
        assert_eq!(unit["centerCode"], H55);
        assert_eq!((&unit["deleted"], &unit["isAgency"]), (&false.into(), &true.into()));
        assert!(unit["version"].is_u64() && unit["modifyDate"].is_string());

        // Send. The same request again, as after a lost answer, sends nothing more.
        let sent = a.send(H55, "edoc", &report).ok()["DocId"].as_str().unwrap().to_owned();
        assert!(!sent.contains(['/', '\\', '.']), "it is to be a file's name: {sent}");
        assert_eq!(a.send(H55, "edoc", &report).ok()["DocId"], *sent);
        // With keys of sendEdoc left over in the header map.
        let rows = a.list("getSentEdocList", "edoc");
        assert_eq!(rows.len(), 2, "one packet, two addressees: {rows:?}");
        for row in &rows {
            assert_eq!((&row["senderDocId"], &row["fromCode"]), (&(*sent).into(), &H55.into()));
            assert_eq!((&row["notation"], &row["sendStatus"]), (&"12/BC-UBND".into(), &"done".into()));
            assert!(!row["title"].as_str().unwrap().is_empty() && !row["sentTime"].as_str().unwrap().is_empty());
        }

        // Receive: the same packet.
        let row = wait_for(&mut b, "getReceivedEdocList", "edoc", |row| row["docId"] == *sent);
        assert_eq!((&row["from"], &row["to"]), (&H55.into(), &TTTT.into()));
        assert_eq!((&row["serviceType"], &row["messageType"]), (&"eDoc".into(), &"edoc".into()));
        assert_eq!(row["status"], "inbox");
        assert_eq!(packet(&b.get(&sent)), report);
        // Its sender can have it too.
        assert_eq!(packet(&new_a().get(&sent)), report);

        // The state of the mailbox. What is done leaves the list, also for a header map with leftovers.
        b.update(&sent, "processing").ok();
        assert_eq!(
            wait_for(&mut b, "getReceivedEdocList", "edoc", |row| row["docId"] == *sent)["status"],
            "processing"
        );
        b.update(&sent, "done").ok();
        assert_eq!(b.list("getReceivedEdocList", "edoc"), Vec::<Value>::new());
        let done = new_b().set("status", "done").list("getReceivedEdocList", "edoc");
        assert_eq!((done.len(), &done[0]["status"]), (1, &"done".into()));
        assert_eq!(new_b().set("status", "inbox").list("getReceivedEdocList", "edoc"), Vec::<Value>::new());
        assert_eq!(new_b().set("status", "all").list("getReceivedEdocList", "edoc").len(), 1);

        // Filters.
        let count = |key: &str, value: &str| {
            new_b().set("status", "all").set(key, value).list("getReceivedEdocList", "edoc").len()
        };
        assert_eq!(
            [count("from", H55), count("from", VPCP), count("from", TTTT), count("from", "ioffice")],
            [1, 0, 1, 1]
        );
        assert_eq!([count("fromDate", "2000/01/01"), count("toDate", "2000/01/01")], [1, 0]);
        assert_eq!([count("fromDate", "2999-01-01"), count("toDate", "01/01/2999")], [0, 1]);
        assert_eq!([count("pageIndex", "1"), count("pageIndex", "2"), count("pageSize", "1")], [1, 0, 1]);

        // A status goes back, as the same packet.
        let said = b.send(TTTT, "status", &accepted).ok()["DocId"].as_str().unwrap().to_owned();
        assert_eq!(b.send(TTTT, "status", &accepted).ok()["DocId"], *said, "a retry says nothing more");
        assert_eq!(
            new_b().list("getSentEdocList", "status").iter().filter(|row| row["senderDocId"] == *said).count(),
            1
        );
        let row = wait_for(&mut a, "getReceivedEdocList", "status", |row| row["docId"] == *said);
        assert_eq!((&row["from"], &row["messageType"]), (&TTTT.into(), &"status".into()));
        assert_eq!(packet(&a.get(&said)), accepted);
        a.update(&said, "done").ok();
        let row = wait_for(&mut a, "getSentEdocList", "edoc", |row| row["receiveStatus"] == "03");
        assert_eq!((&row["toCode"], &row["receiverDocId"]), (&TTTT.into(), &(*sent).into()));
        assert!(!row["receivedTime"].as_str().unwrap().is_empty());
    });
    a.shutdown().await;
    b.shutdown().await;
}

/// What was written elsewhere, by the command line or the API, is a packet for the SDK all the same.
#[tokio::test(flavor = "multi_thread")]
async fn documents_and_statuses_that_came_as_no_packet_are_given_out_as_one() {
    let network = Network::new().await;
    let a = network.node(H55, &[]).await;
    let b = network.node(TTTT, &[&a]).await;
    bind(&network.home(H55), SYSTEM, SECRET, &[H55]);
    bind(&network.home(TTTT), SYSTEM, SECRET, &[TTTT]);
    let (at_a, at_b) = (serve(&a, VxpOptions::default()).await, serve(&b, VxpOptions::default()).await);
    let attachment = Attachment {
        name: Text::new("a.txt").unwrap(),
        media_type: Text::new("text/plain").unwrap(),
        description: Text::default(),
        packaging: Packaging::Plain,
        len: 0,
        digest: Digest::from_bytes([0; 32]),
        blob: 0,
    };
    let envelope = Envelope {
        subject: Text::new("Về việc thử").unwrap(),
        attachments: Bounded::new(vec![attachment]).unwrap(),
        ..Envelope::default()
    };
    let attachments = vec![Source::Bytes(b"xin chao".to_vec())];
    let to = vec![AgencyCode::new(TTTT).unwrap()];
    let sent = a.send(Outgoing { to, envelope, attachments, ..Outgoing::default() }).await.unwrap();
    let id = sent.entry.id.to_string();
    let given = beside(|| {
        let mut sdk = Sdk::new(at_b.address, SYSTEM, SECRET);
        wait_for(&mut sdk, "getReceivedEdocList", "edoc", |row| row["docId"] == *id);
        packet(&sdk.get(&id))
    });
    let draft = congvan_edxml::draft_of(&given).unwrap();
    assert_eq!(draft.envelope.subject.as_str(), "Về việc thử");
    assert_eq!((draft.from.as_deref(), &draft.to), (Some(H55), &vec![TTTT.to_owned()]));
    assert_eq!(draft.attachments, [b"xin chao"]);

    let note = StatusNote { note: Text::new("Đã phân công").unwrap(), ..StatusNote::default() };
    b.report(&id, StatusCode::Accepted, StatusNote::default()).await.unwrap();
    let said = b.report(&id, StatusCode::Assigned, note).await.unwrap().entry.id.to_string();
    let given = beside(|| {
        let mut sdk = Sdk::new(at_a.address, SYSTEM, SECRET);
        wait_for(&mut sdk, "getReceivedEdocList", "status", |row| row["docId"] == *said);
        packet(&sdk.get(&said))
    });
    let status = congvan_edxml::status_of(&given).unwrap();
    assert_eq!((status.code, status.from.as_deref()), (StatusCode::Assigned, Some(TTTT)));
    assert_eq!((status.responds_to.document_id.as_str(), status.note.note.as_str()), (&*id, "Đã phân công"));
    a.shutdown().await;
    b.shutdown().await;
}
