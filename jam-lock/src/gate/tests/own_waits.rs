//! Waiters that need a wait of their own at the engine, because they have other locks there.

use std::task::Waker;

use super::*;
use crate::gate::state::WaiterPoll;
use crate::gate::wait_queue::Ticket;

fn a_deadlock() -> LockError {
    let name = LockName::declared("scripted", "lock", 0);
    LockError::Deadlock { name: Box::new(name), location: String::new(), cycle: Vec::new() }
}

/// Whether a waiter goes on waiting when it is polled.
fn is_pending(scenario: &Scenario, ticket: Ticket) -> bool {
    scenario.gate.update(|state| {
        let is_pending = matches!(state.poll_waiter(ticket), WaiterPoll::Pending);
        if is_pending {
            state.set_waker(ticket, Some(Waker::noop().clone()));
        }
        is_pending
    })
}

#[test]
fn one_behind_a_holder_of_this_process_has_a_wait_and_learns_of_a_deadlock() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let other = scenario.queue(Deadline::Never);
    let nested = scenario.queue_nested(Mode::Exclusive, Deadline::Never);
    assert_eq!(scenario.count("start_wait"), 1);
    scenario.finish_wait(Err(a_deadlock()));
    assert!(matches!(nested.result(), Err(LockError::Deadlock { .. })));
    assert!(other.still_waits());
    scenario.extend_handoff();
    scenario.gate.release_first().unwrap();
    other.result().unwrap();
}

#[test]
fn one_behind_a_waiter_of_this_process_has_a_wait() {
    let scenario = Scenario::held_elsewhere();
    let first = scenario.queue(Deadline::Never);
    let nested = scenario.queue_nested(Mode::Exclusive, Deadline::Never);
    assert_eq!(scenario.count("start_wait"), 2);
    scenario.script().held_elsewhere = false;
    scenario.finish_wait(Ok(true));
    first.result().unwrap();
    assert!(nested.still_waits());
}

#[test]
fn one_whose_wait_is_granted_goes_before_the_head() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let first = scenario.queue(Deadline::Never);
    let nested = scenario.queue_nested(Mode::Exclusive, Deadline::Never);
    // Longer than the time for hand-offs, so that the claim is returned to the engine.
    thread::sleep(Duration::from_millis(6));
    scenario.gate.release_first().unwrap();
    assert_eq!(scenario.count("start_wait"), 2);
    scenario.finish_wait(Ok(true));
    nested.result().unwrap();
    assert!(first.still_waits());
    scenario.gate.release_first().unwrap();
    scenario.finish_wait(Ok(true));
    first.result().unwrap();
}

#[test]
fn the_head_does_not_take_a_claim_that_another_waiters_own_wait_has_acquired() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let head = scenario.enqueue(Mode::Exclusive, WaiterKind::Thread);
    let nested = scenario.queue_nested(Mode::Exclusive, Deadline::Never);
    thread::sleep(Duration::from_millis(6));
    scenario.gate.release_first().unwrap();
    assert!(is_pending(&scenario, head));
    scenario.finish_wait(Ok(true));
    assert!(is_pending(&scenario, head));
    nested.result().unwrap();
}

#[test]
fn one_whose_wait_is_granted_does_not_wait_a_second_time() {
    let scenario = Scenario::held_elsewhere();
    let granted = scenario.enqueue_nested(Mode::Exclusive, WaiterKind::Thread);
    scenario.script().held_elsewhere = false;
    scenario.finish_wait(Ok(true));
    let _later = scenario.enqueue_nested(Mode::Exclusive, WaiterKind::Thread);
    assert_eq!(scenario.count("start_wait"), 2);
    assert!(!is_pending(&scenario, granted));
}

#[test]
fn the_idle_claim_is_returned_if_no_waiter_that_is_woken_can_use_it() {
    let scenario = Scenario::held_elsewhere();
    let reader = scenario.enqueue(Mode::Shared, WaiterKind::Thread);
    let task = scenario.enqueue(Mode::Exclusive, WaiterKind::Task);
    let nested = scenario.enqueue_nested(Mode::Shared, WaiterKind::Thread);
    scenario.gate.update(|state| {
        state.skip_waiter(reader);
        state.skip_waiter(task);
    });
    scenario.script().held_elsewhere = false;
    scenario.finish_wait(Ok(true));
    assert!(is_pending(&scenario, task));
    scenario.script().is_bound_to_owner = true;
    assert!(is_pending(&scenario, nested));
    assert_eq!(scenario.count("release"), 1);
}

#[test]
fn one_that_gives_up_cancels_its_wait() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let nested = scenario.queue_nested(Mode::Exclusive, soon());
    assert!(nested.result().unwrap_err().is_timeout());
    assert_eq!(scenario.script().cancelled.len(), 1);
    scenario.finish_wait(Ok(false));
    scenario.gate.release_first().unwrap();
    assert_eq!(scenario.count("start_wait"), 1);
}

#[test]
fn one_behind_a_lost_claim_waits_again_once_that_is_released() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let nested = scenario.queue_nested(Mode::Exclusive, Deadline::Never);
    scenario.script().is_lost = true;
    scenario.finish_wait(Ok(true));
    assert_eq!((scenario.count("discard"), scenario.count("start_wait")), (1, 1));
    assert!(nested.still_waits());
    scenario.gate.release_first().unwrap();
    assert_eq!(scenario.count("start_wait"), 2);
    scenario.script().is_lost = false;
    scenario.finish_wait(Ok(true));
    nested.result().unwrap();
}

#[test]
fn a_reader_that_the_engine_lets_in_joins_the_readers_here() {
    let scenario = Scenario::new();
    scenario.gate.acquire(Mode::Shared, Deadline::Never).unwrap();
    let writer = scenario.queue(Deadline::Never);
    let nested = scenario.queue_nested(Mode::Shared, Deadline::Never);
    scenario.finish_wait(Ok(true));
    nested.result().unwrap();
    assert!(writer.still_waits());
    assert_eq!(scenario.count("discard"), 1);
}

#[test]
fn one_that_has_failed_learns_of_it_after_it_was_passed_over() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let ticket = scenario.enqueue_nested(Mode::Exclusive, WaiterKind::Task);
    scenario.finish_wait(Err(a_deadlock()));
    scenario.gate.update(|state| {
        state.skip_waiter(ticket);
        assert!(matches!(state.poll_waiter(ticket), WaiterPoll::Failed(_)));
    });
}
