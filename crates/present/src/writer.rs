//! What all formats have in common: a stream of results goes in, text comes out.

use std::io;

use crate::{Format, OutputError, PhotoResult, Precision, Terminal, Thumbnails, coarsen};

/// Writes a run: `begin` once, `photo` for each result, `finish` once (also after an interruption, so that
/// the file is complete for the photos that are done).
pub trait Writer {
    /// What comes before the first photo.
    ///
    /// # Errors
    /// [`OutputError`], as for the other two.
    fn begin(&mut self) -> Result<(), OutputError>;

    /// One photo.
    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError>;

    /// What comes after the last photo; flushes.
    fn finish(&mut self) -> Result<(), OutputError>;
}

/// What writers need besides the results.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// How coarse the published coordinates are.
    pub precision: Precision,
    /// Width and colour of the terminal, for the table.
    pub terminal: Terminal,
    /// Pictures for the map.
    pub thumbnails: &'a dyn Thumbnails,
    /// Whether a predictions file says where each answer comes from; the other formats always do.
    pub origins: bool,
    /// Whether a predictions file says how many photos were located together.
    pub together: bool,
}

impl<'a> Settings<'a> {
    /// Exact coordinates, no colour, no names.
    pub fn new(thumbnails: &'a dyn Thumbnails) -> Self {
        Self {
            precision: Precision::Exact,
            terminal: Terminal::PLAIN,
            thumbnails,
            origins: false,
            together: false,
        }
    }
}

/// The writer of a format, with [`Settings::precision`] applied to each result before it is written.
pub fn writer<'a, W: io::Write + 'a>(format: Format, settings: Settings<'a>, out: W) -> Box<dyn Writer + 'a> {
    let inner = format.open(settings, Box::new(out));
    match settings.precision {
        Precision::Exact => inner,
        precision => Box::new(Coarsened { inner, precision }),
    }
}

/// Coarsens a copy of each result.
struct Coarsened<'a> {
    inner: Box<dyn Writer + 'a>,
    precision: Precision,
}

impl Writer for Coarsened<'_> {
    fn begin(&mut self) -> Result<(), OutputError> {
        self.inner.begin()
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        let mut coarse = result.clone();
        coarsen(&mut coarse, self.precision);
        self.inner.photo(&coarse)
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.inner.finish()
    }
}
