//! What can be typed about documents.

use std::path::PathBuf;

use clap::Args;
use congvan::core::erasure::Reason;

use super::{Offline, Trust, id};

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

/// `congvan erase`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  congvan erase 3f2a91c0 --reason order --basis 'Bản án 12/2026/HC-ST'
  congvan erase 3f2a91c0 77ab03e1 --reason personal-data --yes

It writes an entry into this agency's chain. Every node that has it drops the content and the attachments that nothing
else names, and clears them from its files. The chain, its signatures and every proof hold as before.
What another agency wrote, that agency erases, or the registrars order it: `congvan roster erase`.")]
pub(crate) struct Erase {
    /// Ids of documents, statuses or notes, or their first 8 digits or more
    #[arg(required = true, value_name = "DOCUMENT", value_parser = id)]
    pub ids: Vec<String>,
    /// Why
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub reason: Reason,
    /// The law, decision or case; needed where the reason is order or other
    #[arg(long, value_name = "TEXT")]
    pub basis: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub offline: Offline,
}

/// A reason to erase, by its word.
pub(crate) fn reason(text: &str) -> Result<Reason, String> {
    let known = Reason::ALL.into_iter().find(|reason| reason.name() == text);
    known.ok_or_else(|| format!("one of {}", Reason::ALL.map(Reason::name).join(", ")))
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
    /// The most things to list on each side
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub limit: u16,
    /// A node.toml whose [deadlines] to go by
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// `congvan search`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  congvan search 'bao cao thu chi'
  congvan search 'công văn' --inbox --agency 'Sở Tài chính'
  congvan search --code 12/BC-UBND --from 2026/01/01 --to 2026/03/31 --json

Every word must occur: in subject, abstract, number and notation, or in the name or code of an agency. A word written
without accents is found with any; the last one may be a beginning. The node must run, with search = true.")]
pub(crate) struct Search {
    /// Words to find; all documents without
    #[arg(default_value = "")]
    pub text: String,
    /// Only documents addressed to this agency
    #[arg(long, conflicts_with = "outbox")]
    pub inbox: bool,
    /// Only documents that it sent
    #[arg(long)]
    pub outbox: bool,
    /// Number and notation, such as 12/BC-UBND
    #[arg(long, default_value = "", hide_default_value = true)]
    pub code: String,
    /// Code or name of the agency at the other end
    #[arg(long, default_value = "", hide_default_value = true)]
    pub agency: String,
    /// The first day
    #[arg(long, value_name = "yyyy/MM/dd", value_parser = day)]
    pub from: Option<jiff::civil::Date>,
    /// The last day
    #[arg(long, value_name = "yyyy/MM/dd", value_parser = day)]
    pub to: Option<jiff::civil::Date>,
    /// At most this many, and never more than 100
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub limit: usize,
    /// Leave out so many of the newest
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub offset: usize,
}

fn day(text: &str) -> Result<jiff::civil::Date, String> {
    congvan::deadline::parse_date(text).ok_or_else(|| "a day is written as 2026/03/31".to_owned())
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

/// `congvan prove`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  congvan prove 3f2a91c0 -o bang-chung.cvproof
  congvan prove 3f2a91c0 -o bang-chung.cvproof --attachments
  congvan prove 3f2a91c0 -o da-gui.cvproof --only 000.00.01.H55
  congvan prove 3f2a91c0 --compact

The file shows the document's content to whoever has it, unless --sealed or --only is given. With --only it shows
neither content nor other addressees: that a document was sent to that one agency, whether or not it ever answered, and
what it reported about it. A document sent by an older version needs such a report.
Beside the file a page to print is written, FILE with the ending html; --no-page leaves it out.
--compact prints a text of 1 to 3 KB instead, which shows neither content nor addressees: anybody in the network
pastes it into the page \"Check a proof\" of the web console, and the browser checks it.")]
pub(crate) struct Prove {
    #[command(flatten)]
    pub id: Id,
    /// Where the proof goes
    #[arg(short, long, value_name = "FILE.cvproof", required_unless_present = "compact")]
    pub output: Option<PathBuf>,
    /// Print the compact form, a text to copy, and write no file
    #[arg(long, conflicts_with_all = ["output", "attachments", "sealed", "only", "no_page"])]
    pub compact: bool,
    /// Put the attachments' bytes in; otherwise their digests stand for them
    #[arg(long)]
    pub attachments: bool,
    /// Leave the content sealed as it was sent
    #[arg(long, conflicts_with = "attachments")]
    pub sealed: bool,
    /// Show no more than that it was sent to this agency, and what that reported
    #[arg(long, value_name = "CODE", conflicts_with_all = ["attachments", "sealed"])]
    pub only: Option<String>,
    /// Write no page to print
    #[arg(long)]
    pub no_page: bool,
}

/// `congvan check`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  congvan check bang-chung.cvproof --network '3f2a 91c0 …'
  congvan check bang-chung.cvproof --network genesis.cgv --attachments tep-kem/ --json

The fingerprint comes from the registrar, not from whoever gave the file: `congvan fingerprint genesis.cgv` prints it.
Exits with 0 if the proof holds, 1 if it does not, 2 if the file cannot be read.")]
pub(crate) struct Check {
    /// The proof
    #[arg(value_name = "FILE.cvproof")]
    pub file: PathBuf,
    /// The network's fingerprint, 64 hexadecimal digits with or without spaces, or its genesis file
    #[arg(long, value_name = "FINGERPRINT")]
    pub network: String,
    /// Write the attachments in the proof into this directory
    #[arg(long, value_name = "DIR")]
    pub attachments: Option<PathBuf>,
    /// Write a page to print
    #[arg(long, value_name = "FILE.html")]
    pub page: Option<PathBuf>,
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
