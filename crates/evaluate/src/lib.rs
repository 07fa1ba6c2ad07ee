//! Accuracy the way the field reports it.
//!
//! # What it does
//! Predictions and truth are two tables that are joined by `IMG_ID`: ids that are equal, then those that are left over
//! and whose paths end alike, when that is unique. A prediction counts within a radius when its
//! WGS-84 geodesic to the truth is **strictly** shorter; a photo without a prediction is a miss, never left out; every
//! percentage comes with a 95 % bootstrap interval. A photo whose `precision_km` is larger than a radius is not judged at
//! that radius, and counted as such ([`Judged`]). Row order changes nothing, and the same seed gives the
//! same numbers.
//!
//! # Main types
//! [`EvaluateRequest`] goes into [`run`], an [`Outcome`] comes out, [`render`] makes it a table, JSON or
//! Markdown. Inside: [`Truth`] and [`Predictions`] are joined; a [`Selection`] picks photos
//! (`balanced=1,owner!=A`); a [`Report`] says how accurate a method is, a [`Comparison`] whether one
//! method beats another on the same photos, a [`Calibration`] whether the stated confidence can be trusted, an
//! [`Abstention`] whether abstaining pays. [`Countries`] reports by continent and country, [`GalleryDistance`] by how far
//! the nearest gallery photo is.
//!
//! ```
//! use evaluate::{EvaluateRequest, Format, render, run};
//!
//! let folder = tempfile::tempdir()?;
//! let (truth, predictions) = (folder.path().join("truth.csv"), folder.path().join("predictions.csv"));
//! std::fs::write(&truth, "IMG_ID,LAT,LON,country\na.jpg,48.8584,2.2945,France\nb.jpg,0,0,\n")?;
//! std::fs::write(&predictions, "IMG_ID,LAT_pred,LON_pred\na.jpg,48.86,2.30\n")?;
//!
//! let mut request = EvaluateRequest::new(truth, vec![predictions]);
//! request.options.by = vec!["country".into()];
//! let outcome = run(&request)?;
//! let report = &outcome.evaluations[0].report;
//! assert_eq!((report.n, report.matched, report.within_km[0].percent), (2, 1, 50.0));
//! println!("{}", render(&outcome, Format::Table));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Alternatives considered
//! Leaving photos without a prediction out of the count. It flatters methods that refuse the hard photos. To get
//! that number, divide by `matched`.
#![forbid(unsafe_code)]

mod abstention;
mod calibration;
mod compare;
mod countries;
mod error;
mod gallery_distance;
mod join;
mod judged;
mod matching;
mod names;
mod nearest;
mod outcome;
mod predictions;
mod ranked;
mod render;
mod report;
mod rows;
mod selection;
mod texts;
mod truth;

pub use abstention::Abstention;
pub use calibration::{Bin, Calibration, RadiusCalibration};
pub use compare::{Comparison, compare};
pub use countries::{Countries, CountryShare, MacroAverage};
pub use error::EvaluateError;
pub use gallery_distance::{Band, GalleryDistance, GalleryPlaces};
pub use geo::metrics::{Bootstrap, Improvement, Measured};
pub use join::Joined;
pub use judged::Judged;
pub use outcome::{EvaluateRequest, Evaluation, Options, Outcome, evaluate, run, run_passing_over};
pub use predictions::Predictions;
pub use ranked::{AtPrecision, EqualMass, MassBin};
pub use render::{Format, UnknownFormat, render};
pub use report::{Breakdown, Report, Within};
pub use selection::{Condition, Selection, SelectionError};
pub use truth::Truth;
