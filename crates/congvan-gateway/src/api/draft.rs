//! A document to send, and a status to report, as JSON has them: read into what the ledger takes, or refused with the
//! field's name. Pure, and fuzzed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::core::document::Signer;
use super::core::limits::{MAX_ADDRESSEES, MAX_REFERENCES};
use super::core::status::{Staff, StatusNote};
use super::core::{AgencyCode, Envelope, Relation, StatusCode, Text};

/// A field that is not what it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub(crate) struct FieldError {
    /// Its name.
    pub(crate) field: String,
    /// What it must be.
    pub(crate) reason: String,
}

impl FieldError {
    fn new(field: impl Into<String>, reason: impl ToString) -> Self {
        Self { field: field.into(), reason: reason.to_string() }
    }
}

/// What a document is to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RelationDraft {
    /// It answers it.
    Answers,
    /// It recalls it.
    Recalls,
    /// It updates it.
    Updates,
    /// It stands in its place.
    Replaces,
}

impl From<RelationDraft> for Relation {
    fn from(relation: RelationDraft) -> Self {
        match relation {
            RelationDraft::Answers => Self::Answers,
            RelationDraft::Recalls => Self::Recalls,
            RelationDraft::Updates => Self::Updates,
            RelationDraft::Replaces => Self::Replaces,
        }
    }
}

/// That the document concerns an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkDraft {
    /// What it is to the other.
    pub(crate) relation: RelationDraft,
    /// The other's id, or at least 8 leading digits of it.
    pub(crate) document: String,
}

/// Who signed the document, as it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SignerDraft {
    /// On whose behalf.
    competence: String,
    /// Position.
    position: String,
    /// Full name.
    name: String,
}

/// A document to send; what is left out is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({"to": ["000.00.01.H55"], "subject": "Báo cáo tháng 11", "number": "12", "notation": "BC-UBND"}))]
pub(crate) struct DocumentDraft {
    /// The addressees' codes.
    pub(crate) to: Vec<String>,
    /// Subject.
    subject: String,
    /// Number: "12".
    number: String,
    /// Notation: "BC-UBND".
    notation: String,
    /// The author's own id of the document (edXML `DocumentId`).
    document_id: String,
    /// Place of promulgation.
    place: String,
    /// Date of promulgation, `yyyy/MM/dd`.
    promulgated: String,
    /// Number of its type.
    type_code: String,
    /// Name of its type: "Báo cáo".
    type_name: String,
    /// Abstract.
    summary: String,
    /// Who signed.
    signer: SignerDraft,
    /// Date by which an answer is due, `yyyy/MM/dd`.
    due: String,
    /// Urgency, as in edXML.
    priority: String,
    /// Earlier documents that it concerns.
    links: Vec<LinkDraft>,
    /// Readable by everybody. Documents are sealed to their addressees unless this is set.
    public: bool,
}

/// The same, as the ledger takes it, without attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) to: Vec<AgencyCode>,
    pub(crate) links: Vec<(Relation, String)>,
    pub(crate) envelope: Envelope,
    pub(crate) public: bool,
}

impl DocumentDraft {
    /// What the ledger takes.
    pub(crate) fn into_parts(self) -> Result<Parts, FieldError> {
        bounded("to", self.to.len(), MAX_ADDRESSEES)?;
        bounded("links", self.links.len(), MAX_REFERENCES)?;
        let code =
            |(index, code)| AgencyCode::new(code).map_err(|error| FieldError::new(format!("to[{index}]"), error));
        let envelope = Envelope {
            document_id: text("document_id", self.document_id)?,
            number: text("number", self.number)?,
            notation: text("notation", self.notation)?,
            place: text("place", self.place)?,
            promulgated: text("promulgated", self.promulgated)?,
            type_code: text("type_code", self.type_code)?,
            type_name: text("type_name", self.type_name)?,
            subject: text("subject", self.subject)?,
            summary: text("summary", self.summary)?,
            signer: Signer {
                competence: text("signer.competence", self.signer.competence)?,
                position: text("signer.position", self.signer.position)?,
                name: text("signer.name", self.signer.name)?,
            },
            due: text("due", self.due)?,
            priority: text("priority", self.priority)?,
            ..Envelope::default()
        };
        Ok(Parts {
            to: self.to.into_iter().enumerate().map(code).collect::<Result<_, _>>()?,
            links: self.links.into_iter().map(|link| (link.relation.into(), link.document)).collect(),
            envelope,
            public: self.public,
        })
    }
}

/// Who handled a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StaffDraft {
    /// Department.
    department: String,
    /// Name.
    name: String,
    /// E-mail address.
    email: String,
    /// Telephone number.
    mobile: String,
}

/// A status to report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "03", "note": "Đã tiếp nhận"}))]
pub(crate) struct StatusDraft {
    /// Two digits, as the axis has them: `03` accepted.
    status: String,
    /// Description, or the reason of a refusal.
    #[serde(default)]
    note: String,
    /// Who handled it.
    #[serde(default)]
    staff: StaffDraft,
    /// When, `yyyy/MM/dd HH:mm:ss`.
    #[serde(default)]
    at: String,
    /// The id of what 15 or 16 answers, where several things are asked.
    #[serde(default)]
    pub(crate) answers: Option<String>,
}

impl StatusDraft {
    /// What the ledger takes.
    pub(crate) fn into_parts(self) -> Result<(StatusCode, StatusNote), FieldError> {
        let code = self.status.parse().map_err(|error| FieldError::new("status", error))?;
        let note = StatusNote {
            note: text("note", self.note)?,
            staff: Staff {
                department: text("staff.department", self.staff.department)?,
                name: text("staff.name", self.staff.name)?,
                email: text("staff.email", self.staff.email)?,
                mobile: text("staff.mobile", self.staff.mobile)?,
            },
            at: text("at", self.at)?,
            packet: None,
        };
        Ok((code, note))
    }
}

fn text<const MAX: usize>(field: &str, value: String) -> Result<Text<MAX>, FieldError> {
    Text::new(value).map_err(|error| FieldError::new(field, error))
}

fn bounded(field: &str, len: usize, max: usize) -> Result<(), FieldError> {
    match len {
        len if len > max => Err(FieldError::new(field, format!("{len} items; at most {max} are allowed"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::super::core::limits::MAX_SUBJECT;
    use super::*;

    fn parts(draft: Value) -> Result<Parts, FieldError> {
        serde_json::from_value::<DocumentDraft>(draft).unwrap().into_parts()
    }

    #[test]
    fn a_field_that_is_too_long_is_named_with_its_bound() {
        assert!(parts(json!({"subject": "a".repeat(MAX_SUBJECT)})).is_ok());
        let error = parts(json!({"subject": "a".repeat(MAX_SUBJECT + 1)})).unwrap_err();
        assert!(error.field == "subject" && error.reason.contains("4096"), "{error}");
        assert_eq!(parts(json!({"to": ["000.00.01.H55", "a b"]})).unwrap_err().field, "to[1]");
        assert!(parts(json!({"to": vec!["A"; MAX_ADDRESSEES]})).is_ok());
        let error = parts(json!({"to": vec!["A"; MAX_ADDRESSEES + 1]})).unwrap_err();
        assert!(error.field == "to" && error.reason.contains("2000"), "{error}");
    }

    #[test]
    fn a_field_that_is_not_known_is_refused() {
        for wrong in [json!({"subjekt": ""}), json!({"links": [{"relation": "liked", "document": "x"}]})] {
            assert!(serde_json::from_value::<DocumentDraft>(wrong).is_err());
        }
        let status: StatusDraft = serde_json::from_value(json!({"status": "17"})).unwrap();
        assert_eq!(status.into_parts().unwrap_err().field, "status");
    }
}
