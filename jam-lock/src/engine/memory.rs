//! The memory engine: a name is an entry of a table in this process, for tests that want no files.

mod arbiter;
mod claim;
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

/// Where all its locks are, for people.
const PLACE: &str = "in memory";

/// Locks that nobody shares but who has this engine.
#[derive(Debug)]
pub(crate) struct MemoryEngine {
    table: Arc<Table>,
    /// A fork has a copy of the table, and would exclude nobody.
    process: ProcessId,
    identity: OsString,
}

impl MemoryEngine {
    /// One with a table of its own.
    pub(crate) fn new() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let process = ProcessId::current();
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let identity = format!("memory:{:x}:{number}", process.get()).into();
        Self { table: Arc::default(), process, identity }
    }
}

impl Engine for MemoryEngine {
    fn supports(&self, capability: Capability) -> bool {
        match capability {
            Capability::SharedLocks
            | Capability::AbandonmentReports
            | Capability::FairAcrossProcesses => true,
            Capability::LockLoss | Capability::DeadlockDetection => false,
        }
    }

    fn identity(&self) -> &OsStr {
        &self.identity
    }

    fn location(&self) -> String {
        PLACE.to_owned()
    }

    fn lock_location(&self, _: &LockName) -> String {
        PLACE.to_owned()
    }

    fn find_holder(&self, name: &LockName, reply: HolderReply) {
        let arbiter = self.table.existing(name);
        reply(arbiter.and_then(|arbiter| arbiter.lock().holder()));
    }

    fn list(&self) -> Result<Vec<Status>, LockError> {
        let all = self.table.all();
        Ok(all.into_iter().map(|(name, arbiter)| arbiter.lock().status(&name)).collect())
    }

    fn status(&self, name: &LockName) -> Result<Status, LockError> {
        let arbiter = self.table.existing(name);
        let free = || Status::new(name.as_str(), State::Free).waited_for_by(Some(0));
        Ok(arbiter.map_or_else(free, |arbiter| arbiter.lock().status(name)))
    }

    fn claim(&self, name: &LockName) -> Box<dyn Claim> {
        Box::new(MemoryClaim::new(Table::used(&self.table, name), self.process))
    }
}

#[cfg(all(test, feature = "conformance", not(shuttle)))]
mod tests {
    use super::*;
    use crate::conformance::{CHECKS, Subject};

    /// What several processes would see, if they could share a table.
    impl Subject for MemoryEngine {
        fn process(&self) -> Arc<dyn Engine> {
            let table = Arc::clone(&self.table);
            Arc::new(Self { table, ..Self::new() })
        }
    }

    #[test]
    fn it_does_what_every_engine_has_to_do() {
        for (name, check) in CHECKS {
            println!("{name}");
            check(&MemoryEngine::new());
        }
    }
}
