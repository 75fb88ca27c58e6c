//! From what a publisher has in the catalogue to what it wants there.

use std::collections::BTreeMap;

use super::{Date, Procedure, ProcedureChange, ProcedureCode, Retirement};
use crate::codec::Text;
use crate::limits::MAX_SUMMARY;

/// The fewest changes that lead from one catalogue to another.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// To publish.
    pub new: Vec<Procedure>,
    /// To amend: as it stands, and as it is to be.
    pub changed: Vec<(Procedure, Procedure)>,
    /// To retire.
    pub missing: Vec<Procedure>,
    /// How many stand as wanted.
    pub unchanged: usize,
}

impl Plan {
    /// Compares what is live with what is wanted. Whatever is live and not wanted is retired only
    /// with `retire_missing`.
    pub fn new(
        mut live: BTreeMap<ProcedureCode, Procedure>,
        wanted: impl IntoIterator<Item = Procedure>,
        retire_missing: bool,
    ) -> Self {
        let mut plan = Self::default();
        for after in wanted {
            match live.remove(&after.code) {
                None => plan.new.push(after),
                Some(before) if before == after => plan.unchanged += 1,
                Some(before) => plan.changed.push((before, after)),
            }
        }
        if retire_missing {
            plan.missing = live.into_values().collect();
        }
        plan
    }

    /// How many changes it makes.
    pub fn len(&self) -> usize {
        self.new.len() + self.changed.len() + self.missing.len()
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The changes; `reason` and `from` are of the retirements.
    pub fn into_changes(self, reason: &Text<MAX_SUMMARY>, from: Option<Date>) -> Vec<ProcedureChange> {
        let retire = |procedure: Procedure| {
            ProcedureChange::Retire(Retirement { code: procedure.code, reason: reason.clone(), from })
        };
        let new = self.new.into_iter().map(ProcedureChange::Publish);
        let changed = self.changed.into_iter().map(|(_, after)| ProcedureChange::Amend(after));
        new.chain(changed).chain(self.missing.into_iter().map(retire)).collect()
    }
}
