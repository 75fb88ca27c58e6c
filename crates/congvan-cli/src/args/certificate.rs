//! What can be typed after `congvan certificate`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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

/// Whom the reader trusts.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Trust {
    /// Authorities' certificates: a PEM or DER file, or a directory of them; by default `trust` in --dir, if it is there
    #[arg(long, value_name = "PATH", env = "CONGVAN_TRUST")]
    pub trust: Option<PathBuf>,
}
