//! Figures that take a moment to count: counted beside the answers, which have the last ones that there are.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use congvan::Node;
use congvan::setup;
use congvan::tally::Tally;

/// The least time between two counts.
const EVERY: Duration = Duration::from_secs(60);
/// A count that takes long comes so much more seldom: at most one twentieth of a core is spent on it.
const SHARE: u32 = 20;

#[derive(Default)]
struct Last {
    tally: Option<Arc<Tally>>,
    /// When to count again; `None` for at once.
    due: Option<Instant>,
    counting: bool,
}

/// The last count.
#[derive(Clone, Default)]
pub(crate) struct Tallies(Arc<Mutex<Last>>);

impl Tallies {
    /// What was counted last, if anything was yet; begins to count where it is time.
    pub(crate) fn of(&self, node: &Node) -> Option<Arc<Tally>> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !last.counting && last.due.is_none_or(|due| due <= Instant::now()) {
            last.counting = true;
            let (this, node) = (self.clone(), node.clone());
            tokio::task::spawn_blocking(move || this.count(&node));
        }
        last.tally.clone()
    }

    fn count(&self, node: &Node) {
        let began = Instant::now();
        let counted = node.tally(setup::now());
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counted {
            Ok(tally) => last.tally = Some(Arc::new(tally)),
            Err(error) => tracing::warn!(%error, "what is due cannot be counted"),
        }
        last.due = Some(Instant::now() + EVERY.max(began.elapsed() * SHARE));
        last.counting = false;
    }
}
