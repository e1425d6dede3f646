//! Readers of one process that overlap all the time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use jam_lock::Lock;

use crate::end::End;
use crate::observe::wait_until;

/// How long a reader keeps the lock until the next one comes, which may have to wait.
const OVERLAP: Duration = Duration::from_millis(50);

/// Runs `during` while readers hold the lock without a gap: each releases it once the next one has
/// acquired it. `during` gets the number of acquisitions so far.
pub fn while_readers_overlap(lock: &Lock, during: impl FnOnce(&AtomicUsize)) {
    let lock = lock.shared();
    let (begun, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let _end = End(&is_over);
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    let _reader = lock.acquire().unwrap();
                    let (start, number) = (Instant::now(), begun.fetch_add(1, Ordering::SeqCst));
                    while begun.load(Ordering::SeqCst) <= number + 1 && start.elapsed() < OVERLAP {
                        thread::sleep(Duration::from_micros(200));
                    }
                }
            });
        }
        wait_until("readers overlap", || begun.load(Ordering::SeqCst) > 10);
        during(&begun);
    });
}
