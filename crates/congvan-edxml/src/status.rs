//! A status packet as a status of the ledger, and back.

use congvan_core::codec::Bounded;
use congvan_core::document::Reference;
use congvan_core::status::{Staff, StatusCode, StatusNote};

use crate::document::{field, organization, reference, response_for, text};
use crate::error::{ExportError, ImportError};
use crate::field;
use crate::packet::{Packet, StaffInfo, StatusPacket};

/// A status packet, ready to be reported as a status.
///
/// ```
/// use congvan_core::StatusCode;
///
/// # let packet = include_bytes!("../../../examples/data/trang-thai-03.edxml");
/// let status = congvan_edxml::status_of(packet)?;
/// assert_eq!(status.code, StatusCode::Accepted);
/// assert_eq!(status.responds_to.document_id.as_str(), "000.00.00.H55,2026/03/02,12/BC-UBND");
/// assert_eq!(status.note.packet.as_deref(), Some(&packet[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusDraft {
    /// The `OrganId` of who reports, as written, if there is one.
    pub from: Option<String>,
    /// The document, as the packet names it.
    pub responds_to: Reference,
    /// What became of it.
    pub code: StatusCode,
    /// Who did it and why. The packet is kept in it whole, unless it has more than
    /// [`MAX_INLINE_PACKET`](congvan_core::limits::MAX_INLINE_PACKET) bytes.
    pub note: StatusNote,
}

/// Takes a status packet apart.
///
/// # Errors
/// [`ImportError`] when it is no status packet, its code is none of the format, or something is over the
/// ledger's bounds.
pub fn status_of(packet: &[u8]) -> Result<StatusDraft, ImportError> {
    let status = match Packet::parse(packet)? {
        Packet::Status(status) => status,
        Packet::Document(_) => return Err(ImportError::Document),
    };
    let code = status.status().map_err(|meaning| ImportError::Meaning { element: "StatusCode", meaning })?;
    Ok(StatusDraft {
        from: status.from.organ_id.clone(),
        responds_to: reference(&status.response_for)?,
        code: code_of(code),
        note: StatusNote {
            note: text("Description", &status.description)?,
            staff: Staff {
                department: text("StaffInfo/Department", &status.staff.department)?,
                name: text("StaffInfo/Staff", &status.staff.staff)?,
                email: text("StaffInfo/Email", &status.staff.email)?,
                mobile: text("StaffInfo/Mobile", &status.staff.mobile)?,
            },
            at: text("Timestamp", &status.timestamp)?,
            packet: Bounded::new(packet.to_vec()).ok(),
        },
    })
}

/// A packet for a status that did not come as one (one that did is in `note.packet`): `from` is code and
/// name of the agency that reports.
///
/// [`status_of`] makes the same of it, if no text in it has white space around it or says `null`.
///
/// # Errors
/// [`ExportError`] when it says what a packet cannot: a document without a `document_id`, a character that
/// XML does not allow.
pub fn build_status(
    from: (&str, &str),
    responds_to: &Reference,
    code: StatusCode,
    note: &StatusNote,
) -> Result<Vec<u8>, ExportError> {
    let packet = StatusPacket {
        from: organization(from.0, from.1),
        response_for: response_for(responds_to),
        staff: StaffInfo {
            department: field(&note.staff.department),
            staff: field(&note.staff.name),
            email: field(&note.staff.email),
            mobile: field(&note.staff.mobile),
            unknown: Vec::new(),
        },
        status_code: Some(code.digits().to_owned()),
        description: field(&note.note),
        timestamp: field(&note.at),
        ..StatusPacket::default()
    };
    Ok(packet.write()?)
}

fn code_of(code: field::StatusCode) -> StatusCode {
    match code {
        field::StatusCode::Arrived => StatusCode::Arrived,
        field::StatusCode::Refused => StatusCode::Refused,
        field::StatusCode::Accepted => StatusCode::Accepted,
        field::StatusCode::Assigned => StatusCode::Assigned,
        field::StatusCode::Processing => StatusCode::Processing,
        field::StatusCode::Completed => StatusCode::Completed,
        field::StatusCode::RecallAsked => StatusCode::RecallAsked,
        field::StatusCode::RecallAgreed => StatusCode::RecallAgreed,
        field::StatusCode::RecallRefused => StatusCode::RecallRefused,
    }
}
