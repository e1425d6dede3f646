use std::fs;
use std::path::Path;

use super::*;
use crate::engine::file::file_spec::FileSpec;
use crate::engine::file::record::format::Content;
use crate::engine::file::record::io::{Buffer, read_path};
use crate::engine::file::syscall::faults::SyscallTrace;
use crate::engine::{Mode, Usage};

const HOUR: Duration = Duration::from_secs(3600);

const CLEAN: Usage<'static> = Usage { abandoned_by: None, last_token: 0, permits: 1 };

/// A record whose name no other test of this program locks: a dead holder would seem to live.
fn record(folder: &Path) -> HolderRecord {
    HolderRecord::new(FileSpec { path: folder.join("ran.holder"), permissions: None }, None)
}

fn hold(record: &mut HolderRecord) -> Result<(), LockError> {
    let recorded = record.record_writer(Some(&Site::here()), CLEAN, None);
    recorded.record_error.map_or(Ok(()), |error| Err(error.error))
}

/// Runs a job in the function `name`, unless that is too soon.
fn run(folder: &Path, name: &'static str) -> Result<(), LockError> {
    let mut record = record(folder);
    let began = hold(&mut record).and_then(|()| record.begin_run());
    let recorded = began.and_then(|last| match last {
        Some(last) if last.age() < HOUR => Ok(()),
        _ => record.record_run(&Site::here().in_function(name), HOUR),
    });
    let released = record.release(Mode::Exclusive, CLEAN);
    recorded.and(released.map(drop))
}

/// The function of the last run, if there was one.
fn last_run(folder: &Path) -> Option<String> {
    let mut buffer = Buffer::new();
    let bytes = read_path(&folder.join("ran.holder"), &mut buffer).ok()?;
    assert_ne!(RunText::of(bytes), RunText::Damaged);
    match Content::parse(bytes) {
        Content::Record(record) => record.last_run?.holder.function,
        Content::Empty | Content::Foreign => None,
    }
}

fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    (folder, path)
}

#[test]
fn a_run_is_recorded_or_an_error_whichever_call_fails() {
    let (_folder, path) = folder();
    let trace = SyscallTrace::new(&path, None);
    run(&path, "job").unwrap();
    let calls = trace.calls().len();
    drop(trace);
    for error in [libc::EIO, libc::ENOSPC, libc::EACCES] {
        for number in 0..calls {
            let (_folder, path) = folder();
            let trace = SyscallTrace::new(&path, Some((number, error)));
            let result = run(&path, "job");
            drop(trace);
            // The release may fail after the run was recorded.
            assert!(result.is_err() || last_run(&path).is_some(), "call {number}, error {error}");
        }
    }
}

#[test]
fn a_fault_in_a_later_acquisition_loses_no_last_run() {
    for error in [libc::EIO, libc::ENOSPC, libc::EACCES] {
        for number in 0..20 {
            let (_folder, path) = folder();
            run(&path, "job").unwrap();
            let trace = SyscallTrace::new(&path, Some((number, error)));
            let mut record = record(&path);
            let _ = hold(&mut record);
            std::thread::sleep(Duration::from_micros(100));
            let _ = record.release(Mode::Exclusive, CLEAN);
            drop(trace);
            assert_eq!(last_run(&path).as_deref(), Some("job"), "call {number}, error {error}");
        }
    }
}

#[test]
fn a_record_that_is_replaced_keeps_the_last_run() {
    let (_folder, path) = folder();
    run(&path, "job").unwrap();
    // The other name keeps the file that was there.
    fs::hard_link(path.join("ran.holder"), path.join("backup")).unwrap();
    let mut record = record(&path);
    hold(&mut record).unwrap();
    assert_eq!(last_run(&path).as_deref(), Some("job"));
    assert!(record.begin_run().unwrap().is_some());
    record.release(Mode::Exclusive, CLEAN).unwrap();
    run(&path, "later").unwrap();
    assert_eq!(last_run(&path).as_deref(), Some("job"), "the later one was too soon");
}

#[test]
fn a_job_that_finds_the_lock_abandoned_leaves_that_to_the_next_holder_and_is_recorded() {
    let (_folder, path) = folder();
    hold(&mut record(&path)).unwrap();
    let mut job = record(&path);
    let found = job.record_writer(Some(&Site::here()), CLEAN, None);
    let died = found.abandoned_by.expect("the first holder has died");
    assert!(job.begin_run().unwrap().is_none());
    job.record_run(&Site::here().in_function("job"), HOUR).unwrap();
    let usage = Usage { abandoned_by: Some(&died), last_token: 0, permits: 1 };
    let mut next = record(&path);
    // It has died as well, so the first death is that of the record's second part.
    let found = next.record_writer(Some(&Site::here()), CLEAN, None);
    assert_eq!(found.abandoned_by.as_ref(), Some(&died));
    assert_eq!(last_run(&path).as_deref(), Some("job"));
    next.release(Mode::Exclusive, usage).unwrap();
    assert_eq!(last_run(&path).as_deref(), Some("job"));
}
