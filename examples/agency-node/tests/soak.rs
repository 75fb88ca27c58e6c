//! Memory stays flat: a node sends documents, and its resident memory is read from `/metrics` meanwhile.
//!
//! ```sh
//! cargo test --release -p congvan-node --test soak -- --ignored --nocapture
//! CONGVAN_SOAK_SECONDS=86400 cargo test --release -p congvan-node --test soak -- --ignored --nocapture
//! ```
//!
//! The first third warms up: RocksDB fills its memory tables and caches to their bounds. A line is laid
//! through the samples of the rest; its slope is what a day would add.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use common::{Setting, send, until};
use congvan_examples::{CODES, network};

/// Documents a second: a busy province's, not a benchmark's.
const RATE: u64 = 20;
/// What the line may rise by in an hour at that rate, 72,000 documents, before the test fails: a leak of
/// one kilobyte a document is more.
const LIMIT_MIB_PER_HOUR: f64 = 64.0;

/// The slope of the line through the points that lies closest to them (least squares).
fn slope(points: &[(f64, f64)]) -> f64 {
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let covariance: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    covariance / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>()
}

#[test]
fn the_slope_is_that_of_the_line() {
    assert!((slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]) - 2.0).abs() < 1e-9);
    assert!(slope(&[(0.0, 4.0), (1.0, 4.0), (2.0, 4.0)]).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: the method for a day, on a shortened run"]
async fn a_node_that_sends_for_long_does_not_grow() {
    let seconds: u64 = std::env::var("CONGVAN_SOAK_SECONDS").map_or(180, |s| s.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let [home_a, home_b] = network(dir.path()).await.unwrap();
    let receiver = Setting::new(&home_b).start().await;
    let sender = Setting { bootstrap: vec![receiver.address().await], ..Setting::new(&home_a) }.start().await;
    until("the sender may write", async || (sender.get("/readyz").0 == 200).then_some(())).await;
    let session = sender.session().await.unwrap();

    let began = Instant::now();
    let mut pace = tokio::time::interval(Duration::from_millis(1000 / RATE));
    let (mut sent, mut next_sample) = (0u64, 0.0);
    let mut samples: Vec<[(f64, f64); 2]> = Vec::new();
    while began.elapsed() < Duration::from_secs(seconds) {
        pace.tick().await;
        send(&session, CODES[1], &format!("{sent}")).await.unwrap();
        sent += 1;
        let now = began.elapsed().as_secs_f64();
        if now >= next_sample {
            next_sample = now + (seconds as f64 / 60.0).max(1.0);
            let mib = |node: &common::NodeProcess| node.figure("congvan_resident_bytes") as f64 / (1024.0 * 1024.0);
            let (a, b) = (mib(&sender), mib(&receiver));
            println!("{now:7.1} s  {sent:7} documents   sender {a:7.1} MiB   receiver {b:7.1} MiB");
            samples.push([(now, a), (now, b)]);
        }
    }
    until("the receiver has them all", async || (receiver.head_of(CODES[0]).await == sent).then_some(())).await;
    let settled = &samples[samples.len() / 3..];
    for (node, name) in ["sender", "receiver"].into_iter().enumerate() {
        let points: Vec<_> = settled.iter().map(|sample| sample[node]).collect();
        let per_hour = slope(&points) * 3600.0;
        println!("{name}: {per_hour:+.1} MiB an hour at {RATE} documents a second");
        // A short run is too short to tell the last caches' filling from a leak.
        assert!(seconds < 3600 || per_hour < LIMIT_MIB_PER_HOUR, "{name} grows by {per_hour:.1} MiB an hour");
    }
}
