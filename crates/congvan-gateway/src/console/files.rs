//! Attachments and forms, streamed out as downloads: nothing that somebody sent is shown as a page of ours. A PDF may
//! be looked at, in the browser's own viewer, which keeps what is in it away from our pages; what is none is a download.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use congvan::ReadError;
use congvan::catalogue::CatalogueError;
use congvan::core::{AgencyCode, ProcedureCode};
use congvan::view::FileView;
use futures::StreamExt;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::Console;
use super::catalogue;
use super::draft::safe_name;
use super::problem::Problem;
use super::who::{Who, encoded};

/// Pieces that wait for the reader.
const MAX_WAITING: usize = 4;

/// What a PDF begins with.
const PDF: &[u8] = b"%PDF-";
/// What a file may do where a browser shows it: nothing.
const POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";

/// How a file is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    /// To be looked at, not kept.
    view: Option<String>,
}

/// Whether a file says that it can be looked at; its bytes have the last word.
pub(crate) fn is_viewable(file: &FileView) -> bool {
    let pdf =
        file.media_type.eq_ignore_ascii_case("application/pdf") || file.name.to_ascii_lowercase().ends_with(".pdf");
    pdf && !file.zipped
}

/// `GET /documents/{id}/files/{number}`
pub(crate) async fn attachment(
    State(console): State<Arc<Console>>,
    _: Who,
    Path((id, number)): Path<(String, usize)>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let found = console.read(move |node| -> Result<_, ReadError> {
        let document = node.document(&id)?;
        let have = document.files.len();
        let file = document.files.into_iter().nth(number).ok_or(ReadError::NoAttachment { asked: number, have })?;
        let mut reader = node.attachment(&id, number)?;
        let first = reader.next().transpose()?.unwrap_or_default();
        Ok((file, first, reader))
    });
    let (file, first, reader) = found.await??;
    let shown = wanted.view.is_some() && is_viewable(&file) && first.starts_with(PDF);
    let name = match file.zipped && !file.name.to_ascii_lowercase().ends_with(".zip") {
        true => format!("{}.zip", file.name),
        false => file.name,
    };
    let pieces = std::iter::once(Ok(first)).chain(reader);
    Ok(match shown {
        true => answer("application/pdf", disposition("inline", &name), file.len, pieces),
        false => download(&name, file.len, pieces),
    })
}

/// `GET /catalogue/{publisher}/{code}/forms/{number}`
pub(crate) async fn form(
    State(console): State<Arc<Console>>,
    _: Who,
    Path((publisher, code, number)): Path<(String, String, usize)>,
) -> Result<Response, Problem> {
    let found = console.read(move |node| -> Result<_, CatalogueError> {
        let (publisher, code) = (AgencyCode::new(publisher)?, ProcedureCode::new(code)?);
        let detail = node.procedure(&code, Some(&publisher))?;
        let forms = detail.procedure.map(|procedure| procedure.forms).unwrap_or_default();
        let reader = node.form(&code, Some(&publisher), number)?;
        Ok((forms.into_iter().nth(number), reader))
    });
    let (form, reader) = found.await?.map_err(catalogue::problem)?;
    let form = form.ok_or(Problem::NoPage)?;
    Ok(download(&form.name, form.len, reader))
}

/// Bytes as a file to keep.
fn download(name: &str, len: u64, pieces: impl Iterator<Item = Piece> + Send + 'static) -> Response {
    answer("application/octet-stream", disposition("attachment", name), len, pieces)
}

/// A part of a file.
type Piece = Result<Vec<u8>, ReadError>;

/// Memory does not grow with the file.
fn answer(
    media_type: &str,
    disposition: String,
    len: u64,
    all: impl Iterator<Item = Piece> + Send + 'static,
) -> Response {
    let (pieces, waiting) = mpsc::channel::<Result<Bytes, ReadError>>(MAX_WAITING);
    tokio::task::spawn_blocking(move || {
        for piece in all {
            if let Err(error) = &piece {
                tracing::error!(%error, "an attachment breaks off");
            }
            if pieces.blocking_send(piece.map(Bytes::from)).is_err() {
                break;
            }
        }
    });
    let stream = futures::stream::unfold(waiting, |mut waiting| async { Some((waiting.recv().await?, waiting)) });
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CONTENT_LENGTH, len.to_string()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
    ];
    (headers, Body::from_stream(stream.boxed())).into_response()
}

/// Kept or shown under a name, in ASCII for old software and whole for the rest (RFC 6266).
fn disposition(how: &str, name: &str) -> String {
    let name = safe_name(name);
    let plain: String = super::mailbox::base_letters(&name);
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{}", encoded(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(
            disposition("attachment", "Báo cáo \"quý\"\r\n.pdf"),
            "attachment; filename=\"Bao cao _quy_.pdf\"; filename*=UTF-8''B%C3%A1o%20c%C3%A1o%20%22qu%C3%BD%22.pdf"
        );
        assert_eq!(disposition("attachment", "../x\\y.txt"), "attachment; filename=\"y.txt\"; filename*=UTF-8''y.txt");
    }
}
