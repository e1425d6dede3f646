//! Runs callbacks on the lookup thread.

use std::panic::{self, AssertUnwindSafe};

/// Runs a callback, whose panic must not end the thread.
pub(super) fn run_callback(callback: impl FnOnce()) {
    let _ = panic::catch_unwind(AssertUnwindSafe(callback));
}
