//! The pictures in the README, made by `make screenshots`: two offices of the sample data, and what a clerk sees.

use std::path::PathBuf;

use congvan::core::status::{Staff, StatusNote};
use congvan::core::{AgencyCode, Envelope, StatusCode, Text};
use congvan::{Outgoing, Source};
use thirtyfour::By;

use crate::chromium::{self, Browser};
use crate::office::{FINANCE, PAGES, PROVINCE, Pair, letter, sample, until};

/// A document of the pictures.
fn document(to: &str, code: &str, kind: &str, subject: &str, due: &str) -> Outgoing {
    let (number, notation) = code.split_once('/').unwrap();
    let pdf = std::fs::read(sample("bao-cao.pdf")).unwrap();
    let basis = letter(to, subject, &pdf);
    let envelope = Envelope {
        number: Text::new(number).unwrap(),
        notation: Text::new(notation).unwrap(),
        type_name: Text::new(kind).unwrap(),
        due: Text::new(due).unwrap(),
        place: Text::new("Thái Nguyên").unwrap(),
        ..basis.envelope
    };
    Outgoing {
        to: vec![AgencyCode::new(to).unwrap()],
        envelope,
        attachments: vec![Source::Bytes(pdf)],
        ..Outgoing::default()
    }
}

/// Two offices in the middle of a working day, and the documents that the province sent.
async fn working_day() -> (Pair, Vec<String>) {
    let pair = Pair::witnessed().await;
    let (province, finance) = (&pair.province.node, &pair.finance.node);
    let mut sent = Vec::new();
    for (code, kind, subject, due) in [
        ("112/QĐ-UBND", "Quyết định", "Quyết định giao dự toán ngân sách năm 2027", ""),
        ("118/CV-UBND", "Công văn", "Về việc rà soát thủ tục hành chính lĩnh vực tài chính", "2026/12/15"),
        ("121/GM-UBND", "Giấy mời", "Mời họp giao ban tháng 12", "2026/12/01"),
        ("123/BC-UBND", "Báo cáo", "Báo cáo kết quả chuyển đổi số quý III", "2026/12/24"),
        ("125/CV-UBND", "Công văn", "Đề nghị góp ý dự thảo quy chế văn thư, lưu trữ điện tử", "2026/12/10"),
    ] {
        let receipt = province.send(document(FINANCE, code, kind, subject, due)).await.unwrap();
        sent.push(receipt.entry.id.to_string());
    }
    finance
        .send(document(PROVINCE, "45/STC-NS", "Công văn", "Đề nghị bổ sung kinh phí chuyển đổi số", ""))
        .await
        .unwrap();
    for id in &sent {
        until("the document arrived with its attachment", async || finance.attachment(id, 0).ok()).await;
        until("its arrival was reported", async || finance.document(id).ok().filter(|d| !d.history.is_empty())).await;
    }
    let note = |text: &str, department: &str| StatusNote {
        note: Text::new(text).unwrap(),
        staff: Staff { department: Text::new(department).unwrap(), ..Staff::default() },
        ..StatusNote::default()
    };
    for (id, code, words, department) in [
        (&sent[0], StatusCode::Accepted, "", ""),
        (&sent[0], StatusCode::Completed, "Đã giao dự toán cho các đơn vị.", "Phòng Ngân sách"),
        (&sent[1], StatusCode::Accepted, "", ""),
        (&sent[1], StatusCode::Assigned, "Rà soát và báo cáo trước ngày 10/12.", "Phòng Ngân sách"),
        (&sent[2], StatusCode::Accepted, "", ""),
    ] {
        finance.report(id, code, note(words, department)).await.unwrap();
    }
    until("the sender knows", async || province.document(&sent[2]).ok().filter(|d| d.history.len() > 1)).await;
    until("the documents are witnessed", async || {
        let proof = finance.document(&sent[1]).ok()?.proof;
        proof.cover.filter(|cover| cover.witnessed)
    })
    .await;
    (pair, sent)
}

fn pictures() -> PathBuf {
    let dir = std::env::var_os("CONGVAN_SCREENSHOTS").map_or_else(std::env::temp_dir, PathBuf::from);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes the README's pictures: make screenshots"]
async fn the_pictures_of_the_readme() {
    if !chromium::is_here() {
        return;
    }
    let (dir, (pair, sent)) = (pictures(), working_day().await);
    let clerk = Browser::open(pair.finance.address).await;
    clerk.log_in().await;
    clerk.picture(&dir.join("inbox.png"), 620).await;
    clerk.goto(&format!("/documents/{}", sent[1])).await;
    clerk.picture(&dir.join("document.png"), 980).await;
    clerk.goto(&format!("/send?answers={}", sent[3])).await;
    clerk.picture(&dir.join("send.png"), 1060).await;
    clerk.close().await;
    let sender = Browser::open(pair.province.address).await;
    sender.log_in().await;
    sender.goto("/outbox").await;
    sender.picture(&dir.join("outbox.png"), 620).await;
    sender.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes pictures of every page in both languages, as an office screen shows them"]
async fn every_page_to_look_at() {
    if !chromium::is_here() {
        return;
    }
    let (dir, (pair, sent)) = (pictures(), working_day().await);
    let document = format!("/documents/{}", sent[1]);
    for (office, name) in [(&pair.finance, "receiver"), (&pair.province, "sender")] {
        let browser = Browser::open(office.address).await;
        for language in ["vi", "en"] {
            browser.goto(&format!("/language/{language}?back=%2Flogin")).await;
            browser.picture(&dir.join(format!("{language}-{name}-login.png")), 768).await;
            browser.log_in().await;
            for page in PAGES.into_iter().chain(["/nowhere", &document]) {
                browser.goto(page).await;
                let page = if page == document { "document".to_owned() } else { page[1..].replace('/', "-") };
                browser.picture(&dir.join(format!("{language}-{name}-{page}.png")), 768).await;
            }
            let proof = office.node.prove_compactly(&sent[1]).unwrap();
            browser.goto(&format!("/check#{proof}")).await;
            until("the proof is checked", async || browser.web.find(By::Css("#verdict li")).await.ok()).await;
            browser.picture(&dir.join(format!("{language}-{name}-verdict.png")), 1100).await;
            browser.goto(&document).await;
            browser.click("#proof details summary").await;
            browser.picture(&dir.join(format!("{language}-{name}-proof.png")), 1300).await;
            browser.click("form[action='/logout'] button").await;
            browser.arrive("/login").await;
        }
        browser.close().await;
    }
}
