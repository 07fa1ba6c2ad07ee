//! The bed as files: photos, tables, a sheet to look at.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, ensure};
use photo::Image;

use crate::bed::{Bed, View};

/// Writes the photos of views as PNG, under their names.
///
/// # Errors
/// A directory that cannot be written.
pub fn write_photos<'a>(views: impl IntoIterator<Item = &'a View>, directory: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory).with_context(|| directory.display().to_string())?;
    for view in views {
        write_png(&view.image, &directory.join(&view.id.0))?;
    }
    Ok(())
}

/// Writes an image as PNG.
///
/// # Errors
/// A file that cannot be written.
pub fn write_png(image: &Image, file: &Path) -> anyhow::Result<()> {
    image::save_buffer_with_format(
        file,
        image.rgb(),
        image.width(),
        image.height(),
        image::ExtendedColorType::Rgb8,
        image::ImageFormat::Png,
    )
    .with_context(|| file.display().to_string())
}

/// The photo table of a bed: one row a view, with its split.
pub fn table(bed: &Bed) -> String {
    let mut text = String::from("IMG_ID,LAT,LON,split,country\n");
    let mut rows = |split: &str, views: &mut dyn Iterator<Item = &View>| {
        for view in views {
            let (at, country) =
                (view.place.location, view.place.place.country.as_deref().unwrap_or_default());
            let _ = writeln!(
                text,
                "{},{},{},{split},\"{}\"",
                view.id,
                at.latitude(),
                at.longitude(),
                country.replace('"', "\"\"")
            );
        }
    };
    rows("gallery", &mut bed.gallery.iter());
    rows("train", &mut bed.train.iter().map(|query| &query.view));
    rows("val", &mut bed.validation.iter().map(|query| &query.view));
    rows("test", &mut bed.test.iter().map(|query| &query.view));
    text
}

/// Pastes rows of equally large images onto one sheet, two pixels of white between them.
///
/// # Errors
/// Images of different sizes, or none.
pub fn sheet(rows: &[Vec<&Image>]) -> anyhow::Result<Image> {
    const GAP: usize = 2;
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let first = rows.iter().flatten().next().context("a sheet of no images")?;
    let (width, height) = (first.width() as usize, first.height() as usize);
    let (full_width, full_height) = (columns * (width + GAP) + GAP, rows.len() * (height + GAP) + GAP);
    let mut rgb = vec![255; full_width * full_height * 3];
    for (row, images) in rows.iter().enumerate() {
        for (column, image) in images.iter().enumerate() {
            ensure!(
                (image.width() as usize, image.height() as usize) == (width, height),
                "images of one sheet must be of one size"
            );
            for (line, pixels) in image.rgb().chunks_exact(width * 3).enumerate() {
                let top = GAP + row * (height + GAP) + line;
                let start = (top * full_width + GAP + column * (width + GAP)) * 3;
                rgb[start..start + width * 3].copy_from_slice(pixels);
            }
        }
    }
    Ok(Image::new(full_width as u32, full_height as u32, rgb)?)
}
