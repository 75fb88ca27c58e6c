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
    /// Whether one node says again what was said before.
    pub replayer: bool,
    /// Whether one node lists heads and then serves nothing of them.
    pub withholder: bool,
    /// Whether one node asks and announces without end.
    pub flooder: bool,
    /// Whether one agency is suspended and goes on writing.
    pub outlaw: bool,
    /// Whether one honest node has nobody but enemies for peers until everything heals.
    pub eclipse: bool,
    /// A province's working day instead of troubles that come at random.
    pub day: Option<Day>,
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
            replayer: agencies >= 9,
            withholder: agencies >= 10,
            flooder: agencies >= 11,
            outlaw: agencies >= 12,
            eclipse: agencies >= 12,
            day: None,
            planted: None,
        }
    }

    /// A working day of a province, from six in the morning to eight in the evening, with all enemies; at eight everybody
    /// is switched on and everything heals.
    pub fn province(agencies: usize, seed: u64) -> Self {
        let none = Self::small(agencies, seed).calm();
        let enemies = Self::small(agencies, seed);
        Self {
            trouble_ms: 14 * HOUR_MS,
            heal_ms: HOUR_MS,
            repeats: 10,
            equivocator: enemies.equivocator,
            forger: enemies.forger,
            liar: enemies.liar,
            smuggler: enemies.smuggler,
            replayer: enemies.replayer,
            withholder: enemies.withholder,
            flooder: enemies.flooder,
            outlaw: enemies.outlaw,
            eclipse: enemies.eclipse,
            day: Some(Day::of(agencies)),
            ..none
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
        let none = Self { equivocator: false, smuggler: false, forger: false, liar: false, ..none };
        let none = Self { replayer: false, withholder: false, flooder: false, outlaw: false, ..none };
        Self { eclipse: false, day: none.day.map(Day::calm), ..none }
    }

    /// The command that repeats the run.
    pub fn replay(&self) -> String {
        let (kind, usual) = match self.day {
            Some(_) => (" --day", Self::province(self.agencies, 0)),
            None => (" --trouble", Self::small(self.agencies, 0)),
        };
        let hours = self.trouble_ms as f64 / HOUR_MS as f64;
        let hours = if self.trouble_ms == usual.trouble_ms { String::new() } else { format!(" --hours {hours}") };
        let calm = if *self == self.clone().calm() { " --calm" } else { "" };
        let (agencies, seed) = (self.agencies, self.seed);
        format!("cargo run --release -p congvan-sim -- --agencies {agencies} --seed {seed}{kind}{hours}{calm}")
    }
}

/// Milliseconds of an hour.
pub(crate) const HOUR_MS: u64 = 3_600_000;

/// What a province's working day is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Day {
    /// Documents that agencies send.
    pub documents: usize,
    /// Of 1000 nodes, those that are switched off at night.
    pub off_at_night: u32,
    /// Of 1000 nodes, those on a slow line, and as many on a lossy one.
    pub bad_lines: u32,
    /// Lines that are down for hours.
    pub cuts: usize,
    /// Nodes that crash.
    pub crashes: usize,
    /// Nodes that are restored from a backup of the morning.
    pub restores: usize,
    /// Of 1000 nodes, those whose clock is wrong by days.
    pub wrong_clocks: u32,
    /// Whether the province falls into two parts for two hours.
    pub parts: bool,
}

impl Day {
    /// The day of a province of so many agencies.
    pub fn of(agencies: usize) -> Self {
        Self {
            documents: agencies * 6 / 5,
            off_at_night: 600,
            bad_lines: 150,
            cuts: agencies.div_ceil(20),
            crashes: agencies.div_ceil(20),
            restores: agencies.div_ceil(100),
            wrong_clocks: 30,
            parts: true,
        }
    }

    /// The same load on good lines, with nothing that goes wrong.
    pub fn calm(self) -> Self {
        let none = Self { off_at_night: 0, bad_lines: 0, cuts: 0, crashes: 0, ..self };
        Self { restores: 0, wrong_clocks: 0, parts: false, ..none }
    }
}

/// A time around `mean`, never 0.
pub(crate) fn around(rng: &mut ChaCha20Rng, mean: u64) -> u64 {
    rng.random_range(1..=mean.saturating_mul(2).max(1))
}
