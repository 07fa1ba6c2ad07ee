//! Configuration files: what they say, and what is wrong with them.

use contract::Diagnose;
use rank::{Keep, PairRule};
use train::configuration::{
    BestBy, ConfigurationError, CountOrShare, EngineSettings, Fields, SaveWhich, SetSettings, TrainDtype,
    VlmSettings,
};
use train::engine::{Schedule, Shape};

fn engine(text: &str) -> Result<EngineSettings, ConfigurationError> {
    let mut fields = Fields::parse("dir/train.toml", &format!("out = 'run'\n{text}"))?;
    let settings = EngineSettings::read(&mut fields)?;
    fields.finish()?;
    Ok(settings)
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
    assert_eq!((settings.best_by, settings.save), (BestBy::Within(1), SaveWhich::Last));
    assert_eq!((settings.queries, settings.validation_queries), (100, 50));
    assert_eq!((settings.validate_every, settings.checkpoint_every, settings.keep_last), (10, 7, 4));
}

#[test]
fn the_models_fields_have_the_papers_defaults() {
    let mut fields = Fields::parse("train.toml", "model = 'm'\ndata = '/d.parquet'\nphotos = 'p'").unwrap();
    let vlm = VlmSettings::read(&mut fields).unwrap();
    assert_eq!((vlm.lora_r, vlm.group_size, vlm.dtype), (16, 7, TrainDtype::F32));
    assert!((vlm.lora_alpha - 32.0).abs() < 1e-12 && (vlm.lora_dropout - 0.05).abs() < 1e-12);
    assert_eq!((vlm.model.to_str(), vlm.data.to_str()), (Some("m"), Some("/d.parquet")));
    let record = fields.finish().unwrap();
    assert_eq!(record["lora_r"], 16);
    let mut fields = Fields::parse("train.toml", "model = 'pack'\ndata = 'd'\nphotos = 'p'").unwrap();
    assert!(SetSettings::read(&mut fields).unwrap().validation.is_none());
}

#[test]
fn what_is_wrong_is_named_by_file_line_and_field() {
    for (text, message, hint) in [
        ("steps = 0", "dir/train.toml, line 2: steps: expected a whole number of at least 1, found 0", ""),
        ("lambda = 1.5", "line 2: lambda: expected a number from 0 to 1, found 1.5", ""),
        ("learning_rate = 'fast'", "line 2: learning_rate: expected a number, found \"fast\"", ""),
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
        ("pair_terms = 5", "pair_terms: has a meaning with pairs = \"terms\" alone", "leave pair_terms out"),
        ("warmup = 1.5", "warmup: expected a whole number of steps, or a share", ""),
        ("\nbatch_querys = 2", "line 3: batch_querys: no such field", "did you mean batch_queries?"),
        ("colour = 2", "colour: no such field", "the fields are"),
        ("[learning_rate]\nx = 1", "learning_rate: expected a number, found a table", ""),
        ("steps = 1\nsteps = 2", "dir/train.toml, line 3", ""),
        ("steps == 1", "dir/train.toml, line 2", ""),
    ] {
        let error = engine(text).unwrap_err();
        assert!(error.to_string().contains(message), "{text}: {error}");
        assert!(error.hint().unwrap_or_default().contains(hint), "{text}: {:?}", error.hint());
    }
}

#[test]
fn a_required_field_that_is_missing_or_mistyped_is_named() {
    let mut fields = Fields::parse("t.toml", "model = 'pack'\ndta = 'd'").unwrap();
    let error = SetSettings::read(&mut fields).unwrap_err();
    assert!(error.to_string().contains("data: must be given"), "{error}");
    assert_eq!(error.hint().unwrap(), "did you mean data by dta?");
    let error = EngineSettings::read(&mut Fields::parse("t.toml", "").unwrap()).unwrap_err();
    assert!(error.to_string().starts_with("t.toml: out: must be given"), "{error}");
}
