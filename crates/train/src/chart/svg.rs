//! Marks as SVG.

use std::fmt::Write;

use super::{Anchor, HEIGHT, Mark, WIDTH};

pub(super) fn write(marks: &[Mark]) -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" font-family=\"sans-serif\" fill=\"#24292f\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for mark in marks {
        // Writing into a text cannot fail.
        let _ = match mark {
            Mark::Line { points, colour: [red, green, blue], width } => {
                let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
                writeln!(
                    out,
                    "<polyline points=\"{}\" fill=\"none\" stroke=\"#{red:02x}{green:02x}{blue:02x}\" \
                     stroke-width=\"{width}\" stroke-linejoin=\"round\"/>",
                    points.join(" ")
                )
            }
            Mark::Text { x, y, text, anchor, size } => {
                let anchor = match anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                };
                let text = escape_xml(text);
                writeln!(
                    out,
                    "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" text-anchor=\"{anchor}\">{text}</text>"
                )
            }
        };
    }
    out.push_str("</svg>\n");
    out
}

/// Text for SVG, content and attribute values alike.
///
/// The crate `present` has the same for its pages; depending on it would recompile the trainer with every change of a
/// page's style.
pub(crate) fn escape_xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
