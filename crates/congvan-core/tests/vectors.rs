//! The vectors in `docs/vectors`: what the command writes is what the repository has, and each holds
//! when judged from its own digits, as another implementation would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../examples/vectors/generate/mod.rs"]
mod generate;
mod judge;

use congvan_core::blob::{BlobCipher, BlobRef, CHUNK, verify_chunk};
use congvan_core::codec::encode;
use congvan_core::keyfile::Keys;
use congvan_core::seal::{self, ContentKey};
use congvan_core::*;
use judge::{bytes, id, names, text};
use serde_json::Value;

fn read(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn load(name: &str) -> Value {
    serde_json::from_str(&read(name)).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

#[test]
fn the_repository_has_what_the_command_writes() {
    for (name, text) in generate::files() {
        assert!(read(name) == text, "docs/vectors/{name} is not what the command writes");
    }
}

#[test]
fn primitives_encode_as_stated() {
    let cases = load("primitives.json");
    for case in list(&cases) {
        let (value, expected) = (&case["value"], bytes(&case["hex"]));
        let found = match text(&case["type"]) {
            "u8" => vec![value.as_u64().unwrap() as u8],
            "u16" => (value.as_u64().unwrap() as u16).to_le_bytes().to_vec(),
            "u32" => (value.as_u64().unwrap() as u32).to_le_bytes().to_vec(),
            "u64" => text(value).parse::<u64>().unwrap().to_le_bytes().to_vec(),
            "number" => value.as_u64().unwrap().to_le_bytes().to_vec(),
            "text" => counted(text(value).as_bytes()),
            "bytes" => counted(&bytes(value)),
            "32 bytes" => bytes(value),
            "status code" => {
                (StatusCode::ALL.iter().position(|c| c.digits() == text(value)).unwrap() as u32).to_le_bytes().to_vec()
            }
            "list of u16" => {
                let numbers: Vec<_> = list(value).iter().map(|n| n.as_u64().unwrap() as u16).collect();
                [
                    &(numbers.len() as u64).to_le_bytes()[..],
                    &numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>(),
                ]
                .concat()
            }
            "option of u16" => value.as_u64().map_or(vec![0], |n| [&[1u8][..], &(n as u16).to_le_bytes()].concat()),
            "sorted list of agency codes" => {
                let codes = list(value).iter().flat_map(|code| counted(text(code).as_bytes()));
                (list(value).len() as u64).to_le_bytes().into_iter().chain(codes).collect()
            }
            other => panic!("an unknown type {other}"),
        };
        assert_eq!(found, expected, "{case}");
    }
}

/// A count of 8 bytes and the bytes, written without the library.
fn counted(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u64).to_le_bytes()[..], bytes].concat()
}

#[test]
fn signatures_are_judged_as_stated() {
    for case in list(&load("signatures.json")) {
        let verdict = match PublicKey::new(&id(&case["key"])) {
            Err(error) => names::key(error),
            Ok(key) => {
                let signature = Signature(bytes(&case["signature"]).try_into().unwrap());
                key.verify(&bytes(&case["message"]), &signature).map_or_else(names::key, |()| "valid")
            }
        };
        assert_eq!(verdict, text(&case["verdict"]), "{}", case["name"]);
    }
}

#[test]
fn names_follow_from_the_genesis() {
    let file = load("names.json");
    let genesis = Genesis::parse(&bytes(&file["genesis"]["hex"])).unwrap();
    let network = genesis.network_id();
    assert_eq!(genesis.name.as_str(), text(&file["genesis"]["name"]));
    assert_eq!(network.to_string(), text(&file["network"]));
    assert_eq!(ChainId::of_roster(network).to_string(), text(&file["roster_chain"]));
    for agency in list(&file["agencies"]) {
        let code = AgencyCode::new(text(&agency["code"])).unwrap();
        assert_eq!(ChainId::of_agency(network, &code).to_string(), text(&agency["chain"]));
    }
    for keys in list(&file["agency_keys"]) {
        assert_eq!(SecretKey::from_seed(&id(&keys["sign_seed"])).public().to_string(), text(&keys["sign_public"]));
        assert_eq!(SealSecret::from_bytes(id(&keys["seal_secret"])).public().to_string(), text(&keys["seal_public"]));
    }
    let admission = Admission::from_bytes(&bytes(&file["admission"])).unwrap();
    let possession = Signature(bytes(&file["possession"]["signature"]).try_into().unwrap());
    let chain = ChainId::from_bytes(id(&file["possession"]["chain"]));
    admission.keys.check_possession(network, chain, &possession).unwrap();
    assert_eq!(admission.possession, possession);
    let digest = &file["attachment_digest"];
    assert_eq!(Attachment::digest([bytes(&digest["bytes"]).as_slice()]).to_string(), text(&digest["digest"]));
}

fn check_entry(case: &Value) -> UnverifiedEntry {
    let entry = UnverifiedEntry::parse(&bytes(&case["hex"])).unwrap();
    let (header, stated) = (entry.header(), &case["header"]);
    assert_eq!(entry.id().to_string(), text(&case["id"]));
    assert_eq!(entry.signature().0.to_vec(), bytes(&case["signature"]));
    assert_eq!(header.network.to_string(), text(&stated["network"]));
    assert_eq!(header.chain.to_string(), text(&stated["chain"]));
    assert_eq!(header.prev.to_string(), text(&stated["prev"]));
    assert_eq!(header.signer.to_string(), text(&stated["signer"]));
    assert_eq!(header.payload_digest.to_string(), text(&stated["payload_digest"]));
    let numbers = [u64::from(header.version), header.seq.get(), header.time.as_millis()];
    assert_eq!(numbers.map(Value::from), [&stated["version"], &stated["seq"], &stated["time"]].map(Clone::clone));
    assert_eq!(Value::from(header.kind.0), stated["kind"]);
    assert_eq!(Value::from(header.payload_len), stated["payload_len"]);
    entry.check_own_signature().unwrap();
    entry
}

fn final_roster() -> Roster {
    let file = load("roster.json");
    let mut roster = Roster::new(Genesis::parse(&bytes(&file["genesis"])).unwrap());
    for case in list(&file["entries"]) {
        let change = roster.check(check_entry(&case["entry"])).unwrap();
        let proposal = roster.proposal(change.action().clone()).unwrap();
        assert_eq!(proposal.message(), bytes(&case["approval_message"]));
        let touched = roster.apply(&change).unwrap();
        assert_eq!(touched.len(), list(&case["policies_after"]).len());
        for stated in list(&case["policies_after"]) {
            assert_policy(&roster, stated);
        }
    }
    roster
}

fn assert_policy(roster: &Roster, stated: &Value) {
    let chain = ChainId::from_bytes(id(&stated["chain"]));
    let (policy, agency) = (roster.policy(chain).unwrap(), roster.agency(chain).unwrap());
    assert_eq!(policy.limit, stated["limit"].as_u64());
    assert_eq!(format!("{:?}", agency.standing), text(&stated["standing"]));
    let rights: Vec<_> = agency.right_spans().iter().map(|(from, rights)| (from.get(), u64::from(rights.0))).collect();
    let stated_rights: Vec<_> =
        list(&stated["rights"]).iter().map(|r| (r["from"].as_u64().unwrap(), r["rights"].as_u64().unwrap())).collect();
    assert_eq!(rights, stated_rights);
    let grants: Vec<_> = policy.grants.iter().map(|g| (g.from.get(), encode(&*g.keys))).collect();
    let stated_grants: Vec<_> =
        list(&stated["grants"]).iter().map(|g| (g["from"].as_u64().unwrap(), bytes(&g["keys"]))).collect();
    assert_eq!(grants, stated_grants);
    let pins: Vec<_> = policy.pins.iter().map(|p| (p.seq.get(), p.id.to_string())).collect();
    let stated_pins: Vec<_> =
        list(&stated["pins"]).iter().map(|p| (p["seq"].as_u64().unwrap(), text(&p["id"]).to_owned())).collect();
    assert_eq!(pins, stated_pins);
}

#[test]
fn the_roster_replays() {
    let roster = final_roster();
    assert_eq!(roster.agencies().count(), 3);
    assert_eq!(roster.registrars().1, 1);
}

#[test]
fn the_chain_is_genuine_and_its_fork_is_proved() {
    let (file, roster) = (load("chain.json"), final_roster());
    let chain = ChainId::from_bytes(id(&file["chain"]));
    assert_policy(&roster, &file["policy"]);
    let mut state = ChainState::new(chain);
    let entries: Vec<_> = list(&file["entries"]).iter().map(check_entry).collect();
    let head = entries.last().unwrap().point();
    for entry in state.extend(roster.network(), &roster.policy(chain).unwrap(), entries).unwrap() {
        entry.verify().unwrap();
    }
    assert_eq!(state.head(), Some(head));
    let spans: Vec<_> = state.spans().iter().map(|s| (s.from.get(), encode(&*s.keys))).collect();
    let stated: Vec<_> =
        list(&file["spans"]).iter().map(|s| (s["from"].as_u64().unwrap(), bytes(&s["keys"]))).collect();
    assert_eq!(spans, stated);
    let proof = EquivocationProof::parse(&bytes(&file["equivocation"]["proof"])).unwrap();
    assert_eq!((proof.chain(), proof.seq().get()), (chain, file["equivocation"]["seq"].as_u64().unwrap()));
    assert!(proof.entries().iter().any(|entry| entry.point() == head));
}

/// Opens as the page says, with the primitives and not with the payload's own method.
#[test]
fn seals_open_step_by_step() {
    let file = load("seals.json");
    for (what, sealed) in [
        (
            "document",
            match DocumentPayload::from_bytes(&bytes(&file["document"]["payload"])).unwrap().body {
                Body::Sealed(sealed) => sealed,
                Body::Public(_) => panic!("it is sealed"),
            },
        ),
        ("status", StatusPayload::from_bytes(&bytes(&file["status"]["payload"])).unwrap().body),
    ] {
        let case = &file[what];
        let context = bytes(&case["context"]);
        for reader in list(&case["readers"]) {
            let wrap = reader["wrap"].as_u64().unwrap() as usize;
            let secret = SealSecret::from_bytes(id(&reader["secret"]));
            let key = seal::unwrap_key(&sealed, wrap, &context, &secret).unwrap();
            assert_eq!(seal::open(&sealed, &context, &key).unwrap(), bytes(&case["content"]), "{what} {reader}");
        }
    }
}

#[test]
fn the_catalogue_replays() {
    let file = load("procedures.json");
    let mut catalogue = catalogue::Catalogue::default();
    for case in list(&file["entries"]) {
        let change = ProcedurePayload::from_bytes(&bytes(&case["payload"])).unwrap().into_change();
        assert_eq!(change.code().as_str(), text(&case["code"]));
        let before = catalogue.get(change.code()).filter(|record| record.retired.is_none()).cloned();
        let (code, seq) = (change.code().clone(), Seq::new(case["number"].as_u64().unwrap()).unwrap());
        let rights = Rights(case["rights"].as_u64().unwrap() as u32);
        let outcome = catalogue.apply(seq, rights, change);
        let outcome = outcome.map_or_else(|breach| breach.name(), generate::procedures::life);
        assert_eq!(outcome, text(&case["outcome"]), "{case}");
        let changed = match (before, catalogue.get(&code)) {
            (Some(before), Some(after)) => catalogue::differences(&before.procedure, &after.procedure),
            _ => vec![],
        };
        let changed: Vec<_> = changed.iter().map(|difference| Value::from(difference.field.name())).collect();
        assert_eq!(changed, list(&case["fields_changed"]));
    }
    assert_eq!(generate::procedures::state(&catalogue), file["catalogue"]);
}

#[test]
fn a_bundle_proves_its_document() {
    use congvan_core::bundle::Shown;
    let file = load("bundles.json");
    let evidence = proven(&file["network"], &file["bundle"]);
    let (document, stated) = (evidence.document.unwrap(), &file["document"]);
    assert_eq!(Value::from(document.agency.as_str()), stated["agency"]);
    assert_eq!(Value::from(document.entry.seq().get()), stated["number"]);
    assert_eq!(Value::from(document.entry.id().to_string()), stated["id"]);
    let cover = document.cover.unwrap();
    assert_eq!(Value::from(cover.checkpoint.size.get()), stated["covered_by"]);
    assert!(cover.witnesses.is_empty(), "the roster names none");
    assert!(matches!(document.shown, Shown::Document { envelope: Some(_), .. }));
    let said: Vec<_> = evidence.said.iter().map(|said| Value::from(said.entry.id().to_string())).collect();
    assert_eq!(said, [file["said"][0]["id"].clone()]);
}

/// A bundle's frames, taken one by one.
fn proven(network: &Value, bundle: &Value) -> bundle::Evidence {
    use congvan_core::bundle::{Checker, Frame, MAGIC};
    let bundle = bytes(bundle);
    let mut rest = bundle.strip_prefix(&MAGIC).unwrap();
    let mut checker = Checker::new(NetworkId::from_bytes(id(network)));
    while let Some((len, after)) = rest.split_first_chunk::<4>() {
        let (frame, after) = after.split_at(u32::from_le_bytes(*len) as usize);
        checker.take(Frame::from_bytes(frame).unwrap()).unwrap();
        rest = after;
    }
    checker.finish().unwrap()
}

/// As the page says: with BLAKE3 and the tree of RFC 6962, and not with the payload's own methods.
#[test]
fn documents_name_their_addressees_one_by_one() {
    let file = load("naming.json");
    for case in list(&file["documents"]) {
        let (payload, salt) = (bytes(&case["payload"]), bytes(&case["salt"]));
        let read = DocumentPayload::from_bytes(&payload).unwrap();
        assert!(read.names_its_addressees());
        let end = &payload[payload.len() - 58..];
        let (count, root) = (case["count"].as_u64().unwrap(), TreeHash::from_bytes(id(&case["root"])));
        assert_eq!(end, [b"congvan v1 naming\0", &count.to_le_bytes()[..], root.as_bytes()].concat());
        assert_eq!((payload.len() - 58) % 1_024, 0);
        assert_eq!(Header::digest(&payload).to_string(), text(&case["digest"]));
        let leaf = |named: &Value| {
            let code = text(&named["code"]).as_bytes();
            let mut hasher = blake3::Hasher::new_derive_key("congvan v1 addressee salt");
            let blind = hasher.update(&salt).update(code).finalize();
            assert_eq!(blind.to_hex().as_str(), text(&named["blind"]));
            merkle::leaf_of(&[blind.as_bytes(), code])
        };
        let mut leaves: Vec<_> = list(&case["named"]).iter().map(leaf).collect();
        for (leaf, named) in leaves.iter().zip(list(&case["named"])) {
            let proof: Vec<_> = list(&named["inclusion"]).iter().map(|hash| TreeHash::from_bytes(id(hash))).collect();
            let index = named["index"].as_u64().unwrap();
            merkle::check_inclusion(&proof, index, count, *leaf, root).unwrap();
            let left = list(&named["left"]).iter().map(id).collect();
            let roll = naming::Roll { count, root };
            let tail = naming::Tail { roll, left: Bounded::new(left).unwrap() };
            tail.check(Header::digest(&payload), payload.len() as u32).unwrap();
        }
        leaves.sort();
        assert_eq!(merkle::root_of(leaves), root);
    }
    let other = DocumentPayload::from_bytes(&bytes(&file["names_others_than_its_cover"])).unwrap();
    assert!(!other.names_its_addressees());
    let (given, evidence) = (&file["bundle"], proven(&file["bundle"]["network"], &file["bundle"]["hex"]));
    let (document, named) = (evidence.document.unwrap(), evidence.named.unwrap());
    assert_eq!((document.entry.id().to_string().as_str(), document.entry.payload()), (text(&given["document"]), None));
    assert_eq!((named.code.as_str(), named.of), (text(&given["named"]), given["of"].as_u64().unwrap()));
}

#[test]
fn trees_checkpoints_and_cosignatures_hold() {
    let file = load("checkpoints.json");
    let hashes = |value: &Value| -> Vec<TreeHash> { list(value).iter().map(|h| TreeHash::from_bytes(id(h))).collect() };
    let number = |value: &Value| value.as_u64().unwrap();
    let ids: Vec<_> = (0u64..300)
        .map(|n| EntryId::from_bytes([&n.to_le_bytes()[..], &[0; 24]].concat().try_into().unwrap()))
        .collect();
    let root = |size: u64| merkle::root_of(ids.iter().take(size as usize).map(merkle::leaf_hash));
    for case in list(&file["roots"]) {
        assert_eq!(root(number(&case["size"])).to_string(), text(&case["root"]));
    }
    for case in list(&file["inclusion"]) {
        let (index, size) = (number(&case["index"]), number(&case["size"]));
        let leaf = merkle::leaf_hash(&ids[index as usize]);
        assert_eq!(merkle::check_inclusion(&hashes(&case["proof"]), index, size, leaf, root(size)), Ok(()), "{case}");
    }
    for case in list(&file["consistency"]) {
        let (before, after) = (number(&case["before"]), number(&case["after"]));
        let proof = hashes(&case["proof"]);
        let checked = merkle::check_consistency(&proof, (before, root(before)), (after, root(after)));
        assert_eq!(checked, Ok(()), "{case}");
    }
    let said = &file["checkpoint"];
    let network = NetworkId::from_bytes(id(&said["network"]));
    let code = AgencyCode::new(text(&said["agency"])).unwrap();
    let signed = CheckpointPayload::from_bytes(&bytes(&said["payload"])).unwrap();
    let key = PublicKey::new(&id(&said["key"])).unwrap();
    let leaves = list(&said["entries"]).iter().map(|entry| merkle::leaf_hash(&EntryId::from_bytes(id(entry))));
    assert_eq!(signed.checkpoint.root, merkle::root_of(leaves));
    assert_eq!(signed.checkpoint.text(network, &code), text(&said["text"]));
    signed.verify(network, &code, &key).unwrap();
    let witness = PublicKey::new(&id(&file["witness"]["key"])).unwrap();
    let seen = WitnessPayload::from_bytes(&bytes(&file["witness"]["payload"])).unwrap().seen[0];
    assert_eq!((seen.signed, seen.seconds), (signed, number(&file["witness"]["seconds"])));
    seen.verify(network, &code, &witness).unwrap();
    assert!(text(&file["note"]).starts_with(text(&said["text"])));
    let action = RosterAction::from_bytes(&bytes(&file["action"])).unwrap();
    let RosterAction::Witnesses(policy) = action else { panic!("{action:?}") };
    assert_eq!((policy.threshold, policy.witnesses.len()), (1, 1));
}

#[test]
fn erasures_reach_what_the_page_says() {
    let file = load("erasures.json");
    let key = PublicKey::new(&id(&file["key"])).unwrap();
    let parse = |hex: &Value| UnverifiedEntry::parse(&bytes(hex)).unwrap();
    let entries: Vec<_> = list(&file["entries"]).iter().map(parse).collect();
    let reached = |named: Vec<Point>| -> Vec<u64> {
        let hit = |entry: &&UnverifiedEntry| named.contains(&entry.point()) && entry.header().kind.is_erasable();
        entries.iter().filter(hit).map(|entry| entry.seq().get()).collect()
    };
    let mut named = Vec::new();
    for entry in &entries {
        if let Some(erasure) = Erasure::of(entry.header().kind, entry.payload()) {
            named.extend(erasure.reached_by(entry.header()));
        }
    }
    assert_eq!(Value::from(reached(named.clone())), file["erased_by_the_chain"]);
    let action = RosterAction::from_bytes(&bytes(&file["order"])).unwrap();
    let RosterAction::Erase { chain, erasure } = action else { panic!("{action:?}") };
    assert_eq!(chain.as_bytes(), &id(&file["chain"]));
    named.extend(erasure.entries.iter().copied());
    assert_eq!(Value::from(reached(named)), file["erased_with_the_order"]);
    // What is left is the same chain.
    let network = NetworkId::from_bytes(id(&file["network"]));
    for (before, after) in entries.iter().zip(list(&file["after"])) {
        let after = parse(after);
        assert_eq!((after.id(), after.header().network), (before.id(), network));
        assert_eq!(after.check_own_signature().unwrap(), key);
    }
    let action = RosterAction::from_bytes(&bytes(&file["retention"])).unwrap();
    let RosterAction::Retention(policy) = action else { panic!("{action:?}") };
    policy.check().unwrap();
    for case in list(&file["refused"]) {
        let RosterAction::Retention(policy) = RosterAction::from_bytes(&bytes(&case["action"])).unwrap() else {
            panic!("{case}")
        };
        assert!(policy.check().is_err(), "{case}");
    }
}

fn pattern(len: u64) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8).collect()
}

#[test]
fn blobs_prove_their_chunks() {
    let file = load("blobs.json");
    for case in list(&file["blobs"]) {
        let blob = BlobRef { id: BlobId::from_bytes(id(&case["id"])), len: case["len"].as_u64().unwrap() };
        let bytes = pattern(blob.len);
        assert_eq!(blob.id.as_bytes(), blake3::hash(&bytes).as_bytes());
        assert_eq!(list(&case["chunks"]).len(), blob.chunks() as usize);
        for chunk in list(&case["chunks"]) {
            let index = chunk["index"].as_u64().unwrap() as u32;
            let start = index as usize * CHUNK;
            let len = chunk["len"].as_u64().unwrap() as usize;
            let proof: Vec<_> = list(&chunk["proof"]).iter().map(id).collect();
            verify_chunk(&blob, index, &bytes[start..start + len], &proof).unwrap();
        }
    }
    let key = ContentKey::generate(&mut rng::from_seed(30));
    for case in list(&file["sealed"]) {
        let number = |name: &str| case[name].as_u64().unwrap();
        let (index, last) = (number("index") as u32, case["last"].as_bool().unwrap());
        let cipher = BlobCipher::new(&key, number("blob") as u32);
        let plain = pattern(number("plain_len"));
        let sealed = cipher.seal(index, last, &plain).unwrap();
        assert_eq!(blake3::hash(&sealed).to_string(), text(&case["sealed_blake3"]));
        assert_eq!(cipher.open(index, last, &sealed).unwrap(), plain);
    }
}

#[test]
fn key_files_give_their_keys() {
    for case in list(&load("keyfiles.json")) {
        let keys = keyfile::read(&bytes(&case["hex"]), case["passphrase"].as_str()).unwrap();
        let (name, sign, seals) = match keys {
            Keys::Agency { sign, seals } => ("agency", sign, seals),
            Keys::Registrar(key) => ("registrar", key, vec![]),
            Keys::Node(key) => ("node", key, vec![]),
            Keys::Auditor(key) => ("auditor", key, vec![]),
        };
        assert_eq!(name, text(&case["name"]));
        assert_eq!(hex::encode(*sign.seed()), text(&case["sign_seed"]));
        let seals: Vec<_> = seals.iter().map(|s| Value::from(hex::encode(s.as_bytes()))).collect();
        assert_eq!(seals, list(&case["seal_secrets"]));
    }
}

#[test]
fn the_archive_reads_to_its_end() {
    let file = load("archive.json");
    let frames = judge::archive(&bytes(&file["hex"])).unwrap();
    assert_eq!(Value::from(frames.len()), file["frames_before_the_end"]);
}

#[test]
fn every_invalid_case_is_refused_for_its_reason() {
    let file = load("invalid.json");
    let roster = load("roster.json");
    let chain = load("chain.json");
    let (mut judged, mut wrong) = (0, Vec::new());
    for (judge, cases) in file.as_object().unwrap() {
        for case in list(cases) {
            let reason = match judge.as_str() {
                "decode" => judge::decode(case),
                "entry" => UnverifiedEntry::parse(&bytes(&case["hex"])).map_or_else(|e| names::entry(&e), |_| "valid"),
                "chain" => judge::chain(case, &chain, &final_roster()),
                "roster" => judge::roster(case, &roster),
                "proof" => {
                    EquivocationProof::parse(&bytes(&case["hex"])).map_or_else(|e| names::proof(&e), |_| "valid")
                }
                "chunk" => judge::chunk(case),
                "seal" => judge::seal(case),
                "keyfile" => keyfile::read(&bytes(&case["hex"]), case["passphrase"].as_str())
                    .map_or_else(|e| names::keyfile(&e), |_| "valid"),
                "archive" => judge::archive(&bytes(&case["hex"])).map_or_else(|e| names::archive(&e), |_| "valid"),
                other => panic!("an unknown judge {other}"),
            };
            if reason != text(&case["reason"]) {
                wrong.push(format!("{judge}: {}: {}, not {reason}", case["name"], case["reason"]));
            }
            judged += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(judged > 90, "{judged} cases");
}
