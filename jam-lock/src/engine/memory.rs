//! The memory engine: a name is an entry of a table in this process, for tests that want no files.

mod arbiter;
mod claim;

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use self::arbiter::Arbiter;
use self::claim::MemoryClaim;
use super::{Ability, Claim, Engine, ProcessId, Tell};
use crate::{LockError, LockName, State, Status};

/// Where all its locks are, for people.
const PLACE: &str = "in memory";

/// Locks that nobody shares but who has this engine.
#[derive(Debug)]
pub(crate) struct MemoryEngine {
    names: Arc<Mutex<HashMap<LockName, Arc<Arbiter>>>>,
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
        Self { names: Arc::default(), process, identity }
    }

    fn arbiter(&self, name: &LockName) -> Arc<Arbiter> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(names.entry(name.clone()).or_default())
    }
}

impl Engine for MemoryEngine {
    fn can(&self, ability: Ability) -> bool {
        match ability {
            Ability::Shares | Ability::TellsOfDeaths | Ability::ServesInOrder => true,
            Ability::Loses | Ability::SeesCircles => false,
        }
    }

    fn identity(&self) -> &OsStr {
        &self.identity
    }

    fn location(&self) -> String {
        PLACE.to_owned()
    }

    fn place(&self, _: &LockName) -> String {
        PLACE.to_owned()
    }

    fn find_holder(&self, name: &LockName, tell: Tell) {
        let holder = self.arbiter(name).lock().holder();
        tell(holder);
    }

    fn survey(&self) -> Result<Vec<Status>, LockError> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(names.iter().map(|(name, arbiter)| arbiter.lock().status(name)).collect())
    }

    fn status(&self, name: &LockName) -> Result<Status, LockError> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let arbiter = names.get(name).cloned();
        drop(names);
        let free = || Status::new(name.as_str(), State::Free).waited_for_by(Some(0));
        Ok(arbiter.map_or_else(free, |arbiter| arbiter.lock().status(name)))
    }

    fn claim(&self, name: &LockName) -> Box<dyn Claim> {
        Box::new(MemoryClaim::new(name.clone(), self.arbiter(name), self.process))
    }
}

#[cfg(all(test, feature = "conformance", not(shuttle)))]
mod tests {
    use super::*;
    use crate::conformance::{CHECKS, Subject};

    /// What several processes would see, if they could share a table.
    impl Subject for MemoryEngine {
        fn process(&self) -> Arc<dyn Engine> {
            let names = Arc::clone(&self.names);
            Arc::new(Self { names, ..Self::new() })
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
