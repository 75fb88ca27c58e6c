//! The index of the catalogue of procedures: which entries of a chain are about which code.

use congvan_core::catalogue::Act;
use congvan_core::{ChainId, ProcedureCode, Seq};

use crate::db::{Item, after_prefix};
use crate::error::StoreError;
use crate::layout::{self, Cf, ChainNo};
use crate::ledger::Ledger;

/// That an entry is about a procedure. Whether it counts is judged by `congvan_core::catalogue::Life`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProcedureMark {
    /// Its code.
    pub code: ProcedureCode,
    /// The entry's number.
    pub seq: Seq,
    /// What it does.
    pub act: Act,
}

impl Ledger {
    /// All chains with entries of the catalogue, standing or not, in no order that means anything.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn publishers(&self) -> Result<Vec<ChainId>, StoreError> {
        let mut chains = Vec::new();
        let mut from = vec![];
        while let Some(item) = self.0.db.scan(Cf::Procedures, from, vec![u8::MAX; 128], false).next() {
            let (no, ..) = layout::read_procedure_key(&item?.0)?;
            chains.extend(self.0.view().numbers.get(no.0 as usize));
            // One look for each chain, however much it published.
            from = after_prefix(&no.0.to_be_bytes());
        }
        Ok(chains)
    }

    /// The standing entries of a chain about procedures, or about one: by code, then by number, ascending.
    pub fn procedures(
        &self,
        chain: ChainId,
        code: Option<&ProcedureCode>,
    ) -> impl Iterator<Item = Result<ProcedureMark, StoreError>> + '_ + use<'_> {
        // Made under the view's lock, so that it sees what the view says.
        let view = self.0.view();
        let known = view.chains.get(&chain);
        let stands = known.and_then(|known| known.standing).map_or(0, |head| head.seq.get());
        let no = known.map_or(ChainNo(u32::MAX), |known| known.no);
        let prefix = code.map_or(no.0.to_be_bytes().to_vec(), |code| layout::procedure_prefix(no, code));
        let index = self.0.db.scan_prefix(Cf::Procedures, &prefix, false);
        let read = move |item: Item| -> Result<ProcedureMark, StoreError> {
            let (key, value) = item?;
            let (_, code, seq) = layout::read_procedure_key(&key)?;
            Ok(ProcedureMark { code, seq, act: layout::read_act(&value)? })
        };
        index.map(read).filter(move |mark| mark.as_ref().map_or(true, |mark| mark.seq.get() <= stands))
    }
}
