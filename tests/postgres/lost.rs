//! Locks that are lost, and how their holders notice.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use jam_lock::locked;
use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::proxy::Proxy;
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Builder;

use super::*;

#[test]
fn a_terminated_session_is_noticed_at_once() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let guard = lock.acquire().unwrap();
    assert!(!guard.is_lost());
    guard.ensure().unwrap();
    end_sessions(server, &url, "a");
    wait_until("the holder notices", || guard.is_lost());
    let text = guard.ensure().unwrap_err().to_string();
    assert!(text.contains("57P01"), "the server's own error, at once: {text}");
    let text = guard.release().unwrap_err().to_string();
    assert!(text.starts_with("lock `a` (postgres://") && text.contains("was lost"), "{text}");
    // The next holder learns of the interrupted one.
    assert!(lock.timeout(LONG).acquire().unwrap().abandoned().is_some());
}

#[test]
fn a_crash_of_the_server_loses_all_locks() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let guard = lock.acquire().unwrap();
    server.crash();
    wait_until("the holder notices", || guard.is_lost());
    drop(guard);
    drop(lock.timeout(LONG).acquire().unwrap());
}

#[test]
fn a_connection_that_was_cut_is_noticed() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let url = url_through(server, &server.namespace(), proxy.port());
    let lock = lock(&url, "a");
    let guard = lock.acquire().unwrap();
    proxy.cut();
    wait_until("the holder notices", || guard.is_lost());
    drop(guard);
    drop(lock.timeout(LONG).acquire().unwrap());
}

#[test]
fn a_holder_that_is_cut_off_gives_up_before_the_server_does() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let url = url_through(server, &server.namespace(), proxy.port());
    let guard = lock(&url, "a").acquire().unwrap();
    // Longer than between two heartbeats.
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!guard.is_lost());
    proxy.stall();
    wait_until("the holder counts it as lost", || guard.is_lost());
    assert!(is_held(server, &url, "a"), "the server has not noticed");
    let text = guard.ensure().unwrap_err().to_string();
    assert!(text.contains("has not answered for"), "{text}");
    proxy.cut();
}

#[test]
fn a_session_that_ended_only_at_the_server_is_noticed() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let url = url_through(server, &server.namespace(), proxy.port());
    let guard = lock(&url, "a").acquire().unwrap();
    proxy.half_close();
    wait_until("the server has released it", || !is_held(server, &url, "a"));
    wait_until("the holder notices", || guard.is_lost());
    let text = guard.ensure().unwrap_err().to_string();
    assert!(text.contains("the server has ended the session"), "{text}");
    proxy.cut();
}

#[test]
fn a_task_that_waits_for_the_loss_is_woken() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let guard = lock(&url, "a").acquire().unwrap();
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut lost = pin!(guard.lost());
        assert!(poll_once(lost.as_mut()).await.is_pending());
        end_sessions(server, &url, "a");
        until_woken(lost).await;
    });
    assert!(guard.is_lost());
}

#[test]
fn a_task_that_waits_for_the_loss_is_woken_when_the_server_is_unresponsive() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let url = url_through(server, &server.namespace(), proxy.port());
    let guard = lock(&url, "a").acquire().unwrap();
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut lost = pin!(guard.lost());
        assert!(poll_once(lost.as_mut()).await.is_pending());
        proxy.stall();
        until_woken(lost).await;
    });
    proxy.cut();
}

/// A waker that calls a closure.
struct Woken<F>(F);

impl<F: Fn() + Send + Sync> Wake for Woken<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn waker(woken: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Woken(woken)))
}

#[test]
fn a_waker_that_panics_or_blocks_affects_no_other_lock() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let guard = lock(&url, "a").acquire().unwrap();
    let (unblock, blocked) = mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let (woken, is_woken) = mpsc::channel();
    let wakers = [
        waker(|| panic!("this panic is part of the test")),
        waker(move || woken.send(()).unwrap()),
        waker(move || _ = blocked.lock().unwrap().recv()),
    ];
    let mut waiting = wakers.each_ref().map(|_| Box::pin(guard.lost()));
    for (lost, waker) in waiting.iter_mut().zip(&wakers) {
        assert!(lost.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    end_sessions(server, &url, "a");
    is_woken.recv_timeout(LONG).expect("it is woken although another waker panics");
    lock(&url, "b").timeout(LONG).acquire().unwrap().release().unwrap();
    drop(unblock);
}

/// Waits until `future`, which was polled before, is woken and completes.
async fn until_woken(future: Pin<&mut impl Future>) {
    let start = Instant::now();
    let _ = tokio::time::timeout(LONG, future).await;
    assert!(start.elapsed() < LONG, "it was not woken");
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

#[test]
fn a_lock_that_is_held_for_long_is_kept() {
    let Some(server) = Server::shared() else { return };
    let guard = lock(&server.namespace(), "a").acquire().unwrap();
    // Longer than the server may be unresponsive.
    std::thread::sleep(Duration::from_secs(7));
    guard.ensure().unwrap();
}

#[test]
fn a_lock_is_kept_while_its_owner_waits_for_another() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "a");
    client.lock();
    let locks = locks(&url);
    let guard = locks.lock(lock_name("b")).acquire().unwrap();
    // Longer than the server may be unresponsive; it does not respond on that session meanwhile.
    let waited = locks.lock(lock_name("a")).timeout(7).acquire();
    assert!(waited.unwrap_err().is_timeout());
    guard.ensure().unwrap();
}

/// Sleeps for longer than it keeps its lock.
#[locked(lock_name("a"), locks = locks)]
async fn works_for_long(locks: &Locks, ended: &AtomicBool) -> Result<(), LockError> {
    tokio::time::sleep(LONG).await;
    ended.store(true, Ordering::Relaxed);
    Ok(())
}

/// Finishes although it loses its lock.
#[locked(lock_name("a"), locks = locks, on_lost = "finish", guard = held)]
async fn finishes(locks: &Locks, server: &Server, url: &str) -> Result<bool, LockError> {
    end_sessions(server, url, "a");
    held.lost().await;
    tokio::task::yield_now().await;
    Ok(held.is_lost())
}

#[test]
fn the_body_of_an_async_fn_is_dropped_at_its_await() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let (locks, ended) = (locks(&url), AtomicBool::new(false));
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let start = Instant::now();
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("it holds the lock", || is_held(server, &url, "a"));
            end_sessions(server, &url, "a");
        });
        runtime.block_on(works_for_long(&locks, &ended))
    });
    assert!(matches!(result, Err(LockError::Lost { .. })), "{result:?}");
    assert!(start.elapsed() < LONG && !ended.load(Ordering::Relaxed));
}

#[test]
fn a_body_with_on_lost_finish_runs_to_its_end() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    assert!(runtime.block_on(finishes(&locks, server, &url)).unwrap());
}

#[test]
fn an_async_block_is_dropped_at_its_await() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let result = runtime.block_on(async {
        locked!(lock_name("a"), locks = locks, guard = held, async {
            end_sessions(server, &url, "a");
            tokio::time::sleep(LONG).await;
            held.is_lost()
        })
        .await
    });
    assert!(matches!(result, Err(LockError::Lost { .. })), "{result:?}");
}

#[test]
fn a_holder_that_is_paused_keeps_it() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "a");
    let process = Pid::from_raw(child.id().cast_signed()).expect("the child is running");
    kill_process(process, Signal::STOP).unwrap();
    let waited = lock(&url, "a").timeout(1).acquire();
    kill_process(process, Signal::CONT).unwrap();
    assert!(waited.unwrap_err().is_timeout());
    child.release();
    assert!(lock(&url, "a").timeout(LONG).acquire().unwrap().abandoned().is_none());
}

#[test]
fn a_holder_that_is_paused_for_long_is_replaced() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "a");
    let process = Pid::from_raw(child.id().cast_signed()).expect("the child is running");
    kill_process(process, Signal::STOP).unwrap();
    let next = lock(&url, "a").timeout(LONG).acquire().unwrap();
    assert!(next.abandoned().is_some());
}
