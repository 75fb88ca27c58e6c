#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

const CAP: Duration = Duration::from_secs(60);
const BOOTSTRAP_CAP: Duration = Duration::from_secs(15);

fn peer(n: u64) -> Peer {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    Peer::from_bytes(bytes)
}

fn at(text: &str) -> Multiaddr {
    text.parse().unwrap()
}

fn book() -> Book {
    Book::new(peer(0), CAP, BOOTSTRAP_CAP)
}

fn due(book: &mut Book, now: Instant) -> Vec<Peer> {
    book.due(now, &HashSet::new(), 8, 8, |_| true).into_iter().map(|(peer, _)| peer).collect()
}

/// The waits between `n` dials of a peer that never answers.
fn waits(book: &mut Book, n: usize) -> Vec<Duration> {
    let start = Instant::now();
    let mut now = start;
    let mut last = None;
    let mut waits = Vec::new();
    while waits.len() < n {
        if !due(book, now).is_empty()
            && let Some(last) = last.replace(now)
        {
            waits.push(now - last);
        }
        now += Duration::from_millis(10);
    }
    waits
}

#[test]
fn a_silent_peer_is_dialled_ever_less_often_up_to_the_cap() {
    let mut book = book();
    book.tell(peer(1), vec![at("/ip4/10.0.0.1/tcp/1")], |_| true);
    for (wait, full) in waits(&mut book, 8).into_iter().zip([1, 2, 4, 8, 16, 32, 60, 60]) {
        let full = Duration::from_secs(full);
        assert!(wait <= full + Duration::from_millis(10) && wait >= full.mul_f64(0.75), "{wait:?} of {full:?}");
    }
}

#[test]
fn a_bootstrap_peer_is_dialled_at_least_every_fifteen_seconds() {
    let mut book = book();
    book.configure(peer(1), at("/ip4/10.0.0.1/tcp/1"));
    assert!(waits(&mut book, 12).into_iter().all(|wait| wait <= BOOTSTRAP_CAP + Duration::from_millis(10)));
}

#[test]
fn waits_are_the_same_for_the_same_node_and_differ_between_nodes() {
    let run = |local| {
        let mut book = Book::new(peer(local), CAP, BOOTSTRAP_CAP);
        book.tell(peer(1), vec![at("/ip4/10.0.0.1/tcp/1")], |_| true);
        waits(&mut book, 4)
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn a_lost_peer_is_dialled_at_once_and_an_admitted_one_too() {
    let mut book = book();
    let now = Instant::now();
    book.tell(peer(1), vec![at("/ip4/10.0.0.1/tcp/1")], |_| true);
    waits(&mut book, 6);
    book.lost(&peer(1), now);
    assert_eq!(due(&mut book, now + LOST_SPREAD), [peer(1)]);
    assert!(due(&mut book, now + LOST_SPREAD).is_empty());
    book.wake(&[peer(1)]);
    assert_eq!(due(&mut book, now), [peer(1)]);
}

#[test]
fn connected_and_unadmitted_peers_are_not_dialled_and_a_target_bounds_the_rest() {
    let mut book = book();
    let now = Instant::now();
    book.configure(peer(1), at("/ip4/10.0.0.1/tcp/1"));
    for n in 2..=4 {
        book.tell(peer(n), vec![at("/ip4/10.0.0.2/tcp/1")], |_| true);
    }
    let connected = HashSet::from([peer(2)]);
    assert!(book.due(now, &connected, 8, 8, |_| false).is_empty());
    let only: Vec<_> = book.due(now, &connected, 1, 8, |_| true).into_iter().map(|(peer, _)| peer).collect();
    assert_eq!(only, [peer(1)], "the target is reached: bootstrap peers only");
    let rest: Vec<_> = book.due(now, &connected, 8, 1, |_| true).into_iter().map(|(peer, _)| peer).collect();
    assert_eq!(rest, [peer(3)], "one at a time");
}

#[test]
fn the_book_is_bounded_and_keeps_whom_it_should() {
    let mut book = book();
    book.configure(peer(0), at("/ip4/10.0.0.1/tcp/1"));
    let keep = |p: &Peer| *p != peer(77);
    for n in 1..=MAX_KNOWN as u64 + 5 {
        book.hear(peer(n), vec![at("/ip4/10.0.0.1/tcp/1")], keep);
    }
    assert_eq!(book.len(), MAX_KNOWN);
    assert!(book.entries.contains_key(&peer(0)));
    assert!(!book.entries.contains_key(&peer(77)), "it made room");
    let many: Vec<_> = (1..=20).map(|port| at(&format!("/ip4/10.0.0.1/tcp/{port}"))).collect();
    book.tell(peer(1), many, keep);
    assert_eq!(book.addresses(&peer(1)).len(), MAX_ADDRESSES);
}

#[test]
fn only_first_hand_addresses_are_shared_and_all_get_their_turn() {
    let mut book = book();
    for n in 1..=5 {
        book.tell(peer(n), vec![at(&format!("/ip4/10.0.0.{n}/tcp/1"))], |_| true);
    }
    book.hear(peer(6), vec![at("/ip4/10.0.0.6/tcp/1")], |_| true);
    book.tell(peer(7), vec![at("/ip4/127.0.0.1/tcp/1")], |_| true);
    let mut ask = |limit, loopback| -> Vec<Peer> {
        book.share(&peer(1), limit, loopback, |p| *p != peer(5)).iter().map(|c| c.peer).collect()
    };
    assert_eq!(ask(2, false), [peer(2), peer(3)]);
    assert_eq!(ask(2, false), [peer(4), peer(2)], "neither the asker, nor the unadmitted, nor hearsay, nor loopback");
    assert_eq!(ask(9, true), [peer(3), peer(4), peer(7), peer(2)]);
}

#[test]
fn an_address_to_keep_has_a_reachable_host_and_a_port_and_nothing_else() {
    for good in ["/ip4/10.1.2.3/tcp/7000", "/ip6/2001:db8::1/tcp/1", "/dns4/a.gov.vn/tcp/7000"] {
        assert!(usable(&at(good), false), "{good}");
    }
    for loopback in ["/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/1", "/ip6/::ffff:127.0.0.1/tcp/1", "/dns/LOCALHOST/tcp/1"] {
        assert!(!usable(&at(loopback), false), "{loopback}");
        assert!(usable(&at(loopback), true), "{loopback}");
    }
    for bad in [
        "/ip4/0.0.0.0/tcp/1",
        "/ip6/::/tcp/1",
        "/ip4/10.0.0.1/tcp/0",
        "/ip4/10.0.0.1/udp/1",
        "/ip4/10.0.0.1",
        "/ip4/169.254.1.1/tcp/1",
        "/ip6/fe80::1/tcp/1",
        "/ip4/224.0.0.1/tcp/1",
        "/ip4/10.0.0.1/tcp/1/ws",
        "/tcp/1",
    ] {
        assert!(!usable(&at(bad), true), "{bad}");
    }
    let named = at("/ip4/10.0.0.1/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN");
    assert_eq!(sift(vec![named], false), [at("/ip4/10.0.0.1/tcp/1")]);
}
