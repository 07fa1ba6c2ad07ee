//! Steps that fit heads, and the gallery under them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use contract::Encoder as _;
use gallery::PhotoFiles;
use georanker::pack::Manifest;
use georanker::{Heads, PhotoEncoder, fingerprint};
use rayon::prelude::*;

use super::{Builder, Step};
use crate::corpus::Corpus;
use crate::features::Maker;
use crate::field::Field;
use crate::folds::{Folds, Regime};
use crate::gallery_files::{GALLERY, INDEX, write_gallery, write_index};
use crate::pack_files::{HEADS, describe};
use crate::space::{Fit, Space, location_space};
use crate::work::Key;
use crate::{BuildError, Event};

impl Builder<'_> {
    pub(super) fn space_of_places(&self, corpus: &Corpus) -> Result<Vec<f32>, BuildError> {
        if !self.config.fits_heads() {
            return Ok(Vec::new());
        }
        let width = corpus.world_encoded.as_ref().map_or(0, |encoded| encoded.width);
        location_space(corpus, self.config.heads.location_dimension.min(width.max(1)))
    }

    fn fit<'c>(&'c self, corpus: &'c Corpus, location_space: &'c [f32]) -> Result<Fit<'c>, BuildError> {
        let final_length = match self.maker()? {
            Maker::Features(extractor) => extractor.final_length(),
            Maker::Channels(_) => corpus.features.length,
        };
        Ok(Fit { corpus, config: &self.config.heads, final_length, location_space, seed: self.config.seed })
    }

    pub(super) fn heads(
        &self,
        corpus: &Corpus,
        location_space: &[f32],
    ) -> Result<(Space, Option<PathBuf>), BuildError> {
        if !self.config.fits_heads() {
            let encoder = PhotoEncoder::open_with(&self.pack, &self.options.load)?;
            return Ok((Space::Own(encoder.channels().to_vec()), None));
        }
        let directory = self.made(Step::Heads, &self.keys.heads, |directory| {
            let heads = self.fit(corpus, location_space)?.heads(&corpus.gallery)?;
            save_heads(&directory.join(HEADS), &heads)
        })?;
        let file = directory.join(HEADS);
        Ok((Space::Heads(Box::new(open_heads(&file)?)), Some(file)))
    }

    /// Writes gallery and index; the manifest knows the heads then.
    pub(super) fn gallery(
        &self,
        corpus: &Corpus,
        space: &Space,
        heads: Option<&Path>,
    ) -> Result<(Manifest, PathBuf), BuildError> {
        let mut manifest = self.pack.manifest().clone();
        if let Some(folder) = heads.and_then(Path::parent) {
            manifest.encoder.heads = Some(HEADS.to_owned());
            manifest.files.push(describe(folder, HEADS, &self.config.encoder.licence)?);
        }
        let fingerprint = fingerprint(&manifest);
        let directory = self.made(Step::Gallery, &self.keys.gallery, |directory| {
            let source = PhotoFiles::open(&self.config.photos.from).map_err(BuildError::part)?;
            let of_pack = (self.config.out.as_path(), fingerprint.as_str());
            write_gallery(
                &directory.join(GALLERY),
                (corpus, space),
                (&self.config.photos, &source),
                of_pack,
                self.run,
            )?;
            write_index(&directory.join(INDEX), corpus, space, &fingerprint)
        })?;
        Ok((manifest, directory))
    }

    pub(super) fn folds(&self, corpus: &Corpus) -> Result<Vec<Folds>, BuildError> {
        let regimes =
            Regime::ALL.iter().filter(|regime| self.config.confidence.fit || **regime == Regime::Plain);
        regimes.map(|&regime| Folds::new(regime, corpus, &self.config.folds)).collect()
    }

    /// Heads for each fold; `None` where the network's own vectors are used.
    pub(super) fn fold_heads(
        &self,
        corpus: &Corpus,
        folds: &[Folds],
        location_space: &[f32],
    ) -> Result<Option<PathBuf>, BuildError> {
        if !self.config.fits_heads() {
            return Ok(None);
        }
        // One directory for all of them, and one for each within the run: a fold takes minutes.
        let directory = self.made(Step::Folds, &self.keys.folds, |directory| {
            let fit = self.fit(corpus, location_space)?;
            let wanted: Vec<(&Folds, usize)> = folds
                .iter()
                .flat_map(|folds| (0..self.config.folds.count).map(move |fold| (folds, fold)))
                .collect();
            let done = AtomicUsize::new(0);
            wanted.par_iter().try_for_each(|(folds, fold)| {
                if self.run.stop.load(Ordering::Relaxed) {
                    return Err(BuildError::Interrupted);
                }
                let key = Key::of("fold", &(folds.regime, fold), &[&self.keys.folds]);
                let kept = self.work.get_or_make("fold", &key, |kept| {
                    save_heads(&kept.join(HEADS), &fit.heads(&folds.others(corpus, *fold))?)
                })?;
                let name = directory.join(fold_name(folds.regime, *fold));
                fs::copy(kept.join(HEADS), &name).map_err(BuildError::io(&name))?;
                let done = 1 + done.fetch_add(1, Ordering::Relaxed);
                self.run.tell(Event::Count { done, total: wanted.len() });
                Ok(())
            })
        })?;
        Ok(Some(directory))
    }

    pub(super) fn field<'c>(
        &self,
        corpus: &'c Corpus,
        space: &Space,
        folds: &Folds,
        fold: Option<usize>,
        fold_directory: Option<&Path>,
    ) -> Result<Field<'c>, BuildError> {
        let (space, gallery) = match (fold, fold_directory) {
            (Some(fold), Some(directory)) => {
                let heads = open_heads(&directory.join(fold_name(folds.regime, fold)))?;
                (Space::Heads(Box::new(heads)), folds.others(corpus, fold))
            }
            (Some(fold), None) => (space.clone(), folds.others(corpus, fold)),
            (None, _) => (space.clone(), corpus.gallery.clone()),
        };
        Ok(Field::new(corpus, space, gallery, self.config.retrieval))
    }
}

fn fold_name(regime: Regime, fold: usize) -> String {
    let regime = match regime {
        Regime::Plain => "plain",
        Regime::OtherAuthors => "authors",
        Regime::Far => "far",
    };
    format!("{regime}-{fold}.safetensors")
}

fn save_heads(path: &Path, heads: &Heads) -> Result<(), BuildError> {
    fs::write(path, heads.to_bytes()?).map_err(BuildError::io(path))
}

fn open_heads(path: &Path) -> Result<Heads, BuildError> {
    Ok(Heads::from_bytes(&fs::read(path).map_err(BuildError::io(path))?)?)
}
