//! Trees, proofs and checkpoints: what must hold of each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use congvan_core::merkle::{self, Leaves, MakeProofError, ProofError, Subtrees, TreeHash, leaf_hash, node_hash};
use congvan_core::{
    AgencyCode, Bounded, ChainId, Checkpoint, CheckpointPayload, Cosignature, EntryId, NetworkId, SecretKey, Seq, Wire,
    WitnessPayload, note,
};
use proptest::prelude::*;

/// RFC 6962 §2.1, as it is written there.
fn naive(leaves: &[TreeHash]) -> TreeHash {
    match leaves {
        [] => merkle::empty_root(),
        [leaf] => *leaf,
        leaves => {
            let mut k = 1;
            while k * 2 < leaves.len() {
                k *= 2;
            }
            node_hash(naive(&leaves[..k]), naive(&leaves[k..]))
        }
    }
}

fn ids(n: usize) -> Vec<EntryId> {
    (0..n).map(|n| EntryId::from_bytes(*distinct(n).as_bytes())).collect()
}

/// Distinct bytes for distinct numbers.
fn distinct(n: usize) -> TreeHash {
    leaf_hash(&EntryId::from_bytes([(n % 251) as u8; 32].map(|byte| byte ^ (n / 251) as u8)))
}

fn leaves(ids: &[EntryId]) -> Vec<TreeHash> {
    ids.iter().map(leaf_hash).collect()
}

/// SHA-256 of nothing, and of 33 zero bytes, as `sha256sum` prints them.
#[test]
fn the_hashes_are_those_of_the_standard() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(merkle::empty_root().to_string(), empty);
    assert_eq!(merkle::root(&Leaves(&[]), 0).unwrap(), merkle::empty_root());
    let leaf = "7f9c9e31ac8256ca2f258583df262dbc7d6f68f2a03043d5c99a4ae5a7396ce9";
    assert_eq!(leaf_hash(&EntryId::from_bytes([0; 32])).to_string(), leaf);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_root_is_the_naive_trees(n in 0usize..300) {
        let ids = ids(n);
        prop_assert_eq!(merkle::root(&Leaves(&ids), n as u64).unwrap(), naive(&leaves(&ids)));
        prop_assert_eq!(merkle::root_of(leaves(&ids)), naive(&leaves(&ids)));
    }

    #[test]
    fn every_leaf_is_proven_and_no_other(n in 1usize..200, at in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
        let ids = ids(n);
        let (tree, index, size) = (Leaves(&ids), at.index(n), n as u64);
        let root = merkle::root(&tree, size).unwrap();
        let proof = merkle::inclusion_proof(&tree, index as u64, size).unwrap();
        prop_assert!(proof.len() <= size.next_power_of_two().ilog2() as usize);
        let check = |proof: &[TreeHash], index: usize, leaf: usize, root| {
            merkle::check_inclusion(proof, index as u64, size, leaf_hash(&ids[leaf]), root)
        };
        prop_assert_eq!(check(&proof, index, index, root), Ok(()));
        let other = other.index(n);
        if other != index {
            prop_assert!(check(&proof, index, other, root).is_err());
            prop_assert!(check(&proof, other, index, root).is_err());
        }
        prop_assert!(check(&proof, index, index, merkle::empty_root()).is_err());
        // No edit, drop, doubling or swap of its hashes proves anything.
        for place in 0..proof.len() {
            let mut edited = proof.to_vec();
            edited[place] = node_hash(edited[place], edited[place]);
            prop_assert!(check(&edited, index, index, root).is_err());
            let mut dropped = proof.to_vec();
            dropped.remove(place);
            prop_assert!(check(&dropped, index, index, root).is_err());
            let mut doubled = proof.to_vec();
            doubled.insert(place, proof[place]);
            prop_assert!(check(&doubled, index, index, root).is_err());
        }
    }

    #[test]
    fn every_tree_continues_all_before_it_and_nothing_else(n in 1usize..200, before in any::<prop::sample::Index>()) {
        let all = ids(n);
        let m = before.index(n + 1);
        let tree = Leaves(&all);
        let (old, new) = (naive(&leaves(&all[..m])), naive(&leaves(&all)));
        let proof = merkle::consistency_proof(&tree, m as u64, n as u64).unwrap();
        let check = |proof: &[TreeHash], old, new| merkle::check_consistency(proof, (m as u64, old), (n as u64, new));
        prop_assert_eq!(check(&proof, old, new), Ok(()));
        let another = node_hash(old, new);
        prop_assert!(check(&proof, another, new).is_err());
        // That any tree continues the empty one needs no proof, and proves nothing about the new root.
        if m > 0 {
            prop_assert!(check(&proof, old, another).is_err());
        }
        for place in 0..proof.len() {
            let mut edited = proof.to_vec();
            edited[place] = node_hash(edited[place], edited[place]);
            prop_assert!(check(&edited, old, new).is_err());
            let mut dropped = proof.to_vec();
            dropped.remove(place);
            prop_assert!(check(&dropped, old, new).is_err());
        }
        let mut longer = proof.to_vec();
        longer.push(new);
        prop_assert!(check(&longer, old, new).is_err());
        // A history that differs in one old entry has no proof.
        if m > 0 && m < n {
            let mut forked = all.clone();
            forked[m - 1] = EntryId::from_bytes([0xff; 32]);
            let forked_new = naive(&leaves(&forked));
            let proof = merkle::consistency_proof(&Leaves(&forked), m as u64, n as u64).unwrap();
            prop_assert!(check(&proof, old, forked_new).is_err());
        }
    }

    #[test]
    fn no_proof_makes_a_checker_panic(hashes in prop::collection::vec(any::<[u8; 32]>(), 0..80), a in any::<u64>(), b in any::<u64>()) {
        let proof: Vec<_> = hashes.into_iter().map(TreeHash::from_bytes).collect();
        let hash = merkle::empty_root();
        let _ = merkle::check_inclusion(&proof, a, b, hash, hash);
        let _ = merkle::check_consistency(&proof, (a, hash), (b, hash));
    }

    #[test]
    fn what_is_signed_verifies_under_its_key_name_and_network_alone(seed in any::<[u8; 32]>(), size in 1u64.., root in any::<[u8; 32]>(), seconds in any::<u64>()) {
        let key = SecretKey::from_seed(&seed);
        let network = NetworkId::from_bytes([1; 32]);
        let code = AgencyCode::new("000.00.00.H55").unwrap();
        let checkpoint = Checkpoint { size: Seq::new(size).unwrap(), root: TreeHash::from_bytes(root) };
        let signed = CheckpointPayload::sign(checkpoint, network, &code, &key);
        prop_assert_eq!(CheckpointPayload::from_bytes(&signed.to_bytes()).unwrap(), signed);
        prop_assert!(signed.verify(network, &code, &key.public()).is_ok());
        let other = SecretKey::from_seed(&root);
        prop_assert!(signed.verify(network, &code, &other.public()).is_err() || seed == root);
        prop_assert!(signed.verify(NetworkId::from_bytes([2; 32]), &code, &key.public()).is_err());
        prop_assert!(signed.verify(network, &AgencyCode::new("H55").unwrap(), &key.public()).is_err());

        let seen = Cosignature::sign(network, &code, Seq::FIRST, signed, seconds, &other);
        prop_assert_eq!(seen.chain, ChainId::of_agency(network, &code));
        prop_assert!(seen.verify(network, &code, &other.public()).is_ok());
        let later = Cosignature { seconds: seconds.wrapping_add(1), ..seen };
        prop_assert!(later.verify(network, &code, &other.public()).is_err());
        // A witness' word is no agency's, though one key may say both.
        let mixed = CheckpointPayload { checkpoint, signature: seen.signature };
        prop_assert!(mixed.verify(network, &code, &other.public()).is_err());
        let payload = WitnessPayload { seen: Bounded::new(vec![seen]).unwrap() };
        prop_assert_eq!(WitnessPayload::from_bytes(&payload.to_bytes()).unwrap(), payload);
    }
}

#[test]
fn what_cannot_be_proven_says_why() {
    let ids = ids(4);
    let none = merkle::inclusion_proof(&Leaves(&ids), 4, 4).unwrap_err();
    assert_eq!(none, MakeProofError::Nothing(ProofError::NoLeaf { index: 4, size: 4 }));
    let shrinks = merkle::consistency_proof(&Leaves(&ids), 4, 3).unwrap_err();
    assert_eq!(shrinks, MakeProofError::Nothing(ProofError::Shrinks { before: 4, after: 3 }));
}

/// A tree that counts what is asked of it.
struct Counted(std::cell::Cell<u32>);

impl Subtrees for Counted {
    type Error = std::convert::Infallible;
    fn subtree(&self, level: u8, index: u64) -> Result<TreeHash, Self::Error> {
        assert!((index + 1) << level <= 10_000_000);
        self.0.set(self.0.get() + 1);
        Ok(TreeHash::from_bytes([level; 32]))
    }
}

#[test]
fn proofs_over_ten_million_entries_ask_for_a_few_dozen_hashes() {
    let size = 10_000_000;
    for index in [0, 1, 9_999_999, 5_000_000, 8_388_608] {
        let tree = Counted(0.into());
        assert!(merkle::inclusion_proof(&tree, index, size).unwrap().len() <= 24);
        assert!(merkle::consistency_proof(&tree, index.max(1), size).unwrap().len() <= 25);
        assert!(tree.0.get() <= 4 * 24, "{}", tree.0.get());
    }
}

/// As C2SP writes keys, checkpoints and what a cosignature is over.
#[test]
fn notes_are_written_as_the_specifications_say() {
    let key = SecretKey::from_seed(&[7; 32]).public().id();
    let vkey = note::log_key("example.com/foo", &key);
    let [name, hash, encoded]: [&str; 3] = vkey.splitn(3, '+').collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((name, hash.len(), encoded.len()), ("example.com/foo", 8, 44));
    assert!(encoded.starts_with('A'), "algorithm 1, then the key");
    let text = note::checkpoint_text("example.com/log", 20, merkle::empty_root());
    assert_eq!(text, "example.com/log\n20\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n");
    assert_eq!(note::cosigned_text(1679315147, &text), format!("cosignature/v1\ntime 1679315147\n{text}"));
}
