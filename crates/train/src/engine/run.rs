//! The run: from the parameters of a fresh model, or a checkpoint, to a trained one.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use serde_json::Value;

use super::checkpoint::{Best, Checkpoints, TrainingState};
use super::logs::{LOG_FILE, RowLog, VALIDATION_FILE};
use super::not_finite::FailedStep;
use super::run_directory::{RunDirectory, RunFile};
use super::step::{OwnPart, accumulate_step};
use super::validation::{validate, value_of};
use super::{
    AdamW, Collective, DataOrder, End, EngineError, Gradients, LogRow, Outcome, Plan, Progress,
    TrainableRanker, ValidationRow, clip_to_norm, global_norm, plots,
};
use crate::configuration::{EngineSettings, Record, SaveWhich};

/// Everything a run needs.
pub struct Run<'a> {
    /// The model.
    pub ranker: &'a dyn TrainableRanker,
    /// What to do.
    pub settings: &'a EngineSettings,
    /// The configuration as it was read; a resumed run must have the same.
    pub record: &'a Record,
    /// Whether to resume the run in `settings.out`.
    pub resume: bool,
    /// The other processes.
    pub collective: &'a dyn Collective,
    /// Who is told.
    pub progress: &'a mut dyn Progress,
    /// Set to stop before the next batch; the state is saved.
    pub stop: &'a AtomicBool,
}

/// Trains, or resumes training, and writes the model, the logs and the checkpoints into `settings.out`.
///
/// # Errors
/// A directory that is not free, settings that changed since the run was started, whatever the model cannot do, a
/// loss that is not a number (the batch is saved), a disk that is full. What the newest checkpoint holds is never lost.
pub fn train(run: Run<'_>) -> Result<Outcome, EngineError> {
    let mut training = Training::begin(run)?;
    let end = training.all_steps();
    training.run.progress.ends();
    match end {
        Ok(end) => training.finish(end),
        Err(error @ (EngineError::Write { .. } | EngineError::NotFinite { .. })) => Err(error),
        Err(error) => {
            // The steps that were done are as good as any; a second error would hide the first.
            if let Err(second) = training.save_checkpoint() {
                training.run.progress.note(&second.to_string());
            }
            Err(error)
        }
    }
}

/// A run in progress.
struct Training<'a> {
    run: Run<'a>,
    steps: u64,
    validation_queries: usize,
    directory: RunDirectory,
    checkpoints: Checkpoints,
    state: TrainingState,
    order: DataOrder,
    gradients: Gradients,
    logs: Option<(RowLog, RowLog)>,
    last_validation: Option<ValidationRow>,
}

/// The first so many of what there is; 0 means all.
fn at_most(limit: usize, there: usize) -> usize {
    if limit == 0 { there } else { limit.min(there) }
}

impl<'a> Training<'a> {
    fn begin(run: Run<'a>) -> Result<Self, EngineError> {
        let settings = run.settings;
        let leads = run.collective.rank() == 0;
        let queries = at_most(settings.queries, run.ranker.queries());
        let validation_queries = at_most(settings.validation_queries, run.ranker.validation_queries());
        if queries == 0 {
            return Err(EngineError::NoQueries);
        }
        let of_a_step = settings.queries_of_a_step() * run.collective.world().max(1);
        let steps = settings.steps.unwrap_or_else(|| queries.div_ceil(of_a_step.max(1)) as u64);
        let directory = RunDirectory::take(&settings.out, run.resume, leads)?;
        let parameters = run.ranker.initial_parameters()?;
        let mut checkpoints = Checkpoints::new(&settings.out, settings.keep_last);
        let found = [
            ("training queries", queries),
            ("validation queries", validation_queries),
            ("trained parameters", parameters.iter().map(|parameter| parameter.values.len()).sum()),
            ("processes", run.collective.world()),
        ];
        let found: Record =
            found.into_iter().map(|(name, count)| (name.to_owned(), Value::from(count))).collect();
        let this = RunFile { settings: run.record.clone(), found };
        match (leads, run.resume) {
            (true, true) => directory.go_on(&this, settings)?,
            (true, false) => directory.begin(&this)?,
            (false, _) => {}
        }
        if leads {
            checkpoints.remove_leftovers();
        }
        let loaded = if run.resume {
            checkpoints.load_newest(&parameters, &mut |text| run.progress.note(text))?
        } else {
            None
        };
        let state = loaded.unwrap_or_else(|| TrainingState {
            step: 0,
            optimizer: AdamW::new(&parameters),
            parameters,
            best: None,
            stale_validations: 0,
        });
        let mut training = Self {
            gradients: state.parameters.iter().map(|parameter| vec![0.0; parameter.values.len()]).collect(),
            order: DataOrder::new(queries, settings.seed),
            steps,
            validation_queries,
            directory,
            checkpoints,
            state,
            run,
            logs: None,
            last_validation: None,
        };
        training.open_logs(queries, leads)?;
        Ok(training)
    }

    /// Cuts the logs back to the checkpoint and says what there is to do.
    fn open_logs(&mut self, queries: usize, leads: bool) -> Result<(), EngineError> {
        let mut rows: Vec<LogRow> = Vec::new();
        if leads {
            let done = self.state.step;
            let (log, steps) = RowLog::open::<LogRow>(self.directory.join(LOG_FILE), done)?;
            let (validation_log, validations) = RowLog::open(self.directory.join(VALIDATION_FILE), done)?;
            if steps.len() as u64 != done {
                let text = format!("{LOG_FILE} holds {} rows, the checkpoint is of step {done}", steps.len());
                self.run.progress.note(&text);
            }
            rows = steps;
            self.last_validation = validations.into_iter().next_back();
            self.logs = Some((log, validation_log));
        }
        self.run.progress.begins(&Plan {
            steps: self.steps,
            done: self.state.step,
            queries,
            validation_queries: self.validation_queries,
            parameters: self.gradients.iter().map(Vec::len).sum(),
            losses: rows.iter().map(|row| row.loss).collect(),
        });
        Ok(())
    }

    fn all_steps(&mut self) -> Result<End, EngineError> {
        let patience = self.run.settings.early_stopping;
        while self.state.step < self.steps {
            if patience > 0 && self.state.stale_validations >= patience {
                return Ok(End::StoppedEarly);
            }
            if !self.one_step()? {
                return Ok(End::Interrupted);
            }
            let step = self.state.step;
            let due = |every: u64| (every > 0 && step.is_multiple_of(every)) || step == self.steps;
            let mut save = due(self.run.settings.checkpoint_every);
            if self.validation_queries > 0 && due(self.run.settings.validate_every) {
                save |= self.validate()?;
                save |= patience > 0 && self.state.stale_validations >= patience;
            }
            if save {
                self.save_checkpoint()?;
            }
        }
        Ok(End::Finished)
    }

    /// One step; false if it was asked to stop, and then nothing happened.
    fn one_step(&mut self) -> Result<bool, EngineError> {
        let started = Instant::now();
        let Run { ranker, settings, collective, stop, .. } = self.run;
        let step = self.state.step + 1;
        let learning_rate = settings.learning_rate * settings.schedule.factor(step, self.steps);
        let (sums, part) = accumulate_step(
            ranker,
            settings,
            step,
            &self.state.parameters,
            &mut self.order,
            &mut self.gradients,
            collective,
            stop,
        )?;
        if sums.stopped {
            return Ok(false);
        }
        let norm = global_norm(&self.gradients);
        if sums.not_finite || !norm.is_finite() {
            let what = if sums.not_finite { "the loss" } else { "the gradient" };
            return Err(self.not_finite(what, step, learning_rate, &part)?);
        }
        if let Some(most) = settings.clip {
            clip_to_norm(&mut self.gradients, norm, most);
        }
        self.state.optimizer.step(
            &mut self.state.parameters,
            &self.gradients,
            learning_rate,
            settings.weight_decay,
        );
        self.state.step = step;
        let row = LogRow {
            step,
            learning_rate,
            loss: sums.loss,
            first_order: sums.first_order,
            second_order: sums.second_order,
            grad_norm: norm,
            queries: sums.queries,
            tokens: sums.tokens,
            seconds: started.elapsed().as_secs_f64(),
        };
        if let Some((log, _)) = &mut self.logs {
            log.append(&row).map_err(|error| error.with_kept(self.checkpoints.newest()))?;
        }
        self.run.progress.stepped(&row);
        Ok(true)
    }

    /// Measures on the validation split; true if it is the best so far.
    fn validate(&mut self) -> Result<bool, EngineError> {
        let Run { ranker, settings, collective, .. } = self.run;
        let step = self.state.step;
        let row = validate(
            ranker,
            &self.state.parameters,
            step,
            self.validation_queries,
            settings.batch_queries,
            &settings.loss,
            collective,
        )?;
        if !row.loss.is_finite() {
            let nothing = OwnPart { queries: Vec::new(), reports: Vec::new() };
            return Err(self.not_finite("the validation loss", step, 0.0, &nothing)?);
        }
        let value = value_of(&row, settings.best_by);
        let best = self.state.best.is_none_or(|best| value < best.value);
        if best {
            self.state.best = Some(Best { step, value });
            self.state.stale_validations = 0;
        } else {
            self.state.stale_validations += 1;
        }
        if let Some((_, log)) = &mut self.logs {
            log.append(&row).map_err(|error| error.with_kept(self.checkpoints.newest()))?;
        }
        self.run.progress.validated(&row, best);
        self.last_validation = Some(row);
        Ok(best)
    }

    /// Saves the batch that broke, and the parameters it broke on.
    fn not_finite(
        &mut self,
        what: &'static str,
        step: u64,
        learning_rate: f64,
        part: &OwnPart,
    ) -> Result<EngineError, EngineError> {
        let checkpoint = match self.save_checkpoint() {
            Ok(()) => self.checkpoints.newest().map(|step| self.checkpoints.path(step)),
            Err(error) => {
                self.run.progress.note(&error.to_string());
                None
            }
        };
        FailedStep {
            what,
            step,
            learning_rate,
            queries: &part.queries,
            reports: &part.reports,
            gradients: &self.gradients,
            parameters: &self.state.parameters,
            checkpoint,
        }
        .save(self.run.ranker, &self.directory, self.run.collective.rank())
    }

    /// Saves the state, unless it is on disk already. The logs go first: a checkpoint never knows more than they.
    fn save_checkpoint(&mut self) -> Result<(), EngineError> {
        let Some((log, validation_log)) = &self.logs else { return Ok(()) };
        let step = self.state.step;
        if step == 0 || self.checkpoints.newest() == Some(step) {
            return Ok(());
        }
        let kept = self.checkpoints.newest();
        log.sync().and_then(|()| validation_log.sync()).map_err(|error| error.with_kept(kept))?;
        self.checkpoints.save(&self.state)?;
        Ok(())
    }

    /// Saves the last state and, unless it was interrupted, the model and the curves.
    fn finish(mut self, end: End) -> Result<Outcome, EngineError> {
        self.save_checkpoint()?;
        let mut outcome = Outcome {
            end,
            steps: self.state.step,
            model_of_step: None,
            validation: self.last_validation.take(),
            checkpoint: self.checkpoints.newest().map(|step| self.checkpoints.path(step)),
        };
        if end == End::Interrupted || self.logs.is_none() {
            return Ok(outcome);
        }
        let best = self.state.best.filter(|_| self.run.settings.save == SaveWhich::Best);
        let chosen = match best {
            Some(best) if best.step != self.state.step => {
                Some(self.checkpoints.load(best.step, &self.state.parameters)?)
            }
            _ => None,
        };
        let chosen = chosen.as_ref().unwrap_or(&self.state);
        let out = &self.run.settings.out;
        self.run.ranker.save(&chosen.parameters, out)?;
        outcome.model_of_step = Some(chosen.step);
        // A run whose curves cannot be drawn is a run all the same.
        if let Err(error) = plots::draw(out) {
            self.run.progress.note(&format!("the curves were not drawn: {error}"));
        }
        Ok(outcome)
    }
}
