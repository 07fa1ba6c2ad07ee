//! From open photos and public weights to a pack.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use contract::{Attribution, Channel, ChannelSpec, Encoder, PerceptualHash, PhotoRecord, QueryEmbedding};
use files::sha256_hex;
use formats::table::PhotoRow;
use gallery::{
    Gallery, GallerySpec, GalleryWriter, IndexedLocation, LocationIndex, NewPhoto, PhotoReference,
    SourceSpec, VectorPrecision,
};
use geo::{LatLon, ReverseGeocoder};
use georanker::pack::{
    DecisionManifest, DecisionRule, EncoderKind, EncoderManifest, EncoderType, FileManifest, GalleryManifest,
    LocationsManifest, MANIFEST_FILE, MANIFEST_FORMAT, Manifest, RankerManifest, RetrievalManifest, View,
};
use georanker::{FeatureExtractor, Heads, Matrix, Pack, Parts, PhotoEncoder, fingerprint};
use nets::LoadOptions;
use nets::efficientnet_lite::EfficientNetLite;
use nets::geoclip::LocationEncoder;
use rank::Calibration;
use train::{
    EncodedLocations, LocationHeadSettings, WhiteningSettings, fit_location_head, fit_neighbourhood_whitening,
};

use crate::locations::{DIMENSION, ENCODED};
use crate::photos::{OpenPhotos, locations};
use crate::select::{self, Validation};
use crate::{locations as world, set};

const CONFIG: &str = "efficientnet-lite2/config.json";
const WEIGHTS: &str = "efficientnet-lite2/model.safetensors";
const LOCATION_ENCODER: &str = "geoclip/location_encoder.safetensors";
const COORDINATES: &str = "geoclip/coordinates_100K.csv";
const HEADS: &str = "heads.safetensors";
const INDEX: &str = "locations.index";
const GALLERY: &str = "gallery";
/// The photos as seen from the gallery's directory.
const PHOTOS_FROM_GALLERY: &str = "../../../data/geophotos/photos.tar";

/// Chosen on the validation split; see docs/src/starter-pack.md.
const WHITENING: WhiteningSettings =
    WhiteningSettings { neighbourhood_km: 5.0, shrinkage: 1.0, dimension: 256 };
/// Weight of the blocks' features beside the final ones.
const BLOCK_WEIGHT: f32 = 0.5;

/// Builds the pack in place. With `ranker_only`, heads, gallery and location index stay as they are; with a `plan`, a set
/// ranker is trained by it.
pub(crate) fn build(
    pack: &Path,
    photos: &Path,
    cache: Option<&Path>,
    ranker_only: bool,
    plan: Option<&set::Plan>,
) -> anyhow::Result<()> {
    let photos = OpenPhotos::open(photos)?;
    let ingredients = Ingredients::gather(pack, &photos, cache)?;
    if !ranker_only {
        let heads = fit_heads(&ingredients)?;
        fs::write(pack.join(HEADS), heads.to_bytes().map_err(anyhow::Error::msg)?)?;
    }
    let (mut manifest, encoder) = open_encoder(pack)?;
    if !ranker_only {
        let heads = encoder.heads().context("the pack's encoder has heads")?;
        write_gallery(&pack.join(GALLERY), &ingredients, heads, encoder.fingerprint())?;
        write_index(pack, &ingredients, heads, encoder.fingerprint())?;
    }

    let validation = validation(&photos, pack, &manifest, encoder)?;
    let settings = select::choose(&mut manifest, &validation)?;
    let mut names = gallery_files(pack)?;
    names.push(INDEX.to_owned());
    if let Some(plan) = plan {
        let workshop = set::Workshop::open(&manifest, pack, &ingredients, &validation, &settings, cache)?;
        if set::build(&mut manifest, pack, &workshop, plan)? {
            names.extend([set::CONFIG, set::WEIGHTS].map(str::to_owned));
        }
    }
    for name in &names {
        manifest.files.push(describe(pack, name)?);
    }
    write_manifest(pack, &manifest)?;
    let problems = Pack::open(pack)?.verify();
    ensure!(problems.is_empty(), "the pack just written is broken: {problems:?}");
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    eprintln!("pack: {} files, {:.1} MB", manifest.files.len(), bytes as f64 / 1e6);
    Ok(())
}

/// The pack's encoder, and a manifest that names its files and nothing that is chosen.
pub(crate) fn open_encoder(pack: &Path) -> anyhow::Result<(Manifest, PhotoEncoder)> {
    let (extractor, _) = extractor(pack)?;
    let heads = Heads::from_bytes(&read(pack, HEADS)?).map_err(anyhow::Error::msg)?;
    let mut manifest = manifest_without_choices();
    manifest.files = [CONFIG, WEIGHTS, HEADS, LOCATION_ENCODER, COORDINATES]
        .into_iter()
        .map(|name| describe(pack, name))
        .collect::<anyhow::Result<_>>()?;
    let fingerprint = fingerprint(&manifest);
    let encoder = PhotoEncoder::new(extractor, heads, fingerprint).map_err(anyhow::Error::msg)?;
    Ok((manifest, encoder))
}

/// The validation photos, looked up in the pack's gallery and index.
pub(crate) fn validation(
    photos: &OpenPhotos,
    pack: &Path,
    manifest: &Manifest,
    encoder: PhotoEncoder,
) -> anyhow::Result<Validation> {
    let parts = Parts {
        gallery: Arc::new(Gallery::open(&pack.join(GALLERY), Some(encoder.fingerprint()))?),
        locations: Arc::new(LocationIndex::open(&pack.join(INDEX), Some(encoder.fingerprint()))?),
        encoder: Arc::new(encoder),
        more_locations: None,
    };
    Validation::encode(photos, pack, manifest, parts)
}

fn read(pack: &Path, name: &str) -> anyhow::Result<Vec<u8>> {
    fs::read(pack.join(name)).with_context(|| pack.join(name).display().to_string())
}

/// The photo network with the pack's views, and what identifies its weights.
fn extractor(pack: &Path) -> anyhow::Result<(FeatureExtractor, String)> {
    let weights = read(pack, WEIGHTS)?;
    let network = EfficientNetLite::from_bytes(&read(pack, CONFIG)?, &weights, &LoadOptions::default())?;
    Ok((FeatureExtractor::new(network, vec![View::CentreCrop, View::Squash]), sha256_hex(&weights)))
}

/// The gallery split without near-duplicates of `val` and `test` photos: those would be answers, not evidence.
fn clean_gallery(photos: &OpenPhotos) -> anyhow::Result<(Vec<PhotoRow>, Vec<PerceptualHash>)> {
    let held_out: Vec<PhotoRow> = [photos.split("val"), photos.split("test")].concat();
    let held_out = photos.hashes(&held_out)?;
    let gallery = photos.split("gallery");
    let hashes = photos.hashes(&gallery)?;
    let all = gallery.len();
    let is_new = |hash: &PerceptualHash| !held_out.iter().any(|other| hash.is_near(*other));
    let kept: (Vec<PhotoRow>, Vec<PerceptualHash>) =
        gallery.into_iter().zip(hashes).filter(|(_, hash)| is_new(hash)).unzip();
    eprintln!("near-duplicates of val or test left out of the gallery: {}", all - kept.0.len());
    Ok(kept)
}

/// What heads, gallery and ranker are made of: the clean gallery photos and the world's coordinates.
#[derive(Clone)]
pub(crate) struct Ingredients {
    /// The gallery photos.
    pub(crate) rows: Vec<PhotoRow>,
    /// Their hashes.
    pub(crate) hashes: Vec<PerceptualHash>,
    /// Their features, `[rows, length]`.
    pub(crate) features: Vec<f32>,
    /// Features a photo.
    pub(crate) length: usize,
    /// How many of them are the network's final ones.
    final_length: usize,
    /// The rows' encoded locations, `[rows, ENCODED]`.
    encoded_here: Vec<f32>,
    /// The world's coordinates, and encoded.
    coordinates: Arc<Vec<LatLon>>,
    encoded_world: Arc<Vec<f32>>,
}

impl Ingredients {
    /// Reads and encodes them, as far as the cache does not know them.
    pub(crate) fn gather(pack: &Path, photos: &OpenPhotos, cache: Option<&Path>) -> anyhow::Result<Self> {
        let (extractor, weights_key) = extractor(pack)?;
        let (rows, hashes) = clean_gallery(photos)?;
        eprintln!("gallery: {} photos", rows.len());
        let features = photos.features(&rows, &extractor, &weights_key, cache)?;
        eprintln!("features: {} each", extractor.length());
        let location_bytes = read(pack, LOCATION_ENCODER)?;
        let encoder_key = sha256_hex(&location_bytes);
        let location_encoder = LocationEncoder::from_bytes(&location_bytes, &LoadOptions::default())?;
        let coordinates = world::read_coordinates(&pack.join(COORDINATES))?;
        let encoded_world = world::encode(&coordinates, &location_encoder, &encoder_key, cache)?;
        let encoded_here = world::encode(&locations(&rows), &location_encoder, &encoder_key, cache)?;
        Ok(Self {
            rows,
            hashes,
            features,
            length: extractor.length(),
            final_length: extractor.final_length(),
            encoded_here,
            coordinates: Arc::new(coordinates),
            encoded_world: Arc::new(encoded_world),
        })
    }

    /// Those of some rows alone.
    pub(crate) fn only(&self, rows: &[usize]) -> Self {
        let some = |values: &[f32], width: usize| -> Vec<f32> {
            rows.iter().flat_map(|&row| &values[row * width..(row + 1) * width]).copied().collect()
        };
        Self {
            rows: rows.iter().map(|&row| self.rows[row].clone()).collect(),
            hashes: rows.iter().map(|&row| self.hashes[row]).collect(),
            features: some(&self.features, self.length),
            encoded_here: some(&self.encoded_here, ENCODED),
            coordinates: self.coordinates.clone(),
            encoded_world: self.encoded_world.clone(),
            ..*self
        }
    }
}

pub(crate) fn fit_heads(fit: &Ingredients) -> anyhow::Result<Heads> {
    let mut feature_weights = vec![1.0; fit.final_length];
    feature_weights.resize(fit.length, BLOCK_WEIGHT);
    let places = locations(&fit.rows);
    let space = fit_neighbourhood_whitening(&fit.features, &feature_weights, &places, &WHITENING)?;
    eprintln!("photo space: {} dimensions", space.outputs);
    let matrix = |values: Vec<f32>, inputs: usize, outputs: usize| {
        Matrix::new(values, inputs, outputs).context("a head has the wrong size")
    };
    let mut heads = Heads {
        photo_mean: space.mean.clone(),
        photo_projection: matrix(space.projection.clone(), fit.length, space.outputs)?,
        location_first: matrix(vec![0.0; space.outputs], space.outputs, 1)?,
        location_first_bias: vec![0.0],
        location_second: matrix(vec![0.0; DIMENSION], 1, DIMENSION)?,
        location_second_bias: vec![0.0; DIMENSION],
        location_space: matrix(world::space(&fit.encoded_world)?, ENCODED, DIMENSION)?,
    };
    let to_space = |encoded: &[f32]| -> Vec<f32> {
        encoded.chunks_exact(ENCODED).flat_map(|row| heads.location_vector(row)).collect()
    };
    let photos: Vec<f32> =
        fit.features.chunks_exact(fit.length).flat_map(|row| heads.photo_vector(row)).collect();
    let (here, world) = (to_space(&fit.encoded_here), to_space(&fit.encoded_world));
    let settings = LocationHeadSettings::default();
    let fitted = fit_location_head(
        &photos,
        EncodedLocations { locations: &places, vectors: &here },
        EncodedLocations { locations: &fit.coordinates, vectors: &world },
        &settings,
    )?;
    let (first, last) = (fitted.losses.first(), fitted.losses.last());
    eprintln!("location head: loss {:.3} -> {:.3}", first.unwrap_or(&0.0), last.unwrap_or(&0.0));
    heads.location_first = matrix(fitted.first, space.outputs, settings.hidden)?;
    heads.location_first_bias = fitted.first_bias;
    heads.location_second = matrix(fitted.second, settings.hidden, DIMENSION)?;
    heads.location_second_bias = fitted.second_bias;
    Ok(heads)
}

/// A gallery of the ingredients' photos under these heads.
pub(crate) fn write_gallery(
    directory: &Path,
    ingredients: &Ingredients,
    heads: &Heads,
    fingerprint: &str,
) -> anyhow::Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    let channel = |channel: Channel, dimension: usize| ChannelSpec { channel, dimension };
    let spec = GallerySpec {
        name: "open photos".to_owned(),
        encoder_fingerprint: fingerprint.to_owned(),
        channels: vec![
            channel(Channel::photo(), heads.photo_projection.outputs),
            channel(Channel::location(), heads.location_second.outputs),
        ],
        precision: VectorPrecision::Int8,
        sources: vec![SourceSpec::tar(PHOTOS_FROM_GALLERY)],
    };
    let mut writer = GalleryWriter::create(directory, &spec)?;
    let Ingredients { rows, hashes, features, encoded_here, length, .. } = ingredients;
    let new: Vec<NewPhoto> = rows
        .iter()
        .zip(hashes)
        .zip(features.chunks_exact(*length))
        .zip(encoded_here.chunks_exact(ENCODED))
        .map(|(((row, hash), features), encoded)| NewPhoto {
            record: PhotoRecord {
                id: row.id.clone(),
                location: row.location,
                place: row.place.clone(),
                attribution: Attribution {
                    author: row.author.clone(),
                    licence: row.licence.clone(),
                    source: row.source.clone(),
                },
                hash: Some(*hash),
            },
            vectors: QueryEmbedding {
                vectors: vec![
                    (Channel::photo(), heads.photo_vector(features)),
                    (Channel::location(), heads.location_vector(encoded)),
                ],
            },
            reference: PhotoReference::InSource { source: 0, path: row.id.0.clone() },
            file: None,
        })
        .collect();
    writer.add(&new)?;
    writer.finish()?;
    Ok(())
}

fn write_index(
    pack: &Path,
    ingredients: &Ingredients,
    heads: &Heads,
    fingerprint: &str,
) -> anyhow::Result<()> {
    let geocoder = ReverseGeocoder::embedded();
    let points: Vec<IndexedLocation> = ingredients
        .coordinates
        .iter()
        .map(|&location| IndexedLocation {
            location,
            country_code: geocoder.country_code(location).map(str::to_owned),
        })
        .collect();
    let encoded = ingredients.encoded_world.chunks_exact(ENCODED);
    let vectors: Vec<f32> = encoded.flat_map(|row| heads.location_vector(row)).collect();
    let rows = vectors.chunks_exact(DIMENSION);
    let index = LocationIndex::build(fingerprint, DIMENSION, &points, rows, VectorPrecision::Int8)?;
    index.write(&pack.join(INDEX))?;
    Ok(())
}

/// All but the files and what `select` chooses.
fn manifest_without_choices() -> Manifest {
    Manifest {
        format: MANIFEST_FORMAT,
        name: "starter".to_owned(),
        version: "0.1.0".to_owned(),
        summary: "A small world for laptops: EfficientNet-Lite2 features, GeoCLIP's location space, and open photos \
                  mostly of British Columbia, Sydney and landmarks."
            .to_owned(),
        encoder: EncoderManifest {
            kind: EncoderKind::EfficientnetLite,
            config: CONFIG.to_owned(),
            weights: WEIGHTS.to_owned(),
            heads: Some(HEADS.to_owned()),
            views: vec![View::CentreCrop, View::Squash],
            preprocessor: None,
            dtype: EncoderType::F32,
            channels: Vec::new(),
        },
        locations: LocationsManifest {
            encoder: Some(LOCATION_ENCODER.to_owned()),
            index: Some(INDEX.to_owned()),
            coordinates: Some(COORDINATES.to_owned()),
        },
        gallery: Some(GalleryManifest { path: GALLERY.to_owned() }),
        retrieval: vec![
            RetrievalManifest { channel: Channel::photo(), top: 50 },
            RetrievalManifest { channel: Channel::location(), top: 50 },
        ],
        fused: None,
        ranker: RankerManifest::Similarity(select::starting_point()),
        decision: DecisionManifest { rule: DecisionRule::Argmax, temperature: 1.0, least_similarity: None },
        calibration: Calibration::none(),
        files: Vec::new(),
    }
}

fn describe(pack: &Path, name: &str) -> anyhow::Result<FileManifest> {
    let bytes = read(pack, name)?;
    let licence = match name {
        CONFIG | WEIGHTS | HEADS | set::CONFIG | set::WEIGHTS => "Apache-2.0",
        LOCATION_ENCODER | COORDINATES => "MIT",
        INDEX => "MIT AND ODbL-1.0",
        _ => "see data/geophotos/LICENSES.md",
    };
    Ok(FileManifest {
        path: name.to_owned(),
        bytes: bytes.len() as u64,
        sha256: sha256_hex(&bytes),
        licence: licence.to_owned(),
    })
}

/// The gallery's files, relative to the pack, in the order of names.
fn gallery_files(pack: &Path) -> anyhow::Result<Vec<String>> {
    let mut names: Vec<PathBuf> =
        fs::read_dir(pack.join(GALLERY))?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    names.sort();
    let mut files = Vec::new();
    for path in names {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push(format!("{GALLERY}/{name}"));
    }
    Ok(files)
}

fn write_manifest(pack: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    let text = toml::to_string_pretty(manifest)?;
    let head = "# Written by `cargo xtask pack starter`. Every file is checked against its sha256 before it is used.\n\n";
    fs::write(pack.join(MANIFEST_FILE), format!("{head}{text}"))?;
    Ok(())
}
