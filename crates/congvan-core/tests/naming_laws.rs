//! Documents name their addressees one by one: each can be shown alone, nobody else can, and nothing altered holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;

use congvan_core::codec::encode;
use congvan_core::entry::MAX_PAYLOAD;
use congvan_core::limits::{MAX_ADDRESSEES, MAX_CODE};
use congvan_core::naming::{END, MAX_LEFT, NamingError, PIECE};
use congvan_core::seal::ContentKey;
use congvan_core::*;
use proptest::prelude::*;

const NETWORK: NetworkId = NetworkId::from_bytes([1; 32]);
const CHAIN: ChainId = ChainId::from_bytes([2; 32]);

fn cover(codes: impl IntoIterator<Item = AgencyCode>) -> Cover {
    Cover { addressees: Sorted::from_unsorted(codes.into_iter().collect()).unwrap(), ..Cover::default() }
}

fn code(n: usize) -> AgencyCode {
    AgencyCode::new(format!("000.00.{n:02}.H55")).unwrap()
}

/// The header of a document with this payload, but for what says who wrote it and when.
fn header(payload: &[u8]) -> Header {
    Header {
        version: 1,
        network: NETWORK,
        chain: CHAIN,
        seq: Seq::FIRST,
        prev: Header::NO_PREVIOUS,
        time: Time::from_millis(0),
        kind: Kind::DOCUMENT,
        signer: SecretKey::from_seed(&[1; 32]).public().id(),
        payload_digest: Header::digest(payload),
        payload_len: payload.len() as u32,
    }
}

fn made(cover: Cover, summary: &str, public: bool, seed: u64) -> DocumentPayload {
    let mut rng = rng::from_seed(seed);
    let envelope = Envelope { summary: Text::new(summary).unwrap(), ..Envelope::default() };
    if public {
        return DocumentPayload::public(cover, envelope, &mut rng).unwrap();
    }
    let own = AgencySecret::generate(&mut rng).public().seal;
    let keys = vec![own; cover.addressees.len()];
    let key = ContentKey::generate(&mut rng);
    DocumentPayload::seal(NETWORK, CHAIN, cover, &keys, own, envelope, &key, &mut rng).unwrap()
}

/// With this many bytes as its body, which nobody reads.
fn of_length(codes: usize, body: usize) -> DocumentPayload {
    let cover = cover((0..codes).map(code));
    let naming = Some(Naming::new([9; 32], &cover.addressees));
    DocumentPayload { cover, body: Body::Public(Bounded::new(vec![b'x'; body]).unwrap()), naming }
}

/// Of a document to one of these: a cover of three lists, the kind of body, the salt, and the body's length.
const OPEN: usize = 3 * 8 + 8 + 13 + 4 + 32 + 8;

fn agency_codes(most: usize) -> impl Strategy<Value = BTreeSet<AgencyCode>> {
    let code = "[A-Za-z0-9.-]{1,64}".prop_filter_map("no code", |code| AgencyCode::new(code).ok());
    prop::collection::btree_set(code, 1..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_addressee_is_shown_alone_and_nobody_else_is(
        codes in agency_codes(40), other in "[A-Z]{1,3}", summary in "\\PC{0,700}", public: bool, seed: u64,
    ) {
        let document = made(cover(codes.clone()), &summary, public, seed);
        let payload = document.to_bytes();
        let naming = document.naming.unwrap();
        prop_assert_eq!(naming.roll.count, codes.len() as u64);
        prop_assert!(document.names_its_addressees());
        prop_assert_eq!(&DocumentPayload::from_bytes(&payload).unwrap(), &document);
        let header = header(&payload);
        let mut places = BTreeSet::new();
        for code in &codes {
            let named = NamedTo::prove(&payload, code).unwrap();
            named.check(&header).unwrap();
            prop_assert_eq!((&named.code, named.tail.roll), (code, naming.roll));
            places.insert(named.index);
            // It says nothing about the others: neither their codes nor what would tell a guess from a wrong one.
            let shown = encode(&named);
            let blinds = |other: &AgencyCode| blake3::Hasher::new_derive_key(domain::ADDRESSEE)
                .update(&naming.salt).update(other.as_str().as_bytes()).finalize();
            let contains = |what: &[u8]| shown.windows(what.len()).any(|window| window == what);
            prop_assert!(!contains(&naming.salt));
            for other in codes.iter().filter(|other| *other != code) {
                prop_assert!(!contains(blinds(other).as_bytes()));
                prop_assert!(other.as_str().len() < 6 || code.as_str().contains(other.as_str()) || !contains(other.as_str().as_bytes()));
            }
        }
        prop_assert_eq!(places.len(), codes.len());
        let other = AgencyCode::new(other).unwrap();
        if !codes.contains(&other) {
            prop_assert_eq!(NamedTo::prove(&payload, &other), Err(NamingError::NotTo(other.clone())));
            let mut forged = NamedTo::prove(&payload, codes.first().unwrap()).unwrap();
            forged.code = other;
            prop_assert!(matches!(forged.check(&header), Err(NamingError::NotListed(_))));
        }
    }

    #[test]
    fn what_is_altered_is_refused(count in 1usize..12, at: prop::sample::Index, by in 1u8.., which: prop::sample::Index, length in 0usize..9_000) {
        let document = of_length(count, length);
        let payload = document.to_bytes();
        let header = header(&payload);
        let named = NamedTo::prove(&payload, which.get(&document.cover.addressees)).unwrap();
        let mut bytes = encode(&named);
        *at.get_mut(&mut bytes) ^= by;
        // As it would be read: in a frame of a bundle.
        let frame = [&8u32.to_le_bytes()[..], &bytes].concat();
        if let Ok(bundle::Frame::Named(altered)) = bundle::Frame::from_bytes(&frame) {
            prop_assert_ne!(&altered, &named);
            prop_assert!(altered.check(&header).is_err(), "{altered:?}");
        }
        // Nor does it hold for another document.
        let mut other = payload.clone();
        *at.get_mut(&mut other) ^= by;
        prop_assert_eq!(named.check(&self::header(&other)), Err(NamingError::Digest));
        let longer = |by: u32| Header { payload_len: header.payload_len + by, ..header.clone() };
        prop_assert_eq!(named.check(&longer(1)), Err(NamingError::Length(header.payload_len + 1)));
        prop_assert_eq!(named.check(&longer(PIECE as u32)), Err(NamingError::Digest));
    }

    #[test]
    fn a_guess_about_what_is_not_shown_cannot_be_tried(codes in agency_codes(200), body in 0usize..6_000) {
        let cover = cover(codes);
        let open = encode(&cover).len() + 4 + 32;
        let naming = Some(Naming::new([3; 32], &cover.addressees));
        let document = DocumentPayload { cover, body: Body::Public(Bounded::new(vec![0; body]).unwrap()), naming };
        let pieces = (document.to_bytes().len() - END) / PIECE;
        // Cover and salt are in the first subtree whose hash is shown, and so is no guess at a cover without the salt.
        prop_assert!(open <= PIECE << pieces.ilog2());
        // No more zeros than that takes.
        let fewest = (open + 8 + body).div_ceil(PIECE).max(open.div_ceil(PIECE).next_power_of_two());
        prop_assert_eq!(pieces, fewest);
    }
}

#[test]
fn the_end_leads_to_the_digest_of_a_document_of_any_length() {
    let most = (MAX_PAYLOAD - END) / PIECE;
    for pieces in 1..=most {
        // The longest body, and the shortest.
        for body in [PIECE * pieces - OPEN, (PIECE * (pieces - 1) + 1).saturating_sub(OPEN)] {
            let payload = of_length(1, body).to_bytes();
            assert_eq!(payload.len(), PIECE * pieces + END, "a body of {body} bytes");
            let named = NamedTo::prove(&payload, &code(0)).unwrap();
            assert_eq!(named.tail.left.len(), pieces.count_ones() as usize);
            assert!(named.tail.left.len() <= MAX_LEFT);
            named.check(&header(&payload)).unwrap();
            let cut = codec::Bounded::new(named.tail.left[1..].to_vec()).unwrap();
            let cut = NamedTo { tail: naming::Tail { left: cut, ..named.tail.clone() }, ..named };
            assert_eq!(cut.check(&header(&payload)), Err(NamingError::Digest));
        }
    }
    assert_eq!((1..=most).map(|pieces| pieces.count_ones() as usize).max(), Some(MAX_LEFT));
}

/// What was written before documents named their addressees is read as it was, byte for byte.
#[test]
fn the_first_form_is_read_and_names_nobody() {
    for public in [true, false] {
        let document = DocumentPayload { naming: None, ..made(cover([code(1)]), "", public, 4) };
        let body = match &document.body {
            Body::Sealed(sealed) => encode(sealed),
            Body::Public(content) => encode(content),
        };
        let bytes = [encode(&document.cover), u32::from(public).to_le_bytes().to_vec(), body].concat();
        assert_eq!(document.to_bytes(), bytes);
        assert_eq!(DocumentPayload::from_bytes(&bytes).unwrap(), document);
        assert!(document.names_its_addressees());
        assert_eq!(NamedTo::prove(&bytes, &code(1)), Err(NamingError::Without));
    }
    assert_eq!(made(Cover::default(), "", true, 5).naming, None, "to nobody");
}

fn refused(bytes: &[u8]) -> String {
    DocumentPayload::from_bytes(bytes).unwrap_err().to_string()
}

#[test]
fn another_end_is_refused() {
    let good = made(cover([code(1)]), "", false, 6).to_bytes();
    let end = good.len() - END;
    let with = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    assert!(refused(&with(end - 1)).contains(&NamingError::Padding.to_string()));
    assert!(refused(&with(end)).contains(&NamingError::NoEnd.to_string()));
    for zeros in [1, PIECE] {
        let longer = [&good[..end], &vec![0; zeros], &good[end..]].concat();
        assert!(refused(&longer).contains(&NamingError::NoEnd.to_string()), "{zeros} more");
    }
    assert!(DocumentPayload::from_bytes(&good[..end]).is_err());
}

/// Somebody who sees the end alone could not tell it from one that names.
#[test]
fn a_document_that_names_nobody_must_not_end_as_if_it_did() {
    let named = of_length(3, 100).to_bytes();
    let end = &named[named.len() - END..];
    let posing = |pieces: usize, more: usize| {
        let zeros = pieces * PIECE - 24 - 4 - 8 + more;
        let body = Bounded::new([&vec![0; zeros], end].concat()).unwrap();
        DocumentPayload { cover: Cover::default(), body: Body::Public(body), naming: None }.to_bytes()
    };
    for pieces in [1, 2, 9] {
        assert!(refused(&posing(pieces, 0)).contains(&NamingError::Poses.to_string()));
        DocumentPayload::from_bytes(&posing(pieces, 1)).unwrap();
    }
}

#[test]
fn addressees_that_are_not_those_on_the_cover_are_not_proven() {
    let mut document = made(cover([code(1), code(2)]), "", false, 7);
    document.naming = Some(Naming::new([5; 32], &[code(1), code(3)]));
    let read = DocumentPayload::from_bytes(&document.to_bytes()).unwrap();
    assert!(!read.names_its_addressees());
    for n in [1, 2] {
        assert_eq!(NamedTo::prove(&document.to_bytes(), &code(n)), Err(NamingError::OtherAddressees));
    }
}

/// A document that fits in an entry fits whether or not there is room to name its addressees.
#[test]
fn what_is_too_long_to_name_its_addressees_goes_without() {
    let long = |n: usize| AgencyCode::new(format!("{n:0MAX_CODE$}")).unwrap();
    let most = cover((0..MAX_ADDRESSEES).map(long));
    let document = made(most.clone(), "", true, 8);
    assert_eq!(document.naming, None);
    DocumentPayload::from_bytes(&document.to_bytes()).unwrap();
    let named = DocumentPayload { naming: Some(Naming::new([0; 32], &most.addressees)), ..document };
    assert!(named.to_bytes().len() > MAX_PAYLOAD && DocumentPayload::from_bytes(&named.to_bytes()).is_err());
    // At the bound: the last body with which there is room, and one byte more.
    let body = |body: usize| of_length(1, body).to_bytes().len();
    let room = (MAX_PAYLOAD - END) / PIECE * PIECE - OPEN;
    assert!(body(room) <= MAX_PAYLOAD && body(room + 1) > MAX_PAYLOAD);
    DocumentPayload::from_bytes(&of_length(1, room).to_bytes()).unwrap();
    // Sealed to the most addressees that fit, it names them.
    let codes = (0..MAX_ADDRESSEES).map(|n| AgencyCode::new(format!("{n:040}")).unwrap());
    let document = made(cover(codes), "", false, 9);
    assert!(document.naming.is_some());
    let payload = document.to_bytes();
    let last = document.cover.addressees.last().unwrap();
    NamedTo::prove(&payload, last).unwrap().check(&header(&payload)).unwrap();
}
