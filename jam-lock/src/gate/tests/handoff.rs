//! The claim goes from holder to holder in this process, and is left to other processes in time.

use super::*;
use crate::gate::parker::Parker;
use crate::gate::state::{Attempt, Verdict, WaiterPoll};

#[test]
fn a_claim_stays_in_the_process_while_a_waiter_is_queued() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let waiter = scenario.queue(Deadline::Never);
    scenario.extend_handoff();
    scenario.gate.release_first().unwrap();
    waiter.result().unwrap();
    assert_eq!(scenario.count("release"), 0);
    assert_eq!(scenario.count("try_acquire"), 1);
}

#[test]
fn a_claim_is_returned_to_the_engine_after_the_time_of_hand_offs() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let waiter = scenario.queue(Deadline::Never);
    thread::sleep(Duration::from_millis(6));
    scenario.gate.release_first().unwrap();
    assert_eq!(scenario.count("release"), 1);
    assert!(waiter.still_waits());
    scenario.finish_wait(Ok(true));
    waiter.result().unwrap();
}

#[test]
fn a_process_that_acquires_again_and_again_yields() {
    let scenario = Scenario::new();
    scenario.gate.update(|state| {
        let start = Instant::now();
        loop {
            match state.try_acquire(&request(Mode::Exclusive)).unwrap() {
                Attempt::Granted(_) => state.release_first().unwrap(),
                Attempt::Undecided(Verdict::Yield(_)) => return,
                _ => panic!("nobody else is there"),
            }
            assert!(start.elapsed() < LONG, "it acquires the lock forever");
        }
    });
}

#[test]
fn a_head_that_was_overtaken_for_too_long_goes_first() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let request = request(Mode::Exclusive);
    // A head whose thread never runs.
    let head = scenario.enqueue(Mode::Exclusive, WaiterKind::Thread);
    scenario.extend_handoff();
    scenario.gate.update(|state| {
        state.release_first().unwrap();
        let attempt = state.try_acquire(&request).unwrap();
        assert!(matches!(attempt, Attempt::Granted(_)), "a running thread may go first");
        thread::sleep(Duration::from_micros(300));
        state.release_first().unwrap();
        let attempt = state.try_acquire(&request).unwrap();
        assert!(matches!(attempt, Attempt::Contended), "but not forever");
        assert!(matches!(state.poll_waiter(head), WaiterPoll::Granted(_)));
    });
}

#[test]
fn a_thread_that_begins_to_wait_wakes_the_one_that_is_next_if_sections_are_short() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let next = scenario.enqueue(Mode::Exclusive, WaiterKind::Thread);
    let parker = Arc::new(Parker::default());
    for is_short in [false, true] {
        scenario.gate.update(|state| {
            assert!(matches!(state.poll_waiter(next), WaiterPoll::Pending));
            state.set_waker(next, Some(Waker::from(Arc::clone(&parker))));
            state.set_section_short(is_short);
        });
        let later = scenario.enqueue(Mode::Exclusive, WaiterKind::Thread);
        assert_eq!(parker.park(Some(Instant::now())), is_short);
        scenario.gate.update(|state| state.cancel_waiter(later));
    }
    let polled = scenario.gate.update(|state| state.poll_waiter(next));
    assert!(matches!(polled, WaiterPoll::Pending), "the lock is held");
    scenario.gate.update(|state| state.cancel_waiter(next));
}

#[test]
fn a_thread_that_was_woken_early_behind_stalled_tasks_is_offered_the_lock() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    for mode in [Mode::Exclusive, Mode::Exclusive, Mode::Shared] {
        scenario.enqueue(mode, WaiterKind::Task);
    }
    let thread = scenario.enqueue(Mode::Exclusive, WaiterKind::Thread);
    scenario.extend_handoff();
    scenario.gate.release_first().unwrap();
    // The first task is passed over; the thread is woken with the others, which are passed over next.
    while scenario.gate.update(|state| state.passed_over()) < 3 {
        thread::yield_now();
    }
    let polled = scenario.gate.update(|state| state.poll_waiter(thread));
    assert!(matches!(polled, WaiterPoll::Granted(_)));
}
