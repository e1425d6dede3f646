//! A forked child shares the open files of its parent, and none of its locks.

use std::process::{Command, Stdio};

use crate::{folder, lock};
use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::order::{ForkAction, Order};
#[cfg(target_os = "linux")]
use jam_lock_tests::program::program;
#[cfg(target_os = "linux")]
use jam_lock_tests::requirements::container;

/// The output of a forked child that does `action` with the lock `x`, which its parent keeps
/// holding.
fn child(action: ForkAction) -> String {
    let folder = folder();
    let order = Order::Fork { location: folder.path(), name: "x", action };
    let mut parent = Child::start(order.command().stderr(Stdio::null()));
    let mut printed = Vec::new();
    loop {
        match parent.next_line() {
            line if line == "held" => break,
            line => printed.push(line),
        }
    }
    let others = try_in_child(folder.path(), "x");
    assert!(others.contains("is already held"), "{others}");
    parent.release();
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
    printed.join("\n")
}

#[test]
fn a_child_that_drops_the_guard_leaves_the_lock_alone() {
    assert_eq!(child(ForkAction::Drop), "");
}

#[test]
fn a_child_that_exits_leaves_the_lock_alone() {
    assert_eq!(child(ForkAction::Exit), "");
}

#[test]
fn a_child_that_panics_leaves_the_lock_alone() {
    assert_eq!(child(ForkAction::Panic), "");
}

#[test]
fn a_child_that_releases_the_guard_gets_an_error() {
    assert!(child(ForkAction::Release).contains("cannot be used in its forked child"));
}

#[test]
fn a_child_cannot_acquire_a_lock_that_it_inherited() {
    assert!(child(ForkAction::Acquire).contains("cannot be used in its forked child"));
}

#[test]
fn a_child_cannot_reenter_a_lock_that_its_parent_holds() {
    assert!(child(ForkAction::AcquireReentrantly).contains("cannot be used in its forked child"));
}

#[test]
fn a_child_cannot_use_inherited_locks_for_another_name_either() {
    assert!(child(ForkAction::AcquireAnother).contains("cannot be used in its forked child"));
}

#[test]
fn a_child_that_opens_the_locks_anew_excludes_its_parent_and_is_excluded() {
    assert!(child(ForkAction::OpenAnew).contains("is already held"));
}

#[test]
fn a_child_of_a_thread_that_has_used_locks_does_not_deadlock_with_itself() {
    let folder = folder();
    let mut parent = Child::spawn(&Order::ForkAfterRelease { folder: folder.path(), name: "x" });
    let printed = parent.next_line();
    assert!(printed.contains("would deadlock"), "{printed}");
    // The lock that the thread has acquired in the child counts there, until another thread drops it.
    assert_eq!(parent.next_line(), "acquired");
}

#[test]
fn a_child_that_outlives_its_parent_keeps_the_lock_until_it_exits() {
    let folder = folder();
    let action = ForkAction::OutliveParent;
    let mut parent = Child::spawn(&Order::Fork { location: folder.path(), name: "x", action });
    assert_eq!(parent.next_line(), "the parent is dead");
    assert!(try_in_child(folder.path(), "x").contains("the timeout is 0"));
    parent.close();
    wait_until("the lock is free", || try_in_child(folder.path(), "x") == "acquired");
}

#[test]
fn a_child_that_opens_the_locks_anew_does_not_wait_for_threads_of_its_parent() {
    let folder = folder();
    let mut parent = Child::spawn(&Order::ForkWhileBusy { folder: folder.path(), times: 300 });
    assert_eq!(parent.next_line(), "all children have acquired the lock");
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_in_another_container_is_not_mistaken_for_its_parent() {
    let Some(container) = container() else { return };
    let folder = folder();
    let order = Order::ForkIntoContainer { folder: folder.path(), name: "x" };
    let mut command = Command::new(container[0]);
    command.args(&container[1..]).arg(program()).args(order.to_arguments());
    let mut parent = Child::start(&mut command);
    let printed = parent.next_line();
    assert!(
        printed.starts_with("1 in ") && printed.contains("cannot be used in its forked child"),
        "{printed}"
    );
    assert_eq!(parent.next_line(), "1 held");
    let others = try_in_child(folder.path(), "x");
    assert!(others.contains("is already held"), "{others}");
    parent.release();
}

#[cfg(target_os = "linux")]
#[test]
fn spawning_children_does_not_delay_a_release() {
    use std::fs::File;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use jam_lock_tests::end::End;
    use rustix::fs::{FlockOperation, flock};

    let folder = folder();
    let lock = lock(folder.path(), "x");
    drop(lock.acquire().unwrap());
    let rival = File::open(folder.path().join("x.lock")).unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                Command::new("true").status().unwrap();
            }
        });
        let _end = End(&is_over);
        for _ in 0..5000 {
            lock.acquire().unwrap().release().unwrap();
            let taken = flock(&rival, FlockOperation::NonBlockingLockExclusive);
            flock(&rival, FlockOperation::Unlock).unwrap();
            taken.expect("it was released");
        }
    });
}
