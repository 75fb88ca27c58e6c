//! A node under test. Every wait is on a condition and bounded.

use std::time::Duration;

use congvan_core::entry::SIGNED_LEN;
use congvan_core::{ChainId, NetworkId, SecretKey};
use congvan_net::{Multiaddr, Net, NetConfig, NetEvent, Stats, start, with_peer};
use congvan_sync::{Announcement, Peer, ReplyId, Request, RequestId, Response};
use tokio::sync::mpsc;

/// No condition takes longer on a loaded machine.
pub(crate) const BOUND: Duration = Duration::from_secs(60);

pub(crate) fn network() -> NetworkId {
    NetworkId::from_bytes([0xab; 32])
}

pub(crate) fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

pub(crate) fn peer(seed: u8) -> Peer {
    Peer::from_bytes(*key(seed).public().id().as_bytes())
}

pub(crate) fn request(n: u8) -> Request {
    Request::Proof(ChainId::from_bytes([n; 32]))
}

pub(crate) fn announcement(n: u8) -> Announcement {
    Announcement::Entry([n; SIGNED_LEN])
}

/// Settings of a node on a free loopback port.
pub(crate) fn config(seed: u8) -> NetConfig {
    NetConfig::new(key(seed), network()).listen("/ip4/127.0.0.1/tcp/0".parse().unwrap())
}

pub(crate) async fn bounded<T>(what: &str, condition: impl Future<Output = T>) -> T {
    match tokio::time::timeout(BOUND, condition).await {
        Ok(value) => value,
        Err(_) => panic!("not within {BOUND:?}: {what}"),
    }
}

pub(crate) struct Node {
    pub(crate) net: Net,
    pub(crate) events: mpsc::Receiver<NetEvent>,
    /// Where it listens, with its name.
    pub(crate) address: Multiaddr,
    /// Events passed over by waits.
    pub(crate) passed: Vec<NetEvent>,
}

impl Node {
    /// Starts a node, and waits until it listens.
    pub(crate) async fn start(config: NetConfig) -> Self {
        let (net, mut events) = start(config).unwrap();
        let address = match bounded("listening", events.recv()).await {
            Some(NetEvent::Listening(address)) => with_peer(address, &net.local_peer()),
            other => panic!("{other:?} before listening"),
        };
        Self { net, events, address, passed: Vec::new() }
    }

    pub(crate) fn peer(&self) -> Peer {
        self.net.local_peer()
    }

    pub(crate) async fn admit(&self, seeds: &[u8]) {
        self.net.admit(seeds.iter().map(|seed| peer(*seed)).collect()).await.unwrap();
    }

    /// The next event.
    pub(crate) async fn next(&mut self, what: &str) -> NetEvent {
        bounded(what, self.events.recv()).await.expect("the node runs")
    }

    /// Waits for an event and gives what `pick` makes of it; keeps the others.
    pub(crate) async fn until<T>(&mut self, what: &str, mut pick: impl FnMut(&NetEvent) -> Option<T>) -> T {
        bounded(what, async {
            loop {
                let event = self.events.recv().await.expect("the node runs");
                match pick(&event) {
                    Some(picked) => return picked,
                    None => self.passed.push(event),
                }
            }
        })
        .await
    }

    pub(crate) async fn connected(&mut self, to: Peer) {
        self.until("connected", |e| matches!(e, NetEvent::Connected(p) if *p == to).then_some(())).await;
    }

    pub(crate) async fn disconnected(&mut self, from: Peer) {
        self.until("disconnected", |e| matches!(e, NetEvent::Disconnected(p) if *p == from).then_some(())).await;
    }

    pub(crate) async fn requested(&mut self) -> (Peer, ReplyId, Request) {
        self.until("a request", |e| match e {
            NetEvent::Request { peer, reply, request } => Some((*peer, *reply, request.clone())),
            _ => None,
        })
        .await
    }

    /// The outcome of a request: `None` if it failed.
    pub(crate) async fn outcome(&mut self, of: u64) -> Option<Response> {
        self.until("an outcome", |e| match e {
            NetEvent::Response { id, response, .. } if id.0 == of => Some(Some(response.clone())),
            NetEvent::RequestFailed { id, .. } if id.0 == of => Some(None),
            _ => None,
        })
        .await
    }

    /// Waits until the carrier's figures are so.
    pub(crate) async fn stats_until(&self, what: &str, holds: impl Fn(&Stats) -> bool) -> Stats {
        bounded(what, async {
            loop {
                let stats = self.net.stats().await;
                if holds(&stats) {
                    return stats;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

/// `a` asks `b`, which answers that it has nothing.
pub(crate) async fn exchange(a: &mut Node, b: &mut Node, id: u64) {
    a.net.ask(b.peer(), RequestId(id), request(id as u8)).await.unwrap();
    let (from, reply, asked) = b.requested().await;
    assert_eq!((from, asked), (a.peer(), request(id as u8)));
    b.net.respond(reply, Response::NotFound).await.unwrap();
    assert_eq!(a.outcome(id).await, Some(Response::NotFound));
}

/// Two connected nodes, the second of which dialled the first.
pub(crate) async fn pair() -> (Node, Node) {
    let mut a = Node::start(config(1)).await;
    a.admit(&[2]).await;
    let mut b = Node::start(config(2).bootstrap(a.address.clone())).await;
    a.connected(b.peer()).await;
    b.connected(a.peer()).await;
    (a, b)
}
