//! What the description of the API says besides its operations.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{OpenApi, ToSchema};

use super::problem::{MEDIA_TYPE, Problem};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Congvan",
        description = "The ledger of official documents, for software that is not Rust. docs/api.md begins with five minutes of curl.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT")
    ),
    servers((url = "/api/v1")),
    components(schemas(Problem)),
    tags(
        (name = "documents", description = "Send, list and fetch documents, and report what became of them"),
        (name = "directory", description = "The agencies, and this node"),
        (name = "catalogue", description = "Administrative procedures that agencies publish"),
        (name = "events", description = "What happened: as a stream, by a durable consumer, or by webhook"),
        (name = "about", description = "This interface itself")
    )
)]
struct Head;

/// Its head.
pub(super) fn head() -> utoipa::openapi::OpenApi {
    Head::openapi()
}

/// With what is common to all operations.
pub(super) fn whole(mut api: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let components = api.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A token of `congvan token add`, with the scope that the operation names."));
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer.build()));
    for item in api.paths.paths.values_mut() {
        if let Some(head) = &mut item.head {
            // One handler answers both; each has an id of its own.
            head.operation_id = head.operation_id.take().map(|id| format!("{id}_head"));
        }
        let methods = [&mut item.get, &mut item.head, &mut item.post, &mut item.delete];
        methods.into_iter().flatten().for_each(complete);
    }
    api
}

/// Every failure is a problem, and some happen to all operations.
fn complete(operation: &mut Operation) {
    let mut common = vec![
        ("401", "The `Authorization` header has no token that is good here"),
        ("422", "A parameter is not what it must be"),
        ("429", "Too many requests; `Retry-After` says how many seconds to wait"),
        ("500", "The node could not do it; its log says why"),
    ];
    if operation.security.is_some() {
        common.push(("403", "The token has not the scope, or the document is sealed to others"));
    }
    for (status, description) in common {
        let response = || RefOr::T(ResponseBuilder::new().description(description).build());
        operation.responses.responses.entry(status.to_owned()).or_insert_with(response);
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if status.as_str() >= "400" && response.content.is_empty() {
            let schema = Ref::from_schema_name(Problem::name());
            let content = ContentBuilder::new().schema(Some(schema)).build();
            response.content.insert(MEDIA_TYPE.to_owned(), RefOr::T(content));
        }
    }
}
