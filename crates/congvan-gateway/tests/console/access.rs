//! Who gets in, and how far.

use std::time::Duration;

use congvan::users::Users;
use congvan_gateway::ConsoleOptions;

use crate::http::Client;
use crate::office::{self, FINANCE, PAGES, PASSWORD, letter};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_a_page_without_logging_in() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let mut client = Client::new(office.address);
    client.get("/").await.leads_to("/inbox");
    for page in PAGES {
        let place = client.get(page).await.leads_to("/login?next=%2F");
        client.get(&place).await.is(200).has("Đăng nhập").has("UBND tỉnh Thái Nguyên");
    }
    for place in ["/documents/0123456789abcdef", "/documents/0123456789abcdef/files/0", "/send/agencies?find=a"] {
        client.get(place).await.leads_to("/login");
    }
    client.cookies.insert("congvan".to_owned(), "0".repeat(64));
    client.get("/inbox").await.leads_to("/login");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_logs_in_sees_every_page_and_logs_out() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let mut client = Client::new(office.address);
    let form = client.get("/login?next=%2Fdue").await;
    let fields = [("token", form.field("token")), ("next", form.field("next"))];
    let mut fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.extend([("name", " VanThu "), ("password", PASSWORD)]);
    client.post("/login", &fields).await.leads_to("/due");
    for page in PAGES {
        let shown = client.get(page).await;
        shown
            .is(200)
            .has("<html lang=\"vi\">")
            .has("vanthu · văn thư")
            .lacks("style=")
            .lacks("<style")
            .lacks(" onclick");
    }
    client.get("/login").await.leads_to("/");
    let session = client.cookies["congvan"].clone();
    let token = client.get("/inbox").await.field("token");
    client.post("/logout", &[("token", &token)]).await.leads_to("/login?left=1");
    client.cookies.insert("congvan".to_owned(), session);
    client.get("/inbox").await.leads_to("/login");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_refused_and_tries_have_to_wait() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let mut client = Client::new(office.address);
    for _ in 0..5 {
        client.log_in("vanthu", "sai mật khẩu rồi").await.is(403).has("không đúng").lacks("sai mật khẩu rồi");
    }
    client.log_in("vanthu", PASSWORD).await.is(429).has("Hãy đợi 1 phút");
    // Names that nobody has look the same, and others do not wait.
    for _ in 0..5 {
        client.log_in("nobody", PASSWORD).await.is(403).has("không đúng");
    }
    client.log_in("nobody", PASSWORD).await.is(429);
    client.log_in("lanhdao", PASSWORD).await.leads_to("/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_by_itself_and_with_its_user() {
    let idle = ConsoleOptions { idle: Duration::ZERO, ..ConsoleOptions::default() };
    let absolute = ConsoleOptions { absolute: Duration::ZERO, ..ConsoleOptions::default() };
    for options in [idle, absolute] {
        let (office, _dir) = office::alone(options).await;
        let mut client = Client::logged_in(office.address, "vanthu").await;
        let place = client.get("/inbox").await.leads_to("/login?expired=1&");
        client.get(&place).await.is(200).has("Phiên làm việc đã hết hạn");
    }

    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let (mut clerk, mut viewer) =
        (Client::logged_in(office.address, "vanthu").await, Client::logged_in(office.address, "lanhdao").await);
    let mut users = Users::load(office.node.home()).unwrap();
    users.remove(&"vanthu".parse().unwrap()).unwrap();
    users.save(office.node.home()).unwrap();
    clerk.get("/inbox").await.leads_to("/login?expired=1&");
    viewer.get("/inbox").await.is(200);
    users.change(&"lanhdao".parse().unwrap(), None).unwrap();
    users.save(office.node.home()).unwrap();
    viewer.get("/inbox").await.leads_to("/login?expired=1&");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_from_elsewhere_or_of_an_old_page_changes_nothing() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let receipt = office.node.send(letter(FINANCE, "Báo cáo", b"%PDF-")).await.unwrap();
    let id = receipt.entry.id.to_string();
    let mut client = Client::logged_in(office.address, "vanthu").await;
    let status = format!("/documents/{id}/status");
    let page = client.get(&format!("/documents/{id}")).await;
    let (token, key) = (page.field("token"), page.field("key"));
    let fields = [("token", token.as_str()), ("code", "13"), ("note", "x"), ("key", key.as_str())];

    for origin in [Some("http://other.example".to_owned()), Some("null".to_owned()), None] {
        let mut elsewhere = client.clone();
        elsewhere.origin = origin;
        elsewhere.post(&status, &fields).await.is(403).has("không đến từ trang");
        elsewhere.upload("/send", &[("token", &token)], &[]).await.is(403);
        elsewhere.cookies.clear();
        elsewhere.log_in("vanthu", PASSWORD).await.is(403);
    }
    let other = Client::logged_in(office.address, "vanthu").await.get("/inbox").await.field("token");
    for wrong in ["", "0", other.as_str()] {
        let mut wrong_fields = fields;
        wrong_fields[0].1 = wrong;
        client.post(&status, &wrong_fields).await.is(403).has("Trang đã cũ");
        client.upload("/send", &[("token", wrong), ("key", "k"), ("action", "send")], &[("a", b"b")]).await.is(403);
        client.post("/logout", &[("token", wrong)]).await.is(403);
    }
    // A file before the token is not kept.
    client.upload("/send", &[], &[("a.txt", b"abc")]).await.is(403);
    assert!(office.node.document(&id).unwrap().history.is_empty());
    assert!(std::fs::read_dir(office.node.home().spool()).map_or(0, Iterator::count) == 0);

    client.post(&status, &fields).await.leads_to(&format!("/documents/{id}?done=13"));
    client.post(&status, &fields).await.leads_to("/documents/");
    assert_eq!(office.node.document(&id).unwrap().history.len(), 1, "twice is once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_reads_and_nothing_else() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let receipt = office.node.send(letter(FINANCE, "Báo cáo", b"%PDF-")).await.unwrap();
    let id = receipt.entry.id.to_string();
    let mut viewer = Client::logged_in(office.address, "lanhdao").await;
    let page = viewer.get(&format!("/documents/{id}")).await;
    page.is(200).has("Báo cáo").has("chỉ được xem").lacks("name=\"code\"").lacks("href=\"/send");
    let token = page.field("token");
    viewer.get("/send").await.is(403).has("chỉ được xem");
    let fields = [("token", token.as_str()), ("code", "13"), ("note", "x"), ("key", "k")];
    viewer.post(&format!("/documents/{id}/status"), &fields).await.is(403);
    let fields = [("token", token.as_str()), ("key", "k"), ("to", FINANCE), ("subject", "x"), ("action", "send")];
    viewer.upload("/send", &fields, &[]).await.is(403);
    assert_eq!(office.node.outbox(10).unwrap().len(), 1);
    assert!(office.node.document(&id).unwrap().history.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_headers_that_keep_it_in() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let mut client = Client::logged_in(office.address, "vanthu").await;
    let mut places = PAGES.map(str::to_owned).to_vec();
    places.extend(["/login", "/nowhere", "/documents/zz", "/documents/0123456789abcdef"].map(str::to_owned));
    for place in places {
        let answer = client.get(&place).await;
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{place}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{place}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{place}");
        assert_eq!(answer.header("cache-control"), "no-store", "{place}");
    }
    let page = client.get("/inbox").await.text();
    let assets: Vec<_> = page.split('"').filter(|text| text.starts_with("/assets/")).collect();
    assert!(assets.len() >= 3, "{page}");
    for asset in assets {
        let answer = client.get(asset).await;
        assert!(answer.status == 200 && answer.header("cache-control").contains("immutable"), "{asset}");
        client.get(&asset.replace('-', "-0")).await.is(404);
    }
    for (page, status) in [("/nowhere", 404), ("/documents/zz", 404), ("/documents/0123456789abcdef", 404)] {
        client.get(page).await.is(status).has("Về Văn bản đến");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_tls_the_cookies_travel_by_it_alone() {
    let (office, _dir) = office::alone(ConsoleOptions { secure: true, ..ConsoleOptions::default() }).await;
    let mut client = Client::new(office.address);
    client.origin = Some(format!("https://{}", office.address));
    let answer = client.log_in("vanthu", PASSWORD).await;
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-congvan=") && cookie.contains("Secure") && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
    client.get("/inbox").await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_is_kept_and_leads_nowhere_else() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let mut client = Client::logged_in(office.address, "vanthu").await;
    client.get("/language/en?back=%2Foutbox").await.leads_to("/outbox");
    client.get("/outbox").await.has("<html lang=\"en\">").has("<h1>Sent");
    for back in ["https%3A%2F%2Fother.example", "%2F%2Fother.example", "%2F%5Cother.example"] {
        assert_eq!(client.get(&format!("/language/vi?back={back}")).await.leads_to("/"), "/");
    }
    client.get("/language/fr?back=%2F").await.is(404);
}
