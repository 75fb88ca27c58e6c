//! No edit, drop, swap, duplication or splice of a valid chain stays valid unnoticed.
//!
//! What truncation looks like: a chain cut at its end is a valid, shorter chain, whose head is
//! another. Nothing in the entries can show it; a later head, or another's copy, does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Written, entries_of, secret, unverified, world};
use congvan_core::chain::{ChainError, Fault, KeyGrant, KeyRotation};
use congvan_core::entry::{HEADER_LEN, SIGNED_LEN};
use congvan_core::limits::MAX_ROTATIONS;
use congvan_core::*;
use proptest::prelude::*;
use std::sync::Arc;

/// A whole verification: links and spans, then every entry's own signature.
fn audit(written: &Written, entries: Vec<Vec<u8>>) -> Result<Option<Point>, String> {
    let parsed: Result<Vec<_>, _> = entries.iter().map(|bytes| UnverifiedEntry::parse(bytes)).collect();
    let parsed = parsed.map_err(|e| e.to_string())?;
    let mut state = ChainState::new(written.chain);
    let linked = state.extend(written.network, &written.policy, parsed).map_err(|e| e.to_string())?;
    for entry in linked {
        entry.verify().map_err(|e| e.to_string())?;
    }
    Ok(state.head())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_chain_is_valid_in_any_batches(seed: u64, len in 1usize..24, cuts in prop::collection::vec(0usize..24, 0..4)) {
        let written = Written::new(seed, len);
        prop_assert_eq!(audit(&written, written.bytes()).unwrap(), written.state.head());
        let mut state = ChainState::new(written.chain);
        let mut rest = written.bytes();
        for cut in cuts {
            let after = rest.split_off(cut.min(rest.len()));
            state.extend(written.network, &written.policy, entries_of(&rest)).unwrap();
            rest = after;
        }
        state.extend(written.network, &written.policy, entries_of(&rest)).unwrap();
        prop_assert_eq!(&state, &written.state);
        prop_assert_eq!(ChainState::from_record(state.to_record()), state);
    }

    #[test]
    fn no_edit_of_one_bit_stays_valid(seed: u64, len in 1usize..16, at: prop::sample::Index, byte: prop::sample::Index, bit in 0u8..8) {
        let written = Written::new(seed, len);
        let mut entries = written.bytes();
        let entry = at.get_mut(&mut entries);
        let byte = byte.index(entry.len());
        entry[byte] ^= 1 << bit;
        prop_assert!(audit(&written, entries).is_err());
    }

    #[test]
    fn no_drop_swap_or_duplicate_stays_valid(seed: u64, len in 2usize..16, one: prop::sample::Index, other: prop::sample::Index) {
        let written = Written::new(seed, len);
        let (one, other) = (one.index(len), other.index(len));

        let mut dropped = written.bytes();
        dropped.remove(one);
        match audit(&written, dropped) {
            // Only the last can go unnoticed, and the head tells.
            Ok(head) => {
                prop_assert_eq!(one, len - 1);
                prop_assert_ne!(head, written.state.head());
            }
            Err(_) => prop_assert_ne!(one, len - 1),
        }

        let mut doubled = written.bytes();
        doubled.insert(other, doubled[one].clone());
        prop_assert!(audit(&written, doubled).is_err());

        let mut swapped = written.bytes();
        swapped.swap(one, other);
        prop_assert_eq!(audit(&written, swapped).is_ok(), one == other);
    }

    #[test]
    fn no_splice_of_another_history_stays_valid(seed: u64, keep in 1usize..8, len in 2usize..16) {
        // Two histories of one agency that part after `keep` entries: the tail of one does not fit the other.
        let keep = keep.min(len - 1);
        let mut written = Written::new(seed, keep);
        let mut other = written.clone();
        let more = len - keep;
        written.write(more, 1);
        other.write(more, 2);
        let spliced: Vec<_> = written.bytes().into_iter().take(keep + 1).chain(other.bytes().into_iter().skip(keep + 1)).collect();
        prop_assert_eq!(audit(&written, spliced).is_err(), more > 1);
    }

    #[test]
    fn truncation_leaves_a_valid_prefix_with_another_head(seed: u64, len in 1usize..16, keep in 0usize..16) {
        let keep = keep.min(len - 1);
        let written = Written::new(seed, len);
        let mut entries = written.bytes();
        entries.truncate(keep);
        let head = audit(&written, entries).unwrap();
        prop_assert_eq!(head.map_or(0, |head| head.seq.get()), keep as u64);
        prop_assert_ne!(head, written.state.head());
    }

    #[test]
    fn an_entry_of_one_network_is_invalid_in_another(seed: u64, len in 1usize..8) {
        let written = Written::new(seed, len);
        let network = NetworkId::from_bytes([0xbb; 32]);
        let mut state = ChainState::new(written.chain);
        let error = state.extend(network, &written.policy, entries_of(&written.bytes())).unwrap_err();
        prop_assert_eq!(error, ChainError { seq: Seq::FIRST, fault: Fault::Network });
        // And relabelled, its signature does not hold.
        let mut relabelled = written.bytes()[0].clone();
        relabelled[1..33].copy_from_slice(network.as_bytes());
        let entry = UnverifiedEntry::parse(&relabelled).unwrap();
        prop_assert!(entry.check_own_signature().is_err());
    }

    #[test]
    fn dropped_payloads_leave_the_chain_verifiable(seed: u64, len in 1usize..16) {
        let written = Written::new(seed, len);
        let erased = |bytes: Vec<u8>| match UnverifiedEntry::parse(&bytes).unwrap().header().kind.is_control() {
            true => bytes,
            false => bytes[..SIGNED_LEN].to_vec(),
        };
        let head = audit(&written, written.bytes().into_iter().map(erased).collect()).unwrap();
        prop_assert_eq!(head, written.state.head());
    }

    /// A range is all or nothing, wherever in it the fault stands.
    #[test]
    fn a_refused_range_leaves_no_trace(seed: u64, len in 2usize..16, split in 0usize..16, bad: prop::sample::Index) {
        let written = Written::new(seed, len);
        let split = split.min(len - 1);
        let mut state = ChainState::new(written.chain);
        let bytes = written.bytes();
        state.extend(written.network, &written.policy, entries_of(&bytes[..split])).unwrap();
        let before = state.clone();
        let mut range = bytes[split..].to_vec();
        let bad = bad.index(range.len());
        // A bit of the time: well-formed, and wrong by link or signature.
        range[bad][105] ^= 1;
        prop_assert!(state.extend(written.network, &written.policy, entries_of(&range)).is_err());
        prop_assert_eq!(&state, &before);
        state.extend(written.network, &written.policy, entries_of(&bytes[split..])).unwrap();
        prop_assert_eq!(&state, &written.state);
    }

    /// `obeys` and `cut_back` under a newer policy are what extending from nothing under it is.
    #[test]
    fn a_newer_policy_judges_old_and_new_copies_alike(
        seed: u64,
        len in 1usize..20,
        limit in prop::option::of(0u64..22),
        pins in prop::collection::btree_map(1u64..22, any::<bool>(), 0..3),
        keep_grants in prop::collection::vec(any::<bool>(), 8),
        new_grants in prop::collection::btree_map(1u64..22, 0u64..4, 0..3),
    ) {
        let written = Written::new(seed, len);
        let mut policy = (*written.policy).clone();
        policy.limit = limit;
        let id_at = |seq: Seq| written.entries.get(seq.get() as usize - 1).map(|entry| entry.id());
        policy.pins = pins.into_iter().map(|(seq, right)| {
            let seq = Seq::new(seq).unwrap();
            let id = id_at(seq).filter(|_| right).unwrap_or(EntryId::from_bytes([9; 32]));
            Point { seq, id }
        }).collect();
        let mut keep = keep_grants.into_iter();
        policy.grants.retain(|grant| grant.from == Seq::FIRST || keep.next().unwrap_or(true));
        for (from, key) in new_grants {
            let from = Seq::new(from).unwrap();
            policy.grants.retain(|grant| grant.from != from);
            policy.grants.push(KeyGrant { from, keys: Arc::new(secret(key).public()) });
        }
        policy.grants.sort_by_key(|grant| grant.from);

        let standing = written.state.obeys(&policy, id_at).unwrap_or(len as u64);
        let mut fresh = ChainState::new(written.chain);
        let taken = written.bytes().iter().take_while(|bytes| {
            fresh.extend(written.network, &policy, entries_of(std::slice::from_ref(bytes))).is_ok()
        }).count();
        prop_assert_eq!(standing, taken as u64);

        // What is cut back goes on as the fresh copy does.
        let head = taken.checked_sub(1).map(|at| written.entries[at].point());
        let cut = written.state.cut_back(head);
        prop_assert_eq!(cut.head(), fresh.head());
        prop_assert_eq!(cut.next_keys(&policy), fresh.next_keys(&policy));
    }
}

#[test]
fn a_rotation_in_the_middle_of_a_range_is_checked_by_its_own_signature() {
    let (network, chain, policy) = world();
    let mut state = ChainState::new(chain);
    let note = |text: &str| Draft { kind: Kind::NOTE, time: Time::from_millis(1), payload: text.into() };
    let first = state.append(network, &policy, note("1"), &secret(0)).unwrap();
    // A thief without the old key: the rotation's signature is made up, all behind it is well signed.
    let rotation = KeyRotation::to(&secret(9), network, chain).to_bytes();
    let header = Header {
        kind: Kind::ROTATION,
        seq: Seq::new(2).unwrap(),
        prev: first.id(),
        payload_digest: Header::digest(&rotation),
        payload_len: rotation.len() as u32,
        ..first.header().clone()
    };
    let forged = [&header.to_bytes()[..], &[7; 64], &rotation].concat();
    let forged = UnverifiedEntry::parse(&forged).unwrap();
    let tail = Header {
        seq: Seq::new(3).unwrap(),
        prev: forged.id(),
        signer: secret(9).sign.public().id(),
        payload_digest: Header::digest(b""),
        payload_len: 0,
        ..first.header().clone()
    };
    let signature = secret(9).sign.sign(&[domain::SIGN_ENTRY, &tail.to_bytes()].concat());
    let tail = UnverifiedEntry::parse(&[&tail.to_bytes()[..], &signature.0].concat()).unwrap();
    let mut fresh = ChainState::new(chain);
    let error = fresh.extend(network, &policy, vec![unverified(&first), forged, tail]).unwrap_err();
    assert_eq!(error, ChainError { seq: Seq::new(2).unwrap(), fault: Fault::Signature });
    assert_eq!(fresh, ChainState::new(chain));
}

#[test]
fn the_last_entry_before_a_grant_is_checked_by_its_own_signature() {
    let (network, chain, policy) = world();
    let mut policy = (*policy).clone();
    policy.grants.push(KeyGrant { from: Seq::new(3).unwrap(), keys: Arc::new(secret(1).public()) });
    let mut state = ChainState::new(chain);
    let note = |text: &str| Draft { kind: Kind::NOTE, time: Time::from_millis(1), payload: text.into() };
    let first = state.append(network, &policy, note("1"), &secret(0)).unwrap();
    let before = state.clone();
    let second = state.append(network, &policy, note("2"), &secret(0)).unwrap();
    let mut forged = second.bytes().to_vec();
    forged[HEADER_LEN] ^= 1;
    let forged = UnverifiedEntry::parse(&forged).unwrap();
    // The new key's holder links to a forged last entry of the old key's span.
    let header = Header {
        seq: Seq::new(3).unwrap(),
        prev: forged.id(),
        signer: secret(1).sign.public().id(),
        ..second.header().clone()
    };
    let signature = secret(1).sign.sign(&[domain::SIGN_ENTRY, &header.to_bytes()].concat());
    let third = UnverifiedEntry::parse(&[&header.to_bytes()[..], &signature.0, b"2"].concat()).unwrap();
    let mut fresh = before.clone();
    let error = fresh.extend(network, &policy, vec![forged, third]).unwrap_err();
    assert_eq!(error, ChainError { seq: Seq::new(2).unwrap(), fault: Fault::Signature });
    assert_eq!(fresh, before);
    assert_eq!(before.head(), Some(first.point()));
}

#[test]
fn a_bad_signature_inside_a_span_is_linked_but_never_verified() {
    let written = Written::new(1, 0);
    let (network, chain, policy) = (written.network, written.chain, written.policy);
    let key = secret(0);
    // The author itself signs wrongly, then links to it (DESIGN §3.5).
    let header = Header {
        version: 1,
        network,
        chain,
        seq: Seq::FIRST,
        prev: Header::NO_PREVIOUS,
        time: Time::from_millis(0),
        kind: Kind::NOTE,
        signer: key.sign.public().id(),
        payload_digest: Header::digest(b""),
        payload_len: 0,
    };
    let bad = UnverifiedEntry::parse(&[&header.to_bytes()[..], &[1; 64]].concat()).unwrap();
    let next = Header { seq: Seq::new(2).unwrap(), prev: bad.id(), ..header };
    let signature = key.sign.sign(&[domain::SIGN_ENTRY, &next.to_bytes()].concat());
    let next = UnverifiedEntry::parse(&[&next.to_bytes()[..], &signature.0].concat()).unwrap();
    let linked = ChainState::new(chain).extend(network, &policy, vec![bad, next]).unwrap();
    assert_eq!(linked[0].check(), Err(ChainError { seq: Seq::FIRST, fault: Fault::Signature }));
    linked[1].check().unwrap();
}

#[test]
fn a_registrar_may_take_a_grant_back_for_keys_that_the_chain_had() {
    // 1..=9 under key 0, from 10 a grant of key 1; then the registrar gives key 0 again from 6 on.
    let (network, chain, policy) = world();
    let grant = |from, key| KeyGrant { from: Seq::new(from).unwrap(), keys: Arc::new(secret(key).public()) };
    let old = ChainPolicy { grants: vec![policy.grants[0].clone(), grant(10, 1)], ..ChainPolicy::default() };
    let new = ChainPolicy { grants: vec![policy.grants[0].clone(), grant(6, 0)], ..ChainPolicy::default() };
    let mut state = ChainState::new(chain);
    for number in 1..=12u64 {
        let key = if number < 10 { secret(0) } else { secret(1) };
        let draft = Draft { kind: Kind::NOTE, time: Time::from_millis(number), payload: vec![] };
        state.append(network, &old, draft, &key).unwrap();
    }
    assert_eq!(state.obeys(&old, |_| None), None);
    assert_eq!(state.obeys(&new, |_| None), Some(9));
}

#[test]
fn rotations_are_bounded() {
    let (network, chain, policy) = world();
    let mut state = ChainState::new(chain);
    let rotation = |to: u64| {
        let payload = KeyRotation::to(&secret(to), network, chain).to_bytes();
        Draft { kind: Kind::ROTATION, time: Time::from_millis(0), payload }
    };
    for number in 0..MAX_ROTATIONS as u64 {
        state.append(network, &policy, rotation((number + 1) % 2), &secret(number % 2)).unwrap();
    }
    let record = state.to_record().to_bytes();
    assert_eq!(ChainState::from_record(Wire::from_bytes(&record).unwrap()), state);
    let before = state.clone();
    let error = state.append(network, &policy, rotation(1), &secret(0)).unwrap_err();
    assert_eq!(error.fault, Fault::TooManyRotations);
    assert_eq!(state, before);
}
