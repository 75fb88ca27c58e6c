//! Enrolment against whoever does not keep to it: in the middle, again, with other keys, in floods.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use congvan::core::enrol::{EnrolRequest, EnrolResponse, Offer, Refusal, Transcript};
use congvan::core::invitation::{InvitationCode, Proof, name_of};
use congvan::core::{Admission, AgencyCode, Bounded, NodeKey, Rights, SecretKey, Seq, rng};
use congvan::desk::{Desk, News};
use congvan::enrol::{CallError, EnrolError, enrol};
use congvan::invitations::{Invitations, Invite, MAX_FAILURES, Standing};
use congvan::setup::{self, Home};
use congvan_net::Multiaddr;
use congvan_net::enrol::{Call, Door, HANDSHAKES_PER_MINUTE};
use tempfile::TempDir;

fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn node_key(key: &SecretKey) -> NodeKey {
    NodeKey::from_bytes(*key.public().id().as_bytes())
}

fn nowhere() -> Vec<Multiaddr> {
    vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()]
}

/// A registrar with one invitation.
struct Office {
    dir: TempDir,
    code: InvitationCode,
    desk: Desk,
    key: NodeKey,
}

impl Office {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        setup::create_network(dir.path(), "Thái Nguyên", 1, 1, None).unwrap();
        let agency = AgencyCode::new("H55.01").unwrap();
        let invite = Invite { agency, name: "Sở Tài chính".into(), parent: None, hours: 1 };
        let code = Desk::invite(&Home::new(dir.path()), invite).unwrap();
        Self { desk: Desk::open(dir.path(), None).unwrap(), key: node_key(&key(1)), dir, code }
    }

    fn guest(&self) -> NodeKey {
        name_of(&self.code)
    }

    fn answer(&mut self, request: EnrolRequest) -> (EnrolResponse, Vec<News>) {
        self.desk.answer(self.key, name_of(&self.code), request)
    }

    fn refused(&mut self, request: EnrolRequest) -> Refusal {
        match self.answer(request).0 {
            EnrolResponse::Refused(refusal) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    fn open(&mut self, nonce: u8) -> (Offer, Transcript) {
        let opened = [nonce; 32];
        let EnrolResponse::Offer(offer) = self.answer(EnrolRequest::Open { nonce: opened }).0 else {
            panic!("no offer")
        };
        let transcript = Transcript { desk: self.key, guest: self.guest(), opened, offered: offer.nonce };
        assert_eq!(offer.proof, transcript.offer_proof(&self.code.proof(), &offer));
        (*offer, transcript)
    }

    fn admit(&self, offer: &Offer, transcript: &Transcript, admission: &Admission) -> EnrolRequest {
        let proof = transcript.keys_proof(&self.code.proof(), offer.genesis.network_id(), admission);
        EnrolRequest::Admit { admission: Box::new(admission.clone()), proof }
    }

    fn standing(&self) -> Standing {
        Invitations::load(&Home::new(self.dir.path())).unwrap().list().next().unwrap().standing(setup::now())
    }

    fn roster(&self) -> usize {
        congvan::store::Ledger::open_read_only(&Home::new(self.dir.path()).ledger())
            .unwrap()
            .roster()
            .agencies()
            .count()
    }
}

fn admission(offer: &Offer, seed: u64) -> Admission {
    let secret = congvan::core::AgencySecret::generate(&mut rng::from_seed(seed));
    Admission {
        code: offer.code.clone(),
        name: offer.name.clone(),
        parent: offer.parent.clone(),
        possession: secret.prove_possession(offer.genesis.network_id(), offer.chain()),
        keys: secret.public(),
        nodes: Bounded::new(vec![NodeKey::from_bytes([seed as u8; 32])]).unwrap(),
        rights: Rights::NONE,
    }
}

#[test]
fn what_was_said_once_is_worth_nothing_again() {
    let mut office = Office::new();
    let (offer, transcript) = office.open(1);
    let admit = office.admit(&offer, &transcript, &admission(&offer, 7));
    // Another conversation, with the same first word even: its random bytes are others.
    office.open(1);
    assert_eq!(office.refused(admit.clone()), Refusal::Proof);
    // Before any conversation, and out of turn.
    office.desk = Desk::open(office.dir.path(), None).unwrap();
    assert_eq!(office.refused(admit), Refusal::Turn);
    assert_eq!(office.refused(EnrolRequest::Roster { from: Seq::FIRST }), Refusal::Turn);
    office.open(2);
    assert_eq!(office.refused(EnrolRequest::Roster { from: Seq::FIRST }), Refusal::Turn, "not admitted yet");
    assert_eq!((office.standing(), office.roster()), (Standing::Open, 0));
}

#[test]
fn an_invitation_admits_one_set_of_keys_once() {
    let mut office = Office::new();
    let (offer, transcript) = office.open(1);
    let ours = admission(&offer, 7);
    let admit = office.admit(&offer, &transcript, &ours);
    let (answer, news) = office.answer(admit.clone());
    assert!(matches!(answer, EnrolResponse::Admitted { .. }));
    assert!(matches!(&news[..], [News::Admitted { number: 1, .. }]));
    // The answer was lost: the same again is no second admission.
    let (answer, news) = office.answer(admit);
    assert!(matches!(answer, EnrolResponse::Admitted { .. }) && news.is_empty());
    let (offer, transcript) = office.open(2);
    let other = office.admit(&offer, &transcript, &admission(&offer, 8));
    assert!(matches!(office.refused(other), Refusal::Used { .. }));
    let same = office.admit(&offer, &transcript, &ours);
    assert!(matches!(office.answer(same).0, EnrolResponse::Admitted { .. }));
    let (answer, news) = office.answer(EnrolRequest::Roster { from: Seq::FIRST });
    assert!(matches!(answer, EnrolResponse::Roster { entries, more: false } if entries.len() == 1));
    assert!(matches!(&news[..], [News::Collected(_)]));
    assert_eq!(office.roster(), 1);
}

#[test]
fn misuse_ends_an_invitation() {
    let mut office = Office::new();
    for n in 0..MAX_FAILURES {
        assert_eq!(office.standing(), Standing::Open, "after {n}");
        let (offer, transcript) = office.open(n as u8);
        let ours = admission(&offer, 7);
        let (bad, why) = match n % 3 {
            // A proof that is none; another agency's code; keys that the asker does not hold.
            0 => (EnrolRequest::Admit { admission: Box::new(ours), proof: Proof([0; 32]) }, Refusal::Proof),
            1 => {
                let other = Admission { code: AgencyCode::new("H55.02").unwrap(), ..ours };
                (office.admit(&offer, &transcript, &other), Refusal::Other)
            }
            _ => {
                let stolen = Admission { keys: admission(&offer, 9).keys, ..ours };
                (office.admit(&offer, &transcript, &stolen), Refusal::Proof)
            }
        };
        assert_eq!(office.refused(bad), why);
    }
    assert_eq!(office.standing(), Standing::Void);
    assert_eq!(office.refused(EnrolRequest::Open { nonce: [0; 32] }), Refusal::Void);
    assert_eq!(office.roster(), 0);
}

/// Answers every guest as `answer` says, in the desk's place.
async fn stand_in(
    own: u8,
    guest: NodeKey,
    mut answer: impl FnMut(NodeKey, EnrolRequest) -> EnrolResponse + Send + 'static,
) -> (Multiaddr, tokio::task::JoinHandle<()>) {
    let mut door = Door::open(&nowhere(), &key(own)).await.unwrap();
    door.invite(HashSet::from([guest]));
    let (address, own) = (door.addresses()[0].clone(), door.key());
    let serving = tokio::spawn(async move {
        loop {
            let knock = door.next().await;
            let response = answer(own, knock.request.clone());
            door.answer(knock, response);
        }
    });
    (address, serving)
}

async fn try_enrol(dir: &Path, at: &Multiaddr, code: &InvitationCode) -> EnrolError {
    enrol(dir, at, code, None, |_| {}).await.expect_err("it must not succeed")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_in_the_middle_gains_nothing() {
    let mut office = Office::new();
    let (code, guest, desk) = (office.code.clone(), office.guest(), office.key);
    let dir = tempfile::tempdir().unwrap();
    // The best that a relay can do: it knows the guest's name, and passes on what the desk itself answers, under
    // the desk's key, which the relay cannot prove.
    let (relay, serving) = stand_in(2, guest, move |own, request| {
        assert_ne!(own, desk);
        assert!(matches!(request, EnrolRequest::Open { .. }), "no key is ever said to a relay: {request:?}");
        office.answer(request).0
    })
    .await;
    let refused = try_enrol(&dir.path().join("agency"), &relay, &code).await;
    assert!(matches!(refused, EnrolError::Impostor(_)), "{refused}");
    assert!(!dir.path().join("agency").exists(), "nothing is made");
    serving.abort();

    // And towards the desk it is a stranger: only the code's holder can prove the guest's key.
    let (address, serving) = stand_in(1, guest, |_, _| panic!("a stranger reached the desk")).await;
    for stranger in [key(2), key(3)] {
        let mut call = Call::connect(address.clone(), &stranger).await.unwrap();
        let turned = call.ask(EnrolRequest::Open { nonce: [0; 32] }).await;
        assert!(matches!(turned, Err(CallError::NotInvited { .. })), "{turned:?}");
    }
    assert!(!serving.is_finished());
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_from_one_address_shuts_out_nobody_else() {
    let mut office = Office::new();
    let (code, guest) = (office.code.clone(), office.guest());
    let (address, _serving) = stand_in(1, guest, move |_, request| office.answer(request).0).await;
    let port = address.to_string().rsplit('/').next().unwrap().parse().unwrap();
    let connect = |from: [u8; 4]| async move {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((std::net::Ipv4Addr::from(from), 0).into()).unwrap();
        socket.connect((std::net::Ipv4Addr::LOCALHOST, port).into()).await.unwrap()
    };
    // Strangers who connect and say nothing, and strangers who come again and again.
    let mut silent = Vec::new();
    for _ in 0..5 * HANDSHAKES_PER_MINUTE {
        silent.push(connect([127, 0, 0, 9]).await);
    }
    let mut call = Call::connect(address.clone(), &code.guest()).await.unwrap();
    assert!(matches!(call.ask(EnrolRequest::Open { nonce: [0; 32] }).await, Ok(EnrolResponse::Offer(_))));
    // From the same address as the flood there is no way in, until a minute has passed.
    let mut refused = None;
    for _ in 0..=HANDSHAKES_PER_MINUTE {
        let connected = tokio::time::timeout(Duration::from_secs(30), Call::connect(address.clone(), &key(3))).await;
        refused = connected.unwrap().err().or(refused);
    }
    assert!(matches!(refused, Some(CallError::Handshake { .. })), "{refused:?}");
    // Who is in stays in.
    assert!(matches!(call.ask(EnrolRequest::Open { nonce: [1; 32] }).await, Ok(EnrolResponse::Offer(_))));
}
