//! What pages load: one style sheet, one small script, one icon. Each has the hash of its content in its name,
//! so that a browser keeps it until another version of the node serves another.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// A file that is part of the program.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Where pages find it.
    pub(crate) path: String,
    media_type: &'static str,
    content: &'static str,
}

const PLACE: &str = "/assets/";

fn asset(stem: &str, ending: &str, media_type: &'static str, content: &'static str) -> Asset {
    let hash = blake3::hash(content.as_bytes()).to_hex();
    Asset { path: format!("{PLACE}{stem}-{}.{ending}", &hash[..16]), media_type, content }
}

pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| asset("console", "css", "text/css; charset=utf-8", include_str!("assets/console.css")));
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| asset("console", "js", "text/javascript; charset=utf-8", include_str!("assets/console.js")));
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| asset("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

impl Asset {
    fn answer(&self, cache: &'static str) -> Response {
        ([(header::CONTENT_TYPE, self.media_type), (header::CACHE_CONTROL, cache)], self.content).into_response()
    }
}

/// `/assets/{name}`
pub(crate) async fn asset_named(Path(name): Path<String>) -> Result<Response, Problem> {
    let all = [&*STYLE, &*SCRIPT, &*ICON];
    let found = all.into_iter().find(|asset| asset.path.strip_prefix(PLACE) == Some(name.as_str()));
    found.map(|asset| asset.answer("public, max-age=31536000, immutable")).ok_or(Problem::NoPage)
}

/// `/favicon.ico`, which browsers ask for where no page names an icon.
pub(crate) async fn icon() -> Response {
    ICON.answer("public, max-age=86400")
}
