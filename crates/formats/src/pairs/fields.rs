//! From a JSON value to a row, with errors that name the field.

use std::path::{Path, PathBuf};

use geo::{CoordinateError, LatLon};

use super::error::PairsProblem;
use super::tree::Tree;
use super::{PairCandidate, PairPlace, PairsRow};

const ROW: &[&str] = &["id", "query", "negatives", "candidates"];
const CANDIDATE: &[&str] = &["lat", "lon", "place", "photo"];
const NEGATIVE: &[&str] = &["lat", "lon", "place"];

/// What is wrong with which field (`candidates[3].lat`); the empty name is the row itself.
pub(super) type Wrong = (String, PairsProblem);

/// The row's id, if it has a usable one, whatever else is wrong.
pub(super) fn id_of(tree: &Tree) -> Option<&str> {
    let Tree::Object(fields) = tree else { return None };
    match fields.iter().find(|(name, _)| name == "id") {
        Some((_, Tree::Text(id))) if !id.trim().is_empty() => Some(id),
        _ => None,
    }
}

/// The row. Its candidates may be none: that is for the caller to judge.
pub(super) fn row(tree: &Tree, folder: &Path) -> Result<PairsRow, Wrong> {
    let row = Object::new(tree, String::new(), ROW)?;
    let id = match row.required("id")? {
        Tree::Text(id) if id.trim().is_empty() => return Err(row.wrong("id", PairsProblem::Empty)),
        Tree::Text(id) => id.clone(),
        other => return Err(row.not_a("id", "text", other)),
    };
    let query = match row.required("query")? {
        Tree::Text(path) => row.path("query", path, folder)?,
        other => return Err(row.not_a("query", "a path", other)),
    };
    let negatives = match row.optional("negatives") {
        None => None,
        Some(list) => Some(row.each("negatives", list, NEGATIVE, |negative| {
            Ok(PairPlace { location: negative.location()?, place: negative.place()? })
        })?),
    };
    let candidates = row.each("candidates", row.required("candidates")?, CANDIDATE, |candidate| {
        let photo = match candidate.optional("photo") {
            None => None,
            Some(Tree::Text(path)) => Some(candidate.path("photo", path, folder)?),
            Some(other) => return Err(candidate.not_a("photo", "a path or null", other)),
        };
        Ok(PairCandidate { location: candidate.location()?, place: candidate.place()?, photo })
    })?;
    Ok(PairsRow { id, query, negatives, candidates })
}

/// The fields of an object and where it is.
struct Object<'a> {
    fields: &'a [(String, Tree)],
    at: String,
}

impl<'a> Object<'a> {
    /// An object all of whose fields are known.
    fn new(tree: &'a Tree, at: String, known: &'static [&'static str]) -> Result<Self, Wrong> {
        let Tree::Object(fields) = tree else {
            return Err((at, PairsProblem::NotA { expected: "an object", found: tree.shown() }));
        };
        let object = Self { fields, at };
        for (index, (name, _)) in fields.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(object.wrong(name, PairsProblem::Unknown { known }));
            }
            if fields[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(object.wrong(name, PairsProblem::Twice));
            }
        }
        Ok(object)
    }

    fn name(&self, field: &str) -> String {
        if self.at.is_empty() { field.to_owned() } else { format!("{}.{field}", self.at) }
    }

    fn wrong(&self, field: &str, problem: PairsProblem) -> Wrong {
        (self.name(field), problem)
    }

    fn not_a(&self, field: &str, expected: &'static str, found: &Tree) -> Wrong {
        self.wrong(field, PairsProblem::NotA { expected, found: found.shown() })
    }

    fn required(&self, field: &str) -> Result<&'a Tree, Wrong> {
        let found = self.fields.iter().find(|(name, _)| name == field);
        found.map(|(_, tree)| tree).ok_or_else(|| self.wrong(field, PairsProblem::Missing))
    }

    /// Absent and null are the same.
    fn optional(&self, field: &str) -> Option<&'a Tree> {
        let found = self.fields.iter().find(|(name, _)| name == field);
        found.map(|(_, tree)| tree).filter(|tree| **tree != Tree::Null)
    }

    /// The elements of a list of objects.
    fn each<T>(
        &self,
        field: &str,
        tree: &Tree,
        known: &'static [&'static str],
        read: impl Fn(&Object<'_>) -> Result<T, Wrong>,
    ) -> Result<Vec<T>, Wrong> {
        let Tree::List(items) = tree else { return Err(self.not_a(field, "a list", tree)) };
        let name = self.name(field);
        let read = |(index, item)| read(&Object::new(item, format!("{name}[{index}]"), known)?);
        items.iter().enumerate().map(read).collect()
    }

    fn degrees(&self, field: &str) -> Result<f64, Wrong> {
        match self.required(field)? {
            Tree::Number(degrees) => Ok(*degrees),
            other => Err(self.not_a(field, "a number", other)),
        }
    }

    fn location(&self) -> Result<LatLon, Wrong> {
        let (latitude, longitude) = (self.degrees("lat")?, self.degrees("lon")?);
        LatLon::new(latitude, longitude).map_err(|error| match error {
            CoordinateError::Latitude(value) => self.wrong("lat", PairsProblem::Latitude(value)),
            CoordinateError::Longitude(value) => self.wrong("lon", PairsProblem::Longitude(value)),
        })
    }

    fn place(&self) -> Result<Option<String>, Wrong> {
        match self.optional("place") {
            None => Ok(None),
            Some(Tree::Text(place)) => Ok(Some(place.clone())),
            Some(other) => Err(self.not_a("place", "text or null", other)),
        }
    }

    fn path(&self, field: &str, path: &str, folder: &Path) -> Result<PathBuf, Wrong> {
        if path.trim().is_empty() {
            return Err(self.wrong(field, PairsProblem::Empty));
        }
        Ok(folder.join(path))
    }
}
