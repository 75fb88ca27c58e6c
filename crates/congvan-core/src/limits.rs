//! The bounds that are part of the contract (DESIGN §6). Lengths are in bytes unless said otherwise.

/// Header and payload of one entry together.
pub const MAX_ENTRY: usize = 256 * 1024;
/// One attachment, as plain bytes.
pub const MAX_ATTACHMENT: u64 = 2 * 1024 * 1024 * 1024;
/// Addressees of one document.
pub const MAX_ADDRESSEES: usize = 2_000;
/// Attachments of one document.
pub const MAX_ATTACHMENTS: usize = 64;
/// Blobs of one document: its attachments, and its packet where that is large.
pub const MAX_BLOBS: usize = MAX_ATTACHMENTS + 1;
/// Documents that one document answers.
pub const MAX_REFERENCES: usize = 64;
/// An agency's code.
pub const MAX_CODE: usize = 64;
/// Names of agencies, networks, files and people.
pub const MAX_NAME: usize = 512;
/// A subject.
pub const MAX_SUBJECT: usize = 4_096;
/// An abstract, or the note of a status.
pub const MAX_SUMMARY: usize = 16_384;
/// Any other short field of an envelope.
pub const MAX_FIELD: usize = 512;
/// A packet's skeleton kept inside the envelope; a larger one becomes a blob.
pub const MAX_INLINE_PACKET: usize = 32 * 1024;
/// Registrars of a network.
pub const MAX_REGISTRARS: usize = 64;
/// A change of the roster.
pub const MAX_ACTION: usize = 32 * 1024;
/// One X.509 certificate in DER.
pub const MAX_CERTIFICATE: usize = 4_096;
/// Certificates that lead from an agency's to its authority's.
pub const MAX_CERTIFICATES: usize = 6;
/// A signature by a certificate's key.
pub const MAX_CERTIFICATE_PROOF: usize = 1_024;
/// Witnesses that a network's policy names.
pub const MAX_WITNESSES: usize = 64;
/// Cosignatures in one entry.
pub const MAX_COSIGNATURES: usize = 1_000;
/// Entries that one erasure names.
pub const MAX_ERASED: usize = 500;
/// Rules in a policy of retention.
pub const MAX_RETENTION_RULES: usize = 32;
/// Years in a rule of retention.
pub const MAX_RETENTION_YEARS: u16 = 200;
/// Nodes of one agency.
pub const MAX_NODES: usize = 16;
/// Times that a chain may rotate its keys by its own hand; the registrar may give it new ones beyond.
pub const MAX_ROTATIONS: usize = 1_024;
/// An administrative procedure's code.
pub const MAX_PROCEDURE_CODE: usize = 64;
/// A web address.
pub const MAX_URL: usize = 2_048;
/// Laws and decisions that a procedure stands on.
pub const MAX_LEGAL_BASES: usize = 128;
/// Steps of a procedure.
pub const MAX_STEPS: usize = 128;
/// Kinds of people and organisations that may ask for a procedure.
pub const MAX_APPLICANTS: usize = 32;
/// Ways to pay for a procedure.
pub const MAX_CHANNELS: usize = 16;
/// Forms of a procedure.
pub const MAX_FORMS: usize = 64;
/// One form: less than an attachment, for every node keeps every form.
pub const MAX_FORM: u64 = 32 * 1024 * 1024;
/// Milliseconds that an author's clock may be off before it is flagged where the entry is shown.
pub const CLOCK_TOLERANCE_MS: u64 = 10 * 60 * 1000;
/// Memory that decoding any value may claim, whatever lengths it states.
pub const MAX_DECODE: usize = 4 * 1024 * 1024;
