//! Tables by part of the world and by distance to the gallery, and of confidence as a ranking.

use contract::RADII_KM;

use super::grid::Grid;
use super::numbers::{percent, points, share};
use super::sections::{Section, groups_grid};
use crate::{Abstention, AtPrecision, Calibration, Countries, GalleryDistance, MacroAverage};

pub(super) fn gallery_distance(distance: &GalleryDistance, of: &str) -> Section {
    let name = |low: f64, high: f64| match (low, high) {
        (low, _) if low.is_infinite() => "no gallery photo".to_owned(),
        (0.0, high) => format!("< {high} km"),
        (low, high) if high.is_infinite() => format!("{low} km and more"),
        (low, high) => format!("{low} to {high} km"),
    };
    let bands = distance.bands.iter().map(|band| (name(band.low_km, band.high_km), &band.report));
    let excluded =
        if distance.exclude_same_author { "; photos by the author of the query do not count" } else { "" };
    Section {
        title: format!("Accuracy{of} by distance to the nearest gallery photo"),
        remark: format!("Gallery: {}, {} photos{excluded}.", distance.gallery, distance.photos),
        grid: groups_grid("nearest", bands),
    }
}

pub(super) fn countries(countries: &Countries, of: &str) -> [Section; 3] {
    let name = |name: &str, without: &str| if name.is_empty() { without.to_owned() } else { name.to_owned() };
    let continents = countries.continents.iter();
    let continents = continents.map(|(continent, report)| (name(continent, "(no continent)"), report));
    let by_continent = Section {
        title: format!("Accuracy{of} by continent"),
        remark: String::new(),
        grid: groups_grid("continent", continents),
    };
    let mut grid = Grid::new(["country", "photos", "% of photos", "predictions", "% of predictions"]);
    for one in &countries.shares {
        grid.push([
            name(&one.country, "(no country)"),
            one.photos.to_string(),
            share(one.share),
            one.predicted.to_string(),
            share(one.predicted_share),
        ]);
    }
    let shares = Section {
        title: format!("True and predicted{of} countries"),
        remark: "Countries are those of the coordinates.".into(),
        grid,
    };
    [by_continent, macro_average(&countries.macro_average, of), shares]
}

fn macro_average(average: &MacroAverage, of: &str) -> Section {
    let mut header = vec![String::new(), "countries".into()];
    header.extend(RADII_KM.map(|radius| format!("< {radius} km, %")));
    header.push("GeoScore".into());
    let mut grid = Grid::new(header);
    let number =
        |value: f64, write: fn(f64) -> String| if value.is_nan() { "none".into() } else { write(value) };
    let mut row = vec!["mean over countries".to_owned(), average.countries.to_string()];
    row.extend(average.within_km.map(|value| number(value, percent)));
    row.push(number(average.geoscore, points));
    grid.push(row);
    Section {
        title: format!("Accuracy{of}, every country alike"),
        remark: match average.outside {
            0 => String::new(),
            outside => format!("Without {outside} photos outside any country."),
        },
        grid,
    }
}

pub(super) fn ranking(calibration: &Calibration, of: &str) -> Section {
    let percent = AtPrecision::PERCENT;
    let mut grid = Grid::new([
        String::new(),
        "photos".into(),
        "AURC".into(),
        format!("coverage at {percent} % precision"),
        "from confidence".into(),
    ]);
    for one in &calibration.radii {
        let at = one.at_90_percent_precision;
        grid.push([
            format!("within {} km", one.radius_km),
            one.n.to_string(),
            if one.n == 0 { "none".into() } else { format!("{:.4}", one.aurc) },
            share(at.coverage),
            share(at.least_confidence),
        ]);
    }
    Section {
        title: format!("Confidence{of} as a ranking"),
        remark: "AURC: the share of wrong answers, averaged over all numbers of answered photos, the most confident \
                 first; 0 is perfect. Coverage: the largest share of the photos that can be answered at that precision."
            .into(),
        grid,
    }
}

pub(super) fn abstention(abstention: &Abstention, of: &str) -> Section {
    let mut header = vec![String::new(), "photos".into(), "% of photos".into()];
    header.extend(RADII_KM.map(|radius| format!("< {radius} km")));
    let mut grid = Grid::new(header);
    let part = |count: usize| share(count as f64 / abstention.n as f64);
    for (name, count, shares) in [
        ("answered", abstention.answered, abstention.precision),
        ("abstained", abstention.abstained, abstention.withheld),
    ] {
        let mut row = vec![name.to_owned(), count.to_string(), part(count)];
        row.extend(shares.map(share));
        grid.push(row);
    }
    Section {
        title: format!("Abstention{of}"),
        remark: "Of the answers, and of the locations that were withheld, the shares within each radius."
            .into(),
        grid,
    }
}
