//! Locks that are lost, and who is told.

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
fn a_terminated_session_is_noticed_without_asking() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let guard = lock.acquire().unwrap();
    assert!(!guard.is_lost());
    guard.ensure().unwrap();
    end_session(server, &url, "a");
    wait_until("the holder is told", || guard.is_lost());
    let text = guard.ensure().unwrap_err().to_string();
    assert!(text.contains("57P01"), "the server's own words, and at once: {text}");
    let text = guard.release().unwrap_err().to_string();
    assert!(text.starts_with("lock `a` (postgres://") && text.contains("was lost"), "{text}");
    // Who comes next finds everything in order, but for who was interrupted.
    assert!(lock.timeout(LONG).acquire().unwrap().abandoned().is_some());
}

#[test]
fn a_server_that_crashed_has_lost_all_locks_and_gives_them_anew() {
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let guard = lock.acquire().unwrap();
    server.crash();
    wait_until("the holder is told", || guard.is_lost());
    drop(guard);
    drop(lock.timeout(LONG).acquire().unwrap());
}

#[test]
fn a_wire_that_was_cut_is_noticed() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let url = far(server, &server.namespace(), proxy.port());
    let lock = lock(&url, "a");
    let guard = lock.acquire().unwrap();
    proxy.cut();
    wait_until("the holder is told", || guard.is_lost());
    drop(guard);
    drop(lock.timeout(LONG).acquire().unwrap());
}

#[test]
fn a_holder_that_is_cut_off_gives_up_before_the_server_does() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let url = far(server, &server.namespace(), proxy.port());
    let guard = lock(&url, "a").acquire().unwrap();
    // Longer than a beat.
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!guard.is_lost());
    proxy.hold_up();
    wait_until("the holder gives up", || guard.is_lost());
    assert!(is_held(server, &url, "a"), "the server still knows nothing of it");
    let text = guard.ensure().unwrap_err().to_string();
    assert!(text.contains("has not answered for"), "{text}");
    proxy.cut();
}

#[test]
fn a_session_that_ended_at_the_server_alone_is_noticed() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let url = far(server, &server.namespace(), proxy.port());
    let guard = lock(&url, "a").acquire().unwrap();
    proxy.half_close();
    wait_until("the server has freed it", || !is_held(server, &url, "a"));
    wait_until("the holder is told", || guard.is_lost());
    let text = guard.ensure().unwrap_err().to_string();
    assert!(text.contains("the server has ended the session"), "{text}");
    proxy.cut();
}

#[test]
fn who_waits_for_its_loss_is_woken() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let guard = lock(&url, "a").acquire().unwrap();
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut lost = pin!(guard.lost());
        assert!(poll_once(lost.as_mut()).await.is_pending());
        end_session(server, &url, "a");
        until_woken(lost).await;
    });
    assert!(guard.is_lost());
}

#[test]
fn who_waits_for_its_loss_is_woken_where_nothing_is_heard_any_more() {
    let Some(server) = Server::shared() else { return };
    let proxy = Proxy::to(server.port());
    let url = far(server, &server.namespace(), proxy.port());
    let guard = lock(&url, "a").acquire().unwrap();
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut lost = pin!(guard.lost());
        assert!(poll_once(lost.as_mut()).await.is_pending());
        proxy.hold_up();
        until_woken(lost).await;
    });
    proxy.cut();
}

/// Does what it is told to when it is woken.
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
fn a_waker_that_panics_or_blocks_keeps_nobody_else_from_their_locks() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let guard = lock(&url, "a").acquire().unwrap();
    let (unblock, blocked) = mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let (tell, told) = mpsc::channel();
    let wakers = [
        waker(|| panic!("this waker is broken, as it should be here")),
        waker(move || tell.send(()).unwrap()),
        waker(move || _ = blocked.lock().unwrap().recv()),
    ];
    let mut waiting = wakers.each_ref().map(|_| Box::pin(guard.lost()));
    for (lost, waker) in waiting.iter_mut().zip(&wakers) {
        assert!(lost.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    }
    end_session(server, &url, "a");
    told.recv_timeout(LONG).expect("it is woken although another is broken");
    lock(&url, "b").timeout(LONG).acquire().unwrap().release().unwrap();
    drop(unblock);
}

/// Waits for what was polled before, which is polled once more when the time is over.
async fn until_woken(future: Pin<&mut impl Future>) {
    let start = Instant::now();
    let _ = tokio::time::timeout(LONG, future).await;
    assert!(start.elapsed() < LONG, "nobody has woken it");
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

#[test]
fn a_lock_that_is_held_for_long_is_kept() {
    let Some(server) = Server::shared() else { return };
    let guard = lock(&server.namespace(), "a").acquire().unwrap();
    // Longer than the server may be silent.
    std::thread::sleep(Duration::from_secs(7));
    guard.ensure().unwrap();
}

#[test]
fn a_lock_is_kept_while_its_chain_waits_for_another_one() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let stranger = Stranger::of(server, &url, "a");
    stranger.take();
    let locks = locks(&url);
    let guard = locks.lock(called("b")).acquire().unwrap();
    // Longer than the server may be silent, which has no answer for that session.
    let waited = locks.lock(called("a")).timeout(7).acquire();
    assert!(waited.unwrap_err().is_timeout());
    guard.ensure().unwrap();
}

/// Waits longer than it has its lock.
#[locked(called("a"), locks = locks)]
async fn works_for_long(locks: &Locks, ended: &AtomicBool) -> Result<(), LockError> {
    tokio::time::sleep(LONG).await;
    ended.store(true, Ordering::Relaxed);
    Ok(())
}

/// Does not let its work be interrupted.
#[locked(called("a"), locks = locks, on_lost = "finish", guard = held)]
async fn finishes(locks: &Locks, server: &Server, url: &str) -> Result<bool, LockError> {
    end_session(server, url, "a");
    held.lost().await;
    tokio::task::yield_now().await;
    Ok(held.is_lost())
}

#[test]
fn the_body_of_an_async_function_is_dropped_where_it_waits() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let (locks, ended) = (locks(&url), AtomicBool::new(false));
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let start = Instant::now();
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("it is inside", || is_held(server, &url, "a"));
            end_session(server, &url, "a");
        });
        runtime.block_on(works_for_long(&locks, &ended))
    });
    assert!(matches!(result, Err(LockError::Lost { .. })), "{result:?}");
    assert!(start.elapsed() < LONG && !ended.load(Ordering::Relaxed));
}

#[test]
fn a_body_that_is_to_finish_does() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    assert!(runtime.block_on(finishes(&locks, server, &url)).unwrap());
}

#[test]
fn the_block_of_a_task_is_dropped_where_it_waits() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let result = runtime.block_on(async {
        locked!(called("a"), locks = locks, guard = held, async {
            end_session(server, &url, "a");
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
    let process = Pid::from_raw(child.id().cast_signed()).expect("it is there");
    kill_process(process, Signal::STOP).unwrap();
    let waited = lock(&url, "a").timeout(1).acquire();
    kill_process(process, Signal::CONT).unwrap();
    assert!(waited.unwrap_err().is_timeout());
    child.release();
    assert!(lock(&url, "a").timeout(LONG).acquire().unwrap().abandoned().is_none());
}
