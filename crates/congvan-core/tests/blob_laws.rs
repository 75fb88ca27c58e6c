//! Every chunk of a blob proves itself, anything else does not; sealed chunks open in their place only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use congvan_core::blob::*;
use congvan_core::limits::MAX_ATTACHMENT;
use congvan_core::seal::ContentKey;
use congvan_core::*;
use proptest::prelude::*;

fn outline(bytes: &[u8]) -> Outline {
    let mut outliner = Outliner::default();
    bytes.chunks(CHUNK).for_each(|chunk| outliner.push(chunk).unwrap());
    outliner.finish()
}

fn content(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// Sizes around the borders of chunks, of BLAKE3's own chunks and of powers of two.
fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![
        0usize..3000,
        (0usize..12, 0usize..5).prop_map(|(chunks, more)| (chunks * CHUNK + more).saturating_sub(2)),
        (0usize..9, 0usize..70).prop_map(|(chunks, blocks)| chunks * CHUNK + blocks * 1024),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_chunk_proves_itself(seed: u64, len in sizes()) {
        let bytes = content(seed, len);
        let outline = outline(&bytes);
        let blob = outline.blob();
        prop_assert_eq!(*blob.id.as_bytes(), *blake3::hash(&bytes).as_bytes());
        prop_assert_eq!(blob.len, len as u64);
        for index in 0..blob.chunks() {
            let chunk = &bytes[index as usize * CHUNK..][..blob.chunk_len(index).unwrap()];
            let proof = outline.proof(index).unwrap();
            prop_assert!(proof.len() <= MAX_PROOF);
            prop_assert_eq!(verify_chunk(&blob, index, chunk, &proof), Ok(()));
        }
        prop_assert_eq!(outline.proof(blob.chunks()), None);
        let stored = Outline::from_parts(blob.len, outline.hashes().to_vec());
        prop_assert_eq!(stored.map(|outline| outline.blob()), Some(blob));
    }

    #[test]
    fn anything_altered_is_refused(
        seed: u64, len in sizes(), index: prop::sample::Index, at: prop::sample::Index, bit in 0u8..8,
        sibling: prop::sample::Index, other: prop::sample::Index,
    ) {
        let bytes = content(seed, len);
        let outline = outline(&bytes);
        let blob = outline.blob();
        let index = index.index(blob.chunks() as usize) as u32;
        let chunk = &bytes[index as usize * CHUNK..][..blob.chunk_len(index).unwrap()];
        let proof = outline.proof(index).unwrap();

        if !chunk.is_empty() {
            let mut altered = chunk.to_vec();
            altered[at.index(chunk.len())] ^= 1 << bit;
            prop_assert!(verify_chunk(&blob, index, &altered, &proof).is_err());
            prop_assert!(verify_chunk(&blob, index, &chunk[1..], &proof).is_err());
        }
        if !proof.is_empty() {
            let mut altered = proof.clone();
            sibling.get_mut(&mut altered)[at.index(32)] ^= 1 << bit;
            prop_assert!(verify_chunk(&blob, index, chunk, &altered).is_err());
            prop_assert!(verify_chunk(&blob, index, chunk, &proof[1..]).is_err());
        }
        prop_assert!(verify_chunk(&blob, index, chunk, &[&proof[..], &[[0; 32]]].concat()).is_err());
        let elsewhere = other.index(blob.chunks() as usize + 1) as u32;
        prop_assert_eq!(verify_chunk(&blob, elsewhere, chunk, &proof).is_ok(), elsewhere == index);
        let another = BlobRef { len: blob.len ^ 1, ..blob };
        if another.chunk_len(index) != blob.chunk_len(index) {
            prop_assert!(verify_chunk(&another, index, chunk, &proof).is_err());
        }
    }

    #[test]
    fn any_reference_and_any_chunk_are_judged_without_panic(id: [u8; 32], len: u64, index: u32, chunk in prop::collection::vec(any::<u8>(), 0..50), proof: Vec<[u8; 32]>) {
        let blob = BlobRef { id: BlobId::from_bytes(id), len };
        prop_assert!(verify_chunk(&blob, index, &chunk, &proof).is_err());
        let _ = (blob.chunks(), blob.chunk_len(index));
    }

    #[test]
    fn a_sealed_chunk_opens_in_its_place_only(seed: u64, len in 0usize..2000, number in 0u32..4, index in 0u32..9, at: prop::sample::Index) {
        let key = ContentKey::generate(&mut rng::from_seed(seed));
        let plain = content(seed, len);
        let cipher = BlobCipher::new(&key, number);
        let sealed = cipher.seal(index, true, &plain).unwrap();
        prop_assert_eq!(sealed.len(), len + TAG);
        prop_assert_eq!(cipher.open(index, true, &sealed).unwrap(), plain);
        prop_assert!(cipher.open(index, false, &sealed).is_err());
        prop_assert!(cipher.open(index + 1, true, &sealed).is_err());
        prop_assert!(BlobCipher::new(&key, number + 1).open(index, true, &sealed).is_err());
        let other = ContentKey::generate(&mut rng::from_seed(seed ^ 1));
        prop_assert!(BlobCipher::new(&other, number).open(index, true, &sealed).is_err());
        let mut altered = sealed.clone();
        altered[at.index(sealed.len())] ^= 1;
        prop_assert!(cipher.open(index, true, &altered).is_err());
        prop_assert!(cipher.open(index, true, &sealed[..sealed.len() - 1]).is_err());
    }
}

#[test]
fn empty_pieces_change_nothing() {
    let bytes = content(1, CHUNK + 3);
    let mut outliner = Outliner::default();
    for piece in [&bytes[..0], &bytes[..CHUNK], &bytes[..0], &bytes[CHUNK..], &bytes[..0]] {
        outliner.push(piece).unwrap();
    }
    assert_eq!(outliner.finish(), outline(&bytes));
}

#[test]
fn chunks_have_their_lengths() {
    let mut outliner = Outliner::default();
    assert!(outliner.push(&[0; CHUNK + 1]).is_err());
    outliner.push(&[0; 5]).unwrap();
    assert!(outliner.push(&[0; 5]).is_err(), "only the last chunk may be short");
    let cipher = BlobCipher::new(&ContentKey::generate(&mut rng::from_seed(1)), 0);
    assert_eq!(cipher.seal(0, false, &[0; SEALED_CHUNK]).unwrap().len(), CHUNK);
    assert!(cipher.seal(0, false, &[0; SEALED_CHUNK - 1]).is_err());
    assert!(cipher.seal(0, true, &[0; SEALED_CHUNK + 1]).is_err());
}

#[test]
fn the_greatest_blob_fits_and_one_byte_more_does_not() {
    let chunks = MAX_ATTACHMENT.div_ceil(SEALED_CHUNK as u64);
    assert_eq!(MAX_BLOB, MAX_ATTACHMENT + chunks * TAG as u64);
    let largest = BlobRef { id: BlobId::from_bytes([0; 32]), len: MAX_BLOB };
    assert_eq!(u64::from(largest.chunks()), chunks);
    let hashes = vec![[1; 32]; chunks as usize];
    let outline = Outline::from_parts(MAX_BLOB, hashes.clone()).unwrap();
    let longest = [0, largest.chunks() - 1].map(|index| outline.proof(index).unwrap().len());
    assert!(longest[0] <= MAX_PROOF);
    assert_eq!(Outline::from_parts(MAX_BLOB + 1, hashes), None);
    let over = BlobRef { len: MAX_BLOB + 1, ..largest };
    assert_eq!(verify_chunk(&over, 0, &[0; CHUNK], &[]), Err(BlobError::TooLong));
    let document = |blob| {
        DocumentPayload::public(
            Cover { blobs: Bounded::new(vec![blob]).unwrap(), ..Cover::default() },
            Envelope::default(),
            &mut rng::from_seed(0),
        )
        .unwrap()
        .to_bytes()
    };
    DocumentPayload::from_bytes(&document(largest)).unwrap();
    assert!(DocumentPayload::from_bytes(&document(over)).is_err());
}
