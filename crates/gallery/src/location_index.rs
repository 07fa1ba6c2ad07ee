//! Bare coordinates with vectors: the GPS channel.

use std::io::{self, Cursor, Seek, Write};
use std::path::Path;

use contract::{
    Channel, ChannelSpec, Failure, FilterPart, Filtering, Holdings, ItemId, Neighbour, PhotoId, PhotoRecord,
    QueryEmbedding, Search, SearchRequest,
};
use geo::{LatLon, Region};

use crate::derived::container::{Container, Kind, Tag};
use crate::matrix::{
    FIRST_FREE_TAG, Match, MatrixError, MatrixPlan, MatrixWriter, RowMask, VectorMatrix, VectorPrecision,
    reading, writing,
};
use crate::region::{country_number, needs_countries, region_mask};
use crate::search::{search_channels, unknown_channel};
use files::write_atomic_with;

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
/// and its coordinates in one checksummed file. Items have no record, and of a filter only the region
/// applies: coordinates have no author, id or hash.
#[derive(Debug)]
pub struct LocationIndex {
    matrix: VectorMatrix,
    channel: ChannelSpec,
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
        let channel = ChannelSpec { channel: Channel::location(), dimension: matrix.dimension() };
        Ok(Self { matrix, channel })
    }

    /// Writes the index to a file, replacing it at once or not at all.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, path: &Path) -> Result<(), MatrixError> {
        let bytes = self.matrix.container().as_bytes();
        write_atomic_with(path, |file| file.write_all(bytes)).map_err(writing(path))
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

    fn coordinates(&self) -> &[[f64; 2]] {
        self.matrix.container().section(COORDINATES)
    }

    fn mask(&self, region: &Region) -> Result<RowMask, MatrixError> {
        let countries = self.matrix.container().section::<u16>(COUNTRIES);
        let unknown = !countries.is_empty() && countries.iter().all(|&country| country == 0);
        if needs_countries(region) && unknown {
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
    append(&mut writer, locations).map_err(writing(path))?;
    writer.finish().map(|(out, _)| out).map_err(writing(path))
}

fn append<W: Write + Seek>(writer: &mut MatrixWriter<W>, locations: &[IndexedLocation]) -> io::Result<()> {
    for IndexedLocation { location, country_code } in locations {
        writer.append(COORDINATES, bytemuck::cast_slice(&[location.latitude(), location.longitude()]))?;
        writer.append(COUNTRIES, &country_number(country_code.as_deref()).to_le_bytes())?;
    }
    Ok(())
}

/// One channel, [`Channel::location`]; an item's id is its row in the list.
impl Search for LocationIndex {
    fn encoder_fingerprint(&self) -> &str {
        self.matrix.identity()
    }

    fn channels(&self) -> &[ChannelSpec] {
        std::slice::from_ref(&self.channel)
    }

    fn holdings(&self) -> Holdings {
        Holdings { name: "coordinates".to_owned(), photos: 0, coordinates: self.location_count() }
    }

    fn len(&self, channel: &Channel) -> usize {
        if *channel == self.channel.channel { self.matrix.len() } else { 0 }
    }

    fn filtering(&self, part: FilterPart) -> Filtering {
        match part {
            FilterPart::Region => Filtering::Exact,
            FilterPart::Authors | FilterPart::Ids | FilterPart::NearDuplicates => Filtering::Immaterial,
        }
    }

    fn search(&self, request: &SearchRequest<'_>) -> Result<Vec<Vec<Neighbour>>, Failure> {
        Ok(self.search_rows(request)?)
    }

    fn vectors(&self, items: &[ItemId]) -> Result<Vec<QueryEmbedding>, Failure> {
        let of = |item: &ItemId| self.matrix.row(usize::try_from(item.0).ok()?);
        let embedding =
            |vector: Vec<f32>| QueryEmbedding { vectors: vec![(self.channel.channel.clone(), vector)] };
        Ok(items.iter().map(|item| of(item).map(embedding).unwrap_or_default()).collect())
    }

    fn records(&self, items: &[ItemId]) -> Result<Vec<Option<PhotoRecord>>, Failure> {
        Ok(vec![None; items.len()])
    }

    fn photo_bytes(&self, _: &PhotoId) -> Result<Option<Vec<u8>>, Failure> {
        Ok(None)
    }

    fn coverage(&self) -> String {
        format!("{} coordinates, no photos", self.location_count())
    }
}

impl LocationIndex {
    fn search_rows(&self, request: &SearchRequest<'_>) -> Result<Vec<Vec<Neighbour>>, MatrixError> {
        let matrices = request.channels.iter().map(|(channel, _)| {
            if *channel == self.channel.channel {
                Ok(&self.matrix)
            } else {
                Err(unknown_channel("the list of coordinates".to_owned(), channel, self.channels()))
            }
        });
        let matrices = matrices.collect::<Result<Vec<&VectorMatrix>, MatrixError>>()?;
        let mut masks: Vec<(&Region, RowMask)> = Vec::new();
        for region in request.queries.iter().filter_map(|query| query.filter.region.as_ref()) {
            if masks.iter().all(|(known, _)| *known != region) {
                masks.push((region, self.mask(region)?));
            }
        }
        let of_query = request.queries.iter().map(|query| {
            let region = query.filter.region.as_ref()?;
            masks.iter().find(|(known, _)| *known == region).map(|(_, mask)| mask)
        });
        let found = search_channels(&matrices, request, &of_query.collect::<Vec<Option<&RowMask>>>())?;
        let neighbour = |Match { row, similarity }: Match| {
            Some(Neighbour { item: ItemId(row as u64), location: self.location(row)?, similarity })
        };
        Ok(found.into_iter().map(|matches| matches.into_iter().filter_map(neighbour).collect()).collect())
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
        let embedding = QueryEmbedding { vectors: vec![(Channel::location(), vec![0.0, 1.0])] };
        let queries = vec![Query { embedding: &embedding, filter: &filter }];
        let found =
            index.search(&SearchRequest { channels: &[(Channel::location(), 1.0)], top: 5, queries })?;
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
    fn says_what_does_not_fit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gps.locations");
        index(false).write(&path).unwrap();
        let other = LocationIndex::open(&path, Some("encoder-2")).unwrap_err().to_string();
        assert!(other.contains("encoder-1") && other.contains("encoder-2"), "{other}");
        let index = LocationIndex::open(&path, None).unwrap();
        assert!(found(&index, Some("AU")).unwrap_err().message.contains("no country codes"));
        let channels = [(Channel::photo(), 1.0)];
        let request = SearchRequest { channels: &channels, top: 1, queries: Vec::new() };
        let error = index.search(&request).unwrap_err();
        assert!(error.message.contains("no channel `photo`; it has location"), "{}", error.message);
        assert!(VectorMatrix::open(&path).is_err());
    }
}
