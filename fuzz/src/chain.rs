//! Edits of a valid chain: none but cutting it short may go unnoticed.

use std::sync::{Arc, OnceLock};

use arbitrary::{Arbitrary, Unstructured};
use congvan_core::chain::{KeyGrant, KeyRotation};
use congvan_core::entry::SIGNED_LEN;
use congvan_core::*;

#[derive(Arbitrary, Debug)]
enum Edit {
    Flip { entry: u8, at: u16, bit: u8 },
    Drop(u8),
    Swap(u8, u8),
    Duplicate(u8, u8),
    Truncate { entry: u8, len: u16 },
    Erase(u8),
    Cut(u8),
    Splice { entry: u8, bytes: Vec<u8> },
}

struct Valid {
    network: NetworkId,
    chain: ChainId,
    policy: ChainPolicy,
    entries: Vec<Vec<u8>>,
}

/// Ten entries, with a rotation at 3 and new keys by the registrar from 7 on.
fn valid() -> Option<&'static Valid> {
    static VALID: OnceLock<Option<Valid>> = OnceLock::new();
    VALID
        .get_or_init(|| {
            let network = NetworkId::from_bytes([0xaa; 32]);
            let chain = ChainId::of_agency(network, &AgencyCode::new("000.00.00.H55").ok()?);
            let keys = [1, 2, 3].map(|seed| AgencySecret::generate(&mut rng::from_seed(seed)));
            let grant = |from, at: usize| Some(KeyGrant { from: Seq::new(from)?, keys: Arc::new(keys[at].public()) });
            let policy = ChainPolicy { grants: vec![grant(1, 0)?, grant(7, 2)?], ..ChainPolicy::default() };
            let mut state = ChainState::new(chain);
            let mut entries = Vec::new();
            for number in 1..=10u64 {
                let (kind, payload) = match number {
                    3 => (Kind::ROTATION, KeyRotation::to(&keys[1], network, chain).to_bytes()),
                    _ => (Kind::NOTE, vec![number as u8; number as usize % 4]),
                };
                let key = &keys[(number > 3) as usize + (number > 6) as usize];
                let draft = Draft { kind, time: Time::from_millis(number), payload };
                entries.push(state.append(network, &policy, draft, key).ok()?.bytes().to_vec());
            }
            Some(Valid { network, chain, policy, entries })
        })
        .as_ref()
}

impl Edit {
    fn apply(self, entries: &mut Vec<Vec<u8>>) {
        let count = entries.len();
        if count == 0 {
            return;
        }
        let pick = |entry: u8| usize::from(entry) % count;
        match self {
            Edit::Flip { entry, at, bit } => {
                let entry = &mut entries[pick(entry)];
                if !entry.is_empty() {
                    let at = usize::from(at) % entry.len();
                    entry[at] ^= 1 << (bit % 8);
                }
            }
            Edit::Drop(entry) => drop(entries.remove(pick(entry))),
            Edit::Swap(one, other) => entries.swap(pick(one), pick(other)),
            Edit::Duplicate(from, to) => entries.insert(pick(to), entries[pick(from)].clone()),
            Edit::Truncate { entry, len } => entries[pick(entry)].truncate(usize::from(len)),
            Edit::Erase(entry) => entries[pick(entry)].truncate(SIGNED_LEN),
            Edit::Cut(entry) => entries.truncate(pick(entry)),
            Edit::Splice { entry, bytes } => entries[pick(entry)].extend(bytes),
        }
    }
}

/// Edits a valid chain; what still verifies is a beginning of it, payloads perhaps dropped.
pub fn chain_extend(bytes: &[u8]) {
    let Some(valid) = valid() else { unreachable!("the chain's own entries are valid") };
    let mut input = Unstructured::new(bytes);
    let mut entries = valid.entries.clone();
    for _ in 0..16 {
        match Edit::arbitrary(&mut input) {
            Ok(edit) if !input.is_empty() => edit.apply(&mut entries),
            _ => break,
        }
    }
    let parsed: Result<Vec<_>, _> = entries.iter().map(|bytes| UnverifiedEntry::parse(bytes)).collect();
    let Ok(parsed) = parsed else { return };
    let mut state = ChainState::new(valid.chain);
    match state.extend(valid.network, &valid.policy, parsed) {
        Err(_) => assert_eq!(state, ChainState::new(valid.chain), "a refused range left a trace"),
        Ok(linked) => {
            let verified: Result<Vec<_>, _> = linked.into_iter().map(LinkedEntry::verify).collect();
            let Ok(verified) = verified else { return };
            for (entry, original) in verified.iter().zip(&valid.entries) {
                assert_eq!(entry.signed_bytes(), &original[..SIGNED_LEN], "an edit went unnoticed");
                assert!(entry.payload().is_none_or(|payload| payload == &original[SIGNED_LEN..]));
            }
            assert!(verified.len() <= valid.entries.len());
        }
    }
}
