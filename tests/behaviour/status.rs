//! The status of one lock.

use std::fs;

use jam_lock::{LockError, LockName, Locks, State};

use crate::{folder, lock};
use jam_lock_tests::child::Child;

#[test]
fn a_lock_that_was_never_used_is_free_and_nothing_is_created() {
    let folder = folder();
    let status = lock(folder.path(), "x").status().unwrap();
    assert_eq!((status.name(), status.state()), ("x", State::Free));
    assert_eq!((status.holder(), status.token(), status.abandoned()), (None, None, None));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn it_equals_the_entry_of_the_list() {
    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let of_all = |name: &str| {
        let all = locks.list().unwrap();
        all.into_iter().find(|status| status.name() == name).unwrap()
    };
    let of_one = |name: &str| lock(folder.path(), name).status().unwrap();
    let child = Child::holding(folder.path(), "held");
    drop(lock(folder.path(), "free").acquire().unwrap());
    Child::holding(folder.path(), "abandoned").kill();
    assert_eq!(of_one("held").state(), State::Writer);
    assert_eq!(of_one("held").holder().is_some(), cfg!(target_os = "linux"));
    assert!(of_one("abandoned").abandoned().is_some());
    for name in ["held", "free", "abandoned"] {
        let (one, all) = (of_one(name), of_all(name));
        assert_eq!((one.state(), one.token()), (all.state(), all.token()), "{name}");
        assert_eq!(one.abandoned(), all.abandoned(), "{name}");
    }
    child.release();
}

#[test]
fn a_lock_of_this_process_has_a_certain_status() {
    let folder = folder();
    for locks in [Locks::open(folder.path()).unwrap(), Locks::in_memory()] {
        let lock = locks.lock(LockName::new("x").unwrap());
        assert!(!lock.status().unwrap().state().is_held());
        let guard = lock.acquire().unwrap();
        let line = line!() - 1;
        let status = lock.status().unwrap();
        assert_eq!((status.state(), status.token()), (State::Writer, Some(guard.token())));
        assert_eq!(status.holder().unwrap().line(), Some(line));
    }
}

#[test]
fn what_is_in_the_place_of_a_lock_file_is_an_error() {
    let folder = folder();
    fs::create_dir(folder.path().join("x.lock")).unwrap();
    let error = lock(folder.path(), "x").status().unwrap_err();
    assert!(matches!(error, LockError::NotAFile { found: "a folder", .. }), "{error}");
}
