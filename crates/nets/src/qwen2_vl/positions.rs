//! M-RoPE: three positions a token - time, row, column - and the angles they turn by.
//!
//! Text advances all three together. A photo holds one time, and counts rows and columns of merged patches from
//! where the text had come; the text after it goes on past the largest position of the photo (Qwen2-VL, arXiv
//! 2409.12191, section 2.1).

use super::config::LanguageConfig;
use crate::NetworkError;

/// Rows and columns of a photo in merged patches.
pub type MergedGrid = [usize; 2];

/// The positions of a run of tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Positions {
    /// `[tokens]` of time, row, column.
    pub tokens: Vec<[u32; 3]>,
}

impl Positions {
    /// The positions of a whole prompt; `grids` are those of its photos in order.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`] if the photo tokens and the grids do not agree.
    pub fn of_prompt(ids: &[u32], image_token: u32, grids: &[MergedGrid]) -> Result<Self, NetworkError> {
        let mut tokens = Vec::with_capacity(ids.len());
        let mut grids_left = grids.iter();
        let mut next = 0_u32;
        while let Some(&id) = ids.get(tokens.len()) {
            if id != image_token {
                tokens.push([next; 3]);
                next += 1;
                continue;
            }
            let run = ids[tokens.len()..].iter().take_while(|&&id| id == image_token).count();
            let Some(&[rows, columns]) = grids_left.next() else {
                return Err(photo_mismatch(run, 0));
            };
            if rows * columns != run {
                return Err(photo_mismatch(run, rows * columns));
            }
            for row in 0..rows {
                tokens.extend((0..columns).map(|column| [next, next + row as u32, next + column as u32]));
            }
            next += rows.max(columns) as u32;
        }
        match grids_left.next() {
            None => Ok(Self { tokens }),
            Some([rows, columns]) => Err(photo_mismatch(0, rows * columns)),
        }
    }

    /// Angles in radians, `[tokens, head_dim / 2]`: the sections of `mrope_section` follow time, row and column.
    pub fn angles(&self, config: &LanguageConfig) -> Vec<f32> {
        let frequencies = inverse_frequencies(config.rope_theta, config.head_dim);
        let axes: Vec<usize> = config
            .mrope_section
            .iter()
            .enumerate()
            .flat_map(|(axis, &count)| std::iter::repeat_n(axis, count))
            .collect();
        self.tokens
            .iter()
            .flat_map(|token| {
                frequencies.iter().zip(&axes).map(|(frequency, &axis)| token[axis] as f32 * frequency)
            })
            .collect()
    }
}

/// `theta^(-2i / dimension)` for `i` below `dimension / 2`, rounded where the reference rounds.
pub(super) fn inverse_frequencies(theta: f64, dimension: usize) -> Vec<f32> {
    (0..dimension / 2)
        .map(|index| {
            let exponent = (2 * index) as f32 / dimension as f32;
            1.0 / (theta.powf(f64::from(exponent)) as f32)
        })
        .collect()
}

fn photo_mismatch(found: usize, expected: usize) -> NetworkError {
    NetworkError::InputLength {
        what: "photo tokens of a prompt",
        found,
        expected: format!("{expected}, the merged patches of the photo"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_on_past_the_largest_position_of_a_photo() {
        let ids = [1, 9, 9, 9, 9, 9, 9, 2, 9, 3];
        let positions = Positions::of_prompt(&ids, 9, &[[2, 3], [1, 1]]).unwrap();
        assert_eq!(
            positions.tokens,
            [
                [0, 0, 0],
                [1, 1, 1],
                [1, 1, 2],
                [1, 1, 3],
                [1, 2, 1],
                [1, 2, 2],
                [1, 2, 3],
                [4, 4, 4],
                [5, 5, 5],
                [6, 6, 6]
            ]
        );
    }

    #[test]
    fn photos_and_grids_must_agree() {
        for (ids, grids) in [
            (&[1, 9, 9][..], &[][..]),
            (&[1, 9, 9], &[[1, 3]]),
            (&[1, 2], &[[1, 1]]),
            (&[9, 9], &[[1, 1], [1, 1]]),
        ] {
            assert!(Positions::of_prompt(ids, 9, grids).is_err(), "{ids:?} {grids:?}");
        }
    }
}
