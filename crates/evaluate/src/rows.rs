//! What both tables have in common while their rows are collected.

use formats::table::{BadRows, PlausibilityCheck, Position, TableError, TableNote};
use geo::LatLon;

use crate::texts::Texts;

/// Ids and positions of the rows so far, and what is odd about their locations.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) ids: Texts,
    positions: Vec<Position>,
    check: PlausibilityCheck,
}

impl Rows {
    /// The row, or nothing when it is wrong and passed over.
    pub(crate) fn pass<T>(
        &mut self,
        file: &str,
        row: Result<T, TableError>,
        bad: &mut BadRows<'_>,
    ) -> Result<Option<T>, TableError> {
        match row {
            Ok(row) => Ok(Some(row)),
            Err(error) => {
                self.check.see_error(&error);
                bad.pass(file, error).map(|()| None)
            }
        }
    }

    pub(crate) fn push(&mut self, id: &str, location: Option<LatLon>, position: Position) {
        self.ids.push(id);
        self.positions.push(position);
        if let Some(location) = location {
            self.check.see_place(location, position);
        }
    }

    /// What a person should know about the locations.
    pub(crate) fn findings(&self, file: &str) -> Vec<String> {
        self.check.findings().iter().map(|finding| format!("{file}: {finding}")).collect()
    }

    /// The rows in the order of their ids, each id once. A row that repeats another is left out, with a note; one that
    /// says something else about the photo is wrong.
    pub(crate) fn unique(
        &self,
        file: &str,
        bad: &mut BadRows<'_>,
        is_same: impl Fn(usize, usize) -> bool,
        place: impl Fn(usize) -> Option<LatLon>,
    ) -> Result<(Vec<u32>, Option<String>), TableError> {
        let mut order = self.ids.order();
        let mut repeats: Vec<[u32; 2]> = Vec::new();
        let mut first: Option<u32> = None;
        order.retain(|row| match first {
            // Equal ids are in the order of the file.
            Some(first) if self.ids.get(first as usize) == self.ids.get(*row as usize) => {
                repeats.push([first, *row]);
                false
            }
            _ => {
                first = Some(*row);
                true
            }
        });
        repeats.sort_unstable_by_key(|[_, second]| *second);
        let mut repeated: Option<(u64, Position, Position)> = None;
        for [first, second] in repeats.iter().map(|pair| pair.map(|row| row as usize)) {
            let (Some(&before), Some(&position)) = (self.positions.get(first), self.positions.get(second))
            else {
                continue;
            };
            if is_same(first, second) {
                repeated.get_or_insert((0, position, before)).0 += 1;
                continue;
            }
            let places = Some([place(first), place(second)]).filter(|[first, second]| first != second);
            let id = self.ids.get(second).to_owned();
            let error = TableError::DuplicateId {
                file: file.to_owned(),
                position,
                id,
                first: before,
                places: places.map(Box::new),
            };
            bad.pass(file, error)?;
        }
        let note = repeated.map(|(rows, position, first)| {
            TableNote::Repeated { file: file.to_owned(), rows, position, first }.to_string()
        });
        Ok((order, note))
    }
}
