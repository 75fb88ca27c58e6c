//! Time, bytes on the wire and bytes on disk.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Error;

/// What some work took.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// Time.
    pub time: Duration,
    /// Bytes that crossed the loopback interface, both ways, with the headers of IP and transport.
    pub wire: u64,
}

impl Spent {
    /// Entries per second.
    pub fn rate(&self, entries: usize) -> f64 {
        entries as f64 / self.time.as_secs_f64()
    }
}

/// Measures time and wire from its start on.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    since: Instant,
    wire: u64,
}

impl Stopwatch {
    /// Begins to measure.
    pub fn start() -> Result<Self, Error> {
        Ok(Self { wire: loopback_bytes()?, since: Instant::now() })
    }

    /// What was spent since.
    pub fn stop(self) -> Result<Spent, Error> {
        let time = self.since.elapsed();
        Ok(Spent { time, wire: loopback_bytes()? - self.wire })
    }
}

/// Bytes received by the loopback interface of this process' network namespace.
fn loopback_bytes() -> Result<u64, Error> {
    let devices = fs::read_to_string("/proc/self/net/dev")?;
    let counters = devices.lines().find_map(|line| line.trim().strip_prefix("lo:"));
    let received = counters.and_then(|counters| counters.split_whitespace().next());
    Ok(received.ok_or("no loopback interface in /proc/self/net/dev")?.parse()?)
}

/// Switches loopback on, which is off in a new network namespace.
pub(crate) fn raise_loopback() -> Result<(), Error> {
    if std::net::TcpListener::bind("127.0.0.1:0").and_then(|at| std::net::TcpStream::connect(at.local_addr()?)).is_ok()
    {
        return Ok(());
    }
    let status = Command::new("ip").args(["link", "set", "lo", "up"]).status()?;
    status.success().then_some(()).ok_or_else(|| "loopback could not be switched on".into())
}

/// Bytes that a directory's files take on the disk.
pub fn disk_bytes(dir: &Path) -> Result<u64, Error> {
    let mut sum = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let about = entry.metadata()?;
        sum += if about.is_dir() { disk_bytes(&entry.path())? } else { about.blocks() * 512 };
    }
    Ok(sum)
}

/// How many writes per second the disk takes when each is synced: what limits durable appends.
pub fn synced_writes(path: &Path, payloads: &[Vec<u8>]) -> Result<f64, Error> {
    let mut file = File::create(path)?;
    let start = Instant::now();
    for payload in payloads {
        file.write_all(payload)?;
        file.sync_data()?;
    }
    Ok(payloads.len() as f64 / start.elapsed().as_secs_f64())
}
