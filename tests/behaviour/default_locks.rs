//! The default locks, which are used if a program names no others.

use std::path::Path;

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
