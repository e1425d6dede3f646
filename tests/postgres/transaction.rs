//! Locks that a transaction of the application holds.

mod abandonment;
mod pooler;
mod shared;
mod statement;
mod timeout;

use jam_lock::{TransactionGrant, TransactionLock};
use jam_lock_tests::LONG;
use jam_lock_tests::child::Child;
use jam_lock_tests::observe::wait_until;
use tokio_postgres::Transaction;

use super::*;

/// The lock `a` at `url`, without a `Locks`.
fn free_standing(url: &str) -> TransactionLock {
    let (_, namespace) = url.split_once("namespace=").expect("every test has a namespace");
    TransactionLock::new(lock_name("a")).namespace(namespace)
}

/// Acquires the lock, which is free, or is about to be.
async fn acquire(lock: &Lock, transaction: &Transaction<'_>) -> TransactionGrant {
    lock.timeout(LONG).acquire_in(transaction).await.unwrap()
}

/// The lock `a`, whose row exists, so that its sessions are found by its key.
fn used_lock(url: &str) -> Lock {
    let lock = lock(url, "a");
    lock.acquire().unwrap().release().unwrap();
    lock
}

#[test]
fn it_excludes_a_session_of_another_process() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    with_client(&url, async |mut client| {
        let child = Child::holding(&url, "a");
        let transaction = client.transaction().await.unwrap();
        let error = lock.timeout(0).acquire_in(&transaction).await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        child.release();
        acquire(&lock, &transaction).await;
        assert!(lock.try_acquire().unwrap_err().is_timeout());
        transaction.commit().await.unwrap();
        drop(lock.try_acquire().unwrap());
    });
}

#[test]
fn it_excludes_another_transaction() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = used_lock(&url);
    with_client(&url, async |mut one| {
        let mut other = client(&url).await;
        let first = one.transaction().await.unwrap();
        acquire(&lock, &first).await;
        let second = other.transaction().await.unwrap();
        assert!(lock.timeout(0).acquire_in(&second).await.unwrap_err().is_timeout());
        let commit = async {
            wait_until("it is in the queue", || is_waited_for(server, &url, "a"));
            first.commit().await.unwrap();
        };
        // Its first poll sends all that it sends.
        tokio::join!(acquire(&lock, &second), commit);
        second.commit().await.unwrap();
    });
}

#[test]
fn a_session_that_waits_has_it_after_the_transaction() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = used_lock(&url);
    with_client(&url, async |mut client| {
        let transaction = client.transaction().await.unwrap();
        acquire(&lock, &transaction).await;
        let child = Child::waiting(&url, "a");
        wait_until("it waits", || is_waited_for(server, &url, "a"));
        transaction.commit().await.unwrap();
        child.after("held").release();
    });
}

#[test]
fn tokens_rise_across_sessions_and_transactions() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    with_client(&url, async |mut client| {
        let mut last = 0;
        for _ in 0..3 {
            let session = lock.acquire().unwrap().token();
            let transaction = client.transaction().await.unwrap();
            let first = acquire(&lock, &transaction).await.token();
            transaction.commit().await.unwrap();
            let transaction = client.transaction().await.unwrap();
            let second = free_standing(&url).acquire_in(&transaction).await.unwrap().token();
            transaction.commit().await.unwrap();
            for token in [session, first, second] {
                assert!(token > last, "{token} follows {last}");
                last = token;
            }
        }
    });
}

#[test]
fn the_fence_of_an_earlier_holder_is_refused() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    let guard = lock.acquire().unwrap();
    let fence = guard.fence_statement().unwrap();
    end_sessions(server, &url, "a");
    drop(guard);
    with_client(&url, async |mut client| {
        let transaction = client.transaction().await.unwrap();
        lock.timeout(LONG).acquire_in(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(server.query(&fence).len(), 0);
    });
}

#[test]
fn a_rollback_releases_it() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    with_client(&url, async |mut client| {
        let mut transaction = client.transaction().await.unwrap();
        let savepoint = transaction.transaction().await.unwrap();
        acquire(&lock, &savepoint).await;
        savepoint.rollback().await.unwrap();
        drop(lock.try_acquire().unwrap());
        acquire(&lock, &transaction).await;
        transaction.rollback().await.unwrap();
        drop(lock.try_acquire().unwrap());
    });
}

#[test]
fn the_end_of_its_connection_releases_it_and_abandons_nothing() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = used_lock(&url);
    with_client(&url, async |mut client| {
        let transaction = client.transaction().await.unwrap();
        acquire(&lock, &transaction).await;
        end_sessions(server, &url, "a");
        let guard = lock.timeout(LONG).acquire().unwrap();
        assert!(guard.abandoned().is_none());
    });
}

#[test]
fn a_transaction_that_has_it_is_refused_at_once() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let lock = lock(&url, "a");
    with_client(&url, async |mut client| {
        let transaction = client.transaction().await.unwrap();
        let first = lock.acquire_in(&transaction).await.unwrap().token();
        let error = lock.acquire_in(&transaction).await.unwrap_err().to_string();
        assert!(error.contains("already holds it (acquired in `this transaction`)"), "{error}");
        assert!(lock.timeout(0).acquire_in(&transaction).await.unwrap_err().is_timeout());
        let again = lock.reentrant().acquire_in(&transaction).await.unwrap().token();
        assert!(again > first);
        transaction.commit().await.unwrap();
        let transaction = client.transaction().await.unwrap();
        acquire(&lock, &transaction).await;
    });
}

#[test]
fn a_section_that_has_it_is_refused_at_once() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    with_client(&url, async |mut client| {
        let section = section(&locks, &mut client).await;
        assert!(matches!(section.unwrap_err(), LockError::Reentrant { .. }));
    });
}

#[jam_lock::locked("declared", locks = locks)]
async fn section(locks: &Locks, client: &mut Client) -> Result<(), LockError> {
    let transaction = client.transaction().await.expect("the server is there");
    let lock = locks.lock(lock_names::DECLARED);
    lock.acquire_in(&transaction).await.map(drop)
}

#[test]
fn a_deadlock_aborts_one_of_the_transactions() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let locks = locks(&url);
    let [a, b] = ["a", "b"].map(|name| locks.lock(lock_name(name)));
    with_client(&url, async |mut one| {
        let mut other = client(&url).await;
        let [first, second] = [one.transaction().await, other.transaction().await];
        let (first, second) = (first.unwrap(), second.unwrap());
        acquire(&a, &first).await;
        acquire(&b, &second).await;
        let (has_b, has_a) = tokio::join!(b.acquire_in(&first), a.acquire_in(&second));
        let (error, aborted, goes_on) = match (has_b, has_a) {
            (Err(error), Ok(_)) => (error, first, second),
            (Ok(_), Err(error)) => (error, second, first),
            other => panic!("one of them fails: {other:?}"),
        };
        assert!(matches!(error, LockError::Deadlock { .. }), "{error}");
        let refused = aborted.simple_query("SELECT 1").await.unwrap_err();
        assert!(format!("{refused:?}").contains("25P02"), "{refused:?}");
        goes_on.commit().await.unwrap();
    });
}

#[test]
fn a_transaction_of_another_database_is_refused() {
    let Some(server) = Server::start() else { return };
    let lock = lock(&server.url(), "a");
    server.query("CREATE DATABASE other");
    with_client(&server.url().replace("/postgres", "/other"), async |mut client| {
        let transaction = client.transaction().await.unwrap();
        let error = lock.acquire_in(&transaction).await.unwrap_err().to_string();
        assert!(error.contains("a transaction of another database"), "{error}");
        let standing = TransactionLock::new(lock_name("a"));
        let error = standing.acquire_in(&transaction).await.unwrap_err().to_string();
        assert!(error.contains("CREATE TABLE jam_lock.jam_lock"), "{error}");
        transaction.commit().await.unwrap();
    });
}

#[test]
fn a_server_that_was_restarted_is_the_same() {
    let Some(server) = Server::start() else { return };
    let lock = lock(&server.url(), "a");
    server.crash();
    with_client(&server.url(), async |mut client| {
        let transaction = client.transaction().await.unwrap();
        acquire(&lock, &transaction).await;
        transaction.commit().await.unwrap();
    });
}

#[test]
fn a_file_lock_has_no_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let lock = Locks::open(folder.path()).unwrap().lock(lock_name("a"));
    assert!(matches!(lock.transaction_statement(), Err(LockError::Unsupported { .. })));
}
