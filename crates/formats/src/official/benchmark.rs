//! The candidate lists of `im2gps3k.csv` and `yfcc4k.csv`.

use std::io::Read;
use std::path::Path;

use geo::{CoordinateError, LatLon, Place};

use super::literal::{Literal, parse};
use crate::ranking_data::place_of;
use crate::table::{PhotoRow, PhotoTable, Problem, TableError};
use contract::PhotoId;

const COORDINATES: &str = "candidate_gps_lis";
const TEXTS: &str = "candidate_text_lis";
const PHOTOS: &str = "candidate_img_lis";
const GENERATED: &str = "zs_gps_lis";

/// A photo that the retrieval found.
#[derive(Clone, Debug, PartialEq)]
pub struct RetrievedPhoto {
    /// Where it was taken.
    pub location: LatLon,
    /// neighbourhood, city, county, state, region, country, as they are written; unknown ones are empty.
    pub texts: Vec<String>,
    /// Its name in the collection, such as `39_19_3845791320.jpg`.
    pub photo: Option<String>,
}

impl RetrievedPhoto {
    /// The texts as a place.
    pub fn place(&self) -> Place {
        place_of(&self.texts)
    }
}

/// A coordinate that a language model wrote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GeneratedCoordinate {
    /// Where.
    pub location: LatLon,
}

impl GeneratedCoordinate {
    /// Whether it is (0, 0): what the reference writes for an answer it cannot parse.
    pub fn is_unparsed(&self) -> bool {
        self.location.latitude() == 0.0 && self.location.longitude() == 0.0
    }
}

/// A query of a benchmark with its candidates, nearest in the space of the retrieval first.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchmarkRow {
    /// The query photo: where it was taken, and the other columns of the file.
    pub photo: PhotoRow,
    /// What the retrieval found.
    pub retrieved: Vec<RetrievedPhoto>,
    /// What a language model wrote, unparsed answers included.
    pub generated: Vec<GeneratedCoordinate>,
}

impl BenchmarkRow {
    /// The query's id.
    pub const fn id(&self) -> &PhotoId {
        &self.photo.id
    }
}

/// Reads a benchmark's CSV row by row. A row that is wrong is an error of its own, and the next one is read.
#[derive(Debug)]
pub struct BenchmarkTable {
    file: String,
    rows: PhotoTable,
}

impl BenchmarkTable {
    /// Opens a file.
    ///
    /// # Errors
    /// As [`PhotoTable::open`]; a file without `candidate_gps_lis` or `zs_gps_lis`.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        Self::new(path.display().to_string(), PhotoTable::open(path)?)
    }

    /// Reads from anywhere; `name` stands for the file in messages.
    ///
    /// # Errors
    /// As [`BenchmarkTable::open`].
    pub fn from_csv(name: &str, input: impl Read + Send + 'static) -> Result<Self, TableError> {
        Self::new(name.to_owned(), PhotoTable::from_csv(name, input)?)
    }

    fn new(file: String, rows: PhotoTable) -> Result<Self, TableError> {
        let has = |name: &str| rows.columns().iter().any(|column| column == name);
        if !has(COORDINATES) && !has(GENERATED) {
            let missing = vec![COORDINATES, GENERATED];
            return Err(TableError::MissingColumns { file, missing, found: rows.columns().to_vec() });
        }
        Ok(Self { file, rows })
    }

    /// The file's name in messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    fn row(&self, photo: PhotoRow) -> Result<BenchmarkRow, TableError> {
        let cell = |column| Cell::read(&self.file, &photo, column);
        let coordinates = cell(COORDINATES)?;
        let places = coordinates.items()?.iter().enumerate();
        let places: Vec<LatLon> =
            places.map(|(index, one)| coordinates.location(one, index)).collect::<Result<_, _>>()?;
        let (texts, photos) = (cell(TEXTS)?, cell(PHOTOS)?);
        texts.expect(places.len())?;
        photos.expect(places.len())?;
        let mut retrieved = Vec::with_capacity(places.len());
        for (index, location) in places.into_iter().enumerate() {
            let of_place = match texts.items()?.get(index) {
                None => Vec::new(),
                Some(one) => texts.strings(one, index)?,
            };
            let photo = match photos.items()?.get(index) {
                None | Some(Literal::None) => None,
                Some(Literal::Text(name)) if name.is_empty() => None,
                Some(Literal::Text(name)) => Some(name.clone()),
                Some(other) => return Err(photos.not_a(index, "a string", other)),
            };
            retrieved.push(RetrievedPhoto { location, texts: of_place, photo });
        }
        let written = cell(GENERATED)?;
        let each = written.items()?.iter().enumerate();
        let generated = each
            .map(|(index, one)| Ok(GeneratedCoordinate { location: written.location(one, index)? }))
            .collect::<Result<_, TableError>>()?;
        Ok(BenchmarkRow { photo, retrieved, generated })
    }
}

impl Iterator for BenchmarkTable {
    type Item = Result<BenchmarkRow, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        Some(row.and_then(|photo| self.row(photo)))
    }
}

/// A field with a literal in it; a blank one is an empty list.
struct Cell<'a> {
    file: &'a str,
    row: &'a PhotoRow,
    column: &'static str,
    value: Option<Literal>,
}

impl<'a> Cell<'a> {
    fn read(file: &'a str, row: &'a PhotoRow, column: &'static str) -> Result<Self, TableError> {
        let text = row.extra.get(column).unwrap_or_default();
        let empty = Self { file, row, column, value: None };
        if text.trim().is_empty() {
            return Ok(empty);
        }
        match parse(text) {
            Ok(Literal::None) => Ok(empty),
            Ok(value) => Ok(Self { value: Some(value), ..empty }),
            Err(error) => Err(empty.wrong(error.to_string())),
        }
    }

    fn wrong(&self, why: String) -> TableError {
        let (file, column) = (self.file.to_owned(), self.column.to_owned());
        TableError::Literal { file, position: self.row.position, column, why }
    }

    fn not_a(&self, index: usize, expected: &str, found: &Literal) -> TableError {
        self.wrong(format!("entry {index} is {}, not {expected}", found.kind()))
    }

    fn items(&self) -> Result<&[Literal], TableError> {
        match &self.value {
            None => Ok(&[]),
            Some(value) => {
                value.items().ok_or_else(|| self.wrong(format!("{} where a list is needed", value.kind())))
            }
        }
    }

    /// A list beside the coordinates is as long as theirs, or not there.
    fn expect(&self, length: usize) -> Result<(), TableError> {
        let found = self.items()?.len();
        if found == length || self.value.is_none() {
            return Ok(());
        }
        let (file, column) = (self.file.to_owned(), self.column.to_owned());
        Err(TableError::ListLength { file, position: self.row.position, column, found, expected: length })
    }

    fn location(&self, value: &Literal, index: usize) -> Result<LatLon, TableError> {
        let pair = value
            .items()
            .filter(|pair| pair.len() == 2)
            .and_then(|pair| Some([pair[0].number()?, pair[1].number()?]));
        let Some([latitude, longitude]) = pair else {
            return Err(self.not_a(index, "a pair of numbers", value));
        };
        LatLon::new(latitude, longitude).map_err(|error| {
            let (value, problem) = match error {
                CoordinateError::Latitude(value) => (value, Problem::Latitude),
                CoordinateError::Longitude(value) => (value, Problem::Longitude),
            };
            let column = format!("{}[{index}]", self.column);
            TableError::Field {
                file: self.file.to_owned(),
                position: self.row.position,
                column,
                value: value.to_string(),
                problem,
            }
        })
    }

    /// The texts of a place: strings, `nan` and `None` being empty.
    fn strings(&self, value: &Literal, index: usize) -> Result<Vec<String>, TableError> {
        let Some(items) = value.items() else { return Err(self.not_a(index, "a list of strings", value)) };
        items
            .iter()
            .map(|item| match item {
                Literal::Text(text) => Ok(text.clone()),
                Literal::None => Ok(String::new()),
                Literal::Float(number) if number.is_nan() => Ok(String::new()),
                other => Err(self.not_a(index, "a list of strings", other)),
            })
            .collect()
    }
}
