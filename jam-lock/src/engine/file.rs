//! The file engine: a name is a file of one folder, and `flock(2)` on it is the truth.

mod blocking_pool;
mod claim;
mod cleanup;
#[cfg(all(test, target_os = "linux"))]
mod fault_injection;
mod file_id;
mod file_size_limit;
mod flock;
mod folder;
mod folder_identity;
mod handle;
mod holder_lookup;
mod holder_record;
mod list;
mod lock_file;
mod mark;
mod open;
mod polling;
mod record_file;
mod record_format;
mod system;
mod temporary_folder;
mod temporary_name;
mod token_floor;
mod tokens;
#[cfg(unix)]
mod with_mode;

use std::ffi::OsStr;
use std::path::{self, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use self::claim::FileClaim;
use self::folder_identity::FolderIdentity;
use self::handle::Place;
use self::temporary_folder::TemporaryFolder;
use self::token_floor::TokenFloor;
use super::{Capability, Claim, Engine, HolderReply, ProcessId};
use crate::error::LockError;
use crate::name::LockName;
use crate::status::Status;

/// The locks of one folder.
#[derive(Debug)]
pub(crate) struct FileEngine {
    folder: PathBuf,
    mode: Option<u32>,
    /// A fork has to open an engine of its own.
    process: ProcessId,
    identity: FolderIdentity,
    /// What keyed names leave behind.
    floor: Arc<TokenFloor>,
    /// Removed with the engine, if it is its own.
    _temporary: Option<TemporaryFolder>,
}

impl FileEngine {
    /// Resolves `folder` once, so that neither a change of directory nor another spelling leads
    /// elsewhere. Where it is missing it is made with its parents if `may_make` it.
    pub(crate) fn open(
        folder: &Path,
        may_make: bool,
        mode: Option<u32>,
    ) -> Result<Self, LockError> {
        let folder = path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        let (folder, id) = folder::open(&folder, may_make)?;
        let process = ProcessId::current();
        let identity = folder_identity::of(&folder, id, process);
        let floor = TokenFloor::of(&folder, mode);
        Ok(Self { folder, mode, process, identity, floor, _temporary: None })
    }

    /// Makes a folder of its own, which goes with it.
    pub(crate) fn temporary(mode: Option<u32>) -> Result<Self, LockError> {
        let folder = TemporaryFolder::make()?;
        let engine = Self::open(folder.path(), true, mode)?;
        Ok(Self { _temporary: Some(folder), ..engine })
    }

    /// The same locks, as another process has them that shares no gate with this one.
    #[cfg(feature = "conformance")]
    pub(crate) fn of_process(mut self, number: u64) -> Self {
        let mut identity = self.identity.to_os_string();
        identity.push(format!(":{number}"));
        self.identity = identity.into();
        self
    }

    fn path(&self, name: &LockName) -> PathBuf {
        self.folder.join(format!("{name}.lock"))
    }
}

impl Engine for FileEngine {
    fn supports(&self, capability: Capability) -> bool {
        match capability {
            Capability::SharedLocks | Capability::AbandonmentReports => true,
            // A lock lasts as long as its file is open; the kernel wakes who waits, and whoever
            // comes along is faster; and it looks for no circles.
            Capability::LockLoss
            | Capability::FairAcrossProcesses
            | Capability::DeadlockDetection => false,
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
        holder_lookup::find(self.path(name), reply);
    }

    fn holder_timeout(&self) -> Duration {
        holder_lookup::TIMEOUT
    }

    fn status(&self, name: &LockName) -> Result<Status, LockError> {
        Ok(list::status(name, &self.path(name)))
    }

    fn list(&self) -> Result<Vec<Status>, LockError> {
        list::survey(&self.folder)
    }

    fn sweep(&self) -> Result<usize, LockError> {
        let paths = list::files(&self.folder)?;
        #[cfg(unix)]
        with_mode::sweep(&self.folder);
        Ok(paths.iter().filter(|path| cleanup::sweep(path)).count())
    }

    fn claim(&self, name: &LockName) -> Box<dyn Claim> {
        let place = Place { path: self.path(name), permissions: self.mode };
        let floor = name.is_keyed().then(|| Arc::clone(&self.floor));
        Box::new(FileClaim::new(name.clone(), place, floor, self.process))
    }
}
