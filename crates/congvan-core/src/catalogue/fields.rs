//! A procedure field by field: for showing it, and for showing what changed.

use std::fmt;

use super::{Date, Fee, Procedure};

macro_rules! fields {
    ($($field:ident $name:literal $english:literal $vietnamese:literal;)*) => {
        /// A field of a procedure, its code apart, which never changes.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[allow(missing_docs)] // Their names say it; the table in `docs/catalogue.md` explains each.
        pub enum ProcedureField {
            $($field,)*
        }

        impl ProcedureField {
            /// All of them, in the order in which they are shown.
            pub const ALL: &[ProcedureField] = &[$(Self::$field,)*];

            /// Its name in files and JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$field => $name,)* }
            }

            /// What it is called in English.
            pub fn english(self) -> &'static str {
                match self { $(Self::$field => $english,)* }
            }

            /// What it is called in Vietnamese.
            pub fn vietnamese(self) -> &'static str {
                match self { $(Self::$field => $vietnamese,)* }
            }
        }
    };
}

fields! {
    Name "name" "name" "tên thủ tục";
    Field "field" "field" "lĩnh vực";
    Levels "levels" "levels" "cấp thực hiện";
    Applicants "applicants" "applicants" "đối tượng thực hiện";
    Fee "fee" "fee" "phí, lệ phí";
    OnlinePayment "online_payment" "online payment" "thanh toán trực tuyến";
    PaymentChannels "payment_channels" "payment channels" "kênh thanh toán";
    LegalBasis "legal_basis" "legal basis" "căn cứ pháp lý";
    Steps "steps" "steps" "trình tự thực hiện";
    Forms "forms" "forms" "mẫu đơn, tờ khai";
    Term "term" "processing term" "thời hạn giải quyết";
    Result "result" "result" "kết quả thực hiện";
    InForceFrom "in_force_from" "in force from" "hiệu lực từ";
    InForceUntil "in_force_until" "in force until" "hiệu lực đến";
    Office "office" "office" "cơ quan thực hiện";
    Place "place" "place of application" "nơi tiếp nhận";
    OnlineService "online_service" "online service" "dịch vụ công trực tuyến";
    OnlineUrl "online_url" "online address" "địa chỉ nộp trực tuyến";
    ByPost "by_post" "by post" "bưu chính công ích";
    CaseType "case_type" "type of case" "loại hồ sơ";
}

/// What stands in a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FieldValue {
    /// Nothing is stated.
    Absent,
    /// Text.
    Text(String),
    /// đồng.
    Amount(u64),
    /// Yes or no.
    Flag(bool),
    /// Texts, in order.
    List(Vec<String>),
    /// Things with named parts.
    Rows(Vec<Vec<(&'static str, String)>>),
}

impl fmt::Display for FieldValue {
    /// One line; what a clerk reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => Ok(()),
            Self::Text(text) => f.write_str(text),
            Self::Amount(amount) => write!(f, "{amount} VND"),
            Self::Flag(flag) => f.write_str(if *flag { "yes" } else { "no" }),
            Self::List(list) => f.write_str(&list.join(" | ")),
            Self::Rows(rows) => {
                let row = |row: &Vec<(&str, String)>| {
                    row.iter()
                        .map(|(_, text)| text.as_str())
                        .filter(|text| !text.is_empty())
                        .collect::<Vec<_>>()
                        .join("; ")
                };
                f.write_str(&rows.iter().map(row).collect::<Vec<_>>().join(" | "))
            }
        }
    }
}

impl Procedure {
    /// What stands in a field. Two procedures of one code are equal where all their fields are.
    pub fn value(&self, field: ProcedureField) -> FieldValue {
        let text = |text: &str| FieldValue::Text(text.to_owned());
        let date = |date: Option<Date>| date.map_or(FieldValue::Absent, |date| FieldValue::Text(date.to_string()));
        match field {
            ProcedureField::Name => text(self.name.as_str()),
            ProcedureField::Field => text(&self.field),
            ProcedureField::Levels => {
                FieldValue::List(self.levels.iter().map(|level| level.name().to_owned()).collect())
            }
            ProcedureField::Applicants => FieldValue::List(self.applicants.iter().map(|a| a.to_string()).collect()),
            ProcedureField::Fee => match &self.payment.fee {
                None => FieldValue::Absent,
                Some(Fee::Amount(amount)) => FieldValue::Amount(*amount),
                Some(Fee::Described(words)) => text(words),
            },
            ProcedureField::OnlinePayment => FieldValue::Flag(self.payment.online),
            ProcedureField::PaymentChannels => {
                let row = |channel: &super::PaymentChannel| {
                    vec![
                        ("kind", channel.kind.to_string()),
                        ("url", channel.url.to_string()),
                        ("account", channel.account.to_string()),
                    ]
                };
                FieldValue::Rows(self.payment.channels.iter().map(row).collect())
            }
            ProcedureField::LegalBasis => {
                FieldValue::List(self.legal_basis.iter().map(|law| law.to_string()).collect())
            }
            ProcedureField::Steps => FieldValue::List(self.steps.iter().map(|step| step.to_string()).collect()),
            ProcedureField::Forms => {
                let row = |form: &super::Form| {
                    let blob = form.blob.blob();
                    vec![
                        ("name", form.name.to_string()),
                        ("media_type", form.media_type.to_string()),
                        ("blob", blob.id.to_string()),
                        ("len", blob.len.to_string()),
                    ]
                };
                FieldValue::Rows(self.forms.iter().map(row).collect())
            }
            ProcedureField::Term => text(&self.term),
            ProcedureField::Result => text(&self.result),
            ProcedureField::InForceFrom => date(self.in_force.from()),
            ProcedureField::InForceUntil => date(self.in_force.until()),
            ProcedureField::Office => text(&self.one_stop.office),
            ProcedureField::Place => text(&self.one_stop.place),
            ProcedureField::OnlineService => text(self.one_stop.online.name()),
            ProcedureField::OnlineUrl => text(&self.one_stop.url),
            ProcedureField::ByPost => FieldValue::Flag(self.one_stop.by_post),
            ProcedureField::CaseType => text(&self.one_stop.case_type),
        }
    }
}

/// A field that differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Which.
    pub field: ProcedureField,
    /// What stood there.
    pub before: FieldValue,
    /// What stands there.
    pub after: FieldValue,
}

/// Field by field, what differs between two versions of a procedure; nothing where they are equal.
pub fn differences(before: &Procedure, after: &Procedure) -> Vec<Difference> {
    let differs = |field: &ProcedureField| {
        let (before, after) = (before.value(*field), after.value(*field));
        (before != after).then_some(Difference { field: *field, before, after })
    };
    ProcedureField::ALL.iter().filter_map(differs).collect()
}
