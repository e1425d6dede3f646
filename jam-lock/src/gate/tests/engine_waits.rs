//! Waits at the engine: started once, finished in any order, replaced, failed.

use super::*;
use crate::gate::parker::Parker;

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

#[test]
fn a_waiter_that_fails_while_it_is_polled_is_woken() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let parker = Arc::new(Parker::default());
    let waker = Waker::from(Arc::clone(&parker));
    let mut context = Context::from_waker(&waker);
    let mut task = Box::pin(scenario.gate.acquire_async(Mode::Exclusive, Deadline::Never));
    assert!(task.as_mut().poll(&mut context).is_pending());
    scenario.extend_handoff();
    scenario.gate.release_first().unwrap();
    parker.park(None);
    scenario.script().is_bound_to_owner = true;
    scenario.script().start_wait_fails = true;
    // The claim is returned, and the wait for it cannot be started.
    while task.as_mut().poll(&mut context).is_pending() {
        parker.park(Some(sync::now() + LONG));
    }
}
