//! Carries an enrolment ([`congvan_core::enrol`]) between a registrar's desk and an agency that was invited.
//!
//! Both ends are small swarms of their own, apart from the node's: there the roster admits, here only
//! invitations do. A desk's [`Door`] lets in whoever proves the guest key of an invitation in the noise
//! handshake, and closes on everybody else; an address gets [`HANDSHAKES_PER_MINUTE`] attempts a minute.

mod call;
mod door;

use std::time::Duration;

use congvan_core::SecretKey;
use congvan_core::enrol::{EnrolRequest, EnrolResponse};
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{StreamProtocol, Swarm};

pub use call::{Call, CallError};
pub use door::{Door, HANDSHAKES_PER_MINUTE, Knock, MAX_ADDRESSES, MAX_QUESTIONS};

use crate::NetError;
use crate::frames::Frames;
use crate::transport::{self, Use};

/// The protocol's name. A change of any byte on it is another version.
pub const PROTOCOL: &str = "/congvan/enrol/1";

/// A question without an answer by then has failed. The desk may have to wait for its ledger.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Streams of one connection.
const MAX_STREAMS: usize = 4;

type Talk = request_response::Behaviour<Frames<EnrolRequest, EnrolResponse>>;

fn talk(support: ProtocolSupport) -> Talk {
    request_response::Behaviour::with_codec(
        Frames::default(),
        [(StreamProtocol::new(PROTOCOL), support)],
        request_response::Config::default()
            .with_request_timeout(ANSWER_TIMEOUT)
            .with_max_concurrent_streams(MAX_STREAMS),
    )
}

/// A swarm that listens nowhere yet.
fn swarm<B: NetworkBehaviour>(key: &SecretKey, behaviour: B, idle: Duration) -> Result<Swarm<B>, NetError> {
    transport::swarm(transport::identity(key)?, behaviour, Use { streams: MAX_STREAMS, idle })
}
