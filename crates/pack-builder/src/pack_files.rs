//! The pack's files and manifest: what it is made of, and putting it in place.

use std::fs;
use std::path::{Path, PathBuf};

use contract::Channel;
use files::{sha256_of_file, write_atomic};
use georanker::Pack;
use georanker::pack::{
    ConfidenceManifest, DecisionManifest, DecisionRule, EncoderManifest, FileManifest, GalleryManifest,
    LocationsManifest, MANIFEST_FILE, MANIFEST_FORMAT, Manifest, RankerManifest, RetrievalManifest,
};
use rank::{Calibration, ChannelVote, SimilaritySettings, SpatialKernel};

use crate::BuildError;
use crate::config::BuildConfig;
use crate::gallery_files::{GALLERY, INDEX};

pub(crate) const HEADS: &str = "heads.safetensors";
pub(crate) const CONFIDENCE: &str = "confidence.safetensors";
pub(crate) const REPORT: &str = "report.md";

/// A file that a pack takes over: where it is, and what it is called in the pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ingredient {
    pub(crate) from: PathBuf,
    pub(crate) name: String,
    pub(crate) licence: String,
}

/// The names of a configuration's files in the pack. A file that lies in the pack's directory already keeps its name.
pub(crate) struct Ingredients {
    pub(crate) config: Ingredient,
    pub(crate) weights: Ingredient,
    pub(crate) preprocessor: Option<Ingredient>,
    pub(crate) image_head: Option<Ingredient>,
    pub(crate) location_encoder: Option<Ingredient>,
    pub(crate) coordinates: Option<Ingredient>,
}

impl Ingredients {
    pub(crate) fn of(config: &BuildConfig) -> Self {
        let named = |from: &Path, folder: &str, licence: &str| {
            let inside = from.canonicalize().ok().and_then(|from| {
                let out = config.out.canonicalize().ok()?;
                Some(
                    from.strip_prefix(out)
                        .ok()?
                        .components()
                        .map(|part| part.as_os_str().to_string_lossy().into_owned())
                        .collect::<Vec<_>>()
                        .join("/"),
                )
            });
            let file = from.file_name().unwrap_or_default().to_string_lossy();
            let name = inside.unwrap_or_else(|| format!("{folder}/{file}"));
            Ingredient { from: from.to_owned(), name, licence: licence.to_owned() }
        };
        let encoder = |from: &Path| named(from, "encoder", &config.encoder.licence);
        let locations = config.locations.as_ref();
        let of_locations = |from: &Path| {
            named(from, "locations", locations.map_or("", |locations| locations.licence.as_str()))
        };
        Self {
            config: encoder(&config.encoder.config),
            weights: encoder(&config.encoder.weights),
            preprocessor: config.encoder.preprocessor.as_deref().map(encoder),
            image_head: config.encoder.image_head.as_deref().map(encoder),
            location_encoder: locations.and_then(|one| one.encoder.as_deref()).map(of_locations),
            coordinates: locations.map(|one| of_locations(&one.coordinates)),
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Ingredient> {
        let optional = [&self.preprocessor, &self.image_head, &self.location_encoder, &self.coordinates];
        [&self.config, &self.weights].into_iter().chain(optional.into_iter().flatten())
    }

    /// Brings the files into a directory from which an encoder can be opened.
    pub(crate) fn bring(&self, directory: &Path) -> Result<(), BuildError> {
        for Ingredient { from, name, .. } in self.all() {
            bring(from, &directory.join(name))?;
        }
        Ok(())
    }

    /// A manifest that names them, and nothing that is chosen later.
    pub(crate) fn manifest(&self, config: &BuildConfig, directory: &Path) -> Result<Manifest, BuildError> {
        let name = |one: &Option<Ingredient>| one.as_ref().map(|one| one.name.clone());
        let files = self.all().map(|one| describe(directory, &one.name, &one.licence));
        let placeholder = SimilaritySettings {
            votes: vec![ChannelVote { channel: Channel::photo(), weight: 1.0, temperature: 0.1 }],
            kernel: SpatialKernel { scales: vec![(25.0, 1.0)] },
        };
        Ok(Manifest {
            format: MANIFEST_FORMAT,
            name: config.name.clone(),
            version: config.version.clone(),
            summary: config.summary.clone(),
            encoder: EncoderManifest {
                kind: config.encoder.kind,
                config: self.config.name.clone(),
                weights: self.weights.name.clone(),
                heads: name(&self.image_head),
                views: config.encoder.views.clone(),
                preprocessor: name(&self.preprocessor),
                dtype: config.encoder.dtype,
                channels: Vec::new(),
            },
            locations: LocationsManifest {
                encoder: name(&self.location_encoder),
                index: None,
                coordinates: name(&self.coordinates),
            },
            gallery: None,
            retrieval: Vec::new(),
            fused: None,
            ranker: RankerManifest::Similarity(placeholder),
            decision: DecisionManifest {
                rule: DecisionRule::Argmax,
                temperature: 1.0,
                least_similarity: None,
            },
            calibration: Calibration::none(),
            confidence: None,
            files: files.collect::<Result<_, _>>()?,
        })
    }
}

/// Candidates of each channel.
pub(crate) fn retrieval(config: &BuildConfig, channels: &[Channel]) -> Vec<RetrievalManifest> {
    channels
        .iter()
        .map(|channel| RetrievalManifest {
            channel: channel.clone(),
            top: if *channel == Channel::location() {
                config.retrieval.location
            } else {
                config.retrieval.photo
            },
        })
        .collect()
}

/// A file's entry in the manifest.
pub(crate) fn describe(directory: &Path, name: &str, licence: &str) -> Result<FileManifest, BuildError> {
    let path = directory.join(name);
    let sum = sha256_of_file(&path).map_err(BuildError::io(&path))?;
    Ok(FileManifest {
        path: name.to_owned(),
        bytes: sum.bytes,
        sha256: sum.sha256,
        licence: licence.to_owned(),
    })
}

/// A file under another name, by a link where the file system has them.
fn bring(from: &Path, to: &Path) -> Result<(), BuildError> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(BuildError::io(folder))?;
    }
    let from = from.canonicalize().map_err(BuildError::io(from))?;
    if fs::hard_link(&from, to).is_ok() {
        return Ok(());
    }
    fs::copy(&from, to).map_err(BuildError::io(&from)).map(|_| ())
}

/// Copies a file, unless the same bytes are there.
pub(crate) fn copy_changed(from: &Path, to: &Path) -> Result<(), BuildError> {
    let sum = |path: &Path| sha256_of_file(path).map_err(BuildError::io(path));
    if to.is_file() && sum(to)? == sum(from)? {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(BuildError::io(folder))?;
    }
    let mut file = files::AtomicFile::create(to).map_err(BuildError::io(to))?;
    let mut source = fs::File::open(from).map_err(BuildError::io(from))?;
    std::io::copy(&mut source, &mut file).map_err(BuildError::io(to))?;
    file.commit().map_err(BuildError::io(to))
}

/// Names of the files in a directory, in order.
pub(crate) fn names(directory: &Path) -> Result<Vec<String>, BuildError> {
    let entries = fs::read_dir(directory).map_err(BuildError::io(directory))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(BuildError::io(directory))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// What the steps made, on the way into the pack.
pub(crate) struct Made<'a> {
    pub(crate) config: &'a BuildConfig,
    pub(crate) ingredients: &'a Ingredients,
    /// With everything but the files.
    pub(crate) manifest: Manifest,
    pub(crate) heads: Option<PathBuf>,
    pub(crate) gallery: PathBuf,
    pub(crate) ranker: Vec<PathBuf>,
    pub(crate) confidence: Option<PathBuf>,
    pub(crate) report: PathBuf,
}

impl Made<'_> {
    /// Puts all files into the pack's directory, the manifest last, and checks it.
    pub(crate) fn assemble(mut self) -> Result<Pack, BuildError> {
        let out = &self.config.out;
        fs::create_dir_all(out).map_err(BuildError::io(out))?;
        let (encoder, photos) = (&self.config.encoder.licence, &self.config.photos.licence);
        let mut files: Vec<(PathBuf, String, String)> = self
            .ingredients
            .all()
            .map(|one| (one.from.clone(), one.name.clone(), one.licence.clone()))
            .collect();
        files.extend(self.heads.clone().map(|path| (path, HEADS.to_owned(), encoder.clone())));
        files.extend(self.confidence.clone().map(|path| (path, CONFIDENCE.to_owned(), encoder.clone())));
        for path in &self.ranker {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            files.push((path.clone(), name.into_owned(), encoder.clone()));
        }
        let index = self.gallery.join(INDEX);
        if index.is_file() {
            // The countries of the coordinates are of OpenStreetMap.
            let licence = self.config.locations.as_ref().map_or("", |one| one.licence.as_str());
            files.push((index, INDEX.to_owned(), format!("{licence} AND ODbL-1.0")));
            self.manifest.locations.index = Some(INDEX.to_owned());
        }
        let gallery = self.gallery.join(GALLERY);
        let of_gallery = names(&gallery)?;
        for name in &of_gallery {
            files.push((gallery.join(name), format!("{GALLERY}/{name}"), photos.clone()));
        }
        files.push((self.report.clone(), REPORT.to_owned(), encoder.clone()));
        for (from, name, _) in &files {
            copy_changed(from, &out.join(name))?;
        }
        // Files of an earlier gallery.
        for name in names(&out.join(GALLERY))?.into_iter().filter(|name| !of_gallery.contains(name)) {
            let path = out.join(GALLERY).join(name);
            fs::remove_file(&path).map_err(BuildError::io(&path))?;
        }
        self.manifest.gallery = Some(GalleryManifest { path: GALLERY.to_owned() });
        self.manifest.files =
            files.iter().map(|(_, name, licence)| describe(out, name, licence)).collect::<Result<_, _>>()?;
        let path = out.join(MANIFEST_FILE);
        let problem = |why: String| BuildError::Damaged { path: path.clone(), why };
        if let Some(why) = self.manifest.problem() {
            return Err(problem(why));
        }
        let text = toml::to_string_pretty(&self.manifest).map_err(|error| problem(error.to_string()))?;
        let head = "# Written by `georanker pack build`. Every file is checked against its sha256 before it is used.\n\n";
        write_atomic(&path, format!("{head}{text}")).map_err(BuildError::io(&path))?;
        let pack = Pack::open(out)?;
        match pack.verify().first() {
            Some(wrong) => Err(problem(format!("the pack just written is broken: {wrong:?}"))),
            None => Ok(pack),
        }
    }
}

/// The entry of a fitted model of confidence.
pub(crate) fn confidence_entry(config: &BuildConfig) -> ConfidenceManifest {
    ConfidenceManifest {
        model: CONFIDENCE.to_owned(),
        abstain_radius_km: config.confidence.abstain_radius_km,
        abstain_below: config.confidence.abstain_below,
    }
}
