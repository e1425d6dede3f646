//! Numbers that rise with every acquisition of a name.

use std::fs;
use std::path::Path;

use jam_lock::Locks;

use crate::{folder, lock, on_another_thread};
use jam_lock_tests::order::Order;
use jam_lock_tests::output::{printed, run_to_end};

/// The token of an acquisition in this process.
fn here(folder: &Path) -> u64 {
    lock(folder, "x").acquire().unwrap().token()
}

/// The token of an acquisition in another process.
fn in_child(folder: &Path) -> u64 {
    let output = run_to_end(&mut Order::PrintToken { location: folder, name: "x" }.command());
    printed(&output).parse().expect("a token")
}

fn assert_rising(tokens: &[u64]) {
    assert!(tokens.windows(2).all(|pair| pair[0] < pair[1]), "{tokens:?}");
}

/// Sets the token in the record of a free lock.
fn record(folder: &Path, token: u64) {
    let record = format!("jam-lock 1 free token {token:>19}\n");
    fs::write(folder.join("x.holder"), record).unwrap();
}

#[test]
fn they_rise_across_processes_and_restarts() {
    let folder = folder();
    let folder = folder.path();
    assert_rising(&[here(folder), in_child(folder), in_child(folder), here(folder)]);
}

#[test]
fn they_rise_with_each_handoff_within_a_process() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let tokens = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    let guard = lock.acquire().unwrap();
                    tokens.lock().unwrap().push(guard.token());
                }
            });
        }
    });
    tokens.lock().unwrap().push(in_child(folder.path()));
    assert_rising(&tokens.into_inner().unwrap());
}

// Windows does not remove open files.
#[cfg(unix)]
#[test]
fn they_rise_if_the_record_is_removed() {
    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let kept = locks.lock(jam_lock::LockName::new("x").unwrap());
    let mut tokens = vec![here(folder.path())];
    for _ in 0..3 {
        fs::remove_file(folder.path().join("x.holder")).unwrap();
        tokens.extend([in_child(folder.path()), kept.acquire().unwrap().token()]);
    }
    assert_rising(&tokens);
}

#[test]
fn they_rise_if_the_clock_was_set_back() {
    let folder = folder();
    let ahead = 2 * here(folder.path());
    record(folder.path(), ahead);
    assert_rising(&[ahead, here(folder.path()), in_child(folder.path()), here(folder.path())]);
}

#[test]
fn they_rise_without_holder_records() {
    let folder = folder();
    let locks = Locks::builder().folder(folder.path()).record_holders(false).open().unwrap();
    let lock = locks.lock(jam_lock::LockName::new("x").unwrap());
    let tokens: Vec<_> = (0..1_000).map(|_| lock.acquire().unwrap().token()).collect();
    assert_rising(&tokens);
    assert!(!folder.path().join("x.holder").exists());
}

#[test]
fn those_of_readers_lie_between_those_of_the_writers_around_them() {
    let folder = folder();
    let before = here(folder.path());
    let reader = lock(folder.path(), "x").shared().acquire().unwrap();
    let another = on_another_thread(|| {
        let lock = lock(folder.path(), "x").shared();
        lock.acquire().unwrap().token()
    });
    assert_eq!(reader.token(), another);
    let between = reader.token();
    drop(reader);
    assert_rising(&[before, between, in_child(folder.path())]);
}

#[test]
fn those_of_readers_lie_between_without_holder_records() {
    let folder = folder();
    let locks = Locks::builder().folder(folder.path()).record_holders(false).open().unwrap();
    let lock = locks.lock(jam_lock::LockName::new("x").unwrap());
    // The token that this process knows is outdated when it reads.
    let token = |lock: &jam_lock::Lock| lock.acquire().unwrap().token();
    let (old, before) = (token(&lock), in_child(folder.path()));
    let reader = token(&lock.shared());
    assert_rising(&[old, before, reader, in_child(folder.path()), token(&lock)]);
}

#[test]
fn those_of_a_keyed_name_rise_if_its_files_were_removed_and_the_clock_was_set_back() {
    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    let token = |id| locks.lock(crate::lock_names::customer_id(id)).acquire().unwrap().token();
    let ahead = 2 * token(7);
    let text = format!("jam-lock 1 free token {ahead:>19}\n");
    fs::write(folder.path().join("customer_7.holder"), text).unwrap();
    let mut tokens = vec![ahead];
    for _ in 0..3 {
        tokens.push(token(7));
        assert!(!folder.path().join("customer_7.holder").exists());
    }
    // Tokens of different names may be equal.
    tokens.push(token(8));
    assert_rising(&tokens);
}

#[test]
fn a_token_far_in_the_future_is_ignored() {
    let folder = folder();
    let before = here(folder.path());
    record(folder.path(), u64::MAX);
    assert_rising(&[before, here(folder.path()), in_child(folder.path())]);
}
