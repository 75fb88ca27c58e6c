//! What can be typed after `congvan roster`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use congvan::core::erasure::Reason;

use super::Trust;

/// `congvan roster …`
#[derive(Debug, Subcommand)]
pub(crate) enum Roster {
    #[command(flatten)]
    Change(Change),
    /// Write a change into a file, for other registrars to approve at their own desks
    #[command(after_help = "Examples:
  congvan --dir desk-1 roster propose -o close.cgvm close 000.00.02.H55 --last 417
  congvan --dir desk-1 roster propose -o registrars.cgvm registrars --threshold 2 --add KEY

The keys in this directory approve it at once. Send the file to the other registrars, who each run
`congvan roster approve FILE`; the last runs `congvan roster submit FILE`.")]
    Propose {
        /// The file to write
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        #[command(subcommand)]
        change: Change,
    },
    /// Show what another registrar proposes and, with --yes, approve it with the key in this directory
    #[command(after_help = "Examples:\n  congvan --dir desk-2 roster approve close.cgvm
  congvan --dir desk-2 roster approve close.cgvm --yes\n
Exits with 1 while it only shows. The approval is added to the file: send it on, or back.")]
    Approve {
        /// The proposal
        file: PathBuf,
        /// Approve what is shown
        #[arg(long)]
        yes: bool,
    },
    /// Put a proposal that enough registrars approved into the roster
    #[command(after_help = "Examples:\n  congvan --dir desk-1 roster submit close.cgvm\n
A key in this directory signs the entry, and counts as an approval.")]
    Submit {
        /// The proposal
        file: PathBuf,
    },
    /// Make a further registrar's directory in --dir: a key of its own, which never leaves it, and an empty roster
    #[command(after_help = "Examples:\n  congvan --dir desk-2 roster desk --network genesis.cgv --encrypt\n
The registrars make its key one of theirs: `congvan roster registrars --add KEY`.")]
    Desk {
        /// The network's genesis file
        #[arg(long, value_name = "GENESIS_FILE")]
        network: PathBuf,
        /// Encrypt the key file under a passphrase
        #[arg(long)]
        encrypt: bool,
    },
    /// Invite an agency: a one-time code by which it enrols itself, to read out by telephone or to paste
    #[command(after_help = "Examples:
  congvan --dir registrar roster invite --code H55.01 --name 'Sở Tài chính'
  congvan --dir registrar roster invite --code H55.01.02 --name 'Phòng Tin học' --parent H55.01 --valid-hours 24\n
The code is shown once and is nowhere else. The agency enrols while `congvan roster serve` runs.")]
    Invite {
        /// The agency's code (OrganId)
        #[arg(long)]
        code: String,
        /// Its name
        #[arg(long)]
        name: String,
        /// The code of the agency above it
        #[arg(long, value_name = "CODE")]
        parent: Option<String>,
        /// For how many hours the invitation holds
        #[arg(long, value_name = "HOURS", default_value_t = 72,
            value_parser = clap::value_parser!(u32).range(1..=i64::from(congvan::invitations::MAX_HOURS)))]
        valid_hours: u32,
    },
    /// List invitations, or take one back
    #[command(after_help = "Examples:\n  congvan --dir registrar roster invitations
  congvan --dir registrar roster invitations --revoke H55.01")]
    Invitations {
        /// The agency whose open invitation is to end
        #[arg(long, value_name = "CODE")]
        revoke: Option<String>,
    },
    /// List enrolments by invitation that wait for other registrars
    #[command(after_help = "Examples:\n  congvan --dir desk-1 roster requests\n
Send the file that is named to the other registrars, for `congvan roster approve`; then `congvan roster submit`
here. The agency gets the answer when it repeats `congvan agency enrol`.")]
    Requests,
    /// Open the desk: admit invited agencies over the network while invitations wait
    #[command(after_help = "Examples:
  congvan --dir registrar roster serve --node /var/lib/congvan
  congvan --dir registrar roster serve --listen /ip4/0.0.0.0/tcp/7413 --peer /ip4/192.0.2.10/tcp/7411/p2p/12D3… --until-done\n
The port is open only while an invitation waits, and only invited agencies get more than a handshake. The roster
goes to the node of --node, and from there to every other. Ctrl-C ends it at any moment.")]
    Serve {
        /// An address to listen on; may be repeated
        #[arg(long, value_name = "ADDRESS", default_value = "/ip4/0.0.0.0/tcp/7413")]
        listen: Vec<String>,
        /// The directory of this office's running node, which passes the roster on to the network
        #[arg(long, value_name = "DIR")]
        node: Option<PathBuf>,
        /// A node for new agencies to begin with, with its key; may be repeated; by default that of --node
        #[arg(long, value_name = "ADDRESS")]
        peer: Vec<String>,
        /// End once no invitation waits
        #[arg(long)]
        until_done: bool,
    },
    /// Give a running node the roster; it passes it on to the network
    #[command(after_help = "Examples:\n  congvan --dir registrar roster publish --node /var/lib/congvan")]
    Publish {
        /// The directory of this office's running node
        #[arg(long, value_name = "DIR")]
        node: PathBuf,
    },
    /// List agencies; also in a node's directory
    #[command(after_help = "Examples:\n  congvan roster list\n  congvan --dir registrar roster list --json")]
    List,
}

/// A change of the roster: made at once, or proposed.
#[derive(Debug, Subcommand)]
pub(crate) enum Change {
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
        /// Replace the agency's nodes by the enrolment's as well; a proposal holds one change, so `nodes` is another
        #[arg(long)]
        nodes: bool,
    },
    /// Replace an agency's nodes by an enrolment's
    #[command(after_help = "Examples:\n  congvan --dir registrar roster nodes --enrolment enrolment.cgv")]
    Nodes {
        /// The enrolment that names them
        #[arg(long, value_name = "FILE")]
        enrolment: PathBuf,
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
    /// Change who the registrars are, and how many of them a change needs
    #[command(after_help = "Examples:
  congvan --dir registrar roster registrars --threshold 2 --add KEY --add KEY
  congvan --dir desk-1 roster propose -o weg.cgvm registrars --remove KEY\n
KEY is the 64 hexadecimal digits that `congvan roster desk` and `congvan network create` print. The change
holds from the roster's next entry on.")]
    #[command(group(clap::ArgGroup::new("what").required(true).multiple(true).args(["threshold", "add", "remove"])))]
    Registrars {
        /// How many registrars a change needs; by default as before
        #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(1..=64))]
        threshold: Option<u16>,
        /// A registrar to add; may be repeated
        #[arg(long, value_name = "KEY")]
        add: Vec<congvan::core::KeyId>,
        /// A registrar to remove; may be repeated
        #[arg(long, value_name = "KEY")]
        remove: Vec<congvan::core::KeyId>,
    },
    /// Say which agencies witness others' checkpoints, and how many of them make a checkpoint witnessed
    #[command(after_help = "Examples:
  congvan --dir registrar roster witnesses --threshold 2 000.00.00.H55 000.00.01.H55 000.00.02.H55
  congvan --dir registrar roster witnesses --threshold 0\n
The list replaces the one before; without agencies nobody witnesses. A witness' node cosigns by itself.")]
    Witnesses {
        /// How many of them it takes
        #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(0..=64))]
        threshold: u16,
        /// The witnesses' codes
        #[arg(value_name = "CODE")]
        agencies: Vec<String>,
    },
    /// Order that content of an agency is erased, at every node and for good
    #[command(after_help = "Examples:
  congvan --dir registrar roster erase 000.00.02.H55 3f2a91c0 --reason order --basis 'Bản án 12/2026/HC-ST'
  congvan --dir desk-1 roster propose -o erase.cgvm erase 000.00.02.H55 417:1f0c…64-digits --reason order --basis …\n
ENTRY is an id that the ledger here has, or its first 8 digits or more, or NUMBER:ID. Documents, statuses and notes are
erased; what rules and proofs follow from stays. It cannot be undone.")]
    Erase {
        /// The agency's code
        code: String,
        /// The entries
        #[arg(required = true, value_name = "ENTRY")]
        entries: Vec<String>,
        /// Why
        #[arg(long, value_name = "REASON", default_value = "order", value_parser = super::document::reason)]
        reason: Reason,
        /// The law, decision or case
        #[arg(long, value_name = "TEXT", default_value = "")]
        basis: String,
    },
    /// Say how long content is kept, and when its agency erases it
    #[command(after_help = "Examples:
  congvan --dir registrar roster retention documents=10:20 'type:Báo cáo=5:5' statuses=10:20
  congvan --dir registrar roster retention --none\n
RULE is CLASS=KEEP or CLASS=KEEP:DROP in years from the entry's time; CLASS is documents, statuses, notes or type:NAME, which goes
before documents. Before KEEP nobody erases for age; after DROP the agency's own node does. The list replaces the one before.")]
    #[command(group(clap::ArgGroup::new("terms").required(true).args(["rules", "none"])))]
    Retention {
        /// The rules
        #[arg(value_name = "RULE")]
        rules: Vec<String>,
        /// Keep everything
        #[arg(long)]
        none: bool,
    },
    /// Give an agency the right to publish procedures, or take it away
    #[command(after_help = "Examples:
  congvan --dir registrar roster rights 000.00.00.H55 --publish on
  congvan --dir registrar roster rights 000.00.00.H55 --publish off --last 417\n
It holds for the numbers after --last. What was published before stands.")]
    Rights {
        #[command(flatten)]
        ending: Ending,
        /// Whether it may publish procedures
        #[arg(long, value_name = "SWITCH")]
        publish: Switch,
    },
    /// Put an agency's certificate into the roster
    #[command(
        after_help = "Examples:\n  congvan --dir registrar roster certify certificate.cgvr --trust /etc/congvan/trust\n
The file is what the agency made with `congvan certificate request`. What does not hold is refused."
    )]
    Certify {
        /// The request
        #[arg(value_name = "REQUEST_FILE")]
        request: PathBuf,
        #[command(flatten)]
        trust: Trust,
    },
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

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Switch {
    /// Given.
    On,
    /// Taken away.
    Off,
}
