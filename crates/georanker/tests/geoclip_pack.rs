//! A pack of GeoCLIP: a tiny CLIP of random weights under the real image head and location encoder.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

mod tiny_clip;

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use contract::{Attribution, Channel, Diagnose as _, Encoder, Locate, LocateRequest, PhotoId};
use gallery::{Gallery, GallerySpec, GalleryWriter, PhotoFiles, SourceSpec, VectorPrecision};
use geo::{LatLon, Place};
use georanker::pack::{
    DecisionManifest, DecisionRule, EncoderKind, EncoderManifest, EncoderType, FileManifest, GalleryManifest,
    LocationsManifest, MANIFEST_FORMAT, Manifest, RankerManifest, RetrievalManifest,
};
use georanker::{
    GalleryBuilder, Locator, OpenOptions, Pack, Parts, PhotoEncoder, PhotoToAdd, Sidecars, decode_photo,
    open_location_encoder,
};
use photo::{DecodeOptions, Limits};
use rank::{Calibration, ChannelVote, SimilaritySettings, SpatialKernel};
use tiny_clip::{CONFIG, clip};

fn listed(directory: &Path, name: &str) -> FileManifest {
    let path = directory.join(name);
    FileManifest {
        path: name.into(),
        bytes: fs::metadata(&path).unwrap().len(),
        sha256: files::sha256_of_file(&path).unwrap().sha256,
        licence: "MIT".into(),
    }
}

fn manifest(directory: &Path) -> Manifest {
    let channels = [Channel::location(), Channel::photo()];
    let vote = |channel: &Channel| ChannelVote { channel: channel.clone(), weight: 1.0, temperature: 0.05 };
    Manifest {
        format: MANIFEST_FORMAT,
        name: "tiny-geoclip".into(),
        version: "1".into(),
        summary: "A test.".into(),
        encoder: EncoderManifest {
            kind: EncoderKind::Geoclip,
            config: "config.json".into(),
            weights: "clip.safetensors".into(),
            heads: Some("image_mlp.safetensors".into()),
            views: Vec::new(),
            preprocessor: None,
            dtype: EncoderType::F32,
            channels: Vec::new(),
        },
        locations: LocationsManifest {
            encoder: Some("location_encoder.safetensors".into()),
            ..LocationsManifest::default()
        },
        gallery: Some(GalleryManifest { path: "gallery".into() }),
        retrieval: channels
            .iter()
            .map(|channel| RetrievalManifest { channel: channel.clone(), top: 3 })
            .collect(),
        fused: None,
        ranker: RankerManifest::Similarity(SimilaritySettings {
            votes: channels.iter().map(vote).collect(),
            kernel: SpatialKernel { scales: vec![(25.0, 1.0)] },
        }),
        decision: DecisionManifest { rule: DecisionRule::Argmax, temperature: 1.0, least_similarity: None },
        calibration: Calibration::none(),
        confidence: None,
        files: ["config.json", "clip.safetensors", "image_mlp.safetensors", "location_encoder.safetensors"]
            .map(|name| listed(directory, name))
            .to_vec(),
    }
}

#[test]
fn a_location_encoder_that_is_none_is_named_with_a_way_out() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let work = tempfile::tempdir().unwrap();
    for (name, source) in [
        ("config.json", "g3/config.json"),
        ("clip.safetensors", "tiny-clip/model.safetensors"),
        ("image_mlp.safetensors", "geoclip/image_mlp.safetensors"),
        // Another network's weights in its place.
        ("location_encoder.safetensors", "geoclip/image_mlp.safetensors"),
    ] {
        fs::copy(golden.join(source), work.path().join(name)).unwrap();
    }
    let pack = Pack::in_memory(work.path(), manifest(work.path()));
    let path = work.path().join("location_encoder.safetensors");
    let error = open_location_encoder(&pack).unwrap_err();
    assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("matching pair")), "{:?}", error.hint());
    // Damage is found before anything is read.
    fs::write(&path, b"short").unwrap();
    let error = open_location_encoder(&pack).unwrap_err().to_string();
    assert!(error.contains("location_encoder.safetensors is damaged"), "{error}");
}

#[test]
fn photos_and_places_meet_in_one_space() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let work = tempfile::tempdir().unwrap();
    let directory = work.path().join("pack");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("config.json"), CONFIG).unwrap();
    fs::write(directory.join("clip.safetensors"), clip()).unwrap();
    fs::copy(
        root.join("tests/golden/geoclip/image_mlp.safetensors"),
        directory.join("image_mlp.safetensors"),
    )
    .unwrap();
    let locations = "location_encoder.safetensors";
    fs::copy(root.join("packs/starter/geoclip").join(locations), directory.join(locations)).unwrap();
    let manifest = manifest(&directory);
    assert_eq!(manifest.problem(), None);
    fs::write(directory.join("pack.toml"), toml::to_string(&manifest).unwrap()).unwrap();

    let pack = Pack::open(&directory).unwrap();
    assert_eq!(*pack.manifest(), manifest);
    let encoder = PhotoEncoder::open(&pack).unwrap();
    let samples = root.join("samples");
    let photos = ["creek.jpg", "museum.jpg", "harbour.jpg"];
    let places = [(50.03, -114.81), (46.44, 8.08), (-33.86, 151.21)];
    let spec = GallerySpec {
        name: "three".into(),
        encoder_fingerprint: encoder.fingerprint().into(),
        channels: encoder.channels().to_vec(),
        precision: VectorPrecision::Int8,
        sources: Vec::new(),
    };
    let gallery = work.path().join("gallery");
    let mut writer = GalleryWriter::create(&gallery, &spec).unwrap();
    let source = writer.add_source(&SourceSpec::folder(samples.display().to_string())).unwrap();
    let files = PhotoFiles::open(&samples).unwrap();
    let builder = GalleryBuilder {
        encoder: &encoder,
        photos: &files,
        source,
        limits: Limits::default(),
        decode: DecodeOptions::default(),
        sidecars: Sidecars::default(),
        update: false,
    };
    let wanted: Vec<PhotoToAdd> = photos
        .iter()
        .zip(places)
        .map(|(name, (lat, lon))| PhotoToAdd {
            id: PhotoId((*name).into()),
            location: Some(LatLon::new(lat, lon).unwrap()),
            place: Place::default(),
            attribution: Attribution::default(),
        })
        .collect();
    let report =
        builder.add(&mut writer, wanted.into_iter().map(Ok), &AtomicBool::new(false), |_| ()).unwrap();
    assert_eq!((report.added, report.failed), (3, 0));
    writer.finish().unwrap();

    // The gallery's vectors in the location channel are those of the places.
    let options = OpenOptions { gallery: Some(gallery.clone()), ..OpenOptions::default() };
    let locator = Locator::open_with(&Pack::open(&directory).unwrap(), &options, &mut |_| ()).unwrap();
    let place = encoder.encode_places(&[LatLon::new(46.44, 8.08).unwrap()]).unwrap().unwrap().remove(0);
    let opened = Gallery::open(&gallery, None).unwrap();
    let stored = opened.vector(&PhotoId("museum.jpg".into()), &Channel::location()).unwrap();
    let cosine: f32 = place.iter().zip(&stored).map(|(a, b)| a * b).sum();
    assert!(cosine > 0.999, "{cosine}");
    for name in photos {
        let bytes = fs::read(samples.join(name)).unwrap();
        let photo = decode_photo(name, &bytes, &Limits::default(), DecodeOptions::default()).unwrap();
        let estimate = locator.locate(&[LocateRequest::new(photo)]).remove(0).unwrap();
        assert_eq!(estimate.candidates.len(), 3);
    }
}

/// Coordinates without a photo are enough: they are encoded once and searched.
#[test]
fn coordinates_alone_make_a_pack() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let work = tempfile::tempdir().unwrap();
    let directory = work.path();
    fs::write(directory.join("config.json"), CONFIG).unwrap();
    fs::write(directory.join("clip.safetensors"), clip()).unwrap();
    let mlp = "image_mlp.safetensors";
    fs::copy(root.join("tests/golden/geoclip").join(mlp), directory.join(mlp)).unwrap();
    let encoder = "location_encoder.safetensors";
    fs::copy(root.join("packs/starter/geoclip").join(encoder), directory.join(encoder)).unwrap();
    let places = [(50.03, -114.81), (46.44, 8.08), (-33.86, 151.21), (35.68, 139.69)];
    let rows = places.map(|(lat, lon)| format!("{lat},{lon}\n")).concat();
    fs::write(directory.join("places.csv"), format!("LAT,LON\n{rows}")).unwrap();
    let whole = manifest(directory);
    let RankerManifest::Similarity(settings) = &whole.ranker else { panic!("a plain vote") };
    let bare = Manifest {
        gallery: None,
        locations: LocationsManifest { coordinates: Some("places.csv".into()), ..whole.locations.clone() },
        retrieval: whole.retrieval[..1].to_vec(),
        ranker: RankerManifest::Similarity(SimilaritySettings {
            votes: settings.votes[..1].to_vec(),
            ..settings.clone()
        }),
        files: whole.files.iter().cloned().chain([listed(directory, "places.csv")]).collect(),
        ..whole
    };
    let write = |manifest: &Manifest| {
        fs::write(directory.join("pack.toml"), toml::to_string(manifest).unwrap()).unwrap();
    };
    write(&bare);
    let pack = Pack::open(directory).unwrap();
    let bytes = fs::read(root.join("samples/museum.jpg")).unwrap();
    let answer = || {
        let locator = Locator::open(directory).unwrap();
        assert_eq!(locator.gallery_label(), "4 coordinates");
        let photo = decode_photo("museum.jpg", &bytes, &Limits::default(), DecodeOptions::default()).unwrap();
        locator.locate(&[LocateRequest::new(photo)]).remove(0).unwrap()
    };
    assert!(Parts::would_encode_coordinates(&pack));
    let first = answer();
    assert!(!Parts::would_encode_coordinates(&pack), "it is kept");
    assert_eq!(answer(), first);
    assert_eq!(first.candidates.len(), 3);
    assert!(first.candidates.iter().all(|one| one.candidate.photo.is_none()));
    let known = |at: LatLon| {
        places
            .iter()
            .any(|&(lat, lon)| (at.latitude() - lat).abs() < 1e-9 && (at.longitude() - lon).abs() < 1e-9)
    };
    assert!(known(first.location));

    // Another list: what is kept belongs to the old one.
    fs::write(directory.join("places.csv"), "LAT,LON\n-47.25,-120.5\n").unwrap();
    let files = bare.files.iter().filter(|file| file.path != "places.csv").cloned();
    write(&Manifest { files: files.chain([listed(directory, "places.csv")]).collect(), ..bare.clone() });
    let moved = Locator::open(directory).unwrap();
    assert_eq!(moved.gallery_label(), "1 coordinates");

    // With nothing to search there is nothing to open, and the way out is said.
    let locations = LocationsManifest { coordinates: None, ..bare.locations.clone() };
    write(&Manifest { locations, ..bare });
    let Err(error) = Locator::open(directory) else { panic!("there is nothing to search") };
    assert!(error.to_string().contains("has no gallery of its own"), "{error}");
    assert!(error.hint().unwrap().contains("give it as `gallery`"));
}
