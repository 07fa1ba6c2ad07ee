//! Taking photos and vectors out again, in formats that anything reads.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use formats::table::{PhotoRow, PhotoWriter, TableError};

use crate::error::GalleryError;
use crate::gallery::Gallery;
use crate::matrix::VectorMatrix;
use files::write_atomic_with;

impl Gallery {
    /// The files that [`Gallery::export`] writes.
    pub fn export_files(&self, directory: &Path) -> Vec<PathBuf> {
        let vectors = self.meta.channels.iter().map(|spec| format!("{}.npy", spec.channel));
        std::iter::once("photos.csv".to_owned()).chain(vectors).map(|name| directory.join(name)).collect()
    }

    /// Writes `photos.csv` (a photo table) and, for each channel, `CHANNEL.npy` (`[photos, dimension]`, f32, in
    /// the order of the table) into `directory`, and returns the files.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn export(&self, directory: &Path) -> Result<Vec<PathBuf>, GalleryError> {
        fs::create_dir_all(directory).map_err(GalleryError::io("write", directory))?;
        let files = self.export_files(directory);
        let [table, vectors @ ..] = files.as_slice() else { return Ok(files) };
        self.export_table(table)?;
        for (path, matrix) in vectors.iter().zip(&self.derived.matrices) {
            write_atomic_with(path, |file| write_npy(file, matrix))
                .map_err(GalleryError::io("write", path))?;
        }
        Ok(files)
    }

    fn export_table(&self, path: &Path) -> Result<(), GalleryError> {
        let mut failed = None;
        let written = write_atomic_with(path, |file| {
            self.write_table(path, file).map_err(|error| {
                failed = Some(error);
                io::Error::other("table")
            })
        });
        match (written, failed) {
            (_, Some(error)) => Err(GalleryError::Table(error)),
            (Err(error), None) => Err(GalleryError::io("write", path)(error)),
            (Ok(()), None) => Ok(()),
        }
    }

    fn write_table(&self, path: &Path, file: &mut File) -> Result<(), TableError> {
        let mut table = PhotoWriter::new(&path.display().to_string(), BufWriter::new(file), &[])?;
        for record in self.photos() {
            let mut row = PhotoRow::new(record.id, record.location);
            row.place = record.place;
            row.author = record.attribution.author;
            row.licence = record.attribution.licence;
            row.source = record.attribution.source;
            table.write(&row)?;
        }
        table.finish()
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
