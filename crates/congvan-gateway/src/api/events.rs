//! What happened: as a stream of server-sent events, or by a durable consumer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use congvan::view::EventView;
use congvan::{Events, Node};
use futures::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, watch};
use utoipa::{IntoParams, ToSchema};

use super::auth::{EventsRead, May};
use super::extract::{self, Path, Query};
use super::problem::{Kind, Problem};
use super::{Api, page_of, parse, webhooks};

/// Events that are read at once for a stream.
const AT_ONCE: usize = 32;
/// How long a stream waits before it looks whether anybody listens.
const QUIET: Duration = Duration::from_secs(15);
/// The most seconds that a call waits for events.
const MAX_WAIT: u64 = 60;

/// Where a stream begins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// Behind this event; 0 begins at the beginning. `Last-Event-ID` comes before it.
    #[serde(default)]
    after: u64,
}

/// What happens, as server-sent events; it begins with what happened since the last one that you had.
///
/// Each has the event's number as `id`, its kind as `event`, and the event as JSON as `data`. Reconnect with
/// `Last-Event-ID`, as browsers and SSE clients do by themselves, and nothing is lost.
#[utoipa::path(get, path = "/events", operation_id = "events", tag = "events", security(("bearer" = ["events:read"])),
    params(From, ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last event that you had")),
    responses((status = 200, description = "The stream; the data of each is an EventView", body = EventView, content_type = "text/event-stream"),
        (status = 503, description = "Too many streams at once")))]
pub(super) async fn stream(
    State(api): State<Arc<Api>>,
    _: May<EventsRead>,
    Query(From { after }): Query<From>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    const LAST: &str = "Last-Event-ID";
    let last = match headers.get(LAST) {
        None => after,
        Some(last) => parse::event_number(last.as_bytes())
            .ok_or_else(|| Problem::invalid(LAST, "it is the number of an event, as its `id` has it"))?,
    };
    let following = Following { events: api.node.events_after(last), stopped: api.stopped.clone(), _slot: slot(&api)? };
    Ok(Sse::new(following.stream()).keep_alive(KeepAlive::new().interval(QUIET)))
}

fn slot(api: &Api) -> Result<OwnedSemaphorePermit, Problem> {
    let slot = api.streams.clone().try_acquire_owned();
    slot.map_err(|_| Problem::new(Kind::Busy, "too many streams of events at once"))
}

struct Following {
    events: Events,
    stopped: watch::Receiver<()>,
    _slot: OwnedSemaphorePermit,
}

impl Following {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        let pages = stream::unfold(self, |mut following| async {
            let page = tokio::select! {
                page = following.events.next_within(AT_ONCE, QUIET) => page.ok()?,
                _ = following.stopped.changed() => return None,
            };
            Some((stream::iter(page), following))
        });
        pages.flatten().map(|event| Ok(sent(&event)))
    }
}

fn sent(event: &EventView) -> Event {
    let number = event.number.to_string();
    match serde_json::to_value(event) {
        Ok(value) => {
            let kind = kind_of(&value).to_owned();
            Event::default().id(number).event(kind).data(value.to_string())
        }
        // Plain data: this cannot fail. What could not be shown is not passed over in silence.
        Err(_) => Event::default().id(number).event("other").data("{}"),
    }
}

/// An event's kind, as its JSON has it.
pub(super) fn kind_of(event: &serde_json::Value) -> &str {
    event.get("event").and_then(|kind| kind.as_str()).unwrap_or("other")
}

/// How many, and how patiently.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Poll {
    /// How many, at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<usize>,
    /// How many seconds to wait where there is none.
    #[serde(default)]
    #[param(maximum = 60)]
    wait: u64,
}

/// Events that a consumer has not acknowledged.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventPage {
    /// In order.
    events: Vec<EventView>,
}

/// What a named consumer has not acknowledged yet.
///
/// The node remembers how far each name is. The same events come again until they are acknowledged, also after a
/// crash on either side.
#[utoipa::path(get, path = "/consumers/{name}/events", operation_id = "consumer_events", tag = "events", security(("bearer" = ["events:read"])),
    params(Poll, ("name" = String, Path, description = "Of your choice: 1 to 64 letters, digits, '-', '_' and '.'")),
    responses((status = 200, description = "The events", body = EventPage), (status = 503, description = "Too many wait already")))]
pub(super) async fn poll(
    State(api): State<Arc<Api>>,
    _: May<EventsRead>,
    Path(name): Path<String>,
    Query(Poll { limit, wait }): Query<Poll>,
) -> Result<Json<EventPage>, Problem> {
    let limit = page_of(limit)?;
    if wait > MAX_WAIT {
        return Err(Problem::invalid("wait", format!("at most {MAX_WAIT} seconds")));
    }
    let mut consumer = consumer(&api.node, &name)?;
    let _slot = slot(&api)?;
    let mut stopped = api.stopped.clone();
    let events = tokio::select! {
        events = consumer.next_within(limit, Duration::from_secs(wait)) => events?,
        _ = stopped.changed() => Vec::new(),
    };
    Ok(Json(EventPage { events }))
}

fn consumer(node: &Node, name: &str) -> Result<congvan::Consumer, Problem> {
    if name.starts_with(webhooks::CONSUMER) {
        return Err(Problem::invalid(
            "name",
            format!("names that begin with {} are the webhooks'", webhooks::CONSUMER),
        ));
    }
    Ok(node.consumer(name)?)
}

/// How far a consumer is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acknowledgement {
    /// The `event_number` up to which everything is processed.
    event_number: u64,
}

/// Acknowledge what a consumer has processed: up to this event, none comes again.
#[utoipa::path(post, path = "/consumers/{name}/acknowledgements", operation_id = "acknowledge_events", tag = "events", security(("bearer" = ["events:read"])),
    params(("name" = String, Path, description = "The consumer's name")), request_body = Acknowledgement,
    responses((status = 204, description = "Durable"), (status = 400, description = "The body is not JSON"),
        (status = 408, description = "The body did not arrive in time"), (status = 413, description = "The body is too large"),
        (status = 415, description = "The body is not JSON")))]
pub(super) async fn acknowledge(
    State(api): State<Arc<Api>>,
    _: May<EventsRead>,
    Path(name): Path<String>,
    extract::Json(acknowledgement): extract::Json<Acknowledgement>,
) -> Result<StatusCode, Problem> {
    let number = acknowledgement.event_number;
    let head = api.node.ledger().feed_head();
    if number > head {
        return Err(Problem::invalid("event_number", format!("the last event has number {head}")));
    }
    super::blocking(move || Ok::<_, Problem>(consumer(&api.node, &name)?.acknowledge(number)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}
