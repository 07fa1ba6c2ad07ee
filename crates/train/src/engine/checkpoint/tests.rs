use std::cell::Cell;

use super::*;

fn parameters() -> Vec<Parameter> {
    let parameter = |name: &str, shape: &[usize], values: Vec<f32>| Parameter {
        name: name.into(),
        shape: shape.to_vec(),
        values,
        decays: true,
    };
    vec![
        parameter("layer.weight", &[2, 3], (0..6).map(|i| i as f32 / 7.0).collect()),
        parameter("head", &[1], vec![-0.0]),
    ]
}

fn state(step: u64) -> TrainingState {
    let parameters = parameters();
    let mut optimizer = AdamW::new(&parameters);
    optimizer.steps = step;
    optimizer.first_moments[0][4] = f32::MIN_POSITIVE / 8.0;
    TrainingState {
        step,
        parameters,
        optimizer,
        best: Some(Best { step: 1, value: 0.1 + 0.2 }),
        stale_validations: 2,
    }
}

/// Takes so many bytes, then is full; what did not fit is cut, as a real one leaves it.
struct FullDisk {
    room: Cell<usize>,
}

impl Disk for FullDisk {
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let fits = bytes.len().min(self.room.get());
        self.room.set(self.room.get() - fits);
        fs::write(path, &bytes[..fits])?;
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

fn names(out: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(out.join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_saved_comes_back_bit_by_bit() {
    let out = tempfile::tempdir().unwrap();
    let mut checkpoints = Checkpoints::new(out.path(), 2);
    assert_eq!(checkpoints.load_newest(&parameters(), &mut |_| {}).unwrap(), None);
    checkpoints.save(&state(5)).unwrap();
    let loaded = Checkpoints::new(out.path(), 2).load_newest(&parameters(), &mut |_| {}).unwrap().unwrap();
    assert_eq!(loaded, state(5));
    assert!(loaded.parameters[1].values[0].is_sign_negative());
}

#[test]
fn the_newest_and_the_best_stay() {
    let out = tempfile::tempdir().unwrap();
    let mut checkpoints = Checkpoints::new(out.path(), 2);
    (1..=5).for_each(|step| drop(checkpoints.save(&state(step)).unwrap()));
    assert_eq!(names(out.path()), ["step-1", "step-4", "step-5"]);
}

#[test]
fn a_full_disk_leaves_the_previous_checkpoint_and_nothing_else() {
    let out = tempfile::tempdir().unwrap();
    let mut checkpoints = Checkpoints::new(out.path(), 2);
    checkpoints.save(&state(5)).unwrap();
    let size: u64 = [TENSORS_FILE, STATE_FILE]
        .iter()
        .map(|name| fs::metadata(checkpoints.path(5).join(name)).unwrap().len())
        .sum();
    for room in (0..size).step_by(37) {
        checkpoints.disk = Box::new(FullDisk { room: Cell::new(room as usize) });
        let error = checkpoints.save(&state(6)).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("step-6") && message.contains("the checkpoint of step 5 is whole"),
            "{message}"
        );
        assert_eq!(names(out.path()), ["step-5"]);
        let loaded =
            Checkpoints::new(out.path(), 2).load_newest(&parameters(), &mut |_| {}).unwrap().unwrap();
        assert_eq!(loaded, state(5));
    }
    checkpoints.disk = Box::new(FullDisk { room: Cell::new(size as usize) });
    checkpoints.save(&state(6)).unwrap();
}

#[test]
fn a_damaged_checkpoint_is_set_aside_for_an_earlier_one() {
    for damage in [
        |path: &Path| fs::write(path.join(TENSORS_FILE), b"half").unwrap(),
        |path: &Path| fs::write(path.join(STATE_FILE), b"{").unwrap(),
        |path: &Path| fs::remove_file(path.join(STATE_FILE)).unwrap(),
    ] {
        let out = tempfile::tempdir().unwrap();
        let mut checkpoints = Checkpoints::new(out.path(), 2);
        checkpoints.save(&state(5)).unwrap();
        damage(&checkpoints.save(&state(6)).unwrap());
        let mut notes = Vec::new();
        let loaded = checkpoints.load_newest(&parameters(), &mut |note| notes.push(note.to_owned())).unwrap();
        assert_eq!(loaded, Some(state(5)));
        assert!(notes.len() == 1 && notes[0].contains("step-6"), "{notes:?}");
        assert_eq!(names(out.path()), ["step-5", "step-6.damaged"]);
    }
}

#[test]
fn other_parameters_are_refused_by_name() {
    let out = tempfile::tempdir().unwrap();
    let mut checkpoints = Checkpoints::new(out.path(), 2);
    checkpoints.save(&state(5)).unwrap();
    let mut wider = parameters();
    wider[0].shape = vec![3, 2];
    let message = checkpoints.load_newest(&wider, &mut |_| {}).unwrap_err().to_string();
    assert!(message.contains("layer.weight [2, 3]") && message.contains("[3, 2]"), "{message}");
    assert!(checkpoints.load_newest(&parameters()[..1], &mut |_| {}).is_err());
}

#[test]
fn leftovers_of_a_killed_process_go() {
    let out = tempfile::tempdir().unwrap();
    let mut checkpoints = Checkpoints::new(out.path(), 2);
    checkpoints.save(&state(5)).unwrap();
    for name in [".step-6.partial", ".step-4.removed"] {
        fs::create_dir(out.path().join("checkpoints").join(name)).unwrap();
    }
    assert_eq!(checkpoints.steps().unwrap(), [5]);
    checkpoints.remove_leftovers();
    assert_eq!(names(out.path()), ["step-5"]);
}
