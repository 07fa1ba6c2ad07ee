//! Lists taken apart into values with repetition and definition levels. All columns and entries may be null, as other
//! writers have it.

use parquet::column::writer::ColumnWriterImpl;
use parquet::data_type::DataType;
use parquet::errors::ParquetError;

/// The values of a column, `T` being what Parquet stores.
#[derive(Debug)]
pub(super) struct Shredded<T> {
    values: Vec<T>,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
}

impl<T> Default for Shredded<T> {
    fn default() -> Self {
        Self { values: Vec::new(), definitions: Vec::new(), repetitions: Vec::new() }
    }
}

impl<T> Shredded<T> {
    fn level(&mut self, definition: i16, repetition: i16) {
        self.definitions.push(definition);
        self.repetitions.push(repetition);
    }

    /// A plain value.
    pub(super) fn plain(&mut self, value: Option<T>) {
        self.level(i16::from(value.is_some()), 0);
        self.values.extend(value);
    }

    /// A list; its entries may be null.
    pub(super) fn list(&mut self, list: Option<impl IntoIterator<Item = Option<T>>>) {
        let Some(list) = list else { return self.level(0, 0) };
        let mut repetition = 0;
        for value in list {
            self.level(if value.is_some() { 3 } else { 2 }, repetition);
            self.values.extend(value);
            repetition = 1;
        }
        if repetition == 0 {
            self.level(1, 0);
        }
    }

    /// A list of lists.
    pub(super) fn lists(&mut self, lists: impl IntoIterator<Item = impl IntoIterator<Item = T>>) {
        let mut repetition = 0;
        for list in lists {
            let outer = repetition;
            for value in list {
                self.level(5, repetition);
                self.values.push(value);
                repetition = 2;
            }
            if repetition != 2 {
                self.level(3, outer);
            }
            repetition = 1;
        }
        if repetition == 0 {
            self.level(1, 0);
        }
    }

    /// Writes the column.
    pub(super) fn write<D: DataType<T = T>>(
        &self,
        column: &mut ColumnWriterImpl<'_, D>,
    ) -> Result<(), ParquetError> {
        column.write_batch(&self.values, Some(&self.definitions), Some(&self.repetitions)).map(|_| ())
    }
}
