//! Holds the indexes against the entries that they lead to.
//!
//! What every index must hold is a function of the entries alone, so it is counted and summed up in one pass over
//! them, and in one over the indexes. Only where the two differ is each row looked for: a sound ledger is read twice
//! from beginning to end, and nothing is looked up.

mod erasures;

use std::collections::BTreeMap;

use congvan_core::blob::BlobRef;
use congvan_core::merkle::TreeHash;
use congvan_core::{BlobId, ChainId, EntryId, Header, Seq, Wire, domain, entry};

use self::erasures::Erasures;
use crate::batch::Meaning;
use crate::error::{Corruption, StoreError};
use crate::layout::{self, BlobRecord, Cf, ChainNo};
use crate::ledger::Ledger;

/// The indexes that follow from entries, each with the beginning of such keys.
const INDEXES: [(Cf, &[u8]); 7] = [
    (Cf::Ids, b""),
    (Cf::ByTime, b""),
    (Cf::ByAddressee, b""),
    (Cf::ByDocument, b""),
    (Cf::Procedures, b""),
    (Cf::Checkpoints, b""),
    (Cf::BlobMeta, b"R"),
];
/// Faults listed at most.
const MAX_FAULTS: usize = 1_000;

/// An index that is not what the entries say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexFault {
    /// The index' column family (`layout`).
    pub index: &'static str,
    /// The chain of the entry that is concerned; `None` where a row leads nowhere.
    pub chain: Option<ChainId>,
    /// Its number; 0 where a row leads nowhere.
    pub seq: u64,
    /// Whether the row is missing, or is there and must not be.
    pub missing: bool,
}

/// How many rows, and the sum of their hashes: equal for equal sets, in whatever order.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    sum: [u64; 4],
}

impl Sum {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        let len = (key.len() as u64).to_le_bytes();
        let hash = domain::hash(domain::HEADS, &[&len, key, value]);
        let (words, _) = hash.as_chunks::<8>();
        self.rows += 1;
        for (sum, word) in self.sum.iter_mut().zip(words) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*word));
        }
    }
}

/// Every row that an entry's bytes ask of the indexes.
fn rows(no: ChainNo, seq: u64, bytes: &[u8], each: &mut impl FnMut(Cf, &[u8], &[u8])) {
    // A damaged entry is found where entries are read; it asks for nothing.
    let Some((signed, payload)) = bytes.split_at_checked(entry::SIGNED_LEN) else { return };
    let Ok(header) = Header::from_bytes(&signed[..entry::HEADER_LEN]) else { return };
    let place = layout::place(no, seq);
    let id = EntryId::of(signed);
    each(Cf::Ids, id.as_bytes(), &place);
    each(Cf::ByTime, &layout::by_time(header.time, place), &[]);
    let payload = (payload.len() == header.payload_len as usize).then_some(payload);
    // An entry may name one thing twice; its row is one.
    let mut named = Vec::new();
    Meaning::of(header.kind, payload).each_key(no, seq, header.time, &mut |cf, key, value| {
        named.push((cf, key.to_vec(), value.to_vec()));
    });
    named.sort_by(|a, b| (a.0.name(), &a.1).cmp(&(b.0.name(), &b.1)));
    named.dedup_by(|a, b| a.0 == b.0 && a.1 == b.1);
    for (cf, key, value) in &named {
        each(*cf, key, value);
    }
}

impl Ledger {
    /// Every index row that is missing or must not be, at most 1,000 of them. Calls `progress` with the number of
    /// entries and rows read.
    ///
    /// # Errors
    /// [`StoreError`]: they cannot be read.
    pub fn check_indexes(&self, progress: &mut dyn FnMut(u64)) -> Result<Vec<IndexFault>, StoreError> {
        let mut due: BTreeMap<&'static str, Sum> = BTreeMap::new();
        let (mut read, mut erasures) = (0, Erasures::default());
        self.each_stored(|no, seq, bytes| {
            rows(no, seq, bytes, &mut |cf, key, value| due.entry(cf.name()).or_default().add(key, value));
            erasures.entry(self, no, seq, bytes)?;
            read += 1;
            progress(read);
            Ok(true)
        })?;
        let mut faults = Vec::new();
        for (cf, prefix) in INDEXES {
            let mut found = Sum::default();
            for row in self.0.db.scan_prefix(cf, prefix, false) {
                let (key, value) = row?;
                found.add(&key, &value);
                read += 1;
                progress(read);
            }
            if due.get(cf.name()).copied().unwrap_or_default() != found {
                self.find_faults(cf, prefix, &mut faults)?;
            }
        }
        progress(read + erasures.rows(self)?);
        faults.extend(erasures.into_faults(self));
        faults.sort();
        faults.dedup();
        Ok(faults)
    }

    /// Looks for each row of one index, both ways.
    fn find_faults(&self, index: Cf, prefix: &[u8], faults: &mut Vec<IndexFault>) -> Result<(), StoreError> {
        let chain_of = |no: ChainNo| self.0.view().numbers.get(no.0 as usize).copied();
        let db = &self.0.db;
        self.each_stored(|no, seq, bytes| {
            let mut asked = Vec::new();
            rows(no, seq, bytes, &mut |cf, key, value| {
                if cf == index {
                    asked.push((key.to_vec(), value.to_vec()));
                }
            });
            for (key, value) in asked {
                if db.get(index, &key)?.as_deref() != Some(&value) {
                    faults.push(IndexFault { index: index.name(), chain: chain_of(no), seq, missing: true });
                }
            }
            Ok(faults.len() < MAX_FAULTS)
        })?;
        for row in db.scan_prefix(index, prefix, false) {
            let (key, value) = row?;
            let place = match index {
                Cf::Ids => layout::read_place(&value).ok(),
                Cf::Procedures => procedure_place(&key),
                Cf::Checkpoints if key.first() == Some(&b'C') => checkpoint_place(&key),
                _ => layout::read_tail(&key).ok(),
            };
            let stored = match place {
                Some((no, seq)) => {
                    db.get(Cf::Entries, layout::place(no, seq.get()))?.map(|bytes| (no, seq.get(), bytes))
                }
                None => None,
            };
            let mut asked = false;
            if let Some((no, seq, bytes)) = &stored {
                rows(*no, *seq, bytes, &mut |cf, due, due_value| {
                    asked |= cf == index && due == &*key && due_value == &*value;
                });
            }
            if !asked && faults.len() < MAX_FAULTS {
                let (chain, seq) = stored.map_or((None, 0), |(no, seq, _)| (chain_of(no), seq));
                faults.push(IndexFault { index: index.name(), chain, seq, missing: false });
            }
        }
        Ok(())
    }

    /// Every stored entry's bytes, until `each` says no.
    fn each_stored(
        &self,
        mut each: impl FnMut(ChainNo, u64, &[u8]) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        for row in self.0.db.scan_prefix(Cf::Entries, &[], false) {
            let (key, bytes) = row?;
            let (no, seq) = layout::read_place(&key)?;
            if !each(no, seq.get(), &bytes)? {
                break;
            }
        }
        Ok(())
    }

    /// The stored hashes of a chain's tree: level, index, hash.
    pub fn tree_hashes(
        &self,
        chain: ChainId,
    ) -> impl Iterator<Item = Result<(u8, u64, TreeHash), StoreError>> + '_ + use<'_> {
        let no = self.0.view().chains.get(&chain).map_or(ChainNo(u32::MAX), |chain| chain.no);
        self.0.db.scan_prefix(Cf::Tree, &no.0.to_be_bytes(), false).map(|row| {
            let (key, hash) = row?;
            let malformed = || StoreError::from(Corruption::Key(key.to_vec()));
            let (_, rest) = key.split_first_chunk::<4>().ok_or_else(malformed)?;
            let (level, index) = rest.split_first().ok_or_else(malformed)?;
            let index = u64::from_be_bytes(index.try_into().map_err(|_| malformed())?);
            Ok((*level, index, TreeHash::from_bytes((&*hash).try_into().map_err(|_| malformed())?)))
        })
    }

    /// The blobs that are whole here.
    pub fn blobs(&self) -> impl Iterator<Item = Result<BlobRef, StoreError>> + '_ + use<'_> {
        self.0.db.scan_prefix(Cf::BlobMeta, b"B", false).filter_map(|row| {
            let read = || -> Result<Option<BlobRef>, StoreError> {
                let (key, value) = row?;
                let malformed = || StoreError::from(Corruption::Key(key.to_vec()));
                let id = key.get(1..).and_then(|id| id.try_into().ok()).ok_or_else(malformed)?;
                let record = BlobRecord::from_bytes(&value)?;
                Ok(record.whole.then_some(BlobRef { id: BlobId::from_bytes(id), len: record.len }))
            };
            read().transpose()
        })
    }
}

fn procedure_place(key: &[u8]) -> Option<(ChainNo, Seq)> {
    let (no, rest) = key.split_first_chunk::<4>()?;
    let seq = rest.last_chunk::<8>()?;
    Some((ChainNo(u32::from_be_bytes(*no)), Seq::new(u64::from_be_bytes(*seq))?))
}

fn checkpoint_place(key: &[u8]) -> Option<(ChainNo, Seq)> {
    procedure_place(key.get(1..)?)
}
