//! The locks of one owner are on one connection, by which the server sees whom the owner waits for.

use std::pin::pin;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Barrier};
use std::task::{Context, Wake};
use std::thread;
use std::time::Duration;

use jam_lock_tests::LONG;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::proxy::Proxy;

use super::*;

#[test]
fn locks_of_one_owner_share_a_connection() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let _first = locks.lock(lock_name("a")).acquire().unwrap();
    let _second = locks.lock(lock_name("b")).timeout(LONG).acquire().unwrap();
    assert_eq!(holders(server, &url, "a"), holders(server, &url, "b"));
}

#[test]
fn a_lock_handed_off_to_another_owner_is_on_its_connection() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let (a, b) = (locks.lock(lock_name("a")), locks.lock(lock_name("b")));
    // Whether one waits already when the other releases is a race, so there are several rounds.
    for _ in 0..20 {
        let (held, barrier) = (a.acquire().unwrap(), Barrier::new(2));
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                let _b = b.acquire().unwrap();
                barrier.wait();
                let _a = a.timeout(LONG).acquire().unwrap();
                (holders(server, &url, "a"), holders(server, &url, "b"))
            });
            barrier.wait();
            thread::sleep(Duration::from_millis(1));
            drop(held);
            let (has_a, has_b) = other.join().unwrap();
            assert_eq!(has_a, has_b);
        });
    }
}

/// Sends a message when it wakes.
struct Woken(Sender<()>);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
    }
}

/// Acquires the lock `a` on the connection of another thread, which hands it off, while the wait that
/// was started for it still has to connect; `None` if the thread was too slow to hand it off.
fn acquire_before_the_wait(locks: &Locks, proxy: &Proxy) -> Option<LockGuard> {
    let [a, b] = ["a", "b"].map(|name| locks.lock(lock_name(name)));
    thread::scope(|scope| {
        let (send_held, held) = mpsc::channel();
        let (send_go_on, go_on) = mpsc::channel();
        let a = &a;
        scope.spawn(move || {
            let other = b.acquire().unwrap();
            send_held.send(()).unwrap();
            go_on.recv().unwrap();
            let handed_off = a.acquire().unwrap();
            other.release().unwrap();
            drop(handed_off);
        });
        held.recv().unwrap();
        proxy.stall_new();
        scope.spawn(move || {
            wait_until("the wait connects", || proxy.stalled_new() > 0);
            send_go_on.send(()).unwrap();
        });
        a.timeout(Duration::from_secs(1)).acquire().ok()
    })
}

#[test]
fn an_owner_stays_on_its_connection_although_its_earlier_wait_is_granted_on_another() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "d");
    client.lock();
    let proxy = Proxy::to(server.port());
    let locks = locks(&url_through(server, &url, proxy.port()));
    let [a, c, d] = ["a", "c", "d"].map(|name| locks.lock(lock_name(name)));
    let handed_off = loop {
        let handed_off = acquire_before_the_wait(&locks, &proxy);
        proxy.resume();
        if let Some(handed_off) = handed_off {
            break handed_off;
        }
    };
    wait_until("the earlier wait goes on", || is_waited_for(server, &url, "a"));
    let held = c.acquire().unwrap();
    assert_eq!(holders(server, &url, "a"), holders(server, &url, "c"));
    let (sender, woken) = mpsc::channel();
    let waker = Arc::new(Woken(sender)).into();
    let mut next = pin!(a.acquire_async());
    assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(handed_off);
    // The earlier wait is granted, and its lock is offered to the next one.
    woken.recv().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("it waits", || is_waited_for(server, &url, "d"));
            let waiting = server.sessions(&url, "d", false);
            client.unlock();
            assert_eq!(waiting, holders(server, &url, "c"));
        });
        drop(d.acquire().unwrap());
    });
    drop(held);
}
