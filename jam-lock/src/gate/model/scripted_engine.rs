//! A lock that processes share as they share a file: `flock(2)`, as it is documented, and a record
//! beside it.

use std::ffi::OsStr;
use std::fmt;
use std::sync::Arc;
use std::sync::PoisonError;

use shuttle::sync::{Condvar, Mutex, MutexGuard};
use shuttle::thread;

use super::super::Gate;
use crate::engine::{
    Capability, Claim, Engine, HolderReply, Mode, Recorded, TryAcquire, Usage, WaitDone, WaitId,
    WaitRequest, WriterWaiting,
};
use crate::error::LockError;
use crate::gate::Outcome;
use crate::holder::Holder;
use crate::name::LockName;
use crate::site::Site;

/// How many tokens a process may give out without writing them.
const SPARE: u64 = 4;

/// The lock, and an oracle that sees who is inside, whatever the gates believe.
#[derive(Default)]
pub(super) struct World {
    state: Mutex<State>,
    unlocked: Condvar,
}

#[derive(Default)]
struct State {
    processes: usize,
    /// The open files that have the lock: a process has one for each mode.
    locked: Vec<(usize, Mode)>,
    pursuits: usize,
    /// The processes that wait to write.
    waiting_writers: Vec<usize>,
    writers: usize,
    readers: usize,
    /// The token of the first writer that died with the lock or left it abandoned, for as long as
    /// none has left it clean since.
    first_death: Option<u64>,
    /// Who holds the lock by the record, and who had died before, by their tokens.
    record: (Option<u64>, Option<u64>),
    written_token: u64,
    /// The last that a writer was told.
    token: u64,
}

impl World {
    /// The gate of one more process.
    pub(super) fn process(world: &Arc<Self>) -> Arc<Gate> {
        let mut state = world.state();
        state.processes += 1;
        let (number, world) = (state.processes, Arc::clone(world));
        drop(state);
        let process = Arc::new(Process { world, number });
        Gate::new(process, LockName::declared("modelled", "world", 0))
    }

    /// The number of the process that is the next one to be made.
    pub(super) fn next_number(&self) -> usize {
        self.state().processes + 1
    }

    /// Ends process `number`, which has one thread, while that is inside.
    pub(super) fn die(&self, number: usize) {
        let mut state = self.state();
        state.writers -= 1;
        state.first_death = state.first_death.or(Some(state.token));
        state.locked.retain(|locked| locked.0 != number);
        drop(state);
        self.unlocked.notify_all();
    }

    /// Notes who enters, and checks what it was told.
    pub(super) fn enter(&self, mode: Mode, recorded: &Recorded) {
        let mut state = self.state();
        match mode {
            Mode::Exclusive => state.writers += 1,
            Mode::Shared => state.readers += 1,
        }
        let (writers, readers) = (state.writers, state.readers);
        assert!(writers + readers.min(1) < 2, "{writers} writers and {readers} readers are inside");
        let found = recorded.abandoned_by.as_ref().map(|holder| holder.token);
        assert_eq!(found, state.first_death.map(Some), "who died first");
        assert!(recorded.token > state.token, "the token does not rise");
        if mode == Mode::Exclusive {
            state.token = recorded.token;
        }
    }

    pub(super) fn leave(&self, mode: Mode, left: Outcome) {
        let mut state = self.state();
        match mode {
            Mode::Exclusive => {
                state.writers -= 1;
                state.first_death = match left {
                    Outcome::Clean => None,
                    Outcome::Abandoned => state.first_death.or(Some(state.token)),
                };
            }
            Mode::Shared => state.readers -= 1,
        }
    }

    /// Whether the record says what is so when nobody holds the lock.
    pub(super) fn is_recorded_well(&self) -> bool {
        let state = self.state();
        let (holder, died) = state.record;
        died.or(holder) == state.first_death
    }

    /// Whether some pursuit has not come home.
    pub(super) fn is_pursued(&self) -> bool {
        self.state().pursuits > 0
    }

    /// Whether no open file has the lock.
    pub(super) fn is_free(&self) -> bool {
        self.state().locked.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_lock(&self, process: usize, mode: Mode) -> bool {
        self.state().try_lock(process, mode)
    }

    fn lock(&self, process: usize, mode: Mode) {
        let mut state = self.state();
        if mode == Mode::Exclusive {
            state.waiting_writers.push(process);
        }
        while !state.try_lock(process, mode) {
            state = self.unlocked.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if mode == Mode::Exclusive {
            let at = state.waiting_writers.iter().position(|waiting| *waiting == process);
            state.waiting_writers.swap_remove(at.expect("it has waited"));
        }
    }

    fn has_waiting_writer(&self, besides: usize) -> bool {
        self.state().waiting_writers.iter().any(|waiting| *waiting != besides)
    }

    fn unlock(&self, process: usize, mode: Mode) {
        self.state().locked.retain(|locked| *locked != (process, mode));
        self.unlocked.notify_all();
    }
}

impl State {
    /// To lock an open file again that has the lock changes nothing.
    fn try_lock(&mut self, process: usize, mode: Mode) -> bool {
        let file = (process, mode);
        let is_in_the_way = |other: &(usize, Mode)| {
            *other != file && (mode == Mode::Exclusive || other.1 == Mode::Exclusive)
        };
        if self.locked.iter().any(is_in_the_way) {
            return false;
        }
        if !self.locked.contains(&file) {
            self.locked.push(file);
        }
        true
    }
}

/// One process, as an engine.
struct Process {
    world: Arc<World>,
    number: usize,
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Process({})", self.number)
    }
}

impl Engine for Process {
    fn supports(&self, capability: Capability) -> bool {
        matches!(capability, Capability::SharedLocks | Capability::AbandonmentReports)
    }

    fn identity(&self) -> &OsStr {
        OsStr::new("world")
    }

    fn location(&self) -> String {
        String::new()
    }

    fn lock_location(&self, _: &LockName) -> String {
        String::new()
    }

    fn find_holder(&self, _: &LockName, reply: HolderReply) {
        reply(None);
    }

    fn claim(&self, _: &LockName) -> Box<dyn Claim> {
        let (world, process) = (Arc::clone(&self.world), self.number);
        Box::new(File { world, process, unlocks: [0; 2], in_flight: Vec::new(), is_read: false })
    }
}

/// One process's claim, with an open file for each mode.
struct File {
    world: Arc<World>,
    process: usize,
    /// A pursuit's lock is only a hint where its file was unlocked since.
    unlocks: [usize; 2],
    in_flight: Vec<(WaitId, Mode, usize)>,
    /// Whether the record has been read since the claim came home.
    is_read: bool,
}

impl File {
    fn land(&mut self, id: WaitId) -> (Mode, bool) {
        let at = self.in_flight.iter().position(|wait| wait.0 == id);
        let (_, mode, unlocks) =
            self.in_flight.swap_remove(at.expect("every wait is completed once"));
        (mode, unlocks == self.unlocks[mode as usize])
    }
}

impl Claim for File {
    fn check_process(&self) -> Result<(), LockError> {
        Ok(())
    }

    fn try_acquire(&mut self, mode: Mode) -> Result<TryAcquire, LockError> {
        let is_locked = self.world.try_lock(self.process, mode);
        Ok(if is_locked { TryAcquire::Acquired } else { TryAcquire::Contended })
    }

    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError> {
        let WaitRequest { id, mode, blocking: waits, .. } = request;
        self.in_flight.push((id, mode, self.unlocks[mode as usize]));
        let (world, process) = (Arc::clone(&self.world), self.process);
        world.state().pursuits += 1;
        thread::spawn(move || {
            let is_locked = if waits {
                world.lock(process, mode);
                true
            } else {
                world.try_lock(process, mode)
            };
            done(Ok(is_locked));
            world.state().pursuits -= 1;
        });
        Ok(())
    }

    fn find_waiting_writer(&mut self, found: WriterWaiting) {
        let (world, process) = (Arc::clone(&self.world), self.process);
        thread::spawn(move || {
            if world.has_waiting_writer(process) {
                found();
            }
        });
    }

    fn is_wait_still_valid(&mut self, _: WaitId) -> Result<bool, LockError> {
        Ok(true)
    }

    fn accept(&mut self, id: WaitId) -> Result<bool, LockError> {
        let (mode, is_certain) = self.land(id);
        Ok(is_certain || self.world.try_lock(self.process, mode))
    }

    fn discard(&mut self, id: WaitId) {
        self.land(id);
    }

    fn record_holder(&mut self, mode: Mode, _: Option<&Site>, usage: Usage<'_>) -> Recorded {
        let mut state = self.world.state();
        let (holder, died) = state.record;
        let is_first = !std::mem::replace(&mut self.is_read, true);
        let found = died.or(holder).filter(|_| is_first);
        let unwritten = if found.is_some() { SPARE } else { 0 };
        let token = state.written_token.max(usage.last_token) + unwritten + 2;
        state.written_token = token;
        if mode == Mode::Exclusive {
            let known = usage.abandoned_by.map(|holder| holder.token.expect("it has one"));
            state.record = (Some(token), known.or(found));
        }
        Recorded {
            token: if mode == Mode::Exclusive { token } else { token - 1 },
            token_reserve: SPARE,
            abandoned_by: found
                .map(|token| Box::new(Holder { token: Some(token), ..Holder::default() })),
            record_error: None,
        }
    }

    fn clear_holder(&mut self, last: u64) {
        let mut state = self.world.state();
        state.written_token = state.written_token.max(last);
        if self.is_read {
            state.record = (None, None);
        }
    }

    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError> {
        // Without a use, another mode may be held.
        if let Some(Usage { abandoned_by: abandoned, last_token: last }) = usage {
            if std::mem::take(&mut self.is_read) && mode == Mode::Exclusive {
                let mut state = self.world.state();
                state.written_token = state.written_token.max(last);
                let died = abandoned.map(|holder| holder.token.expect("it has one"));
                state.record = (None, died);
            }
        }
        self.unlocks[mode as usize] += 1;
        self.world.unlock(self.process, mode);
        Ok(())
    }
}
