//! Names with permits, on a server.

use std::thread;
use std::time::Duration;

use jam_lock::{State, TransactionLock};
use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::order::Order;

use super::*;

fn exports(url: &str, permits: u32) -> Lock {
    locks(url).lock(lock_name("export").with_permits(permits).unwrap())
}

#[test]
fn a_permit_that_falls_free_goes_to_a_waiter_whichever_it_is() {
    let Some(server) = Server::shared() else { return };
    for at in 0..2 {
        let url = server.namespace();
        let mut children =
            [(); 2].map(|()| Child::holding(&url, "export*2")).into_iter().collect::<Vec<_>>();
        let lock = exports(&url, 2);
        let timed_out = lock.timeout(Duration::from_millis(300)).acquire().unwrap_err();
        let mut named: Vec<_> = timed_out.holders().map(|it| it.process().unwrap()).collect();
        named.sort_unstable();
        let mut ids: Vec<_> = children.iter().map(Child::id).collect();
        ids.sort_unstable();
        assert_eq!(named, ids, "{timed_out}");
        let waiter = thread::spawn(move || lock.timeout(LONG).acquire().unwrap().permit());
        for name in ["export", "export%~2"] {
            wait_until("it waits", || !server.sessions(&url, name, false).is_empty());
        }
        children.remove(at).release();
        assert_eq!(waiter.join().unwrap() as usize, at + 1);
    }
}

#[test]
fn a_try_is_refused_only_if_all_permits_are_held() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = exports(&url, 3);
    let guards: Vec<_> = (0..3).map(|_| lock.try_acquire().unwrap()).collect();
    assert!(exports(&url, 3).try_acquire().unwrap_err().is_timeout());
    drop(guards);
}

#[test]
fn a_holder_that_is_killed_frees_its_permit_and_the_next_holder_of_that_learns_of_it() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let first = Child::holding(&url, "export*2");
    let second = Child::holding(&url, "export*2");
    let id = second.id();
    second.kill();
    let guard = exports(&url, 2).timeout(LONG).acquire().unwrap();
    assert_eq!(guard.permit(), 2);
    assert_eq!(guard.abandoned().and_then(Holder::process), Some(id));
    first.release();
}

#[test]
fn a_list_has_one_row_and_says_how_many_are_held() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let _children = [(); 2].map(|()| Child::holding(&url, "export*3"));
    let list = locks(&url).list().unwrap();
    assert_eq!(list.len(), 1, "{list:?}");
    assert_eq!(list[0].state(), State::Permits { held: 2, of: 3 });
    assert_eq!(exports(&url, 3).status().unwrap().state(), list[0].state());
}

#[test]
fn another_number_of_permits_is_an_error_that_says_who_has_it() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let child = Child::holding(&url, "export*3");
    let plain = lock(&url, "export");
    match plain.timeout(0).acquire().unwrap_err() {
        LockError::PermitsDiffer { here: 1, there: 3, holder, .. } => {
            assert_eq!(holder.process(), Some(child.id()));
        }
        error => panic!("{error}"),
    }
    let _other = Child::holding(&url, "export*3");
    // A lock with another number waits, and looks at the holders soon.
    let error = exports(&url, 2).acquire().unwrap_err();
    assert!(matches!(error, LockError::PermitsDiffer { here: 2, there: 3, .. }), "{error}");
}

#[test]
fn permits_are_for_sessions_and_not_for_transactions() {
    let Some(server) = Server::shared() else { return };
    let name = lock_name("export").with_permits(2).unwrap();
    let by_locks = exports(&server.namespace(), 2).transaction_statement();
    for statement in [by_locks, TransactionLock::new(name).statement()] {
        let error = statement.unwrap_err();
        assert!(matches!(error, LockError::Unsupported { .. }), "{error}");
    }
}

#[test]
fn three_permits_have_three_holders_at_the_most_although_processes_are_killed() {
    let Some(server) = Server::shared() else { return };
    let (url, data) = (server.namespace(), tempfile::tempdir().unwrap());
    let start = |seed| {
        let (locks, data) = (url.as_ref(), data.path());
        Child::spawn(&Order::PermitStorm { locks, data, seed, times: 20 })
    };
    let mut children: Vec<_> = (0..4).map(start).collect();
    for seed in 4..8 {
        thread::sleep(Duration::from_millis(100));
        children.remove(0).kill();
        children.push(start(seed));
    }
    for child in children {
        assert_eq!(child.finish(), ["done"], "it has found no second holder");
    }
    let lock = exports(&url, 3).timeout(LONG);
    let guards: Vec<_> = (0..3).map(|_| lock.acquire().unwrap().detach()).collect();
    drop(guards);
}
