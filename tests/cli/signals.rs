//! Signals: they are passed on to the command once, and end a wait.

use std::ffi::OsStr;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::Command;

use jam_lock_tests::child::{Child, try_in_child};
use jam_lock_tests::observe::{blocked_on, children, wait_until};
use rustix::process::{Signal, kill_process_group};

use crate::{command, folder, holding, process_id, send, start_piped};

/// A script for bash that prints the signals that it gets. Not while it reads: a signal that arrives
/// just before a read(2) would be printed after it.
const LISTEN: &str = "
for signal in HUP INT QUIT TERM USR1 USR2 ALRM VTALRM PROF IO WINCH CONT; do
    trap \"echo $signal\" $signal
done
echo held
while sleep 0.01; :; do
    if read -t 0; then read -r line || break; echo \"$line\"; fi
done
echo released";

const SIGNALS: [(Signal, &str); 12] = [
    (Signal::HUP, "HUP"),
    (Signal::INT, "INT"),
    (Signal::QUIT, "QUIT"),
    (Signal::TERM, "TERM"),
    (Signal::USR1, "USR1"),
    (Signal::USR2, "USR2"),
    (Signal::ALARM, "ALRM"),
    (Signal::VTALARM, "VTALRM"),
    (Signal::PROF, "PROF"),
    (Signal::IO, "IO"),
    (Signal::WINCH, "WINCH"),
    (Signal::CONT, "CONT"),
];

/// Starts [`LISTEN`] in a process group of its own, by a command that is run by `wrapper`.
fn listening(folder: &Path, wrapper: &[&str]) -> Child {
    let inner = command(folder);
    let mut words = wrapper.iter().map(OsStr::new).chain([inner.get_program()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(inner.get_args());
    command.args(["run", "x", "--", "bash", "-c", LISTEN]);
    Child::start(command.process_group(0)).after("held")
}

/// Sends each signal by `send_all`, and asserts that the script gets each one once.
fn assert_each_is_received_once(send_all: impl Fn(u32, Signal)) {
    let folder = folder();
    let mut child = listening(folder.path(), &[]);
    let jam_lock = child.id();
    assert_is_passed_on(&mut child, jam_lock, Signal::USR2, "USR2");
    for (signal, name) in SIGNALS {
        send_all(jam_lock, signal);
        assert_eq!(child.next_line(), name);
        // A second one would be passed on before another signal, and printed before another line.
        if name == "USR2" {
            assert_is_passed_on(&mut child, jam_lock, Signal::USR1, "USR1");
        } else {
            assert_is_passed_on(&mut child, jam_lock, Signal::USR2, "USR2");
        }
        child.send("more");
        assert_eq!(child.next_line(), "more", "after {name}");
    }
    child.release();
}

fn assert_is_passed_on(child: &mut Child, jam_lock: u32, signal: Signal, name: &str) {
    send(jam_lock, signal);
    assert_eq!(child.next_line(), name);
}

#[test]
fn a_signal_to_jam_lock_alone_is_passed_on_once() {
    assert_each_is_received_once(send);
}

#[test]
fn a_signal_to_the_process_group_reaches_the_command_once() {
    assert_each_is_received_once(|jam_lock, signal| {
        kill_process_group(process_id(jam_lock), signal).unwrap();
    });
}

#[test]
fn a_signal_to_each_process_as_of_a_service_reaches_the_command_once() {
    assert_each_is_received_once(|jam_lock, signal| {
        send(jam_lock, signal);
        for process in children(jam_lock) {
            send(process, signal);
        }
    });
}

#[test]
fn a_signal_that_timeout_1_passes_on_reaches_the_command_once() {
    let folder = folder();
    let mut child = listening(folder.path(), &["timeout", "1000"]);
    let [jam_lock] = children(child.id())[..] else { panic!("`timeout` has one child") };
    assert_is_passed_on(&mut child, jam_lock, Signal::USR2, "USR2");
    // It sends the signal to its child, and then to its process group, and continues both.
    send(child.id(), Signal::TERM);
    let mut lines = vec![child.next_line(), child.next_line()];
    assert_is_passed_on(&mut child, jam_lock, Signal::USR2, "USR2");
    lines.sort();
    assert_eq!(lines, ["CONT", "TERM"]);
}

#[test]
fn a_command_killed_by_a_passed_on_signal_kills_jam_lock_too() {
    let folder = folder();
    let mut child = holding(folder.path(), &[], "echo held; exec sleep 1000");
    send(child.id(), Signal::TERM);
    assert_eq!(child.status().signal(), Some(Signal::TERM.as_raw()));
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn a_signal_ends_a_wait_and_nothing_is_left_behind() {
    let folder = folder();
    let holds = Child::holding(folder.path(), "x");
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let waiting = start_piped(command(folder.path()).args(["run", "x", "true"]));
        wait_until("it waits", || blocked_on(&folder.path().join("x.lock")) == 1);
        send(waiting.id(), signal);
        let status = waiting.wait_with_output().unwrap().status;
        assert_eq!(status.signal(), Some(signal.as_raw()));
        assert_eq!(blocked_on(&folder.path().join("x.lock")), 0);
    }
    holds.release();
    assert_eq!(try_in_child(folder.path(), "x"), "acquired");
}

#[test]
fn a_stop_signal_stops_the_command_too_and_both_continue() {
    let folder = folder();
    let mut command = command(folder.path());
    command.args(["run", "x", "--", "sh", "-c", "echo held; echo $$; cat; echo released"]);
    // The kernel stops a process group only if a process of another group can continue it.
    let mut child = Child::start(command.process_group(0)).after("held");
    let started = child.next_line();
    let state = |process: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        stat.rsplit_once(") ").unwrap().1.chars().next().unwrap()
    };
    let own = child.id().to_string();
    send(child.id(), Signal::TSTP);
    wait_until("both have stopped", || state(&started) == 'T' && state(&own) == 'T');
    send(child.id(), Signal::CONT);
    wait_until("both continue", || state(&started) != 'T' && state(&own) != 'T');
    child.release();
}
