//! Documents that name their addressees one by one, and what shows one of them alone.

use congvan_core::archive::file_of;
use congvan_core::bundle::{Cover as Covered, Frame, ProvenEntry};
use congvan_core::merkle::{self, Leaves};
use congvan_core::seal::ContentKey;
use congvan_core::*;
use serde_json::{Value, json};

use super::valid::hex;
use super::world::{World, time};

fn cover(addressees: Vec<AgencyCode>) -> Cover {
    Cover { addressees: Sorted::from_unsorted(addressees).unwrap(), ..Cover::default() }
}

fn envelope() -> Envelope {
    Envelope { subject: Text::new("Giấy mời họp").unwrap(), ..Envelope::default() }
}

/// By the second agency, to the two others.
fn sealed(world: &World) -> DocumentPayload {
    let [first, own, third] = [0, 1, 2].map(|at: usize| world.secrets[at].public().seal);
    let cover = cover(vec![world.codes[0].clone(), world.codes[2].clone()]);
    let key = ContentKey::generate(&mut rng::from_seed(34));
    let mut rng = rng::from_seed(35);
    let (network, chain) = (world.network, world.chains[1]);
    DocumentPayload::seal(network, chain, cover, &[first, third], own, envelope(), &key, &mut rng).unwrap()
}

fn public(addressees: usize) -> DocumentPayload {
    let codes = (1..=addressees).map(|n| AgencyCode::new(format!("000.00.{n:02}.H55")).unwrap()).collect();
    DocumentPayload::public(cover(codes), envelope(), &mut rng::from_seed(36)).unwrap()
}

/// Payloads to refuse: what stands between body and end, the end, and a payload that has an end and must not.
pub(crate) fn malformed(world: &World) -> Vec<Value> {
    let good = sealed(world).to_bytes();
    let end = good.len() - naming::END;
    let changed = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let more = |zeros: usize| [&good[..end], &vec![0; zeros], &good[end..]].concat();
    let mut poses = vec![0; naming::PIECE - 16 - 8 - 4 - 8];
    poses.extend_from_slice(&good[end..]);
    let body = Bounded::new(poses).unwrap();
    let poses = DocumentPayload { cover: Cover::default(), body: Body::Public(body), naming: None };
    let cases = [
        ("a byte that is not zero before the addressees' root", changed(end - 1)),
        ("another context before the addressees' root", changed(end)),
        ("a zero more than are due before the addressees' root", more(1)),
        ("a piece of zeros more than are due", more(naming::PIECE)),
        ("a document that names nobody and ends as if it did", poses.to_bytes()),
    ];
    let case = |(name, bytes): (&str, Vec<u8>)| json!({ "name": name, "type": "document", "hex": hex(bytes), "reason": "malformed" });
    cases.into_iter().map(case).collect()
}

/// One document, and each of its addressees alone.
fn document(name: &str, document: &DocumentPayload) -> Value {
    let payload = document.to_bytes();
    let Naming { salt, roll } = document.naming.unwrap();
    let named = document.cover.addressees.iter().map(|code| {
        let NamedTo { blind, index, inclusion, tail, .. } = NamedTo::prove(&payload, code).unwrap();
        json!({
            "code": code.as_str(), "blind": hex(blind), "index": index,
            "inclusion": inclusion.iter().map(|hash| hex(hash.as_bytes())).collect::<Vec<_>>(),
            "left": tail.left.iter().map(hex).collect::<Vec<_>>(),
        })
    });
    json!({
        "name": name, "payload": hex(&payload), "digest": hex(Header::digest(&payload).as_bytes()),
        "salt": hex(salt), "count": roll.count, "root": hex(roll.root.as_bytes()), "named": named.collect::<Vec<_>>(),
    })
}

pub(crate) fn naming(world: &World) -> Value {
    let sealed = sealed(world);
    let mut other = sealed.clone();
    other.naming = Some(Naming::new(other.naming.unwrap().salt, &world.codes[1..2]));
    json!({
        "documents": [
            document("sealed, to two", &sealed),
            document("public, to one", &public(1)),
            document("public, to sixty: the cover alone is longer than a piece", &public(60)),
        ],
        "names_others_than_its_cover": hex(other.to_bytes()),
        "bundle": bundle(world, &sealed),
    })
}

/// A bundle about the sealed document: that it is to the third agency, and nothing else of it.
fn bundle(world: &World, sealed: &DocumentPayload) -> Value {
    let (network, chain, code) = (world.network, world.chains[1], &world.codes[2]);
    let policy = world.roster.policy(chain).unwrap();
    let mut state = ChainState::new(chain);
    let status = UnverifiedEntry::parse(world.status.bytes()).unwrap();
    state.extend(network, &policy, vec![status]).unwrap();
    let draft = Draft { kind: Kind::DOCUMENT, time: time(201), payload: sealed.to_bytes() };
    let entry = state.append(network, &policy, draft, &world.replaced).unwrap();
    let ids = [world.status.id(), entry.id()];
    let prove = |index| merkle::inclusion_proof(&Leaves(&ids), index, 2).unwrap();
    let (size, at) = (Seq::new(2).unwrap(), Seq::new(3).unwrap());
    let checkpoint = Checkpoint { size, root: merkle::root(&Leaves(&ids), 2).unwrap() };
    let cover = Covered {
        at,
        signed: CheckpointPayload::sign(checkpoint, network, &world.codes[1], &world.replaced.sign),
        inclusion: prove(1),
        continued: None,
        // The registrars named the status.
        pins: Bounded::new(vec![prove(0)]).unwrap(),
        witnesses: Bounded::default(),
    };
    let mut frames = vec![Frame::Genesis(world.genesis.clone())];
    let roster = world.changes.iter().map(|change| Bounded::new(change.entry().bytes().to_vec()).unwrap());
    frames.extend(roster.map(Frame::Roster));
    let bytes = Bounded::new(entry.signed_bytes().to_vec()).unwrap();
    frames.push(Frame::Entry(ProvenEntry { entry: bytes, content_key: None, cover: Some(cover) }));
    frames.push(Frame::Named(NamedTo::prove(entry.payload().unwrap(), code).unwrap()));
    json!({
        "network": hex(network.as_bytes()),
        "hex": hex(file_of(&frames)),
        "document": hex(entry.id().as_bytes()),
        "named": code.as_str(),
        "of": 2,
    })
}
