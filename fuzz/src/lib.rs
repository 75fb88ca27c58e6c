//! Every decoder of the workspace as a function of bytes that must not panic, and that holds laws.
//!
//! `fuzz_targets/` makes a cargo-fuzz binary of each; `tests/replay.rs` runs every file of `corpus/`
//! through its target in an ordinary `cargo test`. New targets go into [`TARGETS`].
//!
//! ```
//! // Targets take any bytes; a law that breaks is a panic.
//! for (_, target) in congvan_fuzz::TARGETS {
//!     target(b"any bytes");
//! }
//! ```

#![forbid(unsafe_code)]

mod api;
mod certificates;
mod chain;
mod files;
mod packets;
mod vxp;

pub use api::{api_draft, api_headers};
pub use certificates::certificate;
pub use chain::chain_extend;
pub use files::{archive, blob_chunk, bundle, key_file, proof};
pub use packets::{attachment, base64, packet, skeleton, status_packet};
pub use vxp::{vxp_headers, vxp_moment};

use congvan_core::enrol::{EnrolRequest, EnrolResponse};
use congvan_core::invitation::InvitationCode;
use congvan_core::roster::{Motion, Proposal, RosterPayload};
use congvan_core::status::StatusContent;
use congvan_core::*;
use congvan_sync::{Announcement, Request, Response};

/// A function of any bytes that must not panic.
pub type Target = fn(&[u8]);

/// Every target by the name of its binary and of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("action", action),
    ("admission", admission),
    ("announcement", announcement),
    ("api_draft", api_draft),
    ("api_headers", api_headers),
    ("archive", archive),
    ("attachment", attachment),
    ("base64", base64),
    ("blob_chunk", blob_chunk),
    ("bundle", bundle),
    ("certificate", certificate),
    ("chain_extend", chain_extend),
    ("checkpoint", checkpoint),
    ("content", content),
    ("document", document),
    ("enrol_request", enrol_request),
    ("enrol_response", enrol_response),
    ("entry", entry),
    ("erasure", erasure),
    ("genesis", genesis),
    ("header", header),
    ("invitation_code", invitation_code),
    ("key_file", key_file),
    ("packet", packet),
    ("procedure", procedure),
    ("proof", proof),
    ("request", request),
    ("response", response),
    ("roster_payload", roster_payload),
    ("skeleton", skeleton),
    ("status", status),
    ("status_content", status_content),
    ("status_packet", status_packet),
    ("vxp_headers", vxp_headers),
    ("vxp_moment", vxp_moment),
];

/// What decodes encodes to the same bytes, and has no second encoding that is longer by a byte.
pub(crate) fn law<T: Wire>(bytes: &[u8]) -> Option<T> {
    let value = T::from_bytes(bytes).ok()?;
    assert_eq!(value.to_bytes(), bytes, "{} has two encodings", T::NAME);
    assert!(T::from_bytes(&[bytes, &[0]].concat()).is_err(), "{} takes a byte too many", T::NAME);
    Some(value)
}

/// An entry: header, signature, payload.
pub fn entry(bytes: &[u8]) {
    let Ok(entry) = UnverifiedEntry::parse(bytes) else { return };
    assert_eq!(entry.bytes(), bytes);
    let erased = UnverifiedEntry::parse(entry.signed_bytes());
    assert!(entry.payload().is_none() || erased.is_ok_and(|erased| erased.id() == entry.id()));
    if let Ok(key) = entry.check_own_signature() {
        assert_eq!(key.id(), entry.header().signer);
    }
}

/// A header.
pub fn header(bytes: &[u8]) {
    if law::<Header>(bytes).is_some() {
        assert_eq!(bytes.len(), congvan_core::entry::HEADER_LEN);
    }
}

/// A genesis.
pub fn genesis(bytes: &[u8]) {
    law::<Genesis>(bytes);
    if let Ok(genesis) = Genesis::parse(bytes) {
        let (registrars, threshold) = (genesis.registrars.len(), usize::from(genesis.threshold));
        assert!((1..=registrars).contains(&threshold));
        assert_eq!(Roster::new(genesis.clone()).network(), genesis.network_id());
    }
}

/// An enrolment request.
pub fn admission(bytes: &[u8]) {
    let Some(admission) = law::<Admission>(bytes) else { return };
    let network = NetworkId::from_bytes([7; 32]);
    let chain = ChainId::of_agency(network, &admission.code);
    let _ = admission.keys.check_possession(network, chain, &admission.possession);
}

/// An action of the registrars.
pub fn action(bytes: &[u8]) {
    law::<RosterAction>(bytes);
    law::<Proposal>(bytes);
    if let Some(motion) = law::<Motion>(bytes) {
        assert!(motion.approvals.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

/// A roster entry's payload.
pub fn roster_payload(bytes: &[u8]) {
    if let Some(payload) = law::<RosterPayload>(bytes) {
        assert!(payload.approvals.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

/// A document's payload, and its opening by somebody that it is not for.
pub fn document(bytes: &[u8]) {
    let Some(document) = law::<DocumentPayload>(bytes) else { return };
    assert!(document.cover.addressees.windows(2).all(|pair| pair[0] < pair[1]));
    if let (Some(code), Some(naming)) = (document.cover.addressees.last(), document.naming) {
        match NamedTo::prove(bytes, code) {
            Ok(named) => {
                assert!(document.names_its_addressees() && named.tail.roll == naming.roll);
                assert_eq!(named.tail.check(Header::digest(bytes), bytes.len() as u32), Ok(()));
            }
            Err(_) => assert!(!document.names_its_addressees()),
        }
    }
    let network = NetworkId::from_bytes([7; 32]);
    let code = document.cover.addressees.first().cloned();
    let secret = SealSecret::from_bytes([9; 32]);
    if let Some(code) = code {
        let _ = document.open(network, ChainId::of_roster(network), &code, &secret);
    }
}

/// What a document's readers read.
pub fn content(bytes: &[u8]) {
    law::<Content>(bytes);
}

/// A status' payload.
pub fn status(bytes: &[u8]) {
    let Some(status) = law::<StatusPayload>(bytes) else { return };
    let network = NetworkId::from_bytes([7; 32]);
    assert!(status.open(network, ChainId::of_roster(network), &SealSecret::from_bytes([9; 32])).is_err());
}

/// What a status' readers read.
pub fn status_content(bytes: &[u8]) {
    law::<StatusContent>(bytes);
}

/// Checkpoints, cosignatures, and proofs that claim anything.
pub fn checkpoint(bytes: &[u8]) {
    law::<WitnessPayload>(bytes);
    if let Some(signed) = law::<CheckpointPayload>(bytes)
        && let Ok(code) = AgencyCode::new("H55")
    {
        let text = signed.checkpoint.text(NetworkId::from_bytes([1; 32]), &code);
        assert_eq!(text.lines().count(), 3);
    }
    let (numbers, hashes) = bytes.split_at(bytes.len().min(16));
    let number = |part: &[u8]| part.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    let (a, b) = (number(&numbers[..numbers.len() / 2]), number(&numbers[numbers.len() / 2..]));
    let proof: Vec<_> = hashes.as_chunks().0.iter().map(|hash| TreeHash::from_bytes(*hash)).collect();
    let some = merkle::empty_root();
    let _ = merkle::check_inclusion(&proof, a, b, some, some);
    let _ = merkle::check_consistency(&proof, (a, some), (b, some));
}

/// An erasure, at any place of a chain.
pub fn erasure(bytes: &[u8]) {
    let Some(erasure) = law::<Erasure>(bytes) else { return };
    assert_eq!(Erasure::of(Kind::ERASE, Some(bytes)), Some(erasure.clone()));
    assert!(!erasure.is_complete() || !erasure.entries.is_empty());
}

/// A change of the catalogue of procedures.
pub fn procedure(bytes: &[u8]) {
    use congvan_core::catalogue::{Catalogue, ProcedureField, differences};
    let Some(payload) = law::<ProcedurePayload>(bytes) else { return };
    let change = payload.into_change();
    if let Some(procedure) = change.procedure() {
        assert!(differences(procedure, procedure).is_empty());
        ProcedureField::ALL.iter().for_each(|field| drop(procedure.value(*field).to_string()));
    }
    let (may, act) = (Rights::PUBLISH, change.act());
    let mut catalogue = Catalogue::default();
    let before = catalogue.life(change.code());
    assert_eq!(catalogue.apply(Seq::FIRST, may, change), before.after(act, may));
}

/// A peer's request.
pub fn request(bytes: &[u8]) {
    law::<Request>(bytes);
}

/// A peer's response.
pub fn response(bytes: &[u8]) {
    if let Some(Response::Range(entries)) = law::<Response>(bytes) {
        entries.iter().for_each(|bytes| entry(bytes));
    }
}

/// What an invited agency says.
pub fn enrol_request(bytes: &[u8]) {
    if let Some(EnrolRequest::Admit { admission: asked, .. }) = law::<EnrolRequest>(bytes) {
        admission(&asked.to_bytes());
    }
}

/// What a registrar's desk answers.
pub fn enrol_response(bytes: &[u8]) {
    match law::<EnrolResponse>(bytes) {
        Some(EnrolResponse::Offer(offer)) => genesis(&offer.genesis.to_bytes()),
        Some(EnrolResponse::Roster { entries, .. }) => entries.iter().for_each(|bytes| entry(bytes)),
        _ => {}
    }
}

/// A code as somebody types it.
pub fn invitation_code(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(code) = text.parse::<InvitationCode>() {
        assert_eq!(code.expose().parse(), Ok(code));
    }
}

/// Gossip.
pub fn announcement(bytes: &[u8]) {
    match law::<Announcement>(bytes) {
        Some(Announcement::Entry(signed)) => entry(&signed),
        Some(Announcement::Proof(raw)) => proof(&raw.to_bytes()),
        None => {}
    }
}
