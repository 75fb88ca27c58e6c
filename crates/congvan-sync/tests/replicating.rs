//! What two replicas make of each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Side, hidden_under_a_good_one, network, peer};
use congvan_core::*;
use congvan_sync::*;

fn config() -> Config {
    Config::default()
}

#[test]
fn two_thousand_chains_that_differ_in_ten_cost_little() {
    let network = network(2000);
    let mut ahead = network.ledger.clone();
    for agency in (0..2000).step_by(200) {
        network.note(&mut ahead, agency, b"xin chao");
    }
    let mut teacher = Side::new(1, config(), ahead);
    let mut learner = Side::new(2, config(), network.ledger.clone());
    let traffic = learner.meet(&mut teacher, 0);
    assert_eq!(learner.ledger.heads(), teacher.ledger.heads());
    assert!(traffic.comparisons() <= 4, "{} round trips", traffic.comparisons());
    assert!(traffic.bytes < 64 * 1024, "{} bytes", traffic.bytes);
    // And nothing but one fingerprint once they are the same.
    let interval = Config::default().reconcile_ms;
    let again = learner.learn(&mut teacher, interval, Event::Tick);
    assert_eq!(again.comparisons(), 1);
    assert!(again.bytes < 256, "{} bytes", again.bytes);
}

#[test]
fn a_long_chain_comes_in_ranges_and_goes_on_after_a_cut() {
    let network = network(1);
    let mut full = network.ledger.clone();
    for _ in 0..40 {
        network.note(&mut full, 0, &vec![7; 200_000]);
    }
    let chain = network.agencies[0].0;
    let mut teacher = Side::new(1, config(), full);
    let mut learner = Side::new(2, config(), network.ledger.clone());
    teacher.handle(0, Event::Connected(learner.key));
    // The first answers arrive; then the line is cut.
    let mut actions = learner.handle(0, Event::Connected(teacher.key));
    for _ in 0..3 {
        let Some(Action::Request { id, request, .. }) = actions.pop() else { panic!("nothing asked") };
        let answers = teacher.handle(0, Event::Request { peer: learner.key, reply: ReplyId(0), request });
        let Action::Respond { response, .. } = answers.into_iter().next().unwrap() else { panic!() };
        actions = learner.handle(0, Event::Response { peer: teacher.key, id, response });
        actions.retain(|action| matches!(action, Action::Request { .. }));
    }
    learner.handle(0, Event::Disconnected(teacher.key));
    let halfway = learner.ledger.head(chain).head.unwrap().seq.get();
    assert!((1..40).contains(&halfway), "{halfway}");
    let traffic = learner.meet(&mut teacher, 1000);
    assert_eq!(learner.ledger.heads(), teacher.ledger.heads());
    let first =
        traffic.requests.iter().find_map(|r| if let Request::Range { from, .. } = r { Some(from.get()) } else { None });
    assert_eq!(first, Some(halfway + 1));
}

#[test]
fn a_fork_deep_in_a_chain_is_found_and_quarantined_at_its_first_number() {
    let network = network(1);
    let chain = network.agencies[0].0;
    let mut one = network.ledger.clone();
    for _ in 0..37 {
        network.note(&mut one, 0, b"one");
    }
    let mut other = one.clone();
    for _ in 0..50 {
        network.note(&mut one, 0, b"this");
        network.note(&mut other, 0, b"that");
    }
    let (mut a, mut b) = (Side::new(1, config(), one), Side::new(2, config(), other));
    let traffic = a.meet(&mut b, 0);
    assert_eq!(a.ledger.head(chain).quarantined, Seq::new(38));
    let announced = traffic.other.iter().any(|action| matches!(action, Action::Announce(Announcement::Proof(_))));
    assert!(announced && traffic.other.iter().any(|action| matches!(action, Action::Equivocation(_))));
    // The other side learns it by comparing, even if it missed the announcement.
    b.handle(0, Event::Disconnected(peer(1)));
    b.learn(&mut a, 0, Event::Connected(peer(1)));
    assert_eq!(a.ledger.heads(), b.ledger.heads());
    // Everybody takes the branch that the registrar lets stand.
    let stands = a.ledger.proof(chain).unwrap().entries()[0].point();
    let resolve = RosterAction::Resolve { chain, stands };
    a.ledger.append_roster(resolve, Time::from_millis(9), &[&network.registrar]).unwrap();
    a.handle(31_000, Event::Changed(a.ledger.roster().chain()));
    for round in 2..6 {
        b.learn(&mut a, round * 30_000, Event::Tick);
        a.learn(&mut b, round * 30_000 + 1, Event::Tick);
    }
    assert_eq!(a.ledger.heads(), b.ledger.heads());
    assert_eq!(a.ledger.head(chain).quarantined, None);
    assert_eq!(a.ledger.id_at(chain, stands.seq), Some(stands.id));
}

#[test]
fn a_quarantine_for_a_bad_signature_is_handed_on_with_its_evidence() {
    let network = network(1);
    let (chain, keys) = &network.agencies[0];
    let mut first = network.ledger.clone();
    for _ in 0..3 {
        network.note(&mut first, 0, b"good");
    }
    let behind = first.clone();
    let hidden = hidden_under_a_good_one(&first, *chain, keys, 4);
    first.ingest(*chain, hidden).unwrap();
    network.note(&mut first, 0, b"good again");
    assert_eq!(first.head(*chain).head.map(|head| head.seq), Seq::new(8));
    assert_eq!(first.verify_pending(), [(*chain, Seq::new(4).unwrap())]);
    assert_eq!(first.range(*chain, Seq::new(4).unwrap(), 1 << 20).len(), 0, "it no longer stands");

    // One node lacks what is in quarantine, one lacks the chain, and its author is gone.
    let mut source = Side::new(1, config(), first);
    for (number, ledger) in [(2, behind), (3, network.ledger.clone())] {
        let mut learner = Side::new(number, config(), ledger);
        learner.meet(&mut source, 0);
        assert_eq!(learner.ledger.head(*chain).head.map(|head| head.seq), Seq::new(7), "up to the signed descendant");
        assert_eq!(learner.ledger.verify_pending(), [(*chain, Seq::new(4).unwrap())]);
        learner.handle(1, Event::Changed(*chain));
        assert_eq!(learner.ledger.heads(), source.ledger.heads());
        assert_eq!(learner.learn(&mut source, 30_000, Event::Tick).requests.len(), 1, "nothing differs any more");
        source = learner;
    }
}

#[test]
fn a_forked_roster_keeps_no_document_from_its_way() {
    let mut network = network(40);
    let admission = |number: u64| {
        let keys = AgencySecret::generate(&mut rng::from_seed(number));
        let code = AgencyCode::new(format!("H55.9{number}")).unwrap();
        let chain = ChainId::of_agency(network.genesis.network_id(), &code);
        RosterAction::Admit(Admission {
            code,
            name: Text::new("Cơ quan").unwrap(),
            parent: None,
            keys: keys.public(),
            possession: keys.prove_possession(network.genesis.network_id(), chain),
            nodes: Bounded::new(vec![]).unwrap(),
            rights: Rights::NONE,
        })
    };
    let append = |ledger: &mut MemoryLedger, number| {
        ledger.append_roster(admission(number), Time::from_millis(9), &[&network.registrar]).unwrap();
    };
    let before = network.ledger.clone();
    let mut common = before.clone();
    append(&mut common, 1);
    let (mut one, mut other) = (common.clone(), common);
    append(&mut one, 2);
    append(&mut other, 3);
    append(&mut other, 4);
    network.ledger = other.clone();
    for agency in 0..40 {
        network.note(&mut other, agency, b"document");
    }
    let roster = one.roster().chain();
    let forked = one.roster().head().map(|head| head.seq);
    let (mut a, mut b) = (Side::new(1, config(), one), Side::new(2, config(), other));
    a.meet(&mut b, 0);
    assert_eq!(a.ledger.head(roster).quarantined, forked);
    a.learn(&mut b, 30_000, Event::Tick);
    for (chain, _) in &network.agencies {
        assert_eq!(a.ledger.head(*chain), b.ledger.head(*chain));
    }
    // Whoever hears of the fork first still takes what came before it.
    let mut late = Side::new(3, config(), before);
    assert!(late.ledger.add_proof(&a.ledger.proof(roster).unwrap()).unwrap());
    late.meet(&mut a, 0);
    let stands = late.ledger.head(roster);
    assert_eq!((stands.head.and_then(|head| head.seq.next()), stands.quarantined), (forked, forked));
    late.learn(&mut a, 30_000, Event::Tick);
    assert_eq!(late.ledger.head(network.agencies[7].0), b.ledger.head(network.agencies[7].0));
}

#[test]
fn altered_entries_are_refused_and_their_sender_banned() {
    let network = network(1);
    let chain = network.agencies[0].0;
    let mut full = network.ledger.clone();
    network.note(&mut full, 0, b"genuine");
    let bytes = full.range(chain, Seq::FIRST, 1)[0].to_vec();
    for at in (0..bytes.len()).step_by(3) {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let mut learner = Side::new(2, config(), network.ledger.clone());
        let mut actions = learner.handle(0, Event::Connected(peer(1)));
        let mut teacher = Side::new(1, config(), full.clone());
        teacher.handle(0, Event::Connected(peer(2)));
        let mut banned = false;
        while let Some(action) = actions.pop() {
            match action {
                Action::Request { id, request, peer: asked } => {
                    let is_range = matches!(request, Request::Range { .. });
                    let reply = teacher.handle(0, Event::Request { peer: peer(2), reply: ReplyId(0), request });
                    let Some(Action::Respond { mut response, .. }) = reply.into_iter().next() else { panic!() };
                    if is_range {
                        let entry = Bounded::new(altered.clone()).unwrap();
                        response = Response::Range(Bounded::new(vec![entry]).unwrap());
                    }
                    actions.extend(learner.handle(0, Event::Response { peer: asked, id, response }));
                }
                Action::Ban { .. } => banned = true,
                _ => {}
            }
        }
        assert_eq!(learner.ledger.head(chain), ChainHead::default(), "byte {at}");
        // A version or a key that we do not know may be somebody else's future; all else is a lie.
        let excused = at == 0 || (115..147).contains(&at);
        assert!(banned || excused, "byte {at} was altered and nobody was banned");
    }
}

#[test]
fn the_own_chain_is_confirmed_only_after_it_was_taken_back() {
    let network = network(2);
    let own = network.agencies[0].0;
    let backup = network.ledger.clone();
    let mut full = backup.clone();
    for _ in 0..5 {
        network.note(&mut full, 0, b"acknowledged");
    }
    let settings = Config { own: Some(own), confirm_peers: 2, ..config() };
    let mut node = Side::new(9, settings, backup);
    let mut lagging = Side::new(1, config(), network.ledger.clone());
    let mut teacher = Side::new(2, config(), full.clone());
    let first = node.meet(&mut lagging, 0);
    assert!(!node.replica.own_confirmed(), "one peer of two");
    let second = node.meet(&mut teacher, 0);
    assert!(node.replica.own_confirmed());
    assert_eq!(node.ledger.head(own), full.head(own));
    let stored = second.other.iter().position(|a| matches!(a, Action::Stored { chain } if *chain == own)).unwrap();
    let confirmed = second.other.iter().position(|a| matches!(a, Action::OwnChainConfirmed)).unwrap();
    assert!(stored < confirmed && !first.other.iter().any(|a| matches!(a, Action::OwnChainConfirmed)));
}

#[test]
fn a_fork_of_the_own_chain_is_said_and_never_confirmed() {
    let network = network(1);
    let own = network.agencies[0].0;
    let (mut ours, mut theirs) = (network.ledger.clone(), network.ledger.clone());
    network.note(&mut ours, 0, b"ours");
    network.note(&mut theirs, 0, b"theirs");
    network.note(&mut theirs, 0, b"more");
    let mut node = Side::new(9, Config { own: Some(own), ..config() }, ours);
    let traffic = node.meet(&mut Side::new(1, config(), theirs), 0);
    let said = traffic.other.iter().any(|a| matches!(a, Action::OwnChainContradicted { seq } if *seq == Seq::FIRST));
    assert!(said && !node.replica.own_confirmed());
}

#[test]
fn a_lie_about_the_own_chain_only_delays() {
    let network = network(1);
    let own = network.agencies[0].0;
    let mut node = Side::new(9, Config { own: Some(own), ..config() }, network.ledger.clone());
    let actions = node.handle(0, Event::Connected(peer(1)));
    let Some(Action::Request { id, .. }) = actions.first() else { panic!() };
    let head = Some(Point { seq: Seq::new(1000).unwrap(), id: EntryId::from_bytes([3; 32]) });
    let listed = message::Listed { chain: own, head, quarantined: None };
    let response = Response::Heads {
        finer: Bounded::default(),
        heads: Bounded::new(vec![listed]).unwrap(),
        listed: Bounded::new(vec![message::Prefix::ALL]).unwrap(),
    };
    node.handle(0, Event::Response { peer: peer(1), id: *id, response });
    node.meet(&mut Side::new(2, config(), network.ledger.clone()), 1);
    assert!(!node.replica.own_confirmed(), "a claim is open");
    node.handle(config::OWN_CLAIM_PATIENCE_MS + 1, Event::Tick);
    assert!(node.replica.own_confirmed());
}

#[test]
fn blobs_come_from_all_who_have_them_and_lies_are_banned() {
    let network = network(1);
    let bytes: Vec<u8> = (0..1_000_000u32).map(|n| (n % 251) as u8).collect();
    let mut full = network.ledger.clone();
    let blob = full.put_blob(&bytes).unwrap();
    let mut node = Side::new(9, config(), network.ledger.clone());
    for number in 1..=3 {
        node.handle(0, Event::Connected(peer(number)));
    }
    let mut actions = node.handle(0, Event::WantBlobs(vec![blob]));
    let mut served = std::collections::BTreeMap::new();
    let (mut complete, mut banned) = (false, vec![]);
    while let Some(action) = actions.pop() {
        match action {
            // What was asked before the ban is never answered.
            Action::Request { peer: who, .. } if banned.contains(&who) => {}
            Action::Request { peer: who, id, request: Request::Chunk { blob, index } } => {
                let (mut bytes, proof) = full.chunk(&blob, index).unwrap();
                *served.entry(who).or_insert(0) += 1;
                let response = if who == peer(3) {
                    bytes[0] ^= 1;
                    Response::Chunk { bytes: Bounded::new(bytes).unwrap(), proof: Bounded::new(proof).unwrap() }
                } else if who == peer(2) && index % 2 == 0 {
                    Response::NotFound
                } else {
                    Response::Chunk { bytes: Bounded::new(bytes).unwrap(), proof: Bounded::new(proof).unwrap() }
                };
                actions.extend(node.handle(0, Event::Response { peer: who, id, response }));
            }
            Action::BlobComplete(id) => complete |= id == blob.id,
            Action::Ban { peer, .. } => banned.push(peer),
            _ => {}
        }
        node.replica.check_bounds().unwrap();
    }
    assert!(complete && node.ledger.has_blob(&blob) && node.replica.blobs_wanted().is_empty());
    assert_eq!(banned, [peer(3)]);
    assert!(served.len() >= 2 && served[&peer(3)] == 1, "{served:?}");
}

#[test]
fn too_many_requests_are_answered_busy() {
    let network = network(1);
    let mut node = Side::new(9, config(), network.ledger.clone());
    node.handle(0, Event::Connected(peer(1)));
    let mut ask = |now| {
        let request = Request::Proof(network.agencies[0].0);
        let actions = node.handle(now, Event::Request { peer: peer(1), reply: ReplyId(1), request });
        actions.into_iter().any(|a| matches!(a, Action::Respond { response: Response::Busy, .. }))
    };
    let burst = Config::default().serve_burst;
    assert!((0..burst).all(|_| !ask(0)), "refused within its burst");
    assert!(ask(0), "served past its burst");
    assert!(!ask(1000), "refused after a quiet second");
}

#[test]
fn of_a_burst_only_the_last_entry_is_announced() {
    let network = network(1);
    let mut node = Side::new(9, config(), network.ledger.clone());
    let announced = |actions: Vec<Action>| actions.into_iter().filter(|a| matches!(a, Action::Announce(_))).count();
    let mut total = 0;
    let mut last = None;
    for text in 0..50u8 {
        let entry = network.note(&mut node.ledger, 0, &[text]);
        last = Some(entry.clone());
        total += announced(node.handle(u64::from(text), Event::Appended(vec![entry])));
    }
    assert_eq!(total, 1, "the first at once");
    let actions = node.handle(200, Event::Tick);
    let [Action::Announce(Announcement::Entry(signed))] = &actions[..] else { panic!("{actions:?}") };
    assert_eq!(&signed[..], last.unwrap().signed_bytes());
}

#[test]
fn gossip_is_judged() {
    let network = network(2);
    let mut source = network.ledger.clone();
    let entry = network.note(&mut source, 0, b"new");
    let mut signed = [0; entry::SIGNED_LEN];
    signed.copy_from_slice(entry.signed_bytes());
    let mut node = Side::new(9, config(), network.ledger.clone());
    node.handle(0, Event::Connected(peer(1)));
    let mut hear = |signed| {
        let announcement = Announcement::Entry(signed);
        let actions = node.handle(0, Event::Announced { peer: peer(1), id: AnnouncementId(1), announcement });
        let verdict =
            actions.iter().find_map(|a| if let Action::Validated { verdict, .. } = a { Some(*verdict) } else { None });
        let asked = actions.iter().any(|a| matches!(a, Action::Request { request: Request::Range { .. }, .. }));
        let banned = actions.iter().any(|a| matches!(a, Action::Ban { .. }));
        (verdict.unwrap(), asked, banned)
    };
    assert_eq!(hear(signed), (Verdict::Accept, true, false));
    let mut forged = signed;
    forged[200] ^= 1;
    let judged: Vec<_> = (0..4).map(|_| hear(forged)).collect();
    assert!(judged.iter().all(|(verdict, ..)| *verdict == Verdict::Reject));
    assert!(judged[3].2 && !judged[2].2, "banned at the fourth: {judged:?}");
}

/// Answers whatever is asked for with nothing, until nothing is asked; whether somebody was banned.
fn serve_nothing(node: &mut Side, now: u64, mut actions: Vec<Action>) -> (usize, bool) {
    let (mut asked, mut banned) = (0, false);
    while let Some(action) = actions.pop() {
        match action {
            Action::Request { peer, id, request: Request::Range { .. } } => {
                asked += 1;
                let response = Response::Range(Bounded::default());
                actions.extend(node.handle(now, Event::Response { peer, id, response }));
            }
            Action::Ban { .. } => banned = true,
            _ => {}
        }
    }
    (asked, banned)
}

#[test]
fn who_forwards_a_hint_without_holding_its_entry_yet_is_asked_again_and_not_blamed() {
    let network = network(1);
    let mut source = network.ledger.clone();
    let mut node = Side::new(9, config(), network.ledger.clone());
    node.handle(0, Event::Connected(peer(1)));
    for nth in 0..2 * u64::from(config::STRIKES) {
        let entry = network.note(&mut source, 0, b"new");
        let mut signed = [0; entry::SIGNED_LEN];
        signed.copy_from_slice(entry.signed_bytes());
        let announcement = Announcement::Entry(signed);
        let event = Event::Announced { peer: peer(1), id: AnnouncementId(nth), announcement };
        let actions = node.handle(nth, event);
        assert_eq!(serve_nothing(&mut node, nth, actions), (1, false), "hint {nth}");
    }
    let actions = node.handle(1000, Event::Tick);
    assert_eq!(serve_nothing(&mut node, 1000, actions), (1, false), "it is asked again");
}
