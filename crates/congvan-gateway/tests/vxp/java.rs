//! The same from Java, whose HTTP and cryptography the SDK stands on.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use congvan_gateway::VxpOptions;
use serde_json::Value;

use crate::network::*;

#[tokio::test(flavor = "multi_thread")]
async fn javas_own_http_is_understood() {
    if !Command::new("javac").arg("-version").output().is_ok_and(|output| output.status.success()) {
        println!("skipped: there is no Java here");
        return;
    }
    let network = Network::new().await;
    bind(&network.home(H55), SYSTEM, SECRET, &[H55]);
    let node = network.alone(H55).await;
    let served = serve(&node, VxpOptions::default()).await;
    // To oneself, so that one node is enough.
    let report = String::from_utf8(sample("bao-cao.edxml")).unwrap().replace(TTTT, H55).replace(TC, H55);
    let file = network.home(H55).join("report.edxml");
    std::fs::write(&file, &report).unwrap();
    let output = beside(|| {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vxp/Check.java");
        let endpoint = format!("http://{}/vxp", served.address);
        Command::new("java").arg(program).args([&endpoint, SYSTEM, SECRET, H55]).arg(&file).output().unwrap()
    });
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<(&str, Value)> = said
        .lines()
        .map(|line| {
            let mut parts = line.splitn(3, '\t');
            let (operation, http) = (parts.next().unwrap(), parts.next().unwrap());
            assert_eq!(http, "200", "{line}");
            (operation, serde_json::from_str(parts.next().unwrap()).unwrap())
        })
        .collect();
    let operations: Vec<_> = answers.iter().map(|(operation, _)| *operation).collect();
    let wanted = [
        "registerAgency",
        "getAgenciesList",
        "sendEdoc",
        "getReceivedEdocList",
        "getEdoc",
        "updateStatus",
        "getSentEdocList",
    ];
    assert_eq!(operations, wanted, "{said}");
    assert!(answers.iter().all(|(_, answer)| answer["status"] == "OK" && answer["ErrorCode"] == "0"), "{said}");
    let id = &answers[2].1["DocId"];
    assert_eq!(answers[3].1["data"][0]["docId"], *id);
    assert_eq!(STANDARD.decode(answers[4].1["data"].as_str().unwrap()).unwrap(), report.as_bytes());
    assert_eq!(answers[6].1["data"][0]["senderDocId"], *id);
    node.shutdown().await;
}
