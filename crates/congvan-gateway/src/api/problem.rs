//! What is answered when something cannot be done: always a problem of RFC 9457, `application/problem+json`.

use axum::Json;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use congvan::catalogue::CatalogueError;
use congvan::core::document::DocumentError;
use congvan::store::StoreError;
use congvan::tokens::TokensError;
use congvan::{ConsumerError, LifeError, ReadError, SendError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::vxp::Fault;

/// The media type of problems.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
/// Seconds after which what is not possible now may be.
const SOON: u64 = 5;

macro_rules! kinds {
    ($($kind:ident $name:literal $status:ident $title:literal;)*) => {
        /// What went wrong. The names are part of the interface: they do not change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind {
            $(#[doc = $title] $kind,)*
        }

        impl Kind {
            pub(crate) const ALL: &[Self] = &[$(Self::$kind,)*];

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            pub(crate) fn status(self) -> StatusCode {
                match self { $(Self::$kind => StatusCode::$status,)* }
            }

            fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)* }
            }
        }
    };
}

kinds! {
    Malformed "malformed" BAD_REQUEST "The request is malformed";
    Unauthorized "unauthorized" UNAUTHORIZED "The request needs a token that is good here";
    Forbidden "forbidden" FORBIDDEN "The token does not allow this";
    Sealed "sealed" FORBIDDEN "The document is sealed to others";
    NotFound "not-found" NOT_FOUND "It is not here";
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED "This cannot be done with it";
    Timeout "timeout" REQUEST_TIMEOUT "The request did not arrive in time";
    Life "life" CONFLICT "The document's life has no such step";
    Ambiguous "ambiguous" CONFLICT "More than one fits";
    Erased "erased" GONE "The content was erased here";
    TooLarge "too-large" PAYLOAD_TOO_LARGE "The request is too large";
    MediaType "media-type" UNSUPPORTED_MEDIA_TYPE "The request's media type is not taken here";
    Range "range" RANGE_NOT_SATISFIABLE "There are no such bytes";
    Invalid "invalid" UNPROCESSABLE_ENTITY "A value is not what it must be";
    KeyReused "key-reused" UNPROCESSABLE_ENTITY "The idempotency key was used for another request";
    UnknownAgency "unknown-agency" UNPROCESSABLE_ENTITY "The directory knows no such agency";
    TooMany "too-many-requests" TOO_MANY_REQUESTS "Too many requests";
    Internal "internal" INTERNAL_SERVER_ERROR "The node could not do it";
    Busy "busy" SERVICE_UNAVAILABLE "Too much at once";
    NotWriting "not-writing" SERVICE_UNAVAILABLE "The node does not write now";
    NotHereYet "not-here-yet" SERVICE_UNAVAILABLE "Not all of it has arrived yet";
}

/// A problem, as RFC 9457 has it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// What went wrong, for programs: a reference that does not change, and that can be fetched.
    #[serde(rename = "type")]
    kind: String,
    /// The same in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What was wrong in this case, and what to do.
    detail: String,
    /// The same in Vietnamese, where there is a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail_vi: Option<String>,
    /// The field, parameter or header that is not what it must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip)]
    head: Option<Head>,
}

/// What the answer's head says beside the status.
#[derive(Clone, Copy, Debug)]
enum Head {
    Bearer,
    RetryAfter(u64),
    Length(u64),
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let head = match kind {
            Kind::Unauthorized => Some(Head::Bearer),
            Kind::Busy | Kind::NotHereYet => Some(Head::RetryAfter(SOON)),
            _ => None,
        };
        Self {
            kind: format!("/api/v1/problems/{}", kind.name()),
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: detail.into(),
            detail_vi: None,
            field: None,
            head,
        }
    }

    /// A value that is not what it must be.
    pub(crate) fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..Self::new(Kind::Invalid, detail) }
    }

    /// Whether it lies in the request: nothing was done then.
    pub(crate) fn is_the_callers(&self) -> bool {
        (400..500).contains(&self.status)
    }

    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self { head: Some(Head::RetryAfter(seconds)), ..self }
    }

    /// No such bytes of so many.
    pub(crate) fn range(len: u64) -> Self {
        Self { head: Some(Head::Length(len)), ..Self::new(Kind::Range, format!("there are {len} bytes")) }
    }

    pub(crate) fn internal(why: impl std::fmt::Display) -> Self {
        tracing::error!(%why, "an API request failed");
        Self::new(Kind::Internal, "the node's log says why")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let head = self.head;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        match head {
            None => {}
            Some(Head::Bearer) => drop(headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Some(Head::RetryAfter(seconds)) => drop(headers.insert(header::RETRY_AFTER, seconds.into())),
            Some(Head::Length(len)) => {
                let range = HeaderValue::try_from(format!("bytes */{len}"));
                range.into_iter().for_each(|range| drop(headers.insert(header::CONTENT_RANGE, range)));
            }
        }
        response
    }
}

/// A kind of problem, for whoever follows its `type`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ProblemKind {
    /// As in a problem.
    #[serde(rename = "type")]
    kind: String,
    /// In words.
    title: &'static str,
    /// The HTTP status that it comes with.
    status: u16,
}

/// What a problem's `type` means.
#[utoipa::path(get, path = "/problems/{name}", operation_id = "problem_kind", tag = "about", params(("name" = String, Path, description = "The end of the problem's `type`")),
    responses((status = 200, description = "The kind of problem", body = ProblemKind), (status = 404, description = "There is no such kind")))]
pub(super) async fn kind(Path(name): Path<String>) -> Result<Json<ProblemKind>, Problem> {
    let kind = Kind::ALL.iter().find(|kind| kind.name() == name);
    let kind = kind.ok_or_else(|| Problem::new(Kind::NotFound, "there is no such kind of problem"))?;
    let (title, status) = (kind.title(), kind.status().as_u16());
    Ok(Json(ProblemKind { kind: format!("/api/v1/problems/{name}"), title, status }))
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        let detail = error.to_string();
        match error {
            ReadError::NotFound(_) | ReadError::NoAttachment { .. } | ReadError::NoPacket => {
                Self::new(Kind::NotFound, detail)
            }
            ReadError::NotAnId(_) => Self::invalid("id", detail),
            ReadError::Ambiguous(_) => Self::new(Kind::Ambiguous, detail),
            ReadError::Incomplete { .. } | ReadError::Missing => Self::new(Kind::NotHereYet, detail),
            ReadError::Erased(_) => Self::new(Kind::Erased, detail),
            ReadError::Document(DocumentError::Seal(_)) => Self::new(Kind::Sealed, detail),
            error => Self::internal(error),
        }
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        let detail = error.to_string();
        match error {
            SendError::NotYet(_) => Self::new(Kind::NotWriting, detail).retry_after(SOON),
            SendError::Refused(_) | SendError::Stopping => Self::new(Kind::NotWriting, detail),
            SendError::UnknownAddressees(_) => {
                Self { field: Some("to".to_owned()), ..Self::new(Kind::UnknownAgency, detail) }
            }
            SendError::NoAddressee => Self::invalid("to", detail),
            SendError::AttachmentTooLong { .. } => Self::new(Kind::TooLarge, detail),
            SendError::KeyLength(_) => Self::invalid("Idempotency-Key", detail),
            SendError::Attachments { .. } | SendError::Document(_) | SendError::Bound(_) => {
                Self::new(Kind::Invalid, detail)
            }
            SendError::Life(LifeError::NoTarget { .. }) => Self::invalid("links", detail),
            SendError::Life(error) => Self { detail_vi: Some(error.vietnamese()), ..Self::new(Kind::Life, detail) },
            SendError::Read(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Self {
        let detail = error.to_string();
        match error {
            CatalogueError::NotFound(_) | CatalogueError::NoForm { .. } => Self::new(Kind::NotFound, detail),
            CatalogueError::Several { .. } => {
                Self { field: Some("publisher".to_owned()), ..Self::new(Kind::Ambiguous, detail) }
            }
            CatalogueError::NoAgency(_) => Self::new(Kind::UnknownAgency, detail),
            CatalogueError::Part(_) | CatalogueError::Name(_) | CatalogueError::NoPlace(_) => {
                Self::new(Kind::Invalid, detail)
            }
            CatalogueError::Gone { .. } => Self::new(Kind::NotHereYet, detail),
            CatalogueError::Read(error) => error.into(),
            CatalogueError::Send(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<ConsumerError> for Problem {
    fn from(error: ConsumerError) -> Self {
        match error {
            ConsumerError::Name(_) => Self::invalid("name", error.to_string()),
            error => Self::internal(error),
        }
    }
}

/// What the SDK's interface, which reads packets for both, refuses.
impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let detail = fault.to_string();
        match fault {
            Fault::Packet(_) | Fault::ResponseFor(_) | Fault::Refused(_) => Self::new(Kind::Invalid, detail),
            Fault::Addressees(_) => Self::new(Kind::UnknownAgency, detail),
            Fault::NoDocument(_) => Self::new(Kind::NotFound, detail),
            Fault::Incomplete => Self::new(Kind::NotHereYet, detail),
            Fault::NotNow(_) => Self::new(Kind::NotWriting, detail).retry_after(SOON),
            Fault::Busy => Self::new(Kind::Busy, detail),
            Fault::Internal(why) => Self::internal(why),
            fault => Self::internal(fault),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}

impl From<TokensError> for Problem {
    fn from(error: TokensError) -> Self {
        Self::internal(error)
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}

impl From<tokio::task::JoinError> for Problem {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(error)
    }
}
