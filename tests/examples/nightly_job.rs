//! `examples/nightly_job`: of four workers that start the job at the same moment, one runs it.

use std::fs;
use std::path::Path;

use jam_lock_tests::output::printed;

use super::{example, folder, run};

/// What the four workers print, without their numbers, in order.
fn workers(folder: &Path) -> Vec<String> {
    let text = printed(&run(&mut example("nightly_job", folder), ""));
    let lines = text.lines().map(|line| line.split_once(": ").expect("its number").1.to_owned());
    let mut lines: Vec<_> = lines.collect();
    lines.sort();
    lines
}

#[test]
fn one_of_four_workers_makes_the_report_unless_it_fails() {
    let folder = folder();
    let failed = workers(folder.path());
    assert_eq!(failed.len(), 4);
    assert!(failed.iter().all(|line| line.starts_with("failed, ")), "{failed:?}");
    fs::write(folder.path().join("sales.txt"), "a sale\nanother one\n").unwrap();
    let skipped = "skipped, the report is new enough";
    let finished = "the report is finished, with 2 sales";
    assert_eq!(workers(folder.path()), [skipped, skipped, skipped, finished]);
    assert_eq!(workers(folder.path()), [skipped; 4]);
}
