//! A holder that has not noticed the loss of its lock cannot commit a fenced transaction.

use jam_lock_tests::LONG;
use jam_lock_tests::observe::wait_until;

use super::*;

#[test]
fn a_replaced_holder_is_refused() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let guard = lock(&url, "a").acquire().unwrap();
    with_client(&url, async |mut client| {
        let transaction = client.transaction().await.unwrap();
        guard.fence(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
        // This guard has not noticed that another holder has the lock.
        replace_holder(server, &url, "a");
        let transaction = client.transaction().await.unwrap();
        let error = guard.fence(&transaction).await.unwrap_err();
        assert!(matches!(error, LockError::Lost { .. }), "{error}");
    });
}

#[test]
fn the_next_holder_starts_after_a_fenced_transaction() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let guard = lock(&url, "a").acquire().unwrap();
    with_client(&url, async |mut client| {
        let transaction = client.transaction().await.unwrap();
        guard.fence(&transaction).await.unwrap();
        let key = key(server, &url, "a");
        let admin = server.admin();
        admin.query("SET lock_timeout = 200");
        let replace = format!("UPDATE jam_lock SET token = token + 1 WHERE key = {key}");
        assert!(admin.query_error(&replace).contains("lock timeout"));
        transaction.commit().await.unwrap();
        admin.query(&replace);
    });
}

#[test]
fn a_reader_is_refused_after_the_next_writer() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let guard = lock(&url, "a").shared().acquire().unwrap();
    with_client(&url, async |mut client| {
        let transaction = client.transaction().await.unwrap();
        guard.fence(&transaction).await.unwrap();
        transaction.commit().await.unwrap();
        replace_holder(server, &url, "a");
        let transaction = client.transaction().await.unwrap();
        assert!(guard.fence(&transaction).await.is_err());
    });
}

#[test]
fn a_holder_replaced_only_by_readers_is_refused() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let guard = lock(&url, "a").acquire().unwrap();
    let statement = guard.fence_statement().unwrap();
    end_sessions(server, &url, "a");
    drop(guard);
    let lock = lock(&url, "a").shared();
    let reader = lock.timeout(LONG).acquire().unwrap();
    assert_eq!(server.query(&statement).len(), 0);
    // Readers do not replace each other.
    let statement = reader.fence_statement().unwrap();
    drop(reader);
    let other = lock.timeout(LONG).acquire().unwrap();
    assert_eq!(server.query(&statement).len(), 1);
    other.ensure().unwrap();
}

#[test]
fn readers_start_after_a_fenced_transaction() {
    // Its own, so that no other test waits for a transaction there.
    let Some(server) = Server::start() else { return };
    let url = server.namespace();
    let guard = lock(&url, "a").acquire().unwrap();
    let admin = server.admin();
    admin.query(&format!("BEGIN; {}", guard.fence_statement().unwrap()));
    end_sessions(&server, &url, "a");
    drop(guard);
    let lock = lock(&url, "a").shared();
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| lock.timeout(LONG).acquire().map(drop));
        wait_until("it waits for the transaction", || is_blocked(&server));
        assert!(!reading.is_finished());
        admin.query("COMMIT");
        reading.join().unwrap().unwrap();
    });
}

/// Whether a session waits for the end of a transaction.
fn is_blocked(server: &Server) -> bool {
    !server
        .query("SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted")
        .is_empty()
}

#[test]
fn other_clients_can_run_the_fence_statement() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let guard = lock(&url, "a").acquire().unwrap();
    let statement = guard.fence_statement().unwrap();
    assert_eq!(server.query(&statement).len(), 1);
    replace_holder(server, &url, "a");
    assert_eq!(server.query(&statement).len(), 0);
}

#[test]
fn a_file_lock_has_no_fence() {
    let folder = tempfile::tempdir().unwrap();
    let guard = Locks::open(folder.path()).unwrap().lock(lock_name("a")).acquire().unwrap();
    assert!(matches!(guard.fence_statement(), Err(LockError::Unsupported { .. })));
}

/// Changes the table as the next holder does.
fn replace_holder(server: &Server, url: &str, name: &str) {
    let key = key(server, url, name);
    server.query(&format!("UPDATE jam_lock SET token = token + 1 WHERE key = {key}"));
}

#[test]
fn a_claim_that_waits_long_for_a_fenced_transaction_is_not_lost() {
    let Some(server) = Server::shared() else { return };
    let url = server.namespace();
    let guard = lock(&url, "a").acquire().unwrap();
    let statement = guard.fence_statement().unwrap();
    let admin = server.admin();
    admin.query(&format!("BEGIN; {statement}"));
    end_sessions(server, &url, "a");
    drop(guard);
    let lock = lock(&url, "a");
    std::thread::scope(|scope| {
        let next = scope.spawn(|| {
            let guard = lock.timeout(LONG).acquire().unwrap();
            (guard.is_lost(), guard)
        });
        // Longer than the response timeout of other queries.
        std::thread::sleep(std::time::Duration::from_secs(6));
        let waiting = holders(server, &url, "a");
        admin.query("COMMIT");
        let (is_lost, _guard) = next.join().unwrap();
        assert!(!is_lost);
        assert_eq!(holders(server, &url, "a"), waiting, "it has not acquired the lock again");
    });
}
