//! The small network that the vectors are taken from.

use congvan_core::chain::KeyRotation;
use congvan_core::seal::ContentKey;
use congvan_core::status::StatusNote;
use congvan_core::*;

pub(crate) const START: u64 = 1_767_225_600_000;

/// An agency's keys from a seed.
pub(crate) fn agency(seed: u64) -> AgencySecret {
    AgencySecret::generate(&mut rng::from_seed(seed))
}

/// A signing key from a byte.
pub(crate) fn signing(byte: u8) -> SecretKey {
    SecretKey::from_seed(&[byte; 32])
}

pub(crate) fn time(number: u64) -> Time {
    Time::from_millis(START + number * 60_000)
}

/// The bytes of the content key that `rng` gives next.
pub(crate) fn content_key(rng: &mut impl rng::CryptoRng) -> [u8; 32] {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    bytes
}

pub(crate) struct World {
    pub(crate) genesis: Genesis,
    pub(crate) network: NetworkId,
    pub(crate) registrars: Vec<SecretKey>,
    pub(crate) codes: [AgencyCode; 3],
    pub(crate) chains: [ChainId; 3],
    pub(crate) secrets: [AgencySecret; 3],
    /// The first agency's keys after its rotation.
    pub(crate) rotated: AgencySecret,
    /// The second agency's keys after the registrar's rotation.
    pub(crate) replaced: AgencySecret,
    pub(crate) changes: Vec<RosterChange>,
    pub(crate) roster: Roster,
    /// The first agency's chain.
    pub(crate) entries: Vec<VerifiedEntry>,
    /// The content key of the sealed document in it.
    pub(crate) content_key: [u8; 32],
    /// The second agency's one entry.
    pub(crate) status: VerifiedEntry,
}

impl World {
    pub(crate) fn new() -> Self {
        let registrars: Vec<_> = [1, 2, 3].into_iter().map(signing).collect();
        let keys = registrars.iter().map(SecretKey::public).collect();
        let genesis = Genesis::new("Thái Nguyên (mẫu)", Time::from_millis(START), keys, 2, [7; 16]).unwrap();
        let network = genesis.network_id();
        let codes = ["000.00.00.H55", "000.00.01.H55", "000.00.02.H55"].map(|code| AgencyCode::new(code).unwrap());
        let chains = [0, 1, 2].map(|at: usize| ChainId::of_agency(network, &codes[at]));
        let secrets = [agency(11), agency(12), agency(13)];
        let names = ["UBND tỉnh Thái Nguyên", "Sở Nội vụ", "Sở Tài chính"];
        let mut roster = Roster::new(genesis.clone());
        let mut changes = Vec::new();
        let mut change = |roster: &mut Roster, action| {
            let number = changes.len() as u64 + 1;
            let signers = [&registrars[number as usize % 3], &registrars[(number as usize + 1) % 3]];
            let change = roster.propose(action, time(number), &signers).unwrap();
            roster.apply(&change).unwrap();
            changes.push(change);
        };
        for at in 0..3 {
            let admission = Admission {
                code: codes[at].clone(),
                name: Text::new(names[at]).unwrap(),
                parent: (at > 0).then(|| codes[0].clone()),
                keys: secrets[at].public(),
                possession: secrets[at].prove_possession(network, chains[at]),
                nodes: Bounded::new(vec![NodeKey::from_bytes(*signing(20 + at as u8).public().id().as_bytes())])
                    .unwrap(),
                rights: Rights::NONE,
            };
            change(&mut roster, RosterAction::Admit(admission));
        }

        let (entries, rotated, content_key) = first_chain(network, &roster, &codes, &chains, &secrets);
        let document = entries[1].reference();
        let note = StatusNote { note: Text::new("Đã tiếp nhận").unwrap(), ..StatusNote::default() };
        let (to, own) = (secrets[0].public().seal, secrets[1].public().seal);
        let status = StatusPayload::seal(
            network,
            chains[1],
            StatusCover { document, answers: None, code: StatusCode::Accepted, to: codes[0].clone() },
            to,
            own,
            note,
            &mut rng::from_seed(32),
        )
        .unwrap();
        let draft = Draft { kind: Kind::STATUS, time: time(200), payload: status.to_bytes() };
        let mut second = ChainState::new(chains[1]);
        let status = second.append(network, &roster.policy(chains[1]).unwrap(), draft, &secrets[1]).unwrap();

        // Every other action of a registrar, on the second and the third agency.
        let replaced = agency(14);
        let chain = chains[2];
        change(&mut roster, RosterAction::Suspend { chain, last: None });
        change(&mut roster, RosterAction::Reinstate { chain });
        change(&mut roster, RosterAction::Nodes { chain, nodes: Bounded::default() });
        change(&mut roster, RosterAction::Revoke { chain: chains[1], last: Some(status.point()) });
        let rotate = RosterAction::Rotate {
            chain: chains[1],
            after: Some(status.point()),
            keys: replaced.public(),
            possession: replaced.prove_possession(network, chains[1]),
        };
        change(&mut roster, rotate);
        change(&mut roster, RosterAction::Resolve { chain: chains[1], stands: status.point() });
        let keys = Sorted::from_unsorted(registrars.iter().take(2).map(SecretKey::public).collect()).unwrap();
        change(&mut roster, RosterAction::Close { chain, last: None });
        let after = Some(status.point());
        change(&mut roster, RosterAction::Rights { chain: chains[1], after, rights: Rights::PUBLISH });
        // The roster reads neither certificates nor the proof by their key.
        let certificates = Bounded::new(vec![Bounded::new(b"a certificate in DER".to_vec()).unwrap()]).unwrap();
        let proof = Bounded::new(b"a signature by its key".to_vec()).unwrap();
        let certification = Certification::new(network, chains[1], &replaced.sign, certificates, proof);
        change(&mut roster, RosterAction::Certify { chain: chains[1], certification });
        change(&mut roster, RosterAction::Registrars { keys, threshold: 1 });
        Self {
            genesis,
            network,
            registrars,
            codes,
            chains,
            secrets,
            rotated,
            replaced,
            changes,
            roster,
            entries,
            content_key,
            status,
        }
    }

    pub(crate) fn policy(&self) -> std::sync::Arc<ChainPolicy> {
        self.roster.policy(self.chains[0]).unwrap()
    }
}

/// Notes, a sealed and a public document, an empty entry, a rotation, and a kind nobody knows yet.
fn first_chain(
    network: NetworkId,
    roster: &Roster,
    codes: &[AgencyCode; 3],
    chains: &[ChainId; 3],
    secrets: &[AgencySecret; 3],
) -> (Vec<VerifiedEntry>, AgencySecret, [u8; 32]) {
    let rotated = agency(15);
    let content_key = content_key(&mut rng::from_seed(30));
    let cover = Cover { addressees: Sorted::new(codes[1..].to_vec()).unwrap(), ..Cover::default() };
    let envelope = Envelope {
        document_id: Text::new("000.00.00.H55,2026/01/01,12/BC-UBND").unwrap(),
        number: Text::new("12").unwrap(),
        notation: Text::new("BC-UBND").unwrap(),
        subject: Text::new("Báo cáo công tác tháng 12").unwrap(),
        ..Envelope::default()
    };
    let keys = [secrets[1].public().seal, secrets[2].public().seal];
    // In the first form, which names no addressee: what was written in it is read for ever.
    let first_form = |document: DocumentPayload| DocumentPayload { naming: None, ..document }.to_bytes();
    let sealed = DocumentPayload::seal(
        network,
        chains[0],
        cover.clone(),
        &keys,
        secrets[0].public().seal,
        envelope.clone(),
        &ContentKey::generate(&mut rng::from_seed(30)),
        &mut rng::from_seed(31),
    )
    .unwrap();
    let public = DocumentPayload::public(cover, envelope, &mut rng::from_seed(33)).unwrap();
    let rotation = KeyRotation::to(&rotated, network, chains[0]).to_bytes();
    let drafts = [
        (Kind::NOTE, "xin chào".as_bytes().to_vec()),
        (Kind::DOCUMENT, first_form(sealed)),
        (Kind::NOTE, vec![]),
        (Kind::ROTATION, rotation),
        (Kind::DOCUMENT, first_form(public)),
        (Kind(77), vec![1, 2, 3]),
        (Kind::NOTE, vec![0; 64]),
        (Kind::NOTE, b"8".to_vec()),
    ];
    let policy = roster.policy(chains[0]).unwrap();
    let mut state = ChainState::new(chains[0]);
    let entries = drafts.into_iter().enumerate().map(|(at, (kind, payload))| {
        let draft = Draft { kind, time: time(100 + at as u64), payload };
        let key = if at < 4 { &secrets[0] } else { &rotated };
        state.append(network, &policy, draft, key).unwrap()
    });
    (entries.collect(), rotated.clone(), content_key)
}
