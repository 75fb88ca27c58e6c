//! `congvan token …`

use clap::Subcommand;

/// `congvan token …`
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token; prints it, once
    #[command(after_help = "Examples:\n  congvan token add register --scope documents:read,events:read\n  \
        congvan token add sender --scope documents:write --days 90\n\n\
        Scopes: documents:read, documents:write, status:write, directory:read, catalogue:read, events:read,\n\
        admin (webhooks). A running node knows the token from the next request on.")]
    Add {
        /// A name to know it by: letters, digits, '.', '-' and '_'
        name: String,
        /// What it allows; several are parted by commas
        #[arg(long, value_name = "SCOPE", value_delimiter = ',', required = true)]
        scope: Vec<String>,
        /// Days after which it is worth nothing; without it, it is good until it is removed
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3660))]
        days: Option<u32>,
    },
    /// List the tokens; shows none
    #[command(after_help = "Examples:\n  congvan token list\n  congvan token list --json")]
    List,
    /// Remove a token; it is worth nothing from the next request on
    #[command(after_help = "Examples:\n  congvan token remove register")]
    Remove {
        /// Its name
        name: String,
    },
}
