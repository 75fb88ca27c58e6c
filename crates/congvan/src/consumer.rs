//! Durable named consumers: at least once to the vendor's software (DESIGN §3.15).

use std::time::Duration;

use congvan_core::{Kind, LinkedEntry};
use congvan_store::{FeedItem, StoreError};

use crate::node::Node;
use crate::view::{EventKind, EventView};

/// The most bytes of a consumer's name.
pub const MAX_CONSUMER: usize = 64;
/// Events read at once.
const PAGE: usize = 64;

/// Why a consumer cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumerError {
    /// The name.
    #[error("a consumer's name has 1 to {MAX_CONSUMER} letters, digits, '-', '_' and '.'; {0:?} does not")]
    Name(String),
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The node stopped.
    #[error("the node was shut down")]
    Stopped,
}

impl Node {
    /// The consumer with this name; it begins where it last acknowledged, or at the beginning.
    ///
    /// # Errors
    /// [`ConsumerError::Name`].
    pub fn consumer(&self, name: &str) -> Result<Consumer, ConsumerError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > MAX_CONSUMER || !name.chars().all(fits) {
            return Err(ConsumerError::Name(name.to_owned()));
        }
        let after = self.0.ledger.cursor(name)?;
        Ok(Consumer { name: name.to_owned(), events: self.events_after(after) })
    }

    /// The events behind a number, for whoever keeps the number itself; 0 begins at the beginning.
    pub fn events_after(&self, number: u64) -> Events {
        Events { node: self.clone(), after: number }
    }

    fn event(&self, item: &FeedItem) -> EventView {
        let what = match self.0.ledger.entry(item.entry.chain, item.entry.seq) {
            Ok(Some(entry)) => self.event_of(item, &entry),
            Ok(None) => Err("it no longer stands in its chain".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let what = what.unwrap_or_else(|note| EventKind::Other { id: item.entry.id.to_string(), note });
        EventView { number: item.number, what }
    }

    fn event_of(&self, item: &FeedItem, entry: &LinkedEntry) -> Result<EventKind, String> {
        match item.kind {
            Kind::DOCUMENT => {
                let view = Box::new(self.document_view(entry).map_err(|error| error.to_string())?);
                Ok(match entry.header().chain == self.chain() {
                    true => EventKind::Sent(view),
                    false => EventKind::Received(view),
                })
            }
            Kind::STATUS => match self.status_view(entry) {
                Some(view) => Ok(EventKind::Status(Box::new(view))),
                None => Err("a malformed status".to_owned()),
            },
            Kind::ERASE => match self.erasure_event(entry).map_err(|error| error.to_string())? {
                Some(erasure) => Ok(EventKind::Erased(Box::new(erasure))),
                None => Err("a malformed erasure".to_owned()),
            },
            Kind::ROSTER => {
                if let Some(erasure) = self.erasure_event(entry).map_err(|error| error.to_string())? {
                    return Ok(EventKind::Erased(Box::new(erasure)));
                }
                let recounted = crate::catalogue::recounted(&self.0.ledger, &self.0.ledger.roster(), entry);
                let recounted = recounted.map_err(|error| error.to_string())?.map(|code| code.to_string());
                Ok(EventKind::Roster { roster_number: entry.seq().get(), recounted })
            }
            Kind::PROCEDURE => match self.catalogue_change(item) {
                Ok(Some((change, _))) => Ok(EventKind::Catalogue(Box::new(change))),
                Ok(None) => Err("it no longer stands in its chain".to_owned()),
                Err(error) => Err(error.to_string()),
            },
            kind => Err(format!("an entry of kind {} ({})", kind.name(), kind.0)),
        }
    }
}

/// Follows a node's events. What was not acknowledged comes again after a restart.
///
/// ```no_run
/// # async fn example(node: congvan::Node) -> Result<(), Box<dyn std::error::Error>> {
/// let mut consumer = node.consumer("register")?;
/// loop {
///     let delivery = consumer.next().await?;
///     println!("{:?}", delivery.event);   // process it, durably
///     delivery.acknowledge()?;            // only then
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Consumer {
    name: String,
    events: Events,
}

impl Consumer {
    /// The next event; waits for it.
    ///
    /// # Errors
    /// [`ConsumerError`].
    pub async fn next(&mut self) -> Result<Delivery, ConsumerError> {
        loop {
            let mut events = self.next_within(1, Duration::from_secs(3600)).await?;
            if let Some(event) = events.pop() {
                return Ok(Delivery { node: self.events.node.clone(), consumer: self.name.clone(), event });
            }
        }
    }

    /// The next events, at most `limit`, as soon as there is one; none after `patience`.
    ///
    /// # Errors
    /// [`ConsumerError`].
    pub async fn next_within(&mut self, limit: usize, patience: Duration) -> Result<Vec<EventView>, ConsumerError> {
        self.events.next_within(limit, patience).await
    }

    /// Marks everything up to `number` as processed, durably.
    ///
    /// # Errors
    /// [`ConsumerError::Store`].
    pub fn acknowledge(&self, number: u64) -> Result<(), ConsumerError> {
        Ok(self.events.node.0.ledger.set_cursor(&self.name, number)?)
    }
}

/// Follows a node's events from a number on that its reader keeps.
#[derive(Debug)]
pub struct Events {
    node: Node,
    after: u64,
}

impl Events {
    /// The next events, at most `limit`, as soon as there is one; none after `patience`.
    ///
    /// # Errors
    /// [`ConsumerError`].
    pub async fn next_within(&mut self, limit: usize, patience: Duration) -> Result<Vec<EventView>, ConsumerError> {
        let deadline = tokio::time::Instant::now() + patience;
        let mut arrivals = self.node.0.arrivals.subscribe();
        loop {
            arrivals.mark_unchanged();
            let items = self.node.0.ledger.feed(self.after, limit.clamp(1, PAGE))?;
            if let Some(last) = items.last() {
                self.after = last.number;
                return Ok(items.iter().map(|item| self.node.event(item)).collect());
            }
            match tokio::time::timeout_at(deadline, arrivals.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Err(ConsumerError::Stopped),
                Err(_) => return Ok(Vec::new()),
            }
        }
    }
}

/// One event, to be acknowledged once it is processed.
#[derive(Debug)]
pub struct Delivery {
    node: Node,
    consumer: String,
    /// What happened.
    pub event: EventView,
}

impl Delivery {
    /// Marks it, and all before it, as processed, durably.
    ///
    /// # Errors
    /// [`ConsumerError::Store`].
    pub fn acknowledge(self) -> Result<(), ConsumerError> {
        Ok(self.node.0.ledger.set_cursor(&self.consumer, self.event.number)?)
    }
}
