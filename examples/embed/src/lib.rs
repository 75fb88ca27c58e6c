//! What the example programs begin with: a network with two agencies, in a directory of their own.
//!
//! In practice the registrar does the first half on its machine and each agency the second on its own;
//! `docs/operations.md` has that way. The programs are in `examples/`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use congvan::control::{OpenOptions, Request, Session};
use congvan::core::{AgencyCode, RosterAction};
use congvan::registrar::Registrar;
use congvan::{Node, archive, setup};

/// The codes of the two agencies.
pub const CODES: [&str; 2] = ["000.00.00.H55", "000.00.01.H55"];

/// Makes a network whose registrar has admitted two agencies, and their homes under `dir`.
///
/// # Errors
/// A directory cannot be made or a ledger not opened.
pub async fn network(dir: &Path) -> Result<[PathBuf; 2], Box<dyn Error>> {
    let registrar = dir.join("registrar");
    let genesis = setup::create_network(&registrar, "Thái Nguyên", 1, 1, None)?;
    let homes = [dir.join("sender"), dir.join("receiver")];
    let mut roster = Vec::new();
    {
        let registrar = Registrar::open(&registrar, None)?;
        for ((home, code), name) in homes.iter().zip(CODES).zip(["UBND tỉnh Thái Nguyên", "Sở Tài chính"]) {
            let admission = setup::create_agency(home, &genesis, AgencyCode::new(code)?, name, None, None)?;
            registrar.change(RosterAction::Admit(admission))?;
        }
        archive::export(registrar.ledger(), false, &mut roster, &mut |_| {})?;
    }
    for home in &homes {
        let session = Session::open(home, OpenOptions { passphrase: None, offline: true }).await?;
        session.call_with(Request::Import, &mut roster.as_slice()).await?;
        session.close().await;
    }
    Ok(homes)
}

/// The first address that a node listens on, for another to bootstrap by; waits until it does.
pub async fn address(node: &Node) -> String {
    loop {
        if let Some(address) = node.listen_addresses().await.into_iter().next() {
            return address;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
