//! [`Held`]: what is known of a claim while this process has it.

use std::sync::Arc;

use super::attempt::Granted;
use super::monitor::OffloadedMonitor;
use super::serial_queue::SerialQueue;
use crate::engine::{Mode, Recorded};
use crate::holder::Holder;
use crate::site::Site;

/// The claim that this process has.
pub(super) struct Held {
    pub(super) mode: Mode,
    /// The call site that is recorded.
    pub(super) site: Option<Site>,
    /// What the first holder learns.
    pub(super) recorded: Option<Recorded>,
    /// The holder that had abandoned the lock before.
    pub(super) abandoned_by: Option<Box<Holder>>,
    pub(super) token: u64,
    pub(super) loss_monitor: Option<Arc<OffloadedMonitor>>,
}

impl Held {
    pub(super) fn new(granted: Granted, queue: &Arc<SerialQueue>) -> Self {
        let Granted { mode, site, recorded, loss_monitor, .. } = granted;
        let monitor = |file| Arc::new(OffloadedMonitor::new(Arc::clone(queue), file));
        Self {
            mode,
            site,
            abandoned_by: recorded.abandoned_by.clone(),
            token: recorded.token,
            recorded: Some(recorded),
            loss_monitor: loss_monitor.map(monitor),
        }
    }
}
