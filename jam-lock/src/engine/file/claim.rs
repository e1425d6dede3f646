//! [`FileClaim`]: one lock file, as this process acquires, holds and releases it.

mod keyed;

use std::io;
use std::mem;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::file_spec::FileSpec;
use super::flock::{is_stale, lock_error};
use super::flock_wait::{FlockWait, FlockWaitId};
use super::handle::{Handle, WaitFile};
#[cfg(target_os = "linux")]
use super::kernel_locks;
use super::record::{HolderRecord, RecordFile, TokenFloor};
use super::{blocking_pool, holder_lookup, polling};
use crate::engine::{
    Claim, LossMonitor, Mode, ProcessId, Recorded, RecordedWait, TryAcquire, Usage, WaitDone,
    WaitId, WaitRequest, WriterWaiting, check_process,
};
use crate::error::LockError;
use crate::last_run::LastRun;
use crate::name::LockName;
use crate::site::Site;

/// One lock file, in both modes.
pub(super) struct FileClaim {
    name: LockName,
    spec: FileSpec,
    /// A fork shares the open files, so its unlock would release the lock of its parent.
    process: ProcessId,
    exclusive: Handle,
    shared: Handle,
    record: HolderRecord,
    /// How many lock files had been opened when the record was last used.
    opens_at_record: u64,
    waits: Vec<PendingWait>,
    /// Whether the last wait has met a stale file.
    was_stale: Arc<AtomicBool>,
    /// The mode in which the lock is held, if it is.
    held: Option<Mode>,
    /// Whether other processes use the lock too, as far as this claim has noticed.
    is_contended: Option<bool>,
    /// Whether the kernel itself has the locks, as far as that is known, where that is not certain.
    has_kernel_locks: Option<bool>,
}

/// A wait that was started and not yet accepted or discarded.
struct PendingWait {
    id: WaitId,
    flock_id: FlockWaitId,
    mode: Mode,
    file: WaitFile,
}

impl FileClaim {
    /// A claim that only `process` may use.
    pub(super) fn new(
        name: LockName,
        spec: FileSpec,
        token_floor: Option<Arc<TokenFloor>>,
        process: ProcessId,
    ) -> Self {
        let record = FileSpec { path: RecordFile::path(&spec.path), ..spec };
        Self {
            name,
            record: HolderRecord::new(record, token_floor),
            opens_at_record: 0,
            spec,
            process,
            exclusive: Handle::new(Mode::Exclusive),
            shared: Handle::new(Mode::Shared),
            waits: Vec::new(),
            was_stale: Arc::default(),
            held: None,
            is_contended: None,
            has_kernel_locks: None,
        }
    }

    /// The handle of a mode, and the file spec that its methods take.
    fn handle(&mut self, mode: Mode) -> (&mut Handle, &FileSpec) {
        let handle = match mode {
            Mode::Exclusive => &mut self.exclusive,
            Mode::Shared => &mut self.shared,
        };
        (handle, &self.spec)
    }

    /// The error of a holder whose record was overwritten by another one.
    fn lost_to_another(&self) -> LockError {
        let (name, location) = (Box::new(self.name.clone()), self.spec.path.display().to_string());
        let reason = "another holder has recorded itself since".to_owned();
        LockError::Lost { name, location, reason }
    }

    fn note_held(&mut self, mode: Mode, is_locked: bool) {
        if is_locked {
            self.held = Some(mode);
            self.was_stale.store(false, Relaxed);
            #[cfg(target_os = "linux")]
            self.note_kernel_locks(mode);
        }
    }

    /// Notes, once, whether the kernel has the locks of a file that may not be on a local disk.
    #[cfg(target_os = "linux")]
    fn note_kernel_locks(&mut self, mode: Mode) {
        let file = self.handle(mode).0.unreliable_file();
        if let (None, Some(file)) = (self.has_kernel_locks, file) {
            self.has_kernel_locks = Some(kernel_locks::have(file.file()));
        }
    }

    /// Whether this process has the claim.
    #[cfg(target_os = "linux")]
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Shows the holder that this process polls for the lock, as Jam.py does by each of its tries.
    #[cfg(target_os = "linux")]
    pub(super) fn show_polling(&mut self, mode: Mode) {
        if let Some(file) = self.handle(mode).0.unreliable_file() {
            file.touch();
        }
    }

    /// Whether a thread may block for this lock, which a process that serves its file system may otherwise
    /// never interrupt: only if the kernel itself has the lock.
    #[cfg(target_os = "linux")]
    pub(super) fn can_block(&mut self) -> bool {
        if self.has_kernel_locks.is_none() {
            // The lock file is held by another; nobody locks its record.
            self.has_kernel_locks = kernel_locks::are_used_for(&RecordFile::path(&self.spec.path));
        }
        self.has_kernel_locks == Some(true)
    }

    fn take_wait(&mut self, id: WaitId) -> PendingWait {
        let at = self.waits.iter().position(|wait| wait.id == id);
        self.waits.swap_remove(at.expect("every wait is completed once"))
    }
}

impl Claim for FileClaim {
    fn check_process(&self) -> Result<(), LockError> {
        check_process(self.process, &self.name, || self.spec.path.display().to_string())
    }

    fn is_polled(&self) -> bool {
        // A wait for a lock that the kernel does not have is not seen, and consists of tries.
        self.has_kernel_locks == Some(false)
            || self.exclusive.is_polled()
            || self.shared.is_polled()
    }

    fn try_acquire(&mut self, mode: Mode) -> Result<TryAcquire, LockError> {
        self.check_process()?;
        let (handle, spec) = self.handle(mode);
        let is_locked = handle.try_acquire(spec)?;
        self.note_contention(mode, is_locked);
        self.note_held(mode, is_locked);
        Ok(if is_locked { TryAcquire::Acquired } else { TryAcquire::Contended })
    }

    fn is_still_valid(&mut self) -> Result<bool, LockError> {
        self.shared.is_in_place(&self.spec)
    }

    fn find_waiting_writer(&mut self, found: WriterWaiting) {
        holder_lookup::find_waiting_writer(self.spec.path.clone(), found);
    }

    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError> {
        self.check_process()?;
        let WaitRequest { id, mode, blocking: is_blocking, yield_first: pause, .. } = request;
        let (handle, spec) = self.handle(mode);
        let wait_file = handle.wait_file(spec)?;
        let (flock_id, file) = (FlockWaitId::next(), wait_file.file.clone());
        self.waits.push(PendingWait { id, flock_id, mode, file: wait_file });
        let (path, was_stale) = (self.spec.path.clone(), Arc::clone(&self.was_stale));
        let done = Box::new(move |result: io::Result<bool>| {
            let result = match result {
                // Its file system may have been mounted again: the gate starts another wait.
                Err(error) if is_stale(&error) && !was_stale.swap(true, Relaxed) => Ok(false),
                result => result,
            };
            done(result.map_err(|error| lock_error("lock", &path, error)));
        });
        let wait = FlockWait { id: flock_id, file, mode, is_blocking, pause, done };
        blocking_pool::start(wait, &self.spec.path).map_err(|error| {
            self.take_wait(id);
            lock_error("start a thread to wait for", &self.spec.path, error)
        })
    }

    fn is_wait_still_valid(&mut self, id: WaitId) -> Result<bool, LockError> {
        let Some(wait) = self.waits.iter().find(|wait| wait.id == id) else {
            return Ok(false);
        };
        let (mode, flock_id, file) = (wait.mode, wait.flock_id, wait.file.file.clone());
        let (handle, spec) = self.handle(mode);
        let is_current = handle.is_current(&file, spec, false);
        if !matches!(is_current, Ok(true)) {
            // The gate starts another wait in its place.
            polling::cancel(flock_id);
        }
        is_current
    }

    fn cancel_wait(&mut self, id: WaitId) -> bool {
        let wait = self.waits.iter().find(|wait| wait.id == id);
        wait.is_some_and(|wait| polling::cancel(wait.flock_id))
    }

    fn accept(&mut self, id: WaitId) -> Result<bool, LockError> {
        let PendingWait { mode, file, .. } = self.take_wait(id);
        let (handle, spec) = self.handle(mode);
        let is_locked = handle.accept(file, spec)?;
        self.note_held(mode, is_locked);
        Ok(is_locked)
    }

    fn loss_monitor(&self) -> Option<Arc<dyn LossMonitor>> {
        let handle = match self.held? {
            Mode::Exclusive => &self.exclusive,
            Mode::Shared => &self.shared,
        };
        handle.loss_monitor()
    }

    fn discard(&mut self, id: WaitId) {
        let PendingWait { mode, file, .. } = self.take_wait(id);
        self.handle(mode).0.discard(&file);
    }

    #[cfg(unix)]
    fn duplicate_descriptor(&self, mode: Mode) -> Result<Option<OwnedFd>, LockError> {
        self.check_process()?;
        let handle = if mode == Mode::Exclusive { &self.exclusive } else { &self.shared };
        handle.duplicate_descriptor(&self.spec)
    }

    fn record_holder(&mut self, mode: Mode, site: Option<&Site>, usage: Usage<'_>) -> Recorded {
        let opens = self.exclusive.open_count() + self.shared.open_count();
        if mem::replace(&mut self.opens_at_record, opens) != opens {
            // If the lock file was replaced, the whole folder may have been.
            self.record.close();
        }
        match mode {
            Mode::Exclusive => self.record.record_writer(site, usage, self.exclusive.seen()),
            Mode::Shared => self.record.record_reader(site.is_some(), usage),
        }
    }

    fn records_slowly(&self) -> bool {
        true
    }

    fn clear_holder(&mut self, last_token: u64) {
        // A fork shares the record with its parent, as it does the lock.
        if self.check_process().is_ok() {
            self.record.clear(last_token);
        }
    }

    fn record_waits(&mut self, waits: &[RecordedWait]) {
        if self.check_process().is_ok() {
            self.record.record_waits(waits);
        }
    }

    fn begin_run(&mut self) -> Result<Option<LastRun>, LockError> {
        self.check_process()?;
        self.record.begin_run()
    }

    fn record_run(&mut self, site: &Site, period: Duration) -> Result<(), LockError> {
        self.check_process()?;
        self.record.record_run(site, period)
    }

    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError> {
        self.check_process()?;
        // Before the unlock, so that no other process has the lock yet.
        let recorded = usage.map_or(Ok(true), |usage| self.record.release(mode, usage));
        self.held = None;
        let (handle, spec) = self.handle(mode);
        let released = handle.release(spec);
        if !handle.is_open() {
            // Nor is the record kept open then.
            self.record.close();
        }
        released?;
        if recorded? { Ok(()) } else { Err(self.lost_to_another()) }
    }
}

#[cfg(all(test, unix))]
mod tests;
