//! An engine with leases, all of which is simulated: the server, the network and the clocks.
//!
//! Time passes only while a message is sent, or when the simulation says so. The network delays, loses
//! and repeats messages at random. A client counts its leases as lost before the server grants them
//! to others, because each counts from the last message of the other.

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

/// What is wrong with an engine that must fail the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Several holders can have the lock at once.
    NoExclusion,
    /// A message that the network repeats is executed again.
    ExecutesCopies,
    /// The last wait is served first, although the engine claims to be fair.
    LastComeFirstServed,
    /// There are only writers, although the engine claims shared locks.
    NoReaders,
    /// All holders get the same token.
    ConstantToken,
    /// An abandonment is not reported, although the engine claims it is.
    NoAbandonmentReports,
    /// An abandonment is reported, although the engine claims it is not.
    UnclaimedAbandonmentReports,
    /// Locks can be lost, although the engine claims they cannot.
    UnclaimedLoss,
    /// The holder is not notified of a loss.
    UnreportedLoss,
    /// The last holder is named after its release.
    StaleHolder,
    /// The end of a run is not recorded, although the engine claims it is.
    ForgetsRuns,
    /// Every lock is listed as free.
    ListsAllAsFree,
    /// A claim is released whichever mode is given.
    ReleasesInAnyMode,
    /// A release clears an abandonment that was not reported to any holder.
    ClearsUnreportedAbandonment,
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
            Capability::SharedLocks | Capability::FairAcrossProcesses | Capability::LastRuns => {
                true
            }
            Capability::LockLoss => flaw != Some(Flaw::UnclaimedLoss),
            Capability::AbandonmentReports => flaw != Some(Flaw::UnclaimedAbandonmentReports),
            _ => false,
        }
    }

    fn identity(&self) -> &OsStr {
        &self.identity
    }

    fn location(&self) -> String {
        "simulation".to_owned()
    }

    fn lock_location(&self, name: &LockName) -> String {
        format!("simulation, {name}")
    }

    fn find_holder(&self, name: &LockName, reply: HolderReply) {
        let holder = self.client.world.with(|state| state.server.holder(name.as_str()));
        reply(holder.map(Box::new));
    }

    fn list(&self) -> Result<Vec<Status>, LockError> {
        Ok(self.client.world.with(|state| state.server.list(state.now())))
    }

    fn claim(&self, name: &LockName) -> Box<dyn Claim> {
        Box::new(LeaseClaim::new(Arc::clone(&self.client), name.as_str()))
    }
}

/// The locks of one more process.
pub(crate) fn locks(world: &Arc<World>) -> Locks {
    Locks::with_engine(Arc::new(LeaseEngine::new(world)))
}
