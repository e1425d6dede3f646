//! What one claim makes known of its holders, and which tokens it gives them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::record::{self, Record};
use super::record_file::RecordFile;
use crate::engine::{Left, Publication};
use crate::holder::Holder;
use crate::site::Site;
use crate::this_process::ThisProcess;

/// How many tokens may be given out beyond the one that is written.
const UNWRITTEN: u64 = 1 << 16;

/// The holder record of one lock file. It is for diagnosis alone: where it cannot be read or
/// written, the lock goes without it.
pub(super) struct Recorder {
    path: PathBuf,
    permissions: Option<u32>,
    here: Option<Arc<ThisProcess>>,
    file: Option<RecordFile>,
    mark: Mark,
    /// The greatest token that is known to have been given to a writer.
    token: u64,
    /// The token that was written last.
    written: u64,
    /// What was there when the claim was made, if its holder had died.
    found: Option<Found>,
}

/// What the record says while this process has the claim.
enum Mark {
    /// Whatever it said before: nobody here has looked since the claim was made.
    Unread,
    /// Nothing of this process.
    Free,
    /// That somebody of this process holds the lock.
    Held(Site),
}

/// The record of a holder that died.
struct Found {
    bytes: Vec<u8>,
    holder: Box<Holder>,
}

impl Recorder {
    pub(super) fn new(path: PathBuf, permissions: Option<u32>) -> Self {
        Self {
            path,
            permissions,
            here: None,
            file: None,
            mark: Mark::Unread,
            token: 0,
            written: 0,
            found: None,
        }
    }

    /// Gives a writer its token, and records it where there is a `site`.
    ///
    /// The token is the time, in microseconds since 1970, unless that does not rise: so tokens rise
    /// even where a record is lost.
    pub(super) fn publish_writer(&mut self, site: Option<&Site>) -> Publication {
        let since = since_1970();
        let is_new = matches!(self.mark, Mark::Unread);
        let abandoned = match site {
            Some(_) if is_new => self.look(),
            _ => None,
        };
        let clock = if is_new { micros(since) } else { 0 };
        self.token = clock.max(self.token + 2);
        match site {
            None => self.withdraw(),
            Some(site) if self.says(site) => {}
            Some(site) => self.write(site, since),
        }
        if !is_new {
            self.found = None;
        }
        Publication { token: self.token, abandoned }
    }

    /// Gives a reader its token: between those of the writers before and after it. A reader cannot
    /// record itself, because others may be reading too.
    pub(super) fn publish_reader(&mut self, is_recorded: bool) -> Publication {
        if matches!(self.mark, Mark::Unread) {
            if is_recorded {
                self.look();
            }
            if self.token == 0 {
                self.token = micros(since_1970());
            }
            self.mark = Mark::Free;
        }
        let abandoned = self.found.as_ref().map(|found| found.holder.clone());
        Publication { token: self.token + 1, abandoned }
    }

    /// Records that nobody holds the lock, although the process keeps its claim.
    pub(super) fn withdraw(&mut self) {
        if matches!(self.mark, Mark::Held(_)) {
            if let Some(file) = &self.file {
                // Who finds it held nevertheless takes the last holder for dead, which is no harm.
                let _ = file.write(record::head(false, self.token).as_bytes());
            }
            self.written = self.token;
        }
        self.mark = Mark::Free;
    }

    /// Records how the lock is left behind, before others can have it.
    pub(super) fn release(&mut self, left: Left) {
        match left {
            Left::InOrder => self.withdraw(),
            Left::Abandoned => {
                // Who died first is what the next holder wants to know.
                if let (Some(found), Some(file)) = (&self.found, &self.file) {
                    let _ = file.write(&found.bytes);
                }
            }
        }
        self.mark = Mark::Unread;
        self.found = None;
    }

    /// Closes the file, which Windows would not let anybody remove else.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Reads what others have left, and tells who has died.
    fn look(&mut self) -> Option<Box<Holder>> {
        if !self.file.as_ref().is_some_and(RecordFile::is_in_place) {
            self.file = RecordFile::open(&self.path, self.permissions);
        }
        let bytes = self.file.as_ref()?.read().ok()?;
        let Record { token, holder } = Record::parse(&bytes)?;
        self.token = self.token.max(token);
        let (holder, _) = holder?;
        // It may have given out tokens that it did not write.
        self.token += UNWRITTEN;
        let holder = Box::new(holder);
        self.found = Some(Found { bytes, holder: holder.clone() });
        Some(holder)
    }

    /// Whether the record fits a holder at `site` already: to write what it says would be in vain.
    fn says(&self, site: &Site) -> bool {
        matches!(&self.mark, Mark::Held(marked) if marked == site)
            && self.token < self.written + UNWRITTEN
    }

    fn write(&mut self, site: &Site, since: Duration) {
        if let Some(file) = &self.file {
            let here = self.here.get_or_insert_with(ThisProcess::get);
            let text = record::render(here, site, since, self.token);
            let _ = file.write(text.as_bytes());
        }
        self.written = self.token;
        self.mark = Mark::Held(*site);
    }
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn recorder(folder: &Path) -> Recorder {
        Recorder::new(folder.join("x.holder"), None)
    }

    fn text(folder: &Path) -> String {
        fs::read_to_string(folder.join("x.holder")).unwrap()
    }

    #[test]
    fn a_hand_over_at_the_same_place_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut recorder = recorder(folder.path());
        let (here, there) = (Site::here(), Site::here());
        recorder.publish_writer(Some(&here));
        let written = text(folder.path());
        recorder.publish_writer(Some(&here));
        assert_eq!(text(folder.path()), written);
        recorder.publish_writer(Some(&there));
        assert_ne!(text(folder.path()), written);
    }

    #[test]
    fn tokens_rise_although_a_process_died_with_some_that_it_had_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let (mut dies, site) = (recorder(folder.path()), Site::here());
        // The clock is behind, so that it does not help.
        dies.token = 10 * micros(since_1970());
        let last = (0..2 * UNWRITTEN).map(|_| dies.publish_writer(Some(&site)).token).last();
        let mut next = recorder(folder.path());
        let Publication { token, abandoned } = next.publish_writer(Some(&site));
        assert!(last.is_some_and(|last| last < token), "{token} follows {last:?}");
        assert!(abandoned.is_some());
    }

    #[test]
    fn who_does_not_record_leaves_no_record_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut recorder = recorder(folder.path());
        recorder.publish_writer(Some(&Site::here()));
        recorder.publish_writer(None);
        assert!(text(folder.path()).starts_with("jam-lock 1 free"));
    }

    #[test]
    fn a_lock_that_is_left_abandoned_keeps_the_record_of_who_died_first() {
        let folder = tempfile::tempdir().unwrap();
        recorder(folder.path()).publish_writer(Some(&Site::here()));
        let found = text(folder.path());
        let mut fails = recorder(folder.path());
        assert!(fails.publish_writer(Some(&Site::here())).abandoned.is_some());
        assert_ne!(text(folder.path()), found);
        fails.release(Left::Abandoned);
        assert_eq!(text(folder.path()), found);
    }
}
