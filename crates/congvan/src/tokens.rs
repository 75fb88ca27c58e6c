//! Tokens of the HTTP API: what a program shows to be let in, and what it may do.
//!
//! A token is 256 random bits as text and is shown once. The file of the node's directory, `tokens.json` (mode
//! 0600), has its hash alone: who reads the file, or a backup of it, can use none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use congvan_core::Time;
use serde::{Deserialize, Serialize};

use crate::private_file::{self, PrivateFileError};
use crate::setup::{self, Home};
use crate::systems::{Secret, SystemsError};

/// The most bytes of a token's name.
pub const MAX_NAME: usize = 64;
/// The most tokens of one node.
pub const MAX_TOKENS: usize = 1_000;
/// What every token begins with, so that one that leaked is found by whoever searches for it.
pub const PREFIX: &str = "cgv_";

/// Why the tokens cannot be read or changed. No error shows a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokensError {
    /// The file.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// A name that is none.
    #[error("{0:?} is no token name: 1 to {MAX_NAME} letters, digits, '.', '-' and '_'")]
    Name(String),
    /// A scope that is none.
    #[error("{0:?} is no scope; there are: {all}", all = Scope::ALL.map(Scope::name).join(", "))]
    Scope(String),
    /// A token that may do nothing.
    #[error("a token needs at least one scope")]
    NoScope,
    /// An expiry that has passed.
    #[error("the token would have expired already")]
    Past,
    /// There is such a token.
    #[error("there is a token {0} already; remove it first")]
    Exists(TokenName),
    /// There is no such token.
    #[error("there is no token {0}")]
    Unknown(TokenName),
    /// Too many.
    #[error("a node has at most {MAX_TOKENS} tokens")]
    TooMany,
    /// No randomness.
    #[error("no token could be made: {0}")]
    NotMade(#[from] SystemsError),
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwelcome {
    /// Nobody has it.
    #[error("the token is not known here")]
    Unknown,
    /// It was good once.
    #[error("the token has expired")]
    Expired,
}

/// A token's name: 1 to [`MAX_NAME`] letters, digits, `.`, `-` and `_`. A retry under an idempotency key is known by it,
/// so a program that gets a new token under its old name still sends once.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenName(String);

impl TokenName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenName {
    type Err = TokensError;
    fn from_str(text: &str) -> Result<Self, TokensError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        match text {
            text if text.is_empty() || text.len() > MAX_NAME || !text.bytes().all(allowed) => {
                Err(TokensError::Name(text.to_owned()))
            }
            text => Ok(Self(text.to_owned())),
        }
    }
}

impl TryFrom<String> for TokenName {
    type Error = TokensError;
    fn try_from(text: String) -> Result<Self, TokensError> {
        text.parse()
    }
}

impl From<TokenName> for String {
    fn from(name: TokenName) -> Self {
        name.0
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a token lets a program do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// List and fetch documents and their attachments.
    DocumentsRead,
    /// Send documents.
    DocumentsWrite,
    /// Report what became of documents.
    StatusWrite,
    /// The agencies, and the node's state.
    DirectoryRead,
    /// The procedures.
    CatalogueRead,
    /// Follow events, which show documents.
    EventsRead,
    /// Change webhooks.
    Admin,
}

impl Scope {
    /// All.
    pub const ALL: [Self; 7] = [
        Self::DocumentsRead,
        Self::DocumentsWrite,
        Self::StatusWrite,
        Self::DirectoryRead,
        Self::CatalogueRead,
        Self::EventsRead,
        Self::Admin,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::DocumentsRead => "documents:read",
            Self::DocumentsWrite => "documents:write",
            Self::StatusWrite => "status:write",
            Self::DirectoryRead => "directory:read",
            Self::CatalogueRead => "catalogue:read",
            Self::EventsRead => "events:read",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = TokensError;
    fn from_str(text: &str) -> Result<Self, TokensError> {
        let found = Self::ALL.into_iter().find(|scope| scope.name() == text);
        found.ok_or_else(|| TokensError::Scope(text.to_owned()))
    }
}

impl TryFrom<String> for Scope {
    type Error = TokensError;
    fn try_from(text: String) -> Result<Self, TokensError> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.name().to_owned()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A token's hash. Comparing two takes as long for equal ones as for others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct TokenHash(blake3::Hash);

impl TokenHash {
    fn of(token: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("congvan 2026 http api token v1");
        hasher.update(token.as_bytes());
        Self(hasher.finalize())
    }
}

impl TryFrom<String> for TokenHash {
    type Error = blake3::HexError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        blake3::Hash::from_hex(text).map(Self)
    }
}

impl From<TokenHash> for String {
    fn from(hash: TokenHash) -> Self {
        hash.0.to_string()
    }
}

/// What is kept of a token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    hash: TokenHash,
    /// What it lets its holder do.
    pub scopes: BTreeSet<Scope>,
    /// When it was made: milliseconds since 1970.
    pub since: u64,
    /// From when on it is worth nothing; `None`: until it is removed.
    pub expires: Option<u64>,
}

impl Token {
    /// Whether it lets its holder do that.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether it was good once.
    pub fn has_expired(&self, now: Time) -> bool {
        self.expires.is_some_and(|expires| now.as_millis() >= expires)
    }
}

/// The tokens of a node.
///
/// ```
/// use congvan::setup::{self, Home};
/// use congvan::tokens::{Scope, Tokens};
///
/// # let dir = tempfile::tempdir()?;
/// let home = Home::new(dir.path());
/// let mut tokens = Tokens::load(&home)?;
/// let secret = tokens.add("register".parse()?, [Scope::DocumentsRead], None)?;
/// tokens.save(&home)?;
/// println!("give this to the vendor, once: {}", secret.expose());
///
/// let tokens = Tokens::load(&home)?;
/// let (name, token) = tokens.admit(secret.expose(), setup::now())?;
/// assert!(name.as_str() == "register" && token.allows(Scope::DocumentsRead));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    tokens: BTreeMap<TokenName, Token>,
}

impl Tokens {
    /// Reads them; none where there is no file yet.
    ///
    /// # Errors
    /// [`TokensError::File`] names the file and what to do.
    pub fn load(home: &Home) -> Result<Self, TokensError> {
        Ok(private_file::load(&home.tokens())?)
    }

    /// Writes them, durably and at once.
    ///
    /// # Errors
    /// [`TokensError::File`].
    pub fn save(&self, home: &Home) -> Result<(), TokensError> {
        Ok(private_file::save(&home.tokens(), self)?)
    }

    /// Makes a token; returns its text, which is kept nowhere.
    ///
    /// # Errors
    /// [`TokensError`]; nothing changed then.
    pub fn add(
        &mut self,
        name: TokenName,
        scopes: impl IntoIterator<Item = Scope>,
        expires: Option<Time>,
    ) -> Result<Secret, TokensError> {
        let scopes: BTreeSet<_> = scopes.into_iter().collect();
        if self.tokens.contains_key(&name) {
            return Err(TokensError::Exists(name));
        }
        if scopes.is_empty() {
            return Err(TokensError::NoScope);
        }
        if self.tokens.len() >= MAX_TOKENS {
            return Err(TokensError::TooMany);
        }
        let now = setup::now();
        if expires.is_some_and(|expires| expires <= now) {
            return Err(TokensError::Past);
        }
        let secret = generate()?;
        let hash = TokenHash::of(secret.expose());
        let (since, expires) = (now.as_millis(), expires.map(Time::as_millis));
        self.tokens.insert(name, Token { hash, scopes, since, expires });
        Ok(secret)
    }

    /// Removes a token; it is worth nothing from then on.
    ///
    /// # Errors
    /// [`TokensError::Unknown`].
    pub fn remove(&mut self, name: &TokenName) -> Result<Token, TokensError> {
        self.tokens.remove(name).ok_or_else(|| TokensError::Unknown(name.clone()))
    }

    /// Whose token it is.
    ///
    /// # Errors
    /// [`Unwelcome`].
    pub fn admit(&self, presented: &str, now: Time) -> Result<(&TokenName, &Token), Unwelcome> {
        let hash = TokenHash::of(presented);
        // All are compared, whichever it is.
        let found =
            self.tokens.iter().fold(None, |found, entry| if entry.1.hash == hash { Some(entry) } else { found });
        let (name, token) = found.ok_or(Unwelcome::Unknown)?;
        if token.has_expired(now) { Err(Unwelcome::Expired) } else { Ok((name, token)) }
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&TokenName, &Token)> {
        self.tokens.iter()
    }
}

fn generate() -> Result<Secret, SystemsError> {
    Secret::new(format!("{PREFIX}{}", Secret::generate()?.expose()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::fs;

    use super::*;

    #[test]
    fn the_file_has_no_token_and_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let home = Home::new(dir.path());
        let mut tokens = Tokens::default();
        let secret = tokens.add("a".parse().unwrap(), Scope::ALL, None).unwrap();
        assert_eq!(secret.expose().len(), PREFIX.len() + 43, "43 letters of 64 have 258 bits");
        tokens.save(&home).unwrap();
        assert_eq!(fs::metadata(home.tokens()).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(home.tokens()).unwrap();
        assert!(!text.contains(&secret.expose()[PREFIX.len()..]) && text.contains("documents:read"), "{text}");
        assert_eq!(Tokens::load(&home).unwrap(), tokens);
        fs::write(home.tokens(), text.replace("documents:read", "documents:all")).unwrap();
        assert!(matches!(Tokens::load(&home), Err(TokensError::File(PrivateFileError::Malformed { .. }))));
    }

    #[test]
    fn only_the_very_token_is_let_in_and_only_in_its_time() {
        let mut tokens = Tokens::default();
        let now = setup::now().as_millis();
        let at = Time::from_millis;
        let secret = tokens.add("a".parse().unwrap(), [Scope::Admin], Some(at(now + 60_000))).unwrap();
        let (name, token) = tokens.admit(secret.expose(), at(now + 59_999)).unwrap();
        assert!(name.as_str() == "a" && token.allows(Scope::Admin) && !token.allows(Scope::DocumentsRead));
        assert_eq!(tokens.admit(secret.expose(), at(now + 60_000)).unwrap_err(), Unwelcome::Expired);
        for other in
            ["", "cgv_", &secret.expose()[1..], &format!("{}A", secret.expose()), &secret.expose().to_lowercase()]
        {
            assert_eq!(tokens.admit(other, at(now)).unwrap_err(), Unwelcome::Unknown, "{other}");
        }
        assert!(matches!(tokens.add("b".parse().unwrap(), [Scope::Admin], Some(at(1))), Err(TokensError::Past)));
        tokens.remove(&"a".parse().unwrap()).unwrap();
        assert_eq!(tokens.admit(secret.expose(), at(now)).unwrap_err(), Unwelcome::Unknown);
    }

    #[test]
    fn names_and_numbers_have_bounds() {
        assert!("a".repeat(MAX_NAME).parse::<TokenName>().is_ok());
        for wrong in ["", &"a".repeat(MAX_NAME + 1), "a b", "ế"] {
            assert!(matches!(wrong.parse::<TokenName>(), Err(TokensError::Name(_))));
        }
        let mut tokens = Tokens::default();
        for number in 0..MAX_TOKENS {
            tokens.add(format!("t{number}").parse().unwrap(), [Scope::Admin], None).unwrap();
        }
        assert!(matches!(tokens.add("more".parse().unwrap(), [Scope::Admin], None), Err(TokensError::TooMany)));
        assert!(matches!(tokens.add("t1".parse().unwrap(), [Scope::Admin], None), Err(TokensError::Exists(_))));
        tokens.remove(&"t1".parse().unwrap()).unwrap();
        assert!(matches!(tokens.add("t1".parse().unwrap(), [], None), Err(TokensError::NoScope)));
    }
}
