//! A fork shares the open files of its parent, and none of its locks.

use std::process::{Command, Stdio};

use crate::{folder, lock};
use jam_lock_tests::peers::{Peer, attempt, peer, until};

/// What a child says that does `what` with the lock `x` of its parent, which then still holds it.
fn child(what: &str) -> String {
    let folder = folder();
    let mut order = peer();
    order.arg("fork").arg(folder.path()).args(["x", what]).stderr(Stdio::null());
    let mut parent = Peer::start(&mut order);
    let mut said = Vec::new();
    loop {
        match parent.answer() {
            line if line == "held" => break,
            line => said.push(line),
        }
    }
    let others = attempt(folder.path(), "x");
    assert!(others.contains("is already held"), "{others}");
    parent.release();
    assert_eq!(attempt(folder.path(), "x"), "acquired");
    said.join("\n")
}

#[test]
fn a_child_that_drops_the_guard_leaves_the_lock_alone() {
    assert_eq!(child("drop"), "");
}

#[test]
fn a_child_that_exits_leaves_the_lock_alone() {
    assert_eq!(child("exit"), "");
}

#[test]
fn a_child_that_panics_leaves_the_lock_alone() {
    assert_eq!(child("panic"), "");
}

#[test]
fn a_child_that_releases_the_guard_is_told_that_it_is_its_parents() {
    assert!(child("release").contains("cannot be used in its forked child"));
}

#[test]
fn a_child_cannot_acquire_what_it_inherited() {
    assert!(child("acquire").contains("cannot be used in its forked child"));
}

#[test]
fn a_child_cannot_enter_again_what_its_parent_holds() {
    assert!(child("acquire again").contains("cannot be used in its forked child"));
}

#[test]
fn a_child_cannot_use_inherited_locks_for_another_name_either() {
    assert!(child("lock another").contains("cannot be used in its forked child"));
}

#[test]
fn a_child_that_opens_the_locks_anew_excludes_its_parent_and_is_excluded() {
    assert!(child("open anew").contains("is already held"));
}

#[test]
fn a_child_of_a_thread_that_has_used_locks_does_not_wait_for_itself() {
    let folder = folder();
    let mut parent = Peer::start(peer().arg("fork after release").arg(folder.path()).arg("x"));
    let said = parent.answer();
    assert!(said.contains("would deadlock"), "{said}");
    // What the thread has acquired in the child counts there, until another thread drops it.
    assert_eq!(parent.answer(), "acquired");
}

#[test]
fn a_child_that_outlives_its_parent_keeps_the_lock_until_it_ends() {
    let folder = folder();
    let mut parent = Peer::start(peer().arg("fork").arg(folder.path()).args(["x", "outlive"]));
    assert_eq!(parent.answer(), "the parent is dead");
    assert!(attempt(folder.path(), "x").contains("the timeout is 0"));
    parent.close();
    until("the lock is free", || attempt(folder.path(), "x") == "acquired");
}

#[test]
fn a_child_that_opens_the_locks_anew_waits_for_no_thread_of_its_parent() {
    let folder = folder();
    let mut parent = Peer::start(peer().arg("fork while busy").arg(folder.path()).arg("300"));
    assert_eq!(parent.answer(), "all children have had the lock");
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_in_another_container_is_not_taken_for_its_parent() {
    let Some(container) = jam_lock_tests::peers::container() else { return };
    let folder = folder();
    let mut order = Command::new(container[0]);
    order.args(&container[1..]).arg(jam_lock_tests::peers::program());
    order.arg("fork into another container").arg(folder.path()).arg("x");
    let mut parent = Peer::start(&mut order);
    let said = parent.answer();
    assert!(
        said.starts_with("1 in ") && said.contains("cannot be used in its forked child"),
        "{said}"
    );
    assert_eq!(parent.answer(), "1 held");
    let others = attempt(folder.path(), "x");
    assert!(others.contains("is already held"), "{others}");
    parent.release();
}

#[cfg(target_os = "linux")]
#[test]
fn children_that_are_being_spawned_do_not_prolong_a_lock() {
    use std::fs::File;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

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
        for _ in 0..5000 {
            lock.acquire().unwrap().release().unwrap();
            let taken = flock(&rival, FlockOperation::NonBlockingLockExclusive);
            flock(&rival, FlockOperation::Unlock).unwrap();
            if taken.is_err() {
                is_over.store(true, Ordering::Relaxed);
            }
            taken.expect("nobody holds it any more");
        }
        is_over.store(true, Ordering::Relaxed);
    });
}
