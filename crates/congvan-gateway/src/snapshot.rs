//! What is looked at for one answer.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use congvan::search::Progress;
use congvan::tally::Tally;
use congvan::view::NodeView;
use congvan::{Gate, Node};

/// With less room on the disk a node is not ready: the next attachment may be the one that does not fit.
pub const MIN_FREE: u64 = 256 << 20;

/// Room on the disk that holds the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that the node may still use.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

impl Disk {
    /// The disk of a node's directory.
    pub(crate) fn of(node: &Node) -> io::Result<Self> {
        let disk = fs4::statvfs(node.home().dir())?;
        Ok(Self { free: disk.available_space(), total: disk.total_space() })
    }
}

/// A node's state at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The node's own account.
    pub node: NodeView,
    /// Whether it may write.
    pub gate: Gate,
    /// Connected peers.
    pub peers: usize,
    /// Agencies that they belong to.
    pub agencies_online: usize,
    /// Room on the disk; `None` where the system does not say.
    pub disk: Option<Disk>,
    /// How far the index of documents is; `None` without one.
    pub search: Option<Progress>,
    /// What is due and how far others are; `None` until it was counted.
    pub tally: Option<Arc<Tally>>,
    /// When the process began, since 1970.
    pub started: Option<Duration>,
    /// What the process occupies; `None` where the system does not say.
    pub memory: Option<Memory>,
}

/// Bytes of memory that the process occupies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// All.
    pub resident: u64,
    /// Those that are the process' own. The others are pages of files, which the system takes back when it needs room.
    pub private: u64,
}

impl Snapshot {
    /// Asks a node.
    pub async fn of(node: &Node) -> Self {
        let peers = node.peers().await;
        let online: BTreeSet<_> = peers.iter().map(|peer| &peer.agency).filter(|code| !code.is_empty()).collect();
        let searching = node.clone();
        // It waits for whoever writes to the ledger.
        let search = tokio::task::spawn_blocking(move || searching.search_progress()).await.unwrap_or_default();
        Self {
            agencies_online: online.len(),
            peers: peers.len(),
            node: node.view().await,
            gate: node.gate(),
            disk: Disk::of(node).ok(),
            search,
            tally: None,
            started: started(),
            memory: Memory::now(),
        }
    }

    /// Why documents cannot be sent, or would not travel now; empty if nothing is in the way. That the
    /// ledger is open goes without saying: there is no node without it.
    pub fn obstacles(&self) -> Vec<String> {
        let mut obstacles = Vec::new();
        match &self.gate {
            Gate::Open => {}
            Gate::Waiting(why) | Gate::Refused(why) => obstacles.push(why.clone()),
        }
        if self.peers == 0 {
            obstacles.push("no peer is connected: documents wait here until one is".to_owned());
        }
        if let Some(Disk { free, .. }) = self.disk.filter(|disk| disk.free < MIN_FREE) {
            obstacles.push(format!("the disk has {} MiB left: at least {} are needed", free >> 20, MIN_FREE >> 20));
        }
        obstacles
    }

    /// Whether the node may write.
    pub fn may_write(&self) -> bool {
        self.gate == Gate::Open
    }
}

/// The directory of a process is as old as the process.
fn started() -> Option<Duration> {
    let since: SystemTime = std::fs::metadata("/proc/self").ok()?.modified().ok()?;
    since.duration_since(UNIX_EPOCH).ok()
}

impl Memory {
    /// `/proc/self/statm` counts in pages, whose size the standard library does not tell; `status` in KiB.
    fn now() -> Option<Self> {
        Self::of(&std::fs::read_to_string("/proc/self/status").ok()?)
    }

    fn of(status: &str) -> Option<Self> {
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
            kib.checked_mul(1024)
        };
        Some(Self { resident: bytes("VmRSS:")?, private: bytes("RssAnon:")? })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    pub(crate) fn snapshot() -> Snapshot {
        let node = serde_json::json!({
            "version": "0.1.0", "network": "ab", "network_name": "Thái Nguyên", "agency": "000.00.00.H55",
            "node": "12D3", "listening": [], "writing": "open", "head": 7, "agencies": 3, "disk_bytes": 4096,
            "quarantined": [], "blobs_wanted": 0, "unchecked": 0, "behind": 11,
        });
        Snapshot {
            node: serde_json::from_value(node).unwrap(),
            gate: Gate::Open,
            peers: 2,
            agencies_online: 1,
            disk: Some(Disk { free: 1 << 40, total: 1 << 41 }),
            search: Some(Progress { indexed: 5, of: 9 }),
            tally: None,
            started: Some(Duration::from_secs(1_780_000_000)),
            memory: Some(Memory { resident: 8192, private: 4096 }),
        }
    }

    #[test]
    fn a_node_that_may_write_and_has_peers_is_ready() {
        assert_eq!(snapshot().obstacles(), Vec::<String>::new());
    }

    #[test]
    fn every_obstacle_is_named() {
        let mut snapshot = snapshot();
        snapshot.gate = Gate::Waiting("no peer has told the head of our chain yet".to_owned());
        snapshot.peers = 0;
        let obstacles = snapshot.obstacles();
        assert_eq!(obstacles.len(), 2);
        assert!(obstacles[0].contains("head of our chain") && obstacles[1].contains("no peer is connected"));
        snapshot.disk = Some(Disk { free: MIN_FREE, total: 1 << 41 });
        assert_eq!(snapshot.obstacles().len(), 2, "at the bound");
        snapshot.disk = Some(Disk { free: MIN_FREE - 1, total: 1 << 41 });
        assert!(snapshot.obstacles()[2].contains("at least 256"));
    }

    #[test]
    fn memory_is_read_as_the_kernel_writes_it() {
        let read = Memory::of("Name:\tx\nVmRSS:\t   12345 kB\nRssAnon:\t      45 kB\nThreads: 1\n");
        assert_eq!(read, Some(Memory { resident: 12_641_280, private: 46_080 }));
        assert_eq!(Memory::of("Name:\tx\nRssAnon:\t 1 kB\n"), None);
        #[cfg(target_os = "linux")]
        {
            let now = Memory::now().unwrap();
            assert!(now.private > 10_000 && now.resident > now.private, "{now:?}");
        }
    }
}
