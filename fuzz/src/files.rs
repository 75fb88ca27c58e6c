//! What comes as a file: exported ledgers, keys, proofs, and blobs' chunks.

use congvan_core::archive::{Checksum, Frame, MAGIC, MAX_FRAME};
use congvan_core::blob::{BlobRef, verify_chunk};
use congvan_core::keyfile::{self, KeyFileError};
use congvan_core::{BlobId, EquivocationProof, Kind, rng};

use crate::{entry, law};

/// An exported ledger, frame by frame.
pub fn archive(bytes: &[u8]) {
    let Some(mut rest) = bytes.strip_prefix(&MAGIC) else { return };
    let mut checksum = Checksum::default();
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        let Some((bytes, after)) = after.split_at_checked(len).filter(|_| len <= MAX_FRAME) else { return };
        match law::<Frame>(bytes) {
            None => return,
            Some(end @ Frame::End { .. }) if end == checksum.end::<Frame>() => return,
            Some(Frame::Entry(bytes)) => entry(&bytes),
            Some(Frame::Proof(raw)) => proof(&[raw.first, raw.second].concat()),
            Some(Frame::Chunk { blob, index, bytes, proof }) => {
                let _ = verify_chunk(&blob, index, &bytes, &proof);
            }
            Some(Frame::Genesis(_) | Frame::End { .. }) => {}
        }
        checksum.add(bytes);
        rest = after;
    }
}

/// A proof bundle, frame by frame, for whatever network its genesis says.
pub fn bundle(bytes: &[u8]) {
    use congvan_core::bundle::{Checker, Frame, MAGIC};
    let Some(mut rest) = bytes.strip_prefix(&MAGIC) else { return };
    let mut checker: Option<Checker> = None;
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let len = u32::from_le_bytes(*len) as usize;
        let Some((bytes, after)) = after.split_at_checked(len) else { break };
        let Some(frame) = law::<Frame>(bytes) else { return };
        if let (Frame::Genesis(genesis), None) = (&frame, &checker) {
            checker = Some(Checker::new(genesis.network_id()));
        }
        let Some(checker) = &mut checker else { return };
        if checker.take(frame).is_err() {
            return;
        }
        rest = after;
    }
    if let Some(Ok(evidence)) = checker.map(Checker::finish) {
        assert!(evidence.document.is_none_or(|document| document.entry.header().kind == Kind::DOCUMENT));
    }
}

/// A key file. No passphrase is given: deriving a key from one is work that a fuzzer must not repeat.
pub fn key_file(bytes: &[u8]) {
    match keyfile::read(bytes, None) {
        Ok(keys) => {
            let written = keyfile::write(&keys, None, &mut rng::from_seed(0));
            assert!(written.is_ok_and(|written| *written == bytes), "a key file has two encodings");
        }
        Err(error) => assert!(!matches!(error, KeyFileError::WrongPassphrase)),
    }
}

/// A proof of equivocation.
pub fn proof(bytes: &[u8]) {
    let Ok(proof) = EquivocationProof::parse(bytes) else { return };
    assert_eq!(proof.to_bytes(), bytes);
    let [first, second] = proof.entries();
    assert!(first.id() < second.id());
    assert_eq!(EquivocationProof::new(second, first).as_ref(), Ok(&proof));
}

/// A chunk of a blob: id, length, index, number of siblings, siblings, chunk.
pub fn blob_chunk(bytes: &[u8]) {
    let Some((id, rest)) = bytes.split_first_chunk::<32>() else { return };
    let Some((len, rest)) = rest.split_first_chunk::<8>() else { return };
    let Some((index, rest)) = rest.split_first_chunk::<4>() else { return };
    let Some((&siblings, rest)) = rest.split_first() else { return };
    let Some((proof, chunk)) = rest.split_at_checked(usize::from(siblings) * 32) else { return };
    let (proof, _) = proof.as_chunks::<32>();
    let blob = BlobRef { id: BlobId::from_bytes(*id), len: u64::from_le_bytes(*len) };
    let index = u32::from_le_bytes(*index);
    if verify_chunk(&blob, index, chunk, proof).is_ok() {
        // A chunk that passes passes in its own place only.
        assert_eq!(blob.chunk_len(index), Some(chunk.len()));
        assert!(verify_chunk(&blob, index.wrapping_add(1), chunk, proof).is_err());
        assert!(verify_chunk(&blob, index, &[chunk, &[0]].concat(), proof).is_err());
    }
}
