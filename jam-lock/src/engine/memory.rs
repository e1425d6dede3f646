//! The memory engine: the locks are in a table of this process, for tests without files.

mod claim;
mod last_run;
mod lock;
mod table;

use std::ffi::{OsStr, OsString};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use self::claim::MemoryClaim;
use self::table::Table;
use super::{Capability, Claim, Engine, HolderReply, ProcessId};
use crate::error::LockError;
use crate::name::LockName;
use crate::status::{State, Status};

/// The location of all its locks, for messages.
const LOCATION: &str = "in memory";

/// Locks that are shared by the users of this engine only.
#[derive(Debug)]
pub(crate) struct MemoryEngine {
    table: Arc<Table>,
    /// A fork has a copy of the table, which excludes nobody.
    process: ProcessId,
    identity: OsString,
}

impl MemoryEngine {
    /// An engine with a table of its own.
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let process = ProcessId::current();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let identity = format!("memory:{:x}:{number}", process.unique()).into();
        Self { table: Arc::default(), process, identity }
    }
}

impl Engine for MemoryEngine {
    fn supports(&self, capability: Capability) -> bool {
        match capability {
            Capability::SharedLocks
            | Capability::LastRuns
            | Capability::AbandonmentReports
            | Capability::FairAcrossProcesses => true,
            Capability::LockLoss
            | Capability::DeadlockDetection
            | Capability::AncestorDetection => false,
        }
    }

    fn identity(&self) -> &OsStr {
        &self.identity
    }

    fn location(&self) -> String {
        LOCATION.to_owned()
    }

    fn lock_location(&self, _: &LockName) -> String {
        LOCATION.to_owned()
    }

    fn find_holder(&self, name: &LockName, reply: HolderReply) {
        let lock = self.table.get(name);
        reply(lock.and_then(|lock| lock.lock().holder()));
    }

    fn list(&self) -> Result<Vec<Status>, LockError> {
        let all = self.table.all();
        Ok(all.into_iter().map(|(name, lock)| lock.lock().status(&name)).collect())
    }

    fn status(&self, name: &LockName) -> Result<Status, LockError> {
        let lock = self.table.get(name);
        let free = || Status::new(name.as_str(), State::Free).waited_for_by(Some(0));
        Ok(lock.map_or_else(free, |lock| lock.lock().status(name)))
    }

    fn sweep(&self) -> Result<usize, LockError> {
        Ok(self.table.sweep())
    }

    fn claim(&self, name: &LockName) -> Box<dyn Claim> {
        Box::new(MemoryClaim::new(Table::lock_ref(&self.table, name), self.process))
    }
}

#[cfg(all(test, feature = "conformance", not(shuttle)))]
mod tests {
    use super::*;
    use crate::conformance::{CHECKS, Subject};

    /// Several processes, as if they could share a table.
    impl Subject for MemoryEngine {
        fn process(&self) -> Arc<dyn Engine> {
            let table = Arc::clone(&self.table);
            Arc::new(Self { table, ..Self::new() })
        }
    }

    #[test]
    fn it_passes_the_conformance_suite() {
        for (name, check) in CHECKS {
            println!("{name}");
            check(&MemoryEngine::new());
        }
    }
}
