//! What must hold.

use std::collections::BTreeMap;

use congvan_core::{ChainId, EntryId};
use congvan_sync::Ledger;

use crate::node::{Node, Role};

/// An invariant that does not hold.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A node signed two entries with one number.
    #[error("node {node} signed number {seq} twice")]
    SignedTwice {
        /// The node.
        node: usize,
        /// The number.
        seq: u64,
    },
    /// An honest node's chain does not hold what the node acknowledged.
    #[error("node {at} has lost number {seq} of node {of}, which had been acknowledged")]
    Lost {
        /// Whose chain.
        of: usize,
        /// Where it is missing.
        at: usize,
        /// The number.
        seq: u64,
    },
    /// Something stored does not verify.
    #[error("node {node} has stored what does not verify: {reason}")]
    Unverified {
        /// The node.
        node: usize,
        /// What does not hold.
        reason: String,
    },
    /// A queue is over its bound.
    #[error("node {node} has exceeded its bound {bound}")]
    Bound {
        /// The node.
        node: usize,
        /// The bound's name.
        bound: &'static str,
    },
    /// Two honest nodes still differ long after everything healed.
    #[error("nodes {one} and {other} still differ in {difference} after everything healed")]
    Apart {
        /// One node.
        one: usize,
        /// Another.
        other: usize,
        /// In what.
        difference: String,
    },
    /// An honest node's chain was called forked.
    #[error("node {node} is honest, and its chain was called forked at number {seq}")]
    Slandered {
        /// The node.
        node: usize,
        /// The number.
        seq: u64,
    },
    /// An honest node banned one that did nothing wrong.
    #[error("node {by} banned node {peer}, which did nothing wrong: {reason}")]
    UnjustBan {
        /// The node that banned.
        by: usize,
        /// The banned one.
        peer: usize,
        /// The reason given.
        reason: &'static str,
    },
    /// The equivocator got away with it.
    #[error("the fork of node {node}'s chain was never noticed")]
    Unnoticed {
        /// The equivocator.
        node: usize,
    },
    /// A node sent what its receiver cannot decode.
    #[error("node {node} sent a malformed message: {reason}")]
    Malformed {
        /// The sender.
        node: usize,
        /// Why.
        reason: String,
    },
    /// An honest node cannot write although everything healed.
    #[error("node {node} still may not write after everything healed")]
    Silent {
        /// The node.
        node: usize,
    },
}

fn honest(nodes: &[Node]) -> impl Iterator<Item = (usize, &Node)> {
    nodes.iter().enumerate().filter(|(_, node)| node.role == Role::Honest)
}

/// The first difference between honest nodes, of those that healing must remove.
pub(crate) fn apart(nodes: &[Node]) -> Option<Violation> {
    let mut all = honest(nodes);
    let (one, first) = all.next()?;
    let heads = first.faces[0].ledger.heads();
    for (other, node) in all {
        let theirs = node.faces[0].ledger.heads();
        if heads != theirs {
            let differ = heads.iter().zip(&theirs).find(|(a, b)| a != b);
            let difference = format!("heads: {differ:?} of {} and {}", heads.len(), theirs.len());
            return Some(Violation::Apart { one, other, difference });
        }
    }
    let waiting = honest(nodes).find(|(_, node)| !node.faces[0].replica.blobs_wanted().is_empty());
    if let Some((other, node)) = waiting {
        let difference = format!("blobs: {:?}", node.faces[0].replica.blobs_wanted());
        return Some(Violation::Apart { one, other, difference });
    }
    let silent = honest(nodes)
        .find(|(_, node)| !node.may_write() && first.faces[0].ledger.roster().agency(node.chain).is_some());
    silent.map(|(node, _)| Violation::Silent { node })
}

/// What must hold at the end, once the honest nodes do not differ.
pub(crate) fn at_the_end(
    nodes: &[Node],
    acknowledged: &BTreeMap<(usize, u64), EntryId>,
    forked: Option<usize>,
    resolved: bool,
) -> Result<(), Violation> {
    let Some((one, first)) = honest(nodes).next() else { return Ok(()) };
    let chains: Vec<ChainId> = first.faces[0].ledger.heads().into_iter().map(|(chain, _)| chain).collect();
    for (at, node) in honest(nodes) {
        let ledger = &node.faces[0].ledger;
        ledger.verify_all().map_err(|e| Violation::Unverified { node: at, reason: e.to_string() })?;
        if let Some(chain) = chains.iter().find(|c| ledger.entries(**c) != first.faces[0].ledger.entries(**c)) {
            return Err(Violation::Apart { one, other: at, difference: format!("the bytes of {chain:?}") });
        }
        for ((of, seq), id) in acknowledged {
            let seq = congvan_core::Seq::new(*seq);
            if seq.is_some_and(|seq| ledger.id_at(nodes[*of].chain, seq) != Some(*id)) {
                return Err(Violation::Lost { of: *of, at, seq: seq.map_or(0, congvan_core::Seq::get) });
            }
        }
    }
    for (node, honest) in honest(nodes) {
        if let Some(q) = first.faces[0].ledger.head(honest.chain).quarantined {
            return Err(Violation::Slandered { node, seq: q.get() });
        }
    }
    match forked {
        Some(node) if !resolved && first.faces[0].ledger.head(nodes[node].chain).quarantined.is_none() => {
            Err(Violation::Unnoticed { node })
        }
        _ => Ok(()),
    }
}

/// What must hold of a node after each thing that happens to it.
pub(crate) fn of_node(number: usize, node: &Node) -> Result<(), Violation> {
    let bounds = node.faces.iter().try_for_each(|face| face.replica.check_bounds());
    bounds.map_err(|bound| Violation::Bound { node: number, bound })
}
