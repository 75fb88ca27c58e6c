//! The address book: where peers are, and when each is to be dialled next. No clock of its own.

use std::collections::{BTreeMap, HashSet};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use congvan_sync::Peer;
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use crate::exchange::{Contact, MAX_ADDRESS, MAX_ADDRESSES, MAX_CONTACTS};

/// The most peers whose addresses are kept, bootstrap peers aside.
pub(crate) const MAX_KNOWN: usize = 4096;
/// The first wait between dials of one peer; every failure doubles it.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
/// A peer that was lost is dialled after at most this: at once, but not both ends in the same instant.
const LOST_SPREAD: Duration = Duration::from_millis(500);

/// Where one peer is.
#[derive(Default)]
struct Entry {
    /// By the operator: kept for good.
    configured: Vec<Multiaddr>,
    /// By the peer itself, or by whoever embeds the node.
    told: Vec<Multiaddr>,
    /// By other peers: tried, never passed on.
    hearsay: Vec<Multiaddr>,
    /// Dials since it last answered.
    failures: u32,
    /// Not to be dialled before; `None`: at once.
    next: Option<Instant>,
}

/// Where peers are.
pub(crate) struct Book {
    entries: BTreeMap<Peer, Entry>,
    seed: u64,
    backoff: Duration,
    bootstrap_backoff: Duration,
    /// Whom the last answer to a [`crate::exchange::PeersRequest`] ended with.
    shared: Option<Peer>,
}

impl Book {
    /// `local` spreads the waits of different nodes; the two bounds cap them.
    pub(crate) fn new(local: Peer, backoff: Duration, bootstrap_backoff: Duration) -> Self {
        let mut seed = [0; 8];
        seed.copy_from_slice(&local.as_bytes()[..8]);
        Self { entries: BTreeMap::new(), seed: u64::from_le_bytes(seed), backoff, bootstrap_backoff, shared: None }
    }

    /// An address that the operator gave.
    pub(crate) fn configure(&mut self, peer: Peer, address: Multiaddr) {
        self.entries.entry(peer).or_default().configured.push(address);
    }

    /// What a peer says of itself: it replaces what it said before.
    pub(crate) fn tell(&mut self, peer: Peer, addresses: Vec<Multiaddr>, keep: impl Fn(&Peer) -> bool) {
        if let Some(entry) = self.entry(peer, keep) {
            entry.told = bounded(addresses);
        }
    }

    /// What one peer says of another.
    pub(crate) fn hear(&mut self, peer: Peer, addresses: Vec<Multiaddr>, keep: impl Fn(&Peer) -> bool) {
        if let Some(entry) = self.entry(peer, keep) {
            entry.hearsay = bounded(addresses);
        }
    }

    /// A peer proved that it is there and wants us.
    pub(crate) fn answered(&mut self, peer: &Peer) {
        if let Some(entry) = self.entries.get_mut(peer) {
            (entry.failures, entry.next) = (0, None);
        }
    }

    /// The connection to a peer that had answered is gone: dial it at once, give or take a little.
    pub(crate) fn lost(&mut self, peer: &Peer, now: Instant) {
        let spread = LOST_SPREAD.mul_f64(self.fraction(peer, 0));
        if let Some(entry) = self.entries.get_mut(peer) {
            (entry.failures, entry.next) = (0, Some(now + spread));
        }
    }

    /// Peers to dial now, those that have waited longest first, and where; each counts as a failure until
    /// it answers. Once `connected` reaches `target`, bootstrap peers only.
    pub(crate) fn due(
        &mut self,
        now: Instant,
        connected: &HashSet<Peer>,
        target: usize,
        most: usize,
        permits: impl Fn(&Peer) -> bool,
    ) -> Vec<(Peer, Vec<Multiaddr>)> {
        let enough = connected.len() >= target;
        let wanted = |peer: &Peer, entry: &Entry| {
            entry.next.is_none_or(|next| next <= now)
                && !(enough && entry.configured.is_empty())
                && !connected.contains(peer)
                && permits(peer)
        };
        let mut due: Vec<_> = self.entries.iter().filter(|(p, e)| wanted(p, e)).map(|(p, e)| (e.next, *p)).collect();
        due.sort_unstable();
        due.truncate(most);
        let mut dials = Vec::new();
        for (_, peer) in due {
            let Some(entry) = self.entries.get_mut(&peer) else { continue };
            entry.failures = entry.failures.saturating_add(1);
            let addresses: Vec<_> = [&entry.configured, &entry.told, &entry.hearsay].into_iter().flatten().collect();
            let dial = (peer, bounded(addresses.into_iter().cloned().collect()));
            let (failures, configured) = (entry.failures, !entry.configured.is_empty());
            let wait = self.wait(&peer, failures, configured);
            if let Some(entry) = self.entries.get_mut(&peer) {
                entry.next = Some(now + wait);
            }
            if !dial.1.is_empty() {
                dials.push(dial);
            }
        }
        dials
    }

    /// Dials these at the next chance: they became admitted.
    pub(crate) fn wake(&mut self, peers: &[Peer]) {
        for peer in peers {
            self.answered(peer);
        }
    }

    /// Admitted peers and their own word on where they are, a different part of them each time.
    pub(crate) fn share(
        &mut self,
        asker: &Peer,
        limit: usize,
        over_loopback: bool,
        permits: impl Fn(&Peer) -> bool,
    ) -> Vec<Contact> {
        let turn = self.shared;
        let after = self.entries.iter().filter(|(peer, _)| turn.is_none_or(|turn| **peer > turn));
        let before = self.entries.iter().filter(|(peer, _)| turn.is_some_and(|turn| **peer <= turn));
        let contacts: Vec<_> = after
            .chain(before)
            .filter(|(peer, _)| *peer != asker && permits(peer))
            .map(|(peer, entry)| Contact::new(*peer, entry.told.iter().filter(|a| usable(a, over_loopback))))
            .filter(|contact| !contact.addresses().is_empty())
            .take(limit.min(MAX_CONTACTS))
            .collect();
        self.shared = contacts.last().map(|contact| contact.peer);
        contacts
    }

    /// Peers in the book.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Everything known of where a peer is.
    pub(crate) fn addresses(&self, peer: &Peer) -> Vec<Multiaddr> {
        let Some(entry) = self.entries.get(peer) else { return Vec::new() };
        bounded([&entry.configured, &entry.told].into_iter().flatten().cloned().collect())
    }

    /// The peer's entry, made if there is room; a peer that is not to be kept makes room for one that is.
    fn entry(&mut self, peer: Peer, keep: impl Fn(&Peer) -> bool) -> Option<&mut Entry> {
        if !self.entries.contains_key(&peer) && self.entries.len() >= MAX_KNOWN {
            let spare = self.entries.iter().find(|(p, e)| e.configured.is_empty() && !keep(p)).map(|(p, _)| *p)?;
            self.entries.remove(&spare);
        }
        Some(self.entries.entry(peer).or_default())
    }

    /// 1 s, 2 s, 4 s, … up to the cap, each shortened by up to a quarter so that nodes do not march in step.
    fn wait(&self, peer: &Peer, failures: u32, configured: bool) -> Duration {
        let cap = if configured { self.bootstrap_backoff } else { self.backoff };
        let full = FIRST_BACKOFF.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(cap);
        full.mul_f64(1.0 - self.fraction(peer, failures) / 4.0)
    }

    /// A number in [0, 1) that follows from who, whom and which attempt.
    fn fraction(&self, peer: &Peer, attempt: u32) -> f64 {
        let mut x = self.seed ^ u64::from(attempt);
        for byte in peer.as_bytes() {
            x = (x ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
        (x >> 40) as f64 / (1u64 << 24) as f64
    }
}

/// Without doubles, and at most [`MAX_ADDRESSES`].
fn bounded(addresses: Vec<Multiaddr>) -> Vec<Multiaddr> {
    let mut seen = HashSet::new();
    addresses.into_iter().filter(|a| seen.insert(a.clone())).take(MAX_ADDRESSES).collect()
}

/// Addresses worth keeping out of a list from the network, without the peer's name at their end.
pub(crate) fn sift(addresses: Vec<Multiaddr>, over_loopback: bool) -> Vec<Multiaddr> {
    let named = |a: Multiaddr| a.into_iter().filter(|p| !matches!(p, Protocol::P2p(_))).collect();
    bounded(addresses.into_iter().map(named).filter(|a| usable(a, over_loopback)).collect())
}

/// Whether an address is one to dial: a host and a TCP port, and a loopback host only if it was learned
/// over loopback, else a stranger could point us at our own machine.
pub(crate) fn usable(address: &Multiaddr, over_loopback: bool) -> bool {
    let mut parts = address.iter();
    let host = match parts.next() {
        Some(Protocol::Ip4(ip)) => ip4(ip, over_loopback),
        Some(Protocol::Ip6(ip)) => match ip.to_ipv4_mapped() {
            Some(ip) => ip4(ip, over_loopback),
            None => ip6(ip, over_loopback),
        },
        Some(Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name)) => {
            over_loopback || !name.trim_end_matches('.').to_ascii_lowercase().ends_with("localhost")
        }
        _ => false,
    };
    host && matches!(parts.next(), Some(Protocol::Tcp(1..))) && parts.next().is_none() && address.len() <= MAX_ADDRESS
}

fn ip4(ip: Ipv4Addr, over_loopback: bool) -> bool {
    (over_loopback || !ip.is_loopback())
        && !(ip.octets()[0] == 0 || ip.is_multicast() || ip.is_broadcast() || ip.is_link_local())
}

fn ip6(ip: Ipv6Addr, over_loopback: bool) -> bool {
    (over_loopback || !ip.is_loopback()) && !(ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local())
}

/// Whether a connection's far end is on this machine.
pub(crate) fn is_loopback(address: &Multiaddr) -> bool {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => ip.is_loopback(),
        Some(Protocol::Ip6(ip)) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
        _ => false,
    }
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
