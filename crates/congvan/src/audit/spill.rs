//! Records grouped by a key, however many: in memory while they are few, else in temporary files, a part at a time.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

/// Bytes of records held in memory before they go to disk.
const HELD: usize = 32 << 20;
/// Parts on disk. What is read back at once is one of them.
const PARTS: usize = 256;
/// Bytes gathered for each part before they are written.
const BUFFER: usize = 16 << 10;

/// A record and its key.
type Record = ([u8; 32], Box<[u8]>);

/// Records by key. Keys are hashes or begin with one: their first byte spreads them.
#[derive(Default)]
pub(super) struct Spill {
    held: Vec<Record>,
    bytes: usize,
    parts: Vec<BufWriter<File>>,
}

impl Spill {
    /// Keeps a record.
    pub(super) fn put(&mut self, key: [u8; 32], record: Vec<u8>) -> io::Result<()> {
        self.bytes += record.len() + 64;
        self.held.push((key, record.into_boxed_slice()));
        if self.bytes >= HELD {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.parts.len() < PARTS {
            self.parts.push(BufWriter::with_capacity(BUFFER, tempfile::tempfile()?));
        }
        for (key, record) in self.held.drain(..) {
            let part = &mut self.parts[usize::from(key[0])];
            part.write_all(&key)?;
            part.write_all(&(record.len() as u32).to_le_bytes())?;
            part.write_all(&record)?;
        }
        self.bytes = 0;
        Ok(())
    }

    /// Hands over all records, those of one key together and in the order in which they came.
    pub(super) fn drain(mut self, mut group: impl FnMut([u8; 32], &[Box<[u8]>])) -> io::Result<()> {
        if self.parts.is_empty() {
            groups(std::mem::take(&mut self.held), &mut group);
            return Ok(());
        }
        self.flush()?;
        for part in std::mem::take(&mut self.parts) {
            groups(read(part.into_inner().map_err(io::IntoInnerError::into_error)?)?, &mut group);
        }
        Ok(())
    }
}

fn read(mut file: File) -> io::Result<Vec<Record>> {
    file.rewind()?;
    let mut left = file.metadata()?.len();
    let mut file = BufReader::with_capacity(1 << 16, file);
    let mut records = Vec::new();
    while left > 0 {
        let (mut key, mut len) = ([0; 32], [0; 4]);
        file.read_exact(&mut key)?;
        file.read_exact(&mut len)?;
        let mut record = vec![0; u32::from_le_bytes(len) as usize];
        file.read_exact(&mut record)?;
        left = left.saturating_sub(36 + record.len() as u64);
        records.push((key, record.into_boxed_slice()));
    }
    Ok(records)
}

fn groups(mut records: Vec<Record>, group: &mut impl FnMut([u8; 32], &[Box<[u8]>])) {
    records.sort_by_key(|(key, _)| *key);
    let mut records = records.into_iter().peekable();
    while let Some((key, first)) = records.next() {
        let mut all = vec![first];
        while let Some((_, record)) = records.next_if(|(next, _)| *next == key) {
            all.push(record);
        }
        group(key, &all);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn gathered(records: u32, size: usize) -> BTreeMap<[u8; 32], Vec<u32>> {
        let mut spill = Spill::default();
        for n in 0..records {
            let mut record = n.to_le_bytes().to_vec();
            record.resize(size, 0);
            spill.put([(n % 300) as u8; 32], record).unwrap();
        }
        assert_eq!(spill.parts.is_empty(), (records as usize) * size < HELD, "large ones go to disk");
        let mut found = BTreeMap::new();
        let number = |record: &[u8]| u32::from_le_bytes(*record.first_chunk().unwrap());
        spill
            .drain(|key, group| assert!(found.insert(key, group.iter().map(|r| number(r)).collect()).is_none()))
            .unwrap();
        found
    }

    #[test]
    fn on_disk_as_in_memory_records_come_back_by_key_in_their_order() {
        assert_eq!(gathered(3_000, 8), gathered(3_000, 20_000));
        assert_eq!(gathered(3_000, 8)[&[7; 32]][..3], [7, 263, 307]);
    }
}
