//! One page with a map, to look at, keep and hand on.
//!
//! The file is complete in itself: style, program, outlines of the world and thumbnails are inside, and its
//! content security policy forbids every connection. Photos are data blocks (`<script>` elements that no
//! browser runs), so the page is written as a stream and pictures are decoded when they come into view. A
//! gallery photo that several photos have as a candidate is stored once.
//!
//! `page` has the frame, `viewer/` the program, `outlines` the world, `jpeg` keeps metadata out. The program reads
//! nothing but `{result, picture, pictures, towns}` per photo, where `result` is a [`PhotoView`]: another viewer can
//! start from the same data.
//!
//! Alternative considered: a map library and tiles. Both would need a network, or megabytes in every file.

mod jpeg;
mod outlines;
mod page;

use std::collections::HashMap;
use std::io;

use base64::{Engine, engine::general_purpose::STANDARD};
use contract::PhotoId;
use geo::{LatLon, ReverseGeocoder};
use serde::Serialize;

use self::page::Town;
use crate::format::Entry;
use crate::view::PhotoView;
use crate::{OutputError, PhotoResult, Precision, Thumbnails, Writer, escape};

pub(crate) const FORMAT: Entry =
    Entry { name: "html", open: |settings, out| Box::new(Html::new(out, settings.thumbnails)) };

/// Half the height of the boxes around an answer, degrees, and how many of the largest towns of each are
/// named: a few far away, many nearby.
const SURROUNDINGS: [(f64, usize); 4] = [(6.0, 14), (1.5, 16), (0.4, 14), (0.12, 10)];
/// Candidates whose surroundings get towns, and those towns.
const NAMED_CANDIDATES: usize = 8;
const CANDIDATE_SURROUNDINGS: (f64, usize) = (0.5, 6);

/// A self-contained page with a map.
pub(crate) struct Html<'a, W> {
    out: W,
    thumbnails: &'a dyn Thumbnails,
    /// Number of the data block of each gallery photo already written; `None` for those without picture.
    stored: HashMap<PhotoId, Option<usize>>,
    pictures: usize,
}

/// What the viewer gets for a photo: the view that every other program gets, and what the page adds to it.
#[derive(Serialize)]
struct PageEntry {
    result: PhotoView,
    /// Data block of the query's thumbnail.
    picture: Option<usize>,
    /// Data block of each candidate's thumbnail.
    pictures: Vec<Option<usize>>,
    /// Names for the map around the answers.
    towns: Vec<Town>,
}

impl<'a, W: io::Write> Html<'a, W> {
    /// Writes to `out`, with pictures from `thumbnails`.
    pub(crate) fn new(out: W, thumbnails: &'a dyn Thumbnails) -> Self {
        Self { out, thumbnails, stored: HashMap::new(), pictures: 0 }
    }

    /// Writes a picture as a data block and returns its number; `None` if it is not a JPEG.
    fn picture(&mut self, jpeg: Option<&[u8]>) -> Result<Option<usize>, OutputError> {
        let Some(clean) = jpeg.and_then(jpeg::without_metadata) else { return Ok(None) };
        let number = self.pictures;
        self.pictures += 1;
        let text = STANDARD.encode(clean);
        writeln!(self.out, r#"<script type="text/plain" id="picture-{number}">{text}</script>"#)?;
        Ok(Some(number))
    }

    fn candidate_picture(&mut self, photo: Option<&PhotoId>) -> Result<Option<usize>, OutputError> {
        let Some(photo) = photo else { return Ok(None) };
        if let Some(known) = self.stored.get(photo) {
            return Ok(*known);
        }
        let number = self.picture(self.thumbnails.candidate(photo).as_deref())?;
        self.stored.insert(photo.clone(), number);
        Ok(number)
    }
}

/// Towns around the estimate and the best candidates, each once, the largest first.
fn towns(result: &PhotoResult) -> Vec<Town> {
    let Ok(estimate) = &result.outcome else { return Vec::new() };
    if result.precision == Precision::Country {
        return Vec::new();
    }
    let mut towns = Vec::new();
    for box_size in SURROUNDINGS {
        towns.extend(largest_towns(estimate.location, box_size));
    }
    for ranked in estimate.candidates.iter().take(NAMED_CANDIDATES) {
        towns.extend(largest_towns(ranked.candidate.location, CANDIDATE_SURROUNDINGS));
    }
    towns.sort_by(|one, other| other.3.cmp(&one.3).then_with(|| one.0.cmp(other.0)));
    towns.dedup();
    towns
}

fn largest_towns(around: LatLon, (half_height, most): (f64, usize)) -> impl Iterator<Item = Town> {
    let (latitude, longitude) = (around.latitude(), around.longitude());
    let half_width = (half_height / latitude.to_radians().cos().max(0.05)).min(90.0);
    let turn = |degrees: f64| (degrees + 180.0).rem_euclid(360.0) - 180.0;
    let (south, north) = ((latitude - half_height).max(-90.0), (latitude + half_height).min(90.0));
    let (west, east) = (turn(longitude - half_width), turn(longitude + half_width));
    ReverseGeocoder::embedded()
        .largest_cities(south, west, north, east, most)
        .into_iter()
        .map(|city| page::town(&city))
}

impl<W: io::Write> Writer for Html<'_, W> {
    fn begin(&mut self) -> Result<(), OutputError> {
        self.out.write_all(page::head().as_bytes())?;
        Ok(())
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        let picture = self.picture(self.thumbnails.query(result).as_deref())?;
        let mut pictures = Vec::new();
        if let Ok(estimate) = &result.outcome {
            for ranked in &estimate.candidates {
                pictures.push(self.candidate_picture(ranked.candidate.photo.as_ref())?);
            }
        }
        let towns = towns(result);
        let entry = PageEntry { result: result.view(), picture, pictures, towns };
        let json = escape::json_in_script(&serde_json::to_string(&entry)?);
        writeln!(self.out, r#"<script type="application/json" class="photo-data">{json}</script>"#)?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.out.write_all(page::tail().as_bytes())?;
        self.out.flush()?;
        Ok(())
    }
}
