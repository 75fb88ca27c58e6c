//! The simulated network: what is on its way, and between whom something can be.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use congvan_core::{ChainId, Seq};
use congvan_sync::{ReplyId, RequestId};

/// A replica: a node's number, and which of its faces (only an equivocator has two).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Place {
    pub(crate) node: usize,
    pub(crate) face: usize,
}

/// What happens at some moment.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Request {
        from: Place,
        to: usize,
        life: u32,
        id: RequestId,
        bytes: Vec<u8>,
    },
    Response {
        from: usize,
        to: Place,
        life: u32,
        id: RequestId,
        bytes: Vec<u8>,
    },
    Failed {
        to: Place,
        life: u32,
        peer: usize,
        id: RequestId,
    },
    Gossip {
        from: usize,
        to: usize,
        gossip: Arc<Gossip>,
    },
    Tick {
        node: usize,
    },
    Write,
    Partition,
    Heal,
    Crash,
    Restart {
        node: usize,
    },
    Backup,
    Restore,
    Admit,
    Fork,
    Resolve,
    Rotate,
    Word,
    Erase,
    ForkRoster,
    Smuggle,
    Silence {
        node: usize,
    },
    /// Of a working day: a node is switched on or off, its line is cut or mended, its disk is put back.
    Switch {
        node: usize,
        on: bool,
    },
    Line {
        node: usize,
        cut: bool,
    },
    Keep {
        node: usize,
    },
    PutBack {
        node: usize,
    },
    Document,
    Whole,
    Report {
        node: usize,
        chain: ChainId,
        seq: Seq,
    },
    /// One agency is suspended, and goes on writing.
    Outlaw,
}

/// An announcement on its way, made once for all that it goes to.
#[derive(Debug)]
pub(crate) struct Gossip {
    /// The same for the same announcement, so that a node knows what it has seen.
    pub(crate) number: usize,
    pub(crate) bytes: Vec<u8>,
}

/// What a node has seen of all that was ever announced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(Vec<u64>);

impl Seen {
    /// Whether it is new.
    pub(crate) fn insert(&mut self, number: usize) -> bool {
        let (word, bit) = (number / 64, 1 << (number % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }
}

/// A request that somebody is about to answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) by: Place,
    pub(crate) life: u32,
    pub(crate) id: RequestId,
}

/// Everything under way, in the order of its time, and of its being planned.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    moments: BTreeMap<u64, VecDeque<Item>>,
    pub(crate) asked: HashMap<ReplyId, Asked>,
    replies: u64,
}

impl Agenda {
    pub(crate) fn at(&mut self, time: u64, item: Item) {
        self.moments.entry(time).or_default().push_back(item);
    }

    /// What happens next, at this time or before.
    pub(crate) fn next(&mut self, by: u64) -> Option<(u64, Item)> {
        let mut first = self.moments.first_entry().filter(|first| *first.key() <= by)?;
        let (time, item) = (*first.key(), first.get_mut().pop_front()?);
        if first.get().is_empty() {
            first.remove();
        }
        Some((time, item))
    }

    pub(crate) fn reply_to(&mut self, asked: Asked) -> ReplyId {
        self.replies += 1;
        self.asked.insert(ReplyId(self.replies), asked);
        ReplyId(self.replies)
    }
}
