//! Trees, their proofs, a checkpoint and its witness.

use congvan_core::merkle::{self, Leaves, TreeHash};
use congvan_core::{
    Bounded, Checkpoint, CheckpointPayload, Cosignature, EntryId, RosterAction, Seq, Sorted, Wire, WitnessPayload,
    WitnessPolicy, note,
};
use serde_json::{Value, json};

use super::valid::hex;
use super::world::World;

fn hashes(hashes: &[TreeHash]) -> Vec<String> {
    hashes.iter().map(|hash| hex(hash.as_bytes())).collect()
}

/// Sizes around every change of a tree's shape.
const SIZES: [u64; 10] = [0, 1, 2, 3, 4, 5, 7, 8, 13, 300];

/// Ids for a tree: 32 bytes that follow from the index.
fn entry_ids(n: u64) -> Vec<EntryId> {
    (0..n)
        .map(|n| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&n.to_le_bytes());
            EntryId::from_bytes(bytes)
        })
        .collect()
}

pub(crate) fn checkpoints(world: &World) -> Value {
    let all = entry_ids(300);
    let tree = Leaves(&all);
    let root = |size: u64| merkle::root(&tree, size).unwrap();
    let roots = SIZES.map(|size| json!({ "size": size, "root": hex(root(size).as_bytes()) }));
    let inclusion = [(0, 1), (0, 2), (6, 7), (2, 13), (12, 13), (255, 300), (299, 300)].map(|(index, size)| {
        let proof = merkle::inclusion_proof(&tree, index, size).unwrap();
        json!({ "index": index, "size": size, "proof": hashes(&proof) })
    });
    let consistency =
        [(0, 5), (1, 2), (3, 7), (4, 8), (6, 6), (5, 13), (256, 300), (299, 300)].map(|(before, after)| {
            let proof = merkle::consistency_proof(&tree, before, after).unwrap();
            json!({ "before": before, "after": after, "proof": hashes(&proof) })
        });

    let (code, key) = (&world.codes[0], &world.secrets[0].sign);
    let ids: Vec<_> = world.entries.iter().take(3).map(|entry| entry.id()).collect();
    let checkpoint = Checkpoint { size: Seq::new(3).unwrap(), root: merkle::root(&Leaves(&ids), 3).unwrap() };
    let signed = CheckpointPayload::sign(checkpoint, world.network, code, key);
    let witness = &world.secrets[1].sign;
    let seconds = 1_767_229_200;
    let seen = Cosignature::sign(world.network, code, Seq::new(4).unwrap(), signed, seconds, witness);
    let names = [code, &world.codes[1]].map(|code| note::name(world.network, code));
    let keys = [key, witness].map(|key| key.public().id());
    let note = signed.note(world.network, code, &keys[0]).cosigned(&names[1], &keys[1], seconds, &seen.signature);
    let policy = WitnessPolicy { witnesses: Sorted::from_unsorted(vec![world.chains[1]]).unwrap(), threshold: 1 };
    json!({
        "roots": roots,
        "inclusion": inclusion,
        "consistency": consistency,
        "checkpoint": {
            "network": hex(world.network.as_bytes()),
            "agency": code.as_str(),
            "entries": ids.iter().map(|id| hex(id.as_bytes())).collect::<Vec<_>>(),
            "key": hex(keys[0].as_bytes()),
            "text": checkpoint.text(world.network, code),
            "payload": hex(signed.to_bytes()),
            "log_key": note::log_key(&names[0], &keys[0]),
        },
        "witness": {
            "agency": world.codes[1].as_str(),
            "key": hex(keys[1].as_bytes()),
            "seconds": seconds,
            "payload": hex(WitnessPayload { seen: Bounded::new(vec![seen]).unwrap() }.to_bytes()),
            "witness_key": note::witness_key(&names[1], &keys[1]),
        },
        "note": note.as_str(),
        "action": hex(RosterAction::Witnesses(policy).to_bytes()),
    })
}
