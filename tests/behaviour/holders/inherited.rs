//! Holders that have not locked the file themselves: they have it open, as a shell that runs `flock(1)`, or
//! as a child that a holder has left behind.

use std::path::Path;
use std::process::Command;

use jam_lock::{Holder, Locks};

use super::holder;
use crate::{folder, lock};
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;

/// A shell that locks the file by its descriptor, starts a child that inherits it, and holds it until its
/// input ends.
fn shell(folder: &Path) -> Child {
    let script = "exec 9>>x.lock; flock 9; sleep 1000 & echo held; cat; kill $!; echo released";
    Child::start(Command::new("bash").args(["-c", script]).current_dir(folder)).after("held")
}

fn wait_until_named(folder: &Path, process: u32) -> Holder {
    let lock = lock(folder, "x");
    wait_until("it is named", || holder(&lock).is_some_and(|it| it.process() == Some(process)));
    holder(&lock).expect("it holds the lock")
}

#[test]
fn a_shell_that_locks_by_descriptor_is_named_and_not_its_child() {
    let folder = folder();
    let shell = shell(folder.path());
    assert_eq!(wait_until_named(folder.path(), shell.id()).program(), Some("bash"));
    let listed = Locks::open(folder.path()).unwrap().list().unwrap();
    assert_eq!(listed[0].holder().and_then(Holder::process), Some(shell.id()));
    shell.release();
}

#[test]
fn a_child_that_a_holder_left_behind_is_named() {
    let folder = folder();
    let mut command = Command::new("flock");
    command.arg(folder.path().join("x.lock")).args(["sh", "-c", "echo $$; cat; echo released"]);
    let mut flock = Child::start(&mut command);
    let left_behind = flock.next_line().parse().unwrap();
    let killed = Command::new("kill").args(["-KILL", &flock.id().to_string()]).status().unwrap();
    assert!(killed.success() && !flock.status().success());
    wait_until_named(folder.path(), left_behind);
    assert_eq!(flock.close(), "released");
}

#[test]
fn a_grandchild_whose_parents_have_ended_is_named_and_not_a_recorded_holder_that_died() {
    let folder = folder();
    Child::holding(folder.path(), "x").kill();
    let grandchild = "echo $$; read line; echo released";
    let script = format!("exec 8<&0 9>>x.lock; flock 9; (bash -c '{grandchild}' <&8 &)");
    let mut shell = Command::new("bash");
    let mut shell = Child::start(shell.args(["-c", &script]).current_dir(folder.path()));
    let grandchild = shell.next_line().parse().unwrap();
    assert!(shell.status().success());
    wait_until_named(folder.path(), grandchild);
    assert_eq!(shell.close(), "released");
}

#[test]
fn a_child_that_inherits_a_removed_file_is_not_named_as_the_holder_of_the_new_one() {
    let folder = folder();
    let shell = shell(folder.path());
    std::fs::remove_file(folder.path().join("x.lock")).unwrap();
    let other = Child::flock(&folder.path().join("x.lock"), "-x");
    assert_eq!(holder(&lock(folder.path(), "x")).and_then(|it| it.process()), Some(other.id()));
    shell.release();
}
