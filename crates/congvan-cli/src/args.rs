//! What can be typed after `congvan`.

mod roster;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use self::roster::{Change, Ending, Roster};
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
    /// Show a document, what became of it, and its proof
    #[command(after_help = "Examples:\n  congvan show 3f2a91c0\n  congvan show 3f2a91c0 --trust goc.pem --json")]
    Show(Show),
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

/// Whom the reader trusts.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Trust {
    /// Authorities' certificates: a PEM or DER file, or a directory of them; by default `trust` in --dir, if it is there
    #[arg(long, value_name = "PATH", env = "CONGVAN_TRUST")]
    pub trust: Option<PathBuf>,
}

/// `congvan certificate …`
#[derive(Debug, Subcommand)]
pub(crate) enum Certificate {
    /// Write what the certificate's key must sign, and say how
    #[command(after_help = "Examples:\n  congvan certificate challenge -o challenge.bin
  openssl dgst -sha256 -sign agency-key.pem -out proof.bin challenge.bin")]
    Challenge {
        /// The file to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Bind a certificate to this agency's key, in a file for the registrar
    #[command(after_help = "Examples:
  congvan certificate request --certificate chain.pem --proof proof.bin -o certificate.cgvr\n
chain.pem holds the agency's certificate first, then the one that issued it, and so on. Send the file to
the registrar, who runs `congvan roster certify`.")]
    Request {
        /// The certificates: PEM, or DER for a single one
        #[arg(long, value_name = "CHAIN_FILE")]
        certificate: PathBuf,
        /// The signature by the certificate's key
        #[arg(long, value_name = "PROOF_FILE")]
        proof: PathBuf,
        /// The file to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        #[command(flatten)]
        trust: Trust,
    },
    /// Show the certificates of agencies: chain of trust, validity, and what could not be checked
    #[command(after_help = "Examples:\n  congvan certificate show 000.00.00.H55 --trust /etc/congvan/trust
  congvan certificate show --json")]
    Show {
        /// The agency's code; without it, all agencies that have one
        #[arg(value_name = "CODE")]
        agency: Option<String>,
        #[command(flatten)]
        trust: Trust,
    },
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

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Switch {
    /// Given.
    On,
    /// Taken away.
    Off,
}

/// `congvan catalogue …`
#[derive(Debug, Subcommand)]
pub(crate) enum Catalogue {
    /// List procedures
    #[command(after_help = "Examples:\n  congvan catalogue list --level commune --text 'khai sinh'\n  \
        congvan catalogue list --publisher 000.00.00.H55 --retired --json")]
    List(ProcedureList),
    /// Show a procedure and everything that was ever said of it
    #[command(
        after_help = "Examples:\n  congvan catalogue show 1.001193\n  congvan catalogue show 1.001193 --forms ./forms"
    )]
    Show {
        #[command(flatten)]
        procedure: ProcedureId,
        /// Write its forms as files into this directory
        #[arg(long, value_name = "DIR")]
        forms: Option<PathBuf>,
    },
    /// Publish a procedure that is new, or was retired
    #[command(
        after_help = "Examples:\n  congvan catalogue publish 1.001193 --set name='Đăng ký khai sinh' --set levels=commune \\\n      \
        --set fee=8000 --set forms=to-khai.pdf\n\nFields are those of `congvan catalogue load --help`."
    )]
    Publish(ProcedureEdit),
    /// Change some fields of a procedure
    #[command(
        after_help = "Examples:\n  congvan catalogue amend 1.001193 --set fee=10000 --set term='3 ngày làm việc'\n\n\
        Fields that are not set stay. Fields are those of `congvan catalogue load --help`."
    )]
    Amend(ProcedureEdit),
    /// Take a procedure out of the catalogue
    #[command(
        after_help = "Examples:\n  congvan catalogue retire 1.001193 --reason 'Quyết định 12/QĐ-UBND' --from 2026/07/01"
    )]
    Retire {
        /// The procedure's code
        code: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// From which day
        #[arg(long, value_name = "yyyy/MM/dd")]
        from: Option<String>,
        #[command(flatten)]
        offline: Offline,
    },
    /// What is new, changed field by field, or retired since a cursor
    #[command(
        after_help = "Examples:\n  congvan catalogue changes\n  congvan catalogue changes --since 1840 --json\n\n\
        The output ends with the cursor for the next time. Cursors are this node's own."
    )]
    Changes {
        /// The cursor that the last call ended with; 0 begins at the beginning
        #[arg(long, default_value_t = 0, value_name = "CURSOR")]
        since: u64,
        /// At most this many
        #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Bring this agency's catalogue to what a file says
    #[command(after_help = "Examples:
  congvan catalogue load thu-tuc.csv --dry-run
  congvan catalogue load thu-tuc.csv
  congvan catalogue load thu-tuc.json --retire-missing --reason 'Quyết định 12/QĐ-UBND'

CSV: UTF-8, its first row names the columns, in English or Vietnamese:
  code (mã thủ tục), name (tên thủ tục), field (lĩnh vực), levels (cấp thực hiện), applicants (đối tượng thực hiện),
  fee (phí, lệ phí), online_payment (thanh toán trực tuyến), payment_channels (kênh thanh toán), legal_basis (căn cứ
  pháp lý), steps (trình tự thực hiện), forms (mẫu đơn, tờ khai), term (thời hạn giải quyết), result (kết quả thực
  hiện), in_force_from (hiệu lực từ), in_force_until (hiệu lực đến), office (cơ quan thực hiện), place (nơi tiếp nhận),
  online_service (dịch vụ công trực tuyến), online_url (địa chỉ nộp trực tuyến), by_post (bưu chính công ích),
  case_type (loại hồ sơ)
Items of a list stand on lines of their own, or with | between them; a payment channel is kind; url; account; a form is
a file's path, from the CSV's directory. Columns that are missing leave their fields as they are.
JSON: a list of objects with these names; lists are lists.

Nothing is written where any row has an error. A load that was interrupted writes the rest when it is run again.")]
    Load(Load),
}

/// `congvan catalogue list`
#[derive(Debug, Args)]
pub(crate) struct ProcedureList {
    /// Of this publisher alone
    #[arg(long, value_name = "CODE")]
    pub publisher: Option<String>,
    /// Of this level: province, district or commune
    #[arg(long)]
    pub level: Option<String>,
    /// Of this field of administration
    #[arg(long)]
    pub field: Option<String>,
    /// With this text in code or name
    #[arg(long)]
    pub text: Option<String>,
    /// In force on this day
    #[arg(long, value_name = "yyyy/MM/dd")]
    pub on: Option<String>,
    /// The retired ones too
    #[arg(long)]
    pub retired: bool,
    /// At most this many
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub limit: u16,
}

/// A procedure.
#[derive(Debug, Args)]
pub(crate) struct ProcedureId {
    /// The procedure's code
    pub code: String,
    /// Its publisher's code; needed where several published it
    #[arg(long, value_name = "CODE")]
    pub publisher: Option<String>,
}

/// `congvan catalogue publish`, `congvan catalogue amend`
#[derive(Debug, Args)]
pub(crate) struct ProcedureEdit {
    /// The procedure's code
    pub code: String,
    /// A field and what stands in it; may be repeated
    #[arg(long, value_name = "FIELD=VALUE", required = true)]
    pub set: Vec<String>,
    #[command(flatten)]
    pub offline: Offline,
}

/// `congvan catalogue load`
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// A table (.csv) or a list (.json) of procedures
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Show what would change, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Retire what this agency has in the catalogue and the file does not have
    #[arg(long)]
    pub retire_missing: bool,
    /// Why the missing ones are retired
    #[arg(long, value_name = "TEXT", default_value = "", requires = "retire_missing")]
    pub reason: String,
    /// From which day they are retired
    #[arg(long, value_name = "yyyy/MM/dd", requires = "retire_missing")]
    pub from: Option<String>,
    #[command(flatten)]
    pub offline: Offline,
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

/// `congvan show`
#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub id: Id,
    #[command(flatten)]
    pub trust: Trust,
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
