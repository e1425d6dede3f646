//! The claim on one lock file.

use std::io;
use std::sync::Arc;

use super::blocking_pool::{self, Wait, WaitId};
use super::record_file::RecordFile;
use super::recorder::Recorder;
use super::seat::{Place, Pursued, Seat, trouble};
use super::token_floor::TokenFloor;
use super::{cleanup, holder_lookup, polling};
use crate::engine::{
    Attempt, Claim, Home, Mode, ProcessId, Publication, Pursuit, Used, WriterWaits, check_process,
};
use crate::site::Site;
use crate::{LockError, LockName};

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
    number: u64,
    wait: WaitId,
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

    fn land(&mut self, number: u64) -> InFlight {
        let at = self.in_flight.iter().position(|pursuit| pursuit.number == number);
        self.in_flight.swap_remove(at.expect("every pursuit lands once"))
    }
}

impl Claim for FileClaim {
    fn check_process(&self) -> Result<(), LockError> {
        check_process(self.process, &self.name, || self.place.path.display().to_string())
    }

    fn is_polled(&self) -> bool {
        self.exclusive.is_polled() || self.shared.is_polled()
    }

    fn attempt(&mut self, mode: Mode) -> Result<Attempt, LockError> {
        self.check_process()?;
        let (seat, place) = self.seat(mode);
        let is_locked = seat.attempt(place)?;
        self.look_for_others(mode, is_locked);
        Ok(if is_locked { Attempt::Claimed } else { Attempt::Refused })
    }

    fn is_still_valid(&mut self) -> Result<bool, LockError> {
        self.shared.is_in_place(&self.place)
    }

    fn find_waiting_writer(&mut self, found: WriterWaits) {
        holder_lookup::find_waiting_writer(self.place.path.clone(), found);
    }

    fn pursue(&mut self, pursuit: Pursuit, home: Home) -> Result<(), LockError> {
        self.check_process()?;
        let Pursuit { number, mode, waits: is_blocking, pause, .. } = pursuit;
        let (seat, place) = self.seat(mode);
        let pursued = seat.pursued(place)?;
        let (id, file) = (WaitId::next(), pursued.file.clone());
        self.in_flight.push(InFlight { number, wait: id, mode, pursued });
        let path = self.place.path.clone();
        let done = Box::new(move |result: io::Result<bool>| {
            home(result.map_err(|error| trouble("lock", &path, error)));
        });
        let wait = Wait { id, file, mode, is_blocking, pause, done };
        blocking_pool::start(wait, &self.place.path).map_err(|error| {
            self.land(number);
            trouble("start a thread to wait for", &self.place.path, error)
        })
    }

    fn is_current(&mut self, number: u64) -> Result<bool, LockError> {
        let Some(pursuit) = self.in_flight.iter().find(|pursuit| pursuit.number == number) else {
            return Ok(false);
        };
        let (mode, id, file) = (pursuit.mode, pursuit.wait, pursuit.pursued.file.clone());
        let (seat, place) = self.seat(mode);
        let is_alive = seat.is_alive(&file, place, false);
        if !matches!(is_alive, Ok(true)) {
            // The gate starts another wait in its place.
            polling::cancel(id);
        }
        is_alive
    }

    fn recall(&mut self, number: u64) -> bool {
        let wait = self.in_flight.iter().find(|wait| wait.number == number);
        wait.is_some_and(|wait| polling::cancel(wait.wait))
    }

    fn welcome(&mut self, number: u64) -> Result<bool, LockError> {
        let InFlight { mode, pursued, .. } = self.land(number);
        let (seat, place) = self.seat(mode);
        seat.welcome(pursued, place)
    }

    fn dismiss(&mut self, number: u64) {
        let InFlight { mode, pursued, .. } = self.land(number);
        self.seat(mode).0.dismiss(&pursued);
    }

    fn publish(&mut self, mode: Mode, site: Option<&Site>, used: Used<'_>) -> Publication {
        let opened = self.exclusive.opened() + self.shared.opened();
        if std::mem::replace(&mut self.recorded_since, opened) != opened {
            // With the lock file, the whole folder may be another one.
            self.recorder.close();
        }
        match mode {
            Mode::Exclusive => self.recorder.publish_writer(site, used),
            Mode::Shared => self.recorder.publish_reader(site.is_some(), used),
        }
    }

    fn withdraw(&mut self, last: u64) {
        // A fork shares the record with its parent as it does the lock.
        if self.check_process().is_ok() {
            self.recorder.withdraw(last);
        }
    }

    fn release(&mut self, mode: Mode, used: Option<Used<'_>>) -> Result<(), LockError> {
        self.check_process()?;
        // As long as nobody else can have it.
        let recorded = used.map_or(Ok(()), |used| self.recorder.release(mode, used));
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
    use crate::engine::CallChain;

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
        let home = || Box::new(|_| panic!("no pursuit was started"));
        let pursuit = Pursuit {
            number: 1,
            mode: Mode::Shared,
            waits: true,
            pause: Duration::ZERO,
            chain: CallChain::NONE,
            site: None,
        };
        assert!(matches!(inherited.check_process(), Err(LockError::Forked { .. })));
        assert!(matches!(inherited.attempt(Mode::Exclusive), Err(LockError::Forked { .. })));
        let pursued = inherited.pursue(pursuit, home());
        assert!(matches!(pursued, Err(LockError::Forked { .. })));
    }

    #[test]
    fn a_fork_that_releases_leaves_the_lock_of_its_parent_alone() {
        for mode in [Mode::Exclusive, Mode::Shared] {
            let folder = tempfile::tempdir().unwrap();
            let mut claim = claim(folder.path(), false);
            assert_eq!(claim.attempt(mode).unwrap(), Attempt::Claimed);
            // In the child the claim has everything but its process.
            claim.process = ProcessId::of_a_fork();
            assert!(matches!(claim.release(mode, None), Err(LockError::Forked { .. })));
            let mut others = self::claim(folder.path(), false);
            assert_eq!(others.attempt(Mode::Exclusive).unwrap(), Attempt::Refused);
        }
    }

    #[test]
    fn a_fork_leaves_the_record_of_its_parent_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut claim = claim(folder.path(), false);
        assert_eq!(claim.attempt(Mode::Exclusive).unwrap(), Attempt::Claimed);
        let used = Used { abandoned: None, last: 0 };
        claim.publish(Mode::Exclusive, Some(&Site::here()), used);
        claim.process = ProcessId::of_a_fork();
        claim.withdraw(0);
        assert!(claim.release(Mode::Exclusive, Some(used)).is_err());
        let record = std::fs::read_to_string(folder.path().join("x.holder")).unwrap();
        assert!(record.starts_with("jam-lock 1 held"), "{record}");
    }

    #[test]
    fn a_refused_writer_leaves_the_readers_of_its_own_process_their_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (mut here, mut there) = (claim(folder.path(), false), claim(folder.path(), false));
        assert_eq!(here.attempt(Mode::Shared).unwrap(), Attempt::Claimed);
        assert_eq!(here.attempt(Mode::Exclusive).unwrap(), Attempt::Refused);
        assert_eq!(there.attempt(Mode::Exclusive).unwrap(), Attempt::Refused);
        assert_eq!(there.attempt(Mode::Shared).unwrap(), Attempt::Claimed);
    }
}
