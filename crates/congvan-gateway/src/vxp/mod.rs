//! The interface of today's national axis (VXP), as its Java SDK speaks it: software that uses that SDK
//! talks to a node with no change but its endpoint and its secret. `docs/vxp.md` is the page for vendors.
//!
//! A call goes this way:
//!
//! ```text
//! headers ─▶ sign (what is claimed, and whose secret proves it) ─▶ session (how old it may be)
//!         ─▶ the operation: agencies, send, list, fetch ─▶ answer (always HTTP 200)
//! ```
//!
//! What is not signed is not read, with one exception that the SDK makes: the body of `registerAgency`,
//! which changes nothing here.

mod agencies;
mod answer;
mod fetch;
mod list;
mod mailbox;
mod send;
mod session;
mod sign;
#[cfg(test)]
mod sign_tests;
mod spool;
mod time;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use congvan::Node;
use congvan::core::Time;
use congvan::setup;
use congvan::systems::{System, Systems};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

pub(crate) use answer::Fault;
pub(crate) use fetch::document_packet;
use mailbox::Mailbox;
pub(crate) use send::{answered_document, outgoing};
use session::Sessions;
use sign::Claim;
pub use time::{NotAnOffset, UtcOffset};

use crate::reload::Reloaded;

/// Calls that are answered at once; more wait.
const MAX_CALLS: usize = 64;
/// How long a call waits for its turn.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most bytes of a body that is no packet.
const MAX_BODY: usize = 64 << 10;
/// Bytes of one unit of the memory that packets share.
const UNIT: u64 = 64 << 10;

/// How the interface behaves.
#[derive(Clone, Copy, Debug)]
pub struct VxpOptions {
    /// How far a timestamp may be from the node's clock when a system uses it first.
    pub window: Duration,
    /// How long a timestamp that a system uses may be idle before it is worth nothing. Zero: each timestamp
    /// must be within the window, always, as software can do that makes a service object for every call.
    pub session: Duration,
    /// The zone of the systems' clocks.
    pub utc_offset: UtcOffset,
    /// The most bytes of one packet. All packets that are being taken in or given out at one moment have no
    /// more together, so this bounds memory too: `docs/vxp.md` says how.
    pub max_packet: u64,
    /// The clock that timestamps are held against.
    pub clock: fn() -> Time,
}

impl Default for VxpOptions {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(10 * 60),
            session: Duration::from_secs(24 * 60 * 60),
            utc_offset: UtcOffset::default(),
            max_packet: 512 << 20,
            clock: setup::now,
        }
    }
}

/// The interface to one node.
#[derive(Debug)]
struct Vxp {
    node: Node,
    options: VxpOptions,
    systems: Reloaded<Systems>,
    sessions: Sessions,
    mailbox: Mailbox,
    calls: Arc<Semaphore>,
    /// Memory for packets, in [`UNIT`]s.
    memory: Arc<Semaphore>,
}

/// The routes of the interface, to be mounted at `/vxp`.
pub(crate) fn routes(node: Node, options: VxpOptions) -> Router {
    let vxp = Vxp {
        systems: Reloaded::new(node.home().systems()),
        sessions: Sessions::new(options.window, options.session, options.utc_offset),
        mailbox: Mailbox::default(),
        calls: Arc::new(Semaphore::new(MAX_CALLS)),
        memory: Arc::new(Semaphore::new(units(options.max_packet) as usize)),
        node,
        options,
    };
    Router::new().route("/{operation}", post(call)).with_state(Arc::new(vxp))
}

async fn call(
    State(vxp): State<Arc<Vxp>>,
    Path(operation): Path<String>,
    headers: HeaderMap,
    mut body: Body,
) -> Response {
    let answer = async {
        let turn = timeout(PATIENCE, vxp.calls.clone().acquire_owned()).await;
        let _turn = turn.map_err(|_| Fault::Busy)?.map_err(|_| Fault::Busy)?;
        let caller = vxp.clone().authenticate(headers).await?;
        vxp.answer(&operation, &caller, &mut body).await
    };
    match answer.await {
        Ok(answer) => answer,
        Err(fault) => {
            match &fault {
                Fault::Internal(why) => tracing::error!(operation, why, "a VXP call failed"),
                fault => tracing::warn!(operation, code = fault.code(), %fault, "a VXP call was refused"),
            }
            spool::drain(&mut body).await;
            fault.into_response()
        }
    }
}

/// Who calls, and what was signed.
#[derive(Debug)]
struct Caller {
    id: String,
    system: System,
    claim: Claim,
}

impl Caller {
    /// That the system may speak for this node's agency.
    fn of_own_agency(&self, node: &Node) -> Result<(), Fault> {
        match node.code() {
            code if self.system.speaks_for(code.as_str()) => Ok(()),
            code => Err(Fault::Unbound { system: self.id.clone(), agency: code.to_string() }),
        }
    }

    /// Whether a code means the node's own agency: many systems have one agency, and give their own id.
    fn means_own(&self, node: &Node, code: &str) -> bool {
        code == node.code().as_str() || code == self.id
    }
}

impl Vxp {
    async fn authenticate(self: Arc<Self>, headers: HeaderMap) -> Result<Caller, Fault> {
        let now = self.now();
        blocking(move || {
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes().trim_ascii())).collect();
            let claim = Claim::read(&headers)?;
            let id = claim.get("systemid").unwrap_or_default().to_owned();
            let systems = self.systems.get(|| Systems::load(self.node.home()).map_err(Fault::from))?;
            let system = systems.get(&id).cloned();
            // An unknown system takes as long to refuse as a wrong secret.
            let secret = system.as_ref().map_or("", |system| system.secret.expose());
            let proven = claim.verify(secret.as_bytes());
            let system = system.filter(|_| proven).ok_or(Fault::Signature)?;
            let timestamp = claim.get("timestamp").unwrap_or_default();
            self.sessions.admit(self.node.ledger(), &id, timestamp, now)?;
            Ok(Caller { id, system, claim })
        })
        .await
    }

    async fn answer(self: &Arc<Self>, operation: &str, caller: &Caller, body: &mut Body) -> Result<Response, Fault> {
        match operation {
            "sendEdoc" => return self.send(caller, body).await,
            "registerAgency" => return self.register_agency(caller, body).await,
            // Empty or `{}`: read, so that the connection can be used again.
            _ => spool::small(body, MAX_BODY).await.map(drop)?,
        }
        match operation {
            "deleteAgency" => self.delete_agency(caller),
            "getAgenciesList" => Ok(self.agencies()),
            "getSynchronizeUnit" => Ok(self.units()),
            "getReceivedEdocList" => self.received(caller).await,
            "getSentEdocList" => self.sent(caller).await,
            "getEdoc" => self.fetch(caller).await,
            "updateStatus" => self.update_status(caller).await,
            other => Err(Fault::Operation(other.chars().take(64).collect())),
        }
    }

    fn now(&self) -> u64 {
        (self.options.clock)().as_millis()
    }

    fn spool(&self) -> PathBuf {
        self.node.home().spool()
    }

    /// Room in memory for a packet of so many bytes, as long as what is returned is held.
    async fn room(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Fault> {
        let units = units(bytes.min(self.options.max_packet));
        let room = timeout(PATIENCE, self.memory.clone().acquire_many_owned(units)).await;
        room.map_err(|_| Fault::Busy)?.map_err(|_| Fault::Busy)
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).clamp(1, u32::MAX >> 3)
}

/// Runs what reads the disk off the runtime.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work).await?
}
