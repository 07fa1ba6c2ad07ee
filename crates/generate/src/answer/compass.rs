//! Compass letters and words of several languages.

use super::pairing::Axis;

const NORTH: [&str; 6] = [
    "nord",
    "norte",
    "noord",
    "noorderbreedte",
    "nördlich",
    "\u{441}\u{435}\u{432}\u{435}\u{440}\u{43d}\u{43e}\u{439}",
];
const SOUTH: [&str; 8] =
    ["sud", "sur", "sul", "süd", "zuid", "zuiderbreedte", "südlich", "\u{44e}\u{436}\u{43d}\u{43e}\u{439}"];
const EAST: [&str; 10] = [
    "ost",
    "oost",
    "est",
    "este",
    "leste",
    "öst",
    "øst",
    "oosterlengte",
    "östlich",
    "\u{432}\u{43e}\u{441}\u{442}\u{43e}\u{447}\u{43d}\u{43e}\u{439}",
];
const WEST: [&str; 8] = [
    "oeste",
    "ouest",
    "ovest",
    "väst",
    "vest",
    "westerlengte",
    "westlich",
    "\u{437}\u{430}\u{43f}\u{430}\u{434}\u{43d}\u{43e}\u{439}",
];

/// The direction of a compass word in lower case, and whether it turns the sign. Words of other languages than English
/// count where `any_language` says so: some are ordinary words as well.
pub(super) fn compass(word: &str, any_language: bool) -> Option<(Axis, bool)> {
    let english = match word {
        "n" | "north" | "northern" => Some((Axis::Latitude, false)),
        "s" | "south" | "southern" => Some((Axis::Latitude, true)),
        "e" | "east" | "eastern" => Some((Axis::Longitude, false)),
        "w" | "west" | "western" => Some((Axis::Longitude, true)),
        _ => None,
    };
    if english.is_some() || !any_language {
        return english;
    }
    // German words have endings.
    let stem = word.find("lich").map_or(word, |at| &word[..at + "lich".len()]);
    let directions = [
        (&NORTH[..], (Axis::Latitude, false)),
        (&SOUTH[..], (Axis::Latitude, true)),
        (&EAST[..], (Axis::Longitude, false)),
        (&WEST[..], (Axis::Longitude, true)),
    ];
    directions.iter().find(|(words, _)| words.contains(&stem)).map(|(_, direction)| *direction)
}
