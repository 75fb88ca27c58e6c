//! The catalogue is a function of the entries alone; differences and plans say all there is to say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use congvan_core::blob::BlobRef;
use congvan_core::catalogue::*;
use congvan_core::*;
use proptest::prelude::*;

fn text<const MAX: usize>() -> impl Strategy<Value = Text<MAX>> {
    prop_oneof![Just(""), Just("a"), Just("Đăng ký"), Just("50000")].prop_map(|text| Text::new(text).unwrap())
}

fn list<T: std::fmt::Debug + Clone, const MAX: usize>(
    of: impl Strategy<Value = T>,
) -> impl Strategy<Value = Bounded<T, MAX>> {
    prop::collection::vec(of, 0..3).prop_map(|list| Bounded::new(list).unwrap())
}

fn date() -> impl Strategy<Value = Option<Date>> {
    prop::option::of((1u16..=9999, 1u8..=12, 1u8..=28).prop_map(|(y, m, d)| Date::new(y, m, d).unwrap()))
}

fn payment() -> impl Strategy<Value = Payment> {
    let fee = prop_oneof![
        Just(None),
        (0u64..3).prop_map(|n| Some(Fee::Amount(n))),
        text().prop_map(|t| Some(Fee::Described(t)))
    ];
    let channel = (text(), text(), text()).prop_map(|(kind, url, account)| PaymentChannel { kind, url, account });
    (fee, any::<bool>(), list(channel)).prop_map(|(fee, online, channels)| Payment { fee, online, channels })
}

fn one_stop() -> impl Strategy<Value = OneStop> {
    let online = prop::sample::select(OnlineService::ALL.to_vec());
    (text(), text(), online, text(), any::<bool>(), text()).prop_map(
        |(office, place, online, url, by_post, case_type)| OneStop { office, place, online, url, by_post, case_type },
    )
}

fn form() -> impl Strategy<Value = Form> {
    (text(), text(), any::<[u8; 32]>(), 0..limits::MAX_FORM).prop_map(|(name, media_type, id, len)| Form {
        name,
        media_type,
        blob: FormBlob::new(BlobRef { id: BlobId::from_bytes(id), len }).unwrap(),
    })
}

/// One of four codes, so that lives cross.
fn code() -> impl Strategy<Value = ProcedureCode> {
    (0u8..4).prop_map(|n| format!("1.00{n}").parse().unwrap())
}

fn procedure() -> impl Strategy<Value = Procedure> {
    let levels = prop::sample::subsequence(Level::ALL.to_vec(), 0..=3).prop_map(|l| Sorted::from_unsorted(l).unwrap());
    let name = prop_oneof![Just("Một"), Just("Hai")].prop_map(|name| Title::new(name).unwrap());
    let force =
        (date(), date()).prop_filter_map("ends before it begins", |(from, until)| InForce::new(from, until).ok());
    (
        (code(), name, text(), levels, list(text()), payment()),
        (list(text()), list(text()), list(form()), text(), text(), force, one_stop()),
    )
        .prop_map(|((code, name, field, levels, applicants, payment), rest)| {
            let (legal_basis, steps, forms, term, result, in_force, one_stop) = rest;
            Procedure {
                code,
                name,
                field,
                levels,
                applicants,
                payment,
                legal_basis,
                steps,
                forms,
                term,
                result,
                in_force,
                one_stop,
            }
        })
}

fn change() -> impl Strategy<Value = ProcedureChange> {
    prop_oneof![
        3 => procedure().prop_map(ProcedureChange::Publish),
        3 => procedure().prop_map(ProcedureChange::Amend),
        2 => (code(), text(), date()).prop_map(|(code, reason, from)| ProcedureChange::Retire(Retirement { code, reason, from })),
    ]
}

fn rights() -> impl Strategy<Value = Rights> {
    prop_oneof![4 => Just(Rights::PUBLISH), 1 => Just(Rights::NONE), 1 => Just(Rights(2)), 1 => Just(Rights(3))]
}

type Entries = Vec<(Seq, Rights, ProcedureChange)>;

fn story() -> impl Strategy<Value = Entries> {
    prop::collection::vec((rights(), change()), 0..20)
        .prop_map(|list| (1..).zip(list).map(|(n, (rights, change))| (Seq::new(n).unwrap(), rights, change)).collect())
}

/// The catalogue, and each entry's outcome.
fn replay(entries: &Entries) -> (Catalogue, Vec<Result<Life, Breach>>) {
    let mut catalogue = Catalogue::default();
    let outcomes = entries.iter().map(|(seq, rights, change)| catalogue.apply(*seq, *rights, change.clone())).collect();
    (catalogue, outcomes)
}

proptest! {
    #[test]
    fn a_change_has_one_encoding(change in change()) {
        let payload = ProcedurePayload::new(change.clone()).unwrap();
        prop_assert_eq!(ProcedurePayload::from_bytes(&payload.to_bytes()).unwrap().into_change(), change);
    }

    #[test]
    fn what_breaks_a_rule_changes_nothing(entries in story()) {
        let (catalogue, outcomes) = replay(&entries);
        let kept = entries.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(e, _)| e.clone()).collect();
        let (without, again) = replay(&kept);
        prop_assert_eq!(without, catalogue);
        prop_assert!(again.iter().all(Result::is_ok));
        for ((_, rights, _), outcome) in entries.iter().zip(&outcomes) {
            prop_assert_eq!(!rights.include(Rights::PUBLISH), *outcome == Err(Breach::NoRight));
        }
    }

    #[test]
    fn one_codes_life_depends_on_no_others(entries in story()) {
        let (catalogue, outcomes) = replay(&entries);
        for number in 0..4 {
            let code: ProcedureCode = format!("1.00{number}").parse().unwrap();
            let own: Entries = entries.iter().filter(|(_, _, change)| *change.code() == code).cloned().collect();
            let (alone, own_outcomes) = replay(&own);
            prop_assert_eq!(alone.get(&code), catalogue.get(&code));
            let among: Vec<_> =
                entries.iter().zip(&outcomes).filter(|((_, _, change), _)| *change.code() == code).map(|(_, o)| *o).collect();
            prop_assert_eq!(&own_outcomes, &among);
            // The table alone says the same as the records.
            let mut life = Life::Unknown;
            for ((_, rights, change), outcome) in own.iter().zip(own_outcomes) {
                prop_assert_eq!(life.after(change.act(), *rights), outcome);
                life = outcome.unwrap_or(life);
            }
            prop_assert_eq!(life, catalogue.life(&code));
        }
    }

    #[test]
    fn differences_are_all_there_is(before in procedure(), after in procedure()) {
        let after = Procedure { code: before.code.clone(), ..after };
        let found = differences(&before, &after);
        prop_assert_eq!(found.is_empty(), before == after);
        for difference in &found {
            prop_assert_eq!(&difference.before, &before.value(difference.field));
            prop_assert_eq!(&difference.after, &after.value(difference.field));
        }
        let named: Vec<_> = found.iter().map(|difference| difference.field).collect();
        for field in ProcedureField::ALL {
            prop_assert_eq!(named.contains(field), before.value(*field) != after.value(*field));
        }
        prop_assert!(differences(&after, &after).is_empty());
    }

    #[test]
    fn a_plan_leads_to_what_is_wanted_and_then_has_nothing_to_do(
        entries in story(), wanted in prop::collection::vec(procedure(), 0..6), retire_missing: bool,
    ) {
        let wanted: BTreeMap<_, _> = wanted.into_iter().map(|procedure| (procedure.code.clone(), procedure)).collect();
        let (mut catalogue, _) = replay(&entries);
        let live = |catalogue: &Catalogue| -> BTreeMap<_, _> {
            let live = catalogue.records().filter(|record| record.retired.is_none());
            live.map(|record| (record.procedure.code.clone(), record.procedure.clone())).collect()
        };
        let before = live(&catalogue);
        let plan = Plan::new(before.clone(), wanted.values().cloned(), retire_missing);
        prop_assert_eq!(plan.len() + plan.unchanged, plan.new.len() + plan.changed.len() + plan.missing.len() + plan.unchanged);
        for (seq, change) in (100..).zip(plan.into_changes(&Text::default(), None)) {
            catalogue.apply(Seq::new(seq).unwrap(), Rights::PUBLISH, change).unwrap();
        }
        let mut due = wanted.clone();
        if !retire_missing {
            before.into_iter().for_each(|(code, procedure)| { due.entry(code).or_insert(procedure); });
        }
        prop_assert_eq!(live(&catalogue), due);
        prop_assert!(Plan::new(live(&catalogue), wanted.into_values(), retire_missing).is_empty());
    }
}

#[test]
fn every_field_has_a_name_of_its_own_in_both_languages() {
    for name in [ProcedureField::name, ProcedureField::english, ProcedureField::vietnamese] {
        let names: std::collections::BTreeSet<_> = ProcedureField::ALL.iter().map(|field| name(*field)).collect();
        assert_eq!(names.len(), ProcedureField::ALL.len());
    }
}
