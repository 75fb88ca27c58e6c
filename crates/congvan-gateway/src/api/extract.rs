//! What a request holds, or the problem with it.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::parse;
use super::problem::{Kind, Problem};

/// The most bytes of JSON in a request.
pub(super) const MAX_JSON: usize = 256 << 10;
/// How long a body may stand still.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A query; a parameter that is not known, or is not what it must be, is refused.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match axum::extract::Query::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(error) => Err(Problem::invalid("query", error.body_text())),
        }
    }
}

/// Parts of the path.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(error) => Err(Problem::invalid("path", error.body_text())),
        }
    }
}

/// A body of JSON, of at most [`MAX_JSON`] bytes.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        media_type(request.headers(), &["application/json"])?;
        let bytes = small(request.into_body(), MAX_JSON).await?;
        from_json("body", &bytes).map(Self)
    }
}

pub(super) fn from_json<T: DeserializeOwned>(field: &str, bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Problem::invalid(field, error.to_string()),
        _ => Problem::new(Kind::Malformed, format!("{field} is not JSON: {error}")),
    })
}

/// That a body is of one of these types.
pub(super) fn media_type(headers: &HeaderMap, known: &[&str]) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    match known.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
        true => Ok(()),
        false => Err(Problem::new(Kind::MediaType, format!("the body must be {}", known.join(" or ")))),
    }
}

/// The key under which a retry is known, if there is one.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    const NAME: &str = "Idempotency-Key";
    let mut given = headers.get_all(NAME).iter();
    let Some(first) = given.next() else { return Ok(None) };
    let key = parse::idempotency_key(first.as_bytes()).filter(|_| given.next().is_none());
    let wanted = || format!("one header of 1 to {} visible ASCII characters", parse::MAX_KEY);
    Ok(Some(key.ok_or_else(|| Problem::invalid(NAME, wanted()))?.to_owned()))
}

/// A small body, whole.
pub(super) async fn small(mut body: Body, limit: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    while let Some(frame) = timeout(PATIENCE, body.frame()).await.map_err(|_| late())? {
        let frame = frame.map_err(|_| interrupted())?;
        let Ok(piece) = frame.into_data() else { continue };
        if bytes.len() + piece.len() > limit {
            return Err(too_large(limit as u64));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

pub(super) fn late() -> Problem {
    Problem::new(Kind::Timeout, format!("nothing came for {} s", PATIENCE.as_secs()))
}

pub(super) fn interrupted() -> Problem {
    Problem::new(Kind::Malformed, "the body did not arrive in full")
}

pub(super) fn too_large(limit: u64) -> Problem {
    Problem::new(Kind::TooLarge, format!("at most {limit} bytes are taken here"))
}
