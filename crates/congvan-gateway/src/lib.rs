//! HTTP interfaces of a Congvan node: health, metrics, and the interface of the national axis' Java SDK.
//!
//! | path | answers |
//! |---|---|
//! | `/healthz` | 200 while the node answers, 503 if it does not within [`PATIENCE`]: for whoever restarts it |
//! | `/readyz` | 200 if documents can be sent and travel, else 503 with the reasons: for whoever is called |
//! | `/metrics` | the node's figures in Prometheus' text format |
//! | `/…` | the web console for clerks, if [`Gateway::console`] says so |
//! | `/vxp/…` | the calls of the national axis' SDK, if [`Gateway::vxp`] says so |
//! | `/api/v1/…` | the HTTP API for software that is not Rust, if [`Gateway::api`] says so (`docs/api.md`) |
//!
//! The first three are not authenticated, and nothing is encrypted without [`Gateway::tls`]; so it listens on the
//! machine's own addresses unless it is told otherwise in so many words.
//!
//! ```no_run
//! # async fn run(stop: tokio::sync::oneshot::Receiver<()>) -> Result<(), Box<dyn std::error::Error>> {
//! use congvan_gateway::{Exposure, Gateway};
//!
//! let node = congvan::Node::builder("/var/lib/congvan").start().await?;
//! let gateway = Gateway::bind("127.0.0.1:7412".parse()?, Exposure::ThisMachine).await?;
//! println!("http://{}/readyz", gateway.address());
//! gateway.serve(node, async { drop(stop.await) }).await?;
//! # Ok(())
//! # }
//! ```

mod api;
mod console;
mod limit;
mod metrics;
mod reload;
mod serve;
mod snapshot;
mod spool;
mod tallies;
mod tls;
mod vxp;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use congvan::Node;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::tallies::Tallies;

pub use api::ApiOptions;
pub use console::ConsoleOptions;
pub use snapshot::{Disk, MIN_FREE, Snapshot};
pub use tls::{Tls, TlsError};
pub use vxp::{NotAnOffset, UtcOffset, VxpOptions};

/// How long a node may take to answer before `/healthz` says that it does not.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Who may reach the gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exposure {
    /// Only programs on this machine: another address is refused.
    #[default]
    ThisMachine,
    /// Whoever reaches the address. Put a proxy that authenticates before it.
    AnyMachine,
}

/// Why the gateway does not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The address is reachable from other machines.
    #[error(
        "{0} is reachable from other machines, and the gateway neither encrypts nor authenticates; \
         use 127.0.0.1, or allow it explicitly behind a proxy that does"
    )]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The system gives no random numbers.
    #[error(transparent)]
    Random(#[from] congvan::core::rng::RandomError),
    /// The webhooks' file, or the certificates to verify their receivers with.
    #[error("webhooks cannot be served: {0}")]
    Webhooks(String),
    /// The API's description cannot be written.
    #[error("the description of the API cannot be written: {0}")]
    Description(String),
}

/// A listener that waits for its node.
#[derive(Debug)]
pub struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    vxp: Option<VxpOptions>,
    console: Option<ConsoleOptions>,
    api: Option<ApiOptions>,
    tls: Option<Tls>,
}

impl Gateway {
    /// Listens on `address`; port 0 chooses a free one.
    ///
    /// # Errors
    /// [`GatewayError::NotLoopback`] unless it is this machine's own or `exposure` allows others, and
    /// [`GatewayError::Bind`].
    pub async fn bind(address: SocketAddr, exposure: Exposure) -> Result<Self, GatewayError> {
        if exposure == Exposure::ThisMachine && !address.ip().to_canonical().is_loopback() {
            return Err(GatewayError::NotLoopback(address));
        }
        let listen = async {
            let listener = TcpListener::bind(address).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address, vxp: None, console: None, api: None, tls: None })
        };
        listen.await.map_err(|source| GatewayError::Bind { address, source })
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers the calls of the national axis' SDK too, at `/vxp`.
    pub fn vxp(mut self, options: VxpOptions) -> Self {
        self.vxp = Some(options);
        self
    }

    /// Serves the web console too, at `/`.
    pub fn console(mut self, options: ConsoleOptions) -> Self {
        self.console = Some(options);
        self
    }

    /// Answers software that is not Rust too, at `/api/v1`.
    pub fn api(mut self, options: ApiOptions) -> Self {
        self.api = Some(options);
        self
    }

    /// Encrypts everything that it serves.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Answers until `stop` is done; what is being answered then is finished.
    ///
    /// # Errors
    /// [`GatewayError::Webhooks`], [`GatewayError::Random`].
    pub async fn serve(self, node: Node, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), GatewayError> {
        let vxp =
            self.vxp.map_or_else(Router::new, |options| Router::new().nest("/vxp", vxp::routes(node.clone(), options)));
        let tallies = Tallies::default();
        let metrics = move |State(node): State<Node>| metrics(node, tallies.clone());
        let console = match self.console {
            Some(options) => console::routes(node.clone(), options)?,
            None => Router::new(),
        };
        let (stopping, stopped) = watch::channel(());
        let api = match self.api {
            Some(options) => Router::new().nest("/api/v1", api::routes(node.clone(), options, stopped)?),
            None => Router::new(),
        };
        let routes = Router::new()
            .route("/healthz", get(healthy))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .with_state(node)
            .merge(vxp)
            .merge(console)
            .merge(api);
        let stop = async move {
            stop.await;
            // Ends what would go on for ever: streams of events, and webhooks.
            drop(stopping);
        };
        serve::serve(self.listener, self.tls, routes, stop).await;
        Ok(())
    }
}

async fn healthy(State(node): State<Node>) -> Response {
    match tokio::time::timeout(PATIENCE, node.is_alive()).await {
        Ok(true) => "ok\n".into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "a part of the node does not answer\n").into_response(),
    }
}

async fn ready(State(node): State<Node>) -> Response {
    let obstacles = Snapshot::of(&node).await.obstacles();
    let status = if obstacles.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = serde_json::json!({ "ready": obstacles.is_empty(), "reasons": obstacles });
    (status, Json(body)).into_response()
}

async fn metrics(node: Node, tallies: Tallies) -> Response {
    let snapshot = Snapshot { tally: tallies.of(&node), ..Snapshot::of(&node).await };
    let body = metrics::render(&snapshot);
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], body).into_response()
}
