//! The HTTP API for software that is not Rust: `docs/api.md` is the page for vendors.
//!
//! ```text
//! request ─▶ auth (how often, who, what it may do) ─▶ extract (what it holds) ─▶ the operation
//!         ─▶ a type of `congvan::view` as JSON, or a problem (RFC 9457)
//! ```
//!
//! Operations are registered together with their description, so that `/openapi.json` has each and no other.

mod attachments;
mod auth;
mod catalogue;
mod describe;
mod directory;
mod documents;
mod draft;
mod events;
mod extract;
mod parse;
mod problem;
mod send;
mod statuses;
mod webhooks;

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use congvan::tokens::{TokenName, Tokens};
use congvan::{Node, core};
use tokio::sync::{Semaphore, watch};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::GatewayError;
use crate::limit::Rate;
use crate::reload::Reloaded;
use problem::{Kind, Problem};
use webhooks::Webhooks;

/// Uploads at once; further ones are told to come again.
const MAX_UPLOADS: usize = 16;
/// Streams of events and calls that wait for events at once.
const MAX_STREAMS: usize = 128;
/// The most items of one page.
pub(crate) const MAX_PAGE: usize = 500;
/// Items of a page, unless a number is asked for.
const PAGE: usize = 50;
/// Bytes of one unit of the memory that packets share.
const UNIT: u64 = 64 << 10;

/// How the API behaves.
#[derive(Clone, Copy, Debug)]
pub struct ApiOptions {
    /// Requests a second that one token may make, after a burst of four seconds' worth; one address twice as many.
    pub requests_per_second: NonZeroU32,
    /// The most bytes of one upload, all attachments together.
    pub max_upload: u64,
    /// The most bytes of one edXML packet. All packets on their way in or out at one moment have no more together.
    pub max_packet: u64,
    /// Whether webhooks may go to other machines unencrypted.
    pub insecure_webhooks: bool,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            requests_per_second: NonZeroU32::MIN.saturating_add(49),
            max_upload: 4 << 30,
            max_packet: 512 << 20,
            insecure_webhooks: false,
        }
    }
}

/// The API of one node.
#[derive(Debug)]
struct Api {
    node: Node,
    options: ApiOptions,
    tokens: Reloaded<Tokens>,
    addresses: Rate<IpAddr>,
    callers: Rate<TokenName>,
    uploads: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    /// Memory for packets, in [`UNIT`]s.
    memory: Arc<Semaphore>,
    /// Held while an idempotency key is bound to a request.
    keys: Mutex<()>,
    webhooks: Arc<Webhooks>,
    /// Closed when the gateway stops.
    stopped: watch::Receiver<()>,
}

/// The routes of the API, to be mounted at `/api/v1`.
pub(crate) fn routes(node: Node, options: ApiOptions, stopped: watch::Receiver<()>) -> Result<Router, GatewayError> {
    let rate = options.requests_per_second;
    let api = Arc::new(Api {
        tokens: Reloaded::new(node.home().tokens()),
        addresses: Rate::per_second(rate.saturating_add(rate.get())),
        callers: Rate::per_second(rate),
        uploads: Arc::new(Semaphore::new(MAX_UPLOADS)),
        streams: Arc::new(Semaphore::new(MAX_STREAMS)),
        memory: Arc::new(Semaphore::new(units(options.max_packet) as usize)),
        keys: Mutex::default(),
        webhooks: Webhooks::start(node.clone(), options.insecure_webhooks, stopped.clone())
            .map_err(|error| GatewayError::Webhooks(error.to_string()))?,
        node,
        options,
        stopped,
    });
    let (routes, description) = operations().split_for_parts();
    let description =
        describe::whole(description).to_json().map_err(|error| GatewayError::Description(error.to_string()))?;
    let description = Extension(Description(description.into()));
    Ok(routes
        .fallback(|| async { Problem::new(Kind::NotFound, "there is no such path; see /api/v1/openapi.json") })
        .method_not_allowed_fallback(|| async {
            Problem::new(Kind::MethodNotAllowed, "see the header Allow, and /api/v1/openapi.json")
        })
        .layer(description)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(api.clone(), auth::admit))
        .layer(map_response(hardened))
        .with_state(api))
}

/// Every operation, with its description.
fn operations() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(describe::head())
        .routes(routes!(documents::inbox))
        .routes(routes!(documents::outbox))
        .routes(routes!(send::document))
        .routes(routes!(documents::document))
        .routes(routes!(attachments::attachment))
        .routes(routes!(send::packet))
        .routes(routes!(documents::packet))
        .routes(routes!(statuses::report))
        .routes(routes!(directory::agencies))
        .routes(routes!(directory::agency))
        .routes(routes!(directory::node))
        .routes(routes!(directory::peers))
        .routes(routes!(catalogue::procedures))
        .routes(routes!(catalogue::procedure))
        .routes(routes!(catalogue::form))
        .routes(routes!(catalogue::changes))
        .routes(routes!(events::stream))
        .routes(routes!(events::poll))
        .routes(routes!(events::acknowledge))
        .routes(routes!(webhooks::list, webhooks::add))
        .routes(routes!(webhooks::show, webhooks::remove))
        .routes(routes!(problem::kind))
        .routes(routes!(description))
}

/// What `/openapi.json` has.
#[derive(Clone, Debug)]
struct Description(Bytes);

/// This description.
#[utoipa::path(get, path = "/openapi.json", operation_id = "description", tag = "about", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
async fn description(Extension(Description(description)): Extension<Description>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], description).into_response()
}

/// What is fetched here is data: no browser shall run or keep it.
async fn hardened(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("x-content-type-options", "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

impl Api {
    fn spool(&self) -> PathBuf {
        self.node.home().spool()
    }

    /// Room in memory for a packet of so many bytes, as long as what is returned is held.
    async fn room(&self, bytes: u64) -> Result<tokio::sync::OwnedSemaphorePermit, Problem> {
        let units = units(bytes.min(self.options.max_packet));
        let room = tokio::time::timeout(extract::PATIENCE, self.memory.clone().acquire_many_owned(units)).await;
        let busy = || Problem::new(Kind::Busy, "too many packets are being taken in or given out");
        room.map_err(|_| busy())?.map_err(|_| busy())
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).clamp(1, u32::MAX >> 3)
}

/// How many items of a page were asked for.
fn page_of(limit: Option<usize>) -> Result<usize, Problem> {
    match limit.unwrap_or(PAGE) {
        limit @ 1..=MAX_PAGE => Ok(limit),
        _ => Err(Problem::invalid("limit", format!("a page has 1 to {MAX_PAGE} items"))),
    }
}

/// Runs what reads the disk off the runtime.
async fn blocking<T: Send + 'static, E: Into<Problem> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await?.map_err(Into::into)
}
