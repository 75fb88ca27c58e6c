//! Tokens from the command line, and the page on the HTTP API: its commands, run as a vendor would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use common::{Net, Ran, json, run, sample, two_nodes};
use congvan_gateway::{ApiOptions, Exposure, Gateway};

#[test]
fn a_token_is_made_listed_and_removed_and_never_shown_again() {
    let net = Net::new();
    let dir = net.path("h55");
    assert_eq!(json(&dir, &["token", "list"]).ok().json().as_array().unwrap().len(), 0);
    let made =
        json(&dir, &["token", "add", "register", "--scope", "documents:read,events:read", "--days", "1"]).ok().json();
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("cgv_") && token.len() == 47, "{made}");
    let lasts = made["expires"].as_u64().unwrap() - made["since"].as_u64().unwrap();
    assert!((86_390_000..=86_400_000).contains(&lasts), "a day: {lasts}");
    let file = fs::read_to_string(dir.join("tokens.json")).unwrap();
    assert!(!file.contains(&token[4..]), "only the hash is kept");
    assert_eq!(fs::metadata(dir.join("tokens.json")).unwrap().permissions().mode() & 0o777, 0o600);
    let listed = json(&dir, &["token", "list"]).ok();
    assert!(!listed.out.contains(&token[4..]));
    assert_eq!(listed.json()[0]["scopes"], serde_json::json!(["documents:read", "events:read"]));

    run(&dir, &["token", "add", "register", "--scope", "admin"]).fails(1).says("token remove register");
    run(&dir, &["token", "add", "x", "--scope", "everything"]).fails(2).says("documents:write");
    run(&dir, &["token", "add", "no/name", "--scope", "admin"]).fails(1).says("no/name");
    run(&dir, &["token", "add", "x"]).fails(2).says("--scope");
    run(&dir, &["token", "add", "x", "--scope", "admin", "--days", "0"]).fails(2);
    run(&net.path("registrar"), &["token", "add", "x", "--scope", "admin"]).fails(2);
    run(&dir, &["token", "remove", "register"]).ok().says("register");
    run(&dir, &["token", "remove", "register"]).fails(1).says("token list");
    run(&dir, &["--lang", "vi", "token", "remove", "x"]).fails(1).says("không có mã truy cập x");
    let made = run(&dir, &["--lang", "vi", "token", "add", "văn-thư", "--scope", "admin"]).fails(1);
    made.says("văn-thư không phải tên mã truy cập");
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The blocks of a page in one language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let begin = format!("```{language}\n");
    page.split(begin.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// Every command of the page, in its order, in one shell, against two nodes that are connected.
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_commands_do_what_it_says() {
    let net = Net::new();
    let [h55, tttt] = two_nodes(&net).await;
    let gateway = Gateway::bind("127.0.0.1:0".parse().unwrap(), Exposure::ThisMachine).await.unwrap();
    let gateway = gateway.api(ApiOptions::default());
    let address = gateway.address();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(gateway.serve(h55.clone(), async { drop(stopped.await) }));

    let dir = net.path("vendor");
    let data = dir.join("examples/data");
    fs::create_dir_all(data.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(sample(".").canonicalize().unwrap(), data).unwrap();
    let port = format!("127.0.0.1:{}", free_port());
    let page = include_str!("../../../docs/api.md")
        .replace("127.0.0.1:7412", &address.to_string())
        .replace("127.0.0.1:8080", &port)
        .replace("(\"127.0.0.1\", 8080)", &format!("(\"127.0.0.1\", {})", port.rsplit(':').next().unwrap()));
    let [receiver] = blocks(&page, "python")[..] else { panic!("the page has one program") };
    fs::write(dir.join("receiver.py"), receiver).unwrap();
    let blocks = blocks(&page, "sh");
    assert!(blocks.len() >= 10, "the page has commands");
    let bin = Path::new(env!("CARGO_BIN_EXE_congvan")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-e", "-x", "-c", &blocks.join("\n")]).current_dir(&dir).env("PATH", &path);
    shell.env("LANG", "C.UTF-8").env("PYTHONUTF8", "1").env("CONGVAN_DIR", net.path("h55"));
    for name in [
        "CONGVAN_LANG",
        "CONGVAN_PASSPHRASE",
        "LC_ALL",
        "LC_MESSAGES",
        "http_proxy",
        "HTTP_PROXY",
        "ALL_PROXY",
        "all_proxy",
    ] {
        shell.env_remove(name);
    }
    let ran: Ran = tokio::task::spawn_blocking(move || shell.output().unwrap()).await.unwrap().into();
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    for what in ["\"genuine\":true", "event: sent", "/api/v1/problems/life", "sent Kiểm tra webhook", "\"failures\":0"]
    {
        assert!(ran.out.contains(what), "no {what} in\n{}", ran.out);
    }
    assert_eq!(fs::read_to_string(dir.join("rest.txt")).unwrap(), "i dung\n");
    // Each kind of problem that there is, is in the page's table, and has its explanation.
    let listed = page.lines().filter(|line| line.starts_with("| `") && line.contains(" | ")).collect::<String>();
    for kind in ["malformed", "sealed", "range", "key-reused", "not-here-yet", "busy"] {
        assert!(listed.contains(&format!("`{kind}`")), "{kind}");
    }
    drop(stop);
    serving.await.unwrap().unwrap();
    for node in [h55, tttt] {
        node.shutdown().await;
    }
}
