//! What proves a document, as its reader is told it.

use std::path::Path;
use std::time::Duration;

use congvan::Node;
use congvan_gateway::ConsoleOptions;

use crate::http::Client;
use crate::office::{FINANCE, Office, letter, name_witness, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_which_checkpoint_covers_a_document_and_who_witnessed_it() {
    let dir = tempfile::tempdir().unwrap();
    let homes = congvan_examples::network(dir.path()).await.unwrap();
    name_witness(dir.path(), &homes).await;
    // One that makes checkpoints, and one that cosigns them only once it is here.
    let node = |home: &Path| Node::builder(home).listen("/ip4/127.0.0.1/tcp/0").offline_start(true);
    let quick = |home: &Path| node(home).checkpoints(Duration::from_millis(50));
    let alone = node(&homes[0]).checkpoints(Duration::from_secs(3600)).start().await.unwrap();
    let sent = alone.send(letter(FINANCE, "Báo cáo quyết toán", b"%PDF-1.4")).await.unwrap();
    let document = format!("/documents/{}", sent.entry.id);
    let office = Office::open(alone, ConsoleOptions::default()).await;
    let mut clerk = Client::logged_in(office.address, "vanthu").await;
    clerk.get(&document).await.has("Văn bản thật: số 1 trong sổ của").has("Chưa được chốt sổ.");
    office.node.shutdown().await;
    drop(office);

    // Once the gateway has let go of the ledger, too.
    let again = until("the node starts again", async || quick(&homes[0]).start().await.ok()).await;
    let province = Office::open(again, ConsoleOptions::default()).await;
    let mut clerk = Client::logged_in(province.address, "vanthu").await;
    until("a checkpoint covers it", async || {
        clerk.get(&document).await.text().contains("Chưa đủ chứng kiến: 0 trên 1 cơ quan cần có.").then_some(())
    })
    .await;
    clerk.get(&document).await.has("Được chốt sổ ở mục số 2 của nơi gửi, gồm mọi số đến 1.");

    let finance = quick(&homes[1]).bootstrap(congvan_examples::address(&province.node).await).start().await.unwrap();
    until("a witness cosigned it", async || {
        clerk.get(&document).await.text().contains("Đã được chứng kiến (1 cơ quan; mạng yêu cầu 1):").then_some(())
    })
    .await;
    clerk.get(&document).await.has("<b>Sở Tài chính</b>");
    clerk.get("/language/en?back=%2Finbox").await;
    clerk.get(&document).await.has("Witnessed (1 of 1 asked) by:").has("Covered by checkpoint 2 of its agency");
    finance.shutdown().await;
}
