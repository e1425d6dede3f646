//! [`Settings`]: options that most locks of a [`Locks`](crate::Locks) share.

use std::fmt;
use std::sync::Arc;

use crate::observer::Observer;

/// Options that most locks of a [`Locks`](crate::Locks) share.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) records_holders: bool,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// Shown instead of the call site. Few locks have one, so it is not in every [`Lock`](crate::Lock),
    /// nor in the future of every waiting task.
    pub(crate) label: Option<&'static str>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { records_holders: true, observer: None, label: None }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("records_holders", &self.records_holders)
            .field("observer", &self.observer.is_some())
            .field("label", &self.label)
            .finish()
    }
}
