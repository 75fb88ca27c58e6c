//! What a verifier must accept, and what it must find.

use congvan_core::archive::{Frame, file_of};
use congvan_core::blob::{BlobCipher, BlobRef, CHUNK, Outliner};
use congvan_core::codec::encode;
use congvan_core::evidence::RawProof;
use congvan_core::keyfile::{self, Keys};
use congvan_core::seal::ContentKey;
use congvan_core::*;
use serde_json::{Value, json};

use super::world::{World, agency, content_key, signing, time};

pub(crate) fn hex(bytes: impl AsRef<[u8]>) -> String {
    hex::encode(bytes)
}

/// The bytes of blobs in vectors: byte number i is i mod 251.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

pub(crate) fn primitives() -> Value {
    let list: Bounded<u16, 8> = Bounded::new(vec![1, 0x0203]).unwrap();
    let bytes: Bytes<8> = Bounded::new(vec![0xaa, 0xbb]).unwrap();
    let codes: Sorted<AgencyCode, 8> = Sorted::new(vec!["A.1".parse().unwrap(), "A.2".parse().unwrap()]).unwrap();
    let case = |what: &str, value: Value, bytes: Vec<u8>| json!({ "type": what, "value": value, "hex": hex(bytes) });
    json!([
        case("u8", json!(5), encode(&5u8)),
        case("u16", json!(0x0102), encode(&0x0102u16)),
        case("u32", json!(0x01020304), encode(&0x01020304u32)),
        case("u64", json!("72623859790382856"), encode(&0x0102030405060708u64)),
        case("text", json!("Thái"), encode(&Text::<16>::new("Thái").unwrap())),
        case("text", json!(""), encode(&Text::<16>::default())),
        case("list of u16", json!([1, 0x0203]), encode(&list)),
        case("bytes", json!("aabb"), encode(&bytes)),
        case("32 bytes", json!(hex([9; 32])), encode(&Digest::from_bytes([9; 32]))),
        case("option of u16", json!(null), encode(&None::<u16>)),
        case("option of u16", json!(7), encode(&Some(7u16))),
        case("sorted list of agency codes", json!(["A.1", "A.2"]), encode(&codes)),
        case("status code", json!("01"), encode(&StatusCode::Arrived)),
        case("status code", json!("13"), encode(&StatusCode::RecallAsked)),
        case("number", json!(1), encode(&Seq::FIRST)),
    ])
}

/// Signatures on which verifiers differ. Those that the library cannot make were made apart from it:
/// each holds under some rule in use, and the rule here refuses it.
pub(crate) fn signatures() -> Value {
    const MESSAGE: &[u8] = b"congvan signature rule";
    let key = signing(42);
    let honest = key.public().id();
    let good = key.sign(MESSAGE).0;
    // s + L, with L the order of the base point.
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut above = good;
    let mut carry = 0;
    for (byte, add) in above[32..].iter_mut().zip(order) {
        carry += u16::from(*byte) + u16::from(add);
        *byte = carry as u8;
        carry >>= 8;
    }
    let identity = hex::decode("01".to_owned() + &"00".repeat(31)).unwrap();
    let small_r = "0100000000000000000000000000000000000000000000000000000000000000\
                   ff06c9614f1754be6737dad52f1b8595c2b61e1232227a34152104b26db5ff0b";
    let other_r = "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f\
                   688a9d335865cf0bc3acc4fb085bffe07297faa44edae660723ba81f6244b50c";
    let mixed_r = "e9b2fe981587efae6478f48ba1fa60cec6126d0e26dde72a0a24f640dcd783e5\
                   1bad8db219b6147d95358090862a9a3c383e489e8722446415d2995623d7c708";
    let mixed = "5e2a648325bc9a8f481c735248eda873674ff86f0a74835f61c4b8e2eb0a4879";
    let cofactored = "87d0ecc825b76bb2b57c7bb70b8a05d4f41ef3698018bc09fb5bc76a56a8e60b\
                      13c132f9876c7348acd1f89280335f458dbd66f3c48237ad37af9360abbd6608";
    let lucky = "8d49caf78aa63f88706a979c5300046d0a6e9844e10eb80a3d71abf83aa38d93\
                 9959b8be933ba14d8526379f11c41a7cb7c5bebf11c327af5e097c64eaf2b709";
    let order8 = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
    let not_canonical_key = "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    let not_a_point = "0200000000000000000000000000000000000000000000000000000000000000";
    let honest = hex(honest.as_bytes());
    let case = |name: &str, key: &str, signature: String, verdict: &str| json!({ "name": name, "key": key, "message": hex(MESSAGE), "signature": signature, "verdict": verdict });
    let mut flipped = good;
    flipped[0] ^= 1;
    json!([
        case("honest", &honest, hex(good), "valid"),
        case("one bit flipped", &honest, hex(flipped), "bad-signature"),
        case("s of L or above", &honest, hex(above), "bad-signature"),
        case("R of small order", &honest, small_r.into(), "bad-signature"),
        case("R not canonically encoded", &honest, other_r.into(), "bad-signature"),
        case("R of mixed order: holds with the cofactor only", &honest, mixed_r.into(), "bad-signature"),
        case("key of mixed order: holds with the cofactor only", mixed, cofactored.into(), "bad-signature"),
        case("key of mixed order: holds without the cofactor too", mixed, lucky.into(), "valid"),
        case("the identity as key signs every message", &hex(&identity), hex(&identity) + &"00".repeat(32), "weak-key"),
        case("a key of order 8", order8, hex(good), "weak-key"),
        case("the identity in another encoding", not_canonical_key, hex(good), "non-canonical-key"),
        case("no point of the curve", not_a_point, hex(good), "not-a-point"),
    ])
}

pub(crate) fn names(world: &World) -> Value {
    let chains: Vec<_> = world
        .codes
        .iter()
        .zip(world.chains)
        .map(|(code, id)| json!({ "code": code.as_str(), "chain": hex(id.as_bytes()) }))
        .collect();
    let seals: Vec<_> = world
        .secrets
        .iter()
        .map(|s| {
            json!({
                "sign_seed": hex(*s.sign.seed()), "sign_public": hex(s.public().sign.id().as_bytes()),
                "seal_secret": hex(s.seal.as_bytes()), "seal_public": hex(s.public().seal.as_bytes()),
            })
        })
        .collect();
    let admission = match world.changes[0].action() {
        RosterAction::Admit(admission) => admission.to_bytes(),
        _ => unreachable!("the first change admits"),
    };
    json!({
        "genesis": {
            "hex": hex(world.genesis.to_bytes()),
            "name": world.genesis.name.as_str(),
            "created": world.genesis.created.as_millis(),
            "registrars": world.genesis.registrars.iter().map(|key| hex(key.id().as_bytes())).collect::<Vec<_>>(),
            "threshold": world.genesis.threshold,
            "salt": hex(world.genesis.salt),
        },
        "registrar_seeds": world.registrars.iter().map(|key| hex(*key.seed())).collect::<Vec<_>>(),
        "network": hex(world.network.as_bytes()),
        "roster_chain": hex(ChainId::of_roster(world.network).as_bytes()),
        "agencies": chains,
        "agency_keys": seals,
        "possession": {
            "chain": hex(world.chains[0].as_bytes()),
            "signature": hex(world.secrets[0].prove_possession(world.network, world.chains[0]).0),
        },
        "admission": hex(admission),
        "attachment_digest": {
            "bytes": hex(b"%PDF-1.7"), "digest": hex(Attachment::digest([b"%PDF-1.7".as_slice()]).as_bytes()),
        },
    })
}

fn entry(entry: &VerifiedEntry) -> Value {
    let header = entry.header();
    json!({
        "hex": hex(entry.bytes()),
        "id": hex(entry.id().as_bytes()),
        "header": {
            "version": header.version,
            "network": hex(header.network.as_bytes()),
            "chain": hex(header.chain.as_bytes()),
            "seq": header.seq.get(),
            "prev": hex(header.prev.as_bytes()),
            "time": header.time.as_millis(),
            "kind": header.kind.0,
            "signer": hex(header.signer.as_bytes()),
            "payload_digest": hex(header.payload_digest.as_bytes()),
            "payload_len": header.payload_len,
        },
        "signature": hex(entry.signature().0),
    })
}

pub(crate) fn roster(world: &World) -> Value {
    let mut roster = Roster::new(world.genesis.clone());
    let entries: Vec<_> = world
        .changes
        .iter()
        .map(|change| {
            let action = format!("{:?}", change.action());
            let name: String = action.chars().take_while(char::is_ascii_alphanumeric).collect();
            let proposal = roster.proposal(change.action().clone()).unwrap();
            let touched = roster.apply(change).unwrap();
            let policies: Vec<_> = touched.iter().map(|chain| policy(&roster, *chain)).collect();
            json!({
                "action": name, "entry": entry(change.entry()), "approval_message": hex(proposal.message()),
                "policies_after": policies,
            })
        })
        .collect();
    json!({ "genesis": hex(world.genesis.to_bytes()), "entries": entries })
}

fn policy(roster: &Roster, chain: ChainId) -> Value {
    let (policy, agency) = (roster.policy(chain).unwrap(), roster.agency(chain).unwrap());
    json!({
        "chain": hex(chain.as_bytes()),
        "grants": policy.grants.iter().map(|grant| json!({ "from": grant.from.get(), "keys": hex(encode(&*grant.keys)) })).collect::<Vec<_>>(),
        "pins": policy.pins.iter().map(|pin| json!({ "seq": pin.seq.get(), "id": hex(pin.id.as_bytes()) })).collect::<Vec<_>>(),
        "limit": policy.limit,
        "rights": agency.right_spans().iter().map(|(from, rights)| json!({ "from": from.get(), "rights": rights.0 })).collect::<Vec<_>>(),
        "standing": format!("{:?}", agency.standing),
    })
}

pub(crate) fn chain(world: &World) -> Value {
    let entries: Vec<_> = world.entries.iter().map(entry).collect();
    let spans = [(1, &world.secrets[0]), (5, &world.rotated)]
        .map(|(from, secret)| json!({ "from": from, "keys": hex(encode(&secret.public())) }));
    json!({
        "network": hex(world.network.as_bytes()),
        "chain": hex(world.chains[0].as_bytes()),
        "policy": policy(&world.roster, world.chains[0]),
        "entries": entries,
        "spans": spans,
        "equivocation": { "seq": 8, "proof": hex(proof(world).to_bytes()) },
    })
}

/// The first agency says something else with number 8.
pub(crate) fn proof(world: &World) -> EquivocationProof {
    let mut state = ChainState::new(world.chains[0]);
    let unverified = |entry: &VerifiedEntry| UnverifiedEntry::parse(entry.bytes()).unwrap();
    state.extend(world.network, &world.policy(), world.entries[..7].iter().map(unverified).collect()).unwrap();
    let draft = Draft { kind: Kind::NOTE, time: time(107), payload: b"eight".to_vec() };
    let other = state.append(world.network, &world.policy(), draft, &world.rotated).unwrap();
    EquivocationProof::new(&unverified(&world.entries[7]), &unverified(&other)).unwrap()
}

pub(crate) fn seals(world: &World) -> Value {
    let secret = |at: usize| hex(world.secrets[at].seal.as_bytes());
    let document = DocumentPayload::from_bytes(world.entries[1].payload().unwrap()).unwrap();
    let envelope = document.open(world.network, world.chains[0], &world.codes[1], &world.secrets[1].seal).unwrap();
    let open = encode(&document.cover);
    let context =
        |chain: ChainId, open: &[u8]| hex([world.network.as_bytes().as_slice(), chain.as_bytes(), open].concat());
    let status = StatusPayload::from_bytes(world.status.payload().unwrap()).unwrap();
    let note = status.open(world.network, world.chains[1], &world.secrets[0].seal).unwrap();
    json!({
        "document": {
            "network": hex(world.network.as_bytes()),
            "chain": hex(world.chains[0].as_bytes()),
            "payload": hex(document.to_bytes()),
            "context": context(world.chains[0], &open),
            "readers": [
                { "code": world.codes[1].as_str(), "wrap": 0, "secret": secret(1) },
                { "code": world.codes[2].as_str(), "wrap": 1, "secret": secret(2) },
                { "code": world.codes[0].as_str(), "wrap": 2, "secret": secret(0) },
            ],
            "content_key": hex(world.content_key),
            "body_key": hex(blake3::derive_key(domain::BODY_KEY, &world.content_key)),
            "content": hex(Content::V1(envelope).to_bytes()),
        },
        "status": {
            "network": hex(world.network.as_bytes()),
            "chain": hex(world.chains[1].as_bytes()),
            "payload": hex(status.to_bytes()),
            "context": context(world.chains[1], &encode(&status.cover)),
            "readers": [{ "wrap": 0, "secret": secret(0) }, { "wrap": 1, "secret": secret(1) }],
            "content": hex(congvan_core::status::StatusContent::V1(note).to_bytes()),
        },
    })
}

pub(crate) fn outline(bytes: &[u8]) -> congvan_core::blob::Outline {
    let mut outliner = Outliner::default();
    bytes.chunks(CHUNK).for_each(|chunk| outliner.push(chunk).unwrap());
    outliner.finish()
}

pub(crate) fn blobs() -> Value {
    let sizes = [0, 1, 1024, 1025, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1, 5 * CHUNK + 7];
    let plain: Vec<_> = sizes
        .into_iter()
        .map(|len| {
            let outline = outline(&pattern(len));
            let blob = outline.blob();
            let chunks: Vec<_> = (0..blob.chunks())
                .map(|index| {
                    json!({
                        "index": index,
                        "len": blob.chunk_len(index),
                        "proof": outline.proof(index).unwrap().iter().map(hex).collect::<Vec<_>>(),
                    })
                })
                .collect();
            json!({ "len": len, "id": hex(blob.id.as_bytes()), "chunks": chunks })
        })
        .collect();
    let key = ContentKey::generate(&mut rng::from_seed(30));
    let bytes = content_key(&mut rng::from_seed(30));
    let sealed: Vec<_> = [(0, 0, false, 65_520), (0, 1, true, 5), (3, 0, true, 12)].into_iter().map(|(number, index, last, len)| {
        let sealed = BlobCipher::new(&key, number).seal(index, last, &pattern(len)).unwrap();
        let material = [bytes.as_slice(), &number.to_le_bytes()].concat();
        json!({
            "blob": number, "key": hex(blake3::derive_key(domain::BLOB_KEY, &material)), "index": index, "last": last,
            "plain_len": len, "sealed_len": sealed.len(), "sealed_blake3": hex(blake3::hash(&sealed).as_bytes()),
            "tag": hex(&sealed[sealed.len() - 16..]),
        })
    }).collect();
    json!({ "bytes": "byte number i of every plain input is i mod 251", "blobs": plain, "content_key": hex(bytes), "sealed": sealed })
}

pub(crate) fn keyfiles() -> Value {
    let mut rng = rng::from_seed(50);
    let secret = agency(11);
    let old = agency(10).seal;
    let agency_keys = Keys::Agency { sign: secret.sign.clone(), seals: vec![secret.seal.clone(), old.clone()] };
    let mut case = |name: &str, keys: &Keys, passphrase: Option<&str>, signing: &SecretKey, seals: Vec<String>| {
        json!({
            "name": name, "hex": hex(&*keyfile::write(keys, passphrase, &mut rng).unwrap()), "passphrase": passphrase,
            "sign_seed": hex(*signing.seed()), "seal_secrets": seals,
        })
    };
    let seals = vec![hex(secret.seal.as_bytes()), hex(old.as_bytes())];
    json!([
        case("agency", &agency_keys, None, &secret.sign, seals.clone()),
        case("registrar", &Keys::Registrar(signing(1)), None, &signing(1), vec![]),
        case("node", &Keys::Node(signing(20)), None, &signing(20), vec![]),
        case("auditor", &Keys::Auditor(signing(21)), None, &signing(21), vec![]),
        case("agency", &agency_keys, Some("mật khẩu"), &secret.sign, seals),
    ])
}

/// A ledger: the genesis, three roster entries, the first agency's chain, a proof, and a blob.
pub(crate) fn ledger(world: &World) -> Vec<u8> {
    let bytes = pattern(300);
    let blob: BlobRef = outline(&bytes).blob();
    let proof = RawProof::from_bytes(&proof(world).to_bytes()).unwrap();
    let roster = world.changes.iter().take(3).map(RosterChange::entry);
    let entries = roster.chain(&world.entries).map(|entry| Frame::Entry(Bounded::new(entry.bytes().to_vec()).unwrap()));
    let chunk = Frame::Chunk { blob, index: 0, bytes: Bounded::new(bytes).unwrap(), proof: Bounded::default() };
    let frames = [Frame::Genesis(world.genesis.clone())].into_iter().chain(entries).chain([Frame::Proof(proof), chunk]);
    file_of(&frames.collect::<Vec<_>>())
}

pub(crate) fn archive(world: &World) -> Value {
    json!({ "hex": hex(ledger(world)), "frames_before_the_end": 14 })
}
