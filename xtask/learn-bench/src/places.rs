//! Places on land, spread evenly over the sphere.

use anyhow::bail;
use geo::{EARTH_RADIUS_KM, LatLon, Place, ReverseGeocoder, country_name};
use rand::Rng;
use rand::seq::SliceRandom;

use crate::world::{WholeEarth, is_water};

/// A point with a name.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedPlace {
    /// Where, to a tenth of a degree: texts stay short.
    pub location: LatLon,
    /// The country, by the geocoder.
    pub place: Place,
}

/// Draws so many points in vain before it is said that there is no room.
const PATIENCE: usize = 100_000;
/// Points of the grid, each way, on which land is counted.
const GRID: i32 = 7;

/// Draws `count` places that lie in a country (Antarctica is none: it is white throughout), have land under half
/// of a view `width_km` wide, and are nowhere closer than `apart_km` to each other. Every square kilometre is as
/// likely as every other. The order is random too, so that any part of the list is spread as evenly as the whole.
///
/// # Errors
/// So many places do not fit so far apart.
pub fn draw_places(
    earth: &WholeEarth,
    count: usize,
    apart_km: f64,
    width_km: f64,
    random: &mut impl Rng,
) -> anyhow::Result<Vec<NamedPlace>> {
    let nearest_cosine = (apart_km / EARTH_RADIUS_KM).cos();
    let mut vectors: Vec<[f64; 3]> = Vec::with_capacity(count);
    let mut places = Vec::with_capacity(count);
    let mut in_vain = 0;
    while places.len() < count {
        if in_vain > PATIENCE {
            bail!("only {} of {count} places fit {apart_km} km apart", places.len());
        }
        in_vain += 1;
        let tenths = |degrees: f64| (degrees * 10.0).round() / 10.0;
        // Equal areas: the sine of the latitude is uniform.
        let latitude = tenths(random.random_range(-1.0_f64..1.0).asin().to_degrees());
        let location = LatLon::new(latitude, tenths(random.random_range(-180.0_f64..180.0)))?;
        let vector = location.to_unit_vector();
        let is_near =
            |other: &[f64; 3]| vector.iter().zip(other).map(|(a, b)| a * b).sum::<f64>() > nearest_cosine;
        if is_water(earth.colour(location)) || vectors.iter().any(is_near) {
            continue;
        }
        // The country alone: names of towns would be most of what a tiny network reads.
        let code = ReverseGeocoder::embedded().country_code(location).filter(|code| *code != "AQ");
        if let Some(code) = code
            && land_share(earth, location, width_km) >= 0.5
        {
            let country = country_name(code).map(str::to_owned);
            let place = Place { country, country_code: Some(code.to_owned()), ..Place::default() };
            vectors.push(vector);
            places.push(NamedPlace { location, place });
            in_vain = 0;
        }
    }
    places.shuffle(random);
    Ok(places)
}

/// Share of land in a square around a point.
fn land_share(earth: &WholeEarth, centre: LatLon, width_km: f64) -> f64 {
    let degree_km = EARTH_RADIUS_KM.to_radians();
    let step = width_km / f64::from(GRID) / degree_km;
    let mut land = 0;
    for row in -GRID / 2..=GRID / 2 {
        for column in -GRID / 2..=GRID / 2 {
            let latitude = (centre.latitude() + f64::from(row) * step).clamp(-89.9, 89.9);
            let longitude = centre.longitude() + f64::from(column) * step / latitude.to_radians().cos();
            let point = LatLon::wrapped(latitude, longitude);
            land += i32::from(point.is_ok_and(|point| !is_water(earth.colour(point))));
        }
    }
    f64::from(land) / f64::from(GRID * GRID)
}

#[cfg(test)]
mod tests {
    use geo::haversine_km;
    use photo::Image;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn draw(count: usize, apart_km: f64) -> anyhow::Result<Vec<NamedPlace>> {
        let sand = WholeEarth::new(Image::filled(8, 4, [200, 180, 120])?)?;
        draw_places(&sand, count, apart_km, 300.0, &mut ChaCha8Rng::seed_from_u64(1))
    }

    #[test]
    fn places_are_on_land_and_apart() {
        let places = draw(200, 300.0).unwrap();
        assert_eq!(places, draw(200, 300.0).unwrap());
        for (index, one) in places.iter().enumerate() {
            assert!(one.place.country.is_some());
            let near = places[..index].iter().find(|two| haversine_km(one.location, two.location) < 299.0);
            assert_eq!(near, None);
        }
        // Land north of 60 degrees is 13 % of what is drawn from; in degrees it would be a quarter.
        let north = places.iter().filter(|one| one.location.latitude() > 60.0).count();
        assert!((10..=45).contains(&north), "{north}");
    }

    #[test]
    fn too_many_places_are_refused() {
        assert!(draw(200, 5000.0).unwrap_err().to_string().contains("fit 5000 km apart"));
    }
}
