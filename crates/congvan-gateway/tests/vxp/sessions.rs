//! How old a request may be, and what a second copy of it does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use congvan::core::Time;
use congvan_gateway::VxpOptions;

use crate::client::Sdk;
use crate::network::*;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const START: u64 = 1_795_498_764_000;

/// The node's clock, as these tests set it. Each test has one of its own.
macro_rules! clock {
    ($name:ident) => {
        static $name: AtomicU64 = AtomicU64::new(START);
        fn clock() -> Time {
            Time::from_millis($name.load(Ordering::SeqCst))
        }
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_is_good_within_the_window_and_then_as_long_as_it_is_used() {
    clock!(NOW);
    let network = Network::new().await;
    bind(&network.home(H55), SYSTEM, SECRET, &[H55]);
    let node = network.alone(H55).await;
    let options = VxpOptions { clock, ..VxpOptions::default() };
    let served = serve(&node, options).await;
    let at = |address, millis: u64| Sdk::made_at(address, SYSTEM, SECRET, millis as i64);
    let call = |sdk: &mut Sdk| sdk.call("getAgenciesList", &[], b"");
    beside(|| {
        // The window's edges.
        let (window, address) = (10 * MINUTE, served.address);
        call(&mut at(address, START - window)).ok();
        call(&mut at(address, START + window)).ok();
        call(&mut at(address, START - window - 1)).fails("103");
        call(&mut at(address, START + window + 1)).fails("103");
        let mut malformed = at(address, START);
        call(malformed.set("timestamp", "24112026T123924")).fails("103");

        // One service object that lives on, beside one whose first call comes too late.
        let mut kept = at(address, START + 1);
        call(&mut kept).ok();
        for hour in 1..=30 {
            NOW.store(START + hour * HOUR, Ordering::SeqCst);
            call(&mut kept).ok();
        }
        call(&mut at(address, START + 2)).fails("103");
        // A wrong secret cannot live on a right one's session.
        call(&mut Sdk::made_at(address, SYSTEM, "c2VjcmV1", START as i64 + 1)).fails("102");
    });
    // A restart does not end it.
    node.shutdown().await;
    drop((served, node));
    let node = reopened(&network).await;
    let served = serve(&node, options).await;
    beside(|| {
        call(&mut at(served.address, START + 1)).ok();
        call(&mut at(served.address, START + 2)).fails("103");
        // Idleness does.
        NOW.store(START + 55 * HOUR, Ordering::SeqCst);
        call(&mut at(served.address, START + 1)).fails("103");
    });
    node.shutdown().await;
}

/// The ledger closes with the last connection of the gateway, a moment after the node's shutdown.
async fn reopened(network: &Network) -> congvan::Node {
    for _ in 0..500 {
        let builder = congvan::Node::builder(network.home(H55)).local_only().offline_start(true);
        match builder.start().await {
            Ok(node) => return node,
            Err(congvan::StartError::Open(congvan::store::OpenError::Locked(_))) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the ledger stays locked")
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sessions_the_window_holds_always() {
    clock!(NOW);
    let network = Network::new().await;
    bind(&network.home(H55), SYSTEM, SECRET, &[H55]);
    let node = network.alone(H55).await;
    let served = serve(&node, VxpOptions { clock, session: Duration::ZERO, ..VxpOptions::default() }).await;
    beside(|| {
        let mut sdk = Sdk::made_at(served.address, SYSTEM, SECRET, START as i64);
        sdk.call("getAgenciesList", &[], b"").ok();
        NOW.store(START + 10 * MINUTE + 1, Ordering::SeqCst);
        sdk.call("getAgenciesList", &[], b"").fails("103");
    });
    node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_copy_of_a_request_changes_nothing() {
    let network = Network::new().await;
    bind(&network.home(H55), SYSTEM, SECRET, &[H55]);
    let node = network.alone(H55).await;
    let served = serve(&node, VxpOptions::default()).await;
    // To oneself, so that it is in one's own mailbox.
    let report = String::from_utf8(sample("bao-cao.edxml")).unwrap().replace(TTTT, H55).replace(TC, H55);
    beside(|| {
        let sdk = || Sdk::new(served.address, SYSTEM, SECRET);
        let mut first = sdk();
        let id = first.send(H55, "edoc", report.as_bytes()).ok()["DocId"].as_str().unwrap().to_owned();
        let length = node.view_head();
        assert_eq!(first.send(H55, "edoc", report.as_bytes()).ok()["DocId"], *id);
        assert_eq!(node.view_head(), length, "a copy sends nothing");

        let rows = first.list("getReceivedEdocList", "edoc");
        assert_eq!((rows.len(), &rows[0]["docId"]), (1, &(*id).into()));
        let mut old = sdk();
        old.update(&id, "processing").ok();
        old.update(&id, "processing").ok();
        first.update(&id, "done").ok();
        // A copy of the older request would turn it back.
        old.update(&id, "processing").fails("104");
        first.update(&id, "done").ok();
        assert_eq!(sdk().set("status", "done").list("getReceivedEdocList", "edoc").len(), 1);

        // Software that spells it `docid` here, and has the docId of its last getEdoc in its header map.
        let mut other = sdk();
        other.call("getEdoc", &[("docId", "d-1"), ("filePath", "out")], b"{}").fails("303");
        other.call("updateStatus", &[("docid", id.as_str()), ("status", "fail")], b"{}").ok();
        assert_eq!(sdk().list("getReceivedEdocList", "edoc")[0]["status"], "fail");
    });
    node.shutdown().await;
}

trait Head {
    fn view_head(&self) -> u64;
}

impl Head for congvan::Node {
    /// The last number of its own chain.
    fn view_head(&self) -> u64 {
        self.ledger().status(self.chain()).head.map_or(0, |head| head.seq.get())
    }
}
