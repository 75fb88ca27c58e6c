//! A node's work in numbers, for whoever watches many nodes.

use std::collections::BTreeMap;

use congvan_core::limits::CLOCK_TOLERANCE_MS;
use congvan_core::{Kind, Time};

use crate::deadline::{Lateness, Side};
use crate::node::Node;
use crate::read::ReadError;

/// What there is to do, and how far others are. Looking takes a moment for each document of the time looked back
/// upon ([`crate::deadline::Deadlines`]), so it is for once a minute, not for every question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Addressees of documents that this agency sent, by their last status of handling; `None` before the first.
    pub deliveries: BTreeMap<Option<String>, u64>,
    /// What this agency has to do.
    pub due_received: BTreeMap<Lateness, u64>,
    /// What others have to do for it.
    pub due_sent: BTreeMap<Lateness, u64>,
    /// Agencies whose last entry states a time that this node's clock has not reached yet, by more than ten minutes.
    pub ahead_of_clock: u64,
}

impl Node {
    /// Counts.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub fn tally(&self, now: Time) -> Result<Tally, ReadError> {
        let deadlines = &self.0.deadlines;
        Ok(Tally {
            deliveries: self.deliveries(deadlines.since(now))?,
            due_received: self.count_due(Side::Received, now)?,
            due_sent: self.count_due(Side::Sent, now)?,
            ahead_of_clock: self.ahead_of_clock(now)?,
        })
    }

    fn deliveries(&self, since: Time) -> Result<BTreeMap<Option<String>, u64>, ReadError> {
        let ledger = &self.0.ledger;
        let chain = self.0.own().chain;
        let mut counts = BTreeMap::new();
        let mut next = ledger.status(chain).head.map(|head| head.seq);
        while let Some(seq) = next {
            next = seq.previous();
            let Some(entry) = ledger.entry(chain, seq)? else { continue };
            if entry.header().time < since {
                break;
            }
            if entry.header().kind != Kind::DOCUMENT {
                continue;
            }
            // Of what was erased, nobody knows any more to whom it went.
            let Ok(life) = self.life_of(&entry) else { continue };
            for recipient in &life.recipients {
                *counts.entry(recipient.handling.map(|code| code.digits().to_owned())).or_default() += 1;
            }
        }
        Ok(counts)
    }

    fn ahead_of_clock(&self, now: Time) -> Result<u64, ReadError> {
        let latest = now.as_millis().saturating_add(CLOCK_TOLERANCE_MS);
        let mut ahead = 0;
        for chain in self.0.ledger.chains() {
            let Some(head) = self.0.ledger.status(chain).head else { continue };
            let entry = self.0.ledger.entry(chain, head.seq)?;
            ahead += u64::from(entry.is_some_and(|entry| entry.header().time.as_millis() > latest));
        }
        Ok(ahead)
    }
}
