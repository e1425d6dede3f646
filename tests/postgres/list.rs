//! The list of the locks of a namespace, and the status of one.

use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::{pin, sync, thread};

use jam_lock::{LockError, Locks, State, Status};
use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use jam_lock_tests::postgres::Server;

use crate::{SqlClient, lock, lock_name, locks};

fn only(url: &str) -> Status {
    let mut found = locks(url).list().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn an_unused_namespace_has_no_locks() {
    let Some(server) = Server::shared() else { return };
    let (url, other) = (server.namespace(), server.namespace());
    drop(lock(&other, "x").acquire().unwrap());
    assert_eq!(locks(&url).list().unwrap(), []);
}

#[test]
fn the_status_of_one_lock_is_that_of_the_list() {
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
fn writers_readers_and_waiters_are_listed() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    drop(lock(&url, "free").acquire().unwrap());
    let writer = Child::holding(&url, "written");
    let waiting = Child::waiting(&url, "written");
    let readers = [(); 2].map(|()| Child::holding_shared(&url, "read"));
    let locks = locks(&url);
    let found = || locks.list().unwrap();
    wait_until("a waiter is listed", || found().iter().any(|status| status.waiting() == Some(1)));
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
fn the_holder_and_the_waiters_of_this_process_are_listed() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "x").timeout(LONG);
    let guard = lock.acquire().unwrap();
    let line = line!() - 1;
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| lock.acquire().map(drop).unwrap());
        }
        wait_until("three waiters are listed", || only(&url).waiting() == Some(3));
        assert_eq!(only(&url).holder().unwrap().line(), Some(line));
        drop(guard);
    });
}

#[test]
fn a_death_is_listed_until_the_next_holder_learns_of_it() {
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
fn a_release_whose_commit_takes_long_is_listed_as_no_death() {
    let Some(server) = Server::start() else { return };
    let url = server.url();
    let lock = lock(&url, "a");
    let guard = lock.acquire().unwrap();
    // It runs between the unlocking and the commit.
    server.query(
        "CREATE FUNCTION delay() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END';
        CREATE TRIGGER delay AFTER UPDATE ON jam_lock FOR EACH ROW
            WHEN (OLD.holder IS NOT NULL AND NEW.holder IS NULL) EXECUTE FUNCTION delay()",
    );
    drop(guard);
    let is_delayed = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    wait_until("it is being released", || !server.query(is_delayed).is_empty());
    assert!(only(&url).abandoned().is_none());
}

#[test]
fn a_holder_without_a_record_is_listed_as_a_writer() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let client = SqlClient::new(server, &url, "x");
    client.lock();
    let status = only(&url);
    assert_eq!((status.state(), status.abandoned()), (State::Writer, None));
    client.unlock();
}

#[test]
fn the_driver_thread_cannot_wait_for_itself() {
    /// Lists the locks on the thread that wakes it.
    struct ListOnWake(Locks, mpsc::Sender<Result<Vec<Status>, LockError>>);

    impl Wake for ListOnWake {
        fn wake(self: sync::Arc<Self>) {
            let _ = self.1.send(self.0.list());
        }
    }

    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "x");
    let locks = locks(&url);
    let (sender, listed) = mpsc::channel();
    let waker = Waker::from(sync::Arc::new(ListOnWake(locks.clone(), sender)));
    let mut acquiring = pin::pin!(locks.lock(lock_name("x")).acquire_async());
    let polled = acquiring.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Pending));
    drop(child);
    let error = listed.recv_timeout(LONG).unwrap().unwrap_err().to_string();
    assert!(error.contains("cannot wait for itself"), "{error}");
}

#[test]
fn a_server_that_is_gone_is_an_error() {
    let Some(server) = Server::start() else { return };
    let locks = locks(&server.namespace());
    server.stop();
    let error = locks.list().unwrap_err();
    assert!(matches!(error, LockError::Engine { .. }), "{error}");
}
