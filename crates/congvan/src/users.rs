//! The people who may use a node's web console: a name, a role, and a password that is kept only as its
//! argon2id hash.
//!
//! They stand in one file of the node's directory, `users.json`, with mode 0600. A running console reads it
//! again when it changes, so that a new password or a removed user counts from the next page on.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use congvan_core::Time;
use congvan_core::rng::{self, RandomError};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::private_file::{self, PrivateFileError};
use crate::setup::{self, Home};

/// The most bytes of a user's name.
pub const MAX_NAME: usize = 64;
/// The fewest characters of a password.
pub const MIN_PASSWORD: usize = 10;
/// The most bytes of a password.
pub const MAX_PASSWORD: usize = 256;
/// The most bytes that somebody types as one: keyboards may write each accent by itself.
const MAX_TYPED: usize = 4 * MAX_PASSWORD;
/// The most users of one node.
pub const MAX_USERS: usize = 1_000;

/// What one guess costs: memory in KiB, and passes over it. A hash states its own, so these can grow.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const SALT: usize = 16;

/// Why the users cannot be read or changed. No error shows a password or its hash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsersError {
    /// The file.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// A name that is none.
    #[error("{0:?} is no user name: 1 to {MAX_NAME} letters a-z, digits, '.', '-' and '_'")]
    Name(String),
    /// A role that is none.
    #[error("{0:?} is no role; they are clerk and viewer")]
    Role(String),
    /// A password out of its bounds.
    #[error("a password has at least {MIN_PASSWORD} characters and at most {MAX_PASSWORD} bytes")]
    Password,
    /// There is such a user.
    #[error("there is a user {0} already; `password` gives another password")]
    Exists(UserName),
    /// There is no such user.
    #[error("there is no user {0}")]
    Unknown(UserName),
    /// Too many.
    #[error("a node has at most {MAX_USERS} users")]
    TooMany,
    /// The hash cannot be made.
    #[error("the password cannot be hashed: the system gave no memory for it")]
    Hash,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A user's name: 1 to [`MAX_NAME`] letters, digits, `.`, `-` and `_`; capitals count as small letters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

impl UserName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = UsersError;
    fn from_str(text: &str) -> Result<Self, UsersError> {
        let name = text.trim().to_ascii_lowercase();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        match name.len() {
            1..=MAX_NAME if name.bytes().all(allowed) => Ok(Self(name)),
            _ => Err(UsersError::Name(text.to_owned())),
        }
    }
}

impl TryFrom<String> for UserName {
    type Error = UsersError;
    fn try_from(text: String) -> Result<Self, UsersError> {
        text.parse()
    }
}

impl From<UserName> for String {
    fn from(name: UserName) -> Self {
        name.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a user may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Read, send and report.
    Clerk,
    /// Read.
    Viewer,
}

impl Role {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Viewer => "viewer",
        }
    }

    /// Whether it may send documents and report on them.
    pub fn may_write(self) -> bool {
        self == Self::Clerk
    }
}

impl FromStr for Role {
    type Err = UsersError;
    fn from_str(text: &str) -> Result<Self, UsersError> {
        [Self::Clerk, Self::Viewer]
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(UsersError::Role(text.to_owned()))
    }
}

/// A password, wiped when dropped, and not shown.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// A password that somebody chose.
    ///
    /// # Errors
    /// [`UsersError::Password`].
    pub fn new(text: String) -> Result<Self, UsersError> {
        let text = composed(&Zeroizing::new(text));
        match text.len() <= MAX_PASSWORD && text.chars().count() >= MIN_PASSWORD {
            true => Ok(Self(text)),
            false => Err(UsersError::Password),
        }
    }

    /// A new one: four groups of five letters and digits that nobody confuses.
    ///
    /// # Errors
    /// [`UsersError::Random`].
    pub fn generate() -> Result<Self, UsersError> {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let random = Zeroizing::new(rng::bytes::<20>(&mut rng::from_os()?));
        let mut text = Zeroizing::new(String::with_capacity(24));
        for (number, byte) in random.iter().enumerate() {
            if number > 0 && number % 5 == 0 {
                text.push('-');
            }
            text.push(char::from(LETTERS[usize::from(byte % 32)]));
        }
        Ok(Self(text))
    }

    /// The text: for whoever has to hand it to the user.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> Result<PasswordHashText, UsersError> {
        let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|_| UsersError::Hash)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let salt = rng::bytes::<SALT>(&mut rng::from_os()?);
        let hash = argon.hash_password_with_salt(self.0.as_bytes(), &salt).map_err(|_| UsersError::Hash)?;
        Ok(PasswordHashText(hash.to_string()))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A hash as PHC text, `$argon2id$…`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct PasswordHashText(String);

impl TryFrom<String> for PasswordHashText {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, &'static str> {
        match PasswordHash::new(&text).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id") {
            true => Ok(Self(text)),
            false => Err("not a hash of argon2id"),
        }
    }
}

impl From<PasswordHashText> for String {
    fn from(hash: PasswordHashText) -> Self {
        hash.0
    }
}

impl fmt::Debug for PasswordHashText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Somebody who may use the console.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// What they may do.
    pub role: Role,
    /// When they got their password: milliseconds since 1970.
    pub since: u64,
    hash: PasswordHashText,
}

/// The users of a node.
///
/// ```
/// use congvan::setup::Home;
/// use congvan::users::{Role, Users};
///
/// # let dir = tempfile::tempdir()?;
/// let home = Home::new(dir.path());
/// let mut users = Users::load(&home)?;
/// let password = users.add("vanthu".parse()?, Role::Clerk, None)?;
/// users.save(&home)?;
///
/// let users = Users::load(&home)?;
/// assert!(users.check("vanthu", password.expose()).is_some());
/// assert!(users.check("vanthu", "something else").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    users: BTreeMap<UserName, User>,
}

impl Users {
    /// Reads them; none where there is no file yet.
    ///
    /// # Errors
    /// [`UsersError`] names the file and what to do.
    pub fn load(home: &Home) -> Result<Self, UsersError> {
        Ok(private_file::load(&home.users())?)
    }

    /// Writes them, durably and at once: after a crash the file is the old one or the new one.
    ///
    /// # Errors
    /// [`UsersError::File`].
    pub fn save(&self, home: &Home) -> Result<(), UsersError> {
        Ok(private_file::save(&home.users(), self)?)
    }

    /// Adds a user, with a new password or a chosen one; returns the password.
    ///
    /// # Errors
    /// [`UsersError`]; nothing changed then.
    pub fn add(&mut self, name: UserName, role: Role, password: Option<Password>) -> Result<Password, UsersError> {
        if self.users.contains_key(&name) {
            return Err(UsersError::Exists(name));
        }
        if self.users.len() >= MAX_USERS {
            return Err(UsersError::TooMany);
        }
        let password = password.map_or_else(Password::generate, Ok)?;
        self.users.insert(name, User { role, since: now(), hash: password.hash()? });
        Ok(password)
    }

    /// Gives a user another password, new or chosen; the old one is worth nothing from then on.
    ///
    /// # Errors
    /// [`UsersError`]; nothing changed then.
    pub fn change(&mut self, name: &UserName, password: Option<Password>) -> Result<Password, UsersError> {
        let user = self.users.get_mut(name).ok_or_else(|| UsersError::Unknown(name.clone()))?;
        let password = password.map_or_else(Password::generate, Ok)?;
        (user.hash, user.since) = (password.hash()?, now());
        Ok(password)
    }

    /// Removes a user.
    ///
    /// # Errors
    /// [`UsersError::Unknown`].
    pub fn remove(&mut self, name: &UserName) -> Result<User, UsersError> {
        self.users.remove(name).ok_or_else(|| UsersError::Unknown(name.clone()))
    }

    /// The user with this name.
    pub fn get(&self, name: &UserName) -> Option<&User> {
        self.users.get(name)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&UserName, &User)> {
        self.users.iter()
    }

    /// Whose name and password these are. It takes as long for a name that nobody has. It computes for some
    /// tens of milliseconds and takes 19 MiB: bound how often it runs at once.
    pub fn check(&self, name: &str, password: &str) -> Option<(UserName, User)> {
        // A real hash of nothing in particular, with the costs of those that are made here.
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Y29uZ3ZhbmNvbmd2YW4$\
                              b1s3qSk8Hk0v2c1nYv4o1gJ7Q2m5y1Fv0T1m0m1m0m0";
        let found = name.parse::<UserName>().ok().and_then(|name| self.users.get_key_value(&name));
        let hash = found.map_or(NOBODY, |(_, user)| user.hash.0.as_str());
        let hash = PasswordHash::new(hash).ok()?;
        let typed = composed(password);
        let right = password.len() <= MAX_TYPED && Argon2::default().verify_password(typed.as_bytes(), &hash).is_ok();
        found.filter(|_| right).map(|(name, user)| (name.clone(), user.clone()))
    }
}

/// Text with each letter as one, whatever keyboard it was typed on: "ế" has several ways to be written.
fn composed(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.nfc().collect())
}

fn now() -> u64 {
    Time::as_millis(setup::now())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::fs;
    use std::time::{Duration, Instant};

    use super::*;

    fn name(text: &str) -> UserName {
        text.parse().unwrap()
    }

    fn chosen(text: &str) -> Option<Password> {
        Some(Password::new(text.to_owned()).unwrap())
    }

    #[test]
    fn what_is_saved_is_loaded_and_holds_no_password() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        let mut users = Users::default();
        users.add(name("vanthu"), Role::Clerk, chosen("mật khẩu rất dài")).unwrap();
        let made = users.add(name("lanhdao"), Role::Viewer, None).unwrap();
        users.save(&home).unwrap();
        let text = fs::read_to_string(home.users()).unwrap();
        assert!(text.contains("$argon2id$") && !text.contains("mật khẩu") && !text.contains(made.expose()), "{text}");
        assert_eq!(fs::metadata(home.users()).unwrap().permissions().mode() & 0o777, 0o600);

        let loaded = Users::load(&home).unwrap();
        assert_eq!(loaded, users);
        assert!(loaded.check("vanthu", &"mật khẩu rất dài".nfd().collect::<String>()).is_some(), "another keyboard");
        let (who, user) = loaded.check(" VanThu ", "mật khẩu rất dài").unwrap();
        assert_eq!((who, user.role), (name("vanthu"), Role::Clerk));
        assert!(loaded.check("lanhdao", made.expose()).is_some());
        for (user, password) in [("vanthu", made.expose()), ("vanthu", ""), ("nobody", "mật khẩu rất dài"), ("", "")]
        {
            assert!(loaded.check(user, password).is_none(), "{user}");
        }

        fs::set_permissions(home.users(), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(Users::load(&home).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn an_unknown_name_takes_as_long_as_a_wrong_password() {
        let mut users = Users::default();
        users.add(name("vanthu"), Role::Clerk, chosen("mật khẩu rất dài")).unwrap();
        let fastest = |user: &str| -> Duration {
            let timed = || {
                let started = Instant::now();
                assert!(users.check(user, "another password").is_none());
                started.elapsed()
            };
            (0..5).map(|_| timed()).min().unwrap()
        };
        let (known, unknown) = (fastest("vanthu"), fastest("nobody"));
        assert!(unknown > known / 3 && unknown < known * 3, "{known:?} {unknown:?}");
    }

    #[test]
    fn names_passwords_and_numbers_have_bounds() {
        assert!("a".repeat(MAX_NAME).parse::<UserName>().is_ok());
        for wrong in ["", &"a".repeat(MAX_NAME + 1), "a b", "ế", "a/b"] {
            assert!(matches!(wrong.parse::<UserName>(), Err(UsersError::Name(_))), "{wrong}");
        }
        assert!(Password::new("ế".repeat(MIN_PASSWORD)).is_ok() && Password::new("a".repeat(MAX_PASSWORD)).is_ok());
        for wrong in ["ế".repeat(MIN_PASSWORD - 1), "a".repeat(MAX_PASSWORD + 1)] {
            assert!(matches!(Password::new(wrong), Err(UsersError::Password)));
        }
        let mut users = Users::default();
        users.add(name("u"), Role::Clerk, None).unwrap();
        let user = users.get(&name("u")).unwrap().clone();
        users.users.extend((1..MAX_USERS).map(|number| (name(&format!("u{number}")), user.clone())));
        assert!(matches!(users.add(name("more"), Role::Clerk, None), Err(UsersError::TooMany)));
        assert!(matches!(users.add(name("u1"), Role::Clerk, None), Err(UsersError::Exists(_))));
    }

    #[test]
    fn a_changed_password_is_another_and_a_removed_user_is_gone() {
        let mut users = Users::default();
        let old = users.add(name("vanthu"), Role::Clerk, None).unwrap();
        let new = users.change(&name("vanthu"), None).unwrap();
        assert!(users.check("vanthu", old.expose()).is_none() && users.check("vanthu", new.expose()).is_some());
        assert_eq!(format!("{new:?} {users:?}").matches('$').count(), 0);
        users.remove(&name("vanthu")).unwrap();
        assert!(users.check("vanthu", new.expose()).is_none());
        assert!(matches!(users.change(&name("vanthu"), None), Err(UsersError::Unknown(_))));
    }

    #[test]
    fn a_damaged_file_is_named_without_its_hashes() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        let mut users = Users::default();
        users.add(name("vanthu"), Role::Clerk, None).unwrap();
        users.save(&home).unwrap();
        let text = fs::read_to_string(home.users()).unwrap();
        for (from, to) in [("argon2id", "argon2x"), ("clerk", "chief"), ("\"since\"", "\"sinc\"")] {
            fs::write(home.users(), text.replace(from, to)).unwrap();
            let error = Users::load(&home).unwrap_err();
            assert!(
                matches!(error, UsersError::File(PrivateFileError::Malformed { .. }))
                    && !error.to_string().contains('$'),
                "{error}"
            );
        }
    }
}
