//! A column of lists, read back from Parquet's repetition and definition levels.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::schema::types::{ColumnDescriptor, Type};

/// The values of one field: a list of lists, whatever the column is. A list is the first of one list, a plain value
/// the first of the first; `None` is a null field.
pub(super) type Lists<T> = Option<Vec<Vec<Option<T>>>>;

/// A leaf of the schema.
#[derive(Debug)]
pub(super) struct Leaf {
    /// Its number in the file.
    pub(super) index: usize,
    /// The definition levels of its lists, outermost first; at most two.
    lists: Vec<i16>,
    /// The definition level of a value that is there.
    present: i16,
}

impl Leaf {
    pub(super) fn new(index: usize, column: &ColumnDescriptor, root: &Type) -> Self {
        let mut lists = Vec::new();
        let mut level = 0;
        let mut node = Some(root);
        for part in column.path().parts() {
            node = node
                .filter(|node| node.is_group())
                .and_then(|node| node.get_fields().iter().find(|field| field.name() == part))
                .map(AsRef::as_ref);
            match node.map(|node| node.get_basic_info().repetition()) {
                Some(parquet::basic::Repetition::OPTIONAL) => level += 1,
                Some(parquet::basic::Repetition::REPEATED) => {
                    level += 1;
                    lists.push(level);
                }
                _ => {}
            }
        }
        Self { index, lists, present: column.max_def_level() }
    }

    /// How deep the lists are.
    pub(super) fn depth(&self) -> usize {
        self.lists.len()
    }

    /// Reads `rows` fields of texts.
    pub(super) fn texts(
        &self,
        reader: &mut ColumnReader,
        rows: usize,
    ) -> Result<Vec<Lists<Vec<u8>>>, ParquetError> {
        match reader {
            ColumnReader::ByteArrayColumnReader(reader) => {
                self.read(reader, rows, |value| value.data().to_vec())
            }
            _ => Err(inconsistent()),
        }
    }

    /// Reads `rows` fields of numbers.
    pub(super) fn numbers(
        &self,
        reader: &mut ColumnReader,
        rows: usize,
    ) -> Result<Vec<Lists<f64>>, ParquetError> {
        match reader {
            ColumnReader::DoubleColumnReader(reader) => self.read(reader, rows, |value| *value),
            ColumnReader::FloatColumnReader(reader) => self.read(reader, rows, |value| f64::from(*value)),
            _ => Err(inconsistent()),
        }
    }

    fn read<T: DataType, V>(
        &self,
        reader: &mut ColumnReaderImpl<T>,
        rows: usize,
        convert: impl Fn(&T::T) -> V,
    ) -> Result<Vec<Lists<V>>, ParquetError> {
        let (mut definitions, mut repetitions, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let mut done = 0;
        while done < rows {
            let (records, _, _) = reader.read_records(
                rows - done,
                Some(&mut definitions),
                Some(&mut repetitions),
                &mut values,
            )?;
            if records == 0 {
                break;
            }
            done += records;
        }
        // Columns without lists, or without nulls, have no levels of that kind.
        if self.present == 0 {
            definitions = vec![0; values.len()];
        }
        if self.lists.is_empty() {
            repetitions = vec![0; definitions.len()];
        }
        let fields = self.assemble(&definitions, &repetitions, values.iter().map(convert));
        fields.filter(|fields| fields.len() == rows).ok_or_else(inconsistent)
    }

    /// `None` for levels that contradict each other.
    fn assemble<V>(
        &self,
        definitions: &[i16],
        repetitions: &[i16],
        mut values: impl Iterator<Item = V>,
    ) -> Option<Vec<Lists<V>>> {
        if definitions.len() != repetitions.len() {
            return None;
        }
        let mut fields = Vec::new();
        for (&definition, &repetition) in definitions.iter().zip(repetitions) {
            if repetition == 0 {
                fields.push(None);
            }
            let field: &mut Lists<V> = fields.last_mut()?;
            let mut value = || if definition == self.present { values.next().map(Some) } else { Some(None) };
            match *self.lists.as_slice() {
                [] if definition == self.present => {
                    *field = Some(vec![vec![value()?]]);
                }
                // One level below a list that has an entry is a list without one; below that, no list.
                [outer] if definition >= outer - 1 => {
                    let list = field.get_or_insert_with(|| vec![Vec::new()]).last_mut()?;
                    if definition >= outer {
                        list.push(value()?);
                    }
                }
                [outer, inner] if definition >= outer - 1 => {
                    let lists = field.get_or_insert_with(Vec::new);
                    if definition >= outer {
                        if repetition < 2 {
                            lists.push(Vec::new());
                        }
                        if definition >= inner {
                            lists.last_mut()?.push(value()?);
                        }
                    }
                }
                _ => {}
            }
        }
        Some(fields)
    }
}

fn inconsistent() -> ParquetError {
    ParquetError::General("a column's levels do not fit its values".to_owned())
}
