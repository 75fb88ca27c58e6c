//! What a run is made of.

use rand::RngExt;
use rand_chacha::ChaCha20Rng;

use crate::Planted;

/// What happens in a run; the seed decides when and to whom.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// Nodes, one for each agency; node 0 is the registrar's too.
    pub agencies: usize,
    /// The seed.
    pub seed: u64,
    /// Milliseconds of trouble and writing, before everything heals.
    pub trouble_ms: u64,
    /// Milliseconds within which everything must have converged after that.
    pub heal_ms: u64,
    /// Mean milliseconds between two writes in the whole network.
    pub write_ms: u64,
    /// Milliseconds that a message takes, at least and at most: what overtakes what is open.
    pub latency_ms: (u64, u64),
    /// Of 1000 messages, those lost.
    pub loss: u32,
    /// Of 1000 announcements, those delivered twice.
    pub repeats: u32,
    /// Mean milliseconds between two partitions; 0 for none.
    pub partition_ms: u64,
    /// Mean milliseconds between two crashes; 0 for none.
    pub crash_ms: u64,
    /// Mean milliseconds between two restores of an old backup; 0 for none.
    pub restore_ms: u64,
    /// Mean milliseconds between two agencies' changes of their own keys; 0 for none.
    pub rotate_ms: u64,
    /// Mean milliseconds between two words of the registrar about an agency's chain or keys, or about its
    /// own keys; 0 for none.
    pub word_ms: u64,
    /// Mean milliseconds between two erasures; 0 for none. Liars then withhold payloads as well.
    pub erase_ms: u64,
    /// Whether two of the registrar's desks write one number of the roster.
    pub forked_roster: bool,
    /// Whether one agency says two things.
    pub equivocator: bool,
    /// Whether one agency hides a bad signature under good ones.
    pub smuggler: bool,
    /// Whether one node alters what it relays.
    pub forger: bool,
    /// Whether one node lies about its heads.
    pub liar: bool,
    /// A bug that the invariants must find.
    pub planted: Option<Planted>,
}

impl Scenario {
    /// A small network under all troubles at once; enemies as far as four honest nodes remain.
    pub fn small(agencies: usize, seed: u64) -> Self {
        Self {
            agencies,
            seed,
            trouble_ms: 120_000,
            heal_ms: 900_000,
            write_ms: 1500,
            latency_ms: (5, 400),
            loss: 30,
            repeats: 100,
            partition_ms: 30_000,
            crash_ms: 25_000,
            restore_ms: 50_000,
            rotate_ms: 20_000,
            word_ms: 12_000,
            erase_ms: 0,
            forked_roster: seed % 4 == 3,
            equivocator: agencies >= 5,
            forger: agencies >= 6,
            liar: agencies >= 7,
            smuggler: agencies >= 8,
            planted: None,
        }
    }

    /// The same over so many simulated hours.
    pub fn hours(mut self, hours: f64) -> Self {
        self.trouble_ms = (hours * 3_600_000.0) as u64;
        self
    }

    /// The same without trouble and without enemies.
    pub fn calm(self) -> Self {
        let none = Self { loss: 0, repeats: 0, partition_ms: 0, crash_ms: 0, restore_ms: 0, ..self };
        let none = Self { rotate_ms: 0, word_ms: 0, forked_roster: false, ..none };
        Self { equivocator: false, smuggler: false, forger: false, liar: false, ..none }
    }

    /// The command that repeats the run.
    pub fn replay(&self) -> String {
        let hours = self.trouble_ms as f64 / 3_600_000.0;
        let hours =
            if self.trouble_ms == Self::small(1, 0).trouble_ms { String::new() } else { format!(" --hours {hours}") };
        let calm = if self.crash_ms == 0 { " --calm" } else { "" };
        format!("cargo run --release -p congvan-sim -- --agencies {} --seed {}{hours}{calm}", self.agencies, self.seed)
    }
}

/// A time around `mean`, never 0.
pub(crate) fn around(rng: &mut ChaCha20Rng, mean: u64) -> u64 {
    rng.random_range(1..=mean.saturating_mul(2).max(1))
}
