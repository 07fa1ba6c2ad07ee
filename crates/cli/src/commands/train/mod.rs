//! `georanker train`.

mod dashboard;

use std::path::Path;

use contract::{ErrorKind, Failure};
use georanker::training::open_set_training;
use train::configuration::{Configuration, EngineSettings, ModelSettings, SetSettings, VlmSettings};
use train::datasets::open_vlm;
use train::engine::{End, Outcome, Run, SingleProcess, TrainableRanker, can_begin};

use crate::args::{TrainArguments, TrainRequest, TrainedRanker};
use crate::exit::{Exit, report};
use crate::progress::{bar, note, stop_flag};
use crate::threads::use_threads;

use dashboard::Dashboard;

/// Trains a ranker.
///
/// # Errors
/// A [`Failure`] that ends the run; the newest checkpoint stays.
pub fn train(arguments: &TrainArguments, quiet: bool) -> Result<Exit, Failure> {
    let request = arguments.resolve()?;
    let outcome = match request.ranker {
        TrainedRanker::Vlm => run(&request, quiet, |settings: &VlmSettings, engine| {
            Ok(Box::new(open_vlm(settings, engine, &request.load)?) as Box<dyn TrainableRanker>)
        }),
        TrainedRanker::Set => run(&request, quiet, |settings: &SetSettings, engine| {
            // One photo shows no bar; how many there are is known with the first one that is done.
            let progress = bar(usize::MAX, "encoding photos", quiet);
            let training = open_set_training(settings, engine, &request.load, &|done, total| {
                progress.set_length(total as u64);
                progress.set_position(done as u64);
            });
            progress.finish_and_clear();
            Ok(Box::new(training?) as Box<dyn TrainableRanker>)
        }),
    };
    match outcome {
        Err(failure) if is_of_the_data(failure.kind) => {
            report(&failure);
            Ok(Exit::Broken)
        }
        other => other,
    }
}

/// A training has one input, its data: where that fails, all fails.
const fn is_of_the_data(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::NotFound
            | ErrorKind::Unreadable
            | ErrorKind::InvalidPhoto
            | ErrorKind::PhotoTooLarge
            | ErrorKind::InvalidTable
            | ErrorKind::NoCandidates
    )
}

/// `open` makes what is trained of its settings.
fn run<M: ModelSettings>(
    request: &TrainRequest,
    quiet: bool,
    open: impl FnOnce(&M, &EngineSettings) -> Result<Box<dyn TrainableRanker>, Failure>,
) -> Result<Exit, Failure> {
    // What can be wrong at once is said before minutes go into loading a model.
    let Configuration { engine: settings, model, mut record } = Configuration::<M>::read(&request.config)?;
    record.insert("ranker".into(), request.ranker.name().into());
    if let Some(out) = &request.resume {
        same_directory(out, &settings.out)?;
    }
    use_threads(request.threads)?;
    can_begin(&settings, &record, request.resume.is_some())?;
    let stop = stop_flag()?;
    let ranker = open(&model, &settings)?;
    let outcome = train::engine::train(Run {
        ranker: ranker.as_ref(),
        settings: &settings,
        record: &record,
        resume: request.resume.is_some(),
        collective: &SingleProcess,
        progress: &mut Dashboard::new(quiet),
        stop: &stop,
    })?;
    note(quiet, &summary(&outcome, &settings.out));
    Ok(if outcome.end == End::Interrupted { Exit::Interrupted } else { Exit::Done })
}

/// A resumed run continues where its configuration says.
fn same_directory(resumed: &Path, out: &Path) -> Result<(), Failure> {
    let real = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
    if real(resumed) == real(out) {
        return Ok(());
    }
    let message =
        format!("--resume {} is not the directory that out names: {}", resumed.display(), out.display());
    Err(Failure::new(ErrorKind::Usage, message)
        .with_hint("give the configuration that the run was started with"))
}

fn summary(outcome: &Outcome, out: &Path) -> String {
    let Outcome { end, steps, model_of_step, validation, checkpoint } = outcome;
    let out = out.display();
    match (end, model_of_step) {
        (End::Interrupted, _) => match checkpoint {
            Some(_) => format!("interrupted after step {steps}; --resume {out} continues from here"),
            None => format!("interrupted before the first step; --resume {out} starts over"),
        },
        (end, model) => {
            let why = if *end == End::StoppedEarly { " (no better for long enough)" } else { "" };
            let of_step = model.filter(|model| model != steps);
            let of_step = of_step.map(|step| format!(", that of step {step}")).unwrap_or_default();
            let median = validation.as_ref().map(|row| format!("; last median {:.0} km", row.median_km));
            format!("{steps} steps done{why}; the model{of_step} is in {out}{}", median.unwrap_or_default())
        }
    }
}
