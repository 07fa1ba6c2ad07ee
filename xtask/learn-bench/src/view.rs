//! What is seen of a place: a square cut out of the Earth, straight from above.

use geo::{EARTH_RADIUS_KM, LatLon};
use photo::{Image, PhotoError};
use rand::Rng;

use crate::world::WholeEarth;

/// Size of a view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Pixels of a side.
    pub side: u32,
    /// What a side spans on the ground at scale 1, km.
    pub width_km: f64,
}

/// How one view of a place differs from another: the stand-in for weather, season, light and camera.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jitter {
    /// Degrees by which the view is turned; positive: the top of the view looks east of north.
    pub turn: f64,
    /// The span is multiplied by it.
    pub scale: f64,
    /// The colours are multiplied by these: light and white balance.
    pub gain: [f32; 3],
    /// Exponent of the brightness.
    pub gamma: f32,
}

impl Jitter {
    /// None at all.
    pub const NONE: Self = Self { turn: 0.0, scale: 1.0, gain: [1.0; 3], gamma: 1.0 };

    /// A view at random: turned by up to 30 degrees, a span of 0.8 to 1.25, 12 % more or less light, 4 % a
    /// channel, exponents of 0.9 to 1.1.
    pub fn draw(random: &mut impl Rng) -> Self {
        let light = random.random_range(0.88_f32..1.12);
        Self {
            turn: random.random_range(-30.0..30.0),
            scale: random.random_range(0.8_f64.ln()..1.25_f64.ln()).exp(),
            gain: std::array::from_fn(|_| light * random.random_range(0.96_f32..1.04)),
            gamma: random.random_range(0.9_f32..1.1),
        }
    }
}

/// Cuts a view out of the Earth. The square lies in the plane that touches the globe at `centre`, so that a view
/// at 60 degrees north is as little stretched as one at the equator.
///
/// # Errors
/// [`PhotoError::WrongSize`] for a side of 0 pixels.
pub fn view(earth: &WholeEarth, centre: LatLon, frame: Frame, jitter: &Jitter) -> Result<Image, PhotoError> {
    let up = centre.to_unit_vector();
    let (sin_latitude, cos_latitude) = centre.latitude().to_radians().sin_cos();
    let (sin_longitude, cos_longitude) = centre.longitude().to_radians().sin_cos();
    let east = [-sin_longitude, cos_longitude, 0.0];
    let north = [-sin_latitude * cos_longitude, -sin_latitude * sin_longitude, cos_latitude];
    let (sin_turn, cos_turn) = jitter.turn.to_radians().sin_cos();
    let side = f64::from(frame.side);
    let step = frame.width_km * jitter.scale / side / EARTH_RADIUS_KM;
    let mut rgb = Vec::with_capacity(frame.side as usize * frame.side as usize * 3);
    for row in 0..frame.side {
        let ahead = (side / 2.0 - 0.5 - f64::from(row)) * step;
        for column in 0..frame.side {
            let right = (f64::from(column) + 0.5 - side / 2.0) * step;
            let (to_east, to_north) =
                (right * cos_turn + ahead * sin_turn, ahead * cos_turn - right * sin_turn);
            let direction: [f64; 3] =
                std::array::from_fn(|axis| up[axis] + to_east * east[axis] + to_north * north[axis]);
            let colour = LatLon::from_vector(direction).map_or([0.0; 3], |point| earth.colour(point));
            for (value, gain) in colour.into_iter().zip(jitter.gain) {
                let developed = (value / 255.0).powf(jitter.gamma) * gain;
                rgb.push((developed * 255.0).round().clamp(0.0, 255.0) as u8);
            }
        }
    }
    Ok(Image::new(frame.side, frame.side, rgb)?)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// An Earth whose red is the latitude and whose green is the longitude, a level every 2 degrees.
    fn graticule() -> WholeEarth {
        let (width, height) = (1440_u32, 720_u32);
        let rgb = (0..height)
            .flat_map(|row| (0..width).flat_map(move |column| [(row / 8) as u8, (column / 8) as u8, 0]))
            .collect();
        WholeEarth::new(Image::new(width, height, rgb).unwrap()).unwrap()
    }

    fn differences(latitude: f64, jitter: &Jitter) -> [i32; 4] {
        let frame = Frame { side: 41, width_km: 2000.0 };
        let centre = LatLon::new(latitude, 21.0).unwrap();
        let image = view(&graticule(), centre, frame, jitter).unwrap();
        let at = |x: u32, y: u32, channel: usize| i32::from(image.pixel(x, y).unwrap()[channel]);
        let (first, middle, last) = (0, 20, 40);
        [
            at(middle, last, 0) - at(middle, first, 0), // degrees from top to bottom, halved
            at(last, middle, 1) - at(first, middle, 1), // degrees from left to right, halved
            at(last, middle, 0) - at(first, middle, 0),
            at(middle, first, 1) - at(middle, last, 1),
        ]
    }

    #[test]
    fn north_is_up_and_nothing_is_stretched() {
        // 2000 km are 18 degrees of latitude everywhere; of longitude at 60 degrees twice as many.
        let [south, east, ..] = differences(1.0, &Jitter::NONE);
        assert!((8..=10).contains(&south) && (8..=10).contains(&east), "{south} {east}");
        let [south, east, ..] = differences(61.0, &Jitter::NONE);
        assert!((8..=10).contains(&south) && (16..=20).contains(&east), "{south} {east}");
    }

    #[test]
    fn a_quarter_turn_looks_east() {
        let [down, across, south_to_the_right, east_ahead] =
            differences(1.0, &Jitter { turn: 90.0, ..Jitter::NONE });
        assert!(down.abs() <= 1 && across.abs() <= 1, "{down} {across}");
        assert!((8..=10).contains(&south_to_the_right) && (8..=10).contains(&east_ahead));
    }

    #[test]
    fn scale_widens_the_view() {
        let [south, ..] = differences(1.0, &Jitter { scale: 2.0, ..Jitter::NONE });
        assert!((16..=20).contains(&south), "{south}");
    }

    #[test]
    fn the_same_seed_gives_the_same_jitter() {
        let draw = || Jitter::draw(&mut ChaCha8Rng::seed_from_u64(5));
        assert_eq!(draw(), draw());
        assert_ne!(draw(), Jitter::NONE);
    }
}
