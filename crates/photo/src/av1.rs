//! The pictures of AVIF files: AV1 frames, alone or in a grid.
//!
//! The container and the conversion of colours are those of HEIC; the frames are decoded by a port of dav1d.

use heifer::Image;
use heifer::color::{ColorParams, frame_to_rgba_sized};
use heifer::heifer_hevc_dec::recon::Frame;
use heifer::heifer_isobmff::boxes::{ColorInfo, Property};
use heifer::heifer_isobmff::{HeifFile, ItemId};
use re_rav1d::pixel::{MatrixCoefficients, YUVRange};
use re_rav1d::{Decoder, Picture, PixelLayout, PlanarImageComponent, Settings};

use super::heif::explain;
use super::{Format, Limits, PhotoError};

/// Grids of grids.
const MAX_DEPTH: u32 = 2;

/// A picture, cropped, turned and mirrored as the container says.
pub(super) fn decode_item(file: &HeifFile<'_>, id: ItemId, limits: &Limits) -> Result<Image<u8>, PhotoError> {
    decode_nested(file, id, limits, 0)
}

fn decode_nested(
    file: &HeifFile<'_>,
    id: ItemId,
    limits: &Limits,
    depth: u32,
) -> Result<Image<u8>, PhotoError> {
    let item = file.item(id).map_err(container)?;
    let mut picture = match &item.item_type.0 {
        b"av01" => frame(file, id, limits)?,
        b"grid" if depth < MAX_DEPTH => grid(file, id, limits, depth)?,
        b"iden" if depth < MAX_DEPTH => match file.referenced_items(id, b"dimg") {
            &[source] => decode_nested(file, source, limits, depth + 1)?,
            _ => return Err(damaged("a picture is derived from none")),
        },
        other => {
            let what = format!("pictures of the kind {:?}", String::from_utf8_lossy(other));
            return Err(PhotoError::UnsupportedVariant { format: Format::Avif, what });
        }
    };
    for property in file.item_properties(id).map_err(container)? {
        picture = match *property {
            Property::CleanAperture { width, height, horiz_offset, vert_offset } => {
                let (left, columns) = aperture(picture.width, width, horiz_offset)?;
                let (top, rows) = aperture(picture.height, height, vert_offset)?;
                picture.crop(left, top, columns, rows)
            }
            Property::Rotation(quarters) if quarters != 0 => picture.rotate_ccw(quarters),
            Property::Mirror(top_and_bottom) => picture.mirror(top_and_bottom),
            _ => picture,
        };
    }
    Ok(picture)
}

/// First pixel and count of a clean aperture along one side: its centre is an offset from the picture's.
fn aperture(side: u32, size: (u32, u32), offset: (i32, u32)) -> Result<(u32, u32), PhotoError> {
    let size = f64::from(size.0) / f64::from(size.1);
    let centre = f64::from(offset.0) / f64::from(offset.1) + (f64::from(side) - 1.0) / 2.0;
    let first = (centre - (size - 1.0) / 2.0).round();
    if !(first >= 0.0 && size >= 1.0 && first + size.round() <= f64::from(side)) {
        return Err(damaged("its clean aperture lies outside of it"));
    }
    Ok((first as u32, size.round() as u32))
}

fn grid(file: &HeifFile<'_>, id: ItemId, limits: &Limits, depth: u32) -> Result<Image<u8>, PhotoError> {
    let grid = file.grid(id).map_err(container)?;
    let (width, height) = (grid.output_width, grid.output_height);
    limits.check_pixels(width, height)?;
    let tiles = file.referenced_items(id, b"dimg");
    if width == 0 || height == 0 || tiles.len() != usize::from(grid.rows) * usize::from(grid.columns) {
        return Err(damaged("its grid does not fit its tiles"));
    }
    let mut whole = Image::filled_samples(width, height, 8, [0, 0, 0, u8::MAX]);
    let mut size = None;
    for (index, &tile) in tiles.iter().enumerate() {
        let tile = decode_nested(file, tile, limits, depth + 1)?;
        let (tile_width, tile_height) = *size.get_or_insert((tile.width, tile.height));
        let (column, row) = (index % usize::from(grid.columns), index / usize::from(grid.columns));
        whole.draw(&tile, column as i64 * i64::from(tile_width), row as i64 * i64::from(tile_height));
    }
    Ok(whole)
}

fn frame(file: &HeifFile<'_>, id: ItemId, limits: &Limits) -> Result<Image<u8>, PhotoError> {
    let size = file.image_size(id).map_err(container)?;
    if let Some((width, height)) = size {
        limits.check_pixels(width, height)?;
    }
    let data = file.item_data(id).map_err(container)?.into_owned();
    let picture = first_picture(data, limits)?;
    let stated = file.item_properties(id).map_err(container)?.find_map(|property| match *property {
        Property::Color(ColorInfo::Nclx { matrix, full_range, .. }) => {
            Some(ColorParams { matrix, full_range })
        }
        _ => None,
    });
    let params = stated.unwrap_or_else(|| ColorParams {
        matrix: match picture.matrix_coefficients() {
            MatrixCoefficients::Identity => 0,
            MatrixCoefficients::BT709 => 1,
            MatrixCoefficients::BT470M => 4,
            MatrixCoefficients::ST240M => 7,
            MatrixCoefficients::BT2020NonConstantLuminance => 9,
            _ => 6,
        },
        full_range: picture.color_range() == YUVRange::Full,
    });
    Ok(frame_to_rgba_sized(&planes(&picture, params)?, params, picture.width(), picture.height()))
}

fn first_picture(data: Vec<u8>, limits: &Limits) -> Result<Picture, PhotoError> {
    // One thread: photos are decoded in parallel by the callers.
    let mut settings = Settings::new();
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(u32::try_from(limits.max_pixels).unwrap_or(u32::MAX));
    let failed = |error: re_rav1d::Error| damaged(error.to_string());
    let mut decoder = Decoder::with_settings(&settings).map_err(failed)?;
    match decoder.send_data(data, None, None, None) {
        Ok(()) | Err(re_rav1d::Error::Again) => {}
        Err(error) => return Err(failed(error)),
    }
    loop {
        match decoder.get_picture() {
            Ok(picture) => return Ok(picture),
            Err(re_rav1d::Error::Again) => match decoder.send_pending_data() {
                Ok(()) => return decoder.get_picture().map_err(failed),
                Err(re_rav1d::Error::Again) => {}
                Err(error) => return Err(failed(error)),
            },
            Err(error) => return Err(failed(error)),
        }
    }
}

/// The planes as the conversion of colours wants them: numbers of 16 bits, rows without gaps, and sides that are
/// multiples of those of the colours, as HEVC has them.
fn planes(picture: &Picture, params: ColorParams) -> Result<Frame, PhotoError> {
    let (width, height) = (picture.width(), picture.height());
    let (across, down, chroma_format) = match picture.pixel_layout() {
        PixelLayout::I400 => (1, 1, 0),
        PixelLayout::I420 => (2, 2, 1),
        PixelLayout::I422 => (2, 1, 2),
        PixelLayout::I444 => (1, 1, 3),
    };
    let (chroma_width, chroma_height) = match chroma_format {
        0 => (0, 0),
        _ => (width.div_ceil(across), height.div_ceil(down)),
    };
    let (luma_width, luma_height) = (width.next_multiple_of(across), height.next_multiple_of(down));
    let bits = picture.bits_per_component().map_or(8, |bits| bits.0) as u8;
    let read = |component, size, filled_to| plane(picture, component, size, filled_to, bits > 8);
    let chroma = (chroma_width, chroma_height);
    let mut luma = read(PlanarImageComponent::Y, (width, height), (luma_width, luma_height))?;
    // The conversion takes grey as it is, of the full range: grey photos and alpha.
    if chroma_format == 0 && !params.full_range {
        for sample in &mut luma {
            *sample = of_full_range(*sample, bits);
        }
    }
    Ok(Frame {
        widths: [luma_width, chroma_width, chroma_width],
        heights: [luma_height, chroma_height, chroma_height],
        planes: [
            luma,
            read(PlanarImageComponent::U, chroma, chroma)?,
            read(PlanarImageComponent::V, chroma, chroma)?,
        ],
        bit_depth: [bits, bits],
        chroma_format,
        full_range: params.full_range,
        matrix_coeffs: params.matrix as u8,
    })
}

/// A brightness of the limited range (16 to 235 in 8 bits), stretched.
fn of_full_range(sample: u16, bits: u8) -> u16 {
    let (unit, full) = (1_u32 << (bits - 8), (1_u32 << bits) - 1);
    let above_black = u32::from(sample).saturating_sub(16 * unit);
    ((above_black * full + 219 * unit / 2) / (219 * unit)).min(full) as u16
}

/// A plane, its last column and row repeated up to the size that it is filled to.
fn plane(
    picture: &Picture,
    component: PlanarImageComponent,
    (width, height): (u32, u32),
    (filled_width, filled_height): (u32, u32),
    wide: bool,
) -> Result<Vec<u16>, PhotoError> {
    if width == 0 || height == 0 {
        return Ok(Vec::new());
    }
    let data = picture.plane(component);
    let stride = picture.stride(component) as usize;
    let row_bytes = width as usize * if wide { 2 } else { 1 };
    let mut samples = Vec::with_capacity(filled_width as usize * filled_height as usize);
    for row in 0..filled_height.max(height) {
        let start = row.min(height - 1) as usize * stride;
        let row =
            data.get(start..start + row_bytes).ok_or_else(|| damaged("a row of its picture is missing"))?;
        if wide {
            samples.extend(row.chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]])));
        } else {
            samples.extend(row.iter().map(|&sample| u16::from(sample)));
        }
        let last = samples.last().copied().unwrap_or(0);
        samples.extend((width..filled_width).map(|_| last));
    }
    Ok(samples)
}

fn container(error: heifer::heifer_isobmff::Error) -> PhotoError {
    explain(error.into(), Format::Avif)
}

fn damaged(why: impl Into<String>) -> PhotoError {
    PhotoError::Damaged { format: Format::Avif, why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::of_full_range;

    #[test]
    fn the_limited_range_is_stretched() {
        for (sample, bits, expected) in
            [(0, 8, 0), (16, 8, 0), (126, 8, 128), (235, 8, 255), (255, 8, 255), (64, 10, 0), (940, 10, 1023)]
        {
            assert_eq!(of_full_range(sample, bits), expected, "{sample} of {bits} bits");
        }
    }
}
