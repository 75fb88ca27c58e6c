//! What every swarm of ours runs over: TCP, noise under an Ed25519 key, yamux.

use std::time::Duration;

use congvan_core::SecretKey;
use libp2p::identity::Keypair;
use libp2p::swarm::NetworkBehaviour;
use libp2p::{Swarm, SwarmBuilder, noise, tcp, yamux};

use crate::NetError;

/// A handshake that is not done by then is given up.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// What a connection may be used for.
pub(crate) struct Use {
    /// Streams at most.
    pub(crate) streams: usize,
    /// How long it lives without any.
    pub(crate) idle: Duration,
}

/// The key that a swarm proves.
pub(crate) fn identity(key: &SecretKey) -> Result<Keypair, NetError> {
    Keypair::ed25519_from_bytes(*key.seed()).map_err(|e| NetError::Setup(e.into()))
}

/// A swarm that listens nowhere yet.
pub(crate) fn swarm<B: NetworkBehaviour>(key: Keypair, behaviour: B, allowed: Use) -> Result<Swarm<B>, NetError> {
    let multiplexer = || {
        let mut config = yamux::Config::default();
        config.set_max_num_streams(allowed.streams);
        config
    };
    Ok(SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, multiplexer)
        .map_err(|e| NetError::Setup(e.into()))?
        .with_dns()
        .map_err(NetError::Dns)?
        .with_behaviour(|_| behaviour)
        .map_err(|e| NetError::Setup(e.into()))?
        .with_swarm_config(|config| {
            config.with_idle_connection_timeout(allowed.idle).with_max_negotiating_inbound_streams(allowed.streams)
        })
        .with_connection_timeout(HANDSHAKE_TIMEOUT)
        .build())
}
