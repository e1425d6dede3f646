//! The file engine: the lock of a name is `flock(2)` on a file in one folder.
//!
//! | to find | look in |
//! |---|---|
//! | where `flock(2)` is called | `flock.rs` |
//! | how the lock file is opened and kept | `handle.rs`, `lock_file.rs` |
//! | how a wait blocks or polls | `blocking_pool.rs`, `polling.rs` |
//! | what is written to the `.holder` file | `record.rs`, `record/format.rs` |
//! | what a holder waits for | `record/waits.rs`, `wait_lookup.rs` |
//! | where the last run of a job is recorded | `record/last_run.rs` |
//! | where a writer that died is reported | `record/abandonment.rs` |
//! | why a record is not read each time | `record/last_writer.rs` |
//! | where live and stale records are distinguished | `holder_lookup/linux/stale_record.rs` |
//! | how a holder that has inherited its lock is found | `holder_lookup/linux/inherited_files.rs` |
//! | where a holder that died is told from one that lives | `holder_lookup/linux/live_processes.rs` |
//! | where the files of keyed names are removed | `keyed_cleanup.rs` |
//! | on which file systems files are not kept open | `file_identity.rs` |
//! | how a file system that hangs is kept from its callers | `offloaded_claim.rs`, `io_threads.rs` |
//! | what differs between platforms | `platform/`, `holder_lookup/` |

mod blocking_pool;
mod claim;
mod create;
#[cfg(all(test, target_os = "linux"))]
mod fault_injection;
mod file_identity;
mod file_spec;
mod flock;
mod flock_wait;
mod folder;
mod folder_identity;
mod handle;
mod holder_lookup;
#[cfg(target_os = "linux")]
mod io_threads;
mod keep_mark;
#[cfg(target_os = "linux")]
mod kernel_locks;
mod keyed_cleanup;
mod list;
mod lock_file;
#[cfg(target_os = "linux")]
mod mount;
#[cfg(target_os = "linux")]
mod offloaded_claim;
mod open;
mod platform;
mod polling;
mod record;
mod syscall;
mod temporary_file;
mod temporary_folder;
mod version;
mod wait_lookup;

use std::ffi::OsStr;
use std::path::{self, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
#[cfg(target_os = "linux")]
use std::time::Instant;

use self::claim::FileClaim;
use self::file_spec::FileSpec;
use self::folder_identity::FolderIdentity;
#[cfg(target_os = "linux")]
use self::io_threads::IoThreads;
use self::lock_file::EXTENSION;
#[cfg(target_os = "linux")]
use self::mount::Mount;
#[cfg(target_os = "linux")]
use self::offloaded_claim::OffloadedClaim;
use self::record::{RecordFile, TokenFloor};
use self::temporary_folder::TemporaryFolder;
use super::{Capability, Claim, Engine, FoundWaits, HolderReply, ProcessId};
use crate::error::LockError;
use crate::name::LockName;
use crate::status::Status;

/// The locks of one folder.
#[derive(Debug)]
pub(crate) struct FileEngine {
    folder: PathBuf,
    permissions: Option<u32>,
    /// A fork must open an engine of its own.
    process: ProcessId,
    identity: FolderIdentity,
    /// Where the tokens of keyed names start.
    token_floor: Arc<TokenFloor>,
    /// The threads that use the folder, if its file system may hang.
    #[cfg(target_os = "linux")]
    io_threads: Option<Arc<IoThreads>>,
    /// A folder that is removed with the engine.
    _temporary: Option<TemporaryFolder>,
}

impl FileEngine {
    /// Opens the locks of `folder`; if it is missing and `may_create` is set, creates it with its
    /// parents. New files get these permissions, or else `0666 & ~umask`.
    ///
    /// The path is resolved once, so that a change of the current directory has no effect.
    pub(crate) fn open(
        folder: &Path,
        may_create: bool,
        permissions: Option<u32>,
    ) -> Result<Self, LockError> {
        let folder = path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let (folder, id) = folder::open(&folder, may_create)?;
        let process = ProcessId::current();
        let identity = folder_identity::identity_of(&folder, id, process);
        let token_floor = TokenFloor::for_folder(&folder, permissions);
        Ok(Self {
            #[cfg(target_os = "linux")]
            io_threads: Mount::of_path(&folder).filter(Mount::may_hang).map(|_| Arc::default()),
            folder,
            permissions,
            process,
            identity,
            token_floor,
            _temporary: None,
        })
    }

    /// Creates a folder, which is removed with the engine.
    pub(crate) fn temporary(permissions: Option<u32>) -> Result<Self, LockError> {
        let folder = TemporaryFolder::create()?;
        let engine = Self::open(folder.path(), true, permissions)?;
        Ok(Self { _temporary: Some(folder), ..engine })
    }

    /// The same locks, as if in another process: with an identity, and so gates, of its own.
    #[cfg(feature = "conformance")]
    pub(crate) fn of_process(mut self, number: u64) -> Self {
        let mut identity = self.identity.to_os_string();
        identity.push(format!(":{number}"));
        self.identity = identity.into();
        self
    }

    fn path(&self, name: &LockName) -> PathBuf {
        self.folder.join(format!("{name}.{EXTENSION}"))
    }
}

impl Engine for FileEngine {
    fn supports(&self, capability: Capability) -> bool {
        match capability {
            Capability::SharedLocks | Capability::AbandonmentReports | Capability::LastRuns => true,
            // A lock lasts as long as its file is open. A process that tries the lock may overtake
            // the waiter that the kernel wakes. The kernel detects no deadlocks.
            Capability::LockLoss
            | Capability::FairAcrossProcesses
            | Capability::DeadlockDetection => false,
            Capability::AncestorDetection => cfg!(target_os = "linux"),
        }
    }

    fn identity(&self) -> &OsStr {
        &self.identity
    }

    fn location(&self) -> String {
        self.folder.display().to_string()
    }

    fn lock_location(&self, name: &LockName) -> String {
        self.path(name).display().to_string()
    }

    fn find_holder(&self, name: &LockName, reply: HolderReply) {
        #[cfg(target_os = "linux")]
        if let Some(threads) = &self.io_threads {
            let path = self.path(name);
            let lock = path.clone();
            let find = move || reply(holder_lookup::find_now(&lock).map(Box::new));
            // Without a thread, there is no reply.
            let _ = threads.run_at(Instant::now(), &path, Box::new(find));
            return;
        }
        holder_lookup::find(self.path(name), reply);
    }

    fn recorded_permits(&self, name: &LockName) -> Option<u16> {
        // Nothing is read where the file system may hang.
        #[cfg(target_os = "linux")]
        if self.io_threads.is_some() {
            return None;
        }
        let record = record::read_record(&RecordFile::path(&self.path(name)))?;
        record.holder.and_then(|(holder, _)| holder.permits)
    }

    fn holder_timeout(&self) -> Duration {
        holder_lookup::TIMEOUT
    }

    #[cfg(target_os = "linux")]
    fn response_timeout(&self) -> Option<Duration> {
        self.io_threads.as_ref().map(|_| offloaded_claim::RESPONSE_TIMEOUT)
    }

    fn find_waits(&self, name: &LockName) -> FoundWaits {
        // Nothing is recorded where the file system may hang.
        #[cfg(target_os = "linux")]
        if self.io_threads.is_some() {
            return FoundWaits::None;
        }
        wait_lookup::find(&self.path(name))
    }

    fn open_recorded(&self, location: &str) -> Option<Arc<dyn Engine>> {
        let folder = Path::new(location);
        let engine = folder.is_absolute().then(|| Self::open(folder, false, self.permissions))?;
        Some(Arc::new(engine.ok()?))
    }

    fn status(&self, name: &LockName) -> Result<Status, LockError> {
        list::status(name, &self.path(name))
    }

    fn list(&self) -> Result<Vec<Status>, LockError> {
        list::list(&self.folder)
    }

    fn sweep(&self) -> Result<usize, LockError> {
        let paths = list::lock_files(&self.folder)?;
        #[cfg(unix)]
        temporary_file::sweep(&self.folder);
        Ok(paths.iter().filter(|path| keyed_cleanup::sweep(path)).count())
    }

    fn claim(&self, name: &LockName) -> Box<dyn Claim> {
        let spec = FileSpec { path: self.path(name), permissions: self.permissions };
        let token_floor = name.is_keyed().then(|| Arc::clone(&self.token_floor));
        #[cfg(target_os = "linux")]
        if let Some(threads) = &self.io_threads {
            let (name, threads) = (name.clone(), Arc::clone(threads));
            return Box::new(OffloadedClaim::new(name, spec, token_floor, self.process, threads));
        }
        Box::new(FileClaim::new(name.clone(), spec, token_floor, self.process))
    }
}
