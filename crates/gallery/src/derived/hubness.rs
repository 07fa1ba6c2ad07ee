//! How much of a hub each photo is: the mean similarity to its nearest among a reference set.
//!
//! In spaces of many dimensions some vectors lie near everything: they are found for queries of any kind, and push
//! better answers out (Radovanovic et al., JMLR 2010). What a hub gains everywhere is taken off again, as in
//! cross-domain similarity local scaling (CSLS; Conneau et al., arXiv 1710.04087): score = similarity - strength x
//! penalty, where strength 1/2 is CSLS, whose other half depends on the query only and changes no order.
//!
//! The reference set stands for queries to come: photos of the gallery itself, evenly spaced over its rows.

use std::io::{self, Cursor, Seek, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::atomic::write_atomically;
use super::container::{Container, ContainerWriter, Header, Kind, Tag, damaged};
use crate::lock::WriterLock;
use crate::matrix::{MatrixError, MatrixQuery, VectorMatrix, VectorPrecision};
use crate::schema::Meta;

/// Size of the reference set, and how many of the nearest in it count.
const REFERENCE: usize = 4096;
const NEAREST: usize = 10;
/// Rows that are compared at a time.
const BLOCK: usize = 256;

const IDENTITY: Tag = 1;
const PENALTIES: Tag = 2;

/// Penalties of a channel's rows, as a file or in memory.
#[derive(Debug)]
pub(crate) struct Hubness(Container);

impl Hubness {
    /// `[rows]`.
    pub(crate) fn penalties(&self) -> &[f32] {
        self.0.section(PENALTIES)
    }

    /// The file of a channel.
    pub(crate) fn path(meta: &Meta, ordinal: usize, directory: &Path) -> PathBuf {
        let name = meta.channels.get(ordinal).map_or("", |spec| spec.channel.as_str());
        directory.join(format!("{name}.hubness"))
    }

    /// Opens the file if it belongs to this state of the gallery.
    pub(crate) fn open(meta: &Meta, ordinal: usize, directory: &Path) -> io::Result<Self> {
        Self::check(Container::open(&Self::path(meta, ordinal, directory), Kind::Hubness)?, meta)
    }

    /// Opens the file, or computes the penalties and writes it, where nobody else is writing and the directory allows
    /// it.
    pub(crate) fn open_or_build(
        meta: &Meta,
        ordinal: usize,
        directory: &Path,
        matrix: &VectorMatrix,
    ) -> Result<Self, MatrixError> {
        if let Ok(known) = Self::open(meta, ordinal, directory) {
            return Ok(known);
        }
        let path = Self::path(meta, ordinal, directory);
        let penalties = penalties(matrix)?;
        let reading = |source| MatrixError::Read { path: path.clone(), source };
        if let Ok(_lock) = WriterLock::acquire(directory) {
            let written = write_atomically(&path, |file| write(meta, &penalties, file).map(|_| ()));
            if let Some(written) = written.ok().and_then(|()| Self::open(meta, ordinal, directory).ok()) {
                return Ok(written);
            }
        }
        let bytes = write(meta, &penalties, Cursor::new(Vec::new())).map_err(reading)?.into_inner();
        Container::from_bytes(&bytes, Kind::Hubness)
            .and_then(|container| Self::check(container, meta))
            .map_err(reading)
    }

    /// Whether there is a file of an earlier state of the gallery. Adding and removing photos leave it where it is; who
    /// needs penalties again replaces it.
    pub(crate) fn is_outdated(meta: &Meta, ordinal: usize, directory: &Path) -> bool {
        Container::open(&Self::path(meta, ordinal, directory), Kind::Hubness)
            .is_ok_and(|container| container.header().generation < meta.generation)
    }

    fn check(container: Container, meta: &Meta) -> io::Result<Self> {
        if container.header().generation != meta.generation || container.text(IDENTITY) != identity(meta) {
            return Err(damaged("it was made from another gallery, or another state of it"));
        }
        container.sized::<f32>(PENALTIES, meta.photos)?;
        Ok(Self(container))
    }

    /// Compares the whole content with its checksums.
    pub(crate) fn check_content(&self) -> Result<(), String> {
        self.0.check_content()
    }
}

fn identity(meta: &Meta) -> String {
    format!("{} mean of {NEAREST} among {REFERENCE}", meta.identity)
}

fn write<W: Write + Seek>(meta: &Meta, penalties: &[f32], out: W) -> io::Result<W> {
    let header = Header {
        kind: Kind::Hubness,
        generation: meta.generation,
        rows: penalties.len() as u64,
        dimension: 1,
    };
    let identity = identity(meta);
    let sections = [(IDENTITY, Some(identity.len() as u64)), (PENALTIES, Some(penalties.len() as u64 * 4))];
    let mut container = ContainerWriter::new(out, header, &sections);
    container.append(IDENTITY, identity.as_bytes())?;
    container.append(PENALTIES, bytemuck::cast_slice(penalties))?;
    Ok(container.finish()?.0)
}

/// The mean similarity of each row to its nearest in the reference set, itself left out: `[rows]`.
pub(crate) fn penalties(matrix: &VectorMatrix) -> Result<Vec<f32>, MatrixError> {
    let rows = matrix.len();
    let reference: Vec<usize> = match rows {
        0..=REFERENCE => (0..rows).collect(),
        _ => (0..REFERENCE).map(|index| (index as u64 * rows as u64 / REFERENCE as u64) as usize).collect(),
    };
    let vectors: Vec<Vec<f32>> = reference.iter().filter_map(|&row| matrix.row(row)).collect();
    let of_reference =
        VectorMatrix::build(matrix.dimension(), vectors.iter().map(Vec::as_slice), VectorPrecision::F32)?;
    let mut penalties = Vec::with_capacity(rows);
    for first in (0..rows).step_by(BLOCK) {
        let block: Vec<usize> = (first..(first + BLOCK).min(rows)).collect();
        let vectors: Vec<Vec<f32>> =
            block.par_iter().map(|&row| matrix.row(row).unwrap_or_default()).collect();
        let queries: Vec<MatrixQuery<'_>> =
            vectors.iter().map(|vector| MatrixQuery { vector, mask: None }).collect();
        for (row, found) in block.into_iter().zip(of_reference.search(&queries, NEAREST + 1)?) {
            let others = found.iter().filter(|one| reference.get(one.row) != Some(&row)).take(NEAREST);
            let (sum, count) =
                others.fold((0.0_f32, 0), |(sum, count), one| (sum + one.similarity, count + 1));
            penalties.push(if count == 0 { 0.0 } else { sum / count as f32 });
        }
    }
    Ok(penalties)
}
