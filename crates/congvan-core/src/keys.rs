//! Keys and signatures, with one rule for all: Ed25519 by `verify_strict` (DESIGN §3.4).

use std::fmt;

use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use ed25519_dalek::Signer;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::codec::{Decode, Encode, refuse};
use crate::domain;
use crate::ids::{ChainId, NameError, NetworkId, id};
use crate::rng::CryptoRng;
use std::str::FromStr;

/// A key that may not enter the roster, or a signature that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the encoding of a point of the curve.
    #[error("the key is no point of the curve")]
    NotAPoint,
    /// Another encoding of the same point exists, and is the right one (RFC 8032 §5.1.3).
    #[error("the key is not canonically encoded")]
    NotCanonical,
    /// Of small order: signatures under it hold for any message, or nothing can be sealed to it.
    #[error("the key is weak (of small order)")]
    Weak,
    /// `verify_strict` refuses the signature.
    #[error("the signature does not hold")]
    BadSignature,
}

id! {
    /// The 32 bytes of an Ed25519 public key, as a header names its signer: not yet checked.
    KeyId
}
id! {
    /// The Ed25519 public key that a node proves on the network; it signs no entries.
    NodeKey
}

/// An Ed25519 public key that may be relied on: on the curve, canonical, not weak.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(ed25519_dalek::VerifyingKey);

impl PublicKey {
    /// Checks the three conditions.
    ///
    /// # Errors
    /// [`KeyError`] says which failed.
    pub fn new(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NotCanonical);
        }
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        Ok(Self(key))
    }

    /// The key's bytes.
    pub fn id(&self) -> KeyId {
        KeyId::from_bytes(self.0.to_bytes())
    }

    /// Verifies strictly: canonical `R` and `s`, neither `R` nor the key of small order, no cofactor.
    ///
    /// # Errors
    /// [`KeyError::BadSignature`].
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), KeyError> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(message, &signature).map_err(|_| KeyError::BadSignature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id().short())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().fmt(f)
    }
}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.as_bytes().cmp(other.0.as_bytes())
    }
}

impl Encode for PublicKey {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self.0.to_bytes().encode(encoder)
    }
}

impl<C> Decode<C> for PublicKey {
    fn decode<D: Decoder<Context = C>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::new(&<[u8; 32]>::decode(decoder)?).map_err(refuse)
    }
}

/// An Ed25519 signature: 64 bytes, not yet verified.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Signature(pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({}…)", hex::encode(&self.0[..4]))
    }
}

/// An Ed25519 secret key. Wiped when dropped; never printed.
#[derive(Clone)]
pub struct SecretKey(ed25519_dalek::SigningKey);

impl SecretKey {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0u8; 32]);
        rng.fill_bytes(seed.as_mut());
        Self::from_seed(&seed)
    }

    /// The key of a 32-byte seed (RFC 8032 §5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The seed.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs a message that begins with one of [`crate::domain`]'s contexts.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public().id().short())
    }
}

id! {
    /// An X25519 public key to which content keys are sealed.
    SealPublic
}

/// An X25519 secret key. Wiped when dropped; never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SealSecret([u8; 32]);

impl SealSecret {
    /// A new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0u8; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// From its 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The public half.
    pub fn public(&self) -> SealPublic {
        let secret = x25519_dalek::StaticSecret::from(self.0);
        SealPublic::from_bytes(*x25519_dalek::PublicKey::from(&secret).as_bytes())
    }
}

impl fmt::Debug for SealSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealSecret(of {})", self.public().short())
    }
}

/// What an agency makes known: one key to verify by, one to seal to.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct AgencyKeys {
    /// Verifies its entries.
    pub sign: PublicKey,
    /// Content keys are sealed to it.
    pub seal: SealPublic,
}

impl AgencyKeys {
    fn possession_message(&self, network: NetworkId, chain: ChainId) -> Vec<u8> {
        [domain::SIGN_POSSESSION, network.as_bytes(), chain.as_bytes(), self.sign.id().as_bytes(), self.seal.as_bytes()]
            .concat()
    }

    /// Checks that whoever offered these keys for `chain` held the signing secret, and that others
    /// can seal to them.
    ///
    /// # Errors
    /// [`KeyError::BadSignature`], or [`KeyError::Weak`] for a sealing key of small order: nobody
    /// could seal to it, and a document to a whole province would fail for this one addressee.
    pub fn check_possession(&self, network: NetworkId, chain: ChainId, proof: &Signature) -> Result<(), KeyError> {
        // Every clamped scalar is a multiple of 8, so any one of them shows a small order.
        if x25519_dalek::x25519([8; 32], *self.seal.as_bytes()) == [0; 32] {
            return Err(KeyError::Weak);
        }
        self.sign.verify(&self.possession_message(network, chain), proof)
    }
}

/// An agency's secrets: what a node needs to write and to read.
#[derive(Clone, Debug)]
pub struct AgencySecret {
    /// Signs its entries.
    pub sign: SecretKey,
    /// Opens what is sealed to it.
    pub seal: SealSecret,
}

impl AgencySecret {
    /// New keys.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self { sign: SecretKey::generate(rng), seal: SealSecret::generate(rng) }
    }

    /// The public halves.
    pub fn public(&self) -> AgencyKeys {
        AgencyKeys { sign: self.sign.public(), seal: self.seal.public() }
    }

    /// Proves, for one chain of one network, that the signing secret is at hand.
    pub fn prove_possession(&self, network: NetworkId, chain: ChainId) -> Signature {
        self.sign.sign(&self.public().possession_message(network, chain))
    }
}
