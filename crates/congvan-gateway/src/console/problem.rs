//! What a page says when something cannot be done: what, and what to do next.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use congvan::{ReadError, SendError};
use maud::html;

use super::Console;
use super::page;
use super::text::Lang;

/// Why there is no such page, or not for this user.
#[derive(Debug)]
pub(crate) enum Problem {
    /// No such place.
    NoPage,
    /// No such document, procedure, attachment: the words of the crate below.
    NotFound(String),
    /// The attachment has not arrived in full.
    NotHereYet,
    /// Not with this method.
    Method,
    /// A form from another site.
    Foreign,
    /// A form from a page of an older session.
    Stale,
    /// A form that is none.
    Form,
    /// A viewer who would write.
    MayNotWrite,
    /// Only others can open it.
    Sealed,
    /// It was erased by law: by whom and why, in both languages.
    Erased { vi: String, en: String },
    /// A rule was in the way: in both languages.
    Refused { vi: String, en: String },
    /// The node does not write now.
    NotWriting(String),
    /// Something broke here.
    Internal,
}

impl Problem {
    /// What nobody in front of the screen can mend: it is in the log.
    pub(crate) fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(%error, "a page of the console failed");
        Self::Internal
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NoPage | Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::NotHereYet | Self::NotWriting(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Foreign | Self::Stale | Self::MayNotWrite | Self::Sealed => StatusCode::FORBIDDEN,
            Self::Form => StatusCode::BAD_REQUEST,
            Self::Erased { .. } => StatusCode::GONE,
            Self::Refused { .. } => StatusCode::CONFLICT,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What happened, what to do, and what a technician may want to know.
    fn words(&self, lang: Lang) -> (String, String, Option<&str>) {
        match self {
            Self::NoPage => (lang.no_page(), lang.no_page_next(), None),
            Self::NotFound(detail) => (lang.not_found(), lang.not_found_next(), Some(detail)),
            Self::NotHereYet => (lang.not_here_yet(), lang.not_here_yet_next(), None),
            Self::Method => (lang.no_page(), lang.no_page_next(), None),
            Self::Foreign => (lang.foreign(), lang.foreign_next(), None),
            Self::Stale => (lang.stale(), lang.stale_next(), None),
            Self::Form => (lang.bad_form(), lang.bad_form_next(), None),
            Self::MayNotWrite => (lang.may_not_write(), lang.may_not_write_next(), None),
            Self::Sealed => (lang.sealed(), lang.sealed_next(), None),
            Self::Erased { vi, en } => (lang.erased(lang.pick(vi, en)), lang.erased_next(), None),
            Self::Refused { vi, en } => (lang.pick(vi, en).to_owned(), lang.refused_next(), None),
            Self::NotWriting(detail) => (lang.not_writing(), lang.not_writing_next(), Some(detail)),
            Self::Internal => (lang.internal(), lang.internal_next(), None),
        }
    }

    /// What happened, and what to do.
    pub(crate) fn said(&self, lang: Lang) -> (String, String) {
        let (what, next, _) = self.words(lang);
        (what, next)
    }

    /// The page that says so.
    pub(crate) async fn page(&self, console: &Console, lang: Lang) -> Response {
        let (what, next, detail) = self.words(lang);
        let body = html! {
            div.card.problem role="alert" {
                h1 { (what) }
                p { (next) }
                @if let Some(detail) = detail { p.small { (lang.for_technician()) " " span lang="en" { (detail) } } }
                p { a.button href="/inbox" { (lang.back_to_inbox()) } }
            }
        };
        (self.status(), page::bare(console, lang, &lang.problem(), body)).into_response()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        // The page is made where the reader's language is known.
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        use congvan::core::document::DocumentError;
        use congvan::core::seal::SealError;
        match error {
            ReadError::NotFound(_)
            | ReadError::NotAnId(_)
            | ReadError::Ambiguous(_)
            | ReadError::NoAttachment { .. } => Self::NotFound(error.to_string()),
            ReadError::Incomplete { .. } | ReadError::Missing => Self::NotHereYet,
            ReadError::Document(DocumentError::Seal(SealError::NotForUs)) => Self::Sealed,
            ReadError::Erased(said) => Self::Erased { vi: said.vietnamese(), en: said.to_string() },
            other => Self::internal(other),
        }
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotYet(why) | SendError::Refused(why) => Self::NotWriting(why),
            SendError::Life(error) => Self::Refused { vi: error.vietnamese(), en: error.to_string() },
            SendError::Read(error) => error.into(),
            SendError::UnknownAddressees(codes) => {
                let codes: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
                let said = |lang: Lang| lang.unknown_agencies(codes.join(", "));
                Self::Refused { vi: said(Lang::Vi), en: said(Lang::En) }
            }
            SendError::Document(_) | SendError::Bound(_) => {
                Self::Refused { vi: Lang::Vi.document_too_long(), en: Lang::En.document_too_long() }
            }
            other => Self::internal(other),
        }
    }
}

pub(crate) async fn not_found() -> Problem {
    Problem::NoPage
}

pub(crate) async fn wrong_method() -> Problem {
    Problem::Method
}
