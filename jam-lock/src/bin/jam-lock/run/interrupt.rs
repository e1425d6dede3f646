//! A signal that interrupts a wait.

use std::ffi::c_int;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use signal_hook::iterator::{Handle, Signals};

/// Unparks a waiting thread when a signal arrives that would end the process.
pub(super) struct Interrupt {
    signal: Arc<AtomicI32>,
    closing: Handle,
}

impl Interrupt {
    /// Unparks the current thread.
    pub(super) fn for_current_thread() -> io::Result<Self> {
        let mut received = Signals::new(super::signals::fatal())?;
        let (signal, closing) = (Arc::new(AtomicI32::new(0)), received.handle());
        let (arrived, waiting) = (Arc::clone(&signal), thread::current());
        thread::Builder::new().spawn(move || {
            for signal in received.forever() {
                arrived.store(signal, Ordering::Release);
                waiting.unpark();
            }
        })?;
        Ok(Self { signal, closing })
    }

    /// The last signal that arrived.
    pub(super) fn signal(&self) -> Option<c_int> {
        Some(self.signal.load(Ordering::Acquire)).filter(|signal| *signal != 0)
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.closing.close();
    }
}
