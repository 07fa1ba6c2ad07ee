//! Names of the formats.

use std::fmt;
use std::str::FromStr;

/// A way to write results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people, in a terminal.
    #[default]
    Table,
    /// One array.
    Json,
    /// One object a line, as soon as it is known.
    JsonLines,
    /// Points for GIS programs (RFC 7946).
    GeoJson,
    /// Points for Google Earth and its kin (KML 2.2).
    Kml,
    /// A predictions file, as `evaluate` reads it.
    Csv,
    /// One self-contained page with a map.
    Html,
}

impl Format {
    /// All of them, in the order of the help text.
    pub const ALL: [Self; 7] =
        [Self::Table, Self::Json, Self::JsonLines, Self::GeoJson, Self::Kml, Self::Csv, Self::Html];

    /// The name on the command line, which is also the usual file extension (but for the table).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::JsonLines => "jsonl",
            Self::GeoJson => "geojson",
            Self::Kml => "kml",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A name that is no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format: choose table, json, jsonl, geojson, kml, csv or html")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert!("xml".parse::<Format>().unwrap_err().to_string().contains("geojson"));
    }
}
