//! Other programs see the first permit as the lock that it is.

use jam_lock::{LockError, LockGuard, LockName, Locks};

use crate::exclusion::Other;
use crate::folder;

#[test]
fn a_program_that_holds_the_lock_leaves_the_other_permits() {
    for other in Other::all() {
        let folder = folder();
        let lock = Locks::open(folder.path()).unwrap();
        let lock = lock.lock(LockName::new("export").unwrap().with_permits(3).unwrap());
        let holder = other.holding(&folder.path().join("export.lock"));
        let guards: Vec<_> = [lock.try_acquire(), lock.try_acquire()].map(Result::unwrap).into();
        let permits: Vec<_> = guards.iter().map(LockGuard::permit).collect();
        assert_eq!(permits, [2, 3]);
        let error = lock.try_acquire().unwrap_err();
        // It says nothing about a number of permits, so it disagrees with none.
        assert!(matches!(error, LockError::Timeout { .. }), "{error}");
        assert_eq!(error.holders().count(), 3, "{error}");
        holder.release();
        assert_eq!(lock.try_acquire().unwrap().permit(), 1);
    }
}

#[test]
fn a_program_waits_for_the_holder_of_the_first_permit() {
    for other in Other::all() {
        let folder = folder();
        let file = folder.path().join("export.lock");
        let lock = Locks::open(folder.path()).unwrap();
        let lock = lock.lock(LockName::new("export").unwrap().with_permits(2).unwrap());
        let (first, second) = (lock.try_acquire().unwrap(), lock.try_acquire().unwrap());
        assert_eq!(other.attempt(&file, "0.1"), "timed out");
        drop(first);
        assert_eq!(other.attempt(&file, "10"), "acquired");
        drop(second);
    }
}
