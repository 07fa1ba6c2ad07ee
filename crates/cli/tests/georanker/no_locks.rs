//! Galleries on file systems that have no locks, as many network disks.

use std::path::PathBuf;
use std::process::Command;

use crate::binary::{Workplace, building, georanker, repository, samples};
use predicates::prelude::*;
use predicates::str::contains;

/// The library that makes all locks fail.
fn library(work: &Workplace) -> PathBuf {
    let source = repository().join("crates/cli/tests/georanker/no_locks.c");
    let library = work.path("no_locks.so");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(built.is_ok_and(|status| status.success()), "a C compiler is needed, as for linking");
    library
}

#[test]
fn a_gallery_is_built_and_read_without_locks() {
    // ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL.
    for error in ["37", "38", "95", "22"] {
        let work = Workplace::new();
        let (library, gallery) = (library(&work), work.path("gallery"));
        let table = samples().join("truth.csv");
        let run = building(&gallery, &samples(), &table)
            .env("LD_PRELOAD", &library)
            .env("NO_LOCKS", error)
            .assert()
            .code(0)
            .stderr(contains("has no locks").count(1).and(contains("photos added")));
        drop(run);
        for command in ["info", "verify"] {
            let mut read = georanker();
            read.args(["gallery", command]).arg(&gallery).env("LD_PRELOAD", &library).env("NO_LOCKS", error);
            // Reading needs no lock, so there is nothing to wait for.
            read.timeout(std::time::Duration::from_secs(25)).assert().code(0);
        }
        // And with locks again.
        georanker()
            .args(["gallery", "verify"])
            .arg(&gallery)
            .assert()
            .code(0)
            .stderr(contains("no problems"));
        let mut again = building(&gallery, &samples(), &table);
        again.env("LD_PRELOAD", &library).env("NO_LOCKS", error);
        again.assert().code(0).stderr(contains("0 photos added"));
    }
}
