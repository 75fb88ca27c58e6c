//! A bounded table of things that wait for our own side's word, fair among peers.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use congvan_sync::Peer;

/// What waits, under ascending numbers; so the oldest come first.
pub(crate) struct Pending<T> {
    waiting: BTreeMap<u64, (Peer, Instant, T)>,
    per_peer: HashMap<Peer, usize>,
    next: u64,
    max: usize,
    max_per_peer: usize,
}

impl<T> Pending<T> {
    /// Room for `max` things, `max_per_peer` of one peer.
    pub(crate) fn new(max: usize, max_per_peer: usize) -> Self {
        Self { waiting: BTreeMap::new(), per_peer: HashMap::new(), next: 1, max, max_per_peer }
    }

    /// Whether one more of this peer fits.
    pub(crate) fn has_room(&self, peer: &Peer) -> bool {
        self.waiting.len() < self.max && self.per_peer.get(peer).is_none_or(|n| *n < self.max_per_peer)
    }

    /// Adds one and gives its number; the caller asked [`Pending::has_room`].
    pub(crate) fn insert(&mut self, peer: Peer, now: Instant, thing: T) -> u64 {
        let number = self.next;
        self.next += 1;
        *self.per_peer.entry(peer).or_default() += 1;
        self.waiting.insert(number, (peer, now, thing));
        number
    }

    /// Takes one out.
    pub(crate) fn remove(&mut self, number: u64) -> Option<(Peer, T)> {
        let (peer, _, thing) = self.waiting.remove(&number)?;
        if let Some(n) = self.per_peer.get_mut(&peer) {
            *n -= 1;
            if *n == 0 {
                self.per_peer.remove(&peer);
            }
        }
        Some((peer, thing))
    }

    /// Drops what has waited longer.
    pub(crate) fn expire(&mut self, now: Instant, age: Duration) {
        while let Some((number, (_, since, _))) = self.waiting.first_key_value()
            && now.saturating_duration_since(*since) >= age
        {
            let number = *number;
            self.remove(number);
        }
    }

    /// Drops what a peer left behind.
    pub(crate) fn forget(&mut self, peer: &Peer) {
        if self.per_peer.contains_key(peer) {
            let theirs: Vec<_> = self.waiting.iter().filter(|(_, (p, _, _))| p == peer).map(|(n, _)| *n).collect();
            for number in theirs {
                self.remove(number);
            }
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_in_all_and_per_peer_and_forgets_in_time() {
        let (a, b) = (Peer::from_bytes([1; 32]), Peer::from_bytes([2; 32]));
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let mut pending = Pending::new(3, 2);
        let first = pending.insert(a, start, 'x');
        pending.insert(a, start + second, 'y');
        assert!(!pending.has_room(&a) && pending.has_room(&b));
        pending.insert(b, start + second, 'z');
        assert!(!pending.has_room(&b), "full in all");
        assert_eq!(pending.remove(first), Some((a, 'x')));
        assert_eq!(pending.remove(first), None);
        assert!(pending.has_room(&a));
        pending.expire(start + second * 2, second * 2);
        assert_eq!(pending.len(), 2, "none is old enough");
        pending.forget(&b);
        assert_eq!(pending.len(), 1);
        pending.expire(start + second * 3, second * 2);
        assert_eq!((pending.len(), pending.per_peer.len()), (0, 0));
    }
}
