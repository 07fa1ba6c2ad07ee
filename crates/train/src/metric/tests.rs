use super::directions::{by_covariance, by_gram};
use super::*;
use faer::{Mat, Side};
use geo::haversine_km;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Two features tell the place, eight tell the weather (large and useless).
fn world() -> (Vec<f32>, Vec<LatLon>) {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let (mut features, mut locations) = (Vec::new(), Vec::new());
    for photo in 0..120 {
        let place = photo % 12;
        let (row, column) = (f64::from(place / 4), f64::from(place % 4));
        locations.push(LatLon::new(row * 10.0, column * 10.0).unwrap());
        features.extend([
            row as f32 + random.random_range(-0.2..0.2),
            column as f32 + random.random_range(-0.2..0.2),
        ]);
        features.extend((0..8).map(|_| random.random_range(-3.0..3.0f32)));
    }
    (features, locations)
}

fn share_of_right_nearest(vectors: &[Vec<f32>], locations: &[LatLon]) -> f64 {
    let nearest = |query: usize| {
        (0..vectors.len()).filter(|other| *other != query).min_by(|a, b| {
            let distance = |other: usize| -> f32 {
                vectors[query].iter().zip(&vectors[other]).map(|(x, y)| (x - y).powi(2)).sum()
            };
            distance(*a).total_cmp(&distance(*b))
        })
    };
    let right = (0..vectors.len()).filter(|&q| nearest(q).is_some_and(|n| locations[n] == locations[q]));
    right.count() as f64 / vectors.len() as f64
}

#[test]
fn ignores_what_differs_within_a_place() {
    let (features, locations) = world();
    let raw: Vec<Vec<f32>> = features.chunks(10).map(<[f32]>::to_vec).collect();
    let settings = WhiteningSettings { neighbourhood_km: 5.0, shrinkage: 0.01, dimension: 2 };
    let fit = fit_neighbourhood_whitening(&features, &[1.0; 10], &locations, &settings).unwrap();
    let projected: Vec<Vec<f32>> = raw.iter().map(|row| fit.apply(row)).collect();
    let (before, after) =
        (share_of_right_nearest(&raw, &locations), share_of_right_nearest(&projected, &locations));
    assert!(after > 0.95 && after > before + 0.3, "before {before}, after {after}");
}

#[test]
fn is_deterministic_and_refuses_nonsense() {
    let (features, locations) = world();
    let settings = WhiteningSettings { neighbourhood_km: 5.0, shrinkage: 0.1, dimension: 4 };
    let fit = || fit_neighbourhood_whitening(&features, &[1.0; 10], &locations, &settings);
    assert_eq!(fit().unwrap(), fit().unwrap());
    let wide = WhiteningSettings { dimension: 11, ..settings };
    assert!(fit_neighbourhood_whitening(&features, &[1.0; 10], &locations, &wide).is_err());
    assert!(fit_neighbourhood_whitening(&features[10..], &[1.0; 10], &locations, &settings).is_err());
    let constant = vec![1.0; features.len()];
    assert!(fit_neighbourhood_whitening(&constant, &[1.0; 10], &locations, &settings).is_err());
}

/// Photos in crowds of every kind: a city, one spot, pairs, alone; `[photos, inputs]` features with a part that goes with
/// the place, and offsets and scales that differ.
fn crowded(photos: usize, inputs: usize) -> (Vec<f32>, Vec<LatLon>) {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut locations = Vec::new();
    for photo in 0..photos {
        let (latitude, longitude) = match photo % 5 {
            0 | 1 => (60.0 + random.random_range(0.0..0.2), 179.9 + random.random_range(0.0..0.2)),
            2 => (48.8, 2.3),
            3 => (89.999, f64::from(random.random_range(0..360))),
            _ => (random.random_range(-80.0..80.0), random.random_range(-180.0..180.0)),
        };
        locations.push(LatLon::wrapped(latitude, longitude).unwrap());
    }
    let mut features = Vec::with_capacity(photos * inputs);
    for location in &locations {
        for input in 0..inputs {
            let place =
                (location.latitude() / 9.0 + input as f64).sin() + (location.longitude() / 20.0).cos();
            let noise = random.random_range(-1.0..1.0) * (1.0 + input as f64 / 10.0);
            features.push((100.0 * (input % 3) as f64 + place + noise) as f32);
        }
    }
    (features, locations)
}

/// The plain way: all pairs of photos, all features in f64.
fn reference(
    features: &[f32],
    weights: &[f32],
    locations: &[LatLon],
    settings: &WhiteningSettings,
) -> Mat<f64> {
    let (photos, inputs) = (locations.len(), weights.len());
    let column = |column: usize| (0..photos).map(move |row| f64::from(features[row * inputs + column]));
    let mean: Vec<f64> = (0..inputs).map(|index| column(index).sum::<f64>() / photos as f64).collect();
    let scale: Vec<f64> = (0..inputs)
        .map(|index| {
            let variance =
                column(index).map(|value| (value - mean[index]).powi(2)).sum::<f64>() / photos as f64;
            f64::from(weights[index]) / (variance.sqrt() + 1e-3)
        })
        .collect();
    let rows = Mat::<f64>::from_fn(photos, inputs, |row, column| {
        (f64::from(features[row * inputs + column]) - mean[column]) * scale[column]
    });
    let mut spread = Mat::<f64>::zeros(photos, inputs);
    let mut total = 0.0;
    for (row, here) in locations.iter().enumerate() {
        let near: Vec<usize> = (0..photos)
            .filter(|other| haversine_km(*here, locations[*other]) < settings.neighbourhood_km)
            .collect();
        let weight = (near.len() as f64).sqrt().recip();
        total += weight;
        for column in 0..inputs {
            let mean = near.iter().map(|other| rows[(*other, column)]).sum::<f64>() / near.len() as f64;
            spread[(row, column)] = (rows[(row, column)] - mean) * weight.sqrt();
        }
    }
    let mut scatter = spread.transpose() * &spread;
    let mean_variance = (0..inputs).map(|i| scatter[(i, i)]).sum::<f64>() / total / inputs as f64;
    for column in 0..inputs {
        for row in 0..inputs {
            scatter[(row, column)] /= total;
        }
        scatter[(column, column)] += settings.shrinkage * mean_variance;
    }
    let lower = scatter.llt(Side::Lower).unwrap().L().to_owned();
    let mut whitened = rows.transpose().to_owned();
    faer::linalg::triangular_solve::solve_lower_triangular_in_place(
        lower.as_ref(),
        whitened.as_mut(),
        Par::Seq,
    );
    let decomposition = (&whitened * whitened.transpose()).self_adjoint_eigen(Side::Lower).unwrap();
    let mut weights = Mat::<f64>::zeros(inputs, settings.dimension);
    for index in 0..settings.dimension {
        let vector = decomposition.U().col(inputs - 1 - index);
        let largest =
            (0..inputs).map(|row| vector[row]).fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
        for row in 0..inputs {
            weights[(row, index)] = vector[row] * largest.signum();
        }
    }
    solve_upper_triangular_in_place(lower.transpose(), weights.as_mut(), Par::Seq);
    Mat::from_fn(inputs, settings.dimension, |row, column| weights[(row, column)] * scale[row])
}

#[test]
fn equals_the_plain_way() {
    // More photos than features, as many, and fewer; more than one chunk of rows.
    for (photos, inputs, dimension) in [(700, 24, 10), (40, 40, 8), (30, 50, 8)] {
        let (features, locations) = crowded(photos, inputs);
        let weights: Vec<f32> = (0..inputs).map(|index| 0.5 + index as f32 / 40.0).collect();
        let settings = WhiteningSettings { neighbourhood_km: 5.0, shrinkage: 0.05, dimension };
        let fit = fit_neighbourhood_whitening(&features, &weights, &locations, &settings).unwrap();
        let expected = reference(&features, &weights, &locations, &settings);
        let largest = expected.norm_max();
        for row in 0..inputs {
            for column in 0..dimension {
                let (found, expected) =
                    (f64::from(fit.projection[row * dimension + column]), expected[(row, column)]);
                assert!(
                    (found - expected).abs() < 1e-6 * largest,
                    "{photos} x {inputs}, {row} {column}: {found} {expected}"
                );
            }
        }
    }
}

#[test]
fn both_matrices_have_the_same_directions() {
    let (photos, inputs, dimension) = (60, 45, 12);
    let (features, locations) = crowded(photos, inputs);
    let (mean, scale) = standardisation(&features, &vec![1.0; inputs], photos).unwrap();
    let standardised = Standardised { features: &features, mean: &mean, scale: &scale };
    let settings = WhiteningSettings { neighbourhood_km: 5.0, shrinkage: 0.05, dimension };
    let lower = within_place_factor(standardised, &locations, &settings).unwrap();
    let one = by_covariance(standardised, &lower, dimension).unwrap();
    let other = by_gram(standardised, &lower, dimension).unwrap();
    assert!((&one - &other).norm_max() < 1e-9, "{}", (&one - &other).norm_max());
    // Orthonormal.
    let products = one.transpose() * &one;
    assert!((&products - Mat::<f64>::identity(dimension, dimension)).norm_max() < 1e-9);
}

#[test]
fn threads_change_nothing() {
    let (features, locations) = crowded(900, 20);
    let settings = WhiteningSettings { neighbourhood_km: 5.0, shrinkage: 0.05, dimension: 6 };
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit_neighbourhood_whitening(&features, &[1.0; 20], &locations, &settings).unwrap())
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn says_what_is_wrong_with_the_photos() {
    let (mut features, locations) = crowded(100, 8);
    let settings = WhiteningSettings { neighbourhood_km: 5.0, shrinkage: 0.05, dimension: 4 };
    let fit = |features: &[f32], locations: &[LatLon], settings: WhiteningSettings| {
        fit_neighbourhood_whitening(features, &[1.0; 8], locations, &settings).unwrap_err().to_string()
    };
    let everywhere = WhiteningSettings { neighbourhood_km: 20_020.0, ..settings };
    let message = fit(&features, &locations, everywhere);
    assert!(message.starts_with("all 100 photos lie within `neighbourhood_km` = 20020"), "{message}");
    let message = fit(&features, &vec![locations[0]; 100], settings);
    assert!(message.starts_with("all 100 photos lie within"), "{message}");
    let apart: Vec<LatLon> =
        (0..100).map(|index| LatLon::new(f64::from(index) * 0.5, 0.0).unwrap()).collect();
    let message = fit(&features, &apart, settings);
    assert!(message.starts_with("no two photos lie within `neighbourhood_km` = 5"), "{message}");
    let message = fit(&features[..4 * 8], &locations[..4], settings);
    assert_eq!(message, "4 photos do not determine `dimension` = 4: at least 5 are needed");
    let message = fit(&vec![0.7; features.len()], &locations, settings);
    assert_eq!(message, "the features have no usable spread: all photos have the same features");
    features[17 * 8 + 3] = f32::NAN;
    let message = fit(&features, &locations, settings);
    assert_eq!(message, "photo 17: entry 3 is NaN (rows and entries are counted from 0)");
}

#[test]
fn neighbours_with_equal_features_have_no_spread() {
    // Ten spots with ten photos each; features differ between spots only, in ways that f32 rounds.
    let locations: Vec<LatLon> =
        (0..100).map(|index| LatLon::new(f64::from(index / 10), 0.0).unwrap()).collect();
    let features: Vec<f32> =
        (0..800).map(|index| ((index / 80) as f32 * 0.37 + (index % 8) as f32).sin()).collect();
    let settings = WhiteningSettings { neighbourhood_km: 5.0, shrinkage: 0.05, dimension: 4 };
    let error = fit_neighbourhood_whitening(&features, &[1.0; 8], &locations, &settings).unwrap_err();
    assert!(error.to_string().contains("no two photos within 5 km of each other differ"), "{error}");
}
