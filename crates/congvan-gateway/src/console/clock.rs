//! Whether this machine's clock is off, by what others wrote.
//!
//! Nobody's clock is trusted: several agencies' must agree that ours is wrong. That it is behind shows in entries that
//! are here and say a time to come; that it is ahead, in what others say of our documents: whoever names a document
//! wrote later than we, so that an earlier time on it means that one of the two clocks is wrong.

use std::collections::BTreeMap;

use congvan::Node;
use congvan::core::limits::CLOCK_TOLERANCE_MS;
use congvan::core::{AgencyCode, ChainId, Kind, Time};

use super::alarms::Alarm;

/// Agencies whose clocks must agree that ours is wrong.
const WITNESSES: usize = 2;
/// Our last entries, at most, that are looked at for answers, ...
const LOOKED_AT: usize = 32;
/// ... and none that is older: a clock that was put right is right.
const RECENT_MS: u64 = 60 * 60 * 1000;

/// What is wrong with our clock, which says `now`.
pub(crate) fn look(node: &Node, now: Time) -> Option<Alarm> {
    set_back(node, now).or_else(|| behind(node, now)).or_else(|| ahead(node, now))
}

/// Minutes by which a chain's last entry is in the future, if they are too many.
fn to_come(node: &Node, chain: ChainId, now: Time) -> Option<u64> {
    let head = node.ledger().status(chain).head?;
    let entry = node.ledger().entry(chain, head.seq).ok().flatten()?;
    too_much(entry.header().time, now)
}

/// Minutes by which a time is later than another, if they are too many.
fn too_much(later: Time, earlier: Time) -> Option<u64> {
    let off = later.as_millis().checked_sub(earlier.as_millis())?;
    (off > CLOCK_TOLERANCE_MS).then_some(off / 60_000)
}

fn set_back(node: &Node, now: Time) -> Option<Alarm> {
    to_come(node, node.chain(), now).map(|minutes| Alarm::ClockSetBack { minutes })
}

fn behind(node: &Node, now: Time) -> Option<Alarm> {
    let roster = node.ledger().roster();
    let others = roster.agencies().map(|agency| agency.chain).filter(|chain| *chain != node.chain());
    let minutes: Vec<_> = others.filter_map(|chain| to_come(node, chain, now)).collect();
    agreed(minutes).map(|minutes| Alarm::ClockBehind { minutes })
}

fn ahead(node: &Node, now: Time) -> Option<Alarm> {
    let (ledger, own) = (node.ledger(), node.code());
    let mut off: BTreeMap<AgencyCode, u64> = BTreeMap::new();
    let mut next = ledger.status(node.chain()).head.map(|head| head.seq);
    for _ in 0..LOOKED_AT {
        let Some(entry) = next.and_then(|seq| ledger.entry(node.chain(), seq).ok().flatten()) else { break };
        next = entry.seq().previous();
        let written = entry.header().time;
        if written.as_millis().saturating_add(RECENT_MS) < now.as_millis() {
            break;
        }
        if entry.header().kind != Kind::DOCUMENT {
            continue;
        }
        let Ok(life) = node.life(&entry.id().to_string()) else { continue };
        for fact in life.history.into_iter().map(|event| event.fact).filter(|fact| fact.stands && fact.author != own) {
            if let Some(minutes) = too_much(written, fact.time) {
                let known = off.entry(fact.author).or_insert(minutes);
                *known = minutes.min(*known);
            }
        }
    }
    agreed(off.into_values().collect()).map(|minutes| Alarm::ClockAhead { minutes })
}

/// The least that enough agencies agree on.
fn agreed(minutes: Vec<u64>) -> Option<u64> {
    minutes.iter().min().copied().filter(|_| minutes.len() >= WITNESSES)
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
