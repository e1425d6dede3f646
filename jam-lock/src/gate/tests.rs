//! The gate in front of an engine that follows a script.

mod cancel;
mod deadlines;
mod engine_waits;
mod handoff;
mod own_waits;
mod readers;
mod recording;
mod scenario;
mod scripted_engine;

use std::collections::VecDeque;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use self::scenario::{QueuedThread, Scenario};
use self::scripted_engine::{LONG, an_error};
use super::test_support::request;
use super::*;
use crate::timeout::Timeout;

/// A deadline that passes while the lock is held.
fn soon() -> Deadline {
    Timeout::from(Duration::from_millis(1)).deadline()
}

#[test]
fn a_free_lock_is_acquired_in_one_attempt_and_released() {
    let scenario = Scenario::new();
    assert_eq!(scenario.acquire().unwrap().waited, Duration::ZERO);
    scenario.gate.release_first().unwrap();
    assert_eq!(scenario.script().calls, ["try_acquire", "record_holder", "release"]);
}

#[test]
fn waiters_are_served_in_the_order_of_their_arrival() {
    let scenario = Scenario::held_elsewhere();
    let mut waiters: VecDeque<_> = (0..4).map(|_| scenario.queue(Deadline::Never)).collect();
    scenario.script().held_elsewhere = false;
    scenario.finish_wait(Ok(true));
    while let Some(first) = waiters.pop_front() {
        assert!(first.has_acquired());
        assert!(waiters.iter().all(QueuedThread::still_waits));
        scenario.gate.release_first().unwrap();
        scenario.finish_all_waits();
    }
}

#[test]
fn a_try_does_not_overtake_waiters() {
    let scenario = Scenario::held_elsewhere();
    let waiter = scenario.queue(Deadline::Never);
    scenario.script().held_elsewhere = false;
    assert!(scenario.try_acquire().unwrap_err().is_timeout());
    scenario.finish_wait(Ok(true));
    waiter.result().unwrap();
}

#[test]
fn a_task_that_was_passed_over_takes_its_turn_when_it_is_polled() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mut slow = Box::pin(scenario.gate.acquire_async(Mode::Exclusive, Deadline::Never));
    assert!(slow.as_mut().poll(&mut context).is_pending());
    scenario.extend_handoff();
    scenario.gate.release_first().unwrap();
    // The claim is kept for the task, and then returned.
    while scenario.script().claimed {
        thread::yield_now();
    }
    assert!(slow.as_mut().poll(&mut context).is_ready());
}

#[test]
fn tasks_that_are_never_polled_again_keep_a_thread_out_for_a_short_time_whatever_their_number() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mode = |number| if number % 2 == 0 { Mode::Exclusive } else { Mode::Shared };
    let mut forgotten: Vec<_> = (0..2_000)
        .map(|number| Box::pin(scenario.gate.acquire_async(mode(number), Deadline::Never)))
        .collect();
    for acquire in &mut forgotten {
        assert!(acquire.as_mut().poll(&mut context).is_pending());
    }
    let thread = scenario.queue(Deadline::Never);
    scenario.extend_handoff();
    let start = Instant::now();
    scenario.gate.release_first().unwrap();
    thread.result().unwrap();
    // Four rounds of 10 ms, and not one for each of them.
    assert!(start.elapsed() < Duration::from_secs(5), "it took {:?}", start.elapsed());
}

#[test]
fn a_waker_that_panics_keeps_no_other_from_being_woken() {
    struct Broken;

    impl Wake for Broken {
        fn wake(self: Arc<Self>) {
            panic!("this waker is broken, as it should be here");
        }
    }

    let scenario = Scenario::held_elsewhere();
    let broken = Waker::from(Arc::new(Broken));
    let mut reader = Box::pin(scenario.gate.acquire_async(Mode::Shared, Deadline::Never));
    assert!(reader.as_mut().poll(&mut Context::from_waker(&broken)).is_pending());
    let gate = Arc::clone(&scenario.gate);
    let another = thread::spawn(move || gate.acquire(Mode::Shared, Deadline::Never));
    while scenario.gate.queue_length() < 2 {
        thread::yield_now();
    }
    scenario.script().held_elsewhere = false;
    while !another.is_finished() {
        scenario.finish_all_waits();
        thread::yield_now();
    }
    another.join().unwrap().unwrap();
}

#[test]
fn an_error_on_release_is_reported_and_does_not_lock_the_next_out() {
    let scenario = Scenario::new();
    scenario.acquire().unwrap();
    scenario.script().release_fails = true;
    assert!(matches!(scenario.gate.release_first(), Err(LockError::Io { .. })));
    scenario.try_acquire().unwrap();
}

#[test]
fn threads_that_come_and_give_up_at_random_never_overlap() {
    let scenario = Scenario::new();
    let inside = Mutex::new(());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8_u64)
            .map(|thread| {
                let (scenario, inside) = (&scenario, &inside);
                scope.spawn(move || {
                    for round in 0..2_000 {
                        let limit = Timeout::from(Duration::from_micros((thread * 7 + round) % 50));
                        if scenario.gate.acquire(Mode::Exclusive, limit.deadline()).is_ok() {
                            drop(inside.try_lock().expect("nobody else is inside"));
                            scenario.gate.release_first().unwrap();
                        }
                    }
                })
            })
            .collect();
        // The scripted engine grants every wait at once.
        while !threads.iter().all(thread::ScopedJoinHandle::is_finished) {
            scenario.finish_all_waits();
            thread::yield_now();
        }
    });
}
