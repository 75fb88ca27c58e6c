//! The life of a document: the table, pair by pair, and that nothing but the set of facts decides.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use congvan_core::life::{After, Breach, Document, Fact, Held, Life, Role, Rule, Says, Standing, TABLE};
use congvan_core::*;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const SENDER: usize = 0;

fn code(n: usize) -> AgencyCode {
    AgencyCode::new(format!("H55.{n:02}")).unwrap()
}

fn entry(author: usize, seq: u64) -> EntryRef {
    let chain = ChainId::of_agency(NetworkId::from_bytes([7; 32]), &code(author));
    let mut id = [author as u8; 32];
    id[..8].copy_from_slice(&seq.to_be_bytes());
    EntryRef { chain, seq: Seq::new(seq).unwrap(), id: EntryId::from_bytes(id) }
}

/// Sent by agency 0 to agencies 1, 2 and 3; 4 is a stranger.
fn document() -> Document {
    Document { entry: entry(SENDER, 1), sender: code(SENDER), addressees: (1..4).map(code).collect() }
}

fn fact(author: usize, seq: u64, says: Says) -> Fact {
    let time = Time::from_millis(seq);
    Fact { time, author: code(author), entry: entry(author, seq), about: document().entry, stands: true, says }
}

fn said(author: usize, seq: u64, code: StatusCode, answers: Option<EntryRef>) -> Fact {
    fact(author, seq, Says::Status { code, to: self::code(SENDER), answers })
}

fn asked(of: usize, seq: u64, answers: Option<EntryRef>) -> Fact {
    fact(SENDER, seq, Says::Status { code: StatusCode::RecallAsked, to: code(of), answers })
}

fn linked(author: usize, seq: u64, relation: Relation, to: &[usize]) -> Fact {
    fact(author, seq, Says::Link { relation, to: to.iter().map(|n| code(*n)).collect() })
}

fn life(facts: &[Fact]) -> Life {
    Life::of(document(), facts.iter().cloned())
}

#[track_caller]
fn breach(life: &Life, fact: &Fact) -> Option<Breach> {
    life.history.iter().find(|event| event.fact == *fact).expect("every fact is in the history").breach
}

/// A way to each state of handling, by accepted steps.
fn way_to(state: Option<StatusCode>) -> Vec<StatusCode> {
    match state {
        None => vec![],
        Some(StatusCode::Arrived) => vec![StatusCode::Arrived],
        Some(StatusCode::Refused) => vec![StatusCode::Refused],
        Some(StatusCode::Accepted) => vec![StatusCode::Accepted],
        Some(later) => vec![StatusCode::Arrived, later],
    }
}

#[test]
fn the_table_has_one_line_for_each_code_in_their_order() {
    assert_eq!(TABLE.map(|rule| rule.code), StatusCode::ALL);
    for code in StatusCode::ALL {
        assert_eq!(Rule::of(code).code, code);
    }
}

#[test]
fn every_step_of_handling_is_accepted_or_refused_as_the_design_says() {
    use StatusCode::*;
    // Written out a second time, state by state, so that a slip in the table shows.
    let allowed: [(Option<StatusCode>, &[StatusCode]); 7] = [
        (None, &[Arrived, Refused, Accepted]),
        (Some(Arrived), &[Refused, Accepted, Assigned, Processing, Completed]),
        (Some(Refused), &[]),
        (Some(Accepted), &[Assigned, Processing, Completed]),
        (Some(Assigned), &[Assigned, Processing, Completed]),
        (Some(Processing), &[Assigned, Processing, Completed]),
        (Some(Completed), &[]),
    ];
    for (state, next) in allowed {
        for code in [Arrived, Refused, Accepted, Assigned, Processing, Completed] {
            let mut facts: Vec<_> = (1..).zip(way_to(state)).map(|(seq, code)| said(1, seq, code, None)).collect();
            let before = life(&facts);
            assert_eq!(before.recipients[0].handling, state);
            let step = said(1, 99, code, None);
            facts.push(step.clone());
            let after = life(&facts);
            let expected = (!next.contains(&code)).then_some(Breach::After { state, code });
            assert_eq!(breach(&after, &step), expected, "{state:?} then {code:?}");
            let handling = if expected.is_none() { Some(code) } else { state };
            assert_eq!(after.recipients[0].handling, handling);
            assert_eq!(before.next(&self::code(1), step.says).err(), expected);
            assert_eq!(after.recipients[1..], before.recipients[1..], "others are not concerned");
        }
        assert_eq!(life(&[]).possible(&code(4)), [], "a stranger has nothing to say");
    }
}

#[test]
fn only_addressees_handle_and_only_the_sender_asks() {
    let ask = asked(1, 2, None);
    for rule in TABLE {
        let answers = (rule.after == After::Asked).then_some(ask.entry);
        for author in [SENDER, 4] {
            let wrong = match rule.by {
                Role::Sender => Fact { author: code(author), entry: entry(author, 5), ..asked(1, 5, None) },
                Role::Addressee => said(author, 5, rule.code, answers),
            };
            let life = life(&[ask.clone(), wrong.clone()]);
            match (rule.by, author) {
                (Role::Addressee, _) => assert_eq!(breach(&life, &wrong), Some(Breach::NotAddressee(rule.code))),
                (Role::Sender, SENDER) => assert_eq!(breach(&life, &wrong), Some(Breach::AskedAlready(rule.code))),
                (Role::Sender, _) => assert_eq!(breach(&life, &wrong), Some(Breach::NotSender(rule.code))),
            }
            assert!(life.recipients.iter().all(|recipient| recipient.handling.is_none()));
        }
    }
    let nobody = asked(4, 3, None);
    assert_eq!(
        breach(&life(std::slice::from_ref(&nobody)), &nobody),
        Some(Breach::AsksNobody(StatusCode::RecallAsked))
    );
    for relation in [Relation::Recalls, Relation::Updates, Relation::Replaces] {
        let foreign = linked(1, 5, relation, &[2]);
        let life = life(std::slice::from_ref(&foreign));
        assert_eq!(breach(&life, &foreign), Some(Breach::ForeignLink));
        assert_eq!((life.standing, life.asks.len()), (Standing::InForce, 0));
    }
}

#[test]
fn a_recall_is_asked_answered_and_asked_again_only_after_a_refusal() {
    let asks: Vec<_> = (1..4).map(|of| asked(of, 1 + of as u64, None)).collect();
    let no = said(1, 1, StatusCode::RecallRefused, Some(asks[0].entry));
    let yes = said(2, 1, StatusCode::RecallAgreed, Some(asks[1].entry));
    let open = life(&asks);
    assert_eq!(open.standing, Standing::RecallAsked);
    for (recipient, ask) in open.recipients.iter().zip(&asks) {
        assert_eq!(recipient.open, [ask.entry]);
        assert_eq!(open.answerable(&recipient.agency, StatusCode::RecallAgreed, &code(SENDER)), [ask.entry]);
    }
    assert!(!open.possible(&code(SENDER)).contains(&StatusCode::RecallAsked));

    let mut facts = asks.clone();
    facts.extend([no.clone(), yes.clone()]);
    let answered = life(&facts);
    assert_eq!(answered.standing, Standing::RecalledBySome);
    assert_eq!(answered.recipients[1].held, Held::Withdrawn(asks[1].entry));
    assert_eq!(answered.recipients[0].held, Held::AsSent);
    assert_eq!(answered.recipients[2].open, [asks[2].entry]);
    assert_eq!(answered.answerable(&code(SENDER), StatusCode::RecallAsked, &code(1)), [no.entry]);
    assert_eq!(answered.answerable(&code(SENDER), StatusCode::RecallAsked, &code(2)), []);

    let again = asked(1, 5, Some(no.entry));
    let blunt = asked(1, 6, None);
    let wrong = asked(2, 7, Some(yes.entry));
    let others = asked(3, 8, Some(no.entry));
    let twice = said(2, 2, StatusCode::RecallRefused, Some(asks[1].entry));
    let to_breach = said(1, 2, StatusCode::RecallAgreed, Some(blunt.entry));
    let not_its_own = said(3, 1, StatusCode::RecallAgreed, Some(again.entry));
    facts.extend([&again, &blunt, &wrong, &others, &twice, &to_breach, &not_its_own].map(Fact::clone));
    let later = life(&facts);
    assert_eq!(breach(&later, &again), None);
    for refused in [&blunt, &wrong, &others] {
        assert_eq!(breach(&later, refused), Some(Breach::AskedAlready(StatusCode::RecallAsked)));
    }
    assert_eq!(breach(&later, &twice), Some(Breach::AnsweredAlready(asks[1].entry.id)));
    assert_eq!(breach(&later, &to_breach), Some(Breach::NotAsked(blunt.entry.id)));
    assert_eq!(breach(&later, &not_its_own), Some(Breach::NotAsked(again.entry.id)));
    assert_eq!(later.asks.len(), 4);
    assert_eq!(later.recipients[0].open, [again.entry]);

    let rest = [(1, 9, &again), (3, 9, &asks[2])];
    facts.extend(rest.map(|(of, seq, ask)| said(of, seq, StatusCode::RecallAgreed, Some(ask.entry))));
    assert_eq!(life(&facts).standing, Standing::RecalledByAll);
}

#[test]
fn agreeing_has_the_effect_of_what_it_answers_and_needs_no_state_of_handling() {
    let link = entry(SENDER, 2);
    let cases = [
        (Relation::Recalls, Held::Withdrawn(link), Standing::RecalledBySome),
        (Relation::Updates, Held::Updated(link), Standing::UpdatedBy(link)),
        (Relation::Replaces, Held::Replaced(link), Standing::ReplacedBy(link)),
    ];
    for (relation, held, standing) in cases {
        for before in [None, Some(StatusCode::Refused), Some(StatusCode::Completed)] {
            let link = linked(SENDER, 2, relation, &[1, 2, 4]);
            let mut facts: Vec<_> = (1..).zip(way_to(before)).map(|(seq, code)| said(1, seq, code, None)).collect();
            let agreed = said(1, 50, StatusCode::RecallAgreed, Some(link.entry));
            let not_asked = said(3, 50, StatusCode::RecallAgreed, Some(link.entry));
            facts.extend([link.clone(), agreed, not_asked.clone()]);
            let life = life(&facts);
            assert_eq!(life.recipients[0].held, held);
            assert_eq!(life.recipients[0].handling, before);
            assert_eq!(life.recipients[1].open, [link.entry]);
            assert_eq!(life.recipients[2].open, [], "the document does not go to that addressee");
            assert_eq!(breach(&life, &not_asked), Some(Breach::NotAsked(link.entry.id)));
            assert_eq!(life.standing, standing);
        }
    }
}

#[test]
fn what_does_not_stand_or_names_another_place_changes_nothing() {
    let fallen = Fact { stands: false, ..said(1, 1, StatusCode::Accepted, None) };
    let misnamed = Fact { about: EntryRef { seq: Seq::new(9).unwrap(), ..document().entry }, ..fallen.clone() };
    let misnamed = Fact { stands: true, ..misnamed };
    let other = Fact { about: entry(SENDER, 3), ..said(1, 2, StatusCode::Accepted, None) };
    let answers = said(1, 3, StatusCode::Accepted, Some(document().entry));
    let bare = said(1, 4, StatusCode::RecallAgreed, None);
    let early = Fact { entry: document().entry, ..linked(SENDER, 1, Relation::Updates, &[1]) };
    let facts = [fallen, misnamed, other, answers, bare, early];
    let life = life(&facts);
    assert_eq!(life.history.len(), 5, "what is said of another document is no part of this one's life");
    assert_eq!((life.standing, life.recipients[0].handling), (Standing::InForce, None));
    let expected = [
        Some(Breach::NotStanding),
        Some(Breach::Misnamed),
        Some(Breach::NothingToAnswer(StatusCode::Accepted)),
        Some(Breach::AnswersNothing(StatusCode::RecallAgreed)),
        Some(Breach::NotEarlier),
    ];
    let found: Vec<_> = [0, 1, 3, 4, 5].map(|n| breach(&life, &facts[n])).into();
    assert_eq!(found, expected);
    for breach in found.into_iter().flatten() {
        assert!(!breach.english().is_empty() && breach.english() != breach.vietnamese());
    }
}

#[test]
fn a_document_that_is_addressed_to_nobody_is_changed_by_its_senders_word() {
    let public = Document { addressees: vec![], ..document() };
    let of = |relation| Life::of(public.clone(), [linked(SENDER, 2, relation, &[])]).standing;
    assert_eq!(Life::of(public.clone(), []).standing, Standing::InForce);
    assert_eq!(of(Relation::Recalls), Standing::RecalledByAll);
    assert_eq!(of(Relation::Replaces), Standing::ReplacedBy(entry(SENDER, 2)));
    assert_eq!(of(Relation::Updates), Standing::UpdatedBy(entry(SENDER, 2)));
}

#[test]
fn answers_of_anybody_are_listed_and_ask_nothing() {
    let facts = [linked(1, 3, Relation::Answers, &[0]), linked(4, 2, Relation::Answers, &[0])];
    let life = life(&facts);
    assert_eq!(life.answered_by, [(code(4), entry(4, 2)), (code(1), entry(1, 3))]);
    assert_eq!((life.asks.len(), life.standing), (0, Standing::InForce));
}

/// Anything that anybody could write about the document, most of it nonsense.
fn anything() -> impl Strategy<Value = Fact> {
    let named = (0usize..5, 1u64..8).prop_map(|(author, seq)| entry(author, seq));
    let status = (select(StatusCode::ALL.to_vec()), 0usize..5, proptest::option::of(named))
        .prop_map(|(code, to, answers)| Says::Status { code, to: self::code(to), answers });
    let relations = vec![Relation::Answers, Relation::Recalls, Relation::Updates, Relation::Replaces];
    let link = (select(relations), subsequence((0..5).collect::<Vec<_>>(), 0..5))
        .prop_map(|(relation, to)| Says::Link { relation, to: to.into_iter().map(code).collect() });
    let about = prop_oneof![
        9 => Just(document().entry),
        1 => Just(EntryRef { seq: Seq::new(2).unwrap(), ..document().entry }),
        1 => Just(entry(SENDER, 5)),
    ];
    (0usize..5, 1u64..8, prop_oneof![3 => status, 1 => link], about, prop::bool::weighted(0.9), 0u64..4).prop_map(
        |(author, seq, says, about, stands, time)| {
            // Two entries of one number never stand together; here even that must not matter.
            Fact { time: Time::from_millis(time), about, stands, ..fact(author, seq, says) }
        },
    )
}

/// Words that mostly follow the table, so that lives get far.
fn plausible() -> impl Strategy<Value = Vec<Fact>> {
    proptest::collection::vec((0usize..4, 0usize..6, any::<prop::sample::Index>()), 0..24).prop_map(|choices| {
        let mut facts: Vec<Fact> = Vec::new();
        for (seq, (author, what, which)) in (2..).zip(choices) {
            let so_far = life(&facts);
            let next = match what {
                0 if author == SENDER => {
                    let relations = [Relation::Recalls, Relation::Updates, Relation::Replaces];
                    linked(author, seq, relations[which.index(3)], &[1, 2])
                }
                1 => linked(author, seq, Relation::Answers, &[0]),
                _ => {
                    let possible = so_far.possible(&code(author));
                    if possible.is_empty() {
                        continue;
                    }
                    let status = possible[which.index(possible.len())];
                    let to = if status == StatusCode::RecallAsked { 1..4 } else { 0..1 };
                    let says = |(to, answers)| Says::Status { code: status, to: code(to), answers };
                    let mut ways = to.flat_map(|to| {
                        let answers = so_far.answerable(&code(author), status, &code(to));
                        [(to, None)].into_iter().chain(answers.into_iter().map(move |named| (to, Some(named))))
                    });
                    let way = ways.find(|way| so_far.next(&code(author), says(*way)).is_ok());
                    fact(author, seq, says(way.expect("what is possible can be said")))
                }
            };
            facts.push(next);
        }
        facts
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_order_and_repetition_of_arrival_gives_the_same_life(
        facts in prop_oneof![proptest::collection::vec(anything(), 0..24), plausible()],
        order in proptest::collection::vec(any::<prop::sample::Index>(), 0..48),
    ) {
        let expected = life(&facts);
        let mut arrived = facts.clone();
        // Some come twice, and all in another order.
        arrived.extend(order.iter().filter(|_| !facts.is_empty()).map(|index| index.get(&facts).clone()));
        for (at, index) in order.iter().enumerate().take(arrived.len()) {
            let other = index.index(arrived.len());
            arrived.swap(at, other);
        }
        prop_assert_eq!(&life(&arrived), &expected);
        arrived.reverse();
        prop_assert_eq!(&life(&arrived), &expected);
    }

    #[test]
    fn any_part_of_what_was_said_is_a_life_too(
        facts in proptest::collection::vec(anything(), 0..24),
        kept in proptest::collection::vec(any::<bool>(), 24),
    ) {
        let part: Vec<_> = facts.iter().zip(kept).filter(|(_, kept)| *kept).map(|(fact, _)| fact.clone()).collect();
        let life = life(&part);
        let breaches = life.history.iter().filter(|event| event.breach.is_some());
        // A breach changes nothing: without it everything is as it is with it.
        let sound: Vec<_> = life.history.iter().filter(|e| e.breach.is_none()).map(|e| e.fact.clone()).collect();
        let without = Life::of(document(), sound);
        prop_assert_eq!(without.history.len() + breaches.count(), life.history.len());
        prop_assert!(without.history.iter().all(|event| event.breach.is_none()));
        prop_assert_eq!((&without.recipients, &without.asks, without.standing), (&life.recipients, &life.asks, life.standing));
    }

    #[test]
    fn what_is_said_to_be_possible_is_and_nothing_else(facts in plausible(), author in 0usize..5) {
        let before = life(&facts);
        let author_code = code(author);
        let possible = before.possible(&author_code);
        for status in StatusCode::ALL {
            let mut any = false;
            for to in 0..4 {
                let named = before.answerable(&author_code, status, &code(to)).into_iter().map(Some);
                for answers in [None].into_iter().chain(named) {
                    let step = fact(author, 99, Says::Status { code: status, to: code(to), answers });
                    let after = life(&[facts.clone(), vec![step.clone()]].concat());
                    let refused = breach(&after, &step);
                    prop_assert_eq!(before.next(&author_code, step.says).err(), refused);
                    any |= refused.is_none();
                }
            }
            prop_assert_eq!(possible.contains(&status), any);
        }
        prop_assert!(before.history.iter().all(|event| event.breach.is_none()), "plausible words hold");
    }
}
