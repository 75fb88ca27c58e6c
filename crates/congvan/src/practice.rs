//! A network to practise in: a registrar and some agencies in one directory, for examples and for the
//! tests of software that embeds the node. Real agencies are admitted as `docs/operations.md` says.

use std::path::{Path, PathBuf};

use congvan_core::ids::NameError;
use congvan_core::{AgencyCode, RosterAction};

use crate::control::{OpenOptions, Request, Session, SessionError};
use crate::registrar::{Registrar, RegistrarError};
use crate::setup::SetupError;
use crate::{archive, setup};

/// Why the network cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PracticeError {
    /// A code.
    #[error(transparent)]
    Code(#[from] NameError),
    /// A directory or file.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The roster.
    #[error(transparent)]
    Registrar(#[from] RegistrarError),
    /// The roster's way to the agencies.
    #[error(transparent)]
    Transfer(#[from] archive::TransferError),
    /// The same.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// An agency to admit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// Makes a network whose registrar has admitted these agencies: the registrar's directory under
/// `dir/registrar`, each agency's under `dir/agency-CODE`, which are returned in order.
///
/// # Errors
/// [`PracticeError`]; nothing that exists is overwritten.
pub async fn network(dir: &Path, name: &str, agencies: &[Agency]) -> Result<Vec<PathBuf>, PracticeError> {
    let desk = dir.join("registrar");
    let genesis = setup::create_network(&desk, name, 1, 1, None)?;
    let (mut homes, mut roster) = (Vec::new(), Vec::new());
    let registrar = Registrar::open(&desk, None)?;
    for agency in agencies {
        let code = AgencyCode::new(&*agency.code)?;
        let home = dir.join(format!("agency-{code}"));
        let admission = setup::create_agency(&home, &genesis, code, &agency.name, None, None)?;
        registrar.change(RosterAction::Admit(admission))?;
        homes.push(home);
    }
    archive::export(registrar.ledger(), false, &mut roster, &mut |_| {})?;
    for home in &homes {
        let session = Session::open(home, OpenOptions { passphrase: None, offline: true }).await?;
        session.call_with(Request::Import, &mut roster.as_slice()).await?;
        session.close().await;
    }
    Ok(homes)
}
