//! The last run of a job, beside the record of its lock. A run is relied on: what cannot be read or written is
//! an error before the job begins.
//!
//! The text is read when a run begins, and written when it has ended well; in between, and by holders that
//! run no job, it is left alone.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::time::{Duration, SystemTime};

use super::HolderRecord;
use super::abandonment::AbandonmentMark;
use super::error::{io_error, written_by_another};
use super::file_size_limit;
use super::format::{MAX_LEN, RecordedRun, RunText, SIZE, run};
use super::record_file::RecordFile;
use crate::engine::file::platform;
use crate::engine::file::syscall::{Syscall, retry};
use crate::error::LockError;
use crate::holder::Holder;
use crate::last_run::LastRun;
use crate::site::Site;
use crate::wall_clock;

impl HolderRecord {
    /// Begins a run of the holder, which is recorded, and returns the last one that ended well.
    pub(in crate::engine::file) fn begin_run(&mut self) -> Result<Option<LastRun>, LockError> {
        let now = wall_clock::of_runs();
        self.run_began = now;
        let (path, token) = (&self.spec.path, self.tokens.last());
        let failed = |error| io_error("read the last run in", path, error);
        let is_recorded = self.is_recorded && self.mark == AbandonmentMark::Set;
        let Some(file) = self.file.as_mut().filter(|_| is_recorded) else {
            return Err(failed(io::Error::other("the record could not be written")));
        };
        if !file.has_run() {
            let make_room = |error| io_error("make room for the last run in", path, error);
            return file.make_room_for_run().map_err(make_room).map(|()| None);
        }
        let mut last = match file.read_run().map_err(failed)? {
            RunText::Absent | RunText::Empty => return Ok(None),
            RunText::Damaged => return Err(failed(damaged())),
            RunText::Run(last) => last,
        };
        if last.began > now {
            // The clock was set back, or that of another machine is ahead.
            last.began = now;
            file.write_run(&run::text(&last, token)).map_err(failed)?;
        }
        Ok(to_last_run(&last))
    }

    /// Records that the run which has begun, at `site`, has ended well.
    pub(in crate::engine::file) fn record_run(
        &mut self,
        site: &Site,
        period: Duration,
    ) -> Result<(), LockError> {
        let path = &self.spec.path;
        let failed = |error| io_error("record a run in", path, error);
        let Some(file) = self.file.as_mut().filter(|file| file.has_run()) else {
            return Err(failed(ErrorKind::NotFound.into()));
        };
        if file.was_written_by_another() {
            return Err(written_by_another(path));
        }
        let ended = RecordedRun { began: self.run_began, period, holder: Holder::here(site) };
        file.write_run(&run::text(&ended, self.tokens.last())).map_err(failed)
    }
}

/// The run, as callers see it; `None` if it began at a time that the system does not know.
pub(in crate::engine::file) fn to_last_run(run: &RecordedRun) -> Option<LastRun> {
    let age = wall_clock::of_runs().saturating_sub(run.began);
    let began = SystemTime::UNIX_EPOCH.checked_add(run.began)?;
    Some(LastRun::new(began, age, run.period, Box::new(run.holder.clone())))
}

impl RecordFile {
    fn read_run(&self) -> io::Result<RunText> {
        let text = self.read_second()?;
        Ok(RunText::of(&[&[b' '; SIZE], &*text].concat()))
    }

    /// Puts a text behind the first one which says that there was no run.
    fn make_room_for_run(&mut self) -> io::Result<()> {
        let mut text = run::empty();
        if self.is_long() {
            text.extend(self.read_second()?);
        }
        if let Err(error) = write_at(self.file(), &text, SIZE) {
            // A part of it would look like a last run that is damaged.
            let _ = retry(Syscall::Truncate, self.file(), || self.file().set_len(SIZE as u64));
            return Err(error);
        }
        self.note_run();
        Ok(())
    }

    fn write_run(&self, text: &[u8]) -> io::Result<()> {
        write_at(self.file(), text, SIZE)
    }
}

fn write_at(file: &File, text: &[u8], start: usize) -> io::Result<()> {
    file_size_limit::check(MAX_LEN)?;
    let written = retry(Syscall::Write, file, || platform::write_at(file, text, start as u64))?;
    if written == text.len() { Ok(()) } else { Err(ErrorKind::WriteZero.into()) }
}

fn damaged() -> io::Error {
    io::Error::new(
        ErrorKind::InvalidData,
        "it is damaged: move the file away, and the job runs again",
    )
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
