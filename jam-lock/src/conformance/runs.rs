//! Checks of jobs that run at most every so often.

use std::panic;
use std::thread;
use std::time::{Duration, SystemTime};

use super::{Subject, lock, name, number, wait_until_queued};
use crate::engine::Capability;
use crate::error::LockError;
use crate::lock::Lock;
use crate::name::LockName;

/// Longer than a check takes.
const LONG: Duration = Duration::from_secs(3600);

/// Whether the engine records runs. One that does not must say so.
fn records_runs(subject: &dyn Subject) -> bool {
    if subject.process().supports(Capability::LastRuns) {
        return true;
    }
    let refused = lock(subject, &name()).at_most_every(LONG).acquire();
    let is_unsupported = matches!(refused, Err(LockError::Unsupported { .. }));
    assert!(is_unsupported, "a run is not refused, although no runs are recorded");
    false
}

/// Runs a job that ends well.
fn run(subject: &dyn Subject, lock: &Lock) {
    let guard = lock.at_most_every(LONG).timeout(subject.timeout()).acquire();
    let guard = guard.expect("a job does not run although its period has passed");
    guard.release().expect("the end of a run is not recorded");
}

/// The error of a run that is too soon.
fn too_soon(subject: &dyn Subject, lock: &Lock) -> LockError {
    let result = lock.at_most_every(LONG).timeout(subject.timeout()).acquire();
    let error = result.err().expect("a job runs again within its period");
    assert!(error.is_too_soon(), "a run within the period is not refused as too soon: {error}");
    error
}

/// A run within the period is refused, in whichever process, after a wait as well, and names the last one.
pub(super) fn at_most_every(subject: &dyn Subject) {
    if !records_runs(subject) {
        return;
    }
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    let guard = here.at_most_every(LONG).acquire().expect("the lock is free");
    thread::scope(|scope| {
        let waiters = [&here, &there].map(|lock| {
            let waiter = scope.spawn(move || too_soon(subject, lock));
            wait_until_queued(subject, lock, 1);
            waiter
        });
        guard.release().expect("the end of a run is not recorded");
        for waiter in waiters {
            let Err(why) = waiter.join() else { continue };
            panic::resume_unwind(why);
        }
    });
    let LockError::TooSoon { last, next, holder, .. } = too_soon(subject, &there) else { return };
    assert_eq!(next, last.checked_add(LONG), "the next run begins one period after the last one");
    let holder = holder.expect("the last run is named");
    assert_eq!(holder.process(), Some(std::process::id()), "the last run is another one's");
    assert!(holder.line().is_some(), "the call site of the last run is missing");
    let list = subject.process().list();
    let listed = list.ok().and_then(|all| all.into_iter().find(|it| it.name() == name.as_str()));
    if let Some(listed) = listed {
        let last_run = listed.last_run().expect("the last run is listed");
        let difference = last_run.began().max(last).duration_since(last_run.began().min(last));
        let is_same = difference.is_ok_and(|difference| difference < Duration::from_millis(1));
        assert!(is_same && last > SystemTime::UNIX_EPOCH, "another run is listed");
        assert_eq!(last_run.period(), LONG, "the period of the last run is another one");
    }
    // Holders that run no job leave the last run alone, and so does a run with a shorter period.
    there.acquire().expect("the lock is free").release().expect("it is released");
    drop(here.at_most_every(Duration::ZERO).acquire().expect("its period has passed"));
    too_soon(subject, &here);
}

/// A run that is undone, abandoned or dies does not count, and neither does a panic.
pub(super) fn runs_that_do_not_count(subject: &dyn Subject) {
    if !records_runs(subject) {
        return;
    }
    let name = name();
    let (here, there) = (lock(subject, &name), lock(subject, &name));
    let begin = |lock: &Lock| {
        let guard = lock.at_most_every(LONG).timeout(subject.timeout()).acquire();
        guard.expect("a run that has failed counts")
    };
    let guard = begin(&here);
    guard.undo_run();
    drop(guard);
    begin(&there).mark_abandoned();
    let guard = begin(&here);
    guard.undo_run();
    drop(guard);
    if subject.die_holding(&name) {
        let guard = begin(&there);
        guard.undo_run();
        drop(guard);
    }
    run(subject, &here);
    // A death does not change the last run.
    if subject.die_holding(&name) {
        too_soon(subject, &there);
        too_soon(subject, &here);
    }
}

/// The last run of a keyed name is kept when its lock is no longer used, and swept.
pub(super) fn runs_of_a_keyed_name(subject: &dyn Subject) {
    if !records_runs(subject) {
        return;
    }
    let key = number();
    let name = LockName::keyed(&["checked job ", ""], "conformance", 0, &[&key]);
    run(subject, &lock(subject, &name));
    let process = subject.process();
    process.sweep().expect("the locks can be swept");
    too_soon(subject, &lock(subject, &name));
    process.sweep().expect("the locks can be swept");
    too_soon(subject, &lock(subject, &name));
    let ends = lock(subject, &name).at_most_every(Duration::ZERO).acquire();
    drop(ends.expect("its period has passed"));
    drop(lock(subject, &name).acquire().expect("the lock is free"));
}
