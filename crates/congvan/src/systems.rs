//! The programs that may speak for the agency: document-management software that reaches the node over
//! HTTP, each with a secret of its own, and bound to the agencies that it may speak for.
//!
//! They are kept in one file of the node's directory, `systems.json`, with mode 0600. What a system signs
//! with HMAC can be checked only by whoever holds the same secret, so the secrets stand there as they are,
//! and the file's mode is what protects them: a file that others may read is refused.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use congvan_core::rng::{self, RandomError};
use congvan_core::{AgencyCode, Time};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::private_file::{self, PrivateFileError};
use crate::setup::{self, Home};

/// The most bytes of a system's id.
pub const MAX_ID: usize = 64;
/// The fewest bytes of a secret. Those that are made here have 43.
pub const MIN_SECRET: usize = 8;
/// The most bytes of a secret.
pub const MAX_SECRET: usize = 256;
/// The most systems of one node.
pub const MAX_SYSTEMS: usize = 1_000;

/// Why the systems cannot be read or changed. No error shows a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemsError {
    /// The file.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Others may read the secrets.
    #[error("{path} has mode {mode:04o}: others may read the systems' secrets. Run: chmod 600 {path}")]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file is not what this software writes.
    #[error("{path}, line {line}: not the systems of a node; restore it, or remove it and add the systems anew")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// An id that is none.
    #[error("{0:?} is no system id: 1 to {MAX_ID} letters, digits, '.', '-' and '_'")]
    Id(String),
    /// A secret that is none.
    #[error("a secret has {MIN_SECRET} to {MAX_SECRET} bytes, without blanks or control characters; this has {0}")]
    Secret(usize),
    /// There is such a system.
    #[error("there is a system {0} already; `rotate` gives it another secret")]
    Exists(SystemId),
    /// There is no such system.
    #[error("there is no system {0}")]
    Unknown(SystemId),
    /// A system that may speak for nobody.
    #[error("a system speaks for at least one agency")]
    NoAgency,
    /// Too many.
    #[error("a node has at most {MAX_SYSTEMS} systems")]
    TooMany,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

impl From<PrivateFileError> for SystemsError {
    fn from(error: PrivateFileError) -> Self {
        match error {
            PrivateFileError::File { path, error } => Self::File { path, error },
            PrivateFileError::Mode { path, mode } => Self::Mode { path, mode },
            PrivateFileError::Malformed { path, line } => Self::Malformed { path, line },
        }
    }
}

/// A system's id: 1 to [`MAX_ID`] letters, digits, `.`, `-` and `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SystemId(String);

impl SystemId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SystemId {
    type Err = SystemsError;
    fn from_str(text: &str) -> Result<Self, SystemsError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        match text {
            text if text.is_empty() || text.len() > MAX_ID || !text.bytes().all(allowed) => {
                Err(SystemsError::Id(text.to_owned()))
            }
            text => Ok(Self(text.to_owned())),
        }
    }
}

impl TryFrom<String> for SystemId {
    type Error = SystemsError;
    fn try_from(text: String) -> Result<Self, SystemsError> {
        text.parse()
    }
}

impl From<SystemId> for String {
    fn from(id: SystemId) -> Self {
        id.0
    }
}

impl fmt::Display for SystemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A system's secret: [`MIN_SECRET`] to [`MAX_SECRET`] bytes of text. It is wiped when dropped, and not shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret that somebody else gave, such as the hub of today.
    ///
    /// # Errors
    /// [`SystemsError::Secret`].
    pub fn new(text: String) -> Result<Self, SystemsError> {
        let text = Zeroizing::new(text);
        let graphic = text.chars().all(|c| !c.is_control() && !c.is_whitespace());
        match text.len() {
            MIN_SECRET..=MAX_SECRET if graphic => Ok(Self(text)),
            other => Err(SystemsError::Secret(other)),
        }
    }

    /// A new one of 32 random bytes, as text.
    ///
    /// # Errors
    /// [`SystemsError::Random`].
    pub fn generate() -> Result<Self, SystemsError> {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let random = Zeroizing::new(rng::bytes::<43>(&mut rng::from_os()?));
        Ok(Self(Zeroizing::new(random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)])).collect())))
    }

    /// The text: for whoever has to hand it to the system, and for HMAC, whose key it is.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Secret {
    type Error = SystemsError;
    fn try_from(text: String) -> Result<Self, SystemsError> {
        Self::new(text)
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.0.as_str().to_owned()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A program that may speak for agencies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Its secret.
    pub secret: Secret,
    /// For whom it may speak, in order.
    #[serde(with = "codes")]
    pub agencies: Vec<AgencyCode>,
    /// When it got its secret: milliseconds since 1970.
    pub since: u64,
}

/// Agencies' codes in the file: a list of texts.
mod codes {
    use congvan_core::AgencyCode;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(codes: &[AgencyCode], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(codes.iter().map(AgencyCode::as_str))
    }

    pub(super) fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Vec<AgencyCode>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        texts.into_iter().map(AgencyCode::new).collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}

impl System {
    /// Whether it may speak for an agency.
    pub fn speaks_for(&self, code: &str) -> bool {
        self.agencies.iter().any(|agency| agency.as_str() == code)
    }
}

/// The systems of a node.
///
/// ```
/// use congvan::core::AgencyCode;
/// use congvan::setup::Home;
/// use congvan::systems::Systems;
///
/// # let dir = tempfile::tempdir()?;
/// let home = Home::new(dir.path());
/// let mut systems = Systems::load(&home)?;
/// let secret = systems.add("sys1".parse()?, vec![AgencyCode::new("000.00.00.H55")?], None)?;
/// systems.save(&home)?;
/// println!("give this to the vendor, once: {}", secret.expose());
///
/// let systems = Systems::load(&home)?;
/// assert!(systems.get("sys1").is_some_and(|system| system.speaks_for("000.00.00.H55")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Systems {
    systems: BTreeMap<SystemId, System>,
}

impl Systems {
    /// Reads them; none where there is no file yet.
    ///
    /// # Errors
    /// [`SystemsError`] names the file and what to do.
    pub fn load(home: &Home) -> Result<Self, SystemsError> {
        Ok(private_file::load(&home.systems())?)
    }

    /// Writes them, durably and at once: after a crash the file is the old one or the new one.
    ///
    /// # Errors
    /// [`SystemsError::File`].
    pub fn save(&self, home: &Home) -> Result<(), SystemsError> {
        Ok(private_file::save(&home.systems(), self)?)
    }

    /// Adds a system, with a new secret or a given one; returns the secret.
    ///
    /// # Errors
    /// [`SystemsError`]; nothing changed then.
    pub fn add(
        &mut self,
        id: SystemId,
        mut agencies: Vec<AgencyCode>,
        secret: Option<Secret>,
    ) -> Result<Secret, SystemsError> {
        if self.systems.contains_key(&id) {
            return Err(SystemsError::Exists(id));
        }
        if agencies.is_empty() {
            return Err(SystemsError::NoAgency);
        }
        if self.systems.len() >= MAX_SYSTEMS {
            return Err(SystemsError::TooMany);
        }
        agencies.sort();
        agencies.dedup();
        let secret = secret.map_or_else(Secret::generate, Ok)?;
        self.systems.insert(id, System { secret: secret.clone(), agencies, since: now() });
        Ok(secret)
    }

    /// Gives a system another secret; the old one is worth nothing from then on. Returns the new one.
    ///
    /// # Errors
    /// [`SystemsError`]; nothing changed then.
    pub fn rotate(&mut self, id: &SystemId, secret: Option<Secret>) -> Result<Secret, SystemsError> {
        let system = self.systems.get_mut(id).ok_or_else(|| SystemsError::Unknown(id.clone()))?;
        let secret = secret.map_or_else(Secret::generate, Ok)?;
        (system.secret, system.since) = (secret.clone(), now());
        Ok(secret)
    }

    /// Removes a system.
    ///
    /// # Errors
    /// [`SystemsError::Unknown`].
    pub fn remove(&mut self, id: &SystemId) -> Result<System, SystemsError> {
        self.systems.remove(id).ok_or_else(|| SystemsError::Unknown(id.clone()))
    }

    /// The system with this id.
    pub fn get(&self, id: &str) -> Option<&System> {
        self.systems.get(&SystemId(id.to_owned()))
    }

    /// All, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&SystemId, &System)> {
        self.systems.iter()
    }
}

fn now() -> u64 {
    Time::as_millis(setup::now())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::fs;

    use super::*;

    fn code() -> Vec<AgencyCode> {
        vec![AgencyCode::new("000.00.00.H55").unwrap()]
    }

    #[test]
    fn what_is_saved_is_loaded_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        let mut systems = Systems::default();
        let secret = systems.add("sys1".parse().unwrap(), code(), None).unwrap();
        let given = Secret::new("c2VjcmV0".to_owned()).unwrap();
        systems.add("sys2".parse().unwrap(), code(), Some(given)).unwrap();
        systems.save(&home).unwrap();
        assert_eq!(fs::metadata(home.systems()).unwrap().permissions().mode() & 0o777, 0o600);
        let loaded = Systems::load(&home).unwrap();
        assert_eq!(loaded, systems);
        assert_eq!(loaded.get("sys1").unwrap().secret, secret);
        assert_eq!(loaded.get("sys2").unwrap().secret.expose(), "c2VjcmV0");

        fs::set_permissions(home.systems(), fs::Permissions::from_mode(0o640)).unwrap();
        let refused = Systems::load(&home).unwrap_err().to_string();
        assert!(refused.contains("chmod 600") && !refused.contains("c2VjcmV0"), "{refused}");
    }

    #[test]
    fn a_damaged_file_is_named_without_its_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        let mut systems = Systems::default();
        systems.add("sys1".parse().unwrap(), code(), Some(Secret::new("tatsaechlich".into()).unwrap())).unwrap();
        systems.save(&home).unwrap();
        for (from, to) in [("000.00.00.H55", "null"), ("tatsaechlich", "kurz"), ("\"since\"", "\"sinc\"")] {
            let text = fs::read_to_string(home.systems()).unwrap();
            fs::write(home.systems(), text.replace(from, to)).unwrap();
            let error = Systems::load(&home).unwrap_err();
            assert!(matches!(error, SystemsError::Malformed { .. }), "{error}");
            assert!(!error.to_string().contains("tatsaechlich"));
            fs::write(home.systems(), text).unwrap();
        }
    }

    #[test]
    fn ids_secrets_and_numbers_have_bounds() {
        assert!("a".repeat(MAX_ID).parse::<SystemId>().is_ok());
        for wrong in ["", &"a".repeat(MAX_ID + 1), "a b", "a;b", "ế", "a/b"] {
            assert!(matches!(wrong.parse::<SystemId>(), Err(SystemsError::Id(_))), "{wrong}");
        }
        assert!(Secret::new("a".repeat(MIN_SECRET)).is_ok() && Secret::new("a".repeat(MAX_SECRET)).is_ok());
        for wrong in ["a".repeat(MIN_SECRET - 1), "a".repeat(MAX_SECRET + 1), "with blank".to_owned()] {
            assert!(matches!(Secret::new(wrong), Err(SystemsError::Secret(_))));
        }
        let mut systems = Systems::default();
        for number in 0..MAX_SYSTEMS {
            systems.add(format!("s{number}").parse().unwrap(), code(), None).unwrap();
        }
        assert!(matches!(systems.add("more".parse().unwrap(), code(), None), Err(SystemsError::TooMany)));
        assert!(matches!(systems.add("s1".parse().unwrap(), code(), None), Err(SystemsError::Exists(_))));
        systems.remove(&"s1".parse().unwrap()).unwrap();
        assert!(matches!(systems.add("s1".parse().unwrap(), vec![], None), Err(SystemsError::NoAgency)));
    }

    #[test]
    fn a_rotated_secret_is_another() {
        let mut systems = Systems::default();
        let id: SystemId = "sys1".parse().unwrap();
        let old = systems.add(id.clone(), code(), None).unwrap();
        let new = systems.rotate(&id, None).unwrap();
        assert!(old != new && systems.get("sys1").unwrap().secret == new);
        assert_eq!(format!("{new:?}"), "Secret(…)");
        assert!(matches!(systems.rotate(&"other".parse().unwrap(), None), Err(SystemsError::Unknown(_))));
    }
}
