//! The vectors, made from seeds alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bundles;
mod checkpoints;
mod erasures;
mod invalid;
mod naming;
pub(crate) mod procedures;
mod valid;
mod world;

use serde_json::Value;

/// Every file of `docs/vectors` and its text.
pub(crate) fn files() -> Vec<(&'static str, String)> {
    let world = world::World::new();
    let text = |value: Value| serde_json::to_string_pretty(&sorted(value)).unwrap() + "\n";
    vec![
        ("primitives.json", text(valid::primitives())),
        ("signatures.json", text(valid::signatures())),
        ("names.json", text(valid::names(&world))),
        ("roster.json", text(valid::roster(&world))),
        ("chain.json", text(valid::chain(&world))),
        ("procedures.json", text(procedures::procedures())),
        ("checkpoints.json", text(checkpoints::checkpoints(&world))),
        ("bundles.json", text(bundles::bundles(&world))),
        ("erasures.json", text(erasures::erasures(&world))),
        ("naming.json", text(naming::naming(&world))),
        ("seals.json", text(valid::seals(&world))),
        ("blobs.json", text(valid::blobs())),
        ("keyfiles.json", text(valid::keyfiles())),
        ("archive.json", text(valid::archive(&world))),
        ("invalid.json", text(invalid::cases(&world))),
    ]
}

/// Keys of objects in order, whether or not serde_json was built to keep another.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.into_iter().collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(pairs.into_iter().map(|(key, value)| (key, sorted(value))).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(sorted).collect()),
        other => other,
    }
}
