//! What is looked at for one answer.

use congvan::view::NodeView;
use congvan::{Gate, Node};

/// A node's state at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The node's own account.
    pub node: NodeView,
    /// Whether it may write.
    pub gate: Gate,
    /// Connected peers.
    pub peers: usize,
    /// Bytes of memory that the process occupies; `None` where the system does not say.
    pub resident_bytes: Option<u64>,
}

impl Snapshot {
    /// Asks a node.
    pub async fn of(node: &Node) -> Self {
        let peers = node.peers().await.len();
        Self { node: node.view().await, gate: node.gate(), peers, resident_bytes: resident_bytes() }
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
        obstacles
    }

    /// Whether the node may write.
    pub fn may_write(&self) -> bool {
        self.gate == Gate::Open
    }
}

/// `/proc/self/statm` counts in pages, whose size the standard library does not tell; `status` in KiB.
fn resident_bytes() -> Option<u64> {
    resident(&std::fs::read_to_string("/proc/self/status").ok()?)
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    pub(crate) fn snapshot() -> Snapshot {
        let node = serde_json::json!({
            "version": "0.1.0", "network": "ab", "network_name": "Thái Nguyên", "agency": "000.00.00.H55",
            "node": "12D3", "listening": [], "writing": "open", "head": 7, "agencies": 3, "disk_bytes": 4096,
            "quarantined": [], "blobs_wanted": 0, "unchecked": 0,
        });
        Snapshot { node: serde_json::from_value(node).unwrap(), gate: Gate::Open, peers: 2, resident_bytes: Some(8192) }
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
    }

    #[test]
    fn resident_memory_is_read_as_the_kernel_writes_it() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t   12345 kB\nThreads: 1\n"), Some(12_641_280));
        assert_eq!(resident("Name:\tx\n"), None);
        #[cfg(target_os = "linux")]
        assert!(resident_bytes().unwrap() > 100_000);
    }
}
