//! What is due when, of one document and one of its addressees. Pure.

use congvan_core::life::{Held, Life, Recipient, Standing};
use congvan_core::{StatusCode, Time};
use serde::{Deserialize, Serialize};

use super::calendar::{Calendar, Term, parse_date};

/// How urgent a document is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Thường, and whatever is not recognised.
    Normal,
    /// Khẩn.
    Urgent,
    /// Thượng khẩn.
    VeryUrgent,
    /// Hỏa tốc.
    Immediate,
}

impl Urgency {
    /// As packets write it (`Priority`): a number from 0 to 3, or a word.
    pub fn of(priority: &str) -> Self {
        let text = priority.trim().to_lowercase();
        match text.as_str() {
            "1" | "khẩn" | "khan" | "urgent" => Self::Urgent,
            "2" | "thượng khẩn" | "thuong khan" => Self::VeryUrgent,
            "3" | "4" => Self::Immediate,
            text if ["hỏa tốc", "hoả tốc", "hoa toc"].iter().any(|word| text.starts_with(word)) => {
                Self::Immediate
            }
            _ => Self::Normal,
        }
    }
}

/// A term for each urgency.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Terms {
    /// Thường.
    pub normal: Option<Term>,
    /// Khẩn.
    pub urgent: Option<Term>,
    /// Thượng khẩn.
    pub very_urgent: Option<Term>,
    /// Hỏa tốc.
    pub immediate: Option<Term>,
}

impl Default for Terms {
    fn default() -> Self {
        Self::all(None)
    }
}

impl Terms {
    fn all(term: Option<Term>) -> Self {
        Self { normal: term, urgent: term, very_urgent: term, immediate: term }
    }

    fn of(&self, urgency: Urgency) -> Option<Term> {
        match urgency {
            Urgency::Normal => self.normal,
            Urgency::Urgent => self.urgent,
            Urgency::VeryUrgent => self.very_urgent,
            Urgency::Immediate => self.immediate,
        }
    }
}

/// All that is configurable. The defaults are an agency's habit, no reading of the law.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deadlines {
    /// Which minutes count.
    pub calendar: Calendar,
    /// From sending to 02 or 03 (or any later status).
    pub reception: Terms,
    /// From sending to 06, of a document that says no date by which an answer is due.
    pub completion: Terms,
    /// From sending to an answer, before a document without such a date counts as never answered.
    pub answer: Option<Term>,
    /// So long before it is due, it is due soon.
    pub soon: Term,
    /// Documents sent longer ago are not looked at.
    pub look_back_days: u32,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            calendar: Calendar::default(),
            reception: Terms::all(Some(Term::HALF_A_DAY)),
            completion: Terms::default(),
            answer: Some(Term::TEN_DAYS),
            soon: Term::A_DAY,
            look_back_days: 366,
        }
    }
}

/// What an addressee is to do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Say that it accepts or refuses the document.
    Receive,
    /// Complete it, or answer it by a document.
    Complete,
    /// Anything that settles it: it was never completed, refused or answered.
    Answer,
}

/// How late it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lateness {
    /// The time has passed.
    Overdue,
    /// It passes soon.
    Soon,
    /// There is time.
    Later,
    /// Past its term, without an answer of any kind.
    Unanswered,
    /// The date in the document is none.
    DateUnreadable,
}

/// One thing that is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    /// What.
    pub step: Step,
    /// When; `None` where the date cannot be read.
    pub at: Option<Time>,
    /// How late it is.
    pub lateness: Lateness,
}

/// What of a document matters for its deadlines, beside its life.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'a> {
    /// When it was sent, by its sender's clock.
    pub sent: Time,
    /// Its `DueDate`, as written.
    pub due: &'a str,
    /// Its `Priority`, as written.
    pub priority: &'a str,
}

/// Whether an addressee has nothing more to do about a document.
pub fn settled(life: &Life, recipient: &Recipient) -> bool {
    let done = matches!(recipient.handling, Some(StatusCode::Completed | StatusCode::Refused));
    let gone = matches!(recipient.held, Held::Withdrawn(_))
        || matches!(life.standing, Standing::ReplacedBy(_) | Standing::RecalledByAll);
    done || gone || life.answered_by.iter().any(|(by, _)| *by == recipient.agency)
}

impl Deadlines {
    /// When each step of a document is due: the same for all its addressees.
    pub(crate) fn dates(&self, matter: &Matter<'_>) -> Dates {
        let urgency = Urgency::of(matter.priority);
        let term = |term: Option<Term>| self.calendar.after(matter.sent, term?);
        let receive = term(self.reception.of(urgency));
        let (complete, last) = match matter.due.trim() {
            "" => {
                let at = term(self.completion.of(urgency));
                (at.map(Some), at.or_else(|| term(self.answer)))
            }
            text => match parse_date(text).and_then(|date| self.calendar.end_of(date)) {
                Some(at) => (Some(Some(at)), Some(at)),
                None => (Some(None), term(self.answer)),
            },
        };
        Dates { receive, complete, last }
    }

    /// What one addressee has to do about a document, and how late it is, at a time.
    pub fn of(&self, matter: &Matter<'_>, life: &Life, recipient: &Recipient, now: Time) -> Vec<Due> {
        if settled(life, recipient) {
            return Vec::new();
        }
        let (dates, soon) = (self.dates(matter), self.soon_after(now));
        let steps = dates.steps().filter(|(step, _)| *step != Step::Receive || unreceived(recipient));
        let due = steps.filter_map(|(step, at)| Some(Due { step, at, lateness: lateness(step, at, now, soon)? }));
        due.collect()
    }

    /// Documents sent before are not looked at.
    pub(crate) fn since(&self, now: Time) -> Time {
        Time::from_millis(now.as_millis().saturating_sub(u64::from(self.look_back_days) * super::DAY_MS))
    }

    /// What is due until then, is due soon; `None` where the calendar does not reach so far.
    pub(crate) fn soon_after(&self, now: Time) -> Option<Time> {
        self.calendar.after(now, self.soon)
    }
}

/// Whether an addressee has said neither that it accepts nor that it refuses a document.
pub(crate) fn unreceived(recipient: &Recipient) -> bool {
    matches!(recipient.handling, None | Some(StatusCode::Arrived))
}

/// When the steps of a document are due.
pub(crate) struct Dates {
    receive: Option<Time>,
    /// `Some(None)`: by a date that cannot be read.
    complete: Option<Option<Time>>,
    /// After which it counts as never answered.
    last: Option<Time>,
}

impl Dates {
    pub(crate) fn steps(&self) -> impl Iterator<Item = (Step, Option<Time>)> + use<> {
        let receive = self.receive.map(|at| (Step::Receive, Some(at)));
        let complete = self.complete.map(|at| (Step::Complete, at));
        receive.into_iter().chain(complete).chain(self.last.map(|at| (Step::Answer, Some(at))))
    }
}

/// How late a step is; `None` where nobody is asked yet why there was no answer.
pub(crate) fn lateness(step: Step, at: Option<Time>, now: Time, soon: Option<Time>) -> Option<Lateness> {
    match (step, at) {
        (_, None) => Some(Lateness::DateUnreadable),
        (Step::Answer, Some(at)) => (at < now).then_some(Lateness::Unanswered),
        (_, Some(at)) if at < now => Some(Lateness::Overdue),
        (_, Some(at)) if soon.is_none_or(|soon| at <= soon) => Some(Lateness::Soon),
        (_, Some(_)) => Some(Lateness::Later),
    }
}
