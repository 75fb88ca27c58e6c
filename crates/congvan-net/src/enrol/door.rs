//! The registrar's side: a door that opens to guests alone.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use congvan_core::enrol::{EnrolRequest, EnrolResponse};
use congvan_core::{NodeKey, SecretKey};
use futures::StreamExt;
use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{self as rr, ProtocolSupport, ResponseChannel};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, SwarmEvent, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId, Swarm, TransportError, connection_limits};

use super::{Talk, swarm, talk};
use crate::{NetError, peer, probe};

/// Connections that one address (of IPv6: one /64) may begin within a minute.
pub const HANDSHAKES_PER_MINUTE: u32 = 12;
/// Addresses whose attempts are counted; past it the one counted longest makes room.
pub const MAX_ADDRESSES: usize = 4_096;
/// Questions on one connection: a roster of a hundred thousand agencies takes a few hundred.
pub const MAX_QUESTIONS: u32 = 2_048;

/// Handshakes in progress: all that strangers can take up.
const MAX_PENDING: u32 = 32;
/// Guests at once.
const MAX_GUESTS: u32 = 64;
/// Connections of one guest.
const MAX_PER_GUEST: u32 = 2;
/// A guest that asks nothing for so long is disconnected.
const IDLE: Duration = Duration::from_secs(60);
/// How long a counted address is remembered.
const MINUTE: Duration = Duration::from_secs(60);

#[derive(NetworkBehaviour)]
struct Behaviour {
    // Asked first.
    turnstile: Turnstile,
    limits: connection_limits::Behaviour,
    talk: Talk,
}

/// A guest's question, to be answered with [`Door::answer`].
#[derive(Debug)]
pub struct Knock {
    /// Whose: the invitation's name.
    pub guest: NodeKey,
    /// What.
    pub request: EnrolRequest,
    channel: ResponseChannel<EnrolResponse>,
}

/// A door that opens to guests alone. It works while [`Door::next`] is awaited.
pub struct Door {
    swarm: Swarm<Behaviour>,
    key: NodeKey,
    addresses: Vec<Multiaddr>,
    questions: HashMap<ConnectionId, u32>,
}

impl Door {
    /// Listens with a network key of its own; nobody is a guest yet.
    ///
    /// # Errors
    /// [`NetError`].
    pub async fn open(listen: &[Multiaddr], key: &SecretKey) -> Result<Self, NetError> {
        let behaviour = Behaviour {
            turnstile: Turnstile::default(),
            limits: connection_limits::Behaviour::new(
                connection_limits::ConnectionLimits::default()
                    .with_max_pending_incoming(Some(MAX_PENDING))
                    .with_max_established_incoming(Some(MAX_GUESTS))
                    .with_max_established_per_peer(Some(MAX_PER_GUEST)),
            ),
            talk: talk(ProtocolSupport::Inbound),
        };
        let mut swarm = swarm(key, behaviour, IDLE)?;
        for address in listen {
            let listened =
                probe(address).map_err(TransportError::Other).and_then(|()| swarm.listen_on(address.clone()));
            if let Err(source) = listened {
                return Err(NetError::Listen { address: address.clone(), source });
            }
        }
        let mut addresses = Vec::new();
        // The first address of each; a listener that fails says so, and ends the wait.
        let mut open: HashSet<_> = HashSet::new();
        while open.len() < listen.len() {
            match swarm.select_next_some().await {
                SwarmEvent::NewListenAddr { listener_id, address } => {
                    open.insert(listener_id);
                    addresses.push(address);
                }
                SwarmEvent::ListenerClosed { addresses, reason: Err(error), .. } => {
                    let address = addresses.into_iter().next().unwrap_or_else(Multiaddr::empty);
                    return Err(NetError::Listen { address, source: TransportError::Other(error) });
                }
                _ => {}
            }
        }
        let key = NodeKey::from_bytes(*key.public().id().as_bytes());
        Ok(Self { swarm, key, addresses, questions: HashMap::new() })
    }

    /// The network key that it proves.
    pub fn key(&self) -> NodeKey {
        self.key
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[Multiaddr] {
        &self.addresses
    }

    /// Who may come in from now on; others are disconnected.
    pub fn invite(&mut self, guests: HashSet<NodeKey>) {
        let before = std::mem::replace(&mut self.swarm.behaviour_mut().turnstile.guests, guests);
        let gone: Vec<_> = before.difference(&self.swarm.behaviour().turnstile.guests).copied().collect();
        for guest in gone {
            // Not connected is as good.
            let _ = self.swarm.disconnect_peer_id(peer::to_libp2p(&guest));
        }
    }

    /// Whether no guest is connected.
    pub fn is_empty(&self) -> bool {
        self.swarm.connected_peers().next().is_none()
    }

    /// The next question.
    pub async fn next(&mut self) -> Knock {
        loop {
            match self.swarm.select_next_some().await {
                SwarmEvent::Behaviour(BehaviourEvent::Talk(rr::Event::Message {
                    peer: from,
                    connection_id,
                    message: rr::Message::Request { request, channel, .. },
                    ..
                })) => {
                    let count = self.questions.entry(connection_id).or_default();
                    *count += 1;
                    let guest = peer::from_libp2p(&from).filter(|_| *count <= MAX_QUESTIONS);
                    match (guest, request) {
                        (Some(guest), Ok(request)) => return Knock { guest, request, channel },
                        // What cannot be read is no accident: noise protects every byte.
                        _ => drop(self.swarm.close_connection(connection_id)),
                    }
                }
                SwarmEvent::ConnectionClosed { connection_id, .. } => drop(self.questions.remove(&connection_id)),
                SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                    tracing::debug!(from = %send_back_addr, %error, "not let in");
                }
                SwarmEvent::ListenerClosed { reason: Err(reason), .. } => {
                    tracing::error!(%reason, "the enrolment door no longer listens");
                }
                _ => {}
            }
        }
    }

    /// Answers a question. A guest that has gone needs no answer.
    pub fn answer(&mut self, channel: Knock, response: EnrolResponse) {
        let _ = self.swarm.behaviour_mut().talk.send_response(channel.channel, response);
    }
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door").field("key", &self.key).field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// Counts attempts by address before the handshake, and lets only guests pass after it.
#[derive(Default)]
struct Turnstile {
    guests: HashSet<NodeKey>,
    attempts: HashMap<IpAddr, (Instant, u32)>,
}

#[derive(Debug, thiserror::Error)]
enum Turned {
    #[error("more than {HANDSHAKES_PER_MINUTE} attempts a minute from one address")]
    TooMany,
    #[error("no invitation has this guest")]
    Stranger,
}

impl Turnstile {
    /// Whether one more attempt from there is within the limit.
    fn allows(&mut self, from: IpAddr, now: Instant) -> bool {
        let from = match from {
            IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
                Some(ip) => IpAddr::V4(ip),
                None => IpAddr::V6((u128::from(ip) >> 64 << 64).into()),
            },
            v4 => v4,
        };
        if self.attempts.len() >= MAX_ADDRESSES && !self.attempts.contains_key(&from) {
            self.attempts.retain(|_, (since, _)| now.saturating_duration_since(*since) < MINUTE);
            let oldest = self.attempts.iter().min_by_key(|(_, (since, _))| *since).map(|(from, _)| *from);
            if let Some(oldest) = oldest.filter(|_| self.attempts.len() >= MAX_ADDRESSES) {
                self.attempts.remove(&oldest);
            }
        }
        let (since, count) = self.attempts.entry(from).or_insert((now, 0));
        if now.saturating_duration_since(*since) >= MINUTE {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        *count <= HANDSHAKES_PER_MINUTE
    }
}

impl NetworkBehaviour for Turnstile {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let from = match remote.iter().next() {
            Some(Protocol::Ip4(ip)) => IpAddr::V4(ip),
            Some(Protocol::Ip6(ip)) => IpAddr::V6(ip),
            _ => return Err(ConnectionDenied::new(Turned::Stranger)),
        };
        match self.allows(from, Instant::now()) {
            true => Ok(()),
            false => Err(ConnectionDenied::new(Turned::TooMany)),
        }
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        match peer::from_libp2p(&peer) {
            Some(guest) if self.guests.contains(&guest) => Ok(dummy::ConnectionHandler),
            _ => Err(ConnectionDenied::new(Turned::Stranger)),
        }
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Err(ConnectionDenied::new(Turned::Stranger))
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    #[test]
    fn an_address_has_a_handful_of_attempts_a_minute() {
        let (now, mut turnstile) = (Instant::now(), Turnstile::default());
        let [a, b] = [1, 2].map(|n| IpAddr::V4(Ipv4Addr::new(192, 0, 2, n)));
        for _ in 0..HANDSHAKES_PER_MINUTE {
            assert!(turnstile.allows(a, now));
        }
        assert!(!turnstile.allows(a, now), "one past the bound");
        assert!(turnstile.allows(b, now), "another address is not concerned");
        assert!(!turnstile.allows(a, now + MINUTE - Duration::from_millis(1)));
        assert!(turnstile.allows(a, now + MINUTE));
    }

    #[test]
    fn an_ipv6_network_counts_as_one_and_a_mapped_address_as_its_own() {
        let (now, mut turnstile) = (Instant::now(), Turnstile::default());
        let host = |n: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, n, n, n, n));
        for n in 0..HANDSHAKES_PER_MINUTE as u16 {
            assert!(turnstile.allows(host(n), now));
        }
        assert!(!turnstile.allows(host(99), now));
        assert!(turnstile.allows(IpAddr::V6(Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped()), now));
        assert!(turnstile.attempts.contains_key(&IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))));
    }

    #[test]
    fn counted_addresses_are_bounded() {
        let (now, mut turnstile) = (Instant::now(), Turnstile::default());
        for n in 0..=MAX_ADDRESSES as u32 {
            assert!(turnstile.allows(IpAddr::V4(n.into()), now + Duration::from_millis(n.into())));
        }
        assert_eq!(turnstile.attempts.len(), MAX_ADDRESSES);
        assert!(!turnstile.attempts.contains_key(&IpAddr::V4(0.into())), "the one counted longest made room");
    }
}
