//! Durable consumers.

use std::sync::Arc;
use std::time::Duration;

use congvan::blocking::Blocking;

use crate::error::CongvanError;
use crate::event::Event;

/// The most events of one call.
pub(crate) const MAX_EVENTS: u32 = 64;

/// Follows the node's events in their order, under a name whose place is kept on disk. What was not
/// acknowledged comes again, after a crash too: process an event durably, then acknowledge it.
#[derive(Debug, uniffi::Object)]
pub struct Consumer {
    node: Arc<Blocking>,
    name: String,
}

impl Consumer {
    pub(crate) fn new(node: Arc<Blocking>, name: String) -> Self {
        Self { node, name }
    }
}

#[uniffi::export]
impl Consumer {
    /// The first event that was not acknowledged, as soon as there is one; nothing after `timeout`. Until
    /// it is acknowledged, the next call gives the same.
    pub fn next(&self, timeout: Duration) -> Result<Option<Event>, CongvanError> {
        Ok(self.next_events(1, timeout)?.pop())
    }

    /// The first events that were not acknowledged, at most `limit` (and at most 64), as soon as there is
    /// one; none after `timeout`.
    pub fn next_events(&self, limit: u32, timeout: Duration) -> Result<Vec<Event>, CongvanError> {
        let limit = limit.clamp(1, MAX_EVENTS) as usize;
        let next = async |node: congvan::Node| node.consumer(&self.name)?.next_within(limit, timeout).await;
        self.node.call(next)??.into_iter().map(Event::try_from).collect()
    }

    /// Marks the event with this number, and all before it, as processed, durably.
    pub fn acknowledge(&self, number: u64) -> Result<(), CongvanError> {
        Ok(self.node.call(async |node| node.consumer(&self.name)?.acknowledge(number))??)
    }
}
