//! Files that are not photos in a known format: what they are, and what to do about them.

use super::PhotoError;
use super::tiff_directory::Directory;

const EXPORT: &str =
    "export it as JPEG with the camera's or another raw converter, or give the JPEG beside it";
const FRAME: &str = "give the photo beside it, or save one frame of it as JPEG";
const CONVERT: &str = "convert it to JPEG or PNG";
const PAGE: &str = "export the page or the picture as JPEG or PNG";
const DOWNLOAD: &str = "download the photo itself";
const UNPACK: &str = "unpack it and give the photos in it";
const LEAVE_OUT: &str = "leave it out";

/// Where the bytes stand, the bytes, what the file is, and the way out.
const KINDS: [(usize, &[u8], &str, &str); 35] = [
    (0, b"FUJIFILMCCD-RAW", "a raw photo of a Fujifilm camera (RAF)", EXPORT),
    (0, b"IIRO", "a raw photo of an Olympus camera (ORF)", EXPORT),
    (0, b"IIRS", "a raw photo of an Olympus camera (ORF)", EXPORT),
    (0, b"MMOR", "a raw photo of an Olympus camera (ORF)", EXPORT),
    (0, b"IIU\0", "a raw photo of a Panasonic camera (RW2)", EXPORT),
    (0, b"FOVb", "a raw photo of a Sigma camera (X3F)", EXPORT),
    (0, b"\0MRM", "a raw photo of a Minolta camera (MRW)", EXPORT),
    (6, b"HEAPCCDR", "a raw photo of a Canon camera (CRW)", EXPORT),
    (4, b"ftypcrx ", "a raw photo of a Canon camera (CR3)", EXPORT),
    (0, b"8BPS", "a Photoshop document (PSD)", CONVERT),
    (0, b"gimp xcf", "a GIMP document (XCF)", CONVERT),
    (0, b"%PDF", "a PDF document", PAGE),
    (0, b"%!PS", "a PostScript document", PAGE),
    (0, b"AT&TFORM", "a DjVu document", PAGE),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 photo", CONVERT),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 photo", CONVERT),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR picture", CONVERT),
    (0, b"#?RADIANCE", "a Radiance HDR picture", CONVERT),
    (0, b"qoif", "a QOI picture", CONVERT),
    (0, b"\0\0\x01\0", "a Windows icon", LEAVE_OUT),
    (128, b"DICM", "a medical picture (DICOM)", CONVERT),
    (0, b"SIMPLE  =", "an astronomical picture (FITS)", CONVERT),
    (0, b"\x1aE\xdf\xa3", "a film (Matroska or WebM)", FRAME),
    (8, b"AVI ", "a film (AVI)", FRAME),
    (4, b"ftypqt  ", "a film (QuickTime), as live photos have one", FRAME),
    (4, b"moov", "a film (QuickTime)", FRAME),
    (4, b"mdat", "a film (QuickTime)", FRAME),
    (4, b"wide", "a film (QuickTime)", FRAME),
    (4, b"ftyp", "a film (MP4)", FRAME),
    (0, b"PK\x03\x04", "a ZIP archive", UNPACK),
    (0, b"\x1f\x8b", "a gzip archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (0, b"\0\x05\x16\x07", "a companion file of macOS (AppleDouble) without the photo", LEAVE_OUT),
    (0, b"version https://git-lfs", "a pointer of Git LFS instead of the photo", "run `git lfs pull`"),
];

/// Portable bitmaps and their kin: a letter, a number and a blank.
const PORTABLE: &[u8] = b"123456f7F";

impl PhotoError {
    /// What the file is whose first bytes belong to no photo format.
    pub(super) fn of_unknown(bytes: &[u8]) -> Self {
        let at =
            |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
        if let Some(&(_, _, what, way_out)) = KINDS.iter().find(|(offset, magic, ..)| at(*offset, magic)) {
            return Self::OtherFile { what, way_out };
        }
        if let &[b'P', kind, b'\n' | b' ' | b'\r' | b'\t', ..] = bytes
            && PORTABLE.contains(&kind)
        {
            return Self::OtherFile { what: "a portable pixmap (PNM)", way_out: CONVERT };
        }
        if bytes.len() >= 16 && bytes.iter().all(|&byte| byte == 0) {
            let way_out = "copy or download the file again";
            return Self::OtherFile { what: "filled with zeros", way_out };
        }
        of_markup(bytes).unwrap_or(Self::UnknownFormat)
    }
}

/// Web pages are what a download gives that needs a login.
fn of_markup(bytes: &[u8]) -> Option<PhotoError> {
    let head = bytes.get(..bytes.len().min(1024))?;
    let text = String::from_utf8_lossy(head).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    if !text.starts_with('<') {
        return None;
    }
    if text.starts_with("<svg")
        || (text.starts_with("<?xml") || text.starts_with("<!")) && text.contains("<svg")
    {
        return Some(PhotoError::OtherFile { what: "a drawing (SVG)", way_out: CONVERT });
    }
    if text.starts_with("<html") || text.starts_with("<!doctype html") || text.contains("<html") {
        return Some(PhotoError::OtherFile { what: "a web page (HTML)", way_out: DOWNLOAD });
    }
    None
}

const SUBFILE_TYPE: u16 = 254;
const PHOTOMETRIC: u16 = 262;
const SUB_DIRECTORIES: u16 = 330;
const DNG_VERSION: u16 = 50706;
const COLOUR_FILTER_ARRAY: u64 = 32803;
const LINEAR_RAW: u64 = 34892;

/// Raw photos look like TIFF files; their first page is often a thumbnail, which is not the photo.
pub(super) fn raw_photo(bytes: &[u8], directory: &Directory<'_>) -> Option<PhotoError> {
    let raw = |what| Some(PhotoError::OtherFile { what, way_out: EXPORT });
    if bytes.get(8..10) == Some(b"CR") {
        return raw("a raw photo of a Canon camera (CR2)");
    }
    if directory.has(DNG_VERSION) {
        return raw("a raw photo (DNG)");
    }
    let photometric = directory.number(PHOTOMETRIC);
    let is_thumbnail = directory.number(SUBFILE_TYPE) == Some(1) && directory.has(SUB_DIRECTORIES);
    if is_thumbnail || matches!(photometric, Some(COLOUR_FILTER_ARRAY | LINEAR_RAW)) {
        return raw("a raw photo of a camera (such as NEF or ARW)");
    }
    None
}

#[cfg(test)]
mod tests {
    use contract::Diagnose as _;

    use super::*;

    #[test]
    fn other_files_are_named_and_have_a_way_out() {
        let cases: [(&[u8], &str); 14] = [
            (b"%PDF-1.7\n", "PDF"),
            (b"8BPS\0\x01", "Photoshop"),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "SVG"),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- a --><svg/>", "SVG"),
            (b"  <!DOCTYPE html><html><body>Sign in</body></html>", "HTML"),
            (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "QuickTime"),
            (b"\0\0\0\x18ftypisom\0\0\0\0mp42mp41", "MP4"),
            (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "CR3"),
            (b"FUJIFILMCCD-RAW 0201", "RAF"),
            (b"P6\n4 4\n255\n", "PNM"),
            (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
            (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
            (b"PK\x03\x04\x14\0", "ZIP"),
            (&[0; 64], "zeros"),
        ];
        for (bytes, words) in cases {
            let error = PhotoError::of_unknown(bytes);
            assert!(error.to_string().contains(words), "{error}");
            assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error}");
        }
        for text in ["hello, I am called photo.jpg", "Peter", "P1", "<a", "{}"] {
            assert_eq!(PhotoError::of_unknown(text.as_bytes()), PhotoError::UnknownFormat, "{text}");
        }
    }
}
