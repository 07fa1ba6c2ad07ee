//! The matrix and its file.

use std::fmt;
use std::io::{self, Cursor, Seek, Write};
use std::path::Path;

use kernels::int8::{self, MAX_DIMENSION, Rows};
use serde::{Deserialize, Serialize};

use super::MatrixError;
use crate::derived::container::{Container, ContainerWriter, Header, Kind, SectionEntry, Tag, damaged};
use files::write_atomic_with;

/// How vectors are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VectorPrecision {
    /// As they came: 4 bytes a number. Searches scan int8 codes and re-score with these.
    #[default]
    F32,
    /// One byte a number and one scale a vector: a quarter of the size, similarities within about 0.001.
    Int8,
}

impl VectorPrecision {
    /// The name in files and outputs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
        }
    }
}

impl fmt::Display for VectorPrecision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

const CODES: Tag = 1;
const SCALES: Tag = 2;
const SUMS: Tag = 3;
const EXACT: Tag = 4;
/// What the matrix was derived from, or whose vectors it holds.
const IDENTITY: Tag = 5;
/// Sections of other modules start here.
pub(crate) const FIRST_FREE_TAG: Tag = 16;

/// Vectors of one length, `[rows, dimension]`: int8 codes with a scale each, and optionally the f32 originals.
///
/// ```
/// use gallery::{MatrixQuery, VectorMatrix, VectorPrecision};
/// let rows: [[f32; 2]; 3] = [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]];
/// let matrix = VectorMatrix::build(2, rows.iter().map(|row| &row[..]), VectorPrecision::F32)?;
/// let found = matrix.search(&[MatrixQuery { vector: &[0.0, 1.0], mask: None }], 2)?;
/// assert_eq!(found[0].iter().map(|one| one.row).collect::<Vec<_>>(), [2, 1]);
/// # Ok::<(), gallery::MatrixError>(())
/// ```
#[derive(Debug)]
pub struct VectorMatrix {
    container: Container,
    rows: usize,
    dimension: usize,
    stride: usize,
}

impl VectorMatrix {
    /// A matrix in memory.
    ///
    /// # Errors
    /// A row of another length or with a number that is not finite.
    pub fn build<'a>(
        dimension: usize,
        rows: impl ExactSizeIterator<Item = &'a [f32]>,
        precision: VectorPrecision,
    ) -> Result<Self, MatrixError> {
        let plan = MatrixPlan {
            kind: Kind::Matrix,
            generation: 0,
            identity: String::new(),
            rows: rows.len(),
            dimension,
            precision,
        };
        let memory = Path::new("memory");
        let bytes =
            plan.fill(Cursor::new(Vec::new()), &[], rows, memory)?.finish().map_err(writing(memory))?.0;
        let container = Container::from_bytes(&bytes.into_inner(), Kind::Matrix).map_err(reading(memory))?;
        Self::from_container(container).map_err(reading(memory))
    }

    /// Opens a file made by [`VectorMatrix::write`]. Its pages are loaded as searches touch them.
    ///
    /// # Errors
    /// A missing or damaged file. Of files above 64 MiB, only the header and the sizes are checked.
    pub fn open(path: &Path) -> Result<Self, MatrixError> {
        let container = Container::open(path, Kind::Matrix).map_err(reading(path))?;
        Self::from_container(container).map_err(reading(path))
    }

    /// Writes the matrix to a file, replacing it at once or not at all.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, path: &Path) -> Result<(), MatrixError> {
        write_atomic_with(path, |file| file.write_all(self.container.as_bytes())).map_err(writing(path))
    }

    pub(crate) fn from_container(container: Container) -> io::Result<Self> {
        let header = *container.header();
        let (rows, dimension) = (header.rows as usize, header.dimension as usize);
        if dimension == 0 || dimension > MAX_DIMENSION || header.rows >= u64::from(u32::MAX) {
            return Err(damaged(format!("it has {rows} rows of {dimension} numbers")));
        }
        let stride = int8::padded(dimension);
        container.sized::<i8>(CODES, rows * stride)?;
        container.sized::<f32>(SCALES, rows)?;
        container.sized::<i32>(SUMS, rows)?;
        if !container.section::<f32>(EXACT).is_empty() {
            container.sized::<f32>(EXACT, rows * dimension)?;
        }
        Ok(Self { container, rows, dimension, stride })
    }

    /// Number of vectors.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no vectors.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Length of each vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// How the vectors are stored.
    pub fn precision(&self) -> VectorPrecision {
        if self.container.section::<f32>(EXACT).is_empty() {
            VectorPrecision::Int8
        } else {
            VectorPrecision::F32
        }
    }

    /// A vector: the original if it is stored, the dequantised one otherwise.
    pub fn row(&self, row: usize) -> Option<Vec<f32>> {
        self.view(row).map(RowView::to_f32)
    }

    pub(crate) fn container(&self) -> &Container {
        &self.container
    }

    pub(crate) fn generation(&self) -> u64 {
        self.container.header().generation
    }

    pub(crate) fn identity(&self) -> &str {
        self.container.text(IDENTITY)
    }

    /// All rows, for scanning.
    pub(super) fn rows(&self) -> Option<Rows<'_>> {
        Rows::new(
            self.container.section(CODES),
            self.container.section(SCALES),
            self.container.section(SUMS),
            self.stride,
        )
    }

    /// One row, for scoring in f32.
    pub(super) fn view(&self, row: usize) -> Option<RowView<'_>> {
        if row >= self.rows {
            return None;
        }
        let exact = self.container.section::<f32>(EXACT);
        if let Some(values) = exact.get(row * self.dimension..(row + 1) * self.dimension) {
            return Some(RowView::Exact(values));
        }
        let codes = self.container.section::<i8>(CODES).get(row * self.stride..)?.get(..self.dimension)?;
        Some(RowView::Codes(codes, *self.container.section::<f32>(SCALES).get(row)?))
    }
}

/// A stored vector, as it is stored.
#[derive(Clone, Copy, Debug)]
pub(super) enum RowView<'a> {
    Exact(&'a [f32]),
    Codes(&'a [i8], f32),
}

impl RowView<'_> {
    fn to_f32(self) -> Vec<f32> {
        match self {
            Self::Exact(values) => values.to_vec(),
            Self::Codes(codes, scale) => codes.iter().map(|&code| scale * f32::from(code)).collect(),
        }
    }
}

pub(crate) fn reading(path: &Path) -> impl FnOnce(io::Error) -> MatrixError {
    let path = path.to_path_buf();
    move |source| MatrixError::Read { path, source }
}

pub(crate) fn writing(path: &Path) -> impl FnOnce(io::Error) -> MatrixError {
    let path = path.to_path_buf();
    move |source| MatrixError::Write { path, source }
}

/// What a matrix file will hold.
#[derive(Clone, Debug)]
pub(crate) struct MatrixPlan {
    pub(crate) kind: Kind,
    pub(crate) generation: u64,
    pub(crate) identity: String,
    pub(crate) rows: usize,
    pub(crate) dimension: usize,
    pub(crate) precision: VectorPrecision,
}

impl MatrixPlan {
    /// A writer with all of `rows` in it; `extra` sections are still to be filled.
    pub(crate) fn fill<'a, W: Write + Seek>(
        &self,
        out: W,
        extra: &[(Tag, Option<u64>)],
        rows: impl Iterator<Item = &'a [f32]>,
        path: &Path,
    ) -> Result<MatrixWriter<W>, MatrixError> {
        if self.dimension == 0 || self.dimension > MAX_DIMENSION {
            return Err(MatrixError::UnsupportedDimension { dimension: self.dimension });
        }
        if self.rows >= u32::MAX as usize {
            return Err(MatrixError::TooManyRows { rows: self.rows });
        }
        let mut writer = MatrixWriter::new(out, self, extra).map_err(writing(path))?;
        for (index, row) in rows.enumerate() {
            check_vector(row, self.dimension, || format!("row {index}"))?;
            writer.push(row).map_err(writing(path))?;
        }
        Ok(writer)
    }
}

/// Length and finiteness.
pub(crate) fn check_vector(
    vector: &[f32],
    dimension: usize,
    what: impl Fn() -> String,
) -> Result<(), MatrixError> {
    if vector.len() != dimension {
        return Err(MatrixError::WrongDimension { what: what(), expected: dimension, found: vector.len() });
    }
    if vector.iter().any(|value| !value.is_finite()) {
        return Err(MatrixError::NotFinite { what: what() });
    }
    Ok(())
}

/// Writes a matrix row by row, whatever its size.
pub(crate) struct MatrixWriter<W> {
    container: ContainerWriter<W>,
    precision: VectorPrecision,
    codes: Vec<i8>,
}

impl<W: Write + Seek> MatrixWriter<W> {
    pub(crate) fn new(out: W, plan: &MatrixPlan, extra: &[(Tag, Option<u64>)]) -> io::Result<Self> {
        let (rows, stride) = (plan.rows as u64, int8::padded(plan.dimension) as u64);
        let exact = match plan.precision {
            VectorPrecision::F32 => rows * plan.dimension as u64 * 4,
            VectorPrecision::Int8 => 0,
        };
        let mut sections = vec![
            (IDENTITY, Some(plan.identity.len() as u64)),
            (CODES, Some(rows * stride)),
            (SCALES, Some(rows * 4)),
            (SUMS, Some(rows * 4)),
            (EXACT, Some(exact)),
        ];
        sections.extend_from_slice(extra);
        let header =
            Header { kind: plan.kind, generation: plan.generation, rows, dimension: plan.dimension as u32 };
        let mut container = ContainerWriter::new(out, header, &sections);
        container.append(IDENTITY, plan.identity.as_bytes())?;
        Ok(Self { container, precision: plan.precision, codes: vec![0; stride as usize] })
    }

    /// Appends a vector.
    pub(crate) fn push(&mut self, vector: &[f32]) -> io::Result<()> {
        let scale = int8::quantise(vector, &mut self.codes);
        if self.precision == VectorPrecision::F32 {
            self.container.append(EXACT, bytemuck::cast_slice(vector))?;
        }
        self.push_row(scale)
    }

    /// Appends a vector that is quantised already.
    pub(crate) fn push_codes(&mut self, codes: &[i8], scale: f32) -> io::Result<()> {
        self.codes.fill(0);
        for (to, from) in self.codes.iter_mut().zip(codes) {
            *to = *from;
        }
        self.push_row(scale)
    }

    fn push_row(&mut self, scale: f32) -> io::Result<()> {
        let sum: i32 = self.codes.iter().map(|&code| i32::from(code)).sum();
        self.container.append(CODES, bytemuck::cast_slice(&self.codes))?;
        self.container.append(SCALES, &scale.to_le_bytes())?;
        self.container.append(SUMS, &sum.to_le_bytes())
    }

    /// Appends to an extra section.
    pub(crate) fn append(&mut self, tag: Tag, bytes: &[u8]) -> io::Result<()> {
        self.container.append(tag, bytes)
    }

    pub(crate) fn finish(self) -> io::Result<(W, Vec<SectionEntry>)> {
        self.container.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gives_back_the_rows() {
        let directory = tempfile::tempdir().unwrap();
        let rows = [[0.5_f32, -1.0, 0.25], [0.0, 0.0, 0.0], [1.0, 2.0, -3.0]];
        for precision in [VectorPrecision::F32, VectorPrecision::Int8] {
            let matrix = VectorMatrix::build(3, rows.iter().map(|row| &row[..]), precision).unwrap();
            let path = directory.path().join("a.matrix");
            matrix.write(&path).unwrap();
            let read = VectorMatrix::open(&path).unwrap();
            assert_eq!((read.len(), read.dimension(), read.precision()), (3, 3, precision));
            for (index, row) in rows.iter().enumerate() {
                let tolerance = if precision == VectorPrecision::F32 { 0.0 } else { 3.0 / 254.0 + 1e-6 };
                for (stored, value) in read.row(index).unwrap().iter().zip(row) {
                    assert!((stored - value).abs() <= tolerance);
                }
            }
            assert_eq!(read.row(3), None);
        }
    }

    #[test]
    fn a_damaged_file_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.matrix");
        let matrix =
            VectorMatrix::build(2, [&[1.0_f32, 2.0][..]].into_iter(), VectorPrecision::Int8).unwrap();
        matrix.write(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let codes = bytemuck::cast_slice::<i8, u8>(matrix.container.section(CODES));
        let mut changed = bytes.clone();
        let place = bytes.windows(codes.len()).position(|window| window == codes).unwrap();
        changed[place] ^= 1;
        for damaged in [&changed[..], &bytes[..100]] {
            std::fs::write(&path, damaged).unwrap();
            let error = VectorMatrix::open(&path).unwrap_err();
            assert!(error.to_string().contains("a.matrix"), "{error}");
        }
        std::fs::write(&path, bytes).unwrap();
        assert!(VectorMatrix::open(&path).is_ok());
    }

    #[test]
    fn bad_rows_are_refused() {
        let build = |row: &[f32]| VectorMatrix::build(2, [row].into_iter(), VectorPrecision::F32);
        assert!(matches!(build(&[1.0]), Err(MatrixError::WrongDimension { expected: 2, found: 1, .. })));
        assert!(matches!(build(&[1.0, f32::NAN]), Err(MatrixError::NotFinite { .. })));
        let none: [&[f32]; 0] = [];
        assert!(VectorMatrix::build(0, none.into_iter(), VectorPrecision::F32).is_err());
        assert!(VectorMatrix::build(2, none.into_iter(), VectorPrecision::F32).unwrap().is_empty());
    }
}
