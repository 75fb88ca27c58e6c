//! A chain, an erasure in it, an order from outside, and what they reach; a policy of retention.

use congvan_core::entry::SIGNED_LEN;
use congvan_core::erasure::{Class, Reason, Rule};
use congvan_core::*;
use serde_json::{Value, json};

use super::valid::hex;
use super::world::{World, time};

fn rule(class: Class, keep_years: u16, drop_after_years: Option<u16>) -> Rule {
    Rule { class, keep_years, drop_after_years }
}

pub(crate) fn erasures(world: &World) -> Value {
    let (chain, secret) = (world.chains[2], &world.secrets[2]);
    let grant = KeyGrant { from: Seq::FIRST, keys: std::sync::Arc::new(secret.public()) };
    let policy = ChainPolicy { grants: vec![grant], ..ChainPolicy::default() };
    let mut state = ChainState::new(chain);
    let mut entries: Vec<VerifiedEntry> = Vec::new();
    let mut write = |kind, payload: Vec<u8>| {
        let draft = Draft { kind, time: time(entries.len() as u64), payload };
        let entry = state.append(world.network, &policy, draft, secret).unwrap();
        entries.push(entry.clone());
        entry.point()
    };
    let note = write(Kind::NOTE, b"mot".to_vec());
    let kept = write(Kind::NOTE, b"hai".to_vec());
    let public = DocumentPayload::public(Cover::default(), Envelope::default(), &mut rng::from_seed(0)).unwrap();
    let document = write(Kind::DOCUMENT, public.to_bytes());
    let procedure = write(Kind::PROCEDURE, vec![9]);
    let rival = Point { seq: kept.seq, id: EntryId::from_bytes([5; 32]) };
    let later = Point { seq: Seq::new(6).unwrap(), id: EntryId::from_bytes([6; 32]) };
    let erasure = Erasure {
        entries: Sorted::from_unsorted(vec![note, rival, document, procedure, later]).unwrap(),
        reason: Reason::PersonalData,
        basis: Text::new("").unwrap(),
    };
    write(Kind::ERASE, erasure.to_bytes());
    let last = write(Kind::NOTE, b"sau".to_vec());
    write(Kind::ERASE, vec![7]);
    let order = Erasure {
        entries: Sorted::from_unsorted(vec![note, last]).unwrap(),
        reason: Reason::Order,
        basis: Text::new("Bản án 12/2026/HC-ST").unwrap(),
    };
    let reports = Class::DocumentsOfType(Text::new("Báo cáo").unwrap());
    let rules = vec![rule(Class::Documents, 10, Some(20)), rule(reports, 5, Some(5)), rule(Class::Notes, 0, None)];
    let retention = Retention { rules: Sorted::from_unsorted(rules).unwrap() };
    let twice = vec![rule(Class::Notes, 1, None), rule(Class::Notes, 2, None)];
    let refused = [
        ("two rules for one class", twice),
        ("dropped before it may be", vec![rule(Class::Statuses, 3, Some(2))]),
        ("dropped at once", vec![rule(Class::Statuses, 0, Some(0))]),
        ("a term past the bound", vec![rule(Class::Statuses, 201, None)]),
    ];
    let refused = refused.map(|(name, rules)| {
        let policy = Retention { rules: Sorted::from_unsorted(rules).unwrap() };
        json!({ "name": name, "action": hex(RosterAction::Retention(policy).to_bytes()) })
    });
    json!({
        "network": hex(world.network.as_bytes()),
        "chain": hex(chain.as_bytes()),
        "key": hex(secret.sign.public().id().as_bytes()),
        "entries": entries.iter().map(|entry| hex(entry.bytes())).collect::<Vec<_>>(),
        "erasure": hex(erasure.to_bytes()),
        "order": hex(RosterAction::Erase { chain, erasure: order }.to_bytes()),
        "erased_by_the_chain": [1, 3],
        "erased_with_the_order": [1, 3, 6],
        "after": entries.iter().map(|entry| match [1, 3, 6].contains(&entry.seq().get()) {
            true => hex(&entry.bytes()[..SIGNED_LEN]),
            false => hex(entry.bytes()),
        }).collect::<Vec<_>>(),
        "retention": hex(RosterAction::Retention(retention).to_bytes()),
        "refused": refused,
    })
}
