//! The steps of a build, in order.

mod encode;
mod fit;
mod keys;
mod learn;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use contract::{Channel, PhotoId};
use gallery::PhotoFiles;
use georanker::Pack;
use georanker::pack::{EvidenceManifest, Manifest, RankerManifest};
use nets::LoadOptions;

use self::keys::{Keys, digest};
use crate::choose::Choice;
use crate::config::BuildConfig;
use crate::evidence::{FILES, JUDGED};
use crate::features::{Parts, Shard};
use crate::folds::Folds;
use crate::list::PhotoList;
use crate::pack_files::{Ingredients, Made, confidence_entry, retrieval};
use crate::work::{Key, Work};
use crate::{BuildError, Event, Run};

/// A step of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Photos to features.
    Features,
    /// Places and the world's coordinates to vectors.
    Places,
    /// Heads on all gallery photos.
    Heads,
    /// The gallery and the index of coordinates.
    Gallery,
    /// Heads for each fold of the three regimes.
    Folds,
    /// The numbers of the vote and the decision.
    Ranker,
    /// The model of confidence.
    Confidence,
    /// What all this does on the test photos.
    Report,
    /// The pack in its place.
    Pack,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 9] = [
        Self::Features,
        Self::Places,
        Self::Heads,
        Self::Gallery,
        Self::Folds,
        Self::Ranker,
        Self::Confidence,
        Self::Report,
        Self::Pack,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Features => "features",
            Self::Places => "places",
            Self::Heads => "heads",
            Self::Gallery => "gallery",
            Self::Folds => "folds",
            Self::Ranker => "ranker",
            Self::Confidence => "confidence",
            Self::Report => "report",
            Self::Pack => "pack",
        }
    }
}

impl std::str::FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = Self::ALL.map(Self::name);
        let found = Self::ALL.into_iter().find(|step| step.name() == text);
        found.ok_or_else(|| format!("`{text}` is not a step; the steps are {}", names.join(", ")))
    }
}

/// How a build is run.
#[derive(Clone, Debug)]
pub struct BuildOptions {
    /// Only this step; those before it must have been made.
    pub only: Option<Step>,
    /// The part of the features that this machine makes.
    pub shard: Shard,
    /// Device and threads of the encoder.
    pub load: LoadOptions,
}

impl Default for BuildOptions {
    fn default() -> Self {
        Self { only: None, shard: Shard::ALL, load: LoadOptions::default() }
    }
}

/// What was built.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// The report, Markdown; empty if the build ended before it.
    pub report: String,
    /// The pack, if it was put in place.
    pub pack: Option<PathBuf>,
    /// Photos that could not be read, with the reason.
    pub failed: Vec<(PhotoId, String)>,
}

/// Runs the steps that have not been made, or one of them.
///
/// # Errors
/// [`BuildError`]; what earlier steps made is kept.
pub fn build(config: &BuildConfig, options: &BuildOptions, run: &Run<'_>) -> Result<Built, BuildError> {
    Builder::open(config, options, run)?.build()
}

struct Builder<'a> {
    config: &'a BuildConfig,
    options: &'a BuildOptions,
    run: &'a Run<'a>,
    work: Work,
    ingredients: Ingredients,
    /// Encoder and location files as a pack that can be opened.
    pack: Pack,
    list: PhotoList,
    keys: Keys,
}

impl<'a> Builder<'a> {
    fn open(
        config: &'a BuildConfig,
        options: &'a BuildOptions,
        run: &'a Run<'a>,
    ) -> Result<Self, BuildError> {
        let default = || {
            let mut name = config.out.file_name().unwrap_or_default().to_owned();
            name.push(".work");
            config.out.with_file_name(name)
        };
        let work = Work::at(&config.work.clone().unwrap_or_else(default))?;
        let ingredients = Ingredients::of(config);
        let sums: Vec<String> = ingredients.all().map(|one| digest(&one.from)).collect::<Result<_, _>>()?;
        let files = Key::of("files", &sums, &[]);
        let directory = work.get_or_make("files", &files, |directory| ingredients.bring(directory))?;
        let manifest = ingredients.manifest(config, &directory)?;
        let list = PhotoList::read(&config.photos)?;
        let keys = Keys::of(config, &files)?;
        Ok(Self {
            pack: Pack::in_memory(&directory, manifest),
            config,
            options,
            run,
            work,
            ingredients,
            list,
            keys,
        })
    }

    fn build(&self) -> Result<Built, BuildError> {
        let mut built = Built::default();
        let features = self.features()?;
        let Some(features) = features else { return Ok(built) };
        built.failed = features
            .failed
            .iter()
            .filter_map(|one| Some((self.list.ids.get(one.row as usize)?.clone(), one.message.clone())))
            .collect();
        if self.is_last(Step::Features) {
            return Ok(built);
        }
        let corpus = self.corpus(features)?;
        if self.is_last(Step::Places) {
            return Ok(built);
        }
        let space_of_places = self.space_of_places(&corpus)?;
        let (space, heads_file) = self.heads(&corpus, &space_of_places)?;
        if self.is_last(Step::Heads) {
            return Ok(built);
        }
        let (manifest, gallery) = self.gallery(&corpus, &space, heads_file.as_deref())?;
        if self.is_last(Step::Gallery) {
            return Ok(built);
        }
        let folds = self.folds(&corpus)?;
        let fold_directory = self.fold_heads(&corpus, &folds, &space_of_places)?;
        if self.is_last(Step::Folds) {
            return Ok(built);
        }
        let field = |folds: &Folds, fold: Option<usize>| {
            self.field(&corpus, &space, folds, fold, fold_directory.as_deref())
        };
        let (choice, rankers) = self.ranker(&corpus, &folds, &field)?;
        if self.is_last(Step::Ranker) {
            return Ok(built);
        }
        let confidence = self.confidence(&corpus, &folds, &field, &choice, &rankers)?;
        if self.is_last(Step::Confidence) {
            return Ok(built);
        }
        let report =
            self.report(&corpus, &folds, &field, &choice, rankers.whole.as_ref(), confidence.as_deref())?;
        built.report = fs::read_to_string(&report).map_err(BuildError::io(&report))?;
        if self.is_last(Step::Report) {
            return Ok(built);
        }
        self.step(Step::Pack, false);
        let channels: Vec<Channel> = space.channels().into_iter().map(|spec| spec.channel).collect();
        let manifest = Manifest {
            retrieval: retrieval(self.config, &channels),
            ranker: ranker_entry(&choice),
            decision: choice.decision,
            calibration: choice.calibration,
            confidence: confidence.is_some().then(|| confidence_entry(self.config)),
            ..manifest
        };
        let made = Made {
            config: self.config,
            ingredients: &self.ingredients,
            manifest,
            heads: heads_file,
            gallery,
            ranker: rankers.files.clone(),
            confidence,
            report,
        };
        built.pack = Some(made.assemble()?.directory().to_owned());
        Ok(built)
    }

    fn is_last(&self, step: Step) -> bool {
        self.options.only == Some(step)
    }

    fn step(&self, step: Step, known: bool) {
        self.run.tell(Event::Step { step, known });
    }

    /// The directory of a step, made now if it may be.
    fn made(
        &self,
        step: Step,
        key: &Key,
        make: impl FnOnce(&Path) -> Result<(), BuildError>,
    ) -> Result<PathBuf, BuildError> {
        let known = self.work.has(step.name(), key);
        if let (Some(only), false) = (self.options.only.filter(|only| *only != step), known) {
            return Err(BuildError::Needs { step: only.name(), needs: step.name() });
        }
        if self.options.only.is_none_or(|only| only == step) {
            self.step(step, known);
        }
        self.work.get_or_make(step.name(), key, make)
    }
}

/// The ranker's entry in the manifest.
fn ranker_entry(choice: &Choice) -> RankerManifest {
    if !choice.evidence {
        return RankerManifest::Similarity(choice.settings.clone());
    }
    RankerManifest::Evidence(EvidenceManifest {
        judged: JUDGED,
        models: FILES.map(str::to_owned).to_vec(),
        vote: choice.settings.clone(),
    })
}

/// What is known of a build before it runs.
pub(crate) struct Known {
    pub(crate) photos: usize,
    pub(crate) length: usize,
    /// Parts of the features that are there, of all.
    pub(crate) parts: (usize, usize),
    /// Of each of [`Step::ALL`].
    pub(crate) made: [bool; Step::ALL.len()],
}

/// Looks which steps have been made.
pub(crate) fn made_steps(config: &BuildConfig) -> Result<Known, BuildError> {
    let options = BuildOptions::default();
    let run = Run { stop: &AtomicBool::new(false), tell: &|_| {} };
    let builder = Builder::open(config, &options, &run)?;
    let source = PhotoFiles::open(&config.photos.from).map_err(BuildError::part)?;
    let length = builder.maker()?.length();
    let parts = Parts {
        directory: builder.work.path("parts", &builder.keys.features),
        ids: &builder.list.ids,
        source: &source,
        length,
    };
    let missing = parts.missing().map_or(0, |(_, missing)| missing);
    let keys = &builder.keys;
    let of_step = [
        &keys.features,
        &keys.places,
        &keys.heads,
        &keys.gallery,
        &keys.folds,
        &keys.ranker,
        &keys.confidence,
        &keys.report,
    ];
    let mut made = [false; Step::ALL.len()];
    for ((made, step), key) in made.iter_mut().zip(Step::ALL).zip(of_step) {
        *made = builder.work.has(step.name(), key);
    }
    Ok(Known { photos: builder.list.len(), length, parts: (parts.count() - missing, parts.count()), made })
}
