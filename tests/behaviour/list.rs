//! The list of all locks of a folder.

use std::fs;
use std::path::Path;
#[cfg(target_os = "linux")]
use std::thread;

use jam_lock::{LockName, Locks, State, Status};

#[cfg(target_os = "linux")]
use crate::LONG;
use crate::{folder, lock};
use jam_lock_tests::child::Child;
#[cfg(target_os = "linux")]
use jam_lock_tests::child::try_in_child;
#[cfg(target_os = "linux")]
use jam_lock_tests::observe::wait_until;
#[cfg(target_os = "linux")]
use jam_lock_tests::order::Order;

fn list(folder: &Path) -> Vec<Status> {
    Locks::open(folder).unwrap().list().unwrap()
}

/// The only lock of `folder`.
fn only(folder: &Path) -> Status {
    let mut found = list(folder);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// The state of a free lock, depending on whether readers can be seen on this system.
pub(crate) fn is_free(state: State) -> bool {
    let is_seen = cfg!(target_os = "linux") && is_first_namespace();
    state == if is_seen { State::Free } else { State::NoWriter }
}

/// Whether this process can see all others.
fn is_first_namespace() -> bool {
    let name = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    name.to_str() == Some("pid:[4026531836]")
}

fn is_waited_for_by(folder: &Path, count: usize) -> bool {
    only(folder).waiting() == Some(count)
}

#[test]
fn locks_are_listed_in_the_order_of_their_names() {
    let folder = folder();
    for name in ["b", "$a", "c d"] {
        drop(lock(folder.path(), name).acquire().unwrap());
    }
    let found = list(folder.path());
    assert_eq!(found.iter().map(Status::name).collect::<Vec<_>>(), ["$a", "b", "c d"]);
    assert!(found.iter().all(|status| is_free(status.state())), "{found:?}");
}

#[test]
fn a_free_lock_has_its_last_token_and_no_holder() {
    let folder = folder();
    let token = lock(folder.path(), "x").acquire().unwrap().token();
    let status = only(folder.path());
    assert_eq!((status.token(), status.holder(), status.abandoned()), (Some(token), None, None));
    assert_eq!(status.lock_name(), LockName::new("x").ok());
}

#[test]
fn files_that_are_not_lock_files_are_left_out_and_nothing_is_created() {
    let folder = folder();
    fs::write(folder.path().join("notes"), "my own").unwrap();
    let files = || fs::read_dir(folder.path()).unwrap().count();
    let before = files();
    assert_eq!(list(folder.path()), []);
    assert_eq!(files(), before);
}

#[test]
fn what_is_in_the_place_of_a_lock_file_is_unknown() {
    let folder = folder();
    fs::create_dir(folder.path().join("folder.lock")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("notes", folder.path().join("link.lock")).unwrap();
    let found = list(folder.path());
    assert!(!found.is_empty());
    assert!(found.iter().all(|status| status.state() == State::Unknown), "{found:?}");
}

#[test]
fn a_file_whose_name_is_not_a_lock_name_is_listed_as_it_is() {
    let folder = folder();
    fs::write(folder.path().join("$buildID7.lock"), "").unwrap();
    let status = only(folder.path());
    assert_eq!((status.name(), status.lock_name()), ("$buildID7", None));
}

#[test]
fn a_writer_in_another_process_is_listed() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let status = only(folder.path());
    assert_eq!(status.state(), State::Writer);
    if cfg!(target_os = "linux") {
        let holder = status.holder().unwrap();
        assert_eq!((holder.process(), holder.program()), (Some(child.id()), Some("child")));
        assert!(holder.held_for().is_some());
        assert_eq!(holder.token(), status.token());
    }
    child.release();
}

#[cfg(target_os = "linux")]
#[test]
fn readers_are_counted() {
    let folder = folder();
    let shared = || Child::holding_shared(folder.path(), "x");
    let readers = [shared(), shared()];
    let flock = Child::flock(&folder.path().join("x.lock"), "-s");
    let status = only(folder.path());
    assert_eq!(status.state(), State::Readers(Some(3)));
    let ids = [readers[0].id(), readers[1].id(), flock.id()];
    assert!(ids.contains(&status.holder().unwrap().process().unwrap()), "{status:?}");
}

/// The kernel's list of locks is not a snapshot: while others change it, lines are missing or come
/// twice.
#[cfg(target_os = "linux")]
#[test]
fn it_is_right_while_others_lock_and_unlock() {
    const EACH: usize = 100;
    let (folder, busy_folder) = (folder(), folder());
    let (folder, count) = (folder.path(), EACH);
    let writer = Child::spawn(&Order::HoldMany { folder, count }).after("held");
    let readers =
        [(); 2].map(|()| Child::spawn(&Order::HoldManyShared { folder, count }).after("held"));
    let busy = Order::AcquireManyRepeatedly { folder: busy_folder.path(), count: 40 };
    let busy = Child::spawn(&busy).after("held");
    let locks = Locks::open(folder).unwrap();
    let mut counted = 0;
    for _ in 0..25 {
        let found = locks.list().unwrap();
        assert_eq!(found.len(), 2 * EACH);
        for status in &found {
            let holder = status.holder().and_then(jam_lock::Holder::process);
            let is_right = if status.name().starts_with("held") {
                status.state() == State::Writer && holder.is_none_or(|it| it == writer.id())
            } else {
                counted += usize::from(status.state() == State::Readers(Some(2)));
                let is_one = |process| readers.iter().any(|reader| reader.id() == process);
                matches!(status.state(), State::Readers(Some(2) | None) | State::NoWriter)
                    && holder.is_none_or(is_one)
            };
            let is_waited_for = status.waiting().is_some_and(|count| count > 0);
            let is_quiet = !is_waited_for && status.abandoned().is_none();
            assert!(is_right && is_quiet, "{status:?}");
        }
    }
    assert!(counted > 0, "readers were never counted");
    drop(busy);
}

#[cfg(target_os = "linux")]
#[test]
fn waiters_in_other_processes_are_counted() {
    let folder = folder();
    let holds = Child::holding(folder.path(), "x");
    assert!(is_waited_for_by(folder.path(), 0));
    let waiting = [(); 2].map(|()| Child::waiting(folder.path(), "x"));
    wait_until("two wait", || is_waited_for_by(folder.path(), 2));
    drop((holds, waiting));
}

#[cfg(target_os = "linux")]
#[test]
fn the_threads_of_this_process_are_listed_separately() {
    let folder = folder();
    let lock = lock(folder.path(), "x").timeout(LONG);
    let guard = lock.acquire().unwrap();
    let line = line!() - 1;
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| lock.acquire().map(drop).unwrap());
        }
        wait_until("three wait", || is_waited_for_by(folder.path(), 3));
        let status = only(folder.path());
        assert_eq!(status.holder().unwrap().line(), Some(line));
        assert_eq!((status.state(), status.token()), (State::Writer, Some(guard.token())));
        drop(guard);
    });
    let readers = [(); 3].map(|()| lock.shared().acquire().unwrap().detach());
    let child = Child::holding_shared(folder.path(), "x");
    assert_eq!(only(folder.path()).state(), State::Readers(Some(4)));
    drop((readers, child));
}

#[cfg(target_os = "linux")]
#[test]
fn threads_that_wait_for_another_process_are_counted_once() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let lock = lock(folder.path(), "x").timeout(LONG);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| lock.acquire().map(drop).unwrap());
        }
        wait_until("three wait", || is_waited_for_by(folder.path(), 3));
        child.release();
    });
}

#[test]
fn a_death_is_listed_until_the_next_holder_gets_the_report() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let process = child.id();
    assert_eq!(only(folder.path()).abandoned(), None);
    child.kill();
    let status = only(folder.path());
    assert!(is_free(status.state()), "{status:?}");
    assert_eq!(status.abandoned().unwrap().process(), Some(process));
    let guard = lock(folder.path(), "x").acquire().unwrap();
    assert!(guard.abandoned().is_some());
    assert_eq!(only(folder.path()).abandoned(), None);
}

#[cfg(target_os = "linux")]
#[test]
fn a_death_is_listed_while_a_holder_that_got_no_report_has_the_lock() {
    let folder = folder();
    let child = Child::holding(folder.path(), "x");
    let died = child.id();
    child.kill();
    let flock = Child::flock(&folder.path().join("x.lock"), "-x");
    let status = only(folder.path());
    assert_eq!(status.holder().unwrap().process(), Some(flock.id()));
    assert_eq!(status.abandoned().unwrap().process(), Some(died));
    flock.release();
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_abandoned_the_lock_before_is_not_listed_as_its_writer() {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    lock.acquire().unwrap().mark_abandoned();
    let _reader = lock.shared().acquire().unwrap();
    let refused = try_in_child(folder.path(), "x");
    assert!(refused.contains(&format!("(pid {})", std::process::id())), "{refused}");
    assert!(!refused.contains(file!()), "{refused}");
}
