//! From open photos and public weights to a pack.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use contract::table::PhotoRow;
use contract::{Attribution, Channel, Encoder, PerceptualHash, PhotoRecord, QueryEmbedding};
use gallery::{
    Gallery, GallerySpec, GalleryWriter, IndexedLocation, LocationIndex, NewPhoto, PhotoReference,
    SourceSpec, VectorPrecision,
};
use geo::{LatLon, ReverseGeocoder};
use georanker::pack::{
    DecisionManifest, DecisionRule, EncoderKind, EncoderManifest, FileManifest, GalleryManifest,
    LocationsManifest, MANIFEST_FILE, MANIFEST_FORMAT, Manifest, RankerManifest, RetrievalManifest, View,
    sha256_hex,
};
use georanker::{FeatureExtractor, Heads, Matrix, Pack, Parts, PhotoEncoder, fingerprint};
use nets::efficientnet_lite::EfficientNetLite;
use nets::geoclip::LocationEncoder;
use rank::Calibration;
use train::{
    EncodedLocations, LocationHeadSettings, WhiteningSettings, fit_location_head, fit_neighbourhood_whitening,
};

use crate::locations::{DIMENSION, ENCODED};
use crate::photos::{OpenPhotos, locations};
use crate::{locations as world, select};

const CONFIG: &str = "efficientnet-lite2/config.json";
const WEIGHTS: &str = "efficientnet-lite2/model.safetensors";
const LOCATION_ENCODER: &str = "geoclip/location_encoder.safetensors";
const COORDINATES: &str = "geoclip/coordinates_100K.csv";
const HEADS: &str = "heads.safetensors";
const INDEX: &str = "locations.index";
const GALLERY: &str = "gallery";
/// The photos as seen from the gallery's directory.
const PHOTOS_FROM_GALLERY: &str = "../../../data/geophotos/photos.tar";

/// Chosen on the validation split; see docs/starter-pack.md.
const WHITENING: WhiteningSettings =
    WhiteningSettings { neighbourhood_km: 5.0, shrinkage: 1.0, dimension: 256 };
/// Weight of the blocks' features beside the final ones.
const BLOCK_WEIGHT: f32 = 0.5;

/// Builds the pack in place.
pub(crate) fn build(pack: &Path, photos: &Path, cache: Option<&Path>) -> anyhow::Result<()> {
    let photos = OpenPhotos::open(photos)?;
    let rows = clean_gallery(&photos)?;
    eprintln!("gallery: {} photos", rows.len());

    let read = |name: &str| fs::read(pack.join(name)).with_context(|| pack.join(name).display().to_string());
    let weights = read(WEIGHTS)?;
    let weights_key = sha256_hex(&weights);
    let network = EfficientNetLite::from_bytes(&read(CONFIG)?, &weights)?;
    let extractor = FeatureExtractor::new(network, vec![View::CentreCrop, View::Squash]);
    let features = photos.features(&rows, &extractor, &weights_key, cache)?;
    eprintln!("features: {} each", extractor.length());

    let location_bytes = read(LOCATION_ENCODER)?;
    let encoder_key = sha256_hex(&location_bytes);
    let location_encoder = LocationEncoder::from_bytes(&location_bytes)?;
    let coordinates = world::read_coordinates(&pack.join(COORDINATES))?;
    let encoded_world = world::encode(&coordinates, &location_encoder, &encoder_key, cache)?;
    let here = locations(&rows);
    let encoded_here = world::encode(&here, &location_encoder, &encoder_key, cache)?;

    let heads = fit_heads(&Fit {
        features: &features,
        final_length: extractor.final_length(),
        length: extractor.length(),
        here: &here,
        encoded_here: &encoded_here,
        coordinates: &coordinates,
        encoded_world: &encoded_world,
    })?;
    fs::write(pack.join(HEADS), heads.to_bytes().map_err(anyhow::Error::msg)?)?;

    let mut manifest = manifest_without_choices();
    manifest.files = [CONFIG, WEIGHTS, HEADS, LOCATION_ENCODER, COORDINATES]
        .into_iter()
        .map(|name| describe(pack, name))
        .collect::<anyhow::Result<_>>()?;
    let fingerprint = fingerprint(&manifest);
    let encoder = PhotoEncoder::new(extractor, heads, fingerprint).map_err(anyhow::Error::msg)?;
    write_gallery(pack, &photos, &rows, &features, &encoded_here, &encoder)?;
    write_index(pack, &coordinates, &encoded_world, &encoder)?;

    let parts = Parts {
        gallery: Arc::new(Gallery::open(&pack.join(GALLERY), Some(encoder.fingerprint()))?),
        locations: Arc::new(LocationIndex::open(&pack.join(INDEX), Some(encoder.fingerprint()))?),
        encoder: Arc::new(encoder),
    };
    select::choose(&mut manifest, pack, &photos, parts)?;
    for name in gallery_files(pack)?.iter().map(String::as_str).chain([INDEX]) {
        manifest.files.push(describe(pack, name)?);
    }
    write_manifest(pack, &manifest)?;
    let problems = Pack::open(pack)?.verify();
    ensure!(problems.is_empty(), "the pack just written is broken: {problems:?}");
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    eprintln!("pack: {} files, {:.1} MB", manifest.files.len(), bytes as f64 / 1e6);
    Ok(())
}

/// The gallery split without near-duplicates of `val` and `test` photos: those would be answers, not evidence.
fn clean_gallery(photos: &OpenPhotos) -> anyhow::Result<Vec<PhotoRow>> {
    let held_out: Vec<PhotoRow> = [photos.split("val"), photos.split("test")].concat();
    let held_out = photos.hashes(&held_out)?;
    let gallery = photos.split("gallery");
    let hashes = photos.hashes(&gallery)?;
    let is_new = |hash: &PerceptualHash| !held_out.iter().any(|other| hash.is_near(*other));
    let kept: Vec<PhotoRow> =
        gallery.iter().zip(&hashes).filter(|(_, hash)| is_new(hash)).map(|(row, _)| row.clone()).collect();
    eprintln!("near-duplicates of val or test left out of the gallery: {}", gallery.len() - kept.len());
    Ok(kept)
}

struct Fit<'a> {
    features: &'a [f32],
    length: usize,
    final_length: usize,
    here: &'a [LatLon],
    encoded_here: &'a [f32],
    coordinates: &'a [LatLon],
    encoded_world: &'a [f32],
}

fn fit_heads(fit: &Fit<'_>) -> anyhow::Result<Heads> {
    let mut feature_weights = vec![1.0; fit.final_length];
    feature_weights.resize(fit.length, BLOCK_WEIGHT);
    let space = fit_neighbourhood_whitening(fit.features, &feature_weights, fit.here, &WHITENING)?;
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
        location_space: matrix(world::space(fit.encoded_world)?, ENCODED, DIMENSION)?,
    };
    let to_space = |encoded: &[f32]| -> Vec<f32> {
        encoded.chunks_exact(ENCODED).flat_map(|row| heads.location_vector(row)).collect()
    };
    let photos: Vec<f32> =
        fit.features.chunks_exact(fit.length).flat_map(|row| heads.photo_vector(row)).collect();
    let (here, world) = (to_space(fit.encoded_here), to_space(fit.encoded_world));
    let settings = LocationHeadSettings::default();
    let fitted = fit_location_head(
        &photos,
        EncodedLocations { locations: fit.here, vectors: &here },
        EncodedLocations { locations: fit.coordinates, vectors: &world },
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

fn write_gallery(
    pack: &Path,
    photos: &OpenPhotos,
    rows: &[PhotoRow],
    features: &[f32],
    encoded: &[f32],
    encoder: &PhotoEncoder,
) -> anyhow::Result<()> {
    let directory = pack.join(GALLERY);
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    let spec = GallerySpec {
        name: "open photos".to_owned(),
        encoder_fingerprint: encoder.fingerprint().to_owned(),
        channels: encoder.channels().to_vec(),
        precision: VectorPrecision::Int8,
        sources: vec![SourceSpec::tar(PHOTOS_FROM_GALLERY)],
    };
    let mut writer = GalleryWriter::create(&directory, &spec)?;
    let hashes = photos.hashes(rows)?;
    let length = features.len() / rows.len();
    let new: Vec<NewPhoto> = rows
        .iter()
        .zip(hashes)
        .zip(features.chunks_exact(length))
        .zip(encoded.chunks_exact(ENCODED))
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
                hash: Some(hash),
            },
            vectors: QueryEmbedding {
                vectors: vec![
                    (Channel::photo(), encoder.heads().photo_vector(features)),
                    (Channel::location(), encoder.heads().location_vector(encoded)),
                ],
            },
            reference: PhotoReference::InSource { source: 0, path: row.id.0.clone() },
        })
        .collect();
    writer.add(&new)?;
    writer.finish()?;
    Ok(())
}

fn write_index(
    pack: &Path,
    coordinates: &[LatLon],
    encoded: &[f32],
    encoder: &PhotoEncoder,
) -> anyhow::Result<()> {
    let geocoder = ReverseGeocoder::embedded();
    let points: Vec<IndexedLocation> = coordinates
        .iter()
        .map(|&location| IndexedLocation {
            location,
            country_code: geocoder.country_code(location).map(str::to_owned),
        })
        .collect();
    let vectors: Vec<f32> =
        encoded.chunks_exact(ENCODED).flat_map(|row| encoder.heads().location_vector(row)).collect();
    let rows = vectors.chunks_exact(DIMENSION);
    let index = LocationIndex::build(encoder.fingerprint(), DIMENSION, &points, rows, VectorPrecision::Int8)?;
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
            heads: HEADS.to_owned(),
            views: vec![View::CentreCrop, View::Squash],
        },
        locations: LocationsManifest {
            encoder: LOCATION_ENCODER.to_owned(),
            index: INDEX.to_owned(),
            coordinates: COORDINATES.to_owned(),
        },
        gallery: GalleryManifest { path: GALLERY.to_owned() },
        retrieval: vec![
            RetrievalManifest { channel: Channel::photo(), top: 50 },
            RetrievalManifest { channel: Channel::location(), top: 50 },
        ],
        ranker: RankerManifest::Similarity(select::starting_point()),
        decision: DecisionManifest { rule: DecisionRule::Argmax, temperature: 1.0 },
        calibration: Calibration::none(),
        files: Vec::new(),
    }
}

fn describe(pack: &Path, name: &str) -> anyhow::Result<FileManifest> {
    let bytes = fs::read(pack.join(name)).with_context(|| pack.join(name).display().to_string())?;
    let licence = match name {
        CONFIG | WEIGHTS | HEADS => "Apache-2.0",
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
