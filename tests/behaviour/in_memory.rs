//! In-memory locks behave as other locks do within one process.

use std::thread;
use std::time::Duration;

use jam_lock::{LockError, LockName, Locks};

use crate::{LONG, is_refused, lock_names, on_another_thread};

fn name() -> LockName {
    LockName::new("x").unwrap()
}

#[test]
fn threads_exclude_each_other() {
    const TIMES: u32 = 8;
    let lock = Locks::in_memory().lock(name()).timeout(LONG);
    let path = tempfile::NamedTempFile::new().unwrap();
    let path = path.path();
    std::fs::write(path, "0").unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..TIMES {
                    let _guard = lock.acquire().unwrap();
                    let count: u32 = std::fs::read_to_string(path).unwrap().parse().unwrap();
                    // In the end longer than the time until a lock is handed off.
                    thread::sleep(Duration::from_millis(2));
                    std::fs::write(path, (count + 1).to_string()).unwrap();
                }
            });
        }
    });
    assert_eq!(std::fs::read_to_string(path).unwrap(), (4 * TIMES).to_string());
}

#[test]
fn readers_enter_together_and_a_writer_enters_alone() {
    let lock = Locks::in_memory().lock(name());
    let readers = [(); 2].map(|()| lock.shared().acquire().unwrap().detach());
    assert!(is_refused(&lock));
    drop(readers);
    let _writer = lock.acquire().unwrap();
    assert!(is_refused(&lock.shared()));
}

#[test]
fn sets_are_independent_and_clones_are_not() {
    let locks = Locks::in_memory();
    let _guard = locks.lock(name()).acquire().unwrap();
    assert!(is_refused(&locks.clone().lock(name())));
    assert!(!is_refused(&Locks::in_memory().lock(name())));
}

#[test]
fn a_timeout_names_the_holder() {
    let lock = Locks::in_memory().lock(name());
    let line = line!() + 1;
    let _guard = lock.acquire().unwrap();
    let error =
        on_another_thread(|| lock.timeout(Duration::from_millis(10)).acquire().unwrap_err());
    assert!(error.is_timeout());
    let text = error.to_string();
    assert!(text.contains("waiting for lock `x` (in memory): held for "), "{text}");
    assert!(text.contains(&format!("in_memory.rs:{line}")), "{text}");
}

#[test]
fn a_thread_that_would_deadlock_with_itself_gets_an_error() {
    let locks = Locks::in_memory();
    let _guard = locks.lock(lock_names::SECOND).acquire().unwrap();
    let again = locks.lock(lock_names::SECOND).acquire();
    assert!(matches!(again, Err(LockError::Reentrant { .. })));
    let before = locks.lock(lock_names::FIRST).acquire();
    assert!(matches!(before, Err(LockError::Order { .. })));
}

#[test]
fn tokens_rise_even_if_the_lock_is_not_kept() {
    let locks = Locks::in_memory();
    let tokens = [(); 3].map(|()| locks.lock(name()).acquire().unwrap().token());
    assert!(tokens.is_sorted_by(|before, after| before < after), "{tokens:?}");
    let reader = locks.lock(name()).shared().acquire().unwrap().token();
    let writer = locks.lock(name()).acquire().unwrap().token();
    assert!(tokens[2] < reader && reader < writer, "{tokens:?}, {reader}, {writer}");
}

#[test]
fn the_next_writer_learns_once_that_the_lock_was_abandoned() {
    let locks = Locks::in_memory();
    let line = line!() + 1;
    locks.lock(name()).acquire().unwrap().mark_abandoned();
    for _ in 0..2 {
        let reader = locks.lock(name()).shared().acquire().unwrap();
        assert_eq!(reader.abandoned().unwrap().line(), Some(line));
    }
    let abandoned = || locks.lock(name()).acquire().unwrap().abandoned().cloned();
    assert_eq!(abandoned().unwrap().line(), Some(line));
    assert_eq!(abandoned(), None);
}

#[test]
fn the_first_abandonment_is_reported_until_one_recovers() {
    let locks = Locks::in_memory();
    let line = line!() + 1;
    locks.lock(name()).acquire().unwrap().mark_abandoned();
    locks.lock(name()).acquire().unwrap().mark_abandoned();
    let guard = locks.lock(name()).acquire().unwrap();
    assert_eq!(guard.abandoned().unwrap().line(), Some(line));
}

#[test]
fn tasks_wait_for_threads() {
    let lock = Locks::in_memory().lock(name());
    let guard = lock.acquire().unwrap();
    let mut waiting = Box::pin(lock.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut waiting)).is_none());
    drop(guard);
    assert!(!smol::block_on(waiting).unwrap().waited().is_zero());
}

#[test]
fn a_dropped_wait_leaves_the_lock_to_others() {
    let lock = Locks::in_memory().lock(name());
    let guard = lock.acquire().unwrap();
    let mut waiting = Box::pin(lock.acquire_async());
    assert!(smol::block_on(smol::future::poll_once(&mut waiting)).is_none());
    drop(guard);
    drop(waiting);
    assert!(!is_refused(&lock));
}

#[test]
fn an_unused_name_is_forgotten_except_for_its_token_and_its_abandonment() {
    let locks = Locks::in_memory();
    let mut last = 0;
    for id in 0..1_000 {
        let guard = locks.lock(lock_names::customer_id(id % 10)).acquire().unwrap();
        assert!(guard.token() > last);
        last = guard.token();
    }
    assert!(locks.list().unwrap().is_empty());
    locks.lock(name()).acquire().unwrap().mark_abandoned();
    assert_eq!(locks.list().unwrap().len(), 1);
    assert!(locks.lock(name()).acquire().unwrap().abandoned().is_some());
    assert!(locks.list().unwrap().is_empty());
}
