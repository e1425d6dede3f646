//! The engine of a process that locks the shared file. An owner with other locks opens a
//! file of its own for each wait, which no other owner can use, as with the sessions of a server.

use std::ffi::OsStr;
use std::fmt;
use std::sync::Arc;

use shuttle::thread;

use super::shared_file::SharedFile;
use crate::engine::{
    Capability, Claim, Engine, HolderReply, Mode, OwnerId, Recorded, TryAcquire, Usage, WaitDone,
    WaitId, WaitRequest, WriterWaiting,
};
use crate::error::LockError;
use crate::gate::Gate;
use crate::holder::Holder;
use crate::name::LockName;
use crate::site::Site;

/// More than the processes of any model.
const PROCESSES: usize = 10;

/// How many tokens a process may give out without writing them.
const TOKEN_RESERVE: u64 = 4;

/// The gate of one more process.
pub(super) fn process(file: &Arc<SharedFile>) -> Arc<Gate> {
    let mut contents = file.contents();
    contents.processes += 1;
    let (number, file) = (contents.processes, Arc::clone(file));
    drop(contents);
    let process = Arc::new(Process { file, number });
    Gate::new(process, LockName::declared("modelled", "lock", 0))
}

struct Process {
    file: Arc<SharedFile>,
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
        OsStr::new("modelled")
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
        let (file, process) = (Arc::clone(&self.file), self.number);
        let (unlocks, waits) = ([0; 2], Vec::new());
        Box::new(FileClaim { file, process, unlocks, waits, held: None, has_read_record: false })
    }
}

/// The claim of one process, with an open file for each mode.
struct FileClaim {
    file: Arc<SharedFile>,
    process: usize,
    /// The open file that has the claim, and its owner.
    held: Option<(usize, Mode, OwnerId)>,
    /// How often each file was unlocked; a wait's lock is lost if its file was unlocked since.
    unlocks: [usize; 2],
    waits: Vec<Wait>,
    /// Whether the record was read since the claim was acquired.
    has_read_record: bool,
}

struct Wait {
    id: WaitId,
    mode: Mode,
    unlocks: usize,
    owner: OwnerId,
}

impl FileClaim {
    /// Ends a wait; returns it, and whether its lock has been kept since it began.
    fn end_wait(&mut self, id: WaitId) -> (Wait, bool) {
        let at = self.waits.iter().position(|wait| wait.id == id);
        let wait = self.waits.swap_remove(at.expect("every wait ends once"));
        let is_kept = wait.unlocks == self.unlocks[wait.mode as usize];
        (wait, is_kept)
    }

    /// The open file of a wait: that of the process, or one that its owner has opened for it.
    fn open_file(&self, id: WaitId, owner: OwnerId) -> usize {
        let number = if owner == OwnerId::NONE { 0 } else { id.0 };
        self.process + usize::try_from(number).expect("a small number") * PROCESSES
    }
}

impl Claim for FileClaim {
    fn check_process(&self) -> Result<(), LockError> {
        Ok(())
    }

    fn try_acquire(&mut self, mode: Mode) -> Result<TryAcquire, LockError> {
        let is_locked = self.file.try_lock(self.process, mode);
        self.held = is_locked.then_some((self.process, mode, OwnerId::NONE));
        Ok(if is_locked { TryAcquire::Acquired } else { TryAcquire::Contended })
    }

    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError> {
        let WaitRequest { id, mode, blocking, owner, .. } = request;
        self.waits.push(Wait { id, mode, unlocks: self.unlocks[mode as usize], owner });
        let (file, process) = (Arc::clone(&self.file), self.open_file(id, owner));
        file.contents().waits += 1;
        thread::spawn(move || {
            let is_locked = if blocking {
                file.lock(process, mode);
                true
            } else {
                file.try_lock(process, mode)
            };
            done(Ok(is_locked));
            file.contents().waits -= 1;
        });
        Ok(())
    }

    fn find_waiting_writer(&mut self, found: WriterWaiting) {
        let (file, process) = (Arc::clone(&self.file), self.process);
        thread::spawn(move || {
            if file.has_waiting_writer(process) {
                found();
            }
        });
    }

    fn needs_own_wait(&self, owner: OwnerId) -> bool {
        owner != OwnerId::NONE
    }

    fn is_wait_still_valid(&mut self, _: WaitId) -> Result<bool, LockError> {
        Ok(true)
    }

    fn accept(&mut self, id: WaitId) -> Result<bool, LockError> {
        let (Wait { mode, owner, .. }, is_kept) = self.end_wait(id);
        let is_own = owner != OwnerId::NONE;
        let is_locked = is_own || is_kept || self.file.try_lock(self.process, mode);
        self.held = is_locked.then_some((self.open_file(id, owner), mode, owner));
        Ok(is_locked)
    }

    fn discard(&mut self, id: WaitId) {
        let (Wait { mode, owner, .. }, _) = self.end_wait(id);
        if owner != OwnerId::NONE {
            self.file.unlock(self.open_file(id, owner), mode);
        }
    }

    fn reassign(&mut self, owner: OwnerId) -> bool {
        self.held.is_some_and(|held| held.2 == owner)
    }

    fn record_holder(&mut self, mode: Mode, _: Option<&Site>, usage: Usage<'_>) -> Recorded {
        let mut contents = self.file.contents();
        let (holder, died) = contents.record;
        let is_first = !std::mem::replace(&mut self.has_read_record, true);
        let found = died.or(holder).filter(|_| is_first);
        let unwritten = if found.is_some() { TOKEN_RESERVE } else { 0 };
        let token = contents.written_token.max(usage.last_token) + unwritten + 2;
        contents.written_token = token;
        if mode == Mode::Exclusive {
            let reported = usage.abandoned_by.map(|holder| holder.token.expect("it has one"));
            contents.record = (Some(token), reported.or(found));
        }
        Recorded {
            token: if mode == Mode::Exclusive { token } else { token - 1 },
            token_reserve: TOKEN_RESERVE,
            abandoned_by: found
                .map(|token| Box::new(Holder { token: Some(token), ..Holder::default() })),
            ..Recorded::default()
        }
    }

    fn records_slowly(&self) -> bool {
        true
    }

    fn clear_holder(&mut self, last_token: u64) {
        let mut contents = self.file.contents();
        contents.written_token = contents.written_token.max(last_token);
        if self.has_read_record {
            contents.record = (None, None);
        }
    }

    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError> {
        // Without a usage, the claim may be held in the other mode.
        if let Some(Usage { abandoned_by, last_token, .. }) = usage {
            if std::mem::take(&mut self.has_read_record) && mode == Mode::Exclusive {
                let mut contents = self.file.contents();
                contents.written_token = contents.written_token.max(last_token);
                let died = abandoned_by.map(|holder| holder.token.expect("it has one"));
                contents.record = (None, died);
            }
        }
        if let Some((open_file, ..)) = self.held.take_if(|held| held.1 == mode) {
            self.file.unlock(open_file, mode);
        }
        self.unlocks[mode as usize] += 1;
        self.file.unlock(self.process, mode);
        Ok(())
    }
}
