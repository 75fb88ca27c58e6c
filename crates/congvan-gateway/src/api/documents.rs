//! Lists of documents, one document, and the packet that it came as.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use congvan::page::{DocumentFilter, DocumentPage, Folder};
use congvan::view::DocumentView;
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::{DocumentsRead, May};
use super::extract::{Path, Query};
use super::problem::Problem;
use super::{Api, blocking, page_of};
use crate::vxp::document_packet;

/// Which documents, and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listed {
    /// Sent by this agency, or addressed to it.
    agency: Option<String>,
    /// With this text in number and notation, whatever the case.
    code: Option<String>,
    /// With this text in the subject, whatever the case.
    subject: Option<String>,
    /// Not before this time by the sender's clock: milliseconds since 1970.
    since: Option<u64>,
    /// Before this time.
    until: Option<u64>,
    /// Worth this now: `in_force`, `recall_asked`, `recalled_by_some`, `recalled_by_all`, `updated` or `replaced`.
    standing: Option<String>,
    /// With all attachments here, or not.
    complete: Option<bool>,
    /// `next` of the page before.
    after: Option<String>,
    /// How many, at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<usize>,
}

/// Documents addressed to this agency, newest first.
///
/// A page may be short, or empty, and have a `next`: a filter looks at 1,000 documents for each page. There is no more
/// once `next` is null.
#[utoipa::path(get, path = "/inbox", operation_id = "inbox", tag = "documents", params(Listed), security(("bearer" = ["documents:read"])),
    responses((status = 200, description = "A page", body = DocumentPage), (status = 404, description = "There is no document `after`")))]
pub(super) async fn inbox(
    State(api): State<Arc<Api>>,
    _: May<DocumentsRead>,
    Query(listed): Query<Listed>,
) -> Result<Json<DocumentPage>, Problem> {
    list(api, Folder::Inbox, listed).await
}

/// Documents that this agency sent, newest first.
#[utoipa::path(get, path = "/outbox", operation_id = "outbox", tag = "documents", params(Listed), security(("bearer" = ["documents:read"])),
    responses((status = 200, description = "A page", body = DocumentPage), (status = 404, description = "There is no document `after`")))]
pub(super) async fn outbox(
    State(api): State<Arc<Api>>,
    _: May<DocumentsRead>,
    Query(listed): Query<Listed>,
) -> Result<Json<DocumentPage>, Problem> {
    list(api, Folder::Outbox, listed).await
}

async fn list(api: Arc<Api>, folder: Folder, listed: Listed) -> Result<Json<DocumentPage>, Problem> {
    let Listed { agency, code, subject, since, until, standing, complete, after, limit } = listed;
    let filter = DocumentFilter { agency, code, subject, since, until, standing, complete };
    let limit = page_of(limit)?;
    blocking(move || api.node.page(folder, &filter, after.as_deref(), limit)).await.map(Json)
}

/// A document: what it says, its attachments, what became of it, and what this node vouches for.
#[utoipa::path(get, path = "/documents/{id}", operation_id = "document", tag = "documents", security(("bearer" = ["documents:read"])),
    params(("id" = String, Path, description = "The document's id, or at least 8 leading digits of it")),
    responses((status = 200, description = "The document", body = DocumentView), (status = 404, description = "There is no such document here"),
        (status = 409, description = "Several begin so"), (status = 410, description = "Its content was erased here")))]
pub(super) async fn document(
    State(api): State<Arc<Api>>,
    _: May<DocumentsRead>,
    Path(id): Path<String>,
) -> Result<Json<DocumentView>, Problem> {
    blocking(move || api.node.document(&id)).await.map(Json)
}

/// The document as an edXML packet: byte for byte as it came, or made now where it did not come as one.
#[utoipa::path(get, path = "/documents/{id}/packet", operation_id = "document_packet", tag = "documents", security(("bearer" = ["documents:read"])),
    params(("id" = String, Path, description = "The document's id, or at least 8 leading digits of it")),
    responses((status = 200, description = "The packet", content_type = "application/xml"), (status = 404, description = "There is no such document here"),
        (status = 409, description = "Several begin so"), (status = 410, description = "Its content was erased here"),
        (status = 503, description = "Not all of it has arrived yet, or too many packets at once")))]
pub(super) async fn packet(
    State(api): State<Arc<Api>>,
    _: May<DocumentsRead>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let node = api.node.clone();
    let (view, envelope) = blocking(move || Ok::<_, Problem>((node.document(&id)?, node.envelope(&id)?))).await?;
    let attached: u64 = envelope.attachments.iter().map(|attachment| attachment.len).sum();
    // In base64, as the packet has it.
    let room = api.room(attached.saturating_mul(4) / 3).await?;
    let node = api.node.clone();
    let packet = blocking(move || document_packet(&node, &view, envelope)).await?;
    // The room is free once the last byte has left.
    let pieces =
        futures::stream::iter(packet.chunks(UPWARDS).map(axum::body::Bytes::copy_from_slice).collect::<Vec<_>>());
    let body = futures::StreamExt::map(pieces, move |piece| {
        let _held = &room;
        Ok::<_, std::convert::Infallible>(piece)
    });
    Ok(([(header::CONTENT_TYPE, "application/xml")], Body::from_stream(body)).into_response())
}

/// Bytes of a packet that are handed on at a time.
const UPWARDS: usize = 64 << 10;
