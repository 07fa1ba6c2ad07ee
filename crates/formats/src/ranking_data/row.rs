//! A query and its candidates.

use geo::{CoordinateError, LatLon, Place};

use crate::table::{Position, Problem, TableError};
use contract::{Attribution, Candidate, CandidateSet, Channel, Negative, Origin, PhotoId, QueryEmbedding};

/// The place texts of a candidate, in the order of the official files.
pub const PLACE_FIELDS: [&str; 6] = ["neighbourhood", "city", "county", "state", "region", "country"];

/// A place as the six texts of [`PLACE_FIELDS`]; what is unknown is empty.
pub fn place_fields(place: &Place) -> Vec<String> {
    let Place { neighbourhood, city, county, state, region, country, .. } = place;
    [neighbourhood, city, county, state, region, country]
        .into_iter()
        .map(|field| field.clone().unwrap_or_default())
        .collect()
}

/// The inverse of [`place_fields`]: empty or missing texts are unknown, and more than six are left out.
pub fn place_of(fields: &[String]) -> Place {
    let field = |index: usize| fields.get(index).filter(|text| !text.is_empty()).cloned();
    Place {
        neighbourhood: field(0),
        city: field(1),
        county: field(2),
        state: field(3),
        region: field(4),
        country: field(5),
        country_code: None,
    }
}

/// As many candidates at the end of a list serve as negatives in the official prompt.
pub const NEGATIVES: usize = 5;

/// The `ref_origin` of a candidate that a search found.
pub const RETRIEVED: &str = "retrieved";

/// One query of a ranking dataset. The `ref_` lists have one entry per candidate, most similar first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RankingRow {
    /// The query photo, never empty.
    pub img_id: String,
    /// Its latitude and longitude, degrees.
    pub gps: [f64; 2],
    /// `[candidates]` of latitude and longitude, degrees.
    pub ref_gps: Vec<[f64; 2]>,
    /// `[candidates]`; empty for a candidate without a photo.
    pub ref_img_id: Vec<String>,
    /// `[candidates][fields]`: usually the six of [`PLACE_FIELDS`], unknown ones empty.
    pub ref_texts: Vec<Vec<String>>,
    /// `[candidates]`: where each comes from; see [`generated_by`](Self::generated_by).
    pub ref_origin: Option<Vec<String>>,
    /// `[candidates]`: cosine similarities; NaN for unknown.
    pub ref_similarity: Option<Vec<f32>>,
    /// Who took the query photo.
    pub author: Option<String>,
}

impl RankingRow {
    /// Number of candidates.
    pub fn len(&self) -> usize {
        self.ref_gps.len()
    }

    /// Whether there are no candidates.
    pub fn is_empty(&self) -> bool {
        self.ref_gps.is_empty()
    }

    /// Where the query photo was taken.
    ///
    /// # Errors
    /// Coordinates out of range; never for a row that was read from a file.
    pub fn location(&self) -> Result<LatLon, CoordinateError> {
        LatLon::new(self.gps[0], self.gps[1])
    }

    /// Where the candidates are, in order.
    ///
    /// # Errors
    /// Coordinates out of range; never for a row that was read from a file.
    pub fn candidate_locations(&self) -> Result<Vec<LatLon>, CoordinateError> {
        self.ref_gps.iter().map(|&[latitude, longitude]| LatLon::new(latitude, longitude)).collect()
    }

    /// Whether the first candidate is the query itself, as in the official lists.
    pub fn starts_with_itself(&self) -> bool {
        self.ref_img_id.first().is_some_and(|id| *id == self.img_id)
    }

    /// The model that wrote a candidate; `None` for one that a search found. [`RETRIEVED`], an empty origin and no
    /// origins at all say that a search found it; any other origin is the name of a model.
    pub fn generated_by(&self, index: usize) -> Option<&str> {
        let origin = self.ref_origin.as_ref()?.get(index)?.as_str();
        (!origin.is_empty() && origin != RETRIEVED).then_some(origin)
    }

    /// The row as rankers take it: all candidates in order (but not the query itself), and the last
    /// [`NEGATIVES`] of them as negatives.
    ///
    /// # Errors
    /// Coordinates out of range; never for a row that was read from a file.
    pub fn candidate_set(&self) -> Result<CandidateSet, CoordinateError> {
        let first = usize::from(self.starts_with_itself());
        let mut candidates = Vec::with_capacity(self.len());
        for (index, &[latitude, longitude]) in self.ref_gps.iter().enumerate().skip(first) {
            let similarity = self.ref_similarity.as_ref().and_then(|list| list.get(index)).copied();
            let origin = match self.generated_by(index) {
                None => Origin::Retrieved {
                    channel: Channel::photo(),
                    rank: index - first,
                    similarity: similarity.unwrap_or(f32::NAN),
                },
                Some(model) => Origin::generated(model, index - first),
            };
            let known = similarity.filter(|value| !value.is_nan());
            candidates.push(Candidate {
                embedding: QueryEmbedding::default(),
                location: LatLon::new(latitude, longitude)?,
                place: self.ref_texts.get(index).map(|fields| place_of(fields)).unwrap_or_default(),
                photo: self.ref_img_id.get(index).filter(|id| !id.is_empty()).map(PhotoId::from),
                found: None,
                origin,
                also: Vec::new(),
                similarities: known.map(|value| (Channel::photo(), value)).into_iter().collect(),
                attribution: Attribution::default(),
                hash: None,
            });
        }
        let last = candidates.len().saturating_sub(NEGATIVES);
        let negatives = candidates.iter().skip(last);
        let negatives =
            negatives.map(|one| Negative { location: one.location, place: one.place.clone() }).collect();
        let query = PhotoId(self.img_id.clone());
        Ok(CandidateSet { query, embedding: QueryEmbedding::default(), candidates, negatives })
    }

    /// What every row of a file must keep to: an id, coordinates in range, one entry per candidate in every list.
    pub(super) fn check(&self, file: &str, position: Position) -> Result<(), TableError> {
        if self.img_id.is_empty() {
            return Err(wrong(file, position, "img_id", "", Problem::Empty));
        }
        check_coordinate(file, position, self.gps, || "gps".to_owned())?;
        for (index, &gps) in self.ref_gps.iter().enumerate() {
            check_coordinate(file, position, gps, || format!("ref_gps[{index}]"))?;
        }
        let lengths = [
            ("ref_img_id", Some(self.ref_img_id.len())),
            ("ref_texts", Some(self.ref_texts.len())),
            ("ref_origin", self.ref_origin.as_ref().map(Vec::len)),
            ("ref_similarity", self.ref_similarity.as_ref().map(Vec::len)),
        ];
        for (column, length) in lengths {
            if let Some(found) = length.filter(|&length| length != self.len()) {
                return Err(list_length(file, position, column, found, self.len()));
            }
        }
        Ok(())
    }
}

fn check_coordinate(
    file: &str,
    position: Position,
    [latitude, longitude]: [f64; 2],
    column: impl Fn() -> String,
) -> Result<(), TableError> {
    match LatLon::new(latitude, longitude) {
        Ok(_) => Ok(()),
        Err(CoordinateError::Latitude(value)) => {
            Err(wrong(file, position, &column(), &value.to_string(), Problem::Latitude))
        }
        Err(CoordinateError::Longitude(value)) => {
            Err(wrong(file, position, &column(), &value.to_string(), Problem::Longitude))
        }
    }
}

pub(super) fn wrong(
    file: &str,
    position: Position,
    column: &str,
    value: &str,
    problem: Problem,
) -> TableError {
    let (file, column, value) = (file.to_owned(), column.to_owned(), value.to_owned());
    TableError::Field { file, position, column, value, problem }
}

pub(super) fn list_length(
    file: &str,
    position: Position,
    column: &str,
    found: usize,
    expected: usize,
) -> TableError {
    let (file, column) = (file.to_owned(), column.to_owned());
    TableError::ListLength { file, position, column, found, expected }
}
