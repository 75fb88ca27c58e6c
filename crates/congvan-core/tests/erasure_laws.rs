//! What an erasure may name and reach, and what a policy of retention says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{secret, unverified, world};
use congvan_core::entry::SIGNED_LEN;
use congvan_core::erasure::{Class, Reason, RetentionError, Rule, YEAR_MS, has_passed};
use congvan_core::limits::{MAX_ERASED, MAX_RETENTION_RULES, MAX_RETENTION_YEARS, MAX_SUBJECT};
use congvan_core::roster::ActionError;
use congvan_core::*;
use proptest::prelude::*;

fn point(seq: u64) -> Point {
    Point { seq: Seq::new(seq).unwrap(), id: EntryId::from_bytes([seq as u8; 32]) }
}

fn erasure(points: Vec<Point>, reason: Reason, basis: &str) -> Erasure {
    Erasure { entries: Sorted::from_unsorted(points).unwrap(), reason, basis: Text::new(basis).unwrap() }
}

fn rule(class: Class, keep_years: u16, drop_after_years: Option<u16>) -> Rule {
    Rule { class, keep_years, drop_after_years }
}

fn policy(rules: Vec<Rule>) -> Retention {
    Retention { rules: Sorted::from_unsorted(rules).unwrap() }
}

proptest! {
    #[test]
    fn an_erasure_has_one_encoding(numbers in prop::collection::btree_set(1u64.., 0..20), reason in 0usize..5, basis in ".{0,40}") {
        let points = numbers.into_iter().map(point).collect();
        let erasure = erasure(points, Reason::ALL[reason], &basis);
        let bytes = erasure.to_bytes();
        prop_assert_eq!(Erasure::from_bytes(&bytes).unwrap(), erasure.clone());
        prop_assert!(Erasure::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
        prop_assert!(Erasure::from_bytes(&bytes[..bytes.len() - 1]).is_err());
        prop_assert_eq!(Erasure::of(Kind::ERASE, Some(&bytes)), Some(erasure));
        prop_assert_eq!(Erasure::of(Kind::NOTE, Some(&bytes)), None);
        prop_assert_eq!(Erasure::of(Kind::ERASE, None), None);
    }

    #[test]
    fn any_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(erasure) = Erasure::from_bytes(&bytes) {
            prop_assert_eq!(erasure.to_bytes(), bytes);
        }
    }

    /// Whatever payloads are gone, the same chain is accepted, with the same ids, and goes on from the same place.
    #[test]
    fn a_chain_stands_whichever_payloads_are_gone(len in 1usize..20, gone in any::<u32>()) {
        let (network, chain, policy) = world();
        let mut state = ChainState::new(chain);
        let draft = |n: usize| Draft { kind: Kind::NOTE, time: Time::from_millis(0), payload: vec![n as u8; n + 1] };
        let written: Vec<_> =
            (0..len).map(|n| state.append(network, &policy, draft(n), &secret(0)).unwrap()).collect();
        let received = written.iter().enumerate().map(|(n, entry)| match gone >> n & 1 {
            1 => UnverifiedEntry::parse(&entry.bytes()[..SIGNED_LEN]).unwrap(),
            _ => unverified(entry),
        });
        let mut read = ChainState::new(chain);
        let linked = read.extend(network, &policy, received.collect()).unwrap();
        prop_assert_eq!(&read, &state);
        for (n, (entry, original)) in linked.into_iter().zip(&written).enumerate() {
            prop_assert_eq!(entry.id(), original.id());
            prop_assert_eq!(entry.payload().is_none(), gone >> n & 1 == 1);
            prop_assert_eq!(entry.header(), original.header());
            entry.verify().unwrap();
        }
    }

    #[test]
    fn a_term_passes_once(written in 0u64..1 << 45, years in 0u16..=MAX_RETENTION_YEARS, now in 0u64..1 << 45) {
        let passed = has_passed(Time::from_millis(written), years, Time::from_millis(now));
        prop_assert_eq!(passed, now >= written + u64::from(years) * YEAR_MS);
    }
}

#[test]
fn an_erasure_reaches_only_what_stands_before_it() {
    let (network, chain, policy) = world();
    let mut state = ChainState::new(chain);
    let mut write = |kind, payload| {
        let draft = Draft { kind, time: Time::from_millis(0), payload };
        state.append(network, &policy, draft, &secret(0)).unwrap()
    };
    write(Kind::NOTE, vec![1]);
    let erasure = erasure(vec![point(1), point(2), point(3)], Reason::Mistake, "");
    let by = write(Kind::ERASE, erasure.to_bytes());
    assert_eq!(erasure.reached_by(by.header()).collect::<Vec<_>>(), [point(1)]);
}

#[test]
fn only_content_is_erasable() {
    let erasable: Vec<_> = (0..=u16::MAX).map(Kind).filter(|kind| kind.is_erasable()).collect();
    assert_eq!(erasable, [Kind::NOTE, Kind::DOCUMENT, Kind::STATUS]);
}

#[test]
fn an_erasure_names_at_most_as_many_as_its_bound() {
    let points = |n: usize| (1..=n as u64).map(point).collect::<Vec<_>>();
    let full = Erasure {
        entries: Sorted::new(points(MAX_ERASED)).unwrap(),
        reason: Reason::Order,
        basis: Text::new("a".repeat(MAX_SUBJECT)).unwrap(),
    };
    let bytes = full.to_bytes();
    assert_eq!(Erasure::from_bytes(&bytes).unwrap(), full);
    let error = Sorted::<Point, MAX_ERASED>::new(points(MAX_ERASED + 1)).unwrap_err();
    assert_eq!(error, codec::BoundError::ListTooLong { len: MAX_ERASED + 1, max: MAX_ERASED });
    // The greatest is a possible change of the roster, too.
    let action = RosterAction::Erase { chain: ChainId::from_bytes([1; 32]), erasure: full };
    assert_eq!(RosterAction::from_bytes(&action.to_bytes()).unwrap(), action);
}

#[test]
fn an_order_says_what_and_on_which_basis() {
    assert!(!erasure(vec![], Reason::Mistake, "x").is_complete());
    assert!(!erasure(vec![point(1)], Reason::Order, " ").is_complete());
    assert!(!erasure(vec![point(1)], Reason::Other, "").is_complete());
    assert!(erasure(vec![point(1)], Reason::PersonalData, "").is_complete());
    assert!(erasure(vec![point(1)], Reason::Order, "12/2026/QĐ-TA").is_complete());
}

#[test]
fn a_policy_has_each_class_once_and_drops_nothing_that_it_keeps() {
    policy(vec![]).check().unwrap();
    let max = MAX_RETENTION_YEARS;
    policy(vec![rule(Class::Notes, max, Some(max))]).check().unwrap();
    let years = |keep, drop| policy(vec![rule(Class::Notes, keep, drop)]).check().unwrap_err();
    assert_eq!(years(max + 1, None), RetentionError::Years(max + 1));
    assert_eq!(years(0, Some(max + 1)), RetentionError::Years(max + 1));
    assert_eq!(years(0, Some(0)), RetentionError::Years(0));
    assert_eq!(years(10, Some(9)), RetentionError::Order { keep: 10, drop: 9 });
    let twice = policy(vec![rule(Class::Notes, 1, None), rule(Class::Notes, 2, None)]);
    assert_eq!(twice.check().unwrap_err(), RetentionError::Twice);
    let many = |n: usize| {
        let class = |n| Class::DocumentsOfType(Text::new(format!("{n:03}")).unwrap());
        Sorted::<Rule, MAX_RETENTION_RULES>::from_unsorted((0..n).map(|n| rule(class(n), 1, None)).collect())
    };
    Retention { rules: many(MAX_RETENTION_RULES).unwrap() }.check().unwrap();
    assert!(many(MAX_RETENTION_RULES + 1).is_err());
}

#[test]
fn a_type_s_own_rule_goes_before_that_for_all_documents() {
    let report = Class::DocumentsOfType(Text::new("Báo cáo").unwrap());
    let policy = policy(vec![rule(Class::Documents, 10, Some(20)), rule(report, 5, None)]);
    let keep = |kind, name| policy.rule(kind, name).map(|rule| rule.keep_years);
    assert_eq!(keep(Kind::DOCUMENT, Some("Báo cáo")), Some(5));
    assert_eq!(keep(Kind::DOCUMENT, Some("Quyết định")), Some(10));
    assert_eq!(keep(Kind::DOCUMENT, None), Some(10));
    assert_eq!(keep(Kind::STATUS, None), None);
    assert_eq!(policy.shortest_drop(), Some(20));
}

#[test]
fn registrars_order_what_is_complete_of_agencies_that_they_know_also_closed_ones() {
    let registrar = SecretKey::from_seed(&[1; 32]);
    let genesis = Genesis::new("mẫu", Time::from_millis(0), vec![registrar.public()], 1, [1; 16]).unwrap();
    let mut roster = Roster::new(genesis);
    let act = |roster: &mut Roster, action| {
        let change = roster.propose(action, Time::from_millis(1), &[&registrar])?;
        roster.apply(&change).map(|_| ())
    };
    let code = AgencyCode::new("A").unwrap();
    let chain = ChainId::of_agency(roster.network(), &code);
    let order = |points| RosterAction::Erase { chain, erasure: erasure(points, Reason::Order, "1/QĐ") };
    let refused = |result: Result<(), RosterError>| match result.unwrap_err() {
        RosterError::Action(error) => error,
        other => panic!("{other}"),
    };
    assert_eq!(refused(act(&mut roster, order(vec![point(1)]))), ActionError::UnknownChain(chain));
    let admission = Admission {
        code,
        name: Text::default(),
        parent: None,
        keys: secret(0).public(),
        possession: secret(0).prove_possession(roster.network(), chain),
        nodes: Bounded::new(vec![]).unwrap(),
        rights: Rights::NONE,
    };
    act(&mut roster, RosterAction::Admit(admission)).unwrap();
    assert_eq!(refused(act(&mut roster, order(vec![]))), ActionError::Erasure);
    act(&mut roster, RosterAction::Close { chain, last: None }).unwrap();
    let before = roster.policy(chain).unwrap();
    act(&mut roster, order(vec![point(1)])).unwrap();
    assert_eq!(roster.policy(chain).unwrap(), before, "no rule of a chain depends on what is erased");

    let kept = policy(vec![rule(Class::Documents, 1, Some(2))]);
    act(&mut roster, RosterAction::Retention(kept.clone())).unwrap();
    assert_eq!(roster.retention(), &kept);
    let bad = RosterAction::Retention(policy(vec![rule(Class::Documents, 3, Some(2))]));
    assert!(matches!(refused(act(&mut roster, bad)), ActionError::Retention(_)));
    assert_eq!(roster.retention(), &kept);
}

/// Who said two things is convicted by what is left of them.
#[test]
fn two_entries_convict_after_their_payloads_are_gone() {
    let (network, chain, policy) = world();
    let write = |payload: u8| {
        let draft = Draft { kind: Kind::NOTE, time: Time::from_millis(0), payload: vec![payload; 9] };
        let written = ChainState::new(chain).append(network, &policy, draft, &secret(0)).unwrap();
        UnverifiedEntry::parse(written.bytes()).unwrap()
    };
    let (one, other) = (write(1), write(2));
    let bare = |entry: &UnverifiedEntry| UnverifiedEntry::parse(entry.signed_bytes()).unwrap();
    let whole = EquivocationProof::new(&one, &other).unwrap();
    for (one, other) in [(bare(&one), bare(&other)), (bare(&one), other.clone()), (one.clone(), bare(&other))] {
        assert_eq!(EquivocationProof::new(&one, &other).unwrap(), whole);
    }
    // What is left of one entry is no second entry.
    assert!(EquivocationProof::new(&one, &bare(&one)).is_err());
}
