#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;
use crate::invitation::{InvitationCode, name_of};
use crate::keys::{AgencySecret, SecretKey};
use crate::rng;

fn offer() -> Offer {
    let registrar = SecretKey::from_seed(&[1; 32]);
    Offer {
        genesis: Genesis::new("Thái Nguyên", Time::from_millis(1), vec![registrar.public()], 1, [2; 16]).unwrap(),
        code: AgencyCode::new("H55.01").unwrap(),
        name: Text::new("Sở Tài chính").unwrap(),
        parent: None,
        expires: Time::from_millis(3),
        time: Time::from_millis(2),
        nonce: [4; 32],
        proof: Proof([0; 32]),
    }
}

fn admission(offer: &Offer) -> Admission {
    let secret = AgencySecret::generate(&mut rng::from_seed(5));
    Admission {
        code: offer.code.clone(),
        name: offer.name.clone(),
        parent: offer.parent.clone(),
        possession: secret.prove_possession(offer.genesis.network_id(), offer.chain()),
        keys: secret.public(),
        nodes: Bounded::new(vec![NodeKey::from_bytes([6; 32])]).unwrap(),
        rights: Rights::NONE,
    }
}

fn transcript(code: &InvitationCode) -> Transcript {
    Transcript { desk: NodeKey::from_bytes([7; 32]), guest: name_of(code), opened: [8; 32], offered: [4; 32] }
}

#[test]
fn a_proof_is_of_one_conversation_and_one_content() {
    let code = InvitationCode::generate(&mut rng::from_seed(1));
    let (key, offer) = (code.proof(), offer());
    let (transcript, admission, network) = (transcript(&code), admission(&offer), offer.genesis.network_id());
    let offered = transcript.offer_proof(&key, &offer);
    let keys = transcript.keys_proof(&key, network, &admission);
    assert_eq!(offered, transcript.offer_proof(&key, &Offer { proof: Proof([9; 32]), ..offer.clone() }));
    assert_ne!(offered, keys);

    // Another desk's key (somebody in the middle), another guest, another time, another code.
    let others = [
        Transcript { desk: NodeKey::from_bytes([0; 32]), ..transcript },
        Transcript { guest: NodeKey::from_bytes([0; 32]), ..transcript },
        Transcript { opened: [0; 32], ..transcript },
        Transcript { offered: [0; 32], ..transcript },
    ];
    for other in others {
        assert_ne!(other.offer_proof(&key, &offer), offered);
        assert_ne!(other.keys_proof(&key, network, &admission), keys);
    }
    let stranger = InvitationCode::generate(&mut rng::from_seed(2)).proof();
    assert_ne!(transcript.offer_proof(&stranger, &offer), offered);

    // Whatever is offered, and whatever is to be admitted.
    let mut genesis = offer.genesis.clone();
    genesis.salt[0] ^= 1;
    let altered = [
        Offer { genesis, ..offer.clone() },
        Offer { code: AgencyCode::new("H55.02").unwrap(), ..offer.clone() },
        Offer { name: Text::new("Khác").unwrap(), ..offer.clone() },
        Offer { parent: Some(AgencyCode::new("H55").unwrap()), ..offer.clone() },
        Offer { expires: Time::from_millis(4), ..offer.clone() },
        Offer { time: Time::from_millis(4), ..offer.clone() },
        Offer { nonce: [0; 32], ..offer.clone() },
    ];
    for other in altered {
        assert_ne!(transcript.offer_proof(&key, &other), offered);
    }
    let other = Admission { nodes: Bounded::new(vec![NodeKey::from_bytes([0; 32])]).unwrap(), ..admission.clone() };
    assert_ne!(transcript.keys_proof(&key, network, &other), keys);
    assert_ne!(transcript.keys_proof(&key, NetworkId::from_bytes([0; 32]), &admission), keys);
}

#[test]
fn an_admission_is_what_was_offered_and_no_more() {
    let offer = offer();
    let good = admission(&offer);
    assert_eq!(offer.check(&good), Ok(()));
    let other = |change: &dyn Fn(&mut Admission)| {
        let mut other = good.clone();
        change(&mut other);
        offer.check(&other)
    };
    assert_eq!(other(&|a| a.code = AgencyCode::new("H55.02").unwrap()), Err(Refusal::Other));
    assert_eq!(other(&|a| a.name = Text::new("Khác").unwrap()), Err(Refusal::Other));
    assert_eq!(other(&|a| a.parent = Some(offer.code.clone())), Err(Refusal::Other));
    assert_eq!(other(&|a| a.rights = Rights::PUBLISH), Err(Refusal::Other));
    assert_eq!(other(&|a| a.nodes = Bounded::default()), Err(Refusal::Other));
    let two = vec![NodeKey::from_bytes([1; 32]); 2];
    assert_eq!(other(&|a| a.nodes = Bounded::new(two.clone()).unwrap()), Err(Refusal::Other));
    assert_eq!(other(&|a| a.possession.0[0] ^= 1), Err(Refusal::Proof));
    let stolen = AgencySecret::generate(&mut rng::from_seed(6)).public();
    assert_eq!(other(&|a| a.keys = stolen.clone()), Err(Refusal::Proof));
}

#[test]
fn the_largest_messages_fit_their_bounds() {
    let entry = Bytes::new(vec![0; MAX_ROSTER_ENTRY]).unwrap();
    let small = Bytes::new(vec![0; MAX_PAGE / MAX_PAGE_ENTRIES]).unwrap();
    let entries = vec![small; MAX_PAGE_ENTRIES - 1].into_iter().chain([entry]).collect();
    let page = EnrolResponse::Roster { entries: Bounded::new(entries).unwrap(), more: true };
    assert!(page.to_bytes().len() <= EnrolResponse::MAX);
    assert_eq!(EnrolResponse::from_bytes(&page.to_bytes()).unwrap(), page);
    const { assert!(EnrolResponse::MAX < crate::limits::MAX_DECODE) };
    assert!(Bytes::<MAX_ROSTER_ENTRY>::new(vec![0; MAX_ROSTER_ENTRY + 1]).is_err());
    let peer = |len: usize| Text::<MAX_PEER>::new("x".repeat(len));
    let peers = vec![peer(MAX_PEER).unwrap(); MAX_PEERS];
    assert!(peer(MAX_PEER + 1).is_err());
    let admitted = EnrolResponse::Admitted { peers: Bounded::new(peers.clone()).unwrap() };
    assert!(admitted.to_bytes().len() <= EnrolResponse::MAX);
    assert!(Bounded::<_, MAX_PEERS>::new([peers, vec![peer(1).unwrap()]].concat()).is_err());
    let offer = offer();
    let admit = EnrolRequest::Admit { admission: Box::new(admission(&offer)), proof: Proof([1; 32]) };
    assert_eq!(EnrolRequest::from_bytes(&admit.to_bytes()).unwrap(), admit);
    assert!(EnrolRequest::from_bytes(&vec![0; EnrolRequest::MAX + 1]).is_err());
    let response = EnrolResponse::Offer(Box::new(offer));
    assert_eq!(EnrolResponse::from_bytes(&response.to_bytes()).unwrap(), response);
}

proptest! {
    #[test]
    fn any_bytes_are_one_message_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..200), tag in 0u8..8) {
        let bytes = [&[tag, 0, 0, 0], bytes.as_slice()].concat();
        if let Ok(message) = EnrolRequest::from_bytes(&bytes) {
            prop_assert_eq!(message.to_bytes(), bytes.clone());
        }
        if let Ok(message) = EnrolResponse::from_bytes(&bytes) {
            prop_assert_eq!(message.to_bytes(), bytes);
        }
    }
}
