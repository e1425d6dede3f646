//! Processes of this library, and `flock(1)`, in one folder.

use std::fs;
#[cfg(target_os = "linux")]
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use jam_lock::Lock;

use crate::{folder, lock};
use jam_lock_tests::child::Child;
#[cfg(target_os = "linux")]
use jam_lock_tests::child::try_in_child;
use jam_lock_tests::end::End;
use jam_lock_tests::order::Order;
use jam_lock_tests::output::printed;
#[cfg(target_os = "linux")]
use jam_lock_tests::{
    observe::{blocked_on, wait_until},
    output::run_to_end,
};

#[test]
fn eight_processes_lose_no_update_and_never_overlap() {
    let folder = folder();
    fs::write(folder.path().join("counter"), "0").unwrap();
    let counting = (0..8).map(|_| {
        let order = Order::Count { folder: folder.path(), name: "x", times: 400 };
        order.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    for process in counting.collect::<Vec<_>>() {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", printed(&output));
    }
    assert_eq!(fs::read_to_string(folder.path().join("counter")).unwrap(), "3200");
}

#[cfg(target_os = "linux")]
#[test]
fn copies_of_a_folder_in_use_change_nothing() {
    let (folder, data, copies) = (folder(), folder(), folder());
    fs::write(data.path().join("counter"), "0").unwrap();
    let order =
        Order::CountIn { folder: folder.path(), data: data.path(), name: "x", times: 1_000 };
    let mut counting = [(); 2].map(|()| order.command().stderr(Stdio::piped()).spawn().unwrap());
    wait_until("both are done", || {
        for tool in [
            "cat \"$0\"/*",
            "cp -a \"$0\" \"$1\"",
            "tar -cf \"$1\"/tar \"$0\"",
            "rsync -a \"$0\" \"$1\"",
        ] {
            let mut copy = Command::new("sh");
            copy.args(["-c", tool]).args([folder.path(), copies.path()]);
            // A file that changes while it is copied may be reported.
            run_to_end(&mut copy);
        }
        counting.iter_mut().all(|process| process.try_wait().unwrap().is_some())
    });
    for process in counting {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", printed(&output));
    }
    assert_eq!(fs::read_to_string(data.path().join("counter")).unwrap(), "2000");
    let guard = lock(folder.path(), "x").acquire().unwrap();
    assert!(guard.abandoned().is_none() && guard.record_error().is_none());
}

/// Checks that a waiting process acquires the lock while so many threads here call `act` with it
/// repeatedly.
fn assert_served_while(threads: usize, act: impl Fn(&Lock) + Sync) {
    let folder = folder();
    let lock = lock(folder.path(), "x");
    let guard = lock.acquire().unwrap();
    let mut child = Child::waiting(folder.path(), "x");
    drop(guard);
    let served = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !served.load(Ordering::SeqCst) {
                    act(&lock);
                }
            });
        }
        let _end = End(&served);
        assert_eq!(child.next_line(), "held");
        child.release();
    });
}

#[test]
fn a_waiting_process_is_served_while_threads_here_contend() {
    assert_served_while(4, |lock| drop(lock.acquire().unwrap()));
}

#[test]
fn a_waiting_process_is_served_while_a_thread_here_keeps_trying() {
    assert_served_while(1, |lock| {
        if let Ok(guard) = lock.try_acquire() {
            thread::sleep(Duration::from_millis(1));
            drop(guard);
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn flock_1_and_this_library_exclude_each_other() {
    let folder = folder();
    let path = folder.path().join("x.lock");
    let flock = |path| Command::new("flock").arg("-n").arg(path).arg("true").status();
    let guard = lock(folder.path(), "x").acquire().unwrap();
    assert_eq!(flock(&path).expect("util-linux has flock(1)").code(), Some(1));
    drop(guard);
    assert!(flock(&path).unwrap().success());

    let holder = Child::flock(&path, "-x");
    assert!(lock(folder.path(), "x").try_acquire().unwrap_err().is_timeout());
    holder.release();
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[cfg(target_os = "linux")]
#[test]
fn a_waiting_process_sleeps_until_the_lock_is_free() {
    let folder = folder();
    let holder = Child::holding(folder.path(), "x");
    let mut waiter = Child::waiting(folder.path(), "x");
    wait_until("it waits", || blocked_on(&folder.path().join("x.lock")) == 1);
    let before = times_slept(waiter.id());
    thread::sleep(Duration::from_secs(1));
    assert_eq!(times_slept(waiter.id()), before, "polling would have woken it");
    holder.release();
    assert_eq!(waiter.next_line(), "held");
}

/// How often the threads of a process that wait for locks have gone to sleep.
#[cfg(target_os = "linux")]
fn times_slept(process: u32) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let statuses = threads.filter_map(|it| fs::read_to_string(it.ok()?.path().join("status")).ok());
    let waiting = statuses.filter(|status| {
        ["Name:\tjam-lock wait\n", "Name:\tjam-lock polling\n"]
            .iter()
            .any(|it| status.starts_with(it))
    });
    let times: Vec<_> = waiting
        .flat_map(|status| status.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| line.starts_with("voluntary_ctxt_switches:"))
        .collect();
    assert!(!times.is_empty(), "no thread waits");
    times
}
