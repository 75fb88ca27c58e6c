//! Administrative procedures, and what changed of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use congvan::catalogue::{CatalogueChanges, CatalogueError, CatalogueList, Filter, ProcedureDetail};
use congvan::core::{AgencyCode, ProcedureCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::attachments::File;
use super::auth::{CatalogueRead, May};
use super::extract::{Path, Query};
use super::problem::{Kind, Problem};
use super::{Api, blocking, page_of};

/// Which procedures, and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listed {
    /// Of this publisher alone.
    publisher: Option<String>,
    /// Of this level of government: `province`, `district` or `commune`.
    level: Option<String>,
    /// Of this field of administration.
    field: Option<String>,
    /// With this text in code or name, whatever the case.
    text: Option<String>,
    /// In force on this day, `yyyy/MM/dd`.
    on: Option<String>,
    /// The retired ones too.
    #[serde(default)]
    retired: bool,
    /// `next` of the page before.
    after: Option<String>,
    /// How many, at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<usize>,
}

/// Procedures, by publisher and code.
#[utoipa::path(get, path = "/procedures", operation_id = "procedures", tag = "catalogue", params(Listed), security(("bearer" = ["catalogue:read"])),
    responses((status = 200, description = "A page", body = CatalogueList)))]
pub(super) async fn procedures(
    State(api): State<Arc<Api>>,
    _: May<CatalogueRead>,
    Query(listed): Query<Listed>,
) -> Result<Json<CatalogueList>, Problem> {
    let Listed { publisher, level, field, text, on, retired, after, limit } = listed;
    let limit = page_of(limit)?;
    let filter = Filter { publisher, level, field, text, on, retired, after };
    blocking(move || api.node.catalogue(filter, limit)).await.map(Json)
}

fn named(publisher: String, code: String) -> Result<(AgencyCode, ProcedureCode), CatalogueError> {
    Ok((AgencyCode::new(publisher)?, ProcedureCode::new(code)?))
}

/// One procedure, whole, with all that was ever said of it.
#[utoipa::path(get, path = "/procedures/{publisher}/{code}", operation_id = "procedure", tag = "catalogue", security(("bearer" = ["catalogue:read"])),
    params(("publisher" = String, Path, description = "The publisher's code"),
        ("code" = String, Path, description = "The procedure's code; a / in it is written %2F")),
    responses((status = 200, description = "The procedure", body = ProcedureDetail), (status = 404, description = "There is no such procedure here"),
        (status = 503, description = "It changed while it was read; ask again")))]
pub(super) async fn procedure(
    State(api): State<Arc<Api>>,
    _: May<CatalogueRead>,
    Path((publisher, code)): Path<(String, String)>,
) -> Result<Json<ProcedureDetail>, Problem> {
    blocking(move || {
        let (publisher, code) = named(publisher, code)?;
        api.node.procedure(&code, Some(&publisher))
    })
    .await
    .map(Json)
}

/// A form of a procedure, or with `Range` a part of it.
#[utoipa::path(method(get, head), path = "/procedures/{publisher}/{code}/forms/{number}", operation_id = "procedure_form", tag = "catalogue", security(("bearer" = ["catalogue:read"])),
    params(("publisher" = String, Path, description = "The publisher's code"),
        ("code" = String, Path, description = "The procedure's code; a / in it is written %2F"),
        ("number" = usize, Path, description = "Its place in `forms`, counted from 0"),
        ("Range" = Option<String>, Header, description = "`bytes=0-1023`, `bytes=1024-` or `bytes=-512`"),
        ("If-Range" = Option<String>, Header, description = "Heed `Range` only if the form has this `ETag`"),
        ("If-None-Match" = Option<String>, Header, description = "Answer 304 if the form has one of these `ETag`s")),
    responses((status = 200, description = "All of it", content_type = "application/octet-stream"),
        (status = 206, description = "The range", content_type = "application/octet-stream"),
        (status = 304, description = "You have it"), (status = 404, description = "There is no such procedure or form here"),
        (status = 416, description = "There are no such bytes"), (status = 503, description = "Not all of it has arrived yet")))]
pub(super) async fn form(
    State(api): State<Arc<Api>>,
    _: May<CatalogueRead>,
    Path((publisher, code, number)): Path<(String, String, usize)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (form, reader) = blocking(move || {
        let (publisher, code) = named(publisher, code)?;
        let found = api.node.procedure(&code, Some(&publisher))?.procedure;
        let form = found.and_then(|procedure| procedure.forms.into_iter().nth(number));
        let form = form.ok_or_else(|| Problem::new(Kind::NotFound, "the procedure has no such form"))?;
        Ok::<_, Problem>((form, api.node.form(&code, Some(&publisher), number)?))
    })
    .await?;
    let file =
        File { tag: format!("\"{}\"", form.blob), len: form.len, name: &form.name, media_type: &form.media_type };
    file.answer(&headers, move |first| reader.starting_at(first))
}

/// From where, and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Since {
    /// `next` of the answer before; 0 begins at the beginning.
    #[serde(default)]
    since: u64,
    /// How many, at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<usize>,
}

/// What changed in the catalogue, in the order in which it came here.
#[utoipa::path(get, path = "/procedures/changes", operation_id = "procedure_changes", tag = "catalogue", params(Since), security(("bearer" = ["catalogue:read"])),
    responses((status = 200, description = "The changes", body = CatalogueChanges)))]
pub(super) async fn changes(
    State(api): State<Arc<Api>>,
    _: May<CatalogueRead>,
    Query(Since { since, limit }): Query<Since>,
) -> Result<Json<CatalogueChanges>, Problem> {
    let limit = page_of(limit)?;
    blocking(move || api.node.catalogue_changes(since, limit)).await.map(Json)
}
