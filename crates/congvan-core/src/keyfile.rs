//! Secret keys at rest, as bytes: plain, or encrypted under a passphrase.
//!
//! Whoever writes them to disk sees to the file's mode. A passphrase goes through Argon2id with
//! [`MEMORY_KIB`] and [`PASSES`]; the secrets are then encrypted with ChaCha20-Poly1305.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use zeroize::{Zeroize, Zeroizing};

use crate::codec::{Bounded, CodecError, Decode, Encode, Wire};
use crate::keys::{AgencySecret, SealSecret, SecretKey};
use crate::rng::CryptoRng;

/// Memory that deriving a key from a passphrase takes, in KiB.
pub const MEMORY_KIB: u32 = 64 * 1024;
/// Passes over that memory.
pub const PASSES: u32 = 3;

const MAGIC: [u8; 8] = *b"cgvkey1\n";

/// What a key file holds.
#[derive(Clone, Debug)]
pub enum Keys {
    /// An agency's signing key and the sealing keys it has had, newest first: what was sealed to an
    /// old one stays readable.
    Agency {
        /// Signs.
        sign: SecretKey,
        /// Open.
        seals: Vec<SealSecret>,
    },
    /// A registrar's signing key.
    Registrar(SecretKey),
    /// A node's network key.
    Node(SecretKey),
    /// An auditor's signing key.
    Auditor(SecretKey),
}

impl Keys {
    /// A new agency's.
    pub fn of_agency(secret: AgencySecret) -> Self {
        Self::Agency { sign: secret.sign, seals: vec![secret.seal] }
    }
}

#[derive(Encode, Decode)]
struct File {
    magic: [u8; 8],
    body: FileBody,
}

impl Wire for File {
    const NAME: &'static str = "key file";
    const MAX: usize = 8192;
    const SECRET: bool = true;
}

#[derive(Encode, Decode)]
enum FileBody {
    Plain(Secrets),
    Encrypted { salt: [u8; 16], memory_kib: u32, passes: u32, nonce: [u8; 12], secrets: Bounded<u8, 4096> },
}

#[derive(Encode, Decode)]
enum Secrets {
    Agency { sign: [u8; 32], seals: Bounded<[u8; 32], 64> },
    Registrar([u8; 32]),
    Node([u8; 32]),
    Auditor([u8; 32]),
}

impl Wire for Secrets {
    const NAME: &'static str = "secret keys";
    const MAX: usize = 4096;
    const SECRET: bool = true;
}

/// Why a key file cannot be read or made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// Not a key file.
    #[error("this is not a Congvan key file: {0}")]
    Malformed(#[from] CodecError),
    /// A passphrase is needed.
    #[error("the key file is encrypted; give its passphrase")]
    NeedsPassphrase,
    /// The passphrase does not open it, or the file was damaged.
    #[error("the passphrase does not open this key file, or the file was damaged")]
    WrongPassphrase,
    /// The file asks for more work than this software ever asks for.
    #[error("the key file asks for {0} KiB of memory or too many passes: it was not made by this software")]
    TooMuchWork(u32),
    /// More sealing keys than a file holds.
    #[error("a key file holds at most 64 sealing keys")]
    TooManyKeys,
    /// The derivation failed.
    #[error("deriving a key from the passphrase failed")]
    Derivation,
}

impl Drop for Secrets {
    fn drop(&mut self) {
        match self {
            Self::Agency { sign, seals } => {
                sign.zeroize();
                std::mem::take(seals).into_vec().zeroize();
            }
            Self::Registrar(key) | Self::Node(key) | Self::Auditor(key) => key.zeroize(),
        }
    }
}

fn cipher(passphrase: &str, salt: &[u8; 16], memory_kib: u32, passes: u32) -> Result<ChaCha20Poly1305, KeyFileError> {
    let params = argon2::Params::new(memory_kib, passes, 1, Some(32)).map_err(|_| KeyFileError::Derivation)?;
    let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut key = Zeroizing::new([0u8; 32]);
    argon.hash_password_into(passphrase.as_bytes(), salt, key.as_mut()).map_err(|_| KeyFileError::Derivation)?;
    Ok(ChaCha20Poly1305::new(&(*key).into()))
}

/// The file's bytes; encrypted if there is a passphrase.
///
/// # Errors
/// [`KeyFileError::TooManyKeys`] or [`KeyFileError::Derivation`].
pub fn write(
    keys: &Keys,
    passphrase: Option<&str>,
    rng: &mut impl CryptoRng,
) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let secrets = match keys {
        Keys::Agency { sign, seals } => Secrets::Agency {
            sign: *sign.seed(),
            seals: Bounded::new(seals.iter().map(|s| *s.as_bytes()).collect())
                .map_err(|_| KeyFileError::TooManyKeys)?,
        },
        Keys::Registrar(key) => Secrets::Registrar(*key.seed()),
        Keys::Node(key) => Secrets::Node(*key.seed()),
        Keys::Auditor(key) => Secrets::Auditor(*key.seed()),
    };
    let body = match passphrase {
        None => FileBody::Plain(secrets),
        Some(passphrase) => {
            let (mut salt, mut nonce) = ([0; 16], [0; 12]);
            rng.fill_bytes(&mut salt);
            rng.fill_bytes(&mut nonce);
            let plain = Zeroizing::new(secrets.to_bytes());
            let secrets = cipher(passphrase, &salt, MEMORY_KIB, PASSES)?
                .encrypt(&Nonce::from(nonce), Payload { msg: &plain, aad: &MAGIC })
                .map_err(|_| KeyFileError::Derivation)?;
            let secrets = Bounded::new(secrets).map_err(|_| KeyFileError::TooManyKeys)?;
            FileBody::Encrypted { salt, memory_kib: MEMORY_KIB, passes: PASSES, nonce, secrets }
        }
    };
    Ok(Zeroizing::new(File { magic: MAGIC, body }.to_bytes()))
}

/// Reads a key file's bytes.
///
/// # Errors
/// [`KeyFileError`] says whether a passphrase is missing or wrong, or the file is none of ours.
pub fn read(bytes: &[u8], passphrase: Option<&str>) -> Result<Keys, KeyFileError> {
    let file = File::from_bytes(bytes)?;
    if file.magic != MAGIC {
        let reason = "it does not begin as one".to_owned();
        return Err(CodecError::Malformed { what: "key file", reason }.into());
    }
    let secrets = match file.body {
        FileBody::Plain(secrets) => secrets,
        FileBody::Encrypted { salt, memory_kib, passes, nonce, secrets } => {
            let passphrase = passphrase.ok_or(KeyFileError::NeedsPassphrase)?;
            if memory_kib > 4 * MEMORY_KIB || passes > 4 * PASSES {
                return Err(KeyFileError::TooMuchWork(memory_kib));
            }
            let plain = cipher(passphrase, &salt, memory_kib, passes)?
                .decrypt(&Nonce::from(nonce), Payload { msg: &secrets, aad: &MAGIC })
                .map_err(|_| KeyFileError::WrongPassphrase)?;
            Secrets::from_bytes(&Zeroizing::new(plain))?
        }
    };
    Ok(match &secrets {
        Secrets::Agency { sign, seals } => Keys::Agency {
            sign: SecretKey::from_seed(sign),
            seals: seals.iter().map(|s| SealSecret::from_bytes(*s)).collect(),
        },
        Secrets::Registrar(key) => Keys::Registrar(SecretKey::from_seed(key)),
        Secrets::Node(key) => Keys::Node(SecretKey::from_seed(key)),
        Secrets::Auditor(key) => Keys::Auditor(SecretKey::from_seed(key)),
    })
}
