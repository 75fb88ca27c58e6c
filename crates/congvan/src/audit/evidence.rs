//! Evidence to hand over: a proof bundle that convicts one agency, for anybody who knows the network's fingerprint.

use std::io::Write;

use congvan_core::bundle::{Frame, Split};
use congvan_core::checkpoint::CheckpointPayload;
use congvan_core::evidence::RawProof;
use congvan_core::merkle::{self, Leaves};
use congvan_core::{ChainId, EntryId, EquivocationProof, Genesis, Kind, Seq, Wire};

use super::compare::{Contradiction, each_entry};
use super::{AuditError, Audited, open};
use crate::archive::{FrameReader, FrameWriter, TransferError, bounded};

/// One agency convicted, and by what.
#[derive(Clone, Debug)]
pub struct Conviction {
    /// Its code.
    pub agency: String,
    /// The number, or the size, at which it said two things.
    pub number: u64,
    chain: ChainId,
    frame: Frame,
}

impl Audited {
    /// What convicts agencies by this copy alone.
    ///
    /// # Errors
    /// [`AuditError`]: the copy cannot be read again.
    pub fn convictions(&self) -> Result<Vec<Conviction>, AuditError> {
        let code = |chain: ChainId| self.chains.get(&chain).map(|audit| audit.code.clone()).unwrap_or_default();
        let mut found: Vec<_> = self.proofs.iter().filter_map(|proof| fork(proof, code(proof.chain()))).collect();
        for split in &self.splits {
            let ours = self.split(split.chain, split.at, &split.signed)?;
            let (agency, chain) = (code(split.chain), split.chain);
            let number = split.signed.checkpoint.size.get();
            found.extend(ours.map(|ours| Conviction { agency, number, chain, frame: Frame::Split(ours) }));
        }
        Ok(found)
    }

    /// The checkpoint of another history, and one of this copy's that continues ours; `None` where this has none yet.
    fn split(&self, chain: ChainId, at: Seq, signed: &CheckpointPayload) -> Result<Option<Split>, AuditError> {
        let size = signed.checkpoint.size;
        let mut ids: Vec<EntryId> = Vec::new();
        let mut ours: Option<(Seq, CheckpointPayload)> = None;
        each_entry(&self.path, chain, 1, |entry| {
            let payload = entry.payload().filter(|_| entry.header().kind == Kind::CHECKPOINT);
            let payload = payload.and_then(|payload| CheckpointPayload::from_bytes(payload).ok());
            ours = payload.filter(|payload| payload.checkpoint.size >= size).map(|payload| (entry.seq(), payload));
            ids.push(entry.id());
            ours.is_none()
        })?;
        let Some(other) = ours else { return Ok(None) };
        let (tree, after) = (Leaves(&ids), other.1.checkpoint.size.get());
        let (Ok(root), Ok(consistency)) =
            (merkle::root(&tree, size.get()), merkle::consistency_proof(&tree, size.get(), after))
        else {
            return Ok(None);
        };
        Ok(Some(Split { chain, one: (at, *signed), other, root, consistency }))
    }

    /// Writes what convicts an agency: found in this copy, or in the comparison of several of its network.
    ///
    /// # Errors
    /// [`AuditError`]: the copy cannot be read again, or the file not be written.
    pub fn write_conviction<W: Write>(&self, conviction: &Conviction, out: W) -> Result<W, AuditError> {
        let path = &self.path;
        let failed = |error| AuditError::Archive { path: path.clone(), error };
        let broken = |error: std::io::Error| failed(TransferError::Io(error));
        let mut out = FrameWriter::new(out).map_err(broken)?;
        out.put(&Frame::Genesis(self.genesis()?)).map_err(broken)?;
        let mut entries = |chain: ChainId,
                           frame: fn(congvan_core::Bytes<{ congvan_core::entry::MAX_ENTRY_BYTES }>) -> Frame,
                           kind: Kind| {
            let mut wrong = None;
            each_entry(path, chain, 1, |entry| {
                if entry.header().kind == kind {
                    let put = bounded(entry.bytes()).map_err(TransferError::from);
                    let put = put.and_then(|bytes| Ok(out.put(&frame(bytes))?));
                    wrong = put.err();
                }
                wrong.is_none()
            })?;
            wrong.map_or(Ok(()), |error| Err(failed(error)))
        };
        entries(ChainId::of_roster(self.network), Frame::Roster, Kind::ROSTER)?;
        entries(conviction.chain, Frame::Rotation, Kind::ROTATION)?;
        out.put(&conviction.frame).map_err(broken)?;
        out.end().map_err(broken)
    }

    fn genesis(&self) -> Result<Genesis, AuditError> {
        if self.path.is_dir() {
            return Ok(open(&self.path)?.genesis());
        }
        let failed = |error| AuditError::Archive { path: self.path.clone(), error };
        let file = std::fs::File::open(&self.path).map_err(|error| failed(error.into()))?;
        match FrameReader::<_, congvan_core::archive::Frame>::new(file).and_then(|mut frames| frames.next_frame()) {
            Ok(Some(congvan_core::archive::Frame::Genesis(genesis))) => Ok(genesis),
            Ok(_) => Err(AuditError::NoGenesis(self.path.clone())),
            Err(error) => Err(failed(error)),
        }
    }
}

fn fork(proof: &EquivocationProof, agency: String) -> Option<Conviction> {
    let raw = RawProof::from_bytes(&proof.to_bytes()).ok()?;
    Some(Conviction { agency, number: proof.seq().get(), chain: proof.chain(), frame: Frame::Fork(raw) })
}

impl Contradiction {
    /// What convicts the agency, where it signed both entries.
    pub fn conviction(&self) -> Option<Conviction> {
        fork(self.proof.as_ref()?, self.agency.clone())
    }
}
