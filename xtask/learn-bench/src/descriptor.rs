//! Numbers that describe a view and do not care how it is turned: colours, texture, what lies where from the centre.
//!
//! No weights are learnt here. The whitening that makes a photo space of these numbers is `train`'s, as for real
//! photos.

use photo::Image;

/// Outer radii of the rings, in halves of the side.
const RINGS: [f32; 3] = [0.4, 0.75, 1.0];
/// Sectors in which the angular pattern is looked at.
const SECTORS: usize = 12;
/// Shares of the pixels whose levels are taken.
const QUANTILES: [f32; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
/// Levels of each axis of the colour histogram.
const LEVELS: usize = 4;
/// Edges between the classes of gradients.
const GRADIENTS: [f32; 5] = [0.01, 0.025, 0.05, 0.1, 0.2];

/// How many numbers [`describe`] gives.
pub const LENGTH: usize =
    3 * (QUANTILES.len() + 2 * RINGS.len() + 3) + LEVELS.pow(3) + 2 * (GRADIENTS.len() + 1);

/// The description of a view, [`LENGTH`] numbers.
///
/// Per opponent colour (brightness, red against green, yellow against blue): quantiles, mean and deviation in three
/// rings, size of the first three angular waves. Then the square roots of a colour histogram, and two histograms of
/// brightness steps, between neighbours and over four pixels.
pub fn describe(image: &Image) -> Vec<f32> {
    let side = image.width() as usize;
    let channels = opponent_colours(image);
    let mut numbers = Vec::with_capacity(LENGTH);
    for channel in &channels {
        numbers.extend(quantiles(channel));
        numbers.extend(rings(channel, side));
        numbers.extend(waves(channel, side));
    }
    numbers.extend(histogram(image));
    numbers.extend(steps(&channels[0], side, 1));
    numbers.extend(steps(&channels[0], side, 4));
    numbers
}

/// Brightness, red - green, yellow - blue of every pixel.
fn opponent_colours(image: &Image) -> [Vec<f32>; 3] {
    let pixels = || {
        image
            .rgb()
            .chunks_exact(3)
            .map(|pixel| [pixel[0], pixel[1], pixel[2]].map(|value| f32::from(value) / 255.0))
    };
    [
        pixels().map(|[red, green, blue]| (red + green + blue) / 3.0).collect(),
        pixels().map(|[red, green, _]| red - green).collect(),
        pixels().map(|[red, green, blue]| f32::midpoint(red, green) - blue).collect(),
    ]
}

fn quantiles(channel: &[f32]) -> impl Iterator<Item = f32> {
    let mut sorted = channel.to_vec();
    sorted.sort_by(f32::total_cmp);
    QUANTILES.into_iter().map(move |share| sorted[((sorted.len() - 1) as f32 * share).round() as usize])
}

/// Distance from the centre in halves of the side, and direction, of a pixel.
fn polar(index: usize, side: usize) -> (f32, f32) {
    let half = side as f32 / 2.0;
    let right = ((index % side) as f32 + 0.5 - half) / half;
    let down = ((index / side) as f32 + 0.5 - half) / half;
    (right.hypot(down), down.atan2(right))
}

/// Mean and deviation in each ring; the corners belong to none.
fn rings(channel: &[f32], side: usize) -> Vec<f32> {
    let mut sums = [[0.0_f32; 3]; RINGS.len()];
    for (index, value) in channel.iter().enumerate() {
        let (radius, _) = polar(index, side);
        if let Some(ring) = RINGS.iter().position(|outer| radius < *outer) {
            for (sum, part) in sums[ring].iter_mut().zip([1.0, *value, value * value]) {
                *sum += part;
            }
        }
    }
    let statistics = |[count, sum, squares]: [f32; 3]| {
        let mean = sum / count.max(1.0);
        [mean, (squares / count.max(1.0) - mean * mean).max(0.0).sqrt()]
    };
    sums.into_iter().flat_map(statistics).collect()
}

/// Sizes of the first three waves around the centre: one side against the other, and so on. Turning moves the
/// waves and leaves their sizes.
fn waves(channel: &[f32], side: usize) -> [f32; 3] {
    let mut sums = [(0.0_f32, 0.0_f32); SECTORS];
    for (index, value) in channel.iter().enumerate() {
        let (radius, direction) = polar(index, side);
        if radius < 1.0 {
            let turn = direction / std::f32::consts::TAU + 0.5;
            let (sum, count) = &mut sums[((turn * SECTORS as f32) as usize).min(SECTORS - 1)];
            *sum += value;
            *count += 1.0;
        }
    }
    std::array::from_fn(|wave| {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (sector, (sum, count)) in sums.iter().enumerate() {
            let angle = std::f32::consts::TAU * (wave + 1) as f32 * sector as f32 / SECTORS as f32;
            real += sum / count.max(1.0) * angle.cos();
            imaginary += sum / count.max(1.0) * angle.sin();
        }
        real.hypot(imaginary)
    })
}

fn histogram(image: &Image) -> Vec<f32> {
    let mut counts = vec![0.0_f32; LEVELS.pow(3)];
    for pixel in image.rgb().chunks_exact(3) {
        // Square roots of the levels: most of the land is dark.
        let level =
            |value: u8| (((f32::from(value) / 256.0).sqrt() * LEVELS as f32) as usize).min(LEVELS - 1);
        counts[(level(pixel[0]) * LEVELS + level(pixel[1])) * LEVELS + level(pixel[2])] += 1.0;
    }
    let total = (image.rgb().len() / 3) as f32;
    counts.into_iter().map(|count| (count / total).sqrt()).collect()
}

/// How often brightness changes by how much over `reach` pixels.
fn steps(brightness: &[f32], side: usize, reach: usize) -> Vec<f32> {
    let mut counts = vec![0.0_f32; GRADIENTS.len() + 1];
    let inner = side.saturating_sub(reach);
    for row in 0..inner {
        for column in 0..inner {
            // From the four corners of a square, so that a quarter turn leaves its size.
            let at = |down: usize, right: usize| brightness[(row + down) * side + column + right];
            let corners = [at(0, 0), at(0, reach), at(reach, 0), at(reach, reach)];
            let across = (corners[1] - corners[0] + corners[3] - corners[2]) / 2.0;
            let down = (corners[2] - corners[0] + corners[3] - corners[1]) / 2.0;
            let step = across.hypot(down);
            counts[GRADIENTS.iter().position(|edge| step < *edge).unwrap_or(GRADIENTS.len())] += 1.0;
        }
    }
    let total = (inner * inner).max(1) as f32;
    counts.into_iter().map(|count| (count / total).sqrt()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(image: &Image) -> Image {
        let side = image.width();
        let rgb = (0..side * side)
            .flat_map(|index| image.pixel(index / side, side - 1 - index % side).unwrap())
            .collect();
        Image::new(side, side, rgb).unwrap()
    }

    fn coast(side: u32) -> Image {
        let colour =
            |x: u32, y: u32| if x + y / 3 < side / 2 { [20, 60, 120] } else { [120, 90 + y as u8, 60] };
        let rgb = (0..side * side).flat_map(|index| colour(index % side, index / side)).collect();
        Image::new(side, side, rgb).unwrap()
    }

    #[test]
    fn a_quarter_turn_changes_little() {
        let image = coast(40);
        let (one, two) = (describe(&image), describe(&turned(&image)));
        assert_eq!(one.len(), LENGTH);
        assert!(one.iter().all(|number| number.is_finite()));
        for (index, (a, b)) in one.iter().zip(&two).enumerate() {
            assert!((a - b).abs() < 0.05, "number {index}: {a} {b}");
        }
        let plain = describe(&Image::filled(40, 40, [120, 90, 60]).unwrap());
        assert!(one.iter().zip(&plain).any(|(a, b)| (a - b).abs() > 0.2));
    }
}
