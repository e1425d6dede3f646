//! What a holder leaves in the record, and what the next one learns from it.

use std::fs;
use std::path::Path;

use super::*;
#[cfg(target_os = "linux")]
use crate::engine::file::syscall::{Syscall, faults::SyscallTrace};

const CLEAN: Usage<'static> = Usage { abandoned_by: None, last_token: 0, permits: 1 };

/// The record of a lock whose name no other test of this program locks: a dead holder would seem to live.
fn record(folder: &Path) -> HolderRecord {
    HolderRecord::new(FileSpec { path: folder.join("recorded.holder"), permissions: None }, None)
}

fn text(folder: &Path) -> String {
    fs::read_to_string(folder.join("recorded.holder")).unwrap()
}

fn hold(record: &mut HolderRecord) -> Recorded {
    let recorded = record.record_writer(Some(&Site::here()), CLEAN, None);
    assert!(recorded.record_error.is_none(), "{:?}", recorded.record_error);
    recorded
}

fn abandoned_by(holder: &Holder) -> Usage<'_> {
    Usage { abandoned_by: Some(holder), last_token: 0, permits: 1 }
}

/// A writer in the function `name` holds the lock, and dies.
fn die(folder: &Path, name: &'static str) {
    record(folder).record_writer(Some(&Site::here().in_function(name)), CLEAN, None);
}

#[test]
fn tokens_rise_although_a_process_died_with_some_that_it_had_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let (mut dies, site) = (record(folder.path()), Site::here());
    // The clock is far behind the tokens, so it does not help.
    let last = u64::try_from(2 * since_1970().as_nanos()).unwrap();
    let Recorded { token, token_reserve, .. } =
        dies.record_writer(Some(&site), Usage { last_token: last, ..CLEAN }, None);
    let mut next = record(folder.path());
    let after = hold(&mut next);
    assert!(
        token + token_reserve < after.token,
        "{} follows {}",
        after.token,
        token + token_reserve
    );
    assert!(after.abandoned_by.is_some());
}

#[test]
fn a_holder_that_is_not_recorded_clears_the_record_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = record(folder.path());
    hold(&mut record);
    record.record_writer(None, CLEAN, None);
    assert!(text(folder.path()).starts_with("jam-lock 1 free"));
}

#[test]
fn an_abandonment_that_was_not_read_yet_is_found_after_a_claim_was_idle() {
    let folder = tempfile::tempdir().unwrap();
    die(folder.path(), "first");
    let mut idle = record(folder.path());
    idle.clear(0);
    assert!(idle.record_reader(true, CLEAN).abandoned_by.is_some());
}

#[test]
fn a_lock_that_is_left_abandoned_keeps_the_first_abandonment_and_no_holder() {
    let folder = tempfile::tempdir().unwrap();
    die(folder.path(), "first");
    let mut fails = record(folder.path());
    let first = hold(&mut fails).abandoned_by.unwrap();
    fails.release(Mode::Exclusive, abandoned_by(&first)).unwrap();
    assert!(text(folder.path()).starts_with("jam-lock 1 died"));
    let found = record(folder.path()).record_reader(true, CLEAN).abandoned_by.unwrap();
    assert_eq!((found.function(), &found), (Some("first"), &first));
}

#[test]
fn the_text_of_the_first_abandonment_is_cut_off_after_a_recovery() {
    let folder = tempfile::tempdir().unwrap();
    die(folder.path(), "first");
    let mut recovers = record(folder.path());
    hold(&mut recovers);
    assert!(text(folder.path()).contains("\njam-lock 1 died"));
    recovers.release(Mode::Exclusive, CLEAN).unwrap();
    assert_eq!(text(folder.path()).matches("jam-lock 1").count(), 1);
}

#[test]
fn a_later_death_does_not_replace_the_first_one() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["first", "second", "third"] {
        die(folder.path(), name);
    }
    let mut recovers = record(folder.path());
    assert_eq!(hold(&mut recovers).abandoned_by.unwrap().function(), Some("first"));
    recovers.release(Mode::Exclusive, CLEAN).unwrap();
    assert_eq!(hold(&mut record(folder.path())).abandoned_by, None);
}

#[test]
fn a_death_does_not_replace_an_earlier_abandonment_by_the_same_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = record(folder.path());
    hold(&mut record);
    let failed = Holder::here(&Site::here().in_function("failed"));
    for site in [Some(Site::here()), None] {
        record.record_writer(site.as_ref(), abandoned_by(&failed), None);
        let found = self::record(folder.path()).record_reader(true, CLEAN).abandoned_by;
        assert_eq!(found.unwrap().function(), Some("failed"));
    }
}

#[test]
fn a_record_that_cannot_be_read_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("recorded.holder"), "my notes").unwrap();
    let mut record = record(folder.path());
    let error = record.record_writer(Some(&Site::here()), CLEAN, None).record_error.unwrap();
    assert!(error.may_hide_abandonment && error.error.to_string().ends_with("move it away"));
    let left = record.release(Mode::Exclusive, abandoned_by(&Holder::default()));
    assert!(left.is_err(), "the next holder will not learn of it");
    assert_eq!(text(folder.path()), "my notes");
}

#[test]
fn a_token_that_cannot_be_read_is_an_error_but_no_abandonment() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("recorded.holder"), "jam-lock 1 free token \n").unwrap();
    let found = record(folder.path()).record_writer(Some(&Site::here()), CLEAN, None);
    assert!(found.abandoned_by.is_none());
    assert!(found.record_error.is_some_and(|error| !error.may_hide_abandonment));
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_only_record_reports_an_abandonment_and_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    die(&folder, "first");
    let before = fs::File::open(folder.join("recorded.holder")).unwrap();
    let mut record = record(&folder);
    // The first call opens the record for writing.
    let trace = SyscallTrace::new(&folder, Some((0, libc::EACCES)));
    let died = hold(&mut record).abandoned_by;
    drop(trace);
    assert_eq!(died.unwrap().function(), Some("first"));
    assert!(text(&folder).starts_with("jam-lock 1 held"));
    assert_eq!(before.metadata().map(|it| std::os::unix::fs::MetadataExt::nlink(&it)).unwrap(), 0);
    record.release(Mode::Exclusive, CLEAN).unwrap();
    assert!(text(&folder).starts_with("jam-lock 1 free"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_record_that_can_be_neither_written_nor_replaced_is_an_error_and_stays_for_the_next_holder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    die(&folder, "first");
    fs::hard_link(folder.join("recorded.holder"), folder.join("backup")).unwrap();
    let trace = SyscallTrace::new(&folder, None);
    hold(&mut record(&folder));
    let calls = trace.calls();
    drop(trace);
    let rename = calls.iter().position(|(syscall, _)| *syscall == Syscall::Rename).unwrap();
    fs::remove_file(folder.join("recorded.holder")).unwrap();
    fs::hard_link(folder.join("backup"), folder.join("recorded.holder")).unwrap();
    let trace = SyscallTrace::new(&folder, Some((rename, libc::EPERM)));
    let mut record = record(&folder);
    let found = record.record_writer(Some(&Site::here()), CLEAN, None);
    drop(trace);
    let error = found.record_error.expect("it is not written");
    let text = error.error.to_string();
    assert!(!error.may_hide_abandonment && text.ends_with("move it away"), "{text}");
    assert!(found.abandoned_by.is_some());
    drop(record);
    assert!(hold(&mut self::record(&folder)).abandoned_by.is_some());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing else is left");
}

/// A holder releases the lock cleanly, and its write of the record fails; so do all `others`.
#[cfg(target_os = "linux")]
fn release_without_writing(folder: &Path, others: &[Syscall]) -> Result<(), LockError> {
    let mut record = record(folder);
    let mut release = |trace: &dyn Fn() -> SyscallTrace| {
        hold(&mut record);
        // The record is read before it is written, unless it was written just now.
        std::thread::sleep(Duration::from_millis(1));
        let trace = trace();
        let released = record.release(Mode::Exclusive, CLEAN);
        (released, trace.calls())
    };
    let (_, calls) = release(&|| SyscallTrace::new(folder, None));
    let write = calls.iter().position(|(syscall, _)| *syscall == Syscall::Write).unwrap();
    let fault = || SyscallTrace::new(folder, Some((write, libc::ENOSPC)));
    release(&|| fault().and_failing(others, libc::ENOSPC)).0.map(|is_own| assert!(is_own))
}

#[cfg(target_os = "linux")]
#[test]
fn a_record_that_cannot_be_cleared_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    release_without_writing(&folder, &[]).unwrap();
    assert!(text(&folder).starts_with("jam-lock 1 free"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    assert_eq!(hold(&mut record(&folder)).abandoned_by, None);
}

#[cfg(target_os = "linux")]
#[test]
fn a_record_that_can_be_neither_cleared_nor_replaced_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    release_without_writing(&folder, &[Syscall::Create]).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    assert_eq!(hold(&mut record(&folder)).abandoned_by, None);
}

#[cfg(target_os = "linux")]
#[test]
fn a_record_that_can_be_neither_cleared_nor_removed_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let error = release_without_writing(&folder, &[Syscall::Create, Syscall::Remove]).unwrap_err();
    assert!(error.to_string().starts_with("cannot write the holder record "), "{error}");
}
