//! The agencies, and this node.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use congvan::view::{AgencyView, NodeView, PeerView};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::{DirectoryRead, May};
use super::extract::{Path, Query};
use super::problem::{Kind, Problem};
use super::{Api, blocking, page_of};

/// Which agencies, and how many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Listed {
    /// With this text in code or name, whatever the case.
    text: Option<String>,
    /// Directly below this agency.
    parent: Option<String>,
    /// `active`, `suspended` or `closed`.
    standing: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// How many, at most.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<usize>,
}

/// A page of the directory.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AgencyPage {
    /// By code.
    agencies: Vec<AgencyView>,
    /// What to go on behind; null at the end.
    next: Option<String>,
}

/// The agencies, by code.
#[utoipa::path(get, path = "/agencies", operation_id = "agencies", tag = "directory", params(Listed), security(("bearer" = ["directory:read"])),
    responses((status = 200, description = "A page", body = AgencyPage)))]
pub(super) async fn agencies(
    State(api): State<Arc<Api>>,
    _: May<DirectoryRead>,
    Query(listed): Query<Listed>,
) -> Result<Json<AgencyPage>, Problem> {
    let limit = page_of(listed.limit)?;
    let mut agencies = blocking(move || Ok::<_, Problem>(api.node.agencies())).await?;
    let text = listed.text.map(|text| text.to_lowercase());
    agencies.retain(|agency| {
        let has =
            |text: &String| agency.code.to_lowercase().contains(text) || agency.name.to_lowercase().contains(text);
        text.as_ref().is_none_or(has)
            && listed.parent.as_ref().is_none_or(|parent| agency.parent.as_ref() == Some(parent))
            && listed.standing.as_ref().is_none_or(|standing| agency.standing == *standing)
            && listed.after.as_ref().is_none_or(|after| agency.code > *after)
    });
    agencies.sort_by(|a, b| a.code.cmp(&b.code));
    let more = agencies.len() > limit;
    agencies.truncate(limit);
    let next = agencies.last().filter(|_| more).map(|agency| agency.code.clone());
    Ok(Json(AgencyPage { agencies, next }))
}

/// One agency.
#[utoipa::path(get, path = "/agencies/{code}", operation_id = "agency", tag = "directory", security(("bearer" = ["directory:read"])),
    params(("code" = String, Path, description = "Its code")),
    responses((status = 200, description = "The agency", body = AgencyView), (status = 404, description = "There is no such agency")))]
pub(super) async fn agency(
    State(api): State<Arc<Api>>,
    _: May<DirectoryRead>,
    Path(code): Path<String>,
) -> Result<Json<AgencyView>, Problem> {
    let agencies = blocking(move || Ok::<_, Problem>(api.node.agencies())).await?;
    let found = agencies.into_iter().find(|agency| agency.code == code);
    found.map(Json).ok_or_else(|| Problem::new(Kind::NotFound, "the directory knows no such agency"))
}

/// This node's state.
#[utoipa::path(get, path = "/node", operation_id = "node", tag = "directory", security(("bearer" = ["directory:read"])),
    responses((status = 200, description = "Its state", body = NodeView)))]
pub(super) async fn node(State(api): State<Arc<Api>>, _: May<DirectoryRead>) -> Json<NodeView> {
    Json(api.node.view().await)
}

/// The nodes that are connected to this one.
#[utoipa::path(get, path = "/node/peers", operation_id = "peers", tag = "directory", security(("bearer" = ["directory:read"])),
    responses((status = 200, description = "The peers", body = Vec<PeerView>)))]
pub(super) async fn peers(State(api): State<Arc<Api>>, _: May<DirectoryRead>) -> Json<Vec<PeerView>> {
    Json(api.node.peers().await)
}
