//! An application with tests of its own, which run in parallel and leave no lock files behind.
//!
//! ```text
//! cargo run --example inventory 3
//! cargo test --example inventory
//! ```
//!
//! The functions use the default locks, as in most programs. Each test has default locks of its own, so no
//! test waits for another one, nor for the program itself.

use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, io};

use jam_lock::{LockError, locked, skip};

jam_lock::lock_names! {
    /// Held while goods are taken out of the store.
    "store",
    /// Held while more goods are ordered.
    "order",
}

struct Store {
    pieces: AtomicU32,
}

impl Store {
    fn new(pieces: u32) -> Self {
        Self { pieces: AtomicU32::new(pieces) }
    }

    fn pieces(&self) -> u32 {
        self.pieces.load(Ordering::Relaxed)
    }

    /// Takes goods out of the store; returns how many are left.
    #[locked("store", timeout = 10)]
    fn take(&self, wanted: u32) -> io::Result<u32> {
        let left = self.pieces().checked_sub(wanted);
        let left = left.ok_or_else(|| io::Error::other("not enough pieces"))?;
        self.pieces.store(left, Ordering::Relaxed);
        Ok(left)
    }

    /// Orders more goods, unless they are being ordered already; returns whether it did.
    #[locked("order", timeout = 0, or_else = skip)]
    async fn order(&self, more: u32) -> Result<bool, LockError> {
        self.pieces.fetch_add(more, Ordering::Relaxed);
        Ok(true)
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let wanted = env::args().nth(1).and_then(|it| it.parse().ok()).unwrap_or(1);
    let store = Store::new(10);
    println!("{} pieces are left", store.take(wanted)?);
    if store.pieces() < 5 {
        store.order(10).await?;
        println!("{} pieces with those that were ordered", store.pieces());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Store, lock_names};
    use std::io::ErrorKind;
    use std::thread;

    use jam_lock::Locks;

    /// The default locks are overridden for the thread of a test: `cargo test` starts one for each.
    #[test]
    fn pieces_are_taken_while_nobody_else_takes_any() {
        let _default = Locks::in_memory().override_default();
        let store = Store::new(10);
        assert_eq!(store.take(3).unwrap(), 7);
        assert_eq!(store.take(8).unwrap_err().to_string(), "not enough pieces");
    }

    /// What happens while another process holds the lock. A timeout of 10 seconds would pass in full, so
    /// this test waits on a thread, and ends the wait.
    #[test]
    fn taking_waits_for_the_lock() {
        let locks = Locks::in_memory();
        let held = locks.lock(lock_names::STORE).acquire().unwrap();
        let store = Store::new(10);
        thread::scope(|scope| {
            let taking = scope.spawn(|| {
                // Each thread that the test starts overrides the default again, by a clone.
                let _default = locks.clone().override_default();
                store.take(3)
            });
            while locks.list().unwrap()[0].waiting() != Some(1) {
                thread::yield_now();
            }
            assert_eq!(store.pieces(), 10);
            drop(held);
            assert_eq!(taking.join().unwrap().unwrap(), 7);
        });
    }

    /// A holder that this thread plays has to be detached: it would wait for itself otherwise.
    #[tokio::test]
    async fn a_second_order_is_skipped() {
        let locks = Locks::in_memory();
        let _default = locks.override_default();
        let store = Store::new(0);
        let held = locks.lock(lock_names::ORDER).acquire().unwrap().detach();
        assert!(!store.order(5).await.unwrap());
        drop(held);
        assert!(store.order(5).await.unwrap());
        assert_eq!(store.pieces(), 5);
    }

    /// On several threads, the override goes around the future.
    #[tokio::test(flavor = "multi_thread")]
    async fn orders_are_skipped_on_every_thread() {
        let locks = Locks::in_memory();
        let _held = locks.lock(lock_names::ORDER).acquire_async().await.unwrap();
        let ordering = locks.override_default_for(async { Store::new(0).order(5).await });
        assert!(!tokio::spawn(ordering).await.unwrap().unwrap());
    }

    /// A failure that is no timeout stays an error.
    #[test]
    fn an_impossible_order_of_locks_is_an_error() {
        let locks = Locks::in_memory();
        let _default = locks.override_default();
        let _later = locks.lock(lock_names::ORDER).acquire().unwrap();
        let error = Store::new(10).take(1).unwrap_err();
        assert_ne!(error.kind(), ErrorKind::TimedOut, "{error}");
        assert!(error.to_string().starts_with("lock order violation: `store`"), "{error}");
    }
}
