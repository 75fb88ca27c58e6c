//! How long the inbox takes to open when it has grown for years.

use std::time::{Duration, Instant};

use congvan::Outgoing;
use congvan::core::AgencyCode;
use congvan_gateway::ConsoleOptions;
use futures::StreamExt;

use crate::http::Client;
use crate::office::{self, PROVINCE, letter};

/// What a clerk may wait for.
const LIMIT: Duration = Duration::from_millis(200);

/// 100,000 documents where `CONGVAN_LONG` is set, else 3,000.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_inbox_opens_at_once() {
    let count = if std::env::var_os("CONGVAN_LONG").is_some() { 100_000 } else { 3_000 };
    let (office, _dir) = office::alone(ConsoleOptions::default()).await;
    let send = |number: usize| {
        let mut outgoing =
            Outgoing { attachments: Vec::new(), ..letter(PROVINCE, &format!("Công văn thứ {number}"), b"") };
        outgoing.envelope.attachments = Default::default();
        outgoing.to = vec![AgencyCode::new(PROVINCE).unwrap()];
        // The newest, which are shown, are sealed as they usually are; the others need not be for this.
        outgoing.public = number + 200 < count;
        let node = office.node.clone();
        async move { node.send(outgoing).await.unwrap() }
    };
    futures::stream::iter((0..count).map(send)).buffered(256).for_each(|_| async {}).await;
    let mut client = Client::logged_in(office.address, "vanthu").await;
    for place in ["/inbox", "/inbox?page=4", "/outbox", "/inbox?q=cong%20van%20thu%2042"] {
        client.get(place).await.is(200).has("Công văn thứ");
        let mut times = Vec::new();
        for _ in 0..11 {
            let started = Instant::now();
            client.get(place).await.is(200);
            times.push(started.elapsed());
        }
        times.sort();
        println!("{count} documents: {place} opens in {:?} (median), {:?} (slowest of 11)", times[5], times[10]);
        assert!(times[5] < LIMIT, "{place}: {times:?}");
    }
}
