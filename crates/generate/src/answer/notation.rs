//! Coordinates in notations of programs: WKT, KML, ISO 6709, `geo:` addresses, and links to maps.

use std::ops::Range;

use super::Dropped;
use super::json::in_either_order;
use super::lettered::lettered;
use super::spots::{Found, Spot};

/// Hosts whose links to maps are known, with the order of their numbers.
const HOSTS: [(&str, Order); 14] = [
    ("google.", Order::LatitudeFirst),
    ("goo.gl", Order::LatitudeFirst),
    ("maps.app", Order::LatitudeFirst),
    ("maps.apple.", Order::LatitudeFirst),
    ("bing.com", Order::LatitudeFirst),
    ("openstreetmap.", Order::LatitudeFirst),
    ("osm.org", Order::LatitudeFirst),
    ("here.com", Order::LatitudeFirst),
    ("waze.com", Order::LatitudeFirst),
    ("mapillary.com", Order::LatitudeFirst),
    ("opentopomap.org", Order::LatitudeFirst),
    ("wikimapia.org", Order::LatitudeFirst),
    ("yandex.", Order::LongitudeFirst),
    ("2gis.", Order::LongitudeFirst),
];
/// Parameters of such links that hold a place.
const PARAMETERS: [&str; 14] = [
    "q",
    "query",
    "ll",
    "sll",
    "center",
    "cbll",
    "destination",
    "daddr",
    "viewpoint",
    "loc",
    "cp",
    "pt",
    "map",
    "coordinate",
];
/// Shapes that have more than one point.
const SHAPES: [&str; 6] =
    ["polygon", "linestring", "multipoint", "multipolygon", "multilinestring", "envelope"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    LatitudeFirst,
    LongitudeFirst,
}

/// The places in such notations, and the text with all of them, and all links, blanked out.
pub(super) fn in_notation(text: &str) -> (Found, String) {
    let mut found = Found::default();
    let mut blank: Vec<Range<usize>> = Vec::new();
    for span in links(text) {
        found = found.and(link(text, &span));
        blank.push(span);
    }
    for reader in [well_known_text, kml, iso_6709, array] {
        for (spot, span) in reader(text) {
            if blank.iter().any(|other| other.start < span.end && span.start < other.end) {
                continue;
            }
            match spot {
                Ok((latitude, longitude)) => found.spots.push(Spot::at(latitude, longitude, span.clone())),
                Err(fault) => found.fault = found.fault.or(Some(fault)),
            }
            blank.push(span);
        }
    }
    let mut rest = text.to_owned();
    for span in blank {
        rest.replace_range(span.clone(), &" ".repeat(span.len()));
    }
    (found, rest)
}

type Read = (Result<(f64, f64), Dropped>, Range<usize>);

/// `POINT(2.3522 48.8566)`, with or without a height, and shapes that are no point.
fn well_known_text(text: &str) -> Vec<Read> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for (name, is_point) in SHAPES.iter().map(|name| (*name, false)).chain([("point", true)]) {
        for (at, _) in lower.match_indices(name) {
            let before = lower[..at].chars().next_back();
            let function = lower[..at].ends_with("st_") || lower[..at].ends_with("st_make");
            if before.is_some_and(char::is_alphanumeric) && !function {
                continue;
            }
            let rest = lower[at + name.len()..].trim_start_matches(' ');
            let rest = rest.trim_start_matches(['z', 'm']).trim_start_matches(' ');
            let Some(inner) = rest.strip_prefix('(') else { continue };
            let inner = &inner[..inner.find(')').unwrap_or(inner.len())];
            let start = lower.len() - rest.len();
            let span = at..(start + inner.len() + 2).min(lower.len());
            let values: Vec<Option<f64>> = inner
                .split([' ', ','])
                .filter(|part| !part.is_empty())
                .map(|part| part.parse().ok())
                .collect();
            let pair = match values.as_slice() {
                [Some(first), Some(second)] | [Some(first), Some(second), Some(_)] => Some((*first, *second)),
                _ => None,
            };
            let read = match pair.filter(|_| is_point) {
                Some((longitude, latitude)) if !inner.contains(',') || function => Ok((latitude, longitude)),
                Some((first, second)) => in_either_order(first, second).ok_or(Dropped::Ambiguous),
                None => Err(Dropped::Ambiguous),
            };
            if is_point && pair.is_none() && !inner.contains(|sign: char| sign.is_ascii_digit()) {
                continue;
            }
            found.push((read, span));
        }
    }
    found
}

/// `<coordinates>2.3522,48.8566,0</coordinates>`.
fn kml(text: &str) -> Vec<Read> {
    let (open, close) = ("<coordinates>", "</coordinates>");
    let lower = text.to_ascii_lowercase();
    let spans = lower.match_indices(open).map(|(at, _)| {
        let start = at + open.len();
        let end = lower[start..].find(close).map_or(lower.len(), |length| start + length);
        let values: Vec<f64> =
            text[start..end].trim().split(',').filter_map(|part| part.trim().parse().ok()).collect();
        let read = match values.as_slice() {
            [longitude, latitude] | [longitude, latitude, _] => Ok((*latitude, *longitude)),
            _ => Err(Dropped::Ambiguous),
        };
        (read, at..end)
    });
    spans.collect()
}

/// `+48.8577+002.295/`: two signed numbers without anything between them, of two and three whole digits.
fn iso_6709(text: &str) -> Vec<Read> {
    let mut found = Vec::new();
    let number = |at: usize, whole: usize| -> Option<(f64, usize)> {
        let rest = text.get(at..)?;
        let sign = rest.starts_with(['+', '-']).then_some(1)?;
        let digits = rest[sign..].bytes().take_while(u8::is_ascii_digit).count();
        let mut length = sign + digits;
        if rest[length..].starts_with('.') {
            length += 1 + rest[length + 1..].bytes().take_while(u8::is_ascii_digit).count();
        }
        let value = rest[..length].parse().ok().filter(|_| digits == whole)?;
        Some((value, at + length))
    };
    for (at, _) in text.match_indices(['+', '-']) {
        if text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '.') {
            continue;
        }
        let Some((latitude, middle)) = number(at, 2) else { continue };
        let Some((longitude, end)) = number(middle, 3) else { continue };
        found.push((Ok((latitude, longitude)), at..end));
    }
    found
}

/// `coordinates: [2.3522, 48.8566]` outside of JSON that can be read: the order of `GeoJSON` if the text says that it is,
/// and unknown otherwise.
fn array(text: &str) -> Vec<Read> {
    let lower = text.to_ascii_lowercase();
    let is_geojson = lower.contains("geojson") || (lower.contains("type") && lower.contains("point"));
    let spans = lower.match_indices("coordinates").filter_map(|(at, name)| {
        let rest = &lower[at + name.len()..];
        let key = rest.trim_start_matches(['"', '\'', ' ']);
        let value = key.strip_prefix([':', '=']).map(str::trim_start)?;
        // In running text `coordinates: [48.8566, 2.3522]` is a pair like any other.
        let is_key = rest.starts_with(['"', '\'']) || is_geojson;
        let inner = value.strip_prefix('[').filter(|_| is_key)?;
        let start = lower.len() - inner.len();
        let end = start + inner.find(']').unwrap_or(inner.len());
        let values: Vec<f64> =
            lower[start..end].split(',').filter_map(|part| part.trim().parse().ok()).collect();
        let read = match values.as_slice() {
            [longitude, latitude] | [longitude, latitude, _] if is_geojson => Ok((*latitude, *longitude)),
            [first, second] => in_either_order(*first, *second).ok_or(Dropped::Ambiguous),
            _ => Err(Dropped::Ambiguous),
        };
        Some((read, at..end))
    });
    spans.collect()
}

/// Where links stand.
fn links(text: &str) -> Vec<Range<usize>> {
    let ends = |sign: char| sign.is_whitespace() || matches!(sign, '"' | '<' | '>' | ')' | ']' | '}' | '|');
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let skipped = rest.find(|sign: char| !ends(sign) && sign != '(' && sign != '[').unwrap_or(rest.len());
        let start = at + skipped;
        let token = &text[start..];
        let token = &token
            [..token.find(|sign: char| ends(sign) || sign == '(' || sign == '[').unwrap_or(token.len())];
        let lower = token.to_ascii_lowercase();
        let is_known = HOSTS.iter().any(|(host, _)| lower.contains(host)) && lower.contains('/');
        let is_link = lower.contains("://") || lower.starts_with("www.") || is_known;
        let scheme =
            lower.find("geo:").filter(|at| !lower[..*at].ends_with(|before: char| before.is_alphanumeric()));
        match scheme {
            Some(offset) if !is_link => found.push(start + offset..start + token.len()),
            _ if is_link => found.push(start..start + token.len()),
            _ => {}
        }
        at = start + token.len().max(1);
        while at < text.len() && !text.is_char_boundary(at) {
            at += 1;
        }
    }
    found
}

/// The places in a link.
fn link(text: &str, span: &Range<usize>) -> Found {
    let mut link = text[span.clone()].to_ascii_lowercase();
    for (code, sign) in
        [("%2c", ","), ("%20", " "), ("%2b", "+"), ("%3a", ":"), ("%7e", "~"), ("%2d", "-"), ("&amp;", "&")]
    {
        link = link.replace(code, sign);
    }
    let place = |(latitude, longitude): (f64, f64)| Found {
        spots: vec![Spot::at(latitude, longitude, span.clone())],
        fault: None,
    };
    if let Some(numbers) = link.strip_prefix("geo:") {
        let query = link.find("q=").and_then(|at| leading_pair(&link[at + 2..], ','));
        let point = leading_pair(numbers, ',').filter(|point| *point != (0.0, 0.0));
        return point.or(query).map_or_else(Found::default, place);
    }
    if let Some(pair) = value(&link, &["mlat", "lat", "latitude"])
        .zip(value(&link, &["mlon", "lon", "lng", "long", "longitude"]))
    {
        return place(pair);
    }
    let host = link.split_once("://").map_or(link.as_str(), |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((_, order)) = HOSTS.iter().find(|(known, _)| host.contains(known)) else {
        return Found::default();
    };
    let ordered = |(first, second): (f64, f64)| match order {
        Order::LatitudeFirst => (first, second),
        Order::LongitudeFirst => (second, first),
    };
    let marker = || after(&link, "!3d").zip(after(&link, "!4d"));
    let embedded = || after(&link, "!3d").zip(after(&link, "!2d"));
    let parameter = || PARAMETERS.iter().find_map(|name| pair_of(&link, name)).map(ordered);
    let view = || link.find('@').and_then(|at| leading_pair(&link[at + 1..], ',')).map(ordered);
    let hash = || {
        let (_, rest) = link.split_once("map=")?;
        leading_pair(rest.split_once('/')?.1, '/')
    };
    let path = || link.split('/').skip(1).find_map(whole_pair).map(ordered);
    if let Some(pair) = marker().or_else(embedded).or_else(parameter).or_else(hash).or_else(path) {
        return place(pair);
    }
    let in_degrees = degrees(&text[span.clone()]);
    if !in_degrees.is_empty() {
        let spots = in_degrees.into_iter().map(|spot| Spot { span: span.clone(), ..spot }).collect();
        return Found { spots, fault: None };
    }
    view().map_or_else(Found::default, place)
}

/// Degrees with letters in a link: `48%C2%B051'24.0%22N+2%C2%B021'08.0%22E`.
fn degrees(link: &str) -> Vec<Spot> {
    let mut text = link.replace('+', " ");
    for (code, sign) in
        [("%C2%B0", "\u{b0}"), ("%22", "\""), ("%27", "'"), ("%20", " "), ("%2C", ","), ("/", "\n")]
    {
        text = text.replace(code, sign).replace(&code.to_lowercase(), sign);
    }
    lettered(&text).spots
}

/// The values of a parameter that begin with two numbers.
fn pair_of(link: &str, name: &str) -> Option<(f64, f64)> {
    parameters(link, name).find_map(|value| {
        let value = value.strip_prefix("loc:").unwrap_or(value);
        leading_pair(value, ',').or_else(|| leading_pair(value, '~'))
    })
}

fn parameters<'a>(link: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    link.split(['?', '&', '#', ';']).filter_map(move |part| part.strip_prefix(name)?.strip_prefix('='))
}

fn value(link: &str, names: &[&str]) -> Option<f64> {
    names
        .iter()
        .find_map(|name| parameters(link, name).find_map(|value| leading(value).map(|(value, _)| value)))
}

fn after(link: &str, mark: &str) -> Option<f64> {
    leading(&link[link.rfind(mark)? + mark.len()..]).map(|(value, _)| value)
}

/// The number that a text begins with, and what follows it.
fn leading(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start_matches([' ', '+']);
    let length = text
        .char_indices()
        .take_while(|(at, sign)| sign.is_ascii_digit() || *sign == '.' || (*at == 0 && *sign == '-'))
        .count();
    Some((text[..length].parse().ok()?, &text[length..]))
}

/// The two numbers that a text begins with.
fn leading_pair(text: &str, separator: char) -> Option<(f64, f64)> {
    let (first, rest) = leading(text)?;
    let (second, _) = leading(rest.trim_start().strip_prefix(separator)?)?;
    Some((first, second))
}

/// Two numbers and nothing else.
fn whole_pair(text: &str) -> Option<(f64, f64)> {
    let (first, rest) = leading(text)?;
    let (second, rest) = leading(rest.strip_prefix(',')?)?;
    (rest.is_empty() || rest.starts_with(['?', '#', '&'])).then_some((first, second))
}
