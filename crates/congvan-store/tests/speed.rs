//! How fast, beside the limit: run with `--ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use common::*;
use congvan_core::rng::from_seed;
use congvan_core::*;

const RUN: Duration = Duration::from_secs(3);

fn rate(label: &str, mut step: impl FnMut() -> u64) -> f64 {
    let (start, mut done) = (Instant::now(), 0);
    while start.elapsed() < RUN {
        done += step();
    }
    let rate = done as f64 / start.elapsed().as_secs_f64();
    println!("{label:45} {rate:10.0}/s");
    rate
}

#[test]
#[ignore = "a measurement"]
fn appends_beside_their_limits() {
    let world = World::new();
    let home = world.ledger();
    let ours = world.chain(OURS);
    let mut rng = from_seed(1);
    let payload = random(&mut rng, 512);

    let key = SecretKey::generate(&mut rng);
    let signed = rate("one core signs", || {
        std::hint::black_box(key.sign(&payload[..210]));
        1
    });
    let db = rocksdb::DB::open_default(home.dir.path().join("raw")).unwrap();
    let mut sync = rocksdb::WriteOptions::default();
    sync.set_sync(true);
    let value = random(&mut rng, 759);
    let mut n = 0u64;
    let raw = rate("raw RocksDB, synced puts, one by one", || {
        n += 1;
        db.put_opt(n.to_be_bytes(), &value, &sync).unwrap();
        1
    });
    let writer = home.writer(ours, secret(OURS, 0), home.mark()).unwrap();
    let one = rate("appends, one by one", || {
        writer.append(note(payload.clone())).unwrap();
        1
    });
    let start = Instant::now();
    let done: u64 = std::thread::scope(|scope| {
        let append = || {
            let mut done = 0;
            while start.elapsed() < RUN {
                writer.append(note(payload.clone())).unwrap();
                done += 1;
            }
            done
        };
        let threads: Vec<_> = (0..64).map(|_| scope.spawn(append)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let many = done as f64 / start.elapsed().as_secs_f64();
    println!("{:45} {many:10.0}/s", "appends, 64 at once");
    println!("one by one: {:.2} of raw puts; 64 at once: {:.2} of one core's signatures", one / raw, many / signed);
}
