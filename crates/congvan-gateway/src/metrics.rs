//! Prometheus' text format, version 0.0.4. Few figures, all gauges: written by hand.

use std::fmt::{self, Write};

use congvan::deadline::Lateness;
use congvan::tally::Tally;

use crate::snapshot::Memory;
use crate::{Disk, Snapshot};

pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A label's value, escaped.
struct Label<'a>(&'a str);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            c => f.write_char(c),
        })
    }
}

struct Text(String);

impl Text {
    /// A figure with its help and its series: label pairs and a value.
    fn gauge<'a>(&mut self, name: &str, help: &str, series: impl IntoIterator<Item = (Vec<(&'a str, &'a str)>, u64)>) {
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        self.line(format_args!("# HELP congvan_{name} {help}"));
        self.line(format_args!("# TYPE congvan_{name} gauge"));
        for (labels, value) in series {
            let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", Label(value))).collect();
            match labels.join(",") {
                none if none.is_empty() => self.line(format_args!("congvan_{name} {value}")),
                labels => self.line(format_args!("congvan_{name}{{{labels}}} {value}")),
            }
        }
    }

    fn single(&mut self, name: &str, help: &str, value: u64) {
        self.gauge(name, help, [(Vec::new(), value)]);
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        self.0.extend([&line.to_string(), "\n"]);
    }
}

/// The node's figures.
pub(crate) fn render(snapshot: &Snapshot) -> String {
    let mut text = Text(String::new());
    itself(&mut text, snapshot);
    chains(&mut text, snapshot);
    room(&mut text, snapshot);
    if let Some(progress) = snapshot.search {
        text.single("search_events_indexed", "Events of the feed whose documents can be searched.", progress.indexed);
        text.single("search_events_behind", "Events of the feed that the index lacks.", progress.behind());
    }
    if let Some(tally) = &snapshot.tally {
        work(&mut text, tally);
    }
    text.0
}

/// Which node it is, and whether it works.
fn itself(text: &mut Text, snapshot: &Snapshot) {
    let Snapshot { node, peers, agencies_online, .. } = snapshot;
    let about = vec![
        ("version", node.version.as_str()),
        ("network", &node.network),
        ("network_name", &node.network_name),
        ("agency", &node.agency),
    ];
    text.gauge("info", "Which node this is.", [(about, 1)]);
    text.single("may_write", "1 if the node may write, else 0: /readyz says why not.", snapshot.may_write().into());
    text.single(
        "ready",
        "1 if documents can be sent and travel, else 0: /readyz says why not.",
        snapshot.obstacles().is_empty().into(),
    );
    text.single("peers", "Connected peers.", count(*peers));
    text.single("agencies_online", "Agencies to which connected peers belong.", count(*agencies_online));
    text.single("agencies", "Agencies in the roster.", count(node.agencies));
    if let Some(started) = snapshot.started {
        text.single("start_time_seconds", "When the process began, in seconds since 1970.", started.as_secs());
    }
}

/// How far the ledger is, and whether it can be trusted.
fn chains(text: &mut Text, Snapshot { node, .. }: &Snapshot) {
    text.single("chain_entries", "Entries of this agency's own chain: its last number.", node.head);
    let behind = "Entries that a connected peer holds and this node lacks, of the peer that is most ahead.";
    text.single("behind_entries", behind, node.behind);
    text.single("unchecked_entries", "Entries whose own signatures are still to be checked.", node.unchecked);
    text.single("blobs_wanted", "Attachments still being fetched.", count(node.blobs_wanted));
    text.single("quarantined_chains", "Chains in quarantine.", count(node.quarantined.len()));
    let quarantined = node.quarantined.iter().map(|(agency, from)| (vec![("agency", agency.as_str())], *from));
    text.gauge("quarantined_from", "The first number in quarantine of each such chain.", quarantined);
}

/// Disk and memory.
fn room(text: &mut Text, snapshot: &Snapshot) {
    text.single("disk_bytes", "Bytes of the ledger on disk.", snapshot.node.disk_bytes);
    if let Some(Disk { free, total }) = snapshot.disk {
        text.single("disk_free_bytes", "Bytes that the node may still use on the ledger's disk.", free);
        text.single("disk_total_bytes", "Bytes of the ledger's disk.", total);
    }
    if let Some(Memory { resident, private }) = snapshot.memory {
        text.single("resident_bytes", "Memory that the process occupies.", resident);
        text.single(
            "private_bytes",
            "Of that, what is no page of a file, which the system takes back at need.",
            private,
        );
    }
}

/// What people have to do. All series are always there, so that an alert sees a number rise from 0.
fn work(text: &mut Text, tally: &Tally) {
    let statuses = [None, Some("01"), Some("02"), Some("03"), Some("04"), Some("05"), Some("06")];
    let deliveries = statuses.map(|status| {
        let counted = tally.deliveries.get(&status.map(str::to_owned)).copied().unwrap_or_default();
        (vec![("status", status.unwrap_or("none"))], counted)
    });
    let help =
        "Addressees of documents sent in the time looked back upon, by their last status; none before the first.";
    text.gauge("deliveries", help, deliveries);
    let lateness = [
        ("overdue", Lateness::Overdue),
        ("soon", Lateness::Soon),
        ("unanswered", Lateness::Unanswered),
        ("date_unreadable", Lateness::DateUnreadable),
    ];
    let sides = [("received", &tally.due_received), ("sent", &tally.due_sent)];
    let due = sides.into_iter().flat_map(|(side, counts)| {
        lateness.map(|(name, lateness)| {
            (vec![("side", side), ("lateness", name)], counts.get(&lateness).copied().unwrap_or_default())
        })
    });
    text.gauge("due", "What is to be done: by this agency for what it received, by others for what it sent.", due);
    let ahead = "Agencies whose last entry states a time more than ten minutes ahead of this node's clock.";
    text.single("agencies_ahead_of_clock", ahead, tally.ahead_of_clock);
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::snapshot::tests::snapshot;

    /// Everything that a node can have to say.
    fn whole() -> Snapshot {
        let tally = Tally {
            deliveries: [(None, 3), (Some("06".to_owned()), 4)].into(),
            due_received: [(Lateness::Overdue, 2)].into(),
            ..Tally::default()
        };
        let mut snapshot = Snapshot { tally: Some(tally.into()), ..snapshot() };
        snapshot.node.quarantined = vec![("000.00.01.H55".to_owned(), 4)];
        snapshot
    }

    /// The names of all figures.
    fn names() -> BTreeSet<String> {
        let text = render(&whole());
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next().map(str::to_owned)).collect()
    }

    fn is_name(text: &str) -> bool {
        text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
    }

    /// Series by name and labels. Panics where `promtool check metrics` would find fault.
    fn parsed(text: &str) -> BTreeMap<String, u64> {
        assert!(text.ends_with('\n'));
        let (mut series, mut seen, mut family) = (BTreeMap::new(), BTreeSet::new(), String::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, help) = help.split_once(' ').unwrap();
                assert!(help.ends_with('.') && help.len() > 10, "{line}");
                assert_eq!(lines.next(), Some(&*format!("# TYPE {name} gauge")), "HELP, then TYPE");
                assert!(is_name(name) && name.starts_with("congvan_"), "{name}");
                // Endings that Prometheus keeps for other types, and units that are not its base units.
                for ending in ["_total", "_count", "_sum", "_bucket", "_milliseconds", "_ms", "_mb", "_percent"] {
                    assert!(!name.ends_with(ending), "{name}");
                }
                assert!(seen.insert(name.to_owned()), "{name} twice");
                family = name.to_owned();
                continue;
            }
            let (name, value) = line.rsplit_once(' ').unwrap();
            let (metric, labels) = name.split_once('{').unwrap_or((name, ""));
            assert_eq!(metric, family, "a sample stands under its own HELP");
            for label in labels.trim_end_matches('}').split("\",").filter(|label| !label.is_empty()) {
                assert!(is_name(label.split_once("=\"").unwrap().0), "{label}");
            }
            assert!(series.insert(name.to_owned(), value.parse().unwrap()).is_none(), "{name} twice");
        }
        series
    }

    #[test]
    fn what_is_rendered_is_what_prometheus_reads() {
        let series = parsed(&render(&whole()));
        for (name, value) in [
            ("congvan_chain_entries", 7),
            ("congvan_behind_entries", 11),
            ("congvan_peers", 2),
            ("congvan_agencies_online", 1),
            ("congvan_may_write", 1),
            ("congvan_ready", 1),
            ("congvan_resident_bytes", 8192),
            ("congvan_private_bytes", 4096),
            ("congvan_disk_free_bytes", 1 << 40),
            ("congvan_search_events_behind", 4),
            ("congvan_start_time_seconds", 1_780_000_000),
            ("congvan_deliveries{status=\"none\"}", 3),
            ("congvan_deliveries{status=\"06\"}", 4),
            ("congvan_deliveries{status=\"02\"}", 0),
            ("congvan_due{side=\"received\",lateness=\"overdue\"}", 2),
            ("congvan_due{side=\"sent\",lateness=\"overdue\"}", 0),
        ] {
            assert_eq!(series.get(name), Some(&value), "{name} in {series:?}");
        }
        // What is not known is not said, rather than said to be 0.
        let nothing = Snapshot { search: None, disk: None, started: None, memory: None, ..snapshot() };
        let little = parsed(&render(&nothing));
        let unknown = [
            "search",
            "disk_free",
            "disk_total",
            "start_time",
            "resident",
            "private",
            "deliveries",
            "due",
            "agencies_ahead",
        ];
        for name in unknown {
            assert!(!little.keys().any(|known| known.starts_with(&format!("congvan_{name}"))), "{name}");
        }
    }

    /// The figures that an expression asks for.
    fn asked(text: &str) -> BTreeSet<String> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        words.filter(|word| word.starts_with("congvan_")).map(str::to_owned).collect()
    }

    /// Whether brackets of an expression close in order.
    fn closes(expression: &str) -> bool {
        let mut open = Vec::new();
        expression.chars().all(|c| match c {
            '(' | '[' | '{' => {
                open.push(c);
                true
            }
            ')' => open.pop() == Some('('),
            ']' => open.pop() == Some('['),
            '}' => open.pop() == Some('{'),
            _ => true,
        }) && open.is_empty()
    }

    #[test]
    fn the_dashboard_shows_every_figure_and_no_other() {
        let dashboard: serde_json::Value =
            serde_json::from_str(include_str!("../../../examples/agency-node/grafana-dashboard.json")).unwrap();
        let mut shown = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for panel in dashboard["panels"].as_array().unwrap() {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
            assert!(!panel["title"].as_str().unwrap().is_empty());
            if panel["type"] == "row" {
                continue;
            }
            assert!(!panel["description"].as_str().unwrap().is_empty(), "{}", panel["title"]);
            for target in panel["targets"].as_array().unwrap() {
                let expression = target["expr"].as_str().unwrap();
                assert!(closes(expression), "{expression}");
                assert!(expression.contains("instance=~\"$node\""), "{expression}");
                shown.extend(asked(expression));
            }
        }
        assert_eq!(shown, names());
        let variable = &dashboard["templating"]["list"][0];
        assert_eq!((variable["name"].as_str(), asked(variable["query"].as_str().unwrap()).len()), (Some("node"), 1));
    }

    #[test]
    fn every_alert_asks_for_figures_that_there_are_and_says_what_to_do() {
        let rules = include_str!("../../../examples/agency-node/alerts.yml");
        let alerts: Vec<_> = rules.split("- alert: ").skip(1).collect();
        assert!(alerts.len() >= 8);
        let known = names();
        for alert in alerts {
            let name = alert.lines().next().unwrap();
            let field = |key: &str| {
                let line = alert.lines().find_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "));
                line.unwrap_or_else(|| panic!("{name} has no {key}"))
            };
            let expression = field("expr");
            let figures = asked(expression);
            assert!(closes(expression) && !figures.is_empty() | expression.contains("up{"), "{name}: {expression}");
            assert!(figures.is_subset(&known), "{name}: {expression}");
            assert!(field("for").ends_with(['m', 'h']) && ["page", "ticket"].contains(&field("severity")), "{name}");
            assert!(field("summary").len() > 10 && field("description").len() > 20, "{name}");
        }
    }

    #[test]
    fn a_label_cannot_break_out_of_its_quotes() {
        let mut snapshot = snapshot();
        snapshot.node.network_name = "a\"} 9\nb\\".to_owned();
        assert!(render(&snapshot).contains(r#"network_name="a\"} 9\nb\\""#));
    }

    #[test]
    fn a_quarantined_chain_is_named_with_its_number() {
        let mut snapshot = snapshot();
        snapshot.node.quarantined = vec![("000.00.01.H55".to_owned(), 4)];
        snapshot.gate = congvan::Gate::Refused("the registrar has closed this agency".to_owned());
        let text = render(&snapshot);
        assert!(text.contains("\ncongvan_quarantined_chains 1\n"));
        assert!(text.contains("\ncongvan_quarantined_from{agency=\"000.00.01.H55\"} 4\n"));
        assert!(text.contains("\ncongvan_may_write 0\n"));
    }
}
