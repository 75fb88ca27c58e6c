//! Attachments' bytes, in chunks: received one by one in any order, or written as a stream.
//!
//! A blob's id is known only after its last byte, so its chunks lie under a *stage*, and the id leads
//! to it once the blob is whole, or once its first chunk is received.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, MutexGuard};

use congvan_core::BlobId;
use congvan_core::blob::{BlobError, BlobRef, Outline, Outliner, chunk_hash};
use rocksdb::WriteBatch;

use crate::error::{Corruption, StoreError};
use crate::layout::{self, BlobRecord, Cf};
use crate::ledger::{Inner, Ledger, guard};

/// Outlines of blobs lately served; one of a 2 GiB blob has 1 MiB.
const OUTLINES: usize = 8;

type Hash = [u8; 32];

/// A chunk's bytes, and the sibling hashes that prove it.
pub type Chunk = (Vec<u8>, Vec<[u8; 32]>);

/// What is in memory of blobs.
#[derive(Default)]
pub(crate) struct Partials {
    next_stage: u64,
    /// Blobs that are being received.
    open: HashMap<BlobId, Partial>,
    outlines: VecDeque<Arc<Whole>>,
}

struct Partial {
    stage: u64,
    len: u64,
    hashes: Vec<Option<Hash>>,
}

struct Whole {
    blob: BlobRef,
    stage: u64,
    outline: Outline,
}

fn write<'a>(inner: &'a Inner) -> impl FnMut(&mut WriteBatch, Cf, &[u8], &[u8]) + 'a {
    move |batch, cf, key, value| batch.put_cf(inner.db.cf(cf), key, value)
}

impl Ledger {
    /// Removes the chunks of blobs whose writing was interrupted.
    pub(crate) fn sweep_stages(&self) -> Result<(), StoreError> {
        let db = &self.0.db;
        let last = match db.scan(Cf::Blobs, vec![], vec![u8::MAX; 13], true).next() {
            Some(item) => item?.0.get(..8).map_or(Ok(0), |stage| layout::read_number("stage", stage))?,
            None => 0,
        };
        let mut batch = WriteBatch::default();
        let mut highest = last;
        for item in db.scan_prefix(Cf::BlobMeta, b"S", false) {
            let stage = layout::read_number("stage", &item?.0[1..])?;
            self.drop_stage(&mut batch, stage);
            highest = highest.max(stage);
        }
        // A stage whose last chunk was removed is known by its blob alone.
        for item in db.scan_prefix(Cf::BlobMeta, b"B", false) {
            highest = highest.max(BlobRecord::from_bytes(&item?.1)?.stage);
        }
        guard(&self.0.partials).next_stage = highest + 1;
        match batch.is_empty() {
            true => Ok(()),
            false => db.write(batch, true),
        }
    }

    fn drop_stage(&self, batch: &mut WriteBatch, stage: u64) {
        let db = &self.0.db;
        batch.delete_range_cf(db.cf(Cf::Blobs), layout::chunk_key(stage, 0), layout::chunk_key(stage + 1, 0));
        batch.delete_range_cf(db.cf(Cf::BlobMeta), layout::hash_key(stage, 0), layout::hash_key(stage + 1, 0));
        batch.delete_cf(db.cf(Cf::BlobMeta), layout::stage_key(b'S', stage));
    }

    fn blob_record(&self, id: BlobId) -> Result<Option<BlobRecord>, StoreError> {
        let stored = self.0.db.get(Cf::BlobMeta, layout::blob_key(id))?;
        Ok(stored.map(|bytes| BlobRecord::from_bytes(&bytes)).transpose()?)
    }

    /// Whether all of a blob is here.
    pub fn has_blob(&self, blob: &BlobRef) -> bool {
        let stored = self.blob_record(blob.id).unwrap_or_else(|error| {
            tracing::error!(blob = %blob.id, %error, "a blob cannot be looked up");
            None
        });
        stored.is_some_and(|stored| stored.whole && stored.len == blob.len)
    }

    /// The first chunks of a blob that are missing here, at most `limit`; none of one that was erased.
    pub fn missing_chunks(&self, blob: &BlobRef, limit: usize) -> Vec<u32> {
        if self.has_blob(blob) {
            return Vec::new();
        }
        if self.is_dropped(blob.id).unwrap_or(false) {
            return Vec::new();
        }
        let mut partials = guard(&self.0.partials);
        let all = || (0..blob.chunks()).take(limit).collect();
        match self.partial(&mut partials, blob) {
            Ok(Some(partial)) if partial.len == blob.len => {
                let missing = (0..).zip(&partial.hashes).filter(|(_, hash)| hash.is_none());
                missing.map(|(index, _)| index).take(limit).collect()
            }
            Ok(_) => all(),
            Err(error) => {
                tracing::error!(blob = %blob.id, %error, "a blob's chunks cannot be counted");
                all()
            }
        }
    }

    /// What is here of a blob that is not whole.
    fn partial<'a>(&self, partials: &'a mut Partials, blob: &BlobRef) -> Result<Option<&'a mut Partial>, StoreError> {
        if let Entry::Vacant(open) = partials.open.entry(blob.id) {
            let Some(BlobRecord { stage, len, whole: false }) = self.blob_record(blob.id)? else { return Ok(None) };
            let mut hashes = vec![None; BlobRef { id: blob.id, len }.chunks() as usize];
            for item in self.0.db.scan_prefix(Cf::BlobMeta, &layout::stage_key(b'H', stage), false) {
                let (key, hash) = item?;
                let malformed = || Corruption::Key(key.to_vec());
                let index = u32::from_be_bytes(key.get(9..).and_then(|i| i.try_into().ok()).ok_or_else(malformed)?);
                let hash = <Hash>::try_from(&*hash).map_err(|_| malformed())?;
                *hashes.get_mut(index as usize).ok_or_else(malformed)? = Some(hash);
            }
            open.insert(Partial { stage, len, hashes });
        }
        Ok(partials.open.get_mut(&blob.id))
    }

    /// Stores a chunk that [`verify_chunk`](congvan_core::blob::verify_chunk) passed. `true` if the blob
    /// is whole now, and durable; before that, a loss of power may take back the latest chunks.
    ///
    /// # Errors
    /// [`StoreError`]; [`Corruption::Blob`] if the chunks taken do not make up the blob: they are
    /// dropped, and to be fetched anew.
    pub fn put_chunk(&self, blob: &BlobRef, index: u32, bytes: &[u8]) -> Result<bool, StoreError> {
        self.0.db.writable()?;
        let expected = blob.chunk_len(index).ok_or(BlobError::NoSuchChunk(index))?;
        if bytes.len() != expected {
            return Err(BlobError::ChunkLength { index, expected, found: bytes.len() }.into());
        }
        if self.has_blob(blob) {
            return Ok(true);
        }
        let mut partials = guard(&self.0.partials);
        if self.is_dropped(blob.id)? {
            return Ok(false);
        }
        let mut put = write(&self.0);
        let mut batch = WriteBatch::default();
        if self.partial(&mut partials, blob)?.is_none() {
            let stage = partials.next_stage;
            partials.next_stage += 1;
            let record = BlobRecord { stage, len: blob.len, whole: false };
            put(&mut batch, Cf::BlobMeta, &layout::blob_key(blob.id), &record.to_bytes());
            let hashes = vec![None; blob.chunks() as usize];
            partials.open.insert(blob.id, Partial { stage, len: blob.len, hashes });
        }
        let Some(partial) = partials.open.get_mut(&blob.id).filter(|partial| partial.len == blob.len) else {
            // Another length under one id: one of the two references lies, and chunks will tell.
            return Err(Corruption::Blob.into());
        };
        let hash = chunk_hash(index, bytes, blob.chunks() == 1);
        put(&mut batch, Cf::Blobs, &layout::chunk_key(partial.stage, index), bytes);
        put(&mut batch, Cf::BlobMeta, &layout::hash_key(partial.stage, index), &hash);
        if let Some(slot) = partial.hashes.get_mut(index as usize) {
            *slot = Some(hash);
        }
        let Some(hashes) = partial.hashes.iter().copied().collect::<Option<Vec<_>>>() else {
            self.0.db.write(batch, false)?;
            return Ok(false);
        };
        let stage = partial.stage;
        partials.open.remove(&blob.id);
        let whole = Outline::from_parts(blob.len, hashes).filter(|outline| outline.blob() == *blob);
        let Some(outline) = whole else {
            self.drop_stage(&mut batch, stage);
            batch.delete_cf(self.0.db.cf(Cf::BlobMeta), layout::blob_key(blob.id));
            self.0.db.write(batch, true)?;
            return Err(Corruption::Blob.into());
        };
        self.make_whole(&mut batch, stage, &outline);
        self.0.db.write(batch, true)?;
        Ok(true)
    }

    /// Drops those of the blobs that nothing names, once the entries at `gone` are without their payloads. What it
    /// returns is to be held until that is written.
    pub(crate) fn drop_unnamed_blobs(
        &self,
        batch: &mut WriteBatch,
        blobs: &BTreeSet<BlobId>,
        gone: &HashSet<[u8; 12]>,
    ) -> Result<MutexGuard<'_, Partials>, StoreError> {
        let db = &self.0.db;
        let (meta, erasures) = (db.cf(Cf::BlobMeta), db.cf(Cf::Erasures));
        let mut partials = guard(&self.0.partials);
        for id in blobs {
            let mut named = db.scan_prefix(Cf::BlobMeta, &layout::blob_named_prefix(*id), false);
            let stays = named.find_map(|item| match item {
                Ok((key, _)) => key.last_chunk().is_none_or(|place| !gone.contains(place)).then_some(Ok(())),
                Err(error) => Some(Err(error)),
            });
            if stays.transpose()?.is_some() {
                continue;
            }
            partials.open.remove(id);
            partials.outlines.retain(|whole| whole.blob.id != *id);
            batch.put_cf(meta, layout::blob_dropped_key(*id), []);
            if let Some(BlobRecord { stage, .. }) = self.blob_record(*id)? {
                self.drop_stage(batch, stage);
                batch.delete_cf(meta, layout::stage_key(b'W', stage));
                batch.delete_cf(meta, layout::blob_key(*id));
                batch.put_cf(erasures, layout::stage_key(b'B', stage), []);
            }
        }
        Ok(partials)
    }

    /// Whether a blob was dropped for good, so that nobody needs to fetch it.
    fn is_dropped(&self, id: BlobId) -> Result<bool, StoreError> {
        Ok(self.0.db.get(Cf::BlobMeta, layout::blob_dropped_key(id))?.is_some())
    }

    fn make_whole(&self, batch: &mut WriteBatch, stage: u64, outline: &Outline) {
        let blob = outline.blob();
        let meta = self.0.db.cf(Cf::BlobMeta);
        batch.delete_range_cf(meta, layout::hash_key(stage, 0), layout::hash_key(stage + 1, 0));
        batch.delete_cf(meta, layout::stage_key(b'S', stage));
        batch.delete_cf(meta, layout::blob_dropped_key(blob.id));
        batch.put_cf(meta, layout::stage_key(b'W', stage), outline.hashes().concat());
        let record = BlobRecord { stage, len: blob.len, whole: true };
        batch.put_cf(meta, layout::blob_key(blob.id), record.to_bytes());
    }

    /// A chunk and its proof, of a blob that is whole here.
    ///
    /// # Errors
    /// [`StoreError`]; [`Corruption::Blob`] where the stored chunk is not the one that was stored.
    pub fn chunk(&self, blob: &BlobRef, index: u32) -> Result<Option<Chunk>, StoreError> {
        let Some(whole) = self.whole(blob)? else { return Ok(None) };
        let Some(proof) = whole.outline.proof(index) else { return Ok(None) };
        let bytes = self.0.db.get(Cf::Blobs, layout::chunk_key(whole.stage, index))?.ok_or(Corruption::Missing)?;
        if whole.outline.hashes().get(index as usize) != Some(&chunk_hash(index, &bytes, blob.chunks() == 1)) {
            return Err(Corruption::Blob.into());
        }
        Ok(Some((bytes, proof)))
    }

    fn whole(&self, blob: &BlobRef) -> Result<Option<Arc<Whole>>, StoreError> {
        let fits = |whole: &&Arc<Whole>| whole.blob == *blob;
        if let Some(known) = guard(&self.0.partials).outlines.iter().find(fits) {
            return Ok(Some(known.clone()));
        }
        let record = self.blob_record(blob.id)?.filter(|record| record.whole && record.len == blob.len);
        let Some(record) = record else { return Ok(None) };
        let hashes = self.0.db.get(Cf::BlobMeta, layout::stage_key(b'W', record.stage))?.ok_or(Corruption::Missing)?;
        let hashes: Vec<Hash> = hashes.chunks_exact(32).filter_map(|hash| hash.try_into().ok()).collect();
        let outline = Outline::from_parts(blob.len, hashes).filter(|outline| outline.blob() == *blob);
        let whole = Arc::new(Whole { blob: *blob, stage: record.stage, outline: outline.ok_or(Corruption::Blob)? });
        let mut partials = guard(&self.0.partials);
        partials.outlines.truncate(OUTLINES - 1);
        partials.outlines.push_front(whole.clone());
        Ok(Some(whole))
    }

    /// Writes a new blob as a stream; memory does not grow with it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn blob_writer(&self) -> Result<BlobWriter, StoreError> {
        self.0.db.writable()?;
        let stage = {
            let mut partials = guard(&self.0.partials);
            partials.next_stage += 1;
            partials.next_stage - 1
        };
        let mut batch = WriteBatch::default();
        batch.put_cf(self.0.db.cf(Cf::BlobMeta), layout::stage_key(b'S', stage), []);
        self.0.db.write(batch, false)?;
        Ok(BlobWriter { ledger: self.clone(), stage, next: 0, outliner: Some(Outliner::default()) })
    }
}

/// A blob in the making. Dropped before [`finish`](Self::finish), it leaves nothing.
pub struct BlobWriter {
    ledger: Ledger,
    stage: u64,
    next: u32,
    outliner: Option<Outliner>,
}

impl std::fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BlobWriter({} chunks)", self.next)
    }
}

impl BlobWriter {
    /// Takes the next chunk: [`CHUNK`](congvan_core::blob::CHUNK) bytes, or fewer if it is the last. An
    /// empty one adds nothing.
    ///
    /// # Errors
    /// [`StoreError::Blob`] for a bound; otherwise the disk.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), StoreError> {
        let Some(outliner) = &mut self.outliner else { return Ok(()) };
        outliner.push(chunk)?;
        if chunk.is_empty() {
            return Ok(());
        }
        self.store(chunk)
    }

    fn store(&mut self, chunk: &[u8]) -> Result<(), StoreError> {
        let db = &self.ledger.0.db;
        let mut batch = WriteBatch::default();
        batch.put_cf(db.cf(Cf::Blobs), layout::chunk_key(self.stage, self.next), chunk);
        self.next += 1;
        db.write(batch, false)
    }

    /// Makes the blob durable, and names it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn finish(mut self) -> Result<BlobRef, StoreError> {
        if self.next == 0 {
            self.store(&[])?;
        }
        let outline = self.outliner.take().unwrap_or_default().finish();
        let blob = outline.blob();
        let ledger = self.ledger.clone();
        let mut batch = WriteBatch::default();
        let mut partials = guard(&ledger.0.partials);
        match ledger.blob_record(blob.id)? {
            Some(known) if known.whole => ledger.drop_stage(&mut batch, self.stage),
            known => {
                if let Some(partial) = known {
                    ledger.drop_stage(&mut batch, partial.stage);
                    partials.open.remove(&blob.id);
                }
                ledger.make_whole(&mut batch, self.stage, &outline);
            }
        }
        ledger.0.db.write(batch, true)?;
        Ok(blob)
    }
}

impl Drop for BlobWriter {
    fn drop(&mut self) {
        if self.outliner.is_some() {
            let mut batch = WriteBatch::default();
            self.ledger.drop_stage(&mut batch, self.stage);
            // What stays behind now is swept at the next start.
            let _ = self.ledger.0.db.write(batch, false);
        }
    }
}
