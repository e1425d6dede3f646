//! How all locks of a namespace stand, as people are told.

use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::{pin, sync, thread};

use jam_lock::{LockError, Locks, State, Status};
use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::postgres::Server;

use crate::{Stranger, called, lock, locks};

fn only(url: &str) -> Status {
    let mut found = locks(url).list().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn a_namespace_that_nobody_has_used_has_no_locks() {
    let Some(server) = Server::shared() else { return };
    let (url, other) = (server.namespace(), server.namespace());
    drop(lock(&other, "x").acquire().unwrap());
    assert_eq!(locks(&url).list().unwrap(), []);
}

#[test]
fn one_lock_is_shown_as_it_is_in_the_list() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let one = |name| lock(&url, name).status().unwrap();
    let unused = one("unused");
    assert_eq!((unused.name(), unused.state(), unused.token()), ("unused", State::Free, None));
    drop(lock(&url, "free").acquire().unwrap());
    let writer = Child::holding(&url, "written");
    let found = locks(&url).list().unwrap();
    assert_eq!(found.len(), 2);
    for status in &found {
        let one = one(status.name());
        assert_eq!((one.state(), one.token()), (status.state(), status.token()));
        assert_eq!((one.waiting(), one.abandoned()), (status.waiting(), None));
    }
    assert_eq!(one("written").holder().unwrap().process(), Some(writer.id()));
    writer.kill();
    wait_until("the lock is free", || one("written").state() == State::Free);
    assert!(one("written").abandoned().is_some() && one("free").abandoned().is_none());
}

#[test]
fn writers_readers_and_who_waits_are_told() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    drop(lock(&url, "free").acquire().unwrap());
    let writer = Child::holding(&url, "written");
    let waiting = Child::waiting(&url, "written");
    let readers = [(); 2].map(|()| Child::holding_shared(&url, "read"));
    let locks = locks(&url);
    let found = || locks.list().unwrap();
    wait_until("one who waits", || found().iter().any(|status| status.waiting() == Some(1)));
    let found = found();
    let states: Vec<_> = found.iter().map(|status| (status.name(), status.state())).collect();
    let expected =
        [("free", State::Free), ("read", State::Readers(Some(2))), ("written", State::Writer)];
    assert_eq!(states, expected);
    assert!(found.iter().all(|status| status.abandoned().is_none()), "{found:?}");
    let holder = found[2].holder().unwrap();
    assert_eq!((holder.process(), holder.program()), (Some(writer.id()), Some("child")));
    assert!(holder.held_for().is_some() && found[2].token().is_some());
    drop((waiting, readers));
}

#[test]
fn the_threads_of_this_process_are_told_apart() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "x").timeout(LONG);
    let guard = lock.acquire().unwrap();
    let line = line!() - 1;
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| lock.acquire().map(drop).unwrap());
        }
        wait_until("three who wait", || only(&url).waiting() == Some(3));
        assert_eq!(only(&url).holder().unwrap().line(), Some(line));
        drop(guard);
    });
}

#[test]
fn who_died_inside_is_told_until_the_next_holder_is() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "x");
    let process = child.id();
    assert_eq!(only(&url).abandoned(), None);
    child.kill();
    wait_until("the server has noticed", || only(&url).state() == State::Free);
    assert_eq!(only(&url).abandoned().unwrap().process(), Some(process));
    let guard = lock(&url, "x").acquire().unwrap();
    assert!(guard.abandoned().is_some());
    assert_eq!(only(&url).abandoned(), None);
}

#[test]
fn who_is_not_recorded_is_told_by_the_name_of_its_session() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let stranger = Stranger::of(server, &url, "x");
    stranger.take();
    let status = only(&url);
    assert_eq!((status.state(), status.abandoned()), (State::Writer, None));
    stranger.let_go();
}

#[test]
fn the_thread_that_tends_the_connections_is_told_that_it_cannot_wait() {
    /// Surveys on whichever thread wakes it.
    struct Surveyor(Locks, mpsc::Sender<Result<Vec<Status>, LockError>>);

    impl Wake for Surveyor {
        fn wake(self: sync::Arc<Self>) {
            let _ = self.1.send(self.0.list());
        }
    }

    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "x");
    let locks = locks(&url);
    let (tell, told) = mpsc::channel();
    let waker = Waker::from(sync::Arc::new(Surveyor(locks.clone(), tell)));
    let mut acquiring = pin::pin!(locks.lock(called("x")).acquire_async());
    let polled = acquiring.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Pending));
    drop(child);
    let error = told.recv_timeout(LONG).unwrap().unwrap_err().to_string();
    assert!(error.contains("cannot wait for itself"), "{error}");
}

#[test]
fn a_server_that_is_gone_is_an_error() {
    let Some(server) = Server::start() else { return };
    let locks = locks(&server.namespace());
    server.order("crash");
    let error = locks.list().unwrap_err();
    assert!(matches!(error, LockError::Engine { .. }), "{error}");
}
