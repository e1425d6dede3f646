//! What one claim makes known of its holders, and which tokens it gives them.

use std::path::PathBuf;
use std::time::Duration;

use super::record::{self, Draft, Record};
use super::record_file::{RecordFile, Room};
use crate::engine::{Publication, Used};
use crate::holder::Holder;
use crate::site::Site;
use crate::this_process::ThisProcess;
use crate::wall_clock::since_1970;

/// How many tokens may be given out beyond the one that is written.
const UNWRITTEN: u64 = 1 << 10;

/// The holder record of one lock file. It is for diagnosis alone: where it cannot be read or
/// written, the lock goes without it.
pub(super) struct Recorder {
    path: PathBuf,
    permissions: Option<u32>,
    is_keyed: bool,
    file: Option<RecordFile>,
    draft: Option<Draft>,
    mark: Mark,
    /// The greatest token that is known to have been given to a writer.
    token: u64,
    /// What was there when the claim was made, if its holder had died.
    found: Option<Found>,
}

/// What the record says while this process has the claim.
#[derive(PartialEq)]
enum Mark {
    /// Whatever it said before: nobody here has looked since the claim was made.
    Unread,
    /// Nothing of this process.
    Free,
    /// That somebody of this process holds the lock.
    Held,
}

/// The record of a holder that died.
struct Found {
    text: Vec<u8>,
    holder: Box<Holder>,
}

impl Recorder {
    pub(super) fn new(path: PathBuf, permissions: Option<u32>, is_keyed: bool) -> Self {
        Self {
            path,
            permissions,
            is_keyed,
            file: None,
            draft: None,
            mark: Mark::Unread,
            token: 0,
            found: None,
        }
    }

    /// Gives a writer its token, and records it where there is a `site`.
    ///
    /// The token is the time, in nanoseconds since 1970, unless that does not rise: so tokens rise
    /// even where a record is lost.
    pub(super) fn publish_writer(&mut self, site: Option<&Site>, last: u64) -> Publication {
        let since = since_1970();
        let mut abandoned = None;
        self.token = self.token.max(last);
        if self.mark == Mark::Unread {
            abandoned = site.and_then(|_| self.look());
            self.token = self.token.max(nanos(since));
        } else {
            self.found = None;
        }
        self.token += 2;
        match site {
            None => self.withdraw(self.token),
            Some(site) => self.write(site, since),
        }
        Publication { token: self.token, spare: UNWRITTEN, abandoned, record_error: None }
    }

    /// Gives a reader its token: between those of the writers before and after it. A reader cannot
    /// record itself, because others may be reading too.
    pub(super) fn publish_reader(&mut self, is_recorded: bool) -> Publication {
        if self.mark == Mark::Unread {
            if is_recorded {
                self.look();
            }
            if self.token == 0 {
                self.token = nanos(since_1970());
            }
            self.mark = Mark::Free;
        }
        let abandoned = self.found.as_ref().map(|found| found.holder.clone());
        Publication { token: self.token + 1, spare: 0, abandoned, record_error: None }
    }

    /// Records that nobody holds the lock, although the process keeps its claim.
    pub(super) fn withdraw(&mut self, last: u64) {
        self.token = self.token.max(last);
        if self.mark != Mark::Held {
            return;
        }
        if let Some(file) = &self.file {
            // Who finds it held nevertheless takes the last holder for dead, which is no harm.
            let _ = file.write(&record::free(self.token));
        }
        self.mark = Mark::Free;
    }

    /// Records how the lock is left behind, before others can have it.
    pub(super) fn release(&mut self, Used { abandoned, last }: Used<'_>) {
        self.token = self.token.max(last);
        match (abandoned, &self.found, &self.file) {
            (None, ..) => self.withdraw(last),
            // Who died first is what the next holder wants to know.
            (Some(_), Some(found), Some(file)) => {
                let _ = file.write(&found.text);
            }
            (Some(_), ..) => {}
        }
        self.mark = Mark::Unread;
        self.found = None;
    }

    /// Whether a token was given out that who starts anew with the clock would give out again.
    pub(super) fn is_ahead_of_the_clock(&self) -> bool {
        self.token >= nanos(since_1970())
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
        let mut room = Room::new();
        let text = self.file.as_ref()?.read(&mut room).ok()?;
        let Record { token, holder } = Record::parse(text)?;
        self.token = self.token.max(token);
        let (holder, _) = holder?;
        // It may have given out tokens that it did not write.
        self.token += UNWRITTEN;
        let holder = Box::new(holder);
        self.found = Some(Found { text: text.to_owned(), holder: holder.clone() });
        Some(holder)
    }

    fn write(&mut self, site: &Site, since: Duration) {
        self.mark = Mark::Held;
        let Some(file) = &self.file else { return };
        if self.draft.as_ref().is_none_or(|draft| draft.site != *site) {
            self.draft = Some(Draft::new(&ThisProcess::get(), *site, self.is_keyed));
        }
        if let Some(draft) = &mut self.draft {
            let _ = file.write(draft.of(since, self.token));
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn recorder(folder: &Path) -> Recorder {
        Recorder::new(folder.join("x.holder"), None, false)
    }

    fn text(folder: &Path) -> String {
        fs::read_to_string(folder.join("x.holder")).unwrap()
    }

    #[test]
    fn tokens_rise_although_a_process_died_with_some_that_it_had_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let (mut dies, site) = (recorder(folder.path()), Site::here());
        // The clock is behind, so that it does not help.
        let Publication { token, spare, .. } =
            dies.publish_writer(Some(&site), 2 * nanos(since_1970()));
        let mut next = recorder(folder.path());
        let after = next.publish_writer(Some(&site), 0);
        assert!(token + spare < after.token, "{} follows {}", after.token, token + spare);
        assert!(after.abandoned.is_some());
    }

    #[test]
    fn who_does_not_record_leaves_no_record_of_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let mut recorder = recorder(folder.path());
        recorder.publish_writer(Some(&Site::here()), 0);
        recorder.publish_writer(None, 0);
        assert!(text(folder.path()).starts_with("jam-lock 1 free"));
    }

    #[test]
    fn what_nobody_has_read_is_still_read_after_a_claim_was_idle() {
        let folder = tempfile::tempdir().unwrap();
        recorder(folder.path()).publish_writer(Some(&Site::here()), 0);
        let mut idle = recorder(folder.path());
        idle.withdraw(0);
        assert!(idle.publish_reader(true).abandoned.is_some());
    }

    #[test]
    fn a_lock_that_is_left_abandoned_keeps_the_record_of_who_died_first() {
        let folder = tempfile::tempdir().unwrap();
        recorder(folder.path()).publish_writer(Some(&Site::here()), 0);
        let found = text(folder.path());
        let mut fails = recorder(folder.path());
        assert!(fails.publish_writer(Some(&Site::here()), 0).abandoned.is_some());
        assert_ne!(text(folder.path()), found);
        fails.release(Used { abandoned: Some(&Holder::default()), last: 0 });
        assert_eq!(text(folder.path()), found);
    }
}
