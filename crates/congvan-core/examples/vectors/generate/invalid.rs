//! What a verifier must refuse, and for which reason.

use congvan_core::archive::{Frame, MAGIC, file_of};
use congvan_core::chain::KeyRotation;
use congvan_core::entry::{HEADER_LEN, MAX_PAYLOAD, SIGNED_LEN};
use congvan_core::keyfile::{self, Keys};
use congvan_core::roster::{Proposal, RosterPayload};
use congvan_core::*;
use serde_json::{Value, json};

use super::valid::{hex, outline, pattern, proof};
use super::world::{World, signing, time};
use super::{naming, procedures};

pub(crate) fn cases(world: &World) -> Value {
    let decoded = [decode(world).as_array().unwrap().clone(), naming::malformed(world), procedures::refused()].concat();
    json!({
        "decode": decoded,
        "entry": entry(world),
        "chain": chain(world),
        "roster": roster(world),
        "proof": proofs(world),
        "chunk": chunks(),
        "seal": seals(world),
        "keyfile": keyfiles(),
        "archive": archives(world),
    })
}

/// `bytes` with one bit changed.
fn flip(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

fn with(bytes: &[u8], at: usize, new: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + new.len()].copy_from_slice(new);
    bytes
}

fn decode(world: &World) -> Value {
    let genesis = world.genesis.to_bytes();
    let name = genesis.len() - 16 - 2 - 8 - 3 * 32 - 8 - 8;
    let document = world.entries[1].payload().unwrap();
    let public = world.entries[4].payload().unwrap();
    let admit = world.changes[1].entry().payload().unwrap();
    let status = world.status.payload().unwrap();
    let header = &world.entries[0].bytes()[..HEADER_LEN];
    let mut unsorted = document[8 + 21..8 + 42].to_vec();
    unsorted.extend_from_slice(&document[8..8 + 21]);
    let twice = document[8..8 + 21].repeat(2);
    let identity = [&[1u8][..], &[0; 31]].concat();
    let registrars = name + 8 + 8 + 8;
    let long_name = [&513u64.to_le_bytes()[..], &[b'a'; 513], &genesis[name + 8..]].concat();
    let many = 2_001u64.to_le_bytes();
    let case = |name: &str, what: &str, bytes: Vec<u8>, reason: &str| json!({ "name": name, "type": what, "hex": hex(bytes), "reason": reason });
    let codes: Vec<u8> =
        (0..2_001).flat_map(|n| [&5u64.to_le_bytes()[..], format!("A{n:04}").as_bytes()].concat()).collect();
    json!([
        case("a byte behind the value", "genesis", [&genesis[..], &[0]].concat(), "trailing"),
        case("cut short", "genesis", genesis[..genesis.len() - 1].to_vec(), "malformed"),
        case("empty", "genesis", vec![], "malformed"),
        case("name longer than MAX_NAME", "genesis", long_name, "malformed"),
        case("name not UTF-8", "genesis", with(&genesis, 8, &[0xff]), "malformed"),
        case("a length beyond all bounds", "genesis", with(&genesis, 0, &u64::MAX.to_le_bytes()), "malformed"),
        case(
            "registrars not sorted",
            "genesis",
            with(
                &with(&genesis, registrars, &genesis[registrars + 32..registrars + 64]),
                registrars + 32,
                &genesis[registrars..registrars + 32]
            ),
            "malformed"
        ),
        case(
            "a registrar twice",
            "genesis",
            with(&genesis, registrars, &genesis[registrars + 32..registrars + 64]),
            "malformed"
        ),
        case("a weak registrar key", "genesis", with(&genesis, registrars, &identity), "malformed"),
        case("no registrar is needed", "genesis", with(&genesis, genesis.len() - 18, &[0, 0]), "malformed"),
        case(
            "more registrars needed than there are",
            "genesis",
            with(&genesis, genesis.len() - 18, &[4, 0]),
            "malformed"
        ),
        case("over the length of the type", "genesis", vec![0; 4_097], "too-long"),
        case("addressees not sorted", "document", with(document, 8, &unsorted), "malformed"),
        case("an addressee twice", "document", with(document, 8, &twice), "malformed"),
        case(
            "2,001 addressees",
            "document",
            [&many[..], &codes, &[0; 8], &1u32.to_le_bytes(), &[0; 8]].concat(),
            "malformed"
        ),
        case("an unknown kind of body", "document", with(public, 8 + 42 + 8 + 8, &[4]), "malformed"),
        case("an agency code with a space", "document", with(public, 16, b" "), "malformed"),
        case("an option byte of 2", "roster payload", with(admit, option_at(admit), &[2]), "malformed"),
        case("an unknown action", "roster payload", with(admit, 0, &[9]), "malformed"),
        case("a status that is none", "status", with(status, 72, &[9]), "malformed"),
        case(
            "a blob longer than MAX_BLOB",
            "document",
            [
                &0u64.to_le_bytes()[..],
                &1u64.to_le_bytes(),
                &[7; 32],
                &u64::MAX.to_le_bytes(),
                &1u32.to_le_bytes(),
                &[0; 8]
            ]
            .concat(),
            "malformed"
        ),
        case("number zero", "entry header", with(header, 65, &[0; 8]), "malformed"),
        case("an unknown frame", "archive frame", vec![5, 0, 0, 0], "malformed"),
    ])
}

/// Where the option byte of an admission's parent stands: number of the action, code, name.
fn option_at(admit: &[u8]) -> usize {
    let len = |at: usize| u64::from_le_bytes(admit[at..at + 8].try_into().unwrap()) as usize;
    let name = 4 + 8 + len(4);
    name + 8 + len(name)
}

fn entry(world: &World) -> Value {
    let bytes = world.entries[0].bytes();
    let erased = &bytes[..SIGNED_LEN];
    let case = |name: &str, bytes: Vec<u8>, reason: &str| json!({ "name": name, "hex": hex(bytes), "reason": reason });
    json!([
        case("shorter than header and signature", bytes[..SIGNED_LEN - 1].to_vec(), "too-short"),
        case("version 0", with(bytes, 0, &[0]), "version"),
        case("version 2", with(bytes, 0, &[2]), "version"),
        case("number zero", with(bytes, 65, &[0; 8]), "header"),
        case("payload cut short", bytes[..bytes.len() - 1].to_vec(), "payload-length"),
        case("a byte behind the payload", [bytes, &[0]].concat(), "payload-length"),
        case("a bit of the payload flipped", flip(bytes, SIGNED_LEN), "payload-digest"),
        case("a bit of the digest flipped", flip(bytes, 147), "payload-digest"),
        case(
            "states a payload longer than MAX_PAYLOAD",
            with(erased, 179, &(MAX_PAYLOAD as u32 + 1).to_le_bytes()),
            "payload-too-long"
        ),
    ])
}

/// An entry of any header, signed all the same.
fn forge(mut header: Header, payload: &[u8], key: &SecretKey) -> Vec<u8> {
    header.payload_digest = Header::digest(payload);
    header.payload_len = payload.len() as u32;
    let header = header.to_bytes();
    let signature = key.sign(&[domain::SIGN_ENTRY, &header].concat());
    [&header[..], &signature.0, payload].concat()
}

fn chain(world: &World) -> Value {
    let entries = &world.entries;
    let header = |at: usize| entries[at].header().clone();
    let payload = |at: usize| entries[at].payload().unwrap();
    let (old, new) = (&world.secrets[0].sign, &world.rotated.sign);
    let bytes = |at: usize| entries[at].bytes().to_vec();
    // After `prefix` entries of chain.json follow these.
    let case = |name: &str, prefix: usize, entries: Vec<Vec<u8>>, seq: u64, reason: &str| {
        let entries: Vec<_> = entries.iter().map(hex).collect();
        json!({ "name": name, "prefix": prefix, "entries": entries, "seq": seq, "reason": reason })
    };
    let altered = |at: usize, key: &SecretKey, change: &dyn Fn(&mut Header)| {
        let mut header = header(at);
        change(&mut header);
        forge(header, payload(at), key)
    };
    let other = ChainId::of_agency(world.network, &world.codes[1]);
    let elsewhere = KeyRotation::to(&world.replaced, world.network, other);
    let own_word = KeyRotation::to(&world.replaced, world.network, world.chains[0]);
    let mut weak = altered(0, old, &|header| header.signer = identity());
    weak[HEADER_LEN..SIGNED_LEN].copy_from_slice(&[identity().as_bytes().as_slice(), &[0; 32]].concat());
    let mut weak_seal = own_word.to_bytes();
    weak_seal[32..64].fill(0);
    let as_rotation = |payload: &[u8]| {
        let mut header = header(3);
        header.kind = Kind::ROTATION;
        forge(header, payload, old)
    };
    json!([
        case(
            "of another network",
            0,
            vec![altered(0, old, &|h| h.network = NetworkId::from_bytes([1; 32]))],
            1,
            "network"
        ),
        case("of another chain", 0, vec![altered(0, old, &|h| h.chain = other)], 1, "chain"),
        case("a gap", 0, vec![bytes(1)], 2, "number"),
        case("a repetition", 2, vec![bytes(1)], 2, "number"),
        case("two swapped", 1, vec![bytes(2), bytes(1)], 3, "number"),
        case("prev of another entry", 1, vec![altered(1, old, &|h| h.prev = entries[2].id())], 2, "link"),
        case("prev in the first entry", 0, vec![altered(0, old, &|h| h.prev = entries[0].id())], 1, "link"),
        case("a bit of the signature flipped", 7, vec![flip(&bytes(7), HEADER_LEN)], 8, "signature"),
        case("a bit of the time flipped", 7, vec![flip(&bytes(7), 105)], 8, "signature"),
        case("a bit of a signature inside flipped", 5, vec![flip(&bytes(5), HEADER_LEN), bytes(6)], 7, "link"),
        case(
            "signed with the key before the rotation",
            4,
            vec![altered(4, old, &|h| h.signer = entries[0].header().signer)],
            5,
            "signer"
        ),
        case(
            "signed with the new key too early",
            2,
            vec![altered(2, new, &|h| h.signer = entries[4].header().signer)],
            3,
            "signer"
        ),
        case("signed by another key than it names", 0, vec![altered(0, new, &|_| {})], 1, "signature"),
        case("a weak signer", 0, vec![weak], 1, "signer"),
        case("a rotation whose payload was dropped", 3, vec![bytes(3)[..SIGNED_LEN].to_vec()], 4, "control-erased"),
        case("a rotation with a proof for another chain", 3, vec![as_rotation(&elsewhere.to_bytes())], 4, "control"),
        case("a rotation to a weak sealing key", 3, vec![as_rotation(&weak_seal)], 4, "control"),
        case(
            "a rotation with a byte too many",
            3,
            vec![as_rotation(&[&own_word.to_bytes()[..], &[0]].concat())],
            4,
            "control"
        ),
        case("an unknown control kind", 3, vec![altered(3, old, &|h| h.kind = Kind(0x8003))], 4, "unknown-control"),
        case(
            "a roster entry in an agency's chain",
            3,
            vec![altered(3, old, &|h| h.kind = Kind::ROSTER)],
            4,
            "unknown-control"
        ),
    ])
}

fn identity() -> KeyId {
    let mut bytes = [0; 32];
    bytes[0] = 1;
    KeyId::from_bytes(bytes)
}

fn roster(world: &World) -> Value {
    let changes = &world.changes;
    let entry = |at: usize| changes[at].entry();
    let resign = |at: usize, key: &SecretKey, payload: Vec<u8>, change: &dyn Fn(&mut Header)| {
        let mut header = entry(at).header().clone();
        header.signer = key.public().id();
        change(&mut header);
        forge(header, &payload, key)
    };
    let at = |number: usize| {
        let mut roster = Roster::new(world.genesis.clone());
        changes[..number].iter().for_each(|change| drop(roster.apply(change).unwrap()));
        roster
    };
    // An action after `number` entries, approved by two whatever it asks for.
    let act = |number: usize, action: RosterAction| {
        let roster = at(number);
        let prev = roster.head().map_or(Header::NO_PREVIOUS, |head| head.id);
        let seq = Seq::new(number as u64 + 1).unwrap();
        let proposal = Proposal { network: world.network, seq, prev, action };
        let approvals = Sorted::new(vec![proposal.approve(&world.registrars[1])]).unwrap();
        let payload = RosterPayload { action: proposal.action, approvals }.to_bytes();
        let header = Header { seq, prev, ..entry(0).header().clone() };
        let signer = &world.registrars[0];
        forge(Header { signer: signer.public().id(), time: time(number as u64), ..header }, &payload, signer)
    };
    let payload = |at: usize| entry(at).payload().unwrap().to_vec();
    let alone = |at: usize| {
        let action = changes[at].action().clone();
        RosterPayload { action, approvals: Sorted::default() }.to_bytes()
    };
    let stranger = signing(99);
    let admission = |change: &dyn Fn(&mut Admission)| {
        let RosterAction::Admit(mut admission) = changes[1].action().clone() else { unreachable!("it admits") };
        change(&mut admission);
        RosterAction::Admit(admission)
    };
    let case = |name: &str, prefix: usize, bytes: Vec<u8>, reason: &str| json!({ "name": name, "prefix": prefix, "hex": hex(bytes), "reason": reason });
    let first = &world.registrars[0];
    let unknown = ChainId::from_bytes([5; 32]);
    let (b, c) = (world.chains[1], world.chains[2]);
    json!([
        case("one of two registrars", 0, resign(0, first, alone(0), &|_| {}), "too-few"),
        case("the signer's own approval counts once", 0, own_approval(world, first), "too-few"),
        case("signed by a stranger", 0, resign(0, &stranger, payload(0), &|_| {}), "not-a-registrar"),
        case("approvals of another place", 1, resign(1, first, payload(0), &|_| {}), "signature"),
        case("a bit of the signature flipped", 0, flip(entry(0).bytes(), HEADER_LEN), "signature"),
        case(
            "of another network",
            0,
            resign(0, first, payload(0), &|h| h.network = NetworkId::from_bytes([1; 32])),
            "place"
        ),
        case("of another chain", 0, resign(0, first, payload(0), &|h| h.chain = unknown), "place"),
        case("another kind", 0, resign(0, first, payload(0), &|h| h.kind = Kind::NOTE), "place"),
        case("a gap", 0, entry(1).bytes().to_vec(), "place"),
        case("without its payload", 0, entry(0).bytes()[..SIGNED_LEN].to_vec(), "place"),
        case(
            "a payload with a byte too many",
            0,
            resign(0, first, [&payload(0)[..], &[0]].concat(), &|_| {}),
            "payload"
        ),
        case("an agency a second time", 3, act(3, changes[1].action().clone()), "action"),
        case("an unknown parent", 0, act(0, changes[1].action().clone()), "action"),
        case(
            "a proof of possession for another chain",
            1,
            act(1, admission(&|a| a.code = "X".parse().unwrap())),
            "action"
        ),
        case(
            "a node of another agency",
            3,
            act(3, RosterAction::Nodes { chain: c, nodes: Bounded::new(vec![node(world)]).unwrap() }),
            "action"
        ),
        case("an unknown chain", 3, act(3, RosterAction::Suspend { chain: unknown, last: None }), "action"),
        case("reinstating an active agency", 3, act(3, RosterAction::Reinstate { chain: b }), "action"),
        case("changing a closed agency", 10, act(10, RosterAction::Suspend { chain: c, last: None }), "action"),
        case(
            "0 registrars needed",
            3,
            act(3, RosterAction::Registrars { keys: world.genesis.registrars.clone(), threshold: 0 }),
            "action"
        ),
        case(
            "4 of 3 registrars",
            3,
            act(3, RosterAction::Registrars { keys: world.genesis.registrars.clone(), threshold: 4 }),
            "action"
        ),
        case("new keys after the last number", 3, act(3, full_rotation(world)), "action"),
        case(
            "rights after the last number",
            3,
            act(3, RosterAction::Rights { chain: b, after: last_point(world), rights: Rights::PUBLISH }),
            "action"
        ),
        case("a certification of a chain by another chain's consent", 3, act(3, certify(world, c, b)), "action"),
    ])
}

fn node(world: &World) -> NodeKey {
    world.roster.agency(world.chains[0]).unwrap().nodes[0]
}

fn last_point(world: &World) -> Option<Point> {
    Some(Point { seq: Seq::new(u64::MAX).unwrap(), id: world.status.id() })
}

fn certify(world: &World, chain: ChainId, consented: ChainId) -> RosterAction {
    let certificates = Bounded::new(vec![Bounded::new(b"a certificate in DER".to_vec()).unwrap()]).unwrap();
    let secret = &world.secrets[1].sign;
    let certification = Certification::new(world.network, consented, secret, certificates, Bounded::default());
    RosterAction::Certify { chain, certification }
}

fn full_rotation(world: &World) -> RosterAction {
    let chain = world.chains[1];
    let after = last_point(world);
    let possession = world.replaced.prove_possession(world.network, chain);
    RosterAction::Rotate { chain, after, keys: world.replaced.public(), possession }
}

fn own_approval(world: &World, signer: &SecretKey) -> Vec<u8> {
    let action = world.changes[0].action().clone();
    let proposal = Roster::new(world.genesis.clone()).proposal(action.clone()).unwrap();
    let approvals = Sorted::new(vec![proposal.approve(signer)]).unwrap();
    let header = Header { signer: signer.public().id(), ..world.changes[0].entry().header().clone() };
    forge(header, &RosterPayload { action, approvals }.to_bytes(), signer)
}

fn proofs(world: &World) -> Value {
    let good = proof(world).to_bytes();
    let (first, second) = good.split_at(SIGNED_LEN);
    let seventh = world.entries[6].signed_bytes();
    let eighth = world.entries[7].signed_bytes();
    let (low, high) = if world.entries[6].id() < world.entries[7].id() { (seventh, eighth) } else { (eighth, seventh) };
    let case = |name: &str, bytes: Vec<u8>, reason: &str| json!({ "name": name, "hex": hex(bytes), "reason": reason });
    json!([
        case("one entry twice", [first, first].concat(), "same"),
        case("in the wrong order", [second, first].concat(), "order"),
        case("two numbers of one chain", [low, high].concat(), "not-rivals"),
        case("cut short", good[..good.len() - 1].to_vec(), "malformed"),
        case("a byte too many", [&good[..], &[0]].concat(), "too-long"),
        case("a signature that does not hold", forged_proof(world), "signature"),
    ])
}

/// The eighth entry and a rival that its agency never signed, in order.
fn forged_proof(world: &World) -> Vec<u8> {
    let genuine = world.entries[7].signed_bytes();
    let forged = flip(genuine, 105);
    let id = |bytes: &[u8]| UnverifiedEntry::parse(bytes).unwrap().id();
    match id(genuine) < id(&forged) {
        true => [genuine, &forged].concat(),
        false => [&forged, genuine].concat(),
    }
}

fn chunks() -> Value {
    // Two chunks, the second of one byte.
    let bytes = pattern(blob::CHUNK + 1);
    let outline = outline(&bytes);
    let blob = outline.blob();
    let proof = outline.proof(1).unwrap();
    let case = |name: &str, len: u64, index: u32, chunk: &[u8], proof: &[[u8; 32]], reason: &str| {
        let proof: Vec<_> = proof.iter().map(hex).collect();
        json!({
            "name": name, "id": hex(blob.id.as_bytes()), "len": len, "index": index, "chunk": hex(chunk),
            "proof": proof, "reason": reason,
        })
    };
    let chunk = &bytes[blob::CHUNK..];
    let mut other = proof.clone();
    other[0][31] ^= 1;
    json!([
        case("a byte altered", blob.len, 1, &[chunk[0] ^ 1], &proof, "not-in-blob"),
        case("a sibling altered", blob.len, 1, chunk, &other, "not-in-blob"),
        case("a sibling too many", blob.len, 1, chunk, &[proof[0], proof[0]], "not-in-blob"),
        case("no sibling", blob.len, 1, chunk, &[], "not-in-blob"),
        case("past the end", blob.len, 2, chunk, &proof, "no-such-chunk"),
        case("a byte too many", blob.len, 1, &[chunk[0], 0], &proof, "chunk-length"),
        case("longer than MAX_BLOB", u64::MAX, 1, chunk, &proof, "too-long"),
    ])
}

fn seals(world: &World) -> Value {
    let payload = world.entries[1].payload().unwrap();
    let (network, chain) = (world.network, world.chains[0]);
    let (code, secret) = (&world.codes[1], &world.secrets[1].seal);
    let case = |name: &str, payload: &[u8], network: NetworkId, chain: ChainId, secret: &SealSecret, reason: &str| {
        json!({
            "name": name, "payload": hex(payload), "network": hex(network.as_bytes()), "chain": hex(chain.as_bytes()),
            "code": code.as_str(), "secret": hex(secret.as_bytes()), "reason": reason,
        })
    };
    let last = payload.len() - 1;
    let wrap = 8 + 42 + 8 + 4 + 8;
    let renamed = with(payload, 8 + 42 - 1, b"6");
    json!([
        case("moved to another chain", payload, network, world.chains[1], secret, "not-for-us"),
        case("moved to another network", payload, NetworkId::from_bytes([1; 32]), chain, secret, "not-for-us"),
        case("an addressee exchanged", &renamed, network, chain, secret, "not-for-us"),
        case("another's secret", payload, network, chain, &world.replaced.seal, "not-for-us"),
        case("a bit of the wrap flipped", &flip(payload, wrap + 40), network, chain, secret, "not-for-us"),
        case("a bit of the body flipped", &flip(payload, last), network, chain, secret, "damaged"),
    ])
}

fn keyfiles() -> Value {
    let mut rng = rng::from_seed(51);
    let plain = keyfile::write(&Keys::Node(signing(20)), None, &mut rng).unwrap();
    let locked = keyfile::write(&Keys::Node(signing(20)), Some("đúng"), &mut rng).unwrap();
    let case = |name: &str, bytes: Vec<u8>, passphrase: Option<&str>, reason: &str| json!({ "name": name, "hex": hex(bytes), "passphrase": passphrase, "reason": reason });
    json!([
        case("other first bytes", flip(&plain, 0), None, "malformed"),
        case("cut short", plain[..plain.len() - 1].to_vec(), None, "malformed"),
        case("a byte too many", [&plain[..], &[0]].concat(), None, "malformed"),
        case("no passphrase", locked.to_vec(), None, "needs-passphrase"),
        case("the wrong passphrase", locked.to_vec(), Some("sai"), "wrong-passphrase"),
        case("a bit flipped", flip(&locked, locked.len() - 1), Some("đúng"), "wrong-passphrase"),
        case(
            "more memory than anybody asks for",
            with(&locked, 28, &u32::MAX.to_le_bytes()),
            Some("đúng"),
            "too-much-work"
        ),
    ])
}

fn archives(world: &World) -> Value {
    let whole = file_of(&[Frame::Genesis(world.genesis.clone())]);
    let genesis = Frame::Genesis(world.genesis.clone()).to_bytes();
    let frame = |bytes: &[u8]| [&(bytes.len() as u32).to_le_bytes()[..], bytes].concat();
    let end = &whole[8 + 4 + genesis.len() + 4..];
    let case = |name: &str, bytes: Vec<u8>, reason: &str| json!({ "name": name, "hex": hex(bytes), "reason": reason });
    let other = Frame::End { frames: 2, digest: Digest::from_bytes([0; 32]) };
    json!([
        case("another kind of file", flip(&whole, 0), "not-an-archive"),
        case("without its end frame", [&MAGIC[..], &frame(&genesis)].concat(), "truncated"),
        case("cut inside a frame", whole[..whole.len() - 1].to_vec(), "truncated"),
        case("a bit flipped", flip(&whole, 8 + 4 + 4 + 8), "checksum"),
        case(
            "an end frame of other frames",
            [&MAGIC[..], &frame(&genesis), &frame(&other.to_bytes())].concat(),
            "checksum"
        ),
        case("a byte behind the end", [&whole[..], &[0]].concat(), "trailing"),
        case("a frame that states 4 GiB", [&MAGIC[..], &u32::MAX.to_le_bytes()].concat(), "frame-too-long"),
        case("a frame with a byte too many", [&MAGIC[..], &frame(&[end, &[0]].concat())].concat(), "frame"),
    ])
}
