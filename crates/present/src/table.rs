//! The table for people: a heading with the estimate, then the ranked candidates.

use std::io;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table as Grid, presets};
use contract::{Estimate, Failure, Group, RankedCandidate, Stated};
use geo::geodesic_km;

use crate::format::Entry;
use crate::headline::{Headline, Level};
use crate::{OutputError, PhotoResult, Precision, Terminal, Writer, escape, precision, text};

pub(crate) const FORMAT: Entry =
    Entry { name: "table", open: |settings, out| Box::new(Table::new(out, settings.terminal)) };

/// Narrower terminals than this get the table of this width and wrap it themselves.
const SMALLEST_WIDTH: u16 = 56;
/// Narrower terminals than this do without the similarities.
const WIDTH_WITH_SIMILARITY: u16 = 66;
/// Narrower terminals than this do without the last column, which the other formats have.
const WIDTH_WITH_ORIGIN: u16 = 84;
const INDENT: &str = "  ";

/// Text for a terminal.
pub(crate) struct Table<W> {
    out: W,
    terminal: Terminal,
    photos: usize,
    /// Whether the last line is a name whose answer is still to come.
    is_listing: bool,
}

#[derive(Clone, Copy)]
enum Style {
    Strong,
    Faint,
    Good,
    Warning,
    Wrong,
}

impl<W: io::Write> Table<W> {
    /// Writes to `out`, as wide and as colourful as `terminal` allows.
    pub(crate) fn new(out: W, terminal: Terminal) -> Self {
        Self { out, terminal, photos: 0, is_listing: false }
    }

    fn styled(&self, style: Style, text: &str) -> String {
        let text = escape::terminal(text);
        if !self.terminal.colour {
            return text;
        }
        let code = match style {
            Style::Strong => "1",
            Style::Faint => "2",
            Style::Good => "1;32",
            Style::Warning => "33",
            Style::Wrong => "31",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// What the file says, beside what the model says.
    fn stated(
        &mut self,
        estimate: &Estimate,
        stated: &Stated,
        precision: Precision,
    ) -> Result<(), OutputError> {
        let location = precision.coordinates(stated.location);
        let source = &stated.source;
        // Without candidates the file's own word is the answer.
        let text = if estimate.candidates.is_empty() {
            format!("stated by the file: {source}")
        } else {
            let km = geodesic_km(stated.location, estimate.location);
            let verdict = if estimate.contradicts_stated() { ", which contradicts the estimate" } else { "" };
            format!("stated by the file: {location} ({source}), {} away{verdict}", text::kilometres(km))
        };
        let style = if estimate.contradicts_stated() { Style::Warning } else { Style::Faint };
        let said = self.styled(style, &escape::terminal(&text));
        writeln!(self.out, "{INDENT}{said}")?;
        if let Some(note) = &stated.note {
            let note = self.styled(Style::Warning, &escape::terminal(note));
            writeln!(self.out, "{INDENT}{note}")?;
        }
        Ok(())
    }

    /// What is sure; below it the best guess, where that is more.
    fn headline(&mut self, estimate: &Estimate, precision: Precision) -> Result<(), OutputError> {
        let Headline { level, words, best_guess, reason } = Headline::new(estimate, precision);
        let Some(guess) = best_guess else {
            let place = self.styled(Style::Good, &words);
            writeln!(self.out, "{INDENT}{place}  {}", precision.coordinates(estimate.location))?;
            return Ok(());
        };
        let said = match (level, reason) {
            (Level::Nothing, Some(reason)) => self.styled(Style::Warning, &format!("{words}: {reason}.")),
            (Level::Nothing, None) => self.styled(Style::Warning, &format!("{words}.")),
            _ => self.styled(Style::Good, &words),
        };
        writeln!(self.out, "{INDENT}{said}")?;
        let coordinates = precision.of_a_guess(estimate.location);
        writeln!(self.out, "{INDENT}best guess: {}  {coordinates}", escape::terminal(&guess))?;
        Ok(())
    }

    fn estimate(&mut self, estimate: &Estimate, precision: Precision) -> Result<(), OutputError> {
        self.headline(estimate, precision)?;
        if let Some(note) = estimate.coverage_note.as_ref().filter(|_| estimate.abstained()) {
            let note = self.styled(Style::Faint, note);
            writeln!(self.out, "{INDENT}{note}")?;
        }
        if let Some(group) = &estimate.group {
            let said = self.styled(Style::Faint, &group.to_string());
            writeln!(self.out, "{INDENT}{said}")?;
        }
        if let Some(missing) = &estimate.incomplete {
            let said = self.styled(Style::Warning, missing);
            writeln!(self.out, "{INDENT}{said}")?;
        }
        if let Some(stated) = &estimate.stated {
            self.stated(estimate, stated, precision)?;
        }
        let within: Vec<String> = precision::confidences(estimate, precision)
            .map(|(radius, probability)| format!("{radius} km {}", text::percent(probability)))
            .collect();
        if !within.is_empty() {
            writeln!(self.out, "{INDENT}within {}", within.join(" · "))?;
        }
        if precision != Precision::Exact {
            let said = self.styled(Style::Faint, &format!("coarsened to {}", precision.description()));
            writeln!(self.out, "{INDENT}{said}")?;
        }
        if estimate.candidates.is_empty() {
            return Ok(());
        }
        for line in self.candidates(&estimate.candidates, precision).lines() {
            writeln!(self.out, "{INDENT}{}", line.trim_end())?;
        }
        Ok(())
    }

    fn candidates(&self, candidates: &[RankedCandidate], precision: Precision) -> String {
        let mut grid = Grid::new();
        grid.load_style(presets::NOTHING);
        grid.set_content_arrangement(ContentArrangement::Disabled);
        if let Some(width) = self.terminal.width {
            grid.set_content_arrangement(ContentArrangement::Dynamic);
            grid.set_width(width.max(SMALLEST_WIDTH) - INDENT.len() as u16);
        }
        grid.set_header(["#", "Place", "Coordinates", "Prob.", "Sim.", "Distance", "From"]);
        for (index, ranked) in candidates.iter().enumerate() {
            let found = &ranked.candidate;
            grid.add_row([
                (index + 1).to_string(),
                escape::terminal(&text::place_label(&found.place)),
                precision.coordinates(found.location),
                text::percent(ranked.probability),
                text::main_similarity(found).map_or_else(String::new, |value| format!("{value:.3}")),
                text::kilometres(ranked.distance_to_estimate_km),
                escape::terminal(&text::origin_label(found)),
            ]);
        }
        for number in [0, 3, 4, 5] {
            if let Some(column) = grid.column_mut(number) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        // Numbers stay whole; places and origins wrap, or give way.
        for number in [0, 2, 3, 4, 5] {
            if let Some(column) = grid.column_mut(number) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        let width = self.terminal.width.unwrap_or(u16::MAX);
        for (number, least) in [(4, WIDTH_WITH_SIMILARITY), (6, WIDTH_WITH_ORIGIN)] {
            if let Some(column) = grid.column_mut(number).filter(|_| width < least) {
                column.set_constraint(ColumnConstraint::Hidden);
            }
        }
        grid.to_string()
    }

    fn failure(&mut self, failure: &Failure) -> Result<(), OutputError> {
        let kind = failure.kind.as_str().replace('_', " ");
        let said = self.styled(Style::Wrong, &format!("failed ({kind}): {}", failure.message));
        writeln!(self.out, "{INDENT}{said}")?;
        if let Some(hint) = &failure.hint {
            let hint = self.styled(Style::Faint, &format!("hint: {hint}"));
            writeln!(self.out, "{INDENT}{hint}")?;
        }
        Ok(())
    }
}

impl<W: io::Write> Writer for Table<W> {
    fn begin(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        if self.photos > 0 && !self.is_listing {
            writeln!(self.out)?;
        }
        self.photos += 1;
        let photo = self.styled(Style::Strong, &result.photo);
        writeln!(self.out, "{photo}")?;
        // Of photos that were located together, the last one shows the answer.
        self.is_listing = matches!(&result.outcome, Ok(Estimate { group: Some(Group::Together { number, photos }), .. }) if number < photos);
        if self.is_listing {
            self.out.flush()?;
            return Ok(());
        }
        match &result.outcome {
            Ok(estimate) => self.estimate(estimate, result.precision)?,
            Err(failure) => self.failure(failure)?,
        }
        self.out.flush()?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.out.flush()?;
        Ok(())
    }
}
