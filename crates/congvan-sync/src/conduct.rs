//! How a peer has behaved: its rates and its strikes. Remembered after it leaves, so that coming
//! back wipes no slate.

use std::collections::BTreeMap;

use crate::config::{Config, FORGIVE_MS, MAX_CONDUCTS, STRIKES};
use crate::{Instant, Peer};

/// A token bucket in thousandths, exact in integers.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    per_second: u64,
    burst: u64,
    milli: u64,
    filled: Instant,
}

impl Bucket {
    fn full(per_second: u32, burst: u32, now: Instant) -> Self {
        Self { per_second: per_second.into(), burst: burst.into(), milli: u64::from(burst) * 1000, filled: now }
    }

    fn take(&mut self, now: Instant) -> bool {
        let gained = now.since(self.filled).saturating_mul(self.per_second);
        self.milli = self.milli.saturating_add(gained).min(self.burst * 1000);
        self.filled = self.filled.max(now);
        let may = self.milli >= 1000;
        if may {
            self.milli -= 1000;
        }
        may
    }
}

#[derive(Clone, Copy, Debug)]
struct Conduct {
    requests: Bucket,
    gossip: Bucket,
    strikes: u32,
    forgiven: Instant,
    banned_until: Option<Instant>,
    seen: Instant,
}

/// All peers' conduct, of at most [`MAX_CONDUCTS`] peers.
#[derive(Debug, Default)]
pub(crate) struct Conducts(BTreeMap<Peer, Conduct>);

impl Conducts {
    fn of(&mut self, config: &Config, peer: Peer, now: Instant) -> &mut Conduct {
        if !self.0.contains_key(&peer) && self.0.len() >= MAX_CONDUCTS {
            // Whoever was silent longest goes; a ban outlives good conduct.
            let oldest = self.0.iter().min_by_key(|(_, c)| (c.banned_until.is_some(), c.seen)).map(|(peer, _)| *peer);
            oldest.map(|peer| self.0.remove(&peer));
        }
        let conduct = self.0.entry(peer).or_insert_with(|| Conduct {
            requests: Bucket::full(config.serve_per_second, config.serve_burst, now),
            gossip: Bucket::full(config.gossip_per_second, config.gossip_burst, now),
            strikes: 0,
            forgiven: now,
            banned_until: None,
            seen: now,
        });
        conduct.seen = now;
        conduct
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether one more request may be served.
    pub(crate) fn may_ask(&mut self, config: &Config, peer: Peer, now: Instant) -> bool {
        self.of(config, peer, now).requests.take(now)
    }

    /// Whether one more announcement may be validated.
    pub(crate) fn may_announce(&mut self, config: &Config, peer: Peer, now: Instant) -> bool {
        self.of(config, peer, now).gossip.take(now)
    }

    /// Counts strikes; whether they are too many now.
    pub(crate) fn strike(&mut self, config: &Config, peer: Peer, now: Instant, strikes: u32) -> bool {
        let conduct = self.of(config, peer, now);
        let forgiven = now.since(conduct.forgiven) / FORGIVE_MS;
        conduct.forgiven = conduct.forgiven.after(forgiven * FORGIVE_MS);
        conduct.strikes = conduct.strikes.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX));
        conduct.strikes = conduct.strikes.saturating_add(strikes);
        conduct.strikes >= STRIKES
    }

    /// Refuses a peer until an instant.
    pub(crate) fn ban(&mut self, config: &Config, peer: Peer, now: Instant, until: Instant) {
        let conduct = self.of(config, peer, now);
        conduct.banned_until = Some(until);
        conduct.strikes = 0;
    }

    /// Whether a peer is refused now.
    pub(crate) fn is_banned(&self, peer: Peer, now: Instant) -> bool {
        self.0.get(&peer).and_then(|c| c.banned_until).is_some_and(|until| now < until)
    }
}
