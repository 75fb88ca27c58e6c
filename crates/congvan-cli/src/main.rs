//! `congvan`: the command line of operators, technicians and auditors.

mod agency;
mod args;
mod attach;
mod audit;
mod audit_page;
mod catalogue;
mod certificate;
mod certify;
mod change;
mod describe;
mod desk;
mod doctor;
mod document;
mod due;
mod enrol;
mod erase;
mod exit;
mod export;
mod home;
mod ledger;
mod motion;
mod network;
mod output;
mod owner;
mod peer_id;
mod prove;
mod roster;
mod search;
mod send;
mod sheet;
mod status;
mod system;
mod text;
mod tiles;
mod token;
mod user;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use crate::args::{Agency, Cli, Command, Global, Network, Roster};
use crate::exit::{Exit, Failure};
use crate::home::App;
use crate::output::Output;
use crate::text::Lang;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().collect();
    let lang = language_of(&words);
    let parsed = text::localize(Cli::command(), lang)
        .try_get_matches_from(&words)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && words.iter().any(|word| word == "--json") => {
            let message = error.render().to_string().trim().trim_start_matches("error: ").to_owned();
            return Failure::Usage(message).report(Output { lang, json: true, quiet: true }).into();
        }
        // Help and version are no errors; clap knows where each goes.
        Err(error) => error.exit(),
    };
    let Global { lang, json, quiet, .. } = cli.global;
    let out = Output { lang: lang.unwrap_or_else(Lang::from_env), json, quiet };
    let makes = matches!(cli.command, Command::Network(_) | Command::Roster(Roster::Desk { .. }));
    let app = App::new(cli.global, out, makes);
    let elsewhere = matches!(
        cli.command,
        Command::Audit(_)
            | Command::Check(_)
            | Command::Fingerprint(_)
            | Command::Man { .. }
            | Command::Completions { .. }
    );
    // Before there are threads: they would keep what they have.
    if !elsewhere && let Err(failure) = owner::become_owner(app.home.dir()) {
        return failure.report(out).into();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::Output(error).report(out).into(),
    };
    match runtime.block_on(run(&app, cli.command)) {
        Ok(exit) => exit.into(),
        // Whoever reads our output has seen enough, as with `congvan inbox | head`.
        Err(Failure::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done.into(),
        Err(failure) => failure.report(out).into(),
    }
}

/// The language for help and for errors in the words themselves, before these are parsed.
fn language_of(words: &[std::ffi::OsString]) -> Lang {
    let words = words.iter().filter_map(|word| word.to_str());
    let mut given = std::env::var("CONGVAN_LANG").ok();
    let mut takes = false;
    for word in words {
        match word.strip_prefix("--lang=") {
            Some(lang) => given = Some(lang.to_owned()),
            None if takes => given = Some(word.to_owned()),
            None => {}
        }
        takes = word == "--lang";
    }
    match given.as_deref() {
        Some("vi") => Lang::Vi,
        Some("en") => Lang::En,
        _ => Lang::from_env(),
    }
}

async fn run(app: &App, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Network(Network::Create { name, registrars, threshold, encrypt }) => {
            network::create(app, &name, registrars, threshold, encrypt)
        }
        Command::Agency(Agency::Create { network, code, name, parent, encrypt }) => {
            agency::create(app, &network, &code, &name, parent.as_deref(), encrypt)
        }
        Command::Agency(Agency::Enrol { at, code, encrypt }) => enrol::enrol(app, &at, &code.concat(), encrypt).await,
        Command::Agency(Agency::RotateKey(offline)) => agency::rotate_key(app, offline.offline).await,
        Command::Roster(command) => roster::run(app, command).await,
        Command::System(command) => system::run(app, command),
        Command::User(command) => user::run(app, command),
        Command::Token(command) => token::run(app, command),
        Command::Send(args) => send::send(app, *args).await,
        Command::Inbox(list) => document::inbox(app, list.limit).await,
        Command::Outbox(list) => document::outbox(app, list.limit).await,
        Command::Certificate(command) => certificate::run(app, command),
        Command::Search(args) => search::search(app, args).await,
        Command::Show(args) => document::show(app, args).await,
        Command::Due(args) => due::due(app, args).await,
        Command::Status(args) => status::status(app, args).await,
        Command::Erase(args) => erase::erase(app, args).await,
        Command::Export(args) => export::export(app, args).await,
        Command::Prove(args) => prove::prove(app, args).await,
        Command::Check(args) => prove::check(app, &args),
        Command::Wait(wait) => document::wait(app, wait.id.id, wait.timeout).await,
        Command::Events(args) => document::events(app, args).await,
        Command::Catalogue(command) => catalogue::run(app, *command).await,
        Command::Ledger(command) => ledger::run(app, command).await,
        Command::Backup(args) => ledger::backup(app, &args.to).await,
        Command::Restore(args) => ledger::restore(app, &args.from).await,
        Command::Audit(args) => audit::audit(app, &args),
        Command::Peers => network::peers(app).await,
        Command::Doctor => doctor::doctor(app).await,
        Command::Fingerprint(args) => network::fingerprint(app, &args.genesis),
        Command::Man { to } => man(&to),
        Command::Completions { shell } => completions(shell),
    }
}

fn man(to: &std::path::Path) -> Result<Exit, Failure> {
    std::fs::create_dir_all(to).map_err(Failure::file(to))?;
    clap_mangen::generate_to(Cli::command(), to).map_err(Failure::file(to))?;
    Ok(Exit::Done)
}

fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    // Into memory first: clap_complete panics when its output goes away.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "congvan", &mut script);
    std::io::Write::write_all(&mut std::io::stdout().lock(), &script)?;
    Ok(Exit::Done)
}
