//! Photos of known location, as little of each as an evaluation needs.

use std::collections::HashMap;
use std::path::Path;

use formats::table::{BadRows, PhotoRow, PhotoTable, TableError};
use geo::LatLon;

use crate::judged::{Judged, too_small};
use crate::rows::Rows;
use crate::texts::{Texts, in_order};
use crate::{EvaluateError, Selection};

/// Photos of known location, in the order of their ids, so that results do not hang on the row order.
#[derive(Clone, Debug)]
pub struct Truth {
    name: String,
    columns: Vec<String>,
    ids: Texts,
    locations: Vec<LatLon>,
    judged: Judged,
    kept: Vec<Column>,
    notes: Vec<String>,
}

/// One column: its distinct values, and which of them each photo has.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    name: String,
    /// In the order of the file.
    pub(crate) values: Vec<String>,
    /// For each photo the number of its value.
    pub(crate) numbers: Vec<u32>,
}

impl Truth {
    /// Reads a photo table, CSV or Parquet. Of its columns only those in `keep` can be used to filter and to break
    /// down by; the others are not held in memory.
    ///
    /// # Errors
    /// A table that is wrong, in more rows than `bad` passes over, or that holds no photos.
    pub fn read(path: impl AsRef<Path>, keep: &[&str], bad: &mut BadRows<'_>) -> Result<Self, EvaluateError> {
        let path = path.as_ref();
        let mut table = PhotoTable::open(path)?;
        let columns = table.columns().to_vec();
        let mut truth = Self::collect(path.display().to_string(), columns, keep, &mut table, bad)?;
        truth.notes.extend(table.notes().iter().map(ToString::to_string));
        Ok(truth)
    }

    /// Photos with distinct ids; `columns` may be used to filter and to break down by.
    ///
    /// # Errors
    /// No photos, or an id with different values.
    pub fn new(
        name: impl Into<String>,
        columns: Vec<String>,
        photos: Vec<PhotoRow>,
    ) -> Result<Self, EvaluateError> {
        let names = columns.clone();
        let keep: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut ignore = |_: &TableError| ();
        let mut none = BadRows::new(&mut ignore).at_most(0);
        Self::collect(name.into(), columns, &keep, photos.into_iter().map(Ok), &mut none)
    }

    fn collect(
        name: String,
        columns: Vec<String>,
        keep: &[&str],
        photos: impl Iterator<Item = Result<PhotoRow, TableError>>,
        bad: &mut BadRows<'_>,
    ) -> Result<Self, EvaluateError> {
        let mut rows = Rows::default();
        let (mut locations, mut precision) = (Vec::new(), Vec::new());
        let mut kept: Vec<Collected> = keep.iter().map(|column| Collected::new(column)).collect();
        for photo in photos {
            let Some(photo) = rows.pass(&name, photo, bad)? else { continue };
            rows.push(&photo.id.0, Some(photo.location), photo.position);
            locations.push(photo.location);
            precision.push(too_small(photo.precision_km));
            for column in &mut kept {
                column.push(&photo);
            }
        }
        if locations.is_empty() {
            return Err(EvaluateError::EmptyTruth { truth: name });
        }
        let number = |column: &Collected, row: usize| column.column.numbers.get(row).copied();
        let is_same = |one: usize, other: usize| {
            locations.get(one) == locations.get(other)
                && precision.get(one) == precision.get(other)
                && kept.iter().all(|column| number(column, one) == number(column, other))
        };
        let (order, repeated) = rows.unique(&name, bad, is_same, |row| locations.get(row).copied())?;
        let mut notes = rows.findings(&name);
        notes.extend(repeated);
        let kept = kept.into_iter().map(|column| column.finish(&order)).collect();
        let ids = rows.ids.in_order(&order);
        let judged = Judged::of_counts(in_order(precision, &order));
        Ok(Self { name, columns, ids, locations: in_order(locations, &order), judged, kept, notes })
    }

    /// What a person should know about the table.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of photos.
    pub fn len(&self) -> usize {
        self.locations.len()
    }

    /// Never true: a truth has at least one photo.
    pub fn is_empty(&self) -> bool {
        self.locations.is_empty()
    }

    /// The ids of the photos, ascending.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter()
    }

    /// Where the photos were taken, in the order of [`Truth::ids`].
    pub fn locations(&self) -> &[LatLon] {
        &self.locations
    }

    /// At which radii each photo can be judged, by its `precision_km`; in the order of [`Truth::ids`].
    pub const fn judged(&self) -> &Judged {
        &self.judged
    }

    pub(crate) fn texts(&self) -> &Texts {
        &self.ids
    }

    /// A column that was kept.
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.kept
            .iter()
            .find(|column| column.name == name)
            .or_else(|| self.kept.iter().find(|column| column.name.eq_ignore_ascii_case(name)))
    }

    /// Fails for a column that the table does not have.
    pub(crate) fn check_column(&self, column: &str) -> Result<(), EvaluateError> {
        let has = |name: &String| name.eq_ignore_ascii_case(column);
        if !column.is_empty() && self.columns.iter().any(has) {
            return Ok(());
        }
        let found = self.columns.iter().filter(|name| !name.is_empty()).cloned().collect();
        Err(EvaluateError::UnknownColumn { truth: self.name.clone(), column: column.to_owned(), found })
    }

    /// The numbers of the photos that fit a selection, at least one.
    ///
    /// # Errors
    /// Unknown columns, or nothing that fits.
    pub fn select(&self, selection: &Selection) -> Result<Vec<u32>, EvaluateError> {
        let mut tests = Vec::new();
        for condition in &selection.conditions {
            self.check_column(&condition.column)?;
            let column = self.column(&condition.column);
            let fits: Option<Vec<bool>> =
                column.map(|column| column.values.iter().map(|value| condition.fits_text(value)).collect());
            tests.push((column, fits.unwrap_or_default(), condition.fits_text("")));
        }
        let fits = |photo: &u32| {
            tests.iter().all(|(column, fits, empty)| {
                let number = column.and_then(|column| column.numbers.get(*photo as usize));
                number.map_or(*empty, |number| fits.get(*number as usize) == Some(&true))
            })
        };
        let selected: Vec<u32> = (0_u32..).take(self.len()).filter(fits).collect();
        if selected.is_empty() {
            let columns = selection.conditions.iter().map(|condition| &condition.column);
            return Err(EvaluateError::NothingSelected {
                truth: self.name.clone(),
                selection: selection.to_string(),
                values: columns.map(|column| (column.clone(), self.values(column))).collect(),
            });
        }
        Ok(selected)
    }

    /// Some values of a column, for messages.
    fn values(&self, column: &str) -> Vec<String> {
        const SHOWN: usize = 8;
        let all = self.column(column).map_or(&[][..], |column| &column.values);
        let mut values: Vec<String> = all.iter().take(SHOWN).map(|value| format!("\"{value}\"")).collect();
        if all.len() > SHOWN {
            values.push("...".into());
        }
        values
    }
}

/// A column while the rows are read.
struct Collected {
    column: Column,
    known: HashMap<String, u32>,
}

impl Collected {
    fn new(name: &str) -> Self {
        let column = Column { name: name.to_owned(), values: Vec::new(), numbers: Vec::new() };
        Self { column, known: HashMap::new() }
    }

    fn push(&mut self, row: &PhotoRow) {
        let value = row.get(&self.column.name).unwrap_or_default();
        let number = if let Some(number) = self.known.get(value.as_ref()) {
            *number
        } else {
            let number = self.column.values.len() as u32;
            self.column.values.push(value.clone().into_owned());
            self.known.insert(value.into_owned(), number);
            number
        };
        self.column.numbers.push(number);
    }

    fn finish(mut self, order: &[u32]) -> Column {
        self.column.numbers = in_order(self.column.numbers, order);
        self.column
    }
}
