//! The registrar's desk: a directory with registrars' keys and a ledger that holds the roster.

use std::path::Path;
use std::sync::Arc;

use congvan_core::keyfile::Keys;
use congvan_core::roster::RosterError;
use congvan_core::{ChainId, Point, Roster, RosterAction, SecretKey, UnverifiedEntry, VerifiedEntry};
use congvan_store::{IngestError, Ledger, OpenError};

use crate::setup::{self, Home, SetupError};

/// Why the roster could not be changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrarError {
    /// Keys or files.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The ledger does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The change breaks the roster's rules.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// The change could not be stored.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// No registrar's key is in the directory.
    #[error("{0} has no registrar-1.key: this is not a registrar's directory")]
    NoKeys(std::path::PathBuf),
}

/// Changes a network's roster with the registrars' keys in one directory.
#[derive(Debug)]
pub struct Registrar {
    ledger: Ledger,
    keys: Vec<SecretKey>,
}

impl Registrar {
    /// Opens a directory that [`setup::create_network`] made.
    ///
    /// # Errors
    /// [`RegistrarError`] says which file and what to do.
    pub fn open(dir: &Path, passphrase: Option<&str>) -> Result<Self, RegistrarError> {
        let home = Home::new(dir);
        let mut keys = Vec::new();
        for path in (1..).map(|number| home.registrar_key(number)).take_while(|path| path.exists()) {
            match setup::read_keys(&path, passphrase)? {
                Keys::Registrar(key) => keys.push(key),
                _ => return Err(SetupError::WrongKeys(path).into()),
            }
        }
        if keys.is_empty() {
            return Err(RegistrarError::NoKeys(dir.to_owned()));
        }
        Ok(Self { ledger: Ledger::open(&home.ledger(), Default::default())?, keys })
    }

    /// The roster as it stands here.
    pub fn roster(&self) -> Arc<Roster> {
        self.ledger.roster()
    }

    /// The last entry of an agency's chain that this ledger knows.
    pub fn head_of(&self, chain: ChainId) -> Option<Point> {
        self.ledger.status(chain).head
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Signs a change with the registrars' keys at hand, as many as are registrars now, and stores it.
    ///
    /// # Errors
    /// [`RegistrarError`]; the roster is unchanged then.
    pub fn change(&self, action: RosterAction) -> Result<VerifiedEntry, RegistrarError> {
        let roster = self.ledger.roster();
        let (registrars, _) = roster.registrars();
        let signers: Vec<_> = self.keys.iter().filter(|key| registrars.contains(&key.public())).collect();
        let change = roster.propose(action, setup::now(), &signers)?;
        let entry = UnverifiedEntry::parse(change.entry().bytes()).map_err(RosterError::from)?;
        self.ledger.ingest(roster.chain(), vec![entry])?;
        Ok(change.entry().clone())
    }
}
