//! Lists of coordinates: the GPS channel's gallery of places.

use std::path::Path;

use geo::LatLon;

use super::coordinate_columns::CoordinateColumns;
use super::csv_records::CsvRecords;
use super::error::TableError;
use super::fields::optional;
use super::open::open_file;
use super::record::{Record, Records};
use super::roles::Purpose;

/// Reads a CSV with columns `LAT` and `LON`, and `country_code` if it is there; other columns are ignored. Both are
/// degrees.
///
/// # Errors
/// The first thing that is wrong; a file without rows.
pub fn read_coordinates(path: &Path) -> Result<Vec<(LatLon, Option<String>)>, TableError> {
    let (file, input) = open_file(path)?;
    let mut records = CsvRecords::new(&file, Box::new(input), Purpose::Coordinates)?;
    let (_, place) = records.columns().require(&file, Purpose::Coordinates)?;
    let coordinates = CoordinateColumns::new(place, records.columns());
    let country = records.columns().find_loosely(&file, &["country_code"])?;
    let mut record = Record::new();
    let mut all = Vec::new();
    while records.read(&mut record)? {
        let place = coordinates.location(&file, &record)?;
        let country = country.and_then(|index| optional(&record, index)).map(str::to_ascii_uppercase);
        all.push((place, country));
    }
    if all.is_empty() {
        return Err(TableError::NoRows { file });
    }
    Ok(all)
}
