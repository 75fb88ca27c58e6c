//! What must hold.

use std::collections::BTreeMap;

use congvan_core::{ChainId, Point, Seq, Standing};
use congvan_sync::{ChainHead, Ledger};

use crate::erase::{same, wrongly_kept};
use crate::node::{Node, Role};
use crate::world::World;

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
    /// A bad signature under good ones is not what its chain is in quarantine for.
    #[error("node {node} hid a bad signature at number {seq}; its chain is in quarantine from {found:?}")]
    Smuggled {
        /// The smuggler.
        node: usize,
        /// The number of the bad signature.
        seq: u64,
        /// From where its chain is in quarantine.
        found: Option<u64>,
    },
    /// The roster was forked, and a node does not know where.
    #[error("the roster is forked at number {seq}; node {node} has it in quarantine from {found:?}, up to {head}")]
    ForkedRoster {
        /// The node.
        node: usize,
        /// The forked number.
        seq: u64,
        /// From where the node distrusts it.
        found: Option<u64>,
        /// Up to where it has it.
        head: u64,
    },
    /// A node sent what its receiver cannot decode.
    #[error("node {node} sent a malformed message: {reason}")]
    Malformed {
        /// The sender.
        node: usize,
        /// Why.
        reason: String,
    },
    /// A node sends more than all that is new to it explains.
    #[error("node {node} sent {sent} messages in a minute in which {news} things were new to it")]
    Storm {
        /// The node.
        node: usize,
        /// Its messages.
        sent: u64,
        /// Entries and announcements that were new to it.
        news: u64,
    },
    /// What a suspended agency wrote stands.
    #[error("node {node} is suspended after number {last}, and its chain stands up to {found}")]
    Outlaw {
        /// The suspended one.
        node: usize,
        /// The last number that the registrar let stand.
        last: u64,
        /// Up to where honest nodes have it.
        found: u64,
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

/// Whether two nodes differ in some head, as long as the roster is one.
pub(crate) fn differs(world: &World, one: usize, other: usize) -> bool {
    let heads = |node: usize| world.nodes[node].faces[0].ledger.heads();
    let both = [one, other].into_iter().all(|node| world.nodes[node].role == Role::Honest);
    both && world.forked_roster.is_none() && heads(one) != heads(other)
}

/// The first difference between honest nodes, of those that healing must remove.
pub(crate) fn apart(world: &World) -> Option<Violation> {
    let (nodes, forked_roster) = (&world.nodes, world.forked_roster);
    let mut all = honest(nodes);
    let (one, first) = all.next()?;
    if let Some(seq) = forked_roster
        && let Some(violation) = honest(nodes).find_map(|(node, n)| off_the_fork(node, &n.faces[0].ledger, seq))
    {
        return Some(violation);
    }
    let heads = standing(&first.faces[0].ledger, forked_roster);
    for (other, node) in all {
        let theirs = standing(&node.faces[0].ledger, forked_roster);
        // On two branches of a roster, each knows agencies that the other does not.
        let here =
            |chain: &ChainId| forked_roster.is_none() || (heads.contains_key(chain) && theirs.contains_key(chain));
        let mut both = heads.keys().chain(theirs.keys()).filter(|chain| here(chain));
        if let Some(chain) = both.find(|chain| heads.get(chain) != theirs.get(chain)) {
            let difference = format!("{chain:?}: {:?} and {:?}", heads.get(chain), theirs.get(chain));
            return Some(Violation::Apart { one, other, difference });
        }
    }
    for (other, node) in honest(nodes) {
        let ledger = &node.faces[0].ledger;
        // What an erasure took that the registrar voided afterwards may be nowhere any more.
        let withheld = ledger.missing_payloads(None, usize::MAX).into_iter().find(|(chain, seq)| {
            let point = ledger.id_at(*chain, *seq).map(|id| Point { seq: *seq, id });
            point.is_some_and(|point| !world.erased.contains(&(*chain, point)))
        });
        if withheld.is_some() {
            return Some(Violation::Apart { one, other, difference: format!("payloads: {withheld:?}") });
        }
        let mut erasable = heads.keys().filter(|_| world.scenario.erase_ms > 0);
        if let Some((chain, point)) = erasable.find_map(|chain| Some((chain, wrongly_kept(ledger, *chain)?))) {
            return Some(Violation::Apart {
                one,
                other,
                difference: format!("{chain:?}: {point:?} is erased, and kept"),
            });
        }
        // An erasure that the registrar voided afterwards reached whoever had the blob, and not this node.
        let missing = match world.scenario.day {
            None => node.faces[0].missing_blobs_but(&world.erased),
            Some(_) => vec![],
        };
        if !missing.is_empty() {
            return Some(Violation::Apart { one, other, difference: format!("blobs: {missing:?}") });
        }
    }
    let may = |node: &Node| {
        let roster = node.faces[0].ledger.roster();
        roster.agency(node.chain).is_some_and(|a| a.standing == Standing::Active && a.policy().limit.is_none())
    };
    let silent = honest(nodes).find(|(_, node)| !node.may_write() && may(node));
    silent.map(|(node, _)| Violation::Silent { node })
}

/// What stands at a node; of a forked roster that is a matter of branches.
fn standing(ledger: &impl Ledger, forked_roster: Option<Seq>) -> BTreeMap<ChainId, ChainHead> {
    let roster = ledger.roster().chain();
    let told = ledger.heads().into_iter();
    told.filter(|(chain, _)| forked_roster.is_none() || *chain != roster).collect()
}

/// A forked roster stands up to the fork everywhere, and everybody knows where that is.
fn off_the_fork(node: usize, ledger: &impl Ledger, seq: Seq) -> Option<Violation> {
    let ChainHead { head, quarantined } = ledger.head(ledger.roster().chain());
    let head = head.map_or(0, |head| head.seq.get());
    let off = quarantined != Some(seq) || head + 1 < seq.get();
    off.then(|| Violation::ForkedRoster { node, seq: seq.get(), found: quarantined.map(Seq::get), head })
}

/// What must hold at the end, once the honest nodes do not differ.
pub(crate) fn at_the_end(world: &World) -> Result<(), Violation> {
    let nodes = &world.nodes;
    let Some((one, first)) = honest(nodes).next() else { return Ok(()) };
    let first = &first.faces[0].ledger;
    for (at, node) in honest(nodes) {
        let ledger = &node.faces[0].ledger;
        // Of chains that are one and the same in memory, what holds at the first node holds here.
        let apart = ledger.not_in_common(first);
        let looked_at = |chain: ChainId| at == one || apart.contains(&chain);
        ledger.verify(looked_at).map_err(|e| Violation::Unverified { node: at, reason: e.to_string() })?;
        let chains = standing(first, world.forked_roster).into_keys().filter(|chain| looked_at(*chain));
        let mut known =
            chains.filter(|chain| world.forked_roster.is_none() || ledger.roster().agency(*chain).is_some());
        if let Some(chain) = known.find(|chain| !same(world, *chain, &ledger.entries(*chain), &first.entries(*chain))) {
            return Err(Violation::Apart { one, other: at, difference: format!("the bytes of {chain:?}") });
        }
        let to_hold = world.acknowledged.iter().filter(|((of, _), _)| looked_at(nodes[*of].chain));
        for ((of, number), id) in to_hold {
            let (of, chain, roster) = (*of, nodes[*of].chain, ledger.roster());
            let Some(agency) = roster.agency(chain) else { continue };
            let ended = agency.policy().limit.is_some_and(|limit| limit < *number);
            let stands = Seq::new(*number).and_then(|seq| ledger.id_at(chain, seq)) == Some(*id);
            if !ended && !stands {
                return Err(Violation::Lost { of, at, seq: *number });
            }
        }
    }
    for (node, honest) in honest(nodes) {
        if let Some(q) = first.head(honest.chain).quarantined {
            return Err(Violation::Slandered { node, seq: q.get() });
        }
    }
    if let Some((node, seq)) = world.smuggled {
        let ChainHead { head, quarantined } = first.head(nodes[node].chain);
        // Whoever fell silent may have told nobody.
        let untold = !nodes[node].up && head.is_none_or(|head| head.seq < seq);
        if quarantined != Some(seq) && !(untold && quarantined.is_none()) {
            return Err(Violation::Smuggled { node, seq: seq.get(), found: quarantined.map(Seq::get) });
        }
    }
    if let Some((node, last)) = world.grudge.outlaw() {
        let found = first.head(nodes[node].chain).head.map_or(0, |head| head.seq.get());
        if found > last {
            return Err(Violation::Outlaw { node, last, found });
        }
    }
    if let Some((at, chain, seq)) = world.undelivered() {
        let of = nodes.iter().position(|node| node.chain == chain).unwrap_or(at);
        return Err(Violation::Lost { of, at, seq: seq.get() });
    }
    match world.forked {
        Some(node) if !world.resolved && first.head(nodes[node].chain).quarantined.is_none() => {
            // Whoever reached only enemies with one of its stories has told but one.
            match world.branches.iter().all(|branch| world.watch.has_seen(*branch)) {
                true => Err(Violation::Unnoticed { node }),
                false => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// What must hold of a node after each thing that happens to it.
pub(crate) fn of_node(number: usize, node: &Node) -> Result<(), Violation> {
    let bounds = node.faces.iter().try_for_each(|face| face.replica.check_bounds());
    bounds.map_err(|bound| Violation::Bound { node: number, bound })
}
