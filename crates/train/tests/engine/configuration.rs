//! Configuration files: what they say, and what is wrong with them.

use contract::Diagnose;
use nets::ComputeType;
use rank::vlm::Reencode;
use rank::vlm::prompt::Protocol;
use rank::{Keep, PairRule};
use train::configuration::{
    BestBy, Configuration, ConfigurationError, CountOrShare, EngineSettings, SaveWhich, SetSettings,
    VlmSettings,
};
use train::engine::{Schedule, Shape};

/// What must be given: four lines.
const GIVEN: &str = "out = 'run'; model = 'm'; data = '/d.parquet'; photos = 'p'";

fn vlm(text: &str) -> Result<Configuration<VlmSettings>, ConfigurationError> {
    let given = GIVEN.replace("; ", "\n");
    Configuration::parse("dir/train.toml", &format!("{given}\n{text}"))
}

fn engine(text: &str) -> Result<EngineSettings, ConfigurationError> {
    vlm(text).map(|configuration| configuration.engine)
}

#[test]
fn what_is_not_said_is_as_documented() {
    let expected = EngineSettings { out: "dir/run".into(), ..EngineSettings::default() };
    assert_eq!(engine("").unwrap(), expected);
}

#[test]
fn what_is_said_arrives() {
    let settings = engine(
        "lambda = 1\nk = 'all'\npairs = 'terms'\npair_terms = 6\nlearning_rate = 3e-4\nweight_decay = 0\n\
         warmup = 0.05\nschedule = 'cosine'\nsteps = 25_000\nbatch_queries = 2\naccumulation = 8\nseed = 4\n\
         official = true\nclip = 0\nqueries = 100\nvalidation_queries = 50\nvalidate_every = 10\n\
         best_by = 'within_25'\nearly_stopping = 3\nsave = 'last'\ncheckpoint_every = 7\nkeep_last = 4",
    )
    .unwrap();
    assert_eq!(settings.loss.keep, Keep::All);
    assert_eq!(settings.loss.pairs, PairRule::Terms(Keep::First(6)));
    assert_eq!(settings.schedule, Schedule { shape: Shape::Cosine, warmup: CountOrShare::Share(0.05) });
    assert_eq!((settings.steps, settings.batch_queries, settings.accumulation), (Some(25_000), 2, 8));
    assert_eq!((settings.clip, settings.official, settings.seed), (None, true, 4));
    assert_eq!((settings.best_by, settings.save), (BestBy::Within25, SaveWhich::Last));
    assert_eq!((settings.queries, settings.validation_queries), (100, 50));
    assert_eq!((settings.validate_every, settings.checkpoint_every, settings.keep_last), (10, 7, 4));
}

#[test]
fn the_models_fields_have_the_papers_defaults() {
    let Configuration { model, record, .. } = vlm("").unwrap();
    assert_eq!((model.lora_r, model.group_size, model.dtype), (16, 7, ComputeType::F32));
    assert!((model.lora_alpha - 32.0).abs() < 1e-12 && (model.lora_dropout - 0.05).abs() < 1e-12);
    assert_eq!((model.model.to_str(), model.data.to_str()), (Some("dir/m"), Some("/d.parquet")));
    assert_eq!(record["lora_r"], 16);
    let set = Configuration::<SetSettings>::parse("t.toml", &GIVEN.replace("; ", "\n")).unwrap();
    assert_eq!((set.model.group_size, set.model.validation), (20, None));
}

#[test]
fn what_is_said_of_the_model_arrives() {
    let model = vlm(
        "adapter = 'a'\nvalidation = 'v'\ngroup_size = 3\nskip = 2\nnegatives = 0\ncandidate_photos = false\n\
         dtype = 'bf16'\nlora_alpha = 8\nprotocol = 'official'\nreencode = 'candidates'\nmin_pixels = 784\n\
         max_pixels = 3136\nvision_memory = 0\nactivation_memory = 100",
    )
    .unwrap()
    .model;
    let expected = VlmSettings {
        model: "dir/m".into(),
        adapter: Some("dir/a".into()),
        data: "/d.parquet".into(),
        validation: Some("dir/v".into()),
        photos: "dir/p".into(),
        group_size: 3,
        skip: Some(2),
        negatives: 0,
        candidate_photos: false,
        dtype: ComputeType::Bf16,
        lora_alpha: 8.0,
        protocol: Protocol::Official,
        reencode: Reencode::Candidates,
        min_pixels: Some(784),
        max_pixels: Some(3136),
        vision_memory: 0,
        activation_memory: 100,
        ..VlmSettings::default()
    };
    assert_eq!(model, expected);
}

/// Runs of earlier versions are resumed by this record: names and values must stay.
#[test]
fn the_record_holds_every_field_as_it_stands_in_a_file() {
    let record = vlm("k = 'all'\nwarmup = 0.05\nclip = 0\nlambda = 1\nbest_by = 'within_25'").unwrap().record;
    let absolute = |name: &str| std::path::absolute(format!("dir/{name}")).unwrap().display().to_string();
    let of_engine = serde_json::json!({
        "accumulation": 1, "batch_queries": 4, "best_by": "within_25", "checkpoint_every": 500, "clip": 0.0,
        "early_stopping": 0, "k": "all", "keep_last": 2, "lambda": 1.0, "learning_rate": 1e-4, "official": false,
        "out": absolute("run"), "pair_terms": "all", "pairs": "anchors", "queries": 0, "save": "best",
        "schedule": "linear", "seed": 0, "steps": null, "validate_every": 500, "validation_queries": 0,
        "warmup": 0.05, "weight_decay": 0.01,
    });
    let of_model = serde_json::json!({
        "activation_memory": 0, "adapter": null, "candidate_photos": true, "data": "/d.parquet", "dtype": "f32",
        "group_size": 7, "lora_alpha": 32.0, "lora_dropout": 0.05, "lora_r": 16, "max_pixels": null,
        "min_pixels": null, "model": absolute("m"), "negatives": 5, "photos": absolute("p"),
        "protocol": "default", "reencode": "none", "skip": null, "validation": null, "vision_memory": 512,
    });
    let fields = [of_engine, of_model].into_iter().flat_map(|part| part.as_object().unwrap().clone());
    let expected = serde_json::Value::Object(fields.collect());
    assert_eq!(serde_json::Value::Object(record), expected);
    assert_eq!(vlm("").unwrap().record["warmup"], 0);
}

#[test]
fn what_is_wrong_is_named_by_file_line_and_field() {
    for (text, message, hint) in [
        ("steps = 0", "dir/train.toml, line 5: steps: expected a whole number of at least 1, found 0", ""),
        ("lambda = 1.5", "line 5: lambda: expected a number from 0 to 1, found 1.5", ""),
        ("learning_rate = 'fast'", "line 5: learning_rate: expected a number, found \"fast\"", ""),
        ("learning_rate = '1e-4'", "expected a number, found", "without quotes"),
        ("learning_rate = nan", "learning_rate: expected a number", ""),
        ("learning_rate = inf", "learning_rate: expected a number", ""),
        ("official = 'true'", "official: expected true or false", "write true without quotes"),
        ("k = 0", "k: expected a whole number of at least 1, or \"all\", found 0", ""),
        (
            "pairs = 'anchor'",
            "pairs: expected one of \"anchors\", \"terms\", found \"anchor\"",
            "did you mean \"anchors\"?",
        ),
        ("pair_terms = 5", "pair_terms: applies only with pairs = \"terms\"", "leave pair_terms out"),
        ("warmup = 1.5", "warmup: expected a whole number of steps, or a share", ""),
        ("\nbatch_querys = 2", "line 6: batch_querys: no such field", "did you mean batch_queries?"),
        ("colour = 2", "colour: no such field", "the fields are"),
        ("schedule = 5", "schedule: expected a text in quotes, found 5", ""),
        ("seed = -1", "seed: expected a whole number of at least 0, found -1", ""),
        ("queries = 1.5", "queries: expected a whole number of at least 0, found 1.5", ""),
        ("validation = 7", "validation: expected a text in quotes, found 7", ""),
        ("group_size = 0", "group_size: expected a whole number of at least 1, found 0", ""),
        ("lora_dropout = 1", "lora_dropout: expected a number from 0 to 0.99, found 1", ""),
        ("min_pixels = 700", "min_pixels: expected a whole number of at least 784, found 700", ""),
        ("min_pixels = 2000\nmax_pixels = 1000", "min_pixels: 2000 is more than max_pixels, 1000", ""),
        ("max_pixels = 5000000000", "expected a whole number from 0 to 4294967295, found 5000000000", ""),
        ("dtype = 'f16'", "dtype: expected \"f32\" or \"bf16\", found \"f16\"", ""),
        (
            "dtype = 'f3'",
            "dtype: expected one of \"f32\", \"bf16\", \"f16\", found \"f3\"",
            "did you mean \"f32\"?",
        ),
        ("k = [1]", "k: expected a whole number of at least 1, or \"all\", found a list", ""),
        ("[learning_rate]\nx = 1", "learning_rate: expected a number, found a table", ""),
        ("steps = 1\nsteps = 2", "dir/train.toml, line 6", ""),
        ("steps == 1", "dir/train.toml, line 5", ""),
    ] {
        let error = engine(text).unwrap_err();
        assert!(error.to_string().contains(message), "{text}: {error}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{text}: {:?}", error.hint());
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_not_named_in_utf8_is_refused_by_name() {
    use std::os::unix::ffi::OsStrExt;
    let folder = std::path::Path::new(std::ffi::OsStr::from_bytes(b"runs-\xff"));
    let read =
        |text: &str| Configuration::<SetSettings>::parse(folder.join("t.toml"), &text.replace("; ", "\n"));
    let error = read(GIVEN).unwrap_err();
    let ConfigurationError::NotUtf8 { field, path, .. } = &error else { panic!("{error}") };
    assert_eq!((field.as_str(), path.clone()), ("model", folder.join("m")));
    assert!(error.to_string().contains("runs-\\xFF/m"), "{error}");
    // The folder is not part of these.
    assert!(read("out = '/run'; model = '/m'; data = '/d.parquet'; photos = '/p'").is_ok());
}

#[test]
fn a_required_field_that_is_missing_or_mistyped_is_named() {
    let refused = |text: &str| Configuration::<SetSettings>::parse("t.toml", text).unwrap_err();
    let error = refused("out = 'run'\nmodel = 'pack'\ndta = 'd'");
    assert_eq!(error.to_string(), "t.toml, line 3: dta: no such field");
    assert_eq!(error.hint().unwrap(), "did you mean data?");
    let error = refused("out = 'run'\nmodel = 'pack'");
    assert_eq!(error.to_string(), "t.toml: data: must be given: the ranking dataset (Parquet)");
    assert_eq!(error.hint().unwrap(), "add a line: data = \"...\"");
    assert!(refused("").to_string().starts_with("t.toml: out: must be given"));
    assert!(refused("out = ''").to_string().starts_with("t.toml, line 1: out: must be given"));
}
