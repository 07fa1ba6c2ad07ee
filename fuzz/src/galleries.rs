//! Galleries: their derived files and their database.

use std::path::Path;

use contract::{
    Attribution, Channel, ChannelSpec, Diagnose, Filter, PhotoRecord, Query, QueryEmbedding, Search,
    SearchRequest,
};
use gallery::{
    Gallery, GallerySpec, GalleryWriter, LocationIndex, MatrixQuery, NewPhoto, PhotoReference, RowMask,
    SourceSpec, VectorMatrix, VectorPrecision, verify,
};
use georanker::{LatLon, Place};

use crate::scratch::Scratch;

const DATABASE: &str = "gallery.sqlite";
const DIMENSION: usize = 4;

thread_local! {
    static SCRATCH: Scratch = Scratch::new();
    static GALLERY: (Scratch, Vec<(String, Vec<u8>)>) = small_gallery();
}

/// A gallery of five photos, and the content of its files.
#[expect(clippy::expect_used, reason = "a small gallery in a fresh directory")]
fn small_gallery() -> (Scratch, Vec<(String, Vec<u8>)>) {
    let scratch = Scratch::new();
    let spec = GallerySpec {
        name: "small".into(),
        encoder_fingerprint: "encoder-1".into(),
        channels: vec![ChannelSpec { channel: Channel::photo(), dimension: DIMENSION }],
        precision: VectorPrecision::F32,
        sources: vec![SourceSpec::folder("photos")],
    };
    let mut writer = GalleryWriter::create(scratch.path(), &spec).expect("a gallery");
    let photos: Vec<NewPhoto> = (0..5_u8).map(photo).collect();
    writer.add(&photos).expect("five photos");
    writer.finish().expect("a finished gallery");
    drop(writer);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(scratch.path()).expect("its files") {
        let path = entry.expect("a file").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("our own names").to_owned();
        if path.is_file() {
            files.push((name, std::fs::read(&path).expect("its content")));
        }
    }
    files.sort();
    (scratch, files)
}

/// Seeds: target, name and content of each file of a small gallery, and of a matrix and a location index beside it.
#[expect(clippy::expect_used, reason = "small files in memory")]
pub fn gallery_seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds = GALLERY.with(|(_, files)| {
        let target = |name: &str| if name == DATABASE { "gallery_database" } else { "gallery_index" };
        let files = files.iter().filter(|(_, content)| !content.is_empty());
        files.map(|(name, content)| (target(name), name.clone(), content.clone())).collect::<Vec<_>>()
    });
    let vectors = [[1.0; DIMENSION], [0.5; DIMENSION]];
    for precision in [VectorPrecision::Int8, VectorPrecision::F32] {
        let rows = vectors.iter().map(<[f32; DIMENSION]>::as_slice);
        let matrix = VectorMatrix::build(DIMENSION, rows, precision).expect("a matrix");
        let path = SCRATCH.with(|scratch| scratch.path().join("seed"));
        matrix.write(&path).expect("a file");
        let content = std::fs::read(&path).expect("its content");
        seeds.push(("gallery_index", format!("{precision:?}.matrix").to_lowercase(), content));
    }
    seeds
}

#[expect(clippy::expect_used, reason = "coordinates near zero")]
fn photo(number: u8) -> NewPhoto {
    let mut vector = vec![0.0; DIMENSION];
    vector[usize::from(number) % DIMENSION] = 1.0;
    NewPhoto {
        record: PhotoRecord {
            id: format!("{number}.jpg").into(),
            location: LatLon::new(f64::from(number), f64::from(number)).expect("on Earth"),
            place: Place { city: Some("Pa".into()), country_code: Some("FR".into()), ..Place::default() },
            attribution: Attribution { author: Some("a".into()), ..Attribution::default() },
            hash: None,
        },
        vectors: QueryEmbedding { vectors: vec![(Channel::photo(), vector)] },
        reference: PhotoReference::Inline(vec![number]),
        file: None,
    }
}

/// Opens, searches and reads what it finds.
fn use_gallery(directory: &Path) {
    let gallery = match Gallery::open(directory, None) {
        Ok(gallery) => gallery,
        Err(error) => {
            let _ = (error.to_string(), error.hint(), error.kind());
            return;
        }
    };
    let embedding = QueryEmbedding { vectors: vec![(Channel::photo(), vec![0.5; DIMENSION])] };
    let filter = Filter::default();
    let request = SearchRequest {
        channels: &[(Channel::photo(), 1.0)],
        top: 3,
        queries: vec![Query { embedding: &embedding, filter: &filter }],
    };
    if let Ok(found) = gallery.search(&request) {
        let items: Vec<_> = found.iter().flatten().map(|neighbour| neighbour.item).collect();
        let _ = gallery.records(&items);
    }
    for photo in gallery.photos().take(16) {
        assert!(photo.location.latitude().abs() <= 90.0);
        let _ = gallery.photo_bytes(&photo.id);
    }
}

/// A derived file, with its checksums mended: a matrix, a location index, or the photo index of a gallery.
pub fn gallery_index(data: &[u8]) {
    let data = with_right_checksums(data);
    let path = SCRATCH.with(|scratch| scratch.write("file.index", &data));
    if let Ok(matrix) = VectorMatrix::open(&path) {
        let query = vec![0.5; matrix.dimension()];
        let mask = RowMask::all(matrix.len());
        let _ = matrix.search(&[MatrixQuery { vector: &query, mask: Some(&mask) }], 3);
        let _ = (matrix.row(0), matrix.row(matrix.len()));
    }
    if let Ok(index) = LocationIndex::open(&path, None) {
        let _ = (index.location(0), index.location_count(), index.location(usize::MAX));
    }
    GALLERY.with(|(scratch, files)| {
        for (name, content) in files {
            let is_database = name == DATABASE;
            let is_derived = content.starts_with(b"GeoRank\n");
            if is_database || !is_derived {
                continue;
            }
            scratch.write(name, &data);
            use_gallery(scratch.path());
            scratch.write(name, content);
        }
    });
}

/// The database: SQLite's own damage, and tables of another kind.
pub fn gallery_database(data: &[u8]) {
    GALLERY.with(|(scratch, files)| {
        scratch.write(DATABASE, data);
        use_gallery(scratch.path());
        let _ = verify(scratch.path()).iter().map(ToString::to_string).collect::<Vec<_>>();
        // Logs that it left behind belong to this database alone.
        for entry in std::fs::read_dir(scratch.path()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(DATABASE) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        for (name, content) in files {
            scratch.write(name, content);
        }
    });
}

/// Of the layout: where the checksum of header and table stands, where the table begins, and how long its lines are.
const CHECKSUM: usize = 60;
const TABLE: usize = 64;
const LINE: usize = 24;

/// Puts the right checksums into a derived file, as far as its table can be followed.
fn with_right_checksums(data: &[u8]) -> Vec<u8> {
    let mut bytes = data.to_vec();
    let number = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 8).and_then(|word| word.try_into().ok()).map_or(0, u64::from_le_bytes)
    };
    let lines = (number(&bytes, 36) as u32).min(64) as usize;
    let end = TABLE + lines * LINE;
    if bytes.len() < end {
        return bytes;
    }
    for line in 0..lines {
        let at = TABLE + line * LINE;
        let (offset, length) = (number(&bytes, at + 8) as usize, number(&bytes, at + 16) as usize);
        let Some(section) = offset.checked_add(length).and_then(|end| bytes.get(offset..end)) else {
            continue;
        };
        let checksum = crc32fast::hash(section).to_le_bytes();
        bytes[at + 4..at + 8].copy_from_slice(&checksum);
    }
    // The length may be stated wrongly; the checksum is not what should find that.
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..CHECKSUM]);
    hasher.update(&bytes[TABLE..end]);
    bytes[CHECKSUM..TABLE].copy_from_slice(&hasher.finalize().to_le_bytes());
    bytes
}
