//! Where a network begins.

use crate::codec::{BoundError, Decode, Encode, Sorted, Text, Wire};
use crate::domain;
use crate::ids::{NetworkId, Time};
use crate::keys::PublicKey;
use crate::limits::{MAX_NAME, MAX_REGISTRARS};
use crate::wire;

/// What every member of a network agrees on from the start: its name and its registrars.
///
/// Its hash is the [`NetworkId`], which every signature covers.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Genesis {
    /// What people call the network.
    pub name: Text<MAX_NAME>,
    /// When it was made, by its maker's clock.
    pub created: Time,
    /// The registrars' keys.
    pub registrars: Sorted<PublicKey, MAX_REGISTRARS>,
    /// How many of them a change of the roster needs.
    pub threshold: u16,
    /// Random bytes: two networks with one name and one registrar are still two.
    pub salt: [u8; 16],
}
wire!(Genesis, "genesis", 4096);

/// A genesis that no network can start from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// The name or the list of registrars is too long.
    #[error(transparent)]
    Bound(#[from] BoundError),
    /// k of n registrars with k = 0 or k > n.
    #[error("a change needs {threshold} of {registrars} registrars; it must be 1 to {registrars}")]
    Threshold {
        /// k.
        threshold: u16,
        /// n.
        registrars: usize,
    },
}

impl Genesis {
    /// A genesis with `threshold` of `registrars`.
    ///
    /// # Errors
    /// [`GenesisError`] for a bound or an impossible threshold.
    pub fn new(
        name: &str,
        created: Time,
        registrars: Vec<PublicKey>,
        threshold: u16,
        salt: [u8; 16],
    ) -> Result<Self, GenesisError> {
        let registrars = Sorted::from_unsorted(registrars)?;
        let genesis = Self { name: Text::new(name)?, created, registrars, threshold, salt };
        genesis.check()?;
        Ok(genesis)
    }

    /// Decodes a genesis and checks its threshold.
    ///
    /// # Errors
    /// The decoder's error, or an impossible threshold as a malformed value.
    pub fn parse(bytes: &[u8]) -> Result<Self, crate::CodecError> {
        let genesis = Self::from_bytes(bytes)?;
        genesis.check().map_err(|e| crate::CodecError::Malformed { what: Self::NAME, reason: e.to_string() })?;
        Ok(genesis)
    }

    fn check(&self) -> Result<(), GenesisError> {
        let registrars = self.registrars.len();
        match usize::from(self.threshold) {
            k if k == 0 || k > registrars => Err(GenesisError::Threshold { threshold: self.threshold, registrars }),
            _ => Ok(()),
        }
    }

    /// The network that begins here.
    pub fn network_id(&self) -> NetworkId {
        NetworkId::from_bytes(domain::hash(domain::NETWORK_ID, &[&self.to_bytes()]))
    }
}
