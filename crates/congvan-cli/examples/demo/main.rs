//! `make demo`: the main job of the ledger, with the real programs, as a timeline.
//!
//! Three agencies run a node each; a document with its attachment goes from one to two; statuses come
//! back; one node is away while documents flow, and catches up; auditors get a copy from each, and one
//! copy that was altered. Every step checks what it says, and the first that fails ends the demo.
#![allow(missing_docs)]

mod scene;
mod stage;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::stage::Failure;

/// An official document's way through the ledger, from three nodes to an auditor.
#[derive(Parser)]
struct Arguments {
    /// The edXML packet that the first agency sends to the two others, whoever it names.
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/bao-cao.edxml"))]
    packet: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    stage::watch_for_interruption();
    match scene::play(&arguments.packet) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(what)) => {
            eprintln!("\n  ✗ {what}");
            ExitCode::FAILURE
        }
    }
}
