//! What the registrars may do, and what it means for a chain.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{entries_of, secret};
use congvan_core::chain::Fault;
use congvan_core::roster::ActionError;
use congvan_core::*;
use proptest::prelude::*;

fn registrar(n: u8) -> SecretKey {
    SecretKey::from_seed(&[n; 32])
}

/// A roster of `k` of three registrars.
fn roster(k: u16) -> Roster {
    let keys = [1, 2, 3].map(|n| registrar(n).public()).to_vec();
    Roster::new(Genesis::new("mẫu", Time::from_millis(0), keys, k, [1; 16]).unwrap())
}

fn act(roster: &mut Roster, action: RosterAction) -> Result<(), RosterError> {
    let (a, b, c) = (registrar(1), registrar(2), registrar(3));
    let change = roster.propose(action, Time::from_millis(1), &[&a, &b, &c])?;
    roster.apply(&change).map(|_| ())
}

fn admission(roster: &Roster, code: &str, key: u64) -> RosterAction {
    let code = AgencyCode::new(code).unwrap();
    let chain = ChainId::of_agency(roster.network(), &code);
    RosterAction::Admit(Admission {
        code,
        name: Text::default(),
        parent: None,
        keys: secret(key).public(),
        possession: secret(key).prove_possession(roster.network(), chain),
        nodes: Bounded::new(vec![NodeKey::from_bytes([key as u8; 32])]).unwrap(),
        rights: Rights::NONE,
    })
}

fn rotate(roster: &Roster, chain: ChainId, after: Option<Point>, key: u64) -> RosterAction {
    let possession = secret(key).prove_possession(roster.network(), chain);
    RosterAction::Rotate { chain, after, keys: secret(key).public(), possession }
}

/// One agency, and `len` notes in its chain.
fn one_agency(len: usize) -> (Roster, ChainState, Vec<VerifiedEntry>) {
    let mut roster = roster(1);
    let admit = admission(&roster, "A", 0);
    act(&mut roster, admit).unwrap();
    let mut state = ChainState::new(ChainId::of_agency(roster.network(), &"A".parse().unwrap()));
    let entries = (0..len).map(|_| write(&roster, &mut state, 0).unwrap()).collect();
    (roster, state, entries)
}

fn write(roster: &Roster, state: &mut ChainState, key: u64) -> Result<VerifiedEntry, ChainError> {
    let draft = Draft { kind: Kind::NOTE, time: Time::from_millis(0), payload: key.to_le_bytes().to_vec() };
    let policy = roster.policy(state.chain()).unwrap();
    state.append(roster.network(), &policy, draft, &secret(key))
}

/// What stands of a chain under the roster as it is now.
fn cut(roster: &Roster, state: &ChainState, entries: &[VerifiedEntry]) -> (ChainState, usize) {
    let policy = roster.policy(state.chain()).unwrap();
    let id_at = |seq: Seq| entries.get(seq.get() as usize - 1).map(|entry| entry.id());
    match state.obeys(&policy, id_at) {
        None => (state.clone(), entries.len()),
        Some(last) => (state.cut_back((last as usize).checked_sub(1).map(|at| entries[at].point())), last as usize),
    }
}

#[test]
fn suspension_ends_a_chain_until_it_is_reinstated_and_closing_for_good() {
    let (mut roster, state, entries) = one_agency(5);
    let chain = state.chain();
    act(&mut roster, RosterAction::Suspend { chain, last: Some(entries[2].point()) }).unwrap();
    let (mut state, standing) = cut(&roster, &state, &entries);
    assert_eq!(standing, 3);
    assert_eq!(write(&roster, &mut state, 0).unwrap_err().fault, Fault::Limit(3));
    assert_eq!(roster.agency(chain).unwrap().standing, Standing::Suspended);
    act(&mut roster, RosterAction::Reinstate { chain }).unwrap();
    // What it wrote before is valid again, and is what it goes on from.
    let old: Vec<_> = entries[3..].iter().map(|entry| entry.bytes().to_vec()).collect();
    state.extend(roster.network(), &roster.policy(chain).unwrap(), entries_of(&old)).unwrap();
    write(&roster, &mut state, 0).unwrap();
    act(&mut roster, RosterAction::Close { chain, last: None }).unwrap();
    assert_eq!(cut(&roster, &state, &entries).1, 0);
    let closed = act(&mut roster, RosterAction::Reinstate { chain }).unwrap_err();
    assert!(matches!(closed, RosterError::Action(ActionError::Standing { standing: Standing::Closed, .. })));
    assert!(!roster.admits(&NodeKey::from_bytes([0; 32])));
}

#[test]
fn a_revoked_key_writes_no_more_and_new_keys_do() {
    let (mut roster, state, entries) = one_agency(5);
    let chain = state.chain();
    act(&mut roster, RosterAction::Revoke { chain, last: Some(entries[1].point()) }).unwrap();
    let (mut state, standing) = cut(&roster, &state, &entries);
    assert_eq!(standing, 2);
    assert_eq!(write(&roster, &mut state, 0).unwrap_err().fault, Fault::Limit(2));
    let action = rotate(&roster, chain, Some(entries[1].point()), 1);
    act(&mut roster, action).unwrap();
    assert_eq!(write(&roster, &mut state, 0).unwrap_err().fault, Fault::NotOurKey);
    assert_eq!(write(&roster, &mut state, 1).unwrap().seq().get(), 3);
    // The old branch is refused wherever it comes from.
    let old: Vec<_> = entries.iter().map(|entry| entry.bytes().to_vec()).collect();
    let mut fresh = ChainState::new(chain);
    let error = fresh.extend(roster.network(), &roster.policy(chain).unwrap(), entries_of(&old)).unwrap_err();
    assert_eq!((error.seq.get(), error.fault), (3, Fault::Signer));
}

#[test]
fn new_keys_from_an_earlier_number_forget_pins_behind_it() {
    let (mut roster, state, entries) = one_agency(6);
    let chain = state.chain();
    act(&mut roster, RosterAction::Suspend { chain, last: Some(entries[5].point()) }).unwrap();
    act(&mut roster, RosterAction::Reinstate { chain }).unwrap();
    let action = rotate(&roster, chain, Some(entries[2].point()), 1);
    act(&mut roster, action).unwrap();
    let (mut state, standing) = cut(&roster, &state, &entries);
    assert_eq!(standing, 3);
    // Past number 6, where another entry was pinned once.
    for number in 4..=8 {
        assert_eq!(write(&roster, &mut state, 1).unwrap().seq().get(), number);
    }
}

#[test]
fn of_a_fork_the_branch_that_was_named_stands() {
    let (mut roster, state, entries) = one_agency(3);
    let chain = state.chain();
    let mut other = state.cut_back(Some(entries[1].point()));
    let draft = Draft { kind: Kind::NOTE, time: Time::from_millis(9), payload: vec![] };
    let rival = other.append(roster.network(), &roster.policy(chain).unwrap(), draft, &secret(0)).unwrap();
    act(&mut roster, RosterAction::Resolve { chain, stands: rival.point() }).unwrap();
    let (mut cut_state, standing) = cut(&roster, &state, &entries);
    assert_eq!(standing, 2);
    let policy = roster.policy(chain).unwrap();
    let error = cut_state.extend(roster.network(), &policy, entries_of(&[entries[2].bytes().to_vec()])).unwrap_err();
    assert_eq!(error.fault, Fault::Pinned);
    cut_state.extend(roster.network(), &policy, entries_of(&[rival.bytes().to_vec()])).unwrap();
}

#[test]
fn k_of_n_distinct_registrars_are_needed() {
    for k in 1..=3u16 {
        for given in 1..=3u8 {
            let roster = roster(k);
            let keys: Vec<_> = (1..=given).map(registrar).collect();
            let action = admission(&roster, "A", 0);
            let made = roster.propose(action, Time::from_millis(0), &keys.iter().collect::<Vec<_>>());
            assert_eq!(made.is_ok(), u16::from(given) >= k, "{given} of {k}");
            // One registrar who signs twice is one.
            let action = admission(&roster, "A", 0);
            let twice = roster.propose(action, Time::from_millis(0), &[&keys[0], &keys[0]]);
            assert_eq!(twice.is_ok(), k == 1);
        }
    }
}

#[test]
fn a_sealing_key_that_nobody_can_seal_to_is_refused() {
    let mut roster = roster(1);
    let RosterAction::Admit(mut admission) = admission(&roster, "A", 0) else { unreachable!("it admits") };
    for weak in [[0; 32], {
        let mut one = [0; 32];
        one[0] = 1;
        one
    }] {
        admission.keys.seal = SealPublic::from_bytes(weak);
        let error = act(&mut roster, RosterAction::Admit(admission.clone())).unwrap_err();
        assert!(matches!(error, RosterError::Action(ActionError::Possession(keys::KeyError::Weak))), "{error}");
    }
}

/// With no certificate where `at` is 0, without consent where it is 1.
fn certify(network: NetworkId, chain: ChainId, at: u8) -> RosterAction {
    let certificates: Vec<_> = (0..at).map(|n| Bounded::new(vec![n; 8]).unwrap()).collect();
    let certificates = Bounded::new(certificates).unwrap();
    let consented = if at == 1 { ChainId::of_roster(network) } else { chain };
    let key = secret(u64::from(at)).sign;
    RosterAction::Certify {
        chain,
        certification: Certification::new(network, consented, &key, certificates, Bounded::default()),
    }
}

#[test]
fn rights_hold_from_a_number_on() {
    let (mut roster, state, entries) = one_agency(4);
    let chain = state.chain();
    let rights =
        |roster: &Roster| [1, 2, 3, 9].map(|n| roster.agency(chain).unwrap().rights_at(Seq::new(n).unwrap()).0);
    let at = |n: usize| Some(entries[n - 1].point());
    act(&mut roster, RosterAction::Rights { chain, after: at(2), rights: Rights::PUBLISH }).unwrap();
    assert_eq!(rights(&roster), [0, 0, 1, 1]);
    act(&mut roster, RosterAction::Rights { chain, after: at(4), rights: Rights::NONE }).unwrap();
    assert_eq!(rights(&roster), [0, 0, 1, 0]);
    act(&mut roster, RosterAction::Rights { chain, after: at(1), rights: Rights::PUBLISH }).unwrap();
    assert_eq!(rights(&roster), [0, 1, 1, 1], "a word on earlier numbers replaces what was said of later ones");
}

#[test]
fn a_certification_needs_a_certificate_and_the_agency_s_consent() {
    let (mut roster, state, _) = one_agency(1);
    let (network, chain) = (roster.network(), state.chain());
    let refused = |roster: &mut Roster, at| match act(roster, certify(network, chain, at)).unwrap_err() {
        RosterError::Action(error) => error,
        other => panic!("{other}"),
    };
    assert_eq!(refused(&mut roster, 0), ActionError::NoCertificate);
    assert_eq!(refused(&mut roster, 1), ActionError::Consent(keys::KeyError::BadSignature));
    let key = secret(2).sign.public().id();
    assert_eq!(roster.agency(chain).unwrap().certified(key), []);
    act(&mut roster, certify(network, chain, 2)).unwrap();
    let numbers: Vec<_> = roster.head().map(|head| head.seq).into_iter().collect();
    assert_eq!(roster.agency(chain).unwrap().certified(key), numbers);
}

/// Actions on two agencies, possible or not.
fn actions() -> impl Strategy<Value = Vec<(u8, u8, u8)>> {
    prop::collection::vec((0u8..12, 0u8..3, 0u8..6), 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In any order, what is refused changes nothing, and what is accepted replays to the same roster.
    #[test]
    fn what_is_refused_changes_nothing_and_the_rest_replays(actions in actions()) {
        let mut roster = roster(2);
        let network = roster.network();
        let mut entries = Vec::new();
        for (what, whose, at) in actions {
            let code = ["A", "B", "C"][whose as usize];
            let chain = ChainId::of_agency(network, &code.parse().unwrap());
            let point = Seq::new(u64::from(at)).map(|seq| Point { seq, id: EntryId::from_bytes([at; 32]) });
            let action = match what {
                0 | 1 => admission(&roster, code, u64::from(whose)),
                2 => RosterAction::Suspend { chain, last: point },
                3 => RosterAction::Reinstate { chain },
                4 => RosterAction::Close { chain, last: point },
                5 => rotate(&roster, chain, point, u64::from(at)),
                6 => RosterAction::Revoke { chain, last: point },
                7 => RosterAction::Nodes { chain, nodes: Bounded::new(vec![NodeKey::from_bytes([at; 32])]).unwrap() },
                8 => RosterAction::Registrars {
                    keys: roster.genesis().registrars.clone(), threshold: u16::from(at),
                },
                9 => RosterAction::Rights { chain, after: point, rights: Rights(u32::from(at)) },
                10 => certify(network, chain, at),
                _ => RosterAction::Resolve { chain, stands: point.unwrap_or(Point { seq: Seq::FIRST, id: EntryId::from_bytes([0; 32]) }) },
            };
            let before = roster.clone();
            let (a, b, c) = (registrar(1), registrar(2), registrar(3));
            match roster.propose(action, Time::from_millis(0), &[&a, &b, &c]) {
                Err(_) => prop_assert_eq!(&roster, &before),
                Ok(change) => {
                    prop_assert_eq!(&roster, &before, "making a change applies nothing");
                    roster.apply(&change).unwrap();
                    prop_assert!(roster.apply(&change).is_err(), "a change holds at one place");
                    entries.push(change.entry().bytes().to_vec());
                }
            }
            for agency in roster.agencies() {
                let policy = agency.policy();
                prop_assert!(policy.grants.windows(2).all(|pair| pair[0].from < pair[1].from));
                prop_assert!(policy.pins.windows(2).all(|pair| pair[0].seq < pair[1].seq));
                prop_assert_eq!(policy.grants[0].from, Seq::FIRST);
                prop_assert!(agency.right_spans().windows(2).all(|pair| pair[0].0 < pair[1].0));
                prop_assert_eq!(agency.rights(), agency.rights_at(Seq::new(u64::MAX).unwrap()));
                prop_assert!(agency.standing == Standing::Active || policy.limit.is_some());
                prop_assert!(agency.nodes.iter().all(|node| roster.by_node(node).is_some_and(|a| a.chain == agency.chain)));
            }
        }
        let mut replayed = Roster::new(roster.genesis().clone());
        for bytes in &entries {
            let change = replayed.check(UnverifiedEntry::parse(bytes).unwrap()).unwrap();
            replayed.apply(&change).unwrap();
        }
        prop_assert_eq!(&replayed, &roster);
    }

    #[test]
    fn no_bit_of_a_roster_entry_may_change(byte: prop::sample::Index, bit in 0u8..8) {
        let roster = roster(2);
        let (a, b) = (registrar(1), registrar(2));
        let change = roster.propose(admission(&roster, "A", 0), Time::from_millis(0), &[&a, &b]).unwrap();
        let mut bytes = change.entry().bytes().to_vec();
        let at = byte.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let checked = UnverifiedEntry::parse(&bytes).ok().map(|entry| roster.check(entry).is_ok());
        prop_assert_ne!(checked, Some(true));
    }
}
