//! Two clerks at two offices, each with a browser.

use crate::chromium::{self, Browser};
use crate::office::{FINANCE, PAGES, Pair, letter, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_finds_a_document_downloads_and_accepts_it_and_the_sender_sees_that() {
    if !chromium::is_here() {
        return;
    }
    let pair = Pair::open().await;
    let file = std::fs::read(crate::office::sample("bao-cao.pdf")).unwrap();
    pair.province.node.send(letter(FINANCE, "Mời họp giao ban", b"%PDF-1.4")).await.unwrap();
    let receipt = pair.province.node.send(letter(FINANCE, "Báo cáo chuyển đổi số quý III", &file)).await.unwrap();
    let id = receipt.entry.id.to_string();
    until("both documents are here", async || (pair.finance.node.inbox(3).unwrap().len() == 2).then_some(())).await;
    until("the attachment is here", async || pair.finance.node.attachment(&id, 0).ok()).await;

    let receiver = Browser::open(pair.finance.address).await;
    receiver.log_in().await;
    receiver.click("#q").await;
    receiver.keys("bao cao chuyen doi\u{e007}").await;
    receiver.arrive("/inbox?q=").await;
    assert_eq!(receiver.web.find_all(thirtyfour::By::Css("tbody tr")).await.unwrap().len(), 1);
    receiver.follow("Báo cáo chuyển đổi số").await;
    let document = receiver.arrive("/documents/").await;
    receiver.follow("bao-cao.pdf").await;
    assert!(receiver.downloaded("bao-cao.pdf").await == file);
    receiver.click(".act form button.primary").await;
    receiver.arrive(&format!("{document}?done=03")).await;
    receiver.shows(&document, "Đã tiếp nhận").await;

    let sender = Browser::open(pair.province.address).await;
    sender.log_in().await;
    sender.shows("/outbox", "Đã tiếp nhận").await;
    sender.shows(&document, "Sở Tài chính: đã tiếp nhận").await;
    for page in
        ["/inbox", "/due", "/agencies", "/catalogue", "/catalogue/changes", "/node", "/alarms", "/help", "/send"]
    {
        sender.goto(page).await;
    }
    sender.goto("/language/en?back=%2Foutbox").await;
    sender.arrive("/outbox").await;
    sender.shows("/outbox", "Accepted").await;
    for page in PAGES.into_iter().chain(["/nowhere", &document]) {
        sender.goto(page).await;
    }
    sender.close().await;
    receiver.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_with_an_attachment_is_sent_by_keyboard_alone() {
    if !chromium::is_here() {
        return;
    }
    let pair = Pair::open().await;
    let browser = Browser::open(pair.province.address).await;
    browser.log_in().await;
    browser.tab_to(".skip").await;
    browser.tab_to("nav a[href='/send']").await;
    browser.keys("\u{e007}").await;
    browser.arrive("/send").await;
    browser.tab_to("#find").await;
    browser.keys("tai chinh").await;
    let tick = format!("#found input[value='{FINANCE}']");
    let found = async || browser.web.find(thirtyfour::By::Css(tick.clone())).await.ok();
    until("the agency is found as one types", found).await;
    browser.tab_to(&tick).await;
    browser.keys(" ").await;
    let chosen = format!("#chosen input[value='{FINANCE}']:checked");
    until("it is chosen", async || browser.web.find(thirtyfour::By::Css(chosen.clone())).await.ok()).await;
    browser.tab_to("#subject").await;
    browser.keys("Gửi bằng bàn phím").await;
    browser.tab_to("#code").await;
    browser.keys("7/CV-UBND").await;
    browser.tab_to("#due").await;
    browser.keys("24/12/2026").await;
    browser.tab_to("#files").await;
    // The system's own window for choosing files is not part of a headless browser.
    let file = std::fs::canonicalize(crate::office::sample("bao-cao.pdf")).unwrap();
    let input = browser.web.find(thirtyfour::By::Css("#files")).await.unwrap();
    input.send_keys(file.to_str().unwrap()).await.unwrap();
    browser.tab_to("button[value='send']").await;
    browser.keys("\u{e007}").await;
    let document = browser.arrive("/documents/").await;
    assert!(document.ends_with("?done=sent"), "{document}");
    browser.web.refresh().await.unwrap();
    browser.check().await;
    let sent = pair.province.node.outbox(5).unwrap();
    assert_eq!(sent.len(), 1);
    let one = &sent[0];
    assert_eq!((&*one.subject, &*one.code, &*one.due), ("Gửi bằng bàn phím", "7/CV-UBND", "2026/12/24"));
    assert_eq!((one.to.as_slice(), one.attachments), ([FINANCE.to_owned()].as_slice(), 1));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_stand_out_from_what_they_stand_on() {
    if !chromium::is_here() {
        return;
    }
    let pair = Pair::open().await;
    let receipt = pair.province.node.send(letter(FINANCE, "Báo cáo", b"%PDF-1.4")).await.unwrap();
    let document = format!("/documents/{}", receipt.entry.id);
    let browser = Browser::open(pair.province.address).await;
    browser.goto("/login").await;
    assert_eq!(faint(&browser).await, Vec::<String>::new(), "/login");
    browser.log_in().await;
    for page in [
        &document,
        "/inbox",
        "/outbox",
        "/send",
        "/due",
        "/agencies",
        "/catalogue",
        "/node",
        "/alarms",
        "/help",
        "/check",
        "/nowhere",
    ] {
        browser.goto(page).await;
        assert_eq!(faint(&browser).await, Vec::<String>::new(), "{page}");
        let nameless: Vec<String> = browser.web.execute(NAMELESS, vec![]).await.unwrap().convert().unwrap();
        assert_eq!(nameless, Vec::<String>::new(), "{page}: fields without a label");
    }
    browser.close().await;
}

/// Fields and buttons that a screen reader has no name for.
const NAMELESS: &str = "return [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a')] \
    .filter(e => !(e.labels && e.labels.length) && !e.textContent.trim() && !e.getAttribute('aria-label')).map(e => e.outerHTML)";

/// Text with less contrast than WCAG AA asks for (4.5 to 1), with its colours.
pub(crate) async fn faint(browser: &Browser) -> Vec<String> {
    const SCRIPT: &str = r#"
        const parse = (text) => text.match(/[\d.]+/g).map(Number);
        const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
            .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const behind = (element) => {
            for (let e = element; e; e = e.parentElement) {
                const colour = parse(getComputedStyle(e).backgroundColor);
                if (colour.length === 3 || colour[3] > 0) return colour;
            }
            return [255, 255, 255];
        };
        const found = [];
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const element = walker.currentNode.parentElement;
            if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
            const pair = [light(parse(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
            const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
            if (contrast < 4.5) found.push(`${contrast.toFixed(2)} ${walker.currentNode.data.trim()}`);
        }
        return found;
    "#;
    browser.web.execute(SCRIPT, vec![]).await.unwrap().convert().unwrap()
}
