//! How many requests somebody may make: so many a second, and a burst of a few seconds' worth at once.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Those who are remembered; beyond it, whoever made no request lately is forgotten.
const MAX_KNOWN: usize = 10_000;
/// Seconds' worth of requests that may come at once.
const BURST: u32 = 4;

/// So many requests a second for each.
pub(crate) struct Rate<K: Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    clock: DefaultClock,
}

impl<K: Hash + Eq + Clone> std::fmt::Debug for Rate<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rate")
    }
}

impl<K: Hash + Eq + Clone> Rate<K> {
    pub(crate) fn per_second(requests: NonZeroU32) -> Self {
        let burst = requests.saturating_mul(NonZeroU32::MIN.saturating_add(BURST - 1));
        Self {
            limiter: RateLimiter::keyed(Quota::per_second(requests).allow_burst(burst)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request, or says how long to wait with the next one.
    pub(crate) fn admit(&self, who: &K) -> Result<(), Duration> {
        if self.limiter.len() > MAX_KNOWN {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(who).map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

/// Whose requests are counted together: one address, or of IPv6 a whole site's, which has as many as it likes.
pub(crate) fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !((1 << 64) - 1)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_burst_is_let_in_then_each_waits_alone() {
        let rate = Rate::per_second(NonZeroU32::MIN);
        for _ in 0..BURST {
            assert!(rate.admit(&"a").is_ok());
        }
        let wait = rate.admit(&"a").unwrap_err();
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1), "{wait:?}");
        assert!(rate.admit(&"b").is_ok());
    }

    #[test]
    fn a_site_of_ipv6_counts_as_one() {
        let of = |text: &str| site(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
