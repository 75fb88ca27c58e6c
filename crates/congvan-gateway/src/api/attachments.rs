//! Attachments' bytes: streamed piece by piece, whole or a range of them.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use congvan::ReadError;
use futures::stream;

use super::auth::{DocumentsRead, May};
use super::extract::Path;
use super::parse::{self, Asked};
use super::problem::Problem;
use super::{Api, blocking};

/// An attachment, or with `Range` a part of it.
///
/// `ETag` is the digest of its bytes, so an interrupted download goes on with `Range` and `If-Range`.
#[utoipa::path(method(get, head), path = "/documents/{id}/attachments/{number}", operation_id = "attachment", tag = "documents",
    security(("bearer" = ["documents:read"])),
    params(("id" = String, Path, description = "The document's id, or at least 8 leading digits of it"),
        ("number" = usize, Path, description = "Its place in `files`, counted from 0"),
        ("Range" = Option<String>, Header, description = "`bytes=0-1023`, `bytes=1024-` or `bytes=-512`"),
        ("If-Range" = Option<String>, Header, description = "Heed `Range` only if the attachment has this `ETag`"),
        ("If-None-Match" = Option<String>, Header, description = "Answer 304 if the attachment has one of these `ETag`s")),
    responses((status = 200, description = "All of it", content_type = "application/octet-stream"),
        (status = 206, description = "The range", content_type = "application/octet-stream"),
        (status = 304, description = "You have it"),
        (status = 404, description = "There is no such document or attachment here"), (status = 409, description = "Several begin so"),
        (status = 410, description = "Its content was erased here"), (status = 416, description = "There are no such bytes"),
        (status = 503, description = "Not all of it has arrived yet")))]
pub(super) async fn attachment(
    State(api): State<Arc<Api>>,
    _: May<DocumentsRead>,
    Path((id, number)): Path<(String, usize)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let node = api.node.clone();
    let (listed, reader) = blocking(move || {
        let envelope = node.envelope(&id)?;
        let have = envelope.attachments.len();
        let listed = envelope.attachments.get(number).cloned();
        let listed = listed.ok_or(ReadError::NoAttachment { asked: number, have })?;
        Ok::<_, ReadError>((listed, node.attachment(&id, number)?))
    })
    .await?;
    let file = File {
        tag: format!("\"{}\"", listed.digest),
        len: listed.len,
        name: &listed.name,
        media_type: &listed.media_type,
    };
    file.answer(&headers, move |first| reader.starting_at(first))
}

/// A file that can be had in parts.
#[derive(Debug)]
pub(super) struct File<'a> {
    pub(super) tag: String,
    pub(super) len: u64,
    pub(super) name: &'a str,
    pub(super) media_type: &'a str,
}

impl File<'_> {
    /// What is asked for of the file, whose bytes `read` gives from a place on.
    pub(super) fn answer<I>(self, asked: &HeaderMap, read: impl FnOnce(u64) -> I) -> Result<Response, Problem>
    where
        I: Iterator<Item = Result<Vec<u8>, ReadError>> + Send + 'static,
    {
        let text = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
        let mut headers = HeaderMap::new();
        headers.insert(header::ETAG, HeaderValue::try_from(&self.tag).map_err(Problem::internal)?);
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if text(header::IF_NONE_MATCH).is_some_and(|given| parse::names(given, &self.tag)) {
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        let same = text(header::IF_RANGE).is_none_or(|given| given.trim() == self.tag);
        let wanted = text(header::RANGE).filter(|_| same).map_or(Asked::All, |range| parse::range(range, self.len));
        let (status, first, count) = match wanted {
            Asked::All => (StatusCode::OK, 0, self.len),
            Asked::Part { first, last } => {
                let range = format!("bytes {first}-{last}/{}", self.len);
                headers.insert(header::CONTENT_RANGE, HeaderValue::try_from(range).map_err(Problem::internal)?);
                (StatusCode::PARTIAL_CONTENT, first, last - first + 1)
            }
            Asked::Beyond => return Err(Problem::range(self.len)),
        };
        let media_type = HeaderValue::try_from(self.media_type).ok().filter(|value| !value.is_empty());
        let media_type = media_type.unwrap_or(HeaderValue::from_static("application/octet-stream"));
        headers.insert(header::CONTENT_TYPE, media_type);
        headers.insert(header::CONTENT_LENGTH, count.into());
        headers.insert(
            header::CONTENT_DISPOSITION,
            HeaderValue::try_from(disposition(self.name)).map_err(Problem::internal)?,
        );
        Ok((status, headers, Body::from_stream(pieces(read(first), count))).into_response())
    }
}

/// To be saved under its name (RFC 6266, RFC 8187).
fn disposition(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let encoded = name.bytes().map(|byte| match byte {
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    format!("attachment; filename*=UTF-8''{}", encoded.collect::<String>())
}

/// The first `count` bytes of what is read, each piece only when the client has room for it; a client that does not
/// read holds up no thread.
fn pieces<I>(reader: I, count: u64) -> impl futures::Stream<Item = Result<Bytes, BrokenOff>> + Send
where
    I: Iterator<Item = Result<Vec<u8>, ReadError>> + Send + 'static,
{
    stream::try_unfold((reader, count), |(mut reader, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let (reader, piece) = tokio::task::spawn_blocking(move || {
            let piece = reader.next();
            (reader, piece)
        })
        .await
        .map_err(|_| BrokenOff)?;
        let mut piece = match piece {
            Some(Ok(piece)) => piece,
            Some(Err(error)) => {
                tracing::error!(%error, "an attachment broke off");
                return Err(BrokenOff);
            }
            None => return Err(BrokenOff),
        };
        piece.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        let left = left - piece.len() as u64;
        Ok(Some((Bytes::from(piece), (reader, left))))
    })
}

/// The connection is broken off: the client sees that bytes are missing.
#[derive(Debug, thiserror::Error)]
#[error("the attachment broke off; the log says why")]
struct BrokenOff;

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn a_name_cannot_leave_its_header() {
        assert_eq!(disposition("bao-cao.pdf"), "attachment; filename*=UTF-8''bao-cao.pdf");
        assert_eq!(disposition("Tờ\"\r\n;.pdf"), "attachment; filename*=UTF-8''T%E1%BB%9D%22%0D%0A%3B.pdf");
    }
}
