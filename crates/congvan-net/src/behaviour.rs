//! What the swarm is made of, and its settings.

use std::collections::HashSet;
use std::time::Duration;

use congvan_core::codec::Wire;
use congvan_core::{NetworkId, SecretKey, domain};
use congvan_sync::{Announcement, Peer, Request, Response};
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity, MessageId, ValidationMode};
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{StreamProtocol, Swarm, connection_limits, identify, memory_connection_limits, ping};

use crate::exchange::{PeersRequest, PeersResponse};
use crate::frames::Frames;
use crate::gate::Gate;
use crate::transport::{self, Use};
use crate::{Limits, NetError};

/// A connection that nothing uses lives this long: connections are ours to close, not the swarm's.
const IDLE_TIMEOUT: Duration = Duration::from_secs(24 * 3600);
/// How often a peer is asked whether it is still there.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// A peer that does not answer by then is gone. Generous: on a poor line the answer queues behind a range.
const PING_TIMEOUT: Duration = Duration::from_secs(30);
/// Handshakes in progress, in either direction: all that strangers can take up.
const MAX_PENDING: u32 = 64;
/// Connections of one peer: both may dial at once, and a dead one may linger until a ping notices.
const MAX_PER_PEER: u32 = 4;
/// Streams of one connection.
const MAX_STREAMS: usize = 128;
/// Of them, requests in either direction; the rest is for gossip, pings and identification.
const MAX_REQUESTS: usize = 96;
/// A gossip message: an announcement and its framing.
const MAX_GOSSIP: usize = Announcement::MAX + 256;
/// A gossip packet: several messages, or the 16 KiB of control messages that gossipsub allows.
const MAX_GOSSIP_PACKET: usize = 20 * 1024;
/// Packets that wait for one slow peer; more are dropped, for gossip is a hint.
const MAX_GOSSIP_QUEUE: usize = 256;
/// Message ids named to one peer at once: 32 bytes each, within the control messages' 16 KiB.
const MAX_GOSSIP_IDS: usize = 256;

/// Everything that a connection may be used for. The gate comes first: it is asked first.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) gate: Gate,
    limits: connection_limits::Behaviour,
    memory: memory_connection_limits::Behaviour,
    pub(crate) sync: request_response::Behaviour<Frames<Request, Response>>,
    pub(crate) exchange: request_response::Behaviour<Frames<PeersRequest, PeersResponse>>,
    pub(crate) gossip: gossipsub::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

/// The names that keep networks apart.
pub(crate) struct Names {
    /// What identify tells: `/congvan/1/<network>`.
    pub(crate) version: String,
    /// The one gossip topic.
    pub(crate) topic: IdentTopic,
    sync: StreamProtocol,
    exchange: StreamProtocol,
}

impl Names {
    pub(crate) fn of(network: NetworkId) -> Result<Self, NetError> {
        let short = &network.to_string()[..16];
        let protocol = |what: &str| {
            StreamProtocol::try_from_owned(format!("/congvan/1/{short}/{what}")).map_err(|e| NetError::Setup(e.into()))
        };
        Ok(Self {
            version: format!("/congvan/1/{network}"),
            topic: IdentTopic::new(format!("congvan/1/{short}")),
            sync: protocol("sync")?,
            exchange: protocol("peers")?,
        })
    }
}

/// A swarm that listens nowhere yet.
pub(crate) fn swarm(
    node_key: &SecretKey,
    local: Peer,
    bootstrap: HashSet<Peer>,
    names: &Names,
    limits: &Limits,
) -> Result<Swarm<Behaviour>, NetError> {
    let keys = transport::identity(node_key)?;
    let behaviour = Behaviour {
        gate: Gate::new(local, bootstrap),
        limits: connection_limits::Behaviour::new(
            connection_limits::ConnectionLimits::default()
                .with_max_pending_incoming(Some(MAX_PENDING))
                .with_max_pending_outgoing(Some(MAX_PENDING))
                .with_max_established_per_peer(Some(MAX_PER_PEER))
                .with_max_established(Some(limits.connections)),
        ),
        memory: memory_connection_limits::Behaviour::with_max_bytes(limits.process_memory),
        sync: request_response::Behaviour::with_codec(
            Frames::default(),
            [(names.sync.clone(), ProtocolSupport::Full)],
            request_response::Config::default()
                .with_request_timeout(limits.request_timeout)
                .with_max_concurrent_streams(MAX_REQUESTS),
        ),
        exchange: request_response::Behaviour::with_codec(
            Frames::default(),
            [(names.exchange.clone(), ProtocolSupport::Full)],
            request_response::Config::default()
                .with_request_timeout(limits.request_timeout)
                .with_max_concurrent_streams(4),
        ),
        gossip: gossip(names)?,
        identify: identify::Behaviour::new(
            identify::Config::new(names.version.clone(), keys.public())
                .with_agent_version(concat!("congvan/", env!("CARGO_PKG_VERSION")).to_owned())
                .with_push_listen_addr_updates(true)
                .with_cache_size(0),
        ),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_INTERVAL).with_timeout(PING_TIMEOUT)),
    };
    transport::swarm(keys, behaviour, Use { streams: MAX_STREAMS, idle: IDLE_TIMEOUT })
}

/// Anonymous, for an announcement is signed inside and its author is no business of the carrier's; the id
/// covers every byte, so nobody can occupy another message's; nothing is forwarded before its verdict.
/// Peer scores are off: they would punish nodes that share one ministry's address.
fn gossip(names: &Names) -> Result<gossipsub::Behaviour, NetError> {
    let config = gossipsub::ConfigBuilder::default()
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(|message| MessageId::from(announcement_id(&message.data)))
        .max_transmit_size(MAX_GOSSIP_PACKET)
        .max_transmit_size_for_topic(MAX_GOSSIP, names.topic.hash())
        .max_control_messages_sent(MAX_GOSSIP_IDS)
        .connection_handler_queue_len(MAX_GOSSIP_QUEUE)
        .flood_publish(true)
        .build()
        .map_err(|e| NetError::Setup(e.into()))?;
    let setup = |reason: &'static str| NetError::Setup(reason.into());
    let mut gossip = gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config).map_err(setup)?;
    gossip.subscribe(&names.topic).map_err(|e| NetError::Setup(e.into()))?;
    Ok(gossip)
}

/// [`Announcement::id`] of the announcement whose encoding this is, and an id like any other of garbage.
fn announcement_id(data: &[u8]) -> Vec<u8> {
    domain::hash("congvan v1 announcement id", &[data]).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gossip_id_is_the_announcements() {
        let announcement = Announcement::Entry([5; congvan_core::entry::SIGNED_LEN]);
        assert_eq!(announcement_id(&announcement.to_bytes()), announcement.id());
    }
}
