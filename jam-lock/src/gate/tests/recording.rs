//! What is recorded for other processes while threads of this one hand the lock to each other.

use super::*;
use crate::gate::state::WaiterPoll;

fn records(scenario: &Scenario) -> Vec<&'static str> {
    let calls = scenario.script().calls.clone();
    calls.into_iter().filter(|call| ["record_holder", "clear_holder"].contains(call)).collect()
}

#[test]
fn the_lock_is_recorded_as_unused_while_the_next_holder_wakes_up() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let next = scenario.enqueue(Mode::Exclusive, WaiterKind::Thread);
    scenario.extend_handoff();
    thread::sleep(Duration::from_millis(1));
    scenario.gate.release_first().unwrap();
    assert_eq!(records(&scenario), ["record_holder", "clear_holder"]);
    scenario.gate.update(|state| state.cancel_waiter(next));
}

#[test]
fn the_lock_is_not_recorded_as_unused_while_the_next_holder_is_running() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let next = scenario.enqueue(Mode::Exclusive, WaiterKind::Thread);
    scenario.extend_handoff();
    scenario.gate.release_first().unwrap();
    scenario.acquire().unwrap();
    scenario.script().calls.clear();
    scenario.gate.update(|state| {
        assert!(matches!(state.poll_waiter(next), WaiterPoll::Pending), "it was woken in vain");
        state.set_waker(next, Some(Waker::noop().clone()));
        state.extend_spin(LONG);
    });
    thread::sleep(Duration::from_millis(1));
    scenario.gate.release_first().unwrap();
    assert_eq!(records(&scenario), [""; 0]);
    scenario.gate.update(|state| state.cancel_waiter(next));
}

#[test]
fn every_holder_is_recorded() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let waiter = scenario.queue(Deadline::Never);
    scenario.extend_handoff();
    thread::sleep(Duration::from_millis(1));
    scenario.gate.release_first().unwrap();
    waiter.result().unwrap();
    assert_eq!(records(&scenario), ["record_holder", "clear_holder", "record_holder"]);
}

#[test]
fn an_abandoned_lock_is_not_recorded_as_unused() {
    let scenario = Scenario::new();
    let number = scenario.acquire().unwrap().number;
    let next = scenario.enqueue(Mode::Exclusive, WaiterKind::Thread);
    scenario.extend_handoff();
    thread::sleep(Duration::from_millis(1));
    let released = scenario.gate.release(number, Outcome::Abandoned);
    released.expect("no other guard shares it").unwrap();
    assert!(matches!(
        scenario.gate.update(|state| state.poll_waiter(next)),
        WaiterPoll::Granted(grant) if grant.recorded.abandoned_by.is_some()
    ));
    assert_eq!(records(&scenario), ["record_holder", "record_holder"]);
}

#[test]
fn a_holder_whose_record_is_slow_is_recorded_while_it_wakes_up_and_only_once() {
    let scenario = Scenario::held_elsewhere();
    scenario.script().records_slowly = true;
    for gives_up in [false, true] {
        let waiter = scenario.enqueue(Mode::Exclusive, WaiterKind::Thread);
        scenario.script().held_elsewhere = false;
        scenario.script().calls.clear();
        scenario.finish_wait(Ok(true));
        assert_eq!(records(&scenario), ["record_holder"]);
        if gives_up {
            scenario.gate.update(|state| state.cancel_waiter(waiter));
        } else {
            let polled = scenario.gate.update(|state| state.poll_waiter(waiter));
            assert!(matches!(polled, WaiterPoll::Granted(_)));
            scenario.gate.release_first().unwrap();
        }
        assert_eq!(scenario.script().calls, ["accept", "record_holder", "release"]);
        scenario.script().held_elsewhere = true;
    }
}
