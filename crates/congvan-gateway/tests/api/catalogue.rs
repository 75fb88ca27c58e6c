//! Reading a long catalogue.

use congvan::core::Procedure;
use congvan::core::catalogue::Title;

use crate::network::{H55, Pair};

#[tokio::test(flavor = "multi_thread")]
async fn a_long_catalogue_is_read_page_by_page_without_gap_or_repetition() {
    let pair = Pair::new().await;
    pair.publish().await;
    for code in ["1.002/A", "1.002", "2.000"] {
        let procedure = Procedure::new(code.parse().unwrap(), Title::new(format!("Thủ tục {code}")).unwrap());
        pair.nodes[0].publish(procedure).await.unwrap();
    }
    let client = &pair.clients[0];
    let (mut path, mut codes) = ("/api/v1/procedures?limit=1".to_owned(), Vec::new());
    loop {
        let page = client.get(&path).await.is(200).json();
        codes.extend(page["procedures"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()));
        assert_eq!(page["more"], page["next"].is_string());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/procedures?limit=1&after={}", next.replace('/', "%2F"));
    }
    assert_eq!(codes, ["1.001/A", "1.002", "1.002/A", "2.000"]);
    let all = client.get("/api/v1/procedures").await.is(200).json();
    assert_eq!((all["procedures"].as_array().unwrap().len(), &all["next"]), (4, &serde_json::Value::Null));
    // Behind a publisher's last there may be another publisher; before it there is nothing.
    let last = client.get(&format!("/api/v1/procedures?after={H55}%2F2.000")).await.is(200).json();
    assert_eq!(last["procedures"], serde_json::json!([]));
    client.get("/api/v1/procedures?after=nowhere").await.problem(422, "invalid");
    pair.stop().await;
}
