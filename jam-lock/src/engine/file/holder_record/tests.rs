//! What is left in the record, and what the next one learns of it.

use std::fs;
use std::path::Path;

use super::*;

const CLEAN: Usage<'static> = Usage { abandoned_by: None, last_token: 0 };

fn recorder(folder: &Path) -> Recorder {
    Recorder::new(Place { path: folder.join("x.holder"), permissions: None }, None)
}

fn text(folder: &Path) -> String {
    fs::read_to_string(folder.join("x.holder")).unwrap()
}

fn enter(recorder: &mut Recorder) -> Recorded {
    let recorded = recorder.publish_writer(Some(&Site::here()), CLEAN);
    assert!(recorded.record_error.is_none(), "{:?}", recorded.record_error);
    recorded
}

fn abandoned_by(holder: &Holder) -> Usage<'_> {
    Usage { abandoned_by: Some(holder), last_token: 0 }
}

/// Has somebody of the function `name` enter, and die.
fn die(folder: &Path, name: &'static str) {
    recorder(folder).publish_writer(Some(&Site::here().in_function(name)), CLEAN);
}

#[test]
fn tokens_rise_although_a_process_died_with_some_that_it_had_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let (mut dies, site) = (recorder(folder.path()), Site::here());
    // The clock is behind, so that it does not help.
    let last = u64::try_from(2 * since_1970().as_nanos()).unwrap();
    let Recorded { token, token_reserve, .. } =
        dies.publish_writer(Some(&site), Usage { abandoned_by: None, last_token: last });
    let mut next = recorder(folder.path());
    let after = enter(&mut next);
    assert!(
        token + token_reserve < after.token,
        "{} follows {}",
        after.token,
        token + token_reserve
    );
    assert!(after.abandoned_by.is_some());
}

#[test]
fn who_does_not_record_leaves_no_record_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = recorder(folder.path());
    enter(&mut recorder);
    recorder.publish_writer(None, CLEAN);
    assert!(text(folder.path()).starts_with("jam-lock 1 free"));
}

#[test]
fn what_nobody_has_read_is_still_read_after_a_claim_was_idle() {
    let folder = tempfile::tempdir().unwrap();
    die(folder.path(), "first");
    let mut idle = recorder(folder.path());
    idle.withdraw(0);
    assert!(idle.publish_reader(true, CLEAN).abandoned_by.is_some());
}

#[test]
fn a_lock_that_is_left_abandoned_keeps_who_died_first_and_nobody_as_its_holder() {
    let folder = tempfile::tempdir().unwrap();
    die(folder.path(), "first");
    let mut fails = recorder(folder.path());
    let first = enter(&mut fails).abandoned_by.unwrap();
    fails.release(Mode::Exclusive, abandoned_by(&first)).unwrap();
    assert!(text(folder.path()).starts_with("jam-lock 1 died"));
    let found = recorder(folder.path()).publish_reader(true, CLEAN).abandoned_by.unwrap();
    assert_eq!((found.function(), &found), (Some("first"), &first));
}

#[test]
fn who_dies_after_another_death_does_not_take_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["first", "second", "third"] {
        die(folder.path(), name);
    }
    let mut recovers = recorder(folder.path());
    assert_eq!(enter(&mut recovers).abandoned_by.unwrap().function(), Some("first"));
    recovers.release(Mode::Exclusive, CLEAN).unwrap();
    assert_eq!(enter(&mut recorder(folder.path())).abandoned_by, None);
}

#[test]
fn who_dies_after_one_of_its_process_left_the_lock_abandoned_does_not_take_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let mut recorder = recorder(folder.path());
    enter(&mut recorder);
    let failed = Holder::here(&Site::here().in_function("failed"));
    for site in [Some(Site::here()), None] {
        recorder.publish_writer(site.as_ref(), abandoned_by(&failed));
        let found = self::recorder(folder.path()).publish_reader(true, CLEAN).abandoned_by;
        assert_eq!(found.unwrap().function(), Some("failed"));
    }
}

#[test]
fn a_record_that_cannot_be_read_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.holder"), "my notes").unwrap();
    let mut recorder = recorder(folder.path());
    let error = recorder.publish_writer(Some(&Site::here()), CLEAN).record_error.unwrap();
    assert!(error.may_hide_abandonment && error.error.to_string().ends_with("move it away"));
    let left = recorder.release(Mode::Exclusive, abandoned_by(&Holder::default()));
    assert!(left.is_err(), "nobody will learn of it");
    assert_eq!(text(folder.path()), "my notes");
}

#[test]
fn a_token_that_cannot_be_read_is_an_error_and_no_death() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.holder"), "jam-lock 1 free token \n").unwrap();
    let found = recorder(folder.path()).publish_writer(Some(&Site::here()), CLEAN);
    assert!(found.abandoned_by.is_none());
    assert!(found.record_error.is_some_and(|error| !error.may_hide_abandonment));
}

#[cfg(target_os = "linux")]
#[test]
fn a_record_that_may_only_be_read_tells_of_a_death_and_is_replaced() {
    use crate::engine::file::system::faults::Observed;

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    die(&folder, "first");
    let before = fs::File::open(folder.join("x.holder")).unwrap();
    let mut recorder = recorder(&folder);
    // The first call is to open the record to write to it.
    let observed = Observed::new(&folder, Some((0, libc::EACCES)));
    let died = enter(&mut recorder).abandoned_by;
    drop(observed);
    assert_eq!(died.unwrap().function(), Some("first"));
    assert!(text(&folder).starts_with("jam-lock 1 held"));
    assert_eq!(before.metadata().map(|it| std::os::unix::fs::MetadataExt::nlink(&it)).unwrap(), 0);
    recorder.release(Mode::Exclusive, CLEAN).unwrap();
    assert!(text(&folder).starts_with("jam-lock 1 free"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn what_can_be_neither_written_nor_replaced_can_be_seen_and_stays_for_the_next() {
    use crate::engine::file::system::Call;
    use crate::engine::file::system::faults::Observed;

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    die(&folder, "first");
    fs::hard_link(folder.join("x.holder"), folder.join("backup")).unwrap();
    let observed = Observed::new(&folder, None);
    enter(&mut recorder(&folder));
    let asked = observed.asked();
    drop(observed);
    let rename = asked.iter().position(|(call, _)| *call == Call::Rename).unwrap();
    fs::remove_file(folder.join("x.holder")).unwrap();
    fs::hard_link(folder.join("backup"), folder.join("x.holder")).unwrap();
    let observed = Observed::new(&folder, Some((rename, libc::EPERM)));
    let mut recorder = recorder(&folder);
    let found = recorder.publish_writer(Some(&Site::here()), CLEAN);
    drop(observed);
    let error = found.record_error.expect("it is not written");
    let text = error.error.to_string();
    assert!(!error.may_hide_abandonment && text.ends_with("move it away"), "{text}");
    assert!(found.abandoned_by.is_some());
    drop(recorder);
    assert!(enter(&mut self::recorder(&folder)).abandoned_by.is_some());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing else is left");
}
