//! Words and numbers as people read them.

use contract::{Attribution, Candidate, Origin};
use geo::Place;

/// A probability as a percentage: `62 %`, and never a rounded `0 %` or `100 %`.
pub(crate) fn percent(probability: f64) -> String {
    let percent = probability * 100.0;
    if percent > 0.0 && percent < 1.0 {
        "< 1 %".to_owned()
    } else if percent > 99.0 && percent < 100.0 {
        "> 99 %".to_owned()
    } else {
        format!("{} %", percent.round())
    }
}

/// A distance with as many digits as matter: `0.4 km`, `17 km`, `12,300 km`.
pub(crate) fn kilometres(distance: f64) -> String {
    if distance < 9.95 {
        return format!("{distance:.1} km");
    }
    let whole = format!("{distance:.0}");
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} km")
}

/// The label of a place; the country alone for those without city, and words for those without a name.
pub(crate) fn place_label(place: &Place) -> String {
    let label = place.label();
    if label.is_empty() {
        place.country_code.clone().unwrap_or_else(|| "unnamed place".to_owned())
    } else {
        label
    }
}

/// Where a candidate comes from: its photo, or the channel or model that named it; then who else named it.
pub(crate) fn origin_label(candidate: &Candidate) -> String {
    let mut names = vec![match &candidate.photo {
        Some(photo) => photo.0.clone(),
        None => origin_name(&candidate.origin),
    }];
    append_others(&mut names, &candidate.also);
    names.join(", ")
}

/// Everything that named a candidate, its photo aside.
pub(crate) fn origin_names(candidate: &Candidate) -> String {
    let mut names = vec![origin_name(&candidate.origin)];
    append_others(&mut names, &candidate.also);
    names.join(", ")
}

fn origin_name(origin: &Origin) -> String {
    match origin {
        Origin::Retrieved { channel, .. } => format!("{channel} search"),
        Origin::Generated { model, geocoded: None, .. } => format!("written by {model}"),
        Origin::Generated { model, geocoded: Some(named), .. } => {
            format!("named by {model} ({}, within about {})", named.place, kilometres(named.radius_km))
        }
    }
}

/// Each name once: a model often writes the same place again.
fn append_others(names: &mut Vec<String>, also: &[Origin]) {
    for name in also.iter().map(origin_name) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

/// The similarity that a candidate was found by, or the first one known.
pub(crate) fn main_similarity(candidate: &Candidate) -> Option<f32> {
    match &candidate.origin {
        Origin::Retrieved { similarity, .. } => Some(*similarity),
        Origin::Generated { .. } => candidate.similarities.first().map(|(_, similarity)| *similarity),
    }
}

/// `author, licence, source`, known ones only.
pub(crate) fn credit(attribution: &Attribution) -> Option<String> {
    let known: Vec<&str> = [&attribution.author, &attribution.licence, &attribution.source]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// Degrees to at most 7 decimals, about 1 cm: more is noise, and some programs reject it.
pub(crate) fn seven_decimals(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_never_claim_certainty() {
        let texts = [0.0, 0.004, 0.123, 0.996, 1.0].map(percent);
        assert_eq!(texts, ["0 %", "< 1 %", "12 %", "> 99 %", "100 %"]);
    }

    #[test]
    fn distances_have_fitting_digits() {
        let texts = [0.0, 0.44, 9.96, 17.4, 12_345.6].map(kilometres);
        assert_eq!(texts, ["0.0 km", "0.4 km", "10 km", "17 km", "12,346 km"]);
    }
}
