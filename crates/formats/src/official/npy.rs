//! Matrices in numpy's `.npy` files, read a block of rows at a time.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::literal::{Literal, parse};
use contract::{Diagnose, ErrorKind};

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// Numpy itself refuses longer headers of files that are not trusted.
const LONGEST_HEADER: usize = 10_000;

/// The types of numbers that are read, all little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NpyType {
    /// `<i4`.
    I32,
    /// `<i8`: what FAISS gives for row numbers.
    I64,
    /// `<f4`: what FAISS gives for similarities.
    F32,
    /// `<f8`.
    F64,
}

impl NpyType {
    /// Bytes a number.
    pub const fn size(self) -> usize {
        match self {
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    /// The name in the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::I32 => "<i4",
            Self::I64 => "<i8",
            Self::F32 => "<f4",
            Self::F64 => "<f8",
        }
    }

    /// Whether the numbers are whole.
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::I32 | Self::I64)
    }
}

/// Why a `.npy` file is refused. Every message names the file, and the field of its header where there is one.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// The file does not open, or reading stopped.
    #[error("{file} cannot be read: {cause}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Not a `.npy` file, or one cut off in its header.
    #[error("{file} is not a .npy file: {why}")]
    NotNpy {
        /// The file.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// A field of the header that cannot be, or that is not read here.
    #[error("{file}, field `{field}` of the header: {why}")]
    Field {
        /// The file.
        file: String,
        /// `descr`, `fortran_order`, `shape`, or a name that does not belong there.
        field: String,
        /// What is wrong.
        why: String,
    },
    /// A header that promises more or less than the file has.
    #[error(
        "{file}, field `shape` of the header: {shape:?} of `{descr}` are {promised} bytes, but {found} follow the header"
    )]
    Length {
        /// The file.
        file: String,
        /// Rows and columns.
        shape: [u64; 2],
        /// The type.
        descr: &'static str,
        /// Bytes that shape and type need.
        promised: u128,
        /// Bytes that are there.
        found: u64,
    },
}

impl Diagnose for NpyError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { cause, .. } if cause.kind() == io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::Read { .. } => ErrorKind::Unreadable,
            _ => ErrorKind::InvalidTable,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { .. } => "check the path and its permissions".into(),
            Self::Field { field, why, .. } if field == "descr" && why.contains("Python objects") => {
                "save it again as numbers: np.save(path, np.asarray(matrix, dtype='<i8'))".into()
            }
            Self::Field { field, .. } if field == "descr" => {
                "save it again: np.save(path, matrix.astype('<i8')) for row numbers, '<f4' for similarities"
                    .into()
            }
            Self::Field { field, .. } if field == "shape" => {
                "a result matrix has one row per query and one column per neighbour".into()
            }
            Self::NotNpy { .. } | Self::Field { .. } => "write it with numpy.save".into(),
            Self::Length { .. } => "the file was cut or changed: copy it again".into(),
        })
    }
}

/// An open `.npy` file with a matrix `[rows, columns]`, C or Fortran order. Only the rows that are asked for are read.
#[derive(Debug)]
pub struct NpyFile {
    name: String,
    file: File,
    start: u64,
    kind: NpyType,
    fortran: bool,
    rows: u64,
    columns: u64,
}

impl NpyFile {
    /// Opens a file and compares its header with its length.
    ///
    /// # Errors
    /// [`NpyError`]: anything but a matrix of little-endian 32- or 64-bit numbers that is there to the last byte and no
    /// further.
    pub fn open(path: &Path) -> Result<Self, NpyError> {
        let name = path.display().to_string();
        let read = |cause| NpyError::Read { file: name.clone(), cause };
        let mut file = File::open(path).map_err(read)?;
        let metadata = file.metadata().map_err(read)?;
        if metadata.is_dir() {
            return Err(read(io::ErrorKind::IsADirectory.into()));
        }
        let (header, start) = header(&name, &mut file)?;
        let (kind, fortran, [rows, columns]) = fields(&name, &header)?;
        let found = metadata.len().saturating_sub(start);
        let promised = u128::from(rows) * u128::from(columns) * kind.size() as u128;
        if promised != u128::from(found) {
            let (shape, descr) = ([rows, columns], kind.as_str());
            return Err(NpyError::Length { file: name, shape, descr, promised, found });
        }
        Ok(Self { name, file, start, kind, fortran, rows, columns })
    }

    /// Its name in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its numbers.
    pub const fn kind(&self) -> NpyType {
        self.kind
    }

    /// Rows.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Columns.
    pub const fn columns(&self) -> u64 {
        self.columns
    }

    /// Rows `first..first + count` as f64, `[count, columns]` one row after the other; fewer at the end. 64-bit whole
    /// numbers beyond 2^53 are rounded.
    ///
    /// # Errors
    /// [`NpyError::Read`].
    pub fn floats(&mut self, first: u64, count: usize) -> Result<Vec<f64>, NpyError> {
        let kind = self.kind;
        self.read(first, count, |bytes| match (kind, bytes) {
            (NpyType::F32, &[a, b, c, d]) => f64::from(f32::from_le_bytes([a, b, c, d])),
            (NpyType::I32, &[a, b, c, d]) => f64::from(i32::from_le_bytes([a, b, c, d])),
            (NpyType::F64, bytes) => f64::from_le_bytes(eight(bytes)),
            (_, bytes) => i64::from_le_bytes(eight(bytes)) as f64,
        })
    }

    /// The same as whole numbers.
    ///
    /// # Errors
    /// [`NpyError::Read`]; [`NpyError::Field`] for a file of floats.
    pub fn integers(&mut self, first: u64, count: usize) -> Result<Vec<i64>, NpyError> {
        if !self.kind.is_whole() {
            let why = format!("`{}` where whole numbers (<i8 or <i4) are needed", self.kind.as_str());
            return Err(NpyError::Field { file: self.name.clone(), field: "descr".into(), why });
        }
        self.read(first, count, |bytes| match bytes {
            &[a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
            bytes => i64::from_le_bytes(eight(bytes)),
        })
    }

    fn read<T: Copy + Default>(
        &mut self,
        first: u64,
        count: usize,
        number: impl Fn(&[u8]) -> T,
    ) -> Result<Vec<T>, NpyError> {
        let count = self.rows.saturating_sub(first).min(count as u64);
        let (rows, columns, size) = (count as usize, self.columns as usize, self.kind.size());
        if rows == 0 || columns == 0 {
            // The other number may be anything: there is nothing to go through.
            return Ok(Vec::new());
        }
        let mut values = vec![T::default(); rows * columns];
        // Rows lie one after the other, or columns do.
        let runs = if self.fortran { columns } else { 1 };
        let length = rows * columns / runs.max(1);
        let mut bytes = vec![0; length * size];
        for run in 0..runs {
            let before = if self.fortran { run as u64 * self.rows + first } else { first * self.columns };
            let filled = self
                .file
                .seek(SeekFrom::Start(self.start + before * size as u64))
                .and_then(|_| self.file.read_exact(&mut bytes));
            filled.map_err(|cause| NpyError::Read { file: self.name.clone(), cause })?;
            for (index, bytes) in bytes.chunks_exact(size).enumerate() {
                let at = if self.fortran { index * columns + run } else { index };
                if let Some(slot) = values.get_mut(at) {
                    *slot = number(bytes);
                }
            }
        }
        Ok(values)
    }
}

fn eight(bytes: &[u8]) -> [u8; 8] {
    bytes.try_into().unwrap_or_default()
}

/// The text of the header and where the numbers start.
fn header(name: &str, file: &mut File) -> Result<(String, u64), NpyError> {
    let not = |why: &str| NpyError::NotNpy { file: name.to_owned(), why: why.to_owned() };
    let fill = |file: &mut File, bytes: &mut [u8]| {
        file.read_exact(bytes).map_err(|cause| match cause.kind() {
            io::ErrorKind::UnexpectedEof => not("it ends in its header"),
            _ => NpyError::Read { file: name.to_owned(), cause },
        })
    };
    let mut start = [0; 8];
    fill(file, &mut start)?;
    if !start.starts_with(MAGIC) {
        return Err(not("it does not start as one"));
    }
    let mut length = [0; 4];
    let width = match start[6] {
        1 => 2,
        2 | 3 => 4,
        version => return Err(not(&format!("version {version} of the format is not known"))),
    };
    fill(file, &mut length[..width])?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST_HEADER {
        return Err(not(&format!("its header is said to have {length} bytes")));
    }
    let mut text = vec![0; length];
    fill(file, &mut text)?;
    let text = String::from_utf8(text).map_err(|_| not("its header is not text"))?;
    Ok((text, (start.len() + width + length) as u64))
}

/// Type, order and shape.
fn fields(name: &str, header: &str) -> Result<(NpyType, bool, [u64; 2]), NpyError> {
    let wrong = |field: &str, why: String| {
        let (file, field) = (name.to_owned(), field.to_owned());
        NpyError::Field { file, field, why }
    };
    let not = |why: String| NpyError::NotNpy { file: name.to_owned(), why };
    let entries = match parse(header) {
        Ok(Literal::Dict(entries)) => entries,
        Ok(other) => return Err(not(format!("its header is {}, not a dictionary", other.kind()))),
        Err(error) => return Err(not(format!("its header is not a Python literal: {error}"))),
    };
    let (mut kind, mut fortran, mut shape) = (None, None, None);
    for (key, value) in &entries {
        let key = key.text().ok_or_else(|| not("a key of its header is not a string".into()))?;
        let taken = match key {
            "descr" => kind.replace(element(value).map_err(|why| wrong(key, why))?).is_some(),
            "fortran_order" => match value {
                Literal::Bool(value) => fortran.replace(*value).is_some(),
                other => return Err(wrong(key, format!("{} where True or False is needed", other.kind()))),
            },
            "shape" => shape.replace(matrix(value).map_err(|why| wrong(key, why))?).is_some(),
            _ => return Err(wrong(key, "it does not belong there".into())),
        };
        if taken {
            return Err(wrong(key, "it is there twice".into()));
        }
    }
    let missing = |field: &str| wrong(field, "it is missing".into());
    Ok((
        kind.ok_or_else(|| missing("descr"))?,
        fortran.ok_or_else(|| missing("fortran_order"))?,
        shape.ok_or_else(|| missing("shape"))?,
    ))
}

fn element(value: &Literal) -> Result<NpyType, String> {
    let Literal::Text(text) = value else {
        return Err(format!("{}: records are not read", value.kind()));
    };
    let known = [NpyType::I32, NpyType::I64, NpyType::F32, NpyType::F64];
    if let Some(kind) = known.into_iter().find(|kind| kind.as_str() == text) {
        return Ok(kind);
    }
    Err(match text.get(..1) {
        Some("|") if text.contains('O') => {
            "Python objects, which only a program run by pickle could restore".into()
        }
        Some(">") => format!("`{text}` is big-endian"),
        _ => format!("`{text}` is none of <i8, <i4, <f4, <f8"),
    })
}

fn matrix(value: &Literal) -> Result<[u64; 2], String> {
    let Literal::Tuple(sides) = value else {
        return Err(format!("{} where a tuple is needed", value.kind()));
    };
    let side = |side: &Literal| match side {
        Literal::Int(value) => u64::try_from(*value).map_err(|_| format!("{value} is negative")),
        other => Err(format!("{} where a whole number is needed", other.kind())),
    };
    match sides.as_slice() {
        [rows, columns] => Ok([side(rows)?, side(columns)?]),
        other => Err(format!("{} dimensions where two are needed", other.len())),
    }
}
