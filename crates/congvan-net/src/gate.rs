//! Who gets more than a handshake (DESIGN §3.13).

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Instant;

use congvan_sync::Peer;
use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
    dummy,
};
use libp2p::{Multiaddr, PeerId};

use crate::peer;

/// Bans remembered at once; past it the one that ends first makes room.
const MAX_BANS: usize = 4096;

/// Refuses every connection whose peer is not admitted, once its handshake proved who it is. The swarm
/// asks it before all other behaviours, so that none of them spends anything on a stranger.
pub(crate) struct Gate {
    local: Peer,
    bootstrap: HashSet<Peer>,
    admitted: HashSet<Peer>,
    banned: HashMap<Peer, Instant>,
}

/// Why a connection was refused.
#[derive(Debug, thiserror::Error)]
#[error("peer {0} is not admitted, or banned for now")]
struct Refused(PeerId);

impl Gate {
    pub(crate) fn new(local: Peer, bootstrap: HashSet<Peer>) -> Self {
        Self { local, bootstrap, admitted: HashSet::new(), banned: HashMap::new() }
    }

    /// Replaces the set of admitted peers; gives those that are new in it.
    pub(crate) fn admit(&mut self, peers: HashSet<Peer>) -> Vec<Peer> {
        let new = peers.difference(&self.admitted).copied().collect();
        self.admitted = peers;
        new
    }

    /// Refuses a peer until then.
    pub(crate) fn ban(&mut self, peer: Peer, until: Instant) {
        if self.banned.len() >= MAX_BANS
            && let Some(first) = self.banned.iter().min_by_key(|(_, until)| **until).map(|(peer, _)| *peer)
        {
            self.banned.remove(&first);
        }
        self.banned.insert(peer, until);
    }

    /// Forgets bans that ended.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.banned.retain(|_, until| *until > now);
    }

    /// Whether a peer may connect.
    pub(crate) fn permits(&self, peer: &Peer, now: Instant) -> bool {
        *peer != self.local
            && (self.bootstrap.contains(peer) || self.admitted.contains(peer))
            && self.banned.get(peer).is_none_or(|until| *until <= now)
    }

    fn enforce(&self, id: PeerId) -> Result<(), ConnectionDenied> {
        match peer::from_libp2p(&id) {
            Some(peer) if self.permits(&peer, Instant::now()) => Ok(()),
            _ => Err(ConnectionDenied::new(Refused(id))),
        }
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.enforce(peer).map(|()| dummy::ConnectionHandler)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        peer.map_or(Ok(()), |peer| self.enforce(peer)).map(|()| Vec::new())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.enforce(peer).map(|()| dummy::ConnectionHandler)
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
    use std::time::Duration;

    use super::*;

    fn key(n: u8) -> Peer {
        Peer::from_bytes([n; 32])
    }

    #[test]
    fn the_roster_and_the_bootstrap_peers_pass_and_nobody_else() {
        let now = Instant::now();
        let mut gate = Gate::new(key(0), HashSet::from([key(1)]));
        assert!(gate.permits(&key(1), now));
        assert!(!gate.permits(&key(2), now));
        assert_eq!(gate.admit(HashSet::from([key(0), key(2)])).len(), 2);
        assert!(gate.permits(&key(1), now) && gate.permits(&key(2), now));
        assert!(!gate.permits(&key(0), now), "a node does not connect to itself");
        assert_eq!(gate.admit(HashSet::from([key(2), key(3)])), [key(3)]);
        gate.admit(HashSet::new());
        assert!(!gate.permits(&key(2), now));
    }

    #[test]
    fn a_ban_ends_and_bans_are_bounded() {
        let now = Instant::now();
        let hour = Duration::from_secs(3600);
        let mut gate = Gate::new(key(0), HashSet::from([key(1)]));
        gate.ban(key(1), now + hour);
        assert!(!gate.permits(&key(1), now));
        assert!(gate.permits(&key(1), now + hour));
        for n in 0..MAX_BANS as u64 {
            let mut bytes = [9; 32];
            bytes[..8].copy_from_slice(&n.to_le_bytes());
            gate.ban(Peer::from_bytes(bytes), now + hour * 2);
        }
        assert_eq!(gate.banned.len(), MAX_BANS);
        gate.expire(now + hour * 2);
        assert!(gate.banned.is_empty());
    }
}
