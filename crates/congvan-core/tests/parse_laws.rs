//! Decode∘encode is identity; every other byte string is refused; nothing panics on any bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../examples/vectors/generate/mod.rs"]
mod generate;

use congvan_core::archive::Frame;
use congvan_core::chain::{ChainRecord, KeyRotation};
use congvan_core::evidence::RawProof;
use congvan_core::roster::{Proposal, RosterPayload};
use congvan_core::status::StatusContent;
use congvan_core::*;
use proptest::prelude::*;
use serde_json::Value;
use std::sync::OnceLock;

/// Bytes that decode as some type: all hexadecimal strings of the vectors, valid and invalid.
fn samples() -> &'static [Vec<u8>] {
    static SAMPLES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    fn collect(value: &Value, found: &mut Vec<Vec<u8>>) {
        match value {
            Value::String(text) => found.extend(hex::decode(text).ok().filter(|bytes| !bytes.is_empty())),
            Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
            Value::Object(map) => map.values().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    SAMPLES.get_or_init(|| {
        let mut found = Vec::new();
        for (_, text) in generate::files() {
            collect(&serde_json::from_str(&text).unwrap(), &mut found);
        }
        let payloads: Vec<_> = found
            .iter()
            .filter_map(|bytes| UnverifiedEntry::parse(bytes).ok()?.payload().map(<[u8]>::to_vec))
            .filter(|payload| !payload.is_empty())
            .collect();
        let headers: Vec<_> = found.iter().filter_map(|bytes| bytes.get(..183).map(<[u8]>::to_vec)).collect();
        found.extend(payloads);
        found.extend(headers);
        found.extend(more());
        found
    })
}

/// Types that no vector holds on its own.
fn more() -> Vec<Vec<u8>> {
    let network = NetworkId::from_bytes([1; 32]);
    let chain = ChainId::of_roster(network);
    let keys = AgencySecret::generate(&mut rng::from_seed(1));
    let grant = chain::KeyGrant { from: Seq::FIRST, keys: std::sync::Arc::new(keys.public()) };
    let policy = ChainPolicy { grants: vec![grant], ..ChainPolicy::default() };
    let mut state = ChainState::new(chain);
    let rotation = KeyRotation::to(&keys, network, chain).to_bytes();
    let draft = Draft { kind: Kind::ROTATION, time: Time::from_millis(1), payload: rotation.clone() };
    let entry = state.append(network, &policy, draft, &keys).unwrap();
    let action = RosterAction::Suspend { chain, last: Some(entry.point()) };
    let proposal = Proposal { network, seq: Seq::FIRST, prev: Header::NO_PREVIOUS, action: action.clone() };
    let frame = Frame::Entry(Bounded::new(entry.bytes().to_vec()).unwrap());
    vec![rotation, state.to_record().to_bytes(), action.to_bytes(), proposal.to_bytes(), frame.to_bytes()]
}

/// If the bytes are a value of `T`, they are its one encoding, and nothing may be added or taken.
fn law<T: Wire>(bytes: &[u8]) -> bool {
    let Ok(value) = T::from_bytes(bytes) else { return false };
    assert_eq!(value.to_bytes(), bytes, "{}: another encoding of one value", T::NAME);
    assert!(bytes.len() <= T::MAX);
    assert!(T::from_bytes(&[bytes, &[0]].concat()).is_err(), "{}: a byte too many", T::NAME);
    assert!(bytes.is_empty() || T::from_bytes(&bytes[..bytes.len() - 1]).is_err(), "{}: a byte too few", T::NAME);
    true
}

/// Whether bytes are a value of a type, whose law then holds.
type Law = fn(&[u8]) -> bool;

/// Names and laws of all types.
const LAWS: &[(&str, Law)] = &[
    ("genesis", law::<Genesis>),
    ("header", law::<Header>),
    ("admission", law::<Admission>),
    ("action", law::<RosterAction>),
    ("roster payload", law::<RosterPayload>),
    ("proposal", law::<Proposal>),
    ("rotation", law::<KeyRotation>),
    ("record", law::<ChainRecord>),
    ("document", law::<DocumentPayload>),
    ("content", law::<Content>),
    ("status", law::<StatusPayload>),
    ("status content", law::<StatusContent>),
    ("procedure change", law::<ProcedurePayload>),
    ("proof", law::<RawProof>),
    ("frame", law::<Frame>),
];

fn parse_everything(bytes: &[u8]) {
    for (_, law) in LAWS {
        let _ = law(bytes);
    }
    let _ = Genesis::parse(bytes);
    if let Ok(proof) = EquivocationProof::parse(bytes) {
        assert_eq!(proof.to_bytes(), bytes);
    }
    if let Ok(entry) = UnverifiedEntry::parse(bytes) {
        assert_eq!(entry.bytes(), bytes);
        let _ = entry.check_own_signature();
    }
    if let Ok(key) = <&[u8; 32]>::try_from(bytes)
        && let Ok(key) = PublicKey::new(key)
    {
        assert_eq!(key.id().as_bytes(), bytes);
    }
    let _ = keyfile::read(bytes, None);
    let text = String::from_utf8_lossy(bytes);
    let _ = (text.parse::<AgencyCode>(), text.parse::<Seq>(), text.parse::<EntryId>(), text.parse::<StatusCode>());
}

#[test]
fn every_type_has_a_sample_that_decodes() {
    for (name, law) in LAWS {
        assert!(samples().iter().any(|bytes| law(bytes)), "no sample decodes as {name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        parse_everything(&bytes);
    }

    #[test]
    fn a_mutated_value_is_refused_or_is_another_value(
        sample: prop::sample::Index,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        tail in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        let mut bytes = sample.get(samples()).clone();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes.extend(tail);
        parse_everything(&bytes);
    }

    /// The words that are lengths and numbers, set to what breaks decoders.
    #[test]
    fn lengths_that_lie_are_refused_cheaply(sample: prop::sample::Index, at: prop::sample::Index, len in prop_oneof![
        Just(u64::MAX), Just(u64::MAX / 2), Just(1 << 32), Just(1 << 22), 0u64..4096
    ]) {
        let mut bytes = sample.get(samples()).clone();
        let at = at.index(bytes.len());
        let end = (at + 8).min(bytes.len());
        bytes[at..end].copy_from_slice(&len.to_le_bytes()[..end - at]);
        parse_everything(&bytes);
    }

    #[test]
    fn envelopes_round_trip(
        subject in "\\PC{0,200}", name in "\\PC{0,50}", len: u64, blob: u32, due in prop::option::of("[0-9/]{0,10}"),
        packet in prop::collection::vec(any::<u8>(), 0..100), attachments in 0usize..5,
    ) {
        let attachment = Attachment {
            name: Text::new(name).unwrap(),
            media_type: Text::default(),
            description: Text::default(),
            packaging: document::Packaging::Zip,
            len,
            digest: Attachment::digest([packet.as_slice()]),
            blob,
        };
        let envelope = Envelope {
            subject: Text::new(subject).unwrap(),
            due: Text::new(due.clone().unwrap_or_default()).unwrap(),
            business: document::Business::Recall,
            responds_to: Bounded::new(vec![document::Reference::default(); attachments]).unwrap(),
            attachments: Bounded::new(vec![attachment; attachments]).unwrap(),
            packet: due.map(|_| document::Packet::Inline(Bounded::new(packet.clone()).unwrap())),
            ..Envelope::default()
        };
        let content = Content::V1(envelope);
        prop_assert_eq!(Content::from_bytes(&content.to_bytes()).unwrap(), content.clone());
        prop_assert!(law::<Content>(&content.to_bytes()));
    }
}
