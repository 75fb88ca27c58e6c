//! Whether payloads have the form of their kind, seals included: one wrapped key for each reader, and a body with its tag.

use congvan_core::document::Body;
use congvan_core::seal::Sealed;
use congvan_core::{CheckpointPayload, Content, DocumentPayload, Kind, StatusPayload, Wire, WitnessPayload};

/// Bytes of the tag behind a sealed body.
const TAG: usize = 16;

/// Why a payload is not of its kind's form; `None` for one that is, and for kinds that have no form.
pub(super) fn fault(kind: Kind, payload: &[u8]) -> Option<String> {
    match kind {
        Kind::DOCUMENT => match DocumentPayload::from_bytes(payload) {
            Ok(DocumentPayload { cover, body: Body::Sealed(sealed) }) => seal(&sealed, cover.addressees.len() + 1),
            Ok(DocumentPayload { body: Body::Public(content), .. }) => {
                Content::from_bytes(&content).err().map(|e| e.to_string())
            }
            Err(error) => Some(error.to_string()),
        },
        Kind::STATUS => match StatusPayload::from_bytes(payload) {
            Ok(status) => seal(&status.body, 2),
            Err(error) => Some(error.to_string()),
        },
        Kind::CHECKPOINT => CheckpointPayload::from_bytes(payload).err().map(|error| error.to_string()),
        Kind::WITNESS => WitnessPayload::from_bytes(payload).err().map(|error| error.to_string()),
        _ => None,
    }
}

fn seal(sealed: &Sealed, readers: usize) -> Option<String> {
    match (sealed.wraps.len(), sealed.body.len()) {
        (wraps, _) if wraps != readers => {
            Some(format!("it is sealed for {wraps} readers, and {readers} are due: its addressees and its author"))
        }
        (_, len) if len < TAG => Some(format!("its sealed body has {len} bytes; a tag alone has {TAG}")),
        _ => None,
    }
}
