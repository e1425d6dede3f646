//! Waiters that end in any way leave nothing on the server.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use jam_lock::locked;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::proxy::Proxy;

use super::*;

/// How often a wait ends just when the lock becomes free.
const ROUNDS: u32 = 150;

#[test]
fn a_wait_that_times_out_when_the_lock_becomes_free() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let (here, client) = (lock(&url, "a"), SqlClient::new(server, &url, "a"));
    for round in 0..ROUNDS {
        client.lock();
        let patience = Duration::from_micros(u64::from(1_000 + round * 20));
        thread::scope(|scope| {
            scope.spawn(|| drop(here.timeout(patience).acquire()));
            thread::sleep(patience);
            client.unlock();
        });
    }
    wait_until("it is free", || !is_held(server, &url, "a") && !is_waited_for(server, &url, "a"));
    drop(here.try_acquire().unwrap());
}

#[test]
fn a_wait_whose_future_is_dropped() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let (here, client) = (lock(&url, "a"), SqlClient::new(server, &url, "a"));
    for round in 0..ROUNDS {
        client.lock();
        let mut acquisition = Box::pin(here.acquire_async());
        let mut context = Context::from_waker(Waker::noop());
        assert!(acquisition.as_mut().poll(&mut context).is_pending());
        thread::sleep(Duration::from_micros(u64::from(round * 20)));
        if round % 2 == 0 {
            // It may be granted already.
            client.unlock();
            thread::sleep(Duration::from_micros(u64::from(round * 5)));
            drop(acquisition);
        } else {
            drop(acquisition);
            client.unlock();
        }
    }
    wait_until("it is free", || !is_held(server, &url, "a") && !is_waited_for(server, &url, "a"));
    drop(here.try_acquire().unwrap());
}

#[test]
fn a_wait_that_was_dropped_while_the_lock_is_held() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let (here, client) = (lock(&url, "a"), SqlClient::new(server, &url, "a"));
    client.lock();
    let mut acquisition = Box::pin(here.acquire_async());
    let mut context = Context::from_waker(Waker::noop());
    assert!(acquisition.as_mut().poll(&mut context).is_pending());
    wait_until("it is queued by the server", || is_waited_for(server, &url, "a"));
    drop(acquisition);
    wait_until("the server's queue is empty", || !is_waited_for(server, &url, "a"));
}

#[test]
fn a_wait_that_times_out_loses_no_other_lock_of_its_owner() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "a");
    client.lock();
    let locks = locks(&url);
    let other = locks.lock(lock_name("b")).acquire().unwrap();
    let waited = locks.lock(lock_name("a")).timeout(Duration::from_millis(100)).acquire();
    assert!(waited.unwrap_err().is_timeout());
    wait_until("the server's queue is empty", || !is_waited_for(server, &url, "a"));
    other.ensure().unwrap();
}

#[test]
fn a_wait_that_was_dropped_before_the_server_granted_it_is_not_reported_dead() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let proxy = Proxy::to(server.port());
    let remote = lock(&url_through(server, &url, proxy.port()), "a");
    drop(remote.acquire().unwrap());
    let admin = server.admin();
    admin.query(&format!(
        "BEGIN; SELECT 1 FROM jam_lock WHERE key = {} FOR SHARE",
        key(server, &url, "a")
    ));
    // The cancel request arrives too late.
    proxy.stall_new();
    let mut acquisition = Box::pin(remote.acquire_async());
    let mut context = Context::from_waker(Waker::noop());
    assert!(acquisition.as_mut().poll(&mut context).is_pending());
    wait_until("the server has granted it, and not recorded it", || is_held(server, &url, "a"));
    drop(acquisition);
    wait_until("the cancel request is sent", || proxy.stalled_new() > 0);
    admin.query("COMMIT");
    wait_until("it is free", || !is_held(server, &url, "a"));
    proxy.resume();
    assert_eq!(remote.acquire().unwrap().abandoned(), None);
}

#[test]
fn a_waiter_whose_process_was_killed() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let held = lock(&url, "a").acquire().unwrap();
    let child = Child::waiting(&url, "a");
    wait_until("the child is queued by the server", || is_waited_for(server, &url, "a"));
    child.kill();
    wait_until("the server has noticed", || !is_waited_for(server, &url, "a"));
    assert!(!held.is_lost());
}

/// The waker of a task: it unparks the task's thread.
struct Task(Thread);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Task {
    /// Runs `future`, and returns its waker, which lives for as long as anything may call it.
    fn run<F: Future>(future: F) -> (Arc<Self>, F::Output) {
        let task = Arc::new(Self(thread::current()));
        let (waker, mut future) = (Waker::from(Arc::clone(&task)), pin!(future));
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return (task, output),
                Poll::Pending => thread::park(),
            }
        }
    }
}

#[test]
fn a_task_that_has_completed() {
    #[locked(lock_name("a"), locks = locks)]
    async fn work(locks: &Locks) -> Result<(), LockError> {
        Ok(())
    }
    let Some(server) = Server::shared() else { return };
    let locks = locks(&server.namespace());
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (task, result) = Task::run(work(&locks));
            result.unwrap();
            task
        })
        .collect();
    wait_until("no waker is kept", || tasks.iter().all(|task| Arc::strong_count(task) == 1));
}
