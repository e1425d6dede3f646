//! How a failed acquisition looks for the holder of the lock, and when it does not.
//!
//! The engine is simulated: another process holds all its locks, and is found when the test
//! replies.

use std::ffi::OsStr;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use jam_lock::engine::{
    Capability, Claim, Engine, HolderReply, Mode, Recorded, TryAcquire, Usage, WaitDone, WaitId,
    WaitRequest,
};
use jam_lock::{Holder, LockError, LockName, Locks, Site, locked};
use jam_lock_tests::LONG;
use jam_lock_tests::observe::wait_until;

use crate::lock_names;

/// An engine whose locks are all held, and whose lookups wait for the test to answer.
#[derive(Debug)]
struct Held {
    name: String,
    lookups: Lookups,
    timeout: Duration,
}

#[derive(Clone, Default)]
struct Lookups(Arc<Mutex<Vec<HolderReply>>>);

impl std::fmt::Debug for Lookups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lookups")
    }
}

impl Lookups {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn answer(&self, holder: &Holder) {
        let lookups = std::mem::take(&mut *self.0.lock().unwrap());
        for reply in lookups {
            reply(Some(Box::new(holder.clone())));
        }
    }
}

impl Engine for Held {
    fn supports(&self, _: Capability) -> bool {
        false
    }

    fn identity(&self) -> &OsStr {
        OsStr::new(&self.name)
    }

    fn location(&self) -> String {
        "held".to_owned()
    }

    fn lock_location(&self, _: &LockName) -> String {
        self.location()
    }

    fn find_holder(&self, _: &LockName, reply: HolderReply) {
        self.lookups.0.lock().unwrap().push(reply);
    }

    fn holder_timeout(&self) -> Duration {
        self.timeout
    }

    fn claim(&self, _: &LockName) -> Box<dyn Claim> {
        Box::new(HeldClaim)
    }
}

struct HeldClaim;

impl Claim for HeldClaim {
    fn check_process(&self) -> Result<(), LockError> {
        Ok(())
    }

    fn try_acquire(&mut self, _: Mode) -> Result<TryAcquire, LockError> {
        Ok(TryAcquire::Contended)
    }

    fn start_wait(&mut self, _: WaitRequest, _: WaitDone) -> Result<(), LockError> {
        Ok(())
    }

    fn is_wait_still_valid(&mut self, _: WaitId) -> Result<bool, LockError> {
        Ok(true)
    }

    fn accept(&mut self, _: WaitId) -> Result<bool, LockError> {
        Ok(false)
    }

    fn discard(&mut self, _: WaitId) {}

    fn record_holder(&mut self, _: Mode, _: Option<&Site>, _: Usage<'_>) -> Recorded {
        unreachable!("nothing is ever claimed")
    }

    fn clear_holder(&mut self, _: u64) {}

    fn release(&mut self, _: Mode, _: Option<Usage>) -> Result<(), LockError> {
        Ok(())
    }
}

/// Locks that another process holds, and their lookups, which wait for an answer for `timeout`.
fn held_locks(name: &str, timeout: Duration) -> (Locks, Lookups) {
    let lookups = Lookups::default();
    let engine = Held { name: name.to_owned(), lookups: lookups.clone(), timeout };
    (Locks::with_engine(Arc::new(engine)), lookups)
}

fn names_no_holder(error: &LockError) -> bool {
    matches!(error, LockError::Timeout { holder: None, .. })
}

#[test]
fn skipping_does_not_look_for_the_holder() {
    #[locked("first", timeout = 0, or_else = jam_lock::skip, locks = locks)]
    fn one(locks: &Locks) -> bool {
        true
    }

    #[locked("first", "second", timeout = 0.001, or_else = jam_lock::skip, locks = locks)]
    async fn both(locks: &Locks) -> bool {
        true
    }

    let (locks, lookups) = held_locks("skipped", Duration::ZERO);
    assert!(!one(&locks));
    assert!(!smol::block_on(both(&locks)));
    let number: u8 =
        locked!("second", timeout = 0, or_else = jam_lock::skip, locks = &locks, { 1 });
    assert_eq!((number, lookups.count()), (0, 0));
    let error = locks.lock(lock_names::FIRST).try_acquire().unwrap_err();
    assert!(names_no_holder(&error) && lookups.count() == 1);
}

#[test]
fn a_holder_that_is_not_found_in_time_is_not_named() {
    let (locks, lookups) = held_locks("late", Duration::from_millis(1));
    let lock = locks.lock(lock_names::FIRST).timeout(0);
    assert!(names_no_holder(&lock.acquire().unwrap_err()));
    assert!(names_no_holder(&smol::block_on(lock.acquire_async()).unwrap_err()));
    assert_eq!((lock.holder(), lookups.count()), (None, 3));
}

#[test]
fn a_task_does_not_block_its_thread_while_it_looks_for_the_holder() {
    let (locks, lookups) = held_locks("looked for", LONG);
    let lock = locks.lock(lock_names::FIRST).timeout(0);
    let mut wait = pin!(lock.acquire_async());
    let mut context = Context::from_waker(Waker::noop());
    assert!(wait.as_mut().poll(&mut context).is_pending());
    let other = Locks::in_memory().lock(lock_names::FIRST);
    let _guard = other.acquire().unwrap();
    let holder = other.holder().expect("it is held here");
    lookups.answer(&holder);
    match wait.as_mut().poll(&mut context) {
        Poll::Ready(Err(LockError::Timeout { holder: Some(found), .. })) => {
            assert_eq!(*found, holder);
        }
        other => panic!("expected a timeout with its holder, got {other:?}"),
    }
}

/// Its owner is about to go on, and so in no deadlock any more.
#[test]
fn a_wait_that_has_timed_out_is_over_while_its_holder_is_looked_up() {
    let (held, lookups) = held_locks("timed out", LONG);
    let outer = Locks::in_memory().lock(LockName::new("outer").unwrap());
    let inner = held.lock(LockName::new("x").unwrap()).timeout(Duration::from_millis(1));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let _outer = outer.acquire()?;
            inner.acquire().map(drop)
        });
        wait_until("the holder is looked up", || lookups.count() > 0);
        let status = outer.status().unwrap();
        lookups.answer(status.holder().unwrap());
        assert!(waiting.join().unwrap().unwrap_err().is_timeout());
        assert!(status.holder().unwrap().waits_for().is_none(), "{status:?}");
    });
}
