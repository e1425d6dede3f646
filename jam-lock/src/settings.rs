//! [`Settings`]: options that most locks of a [`Locks`](crate::Locks) share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::observer::Observer;
use crate::permits::Permits;

/// Options that most locks of a [`Locks`](crate::Locks) share.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) records_holders: bool,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// Shown instead of the call site. Few locks have one, so it is not in every [`Lock`](crate::Lock),
    /// nor in the future of every waiting task.
    pub(crate) label: Option<&'static str>,
    /// How long after the begin of the last run the next one may begin; here for the same reason.
    pub(crate) at_most_every: Option<Duration>,
    /// The permits of the lock, if it has more than one; here for the same reason.
    pub(crate) permits: Option<Arc<Permits>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            records_holders: true,
            observer: None,
            label: None,
            at_most_every: None,
            permits: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("records_holders", &self.records_holders)
            .field("observer", &self.observer.is_some())
            .field("label", &self.label)
            .field("at_most_every", &self.at_most_every)
            .field("permits", &self.permits)
            .finish()
    }
}
