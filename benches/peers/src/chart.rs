//! The chart of the README, as SVG: bars for the stream, and for single messages.

use std::fmt::Write as _;

use crate::measure::Operation;
use crate::report::Measured;

const WIDTH: f64 = 760.0;
const NAMES: f64 = 130.0;
const BARS: f64 = 520.0;
const ROW: f64 = 18.0;
const HEADING: f64 = 34.0;
/// Bars that are longer than this many times this crate's are cut off.
const LONGEST: f64 = 16.0;

const STYLE: &str = "
text { font: 12px sans-serif; fill: #24292f }
.heading { font-weight: bold }
.own { fill: #1a7f37 }
.peer { fill: #8c959f }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .peer { fill: #6e7681 } .own { fill: #3fb950 } }
";

struct Panel {
    workload: &'static str,
    operation: Operation,
    heading: &'static str,
}

const PANELS: [Panel; 4] = [
    Panel { workload: "W11", operation: Operation::Decode, heading: "Decode 10,000 mixed frames" },
    Panel { workload: "W11", operation: Operation::Build, heading: "Build and encode 10,000 mixed frames" },
    Panel { workload: "W5h", operation: Operation::Decode, heading: "Decode a long message, mostly Cyrillic" },
    Panel { workload: "W9", operation: Operation::Decode, heading: "Decode a roster of 500 contacts" },
];

pub fn draw(measured: &Measured) -> String {
    let mut body = String::new();
    let mut top = 10.0;
    for panel in &PANELS {
        top = draw_panel(&mut body, measured, panel, top);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {top}\" width=\"{WIDTH}\" height=\"{top}\">\n\
         <style>{STYLE}</style>\n{body}</svg>\n"
    )
}

/// Draws from `top` on, and says where it ends.
fn draw_panel(body: &mut String, measured: &Measured, panel: &Panel, top: f64) -> f64 {
    let bars = bars(measured, panel);
    let Some(longest) = bars.iter().map(|bar| bar.1).filter(|value| *value <= LONGEST).reduce(f64::max) else {
        return top;
    };
    let what = if measured.instructions.is_empty() { "time" } else { "instructions" };
    let baseline = top + 14.0;
    _ = writeln!(
        body,
        "<text class=\"heading\" x=\"10\" y=\"{baseline}\">{}: {what}, this crate = 1</text>",
        panel.heading
    );
    let mut y = top + HEADING - 10.0;
    for (name, value) in bars {
        let class = if name.starts_with("spectrum2") { "own" } else { "peer" };
        let length = value.min(longest) / longest * BARS;
        let cut_off = if value > longest { "… " } else { "" };
        _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{class}\" x=\"{NAMES}\" y=\"{y}\" width=\"{length:.1}\" height=\"{}\"/>\
             <text x=\"{:.1}\" y=\"{}\">{cut_off}{value:.1}</text>",
            NAMES - 8.0,
            y + 12.0,
            name.replace('\'', "&#39;"),
            ROW - 4.0,
            NAMES + length + 6.0,
            y + 12.0,
        );
        y += ROW;
    }
    y + 14.0
}

/// Name and ratio of each peer, this crate first, then the best.
fn bars<'a>(measured: &'a Measured, panel: &Panel) -> Vec<(&'a str, f64)> {
    let peers = measured.times.peers.iter();
    let mut bars: Vec<_> =
        peers.filter_map(|peer| Some((peer.name.as_str(), ratio(measured, panel, &peer.name)?))).collect();
    bars.retain(|bar| bar.0 != "spectrum2, returned");
    bars.sort_by(|one, other| one.1.total_cmp(&other.1));
    bars
}

fn ratio(measured: &Measured, panel: &Panel, peer: &str) -> Option<f64> {
    match measured.instructions.is_empty() {
        true => measured.ratio(panel.workload, panel.operation, peer),
        false => measured.instruction_ratio(panel.workload, panel.operation, peer),
    }
}
