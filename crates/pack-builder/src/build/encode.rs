//! Steps that encode: photos to features, places to vectors.

use std::path::Path;

use contract::{Channel, Encoder as _, PhotoId};
use gallery::{FolderSource, PhotoFiles, PhotoSource as _};
use georanker::{FeatureExtractor, PhotoEncoder};
use nets::LoadOptions;
use nets::geoclip::LocationEncoder;
use photo::{DecodeOptions, Limits, content, decode_photo};
use rayon::prelude::*;

use super::{Builder, Step};
use crate::corpus::Corpus;
use crate::features::{Features, Maker, Parts, Shard};
use crate::field::Field;
use crate::places::{Encoded, encode_into, world};
use crate::report::Refused;
use crate::{BuildError, Event};

impl Builder<'_> {
    pub(super) fn maker(&self) -> Result<Maker, BuildError> {
        Ok(if self.config.fits_heads() {
            Maker::Features(Box::new(FeatureExtractor::open_with(&self.pack, &self.options.load)?))
        } else {
            Maker::Channels(Box::new(PhotoEncoder::open_with(&self.pack, &self.options.load)?))
        })
    }

    /// The features of all photos; `None` after a shard of them.
    pub(super) fn features(&self) -> Result<Option<Features>, BuildError> {
        let source = PhotoFiles::open(&self.config.photos.from).map_err(BuildError::part)?;
        let maker = self.maker()?;
        let parts = Parts {
            directory: self.work.path("parts", &self.keys.features),
            ids: &self.list.ids,
            source: &source,
            length: maker.length(),
        };
        let known = self.work.has(Step::Features.name(), &self.keys.features);
        let is_asked = self.options.only.is_none_or(|only| only == Step::Features);
        if !known && is_asked {
            self.step(Step::Features, false);
            parts.make(self.options.shard, || Ok(maker), self.run)?;
            if self.options.shard != Shard::ALL && parts.missing().is_some() {
                return Ok(None);
            }
        }
        let allowed = self.config.photos.failures_allowed;
        let merge = |directory: &Path| parts.merge(directory, allowed);
        let directory = if !known && is_asked {
            self.work.get_or_make(Step::Features.name(), &self.keys.features, merge)?
        } else {
            self.made(Step::Features, &self.keys.features, merge)?
        };
        let features = Features::open(&directory, parts.length)?;
        if features.len() < features.failed.len() + self.list.len() {
            for failed in features.failed.iter().take(3) {
                self.run.tell(Event::Note(&failed.message));
            }
            if features.failed.len() > 3 {
                self.run.tell(Event::Note(&format!("and {} photos more failed", features.failed.len() - 3)));
            }
        }
        Ok(Some(features))
    }

    /// Features of the pictures that must be refused; `split` is `val` or `test`.
    pub(super) fn refused(&self, field: &Field<'_>, split: &str) -> Result<Vec<Refused>, BuildError> {
        let Some(refuse) = &self.config.photos.refuse else { return Ok(Vec::new()) };
        let wrong = |why: String| BuildError::Config { path: refuse.table.clone(), why };
        let mut reader = csv::Reader::from_path(&refuse.table).map_err(|error| wrong(error.to_string()))?;
        let headers = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
        let column = |name: &str| {
            headers
                .iter()
                .position(|known| known == name)
                .ok_or_else(|| wrong(format!("it has no column `{name}`")))
        };
        let (file, of_split) = (column("file")?, column("split")?);
        let mut ids: Vec<PhotoId> = Vec::new();
        let mut splits: Vec<String> = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| wrong(error.to_string()))?;
            ids.push(record.get(file).unwrap_or_default().into());
            splits.push(record.get(of_split).unwrap_or_default().to_owned());
        }
        let source = FolderSource::open(&refuse.from).map_err(BuildError::part)?;
        let maker = self.maker()?;
        let parts = Parts {
            directory: self.work.path("refuse-parts", &self.keys.refuse),
            ids: &ids,
            source: &source,
            length: maker.length(),
        };
        parts.make(Shard::ALL, || Ok(maker), self.run)?;
        let directory =
            self.work.get_or_make("refuse", &self.keys.refuse, |directory| parts.merge(directory, 0.0))?;
        let features = Features::open(&directory, parts.length)?;
        let wanted: Vec<usize> =
            (0..features.len()).filter(|&index| splits[features.rows()[index] as usize] == split).collect();
        wanted
            .par_iter()
            .map(|&index| {
                let id = &ids[features.rows()[index] as usize];
                let bytes = source.read(id).map_err(BuildError::part)?;
                let decoded = decode_photo(&id.0, &bytes, &Limits::default(), DecodeOptions::default())?;
                Ok(Refused {
                    set: field.candidates_of(&id.0, features.row(index)),
                    no_content: !content(&decoded.image).is_something(),
                })
            })
            .collect()
    }

    /// Encodes places, and puts everything together.
    pub(super) fn corpus(&self, features: Features) -> Result<Corpus, BuildError> {
        let points = match &self.ingredients.coordinates {
            Some(coordinates) => world(&coordinates.from)?,
            None => Vec::new(),
        };
        let encoder = self.place_encoder()?;
        let Some(encoder) = encoder else {
            return Corpus::new(self.list.clone(), features, None, (Vec::new(), None), self.run);
        };
        let directory = self.made(Step::Places, &self.keys.places, |directory| {
            encode_into(&directory.join("here.f32"), &self.list.places, &encoder, self.run)?;
            if !points.is_empty() {
                encode_into(&directory.join("world.f32"), &points, &encoder, self.run)?;
            }
            Ok(())
        })?;
        let here = Some(Encoded::open(&directory.join("here.f32"), self.list.len())?);
        let encoded = (!points.is_empty())
            .then(|| Encoded::open(&directory.join("world.f32"), points.len()))
            .transpose()?;
        Corpus::new(self.list.clone(), features, here, (points, encoded), self.run)
    }

    /// What makes vectors of places; `None` for an encoder that knows none.
    #[allow(clippy::type_complexity, reason = "a closure behind a pointer")]
    fn place_encoder(
        &self,
    ) -> Result<Option<Box<dyn Fn(&[geo::LatLon]) -> Result<Vec<f32>, BuildError> + Sync + '_>>, BuildError>
    {
        if self.config.fits_heads() {
            let Some(file) = &self.ingredients.location_encoder else { return Ok(None) };
            let encoder = LocationEncoder::from_file(&file.from, &LoadOptions::default())
                .map_err(|error| BuildError::from(georanker::PackError::from(error)))?;
            return Ok(Some(Box::new(move |points| Ok(encoder.encode_normalised(points)))));
        }
        let encoder = PhotoEncoder::open_with(&self.pack, &self.options.load)?;
        if encoder.channels().iter().all(|spec| spec.channel != Channel::location()) {
            return Ok(None);
        }
        Ok(Some(Box::new(move |points| {
            let vectors = encoder.encode_places(points)?.unwrap_or_default();
            Ok(vectors.concat())
        })))
    }
}
