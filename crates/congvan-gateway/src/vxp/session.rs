//! How old a timestamp may be.
//!
//! The SDK takes its timestamp when its service object is made and sends it with every call of that object:
//! the recording shows one timestamp from sendEdoc to updateStatus. Software that keeps one object for as
//! long as it runs, as most does, would be out of any narrow window within minutes. So a timestamp must be
//! within the window when a system first uses it, and from then on stays good for as long as it is used: it
//! begins a *session*, which ends when it was idle for too long. Sessions outlive a restart of the node.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use congvan::store::Ledger;

use super::answer::Fault;
use super::time::UtcOffset;

/// The most sessions of one system that are remembered; the one that was idle longest gives way.
const MAX_SESSIONS: usize = 1_024;
/// The use of a session reaches the disk at least this often.
const PERSIST: u64 = 10 * 60 * 1000;

/// A timestamp in use.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Session {
    timestamp: i64,
    used: u64,
    persisted: u64,
}

/// The sessions of every system.
#[derive(Debug)]
pub(crate) struct Sessions {
    window: u64,
    idle: u64,
    offset: UtcOffset,
    known: Mutex<HashMap<String, Vec<Session>>>,
}

impl Sessions {
    /// `idle` zero knows no sessions: every timestamp must be within the window.
    pub(crate) fn new(window: Duration, idle: Duration, offset: UtcOffset) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { window: millis(window), idle: millis(idle), offset, known: Mutex::default() }
    }

    /// Whether a system whose signature was verified may use this timestamp now.
    pub(crate) fn admit(&self, ledger: &Ledger, system: &str, text: &str, now: u64) -> Result<(), Fault> {
        let timestamp = self.offset.stamp(text).ok_or_else(|| Fault::Timestamp(text.to_owned()))?;
        let age = i64::try_from(now).unwrap_or(i64::MAX).saturating_sub(timestamp);
        let fresh = age.unsigned_abs() <= self.window;
        let outside = || Fault::Window(text.to_owned(), self.window / 60_000, self.offset.written(now));
        if self.idle == 0 {
            return if fresh { Ok(()) } else { Err(outside()) };
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains_key(system) {
            let stored = ledger.get_local(&key(system))?;
            known.insert(system.to_owned(), stored.map(|bytes| decode(&bytes)).unwrap_or_default());
        }
        let Some(sessions) = known.get_mut(system) else { return Err(outside()) };
        sessions.retain(|session| now.saturating_sub(session.used) <= self.idle);
        let changed = match sessions.iter_mut().find(|session| session.timestamp == timestamp) {
            Some(session) => {
                session.used = session.used.max(now);
                let due = now.saturating_sub(session.persisted) >= PERSIST.min(self.idle / 4);
                session.persisted = if due { now } else { session.persisted };
                due
            }
            None if fresh => {
                if sessions.len() >= MAX_SESSIONS
                    && let Some(idle) = (0..sessions.len()).min_by_key(|at| sessions[*at].used)
                {
                    sessions.swap_remove(idle);
                }
                sessions.push(Session { timestamp, used: now, persisted: now });
                true
            }
            None => return Err(outside()),
        };
        if changed {
            ledger.put_local(&key(system), &encode(sessions))?;
        }
        Ok(())
    }
}

fn key(system: &str) -> Vec<u8> {
    [b"vxp/sessions/".as_slice(), system.as_bytes()].concat()
}

fn encode(sessions: &[Session]) -> Vec<u8> {
    let pair = |session: &Session| [session.timestamp.to_be_bytes(), session.used.to_be_bytes()].concat();
    sessions.iter().flat_map(pair).collect()
}

/// Half a session is none: then the system begins a new one.
fn decode(bytes: &[u8]) -> Vec<Session> {
    let number = |bytes: &[u8]| <[u8; 8]>::try_from(bytes).map(u64::from_be_bytes).unwrap_or_default();
    let session = |pair: &[u8]| {
        let (timestamp, used) = pair.split_at(8);
        let used = number(used);
        Session { timestamp: number(timestamp).cast_signed(), used, persisted: used }
    };
    bytes.chunks_exact(16).map(session).collect()
}
