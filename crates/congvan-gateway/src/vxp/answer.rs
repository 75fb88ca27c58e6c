//! What the gateway answers: always HTTP 200, and in the JSON whether it was done.

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use congvan::core::AgencyCode;
use congvan::store::StoreError;
use congvan::systems::SystemsError;
use congvan::{ReadError, SendError};
use serde::Serialize;

use super::sign::SignError;

/// The answer to every call, and the beginning of every longer one.
#[derive(Debug, Serialize)]
pub(crate) struct Answer<T> {
    status: &'static str,
    #[serde(rename = "ErrorCode")]
    code: String,
    #[serde(rename = "ErrorDesc")]
    description: String,
    #[serde(flatten)]
    more: T,
}

/// An answer that says nothing more.
#[derive(Debug, Serialize)]
pub(crate) struct Nothing {}

/// A list.
#[derive(Debug, Serialize)]
pub(crate) struct Data<T> {
    pub(crate) data: Vec<T>,
}

/// The name that a packet has from now on.
#[derive(Debug, Serialize)]
pub(crate) struct Sent {
    #[serde(rename = "DocId")]
    pub(crate) doc_id: String,
}

/// What success is called.
pub(crate) const DONE: &str = "Thành công / Done";

impl<T: Serialize> Answer<T> {
    pub(crate) fn done(more: T) -> Self {
        Self::noting(DONE, more)
    }

    pub(crate) fn noting(description: &str, more: T) -> Self {
        Self { status: "OK", code: "0".to_owned(), description: description.to_owned(), more }
    }

    pub(crate) fn text(&self) -> String {
        // Texts and lists of texts: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        json(Body::from(self.text()))
    }
}

pub(crate) fn json(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

/// Why a call is answered with `FAIL`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Headers that do not stand for themselves.
    #[error("{0}")]
    Headers(#[from] SignError),
    /// Not which of the two: whoever asks could find out who is known here.
    #[error("the system is not known here, or its secret did not make the signature")]
    Signature,
    /// The timestamp is malformed.
    #[error("XroadVnpt-timestamp {0:?} is not of the form ddMMyyyy'T'HHmmss+SSSS")]
    Timestamp(String),
    /// The timestamp is too far from now.
    #[error("XroadVnpt-timestamp {0} is more than {1} minutes from this node's clock, which says {2}")]
    Window(String, u64, String),
    /// A call that would change something a second time.
    #[error("this very request was answered before, and the packet's state has changed since")]
    Replay,
    /// The system may not speak for that agency.
    #[error("system {system} may not speak for agency {agency}")]
    Unbound { system: String, agency: String },
    /// No such operation.
    #[error("there is no operation {0:?}")]
    Operation(String),
    /// A key that the operation needs.
    #[error("{0} needs the header XroadVnpt-{1}, and it must be signed")]
    Key(&'static str, &'static str),
    /// A key with a value that it cannot have.
    #[error("XroadVnpt-{key} is {value:?}; {wanted}")]
    Value { key: &'static str, value: String, wanted: &'static str },
    /// The file is not the one whose hash was signed.
    #[error("the file's SHA-256 is not the one in XroadVnpt-hash-file: it was altered or cut on its way")]
    FileHash,
    /// The body is too long.
    #[error("the body has more than {0} bytes")]
    TooLong(u64),
    /// The body is not what the operation takes.
    #[error("the body is not what the operation takes: {0}")]
    Body(&'static str),
    /// The body did not arrive.
    #[error("the body did not arrive in full")]
    Interrupted,
    /// Too many calls at once.
    #[error("too many calls at once")]
    Busy,
    /// The packet cannot become a document or status.
    #[error("the packet was not taken: {0}")]
    Packet(String),
    /// Addressees that the roster does not know.
    #[error("the directory knows no agency {0}")]
    Addressees(String),
    /// No such packet.
    #[error("there is no packet {0} here")]
    NoDocument(String),
    /// Of the document, pieces are still on their way.
    #[error("the packet has not arrived in full yet")]
    Incomplete,
    /// The status packet answers a document that is not here.
    #[error("no document here fits the ResponseFor of the status packet ({0})")]
    ResponseFor(String),
    /// What only the registrar does.
    #[error("agency {0} is {1}; only the registrar of the network changes who is a member")]
    Registrar(String, &'static str),
    /// The node does not write now.
    #[error("the node does not write now: {0}")]
    NotNow(String),
    /// The rules refuse it.
    #[error("refused: {0}")]
    Refused(String),
    /// Something here is broken; the log says what.
    #[error("the node could not do it; its log says why")]
    Internal(String),
}

impl Fault {
    /// The error code, for programs. `docs/vxp.md` lists them.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Headers(_) => "101",
            Self::Signature => "102",
            Self::Timestamp(_) | Self::Window(..) => "103",
            Self::Replay => "104",
            Self::Unbound { .. } => "105",
            Self::Operation(_) => "201",
            Self::Key(..) => "202",
            Self::Value { .. } => "203",
            Self::FileHash => "204",
            Self::TooLong(_) => "205",
            Self::Body(_) => "206",
            Self::Interrupted => "207",
            Self::Packet(_) => "301",
            Self::Addressees(_) => "302",
            Self::NoDocument(_) => "303",
            Self::Incomplete => "304",
            Self::ResponseFor(..) => "305",
            Self::Registrar(..) => "306",
            Self::Refused(_) => "307",
            Self::Busy => "401",
            Self::NotNow(_) => "402",
            Self::Internal(_) => "500",
        }
    }

    fn vietnamese(&self) -> String {
        match self {
            Self::Headers(_) => "Phần đầu (header) của yêu cầu không hợp lệ".to_owned(),
            Self::Signature => "Hệ thống chưa được đăng ký tại nút này, hoặc khóa bí mật không đúng".to_owned(),
            Self::Timestamp(_) => "Thời điểm (timestamp) sai định dạng".to_owned(),
            Self::Window(..) => {
                "Thời điểm (timestamp) lệch quá nhiều so với đồng hồ của nút; hãy chỉnh đồng hồ, hoặc tạo lại đối \
                 tượng dịch vụ của SDK"
                    .to_owned()
            }
            Self::Replay => "Yêu cầu này đã được xử lý và trạng thái đã thay đổi sau đó; hãy tạo lại đối tượng dịch \
                             vụ của SDK"
                .to_owned(),
            Self::Unbound { system, agency } => format!("Hệ thống {system} không được thay mặt đơn vị {agency}"),
            Self::Operation(name) => format!("Không có chức năng {name:?}"),
            Self::Key(operation, key) => format!("Chức năng {operation} cần header XroadVnpt-{key} và phải được ký"),
            Self::Value { key, value, .. } => format!("XroadVnpt-{key} có giá trị không hợp lệ: {value:?}"),
            Self::FileHash => "Tệp không khớp với XroadVnpt-hash-file: đã bị sửa hoặc cắt trên đường truyền".to_owned(),
            Self::TooLong(limit) => format!("Nội dung vượt quá {limit} byte"),
            Self::Body(_) => "Nội dung yêu cầu không đúng với chức năng".to_owned(),
            Self::Interrupted => "Nội dung yêu cầu không đến đủ".to_owned(),
            Self::Busy => "Nút đang bận, hãy thử lại sau".to_owned(),
            Self::Packet(_) => "Gói tin không được nhận".to_owned(),
            Self::Addressees(codes) => format!("Danh bạ không có đơn vị {codes}"),
            Self::NoDocument(id) => format!("Không có gói tin {id} tại đây"),
            Self::Incomplete => "Gói tin chưa đến đủ, hãy thử lại sau".to_owned(),
            Self::ResponseFor(_) => "Không có văn bản nào tại đây khớp với ResponseFor của gói trạng thái".to_owned(),
            Self::Registrar(code, _) => {
                format!("Đơn vị {code}: chỉ cơ quan đăng ký của mạng mới thay đổi được thành viên")
            }
            Self::NotNow(_) => "Nút chưa ghi được lúc này, hãy thử lại sau".to_owned(),
            Self::Refused(_) => "Bị từ chối".to_owned(),
            Self::Internal(_) => "Nút không thực hiện được; xem nhật ký của nút".to_owned(),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let description = format!("{} / {self}", self.vietnamese());
        Answer { status: "FAIL", code: self.code().to_owned(), description, more: Nothing {} }.into_response()
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<SystemsError> for Fault {
    fn from(error: SystemsError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<tokio::task::JoinError> for Fault {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Internal(error.to_string())
    }
}

impl From<ReadError> for Fault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotFound(id) | ReadError::NotAnId(id) | ReadError::Ambiguous(id) => Self::NoDocument(id),
            ReadError::Incomplete { .. } => Self::Incomplete,
            ReadError::Store(error) => error.into(),
            other => Self::Refused(other.to_string()),
        }
    }
}

impl From<SendError> for Fault {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotYet(why) => Self::NotNow(why),
            SendError::Stopping => Self::NotNow("the node is stopping".to_owned()),
            SendError::UnknownAddressees(codes) => {
                Self::Addressees(codes.iter().map(AgencyCode::as_str).collect::<Vec<_>>().join(", "))
            }
            SendError::Read(error) => error.into(),
            SendError::Store(error) => error.into(),
            SendError::Append(error) => Self::Internal(error.to_string()),
            other => Self::Refused(other.to_string()),
        }
    }
}
