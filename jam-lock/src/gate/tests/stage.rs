//! An engine that does what a test tells it, and threads that queue before it.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::task::Waker;
use std::thread::{self, JoinHandle};

use super::super::*;
use crate::engine::{Attempt, Claim, Home, Pursuit, Tell, Used, WriterWaits};

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
    pub(super) pursuits: VecDeque<(u64, Home)>,
    /// What is called where a writer elsewhere waits.
    pub(super) writer_waits: Option<WriterWaits>,
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
    fn can(&self, ability: Ability) -> bool {
        ability == Ability::Shares
    }

    fn identity(&self) -> &OsStr {
        OsStr::new("stage")
    }

    fn location(&self) -> String {
        String::new()
    }

    fn place(&self, name: &LockName) -> String {
        format!("{name}.lock")
    }

    fn find_holder(&self, _: &LockName, tell: Tell) {
        tell(None);
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

    fn attempt(&mut self, _: Mode) -> Result<Attempt, LockError> {
        self.play("attempt", |script| {
            script.claimed = !script.held_elsewhere;
            Ok(if script.claimed { Attempt::Claimed } else { Attempt::Refused })
        })
    }

    fn pursue(&mut self, pursuit: Pursuit, home: Home) -> Result<(), LockError> {
        self.play("pursue", |script| {
            script.held_elsewhere &= !script.falls_free;
            script.pursuits.push_back((pursuit.number, home));
        });
        Ok(())
    }

    fn is_still_valid(&mut self) -> Result<bool, LockError> {
        self.play("is still valid", |script| Ok(!script.is_invalid))
    }

    fn find_waiting_writer(&mut self, found: WriterWaits) {
        self.play("find waiting writer", |script| script.writer_waits = Some(found));
    }

    fn is_current(&mut self, _: u64) -> Result<bool, LockError> {
        self.play("is current", |script| Ok(!std::mem::take(&mut script.replaced)))
    }

    fn welcome(&mut self, _: u64) -> Result<bool, LockError> {
        self.play("welcome", |script| {
            script.claimed = !script.held_elsewhere;
            Ok(script.claimed)
        })
    }

    fn dismiss(&mut self, _: u64) {
        self.play("dismiss", |_| ());
    }

    fn watch(&self) -> Option<Arc<dyn Watch>> {
        self.0.lock().unwrap().is_lost.then(|| Arc::new(Lost) as Arc<dyn Watch>)
    }

    fn publish(&mut self, _: Mode, _: Option<&Site>, _: Used<'_>) -> Publication {
        self.play("publish", |_| Publication::default())
    }

    fn withdraw(&mut self, _: u64) {
        self.play("withdraw", |_| ());
    }

    fn release(&mut self, _: Mode, _: Option<Used<'_>>) -> Result<(), LockError> {
        self.play("release", |script| {
            script.claimed = false;
            if script.release_fails { Err(trouble()) } else { Ok(()) }
        })
    }
}

/// A claim that was lost.
#[derive(Debug)]
struct Lost;

impl Watch for Lost {
    fn loss(&self) -> Option<String> {
        Some("the server is on fire".to_owned())
    }

    fn on_loss(&self, waker: &Waker) {
        waker.wake_by_ref();
    }

    fn settle(&self) {}
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

    pub(super) fn attempt(&self) -> Result<Grant, LockError> {
        self.gate.acquire(Mode::Exclusive, Deadline::Once)
    }

    /// A thread that queues, tells when it has the lock, and keeps it until it is told to go on.
    pub(super) fn queue(&self, deadline: Deadline) -> Queued {
        let before = self.gate.lock().queue_length();
        let gate = Arc::clone(&self.gate);
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            let result = gate.acquire(Mode::Exclusive, deadline);
            let _ = tell.send(());
            result
        });
        while self.gate.lock().queue_length() == before && !thread.is_finished() {
            thread::yield_now();
        }
        Queued { thread, told }
    }

    /// Lets the oldest pursuit come home.
    pub(super) fn bring_home(&self, result: Result<bool, LockError>) {
        let pursuit = self.script().pursuits.pop_front();
        let (_, home) = pursuit.expect("a pursuit is in flight");
        home(result);
    }

    /// Lets every pursuit come home, those included that are started meanwhile.
    pub(super) fn bring_all_home(&self) {
        while !self.script().pursuits.is_empty() {
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
        self.release(number, Left::InOrder).expect("one guard stands for it")
    }
}
