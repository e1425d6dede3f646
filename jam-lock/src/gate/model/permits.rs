//! Waits for any of two permits, each a file of its own.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use shuttle::thread::{self, JoinHandle};

use super::actors::{any_deadline, chance, hold};
use super::engine::process;
use super::shared_file::SharedFile;
use super::{check, check_nothing_is_left, join};
use crate::engine::Mode;
use crate::gate::parker::Parker;
use crate::gate::test_support::request;
use crate::gate::{AnyAdmission, AnyError, AnyWait, Gate, Grant, WaiterKind};
use crate::timeout::Deadline;

type Files = [Arc<SharedFile>; 2];
type Gates = [Arc<Gate>; 2];

/// The gates of one more process.
fn gates(files: &Files) -> Gates {
    files.each_ref().map(process)
}

/// Holds the permit for a while, if one was acquired.
fn hold_any(files: &Files, gates: &Gates, result: Result<(usize, Grant), AnyError>) {
    match result {
        Ok((at, grant)) => hold(&files[at], &gates[at], Mode::Exclusive, Ok(grant)),
        Err(AnyError::Failed(error)) => panic!("{error}"),
        Err(AnyError::TimedOut { .. }) => {}
    }
}

fn first() -> usize {
    usize::from(chance(2))
}

/// A thread that acquires a permit `rounds` times.
fn thread(
    files: &Files,
    gates: &Gates,
    rounds: usize,
    deadline: fn() -> Deadline,
) -> JoinHandle<()> {
    let (files, gates) = (files.clone(), gates.clone());
    thread::spawn(move || {
        for _ in 0..rounds {
            let (request, deadline) = (request(Mode::Exclusive), deadline());
            let admission = AnyWait::start(&gates, first(), &request, deadline, WaiterKind::Thread);
            let result = match admission.expect("the model has no errors") {
                AnyAdmission::Granted(at, grant) => Ok((at, grant)),
                AnyAdmission::Queued(mut wait) => match wait.wait() {
                    Poll::Ready(result) => result,
                    Poll::Pending => unreachable!("it is not interrupted"),
                },
            };
            hold_any(&files, &gates, result);
        }
    })
}

/// A task that acquires a permit, or is dropped at some point where it waits.
fn task(files: &Files, gates: &Gates) -> JoinHandle<()> {
    let (files, gates) = (files.clone(), gates.clone());
    thread::spawn(move || {
        let request = request(Mode::Exclusive);
        let kind = WaiterKind::Task;
        let admission = AnyWait::start(&gates, first(), &request, any_deadline(), kind);
        let mut wait = match admission.expect("the model has no errors") {
            AnyAdmission::Granted(at, grant) => return hold_any(&files, &gates, Ok((at, grant))),
            AnyAdmission::Queued(wait) => wait,
        };
        let parker = Arc::new(Parker::default());
        let waker = Waker::from(Arc::clone(&parker));
        let mut acquire = pin!(wait.wait_async());
        loop {
            if let Poll::Ready(polled) = acquire.as_mut().poll(&mut Context::from_waker(&waker)) {
                let Poll::Ready(result) = polled else { unreachable!("it is not interrupted") };
                return hold_any(&files, &gates, result);
            }
            if chance(3) {
                return;
            }
            parker.park(None);
        }
    })
}

fn check_none_is_left(files: &Files, processes: &[Gates]) {
    for (at, file) in files.iter().enumerate() {
        let gates: Vec<_> = processes.iter().map(|gates| Arc::clone(&gates[at])).collect();
        check_nothing_is_left(file, &gates);
    }
}

#[test]
fn no_permit_is_lost_or_held_twice_whoever_gives_up() {
    check(|| {
        let files = Files::default();
        let processes = [gates(&files), gates(&files)];
        let threads = [
            thread(&files, &processes[0], 2, any_deadline),
            thread(&files, &processes[0], 1, || Deadline::Never),
            task(&files, &processes[0]),
            thread(&files, &processes[1], 2, || Deadline::Never),
            task(&files, &processes[1]),
        ];
        join(threads);
        check_none_is_left(&files, &processes);
    });
}

/// A waiter that misses the permit that falls free is a deadlock to the checker.
#[test]
fn a_waiter_has_whichever_permit_falls_free_although_the_other_is_kept() {
    check(|| {
        let files = Files::default();
        let processes = [gates(&files), gates(&files)];
        let kept = first();
        let keeper = &processes[first()][kept];
        let stays = keeper.acquire(Mode::Exclusive, Deadline::Never);
        let threads = [
            thread(&files, &processes[0], 2, || Deadline::Never),
            thread(&files, &processes[0], 1, || Deadline::Never),
            task(&files, &processes[1]),
            thread(&files, &processes[1], 1, || Deadline::Never),
        ];
        join(threads);
        hold(&files[kept], keeper, Mode::Exclusive, stays);
        check_none_is_left(&files, &processes);
    });
}

#[test]
fn a_task_that_is_never_polled_again_keeps_nobody_from_a_permit() {
    check(|| {
        let files = Files::default();
        let gates = gates(&files);
        let held = gates.each_ref().map(|gate| gate.acquire(Mode::Exclusive, Deadline::Never));
        {
            let request = request(Mode::Exclusive);
            let kind = WaiterKind::Task;
            let admission = AnyWait::start(&gates, 0, &request, Deadline::Never, kind);
            let AnyAdmission::Queued(mut wait) = admission.expect("the model has no errors") else {
                unreachable!("both are held")
            };
            let mut forgotten = pin!(wait.wait_async());
            let mut context = Context::from_waker(Waker::noop());
            assert!(forgotten.as_mut().poll(&mut context).is_pending());
            let others = [thread(&files, &gates, 1, || Deadline::Never), task(&files, &gates)];
            for (at, held) in held.into_iter().enumerate() {
                hold(&files[at], &gates[at], Mode::Exclusive, held);
            }
            join(others);
        }
        check_none_is_left(&files, &[gates]);
    });
}
