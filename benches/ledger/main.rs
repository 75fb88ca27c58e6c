//! The ledger's speed, each figure beside its limit in the same run (`docs/performance.md`).
//!
//! `cargo bench --workspace --bench ledger` takes about two minutes; `-- --entries N` changes the chain's length.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use congvan_bench::{Error, Network, PAYLOAD, Row, draft, per_second, received, timed};
use congvan_core::rng;
use congvan_core::{ChainState, UnverifiedEntry, VerifiedEntry};
use congvan_store::{HighWater, Ledger, Options, Writer};
use ed25519_dalek::Signer;
use rayon::prelude::*;
use rocksdb::{ColumnFamilyDescriptor, DB, IteratorMode, WriteBatch, WriteOptions};
use tokio::sync::oneshot;

/// How long each append bench runs.
const SPAN: Duration = Duration::from_secs(5);
/// Concurrent writers.
const WRITERS: usize = 64;
/// Entries handed to the ledger at once in bulk, as a peer's range.
const RANGE: usize = 1024;

fn main() -> Result<(), Error> {
    let mut args = std::env::args().skip_while(|arg| arg != "--entries").skip(1);
    let entries = args.next().map_or(Ok(100_000), |n| n.parse())?;
    let network = Network::new(1)?;
    println!("{} cores, entries of {PAYLOAD} incompressible payload bytes\n", rayon::current_num_threads());
    Row::heading();
    appends(&network)?;
    let chain = network.chain_of(entries)?;
    verification(&network, &chain)?;
    bulk(&network, &chain)?;
    Ok(())
}

/// A new ledger that has admitted the bench's agency: the agency's own, or a peer's, whom its
/// entries do not concern.
fn ledger(dir: &Path, network: &Network, own: bool) -> Result<Ledger, Error> {
    let mut options = Options::default();
    options.own = own.then_some(network.chain);
    let ledger = Ledger::create(dir, &network.genesis, options)?;
    ledger.ingest(network.roster.chain(), received(std::slice::from_ref(&network.admission))?)?;
    Ok(ledger)
}

/// Signatures per second on one core, of messages as long as an entry's.
fn raw_signing(network: &Network) -> f64 {
    let key = ed25519_dalek::SigningKey::from_bytes(&network.secret.sign.seed());
    let mut message = [7u8; 210];
    let start = Instant::now();
    let mut count: usize = 0;
    while start.elapsed() < SPAN / 2 {
        for _ in 0..256 {
            message[..8].copy_from_slice(&count.to_le_bytes());
            std::hint::black_box(key.sign(&message));
            count += 1;
        }
    }
    per_second(count, start.elapsed())
}

/// Synced puts of an entry's size, one at a time.
fn raw_puts() -> Result<f64, Error> {
    let dir = tempfile::tempdir()?;
    let db = DB::open_default(dir.path())?;
    let mut options = WriteOptions::default();
    options.set_sync(true);
    let value = [7u8; congvan_core::entry::SIGNED_LEN + PAYLOAD];
    let start = Instant::now();
    let mut count: usize = 0;
    while start.elapsed() < SPAN {
        db.put_opt(count.to_be_bytes(), value, &options)?;
        count += 1;
    }
    Ok(per_second(count, start.elapsed()))
}

fn appends(network: &Network) -> Result<(), Error> {
    let signing = || ("raw Ed25519 signing on one core, /s", raw_signing(network));
    let (limit, limit_rate) = signing();
    let rate = appending(network, tasks)?;
    Row::rate("durable appends to one chain, 64 concurrent writers, /s", rate, limit, limit_rate, 0.7).print();
    let (limit, limit_rate) = signing();
    let rate = appending(network, |writer| threads(writer, WRITERS))?;
    Row::figure("the same, each writer a thread that blocks, /s", rate, limit, limit_rate).print();
    let (limit, limit_rate) = ("raw RocksDB, synced puts of the same size, /s", raw_puts()?);
    let rate = appending(network, |writer| threads(writer, 1))?;
    Row::rate("durable appends, one writer, one at a time, /s", rate, limit, limit_rate, 0.7).print();
    Ok(())
}

/// What `append` reaches on a new ledger, in entries per second.
fn appending(network: &Network, append: impl FnOnce(&Writer) -> Result<usize, Error>) -> Result<f64, Error> {
    let dir = tempfile::tempdir()?;
    let ledger = ledger(&dir.path().join("ledger"), network, true)?;
    let mark = HighWater::open(&dir.path().join("high-water"))?;
    let writer = ledger.writer(network.chain, network.secret.clone(), mark)?;
    let start = Instant::now();
    let count = append(&writer)?;
    let rate = per_second(count, start.elapsed());
    writer.close();
    Ok(rate)
}

/// Writers as a node has them: tasks that each await one append before the next.
fn tasks(writer: &Writer) -> Result<usize, Error> {
    async fn appends(writer: Writer, seed: u64, until: Instant) -> Result<usize, String> {
        let mut rng = rng::from_seed(seed);
        let mut count = 0;
        while Instant::now() < until {
            let (answer, answered) = oneshot::channel();
            let done = Box::new(move |result| drop(answer.send(result)));
            writer.try_append_then(draft(&mut rng, 0), Vec::new(), done).map_err(|full| format!("{full:?}"))?;
            answered.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
            count += 1;
        }
        Ok(count)
    }
    let until = Instant::now() + SPAN;
    tokio::runtime::Builder::new_multi_thread().build()?.block_on(async {
        let writers: Vec<_> = (0..WRITERS).map(|n| tokio::spawn(appends(writer.clone(), n as u64, until))).collect();
        let mut count = 0;
        for writer in writers {
            count += writer.await??;
        }
        Ok(count)
    })
}

fn threads(writer: &Writer, writers: usize) -> Result<usize, Error> {
    let count = AtomicU64::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..writers)
            .map(|n| {
                let (writer, count) = (writer.clone(), &count);
                scope.spawn(move || -> Result<(), String> {
                    let mut rng = rng::from_seed(n as u64);
                    while start.elapsed() < SPAN {
                        writer.append(draft(&mut rng, 0)).map_err(|error| error.to_string())?;
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a writer panicked".to_owned())?)
    })?;
    Ok(count.load(Ordering::Relaxed) as usize)
}

fn verification(network: &Network, chain: &[VerifiedEntry]) -> Result<(), Error> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(network.secret.sign.public().id().as_bytes())?;
    let messages: Vec<_> = chain
        .iter()
        .map(|entry| {
            let head = &entry.signed_bytes()[..congvan_core::entry::HEADER_LEN];
            let signature = ed25519_dalek::Signature::from_bytes(&entry.signature().0);
            ([congvan_core::domain::SIGN_ENTRY, head].concat(), signature)
        })
        .collect();
    let ((), raw) = timed(|| {
        Ok(messages.par_iter().try_for_each(|(message, signature)| key.verify_strict(message, signature))?)
    })?;
    let policy = network.roster.policy(network.chain)?;
    // From bytes to verdict: parsing, digests, links and every signature.
    let ((), ours) = timed(|| {
        let parsed: Result<Vec<_>, _> = chain.par_iter().map(|entry| UnverifiedEntry::parse(entry.bytes())).collect();
        let mut state = ChainState::new(network.chain);
        let linked = state.extend(network.roster.network(), &policy, parsed?)?;
        Ok(linked.par_iter().try_for_each(|entry| entry.check())?)
    })?;
    let rate = |time| per_second(chain.len(), time);
    Row::rate(
        "verifying every signature and link of the chain, entries/s",
        rate(ours),
        "raw verify_strict on all cores, /s",
        rate(raw),
        0.9,
    )
    .print();
    Ok(())
}

/// Ingests a chain range by range.
fn ingest(dir: &Path, network: &Network, chain: &[VerifiedEntry], every: bool) -> Result<(Ledger, Duration), Error> {
    let ledger = ledger(dir, network, false)?;
    let (_, time) = timed(|| {
        for range in chain.chunks(RANGE) {
            let entries = received(range)?;
            if every {
                entries.par_iter().try_for_each(|entry| entry.check_own_signature().map(drop))?;
            }
            ledger.ingest(network.chain, entries)?;
        }
        Ok(())
    })?;
    Ok((ledger, time))
}

fn bulk(network: &Network, chain: &[VerifiedEntry]) -> Result<(), Error> {
    let dir = tempfile::tempdir()?;
    let (_, every) = ingest(&dir.path().join("every"), network, chain, true)?;
    let path = dir.path().join("bulk");
    let (ledger, ours) = ingest(&path, network, chain, false)?;
    let rate = |time| per_second(chain.len(), time);
    let what = "head-verified bulk ingest, entries/s";
    Row::rate(what, rate(ours), "the same with every signature checked on all cores, /s", rate(every), 2.0).print();

    ledger.compact()?;
    let disk = ledger.sizes().disk_bytes as f64;
    drop(ledger);
    let raw = raw_batches(&path.join("db"), &dir.path().join("raw"), chain.len())?;
    Row::rate(what, rate(ours), "raw RocksDB, same keys, values and batches, /s", rate(raw), 0.4).print();

    let own: usize = chain.iter().map(|entry| entry.bytes().len()).sum();
    let bytes = disk / chain.len() as f64;
    let mut row = Row::rate("bytes on disk per entry after compaction", bytes, "the entry's own bytes", 0.0, 1.25);
    row.limit_rate = own as f64 / chain.len() as f64;
    row.at_most = true;
    row.print();
    Ok(())
}

/// Writes what a ledger's column families hold into a plain RocksDB: the same keys and values, in
/// as many batches, each synced.
fn raw_batches(from: &Path, to: &Path, entries: usize) -> Result<Duration, Error> {
    let names = DB::list_cf(&rocksdb::Options::default(), from)?;
    let source = DB::open_cf_for_read_only(&rocksdb::Options::default(), from, &names, false)?;
    let mut options = rocksdb::Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    let families = names.iter().map(|name| ColumnFamilyDescriptor::new(name, rocksdb::Options::default()));
    let target = DB::open_cf_descriptors(&options, to, families)?;

    let batches = entries.div_ceil(RANGE);
    let mut pairs = vec![Vec::new(); batches];
    for name in &names {
        let family = source.cf_handle(name).ok_or("a column family is missing")?;
        let rows: Vec<_> = source.iterator_cf(family, IteratorMode::Start).collect::<Result<_, _>>()?;
        let per_batch = rows.len().div_ceil(batches).max(1);
        for (batch, rows) in rows.chunks(per_batch).enumerate() {
            pairs[batch].extend(rows.iter().map(|(key, value)| (name.clone(), key.clone(), value.clone())));
        }
    }
    let mut write = WriteOptions::default();
    write.set_sync(true);
    let ((), time) = timed(|| {
        for batch in &pairs {
            let mut writes = WriteBatch::default();
            for (name, key, value) in batch {
                writes.put_cf(target.cf_handle(name).ok_or("a column family is missing")?, key, value);
            }
            target.write_opt(writes, &write)?;
        }
        Ok(())
    })?;
    Ok(time)
}
