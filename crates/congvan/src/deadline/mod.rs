//! Deadlines: what this agency owes others, what others owe it, and what was never answered.
//!
//! [`Calendar`] knows which minutes count, [`Deadlines`] what is due when; both are pure and take the
//! time that it is. [`Node::due`] applies them to the ledger. Clocks decide nothing about the ledger; here
//! they only sort what people look at.

mod calendar;
mod terms;

use congvan_core::life::Life;
use congvan_core::{EntryRef, Kind, LinkedEntry, Time};
use serde::{Deserialize, Serialize};

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

impl Node {
    /// What is due at a time, the longest overdue first; with what is not due soon.
    ///
    /// # Errors
    /// [`ReadError::Store`].
    pub fn due(&self, side: Side, deadlines: &Deadlines, now: Time) -> Result<Vec<DueView>, ReadError> {
        let since = now.as_millis().saturating_sub(u64::from(deadlines.look_back_days) * DAY_MS);
        let mut due = Vec::new();
        match side {
            Side::Received => {
                for reference in self.0.ledger.by_addressee(&self.0.own().code) {
                    let EntryRef { chain, seq, .. } = reference?;
                    let Some(entry) = self.0.ledger.entry(chain, seq)? else { continue };
                    if entry.header().time.as_millis() < since {
                        break;
                    }
                    self.due_of(&entry, side, deadlines, now, &mut due)?;
                }
            }
            Side::Sent => {
                let chain = self.0.own().chain;
                let mut next = self.0.ledger.status(chain).head.map(|head| head.seq);
                while let Some(seq) = next {
                    next = seq.previous();
                    let Some(entry) = self.0.ledger.entry(chain, seq)? else { continue };
                    if entry.header().time.as_millis() < since {
                        break;
                    }
                    self.due_of(&entry, side, deadlines, now, &mut due)?;
                }
            }
        }
        due.sort_by(|a, b| (a.at, a.step, &a.document, &a.by).cmp(&(b.at, b.step, &b.document, &b.by)));
        Ok(due)
    }

    fn due_of(
        &self,
        entry: &LinkedEntry,
        side: Side,
        deadlines: &Deadlines,
        now: Time,
        due: &mut Vec<DueView>,
    ) -> Result<(), ReadError> {
        if entry.header().kind != Kind::DOCUMENT {
            return Ok(());
        }
        // One that cannot be read has no deadline that could be known.
        let Ok(payload) = self.payload_of(entry) else { return Ok(()) };
        let Ok(life) = self.life_of(entry) else { return Ok(()) };
        let own = self.0.own();
        let concerned = |life: &Life| -> Vec<_> {
            let open = life.recipients.iter().filter(|recipient| !settled(life, recipient));
            open.filter(|recipient| side == Side::Sent || recipient.agency == own.code).cloned().collect()
        };
        let concerned = concerned(&life);
        // Opening costs a key exchange: only where something can be due.
        if concerned.is_empty() {
            return Ok(());
        }
        let Ok(envelope) = self.open(&own, entry, &payload) else { return Ok(()) };
        let matter = Matter { sent: entry.header().time, due: &envelope.due, priority: &envelope.priority };
        for recipient in concerned {
            let all = deadlines.of(&matter, &life, &recipient, now);
            // Whether one was answered is the sender's question.
            for found in all.into_iter().filter(|found| side == Side::Sent || found.step != Step::Answer) {
                due.push(DueView {
                    document: entry.id().to_string(),
                    by: recipient.agency.to_string(),
                    from: life.document.sender.to_string(),
                    code: code_of(&envelope),
                    subject: envelope.subject.to_string(),
                    sent: matter.sent.as_millis(),
                    step: found.step,
                    at: found.at.map(Time::as_millis),
                    due: envelope.due.to_string(),
                    lateness: found.lateness,
                    status: recipient.handling.map(|code| code.digits().to_owned()),
                });
            }
        }
        Ok(())
    }
}
