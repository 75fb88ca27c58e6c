//! What every answer of the console has in common: its headers, and that a form comes from our own pages.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Console;
use super::problem::Problem;
use super::text::Lang;

/// What a page may load, and who may show it: itself alone.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A header of every answer. Referrers go to ourselves: without them, browsers would say `Origin: null`, and
/// nobody could tell our forms from others'.
const HEADERS: [(header::HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (header::HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// Answers a request, and puts the headers on.
pub(crate) async fn frame(State(console): State<Arc<Console>>, request: Request, next: Next) -> Response {
    let lang = Lang::of(request.headers());
    let foreign = is_foreign(&request);
    let mut response = match foreign {
        true => Problem::Foreign.into_response(),
        false => next.run(request).await,
    };
    if let Some(problem) = response.extensions_mut().remove::<Arc<Problem>>() {
        response = problem.page(&console, lang).await;
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if console.options.secure {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(year);
    }
    response
}

/// Whether a request that changes something comes from another site's page. Browsers say so in `Origin`; what
/// says nothing is no browser of today, and has no page of ours.
fn is_foreign(request: &Request) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return false;
    }
    let host =
        request.uri().authority().map(|authority| authority.as_str()).or_else(|| text(request.headers(), header::HOST));
    let origin = text(request.headers(), header::ORIGIN).and_then(|origin| origin.split_once("://"));
    match (origin, host) {
        (Some((_, origin)), Some(host)) => !origin.eq_ignore_ascii_case(host),
        _ => true,
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use axum::body::Body;

    use super::*;

    fn foreign(method: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri("/send");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        is_foreign(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn a_form_comes_from_our_own_pages() {
        let host = ("host", "node.example:7412");
        assert!(!foreign("POST", &[host, ("origin", "http://node.example:7412")]));
        assert!(!foreign("POST", &[host, ("origin", "https://NODE.example:7412")]));
        assert!(!foreign("GET", &[host]));
        for other in ["null", "http://other.example", "http://node.example", "http://node.example:7412.other", ""] {
            assert!(foreign("POST", &[host, ("origin", other)]), "{other}");
        }
        assert!(foreign("POST", &[host]) && foreign("POST", &[("origin", "http://node.example")]));
    }
}
