//! Which entries of the catalogue count, and what stands after them.
//!
//! | | unknown | live | retired |
//! |---|---|---|---|
//! | publish | live | – already published | live |
//! | amend | – unknown | live | – retired |
//! | retire | – unknown | retired | – retired |
//!
//! A dash is a breach, and so is every entry at a number at which its agency has no right to publish. A breach
//! changes nothing. One code's life depends on no other's, so it can be read from its own entries alone.

use std::collections::BTreeMap;

use super::{Procedure, ProcedureChange, ProcedureCode, Retirement};
use crate::codec::{Decode, Encode};
use crate::ids::Seq;
use crate::roster::Rights;

/// What a change does, without what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Encode, Decode)]
pub enum Act {
    /// [`ProcedureChange::Publish`].
    Publish,
    /// [`ProcedureChange::Amend`].
    Amend,
    /// [`ProcedureChange::Retire`].
    Retire,
}

/// Where a procedure stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Life {
    /// Never published.
    #[default]
    Unknown,
    /// In the catalogue.
    Live,
    /// No longer in it.
    Retired,
}

/// Why an entry of the catalogue changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Breach {
    /// The agency may not publish at this number.
    #[error("the agency has no right to publish procedures at this number")]
    NoRight,
    /// Publishes what is in the catalogue.
    #[error("the procedure is in the catalogue already: it can be amended")]
    Live,
    /// Amends or retires what was never published.
    #[error("the agency never published this procedure")]
    Unknown,
    /// Amends or retires what is retired.
    #[error("the procedure is retired: it can be published again")]
    Retired,
    /// Not a change of the catalogue that this software reads.
    #[error("the entry is no change of the catalogue that this software can read")]
    Unreadable,
}

impl Breach {
    /// A word for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoRight => "no_right",
            Self::Live => "already_published",
            Self::Unknown => "unknown",
            Self::Retired => "retired",
            Self::Unreadable => "unreadable",
        }
    }

    /// What is wrong, in Vietnamese; its `Display` is in English.
    pub fn vietnamese(self) -> &'static str {
        match self {
            Self::NoRight => "cơ quan không có quyền công bố thủ tục ở số này",
            Self::Live => "thủ tục đã có trong danh mục: chỉ có thể sửa đổi",
            Self::Unknown => "cơ quan chưa từng công bố thủ tục này",
            Self::Retired => "thủ tục đã bị bãi bỏ: có thể công bố lại",
            Self::Unreadable => "mục này không phải thay đổi danh mục mà phần mềm đọc được",
        }
    }
}

impl Life {
    /// The one table of what follows what.
    ///
    /// # Errors
    /// [`Breach`]; it stands where it stood then.
    pub fn after(self, act: Act, rights: Rights) -> Result<Life, Breach> {
        if !rights.include(Rights::PUBLISH) {
            return Err(Breach::NoRight);
        }
        match (act, self) {
            (Act::Publish, Life::Live) => Err(Breach::Live),
            (Act::Publish, Life::Unknown | Life::Retired) => Ok(Life::Live),
            (_, Life::Unknown) => Err(Breach::Unknown),
            (_, Life::Retired) => Err(Breach::Retired),
            (Act::Amend, Life::Live) => Ok(Life::Live),
            (Act::Retire, Life::Live) => Ok(Life::Retired),
        }
    }
}

/// What the catalogue holds of one procedure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// As it stands, or stood when it was retired.
    pub procedure: Procedure,
    /// The number that published it last.
    pub published: Seq,
    /// The number that changed it last.
    pub changed: Seq,
    /// Its end.
    pub retired: Option<Retirement>,
}

/// One publisher's catalogue. It is built from that chain's entries, numbers ascending.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Catalogue {
    records: BTreeMap<ProcedureCode, Record>,
}

impl Catalogue {
    /// Takes the next entry; `rights` are the agency's at its number.
    ///
    /// # Errors
    /// [`Breach`]; nothing changes then.
    pub fn apply(&mut self, seq: Seq, rights: Rights, change: ProcedureChange) -> Result<Life, Breach> {
        let life = self.life(change.code()).after(change.act(), rights)?;
        match change {
            ProcedureChange::Publish(procedure) => {
                let code = procedure.code.clone();
                self.records.insert(code, Record { procedure, published: seq, changed: seq, retired: None });
            }
            ProcedureChange::Amend(procedure) => {
                if let Some(record) = self.records.get_mut(&procedure.code) {
                    (record.procedure, record.changed) = (procedure, seq);
                }
            }
            ProcedureChange::Retire(retirement) => {
                if let Some(record) = self.records.get_mut(&retirement.code) {
                    (record.retired, record.changed) = (Some(retirement), seq);
                }
            }
        }
        Ok(life)
    }

    /// Where a procedure stands.
    pub fn life(&self, code: &ProcedureCode) -> Life {
        match self.records.get(code) {
            None => Life::Unknown,
            Some(Record { retired: None, .. }) => Life::Live,
            Some(_) => Life::Retired,
        }
    }

    /// One procedure, in the catalogue or retired.
    pub fn get(&self, code: &ProcedureCode) -> Option<&Record> {
        self.records.get(code)
    }

    /// All procedures, by code, the retired ones included.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }
}
