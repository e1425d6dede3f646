//! The claim on one lock file.

use std::io;
use std::sync::Arc;

use super::blocking_pool::{self, PoolWaitId, Wait};
use super::handle::{Place, Pursued, Seat, trouble};
use super::holder_record::Recorder;
use super::record_file::RecordFile;
use super::token_floor::TokenFloor;
use super::{cleanup, holder_lookup, polling};
use crate::engine::{
    Claim, Mode, ProcessId, Recorded, TryAcquire, Usage, WaitDone, WaitId, WaitRequest,
    WriterWaiting, check_process,
};
use crate::error::LockError;
use crate::name::LockName;
use crate::site::Site;

/// One lock file, in both modes.
pub(super) struct FileClaim {
    name: LockName,
    place: Place,
    /// A fork shares the open files, so that its unlock would free the lock of its parent.
    process: ProcessId,
    exclusive: Seat,
    shared: Seat,
    recorder: Recorder,
    /// How many lock files had been opened when the record was.
    recorded_since: u64,
    in_flight: Vec<InFlight>,
    /// Whether others use the lock too, as far as this claim has noticed.
    contended: Option<bool>,
}

/// A wait for a file.
struct InFlight {
    id: WaitId,
    wait: PoolWaitId,
    mode: Mode,
    pursued: Pursued,
}

impl FileClaim {
    /// A claim that only `process` may use.
    pub(super) fn new(
        name: LockName,
        place: Place,
        floor: Option<Arc<TokenFloor>>,
        process: ProcessId,
    ) -> Self {
        let record = Place { path: RecordFile::path(&place.path), ..place };
        let recorder = Recorder::new(record, floor);
        Self {
            name,
            recorder,
            recorded_since: 0,
            place,
            process,
            exclusive: Seat::new(Mode::Exclusive),
            shared: Seat::new(Mode::Shared),
            in_flight: Vec::new(),
            contended: None,
        }
    }

    /// The seat of a mode, and the place that its methods ask for.
    fn seat(&mut self, mode: Mode) -> (&mut Seat, &Place) {
        let seat = match mode {
            Mode::Exclusive => &mut self.exclusive,
            Mode::Shared => &mut self.shared,
        };
        (seat, &self.place)
    }

    /// Notes whether others use the lock, of which the file is removed later then.
    fn look_for_others(&mut self, mode: Mode, is_locked: bool) {
        if !self.name.is_keyed() {
            return;
        }
        let is_new = self.seat(mode).0.is_new();
        let path = &self.place.path;
        let is_contended = self.contended.unwrap_or_else(|| {
            // A file that was there may be what a process left behind that died long ago.
            let is_shared = !is_new && cleanup::is_in_recent_use(path).unwrap_or(true);
            cleanup::is_used_again(path) || is_shared
        });
        self.contended = Some(is_contended || !is_locked);
    }

    fn land(&mut self, id: WaitId) -> InFlight {
        let at = self.in_flight.iter().position(|wait| wait.id == id);
        self.in_flight.swap_remove(at.expect("every wait is completed once"))
    }
}

impl Claim for FileClaim {
    fn check_process(&self) -> Result<(), LockError> {
        check_process(self.process, &self.name, || self.place.path.display().to_string())
    }

    fn is_polled(&self) -> bool {
        self.exclusive.is_polled() || self.shared.is_polled()
    }

    fn try_acquire(&mut self, mode: Mode) -> Result<TryAcquire, LockError> {
        self.check_process()?;
        let (seat, place) = self.seat(mode);
        let is_locked = seat.try_acquire(place)?;
        self.look_for_others(mode, is_locked);
        Ok(if is_locked { TryAcquire::Acquired } else { TryAcquire::Contended })
    }

    fn is_still_valid(&mut self) -> Result<bool, LockError> {
        self.shared.is_in_place(&self.place)
    }

    fn find_waiting_writer(&mut self, found: WriterWaiting) {
        holder_lookup::find_waiting_writer(self.place.path.clone(), found);
    }

    fn start_wait(&mut self, request: WaitRequest, done: WaitDone) -> Result<(), LockError> {
        self.check_process()?;
        let WaitRequest { id, mode, blocking: is_blocking, yield_first: pause, .. } = request;
        let (seat, place) = self.seat(mode);
        let pursued = seat.pursued(place)?;
        let (wait, file) = (PoolWaitId::next(), pursued.file.clone());
        self.in_flight.push(InFlight { id, wait, mode, pursued });
        let path = self.place.path.clone();
        let done = Box::new(move |result: io::Result<bool>| {
            done(result.map_err(|error| trouble("lock", &path, error)));
        });
        let wait = Wait { id: wait, file, mode, is_blocking, pause, done };
        blocking_pool::start(wait, &self.place.path).map_err(|error| {
            self.land(id);
            trouble("start a thread to wait for", &self.place.path, error)
        })
    }

    fn is_wait_still_valid(&mut self, id: WaitId) -> Result<bool, LockError> {
        let Some(wait) = self.in_flight.iter().find(|wait| wait.id == id) else {
            return Ok(false);
        };
        let (mode, wait, file) = (wait.mode, wait.wait, wait.pursued.file.clone());
        let (seat, place) = self.seat(mode);
        let is_alive = seat.is_alive(&file, place, false);
        if !matches!(is_alive, Ok(true)) {
            // The gate starts another wait in its place.
            polling::cancel(wait);
        }
        is_alive
    }

    fn cancel_wait(&mut self, id: WaitId) -> bool {
        let wait = self.in_flight.iter().find(|wait| wait.id == id);
        wait.is_some_and(|wait| polling::cancel(wait.wait))
    }

    fn accept(&mut self, id: WaitId) -> Result<bool, LockError> {
        let InFlight { mode, pursued, .. } = self.land(id);
        let (seat, place) = self.seat(mode);
        seat.accept(pursued, place)
    }

    fn discard(&mut self, id: WaitId) {
        let InFlight { mode, pursued, .. } = self.land(id);
        self.seat(mode).0.discard(&pursued);
    }

    fn record_holder(&mut self, mode: Mode, site: Option<&Site>, usage: Usage<'_>) -> Recorded {
        let opened = self.exclusive.opened() + self.shared.opened();
        if std::mem::replace(&mut self.recorded_since, opened) != opened {
            // With the lock file, the whole folder may be another one.
            self.recorder.close();
        }
        match mode {
            Mode::Exclusive => self.recorder.publish_writer(site, usage),
            Mode::Shared => self.recorder.publish_reader(site.is_some(), usage),
        }
    }

    fn clear_holder(&mut self, last: u64) {
        // A fork shares the record with its parent as it does the lock.
        if self.check_process().is_ok() {
            self.recorder.withdraw(last);
        }
    }

    fn release(&mut self, mode: Mode, usage: Option<Usage<'_>>) -> Result<(), LockError> {
        self.check_process()?;
        // As long as nobody else can have it.
        let recorded = usage.map_or(Ok(()), |usage| self.recorder.release(mode, usage));
        let (seat, place) = self.seat(mode);
        seat.release(place).and(recorded)
    }
}

impl Drop for FileClaim {
    fn drop(&mut self) {
        if !self.name.is_keyed() || self.check_process().is_err() {
            return;
        }
        self.recorder.close();
        let Some(is_contended) = self.contended else { return };
        let has_met_others = self.exclusive.has_lost_a_file() || self.shared.has_lost_a_file();
        let file = self.exclusive.vacate().or(self.shared.vacate());
        if is_contended || has_met_others || !self.recorder.leaves_its_tokens() {
            cleanup::remove_later(std::mem::take(&mut self.place.path));
        } else if let Some(file) = file {
            cleanup::remove(file, &self.place.path);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::engine::OwnerId;

    /// A claim on `x.lock` of `folder`, as a fork of this process would have it if `forked`.
    fn claim(folder: &Path, forked: bool) -> FileClaim {
        let path = folder.join("x.lock");
        let process = if forked { ProcessId::of_a_fork() } else { ProcessId::current() };
        let place = Place { path, permissions: None };
        FileClaim::new(LockName::declared("x", "claims", 0), place, None, process)
    }

    #[test]
    fn a_fork_can_use_nothing_that_it_inherited() {
        let folder = tempfile::tempdir().unwrap();
        let mut inherited = claim(folder.path(), true);
        let done = || Box::new(|_| panic!("no request was started"));
        let request = WaitRequest {
            id: WaitId(1),
            mode: Mode::Shared,
            blocking: true,
            yield_first: Duration::ZERO,
            owner: OwnerId::NONE,
            site: None,
        };
        assert!(matches!(inherited.check_process(), Err(LockError::Forked { .. })));
        assert!(matches!(inherited.try_acquire(Mode::Exclusive), Err(LockError::Forked { .. })));
        let pursued = inherited.start_wait(request, done());
        assert!(matches!(pursued, Err(LockError::Forked { .. })));
    }

    #[test]
    fn a_fork_that_releases_leaves_the_lock_of_its_parent_alone() {
        for mode in [Mode::Exclusive, Mode::Shared] {
            let folder = tempfile::tempdir().unwrap();
            let mut claim = claim(folder.path(), false);
            assert_eq!(claim.try_acquire(mode).unwrap(), TryAcquire::Acquired);
            // In the child the claim has everything but its process.
            claim.process = ProcessId::of_a_fork();
            assert!(matches!(claim.release(mode, None), Err(LockError::Forked { .. })));
            let mut others = self::claim(folder.path(), false);
            assert_eq!(others.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Contended);
        }
    }

    #[test]
    fn a_fork_leaves_the_record_of_its_parent_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut claim = claim(folder.path(), false);
        assert_eq!(claim.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Acquired);
        let usage = Usage { abandoned_by: None, last_token: 0 };
        claim.record_holder(Mode::Exclusive, Some(&Site::here()), usage);
        claim.process = ProcessId::of_a_fork();
        claim.clear_holder(0);
        assert!(claim.release(Mode::Exclusive, Some(usage)).is_err());
        let record = std::fs::read_to_string(folder.path().join("x.holder")).unwrap();
        assert!(record.starts_with("jam-lock 1 held"), "{record}");
    }

    #[test]
    fn a_refused_writer_leaves_the_readers_of_its_own_process_their_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (mut here, mut there) = (claim(folder.path(), false), claim(folder.path(), false));
        assert_eq!(here.try_acquire(Mode::Shared).unwrap(), TryAcquire::Acquired);
        assert_eq!(here.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Contended);
        assert_eq!(there.try_acquire(Mode::Exclusive).unwrap(), TryAcquire::Contended);
        assert_eq!(there.try_acquire(Mode::Shared).unwrap(), TryAcquire::Acquired);
    }
}
