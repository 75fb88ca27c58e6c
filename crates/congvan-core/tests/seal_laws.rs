//! What is sealed opens for its readers, in its place, and for nobody else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::secret;
use congvan_core::seal::{self, ContentKey, SealError};
use congvan_core::status::StatusNote;
use congvan_core::*;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_body_opens_for_every_reader_and_nobody_else(
        seed: u64, readers in 0u64..6, body in prop::collection::vec(any::<u8>(), 0..300),
        context in prop::collection::vec(any::<u8>(), 1..50), at: prop::sample::Index,
    ) {
        let mut rng = rng::from_seed(seed);
        let key = ContentKey::generate(&mut rng);
        let public: Vec<_> = (0..readers).map(|n| secret(n).public().seal).collect();
        let sealed = seal::seal(&public, &context, &body, &key, &mut rng).unwrap();
        let mut moved = context.clone();
        *at.get_mut(&mut moved) ^= 1;
        for reader in 0..readers {
            let own = secret(reader).seal;
            let key = seal::unwrap_key(&sealed, reader as usize, &context, &own).unwrap();
            prop_assert_eq!(&seal::open(&sealed, &context, &key).unwrap(), &body);
            prop_assert_eq!(seal::open(&sealed, &moved, &key), Err(SealError::Damaged));
            prop_assert!(seal::unwrap_key(&sealed, reader as usize, &moved, &own).is_err());
            // Its key opens its own wrap alone, and no stranger's opens any.
            for wrap in 0..readers as usize + 1 {
                prop_assert_eq!(seal::unwrap_key(&sealed, wrap, &context, &own).is_ok(), wrap == reader as usize);
                prop_assert!(seal::unwrap_key(&sealed, wrap, &context, &secret(9).seal).is_err());
            }
        }
    }

    #[test]
    fn a_document_opens_in_its_chain_and_network_only(
        seed: u64, addressees in prop::collection::btree_set(0u64..8, 0..5), subject in "\\PC{0,40}", byte: prop::sample::Index,
    ) {
        let mut rng = rng::from_seed(seed);
        let network = NetworkId::from_bytes([1; 32]);
        let code = |n: u64| AgencyCode::new(format!("A{n}")).unwrap();
        let chain = ChainId::of_agency(network, &code(8));
        let envelope = Envelope { subject: Text::new(subject).unwrap(), ..Envelope::default() };
        let to = Sorted::new(addressees.iter().map(|n| code(*n)).collect()).unwrap();
        let cover = Cover { addressees: to, ..Cover::default() };
        let keys: Vec<_> = addressees.iter().map(|n| secret(*n).public().seal).collect();
        let content_key = ContentKey::generate(&mut rng);
        let own = secret(8).public().seal;
        let document =
            DocumentPayload::seal(network, chain, cover, &keys, own, envelope.clone(), &content_key, &mut rng).unwrap();
        let document = DocumentPayload::from_bytes(&document.to_bytes()).unwrap();
        for reader in 0..9 {
            let (code, key) = (code(reader), secret(reader).seal);
            let is_reader = addressees.contains(&reader) || reader == 8;
            prop_assert_eq!(document.open(network, chain, &code, &key).ok(), is_reader.then(|| envelope.clone()));
            prop_assert!(document.open(network, ChainId::of_roster(network), &code, &key).is_err());
            prop_assert!(document.open(NetworkId::from_bytes([2; 32]), chain, &code, &key).is_err());
        }
        // No altered byte gives its sender another envelope.
        let mut altered = document.to_bytes();
        let at = byte.index(altered.len());
        altered[at] ^= 1;
        if let Ok(altered) = DocumentPayload::from_bytes(&altered)
            && let Ok(read) = altered.open(network, chain, &code(8), &secret(8).seal)
        {
            prop_assert_eq!(read, envelope);
        }
    }

    #[test]
    fn a_status_opens_for_its_two_sides_only(seed: u64, note in "\\PC{0,40}", code in prop::sample::select(&StatusCode::ALL[..])) {
        let network = NetworkId::from_bytes([1; 32]);
        let chain = ChainId::from_bytes([2; 32]);
        let document = EntryRef { chain, seq: Seq::FIRST, id: EntryId::from_bytes([3; 32]) };
        let note = StatusNote { note: Text::new(note).unwrap(), ..StatusNote::default() };
        let cover = StatusCover { document, answers: None, code, to: "A".parse().unwrap() };
        let (key, own) = (secret(0).public().seal, secret(1).public().seal);
        let status =
            StatusPayload::seal(network, chain, cover.clone(), key, own, note.clone(), &mut rng::from_seed(seed)).unwrap();
        prop_assert_eq!(&status.open(network, chain, &secret(0).seal).unwrap(), &note);
        prop_assert_eq!(&status.open(network, chain, &secret(1).seal).unwrap(), &note);
        prop_assert!(status.open(network, chain, &secret(2).seal).is_err());
        // Said of another document, or with another code, it does not open.
        let other = EntryRef { seq: Seq::new(2).unwrap(), ..document };
        let said_of_another = StatusPayload { cover: StatusCover { document: other, ..cover.clone() }, ..status.clone() };
        prop_assert!(said_of_another.open(network, chain, &secret(0).seal).is_err());
        let another = StatusCode::ALL.into_iter().find(|other| *other != code).unwrap();
        let answering = StatusCover { answers: Some(other), ..cover.clone() };
        let answering = StatusPayload { cover: answering, ..status.clone() };
        prop_assert!(answering.open(network, chain, &secret(0).seal).is_err());
        let another_code = StatusPayload { cover: StatusCover { code: another, ..cover }, ..status };
        prop_assert!(another_code.open(network, chain, &secret(0).seal).is_err());
    }
}
