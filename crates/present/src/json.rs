//! JSON: [`PhotoView`](crate::view::PhotoView)s, as an array or as lines.

use std::io;

use crate::format::Entry;
use crate::{OutputError, PhotoResult, Writer};

pub(crate) const ARRAY: Entry = Entry { name: "json", open: |_, out| Box::new(Json::new(out)) };
pub(crate) const LINES: Entry = Entry { name: "jsonl", open: |_, out| Box::new(JsonLines::new(out)) };

/// One valid array, an element per line.
pub(crate) struct Json<W> {
    out: W,
    photos: usize,
}

impl<W: io::Write> Json<W> {
    /// Writes to `out`.
    pub(crate) fn new(out: W) -> Self {
        Self { out, photos: 0 }
    }
}

impl<W: io::Write> Writer for Json<W> {
    fn begin(&mut self) -> Result<(), OutputError> {
        self.out.write_all(b"[")?;
        Ok(())
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        self.out.write_all(if self.photos == 0 { b"\n" } else { b",\n" })?;
        self.photos += 1;
        serde_json::to_writer(&mut self.out, &result.view())?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.out.write_all(if self.photos == 0 { b"]\n" } else { b"\n]\n" })?;
        self.out.flush()?;
        Ok(())
    }
}

/// One object per line, flushed as soon as it is known.
pub(crate) struct JsonLines<W> {
    out: W,
}

impl<W: io::Write> JsonLines<W> {
    /// Writes to `out`.
    pub(crate) fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: io::Write> Writer for JsonLines<W> {
    fn begin(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn photo(&mut self, result: &PhotoResult) -> Result<(), OutputError> {
        // One write: a line of a killed run is whole or missing.
        let mut line = serde_json::to_vec(&result.view())?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()?;
        Ok(())
    }

    fn finish(&mut self) -> Result<(), OutputError> {
        self.out.flush()?;
        Ok(())
    }
}
