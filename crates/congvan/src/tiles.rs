//! A chain as a static log in a directory (C2SP tlog-tiles), which checkers of transparency logs verify without knowing
//! anything of Congvan (`docs/format.md`, §18).

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use congvan_core::merkle::TreeHash;
use congvan_core::note::{self, MAX_NOTE};
use congvan_core::tile::{ResumeError, TileError, TileName, Tiler};
use congvan_core::{AgencyCode, ChainId, Seq};
use congvan_store::{Ledger, StoreError};

use crate::witness::{self, Covered};

/// The signed checkpoint: the log's head.
const CHECKPOINT: &str = "checkpoint";
/// The agency's key, for checkers.
const LOG_KEY: &str = "log.vkey";
/// The keys of the witnesses who signed the checkpoint, one a line.
const WITNESS_KEYS: &str = "witnesses.vkey";

/// Why a log is not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TilesError {
    /// A file.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// No such agency.
    #[error("the roster knows no agency of this chain")]
    UnknownAgency,
    /// Nothing that is signed.
    #[error("the chain of {0} has no checkpoint yet: nothing says what its log holds")]
    NoCheckpoint(AgencyCode),
    /// Something else is there.
    #[error("{} is not empty and has no log in it that could be continued", .0.display())]
    NotALog(PathBuf),
    /// Another log is there.
    #[error("{} has the log {theirs:?}, not {ours:?}", dir.display())]
    OtherLog {
        /// Where.
        dir: PathBuf,
        /// What it is the log of.
        theirs: String,
        /// What was to be written.
        ours: String,
    },
    /// More is there than here.
    #[error("{} has {theirs} entries, and the last checkpoint here is over {ours}", dir.display())]
    Longer {
        /// Where.
        dir: PathBuf,
        /// How many are there.
        theirs: u64,
        /// How many the checkpoint here is over.
        ours: u64,
    },
    /// What is there contradicts itself.
    #[error("{}: the log is damaged: {error}", dir.display())]
    Damaged {
        /// Where.
        dir: PathBuf,
        /// How.
        error: Damage,
    },
    /// What is there is not what is here.
    #[error(
        "{} has another history of {agency} than this ledger in its first {size} entries: keep both, they show that the agency said two things",
        dir.display()
    )]
    OtherHistory {
        /// Where.
        dir: PathBuf,
        /// Whose.
        agency: AgencyCode,
        /// How many entries it has.
        size: u64,
    },
    /// The agency signed what is not so.
    #[error(
        "checkpoint {at} of {agency} is of another history than the {size} entries it is over: nothing can be shown under it"
    )]
    FalseCheckpoint {
        /// Whose.
        agency: AgencyCode,
        /// The number of its entry.
        at: Seq,
        /// How many entries it is over.
        size: u64,
    },
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with a log that was there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The checkpoint.
    #[error("its checkpoint does not begin with a name, a size and a root")]
    Checkpoint,
    /// A file.
    #[error("{name}: {error}")]
    Tile {
        /// Which.
        name: TileName,
        /// How.
        error: TileError,
    },
    /// They do not belong together.
    #[error("its tiles lead to another root than its checkpoint says")]
    Root,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The log's name.
    pub origin: String,
    /// How many entries it has now.
    pub size: u64,
    /// How many of them are new there.
    pub new: u64,
    /// How many the chain has here: what follows the last checkpoint is in no log yet.
    pub standing: u64,
    /// The root, under which they all are.
    pub root: TreeHash,
    /// The agency's key, by which a checker verifies the checkpoint.
    pub log_key: String,
    /// The keys of the witnesses who signed it too.
    pub witness_keys: Vec<String>,
}

/// Writes the chain of an agency as far as its last checkpoint goes into `dir`, which is made, or goes on with the log in
/// it. Calls `progress` with how many entries are in it, of how many. Memory does not grow with the chain.
///
/// A new log appears whole or not at all. In one that was there files come first and the checkpoint last, so that
/// whoever reads meanwhile sees the old log or the new one.
///
/// # Errors
/// [`TilesError`].
pub fn export(
    ledger: &Ledger,
    chain: ChainId,
    dir: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Exported, TilesError> {
    let head = Head::of(ledger, chain)?;
    let old = Directory(dir).head(&head)?;
    let Some((size, root)) = old else {
        let (parent, name) = place(dir)?;
        fs::create_dir_all(&parent).map_err(file(&parent))?;
        // Removed, with all in it, where anything fails.
        let part = tempfile::Builder::new().prefix(&format!("{name}.part-")).tempdir_in(&parent);
        let part = part.map_err(file(&parent))?;
        let whole = part.path().join(&name);
        fs::create_dir(&whole).map_err(file(&whole))?;
        let exported = head.write(ledger, Tiler::default(), &Directory(&whole), progress)?;
        fs::rename(&whole, dir).map_err(file(dir))?;
        return Ok(exported);
    };
    let damaged = |error| TilesError::Damaged { dir: dir.to_owned(), error };
    let tiler = Tiler::resume(size, &mut |name| Directory(dir).read(name)).map_err(|error| match error {
        ResumeError::Tile { name, error } => damaged(Damage::Tile { name, error }),
        ResumeError::Read(error) => error,
    })?;
    if tiler.root() != root {
        return Err(damaged(Damage::Root));
    }
    if Seq::new(size).map(|size| witness::root_at(ledger, chain, size)).transpose()?.flatten() != Some(root) {
        return Err(TilesError::OtherHistory { dir: dir.to_owned(), agency: head.agency, size });
    }
    head.write(ledger, tiler, &Directory(dir), progress)
}

fn file(path: &Path) -> impl FnOnce(io::Error) -> TilesError + '_ {
    |error| TilesError::File { path: path.to_owned(), error }
}

/// Where a directory is, and its name.
fn place(dir: &Path) -> Result<(PathBuf, String), TilesError> {
    let whole = std::path::absolute(dir).map_err(file(dir))?;
    match (whole.parent(), whole.file_name()) {
        (Some(parent), Some(name)) => Ok((parent.to_owned(), name.to_string_lossy().into_owned())),
        _ => Err(TilesError::NotALog(whole)),
    }
}

/// What the log is to end with.
struct Head {
    agency: AgencyCode,
    origin: String,
    covered: Covered,
}

impl Head {
    fn of(ledger: &Ledger, chain: ChainId) -> Result<Self, TilesError> {
        let roster = ledger.roster();
        let agency = roster.agency(chain).ok_or(TilesError::UnknownAgency)?.code.clone();
        let last = ledger.last_checkpoint(chain)?;
        let signed = last.map(|mark| witness::checkpoint_at(ledger, chain, mark.at)).transpose()?.flatten();
        let signed = signed.ok_or_else(|| TilesError::NoCheckpoint(agency.clone()))?;
        let covered = witness::covered(ledger, chain, signed)?;
        Ok(Self { origin: note::name(ledger.network(), &agency), agency, covered })
    }

    fn write(
        self,
        ledger: &Ledger,
        mut tiler: Tiler,
        dir: &Directory<'_>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Exported, TilesError> {
        let signed = &self.covered.signed;
        let (chain, checkpoint) = (signed.entry.header().chain, signed.payload.checkpoint);
        let (before, size) = (tiler.size(), checkpoint.size.get());
        let mut put = |name: TileName, bytes: &[u8]| dir.put(&name.to_string(), bytes);
        let first = Seq::new(before.saturating_add(1)).unwrap_or(Seq::FIRST);
        for entry in ledger.entries(chain, first).take(usize::try_from(size - before).unwrap_or(usize::MAX)) {
            tiler.push(&entry?.id(), &mut put)?;
            progress(tiler.size(), size);
        }
        tiler.finish(&mut put)?;
        if (tiler.size(), tiler.root()) != (size, checkpoint.root) {
            return Err(TilesError::FalseCheckpoint { agency: self.agency, at: signed.entry.seq(), size });
        }
        let signer = signed.entry.header().signer;
        let log_key = note::log_key(&self.origin, &signer);
        let roster = ledger.roster();
        let mut text = signed.payload.note(ledger.network(), &self.agency, &signer);
        let mut witness_keys = Vec::new();
        for seen in &self.covered.seen {
            let header = seen.entry.header();
            let Some(witness) = roster.agency(header.chain) else { continue };
            let name = note::name(ledger.network(), &witness.code);
            text = text.cosigned(&name, &header.signer, seen.cosignature.seconds, &seen.cosignature.signature);
            witness_keys.push(note::witness_key(&name, &header.signer));
        }
        dir.put(LOG_KEY, format!("{log_key}\n").as_bytes())?;
        dir.put(WITNESS_KEYS, witness_keys.iter().map(|key| format!("{key}\n")).collect::<String>().as_bytes())?;
        dir.put(CHECKPOINT, text.as_str().as_bytes())?;
        let standing = ledger.tree(chain).size();
        let new = size - before;
        Ok(Exported { origin: self.origin, size, new, standing, root: checkpoint.root, log_key, witness_keys })
    }
}

/// A directory with a log in it, or for one.
struct Directory<'a>(&'a Path);

impl Directory<'_> {
    /// The size and root of the log that is there; `None` where nothing is.
    fn head(&self, ours: &Head) -> Result<Option<(u64, TreeHash)>, TilesError> {
        let dir = || self.0.to_owned();
        let path = self.0.join(CHECKPOINT);
        let text = match fs::metadata(&path) {
            Ok(found) if found.len() > MAX_NOTE as u64 => {
                return Err(TilesError::Damaged { dir: dir(), error: Damage::Checkpoint });
            }
            Ok(_) => fs::read_to_string(&path).map_err(file(&path))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return match fs::read_dir(self.0).map(|mut files| files.next().is_none()) {
                    Ok(true) => Ok(None),
                    Ok(false) => Err(TilesError::NotALog(dir())),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(file(self.0)(error)),
                };
            }
            Err(error) => return Err(file(&path)(error)),
        };
        let (origin, size, root) = note::read_checkpoint(&text)
            .ok_or_else(|| TilesError::Damaged { dir: dir(), error: Damage::Checkpoint })?;
        if origin != ours.origin {
            return Err(TilesError::OtherLog { dir: dir(), theirs: origin.to_owned(), ours: ours.origin.clone() });
        }
        let here = ours.covered.signed.payload.checkpoint.size.get();
        if size > here {
            return Err(TilesError::Longer { dir: dir(), theirs: size, ours: here });
        }
        Ok(Some((size, root)))
    }

    /// A tile at the right edge; the full one where it took the place of the partial.
    fn read(&self, name: TileName) -> Result<Vec<u8>, TilesError> {
        let partial = self.0.join(name.to_string());
        let opened = File::open(&partial).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => File::open(self.0.join(name.full().to_string())).map_err(|_| error),
            _ => Err(error),
        });
        let mut bytes = Vec::new();
        // One more, so that what is too long is noticed.
        let read = opened.and_then(|tile| tile.take(name.full().bytes() as u64 + 1).read_to_end(&mut bytes));
        read.map_err(file(&partial))?;
        Ok(bytes)
    }

    /// Puts a file in its place, whole; durably where it is the last.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), TilesError> {
        let path = self.0.join(name);
        let parent = path.parent().unwrap_or(self.0);
        fs::create_dir_all(parent).map_err(file(parent))?;
        let part = parent.join(".part");
        let write = || {
            let mut new = File::create(&part)?;
            new.write_all(bytes)?;
            if name == CHECKPOINT {
                new.sync_all()?;
            }
            fs::rename(&part, &path)
        };
        write().map_err(file(&path))
    }
}
