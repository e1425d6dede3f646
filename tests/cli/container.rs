//! `jam-lock run` as the first process of a container, which has to reap orphans, and which signals without
//! a handler do not end.

use std::path::Path;
use std::process::Command;

use jam_lock_tests::child::Child;
use jam_lock_tests::observe::children;
use jam_lock_tests::requirements::container;
use rustix::process::Signal;

use crate::{folder, send};

/// Starts a shell script under the lock in a container, and waits until it prints `held`.
fn holding_in_container(folder: &Path, script: &str) -> Option<Child> {
    let container = container()?;
    let mut command = Command::new("env");
    command.arg("--default-signal").args(container).arg(env!("CARGO_BIN_EXE_command"));
    command.arg("--locks").arg(folder).args(["run", "x", "--", "sh", "-c", script]);
    Some(Child::start(&mut command).after("held"))
}

/// Sends a signal to the first process of the container.
fn send_to_jam_lock(child: &Child, signal: Signal) {
    let [jam_lock] = children(child.id())[..] else { panic!("`unshare` has one child") };
    send(jam_lock, signal);
}

#[test]
fn a_command_killed_by_a_signal_makes_the_status_that_shells_show() {
    let folder = folder();
    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 129)] {
        let script = "echo held; exec sleep 1000";
        let Some(mut child) = holding_in_container(folder.path(), script) else { return };
        send_to_jam_lock(&child, signal);
        assert_eq!(child.status().code(), Some(status));
    }
}

#[test]
fn a_signal_is_passed_on_to_a_command_that_handles_it() {
    let folder = folder();
    let script = "trap 'echo TERM; exit 7' TERM; echo held; while :; do sleep 0.01; done";
    let Some(mut child) = holding_in_container(folder.path(), script) else { return };
    send_to_jam_lock(&child, Signal::TERM);
    assert_eq!(child.next_line(), "TERM");
    assert_eq!(child.status().code(), Some(7));
}

#[test]
fn orphans_are_reaped() {
    let folder = folder();
    // It is a child of the first process once its parent has exited, and there until it is reaped.
    let script = "orphan=$(sh -c 'sleep 0.1 >/dev/null & echo $!'); echo held
        for _ in $(seq 6000); do [ -e /proc/$orphan ] || exec echo reaped; sleep 0.01; done";
    let Some(mut child) = holding_in_container(folder.path(), script) else { return };
    assert_eq!(child.next_line(), "reaped");
}
