//! The names that files with a photo's metadata have beside it.

/// Letters of a Takeout name before `.json` (51 with it), not counting a number in brackets.
const TAKEOUT_LETTERS: usize = 46;
/// Letters of a photo's name before its extension that Takeout keeps.
const TAKEOUT_STEM_LETTERS: usize = 47;
const TAKEOUT_SUFFIX: &str = ".supplemental-metadata";

/// What Google Photos adds to the name of an edited copy, in the languages of its users. The original's JSON serves
/// both.
const EDITED: [&str; 14] = [
    "-edited",
    "-effects",
    "-smile",
    "-mix",
    "-bearbeitet",
    "-modifié",
    "-modifie\u{301}",
    "-modificato",
    "-bewerkt",
    "-edytowane",
    "-ha editado",
    "-editado",
    "-editat",
    "-編集済み",
];

/// A photo's name in its parts.
#[derive(Clone, Copy)]
struct Name<'a> {
    /// The folder, with its separator.
    folder: &'a str,
    /// The name without extension.
    stem: &'a str,
    /// The extension with its dot; may be empty.
    extension: &'a str,
}

impl<'a> Name<'a> {
    fn new(photo: &'a str) -> Self {
        let start = photo.rfind(std::path::is_separator).map_or(0, |at| at + 1);
        let (folder, name) = photo.split_at_checked(start).unwrap_or(("", photo));
        let dot = name.rfind('.').filter(|at| *at > 0).unwrap_or(name.len());
        let (stem, extension) = name.split_at_checked(dot).unwrap_or((name, ""));
        Self { folder, stem, extension }
    }
}

/// The names of XMP sidecars, in the order in which they are tried: `NAME.EXT.xmp`, then `NAME.xmp`.
pub(super) fn xmp(photo: &str) -> Vec<String> {
    let Name { folder, stem, extension } = Name::new(photo);
    let mut bases = vec![format!("{folder}{stem}{extension}"), format!("{folder}{stem}")];
    bases.dedup();
    let endings = ["xmp", "XMP", "Xmp"];
    bases.iter().flat_map(|base| endings.map(|ending| format!("{base}.{ending}"))).collect()
}

/// A name that Takeout may have given to a photo's JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TakeoutName {
    /// The file, with the folder of the photo.
    pub(super) file: String,
    /// If the photo's own name was cut to make this one: that name without extension, as the JSON's title should begin.
    /// Several photos may share a cut name.
    pub(super) title_start: Option<String>,
}

impl TakeoutName {
    /// Whether a JSON of this name with this title can belong to the photo. Takeout writes `_` for many letters.
    pub(super) fn fits(&self, title: Option<&str>) -> bool {
        let (Some(start), Some(title)) = (&self.title_start, title) else { return true };
        let mut letters = title.chars();
        let agree =
            start.chars().all(|letter| letters.next().is_some_and(|other| other == letter || letter == '_'));
        // Beyond ASCII, letters have more than one spelling.
        agree || !start.is_ascii() || !title.is_ascii()
    }
}

/// The names that Takeout may have given to a photo's JSON, the likeliest first.
///
/// `IMG(1).jpg` has `IMG.jpg(1).json` or `IMG.jpg.supplemental-metadata(1).json`, never the file without the number,
/// which is another photo's.
pub(super) fn takeout(photo: &str) -> Vec<TakeoutName> {
    let Name { folder, stem, extension } = Name::new(photo);
    let mut names: Vec<TakeoutName> = Vec::new();
    let mut add_all = |stem: &str, number: &str| {
        let title = format!("{stem}{extension}");
        for suffix in suffixes() {
            let whole = format!("{title}{suffix}");
            let mut bases = cuts(&whole, TAKEOUT_LETTERS);
            if !number.is_empty() {
                bases.extend(cuts(&whole, TAKEOUT_LETTERS.saturating_sub(number.len())));
            }
            for base in bases {
                let file = format!("{folder}{base}{number}.json");
                let title_start = (base.len() < title.len()).then(|| stem.to_owned());
                if names.iter().all(|name| name.file != file) {
                    names.push(TakeoutName { file, title_start });
                }
            }
        }
    };
    add_all(stem, "");
    let (unnumbered, number) = split_number(stem);
    if !number.is_empty() {
        add_all(unnumbered, number);
    }
    for original in originals(unnumbered) {
        add_all(original, number);
        // `IMG(1)-edited.jpg` instead of `IMG-edited(1).jpg`.
        let (original, number) = split_number(original);
        if !number.is_empty() {
            add_all(original, number);
        }
    }
    names
}

/// The whole suffix, none, and all that cutting leaves of it.
fn suffixes() -> impl Iterator<Item = &'static str> {
    let cut = (1..TAKEOUT_SUFFIX.len()).rev().filter_map(|end| TAKEOUT_SUFFIX.get(..end));
    [TAKEOUT_SUFFIX, ""].into_iter().chain(cut)
}

/// The name cut to so many letters; where letters are longer than a byte, in each way of counting them.
fn cuts(name: &str, letters: usize) -> Vec<&str> {
    let upto = |length: fn(char) -> usize| {
        let mut used = 0;
        let end = name.char_indices().find(|(_, letter)| {
            used += length(*letter);
            used > letters
        });
        name.get(..end.map_or(name.len(), |(at, _)| at)).unwrap_or(name)
    };
    let mut cuts = vec![upto(|_| 1), upto(char::len_utf16), upto(char::len_utf8)];
    cuts.dedup();
    cuts
}

/// `IMG(1)` as `IMG` and `(1)`.
fn split_number(stem: &str) -> (&str, &str) {
    let number = stem.rfind('(').and_then(|at| stem.split_at_checked(at)).filter(|(before, number)| {
        let digits = number.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or_default();
        !before.is_empty() && !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
    });
    number.unwrap_or((stem, ""))
}

/// The stem of the photo that this one is an edited copy of. In a long name the word itself may be cut.
fn originals(stem: &str) -> Vec<&str> {
    let is_cut = stem.chars().count() == TAKEOUT_STEM_LETTERS;
    let mut found = Vec::new();
    for word in EDITED {
        found.extend(stem.strip_suffix(word));
        let cut = word.char_indices().skip(2).filter_map(|(end, _)| stem.strip_suffix(word.get(..end)?));
        found.extend(cut.filter(|_| is_cut));
    }
    found.retain(|original| !original.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takeout_names_are_the_reported_ones() {
        for (photo, json) in [
            ("IMG_1.jpg", "IMG_1.jpg.json"),
            ("IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json"),
            ("IMG_1.jpg", "IMG_1.jpg.supplemental-meta.json"),
            ("IMG_1.jpg", "IMG_1.jpg..json"),
            ("trip/IMG_1.jpg", "trip/IMG_1.jpg.supplemental-metadata.json"),
            ("PXL_20230703_154117903.PORTRAIT.jpg", "PXL_20230703_154117903.PORTRAIT.jpg.supplement.json"),
            (
                "05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 2.jpg",
                "05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 2.jp.json",
            ),
            (
                "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P.jpg",
                "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_.json",
            ),
            (
                "Backyard_ceremony_wedding_photography_xxxxxxx_m(494).jpg",
                "Backyard_ceremony_wedding_photography_xxxxxxx_(494).json",
            ),
            ("DSC_0238(1).JPG", "DSC_0238.JPG(1).json"),
            ("DSC_0238(12).JPG", "DSC_0238.JPG.supplemental-metadata(12).json"),
            ("DSC_0238(1).JPG", "DSC_0238(1).JPG.json"),
            ("IMG_20180828_195527474_HDR(1).jpg", "IMG_20180828_195527474_HDR.jpg.supplemental-me(1).json"),
            ("IMG_1-edited.jpg", "IMG_1.jpg.json"),
            ("IMG_1-bearbeitet.HEIC", "IMG_1.HEIC.supplemental-metadata.json"),
            ("IMG_1-edited(2).jpg", "IMG_1.jpg(2).json"),
            ("IMG_1(2)-edited.jpg", "IMG_1.jpg(2).json"),
            (
                "a_name_of_forty-three_letters_and_no_more__-edi.jpg",
                "a_name_of_forty-three_letters_and_no_more__.jp.json",
            ),
        ] {
            assert!(takeout(photo).iter().any(|name| name.file == json), "{photo}: {json}");
        }
        assert_eq!(takeout("IMG_1.jpg")[0].file, "IMG_1.jpg.supplemental-metadata.json");
        assert!(takeout("IMG_1.jpg").iter().all(|name| name.file.len() <= 51));
    }

    #[test]
    fn the_json_of_another_photo_is_never_meant() {
        for (photo, json) in [
            ("IMG_1(1).jpg", "IMG_1.jpg.json"),
            ("IMG_1.jpg", "IMG_1.jpg(1).json"),
            ("IMG_12.jpg", "IMG_1.jpg.json"),
            ("IMG_1-edi.jpg", "IMG_1.jpg.json"),
            ("IMG_1.jpg", "IMG_1.json"),
            ("-edited.jpg", ".jpg.json"),
        ] {
            assert!(takeout(photo).iter().all(|name| name.file != json), "{photo}: {json}");
        }
    }

    #[test]
    fn a_cut_name_is_checked_by_its_title() {
        let photo = "a_long_name_of_a_photo_that_Takeout_cuts_it_is_.jpg";
        let names = takeout(photo);
        let cut = names.iter().find(|name| name.file == format!("{}.json", &photo[..46])).unwrap();
        assert!(cut.fits(Some("a_long_name_of_a_photo_that_Takeout_cuts_it_is_here.jpg")));
        assert!(cut.fits(Some("a'long_name_of_a_photo_that_Takeout_cuts_it_is_?.jpg")) && cut.fits(None));
        let whole = takeout("IMG_1.jpg");
        assert!(whole[0].fits(Some("renamed.jpg")));
        let other = &takeout(&photo.replace("is_.", "isX."));
        let same_file = other.iter().find(|name| name.file == cut.file).unwrap();
        assert!(!same_file.fits(Some("a_long_name_of_a_photo_that_Takeout_cuts_it_is_here.jpg")));
    }

    #[test]
    fn xmp_names() {
        assert_eq!(
            xmp("a.b/IMG.1.jpg"),
            [
                "a.b/IMG.1.jpg.xmp",
                "a.b/IMG.1.jpg.XMP",
                "a.b/IMG.1.jpg.Xmp",
                "a.b/IMG.1.xmp",
                "a.b/IMG.1.XMP",
                "a.b/IMG.1.Xmp"
            ]
        );
        assert_eq!(xmp("a.b/IMG").len(), 3);
        for odd in ["", "/", ".", "..", "a/", "(1)", "ä(", ".jpg", "-edited"] {
            let _ = (xmp(odd), takeout(odd));
        }
    }
}
