//! Taking photos and vectors out again, in formats that anything reads.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::derived::atomic::write_atomically;
use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::matrix::VectorMatrix;

const COLUMNS: [&str; 13] = [
    "IMG_ID",
    "LAT",
    "LON",
    "neighbourhood",
    "city",
    "county",
    "state",
    "region",
    "country",
    "country_code",
    "author",
    "licence",
    "source",
];

impl Gallery {
    /// Writes `photos.csv` (a photo table) and, for each channel, `CHANNEL.npy` (`[photos, dimension]`, f32, in
    /// the order of the table) into `directory`, and returns the files.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn export(&self, directory: &Path) -> Result<Vec<PathBuf>, GalleryError> {
        fs::create_dir_all(directory).map_err(GalleryError::io("write", directory))?;
        let table = directory.join("photos.csv");
        self.export_table(&table)?;
        let mut files = vec![table];
        for (spec, matrix) in self.meta.channels.iter().zip(&self.derived.matrices) {
            let path = directory.join(format!("{}.npy", spec.channel));
            write_atomically(&path, |file| write_npy(file, matrix))
                .map_err(GalleryError::io("write", &path))?;
            files.push(path);
        }
        Ok(files)
    }

    fn export_table(&self, path: &Path) -> Result<(), GalleryError> {
        let mut failed = None;
        let written = write_atomically(path, |file| {
            self.write_table(file).map_err(|error| {
                failed = Some(error);
                io::Error::other("csv")
            })
        });
        match (written, failed) {
            (_, Some(source)) => Err(GalleryError::Csv { path: path.to_path_buf(), source }),
            (Err(error), None) => Err(GalleryError::io("write", path)(error)),
            (Ok(()), None) => Ok(()),
        }
    }

    fn write_table(&self, file: &mut File) -> csv::Result<()> {
        let mut table = csv::Writer::from_writer(BufWriter::new(file));
        table.write_record(COLUMNS)?;
        for record in self.records() {
            let (latitude, longitude) = (record.location.latitude(), record.location.longitude());
            let (place, credit) = (record.place, record.attribution);
            let texts = [
                place.neighbourhood,
                place.city,
                place.county,
                place.state,
                place.region,
                place.country,
                place.country_code,
                credit.author,
                credit.licence,
                credit.source,
            ];
            let mut row = vec![record.id.0, latitude.to_string(), longitude.to_string()];
            row.extend(texts.map(Option::unwrap_or_default));
            table.write_record(row)?;
        }
        table.flush()?;
        Ok(())
    }
}

/// Version 1.0 of the `npy` array format: magic, header length, a Python dictionary padded to 64 bytes, data.
fn write_npy(file: &mut File, matrix: &VectorMatrix) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    let (rows, columns) = (matrix.len(), matrix.dimension());
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&(header.len() as u16).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    for row in (0..rows).filter_map(|row| matrix.row(row)) {
        out.write_all(bytemuck::cast_slice(&row))?;
    }
    out.flush()
}
