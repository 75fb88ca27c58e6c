//! How long the inbox takes to open when it has grown for years.

use std::time::{Duration, Instant};

use congvan::core::status::StatusNote;
use congvan::core::{AgencyCode, StatusCode, Text};
use congvan::deadline::Side;
use congvan::{Outgoing, setup};
use congvan_gateway::ConsoleOptions;
use futures::StreamExt;

use crate::http::Client;
use crate::office::{self, PROVINCE, letter};

/// What a clerk may wait for.
const LIMIT: Duration = Duration::from_millis(200);

/// Documents in the inbox.
const COUNT: usize = 100_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_inbox_opens_at_once() {
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let send = |number: usize| {
        let mut outgoing =
            Outgoing { attachments: Vec::new(), ..letter(PROVINCE, &format!("Công văn thứ {number}"), b"") };
        outgoing.envelope.attachments = Default::default();
        outgoing.to = vec![AgencyCode::new(PROVINCE).unwrap()];
        // The newest, which are shown, are sealed as they usually are; the others need not be for this.
        outgoing.public = number + 200 < COUNT;
        // A tenth is overdue, and was never answered.
        let due = if number.is_multiple_of(10) { "2026/01/05" } else { "" };
        outgoing.envelope.due = Text::new(due).unwrap();
        let node = office.node.clone();
        async move { node.send(outgoing).await.unwrap() }
    };
    futures::stream::iter((0..COUNT).map(send)).buffered(256).for_each(|_| async {}).await;
    let mut client = Client::logged_in(office.address, "vanthu").await;
    measure(&mut client, "without an index", &["/inbox", "/outbox"]).await;

    let search = congvan_search::Search::open(office.node.clone()).await.unwrap();
    let started = Instant::now();
    while search.progress().behind() > 0 {
        assert!(started.elapsed() < Duration::from_secs(600), "the index follows: {:?}", search.progress());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let last = format!("/inbox?page={}", COUNT / 25);
    let places = [
        "/inbox",
        "/outbox",
        &last,
        "/inbox?q=cong%20van%20thu%2042",
        "/inbox?q=c%C3%B4ng%20v%C4%83n&code=123%2FBC-UBND",
        "/inbox?agency=thai%20nguyen&from=01%2F01%2F2020",
    ];
    measure(&mut client, "with an index", &places).await;
    // A running node reads them before anybody asks; this one has no network, and nobody asked yet.
    let started = Instant::now();
    client.get("/due").await.is(200);
    println!("{COUNT} documents: /due opens for the first time in {:?}", started.elapsed());
    measure(&mut client, "10,000 of them overdue on each side", &["/due"]).await;
    // What is settled is gone at once, and what comes is there.
    let first = office.node.late(Side::Received, None, setup::now(), 1).unwrap().listed.remove(0);
    client.get("/due").await.has(&first.document);
    for code in [StatusCode::Accepted, StatusCode::Completed] {
        office.node.report(&first.document, code, StatusNote::default()).await.unwrap();
    }
    client.get("/due").await.lacks(&first.document);
    measure(&mut client, "one settled", &["/due"]).await;
}

/// Opens pages as a browser does, and holds the median against the limit.
async fn measure(client: &mut Client, how: &str, places: &[&str]) {
    for place in places {
        client.get(place).await.is(200).has("Công văn thứ");
        let mut times = Vec::new();
        for _ in 0..11 {
            let started = Instant::now();
            client.get(place).await.is(200);
            times.push(started.elapsed());
        }
        times.sort();
        println!("{COUNT} documents, {how}: {place} in {:?} (median), {:?} (slowest of 11)", times[5], times[10]);
        assert!(times[5] < LIMIT, "{place}: {times:?}");
    }
}
