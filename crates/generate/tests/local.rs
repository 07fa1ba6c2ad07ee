//! The tiny Qwen2-VL of the tests, as a generator.
#![allow(clippy::unwrap_used, reason = "a broken fixture must fail the test")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contract::{ErrorKind, Photo};
use generate::{Answer, Asker, Budget, Finish, Generator, LocalGenerator, LocalSettings, Reading};
use generate::{Wording, zero_shot_prompt};
use nets::{ComputeType, LoadOptions, WeightStorage};
use photo::Image;

fn model() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "golden", "tiny-qwen2vl"].iter().collect()
}

fn open(settings: &LocalSettings) -> LocalGenerator {
    LocalGenerator::open(&model(), settings, Arc::default()).unwrap()
}

fn settings() -> LocalSettings {
    LocalSettings { max_tokens: 12, max_pixels: Some(100 * 784), seed: 5, ..LocalSettings::default() }
}

fn photo() -> Photo {
    let (width, height) = (90, 60);
    let rgb = (0..width * height * 3).map(|index| (index * 7 % 251) as u8).collect();
    Photo::new("stripes", Image::new(width, height, rgb).unwrap())
}

fn write(generator: &dyn Generator, samples: std::ops::Range<usize>) -> Vec<Answer> {
    generator.generate(&photo(), "Where is this?", samples).unwrap().answers
}

#[test]
fn asking_in_steps_gives_the_same_texts_as_asking_once() {
    let computed = |dtype| LoadOptions { dtype, ..LoadOptions::default() };
    let stored = |weights| LoadOptions { weights, ..LoadOptions::default() };
    for load in [
        LoadOptions::default(),
        computed(ComputeType::Bf16),
        stored(WeightStorage::Q8),
        stored(WeightStorage::Q4),
    ] {
        let kind = format!("{:?} {:?}", load.dtype, load.weights);
        let generator = open(&LocalSettings { load, ..settings() });
        assert_eq!(generator.name(), "tiny-qwen2vl");
        let once = write(&generator, 0..11);
        assert_eq!(once.len(), 11);
        assert!(once.iter().any(|answer| answer.text != once[0].text), "{kind}: {once:?}");
        let mut steps = write(&generator, 0..1);
        steps.extend(write(&generator, 1..4));
        steps.extend(write(&generator, 4..11));
        assert_eq!(steps, once, "{kind}");
    }
}

#[test]
fn settings_tell_apart_what_writes_differently() {
    let mut lines = vec![open(&settings()).settings()];
    for other in [
        LocalSettings { seed: 6, ..settings() },
        LocalSettings { temperature: 0.5, ..settings() },
        LocalSettings { max_tokens: 13, ..settings() },
        LocalSettings { max_pixels: Some(200 * 784), ..settings() },
        LocalSettings { top_p: 0.9, ..settings() },
        LocalSettings { top_k: 9, ..settings() },
        LocalSettings { repetition_penalty: Some(1.1), ..settings() },
        LocalSettings {
            load: LoadOptions { weights: WeightStorage::Q8, ..LoadOptions::default() },
            ..settings()
        },
    ] {
        lines.push(open(&other).settings());
    }
    assert!(lines.iter().all(|line| !line.contains('\n')));
    let count = lines.len();
    lines.sort();
    lines.dedup();
    assert_eq!(lines.len(), count);
    assert_eq!(open(&settings()).settings(), open(&settings()).settings());
}

#[test]
fn usage_is_counted_and_expected() {
    let generator = open(&settings());
    let generation = generator.generate(&photo(), "Where is this?", 0..3).unwrap();
    assert!(generation.usage.prompt_tokens > 10);
    assert!((3..=36).contains(&generation.usage.completion_tokens), "{:?}", generation.usage);
    assert!(generation.answers.iter().all(|answer| matches!(answer.finish, Finish::Length | Finish::Stop)));
    let expected = generator.expected_usage("Where is this?", 3);
    assert!(expected.prompt_tokens >= generation.usage.prompt_tokens);
    assert!(expected.completion_tokens >= generation.usage.completion_tokens);
}

#[test]
fn greedy_samples_are_all_alike() {
    let answers = write(&open(&LocalSettings { temperature: 0.0, ..settings() }), 0..3);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[test]
fn words_of_a_random_network_are_no_places() {
    let generator = open(&settings());
    let budget = Budget::new(None, None);
    let asker = Asker { generator: &generator, cache: None, budget: &budget, samples: 4 };
    let answered = asker.ask("a hash", &zero_shot_prompt(Wording::Default, None), || Ok(photo())).unwrap();
    let (places, dropped) = answered.places(Reading::Default);
    let texts: Vec<&str> = answered.answers.iter().map(|answer| answer.text.as_str()).collect();
    assert!(texts.iter().all(|text| !text.is_empty()) && texts[1..].iter().any(|text| *text != texts[0]));
    assert_eq!((places, dropped.total()), (vec![], 4), "{texts:?}");
    // The official rules take nonsense for a place.
    let (places, dropped) = answered.places(Reading::Official);
    assert_eq!((places.len(), dropped.total()), (4, 0));
    assert!(places.iter().all(|place| place.location.latitude() == 0.0), "{texts:?}");
}

#[test]
fn it_stops_when_told_to() {
    let stop = Arc::new(AtomicBool::new(false));
    let generator = LocalGenerator::open(&model(), &settings(), Arc::clone(&stop)).unwrap();
    stop.store(true, Ordering::Relaxed);
    let failure = generator.generate(&photo(), "Where?", 0..1).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Interrupted);
}

#[test]
fn wrong_settings_and_models_are_named() {
    let wrong =
        |settings: LocalSettings| LocalGenerator::open(&model(), &settings, Arc::default()).unwrap_err();
    let failure = wrong(LocalSettings { top_p: 1.5, ..settings() });
    assert_eq!(failure.kind, ErrorKind::Usage);
    assert!(failure.message.starts_with("top_p"), "{failure}");
    let empty = tempfile::tempdir().unwrap();
    let failure = LocalGenerator::open(empty.path(), &settings(), Arc::default()).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::BrokenModel);
    assert!(failure.message.contains("config.json"), "{failure}");
    let sliver = Photo::new("stripes", Image::filled(1000, 1, [0; 3]).unwrap());
    let failure = open(&settings()).generate(&sliver, "Where?", 0..1).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::InvalidPhoto);
    assert!(failure.message.starts_with("stripes: "), "{failure}");
}
