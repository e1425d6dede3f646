//! A lease engine that is made up as a whole: its server, the network in between and the clocks.
//!
//! Time passes only where something is sent or [`World::pass`] says so. The network delays, loses and
//! repeats what is sent, by chance. A client counts its leases as lost before the server gives them
//! to others, because each counts from what it heard of the other.

mod claim;
mod client;
mod server;
mod world;

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use jam_lock::engine::{Capability, Claim, Engine, HolderReply};
use jam_lock::{LockError, LockName, Locks, Status};

use self::claim::LeaseClaim;
use self::client::Client;
use self::world::State;
pub(crate) use self::world::World;

/// What is wrong with an engine that has to fail the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// It keeps nobody out.
    LetsAllIn,
    /// It takes what the network repeats for something new.
    TakesCopiesForNew,
    /// It serves first who came last, and says that it serves in order.
    ServesLastFirst,
    /// It has writers alone, and says that it has readers.
    KnowsNoReaders,
    /// It gives everybody the same token.
    GivesOneToken,
    /// It does not tell of deaths, and says that it does.
    ForgetsDeaths,
    /// It tells of deaths, and says that it does not.
    HidesThatItTells,
    /// Its locks can be lost, and it says that they cannot.
    HidesThatItLoses,
    /// It tells nobody that a lock was lost.
    KeepsLossesQuiet,
    /// It names whoever had the lock last.
    NamesWhoHasLeft,
    /// It says of every lock that it is free.
    SaysThatAllIsFree,
    /// It gives back a claim whatever mode is named.
    ReleasesInAnyMode,
    /// It takes what nobody was told of for mended.
    ForgetsWhatNobodyHeard,
}

/// The engine of one process.
#[derive(Debug)]
pub(crate) struct LeaseEngine {
    client: Arc<Client>,
    identity: OsString,
}

impl LeaseEngine {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        let number = world.with(State::next_number);
        let identity = format!("leases {:p}: {number}", Arc::as_ptr(world)).into();
        Self { client: Arc::new(Client::new(Arc::clone(world))), identity }
    }
}

impl Engine for LeaseEngine {
    fn supports(&self, capability: Capability) -> bool {
        let flaw = self.client.world.flaw;
        match capability {
            Capability::SharedLocks | Capability::FairAcrossProcesses => true,
            Capability::LockLoss => flaw != Some(Flaw::HidesThatItLoses),
            Capability::AbandonmentReports => flaw != Some(Flaw::HidesThatItTells),
            _ => false,
        }
    }

    fn identity(&self) -> &OsStr {
        &self.identity
    }

    fn location(&self) -> String {
        "made up".to_owned()
    }

    fn lock_location(&self, name: &LockName) -> String {
        format!("made up, {name}")
    }

    fn find_holder(&self, name: &LockName, reply: HolderReply) {
        let holder = self.client.world.with(|state| state.server.holder(name.as_str()));
        reply(holder.map(Box::new));
    }

    fn list(&self) -> Result<Vec<Status>, LockError> {
        Ok(self.client.world.with(|state| state.server.list()))
    }

    fn claim(&self, name: &LockName) -> Box<dyn Claim> {
        Box::new(LeaseClaim::new(Arc::clone(&self.client), name.as_str()))
    }
}

/// The locks of one more process.
pub(crate) fn locks(world: &Arc<World>) -> Locks {
    Locks::with_engine(Arc::new(LeaseEngine::new(world)))
}
