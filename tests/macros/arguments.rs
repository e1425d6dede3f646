//! What each argument does.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jam_lock::{LockError, LockGuard, LockName, Locks, default_locks, locked};
use tempfile::TempDir;

use crate::lock_names;
use crate::section::{alone, assert_held_within, is_held, is_held_in};

/// Holds the lock as another thread would, so that the function under test cannot acquire it.
fn hold() -> LockGuard {
    default_locks().unwrap().lock(lock_names::SECTION).acquire().unwrap().detach()
}

/// How long a timed-out acquisition waited.
fn waited(result: Result<(), LockError>) -> Duration {
    match result {
        Err(LockError::Timeout { waited, .. }) => waited,
        other => panic!("expected a timeout, got {other:?}"),
    }
}

#[test]
fn a_name_is_a_constant_or_an_expression() {
    #[locked(lock_names::SECTION)]
    fn constant() -> Result<bool, LockError> {
        Ok(is_held())
    }

    #[locked(LockName::new(format!("{first}ion"))?, timeout = 10)]
    fn at_run_time(first: &str) -> Result<bool, LockError> {
        Ok(is_held())
    }

    #[locked(name)]
    fn reference(name: &LockName) -> Result<bool, LockError> {
        Ok(is_held())
    }

    #[locked(name)]
    fn value(name: LockName) -> Result<bool, LockError> {
        Ok(is_held() && name == lock_names::SECTION)
    }

    let _alone = alone();
    assert_held_within(constant());
    assert_held_within(at_run_time("sect"));
    assert_held_within(reference(&lock_names::SECTION));
    assert_held_within(value(lock_names::SECTION));
    assert!(at_run_time("/").is_err());
}

#[test]
fn a_raw_string_is_the_same_name() {
    #[locked(r"section")]
    fn function() -> Result<bool, LockError> {
        Ok(is_held())
    }

    let _alone = alone();
    assert_held_within(function());
}

#[test]
fn a_timeout_of_0_tries_once() {
    #[locked("section", timeout = 0)]
    fn integer() -> Result<(), LockError> {
        Ok(())
    }

    #[locked("section", timeout = 0.0)]
    fn float() -> Result<(), LockError> {
        Ok(())
    }

    let _alone = alone();
    let held = hold();
    assert_eq!(waited(integer()), Duration::ZERO);
    assert_eq!(waited(float()), Duration::ZERO);
    drop(held);
    assert!(integer().is_ok());
}

#[test]
fn a_timeout_is_a_fraction_of_a_second_or_an_expression() {
    #[locked("section", timeout = 0.01)]
    fn fraction() -> Result<(), LockError> {
        Ok(())
    }

    #[locked("section", timeout = limit * 2)]
    fn duration(limit: Duration) -> Result<(), LockError> {
        Ok(())
    }

    #[locked("section", timeout = seconds)]
    fn seconds(seconds: u32) -> Result<(), LockError> {
        Ok(())
    }

    let _alone = alone();
    let _held = hold();
    assert!(waited(fraction()) >= Duration::from_millis(10));
    assert!(waited(duration(Duration::from_millis(5))) >= Duration::from_millis(10));
    assert_eq!(waited(seconds(0)), Duration::ZERO);
}

#[test]
fn a_negative_or_huge_timeout_waits_forever() {
    #[locked("section", timeout = -1)]
    fn integer() -> Result<bool, LockError> {
        Ok(is_held())
    }

    #[locked("section", timeout = -1.0)]
    fn float() -> Result<bool, LockError> {
        Ok(is_held())
    }

    #[locked("section", timeout = 99_999_999_999_999_999_999)]
    fn beyond_integers() -> Result<bool, LockError> {
        Ok(is_held())
    }

    #[locked("section", timeout = 1e300)]
    fn beyond_durations() -> Result<bool, LockError> {
        Ok(is_held())
    }

    let _alone = alone();
    assert_held_within(integer());
    assert_held_within(float());
    assert_held_within(beyond_integers());
    assert_held_within(beyond_durations());
}

#[test]
fn without_a_timeout_the_function_waits_forever() {
    #[locked("section")]
    fn without() -> Result<(), LockError> {
        Ok(())
    }

    #[locked("section", timeout = -1)]
    fn negative() -> Result<(), LockError> {
        Ok(())
    }

    let _alone = alone();
    for function in [without, negative] {
        let held = hold();
        let waiter = thread::spawn(function);
        // Long enough for a function to fail that only tries once.
        thread::sleep(Duration::from_millis(20));
        drop(held);
        assert!(waiter.join().unwrap().is_ok());
    }
}

#[test]
fn or_else_makes_the_return_value() {
    fn fallback(_: LockError) -> String {
        "timed out".to_owned()
    }

    #[locked("section", timeout = 0, or_else = fallback)]
    fn path() -> String {
        "done".to_owned()
    }

    #[locked("section", timeout = 0, or_else = |error| format!("{text}: {}", error.is_timeout()))]
    fn closure(text: String) -> String {
        text
    }

    #[locked("section", timeout = 0, or_else = jam_lock::skip)]
    fn skipped() -> Option<u8> {
        Some(1)
    }

    #[locked("section", timeout = 0, or_else = |_| ())]
    fn nothing() {
        assert!(is_held());
    }

    let _alone = alone();
    assert_eq!((path(), closure("done".to_owned())), ("done".to_owned(), "done".to_owned()));
    assert_eq!(skipped(), Some(1));
    nothing();

    let _held = hold();
    assert_eq!(path(), "timed out");
    assert_eq!(closure("timed out".to_owned()), "timed out: true");
    assert_eq!(skipped(), None);
    nothing();
}

#[test]
fn guard_binds_the_guard() {
    #[locked("section", guard = held)]
    fn function(number: String) -> Result<String, LockError> {
        Ok(format!("{number} {}", held.name()))
    }

    let _alone = alone();
    assert_eq!(function("1".to_owned()).unwrap(), "1 section");
}

#[test]
fn skip_returns_a_default_value_or_the_real_error() {
    #[locked("section", timeout = 0, or_else = jam_lock::skip, locks = locks)]
    fn nothing(locks: &Locks) {}

    #[locked("section", timeout = 0, or_else = jam_lock::skip, locks = locks)]
    fn result(locks: &Locks) -> std::io::Result<u8> {
        Ok(1)
    }

    #[locked("section", timeout = 0, or_else = jam_lock::skip, locks = locks)]
    async fn asynchronous(locks: &Locks) -> Result<Vec<u8>, LockError> {
        Ok(vec![1])
    }

    let (folder, locks) = other_locks();
    let held = locks.lock(lock_names::SECTION).acquire().unwrap().detach();
    nothing(&locks);
    assert_eq!(result(&locks).unwrap(), 0);
    assert_eq!(smol::block_on(asynchronous(&locks)).unwrap(), []);
    drop(held);
    assert_eq!(result(&locks).unwrap(), 1);

    // A folder is no lock file.
    let lock_file = folder.path().join("section.lock");
    std::fs::remove_file(&lock_file).unwrap();
    std::fs::create_dir(lock_file).unwrap();
    assert!(result(&locks).is_err());
    assert!(smol::block_on(asynchronous(&locks)).is_err_and(|error| !error.is_timeout()));
    assert!(std::panic::catch_unwind(|| nothing(&locks)).is_err());
}

/// Locks other than the default, and their folder.
fn other_locks() -> (TempDir, Locks) {
    let folder = tempfile::tempdir().unwrap();
    let locks = Locks::open(folder.path()).unwrap();
    (folder, locks)
}

#[test]
fn locks_are_borrowed_from_any_expression() {
    struct Application {
        locks: Arc<Locks>,
    }

    impl Application {
        #[locked("section", locks = self.locks)]
        fn field(&self) -> Result<bool, LockError> {
            Ok(is_held_in(&self.locks) && !is_held())
        }

        #[locked("section", locks = self.locks())]
        fn call(self) -> Result<bool, LockError> {
            Ok(is_held_in(&self.locks))
        }

        fn locks(&self) -> &Locks {
            &self.locks
        }
    }

    #[locked("section", locks = locks)]
    fn reference(locks: &Locks) -> Result<bool, LockError> {
        Ok(is_held_in(locks))
    }

    #[locked("section", locks = locks)]
    fn value(locks: Locks) -> Result<bool, LockError> {
        Ok(is_held_in(&locks))
    }

    let _alone = alone();
    let (_folder, locks) = other_locks();
    assert_held_within(reference(&locks));
    assert_held_within(value(locks.clone()));
    let application = Application { locks: Arc::new(locks) };
    assert_held_within(application.field());
    assert_held_within(application.call());
}

#[test]
fn names_may_be_of_another_crate() {
    #[locked("declared_elsewhere", names = jam_lock_tests::lock_names)]
    fn function() -> Result<bool, LockError> {
        let lock = default_locks()?.lock(jam_lock_tests::lock_names::DECLARED_ELSEWHERE);
        Ok(lock.try_acquire().is_err())
    }

    let _alone = alone();
    assert_held_within(function());
}

#[test]
fn the_runtime_crate_may_have_another_name() {
    use jam_lock as runtime;

    #[locked(lock_names::SECTION, crate = runtime, timeout = 1)]
    fn function() -> Result<bool, LockError> {
        Ok(is_held())
    }

    let _alone = alone();
    assert_held_within(function());
}
