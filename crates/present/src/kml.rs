//! KML 2.2 (OGC 07-147r2): a folder per photo, the estimate and the candidates as placemarks.

use std::io;

use contract::{Estimate, RankedCandidate};
use geo::LatLon;

use crate::escape::markup;
use crate::format::Entry;
use crate::{Headline, OutputError, PhotoResult, Precision, Writer, precision, text};

pub(crate) const FORMAT: Entry = Entry { name: "kml", open: |_, out| Box::new(Kml::new(out)) };

/// Folders of placemarks.
pub(crate) struct Kml<W> {
    out: W,
}

impl<W: io::Write> Kml<W> {
    /// Writes to `out`.
    pub(crate) fn new(out: W) -> Self {
        Self { out }
    }

    fn placemark(&mut self, placemark: &Placemark) -> Result<(), OutputError> {
        writeln!(self.out, "      <Placemark>")?;
        writeln!(self.out, "        <name>{}</name>", markup(&placemark.name))?;
        writeln!(self.out, "        <description>{}</description>", balloon(&placemark.description))?;
        writeln!(self.out, "        <styleUrl>#{}</styleUrl>", placemark.style)?;
        writeln!(self.out, "        <ExtendedData>")?;
        for (name, value) in &placemark.data {
            let (name, value) = (markup(name), markup(value));
            writeln!(self.out, r#"          <Data name="{name}"><value>{value}</value></Data>"#)?;
        }
        writeln!(self.out, "        </ExtendedData>")?;
        let location = placemark.location;
        let [longitude, latitude] = [location.longitude(), location.latitude()].map(text::seven_decimals);
        writeln!(self.out, "        <Point><coordinates>{longitude},{latitude}</coordinates></Point>")?;
        writeln!(self.out, "      </Placemark>")?;
        Ok(())
    }
}

struct Placemark {
    name: String,
    description: String,
    style: &'static str,
    data: Vec<(String, String)>,
    location: LatLon,
}

impl<W: io::Write> Writer for Kml<W> {
    fn begin(&mut self) -> Result<(), OutputError> {
        self.out.write_all(HEAD.as_bytes())?;
        Ok(())
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        writeln!(self.out, "    <Folder>")?;
        writeln!(self.out, "      <name>{}</name>", markup(&result.photo))?;
        match &result.outcome {
            Ok(estimate) => {
                let headline = Headline::new(estimate, result.precision);
                writeln!(
                    self.out,
                    "      <description>{}</description>",
                    balloon(&summary(&headline, estimate))
                )?;
                self.placemark(&estimate_placemark(result, &headline, estimate))?;
                for (index, ranked) in estimate.candidates.iter().enumerate() {
                    self.placemark(&candidate_placemark(index, ranked))?;
                }
            }
            Err(failure) => {
                let mut text = format!("Failed ({}): {}", failure.kind.as_str(), failure.message);
                if let Some(hint) = &failure.hint {
                    text = format!("{text}. {hint}");
                }
                writeln!(self.out, "      <description>{}</description>", balloon(&text))?;
            }
        }
        writeln!(self.out, "    </Folder>")?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.out.write_all(b"  </Document>\n</kml>\n")?;
        self.out.flush()?;
        Ok(())
    }
}

/// Text of a description. Programs show it as HTML as soon as it looks like that, so what looks like a tag
/// is escaped once for XML and once for them.
fn balloon(text: &str) -> String {
    if text.contains('<') { markup(&markup(text)) } else { markup(text) }
}

fn summary(headline: &Headline, estimate: &Estimate) -> String {
    let note = estimate.coverage_note.as_deref().unwrap_or_default();
    format!("{} {note}", headline.sentences()).trim_end().to_owned()
}

fn estimate_placemark(result: &PhotoResult, headline: &Headline, estimate: &Estimate) -> Placemark {
    let mut data = vec![
        ("kind".to_owned(), "estimate".to_owned()),
        ("abstained".to_owned(), estimate.abstained().to_string()),
        ("model".to_owned(), result.model.clone()),
        ("gallery".to_owned(), result.gallery.clone()),
    ];
    if result.precision != Precision::Exact {
        data.push(("precision".to_owned(), result.precision.to_string()));
    }
    let mut lines = vec![summary(headline, estimate)];
    for (radius, probability) in precision::confidences(estimate, result.precision) {
        lines.push(format!("within {radius} km: {}", text::percent(probability)));
        data.push((format!("confidence_{radius}km"), probability.to_string()));
    }
    Placemark {
        name: headline.to_string(),
        description: lines.join("\n"),
        style: if estimate.abstained() { "abstained" } else { "estimate" },
        data,
        location: estimate.location,
    }
}

fn candidate_placemark(index: usize, ranked: &RankedCandidate) -> Placemark {
    let found = &ranked.candidate;
    let mut data = vec![
        ("kind".to_owned(), "candidate".to_owned()),
        ("rank".to_owned(), (index + 1).to_string()),
        ("score".to_owned(), ranked.score.to_string()),
        ("probability".to_owned(), ranked.probability.to_string()),
        ("distance_to_estimate_km".to_owned(), ranked.distance_to_estimate_km.to_string()),
    ];
    data.push(("origin".to_owned(), text::origin_names(found)));
    if let Some(photo) = &found.photo {
        data.push(("photo".to_owned(), photo.0.clone()));
    }
    let mut lines = vec![
        format!("probability {}", text::percent(ranked.probability)),
        format!("{} from the estimate", text::kilometres(ranked.distance_to_estimate_km)),
        text::origin_label(found),
    ];
    lines.extend(text::credit(&found.attribution).map(|credit| format!("Photo: {credit}")));
    Placemark {
        name: format!("{}. {}", index + 1, text::place_label(&found.place)),
        description: lines.join("\n"),
        style: "candidate",
        data,
        location: found.location,
    }
}

// KML colours are alpha, blue, green, red. No icon is named: programs draw their own, offline.
const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2">
  <Document>
    <name>GeoRanker estimates</name>
    <description>Estimates, not proof.</description>
    <Style id="estimate"><IconStyle><color>ff3c5ae6</color><scale>1.3</scale></IconStyle></Style>
    <Style id="abstained"><IconStyle><color>ff969696</color><scale>1.1</scale></IconStyle></Style>
    <Style id="candidate"><IconStyle><color>ffb4823c</color><scale>0.8</scale></IconStyle></Style>
"#;
