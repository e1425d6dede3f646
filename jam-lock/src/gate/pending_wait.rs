//! [`PendingWait`]: the wait of an owner that holds other locks, as the gates of those locks know it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::wait_queue::Ticket;
use super::{Gate, Wait};
use crate::engine::{Mode, OwnerId, RecordedWait};
use crate::error::LockError;
use crate::holder::Holder;
use crate::site::Site;

/// The wait of an owner that holds other locks.
#[derive(Debug)]
pub(crate) struct PendingWait {
    /// Distinguishes it from all other waits of this process, and rises from wait to wait.
    pub(crate) number: u64,
    pub(crate) wanted: Arc<Gate>,
    /// Whether the engine knows the owner, and so finds the deadlocks among its own locks.
    pub(crate) is_left_to_engine: bool,
    ticket: Ticket,
    site: Site,
    /// Since the start of 1970.
    since: Duration,
}

impl PendingWait {
    /// The wait for `wanted` as it is recorded for other processes.
    pub(crate) fn recorded(&self) -> RecordedWait {
        RecordedWait {
            number: self.number,
            name: self.wanted.name().to_string(),
            location: self.wanted.engine().location(),
            since: SystemTime::UNIX_EPOCH + self.since,
            function: self.site.function().map(ToOwned::to_owned),
            file: self.site.file().map(ToOwned::to_owned),
            line: self.site.line(),
        }
    }
}

impl Wait {
    /// The wait, for the gates of the locks that its owner holds; `None` once it has ended.
    pub(crate) fn pending(&self, number: u64, since: Duration) -> Option<PendingWait> {
        let (wanted, site) = (Arc::clone(&self.gate), self.request.site);
        let is_left_to_engine = wanted.detects_deadlocks() && self.request.owner != OwnerId::NONE;
        self.ticket.map(|ticket| PendingWait {
            number,
            wanted,
            is_left_to_engine,
            ticket,
            site,
            since,
        })
    }
}

/// A holder in this process, as far as deadlocks are concerned.
pub(crate) enum LocalHold {
    /// None: the lock may be held by another process.
    None,
    /// Readers; or the claim is being handed off.
    NoWriter,
    /// A writer, and what its owner waits for.
    Writer { holder: Box<Holder>, waits: Vec<Arc<PendingWait>> },
}

impl Gate {
    /// Makes known that the owner of the writer `number` waits: to this process, and then to others.
    pub(crate) fn add_wait(&self, number: u64, wait: &Arc<PendingWait>) {
        // In a fork, the lock belongs to the parent.
        let _ = self.try_update(|state| state.add_holder_wait(number, wait));
    }

    /// Withdraws what [`Self::add_wait`] has made known.
    pub(crate) fn remove_wait(&self, wait: &PendingWait) {
        let _ = self.try_update(|state| state.remove_holder_wait(wait.number));
    }

    /// Withdraws all that is known of the owner of the acquisition `number`, unless it has another guard:
    /// the owner does not hold the lock any more, although it is not released.
    pub(crate) fn remove_all_waits(&self, number: u64) {
        let _ = self.try_update(|state| state.remove_all_holder_waits(number));
    }

    /// How the acquisition `number` holds the lock, and where that was acquired.
    pub(crate) fn held_as(&self, number: u64) -> Option<(Mode, Site)> {
        self.try_update(|state| state.held_as(number)).ok()?
    }

    /// The writer in this process, with what its owner waits for.
    pub(crate) fn local_hold(&self) -> LocalHold {
        self.try_update(|state| state.local_hold()).unwrap_or(LocalHold::NoWriter)
    }

    /// Ends a wait with `error`, unless the lock is being handed off, or the wait has ended.
    pub(crate) fn fail_wait(wait: &PendingWait, error: LockError) {
        let gate = &wait.wanted;
        let _ = gate.try_update(|state| state.fail_blocked(wait.ticket, error));
    }
}
