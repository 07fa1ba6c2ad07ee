//! The location in an XMP packet or sidecar.
//!
//! The packet is read as a stream, in one pass, by `quick-xml`: a tree of a hostile packet would take many times its
//! size, and its duplicate attributes quadratic time. Entities of a document type are never expanded.

use std::borrow::Cow;
use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::angle::{Angle, Part};
use super::coordinates::{Half, Statement};

const EXIF_NAMESPACE: &str = "http://ns.adobe.com/exif/1.0";
/// Letters of a value that are kept; no coordinate is longer.
const LONGEST_VALUE: usize = 100;

/// The statements of a packet, the usual one before the drone's; none if it has no location.
///
/// # Errors
/// What is wrong with the XML, if nothing was found before.
pub(super) fn read(packet: &[u8]) -> Result<Vec<Statement>, String> {
    let text = decoded(packet);
    let mut found = Found::default();
    let end = found.read(text.trim_matches(['\0', '\u{feff}']));
    let statements = found.statements();
    if statements.is_empty() { end.map(|()| statements) } else { Ok(statements) }
}

/// UTF-8, or UTF-16 as its first bytes tell.
fn decoded(packet: &[u8]) -> Cow<'_, str> {
    let read: fn([u8; 2]) -> u16 = match packet {
        [0xff, 0xfe, ..] | [b'<', 0, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] | [0, b'<', ..] => u16::from_be_bytes,
        _ => return String::from_utf8_lossy(packet),
    };
    let units = packet.as_chunks::<2>().0.iter().map(|pair| read(*pair));
    char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Property {
    Latitude,
    LatitudeReference,
    Longitude,
    LongitudeReference,
    Altitude,
    AltitudeReference,
    DroneLatitude,
    DroneLongitude,
    DroneAltitude,
}

/// Where in the packet an element is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// `rdf:RDF` itself.
    Rdf,
    /// A description of the photo; one further inside describes something else, such as the place that is shown.
    Description,
    /// A property of such a description that is looked for.
    Wanted(Property),
    Other,
}

#[derive(Default)]
struct Found {
    values: HashMap<Property, String>,
    /// What each prefix stands for where it was declared last.
    namespaces: HashMap<String, Namespace>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Namespace {
    Exif,
    Drone,
    Other,
}

impl Found {
    fn read(&mut self, text: &str) -> Result<(), String> {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.allow_dangling_amp = true;
        config.allow_unmatched_ends = true;
        config.check_end_names = false;
        let mut places: Vec<Place> = Vec::new();
        let mut is_xml = false;
        let mut value = String::new();
        loop {
            match reader.read_event().map_err(|error| error.to_string())? {
                Event::Start(start) => {
                    is_xml = true;
                    value.clear();
                    let place = self.open(&start, places.last().copied());
                    places.push(place);
                }
                Event::Empty(start) => {
                    is_xml = true;
                    self.open(&start, places.last().copied());
                }
                Event::End(_) => {
                    if let Some(Place::Wanted(property)) = places.pop() {
                        self.keep(property, &value);
                    }
                    value.clear();
                }
                Event::Text(piece) => add(&mut value, &piece),
                Event::CData(piece) => add(&mut value, &piece),
                Event::GeneralRef(entity) => {
                    add(&mut value, &unescape(&format!("&{};", &*entity)).unwrap_or_default());
                }
                Event::Eof if !is_xml => return Err("it is not XML".to_owned()),
                Event::Eof if !places.is_empty() => return Err("it ends too early".to_owned()),
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    /// Takes an element's declarations and attributes; says where its content is.
    fn open(&mut self, start: &BytesStart<'_>, parent: Option<Place>) -> Place {
        let attributes = || {
            let mut attributes = start.attributes();
            attributes.with_checks(false);
            attributes.filter_map(Result::ok)
        };
        for attribute in attributes() {
            let name = attribute.key.0;
            if let Some(prefix) = name.strip_prefix("xmlns") {
                let prefix = prefix.strip_prefix(':').unwrap_or(prefix);
                self.namespaces.insert(prefix.to_owned(), namespace(&attribute.value));
            }
        }
        let tag = start.name();
        let (_, name) = split(tag.0);
        if name == "RDF" {
            return Place::Rdf;
        }
        if parent == Some(Place::Rdf) || parent.is_none() && name == "Description" {
            for attribute in attributes() {
                if let (Some(property), Ok(value)) =
                    (self.property(attribute.key.0), unescape(&attribute.value))
                {
                    self.keep(property, &value);
                }
            }
            return Place::Description;
        }
        match self.property(tag.0) {
            Some(property) if parent == Some(Place::Description) => Place::Wanted(property),
            _ => Place::Other,
        }
    }

    /// Of several values of a property, the first counts.
    fn keep(&mut self, property: Property, value: &str) {
        if !value.trim().is_empty() {
            self.values.entry(property).or_insert_with(|| value.chars().take(LONGEST_VALUE).collect());
        }
    }

    fn property(&self, name: &str) -> Option<Property> {
        let (prefix, name) = split(name);
        let usual = match prefix {
            "exif" => Namespace::Exif,
            "drone-dji" => Namespace::Drone,
            _ => Namespace::Other,
        };
        match (self.namespaces.get(prefix).copied().unwrap_or(usual), name) {
            (Namespace::Exif, "GPSLatitude") => Some(Property::Latitude),
            (Namespace::Exif, "GPSLatitudeRef") => Some(Property::LatitudeReference),
            (Namespace::Exif, "GPSLongitude") => Some(Property::Longitude),
            (Namespace::Exif, "GPSLongitudeRef") => Some(Property::LongitudeReference),
            (Namespace::Exif, "GPSAltitude") => Some(Property::Altitude),
            (Namespace::Exif, "GPSAltitudeRef") => Some(Property::AltitudeReference),
            (Namespace::Drone, "GpsLatitude" | "Latitude") => Some(Property::DroneLatitude),
            // The maker's own misspelling is in millions of files.
            (Namespace::Drone, "GpsLongitude" | "GpsLongtitude" | "Longitude") => {
                Some(Property::DroneLongitude)
            }
            (Namespace::Drone, "AbsoluteAltitude") => Some(Property::DroneAltitude),
            _ => None,
        }
    }

    fn statements(&self) -> Vec<Statement> {
        let text =
            |property| self.values.get(&property).map(|text| text.trim()).filter(|text| !text.is_empty());
        let angle =
            |property| text(property).map(|text| Angle::from_text(text).ok_or_else(|| text.to_owned()));
        let metres = |property| match text(property).and_then(Angle::from_text)?.parts.as_slice() {
            [Part::Number(metres)] => Some(*metres),
            _ => None,
        };
        let statement = |latitude, longitude, altitude| Statement {
            latitude: Half {
                value: angle(latitude),
                reference: text(Property::LatitudeReference).map(str::to_owned),
            },
            longitude: Half {
                value: angle(longitude),
                reference: text(Property::LongitudeReference).map(str::to_owned),
            },
            altitude,
            bare_numbers_are_signed: true,
        };
        let below_sea = text(Property::AltitudeReference) == Some("1");
        let altitude = metres(Property::Altitude).map(|metres| if below_sea { -metres } else { metres });
        let usual = statement(Property::Latitude, Property::Longitude, altitude);
        let mut drone =
            statement(Property::DroneLatitude, Property::DroneLongitude, metres(Property::DroneAltitude));
        (drone.latitude.reference, drone.longitude.reference) = (None, None);
        let has_any = |one: &Statement| one.latitude.value.is_some() || one.longitude.value.is_some();
        [usual, drone].into_iter().filter(has_any).collect()
    }
}

/// Text comes in pieces.
fn add(value: &mut String, piece: &str) {
    if value.len() < LONGEST_VALUE {
        value.extend(piece.chars().take(LONGEST_VALUE));
    }
}

/// Prefix and local name.
fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

fn namespace(uri: &str) -> Namespace {
    if uri.trim().trim_end_matches('/') == EXIF_NAMESPACE {
        Namespace::Exif
    } else if uri.contains("drone-dji") {
        Namespace::Drone
    } else {
        Namespace::Other
    }
}
