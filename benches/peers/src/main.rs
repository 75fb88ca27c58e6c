//! The same work through Congvan, p2panda, iroh-docs and Hypercore, in one run (`docs/performance.md`).
//!
//! Each peer is a program of its own, for their dependencies exclude each other. They take turns for as many rounds
//! as asked for, each in a network namespace of its own, so that its loopback carries nobody else's bytes.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Parser;
use peer_work::{Error, Figures, PAYLOAD};

mod plot;
mod report;

/// The peers' directories here; what they are compared with comes first.
const PEERS: [&str; 4] = ["congvan", "p2panda", "iroh-docs", "hypercore"];
/// Hypercore takes milliseconds for each block, as many as there may be.
const MOST_OF_HYPERCORE: usize = 10_000;

#[derive(Parser)]
#[command(about = "Gives Congvan and its peers the same work and prints what each took")]
struct Arguments {
    /// Entries of the log.
    #[arg(long, default_value_t = 10_000)]
    entries: usize,
    /// Entries that are appended one at a time.
    #[arg(long, default_value_t = 1_000)]
    singles: usize,
    /// Rounds, of which the medians are shown.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// These peers alone.
    #[arg(long, value_delimiter = ',', default_values = PEERS)]
    peers: Vec<String>,
    /// A Markdown page in which the tables replace what lies between two marks.
    #[arg(long)]
    page: Option<PathBuf>,
    /// Where to write the plot, as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Error> {
    let alone = can_be_alone();
    if !alone {
        eprintln!("no network namespaces here: the bytes on the wire include what others send over loopback");
    }
    for peer in &arguments.peers {
        let built = cargo("build", peer, false).status()?;
        if !built.success() {
            return Err(format!("{peer} was not built").into());
        }
    }
    let before = load()?;
    let mut rounds: Vec<Vec<Figures>> = vec![Vec::new(); arguments.peers.len()];
    for round in 1..=arguments.rounds {
        for (peer, figures) in arguments.peers.iter().zip(&mut rounds) {
            eprintln!("round {round} of {}: {peer}", arguments.rounds);
            match measure(peer, alone, arguments) {
                Ok(measured) => figures.push(measured),
                Err(error) => eprintln!("{peer} failed: {error}"),
            }
        }
    }
    rounds.retain(|figures| !figures.is_empty());
    let run = format!(
        "Entries of {PAYLOAD} incompressible payload bytes, {} of them appended one at a time; {}; {} cores, load average \
         {before} at the start and {} at the end.",
        arguments.singles,
        if arguments.rounds == 1 { "one round".to_owned() } else { format!("medians of {} rounds", arguments.rounds) },
        std::thread::available_parallelism()?,
        load()?
    );
    let medians: Vec<_> = rounds.iter().map(|rounds| report::medians(rounds)).collect();
    let text = format!("{run}\n\n{}", report::tables(&medians));
    println!("{text}");
    if let Some(page) = &arguments.page {
        report::replace(page, &text)?;
    }
    if let Some(path) = &arguments.plot {
        std::fs::write(path, plot::svg(&medians))?;
    }
    Ok(())
}

fn measure(peer: &str, alone: bool, arguments: &Arguments) -> Result<Figures, Error> {
    let most = if peer == "hypercore" { MOST_OF_HYPERCORE } else { usize::MAX };
    let (entries, singles) = (arguments.entries.min(most).to_string(), arguments.singles.to_string());
    let output = cargo("run", peer, alone)
        .args(["--", "--entries", &entries, "--singles", &singles])
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("it ended with {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn cargo(task: &str, peer: &str, alone: bool) -> Command {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(peer).join("Cargo.toml");
    let mut cargo = Command::new("cargo");
    cargo.args([task, "--release", "--locked", "--quiet", "--manifest-path"]).arg(manifest);
    if alone {
        let namespace = r#"target."cfg(all())".runner = ["unshare", "--user", "--map-root-user", "--net"]"#;
        cargo.args(["--config", namespace]);
    }
    cargo
}

fn can_be_alone() -> bool {
    let probe = "ip link set lo up";
    let tried = Command::new("unshare").args(["--user", "--map-root-user", "--net", "sh", "-c", probe]).status();
    tried.is_ok_and(|status| status.success())
}

/// The load average of the last minute.
fn load() -> Result<String, Error> {
    let averages = std::fs::read_to_string("/proc/loadavg")?;
    Ok(averages.split_whitespace().next().unwrap_or_default().to_owned())
}
