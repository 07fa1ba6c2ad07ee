//! What is found on this machine, what is missing, and how fast it is.

use std::path::Path;
use std::time::Instant;

use contract::Locate as _;
use contract::{Diagnose, Failure, Image, LocateRequest, Photo};
use files::user_cache_directory;
use nets::LoadOptions;
use serde::Serialize;

use crate::{Locator, OpenOptions, Pack, find_pack};

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Missing or slow, and most things work without it.
    Warning,
    /// Locating photos does not work.
    Broken,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What: `pack`, `gallery`, `cache`, ...
    pub name: &'static str,
    /// How it went.
    pub verdict: Verdict,
    /// What was found, in a line.
    pub found: String,
    /// The way out of what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Check {
    fn new(name: &'static str, verdict: Verdict, found: impl Into<String>) -> Self {
        Self { name, verdict, found: found.into(), hint: None }
    }

    fn hinted(mut self, hint: impl Into<Option<String>>) -> Self {
        self.hint = hint.into();
        self
    }

    fn broken(name: &'static str, failure: Failure) -> Self {
        Self::new(name, Verdict::Broken, failure.message).hinted(failure.hint)
    }
}

/// Looks at everything that locating photos needs: processor, cache directory, pack, gallery, and the time that a photo
/// takes. A pack whose coordinates were never encoded is made ready for use, as by any other command.
pub fn doctor(pack: Option<&Path>, gallery: Option<&Path>) -> Vec<Check> {
    let mut checks = vec![processor(), cache()];
    let pack = match find_pack(pack).and_then(|directory| Pack::open(&directory)) {
        Ok(pack) => {
            let found = format!("{} in {}", pack.label(), pack.directory().display());
            checks.push(Check::new("pack", Verdict::Ok, found));
            pack
        }
        Err(error) => {
            checks.push(Check::broken("pack", Failure::from_error(&error)));
            return checks;
        }
    };
    checks.push(files_of(&pack));
    let started = Instant::now();
    let options = OpenOptions {
        gallery: gallery.map(Path::to_owned),
        load: LoadOptions::default(),
        ..OpenOptions::default()
    };
    let locator = match Locator::open_with(&pack, &options, &mut |_| {}) {
        Ok(locator) => locator,
        Err(failure) => {
            checks.push(Check::broken("opening", failure));
            return checks;
        }
    };
    let opening = started.elapsed();
    checks.push(holdings(&locator));
    checks.push(Check::new("opening", Verdict::Ok, format!("{:.0} ms", opening.as_secs_f64() * 1000.0)));
    checks.push(speed(&locator));
    checks
}

fn processor() -> Check {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (verdict, instructions) = match kernels::Instructions::best() {
        kernels::Instructions::Avx512 => (Verdict::Ok, "AVX-512"),
        kernels::Instructions::Avx2 => (Verdict::Ok, "AVX2"),
        kernels::Instructions::Portable => (Verdict::Warning, "no AVX2: several times slower"),
    };
    Check::new("processor", verdict, format!("{threads} threads, {instructions}"))
}

fn cache() -> Check {
    let Some(directory) = user_cache_directory() else {
        let hint = "set GEORANKER_CACHE to a directory".to_owned();
        return Check::new("cache", Verdict::Warning, "no home directory, so nothing is kept").hinted(hint);
    };
    let shown = directory.display().to_string();
    let writable = std::fs::create_dir_all(&directory)
        .and_then(|()| files::AtomicFile::create(&directory.join("probe")));
    match writable {
        Ok(_) => Check::new("cache", Verdict::Ok, shown),
        Err(error) => Check::new("cache", Verdict::Warning, format!("{shown}: {error}"))
            .hinted("set GEORANKER_CACHE to a directory that can be written to".to_owned()),
    }
}

fn files_of(pack: &Pack) -> Check {
    match pack.verify().first() {
        None => Check::new("files", Verdict::Ok, "all checksums of the pack are right"),
        Some(error) => Check::new("files", Verdict::Broken, error.to_string()).hinted(error.hint()),
    }
}

fn holdings(locator: &Locator) -> Check {
    let found = format!("{}; {}", locator.gallery_label(), locator.coverage_note());
    let photos: usize = locator.searches().iter().map(|search| search.holdings().photos).sum();
    let verdict = if photos == 0 { Verdict::Warning } else { Verdict::Ok };
    Check::new("gallery", verdict, found)
}

/// The time of a photo of 12 megapixels without decoding, the best of three.
fn speed(locator: &Locator) -> Check {
    let noise = |x: u32, y: u32| {
        let mixed = (x.wrapping_mul(374_761_393) ^ y.wrapping_mul(668_265_263)).wrapping_mul(1_274_126_177);
        [(mixed >> 24) as u8, (x / 16) as u8, (y / 12) as u8]
    };
    let pixels = (0..3000).flat_map(|y| (0..4000).flat_map(move |x| noise(x, y))).collect();
    let image = match Image::new(4000, 3000, pixels) {
        Ok(image) => image,
        Err(error) => return Check::new("speed", Verdict::Broken, error.to_string()),
    };
    let request = LocateRequest::new(Photo::new("test picture", image));
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let started = Instant::now();
        let answers = locator.locate(std::slice::from_ref(&request));
        if let Some(Err(failure)) = answers.into_iter().next() {
            return Check::broken("speed", failure);
        }
        best = best.min(started.elapsed().as_secs_f64() * 1000.0);
    }
    let verdict = if best > 3000.0 { Verdict::Warning } else { Verdict::Ok };
    Check::new("speed", verdict, format!("{best:.0} ms for a decoded photo of 12 megapixels"))
}
