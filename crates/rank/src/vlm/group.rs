//! A query with its candidates, as the network looks at them.

use std::collections::HashMap;
use std::hash::Hash;

use contract::Failure;
use formats::pairs::{PairCandidate, PlaceText};

use super::inputs::PreparedPhoto;

/// All pairs of one query.
#[derive(Clone, Debug)]
pub struct PairGroup {
    /// Photos; the first is the query.
    pub photos: Vec<PreparedPhoto>,
    /// Negatives of the prompt; `None` leaves that part out.
    pub negatives: Option<Vec<PlaceText>>,
    /// The candidates, each with the index of its photo in `photos`.
    pub candidates: Vec<PairCandidate<usize>>,
}

impl PairGroup {
    /// Puts a group together. Photos are the query and then those of the candidates, in their order; `prepare` reads each
    /// of them once, however many candidates name it.
    ///
    /// # Errors
    /// Those of `prepare`, at the first photo that fails.
    pub fn build<Photo: Eq + Hash>(
        query: PreparedPhoto,
        candidates: impl IntoIterator<Item = PairCandidate<Photo>>,
        negatives: Option<Vec<PlaceText>>,
        mut prepare: impl FnMut(&Photo) -> Result<PreparedPhoto, Failure>,
    ) -> Result<Self, Failure> {
        let mut photos = vec![query];
        let mut known: HashMap<Photo, usize> = HashMap::new();
        let mut index_of = |photo: Photo| -> Result<usize, Failure> {
            if let Some(&index) = known.get(&photo) {
                return Ok(index);
            }
            photos.push(prepare(&photo)?);
            known.insert(photo, photos.len() - 1);
            Ok(photos.len() - 1)
        };
        let candidates = candidates
            .into_iter()
            .map(|PairCandidate { place, photo }| {
                Ok(PairCandidate { place, photo: photo.map(&mut index_of).transpose()? })
            })
            .collect::<Result<_, Failure>>()?;
        Ok(Self { photos, negatives, candidates })
    }
}

#[cfg(test)]
mod tests {
    use contract::{ErrorKind, PhotoId};
    use geo::LatLon;
    use photo::Image;

    use super::*;

    fn candidate(photo: Option<&str>) -> PairCandidate<PhotoId> {
        let location = LatLon::new(1.0, 2.0).unwrap();
        PairCandidate { place: PlaceText { location, text: None }, photo: photo.map(PhotoId::from) }
    }

    fn prepared(side: u32) -> PreparedPhoto {
        let image = Image::new(side, side, vec![0; (3 * side * side) as usize]).unwrap();
        PreparedPhoto::new(image, "test")
    }

    #[test]
    fn the_query_comes_first_and_each_other_photo_once() {
        let mut read = Vec::new();
        let candidates = [Some("b"), None, Some("a"), Some("b"), Some("query")].map(candidate);
        let group = PairGroup::build(prepared(1), candidates, None, |id| {
            read.push(id.0.clone());
            Ok(prepared(1 + read.len() as u32))
        })
        .unwrap();
        // A gallery may hold the query under its own name: that photo is another one.
        assert_eq!(read, ["b", "a", "query"]);
        let indices: Vec<_> = group.candidates.iter().map(|candidate| candidate.photo).collect();
        assert_eq!(indices, [Some(1), None, Some(2), Some(1), Some(3)]);
        let sides: Vec<u32> = group.photos.iter().map(PreparedPhoto::width).collect();
        assert_eq!(sides, [1, 2, 3, 4]);
    }

    #[test]
    fn a_photo_that_fails_ends_it() {
        let candidates = [Some("a"), Some("b")].map(candidate);
        let failure = PairGroup::build(prepared(1), candidates, None, |id| {
            if id.0 == "a" { Ok(prepared(2)) } else { Err(Failure::new(ErrorKind::NotFound, "b: gone")) }
        });
        assert_eq!(failure.unwrap_err().message, "b: gone");
    }
}
