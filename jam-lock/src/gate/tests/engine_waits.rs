//! Waits at the engine: started once, finished in any order, replaced, failed.

use super::*;

#[test]
fn a_try_that_is_refused_starts_no_wait() {
    let scenario = Scenario::held_elsewhere();
    assert!(scenario.try_acquire().unwrap_err().is_timeout());
    assert_eq!(scenario.script().calls, ["try_acquire"]);
}

#[test]
fn many_waiters_share_one_wait() {
    let scenario = Scenario::held_elsewhere();
    let waiters: Vec<_> = (0..5).map(|_| scenario.queue(Deadline::Never)).collect();
    assert_eq!(scenario.count("start_wait"), 1);
    scenario.script().held_elsewhere = false;
    scenario.finish_wait(Ok(true));
    for waiter in waiters {
        assert!(waiter.has_acquired());
        scenario.gate.release_first().unwrap();
        scenario.finish_all_waits();
    }
    assert!(!scenario.script().claimed);
}

#[test]
fn a_try_wins_against_a_wait_in_progress() {
    let scenario = Scenario::held_elsewhere();
    let waiter = scenario.queue(soon());
    assert!(waiter.result().unwrap_err().is_timeout());
    scenario.script().held_elsewhere = false;
    scenario.try_acquire().unwrap();
    scenario.finish_wait(Ok(true));
    assert!(scenario.script().claimed, "the end of the wait left the holder's claim alone");
    scenario.gate.release_first().unwrap();
}

#[test]
fn a_claim_that_was_lost_before_it_was_accepted_is_waited_for_again() {
    let scenario = Scenario::held_elsewhere();
    let waiter = scenario.queue(Deadline::Never);
    scenario.finish_wait(Ok(true));
    assert_eq!(scenario.count("start_wait"), 2);
    scenario.script().held_elsewhere = false;
    scenario.finish_wait(Ok(true));
    waiter.result().unwrap();
}

#[test]
fn a_new_waiter_replaces_a_wait_for_a_removed_file() {
    let scenario = Scenario::held_elsewhere();
    let first = scenario.queue(Deadline::Never);
    scenario.script().replaced = true;
    let second = scenario.queue(Deadline::Never);
    assert_eq!(scenario.count("start_wait"), 2);
    scenario.script().held_elsewhere = false;
    let replaced = scenario.script().waits.pop_front().unwrap();
    scenario.finish_wait(Ok(true));
    assert!(first.has_acquired(), "the head is served, whichever waiter replaced the wait");
    replaced.1(Ok(true));
    assert_eq!(scenario.count("discard"), 1);
    assert!(second.still_waits(), "a wait for a removed file grants nothing");
    scenario.gate.release_first().unwrap();
    scenario.finish_all_waits();
    second.result().unwrap();
}

#[test]
fn an_error_of_a_wait_goes_to_the_head_and_the_next_waiter_asks_again() {
    let scenario = Scenario::held_elsewhere();
    let first = scenario.queue(Deadline::Never);
    let second = scenario.queue(Deadline::Never);
    scenario.finish_wait(Err(an_error()));
    assert!(matches!(first.result(), Err(LockError::Io { .. })));
    scenario.script().held_elsewhere = false;
    scenario.finish_wait(Ok(true));
    second.result().unwrap();
}
