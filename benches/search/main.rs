//! Opening and searching a hundred thousand documents (`docs/performance.md`): real ledgers, sealed documents, the
//! index as a node keeps it.
//!
//! `cargo bench --workspace --bench search` takes some two minutes, most of it for sealing the documents.
//! `CONGVAN_BENCH_DOCUMENTS` changes their number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../crates/congvan-search/tests/common/mod.rs"]
mod common;
#[path = "../../crates/congvan-search/tests/common/words.rs"]
mod words;

use std::time::{Duration, Instant};

use common::{Letter, NOON, Network, start, write};
use congvan::Node;
use congvan_search::{Mailbox, Query, Search};
use criterion::Criterion;
use tokio::runtime::Runtime;
use words::words;

fn letter(n: u64, to: usize) -> Letter {
    let words = words(n, 12);
    let subject = format!("Về việc {} số {n}", words[..8].join(" "));
    let letter = Letter { summary: words[8..].join(" "), ..Letter::to(to, &subject) };
    letter.code(&n.to_string(), "BC-UBND").at(NOON + n * 600_000)
}

async fn followed(node: &Node) -> Search {
    let search = Search::open(node.clone()).await.unwrap();
    while search.progress().behind() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    search
}

fn main() {
    let documents: u64 = std::env::var("CONGVAN_BENCH_DOCUMENTS").map_or(100_000, |n| n.parse().unwrap());
    let runtime = Runtime::new().unwrap();
    let network = Network::new(2);
    write(&network, 0, (0..documents).step_by(2).map(|n| letter(n, 1)));
    write(&network, 1, (1..documents).step_by(2).map(|n| letter(n, 0)));
    common::carry(&network.ledger(1), &network.ledger(0));
    let node = runtime.block_on(start(&network, 0));

    let began = Instant::now();
    let search = runtime.block_on(followed(&node));
    println!("{documents} documents indexed from the ledger in {:?}", began.elapsed());
    let size = |dir: std::path::PathBuf| -> u64 {
        std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum()
    };
    println!("bytes on disk for each: {}", size(node.home().search()) / documents);

    let all = |text: &str| Query { mailbox: Mailbox::All, text: text.to_owned(), ..Query::default() };
    let half = usize::try_from(documents / 2).unwrap();
    let day = jiff::civil::date(2026, 7, 1);
    let queries = [
        ("the inbox", Query::default()),
        ("its last page", Query { offset: half - 10, ..Query::default() }),
        ("two words", all("đường tỉnh")),
        ("two words without accents", all("duong tinh")),
        ("one letter", all("b")),
        ("one digit", all("1")),
        ("number and notation", Query { code: "777/BC-UBND".to_owned(), ..all("") }),
        (
            "an agency and one day",
            Query { agency: "000.00.01.H55".to_owned(), from: Some(day), to: Some(day), ..all("") },
        ),
    ];
    let mut criterion = Criterion::default().sample_size(20).configure_from_args();
    for (name, query) in queries {
        println!("{name}: {} of {documents}", search.find(&query).unwrap().total);
        criterion.bench_function(name, |bench| bench.iter(|| search.find(&query).unwrap()));
    }
    runtime.block_on(node.shutdown());
    drop((node, search));

    // Opening reads the whole index once, to know that it is not damaged, and the feed, to know that it is its own.
    let mut spans = Vec::new();
    for _ in 0..5 {
        let node = runtime.block_on(start(&network, 0));
        let began = Instant::now();
        let search = runtime.block_on(followed(&node));
        spans.push(began.elapsed());
        assert_eq!(search.find(&Query::default()).unwrap().total, half);
        runtime.block_on(node.shutdown());
    }
    println!("opening: {spans:?}");
}
