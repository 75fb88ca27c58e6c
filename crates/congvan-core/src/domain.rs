//! Every context string under which Congvan hashes, signs or derives (DESIGN §3.2).
//!
//! A hash context is the BLAKE3 `derive_key` context; a signature context is a prefix, closed by a
//! zero byte, of the signed message. Each is used for one purpose, so that bytes made for one are
//! meaningless in another.

/// Hash: a genesis' bytes → `NetworkId`.
pub const NETWORK_ID: &str = "congvan v1 network id";
/// Hash: network id ‖ agency code → `ChainId`.
pub const AGENCY_CHAIN: &str = "congvan v1 agency chain id";
/// Hash: network id → the roster's `ChainId`.
pub const ROSTER_CHAIN: &str = "congvan v1 roster chain id";
/// Hash: header bytes ‖ signature → `EntryId`.
pub const ENTRY_ID: &str = "congvan v1 entry id";
/// Hash: payload bytes → the header's digest.
pub const PAYLOAD: &str = "congvan v1 payload digest";
/// Hash: a document's salt ‖ an addressee's code → what blinds that addressee's leaf.
pub const ADDRESSEE: &str = "congvan v1 addressee salt";
/// The first bytes of the end of a payload that names its addressees.
pub const NAMING: &[u8; 18] = b"congvan v1 naming\0";
/// Hash: an attachment's plain bytes → the digest in the envelope.
pub const ATTACHMENT: &str = "congvan v1 attachment digest";
/// Hash: the frames of an exported ledger → its closing digest.
pub const ARCHIVE: &str = "congvan v1 ledger archive";
/// Hash: the frames of a proof bundle → its closing digest.
pub const BUNDLE: &str = "congvan v1 proof bundle";
/// Hash: the chains of an audit's result → the digest that the auditor signs.
pub const AUDIT: &str = "congvan v1 audit result";
/// Hash: the heads under a prefix of chain ids, where they are few → a reconciliation fingerprint.
pub const HEADS: &str = "congvan v1 heads fingerprint";
/// Hash: the fingerprints of the sixteen prefixes into which one is split → its own.
pub const HEADS_SPLIT: &str = "congvan v1 split heads fingerprint";

/// Key derivation: content key → the key that encrypts a sealed body.
pub const BODY_KEY: &str = "congvan v1 sealed body key";
/// Key derivation: content key ‖ blob number → the key that encrypts a blob.
pub const BLOB_KEY: &str = "congvan v1 sealed blob key";

/// Key derivation: an invitation's secret → the seed of its guest's network key.
pub const ENROL_GUEST: &str = "congvan v1 enrolment guest";
/// Key derivation: an invitation's secret → the key of both sides' proofs.
pub const ENROL_PROOF: &str = "congvan v1 enrolment proof";
/// Proof by the registrar: that it made the invitation.
pub const ENROL_OFFER: &[u8] = b"congvan v1 enrolment offer\0";
/// Proof by the invited side: that these are the keys to admit.
pub const ENROL_KEYS: &[u8] = b"congvan v1 enrolment keys\0";

/// Signature: an entry's header.
pub const SIGN_ENTRY: &[u8] = b"congvan v1 entry signature\0";
/// Signature: a registrar's approval of a change of the roster.
pub const SIGN_APPROVAL: &[u8] = b"congvan v1 roster approval\0";
/// Signature: proof that a key's secret is at hand, made for one chain of one network.
pub const SIGN_POSSESSION: &[u8] = b"congvan v1 key possession\0";
/// Signature by a certificate's key: that an agency's key is its holder's.
pub const SIGN_CERTIFICATE: &[u8] = b"congvan v1 certificate proof\0";
/// Signature by an auditor: what an audit found.
pub const SIGN_AUDIT: &[u8] = b"congvan v1 audit signature\0";
/// Signature by an agency's key: that a certificate is its holder's.
pub const SIGN_CONSENT: &[u8] = b"congvan v1 certificate consent\0";

/// HPKE `info` of a wrapped content key (RFC 9180 §5.1).
pub const HPKE_INFO: &[u8] = b"congvan v1 content key";

/// Hashes `parts`, concatenated, under `context`.
pub fn hash(context: &'static str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}
