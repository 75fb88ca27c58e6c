//! The invitations of a registrar's desk: who may enrol by a one-time code, and what became of each.
//!
//! They are kept in one file of the registrar's directory, `invitations.json`, with mode 0600. Of a code only
//! two hashes are there: with them nobody can enrol, but whoever reads the file could pass for the registrar
//! towards the holder of the code.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use congvan_core::codec::{BoundError, Wire};
use congvan_core::invitation::{InvitationCode, ProofKey, name_of};
use congvan_core::limits::MAX_NAME;
use congvan_core::rng::{self, RandomError};
use congvan_core::{Admission, AgencyCode, NodeKey, Text, Time};
use serde::{Deserialize, Serialize};

use crate::setup::{self, Home};

/// The most invitations of a desk, ended ones included until they are forgotten.
pub const MAX_INVITATIONS: usize = 4_096;
/// The longest that an invitation may hold: 30 days.
pub const MAX_HOURS: u32 = 30 * 24;
/// Proofs and admissions that do not fit, after which an invitation is void.
pub const MAX_FAILURES: u32 = 5;
/// Ended invitations are forgotten so long after they were made: 90 days.
const KEEP_MS: u64 = 90 * 24 * 3600 * 1000;
/// The most bytes of the file.
const MAX_FILE: u64 = 64 << 20;

/// Why invitations cannot be read or changed. No error shows a code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvitationError {
    /// The file.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file is not what this software writes.
    #[error("{path}, line {line}: not the invitations of a registrar; restore it, or remove it and invite anew")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// The name is too long.
    #[error("the name: {0}")]
    Name(#[from] BoundError),
    /// Too long, or no time at all.
    #[error("an invitation holds for 1 to {MAX_HOURS} hours, not {0}")]
    Hours(u32),
    /// The agency is invited already.
    #[error("{0} is invited already; revoke that invitation first")]
    Open(AgencyCode),
    /// No open invitation is for it.
    #[error("no open invitation is for {0}")]
    Unknown(String),
    /// Too many.
    #[error("a desk has at most {MAX_INVITATIONS} invitations; ended ones are forgotten 90 days after they were made")]
    TooMany,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// What became of an invitation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub(crate) enum State {
    /// Nothing yet.
    Open,
    /// These keys ask to be admitted, and wait for other registrars.
    Asked {
        #[serde(with = "hexed")]
        admission: Admission,
    },
    /// These keys are admitted.
    Admitted {
        #[serde(with = "hexed")]
        admission: Admission,
        at: u64,
        /// The agency has the whole roster.
        collected: bool,
    },
    /// The registrar took it back.
    Revoked,
}

/// Where an invitation stands, for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The agency may enrol.
    Open,
    /// It asked, and other registrars have to approve.
    Asked,
    /// It is admitted.
    Admitted,
    /// Its time is over.
    Expired,
    /// The registrar took it back.
    Revoked,
    /// It was misused [`MAX_FAILURES`] times.
    Void,
}

/// One invitation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    #[serde(with = "key")]
    guest: NodeKey,
    #[serde(with = "bytes")]
    proof: [u8; 32],
    #[serde(with = "code")]
    agency: AgencyCode,
    name: String,
    #[serde(with = "parent")]
    parent: Option<AgencyCode>,
    made: u64,
    expires: u64,
    failures: u32,
    pub(crate) state: State,
}

impl Invitation {
    /// Its name: the network key of its guest.
    pub fn guest(&self) -> NodeKey {
        self.guest
    }

    /// Whom it is for.
    pub fn agency(&self) -> &AgencyCode {
        &self.agency
    }

    /// The agency's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The agency above it.
    pub fn parent(&self) -> Option<&AgencyCode> {
        self.parent.as_ref()
    }

    /// When it was made.
    pub fn made(&self) -> Time {
        Time::from_millis(self.made)
    }

    /// Until when it holds.
    pub fn expires(&self) -> Time {
        Time::from_millis(self.expires)
    }

    /// Where it stands at `now`.
    pub fn standing(&self, now: Time) -> Standing {
        match self.state {
            State::Admitted { .. } => Standing::Admitted,
            State::Revoked => Standing::Revoked,
            _ if self.failures >= MAX_FAILURES => Standing::Void,
            _ if self.expires <= now.as_millis() => Standing::Expired,
            State::Open => Standing::Open,
            State::Asked { .. } => Standing::Asked,
        }
    }

    pub(crate) fn proof(&self) -> ProofKey {
        ProofKey::from_bytes(self.proof)
    }

    pub(crate) fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
    }

    /// Whether somebody may still come for it.
    fn awaits(&self, now: Time) -> bool {
        match (&self.state, self.standing(now)) {
            // Admitted, but the agency has not got the roster yet.
            (State::Admitted { collected, .. }, _) => !collected && self.expires > now.as_millis(),
            (_, standing) => matches!(standing, Standing::Open | Standing::Asked),
        }
    }
}

/// What an invitation is to be for.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The agency's code.
    pub agency: AgencyCode,
    /// Its name.
    pub name: String,
    /// The agency above it.
    pub parent: Option<AgencyCode>,
    /// For how many hours it holds: 1 to [`MAX_HOURS`].
    pub hours: u32,
}

/// A desk's invitations.
///
/// ```
/// use congvan::core::AgencyCode;
/// use congvan::invitations::{Invitations, Invite, Standing};
/// use congvan::setup::{Home, now};
///
/// # let dir = tempfile::tempdir()?;
/// let home = Home::new(dir.path());
/// let invite = Invite { agency: AgencyCode::new("H55.01")?, name: "Sở Tài chính".into(), parent: None, hours: 72 };
/// let code = Invitations::change(&home, |invitations| invitations.invite(invite))?;
/// println!("read this to the agency, once: {}", *code.expose());
///
/// let invitations = Invitations::load(&home)?;
/// assert_eq!(invitations.list().next().map(|invitation| invitation.standing(now())), Some(Standing::Open));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitations {
    invitations: Vec<Invitation>,
}

impl Invitations {
    /// Reads them; none where there is no file yet.
    ///
    /// # Errors
    /// [`InvitationError`] names the file and what to do.
    pub fn load(home: &Home) -> Result<Self, InvitationError> {
        let path = home.invitations();
        let file = |error| InvitationError::File { path: path.clone(), error };
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            found if found.as_ref().is_ok_and(|found| found.len() > MAX_FILE) => {
                return Err(InvitationError::Malformed { path, line: 1 });
            }
            found => found.map_err(file)?,
        };
        let text = fs::read(&path).map_err(file)?;
        serde_json::from_slice(&text).map_err(|error| InvitationError::Malformed { path, line: error.line() })
    }

    /// Reads, changes and writes them, durably and at once, while nobody else does; what fails changes nothing.
    ///
    /// # Errors
    /// The change's, or [`InvitationError`].
    pub fn change<T, E: From<InvitationError>>(
        home: &Home,
        change: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let path = home.invitations();
        let file = |error| InvitationError::File { path: path.clone(), error };
        // Closing the file lets go of the lock.
        let _lock = lock(home).map_err(file)?;
        let before = Self::load(home)?;
        let mut after = before.clone();
        let done = change(&mut after)?;
        if after != before {
            after.save(home).map_err(file)?;
        }
        Ok(done)
    }

    fn save(&self, home: &Home) -> io::Result<()> {
        // Made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(home.dir())?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(home.invitations())?;
        setup::sync_parent(&home.invitations())
    }

    /// Invites an agency; the code is nowhere but in what is returned.
    ///
    /// # Errors
    /// [`InvitationError`].
    pub fn invite(&mut self, invite: Invite) -> Result<InvitationCode, InvitationError> {
        let Invite { agency, name, parent, hours } = invite;
        let now = setup::now();
        if !(1..=MAX_HOURS).contains(&hours) {
            return Err(InvitationError::Hours(hours));
        }
        let name = Text::<MAX_NAME>::new(name)?.to_string();
        if self.invitations.iter().any(|other| other.agency == agency && open(other, now)) {
            return Err(InvitationError::Open(agency));
        }
        let made = now.as_millis();
        self.invitations.retain(|old| open(old, now) || old.made.saturating_add(KEEP_MS) > made);
        if self.invitations.len() >= MAX_INVITATIONS {
            return Err(InvitationError::TooMany);
        }
        let code = InvitationCode::generate(&mut rng::from_os()?);
        self.invitations.push(Invitation {
            guest: name_of(&code),
            proof: *code.proof().as_bytes(),
            expires: made.saturating_add(u64::from(hours) * 3_600_000),
            failures: 0,
            state: State::Open,
            agency,
            name,
            parent,
            made,
        });
        Ok(code)
    }

    /// Takes back the open invitation of an agency.
    ///
    /// # Errors
    /// [`InvitationError::Unknown`].
    pub fn revoke(&mut self, agency: &AgencyCode) -> Result<(), InvitationError> {
        let now = setup::now();
        let found =
            self.invitations.iter_mut().find(|invitation| invitation.agency == *agency && open(invitation, now));
        found.ok_or_else(|| InvitationError::Unknown(agency.to_string()))?.state = State::Revoked;
        Ok(())
    }

    /// All of them, the newest last.
    pub fn list(&self) -> impl Iterator<Item = &Invitation> {
        self.invitations.iter()
    }

    /// Whether anybody may still come.
    pub fn awaits(&self, now: Time) -> bool {
        self.invitations.iter().any(|invitation| invitation.awaits(now))
    }

    /// All guests: whose invitation has ended is told so.
    pub(crate) fn guests(&self) -> HashSet<NodeKey> {
        self.invitations.iter().map(|invitation| invitation.guest).collect()
    }

    pub(crate) fn of(&mut self, guest: NodeKey) -> Option<&mut Invitation> {
        self.invitations.iter_mut().find(|invitation| invitation.guest == guest)
    }
}

fn open(invitation: &Invitation, now: Time) -> bool {
    matches!(invitation.standing(now), Standing::Open | Standing::Asked)
}

fn lock(home: &Home) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(home.invitations().with_extension("lock"))?;
    file.lock()?;
    Ok(file)
}

/// How the model's types stand in the file.
macro_rules! as_text {
    ($name:ident: $type:ty, $write:expr, $read:expr) => {
        mod $name {
            use super::*;
            use serde::de::Error;
            use serde::{Deserializer, Serializer};

            pub(super) fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                let write: fn(&$type) -> _ = $write;
                write(value).serialize(serializer)
            }

            pub(super) fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<$type, D::Error> {
                let read: fn(_) -> Result<$type, String> = $read;
                read(Deserialize::deserialize(deserializer)?).map_err(D::Error::custom)
            }
        }
    };
}
as_text!(key: NodeKey, |key| key.to_string(), |text: String| text.parse().map_err(|_| "not a key".to_owned()));
as_text!(bytes: [u8; 32], |bytes| hex::encode(bytes), |text: String| {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map(|()| bytes).map_err(|error| error.to_string())
});
as_text!(code: AgencyCode, |code| code.to_string(), |text: String| AgencyCode::new(text).map_err(|e| e.to_string()));
as_text!(parent: Option<AgencyCode>, |code| code.as_ref().map(ToString::to_string), |text: Option<String>| {
    text.map(AgencyCode::new).transpose().map_err(|error| error.to_string())
});
as_text!(hexed: Admission, |admission| hex::encode(admission.to_bytes()), |text: String| {
    let bytes = hex::decode(text).map_err(|error| error.to_string())?;
    Admission::from_bytes(&bytes).map_err(|error| error.to_string())
});

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn invite(agency: &str, hours: u32) -> Invite {
        Invite { agency: AgencyCode::new(agency).unwrap(), name: "Sở Tài chính".into(), parent: None, hours }
    }

    #[test]
    fn the_file_holds_no_code() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        let code = Invitations::change(&home, |all| all.invite(invite("H55.01", 72))).unwrap();
        let text = fs::read_to_string(home.invitations()).unwrap();
        let letters = code.expose().replace('-', "");
        assert!(!text.contains(&letters) && !text.contains(code.expose().as_str()));
        assert!(!text.contains(&hex::encode(*code.guest().seed())));
        assert!(text.contains(&name_of(&code).to_string()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(home.invitations()).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(Invitations::load(&home).unwrap().list().count(), 1);
    }

    #[test]
    fn an_agency_has_one_open_invitation() {
        let mut all = Invitations::default();
        let code = AgencyCode::new("H55.01").unwrap();
        all.invite(invite("H55.01", 1)).unwrap();
        assert!(matches!(all.invite(invite("H55.01", 1)), Err(InvitationError::Open(_))));
        all.invite(invite("H55.02", 1)).unwrap();
        all.revoke(&code).unwrap();
        assert!(matches!(all.revoke(&code), Err(InvitationError::Unknown(_))));
        all.invite(invite("H55.01", 1)).unwrap();
        assert_eq!(all.list().count(), 3);
    }

    #[test]
    fn hours_names_failures_and_numbers_have_bounds() {
        let mut all = Invitations::default();
        assert!(matches!(all.invite(invite("a", 0)), Err(InvitationError::Hours(0))));
        assert!(matches!(all.invite(invite("a", MAX_HOURS + 1)), Err(InvitationError::Hours(_))));
        all.invite(invite("a", MAX_HOURS)).unwrap();
        assert!(all.invite(Invite { name: "x".repeat(MAX_NAME + 1), ..invite("b", 1) }).is_err());
        let one = &mut all.invitations[0];
        for _ in 1..MAX_FAILURES {
            one.failed();
        }
        assert_eq!(one.standing(setup::now()), Standing::Open);
        one.failed();
        assert_eq!(one.standing(setup::now()), Standing::Void);
        let one = all.invitations[0].clone();
        all.invitations = vec![Invitation { state: State::Revoked, ..one.clone() }; MAX_INVITATIONS - 1];
        all.invite(invite("b", 1)).unwrap();
        assert!(matches!(all.invite(invite("c", 1)), Err(InvitationError::TooMany)));
        // Ended ones are forgotten after 90 days.
        all.invitations[0].made -= KEEP_MS;
        all.invite(invite("c", 1)).unwrap();
        assert_eq!(all.list().count(), MAX_INVITATIONS);
    }

    #[test]
    fn time_ends_what_nobody_used() {
        let mut all = Invitations::default();
        all.invite(invite("a", 1)).unwrap();
        let end = all.invitations[0].expires();
        let before = Time::from_millis(end.as_millis() - 1);
        assert_eq!((all.invitations[0].standing(before), all.awaits(before)), (Standing::Open, true));
        assert_eq!((all.invitations[0].standing(end), all.awaits(end)), (Standing::Expired, false));
    }
}
