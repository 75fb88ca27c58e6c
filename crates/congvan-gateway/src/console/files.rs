//! Attachments and forms, streamed out as downloads: nothing that somebody sent is shown as a page of ours.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use congvan::catalogue::CatalogueError;
use congvan::core::{AgencyCode, ProcedureCode};
use congvan::{AttachmentReader, ReadError};
use futures::StreamExt;
use tokio::sync::mpsc;

use super::Console;
use super::catalogue;
use super::draft::safe_name;
use super::problem::Problem;
use super::who::{Who, encoded};

/// Pieces that wait for the reader.
const MAX_WAITING: usize = 4;

/// `GET /documents/{id}/files/{number}`
pub(crate) async fn attachment(
    State(console): State<Arc<Console>>,
    _: Who,
    Path((id, number)): Path<(String, usize)>,
) -> Result<Response, Problem> {
    let found = console.read(move |node| -> Result<_, ReadError> {
        let document = node.document(&id)?;
        let have = document.files.len();
        let file = document.files.into_iter().nth(number).ok_or(ReadError::NoAttachment { asked: number, have })?;
        Ok((file, node.attachment(&id, number)?))
    });
    let (file, reader) = found.await??;
    let name = match file.zipped && !file.name.to_ascii_lowercase().ends_with(".zip") {
        true => format!("{}.zip", file.name),
        false => file.name,
    };
    Ok(download(&name, file.len, reader))
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

/// Bytes as a file to keep. Memory does not grow with it.
fn download(name: &str, len: u64, reader: AttachmentReader) -> Response {
    let (pieces, waiting) = mpsc::channel::<Result<Bytes, ReadError>>(MAX_WAITING);
    tokio::task::spawn_blocking(move || {
        for piece in reader {
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
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, len.to_string()),
        (header::CONTENT_DISPOSITION, disposition(name)),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'".to_owned()),
    ];
    (headers, Body::from_stream(stream.boxed())).into_response()
}

/// A download under a name, in ASCII for old software and whole for the rest (RFC 6266).
fn disposition(name: &str) -> String {
    let name = safe_name(name);
    let plain: String = super::mailbox::base_letters(&name);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", encoded(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(
            disposition("Báo cáo \"quý\"\r\n.pdf"),
            "attachment; filename=\"Bao cao _quy_.pdf\"; filename*=UTF-8''B%C3%A1o%20c%C3%A1o%20%22qu%C3%BD%22.pdf"
        );
        assert_eq!(disposition("../x\\y.txt"), "attachment; filename=\"y.txt\"; filename*=UTF-8''y.txt");
    }
}
