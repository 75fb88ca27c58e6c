//! From old formats to this one, step by step.

use rocksdb::{DB, WriteBatch};

use crate::db::synced;
use crate::layout::meta;

/// One step: what it adds to a batch makes a database of `from` one of `from + 1`.
pub(crate) struct Step {
    pub(crate) from: u32,
    pub(crate) change: fn(&DB, &mut WriteBatch) -> Result<(), rocksdb::Error>,
}

/// All steps, ascending. The first format is 1; nothing is older.
pub(crate) const STEPS: &[Step] = &[];

/// Takes a database from format `found` to `wanted`. Each step and its new format are one atomic
/// write, so an interrupted migration goes on where it stopped.
pub(crate) fn run(db: &DB, found: u32, steps: &[Step], wanted: u32) -> Result<(), rocksdb::Error> {
    for step in steps.iter().filter(|step| (found..wanted).contains(&step.from)) {
        let mut batch = WriteBatch::default();
        (step.change)(db, &mut batch)?;
        batch.put(meta::FORMAT, (step.from + 1).to_le_bytes());
        db.write_opt(batch, &synced())?;
        tracing::info!(from = step.from, to = step.from + 1, "the ledger was migrated");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn steps_run_in_order_from_the_format_found() {
        let dir = tempfile::tempdir().unwrap();
        let mut options = rocksdb::Options::default();
        options.create_if_missing(true);
        let db = DB::open(&options, dir.path().join("db")).unwrap();
        db.put("trace", "").unwrap();
        fn add(db: &DB, batch: &mut WriteBatch, what: &str) -> Result<(), rocksdb::Error> {
            let before = String::from_utf8(db.get("trace")?.unwrap_or_default()).unwrap_or_default();
            batch.put("trace", before + what);
            Ok(())
        }
        let steps = [
            Step { from: 1, change: |db, batch| add(db, batch, "1") },
            Step { from: 2, change: |db, batch| add(db, batch, "2") },
            Step { from: 3, change: |db, batch| add(db, batch, "3") },
        ];
        run(&db, 2, &steps, 4).unwrap();
        assert_eq!(db.get("trace").unwrap().unwrap(), b"23");
        assert_eq!(db.get(meta::FORMAT).unwrap().unwrap(), 4u32.to_le_bytes());
    }
}
