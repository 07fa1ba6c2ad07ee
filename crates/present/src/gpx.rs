//! GPX 1.1: a waypoint per photo, for navigation devices and outdoor programs.
//!
//! The estimate alone: such programs show every waypoint alike, and candidates would pass for answers. Photos that failed
//! are in the file's `extensions`.

use std::io;

use contract::Failure;

use crate::escape::markup;
use crate::format::Entry;
use crate::text::seven_decimals;
use crate::{Headline, OutputError, PhotoResult, Writer, precision, text};

pub(crate) const FORMAT: Entry = Entry { name: "gpx", open: |_, out| Box::new(Gpx::new(out)) };

/// Namespace of the elements that GPX does not have.
const OWN: &str = "urn:georanker:failures:1";

/// Waypoints.
pub(crate) struct Gpx<W> {
    out: W,
    failures: Vec<(String, Failure)>,
}

impl<W: io::Write> Gpx<W> {
    /// Writes to `out`.
    pub(crate) fn new(out: W) -> Self {
        Self { out, failures: Vec::new() }
    }
}

impl<W: io::Write> Writer for Gpx<W> {
    fn begin(&mut self) -> Result<(), OutputError> {
        writeln!(self.out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        writeln!(
            self.out,
            r#"<gpx version="1.1" creator="georanker" xmlns="http://www.topografix.com/GPX/1/1">"#
        )?;
        Ok(())
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        let estimate = match &result.outcome {
            Ok(estimate) => estimate,
            Err(failure) => {
                self.failures.push((result.photo.clone(), failure.clone()));
                return Ok(());
            }
        };
        let [latitude, longitude] =
            [estimate.location.latitude(), estimate.location.longitude()].map(seven_decimals);
        // GPX has no 180: it is the same meridian.
        let longitude = if longitude >= 180.0 { -180.0 } else { longitude };
        let headline = Headline::new(estimate, result.precision);
        let mut lines = vec![headline.sentences()];
        let within = precision::confidences(estimate, result.precision)
            .map(|(radius, probability)| format!("within {radius} km: {}", text::percent(probability)));
        lines.extend(within);
        writeln!(self.out, r#"  <wpt lat="{latitude}" lon="{longitude}">"#)?;
        let name = format!("{}: {headline}", result.photo);
        writeln!(self.out, "    <name>{}</name>", markup(&name))?;
        writeln!(self.out, "    <desc>{}</desc>", markup(&lines.join("\n")))?;
        writeln!(self.out, "    <src>{}</src>", markup(&result.model))?;
        let kind = if estimate.abstained() { "abstained" } else { "estimate" };
        writeln!(self.out, "    <type>{kind}</type>")?;
        writeln!(self.out, "  </wpt>")?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        if !self.failures.is_empty() {
            writeln!(self.out, r#"  <extensions xmlns:g="{OWN}">"#)?;
            for (photo, failure) in &self.failures {
                let (photo, kind) = (markup(photo), failure.kind.as_str());
                let message = markup(&failure.message);
                writeln!(self.out, r#"    <g:failure photo="{photo}" kind="{kind}">{message}</g:failure>"#)?;
            }
            writeln!(self.out, "  </extensions>")?;
        }
        writeln!(self.out, "</gpx>")?;
        self.out.flush()?;
        Ok(())
    }
}
