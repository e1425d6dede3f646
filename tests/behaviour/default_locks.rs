//! The default locks, which are used if a program names no others.

use std::path::Path;
use std::thread;

use jam_lock::{LockName, Locks, default_locks};

use crate::folder;
use jam_lock_tests::order::Order;
use jam_lock_tests::output::{printed, run_to_end};

/// The output of a process that tries the lock `x` of its default locks, in `folder` and with
/// `JAM_LOCK`.
fn with_default(folder: &Path, variable: Option<&str>) -> String {
    let mut command = Order::TryAcquireDefault { name: "x" }.command();
    command.current_dir(folder).env_remove("JAM_LOCK");
    command.envs(variable.map(|value| ("JAM_LOCK", value)));
    printed(&run_to_end(&mut command))
}

#[test]
fn they_are_in_the_folder_locks_of_the_current_directory() {
    let folder = folder();
    assert_eq!(with_default(folder.path(), None), "acquired");
    assert!(folder.path().join("locks/x.lock").is_file());
}

#[test]
fn they_are_in_the_folder_that_the_environment_names() {
    let folder = folder();
    assert_eq!(with_default(folder.path(), Some("else/where")), "acquired");
    assert!(folder.path().join("else/where/x.lock").is_file());
    assert!(!folder.path().join("locks").exists());
}

#[test]
fn they_are_the_first_ones_that_the_program_has_set() {
    let folder = folder();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let order = Order::SetDefaultLocksTwice { first: &first, second: &second };
    let answer = printed(&run_to_end(&mut order.command()));
    let settled = first.canonicalize().unwrap();
    let expected = format!("the default locks are already set ({})", settled.display());
    assert!(answer.starts_with(&expected), "{answer}");
    assert!(first.join("x.lock").is_file());
    assert!(!second.join("x.lock").exists());
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let folder = folder();
    assert_eq!(with_default(folder.path(), Some("")), "acquired");
    assert!(folder.path().join("locks/x.lock").is_file());
}

#[test]
fn what_is_meant_as_a_database_never_becomes_a_folder() {
    for variable in [
        "host=db1 user=app password=secret",
        "postgres:/app:secret@db1/shop",
        "'postgres://app:secret@db1/shop'",
        "postgres://app:secret@db1/shop\n",
        "jdbc:postgresql://db1/shop?password=secret",
    ] {
        let folder = folder();
        let answer = with_default(folder.path(), Some(variable));
        assert!(answer.contains(" is not supported at "), "{variable}: {answer}");
        assert!(!answer.contains("secret"), "{answer}");
        assert_eq!(folder.path().read_dir().unwrap().count(), 0, "{variable}");
    }
}

#[test]
fn the_url_of_a_missing_engine_is_an_error_without_the_password() {
    let folder = folder();
    let answer = with_default(folder.path(), Some("etcd://me:secret@host/db"));
    assert!(answer.contains("a lock engine of this kind is not supported at etcd:"), "{answer}");
    assert!(!answer.contains("secret"), "{answer}");
}

/// Whether a lock of the default locks is held.
fn is_held_by_default(name: &LockName) -> bool {
    default_locks().unwrap().lock(name.clone()).try_acquire().is_err()
}

#[test]
fn a_test_overrides_them_on_its_own_thread() {
    let name = LockName::new("overridden on a thread").unwrap();
    let (outer, inner) = (Locks::in_memory(), Locks::in_memory());
    let _outer = outer.override_default();
    let _held = outer.lock(name.clone()).acquire().unwrap();
    assert!(is_held_by_default(&name));
    let override_inside = inner.override_default();
    assert!(!is_held_by_default(&name));
    drop(override_inside);
    assert!(is_held_by_default(&name));

    // A test that runs beside this one has locks of its own.
    thread::scope(|scope| {
        let there = scope.spawn(|| {
            let _inner = inner.override_default();
            is_held_by_default(&name)
        });
        assert!(!there.join().unwrap());
    });
}

#[test]
fn a_task_overrides_them_on_every_thread_that_polls_or_drops_it() {
    struct Dropped<'a>(&'a mut Option<String>);

    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            *self.0 = Some(default_locks().unwrap().location());
        }
    }

    let (outer, locks) = (Locks::in_memory(), Locks::temporary().unwrap());
    let _outer = outer.override_default();
    let mut seen = None;
    let future = locks.override_default_for(async {
        let _dropped = Dropped(&mut seen);
        std::future::pending::<()>().await;
    });
    thread::scope(|scope| {
        let mut future = Box::pin(future);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(future.as_mut().poll(&mut context).is_pending());
        scope.spawn(move || drop(future));
    });
    assert_eq!(seen, Some(locks.location()));
    assert_eq!(default_locks().unwrap().location(), outer.location());
}
