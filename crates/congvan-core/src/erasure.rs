//! Lawful forgetting: what is to be erased, by whose word and why, and how long things are kept.
//!
//! An entry's header holds its payload's digest and length, and its id covers header and signature alone. So a payload
//! may go, and every link, key span, Merkle proof and cosignature over its entry holds as before. What goes is named by
//! an entry that stays: an [`Erasure`] in the author's own chain, or the registrars' order in the roster. Which entries
//! it reaches is a function of headers, which are never dropped: nodes that hold the same chains drop the same payloads,
//! in whatever order they came to know them.

use std::collections::BTreeSet;

use crate::codec::{Decode, Encode, Sorted, Text, Wire};
use crate::document::Field;
use crate::entry::{Header, Kind, MAX_PAYLOAD};
use crate::ids::{Point, Time};
use crate::limits::{MAX_ERASED, MAX_RETENTION_RULES, MAX_RETENTION_YEARS, MAX_SUBJECT};
use crate::wire;

/// Milliseconds of a year of retention: the Gregorian calendar's mean.
pub const YEAR_MS: u64 = 31_556_952_000;

/// Why something is erased.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Encode, Decode)]
pub enum Reason {
    /// It was kept as long as the rules ask.
    RetentionEnded,
    /// A court or an authority ordered it; the basis says which.
    Order,
    /// It holds personal data that must not be kept.
    PersonalData,
    /// It should never have been published or sent.
    Mistake,
    /// Another one, which the basis says.
    Other,
}

impl Reason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Reason; 5] = [Self::RetentionEnded, Self::Order, Self::PersonalData, Self::Mistake, Self::Other];

    /// A word for programs and the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::RetentionEnded => "retention",
            Self::Order => "order",
            Self::PersonalData => "personal-data",
            Self::Mistake => "mistake",
            Self::Other => "other",
        }
    }

    /// In English words.
    pub fn english(self) -> &'static str {
        match self {
            Self::RetentionEnded => "the term of retention has ended",
            Self::Order => "a court or an authority ordered it",
            Self::PersonalData => "it held personal data that must not be kept",
            Self::Mistake => "it was sent or published by mistake",
            Self::Other => "another reason",
        }
    }

    /// In Vietnamese words.
    pub fn vietnamese(self) -> &'static str {
        match self {
            Self::RetentionEnded => "đã hết thời hạn lưu giữ",
            Self::Order => "theo lệnh của tòa án hoặc cơ quan có thẩm quyền",
            Self::PersonalData => "chứa dữ liệu cá nhân không được phép lưu giữ",
            Self::Mistake => "gửi hoặc công bố nhầm",
            Self::Other => "lý do khác",
        }
    }

    /// Whether it says nothing without a basis in words.
    pub fn needs_basis(self) -> bool {
        matches!(self, Self::Order | Self::Other)
    }
}

/// That entries of one chain lose their payloads, and the attachments that no other document needs: the payload of a
/// [`Kind::ERASE`] entry for its own chain, and part of [`crate::RosterAction::Erase`] for any.
#[derive(Clone, PartialEq, Eq, Debug, Encode, Decode)]
pub struct Erasure {
    /// The entries, by number and id.
    pub entries: Sorted<Point, MAX_ERASED>,
    /// Why.
    pub reason: Reason,
    /// The law, decision or case, in words; may be empty where [`Reason::needs_basis`] does not ask for it.
    pub basis: Text<MAX_SUBJECT>,
}
wire!(Erasure, "erasure", MAX_PAYLOAD);

impl Erasure {
    /// The erasure that an agency's entry holds; `None` for any other entry, and for one that does not decode.
    pub fn of(kind: Kind, payload: Option<&[u8]>) -> Option<Self> {
        Self::from_bytes(payload.filter(|_| kind == Kind::ERASE)?).ok()
    }

    /// Whether it names at least one entry, and says on what basis where it has to.
    pub fn is_complete(&self) -> bool {
        !self.entries.is_empty() && (!self.reason.needs_basis() || !self.basis.trim().is_empty())
    }

    /// Those that an entry of their own chain with the header `by` reaches: what stands before it.
    pub fn reached_by<'a>(&'a self, by: &Header) -> impl Iterator<Item = Point> + 'a + use<'a> {
        let own = by.seq;
        self.entries.iter().copied().filter(move |point| point.seq < own)
    }
}

impl Kind {
    /// Whether an erasure may reach entries of this kind. What rules, keys, proofs and the public catalogue follow from
    /// stays, and so does what says that something was erased.
    pub fn is_erasable(self) -> bool {
        matches!(self, Self::NOTE | Self::DOCUMENT | Self::STATUS)
    }
}

/// What a rule of retention is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
pub enum Class {
    /// Documents whose type has this name, as written ("Báo cáo"); it goes before [`Class::Documents`].
    DocumentsOfType(Field),
    /// Documents.
    Documents,
    /// Statuses.
    Statuses,
    /// Notes.
    Notes,
}

/// How long payloads of one class are kept, counted from their entries' times.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
pub struct Rule {
    /// Of what.
    pub class: Class,
    /// For so many years nobody erases them because of age.
    pub keep_years: u16,
    /// After so many their agency does; `None`: by hand only.
    pub drop_after_years: Option<u16>,
}

/// What the registrars say of retention. Clocks decide nothing in a chain, so it makes no payload vanish by itself: the
/// author's node writes the [`Erasure`] once a term has passed, and every node follows that.
#[derive(Clone, PartialEq, Eq, Debug, Default, Encode, Decode)]
pub struct Retention {
    /// By class, each once; none: everything is kept.
    pub rules: Sorted<Rule, MAX_RETENTION_RULES>,
}

/// Why a policy of retention makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RetentionError {
    /// Two rules for one class.
    #[error("two rules of retention are about the same class")]
    Twice,
    /// Dropped before the end of the time for which it must be kept.
    #[error(
        "a rule of retention keeps for {keep} years and drops after {drop}: it must not drop earlier than it keeps"
    )]
    Order {
        /// Kept.
        keep: u16,
        /// Dropped after.
        drop: u16,
    },
    /// Out of bounds.
    #[error(
        "a rule of retention has {0} years; it must keep at most {MAX_RETENTION_YEARS} and drop after 1 to {MAX_RETENTION_YEARS}"
    )]
    Years(u16),
}

impl Retention {
    /// Whether it can be followed.
    ///
    /// # Errors
    /// [`RetentionError`].
    pub fn check(&self) -> Result<(), RetentionError> {
        let mut classes = BTreeSet::new();
        for rule in self.rules.iter() {
            if !classes.insert(&rule.class) {
                return Err(RetentionError::Twice);
            }
            let drop = rule.drop_after_years;
            let too_long =
                [Some(rule.keep_years), drop].into_iter().flatten().find(|years| *years > MAX_RETENTION_YEARS);
            if let Some(years) = too_long.or(drop.filter(|years| *years == 0)) {
                return Err(RetentionError::Years(years));
            }
            if let Some(drop) = drop.filter(|drop| *drop < rule.keep_years) {
                return Err(RetentionError::Order { keep: rule.keep_years, drop });
            }
        }
        Ok(())
    }

    /// The rule for an entry of this kind, of a document with this type's name.
    pub fn rule(&self, kind: Kind, type_name: Option<&str>) -> Option<&Rule> {
        let of = |class: &Class| match (class, kind) {
            (Class::DocumentsOfType(name), Kind::DOCUMENT) => type_name == Some(&**name),
            (Class::Documents, Kind::DOCUMENT) | (Class::Statuses, Kind::STATUS) | (Class::Notes, Kind::NOTE) => true,
            _ => false,
        };
        // Sorted by class: a type's own rule comes before that for all documents.
        self.rules.iter().find(|rule| of(&rule.class))
    }

    /// The earliest term after which anything is dropped, in years.
    pub fn shortest_drop(&self) -> Option<u16> {
        self.rules.iter().filter_map(|rule| rule.drop_after_years).min()
    }
}

impl Rule {
    /// Whether an entry of time `written` may not be erased for its age yet.
    pub fn keeps(&self, written: Time, now: Time) -> bool {
        !has_passed(written, self.keep_years, now)
    }

    /// Whether the agency has to erase an entry of time `written` now.
    pub fn drops(&self, written: Time, now: Time) -> bool {
        self.drop_after_years.is_some_and(|years| has_passed(written, years, now))
    }
}

/// Whether so many years have passed since `written`.
pub fn has_passed(written: Time, years: u16, now: Time) -> bool {
    written.as_millis().saturating_add(u64::from(years).saturating_mul(YEAR_MS)) <= now.as_millis()
}
