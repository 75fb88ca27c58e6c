//! The simulated network: what is on its way, and between whom something can be.

use std::collections::BTreeMap;

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
    Request { from: Place, to: usize, life: u32, id: RequestId, bytes: Vec<u8> },
    Response { from: usize, to: Place, life: u32, id: RequestId, bytes: Vec<u8> },
    Failed { to: Place, life: u32, peer: usize, id: RequestId },
    Gossip { from: usize, to: usize, bytes: Vec<u8> },
    Tick { node: usize },
    Write,
    Partition,
    Heal,
    Crash,
    Restart { node: usize },
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
    Silence { node: usize },
}

/// A request that somebody is about to answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) by: Place,
    pub(crate) life: u32,
    pub(crate) id: RequestId,
}

/// Everything under way, in the order of its time.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    items: BTreeMap<(u64, u64), Item>,
    order: u64,
    pub(crate) asked: BTreeMap<ReplyId, Asked>,
    replies: u64,
}

impl Agenda {
    pub(crate) fn at(&mut self, time: u64, item: Item) {
        self.order += 1;
        self.items.insert((time, self.order), item);
    }

    /// What happens next, at this time or before.
    pub(crate) fn next(&mut self, by: u64) -> Option<(u64, Item)> {
        let first = self.items.first_entry().filter(|first| first.key().0 <= by)?;
        let ((time, _), item) = first.remove_entry();
        Some((time, item))
    }

    pub(crate) fn reply_to(&mut self, asked: Asked) -> ReplyId {
        self.replies += 1;
        self.asked.insert(ReplyId(self.replies), asked);
        ReplyId(self.replies)
    }
}
