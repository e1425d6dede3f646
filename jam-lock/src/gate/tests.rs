//! The gate before an engine that does what a test tells it.

mod deadlines;
mod giving_up;
mod readers;
mod recording;
mod scripted_engine;

use std::collections::VecDeque;
use std::task::{Context, Wake, Waker};
use std::thread;

use self::scripted_engine::{LONG, Queued, Stage, trouble};
use super::state::{Taken, Turn};
use super::test_support::asked;
use super::*;
use crate::timeout::Timeout;

/// A deadline that passes while the lock is held.
fn soon() -> Deadline {
    Timeout::from(Duration::from_millis(1)).deadline()
}

#[test]
fn a_free_lock_is_taken_in_one_attempt_and_given_back() {
    let stage = Stage::new();
    assert_eq!(stage.acquire().unwrap().waited, Duration::ZERO);
    stage.gate.release_first().unwrap();
    assert_eq!(stage.script().calls, ["try_acquire", "record_holder", "release"]);
}

#[test]
fn a_try_that_is_refused_starts_no_pursuit() {
    let stage = Stage::held_elsewhere();
    assert!(stage.try_acquire().unwrap_err().is_timeout());
    assert_eq!(stage.script().calls, ["try_acquire"]);
}

#[test]
fn many_waiters_share_one_pursuit() {
    let stage = Stage::held_elsewhere();
    let waiters: Vec<_> = (0..5).map(|_| stage.queue(Deadline::Never)).collect();
    assert_eq!(stage.count("start_wait"), 1);
    stage.script().held_elsewhere = false;
    stage.bring_home(Ok(true));
    for waiter in waiters {
        assert!(waiter.has_it());
        stage.gate.release_first().unwrap();
        stage.bring_all_home();
    }
    assert!(!stage.script().claimed);
}

#[test]
fn waiters_are_served_in_the_order_in_which_they_came() {
    let stage = Stage::held_elsewhere();
    let mut waiters: VecDeque<_> = (0..4).map(|_| stage.queue(Deadline::Never)).collect();
    stage.script().held_elsewhere = false;
    stage.bring_home(Ok(true));
    while let Some(first) = waiters.pop_front() {
        assert!(first.has_it());
        assert!(waiters.iter().all(Queued::still_waits));
        stage.gate.release_first().unwrap();
        stage.bring_all_home();
    }
}

#[test]
fn a_try_does_not_overtake_those_who_wait() {
    let stage = Stage::held_elsewhere();
    let waiter = stage.queue(Deadline::Never);
    stage.script().held_elsewhere = false;
    assert!(stage.try_acquire().unwrap_err().is_timeout());
    stage.bring_home(Ok(true));
    waiter.result().unwrap();
}

#[test]
fn a_try_wins_against_a_pursuit_that_is_not_home_yet() {
    let stage = Stage::held_elsewhere();
    let waiter = stage.queue(soon());
    assert!(waiter.result().unwrap_err().is_timeout());
    stage.script().held_elsewhere = false;
    stage.try_acquire().unwrap();
    stage.bring_home(Ok(true));
    assert!(stage.script().claimed, "the pursuit's return left the owner's claim alone");
    stage.gate.release_first().unwrap();
}

#[test]
fn a_claim_that_slipped_away_is_pursued_again() {
    let stage = Stage::held_elsewhere();
    let waiter = stage.queue(Deadline::Never);
    stage.bring_home(Ok(true));
    assert_eq!(stage.count("start_wait"), 2);
    stage.script().held_elsewhere = false;
    stage.bring_home(Ok(true));
    waiter.result().unwrap();
}

#[test]
fn a_newcomer_replaces_a_pursuit_of_a_dead_file() {
    let stage = Stage::held_elsewhere();
    let first = stage.queue(Deadline::Never);
    stage.script().replaced = true;
    let second = stage.queue(Deadline::Never);
    assert_eq!(stage.count("start_wait"), 2);
    stage.script().held_elsewhere = false;
    let dead = stage.script().waits.pop_front().unwrap();
    stage.bring_home(Ok(true));
    assert!(first.has_it(), "the first in the queue is served, whoever replaced the pursuit");
    dead.1(Ok(true));
    assert_eq!(stage.count("discard"), 1);
    assert!(second.still_waits(), "a pursuit of a dead file grants nothing");
    stage.gate.release_first().unwrap();
    stage.bring_all_home();
    second.result().unwrap();
}

#[test]
fn a_task_that_was_passed_over_takes_its_turn_when_it_is_polled() {
    let stage = Stage::new();
    stage.acquire().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mut slow = Box::pin(stage.gate.acquire_async(Mode::Exclusive, Deadline::Never));
    assert!(slow.as_mut().poll(&mut context).is_pending());
    stage.gate.lock().extend_hand_over(LONG);
    stage.gate.release_first().unwrap();
    // The claim is kept for the task, and then given back.
    while stage.script().claimed {
        thread::yield_now();
    }
    assert!(slow.as_mut().poll(&mut context).is_ready());
}

#[test]
fn tasks_that_are_never_polled_again_keep_a_thread_out_for_a_short_time_whatever_their_number() {
    let stage = Stage::new();
    stage.acquire().unwrap();
    let mut context = Context::from_waker(Waker::noop());
    let mode = |number| if number % 2 == 0 { Mode::Exclusive } else { Mode::Shared };
    let mut forgotten: Vec<_> = (0..2_000)
        .map(|number| Box::pin(stage.gate.acquire_async(mode(number), Deadline::Never)))
        .collect();
    for acquire in &mut forgotten {
        assert!(acquire.as_mut().poll(&mut context).is_pending());
    }
    let thread = stage.queue(Deadline::Never);
    stage.gate.lock().extend_hand_over(LONG);
    let start = std::time::Instant::now();
    stage.gate.release_first().unwrap();
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

    let stage = Stage::held_elsewhere();
    let broken = Waker::from(Arc::new(Broken));
    let mut reader = Box::pin(stage.gate.acquire_async(Mode::Shared, Deadline::Never));
    assert!(reader.as_mut().poll(&mut Context::from_waker(&broken)).is_pending());
    let gate = Arc::clone(&stage.gate);
    let another = thread::spawn(move || gate.acquire(Mode::Shared, Deadline::Never));
    while stage.gate.lock().queue_length() < 2 {
        thread::yield_now();
    }
    stage.script().held_elsewhere = false;
    while !another.is_finished() {
        stage.bring_all_home();
        thread::yield_now();
    }
    another.join().unwrap().unwrap();
}

#[test]
fn an_error_of_a_pursuit_goes_to_the_head_and_the_next_asks_again() {
    let stage = Stage::held_elsewhere();
    let first = stage.queue(Deadline::Never);
    let second = stage.queue(Deadline::Never);
    stage.bring_home(Err(trouble()));
    assert!(matches!(first.result(), Err(LockError::Io { .. })));
    stage.script().held_elsewhere = false;
    stage.bring_home(Ok(true));
    second.result().unwrap();
}

#[test]
fn a_claim_stays_in_the_process_while_somebody_here_waits() {
    let stage = Stage::new();
    stage.acquire().unwrap();
    let waiter = stage.queue(Deadline::Never);
    stage.gate.lock().extend_hand_over(LONG);
    stage.gate.release_first().unwrap();
    waiter.result().unwrap();
    assert_eq!(stage.count("release"), 0);
    assert_eq!(stage.count("try_acquire"), 1);
}

#[test]
fn a_claim_goes_back_to_the_engine_once_the_hand_over_has_lasted_too_long() {
    let stage = Stage::new();
    stage.acquire().unwrap();
    let waiter = stage.queue(Deadline::Never);
    thread::sleep(Duration::from_millis(6));
    stage.gate.release_first().unwrap();
    assert_eq!(stage.count("release"), 1);
    assert!(waiter.still_waits());
    stage.bring_home(Ok(true));
    waiter.result().unwrap();
}

/// Takes the lock again and again, until others are to have it first.
fn take_until_others_come_first(may_wait: bool) -> Taken {
    let stage = Stage::new();
    let mut inner = stage.gate.lock();
    let start = std::time::Instant::now();
    loop {
        match inner.take(&asked(Mode::Exclusive), may_wait).unwrap() {
            Taken::Granted(_) => inner.release_first().unwrap(),
            others_come_first => return others_come_first,
        }
        assert!(start.elapsed() < LONG, "it takes the lock forever");
    }
}

#[test]
fn a_process_that_takes_it_again_and_again_lets_others_have_it() {
    assert!(matches!(take_until_others_come_first(true), Taken::Refused));
}

#[test]
fn a_process_that_tries_again_and_again_lets_others_have_it_and_then_tries() {
    assert!(matches!(take_until_others_come_first(false), Taken::Unknown));
}

#[test]
fn a_head_that_was_passed_over_for_too_long_goes_first() {
    let stage = Stage::new();
    stage.acquire().unwrap();
    let mut inner = stage.gate.lock();
    // A head whose thread never runs.
    let ticket = inner.enqueue(&asked(Mode::Exclusive), Who::Thread, true, false);
    inner.extend_hand_over(LONG);
    inner.release_first().unwrap();
    assert!(
        matches!(inner.take(&asked(Mode::Exclusive), true).unwrap(), Taken::Granted(_)),
        "a running thread may go first"
    );
    thread::sleep(Duration::from_micros(300));
    inner.release_first().unwrap();
    assert!(
        matches!(inner.take(&asked(Mode::Exclusive), true).unwrap(), Taken::Refused),
        "but not for ever"
    );
    assert!(matches!(inner.turn(ticket, &asked(Mode::Exclusive)), Turn::Granted(_)));
}

#[test]
fn an_error_on_release_is_reported_and_does_not_lock_the_next_out() {
    let stage = Stage::new();
    stage.acquire().unwrap();
    stage.script().release_fails = true;
    assert!(matches!(stage.gate.release_first(), Err(LockError::Io { .. })));
    stage.try_acquire().unwrap();
}

#[test]
fn threads_that_come_and_give_up_at_random_never_overlap() {
    let stage = Stage::new();
    let inside = Mutex::new(());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..8_u64)
            .map(|thread| {
                let (stage, inside) = (&stage, &inside);
                scope.spawn(move || {
                    for round in 0..2_000 {
                        let limit = Timeout::from(Duration::from_micros((thread * 7 + round) % 50));
                        if stage.gate.acquire(Mode::Exclusive, limit.deadline()).is_ok() {
                            drop(inside.try_lock().expect("nobody else is inside"));
                            stage.gate.release_first().unwrap();
                        }
                    }
                })
            })
            .collect();
        // The engine of the script grants at once what is asked for in the background.
        while !threads.iter().all(thread::ScopedJoinHandle::is_finished) {
            stage.bring_all_home();
            thread::yield_now();
        }
    });
}
