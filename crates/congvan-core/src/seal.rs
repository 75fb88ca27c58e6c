//! Sealing a body to many addressees (DESIGN §3.10).
//!
//! One random content key encrypts the body once (ChaCha20-Poly1305); HPKE (RFC 9180 base mode:
//! DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305) wraps that key for each reader. What
//! everybody may see of the entry goes in as associated data, so that it cannot be exchanged.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hpke::{Deserializable, OpModeR, OpModeS, Serializable};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::codec::{Bounded, Decode, Encode};
use crate::domain;
use crate::entry::MAX_PAYLOAD;
use crate::keys::{SealPublic, SealSecret};
use crate::limits::MAX_ADDRESSEES;
use crate::rng::CryptoRng;

type Kem = hpke::kem::X25519HkdfSha256;
type Kdf = hpke::kdf::HkdfSha256;
type WrapAead = hpke::aead::ChaCha20Poly1305;

/// Readers of one sealed body: its addressees and its sender.
pub const MAX_READERS: usize = MAX_ADDRESSEES + 1;

/// The random key of one sealed body and its blobs.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ContentKey(pub(crate) [u8; 32]);

impl ContentKey {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The key itself: whoever has it reads the body and its blobs. For a proof that shows them.
    pub fn disclose(&self) -> [u8; 32] {
        self.0
    }

    /// A key that somebody disclosed.
    pub fn disclosed(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContentKey(…)")
    }
}

/// The content key wrapped for one reader.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Wrap {
    /// HPKE's encapsulated key.
    pub encapsulated: [u8; 32],
    /// The wrapped content key and its tag.
    pub key: [u8; 48],
}

/// A body that its readers alone can open.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Sealed {
    /// One for each addressee in their order, then the sender's own.
    pub wraps: Bounded<Wrap, MAX_READERS>,
    /// The body and its tag.
    pub body: Bounded<u8, MAX_PAYLOAD>,
}

/// Why a body could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// More readers or a longer body than fit.
    #[error("a sealed body has at most {MAX_READERS} readers and {MAX_PAYLOAD} bytes")]
    TooLarge,
    /// A reader's key is no usable X25519 key.
    #[error("the sealing key of reader {0} is not usable")]
    BadKey(usize),
    /// No wrap was made for this key, or one was damaged.
    #[error("the body is not sealed to this key")]
    NotForUs,
    /// The wrap opens, the body does not: what everybody sees of it was exchanged, or it was damaged.
    #[error("the sealed body was damaged or moved from elsewhere")]
    Damaged,
}

fn body_cipher(key: &ContentKey) -> ChaCha20Poly1305 {
    let mut derived = blake3::derive_key(domain::BODY_KEY, &key.0);
    let cipher = ChaCha20Poly1305::new(&derived.into());
    derived.zeroize();
    cipher
}

/// Seals `body` to `readers`, binding it to `context` (network, chain and all that everybody sees).
///
/// # Errors
/// [`SealError::TooLarge`] or [`SealError::BadKey`].
pub fn seal(
    readers: &[SealPublic],
    context: &[u8],
    body: &[u8],
    key: &ContentKey,
    rng: &mut impl CryptoRng,
) -> Result<Sealed, SealError> {
    let mut wraps = Vec::with_capacity(readers.len());
    for (number, reader) in readers.iter().enumerate() {
        let bad = |_| SealError::BadKey(number);
        let public = <Kem as hpke::Kem>::PublicKey::from_bytes(reader.as_bytes()).map_err(bad)?;
        let (encapsulated, wrapped) = hpke::single_shot_seal_with_rng::<WrapAead, Kdf, Kem>(
            &OpModeS::Base,
            &public,
            domain::HPKE_INFO,
            &key.0,
            context,
            rng,
        )
        .map_err(bad)?;
        let key = wrapped.try_into().map_err(|_| SealError::BadKey(number))?;
        wraps.push(Wrap { encapsulated: encapsulated.to_bytes().into(), key });
    }
    // The content key is new for each body, so one fixed nonce is used once.
    let body = body_cipher(key)
        .encrypt(&Nonce::default(), Payload { msg: body, aad: context })
        .map_err(|_| SealError::TooLarge)?;
    Ok(Sealed {
        wraps: Bounded::new(wraps).map_err(|_| SealError::TooLarge)?,
        body: Bounded::new(body).map_err(|_| SealError::TooLarge)?,
    })
}

/// Unwraps the content key with `secret`, whose wrap is number `reader`.
///
/// # Errors
/// [`SealError::NotForUs`].
pub fn unwrap_key(
    sealed: &Sealed,
    reader: usize,
    context: &[u8],
    secret: &SealSecret,
) -> Result<ContentKey, SealError> {
    let not_ours = |_| SealError::NotForUs;
    let wrap = sealed.wraps.get(reader).ok_or(SealError::NotForUs)?;
    let private = <Kem as hpke::Kem>::PrivateKey::from_bytes(secret.as_bytes()).map_err(not_ours)?;
    let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(&wrap.encapsulated).map_err(not_ours)?;
    let mut key = hpke::single_shot_open::<WrapAead, Kdf, Kem>(
        &OpModeR::Base,
        &private,
        &encapsulated,
        domain::HPKE_INFO,
        &wrap.key,
        context,
    )
    .map_err(not_ours)?;
    let content = <[u8; 32]>::try_from(key.as_slice()).map(ContentKey).map_err(|_| SealError::NotForUs);
    key.zeroize();
    content
}

/// Opens the body with its content key.
///
/// # Errors
/// [`SealError::Damaged`].
pub fn open(sealed: &Sealed, context: &[u8], key: &ContentKey) -> Result<Vec<u8>, SealError> {
    body_cipher(key)
        .decrypt(&Nonce::default(), Payload { msg: &sealed.body, aad: context })
        .map_err(|_| SealError::Damaged)
}
