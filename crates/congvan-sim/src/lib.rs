//! A whole network in one thread, from one seed: many [`Replica`](congvan_sync::Replica)s with
//! ledgers in memory, on a network that delays, loses, reorders and repeats, falls apart and heals,
//! under nodes that crash, restart and are restored from old backups, under a registrar that suspends,
//! revokes and closes, and among some that lie.
//!
//! ```
//! use congvan_sim::{Scenario, run};
//!
//! let report = run(&Scenario::small(3, 1)).expect("every invariant holds");
//! assert_eq!(report.digest, run(&Scenario::small(3, 1)).expect("again").digest);
//! ```
//!
//! [`split_view`] and [`false_checkpoints`] are two shorter plays: what checkpoints and witnesses are for.
//!
//! What must hold is in [`check`]; what may go wrong is in [`Scenario`].

pub mod check;
mod compare;
mod day;
mod enemy;
mod erase;
mod ledger;
mod network;
mod node;
mod registrar;
mod scenario;
mod split;
mod trouble;
mod watch;
mod wire;
mod workload;
mod world;

pub use check::Violation;
pub use compare::{Comparison, compare};
pub use ledger::Planted;
pub use scenario::{Day, Scenario};
pub use split::{FalseCheckpoint, SplitReport, false_checkpoints, split_view};
pub use world::{Failure, Report, run};
