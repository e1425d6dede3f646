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
    Ability, Attempt, Claim, Engine, Home, Left, Mode, Publication, Pursuit, Tell, Used,
    WriterWaits,
};
use crate::site::Site;
use crate::{LockError, LockName};

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
    /// Whether a writer has left the lock abandoned, and none has come since.
    is_abandoned: bool,
    /// Whether the record says that somebody holds the lock.
    is_marked: bool,
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

    /// Notes who enters, and checks what it was told.
    pub(super) fn enter(&self, mode: Mode, publication: &Publication) {
        let mut state = self.state();
        match mode {
            Mode::Exclusive => state.writers += 1,
            Mode::Shared => state.readers += 1,
        }
        let (writers, readers) = (state.writers, state.readers);
        assert!(writers + readers.min(1) < 2, "{writers} writers and {readers} readers are inside");
        let is_told = publication.abandoned.is_some();
        assert_eq!(is_told, state.is_abandoned, "whether the lock was found abandoned");
        assert!(publication.token > state.token, "the token does not rise");
        if mode == Mode::Exclusive {
            state.is_abandoned = false;
            state.token = publication.token;
        }
    }

    pub(super) fn leave(&self, mode: Mode, left: Left) {
        let mut state = self.state();
        match mode {
            Mode::Exclusive => {
                state.writers -= 1;
                state.is_abandoned = left == Left::Abandoned;
            }
            Mode::Shared => state.readers -= 1,
        }
    }

    /// Whether the record says what is so when nobody holds the lock.
    pub(super) fn is_recorded_well(&self) -> bool {
        let state = self.state();
        state.is_marked == state.is_abandoned
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
    fn can(&self, ability: Ability) -> bool {
        matches!(ability, Ability::Shares | Ability::TellsOfDeaths)
    }

    fn identity(&self) -> &OsStr {
        OsStr::new("world")
    }

    fn location(&self) -> String {
        String::new()
    }

    fn place(&self, _: &LockName) -> String {
        String::new()
    }

    fn find_holder(&self, _: &LockName, tell: Tell) {
        tell(None);
    }

    fn claim(&self, _: &LockName) -> Box<dyn Claim> {
        let (world, process) = (Arc::clone(&self.world), self.number);
        Box::new(File { world, process, unlocks: [0; 2], in_flight: Vec::new(), recorded: None })
    }
}

/// One process's claim, with an open file for each mode.
struct File {
    world: Arc<World>,
    process: usize,
    /// A pursuit's lock is only a hint where its file was unlocked since.
    unlocks: [usize; 2],
    in_flight: Vec<(u64, Mode, usize)>,
    /// Whether the record says that somebody of this process is inside, once it has been read.
    recorded: Option<bool>,
}

impl File {
    fn land(&mut self, number: u64) -> (Mode, bool) {
        let at = self.in_flight.iter().position(|pursuit| pursuit.0 == number);
        let (_, mode, unlocks) = self.in_flight.swap_remove(at.expect("every pursuit lands once"));
        (mode, unlocks == self.unlocks[mode as usize])
    }
}

impl Claim for File {
    fn check_process(&self) -> Result<(), LockError> {
        Ok(())
    }

    fn attempt(&mut self, mode: Mode) -> Result<Attempt, LockError> {
        let is_locked = self.world.try_lock(self.process, mode);
        Ok(if is_locked { Attempt::Claimed } else { Attempt::Refused })
    }

    fn pursue(&mut self, pursuit: Pursuit, home: Home) -> Result<(), LockError> {
        let Pursuit { number, mode, waits, .. } = pursuit;
        self.in_flight.push((number, mode, self.unlocks[mode as usize]));
        let (world, process) = (Arc::clone(&self.world), self.process);
        world.state().pursuits += 1;
        thread::spawn(move || {
            let is_locked = if waits {
                world.lock(process, mode);
                true
            } else {
                world.try_lock(process, mode)
            };
            home(Ok(is_locked));
            world.state().pursuits -= 1;
        });
        Ok(())
    }

    fn find_waiting_writer(&mut self, found: WriterWaits) {
        let (world, process) = (Arc::clone(&self.world), self.process);
        thread::spawn(move || {
            if world.has_waiting_writer(process) {
                found();
            }
        });
    }

    fn is_current(&mut self, _: u64) -> Result<bool, LockError> {
        Ok(true)
    }

    fn welcome(&mut self, number: u64) -> Result<bool, LockError> {
        let (mode, is_certain) = self.land(number);
        Ok(is_certain || self.world.try_lock(self.process, mode))
    }

    fn dismiss(&mut self, number: u64) {
        self.land(number);
    }

    fn publish(&mut self, mode: Mode, _: Option<&Site>, last: u64) -> Publication {
        let mut state = self.world.state();
        let is_found = state.is_marked && self.recorded != Some(true);
        if mode == Mode::Exclusive {
            state.is_marked = true;
        }
        self.recorded = Some(mode == Mode::Exclusive);
        let unwritten = if is_found { SPARE } else { 0 };
        state.written_token = state.written_token.max(last) + unwritten + 2;
        let token = state.written_token;
        let abandoned = is_found.then(Box::default);
        Publication {
            token: if mode == Mode::Exclusive { token } else { token - 1 },
            spare: SPARE,
            abandoned,
        }
    }

    fn withdraw(&mut self, last: u64) {
        let mut state = self.world.state();
        state.written_token = state.written_token.max(last);
        if self.recorded == Some(true) {
            state.is_marked = false;
            self.recorded = Some(false);
        }
    }

    fn release(&mut self, mode: Mode, used: Option<Used>) -> Result<(), LockError> {
        if let Some(Used { left, last }) = used {
            if left == Left::InOrder {
                self.withdraw(last);
            }
            self.recorded = None;
        }
        self.unlocks[mode as usize] += 1;
        self.world.unlock(self.process, mode);
        Ok(())
    }
}
