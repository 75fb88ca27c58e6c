//! What can be typed after `congvan`.

mod catalogue;
mod certificate;
mod document;
mod roster;
mod token;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use self::catalogue::{Catalogue, Load, ProcedureEdit, ProcedureId, ProcedureList};
pub(crate) use self::certificate::{Certificate, Trust};
pub(crate) use self::document::{Check, Due, Erase, Events, Export, List, Prove, Search, Send, Show, Status, Wait};
pub(crate) use self::roster::{Change, Ending, Roster, Switch};
pub(crate) use self::token::Token;
use crate::text::Lang;

/// Official documents over a ledger that every agency keeps and anybody can check.
#[derive(Debug, Parser)]
#[command(
    name = "congvan",
    version,
    max_term_width = 110,
    after_help = "\
Exit codes: 0 done, 1 refused by a rule or a violation found, 2 could not be read or typed wrong, 3 no node \
reachable: try again.
Ids may be shortened to their first 8 digits.

Examples:
  congvan --dir /var/lib/congvan inbox
  congvan send --to 000.00.01.H55 --packet bao-cao.edxml
  congvan audit ledger.cgva
  congvan --lang vi doctor"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The node's or the registrar's directory; by default this one, or that of /etc/congvan/node.toml
    #[arg(long, global = true, value_name = "DIR", env = "CONGVAN_DIR", help_heading = "Everywhere")]
    pub dir: Option<PathBuf>,
    /// Print one JSON document, errors too
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    /// Language of what is printed; by default that of LANG
    #[arg(long, global = true, value_name = "LANG", env = "CONGVAN_LANG", help_heading = "Everywhere")]
    pub lang: Option<Lang>,
    /// A file (mode 0600) with the key files' passphrase; else CONGVAN_PASSPHRASE, else it is asked for
    #[arg(long, global = true, value_name = "FILE", help_heading = "Everywhere")]
    pub passphrase_file: Option<PathBuf>,
    /// No progress, no remarks
    #[arg(long, short, global = true, help_heading = "Everywhere")]
    pub quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a network
    #[command(subcommand)]
    Network(Network),
    /// Make an agency's directory, or change its keys
    #[command(subcommand)]
    Agency(Agency),
    /// The directory of agencies: the registrar's commands
    #[command(subcommand)]
    Roster(Roster),
    /// Programs that may speak for this agency over HTTP, and their secrets
    #[command(subcommand)]
    System(System),
    /// People who may use this node's web console, and their passwords
    #[command(subcommand)]
    User(User),
    /// Tokens with which programs use the HTTP API
    #[command(subcommand)]
    Token(Token),
    /// X.509 certificates that vouch for agencies' keys
    #[command(subcommand)]
    Certificate(Certificate),
    /// Send a document
    Send(Box<Send>),
    /// List documents addressed to this agency, newest first
    #[command(after_help = "Examples:\n  congvan inbox\n  congvan inbox --limit 5 --json")]
    Inbox(List),
    /// List documents that this agency sent, newest first
    #[command(after_help = "Examples:\n  congvan outbox\n  congvan outbox --limit 100")]
    Outbox(List),
    /// Find documents by their words, with or without accents
    Search(Search),
    /// Show a document, what became of it, and its proof
    #[command(after_help = "Examples:\n  congvan show 3f2a91c0\n  congvan show 3f2a91c0 --trust goc.pem --json")]
    Show(Show),
    /// Report what became of a document
    Status(Status),
    /// List what is due: what this agency has to do, and what others owe it
    Due(Due),
    /// Erase the content of what this agency wrote, at every node and for good
    Erase(Erase),
    /// Write a document out as an edXML packet, and its attachments as files
    Export(Export),
    /// Write the proof of a document as one file that stands without any node, and a page to print
    Prove(Prove),
    /// Check a proof file: what it proves, what it does not, and since when; trusts no node
    Check(Check),
    /// Wait until a document and all its attachments are here
    #[command(after_help = "Examples:\n  congvan wait 3f2a91c0 --timeout 300")]
    Wait(Wait),
    /// What happened, for a named consumer that loses nothing
    Events(Events),
    /// Administrative procedures that agencies publish
    #[command(subcommand)]
    Catalogue(Box<Catalogue>),
    /// The whole ledger as one file
    #[command(subcommand)]
    Ledger(Ledger),
    /// Copy the ledger, consistently, while the node runs
    #[command(after_help = "Examples:\n  congvan backup /mnt/backup/congvan-2026-03-02")]
    Backup(Backup),
    /// Put a backup's ledger into --dir, which must have none
    #[command(after_help = "Examples:\n  congvan --dir /var/lib/congvan restore /mnt/backup/congvan-2026-03-02\n\n\
        The node then asks its peers for what was written after the backup before it writes again.")]
    Restore(Restore),
    /// Decide whether ledgers are genuine, complete and unaltered; trusts no node
    Audit(Audit),
    /// List connected peers
    #[command(after_help = "Examples:\n  congvan peers\n  congvan --dir /var/lib/congvan peers --json")]
    Peers,
    /// Look for whatever needs doing; exits with 1 if something does
    #[command(after_help = "Examples:\n  congvan doctor\n  congvan --dir /var/lib/congvan doctor --lang vi")]
    Doctor,
    /// Show a network's fingerprint, to compare by telephone
    #[command(after_help = "Examples:\n  congvan fingerprint genesis.cgv")]
    Fingerprint(Fingerprint),
    /// Write the manual's pages, one for each command
    #[command(after_help = "Examples:\n  congvan man /usr/local/share/man/man1")]
    Man {
        /// The directory
        #[arg(value_name = "TO_DIR")]
        to: PathBuf,
    },
    /// Print a shell's completions
    #[command(after_help = "Examples:\n  congvan completions bash > /etc/bash_completion.d/congvan\n  \
        congvan completions zsh > ~/.zfunc/_congvan")]
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// `congvan network …`
#[derive(Debug, Subcommand)]
pub(crate) enum Network {
    /// Make a network in --dir: its genesis, its registrars' keys and an empty roster
    #[command(after_help = "Examples:\n  congvan --dir registrar network create --name 'Thái Nguyên'\n  \
        congvan --dir registrar network create --name 'Thái Nguyên' --registrars 3 --threshold 2 --encrypt\n\n\
        Give genesis.cgv to every agency, and read them its fingerprint.")]
    Create {
        /// What people call the network
        #[arg(long)]
        name: String,
        /// How many registrars
        #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
        registrars: u16,
        /// How many of them a change of the roster needs
        #[arg(long, default_value_t = 1, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=64))]
        threshold: u16,
        /// Encrypt the key files under a passphrase
        #[arg(long)]
        encrypt: bool,
    },
}

/// `congvan agency …`
#[derive(Debug, Subcommand)]
pub(crate) enum Agency {
    /// Make an agency's directory in --dir: its keys, an empty ledger, and the enrolment for the registrar
    #[command(after_help = "Examples:\n  congvan --dir so-tai-chinh agency create --network genesis.cgv \\\n      \
        --code 000.00.02.H55 --name 'Sở Tài chính' --parent 000.00.00.H55\n\n\
        Send enrolment.cgv to the registrar. The key files never leave this machine.")]
    Create {
        /// The network's genesis file
        #[arg(long, value_name = "GENESIS_FILE")]
        network: PathBuf,
        /// The agency's code (OrganId)
        #[arg(long)]
        code: String,
        /// Its name
        #[arg(long)]
        name: String,
        /// The code of the agency above it
        #[arg(long, value_name = "CODE")]
        parent: Option<String>,
        /// Encrypt the agency's key file under a passphrase
        #[arg(long)]
        encrypt: bool,
    },
    /// Enrol by the registrar's one-time code: makes the directory in --dir, and the node can start
    #[command(after_help = "Examples:
  congvan --dir /var/lib/congvan agency enrol --at dangky.example.vn 33DX-Q6EX-K1DR-G6AV-KJDX-P6RW-S1SP
  congvan --dir /var/lib/congvan agency enrol --at 192.0.2.10:7413 --encrypt\n
Without a code it is asked for, so that it stays out of the shell's history. The keys are made here and never leave
this machine. Whatever goes wrong, the command may be repeated: it goes on with the same keys.")]
    Enrol {
        /// The registrar's desk: HOST, HOST:PORT (7413 by default) or /ip4/…/tcp/…
        #[arg(long, value_name = "HOST:PORT")]
        at: String,
        /// The code; blanks, hyphens and small letters do not matter
        #[arg(value_name = "CODE")]
        code: Vec<String>,
        /// Encrypt the agency's key file under a passphrase
        #[arg(long)]
        encrypt: bool,
    },
    /// Replace this agency's keys by new ones
    #[command(after_help = "Examples:\n  congvan agency rotate-key\n\n\
        The old key signs the change. If it was lost or stolen, ask the registrar for `congvan roster rotate`.")]
    RotateKey(Offline),
}

/// `--offline`
#[derive(Debug, Args)]
pub(crate) struct Offline {
    /// Write although no node runs and no peer was asked where this agency's chain ends
    #[arg(long)]
    pub offline: bool,
}

/// `congvan system …`
#[derive(Debug, Subcommand)]
pub(crate) enum System {
    /// Let a program speak for this agency; prints its new secret, once
    #[command(after_help = "Examples:\n  congvan system add ioffice\n  \
        congvan system add 000.00.00.H55 --secret-file secret.txt\n\n\
        Give id and secret to the vendor. A running node knows the system from the next call on.\n\
        --secret-file takes over the secret that the program has already, such as the hub's.")]
    Add {
        /// The system's id: letters, digits, '.', '-' and '_'
        id: String,
        /// The agency that it may speak for; may be repeated; by default this node's
        #[arg(long, value_name = "CODE")]
        agency: Vec<String>,
        #[command(flatten)]
        secret: SecretFile,
    },
    /// List the systems; shows no secret
    #[command(after_help = "Examples:\n  congvan system list\n  congvan system list --json")]
    List,
    /// Give a system another secret; the old one is worth nothing from the next call on
    #[command(after_help = "Examples:\n  congvan system rotate ioffice")]
    Rotate {
        /// The system's id
        id: String,
        #[command(flatten)]
        secret: SecretFile,
    },
    /// Let a system speak for nobody any more
    #[command(after_help = "Examples:\n  congvan system remove ioffice")]
    Remove {
        /// The system's id
        id: String,
    },
}

/// `congvan user …`
#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Let somebody use the web console; prints their new password, once
    #[command(after_help = "Examples:\n  congvan user add vanthu\n  congvan user add lanhdao --role viewer\n  \
        congvan user add vanthu --ask\n\n\
        A clerk reads, sends and reports; a viewer reads. A running node knows the user at once.")]
    Add {
        /// The user's name: letters a-z, digits, '.', '-' and '_'
        name: String,
        /// What they may do: clerk or viewer
        #[arg(long, value_name = "ROLE", default_value = "clerk")]
        role: String,
        #[command(flatten)]
        password: NewPassword,
    },
    /// List the users; shows no password
    #[command(after_help = "Examples:\n  congvan user list\n  congvan user list --json")]
    List,
    /// Give a user another password; the old one, and whoever is logged in with it, is out at once
    #[command(after_help = "Examples:\n  congvan user password vanthu\n  congvan user password vanthu --ask")]
    Password {
        /// The user's name
        name: String,
        #[command(flatten)]
        password: NewPassword,
    },
    /// Let a user in no more; whoever is logged in under the name is out at once
    #[command(after_help = "Examples:\n  congvan user remove vanthu")]
    Remove {
        /// The user's name
        name: String,
    },
}

/// Where a password comes from.
#[derive(Debug, Args)]
pub(crate) struct NewPassword {
    /// Ask for the password twice, without showing it; otherwise a new one is made
    #[arg(long)]
    pub ask: bool,
    /// A file (mode 0600) whose first line is the password
    #[arg(long, value_name = "FILE", conflicts_with = "ask")]
    pub password_file: Option<PathBuf>,
}

/// `--secret-file`
#[derive(Debug, Args)]
pub(crate) struct SecretFile {
    /// A file (mode 0600) whose first line is the secret; without it a new one is made
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

/// `congvan ledger …`
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Write the whole ledger into one file, or a chain as a log that transparency logs' tools verify
    #[command(after_help = "Examples:\n  congvan ledger export -o ledger.cgva\n  \
        congvan ledger export -o all.cgva --blobs\n  congvan --dir registrar ledger export -o roster.cgva\n  \
        congvan ledger export --tiles /var/www/log\n  \
        congvan ledger export --tiles log --agency 000.00.00.H55\n\n\
        A file is for an auditor, or for a node without a line. A log (C2SP tlog-tiles) is a directory to publish: run the \
        command again to go on with it.")]
    #[command(group(ArgGroup::new("to").required(true).args(["output", "tiles"])))]
    Export {
        /// The file
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// With attachments
        #[arg(long, conflicts_with = "tiles")]
        blobs: bool,
        /// A new directory for the log, or one that a log was exported to before
        #[arg(long, value_name = "DIR")]
        tiles: Option<PathBuf>,
        /// Whose chain the log is of; this agency's unless told otherwise
        #[arg(long, value_name = "CODE", conflicts_with = "output")]
        agency: Option<String>,
    },
    /// Take in an exported ledger; everything in it is checked
    #[command(after_help = "Examples:\n  congvan ledger import roster.cgva")]
    Import {
        /// The file
        file: PathBuf,
    },
}

/// `congvan backup`
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// A new directory, on the node's machine
    #[arg(value_name = "TO_DIR")]
    pub to: PathBuf,
}

/// `congvan restore`
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// What `congvan backup` made
    #[arg(value_name = "FROM_DIR")]
    pub from: PathBuf,
}

/// `congvan audit`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  congvan audit ledger.cgva
  congvan audit a.cgva b.cgva c.cgva
  congvan audit /var/lib/congvan --trust /etc/congvan/trust --json

Exits with 0 if all are genuine, 1 if a violation was found, 2 if one could not be read.
Compare the fingerprint that it prints with the network's: an audit shows that a ledger is whole,
the fingerprint that it is the ledger of your network. Certificates that agencies bound to their keys are
judged with --trust, beside the verdict: they decide nothing in a ledger.")]
pub(crate) struct Audit {
    /// Exported ledgers, nodes' directories or backups
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub trust: Trust,
    /// Write the report as a page, to keep or to print
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// Write a file for each agency that is convicted, for `congvan check` anywhere
    #[arg(long, value_name = "DIR")]
    pub evidence: Option<PathBuf>,
    /// Write the signed result, for a later --since; of one path
    #[arg(long, value_name = "FILE.cvaudit", requires = "key")]
    pub save: Option<PathBuf>,
    /// A former audit's signed result: what it found good is not gone through again
    #[arg(long, value_name = "FILE.cvaudit", requires = "key")]
    pub since: Option<PathBuf>,
    /// The auditor's key, made where there is none yet: it signs results, and former ones must be signed by it
    #[arg(long, value_name = "AUDITOR.key")]
    pub key: Option<PathBuf>,
}

/// `congvan fingerprint`
#[derive(Debug, Args)]
pub(crate) struct Fingerprint {
    /// The network's genesis file
    #[arg(value_name = "GENESIS_FILE")]
    pub genesis: PathBuf,
}

/// Digits of an id that are enough to name an entry.
const MIN_ID: usize = 8;

fn id(text: &str) -> Result<String, IdError> {
    match text {
        text if !text.bytes().all(|b| b.is_ascii_hexdigit()) => Err(IdError::NotHex),
        text if text.len() < MIN_ID || text.len() > 64 => Err(IdError::Length(text.len())),
        text => Ok(text.to_ascii_lowercase()),
    }
}

#[derive(Debug, thiserror::Error)]
enum IdError {
    #[error("an id has hexadecimal digits only")]
    NotHex,
    #[error("{0} digits; an id has 64, of which at least the first {MIN_ID} are needed")]
    Length(usize),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        fn check(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(command.has_subcommands() || help.contains("Examples:"), "{path}");
            command.get_subcommands().for_each(|sub| check(sub, &path));
        }
        check(&Cli::command(), "");
    }

    #[test]
    fn an_id_has_8_to_64_digits() {
        assert!(id("3f2a91c").is_err());
        assert_eq!(id("3F2A91C0").unwrap(), "3f2a91c0");
        assert!(id(&"a".repeat(64)).is_ok());
        assert!(id(&"a".repeat(65)).is_err());
        assert!(id("3f2a91cg").is_err());
    }

    #[test]
    fn send_takes_a_packet_or_a_subject() {
        let parse = |words: &str| Cli::try_parse_from(words.split(' ')).is_ok();
        assert!(parse("congvan send --packet a.edxml"));
        assert!(parse("congvan send --to H55 --subject s --attach a.pdf"));
        assert!(!parse("congvan send --to H55"));
        assert!(!parse("congvan send --packet a.edxml --subject s"));
        assert!(!parse("congvan send --packet a.edxml --attach a.pdf"));
        assert!(!parse("congvan status 3f2a91c0"));
        assert!(parse("congvan status --packet a.edxml"));
        assert!(parse("congvan status 3f2a91c0 --packet a.edxml"));
        assert!(!parse("congvan events c --follow"));
    }
}
