//! Whatever arrives, in whatever order: nothing panics, every bound holds, nothing unverified is stored.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Side, network, peer};
use congvan_core::blob::BlobRef;
use congvan_core::evidence::RawProof;
use congvan_core::*;
use congvan_sync::message::{Compared, Listed, Prefix};
use congvan_sync::*;
use proptest::prelude::*;

/// Pieces from which events are put together: some genuine, some not.
struct Pieces {
    network: common::Network,
    entries: Vec<(ChainId, Vec<u8>)>,
    proof: RawProof,
    blob: BlobRef,
    full: MemoryLedger,
}

fn pieces() -> Pieces {
    let network = network(3);
    let mut full = network.ledger.clone();
    let mut rival = network.ledger.clone();
    for text in 0..6u8 {
        network.note(&mut full, usize::from(text % 3), &[text; 100]);
        network.note(&mut rival, usize::from(text % 3), &[text; 50]);
    }
    let blob = full.put_blob(&[7; 150_000]).unwrap();
    let mut entries = Vec::new();
    for ledger in [&full, &rival] {
        for (chain, _) in ledger.heads() {
            entries.extend(ledger.entries(chain).iter().map(|bytes| (chain, bytes.to_vec())));
        }
    }
    let at = |ledger: &MemoryLedger| {
        let mut signed = [0; entry::SIGNED_LEN];
        signed.copy_from_slice(&ledger.entries(network.agencies[0].0)[0][..entry::SIGNED_LEN]);
        signed
    };
    let (first, second) = (at(&full), at(&rival));
    Pieces { proof: RawProof { first, second }, network, entries, blob, full }
}

fn event(p: &Pieces, kind: u8, a: u8, b: u16, c: u64) -> Event {
    let who = peer(a % 4);
    let (chain, bytes) = &p.entries[usize::from(b) % p.entries.len()];
    let seq = Seq::new(c % 9 + 1).unwrap();
    let mut bytes = bytes.clone();
    if a.is_multiple_of(5) {
        let at = c as usize % bytes.len();
        bytes[at] ^= 1;
    }
    let mut signed = [0; entry::SIGNED_LEN];
    signed.copy_from_slice(&bytes[..entry::SIGNED_LEN]);
    let prefix = Prefix { path: c.to_be_bytes(), nibbles: a % 20 };
    let point = Point { seq, id: EntryId::from_bytes([a; 32]) };
    let listed = Listed {
        chain: *chain,
        head: (!b.is_multiple_of(3)).then_some(point),
        quarantined: (b.is_multiple_of(5)).then_some(seq),
    };
    let response = match b % 7 {
        0 => Response::Busy,
        1 => Response::NotFound,
        2 => Response::Proof((a.is_multiple_of(2)).then(|| p.proof.clone())),
        3 => {
            let (chunk, proof) = p.full.chunk(&p.blob, u32::from(a) % 3).unwrap();
            Response::Chunk { bytes: Bounded::new(chunk).unwrap(), proof: Bounded::new(proof).unwrap() }
        }
        4 => Response::Heads {
            finer: Bounded::new(vec![Compared { prefix, fingerprint: [a; 16] }]).unwrap(),
            heads: Bounded::default(),
            listed: Bounded::default(),
        },
        5 => Response::Heads {
            finer: Bounded::default(),
            heads: Bounded::new(vec![listed]).unwrap(),
            listed: Bounded::new(vec![Prefix::ALL]).unwrap(),
        },
        _ => Response::Range(Bounded::new(vec![Bounded::new(bytes).unwrap()]).unwrap()),
    };
    match kind % 12 {
        0 | 1 => Event::Connected(who),
        2 => Event::Disconnected(who),
        3 => Event::Request {
            peer: who,
            reply: ReplyId(c),
            request: match b % 4 {
                0 => Request::Heads(Bounded::new(vec![Compared { prefix, fingerprint: [0; 16] }]).unwrap()),
                1 => Request::Range { chain: *chain, from: seq, max_bytes: c as u32 },
                2 => Request::Proof(*chain),
                _ => Request::Chunk { blob: BlobRef { len: c, ..p.blob }, index: c as u32 },
            },
        },
        4..=7 => Event::Response { peer: who, id: RequestId(c % 60), response },
        8 => Event::RequestFailed { peer: who, id: RequestId(c % 60) },
        9 => {
            let announcement =
                if b.is_multiple_of(4) { Announcement::Proof(p.proof.clone()) } else { Announcement::Entry(signed) };
            Event::Announced { peer: who, id: AnnouncementId(c), announcement }
        }
        10 => Event::WantBlobs(vec![BlobRef { len: p.blob.len + u64::from(a % 2), ..p.blob }]),
        _ => Event::Tick,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_panics_and_every_bound_holds(
        events in prop::collection::vec((any::<u8>(), any::<u8>(), any::<u16>(), any::<u64>(), 0..5000u64), 1..150),
        knows_roster in any::<bool>(),
    ) {
        let p = pieces();
        let ledger = if knows_roster { p.network.ledger.clone() } else { MemoryLedger::new(p.network.genesis.clone()) };
        let own = Some(p.network.agencies[0].0);
        let mut node = Side::new(9, Config { own, in_flight: 5, in_flight_per_peer: 2, ..Config::default() }, ledger);
        let mut now = 0;
        for (kind, a, b, c, pause) in events {
            now += pause;
            node.handle(now, event(&p, kind, a, b, c));
            prop_assert_eq!(node.replica.check_bounds(), Ok(()));
        }
        prop_assert!(node.ledger.verify_all().is_ok());
    }

    /// Announcements in any order, repeated or not at all: comparing brings the rest.
    #[test]
    fn any_order_of_arrival_leads_to_the_same_ledger(order in prop::collection::vec(0..64usize, 0..40)) {
        let p = pieces();
        let mut teacher = Side::new(1, Config::default(), p.full.clone());
        let mut node = Side::new(2, Config::default(), p.network.ledger.clone());
        node.meet(&mut Side::new(3, Config::default(), p.network.ledger.clone()), 0);
        teacher.handle(0, Event::Connected(node.key));
        let genuine: Vec<_> = p.full.heads().iter().flat_map(|(chain, _)| p.full.entries(*chain)).collect();
        let connecting = order.len() / 2;
        for (nth, at) in order.into_iter().enumerate() {
            if nth == connecting {
                node.learn(&mut teacher, nth as u64, Event::Connected(peer(1)));
            }
            let mut signed = [0; entry::SIGNED_LEN];
            signed.copy_from_slice(&genuine[at % genuine.len()][..entry::SIGNED_LEN]);
            let announcement = Announcement::Entry(signed);
            node.learn(&mut teacher, nth as u64, Event::Announced { peer: peer(1), id: AnnouncementId(0), announcement });
        }
        node.learn(&mut teacher, 100, Event::Connected(peer(1)));
        node.learn(&mut teacher, 60_000, Event::Tick);
        prop_assert_eq!(node.ledger.heads(), teacher.ledger.heads());
    }
}
