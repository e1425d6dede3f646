//! An engine that follows a script.

use std::collections::{HashMap, VecDeque};
use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;
use std::task::Waker;
use std::time::Duration;

use super::super::*;
use crate::engine::{
    Claim, HolderReply, Mode, OwnerId, Recorded, TryAcquire, Usage, WaitDone, WaitId, WaitRequest,
    WriterWaiting,
};
use crate::site::Site;

/// Longer than any step of a test takes.
pub(super) const LONG: Duration = Duration::from_secs(60);

/// The state of the engine, and the calls that it received.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an event of its own")]
pub(super) struct Script {
    pub(super) held_elsewhere: bool,
    /// Whether the other process releases the claim as soon as a wait has been started, which stays
    /// unnoticed.
    pub(super) is_released_unseen: bool,
    pub(super) replaced: bool,
    pub(super) release_fails: bool,
    pub(super) start_wait_fails: bool,
    /// Whether the idle claim cannot be reassigned to another owner.
    pub(super) is_bound_to_owner: bool,
    pub(super) records_slowly: bool,
    pub(super) claimed: bool,
    /// The owner whose wait has acquired the claim. Those with an id need a wait of their own.
    owner: Option<OwnerId>,
    pub(super) calls: Vec<&'static str>,
    pub(super) waits: VecDeque<(WaitId, WaitDone)>,
    owners: HashMap<WaitId, OwnerId>,
    pub(super) cancelled: Vec<OwnerId>,
    /// The callback of the search for a waiting writer.
    pub(super) writer_waiting: Option<WriterWaiting>,
    /// Whether the path of the held file leads elsewhere.
    pub(super) is_invalid: bool,
    /// Whether the claim was lost while it was held.
    pub(super) is_lost: bool,
}

/// The engine of one gate.
pub(super) struct ScriptedEngine(pub(super) Arc<Mutex<Script>>);

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
        OsStr::new("scripted")
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
        Box::new(ScriptedClaim(Arc::clone(&self.0)))
    }
}

struct ScriptedClaim(Arc<Mutex<Script>>);

impl ScriptedClaim {
    fn play<T>(&self, call: &'static str, act: impl FnOnce(&mut Script) -> T) -> T {
        let mut script = self.0.lock().unwrap();
        script.calls.push(call);
        act(&mut script)
    }
}

impl Claim for ScriptedClaim {
    fn check_process(&self) -> Result<(), LockError> {
        Ok(())
    }

    fn try_acquire(&mut self, _: Mode) -> Result<TryAcquire, LockError> {
        self.play("try_acquire", |script| {
            script.claimed = !script.held_elsewhere;
            script.owner = None;
            Ok(if script.claimed { TryAcquire::Acquired } else { TryAcquire::Contended })
        })
    }

    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError> {
        self.play("start_wait", |script| {
            if script.start_wait_fails {
                return Err(an_error());
            }
            script.held_elsewhere &= !script.is_released_unseen;
            script.waits.push_back((request.id, done));
            script.owners.insert(request.id, request.owner);
            Ok(())
        })
    }

    fn is_still_valid(&mut self) -> Result<bool, LockError> {
        self.play("is_still_valid", |script| Ok(!script.is_invalid))
    }

    fn find_waiting_writer(&mut self, found: WriterWaiting) {
        self.play("find_waiting_writer", |script| script.writer_waiting = Some(found));
    }

    fn is_wait_still_valid(&mut self, _: WaitId) -> Result<bool, LockError> {
        self.play("is_wait_still_valid", |script| Ok(!std::mem::take(&mut script.replaced)))
    }

    fn needs_own_wait(&self, owner: OwnerId) -> bool {
        owner != OwnerId::NONE
    }

    fn cancel_wait(&mut self, id: WaitId) -> bool {
        let mut script = self.0.lock().unwrap();
        let owner = script.owners[&id];
        let is_own = owner != OwnerId::NONE;
        script.cancelled.extend(is_own.then_some(owner));
        is_own
    }

    fn accept(&mut self, id: WaitId) -> Result<bool, LockError> {
        self.play("accept", |script| {
            script.owner = Some(script.owners[&id]);
            script.claimed = !script.held_elsewhere;
            Ok(script.claimed)
        })
    }

    fn discard(&mut self, _: WaitId) {
        self.play("discard", |_| ());
    }

    fn reassign(&mut self, owner: OwnerId) -> bool {
        let script = self.0.lock().unwrap();
        !script.is_bound_to_owner && script.owner.unwrap_or(OwnerId::NONE) == owner
    }

    fn loss_monitor(&self) -> Option<Arc<dyn LossMonitor>> {
        self.0.lock().unwrap().is_lost.then(|| Arc::new(Lost) as Arc<dyn LossMonitor>)
    }

    fn record_holder(&mut self, _: Mode, _: Option<&Site>, _: Usage<'_>) -> Recorded {
        self.play("record_holder", |_| Recorded::default())
    }

    fn records_slowly(&self) -> bool {
        self.0.lock().unwrap().records_slowly
    }

    fn clear_holder(&mut self, _: u64) {
        self.play("clear_holder", |_| ());
    }

    fn release(&mut self, _: Mode, _: Option<Usage<'_>>) -> Result<(), LockError> {
        self.play("release", |script| {
            script.claimed = false;
            if script.release_fails { Err(an_error()) } else { Ok(()) }
        })
    }
}

/// The monitor of a lost claim.
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

pub(super) fn an_error() -> LockError {
    let error = io::Error::other("the disk is on fire");
    LockError::Io { operation: "lock", path: PathBuf::from("x.lock"), error }
}
