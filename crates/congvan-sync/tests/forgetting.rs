//! What is erased is dropped by every replica, however it comes to know it; what is withheld is had from others.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Network, Side, network};
use congvan_core::blob::BlobRef;
use congvan_core::erasure::Reason;
use congvan_core::*;
use congvan_sync::config::PAYLOAD_RETRY_MS;
use congvan_sync::*;
use proptest::prelude::*;

fn erasure(points: &[Point]) -> Erasure {
    let entries = Sorted::from_unsorted(points.to_vec()).unwrap();
    Erasure { entries, reason: Reason::Order, basis: Text::new("1/QĐ").unwrap() }
}

fn erase(network: &Network, ledger: &mut MemoryLedger, agency: usize, points: &[Point]) -> VerifiedEntry {
    let (chain, keys) = &network.agencies[agency];
    let draft = Draft { kind: Kind::ERASE, time: Time::from_millis(3), payload: erasure(points).to_bytes() };
    ledger.append(*chain, draft, keys).unwrap()
}

fn numbers(seqs: &[Seq]) -> Vec<u64> {
    seqs.iter().map(|seq| seq.get()).collect()
}

fn again(entry: &VerifiedEntry) -> UnverifiedEntry {
    UnverifiedEntry::parse(entry.bytes()).unwrap()
}

fn bare(entry: &VerifiedEntry) -> UnverifiedEntry {
    UnverifiedEntry::parse(entry.signed_bytes()).unwrap()
}

#[test]
fn a_new_replica_gets_the_chain_without_what_was_erased() {
    let network = network(1);
    let chain = network.agencies[0].0;
    let mut full = network.ledger.clone();
    let written: Vec<_> = (0..4).map(|n| network.note(&mut full, 0, &[n; 9])).collect();
    erase(&network, &mut full, 0, &[written[1].point()]);
    assert_eq!(numbers(&full.bare(chain)), [2]);
    let mut teacher = Side::new(1, Config::default(), full);
    let mut learner = Side::new(2, Config::default(), network.ledger.clone());
    learner.meet(&mut teacher, 0);
    assert_eq!(learner.ledger.heads(), teacher.ledger.heads());
    assert_eq!(numbers(&learner.ledger.bare(chain)), [2]);
    // It knows why, so it does not ask for it.
    assert_eq!(learner.ledger.missing_payloads(None, 9), []);
    learner.ledger.verify_all().unwrap();
    let traffic = learner.learn(&mut teacher, 2 * PAYLOAD_RETRY_MS, Event::Tick);
    assert!(!traffic.requests.iter().any(|request| matches!(request, Request::Range { .. })), "{traffic:?}");
}

#[test]
fn what_one_peer_withholds_another_gives() {
    let network = network(1);
    let chain = network.agencies[0].0;
    let mut full = network.ledger.clone();
    let written: Vec<_> = (0..40).map(|n| network.note(&mut full, 0, &[n; 9])).collect();
    let mut withheld = network.ledger.clone();
    withheld.ingest(chain, written.iter().map(bare).collect()).unwrap();
    let mut liar = Side::new(1, Config::default(), withheld);
    let mut honest = Side::new(3, Config::default(), full);
    let mut learner = Side::new(2, Config::default(), network.ledger.clone());
    learner.meet(&mut liar, 0);
    assert_eq!(learner.ledger.head(chain), honest.ledger.head(chain));
    assert_eq!(learner.ledger.missing_payloads(None, 99).len(), 40);
    learner.meet(&mut honest, 1);
    let mut stored = 0;
    for round in 1..20 {
        let now = round * PAYLOAD_RETRY_MS;
        // Each answers what it is asked; requests go to one of the two.
        let mut actions: std::collections::VecDeque<_> = learner.handle(now, Event::Tick).into();
        while let Some(action) = actions.pop_front() {
            let Action::Request { peer, id, request } = action else {
                stored += u32::from(matches!(action, Action::Stored { .. }));
                continue;
            };
            let side = if peer == liar.key { &mut liar } else { &mut honest };
            let event = Event::Request { peer: learner.key, reply: ReplyId(0), request };
            for answer in side.handle(now, event) {
                let Action::Respond { response, .. } = answer else { continue };
                actions.extend(learner.handle(now, Event::Response { peer, id, response }));
            }
        }
    }
    assert_eq!(learner.ledger.missing_payloads(None, 99), []);
    assert_eq!(learner.ledger.bare(chain), []);
    assert_eq!(stored, 40);
    learner.replica.check_bounds().unwrap();
}

#[test]
fn a_blob_that_is_erased_while_it_is_fetched_is_wanted_no_more() {
    let network = network(1);
    let (chain, keys) = &network.agencies[0];
    let mut full = network.ledger.clone();
    let blob = BlobRef { id: BlobId::from_bytes([5; 32]), len: 9 };
    let cover = Cover { blobs: Bounded::new(vec![blob]).unwrap(), ..Cover::default() };
    let payload = DocumentPayload::public(cover, Envelope::default(), &mut rng::from_seed(0)).unwrap().to_bytes();
    let draft = Draft { kind: Kind::DOCUMENT, time: Time::from_millis(2), payload };
    let document = full.append(*chain, draft, keys).unwrap();
    let mut learner = Side::new(2, Config::default(), full.clone());
    let mut teacher = Side::new(1, Config::default(), full);
    learner.meet(&mut teacher, 0);
    learner.learn(&mut teacher, 1, Event::WantBlobs(vec![blob]));
    assert_eq!(learner.replica.blobs_wanted(), [blob]);
    let erasure = erase(&network, &mut teacher.ledger, 0, &[document.point()]);
    teacher.handle(2, Event::Appended(vec![erasure]));
    let mut erased = false;
    for round in 1..4 {
        let traffic = learner.learn(&mut teacher, round * 30_000, Event::Tick);
        erased |= traffic.other.iter().any(|action| matches!(action, Action::BlobErased(id) if *id == blob.id));
    }
    assert!(erased);
    assert_eq!(learner.replica.blobs_wanted(), []);
    assert_eq!(numbers(&learner.ledger.bare(*chain)), [1]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In whatever pieces, whole or bare, before or after the registrars' order: the same payloads are gone at the end.
    #[test]
    fn replicas_drop_the_same_whatever_came_first(
        cuts in prop::collection::vec(1usize..4, 1..12),
        order_at in 0usize..12,
        withheld in any::<u16>(),
        ordered in prop::collection::btree_set(0usize..10, 0..4),
        erased in prop::collection::btree_set(0usize..6, 1..4),
    ) {
        let network = network(1);
        let chain = network.agencies[0].0;
        let mut author = network.ledger.clone();
        let mut written: Vec<_> = (0..6).map(|n| network.note(&mut author, 0, &[n; 9])).collect();
        let points: Vec<_> = erased.iter().map(|n| written[*n].point()).collect();
        written.push(erase(&network, &mut author, 0, &points));
        written.extend((7..10).map(|n| network.note(&mut author, 0, &[n; 9])));
        let mut expected: std::collections::BTreeSet<_> = erased.iter().map(|n| *n as u64 + 1).collect();
        let points: Vec<_> = ordered.iter().map(|n| written[*n].point()).collect();
        expected.extend(ordered.iter().filter(|n| **n != 6).map(|n| *n as u64 + 1));
        let order = RosterAction::Erase { chain, erasure: erasure(&points) };
        let order = (!points.is_empty()).then(|| {
            author.append_roster(order, Time::from_millis(4), &[&network.registrar]).unwrap()
        });

        let mut replica = network.ledger.clone();
        let (mut at, mut steps) = (0, 0);
        let mut cuts = cuts.iter().cycle();
        while at < written.len() || steps <= order_at {
            if let Some(order) = order.as_ref().filter(|_| steps == order_at) {
                replica.ingest(replica.roster().chain(), vec![again(order)]).unwrap();
            }
            let next = (at + cuts.next().unwrap()).min(written.len());
            let piece = (at..next).map(|n| match withheld >> n & 1 {
                1 => bare(&written[n]),
                _ => again(&written[n]),
            });
            replica.ingest(chain, piece.collect()).unwrap();
            at = next;
            steps += 1;
        }
        // What was withheld comes now, and what is erased is offered once more.
        replica.ingest(chain, written.iter().map(again).collect()).unwrap();
        let expected: Vec<_> = expected.into_iter().collect();
        prop_assert_eq!(numbers(&author.bare(chain)), expected.clone());
        prop_assert_eq!(numbers(&replica.bare(chain)), expected);
        prop_assert_eq!(replica.missing_payloads(None, 9), []);
        prop_assert_eq!(replica.heads(), author.heads());
        replica.verify_all().unwrap();
    }
}
