//! The plot: for each kind of work a bar per peer.

use std::fmt::Write;

use peer_work::Figures;

use crate::report::Measure;

const PANELS: [(&str, Measure); 7] = [
    ("durable appends, one at a time, /s", |f| Some(f.append)),
    ("durable appends, 64 callers, each told of its own, /s", |f| f.append_by_callers.or(Some(f.append))),
    ("durable appends, in bulk, /s", |f| Some(f.append_many)),
    ("verification from bytes, entries/s", |f| Some(f.verify)),
    ("catch-up of an empty replica over loopback, entries/s", |f| Some(f.catch_up)),
    ("bytes on the wire per entry (less is better)", |f| Some(f.wire)),
    ("bytes on disk per entry, replica (less is better)", |f| Some(f.replica_disk)),
];
const COLOURS: [&str; 4] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7"];
const BAR: usize = 18;
const LEFT: usize = 230;
const LONGEST: f64 = 460.0;
const WIDTH: usize = 800;

/// The plot of all peers.
pub(crate) fn svg(peers: &[Figures]) -> String {
    let panel = 34 + peers.len() * (BAR + 4);
    let height = 40 + PANELS.len() * panel;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"13\" role=\"img\">\n<title>Congvan and its peers</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (number, (title, measure)) in PANELS.into_iter().enumerate() {
        let top = 30 + number * panel;
        let _ = writeln!(svg, "<text x=\"10\" y=\"{top}\" font-weight=\"bold\">{title}</text>");
        let most = peers.iter().filter_map(measure).fold(0.0, f64::max);
        for (place, (peer, colour)) in peers.iter().zip(COLOURS).enumerate() {
            let (y, figure) = (top + 8 + place * (BAR + 4), measure(peer).unwrap_or_default());
            let (length, middle) = ((figure / most * LONGEST).max(1.0), y + BAR - 5);
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>\n\
                 <rect x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\n\
                 <text x=\"{:.1}\" y=\"{middle}\">{figure:.0}</text>",
                LEFT - 8,
                peer.name,
                LEFT as f64 + length + 6.0,
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}
