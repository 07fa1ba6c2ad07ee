//! Lists of coordinates: the GPS channel's gallery of places.

use std::fs::File;
use std::io;
use std::path::Path;

use geo::LatLon;

use super::csv_records::CsvRecords;
use super::error::TableError;
use super::fields::{location, optional};
use super::record::{Record, Records};

/// Reads a CSV with columns `LAT` and `LON`, and `country_code` if it is there; other columns are ignored. Both are
/// degrees.
///
/// # Errors
/// The first thing that is wrong; a file without rows.
pub fn read_coordinates(path: &Path) -> Result<Vec<(LatLon, Option<String>)>, TableError> {
    let file = path.display().to_string();
    let cannot_open = |cause: io::Error| TableError::Open { file: file.clone(), cause };
    let input = File::open(path).map_err(cannot_open)?;
    if input.metadata().map_err(cannot_open)?.is_dir() {
        return Err(cannot_open(io::ErrorKind::IsADirectory.into()));
    }
    let mut records = CsvRecords::new(&file, Box::new(input))?;
    let [latitude, longitude] = records.columns().require(&file, ["LAT", "LON"])?;
    let country = records.columns().find(&file, &["country_code"])?;
    let mut record = Record::new();
    let mut all = Vec::new();
    while records.read(&mut record)? {
        let place = location(&file, &record, ["LAT", "LON"], [latitude, longitude])?;
        let country = country.and_then(|index| optional(&record, index)).map(str::to_ascii_uppercase);
        all.push((place, country));
    }
    if all.is_empty() {
        return Err(TableError::NoRows { file });
    }
    Ok(all)
}
