//! Nodes that mean ill: a bare swarm that says what it likes on the carrier's protocols.

use std::io;

use congvan_core::Wire;
use congvan_net::NetEvent;
use congvan_sync::{Request, RequestId, Response};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::request_response::{self as rr, Codec, ProtocolSupport};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, gossipsub, identify, identity, noise, ping, tcp, yamux,
};

use crate::node::*;

/// Bytes as they are, in both directions.
#[derive(Clone, Default)]
struct Raw;

impl Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        // Whatever comes first is a request, to be answered.
        let mut bytes = vec![0; 4];
        io.read_exact(&mut bytes).await?;
        Ok(bytes)
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        io.write_all(&bytes).await?;
        io.flush().await
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        io.write_all(&bytes).await?;
        io.flush().await
    }
}

#[derive(NetworkBehaviour)]
struct Rogue {
    sync: rr::Behaviour<Raw>,
    gossip: gossipsub::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

fn rogue(seed: u8, version: String) -> Swarm<Rogue> {
    let keys = identity::Keypair::ed25519_from_bytes(*key(seed).seed()).unwrap();
    let short = &network().to_string()[..16];
    let sync = StreamProtocol::try_from_owned(format!("/congvan/1/{short}/sync")).unwrap();
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(gossipsub::ValidationMode::Anonymous)
        .message_id_fn(|message| gossipsub::MessageId::from(message.data.clone()))
        .build();
    let mut gossip = gossipsub::Behaviour::new(gossipsub::MessageAuthenticity::Anonymous, config.unwrap()).unwrap();
    gossip.subscribe(&topic()).unwrap();
    let behaviour = Rogue {
        sync: rr::Behaviour::with_codec(Raw, [(sync, ProtocolSupport::Full)], rr::Config::default()),
        gossip,
        identify: identify::Behaviour::new(identify::Config::new(version, keys.public())),
        ping: ping::Behaviour::default(),
    };
    SwarmBuilder::with_existing_identity(keys)
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| behaviour)
        .unwrap()
        .build()
}

fn topic() -> gossipsub::IdentTopic {
    gossipsub::IdentTopic::new(format!("congvan/1/{}", &network().to_string()[..16]))
}

fn version() -> String {
    format!("/congvan/1/{}", network())
}

fn peer_id(address: &Multiaddr) -> PeerId {
    match address.iter().last() {
        Some(libp2p::multiaddr::Protocol::P2p(id)) => id,
        other => panic!("{other:?}"),
    }
}

async fn until<T>(
    swarm: &mut Swarm<Rogue>,
    what: &str,
    mut pick: impl FnMut(SwarmEvent<RogueEvent>) -> Option<T>,
) -> T {
    bounded(what, async {
        loop {
            if let Some(picked) = pick(swarm.select_next_some().await) {
                return picked;
            }
        }
    })
    .await
}

/// Sends these bytes as a request; what came back, or `None` if it failed.
async fn ask(swarm: &mut Swarm<Rogue>, peer: &PeerId, bytes: Vec<u8>) -> Option<Vec<u8>> {
    let sent = swarm.behaviour_mut().sync.send_request(peer, bytes);
    until(swarm, "an outcome", |event| match event {
        SwarmEvent::Behaviour(RogueEvent::Sync(rr::Event::Message {
            message: rr::Message::Response { request_id, response },
            ..
        })) if request_id == sent => Some(Some(response)),
        SwarmEvent::Behaviour(RogueEvent::Sync(rr::Event::OutboundFailure { request_id, .. }))
            if request_id == sent =>
        {
            Some(None)
        }
        _ => None,
    })
    .await
    .filter(|bytes| !bytes.is_empty())
}

fn framed(len: usize, body: &[u8]) -> Vec<u8> {
    [(len as u32).to_le_bytes().as_slice(), body].concat()
}

/// A node and an admitted rogue, connected.
async fn with_rogue() -> (Node, Swarm<Rogue>, PeerId) {
    let mut a = Node::start(config(1)).await;
    a.admit(&[9, 2]).await;
    let mut rogue = rogue(9, version());
    rogue.dial(a.address.clone()).unwrap();
    until(&mut rogue, "identified", |event| {
        matches!(event, SwarmEvent::Behaviour(RogueEvent::Identify(identify::Event::Received { .. }))).then_some(())
    })
    .await;
    let id = peer_id(&a.address);
    // Polls both, for a's own identification of the rogue needs its answer.
    tokio::select! {
        () = a.connected(peer(9)) => {}
        () = async { loop { rogue.select_next_some().await; } } => {}
    }
    (a, rogue, id)
}

#[tokio::test]
async fn a_stranger_gets_its_handshake_and_nothing_else() {
    let (mut a, mut b) = pair().await;
    let mut stranger = rogue(9, version());
    let id = peer_id(&a.address);
    for _ in 0..5 {
        stranger.dial(a.address.clone()).unwrap();
        let asked = stranger.behaviour_mut().sync.send_request(&id, framed(36, &request(1).to_bytes()));
        until(&mut stranger, "the request fails", |event| match event {
            SwarmEvent::Behaviour(RogueEvent::Identify(identify::Event::Received { .. })) => {
                panic!("it was told who a is")
            }
            SwarmEvent::Behaviour(RogueEvent::Sync(rr::Event::Message { .. })) => panic!("it was answered"),
            SwarmEvent::Behaviour(RogueEvent::Sync(rr::Event::OutboundFailure { request_id, .. })) => {
                (request_id == asked).then_some(())
            }
            _ => None,
        })
        .await;
    }
    exchange(&mut b, &mut a, 1).await;
    assert!(a.passed.is_empty(), "{:?}", a.passed);
}

#[tokio::test]
async fn too_long_and_malformed_requests_fail_and_then_get_their_sender_banned() {
    let (mut a, mut rogue, id) = with_rogue().await;
    // A sound one first, to know that what follows fails for its content.
    let sound = request(1).to_bytes();
    rogue.behaviour_mut().sync.send_request(&id, framed(sound.len(), &sound));
    let (_, reply, asked) = tokio::select! {
        asked = a.requested() => asked,
        () = async { loop { rogue.select_next_some().await; } } => unreachable!(),
    };
    assert_eq!(asked, request(1));
    a.net.respond(reply, Response::NotFound).await.unwrap();
    let answer = until(&mut rogue, "the answer", |event| match event {
        SwarmEvent::Behaviour(RogueEvent::Sync(rr::Event::Message {
            message: rr::Message::Response { response, .. },
            ..
        })) => Some(response),
        _ => None,
    })
    .await;
    assert_eq!(answer, framed(4, &Response::NotFound.to_bytes()));

    assert_eq!(ask(&mut rogue, &id, framed(Request::MAX + 1, &[0; 64])).await, None);
    assert_eq!(ask(&mut rogue, &id, framed(4, &[255; 4])).await, None);
    let trailing = [sound.as_slice(), &[0]].concat();
    assert_eq!(ask(&mut rogue, &id, framed(trailing.len(), &trailing)).await, None);
    // Three times is no accident.
    a.disconnected(peer(9)).await;
    assert!(!a.passed.iter().any(|e| matches!(e, NetEvent::Request { .. })), "{:?}", a.passed);
    // And it stays out, while others get in.
    rogue.dial(a.address.clone()).unwrap();
    let mut b = Node::start(config(2).bootstrap(a.address.clone())).await;
    tokio::select! {
        () = async { b.connected(a.peer()).await; exchange(&mut b, &mut a, 5).await } => {}
        () = async { loop { rogue.select_next_some().await; } } => {}
    }
    assert_eq!(a.net.peers().await.iter().map(|p| p.peer).collect::<Vec<_>>(), [peer(2)]);
}

#[tokio::test]
async fn a_cut_request_is_nobodys_fault() {
    let (a, mut rogue, id) = with_rogue().await;
    for _ in 0..10 {
        assert_eq!(ask(&mut rogue, &id, framed(36, &[2, 0, 0, 0])).await, None);
    }
    assert_eq!(a.net.stats().await.connected, 1);
}

#[tokio::test]
async fn malformed_and_too_long_responses_are_failures_and_get_their_sender_banned() {
    let (mut a, mut rogue, _) = with_rogue().await;
    let trailing = framed(5, &[Response::NotFound.to_bytes().as_slice(), &[0]].concat());
    let answers = [framed(Response::MAX + 1, &[0; 64]), framed(4, &[255; 4]), trailing];
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(a.net.stats().await.connected, 1);
        a.net.ask(peer(9), RequestId(n as u64), request(1)).await.unwrap();
        let outcome = tokio::select! {
            outcome = a.outcome(n as u64) => outcome,
            () = async {
                loop {
                    if let SwarmEvent::Behaviour(RogueEvent::Sync(rr::Event::Message {
                        message: rr::Message::Request { channel, .. }, ..
                    })) = rogue.select_next_some().await {
                        rogue.behaviour_mut().sync.send_response(channel, answer.clone()).unwrap();
                    }
                }
            } => unreachable!(),
        };
        assert_eq!(outcome, None);
    }
    // Three times is no accident.
    a.disconnected(peer(9)).await;
}

#[tokio::test]
async fn malformed_gossip_is_not_surfaced_and_gets_its_sender_banned() {
    let (mut a, mut rogue, _) = with_rogue().await;
    let mut n: u64 = 0;
    tokio::select! {
        () = a.disconnected(peer(9)) => {}
        () = async {
            loop {
                // Until a's subscription has arrived there is nobody to say it to.
                n += 1;
                let _ = rogue.behaviour_mut().gossip.publish(topic(), n.to_le_bytes());
                let _ = tokio::time::timeout(std::time::Duration::from_millis(50), rogue.select_next_some()).await;
            }
        } => {}
    }
    assert!(n >= 3, "two are not enough: {n}");
    assert!(a.passed.iter().all(|e| !matches!(e, NetEvent::Announced { .. })), "{:?}", a.passed);
}

#[tokio::test]
async fn a_peer_of_another_network_is_disconnected_and_never_surfaces() {
    let mut a = Node::start(config(1)).await;
    a.admit(&[9, 2]).await;
    let mut foreign = rogue(9, format!("/congvan/1/{}", "cd".repeat(32)));
    foreign.dial(a.address.clone()).unwrap();
    until(&mut foreign, "it is disconnected", |event| {
        matches!(event, SwarmEvent::ConnectionClosed { .. }).then_some(())
    })
    .await;
    let mut b = Node::start(config(2).bootstrap(a.address.clone())).await;
    b.connected(a.peer()).await;
    a.connected(b.peer()).await;
    assert!(a.passed.is_empty(), "{:?}", a.passed);
}

#[tokio::test]
async fn nodes_of_two_networks_do_not_connect() {
    let mut a = Node::start(config(1)).await;
    a.admit(&[2, 3]).await;
    let mut foreign = config(3).bootstrap(a.address.clone());
    foreign.network = congvan_core::NetworkId::from_bytes([0xcd; 32]);
    let mut foreign = Node::start(foreign).await;
    let mut b = Node::start(config(2).bootstrap(a.address.clone())).await;
    b.connected(a.peer()).await;
    a.connected(b.peer()).await;
    foreign.net.ask(a.peer(), RequestId(1), request(1)).await.unwrap();
    assert_eq!(foreign.outcome(1).await, None);
    assert!(a.passed.is_empty() && foreign.passed.is_empty(), "{:?} {:?}", a.passed, foreign.passed);
}
