//! What the catalogue shows: plain data, for people and for JSON. [`ProcedureView`] is also what a file to
//! load has for each procedure.

use congvan_core::blob::BlobRef;
use congvan_core::catalogue::{Breach, Difference, Fee, FieldValue, Life, ProcedureField};
use congvan_core::{AgencyCode, Procedure, ProcedureChange, Seq};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Story;

pub(super) fn life(life: Life) -> &'static str {
    match life {
        Life::Unknown => "unknown",
        Life::Live => "live",
        Life::Retired => "retired",
    }
}

/// A fee: đồng as a number, or words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum FeeView {
    /// So many đồng.
    Amount(u64),
    /// In words.
    Described(String),
}

impl FeeView {
    fn of(fee: &Fee) -> Self {
        match fee {
            Fee::Amount(amount) => Self::Amount(*amount),
            Fee::Described(words) => Self::Described(words.to_string()),
        }
    }
}

impl std::fmt::Display for FeeView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Amount(amount) => write!(f, "{amount} VND"),
            Self::Described(words) => f.write_str(words),
        }
    }
}

/// One way to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChannelView {
    /// What it is.
    pub kind: String,
    /// Where it is reached.
    pub url: String,
    /// The account that is paid.
    pub account: String,
}

/// A form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FormView {
    /// Its file name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// The BLAKE3 hash of its bytes: what `b3sum` prints.
    pub blob: String,
    /// Its length in bytes.
    pub len: u64,
    /// Whether all of it is here.
    pub present: bool,
}

/// A procedure, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProcedureView {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Field of administration.
    pub field: String,
    /// `province`, `district`, `commune`.
    pub levels: Vec<String>,
    /// Who may ask for it.
    pub applicants: Vec<String>,
    /// What it costs, where stated.
    pub fee: Option<FeeView>,
    /// Whether it can be paid online.
    pub online_payment: bool,
    /// How it is paid.
    pub payment_channels: Vec<ChannelView>,
    /// What it stands on.
    pub legal_basis: Vec<String>,
    /// Its steps.
    pub steps: Vec<String>,
    /// Its forms.
    pub forms: Vec<FormView>,
    /// How long it takes.
    pub term: String,
    /// What it results in.
    pub result: String,
    /// First day, `yyyy/MM/dd`.
    pub in_force_from: Option<String>,
    /// Last day.
    pub in_force_until: Option<String>,
    /// The office that carries it out.
    pub office: String,
    /// Where applications are handed in.
    pub place: String,
    /// `none`, `partial` or `full`.
    pub online_service: String,
    /// Where it is applied for online.
    pub online_url: String,
    /// Whether it goes by post.
    pub by_post: bool,
    /// The type of case that one-stop software opens.
    pub case_type: String,
}

impl ProcedureView {
    /// A procedure as it is shown; `present` says whether a form's bytes are here.
    pub fn of(procedure: &Procedure, present: &dyn Fn(&BlobRef) -> bool) -> Self {
        let one_stop = &procedure.one_stop;
        let channel = |channel: &congvan_core::catalogue::PaymentChannel| ChannelView {
            kind: channel.kind.to_string(),
            url: channel.url.to_string(),
            account: channel.account.to_string(),
        };
        let form = |form: &congvan_core::catalogue::Form| {
            let blob = form.blob.blob();
            FormView {
                name: form.name.to_string(),
                media_type: form.media_type.to_string(),
                blob: blob.id.to_string(),
                len: blob.len,
                present: present(&blob),
            }
        };
        Self {
            code: procedure.code.to_string(),
            name: procedure.name.to_string(),
            field: procedure.field.to_string(),
            levels: procedure.levels.iter().map(|level| level.name().to_owned()).collect(),
            applicants: procedure.applicants.iter().map(ToString::to_string).collect(),
            fee: procedure.payment.fee.as_ref().map(FeeView::of),
            online_payment: procedure.payment.online,
            payment_channels: procedure.payment.channels.iter().map(channel).collect(),
            legal_basis: procedure.legal_basis.iter().map(ToString::to_string).collect(),
            steps: procedure.steps.iter().map(ToString::to_string).collect(),
            forms: procedure.forms.iter().map(form).collect(),
            term: procedure.term.to_string(),
            result: procedure.result.to_string(),
            in_force_from: procedure.in_force.from().map(|date| date.to_string()),
            in_force_until: procedure.in_force.until().map(|date| date.to_string()),
            office: one_stop.office.to_string(),
            place: one_stop.place.to_string(),
            online_service: one_stop.online.name().to_owned(),
            online_url: one_stop.url.to_string(),
            by_post: one_stop.by_post,
            case_type: one_stop.case_type.to_string(),
        }
    }
}

/// A procedure in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProcedureSummary {
    /// The publisher's code.
    pub publisher: String,
    /// The procedure's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Field of administration.
    pub field: String,
    /// Levels.
    pub levels: Vec<String>,
    /// What it costs.
    pub fee: Option<FeeView>,
    /// Whether it can be paid online.
    pub online_payment: bool,
    /// First day, `yyyy/MM/dd`.
    pub in_force_from: Option<String>,
    /// Last day.
    pub in_force_until: Option<String>,
    /// `live` or `retired`.
    pub life: String,
    /// The publisher's number that changed it last.
    pub changed: u64,
}

impl ProcedureSummary {
    pub(super) fn of(publisher: &AgencyCode, procedure: &Procedure, story: &Story) -> Self {
        Self {
            publisher: publisher.to_string(),
            code: procedure.code.to_string(),
            name: procedure.name.to_string(),
            field: procedure.field.to_string(),
            levels: procedure.levels.iter().map(|level| level.name().to_owned()).collect(),
            fee: procedure.payment.fee.as_ref().map(FeeView::of),
            online_payment: procedure.payment.online,
            in_force_from: procedure.in_force.from().map(|date| date.to_string()),
            in_force_until: procedure.in_force.until().map(|date| date.to_string()),
            life: life(story.life).to_owned(),
            changed: story.changed.map_or(0, Seq::get),
        }
    }
}

/// A list of procedures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CatalogueList {
    /// By publisher and code.
    pub procedures: Vec<ProcedureSummary>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// What to go on behind (`after`); null at the end.
    #[serde(default)]
    pub next: Option<String>,
}

/// How a procedure ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetiredView {
    /// Why.
    pub reason: String,
    /// From which day, where stated.
    pub from: Option<String>,
}

impl RetiredView {
    pub(super) fn of(change: ProcedureChange) -> Option<Self> {
        let ProcedureChange::Retire(end) = change else { return None };
        Some(Self { reason: end.reason.to_string(), from: end.from.map(|from| from.to_string()) })
    }
}

/// A procedure and its history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProcedureDetail {
    /// The publisher's code.
    pub publisher: String,
    /// The publisher's name.
    pub publisher_name: String,
    /// `live`, `retired`, or `unknown` where no entry on it counts.
    pub life: String,
    /// The publisher's number that published it last; 0 for none.
    pub published: u64,
    /// The publisher's number that changed it last; 0 for none.
    pub changed: u64,
    /// Its end.
    pub retired: Option<RetiredView>,
    /// As it stands, or stood when it was retired.
    pub procedure: Option<ProcedureView>,
    /// Every entry on it, oldest first, those that changed nothing included; their cursors are 0.
    pub history: Vec<CatalogueChange>,
}

/// A field that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldChange {
    /// Its name, as in [`ProcedureView`].
    pub field: String,
    /// What stood there.
    pub before: Value,
    /// What stands there.
    pub after: Value,
}

impl FieldChange {
    /// A difference as it is shown.
    pub fn of(difference: &Difference) -> Self {
        Self {
            field: difference.field.name().to_owned(),
            before: value(&difference.before),
            after: value(&difference.after),
        }
    }

    /// The field; `None` for one that this software does not know.
    pub fn known(&self) -> Option<ProcedureField> {
        ProcedureField::ALL.iter().copied().find(|field| field.name() == self.field)
    }
}

fn value(value: &FieldValue) -> Value {
    match value {
        FieldValue::Absent => Value::Null,
        FieldValue::Text(text) => json!(text),
        FieldValue::Amount(amount) => json!(amount),
        FieldValue::Flag(flag) => json!(flag),
        FieldValue::List(list) => json!(list),
        FieldValue::Rows(rows) => {
            let cell = |(name, text): &(&'static str, String)| match *name {
                "len" => ((*name).to_owned(), text.parse::<u64>().map_or(json!(text), Value::from)),
                _ => ((*name).to_owned(), json!(text)),
            };
            rows.iter().map(|row| Value::Object(row.iter().map(cell).collect())).collect()
        }
    }
}

/// What an entry did to the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CatalogueChange {
    /// Where it stands in this node's feed.
    pub cursor: u64,
    /// The publisher's code.
    pub publisher: String,
    /// The number in the publisher's chain; of [`ChangeKind::Recounted`], in the roster.
    pub number: u64,
    /// The entry's id.
    pub id: String,
    /// When, by its author's clock: milliseconds since 1970.
    pub time: u64,
    /// What it did.
    #[serde(flatten)]
    pub what: ChangeKind,
}

/// What kind of change it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// A procedure is new, or was retired and comes back.
    New {
        /// Whole.
        procedure: Box<ProcedureView>,
    },
    /// A procedure is another in these fields.
    Changed {
        /// Its code.
        code: String,
        /// Its name, from now on.
        name: String,
        /// Field by field.
        fields: Vec<FieldChange>,
    },
    /// A procedure is no longer in the catalogue.
    Retired {
        /// Its code.
        code: String,
        /// Its name.
        name: String,
        /// Why.
        reason: String,
        /// From which day, where stated.
        from: Option<String>,
    },
    /// An entry that changes nothing, for it breaks a rule.
    Flagged {
        /// The code, where it can be read.
        code: Option<String>,
        /// `no_right`, `already_published`, `unknown`, `retired` or `unreadable`.
        breach: String,
        /// In English.
        reason: String,
        /// In Vietnamese.
        reason_vi: String,
    },
    /// The registrar changed what counts of this publisher, perhaps from an earlier number on: read
    /// its list anew.
    Recounted,
}

impl ChangeKind {
    pub(super) fn flagged(code: Option<String>, breach: Breach) -> Self {
        Self::Flagged {
            code,
            breach: breach.name().to_owned(),
            reason: breach.to_string(),
            reason_vi: breach.vietnamese().to_owned(),
        }
    }
}

/// What changed after a cursor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CatalogueChanges {
    /// In the order in which they came here.
    pub changes: Vec<CatalogueChange>,
    /// The cursor for the next call.
    pub next: u64,
}
