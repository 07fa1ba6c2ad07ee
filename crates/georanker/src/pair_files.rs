//! Scoring of pairs whose photos are files.

use std::path::Path;

use contract::{ErrorKind, Failure, PhotoId};
use formats::pairs::PairsRow;
use gallery::PhotoFiles;
use nets::qwen2_vl::patches::PixelError;
use photo::{DecodeOptions, Image, Limits, PhotoError, decode, read_photo_bytes, reencode_jpeg};
use rank::vlm::{PairGroup, PairScorer, PreparedPhoto, Reencode, ScorePairs, ScoredGroup, ScorerOptions};

/// An LVLM scorer that reads photos from files.
#[derive(Debug)]
pub struct PairFileScorer {
    scorer: PairScorer,
    decode: DecodeOptions,
    reencode: Reencode,
    limits: Limits,
    /// Where names of photos are looked up; paths are opened where there is none.
    sources: Option<Sources>,
}

#[derive(Debug)]
struct Sources {
    queries: PhotoFiles,
    candidates: PhotoFiles,
}

impl PairFileScorer {
    /// Opens a checkpoint directory. The official protocol reads pixels as the reference does: EXIF orientation
    /// ignored, alpha dropped.
    ///
    /// # Errors
    /// A [`Failure`] that names the file of the model.
    pub fn open(model: &Path, options: &ScorerOptions, reencode: Reencode) -> Result<Self, Failure> {
        Ok(Self {
            scorer: PairScorer::open(model, options)?,
            decode: options.inputs.protocol.decoding(),
            reencode,
            limits: Limits::default(),
            sources: None,
        })
    }

    /// Takes the rows' photos for names in folders or tar files, as a benchmark has them.
    #[must_use]
    pub fn with_photos(mut self, queries: PhotoFiles, candidates: PhotoFiles) -> Self {
        self.sources = Some(Sources { queries, candidates });
        self
    }

    /// Reads the photos of a row: the query first, each other file once.
    ///
    /// # Errors
    /// A [`Failure`] that names the photo.
    pub fn prepare(&self, row: &PairsRow) -> Result<PairGroup, Failure> {
        let (queries, others) = match &self.sources {
            Some(sources) => (Some(&sources.queries), Some(&sources.candidates)),
            None => (None, None),
        };
        let query = self.photo(&row.query, queries, self.reencode.queries())?;
        PairGroup::build(query, row.candidates.iter().cloned(), row.negatives.clone(), |path| {
            self.photo(path, others, self.reencode.candidates())
        })
    }

    /// Scores a group whose photos have been read.
    ///
    /// # Errors
    /// A [`Failure`] of the model.
    pub fn score_group(&self, group: &PairGroup) -> Result<ScoredGroup, Failure> {
        self.scorer.score(group)
    }

    fn photo(
        &self,
        path: &Path,
        source: Option<&PhotoFiles>,
        reencode: bool,
    ) -> Result<PreparedPhoto, Failure> {
        let name = path.display().to_string();
        let failed = |error: PhotoError| error.named(&name);
        let bytes = match source {
            None => read_photo_bytes(path, &self.limits)?,
            Some(source) => {
                let id = PhotoId(path.to_string_lossy().into_owned());
                let bytes = source.read(&id)?;
                self.limits.check_file_bytes(bytes.len() as u64).map_err(failed)?;
                bytes
            }
        };
        let mut image: Image = decode(&bytes, &self.limits, self.decode).map_err(failed)?;
        if reencode {
            image = reencode_jpeg(&image).map_err(failed)?;
        }
        self.scorer.prepare(&image).map_err(|error| {
            let failure = Failure::new(ErrorKind::InvalidPhoto, format!("{name}: {error}"));
            match error {
                PixelError::TooLong { .. } => {
                    failure.with_hint("crop the photo: sides may differ by a factor of 200 at most")
                }
                _ => failure,
            }
        })
    }
}

impl ScorePairs for PairFileScorer {
    fn name(&self) -> &str {
        self.scorer.name()
    }

    fn score(&self, row: &PairsRow) -> Result<Vec<f32>, Failure> {
        Ok(self.score_group(&self.prepare(row)?)?.scores)
    }
}
