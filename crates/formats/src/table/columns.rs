//! Which column is where.

use super::error::TableError;
use super::roles::{BOTH, BOTH_TURNED, ID, LATITUDE_LETTER, LONGITUDE_LETTER, Purpose};

/// The columns of a table, trimmed; unnamed ones (an index that was written along) are empty.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
}

/// The columns that say where a photo was taken.
#[derive(Clone, Debug)]
pub(super) enum Where {
    /// Latitude and longitude, each with the column of its hemisphere.
    Apart { columns: [usize; 2], letters: [Option<usize>; 2] },
    /// Both in one column.
    Together { column: usize, longitude_first: bool },
}

impl Columns {
    /// The positions of the photo's name and of the coordinates.
    pub(super) fn require(&self, file: &str, purpose: Purpose) -> Result<(usize, Where), TableError> {
        let mut missing = Vec::new();
        let id = match purpose {
            Purpose::Coordinates => Some(0),
            Purpose::Photos | Purpose::Predictions => ID.find(file, self)?,
        };
        if id.is_none() {
            missing.push(ID.name);
        }
        let [latitude, longitude] = purpose.coordinates();
        let place = match (latitude.find(file, self)?, longitude.find(file, self)?) {
            (Some(latitude), Some(longitude)) => Some(Where::Apart {
                columns: [latitude, longitude],
                letters: match purpose {
                    Purpose::Predictions => [None, None],
                    Purpose::Photos | Purpose::Coordinates => {
                        [LATITUDE_LETTER.find(file, self)?, LONGITUDE_LETTER.find(file, self)?]
                    }
                },
            }),
            (None, None) if purpose != Purpose::Predictions => self.together(file)?,
            (latitude_at, longitude_at) => {
                missing.extend(latitude_at.is_none().then_some(latitude.name));
                missing.extend(longitude_at.is_none().then_some(longitude.name));
                None
            }
        };
        if place.is_none() && missing.iter().all(|name| *name == ID.name) {
            missing.extend([latitude.name, longitude.name]);
        }
        match (id, place) {
            (Some(id), Some(place)) => Ok((id, place)),
            _ => Err(TableError::MissingColumns { file: file.to_owned(), missing, found: self.shown() }),
        }
    }

    fn together(&self, file: &str) -> Result<Option<Where>, TableError> {
        let places = match (BOTH.find(file, self)?, BOTH_TURNED.find(file, self)?) {
            (Some(column), Some(other)) => {
                return Err(TableError::AmbiguousColumn {
                    file: file.to_owned(),
                    wanted: BOTH.name,
                    found: [column, other]
                        .iter()
                        .filter_map(|index| self.names.get(*index).cloned())
                        .collect(),
                });
            }
            (Some(column), None) => Some(Where::Together { column, longitude_first: false }),
            (None, Some(column)) => Some(Where::Together { column, longitude_first: true }),
            (None, None) => None,
        };
        Ok(places)
    }

    /// The names for a message.
    pub(super) fn shown(&self) -> Vec<String> {
        let shown = |name: &String| if name.is_empty() { "(unnamed)".into() } else { name.clone() };
        self.names.iter().map(shown).collect()
    }

    /// The position of an optional column that may go by several names.
    pub(super) fn find(&self, file: &str, aliases: &[&str]) -> Result<Option<usize>, TableError> {
        let mut found = self.names.iter().enumerate().filter(|(_, name)| aliases.contains(&name.as_str()));
        let Some((index, first)) = found.next() else { return Ok(None) };
        match found.next() {
            None => Ok(Some(index)),
            Some((_, second)) => Err(TableError::DuplicateColumn {
                file: file.to_owned(),
                first: first.clone(),
                second: second.clone(),
            }),
        }
    }

    /// As [`Columns::find`]; if there is none, the only column whose name differs in capitals alone.
    pub(super) fn find_loosely(&self, file: &str, aliases: &[&str]) -> Result<Option<usize>, TableError> {
        if let Some(index) = self.find(file, aliases)? {
            return Ok(Some(index));
        }
        let is_like = |name: &String| aliases.iter().any(|alias| name.eq_ignore_ascii_case(alias));
        let mut found = self.names.iter().enumerate().filter(|(_, name)| is_like(name));
        let first = found.next().map(|(index, _)| index);
        Ok(if found.next().is_some() { None } else { first })
    }

    pub(super) fn name(&self, index: usize) -> &str {
        self.names.get(index).map_or("", String::as_str)
    }
}
