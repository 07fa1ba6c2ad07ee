//! Which column is where.

use super::error::TableError;

/// The columns of a table, trimmed; unnamed ones (an index that was written along) are empty.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    pub(super) names: Vec<String>,
}

impl Columns {
    /// The positions of required columns.
    pub(super) fn require<const N: usize>(
        &self,
        file: &str,
        wanted: [&'static str; N],
    ) -> Result<[usize; N], TableError> {
        let mut at = [0; N];
        let mut missing = Vec::new();
        for (slot, name) in at.iter_mut().zip(wanted) {
            match self.find(file, &[name])? {
                Some(index) => *slot = index,
                None => missing.push(name),
            }
        }
        if missing.is_empty() {
            return Ok(at);
        }
        let found =
            self.names.iter().map(|name| if name.is_empty() { "(unnamed)".into() } else { name.clone() });
        Err(TableError::MissingColumns { file: file.to_owned(), missing, found: found.collect() })
    }

    /// The position of an optional column that may go by several names.
    pub(super) fn find(&self, file: &str, aliases: &[&str]) -> Result<Option<usize>, TableError> {
        let mut found = self.names.iter().enumerate().filter(|(_, name)| aliases.contains(&name.as_str()));
        let Some((index, first)) = found.next() else { return Ok(None) };
        match found.next() {
            None => Ok(Some(index)),
            Some((_, second)) => Err(TableError::DuplicateColumn {
                file: file.to_owned(),
                first: first.clone(),
                second: second.clone(),
            }),
        }
    }
}
