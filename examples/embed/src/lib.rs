//! What the example programs begin with: a network with two agencies, in a directory of their own.
//!
//! In practice the registrar does the first half on its machine and each agency the second on its own;
//! `docs/operations.md` has that way. The programs are in `examples/`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use congvan::Node;
use congvan::practice::{self, Agency};

/// The codes of the two agencies.
pub const CODES: [&str; 2] = ["000.00.00.H55", "000.00.01.H55"];

/// Makes a network whose registrar has admitted two agencies, and their homes under `dir`.
///
/// # Errors
/// As [`practice::network`].
pub async fn network(dir: &Path) -> Result<[PathBuf; 2], Box<dyn Error>> {
    let agency = |(code, name): (&str, &str)| Agency { code: code.to_owned(), name: name.to_owned() };
    let agencies = CODES.into_iter().zip(["UBND tỉnh Thái Nguyên", "Sở Tài chính"]).map(agency);
    let homes = practice::network(dir, "Thái Nguyên", &agencies.collect::<Vec<_>>()).await?;
    homes.try_into().map_err(|_| "a home for each agency".into())
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
