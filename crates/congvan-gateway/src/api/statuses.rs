//! Reporting what became of a document.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::Api;
use super::auth::{May, StatusWrite};
use super::draft::StatusDraft;
use super::extract::{Json, Path};
use super::problem::Problem;
use super::send::{self, Key, Written, once};

/// Report what became of a document.
///
/// What breaks the table of `docs/life.md` is refused, and the problem says what may be reported now.
#[utoipa::path(post, path = "/documents/{id}/statuses", operation_id = "report_status", tag = "documents", security(("bearer" = ["status:write"])),
    params(("id" = String, Path, description = "The document's id, or at least 8 leading digits of it"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 128 visible ASCII characters, of the caller's choice")),
    request_body = StatusDraft,
    responses((status = 201, description = "Reported", body = Written), (status = 200, description = "Reported before", body = Written),
        (status = 400, description = "The body is not JSON"), (status = 404, description = "There is no such document here"),
        (status = 408, description = "The body did not arrive in time"), (status = 409, description = "The document's life has no such step"),
        (status = 410, description = "Its content was erased here"),
        (status = 413, description = "The body is too large"), (status = 415, description = "The body is not JSON"),
        (status = 503, description = "The node does not write now")))]
pub(super) async fn report(
    State(api): State<Arc<Api>>,
    caller: May<StatusWrite>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(draft): Json<StatusDraft>,
) -> Result<Response, Problem> {
    let key = Key::of(&caller.0, "status", &headers)?;
    let answers = draft.answers.clone();
    let fingerprint = send::fingerprint_of(&(&id, &draft));
    let (code, note) = draft.into_parts()?;
    let node = api.node.clone();
    let receipt = once(api, key, fingerprint, move |key| async move {
        Ok(node.report_with(&id, code, answers.as_deref(), note, key.as_deref()).await?)
    });
    Ok(Written::answer(receipt.await?))
}
