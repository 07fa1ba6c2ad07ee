//! At which radii a photo can be judged: a place that is known to 10 km does not tell what lies within 1 km of it.

use std::borrow::Cow;

use contract::RADII_KM;

/// For each of some photos the radii that its place is precise enough for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// For each photo the number of radii that are smaller than its precision; empty when all are judged everywhere.
    too_small: Vec<u8>,
}

impl Judged {
    /// Every photo at every radius.
    pub const fn everywhere() -> Self {
        Self { too_small: Vec::new() }
    }

    /// Photos by the precision of their places, km; `None` is exact.
    pub fn new(precision_km: impl IntoIterator<Item = Option<f64>>) -> Self {
        Self::of_counts(precision_km.into_iter().map(too_small).collect())
    }

    /// From what [`too_small`] gives for each photo.
    pub(crate) fn of_counts(too_small: Vec<u8>) -> Self {
        let all = too_small.iter().all(|count| *count == 0);
        Self { too_small: if all { Vec::new() } else { too_small } }
    }

    /// Whether a photo is judged within the radius with an index in [`RADII_KM`].
    pub fn is_judged(&self, photo: usize, radius: usize) -> bool {
        self.too_small.get(photo).is_none_or(|count| usize::from(*count) <= radius)
    }

    /// The values, one per photo, of those that are judged within a radius.
    pub fn at<'a, T: Copy>(&self, radius: usize, values: &'a [T]) -> Cow<'a, [T]> {
        if (0..self.too_small.len()).all(|photo| self.is_judged(photo, radius)) {
            return Cow::Borrowed(values);
        }
        let judged = values.iter().enumerate().filter(|(photo, _)| self.is_judged(*photo, radius));
        Cow::Owned(judged.map(|(_, value)| *value).collect())
    }

    /// Some of the photos, by their numbers.
    #[must_use]
    pub fn of(&self, photos: impl IntoIterator<Item = usize>) -> Self {
        if self.too_small.is_empty() {
            return Self::everywhere();
        }
        let count = |photo: usize| self.too_small.get(photo).copied().unwrap_or(0);
        Self::of_counts(photos.into_iter().map(count).collect())
    }
}

/// How many of the radii, the smallest first, a precision in km is too coarse for. A precision equal to a radius will do.
pub(crate) fn too_small(precision_km: Option<f64>) -> u8 {
    let km = precision_km.unwrap_or(0.0);
    RADII_KM.iter().take_while(|radius| km > **radius).count() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photo_is_judged_at_the_radii_that_its_place_is_precise_enough_for() {
        let judged = Judged::new([None, Some(1.0), Some(1.5), Some(300.0), Some(9000.0)]);
        let at = |radius: usize| judged.at(radius, &[0, 1, 2, 3, 4]).into_owned();
        assert_eq!(at(0), [0, 1]);
        assert_eq!(at(1), [0, 1, 2]);
        assert_eq!(at(3), [0, 1, 2, 3]);
        assert_eq!(at(4), [0, 1, 2, 3]);
        assert_eq!(judged.of([3, 1]), Judged::new([Some(300.0), Some(1.0)]));
        assert_eq!(judged.of([1, 0]), Judged::everywhere());
    }

    #[test]
    fn without_precisions_nothing_is_left_out_or_copied() {
        let judged = Judged::new([None, Some(0.0)]);
        assert_eq!(judged, Judged::everywhere());
        assert!(judged.is_judged(1, 0) && judged.is_judged(7, 0));
        assert!(matches!(judged.at(0, &[1, 2]), Cow::Borrowed([1, 2])));
    }
}
