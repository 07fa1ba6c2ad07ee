//! A set of rows.

/// Which rows a query may return: one bit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowMask {
    words: Vec<u64>,
    rows: usize,
}

impl RowMask {
    /// All of `rows` rows.
    pub fn all(rows: usize) -> Self {
        let mut words = vec![u64::MAX; rows.div_ceil(64)];
        if let Some(last) = words.last_mut()
            && !rows.is_multiple_of(64)
        {
            *last = (1 << (rows % 64)) - 1;
        }
        Self { words, rows }
    }

    /// The rows for which `keep` is true.
    pub fn from_fn(rows: usize, mut keep: impl FnMut(usize) -> bool) -> Self {
        let mut mask = Self { words: vec![0; rows.div_ceil(64)], rows };
        for row in 0..rows {
            if keep(row) {
                mask.words[row / 64] |= 1 << (row % 64);
            }
        }
        mask
    }

    /// Takes a row out; nothing happens if it is not there.
    pub fn remove(&mut self, row: usize) {
        if let Some(word) = self.words.get_mut(row / 64) {
            *word &= !(1 << (row % 64));
        }
    }

    /// Whether a row is in.
    pub fn contains(&self, row: usize) -> bool {
        self.words.get(row / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Number of rows that are in.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Number of rows that the mask speaks about.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The rows that are in, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            std::iter::successors(Some(word), |word| Some(word & word.wrapping_sub(1)))
                .take_while(|&word| word != 0)
                .map(move |word| index * 64 + word.trailing_zeros() as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaves_like_a_set() {
        for rows in [0, 1, 63, 64, 65, 200] {
            let all = RowMask::all(rows);
            assert_eq!(all.count(), rows);
            assert_eq!(all, RowMask::from_fn(rows, |_| true));
            let mut thirds = RowMask::from_fn(rows, |row| row % 3 == 0);
            assert_eq!(thirds.iter().collect::<Vec<_>>(), (0..rows).step_by(3).collect::<Vec<_>>());
            thirds.remove(0);
            thirds.remove(9999);
            assert!(!thirds.contains(0) && !thirds.contains(9999));
        }
    }
}
