//! What can be typed after `congvan`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

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
    /// The node's or the registrar's directory
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "CONGVAN_DIR",
        default_value = ".",
        help_heading = "Everywhere"
    )]
    pub dir: PathBuf,
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
    /// Send a document
    Send(Box<Send>),
    /// List documents addressed to this agency, newest first
    #[command(after_help = "Examples:\n  congvan inbox\n  congvan inbox --limit 5 --json")]
    Inbox(List),
    /// List documents that this agency sent, newest first
    #[command(after_help = "Examples:\n  congvan outbox\n  congvan outbox --limit 100")]
    Outbox(List),
    /// Show a document, what became of it, and its proof
    #[command(after_help = "Examples:\n  congvan show 3f2a91c0\n  congvan show 3f2a91c0 --json")]
    Show(Id),
    /// Report what became of a document
    Status(Status),
    /// List what is due: what this agency has to do, and what others owe it
    Due(Due),
    /// Write a document out as an edXML packet, and its attachments as files
    Export(Export),
    /// Wait until a document and all its attachments are here
    #[command(after_help = "Examples:\n  congvan wait 3f2a91c0 --timeout 300")]
    Wait(Wait),
    /// What happened, for a named consumer that loses nothing
    Events(Events),
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

/// `congvan roster …`
#[derive(Debug, Subcommand)]
pub(crate) enum Roster {
    /// Admit an agency
    #[command(after_help = "Examples:\n  congvan --dir registrar roster admit enrolment.cgv\n\n\
        First compare the key with the agency, by telephone: the output shows it.")]
    Admit {
        /// What the agency sent: enrolment.cgv
        #[arg(value_name = "ENROLMENT_FILE")]
        enrolment: PathBuf,
    },
    /// Let an agency write no more, for now
    #[command(after_help = "Examples:\n  congvan --dir registrar roster suspend 000.00.02.H55")]
    Suspend(Ending),
    /// Let a suspended agency write again
    #[command(after_help = "Examples:\n  congvan --dir registrar roster reinstate 000.00.02.H55")]
    Reinstate {
        /// The agency's code
        code: String,
    },
    /// End an agency's chain for good
    #[command(after_help = "Examples:\n  congvan --dir registrar roster close 000.00.02.H55 --last 417")]
    Close(Ending),
    /// Give an agency new keys by the registrar's word
    #[command(
        after_help = "Examples:\n  congvan --dir registrar roster rotate 000.00.02.H55 --enrolment enrolment.cgv --nodes\n\n\
        The agency makes the enrolment with `congvan agency create` in a new directory, under its code."
    )]
    Rotate {
        #[command(flatten)]
        ending: Ending,
        /// The enrolment that holds the new keys
        #[arg(long, value_name = "FILE")]
        enrolment: PathBuf,
        /// Replace the agency's nodes by the enrolment's as well
        #[arg(long)]
        nodes: bool,
    },
    /// Declare an agency's key void after a number: lost or stolen
    #[command(after_help = "Examples:\n  congvan --dir registrar roster revoke 000.00.02.H55 --last 417")]
    Revoke(Ending),
    /// Name the entry that stands where an agency signed two with one number
    #[command(after_help = "The audit and the node's log name both entries.\n\nExamples:
  congvan --dir registrar roster resolve 000.00.02.H55 417 1f0c…64 hexadecimal digits")]
    Resolve {
        /// The agency's code
        code: String,
        /// The number that was used twice
        #[arg(value_parser = clap::value_parser!(u64).range(1..))]
        number: u64,
        /// The id of the entry that stands, 64 hexadecimal digits
        id: congvan::core::EntryId,
    },
    /// List agencies; also in a node's directory
    #[command(after_help = "Examples:\n  congvan roster list\n  congvan --dir registrar roster list --json")]
    List,
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

/// `--secret-file`
#[derive(Debug, Args)]
pub(crate) struct SecretFile {
    /// A file (mode 0600) whose first line is the secret; without it a new one is made
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
}

/// Where a chain ends.
#[derive(Debug, Args)]
pub(crate) struct Ending {
    /// The agency's code
    pub code: String,
    /// The last number that stands; by default the last that the ledger here knows
    #[arg(long, value_name = "N", conflicts_with = "none", value_parser = clap::value_parser!(u64).range(1..))]
    pub last: Option<u64>,
    /// No entry of the agency stands
    #[arg(long)]
    pub none: bool,
}

/// `congvan send`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  congvan send --packet bao-cao.edxml
  congvan send --to 000.00.01.H55 --to 000.00.02.H55 --packet bao-cao.edxml --key bc-12
  congvan send --to 000.00.01.H55 --subject 'Báo cáo tháng 02' --number 12 --notation BC-UBND \\
      --type 'Báo cáo' --attach bao-cao.pdf --attach phu-luc.xlsx
  congvan send --to 000.00.01.H55 --subject 'Trả lời kiến nghị' --answers 3f2a91c0
  congvan send --to 000.00.01.H55 --subject 'Thu hồi văn bản gửi nhầm' --recalls 3f2a91c0

With --packet and without --to, the document goes to whom the packet names. Documents that the packet names and
that are here are linked to by themselves.
A retry with the same --key sends once.")]
#[group(id = "what", required = true, multiple = false, args = ["packet", "subject"])]
pub(crate) struct Send {
    /// An addressee's code; may be repeated
    #[arg(long, value_name = "CODE")]
    pub to: Vec<String>,
    /// An edXML packet, kept byte for byte
    #[arg(long, value_name = "FILE.edxml", conflicts_with_all = [
        "attach", "number", "notation", "type_name", "place", "date", "summary", "signer", "position", "due",
        "priority", "document_id",
    ])]
    pub packet: Option<PathBuf>,
    /// Subject
    #[arg(long)]
    pub subject: Option<String>,
    /// A file to attach; may be repeated
    #[arg(long, value_name = "FILE")]
    pub attach: Vec<PathBuf>,
    /// Number, such as 12
    #[arg(long, value_name = "N")]
    pub number: Option<String>,
    /// Notation, such as BC-UBND
    #[arg(long, value_name = "X")]
    pub notation: Option<String>,
    /// Name of its type, such as Báo cáo
    #[arg(long = "type", value_name = "T")]
    pub type_name: Option<String>,
    /// Place of promulgation
    #[arg(long)]
    pub place: Option<String>,
    /// Date of promulgation
    #[arg(long, value_name = "yyyy/MM/dd")]
    pub date: Option<String>,
    /// Abstract
    #[arg(long, value_name = "TEXT")]
    pub summary: Option<String>,
    /// Who signed it
    #[arg(long, value_name = "NAME")]
    pub signer: Option<String>,
    /// The signer's position
    #[arg(long)]
    pub position: Option<String>,
    /// Date by which an answer is due
    #[arg(long, value_name = "yyyy/MM/dd")]
    pub due: Option<String>,
    /// Urgency
    #[arg(long)]
    pub priority: Option<String>,
    /// The author's own id of the document
    #[arg(long, value_name = "TEXT")]
    pub document_id: Option<String>,
    /// The id of a document that it answers; may be repeated
    #[arg(long, value_name = "ID", value_parser = id)]
    pub answers: Vec<String>,
    /// The id of a document of this agency that it recalls; may be repeated
    #[arg(long, value_name = "ID", value_parser = id)]
    pub recalls: Vec<String>,
    /// The id of a document of this agency that it updates; may be repeated
    #[arg(long, value_name = "ID", value_parser = id)]
    pub updates: Vec<String>,
    /// The id of a document of this agency that it stands in place of; may be repeated
    #[arg(long, value_name = "ID", value_parser = id)]
    pub replaces: Vec<String>,
    /// Send a packet although what it is to recall, update or replace is not here
    #[arg(long, requires = "packet")]
    pub force: bool,
    /// An idempotency key
    #[arg(long, value_name = "IDEMPOTENCY")]
    pub key: Option<String>,
    /// Let everybody read it; otherwise addressees and sender alone can
    #[arg(long)]
    pub public: bool,
    #[command(flatten)]
    pub offline: Offline,
}

/// `congvan inbox`, `congvan outbox`
#[derive(Debug, Args)]
pub(crate) struct List {
    /// At most this many
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub limit: usize,
}

/// A document.
#[derive(Debug, Args)]
pub(crate) struct Id {
    /// The document's id, or its first 8 digits or more
    #[arg(value_parser = id)]
    pub id: String,
}

/// `congvan status`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  congvan status 3f2a91c0 03 --note 'Đã vào sổ văn bản đến'
  congvan status 3f2a91c0 02 --note 'Gửi nhầm nơi nhận'
  congvan status 3f2a91c0 13 --note 'Gửi nhầm nơi nhận'
  congvan status 3f2a91c0 15 --answers 77ab03e1
  congvan status --packet trang-thai-03.edxml

Codes of an addressee: 01 arrived (the running node reports it by itself), 02 refused, 03 accepted, 04 assigned,
05 in processing, 06 completed; 15 agreed and 16 refused, to a recall, an update or a replacement.
Code of the sender: 13 recall asked, said to every addressee.
What cannot follow what was reported before is refused, with what may.")]
pub(crate) struct Status {
    /// The document's id, or its first 8 digits or more; for a packet, only where it fits several documents
    #[arg(value_parser = id, required_unless_present = "packet")]
    pub id: Option<String>,
    /// Two digits
    #[arg(required_unless_present = "packet", conflicts_with = "packet")]
    pub code: Option<String>,
    /// Description, or the reason of a refusal
    #[arg(long, value_name = "TEXT", conflicts_with = "packet")]
    pub note: Option<String>,
    /// Who handled it
    #[arg(long, value_name = "NAME", conflicts_with = "packet")]
    pub staff: Option<String>,
    /// The id of what 15 or 16 answers, where several things are asked (`congvan show` lists them)
    #[arg(long, value_name = "ID", value_parser = id)]
    pub answers: Option<String>,
    /// An edXML status packet
    #[arg(long, value_name = "FILE.edxml")]
    pub packet: Option<PathBuf>,
    #[command(flatten)]
    pub offline: Offline,
}

/// `congvan due`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  congvan due
  congvan due --received --overdue
  congvan due --sent --unanswered --json
  congvan due --config /etc/congvan/node.toml

Without --overdue, --soon and --unanswered: all of them, and dates that cannot be read. Working hours, holidays and
terms are those of the running node (node.toml, [deadlines]), or of --config.
Never answered: sent, and past its term neither completed, refused nor answered by a document.")]
pub(crate) struct Due {
    /// Only documents that this agency received
    #[arg(long, conflicts_with = "sent")]
    pub received: bool,
    /// Only documents that it sent
    #[arg(long)]
    pub sent: bool,
    /// Only what is overdue
    #[arg(long, conflicts_with_all = ["soon", "unanswered"])]
    pub overdue: bool,
    /// Only what is due soon
    #[arg(long, conflicts_with = "unanswered")]
    pub soon: bool,
    /// Only what was never answered
    #[arg(long)]
    pub unanswered: bool,
    /// A node.toml whose [deadlines] to go by
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `congvan export`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  congvan export 3f2a91c0 -o bao-cao.edxml
  congvan export 3f2a91c0 --attachments ./files
  congvan export 3f2a91c0 > bao-cao.edxml

A document that came as a packet comes out as that packet, byte for byte; for any other one is written.")]
pub(crate) struct Export {
    #[command(flatten)]
    pub id: Id,
    /// Where the packet goes; standard output without this and --attachments
    #[arg(short, long, value_name = "FILE.edxml")]
    pub output: Option<PathBuf>,
    /// Write each attachment as a file into this directory
    #[arg(long, value_name = "DIR")]
    pub attachments: Option<PathBuf>,
}

/// `congvan wait`
#[derive(Debug, Args)]
pub(crate) struct Wait {
    #[command(flatten)]
    pub id: Id,
    /// At most this many seconds
    #[arg(long, default_value_t = 60, value_name = "S")]
    pub timeout: u64,
}

/// `congvan events`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  congvan events archive
  congvan events archive --ack --limit 1
  congvan events archive --follow --ack --json

Events come again until they are acknowledged, also after a crash.
With --follow, --json prints one document a line.")]
pub(crate) struct Events {
    /// The consumer's name; each has a place of its own
    pub consumer: String,
    /// Go on, waiting for what comes
    #[arg(long, requires = "ack")]
    pub follow: bool,
    /// At most this many at once
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: u16,
    /// Acknowledge what was printed
    #[arg(long)]
    pub ack: bool,
}

/// `congvan ledger …`
#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Write the whole ledger into one file: for an auditor, or for a node without a line
    #[command(after_help = "Examples:\n  congvan ledger export -o ledger.cgva\n  \
        congvan ledger export -o all.cgva --blobs\n  congvan --dir registrar ledger export -o roster.cgva")]
    Export {
        /// The file
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// With attachments
        #[arg(long)]
        blobs: bool,
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
  congvan audit /var/lib/congvan --json

Exits with 0 if all are genuine, 1 if a violation was found, 2 if one could not be read.
Compare the fingerprint that it prints with the network's: an audit shows that a ledger is whole,
the fingerprint that it is the ledger of your network.")]
pub(crate) struct Audit {
    /// Exported ledgers, nodes' directories or backups
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
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
