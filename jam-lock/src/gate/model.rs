//! The gate before a model checker, which tries out orders in which everything might happen:
//! `RUSTFLAGS="--cfg shuttle" cargo test -p jam-lock --lib gate::model`.
//!
//! Two processes, each with a gate of its own, share one lock. Time passes as it likes, so that
//! every bound is sometimes met and sometimes missed. What must hold: nobody overlaps, everybody
//! comes to an end (a lost wake-up is a deadlock to the checker), nothing is left behind, and who
//! enters a lock that was left abandoned is told of the first who did, until one who was told has
//! left it clean; and nobody else is.

mod scripted_engine;
pub(super) mod sync;
pub(super) mod timer;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use self::scripted_engine::World;
use super::parker::Parker;
use super::{Gate, Grant};
use crate::engine::Mode;
use crate::error::LockError;
use crate::gate::Outcome;
use crate::timeout::Deadline;

/// How many orders are tried for each test.
const ORDERS: usize = 20_000;

/// Tries orders at random, and then orders with few, but ill-timed switches.
fn check(scene: fn()) {
    shuttle::check_random(scene, ORDERS);
    shuttle::check_pct(scene, ORDERS, 3);
}

fn chance(one_in: u32) -> bool {
    thread_rng().gen_range(0..one_in) == 0
}

fn any_mode() -> Mode {
    if chance(2) { Mode::Shared } else { Mode::Exclusive }
}

/// Waits for ever, tries once, or waits for a time that may pass.
fn any_deadline() -> Deadline {
    let asked = sync::now();
    match thread_rng().gen_range(0..4) {
        0 => Deadline::Once,
        1 => Deadline::At { start: asked, end: asked + Duration::from_millis(3) },
        _ => Deadline::Never,
    }
}

/// Is inside for a while, if it may be.
fn inside(world: &World, gate: &Gate, mode: Mode, result: Result<Grant, LockError>) {
    match result {
        Ok(grant) => {
            world.enter(mode, &grant.recorded);
            thread::yield_now();
            let left = if chance(3) { Outcome::Abandoned } else { Outcome::Clean };
            world.leave(mode, left);
            let released = gate.release(grant.number, left).expect("one guard stands for it");
            released.expect("the world releases without errors");
        }
        Err(error) => assert!(error.is_timeout(), "{error}"),
    }
}

/// A thread that takes the lock `rounds` times.
fn a_thread(world: &Arc<World>, gate: &Arc<Gate>, rounds: usize) -> thread::JoinHandle<()> {
    let (world, gate) = (Arc::clone(world), Arc::clone(gate));
    thread::spawn(move || {
        for _ in 0..rounds {
            let mode = any_mode();
            inside(&world, &gate, mode, gate.acquire(mode, any_deadline()));
        }
    })
}

/// A task that takes the lock, or gives up at some point where it waits.
fn a_task(world: &Arc<World>, gate: &Arc<Gate>) -> thread::JoinHandle<()> {
    let (world, gate) = (Arc::clone(world), Arc::clone(gate));
    thread::spawn(move || {
        let mode = any_mode();
        let parker = Arc::new(Parker::default());
        let waker = Waker::from(Arc::clone(&parker));
        let mut acquire = pin!(gate.acquire_async(mode, any_deadline()));
        loop {
            if let Poll::Ready(result) = acquire.as_mut().poll(&mut Context::from_waker(&waker)) {
                return inside(&world, &gate, mode, result);
            }
            if chance(3) {
                return;
            }
            parker.park(None);
        }
    })
}

/// A task that waits for at most 3 ms, and is polled whenever it is woken, until its wait has ended.
fn a_task_that_times_out(
    world: &Arc<World>,
    gate: &Arc<Gate>,
    mode: Mode,
) -> thread::JoinHandle<()> {
    let (world, gate) = (Arc::clone(world), Arc::clone(gate));
    thread::spawn(move || {
        let parker = Arc::new(Parker::default());
        let waker = Waker::from(Arc::clone(&parker));
        let asked = sync::now();
        let deadline = Deadline::At { start: asked, end: asked + Duration::from_millis(3) };
        let mut acquire = pin!(gate.acquire_async(mode, deadline));
        loop {
            if let Poll::Ready(result) = acquire.as_mut().poll(&mut Context::from_waker(&waker)) {
                return inside(&world, &gate, mode, result);
            }
            parker.park(None);
        }
    })
}

/// Waits until everything has ended, and looks whether anything was left behind.
fn check_nothing_is_left(world: &Arc<World>, gates: &[Arc<Gate>]) {
    while world.is_pursued() {
        thread::yield_now();
    }
    for gate in gates {
        assert_eq!(gate.lock().queue_length(), 0, "somebody is left in the queue");
    }
    assert!(world.is_free(), "the lock is left held");
    assert!(world.is_recorded_well(), "the record says otherwise than what is so");
}

#[test]
fn threads_of_two_processes_never_overlap_and_all_come_to_an_end() {
    check(|| {
        let world = Arc::new(World::default());
        let gates = [World::process(&world), World::process(&world)];
        let threads = [
            a_thread(&world, &gates[0], 2),
            a_thread(&world, &gates[0], 1),
            a_thread(&world, &gates[1], 2),
        ];
        threads.into_iter().for_each(|thread| thread.join().expect("no assertion fails"));
        check_nothing_is_left(&world, &gates);
    });
}

#[test]
fn tasks_that_give_up_leave_nothing_behind() {
    check(|| {
        let world = Arc::new(World::default());
        let gates = [World::process(&world), World::process(&world)];
        let threads = [
            a_task(&world, &gates[0]),
            a_task(&world, &gates[0]),
            a_task(&world, &gates[0]),
            a_thread(&world, &gates[0], 1),
            a_task(&world, &gates[1]),
        ];
        threads.into_iter().for_each(|thread| thread.join().expect("no assertion fails"));
        check_nothing_is_left(&world, &gates);
    });
}

#[test]
fn a_pursuit_that_nobody_waited_for_comes_home_as_a_hint_only() {
    check(|| {
        let world = Arc::new(World::default());
        let gates = [World::process(&world), World::process(&world)];
        let threads = [
            a_task(&world, &gates[0]),
            a_thread(&world, &gates[0], 3),
            a_thread(&world, &gates[1], 3),
        ];
        threads.into_iter().for_each(|thread| thread.join().expect("no assertion fails"));
        check_nothing_is_left(&world, &gates);
    });
}

/// A process that leaves the lock abandoned, and dies inside when it has it for the second time.
fn a_process_that_dies(world: &Arc<World>) -> thread::JoinHandle<()> {
    let (number, gate) = (world.next_number(), World::process(world));
    let world = Arc::clone(world);
    thread::spawn(move || {
        let first = gate.acquire(Mode::Exclusive, Deadline::Never).expect("it waits for ever");
        world.enter(Mode::Exclusive, &first.recorded);
        let parker = Arc::new(Parker::default());
        let waker = Waker::from(Arc::clone(&parker));
        let mut acquire = pin!(gate.acquire_async(Mode::Exclusive, Deadline::Never));
        let mut second = || acquire.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(second().is_pending(), "it is held here");
        world.leave(Mode::Exclusive, Outcome::Abandoned);
        let released = gate.release(first.number, Outcome::Abandoned);
        released.expect("one guard stands for it").expect("the world releases without errors");
        let grant = loop {
            match second() {
                Poll::Ready(result) => break result.expect("it waits for ever"),
                Poll::Pending => parker.park(None),
            };
        };
        world.enter(Mode::Exclusive, &grant.recorded);
        thread::yield_now();
        world.die(number);
    })
}

#[test]
fn the_first_death_is_told_until_somebody_has_recovered() {
    check(|| {
        let world = Arc::new(World::default());
        let gates = [World::process(&world), World::process(&world)];
        let threads = [
            a_process_that_dies(&world),
            a_thread(&world, &gates[0], 2),
            a_thread(&world, &gates[0], 2),
            a_process_that_dies(&world),
            a_thread(&world, &gates[1], 1),
        ];
        threads.into_iter().for_each(|thread| thread.join().expect("no assertion fails"));
        check_nothing_is_left(&world, &gates);
    });
}

#[test]
fn a_task_that_is_never_polled_again_keeps_nobody_out() {
    check(|| {
        let world = Arc::new(World::default());
        let gate = World::process(&world);
        let held = gate.acquire(Mode::Exclusive, Deadline::Never);
        {
            let mut forgotten = pin!(gate.acquire_async(any_mode(), Deadline::Never));
            let waker = Waker::noop();
            assert!(forgotten.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
            let others = [a_thread(&world, &gate, 1), a_task(&world, &gate)];
            inside(&world, &gate, Mode::Exclusive, held);
            others.into_iter().for_each(|thread| thread.join().expect("no assertion fails"));
        }
        check_nothing_is_left(&world, &[gate]);
    });
}

/// The checker finds a deadlock where a wait goes on after its end: the holder stays until then.
#[test]
fn a_wait_ends_at_its_timeout_although_the_holder_stays() {
    check(|| {
        let world = Arc::new(World::default());
        let gates = [World::process(&world), World::process(&world)];
        let holder = &gates[usize::from(chance(2))];
        let taken = holder.acquire(Mode::Exclusive, Deadline::Never);
        let tasks = [
            a_task_that_times_out(&world, &gates[0], any_mode()),
            a_task_that_times_out(&world, &gates[0], any_mode()),
        ];
        // The lock falls free for a moment, which may be when their time is just up.
        inside(&world, holder, Mode::Exclusive, taken);
        let stays = holder.acquire(Mode::Exclusive, Deadline::Never);
        let ends = |task: thread::JoinHandle<()>| task.join().expect("no assertion fails");
        tasks.into_iter().for_each(ends);
        inside(&world, holder, Mode::Exclusive, stays);
        check_nothing_is_left(&world, &gates);
    });
}

#[test]
fn a_thread_is_served_behind_tasks_that_are_never_polled_again() {
    check(|| {
        let world = Arc::new(World::default());
        let gate = World::process(&world);
        let held = gate.acquire(Mode::Exclusive, Deadline::Never);
        {
            let mut forgotten: Vec<_> = (0..3)
                .map(|_| Box::pin(gate.acquire_async(Mode::Exclusive, Deadline::Never)))
                .collect();
            let mut context = Context::from_waker(Waker::noop());
            for acquire in &mut forgotten {
                assert!(acquire.as_mut().poll(&mut context).is_pending());
            }
            let thread = a_thread(&world, &gate, 1);
            inside(&world, &gate, Mode::Exclusive, held);
            thread.join().expect("no assertion fails");
        }
        check_nothing_is_left(&world, &[gate]);
    });
}

#[test]
fn readers_that_overlap_let_a_writer_of_another_process_in() {
    check(|| {
        let world = Arc::new(World::default());
        let gates = [World::process(&world), World::process(&world)];
        let is_over = Arc::new(AtomicBool::new(false));
        let readers = [(); 2].map(|()| {
            let (world, gate) = (Arc::clone(&world), Arc::clone(&gates[0]));
            let is_over = Arc::clone(&is_over);
            thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let result = gate.acquire(Mode::Shared, Deadline::Never);
                    inside(&world, &gate, Mode::Shared, result);
                }
            })
        });
        let written = gates[1].acquire(Mode::Exclusive, Deadline::Never);
        inside(&world, &gates[1], Mode::Exclusive, written);
        is_over.store(true, Ordering::Relaxed);
        readers.into_iter().for_each(|reader| reader.join().expect("no assertion fails"));
        check_nothing_is_left(&world, &gates);
    });
}
