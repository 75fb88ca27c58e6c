//! The machine-readable reasons, as `docs/format.md` lists them.

use congvan_core::archive::ArchiveError;
use congvan_core::blob::BlobError;
use congvan_core::chain::Fault;
use congvan_core::evidence::ProofError;
use congvan_core::keyfile::KeyFileError;
use congvan_core::keys::KeyError;
use congvan_core::seal::SealError;
use congvan_core::{CodecError, EntryError, RosterError};

pub(crate) fn key(error: KeyError) -> &'static str {
    match error {
        KeyError::NotAPoint => "not-a-point",
        KeyError::NotCanonical => "non-canonical-key",
        KeyError::Weak => "weak-key",
        KeyError::BadSignature => "bad-signature",
        _ => "other",
    }
}

pub(crate) fn codec(error: &CodecError) -> &'static str {
    match error {
        CodecError::TooLong { .. } => "too-long",
        CodecError::Malformed { .. } => "malformed",
        CodecError::Trailing { .. } => "trailing",
        CodecError::NotCanonical { .. } => "not-canonical",
        _ => "other",
    }
}

pub(crate) fn entry(error: &EntryError) -> &'static str {
    match error {
        EntryError::TooShort(_) => "too-short",
        EntryError::TooLong(_) => "too-long",
        EntryError::Header(_) => "header",
        EntryError::Version(_) => "version",
        EntryError::PayloadLength { .. } => "payload-length",
        EntryError::PayloadDigest => "payload-digest",
        EntryError::PayloadTooLong(_) => "payload-too-long",
        _ => "other",
    }
}

pub(crate) fn fault(fault: &Fault) -> &'static str {
    match fault {
        Fault::Network => "network",
        Fault::Chain => "chain",
        Fault::Number(_) => "number",
        Fault::Link => "link",
        Fault::Signer => "signer",
        Fault::Signature => "signature",
        Fault::NoKey => "no-key",
        Fault::Limit(_) => "limit",
        Fault::Pinned => "pinned",
        Fault::ControlErased => "control-erased",
        Fault::Control(_) => "control",
        Fault::UnknownControl(_) => "unknown-control",
        _ => "other",
    }
}

pub(crate) fn roster(error: &RosterError) -> &'static str {
    match error {
        RosterError::Place { .. } => "place",
        RosterError::Payload { .. } => "payload",
        RosterError::Signature { .. } => "signature",
        RosterError::NotARegistrar(_) => "not-a-registrar",
        RosterError::TooFew { .. } => "too-few",
        RosterError::Action(_) => "action",
        _ => "other",
    }
}

pub(crate) fn proof(error: &ProofError) -> &'static str {
    match error {
        ProofError::Codec(error) => codec(error),
        ProofError::Entry(error) => entry(error),
        ProofError::Same => "same",
        ProofError::NotRivals => "not-rivals",
        ProofError::Order => "order",
        ProofError::Signature(_) => "signature",
        _ => "other",
    }
}

pub(crate) fn blob(error: &BlobError) -> &'static str {
    match error {
        BlobError::NoSuchChunk(_) => "no-such-chunk",
        BlobError::ChunkLength { .. } => "chunk-length",
        BlobError::NotInBlob(_) => "not-in-blob",
        BlobError::TooLong => "too-long",
        _ => "other",
    }
}

pub(crate) fn seal(error: SealError) -> &'static str {
    match error {
        SealError::NotForUs => "not-for-us",
        SealError::Damaged => "damaged",
        _ => "other",
    }
}

pub(crate) fn keyfile(error: &KeyFileError) -> &'static str {
    match error {
        KeyFileError::Malformed(_) => "malformed",
        KeyFileError::NeedsPassphrase => "needs-passphrase",
        KeyFileError::WrongPassphrase => "wrong-passphrase",
        KeyFileError::TooMuchWork(_) => "too-much-work",
        _ => "other",
    }
}

pub(crate) fn archive(error: &ArchiveError) -> &'static str {
    match error {
        ArchiveError::NotAnArchive => "not-an-archive",
        ArchiveError::FrameTooLong(..) => "frame-too-long",
        ArchiveError::Truncated => "truncated",
        ArchiveError::Checksum => "checksum",
        ArchiveError::Trailing => "trailing",
        ArchiveError::Codec(_) => "frame",
        _ => "other",
    }
}
