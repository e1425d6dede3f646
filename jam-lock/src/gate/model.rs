//! The gate under a model checker, which tries many schedules of its threads:
//! `RUSTFLAGS="--cfg shuttle" cargo test -p jam-lock --lib gate::model`.
//!
//! Two processes, each with a gate of its own, share one lock. Time passes at random, so that every
//! bound is sometimes met and sometimes missed. The model asserts that no writer overlaps another
//! holder, that every wait ends (a lost wake-up is a deadlock to the checker), and that nothing is
//! left behind. A holder learns of
//! the first one that left the lock abandoned, until a writer that has learned of it leaves the lock
//! clean, and of no other.

mod actors;
mod engine;
mod permits;
mod shared_file;
pub(super) mod sync;
pub(super) mod timer;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};

use shuttle::thread::{JoinHandle, spawn, yield_now};

use self::actors::{
    any_mode, chance, hold, nested_task, nested_thread, process_that_dies, task, task_with_timeout,
    thread,
};
use self::engine::process;
use self::shared_file::SharedFile;
use super::Gate;
use crate::engine::Mode;
use crate::timeout::Deadline;

/// How many schedules of each kind are tried for each test.
const SCHEDULES: usize = 20_000;

/// Tries random schedules, and then schedules with few, but ill-timed switches.
fn check(scenario: fn()) {
    shuttle::check_random(scenario, SCHEDULES);
    shuttle::check_pct(scenario, SCHEDULES, 3);
}

fn join<const N: usize>(threads: [JoinHandle<()>; N]) {
    threads.into_iter().for_each(|thread| thread.join().expect("no assertion fails"));
}

/// Waits until every wait has ended, and checks that nothing is left behind.
fn check_nothing_is_left(file: &Arc<SharedFile>, gates: &[Arc<Gate>]) {
    while file.has_waits() {
        yield_now();
    }
    for gate in gates {
        assert_eq!(gate.queue_length(), 0, "a waiter is left in the queue");
    }
    assert!(file.is_free(), "the lock is left held");
    assert!(file.has_correct_record(), "the record is wrong");
}

#[test]
fn threads_of_two_processes_never_overlap_and_all_finish() {
    check(|| {
        let file = Arc::new(SharedFile::default());
        let gates = [process(&file), process(&file)];
        let threads =
            [thread(&file, &gates[0], 2), thread(&file, &gates[0], 1), thread(&file, &gates[1], 2)];
        join(threads);
        check_nothing_is_left(&file, &gates);
    });
}

#[test]
fn tasks_that_give_up_leave_nothing_behind() {
    check(|| {
        let file = Arc::new(SharedFile::default());
        let gates = [process(&file), process(&file)];
        let threads = [
            task(&file, &gates[0]),
            task(&file, &gates[0]),
            task(&file, &gates[0]),
            thread(&file, &gates[0], 1),
            task(&file, &gates[1]),
        ];
        join(threads);
        check_nothing_is_left(&file, &gates);
    });
}

#[test]
fn a_wait_that_outlives_its_waiters_is_only_a_hint() {
    check(|| {
        let file = Arc::new(SharedFile::default());
        let gates = [process(&file), process(&file)];
        let threads =
            [task(&file, &gates[0]), thread(&file, &gates[0], 3), thread(&file, &gates[1], 3)];
        join(threads);
        check_nothing_is_left(&file, &gates);
    });
}

#[test]
fn waiters_with_other_locks_never_overlap_and_all_finish() {
    check(|| {
        let file = Arc::new(SharedFile::default());
        let gates = [process(&file), process(&file)];
        let threads = [
            nested_thread(&file, &gates[0], 2),
            thread(&file, &gates[0], 2),
            nested_task(&file, &gates[0]),
            nested_thread(&file, &gates[1], 1),
        ];
        join(threads);
        check_nothing_is_left(&file, &gates);
    });
}

#[test]
fn the_first_death_is_reported_until_a_writer_has_recovered() {
    check(|| {
        let file = Arc::new(SharedFile::default());
        let gates = [process(&file), process(&file)];
        let threads = [
            process_that_dies(&file),
            thread(&file, &gates[0], 2),
            thread(&file, &gates[0], 2),
            process_that_dies(&file),
            thread(&file, &gates[1], 1),
        ];
        join(threads);
        check_nothing_is_left(&file, &gates);
    });
}

#[test]
fn a_task_that_is_never_polled_again_keeps_nobody_out() {
    check(|| {
        let file = Arc::new(SharedFile::default());
        let gate = process(&file);
        let held = gate.acquire(Mode::Exclusive, Deadline::Never);
        {
            let mut forgotten = pin!(gate.acquire_async(any_mode(), Deadline::Never));
            let waker = Waker::noop();
            assert!(forgotten.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
            let others = [thread(&file, &gate, 1), task(&file, &gate)];
            hold(&file, &gate, Mode::Exclusive, held);
            join(others);
        }
        check_nothing_is_left(&file, &[gate]);
    });
}

/// A wait that does not end at its timeout is a deadlock to the checker: the holder stays until then.
#[test]
fn a_wait_ends_at_its_timeout_although_the_holder_stays() {
    check(|| {
        let file = Arc::new(SharedFile::default());
        let gates = [process(&file), process(&file)];
        let holder = &gates[usize::from(chance(2))];
        let taken = holder.acquire(Mode::Exclusive, Deadline::Never);
        let tasks = [
            task_with_timeout(&file, &gates[0], any_mode()),
            task_with_timeout(&file, &gates[0], any_mode()),
        ];
        // The lock is free for a moment, perhaps just when their time is up.
        hold(&file, holder, Mode::Exclusive, taken);
        let stays = holder.acquire(Mode::Exclusive, Deadline::Never);
        join(tasks);
        hold(&file, holder, Mode::Exclusive, stays);
        check_nothing_is_left(&file, &gates);
    });
}

#[test]
fn a_thread_is_served_behind_tasks_that_are_never_polled_again() {
    check(|| {
        let file = Arc::new(SharedFile::default());
        let gate = process(&file);
        let held = gate.acquire(Mode::Exclusive, Deadline::Never);
        {
            let mut forgotten: Vec<_> = (0..3)
                .map(|_| Box::pin(gate.acquire_async(Mode::Exclusive, Deadline::Never)))
                .collect();
            let mut context = Context::from_waker(Waker::noop());
            for acquire in &mut forgotten {
                assert!(acquire.as_mut().poll(&mut context).is_pending());
            }
            let last = thread(&file, &gate, 1);
            hold(&file, &gate, Mode::Exclusive, held);
            join([last]);
        }
        check_nothing_is_left(&file, &[gate]);
    });
}

#[test]
fn readers_that_overlap_let_a_writer_of_another_process_in() {
    check(|| {
        let file = Arc::new(SharedFile::default());
        let gates = [process(&file), process(&file)];
        let is_over = Arc::new(AtomicBool::new(false));
        let readers = [(); 2].map(|()| {
            let (file, gate) = (Arc::clone(&file), Arc::clone(&gates[0]));
            let is_over = Arc::clone(&is_over);
            spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let result = gate.acquire(Mode::Shared, Deadline::Never);
                    hold(&file, &gate, Mode::Shared, result);
                }
            })
        });
        let written = gates[1].acquire(Mode::Exclusive, Deadline::Never);
        hold(&file, &gates[1], Mode::Exclusive, written);
        is_over.store(true, Ordering::Relaxed);
        join(readers);
        check_nothing_is_left(&file, &gates);
    });
}
