//! Randomness. Everything here that needs some takes a generator, so that a simulation replays.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub use rand_chacha::rand_core::CryptoRng;

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no randomness: {0}")]
pub struct RandomError(#[from] getrandom::Error);

/// A generator seeded by the operating system.
///
/// # Errors
/// [`RandomError`] where the system has no entropy source.
pub fn from_os() -> Result<ChaCha20Rng, RandomError> {
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed)?;
    Ok(ChaCha20Rng::from_seed(seed))
}

/// A generator for tests and simulations: the same seed gives the same numbers.
pub fn from_seed(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// `N` random bytes.
pub fn bytes<const N: usize>(rng: &mut impl CryptoRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}
