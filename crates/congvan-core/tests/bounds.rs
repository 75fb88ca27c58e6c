//! Every limit of the contract: a value at it, and one past it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{secret, world};
use congvan_core::chain::Fault;
use congvan_core::entry::{MAX_ENTRY_BYTES, MAX_PAYLOAD};
use congvan_core::keyfile::{KeyFileError, Keys};
use congvan_core::limits::*;
use congvan_core::seal::ContentKey;
use congvan_core::*;

fn codes(count: usize, len: usize) -> Vec<AgencyCode> {
    (0..count).map(|n| AgencyCode::new(format!("{n:0len$}")).unwrap()).collect()
}

#[test]
fn payloads() {
    let (network, chain, policy) = world();
    let mut state = ChainState::new(chain);
    let draft = |len| Draft { kind: Kind::NOTE, time: Time::from_millis(0), payload: vec![7; len] };
    let entry = state.append(network, &policy, draft(MAX_PAYLOAD), &secret(0)).unwrap();
    assert_eq!(entry.bytes().len(), MAX_ENTRY_BYTES);
    UnverifiedEntry::parse(entry.bytes()).unwrap();
    let error = state.append(network, &policy, draft(MAX_PAYLOAD + 1), &secret(0)).unwrap_err();
    assert_eq!(error.fault, Fault::Entry(EntryError::PayloadTooLong(MAX_PAYLOAD + 1)));
    let longer = [entry.bytes(), &[0]].concat();
    assert_eq!(UnverifiedEntry::parse(&longer).unwrap_err(), EntryError::TooLong(MAX_ENTRY_BYTES + 1));
}

#[test]
fn two_thousand_addressees_fit_in_one_entry_and_each_reads_it() {
    let (network, chain, policy) = world();
    let mut rng = rng::from_seed(1);
    let codes = codes(MAX_ADDRESSEES, 40);
    let keys = vec![secret(1).public().seal; MAX_ADDRESSEES];
    let envelope = Envelope { subject: Text::new("Công điện").unwrap(), ..Envelope::default() };
    let document = DocumentPayload::seal(
        network,
        chain,
        Cover { addressees: Sorted::new(codes.clone()).unwrap(), ..Cover::default() },
        &keys,
        secret(0).public().seal,
        envelope.clone(),
        &ContentKey::generate(&mut rng),
        &mut rng,
    )
    .unwrap();
    let draft = Draft { kind: Kind::DOCUMENT, time: Time::from_millis(0), payload: document.to_bytes() };
    let entry = ChainState::new(chain).append(network, &policy, draft, &secret(0)).unwrap();
    let read = DocumentPayload::from_bytes(entry.payload().unwrap()).unwrap();
    for code in [&codes[0], &codes[999], &codes[1_999]] {
        assert_eq!(read.open(network, chain, code, &secret(1).seal).unwrap(), envelope);
    }
    assert_eq!(read.open(network, chain, &"sender".parse().unwrap(), &secret(0).seal).unwrap(), envelope);
    assert!(read.open(network, chain, &codes[5], &secret(2).seal).is_err());
    let over = self::codes(MAX_ADDRESSEES + 1, 5);
    assert!(Sorted::<AgencyCode, MAX_ADDRESSEES>::new(over).is_err());
}

#[test]
fn a_document_longer_than_an_entry_is_refused_when_it_is_made() {
    // Each part within its own bound, together too much: codes of the greatest length.
    let result = DocumentPayload::seal(
        NetworkId::from_bytes([0; 32]),
        ChainId::from_bytes([0; 32]),
        Cover { addressees: Sorted::new(codes(MAX_ADDRESSEES, MAX_CODE)).unwrap(), ..Cover::default() },
        &vec![secret(1).public().seal; MAX_ADDRESSEES],
        secret(0).public().seal,
        Envelope::default(),
        &ContentKey::generate(&mut rng::from_seed(1)),
        &mut rng::from_seed(2),
    );
    assert!(matches!(result, Err(document::DocumentError::TooLong(len)) if len > MAX_PAYLOAD));
}

#[test]
fn texts() {
    fn bound<const MAX: usize>() {
        Text::<MAX>::new("a".repeat(MAX)).unwrap();
        let error = Text::<MAX>::new("a".repeat(MAX + 1)).unwrap_err();
        assert_eq!(error, codec::BoundError::TextTooLong { len: MAX + 1, max: MAX });
    }
    bound::<MAX_NAME>();
    bound::<MAX_FIELD>();
    bound::<MAX_SUBJECT>();
    bound::<MAX_SUMMARY>();
    bound::<MAX_URL>();
    AgencyCode::new("a".repeat(MAX_CODE)).unwrap();
    assert!(AgencyCode::new("a".repeat(MAX_CODE + 1)).is_err());
    assert!(AgencyCode::new("").is_err());
}

#[test]
fn lists() {
    fn bound<T: Clone + std::fmt::Debug, const MAX: usize>(element: T) {
        Bounded::<T, MAX>::new(vec![element.clone(); MAX]).unwrap();
        let error = Bounded::<T, MAX>::new(vec![element; MAX + 1]).unwrap_err();
        assert_eq!(error, codec::BoundError::ListTooLong { len: MAX + 1, max: MAX });
    }
    bound::<_, MAX_REFERENCES>(document::Reference::default());
    bound::<_, MAX_NODES>(NodeKey::from_bytes([0; 32]));
    bound::<_, MAX_INLINE_PACKET>(0u8);
    bound::<_, MAX_BLOBS>(0u8);
    bound::<_, MAX_ATTACHMENTS>(0u8);
}

#[test]
fn a_decoder_refuses_a_list_one_past_its_bound() {
    let blob = blob::BlobRef { id: BlobId::from_bytes([0; 32]), len: 0 };
    let blobs = |count: usize| {
        let blobs = codec::encode(&vec![blob; count]);
        // No addressees, no links.
        [&[0; 16][..], &blobs, &1u32.to_le_bytes(), &0u64.to_le_bytes()].concat()
    };
    DocumentPayload::from_bytes(&blobs(MAX_BLOBS)).unwrap();
    assert!(DocumentPayload::from_bytes(&blobs(MAX_BLOBS + 1)).is_err());
}

#[test]
fn procedures() {
    use catalogue::{Date, FormBlob, InForce, NotAPart, ProcedureCode, Title, TooLong};
    ProcedureCode::new("1".repeat(MAX_PROCEDURE_CODE)).unwrap();
    let long = ProcedureCode::new("1".repeat(MAX_PROCEDURE_CODE + 1)).unwrap_err();
    assert_eq!(long, NotAPart::CodeLength(MAX_PROCEDURE_CODE + 1));
    Title::new("a".repeat(MAX_SUBJECT)).unwrap();
    assert!(matches!(Title::new("a".repeat(MAX_SUBJECT + 1)), Err(NotAPart::Bound(_))));
    assert_eq!(Title::new(" ").unwrap_err(), NotAPart::NoName);
    let blob = |len| FormBlob::new(blob::BlobRef { id: BlobId::from_bytes([0; 32]), len });
    blob(MAX_FORM).unwrap();
    assert_eq!(blob(MAX_FORM + 1).unwrap_err(), NotAPart::FormTooLong(MAX_FORM + 1));
    let day = |text: &str| text.parse::<Date>().ok();
    let (first, last) = (day("2026/01/01"), day("2026/01/02"));
    InForce::new(last, last).unwrap();
    assert!(InForce::new(last, first).is_err());
    for good in ["0001/01/01", "9999/12/31", "2024/02/29", "2000/02/29"] {
        assert_eq!(day(good).unwrap().to_string(), good);
    }
    for bad in [
        "0000/01/01",
        "2023/02/29",
        "1900/02/29",
        "2026/04/31",
        "2026/13/01",
        "2026/00/10",
        "2026-01-01",
        "2026/1/1",
        "+026/01/01",
    ] {
        assert_eq!(day(bad), None, "{bad}");
    }

    // A list at its bound decodes, one past it does not; each within its bound, together one byte too much.
    let mut procedure = Procedure::new("A".parse().unwrap(), Title::new("B").unwrap());
    procedure.steps = Bounded::new(vec![Text::default(); MAX_STEPS]).unwrap();
    procedure.legal_basis = Bounded::new(vec![Text::default(); MAX_LEGAL_BASES]).unwrap();
    procedure.applicants = Bounded::new(vec![Text::default(); MAX_APPLICANTS]).unwrap();
    procedure.payment.channels = Bounded::new(vec![Default::default(); MAX_CHANNELS]).unwrap();
    assert!(Bounded::<u8, MAX_FORMS>::new(vec![0; MAX_FORMS + 1]).is_err());
    let payload = ProcedurePayload::new(ProcedureChange::Publish(procedure.clone())).unwrap();
    assert_eq!(ProcedurePayload::from_bytes(&payload.to_bytes()).unwrap(), payload);
    let room = MAX_PAYLOAD - payload.to_bytes().len();
    let filled = |mut room: usize| {
        let step = |_| {
            let take = room.min(MAX_SUMMARY);
            room -= take;
            Text::new("a".repeat(take)).unwrap()
        };
        let steps = Bounded::new((0..MAX_STEPS).map(step).collect()).unwrap();
        ProcedurePayload::new(ProcedureChange::Publish(Procedure { steps, ..procedure.clone() }))
    };
    assert_eq!(filled(room).unwrap().to_bytes().len(), MAX_PAYLOAD);
    assert_eq!(filled(room + 1).unwrap_err(), TooLong { code: procedure.code.clone(), len: MAX_PAYLOAD + 1 });
}

#[test]
fn registrars_and_thresholds() {
    let keys = |count: u8| (0..count).map(|n| SecretKey::from_seed(&[n; 32]).public()).collect::<Vec<_>>();
    let genesis = |count, k| Genesis::new("", Time::from_millis(0), keys(count), k, [0; 16]);
    let full = genesis(MAX_REGISTRARS as u8, MAX_REGISTRARS as u16).unwrap();
    assert_eq!(Genesis::parse(&full.to_bytes()).unwrap(), full);
    assert!(genesis(MAX_REGISTRARS as u8 + 1, 1).is_err());
    assert!(genesis(3, 0).is_err());
    assert!(genesis(3, 4).is_err());
    assert!(genesis(0, 0).is_err());
}

#[test]
fn the_last_number_of_a_chain() {
    let (network, chain, policy) = world();
    let record = |seq| chain::ChainRecord {
        chain,
        head: Some(Point { seq: Seq::new(seq).unwrap(), id: EntryId::from_bytes([1; 32]) }),
        spans: vec![(Seq::FIRST, secret(0).public())],
        rotated: vec![],
    };
    let draft = Draft { kind: Kind::NOTE, time: Time::from_millis(0), payload: vec![] };
    let mut state = ChainState::from_record(record(u64::MAX - 1));
    assert_eq!(state.append(network, &policy, draft.clone(), &secret(0)).unwrap().seq().get(), u64::MAX);
    let before = state.clone();
    assert_eq!(state.append(network, &policy, draft, &secret(0)).unwrap_err().fault, Fault::Full);
    assert_eq!((state.next_seq(), &state), (None, &before));
    assert_eq!(state.cut_back(state.head()), state);
    assert_eq!(state.next_keys(&policy), None);
}

#[test]
fn sealing_keys_in_a_key_file() {
    let keys = |count| Keys::Agency { sign: secret(0).sign, seals: vec![secret(0).seal; count] };
    let mut rng = rng::from_seed(1);
    let written = keyfile::write(&keys(64), None, &mut rng).unwrap();
    assert!(matches!(keyfile::read(&written, None), Ok(Keys::Agency { seals, .. }) if seals.len() == 64));
    assert_eq!(keyfile::write(&keys(65), None, &mut rng).unwrap_err(), KeyFileError::TooManyKeys);
    let locked = keyfile::write(&keys(64), Some("mật khẩu"), &mut rng).unwrap();
    keyfile::read(&locked, Some("mật khẩu")).unwrap();
    assert_eq!(keyfile::read(&locked, Some("mật khẩu ")).unwrap_err(), KeyFileError::WrongPassphrase);
    assert_eq!(keyfile::read(&locked, None).unwrap_err(), KeyFileError::NeedsPassphrase);
}

#[test]
fn a_stated_length_claims_no_memory() {
    let mut bytes = vec![0xff; 8];
    bytes.extend([0; 64]);
    let start = std::time::Instant::now();
    for _ in 0..1000 {
        assert!(DocumentPayload::from_bytes(&bytes).is_err());
        assert!(Content::from_bytes(&bytes).is_err());
    }
    assert!(start.elapsed().as_secs() < 5, "refusing costs no allocation of what was stated");
}
