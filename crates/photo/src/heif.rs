//! HEIF files: HEIC, the photo format of iPhones, and AVIF (cargo features `heic` and `avif`).
//!
//! Both are one container with pictures of another codec. Rotation and mirroring are part of the container and always
//! applied; an EXIF orientation only repeats them and is ignored, as the format asks for. Of the auxiliary
//! pictures only alpha is read, and never at the cost of the photo: gain maps, depth and the like are passed over.

#[cfg(any(feature = "heic", feature = "avif"))]
pub(super) use with_container::decode;

#[cfg(not(any(feature = "heic", feature = "avif")))]
pub(super) fn decode(
    _: &[u8],
    format: super::Format,
    _: &super::Limits,
    _: super::DecodeOptions,
) -> Result<super::decode::Decoded, super::PhotoError> {
    Err(super::PhotoError::UnsupportedFormat { format })
}

#[cfg(any(feature = "heic", feature = "avif"))]
mod with_container {
    use heifer::heifer_isobmff::boxes::Property;
    use heifer::heifer_isobmff::{Error as ContainerError, HeifFile, ItemId};
    use heifer::{Error, Options};

    use contract::Image;

    use crate::decode::Decoded;
    use crate::heif_guard::check_item_locations;
    use crate::samples::{on_white, to_rgb};
    use crate::{Alpha, DecodeOptions, Filter, Format, Limits, PhotoError, jpeg, resize};

    /// Grids of overlays of grids: real files nest once or twice.
    const MAX_DEPTH: u32 = 4;
    const ALPHA_KINDS: [&str; 3] = [
        "urn:mpeg:hevc:2015:auxid:1",
        "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
        "urn:mpeg:avc:2015:auxid:1",
    ];

    pub(in super::super) fn decode(
        bytes: &[u8],
        format: Format,
        limits: &Limits,
        options: DecodeOptions,
    ) -> Result<Decoded, PhotoError> {
        check_item_locations(bytes, format)?;
        let file = HeifFile::parse(bytes).map_err(|error| unreadable(error, bytes, format))?;
        let size = file.image_size(file.primary_id).ok().flatten();
        if let Some((width, height)) = size {
            limits.check_pixels(width, height)?;
        }
        let alpha = match options.alpha {
            Alpha::OnWhite => alpha_item(&file, file.primary_id),
            Alpha::Drop => None,
        };
        let codec = codec(&file, file.primary_id, 0);
        match &codec {
            b"hvc1" | b"hev1" if cfg!(feature = "heic") => hevc(bytes, file, alpha, size, limits),
            b"hvc1" | b"hev1" => Err(PhotoError::UnsupportedFormat { format: Format::Heic }),
            b"av01" => av1(&file, alpha, limits),
            b"jpeg" => {
                let data = file.item_data(file.primary_id).map_err(|error| explain(error.into(), format))?;
                let decoded = jpeg::decode(&data, limits, false)?;
                Ok(Decoded::upright(decoded.image))
            }
            other => Err(PhotoError::UnsupportedVariant {
                format,
                what: format!("its pictures are of the codec {:?}", String::from_utf8_lossy(other)),
            }),
        }
    }

    /// The codec of a picture, or of the first of those that it is made of.
    fn codec(file: &HeifFile<'_>, id: ItemId, depth: u32) -> [u8; 4] {
        let Ok(item) = file.item(id) else { return *b"none" };
        match (&item.item_type.0, file.referenced_items(id, b"dimg").first()) {
            (b"grid" | b"iovl" | b"iden", Some(&source)) if depth < MAX_DEPTH => {
                codec(file, source, depth + 1)
            }
            (own, _) => *own,
        }
    }

    /// The alpha picture of a picture.
    fn alpha_item(file: &HeifFile<'_>, id: ItemId) -> Option<ItemId> {
        let is_alpha = |&item: &ItemId| {
            let kinds = file.item_properties(item).ok()?.find_map(|property| match property {
                Property::AuxiliaryType(kind) => Some(kind.trim_end_matches('\0')),
                _ => None,
            })?;
            ALPHA_KINDS.contains(&kinds).then_some(())
        };
        file.referencing_items(id, b"auxl").into_iter().find(|item| is_alpha(item).is_some())
    }

    /// One thread: photos are decoded in parallel by the callers.
    fn one_thread(limits: &Limits) -> Options {
        Options { max_threads: 1, max_pixels: limits.max_pixels }
    }

    fn hevc(
        bytes: &[u8],
        mut file: HeifFile<'_>,
        alpha: Option<ItemId>,
        size: Option<(u32, u32)>,
        limits: &Limits,
    ) -> Result<Decoded, PhotoError> {
        let alpha_size = alpha.and_then(|item| file.image_size(item).ok().flatten());
        let usual = alpha.is_none() || alpha_size == size;
        let first =
            if usual { heifer::decode_rgba8(bytes, &one_thread(limits)).map_err(Some) } else { Err(None) };
        let refusal = match first {
            Ok(picture) => return finish(&picture, None),
            // Without an alpha that could be at fault, or a size that was checked, there is no second try.
            Err(Some(error)) if size.is_none() || !has_auxiliary(&file) => {
                return Err(explain(error, Format::Heic));
            }
            Err(refusal) => refusal,
        };
        file.references.retain(|reference| reference.ref_type.0 != *b"auxl");
        let picture = heifer::decode_item(&file, file.primary_id, 0)
            .map_err(|error| explain(refusal.unwrap_or(error), Format::Heic))?;
        let fits = |item| {
            file.image_size(item).ok().flatten().is_some_and(|(w, h)| limits.check_pixels(w, h).is_ok())
        };
        let alpha =
            alpha.filter(|&item| fits(item)).and_then(|item| heifer::decode_item(&file, item, 0).ok());
        finish(&narrowed(&picture), alpha.map(|alpha| narrowed(&alpha)).as_ref())
    }

    fn has_auxiliary(file: &HeifFile<'_>) -> bool {
        file.references.iter().any(|reference| reference.ref_type.0 == *b"auxl")
    }

    fn narrowed(picture: &heifer::Image) -> heifer::Image<u8> {
        heifer::Image {
            width: picture.width,
            height: picture.height,
            bit_depth: 8,
            has_alpha: picture.has_alpha,
            data: picture.to_rgba8(),
        }
    }

    #[cfg(feature = "avif")]
    fn av1(file: &HeifFile<'_>, alpha: Option<ItemId>, limits: &Limits) -> Result<Decoded, PhotoError> {
        let picture = crate::av1::decode_item(file, file.primary_id, limits)?;
        let alpha = alpha.and_then(|item| crate::av1::decode_item(file, item, limits).ok());
        finish(&picture, alpha.as_ref())
    }

    #[cfg(not(feature = "avif"))]
    fn av1(_: &HeifFile<'_>, _: Option<ItemId>, _: &Limits) -> Result<Decoded, PhotoError> {
        Err(PhotoError::UnsupportedFormat { format: Format::Avif })
    }

    /// RGB from RGBA, or from a picture and a grey one that is its alpha.
    fn finish(picture: &heifer::Image<u8>, alpha: Option<&heifer::Image<u8>>) -> Result<Decoded, PhotoError> {
        let (width, height) = (picture.width, picture.height);
        let Some(alpha) = alpha else {
            return Ok(Decoded::upright(Image::new(
                width,
                height,
                to_rgb::<4>(&picture.data, Alpha::OnWhite),
            )?));
        };
        let mut opacity = Image::new(alpha.width, alpha.height, to_rgb::<4>(&alpha.data, Alpha::Drop))?;
        if (opacity.width(), opacity.height()) != (width, height) {
            opacity = resize(&opacity, width, height, Filter::Bilinear)?;
        }
        let pixels = picture.data.chunks_exact(4).zip(opacity.rgb().chunks_exact(3));
        let rgb =
            pixels.flat_map(|(pixel, alpha)| [0, 1, 2].map(|channel| on_white(pixel[channel], alpha[0])));
        Ok(Decoded::upright(Image::new(width, height, rgb.collect())?))
    }

    fn unreadable(error: ContainerError, bytes: &[u8], format: Format) -> PhotoError {
        let is_sequence = bytes.windows(4).take(1 << 16).any(|name| name == b"moov");
        if is_sequence && !bytes.windows(4).take(1 << 16).any(|name| name == b"pitm") {
            let what = "a sequence of pictures (a film) without a still one".into();
            return PhotoError::UnsupportedVariant { format, what };
        }
        explain(error.into(), format)
    }

    pub(in super::super) fn explain(error: Error, format: Format) -> PhotoError {
        match error {
            Error::Unsupported(what) => PhotoError::UnsupportedVariant { format, what },
            Error::Container(ContainerError::UnexpectedEof) => {
                PhotoError::Truncated { format, why: "data of its pictures is missing".into() }
            }
            other => PhotoError::Damaged { format, why: other.to_string() },
        }
    }
}

#[cfg(feature = "avif")]
pub(super) use with_container::explain;
