//! Prometheus' text format, version 0.0.4. Few figures, all gauges: written by hand.

use std::fmt::{self, Write};

use crate::Snapshot;

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
    let Snapshot { node, peers, resident_bytes, .. } = snapshot;
    let mut text = Text(String::new());
    let about = vec![
        ("version", node.version.as_str()),
        ("network", &node.network),
        ("network_name", &node.network_name),
        ("agency", &node.agency),
    ];
    text.gauge("info", "Which node this is.", [(about, 1)]);
    text.single("chain_entries", "Entries of this agency's own chain: its last number.", node.head);
    text.single("may_write", "1 if the node may write, else 0: /readyz says why not.", snapshot.may_write().into());
    text.single("peers", "Connected peers.", count(*peers));
    text.single("agencies", "Agencies in the roster.", count(node.agencies));
    text.single("disk_bytes", "Bytes of the ledger on disk.", node.disk_bytes);
    text.single("unchecked_entries", "Entries whose own signatures are still to be checked.", node.unchecked);
    text.single("blobs_wanted", "Attachments still being fetched.", count(node.blobs_wanted));
    text.single("quarantined_chains", "Chains in quarantine.", count(node.quarantined.len()));
    let quarantined = node.quarantined.iter().map(|(agency, from)| (vec![("agency", agency.as_str())], *from));
    text.gauge("quarantined_from", "The first number in quarantine of each such chain.", quarantined);
    if let Some(bytes) = resident_bytes {
        text.single("resident_bytes", "Memory that the process occupies.", *bytes);
    }
    text.0
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::snapshot::tests::snapshot;

    #[test]
    fn every_line_is_a_comment_or_a_sample() {
        let text = render(&snapshot());
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(line.starts_with("# ") || (name.starts_with("congvan_") && value.parse::<u64>().is_ok()), "{line}");
        }
        assert!(text.contains("\ncongvan_chain_entries 7\n") && text.contains("\ncongvan_peers 2\n"));
        assert!(text.contains("\ncongvan_may_write 1\n") && text.contains("\ncongvan_resident_bytes 8192\n"));
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
