//! What the open photos, the samples drawn from them and the pictures that must be refused promise.
#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use contract::{Image, PerceptualHash};
use files::sha256_hex;
use formats::table::{PhotoRow, read_photos};
use gallery::{PhotoSource, TarSource};
use geo::{Continent, ReverseGeocoder};
use georanker::decode_photo;
use photo::{DecodeOptions, Limits, perceptual_hash};
use rayon::prelude::*;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn open_photos() -> (Vec<PhotoRow>, TarSource) {
    let directory = repository().join("data/geophotos");
    (
        read_photos(directory.join("metadata.csv")).unwrap(),
        TarSource::open(&directory.join("photos.tar")).unwrap(),
    )
}

fn image(name: &str, bytes: &[u8]) -> Arc<Image> {
    decode_photo(name, bytes, &Limits::default(), DecodeOptions::default()).unwrap().image
}

/// Whether a file has a block of EXIF or XMP data.
fn has_metadata(bytes: &[u8]) -> bool {
    let has = |mark: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    has(b"Exif\0\0") || has(b"http://ns.adobe.com") || has(b"eXIf") || has(b"XML:com.adobe.xmp")
}

#[test]
fn every_photo_has_a_row_a_licence_an_author_and_no_metadata() {
    let (rows, source) = open_photos();
    assert_eq!(rows.len(), source.len());
    for row in &rows {
        let text = |field: &Option<String>| field.as_deref().unwrap_or_default().trim().to_owned();
        // Of several licences, any may be chosen.
        let licences = text(&row.licence);
        let is_free = |licence: &str| {
            let allowed = ["CC0", "Public", "CC-BY", "MIT", "BSD", "Apache"];
            let banned = ["GPL", "GFDL", "FAL", "Apple", "-NC", "-ND", "not stated"];
            allowed.iter().any(|start| licence.starts_with(start))
                && !banned.iter().any(|part| licence.contains(part))
        };
        assert!(licences.split(" / ").any(is_free), "{}: {licences}", row.id);
        assert!(!text(&row.author).is_empty() && !text(&row.source).is_empty(), "{}", row.id);
        assert!(["gallery", "val", "test"].contains(&text(&row.split).as_str()), "{}", row.id);
        let named = row.get("position").is_some_and(|position| position == "named place");
        assert!(row.precision_km.is_some() || !named, "{}: how far may the place be off?", row.id);
        let bytes = source.read(&row.id).unwrap();
        assert!(bytes.starts_with(&[0xff, 0xd8]), "{} is not a JPEG file", row.id);
        assert!(!has_metadata(&bytes), "{} carries metadata", row.id);
    }
}

#[test]
fn no_two_splits_share_a_photo() {
    let (rows, source) = open_photos();
    let hashes: Vec<PerceptualHash> = rows
        .par_iter()
        .map(|row| perceptual_hash(&image(&row.id.0, &source.read(&row.id).unwrap())))
        .collect();
    let known: Vec<(&PhotoRow, PerceptualHash)> = rows.iter().zip(hashes).collect();
    let held_out: Vec<_> = known
        .iter()
        .filter(|(row, _)| row.split.as_deref().is_some_and(|split| split != "gallery"))
        .collect();
    assert!(held_out.len() > 900);
    let crossing: Vec<String> = held_out
        .par_iter()
        .flat_map_iter(|(row, hash)| {
            let others = known.iter().filter(|(other, _)| other.split != row.split);
            others
                .filter(|(_, other)| other.is_near(*hash))
                .map(|(other, _)| format!("{} is {}", row.id, other.id))
        })
        .collect();
    assert!(crossing.is_empty(), "{crossing:?}");
}

#[test]
fn the_licence_page_counts_what_is_there() {
    let (rows, _) = open_photos();
    let page = fs::read_to_string(repository().join("data/geophotos/LICENSES.md")).unwrap();
    let mut by_licence: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        *by_licence.entry(row.licence.as_deref().unwrap()).or_default() += 1;
    }
    for (licence, count) in by_licence {
        let line = format!("| {licence} | {} |", thousands(count));
        assert!(page.lines().any(|known| known == line), "data/geophotos/overview.py: {line}");
    }
    let distinct = |of: fn(&PhotoRow) -> Option<String>| {
        thousands(rows.iter().map(of).collect::<HashSet<Option<String>>>().len())
    };
    let first = format!(
        "holds {} ground-level photos by {} authors from {} public git repositories, taken in {} countries",
        thousands(rows.len()),
        distinct(|row| row.author.clone()),
        distinct(|row| row.get("repository").map(std::borrow::Cow::into_owned)),
        distinct(|row| row.place.country.clone()),
    );
    assert!(page.contains(&first), "{first}");
    for part in ["geophotos1", "geophotos3", "geophotos4", "geophotos5"] {
        let name = format!("LICENSES-{part}.md");
        assert!(page.contains(&name) && repository().join("data/geophotos").join(&name).is_file(), "{name}");
    }
}

/// A number with commas between its thousands, below a million.
fn thousands(number: usize) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", number / 1000, number % 1000) }
}

/// How many samples each continent has. The continents take turns in this order, which matters to authors on several.
const DRAWN: [(Continent, usize); 6] = [
    (Continent::Africa, 2),
    (Continent::Asia, 2),
    (Continent::Europe, 2),
    (Continent::NorthAmerica, 2),
    (Continent::Oceania, 1),
    (Continent::SouthAmerica, 1),
];

/// What a name is drawn by.
fn lot(name: &str) -> String {
    sha256_hex(format!("samples-1 {name}").as_bytes())
}

/// The rule of samples/README.md: so nobody can pick nicer photos.
#[test]
fn the_samples_are_those_that_the_rule_draws() {
    let (rows, source) = open_photos();
    let geocoder = ReverseGeocoder::embedded();
    let mut eligible: Vec<&PhotoRow> = rows
        .iter()
        .filter(|row| row.split.as_deref() == Some("test") && row.precision_km.is_none_or(|km| km <= 1.0))
        .collect();
    eligible.sort_by_cached_key(|row| lot(&row.id.0));
    let (mut drawn, mut authors) = (Vec::new(), HashSet::new());
    for (continent, count) in DRAWN {
        let here = eligible.iter().filter(|row| geocoder.continent(row.location) == Some(continent));
        drawn.extend(here.filter(|row| authors.insert(row.author.clone())).take(count).copied());
    }
    assert_eq!(drawn.len(), 10);

    let truth = read_photos(repository().join("samples/truth.csv")).unwrap();
    let originals: HashMap<String, &PhotoRow> =
        truth.iter().map(|row| (row.get("original").unwrap().into_owned(), row)).collect();
    assert_eq!(originals.len(), truth.len());
    let names = |ids: Vec<&str>| {
        let mut ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        ids.sort();
        ids
    };
    assert_eq!(
        names(originals.keys().map(String::as_str).collect()),
        names(drawn.iter().map(|row| row.id.0.as_str()).collect())
    );
    for row in drawn {
        let sample = originals[&row.id.0];
        let bytes = fs::read(repository().join("samples").join(&sample.id.0)).unwrap();
        assert!(bytes == source.read(&row.id).unwrap(), "{} is not {}", sample.id, row.id);
        for column in ["LAT", "LON", "author", "licence", "source", "repository", "precision_km", "split"] {
            assert_eq!(sample.get(column), row.get(column), "{}, {column}", sample.id);
        }
        let readme = fs::read_to_string(repository().join("samples/README.md")).unwrap();
        let credit = readme.lines().find(|line| line.starts_with(&format!("| `{}` |", sample.id))).unwrap();
        for text in [&row.author, &row.licence].into_iter().flatten() {
            assert!(credit.contains(text.as_str()), "{credit}: {text}");
        }
    }
}

/// The rows of data/refuse/pictures.csv by column.
fn refused() -> Vec<HashMap<String, String>> {
    let text = fs::read_to_string(repository().join("data/refuse/pictures.csv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    // Only the last field has commas, in quotes.
    let fields = |line: &str| -> HashMap<String, String> {
        let values = line.splitn(header.len(), ',').map(|value| value.trim_matches('"').to_owned());
        header.iter().map(|name| (*name).to_owned()).zip(values).collect()
    };
    lines.map(fields).collect()
}

#[test]
fn the_pictures_to_refuse_are_listed_free_small_and_divided() {
    let directory = repository().join("data/refuse");
    let rows = refused();
    let mut on_disk: Vec<String> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| Path::new(name).extension().is_some_and(|kind| kind == "jpg" || kind == "png"))
        .collect();
    on_disk.sort();
    assert_eq!(rows.iter().map(|row| row["file"].clone()).collect::<Vec<_>>(), on_disk);
    assert!(rows.len() >= 40);
    let mut bytes_of_all = 0;
    let mut by_kind: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for row in &rows {
        let bytes = fs::read(directory.join(&row["file"])).unwrap();
        bytes_of_all += bytes.len();
        let picture = image(&row["file"], &bytes);
        assert!(picture.width().max(picture.height()) <= 320, "{}", row["file"]);
        assert!(!has_metadata(&bytes), "{} carries metadata", row["file"]);
        let free = ["CC0-1.0", "Public domain"].contains(&row["licence"].as_str());
        let ours = row["licence"] == "Apache-2.0" && row["source"] == "data/refuse/drawn.py";
        assert!((free || ours) && !row["author"].is_empty(), "{row:?}");
        assert_eq!(row["must_refuse"], "1");
        let at = ["val", "test"].iter().position(|split| *split == row["split"]).unwrap();
        by_kind.entry(&row["kind"]).or_default()[at] += 1;
    }
    assert!(bytes_of_all <= 2_000_000, "{bytes_of_all} bytes");
    assert!(by_kind.values().all(|[val, test]| val.abs_diff(*test) <= 1), "{by_kind:?}");
    let [val, test] = by_kind.values().fold([0, 0], |sum, one| [sum[0] + one[0], sum[1] + one[1]]);
    assert!(val.abs_diff(test) <= 1, "{val}, {test}");
}

/// One photograph and one drawn picture of the `test` half.
#[test]
fn the_samples_that_must_be_refused_are_those_that_the_rule_draws() {
    let rows = refused();
    let mut eligible: Vec<&str> =
        rows.iter().filter(|row| row["split"] == "test").map(|row| row["file"].as_str()).collect();
    eligible.sort_by_cached_key(|name| lot(name));
    let drawn = [".jpg", ".png"].map(|kind| *eligible.iter().find(|name| name.ends_with(kind)).unwrap());
    let truth = read_photos(repository().join("samples/truth.csv")).unwrap();
    let mut expected: Vec<&str> = truth.iter().map(|row| row.id.0.as_str()).chain(drawn).collect();
    expected.extend(["README.md", "truth.csv"]);
    expected.sort_unstable();
    let folder = repository().join("samples");
    let mut found: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, expected);
    for name in drawn {
        let original = fs::read(repository().join("data/refuse").join(name)).unwrap();
        assert!(fs::read(folder.join(name)).unwrap() == original, "{name}");
    }
}
