//! One simulated agency: its keys, its ledger, its replica, and what survives of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use congvan_core::blob::BlobRef;
use congvan_core::document::DocumentPayload;
use congvan_core::{AgencyCode, AgencySecret, ChainId, Kind, NodeKey, Point, Seq, UnverifiedEntry, Wire};
use congvan_sync::{AnnouncementId, Config, Ledger, Replica};

use crate::ledger::SimLedger;
use crate::wire::{Gossip, Seen};

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Honest,
    Equivocator,
    Smuggler,
    Forger,
    Liar,
    Replayer,
    Withholder,
    Flooder,
    Outlaw,
}

/// A replica and its ledger. An equivocator has two, and shows each to one half of its peers.
#[derive(Debug)]
pub(crate) struct Face {
    pub(crate) replica: Replica,
    pub(crate) ledger: SimLedger,
    /// Gossip whose verdict is due, with whom it came from.
    pub(crate) pending: BTreeMap<AnnouncementId, (usize, Arc<Gossip>)>,
    pub(crate) seen: Seen,
    /// Up to where each chain was searched for blobs.
    pub(crate) scanned: BTreeMap<ChainId, u64>,
}

impl Face {
    pub(crate) fn new(config: Config, ledger: SimLedger) -> Self {
        Self {
            replica: Replica::new(config),
            ledger,
            pending: BTreeMap::new(),
            seen: Seen::default(),
            scanned: BTreeMap::new(),
        }
    }

    /// The blobs of entries not yet searched, of those that are not here.
    pub(crate) fn new_blobs(&mut self, chain: ChainId) -> Vec<BlobRef> {
        let scanned = self.scanned.entry(chain).or_default();
        let Some(from) = Seq::new(*scanned + 1) else { return vec![] };
        let entries = self.ledger.range(chain, from, usize::MAX);
        *scanned += entries.len() as u64;
        self.missing_of(&entries, |_| true)
    }

    /// The blobs of all that stands, of those that are not here.
    pub(crate) fn missing_blobs(&self) -> Vec<BlobRef> {
        self.missing_blobs_but(&BTreeSet::new())
    }

    /// The same, but for what these entries name.
    pub(crate) fn missing_blobs_but(&self, erased: &BTreeSet<(ChainId, Point)>) -> Vec<BlobRef> {
        let chains = self.ledger.heads().into_iter();
        let kept = |chain: ChainId| move |entry: &UnverifiedEntry| !erased.contains(&(chain, entry.point()));
        chains.flat_map(|(chain, _)| self.missing_of(&self.ledger.entries(chain), kept(chain))).collect()
    }

    fn missing_of(&self, entries: &[Arc<[u8]>], counts: impl Fn(&UnverifiedEntry) -> bool) -> Vec<BlobRef> {
        let documents = entries.iter().filter_map(|bytes| {
            let entry = UnverifiedEntry::parse(bytes).ok().filter(&counts)?;
            let payload = entry.payload().filter(|_| entry.header().kind == Kind::DOCUMENT)?;
            DocumentPayload::from_bytes(payload).ok()
        });
        documents
            .flat_map(|document| document.cover.blobs.to_vec())
            .filter(|blob| !self.ledger.has_blob(blob))
            .collect()
    }
}

/// A key of the agency's.
#[derive(Clone, Debug)]
pub(crate) struct OwnKey {
    pub(crate) secret: AgencySecret,
    /// The small file beside the key: the highest number signed. `None`: lost with the disk.
    pub(crate) mark: Option<u64>,
}

/// One agency with one node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) role: Role,
    pub(crate) code: AgencyCode,
    pub(crate) chain: ChainId,
    /// All that it ever had; the ledger says which one signs.
    pub(crate) keys: Vec<OwnKey>,
    pub(crate) key: NodeKey,
    pub(crate) up: bool,
    /// Counts restarts: what was asked in an earlier life is answered to nobody.
    pub(crate) life: u32,
    pub(crate) confirm_peers: usize,
    pub(crate) faces: Vec<Face>,
    pub(crate) backup: SimLedger,
    /// What a disk would hold if nothing were synced before it is acknowledged: for a planted bug.
    pub(crate) synced: SimLedger,
    /// Milliseconds by which its clock is ahead.
    pub(crate) clock: i64,
}

impl Node {
    /// Which of its keys signs the next number by what its ledger knows.
    pub(crate) fn key_due(&self, face: usize) -> Option<usize> {
        let due = self.faces[face].ledger.inner.next_keys(self.chain)?;
        self.keys.iter().position(|key| key.secret.sign.public() == due.sign)
    }

    /// Whether the node may write now.
    pub(crate) fn may_write(&self) -> bool {
        let [face, ..] = self.faces.as_slice() else { return false };
        let head = face.ledger.head(self.chain).head.map_or(0, |head| head.seq.get());
        let key = self.key_due(0).map(|key| &self.keys[key]);
        self.up && face.replica.own_confirmed() && key.is_some_and(|key| key.mark.is_none_or(|mark| mark <= head))
    }
}

/// The key of a node by its number, and back.
pub(crate) fn node_key(node: usize) -> NodeKey {
    let mut bytes = [0x5a; 32];
    bytes[..8].copy_from_slice(&((node as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes());
    bytes[24..].copy_from_slice(&(node as u64).to_be_bytes());
    NodeKey::from_bytes(bytes)
}

pub(crate) fn node_of(key: &NodeKey) -> usize {
    let mut number = [0; 8];
    number.copy_from_slice(&key.as_bytes()[24..]);
    u64::from_be_bytes(number) as usize
}
