//! Degrees with compass letters, and degrees with signs alone.

use super::Dropped;
use super::angle::Angle;
use super::joined::angles;
use super::pairing::{Axis, Part, pairs};
use super::spots::{Found, Spot};
use super::words::{BETWEEN, QUANTITIES, last_words};

/// Pairs of angles where one says north or south and the other east or west. Small letters pair only with small letters,
/// and only where there are no others.
pub(super) fn lettered(text: &str) -> Found {
    let all = angles(text);
    for is_small in [false, true] {
        let lettered = all
            .iter()
            .filter(|angle| angle.axis.is_some() && angle.is_small == is_small && !angle.is_quantity);
        let parts: Vec<Part> = lettered
            .filter_map(|angle| {
                let (axis, start, end) = (angle.axis?, angle.start, angle.end);
                Some(Part { axis, degrees: angle.degrees, fault: angle.fault, start, end })
            })
            .collect();
        let may_pair =
            |first: &Part, second: &Part| joins(&text[first.end..second.start], &all, first, second);
        let mut spots = pairs(&parts, may_pair);
        for spot in &mut spots {
            let at = |start: usize| all.iter().position(|angle| angle.start == start);
            let ends = all.iter().position(|angle| angle.end == spot.span.end);
            if let Some((first, last)) = at(spot.span.start).zip(ends) {
                spaced(text, &all, first, last, spot);
            }
        }
        if !spots.is_empty() {
            return Found { spots, fault: None };
        }
    }
    Found::default()
}

/// Whether the text between two numbers lets them be one place: signs and a few words. Numbers there belong to the
/// degrees, minutes and seconds of one of them.
fn joins(between: &str, all: &[Angle], first: &Part, second: &Part) -> bool {
    let words = between.split(|sign: char| !sign.is_alphabetic()).filter(|word| !word.is_empty());
    let known = words.clone().all(|word| BETWEEN.contains(&word.to_lowercase().as_str()));
    let inner = || all.iter().filter(|angle| angle.start >= first.end && angle.end <= second.start);
    known
        && words.count() <= 4
        && inner().count() <= 2
        && inner().all(|angle| angle.is_plain && angle.axis.is_none())
}

/// Puts degrees, minutes and seconds together that have spaces between them and no signs: `48 51 30 N 2 17 40 E`. Where
/// the two halves are not alike, nobody knows which number is which.
fn spaced(text: &str, all: &[Angle], first: usize, last: usize, spot: &mut Spot) {
    let touches = |one: usize, other: usize| {
        let between =
            all.get(one).zip(all.get(other)).and_then(|(one, other)| text.get(one.end..other.start));
        between.is_some_and(|between| !between.is_empty() && between.chars().all(|sign| sign == ' '))
    };
    let is_bare = |index: usize| {
        all.get(index).is_some_and(|angle| {
            angle.is_plain && angle.axis.is_none() && !angle.is_quantity && angle.degrees >= 0.0
        })
    };
    let inner = last - first - 1;
    let mut before = 0;
    while before < 3
        && first > before
        && is_bare(first - before - 1)
        && touches(first - before - 1, first - before)
    {
        before += 1;
    }
    let mut after = 0;
    while after < 3 && is_bare(last + after + 1) && touches(last + after, last + after + 1) {
        after += 1;
    }
    let leads = all[first].leads && all[last].leads;
    let trails = !all[first].leads && !all[last].leads;
    let plain = all[first].is_plain && all[last].is_plain;
    let around = if leads { after } else { before };
    if inner == 0 && (around == 0 || !plain) {
        return;
    }
    let (one, other): (Vec<usize>, Vec<usize>) = if leads {
        ((first..last).collect(), (last..=last + inner).collect())
    } else {
        ((first.saturating_sub(inner)..=first).collect(), (first + 1..=last).collect())
    };
    let whole = |indices: &[usize]| -> Option<f64> {
        let mut total = 0.0;
        let mut sign = 1.0_f64;
        for (place, index) in indices.iter().enumerate() {
            let angle = all.get(*index)?;
            let is_last = place + 1 == indices.len();
            let is_part = place > 0 && !(0.0..60.0).contains(&angle.degrees.abs());
            let touching = is_last || touches(*index, *index + 1);
            if is_part || (!is_last && angle.places > 0) || !touching || angle.is_quantity {
                return None;
            }
            sign = if angle.degrees.is_sign_negative() { -1.0 } else { sign };
            total += angle.degrees.abs() / 60_f64.powi(place as i32);
        }
        Some(total.copysign(sign))
    };
    let alike = plain && (leads || trails) && (1..=2).contains(&inner) && around == inner;
    match whole(&one).zip(whole(&other)).filter(|_| alike) {
        Some((one, other)) if all[first].axis == Some(Axis::Latitude) => {
            (spot.latitude, spot.longitude) = (one, other);
        }
        Some((one, other)) => (spot.latitude, spot.longitude) = (other, one),
        None => spot.fault = spot.fault.or(Some(Dropped::Ambiguous)),
    }
}

/// Pairs of angles with degree signs, and signs instead of letters: `-33.87°, 151.21°`. Where one of the two has a
/// letter, that says which it is.
pub(super) fn signed(text: &str) -> Found {
    let all = angles(text);
    let fits = |angle: &&Angle| angle.is_marked && !angle.is_small && !angle.is_quantity;
    let marked: Vec<&Angle> = all.iter().filter(fits).collect();
    let mut found = Found::default();
    let mut start = 0;
    while start < marked.len() {
        let run =
            marked[start..].windows(2).take_while(|pair| is_gap(text, pair[0], pair[1], &all)).count() + 1;
        let row = &marked[start..start + run];
        start += run;
        let first = row[0].start;
        let context = last_words(&text[..first], 4);
        if context.iter().any(|word| QUANTITIES.contains(&word.as_str())) {
            continue;
        }
        match row {
            [one, other] => {
                let (latitude, longitude) = match (one.axis, other.axis) {
                    (Some(first), Some(second)) if first == second => continue,
                    (Some(Axis::Longitude), _) | (_, Some(Axis::Latitude)) => (other.degrees, one.degrees),
                    _ => (one.degrees, other.degrees),
                };
                let fault = one.fault.or(other.fault).or(has_neighbour(text, &all, one, other));
                found.spots.push(Spot { fault, ..Spot::at(latitude, longitude, one.start..other.end) });
            }
            [_] => {}
            _ => found.fault = Some(Dropped::Ambiguous),
        }
    }
    found
}

/// Why a pair is not one: a bare number stands beside it that may be minutes or seconds.
fn has_neighbour(text: &str, all: &[Angle], first: &Angle, last: &Angle) -> Option<Dropped> {
    let is_space = |gap: &str| gap.chars().all(|sign| sign == ' ');
    let beside = |angle: &&Angle| {
        let before = angle.end <= first.start && is_space(&text[angle.end..first.start]);
        let behind = angle.start >= last.end && is_space(&text[last.end..angle.start]);
        !angle.is_quantity && (before || behind)
    };
    all.iter().find(beside).map(|_| Dropped::Ambiguous)
}

fn is_gap(text: &str, first: &Angle, second: &Angle, all: &[Angle]) -> bool {
    let between = &text[first.end..second.start];
    let words = between.split(|sign: char| !sign.is_alphabetic()).filter(|word| !word.is_empty());
    let is_empty = !all.iter().any(|angle| angle.start >= first.end && angle.end <= second.start);
    is_empty
        && between.len() <= 24
        && words.clone().all(|word| BETWEEN.contains(&word.to_lowercase().as_str()))
}
