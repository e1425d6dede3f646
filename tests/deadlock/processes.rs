//! Deadlocks of several processes.
#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use jam_lock::{Lock, Locks, State};
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::order::Order;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, Signal};

use super::{lock, wait_until_owner_waits};

/// Starts processes that hold one lock each, and will wait for that of the next one.
fn start_cycle(folder: &Path, names: &[String]) -> Vec<Child> {
    let next = names.iter().cycle().skip(1);
    let pairs = names.iter().zip(next);
    pairs
        .map(|(first, second)| {
            Child::spawn(&Order::AcquireTwo { location: folder, first, second }).after("held")
        })
        .collect()
}

/// Checks that no lock is held, waited for or abandoned, and that no record says so.
fn assert_nothing_is_left(folder: &Path, names: &[String]) {
    let locks = Locks::open(folder).unwrap();
    for name in names {
        let record = fs::read_to_string(folder.join(format!("{name}.holder"))).unwrap();
        assert!(record.contains(" free token ") && !record.contains(" wait token "), "{record}");
        let status = lock(&locks, name).status().unwrap();
        assert_eq!((status.state(), status.waiting()), (State::Free, Some(0)));
        assert!(lock(&locks, name).try_acquire().unwrap().abandoned().is_none());
    }
}

#[test]
fn a_cycle_of_processes_is_found_as_soon_as_it_is_closed_and_the_others_go_on() {
    for count in [2, 3, 10] {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..count).map(|number| format!("lock_{number}")).collect();
        let mut children = start_cycle(folder.path(), &names);
        for child in &mut children {
            child.send("go on");
        }
        let start = Instant::now();
        let lines: Vec<_> = children.into_iter().map(|child| child.finish().remove(0)).collect();
        let deadlocks = lines.iter().filter(|line| **line == "deadlock, lost: false").count();
        assert_eq!(deadlocks, 1, "{lines:?}");
        assert!(lines.iter().all(|line| line.ends_with("lost: false")), "{lines:?}");
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_nothing_is_left(folder.path(), &names);
    }
}

/// A process that is killed leaves its record, with what it waited for.
#[test]
fn what_a_killed_process_has_waited_for_makes_no_cycle_and_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let locks = Locks::open(folder.path()).unwrap();
    let (a, b) = (lock(&locks, "a"), lock(&locks, "b"));
    let held = b.acquire().unwrap();
    let order = Order::AcquireTwo { location: folder.path(), first: "a", second: "b" };
    let mut child = Child::spawn(&order).after("held");
    child.send("go on");
    wait_until_owner_waits(&a);
    let record = || fs::read_to_string(folder.path().join("a.holder")).unwrap();
    assert!(record().contains("\nlock      b\n"), "{}", record());
    child.kill();
    assert!(record().contains("\nlock      b\n"), "{}", record());
    // As another owner, which holds `b`, would close the cycle.
    let next = a.acquire().unwrap();
    assert!(next.abandoned().is_some());
    assert!(!record().contains("wait token"), "{}", record());
    drop((next, held));
}

#[test]
fn a_cycle_over_two_folders_is_found_by_a_process_that_has_opened_one_of_them() {
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [one, other] = folders.each_ref().map(|folder| Locks::open(folder.path()).unwrap());
    let start = |number: usize, first, second| {
        let location = folders[number].path();
        Child::spawn(&Order::AcquireTwo { location, first, second }).after("held")
    };
    let (mut last, mut next) = (start(0, "a", "b"), start(1, "x", "y"));
    let hold = |held: Lock, wanted: Lock| {
        thread::spawn(move || {
            let _held = held.acquire()?;
            wanted.acquire().map(drop)
        })
    };
    let threads =
        [hold(lock(&one, "b"), lock(&other, "x")), hold(lock(&other, "y"), lock(&one, "a"))];
    let waits = |lock: &Lock| lock.holder().is_some_and(|holder| holder.waits_for().is_some());
    let held_by_threads = [lock(&one, "b"), lock(&other, "y")];
    wait_until("the threads wait", || held_by_threads.iter().all(waits));
    next.send("go on");
    wait_until("all others wait", || waits(&lock(&other, "x")));
    last.send("go on");
    assert_eq!(last.finish()[0], "deadlock, lost: false");
    assert_eq!(next.finish()[0], "both, lost: false");
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
}

/// The open file of the process at `path`, as a child of it would inherit it.
fn inherited_file(process: u32, path: &Path) -> OwnedFd {
    let folder = format!("/proc/{process}/fd");
    let mut open = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let is_it = |entry: &fs::DirEntry| fs::read_link(entry.path()).is_ok_and(|it| it == path);
    let number = open.find(is_it).unwrap().file_name().into_string().unwrap().parse().unwrap();
    let process = Pid::from_raw(process.try_into().unwrap()).unwrap();
    let process = rustix::process::pidfd_open(process, PidfdFlags::empty()).unwrap();
    rustix::process::pidfd_getfd(process, number, PidfdGetfdFlags::empty()).unwrap()
}

/// The system lists a holder that was killed for as long as others have the file open that it has locked.
#[test]
fn what_a_killed_process_has_waited_for_makes_no_cycle_while_its_lock_lasts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let locks = Locks::open(&path).unwrap();
    let (a, b) = (lock(&locks, "a"), lock(&locks, "b"));
    let held = b.acquire().unwrap();
    let order = Order::AcquireTwo { location: &path, first: "a", second: "b" };
    let mut child = Child::spawn(&order).after("held");
    child.send("go on");
    wait_until_owner_waits(&a);
    let inherited = File::from(inherited_file(child.id(), &path.join("a.lock")));
    let process = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    rustix::process::kill_process(process, Signal::KILL).unwrap();
    // The first thread may be gone before the others.
    let is_dead = |stat: String| stat.contains(") Z ");
    wait_until("all its threads are gone", || {
        let folder = Path::new("/proc").join(child.id().to_string());
        fs::read_to_string(folder.join("stat")).is_ok_and(is_dead)
            && fs::read_dir(folder.join("task")).is_ok_and(|threads| threads.count() == 1)
    });
    let error = a.timeout(Duration::from_millis(500)).acquire().unwrap_err();
    assert!(error.is_timeout(), "{error}");
    drop((inherited, held));
    assert!(a.acquire().unwrap().abandoned().is_some());
}
