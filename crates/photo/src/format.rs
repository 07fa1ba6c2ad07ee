//! Telling photos from other files, by name and by first bytes.

use std::fmt;
use std::path::Path;

/// A photo file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG: baseline and progressive; grey, YCbCr, RGB, CMYK, YCCK.
    Jpeg,
    /// PNG, any colour type and depth.
    Png,
    /// WebP, lossy or lossless; the first frame of an animation.
    WebP,
    /// TIFF; the first page.
    Tiff,
    /// GIF; the first frame.
    Gif,
    /// Windows bitmap.
    Bmp,
    /// HEIF with HEVC pictures (the iPhone's format).
    Heic,
    /// HEIF with AV1 pictures.
    Avif,
    /// JPEG XL, with or without its container; the first frame.
    Jxl,
}

impl Format {
    /// The usual name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::WebP => "WebP",
            Self::Tiff => "TIFF",
            Self::Gif => "GIF",
            Self::Bmp => "BMP",
            Self::Heic => "HEIC",
            Self::Avif => "AVIF",
            Self::Jxl => "JPEG XL",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The first bytes [`sniff`] wants to see; fewer are fine for shorter files.
pub const SNIFF_BYTES: usize = 64;

const EXTENSIONS: [&str; 22] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "tif", "tiff", "gif", "bmp", "dib", "heic", "heif", "hif",
    "hic", "heics", "heifs", "avif", "avifs", "jxl", "apng", "jif",
];

/// Whether the file name ends like a photo's (`.jpg`, `.HEIC`, ...).
///
/// ```
/// use std::path::Path;
/// assert!(photo::has_photo_extension(Path::new("trip/IMG_0001.JPG")));
/// assert!(!photo::has_photo_extension(Path::new("trip/notes.txt")));
/// ```
pub fn has_photo_extension(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

/// The format that the first bytes (see [`SNIFF_BYTES`]) announce, whatever the file is called.
pub fn sniff(head: &[u8]) -> Option<Format> {
    let at = |offset: usize, magic: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    if at(0, &[0xff, 0xd8, 0xff]) {
        Some(Format::Jpeg)
    } else if at(0, b"\x89PNG\r\n\x1a\n") {
        Some(Format::Png)
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        Some(Format::WebP)
    } else if at(0, b"II*\0") || at(0, b"MM\0*") || at(0, b"II+\0") || at(0, b"MM\0+") {
        Some(Format::Tiff)
    } else if at(0, b"GIF87a") || at(0, b"GIF89a") {
        Some(Format::Gif)
    } else if at(0, b"BM") && at_bitmap_header(head) {
        Some(Format::Bmp)
    } else if at(0, b"\xff\x0a") || at(0, b"\0\0\0\x0cJXL \r\n\x87\n") {
        Some(Format::Jxl)
    } else if at(4, b"ftyp") {
        sniff_heif(head)
    } else {
        None
    }
}

/// "BM" alone begins many texts: the size of the header that follows tells bitmaps.
fn at_bitmap_header(head: &[u8]) -> bool {
    const KNOWN_HEADER_SIZES: [u32; 7] = [12, 40, 52, 56, 64, 108, 124];
    head.get(14..18)
        .and_then(|bytes| bytes.try_into().ok())
        .is_some_and(|bytes| KNOWN_HEADER_SIZES.contains(&u32::from_le_bytes(bytes)))
}

/// The `ftyp` box names one major brand (bytes 8..12) and, from byte 16, compatible ones.
fn sniff_heif(head: &[u8]) -> Option<Format> {
    let size = u32::from_be_bytes(head.get(..4)?.try_into().ok()?) as usize;
    let brands = head.get(8..size.min(head.len()))?.chunks_exact(4);
    let mut generic = false;
    for brand in brands {
        match brand {
            b"avif" | b"avis" => return Some(Format::Avif),
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => {
                return Some(Format::Heic);
            }
            b"mif1" | b"mif2" | b"msf1" | b"miaf" => generic = true,
            _ => {}
        }
    }
    generic.then_some(Format::Heic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_magic_is_known_and_text_is_not() {
        let cases: [(&[u8], Format); 16] = [
            (b"\xff\xd8\xff\xe0", Format::Jpeg),
            (b"\x89PNG\r\n\x1a\n", Format::Png),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Format::WebP),
            (b"II*\0\x08\0\0\0", Format::Tiff),
            (b"MM\0*\0\0\0\x08", Format::Tiff),
            (b"GIF89a", Format::Gif),
            (b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0", Format::Bmp),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Format::Heic),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf", Format::Heic),
            (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", Format::Avif),
            (b"\0\0\0\x18ftypheix\0\0\0\0mif1heix", Format::Heic),
            (b"\0\0\0\x18ftypmsf1\0\0\0\0mif1hevc", Format::Heic),
            (b"\0\0\0\x18ftypmif2\0\0\0\0miafMiHB", Format::Heic),
            (b"\0\0\0\x1cftypavis\0\0\0\0msf1miafMA1B", Format::Avif),
            (b"\xff\x0a\xfa\x7f", Format::Jxl),
            (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ", Format::Jxl),
        ];
        for (head, format) in cases {
            assert_eq!(sniff(head), Some(format), "{format}");
            for length in 0..head.len() {
                let _ = sniff(&head[..length]);
            }
        }
        for text in ["", "B", "BMW drives a road of sand", "hello", "\0\0\0\x18ftypisom\0\0\0\0mp42mp41"] {
            assert_eq!(sniff(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn extensions_ignore_case() {
        for name in [
            "a.jpg", "b.JPEG", "c.d.Png", "x/y.HeIc", "z.tif", "DSC1.HIF", "a.hic", "b.HEIF", "c.JXL",
            "d.avif",
        ] {
            assert!(has_photo_extension(Path::new(name)), "{name}");
        }
        for name in ["jpg", "a.jpg.txt", ".jpg", "a", "a.mp4", "a.json"] {
            assert!(!has_photo_extension(Path::new(name)), "{name}");
        }
    }
}
