//! `congvan-sim`: runs simulated networks and says what came of them.

use std::ops::Range;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use congvan_sim::{Failure, Report, Scenario, compare, run};

/// Agencies above which a run is a working day unless it is told otherwise.
const SMALL: usize = 50;
/// Agencies, for the table of how a working day's cost grows.
const GROW: [usize; 7] = [100, 300, 1_000, 1_793, 3_000, 5_500, 10_000];

/// Runs a whole network of Congvan nodes in one thread, from one seed.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:\n  congvan-sim --agencies 12 --seeds 0..1000     a small network under all troubles, until one fails\n  \
                  congvan-sim --agencies 1793 --seed 7          a province's working day\n  \
                  congvan-sim --agencies 40 --day --seeds 0..20 small provinces\n  \
                  congvan-sim --grow --to 1793                  how the cost of a day grows\n  \
                  congvan-sim --compare                         what catching up costs"
)]
struct Args {
    /// Nodes, one for each agency.
    #[arg(long, default_value_t = 8)]
    agencies: usize,
    /// The seed.
    #[arg(long, default_value_t = 1, conflicts_with = "seeds")]
    seed: u64,
    /// Many seeds: from A, up to but not including B; ends at the first that fails.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// Simulated hours of trouble and writing.
    #[arg(long)]
    hours: Option<f64>,
    /// No trouble and no enemies: what replication costs by itself.
    #[arg(long)]
    calm: bool,
    /// A province's working day; what more than 50 agencies have anyhow.
    #[arg(long, conflicts_with = "trouble")]
    day: bool,
    /// All troubles at random and at once; what up to 50 agencies have anyhow.
    #[arg(long)]
    trouble: bool,
    /// A table of how the cost of a day grows with the agencies.
    #[arg(long)]
    grow: bool,
    /// The most agencies in that table.
    #[arg(long, default_value_t = 1_793)]
    to: usize,
    /// A table of what it costs two replicas to become the same.
    #[arg(long)]
    compare: bool,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("write it as A..B")?;
    let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is not a number"));
    Ok(number(from)?..number(to)?)
}

impl Args {
    fn scenario(&self, agencies: usize, seed: u64) -> Scenario {
        let is_day = self.day || self.grow || (agencies > SMALL && !self.trouble);
        let mut scenario = if is_day { Scenario::province(agencies, seed) } else { Scenario::small(agencies, seed) };
        if let Some(hours) = self.hours {
            scenario = scenario.hours(hours);
        }
        if self.calm { scenario.calm() } else { scenario }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.agencies < 2 {
        eprintln!("a network has at least 2 agencies");
        return ExitCode::from(2);
    }
    let done = match &args {
        Args { compare: true, .. } => catching_up(),
        Args { grow: true, .. } => growth(&args),
        Args { seeds: Some(seeds), .. } => {
            seeds.clone().try_for_each(|seed| told(&args.scenario(args.agencies, seed)).map(|_| ()))
        }
        _ => told(&args.scenario(args.agencies, args.seed)).map(|_| ()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a scenario and says what came of it.
fn told(scenario: &Scenario) -> Result<Report, String> {
    let began = Instant::now();
    let report = run(scenario).map_err(|failure: Failure| format!("seed {}: {failure}", scenario.seed))?;
    let per = |n: u64| n as f64 / report.entries.max(1) as f64;
    println!(
        "seed {}: {} entries on {} nodes, the same {:.1} s after healing; {:.1} messages and {:.0} bytes an entry; {} \
         crashes, {} restores, {} bans",
        scenario.seed,
        report.entries,
        scenario.agencies,
        report.converged_ms as f64 / 1000.0,
        per(report.messages),
        per(report.bytes),
        report.crashes,
        report.restores,
        report.bans,
    );
    if scenario.day.is_some() {
        let cost = Cost::of(scenario, &report);
        println!(
            "  {} documents; to an addressee's node in {:.1} s (half), {:.1} s (99 of 100), {:.0} s (the last); a node \
             and a document: {:.1} messages, {:.0} bytes; a node and an entry, beyond the entry: {:.1} messages, {:.0} \
             bytes; the busiest minute of a node: {} messages at {} news",
            report.documents,
            share(&report, 0.5),
            share(&report, 0.99),
            share(&report, 1.0),
            cost.messages_a_document,
            cost.bytes_a_document,
            cost.messages,
            cost.bytes,
            report.busiest.0,
            report.busiest.1,
        );
        println!("  computed in {:.0} s with {} of memory", began.elapsed().as_secs_f64(), memory());
    }
    Ok(report)
}

/// What a day costs each node.
struct Cost {
    messages_a_document: f64,
    bytes_a_document: f64,
    /// For each entry.
    messages: f64,
    /// For each entry, besides the entry itself.
    bytes: f64,
}

impl Cost {
    fn of(scenario: &Scenario, report: &Report) -> Self {
        let nodes = scenario.agencies as f64;
        let (entries, documents) = (report.entries.max(1) as f64, report.documents.max(1) as f64);
        let (messages, bytes) = (report.messages as f64 / nodes, report.bytes as f64 / nodes);
        Self {
            messages_a_document: messages / documents,
            bytes_a_document: bytes / documents,
            messages: messages / entries,
            bytes: (bytes - report.entry_bytes as f64) / entries,
        }
    }
}

/// Seconds within which this share of deliveries were made.
fn share(report: &Report, share: f64) -> f64 {
    let last = report.delays_ms.len().saturating_sub(1);
    report.delays_ms.get((last as f64 * share) as usize).map_or(0.0, |ms| *ms as f64 / 1000.0)
}

/// The most memory that this process has had.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map(str::trim);
    peak.map_or_else(|| "an unknown amount".to_owned(), str::to_owned)
}

fn growth(args: &Args) -> Result<(), String> {
    println!(
        "| agencies | entries | same after, s | delivered, s (half; 99 %) | messages a node and entry | bytes a node and entry, beyond it | computed, s | memory |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|");
    for agencies in GROW.into_iter().filter(|agencies| *agencies <= args.to) {
        let began = Instant::now();
        let scenario = args.scenario(agencies, args.seed);
        let report = run(&scenario).map_err(|failure| format!("{agencies} agencies: {failure}"))?;
        let cost = Cost::of(&scenario, &report);
        println!(
            "| {agencies} | {} | {:.0} | {:.1}; {:.1} | {:.1} | {:.0} | {:.0} | {} |",
            report.entries,
            report.converged_ms as f64 / 1000.0,
            share(&report, 0.5),
            share(&report, 0.99),
            cost.messages,
            cost.bytes,
            began.elapsed().as_secs_f64(),
            memory(),
        );
    }
    Ok(())
}

fn catching_up() -> Result<(), String> {
    println!(
        "| chains | differing | round trips | requests | bytes, entries included | of them entries | computed, ms |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|");
    let row = |chains: usize, differing: usize| {
        let cost = compare(chains, differing).map_err(|e| e.to_string())?;
        if !cost.same {
            return Err(format!("two replicas of {chains} chains are not the same at the end"));
        }
        let millis = cost.micros as f64 / 1000.0;
        let (rounds, requests, bytes, missing) = (cost.rounds, cost.requests, cost.bytes, cost.missing);
        println!("| {chains} | {differing} | {rounds} | {requests} | {bytes} | {missing} | {millis:.1} |");
        Ok(())
    };
    [100, 300, 1_000, 2_000, 10_000].into_iter().try_for_each(|chains| row(chains, 10))?;
    [0, 1, 10, 100, 1_000].into_iter().try_for_each(|differing| row(2_000, differing))
}
