//! What every bench here shares: a chain of incompressible entries, and figures beside their limits.

use std::time::{Duration, Instant};

use congvan_core::rng::{self, CryptoRng};
use congvan_core::{
    Admission, AgencyCode, AgencySecret, Bounded, ChainId, ChainState, Draft, Genesis, Kind, Rights, Roster,
    RosterAction, RosterError, SecretKey, Text, Time, UnverifiedEntry, VerifiedEntry,
};

/// Payload bytes of an entry.
pub const PAYLOAD: usize = 512;

/// Anything that stops a bench.
pub type Error = Box<dyn std::error::Error>;

/// A network of one agency, and its secrets.
pub struct Network {
    /// Its genesis.
    pub genesis: Genesis,
    /// Its roster, the agency admitted.
    pub roster: Roster,
    /// The roster's one entry.
    pub admission: VerifiedEntry,
    /// The agency's chain.
    pub chain: ChainId,
    /// The agency's secrets.
    pub secret: AgencySecret,
}

impl Network {
    /// The same network for the same seed.
    ///
    /// # Errors
    /// None in practice: the parts are within their bounds.
    pub fn new(seed: u64) -> Result<Self, Error> {
        let mut rng = rng::from_seed(seed);
        let registrar = SecretKey::generate(&mut rng);
        let genesis = Genesis::new("bench", Time::from_millis(0), vec![registrar.public()], 1, [seed as u8; 16])?;
        let network = genesis.network_id();
        let secret = AgencySecret::generate(&mut rng);
        let code = AgencyCode::new("000.00.00.H55")?;
        let chain = ChainId::of_agency(network, &code);
        let admit = RosterAction::Admit(Admission {
            name: Text::new("bench")?,
            parent: None,
            keys: secret.public(),
            possession: secret.prove_possession(network, chain),
            nodes: Bounded::new(vec![])?,
            rights: Rights::NONE,
            code,
        });
        let mut roster = Roster::new(genesis.clone());
        let change = roster.propose(admit, Time::from_millis(1), &[&registrar])?;
        roster.apply(&change)?;
        Ok(Self { genesis, roster, admission: change.entry().clone(), chain, secret })
    }

    /// A chain of `count` entries with incompressible payloads.
    ///
    /// # Errors
    /// None in practice.
    pub fn chain_of(&self, count: usize) -> Result<Vec<VerifiedEntry>, Error> {
        let mut rng = rng::from_seed(7);
        let mut state = ChainState::new(self.chain);
        let policy = self.roster.policy(self.chain).map_err(RosterError::from)?;
        let network = self.roster.network();
        (0..count).map(|n| Ok(state.append(network, &policy, draft(&mut rng, n as u64), &self.secret)?)).collect()
    }
}

/// The next entry's draft.
pub fn draft(rng: &mut impl CryptoRng, time: u64) -> Draft {
    let mut payload = vec![0; PAYLOAD];
    rng.fill_bytes(&mut payload);
    Draft { kind: Kind::NOTE, time: Time::from_millis(time), payload }
}

/// Entries as they arrive: parsed from bytes.
///
/// # Errors
/// None for entries made here.
pub fn received(entries: &[VerifiedEntry]) -> Result<Vec<UnverifiedEntry>, Error> {
    entries.iter().map(|entry| Ok(UnverifiedEntry::parse(entry.bytes())?)).collect()
}

/// How long `work` takes.
///
/// # Errors
/// What `work` fails with.
pub fn timed<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<(T, Duration), Error> {
    let start = Instant::now();
    let value = work()?;
    Ok((value, start.elapsed()))
}

/// One figure beside its limit.
pub struct Row {
    /// What was done.
    pub what: String,
    /// How much of it per second.
    pub rate: f64,
    /// The limit, in words.
    pub limit: String,
    /// The limit per second.
    pub limit_rate: f64,
    /// The share of the limit that must be reached; `None`: just for comparison.
    pub target: Option<f64>,
    /// Whether less is better, as for sizes.
    pub at_most: bool,
}

impl Row {
    /// A rate beside the rate that limits it.
    pub fn rate(what: &str, rate: f64, limit: &str, limit_rate: f64, target: f64) -> Self {
        Self { what: what.to_owned(), rate, limit: limit.to_owned(), limit_rate, target: Some(target), at_most: false }
    }

    /// A rate beside another, without a target.
    pub fn figure(what: &str, rate: f64, limit: &str, limit_rate: f64) -> Self {
        Self { target: None, ..Self::rate(what, rate, limit, limit_rate, 0.0) }
    }

    /// Prints the heading of a table of rows.
    pub fn heading() {
        println!("| work | measured | limit in the same run | limit measured | ratio | target | |");
        println!("|---|---:|---|---:|---:|---:|---|");
    }

    /// Prints the row as Markdown. Never fails: these machines are noisy, the reader judges.
    pub fn print(&self) {
        let ratio = self.rate / self.limit_rate;
        let verdict = self.target.map_or(" | ".to_owned(), |target| {
            let (sign, met) = match self.at_most {
                true => ("≤", ratio <= target),
                false => ("≥", ratio >= target),
            };
            format!("{sign} {target:.2} | {}", if met { "met" } else { "missed" })
        });
        println!(
            "| {} | {:.0} | {} | {:.0} | {ratio:.2} | {verdict} |",
            self.what, self.rate, self.limit, self.limit_rate,
        );
    }
}

/// Per second.
pub fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
