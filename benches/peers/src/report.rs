//! The tables.

use std::fmt::Write;
use std::path::Path;

use peer_work::{Error, Figures};

/// Between these the tables stand in a page.
const MARKS: [&str; 2] = ["<!-- benches/peers: begin -->\n", "<!-- benches/peers: end -->\n"];

/// A measure of a peer, `None` where it has none.
pub(crate) type Measure = fn(&Figures) -> Option<f64>;

const ROWS: [(&str, Measure); 12] = [
    ("entries of the log", |f| Some(f.entries as f64)),
    ("durable appends, one at a time, /s", |f| Some(f.append)),
    ("the disk's synced writes just before, /s", |f| Some(f.synced_writes)),
    ("durable appends, 64 callers, each told of its own, /s", |f| Some(by_callers(f))),
    ("durable appends, in bulk, /s", |f| Some(f.append_many)),
    ("verification from bytes, entries/s", |f| Some(f.verify)),
    ("local bulk ingest from bytes, entries/s", |f| f.ingest),
    ("catch-up of an empty replica, entries/s", |f| Some(f.catch_up)),
    ("the same until every signature is checked, entries/s", |f| Some(f.catch_up_checked.unwrap_or(f.catch_up))),
    ("bytes on the wire per entry, with IP's headers", |f| Some(f.wire)),
    ("bytes on disk per entry, author", |f| Some(f.disk)),
    ("bytes on disk per entry, replica", |f| Some(f.replica_disk)),
];

/// Appends by many callers: where they wait for one another, as one at a time.
fn by_callers(figures: &Figures) -> f64 {
    figures.append_by_callers.unwrap_or(figures.append)
}

/// The median of each figure.
pub(crate) fn medians(rounds: &[Figures]) -> Figures {
    let median = |measure: Measure| {
        let mut values: Vec<f64> = rounds.iter().filter_map(measure).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let of = |measure: Measure| median(measure).unwrap_or_default();
    Figures {
        synced_writes: of(|f| Some(f.synced_writes)),
        append: of(|f| Some(f.append)),
        append_by_callers: median(|f| f.append_by_callers),
        append_many: of(|f| Some(f.append_many)),
        verify: of(|f| Some(f.verify)),
        ingest: median(|f| f.ingest),
        catch_up: of(|f| Some(f.catch_up)),
        catch_up_checked: median(|f| f.catch_up_checked),
        wire: of(|f| Some(f.wire)),
        disk: of(|f| Some(f.disk)),
        replica_disk: of(|f| Some(f.replica_disk)),
        ..rounds[0].clone()
    }
}

/// What was measured, whether the targets are met, and what the peers promise.
pub(crate) fn tables(peers: &[Figures]) -> String {
    let mut text = String::new();
    let names = peers.iter().map(|peer| format!(" {} |", peer.name)).collect::<String>();
    let _ = writeln!(text, "| work |{names}\n|---|{}", "---:|".repeat(peers.len()));
    for (what, measure) in ROWS {
        let figures =
            peers.iter().map(|peer| measure(peer).map_or(" – |".to_owned(), |figure| format!(" {figure:.0} |")));
        let _ = writeln!(text, "| {what} |{}", figures.collect::<String>());
    }
    if let Some(own) = peers.iter().find(|peer| peer.name.starts_with("Congvan")) {
        let others: Vec<_> = peers.iter().filter(|peer| peer.name != own.name).collect();
        text.push_str(&targets(own, &others));
    }
    let _ = writeln!(text, "\n| | an append is durable by | in bulk | verification covers | catch-up checks |");
    let _ = writeln!(text, "|---|---|---|---|---|");
    for peer in peers {
        let promises = [&peer.name, &peer.durability, &peer.many, &peer.verifies, &peer.catches_up];
        let _ = writeln!(text, "|{}", promises.map(|promise| format!(" {promise} |")).concat());
    }
    text
}

/// Whether the targets are met. It never fails: these machines are noisy, the reader judges.
fn targets(own: &Figures, others: &[&Figures]) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "\n| target | measured | |\n|---|---:|---|");
    let best = |measure: fn(&Figures) -> f64| others.iter().map(|peer| measure(peer)).fold(f64::NAN, f64::max);
    let targets = [
        ("catch-up, at least 10 times the best peer", own.catch_up / best(|f| f.catch_up), 10.0),
        ("catch-up, at least half of local bulk ingest", own.catch_up / own.ingest.unwrap_or(f64::NAN), 0.5),
        ("durable append, one at a time, at least 3 times the best peer", own.append / best(|f| f.append), 3.0),
        ("durable append, 64 callers, at least 3 times the best peer", by_callers(own) / best(by_callers), 3.0),
        ("durable append, in bulk, at least 3 times the best peer", own.append_many / best(|f| f.append_many), 3.0),
    ];
    for (what, ratio, target) in targets {
        let verdict = match ratio.is_nan() {
            true => "not measured",
            false if ratio >= target => "met",
            false => "missed",
        };
        let _ = writeln!(text, "| {what} | {ratio:.2} | {verdict} |");
    }
    text
}

/// Puts the text between the marks of a page.
pub(crate) fn replace(page: &Path, text: &str) -> Result<(), Error> {
    let old = std::fs::read_to_string(page)?;
    let marked = old.split_once(MARKS[0]).and_then(|(before, rest)| Some((before, rest.split_once(MARKS[1])?.1)));
    let (before, after) = marked.ok_or_else(|| format!("{} lacks the marks {MARKS:?}", page.display()))?;
    Ok(std::fs::write(page, [before, MARKS[0], "\n", text, "\n", MARKS[1], after].concat())?)
}
