//! Locks whose holder died with them, and what the next one is told.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use jam_lock::{Holder, LockError, LockGuard, LockName, Locks, locked};

use crate::{folder, lock, lock_names, on_another_thread};
use jam_lock_tests::peers::{Peer, peer, run};

/// Has a process take the lock `first` in its function `on_apply`, and die with it.
fn die_with_first(folder: &Path) {
    Peer::start_holding(peer().arg("apply first").arg(folder)).kill();
}

fn locks(folder: &Path) -> Locks {
    Locks::open(folder).unwrap()
}

/// Whose death the next holder of `name` is told of, if it is.
fn told(folder: &Path, name: &str) -> Option<Holder> {
    on_another_thread(|| lock(folder, name).try_acquire().unwrap().abandoned().cloned())
}

#[test]
fn a_holder_that_is_killed_is_reported_to_the_next_one_only() {
    let folder = folder();
    let peer = Peer::holding(folder.path(), "x");
    let id = peer.id();
    peer.kill();
    let died = told(folder.path(), "x").expect("the holder died");
    assert_eq!((died.process(), died.program()), (Some(id), Some(program())));
    assert_eq!(died.file(), Some("tests/support/peer.rs"));
    assert_eq!(told(folder.path(), "x"), None);
}

fn program() -> &'static str {
    if cfg!(windows) { "peer.exe" } else { "peer" }
}

#[test]
fn a_process_that_ends_with_the_lock_is_reported() {
    let folder = folder();
    assert!(run(peer().arg("leak").arg(folder.path()).arg("x")).status.success());
    assert!(told(folder.path(), "x").is_some());
}

#[test]
fn a_process_that_aborts_inside_is_reported() {
    let folder = folder();
    assert!(!run(peer().arg("abort").arg(folder.path()).arg("x")).status.success());
    assert!(told(folder.path(), "x").is_some());
}

#[test]
fn every_way_out_that_a_program_takes_itself_is_a_release() {
    let folder = folder();
    drop(lock(folder.path(), "x").acquire().unwrap());
    assert_eq!(told(folder.path(), "x"), None);
    lock(folder.path(), "x").acquire().unwrap().release().unwrap();
    assert_eq!(told(folder.path(), "x"), None);
    let panics = || {
        let _guard = lock(folder.path(), "x").acquire().unwrap();
        panic!("it unwinds");
    };
    assert!(panic::catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert_eq!(told(folder.path(), "x"), None);
}

#[test]
fn a_holder_that_lives_can_say_that_it_left_the_lock_abandoned() {
    let folder = folder();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    let token = guard.token();
    guard.mark_abandoned();
    drop(guard);
    let left = told(folder.path(), "x").expect("it was left abandoned");
    assert_eq!((left.file(), left.token()), (Some(file!()), Some(token)));
    assert_eq!(told(folder.path(), "x"), None);
}

#[test]
fn a_waiter_of_this_process_is_told_as_one_of_another_is() {
    let folder = folder();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    let mut next = Box::pin(lock(folder.path(), "x").acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut next)).is_none());
    guard.mark_abandoned();
    drop(guard);
    assert!(smol::block_on(next).unwrap().abandoned().is_some());
    assert_eq!(told(folder.path(), "x"), None);
}

#[test]
fn a_wait_that_is_given_up_leaves_the_news_to_the_next() {
    let folder = folder();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    let mut given_up = Box::pin(lock(folder.path(), "x").acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut given_up)).is_none());
    guard.mark_abandoned();
    drop(guard);
    drop(given_up);
    assert!(told(folder.path(), "x").is_some());
}

#[test]
fn readers_are_told_until_a_writer_has_been() {
    let folder = folder();
    Peer::holding(folder.path(), "x").kill();
    let reader = lock(folder.path(), "x").shared().acquire().unwrap();
    assert!(reader.abandoned().is_some());
    let another =
        on_another_thread(|| lock(folder.path(), "x").shared().acquire().unwrap().detach());
    assert!(another.abandoned().is_some());
    reader.mark_abandoned();
    drop((reader, another));
    assert!(told(folder.path(), "x").is_some());
    assert!(lock(folder.path(), "x").shared().acquire().unwrap().abandoned().is_none());
}

#[test]
fn several_locks_of_which_one_is_refused_leave_the_news_to_the_next() {
    let folder = folder();
    die_with_first(folder.path());
    let second = lock(folder.path(), "second").acquire().unwrap().detach();
    let set = locks(folder.path()).lock_all([lock_names::FIRST, lock_names::SECOND]);
    assert!(set.try_acquire().unwrap_err().is_timeout());
    drop(second);
    let guards = set.try_acquire().unwrap();
    let found: Vec<_> = guards.iter().map(LockGuard::abandoned).collect();
    assert_eq!(found[0].and_then(Holder::function), Some("on_apply"));
    assert_eq!(found[1], None);
}

// Windows does not let anybody remove what is open.
#[cfg(unix)]
#[test]
fn a_death_is_reported_although_the_record_was_removed_before() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    drop(lock.acquire().unwrap());
    std::fs::remove_file(folder.path().join("x.holder")).unwrap();
    Peer::holding(folder.path(), "x").kill();
    assert!(lock.acquire().unwrap().abandoned().is_some());
}

#[test]
fn where_holders_are_not_recorded_nothing_is_known() {
    let folder = folder();
    let mut order = peer();
    Peer::start_holding(order.arg("hold unrecorded").arg(folder.path()).arg("x")).kill();
    assert_eq!(told(folder.path(), "x"), None);
}

#[test]
fn recovery_runs_once_before_the_body_with_the_record_of_who_died() {
    static RECOVERED: AtomicU32 = AtomicU32::new(0);

    fn repair(holder: &Holder) -> Result<(), LockError> {
        RECOVERED.fetch_add(1, Ordering::SeqCst);
        let is_right = holder.function() == Some("on_apply");
        if is_right { Ok(()) } else { Err(LockName::new("").unwrap_err()) }
    }

    #[locked("first", locks = locks, recover = repair)]
    fn section(locks: &Locks) -> Result<u32, LockError> {
        Ok(RECOVERED.load(Ordering::SeqCst))
    }

    let folder = folder();
    assert_eq!(section(&locks(folder.path())).unwrap(), 0);
    die_with_first(folder.path());
    assert_eq!(section(&locks(folder.path())).unwrap(), 1);
    assert_eq!(section(&locks(folder.path())).unwrap(), 1);
}

#[test]
fn the_error_of_a_recovery_is_the_functions_and_the_next_one_recovers() {
    #[locked("first", locks = locks, recover = |_: &Holder| result)]
    fn section(
        locks: &Locks,
        result: Result<(), std::fmt::Error>,
    ) -> Result<u32, Box<dyn std::error::Error>> {
        Ok(7)
    }

    let folder = folder();
    let locks = locks(folder.path());
    die_with_first(folder.path());
    for _ in 0..2 {
        let error = section(&locks, Err(std::fmt::Error)).unwrap_err();
        assert!(error.is::<std::fmt::Error>(), "{error}");
    }
    // Who died first is what they are told.
    assert_eq!(told(folder.path(), "first").unwrap().function(), Some("on_apply"));
    assert_eq!(section(&locks, Err(std::fmt::Error)).unwrap(), 7);
}

#[test]
fn a_recovery_that_panics_leaves_the_lock_abandoned() {
    #[locked("first", locks = locks, recover = |_| -> Result<(), LockError> { panic!("no way") })]
    fn section(locks: &Locks) -> Result<(), LockError> {
        Ok(())
    }

    let folder = folder();
    die_with_first(folder.path());
    let locks = locks(folder.path());
    assert!(panic::catch_unwind(AssertUnwindSafe(|| section(&locks))).is_err());
    assert_eq!(told(folder.path(), "first").unwrap().function(), Some("on_apply"));
}

#[test]
fn a_recovery_that_dies_leaves_the_first_death_to_the_next() {
    let folder = folder();
    die_with_first(folder.path());
    for _ in 0..2 {
        Peer::start_holding(peer().arg("recover first").arg(folder.path())).kill();
    }
    assert_eq!(told(folder.path(), "first").unwrap().function(), Some("on_apply"));
    assert_eq!(told(folder.path(), "first"), None);
}

#[test]
fn recoveries_that_fail_one_after_the_other_leave_the_first_death_to_the_next() {
    let folder = folder();
    die_with_first(folder.path());
    let lock = lock(folder.path(), "first");
    let fails = |guard: &LockGuard| {
        assert_eq!(guard.abandoned().and_then(Holder::function), Some("on_apply"));
        guard.mark_abandoned();
    };
    let guard = lock.acquire().unwrap();
    let mut next = Box::pin(lock.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut next)).is_none());
    fails(&guard);
    drop(guard);
    // It is handed over within the process.
    fails(&smol::block_on(next).unwrap());
    drop(lock);
    assert_eq!(told(folder.path(), "first").unwrap().function(), Some("on_apply"));
}

#[test]
fn a_section_that_recovers_is_not_run_where_nobody_can_tell_of_a_death() {
    #[locked("first", locks = locks, recover = |_| -> Result<(), LockError> { Ok(()) })]
    fn section(locks: &Locks) -> Result<u32, LockError> {
        Ok(7)
    }

    #[locked("first", "second", locks = locks, recover = |_| -> Result<(), LockError> { Ok(()) })]
    async fn both(locks: &Locks) -> Result<u32, LockError> {
        Ok(7)
    }

    let folder = folder();
    let locks = locks(folder.path());
    die_with_first(folder.path());
    let record = folder.path().join("first.holder");
    let moved = folder.path().join("moved");
    std::fs::rename(&record, &moved).unwrap();
    std::fs::write(&record, "my notes").unwrap();
    for result in [section(&locks), smol::block_on(both(&locks))] {
        let error = result.unwrap_err();
        let text = format!("cannot read the holder record {}: ", record.display());
        assert!(matches!(error, LockError::Io { .. }), "{error}");
        assert!(error.to_string().starts_with(&text), "{error}");
    }
    assert!(locks.lock(lock_names::FIRST).acquire().unwrap().record_error().is_some());
    std::fs::rename(&moved, &record).unwrap();
    assert_eq!(told(folder.path(), "first").unwrap().function(), Some("on_apply"));
    assert_eq!(section(&locks).unwrap(), 7);
}

#[test]
fn blocks_and_tasks_recover_too() {
    async fn section(locks: &Locks, recovered: &AtomicU32) -> Result<u32, LockError> {
        let repair = |_: &Holder| -> Result<(), LockError> {
            recovered.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let section = locked!("first", locks = locks, recover = repair, async {
            Ok::<_, LockError>(recovered.load(Ordering::SeqCst))
        });
        section.await?
    }

    #[locked("first", "second", locks = locks, recover = |_| recover(recovered), guard = held)]
    async fn both(locks: &Locks, recovered: &AtomicU32) -> Result<usize, LockError> {
        assert_eq!(recovered.load(Ordering::SeqCst), 3);
        Ok(held.len())
    }

    fn recover(recovered: &AtomicU32) -> Result<(), LockError> {
        let is_too_often = recovered.fetch_add(1, Ordering::SeqCst) == 3;
        if is_too_often { Err(LockName::new("").unwrap_err()) } else { Ok(()) }
    }

    fn block(locks: &Locks, recovered: &AtomicU32) -> Result<u32, LockError> {
        locked!("first", locks = locks, recover = |_| recover(recovered), {
            recovered.load(Ordering::SeqCst)
        })
    }

    let (folder, recovered) = (folder(), AtomicU32::new(0));
    let locks = locks(folder.path());
    die_with_first(folder.path());
    assert_eq!(block(&locks, &recovered).unwrap(), 1);
    die_with_first(folder.path());
    assert_eq!(smol::block_on(section(&locks, &recovered)).unwrap(), 2);
    die_with_first(folder.path());
    assert_eq!(smol::block_on(both(&locks, &recovered)).unwrap(), 2);
    assert_eq!(told(folder.path(), "first"), None);
}
