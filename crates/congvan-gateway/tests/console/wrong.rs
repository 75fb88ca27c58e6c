//! What is wrong is said on every page, with what to do.

use std::path::Path;

use congvan::control::{OpenOptions, Request, Session};
use congvan::core::erasure::Reason;
use congvan::{Node, archive};
use congvan_gateway::ConsoleOptions;

use crate::http::Client;
use crate::office::{self, FINANCE, Office, PROVINCE, letter};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_connection_says_so_everywhere() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let mut client = Client::logged_in(office.address, "vanthu").await;
    for page in ["/inbox", "/send", "/due", "/help"] {
        // The banner names the gravest alarm, which on a machine whose disk is nearly full is another.
        client.get(page).await.has("class=\"banner\"").has("class=\"badge grave\"");
    }
    client
        .get("/alarms")
        .await
        .has("không kết nối được với cơ quan nào")
        .has("Hãy kiểm tra mạng Internet")
        .lacks("class=\"banner\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_may_not_write_yet_says_why_and_keeps_what_was_typed() {
    let dir = tempfile::tempdir().unwrap();
    let [home, _] = congvan_examples::network(dir.path()).await.unwrap();
    let node = Node::builder(home).local_only().start().await.unwrap();
    let office = Office::open(node, ConsoleOptions::default()).await;
    let mut client = Client::logged_in(office.address, "vanthu").await;
    client.get("/alarms").await.has("Máy này đang chờ để được gửi").has("no peer has confirmed yet");
    client.get("/node").await.has("Đang chờ");
    let form = client.get("/send").await;
    let (token, key) = (form.field("token"), form.field("key"));
    let fields =
        [("token", token.as_str()), ("key", &key), ("to", FINANCE), ("subject", "Khẩn cấp"), ("action", "send")];
    let answer = client.upload("/send", &fields, &[("a.txt", b"abc")]).await;
    answer.is(200).has("hiện chưa gửi được").has("Khẩn cấp").has("a.txt");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => copy(&entry.path(), &to.join(entry.file_name())),
            kind if kind.is_file() => drop(std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
            _ => {}
        }
    }
}

/// Sends one document from a home, and returns the ledger then.
async fn written(home: &Path, subject: &str) -> (String, Vec<u8>) {
    let node = Node::builder(home).local_only().offline_start(true).start().await.unwrap();
    let id = node.send(letter(FINANCE, subject, b"x")).await.unwrap().entry.id.to_string();
    let mut ledger = Vec::new();
    archive::export(node.ledger(), false, &mut ledger, &mut |_| {}).unwrap();
    node.shutdown().await;
    (id, ledger)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_says_two_things_is_named_and_its_document_is_not_called_genuine() {
    let dir = tempfile::tempdir().unwrap();
    let [province, finance] = congvan_examples::network(dir.path()).await.unwrap();
    let clone = dir.path().join("clone");
    copy(&province, &clone);
    let (one, first) = written(&province, "Một").await;
    let (_, second) = written(&clone, "Hai").await;
    for ledger in [first, second] {
        let session = Session::open(&finance, OpenOptions { passphrase: None, offline: true }).await.unwrap();
        session.call_with(Request::Import, &mut ledger.as_slice()).await.unwrap();
        session.close().await;
    }
    let node = Node::builder(finance).local_only().offline_start(true).start().await.unwrap();
    let office = Office::open(node, ConsoleOptions::default()).await;
    let mut client = Client::logged_in(office.address, "vanthu").await;
    client.get("/inbox").await.has("class=\"banner\"").has("UBND tỉnh Thái Nguyên đã ký hai nội dung khác nhau");
    client.get("/alarms").await.has(&format!("Không xử lý văn bản của {PROVINCE} từ số 1 trở đi"));
    client.get("/agencies").await.has("không tin từ số 1");
    client.get(&format!("/documents/{one}")).await.has("Không nên tin").lacks("Văn bản thật");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_was_erased_says_so_in_the_readers_language() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let id = office.node.send(letter(FINANCE, "Danh sách hộ nghèo", b"x")).await.unwrap().entry.id.to_string();
    office.node.erase(std::slice::from_ref(&id), Reason::PersonalData, "Nghị định 13").await.unwrap();
    let mut client = Client::logged_in(office.address, "vanthu").await;
    let page = format!("/documents/{id}");
    let answer = client.get(&page).await;
    answer.is(410).has("Nội dung đã bị 000.00.00.H55 xóa ngày").has("(Nghị định 13)").has("Không lấy lại được nữa");
    answer.lacks("Danh sách hộ nghèo");
    client.get("/language/en").await;
    client.get(&page).await.is(410).has("The content was erased on").has("every proof about it still holds");
}
