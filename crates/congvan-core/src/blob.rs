//! Attachments' bytes: encrypted in chunks, named by the BLAKE3 hash of the ciphertext, and
//! checkable chunk by chunk.
//!
//! A blob's id is the plain BLAKE3 hash of its bytes. BLAKE3 is a tree, so a chunk of
//! [`CHUNK`] bytes is a subtree of it, and the sibling hashes on the way to the root prove it
//! (the BLAKE3 paper, §2.1; Bao). A relay checks and serves what it cannot read.

use bincode::de::Decoder;
use bincode::error::DecodeError;
use blake3::hazmat::{ChainingValue, HasherExt, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use zeroize::Zeroize;

use crate::codec::{Decode, Encode, refuse};
use crate::domain;
use crate::ids::BlobId;
use crate::limits::MAX_ATTACHMENT;
use crate::seal::ContentKey;

/// Bytes of a chunk as stored and sent; the last one may be shorter. A power of two of BLAKE3's own
/// 1024-byte chunks.
pub const CHUNK: usize = 64 * 1024;
/// Bytes of a sealed chunk's authentication tag.
pub const TAG: usize = 16;
/// Plain bytes in one sealed chunk.
pub const SEALED_CHUNK: usize = CHUNK - TAG;
/// The most bytes of a blob: a sealed attachment of the greatest size.
pub const MAX_BLOB: u64 = MAX_ATTACHMENT + (MAX_ATTACHMENT / SEALED_CHUNK as u64 + 1) * TAG as u64;
/// The most sibling hashes in a proof: the tree of [`MAX_BLOB`] bytes has at most this many levels.
pub const MAX_PROOF: usize = 17;

/// A blob by name and size.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode)]
pub struct BlobRef {
    /// Hash of its bytes.
    pub id: BlobId,
    /// Its length, at most [`MAX_BLOB`].
    pub len: u64,
}

impl<C> Decode<C> for BlobRef {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let blob = Self { id: BlobId::decode(decoder)?, len: u64::decode(decoder)? };
        match blob.len > MAX_BLOB {
            true => Err(refuse(BlobError::TooLong)),
            false => Ok(blob),
        }
    }
}

impl BlobRef {
    /// How many chunks it has; an empty blob has one empty chunk.
    pub fn chunks(&self) -> u32 {
        // Decoders refuse a longer blob, so this fits; a hostile in-memory value saturates.
        u32::try_from(self.len.div_ceil(CHUNK as u64)).unwrap_or(u32::MAX).max(1)
    }

    /// Length of chunk `index`; `None` past the end.
    pub fn chunk_len(&self, index: u32) -> Option<usize> {
        let start = u64::from(index) * CHUNK as u64;
        (index < self.chunks()).then(|| (self.len - start).min(CHUNK as u64) as usize)
    }
}

/// Why a chunk is not part of a blob, or cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// The blob ends before this chunk.
    #[error("chunk {0} is past the end of the blob")]
    NoSuchChunk(u32),
    /// A chunk of the wrong length.
    #[error("chunk {index} has {found} bytes; {expected} are due")]
    ChunkLength {
        /// Its number.
        index: u32,
        /// The length due.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// The chunk and its proof do not lead to the blob's id.
    #[error("chunk {0} does not belong to the blob: it was altered")]
    NotInBlob(u32),
    /// Decryption fails: another key, or chunks exchanged.
    #[error("chunk {0} cannot be decrypted")]
    Undecryptable(u32),
    /// More than the bound.
    #[error("a blob has at most {MAX_BLOB} bytes")]
    TooLong,
}

type Hash = [u8; 32];

/// The hash of chunk `index` as an [`Outline`] lists it; `is_root` where it is the blob's only one.
pub fn chunk_hash(index: u32, bytes: &[u8], is_root: bool) -> Hash {
    if is_root {
        return *blake3::hash(bytes).as_bytes();
    }
    blake3::Hasher::new().set_input_offset(u64::from(index) * CHUNK as u64).update(bytes).finalize_non_root()
}

fn merge(left: &ChainingValue, right: &ChainingValue, is_root: bool) -> Hash {
    match is_root {
        true => *merge_subtrees_root(left, right, Mode::Hash).as_bytes(),
        false => merge_subtrees_non_root(left, right, Mode::Hash),
    }
}

/// How many chunks stand left of the root's middle, of `chunks` ≥ 2.
fn left_chunks(chunks: u32) -> u32 {
    // In units of whole chunks the tree splits as BLAKE3's own does.
    (left_subtree_len(u64::from(chunks) * CHUNK as u64) / CHUNK as u64) as u32
}

/// The hashes of a blob's chunks: what its holder keeps to prove them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outline {
    len: u64,
    hashes: Vec<Hash>,
}

impl Outline {
    /// From stored parts; [`Outline::blob`] tells whether they are the blob one thinks they are.
    ///
    /// Returns `None` where the number of hashes does not fit the length.
    pub fn from_parts(len: u64, hashes: Vec<Hash>) -> Option<Self> {
        let blob = BlobRef { id: BlobId::from_bytes([0; 32]), len };
        (len <= MAX_BLOB && hashes.len() == blob.chunks() as usize).then_some(Self { len, hashes })
    }

    /// The chunks' hashes in order.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// The blob's name and size.
    pub fn blob(&self) -> BlobRef {
        let id = match self.hashes.as_slice() {
            [only] => *only,
            hashes => subtree(hashes, true),
        };
        BlobRef { id: BlobId::from_bytes(id), len: self.len }
    }

    /// The sibling hashes from chunk `index` up to the root; `None` past the end.
    pub fn proof(&self, index: u32) -> Option<Vec<Hash>> {
        let mut range = self.hashes.as_slice();
        let mut at = index as usize;
        if at >= range.len() {
            return None;
        }
        let mut siblings = Vec::new();
        while range.len() > 1 {
            let (left, right) = range.split_at(left_chunks(range.len() as u32) as usize);
            (range, at) = match at < left.len() {
                true => {
                    siblings.push(subtree(right, false));
                    (left, at)
                }
                false => {
                    siblings.push(subtree(left, false));
                    (right, at - left.len())
                }
            };
        }
        siblings.reverse();
        Some(siblings)
    }
}

fn subtree(hashes: &[Hash], is_root: bool) -> Hash {
    match hashes {
        [only] => *only,
        _ => {
            let (left, right) = hashes.split_at(left_chunks(hashes.len() as u32) as usize);
            merge(&subtree(left, false), &subtree(right, false), is_root)
        }
    }
}

/// Hashes a blob that comes chunk by chunk, in constant memory but for its outline.
#[derive(Debug, Default)]
pub struct Outliner {
    len: u64,
    first: Vec<u8>,
    hashes: Vec<Hash>,
}

impl Outliner {
    /// Takes the next chunk: [`CHUNK`] bytes, or fewer if it is the last. An empty one adds nothing.
    ///
    /// # Errors
    /// [`BlobError::TooLong`], or a short chunk was taken before.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), BlobError> {
        let index = self.hashes.len() as u32;
        if chunk.is_empty() {
            return Ok(());
        }
        if chunk.len() > CHUNK || !self.len.is_multiple_of(CHUNK as u64) {
            return Err(BlobError::ChunkLength { index, expected: CHUNK, found: chunk.len() });
        }
        self.len += chunk.len() as u64;
        if self.len > MAX_BLOB {
            return Err(BlobError::TooLong);
        }
        if index == 0 {
            // A blob of one chunk has a root of its own; which it is shows only later.
            self.first = chunk.to_vec();
        }
        self.hashes.push(chunk_hash(index, chunk, false));
        Ok(())
    }

    /// The outline of all chunks taken.
    pub fn finish(mut self) -> Outline {
        if self.hashes.len() <= 1 {
            self.hashes = vec![chunk_hash(0, &self.first, true)];
        }
        Outline { len: self.len, hashes: self.hashes }
    }
}

/// Checks that `chunk` is number `index` of `blob`, by the sibling hashes of `proof`.
///
/// # Errors
/// [`BlobError`] says what does not fit.
pub fn verify_chunk(blob: &BlobRef, index: u32, chunk: &[u8], proof: &[Hash]) -> Result<(), BlobError> {
    if blob.len > MAX_BLOB {
        return Err(BlobError::TooLong);
    }
    let expected = blob.chunk_len(index).ok_or(BlobError::NoSuchChunk(index))?;
    if chunk.len() != expected {
        return Err(BlobError::ChunkLength { index, expected, found: chunk.len() });
    }
    let chunks = blob.chunks();
    // The turns from the root down to the chunk; the proof lists siblings from the chunk up.
    let mut turns = Vec::with_capacity(MAX_PROOF);
    let (mut width, mut at) = (chunks, index);
    while width > 1 {
        let left = left_chunks(width);
        let goes_left = at < left;
        turns.push(goes_left);
        (width, at) = if goes_left { (left, at) } else { (width - left, at - left) };
    }
    if proof.len() != turns.len() {
        return Err(BlobError::NotInBlob(index));
    }
    let mut hash = chunk_hash(index, chunk, turns.is_empty());
    for (level, sibling) in proof.iter().enumerate() {
        let is_root = level + 1 == turns.len();
        hash = match turns[turns.len() - 1 - level] {
            true => merge(&hash, sibling, is_root),
            false => merge(sibling, &hash, is_root),
        };
    }
    match hash == *blob.id.as_bytes() {
        true => Ok(()),
        false => Err(BlobError::NotInBlob(index)),
    }
}

/// Encrypts and decrypts the chunks of one blob of a sealed document.
///
/// ChaCha20-Poly1305 under a key derived from the content key and the blob's number; the nonce is
/// the chunk's number and whether it is the last, so that chunks cannot be reordered or cut off
/// (the STREAM construction).
pub struct BlobCipher(ChaCha20Poly1305);

impl BlobCipher {
    /// The cipher of blob `number` in the document with this content key.
    pub fn new(key: &ContentKey, number: u32) -> Self {
        let mut material = [0u8; 36];
        material[..32].copy_from_slice(&key.0);
        material[32..].copy_from_slice(&number.to_le_bytes());
        let mut derived = blake3::derive_key(domain::BLOB_KEY, &material);
        material.zeroize();
        let cipher = ChaCha20Poly1305::new(&derived.into());
        derived.zeroize();
        Self(cipher)
    }

    fn nonce(index: u32, last: bool) -> Nonce {
        let mut nonce = [0u8; 12];
        nonce[..4].copy_from_slice(&index.to_le_bytes());
        nonce[11] = u8::from(last);
        nonce.into()
    }

    /// Encrypts chunk `index`: [`SEALED_CHUNK`] bytes, or fewer if it is the last.
    ///
    /// # Errors
    /// [`BlobError::ChunkLength`].
    pub fn seal(&self, index: u32, last: bool, plain: &[u8]) -> Result<Vec<u8>, BlobError> {
        if plain.len() > SEALED_CHUNK || (!last && plain.len() != SEALED_CHUNK) {
            return Err(BlobError::ChunkLength { index, expected: SEALED_CHUNK, found: plain.len() });
        }
        self.0.encrypt(&Self::nonce(index, last), plain).map_err(|_| BlobError::TooLong)
    }

    /// Decrypts chunk `index`.
    ///
    /// # Errors
    /// [`BlobError::Undecryptable`].
    pub fn open(&self, index: u32, last: bool, chunk: &[u8]) -> Result<Vec<u8>, BlobError> {
        self.0.decrypt(&Self::nonce(index, last), chunk).map_err(|_| BlobError::Undecryptable(index))
    }
}

impl std::fmt::Debug for BlobCipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BlobCipher(…)")
    }
}
