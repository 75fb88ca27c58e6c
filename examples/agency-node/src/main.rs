//! `congvan-node`: the node that an agency runs.
//!
//! A thin main over the crate `congvan`: configuration, logs, the control socket for `congvan`, health
//! and metrics over HTTP, and a clean stop.

mod config;
mod logging;
mod web;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser};
use congvan::Node;
use congvan_gateway::{ConsoleOptions, Exposure, Gateway, GatewayError, Tls, TlsError};
use congvan_search::{Search, SearchError};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use crate::config::{Config, ConfigError, DEFAULT_PATH, ENV_CONFIG};

/// RocksDB takes and gives back buffers of many sizes, on many threads. glibc's allocator keeps what lies between
/// them; with this one resident memory stays flat (`docs/operations.md`, Memory).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// systemd and administrators wait five seconds for a stop; the node takes four of them at most.
const STOP: Duration = Duration::from_secs(4);
/// What tasks that do not end by themselves get before they are left behind.
const STRAGGLERS: Duration = Duration::from_millis(500);

/// The node that an agency runs: a replica of the ledger, and its part of the network.
#[derive(Parser)]
#[command(version, after_help = AFTER_HELP)]
struct Arguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", env = ENV_CONFIG, default_value = DEFAULT_PATH)]
    config: PathBuf,
    /// Only say whether the configuration is right.
    #[arg(long)]
    check: bool,
    /// Write the manual's page into a directory, and end.
    #[arg(long, value_name = "DIR", hide = true)]
    man: Option<PathBuf>,
}

const AFTER_HELP: &str = "Every key of the configuration is explained in the file that is installed; a variable such as \
CONGVAN_NODE_HTTP goes before the key http. SIGTERM and SIGINT stop the node. The command congvan(1) works on the node that runs: `congvan doctor` says \
what needs doing.

Exit codes: 0 stopped as asked, 1 failed, 2 wrong configuration or usage.";

/// Why the node ended, or never began.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("logging cannot start: {0}")]
    Logging(#[from] tracing_subscriber::filter::ParseError),
    #[error("the system refused what the node needs to run: {0}")]
    System(#[from] std::io::Error),
    #[error("the node did not start: {0}")]
    Start(#[from] congvan::StartError),
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    #[error(transparent)]
    Search(#[from] SearchError),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the node did not stop within {STOP:?}; everything that it acknowledged is on disk")]
    Stop,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(dir) = &arguments.man {
        return match clap_mangen::generate_to(Arguments::command(), dir) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("congvan-node: the manual's page cannot be written into {}: {error}", dir.display());
                ExitCode::FAILURE
            }
        };
    }
    let config = match Config::load(&arguments.config, environment()) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("congvan-node: {error}");
            return ExitCode::from(2);
        }
    };
    if arguments.check {
        println!("{}: right", arguments.config.display());
        return ExitCode::SUCCESS;
    }
    match start(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("congvan-node: {failure}");
            ExitCode::from(if matches!(failure, Failure::Config(_)) { 2 } else { 1 })
        }
    }
}

/// Variables that are no Unicode are no keys of ours.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn start(config: Config) -> Result<(), Failure> {
    logging::start(&config.log_level, config.log_format)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(run(config));
    runtime.shutdown_timeout(STRAGGLERS);
    ended
}

async fn run(config: Config) -> Result<(), Failure> {
    let mut stop = StopSignals::new()?;
    // Before the node, so that a port that is taken is known before the ledger is opened.
    let gateway = match config.http {
        Some(address) => {
            let exposure = if config.http_allow_remote { Exposure::AnyMachine } else { Exposure::ThisMachine };
            let mut gateway = Gateway::bind(address, exposure).await?;
            let tls = config.tls_files()?;
            let secure = tls.is_some();
            if let Some((certificate, key)) = tls {
                gateway = gateway.tls(Tls::from_files(certificate, key)?);
            } else if config.http_allow_remote {
                warn!(%address, "HTTP is reachable from other machines and not encrypted: only behind a proxy that is");
            }
            if let Some(options) = config.vxp_options()? {
                gateway = gateway.vxp(options);
            }
            if let Some(options) = config.api_options()? {
                gateway = gateway.api(options);
            }
            if config.console {
                gateway = gateway.console(ConsoleOptions { secure, ..ConsoleOptions::default() });
            }
            Some(gateway)
        }
        None => None,
    };
    let node = tokio::select! {
        node = start_node(&config) => node?,
        name = stop.next() => {
            info!(signal = name, "stopped before the node had started");
            return Ok(());
        }
    };
    let (stop_gateway, stopped) = oneshot::channel::<()>();
    let serving = gateway.map(|gateway| {
        info!(
            address = %gateway.address(), vxp = config.vxp, api = config.api, console = config.console,
            "health and metrics are served"
        );
        tokio::spawn(gateway.serve(node.clone(), async { drop(stopped.await) }))
    });
    tell(NotifyState::Ready);
    let name = tokio::select! {
        name = stop.next() => name,
        never = watch(&node) => match never {},
    };
    info!(signal = name, "stopping");
    tell(NotifyState::Stopping);
    drop(stop_gateway);
    // An answer that is on its way is finished; a monitor that stays connected does not hold up the stop.
    let answered = async {
        if let Some(serving) = serving {
            drop(tokio::time::timeout(STRAGGLERS, serving).await);
        }
    };
    let (stopped, ()) = tokio::join!(tokio::time::timeout(STOP, node.shutdown()), answered);
    stopped.map_err(|_| Failure::Stop)?;
    info!("stopped");
    Ok(())
}

async fn start_node(config: &Config) -> Result<Node, Failure> {
    let mut builder = Node::builder(&config.dir)
        .offline_start(config.offline_start)
        .archive(config.archive)
        .passphrase(config.passphrase()?)
        .trust(config.trust.clone())
        .report_arrival(config.report_arrival)
        .deadlines(config.deadlines.clone());
    for address in &config.listen {
        builder = builder.listen(address);
    }
    for peer in &config.bootstrap {
        builder = builder.bootstrap(peer);
    }
    if config.offline_start {
        warn!("offline_start is set: this node writes without asking its peers for its own chain first");
    }
    let node = builder.start().await?;
    match config.search {
        true => drop(Search::open(node.clone()).await?),
        false => remove_index(&node)?,
    }
    node.serve_control().await?;
    let view = node.view().await;
    info!(
        agency = view.agency, network = view.network_name, entries = view.head, node = view.node,
        listening = ?node.listen_addresses().await, "the node runs"
    );
    Ok(node)
}

/// Whoever switches search off wants nothing in the clear on the disk.
fn remove_index(node: &Node) -> std::io::Result<()> {
    match std::fs::remove_dir_all(node.home().search()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Tells systemd that the node is alive, as often as it wants to know: only after the node answered.
async fn watch(node: &Node) -> std::convert::Infallible {
    let Some(limit) = sd_notify::watchdog_enabled() else { return std::future::pending().await };
    let mut ticks = tokio::time::interval(limit / 3);
    loop {
        ticks.tick().await;
        let (view, peers) = (node.view().await, node.peers().await.len());
        tell(NotifyState::Status(&format!(
            "{} entries of our own, {peers} peers, writing: {}",
            view.head, view.writing
        )));
        tell(NotifyState::Watchdog);
    }
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        error!(%error, "systemd was not reached");
    }
}

struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
