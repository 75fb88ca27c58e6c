//! Who is logged in: sessions in memory, the tokens that make forms ours, and how often a password may be tried.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use congvan::core::rng::{self, RandomError};
use congvan::users::UserName;
use subtle::ConstantTimeEq;

use super::draft::Drafts;

/// The most sessions of a node; the one that was idle longest makes room.
pub(crate) const MAX_SESSIONS: usize = 1_000;
/// The most sessions of one user.
pub(crate) const MAX_OF_USER: usize = 16;
/// Tries before a name has to wait.
pub(crate) const FREE_TRIES: u32 = 5;
/// The first wait; each further failure doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// A name that nobody tried for so long begins anew.
const FORGOTTEN: Duration = Duration::from_secs(60 * 60);
/// Names whose failures are counted; the one that failed longest ago makes room.
pub(crate) const MAX_TRIED: usize = 10_000;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 32 random bytes as hexadecimal digits.
pub(crate) fn random() -> Result<String, RandomError> {
    Ok(hex::encode(rng::bytes::<32>(&mut rng::from_os()?)))
}

#[derive(Debug)]
struct Session {
    user: UserName,
    /// When the user's password was set: another password ends the session.
    since: u64,
    made: Instant,
    used: Instant,
    drafts: Arc<Drafts>,
}

/// What a cookie is worth.
#[derive(Debug)]
pub(crate) enum Found {
    Nothing,
    Expired,
    Session { user: UserName, since: u64, drafts: Arc<Drafts> },
}

/// The sessions of a node. A stop of the node ends them.
#[derive(Debug)]
pub(crate) struct Sessions {
    secret: [u8; 32],
    idle: Duration,
    absolute: Duration,
    /// By the hash of the cookie, so that looking one up tells nothing about another.
    open: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    pub(crate) fn new(idle: Duration, absolute: Duration) -> Result<Self, RandomError> {
        Ok(Self { secret: rng::bytes(&mut rng::from_os()?), idle, absolute, open: Mutex::default() })
    }

    fn key(cookie: &str) -> [u8; 32] {
        *blake3::hash(cookie.as_bytes()).as_bytes()
    }

    fn expired(&self, session: &Session, now: Instant) -> bool {
        let since = |moment| now.saturating_duration_since(moment);
        since(session.used) >= self.idle || since(session.made) >= self.absolute
    }

    /// Opens a session; returns its cookie.
    pub(crate) fn open(&self, user: UserName, since: u64, now: Instant) -> Result<String, RandomError> {
        let cookie = random()?;
        let mut open = lock(&self.open);
        let oldest = |open: &HashMap<[u8; 32], Session>, of: Option<&UserName>| {
            let of = open.iter().filter(|(_, session)| of.is_none_or(|user| session.user == *user));
            of.min_by_key(|(_, session)| session.used).map(|(key, _)| *key)
        };
        let own = open.values().filter(|session| session.user == user).count();
        let victim = match (own >= MAX_OF_USER, open.len() >= MAX_SESSIONS) {
            (true, _) => oldest(&open, Some(&user)),
            (_, true) => oldest(&open, None),
            _ => None,
        };
        victim.and_then(|key| open.remove(&key));
        let session = Session { user, since, made: now, used: now, drafts: Arc::default() };
        open.insert(Self::key(&cookie), session);
        Ok(cookie)
    }

    /// What a cookie is worth now; a session is used by that.
    pub(crate) fn find(&self, cookie: &str, now: Instant) -> Found {
        let mut open = lock(&self.open);
        let key = Self::key(cookie);
        let Some(session) = open.get_mut(&key) else { return Found::Nothing };
        if self.expired(session, now) {
            open.remove(&key);
            return Found::Expired;
        }
        session.used = now;
        Found::Session { user: session.user.clone(), since: session.since, drafts: session.drafts.clone() }
    }

    /// Ends a session.
    pub(crate) fn close(&self, cookie: &str) {
        lock(&self.open).remove(&Self::key(cookie));
    }

    /// The token that forms carry for whoever has this cookie.
    pub(crate) fn token(&self, cookie: &str) -> String {
        blake3::keyed_hash(&self.secret, cookie.as_bytes()).to_hex().to_string()
    }

    /// Whether a form came from a page that was made for this cookie.
    pub(crate) fn is_token(&self, cookie: &str, token: &str) -> bool {
        self.token(cookie).as_bytes().ct_eq(token.as_bytes()).into()
    }
}

#[derive(Debug)]
struct Tries {
    failed: u32,
    last: Instant,
}

impl Tries {
    fn wait(&self) -> Duration {
        match self.failed.checked_sub(FREE_TRIES) {
            None => Duration::ZERO,
            Some(beyond) => FIRST_WAIT.saturating_mul(1 << beyond.min(16)).min(LONGEST_WAIT),
        }
    }
}

/// How often each name was tried with a wrong password.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<String, Tries>>);

impl Throttle {
    /// Counts a try, before its password is looked at; what succeeds is taken back.
    ///
    /// # Errors
    /// How long the name has to wait.
    pub(crate) fn try_once(&self, name: &str, now: Instant) -> Result<(), Duration> {
        let mut tried = lock(&self.0);
        tried.retain(|_, tries| now.saturating_duration_since(tries.last) < FORGOTTEN);
        let name = name.trim().to_ascii_lowercase();
        if tried.len() >= MAX_TRIED && !tried.contains_key(&name) {
            let stalest = tried.iter().min_by_key(|(_, tries)| tries.last).map(|(name, _)| name.clone());
            stalest.and_then(|name| tried.remove(&name));
        }
        let tries = tried.entry(name).or_insert(Tries { failed: 0, last: now });
        let left = tries.wait().saturating_sub(now.saturating_duration_since(tries.last));
        if !left.is_zero() {
            return Err(left);
        }
        (tries.failed, tries.last) = (tries.failed.saturating_add(1), now);
        Ok(())
    }

    /// Forgets the failures of a name whose password was right.
    pub(crate) fn succeeded(&self, name: &str) {
        lock(&self.0).remove(&name.trim().to_ascii_lowercase());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn sessions() -> Sessions {
        Sessions::new(30 * MINUTE, 600 * MINUTE).unwrap()
    }

    fn user(text: &str) -> UserName {
        text.parse().unwrap()
    }

    #[test]
    fn a_session_ends_when_idle_and_at_the_latest_after_its_whole_time() {
        let (sessions, start) = (sessions(), Instant::now());
        let is_open = |cookie: &str, at: Instant| matches!(sessions.find(cookie, at), Found::Session { .. });
        let cookie = sessions.open(user("a"), 1, start).unwrap();
        assert!(is_open(&cookie, start + 29 * MINUTE) && is_open(&cookie, start + 58 * MINUTE));
        assert!(matches!(sessions.find(&cookie, start + 88 * MINUTE), Found::Expired));
        assert!(matches!(sessions.find(&cookie, start), Found::Nothing), "expired once is gone");

        let cookie = sessions.open(user("a"), 1, start).unwrap();
        for used in (0..600).step_by(20) {
            assert!(is_open(&cookie, start + used * MINUTE));
        }
        assert!(matches!(sessions.find(&cookie, start + 600 * MINUTE), Found::Expired));
    }

    #[test]
    fn a_closed_session_is_nothing_and_a_guessed_cookie_too() {
        let (sessions, now) = (sessions(), Instant::now());
        let cookie = sessions.open(user("a"), 1, now).unwrap();
        assert!(matches!(sessions.find(&cookie[1..], now), Found::Nothing));
        sessions.close(&cookie);
        assert!(matches!(sessions.find(&cookie, now), Found::Nothing));
    }

    #[test]
    fn sessions_have_bounds() {
        let (sessions, start) = (sessions(), Instant::now());
        let at = |second: usize| start + Duration::from_secs(second as u64);
        let first = sessions.open(user("a"), 1, start).unwrap();
        for second in 1..MAX_OF_USER {
            sessions.open(user("a"), 1, at(second)).unwrap();
        }
        assert_eq!(lock(&sessions.open).len(), MAX_OF_USER);
        sessions.open(user("a"), 1, at(MAX_OF_USER)).unwrap();
        assert_eq!(lock(&sessions.open).len(), MAX_OF_USER);
        assert!(matches!(sessions.find(&first, at(MAX_OF_USER)), Found::Nothing), "the oldest made room");
        for number in 0..MAX_SESSIONS {
            sessions.open(user(&format!("u{number}")), 1, at(100)).unwrap();
        }
        assert_eq!(lock(&sessions.open).len(), MAX_SESSIONS);
    }

    #[test]
    fn a_token_is_good_for_its_own_session_alone() {
        let sessions = sessions();
        let token = sessions.token("one");
        assert!(sessions.is_token("one", &token));
        assert!(!sessions.is_token("two", &token) && !sessions.is_token("one", "") && !sessions.is_token("one", "x"));
        assert!(!self::sessions().is_token("one", &token), "another node's");
    }

    #[test]
    fn a_name_waits_longer_with_every_failure_and_others_do_not() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        for _ in 0..FREE_TRIES {
            throttle.try_once("vanthu", start).unwrap();
        }
        assert_eq!(throttle.try_once(" VANTHU", start), Err(FIRST_WAIT));
        throttle.try_once("another", start).unwrap();
        let mut now = start + FIRST_WAIT;
        throttle.try_once("vanthu", now).unwrap();
        assert_eq!(throttle.try_once("vanthu", now), Err(2 * FIRST_WAIT));
        for _ in 0..10 {
            now += LONGEST_WAIT;
            throttle.try_once("vanthu", now).unwrap();
        }
        assert_eq!(throttle.try_once("vanthu", now), Err(LONGEST_WAIT));
        throttle.succeeded("vanthu");
        throttle.try_once("vanthu", now).unwrap();
    }

    #[test]
    fn failures_are_forgotten_and_bounded() {
        let (throttle, start) = (Throttle::default(), Instant::now());
        for number in 0..=MAX_TRIED {
            throttle.try_once(&number.to_string(), start + Duration::from_millis(number as u64)).unwrap();
        }
        assert_eq!(lock(&throttle.0).len(), MAX_TRIED);
        assert!(!lock(&throttle.0).contains_key("0"));
        throttle.try_once("later", start + 2 * FORGOTTEN).unwrap();
        assert_eq!(lock(&throttle.0).len(), 1);
    }
}
