//! Bare coordinates with vectors: the GPS channel.

use std::collections::HashMap;
use std::io::{Cursor, Seek, Write};
use std::path::Path;

use contract::{Channel, Failure, Neighbour, Search, SearchFuture, SearchRequest};
use geo::{LatLon, Region};

use crate::derived::atomic::write_atomically;
use crate::derived::container::{Container, Kind, Tag};
use crate::matrix::{
    FIRST_FREE_TAG, MatrixError, MatrixPlan, MatrixQuery, RowMask, VectorMatrix, VectorPrecision, reading,
    writing,
};
use crate::region::{country_number, region_mask};

const COORDINATES: Tag = FIRST_FREE_TAG;
const COUNTRIES: Tag = FIRST_FREE_TAG + 1;

/// A coordinate to index.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexedLocation {
    /// Where.
    pub location: LatLon,
    /// ISO 3166-1 alpha-2 code, so that searches can be limited to a country.
    pub country_code: Option<String>,
}

/// Coordinates one can search by the vectors of a location encoder (GeoCLIP's GPS gallery, for one): a matrix
/// and its coordinates in one checksummed file. Neighbours carry no photo, and of a filter only the region
/// applies: coordinates have no author, id or hash.
#[derive(Debug)]
pub struct LocationIndex {
    matrix: VectorMatrix,
    channel: Channel,
}

impl LocationIndex {
    /// An index in memory. `vectors` is `[locations, dimension]`, in the order of `locations`.
    ///
    /// # Errors
    /// A vector of another length or with a number that is not finite; unequal counts.
    pub fn build<'a>(
        encoder_fingerprint: &str,
        dimension: usize,
        locations: &[IndexedLocation],
        vectors: impl ExactSizeIterator<Item = &'a [f32]>,
        precision: VectorPrecision,
    ) -> Result<Self, MatrixError> {
        let memory = Path::new("memory");
        if vectors.len() != locations.len() {
            return Err(MatrixError::WrongDimension {
                what: "the list of vectors".into(),
                expected: locations.len(),
                found: vectors.len(),
            });
        }
        let plan = MatrixPlan {
            kind: Kind::Locations,
            generation: 0,
            identity: encoder_fingerprint.to_owned(),
            rows: locations.len(),
            dimension,
            precision,
        };
        let bytes = fill(&plan, locations, vectors, Cursor::new(Vec::new()), memory)?.into_inner();
        let container = Container::from_bytes(&bytes, Kind::Locations).map_err(reading(memory))?;
        Self::from_container(container, memory)
    }

    /// Opens a file made by [`LocationIndex::write`].
    ///
    /// # Errors
    /// A missing or damaged file, or one for another encoder.
    pub fn open(path: &Path, expected_fingerprint: Option<&str>) -> Result<Self, MatrixError> {
        let container = Container::open(path, Kind::Locations).map_err(reading(path))?;
        let index = Self::from_container(container, path)?;
        match expected_fingerprint {
            Some(expected) if expected != index.matrix.identity() => Err(MatrixError::OtherEncoder {
                path: path.to_path_buf(),
                stored: index.matrix.identity().to_owned(),
                expected: expected.to_owned(),
            }),
            _ => Ok(index),
        }
    }

    fn from_container(container: Container, path: &Path) -> Result<Self, MatrixError> {
        let rows = container.header().rows as usize;
        container.sized::<[f64; 2]>(COORDINATES, rows).map_err(reading(path))?;
        container.sized::<u16>(COUNTRIES, rows).map_err(reading(path))?;
        let matrix = VectorMatrix::from_container(container).map_err(reading(path))?;
        Ok(Self { matrix, channel: Channel::location() })
    }

    /// Writes the index to a file, replacing it at once or not at all.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, path: &Path) -> Result<(), MatrixError> {
        let bytes = self.matrix.container().as_bytes();
        write_atomically(path, |file| file.write_all(bytes)).map_err(writing(path))
    }

    /// Number of coordinates.
    pub fn location_count(&self) -> usize {
        self.matrix.len()
    }

    /// The coordinate in a row.
    pub fn location(&self, row: usize) -> Option<LatLon> {
        let &[latitude, longitude] = self.coordinates().get(row)?;
        LatLon::new(latitude, longitude).ok()
    }

    /// The vectors, row by row the coordinates.
    pub fn matrix(&self) -> &VectorMatrix {
        &self.matrix
    }

    /// The vectors of coordinates that this index holds (exactly these, bit by bit); `None` for others. One pass over
    /// the coordinates for the whole list.
    pub fn vectors_at(&self, places: &[LatLon]) -> Vec<Option<Vec<f32>>> {
        let bits = |latitude: f64, longitude: f64| (latitude.to_bits(), longitude.to_bits());
        let mut wanted: HashMap<(u64, u64), Option<usize>> =
            places.iter().map(|place| (bits(place.latitude(), place.longitude()), None)).collect();
        for (row, &[latitude, longitude]) in self.coordinates().iter().enumerate() {
            if let Some(found) = wanted.get_mut(&bits(latitude, longitude)) {
                found.get_or_insert(row);
            }
        }
        let row_of =
            |place: &LatLon| wanted.get(&bits(place.latitude(), place.longitude())).copied().flatten();
        places.iter().map(|place| self.matrix.row(row_of(place)?)).collect()
    }

    /// [`Search::search`] without the future. Channels other than [`Channel::location`] hold nothing.
    ///
    /// # Errors
    /// A query of the wrong length or with a number that is not finite; a country where none are known.
    pub fn search_now(&self, request: &SearchRequest<'_>) -> Result<Vec<Vec<Neighbour>>, MatrixError> {
        if *request.channel != self.channel {
            return Ok(vec![Vec::new(); request.queries.len()]);
        }
        let mut masks: Vec<(&Region, RowMask)> = Vec::new();
        for region in request.queries.iter().filter_map(|query| query.filter.region.as_ref()) {
            if masks.iter().all(|(known, _)| *known != region) {
                masks.push((region, self.mask(region)?));
            }
        }
        let queries: Vec<MatrixQuery<'_>> = request
            .queries
            .iter()
            .map(|query| {
                let known = masks.iter().find(|(region, _)| Some(*region) == query.filter.region.as_ref());
                MatrixQuery { vector: query.vector, mask: known.map(|(_, mask)| mask) }
            })
            .collect();
        let found = self.matrix.search(&queries, request.top)?;
        Ok(found
            .into_iter()
            .map(|matches| {
                let neighbour = |one: crate::Match| {
                    Some(Neighbour {
                        location: self.location(one.row)?,
                        similarity: one.similarity,
                        photo: None,
                    })
                };
                matches.into_iter().filter_map(neighbour).collect()
            })
            .collect())
    }

    fn coordinates(&self) -> &[[f64; 2]] {
        self.matrix.container().section(COORDINATES)
    }

    fn mask(&self, region: &Region) -> Result<RowMask, MatrixError> {
        let countries = self.matrix.container().section::<u16>(COUNTRIES);
        let unknown = !countries.is_empty() && countries.iter().all(|&country| country == 0);
        if matches!(region, Region::Country(_)) && unknown {
            return Err(MatrixError::NoCountries);
        }
        Ok(region_mask(region, self.coordinates(), countries))
    }
}

fn fill<'a, W: Write + Seek>(
    plan: &MatrixPlan,
    locations: &[IndexedLocation],
    vectors: impl Iterator<Item = &'a [f32]>,
    out: W,
    path: &Path,
) -> Result<W, MatrixError> {
    let rows = locations.len() as u64;
    let extra = [(COORDINATES, Some(rows * 16)), (COUNTRIES, Some(rows * 2))];
    let mut writer = plan.fill(out, &extra, vectors, path)?;
    let written = (|| {
        for IndexedLocation { location, country_code } in locations {
            writer.append(COORDINATES, bytemuck::cast_slice(&[location.latitude(), location.longitude()]))?;
            writer.append(COUNTRIES, &country_number(country_code.as_deref()).to_le_bytes())?;
        }
        Ok(writer.finish()?.0)
    })();
    written.map_err(writing(path))
}

impl Search for LocationIndex {
    fn encoder_fingerprint(&self) -> &str {
        self.matrix.identity()
    }

    fn len(&self, channel: &Channel) -> usize {
        if *channel == self.channel { self.matrix.len() } else { 0 }
    }

    fn search<'a>(&'a self, request: SearchRequest<'a>) -> SearchFuture<'a> {
        Box::pin(async move { self.search_now(&request).map_err(|error| Failure::from_error(&error)) })
    }
}

#[cfg(test)]
mod tests {
    use contract::{Filter, Query};

    use super::*;

    fn index(countries: bool) -> LocationIndex {
        let at = |latitude, longitude, code: &str| IndexedLocation {
            location: LatLon::new(latitude, longitude).unwrap(),
            country_code: countries.then(|| code.to_owned()),
        };
        let locations = [at(-33.9, 151.2, "AU"), at(48.9, 2.3, "FR"), at(-37.8, 145.0, "AU")];
        let vectors = [[1.0_f32, 0.0], [0.0, 1.0], [0.6, 0.8]];
        let rows = vectors.iter().map(|row| &row[..]);
        LocationIndex::build("encoder-1", 2, &locations, rows, VectorPrecision::Int8).unwrap()
    }

    fn found(index: &LocationIndex, region: Option<&str>) -> Result<Vec<f64>, Failure> {
        let filter = Filter { region: region.map(|text| text.parse().unwrap()), ..Filter::default() };
        let queries = vec![Query { vector: &[0.0, 1.0], filter: &filter }];
        let request = SearchRequest { channel: &Channel::location(), top: 5, queries };
        let found = pollster::block_on(index.search(request))?;
        assert!(found[0].iter().all(|neighbour| neighbour.photo.is_none()));
        Ok(found[0].iter().map(|neighbour| neighbour.location.latitude()).collect())
    }

    #[test]
    fn finds_coordinates_in_a_region() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gps.locations");
        index(true).write(&path).unwrap();
        let index = LocationIndex::open(&path, Some("encoder-1")).unwrap();
        assert_eq!(index.len(&Channel::location()), 3);
        assert!(index.is_empty(&Channel::photo()));
        assert_eq!(found(&index, None).unwrap(), [48.9, -37.8, -33.9]);
        assert_eq!(found(&index, Some("au")).unwrap(), [-37.8, -33.9]);
        assert_eq!(found(&index, Some("-34,151,100")).unwrap(), [-33.9]);
    }

    #[test]
    fn gives_the_vectors_of_its_coordinates() {
        let at = |latitude, longitude| LatLon::new(latitude, longitude).unwrap();
        let found = index(true).vectors_at(&[at(-37.8, 145.0), at(1.0, 1.0), at(-33.9, 151.2)]);
        let near = |vector: &Option<Vec<f32>>, expected: [f32; 2]| {
            vector.iter().flatten().zip(expected).all(|(value, expected)| (value - expected).abs() < 0.01)
        };
        assert!(
            near(&found[0], [0.6, 0.8]) && found[1].is_none() && near(&found[2], [1.0, 0.0]),
            "{found:?}"
        );
    }

    #[test]
    fn says_what_does_not_fit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gps.locations");
        index(false).write(&path).unwrap();
        let other = LocationIndex::open(&path, Some("encoder-2")).unwrap_err().to_string();
        assert!(other.contains("encoder-1") && other.contains("encoder-2"), "{other}");
        let index = LocationIndex::open(&path, None).unwrap();
        assert!(found(&index, Some("AU")).unwrap_err().message.contains("no country codes"));
        assert!(VectorMatrix::open(&path).is_err());
    }
}
