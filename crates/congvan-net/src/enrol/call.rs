//! The agency's side: calls a desk.

use std::io;
use std::time::Duration;

use congvan_core::enrol::{EnrolRequest, EnrolResponse};
use congvan_core::{NodeKey, SecretKey};
use futures::StreamExt;
use libp2p::request_response::{self as rr, OutboundFailure, ProtocolSupport};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{DialError, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, TransportError};

use super::{Talk, swarm, talk};
use crate::{NetError, peer};

/// Between two questions: the agency makes its keys and its ledger meanwhile.
const IDLE: Duration = Duration::from_secs(60);

/// Why a desk cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// Nobody listens there, or no way leads there.
    #[error("{address} cannot be reached: {reason}")]
    Unreachable {
        /// Where.
        address: Multiaddr,
        /// What the system said.
        reason: String,
    },
    /// Somebody listens, and closes before it has said who it is: too many attempts, or something else.
    #[error("{address} answers, but not as a Congvan desk or node does: {reason}")]
    Handshake {
        /// Where.
        address: Multiaddr,
        /// What went wrong.
        reason: String,
    },
    /// The desk, or a node, closes on this guest.
    #[error("{address} knows no invitation with this code")]
    NotInvited {
        /// Where.
        address: Multiaddr,
    },
    /// The connection broke.
    #[error("the connection to {address} broke: {reason}")]
    Broken {
        /// Where.
        address: Multiaddr,
        /// What went wrong.
        reason: String,
    },
    /// This side's network.
    #[error(transparent)]
    Net(#[from] NetError),
}

/// A connection to a desk, as an invitation's guest.
pub struct Call {
    swarm: Swarm<Talk>,
    address: Multiaddr,
    desk: PeerId,
    key: NodeKey,
    answered: bool,
}

impl Call {
    /// Connects. Where the address ends in `/p2p/<peer>`, the desk must be that peer.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn connect(address: Multiaddr, guest: &SecretKey) -> Result<Self, CallError> {
        let mut swarm = swarm(guest, talk(ProtocolSupport::Outbound), IDLE)?;
        let unreachable = |reason: &dyn std::fmt::Display| CallError::Unreachable {
            address: address.clone(),
            reason: reason.to_string(),
        };
        swarm
            .dial(DialOpts::unknown_peer_id().address(address.clone()).allocate_new_port().build())
            .map_err(|error| unreachable(&error))?;
        loop {
            match swarm.select_next_some().await {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                    let Some(key) = peer::from_libp2p(&peer_id) else {
                        return Err(CallError::Handshake { address, reason: "not an Ed25519 key".to_owned() });
                    };
                    return Ok(Self { swarm, address, desk: peer_id, key, answered: false });
                }
                SwarmEvent::OutgoingConnectionError { error, .. } => return Err(failed(address, &error)),
                _ => {}
            }
        }
    }

    /// The network key that the desk proved.
    pub fn desk(&self) -> NodeKey {
        self.key
    }

    /// Asks.
    ///
    /// # Errors
    /// [`CallError::NotInvited`] where the desk closes at once; [`CallError::Broken`].
    pub async fn ask(&mut self, request: EnrolRequest) -> Result<EnrolResponse, CallError> {
        let asked = self.swarm.behaviour_mut().send_request(&self.desk, Ok(request));
        loop {
            let SwarmEvent::Behaviour(event) = self.swarm.select_next_some().await else { continue };
            match event {
                rr::Event::Message { message: rr::Message::Response { request_id, response }, .. }
                    if request_id == asked =>
                {
                    self.answered = true;
                    return Ok(response);
                }
                rr::Event::OutboundFailure { request_id, error, .. } if request_id == asked => {
                    return Err(self.lost(&error));
                }
                _ => {}
            }
        }
    }

    fn lost(&self, error: &OutboundFailure) -> CallError {
        let address = self.address.clone();
        match error {
            OutboundFailure::Timeout => CallError::Broken { address, reason: "no answer in time".to_owned() },
            OutboundFailure::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                CallError::Broken { address, reason: error.to_string() }
            }
            _ if !self.answered => CallError::NotInvited { address },
            error => CallError::Broken { address, reason: error.to_string() },
        }
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("address", &self.address).field("desk", &self.key).finish_non_exhaustive()
    }
}

/// A connection that was never made: whether anybody is there at all.
fn failed(address: Multiaddr, error: &DialError) -> CallError {
    let reasons = match error {
        DialError::Transport(reasons) => reasons,
        DialError::WrongPeerId { obtained, .. } => {
            return CallError::Handshake { address, reason: format!("it is {obtained}") };
        }
        error => return CallError::Unreachable { address, reason: error.to_string() },
    };
    let mut told = Vec::new();
    let mut reached = false;
    for (_, reason) in reasons {
        match reason {
            TransportError::Other(error) => {
                let innermost = innermost(error);
                reached |= !is_of_the_way(&innermost);
                told.push(innermost);
            }
            TransportError::MultiaddrNotSupported(_) => told.push("not an address of TCP".to_owned()),
        }
    }
    told.dedup();
    let reason = told.join("; ");
    match reached {
        true => CallError::Handshake { address, reason },
        false => CallError::Unreachable { address, reason },
    }
}

/// Whether a reason is that nobody was reached at all. libp2p hides the kinds of errors in its own, so their
/// words have to do; where they are unknown, the other message says as much.
fn is_of_the_way(reason: &str) -> bool {
    let reason = reason.to_lowercase();
    let words = ["refused", "unreachable", "no route", "timed out", "timeout", "resol", "lookup", "dns", "no record"];
    words.iter().any(|word| reason.contains(word))
}

/// What the system said, out of libp2p's wrappings.
fn innermost(error: &io::Error) -> String {
    let mut text = error.to_string();
    let mut next: Option<&(dyn std::error::Error + 'static)> =
        error.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static));
    while let Some(inner) = next {
        text = inner.to_string();
        next = match inner.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => inner.source(),
        };
    }
    text
}
