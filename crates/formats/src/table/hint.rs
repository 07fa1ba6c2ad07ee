//! The way out of each problem of a table.

use super::angle::plain;
use super::error::{Misaligned, Problem, TableError};
use super::roles::{BOTH_TURNED, ID, LATITUDE, LONGITUDE, key};

/// One sentence in the imperative.
pub(super) fn way_out(error: &TableError) -> String {
    match error {
        TableError::NotATable { kind, .. } => kind.way_out().into(),
        TableError::HeaderBelow { line, .. } => format!("remove the lines above line {line}"),
        TableError::AmbiguousColumn { wanted, found, .. } if *wanted == ID.name => format!(
            "rename the one that holds the photos' file names to {wanted}, for example {}",
            found.last().map_or("", String::as_str)
        ),
        TableError::AmbiguousColumn { wanted, .. } => format!("rename the one that is meant to {wanted}"),
        TableError::MissingColumns { missing, found, .. } => missing_columns(missing, found),
        TableError::NoHeader { .. } => "name the columns in the first line, for example IMG_ID,LAT,LON".into(),
        TableError::NoRows { .. } => "add rows below the first line, which is the header".into(),
        TableError::DuplicateColumn { .. } => "rename or remove one of the two columns".into(),
        TableError::Ragged { likely: Some(Misaligned::DecimalCommas), .. } => {
            "write decimals with a point, or separate the columns by semicolons".into()
        }
        TableError::Ragged { likely: Some(Misaligned::Separator(_)), .. } => {
            "separate this row as the header".into()
        }
        TableError::Ragged { .. } | TableError::Endless { .. } => {
            "put quotes around fields that hold commas or line breaks, double quotes inside them, and close every \
             quote"
                .into()
        }
        TableError::NotUtf8 { .. } => "save the table as UTF-8".into(),
        TableError::WrongEncoding { encoding: "UTF-8", .. } => {
            "save the table as UTF-8 (\"CSV UTF-8\" in Excel, \"Unicode (UTF-8)\" in LibreOffice)".into()
        }
        TableError::WrongEncoding { .. } => "correct that row, or save the table as UTF-8".into(),
        TableError::Field { column, value, problem, .. } => field(column, value, *problem),
        TableError::DuplicateId { .. } => "keep one row per photo".into(),
        TableError::TooManyBadRows { .. } => {
            "correct the rows that were named, or check that this is the table you mean".into()
        }
        TableError::WrongType { column, expected, .. } => format!("write {column} as {expected}"),
        TableError::ListLength { column, .. } if column.contains("gps") && !column.ends_with("gps") => {
            "write a coordinate as [latitude, longitude]".into()
        }
        TableError::ListLength { column, .. } if column.ends_with("_lis") => {
            "give the candidate_ lists of a row one entry per candidate".into()
        }
        TableError::Literal { column, .. } => {
            format!("write lists in {column} as Python prints them: correct that row, or remove it")
        }
        TableError::ListLength { .. } => "give all ref_ lists of a row one entry per candidate".into(),
        TableError::Parquet { .. } => "write the table again, as Parquet with snappy or zstd, or as CSV".into(),
        TableError::Open { .. } | TableError::Read { .. } => "check the path and its permissions".into(),
        TableError::Write { .. } => "check the disk's free space and the permissions".into(),
    }
}

fn field(column: &str, value: &str, problem: Problem) -> String {
    let number = plain(value).replacen(',', ".", 1).parse::<f64>().ok();
    match (problem, number.map(f64::abs)) {
        (Problem::Latitude, Some(size)) if size <= 180.0 => {
            "exchange the two columns if they are swapped: LAT is degrees north, LON degrees east".into()
        }
        (Problem::Longitude, Some(size)) if size <= 360.0 => {
            if number.is_some_and(|number| number > 0.0) {
                "subtract 360 from longitudes above 180: LON goes from -180 to 180 degrees east".into()
            } else {
                "add 360 to longitudes below -180: LON goes from -180 to 180 degrees east".into()
            }
        }
        (Problem::Latitude | Problem::Longitude, Some(size))
            if size >= 10_000.0 && value.contains(['.', ',']) =>
        {
            "convert the coordinates to degrees in WGS-84".into()
        }
        (Problem::Latitude | Problem::Longitude, Some(size)) if size.is_finite() => format!(
            "write {column} in degrees with its decimal point, for example 48.8566; import the column as text if a \
             spreadsheet removed the point"
        ),
        (Problem::NotANumber, _) => {
            format!(
                "write {column} as a number with a decimal point and no other separators, or remove the row"
            )
        }
        (Problem::HalfACoordinate, _) => {
            format!("give {column} too, or remove the row")
        }
        (Problem::NotCoordinates, _) if BOTH_TURNED.is_called(column) => {
            format!("write {column} as longitude, latitude: 2.3522, 48.8566")
        }
        (Problem::NotCoordinates, _) => format!("write {column} as latitude, longitude: 48.8566, 2.3522"),
        (Problem::Hemisphere, _) => {
            "write N, S, E or W: O is east in German and west in French, Italian and Spanish".into()
        }
        (Problem::IsLongitude | Problem::IsLatitude, _) => {
            "exchange the two columns: LAT is degrees north, LON degrees east".into()
        }
        (Problem::NotADistance, _) => {
            format!("write {column} in kilometres, from 0 upwards, or leave it empty if it is not known")
        }
        (Problem::Contradiction, _) => "use either a minus sign or a letter".into(),
        _ => format!("correct {column} in that row, or remove the row"),
    }
}

fn missing_columns(missing: &[&'static str], found: &[String]) -> String {
    if found.iter().any(|name| name.trim().parse::<f64>().is_ok()) {
        return "add a first line that names the columns, for example IMG_ID,LAT,LON".into();
    }
    if let [only] = found
        && only.contains(char::is_whitespace)
    {
        return "separate the columns by commas, not by blanks".into();
    }
    if missing.contains(&"LAT_pred") {
        // A table of true places given as predictions would be judged perfect: it is never taken for one.
        let roles = [LATITUDE, LONGITUDE].map(|role| found.iter().find(|name| role.is_called(name)));
        if let [Some(latitude), Some(longitude)] = roles {
            return format!(
                "if these are predictions and not the true places, rename {latitude} to LAT_pred and {longitude} to \
                 LON_pred"
            );
        }
    }
    let alike =
        |wanted: &&'static str| Some((*wanted, found.iter().find(|name| is_like(wanted, &key(name)))?));
    let renamed: Vec<String> =
        missing.iter().filter_map(alike).map(|(wanted, like)| format!("{like} to {wanted}")).collect();
    if !renamed.is_empty() {
        return format!("if these are meant, rename {}", renamed.join(" and "));
    }
    format!("name the columns exactly so: {}", missing.join(", "))
}

/// Whether a column may be the wanted one, though its name is not among those that are understood.
fn is_like(wanted: &str, key: &str) -> bool {
    let starts: &[&str] = match wanted {
        "LAT" | "LAT_pred" => &["lat", "breite", "ylat"],
        "LON" | "LON_pred" => &["lon", "lng", "laenge", "lnge", "xlon"],
        _ => &[
            "img", "image", "photo", "file", "foto", "name", "key", "uuid", "pic", "url", "datei", "fichier",
        ],
    };
    let same: &[&str] = match wanted {
        "LAT" | "LAT_pred" => &["y"],
        "LON" | "LON_pred" => &["x"],
        _ => &[],
    };
    !key.is_empty() && (starts.iter().any(|start| key.starts_with(start)) || same.contains(&key))
}
