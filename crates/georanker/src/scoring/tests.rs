#![allow(clippy::unwrap_used, reason = "a test that cannot continue has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use contract::{ErrorKind, Failure};
use formats::pairs::{PairsReader, PairsRow, ScoredRow};
use rank::vlm::score::ScorePairs;

use super::{InputRow, RowSink, RowsOutput, ScoringEnd as End, ScoringProgress, ScoringRun, Tally, run_rows};

struct Silent;

impl ScoringProgress for Silent {}

/// Scores a candidate by its latitude and remembers what it was asked.
#[derive(Default)]
struct Fake {
    asked: Mutex<Vec<String>>,
    /// Rows whose scoring fails, and with what.
    failing: Vec<(&'static str, ErrorKind)>,
    /// Rows that get these scores.
    fixed: Vec<(&'static str, Vec<f32>)>,
    /// Set while this row is scored.
    stop_at: Option<(&'static str, &'static AtomicBool)>,
}

impl ScorePairs for Fake {
    #[allow(clippy::unnecessary_literal_bound, reason = "the trait's signature")]
    fn name(&self) -> &str {
        "fake"
    }

    fn score(&self, row: &PairsRow) -> Result<Vec<f32>, Failure> {
        self.asked.lock().unwrap().push(row.id.clone());
        if let Some((_, stop)) = self.stop_at.filter(|(id, _)| *id == row.id) {
            stop.store(true, Ordering::Relaxed);
        }
        if let Some((_, kind)) = self.failing.iter().find(|(id, _)| *id == row.id) {
            return Err(Failure::new(*kind, "no such photo").with_hint("look elsewhere"));
        }
        if let Some((_, scores)) = self.fixed.iter().find(|(id, _)| *id == row.id) {
            return Ok(scores.clone());
        }
        Ok(row.candidates.iter().map(|candidate| candidate.place.location.latitude() as f32 / 3.0).collect())
    }
}

fn pairs(ids: &[&str]) -> String {
    let row = |(index, id): (usize, &&str)| {
        format!(
            "{{\"id\":\"{id}\",\"query\":\"q\",\"candidates\":[{{\"lat\":{index},\"lon\":0}},{{\"lat\":-1,\"lon\":0}}]}}\n"
        )
    };
    ids.iter().enumerate().map(row).collect()
}

fn run(text: &str, fake: &Fake, sink: &mut dyn RowSink) -> Result<(End, Tally), Failure> {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let stop = fake.stop_at.map_or(&NEVER, |(_, stop)| stop);
    let reader = PairsReader::new(text.as_bytes(), "pairs.jsonl", Path::new(""));
    run_rows(
        "pairs.jsonl",
        reader.map(InputRow::from),
        &ScoringRun { scorer: fake, progress: &Silent, stop },
        sink,
    )
}

/// A whole run to a file, finished as the command does.
fn run_to_file(text: &str, fake: &Fake, out: &Path, resume: bool) -> Result<(End, Tally), Failure> {
    let mut output = RowsOutput::find(Some(out), resume, false)?.begin()?;
    let (end, tally) = run(text, fake, &mut output)?;
    if end == End::Finished {
        output.finish()?;
    }
    Ok((end, tally))
}

#[derive(Default)]
struct Lines(String);

impl RowSink for Lines {
    fn keeps(&mut self, _: &PairsRow) -> bool {
        false
    }

    fn write(&mut self, _: Option<&PairsRow>, row: &ScoredRow) -> Result<(), Failure> {
        self.0.push_str(&row.to_line());
        Ok(())
    }
}

struct Workplace(tempfile::TempDir);

impl Workplace {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn out(&self) -> PathBuf {
        self.0.path().join("out.jsonl")
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

#[test]
fn rows_that_fail_are_written_with_their_error_and_the_rest_goes_on() {
    let fake = Fake {
        failing: vec![("b", ErrorKind::NotFound)],
        fixed: vec![("c", vec![1.0, f32::NAN]), ("d", vec![1.0])],
        ..Fake::default()
    };
    let text = pairs(&["a", "b", "c", "d"]) + "{\"id\":7}\n" + &pairs(&["a", "e"]);
    let mut lines = Lines::default();
    let (end, tally) = run(&text, &fake, &mut lines).unwrap();
    assert_eq!((end, tally), (End::Finished, Tally { scored: 2, kept: 0, failed: 5 }));
    let rows: Vec<serde_json::Value> =
        lines.0.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.0.lines().next().unwrap(), r#"{"id":"a","scores":[0.0,-0.33333334],"best":0}"#);
    assert_eq!(
        lines.0.lines().nth(1).unwrap(),
        r#"{"id":"b","error":{"kind":"not_found","message":"no such photo","hint":"look elsewhere"}}"#
    );
    let message = |index: usize| rows[index]["error"]["message"].as_str().unwrap().to_owned();
    assert!(message(2).contains("candidates[1] is NaN"), "{}", message(2));
    assert!(message(3).contains("1 scores for 2 candidates"));
    assert!(rows[4]["id"].is_null());
    assert!(message(4).contains("line 5"), "a row without an id is known by its line: {}", message(4));
    assert!(message(5).contains("already in line 1"));
    assert_eq!(*fake.asked.lock().unwrap(), ["a", "b", "c", "d", "e"], "bad rows are not asked");
}

#[test]
fn a_broken_model_ends_the_run_and_names_the_row() {
    let fake = Fake { failing: vec![("b", ErrorKind::BrokenModel)], ..Fake::default() };
    let mut lines = Lines::default();
    let failure = run(&pairs(&["a", "b", "c"]), &fake, &mut lines).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::BrokenModel);
    assert_eq!(failure.message, "pairs.jsonl, line 2, row \"b\": no such photo");
    assert_eq!(lines.0.lines().count(), 1, "what was scored is there");
}

#[test]
fn a_stop_finishes_the_row_in_hand() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let fake = Fake { stop_at: Some(("b", &STOP)), ..Fake::default() };
    let mut lines = Lines::default();
    let (end, tally) = run(&pairs(&["a", "b", "c"]), &fake, &mut lines).unwrap();
    assert_eq!((end, tally.scored), (End::Interrupted, 2));
    STOP.store(false, Ordering::Relaxed);
    let (end, _) = run(&pairs(&["a", "b"]), &fake, &mut lines).unwrap();
    assert_eq!(end, End::Finished, "a stop during the last row leaves nothing undone");
}

#[test]
fn a_file_cut_at_any_byte_is_gone_on_with_and_ends_the_same() {
    let ids = ["a", "b", "c \u{e9}}", "d\u{1F30D}", "e"];
    let text = pairs(&ids);
    let work = Workplace::new();
    run_to_file(&text, &Fake::default(), &work.out(), false).unwrap();
    let whole = fs::read(work.out()).unwrap();
    for length in 0..=whole.len() {
        fs::write(work.out(), &whole[..length]).unwrap();
        let fake = Fake::default();
        let (end, tally) = run_to_file(&text, &fake, &work.out(), true).unwrap();
        assert_eq!(end, End::Finished);
        assert_eq!(fs::read(work.out()).unwrap(), whole, "cut at {length}");
        let left = &whole[..length];
        let complete =
            left.split(|byte| *byte == b'\n').count() - 1 + usize::from(whole.get(length) == Some(&b'\n'));
        assert_eq!(
            tally,
            Tally { scored: ids.len() - complete, kept: complete, failed: 0 },
            "cut at {length}"
        );
        assert_eq!(*fake.asked.lock().unwrap(), ids[complete..], "nothing is asked twice");
    }
    assert_eq!(work.files(), ["out.jsonl"]);
}

#[test]
fn scores_of_rows_that_are_no_longer_asked_stay() {
    let work = Workplace::new();
    run_to_file(&pairs(&["a", "b", "c"]), &Fake::default(), &work.out(), false).unwrap();
    let whole = fs::read_to_string(work.out()).unwrap();
    run_to_file(&pairs(&["a"]), &Fake::default(), &work.out(), true).unwrap();
    assert_eq!(fs::read_to_string(work.out()).unwrap(), whole);
    // In another order, and with a new row before them.
    let fake = Fake::default();
    run_to_file(&pairs(&["new", "b"]), &fake, &work.out(), true).unwrap();
    assert_eq!(*fake.asked.lock().unwrap(), ["new"]);
    let found = fs::read_to_string(work.out()).unwrap();
    let ids: Vec<&str> = found.lines().map(|line| line.split('"').nth(3).unwrap()).collect();
    assert_eq!(ids, ["new", "b", "a", "c"]);
}

#[test]
fn failed_rows_are_tried_again_and_stand_where_they_belong() {
    let work = Workplace::new();
    let text = pairs(&["a", "b", "c", "d"]) + "{\"id\":7}\n" + &pairs(&["e"]);
    let failing = vec![("b", ErrorKind::NotFound), ("d", ErrorKind::Unreadable)];
    run_to_file(&text, &Fake { failing, ..Fake::default() }, &work.out(), false).unwrap();
    let fake = Fake { failing: vec![("d", ErrorKind::Unreadable)], ..Fake::default() };
    let (_, tally) = run_to_file(&text, &fake, &work.out(), true).unwrap();
    assert_eq!(tally, Tally { scored: 1, kept: 3, failed: 2 });
    assert_eq!(*fake.asked.lock().unwrap(), ["b", "d"]);
    run_to_file(&text, &Fake::default(), &work.out(), true).unwrap();
    let found = fs::read_to_string(work.out()).unwrap();
    fs::remove_file(work.out()).unwrap();
    run_to_file(&text, &Fake::default(), &work.out(), false).unwrap();
    assert_eq!(found, fs::read_to_string(work.out()).unwrap(), "as from a run without a break");
    assert_eq!(work.files(), ["out.jsonl"]);
}

#[test]
fn a_stop_while_going_on_keeps_what_is_further_down() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let work = Workplace::new();
    let text = pairs(&["a", "b", "c", "d"]);
    let failing = vec![("a", ErrorKind::NotFound), ("b", ErrorKind::NotFound)];
    run_to_file(&text, &Fake { failing, ..Fake::default() }, &work.out(), false).unwrap();
    let fake = Fake { stop_at: Some(("a", &STOP)), ..Fake::default() };
    let (end, _) = run_to_file(&text, &fake, &work.out(), true).unwrap();
    assert_eq!(end, End::Interrupted);
    let fake = Fake::default();
    run_to_file(&text, &fake, &work.out(), true).unwrap();
    assert_eq!(*fake.asked.lock().unwrap(), ["b"], "a, c and d were kept");
    let ids: Vec<_> =
        fs::read_to_string(work.out()).unwrap().lines().map(|line| line[7..8].to_owned()).collect();
    assert_eq!(ids, ["a", "b", "c", "d"]);
}

#[test]
fn changed_pairs_are_scored_again_and_removed_ones_stay() {
    let work = Workplace::new();
    run_to_file(&pairs(&["a", "b", "c"]), &Fake::default(), &work.out(), false).unwrap();
    let one = "{\"id\":\"b\",\"query\":\"q\",\"candidates\":[{\"lat\":9,\"lon\":0}]}\n";
    let fake = Fake::default();
    run_to_file(&(pairs(&["a"]) + one), &fake, &work.out(), true).unwrap();
    assert_eq!(*fake.asked.lock().unwrap(), ["b"], "two scores are not those of one candidate");
    let text = fs::read_to_string(work.out()).unwrap();
    assert_eq!(text.lines().nth(1).unwrap(), r#"{"id":"b","scores":[3.0],"best":0}"#);
    assert!(text.lines().nth(2).unwrap().starts_with(r#"{"id":"c","scores""#));
    assert_eq!(text.lines().count(), 3);
}

#[test]
fn a_benchmarks_rows_are_kept_only_for_the_same_candidates() {
    let work = Workplace::new();
    let run_digested = |text: &str, fake: &Fake| {
        let mut output = RowsOutput::find(Some(&work.out()), true, true).unwrap().begin().unwrap();
        let told = output.summary().unwrap();
        let (_, tally) = run(text, fake, &mut output).unwrap();
        output.finish().unwrap();
        (tally, told)
    };
    // Scores of a pairs file say nothing of what was asked.
    run_to_file(&pairs(&["a", "b"]), &Fake::default(), &work.out(), false).unwrap();
    let (tally, told) = run_digested(&pairs(&["a", "b"]), &Fake::default());
    assert!(tally == Tally { scored: 2, kept: 0, failed: 0 } && told.contains("0 rows"), "{told}");
    let first = fs::read_to_string(work.out()).unwrap();
    assert!(first.lines().all(|line| line.contains(r#","best":0,"asked":""#)), "{first}");
    let (tally, told) = run_digested(&pairs(&["a", "b"]), &Fake::default());
    assert!(tally == Tally { scored: 0, kept: 2, failed: 0 } && told.contains("2 rows"), "{told}");
    assert_eq!(fs::read_to_string(work.out()).unwrap(), first);
    // As many candidates, but others: `b` is at another place in the list, and so is its first candidate.
    let fake = Fake::default();
    run_digested(&pairs(&["a", "x", "b"]), &fake);
    assert_eq!(*fake.asked.lock().unwrap(), ["x", "b"]);
    let found = fs::read_to_string(work.out()).unwrap();
    assert_eq!(found.lines().count(), 3);
    assert!(found.lines().nth(2).unwrap().contains("0.6666667"), "{found}");
}

#[test]
fn an_earlier_file_is_set_aside() {
    let work = Workplace::new();
    for count in 1..=3 {
        run_to_file(&pairs(&["a", "b", "c"][..count]), &Fake::default(), &work.out(), false).unwrap();
    }
    assert_eq!(work.files(), ["out.jsonl", "out.jsonl.previous", "out.jsonl.previous.2"]);
    let lines = |name: &str| fs::read_to_string(work.0.path().join(name)).unwrap().lines().count();
    assert_eq!(lines("out.jsonl"), 3);
    assert_eq!((lines("out.jsonl.previous"), lines("out.jsonl.previous.2")), (1, 2));
}

#[test]
fn an_empty_or_missing_file_needs_no_setting_aside() {
    let work = Workplace::new();
    run_to_file(&pairs(&["a"]), &Fake::default(), &work.out(), true).unwrap();
    fs::write(work.out(), "").unwrap();
    run_to_file(&pairs(&["a"]), &Fake::default(), &work.out(), false).unwrap();
    assert_eq!(work.files(), ["out.jsonl"]);
}

#[test]
fn no_other_file_is_cut() {
    let work = Workplace::new();
    let mut wrong: Vec<Vec<u8>> = vec![b"\xff\xd8\xff\xe0 a photo".to_vec(), b"IMG_ID,LAT\n".to_vec()];
    wrong.push(pairs(&["a"]).into_bytes());
    wrong.push(b"{\"id\":\"a\",\"scores\":[1.0],\"best\":0}\nnot a row\n".to_vec());
    wrong.push(b"{\"id\":\"a\",\"sco\n{\"id\":\"b\",\"scores\":[1.0],\"best\":0}\n".to_vec());
    for content in wrong {
        fs::write(work.out(), &content).unwrap();
        let failure = run_to_file(&pairs(&["a"]), &Fake::default(), &work.out(), true).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Usage, "{failure:?}");
        assert!(failure.message.contains("out.jsonl, line "), "{failure:?}");
        assert_eq!(fs::read(work.out()).unwrap(), content);
    }
}

#[test]
fn two_runs_do_not_write_one_file() {
    let work = Workplace::new();
    let first = RowsOutput::find(Some(&work.out()), true, false).unwrap().begin().unwrap();
    let second = RowsOutput::find(Some(&work.out()), true, false).unwrap().begin();
    assert_eq!(second.err().unwrap().kind, ErrorKind::Output);
    let third = RowsOutput::find(Some(&work.out()), false, false).unwrap().begin();
    assert_eq!(third.err().unwrap().kind, ErrorKind::Output, "nor is it set aside meanwhile");
    drop(first);
    assert!(RowsOutput::find(Some(&work.out()), true, false).unwrap().begin().is_ok());
}

#[test]
fn what_another_run_wrote_while_the_model_was_loaded_is_kept() {
    let work = Workplace::new();
    let text = pairs(&["a", "b"]);
    let found = RowsOutput::find(Some(&work.out()), true, false).unwrap();
    run_to_file(&text, &Fake::default(), &work.out(), true).unwrap();
    let fake = Fake::default();
    run(&text, &fake, &mut found.begin().unwrap()).unwrap();
    assert!(fake.asked.lock().unwrap().is_empty(), "all rows are there");
    assert_eq!(fs::read_to_string(work.out()).unwrap().lines().count(), 2);
}

#[test]
fn a_place_that_cannot_be_written_is_found_before_the_model_is_opened() {
    let work = Workplace::new();
    let nowhere = work.0.path().join("no/folder/out.jsonl");
    assert_eq!(RowsOutput::find(Some(&nowhere), false, false).err().unwrap().kind, ErrorKind::Output);
    assert_eq!(RowsOutput::find(Some(work.0.path()), false, false).err().unwrap().kind, ErrorKind::Usage);
}
