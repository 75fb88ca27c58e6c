//! Webhooks: the node reports events of its own accord, to a program that listens.
//!
//! They stand in `webhooks.json` in the node's directory (mode 0600), with the secret of each, for HMAC needs it. How
//! far each is, is a cursor in the ledger, as a named consumer's: what was not taken comes again, also after a restart.

mod client;
mod deliver;
mod target;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use congvan::core::rng;
use congvan::private_file;
use congvan::systems::Secret;
use congvan::{Node, setup};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use utoipa::ToSchema;

use super::auth::{Admin, May};
use super::extract::{self, Path};
use super::problem::{Kind, Problem};
use super::{Api, blocking};
use crate::reload::Reloaded;
use client::Client;
use deliver::{Deliveries, Delivery};
use target::Target;

/// The most webhooks of one node.
const MAX_WEBHOOKS: usize = 100;
/// What the names of their consumers begin with.
pub(super) const CONSUMER: &str = "webhook.";
/// How often the file is looked at.
const HEEDED_EVERY: Duration = Duration::from_secs(5);
/// What a secret begins with, as in the Standard Webhooks specification.
const SECRET: &str = "whsec_";

/// An event that a webhook may be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventName {
    /// A document addressed to this agency arrived.
    Received,
    /// This agency sent a document.
    Sent,
    /// Somebody reported on a document.
    Status,
    /// The roster changed.
    Roster,
    /// The catalogue changed.
    Catalogue,
    /// Content was erased.
    Erased,
    /// Something else, or something that cannot be read.
    Other,
}

impl EventName {
    fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Sent => "sent",
            Self::Status => "status",
            Self::Roster => "roster",
            Self::Catalogue => "catalogue",
            Self::Erased => "erased",
            Self::Other => "other",
        }
    }
}

/// A webhook, as the file has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhook {
    url: String,
    secret: Secret,
    events: Vec<EventName>,
    since: u64,
}

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhooksFile {
    webhooks: BTreeMap<String, Webhook>,
}

/// Webhooks that run.
#[derive(Debug)]
pub(super) struct Webhooks {
    node: Node,
    file: Reloaded<WebhooksFile>,
    insecure: bool,
    client: Arc<Client>,
    stopped: watch::Receiver<()>,
    running: Mutex<BTreeMap<String, Running>>,
    /// What of the file runs, as far as it can; held while either is changed.
    heeded: Mutex<Arc<WebhooksFile>>,
}

#[derive(Debug)]
struct Running {
    webhook: Webhook,
    deliveries: Arc<Deliveries>,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Webhooks {
    /// Runs those of the file, and heeds it from then on.
    pub(super) fn start(node: Node, insecure: bool, stopped: watch::Receiver<()>) -> io::Result<Arc<Self>> {
        let file = Reloaded::new(node.home().webhooks());
        let (client, running, heeded) = (Arc::new(Client::default()), Mutex::default(), Mutex::default());
        let webhooks = Arc::new(Self { node, file, insecure, client, stopped, running, heeded });
        webhooks.heed(&mut webhooks.heeded())?;
        tokio::spawn(follow(webhooks.clone()));
        Ok(webhooks)
    }

    /// Stops and starts what the file says otherwise than before.
    fn heed(&self, heeded: &mut Arc<WebhooksFile>) -> io::Result<()> {
        let path = self.node.home().webhooks();
        let file = self.file.get(|| private_file::load::<WebhooksFile>(&path).map_err(io::Error::other))?;
        if Arc::ptr_eq(&file, heeded) {
            return Ok(());
        }
        if file.webhooks.len() > MAX_WEBHOOKS {
            let count = file.webhooks.len();
            let error = format!("{} has {count} webhooks; a node has at most {MAX_WEBHOOKS}", path.display());
            return Err(io::Error::other(error));
        }
        self.running().retain(|id, running| file.webhooks.get(id) == Some(&running.webhook));
        for (id, webhook) in &file.webhooks {
            let runs = self.running().contains_key(id);
            if !runs && let Err(problem) = self.run(id, webhook.clone()) {
                tracing::error!(webhook = id, ?problem, "a webhook cannot run");
            }
        }
        *heeded = file;
        Ok(())
    }

    fn heeded(&self) -> std::sync::MutexGuard<'_, Arc<WebhooksFile>> {
        self.heeded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the file, and heeds it.
    fn write(&self, heeded: &mut Arc<WebhooksFile>, file: &WebhooksFile) -> Result<(), Problem> {
        private_file::save(&self.node.home().webhooks(), file).map_err(Problem::internal)?;
        self.heed(heeded).map_err(Problem::internal)
    }

    fn run(&self, id: &str, webhook: Webhook) -> Result<(), Problem> {
        let target =
            Target::parse(&webhook.url, self.insecure).map_err(|error| Problem::invalid("url", error.to_string()))?;
        let consumer = self.node.consumer(&format!("{CONSUMER}{id}"))?;
        let deliveries = Arc::new(Deliveries::default());
        let delivery = Delivery {
            id: id.to_owned(),
            target,
            key: STANDARD.decode(webhook.secret.expose().trim_start_matches(SECRET)).map_err(Problem::internal)?,
            events: webhook.events.clone(),
            consumer,
            client: self.client.clone(),
            deliveries: deliveries.clone(),
        };
        let mut stopped = self.stopped.clone();
        let task = tokio::spawn(async move {
            tokio::select! {
                () = delivery.run() => {}
                _ = stopped.changed() => {}
            }
        });
        let running = Running { webhook, deliveries, task: task.abort_handle() };
        self.running().insert(id.to_owned(), running);
        Ok(())
    }

    fn running(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, draft: WebhookDraft) -> Result<NewWebhook, Problem> {
        let WebhookDraft { url, events, after } = draft;
        Target::parse(&url, self.insecure).map_err(|error| Problem::invalid("url", error.to_string()))?;
        let mut heeded = self.heeded();
        self.heed(&mut heeded).map_err(Problem::internal)?;
        let mut file = WebhooksFile::clone(&heeded);
        if file.webhooks.len() >= MAX_WEBHOOKS {
            return Err(Problem::new(Kind::Invalid, format!("a node has at most {MAX_WEBHOOKS} webhooks")));
        }
        let mut random = rng::from_os().map_err(Problem::internal)?;
        let id = hex::encode(rng::bytes::<8>(&mut random));
        let secret = format!("{SECRET}{}", STANDARD.encode(rng::bytes::<32>(&mut random)));
        let secret = Secret::new(secret).map_err(Problem::internal)?;
        let head = self.node.ledger().feed_head();
        let after = after.unwrap_or(head);
        if after > head {
            return Err(Problem::invalid("after", format!("the last event has number {head}")));
        }
        self.node.consumer(&format!("{CONSUMER}{id}"))?.acknowledge(after)?;
        let webhook = Webhook { url, secret: secret.clone(), events, since: setup::now().as_millis() };
        file.webhooks.insert(id.clone(), webhook);
        self.write(&mut heeded, &file)?;
        let shown = self.shown(&id)?;
        Ok(NewWebhook { webhook: shown, secret: secret.expose().to_owned() })
    }

    fn remove(&self, id: &str) -> Result<(), Problem> {
        let mut heeded = self.heeded();
        self.heed(&mut heeded).map_err(Problem::internal)?;
        let mut file = WebhooksFile::clone(&heeded);
        file.webhooks.remove(id).ok_or_else(missing)?;
        self.write(&mut heeded, &file)
    }

    fn shown(&self, id: &str) -> Result<WebhookView, Problem> {
        let (mut view, last) = {
            let running = self.running();
            let Running { webhook, deliveries, .. } = running.get(id).ok_or_else(missing)?;
            let Webhook { url, events, since, .. } = webhook.clone();
            let view = WebhookView {
                id: id.to_owned(),
                url,
                events,
                since,
                acknowledged: 0,
                waiting: 0,
                state: deliveries.get(),
            };
            (view, self.node.ledger().feed_head())
        };
        view.acknowledged = self.node.ledger().cursor(&format!("{CONSUMER}{id}"))?;
        view.waiting = last.saturating_sub(view.acknowledged);
        Ok(view)
    }
}

/// Heeds the file while nobody asks.
async fn follow(webhooks: Arc<Webhooks>) {
    let mut stopped = webhooks.stopped.clone();
    let mut ticks = tokio::time::interval(HEEDED_EVERY);
    loop {
        tokio::select! {
            _ = stopped.changed() => return,
            _ = ticks.tick() => {}
        }
        let (webhooks, runtime) = (webhooks.clone(), tokio::runtime::Handle::current());
        let heeded = tokio::task::spawn_blocking(move || {
            let _entered = runtime.enter();
            webhooks.heed(&mut webhooks.heeded())
        });
        if let Ok(Err(error)) = heeded.await {
            tracing::error!(%error, "the webhooks' file cannot be read; those that run go on");
        }
    }
}

fn missing() -> Problem {
    Problem::new(Kind::NotFound, "there is no such webhook")
}

/// A webhook to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"url": "http://127.0.0.1:8080/congvan", "events": ["received", "status"]}))]
pub(super) struct WebhookDraft {
    /// Where to: https, or http on this machine.
    url: String,
    /// Which events; all where none is named.
    #[serde(default)]
    events: Vec<EventName>,
    /// Behind which event to begin; by default behind the last one that there is now.
    #[serde(default)]
    after: Option<u64>,
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookView {
    /// Its id.
    id: String,
    /// Where to.
    url: String,
    /// Which events; all where none is named.
    events: Vec<EventName>,
    /// When it was added: milliseconds since 1970.
    since: u64,
    /// The last event that was delivered, or that it is not for.
    acknowledged: u64,
    /// How many events came since.
    waiting: u64,
    /// How delivering goes.
    #[serde(flatten)]
    state: deliver::DeliveryState,
}

/// A webhook and its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NewWebhook {
    #[serde(flatten)]
    webhook: WebhookView,
    /// What deliveries are signed with. It is shown this once.
    secret: String,
}

/// The webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookList {
    webhooks: Vec<WebhookView>,
}

/// The webhooks, and how delivering to each goes.
#[utoipa::path(get, path = "/webhooks", operation_id = "webhooks", tag = "events", security(("bearer" = ["admin"])),
    responses((status = 200, description = "The webhooks", body = WebhookList)))]
pub(super) async fn list(State(api): State<Arc<Api>>, _: May<Admin>) -> Result<Json<WebhookList>, Problem> {
    blocking(move || {
        let ids: Vec<_> = api.webhooks.running().keys().cloned().collect();
        let webhooks = ids.iter().filter_map(|id| api.webhooks.shown(id).ok()).collect();
        Ok::<_, Problem>(Json(WebhookList { webhooks }))
    })
    .await
}

/// Add a webhook: from now on each event is sent to it by POST, signed, until it answers with 2xx.
#[utoipa::path(post, path = "/webhooks", operation_id = "add_webhook", tag = "events", security(("bearer" = ["admin"])), request_body = WebhookDraft,
    responses((status = 201, description = "Added", body = NewWebhook), (status = 400, description = "The body is not JSON"),
        (status = 408, description = "The body did not arrive in time"), (status = 413, description = "The body is too large"),
        (status = 415, description = "The body is not JSON")))]
pub(super) async fn add(
    State(api): State<Arc<Api>>,
    _: May<Admin>,
    extract::Json(draft): extract::Json<WebhookDraft>,
) -> Result<Response, Problem> {
    let runtime = tokio::runtime::Handle::current();
    let added = blocking(move || {
        let _entered = runtime.enter();
        api.webhooks.add(draft)
    })
    .await?;
    let place = HeaderValue::try_from(format!("/api/v1/webhooks/{}", added.webhook.id)).map_err(Problem::internal)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(added)).into_response())
}

/// A webhook, and how delivering to it goes.
#[utoipa::path(get, path = "/webhooks/{id}", operation_id = "webhook", tag = "events", security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, description = "The webhook", body = WebhookView), (status = 404, description = "There is no such webhook")))]
pub(super) async fn show(
    State(api): State<Arc<Api>>,
    _: May<Admin>,
    Path(id): Path<String>,
) -> Result<Json<WebhookView>, Problem> {
    blocking(move || api.webhooks.shown(&id)).await.map(Json)
}

/// Remove a webhook: nothing is sent to it any more.
#[utoipa::path(delete, path = "/webhooks/{id}", operation_id = "remove_webhook", tag = "events", security(("bearer" = ["admin"])),
    params(("id" = String, Path, description = "Its id")),
    responses((status = 204, description = "Removed"), (status = 404, description = "There is no such webhook")))]
pub(super) async fn remove(
    State(api): State<Arc<Api>>,
    _: May<Admin>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    blocking(move || api.webhooks.remove(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
