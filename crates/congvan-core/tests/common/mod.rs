//! Chains made from seeds, for the laws.
#![allow(dead_code)]

use std::sync::{Arc, OnceLock};

use congvan_core::chain::{KeyGrant, KeyRotation};
use congvan_core::*;

/// Keys number `n`, made once.
pub(crate) fn secret(n: u64) -> AgencySecret {
    static KEYS: OnceLock<Vec<AgencySecret>> = OnceLock::new();
    let make = |n| AgencySecret::generate(&mut rng::from_seed(1_000 + n));
    KEYS.get_or_init(|| (0..16).map(make).collect()).get(n as usize).cloned().unwrap_or_else(|| make(n))
}

/// A network, an agency's chain, and its policy: key 0 from the first number on.
pub(crate) fn world() -> (NetworkId, ChainId, Arc<ChainPolicy>) {
    let network = NetworkId::from_bytes([0xaa; 32]);
    let chain = ChainId::of_agency(network, &AgencyCode::new("000.00.00.H55").unwrap());
    let grant = KeyGrant { from: Seq::FIRST, keys: Arc::new(secret(0).public()) };
    (network, chain, Arc::new(ChainPolicy { grants: vec![grant], ..ChainPolicy::default() }))
}

pub(crate) fn unverified(entry: &VerifiedEntry) -> UnverifiedEntry {
    UnverifiedEntry::parse(entry.bytes()).unwrap()
}

pub(crate) fn entries_of(bytes: &[Vec<u8>]) -> Vec<UnverifiedEntry> {
    bytes.iter().map(|bytes| UnverifiedEntry::parse(bytes).unwrap()).collect()
}

/// A chain of notes, rotations and registrar's grants, as a seed has it.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) network: NetworkId,
    pub(crate) chain: ChainId,
    pub(crate) policy: Arc<ChainPolicy>,
    pub(crate) state: ChainState,
    pub(crate) entries: Vec<VerifiedEntry>,
    seed: u64,
}

impl Written {
    pub(crate) fn new(seed: u64, len: usize) -> Self {
        let (network, chain, policy) = world();
        let mut policy = (*policy).clone();
        // Up to three grants, at numbers and of keys that the seed picks; some keys come again.
        let mut picks = seed;
        for _ in 0..seed % 4 {
            picks = picks.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let from = Seq::new(2 + (picks >> 33) % 14).unwrap();
            let keys = Arc::new(secret((picks >> 50) % 4).public());
            policy.grants.retain(|grant| grant.from != from);
            policy.grants.push(KeyGrant { from, keys });
        }
        policy.grants.sort_by_key(|grant| grant.from);
        let state = ChainState::new(chain);
        let mut written = Self { network, chain, policy: Arc::new(policy), state, entries: Vec::new(), seed };
        written.write(len, 0);
        written
    }

    /// Writes on; `salt` makes another history.
    pub(crate) fn write(&mut self, more: usize, salt: u64) {
        for _ in 0..more {
            let number = self.entries.len() as u64 + 1;
            let keys = self.state.next_keys(&self.policy).unwrap();
            let signer = (0..4).map(secret).find(|secret| secret.public() == *keys).unwrap();
            let dice = self.seed.rotate_left(number as u32 * 7) % 5;
            let (kind, payload) = match dice {
                0 => (
                    Kind::ROTATION,
                    KeyRotation::to(&secret((self.seed >> number) % 4), self.network, self.chain).to_bytes(),
                ),
                1 => (Kind::NOTE, vec![]),
                2 => (Kind(99), vec![salt as u8; number as usize]),
                _ => (Kind::NOTE, number.to_le_bytes().to_vec()),
            };
            let draft = Draft { kind, time: Time::from_millis(number + salt), payload };
            self.entries.push(self.state.append(self.network, &self.policy, draft, &signer).unwrap());
        }
    }

    pub(crate) fn bytes(&self) -> Vec<Vec<u8>> {
        self.entries.iter().map(|entry| entry.bytes().to_vec()).collect()
    }
}
