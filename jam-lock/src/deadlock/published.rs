//! [`PublishedWait`]: a wait that is known at the locks which its owner holds, for as long as it lasts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::detector;
use crate::gate::{self, Gate, PendingWait, Wait};
use crate::wall_clock::since_1970;

/// A wait that is published until this is dropped, which has to happen before the acquisition returns.
#[derive(Debug)]
pub(crate) struct PublishedWait {
    wait: Arc<PendingWait>,
    held: Vec<Arc<Gate>>,
}

impl PublishedWait {
    /// Publishes `wait` at the locks that its owner holds as a writer, which are given by the addresses of
    /// their gates and the numbers of the acquisitions; then has a search for a cycle started. Nothing
    /// happens if there are none.
    pub(crate) fn new(wait: &Wait, held: &[(usize, u64)]) -> Option<Box<Self>> {
        if held.is_empty() {
            return None;
        }
        let since = since_1970();
        let wait = Arc::new(wait.pending(next_number(since), since)?);
        let addresses: Vec<_> = held.iter().map(|(gate, _)| *gate).collect();
        let published = Box::new(Self { wait, held: gate::at_addresses(&addresses) });
        for gate in &published.held {
            let address = Arc::as_ptr(gate).addr();
            let number = held.iter().find(|(gate, _)| *gate == address);
            if let Some((_, number)) = number {
                gate.add_wait(*number, &published.wait);
            }
        }
        detector::start(&published.wait);
        Some(published)
    }
}

impl Drop for PublishedWait {
    fn drop(&mut self) {
        for gate in &self.held {
            gate.remove_wait(&self.wait);
        }
    }
}

/// The time in nanoseconds, or more if another wait of this process has that number.
fn next_number(now: Duration) -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX / 2);
    let next = |last: u64| now.max(last + 1);
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
    next(last.unwrap_or_default())
}
