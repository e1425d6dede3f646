//! Before a thread ends, it waits until the server has confirmed its releases.
//!
//! A dropped guard only sends its release to the driver thread, which the end of `main` would kill,
//! and then the next holder would learn of a death that never happened.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use super::driver::Driver;
use crate::process_id::ProcessId;

thread_local! {
    static DRIVERS: RefCell<Drivers> = const { RefCell::new(Drivers(Vec::new())) };
}

/// The drivers that this thread has opened or sent releases to, flushed on drop.
struct Drivers(Vec<(ProcessId, Weak<Driver>)>);

/// Flushes `driver` when this thread ends.
pub(super) fn flush_on_thread_exit(driver: &Arc<Driver>) {
    if driver.is_own_thread() {
        return;
    }
    // A thread whose locals are already destroyed does not wait.
    let _ = DRIVERS.try_with(|drivers| {
        let drivers = &mut drivers.borrow_mut().0;
        if !drivers.iter().any(|(_, known)| std::ptr::eq(known.as_ptr(), Arc::as_ptr(driver))) {
            drivers.push((ProcessId::current(), Arc::downgrade(driver)));
        }
    });
}

impl Drop for Drivers {
    fn drop(&mut self) {
        for (process, driver) in &self.0 {
            // A forked child has no driver thread.
            if let Some(driver) = driver.upgrade().filter(|_| process.is_current()) {
                driver.flush();
            }
        }
    }
}
