//! `congvan-sim`: runs simulated networks and says what came of them.

use std::ops::Range;
use std::process::ExitCode;

use clap::Parser;
use congvan_sim::{Scenario, run};

/// Runs a whole network of Congvan nodes in one thread, from one seed.
#[derive(Parser)]
#[command(
    version,
    after_help = "Examples:\n  congvan-sim --agencies 8 --seeds 0..100\n  congvan-sim --agencies 50 --seed 7 --hours 0.5"
)]
struct Args {
    /// Nodes, one for each agency.
    #[arg(long, default_value_t = 8)]
    agencies: usize,
    /// The seed.
    #[arg(long, default_value_t = 1, conflicts_with = "seeds")]
    seed: u64,
    /// Many seeds: from A, up to but not including B.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// Simulated hours of trouble and writing.
    #[arg(long)]
    hours: Option<f64>,
    /// No trouble and no enemies: what replication costs by itself.
    #[arg(long)]
    calm: bool,
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("write it as A..B")?;
    let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is not a number"));
    Ok(number(from)?..number(to)?)
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.agencies < 2 {
        eprintln!("a network has at least 2 agencies");
        return ExitCode::from(2);
    }
    for seed in args.seeds.unwrap_or(args.seed..args.seed + 1) {
        let mut scenario = Scenario::small(args.agencies, seed);
        if let Some(hours) = args.hours {
            scenario = scenario.hours(hours);
        }
        if args.calm {
            scenario = scenario.calm();
        }
        match run(&scenario) {
            Ok(report) => {
                let per = |n: u64| n as f64 / report.entries.max(1) as f64;
                println!(
                    "seed {seed}: {} entries on {} nodes, the same {:.1} s after healing; {:.1} messages and {:.0} bytes \
                     an entry; {} crashes, {} restores, {} bans",
                    report.entries,
                    args.agencies,
                    report.converged_ms as f64 / 1000.0,
                    per(report.messages),
                    per(report.bytes),
                    report.crashes,
                    report.restores,
                    report.bans,
                );
            }
            Err(failure) => {
                eprintln!("seed {seed}: {failure}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
