//! An engine that does what a test tells it, and threads that queue before it.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::task::Waker;
use std::thread::{self, JoinHandle};

use super::super::*;
use crate::engine::{
    Claim, HolderReply, TryAcquire, Usage, WaitDone, WaitId, WaitRequest, WriterWaiting,
};

/// Longer than any step of a test takes.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// Who has the claim, as the engine sees it, and what it was asked.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an event of its own")]
pub(super) struct Script {
    pub(super) held_elsewhere: bool,
    /// Whether others give it back as soon as it is pursued, which nobody is told of.
    pub(super) falls_free: bool,
    pub(super) replaced: bool,
    pub(super) release_fails: bool,
    pub(super) claimed: bool,
    pub(super) calls: Vec<&'static str>,
    pub(super) waits: VecDeque<(WaitId, WaitDone)>,
    /// What is called where a writer elsewhere waits.
    pub(super) writer_waits: Option<WriterWaiting>,
    /// Whether the path leads elsewhere while the claim is used.
    pub(super) is_invalid: bool,
    /// Whether the claim was lost while it was used.
    pub(super) is_lost: bool,
}

/// An engine whose only claim follows the script.
struct ScriptedEngine(Arc<Mutex<Script>>);

impl fmt::Debug for ScriptedEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScriptedEngine")
    }
}

impl Engine for ScriptedEngine {
    fn supports(&self, capability: Capability) -> bool {
        capability == Capability::SharedLocks
    }

    fn identity(&self) -> &OsStr {
        OsStr::new("stage")
    }

    fn location(&self) -> String {
        String::new()
    }

    fn lock_location(&self, name: &LockName) -> String {
        format!("{name}.lock")
    }

    fn find_holder(&self, _: &LockName, reply: HolderReply) {
        reply(None);
    }

    fn claim(&self, _: &LockName) -> Box<dyn Claim> {
        Box::new(Scripted(Arc::clone(&self.0)))
    }
}

/// An engine's claim that follows the script.
struct Scripted(Arc<Mutex<Script>>);

impl Scripted {
    fn play<T>(&self, call: &'static str, act: impl FnOnce(&mut Script) -> T) -> T {
        let mut script = self.0.lock().unwrap();
        script.calls.push(call);
        act(&mut script)
    }
}

impl Claim for Scripted {
    fn check_process(&self) -> Result<(), LockError> {
        Ok(())
    }

    fn try_acquire(&mut self, _: Mode) -> Result<TryAcquire, LockError> {
        self.play("try_acquire", |script| {
            script.claimed = !script.held_elsewhere;
            Ok(if script.claimed { TryAcquire::Acquired } else { TryAcquire::Contended })
        })
    }

    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError> {
        self.play("start_wait", |script| {
            script.held_elsewhere &= !script.falls_free;
            script.waits.push_back((request.id, done));
        });
        Ok(())
    }

    fn is_still_valid(&mut self) -> Result<bool, LockError> {
        self.play("is_still_valid", |script| Ok(!script.is_invalid))
    }

    fn find_waiting_writer(&mut self, found: WriterWaiting) {
        self.play("find_waiting_writer", |script| script.writer_waits = Some(found));
    }

    fn is_wait_still_valid(&mut self, _: WaitId) -> Result<bool, LockError> {
        self.play("is_wait_still_valid", |script| Ok(!std::mem::take(&mut script.replaced)))
    }

    fn accept(&mut self, _: WaitId) -> Result<bool, LockError> {
        self.play("accept", |script| {
            script.claimed = !script.held_elsewhere;
            Ok(script.claimed)
        })
    }

    fn discard(&mut self, _: WaitId) {
        self.play("discard", |_| ());
    }

    fn loss_monitor(&self) -> Option<Arc<dyn LossMonitor>> {
        self.0.lock().unwrap().is_lost.then(|| Arc::new(Lost) as Arc<dyn LossMonitor>)
    }

    fn record_holder(&mut self, _: Mode, _: Option<&Site>, _: Usage<'_>) -> Recorded {
        self.play("record_holder", |_| Recorded::default())
    }

    fn clear_holder(&mut self, _: u64) {
        self.play("clear_holder", |_| ());
    }

    fn release(&mut self, _: Mode, _: Option<Usage<'_>>) -> Result<(), LockError> {
        self.play("release", |script| {
            script.claimed = false;
            if script.release_fails { Err(trouble()) } else { Ok(()) }
        })
    }
}

/// A claim that was lost.
#[derive(Debug)]
struct Lost;

impl LossMonitor for Lost {
    fn lost_reason(&self) -> Option<String> {
        Some("the server is on fire".to_owned())
    }

    fn on_loss(&self, waker: &Waker) {
        waker.wake_by_ref();
    }

    fn flush(&self) {}
}

pub(super) fn trouble() -> LockError {
    let error = io::Error::other("the disk is on fire");
    LockError::Io { operation: "lock", path: PathBuf::from("x.lock"), error }
}

/// A gate, and the script of its engine.
pub(super) struct Stage {
    pub(super) gate: Arc<Gate>,
    script: Arc<Mutex<Script>>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let script = Arc::new(Mutex::new(Script::default()));
        let engine = Arc::new(ScriptedEngine(Arc::clone(&script)));
        Self { gate: Gate::new(engine, LockName::declared("scripted", "stage", 0)), script }
    }

    pub(super) fn held_elsewhere() -> Self {
        let stage = Self::new();
        stage.script().held_elsewhere = true;
        stage
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

    /// A thread that queues, tells when it has the lock, and keeps it until it is told to go on.
    pub(super) fn queue(&self, deadline: Deadline) -> Queued {
        let before = self.gate.lock().queue_length();
        let gate = Arc::clone(&self.gate);
        let (reply, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            let result = gate.acquire(Mode::Exclusive, deadline);
            let _ = reply.send(());
            result
        });
        while self.gate.lock().queue_length() == before && !thread.is_finished() {
            thread::yield_now();
        }
        Queued { thread, told }
    }

    /// Lets the oldest pursuit come home.
    pub(super) fn bring_home(&self, result: Result<bool, LockError>) {
        let wait = self.script().waits.pop_front();
        let (_, done) = wait.expect("a wait is in flight");
        done(result);
    }

    /// Lets every pursuit come home, those included that are started meanwhile.
    pub(super) fn bring_all_home(&self) {
        while !self.script().waits.is_empty() {
            self.bring_home(Ok(true));
        }
    }

    pub(super) fn count(&self, call: &str) -> usize {
        self.script().calls.iter().filter(|made| **made == call).count()
    }
}

pub(super) struct Queued {
    thread: JoinHandle<Result<Grant, LockError>>,
    told: Receiver<()>,
}

impl Queued {
    pub(super) fn has_it(&self) -> bool {
        self.told.recv_timeout(LONG).is_ok()
    }

    pub(super) fn still_waits(&self) -> bool {
        self.told.try_recv().is_err()
    }

    pub(super) fn result(self) -> Result<Grant, LockError> {
        self.thread.join().unwrap()
    }
}

impl Gate {
    /// Releases what the first who is inside holds.
    pub(super) fn release_first(&self) -> Result<(), LockError> {
        self.lock().release_first()
    }
}

impl State {
    pub(super) fn release_first(&mut self) -> Result<(), LockError> {
        let number = self.first_inside();
        self.release(number, Outcome::Clean).expect("one guard stands for it")
    }
}
