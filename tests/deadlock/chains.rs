//! Waits that say what they wait for, however long the chain.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use jam_lock::{Event, Holder, LockError, Locks, Observer};
use jam_lock_tests::LONG;
use jam_lock_tests::observe::wait_until;

use super::{lock, start_waiting};

/// The names of the locks that the holder, the holder of what it waits for, and so on, wait for.
fn chain(holder: &Holder) -> Vec<String> {
    let mut names = Vec::new();
    let mut next = holder.waits_for();
    while let Some(wait) = next {
        names.push(wait.name().to_owned());
        next = wait.holder().and_then(Holder::waits_for);
    }
    names
}

fn timeout(locks: &Locks, name: &str) -> LockError {
    let lock = lock(locks, name).timeout(Duration::from_millis(1));
    thread::scope(|scope| scope.spawn(|| lock.acquire().unwrap_err()).join().unwrap())
}

#[test]
fn a_timeout_says_what_the_holder_waits_for_to_the_end_of_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    for locks in [Locks::in_memory(), Locks::open(folder.path()).unwrap()] {
        let held = lock(&locks, "c").acquire().unwrap();
        let threads = [start_waiting(&locks, "b", "c"), start_waiting(&locks, "a", "b")];
        wait_until("all wait", || {
            lock(&locks, "a").holder().is_some_and(|holder| chain(&holder) == ["b", "c"])
        });
        let error = timeout(&locks, "a");
        let LockError::Timeout { holder: Some(holder), .. } = &error else { panic!("{error}") };
        assert_eq!(chain(holder), ["b", "c"]);
        let text = error.to_string();
        let (_, text) = text.split_once("which is waiting for lock `b`, held for ").unwrap();
        let (_, text) = text.split_once("which is waiting for lock `c`, held for ").unwrap();
        assert!(text.contains("this process at tests/deadlock/chains.rs:"), "{text}");
        drop(held);
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
        assert_eq!(lock(&locks, "a").holder(), None);
    }
}

/// Sends what the holder waits for.
struct Waits(mpsc::Sender<Vec<String>>);

impl Observer for Waits {
    fn still_waiting_after(&self) -> Option<Duration> {
        Some(Duration::from_millis(1))
    }

    fn still_waiting(&self, _: &Event<'_>, holder: Option<&Holder>) {
        let _ = self.0.send(holder.map(chain).unwrap_or_default());
    }
}

#[test]
fn the_observer_of_a_task_learns_what_the_holder_waits_for() {
    let folder = tempfile::tempdir().unwrap();
    let locks = Locks::open(folder.path()).unwrap();
    let (sender, waits) = mpsc::channel();
    let observed = Locks::builder().folder(folder.path()).observer(Waits(sender)).open().unwrap();
    let held = lock(&locks, "b").acquire().unwrap();
    let thread = start_waiting(&locks, "a", "b");
    wait_until("it waits", || {
        lock(&locks, "a").holder().is_some_and(|holder| chain(&holder) == ["b"])
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let waiting = runtime.spawn(lock(&observed, "a").acquire_async());
    thread::scope(|scope| {
        scope.spawn(|| runtime.block_on(waiting).unwrap().unwrap());
        assert_eq!(waits.recv_timeout(LONG).unwrap(), ["b"]);
        drop(held);
    });
    thread.join().unwrap().unwrap();
}
