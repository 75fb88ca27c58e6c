//! The work that every peer is given, and what is measured of it.
//!
//! A program of one peer is `peer_work::main::<P>()` over an implementation of [`Peer`]. It prints its
//! [`Figures`] as one line of JSON.

use std::future::Future;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde::{Deserialize, Serialize};

mod gauge;

pub use gauge::{Spent, Stopwatch, disk_bytes, synced_writes};

/// Payload bytes of an entry.
pub const PAYLOAD: usize = 512;
/// Entries handed over at once, where a peer takes many.
pub const BATCH: usize = 1024;
/// Callers at once.
pub const CALLERS: usize = 64;
/// A catch-up that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(1_800);

/// Anything that stops a peer.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// One library, set up as its own documentation recommends.
pub trait Peer: Sized {
    /// Its name and version, and what it stands on.
    const NAME: &'static str;
    /// What an append promises when it returns, alone and among many.
    const DURABILITY: &'static str;
    /// What many entries at once are to it.
    const MANY: &'static str;
    /// What its verification covers.
    const VERIFIES: &'static str;
    /// What its catch-up checks before it stores.
    const CATCHES_UP: &'static str;

    /// An author with an empty log in a new directory.
    fn create(dir: &Path) -> impl Future<Output = Result<Self, Error>>;

    /// Appends one entry, as durable as the peer can make it before this returns.
    fn append(&mut self, payload: Vec<u8>) -> impl Future<Output = Result<(), Error>>;

    /// Appends that many callers make at once, each of whom is told when its own is durable; `false` where the
    /// peer has them wait for one another, as one at a time.
    fn append_by_callers(&mut self, _payloads: Vec<Vec<u8>>) -> impl Future<Output = Result<bool, Error>> {
        async { Ok(false) }
    }

    /// Appends many in the quickest way that leaves all of them durable when this returns.
    fn append_many(&mut self, payloads: Vec<Vec<u8>>) -> impl Future<Output = Result<(), Error>>;

    /// How long it takes to verify all entries of the log from their bytes in memory.
    fn verify(&mut self) -> impl Future<Output = Result<Duration, Error>>;

    /// How long it takes to store all entries of the log from their bytes in memory into an empty
    /// replica in the directory; `None` where a peer has no such way.
    fn ingest(&mut self, _dir: &Path) -> impl Future<Output = Result<Option<Duration>, Error>> {
        async { Ok(None) }
    }

    /// Lets an empty replica in the other directory catch up over loopback, until it has stored every
    /// entry durably; then both are shut down.
    fn catch_up(self, replica: &Path) -> impl Future<Output = Result<CaughtUp, Error>>;
}

/// What a catch-up took.
#[derive(Clone, Copy, Debug)]
pub struct CaughtUp {
    /// Until the replica had stored every entry durably.
    pub stored: Spent,
    /// Until it had also checked every entry's own signature, where that comes later.
    pub checked: Option<Duration>,
}

/// What was measured of a peer. Rates are entries per second.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// [`Peer::NAME`].
    pub name: String,
    /// [`Peer::DURABILITY`].
    pub durability: String,
    /// [`Peer::MANY`].
    pub many: String,
    /// [`Peer::VERIFIES`].
    pub verifies: String,
    /// [`Peer::CATCHES_UP`].
    pub catches_up: String,
    /// Entries of the log.
    pub entries: usize,
    /// Synced writes of the disk, of a payload's size, in the same minute.
    pub synced_writes: f64,
    /// Appends, one at a time.
    pub append: f64,
    /// Appends by many callers at once, where that is more than one at a time.
    pub append_by_callers: Option<f64>,
    /// Appends, many at once.
    pub append_many: f64,
    /// Verification from bytes.
    pub verify: f64,
    /// Storing what lies in memory into an empty replica.
    pub ingest: Option<f64>,
    /// Catch-up of an empty replica.
    pub catch_up: f64,
    /// The same until every entry's own signature was checked, where that comes later.
    pub catch_up_checked: Option<f64>,
    /// Bytes on the wire per entry caught up, both ways.
    pub wire: f64,
    /// Bytes on disk per entry, of the author.
    pub disk: f64,
    /// Bytes on disk per entry, of the replica.
    pub replica_disk: f64,
}

#[derive(Parser)]
struct Arguments {
    /// Entries of the log.
    #[arg(long, default_value_t = 10_000)]
    entries: usize,
    /// Entries of them that are appended one at a time.
    #[arg(long, default_value_t = 1_000)]
    singles: usize,
}

/// Gives a peer its work and prints what was measured of it.
pub fn main<P: Peer>() -> ExitCode {
    let arguments = Arguments::parse();
    let measured = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::from)
        .and_then(|runtime| runtime.block_on(measure::<P>(arguments.singles, arguments.entries)))
        .and_then(|figures| Ok(serde_json::to_string(&figures)?));
    match measured {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", P::NAME);
            ExitCode::FAILURE
        }
    }
}

async fn measure<P: Peer>(singles: usize, entries: usize) -> Result<Figures, Error> {
    gauge::raise_loopback()?;
    let dir = tempfile::tempdir()?;
    let at = |name: &str| dir.path().join(name);
    for name in ["single", "callers", "author", "ingest", "replica"] {
        std::fs::create_dir(at(name))?;
    }
    let synced_writes = synced_writes(&at("synced"), &payloads(singles.min(1_000)))?;

    eprintln!("{}: {singles} appends, one at a time", P::NAME);
    let mut single = P::create(&at("single")).await?;
    let work = payloads(singles);
    let watch = Stopwatch::start()?;
    for payload in work {
        single.append(payload).await?;
    }
    let append = watch.stop()?.rate(singles);
    drop(single);
    let mut callers = P::create(&at("callers")).await?;
    let work = payloads(entries);
    let watch = Stopwatch::start()?;
    let together = callers.append_by_callers(work).await?;
    let append_by_callers = together.then_some(watch.stop()?.rate(entries));
    drop(callers);

    eprintln!("{}: {entries} appends, in bulk", P::NAME);
    let mut author = P::create(&at("author")).await?;
    let work = payloads(entries);
    let watch = Stopwatch::start()?;
    author.append_many(work).await?;
    let append_many = watch.stop()?.rate(entries);

    eprintln!("{}: verification", P::NAME);
    let rate = |time: Duration| entries as f64 / time.as_secs_f64();
    let verify = rate(author.verify().await?);
    let ingest = author.ingest(&at("ingest")).await?.map(rate);

    eprintln!("{}: catch-up", P::NAME);
    let caught_up = tokio::time::timeout(PATIENCE, author.catch_up(&at("replica"))).await??;
    let per_entry = |bytes: u64| bytes as f64 / entries as f64;
    Ok(Figures {
        name: P::NAME.to_owned(),
        durability: P::DURABILITY.to_owned(),
        many: P::MANY.to_owned(),
        verifies: P::VERIFIES.to_owned(),
        catches_up: P::CATCHES_UP.to_owned(),
        entries,
        synced_writes,
        append,
        append_by_callers,
        append_many,
        verify,
        ingest,
        catch_up: caught_up.stored.rate(entries),
        catch_up_checked: caught_up.checked.map(rate),
        wire: per_entry(caught_up.stored.wire),
        disk: per_entry(disk_bytes(&at("author"))?),
        replica_disk: per_entry(disk_bytes(&at("replica"))?),
    })
}

/// Payloads that no compression shortens, the same in every run.
fn payloads(count: usize) -> Vec<Vec<u8>> {
    let mut state: u64 = 7;
    let mut word = || {
        // SplitMix64: enough to be incompressible.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    (0..count).map(|_| (0..PAYLOAD / 8).flat_map(|_| word().to_le_bytes()).collect()).collect()
}
