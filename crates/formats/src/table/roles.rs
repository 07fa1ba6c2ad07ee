//! Which column of a table is the photo and which its coordinates, under the names that other programs give them.
//!
//! The project's own name (`IMG_ID`) wins over every other. Other names are compared without regard to capitals, blanks
//! and punctuation, and after the last `:` (`EXIF:GPSLatitude`); a unit in brackets is ignored (`Latitude (deg)`). Two
//! columns that could be the same thing are refused.

use super::columns::Columns;
use super::error::TableError;

/// Something that a column may hold, and the names of such columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Role {
    /// The name in the project's own files.
    pub(super) name: &'static str,
    /// Other names, as [`key`] makes them.
    aliases: &'static [&'static str],
}

pub(super) const ID: Role = Role {
    name: "IMG_ID",
    aliases: &[
        "imgid",
        "imageid",
        "photoid",
        "id",
        "file",
        "filename",
        "filepath",
        "path",
        "image",
        "imagename",
        "imagepath",
        "img",
        "imgname",
        "imgpath",
        "photo",
        "photoname",
        "photopath",
        "picture",
    ],
};

/// What exiftool calls the first column of its tables, beside which it may write `FileName`.
const EXIFTOOL_ID: &str = "sourcefile";

pub(super) const LATITUDE: Role = Role {
    name: "LAT",
    aliases: &["lat", "latitude", "gpslatitude", "gpslat", "latdeg", "latitudedeg", "decimallatitude"],
};

pub(super) const LONGITUDE: Role = Role {
    name: "LON",
    aliases: &[
        "lon",
        "lng",
        "long",
        "longitude",
        "gpslongitude",
        "gpslon",
        "gpslng",
        "gpslong",
        "londeg",
        "longitudedeg",
        "decimallongitude",
    ],
};

pub(super) const PREDICTED_LATITUDE: Role = Role {
    name: "LAT_pred",
    aliases: &["latpred", "latitudepred", "predlat", "predlatitude", "predictedlat", "predictedlatitude"],
};

pub(super) const PREDICTED_LONGITUDE: Role = Role {
    name: "LON_pred",
    aliases: &[
        "lonpred",
        "lngpred",
        "longpred",
        "longitudepred",
        "predlon",
        "predlng",
        "predlong",
        "predlongitude",
        "predictedlon",
        "predictedlng",
        "predictedlong",
        "predictedlongitude",
    ],
};

/// Both in one column, latitude first.
pub(super) const BOTH: Role = Role {
    name: "coordinates",
    aliases: &[
        "coordinates",
        "coordinate",
        "coords",
        "coord",
        "latlon",
        "latlng",
        "latlong",
        "gpsposition",
        "gpscoordinates",
    ],
};

/// Both in one column, longitude first.
pub(super) const BOTH_TURNED: Role =
    Role { name: "lonlat", aliases: &["lonlat", "lnglat", "longlat", "wkt", "geometry", "geom", "point"] };

pub(super) const LATITUDE_LETTER: Role =
    Role { name: "GPSLatitudeRef", aliases: &["gpslatituderef", "latituderef", "latref", "gpslatref"] };

pub(super) const LONGITUDE_LETTER: Role = Role {
    name: "GPSLongitudeRef",
    aliases: &["gpslongituderef", "longituderef", "lonref", "lngref", "longref", "gpslonref"],
};

impl Role {
    /// The position of the column, if there is one.
    ///
    /// # Errors
    /// Two columns of the project's own name, or two of others.
    pub(super) fn find(self, file: &str, columns: &Columns) -> Result<Option<usize>, TableError> {
        if let Some(index) = columns.find(file, &[self.name])? {
            return Ok(Some(index));
        }
        if self.name == ID.name
            && let Some(index) = columns.names.iter().position(|name| key(name) == EXIFTOOL_ID)
        {
            return Ok(Some(index));
        }
        let is_it = |(_, name): &(usize, &String)| self.is_called(name);
        let found: Vec<(usize, &String)> = columns.names.iter().enumerate().filter(is_it).collect();
        match found.as_slice() {
            [] => Ok(None),
            [(index, _)] => Ok(Some(*index)),
            several => Err(TableError::AmbiguousColumn {
                file: file.to_owned(),
                wanted: self.name,
                found: several.iter().map(|(_, name)| (*name).clone()).collect(),
            }),
        }
    }

    /// Whether a column of this name is meant.
    pub(super) fn is_called(self, name: &str) -> bool {
        let key = key(name);
        self.name == name
            || self.aliases.contains(&key.as_str())
            || (self.name == ID.name && key == EXIFTOOL_ID)
    }

    fn may_be_in(self, columns: &Columns) -> bool {
        columns.names.iter().any(|name| self.is_called(name))
    }
}

/// A column's name without what spellings differ in.
pub(super) fn key(name: &str) -> String {
    const UNITS: [&str; 8] = ["°", "deg", "degrees", "dd", "decimal degrees", "decimal", "wgs84", "dms"];
    if name.contains([';', '\t', '|']) {
        // Rather several columns that are not parted yet.
        return String::new();
    }
    let name = name.rsplit(':').next().unwrap_or(name);
    let bracket = name.split_once(['(', '[']).and_then(|(before, unit)| {
        let unit = unit.trim_end().trim_end_matches([')', ']']).trim().to_lowercase();
        UNITS.contains(&unit.as_str()).then_some(before)
    });
    bracket
        .unwrap_or(name)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// What a table is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Photos and where they were taken.
    Photos,
    /// Photos and where they are said to have been taken.
    Predictions,
    /// Coordinates alone.
    Coordinates,
}

impl Purpose {
    pub(super) const fn coordinates(self) -> [Role; 2] {
        match self {
            Self::Photos | Self::Coordinates => [LATITUDE, LONGITUDE],
            Self::Predictions => [PREDICTED_LATITUDE, PREDICTED_LONGITUDE],
        }
    }

    /// Whether a header has the columns that are needed, ambiguous ones included.
    pub(super) fn fits(self, columns: &Columns) -> bool {
        let has_id = self == Self::Coordinates || ID.may_be_in(columns);
        let [latitude, longitude] = self.coordinates();
        let has_both = latitude.may_be_in(columns) && longitude.may_be_in(columns);
        let together =
            self != Self::Predictions && (BOTH.may_be_in(columns) || BOTH_TURNED.may_be_in(columns));
        has_id && (has_both || together)
    }
}
