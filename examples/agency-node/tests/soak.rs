//! Memory stays flat: a node sends documents, and its resident memory is read from `/metrics` meanwhile.
//!
//! ```sh
//! cargo test --release --workspace --test soak -- --ignored --nocapture
//! CONGVAN_SOAK_SECONDS=86400 CONGVAN_SOAK_RATE=5 cargo test --release --workspace --test soak -- --ignored --nocapture
//! ```
//!
//! RocksDB's write buffers fill and empty again and again, so memory is a saw; what must not rise is its
//! mean. The shortened run is fast enough to empty every buffer several times. Its first half fills them
//! and the caches; then the means of the third and the last quarter are compared, and a line is laid
//! through both, whose slope is what an hour would add. Counted is what belongs to the process alone: pages
//! of files that it has mapped are the system's, which takes them back at need.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::{NodeProcess, Setting, send_with, until};
use congvan_examples::{CODES, network};

/// Clients that send at the same time.
const CLIENTS: u64 = 4;
/// Bytes of each document's attachment.
const ATTACHMENT: usize = 16 * 1024;
/// What the mean may rise by from the third quarter to the last. In the shortened run some 15,000 documents
/// lie between: a leak of a kilobyte a document is more.
const NOISE_MIB: f64 = 12.0;

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

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap_or_else(|_| panic!("{name}: no number")))
}

/// Sends from several clients until the time is over; counts what is durable.
fn send_for(sender: &NodeProcess, length: Duration, rate: u64, sent: &Arc<AtomicU64>) -> tokio::task::JoinSet<()> {
    let mut clients = tokio::task::JoinSet::new();
    let until = tokio::time::Instant::now() + length;
    for client in 0..CLIENTS {
        let (home, sent) = (sender.home.clone(), sent.clone());
        clients.spawn(async move {
            let session = congvan::control::Session::open(&home, Default::default()).await.unwrap();
            let mut pace = tokio::time::interval(Duration::from_secs(1).mul_f64(CLIENTS as f64 / rate as f64));
            let mut attachment = vec![0; ATTACHMENT];
            for number in 0u64.. {
                if pace.tick().await >= until {
                    break;
                }
                attachment[..16].copy_from_slice(&[client.to_le_bytes(), number.to_le_bytes()].concat());
                send_with(&session, CODES[1], &format!("{client}-{number}"), &attachment).await.unwrap();
                sent.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    clients
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: the method for a day, on a shortened run"]
async fn a_node_that_sends_for_long_does_not_grow() {
    let length = Duration::from_secs(setting("CONGVAN_SOAK_SECONDS", 360));
    let rate = setting("CONGVAN_SOAK_RATE", 200);
    let dir = tempfile::tempdir().unwrap();
    let [home_a, home_b] = network(dir.path()).await.unwrap();
    let receiver = Setting::new(&home_b).start().await;
    let sender = Setting { bootstrap: vec![receiver.address().await], ..Setting::new(&home_a) }.start().await;
    until("the sender may write", async || (sender.get("/readyz").0 == 200).then_some(())).await;

    let (began, sent) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let mut clients = send_for(&sender, length, rate, &sent);
    let mut pace = tokio::time::interval((length / 120).max(Duration::from_secs(1)));
    let mut samples: Vec<[(f64, f64); 2]> = Vec::new();
    while began.elapsed() < length {
        pace.tick().await;
        let mib = |node: &NodeProcess, figure| node.figure(figure) as f64 / (1024.0 * 1024.0);
        let [a, b] = [&sender, &receiver].map(|node| mib(node, "congvan_private_bytes"));
        let [all_a, all_b] = [&sender, &receiver].map(|node| mib(node, "congvan_resident_bytes"));
        let (now, documents) = (began.elapsed().as_secs_f64(), sent.load(Ordering::Relaxed));
        println!(
            "{now:7.1} s  {documents:7} documents   sender {a:6.1} of {all_a:6.1} MiB   receiver {b:6.1} of {all_b:6.1} MiB"
        );
        samples.push([(now, a), (now, b)]);
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    let sent = sent.load(Ordering::Relaxed);
    until("the receiver has them all", async || (receiver.head_of(CODES[0]).await >= sent).then_some(())).await;

    let quarter = samples.len() / 4;
    for (node, name) in ["sender", "receiver"].into_iter().enumerate() {
        let points: Vec<_> = samples[2 * quarter..].iter().map(|sample| sample[node]).collect();
        let (third, last) = points.split_at(points.len() / 2);
        let mean = |points: &[(f64, f64)]| points.iter().map(|p| p.1).sum::<f64>() / points.len() as f64;
        let highest = points.iter().map(|p| p.1).fold(0.0, f64::max);
        let (before, after, per_hour) = (mean(third), mean(last), slope(&points) * 3600.0);
        println!(
            "{name}: mean {before:.1}, then {after:.1} MiB, highest {highest:.1}; the line rises by {per_hour:+.1} MiB an hour"
        );
        assert!(after - before < NOISE_MIB, "{name} grows: {before:.1} MiB, then {after:.1} MiB");
    }
}
