//! What is refused, and that nothing happens then.

use std::os::unix::fs::PermissionsExt;

use congvan::setup::Home;
use congvan::systems::Systems;
use congvan_gateway::VxpOptions;

use crate::client::{Sdk, exchange, hash_file};
use crate::network::*;

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_do_not_stand_for_themselves_are_refused() {
    let network = Network::new().await;
    let node = network.alone(H55).await;
    bind(&network.home(H55), SYSTEM, SECRET, &[H55]);
    bind(&network.home(H55), "others", SECRET, &[TTTT]);
    let served = serve(&node, VxpOptions { max_packet: 1 << 20, ..VxpOptions::default() }).await;
    let sdk = || Sdk::new(served.address, SYSTEM, SECRET);
    let report = sample("bao-cao.edxml");

    beside(|| {
        // Who is not known and whose secret is wrong get the same answer.
        let wrong = Sdk::new(served.address, SYSTEM, "c2VjcmV1").call("getAgenciesList", &[], b"").fails("102");
        let unknown = Sdk::new(served.address, "sys2", SECRET).call("getAgenciesList", &[], b"").fails("102");
        assert_eq!(wrong, unknown);
        // Also with a body on its way: the answer arrives.
        Sdk::new(served.address, SYSTEM, "c2VjcmV1").send(H55, "edoc", &vec![b'x'; 3 << 20]).fails("102");

        // A header that is not as it was signed, is there twice, is missing, or is not in the list of keys.
        let head = || sdk().set("docId", "a").head("getEdoc", "application/json");
        let altered = |from: &str, to: &str| exchange(served.address, &head().replacen(from, to, 1), b"");
        exchange(served.address, &head(), b"").fails("303");
        altered("XroadVnpt-docId: a", "XroadVnpt-docId: b").fails("101");
        altered("XroadVnpt-docId: a", "XroadVnpt-docId: a\r\nXroadVnpt-docId: a").fails("101");
        altered("XroadVnpt-docId: a\r\n", "").fails("101");
        altered(";docId;", ";").fails("101");
        altered("\"XroadVnpt-docId\":\"a\",", "").fails("101");
        altered("{\"Xroad", "{ \"Xroad").fails("102");
        altered("XroadVnpt-hash-header: ", "XroadVnpt-hash-header: 0").fails("101");
        altered("XroadVnpt-sign-header:", "X:").fails("101");
        // What is not signed is not read.
        let unsigned = sdk().head("getEdoc", "application/json") + "XroadVnpt-docId: a\r\n";
        exchange(served.address, &unsigned, b"").fails("202");

        // Operations and their keys.
        sdk().call("getChangeStatus", &[], b"").fails("201");
        sdk().call("deleteAgency", &[], b"{}").fails("202");
        sdk().call("updateStatus", &[("docId", "a")], b"{}").fails("202");
        sdk().call("updateStatus", &[("docId", "a"), ("status", "finished")], b"{}").fails("203");
        sdk().call("getSentEdocList", &[("messagetype", "mail")], b"").fails("203");
        sdk().call("getSentEdocList", &[("servicetype", "mail")], b"").fails("203");
        sdk().call("getSentEdocList", &[("fromDate", "gestern")], b"").fails("203");
        sdk().call("getSentEdocList", &[("pageIndex", "0")], b"").fails("203");
        sdk().call("registerAgency", &[], b"[]").fails("206");
        sdk().call("registerAgency", &[], &vec![b' '; (64 << 10) + 1]).fails("205");

        // Agencies: only those that the system may speak for, and members by the registrar's word alone.
        sdk().call("registerAgency", &[], format!(r#"{{"code":"{TTTT}"}}"#).as_bytes()).fails("105");
        sdk().call("deleteAgency", &[("AgencyCode", H55)], b"{}").fails("306");
        let others = || Sdk::new(served.address, "others", SECRET);
        others().call("registerAgency", &[], format!(r#"{{"code":"{TTTT}"}}"#).as_bytes()).ok();
        others().send(TTTT, "edoc", &report).fails("105");
        others().send(H55, "edoc", &report).fails("105");
        for operation in ["getReceivedEdocList", "getSentEdocList", "getEdoc", "updateStatus"] {
            others().call(operation, &[("docId", "a"), ("status", "done")], b"").fails("105");
        }

        // Packets.
        sdk().send(TTTT, "edoc", &report).fails("105");
        sdk().set("hash-file", &hash_file(b"another")).send_hashed(H55, "edoc", &report).fails("204");
        sdk().send(H55, "edoc", b"<edXML/>").fails("301");
        sdk().send(H55, "status", &report).fails("301");
        sdk().send(H55, "edoc", &sample("trang-thai-03.edxml")).fails("301");
        sdk().send(H55, "status", &sample("trang-thai-03.edxml")).fails("305");
        let elsewhere = String::from_utf8(report.clone())
            .unwrap()
            .replace("<edXML:OrganId>000.00.02.H55", "<edXML:OrganId>000.00.09.H55");
        let error = sdk().send(H55, "edoc", elsewhere.as_bytes()).fails("302");
        assert!(error["ErrorDesc"].as_str().unwrap().contains("000.00.09.H55"), "{error}");
        sdk().send(H55, "edoc", &vec![b'x'; (1 << 20) + 1]).fails("205");
        sdk().send(H55, "edoc", &vec![b'x'; 1 << 20]).fails("301");
        assert_eq!(sdk().list("getSentEdocList", "edoc").len(), 0, "nothing was sent");
        // The SDK's `from` may be the system's id.
        sdk().send(SYSTEM, "edoc", &report).ok();
        assert_eq!(sdk().list("getSentEdocList", "edoc").len(), 2);
    });
    assert_eq!(std::fs::read_dir(Home::new(network.home(H55)).spool()).unwrap().count(), 0, "nothing is left over");
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_is_worth_what_its_file_says_now() {
    let network = Network::new().await;
    let node = network.alone(H55).await;
    let served = serve(&node, VxpOptions::default()).await;
    let home = Home::new(network.home(H55));
    let call = |secret: &str| Sdk::new(served.address, SYSTEM, secret).call("getAgenciesList", &[], b"");
    beside(|| {
        call(SECRET).fails("102");
        bind(home.dir(), SYSTEM, SECRET, &[H55]);
        call(SECRET).ok();
        let mut systems = Systems::load(&home).unwrap();
        let new = systems.rotate(&SYSTEM.parse().unwrap(), None).unwrap();
        systems.save(&home).unwrap();
        call(SECRET).fails("102");
        call(new.expose()).ok();
        systems.remove(&SYSTEM.parse().unwrap()).unwrap();
        systems.save(&home).unwrap();
        call(new.expose()).fails("102");
        call("").fails("102");
        bind(home.dir(), SYSTEM, SECRET, &[H55]);
        std::fs::set_permissions(home.systems(), std::fs::Permissions::from_mode(0o644)).unwrap();
        // The error is for the operator's log; whoever calls learns nothing of this machine.
        let answer = call(SECRET);
        let text = answer.fails("500").to_string();
        assert!(!text.contains("systems.json"), "{text}");
    });
    node.shutdown().await;
}
