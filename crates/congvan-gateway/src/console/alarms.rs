//! What is wrong with this node or in its network, in words for whoever sits in front of the screen. Looked for at
//! most every few seconds, however many pages are opened.

use std::sync::Arc;
use std::time::{Duration, Instant};

use congvan::core::quarantine::Reason;
use congvan::setup;
use congvan::{Gate, Node};
use tokio::sync::Mutex;

use super::clock;
use super::page;
use super::problem::Problem;
use super::text::Lang;
use super::time;
use crate::snapshot::Disk;

/// How old an answer may be.
const FRESH: Duration = Duration::from_secs(5);
/// Less free space than this is an alarm, ...
const LEAST_FREE: u64 = 2 << 30;
/// ... and less than this share of the disk, in per cent, ...
const LEAST_SHARE: u64 = 5;
/// ... unless there is still as much as this.
const ENOUGH_FREE: u64 = 20 << 30;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// An agency signed two entries with one number.
    Equivocation { agency: String, name: String, number: u64 },
    /// An entry's signature is bad, though its agency built on it.
    BadSignature { agency: String, name: String, number: u64 },
    /// Nothing can be sent, and that will not pass by itself.
    Closed { why: String },
    /// Nothing can be sent yet.
    Waiting { why: String },
    /// The disk is nearly full.
    Disk { free: u64 },
    /// This machine's clock is behind those of several agencies.
    ClockBehind { minutes: u64 },
    /// This machine's clock was set back behind our own last entry.
    ClockSetBack { minutes: u64 },
    /// Several agencies answered our documents before the time that this machine wrote on them.
    ClockAhead { minutes: u64 },
    /// No other node is connected.
    Alone,
}

impl Alarm {
    /// Whether it is shown on every page.
    pub(crate) fn is_grave(&self) -> bool {
        !matches!(self, Self::Waiting { .. })
    }

    pub(crate) fn title(&self, lang: Lang) -> String {
        match self {
            Self::Equivocation { name, .. } => lang.alarm_equivocation(name),
            Self::BadSignature { name, .. } => lang.alarm_bad_signature(name),
            Self::Closed { .. } => lang.alarm_closed(),
            Self::Waiting { .. } => lang.alarm_waiting(),
            Self::Disk { free } => lang.alarm_disk(lang.size(*free)),
            Self::ClockBehind { minutes } | Self::ClockSetBack { minutes } => lang.alarm_clock(minutes),
            Self::ClockAhead { minutes } => lang.alarm_clock_ahead(minutes),
            Self::Alone => lang.alarm_alone(),
        }
    }

    /// What to do.
    pub(crate) fn next(&self, lang: Lang) -> String {
        match self {
            Self::Equivocation { agency, number, .. } => lang.alarm_equivocation_next(agency, lang.number(*number)),
            Self::BadSignature { agency, number, .. } => lang.alarm_bad_signature_next(agency, lang.number(*number)),
            Self::Closed { .. } => lang.alarm_closed_next(),
            Self::Waiting { .. } => lang.alarm_waiting_next(),
            Self::Disk { .. } => lang.alarm_disk_next(),
            Self::ClockBehind { .. } | Self::ClockAhead { .. } => lang.alarm_clock_behind_next(),
            Self::ClockSetBack { .. } => lang.alarm_clock_set_back_next(),
            Self::Alone => lang.alarm_alone_next(),
        }
    }

    /// What a technician may want to know.
    pub(crate) fn detail(&self) -> Option<&str> {
        match self {
            Self::Closed { why } | Self::Waiting { why } => Some(why),
            _ => None,
        }
    }
}

/// The alarms, remembered for a moment.
#[derive(Debug, Default)]
pub(crate) struct Watch(Mutex<Option<(Instant, Arc<Vec<Alarm>>)>>);

impl Watch {
    /// What is wrong now, the gravest first.
    pub(crate) async fn look(&self, node: &Node) -> Result<Arc<Vec<Alarm>>, Problem> {
        let mut known = self.0.lock().await;
        if let Some((at, alarms)) = &*known
            && at.elapsed() < FRESH
        {
            return Ok(alarms.clone());
        }
        let peers = node.peers().await.len();
        let node = node.clone();
        let alarms = tokio::task::spawn_blocking(move || look(&node, peers)).await.map_err(Problem::internal)?;
        let alarms = Arc::new(alarms);
        *known = Some((Instant::now(), alarms.clone()));
        Ok(alarms)
    }
}

fn look(node: &Node, peers: usize) -> Vec<Alarm> {
    let mut alarms = distrusted(node);
    alarms.extend(match node.gate() {
        Gate::Open => None,
        Gate::Refused(why) => Some(Alarm::Closed { why }),
        Gate::Waiting(why) => Some(Alarm::Waiting { why }),
    });
    match Disk::of(node) {
        Ok(disk) => alarms.extend(disk_alarm(disk.free, disk.total)),
        Err(error) => tracing::warn!(%error, "how full the disk is cannot be seen"),
    }
    alarms.extend(clock::look(node, setup::now()));
    let others = node.ledger().roster().agencies().filter(|agency| !agency.nodes.is_empty()).count() > 1;
    if others && peers == 0 {
        alarms.push(Alarm::Alone);
    }
    alarms
}

fn distrusted(node: &Node) -> Vec<Alarm> {
    let (ledger, mut alarms) = (node.ledger(), Vec::new());
    let roster = ledger.roster();
    for chain in ledger.chains() {
        let Some(quarantine) = ledger.status(chain).quarantined else { continue };
        let agency = roster.agency(chain).map_or_else(|| "roster".to_owned(), |agency| agency.code.to_string());
        let (name, number) = (page::name_of(node, &agency), quarantine.from.get());
        alarms.push(match quarantine.reason {
            Reason::Equivocation => Alarm::Equivocation { agency, name, number },
            Reason::BadSignature => Alarm::BadSignature { agency, name, number },
        });
    }
    alarms
}

fn disk_alarm(free: u64, total: u64) -> Option<Alarm> {
    let short = free < LEAST_FREE || (free < ENOUGH_FREE && free < total / 100 * LEAST_SHARE);
    short.then_some(Alarm::Disk { free })
}

impl Lang {
    /// Seconds, in the largest unit that fits.
    pub(crate) fn duration(self, seconds: u64) -> String {
        match seconds {
            0..60 => self.seconds(seconds),
            60..3_600 => self.minutes(seconds / 60),
            3_600..86_400 => self.hours(seconds / 3_600),
            _ => self.days(seconds / 86_400),
        }
    }
}

/// The time that the alarms were looked at, as the page says it.
pub(crate) fn now() -> String {
    time::moment(setup::now().as_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_nearly_full_at_its_bounds() {
        let (gib, tib) = (1 << 30, 1 << 40);
        assert_eq!(disk_alarm(LEAST_FREE, 10 * gib), None);
        assert_eq!(disk_alarm(LEAST_FREE - 1, 10 * gib), Some(Alarm::Disk { free: LEAST_FREE - 1 }));
        assert_eq!(disk_alarm(10 * gib, tib), Some(Alarm::Disk { free: 10 * gib }));
        assert_eq!(disk_alarm(ENOUGH_FREE, tib), None, "a large disk with much room");
    }
}
