//! Places whose names are known, most of them close to a border.

use geo::{LatLon, ReverseGeocoder, country_name};

fn point(latitude: f64, longitude: f64) -> LatLon {
    LatLon::new(latitude, longitude).expect("a coordinate")
}

#[test]
fn borders_are_kept() {
    for (latitude, longitude, code, city) in [
        // Mexico / United States, both sides within 2 km of the fence.
        (32.5340, -117.0360, "MX", "Tijuana"),
        (32.5300, -117.1210, "MX", "Tijuana"),
        (32.5520, -117.0450, "US", "*"),
        (32.5500, -117.0800, "US", "*"),
        (32.7157, -117.1611, "US", "San Diego"),
        // Switzerland / Germany / France.
        (47.5596, 7.5886, "CH", "Basel"),
        (47.5796, 7.5936, "CH", "Basel"),
        (47.5933, 7.6208, "DE", "Weil am Rhein"),
        (47.5870, 7.5600, "FR", "Saint-Louis"),
        (48.5734, 7.7521, "FR", "Strasbourg"),
        (48.5730, 7.8130, "DE", "Kehl"),
        (46.2044, 6.1432, "CH", "Genève"),
        (46.1944, 6.2377, "FR", "Annemasse"),
        // Singapore / Malaysia across the strait.
        (1.2897, 103.8501, "SG", "Singapore"),
        (1.4430, 103.7690, "SG", "*"),
        (1.4655, 103.7578, "MY", "Johor Bahru"),
        // Enclaves.
        (-29.3167, 27.4833, "LS", "Maseru"),
        (-29.2050, 27.4550, "ZA", "Ladybrand"),
        (41.9022, 12.4539, "VA", "Vatican City"),
        (41.8986, 12.4769, "IT", "Rome"),
        (43.9360, 12.4470, "SM", "San Marino"),
        (43.7384, 7.4246, "MC", "*"),
        (47.6960, 8.6930, "DE", "*"),
        // Territories with their own code, disputed areas as GeoNames has them.
        (22.2793, 114.1628, "HK", "Hong Kong"),
        (18.4663, -66.1057, "PR", "San Juan"),
        (28.1248, -15.4300, "ES", "*"),
        (44.9572, 34.1108, "UA", "*"),
        (27.1418, -13.1880, "EH", "*"),
        (42.6629, 21.1655, "XK", "Pristina"),
        // Across the antimeridian.
        (-16.7800, 179.9800, "FJ", "*"),
        (-16.7800, -179.9800, "FJ", "*"),
        (64.7337, 177.4968, "RU", "Anadyr"),
        (66.1600, -169.8100, "RU", "*"),
        (65.6050, -168.0880, "US", "*"),
    ] {
        let place = ReverseGeocoder::embedded().place(point(latitude, longitude));
        assert_eq!(place.country_code.as_deref(), Some(code), "{latitude}, {longitude}: {place:?}");
        assert_eq!(place.country.as_deref(), country_name(code));
        if city != "*" {
            assert_eq!(place.city.as_deref(), Some(city), "{latitude}, {longitude}: {place:?}");
        }
    }
}

#[test]
fn a_large_city_is_more_than_its_point() {
    for (latitude, longitude, city, state) in [
        (40.7580, -73.9855, "New York City", "New York"),
        (40.7282, -74.0776, "Jersey City", "New Jersey"),
        (48.8584, 2.2945, "Paris", "Île-de-France"),
        (-33.8568, 151.2153, "Sydney", "New South Wales"),
        (52.5163, 13.3777, "Berlin", "State of Berlin"),
        (33.4251, -94.0477, "Texarkana", "Texas"),
        (33.4418, -94.0377, "Texarkana", "Arkansas"),
    ] {
        let place = ReverseGeocoder::embedded().place(point(latitude, longitude));
        assert_eq!(place.city.as_deref(), Some(city), "{place:?}");
        if state != "*" {
            assert_eq!(place.state.as_deref(), Some(state), "{place:?}");
        }
    }
}

#[test]
fn coasts_belong_to_their_country_and_the_ocean_to_nobody() {
    for (latitude, longitude, code) in [
        (32.7000, -117.3000, Some("US")),
        (-33.9000, 151.4500, Some("AU")),
        (43.2000, 5.2500, Some("FR")),
        (35.5500, 139.9000, Some("JP")),
        (30.0, -40.0, None),
        (0.0, -140.0, None),
        (35.0, 18.0, None),
        (56.0, 3.0, None),
        (32.7, -118.1, None),
        (90.0, 0.0, None),
        (-90.0, 0.0, Some("AQ")),
        (-77.85, 166.67, Some("AQ")),
        (-62.0, -150.0, None),
        (-55.0, 100.0, None),
    ] {
        let place = ReverseGeocoder::embedded().place(point(latitude, longitude));
        assert_eq!(place.country_code.as_deref(), code, "{latitude}, {longitude}: {place:?}");
        assert_eq!(place.is_empty(), code.is_none());
    }
}

#[test]
fn remote_points_have_a_country_but_no_city() {
    let sahara = ReverseGeocoder::embedded().place(point(22.5, -5.0));
    assert_eq!(sahara.country_code.as_deref(), Some("ML"));
    assert_eq!(sahara.city, None);
}

#[test]
fn nearly_every_town_lies_in_its_own_country() {
    let geocoder = ReverseGeocoder::embedded();
    let cities = geocoder.largest_cities(-90.0, -180.0, 90.0, 180.0, usize::MAX);
    let wrong = cities.iter().filter(|city| geocoder.country_code(city.location) != Some(city.country_code));
    let share = wrong.count() as f64 / cities.len() as f64;
    assert!(share < 0.001, "{share}");
}

#[test]
fn lists_cities_by_distance_and_by_size() {
    let geocoder = ReverseGeocoder::embedded();
    let near = geocoder.cities_near(point(47.5596, 7.5886), 10.0, 50);
    assert_eq!(near[0].0.name, "Basel");
    assert!(near.is_sorted_by(|a, b| a.1 <= b.1));
    assert!(near.iter().all(|(_, km)| *km <= 10.0));
    assert!(near.iter().any(|(city, _)| city.country_code == "DE"));
    assert_eq!(geocoder.cities_near(point(47.5596, 7.5886), 10.0, 3).len(), 3);
    assert!(geocoder.cities_near(point(0.0, -140.0), 300.0, 3).is_empty());

    let australia = geocoder.largest_cities(-45.0, 110.0, -10.0, 155.0, 4);
    let names: Vec<&str> = australia.iter().map(|city| city.name).collect();
    assert_eq!(names.len(), 4);
    assert!(names.contains(&"Sydney") && names.contains(&"Melbourne"), "{names:?}");
    let sydney = australia.iter().find(|city| city.name == "Sydney").unwrap();
    assert!((4_000_000..6_500_000).contains(&sydney.population), "{sydney:?}");
    let fiji = geocoder.largest_cities(-20.0, 176.0, -15.0, -178.0, 20);
    assert!(fiji.iter().any(|city| city.location.longitude() > 0.0 && city.country_code == "FJ"));
}

#[test]
fn opening_and_asking_is_fast() {
    let start = std::time::Instant::now();
    let geocoder = ReverseGeocoder::embedded();
    assert!(start.elapsed().as_millis() < 100, "{:?}", start.elapsed());
    eprintln!("open {:?}", start.elapsed());
    let start = std::time::Instant::now();
    for step in 0..2000 {
        let step = f64::from(step);
        geocoder.place(point((step * 0.37).sin() * 20.0 + 45.0, step * 0.02 - 10.0));
    }
    eprintln!("2000 places {:?}", start.elapsed());
    assert!(start.elapsed().as_secs() < 10);
}
