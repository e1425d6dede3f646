//! A gate by itself, as tests use it.

use std::sync::Arc;
use std::task::Poll;

use super::{Acquisition, Entry, Gate, Grant, Who};
use crate::engine::{Mode, OwnerId};
use crate::error::LockError;
use crate::site::Site;
use crate::timeout::Deadline;

/// What is asked in `mode`, and recorded.
pub(super) fn asked(mode: Mode) -> Acquisition {
    let (site, owner) = (Site::here(), OwnerId::NONE);
    Acquisition { mode, site, is_recorded: true, owner, names_holder: true }
}

impl Gate {
    pub(super) fn acquire(
        self: &Arc<Self>,
        mode: Mode,
        deadline: Deadline,
    ) -> Result<Grant, LockError> {
        match self.enter(&asked(mode), deadline, Who::Thread)? {
            Entry::Granted(grant) => Ok(grant),
            Entry::Queued(mut wait) => match wait.block() {
                Poll::Ready(result) => result,
                Poll::Pending => unreachable!("it waits to the end"),
            },
        }
    }

    pub(super) async fn acquire_async(
        self: &Arc<Self>,
        mode: Mode,
        deadline: Deadline,
    ) -> Result<Grant, LockError> {
        match self.enter(&asked(mode), deadline, Who::Task)? {
            Entry::Granted(grant) => Ok(grant),
            Entry::Queued(mut wait) => match wait.ready().await {
                Poll::Ready(result) => result,
                Poll::Pending => unreachable!("it waits to the end"),
            },
        }
    }
}
