//! A ledger as one file: for sneakernet, and for auditors (`docs/format.md`, archive).

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::marker::PhantomData;

use congvan_core::archive::{ArchiveError, Checksum, Frame, Frames};
use congvan_core::blob::{BlobRef, verify_chunk};
use congvan_core::entry::EntryError;
use congvan_core::evidence::{ProofError, RawProof};
use congvan_core::{
    Bounded, ChainId, CodecError, DocumentPayload, EquivocationProof, Genesis, Kind, NetworkId, Seq, UnverifiedEntry,
    Wire,
};
use congvan_store::{IngestError, Ledger, StoreError};

use crate::catalogue::forms_of;

/// Why an archive cannot be written, read, or taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The file.
    #[error("the archive cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// The file is no archive, or damaged.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// An entry in it is malformed.
    #[error("an entry in the archive is damaged: {0}")]
    Entry(#[from] EntryError),
    /// A proof in it proves nothing.
    #[error("a proof in the archive: {0}")]
    Proof(#[from] ProofError),
    /// It is another network's.
    #[error("the archive is of network {theirs}; this ledger is of {ours}")]
    OtherNetwork {
        /// The archive's.
        theirs: NetworkId,
        /// The ledger's.
        ours: NetworkId,
    },
    /// An entry in it breaks the rules.
    #[error("chain {}, {error}", chain.short())]
    Ingest {
        /// The chain.
        chain: ChainId,
        /// What is wrong.
        error: IngestError,
    },
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A blob's chunk does not belong to it.
    #[error(transparent)]
    Blob(#[from] congvan_core::blob::BlobError),
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Entries that were new.
    pub entries: u64,
    /// Blobs that became whole.
    pub blobs: u64,
}

/// Writes frames behind a file's first bytes, and the end frame.
pub(crate) struct FrameWriter<W, F = Frame> {
    out: W,
    checksum: Checksum,
    frames: PhantomData<F>,
}

impl<W: Write, F: Frames> FrameWriter<W, F> {
    pub(crate) fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&F::MAGIC)?;
        Ok(Self { out, checksum: F::checksum(), frames: PhantomData })
    }

    pub(crate) fn put(&mut self, frame: &F) -> io::Result<()> {
        let bytes = frame.to_bytes();
        self.checksum.add(&bytes);
        self.put_raw(&bytes)
    }

    fn put_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(&(bytes.len() as u32).to_le_bytes())?;
        self.out.write_all(bytes)
    }

    pub(crate) fn end(mut self) -> io::Result<W> {
        let end = self.checksum.end::<F>().to_bytes();
        self.put_raw(&end)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads frames until the end frame, which it checks.
pub struct FrameReader<R, F = Frame> {
    input: R,
    checksum: Checksum,
    ended: bool,
    frames: PhantomData<F>,
}

impl<R: Read, F: Frames> FrameReader<R, F> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`ArchiveError::NotAnArchive`] where it does not begin as one.
    pub fn new(mut input: R) -> Result<Self, TransferError> {
        let mut magic = [0; 8];
        match input.read_exact(&mut magic) {
            Ok(()) if magic == F::MAGIC => {
                Ok(Self { input, checksum: F::checksum(), ended: false, frames: PhantomData })
            }
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error.into()),
            _ => Err(ArchiveError::NotAnArchive.into()),
        }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), TransferError> {
        self.input.read_exact(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => ArchiveError::Truncated.into(),
            _ => error.into(),
        })
    }

    pub(crate) fn get_ref(&self) -> &R {
        &self.input
    }

    /// The next frame; `None` behind the end frame.
    ///
    /// # Errors
    /// The file is cut short or damaged. Only a damaged checksum is found at the end.
    pub fn next_frame(&mut self) -> Result<Option<F>, TransferError> {
        if self.ended {
            return Ok(None);
        }
        let mut len = [0; 4];
        self.fill(&mut len)?;
        let len = u32::from_le_bytes(len);
        if len as usize > F::MAX {
            return Err(ArchiveError::FrameTooLong(len, F::MAX).into());
        }
        let mut bytes = vec![0; len as usize];
        self.fill(&mut bytes)?;
        let frame = F::from_bytes(&bytes).map_err(ArchiveError::from)?;
        if let Some(genesis) = frame.genesis() {
            // Decoding alone does not judge its threshold.
            Genesis::parse(&genesis.to_bytes()).map_err(ArchiveError::from)?;
        }
        if frame.is_end() {
            self.ended = true;
            if self.input.read(&mut [0])? != 0 {
                return Err(ArchiveError::Trailing.into());
            }
            if frame != self.checksum.end() {
                return Err(ArchiveError::Checksum.into());
            }
            return Ok(None);
        }
        self.checksum.add(&bytes);
        Ok(Some(frame))
    }
}

pub(crate) fn bounded<const MAX: usize>(bytes: &[u8]) -> Result<Bounded<u8, MAX>, ArchiveError> {
    Bounded::new(bytes.to_vec())
        .map_err(|e| ArchiveError::Codec(CodecError::Malformed { what: "archive frame", reason: e.to_string() }))
}

/// Writes everything that stands in `ledger`; with `blobs`, the blobs that are whole here too.
/// Calls `progress` with the number of entries written.
///
/// # Errors
/// [`TransferError`]; the output is incomplete then, which its reader notices.
pub fn export<W: Write>(
    ledger: &Ledger,
    blobs: bool,
    out: W,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, TransferError> {
    let mut out = FrameWriter::new(out)?;
    out.put(&Frame::Genesis(ledger.genesis()))?;
    let roster = ledger.roster().chain();
    let mut written = 0;
    let mut held: BTreeSet<BlobRef> = BTreeSet::new();
    let chains = ledger.chains().into_iter().filter(|chain| *chain != roster);
    for chain in [roster].into_iter().chain(chains) {
        let Some(head) = ledger.status(chain).head else { continue };
        for entry in ledger.entries(chain, Seq::FIRST) {
            let entry = entry?;
            if entry.seq() > head.seq {
                break;
            }
            out.put(&Frame::Entry(bounded(entry.bytes())?))?;
            written += 1;
            progress(written);
            // A malformed payload has no blobs.
            match (entry.header().kind, entry.payload()) {
                (Kind::DOCUMENT, Some(payload)) if blobs => {
                    let document = DocumentPayload::from_bytes(payload);
                    held.extend(document.iter().flat_map(|document| document.cover.blobs.iter().copied()));
                }
                (Kind::PROCEDURE, Some(_)) if blobs => held.extend(forms_of(ledger, chain, entry.seq())),
                _ => {}
            }
        }
    }
    for proof in ledger.proofs() {
        let raw = RawProof::from_bytes(&proof.to_bytes()).map_err(ArchiveError::from)?;
        out.put(&Frame::Proof(raw))?;
    }
    for blob in held.into_iter().filter(|blob| ledger.has_blob(blob)) {
        for index in 0..blob.chunks() {
            let Some((bytes, proof)) = ledger.chunk(&blob, index)? else { break };
            let proof = Bounded::new(proof).map_err(|e| {
                ArchiveError::Codec(CodecError::Malformed { what: "archive frame", reason: e.to_string() })
            })?;
            out.put(&Frame::Chunk { blob, index, bytes: bounded(&bytes)?, proof })?;
        }
    }
    out.end()?;
    Ok(written)
}

/// The most bytes of entries taken in at once.
const BATCH: usize = 1024 * 1024;

/// Takes everything in an archive into `ledger`, checking it as if peers had sent it.
/// Calls `progress` with the number of entries read.
///
/// # Errors
/// [`TransferError`]. What was taken in before stays.
pub fn import<R: Read>(ledger: &Ledger, input: R, progress: &mut dyn FnMut(u64)) -> Result<Imported, TransferError> {
    let mut frames = FrameReader::new(input)?;
    let mut done = Imported::default();
    let mut batch: Vec<UnverifiedEntry> = Vec::new();
    let (mut bytes, mut read) = (0, 0);
    while let Some(frame) = frames.next_frame()? {
        match frame {
            Frame::Genesis(genesis) => {
                let (theirs, ours) = (genesis.network_id(), ledger.network());
                if theirs != ours {
                    return Err(TransferError::OtherNetwork { theirs, ours });
                }
            }
            Frame::Entry(entry) => {
                let entry = UnverifiedEntry::parse(&entry)?;
                let other_chain = batch.last().is_some_and(|last| last.header().chain != entry.header().chain);
                if bytes > BATCH || other_chain {
                    done.entries += flush(ledger, &mut batch)?;
                    bytes = 0;
                }
                bytes += entry.bytes().len();
                batch.push(entry);
                read += 1;
                progress(read);
            }
            Frame::Proof(raw) => {
                done.entries += flush(ledger, &mut batch)?;
                let proof = EquivocationProof::parse(&raw.to_bytes())?;
                let chain = proof.chain();
                ledger.add_proof(&proof).map_err(|error| TransferError::Ingest { chain, error })?;
            }
            Frame::Chunk { blob, index, bytes, proof } => {
                done.entries += flush(ledger, &mut batch)?;
                verify_chunk(&blob, index, &bytes, &proof)?;
                if !ledger.has_blob(&blob) && ledger.put_chunk(&blob, index, &bytes)? {
                    done.blobs += 1;
                }
            }
            Frame::End { .. } => {}
        }
    }
    done.entries += flush(ledger, &mut batch)?;
    // What it says is erased is to be in no file of a ledger that no node looks after.
    ledger.purge()?;
    Ok(done)
}

fn flush(ledger: &Ledger, batch: &mut Vec<UnverifiedEntry>) -> Result<u64, TransferError> {
    let Some(first) = batch.first() else { return Ok(0) };
    let chain = first.header().chain;
    match ledger.ingest(chain, std::mem::take(batch)) {
        Ok(done) => Ok(done.entries.len() as u64),
        // What contradicts this ledger is evidence, and kept as such.
        Err(IngestError::Equivocation(proof)) => {
            ledger.add_proof(&proof).map_err(|error| TransferError::Ingest { chain, error })?;
            Ok(0)
        }
        Err(IngestError::Quarantined(_)) => Ok(0),
        Err(error) => Err(TransferError::Ingest { chain, error }),
    }
}
