//! [`LastWriter`]: whether this process was the last to write a record, which it then neither looks at
//! nor reads before it writes again.
//!
//! After every acquisition, the path of the lock file is looked at anyway, and its modification time
//! means nothing to other programs. A process that writes the record several times in a row sets it to
//! a *version* of its own, with an odd number of nanoseconds; every other one replaces that before it
//! writes. So a process that sees its own version was the last to write.
//!
//! Only its owner may set the times of a file, so a lock file that others may write to has no
//! versions. A program that polls, such as Jam.py, changes the time with each poll; then the record is
//! read each time.
//!
//! A look at the record would cost more than it takes itself: since Linux 6.13, the next write to a
//! file whose times were seen takes a finer time, and writes the inode.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::time::{Duration, Instant, SystemTime};

use crate::engine::file::lock_file::{LockFile, POLLED_RECENTLY};
use crate::engine::file::version::Version;
use crate::wall_clock::since_1970;

/// How long after a release nobody can have moved the record: that takes longer.
const RELEASED_RECENTLY: Duration = Duration::from_micros(20);

/// How often a process that acquires the lock in a loop looks whether the record was moved.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

/// How often in a row a process has to find its own record until it sets a version of its own.
const REPEATS: u8 = 2;

/// How far a version is in the past: a recent time would look like that of a program that polls.
const AGE: Duration = Duration::from_secs(2);

/// The lock file that this process has locked, with the version that was seen at its path since.
#[derive(Clone, Copy)]
pub(in crate::engine::file) struct SeenLock<'file> {
    pub(in crate::engine::file) file: &'file LockFile,
    pub(in crate::engine::file) version: Option<Version>,
}

/// What shows that this process was the last to write.
#[derive(Clone, Copy, Default)]
pub(super) struct LastWriter {
    /// The version that it has set.
    version: Option<Version>,
    /// When the record was last seen in its place, and when the lock was last released.
    looked_at: Option<Instant>,
    released_at: Option<Instant>,
    /// How often in a row it has found the record as it had left it.
    repeats: u8,
    /// Whether versions cannot be set, as far as that was tried.
    is_unsupported: bool,
}

impl LastWriter {
    /// Whether this process was the last to write the record, which is in its place.
    pub(super) fn is_this_process(&self, lock: Option<SeenLock<'_>>, now: Instant) -> bool {
        let is_within = |time: Option<Instant>, limit| {
            time.is_some_and(|time| now.duration_since(time) < limit)
        };
        self.version.is_some_and(|own| lock.is_some_and(|lock| lock.version == Some(own)))
            && is_within(self.released_at, RELEASED_RECENTLY)
            && is_within(self.looked_at, LOOK_INTERVAL)
    }

    /// Notes that the record is in its place.
    pub(super) fn looked(&mut self, now: Instant) {
        self.looked_at = Some(now);
    }

    /// Notes a release, after which the record is free, or not as it should be.
    pub(super) fn released(&mut self, is_free: bool) {
        if !is_free {
            self.forget();
        }
        self.released_at = self.version.map(|_| Instant::now());
    }

    /// Forgets that this process was the last writer, as far as it was.
    pub(super) fn forget(&mut self) {
        (self.version, self.repeats) = (None, 0);
    }

    /// Prepares the version for a write to the record, which `was_found` as this process had left it
    /// or not.
    ///
    /// # Errors
    /// The version of another process cannot be replaced, so it may not notice the write.
    pub(super) fn before_write(
        &mut self,
        lock: Option<SeenLock<'_>>,
        was_found: bool,
    ) -> io::Result<()> {
        let Some(SeenLock { file, version: Some(seen) }) = lock else {
            self.forget();
            return Ok(());
        };
        self.repeats = if was_found { self.repeats.saturating_add(1) } else { 0 };
        if self.version == Some(seen) {
            return Ok(());
        }
        self.version = None;
        let may_be_polled = is_recent(seen) && !file.was_opened_at(seen);
        let is_of_creation = file.is_new() && file.was_opened_at(seen);
        if seen.is_own_of_a_process() && !may_be_polled && !is_of_creation {
            return set(file, seen, false).map(drop);
        }
        if self.repeats >= REPEATS && !self.is_unsupported && !may_be_polled {
            self.version = set(file, seen, true).unwrap_or_default();
            // The file may belong to another user, or have coarser times.
            self.is_unsupported = self.version.is_none();
        }
        Ok(())
    }
}

/// Sets a new version, a process's own or nobody's; returns it if it is stored as it is.
fn set(file: &LockFile, seen: Version, is_own: bool) -> io::Result<Option<Version>> {
    let random = RandomState::new().build_hasher().finish();
    let nanos = 2 * (random % 500_000_000) + u64::from(is_own);
    let nanos = u32::try_from(nanos).expect("it is less than a second");
    let latest = since_1970().saturating_sub(AGE);
    let modified = Duration::new(seen.modified().as_secs().min(latest.as_secs()), nanos);
    let version = file.set_version(SystemTime::UNIX_EPOCH + modified)?;
    Ok(version.filter(|version| version.modified() == modified))
}

/// Whether `seen` may be the time of a poll; that of a version is longer ago.
fn is_recent(seen: Version) -> bool {
    since_1970().checked_sub(seen.modified()).is_some_and(|age| age < POLLED_RECENTLY)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, File};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::*;
    use crate::engine::Mode;

    /// A process that uses a lock file.
    struct Process {
        file: LockFile,
        writer: LastWriter,
    }

    impl Process {
        fn new(folder: &Path) -> Self {
            let file = LockFile::open(&folder.join("x.lock"), Some(0o644), Mode::Exclusive);
            Self { file: file.unwrap(), writer: LastWriter::default() }
        }

        /// One that has written several times in a row.
        fn last_to_write(folder: &Path) -> Self {
            let mut process = Self::new(folder);
            process.write(folder, [false, true, true, true]);
            process
        }

        fn seen(&self, folder: &Path) -> SeenLock<'_> {
            let look = self.file.look(&folder.join("x.lock")).unwrap().expect("it is in its place");
            SeenLock { file: &self.file, version: look.version }
        }

        /// Writes the record repeatedly, and finds it as it was left, or not.
        fn write<const N: usize>(&mut self, folder: &Path, was_found: [bool; N]) {
            for was_found in was_found {
                let mut writer = self.writer;
                writer.looked(Instant::now());
                writer.before_write(Some(self.seen(folder)), was_found).unwrap();
                writer.released(true);
                self.writer = writer;
            }
        }

        /// Whether it knows that it was the last to write, just after its release.
        fn is_last(&self, folder: &Path) -> bool {
            let Some(now) = self.writer.released_at else { return false };
            self.writer.is_this_process(Some(self.seen(folder)), now)
        }
    }

    #[test]
    fn a_process_that_writes_repeatedly_looks_at_its_record_now_and_then() {
        let folder = tempfile::tempdir().unwrap();
        let Process { file, mut writer } = Process::last_to_write(folder.path());
        let look = file.look(&folder.path().join("x.lock")).unwrap().unwrap();
        let seen = Some(SeenLock { file: &file, version: look.version });
        let now = Instant::now();
        (writer.looked_at, writer.released_at) = (Some(now), Some(now));
        assert!(writer.is_this_process(seen, now));
        assert!(!writer.is_this_process(seen, now + RELEASED_RECENTLY));
        writer.released_at = Some(now + LOOK_INTERVAL);
        assert!(!writer.is_this_process(seen, now + LOOK_INTERVAL));
    }

    #[test]
    fn a_process_that_writes_in_between_is_noticed_by_those_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut processes = [(); 2].map(|()| Process::last_to_write(folder.path()));
        for turn in [0, 1, 0] {
            processes[turn].write(folder.path(), [false]);
            assert!(processes.iter().all(|process| !process.is_last(folder.path())));
            processes[turn].write(folder.path(), [true, true, true]);
            assert!(processes[turn].is_last(folder.path()));
            assert!(!processes[1 - turn].is_last(folder.path()));
        }
    }

    #[test]
    fn a_record_that_is_not_left_free_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Process::last_to_write(folder.path());
        process.writer.released(false);
        assert!(!process.is_last(folder.path()));
    }

    #[test]
    fn a_file_that_others_may_write_to_has_no_versions() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Process::last_to_write(folder.path());
        let path = folder.path().join("x.lock");
        let modified = || fs::metadata(&path).unwrap().modified().unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
        let before = modified();
        process.write(folder.path(), [true, true, true]);
        assert!(!process.is_last(folder.path()) && before == modified());
    }

    #[test]
    fn a_version_does_not_hide_that_another_program_polls() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Process::last_to_write(folder.path());
        assert!(!process.file.is_polled());
        for odd in [0, 1] {
            let now = since_1970();
            let polled = Duration::new(now.as_secs(), now.subsec_nanos() / 2 * 2 + odd);
            let file = File::open(folder.path().join("x.lock")).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + polled).unwrap();
            process.write(folder.path(), [true, true, true]);
            assert!(process.file.is_polled());
        }
    }
}
