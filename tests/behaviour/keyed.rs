//! Keyed names: a lock and a file for each value, as long as it is in use.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use jam_lock::{Lock, Locks};

use crate::{LONG, folder, is_refused, lock_names};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::observe::{open_files_below, wait_until};
use jam_lock_tests::order::Order;
use jam_lock_tests::output::printed;

fn customer(folder: &Path, id: &str) -> Lock {
    Locks::open(folder).unwrap().lock(lock_names::customer_id(id))
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    // It keeps the last token of all removed files.
    let mut files: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.retain(|file| file != ".tokens");
    files.sort();
    files
}

#[test]
fn different_keys_are_different_locks() {
    let folder = folder();
    let _guard = customer(folder.path(), "A").acquire().unwrap();
    drop(customer(folder.path(), "a").try_acquire().unwrap());
    assert!(is_refused(&customer(folder.path(), "A")));
    assert!(try_in_child(folder.path(), "customer_%41").contains("is already held"));
    assert_eq!(try_in_child(folder.path(), "customer_b"), "acquired");
}

#[test]
fn a_key_cannot_lead_out_of_the_folder() {
    let folder = folder();
    let locks = folder.path().join("locks");
    let _guard = customer(&locks, "/../../outside").acquire().unwrap();
    assert_eq!(files(folder.path()), ["locks"]);
    assert_eq!(
        files(&locks),
        ["holder", "lock"].map(|kind| format!("customer_%2f%2e%2e%2f%2e%2e%2foutside.{kind}"))
    );
}

#[test]
fn the_file_is_removed_with_the_last_user_in_this_process() {
    let folder = folder();
    let lock = customer(folder.path(), "7");
    drop(lock.acquire().unwrap());
    assert_eq!(files(folder.path()), ["customer_7.holder", "customer_7.lock"]);
    let guard = lock.acquire().unwrap();
    drop(lock);
    assert_eq!(files(folder.path()), ["customer_7.holder", "customer_7.lock"]);
    drop(guard);
    assert!(files(folder.path()).is_empty());
}

#[test]
fn the_file_stays_while_another_process_holds_it() {
    let folder = folder();
    let child = Child::holding(folder.path(), "customer_7");
    assert!(customer(folder.path(), "7").try_acquire().unwrap_err().is_timeout());
    assert_eq!(files(folder.path()), ["customer_7.holder", "customer_7.lock"]);
    child.release();
}

#[test]
fn a_file_that_several_processes_used_is_removed_once_it_is_idle() {
    let folder = folder();
    let child = Child::holding(folder.path(), "customer_7");
    let lock = customer(folder.path(), "7").timeout(LONG);
    let waiter = std::thread::spawn(move || lock.acquire().map(drop));
    child.release();
    waiter.join().unwrap().unwrap();
    wait_until("the folder is empty", || files(folder.path()).is_empty());
}

#[test]
fn the_last_reader_removes_the_file() {
    let folder = folder();
    let readers =
        [(); 3].map(|()| customer(folder.path(), "7").shared().acquire().unwrap().detach());
    for reader in readers {
        assert_eq!(files(folder.path()), ["customer_7.lock"]);
        drop(reader);
    }
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_thousand_names_leave_neither_files_nor_descriptors() {
    let folder = folder();
    let locks = Locks::open(folder.path()).unwrap();
    for id in 0..1_000 {
        drop(locks.lock(lock_names::customer_id(id)).acquire().unwrap());
    }
    assert!(files(folder.path()).is_empty());
    drop(locks);
    assert_eq!(open_files_below(folder.path()), 0);
}

#[test]
fn processes_that_remove_and_create_the_file_all_the_time_lose_no_update() {
    let folder = folder();
    fs::write(folder.path().join("counter"), "0").unwrap();
    let counting = (0..6).map(|_| {
        let order = Order::CountForCustomer { folder: folder.path(), id: 7, times: 200 };
        order.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    for process in counting.collect::<Vec<_>>() {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", printed(&output));
    }
    assert_eq!(fs::read_to_string(folder.path().join("counter")).unwrap(), "1200");
}

/// How often the file at the path is replaced while `goes_on`.
#[cfg(target_os = "linux")]
fn changes(path: &Path, mut goes_on: impl FnMut() -> bool) -> usize {
    use std::os::unix::fs::MetadataExt;
    let (mut last, mut changes) = (None, 0);
    while goes_on() {
        let found = fs::symlink_metadata(path).ok().map(|it| (it.ino(), it.created().ok()));
        changes += usize::from(found.is_some() && found != last);
        last = found.or(last);
    }
    changes
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_processes_take_turns_with_stays() {
    let folder = folder();
    fs::write(folder.path().join("counter"), "0").unwrap();
    let counting = [(); 3].map(|()| {
        let order = Order::CountForCustomer { folder: folder.path(), id: 7, times: 1_000 };
        order.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    let mut counting = counting.into_iter().collect::<Vec<_>>();
    let changes = changes(&folder.path().join("customer_7.lock"), || {
        counting.iter_mut().any(|process| process.try_wait().unwrap().is_none())
    });
    // The first process may have removed it once, before the other one came.
    assert!(changes < 30, "{changes} files for 3000 uses");
    assert_eq!(fs::read_to_string(folder.path().join("counter")).unwrap(), "3000");
}

#[test]
fn a_file_that_was_left_behind_long_ago_is_removed_by_its_next_user() {
    let folder = folder();
    Child::after_use_of_customer(folder.path(), 7).kill();
    let record = fs::File::options().append(true).open(folder.path().join("customer_7.holder"));
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    record.unwrap().set_modified(long_ago).unwrap();
    drop(customer(folder.path(), "7").acquire().unwrap());
    assert!(files(folder.path()).is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn waits_that_timed_out_leave_few_threads_and_files() {
    let folder = folder();
    let (folder, count) = (folder.path(), 200);
    let holder = Child::spawn(&Order::HoldCustomers { folder, count }).after("held");
    let mut waiter = Child::spawn(&Order::TimeOutOnCustomers { folder, count });
    assert_eq!(waiter.next_line(), "timed out");
    wait_until("few threads and files are left", || {
        waiter.send("how many");
        let answer = waiter.next_line();
        let (threads, files) = answer.split_once(' ').unwrap();
        // Besides the blocking threads: the main thread, and those that poll and clean up.
        threads.parse::<usize>().unwrap() <= 67 && files.parse::<usize>().unwrap() <= 64
    });
    holder.release();
    wait_until("no files are open", || {
        waiter.send("how many");
        waiter.next_line().ends_with(" 0")
    });
    wait_until("the folder is empty", || files(folder).is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn more_waits_than_blocking_threads_are_all_served() {
    let folder = folder();
    let (folder, count) = (folder.path(), 200);
    let holder = Child::spawn(&Order::HoldCustomers { folder, count }).after("held");
    let mut waiter = Child::spawn(&Order::WaitForCustomers { folder, count });
    assert_eq!(waiter.next_line(), "waiting");
    holder.release();
    assert_eq!(waiter.next_line(), "acquired all");
}
