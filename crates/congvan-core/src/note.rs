//! Signed notes as transparency logs write them (C2SP signed-note and tlog-cosignature): checkpoints that a
//! stranger's tools read, and the lines under them.
//!
//! ```text
//! congvan.v1/<network>/<agency code>      the origin: the name of the log
//! 1204                                    leaves: entries
//! Uwbm…=                                  the root, in base64
//!
//! — congvan.v1/<network>/<code> <base64>  the agency's signature, and witnesses'
//! ```

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use crate::ids::{AgencyCode, NetworkId};
use crate::keys::{KeyId, Signature};
use crate::merkle::TreeHash;

/// Bytes of a note at most: a checkpoint and the lines of all the witnesses that a policy may name.
pub const MAX_NOTE: usize = 64 * 1024;

/// An Ed25519 signature over the note's text.
const ED25519: u8 = 0x01;
/// An Ed25519 cosignature with the time of the look.
const COSIGNATURE: u8 = 0x04;

/// The name of an agency in notes: its chain's origin, and the name of its keys.
pub fn name(network: NetworkId, agency: &AgencyCode) -> String {
    format!("congvan.v1/{network}/{agency}")
}

/// What a checkpoint's signatures are over: three lines.
pub fn checkpoint_text(origin: &str, size: u64, root: TreeHash) -> String {
    format!("{origin}\n{size}\n{}\n", BASE64.encode(root.as_bytes()))
}

/// What a note begins with that holds a checkpoint: origin, size and root. `None` where it does not; whether anybody
/// signed it, it does not say.
pub fn read_checkpoint(note: &str) -> Option<(&str, u64, TreeHash)> {
    let mut lines = note.split_inclusive('\n').map_while(|line| line.strip_suffix('\n'));
    let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let size = size.parse().ok().filter(|number: &u64| number.to_string() == size)?;
    let root = BASE64.decode(root).ok().and_then(|root| root.try_into().ok())?;
    Some((origin, size, TreeHash::from_bytes(root)))
}

/// What a witness signs: that it saw this text at that time, in seconds since 1970.
pub fn cosigned_text(seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// The first four bytes of a hash that names a key among others of the same name.
fn key_hash(name: &str, algorithm: u8, key: &KeyId) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name.as_bytes());
    hasher.update([b'\n', algorithm]);
    hasher.update(key.as_bytes());
    let [a, b, c, d, ..] = <[u8; 32]>::from(hasher.finalize());
    [a, b, c, d]
}

fn verifier_key(name: &str, algorithm: u8, key: &KeyId) -> String {
    let encoded = BASE64.encode([&[algorithm], key.as_bytes().as_slice()].concat());
    format!("{name}+{}+{encoded}", hex::encode(key_hash(name, algorithm, key)))
}

/// An agency's key as checkers of logs take it ("vkey").
pub fn log_key(name: &str, key: &KeyId) -> String {
    verifier_key(name, ED25519, key)
}

/// A witness' key as checkers of logs take it.
pub fn witness_key(name: &str, key: &KeyId) -> String {
    verifier_key(name, COSIGNATURE, key)
}

/// A note under construction: text, an empty line, signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note(String);

impl Note {
    /// A note that nobody has signed. The text ends with a line's end.
    pub fn new(text: &str) -> Self {
        Self(format!("{text}\n"))
    }

    fn line(mut self, name: &str, hash: [u8; 4], signed: &[&[u8]]) -> Self {
        let bytes = [hash.as_slice(), &signed.concat()].concat();
        // Writing into a string does not fail.
        let _ = writeln!(self.0, "— {name} {}", BASE64.encode(bytes));
        self
    }

    /// Adds the log's own signature.
    pub fn signed(self, name: &str, key: &KeyId, signature: &Signature) -> Self {
        self.line(name, key_hash(name, ED25519, key), &[&signature.0])
    }

    /// Adds a witness' cosignature.
    pub fn cosigned(self, name: &str, key: &KeyId, seconds: u64, signature: &Signature) -> Self {
        self.line(name, key_hash(name, COSIGNATURE, key), &[&seconds.to_be_bytes(), &signature.0])
    }

    /// The whole note.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
