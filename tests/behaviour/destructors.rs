//! Destructors that acquire locks: they run under the context in which their value was created, and
//! under no mutex of the library.

use std::cell::RefCell;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use jam_lock::{Lock, LockError, LockGuard, LockName, Locks, Observer, locked};

use crate::{LONG, lock_names};

/// Calls a function on drop.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// The findings of a destructor that runs inside a section on `second`.
struct Found {
    again: Result<(), LockError>,
    reentrant: Result<(), LockError>,
    out_of_order: Result<(), LockError>,
}

impl Found {
    fn now(locks: &Locks) -> Self {
        Self {
            again: locked!("second", timeout = LONG, locks = locks, {}),
            reentrant: locked!("second", reentrant, timeout = LONG, locks = locks, {}),
            out_of_order: locked!("first", timeout = LONG, locks = locks, {}),
        }
    }

    fn check(self) {
        assert!(matches!(self.again, Err(LockError::Reentrant { .. })), "{:?}", self.again);
        self.reentrant.unwrap();
        let order = self.out_of_order;
        assert!(matches!(order, Err(LockError::Order { .. })), "{order:?}");
    }
}

/// Polls `section` once, which is pending then, and drops it.
fn cancel(section: impl Future) {
    let mut section = Box::pin(section);
    assert!(smol::block_on(smol::future::poll_once(&mut section)).is_none());
}

#[test]
fn a_cancelled_section_is_dropped_under_its_context() {
    #[locked("second", locks = &locks)]
    async fn section(locks: Locks, found: Sender<Found>) -> Result<(), LockError> {
        let _last = OnDrop(|| found.send(Found::now(&locks)).unwrap());
        std::future::pending().await
    }

    #[locked("second", locks = &locks, on_lost = "finish")]
    async fn finishing(locks: Locks, found: Sender<Found>) -> Result<(), LockError> {
        let _last = OnDrop(|| found.send(Found::now(&locks)).unwrap());
        std::future::pending().await
    }

    let (locks, (send, found)) = (Locks::in_memory(), mpsc::channel());
    cancel(section(locks.clone(), send.clone()));
    found.try_recv().unwrap().check();
    cancel(finishing(locks.clone(), send.clone()));
    found.try_recv().unwrap().check();
    let shared = &locks;
    cancel(locked!("second", locks = shared, async {
        let _last = OnDrop(|| send.send(Found::now(shared)).unwrap());
        std::future::pending::<()>().await;
    }));
    found.try_recv().unwrap().check();
}

#[test]
fn values_that_a_section_does_not_move_are_dropped_under_its_context() {
    let (locks, (send, found)) = (Locks::in_memory(), mpsc::channel());
    let shared = &locks;
    let last = OnDrop(|| send.send(Found::now(shared)).unwrap());
    smol::block_on(locked!("second", locks = shared, async move {
        let _ = &last;
    }))
    .unwrap();
    found.try_recv().unwrap().check();
}

#[test]
fn the_destructor_of_an_observer_can_acquire_a_lock() {
    struct LastLine(Lock, Sender<Result<(), LockError>>);

    impl Observer for LastLine {}

    impl Drop for LastLine {
        fn drop(&mut self) {
            self.1.send(self.0.timeout(LONG).acquire().map(drop)).unwrap();
        }
    }

    let name = || LockName::new("x").unwrap();
    let (log, (send, found)) = (Locks::in_memory().lock(name()), mpsc::channel());
    let locks = Locks::builder().observer(LastLine(log.clone(), send)).in_memory();
    let guard = locks.lock(name()).acquire().unwrap();
    drop(locks);
    // This thread notices the release when it acquires a lock the next time.
    thread::spawn(move || drop(guard)).join().unwrap();
    log.acquire().unwrap().release().unwrap();
    found.recv_timeout(LONG).unwrap().unwrap();
}

/// A lock, its guard, and where to send the error of another acquisition.
type AtTheEnd = (Lock, Option<LockGuard>, Sender<LockError>);

/// Acquires at the exit of a thread the lock that the thread holds.
struct Flush(Option<AtTheEnd>);

impl Drop for Flush {
    fn drop(&mut self) {
        let Some((lock, held, found)) = self.0.take() else { return };
        let again = || lock.timeout(LONG).acquire().expect_err("it is held");
        found.send(again()).unwrap();
        drop(held);
        let _held = lock.timeout(LONG).acquire().expect("it is free");
        found.send(again()).unwrap();
    }
}

thread_local! {
    static FLUSH: RefCell<Flush> = const { RefCell::new(Flush(None)) };
}

#[test]
fn a_thread_that_exits_does_not_deadlock_with_itself() {
    let lock = Locks::in_memory().lock(LockName::new("x").unwrap());
    let (send, found) = mpsc::channel();
    thread::spawn({
        let lock = lock.clone();
        move || {
            // Before the library's thread-local values, so that these are dropped first.
            FLUSH.with(|_| ());
            let guard = lock.acquire().unwrap();
            FLUSH.with(|flush| flush.borrow_mut().0 = Some((lock, Some(guard), send)));
        }
    })
    .join()
    .unwrap();
    let found: Vec<_> = found.iter().collect();
    assert_eq!(found.len(), 2);
    for error in found {
        assert!(matches!(error, LockError::Reentrant { .. }), "{error}");
    }
    assert!(lock.timeout(LONG).acquire().is_ok());
}

/// Runs an asynchronous section at the exit of a thread.
struct LastTask(Option<(Locks, Sender<Found>)>);

impl Drop for LastTask {
    fn drop(&mut self) {
        let Some((locks, found)) = self.0.take() else { return };
        let locks = &locks;
        let section = locked!("second", locks = locks, async { Found::now(locks) });
        found.send(smol::future::block_on(section).unwrap()).unwrap();
    }
}

thread_local! {
    static LAST_TASK: RefCell<LastTask> = const { RefCell::new(LastTask(None)) };
}

#[test]
fn a_task_at_the_exit_of_a_thread_does_not_deadlock_with_itself() {
    let (send, found) = mpsc::channel();
    thread::spawn(move || {
        LAST_TASK.with(|_| ());
        let locks = Locks::in_memory();
        // So that the library's thread-local values exist, and are dropped first.
        let shared = &locks;
        smol::block_on(locked!("first", locks = shared, async {
            locked!("second", locks = shared, {}).unwrap();
        }))
        .unwrap();
        drop(locks.lock(lock_names::FIRST).timeout(Duration::from_secs(1)).acquire().unwrap());
        LAST_TASK.with(|last| last.borrow_mut().0 = Some((locks, send)));
    })
    .join()
    .unwrap();
    found.recv_timeout(LONG).unwrap().check();
}
