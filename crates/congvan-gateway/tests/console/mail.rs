//! Documents, there and back.

use congvan::core::{AgencyCode, Envelope, Text};
use congvan::{Outgoing, core::StatusCode};
use congvan_gateway::ConsoleOptions;

use crate::http::{Client, encoded};
use crate::office::{self, FINANCE, PROVINCE, Pair, letter, until};

/// Opens the form, and sends a document with what is given.
async fn send(client: &mut Client, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> (String, crate::http::Answer) {
    let form = client.get("/send").await;
    let (token, key) = (form.field("token"), form.field("key"));
    let mut all = vec![("token", token.as_str()), ("key", key.as_str())];
    all.extend_from_slice(fields);
    let answer = client.upload("/send", &all, files).await;
    (key, answer)
}

/// Waits until a page says something.
async fn shows(client: &mut Client, page: &str, words: &str) -> String {
    until(&format!("{page} shows {words}"), async || {
        let text = client.get(page).await.text();
        text.contains(words).then_some(text)
    })
    .await
}

/// Presses the button that reports a status.
async fn report(client: &mut Client, id: &str, code: &str, fields: &[(&str, &str)]) -> crate::http::Answer {
    let page = client.get(&format!("/documents/{id}")).await;
    page.has(&format!("name=\"code\" value=\"{code}\""));
    let (token, key) = (page.field("token"), format!("{}-{code}", page.field("key").split('-').next().unwrap()));
    let mut all = vec![("token", token.as_str()), ("code", code), ("key", key.as_str())];
    all.extend_from_slice(fields);
    client.post(&format!("/documents/{id}/status"), &all).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_goes_from_one_clerk_to_the_other_and_its_progress_comes_back() {
    let pair = Pair::open().await;
    let mut sender = Client::logged_in(pair.province.address, "vanthu").await;
    let mut receiver = Client::logged_in(pair.finance.address, "vanthu").await;
    let file: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let fields = [
        ("to", FINANCE),
        ("subject", "Báo cáo quyết toán quý III"),
        ("code", "45/BC-UBND"),
        ("kind", "Báo cáo"),
        ("due", "24/12/2026"),
        ("priority", "1"),
        ("action", "send"),
    ];
    let (key, answer) = send(&mut sender, &fields, &[("Quyết toán \"quý\".bin", &file), ("b.txt", b"hai")]).await;
    let place = answer.leads_to("/documents/");
    let id = place.trim_start_matches("/documents/").split('?').next().unwrap().to_owned();
    sender.get(&place).await.has("Đã gửi. Văn bản đã được ghi vào sổ");

    // Sent again by a refresh or a double click: once.
    let token = sender.get("/send").await.field("token");
    let mut again = vec![("token", token.as_str()), ("key", key.as_str())];
    again.extend_from_slice(&fields);
    let repeated = sender.upload("/send", &again, &[("b.txt", b"hai")]).await.leads_to("/documents/");
    assert_eq!(repeated, format!("/documents/{id}?done=again"));
    sender.get(&repeated).await.has("đã được gửi trước đó");
    assert_eq!(pair.province.node.outbox(10).unwrap().len(), 1);

    let inbox = shows(&mut receiver, "/inbox", "Báo cáo quyết toán quý III").await;
    for words in ["Mới đến", "45/BC-UBND", "UBND tỉnh Thái Nguyên", "24/12/2026"] {
        assert!(inbox.contains(words), "{words}: {inbox}");
    }
    let document = format!("/documents/{id}");
    let page = shows(&mut receiver, &document, "files/0").await;
    for words in ["Khẩn", "Thời hạn", "Văn bản thật: số 1 trong sổ của 000.00.00.H55.", "b.txt", "1,2 MB"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    let download = until("the attachment is here", async || {
        Some(receiver.get(&format!("{document}/files/0")).await).filter(|answer| answer.status == 200)
    });
    let download = download.await;
    assert!(download.bytes == file, "{} bytes", download.bytes.len());
    assert_eq!(download.header("content-type"), "application/octet-stream");
    assert!(download.header("content-disposition").starts_with("attachment; filename=\"Quyet toan _quy_.bin\""));
    assert!(download.header("content-security-policy").contains("sandbox"));
    // Only a PDF is shown, and nothing else, whatever it says that it is.
    let asked = receiver.get(&format!("{document}/files/0?view")).await;
    assert!(asked.header("content-disposition").starts_with("attachment;"));
    receiver.get(&format!("{document}/files/7")).await.is(404);

    report(&mut receiver, &id, "03", &[]).await.leads_to(&format!("{document}?done=03"));
    shows(&mut sender, "/outbox", "Đã tiếp nhận").await;
    report(&mut receiver, &id, "04", &[("name", "Phòng Kế hoạch"), ("note", "xử lý trước thứ sáu")]).await.is(303);
    shows(&mut sender, &document, "xử lý trước thứ sáu").await;
    report(&mut receiver, &id, "06", &[("note", "đã duyệt quyết toán")]).await.is(303);
    shows(&mut sender, "/outbox", "Hoàn thành").await;
    shows(&mut sender, &document, "đã duyệt quyết toán").await;
    receiver.get(&document).await.lacks("name=\"code\" value=\"0");
    // Too late: refused with words, and nothing is written.
    let token = receiver.get(&document).await.field("token");
    let fields = [("token", token.as_str()), ("code", "02"), ("note", "x"), ("key", "late")];
    receiver.post(&format!("{document}/status"), &fields).await.is(409).has("không thể theo sau 06 (hoàn thành)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recall_is_asked_refused_and_agreed_and_documents_link() {
    let pair = Pair::open().await;
    let mut sender = Client::logged_in(pair.province.address, "vanthu").await;
    let mut receiver = Client::logged_in(pair.finance.address, "vanthu").await;
    let receipt = pair.province.node.send(letter(FINANCE, "Mời họp", b"%PDF-1.4")).await.unwrap();
    let id = receipt.entry.id.to_string();
    let document = format!("/documents/{id}");
    shows(&mut receiver, "/inbox", "Mời họp").await;
    report(&mut sender, &id, "13", &[]).await.is(409).has("Cần ghi lý do");
    report(&mut sender, &id, "13", &[("note", "gửi nhầm")]).await.is(303);
    shows(&mut receiver, "/inbox", "Chờ trả lời thu hồi").await;
    shows(&mut receiver, &document, "gửi nhầm").await;
    report(&mut receiver, &id, "16", &[("note", "đã họp xong")]).await.is(303);
    shows(&mut sender, &document, "đã họp xong").await;
    report(&mut sender, &id, "13", &[("note", "xin lấy lại")]).await.is(303);
    shows(&mut receiver, &document, "xin lấy lại").await;
    report(&mut receiver, &id, "15", &[]).await.is(303);
    shows(&mut sender, "/outbox", "Đã thu hồi").await;

    // A reply: the form knows to whom, and the other document shows it.
    let form = receiver.get(&format!("/send?answers={id}")).await;
    form.has("Trả lời: Mời họp").has(&format!("value=\"{PROVINCE}\" checked"));
    let (token, key) = (form.field("token"), form.field("key"));
    let about = format!("answers {id}");
    let fields = [
        ("token", token.as_str()),
        ("key", &key),
        ("document", &about),
        ("to", PROVINCE),
        ("subject", "Sẽ dự"),
        ("action", "send"),
    ];
    receiver.upload("/send", &fields, &[]).await.leads_to("/documents/");
    shows(&mut sender, &document, "Được trả lời bởi").await;

    let form = sender.get(&format!("/send?replaces={id}")).await;
    let (token, key) = (form.field("token"), form.field("key"));
    let about = format!("replaces {id}");
    let fields = [
        ("token", token.as_str()),
        ("key", &key),
        ("document", &about),
        ("to", FINANCE),
        ("subject", "Mời họp lại"),
        ("action", "send"),
    ];
    sender.upload("/send", &fields, &[]).await.leads_to("/documents/");
    shows(&mut receiver, &document, "Bị thay thế bởi").await;
    // Only the sender may replace it.
    let token = receiver.get("/send").await.field("token");
    let fields = [
        ("token", token.as_str()),
        ("key", "k2"),
        ("document", &about),
        ("to", PROVINCE),
        ("subject", "x"),
        ("action", "send"),
    ];
    receiver.upload("/send", &fields, &[]).await.is(200).has("Chưa gửi. Cần sửa");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_comes_back_has_kept_what_was_typed_and_uploaded() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let mut client = Client::logged_in(office.address, "vanthu").await;
    let spooled = || std::fs::read_dir(office.node.home().spool()).map_or(0, Iterator::count);
    let (key, answer) = send(
        &mut client,
        &[("subject", "<Một & hai>"), ("due", "31/02/2026"), ("action", "send")],
        &[("a.txt", b"abc")],
    )
    .await;
    answer.is(200).has("Chưa chọn nơi nhận").has("&lt;Một &amp; hai&gt;").has("a.txt");
    assert_eq!((answer.field("key"), spooled()), (key.clone(), 1));
    let token = answer.field("token");
    let base = [("token", token.as_str()), ("key", key.as_str()), ("subject", "Một"), ("to", FINANCE)];
    let with = |more: &[(&'static str, &'static str)]| [base.as_slice(), more].concat();

    let found = client.upload("/send", &with(&[("find", "tai chinh"), ("action", "find")]), &[("b.txt", b"def")]).await;
    found.is(200).has("a.txt").has("b.txt").has(&format!("value=\"{FINANCE}\" checked"));
    client
        .upload("/send", &with(&[("due", "31/02/2026"), ("action", "send")]), &[])
        .await
        .is(200)
        .has("Ngày chưa đúng");
    client.upload("/send", &with(&[("action", "drop-0")]), &[]).await.is(200).lacks("a.txt").has("b.txt");
    let place =
        client.upload("/send", &with(&[("action", "send")]), &[("c.txt", b"ghi")]).await.leads_to("/documents/");
    client.get(&place).await.has("b.txt").has("c.txt").lacks("a.txt");
    assert_eq!(spooled(), 0, "nothing is left on the disk");
    client.get("/send/agencies?find=TAI%20CHINH").await.has("Sở Tài chính").lacks("UBND");
    client.get("/send/agencies?find=zzz").await.has("Không tìm thấy cơ quan");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_is_text_and_never_a_page() {
    const EVIL: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>";
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let text = |text: &str| Text::new(text).unwrap();
    let envelope = Envelope {
        subject: text(EVIL),
        number: Text::new(EVIL).unwrap(),
        type_name: Text::new(EVIL).unwrap(),
        place: Text::new(EVIL).unwrap(),
        summary: Text::new(EVIL).unwrap(),
        due: Text::new(EVIL).unwrap(),
        priority: Text::new(EVIL).unwrap(),
        document_id: Text::new(EVIL).unwrap(),
        ..letter(FINANCE, "", b"x").envelope
    };
    let mut outgoing = Outgoing { envelope, ..letter(FINANCE, "", b"x") };
    outgoing.to.push(AgencyCode::new(PROVINCE).unwrap());
    let id = office.node.send(outgoing).await.unwrap().entry.id.to_string();
    let note = congvan::core::status::StatusNote { note: Text::new(EVIL).unwrap(), ..Default::default() };
    office.node.report(&id, StatusCode::Refused, note).await.unwrap();
    let mut client = Client::logged_in(office.address, "vanthu").await;
    let evil = encoded(EVIL);
    let document = format!("/documents/{id}");
    let answers = format!("/send?answers={id}");
    let places = [
        "/inbox",
        "/outbox",
        "/due",
        &document,
        &answers,
        &format!("/inbox?q={evil}&code={evil}&agency={evil}&from={evil}&page={evil}"),
        &format!("/agencies?q={evil}"),
        &format!("/catalogue?q={evil}"),
        &format!("/documents/{evil}"),
        &format!("/login?next={evil}"),
        &format!("{document}?done={evil}"),
    ];
    for place in places {
        let page = client.get(place).await.text();
        assert!(!page.contains("<script>alert") && !page.contains("<img src=x"), "{place}: {page}");
        assert!(!page.contains("\"'>"), "{place}");
    }
    client.get(&document).await.has("&lt;script&gt;alert(1)");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_found_without_accents_by_number_agency_and_day() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    for subject in ["Quyết định về đường bộ", "Báo cáo tài chính", "Mời họp"] {
        office.node.send(letter(FINANCE, subject, b"x")).await.unwrap();
    }
    let mut client = Client::logged_in(office.address, "vanthu").await;
    client.get("/outbox?q=duong%20bo").await.has("Quyết định về đường bộ").lacks("Mời họp");
    client.get("/outbox?q=DUONG&code=123%2FBC").await.has("Quyết định");
    client.get("/outbox?code=124").await.has("Không tìm thấy văn bản nào").lacks("Quyết định");
    client.get(&format!("/outbox?agency={FINANCE}")).await.has("Mời họp").has("Báo cáo tài chính");
    client.get("/outbox?from=01%2F01%2F2020&to=02%2F01%2F2020").await.has("Không tìm thấy");
    client.get("/outbox?from=01%2F01%2F2020").await.has("Mời họp");
    client.get("/outbox?from=hom%20qua").await.has("Ngày chưa đúng");
    client.get("/outbox?page=99").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pdf_is_shown_by_the_browsers_viewer_and_what_only_says_so_is_not() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let mut client = Client::logged_in(office.address, "vanthu").await;
    let send = async |file: &[u8]| {
        let sent = office.node.send(letter(PROVINCE, "Tệp kèm", file)).await.unwrap();
        format!("/documents/{}", sent.entry.id)
    };
    let (pdf, page) = (send(b"%PDF-1.4 ...").await, send(b"<script>alert(1)</script>").await);
    client.get(&pdf).await.has("/files/0?view\" target=\"_blank\"");
    let shown = client.get(&format!("{pdf}/files/0?view")).await;
    assert_eq!((shown.header("content-type"), shown.header("x-content-type-options")), ("application/pdf", "nosniff"));
    assert!(shown.header("content-disposition").starts_with("inline; filename=\"bao-cao.pdf\""));
    assert!(shown.header("content-security-policy").starts_with("default-src 'none'; sandbox"));
    assert_eq!(shown.bytes, b"%PDF-1.4 ...");
    let kept = client.get(&format!("{page}/files/0?view")).await;
    assert_eq!(kept.header("content-type"), "application/octet-stream");
    assert!(kept.header("content-disposition").starts_with("attachment;"));
    assert!(kept.header("content-security-policy").contains("sandbox"));
    let kept = client.get(&format!("{pdf}/files/0")).await;
    assert!(kept.header("content-disposition").starts_with("attachment;"));
}
