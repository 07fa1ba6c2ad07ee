//! Photo tables: where photos were taken.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use geo::{LatLon, Place};

use super::bad_rows::{BadRows, GoodRows};
use super::columns::Columns;
use super::coordinate_columns::CoordinateColumns;
use super::csv_records::CsvRecords;
use super::error::{Position, TableError};
use super::fields::{boolean, id, kilometres, optional};
use super::notes::TableNote;
use super::open::open_file;
use super::record::{Cursor, Record};
use super::roles::{ID, LATITUDE, LONGITUDE, Purpose};
use super::unique::{PhotoKey, WholeTable, unique};
use contract::PhotoId;

/// The columns with a field of their own in [`PhotoRow`], by the names that are written; the first three are required.
/// Those that are read under other names are listed at [`super`].
pub const PHOTO_COLUMNS: [&str; 17] = [
    "IMG_ID",
    "LAT",
    "LON",
    "neighbourhood",
    "city",
    "county",
    "state",
    "region",
    "country",
    "country_code",
    "AUTHOR",
    "licence",
    "source",
    "split",
    "owner",
    "balanced",
    "precision_km",
];

/// A photo of known location. Empty optional fields are `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct PhotoRow {
    /// The row's `IMG_ID`, never empty.
    pub id: PhotoId,
    /// `LAT`, `LON`.
    pub location: LatLon,
    /// `neighbourhood` to `country`, and `country_code` in capitals.
    pub place: Place,
    /// `AUTHOR` or `author`.
    pub author: Option<String>,
    /// Licence as stated by the source.
    pub licence: Option<String>,
    /// Repository or collection.
    pub source: Option<String>,
    /// For example `gallery`, `val`, `test`.
    pub split: Option<String>,
    /// Who owns the source; several authors may share an owner.
    pub owner: Option<String>,
    /// Whether the photo belongs to the subset that no place or owner dominates.
    pub balanced: Option<bool>,
    /// How far the location may be from where the photo was taken, km; finite and not negative. `None` where the table
    /// does not say, as for a GPS tag: then the location is taken for exact.
    pub precision_km: Option<f64>,
    /// The other columns as they are, Python lists included: names (shared by all rows) and texts.
    pub extra: Extra,
    /// Where the row is in its file; `Line(0)` for a row that was never in one.
    pub position: Position,
}

/// Columns that have no field of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    columns: Arc<[String]>,
    values: Vec<String>,
}

impl Extra {
    /// Values for shared column names; missing values are empty, surplus ones dropped.
    pub fn new(columns: Arc<[String]>, mut values: Vec<String>) -> Self {
        values.resize(columns.len(), String::new());
        Self { columns, values }
    }

    /// The text in a column; `None` if the column does not exist.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.iter().find(|(name, _)| *name == column).map(|(_, value)| value)
    }

    /// Column names and texts, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().map(String::as_str).zip(self.values.iter().map(String::as_str))
    }
}

impl PhotoRow {
    /// A photo of which nothing but the location is known.
    pub fn new(id: impl Into<PhotoId>, location: LatLon) -> Self {
        Self {
            id: id.into(),
            location,
            place: Place::default(),
            author: None,
            licence: None,
            source: None,
            split: None,
            owner: None,
            balanced: None,
            precision_km: None,
            extra: Extra::default(),
            position: Position::Line(0),
        }
    }

    /// The text of a column by its name in the file (see [`PHOTO_COLUMNS`]): empty where the row has no
    /// value, `None` for a column that is neither known nor extra. `balanced` reads `1` or `0`, `precision_km` the shortest
    /// form of the number. Names such as `latitude` and
    /// `City` stand for the column that was read under them.
    pub fn get(&self, column: &str) -> Option<Cow<'_, str>> {
        let place = &self.place;
        let field = match column {
            "IMG_ID" => return Some(Cow::Borrowed(&self.id.0)),
            "LAT" => return Some(Cow::Owned(self.location.latitude().to_string())),
            "LON" => return Some(Cow::Owned(self.location.longitude().to_string())),
            "balanced" => {
                return Some(Cow::Borrowed(self.balanced.map_or("", |yes| if yes { "1" } else { "0" })));
            }
            "precision_km" => {
                let text = self.precision_km.map_or_else(String::new, |km| km.to_string());
                return Some(Cow::Owned(text));
            }
            "neighbourhood" => &place.neighbourhood,
            "city" => &place.city,
            "county" => &place.county,
            "state" => &place.state,
            "region" => &place.region,
            "country" => &place.country,
            "country_code" => &place.country_code,
            "AUTHOR" | "author" => &self.author,
            "licence" => &self.licence,
            "source" => &self.source,
            "split" => &self.split,
            "owner" => &self.owner,
            other => {
                return match self.extra.get(other) {
                    Some(text) => Some(Cow::Borrowed(text)),
                    None => self.get(standard_name(other)?),
                };
            }
        };
        Some(Cow::Borrowed(field.as_deref().unwrap_or_default()))
    }
}

/// The name in [`PHOTO_COLUMNS`] of a column that is called otherwise in a file.
fn standard_name(name: &str) -> Option<&'static str> {
    let spelled = |column: &&str| *column != name && column.eq_ignore_ascii_case(name);
    let role = [ID, LATITUDE, LONGITUDE].into_iter().find(|role| role.is_called(name) && role.name != name);
    PHOTO_COLUMNS
        .into_iter()
        .find(spelled)
        .or(role.map(|role| role.name))
        .or_else(|| matches!(name, "license" | "License" | "LICENSE").then_some("licence"))
}

impl PhotoKey for PhotoRow {
    fn id(&self) -> &PhotoId {
        &self.id
    }

    fn position(&self) -> Position {
        self.position
    }

    fn place(&self) -> Option<LatLon> {
        Some(self.location)
    }

    fn is_same(&self, other: &Self) -> bool {
        *self == Self { position: self.position, ..other.clone() }
    }
}

/// A photo table, row by row, in constant memory. After a row that is wrong the iterator continues with
/// the next one; it ends when the file cannot be read further. It does not look for duplicates: see [`read_photos`].
pub struct PhotoTable {
    file: String,
    cursor: Cursor,
    columns: Columns,
    layout: Layout,
}

impl std::fmt::Debug for PhotoTable {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = &self.columns.names;
        formatter
            .debug_struct("PhotoTable")
            .field("file", &self.file)
            .field("columns", columns)
            .finish_non_exhaustive()
    }
}

impl PhotoTable {
    /// Opens a CSV or Parquet file; the content tells which.
    ///
    /// # Errors
    /// A file that does not open, has no header, or lacks a required column.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TableError> {
        let (name, mut file) = open_file(path.as_ref())?;
        let mut start = Vec::new();
        let read = Read::by_ref(&mut file).take(4).read_to_end(&mut start);
        read.map_err(|cause| TableError::Read { file: name.clone(), cause })?;
        if start == b"PAR1" {
            return Self::from_parquet(&name, file);
        }
        // A pipe cannot be rewound: the first bytes are put back in front instead.
        let rest: Box<dyn Read + Send> = match file.rewind() {
            Ok(()) => Box::new(file),
            Err(_) => Box::new(io::Cursor::new(start).chain(file)),
        };
        Self::from_csv(&name, rest)
    }

    /// Reads CSV from anywhere; `name` stands for the file in messages.
    ///
    /// # Errors
    /// As [`PhotoTable::open`].
    pub fn from_csv(name: &str, input: impl Read + Send + 'static) -> Result<Self, TableError> {
        let records = CsvRecords::new(name, Box::new(input), Purpose::Photos)?;
        let columns = records.columns().clone();
        let layout = Layout::new(name, &columns)?;
        Ok(Self { file: name.to_owned(), cursor: Cursor::new(Box::new(records)), columns, layout })
    }

    #[cfg(feature = "parquet")]
    fn from_parquet(name: &str, file: File) -> Result<Self, TableError> {
        let records = super::parquet_records::ParquetRecords::new(name, file)?;
        let columns = records.columns().clone();
        let layout = Layout::new(name, &columns).map_err(|error| records.explain(error))?;
        Ok(Self { file: name.to_owned(), cursor: Cursor::new(Box::new(records)), columns, layout })
    }

    #[cfg(not(feature = "parquet"))]
    fn from_parquet(name: &str, _: File) -> Result<Self, TableError> {
        let reason = "this build reads CSV only (cargo feature `parquet`)".to_owned();
        Err(TableError::Parquet { file: name.to_owned(), reason })
    }

    /// The columns of the file, in order, trimmed.
    pub fn columns(&self) -> &[String] {
        &self.columns.names
    }

    /// The file's name in messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What the user should know about the rows that were read so far.
    pub fn notes(&self) -> &[TableNote] {
        self.cursor.notes()
    }

    /// Also yields an error for each row in which every field is empty, instead of passing over it: row numbers of other
    /// files count such rows.
    #[must_use]
    pub fn keeping_blank_rows(mut self) -> Self {
        self.cursor.keep_blank_rows();
        self
    }

    /// The rows that are right; the others are reported and counted in `bad`.
    pub fn skipping_bad_rows<'b, 'a>(self, bad: &'b mut BadRows<'a>) -> GoodRows<'b, 'a, Self> {
        GoodRows::new(self.file.clone(), self, bad)
    }

    /// Reads the rest of the table into memory. A row that repeats another exactly is read once.
    ///
    /// # Errors
    /// As [`read_photos`].
    pub fn read_all(self) -> Result<Vec<PhotoRow>, TableError> {
        Ok(self.read_whole(&mut BadRows::new(&mut |_| {}).at_most(0))?.rows)
    }

    /// As [`PhotoTable::read_all`], with notes and without the rows that are wrong. Of two rows that place one photo
    /// differently, the first stays.
    ///
    /// # Errors
    /// What ends the table, and more wrong rows than `bad` allows.
    pub fn read_whole(mut self, bad: &mut BadRows<'_>) -> Result<WholeTable<PhotoRow>, TableError> {
        let file = self.file.clone();
        let mut whole = unique(&file, &mut self, bad)?;
        whole.notes.extend_from_slice(self.notes());
        Ok(whole)
    }
}

impl Iterator for PhotoTable {
    type Item = Result<PhotoRow, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.cursor.advance()?;
        Some(read.and_then(|()| self.layout.row(&self.file, &self.cursor.record)))
    }
}

/// Reads a whole photo table into memory.
///
/// # Errors
/// The first thing that is wrong, an `IMG_ID` with different values included.
pub fn read_photos(path: impl AsRef<Path>) -> Result<Vec<PhotoRow>, TableError> {
    PhotoTable::open(path)?.read_all()
}

/// Which column of the file fills which field.
struct Layout {
    id: usize,
    id_name: String,
    coordinates: CoordinateColumns,
    neighbourhood: Option<usize>,
    city: Option<usize>,
    county: Option<usize>,
    state: Option<usize>,
    region: Option<usize>,
    country: Option<usize>,
    country_code: Option<usize>,
    author: Option<usize>,
    licence: Option<usize>,
    source: Option<usize>,
    split: Option<usize>,
    owner: Option<usize>,
    balanced: Option<usize>,
    precision_km: Option<usize>,
    extra: Vec<usize>,
    extra_names: Arc<[String]>,
}

impl Layout {
    fn new(file: &str, columns: &Columns) -> Result<Self, TableError> {
        let (id, place) = columns.require(file, Purpose::Photos)?;
        let coordinates = CoordinateColumns::new(place, columns);
        let find = |name: &str| match name {
            "AUTHOR" => columns.find_loosely(file, &["AUTHOR", "author"]),
            "licence" => columns.find_loosely(file, &["licence", "license"]),
            name => columns.find_loosely(file, &[name]),
        };
        let mut known = vec![id];
        let mut fields = [None; 14];
        for (slot, name) in fields.iter_mut().zip(PHOTO_COLUMNS.into_iter().skip(3)) {
            // A column that is the photo's name or its place is not something else besides.
            *slot = find(name)?.filter(|index| *index != id && !coordinates.has(*index));
            known.extend(*slot);
        }
        let mut extra = Vec::new();
        for (index, name) in columns.names.iter().enumerate() {
            if !known.contains(&index) && !coordinates.has(index) && !name.is_empty() {
                columns.find(file, &[name])?;
                extra.push(index);
            }
        }
        let [
            neighbourhood,
            city,
            county,
            state,
            region,
            country,
            country_code,
            author,
            licence,
            source,
            split,
            owner,
            balanced,
            precision_km,
        ] = fields;
        Ok(Self {
            id,
            id_name: columns.name(id).to_owned(),
            coordinates,
            neighbourhood,
            city,
            county,
            state,
            region,
            country,
            country_code,
            author,
            licence,
            source,
            split,
            owner,
            balanced,
            precision_km,
            extra_names: extra.iter().filter_map(|index| columns.names.get(*index).cloned()).collect(),
            extra,
        })
    }

    fn row(&self, file: &str, record: &Record) -> Result<PhotoRow, TableError> {
        let text =
            |column: Option<usize>| column.and_then(|index| optional(record, index)).map(str::to_owned);
        let balanced = match self.balanced {
            Some(index) => boolean(file, record, "balanced", index)?,
            None => None,
        };
        let precision_km = match self.precision_km {
            Some(index) => kilometres(file, record, "precision_km", index)?,
            None => None,
        };
        Ok(PhotoRow {
            id: id(file, record, &self.id_name, self.id)?,
            location: self.coordinates.location(file, record)?,
            place: Place {
                neighbourhood: text(self.neighbourhood),
                city: text(self.city),
                county: text(self.county),
                state: text(self.state),
                region: text(self.region),
                country: text(self.country),
                country_code: text(self.country_code).map(|code| code.to_ascii_uppercase()),
            },
            author: text(self.author),
            licence: text(self.licence),
            source: text(self.source),
            split: text(self.split),
            owner: text(self.owner),
            balanced,
            precision_km,
            extra: Extra {
                columns: Arc::clone(&self.extra_names),
                values: self.extra.iter().map(|index| record.get(*index).to_owned()).collect(),
            },
            position: record.position,
        })
    }
}
