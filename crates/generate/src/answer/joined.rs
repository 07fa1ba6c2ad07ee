//! Spans: two numbers of which neither is meant, as in `48.8-48.9 N`, `between 48 and 49`.

use super::Dropped;
use super::angle::{Angle, numbers};
use super::words::{BETWEENS, OR, SPANS, last_words};

/// All numbers of a text, with spans as one number each.
pub(super) fn angles(text: &str) -> Vec<Angle> {
    let mut joined: Vec<Angle> = Vec::new();
    for angle in numbers(text) {
        let Some(last) = joined.last_mut() else {
            joined.push(angle);
            continue;
        };
        let is_one_axis = last.axis.is_none() || angle.axis.is_none() || last.axis == angle.axis;
        let between = &text[last.end..angle.start];
        // `48.8/48.9 N` is one of the two.
        let is_either = between.trim() == "/" && !last.is_marked && angle.axis.is_some();
        let joint = is_either.then_some(Dropped::Ambiguous).or_else(|| joint(&text[..last.start], between));
        match joint.filter(|_| is_one_axis) {
            Some(fault) => {
                *last = Angle {
                    axis: angle.axis.or(last.axis),
                    is_marked: angle.is_marked || last.is_marked,
                    is_quantity: angle.is_quantity || last.is_quantity,
                    is_plain: false,
                    places: angle.places.max(last.places),
                    fault: Some(last.fault.unwrap_or(fault)),
                    start: last.start,
                    ..angle
                };
            }
            None => joined.push(angle),
        }
    }
    joined
}

/// Why two numbers are one span, if they are.
fn joint(before: &str, between: &str) -> Option<Dropped> {
    let word = super::plain::lower(between.trim());
    let word = word.trim_matches(['"', '(', '[', ' ']);
    // `48.8 ~48.9` are two numbers of which one is only about right.
    let is_about = between.starts_with(' ') && between.ends_with('~');
    if SPANS.contains(&word) && !is_about || word == "up to" {
        return Some(Dropped::Range);
    }
    if OR.contains(&word) {
        return Some(Dropped::Ambiguous);
    }
    let begins = || last_words(before, 2).iter().any(|word| BETWEENS.contains(&word.as_str()));
    (matches!(word, "and" | "y" | "e" | "et" | "und" | "en" | "\u{438}") && begins())
        .then_some(Dropped::Range)
}
