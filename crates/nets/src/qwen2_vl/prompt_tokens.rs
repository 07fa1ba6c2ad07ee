//! Prompts as the network sees them, and what a group of them shares.

use super::positions::{MergedGrid, Positions};
use crate::NetworkError;

/// A prompt: token ids, and for its photos, in order, which of the group's photos they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// `[tokens]`; each photo is a run of as many photo tokens as it has merged patches.
    pub ids: Vec<u32>,
    /// Indices into the photos of the group.
    pub photos: Vec<usize>,
}

/// What a photo became in the vision tower.
#[derive(Clone, Debug, PartialEq)]
pub struct PhotoFeatures {
    /// `[merged patches, hidden]`.
    pub values: Vec<f32>,
    /// Rows and columns of merged patches.
    pub grid: MergedGrid,
}

/// Where the input vector of one token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The embedding of a token.
    Token(u32),
    /// A merged patch of a photo.
    Patch { photo: usize, patch: usize },
}

/// A prompt with its sources and positions.
#[derive(Clone, Debug)]
pub(super) struct Laid {
    pub(super) sources: Vec<Source>,
    pub(super) positions: Positions,
}

impl Laid {
    /// Lays out a prompt.
    pub(super) fn new(
        prompt: &Prompt,
        image_token: u32,
        photos: &[PhotoFeatures],
    ) -> Result<Self, NetworkError> {
        let grids = prompt
            .photos
            .iter()
            .map(|&photo| {
                photos.get(photo).map(|features| features.grid).ok_or(NetworkError::InputLength {
                    what: "photos of a group",
                    found: photos.len(),
                    expected: format!("more than {photo}, which a prompt names"),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let positions = Positions::of_prompt(&prompt.ids, image_token, &grids)?;
        let mut patches = prompt.photos.iter().zip(&grids).flat_map(|(&photo, [rows, columns])| {
            (0..rows * columns).map(move |patch| Source::Patch { photo, patch })
        });
        let sources = prompt
            .ids
            .iter()
            .map(|&id| {
                if id == image_token {
                    patches.next().unwrap_or(Source::Token(id))
                } else {
                    Source::Token(id)
                }
            })
            .collect();
        Ok(Self { sources, positions })
    }
}

/// Length of the longest prefix that all prompts share, tokens and photos alike, which leaves each prompt at least
/// one token of its own; 0 for fewer than two prompts.
pub(super) fn shared_prefix(prompts: &[Laid]) -> usize {
    let [first, rest @ ..] = prompts else { return 0 };
    if rest.is_empty() {
        return 0;
    }
    let shortest = prompts.iter().map(|prompt| prompt.sources.len()).min().unwrap_or(0);
    rest.iter().fold(shortest.saturating_sub(1), |length, prompt| {
        let pairs = first.sources.iter().zip(&prompt.sources).take(length);
        pairs.take_while(|(one, other)| one == other).count()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHOTO: u32 = 9;

    fn features(patches: usize) -> PhotoFeatures {
        PhotoFeatures { values: vec![0.0; patches], grid: [1, patches] }
    }

    fn laid(ids: &[u32], photos: &[usize]) -> Laid {
        let prompt = Prompt { ids: ids.to_vec(), photos: photos.to_vec() };
        Laid::new(&prompt, PHOTO, &[features(2), features(2), features(1)]).unwrap()
    }

    #[test]
    fn equal_ids_of_different_photos_are_not_shared() {
        let one = laid(&[1, 9, 9, 2, 9, 9, 3], &[0, 1]);
        let other = laid(&[1, 9, 9, 2, 9, 9, 3], &[0, 0]);
        assert_eq!(shared_prefix(&[one, other]), 4);
    }

    #[test]
    fn every_prompt_keeps_a_token() {
        let prompt = laid(&[1, 9, 9, 2], &[0]);
        assert_eq!(shared_prefix(&[prompt.clone(), prompt.clone(), prompt.clone()]), 3);
        assert_eq!(shared_prefix(&[prompt.clone(), laid(&[1, 9, 9, 2, 5], &[0])]), 3);
        assert_eq!(shared_prefix(&[prompt]), 0);
        assert_eq!(shared_prefix(&[]), 0);
    }

    #[test]
    fn photos_that_are_not_there_are_refused() {
        let prompt = Prompt { ids: vec![9], photos: vec![7] };
        assert!(Laid::new(&prompt, PHOTO, &[features(1)]).is_err());
    }
}
