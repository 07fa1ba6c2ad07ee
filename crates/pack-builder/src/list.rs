//! The photo table as the build keeps it in memory: some hundred bytes a photo.

use std::collections::HashMap;

use contract::{Failure, PhotoId};
use files::sha256_hex;
use formats::table::{BadRows, PhotoRow, PhotoTable};
use geo::LatLon;

use crate::BuildError;
use crate::config::PhotosConfig;

/// What a photo is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    /// Searched, and what heads are fitted on.
    Gallery,
    /// What is chosen is chosen on these.
    Validation,
    /// What is reported is measured on these.
    Test,
    /// Named for something else.
    Other,
}

/// The photos of a table, in its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct PhotoList {
    pub(crate) ids: Vec<PhotoId>,
    pub(crate) places: Vec<LatLon>,
    /// Numbers of authors; a photo of an unknown author has a number of its own.
    pub(crate) authors: Vec<u32>,
    /// Names of authors that are known, by number.
    pub(crate) author_names: HashMap<u32, String>,
    pub(crate) splits: Vec<Split>,
    /// How precisely the place is known, km; 0 where nothing is said.
    pub(crate) precision_km: Vec<f64>,
    pub(crate) countries: Vec<Option<String>>,
}

impl PhotoList {
    /// Reads the table. Rows that are wrong end it, by name.
    pub(crate) fn read(config: &PhotosConfig) -> Result<Self, BuildError> {
        let table = PhotoTable::open(&config.table).map_err(BuildError::part)?;
        let rows =
            table.read_whole(&mut BadRows::new(&mut |_| {}).at_most(0)).map_err(BuildError::part)?.rows;
        Ok(Self::of(&rows, config))
    }

    fn of(rows: &[PhotoRow], config: &PhotosConfig) -> Self {
        let mut list = Self::default();
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let has_splits = rows.iter().any(|row| row.split.is_some());
        for (index, row) in rows.iter().enumerate() {
            let next = index as u32;
            let author = match row.author.as_deref().filter(|name| !name.is_empty()) {
                Some(name) => {
                    let number = *numbers.entry(name).or_insert(next);
                    list.author_names.entry(number).or_insert_with(|| name.to_owned());
                    number
                }
                None => next,
            };
            list.ids.push(row.id.clone());
            list.places.push(row.location);
            list.authors.push(author);
            list.splits.push(if has_splits {
                named_split(row.split.as_deref())
            } else {
                drawn_split(row.author.as_deref().unwrap_or(&row.id.0), config)
            });
            let precision = row.get("precision_km").and_then(|text| text.parse::<f64>().ok());
            list.precision_km.push(precision.filter(|km| *km >= 0.0 && km.is_finite()).unwrap_or(0.0));
            list.countries.push(row.place.country.clone());
        }
        list
    }

    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The author's name, where known.
    pub(crate) fn author(&self, index: usize) -> Option<&str> {
        self.author_names.get(self.authors.get(index)?).map(String::as_str)
    }
}

fn named_split(name: Option<&str>) -> Split {
    match name.unwrap_or_default().to_ascii_lowercase().as_str() {
        "gallery" | "train" | "training" | "" => Split::Gallery,
        "val" | "validation" | "dev" => Split::Validation,
        "test" => Split::Test,
        _ => Split::Other,
    }
}

/// A photo's split by its author, so that no author is on two sides.
fn drawn_split(author: &str, config: &PhotosConfig) -> Split {
    let digits = sha256_hex(format!("split {author}").as_bytes());
    let number = u64::from_str_radix(&digits[..12], 16).unwrap_or(0) as f64 / (1_u64 << 48) as f64;
    if number < config.validation_share {
        Split::Validation
    } else if number < config.validation_share + config.test_share {
        Split::Test
    } else {
        Split::Gallery
    }
}

/// The rows of the table once more, in order, for what the list does not keep.
pub(crate) fn rows(
    config: &PhotosConfig,
) -> Result<impl Iterator<Item = Result<PhotoRow, Failure>>, BuildError> {
    let table = PhotoTable::open(&config.table).map_err(BuildError::part)?;
    Ok(table.map(|row| row.map_err(Failure::from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> PhotosConfig {
        PhotosConfig {
            table: "t.csv".into(),
            from: "photos".into(),
            gallery_name: "g".into(),
            licence: "CC0".into(),
            validation_share: 0.2,
            test_share: 0.2,
            failures_allowed: 0.0,
            refuse: None,
        }
    }

    fn row(id: &str, author: Option<&str>, split: Option<&str>) -> PhotoRow {
        PhotoRow {
            author: author.map(str::to_owned),
            split: split.map(str::to_owned),
            ..PhotoRow::new(id, LatLon::new(1.0, 2.0).unwrap())
        }
    }

    #[test]
    fn splits_are_named_or_drawn_by_author() {
        let named =
            [row("a", None, Some("val")), row("b", None, Some("train")), row("c", None, Some("spare"))];
        assert_eq!(
            PhotoList::of(&named, &config()).splits,
            [Split::Validation, Split::Gallery, Split::Other]
        );
        let drawn: Vec<PhotoRow> = (0..300)
            .map(|index| row(&format!("{index}"), Some(&format!("author {}", index % 60)), None))
            .collect();
        let list = PhotoList::of(&drawn, &config());
        let count = |split| list.splits.iter().filter(|one| **one == split).count();
        assert!(count(Split::Validation) > 10 && count(Split::Test) > 10 && count(Split::Gallery) > 100);
        for index in 0..300 {
            assert_eq!(list.splits[index], list.splits[index % 60], "an author is on one side");
        }
    }

    #[test]
    fn unknown_authors_are_nobody_in_common() {
        let rows = [
            row("a", None, None),
            row("b", None, None),
            row("c", Some("x"), None),
            row("d", Some("x"), None),
        ];
        let list = PhotoList::of(&rows, &config());
        assert_ne!(list.authors[0], list.authors[1]);
        assert_eq!(list.authors[2], list.authors[3]);
        assert_eq!((list.author(0), list.author(3)), (None, Some("x")));
    }
}
