//! Deadlines: what this agency owes others, what others owe it, and what was never answered.
//!
//! [`Calendar`] knows which minutes count, [`Deadlines`] what is due when; both are pure and take the
//! time that it is. [`Node::due`] applies them to the ledger. Clocks decide nothing about the ledger; here
//! they only sort what people look at.

mod board;
mod calendar;
mod terms;

use congvan_core::life::{Life, Recipient};
use congvan_core::{EntryRef, Envelope, Kind, LinkedEntry, Time};
use serde::{Deserialize, Serialize};

pub use board::Late;
pub(crate) use board::{Boards, run};
pub use calendar::{Calendar, CalendarDate, Day, Hours, NotCalendar, Term, UtcOffset, parse_date};
pub use terms::{Deadlines, Due, Lateness, Matter, Step, Terms, Urgency, settled};

use crate::node::Node;
use crate::read::ReadError;
use crate::registry::code_of;

pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Whose deadlines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Of documents that this agency received: what it has to do.
    Received,
    /// Of documents that it sent: what others have to do.
    Sent,
}

impl Side {
    /// Whether one was answered is the sender's question.
    fn asks(self, step: Step) -> bool {
        self == Self::Sent || step != Step::Answer
    }
}

/// A document about which somebody has something to do.
struct Open {
    sent: Time,
    life: Life,
    /// Who.
    recipients: Vec<Recipient>,
    envelope: Envelope,
}

impl Open {
    fn matter(&self) -> Matter<'_> {
        Matter { sent: self.sent, due: &self.envelope.due, priority: &self.envelope.priority }
    }
}

/// One thing that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueView {
    /// The document's id.
    pub document: String,
    /// Who has to do it.
    pub by: String,
    /// Who sent the document.
    pub from: String,
    /// Number and notation.
    pub code: String,
    /// Subject.
    pub subject: String,
    /// When it was sent, by its sender's clock: milliseconds since 1970.
    pub sent: u64,
    /// What is to be done.
    pub step: Step,
    /// By when: milliseconds since 1970; `None` where the document's date cannot be read.
    pub at: Option<u64>,
    /// The document's date, as written.
    pub due: String,
    /// How late it is.
    pub lateness: Lateness,
    /// The last status of handling.
    pub status: Option<String>,
}

impl DueView {
    /// What stands first in a list.
    fn order(&self) -> impl Ord + '_ {
        (self.at, self.step, &self.document, &self.by)
    }
}

impl Node {
    /// What is due at a time, the longest overdue first; with what is not due soon. It reads the life of every
    /// document that the deadlines look back upon; [`Node::late`] does not.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub fn due(&self, side: Side, deadlines: &Deadlines, now: Time) -> Result<Vec<DueView>, ReadError> {
        let since = deadlines.since(now);
        let mut due = Vec::new();
        self.each_since(side, since, |entry| {
            self.due_of(entry, side, deadlines, now, &mut due);
            true
        })?;
        due.sort_by(|a, b| a.order().cmp(&b.order()));
        Ok(due)
    }

    /// A side's entries, newest first and none from before `since`, until `each` says no.
    fn each_since(&self, side: Side, since: Time, mut each: impl FnMut(&LinkedEntry) -> bool) -> Result<(), ReadError> {
        let ledger = &self.0.ledger;
        let mut goes_on = |entry: &LinkedEntry| entry.header().time >= since && each(entry);
        match side {
            Side::Received => {
                for reference in ledger.by_addressee(&self.0.own().code) {
                    let EntryRef { chain, seq, .. } = reference?;
                    if ledger.entry(chain, seq)?.is_some_and(|entry| !goes_on(&entry)) {
                        break;
                    }
                }
            }
            Side::Sent => {
                let chain = self.0.own().chain;
                let mut next = ledger.status(chain).head.map(|head| head.seq);
                while let Some(seq) = next {
                    next = seq.previous();
                    if ledger.entry(chain, seq)?.is_some_and(|entry| !goes_on(&entry)) {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// What nobody has to do anything about, and what cannot be read, has no deadline.
    fn open_of(&self, entry: &LinkedEntry, side: Side) -> Option<Open> {
        if entry.header().kind != Kind::DOCUMENT {
            return None;
        }
        // One that cannot be read has no deadline that could be known.
        let payload = self.payload_of(entry).ok()?;
        let life = self.life_of(entry).ok()?;
        let own = self.0.own();
        let open = life.recipients.iter().filter(|recipient| !settled(&life, recipient));
        let recipients: Vec<_> =
            open.filter(|recipient| side == Side::Sent || recipient.agency == own.code).cloned().collect();
        // Opening costs a key exchange: only where something can be due.
        if recipients.is_empty() {
            return None;
        }
        let envelope = self.open(&own, entry, &payload).ok()?;
        Some(Open { sent: entry.header().time, life, recipients, envelope })
    }

    fn due_of(&self, entry: &LinkedEntry, side: Side, deadlines: &Deadlines, now: Time, due: &mut Vec<DueView>) {
        let Some(open) = self.open_of(entry, side) else { return };
        for recipient in &open.recipients {
            let all = deadlines.of(&open.matter(), &open.life, recipient, now);
            for found in all.into_iter().filter(|found| side.asks(found.step)) {
                due.push(DueView {
                    document: entry.id().to_string(),
                    by: recipient.agency.to_string(),
                    from: open.life.document.sender.to_string(),
                    code: code_of(&open.envelope),
                    subject: open.envelope.subject.to_string(),
                    sent: open.sent.as_millis(),
                    step: found.step,
                    at: found.at.map(Time::as_millis),
                    due: open.envelope.due.to_string(),
                    lateness: found.lateness,
                    status: recipient.handling.map(|code| code.digits().to_owned()),
                });
            }
        }
    }
}
