//! The web console: what a clerk does with documents, in a browser. Pages are made here as HTML and work without
//! any script, but the one on which the browser itself checks a proof ([`check`]); `docs/console.md` is the page for clerks
//! and technicians.
//!
//! A request goes this way:
//!
//! ```text
//! frame (headers of every page; a form must come from our own pages)
//!   ─▶ who (the cookie's session, the user as the file has them now) ─▶ a page ─▶ shell (layout, alarms)
//! ```
//!
//! What keeps a page from harm stands in one place each: escaping in `maud`, the policy of what a page may load
//! in [`frame`], forms in [`who::Signed`], passwords in `congvan::users`, tries in [`session::Throttle`].

mod act;
mod alarms;
mod assets;
mod catalogue;
mod check;
mod clock;
mod directory;
mod document;
mod draft;
mod due;
mod files;
mod frame;
mod health;
mod list;
mod login;
mod mailbox;
mod page;
mod problem;
mod proof;
mod send;
mod session;
mod text;
mod time;
mod who;
mod words;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::response::Redirect;
use axum::routing::{get, post};
use congvan::Node;
use congvan::core::rng::RandomError;
use tokio::sync::Semaphore;

use alarms::Watch;
use problem::Problem;
use session::{Sessions, Throttle};

/// The most bytes of a form without attachments.
const MAX_FORM: usize = 256 << 10;
/// Passwords that are looked at at one moment: each takes 19 MiB.
const MAX_CHECKS: usize = 2;

/// How the console behaves.
#[derive(Clone, Copy, Debug)]
pub struct ConsoleOptions {
    /// A session that is not used for so long ends.
    pub idle: Duration,
    /// A session ends after so long, used or not.
    pub absolute: Duration,
    /// Whether browsers reach it by https alone, so that cookies never travel otherwise.
    pub secure: bool,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        Self { idle: Duration::from_secs(60 * 60), absolute: Duration::from_secs(12 * 60 * 60), secure: false }
    }
}

/// The console of one node.
#[derive(Debug)]
struct Console {
    node: Node,
    options: ConsoleOptions,
    sessions: Sessions,
    throttle: Throttle,
    checks: Semaphore,
    watch: Watch,
}

impl Console {
    /// Runs what reads the disk, off the threads that answer.
    async fn read<T: Send + 'static>(&self, read: impl FnOnce(&Node) -> T + Send + 'static) -> Result<T, Problem> {
        let node = self.node.clone();
        tokio::task::spawn_blocking(move || read(&node)).await.map_err(Problem::internal)
    }
}

/// The routes of the console, to be merged at the root.
///
/// # Errors
/// No randomness.
pub(crate) fn routes(node: Node, options: ConsoleOptions) -> Result<Router, RandomError> {
    let console = Arc::new(Console {
        sessions: Sessions::new(options.idle, options.absolute)?,
        throttle: Throttle::default(),
        checks: Semaphore::new(MAX_CHECKS),
        watch: Watch::default(),
        node,
        options,
    });
    let sending = post(send::send).layer(DefaultBodyLimit::disable()).get(send::compose);
    Ok(Router::new()
        .route("/", get(|| async { Redirect::to("/inbox") }))
        .route("/login", get(login::form).post(login::login))
        .route("/logout", post(login::logout))
        .route("/language/{language}", get(login::language))
        .route("/assets/{name}", get(assets::asset_named))
        .route("/favicon.ico", get(assets::icon))
        .route("/inbox", get(list::inbox))
        .route("/outbox", get(list::outbox))
        .route("/documents/{id}", get(document::document))
        .route("/documents/{id}/status", post(act::report))
        .route("/documents/{id}/files/{number}", get(files::attachment))
        .route("/send", sending)
        .route("/send/agencies", get(send::agencies))
        .route("/due", get(due::due))
        .route("/agencies", get(directory::agencies))
        .route("/catalogue", get(catalogue::list))
        .route("/catalogue/changes", get(catalogue::changes))
        .route("/catalogue/{publisher}/{code}", get(catalogue::procedure))
        .route("/catalogue/{publisher}/{code}/forms/{number}", get(files::form))
        .route("/check", get(check::check))
        .route("/check/roster", get(check::roster))
        .route("/node", get(health::node))
        .route("/alarms", get(health::alarms))
        .route("/help", get(health::help))
        .fallback(problem::not_found)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(middleware::from_fn_with_state(console.clone(), frame::frame))
        .with_state(console))
}
