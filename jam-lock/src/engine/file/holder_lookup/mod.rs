//! Who holds a lock file at the moment, where that is certain.
//!
//! A record names the holder, but the process that wrote it may have died since, and one that writes
//! none may have the lock now. So the holder is a process that the system itself lists, and the
//! record is believed where it is that process's. Only Linux lists them.

#[cfg(target_os = "linux")]
mod devices;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod evidence;
#[cfg(target_os = "linux")]
mod lock_table;
#[cfg(target_os = "linux")]
mod lookup_thread;
#[cfg(target_os = "linux")]
mod open_files;
#[cfg(target_os = "linux")]
mod proc_locks;
#[cfg(target_os = "linux")]
mod recent;
#[cfg(target_os = "linux")]
mod waiting_writer;

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(not(target_os = "linux"))]
pub(super) use self::elsewhere::{LockTable, find, find_now, find_waiting_writer};
#[cfg(target_os = "linux")]
pub(super) use self::lock_table::LockTable;
#[cfg(target_os = "linux")]
pub(super) use self::lookup_thread::{find, find_now, find_waiting_writer};
use super::record_file::{self, RecordFile};
use super::record_format::Record;
use super::system::{Call, ask};
use crate::holder::Holder;
use crate::status::State;

/// How long the name of a holder is worth waiting for, where the machine is busy or has a great
/// many locks.
pub(super) const TIMEOUT: Duration = Duration::from_millis(100);

/// A lock file, and its record as it was before anybody looked for the holder.
///
/// The order matters: a holder that releases the lock after its record was read is not listed any
/// more.
pub(super) struct Seen {
    pub(super) path: PathBuf,
    pub(super) file: Metadata,
    pub(super) record: Option<Record>,
}

impl Seen {
    /// Looks at `path`.
    pub(super) fn look(path: &Path) -> io::Result<Self> {
        let file = ask(Call::Look, path, || fs::symlink_metadata(path))?;
        let is_file = file.is_file();
        let record = is_file.then(|| record_file::look(&RecordFile::path(path))).flatten();
        Ok(Self { path: path.to_owned(), file, record })
    }
}

/// What the system's list shows of one lock file, which may be less than there is.
#[derive(Default)]
pub(super) struct Occupancy {
    /// Held, where somebody had the lock all the time.
    pub(super) state: Option<State>,
    pub(super) holder: Option<Holder>,
    /// Whether the recorded holder was seen not to have the lock.
    pub(super) excludes_recorded: bool,
    /// Whether there may be readers that were not listed all the time.
    pub(super) may_have_readers: bool,
    /// How many processes wait, where that is certain.
    pub(super) waiting: Option<usize>,
}

/// Calls what others have given to the thread, which has to be there for the next ones, whatever it
/// does.
#[cfg(target_os = "linux")]
fn call_safely(call: impl FnOnce()) {
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
}
