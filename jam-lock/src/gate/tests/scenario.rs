//! [`Scenario`]: a gate in front of a scripted engine, and threads that queue there.

use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

use super::super::state::Verdict;
use super::super::wait_queue::Ticket;
use super::super::*;
use super::request;
use super::scripted_engine::{LONG, Script, ScriptedEngine};
use crate::engine::{Mode, OwnerId};
use crate::timeout::Deadline;

/// A gate, and the script of its engine.
pub(super) struct Scenario {
    pub(super) gate: Arc<Gate>,
    script: Arc<Mutex<Script>>,
}

impl Scenario {
    pub(super) fn new() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let engine = Arc::new(ScriptedEngine(Arc::clone(&script)));
        Self { gate: Gate::new(engine, LockName::declared("scripted", "lock", 0)), script }
    }

    pub(super) fn held_elsewhere() -> Self {
        let scenario = Self::new();
        scenario.script().held_elsewhere = true;
        scenario
    }

    pub(super) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    pub(super) fn acquire(&self) -> Result<Grant, LockError> {
        self.gate.acquire(Mode::Exclusive, Deadline::Never)
    }

    pub(super) fn try_acquire(&self) -> Result<Grant, LockError> {
        self.gate.acquire(Mode::Exclusive, Deadline::Once)
    }

    /// Queues a thread, which keeps the lock when it has acquired it.
    pub(super) fn queue(&self, deadline: Deadline) -> QueuedThread {
        self.queue_request(request(Mode::Exclusive), deadline)
    }

    /// Queues a thread that has other locks.
    pub(super) fn queue_nested(&self, mode: Mode, deadline: Deadline) -> QueuedThread {
        self.queue_request(AcquireRequest { owner: OwnerId(1), ..request(mode) }, deadline)
    }

    fn queue_request(&self, request: AcquireRequest, deadline: Deadline) -> QueuedThread {
        let before = self.gate.queue_length();
        let gate = Arc::clone(&self.gate);
        let (sender, acquired) = mpsc::channel();
        let thread = thread::spawn(move || {
            let result = gate.acquire_requested(&request, deadline);
            let _ = sender.send(());
            result
        });
        while self.gate.queue_length() == before && !thread.is_finished() {
            thread::yield_now();
        }
        QueuedThread { thread, acquired }
    }

    /// Queues a waiter that never runs.
    pub(super) fn enqueue(&self, mode: Mode, kind: WaiterKind) -> Ticket {
        let request = request(mode);
        self.gate.update(|state| state.enqueue(&request, kind, true, Verdict::Proceed))
    }

    /// Queues a waiter that has other locks, and runs when the test polls it.
    pub(super) fn enqueue_nested(&self, mode: Mode, kind: WaiterKind) -> Ticket {
        let request = AcquireRequest { owner: OwnerId(1), ..request(mode) };
        self.gate.update(|state| state.enqueue(&request, kind, true, Verdict::Proceed))
    }

    /// Allows hand-offs for as long as a test on a slow machine needs.
    pub(super) fn extend_handoff(&self) {
        self.gate.update(|state| state.extend_handoff(LONG));
    }

    /// Finishes the oldest wait.
    pub(super) fn finish_wait(&self, result: Result<bool, LockError>) {
        let wait = self.script().waits.pop_front();
        let (_, done) = wait.expect("a wait is in progress");
        done(result);
    }

    /// Finishes every wait, including those that are started meanwhile.
    pub(super) fn finish_all_waits(&self) {
        while !self.script().waits.is_empty() {
            self.finish_wait(Ok(true));
        }
    }

    pub(super) fn count(&self, call: &str) -> usize {
        self.script().calls.iter().filter(|made| **made == call).count()
    }
}

pub(super) struct QueuedThread {
    thread: JoinHandle<Result<Grant, LockError>>,
    acquired: Receiver<()>,
}

impl QueuedThread {
    pub(super) fn has_acquired(&self) -> bool {
        self.acquired.recv_timeout(LONG).is_ok()
    }

    pub(super) fn still_waits(&self) -> bool {
        self.acquired.try_recv().is_err()
    }

    pub(super) fn result(self) -> Result<Grant, LockError> {
        self.thread.join().unwrap()
    }
}

impl Gate {
    /// Releases the lock for its first holder.
    pub(super) fn release_first(&self) -> Result<(), LockError> {
        self.update(State::release_first)
    }
}

impl State {
    pub(super) fn release_first(&mut self) -> Result<(), LockError> {
        let number = self.first_holder();
        self.release(number, Outcome::Clean).expect("no other guard shares it")
    }
}
