//! A proof bundle: a document under a checkpoint, with its content's key, and a status about it.

use congvan_core::archive::file_of;
use congvan_core::bundle::{Cover, Frame, ProvenEntry, Word};
use congvan_core::merkle::{self, Leaves};
use congvan_core::{
    Bounded, Bytes, Checkpoint, CheckpointPayload, Cosignature, Kind, Seq, VerifiedEntry, entry::MAX_ENTRY_BYTES,
};
use serde_json::{Value, json};

use super::valid::hex;
use super::world::World;

fn bytes(entry: &VerifiedEntry) -> Bytes<MAX_ENTRY_BYTES> {
    Bounded::new(entry.bytes().to_vec()).unwrap()
}

pub(crate) fn bundles(world: &World) -> Value {
    let code = &world.codes[0];
    let ids: Vec<_> = world.entries.iter().map(VerifiedEntry::id).collect();
    let size = ids.len() as u64;
    let document = &world.entries[1];
    let (at, size) = (Seq::new(size + 1).unwrap(), Seq::new(size).unwrap());
    let checkpoint = Checkpoint { size, root: merkle::root(&Leaves(&ids), size.get()).unwrap() };
    let signed = CheckpointPayload::sign(checkpoint, world.network, code, &world.rotated.sign);
    let seconds = 1_767_232_800;
    let seen = Cosignature::sign(world.network, code, at, signed, seconds, &world.replaced.sign);
    let cover = Cover {
        at,
        signed,
        inclusion: merkle::inclusion_proof(&Leaves(&ids), document.seq().get() - 1, size.get()).unwrap(),
        continued: None,
        pins: Bounded::default(),
        witnesses: Bounded::new(vec![Word { witness: world.chains[1], seconds, signature: seen.signature }]).unwrap(),
    };
    let mut frames = vec![Frame::Genesis(world.genesis.clone())];
    frames.extend(world.changes.iter().map(|change| Frame::Roster(bytes(change.entry()))));
    let rotations = world.entries.iter().filter(|entry| entry.header().kind == Kind::ROTATION);
    frames.extend(rotations.map(|entry| Frame::Rotation(bytes(entry))));
    let content_key = Some(world.content_key);
    frames.push(Frame::Entry(ProvenEntry { entry: bytes(document), content_key, cover: Some(cover) }));
    frames.push(Frame::Entry(ProvenEntry { entry: bytes(&world.status), content_key: None, cover: None }));
    json!({
        "network": hex(world.network.as_bytes()),
        "bundle": hex(file_of(&frames)),
        "document": {
            "agency": code.as_str(),
            "number": document.seq().get(),
            "id": hex(document.id().as_bytes()),
            "covered_by": size.get(),
        },
        "said": [{ "agency": world.codes[1].as_str(), "id": hex(world.status.id().as_bytes()), "status": "03" }],
    })
}
