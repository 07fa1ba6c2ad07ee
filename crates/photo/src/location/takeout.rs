//! The location in the JSON files that Google Takeout puts beside photos.

use geo::LatLon;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::angle::{Angle, Part};
use super::coordinates::checked;
use super::refusal::{Axis, Refusal};

/// The parts of the JSON that matter; all others are skipped without being kept.
#[derive(Deserialize)]
struct Json {
    /// What the owner said, or else what the photo says.
    #[serde(rename = "geoData")]
    geo_data: Option<Place>,
    /// What the photo said when it was uploaded.
    #[serde(rename = "geoDataExif")]
    geo_data_exif: Option<Place>,
    /// The photo's name before Takeout cut it.
    title: Option<Value>,
}

/// What a JSON says about its photo.
pub(super) struct Takeout {
    /// The photo's name before Takeout cut it.
    pub(super) title: Option<String>,
    /// The location and altitude (m); `None` if there is none. 0, 0 stands for unknown.
    pub(super) location: Result<Option<(LatLon, Option<f64>)>, Refusal>,
}

#[derive(Deserialize)]
struct Place {
    latitude: Option<Value>,
    longitude: Option<Value>,
    altitude: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Number(f64),
    Text(String),
    Other(IgnoredAny),
}

/// Reads a JSON.
///
/// # Errors
/// [`Refusal::Damaged`] if it is not JSON, or not of this kind.
pub(super) fn read(bytes: &[u8]) -> Result<Takeout, Refusal> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let json: Json =
        serde_json::from_slice(bytes).map_err(|error| Refusal::Damaged { why: error.to_string() })?;
    let location = first_usable([json.geo_data, json.geo_data_exif]);
    let title = match json.title {
        Some(Value::Text(title)) => Some(title),
        _ => None,
    };
    Ok(Takeout { title, location })
}

fn first_usable(places: [Option<Place>; 2]) -> Result<Option<(LatLon, Option<f64>)>, Refusal> {
    let mut first_refusal = None;
    for place in places.into_iter().flatten() {
        match place.location() {
            Ok(Some(location)) => return Ok(Some((location, place.altitude()))),
            Ok(None) => {}
            Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
        }
    }
    first_refusal.map_or(Ok(None), Err)
}

impl Place {
    fn location(&self) -> Result<Option<LatLon>, Refusal> {
        let latitude = self.latitude.as_ref().map(|value| value.degrees(Axis::Latitude)).transpose()?;
        let longitude = self.longitude.as_ref().map(|value| value.degrees(Axis::Longitude)).transpose()?;
        match (latitude, longitude) {
            (Some(north), Some(east)) => checked(north, east).map(Some),
            (Some(_), None) => Err(Refusal::OneCoordinate { has: Axis::Latitude, lacks: Axis::Longitude }),
            (None, Some(_)) => Err(Refusal::OneCoordinate { has: Axis::Longitude, lacks: Axis::Latitude }),
            (None, None) => Ok(None),
        }
    }

    /// 0 stands for unknown here too.
    fn altitude(&self) -> Option<f64> {
        match self.altitude {
            Some(Value::Number(metres)) if metres != 0.0 => Some(metres),
            _ => None,
        }
    }
}

impl Value {
    fn degrees(&self, axis: Axis) -> Result<f64, Refusal> {
        let text = match self {
            Self::Number(number) => return Ok(*number),
            Self::Text(text) => text.as_str(),
            Self::Other(_) => "",
        };
        let angle = Angle::from_text(text).filter(|angle| angle.letters.is_none());
        match angle.as_ref().map(|angle| angle.parts.as_slice()) {
            Some([Part::Number(degrees)]) => Ok(*degrees),
            _ => Err(Refusal::NotACoordinate { axis, value: text.to_owned() }),
        }
    }
}
