//! Names with permits: several holders at once, of all threads, tasks and processes together.

mod disagreement;
#[cfg(target_os = "linux")]
mod waiting;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use jam_lock::{Holder, Lock, LockError, LockGuard, LockName, Locks, State, locked};

use crate::list::is_free;
use crate::{LONG, folder, lock_names, on_another_thread};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::observe::wait_until;

fn name(permits: u32) -> LockName {
    LockName::new("export").unwrap().with_permits(permits).unwrap()
}

fn exports(folder: &Path, permits: u32) -> Lock {
    Locks::open(folder).unwrap().lock(name(permits))
}

/// Counts those inside, and panics if there are more than permits.
struct Inside {
    permits: usize,
    now: AtomicUsize,
    most: AtomicUsize,
    entered: AtomicUsize,
}

impl Inside {
    fn new(permits: usize) -> Self {
        let (now, most, entered) = Default::default();
        Self { permits, now, most, entered }
    }

    fn enter(&self) -> Inner<'_> {
        let inside = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(inside <= self.permits, "{inside} are inside");
        self.most.fetch_max(inside, Ordering::SeqCst);
        self.entered.fetch_add(1, Ordering::SeqCst);
        Inner(self)
    }
}

struct Inner<'a>(&'a Inside);

impl Drop for Inner<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn as_many_threads_as_there_are_permits_are_inside_at_once() {
    let folder = folder();
    for lock in [exports(folder.path(), 3), Locks::in_memory().lock(name(3))] {
        let inside = Inside::new(3);
        thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _guard = lock.timeout(LONG).acquire().unwrap();
                        let _inner = inside.enter();
                        wait_until("three are inside", || inside.most.load(Ordering::SeqCst) == 3);
                    }
                });
            }
        });
        assert_eq!(inside.entered.load(Ordering::SeqCst), 1_000);
    }
}

#[test]
fn tasks_and_threads_share_the_permits() {
    let folder = folder();
    let lock = exports(folder.path(), 2);
    let inside = Inside::new(2);
    let executor = smol::Executor::new();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let _guard = lock.timeout(LONG).acquire().unwrap();
                    let _inner = inside.enter();
                    thread::yield_now();
                }
            });
        }
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                executor.spawn(async {
                    for _ in 0..20 {
                        let _guard = lock.timeout(LONG).acquire_async().await.unwrap();
                        let _inner = inside.enter();
                        smol::future::yield_now().await;
                    }
                })
            })
            .collect();
        smol::block_on(executor.run(async {
            for task in tasks {
                task.await;
            }
        }));
    });
    assert_eq!(inside.entered.load(Ordering::SeqCst), 500);
}

/// Each of these processes has a permit.
fn holders(folder: &Path, permits: u32) -> Vec<Child> {
    let name = format!("export*{permits}");
    (0..permits).map(|_| Child::holding(folder, &name)).collect()
}

/// All permits can be had at once, so none is lost.
fn assert_none_is_lost(lock: &Lock) {
    let guards: Vec<_> = (0..lock.name().permits())
        .map(|_| on_another_thread(|| lock.timeout(LONG).acquire().unwrap()))
        .collect();
    drop(guards);
}

#[test]
fn each_holder_has_a_permit_of_its_own() {
    for lock in [exports(folder().path(), 3), Locks::in_memory().lock(name(3))] {
        let guards: Vec<LockGuard> = (0..3).map(|_| lock.try_acquire().unwrap()).collect();
        let mut permits: Vec<_> = guards.iter().map(LockGuard::permit).collect();
        permits.sort_unstable();
        assert_eq!(permits, [1, 2, 3]);
        assert!(guards.iter().all(|guard| guard.name().as_str() == "export"));
        assert!(lock.try_acquire().unwrap_err().is_timeout());
    }
}

#[test]
fn a_timeout_names_the_holders_of_all_permits() {
    let folder = folder();
    let children = holders(folder.path(), 3);
    let lock = exports(folder.path(), 3);
    let refused = lock.try_acquire().unwrap_err();
    let timed_out = lock.timeout(Duration::from_millis(20)).acquire().unwrap_err();
    assert!(timed_out.to_string().starts_with("timed out after "), "{timed_out}");
    let text = timed_out.to_string();
    assert!(text.contains(" waiting for one of the 3 permits of lock `export` ("), "{text}");
    let text = refused.to_string();
    assert!(text.starts_with("all 3 permits of lock `export` ("), "{text}");
    if cfg!(target_os = "linux") {
        for error in [refused, timed_out] {
            let mut named: Vec<_> = error.holders().map(Holder::process).collect();
            let mut ids: Vec<_> = children.iter().map(|child| Some(child.id())).collect();
            named.sort_unstable();
            ids.sort_unstable();
            assert_eq!(named, ids);
            assert_eq!(error.to_string().matches("held for ").count(), 3, "{error}");
        }
    }
}

#[test]
fn a_thread_that_has_one_permit_cannot_wait_for_another() {
    let folder = folder();
    let lock = exports(folder.path(), 3);
    // Whichever permit it has.
    for others in 0..3 {
        let _others: Vec<_> =
            (0..others).map(|_| on_another_thread(|| lock.acquire().unwrap())).collect();
        let _guard = lock.acquire().unwrap();
        let error = lock.acquire().unwrap_err();
        assert!(matches!(error, LockError::Reentrant { .. }), "{error}");
        lock.try_acquire().map_or_else(|error| assert!(error.is_timeout()), drop);
    }
    assert_none_is_lost(&lock);
}

#[test]
fn a_reentrant_section_runs_under_the_permit_that_is_held() {
    #[locked("declared_export", locks = locks, guard = outer)]
    fn outer(locks: &Locks) -> Result<(u32, u32), LockError> {
        Ok((outer.permit(), inner(locks)?))
    }

    #[locked("declared_export", reentrant, locks = locks, guard = inner)]
    fn inner(locks: &Locks) -> Result<u32, LockError> {
        Ok(inner.permit())
    }

    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let lock = locks.lock(lock_names::DECLARED_EXPORT);
    let _other = on_another_thread(|| lock.acquire().unwrap());
    assert_eq!(outer(&locks).unwrap(), (2, 2));
}

#[test]
fn a_permit_cannot_be_shared() {
    let lock = exports(folder().path(), 3).shared();
    for result in [lock.acquire(), lock.try_acquire(), smol::block_on(lock.acquire_async())] {
        let error = result.unwrap_err();
        assert!(matches!(error, LockError::Unsupported { .. }), "{error}");
    }
}

#[test]
fn a_holder_that_dies_frees_its_own_permit_and_the_next_holder_of_that_learns_of_it() {
    let folder = folder();
    let mut children = holders(folder.path(), 3);
    let killed = children.remove(1);
    let id = killed.id();
    killed.kill();
    let lock = exports(folder.path(), 3);
    let guard = lock.timeout(LONG).acquire().unwrap();
    assert_eq!(guard.permit(), 2);
    assert_eq!(guard.abandoned().and_then(Holder::process), Some(id));
    children.remove(0).release();
    let clean = on_another_thread(|| lock.timeout(LONG).acquire().unwrap());
    assert_eq!((clean.permit(), clean.abandoned().is_none()), (1, true));
}

#[test]
fn recover_runs_for_the_permit_whose_holder_died() {
    #[locked("declared_export", locks = locks, guard = held, recover = recover)]
    fn section(
        locks: &Locks,
        recover: impl FnOnce(&Holder) -> Result<(), LockError>,
    ) -> Result<u32, LockError> {
        Ok(held.permit())
    }

    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let first = Child::holding(folder.path(), "declared_export*3");
    Child::holding(folder.path(), "declared_export*3").kill();
    let mut recovered = 0;
    let permit = section(&locks, |_| {
        recovered += 1;
        Ok(())
    });
    assert_eq!((permit.unwrap(), recovered), (2, 1));
    first.release();
    assert_eq!(section(&locks, |died| panic!("{died}")).unwrap(), 2);
}

#[test]
fn several_names_with_permits_and_keys_are_acquired_together() {
    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let names = || [lock_names::printer_id(7), lock_names::FIRST, lock_names::DECLARED_EXPORT];
    let set = locks.lock_all(names()).timeout(LONG);
    {
        let guards = set.acquire().unwrap();
        let held: Vec<_> = guards.iter().map(|guard| guard.name().as_str()).collect();
        assert_eq!(held, ["first", "declared_export", "printer_7"]);
        let printer = locks.lock(lock_names::printer_id(7));
        let other = on_another_thread(|| printer.try_acquire().unwrap());
        assert_eq!((guards[2].permit(), other.permit()), (1, 2));
        assert!(on_another_thread(|| printer.try_acquire()).is_err());
        drop(on_another_thread(|| locks.lock(lock_names::printer_id(8)).try_acquire().unwrap()));
    }
    // The files of a keyed name are removed, those of its permits as well.
    drop((set, locks));
    assert_eq!(try_in_child(folder.path(), "first"), "acquired");
    let left = std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name());
    let left: Vec<_> = left.filter(|it| it.to_string_lossy().contains("printer")).collect();
    assert_eq!(left, Vec::<std::ffi::OsString>::new());
}

#[test]
fn a_list_has_one_row_for_all_permits() {
    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let children = [(); 2].map(|()| Child::holding(folder.path(), "export*3"));
    let list = locks.list().unwrap();
    let [status] = &list[..] else { panic!("{list:?}") };
    assert_eq!((status.name(), status.state()), ("export", State::Permits { held: 2, of: 3 }));
    assert_eq!(status.state().to_string(), "2/3");
    assert_eq!(status.lock_name().unwrap().permits(), 3);
    assert_eq!(locks.lock(status.lock_name().unwrap()).status().unwrap().state(), status.state());
    if cfg!(target_os = "linux") {
        let holders = status.permits().iter().map(|permit| permit.holder()?.process());
        let ids = [Some(children[0].id()), Some(children[1].id()), None];
        assert_eq!(holders.collect::<Vec<_>>(), ids);
    }
    children.into_iter().for_each(Child::release);
    let list = locks.list().unwrap();
    assert!(list.len() == 1 && is_free(list[0].state()), "{list:?}");
}

#[test]
fn locks_in_memory_have_one_row_as_well() {
    let locks = Locks::in_memory();
    let lock = locks.lock(name(3));
    let _guards = [lock.try_acquire().unwrap(), lock.try_acquire().unwrap()];
    let list = locks.list().unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].state(), State::Permits { held: 2, of: 3 });
    assert_eq!(list[0].permits()[1].holder().unwrap().file(), Some(file!()));
}
