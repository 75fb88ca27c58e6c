//! What pages load: a style sheet, a small script, an icon, and the modules by which a browser checks a proof. Each has the
//! hash of its content in its name, so that a browser keeps it until another version of the node serves another.

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
    stem: String,
    media_type: &'static str,
    content: String,
}

const PLACE: &str = "/assets/";

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

fn asset(stem: &str, ending: &str, media_type: &'static str, content: &str) -> Asset {
    let hash = blake3::hash(content.as_bytes()).to_hex();
    let path = format!("{PLACE}{stem}-{}.{ending}", &hash[..16]);
    Asset { path, stem: stem.to_owned(), media_type, content: content.to_owned() }
}

/// A module. It imports others by the names of their files, `./bytes.js`: here each gets the place where pages find it.
fn module(stem: &str, source: &str, imports: &[&LazyLock<Asset>]) -> Asset {
    let place = |source: String, asset: &&LazyLock<Asset>| {
        source.replace(&format!("\"./{}.js\"", asset.stem), &format!("\"{}\"", asset.path))
    };
    asset(stem, "js", JAVASCRIPT, &imports.iter().fold(source.to_owned(), place))
}

pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| asset("console", "css", "text/css; charset=utf-8", include_str!("assets/console.css")));
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| asset("console", "js", JAVASCRIPT, include_str!("assets/console.js")));
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| asset("icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")));

static BYTES: LazyLock<Asset> = LazyLock::new(|| module("bytes", include_str!("assets/check/bytes.js"), &[]));
static BLAKE3: LazyLock<Asset> = LazyLock::new(|| module("blake3", include_str!("assets/check/blake3.js"), &[]));
static MERKLE: LazyLock<Asset> = LazyLock::new(|| module("merkle", include_str!("assets/check/merkle.js"), &[&BYTES]));
static SIGNATURE: LazyLock<Asset> =
    LazyLock::new(|| module("signature", include_str!("assets/check/signature.js"), &[&BYTES]));
static PROOF: LazyLock<Asset> =
    LazyLock::new(|| module("proof", include_str!("assets/check/proof.js"), &[&BYTES, &BLAKE3]));
static JUDGE: LazyLock<Asset> =
    LazyLock::new(|| module("judge", include_str!("assets/check/judge.js"), &[&BYTES, &BLAKE3, &MERKLE, &SIGNATURE]));
/// What the page that checks proofs does.
pub(crate) static CHECK: LazyLock<Asset> =
    LazyLock::new(|| module("check", include_str!("assets/check/check.js"), &[&BYTES, &SIGNATURE, &PROOF, &JUDGE]));

/// All of them.
static ALL: [&LazyLock<Asset>; 10] =
    [&STYLE, &SCRIPT, &ICON, &BYTES, &BLAKE3, &MERKLE, &SIGNATURE, &PROOF, &JUDGE, &CHECK];

impl Asset {
    fn answer(&'static self, cache: &'static str) -> Response {
        ([(header::CONTENT_TYPE, self.media_type), (header::CACHE_CONTROL, cache)], self.content.as_str())
            .into_response()
    }
}

/// `/assets/{name}`
pub(crate) async fn asset_named(Path(name): Path<String>) -> Result<Response, Problem> {
    let found = ALL.into_iter().find(|asset| asset.path.strip_prefix(PLACE) == Some(name.as_str()));
    found.map(|asset| asset.answer("public, max-age=31536000, immutable")).ok_or(Problem::NoPage)
}

/// `/favicon.ico`, which browsers ask for where no page names an icon.
pub(crate) async fn icon() -> Response {
    ICON.answer("public, max-age=86400")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_import_each_other_where_they_are_served() {
        for asset in ALL {
            assert!(!asset.content.contains("\"./"), "{} imports something that is not served", asset.path);
            for (_, place) in
                asset.content.match_indices(" from \"").map(|(at, from)| asset.content.split_at(at + from.len()))
            {
                assert!(ALL.iter().any(|other| place.starts_with(&format!("{}\"", other.path))), "{place:.60}");
            }
        }
    }
}
