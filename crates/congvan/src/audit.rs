//! The audit: links, signatures, keys' spans, the roster's rules, payloads' forms, documents' lives, clocks, checkpoints
//! and witnesses, blobs, and a store's own indexes, from the bytes alone, trusting no node.
//!
//! What an audit finds is data, not an error: [`AuditError`] means that it could not read. Of each 256 entries one hash
//! is kept in memory; what must be brought together from afar goes through temporary files.
//!
//! ```no_run
//! use congvan::audit::{Options, audit};
//!
//! # fn main() -> Result<(), congvan::audit::AuditError> {
//! let audited = audit("ledger.cgva".as_ref(), &Options::default(), &mut |_| {})?;
//! assert!(audited.report().is_genuine());
//! # Ok(())
//! # }
//! ```

mod auditor;
mod compare;
mod evidence;
mod forgotten;
mod former;
mod forms;
mod keys;
mod lives;
mod report;
mod spill;
mod store;
mod trees;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use congvan_core::archive::{ArchiveError, Frame};
use congvan_core::{ChainId, EquivocationProof, Point, SecretKey, Seq, Time};
use congvan_store::{Ledger, OpenError, StoreError};

pub use compare::{Contradiction, compare};
pub use evidence::Conviction;
pub use former::{Former, FormerError, MAX_RESULT};
pub use report::{
    CatalogueReport, ChainReport, Flagged, KeyReport, MAX_LISTED, Note, Progress, Report, Violation, ViolationKind,
};

use crate::archive::{FrameReader, TransferError};
use crate::audit::auditor::Auditor;
use crate::audit::former::Found;
use crate::audit::store::StoreBefore;
use crate::audit::trees::{Grown, Split};
use crate::certificate::Anchors;

/// Why an audit could not read what it was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file or directory.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The archive is none, or damaged beyond reading.
    #[error("{path}: {error}")]
    Archive {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: TransferError,
    },
    /// It does not begin with a genesis, so nothing in it can be judged.
    #[error("{0}: it does not begin with a genesis")]
    NoGenesis(PathBuf),
    /// A temporary file, for what does not fit into memory.
    #[error("a temporary file: {0}; TMPDIR may name a directory with more room")]
    Temporary(io::Error),
    /// The former audit was of another network.
    #[error("{0}: the former audit was of another network")]
    OtherNetwork(PathBuf),
    /// The ledger does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an audit goes by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'a> {
    /// Who is trusted to vouch for agencies' keys by certificates; nobody where left out.
    pub anchors: Option<&'a Anchors>,
    /// A former audit of the same network: what it found good is not gone through again.
    pub since: Option<&'a Former>,
}

/// A ledger that was audited.
#[derive(Debug)]
pub struct Audited {
    path: PathBuf,
    report: Report,
    network: congvan_core::NetworkId,
    roster: Option<Point>,
    chains: BTreeMap<ChainId, Audit>,
    proofs: Vec<EquivocationProof>,
    splits: Vec<Split>,
}

/// What is kept of one chain: to compare copies, and to go on later.
#[derive(Debug)]
struct Audit {
    code: String,
    found: Found,
    /// Hashes of 256 entries each, from the beginning; empty where a former audit began.
    tiles: Vec<congvan_core::TreeHash>,
}

impl Audited {
    /// What was found.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The same, alone.
    pub fn into_report(self) -> Report {
        self.report
    }

    /// The result, signed, so that a later audit reads only what is new.
    pub fn sign(&self, made: Time, auditor: &SecretKey) -> Vec<u8> {
        let chains = self.chains.iter().map(|(chain, audit)| (*chain, audit.found.clone())).collect();
        let violations = self.report.violations.len() as u64;
        Former::sign(self.network, self.roster, chains, violations, made, auditor)
    }
}

/// Audits an exported ledger, a node's directory, its `ledger` directory, or a backup, without writing to it.
///
/// # Errors
/// [`AuditError`] where it cannot be read.
pub fn audit(path: &Path, options: &Options<'_>, progress: &mut dyn FnMut(Progress)) -> Result<Audited, AuditError> {
    match path.is_dir() {
        true => directory(path, options, progress),
        false => file(path, options, progress),
    }
}

/// Audits an exported ledger. Certificates of agencies' keys are judged by who `anchors` trusts.
///
/// # Errors
/// [`AuditError`] where it cannot be read.
pub fn audit_file(path: &Path, anchors: &Anchors, progress: &mut dyn FnMut(Progress)) -> Result<Report, AuditError> {
    Ok(file(path, &Options { anchors: Some(anchors), since: None }, progress)?.report)
}

/// Audits a node's directory, its `ledger` directory, or a backup, without writing to it; `anchors` as for
/// [`audit_file`].
///
/// # Errors
/// [`AuditError`] where it cannot be read.
pub fn audit_directory(
    path: &Path,
    anchors: &Anchors,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, AuditError> {
    Ok(directory(path, &Options { anchors: Some(anchors), since: None }, progress)?.report)
}

fn file(path: &Path, options: &Options<'_>, progress: &mut dyn FnMut(Progress)) -> Result<Audited, AuditError> {
    let unreadable = |error| AuditError::File { path: path.to_owned(), error };
    let file = File::open(path).map_err(unreadable)?;
    let total = file.metadata().map_err(unreadable)?.len();
    let broken = |error| AuditError::Archive { path: path.to_owned(), error };
    let mut frames =
        FrameReader::new(Counting { inner: BufReader::with_capacity(1 << 20, file), read: 0 }).map_err(broken)?;
    let mut auditor = match frames.next_frame().map_err(broken)? {
        Some(Frame::Genesis(genesis)) => Auditor::new(path, genesis, options)?,
        _ => return Err(AuditError::NoGenesis(path.to_owned())),
    };
    loop {
        match frames.next_frame() {
            Ok(Some(frame)) => auditor.frame(frame)?,
            Ok(None) => break,
            // With every frame read, this says no more than the violations already found.
            Err(TransferError::Archive(error @ (ArchiveError::Checksum | ArchiveError::Trailing))) => {
                auditor.flush()?;
                auditor.file_violation(&error);
                break;
            }
            Err(error) => return Err(broken(error)),
        }
        let done = frames.get_ref().read;
        progress(Progress { entries: auditor.entries(), done, total });
    }
    auditor.flush()?;
    if auditor.suspects_kept() {
        look_again(path, &mut auditor)?;
    }
    auditor.finish(path, options, None)
}

/// Reads a file's entries once more.
fn look_again(path: &Path, auditor: &mut Auditor) -> Result<(), AuditError> {
    let broken = |error| AuditError::Archive { path: path.to_owned(), error };
    let file = File::open(path).map_err(|error| AuditError::File { path: path.to_owned(), error })?;
    let mut frames = FrameReader::new(BufReader::with_capacity(1 << 20, file)).map_err(broken)?;
    // Where the file is damaged, the first reading has said so.
    while let Ok(Some(frame)) = frames.next_frame() {
        if let Frame::Entry(bytes) = frame {
            auditor.look_again(&bytes);
        }
    }
    Ok(())
}

/// The ledger in a directory, however it is named.
fn open(path: &Path) -> Result<Ledger, AuditError> {
    let inner = path.join("ledger");
    Ok(Ledger::open_read_only(if inner.is_dir() { &inner } else { path })?)
}

fn directory(path: &Path, options: &Options<'_>, progress: &mut dyn FnMut(Progress)) -> Result<Audited, AuditError> {
    let ledger = open(path)?;
    let mut auditor = Auditor::new(path, ledger.genesis(), options)?;
    let roster = ledger.roster().chain();
    let chains = ledger.chains();
    let total = chains.iter().filter_map(|c| ledger.status(*c).head).map(|head| head.seq.get()).sum();
    for chain in [roster].into_iter().chain(chains.into_iter().filter(|chain| *chain != roster)) {
        let Some(head) = ledger.status(chain).head else { continue };
        auditor.expect_tree(ledger.tree_hashes(chain))?;
        // Of what was audited before, the last entry is looked at again: it must be the same.
        let first = auditor.resumes_at(chain).unwrap_or(Seq::FIRST);
        auditor.reaches(chain, head.seq);
        let mut due = first;
        for stored in ledger.stored(chain, first) {
            match stored {
                Ok((seq, _)) if seq > head.seq => break,
                Ok((seq, bytes)) => {
                    due = seq.next().unwrap_or(due);
                    auditor.entry(bytes)?;
                }
                Err(StoreError::Corrupt { error, .. }) => {
                    auditor.flush()?;
                    auditor.violation(chain, due, ViolationKind::Altered, error.to_string());
                    break;
                }
                Err(error) => return Err(error.into()),
            }
            let done = auditor.entries() + auditor.before();
            progress(Progress { entries: auditor.entries(), done, total });
        }
        auditor.flush()?;
        auditor.end_tree(chain);
    }
    for proof in ledger.proofs() {
        auditor.proof(&proof)?;
    }
    auditor.flush()?;
    auditor.look_again_at(&ledger)?;
    store::check(&ledger, &mut auditor)?;
    auditor.finish(path, options, Some(&StoreBefore(&ledger)))
}

struct Counting<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

fn audit_of(code: String, state: &congvan_core::ChainState, grown: Option<&Grown>, resumed: bool) -> Audit {
    let roots = grown.map(|grown| grown.frontier().roots().to_vec()).unwrap_or_default();
    let found = Found {
        state: state.to_record(),
        size: grown.map_or(0, Grown::size),
        // A frontier has a root for each bit of a number.
        roots: congvan_core::Bounded::new(roots).unwrap_or_default(),
    };
    let tiles = grown.filter(|_| !resumed).map(|grown| grown.tiles.clone()).unwrap_or_default();
    Audit { code, found, tiles }
}
