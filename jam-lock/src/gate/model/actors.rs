//! The threads, tasks and processes of the models.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::{self, JoinHandle};

use super::engine;
use super::shared_file::SharedFile;
use super::sync;
use crate::engine::{Mode, OwnerId};
use crate::error::LockError;
use crate::gate::parker::Parker;
use crate::gate::test_support::request;
use crate::gate::{AcquireRequest, Gate, Grant, Outcome};
use crate::timeout::Deadline;

pub(super) fn chance(one_in: u32) -> bool {
    thread_rng().gen_range(0..one_in) == 0
}

pub(super) fn any_mode() -> Mode {
    if chance(2) { Mode::Shared } else { Mode::Exclusive }
}

/// A deadline that may pass.
fn short_deadline() -> Deadline {
    let start = sync::now();
    Deadline::At { start, end: start + Duration::from_millis(3) }
}

pub(super) fn any_deadline() -> Deadline {
    match thread_rng().gen_range(0..4) {
        0 => Deadline::Once,
        1 => short_deadline(),
        _ => Deadline::Never,
    }
}

/// Holds the lock for a while, if it was acquired.
pub(super) fn hold(file: &SharedFile, gate: &Gate, mode: Mode, result: Result<Grant, LockError>) {
    match result {
        Ok(grant) => {
            file.enter(mode, &grant.recorded);
            thread::yield_now();
            let outcome = if chance(3) { Outcome::Abandoned } else { Outcome::Clean };
            file.leave(mode, outcome);
            let released = gate.release(grant.number, outcome).expect("no other guard shares it");
            released.expect("the model releases without errors");
        }
        Err(error) => assert!(error.is_timeout(), "{error}"),
    }
}

/// A thread that acquires the lock `rounds` times.
pub(super) fn thread(file: &Arc<SharedFile>, gate: &Arc<Gate>, rounds: usize) -> JoinHandle<()> {
    thread_of(OwnerId::NONE, file, gate, rounds)
}

/// The same, with other locks.
pub(super) fn nested_thread(
    file: &Arc<SharedFile>,
    gate: &Arc<Gate>,
    rounds: usize,
) -> JoinHandle<()> {
    thread_of(file.next_owner(), file, gate, rounds)
}

fn thread_of(
    owner: OwnerId,
    file: &Arc<SharedFile>,
    gate: &Arc<Gate>,
    rounds: usize,
) -> JoinHandle<()> {
    let (file, gate) = (Arc::clone(file), Arc::clone(gate));
    thread::spawn(move || {
        for _ in 0..rounds {
            let mode = any_mode();
            let request = AcquireRequest { owner, ..request(mode) };
            hold(&file, &gate, mode, gate.acquire_requested(&request, any_deadline()));
        }
    })
}

/// A task that acquires the lock, or is dropped at some point where it waits.
pub(super) fn task(file: &Arc<SharedFile>, gate: &Arc<Gate>) -> JoinHandle<()> {
    task_of(OwnerId::NONE, file, gate)
}

/// The same, with other locks.
pub(super) fn nested_task(file: &Arc<SharedFile>, gate: &Arc<Gate>) -> JoinHandle<()> {
    task_of(file.next_owner(), file, gate)
}

fn task_of(owner: OwnerId, file: &Arc<SharedFile>, gate: &Arc<Gate>) -> JoinHandle<()> {
    let (file, gate) = (Arc::clone(file), Arc::clone(gate));
    thread::spawn(move || {
        let mode = any_mode();
        let request = AcquireRequest { owner, ..request(mode) };
        let parker = Arc::new(Parker::default());
        let waker = Waker::from(Arc::clone(&parker));
        let mut acquire = pin!(gate.acquire_requested_async(&request, any_deadline()));
        loop {
            if let Poll::Ready(result) = acquire.as_mut().poll(&mut Context::from_waker(&waker)) {
                return hold(&file, &gate, mode, result);
            }
            if chance(3) {
                return;
            }
            parker.park(None);
        }
    })
}

/// A task that waits for at most 3 ms, and is polled whenever it is woken.
pub(super) fn task_with_timeout(
    file: &Arc<SharedFile>,
    gate: &Arc<Gate>,
    mode: Mode,
) -> JoinHandle<()> {
    let (file, gate) = (Arc::clone(file), Arc::clone(gate));
    thread::spawn(move || {
        let parker = Arc::new(Parker::default());
        let waker = Waker::from(Arc::clone(&parker));
        let mut acquire = pin!(gate.acquire_async(mode, short_deadline()));
        loop {
            if let Poll::Ready(result) = acquire.as_mut().poll(&mut Context::from_waker(&waker)) {
                return hold(&file, &gate, mode, result);
            }
            parker.park(None);
        }
    })
}

/// A process that leaves the lock abandoned, and dies while it holds it for the second time.
pub(super) fn process_that_dies(file: &Arc<SharedFile>) -> JoinHandle<()> {
    let (number, gate) = (file.next_process(), engine::process(file));
    let file = Arc::clone(file);
    thread::spawn(move || {
        let first = gate.acquire(Mode::Exclusive, Deadline::Never).expect("it waits forever");
        file.enter(Mode::Exclusive, &first.recorded);
        let parker = Arc::new(Parker::default());
        let waker = Waker::from(Arc::clone(&parker));
        let mut acquire = pin!(gate.acquire_async(Mode::Exclusive, Deadline::Never));
        let mut second = || acquire.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(second().is_pending(), "the lock is held here");
        file.leave(Mode::Exclusive, Outcome::Abandoned);
        let released = gate.release(first.number, Outcome::Abandoned);
        released.expect("no other guard shares it").expect("the model releases without errors");
        let grant = loop {
            match second() {
                Poll::Ready(result) => break result.expect("it waits forever"),
                Poll::Pending => parker.park(None),
            };
        };
        file.enter(Mode::Exclusive, &grant.recorded);
        thread::yield_now();
        file.die(number);
    })
}
