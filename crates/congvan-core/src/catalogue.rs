//! The catalogue of administrative procedures: what a publisher says of each, open to everybody.
//!
//! A publisher is an agency with [`crate::Rights::PUBLISH`] at the number of its entry. A procedure is its
//! publisher's chain and its code: two publishers' procedures with one code are two. What the catalogue holds
//! follows from the entries alone ([`life`]): each chain is read in the order of its numbers, and an entry that
//! breaks a rule changes nothing, stays as evidence, and is flagged with its [`Breach`].
//!
//! ```
//! use congvan_core::catalogue::{Breach, Catalogue, Fee, Title, differences};
//! use congvan_core::{Procedure, ProcedureChange, Rights, Seq};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let first = Procedure::new("1.001193".parse()?, Title::new("Đăng ký khai sinh")?);
//! let mut second = first.clone();
//! second.payment.fee = Some(Fee::Amount(8_000));
//! assert_eq!(differences(&first, &second)[0].field.name(), "fee");
//!
//! let mut catalogue = Catalogue::default();
//! let mut seq = Seq::FIRST;
//! catalogue.apply(seq, Rights::PUBLISH, ProcedureChange::Publish(first))?;
//! seq = seq.next().ok_or("full")?;
//! // Without the right, an entry changes nothing.
//! let refused = catalogue.apply(seq, Rights::NONE, ProcedureChange::Amend(second));
//! assert_eq!(refused, Err(Breach::NoRight));
//! # Ok(())
//! # }
//! ```

mod fields;
pub mod life;
mod parts;
mod plan;

pub use fields::{Difference, FieldValue, ProcedureField, differences};
pub use life::{Act, Breach, Catalogue, Life, Record};
pub use parts::{
    Date, Fee, Form, FormBlob, InForce, Level, NotAPart, OneStop, OnlineService, Payment, PaymentChannel,
    ProcedureCode, Title,
};
pub use plan::Plan;

use crate::codec::{Bounded, Decode, Encode, Sorted, Text, Wire};
use crate::document::Name;
use crate::entry::MAX_PAYLOAD;
use crate::limits::{MAX_APPLICANTS, MAX_FORMS, MAX_LEGAL_BASES, MAX_STEPS, MAX_SUBJECT, MAX_SUMMARY};
use crate::wire;

/// An administrative procedure, whole.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Procedure {
    /// Its code, by which its publisher amends and retires it.
    pub code: ProcedureCode,
    /// Its name.
    pub name: Title,
    /// The field of administration: "Hộ tịch".
    pub field: Name,
    /// The levels of government that carry it out; empty where not stated.
    pub levels: Sorted<Level, 3>,
    /// Who may ask for it: citizens, companies, …
    pub applicants: Bounded<Name, MAX_APPLICANTS>,
    /// What it costs, and how it is paid.
    pub payment: Payment,
    /// Laws and decisions that it stands on.
    pub legal_basis: Bounded<Text<MAX_SUBJECT>, MAX_LEGAL_BASES>,
    /// Its steps, in order.
    pub steps: Bounded<Text<MAX_SUMMARY>, MAX_STEPS>,
    /// Forms to fill in.
    pub forms: Bounded<Form, MAX_FORMS>,
    /// How long it takes: "15 ngày làm việc".
    pub term: Text<MAX_SUBJECT>,
    /// What whoever asks gets in the end.
    pub result: Text<MAX_SUBJECT>,
    /// From when to when it is in force.
    pub in_force: InForce,
    /// What one-stop desks and their software need.
    pub one_stop: OneStop,
}
wire!(Procedure, "procedure", MAX_PAYLOAD);

impl Procedure {
    /// A procedure of which only code and name are known.
    pub fn new(code: ProcedureCode, name: Title) -> Self {
        Self {
            code,
            name,
            field: Name::default(),
            levels: Sorted::default(),
            applicants: Bounded::default(),
            payment: Payment::default(),
            legal_basis: Bounded::default(),
            steps: Bounded::default(),
            forms: Bounded::default(),
            term: Text::default(),
            result: Text::default(),
            in_force: InForce::default(),
            one_stop: OneStop::default(),
        }
    }
}

/// The end of a procedure.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Retirement {
    /// Which.
    pub code: ProcedureCode,
    /// Why: the decision that abolishes it.
    pub reason: Text<MAX_SUMMARY>,
    /// From which day it is no longer in force, where stated. It is data: in the catalogue it is
    /// retired by this entry.
    pub from: Option<Date>,
}

/// What a publisher changes.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[allow(clippy::large_enum_variant)]
pub enum ProcedureChange {
    /// A new procedure, or one that was retired and comes back.
    Publish(Procedure),
    /// One in the catalogue, as it is from now on: whole.
    Amend(Procedure),
    /// One in the catalogue that is abolished.
    Retire(Retirement),
}

impl ProcedureChange {
    /// The procedure that it is about.
    pub fn code(&self) -> &ProcedureCode {
        match self {
            Self::Publish(procedure) | Self::Amend(procedure) => &procedure.code,
            Self::Retire(retirement) => &retirement.code,
        }
    }

    /// What it does, without what it says.
    pub fn act(&self) -> Act {
        match self {
            Self::Publish(_) => Act::Publish,
            Self::Amend(_) => Act::Amend,
            Self::Retire(_) => Act::Retire,
        }
    }

    /// The procedure as it is from then on.
    pub fn procedure(&self) -> Option<&Procedure> {
        match self {
            Self::Publish(procedure) | Self::Amend(procedure) => Some(procedure),
            Self::Retire(_) => None,
        }
    }
}

/// The payload of a [`crate::Kind::PROCEDURE`] entry, by version. It is never sealed.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
#[allow(clippy::large_enum_variant)]
pub enum ProcedurePayload {
    /// The first version.
    V1(ProcedureChange),
}
wire!(ProcedurePayload, "procedure change", MAX_PAYLOAD);

/// A procedure whose parts keep their bounds, and together do not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "procedure {code} needs {len} bytes; at most {MAX_PAYLOAD} fit in an entry: shorten its steps or legal basis, or \
     put them into a form"
)]
pub struct TooLong {
    /// Which.
    pub code: ProcedureCode,
    /// Bytes of its payload.
    pub len: usize,
}

impl ProcedurePayload {
    /// The payload of a change, of this version.
    ///
    /// # Errors
    /// [`TooLong`] where it does not fit in one entry.
    pub fn new(change: ProcedureChange) -> Result<Self, TooLong> {
        let code = change.code().clone();
        let payload = Self::V1(change);
        match payload.to_bytes().len() {
            len if len > MAX_PAYLOAD => Err(TooLong { code, len }),
            _ => Ok(payload),
        }
    }

    /// What it changes.
    pub fn into_change(self) -> ProcedureChange {
        let Self::V1(change) = self;
        change
    }
}
