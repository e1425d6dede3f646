//! `jam-lock run` is killed, and its command goes on.

use jam_lock_tests::child::try_in_child;
use jam_lock_tests::observe::{children, wait_until};
use rustix::process::{Signal, test_kill_process};

use crate::{HOLD, folder, holding, process_id, run, send, stderr};

#[test]
fn a_command_that_goes_on_keeps_the_lock() {
    for options in [&[][..], &["--shared"], &["--descendants"]] {
        let folder = folder();
        let mut child = holding(folder.path(), options, HOLD);
        send(child.id(), Signal::KILL);
        child.status();
        assert!(try_in_child(folder.path(), "x").contains("is already held"), "{options:?}");
        // The script ends at the end of its input.
        assert!(child.close().ends_with("released"));
        wait_until("the lock is free", || try_in_child(folder.path(), "x") == "acquired");
    }
}

#[test]
fn the_lock_is_abandoned_once_the_command_has_ended() {
    let folder = folder();
    holding(folder.path(), &[], HOLD).kill();
    let text = stderr(&run(folder.path(), &["x", "-t60", "true"]));
    assert!(text.contains("died inside: `sh -c echo held; "), "{text}");
}

#[test]
fn its_listener_for_signals_is_killed_with_it() {
    let folder = folder();
    let mut child = holding(folder.path(), &[], HOLD);
    let [listener, _] = children(child.id())[..] else { panic!("a listener and the command") };
    send(child.id(), Signal::KILL);
    child.status();
    wait_until("the listener is gone", || test_kill_process(process_id(listener)).is_err());
}
