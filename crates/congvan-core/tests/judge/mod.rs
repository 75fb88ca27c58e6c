//! Judges one invalid case of `docs/vectors/invalid.json` and names why it is refused.

pub(crate) mod names;

use congvan_core::archive::{ArchiveError, Checksum, Frame, MAGIC, MAX_FRAME};
use congvan_core::blob::{BlobRef, verify_chunk};
use congvan_core::document::DocumentError;
use congvan_core::roster::RosterPayload;
use congvan_core::*;
use serde_json::Value;

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).unwrap()
}

pub(crate) fn id(value: &Value) -> [u8; 32] {
    bytes(value).try_into().unwrap()
}

pub(crate) fn decode(case: &Value) -> &'static str {
    fn of<T>(result: Result<T, CodecError>) -> &'static str {
        result.map_or_else(|e| names::codec(&e), |_| "valid")
    }
    let bytes = bytes(&case["hex"]);
    match text(&case["type"]) {
        "genesis" => of(Genesis::parse(&bytes)),
        "document" => of(DocumentPayload::from_bytes(&bytes)),
        "roster payload" => of(RosterPayload::from_bytes(&bytes)),
        "status" => of(StatusPayload::from_bytes(&bytes)),
        "procedure change" => of(ProcedurePayload::from_bytes(&bytes)),
        "entry header" => of(Header::from_bytes(&bytes)),
        "archive frame" => of(Frame::from_bytes(&bytes)),
        other => panic!("an unknown type {other}"),
    }
}

/// Entries after the first `prefix` of chain.json; nothing of them may be accepted.
pub(crate) fn chain(case: &Value, file: &Value, roster: &Roster) -> &'static str {
    let chain = ChainId::from_bytes(id(&file["chain"]));
    let policy = roster.policy(chain).unwrap();
    let parse = |hex: &Value| UnverifiedEntry::parse(&bytes(hex)).unwrap();
    let prefix = case["prefix"].as_u64().unwrap() as usize;
    let genuine = file["entries"].as_array().unwrap()[..prefix].iter().map(|entry| parse(&entry["hex"])).collect();
    let mut state = ChainState::new(chain);
    state.extend(roster.network(), &policy, genuine).unwrap();
    let before = state.clone();
    let entries = case["entries"].as_array().unwrap().iter().map(parse).collect();
    let Err(error) = state.extend(roster.network(), &policy, entries) else { return "valid" };
    assert_eq!(state, before, "{}: a refused range changes nothing", case["name"]);
    assert_eq!(error.seq.get(), case["seq"].as_u64().unwrap(), "{}: {error}", case["name"]);
    names::fault(&error.fault)
}

/// An entry after the first `prefix` of roster.json.
pub(crate) fn roster(case: &Value, file: &Value) -> &'static str {
    let mut roster = Roster::new(Genesis::parse(&bytes(&file["genesis"])).unwrap());
    for entry in &file["entries"].as_array().unwrap()[..case["prefix"].as_u64().unwrap() as usize] {
        let entry = UnverifiedEntry::parse(&bytes(&entry["entry"]["hex"])).unwrap();
        let change = roster.check(entry).unwrap();
        roster.apply(&change).unwrap();
    }
    let entry = UnverifiedEntry::parse(&bytes(&case["hex"])).unwrap();
    roster.check(entry).map_or_else(|e| names::roster(&e), |_| "valid")
}

pub(crate) fn chunk(case: &Value) -> &'static str {
    let blob = BlobRef { id: BlobId::from_bytes(id(&case["id"])), len: case["len"].as_u64().unwrap() };
    let proof: Vec<_> = case["proof"].as_array().unwrap().iter().map(id).collect();
    let index = case["index"].as_u64().unwrap() as u32;
    verify_chunk(&blob, index, &bytes(&case["chunk"]), &proof).map_or_else(|e| names::blob(&e), |()| "valid")
}

pub(crate) fn seal(case: &Value) -> &'static str {
    let document = DocumentPayload::from_bytes(&bytes(&case["payload"])).unwrap();
    let network = NetworkId::from_bytes(id(&case["network"]));
    let chain = ChainId::from_bytes(id(&case["chain"]));
    let code = AgencyCode::new(text(&case["code"])).unwrap();
    match document.open(network, chain, &code, &SealSecret::from_bytes(id(&case["secret"]))) {
        Ok(_) => "valid",
        Err(DocumentError::Seal(error)) => names::seal(error),
        Err(other) => panic!("{}: {other}", case["name"]),
    }
}

/// The frames before the end frame of an exported ledger, read as the page says.
pub(crate) fn archive(file: &[u8]) -> Result<Vec<Frame>, ArchiveError> {
    let mut rest = file.strip_prefix(&MAGIC).ok_or(ArchiveError::NotAnArchive)?;
    let (mut checksum, mut frames) = (Checksum::default(), Vec::new());
    loop {
        let (len, after) = rest.split_first_chunk::<4>().ok_or(ArchiveError::Truncated)?;
        let len = u32::from_le_bytes(*len);
        if len as usize > MAX_FRAME {
            return Err(ArchiveError::FrameTooLong(len, MAX_FRAME));
        }
        let (bytes, after) = after.split_at_checked(len as usize).ok_or(ArchiveError::Truncated)?;
        let frame = Frame::from_bytes(bytes)?;
        match frame {
            Frame::End { .. } if frame != checksum.end() => return Err(ArchiveError::Checksum),
            Frame::End { .. } if !after.is_empty() => return Err(ArchiveError::Trailing),
            Frame::End { .. } => return Ok(frames),
            frame => frames.push(frame),
        }
        checksum.add(bytes);
        rest = after;
    }
}
