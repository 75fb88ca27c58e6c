//! What payloads say, and whether they have the form of their kind, seals included: one wrapped key for each reader, and a
//! body with its tag. It runs on all cores, so the signatures inside payloads are checked here too.

use congvan_core::document::Body;
use congvan_core::naming::NamingError;
use congvan_core::seal::Sealed;
use congvan_core::{
    CheckpointPayload, Content, Cosignature, Cover, DocumentPayload, Kind, LinkedEntry, Roster, StatusPayload, Wire,
    WitnessPayload,
};

/// Bytes of the tag behind a sealed body.
const TAG: usize = 16;

/// What the auditor goes on with of a payload.
#[derive(Debug)]
pub(super) enum Said {
    /// A document's open part.
    Document(Cover),
    /// A checkpoint, and what is wrong with it apart from its root.
    Checkpoint(CheckpointPayload, Result<(), String>),
    /// Cosignatures, and what is wrong with each.
    Witness(Vec<(Cosignature, Result<(), String>)>),
    /// Nothing.
    Other,
}

/// Reads an entry's payload.
///
/// # Errors
/// Why it has not the form of its kind.
pub(super) fn read(roster: &Roster, entry: &LinkedEntry) -> Result<Said, String> {
    let Some(payload) = entry.payload() else { return Ok(Said::Other) };
    let malformed = |error: congvan_core::CodecError| error.to_string();
    match entry.header().kind {
        Kind::DOCUMENT => {
            let document = DocumentPayload::from_bytes(payload).map_err(malformed)?;
            match &document.body {
                Body::Sealed(sealed) => seal(sealed, document.cover.addressees.len() + 1)?,
                Body::Public(content) => drop(Content::from_bytes(content).map_err(malformed)?),
            }
            if !document.names_its_addressees() {
                return Err(NamingError::OtherAddressees.to_string());
            }
            Ok(Said::Document(document.cover))
        }
        Kind::STATUS => {
            seal(&StatusPayload::from_bytes(payload).map_err(malformed)?.body, 2)?;
            Ok(Said::Other)
        }
        Kind::CHECKPOINT => {
            let signed = CheckpointPayload::from_bytes(payload).map_err(malformed)?;
            Ok(Said::Checkpoint(signed, checkpoint(roster, entry, &signed)))
        }
        Kind::WITNESS => {
            let WitnessPayload { seen } = WitnessPayload::from_bytes(payload).map_err(malformed)?;
            Ok(Said::Witness(seen.iter().map(|seen| (*seen, cosignature(roster, entry, seen))).collect()))
        }
        _ => Ok(Said::Other),
    }
}

fn seal(sealed: &Sealed, readers: usize) -> Result<(), String> {
    match (sealed.wraps.len(), sealed.body.len()) {
        (wraps, _) if wraps != readers => {
            Err(format!("it is sealed for {wraps} readers, and {readers} are due: its addressees and its author"))
        }
        (_, len) if len < TAG => Err(format!("its sealed body has {len} bytes; a tag alone has {TAG}")),
        _ => Ok(()),
    }
}

/// Everything about a checkpoint but its root, which only the chain so far can tell.
fn checkpoint(roster: &Roster, entry: &LinkedEntry, signed: &CheckpointPayload) -> Result<(), String> {
    let Some(agency) = roster.agency(entry.header().chain) else { return Ok(()) };
    let said = Some(signed.checkpoint.root);
    let judged = signed.judge(roster.network(), &agency.code, entry.seq(), entry.signer(), said);
    judged.map_err(|refusal| format!("its checkpoint: {refusal}"))
}

/// A witness' own signature.
fn cosignature(roster: &Roster, entry: &LinkedEntry, seen: &Cosignature) -> Result<(), String> {
    let agency =
        roster.agency(seen.chain).ok_or("it cosigned a checkpoint of a chain that the roster does not know")?;
    let holds = seen.verify(roster.network(), &agency.code, entry.signer());
    holds.map_err(|_| format!("its cosignature of a checkpoint of {} does not hold", agency.code))
}
