//! Running the real binary in a directory of its own.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// The binary, with the repository's starter pack.
pub(crate) fn georanker() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_georanker"));
    command.env("GEORANKER_PACK", repository().join("packs/starter")).env("NO_COLOR", "1");
    command
}

/// The repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The folder of the repository's samples: photos with a known place, and pictures that must be refused.
pub(crate) fn samples() -> PathBuf {
    repository().join("samples")
}

/// The rows of the samples' table, by file name: each a list of its first fields, name, latitude and longitude.
fn truth() -> Vec<[String; 3]> {
    let table = fs::read_to_string(samples().join("truth.csv")).unwrap();
    let row = |line: &str| {
        let mut fields = line.split(',').map(str::to_owned);
        std::array::from_fn(|_| fields.next().unwrap())
    };
    let mut rows: Vec<[String; 3]> = table.lines().skip(1).map(row).collect();
    rows.sort();
    rows
}

/// The sample photos with a known place, by name.
pub(crate) fn sample_photos() -> Vec<PathBuf> {
    truth().into_iter().map(|[name, ..]| samples().join(name)).collect()
}

/// Latitude and longitude of a sample photo.
pub(crate) fn place_of(sample: &str) -> [f64; 2] {
    let [_, latitude, longitude] = truth().into_iter().find(|[name, ..]| name == sample).unwrap();
    [latitude, longitude].map(|degrees| degrees.parse().unwrap())
}

/// A temporary directory.
pub(crate) struct Workplace(TempDir);

impl Workplace {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn root(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A copy of the first sample photo.
    pub(crate) fn photo(&self, name: &str) -> PathBuf {
        self.file(name, &fs::read(first_sample()).unwrap())
    }

    /// A gallery of the sample photos.
    pub(crate) fn gallery_of_samples(&self) -> PathBuf {
        let gallery = self.path("gallery");
        let run = building(&gallery, &samples(), &samples().join("truth.csv")).assert().code(0);
        let said = String::from_utf8_lossy(&run.get_output().stderr).into_owned();
        assert!(said.contains("photos added"), "{said}");
        gallery
    }

    /// The starter pack with hard links for files: cheap, and a replaced file leaves the original alone.
    pub(crate) fn copy_of_pack(&self) -> PathBuf {
        let copy = self.path("pack");
        link_tree(&repository().join("packs/starter"), &copy);
        copy
    }
}

fn link_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            link_tree(&entry.path(), &target);
        } else if fs::hard_link(entry.path(), &target).is_err() {
            // Another file system.
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// The command that builds a gallery of photos and their table.
pub(crate) fn building(gallery: &Path, photos: &Path, table: &Path) -> Command {
    let mut command = georanker();
    command.args(["gallery", "build"]).arg(gallery).arg("--photos").arg(photos).arg("--table").arg(table);
    command
}

/// The first sample photo by name.
pub(crate) fn first_sample() -> PathBuf {
    sample_photos().into_iter().next().unwrap()
}

/// Parses JSON lines.
pub(crate) fn json_lines(bytes: &[u8]) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A picture as a PNG.
pub(crate) fn png_of(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    let mut image = image::RgbImage::new(width, height);
    for (x, y, value) in image.enumerate_pixels_mut() {
        *value = image::Rgb(pixel(x, y));
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A PNG that announces a size and has next to no data.
pub(crate) fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut header = Vec::from(*b"IHDR");
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut png = Vec::from(*b"\x89PNG\r\n\x1a\n");
    png.extend(13_u32.to_be_bytes());
    png.extend(&header);
    png.extend(crc32(&header).to_be_bytes());
    png.extend([0; 64]);
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |rest, _| if rest & 1 == 1 { (rest >> 1) ^ 0xedb8_8320 } else { rest >> 1 },
        )
    })
}
